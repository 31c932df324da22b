/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "core/failed-plan.h"
#include "core/image-builder.h"
#include "grub/format/ownership.h"
#include "grub/loader/entry-length.h"
#include "machine.h"

/* Each check, in each state that it can tell apart: the machine is whole, and one thing is broken. */

static const Finding *find(const Machine *m, const char *check)
{
        const Finding *worst = NULL;

        FOREACH_ARRAY(f, m->findings.items, m->findings.n)
                if (streq(f->check, check) && (!worst || f->result > worst->result))
                        worst = f;
        return worst;
}

/* The worst finding of a check has this result, and its detail names this. */
static void expect(const Machine *m, const char *check, Result result, const char *text)
{
        const Finding *f = find(m, check);

        if (!f)
                fail_msg("%s: no finding", check);
        if (f->result != result || !strstr(f->detail, text))
                fail_msg("%s: %s \"%s\", expected %s \"%s\"", check, result_to_string(f->result), f->detail,
                         result_to_string(result), text);
        if (result >= RESULT_FAIL && !f->cure)
                fail_msg("%s: no cure for \"%s\"", check, f->detail);
}

/* Does any finding of a check name this? */
static bool is_told(const Machine *m, const char *check, const char *text)
{
        FOREACH_ARRAY(f, m->findings.items, m->findings.n)
                if (streq(f->check, check) && strstr(f->detail, text))
                        return true;
        return false;
}

/* What its worst finding advises; NULL: nothing. */
static const char *find_cure(const Machine *m, const char *check)
{
        const Finding *f = find(m, check);

        return f ? f->cure : NULL;
}

/* Of a check. */
static void expect_exit(const Machine *m, int code, size_t steps)
{
        machine_expect_exit(m, REPORT_CHECK, code, steps);
}

static void ready(void **state)
{
        Machine *m = *state;

        machine_judge(m);
        expect(m, "iommu.active", RESULT_OK, "on by argument (intel_iommu=on)");
        expect(m, "iommu.argument", RESULT_OK, "effective in 1 boot entry");
        expect(m, "boot.argument", RESULT_OK, "1 boot entry");
        expect(m, "device.unique", RESULT_OK, "1 other device with this id");
        expect(m, "device.driver", RESULT_OK, "bound to vfio-pci");
        expect(m, "group.viable", RESULT_OK, "IOMMU group 3 has nothing in it that stays with the host");
        expect(m, "device.iommu", RESULT_OK, "translates for it");
        expect(m, "device.reserved", RESULT_OK, "no memory");
        expect(m, "device.reset", RESULT_OK, "(flr bus)");
        expect(m, "iommu.remapping", RESULT_OK, "is on");
        expect(m, "iommu.conflict", RESULT_OK, "no IOMMU argument");
        expect_exit(m, EXIT_READY, 0);
        assert_true(next_boot_prepared(&m->judgement));
}

static void every_check_speaks_or_is_silent(void **state)
{
        Machine *m = *state;

        machine_judge(m);
        FOREACH_ARRAY(c, check_table, check_table_n) {
                assert_ptr_equal(check_by_id(c->id), c);
                /* what is rarely the case only speaks when it is */
                if (c->judge != check_obstacle && c->judge != check_device_told && c->judge != check_kernel_lockdown &&
                    c->judge != check_boot_mounted && c->judge != check_boot_loader && c->judge != check_boot_sealed &&
                    c->judge != check_boot_length && c->judge != check_restored && c->judge != check_failed &&
                    (c->judge != check_device_used || !host_use_texts[host_use_kind(c->id)].only))
                        assert_non_null(find(m, c->id));
        }
        assert_null(check_by_id("no.such"));
}

static void firmware(void **state)
{
        Machine *m = *state;

        machine_intel(m)->checksum_ok = TRISTATE_NO;
        machine_judge(m);
        expect(m, "firmware.table", RESULT_WARN, "wrong checksum");
        expect_exit(m, EXIT_READY, 0);
        machine_intel(m)->sound = TRISTATE_NO;
        acpi_error_set(&machine_intel(m)->error, 88, "the table ends");
        machine_judge(m);
        expect(m, "firmware.table", RESULT_WARN, "the DMAR table is wrong at offset 0x58: the table ends");
        machine_intel(m)->sound = machine_intel(m)->checksum_ok = TRISTATE_YES; /* and without any hardware unit */
        machine_judge(m);
        expect(m, "firmware.table", RESULT_WARN, "the DMAR table is wrong at offset 0x30: the table describes no");
        machine_intel(m)->readable = TRISTATE_NO;
        machine_judge(m);
        expect(m, "firmware.table", RESULT_OK, "readable by root only");
        machine_intel(m)->present = TRISTATE_UNKNOWN;
        machine_judge(m);
        expect(m, "firmware.table", RESULT_UNKNOWN, "cannot tell");
        machine_intel(m)->present = TRISTATE_NO;
        m->facts.iommu_active = TRISTATE_NO;
        machine_set_cmdline(m, "quiet");
        machine_judge(m);
        expect(m, "firmware.table", RESULT_BLOCKED, "no DMAR and no IVRS");
        expect(m, "iommu.active", RESULT_BLOCKED, "firmware describes no IOMMU");
        set_text(&m->facts.claims, NULL); /* something to do, and yet: */
        machine_judge(m);
        expect_exit(m, EXIT_BLOCKED, 0);
        m->facts.container = TRISTATE_YES;
        machine_judge(m);
        expect(m, "firmware.table", RESULT_UNKNOWN, "container");
}

static void iommu_state_is_told_apart(void **state)
{
        Machine *m = *state;

        machine_set_cmdline(m, "quiet");
        machine_judge(m);
        expect(m, "iommu.active", RESULT_OK, "on by kernel default: 1 unit (dmar0), 4 groups");
        m->facts.features.options[KERNEL_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF] = TRISTATE_NO;
        machine_judge(m);
        expect(m, "iommu.active", RESULT_OK, "on because the firmware asks for it");
        m->facts.features.options[KERNEL_INTEL_IOMMU_DEFAULT_ON] = TRISTATE_UNKNOWN;
        m->facts.features.options[KERNEL_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF] = TRISTATE_UNKNOWN;
        machine_judge(m);
        expect(m, "iommu.active", RESULT_OK, "on by kernel default or because the firmware asks for it");
        machine_set_cmdline(m, "intel_iommu=off");
        machine_judge(m);
        expect(m, "iommu.active", RESULT_OK, "although the command line says otherwise");
        m->facts.iommu_active = TRISTATE_NO;
        machine_judge(m);
        expect(m, "iommu.active", RESULT_FAIL, "off by argument: the kernel was started with intel_iommu=off");
        expect(m, "group.viable", RESULT_SKIPPED, "once the IOMMU is on");
        machine_set_cmdline(m, "iommu=off intel_iommu=on");
        machine_judge(m);
        expect(m, "iommu.active", RESULT_FAIL, "iommu=off");
        machine_set_cmdline(m, "intel_iommu=on,sm_on");
        machine_judge(m);
        expect(m, "iommu.active", RESULT_BLOCKED, "although the kernel was started with intel_iommu=on,sm_on");
        machine_set_cmdline(m, "quiet");
        machine_judge(m);
        expect(m, "iommu.active", RESULT_FAIL, "this kernel needs intel_iommu=on");
        m->facts.iommu_active = TRISTATE_UNKNOWN;
        machine_judge(m);
        expect(m, "iommu.active", RESULT_UNKNOWN, "cannot tell");
        expect_exit(m, EXIT_UNKNOWN, 0);
}

/* What only the boot loader can tell is neither right nor wrong, but where this very boot came of it. */
static void arguments_that_only_the_boot_loader_knows(void **state)
{
        Machine *m = *state;
        BootEntry *e = machine_add_entry(m, "appliance", "root=/dev/vda2 $words", false);

        e->untold = copy("$words");
        machine_judge(m);
        expect(m, "iommu.argument", RESULT_UNKNOWN, "cannot tell whether intel_iommu=on is in this entry");
        expect(m, "boot.argument", RESULT_UNKNOWN, "only the boot loader knows what $words has");
        assert_false(next_boot_prepared(&m->judgement));

        m->facts.loaders->entries[0].is_default = false;
        e->is_default = true;
        machine_set_cmdline(m, "root=/dev/vda2 intel_iommu=on ptprep.claim=1");
        machine_judge(m);
        expect(m, "iommu.argument", RESULT_OK, "effective in 2 boot entries");
        expect(m, "boot.argument", RESULT_OK, "2 boot entries");
        assert_true(next_boot_prepared(&m->judgement));

        machine_set_cmdline(m, "root=/dev/other intel_iommu=on ptprep.claim=1"); /* another entry's */
        machine_judge(m);
        expect(m, "iommu.argument", RESULT_UNKNOWN, "cannot tell");

        machine_set_cmdline(m, "root=/dev/vda2 iommu=off");
        machine_judge(m);
        expect(m, "iommu.argument", RESULT_UNKNOWN, "cannot tell");

        assert_int_equal(string_list_add(&e->arguments.words, "iommu=off"), 0);
        machine_judge(m);
        expect(m, "iommu.argument", RESULT_FAIL, "switches the IOMMU off with iommu=off");
}

