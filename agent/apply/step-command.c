/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/step.h"

#include "apply/guard.h"
#include "apply/image-verify.h"
#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "grub/format/uki.h"
#include "grub/loader/kernel-install.h"
#include "grub/loader/loaders.h"
#include "model/names.h"

/* What an image had before, and has to have afterwards: not all of it is a matter of arguments. */
typedef struct Image {
        bool is_signed; /* firmware that enforces signatures has something to look at */
        bool initramfs;
} Image;

static Image look_at(int rfd, const char *path)
{
        _cleanup_(uki_done) Uki u = {};

        if (uki_read_path(rfd, path, &u) < 0)
                return (Image){};
        return (Image){ u.has_signature, u.profiles[0].initrd.size > 0 };
}

/* @path: where it is. @name: its path for people. */
static int verify_image(StepContext *c, const char *path, const char *name, Image before)
{
        const char *program = c->step->command.argv.items[0];
        Image now = look_at(c->options->rfd, path);

        if (before.is_signed && !now.is_signed)
                return step_failed(c, -EPROTO,
                                   "%s made %s without a signature, and the old one has one; it is put back. Name the "
                                   "keys in /etc/kernel/uki.conf, see ukify(1)",
                                   program, name);
        if (before.initramfs && !now.initramfs)
                return step_failed(c, -EPROTO,
                                   "%s made %s without an initramfs, and the old one has one; it is put back. See "
                                   "initrd_generator= of /etc/kernel/install.conf in kernel-install(8)",
                                   program, name);
        return 0;
}

static int verify_initramfs(StepContext *c, const ImageTrial *trial, const char *name)
{
        _cleanup_free_ char *reason = NULL;
        int r = image_verify(c->options->rfd, trial, &reason);

        if (r < 0 && r != -ENOMEM)
                return step_failed(c, -EPROTO, "%s made %s with an initramfs that %s; it is put back",
                                   c->step->command.argv.items[0], name, reason ?: strerror(-r));
        return r;
}

/* All that can be told of an image before it has its place: what is passed on to the kernel beside it is looked at
 * there. */
static int verify_made(StepContext *c, const char *path, Image before)
{
        _cleanup_(uki_done) Uki u = {};
        ImageTrial trial = { .path = path };
        int r = uki_read_path(c->options->rfd, path, &u);

        if (r < 0 && r != -ENOMEM)
                return step_failed(c, -EPROTO,
                                   "%s made an image that cannot be read in place of %s: %s; the old one stays",
                                   c->step->command.argv.items[0], c->path, strerror(-r));
        if (r >= 0)
                r = verify_image(c, path, c->path, before);
        if (r < 0 || u.profiles[0].initrd.size == 0)
                return r;
        trial.offset = u.profiles[0].initrd.offset;
        trial.size = u.profiles[0].initrd.size;
        return verify_initramfs(c, &trial, c->path);
}

static int verify_entry(StepContext *c, const BootEntry *e, const Kargs *add, const Kargs *remove, Image before)
{
        const CommandStep *s = &c->step->command;
        ImageTrial trial;
        int r;

        if (!loader_entry_fine(e, add, remove))
                return step_failed(c, -EPROTO,
                                   "%s ran, and the entry \"%s\" (%s) still has other arguments than \"%s\"; it is put "
                                   "back. Look at what that program takes the kernel command line from",
                                   s->argv.items[0], e->title, e->file, s->words);
        r = e->embedded ? step_check_plain(c, e->file, s->argv.items[0]) : 0;
        if (r >= 0 && e->embedded)
                r = verify_image(c, e->file, e->file, before);
        if (r < 0 || !e->image)
                return r;
        trial = (ImageTrial){ .path = e->image, .offset = e->image_offset, .size = e->image_size };
        return verify_initramfs(c, &trial, e->image);
}

/* Looks again at all that the loader will do. */
static int verify(StepContext *c, Image before)
{
        const CommandStep *s = &c->step->command;
        _cleanup_(loader_done) Loader l = {};
        _cleanup_(kargs_done) Kargs add = {}, remove = {};
        size_t n = 0;
        int r = kargs_parse(s->words, &add);

        if (r >= 0)
                r = kargs_parse(s->gone, &remove);
        if (r >= 0)
                r = loader_read_kind(c->options->rfd, s->loader, &l);
        for (size_t i = 0; i < l.n_entries && r >= 0; i++) {
                const BootEntry *e = l.entries + i;

                if (e->rescue || (s->release && !streq_null(e->version, s->release)))
                        continue;
                n++;
                r = verify_entry(c, e, &add, &remove, before);
        }
        if (r >= 0 && n == 0)
                r = step_failed(c, -EPROTO, "%s ran, and there is no entry%s%s afterwards; it is put back",
                                s->argv.items[0], s->release ? " for kernel " : "", s->release ?: "");
        return r;
}

