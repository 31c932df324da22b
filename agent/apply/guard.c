/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/guard.h"

#include <sys/stat.h>

#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "grub/loader/loaders.h"
#include "grub/loader/menu-verify.h"

#define TEXT_MAX ((size_t) 64 * 1024)

typedef struct Guarded {
        char *path;
        char *text;  /* NULL: it is an image, or too long */
        size_t size; /* of that, bytes */
        int fd;      /* of what has no text here */
        struct stat st;
} Guarded;

struct Guard {
        Loader *loaders;
        size_t n_loaders;
        Guarded *files;
        size_t n_files;
};

static bool is_guarded(const Loader *l)
{
        return !l->unused && l->readable == TRISTATE_YES && l->kind != LOADER_OSTREE && l->kind != LOADER_BOOTC;
}

void guard_done(Guard *g)
{
        if (!g)
                return;
        FOREACH_ARRAY(f, g->files, g->n_files) {
                free(f->path);
                free(f->text);
                closep(&f->fd);
        }
        free(g->files);
        loaders_free(g->loaders, g->n_loaders);
        free(g);
}

static bool knows(const Guard *g, const char *path)
{
        FOREACH_ARRAY(f, g->files, g->n_files)
                if (streq(f->path, path))
                        return true;
        return false;
}

/* What cannot be read is not held on to. 0 or -ENOMEM. */
static int hold(const StepContext *c, const char *path, Guard *g)
{
        int rfd = c->options->rfd, r;
        struct stat st;
        Guarded *f;

        if (path[0] != '/' || streq(path, c->path) || knows(g, path) || root_lstat(rfd, path, &st) < 0 ||
            !S_ISREG(st.st_mode))
                return 0;
        f = array_grow(&g->files, g->n_files);
        if (!f)
                return -ENOMEM;
        f->fd = -EBADF;
        f->st = st;
        f->path = strdup(path);
        if (!f->path)
                return -ENOMEM;
        g->n_files++;
        r = root_read_file(rfd, path, TEXT_MAX, &f->text, &f->size);
        if (r == -EFBIG)
                f->fd = root_open(rfd, path, O_RDONLY | O_NOFOLLOW);
        return r == -ENOMEM ? r : 0;
}

int guard_new(StepContext *c, Guard **ret)
{
        /* loader.conf(5): which entry boots by default */
        static const char *const settings[] = { "/efi/loader/loader.conf", "/boot/loader/loader.conf",
                                                "/boot/efi/loader/loader.conf" };
        Guard *g = calloc(1, sizeof(*g));
        int r = g ? loaders_read(c->options->rfd, &g->loaders, &g->n_loaders) : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(settings); i++)
                r = hold(c, settings[i], g);
        for (size_t i = 0; r >= 0 && i < g->n_loaders; i++) {
                const Loader *l = g->loaders + i;

                if (!is_guarded(l))
                        continue;
                for (size_t k = 0; k < l->n_files && r >= 0; k++)
                        r = hold(c, l->files[k].path, g);
                for (size_t k = 0; k < l->n_entries && r >= 0; k++)
                        r = hold(c, l->entries[k].file, g);
        }
        if (r < 0) {
                guard_done(g);
                return r;
        }
        *ret = g;
        return 0;
}

int guard_verify(StepContext *c, const Guard *g)
{
        const char *program = c->step->command.argv.items[0];
        const MenuFiles files = { step_file_exists, c };

        FOREACH_ARRAY(old, g->loaders, g->n_loaders) {
                _cleanup_(loader_done) Loader new = {};
                _cleanup_free_ char *problem = NULL;
                int r;

                if (!is_guarded(old) || old->n_entries == 0)
                        continue;
                r = loader_read_kind(c->options->rfd, old->kind, &new);
                if (r == -ENOENT)
                        return step_failed(c, -EPROTO, "%s ran, and nothing is left that %s could boot; it is put back",
                                           program, loader_kind_to_string(old->kind));
                if (r >= 0)
                        r = menu_verify(old->entries, old->n_entries, new.entries, new.n_entries, &files, &problem);
                if (r < 0)
                        return r;
                if (problem)
                        return step_failed(c, -EPROTO,
                                           "%s ran, and what %s reads %s; it is put back. If that is wanted, run it "
                                           "yourself, then \"ptprep --apply\" again",
                                           program, loader_kind_to_string(old->kind), problem);
        }
        return 0;
}

/* 1; 0; negative errno. */
static int is_as_it_was(int rfd, const Guarded *f)
{
        _cleanup_free_ char *text = NULL;
        struct stat st;
        size_t size;
        int r;

        if (root_lstat(rfd, f->path, &st) < 0 || !S_ISREG(st.st_mode))
                return !f->text && f->fd < 0;
        if (!f->text)
                return st.st_dev == f->st.st_dev && st.st_ino == f->st.st_ino && st.st_size == f->st.st_size;
        r = root_read_file(rfd, f->path, TEXT_MAX, &text, &size);
        return r == -ENOMEM ? r : r >= 0 && size == f->size && memcmp(text, f->text, size) == 0;
}

static int put_back(StepContext *c, const Guarded *f)
{
        _cleanup_free_ char *directory = path_directory(f->path), *trial = NULL;
        int rfd = c->options->rfd, r = directory ? root_mkdir_p(rfd, directory) : -ENOMEM;

        if (r >= 0 && !f->text && f->fd < 0)
                r = -ENODATA;
        if (r >= 0)
                r = string_printf(&trial, "%s%s", f->path, TRIAL_SUFFIX);
        if (r >= 0)
                r = step_clear(c, trial, NULL);
        if (r >= 0)
                r = f->text ? root_file_create(rfd, trial, f->text, f->size, f->st.st_mode & 07777)
                            : root_file_duplicate_fd(rfd, f->fd, trial);
        if (r >= 0)
                r = root_file_sync(rfd, trial);
        if (r >= 0)
                r = root_file_rename(rfd, trial, f->path);
        if (r < 0 && trial)
                root_file_discard(rfd, trial);
        return r;
}

int guard_put_back(StepContext *c, const Guard *g, Undo *u)
{
        int first = 0;

        FOREACH_ARRAY(f, g->files, g->n_files) {
                int r = is_as_it_was(c->options->rfd, f);

                if (r == 0) {
                        u->state = UNDO_DONE;
                        r = put_back(c, f);
                }
                if (r < 0 && first >= 0) {
                        first = r;
                        if (string_printf(&u->reason, "%s: %s", f->path, strerror(-r)) < 0)
                                return -ENOMEM;
                }
        }
        return first;
}