/* An entry that is left alone is no matter, until it is what boots. */
static void the_default_entry_counts_first(void **state)
{
        Machine *m = *state;
        Loader *l = m->facts.loaders;

        machine_add_entry(m, "rescue", "root=/dev/vda2 single", true);
        machine_judge(m);
        expect(m, "iommu.argument", RESULT_OK, "effective in 1 boot entry");
        FOREACH_ARRAY(e, l->entries, l->n_entries)
                e->is_default = e == l->entries + l->n_entries - 1;
        machine_judge(m);
        expect(m, "iommu.argument", RESULT_BLOCKED, "is not in the entry that boots by default");
        expect(m, "boot.argument", RESULT_BLOCKED, "it is a rescue entry");
        assert_false(next_boot_prepared(&m->judgement));
        l->entries[l->n_entries - 1].foreign = true;
        machine_judge(m);
        expect(m, "iommu.argument", RESULT_BLOCKED, "not made from /etc/default/grub");
        free(l->entries[l->n_entries - 1].id);
        l->entries[l->n_entries - 1].id = copy("osprober-gnulinux-1"); /* another system */
        machine_judge(m);
        expect(m, "iommu.argument", RESULT_OK, "effective in 1 boot entry");
}

/* What is cut off is not effective, and no reboot makes it so. */
static void a_line_that_is_cut_off_is_not_effective(void **state)
{
        Machine *m = *state;
        char line[4096];

        if (command_line_limit() == 0)
                skip();
        (void) snprintf(line, sizeof(line), "%0*d intel_iommu=on ptprep.claim=1", (int) command_line_limit(), 0);
        machine_add_entry(m, "long rescue", line, true);
        machine_judge(m);
        assert_null(find(m, "boot.length"));
        assert_true(next_boot_prepared(&m->judgement));
        machine_add_entry(m, "long", line, false);
        machine_judge(m);
        expect(m, "boot.length", RESULT_BLOCKED, "/boot/grub/grub.cfg:");
        expect(m, "iommu.argument", RESULT_UNKNOWN, "see boot.length");
        expect(m, "boot.argument", RESULT_UNKNOWN, "see boot.length");
        assert_false(next_boot_prepared(&m->judgement));
        m->facts.loaders->booted = BOOTED_NO;
        machine_judge(m);
        expect(m, "boot.length", RESULT_WARN, "is cut off");
}

static void arguments_of_the_next_boot(void **state)
{
        Machine *m = *state;

        machine_add_entry(m, "old kernel", "root=/dev/vda2 ro", false);
        machine_judge(m);
        expect(m, "iommu.argument", RESULT_FAIL, "/boot/grub/grub.cfg:30: intel_iommu=on is not in this entry");
        expect(m, "boot.argument", RESULT_FAIL, "ptprep.claim=1 is not in this entry");
        assert_false(next_boot_prepared(&m->judgement));
        kargs_done(&m->facts.loaders->entries[2].arguments);
        assert_int_equal(
                kargs_parse("intel_iommu=on ptprep.claim=1 intel_iommu=off", &m->facts.loaders->entries[2].arguments),
                0);
        machine_judge(m);
        expect(m, "iommu.argument", RESULT_FAIL, "switches the IOMMU off with intel_iommu=off");
        kargs_done(&m->facts.loaders->entries[2].arguments);
        assert_int_equal(
                kargs_parse("intel_iommu=on ptprep.claim=1 ptprep=off", &m->facts.loaders->entries[2].arguments), 0);
        machine_judge(m);
        expect(m, "boot.argument", RESULT_BLOCKED, "has ptprep=off");
        kargs_done(&m->facts.loaders->entries[2].arguments);
        assert_int_equal(
                kargs_parse("intel_iommu=on ptprep.claim=1 amd_iommu=on", &m->facts.loaders->entries[2].arguments), 0);
        machine_judge(m);
        expect(m, "iommu.conflict", RESULT_WARN, "amd_iommu=on: the kernel knows no such value");
        m->facts.loaders->readable = TRISTATE_NO;
        machine_judge(m);
        expect(m, "iommu.argument", RESULT_UNKNOWN, "not readable");
        assert_false(next_boot_prepared(&m->judgement));
        FOREACH_ARRAY(f, m->findings.items, m->findings.n) /* nor is what was read said to be fine */
                assert_false(f->result == RESULT_OK &&
                             (streq(f->check, "iommu.argument") || streq(f->check, "boot.argument")));
        boot_entries_free(m->facts.loaders->entries, m->facts.loaders->n_entries);
        m->facts.loaders->entries = NULL;
        m->facts.loaders->n_entries = 0;
        machine_judge(m);
        FOREACH_ARRAY(f, m->findings.items, m->findings.n)
                assert_null(strstr(f->detail, "has no entry that boots Linux"));
        m->facts.loaders->obstacle = strdup("its partition is not mounted");
        machine_judge(m);
        expect(m, "iommu.argument", RESULT_UNKNOWN, "cannot tell: its partition is not mounted");
        loaders_free(m->facts.loaders, m->facts.n_loaders);
        m->facts.loaders = NULL;
        m->facts.n_loaders = 0;
        machine_judge(m); /* what boots it nobody knows, but it knows the arguments */
        expect(m, "iommu.argument", RESULT_WARN, "this boot has the arguments");
        expect(m, "boot.argument", RESULT_WARN, "this boot has the arguments");
        expect_exit(m, EXIT_READY, 0);
        machine_set_cmdline(m, "quiet");
        machine_judge(m);
        expect(m, "boot.argument", RESULT_UNKNOWN, "no boot loader found");
        expect_exit(m, EXIT_UNKNOWN, 0);
        m->config.n_devices = 0;
        machine_judge(m);
        expect(m, "iommu.argument", RESULT_SKIPPED, "no boot loader found");
        m->config.n_devices = 1; /* what is released */
}

/* What the makers of x86 call things is no help on other machines, and no reboot changes what they lack. */
static void other_machines_than_x86(void **state)
{
        Machine *m = *state;

        m->facts.acpi = TRISTATE_NO;
        machine_intel(m)->present = machine_amd(m)->present = TRISTATE_UNKNOWN;
        m->facts.cpu_vendor = NULL;
        m->facts.features.cpu = CPU_ARM;
        set_text(&m->facts.iommu_units.items[0], "smmu3.0x0000000140000000");
        machine_set_cmdline(m, "quiet ptprep.claim=1");
        machine_judge(m);
        expect(m, "firmware.table", RESULT_SKIPPED, "those of x86: the IOMMU works without");
        expect(m, "iommu.argument", RESULT_OK, "it is on without one, and ptprep knows none for it");
        machine_settle(m);
        machine_judge(m);
        expect_exit(m, EXIT_READY, 0);
        m->facts.iommu_active = TRISTATE_NO;
        machine_judge(m);
        expect(m, "firmware.table", RESULT_SKIPPED, "see iommu.active");
        expect(m, "iommu.active", RESULT_BLOCKED, "which is no x86");
        expect(m, "iommu.argument", RESULT_SKIPPED, "no x86");
        FOREACH_ARRAY(f, m->findings.items, m->findings.n)
                assert_true(!f->cure || (!strstr(f->cure, "VT-d") && !strstr(f->cure, "AMD")));
        m->facts.features.cpu = CPU_UNKNOWN; /* both makers are named, unless it is known who it is */
        m->facts.acpi = TRISTATE_YES;
        machine_intel(m)->present = machine_amd(m)->present = TRISTATE_NO;
        machine_judge(m);
        assert_non_null(strstr(find_cure(m, "iommu.active"), "enable VT-d (Intel) or AMD-Vi/IOMMU (AMD) in"));
        m->facts.cpu_vendor = &iommu_amd;
        machine_judge(m);
        assert_non_null(strstr(find_cure(m, "iommu.active"), "enable AMD-Vi/IOMMU (AMD) in"));
}

static void amd_needs_no_argument(void **state)
{
        Machine *m = *state;
        AcpiTable *t = machine_amd(m);

        machine_intel(m)->present = TRISTATE_NO;
        set_text(&m->facts.iommu_units.items[0], "ivhd0");
        t->present = t->readable = t->checksum_ok = TRISTATE_YES;
        t->length = t->size = 200;
        kargs_done(&m->facts.loaders->entries[0].arguments);
        assert_int_equal(kargs_parse("quiet ptprep.claim=1", &m->facts.loaders->entries[0].arguments), 0);
        machine_set_cmdline(m, "quiet ptprep.claim=1");
        machine_judge(m);
        expect(m, "iommu.active", RESULT_OK, "as always on AMD");
        expect(m, "iommu.argument", RESULT_OK, "none is needed");
        assert_false(kargs_has(&m->wanted.add, "intel_iommu=on"));
        expect_exit(m, EXIT_READY, 0);
}

static void policies_of_the_argument(void **state)
{
        Machine *m = *state;

        m->config.argument = ARGUMENT_WHEN_NEEDED;
        machine_judge(m);
        assert_true(kargs_has(&m->wanted.add, "intel_iommu=on")); /* this boot is on only because of it */
        machine_set_cmdline(m, "ptprep.claim=1");
        machine_judge(m);
        assert_false(kargs_has(&m->wanted.add, "intel_iommu=on"));
        m->config.argument = ARGUMENT_NEVER;
        m->config.passthrough = true;
        machine_judge(m);
        assert_false(kargs_has(&m->wanted.add, "intel_iommu=on"));
        assert_true(kargs_has(&m->wanted.add, "iommu=pt"));
}

