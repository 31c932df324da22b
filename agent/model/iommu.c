/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu.h"

#include "array.h"
#include "parse.h"
#include "table.h"

static const char *const region_type_table[_REGION_TYPE_MAX] = {
        [REGION_DIRECT] = "direct",
        [REGION_DIRECT_RELAXABLE] = "direct-relaxable",
        [REGION_RESERVED] = "reserved",
        [REGION_MSI] = "msi",
};

static const char *const kernel_option_table[_KERNEL_OPTION_MAX] = {
        [KERNEL_INTEL_IOMMU] = "CONFIG_INTEL_IOMMU",
        [KERNEL_INTEL_IOMMU_DEFAULT_ON] = "CONFIG_INTEL_IOMMU_DEFAULT_ON",
        [KERNEL_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF] = "CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF",
        [KERNEL_AMD_IOMMU] = "CONFIG_AMD_IOMMU",
        [KERNEL_IRQ_REMAP] = "CONFIG_IRQ_REMAP",
        [KERNEL_IOMMUFD] = "CONFIG_IOMMUFD",
        [KERNEL_VFIO_DEVICE_CDEV] = "CONFIG_VFIO_DEVICE_CDEV",
};

DEFINE_STRING_TABLE(region_type, RegionType)
DEFINE_STRING_TO(kernel_option, KernelOption)

void iommu_groups_free(IommuGroup *groups, size_t n)
{
        FOREACH_ARRAY(g, groups, n) {
                free(g->type);
                free(g->regions);
        }
        free(groups);
}

/* One line without its newline. */
static int parse_region(const char *line, size_t length, ReservedRegion *ret)
{
        char buf[128], *word[3], *save = NULL;
        ReservedRegion region;
        int r;

        if (length >= sizeof(buf))
                return -EINVAL;
        memcpy(buf, line, length);
        buf[length] = 0;
        word[0] = strtok_r(buf, " ", &save);
        word[1] = strtok_r(NULL, " ", &save);
        word[2] = strtok_r(NULL, " ", &save);
        if (!word[0] || !word[1] || !word[2] || strtok_r(NULL, " ", &save))
                return -EINVAL;
        r = parse_u64(word[0], 0, &region.start);
        if (r >= 0)
                r = parse_u64(word[1], 0, &region.end);
        if (r < 0)
                return -EINVAL;
        region.type = region_type_from_string(word[2]);
        if (region.type < 0)
                region.type = REGION_RESERVED;
        *ret = region;
        return 0;
}

int reserved_regions_parse(const char *text, ReservedRegion **ret, size_t *ret_n)
{
        while (*text) {
                size_t n = strcspn(text, "\n");

                if (n > 0) {
                        ReservedRegion region = {}, *slot;
                        int r = parse_region(text, n, &region);

                        if (r < 0)
                                return r;
                        slot = array_grow(ret, *ret_n);
                        if (!slot)
                                return -ENOMEM;
                        *slot = region;
                        (*ret_n)++;
                }
                text += n + (text[n] != 0);
        }
        return 0;
}

void features_init(Features *f)
{
        *f = (Features){
                .interrupt_remapping = TRISTATE_UNKNOWN,
                .unsafe_interrupts = TRISTATE_UNKNOWN,
                .unsafe_configured = TRISTATE_UNKNOWN,
                .cpu_virtualization = TRISTATE_UNKNOWN,
                .hypervisor = TRISTATE_UNKNOWN,
                .secure_boot = TRISTATE_UNKNOWN,
                .denylist = TRISTATE_UNKNOWN,
        };
        for (KernelOption o = 0; o < _KERNEL_OPTION_MAX; o++)
                f->options[o] = TRISTATE_UNKNOWN;
}

unsigned linux_release_parse(const char *s)
{
        unsigned long major, minor;
        char *end;

        if (*s < '0' || *s > '9')
                return 0;
        major = strtoul(s, &end, 10);
        if (*end != '.' || end[1] < '0' || end[1] > '9')
                return 0;
        minor = strtoul(end + 1, NULL, 10);
        return major > 0xffff || minor > 0xffff ? 0 : LINUX(major, minor);
}

void kernel_config_parse(const char *text, Tristate options[_KERNEL_OPTION_MAX])
{
        for (KernelOption o = 0; o < _KERNEL_OPTION_MAX; o++)
                options[o] = TRISTATE_NO;
        /* Lines that begin with a comment say no, and so does silence. */
        for (const char *line = text; line; line = strchr(line, '\n')) {
                const char *value;

                line += *line == '\n';
                if (!startswith(line, "CONFIG_"))
                        continue;
                for (KernelOption o = 0; o < _KERNEL_OPTION_MAX; o++) {
                        value = startswith(line, kernel_option_table[o]);
                        if (value && (startswith(value, "=y") || startswith(value, "=m")))
                                options[o] = TRISTATE_YES;
                }
        }
}
