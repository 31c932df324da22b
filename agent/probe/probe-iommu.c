/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include "base/io.h"
#include "iommu/table.h"
#include "model/names.h"

static int read_table(int rfd, AcpiTable *t)
{
        char path[sizeof(NAME_SYS_ACPI_TABLES "/") + 8];
        _cleanup_free_ char *data = NULL;
        size_t size;
        int r;

        (void) snprintf(path, sizeof(path), NAME_SYS_ACPI_TABLES "/%.4s", t->vendor->signature);
        t->present = probe_exists(rfd, path);
        if (t->present != TRISTATE_YES)
                return 0;
        r = root_read_file(rfd, path, ACPI_TABLE_MAX_BYTES, &data, &size);
        if (r == -ENOMEM)
                return r;
        if (r == -EFBIG)
                return iommu_table_refuse(t, ACPI_TABLE_MAX_BYTES,
                                          "the table does not end here, which no real one reaches");
        if (r < 0) { /* mode 0400 in sysfs: a check without root rights ends here */
                t->readable = TRISTATE_NO;
                return 0;
        }
        r = iommu_table_read(t, data, size);
        return r == -ENOMEM ? r : 0;
}

int facts_gather_firmware(int rfd, Facts *f)
{
        int r = iommu_tables_new(f);

        f->acpi = probe_exists(rfd, NAME_SYS_ACPI);
        /* Without any sysfs, as in the root of an image, nothing can be said about the machine. */
        if (f->acpi == TRISTATE_NO && probe_exists(rfd, NAME_SYS_BUS) != TRISTATE_YES)
                f->acpi = TRISTATE_UNKNOWN;
        if (f->acpi != TRISTATE_YES || probe_exists(rfd, NAME_SYS_ACPI_TABLES) != TRISTATE_YES)
                return r;
        for (size_t i = 0; r >= 0 && i < f->n_tables; i++)
                r = read_table(rfd, f->tables + i);
        return r;
}

static int count_name(void *userdata, const char *name)
{
        size_t *n = userdata;

        *n += name[0] != '.';
        return 0;
}

/*
 * Directories in a directory; -ENOENT and the like as they come. Each has a link to it as its parent, which is what
 * sysfs counts (Linux fs/kernfs/inode.c, kernfs_refresh_inode()). A file system that does not count has 1 there.
 */
static int count_directories(int rfd, const char *path, size_t *ret)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_RDONLY | O_DIRECTORY);
        struct stat st;
        size_t n = 0;
        int r;

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) >= 0 && st.st_nlink > 2) {
                *ret = (size_t) st.st_nlink - 2;
                return 0;
        }
        r = directory_each(fd, count_name, &n);
        if (r >= 0)
                *ret = n;
        return r;
}

/*
 * The class directory exists on every kernel with IOMMU support and is empty while the IOMMU is off; a group alone is
 * no proof (a no-IOMMU VFIO device gets one as well).
 */
static int probe_state(const Probe *p, Facts *f)
{
        int units, groups;

        units = root_list(p->rfd, NAME_SYS_IOMMU_CLASS, NULL, &f->iommu_units);
        if (units == -ENOMEM)
                return units;
        groups = count_directories(p->rfd, NAME_SYS_IOMMU_GROUPS, &f->n_groups);
        if (units >= 0 && groups >= 0)
                f->iommu_active = f->iommu_units.n > 0 && f->n_groups > 0 ? TRISTATE_YES : TRISTATE_NO;
        else if ((units >= 0 || units == -ENOENT) && (groups >= 0 || groups == -ENOENT) &&
                 probe_exists(p->rfd, NAME_SYS_BUS) == TRISTATE_YES)
                f->iommu_active = TRISTATE_NO; /* sysfs is there, this kernel just has no such directory */
        return 0;
}

static int probe_vendor(const Probe *p, Facts *f)
{
        _cleanup_close_ int fd = root_open(p->rfd, NAME_PROC_CPUINFO, O_RDONLY);
        char buf[1024]; /* the vendor is in the second line; the whole file has a block for each of up to thousands of
                           CPUs */
        const char *s;
        ssize_t n;

        if (fd < 0)
                return 0;
        n = read(fd, buf, sizeof(buf) - 1);
        if (n <= 0)
                return 0;
        buf[n] = 0;
        s = strstr(buf, "vendor_id");
        if (!s)
                return 0;
        s += strcspn(s, ":\n");
        s += strspn(s, ": \t");
        f->cpu_vendor = iommu_vendor_of_cpu(s);
        return 0;
}

int probe_iommu(const Probe *p, Facts *f)
{
        int r;

        r = facts_gather_firmware(p->rfd, f);
        if (r >= 0)
                r = probe_state(p, f);
        return r < 0 ? r : probe_vendor(p, f);
}
