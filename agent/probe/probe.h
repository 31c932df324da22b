/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"
#include "model/bootmount.h"
#include "model/config.h"
#include "model/facts.h"

/* What facts_gather() is told besides. */
enum {
        FACTS_LIVE = 1 << 0,      /* the root directory is "/" of the running system */
        FACTS_BOOT = 1 << 2,      /* the host is booting: what is not up yet may come */
        FACTS_FUNCTIONS = 1 << 1, /* all about every PCI function, with names */
        FACTS_THIS_BOOT = 1 << 3, /* nothing about the next one */
};

/**
 * facts_gather() - read everything that a check or the planner may ask for
 * @rfd: root directory of the machine, not closed here. @flags: FACTS_LIVE ...
 * @cfg: tells which devices matter; what only a configured device needs is not read without one.
 * @ret: released with facts_done() by the caller; untouched on failure.
 *
 * What cannot be read stays unknown in the facts and is no failure. Nothing is written, no child process is started.
 * Returns 0 or -ENOMEM.
 */
int facts_gather(int rfd, unsigned flags, const Config *cfg, Facts *ret) _must_check_;

/**
 * facts_gather_firmware() - only the DMAR and IVRS tables
 * @f: begun with facts_init(). Returns 0 or -ENOMEM.
 */
int facts_gather_firmware(int rfd, Facts *f) _must_check_;

/* What the host's network hangs on now. */
typedef struct NetworkNow {
        char *text;  /* to be remembered, of model/netmemory.h; owned */
        size_t n;    /* uses in it */
        bool is_all; /* the network is up, or none is in use; no: it may be on its way */
} NetworkNow;

static inline void network_now_done(NetworkNow *n)
{
        free(n->text);
}

/* @ret: released with network_now_done(). 0 or -ENOMEM. */
int facts_gather_network(int rfd, bool live, NetworkNow *ret) _must_check_;

/**
 * boot_mounts_open() - mount for reading what a boot loader reads and what is not mounted: /boot, the ESP
 * @rfd: "/" of the running system; closed and opened anew where something was mounted, because mounts are only seen
 * through directories that were opened after them.
 * @ret: what was not mounted, with the reason where it could not be; empty on most machines.
 *
 * The mounts are read-only, seen by this process and its children only, and gone when it ends. With nothing to mount
 * this takes some twenty system calls. To be called before facts_gather(). Returns 0; -ENOMEM.
 */
int boot_mounts_open(int *rfd, BootMounts *ret) _must_check_;

/* Can there be anything for boot_mounts_choose()? Cheap, and right about "no". */
bool boot_mounts_missing(int rfd);

typedef struct DiskPartitions DiskPartitions;

/**
 * boot_mounts_choose() - which file system is to be mounted next, judged from fstab and the present mounts
 * @tried: those that were chosen before, mounted or not.
 * @partitions: gives those of the disks that carry "/"; called only where they are needed. Returns 0 or negative errno.
 * @ret: with its mount point and source, or the reason why it could not be looked for.
 * Returns 1; 0: none, ret is untouched; -ENOMEM.
 */
int boot_mounts_choose(int rfd, const BootMounts *tried, int (*partitions)(void *userdata, const DiskPartitions **ret),
                       void *userdata, BootMount *ret) _must_check_;

/* Names that only the probers know; those that others need too are in names.h. */
#define NAME_SYS               "/sys"
#define NAME_SYS_BUS           "/sys/bus"
#define NAME_SYS_BUS_PCI       "/sys/bus/pci"
#define NAME_SYS_ACPI          "/sys/firmware/acpi"
#define NAME_SYS_CLASS_BLOCK   "/sys/class/block"
#define NAME_SYS_FS_BTRFS      "/sys/fs/btrfs"
#define NAME_SYS_RESUME        "/sys/power/resume"
#define NAME_SYS_EFI           "/sys/firmware/efi"
#define NAME_PROC_CONFIG       "/proc/config.gz"
#define NAME_SYS_IRQ           "/sys/kernel/irq"
#define NAME_SYS_MODULE        "/sys/module"
#define NAME_SYS_SECURE_BOOT   NAME_SYS_EFI "/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define NAME_LIB_MODULES       "/lib/modules"
#define NAME_FSTAB             "/etc/fstab"
#define NAME_CRYPTTAB          "/etc/crypttab"
#define NAME_DEBIAN_VERSION    "/etc/debian_version"
#define NAME_RUN_CONTAINER     "/run/systemd/container"
#define NAME_RUN_SYSTEMD       "/run/systemd/system"
#define NAME_PROC_INIT_ENVIRON "/proc/1/environ"

/* A file that the record tells of is a text that people or small programs write. */
#define RECORDED_MAX_BYTES     (4U * 1024 * 1024)

