/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ibft.h"

enum {
        TABLE_LENGTH = 4, /* offsets in the table's header */
        CONTROL = 48,     /* where its header ends */
        OF_LENGTH = 2,    /* offsets in the header of a structure: its id is the first byte */
        OF_FLAGS = 5,
        FIRST_OFFSET = 8,  /* of the control structure: to the initiator, NICs and targets */
        NIC_FUNCTION = 96, /* of the NIC structure */
        NIC_LENGTH = 98,   /* as far as it is looked at */
        ID_CONTROL = 1,
        ID_NIC = 3,
        FLAG_VALID = 1,
};

static uint16_t le16(const uint8_t *p)
{
        return (uint16_t) (p[0] | p[1] << 8);
}

int ibft_next(const void *table, size_t size, size_t *iterator, PciAddr *ret)
{
        const uint8_t *t = table;
        size_t length, end;

        if (size < CONTROL + FIRST_OFFSET)
                return -EBADMSG;
        length = le16(t + TABLE_LENGTH) | (size_t) le16(t + TABLE_LENGTH + 2) << 16;
        end = CONTROL + le16(t + CONTROL + OF_LENGTH);
        if (length > size || end > length || t[CONTROL] != ID_CONTROL)
                return -EBADMSG;
        for (size_t at = CONTROL + FIRST_OFFSET + 2 * *iterator; at + 2 <= end; at += 2) {
                const size_t offset = le16(t + at);
                uint16_t function;

                ++*iterator;
                if (offset == 0 || offset + NIC_LENGTH > length || t[offset] != ID_NIC ||
                    !(t[offset + OF_FLAGS] & FLAG_VALID))
                        continue;
                function = le16(t + offset + NIC_FUNCTION);
                *ret = (PciAddr){ .bus = (uint8_t) (function >> 8),
                                  .slot = function >> 3 & 0x1f,
                                  .function = function & 7 };
                return 1;
        }
        return 0;
}
