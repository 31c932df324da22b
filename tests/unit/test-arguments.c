/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine.h"

/* What is said of single words of the command line: whose they are, which kernels know them, what they do to a device.
 */

/* The worst finding of a check; of several the first. */
static const Finding *find(const Machine *m, const char *check)
{
        const Finding *worst = NULL;

        FOREACH_ARRAY(f, m->findings.items, m->findings.n)
                if (streq(f->check, check) && (!worst || f->result > worst->result))
                        worst = f;
        return worst;
}

static void expect(const Machine *m, const char *check, Result result, CureKind kind, const char *text)
{
        const Finding *f = find(m, check);

        assert_non_null(f);
        if (f->result != result || f->cure_kind != kind || !strstr(f->detail, text))
                fail_msg("%s: %s (%s) \"%s\"", check, result_to_string(f->result), cure_kind_to_string(f->cure_kind),
                         f->detail);
}

/* Both the entry that will boot and this boot have the words. */
static void set_words(Machine *m, const char *words)
{
        Kargs *k = &m->facts.loaders->entries[0].arguments;
        char line[256], source[300];

        (void) snprintf(line, sizeof(line), "root=/dev/vda2 ro %s ptprep.claim=1", words);
        (void) snprintf(source, sizeof(source), "GRUB_CMDLINE_LINUX_DEFAULT=\"%s ptprep.claim=1\"\n", words);
        kargs_done(k);
        assert_int_equal(kargs_parse(line, k), 0);
        machine_set_cmdline(m, line);
        machine_set_source(m, source);
        machine_judge(m);
}

static void set_release(Machine *m, const char *release)
{
        set_text(&m->facts.release, release);
        m->facts.features.release = linux_release_parse(release);
}

/* What is said of this word on that kernel; NULL: nothing. */
static void said(Machine *m, const char *release, const char *word, const char *text, const char *cure)
{
        const Finding *f;

        set_release(m, release);
        set_words(m, word);
        f = find(m, "iommu.conflict");
        assert_non_null(f);
        if (!text && f->result == RESULT_OK)
                return;
        if (!text || f->result != RESULT_WARN || !strstr(f->detail, text) || !strstr(f->cure ?: "", cure))
                fail_msg("%s on %s: %s \"%s\" -> %s", word, release, result_to_string(f->result), f->detail,
                         f->cure ?: "nothing");
}

static void words_of_other_releases(void **state)
{
        Machine *m = *state;

        said(m, "4.18.0-553.el8_10.x86_64", "intel_iommu=on,ecs_off", NULL, NULL);
        said(m, "6.1.0-50-amd64", "intel_iommu=on,ecs_off",
             "intel_iommu=ecs_off: a word of Linux before 5.0; the kernel is 6.1, where it does nothing",
             "take it out");
        said(m, "5.10.0-8-amd64", "intel_iommu=on,nobounce", NULL, NULL);
        said(m, "5.11.0", "intel_iommu=on,nobounce", "a word of Linux before 5.11", "take it out");
        said(m, "4.18.0-553.el8_10.x86_64", "intel_iommu=on,sm_on",
             "a word of Linux from 5.0 on; the kernel is 4.18, where it does nothing unless the distribution has added "
             "it",
             "later kernel");
        said(m, "6.12.0", "intel_iommu=on,sm_on", NULL, NULL);
        said(m, "6.1.0", "amd_iommu=pgtbl_v2", NULL, NULL);
        said(m, "5.15.0", "amd_iommu=pgtbl_v2", "a word of Linux from 6.1 on", "later kernel");
        said(m, "no release", "intel_iommu=on,ecs_off,sm_on", NULL, NULL); /* nobody can tell */
        said(m, "6.1.0", "intel_iommu=on,quick", "intel_iommu=quick: the kernel knows no such value", "take it out");
        said(m, "6.1.0", "intel_iommu=\"on,strict\"", NULL, NULL);
}

static void words_of_patched_kernels(void **state)
{
        Machine *m = *state;
        IommuGroup *g;

        said(m, "6.1.0-50-amd64", "intel_iommu=on,intgpu_off", NULL, NULL);
        said(m, "6.16.3-arch1-1", "intel_iommu=on,intgpu_off",
             "intel_iommu=intgpu_off: no kernel of kernel.org knows it, only Debian's", "unless this kernel has that");
        said(m, "6.8.12-4-pve", "intel_iommu=on,relax_rmrr",
             "a guest's device can reach memory that the firmware goes on", "trust as much as the host");
        said(m, "6.1.0", "intel_iommu=on,relax_rmrr", "only Proxmox VE's and others with the patch",
             "unless this kernel");
        said(m, "6.1.0", "intel_iommu=on pcie_acs_override=downstream,multifunction",
             "pcie_acs_override=downstream,multifunction: no kernel of kernel.org knows it",
             "unless this kernel has that");
        said(m, "6.8.12-4-pve", "intel_iommu=on pcie_acs_override=downstream",
             "pcie_acs_override=downstream: it splits IOMMU groups by assertion", "trust as much as the host");
        /* a network card with a range that it may leave behind proves the patch */
        g = (IommuGroup *) facts_group(&m->facts, 3);
        assert_int_equal(reserved_regions_parse("0x00000000e8000000 0x00000000e8ffffff direct-relaxable\n", &g->regions,
                                                &g->n_regions),
                         0);
        said(m, "6.1.0", "intel_iommu=on,relax_rmrr", "intel_iommu=relax_rmrr: a guest's device can reach memory",
             "trust as much as the host");
        machine_function(m, "0000:00:04.0")->class = 0x0c0330; /* of USB every kernel lets it */
        said(m, "6.1.0", "intel_iommu=on,relax_rmrr", "no kernel of kernel.org knows it",
             "unless this kernel has that");
}

