/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/bzimage.h"

#include <ctype.h>
#include <fcntl.h>

#include "base/io.h"

/* Linux Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header" */
#define BOOT_FLAG      0x1feU
#define HEADER_MAGIC   0x202U
#define PROTOCOL       0x206U
#define KERNEL_VERSION 0x20eU /* 0x200 less than where the text is; 0: there is none */
#define HEADER_END     0x210U
#define PROTOCOL_2_00  0x0200U

#define READ_MAX       (0x200U + UINT16_MAX + RELEASE_MAX) /* bytes; as far as such a text can reach */
#define RELEASE_MAX    255U /* bytes; the kernel's own bound is 64 (include/uapi/linux/utsname.h) */

static unsigned u16(const uint8_t *p)
{
        return p[0] | (unsigned) p[1] << 8;
}

int bzimage_release(int rfd, const char *path, char **ret)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_RDONLY);
        _cleanup_free_ uint8_t *header = fd < 0 ? NULL : malloc(READ_MAX);
        const char *text;
        size_t size = 0, n = 0, left;
        int r = fd < 0 ? fd : header ? read_some_at(fd, 0, header, READ_MAX, &size) : -ENOMEM;

        if (r < 0)
                return r == -EIO ? -ENOENT : r;
        if (size < HEADER_END || u16(header + BOOT_FLAG) != 0xaa55 || memcmp(header + HEADER_MAGIC, "HdrS", 4) != 0 ||
            u16(header + PROTOCOL) < PROTOCOL_2_00 || u16(header + KERNEL_VERSION) == 0)
                return -ENOENT;
        text = (const char *) header + MIN(0x200U + u16(header + KERNEL_VERSION), size);
        left = size - (size_t) (text - (const char *) header);
        while (n < MIN(left, (size_t) RELEASE_MAX) && isgraph((unsigned char) text[n]))
                n++;
        if (n == 0 || n == RELEASE_MAX)
                return -ENOENT;
        *ret = strndup(text, n);
        return *ret ? 0 : -ENOMEM;
}
