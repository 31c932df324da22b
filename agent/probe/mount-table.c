/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/mount-table.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>

#include "base/io.h"
#include "base/text.h"

/* Ten thousand mounts of containers have some two MiB, and a mount takes its options from one page. */
#define TABLE_MAX_BYTES (8U * 1024 * 1024)
#define LINE_MAX_BYTES  (64U * 1024)

LAZY_NOTE("mount", "which disks the system lives on: without it no disk controller is claimed", "required",
          "libmount.so.1");

LAZY_FUNCTION(mnt_new_table);
LAZY_FUNCTION(mnt_unref_table);
LAZY_FUNCTION(mnt_table_parse_stream);
LAZY_FUNCTION(mnt_free_iter);

LAZY_DEFINE(mnt_table_next_fs);
LAZY_DEFINE(mnt_new_iter);
LAZY_DEFINE(mnt_fs_get_source);
LAZY_DEFINE(mnt_fs_get_target);
LAZY_DEFINE(mnt_fs_get_root);
LAZY_DEFINE(mnt_fs_get_fstype);
LAZY_DEFINE(mnt_fs_get_devno);
LAZY_DEFINE(mnt_fs_get_fs_options);
LAZY_DEFINE(mnt_fs_get_option);
LAZY_DEFINE(mnt_optstr_next_option);

int mount_table_load(void)
{
        static const LazySymbol symbols[] = {
                LAZY_SYMBOL(mnt_new_table),          LAZY_SYMBOL(mnt_unref_table),
                LAZY_SYMBOL(mnt_table_parse_stream), LAZY_SYMBOL(mnt_free_iter),
                LAZY_SYMBOL(mnt_table_next_fs),      LAZY_SYMBOL(mnt_new_iter),
                LAZY_SYMBOL(mnt_fs_get_source),      LAZY_SYMBOL(mnt_fs_get_target),
                LAZY_SYMBOL(mnt_fs_get_root),        LAZY_SYMBOL(mnt_fs_get_fstype),
                LAZY_SYMBOL(mnt_fs_get_devno),       LAZY_SYMBOL(mnt_fs_get_fs_options),
                LAZY_SYMBOL(mnt_fs_get_option),      LAZY_SYMBOL(mnt_optstr_next_option),
        };

        return lazy_load("libmount.so.1", symbols, ELEMENTSOF(symbols));
}

/* libmount goes through a line once for each of its fields, and reads until a file ends: neither is left to chance. */
static int read_table_text(int rfd, const char *path, char **ret)
{
        _cleanup_free_ char *text = NULL;
        int r = root_read_file(rfd, path, TABLE_MAX_BYTES, &text, NULL);

        if (r < 0)
                return r;
        for (const char *line = text; *line; line = text_next_line(line))
                if (strcspn(line, "\n") > LINE_MAX_BYTES)
                        return -EBADMSG;
        *ret = TAKE_PTR(text);
        return 0;
}

int mount_table_read(int rfd, const char *path, struct libmnt_table **ret, bool *ret_is_procfs)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_PATH);
        _cleanup_(mount_table_freep) struct libmnt_table *table = NULL;
        _cleanup_fclose_ FILE *file = NULL;
        _cleanup_free_ char *text = NULL;
        struct statfs st;
        int r;

        if (fd < 0)
                return fd;
        if (fstatfs(fd, &st) < 0)
                return -errno;
        r = read_table_text(rfd, path, &text);
        if (r < 0)
                return r;
        table = sym_mnt_new_table();
        if (!table)
                return -ENOMEM;
        if (*text) { /* of an empty one fmemopen(3) makes no stream */
                file = fmemopen(text, strlen(text), "r");
                if (!file)
                        return -errno;
                if (sym_mnt_table_parse_stream(table, file, path) < 0)
                        return -EBADMSG;
        }
        if (ret_is_procfs)
                *ret_is_procfs = st.f_type == PROC_SUPER_MAGIC;
        *ret = TAKE_PTR(table);
        return 0;
}

/* "/boot/" in fstab is "/boot". */
static bool same_directory(const char *a, const char *b)
{
        size_t n = strlen(b);

        return strncmp(a, b, n) == 0 && a[n + strspn(a + n, "/")] == 0;
}

struct libmnt_fs *mount_table_line(struct libmnt_table *table, const char *target)
{
        _cleanup_(mount_iter_freep) struct libmnt_iter *iter = table ? sym_mnt_new_iter(MNT_ITER_FORWARD) : NULL;
        struct libmnt_fs *fs, *found = NULL;

        while (iter && sym_mnt_table_next_fs(table, iter, &fs) == 0) {
                const char *t = sym_mnt_fs_get_target(fs);

                if (t && same_directory(t, target))
                        found = fs;
        }
        return found;
}

void mount_table_freep(struct libmnt_table **t)
{
        if (*t)
                sym_mnt_unref_table(*t);
}

void mount_iter_freep(struct libmnt_iter **i)
{
        if (*i)
                sym_mnt_free_iter(*i);
}
