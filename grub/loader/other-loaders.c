/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/other-loaders.h"

#include "base/io.h"
#include "base/text.h"
#include "grub/format/efivars.h"
#include "model/names.h"

#define CMDLINE_MAX (64U * 1024)
#define TEXT_MAX    (256U * 1024)

/*
 * A file that tells of a boot loader, and where a person puts kernel arguments. Of one loader the first row counts
 * whose file is there: what its entries are made from comes before the entries.
 *
 * Limine: CONFIG.md, and the README of limine-entry-tool; rEFInd: "Methods of Booting Linux" of its manual; extlinux
 * and syslinux: doc/syslinux.txt, u-boot-update(8), extlinux-update(8) and Alpine's update-extlinux; ZFSBootMenu:
 * zfsbootmenu(7), zbm-kcl(8); kernelstub: its README.
 */
static const struct Row {
        const char *name, *file, *where;
        bool helper; /* writes the entries of a loader that is found as well */
} rows[] = {
        { "Limine", "/etc/default/limine", "KERNEL_CMDLINE[default] in /etc/default/limine, then run limine-update" },
        { "Limine", "/boot/limine.conf", "the cmdline: of each entry in /boot/limine.conf" },
        { "Limine", "/boot/limine/limine.conf", "the cmdline: of each entry in /boot/limine/limine.conf" },
        { "Limine", "/boot/efi/limine.conf", "the cmdline: of each entry in /boot/efi/limine.conf" },
        { "Limine", "/efi/limine.conf", "the cmdline: of each entry in /efi/limine.conf" },
        { "Limine", "/boot/EFI/limine/limine.conf", "the cmdline: of each entry in /boot/EFI/limine/limine.conf" },
        { "Limine", "/boot/efi/EFI/limine/limine.conf",
          "the cmdline: of each entry in /boot/efi/EFI/limine/limine.conf" },
        { "rEFInd", "/boot/refind_linux.conf", "each line of options in /boot/refind_linux.conf" },
        { "rEFInd", "/boot/efi/EFI/refind/refind.conf",
          "/boot/refind_linux.conf, or the options of its stanza in /boot/efi/EFI/refind/refind.conf" },
        { "rEFInd", "/efi/EFI/refind/refind.conf",
          "/boot/refind_linux.conf, or the options of its stanza in /efi/EFI/refind/refind.conf" },
        { "rEFInd", "/boot/EFI/refind/refind.conf",
          "/boot/refind_linux.conf, or the options of its stanza in /boot/EFI/refind/refind.conf" },
        { "extlinux", "/etc/default/u-boot", "U_BOOT_PARAMETERS in /etc/default/u-boot, then run u-boot-update" },
        { "extlinux", "/etc/default/extlinux",
          "EXTLINUX_PARAMETERS in /etc/default/extlinux, then run extlinux-update" },
        { "extlinux", "/etc/update-extlinux.conf",
          "default_kernel_opts in /etc/update-extlinux.conf, then run update-extlinux" },
        { "extlinux", "/boot/extlinux/extlinux.conf", "the append line of each label in /boot/extlinux/extlinux.conf" },
        { "extlinux", "/boot/extlinux.conf", "the append line of each label in /boot/extlinux.conf" },
        { "syslinux", "/boot/syslinux/syslinux.cfg", "the append line of each label in /boot/syslinux/syslinux.cfg" },
        { "syslinux", "/boot/EFI/syslinux/syslinux.cfg",
          "the append line of each label in /boot/EFI/syslinux/syslinux.cfg" },
        { "syslinux", "/boot/efi/EFI/syslinux/syslinux.cfg",
          "the append line of each label in /boot/efi/EFI/syslinux/syslinux.cfg" },
        { "syslinux", "/boot/syslinux.cfg", "the append line of each label in /boot/syslinux.cfg" },
        { "ZFSBootMenu", "/etc/zfsbootmenu/config.yaml",
          "the property org.zfsbootmenu:commandline of the root file system, with zbm-kcl or zfs set" },
        { "ZFSBootMenu", "/boot/efi/EFI/zbm",
          "the property org.zfsbootmenu:commandline of the root file system, with zbm-kcl or zfs set" },
        { "ZFSBootMenu", "/efi/EFI/zbm",
          "the property org.zfsbootmenu:commandline of the root file system, with zbm-kcl or zfs set" },
        { "kernelstub", "/etc/kernelstub/configuration",
          "kernel_options of \"user\" in /etc/kernelstub/configuration, with kernelstub --add-options", true },
};