static void devices(void **state)
{
        Machine *m = *state;
        PciFunction *nic = machine_function(m, "0000:00:04.0"), *twin = machine_function(m, "0000:00:05.0");

        set_text(&nic->driver, "e1000e");
        machine_judge(m);
        expect(m, "device.driver", RESULT_FAIL, "on its host driver e1000e, not on vfio-pci");
        assert_non_null(strstr(find(m, "device.driver")->cure, "journalctl"));
        set_text(&nic->driver, NULL);
        machine_judge(m);
        expect(m, "device.driver", RESULT_FAIL, "on no driver");
        nic->id.device = 0x1533;
        machine_judge(m);
        expect(m, "device.present", RESULT_BLOCKED,
               "8086:1533, not 8086:10d3; the only 8086:10d3 is at 0000:00:05.0 now");
        assert_non_null(strstr(find(m, "device.present")->cure, "ptprep.conf:1"));
        expect_exit(m, EXIT_BLOCKED, 0);
        nic->id.device = 0x10d3;
        set_text(&m->config.devices[0].path, "pci0000:00/1c.4/00.0");
        machine_judge(m);
        expect(m, "device.present", RESULT_BLOCKED, "it sits at pci0000:00/04.0, not at pci0000:00/1c.4/00.0");
        set_text(&m->config.devices[0].path, NULL);
        nic->class = 0x060400;
        machine_judge(m);
        expect(m, "device.present", RESULT_BLOCKED, "this is a PCI bridge (class 0604), which is never taken");
        nic->class = 0x080600;
        machine_judge(m);
        expect(m, "device.present", RESULT_BLOCKED, "this is a function of the IOMMU (class 0806)");
        expect_exit(m, EXIT_BLOCKED, 0);
        nic->class = 0x020000;
        m->config.devices[0].address = twin->addr;
        m->config.devices[0].address.bus = 9;
        machine_judge(m);
        expect(m, "device.present", RESULT_BLOCKED, "no device at this address");
        m->config.devices[0].optional = true;
        machine_judge(m);
        expect(m, "device.present", RESULT_SKIPPED, "configured as optional");
        m->facts.pci = TRISTATE_UNKNOWN;
        machine_judge(m);
        expect(m, "device.present", RESULT_UNKNOWN, "no PCI bus");
        expect_exit(m, EXIT_UNKNOWN, 4); /* what is at the old address is not configured any more */
        set_text(&m->facts.claims, NULL);
        machine_judge(m);
        expect_exit(m, EXIT_UNKNOWN, 0);
}

static void the_running_system_is_safe(void **state)
{
        Machine *m = *state;

        machine_add_device(m, "disk", "0000:00:03.0", "1af4:1042");
        machine_judge(m);
        expect(m, "device.boot-disk", RESULT_BLOCKED, "it carries / (/ on vda on 0000:00:03.0)");
        expect(m, "device.storage", RESULT_OK, "no other disk in use is on it");
        expect_exit(m, EXIT_BLOCKED, 0);
        host_uses_done(&m->facts.host);
        machine_judge(m);
        expect(m, "device.boot-disk", RESULT_BLOCKED, "nobody has looked");
        expect(m, "device.storage", RESULT_BLOCKED, "nobody has looked");
        expect_exit(m, EXIT_BLOCKED, 0);
        m->facts.host.looked[HOST_USE_BOOT_DISK] = m->facts.host.looked[HOST_USE_STORAGE] = true;
        m->facts.host.looked[HOST_USE_NETWORK] = true;
        machine_judge(m);
        expect(m, "device.boot-disk", RESULT_OK, "the host does not boot from it");
        assert_true(m->plan.n > 0);
}

/* One word lifts one guard, says so for as long as it does, and is told where it does nothing. */
static void guards_are_lifted_by_name(void **state)
{
        Machine *m = *state;
        HostUnknown unknown = { .kind = HOST_USE_STORAGE, .what = copy("a lost one"), .cure_kind = CURE_ROOT };
        ConfigDevice *d = machine_add_device(m, "disk", "0000:00:03.0", "1af4:1042");

        d->allow = HOST_USE_BIT(HOST_USE_STORAGE);
        machine_judge(m);
        expect(m, "device.boot-disk", RESULT_BLOCKED, "it carries / (/ on vda on 0000:00:03.0)");
        assert_true(is_told(m, "device.storage", "no other disk in use is on it; \"allow = storage\" lifts nothing"));
        expect_exit(m, EXIT_BLOCKED, 0);

        d->allow = HOST_USE_BIT(HOST_USE_BOOT_DISK);
        machine_judge(m);
        expect(m, "device.boot-disk", RESULT_WARN,
               "it carries / (/ on vda on 0000:00:03.0); \"allow = boot-disk\" takes it all the same");
        expect(m, "device.storage", RESULT_OK, "no other disk in use is on it");
        assert_false(is_told(m, "device.storage", "lifts nothing"));
        assert_non_null(strstr(m->wanted.claims, "0000:00:03.0 1af4:1042 "));
        assert_true(m->plan.n > 0);

        assert_int_equal(host_unknown_add(&m->facts.host, &unknown), 0);
        machine_judge(m);
        expect(m, "device.storage", RESULT_BLOCKED, "cannot tell whether the host needs it: a lost one");
        m->config.devices[0].allow = HOST_USE_BIT(HOST_USE_STORAGE);
        m->config.devices[1].allow |= HOST_USE_BIT(HOST_USE_STORAGE);
        machine_judge(m);
        expect(m, "device.storage", RESULT_WARN, "a lost one; \"allow = storage\" takes it all the same");
        assert_true(m->plan.n > 0);
}

/* Nobody advises to take a word out because of what it has done: a guest's driver has the device. */
static void a_word_that_has_done_its_work(void **state)
{
        Machine *m = *state;

        m->config.devices[0].allow = HOST_USE_BIT(HOST_USE_STORAGE);
        machine_judge(m);
        expect(m, "device.storage", RESULT_OK, "no other disk in use is on it");
        assert_null(find_cure(m, "device.storage"));
        set_text(&machine_function(m, "0000:00:04.0")->driver, "e1000e");
        machine_judge(m);
        assert_non_null(find_cure(m, "device.storage"));
        /* and of what cannot be there, nothing is said unless somebody thought that it could */
        machine_function(m, "0000:00:04.0")->class = 0x030000;
        machine_judge(m);
        expect(m, "device.storage", RESULT_OK,
               "no disk can be on a device of its class; \"allow = storage\" lifts nothing");
        assert_null(find(m, "device.boot-disk"));
}

/* What nobody has looked for is unknown, where it can be at all, and what is found of it counts. */
static void guards_before_a_look(void **state)
{
        Machine *m = *state;
        PciAddr nic;

        for (HostUseKind kind = 0; kind < _HOST_USE_KIND_MAX; kind++) {
                const HostUseText *guard = &host_use_texts[kind];
                _cleanup_(string_list_done) StringList chain = {};

                assert_int_equal(host_use_kind(guard->check), kind);
                assert_string_equal(strchr(guard->check, '.') + 1, host_use_kind_to_string(kind));
                m->facts.host.looked[kind] = false;
                machine_judge(m);
                if (!guard->only) /* a network adapter can be concerned */
                        expect(m, guard->check, RESULT_BLOCKED, guard->unseen);
                else
                        assert_null(find(m, guard->check));
                m->facts.host.looked[kind] = true;
                assert_int_equal(pci_addr_parse("0000:00:04.0", &nic), 0);
                assert_int_equal(string_list_add(&chain, "thing"), 0);
                assert_int_equal(host_use_add(&m->facts.host, kind, nic, "it", &chain), 0);
                machine_judge(m);
                expect(m, guard->check, RESULT_BLOCKED, "it (thing on 0000:00:04.0)");
        }
}

/* Something on the first NIC; the machine is judged anew. */
static void put_on_nic(Machine *m, HostUseKind kind, bool spared)
{
        _cleanup_(string_list_done) StringList chain = {};
        PciAddr nic;

        assert_int_equal(pci_addr_parse("0000:00:04.0", &nic), 0);
        assert_int_equal(string_list_add(&chain, "thing"), 0);
        assert_int_equal((spared ? host_use_add_spared : host_use_add)(&m->facts.host, kind, nic, "it", &chain), 0);
        machine_judge(m);
}

/* Told, and nothing waits for it; what the host needs beside it counts all the same, and so does a word for that. */
static void what_the_host_can_spare(void **state)
{
        Machine *m = *state;

        put_on_nic(m, HOST_USE_DISPLAY, true);
        expect(m, "device.display", RESULT_WARN, "it has it (thing on 0000:00:04.0)");
        expect_exit(m, EXIT_READY, 0);
        m->config.devices[0].allow = HOST_USE_BIT(HOST_USE_DISPLAY);
        machine_judge(m);
        expect(m, "device.display", RESULT_WARN, "it has it (thing on 0000:00:04.0)");
        m->config.devices[0].allow = 0;
        put_on_nic(m, HOST_USE_KEYBOARD, true);
        put_on_nic(m, HOST_USE_KEYBOARD, false);
        expect(m, "device.keyboard", RESULT_BLOCKED, "it has it (thing on 0000:00:04.0)");
        expect_exit(m, EXIT_BLOCKED, 4); /* it is taken out of the claim list */
}

