/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "acpi-build.h"
#include "iommu/firmware.h"
#include "iommu/json.h"
#include "iommu/map.h"
#include "machine.h"
#include "model/names.h"
#include "probe/probe.h"
#include "tree.h"

/*
 * A made-up maker beside those that are known: a row is all that it takes. This program has its own table of vendors in
 * the place of agent/iommu/vendors.c.
 *
 * Its table is a header, then one byte each: slot of bus 0 from which on functions are translated for; slot that a page
 * is kept for; whether interrupts can be remapped.
 */
typedef struct Acme {
        AcpiHeader header;
        uint8_t covered_from, pinned, remaps;
} Acme;

#define ACME_PAGE UINT64_C(0xabc000)

static const IommuMember acme_members[] = { { .value = "on" }, { .value = "off" }, { .value = "turbo" } };
static const IommuKey acme_key = {
        .key = "acme_iommu", .on = "on", .off = "off", .members = acme_members, .n_members = ELEMENTSOF(acme_members)
};
static const char *const acme_cpus[] = { "AcmeSilicon", NULL };
static const KernelOption acme_defaults[] = { KERNEL_INTEL_IOMMU_DEFAULT_ON };

static int acme_parse(const void *data, size_t size, void *ret, AcpiError *ret_error)
{
        AcpiReader table;
        Acme *a = ret;
        int r = acpi_header_parse(data, size, "ACME", &a->header, &table, ret_error);

        if (r == -EINVAL)
                return r;
        a->covered_from = acpi_u8(&table, ACPI_HEADER_BYTES);
        a->pinned = acpi_u8(&table, ACPI_HEADER_BYTES + 1);
        a->remaps = acpi_u8(&table, ACPI_HEADER_BYTES + 2);
        if (table.overrun)
                acpi_error_set(ret_error, acpi_reader_size(&table), "the table ends too early");
        return ret_error->message[0] ? -EBADMSG : 0;
}

static void acme_done(void *content)
{
        (void) content;
}

static int acme_note(const void *content, FirmwareNoteList *ret)
{
        const Acme *a = content;

        return a->covered_from > 0x1f ? firmware_note_add(ret, ACPI_HEADER_BYTES, true, "nothing is translated for")
                                      : 0;
}

static void acme_text(FILE *f, const void *content)
{
        fprintf(f, "  from slot %u on\n", ((const Acme *) content)->covered_from);
}

static void acme_json(JsonPlace p, const void *content)
{
        json_place_number(p, "from", ((const Acme *) content)->covered_from);
}

static bool acme_unit(const FirmwareMap *m, size_t function, FirmwareUnit *ret)
{
        const Acme *a = m->table->content;

        *ret = (FirmwareUnit){ .kind = "UNIT" };
        return m->facts->functions[function].addr.slot >= a->covered_from;
}

static bool acme_region(const FirmwareMap *m, size_t function, size_t *iterator, FirmwareRegion *ret)
{
        const Acme *a = m->table->content;

        if (*iterator > 0 || m->facts->functions[function].addr.slot != a->pinned)
                return false;
        *iterator = 1;
        *ret = (FirmwareRegion){ .kind = "ACMR",
                                 .offset = ACPI_HEADER_BYTES + 1,
                                 .start = ACME_PAGE,
                                 .end = ACME_PAGE + 0xfff,
                                 .function = function };
        return true;
}

static bool acme_denies_remapping(const FirmwareMap *m)
{
        return ((const Acme *) m->table->content)->remaps == 0;
}

static const IommuVendor acme = {
        .name = "Acme",
        .feature = "A-Vi",
        .setup = "A-Vi (Acme)",
        .device = "acme-iommu",
        .log = "ACME:",
        .cpu_flag = "avm",
        .unit = "acme",
        .cpus = acme_cpus,
        .driver = KERNEL_IRQ_REMAP,
        .defaults = acme_defaults,
        .n_defaults = ELEMENTSOF(acme_defaults),
        .key = &acme_key,
        .add = "acme_iommu=on",
        .signature = "ACME",
        .content_size = sizeof(Acme),
        .parse = acme_parse,
        .done = acme_done,
        .note = acme_note,
        .text = acme_text,
        .json = acme_json,
        .unit_of = acme_unit,
        .region = acme_region,
        .denies_remapping = acme_denies_remapping,
        .no_remapping = "has no use for that",
        .refuses_direct = true,
};

const IommuVendor *const iommu_vendors[] = { &iommu_intel, &iommu_amd, &acme };
const size_t iommu_vendors_n = ELEMENTSOF(iommu_vendors);

static void is_read_and_printed(void **state)
{
        const Tree *t = *state;
        _cleanup_free_ char *text = NULL, *json = NULL;
        _cleanup_(facts_done) Facts f;
        TableBuilder b;

        facts_init(&f);
        header(&b, "ACME", 1);
        put(&b, 3, 1);
        put(&b, 4, 1);
        put(&b, 1, 1);
        finish(&b);
        tree_data(t, NAME_SYS_ACPI_TABLES "/ACME", b.bytes, b.n);
        assert_int_equal(facts_gather_firmware(t->rfd, &f), 0);
        assert_ptr_equal(iommu_vendor(&f), &acme);
        assert_int_equal(iommu_table(&f)->sound, TRISTATE_YES);
        assert_int_equal(((const Acme *) iommu_table_content(&f))->pinned, 4);
        assert_int_equal(firmware_text(f.tables, f.n_tables, &text), 0);
        assert_non_null(strstr(text, "ACME, revision 1, 39 bytes, checksum right"));
        assert_non_null(strstr(text, "from slot 3 on"));
        assert_int_equal(firmware_json(&f.origin, f.tables, f.n_tables, &json), 0);
        assert_non_null(strstr(json, "\"from\": 3"));
}

