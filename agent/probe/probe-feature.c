/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include "base/io.h"
#include "base/text.h"
#include "iommu/argument.h"
#include "model/names.h"

/* Legacy interrupts and those of the first I/O APIC, which say it all on x86, have lower numbers. */
#define IRQ_FIRST_LOOK 32U

/* YES, NO and UNKNOWN: this interrupt does not tell. @foreign: the machine is no x86. */
static Tristate chip_remaps(const Probe *p, const char *irq, bool foreign)
{
        char path[sizeof(NAME_SYS_IRQ "/") + 32 + sizeof("/chip_name")], chip[64];

        (void) snprintf(path, sizeof(path), NAME_SYS_IRQ "/%.32s/chip_name", irq);
        if (root_read_attr(p->rfd, path, chip, sizeof(chip)) < 0)
                return TRISTATE_UNKNOWN;
        if (startswith(chip, "IR-") || startswith(chip, "ITS-"))
                return TRISTATE_YES;
        if (foreign)
                return strstr(chip, "MSI") ? TRISTATE_NO : TRISTATE_UNKNOWN;
        return startswith(chip, "IO-APIC") || startswith(chip, "PCI-MSI") ? TRISTATE_NO : TRISTATE_UNKNOWN;
}

/*
 * The names of interrupt chips are the state itself: the kernel puts "IR-" in front of those that it routes through a
 * remapping table (Linux arch/x86/kernel/apic/io_apic.c and drivers/iommu/{intel,amd}). All I/O APICs are behind one or
 * none is; a message of a device that no unit covers can lack it while others have it, so a yes counts more than a no.
 * An ITS of a GICv3 looks up each message by the device that sent it, which VFIO takes for the same
 * (drivers/irqchip/irq-gic-v3-its.c, IRQ_DOMAIN_FLAG_ISOLATED_MSI; iommu_group_has_isolated_msi()). Other chips for
 * messages, such as those of small boards, do not.
 */
static int probe_remapping(const Probe *p, Facts *f)
{
        _cleanup_(string_list_done) StringList irqs = {};
        bool foreign = features_foreign(&f->features);
        Tristate seen = TRISTATE_UNKNOWN;
        int r;

        for (unsigned i = 0; i < IRQ_FIRST_LOOK && !foreign; i++) {
                char irq[3 * sizeof(i) + 1];

                (void) snprintf(irq, sizeof(irq), "%u", i);
                seen = chip_remaps(p, irq, foreign);
                if (seen != TRISTATE_UNKNOWN) {
                        f->features.interrupt_remapping = seen;
                        return 0;
                }
        }
        r = root_list(p->rfd, NAME_SYS_IRQ, NULL, &irqs);
        if (r < 0)
                return probe_soft(r);
        FOREACH_ARRAY(irq, irqs.items, irqs.n) {
                seen = MAX(seen, chip_remaps(p, *irq, foreign));
                if (seen == TRISTATE_YES)
                        break;
        }
        f->features.interrupt_remapping = seen;
        return 0;
}

/* "Y" or "N" of a parameter of a loaded module. */
static Tristate module_switch(const Probe *p, const char *path)
{
        char value[8];

        if (root_read_attr(p->rfd, path, value, sizeof(value)) < 0)
                return TRISTATE_UNKNOWN;
        return value[0] == 'Y' || value[0] == '1' ? TRISTATE_YES : TRISTATE_NO;
}

/* Is this word in the line "flags : ..." of the first CPU? */
static Tristate cpu_flag(const char *flags, const char *word)
{
        size_t n = strlen(word);

        for (const char *s = flags; (s = strstr(s, word)); s += n)
                if (s[-1] == ' ' && (s[n] == ' ' || s[n] == '\n' || s[n] == 0))
                        return TRISTATE_YES;
        return TRISTATE_NO;
}

/* Lines of /proc/cpuinfo that only one kind of machine has: arch/{x86,arm64,riscv,loongarch,powerpc,s390}/kernel. */
static CpuKind cpu_kind(const char *cpuinfo)
{
        static const struct {
                const char *mark;
                CpuKind kind;
        } marks[] = {
                { "\nvendor_id\t", CPU_X86 },
                { "\nflags\t", CPU_X86 },
                { "\nCPU implementer\t", CPU_ARM },
                { "\nisa\t", CPU_OTHER },
                { "\nISA\t", CPU_OTHER },
                { "\ncpu\t", CPU_OTHER },
                { "\nvendor_id       : IBM/S390", CPU_OTHER },
        };

        FOREACH_ARRAY(m, marks, ELEMENTSOF(marks))
                if (strstr(cpuinfo, m->mark) || startswith(cpuinfo, m->mark + 1))
                        return m->kind;
        return CPU_UNKNOWN;
}

/* What other machines than x86 show of a hypervisor: a node of the device tree, or the firmware's name of the maker
 * (those that systemd-detect-virt(1) knows, without those that also make real machines). */