/* What cannot be told of one device stands in the way of no other. */
static void unknown_of_one_device(void **state)
{
        static const char *const addresses[] = { "0000:00:05.0", "0000:00:04.0" };
        Machine *m = *state;

        machine_function(m, "0000:00:04.0")->class = 0x0c0330;
        for (unsigned i = 0; i < 2; i++) {
                HostUnknown u = { .kind = HOST_USE_KEYBOARD,
                                  .one = true,
                                  .what = copy("its plug is not seen"),
                                  .cure_kind = CURE_PERSON,
                                  .cure = "look at it" };

                assert_int_equal(pci_addr_parse(addresses[i], &u.addr), 0);
                assert_int_equal(host_unknown_add(&m->facts.host, &u), 0);
                machine_judge(m);
                expect(m, "device.keyboard", i == 0 ? RESULT_OK : RESULT_BLOCKED,
                       i == 0 ? "only keyboard is not on it" : "its plug is not seen");
        }
        m->facts.host.unknown[1].waits = true;
        machine_judge(m);
        expect(m, "device.keyboard", RESULT_UNKNOWN, "its plug is not seen");
}

/* What is to be known of a device is told also where the host keeps it; a framebuffer on class 0300 goes by itself. */
static void a_device_that_stays_is_told_of(void **state)
{
        Machine *m = *state;
        PciFunction *p = machine_function(m, "0000:00:04.0");

        p->class = 0x030000;
        p->has_boot_screen = true;
        set_text(&p->usb, "a disk (1-1)");
        put_on_nic(m, HOST_USE_DISPLAY, false);
        assert_null(find(m, "device.bootfb"));
        expect(m, "device.usb", RESULT_OK, "a disk (1-1)");
        p->class = 0x038000;
        machine_judge(m);
        expect(m, "device.display", RESULT_BLOCKED, "it has it");
        expect(m, "device.bootfb", RESULT_WARN, "class is 0380 and not 0300");
}

static void add_waiting(Machine *m)
{
        HostUnknown u = { .kind = HOST_USE_NETWORK,
                          .waits = true,
                          .what = copy("not up yet"),
                          .cure_kind = CURE_ELSEWHERE,
                          .cure = "nothing" };

        assert_int_equal(host_unknown_add(&m->facts.host, &u), 0);
}

/* What nobody can tell before the network is up is neither claimed nor dropped, and is in nobody's way. */
static void network_devices_wait(void **state)
{
        Machine *m = *state;
        PciFunction *nic = machine_function(m, "0000:00:04.0");

        add_waiting(m);
        machine_judge(m); /* a guest's driver has it: no network hangs on it */
        expect(m, "device.network", RESULT_OK, "no network that the host needs is on it");
        expect_exit(m, EXIT_READY, 0);
        set_text(&nic->driver, "e1000e"); /* as with ptprep=off for one boot: its line is there, and stays */
        machine_judge(m);
        expect(m, "device.network", RESULT_UNKNOWN, "cannot tell whether the host needs it: not up yet");
        expect(m, "device.claimlist", RESULT_OK, "listed");
        assert_string_equal(m->wanted.claims, m->facts.claims);
        assert_int_equal(m->plan.n, 0);
        set_text(&m->facts.claims, NULL); /* nothing is in force, and there is nothing else to do */
        machine_judge(m);
        expect(m, "device.network", RESULT_UNKNOWN, "not up yet");
        assert_null(strstr(m->wanted.claims, "0000:00:04.0"));
        assert_null(find(m, "device.driver"));
        expect_exit(m, EXIT_UNKNOWN, 0);
        assert_int_equal(plan_refusal(&m->judgement, &m->findings), PLAN_REFUSED_WAITING);
        machine_function(m, "0000:00:05.0")->class = 0x030000; /* a graphics card does not wait with it */
        machine_add_device(m, "gpu", "0000:00:05.0", "8086:10d3");
        machine_judge(m);
        assert_null(strstr(m->wanted.claims, "0000:00:04.0"));
        assert_non_null(strstr(m->wanted.claims, "0000:00:05.0 8086:10d3 "));
        assert_true(m->plan.n > 0);
        m->config.devices[0].allow = HOST_USE_BIT(HOST_USE_NETWORK);
        machine_judge(m);
        expect(m, "device.network", RESULT_WARN, "not up yet; \"allow = network\" takes it all the same");
        assert_non_null(strstr(m->wanted.claims, "0000:00:04.0 8086:10d3 "));
}

/* What stands in the way for certain is told at once, and counts more than what nobody can tell yet. */
static void certain_beats_unknown(void **state)
{
        Machine *m = *state;
        PciFunction *nic = machine_function(m, "0000:00:04.0"), *twin = machine_function(m, "0000:00:05.0");

        set_text(&nic->driver, "e1000e");
        set_text(&m->facts.claims, NULL);
        add_waiting(m);
        machine_judge(m);
        assert_null(find(m, "device.iommu"));
        expect_exit(m, EXIT_UNKNOWN, 0);
        nic->group = PCI_GROUP_NONE;
        machine_judge(m);
        expect(m, "device.network", RESULT_UNKNOWN, "not up yet");
        expect(m, "device.iommu", RESULT_BLOCKED, "it is in no IOMMU group");
        assert_null(find(m, "group.viable")); /* of which nothing is certain */
        expect_exit(m, EXIT_BLOCKED, 0);
        m->facts.host.unknown[0].waits = false;
        machine_judge(m);
        expect(m, "device.iommu", RESULT_BLOCKED, "it is in no IOMMU group");
        /* two of which it is unknown do not stand in the way of each other; the host's disk does */
        nic->group = twin->group = 3;
        machine_add_device(m, "nic1", "0000:00:05.0", "8086:10d3");
        machine_judge(m);
        assert_null(find(m, "group.viable"));
        machine_function(m, "0000:00:03.0")->group = 3;
        machine_judge(m);
        expect(m, "group.viable", RESULT_BLOCKED, "0000:00:03.0 in it carries /");
}

/* Of a device that is not configured any more the line goes, whatever waits. */
static void what_is_taken_out_does_not_wait(void **state)
{
        Machine *m = *state;
        _cleanup_free_ char *claims = NULL;

        machine_judge(m);
        assert_true(asprintf(&claims, "%s0000:00:06.0 8086:10d3 vfio-pci - old\n", m->wanted.claims) > 0);
        set_text(&m->facts.claims, claims);
        m->config.devices[0].address.slot = 5;
        add_waiting(m);
        machine_judge(m);
        assert_int_equal(plan_refusal(&m->judgement, &m->findings), PLAN_REFUSED_WAITING);
        assert_true(m->plan.n > 0);
}

static void waiting_by_class(void **state)
{
        static const struct {
                uint32_t class;
                bool has_network, waits;
        } classes[] = {
                { 0x020000, false, true },  { 0x028000, false, true },  { 0x0d8000, false, true },
                { 0x0c0600, false, true },  { 0x0c0330, false, true },  { 0x010802, false, false },
                { 0x030000, false, false }, { 0x040300, false, false }, { 0x0c8000, false, false },
                { 0xff0000, false, false }, { 0xff0000, true, true },   { 0x088000, true, true },
        };
        Machine *m = *state;
        PciFunction *twin = machine_function(m, "0000:00:05.0");

        add_waiting(m);
        FOREACH_ARRAY(c, classes, ELEMENTSOF(classes)) {
                twin->class = c->class;
                twin->has_network = c->has_network;
                assert_int_equal(host_use_any(&m->facts, twin, 0).used, c->waits ? TRISTATE_UNKNOWN : TRISTATE_NO);
                assert_int_equal(host_use_any(&m->facts, twin, 0).waits, c->waits);
        }
        /* the port of a graphics card */
        twin->class = 0x0c0330;
        twin->has_network = false;
        machine_function(m, "0000:00:04.0")->class = 0x030000;
        machine_function(m, "0000:00:04.0")->addr = (PciAddr){ 0, 0, 5, 0 };
        twin->addr.function = 2;
        assert_int_equal(host_use_any(&m->facts, twin, 0).used, TRISTATE_NO);
}

static void groups(void **state)
{
        Machine *m = *state;
        PciFunction *twin = machine_function(m, "0000:00:05.0"), *bridge = machine_function(m, "0000:00:01.0");

        bridge->group = 3;
        machine_judge(m);
        expect(m, "group.viable", RESULT_OK, "IOMMU group 3 has nothing"); /* a bridge on pcieport is no offender */
        twin->group = 3;
        machine_judge(m);
        expect(m, "group.viable", RESULT_BLOCKED, "0000:00:05.0 in it is on its host driver e1000e");
        set_text(&twin->driver, "pci-stub");
        machine_judge(m);
        expect(m, "group.viable", RESULT_OK, "IOMMU group 3 has nothing");
        expect(m, "group.shared", RESULT_OK, "with 1 other device");
        set_text(&twin->driver, "e1000e");
        machine_add_device(m, "nic1", "0000:00:05.0", "8086:10d3");
        machine_judge(m);
        expect(m, "group.viable", RESULT_OK, "IOMMU group 3 has nothing"); /* it will be claimed too */
        machine_function(m, "0000:00:04.0")->group = PCI_GROUP_NONE;
        machine_judge(m);
        expect(m, "device.iommu", RESULT_BLOCKED, "in no IOMMU group");
}

