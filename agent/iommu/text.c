/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/text.h"

#include <inttypes.h>

void text_bytes(FILE *f, uint64_t n)
{
        static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
        size_t i = 0;

        while (i + 1 < ELEMENTSOF(units) && n > 0 && n % 1024 == 0) {
                n /= 1024;
                i++;
        }
        fprintf(f, "%" PRIu64 " %s", n, n == 1 && i == 0 ? "byte" : units[i]);
}

void text_flags(FILE *f, uint32_t flags, const TextFlag *texts, size_t n)
{
        FOREACH_ARRAY(t, texts, n)
                if (flags & t->bit)
                        fprintf(f, "  %-26s %s\n", t->name, t->text);
}

void text_flag_names(FILE *f, const char *what, uint32_t flags, const TextFlag *texts, size_t n)
{
        const char *separator = "";

        fprintf(f, TEXT_INDENT "%s: ", what);
        FOREACH_ARRAY(t, texts, n)
                if (flags & t->bit) {
                        fprintf(f, "%s%s", separator, t->text ?: t->name);
                        separator = ", ";
                }
        fputs(*separator ? "\n" : "none\n", f);
}