/* Most rows are below one of these, and few machines have more than one of them: each is looked for once. */
static const char *const directories[] = { "/boot/efi/", "/boot/EFI/", "/boot/", "/efi/" };

typedef struct Directories {
        Tristate there[ELEMENTSOF(directories)];
} Directories;

/* Can this file be there? */
static bool may_be_there(int rfd, const char *file, Directories *known)
{
        for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
                if (!startswith(file, directories[i]))
                        continue;
                if (known->there[i] == TRISTATE_UNKNOWN)
                        known->there[i] = root_is_missing(rfd, directories[i]) ? TRISTATE_NO : TRISTATE_YES;
                if (known->there[i] == TRISTATE_NO)
                        return false;
        }
        return true;
}

static int add(OtherLoader **list, size_t *n, OtherLoader *o)
{
        OtherLoader *slot = o->name && o->found && o->where ? array_grow(list, *n) : NULL;

        if (!slot) {
                other_loader_done(o);
                return -ENOMEM;
        }
        *slot = *o;
        (*n)++;
        return 0;
}

static int add_row(int rfd, const struct Row *row, OtherLoader **list, size_t *n)
{
        OtherLoader o = { .name = strdup(row->name),
                          .found = strdup(row->file),
                          .where = strdup(row->where),
                          .helper = row->helper };
        int r = row->helper ? root_read_file(rfd, row->file, TEXT_MAX, &o.text, NULL) : 0;

        if (r == -ENOMEM) {
                other_loader_done(&o);
                return r;
        }
        return add(list, n, &o);
}

/* Does a file of this name look like a kernel that the firmware can start? Boot loaders have names of their own. */
static bool is_kernel(const char *path)
{
        static const char *const begins[] = { "vmlinuz", "vmlinux", "bzImage", "kernel-", "linux-" };
        const char *base = path + strlen(path);

        while (base > path && base[-1] != '\\' && base[-1] != '/')
                base--;
        FOREACH_ARRAY(b, begins, ELEMENTSOF(begins))
                if (startswith(base, *b))
                        return true;
        return false;
}

/* The firmware starts Linux itself, with the words that stand in its boot option (UEFI 2.10, 3.1.3). */
static int add_stub(int rfd, OtherLoader **list, size_t *n)
{
        _cleanup_free_ char *path = NULL;
        uint16_t number;
        OtherLoader o = {};
        int r = efi_boot_option(rfd, &number, &path);

        if (r == -ENOMEM)
                return r;
        if (r < 0 || !is_kernel(path))
                return 0;
        o.name = strdup("the EFI stub of Linux");
        if (string_printf(&o.found, "Boot%04X (%s)", number, path) < 0 ||
            string_printf(&o.where,
                          "the boot option Boot%04X of the firmware: make it anew with efibootmgr, the words behind "
                          "--unicode",
                          number) < 0) {
                other_loader_done(&o);
                return -ENOMEM;
        }
        return add(list, n, &o);
}

int other_loaders_read(int rfd, OtherLoader **ret, size_t *ret_n)
{
        Directories known = { { TRISTATE_UNKNOWN, TRISTATE_UNKNOWN, TRISTATE_UNKNOWN, TRISTATE_UNKNOWN } };
        OtherLoader *list = NULL;
        size_t n = 0;
        int r = add_stub(rfd, &list, &n);

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                struct stat st;

                if (r < 0)
                        break;
                if ((n > 0 && streq(list[n - 1].name, row->name)) || !may_be_there(rfd, row->file, &known) ||
                    root_stat(rfd, row->file, &st) < 0)
                        continue;
                r = add_row(rfd, row, &list, &n);
        }
        if (r < 0) {
                other_loaders_free(list, n);
                return r;
        }
        *ret = list;
        *ret_n = n;
        return 0;
}

Tristate started_by_grub(int rfd)
{
        _cleanup_(kargs_done) Kargs words = {};
        _cleanup_free_ char *text = NULL;
        size_t from = 0;

        if (root_read_file(rfd, NAME_PROC_CMDLINE, CMDLINE_MAX, &text, NULL) < 0 || kargs_parse(text, &words) < 0)
                return TRISTATE_UNKNOWN;
        if (!kargs_next(&words, "BOOT_IMAGE", &from))
                return TRISTATE_NO;
        from = 0;
        return kargs_next(&words, "initrd", &from) ? TRISTATE_NO : TRISTATE_YES;
}
