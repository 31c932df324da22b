/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/bls-early.h"

#include <elf.h>

#include "base/io.h"
#include "base/text.h"
#include "grub/format/bls.h"
#include "grub/format/grubenv.h"
#include "grub/loader/bls-draft.h"
#include "model/names.h"

#define MODULE_MAX_BYTES (1024U * 1024)

/* 1: the module that reads the entries knows the variable; 0: it does not; -ENODATA: there is none, or it is packed;
 * other negative errno. */
static int module_knows(int rfd, const char *path)
{
        _cleanup_free_ char *module = NULL;
        size_t size;
        int r = root_read_file(rfd, path, MODULE_MAX_BYTES, &module, &size);

        if (r == -ENOMEM)
                return r;
        if (r < 0 || size < SELFMAG || memcmp(module, ELFMAG, SELFMAG) != 0)
                return -ENODATA;
        return memmem(module, size, GRUBENV_EARLY_INITRD, sizeof(GRUBENV_EARLY_INITRD)) != NULL;
}

/*
 * What grub-install has put beside grub.cfg: its module has the names of the variables that it asks for as they are.
 * Of several platforms it is not known which one boots, so all have to know it. *ret: unknown where there is none.
 */
static int modules_know(int rfd, const char *directory, Tristate *ret)
{
        static const char *const modules[] = {
                "x86_64-efi/blsuki.mod", "x86_64-efi/blscfg.mod", "i386-efi/blsuki.mod",
                "i386-efi/blscfg.mod",   "i386-pc/blsuki.mod",    "i386-pc/blscfg.mod",
        };

        *ret = TRISTATE_UNKNOWN;
        FOREACH_ARRAY(m, modules, ELEMENTSOF(modules)) {
                _cleanup_free_ char *path = path_join(directory, *m);
                int r = path ? module_knows(rfd, path) : -ENOMEM;

                if (r == -ENOMEM)
                        return r;
                if (r >= 0 && *ret != TRISTATE_NO)
                        *ret = r > 0 ? TRISTATE_YES : TRISTATE_NO;
        }
        return 0;
}

/* Where no module is there to ask, as with GRUB in one signed file, Red Hat's is known by the script that it has. */
int bls_read_early_variable(int rfd, const BlsPlace *place, Loader *l)
{
        struct stat st;
        Tristate known;
        int r = modules_know(rfd, place->directory, &known);

        if (r < 0)
                return r;
        l->early_variable =
                known == TRISTATE_YES || (known == TRISTATE_UNKNOWN && root_stat(rfd, BLS_INSTALL_SCRIPT, &st) >= 0);
        return l->early_variable && !loader_variable(l, GRUBENV_EARLY_INITRD)
                       ? string_copy(NAME_BOOT, &l->early_directory)
                       : 0;
}

int bls_add_early(const Loader *l, BootEntry *e)
{
        const LoaderVariable *v = l->early_variable ? loader_variable(l, GRUBENV_EARLY_INITRD) : NULL;
        const char *beside = e->initrd ?: e->kernel;
        const int directory = (int) (path_base(beside) - beside);
        StringList all = {};
        int r = 0;

        for (const char *word = v && v->value ? v->value : ""; *word && r >= 0;) {
                size_t n = strcspn(word, " ");

                r = n > 0 ? string_list_addf(&all, "%.*s%.*s", directory, beside, (int) n, word) : 0;
                word += n + (word[n] == ' ');
        }
        FOREACH_ARRAY(path, e->early.items, e->early.n)
                if (r >= 0)
                        r = string_list_add(&all, *path);
        if (r < 0) {
                string_list_done(&all);
                return r;
        }
        string_list_done(&e->early);
        e->early = all;
        return 0;
}

/* The root that the paths of an entry begin at: that of the file system of /boot, or of the one that /boot is on. */
static const char *boot_of(const BootEntry *e)
{
        return startswith(e->initrd, NAME_BOOT "/") ? NAME_BOOT : "";
}

int bls_early_path(const Loader *l, const LoaderEdit *want, const BootEntry *e, char **ret)
{
        return want->early && !l->early_variable && e->initrd ? string_printf(ret, "%s/%s", boot_of(e), want->early)
                                                              : 0;
}

