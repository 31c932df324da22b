/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/step.h"
#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "grub/format/grub-cfg.h"
#include "grub/loader/loaders.h"

/* Every entry that can boot has the words that the plan is about, before the new file takes the old one's place. */
static int verify(StepContext *c, const char *path)
{
        const MenuStep *s = &c->step->menu;
        const char *menu = c->step->path;
        _cleanup_(kargs_done) Kargs add = {}, remove = {};
        _cleanup_free_ char *text = NULL;
        BootEntry *entries = NULL;
        size_t n = 0, bootable = 0;
        int r = root_read_text(c->options->rfd, path, &text);

        if (r >= 0)
                r = kargs_parse(s->words, &add);
        if (r >= 0)
                r = kargs_parse(s->gone, &remove);
        if (r >= 0)
                r = grub_cfg_parse(menu, text, NULL, &entries, &n);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n && r >= 0; i++) {
                if (entries[i].rescue)
                        continue;
                bootable++;
                if (!loader_entry_fine(entries + i, &add, &remove))
                        r = step_failed(c, -EPROTO,
                                        "%s was generated without \"%s\" in the entry \"%s\"; the old one stays. Look "
                                        "for a file in "
                                        "/etc/default that sets the kernel command line",
                                        menu, s->words, entries[i].title);
        }
        if (r >= 0 && bootable == 0)
                r = step_failed(c, -EPROTO, "%s was generated without any entry that boots Linux; the old one stays",
                                menu);
        boot_entries_free(entries, n);
        return r;
}

/* grub-mkconfig writes beside its output first, and on a full disk leaves that there. */
static void discard_unfinished(StepContext *c)
{
        _cleanup_free_ char *unfinished = NULL;

        if (string_printf(&unfinished, "%s" UNFINISHED_SUFFIX, c->path) >= 0)
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
        r = step_keep_copy(c);
        if (r >= 0)
                r = step_make_trial(c, argv, LIMIT_MENU, argv[0], "", &tail);
        if (r >= 0)
                r = verify(c, c->trial_path);
        r = step_put_in_place(c, r);
        if (r < 0)
                discard_unfinished(c);
        return r;
}
