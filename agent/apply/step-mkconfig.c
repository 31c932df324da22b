/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/step.h"
#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "grub/loader/entry-length.h"
#include "grub/loader/grub-beside.h"
#include "grub/loader/loaders.h"
#include "grub/loader/menu-verify.h"
#include "model/names.h"

#define MENU_MAX ((size_t) 16 * 1024 * 1024)

/* A menu as GRUB would show it. */
typedef struct Menu {
        BootEntry *entries;
        size_t n;
        StringList titles;   /* of all that can be chosen in it */
        const char *problem; /* it is not whole; static */
} Menu;

static void menu_done(Menu *m)
{
        boot_entries_free(m->entries, m->n);
        string_list_done(&m->titles);
}

/* @path: of the text, which is read as that of the menu in the step. 0, also where it is not there; negative errno. */
static int menu_read(StepContext *c, const char *path, Menu *ret)
{
        _cleanup_(grub_beside_done) GrubBeside beside = {};
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r = root_read_file(c->options->rfd, path, MENU_MAX, &text, &size);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = grub_cfg_problem(text, size, &ret->problem);
        if (r >= 0)
                r = grub_cfg_titles(text, &ret->titles);
        if (r >= 0)
                r = grub_beside_read(c->options->rfd, c->step->path, text, &beside);
        return r < 0 ? r
                     : grub_cfg_parse_all(c->step->path, text, beside.has_env ? &beside.env : NULL, &beside.sources,
                                          &ret->entries, &ret->n);
}

/* Every entry that can boot has the words that the plan is about. */
static int verify_words(StepContext *c, const Menu *m)
{
        const MenuStep *s = &c->step->menu;
        const Loader grub = { .kind = LOADER_GRUB2 };
        const char *menu = c->step->path;
        _cleanup_(kargs_done) Kargs add = {}, remove = {};
        size_t bootable = 0;
        int r = kargs_parse(s->words, &add);

        if (r >= 0)
                r = kargs_parse(s->gone, &remove);
        FOREACH_ARRAY(e, m->entries, m->n) {
                if (r < 0 || e->rescue)
                        continue;
                bootable++;
                if (!loader_entry_fine(e, &add, &remove))
                        r = step_failed(c, -EPROTO,
                                        "%s was generated without \"%s\" in the entry \"%s\"; the old one stays. Look "
                                        "for a file in "
                                        "/etc/default that sets the kernel command line",
                                        menu, s->words, e->title);
                /* the sources may have been edited since the menu was made; what is taken back is never too long */
                else if (add.words.n > 0 && boot_entry_too_long(&grub, e))
                        r = step_failed(
                                c, -EPROTO,
                                "%s was generated with a command line of %zu bytes in the entry \"%s\", of "
                                "which the kernel takes %zu; the old one stays. Shorten it in /etc/default/grub",
                                menu, boot_entry_length(&grub, e), e->title, command_line_limit());
        }
        if (r >= 0 && bootable == 0)
                r = step_failed(c, -EPROTO, "%s was generated without any entry that boots Linux; the old one stays",
                                menu);
        return r;
}

/* The claim image is loaded where it has to be; without it no entry may be left that names a file which goes away. */
static int verify_early(StepContext *c, const Menu *m)
{
        const char *early = c->step->menu.early, *menu = c->step->path;

        FOREACH_ARRAY(e, m->entries, m->n) {
                if (!early && boot_entry_loads_early(e, NAME_CLAIM_IMAGE_FILE))
                        return step_failed(c, -EPROTO,
                                           "%s was generated, and its entry \"%s\" still loads " NAME_CLAIM_IMAGE
                                           "; the old one stays. Look for it in /etc/grub.d and /etc/default",
                                           menu, e->title);
                if (early && !e->rescue && !boot_entry_loads_early(e, early))
                        return step_failed(
                                c, -EPROTO,
                                e->initrd ? "%s was generated without %s in front of the image of the entry "
                                            "\"%s\"; the old one stays. Look for a file in /etc/default that "
                                            "sets GRUB_EARLY_INITRD_LINUX_CUSTOM"
                                          : "%s was generated without any image for %s to stand in front of in "
                                            "the entry \"%s\"; the old one stays. Build the initramfs of that "
                                            "kernel",
                                menu, early, e->title);
        }
        return 0;
}

/* Whether another system is looked for, and found, is not ptprep's to say. */
static int tell_lost(StepContext *c, const Menu *old, const Menu *new)
{
        _cleanup_(string_list_done) StringList lost = {};
        int r = menu_lost(old->entries, old->n, &old->titles, &new->titles, &lost);

        for (size_t i = 0; i < lost.n && r >= 0; i++)
                r = string_list_addf(&c->warnings, "it was made anew by %s, and the entry \"%s\" is not in it any more",
                                     c->step->menu.argv.items[0], lost.items[i]);
        return r;
}

/* It is whole, and nothing that booted is lost, before the new file takes the old one's place. */
static int verify(StepContext *c, const char *path)
{
        const MenuFiles files = { step_file_exists, c };
        _cleanup_(menu_done) Menu old = {}, new = {};
        _cleanup_free_ char *problem = NULL;
        int r = menu_read(c, path, &new);

        if (r >= 0 && new.problem)
                return step_failed(c, -EPROTO, "%s was generated and %s; the old one stays", c->step->path,
                                   new.problem);
        if (r >= 0)
                r = verify_words(c, &new);
        if (r >= 0)
                r = verify_early(c, &new);
        if (r >= 0)
                r = step_has_old(c) ? menu_read(c, c->backup_path, &old) : 0; /* the program may have written over it */
        if (r >= 0)
                r = menu_verify(old.entries, old.problem ? 0 : old.n, new.entries, new.n, &files, &problem);
        if (r > 0)
                return old.problem ? 0 : tell_lost(c, &old, &new);
        if (r < 0)
                return r;
        return step_failed(c, -EPROTO,
                           "the new %s %s; the old one stays. If that is wanted, run %s yourself, then \"ptprep "
                           "--apply\" again",
                           c->step->path, problem, c->step->menu.argv.items[0]);
}

/* On a full disk grub-mkconfig leaves it there. */
static void discard_unfinished(StepContext *c)
{
        _cleanup_free_ char *unfinished = step_unfinished_path(c);

        if (unfinished)
                root_file_discard(c->options->rfd, unfinished);
}

int step_mkconfig_do(StepContext *c)
{
        const MenuStep *s = &c->step->menu;
        _cleanup_free_ char *tail = NULL;
        char *argv[8] = {};
        int r;

        if (s->argv.n + 3 > ELEMENTSOF(argv))
                return -E2BIG;
        for (size_t i = 0; i < s->argv.n; i++)
                argv[i] = s->argv.items[i];
        argv[s->argv.n] = (char *) "-o";
        argv[s->argv.n + 1] = c->trial_path;
        r = step_keep_copy(c, false);
        if (r >= 0)
                r = step_make_trial(c, argv, LIMIT_MENU, argv[0], "", &tail);
        if (r >= 0)
                r = verify(c, c->trial_path);
        r = step_put_in_place(c, r);
        if (r < 0)
                discard_unfinished(c);
        return r;
}
