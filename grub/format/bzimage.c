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

#define RELEASE_MAX    255U /* bytes; the kernel's own bound is 64 (include/uapi/linux/utsname.h) */

static unsigned u16(const uint8_t *p)
{
        return p[0] | (unsigned) p[1] << 8;
}

int bzimage_release(int rfd, const char *path, char **ret)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_RDONLY);
        uint8_t header[HEADER_END];
        char text[RELEASE_MAX + 1] = "";
        size_t n = 0;
        int r = fd < 0 ? fd : read_at(fd, 0, header, sizeof(header));

        if (r < 0)
                return r == -EBADMSG || r == -EIO ? -ENOENT : r;
        if (u16(header + BOOT_FLAG) != 0xaa55 || memcmp(header + HEADER_MAGIC, "HdrS", 4) != 0 ||
            u16(header + PROTOCOL) < PROTOCOL_2_00 || u16(header + KERNEL_VERSION) == 0)
                return -ENOENT;
        while (n < RELEASE_MAX && read_at(fd, 0x200U + u16(header + KERNEL_VERSION) + n, text + n, 1) >= 0 &&
               isgraph((unsigned char) text[n]))
                n++;
        if (n == 0 || n == RELEASE_MAX)
                return -ENOENT;
        *ret = strndup(text, n);
        return *ret ? 0 : -ENOMEM;
}
