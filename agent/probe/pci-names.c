/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/pci-names.h"

#include <unistd.h>

#include "base/parse.h"

/* Of a list of names that is still believed to be one; the real one has a MiB and a half. */
#define NAMES_MAX_BYTES (16U * 1024 * 1024)

/* More than any line of a list of names has. */
#define BLOCK_BYTES     (64U * 1024)

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

/* What of a list has been read and not yet been looked at; in blocks, since fresh memory for all of it costs more than
 * the reading does. */
typedef struct Block {
        char *text; /* BLOCK_BYTES */
        size_t n;
        Section section;
        PciId at;
} Block;

/* Its whole lines; at the end of the list, the last one need not be whole. What is left over is moved to the front. */
static int block_reduce(Block *block, bool last, const PciId *ids, size_t n, FILE *to)
{
        size_t done = 0;

        while (done < block->n) {
                const char *line = block->text + done, *end = memchr(line, '\n', block->n - done);
                size_t size = end ? (size_t) (end - line) + 1 : block->n - done;

                if (!end && !last)
                        break;
                errno = EIO;
                if (is_wanted(line, ids, n, &block->at, &block->section) && fwrite(line, 1, size, to) != size)
                        return negative_errno();
                done += size;
        }
        if (done == 0 && block->n == BLOCK_BYTES)
                return -EBADMSG;
        block->n -= done;
        memmove(block->text, block->text + done, block->n);
        return 0;
}

int pci_names_reduce(int fd, PciId *ids, size_t n, FILE *to)
{
        _cleanup_free_ char *text = malloc(BLOCK_BYTES + 1);
        Block block = { .text = text };
        size_t total = 0;

        if (!text)
                return -ENOMEM;
        if (n > 0)
                qsort(ids, n, sizeof(*ids), compare_ids);
        for (;;) {
                ssize_t k = read(fd, text + block.n, BLOCK_BYTES - block.n);
                int r;

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                total += (size_t) k;
                if (memchr(text + block.n, 0, (size_t) k) || total > NAMES_MAX_BYTES)
                        return -EBADMSG;
                block.n += (size_t) k;
                text[block.n] = 0;
                r = block_reduce(&block, k == 0, ids, n, to);
                if (r < 0 || k == 0)
                        return r;
        }
}
