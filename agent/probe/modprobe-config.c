/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/modprobe-config.h"

#include "base/array.h"
#include "base/io.h"
#include "base/text.h"

typedef struct ConfigFile {
        const char *directory;
        char *name;
} ConfigFile;

typedef struct ConfigFiles {
        ConfigFile *items;
        size_t n;
} ConfigFiles;

static void config_files_done(ConfigFiles *l)
{
        FOREACH_ARRAY(f, l->items, l->n)
                free(f->name);
        free(l->items);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(((const ConfigFile *) a)->name, ((const ConfigFile *) b)->name);
}

static bool is_listed(const ConfigFiles *l, const char *name)
{
        FOREACH_ARRAY(f, l->items, l->n)
                if (streq(f->name, name))
                        return true;
        return false;
}

static int list_files(int rfd, ConfigFiles *l)
{
        static const char *const directories[] = { "/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d",
                                                   "/usr/lib/modprobe.d", "/lib/modprobe.d" };

        FOREACH_ARRAY(directory, directories, ELEMENTSOF(directories)) {
                _cleanup_(string_list_done) StringList names = {};
                int r = root_list(rfd, *directory, ".conf", &names);

                if (r == -ENOMEM)
                        return r;
                FOREACH_ARRAY(name, names.items, r >= 0 ? names.n : 0) {
                        ConfigFile *f;

                        if (is_listed(l, *name))
                                continue;
                        f = array_grow(&l->items, l->n);
                        if (!f)
                                return -ENOMEM;
                        *f = (ConfigFile){ .directory = *directory };
                        l->n++;
                        r = string_copy(*name, &f->name);
                        if (r < 0)
                                return r;
                }
        }
        if (l->n > 0)
                qsort(l->items, l->n, sizeof(*l->items), compare_names);
        return 0;
}

static int read_lines(const char *path, char *text, ModprobeLine each, void *userdata)
{
        unsigned number = 0;

        for (char *s = text; *s;) {
                char *line = s, *end = s + strcspn(s, "\n");
                const unsigned first = ++number;
                int r;

                while (*end && end > line && end[-1] == '\\') {
                        end[-1] = end[0] = ' ';
                        end += strcspn(end, "\n");
                        number++;
                }
                s = *end ? end + 1 : end;
                *end = 0;
                line += strspn(line, " \t");
                r = *line && *line != '#' ? each(userdata, path, first, line) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

int modprobe_config_read(int rfd, ModprobeLine each, void *userdata)
{
        _cleanup_(config_files_done) ConfigFiles files = {};
        int r = list_files(rfd, &files);

        if (r < 0)
                return r;
        FOREACH_ARRAY(f, files.items, files.n) {
                _cleanup_free_ char *path = path_join(f->directory, f->name), *text = NULL;

                r = path ? root_read_text(rfd, path, &text) : -ENOMEM;
                if (r >= 0)
                        r = read_lines(path, text, each, userdata);
                if (r == -ENOMEM)
                        return r;
        }
        return 0;
}
