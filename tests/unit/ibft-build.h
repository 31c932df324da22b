/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>
#include <string.h>

/* An iSCSI boot firmware table with one NIC structure, behind a control structure that has its offset in the third
 * place. */

#define IBFT_NIC  72U /* where the structure begins */
#define IBFT_SIZE (IBFT_NIC + 102U)

static inline void build_ibft(uint8_t table[static IBFT_SIZE], uint16_t function)
{
        static const uint8_t head[] = { 'i', 'B', 'F', 'T', IBFT_SIZE, 0, 0, 0, 1 }, control[] = { 1, 1, 20, 0, 0, 0 },
                             nic[] = { 3, 1, 102, 0, 0, 3 };

        memset(table, 0, IBFT_SIZE);
        memcpy(table, head, sizeof(head));
        memcpy(table + 48, control, sizeof(control));
        table[48 + 12] = IBFT_NIC;
        memcpy(table + IBFT_NIC, nic, sizeof(nic));
        table[IBFT_NIC + 96] = (uint8_t) function;
        table[IBFT_NIC + 97] = (uint8_t) (function >> 8);
}
