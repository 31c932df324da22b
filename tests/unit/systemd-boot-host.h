/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* EFI system partitions with systemd-boot, boot entries and unified kernel images. */

#include "grub/loader/kernel-install.h"
#include "grub/loader/systemd-boot.h"
#include "loader-edit.h"
#include "pe.h"

#define ADD      "ptprep.claim=1 intel_iommu=on"
#define REMOVE   "iommu=off"
#define EFI      "/efi/EFI/systemd/systemd-bootx64.efi"
#define ENTRIES  "/efi/loader/entries/"
#define MACHINE  "0123456789abcdef0123456789abcdef"
#define SB_GUID  "-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define LOADER   "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define UKI_NAME "/efi/EFI/Linux/" MACHINE "-6.12.48-amd64.efi"
#define RELEASE  "6.12.48-amd64"

/* As systemd 252's 90-loaderentry.install writes it. */
#define DEBIAN_ENTRY                                                                                                   \
        "title      Debian GNU/Linux 12 (bookworm)\n"                                                                  \
        "version    6.1.0-40-amd64\n"                                                                                  \
        "machine-id " MACHINE "\n"                                                                                     \
        "sort-key   debian\n"                                                                                          \
        "options    root=UUID=1 ro quiet systemd.machine_id=" MACHINE "\n"                                             \
        "linux      /" MACHINE "/6.1.0-40-amd64/linux\n"                                                               \
        "initrd     /" MACHINE "/6.1.0-40-amd64/initrd.img-6.1.0-40-amd64\n"

static inline void put_variable(const Tree *t, const char *name, const char *text)
{
        _cleanup_free_ char *path = NULL;
        size_t n = strlen(text) + 1;
        char data[512] = "\7";

        assert_true(asprintf(&path, NAME_SYS_EFIVARS "/%s" LOADER, name) > 0);
        assert_true(4 + 2 * n <= sizeof(data));
        for (size_t i = 0; i < n; i++)
                data[4 + 2 * i] = text[i];
        tree_data(t, path, data, 4 + 2 * n);
}

static inline void put_secure_boot(const Tree *t, char value)
{
        const char data[] = { 6, 0, 0, 0, value };

        tree_data(t, NAME_SYS_EFIVARS "/SecureBoot" SB_GUID, data, sizeof(data));
}

/* An entry whose kernel is not there is none. */
static inline void put_kernels(const Tree *t)
{
        static const char *const kernels[] = { "vmlinuz",
                                               "vmlinuz-1",
                                               "vmlinuz-2",
                                               "vmlinuz-3",
                                               "vmlinuz-4",
                                               "vmlinuz-6.12",
                                               "vmlinuz-linux",
                                               "k",
                                               "k-2",
                                               "k-3",
                                               "k-4",
                                               MACHINE "/6.1.0-40-amd64/linux",
                                               MACHINE "/6.1.0-41-amd64/linux" };

        FOREACH_ARRAY(k, kernels, ELEMENTSOF(kernels)) {
                _cleanup_free_ char *path = NULL;

                assert_true(asprintf(&path, "/efi/%s", *k) > 0);
                tree_file(t, path, "kernel");
        }
}

static inline void put_debian(const Tree *t)
{
        put_kernels(t);
        tree_file(t, EFI, "#### LoaderInfo: systemd-boot 252.39-1 ####");
        tree_file(t, "/efi/loader/loader.conf", "#timeout 3\n");
        tree_file(t, ENTRIES MACHINE "-6.1.0-40-amd64.conf", DEBIAN_ENTRY);
        tree_file(t, "/usr/bin/kernel-install", "#!/bin/sh\n");
}

static inline void read_loader(const Tree *t, Loader *l)
{
        assert_int_equal(systemd_boot_read(t->rfd, l), 0);
        assert_int_equal(l->readable, TRISTATE_YES);
}

static inline const BootEntry *entry(const Loader *l, const char *id)
{
        FOREACH_ARRAY(e, l->entries, l->n_entries)
                if (streq(e->id, id))
                        return e;
        fail_msg("no entry %s", id);
        return NULL;
}

static inline void assert_arguments(const Loader *l, const char *id, const char *arguments)
{
        _cleanup_free_ char *text = kargs_print(&entry(l, id)->arguments);

        assert_string_equal(text, arguments);
}

static inline void assert_file(const Tree *t, const char *path, const char *text)
{
        _cleanup_free_ char *present = NULL;

        assert_int_equal(root_read_text(t->rfd, path, &present), 0);
        assert_string_equal(present, text);
}
