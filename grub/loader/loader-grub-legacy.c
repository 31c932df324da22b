/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "base/text.h"
#include "grub/format/legacy.h"
#include "grub/loader/loaders.h"
#include "model/names.h"

/*
 * GRUB legacy. Red Hat's reads grub.conf, everybody else's menu.lst; where both names are one file by a link that does
 * not matter. Red Hat's for UEFI reads the file beside itself on the ESP.
 */
#define DIRECTORY "/boot/grub"
#define REDHAT    DIRECTORY "/grub.conf"
#define UPSTREAM  DIRECTORY "/menu.lst"
#define UEFI      "/boot/efi/EFI/redhat/grub.conf"
#define LINK      "/etc/grub.conf"     /* to the one that counts, on Red Hat's; a regular file of that name is none */
#define SAVED     DIRECTORY "/default" /* number of the entry, written by GRUB for "default saved" */
#define STAGE2    DIRECTORY "/stage2"
#define RED_HAT   "/etc/redhat-release"
#define EFI       "/sys/firmware/efi"

static bool exists(int rfd, const char *path)
{
        struct stat st;

        return root_stat(rfd, path, &st) >= 0;
}

/* Which of the names GRUB reads here. NULL: none is there. */
static const char *find_menu(int rfd)
{
        const char *const in_order[] = {
                exists(rfd, EFI) ? UEFI : NULL, exists(rfd, RED_HAT) ? REDHAT : UPSTREAM, REDHAT, UPSTREAM, UEFI,
        };
        _cleanup_free_ char *target = NULL;

        FOREACH_ARRAY(path, in_order, ELEMENTSOF(in_order))
                if (*path && exists(rfd, *path))
                        return *path;
        return root_readlink(rfd, LINK, &target) >= 0 && exists(rfd, LINK) ? LINK : NULL;
}

/*
 * Is it GRUB 2 that boots? It is, once its configuration is there, unless only GRUB legacy's own second stage is beside
 * it and no modules of GRUB 2 are: then that configuration was made for a GRUB 2 that was never installed.
 */
static int find_successor(int rfd, Loader *l)
{
        static const char *const configurations[] = { "/boot/grub/grub.cfg", "/boot/grub2/grub.cfg" };
        static const char *const modules[] = { "/boot/grub/i386-pc", "/boot/grub2/i386-pc", "/boot/grub/x86_64-efi",
                                               "/boot/grub2/x86_64-efi", "/boot/grub/i386-efi" };
        bool installed = !exists(rfd, STAGE2);

        FOREACH_ARRAY(m, modules, ELEMENTSOF(modules))
                installed |= exists(rfd, *m);
        FOREACH_ARRAY(c, configurations, ELEMENTSOF(configurations))
                if (installed && exists(rfd, *c)) {
                        if (string_printf(&l->unused, "GRUB 2 boots this machine: %s is there", *c) < 0)
                                return -ENOMEM;
                        return 0;
                }
        return 0;
}

/* The first line of the file that GRUB writes has the number. */
static unsigned saved_default(int rfd)
{
        _cleanup_free_ char *text = NULL;
        unsigned long n;
        char *end;

        if (root_read_text(rfd, SAVED, &text) < 0)
                return 0;
        n = strtoul(text, &end, 10);
        return end == text || n > UINT32_MAX ? 0 : (unsigned) n;
}

static int add_entry(Loader *l, const LegacyEntry *from)
{
        BootEntry *e = array_grow(&l->entries, l->n_entries);
        int r = 0;

        if (!e)
                return -ENOMEM;
        l->n_entries++;
        *e = (BootEntry){ .id = strdup(from->place),
                          .title = strdup(from->title),
                          .kernel = strdup(from->kernel),
                          .initrd = from->initrd ? strdup(from->initrd) : NULL,
                          .file = strdup(l->generated),
                          .line = from->line,
                          .rescue = from->rescue };
        FOREACH_ARRAY(w, from->arguments.words.items, from->arguments.words.n)
                if (r >= 0)
                        r = string_list_add(&e->arguments.words, *w);
        return !e->id || !e->title || !e->kernel || (from->initrd && !e->initrd) || !e->file ? -ENOMEM : r;
}

/* Entries that boot something else are counted by "default", but are none of ours. */
static int add_entries(Loader *l, const LegacyMenu *m)
{
        for (size_t i = 0; i < m->n; i++) {
                int r = m->entries[i].kernel ? add_entry(l, m->entries + i) : 0;

                if (r < 0)
                        return r;
                if (m->entries[i].kernel && i == m->default_entry)
                        l->entries[l->n_entries - 1].is_default = true;
        }
        return 0;
}

