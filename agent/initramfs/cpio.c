/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initramfs/cpio.h"

#include <ctype.h>
#include <sys/stat.h>

#include "base/parse.h"

/* The header of the "newc" format: six bytes of magic, then 13 numbers of eight hexadecimal digits. */
#define HEADER_BYTES 110U
#define N_NUMBERS    13U
enum { NUMBER_INODE, NUMBER_MODE, NUMBER_LINKS = 4, NUMBER_SIZE = 6, NUMBER_NAME_SIZE = 11 };

#define TRAILER "TRAILER!!!"

int cpio_init(CpioReader *c, int fd, uint64_t offset, uint64_t end)
{
        *c = (CpioReader){};
        return stream_init(&c->stream, fd, offset, end);
}

void cpio_done(CpioReader *c)
{
        stream_done(&c->stream);
}

/* To the first header of the next archive. 1: it comes next; 0: there is none. */
static int find_archive(CpioReader *c)
{
        Stream *s = &c->stream;

        for (;;) {
                int r = stream_skip_zeros(s);

                if (r < 0)
                        return r;
                if (r == 0) {
                        if (!stream_leave(s))
                                return 0;
                        continue;
                }
                if (*s->next == '0') /* the kernel goes by that as well, and wants archives at multiples of four */
                        return s->position % 4 == 0 ? 1 : -EBADMSG;
                r = s->unpacker ? -EBADMSG : stream_unpack(s);
                if (r < 0)
                        return r;
        }
}

static int parse_header(const char *header, uint32_t numbers[static N_NUMBERS])
{
        if (memcmp(header, "070701", 6) != 0 && memcmp(header, "070702", 6) != 0)
                return -EBADMSG;
        for (size_t i = 0; i < N_NUMBERS; i++) {
                uint32_t number = 0;

                for (const char *c = header + 6 + 8 * i; c < header + 6 + 8 * (i + 1); c++) {
                        if (!isxdigit((unsigned char) *c))
                                return -EBADMSG;
                        number = number << 4 | (uint32_t) (*c <= '9' ? *c - '0' : (*c | 0x20) - 'a' + 10);
                }
                numbers[i] = number;
        }
        return 0;
}

/* Content and names are filled up to a multiple of four; at the very end that may be missing. */
static int skip_padding(CpioReader *c, uint64_t behind)
{
        const unsigned char *unused;
        ssize_t n = 1;

        for (size_t left = (size_t) (-behind & 3); left > 0 && n > 0; left -= (size_t) n)
                n = stream_get(&c->stream, left, &unused);
        return n < 0 ? (int) n : 0;
}

static int skip_content(CpioReader *c)
{
        int r = stream_skip(&c->stream, c->left);

        if (r >= 0)
                r = skip_padding(c, c->size);
        c->size = c->left = 0;
        return r;
}

static int read_entry(CpioReader *c, CpioEntry *ret)
{
        uint32_t numbers[N_NUMBERS];
        char header[HEADER_BYTES];
        const char *name = c->name;
        size_t length;
        int r = stream_read(&c->stream, header, sizeof(header));

        if (r >= 0)
                r = parse_header(header, numbers);
        if (r < 0)
                return r;
        length = numbers[NUMBER_NAME_SIZE];
        if (length == 0 || length > CPIO_PATH_MAX)
                return -EBADMSG;
        if (S_ISLNK(numbers[NUMBER_MODE]) && numbers[NUMBER_SIZE] > CPIO_PATH_MAX)
                return -EBADMSG;
        r = stream_read(&c->stream, c->name, length);
        if (r >= 0)
                r = skip_padding(c, HEADER_BYTES + length);
        if (r < 0)
                return r;
        c->name[length] = 0;
        c->size = c->left = numbers[NUMBER_SIZE];
        while (startswith(name, "./") || name[0] == '/')
                name += name[0] == '/' ? 1 : 2;
        *ret = (CpioEntry){ .name = name,
                            .mode = numbers[NUMBER_MODE],
                            .inode = numbers[NUMBER_INODE],
                            .links = numbers[NUMBER_LINKS],
                            .size = numbers[NUMBER_SIZE] };
        return 0;
}

int cpio_next(CpioReader *c, CpioEntry *ret)
{
        int r = skip_content(c);

        while (r >= 0) {
                if (!c->inside) {
                        r = find_archive(c);
                        if (r <= 0)
                                return r;
                }
                r = read_entry(c, ret);
                if (r < 0)
                        return r;
                c->inside = !streq(c->name, TRAILER);
                if (c->inside)
                        return 1;
                r = skip_content(c);
        }
        return r;
}

int cpio_text(CpioReader *c, char *buf, size_t size)
{
        size_t n = (size_t) MIN(c->left, (uint64_t) size);
        int r = n < size ? stream_read(&c->stream, buf, n) : -EFBIG;

        if (r < 0)
                return r;
        c->left = 0;
        buf[n] = 0;
        return 0;
}

int cpio_hash(CpioReader *c, uint64_t *ret)
{
        uint64_t hash = FNV_START;

        while (c->left > 0) {
                const unsigned char *data;
                ssize_t n = stream_get(&c->stream, (size_t) MIN(c->left, (uint64_t) SIZE_MAX), &data);

                if (n <= 0)
                        return n < 0 ? (int) n : -EBADMSG;
                hash = fnv1a(hash, data, (size_t) n);
                c->left -= (uint64_t) n;
        }
        *ret = hash;
        return 0;
}
