/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Every file, sysfs and procfs name that ptprep knows, once. */

#define NAME_ETC                  "/etc/ptprep"
#define NAME_CONFIG_FILE          "/etc/ptprep/ptprep.conf"
#define NAME_CONFIG_DIR           "/etc/ptprep/ptprep.conf.d"
#define NAME_CLAIMS               "/etc/ptprep/claims"
#define NAME_MODPROBE_SNIPPET     "/etc/modprobe.d/ptprep.conf"
#define NAME_MODULES_LOAD         "/etc/modules-load.d/ptprep.conf"
#define NAME_CLAIM_HELPER         "/usr/lib/ptprep/ptprep-claim"
#define NAME_STATIC_HELPER        NAME_CLAIM_HELPER ".static" /* the same, for the claim image */
#define NAME_MKINITCPIO_BUILD     "/usr/lib/ptprep/mkinitcpio-build"
#define NAME_CLAIM_UNIT           "/usr/lib/dracut/modules.d/90ptprep/ptprep-claim.service"
#define NAME_BOOT                 "/boot"
#define NAME_CLAIM_IMAGE_FILE     "ptprep-claim.img"
#define NAME_CLAIM_ADDON_FILE     "ptprep-claim.addon.efi"               /* the same, for unified kernel images */
#define NAME_CLAIM_ADDON          "loader/addons/" NAME_CLAIM_ADDON_FILE /* on the partition of those */
#define NAME_CLAIM_IMAGE          NAME_BOOT "/" NAME_CLAIM_IMAGE_FILE

#define NAME_RUN_DIR              "/run/ptprep"
#define NAME_CLAIM_RESULT         NAME_RUN_DIR "/claim" /* what the helper in the initramfs did, ptprep-claim(8) */
#define NAME_CLAIM_RESULT_DEV     "/dev/ptprep-claim"   /* the same, of a boot in which /run came later */
#define NAME_LOCK                 NAME_RUN_DIR "/lock"
#define NAME_EDITOR_DIR           NAME_RUN_DIR "/entries" /* where the platform's editor gets its copies */
#define NAME_STATE_DIR            "/var/lib/ptprep"
#define NAME_STAGING              "ptprep-boot" /* in directories of file systems that a boot loader reads */
#define NAME_IMAGE_STAMPS         NAME_STATE_DIR "/images"
#define NAME_TRANSACTION          NAME_STATE_DIR "/transaction"
#define NAME_BOOT_ROOT            NAME_STATE_DIR "/boot-root" /* where kernel-install makes an image */
#define NAME_FAILED_PLAN          NAME_STATE_DIR "/failed"
#define NAME_RECORD               NAME_STATE_DIR "/record"
#define NAME_NETWORK              NAME_STATE_DIR "/network"
#define NAME_ORIGINALS            NAME_STATE_DIR "/originals" /* with the path of the file behind it */
#define NAME_REPORT_JSON          "report.json"
#define NAME_REPORT_TEXT          "report.txt"
#define NAME_REBOOT_REQUIRED      "reboot-required" /* in NAME_RUN_DIR */

#define NAME_WAITS_NETWORK        NAME_RUN_DIR "/waits-for-network"
#define NAME_OTHER_ENTRY          NAME_RUN_DIR "/other-entry" /* see store_other_entry() */

/* Where it is read that this very unit is started at boot. */
#define NAME_BOOT_UNIT            "ptprep.service"
#define NAME_BOOT_UNIT_WANTED     "systemd/system/multi-user.target.wants/" NAME_BOOT_UNIT
#define NAME_BOOT_UNIT_MASK       "/etc/systemd/system/" NAME_BOOT_UNIT

#define NAME_SYS_PCI_DEVICES      "/sys/bus/pci/devices"
#define NAME_SYS_IOMMU_CLASS      "/sys/class/iommu"
#define NAME_SYS_IOMMU_GROUPS     "/sys/kernel/iommu_groups"
#define NAME_RUN_OSTREE_BOOTED    "/run/ostree-booted"
#define NAME_HOSTNAME             "/etc/hostname"
#define NAME_OS_RELEASE           "/etc/os-release"
#define NAME_DEFAULT_GRUB         "/etc/default/grub"
#define NAME_SYS_FIRMWARE         "/sys/firmware"
#define NAME_SYS_ACPI_TABLES      "/sys/firmware/acpi/tables"
#define NAME_SYS_LOCKDOWN         "/sys/kernel/security/lockdown"
#define NAME_SYS_SELINUX          "/sys/fs/selinux"
#define NAME_SYS_SELINUX_BOOLEANS NAME_SYS_SELINUX "/booleans"
#define NAME_SYS_DEV_BLOCK        "/sys/dev/block"
#define NAME_SYS_EFIVARS          "/sys/firmware/efi/efivars"
#define NAME_PROC_CMDLINE         "/proc/cmdline"
#define NAME_PROC_CPUINFO         "/proc/cpuinfo"
#define NAME_PROC_HOSTNAME        "/proc/sys/kernel/hostname"
#define NAME_PROC_XEN             "/proc/xen/capabilities"
#define NAME_PROC_OSRELEASE       "/proc/sys/kernel/osrelease"
#define NAME_PROC_BOOT_ID         "/proc/sys/kernel/random/boot_id"
#define NAME_PROC_MOUNTINFO       "/proc/self/mountinfo"
#define NAME_PROC_SWAPS           "/proc/swaps"

/* Where programs of the platform are looked for, whatever the environment says. */
#define NAME_SEARCH_PATH          "/usr/sbin:/usr/bin:/sbin:/bin"

/* Words on the kernel command line. */
#define KARG_CLAIM                "ptprep.claim=1"
#define KARG_UNSAFE               "vfio_iommu_type1.allow_unsafe_interrupts"
#define KARG_SWITCH               "ptprep" /* ptprep=off */
