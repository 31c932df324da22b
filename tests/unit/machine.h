/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A machine made of plain structs, ready for passthrough; a test breaks what it wants to see judged. */

#include "core/check.h"
#include "core/cures.h"
#include "core/next-boot.h"
#include "core/planner.h"
#include "core/report.h"
#include "iommu/rows.h"
#include "iommu/table.h"
#include "model/image.h"
#include "test.h"

typedef struct Machine {
        Config config;
        Facts facts;
        Wanted wanted;
        Judgement judgement;
        FindingList findings;
        Plan plan;
} Machine;

static inline char *copy(const char *s)
{
        char *c = s ? strdup(s) : NULL;

        assert_true(!s || c);
        return c;
}

static inline void set_text(char **field, const char *s)
{
        free(*field);
        *field = copy(s);
}

static inline PciFunction *machine_function(Machine *m, const char *addr)
{
        PciAddr a;

        assert_int_equal(pci_addr_parse(addr, &a), 0);
        FOREACH_ARRAY(p, m->facts.functions, m->facts.n_functions)
                if (pci_addr_equal(p->addr, a))
                        return p;
        fail_msg("no function %s", addr);
        return NULL;
}

/* In the order of addresses. */
static inline PciFunction *machine_add_function(Machine *m, const char *addr, const char *id, uint32_t class,
                                                const char *driver, int32_t group)
{
        PciFunction *p = array_grow(&m->facts.functions, m->facts.n_functions);
        char path[64];

        assert_non_null(p);
        m->facts.n_functions++;
        assert_int_equal(pci_addr_parse(addr, &p->addr), 0);
        assert_int_equal(pci_id_parse(id, &p->id), 0);
        p->class = class;
        p->driver = copy(driver);
        p->group = group;
        p->parent = p->behind = p->physfn = PCI_PARENT_NONE;
        p->isolation = (PciIsolation){ .pcie = TRISTATE_UNKNOWN, .acs = TRISTATE_UNKNOWN };
        p->reset = copy("flr bus");
        (void) snprintf(path, sizeof(path), "pci0000:00/%s", addr + 8);
        p->path = copy(path);
        return p;
}

/* In the order of numbers, with the one region that every group on a PC has. */
static inline IommuGroup *machine_add_group(Machine *m, int32_t number)
{
        IommuGroup *g = array_grow(&m->facts.groups, m->facts.n_known_groups);

        assert_non_null(g);
        m->facts.n_known_groups++;
        g->number = number;
        g->type = copy("DMA");
        g->regions_known = true;
        assert_int_equal(
                reserved_regions_parse("0x00000000fee00000 0x00000000feefffff msi\n", &g->regions, &g->n_regions), 0);
        return g;
}

static inline BootEntry *machine_add_entry(Machine *m, const char *id, const char *arguments, bool rescue)
{
        Loader *l = m->facts.loaders;
        BootEntry *e = array_grow(&l->entries, l->n_entries);

        assert_non_null(e);
        l->n_entries++;
        e->id = copy(id);
        e->title = copy(id);
        e->kernel = copy("/boot/vmlinuz-6.1.0-1-amd64");
        e->file = copy("/boot/grub/grub.cfg");
        e->line = 10 * (unsigned) l->n_entries;
        e->rescue = rescue;
        assert_int_equal(kargs_parse(arguments, &e->arguments), 0);
        return e;
}

/* The table of that vendor, with a content that a test may fill. */
static inline AcpiTable *machine_table(Machine *m, const IommuVendor *vendor)
{
        FOREACH_ARRAY(t, m->facts.tables, m->facts.n_tables)
                if (t->vendor == vendor) {
                        t->content = t->content ?: calloc(1, vendor->content_size);
                        t->done = vendor->done;
                        assert_non_null(t->content);
                        return t;
                }
        fail_msg("no table of %s", vendor->name);
        return NULL;
}

static inline AcpiTable *machine_intel(Machine *m)
{
        return machine_table(m, &iommu_intel);
}

static inline AcpiTable *machine_amd(Machine *m)
{
        return machine_table(m, &iommu_amd);
}

/* Of the kernel that runs; without a root= of its own it has that of the boot entries. */
static inline void machine_set_cmdline(Machine *m, const char *text)
{
        char line[256];

        (void) snprintf(line, sizeof(line), "%s%s", strstr(text, "root=") ? "" : "root=/dev/vda2 ", text);
        kargs_done(&m->facts.cmdline);
        m->facts.cmdline_known = true;
        assert_int_equal(kargs_parse(line, &m->facts.cmdline), 0);
}