static void images(void **state)
{
        Machine *m = *state;
        KernelRelease *k = machine_add_kernel(m, "6.12.0-1-amd64", false);

        machine_settle(m);
        machine_judge(m);
        expect_exit(m, EXIT_READY, 0);
        k->image.digest = 0;
        machine_judge(m);
        expect(m, "image.current", RESULT_FAIL, "/boot/initrd.img-6.12.0-1-amd64 has no claim list");
        k->image.digest = 1;
        machine_judge(m);
        expect(m, "image.current", RESULT_FAIL, "another claim list");
        assert_int_equal(m->plan.n, 2);
        assert_int_equal(m->plan.steps[0].kind, STEP_REBUILD_IMAGE);
        assert_string_equal(m->plan.steps[0].image.release, "6.12.0-1-amd64"); /* only the one that is stale */
        assert_int_equal(m->plan.steps[1].kind, STEP_STAMP_IMAGES);
        machine_settle(m);
        k->image.stamped = false; /* built by somebody else, and already right: only remembered */
        machine_judge(m);
        assert_int_equal(m->plan.n, 1);
        assert_int_equal(m->plan.steps[0].kind, STEP_STAMP_IMAGES);
        k->image.exists = false;
        machine_judge(m);
        expect(m, "image.current", RESULT_FAIL, "does not exist");
        k->image.exists = true;
        k->has_stub[STUB_VFIO_PCI] = TRISTATE_NO;
        machine_judge(m);
        expect(m, "image.current", RESULT_WARN, "no vfio-pci driver");
        k->has_stub[STUB_VFIO_PCI] = TRISTATE_YES;
        k->image.known = false;
        machine_judge(m);
        expect(m, "image.current", RESULT_UNKNOWN, "cannot tell");
        m->facts.builders[BUILDER_DRACUT].installed = TRISTATE_NO;
        k->image.known = true;
        k->image.digest = 0;
        machine_judge(m);
        expect(m, "image.current", RESULT_BLOCKED, "is made by dracut, which is not installed");
        m->facts.helper_runs = false;
        machine_judge(m);
        expect(m, "image.current", RESULT_BLOCKED, "helper is damaged");
        m->facts.helper_present = false;
        machine_judge(m);
        expect(m, "image.current", RESULT_BLOCKED, "helper is missing");
        expect_exit(m, EXIT_BLOCKED, 0);
}

/* Bits of BuilderKind. */
#define D  (1U << BUILDER_DRACUT)
#define IT (1U << BUILDER_INITRAMFS_TOOLS)
#define MK (1U << BUILDER_MKINITCPIO)
#define MO (1U << BUILDER_MKOSI_INITRD)

/* Who builds an image follows from who made it, whose hooks are there, and what is installed, in this order. */
static void image_owners(void **state)
{
        static const struct {
                bool exists;
                BuilderKind maker, sibling;
                unsigned active, installed;
                BuilderKind owner;
                const char *reason; /* NULL: it can be built */
        } cases[] = {
                { true, BUILDER_DRACUT, 0, D, D, BUILDER_DRACUT, NULL },
                { true, BUILDER_DRACUT, 0, 0, D, BUILDER_DRACUT, NULL },
                { true, BUILDER_DRACUT, 0, D | IT, D | IT, BUILDER_DRACUT, NULL },
                { true, BUILDER_DRACUT, 0, 0, 0, BUILDER_DRACUT, "is made by dracut, which is not installed" },
                /* dracut-core beside initramfs-tools; and what was made by dracut in such a place once */
                { true, BUILDER_INITRAMFS_TOOLS, 0, IT, D | IT, BUILDER_INITRAMFS_TOOLS, NULL },
                { true, BUILDER_INITRAMFS_TOOLS, 0, D | IT, D | IT, BUILDER_INITRAMFS_TOOLS, NULL },
                { true, BUILDER_INITRAMFS_TOOLS, 0, 0, D, BUILDER_INITRAMFS_TOOLS,
                  "is made by initramfs-tools, which is not installed" },
                { true, BUILDER_MKINITCPIO, 0, MK, D | MK, BUILDER_MKINITCPIO, "is made by mkinitcpio (its files are" },
                { true, BUILDER_MKINITCPIO, 0, D | MK, D | MK, BUILDER_MKINITCPIO, "its files are inside" },
                { true, BUILDER_DRACUT, 0, IT, D | IT, BUILDER_UNKNOWN,
                  "was made by dracut, but those of new kernels are made by initramfs-tools" },
                { true, BUILDER_DRACUT, 0, IT | MK, D | IT | MK, BUILDER_UNKNOWN, "by initramfs-tools and mkinitcpio" },
                /* the host has changed over to another one */
                { true, BUILDER_INITRAMFS_TOOLS, 0, D, D, BUILDER_DRACUT, NULL },
                { true, BUILDER_DRACUT, 0, MK, MK, BUILDER_MKINITCPIO, "hook-of-mkinitcpio makes the next)" },
                /* no mark of anybody: whoever made it, it was none of those that leave one */
                { true, BUILDER_OTHER, 0, 0, D, BUILDER_OTHER, "by a program that ptprep does not know" },
                { true, BUILDER_OTHER, 0, D, D, BUILDER_OTHER, "by a program that ptprep does not know" },
                { true, BUILDER_OTHER, 0, MO, D | MO, BUILDER_MKOSI_INITRD, "is made by mkosi-initrd (hook-of-mkosi" },
                /* it could not be read */
                { true, 0, 0, D, D, BUILDER_DRACUT, NULL },
                { true, 0, 0, IT, D | IT, BUILDER_INITRAMFS_TOOLS, NULL },
                { true, 0, 0, MK, D | MK, BUILDER_MKINITCPIO, "(hook-of-mkinitcpio makes the next)" },
                { true, 0, 0, D | IT, D | IT, BUILDER_UNKNOWN,
                  "which program makes /boot/initrd.img-6.12.0-1-amd64: dracut" },
                { true, 0, 0, 0, D, BUILDER_UNKNOWN, "cannot tell which program makes /boot" },
                { true, 0, BUILDER_DRACUT, 0, D, BUILDER_DRACUT, NULL },
                { true, 0, BUILDER_MKINITCPIO, 0, D | MK, BUILDER_MKINITCPIO, "(as other images here)" },
                /* there is none yet */
                { false, 0, 0, D, D, BUILDER_DRACUT, NULL },
                { false, 0, 0, 0, D, BUILDER_DRACUT, NULL },
                { false, 0, 0, 0, D | IT, BUILDER_UNKNOWN, "cannot tell which program makes" },
                { false, 0, BUILDER_MKINITCPIO, MK, D | MK, BUILDER_MKINITCPIO,
                  "(as other images here, and hook-of-mk" },
                { false, 0, BUILDER_OTHER, 0, 0, BUILDER_UNKNOWN, "no program is found that makes /boot/initrd" },
                { false, 0, 0, 0, 0, BUILDER_UNKNOWN, "no program is found that makes /boot/initrd" },
        };
        Machine *m = *state;
        KernelRelease *k = machine_add_kernel(m, "6.12.0-1-amd64", false);

        machine_settle(m);
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                for (BuilderKind b = _BUILDER_FIRST; b < _BUILDER_MAX; b++) {
                        char hook[64];

                        (void) snprintf(hook, sizeof(hook), "hook-of-%s", builder_kind_to_string(b));
                        m->facts.builders[b].active = (c->active >> b & 1) != 0;
                        m->facts.builders[b].installed = (c->installed >> b & 1) != 0;
                        set_text(&m->facts.builders[b].hook, m->facts.builders[b].active ? hook : NULL);
                }
                m->facts.kernels[0].image.maker = c->sibling;
                k->image.exists = c->exists;
                k->image.known = c->maker != BUILDER_UNKNOWN;
                k->image.digest = 0;
                k->image.maker = c->maker;
                assert_int_equal(image_owner(&m->facts, &k->image).kind, c->owner);
                machine_judge(m);
                if (c->reason)
                        expect(m, "image.current", RESULT_BLOCKED, c->reason);
                else
                        assert_int_not_equal(find(m, "image.current")->result, RESULT_BLOCKED);
                assert_true(c->reason ? m->plan.n == 0 : m->plan.n > 0);
                /* nothing is built over what another program made */
                FOREACH_ARRAY(s, m->plan.steps, m->plan.n)
                        if (s->kind == STEP_REBUILD_IMAGE)
                                assert_int_equal(s->image.builder, c->owner);
        }
        /* unknown is no "nobody does" */
        m->facts.builders[BUILDER_DRACUT].installed = TRISTATE_YES;
        m->facts.builders[BUILDER_MKINITCPIO].active = TRISTATE_UNKNOWN;
        machine_judge(m);
        expect(m, "image.current", RESULT_BLOCKED, "cannot tell which program makes");
}

/* Before anything is configured the check says whether it could be. */
static void the_builder_is_named_early(void **state)
{
        Machine *m = *state;

        m->config.n_devices = 0;
        m->facts.kernels[0].image.digest = 0;
        machine_judge(m);
        expect(m, "image.current", RESULT_OK, "the initramfs of this host is made by dracut, which ptprep can use");
        m->facts.builders[BUILDER_DRACUT].active = TRISTATE_NO;
        m->facts.builders[BUILDER_MKINITCPIO].active = TRISTATE_YES;
        machine_judge(m);
        expect(m, "image.current", RESULT_SKIPPED, "is made by mkinitcpio");
        expect_exit(m, EXIT_READY, m->plan.n);
        m->config.n_devices = 1; /* what is released */
}

