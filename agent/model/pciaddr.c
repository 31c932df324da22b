/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pciaddr.h"

#include "parse.h"

/* Takes exactly min to max hexadecimal digits and the separator behind them (0: end of text). */
static int take_hex(const char **s, size_t min, size_t max, char separator, uint32_t *ret)
{
        size_t n = span_hex(*s);
        char digits[9];
        int r;

        if (n < min || n > max || n >= sizeof(digits) || (*s)[n] != separator)
                return -EINVAL;
        memcpy(digits, *s, n);
        digits[n] = 0;
        r = parse_u32(digits, 16, ret);
        if (r < 0)
                return r;
        *s += n + (separator != 0);
        return 0;
}

int pci_addr_parse(const char *s, PciAddr *ret)
{
        uint32_t domain = 0, bus, slot, function;
        const char *first = strchr(s, ':');
        int r = 0;

        if (first && strchr(first + 1, ':'))
                r = take_hex(&s, 4, 8, ':', &domain);
        if (r >= 0)
                r = take_hex(&s, 2, 2, ':', &bus);
        if (r >= 0)
                r = take_hex(&s, 2, 2, '.', &slot);
        if (r >= 0)
                r = take_hex(&s, 1, 1, 0, &function);
        if (r < 0)
                return r;
        if (slot > 0x1f || function > 7)
                return -ERANGE;
        *ret = (PciAddr){ domain, (uint8_t) bus, (uint8_t) slot, (uint8_t) function };
        return 0;
}

const char *pci_addr_format(PciAddr a, char buf[PCI_ADDR_TEXT_MAX])
{
        (void) snprintf(buf, PCI_ADDR_TEXT_MAX, "%04x:%02x:%02x.%x", a.domain, a.bus, a.slot & 0x1fU, a.function & 7U);
        return buf;
}

int pci_addr_compare(PciAddr a, PciAddr b)
{
        if (a.domain != b.domain)
                return a.domain < b.domain ? -1 : 1;
        return (a.bus << 8 | a.slot << 3 | a.function) - (b.bus << 8 | b.slot << 3 | b.function);
}

int pci_id_parse(const char *s, PciId *ret)
{
        uint32_t vendor, device;
        int r;

        r = take_hex(&s, 4, 4, ':', &vendor);
        if (r >= 0)
                r = take_hex(&s, 4, 4, 0, &device);
        if (r < 0)
                return r;
        *ret = (PciId){ (uint16_t) vendor, (uint16_t) device };
        return 0;
}

/* Length of "pciDDDD:BB" at the start of s, 0: it is none. */
static size_t span_root_bus(const char *s)
{
        const char *p = startswith(s, "pci");
        size_t n;

        if (!p)
                return 0;
        n = span_hex(p);
        if (n < 4 || n > 8 || p[n] != ':' || span_hex(p + n + 1) != 2)
                return 0;
        return (size_t) (p - s) + n + 3;
}

bool pci_path_valid(const char *s)
{
        size_t n = span_root_bus(s);
        bool ends_in_function = false;

        if (n == 0)
                return false;
        for (s += n; *s == '/'; s += n) {
                s++;
                n = span_root_bus(s);
                ends_in_function = n == 0;
                if (n > 0)
                        continue;
                if (span_hex(s) != 2 || s[2] != '.' || s[3] < '0' || s[3] > '7' || strtoul(s, NULL, 16) > 0x1f)
                        return false;
                n = 4;
        }
        return *s == 0 && ends_in_function;
}

int pci_path_from_sysfs(const char *target, char **ret)
{
        _cleanup_free_ char *path = calloc(1, strlen(target) + 1);
        const char *start = strstr(target, "/pci");
        size_t n = 0;

        if (!path)
                return -ENOMEM;
        /* on some platforms the host bridge is itself a platform or ACPI device: take the first real root bus */
        while (start && span_root_bus(start + 1) == 0)
                start = strstr(start + 1, "/pci");
        if (!start)
                return -EINVAL;
        for (const char *s = start + 1; *s;) {
                size_t k = strcspn(s, "/");
                const char *end = s + k;
                char text[PCI_ADDR_TEXT_MAX] = "";
                PciAddr a;

                if (span_root_bus(s) != k) {
                        memcpy(text, s, MIN(k, sizeof(text) - 1));
                        if (k >= sizeof(text) || pci_addr_parse(text, &a) < 0)
                                return -EINVAL;
                        s = end - strlen("SS.F");
                }
                if (n > 0)
                        path[n++] = '/';
                memcpy(path + n, s, (size_t) (end - s));
                n += (size_t) (end - s);
                s = end + (*end == '/');
        }
        if (!pci_path_valid(path))
                return -EINVAL;
        *ret = TAKE_PTR(path);
        return 0;
}
