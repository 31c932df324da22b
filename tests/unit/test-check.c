/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/reboot-once.h"
#include "grub/loader/entry-length.h"
#include "judged.h"

/* Each check, in each state that it can tell apart: the machine is whole, and one thing is broken. Devices, images and
 * what a plan is made of are in files of their own. */

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
                    c->judge != check_host_selinux && c->judge != check_boot_mounted && c->judge != check_boot_loader &&
                    c->judge != check_boot_sealed && c->judge != check_boot_length && c->judge != check_restored &&
                    c->judge != check_failed && c->judge != check_claim_foreign && c->judge != check_device_vfs &&
                    c->judge != check_reboot_once &&
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
        assert_non_null(strstr(find_cure(m, "iommu.argument"), "where it is written, in /etc/grub.d"));
        set_text(&l->entries[l->n_entries - 1].file, "/boot/grub/custom.cfg");
        machine_judge(m);
        assert_string_equal(find_cure(m, "iommu.argument"), "change it there, or choose another default");
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

/* What the kernel shows of this boot is as long as it can be: only a word that is not in it tells that there was more.
 */
static void a_full_line_that_lacks_a_word_was_cut(void **state)
{
        Machine *m = *state;

        if (command_line_limit() == 0)
                skip();
        m->facts.cmdline_length = command_line_limit();
        machine_judge(m);
        assert_null(find(m, "boot.length"));
        machine_set_cmdline(m, "root=/dev/vda2 ro quiet intel_iommu=on ptprep.clai");
        machine_judge(m);
        expect(m, "boot.length", RESULT_WARN, "ptprep.claim=1 is not in it: what stood behind them was cut off");
        m->facts.cmdline_length--;
        machine_judge(m);
        assert_null(find(m, "boot.length"));
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

static void expect_driver_cure(const Machine *m, CureKind kind, const char *cure)
{
        const Finding *f = find(m, "device.driver");

        assert_non_null(f);
        assert_int_equal(f->result, RESULT_FAIL);
        assert_int_equal(f->cure_kind, kind);
        assert_non_null(strstr(f->cure, cure));
}

/* What is taken in the next boot alone is not what a reboot was promised for. */
static void a_choice_for_the_next_boot(void **state)
{
        Machine *m = *state;
        Loader *l = m->facts.loaders;
        StringList *words;
        BootEntry *e;

        set_text(&machine_function(m, "0000:00:04.0")->driver, "e1000e");
        e = machine_add_entry(m, "fallback", "root=/dev/vda2 intel_iommu=on", true);
        words = &e->arguments.words;
        machine_judge(m);
        expect_driver_cure(m, CURE_REBOOT, "reboot");
        set_text(&l->once.id, "fallback");
        set_text(&l->once.place, "LoaderEntryOneShot");
        set_text(&l->once.cure, "bootctl set-oneshot \"\"");
        e->is_once = true;
        machine_judge(m);
        expect(m, "boot.argument", RESULT_WARN,
               "the next boot only takes fallback (LoaderEntryOneShot): it has no ptprep.claim=1");
        assert_string_equal(find(m, "boot.argument")->cure, "take that choice back: bootctl set-oneshot \"\"");
        expect_driver_cure(m, CURE_PERSON, "see boot.argument");
        l->unused = copy("another one boots");
        machine_judge(m);
        expect_driver_cure(m, CURE_REBOOT, "reboot");
        set_text(&l->unused, NULL);
        /* nor does a boot loader choose that has not booted, as another one has */
        assert_non_null(array_grow(&m->facts.loaders, m->facts.n_loaders));
        l = m->facts.loaders;
        l[m->facts.n_loaders++] =
                (Loader){ .readable = TRISTATE_YES, .booted = BOOTED_YES, .unused = copy("has none") };
        machine_judge(m);
        expect_driver_cure(m, CURE_REBOOT, "reboot");
        set_text(&l[--m->facts.n_loaders].unused, NULL);
        l->booted = BOOTED_YES;
        machine_judge(m);
        expect_driver_cure(m, CURE_PERSON, "see boot.argument");

        assert_int_equal(string_list_add(words, "ptprep.claim=1"), 0);
        machine_judge(m);
        expect(m, "boot.argument", RESULT_OK, "boot entr");
        expect_driver_cure(m, CURE_REBOOT, "reboot");
        set_text(words->items + 1, "intel_iommu=off");
        machine_judge(m);
        expect(m, "boot.argument", RESULT_WARN, "it has intel_iommu=off");
        set_text(words->items + 1, "ro");
        machine_judge(m);
        expect(m, "boot.argument", RESULT_WARN, "it has no intel_iommu=on");
        set_text(words->items + 1, "intel_iommu=on");
        assert_int_equal(string_list_add(words, "ptprep=off"), 0);
        machine_judge(m);
        expect(m, "boot.argument", RESULT_WARN, "it has ptprep=off");
        e->is_once = false;
        machine_judge(m);
        expect(m, "boot.argument", RESULT_WARN, "ptprep sees no such entry that boots Linux");
        l->entries[0].is_once = true;
        machine_judge(m);
        expect(m, "boot.argument", RESULT_OK, "boot entr");
        set_text(l->entries[0].arguments.words.items + 4, "debug"); /* what an apply cures, it tells itself */
        machine_judge(m);
        expect(m, "boot.argument", RESULT_FAIL, "is not in this entry yet");
}

/* A host is not restarted for what that restart would not boot. */
static void no_restart_into_another_entry(void **state)
{
        Machine *m = *state;
        Loader *l = m->facts.loaders;
        char path[] = NAME_DEFAULT_GRUB;
        Step step = { .kind = STEP_WRITE_FILE, .path = path };
        Report r;

        set_text(&machine_function(m, "0000:00:04.0")->driver, "e1000e");
        set_text(&m->facts.origin.boot_id, "1");
        set_text(&m->facts.reboots, "");
        m->facts.reboots_known = true;
        machine_judge(m);
        r = machine_report(m, REPORT_APPLY);
        r.plan = &(Plan){ .steps = &step, .n = 1 };
        r.steps_done = 1;
        assert_null(reboot_refusal(&r));
        set_text(&l->once.id, "windows.conf");
        set_text(&l->once.place, "LoaderEntryOneShot");
        set_text(&l->once.cure, "bootctl set-oneshot \"\"");
        machine_judge(m);
        assert_string_equal(reboot_refusal(&r), "the next boot takes another entry, see boot.argument");
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
                T(a_full_line_that_lacks_a_word_was_cut),
                T(arguments_of_the_next_boot),
                T(arguments_that_only_the_boot_loader_knows),
                T(the_default_entry_counts_first),
                T(a_choice_for_the_next_boot),
                T(no_restart_into_another_entry),
                T(other_machines_than_x86),
                T(amd_needs_no_argument),
                T(policies_of_the_argument),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