static inline void machine_judge(Machine *m)
{
        plan_done(&m->plan);
        finding_list_done(&m->findings);
        wanted_done(&m->wanted);
        assert_int_equal(wanted_compute(&m->config, &m->facts, &m->wanted), 0);
        m->judgement = (Judgement){ &m->config, &m->facts, &m->wanted };
        assert_int_equal(checks_run(&m->judgement, &m->findings), 0);
        assert_int_equal(plan_compute(&m->judgement, &m->findings, &m->plan), 0);
        assert_int_equal(cures_correct(&m->judgement, &m->findings), 0);
}

static inline Report machine_report(const Machine *m, ReportVerb verb)
{
        return (Report){ .verb = verb, .judgement = &m->judgement, .findings = &m->findings, .plan = &m->plan };
}

/* Exit status of a verb, and how many steps the plan has. */
static inline void machine_expect_exit(const Machine *m, ReportVerb verb, int status, size_t steps)
{
        const Report r = machine_report(m, verb);

        assert_int_equal(report_exit_status(&r), status);
        assert_int_equal(m->plan.n, steps);
}

/* What /etc/default/grub says; the only source of the machine's boot loader. */
static inline void machine_set_source(Machine *m, const char *text)
{
        LoaderFile *f = m->facts.loaders->n_files > 0
                                ? m->facts.loaders->files
                                : array_grow(&m->facts.loaders->files, m->facts.loaders->n_files++);

        assert_non_null(f);
        set_text(&f->path, "/etc/default/grub");
        set_text(&f->text, text);
        f->size = strlen(text);
}

/* What an apply would leave behind: the files and images are as wanted. */
static inline void machine_settle(Machine *m)
{
        Wanted w = {};

        assert_int_equal(wanted_compute(&m->config, &m->facts, &w), 0);
        set_text(&m->facts.claims, w.claims);
        set_text(&m->facts.modprobe_snippet, w.modprobe_snippet);
        for (BuilderKind k = _BUILDER_FIRST; k < _BUILDER_MAX; k++)
                set_text(&m->facts.builders[k].snippet, w.builder_snippets[k]);
        set_text(&m->facts.image_stamps, "stamps\n");
        FOREACH_ARRAY(k, m->facts.kernels, m->facts.n_kernels) {
                k->image.exists = k->image.known = k->image.stamped = true;
                k->image.digest = w.image_digest;
                k->image.modules = TRISTATE_YES;
        }
        wanted_done(&w);
}

static inline KernelRelease *machine_add_kernel(Machine *m, const char *release, bool running)
{
        KernelRelease *k = array_grow(&m->facts.kernels, m->facts.n_kernels);
        char initrd[128];

        assert_non_null(k);
        m->facts.n_kernels++;
        k->release = copy(release);
        (void) snprintf(initrd, sizeof(initrd), "/boot/initrd.img-%s", release);
        k->initrd = copy(initrd);
        k->running = running;
        k->has_stub[STUB_VFIO_PCI] = k->has_stub[STUB_PCI_STUB] = k->has_type1 = TRISTATE_YES;
        return k;
}

static inline ConfigDevice *machine_add_device(Machine *m, const char *name, const char *addr, const char *id)
{
        ConfigDevice *d = array_grow(&m->config.devices, m->config.n_devices);

        assert_non_null(d);
        m->config.n_devices++;
        d->name = copy(name);
        d->file = copy("/etc/ptprep/ptprep.conf");
        d->line = 1;
        d->has_address = d->has_id = true;
        assert_int_equal(pci_addr_parse(addr, &d->address), 0);
        assert_int_equal(pci_id_parse(id, &d->id), 0);
        return d;
}

