/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/menu-verify.h"

#include "base/text.h"

/* The path without a device in brackets; NULL: only the boot loader can tell. */
static const char *plain_path(const char *path)
{
        if (!path || strchr(path, '$'))
                return NULL;
        if (*path == '(')
                path = strchr(path, ')') ? strchr(path, ')') + 1 : NULL;
        return path && *path == '/' ? path : NULL;
}

static const char *base_name(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

static bool exists_below(const MenuFiles *files, const char *directory, const char *path)
{
        _cleanup_free_ char *whole = NULL;

        return string_printf(&whole, "%s%s%s", directory, *path == '/' ? "" : "/", path) >= 0 &&
               files->exists(files->context, whole);
}

/* Paths are of the root of a file system: that of /, or that of /boot. */
static bool file_exists(const MenuFiles *files, const char *path)
{
        return files->exists(files->context, path) || exists_below(files, "/boot", path);
}

static bool same_directory(const char *a, const char *b)
{
        size_t n = (size_t) (base_name(a) - a);

        return (size_t) (base_name(b) - b) == n && memcmp(a, b, n) == 0;
}

/* A directory that a path is resolved in by GRUB alone, as a subvolume of btrfs: what the old menu had there counts. */
static bool known_directory(const BootEntry *old, size_t n_old, const char *path)
{
        FOREACH_ARRAY(e, old, n_old) {
                const char *kernel = plain_path(e->kernel);

                if (!e->foreign && kernel && same_directory(kernel, path))
                        return true;
        }
        return n_old == 0;
}

static bool is_there(const BootEntry *old, size_t n_old, const MenuFiles *files, const char *path)
{
        path = plain_path(path);
        return !path || file_exists(files, path) ||
               (known_directory(old, n_old, path) && exists_below(files, "/boot", base_name(path)));
}

static const BootEntry *default_of(const BootEntry *entries, size_t n)
{
        FOREACH_ARRAY(e, entries, n)
                if (e->is_default)
                        return e;
        return NULL;
}

static const char *root_of(const BootEntry *e)
{
        const char *value, *last = NULL;
        size_t from = 0;

        while ((value = kargs_next(&e->arguments, "root", &from)))
                last = value;
        return last;
}

/* Returns 1: as before; 0; -ENOMEM. */
static int same_default(const BootEntry *before, const BootEntry *after, char **ret_problem)
{
        const char *root;
        int r;

        if (!before && !after)
                return 1;
        if (!before || !after)
                r = string_printf(ret_problem, "boots %s by default, and %s before", after ? after->title : "no Linux",
                                  before ? before->title : "no Linux");
        else if (!streq(base_name(before->kernel), base_name(after->kernel)))
                r = string_printf(ret_problem, "boots %s by default, and %s before", base_name(after->kernel),
                                  base_name(before->kernel));
        else {
                root = root_of(before);
                if (!root || before->untold || streq_null(root, root_of(after)))
                        return 1;
                r = string_printf(ret_problem, "has root=%s in its default entry, and root=%s before",
                                  root_of(after) ?: "", root);
        }
        return r < 0 ? r : 0;
}

static bool has_entry(const BootEntry *entries, size_t n, const BootEntry *wanted)
{
        FOREACH_ARRAY(e, entries, n)
                if (!e->foreign && e->rescue == wanted->rescue &&
                    streq(base_name(e->kernel), base_name(wanted->kernel)))
                        return true;
        return false;
}

int menu_verify(const BootEntry *old, size_t n_old, const BootEntry *new, size_t n_new, const MenuFiles *files,
                char **ret_problem)
{
        int r = n_old > 0 ? same_default(default_of(old, n_old), default_of(new, n_new), ret_problem) : 1;

        FOREACH_ARRAY(e, new, n_new) {
                const char *missing = is_there(old, n_old, files, e->kernel) ? e->initrd : e->kernel;

                if (r > 0 && !e->foreign && missing && !is_there(old, n_old, files, missing))
                        r = MIN(string_printf(ret_problem, "names %s in the entry \"%s\", and there is no such file",
                                              missing, e->title),
                                0);
        }
        FOREACH_ARRAY(e, old, n_old)
                if (r > 0 && !e->foreign && plain_path(e->kernel) && is_there(old, n_old, files, e->kernel) &&
                    !has_entry(new, n_new, e))
                        r = MIN(string_printf(ret_problem, "has lost the entry \"%s\", and its kernel is there",
                                              e->title),
                                0);
        return r;
}