static void is_known_by_its_cpu(void **state)
{
        const Tree *t = *state;
        _cleanup_(facts_done) Facts f = {};
        _cleanup_(config_done) Config c = {};

        config_init(&c);
        tree_file(t, NAME_PROC_CPUINFO, "vendor_id\t: AcmeSilicon\nflags\t\t: fpu avm\n");
        assert_int_equal(facts_gather(t->rfd, false, &c, &f), 0);
        assert_ptr_equal(f.cpu_vendor, &acme);
        assert_int_equal(f.features.cpu_virtualization, TRISTATE_YES);
}

/* The worst finding of a check. */
static const Finding *find(const Machine *m, const char *check)
{
        const Finding *worst = NULL;

        FOREACH_ARRAY(f, m->findings.items, m->findings.n)
                if (streq(f->check, check) && (!worst || f->result > worst->result))
                        worst = f;
        return worst;
}

static void expect(const Machine *m, const char *check, Result result, const char *text)
{
        const Finding *f = find(m, check);

        assert_non_null(f);
        if (f->result != result || !(strstr(f->detail, text) || (f->cure && strstr(f->cure, text))))
                fail_msg("%s: %s \"%s\" -> %s", check, result_to_string(f->result), f->detail, f->cure ?: "nothing");
}

/* The machine of all tests, made by Acme, and with the IOMMU off. */
static Acme *make_acme(Machine *m, const char *cmdline)
{
        AcpiTable *t = machine_table(m, &acme);
        Acme *a = t->content;

        machine_intel(m)->present = TRISTATE_NO;
        t->present = t->readable = t->sound = t->checksum_ok = TRISTATE_YES;
        a->remaps = 1;
        m->facts.cpu_vendor = &acme;
        m->facts.iommu_active = TRISTATE_NO;
        m->facts.features.interrupt_remapping = TRISTATE_NO;
        string_list_done(&m->facts.iommu_units);
        FOREACH_ARRAY(f, m->facts.functions, m->facts.n_functions)
                f->group = PCI_GROUP_NONE;
        iommu_groups_free(m->facts.groups, m->facts.n_known_groups);
        m->facts.groups = NULL;
        m->facts.n_known_groups = m->facts.n_groups = 0;
        machine_set_cmdline(m, cmdline);
        return a;
}

static void is_judged_and_planned_for(void **state)
{
        Machine *m = *state;
        Acme *a = make_acme(m, "quiet");

        machine_judge(m);
        expect(m, "firmware.table", RESULT_OK, "an ACME table");
        expect(m, "iommu.active", RESULT_FAIL, "this kernel needs acme_iommu=on");
        expect(m, "iommu.argument", RESULT_FAIL, "acme_iommu=on is not in this entry yet");
        expect(m, "device.iommu", RESULT_OK, "a unit of the firmware's table will translate");
        assert_true(kargs_has(&m->wanted.add, "acme_iommu=on") && kargs_has(&m->wanted.remove, "acme_iommu=off"));
        assert_true(m->plan.n > 0);

        a->covered_from = 9;
        machine_judge(m);
        expect(m, "device.iommu", RESULT_BLOCKED, "the ACME table neither names it");
        a->covered_from = 0;
        a->pinned = 4;
        machine_judge(m);
        expect(m, "device.reserved", RESULT_BLOCKED, "(ACMR at offset 0x25 of the ACME table)");
        a->pinned = a->remaps = 0;
        machine_judge(m);
        expect(m, "iommu.remapping", RESULT_BLOCKED, "(the ACME table has no use for that)");
        a->covered_from = 0x20;
        machine_judge(m);
        expect(m, "firmware.table", RESULT_WARN, "nothing is translated for");
}

static void its_arguments_are_known(void **state)
{
        Machine *m = *state;

        (void) make_acme(m, "acme_iommu=off");
        machine_judge(m);
        expect(m, "iommu.active", RESULT_FAIL, "acme_iommu=off");
        machine_set_cmdline(m, "acme_iommu=on,off");
        machine_judge(m);
        expect(m, "iommu.conflict", RESULT_WARN, "acme_iommu=on and acme_iommu=off contradict each other");
        machine_set_cmdline(m, "acme_iommu=turbo,fast");
        machine_judge(m);
        expect(m, "iommu.conflict", RESULT_WARN, "acme_iommu=fast: the kernel knows no such value");
}

static void sentences_name_it(void **state)
{
        Machine *m = *state;

        (void) make_acme(m, "quiet");
        machine_table(m, &acme)->present = TRISTATE_NO;
        machine_judge(m);
        expect(m, "iommu.active", RESULT_BLOCKED, "no DMAR and no IVRS and no ACME table");
        expect(m, "firmware.table", RESULT_BLOCKED, "A-Vi (Acme)");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)
        const struct CMUnitTest tests[] = {
                TREE_TEST(is_read_and_printed), TREE_TEST(is_known_by_its_cpu), T(is_judged_and_planned_for),
                T(its_arguments_are_known),     T(sentences_name_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
