/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pcispelling.h"

#include "parse.h"

#define PARTS_MAX 4U

/* The numbers of a spelling, as they stand there. */
typedef struct Parts {
        char text[PARTS_MAX][9]; /* digits, without "0x" */
        size_t n;
        bool has_function; /* the last one stood behind a dot */
} Parts;

/* Takes one number and leaves the separator behind it. -EINVAL: no number, or a longer one than any that is meant. */
static int take_part(const char **s, Parts *parts)
{
        size_t n;

        if (parts->n == PARTS_MAX)
                return -EINVAL;
        if ((*s)[0] == '0' && ((*s)[1] == 'x' || (*s)[1] == 'X'))
                *s += 2;
        n = span_hex(*s);
        if (n == 0 || n >= sizeof(parts->text[0]))
                return -EINVAL;
        memcpy(parts->text[parts->n], *s, n);
        parts->text[parts->n][n] = 0;
        parts->n++;
        *s += n;
        return 0;
}

static int number(const Parts *parts, size_t i, unsigned base, uint32_t max, uint32_t *ret)
{
        uint32_t value;
        int r = parse_u32(parts->text[i], base, &value);

        if (r >= 0 && value > max)
                return -ERANGE;
        if (r >= 0)
                *ret = value;
        return r;
}

/* Domain, bus and slot, or the last two, and the function where it is said. */
static int to_addr(const Parts *parts, unsigned base, bool has_function, PciAddr *ret)
{
        size_t first = parts->n - has_function - 2;
        uint32_t domain = 0, bus, slot, function = 0;
        int r = 0;

        if (first > 0)
                r = number(parts, 0, base, UINT32_MAX, &domain);
        if (r >= 0)
                r = number(parts, first, base, UINT8_MAX, &bus);
        if (r >= 0)
                r = number(parts, first + 1, base, 0x1f, &slot);
        if (r >= 0 && has_function)
                r = number(parts, parts->n - 1, base, 7, &function);
        if (r < 0)
                return r;
        *ret = (PciAddr){ domain, (uint8_t) bus, (uint8_t) slot, (uint8_t) function };
        return 0;
}

static int to_id(const Parts *parts, PciSpelling *ret)
{
        uint32_t vendor, device = 0;
        int r = number(parts, 0, 16, UINT16_MAX, &vendor);

        if (r >= 0 && parts->n > 1)
                r = number(parts, 1, 16, UINT16_MAX, &device);
        if (r < 0)
                return r;
        *ret = (PciSpelling){ .kind = parts->n > 1 ? PCI_SPELLING_ID : PCI_SPELLING_VENDOR,
                              .id = { (uint16_t) vendor, (uint16_t) device } };
        return 0;
}

/* Ids always have four digits, a bus and a slot at most two. */
static bool looks_like_id(const Parts *parts)
{
        return strlen(parts->text[0]) == 4 && (parts->n == 1 || strlen(parts->text[1]) == 4);
}

static int parse_colons(const char *s, PciSpelling *ret)
{
        Parts parts = {};
        PciSpelling spelling = {};
        int r;

        for (;;) {
                r = take_part(&s, &parts);
                if (r < 0)
                        return r;
                if (*s == 0)
                        break;
                if (parts.has_function || (*s != ':' && *s != '.'))
                        return -EINVAL;
                parts.has_function = *s++ == '.';
                if (parts.n == 1 && *s == 0 && looks_like_id(&parts) && !parts.has_function)
                        return to_id(&parts, ret);
        }
        if (!parts.has_function && parts.n == 2 && looks_like_id(&parts))
                return to_id(&parts, ret);
        if (parts.n < 2U + parts.has_function || parts.n > 3U + parts.has_function)
                return -EINVAL;
        spelling.kind = parts.has_function ? PCI_SPELLING_FUNCTION : PCI_SPELLING_SLOT;
        r = to_addr(&parts, 16, parts.has_function, &spelling.addr);
        if (r >= 0)
                *ret = spelling;
        return r;
}

/* Does it look as libvirt writes hexadecimal numbers, with all their digits? */
static bool is_padded(const Parts *parts)
{
        return strlen(parts->text[0]) >= 4 && strlen(parts->text[1]) == 2 && strlen(parts->text[2]) == 2;
}

static int parse_libvirt(const char *s, PciSpelling *ret)
{
        PciSpelling spelling = { .kind = PCI_SPELLING_FUNCTION };
        Parts parts = {};
        int r, d;

        do {
                r = take_part(&s, &parts);
                if (r < 0)
                        return r;
        } while (*s++ == '_');
        if (s[-1] != 0)
                return -EINVAL;
        if (parts.n == 2 && looks_like_id(&parts))
                return to_id(&parts, ret);
        if (parts.n != PARTS_MAX)
                return -EINVAL;
        r = to_addr(&parts, 16, true, &spelling.addr);
        d = is_padded(&parts) ? -EINVAL : to_addr(&parts, 10, true, &spelling.decimal);
        spelling.has_decimal = d >= 0 && (r < 0 || !pci_addr_equal(spelling.addr, spelling.decimal));
        if (r < 0 && spelling.has_decimal) {
                spelling.addr = spelling.decimal;
                spelling.has_decimal = false;
                r = 0;
        }
        if (r >= 0)
                *ret = spelling;
        return r;
}

/* The last component of a path that is a function: what hangs below it is meant by it. */
static int parse_path(const char *path, PciSpelling *ret)
{
        PciAddr addr;
        bool found = false;

        for (const char *s = path; *s; s += *s == '/') {
                size_t n = strcspn(s, "/");
                char component[PCI_ADDR_TEXT_MAX];

                if (n < sizeof(component)) {
                        memcpy(component, s, n);
                        component[n] = 0;
                        found = pci_addr_parse(component, &addr) >= 0 || found;
                }
                s += n;
        }
        if (!found)
                return -EINVAL;
        *ret = (PciSpelling){ .kind = PCI_SPELLING_FUNCTION, .addr = addr };
        return 0;
}

int pci_spelling_parse(const char *text, PciSpelling *ret)
{
        const char *libvirt = startswith(text, "pci_");

        if (strchr(text, '/'))
                return parse_path(text, ret);
        return libvirt ? parse_libvirt(libvirt, ret) : parse_colons(text, ret);
}
