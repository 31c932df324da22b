/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"

/* An attribute is a page at most (Linux fs/sysfs/file.c, sysfs_emit_at()), and a range takes 43 bytes of it: two of the
 * smallest pages have room for more ranges than there are. */
#define REGIONS_MAX_BYTES (8U * 1024)

static int compare_numbers(const void *a, const void *b)
{
        int32_t x = ((const IommuGroup *) a)->number, y = ((const IommuGroup *) b)->number;

        return (x > y) - (x < y);
}

/* The groups to look at, sorted, each once. */
static int collect(const Probe *p, Facts *f)
{
        size_t n = 0;

        FOREACH_ARRAY(i, f->functions, f->n_functions) {
                IommuGroup *g;

                if (i->group == PCI_GROUP_NONE || !probe_details(p, i->addr))
                        continue;
                g = array_grow(&f->groups, f->n_known_groups);
                if (!g)
                        return -ENOMEM;
                f->n_known_groups++;
                g->number = i->group;
        }
        if (f->n_known_groups == 0)
                return 0;
        qsort(f->groups, f->n_known_groups, sizeof(*f->groups), compare_numbers);
        FOREACH_ARRAY(g, f->groups, f->n_known_groups)
                if (n == 0 || f->groups[n - 1].number != g->number)
                        f->groups[n++] = *g;
        f->n_known_groups = n;
        return 0;
}

/* @groups_fd: their directory. */
static int read_group(const Probe *p, int groups_fd, IommuGroup *g)
{
        char path[3 * sizeof(int) + sizeof("/reserved_regions")], type[32];
        char text[REGIONS_MAX_BYTES];
        int r;

        (void) snprintf(path, sizeof(path), "%d/type", g->number);
        if (!p->this_boot && root_read_attr(groups_fd, path, type, sizeof(type)) >= 0) {
                r = string_copy(type, &g->type);
                if (r < 0)
                        return r;
        }
        (void) snprintf(path, sizeof(path), "%d/reserved_regions", g->number);
        r = root_read_attr(groups_fd, path, text, sizeof(text));
        if (r >= 0)
                r = reserved_regions_parse(text, &g->regions, &g->n_regions);
        g->regions_known = r >= 0;
        /* Every IOMMU keeps a range for interrupts, so only a group without any range can be one that VFIO made up, and
         * named (drivers/vfio/group.c, vfio_noiommu_group_alloc()). */
        (void) snprintf(path, sizeof(path), "%d/name", g->number);
        if (g->n_regions == 0 && root_read_attr(groups_fd, path, type, sizeof(type)) >= 0)
                g->unreal = streq(type, "vfio-noiommu");
        return probe_soft(r);
}

int probe_group(const Probe *p, Facts *f)
{
        _cleanup_close_ int groups_fd = -EBADF;
        int r = collect(p, f);

        if (r < 0 || f->n_known_groups == 0)
                return r;
        groups_fd = root_open(p->rfd, NAME_SYS_IOMMU_GROUPS, O_PATH | O_DIRECTORY);
        if (groups_fd < 0) /* no region of any is known then */
                return probe_soft(groups_fd);
        FOREACH_ARRAY(g, f->groups, f->n_known_groups) {
                r = read_group(p, groups_fd, g);
                if (r < 0)
                        return r;
        }
        return 0;
}