/* NULL-terminated, pointing into the list; owned by the caller. */
static char **argument_vector(const StringList *l)
{
        char **argv = calloc(l->n + 1, sizeof(*argv));

        if (argv && l->n > 0)
                memcpy(argv, l->items, l->n * sizeof(*argv));
        return argv;
}

static int run(StepContext *c, const StringList *arguments, char *setting)
{
        _cleanup_free_ char **argv = argument_vector(arguments), *tail = NULL;
        int r = argv ? command_run(c->options, argv, setting, LIMIT_IMAGE, &tail) : -ENOMEM;

        return r < 0 && r != -ENOMEM ? step_failed_program(c, r, arguments->items[0], "", tail) : r;
}

/* The program writes where a loader reads. */
static int run_in_place(StepContext *c)
{
        const CommandStep *s = &c->step->command;
        int r = s->undo_argv.n == 0 ? step_keep_copy(c, false) : 0;

        if (r < 0)
                return r;
        c->started = true;
        return run(c, &s->argv, NULL);
}

/* What the program makes elsewhere takes the place of the old file when it is known to be whole. */
static int run_elsewhere(StepContext *c, Image before)
{
        _cleanup_free_ char *name = NULL, *made = NULL;
        char setting[] = "BOOT_ROOT=" NAME_BOOT_ROOT;
        int r = step_keep_copy(c, true);

        if (r >= 0)
                r = boot_root_make(c);
        if (r < 0)
                return r;
        c->started = true;
        r = run(c, &c->step->command.argv, setting);
        if (r >= 0)
                r = boot_root_find(c, &name, &made);
        if (r < 0 || !name)
                return r;
        r = verify_made(c, made, before);
        if (r >= 0)
                r = boot_root_place(c, made);
        return r < 0 ? r : boot_root_name(c, name);
}

int step_command_do(StepContext *c)
{
        const CommandStep *s = &c->step->command;
        Image before = look_at(c->options->rfd, c->path);
        _cleanup_free_ char *directory = path_directory(c->path);
        int r = directory ? root_list(c->options->rfd, directory, NULL, &c->neighbours) : -ENOMEM;
        bool elsewhere = false;

        if (r >= 0)
                r = guard_new(c, &c->guard);
        if (r >= 0 && s->boot_root)
                r = kernel_install_goes_elsewhere(c->options->rfd, &elsewhere);
        if (r >= 0)
                r = elsewhere ? run_elsewhere(c, before) : run_in_place(c);
        if (r >= 0 && s->words)
                r = verify(c, before);
        return r < 0 || !s->words ? r : guard_verify(c, c->guard);
}

/* What is new beside the image: its own goes, as far as there is nothing in it that somebody else may have put there.
 */
static int tidy_neighbours(StepContext *c, Undo *u)
{
        _cleanup_(string_list_done) StringList now = {};
        _cleanup_free_ char *directory = path_directory(c->path);
        const char *image = strrchr(c->path, '/');
        int rfd = c->options->rfd, r = directory && image ? root_list(rfd, directory, NULL, &now) : -ENOMEM;

        FOREACH_ARRAY(name, now.items, now.n) {
                _cleanup_free_ char *path = NULL;

                if (r < 0)
                        return r;
                if (string_list_contains(&c->neighbours, *name))
                        continue;
                path = path_join(directory, *name);
                if (!path)
                        return -ENOMEM;
                if (streq(path, c->path) || streq(path, c->backup_path) || string_list_contains(&u->left, path))
                        continue;
                r = image_name_belongs(*name, image + 1) ? step_clear(c, path, NULL) : -EPERM;
                if (r >= 0)
                        u->state = UNDO_DONE;
                else
                        r = string_list_add(&u->left, path);
        }
        return r;
}

int step_command_undo(StepContext *c, Undo *u)
{
        int r;

        if (!c->started)
                return step_put_back(c, u);
        if (c->step->command.undo_argv.n > 0) {
                _cleanup_free_ char *failure = TAKE_PTR(*c->failure);

                u->state = UNDO_DONE;
                r = run(c, &c->step->command.undo_argv, NULL);
                if (r < 0)
                        u->reason = TAKE_PTR(*c->failure);
                *c->failure = TAKE_PTR(failure);
                return r;
        }
        r = step_put_back(c, u); /* first: whatever becomes of the rest, the machine boots */
        if (r >= 0)
                r = guard_put_back(c, c->guard, u);
        return r < 0 ? r : tidy_neighbours(c, u);
}
