/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/pci-names.h"

#include "base/parse.h"

/* What the lines with a tabulator in front belong to. */
typedef enum Section {
        SECTION_OTHER, /* a class, or a kind of list that is not known here */
        SECTION_WANTED,
        SECTION_UNWANTED,
} Section;

static int compare_ids(const void *a, const void *b)
{
        const PciId *x = a, *y = b;

        return x->vendor != y->vendor ? x->vendor - y->vendor : x->device - y->device;
}

static int compare_vendors(const void *a, const void *b)
{
        return ((const PciId *) a)->vendor - ((const PciId *) b)->vendor;
}

/* Four digits and a blank. */
static bool take_number(const char *s, uint16_t *ret)
{
        char digits[5] = "";
        uint32_t value;

        if (span_hex(s) != 4 || s[4] != ' ')
                return false;
        memcpy(digits, s, 4);
        if (parse_u32(digits, 16, &value) < 0)
                return false;
        *ret = (uint16_t) value;
        return true;
}

static bool is_wanted(const char *line, const PciId *ids, size_t n, PciId *at, Section *section)
{
        if (*line == '#' || *line == '\n')
                return false;
        if (*line == '\t')
                return *section == SECTION_OTHER || (*section == SECTION_WANTED && take_number(line + 1, &at->device) &&
                                                     bsearch(at, ids, n, sizeof(*ids), compare_ids));
        if (!take_number(line, &at->vendor))
                *section = SECTION_OTHER;
        else if (n > 0 && bsearch(at, ids, n, sizeof(*ids), compare_vendors))
                *section = SECTION_WANTED;
        else
                *section = SECTION_UNWANTED;
        return *section != SECTION_UNWANTED;
}

int pci_names_reduce(const char *text, PciId *ids, size_t n, char **ret)
{
        char *kept = malloc(strlen(text) + 1);
        Section section = SECTION_OTHER;
        PciId at = {};
        size_t done = 0;

        if (!kept)
                return -ENOMEM;
        if (n > 0)
                qsort(ids, n, sizeof(*ids), compare_ids);
        while (*text) {
                const char *end = strchrnul(text, '\n');
                size_t size = (size_t) (end - text) + (*end != 0);

                if (is_wanted(text, ids, n, &at, &section)) {
                        memcpy(kept + done, text, size);
                        done += size;
                }
                text += size;
        }
        kept[done] = 0;
        *ret = kept;
        return 0;
}
