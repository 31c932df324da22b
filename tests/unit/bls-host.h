/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Hosts with boot entries in files of their own, and a GRUB that reads them. */

#include "grub/format/grubenv.h"
#include "loader-edit.h"

#define CFG     "/boot/grub2/grub.cfg"
#define ENV     "/boot/grub2/grubenv"
#define ENTRIES "/boot/loader/entries/"
#define OURS    "ptprep.claim=1 intel_iommu=on"
#define REMOVE  "iommu=off intel_iommu=off"

static const char blscfg[] = "set default=\"${saved_entry}\"\nset tuned_params=\"\"\ninsmod blscfg\nblscfg\n";

static inline char *block(const char *lines)
{
        char *s = malloc(GRUBENV_SIZE + 1);

        assert_non_null(s);
        memset(s, '#', GRUBENV_SIZE);
        s[GRUBENV_SIZE] = 0;
        memcpy(s, "# GRUB Environment Block\n", strlen("# GRUB Environment Block\n"));
        memcpy(s + strlen("# GRUB Environment Block\n"), lines, strlen(lines));
        return s;
}

static inline void put_block(const Tree *t, const char *path, const char *lines)
{
        _cleanup_free_ char *s = block(lines);

        tree_file(t, path, s);
}

static inline void assert_file(const Tree *t, const char *path, const char *expected)
{
        _cleanup_free_ char *text = NULL;

        assert_int_equal(root_read_text(t->rfd, path, &text), 0);
        assert_string_equal(text, expected);
}

/* The loader of this kind; all are released with loaders_free(*ret_all, *ret_n). */
static inline const Loader *find(const Tree *t, LoaderKind kind, Loader **ret_all, size_t *ret_n)
{
        assert_int_equal(loaders_read(t->rfd, ret_all, ret_n), 0);
        for (size_t i = 0; i < *ret_n; i++)
                if ((*ret_all)[i].kind == kind)
                        return *ret_all + i;
        return NULL;
}

static inline char *arguments(const Loader *l, const char *id)
{
        for (size_t i = 0; l && i < l->n_entries; i++)
                if (streq(l->entries[i].id, id))
                        return kargs_print(&l->entries[i].arguments);
        fail_msg("no entry %s", id);
        return NULL;
}

/* What each entry of a machine boots with. */
static inline void assert_arguments(const Tree *t, const char *id, const char *expected)
{
        Loader *all;
        size_t n;
        _cleanup_free_ char *text = arguments(find(t, LOADER_BLS, &all, &n), id);

        assert_string_equal(text, expected);
        loaders_free(all, n);
}

static inline void fedora(const Tree *t)
{
        tree_file(t, CFG, blscfg);
        put_block(t, ENV, "saved_entry=id-6.1.0\nboot_success=1\n");
        tree_file(t, ENTRIES "id-6.1.0.conf",
                  "title Fedora (6.1.0)\nversion 6.1.0\nlinux /vmlinuz-6.1.0\n"
                  "initrd /initramfs-6.1.0.img $tuned_initrd\noptions root=UUID=x ro quiet\n"
                  "grub_users $grub_users\ngrub_arg --unrestricted\ngrub_class fedora");
        tree_file(t, ENTRIES "id-6.10.0.conf",
                  "title Fedora (6.10.0)\nversion 6.10.0\nlinux /boot/vmlinuz-6.10.0\n"
                  "initrd /boot/initramfs-6.10.0.img\n"
                  "options root=UUID=x ro $tuned_params quiet iommu=pt,off\n");
        tree_file(t, ENTRIES "id-0-rescue.conf",
                  "title Fedora (0-rescue-id)\nversion 0-rescue-id\n"
                  "linux /vmlinuz-0-rescue-id\noptions root=UUID=x ro iommu=off\n");
}

static inline void expect_refusal(const Tree *t, const char *reason)
{
        _cleanup_(kargs_done) Kargs add = words(OURS), remove = words(REMOVE);
        _cleanup_(plan_done) Plan p = {};
        _cleanup_free_ char *said = NULL;
        const Record record = {};
        const LoaderEdit want = {
                .check = "iommu.argument", .add = &add, .remove = &remove, .record = &record, .reason = &said
        };
        Loader *all;
        size_t n;
        const Loader *l = find(t, LOADER_BLS, &all, &n);

        assert_non_null(l);
        assert_true(loader_edit(l, &want, &p) < 0);
        assert_string_equal(said, reason);
        loaders_free(all, n);
}