/* What every prober is told. */
typedef struct Probe {
        int rfd;
        bool live, functions, this_boot, boot;
        const PciAddr *wanted; /* sorted */
        size_t n_wanted;
        const Config *cfg;
} Probe;

/*
 * One prober a topic, a row each in probe.c; a later row may use the facts of an earlier one. Each fills its own fields
 * of f, leaves unknown what it cannot read, and returns 0 or -ENOMEM.
 */
int probe_origin(const Probe *p, Facts *f) _must_check_;  /* host, boot, time */
int probe_kernel(const Probe *p, Facts *f) _must_check_;  /* running kernel, installed kernels */
int probe_iommu(const Probe *p, Facts *f) _must_check_;   /* firmware tables, units, groups, vendor */
int probe_pci(const Probe *p, Facts *f) _must_check_;     /* PCI functions */
int probe_virtual(const Probe *p, Facts *f) _must_check_; /* functions that are to have virtual ones */
int probe_group(const Probe *p, Facts *f) _must_check_;   /* IOMMU groups and their reserved regions */
int probe_acs(const Probe *p, Facts *f) _must_check_;     /* capabilities that explain a shared group */
int probe_feature(const Probe *p, Facts *f) _must_check_; /* what kernel and CPU can do */
int probe_modules(const Probe *p,
                  Facts *f) _must_check_; /* host drivers of wanted devices, stub drivers of each kernel */
int probe_variant(const Probe *p, Facts *f) _must_check_;  /* variants of vfio-pci for devices that want the best */
int probe_stub(const Probe *p, Facts *f) _must_check_;     /* what others have configured for stub drivers and type 1 */
int probe_loader(const Probe *p, Facts *f) _must_check_;   /* boot loader, its files and entries */
int probe_line(const Probe *p, Facts *f) _must_check_;     /* the command line that a kernel brings itself */
int probe_builders(const Probe *p, Facts *f) _must_check_; /* what makes initramfs images */
int probe_files(const Probe *p, Facts *f) _must_check_;    /* what ptprep generated, its helper */
int probe_identity(const Probe *p, Facts *f) _must_check_; /* what tells wanted devices from their like */
int probe_record(const Probe *p, Facts *f) _must_check_;   /* what ptprep has changed so far */
int probe_image(const Probe *p, Facts *f) _must_check_;    /* what is inside the initramfs of each kernel */
int probe_selinux(const Probe *p, Facts *f) _must_check_;  /* switches of the SELinux policy */
int probe_network_now(const Probe *p, Facts *f, NetworkNow *ret) _must_check_; /* of facts_gather_network() */
int probe_block(const Probe *p, Facts *f) _must_check_; /* which PCI functions carry the system */

int probe_sealed(const Probe *p, Facts *f) _must_check_;   /* what a boot opens with the help of a TPM */
int probe_network(const Probe *p, Facts *f) _must_check_;  /* what the host's network hangs on */
int probe_display(const Probe *p, Facts *f) _must_check_;  /* what shows its console */
int probe_keyboard(const Probe *p, Facts *f) _must_check_; /* what is typed on */
int probe_console(const Probe *p, Facts *f) _must_check_;  /* its other consoles */

/* The installed kernel that an entry boots; NULL: none of them. @ret_named: a name says so, else the kernel itself. 0
 * or -ENOMEM. */
int probe_kernel_of(const Probe *p, const Facts *f, const Loader *l, const BootEntry *e, KernelRelease **ret,
                    bool *ret_named) _must_check_;

/**
 * probe_kernel_config() - what a kernel is built with, a line an option
 * @running: it is the one that runs. @ret_path: where it is; may be NULL. Both are owned by the caller.
 * Returns 0; -ENOENT: nobody keeps it; other negative errno.
 */
int probe_kernel_config(const Probe *p, const char *release, bool running, char **ret, char **ret_path) _must_check_;

/* Is it asked what the host lives on? Not where no device is configured and none is listed. */
bool probe_asks_for_uses(const Probe *p);

/* Is this function to be looked at closely: wanted, or all of them are? */
bool probe_details(const Probe *p, PciAddr a);

/* Is this function named by the configuration (by its address)? */
bool probe_wants(const Probe *p, PciAddr a);

/* Does this path exist below the root? An error other than absence says unknown. */
Tristate probe_exists(int rfd, const char *path);

/* A hexadecimal number in sysfs, with or without "0x". 0; negative errno: as root_read_attr() and parse_u32(). */
int probe_read_hex(int rfd, const char *directory, const char *attribute, uint32_t *ret) _must_check_;

/* Takes errors of reading as "unknown": 0 for all but -ENOMEM. */
static inline int probe_soft(int r)
{
        return r == -ENOMEM ? r : 0;
}
