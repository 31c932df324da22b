/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/vfio-user.h"

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"

/* The device files that lead to it: that of its group, and its own (Linux Documentation/driver-api/vfio.rst). */
static int list_files(int rfd, const PciFunction *p, StringList *ret)
{
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_free_ char *path = NULL;
        int r = p->group == PCI_GROUP_NONE ? 0 : string_list_addf(ret, "/dev/vfio/%d", p->group);

        if (r < 0 || string_printf(&path, NAME_SYS_PCI_DEVICES "/%s/vfio-dev", PCI_ADDR_TEXT(p->addr)) < 0)
                return -ENOMEM;
        r = root_list(rfd, path, NULL, &names);
        if (r < 0)
                return r == -ENOMEM ? r : 0; /* none: a kernel before 6.1, or not on a driver of VFIO */
        FOREACH_ARRAY(name, names.items, names.n)
                if (string_list_addf(ret, "/dev/vfio/devices/%s", *name) < 0)
                        return -ENOMEM;
        return 0;
}

/* Returns 1: it has one of the files open; 0: no, or it has ended; -ENOMEM. */
static int has_open(int rfd, const char *process, const StringList *files)
{
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_free_ char *directory = NULL;
        int r;

        if (string_printf(&directory, "/proc/%s/fd", process) < 0)
                return -ENOMEM;
        r = root_list(rfd, directory, NULL, &names);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_free_ char *path = NULL, *target = NULL;

                if (string_printf(&path, "%s/%s", directory, *name) < 0)
                        return -ENOMEM;
                r = root_readlink(rfd, path, &target);
                if (r == -ENOMEM)
                        return r;
                FOREACH_ARRAY(file, files->items, r < 0 ? 0 : files->n)
                        if (streq(target, *file))
                                return 1;
        }
        return 0;
}

static int add_user(int rfd, const char *process, StringList *ret)
{
        _cleanup_free_ char *path = NULL;
        char name[64];

        if (string_printf(&path, "/proc/%s/comm", process) < 0)
                return -ENOMEM;
        if (root_read_attr(rfd, path, name, sizeof(name)) < 0)
                return string_list_addf(ret, "process %s", process);
        return string_list_addf(ret, "%s (process %s)", name, process);
}

int vfio_users(int rfd, const PciFunction *p, StringList *ret)
{
        _cleanup_(string_list_done) StringList files = {}, processes = {};
        int r = list_files(rfd, p, &files);

        if (r >= 0)
                r = root_list(rfd, "/proc", NULL, &processes);
        for (size_t i = 0; r >= 0 && i < processes.n; i++) {
                if (processes.items[i][strspn(processes.items[i], "0123456789")])
                        continue;
                r = has_open(rfd, processes.items[i], &files);
                if (r > 0)
                        r = add_user(rfd, processes.items[i], ret);
        }
        return r;
}
