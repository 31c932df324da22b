/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/loaders.h"

#include <stdarg.h>

#include "base/text.h"
#include "grub/loader/entry-length.h"
#include "grub/loader/other-loaders.h"

/* A new boot loader: a row here and a file loader-*.c. What runs after others did their edits comes behind them. */
static const LoaderOps *const loaders[] = {
        &loader_grub2, &loader_bls,    &loader_grub_legacy, &loader_systemd_boot,
        &loader_uki,   &loader_ostree, &loader_bootc,       &loader_proxmox,
};

/* Boot loaders beside one whose tool makes what they all read. */
static int set_aside(Loader *found, size_t n)
{
        const Loader *alone = NULL;

        FOREACH_ARRAY(l, found, n)
                if (l->alone)
                        alone = l;
        FOREACH_ARRAY(l, found, alone ? n : 0) {
                if (l == alone || l->unused)
                        continue;
                l->unused = strdup(alone->kind == LOADER_OSTREE
                                           ? "what it boots is made by OSTree, and changed with rpm-ostree only"
                                           : "this is the root of a bootc image: systems that are installed from it "
                                             "boot with what is in /usr/lib/bootc/kargs.d");
                if (!l->unused)
                        return -ENOMEM;
        }
        return 0;
}

/* proxmox-boot-tool makes the entries of both GRUB and systemd-boot: who is not there to be seen need not be. */
static int set_aside_for_proxmox(Loader *found, size_t n)
{
        const Loader *proxmox = NULL;

        FOREACH_ARRAY(l, found, n)
                if (l->kind == LOADER_PROXMOX)
                        proxmox = l;
        FOREACH_ARRAY(l, found, proxmox ? n : 0) {
                bool hidden = l->kind == LOADER_SYSTEMD_BOOT && l->readable != TRISTATE_YES,
                     other = l->kind == LOADER_GRUB2 && proxmox->booted == BOOTED_YES;

                if (l->unused || (!hidden && !other))
                        continue;
                l->unused = strdup(hidden ? "its entries are made by proxmox-boot-tool"
                                          : "systemd-boot started this system, as proxmox-boot-tool set it up");
                if (!l->unused)
                        return -ENOMEM;
        }
        return 0;
}

int loaders_read(int rfd, Loader **ret, size_t *ret_n)
{
        Loader *found = NULL;
        size_t n = 0;

        FOREACH_ARRAY(l, loaders, ELEMENTSOF(loaders)) {
                Loader *place = array_grow(&found, n);
                int r = place ? (*l)->read(rfd, place) : -ENOMEM;

                if (r >= 0)
                        n++;
                else if (r != -ENOENT) {
                        loaders_free(found, n);
                        return r;
                }
        }
        if (set_aside(found, n) < 0 || set_aside_for_proxmox(found, n) < 0) {
                loaders_free(found, n);
                return -ENOMEM;
        }
        if (n == 0) {
                free(found);
                found = NULL;
        }
        *ret = found;
        *ret_n = n;
        return 0;
}

/* Keeps what only writes the entries of another loader. */
static void drop_others(OtherLoader *others, size_t *n_others)
{
        size_t kept = 0;

        for (size_t i = 0; i < *n_others; i++)
                if (others[i].helper)
                        others[kept++] = others[i];
                else
                        other_loader_done(others + i);
        *n_others = kept;
}

int loaders_set_aside_others(int rfd, Loader *found, size_t n, OtherLoader *others, size_t *n_others)
{
        const OtherLoader *other = NULL;
        Tristate grub = started_by_grub(rfd);

        FOREACH_ARRAY(o, others, *n_others)
                if (!o->helper && !other)
                        other = o;
        FOREACH_ARRAY(l, found, other ? n : 0) {
                bool is_grub = l->kind == LOADER_GRUB2 || l->kind == LOADER_BLS;

                if (l->unused)
                        continue;
                if (l->booted == BOOTED_YES || (is_grub && grub == TRISTATE_YES)) {
                        drop_others(others, n_others);
                        return 0;
                }
                if (!is_grub || grub != TRISTATE_NO)
                        continue;
                if (string_printf(&l->unused,
                                  "GRUB did not start this system (BOOT_IMAGE= is missing on its command line, or "
                                  "initrd= is there), and %s is here: %s",
                                  other->name, other->found) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int loader_read_kind(int rfd, LoaderKind kind, Loader *ret)
{
        FOREACH_ARRAY(l, loaders, ELEMENTSOF(loaders))
                if ((*l)->kind == kind)
                        return (*l)->read(rfd, ret);
        return -ENOENT;
}

int loader_edit(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        int r;

        FOREACH_ARRAY(w, want->add->words.items, want->add->words.n)
                if (!karg_is_plain(*w))
                        return loader_refuse(
                                want, -EINVAL,
                                "\"%s\" is no plain word: a shell or GRUB could take it for something else", *w);
        r = l->unused ? 0 : loader_edit_fits(l, want);
        if (r < 0)
                return r;
        FOREACH_ARRAY(i, loaders, ELEMENTSOF(loaders))
                if ((*i)->kind == l->kind && !l->unused)
                        return (*i)->edit(l, want, plan);
        return 0;
}

const char *loader_early_obstacle(const Loader *l)
{
        FOREACH_ARRAY(i, loaders, ELEMENTSOF(loaders))
                if ((*i)->kind == l->kind)
                        return (*i)->early_obstacle(l);
        return NULL;
}

int loader_refuse(const LoaderEdit *want, int error, const char *format, ...)
{
        char *reason;
        va_list ap;
        int r;

        va_start(ap, format);
        r = string_vprintf(&reason, format, ap);
        va_end(ap);
        if (r < 0)
                return -ENOMEM;
        if (want->reason) {
                free(*want->reason);
                *want->reason = reason;
        } else
                free(reason);
        return error;
}

int loader_unwanted(const LoaderEdit *want, const char *subject, OwnedWords *ret)
{
        const RecordFile *f = record_file(want->record, subject);

        if (!f)
                return 0;
        FOREACH_ARRAY(w, f->added.items, f->added.n) {
                bool wanted =
                        string_list_contains(&want->add->words, w->word) || streq_null(path_base(w->word), want->early);
                int r = wanted ? 0 : owned_words_add(ret, w->place, w->word);

                if (r < 0)
                        return r;
        }
        return 0;
}

const char *loader_present(const Plan *p, const char *path, const char *text)
{
        FOREACH_ARRAY(s, p->steps, p->n)
                if (step_file(s) && streq(s->path, path))
                        text = s->file.new_text;
        return text;
}
