/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Hosts whose grub.cfg is made of /etc/default/grub; dash is the judge of what that file says. */

#include "dash.h"
#include "grub/loader/loaders.h"
#include "loader-edit.h"

#define DEFAULTS   "/etc/default/grub"
#define DROP_INS   "/etc/default/grub.d/"
#define OWN        DROP_INS "zz-ptprep.cfg"
#define NORMAL     "GRUB_CMDLINE_LINUX_DEFAULT"
#define XEN_NORMAL "GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT"
#define CFG        "/boot/grub/grub.cfg"

static const char sources_drop_ins[] = "set -e\nfor x in ${sysconfdir}/default/grub.d/*.cfg ; do\n  . \"${x}\"\ndone\n";
static const char wanted[] = "ptprep.claim=1 intel_iommu=on";

/* What 10_linux writes, with dash's own opinion of the variables in it. */
static inline void regenerate(const Tree *t)
{
        _cleanup_free_ char *all = dash_value(t, "", "GRUB_CMDLINE_LINUX"), *normal = dash_value(t, "", NORMAL),
                            *text = NULL;

        assert_true(asprintf(&text,
                             "menuentry 'Linux' --class os $menuentry_id_option 'linux-1' {\n\tlinux\t/vmlinuz-1 "
                             "root=/dev/vda1 ro %s %s\n"
                             "\tinitrd\t/initrd.img-1\n}\nsubmenu 'Advanced options' {\n\tmenuentry 'Linux 1 (recovery "
                             "mode)' {\n"
                             "\t\tlinux\t/vmlinuz-1 root=/dev/vda1 ro single %s\n\t}\n}\n",
                             all ?: "", normal ?: "", all ?: "") > 0);
        tree_file(t, CFG, text);
}

/* Edit, generate, edit again: the second finds nothing to do. */
static inline void edit_and_settle(const Tree *t, const char *add, const char *remove)
{
        (void) edit(t, add, remove, 0);
        regenerate(t);
        assert_int_equal(edit(t, add, remove, 0), 0);
}

static inline void host(const Tree *t, bool drop_ins, const char *defaults)
{
        tree_file(t, "/usr/sbin/grub-mkconfig", drop_ins ? sources_drop_ins : "set -e\n");
        tree_file(t, DEFAULTS, defaults);
        regenerate(t);
}

static inline void dash_says(const Tree *t, const char *name, const char *expected)
{
        _cleanup_free_ char *value = dash_value(t, "set -e", name);

        assert_non_null(value);
        assert_string_equal(value, expected);
}

static inline void file_is(const Tree *t, const char *path, const char *expected)
{
        _cleanup_free_ char *text = NULL;

        assert_int_equal(root_read_text(t->rfd, path, &text), 0);
        assert_string_equal(text, expected);
}

static inline bool exists(const Tree *t, const char *path)
{
        struct stat st;

        return root_stat(t->rfd, path, &st) == 0;
}
