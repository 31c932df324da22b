/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/kernel-install.h"

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"

static const char *const folders[] = { "/etc/kernel", "/run/kernel", "/usr/local/lib/kernel", "/usr/lib/kernel" };

static void note_layout(const char *text, KernelLayout *layout)
{
        static const struct {
                const char *name;
                KernelLayout layout;
        } names[] = {
                { "", KERNEL_LAYOUT_AUTO },
                { "auto", KERNEL_LAYOUT_AUTO },
                { "bls", KERNEL_LAYOUT_BLS },
                { "uki", KERNEL_LAYOUT_UKI },
        };

        for (const char *line = text; line; line = strchr(line, '\n')) {
                const char *value;
                size_t n;

                line += *line == '\n';
                value = startswith(line + strspn(line, " \t"), "layout=");
                if (!value)
                        continue;
                value += strspn(value, "\"' \t");
                n = strcspn(value, "\"' \t\r\n#");
                *layout = KERNEL_LAYOUT_OTHER;
                FOREACH_ARRAY(i, names, ELEMENTSOF(names))
                        if (strlen(i->name) == n && strncmp(i->name, value, n) == 0)
                                *layout = i->layout;
        }
}

/* The first of the folders that has this file counts. Returns 0, also when none has it; -ENOMEM. */
static int read_conf(int rfd, const char *name, KernelLayout *layout)
{
        FOREACH_ARRAY(folder, folders, ELEMENTSOF(folders)) {
                _cleanup_free_ char *path = NULL, *text = NULL;
                int r;

                if (string_printf(&path, "%s/%s", *folder, name) < 0)
                        return -ENOMEM;
                r = root_read_text(rfd, path, &text);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        continue;
                note_layout(text, layout);
                return 0;
        }
        return 0;
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Names of all folders in one order, each once. */
static int list_drop_ins(int rfd, StringList *ret)
{
        FOREACH_ARRAY(folder, folders, ELEMENTSOF(folders)) {
                _cleanup_free_ char *path = NULL;

                if (string_printf(&path, "%s/install.conf.d", *folder) < 0)
                        return -ENOMEM;
                if (root_list(rfd, path, ".conf", ret) == -ENOMEM)
                        return -ENOMEM;
        }
        if (ret->n > 0)
                qsort(ret->items, ret->n, sizeof(*ret->items), compare_names);
        return 0;
}

int kernel_install_layout(int rfd, KernelLayout *ret)
{
        static const char *const programs[] = { "/usr/bin/kernel-install", "/bin/kernel-install" };
        _cleanup_(string_list_done) StringList names = {};
        KernelLayout layout = KERNEL_LAYOUT_AUTO;
        int r;

        if (!root_first(rfd, programs, ELEMENTSOF(programs))) {
                *ret = KERNEL_LAYOUT_NONE;
                return 0;
        }
        r = read_conf(rfd, "install.conf", &layout);
        if (r >= 0)
                r = list_drop_ins(rfd, &names);
        for (size_t i = 0; r >= 0 && i < names.n; i++) {
                _cleanup_free_ char *path = NULL;

                if (i > 0 && streq(names.items[i], names.items[i - 1]))
                        continue;
                if (string_printf(&path, "install.conf.d/%s", names.items[i]) < 0)
                        return -ENOMEM;
                r = read_conf(rfd, path, &layout);
        }
        if (r >= 0)
                *ret = layout;
        return r;
}

bool has_sdbootutil(int rfd)
{
        static const char *const programs[] = { "/usr/bin/sdbootutil", "/usr/sbin/sdbootutil" };

        return root_first(rfd, programs, ELEMENTSOF(programs)) != NULL;
}

int kernel_cmdline_words(const Kargs *from, Kargs *ret)
{
        static const char *const keys[] = { "BOOT_IMAGE=", "initrd=", "systemd.machine_id=" };

        FOREACH_ARRAY(w, from->words.items, from->words.n) {
                bool wanted = !startswith(*w, KARG_SWITCH "=") && !startswith(*w, KARG_SWITCH ".");
                int r;

                FOREACH_ARRAY(key, keys, ELEMENTSOF(keys))
                        wanted = wanted && !startswith(*w, *key);
                r = wanted ? string_list_add(&ret->words, *w) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}
