/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/argument.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read prints as text that reads and prints as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *line = strndup(size > 0 ? (const char *) data : "", size), *text = NULL, *twice = NULL;
        _cleanup_(kargs_done) Kargs k = {}, again = {};
        const char *word;
        size_t from = 0;

        if (!line || kargs_parse(line, &k) < 0)
                return 0;
        text = kargs_print(&k);
        if (!text || kargs_parse(text, &again) < 0)
                return 0;
        twice = kargs_print(&again);
        if (!twice)
                return 0;
        if (!streq(text, twice) || k.words.n != again.words.n)
                abort();
        for (size_t v = 0; v <= iommu_vendors_n; v++) /* and nobody's */
                if ((iommu_argument(&k, v < iommu_vendors_n ? iommu_vendors[v] : NULL, &word) == IOMMU_ARGUMENT_NONE) !=
                    !word)
                        abort();
        while (kargs_next(&k, "iommu", &from))
                if (from > k.words.n)
                        abort();
        return 0;
}
