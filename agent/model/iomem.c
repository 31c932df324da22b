/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iomem.h"

/* Below this many levels all lines have the same indentation (Linux kernel/resource.c, MAX_IORES_LEVEL: 5, and more in
 * later kernels). */
#define LEVELS 5U

/* "  c0000000-c07e8fff : BOOTFB". Who is not root reads zeros for the numbers. */
static bool parse_range(char *line, IomemRange *ret)
{
        unsigned long long start, end;
        char *name = strstr(line, " : ");

        if (!name || sscanf(line, "%llx-%llx", &start, &end) != 2)
                return false;
        *ret = (IomemRange){ (unsigned) strspn(line, " ") / 2, start, end, name + strlen(" : ") };
        return true;
}

static bool is_holder(const char *name)
{
        static const char *const holders[] = { "BOOTFB",    "efifb",  "vesafb",  "simplefb",
                                               "simpledrm", "efidrm", "vesadrm", "ofdrm" };

        for (size_t i = 0; i < ELEMENTSOF(holders); i++)
                if (streq(holders[i], name))
                        return true;
        return false;
}

const char *iomem_next_framebuffer(IomemWalk *w, PciAddr *ret)
{
        for (char *line = strtok_r(NULL, "\n", &w->rest); line; line = strtok_r(NULL, "\n", &w->rest)) {
                IomemRange range;

                if (!parse_range(line, &range))
                        continue;
                if (pci_addr_parse(range.name, &w->function) >= 0) {
                        w->inside = true;
                        w->bar = range;
                } else if (range.level <= w->bar.level &&
                           !(range.level >= LEVELS && range.start >= w->bar.start && range.end <= w->bar.end))
                        w->inside = false;
                else if (w->inside && is_holder(range.name)) {
                        *ret = w->function;
                        return range.name;
                }
        }
        return NULL;
}
