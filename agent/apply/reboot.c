/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/reboot.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include "apply/step.h"
#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "model/reboots.h"

#define REBOOT_LIMIT   60 /* seconds until systemctl has told the service manager */

/* Not in linux/magic.h of every release, under names of our own: fs/bcachefs, fs/jfs/jfs_superblock.h, OpenZFS
 * include/sys/zfs_vfsops_os.h. */
#define BCACHEFS_MAGIC 0xca451a4eU
#define JFS_MAGIC      0x3153464aU
#define ZFS_MAGIC      0x2fc12fc1U
#define XFS_MAGIC      0x58465342U

/* What was written there is there in the next boot. Memory is no disk, and what lies below an overlay nobody tells. */
static bool lasts(int fd)
{
        static const unsigned long kinds[] = { EXT4_SUPER_MAGIC,  XFS_MAGIC,        BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC,
                                               ZFS_MAGIC,         BCACHEFS_MAGIC,   JFS_MAGIC,         NFS_SUPER_MAGIC,
                                               NILFS_SUPER_MAGIC, MSDOS_SUPER_MAGIC };
        struct statfs fs;

        if (fstatfs(fd, &fs) < 0)
                return false;
        FOREACH_ARRAY(kind, kinds, ELEMENTSOF(kinds))
                if ((unsigned long) fs.f_type == *kind)
                        return true;
        return false;
}

/* 0; 1: it may be left out; negative errno; -ENOMEDIUM: what is written there may not last. */
static int write_place(int rfd, const char *place, const char *text)
{
        _cleanup_free_ char *directory = path_directory(place);
        bool optional = startswith(place, NAME_BOOT "/");
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (!directory)
                return -ENOMEM;
        r = optional ? 0 : root_mkdir_p(rfd, directory);
        if (r < 0)
                return r;
        fd = root_open(rfd, directory, O_RDONLY | O_DIRECTORY);
        if (fd < 0)
                return optional && fd == -ENOENT ? 1 : fd;
        if (!lasts(fd))
                return -ENOMEDIUM;
        r = root_file_replace(rfd, place, text, strlen(text), 0644);
        return optional && r == -EROFS ? 1 : r;
}

static void put_back(int rfd, const char *place, const char *text)
{
        if (!text)
                root_file_discard(rfd, place);
        else
                (void) !root_file_replace(rfd, place, text, strlen(text), 0644);
}

int apply_reboots_write(int rfd, const char *text, char **ret_failure)
{
        char *before[REBOOTS_PLACES] = {};
        size_t i;
        int r = 0;

        *ret_failure = NULL;
        for (i = 0; i < REBOOTS_PLACES && r >= 0; i++) {
                r = root_read_text(rfd, reboots_places[i], before + i);
                if (r >= 0 || r == -ENOENT || r == -ENOTDIR)
                        r = write_place(rfd, reboots_places[i], text);
        }
        if (r < 0) {
                const char *place = reboots_places[--i];
                int e = r;

                while (i-- > 0)
                        put_back(rfd, reboots_places[i], before[i]);
                r = e == -ENOMEDIUM ? string_printf(ret_failure, "%s lies on a file system that may forget it", place)
                                    : string_printf(ret_failure, "%s could not be written: %s", place, strerror(-e));
        }
        FOREACH_ARRAY(b, before, ELEMENTSOF(before))
                free(*b);
        return MIN(r, 0);
}

int apply_reboot(int rfd, int lock, bool boot, char **ret_failure)
{
        const ApplyOptions o = { .rfd = rfd, .live = true, .lock = lock };
        char *argv[] = { (char *) "systemctl", (char *) (boot ? "--no-block" : "--check-inhibitors=yes"),
                         (char *) "reboot", NULL };
        _cleanup_free_ char *tail = NULL;
        int r = command_run(&o, argv, NULL, REBOOT_LIMIT, &tail);

        *ret_failure = NULL;
        if (r >= 0 || r == -ENOMEM)
                return MIN(r, 0);
        return string_printf(ret_failure, "systemctl reboot: %s%s%s", command_failure(r), tail && *tail ? ": " : "",
                             tail ?: "");
}