static int legacy_read(int rfd, Loader *ret)
{
        _cleanup_(loader_done) Loader l = { .kind = LOADER_GRUB_LEGACY, .readable = TRISTATE_YES };
        _cleanup_(legacy_menu_done) LegacyMenu m = {};
        _cleanup_free_ char *text = NULL;
        const char *path = find_menu(rfd);
        size_t size;
        int r;

        if (!path)
                return -ENOENT;
        l.generated = strdup(path);
        if (!l.generated)
                return -ENOMEM;
        r = root_read_file(rfd, path, 1024 * 1024, &text, &size);
        if (r >= 0 && strlen(text) != size)
                r = -EBADMSG;
        if (r >= 0)
                r = legacy_parse(text, saved_default(rfd), &m);
        if (r >= 0 && !m.has_commands)
                return -ENOENT; /* a file of that name that is no menu, such as SuSE's /etc/grub.conf */
        if (r >= 0)
                r = loader_add_file(&l, path, &text, size);
        if (r >= 0)
                r = add_entries(&l, &m);
        if (r == -ENOMEM || r == -ENOENT)
                return r;
        if (r < 0)
                l.readable = TRISTATE_NO;
        r = find_successor(rfd, &l);
        if (r < 0)
                return r;
        *ret = l;
        l = (Loader){};
        return 0;
}

/* Every entry that boots Linux as it should, and the rescue entries as they were. */
static int verify(const char *text, unsigned saved, const LoaderEdit *want)
{
        _cleanup_(legacy_menu_done) LegacyMenu m = {};
        int r = legacy_parse(text, saved, &m);

        FOREACH_ARRAY(e, m.entries, m.n)
                if (r >= 0 && e->kernel && !e->rescue &&
                    !loader_entry_fine(&(const BootEntry){ .arguments = e->arguments }, want->add, want->remove))
                        r = -ENOTSUP;
        return r;
}

/*
 * grubby(8) gives the entry of a new kernel the words of the default one, and no record tells of that. Entries that
 * have ptprep.claim=1 when all recorded words are gone lose what ptprep had added to all others.
 */
static int take_inherited(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        const RecordFile *recorded = l->n_files > 0 ? record_file(want->record, l->files->path) : NULL;
        const char *text = recorded ? loader_present(plan, l->files->path, l->files->text) : NULL;
        _cleanup_(legacy_menu_done) LegacyMenu m = {};
        _cleanup_(owned_words_done) OwnedWords words = {};
        _cleanup_free_ char *without = NULL;
        int r = text ? legacy_parse(text, 0, &m) : 0;

        FOREACH_ARRAY(e, m.entries, m.n) {
                if (!e->kernel || !kargs_has(&e->arguments, KARG_CLAIM))
                        continue;
                FOREACH_ARRAY(w, recorded->added.items, recorded->added.n)
                        if (r >= 0 && owned_words_beside(&recorded->added, KARG_CLAIM, w->word))
                                r = owned_words_add(&words, e->place, w->word);
        }
        if (r < 0 || words.n == 0)
                return r;
        r = legacy_take(text, &words, &without);
        return r < 0 ? r : plan_write(plan, want->check, l->files->path, text, without);
}

/* The number of the default entry among all titles, as it was read. */
static int default_number(const Loader *l, unsigned *ret)
{
        _cleanup_(legacy_menu_done) LegacyMenu m = {};
        int r = legacy_parse(l->files->text, 0, &m);

        if (r < 0)
                return r;
        *ret = m.default_entry;
        FOREACH_ARRAY(e, l->entries, l->n_entries)
                for (unsigned i = 0; e->is_default && i < m.n; i++)
                        if (streq(m.entries[i].place, e->id))
                                *ret = i;
        return 0;
}

static int legacy_loader_edit(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        _cleanup_(plan_words_done) PlanWords words = { .format = owned_grub_legacy.name };
        _cleanup_(owned_words_done) OwnedWords unwanted = {};
        _cleanup_free_ char *without = NULL, *text = NULL;
        const LoaderFile *f = l->files;
        unsigned saved = 0;
        int r;

        if (loader_wants_nothing(want))
                return take_inherited(l, want, plan);
        if (l->n_entries == 0)
                return 0;
        r = default_number(l, &saved);
        if (r >= 0)
                r = loader_unwanted(want, f->path, &unwanted);
        if (r >= 0)
                r = legacy_take(f->text, &unwanted, &without);
        if (r >= 0)
                r = legacy_edit(without, saved, want->add, want->remove, &words.added, &words.removed, &text);
        if (r >= 0)
                r = verify(text, saved, want);
        if (r == -ENOTSUP)
                return loader_refuse(
                        want, r,
                        "%s has a kernel line in which words cannot be told apart: look for a quote that is "
                        "never closed, or a backslash at the end",
                        f->path);
        return r < 0 ? r : plan_edit(plan, want->check, f->path, f->text, text, &words);
}

/* initrd_func() in stage2/builtins.c of GRUB 0.97. */
static const char *legacy_early_obstacle(const Loader *l)
{
        (void) l;
        return "it loads one image for a kernel, and no other in front of it";
}

const LoaderOps loader_grub_legacy = {
        .kind = LOADER_GRUB_LEGACY,
        .read = legacy_read,
        .edit = legacy_loader_edit,
        .early_obstacle = legacy_early_obstacle,
};
