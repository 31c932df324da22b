/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/zfs-pool.h"

#include "base/io.h"
#include "base/text.h"
#include "probe/block-device.h"

int zfs_imported(int rfd, StringList *ret)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(rfd, NAME_ZFS_KSTAT, NULL, &names);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_free_ char *path = path_join(NAME_ZFS_KSTAT, *name);
                struct stat st;

                if (!path)
                        return -ENOMEM;
                if (root_stat(rfd, path, &st) < 0 || !S_ISDIR(st.st_mode))
                        continue;
                r = string_list_add(ret, *name);
                if (r < 0)
                        return r;
        }
        return 0;
}

int zfs_members(int rfd, const char *pool, StringList *ret, bool *ret_refused)
{
        BlockValue values[] = { { "TYPE", "zfs_member" }, { "LABEL", pool }, {} };
        _cleanup_free_ char *attr = NULL;
        char guid[32];
        int r;

        if (string_printf(&attr, NAME_ZFS_KSTAT "/%s/guid", pool) < 0)
                return -ENOMEM;
        r = root_read_attr(rfd, attr, guid, sizeof(guid)); /* OpenZFS 2.1 */
        if (r == -ENOMEM)
                return r;
        if (r >= 0 && guid[0] != 0 && guid[strspn(guid, "0123456789")] == 0)
                values[2] = (BlockValue){ "UUID", guid };
        return block_find(rfd, values, values[2].name ? 3 : 2, ret, ret_refused);
}

int zfs_helpers(int rfd, StringList *ret, bool *ret_refused)
{
        static const BlockValue values[] = { { "TYPE", "zfs_member" }, { "LABEL", NULL } };

        return block_find(rfd, values, ELEMENTSOF(values), ret, ret_refused);
}