/* Two NICs with the same id, a boot disk, a bridge; nic0 is configured, claimed and in place for the next boot. */
static inline int machine_setup(void **state)
{
        Machine *m = calloc(1, sizeof(*m));
        _cleanup_(string_list_done) StringList chain = {};
        PciAddr disk;
        AcpiTable *t;

        if (!m)
                return -1;
        config_init(&m->config);
        facts_init(&m->facts);
        m->facts.pci = TRISTATE_YES;
        m->facts.acpi = TRISTATE_YES;
        if (iommu_tables_new(&m->facts) < 0)
                return -1;
        t = machine_intel(m);
        t->present = t->readable = t->checksum_ok = TRISTATE_YES;
        t->length = t->size = 88;
        machine_amd(m)->present = TRISTATE_NO;
        m->facts.cpu_vendor = &iommu_intel;
        m->facts.container = TRISTATE_NO;
        m->facts.is_root = m->facts.live = true;
        m->facts.release = copy("6.1.0-1-amd64");
        m->facts.features.release = LINUX(6, 1);
        m->facts.features.interrupt_remapping = TRISTATE_YES;
        m->facts.features.cpu_virtualization = TRISTATE_YES;
        m->facts.features.hypervisor = TRISTATE_NO;
        m->facts.features.options[KERNEL_INTEL_IOMMU] = TRISTATE_YES;
        m->facts.features.options[KERNEL_INTEL_IOMMU_DEFAULT_ON] = TRISTATE_NO;
        m->facts.features.options[KERNEL_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF] = TRISTATE_YES;
        m->facts.features.options[KERNEL_AMD_IOMMU] = TRISTATE_YES;
        m->facts.features.options[KERNEL_IRQ_REMAP] = TRISTATE_YES;
        m->facts.iommu_active = TRISTATE_YES;
        m->facts.n_groups = 4;
        m->facts.helper_present = m->facts.helper_runs = true;
        m->facts.helper_hash = 42;
        for (BuilderKind k = _BUILDER_FIRST; k < _BUILDER_MAX; k++)
                m->facts.builders[k].installed = m->facts.builders[k].active = TRISTATE_NO;
        m->facts.builders[BUILDER_DRACUT].installed = m->facts.builders[BUILDER_DRACUT].active = TRISTATE_YES;
        m->facts.host.looked[HOST_USE_BOOT_DISK] = m->facts.host.looked[HOST_USE_STORAGE] = true;
        m->facts.host.looked[HOST_USE_NETWORK] = m->facts.host.looked[HOST_USE_DISPLAY] = true;
        m->facts.host.looked[HOST_USE_KEYBOARD] = m->facts.host.looked[HOST_USE_CONSOLE] = true;
        m->facts.record_known = TRISTATE_YES;
        if (string_list_add(&m->facts.iommu_units, "dmar0") < 0)
                return -1;
        machine_add_function(m, "0000:00:01.0", "8086:3420", 0x060400, "pcieport", 1);
        machine_add_function(m, "0000:00:03.0", "1af4:1042", 0x010000, "virtio-pci", 2);
        if (string_list_add(&machine_add_function(m, "0000:00:04.0", "8086:10d3", 0x020000, "vfio-pci", 3)->modules,
                            "e1000e") < 0)
                return -1;
        machine_add_function(m, "0000:00:05.0", "8086:10d3", 0x020000, "e1000e", 4);
        for (int32_t i = 1; i <= 4; i++)
                (void) machine_add_group(m, i);
        if (pci_addr_parse("0000:00:03.0", &disk) < 0 || string_list_add(&chain, "/") < 0 ||
            string_list_add(&chain, "vda") < 0 ||
            host_use_add(&m->facts.host, HOST_USE_BOOT_DISK, disk, "/", &chain) < 0)
                return -1;
        machine_add_kernel(m, "6.1.0-1-amd64", true);
        if (!array_grow(&m->facts.loaders, m->facts.n_loaders++))
                return -1;
        m->facts.loaders->kind = LOADER_GRUB2;
        m->facts.loaders->readable = TRISTATE_YES;
        m->facts.loaders->drop_in_sourced = true;
        m->facts.loaders->drop_in = copy("/etc/default/grub.d/zz-ptprep.cfg");
        m->facts.loaders->generated = copy("/boot/grub/grub.cfg");
        if (string_list_add(&m->facts.loaders->mkconfig, "grub-mkconfig") < 0)
                return -1;
        machine_set_source(m, "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet intel_iommu=on ptprep.claim=1\"\n");
        machine_add_entry(m, "Debian", "root=/dev/vda2 ro quiet intel_iommu=on ptprep.claim=1", false);
        machine_add_entry(m, "Debian (recovery mode)", "root=/dev/vda2 ro single", true);
        machine_set_cmdline(m, "root=/dev/vda2 ro quiet intel_iommu=on ptprep.claim=1");
        machine_add_device(m, "nic0", "0000:00:04.0", "8086:10d3");
        machine_settle(m);
        *state = m;
        return 0;
}

static inline int machine_teardown(void **state)
{
        Machine *m = *state;

        plan_done(&m->plan);
        finding_list_done(&m->findings);
        wanted_done(&m->wanted);
        facts_done(&m->facts);
        config_done(&m->config);
        free(m);
        return 0;
}
