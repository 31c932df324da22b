/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device-kind.h"

#include <strings.h>

struct DeviceKind {
        const char *name;
        uint32_t class; /* of 24 bits, those that count */
        uint32_t mask;
};

#define BASE     0xff0000U
#define SUBCLASS 0xffff00U
#define WHOLE    0xffffffU

/* Of the words for one class the first is shown. PCI Code and ID Assignment Specification 1.15, chapter 1. */
static const DeviceKind kinds[] = {
        { "gpu", 0x030000, BASE },          { "vga", 0x030000, SUBCLASS },
        { "display", 0x030000, BASE },      { "graphics", 0x030000, BASE },
        { "ethernet", 0x020000, SUBCLASS }, { "infiniband", 0x020700, SUBCLASS },
        { "wifi", 0x028000, SUBCLASS },     { "nic", 0x020000, BASE },
        { "network", 0x020000, BASE },      { "nvme", 0x010802, WHOLE },
        { "sata", 0x010600, SUBCLASS },     { "sas", 0x010700, SUBCLASS },
        { "raid", 0x010400, SUBCLASS },     { "scsi", 0x010000, SUBCLASS },
        { "storage", 0x010000, BASE },      { "disk", 0x010000, BASE },
        { "audio", 0x040300, SUBCLASS },    { "audio", 0x040100, SUBCLASS },
        { "sound", 0x040300, SUBCLASS },    { "sound", 0x040100, SUBCLASS },
        { "multimedia", 0x040000, BASE },   { "thunderbolt", 0x0c0340, WHOLE },
        { "usb", 0x0c0300, SUBCLASS },      { "firewire", 0x0c0000, SUBCLASS },
        { "serial", 0x070000, SUBCLASS },   { "accelerator", 0x120000, BASE },
        { "npu", 0x120000, BASE },          { "coprocessor", 0x0b4000, SUBCLASS },
        { "crypto", 0x100000, BASE },       { "sdcard", 0x080500, SUBCLASS },
        { "bridge", 0x060000, BASE },       { "smbus", 0x0c0500, SUBCLASS },
};

const DeviceKind *device_kind_by_name(const char *name)
{
        FOREACH_ARRAY(k, kinds, ELEMENTSOF(kinds))
                if (strcasecmp(k->name, name) == 0)
                        return k;
        return NULL;
}

const char *device_kind_name(size_t i)
{
        return i < ELEMENTSOF(kinds) ? kinds[i].name : NULL;
}

static bool matches(const DeviceKind *k, uint32_t class)
{
        return (class & k->mask) == k->class;
}

/* A word may have several rows. */
bool device_kind_has(const DeviceKind *kind, uint32_t class)
{
        FOREACH_ARRAY(k, kinds, ELEMENTSOF(kinds))
                if (streq(k->name, kind->name) && matches(k, class))
                        return true;
        return false;
}

const char *device_kind_of(uint32_t class)
{
        FOREACH_ARRAY(k, kinds, ELEMENTSOF(kinds))
                if (matches(k, class))
                        return k->name;
        return NULL;
}
