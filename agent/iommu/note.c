/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/note.h"

#include <stdarg.h>

#include "base/array.h"
#include "base/text.h"

void firmware_note_list_done(FirmwareNoteList *l)
{
        FOREACH_ARRAY(n, l->items, l->n)
                free(n->text);
        free(l->items);
        *l = (FirmwareNoteList){};
}

int firmware_note_add(FirmwareNoteList *l, uint32_t offset, bool wrong, const char *format, ...)
{
        FirmwareNote *n = array_grow(&l->items, l->n);
        char *text;
        va_list ap;
        int r;

        if (!n)
                return -ENOMEM;
        va_start(ap, format);
        r = string_vprintf(&text, format, ap);
        va_end(ap);
        if (r < 0)
                return -ENOMEM;
        *n = (FirmwareNote){ .offset = offset, .wrong = wrong, .text = text };
        l->n++;
        return 0;
}

const FirmwareNote *firmware_note_first_wrong(const FirmwareNoteList *l, size_t *ret_n)
{
        const FirmwareNote *first = NULL;

        *ret_n = 0;
        FOREACH_ARRAY(n, l->items, l->n)
                if (n->wrong) {
                        first = first ?: n;
                        (*ret_n)++;
                }
        return first;
}
