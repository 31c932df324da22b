/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "iommu/vendor.h"

/* The tables of firmware in which IOMMUs are described, whosever. */

/* Gives the facts a table of each vendor, with all of it unknown. 0 or -ENOMEM. */
int iommu_tables_new(Facts *f) _must_check_;

/**
 * iommu_table_read() - take in the bytes of a table
 * @t: of a vendor; all but "present" is filled.
 * Returns 0; -EBADMSG cut short or self-contradicting, and the content is what could be read; -EINVAL no table of this
 * vendor, and the content is empty; -ENOMEM. On the first two errors t->error says why.
 */
int iommu_table_read(AcpiTable *t, const void *data, size_t size) _must_check_;

/* The same for a table that nobody reads: its content is empty. 0 or -ENOMEM. */
int iommu_table_refuse(AcpiTable *t, size_t offset, const char *why) _must_check_;

/* Whosever table it is. @ret: released with acpi_table_done(). As iommu_table_read(), but for -EINVAL: nobody's. */
int iommu_table_recognize(const void *data, size_t size, AcpiTable *ret) _must_check_;

/* The table that counts on this machine; NULL: none is there. */
const AcpiTable *iommu_table(const Facts *f);

/* Is one there? */
Tristate iommu_table_present(const Facts *f);

/* Its content; NULL: none is there, or it is not readable. */
static inline const void *iommu_table_content(const Facts *f)
{
        const AcpiTable *t = iommu_table(f);

        return t ? acpi_table_content(t) : NULL;
}