/* systemd-boot loads a copy of the image that /boot has: both are judged, and what is loaded is made right last. */
static void loaded_images(void **state)
{
        Machine *m = *state;
        KernelRelease *k = m->facts.kernels;
        LoadedImage *l = array_grow(&k->loaded, k->n_loaded++);

        assert_non_null(l);
        set_text(&l->path, "/efi/0123/6.1.0-1-amd64/initrd.img-6.1.0-1-amd64");
        machine_settle(m);
        l->image = k->image;
        machine_judge(m);
        expect_exit(m, EXIT_READY, 0);
        l->image.digest = 0;
        machine_judge(m);
        expect(m, "image.current", RESULT_FAIL, "/efi/0123/6.1.0-1-amd64/initrd.img-6.1.0-1-amd64 has no claim list");
        assert_int_equal(m->plan.n, 2);
        assert_int_equal(m->plan.steps[0].kind, STEP_COPY_IMAGE);
        assert_string_equal(m->plan.steps[0].path, l->path);
        assert_string_equal(m->plan.steps[0].copy.from, k->initrd);
        assert_int_equal(m->plan.steps[1].kind, STEP_STAMP_IMAGES);
        assert_string_equal(m->plan.steps[1].stamp.images[1].key, l->path); /* remembered by its path */
        k->image.digest = 0;
        machine_judge(m);
        assert_int_equal(m->plan.n, 3);
        assert_int_equal(m->plan.steps[0].kind, STEP_REBUILD_IMAGE);
        assert_int_equal(m->plan.steps[1].kind, STEP_COPY_IMAGE);
        k->initrd_loaded = true; /* two images that are not the same: neither becomes the other */
        machine_judge(m);
        assert_int_equal(m->plan.n, 3);
        assert_int_equal(m->plan.steps[1].kind, STEP_REBUILD_IMAGE);
        assert_string_equal(m->plan.steps[1].path, l->path);
        assert_string_equal(m->plan.steps[1].image.release, k->release);
        k->initrd_loaded = false;
        machine_settle(m);
        l->image.exists = false;
        machine_judge(m);
        expect(m, "image.current", RESULT_FAIL, "initrd.img-6.1.0-1-amd64 does not exist");
        assert_int_equal(m->plan.steps[0].kind, STEP_COPY_IMAGE);
        l->image = k->image;
        l->image.stamped = false;
        machine_judge(m);
        assert_int_equal(m->plan.n, 1);
        assert_int_equal(m->plan.steps[0].kind, STEP_STAMP_IMAGES);
}

static void switched_off(void **state)
{
        Machine *m = *state;

        machine_set_cmdline(m, "intel_iommu=on ptprep.claim=1 ptprep=off");
        machine_judge(m);
        expect(m, "claim.disabled", RESULT_FAIL, "ptprep=off");
        expect_exit(m, EXIT_NOT_READY, 0);
        machine_set_cmdline(m, "ptprep=off ptprep=on");
        machine_judge(m);
        expect(m, "claim.disabled", RESULT_OK, "not on the command line");
        m->config.enabled = false;
        set_text(&m->facts.claims, NULL);
        machine_judge(m);
        expect(m, "config.valid", RESULT_OK, "switched off");
        expect(m, "device.claimlist", RESULT_FAIL, "not in /etc/ptprep/claims yet");
        expect_exit(m, EXIT_NOT_READY, 0);
}

/* What to do next follows from the kinds of cures, whatever the sentences are. */
static void expect_next(Machine *m, ReportVerb verb, const char *verdict, const char *next)
{
        const Report r = machine_report(m, verb);

        assert_string_equal(report_verdict(&r)->name, verdict);
        if (next)
                assert_string_equal(report_next(&r), next);
        else
                assert_null(report_next(&r));
}

static void what_to_do_next(void **state)
{
        static const struct {
                Result result;
                CureKind kind;
                const char *verdict, *next;
        } rows[] = {
                { RESULT_WARN, CURE_PERSON, "ready", "start the guest: every configured device is on its stub driver" },
                { RESULT_FAIL, CURE_APPLY, "not-ready", "run \"ptprep --apply\" as root, then reboot" },
                { RESULT_FAIL, CURE_REBOOT, "reboot-due", "reboot" },
                { RESULT_FAIL, CURE_CONFIGURATION, "not-ready", "the cure" },
                { RESULT_FAIL, CURE_ELSEWHERE, "unknown", "the cure" },
                { RESULT_UNKNOWN, CURE_ROOT, "unknown", "the cure" },
                { RESULT_UNKNOWN, CURE_REBOOT, "unknown", "the cure" },
                { RESULT_UNKNOWN, CURE_NONE, "unknown", NULL }, /* which no reboot changes */
                { RESULT_BLOCKED, CURE_FIRMWARE, "blocked",
                  "do what the lines marked \"blocked\" say, then run \"ptprep --check\" again" },
        };
        Machine *m = *state;

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                machine_judge(m);
                assert_int_equal(finding_add(&m->findings, "config.valid", row->result, NULL, row->kind,
                                             row->kind == CURE_NONE ? NULL : "the cure", "x"),
                                 0);
                expect_next(m, REPORT_CHECK, row->verdict, row->next);
        }
        machine_judge(m);
        assert_int_equal(finding_add(&m->findings, "boot.argument", RESULT_UNKNOWN, NULL, CURE_ARGUMENT, "add it", "x"),
                         0);
        assert_int_equal(finding_add(&m->findings, "device.driver", RESULT_FAIL, NULL, CURE_REBOOT, NULL, "x"), 0);
        set_text(&m->facts.claims, NULL); /* so that the next boot is not prepared */
        expect_next(m, REPORT_APPLY, "unknown", "do what stands below the lines that need something, then reboot");
}

/* A finding is news until a report has told it, and again when it changes. */
static void each_finding_is_news_once(void **state)
{
        _cleanup_(finding_list_done) FindingList first = {}, second = {}, third = {};
        _cleanup_free_ char *text = NULL;
        Machine *m = *state;
        Report r = machine_report(m, REPORT_APPLY);
        size_t size;
        Printer p = { .out = open_memstream(&text, &size) };

        set_text(&m->facts.claims, NULL);
        machine_judge(m);
        assert_int_equal(report_news(NULL, &m->findings, &first), 0);
        assert_int_equal(first.n, report_count_needy(&r));
        assert_true(first.n > 0);
        assert_int_equal(report_text(&p, &r), 0);
        assert_int_equal(fclose(p.out), 0);
        assert_int_equal(report_news(text, &m->findings, &second), 0);
        assert_int_equal(second.n, 0);
        set_text(&m->facts.claims, "0000:00:04.0 8086:10d3 pci-stub - nic0\n");
        machine_judge(m);
        assert_int_equal(report_news(text, &m->findings, &third), 0);
        assert_true(third.n > 0);
        FOREACH_ARRAY(f, third.items, third.n)
                if (streq(f->check, "device.claimlist"))
                        return;
        fail_msg("what has changed is no news");
}

/* The journal has one line for all of it, and it has to say why. */
static void a_headline_says_why(void **state)
{
        static const char failed[] = "update-initramfs failed (exit status 1); it said: no space\nleft on device\n";
        Machine *m = *state;
        _cleanup_free_ char *fine = NULL, *put_back = NULL;
        Report r;

        machine_judge(m);
        r = machine_report(m, REPORT_APPLY);
        assert_int_equal(report_headline(&r, &fine), 0);
        assert_string_equal(fine, "READY; next: start the guest: every configured device is on its stub driver");
        r.failure = failed;
        assert_int_equal(report_headline(&r, &put_back), 0);
        assert_string_equal(put_back,
                            "FAILED: a change failed and everything was put back: update-initramfs failed (exit "
                            "status 1); it said: no space left on device; next: cure what failed, then run \"ptprep "
                            "--apply\" again; the host boots as before");
}

/* What an apply would do must not be promised where it does nothing. */
static void no_promise_is_empty(void **state)
{
        Machine *m = *state;

        set_text(&m->facts.claims, NULL);
        machine_judge(m);
        assert_int_equal(find(m, "device.claimlist")->cure_kind, CURE_APPLY);
        m->config.enabled = false;
        machine_judge(m);
        assert_int_equal(find(m, "device.claimlist")->cure_kind, CURE_CONFIGURATION);
        m->config.enabled = true;
        m->facts.container = TRISTATE_YES;
        machine_judge(m);
        assert_int_equal(find(m, "device.claimlist")->cure_kind, CURE_ELSEWHERE);
        assert_int_equal(m->plan.n, 0);
        m->facts.container = TRISTATE_NO;
        m->facts.kernels->has_stub[STUB_VFIO_PCI] = TRISTATE_NO;
        machine_judge(m);
        expect(m, "image.current", RESULT_BLOCKED, "no vfio-pci driver");
        assert_int_equal(find(m, "device.claimlist")->cure_kind, CURE_PERSON);
}