int bls_drop_early_lines(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                const LoaderFile *f = e->rescue ? NULL : loader_file(l, e->file);
                const char *text = f ? loader_present(plan, f->path, f->text) : NULL;
                _cleanup_free_ char *without = NULL;
                int r = text ? bls_edit_early(text, BLS_GRUB, NAME_CLAIM_IMAGE_FILE, NULL, &without) : 0;

                if (r >= 0 && text)
                        r = plan_write(plan, want->check, f->path, text, without);
                if (r < 0)
                        return r;
        }
        return 0;
}

/*
 * What else lies in /boot, this entry can name as it does its image. "/NAME" is that only where no other file has this
 * path, such as Debian's link /initrd.img: then GRUB's root may be the file system that / is on. 1, 0 or -ENOMEM.
 */
static int loads_from_boot(int rfd, const BootEntry *e)
{
        _cleanup_free_ char *path = path_join(*boot_of(e) ? "" : NAME_BOOT, e->initrd);
        struct stat st;

        if (!path)
                return -ENOMEM;
        return root_stat(rfd, path, &st) >= 0 && (streq(path, e->initrd) || root_is_missing(rfd, e->initrd));
}

/* Has an entry an image in front of which another one can be loaded? */
static bool takes_early(const BootEntry *e)
{
        return !e->rescue && e->initrd;
}

int bls_find_early_directory(int rfd, Loader *l)
{
        size_t n = 0;

        if (l->early_variable)
                return 0;
        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                int r = takes_early(e) ? loads_from_boot(rfd, e) : 1;

                if (r <= 0)
                        return r;
                n += takes_early(e);
        }
        return n > 0 ? string_copy(NAME_BOOT, &l->early_directory) : 0;
}

int bls_plan_early_variable(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        char *early = (char *) want->early;
        const Kargs add = { .words = { .items = &early, .n = 1 } };
        const LoaderFile *f = bls_environment(l);
        _cleanup_(plan_words_done) PlanWords words = { .format = owned_grubenv.name };
        _cleanup_free_ char *text = NULL, *problem = NULL;
        const char *present = f ? loader_present(plan, f->path, f->text) : NULL;
        const LoaderVariable *v = loader_variable(l, GRUBENV_EARLY_INITRD);
        _cleanup_(kargs_done) Kargs now = {};
        int r = kargs_parse(v && v->value ? v->value : "", &now);

        if (r < 0 || !early || !l->early_variable || !present || string_list_contains(&now.words, early))
                return r;
        r = grubenv_edit(present, strlen(present), GRUBENV_EARLY_INITRD, &(CmdlineEdit){ .add = &add }, &text,
                         &problem);
        if (r == -EBADMSG || r == -ENOSPC)
                return loader_refuse(want, r, "%s %s", f->path, problem ?: strerror(-r));
        if (r >= 0)
                r = owned_words_add(&words.added, GRUBENV_EARLY_INITRD, early);
        return r < 0 ? r : plan_edit_more(plan, want->image_check, f->path, present, text, &words);
}

/* Why no line of each entry can name it. */
static const char *line_obstacle(const Loader *l)
{
        FOREACH_ARRAY(e, l->entries, l->early_directory ? 0 : l->n_entries)
                if (takes_early(e))
                        return "an entry has its image elsewhere than in " NAME_BOOT
                               ", or nothing tells which file that is, and so it could not name another one there";
        return l->early_directory ? NULL : "none of its entries has an initramfs";
}

const char *bls_early_obstacle(const Loader *l)
{
        if (!l->early_variable)
                return line_obstacle(l);
        if (!l->early_directory)
                return "grub.cfg sets the variable " GRUBENV_EARLY_INITRD ", and would undo what is put there";
        if (!bls_environment(l))
                return "it has no environment block, from which it would take the variable " GRUBENV_EARLY_INITRD;
        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                const char *beside = e->initrd ?: e->kernel;
                const size_t n = (size_t) (path_base(beside) - beside);

                if (strncmp(beside, "/", n) != 0 && strncmp(beside, NAME_BOOT "/", n) != 0)
                        return "an entry has its image in a directory of its own, and would look for another one there";
        }
        return NULL;
}
