/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/table.h"

#include "base/array.h"

static AcpiTable unknown(const IommuVendor *vendor)
{
        return (AcpiTable){ .vendor = vendor,
                            .present = TRISTATE_UNKNOWN,
                            .readable = TRISTATE_UNKNOWN,
                            .checksum_ok = TRISTATE_UNKNOWN,
                            .sound = TRISTATE_UNKNOWN };
}

int iommu_tables_new(Facts *f)
{
        FOREACH_ARRAY(v, iommu_vendors, iommu_vendors_n) {
                AcpiTable *t = (*v)->signature ? array_grow(&f->tables, f->n_tables) : NULL;

                if (!(*v)->signature)
                        continue;
                if (!t)
                        return -ENOMEM;
                *t = unknown(*v);
                f->n_tables++;
        }
        return 0;
}

static int make_content(AcpiTable *t)
{
        t->content = calloc(1, t->vendor->content_size);
        t->done = t->vendor->done;
        return t->content ? 0 : -ENOMEM;
}

int iommu_table_read(AcpiTable *t, const void *data, size_t size)
{
        const AcpiHeader *header;
        int r = make_content(t);

        if (r >= 0)
                r = t->vendor->parse(data, size, t->content, &t->error);
        if (r == -ENOMEM)
                return r;
        header = t->content;
        t->readable = TRISTATE_YES;
        t->size = (uint32_t) size;
        t->length = header->length;
        t->checksum_ok = header->checksum_ok ? TRISTATE_YES : TRISTATE_NO;
        t->sound = r >= 0 ? TRISTATE_YES : TRISTATE_NO;
        return r;
}

int iommu_table_refuse(AcpiTable *t, size_t offset, const char *why)
{
        t->readable = TRISTATE_YES;
        t->checksum_ok = t->sound = TRISTATE_NO;
        acpi_error_set(&t->error, offset, "%s", why);
        return make_content(t);
}

int iommu_table_recognize(const void *data, size_t size, AcpiTable *ret)
{
        FOREACH_ARRAY(v, iommu_vendors, iommu_vendors_n) {
                AcpiTable t = unknown(*v);
                int r = iommu_table_read(&t, data, size);

                if (r >= 0 || r == -EBADMSG) {
                        t.present = TRISTATE_YES;
                        *ret = t;
                        return r;
                }
                acpi_table_done(&t);
                if (r != -EINVAL)
                        return r;
        }
        return -EINVAL;
}

const AcpiTable *iommu_table(const Facts *f)
{
        FOREACH_ARRAY(t, f->tables, f->n_tables)
                if (t->present == TRISTATE_YES)
                        return t;
        return NULL;
}

Tristate iommu_table_present(const Facts *f)
{
        Tristate present = f->n_tables > 0 ? TRISTATE_NO : TRISTATE_UNKNOWN;

        if (iommu_table(f))
                return TRISTATE_YES;
        FOREACH_ARRAY(t, f->tables, f->n_tables)
                present = MIN(present, t->present);
        return present;
}