static void a_fresh_plan_has_the_safe_order(void **state)
{
        Machine *m = *state;
        static const StepKind order[] = { STEP_RECORD,        STEP_WRITE_FILE, STEP_WRITE_FILE, STEP_WRITE_FILE,
                                          STEP_REBUILD_IMAGE, STEP_WRITE_FILE, STEP_MKCONFIG,   STEP_STAMP_IMAGES };
        const Step *files;

        set_text(&m->facts.claims, NULL);
        set_text(&m->facts.modprobe_snippet, NULL);
        set_text(&m->facts.builders[BUILDER_DRACUT].snippet, NULL);
        m->facts.kernels[0].image.digest = 0;
        kargs_done(&m->facts.loaders->entries[0].arguments);
        assert_int_equal(kargs_parse("quiet", &m->facts.loaders->entries[0].arguments), 0);
        machine_set_source(m, "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n");
        machine_judge(m);
        expect_exit(m, EXIT_NOT_READY, ELEMENTSOF(order));
        for (size_t i = 0; i < ELEMENTSOF(order); i++)
                assert_int_equal(m->plan.steps[i].kind, order[i]);
        files = m->plan.steps + 1;
        assert_string_equal(files[0].path, "/etc/ptprep/claims");
        assert_non_null(strstr(files[0].file.new_text, "0000:00:04.0 8086:10d3 vfio-pci pci0000:00/04.0 nic0\n"));
        assert_non_null(strstr(files[1].file.new_text, "\nsoftdep e1000e pre: vfio-pci\n"));
        assert_null(strstr(files[1].file.new_text, "ids="));
        assert_non_null(strstr(files[2].file.new_text, " add_dracutmodules+=\" ptprep \"\n"));
        assert_string_equal(files[4].path, "/etc/default/grub.d/zz-ptprep.cfg");
        assert_non_null(strstr(files[4].file.new_text, "intel_iommu=on"));
}

static BootMount *add_mount(Machine *m, const char *target)
{
        BootMount *mount = array_grow(&m->facts.boot_mounts.items, m->facts.boot_mounts.n);

        assert_non_null(mount);
        m->facts.boot_mounts.n++;
        mount->target = copy(target);
        return mount;
}

/* Nothing is planned, neither for what is configured nor to take it back: it would go into the directory below. */
static void an_unreadable_boot_is_left_alone(void **state)
{
        Machine *m = *state;

        add_mount(m, "/boot")->failure = copy("this process may not mount");
        m->facts.kernels[0].image.exists = false;
        loaders_free(m->facts.loaders, m->facts.n_loaders);
        m->facts.loaders = NULL;
        m->facts.n_loaders = 0;
        set_text(&m->facts.claims, "# an older list\n");
        machine_judge(m);
        expect(m, "boot.mounted", RESULT_BLOCKED, "cannot tell what is on it: this process may not mount");
        expect(m, "iommu.argument", RESULT_UNKNOWN, "see boot.mounted");
        expect(m, "boot.argument", RESULT_UNKNOWN, "see boot.mounted");
        expect(m, "image.current", RESULT_UNKNOWN, "see boot.mounted");
        expect_exit(m, EXIT_BLOCKED, 0);
        m->config.n_devices = 0;
        machine_judge(m);
        expect(m, "iommu.argument", RESULT_UNKNOWN, "see boot.mounted");
        expect_exit(m, EXIT_BLOCKED, 0);
        /* as "ptprep revert" does it: no check has said anything */
        finding_list_done(&m->findings);
        assert_int_equal(plan_compute(&m->judgement, &m->findings, &m->plan), 0);
        assert_int_equal(m->findings.n, 1);
        expect(m, "boot.mounted", RESULT_BLOCKED, "this process may not mount");
        expect_exit(m, EXIT_BLOCKED, 0);
        m->config.n_devices = 1; /* what is released */
}

/* Read from a mount of ptprep's own: told, and no more. Not readable: what else boots is not known, even if all seems
 * right. */
static void an_unmounted_esp_is_told(void **state)
{
        Machine *m = *state;
        BootMount *esp = add_mount(m, "/boot/efi");

        esp->device = copy("/dev/vda1");
        esp->type = copy("vfat");
        machine_judge(m);
        expect(m, "boot.mounted", RESULT_OK, "not mounted; /dev/vda1 (vfat), found by its partition type");
        expect_exit(m, EXIT_READY, 0);
        esp->failure = copy("only root can mount it");
        m->facts.is_root = false;
        machine_judge(m);
        expect(m, "boot.mounted", RESULT_UNKNOWN, "cannot tell what is on it: only root can mount it");
        expect(m, "iommu.argument", RESULT_UNKNOWN, "see boot.mounted");
        expect_exit(m, EXIT_UNKNOWN, 0);
        assert_false(next_boot_prepared(&m->judgement));
        set_text(&m->facts.claims, "# an older list\n");
        machine_judge(m);
        expect_exit(m, EXIT_NOT_READY, 0);
        m->facts.is_root = true;
        machine_judge(m);
        expect_exit(m, EXIT_BLOCKED, 0);
}

/* Three are in the claim list; the last one is not configured any more, and the host lives on the second one now. */
static void apply_and_drop_the_last(Machine *m, const char *second)
{
        machine_add_device(m, "second", second, streq(second, "0000:00:03.0") ? "1af4:1042" : "8086:10d3");
        machine_add_device(m, "third", "0000:00:06.0", "8086:10d3");
        machine_settle(m);
        assert_non_null(strstr(m->facts.claims, "0000:00:06.0"));
        m->config.n_devices = 2;
        machine_judge(m);
}

static const char *planned_claims(const Machine *m)
{
        FOREACH_ARRAY(s, m->plan.steps, m->plan.n)
                if (streq(s->path, NAME_CLAIMS))
                        return s->file.new_text;
        return NULL;
}

static bool plans(const Machine *m, StepKind kind)
{
        FOREACH_ARRAY(s, m->plan.steps, m->plan.n)
                if (s->kind == kind)
                        return true;
        return false;
}

static void taking_away_does_not_wait(void **state)
{
        Machine *m = *state;
        const char *claims;

        apply_and_drop_the_last(m, "0000:00:03.0");
        assert_int_equal(finding_worst(&m->findings), RESULT_BLOCKED);
        claims = planned_claims(m);
        assert_non_null(claims);
        assert_non_null(strstr(claims, "version="));
        assert_non_null(strstr(claims, "\n0000:00:04.0 8086:10d3 vfio-pci "));
        assert_null(strstr(claims, "0000:00:03.0"));
        assert_null(strstr(claims, "0000:00:06.0"));
        assert_true(plans(m, STEP_REBUILD_IMAGE) && plans(m, STEP_STAMP_IMAGES));
        assert_false(plans(m, STEP_MKCONFIG) || plans(m, STEP_COMMAND));
        /* and once that is so, there is nothing left to do */
        set_text(&m->facts.claims, claims);
        machine_judge(m);
        expect_exit(m, EXIT_BLOCKED, 0);
        m->config.n_devices = 3; /* what is released */
}

/* What blocks is not that the host lives on it: its line stays. */
static void taking_away_leaves_what_was_in_force(void **state)
{
        Machine *m = *state;
        const char *claims;

        apply_and_drop_the_last(m, "0000:00:05.0");
        m->facts.iommu_active = machine_intel(m)->present = TRISTATE_NO;
        machine_set_cmdline(m, "quiet");
        machine_judge(m);
        expect(m, "firmware.table", RESULT_BLOCKED, "no DMAR");
        claims = planned_claims(m);
        assert_non_null(claims);
        assert_non_null(strstr(claims, "0000:00:04.0"));
        assert_non_null(strstr(claims, "0000:00:05.0"));
        assert_null(strstr(claims, "0000:00:06.0"));
        m->config.enabled = false; /* changes are switched off */
        machine_judge(m);
        assert_int_equal(m->plan.n, 0);
        m->config.n_devices = 3;
}

/* A shorter list that is in no image would claim as much as before. */
static void taking_away_needs_the_image(void **state)
{
        Machine *m = *state;

        m->facts.builders[BUILDER_DRACUT].installed = TRISTATE_NO;
        apply_and_drop_the_last(m, "0000:00:03.0");
        expect(m, "device.claimlist", RESULT_BLOCKED, "it is claimed as before");
        expect_exit(m, EXIT_BLOCKED, 0);
        m->config.n_devices = 3;
}

/* The same plan, made from the same. */
static void a_plan_that_failed_is_known_again(void **state)
{
        Machine *m = *state;
        const char *failure;

        set_text(&m->facts.claims, NULL);
        machine_judge(m);
        assert_true(m->plan.n > 0);
        assert_false(failed_plan_same(&m->judgement, &m->plan, 1, &failure));
        m->facts.failed_plan = failed_plan_print(&m->judgement, &m->plan, 1, "no such disk\nand more");
        machine_judge(m);
        assert_true(failed_plan_same(&m->judgement, &m->plan, 1, &failure));
        assert_string_equal(failure, "no such disk\nand more\n");
        assert_false(failed_plan_same(&m->judgement, &m->plan, 2, &failure));
        expect(m, "record.failed", RESULT_WARN, "to change " NAME_CLAIMS);
        expect(m, "record.failed", RESULT_WARN, "put back: no such disk; no boot tries the same again before");
        machine_set_source(m, "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet intel_iommu=on ptprep.claim=1\"\nGRUB_TIMEOUT=3\n");
        machine_judge(m);
        assert_false(failed_plan_same(&m->judgement, &m->plan, 1, &failure));
        machine_set_source(m, "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet intel_iommu=on ptprep.claim=1\"\n");
        set_text(&m->config.devices[0].name, "other");
        machine_judge(m);
        assert_false(failed_plan_same(&m->judgement, &m->plan, 1, &failure));
        set_text(&m->facts.failed_plan, "cut"); /* of nobody's hand */
        machine_judge(m);
        assert_null(find(m, "record.failed"));
        assert_false(failed_plan_same(&m->judgement, &m->plan, 1, &failure));
}

