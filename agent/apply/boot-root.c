/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/stat.h>

#include "apply/step.h"

#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "model/names.h"

/*
 * kernel-install removes the image that is there and writes the new one in its place (systemd
 * src/kernel-install/90-uki-copy.install, install(1)): a power cut in between leaves no image, or a part of one. Told
 * by BOOT_ROOT= in the environment (kernel-install.c, context_load_environment()) it does the same elsewhere.
 */

#define IMAGE_SUFFIX ".efi"
#define IMAGES       NAME_BOOT_ROOT "/EFI/Linux"

int boot_root_make(const StepContext *c)
{
        int rfd = c->options->rfd, r = root_remove_tree(rfd, NAME_BOOT_ROOT);
        _cleanup_close_ int fd = -EBADF;

        if (r >= 0)
                r = root_mkdir_p(rfd, NAME_BOOT_ROOT);
        if (r < 0)
                return r;
        fd = root_open(rfd, NAME_BOOT_ROOT, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (fd < 0)
                return fd;
        return fchmod(fd, 0700) < 0 ? -errno : 0; /* an initramfs may have keys in it */
}

int boot_root_find(StepContext *c, char **ret_name, char **ret_path)
{
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_free_ char *name = NULL, *path = NULL;
        const char *program = c->step->command.argv.items[0], *image = strrchr(c->path, '/') + 1;
        int r = root_list(c->options->rfd, IMAGES, NULL, &names);

        *ret_name = *ret_path = NULL;
        if (r < 0 && r != -ENOENT)
                return r;
        if (names.n == 0)
                return 0;
        if (names.n > 1 || !image_name_belongs(names.items[0], image) || !endswith(names.items[0], IMAGE_SUFFIX))
                return step_failed(c, -EPROTO,
                                   "%s made something else than one image of the name of %s: %s%s%s; the old one stays",
                                   program, c->path, names.items[0], names.n > 1 ? ", " : "",
                                   names.n > 1 ? names.items[1] : "");
        name = strdup(names.items[0]);
        path = path_join(IMAGES, names.items[0]);
        if (!name || !path)
                return -ENOMEM;
        r = step_check_plain(c, path, program);
        if (r < 0)
                return r;
        *ret_name = TAKE_PTR(name);
        *ret_path = TAKE_PTR(path);
        return 0;
}

int boot_root_place(StepContext *c, const char *from)
{
        int rfd = c->options->rfd, r = step_clear(c, c->trial_path, NULL);

        c->trial = r >= 0;
        if (r >= 0)
                r = root_file_copy(rfd, from, c->trial_path);
        if ((r == -ENOSPC || r == -EDQUOT) && c->is_far && step_clear(c, c->path, NULL) >= 0)
                r = root_file_copy(rfd, from, c->trial_path);
        if (r < 0)
                return step_failed(c, r, "the new %s could not be written: %s", c->path, strerror(-r));
        return step_put_in_place(c, r);
}

int boot_root_name(const StepContext *c, const char *name)
{
        _cleanup_free_ char *directory = path_directory(c->path), *path = directory ? path_join(directory, name) : NULL;

        if (!path)
                return -ENOMEM;
        return streq(path, c->path) ? 0 : step_rename_over(c, c->path, path);
}

bool image_name_belongs(const char *name, const char *image)
{
        size_t n = strcspn(image, "+");
        const char *rest;

        if (image[n] == 0 && endswith(image, IMAGE_SUFFIX))
                n -= strlen(IMAGE_SUFFIX);
        if (strncmp(name, image, n) != 0)
                return false;
        rest = name + n;
        return *rest == '+' || startswith(rest, IMAGE_SUFFIX);
}
