/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pciserial.h"

/* PCI Express Base Specification 6.0, 7.6.3 and 7.9.3 */
#define EXTENDED_START   0x100U
#define EXTENDED_END     0x1000U
#define EXTENDED_SERIAL  0x0003U

/* Each capability has 4 bytes at least, and a chain that is longer than all of them runs in a circle. */
#define CAPABILITIES_MAX ((EXTENDED_END - EXTENDED_START) / 8U)

static int read_serial(PciConfigReader read, void *userdata, unsigned offset, char *ret)
{
        uint32_t low, high;
        int r = read(userdata, offset + 4, &low);

        if (r >= 0)
                r = read(userdata, offset + 8, &high);
        if (r < 0)
                return r;
        if ((low == 0 && high == 0) || (low == UINT32_MAX && high == UINT32_MAX))
                return -ENOENT;
        (void) snprintf(ret, PCI_SERIAL_TEXT_MAX, "%02x-%02x-%02x-%02x-%02x-%02x-%02x-%02x", high >> 24,
                        high >> 16 & 0xff, high >> 8 & 0xff, high & 0xff, low >> 24, low >> 16 & 0xff, low >> 8 & 0xff,
                        low & 0xff);
        return 0;
}

int pci_serial_find(PciConfigReader read, void *userdata, char ret[static PCI_SERIAL_TEXT_MAX])
{
        unsigned offset = EXTENDED_START;

        for (unsigned n = 0; n < CAPABILITIES_MAX && offset >= EXTENDED_START && offset <= EXTENDED_END - 12; n++) {
                uint32_t header;
                int r = read(userdata, offset, &header);

                if (r < 0)
                        return r;
                if (header == 0 || header == UINT32_MAX)
                        return -ENOENT;
                if ((header & 0xffffU) == EXTENDED_SERIAL)
                        return read_serial(read, userdata, offset, ret);
                offset = header >> 20 & 0xffcU;
        }
        return -ENOENT;
}

bool pci_serial_valid(const char *text)
{
        size_t n = 0;

        for (; text && text[n]; n++)
                if (n % 3 == 2 ? text[n] != '-' : !strchr("0123456789abcdef", text[n]))
                        return false;
        return n == PCI_SERIAL_TEXT_MAX - 1;
}