static Tristate hypervisor_by_name(const Probe *p)
{
        static const char *const makers[] = { "QEMU",         "KVM", "OpenStack", "VMware",    "VMW",
                                              "innotek GmbH", "Xen", "Bochs",     "Parallels", "BHYVE" };
        char maker[64];

        if (probe_exists(p->rfd, "/sys/firmware/devicetree/base/hypervisor") == TRISTATE_YES)
                return TRISTATE_YES;
        if (root_read_attr(p->rfd, "/sys/class/dmi/id/sys_vendor", maker, sizeof(maker)) < 0)
                return TRISTATE_UNKNOWN;
        FOREACH_ARRAY(m, makers, ELEMENTSOF(makers))
                if (startswith(maker, *m))
                        return TRISTATE_YES;
        return TRISTATE_UNKNOWN;
}

/* "control_d" (Linux drivers/xen/xenfs/super.c, capabilities_read()). */
static bool controls_xen(const Probe *p)
{
        char capabilities[64];

        return root_read_attr(p->rfd, NAME_PROC_XEN, capabilities, sizeof(capabilities)) >= 0 &&
               strstr(capabilities, "control_d");
}

static void probe_cpu(const Probe *p, Facts *f)
{
        _cleanup_close_ int fd = root_open(p->rfd, NAME_PROC_CPUINFO, O_RDONLY);
        char buf[16 * 1024]; /* of the first CPUs; the whole file has a block for each of up to thousands */
        size_t size = 0;
        char *flags, *end;
        ssize_t n = 1;

        if (fd < 0)
                return;
        while (n > 0 && size < sizeof(buf) - 1) {
                n = read(fd, buf + size, sizeof(buf) - 1 - size);
                if (n > 0)
                        size += (size_t) n;
        }
        buf[size] = 0;
        f->features.cpu = cpu_kind(buf);
        if (f->features.cpu != CPU_X86 && f->features.cpu != CPU_UNKNOWN) {
                f->features.hypervisor = hypervisor_by_name(p);
                return;
        }
        flags = strstr(buf, "\nflags");
        end = flags ? strchr(flags + 1, '\n') : NULL;
        if (!end)
                return;
        end[1] = 0;
        f->features.cpu_virtualization = TRISTATE_NO;
        FOREACH_ARRAY(v, iommu_vendors, iommu_vendors_n)
                if ((*v)->cpu_flag && cpu_flag(flags + 1, (*v)->cpu_flag) == TRISTATE_YES)
                        f->features.cpu_virtualization = TRISTATE_YES;
        f->features.hypervisor = cpu_flag(flags + 1, "hypervisor");
}

/* Where an argument has the say no default is asked for, and what VFIO is built with only of functions that somebody
 * looks at closely. */
static int probe_options(const Probe *p, Facts *f)
{
        _cleanup_free_ char *text = NULL;
        bool by_argument = f->cmdline_known &&
                           iommu_argument(&f->cmdline, iommu_vendor_described(f), NULL) == IOMMU_ARGUMENT_ON &&
                           f->iommu_active == TRISTATE_YES;
        bool any = p->functions || p->n_wanted > 0;
        int r;

        if (!f->release || (by_argument && (!any || f->features.release < LINUX_VFIO_CDEV)))
                return 0;
        r = probe_kernel_config(p, f->release, true, &text, NULL);
        if (r >= 0)
                kernel_config_parse(text, f->features.options);
        return probe_soft(r);
}

/* Four bytes of attributes, then the value (UEFI 2.10, 3.3; Linux Documentation/filesystems/efivarfs.rst). */
static int probe_secure_boot(const Probe *p, Facts *f)
{
        _cleanup_free_ char *data = NULL;
        size_t size;
        int r;

        if (!f->lockdown || streq(f->lockdown, "none")) /* the firmware is slow, and only a lockdown has consequences */
                return 0;
        r = root_read_file(p->rfd, NAME_SYS_SECURE_BOOT, 64, &data, &size);
        if (r >= 0 && size == 5)
                f->features.secure_boot = data[4] == 1 ? TRISTATE_YES : TRISTATE_NO;
        return probe_soft(r);
}

int probe_feature(const Probe *p, Facts *f)
{
        int r;

        if (f->release)
                f->features.release = linux_release_parse(f->release);
        f->features.unsafe_interrupts =
                module_switch(p, NAME_SYS_MODULE "/vfio_iommu_type1/parameters/allow_unsafe_interrupts");
        f->features.denylist = module_switch(p, NAME_SYS_MODULE "/vfio_pci/parameters/disable_denylist");
        if (f->features.denylist != TRISTATE_UNKNOWN)
                f->features.denylist = f->features.denylist == TRISTATE_YES ? TRISTATE_NO : TRISTATE_YES;
        probe_cpu(p, f);
        f->features.xen_control = controls_xen(p);
        r = probe_remapping(p, f);
        if (r >= 0)
                r = probe_options(p, f);
        return r < 0 ? r : probe_secure_boot(p, f);
}