static void an_interrupted_run_is_cleaned_up_first(void **state)
{
        Machine *m = *state;

        set_text(&m->facts.transaction, "/boot/initrd.img-6.1.0-1-amd64.ptprep-old\n");
        machine_judge(m);
        assert_int_equal(m->plan.n, 1);
        assert_int_equal(m->plan.steps[0].kind, STEP_CLEAN_UP);
}

/* Before anything else is planned, and for whoever only looks. */
static void what_could_not_be_put_back_comes_first(void **state)
{
        Machine *m = *state;
        _cleanup_(plan_done) Plan p = {};

        assert_int_equal(plan_recover(&m->facts, &p), 0);
        assert_int_equal(p.n, 0);
        set_text(&m->facts.transaction, "kept /boot/grub.cfg.ptprep-old\t/boot/grub.cfg\n/boot/a.ptprep-old\n");
        machine_judge(m);
        expect(m, "record.restored", RESULT_FAIL, "as it was it is in /boot/grub.cfg.ptprep-old");
        assert_int_equal(plan_recover(&m->facts, &p), 0);
        assert_int_equal(p.n, 2);
        assert_int_equal(p.steps[0].kind, STEP_CLEAN_UP);
        assert_int_equal(p.steps[1].kind, STEP_PUT_BACK);
        assert_string_equal(p.steps[1].path, "/boot/grub.cfg");
        assert_string_equal(p.steps[1].put_back.from, "/boot/grub.cfg.ptprep-old");
}

/* The text of the first or the last record of a plan. NULL: there is none. */
static const char *planned_record(const Machine *m, bool last)
{
        const char *text = NULL;

        FOREACH_ARRAY(s, m->plan.steps, m->plan.n)
                if (s->kind == STEP_RECORD && (!text || last))
                        text = s->state.text;
        return text;
}

/*
 * While a file of ptprep's is changed anew, the record has to tell the bytes that were there from somebody's edit: a
 * run that is cut short before the file has left those, and a later revert must know them. What is on its way is told
 * from what is done, too: the last record has nothing of it, and the next run forgets it with the file as it was.
 */
static void a_change_on_its_way_is_told_from_an_edit(void **state)
{
        static const char former[] = "# of before\n";
        Machine *m = *state;
        _cleanup_(record_done) Record first = {}, last = {};
        _cleanup_free_ char *base = NULL;
        RecordFile *f = record_file_at(&m->facts.record, NAME_CLAIMS);
        OwnedState found;

        assert_non_null(f);
        set_text(&f->format, "lines");
        f->original = fingerprint_of(NULL);
        f->written = fingerprint_of(former);
        f->replaced = fingerprint_of("# of an earlier one, long done\n");
        f->exists = TRISTATE_YES;
        set_text(&f->present, former);
        set_text(&m->facts.claims, former);
        f = record_file_at(&m->facts.record, "/etc/modprobe.d/untouched.conf");
        assert_non_null(f);
        set_text(&f->format, "lines");
        f->original = fingerprint_of(NULL);
        f->written = fingerprint_of(former);
        f->exists = TRISTATE_YES;
        set_text(&f->present, former);
        machine_judge(m);
        assert_int_equal(record_parse(planned_record(m, false), &first), 0);
        assert_int_equal(record_parse(planned_record(m, true), &last), 0);
        f = record_file_at(&first, NAME_CLAIMS);
        assert_non_null(f);
        assert_true(fingerprint_is(&f->written, m->wanted.claims));
        assert_true(fingerprint_is(&f->replaced, former));
        f->exists = TRISTATE_YES;
        set_text(&f->present, former);
        assert_int_equal(owned_base(f, &found, &base), 0);
        assert_int_equal(found, OWNED_AS_WRITTEN);
        assert_null(base);
        f = record_file_at(&first, "/etc/modprobe.d/untouched.conf");
        assert_non_null(f);
        assert_int_equal(f->replaced.state, BYTES_UNKNOWN);
        f = record_file_at(&last, NAME_CLAIMS);
        assert_non_null(f);
        assert_true(fingerprint_is(&f->written, m->wanted.claims));
        assert_int_equal(f->replaced.state, BYTES_UNKNOWN);
}

/* The file of the run that was cut short has what was there before it, or what it wrote: the next run says which. */
static void an_interrupted_change_is_told_apart(void **state)
{
        Machine *m = *state;
        const char *const now[] = { "# of before\n", NULL };

        for (size_t i = 0; i < ELEMENTSOF(now); i++) {
                _cleanup_(record_done) Record last = {};
                RecordFile *f = record_file_at(&m->facts.record, "/etc/modprobe.d/x.conf");
                const char *text = now[i] ?: "# new\n";

                assert_non_null(f);
                set_text(&f->format, "lines");
                f->original = fingerprint_of(NULL);
                f->written = fingerprint_of("# new\n");
                f->replaced = fingerprint_of("# of before\n");
                f->exists = TRISTATE_YES;
                set_text(&f->present, text);
                machine_judge(m);
                assert_int_equal(record_parse(planned_record(m, true), &last), 0);
                f = record_file_at(&last, "/etc/modprobe.d/x.conf");
                assert_non_null(f);
                assert_true(fingerprint_is(&f->written, text));
                assert_int_equal(f->replaced.state, BYTES_UNKNOWN);
        }
}

static void what_is_no_longer_asked_for_goes_away(void **state)
{
        Machine *m = *state;

        FOREACH_ARRAY(d, m->config.devices, m->config.n_devices) {
                free(d->name);
                free(d->file);
        }
        m->config.n_devices = 0;
        machine_intel(m)->present = TRISTATE_NO; /* also where the firmware has lost its IOMMU */
        machine_judge(m);
        assert_true(m->plan.n >= 5);
        assert_int_equal(m->plan.steps[0].kind, STEP_REMOVE_FILE);
        assert_string_equal(m->plan.steps[0].path, "/etc/ptprep/claims");
        assert_int_equal(m->plan.steps[3].kind, STEP_REBUILD_IMAGE);
        /* an absent device keeps its recorded path, so the list does not change under it */
}

static void an_absent_device_keeps_its_path(void **state)
{
        Machine *m = *state;
        _cleanup_free_ char *before = NULL;

        m->config.devices[0].optional = true;
        machine_settle(m);
        before = copy(m->facts.claims);
        machine_function(m, "0000:00:04.0")->addr.bus = 1; /* gone from its address; order stays */
        m->facts.n_functions = 3;
        machine_judge(m);
        assert_string_equal(m->wanted.claims, before);
        m->facts.n_functions = 4;
}

/* After an upgrade of ptprep the list is that of the former release, and so are list and helper in the images. */
static void a_list_of_the_former_release_is_replaced(void **state)
{
        Machine *m = *state;
        bool list = false, image = false;
        char *version = strstr(m->facts.claims, "version=");

        assert_non_null(version);
        memmove(version, text_next_line(version), strlen(text_next_line(version)) + 1);
        m->facts.kernels[0].image.digest = image_digest(m->facts.claims, m->facts.helper_hash - 1);
        machine_judge(m);
        expect(m, "device.claimlist", RESULT_OK, "listed in"); /* its line means what it did */
        expect(m, "image.current", RESULT_FAIL, "");
        FOREACH_ARRAY(s, m->plan.steps, m->plan.n) {
                list |= s->kind == STEP_WRITE_FILE && streq(s->path, NAME_CLAIMS);
                image |= s->kind == STEP_REBUILD_IMAGE;
        }
        assert_true(list && image);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)
        const struct CMUnitTest tests[] = {
                T(ready),
                T(every_check_speaks_or_is_silent),
                T(firmware),
                T(iommu_state_is_told_apart),
                T(a_line_that_is_cut_off_is_not_effective),
                T(arguments_of_the_next_boot),
                T(arguments_that_only_the_boot_loader_knows),
                T(the_default_entry_counts_first),
                T(other_machines_than_x86),
                T(amd_needs_no_argument),
                T(policies_of_the_argument),
                T(devices),
                T(the_running_system_is_safe),
                T(guards_are_lifted_by_name),
                T(a_word_that_has_done_its_work),
                T(guards_before_a_look),
                T(what_the_host_can_spare),
                T(unknown_of_one_device),
                T(a_device_that_stays_is_told_of),
                T(network_devices_wait),
                T(certain_beats_unknown),
                T(what_is_taken_out_does_not_wait),
                T(waiting_by_class),
                T(groups),
                T(images),
                T(image_owners),
                T(the_builder_is_named_early),
                T(loaded_images),
                T(switched_off),
                T(what_to_do_next),
                T(no_promise_is_empty),
                T(each_finding_is_news_once),
                T(a_headline_says_why),
                T(a_fresh_plan_has_the_safe_order),
                T(an_unreadable_boot_is_left_alone),
                T(an_unmounted_esp_is_told),
                T(taking_away_does_not_wait),
                T(taking_away_leaves_what_was_in_force),
                T(taking_away_needs_the_image),
                T(a_plan_that_failed_is_known_again),
                T(an_interrupted_run_is_cleaned_up_first),
                T(what_could_not_be_put_back_comes_first),
                T(a_change_on_its_way_is_told_from_an_edit),
                T(an_interrupted_change_is_told_apart),
                T(what_is_no_longer_asked_for_goes_away),
                T(an_absent_device_keeps_its_path),
                T(a_list_of_the_former_release_is_replaced),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
