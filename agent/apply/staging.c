/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/staging.h"

#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "apply/settle.h"
#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "model/names.h"

/* Between directories of the same place names can be changed. */
typedef struct Place {
        unsigned major, minor; /* of the file system; a subvolume of btrfs has its own */
        uint64_t mount;
        uint32_t project;
} Place;

/* -EOPNOTSUPP: Linux 5.7 and older do not say which mount it is of. */
static int look(int fd, Place *ret)
{
        struct fsxattr attributes = {};
        struct statx st;

        if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
                return negative_errno();
        if (!(st.stx_mask & STATX_MNT_ID))
                return -EOPNOTSUPP;
        if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
                attributes.fsx_projid = 0;
        *ret = (Place){ st.stx_dev_major, st.stx_dev_minor, st.stx_mnt_id, attributes.fsx_projid };
        return 0;
}

static bool is_at(int rfd, const char *directory, const Place *place)
{
        _cleanup_close_ int fd = root_open(rfd, directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        Place p = {};

        return fd >= 0 && look(fd, &p) >= 0 && p.major == place->major && p.minor == place->minor &&
               p.mount == place->mount && p.project == place->project;
}

/* Nobody else can put a link or another file there. */
static bool is_ours(int rfd, const char *directory)
{
        struct stat st;

        return root_lstat(rfd, directory, &st) >= 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
               !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/* @ret: the directory, or NULL: it cannot be made, or not be used. 0; -ENOMEM. */
static int make(int rfd, const char *parent, const char *name, const Place *place, char **ret)
{
        _cleanup_free_ char *directory = path_join(streq(parent, "/") ? "" : parent, name);
        struct stat st;
        bool is_new;

        if (!directory)
                return -ENOMEM;
        if (!is_at(rfd, parent, place))
                return 0;
        is_new = root_lstat(rfd, directory, &st) == -ENOENT;
        if (is_new && root_mkdir_p(rfd, directory) < 0)
                return 0;
        if (!is_ours(rfd, directory) || !is_at(rfd, directory, place))
                return 0;
        if (is_new)
                settle_for_loader(rfd, directory);
        *ret = TAKE_PTR(directory);
        return 0;
}

/* The directory that all that is mounted there lies in. 0; -ENOMEM. */
static int find_top(int rfd, const char *directory, const Place *place, char **ret)
{
        char *top = strdup(directory);

        while (top && !streq(top, "/")) {
                char *up = path_directory(top);

                if (up && !is_at(rfd, up, place)) {
                        free(up);
                        break;
                }
                free(top);
                top = up;
        }
        *ret = top;
        return top ? 0 : -ENOMEM;
}

/* @ret: NULL: there is none. 0; -ENOMEM. */
static int find_directory(int rfd, const char *beside, char **ret)
{
        _cleanup_close_ int fd = root_open(rfd, beside, O_RDONLY | O_DIRECTORY);
        _cleanup_free_ char *top = NULL, *lost = NULL;
        struct statfs fs;
        Place place = {};
        int r;

        if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type == MSDOS_SUPER_MAGIC || look(fd, &place) < 0)
                return 0;
        r = make(rfd, "/var/lib", NAME_STAGING, &place, ret);
        if (r < 0 || *ret || !settle_has_journal(fd))
                return r;
        r = find_top(rfd, beside, &place, &top);
        if (r < 0)
                return r;
        lost = path_join(streq(top, "/") ? "" : top, "lost+found");
        r = lost ? make(rfd, lost, NAME_STAGING, &place, ret) : -ENOMEM;
        return r < 0 || *ret ? r : make(rfd, top, "." NAME_STAGING, &place, ret);
}

int staging_path(int rfd, const char *path, char **ret)
{
        _cleanup_free_ char *beside = path_directory(path), *directory = NULL;
        struct stat st;
        int r = beside ? 0 : -ENOMEM;

        if (r >= 0 && root_lstat(rfd, path, &st) >= 0)
                r = find_directory(rfd, beside, &directory);
        if (r < 0)
                return r;
        *ret = directory ? path_join(directory, strrchr(path, '/')) : strdup(path);
        return *ret ? 0 : -ENOMEM;
}

void staging_tidy(int rfd, const char *path)
{
        _cleanup_free_ char *directory = path_directory(path);

        if (directory && endswith(directory, "/" NAME_STAGING) && root_rmdir(rfd, directory) < 0)
                errno = 0; /* what it holds is told of, or somebody else's */
}

void staging_forget(int rfd)
{
        static const char *const directories[] = { "/." NAME_STAGING, NAME_BOOT "/." NAME_STAGING };

        for (size_t i = 0; i < ELEMENTSOF(directories); i++)
                if (root_rmdir(rfd, directories[i]) >= 0)
                        settle_for_loader(rfd, directories[i]);
                else
                        errno = 0;
}
