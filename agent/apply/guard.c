/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/guard.h"

#include <sys/stat.h>

#include "apply/settle.h"
#include "apply/staging.h"
#include "base/attributes.h"
#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "grub/loader/loaders.h"
#include "grub/loader/menu-verify.h"

#define TEXT_MAX ((size_t) 1024 * 1024)

typedef struct Guarded {
        char *path, *trial; /* where it is, and where it is made anew */
        char *text;         /* NULL: it is an image, or too long */
        size_t size;        /* of that, bytes */
        int fd;             /* of the file; negative: it could not be opened */
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
                free(f->trial);
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
        _cleanup_free_ char *staged = NULL;
        int rfd = c->options->rfd, r;
        struct stat st;
        Guarded *f;

        if (path[0] != '/' || streq(path, c->path) || knows(g, path) || root_lstat(rfd, path, &st) < 0 ||
            !S_ISREG(st.st_mode))
                return 0;
        f = array_grow(&g->files, g->n_files);
        if (!f)
                return -ENOMEM;
        *f = (Guarded){ .fd = root_open(rfd, path, O_RDONLY | O_NOFOLLOW), .st = st };
        g->n_files++;
        r = staging_path(rfd, path, &staged);
        /* with the number that the step's own trial file has, which nobody can think of */
        if (r < 0 || string_copy(path, &f->path) < 0 ||
            string_printf(&f->trial, "%s%s", staged, c->trial_path + strlen(c->staged)) < 0)
                return -ENOMEM;
        r = root_read_file(rfd, path, TEXT_MAX, &f->text, &f->size);
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

static bool same_bytes(const struct stat *a, const struct stat *b)
{
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
               a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool same_owner(const struct stat *a, const struct stat *b)
{
        return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid;
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
        if (!same_owner(&st, &f->st))
                return 0;
        if (!f->text)
                return same_bytes(&st, &f->st);
        r = root_read_file(rfd, f->path, TEXT_MAX, &text, &size);
        return r == -ENOMEM ? r : r >= 0 && size == f->size && memcmp(text, f->text, size) == 0;
}

/* What is no text is there as long as nobody has written into it. */
static bool is_lost(const Guarded *f)
{
        struct stat st;

        return !f->text && (f->fd < 0 || fstat(f->fd, &st) < 0 || !same_bytes(&st, &f->st));
}

/* The file at the trial's name, which is as the old one was in all that it has. */
static int make_anew(int rfd, const Guarded *f)
{
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int r = f->text ? root_file_create(rfd, f->trial, f->text, f->size, S_IRUSR | S_IWUSR)
                        : root_file_duplicate_fd(rfd, f->fd, f->trial);

        if (r < 0)
                return r;
        fd = root_open(rfd, f->trial, O_RDONLY | O_NOFOLLOW);
        if (fd < 0)
                return fd;
        r = f->fd < 0 ? 0 : attributes_carry(f->fd, fd, true);
        if (r < 0)
                return r;
        /* of the old one these may have been changed as well */
        if (fstat(fd, &st) < 0 ||
            ((st.st_uid != f->st.st_uid || st.st_gid != f->st.st_gid) && fchown(fd, f->st.st_uid, f->st.st_gid) < 0) ||
            fchmod(fd, f->st.st_mode & 07777) < 0)
                return -errno;
        return root_file_sync(rfd, f->trial);
}

static int put_back(StepContext *c, const Guarded *f)
{
        _cleanup_free_ char *directory = path_directory(f->path);
        int rfd = c->options->rfd, r = directory ? root_mkdir_p(rfd, directory) : -ENOMEM;

        if (r >= 0 && is_lost(f))
                return -ENODATA;
        if (r >= 0)
                r = step_clear(c, f->trial, NULL);
        if (r < 0)
                return r;
        r = make_anew(rfd, f);
        if (r >= 0) {
                settle_for_loader(rfd, f->trial);
                r = step_rename_over(c, f->trial, f->path);
        }
        if (r < 0)
                root_file_discard(rfd, f->trial);
        return r;
}

/* Is it now, under its own name, what it was? What is no text has become another file of the same bytes. 1; 0; negative
 * errno. */
static int reads_back(int rfd, const Guarded *f)
{
        _cleanup_close_ int fd = f->text ? -EBADF : root_open(rfd, f->path, O_RDONLY | O_NOFOLLOW);
        struct stat st;

        if (f->text)
                return is_as_it_was(rfd, f);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        return same_owner(&st, &f->st) ? file_same_bytes(fd, f->fd) : 0;
}

int guard_put_back(StepContext *c, const Guard *g, Undo *u)
{
        const Guarded *failed = NULL;
        int first = 0;

        FOREACH_ARRAY(f, g->files, g->n_files) {
                int r = is_as_it_was(c->options->rfd, f);

                if (r == 0) {
                        u->state = UNDO_DONE;
                        r = put_back(c, f);
                        if (r >= 0)
                                r = reads_back(c->options->rfd, f);
                        if (r == 0)
                                r = -EBADMSG;
                }
                if (r < 0 && first >= 0) {
                        first = r;
                        failed = f;
                }
        }
        if (first < 0 &&
            (string_copy(failed->path, &u->path) < 0 ||
             string_copy(first == -ENODATA ? "a program wrote into it, and nobody has the old bytes" : strerror(-first),
                         &u->reason) < 0))
                return -ENOMEM;
        return first;
}

int guard_leftovers(const Guard *g, StringList *ret)
{
        FOREACH_ARRAY(f, g->files, g->n_files)
                if (string_list_add(ret, f->trial) < 0)
                        return -ENOMEM;
        return 0;
}
