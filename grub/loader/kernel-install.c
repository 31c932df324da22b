/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/kernel-install.h"

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"

static const char *const directories[] = { "/etc/kernel", "/run/kernel", "/usr/local/lib/kernel", "/usr/lib/kernel" };

/* Those of them that are there, in their order; ends with NULL. Two or three of them are missing nearly everywhere. */
typedef struct Present {
        const char *directories[ELEMENTSOF(directories) + 1];
} Present;

static Present find_present(int rfd)
{
        Present found = {};
        size_t n = 0;

        FOREACH_ARRAY(directory, directories, ELEMENTSOF(directories))
                if (!root_is_missing(rfd, *directory))
                        found.directories[n++] = *directory;
        return found;
}

/* The value of the last line KEY=VALUE, without quotes; owned by the caller, untouched where there is none. */
static int read_value(const char *text, const char *key, char **value)
{
        size_t length = strlen(key);

        for (const char *line = text; line; line = strchr(line, '\n')) {
                char *found;
                size_t n;

                line += *line == '\n';
                line += strspn(line, " \t");
                if (strncmp(line, key, length) != 0 || line[length] != '=')
                        continue;
                line += length + 1;
                line += strspn(line, "\"' \t");
                n = strcspn(line, "\"' \t\r\n#");
                found = strndup(line, n);
                if (!found)
                        return -ENOMEM;
                free(*value);
                *value = found;
        }
        return 0;
}

/* The first of the directories that has this file counts. Returns 0, also when none has it; -ENOMEM. */
static int read_conf(int rfd, const Present *present, const char *name, const char *key, char **value)
{
        for (const char *const *directory = present->directories; *directory; directory++) {
                _cleanup_free_ char *path = NULL, *text = NULL;
                int r;

                if (string_printf(&path, "%s/%s", *directory, name) < 0)
                        return -ENOMEM;
                r = root_read_text(rfd, path, &text);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        continue;
                return read_value(text, key, value);
        }
        return 0;
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Names of all directories in one order, each once. */
static int list_drop_ins(int rfd, const Present *present, StringList *ret)
{
        for (const char *const *directory = present->directories; *directory; directory++) {
                _cleanup_free_ char *path = NULL;

                if (string_printf(&path, "%s/install.conf.d", *directory) < 0)
                        return -ENOMEM;
                if (root_list(rfd, path, ".conf", ret) == -ENOMEM)
                        return -ENOMEM;
        }
        if (ret->n > 0)
                qsort(ret->items, ret->n, sizeof(*ret->items), compare_names);
        return 0;
}

/* A key of install.conf and its drop-ins, of which later ones win; NULL: not set. */
static int read_key(int rfd, const char *key, char **ret)
{
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_free_ char *value = NULL;
        Present present = find_present(rfd);
        int r = read_conf(rfd, &present, "install.conf", key, &value);

        if (r >= 0)
                r = list_drop_ins(rfd, &present, &names);
        for (size_t i = 0; r >= 0 && i < names.n; i++) {
                _cleanup_free_ char *path = NULL;

                if (i > 0 && streq(names.items[i], names.items[i - 1]))
                        continue;
                if (string_printf(&path, "install.conf.d/%s", names.items[i]) < 0)
                        return -ENOMEM;
                r = read_conf(rfd, &present, path, key, &value);
        }
        if (r >= 0)
                *ret = TAKE_PTR(value);
        return r;
}

int kernel_install_layout(int rfd, KernelLayout *ret)
{
        static const char *const programs[] = { "/usr/bin/kernel-install", "/bin/kernel-install" };
        static const struct {
                const char *name;
                KernelLayout layout;
        } names[] = {
                { "", KERNEL_LAYOUT_AUTO },
                { "auto", KERNEL_LAYOUT_AUTO },
                { "bls", KERNEL_LAYOUT_BLS },
                { "uki", KERNEL_LAYOUT_UKI },
        };
        _cleanup_free_ char *value = NULL;
        int r;

        if (!root_first(rfd, programs, ELEMENTSOF(programs))) {
                *ret = KERNEL_LAYOUT_NONE;
                return 0;
        }
        r = read_key(rfd, "layout", &value);
        if (r < 0)
                return r;
        *ret = value ? KERNEL_LAYOUT_OTHER : KERNEL_LAYOUT_AUTO;
        FOREACH_ARRAY(i, names, ELEMENTSOF(names))
                if (value && streq(i->name, value))
                        *ret = i->layout;
        return 0;
}

int kernel_install_generator(int rfd, char **ret)
{
        _cleanup_free_ char *value = NULL;
        int r = read_key(rfd, "initrd_generator", &value);

        if (r >= 0)
                *ret = value && value[0] != 0 ? TAKE_PTR(value) : NULL;
        return r;
}

int kernel_install_goes_elsewhere(int rfd, bool *ret)
{
        _cleanup_free_ char *value = NULL;
        bool elsewhere;
        int r = read_key(rfd, "BOOT_ROOT", &value);

        if (r < 0)
                return r;
        elsewhere = !value;
        FOREACH_ARRAY(directory, directories, ELEMENTSOF(directories)) {
                _cleanup_(string_list_done) StringList names = {};
                _cleanup_free_ char *path = path_join(*directory, "install.d");

                if (!path || root_list(rfd, path, ".install", &names) == -ENOMEM)
                        return -ENOMEM;
                FOREACH_ARRAY(name, names.items, names.n)
                        elsewhere = elsewhere && !strstr(*name, "sbctl");
        }
        *ret = elsewhere;
        return 0;
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
