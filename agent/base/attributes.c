/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/attributes.h"

#include <linux/xattr.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/text.h"

/* Names, each with a NUL behind it. @ret: owned by the caller. */
static int list_names(int fd, char **ret, size_t *ret_size)
{
        for (;;) {
                ssize_t n = flistxattr(fd, NULL, 0);
                char *names;

                if (n <= 0) {
                        *ret = NULL;
                        *ret_size = 0;
                        return n == 0 || errno == ENOTSUP ? 0 : -errno;
                }
                names = malloc((size_t) n);
                if (!names)
                        return -ENOMEM;
                n = flistxattr(fd, names, (size_t) n);
                if (n >= 0) {
                        *ret = names;
                        *ret_size = (size_t) n;
                        return 0;
                }
                free(names);
                if (errno != ERANGE) /* else somebody has added one meanwhile */
                        return -errno;
        }
}

/* @ret: owned by the caller. 0; -ENODATA: there is none of that name; -ENOTSUP; other negative errno. */
static int get_value(int fd, const char *name, char **ret, size_t *ret_size)
{
        for (;;) {
                ssize_t n = fgetxattr(fd, name, NULL, 0);
                char *value;

                if (n < 0)
                        return -errno;
                value = malloc((size_t) n + 1); /* it may be empty */
                if (!value)
                        return -ENOMEM;
                n = fgetxattr(fd, name, value, (size_t) n);
                if (n >= 0) {
                        *ret = value;
                        *ret_size = (size_t) n;
                        return 0;
                }
                free(value);
                if (errno != ERANGE)
                        return -errno;
        }
}

static int carry_one(int from, int to, const char *name)
{
        _cleanup_free_ char *value = NULL, *present = NULL;
        size_t size = 0, present_size = 0;
        int r = get_value(from, name, &value, &size);

        if (r < 0)
                return r == -ENODATA || r == -ENOTSUP ? 0 : r;
        /* a label that the policy gives the new file by itself need not be allowed to be set */
        if (get_value(to, name, &present, &present_size) >= 0 && present_size == size &&
            memcmp(present, value, size) == 0)
                return 0;
        return fsetxattr(to, name, value, size, 0) < 0 && errno != ENOTSUP ? -errno : 0;
}

static bool is_carried(const char *name, bool same_bytes)
{
        static const char *const of_the_bytes[] = { XATTR_NAME_IMA, XATTR_NAME_EVM };

        return !string_in(name, of_the_bytes, ELEMENTSOF(of_the_bytes)) || (same_bytes && streq(name, XATTR_NAME_IMA));
}

static int carry_all(int from, int to, bool same_bytes)
{
        _cleanup_free_ char *names = NULL;
        bool acl = false;
        size_t size;
        int r = list_names(from, &names, &size);

        if (r < 0)
                return r;
        for (const char *name = names; name && name < names + size; name += strlen(name) + 1) {
                r = is_carried(name, same_bytes) ? carry_one(from, to, name) : 0;
                if (r < 0)
                        return r;
                acl = acl || streq(name, XATTR_NAME_POSIX_ACL_ACCESS);
        }
        return acl || fremovexattr(to, XATTR_NAME_POSIX_ACL_ACCESS) >= 0 || errno == ENODATA || errno == ENOTSUP
                       ? 0
                       : -errno;
}

int attributes_carry(int from, int to, bool same_bytes)
{
        struct stat a, b;
        int r;

        if (fstat(from, &a) < 0 || fstat(to, &b) < 0)
                return -errno;
        /* a file system without owners refuses to be given another one, and has the same for all */
        if ((a.st_uid != b.st_uid || a.st_gid != b.st_gid) && fchown(to, a.st_uid, a.st_gid) < 0)
                return -errno;
        r = carry_all(from, to, same_bytes);
        if (r < 0)
                return r;
        return fchmod(to, a.st_mode & 07777) < 0 ? -errno : 0;
}