/* The NIC that is configured becomes the integrated graphics, without a group. */
static void make_graphics(Machine *m)
{
        PciFunction *f = machine_function(m, "0000:00:04.0");

        f->class = 0x030000;
        f->group = PCI_GROUP_NONE;
        set_text(&f->driver, "i915");
}

static void a_unit_that_is_left_off(void **state)
{
        Machine *m = *state;

        make_graphics(m);
        set_words(m, "quiet intel_iommu=on,igfx_off");
        expect(m, "device.iommu", RESULT_FAIL, CURE_APPLY_REBOOT,
               "the IOMMU unit of the integrated graphics is off: this boot was started with intel_iommu=on,igfx_off");
        expect(m, "iommu.argument", RESULT_FAIL, CURE_APPLY_REBOOT,
               "leaves the IOMMU unit of the integrated graphics off with intel_iommu=on,igfx_off");
        assert_true(kargs_has(&m->wanted.remove, "intel_iommu=igfx_off"));
        assert_true(m->plan.n > 0);
        set_words(m, "quiet intel_iommu=igfx_off"); /* on by the kernel's default, that one excepted */
        expect(m, "device.iommu", RESULT_FAIL, CURE_APPLY_REBOOT, "started with intel_iommu=igfx_off");
        expect(m, "iommu.argument", RESULT_FAIL, CURE_APPLY_REBOOT, "off with intel_iommu=igfx_off");
        set_words(m, "quiet intel_iommu=on");
        expect(m, "iommu.argument", RESULT_OK, CURE_NONE, "effective in 1 boot entry");
        expect(m, "device.iommu", RESULT_BLOCKED, CURE_FIRMWARE, "nothing on the command line");
        assert_null(strstr(find(m, "device.iommu")->cure, "slot"));
        m->config.argument = ARGUMENT_NEVER;
        set_words(m, "quiet intel_iommu=on,igfx_off");
        expect(m, "device.iommu", RESULT_FAIL, CURE_ARGUMENT, "started with intel_iommu=on,igfx_off");
        assert_false(kargs_has(&m->wanted.remove, "intel_iommu=igfx_off"));
}

static void a_unit_that_the_kernel_leaves_off(void **state)
{
        Machine *m = *state;

        make_graphics(m);
        m->config.argument = ARGUMENT_WHEN_NEEDED; /* and for this device it is */
        set_words(m, "quiet");
        expect(m, "device.iommu", RESULT_FAIL, CURE_APPLY_REBOOT, "stays off without intel_iommu=on");
        assert_true(kargs_has(&m->wanted.add, "intel_iommu=on"));
}

/* The word is nobody's business while only other devices are configured. */
static void a_unit_that_nobody_wants(void **state)
{
        Machine *m = *state;

        set_words(m, "quiet intel_iommu=on,igfx_off");
        expect(m, "iommu.argument", RESULT_OK, CURE_NONE, "effective in 1 boot entry");
        assert_false(kargs_has(&m->wanted.remove, "intel_iommu=igfx_off"));
        assert_int_equal(m->plan.n, 0);
}

static void an_addon_is_not_ours(void **state)
{
        Machine *m = *state;
        BootEntry *e = m->facts.loaders->entries;
        _cleanup_(kargs_done) Kargs more = {};

        assert_int_equal(kargs_parse("iommu=off", &more), 0);
        assert_int_equal(boot_entry_append(e, &more, "/efi/loader/addons/site.addon.efi"), 0);
        machine_judge(m);
        expect(m, "iommu.argument", RESULT_BLOCKED, CURE_PERSON,
               "the addon /efi/loader/addons/site.addon.efi switches");
        assert_int_equal(m->plan.n, 0);
        m->facts.loaders->booted = BOOTED_NO;
        machine_judge(m);
        expect(m, "iommu.argument", RESULT_WARN, CURE_PERSON, "the addon /efi/loader/addons/site.addon.efi switches");
}

static void without_a_group(void **state)
{
        Machine *m = *state;
        AcpiTable *t = machine_amd(m);

        machine_intel(m)->present = TRISTATE_NO;
        t->present = TRISTATE_YES;
        t->readable = TRISTATE_NO;
        set_text(&m->facts.iommu_units.items[0], "ivhd0");
        machine_function(m, "0000:00:04.0")->group = PCI_GROUP_NONE;
        machine_judge(m);
        expect(m, "iommu.active", RESULT_OK, CURE_NONE, "as always on AMD");
        expect(m, "device.iommu", RESULT_BLOCKED, CURE_FIRMWARE, "it is in no IOMMU group");
        expect(m, "device.reserved", RESULT_SKIPPED, CURE_NONE, "it is in no IOMMU group, see device.iommu");
        expect(m, "group.viable", RESULT_SKIPPED, CURE_NONE, "it is in no IOMMU group, see device.iommu");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)
        const struct CMUnitTest tests[] = {
                T(words_of_other_releases),  T(words_of_patched_kernels),          T(a_unit_that_is_left_off),
                T(a_unit_that_nobody_wants), T(a_unit_that_the_kernel_leaves_off), T(an_addon_is_not_ours),
                T(without_a_group),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
