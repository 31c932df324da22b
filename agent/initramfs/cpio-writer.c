/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initramfs/cpio-writer.h"

#include <sys/stat.h>

#define BLOCK 512U

static void put(CpioWriter *w, const void *data, size_t size)
{
        (void) fwrite(data, 1, size, w->out);
        w->offset += size;
}

static void put_padding(CpioWriter *w, unsigned multiple)
{
        static const char zeros[BLOCK];

        put(w, zeros, (size_t) (-w->offset % multiple));
}

/*
 * The header: inode, mode, owner, group, links, time, bytes of the content, device (two numbers), device that a node
 * stands for (two), bytes of the name with its NUL, checksum (of the format 070702 only).
 */
static void put_entry(CpioWriter *w, uint32_t inode, const char *name, mode_t mode, uint32_t links, const void *content,
                      uint32_t size)
{
        const uint32_t numbers[] = {
                inode, mode, 0, 0, links, 0, size, 0, 0, 0, 0, (uint32_t) strlen(name) + 1, 0,
        };

        put(w, "070701", 6);
        FOREACH_ARRAY(n, numbers, ELEMENTSOF(numbers)) {
                char digits[9];

                (void) snprintf(digits, sizeof(digits), "%08x", *n);
                put(w, digits, 8);
        }
        put(w, name, strlen(name) + 1);
        put_padding(w, 4);
        put(w, content, size);
        put_padding(w, 4);
}

int cpio_put(CpioWriter *w, const char *name, mode_t mode, const void *content, size_t size)
{
        if (size > UINT32_MAX)
                return -EFBIG;
        put_entry(w, ++w->inode, name, mode, S_ISDIR(mode) ? 2 : 1, content, (uint32_t) size);
        return 0;
}

void cpio_end(CpioWriter *w)
{
        put_entry(w, 0, "TRAILER!!!", 0, 1, "", 0);
        put_padding(w, BLOCK);
}
