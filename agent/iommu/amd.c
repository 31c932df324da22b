/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/ivrs-form.h"
#include "iommu/ivrs-map.h"
#include "iommu/rows.h"

/* AMD-Vi. */

static const IommuMistake mistakes[] = {
        { "on", "take it out: the AMD IOMMU is on without any argument" },
        { "pt", "take it out; where the host's own devices are to be passed through untranslated, say iommu=pt" },
};

/* parse_amd_iommu_options() of Linux drivers/iommu/amd/init.c in 5.10 and 6.12, and what is in Debian's
 * kernels 6.1, 6.12 and 7.2. There is no "on". */
static const IommuMember members[] = {
        { .value = "fullflush" },
        { .value = "force_enable" },
        { .value = "off" },
        { .value = "force_isolation" },
        { .value = "pgtbl_v1", .since = LINUX(6, 1) },
        { .value = "pgtbl_v2", .since = LINUX(6, 1) },
        { .value = "irtcachedis" },
        { .value = "nohugepages", .since = LINUX(6, 12) },
        { .value = "v2_pgsizes_only", .since = LINUX(6, 12) },
};

static const IommuKey key = {
        .key = "amd_iommu",
        .off = "off",
        .members = members,
        .n_members = ELEMENTSOF(members),
        .mistakes = mistakes,
        .n_mistakes = ELEMENTSOF(mistakes),
};

static const char *const cpus[] = { "AuthenticAMD", "HygonGenuine", NULL };

static int parse(const void *data, size_t size, void *ret, AcpiError *ret_error)
{
        return ivrs_parse(data, size, ret, ret_error);
}

static void done(void *content)
{
        ivrs_done(content);
}

static int note(const void *content, FirmwareNoteList *ret)
{
        return ivrs_note(content, ret);
}

static void text(FILE *f, const void *content)
{
        ivrs_text(f, content);
}

static void json(JsonPlace p, const void *content)
{
        ivrs_json(p, content);
}

static bool unit_of(const FirmwareMap *m, size_t function, FirmwareUnit *ret)
{
        return ivrs_map_unit(m->facts, m->table->content, function, ret);
}

static bool region(const FirmwareMap *m, size_t function, size_t *iterator, FirmwareRegion *ret)
{
        return ivrs_map_region(m->facts, m->table->content, function, iterator, ret);
}

static bool denies_remapping(const FirmwareMap *m)
{
        return ivrs_map_denies_remapping(m->table->content);
}

const IommuVendor iommu_amd = {
        .name = "AMD",
        .feature = "AMD-Vi",
        .setup = "AMD-Vi/IOMMU (AMD)",
        .device = "amd-iommu",
        .log = "AMD-Vi",
        .cpu_flag = "svm",
        .unit = "ivhd",
        .cpus = cpus,
        .driver = KERNEL_AMD_IOMMU,
        .always_on = true,
        .key = &key,
        .common = &iommu_key_x86,
        .signature = "IVRS",
        .content_size = sizeof(Ivrs),
        .needs_checksum = true, /* drivers/iommu/amd/init.c, check_ivrs_checksum() */
        .parse = parse,
        .done = done,
        .note = note,
        .text = text,
        .json = json,
        .unit_of = unit_of,
        .region = region,
        .denies_remapping = denies_remapping,
};
