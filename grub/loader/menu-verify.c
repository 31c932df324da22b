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

/* An entry of an image of its own has the name of its file, but for a boot counter; all others have that of a kernel.
 */
static bool same_kernel(const BootEntry *a, const BootEntry *b)
{
        if (a->embedded || b->embedded)
                return a->embedded && b->embedded && streq(a->id, b->id);
        return streq(base_name(a->kernel), base_name(b->kernel));
}

/* How the new default entry differs from that before, although it boots the same kernel. NULL: not in this. */
static const char *other_kind(const BootEntry *before, const BootEntry *after)
{
        if (after->foreign && !before->foreign)
                return "an entry of another system";
        if (after->rescue && !before->rescue)
                return "a recovery entry";
        if (after->hypervisor && !before->hypervisor)
                return "a hypervisor";
        return !after->hypervisor && before->hypervisor ? "an entry without the hypervisor" : NULL;
}

/* Returns 1: as before; 0; -ENOMEM. */
static int same_default(const BootEntry *before, const BootEntry *after, char **ret_problem)
{
        const char *root, *kind;
        int r;

        if (!before && !after)
                return 1;
        if (!before || !after)
                r = string_printf(ret_problem, "boots %s by default, and %s before", after ? after->title : "no Linux",
                                  before ? before->title : "no Linux");
        else if (!same_kernel(before, after))
                r = string_printf(ret_problem, "boots %s by default, and %s before", base_name(after->kernel),
                                  base_name(before->kernel));
        else if ((kind = other_kind(before, after)))
                r = string_printf(ret_problem, "boots %s (\"%s\") by default, and \"%s\" before", kind, after->title,
                                  before->title);
        else {
                root = root_of(before);
                if (!root || before->untold || streq_null(root, root_of(after)))
                        return 1;
                r = string_printf(ret_problem, "has root=%s in its default entry, and root=%s before",
                                  root_of(after) ?: "", root);
        }
        return r < 0 ? r : 0;
}

static bool has_initramfs(const BootEntry *e)
{
        return e->initrd || e->image_size > 0;
}

static bool is_same(const BootEntry *e, const BootEntry *wanted)
{
        return !e->foreign && e->rescue == wanted->rescue && !e->hypervisor == !wanted->hypervisor &&
               same_kernel(e, wanted);
}

/* What became of an entry that can still boot. Returns 1: it is there; 0; -ENOMEM. */
static int still_boots(const BootEntry *wanted, const BootEntry *entries, size_t n, const MenuFiles *files,
                       char **ret_problem)
{
        const bool needs = has_initramfs(wanted) && (!plain_path(wanted->initrd) || file_exists(files, wanted->initrd));
        bool found = false;

        FOREACH_ARRAY(e, entries, n) {
                if (!is_same(e, wanted))
                        continue;
                found = true;
                if (has_initramfs(e) || !needs)
                        return 1;
        }
        if (!found && wanted->embedded)
                return MIN(string_printf(ret_problem, "has lost the image %s", base_name(wanted->kernel)), 0);
        return MIN(string_printf(ret_problem,
                                 found ? "has no initramfs in the entry \"%s\", which had one"
                                       : "has lost the entry \"%s\", and its kernel is there",
                                 wanted->title),
                   0);
}

/* Was a name that leads nowhere in the old menu? Then it has got no worse, or only the boot loader sees where it leads.
 */
static bool named_before(const BootEntry *old, size_t n_old, const char *path)
{
        FOREACH_ARRAY(e, old, n_old)
                if (streq_null(e->kernel, path) || streq_null(e->initrd, path))
                        return true;
        return false;
}

int menu_verify(const BootEntry *old, size_t n_old, const BootEntry *new, size_t n_new, const MenuFiles *files,
                char **ret_problem)
{
        int r = n_old > 0 ? same_default(default_of(old, n_old), default_of(new, n_new), ret_problem) : 1;

        FOREACH_ARRAY(e, new, n_new) {
                const char *missing = is_there(old, n_old, files, e->kernel) ? e->initrd : e->kernel;

                if (r > 0 && !e->foreign && missing && !is_there(old, n_old, files, missing) &&
                    !named_before(old, n_old, missing))
                        r = MIN(string_printf(ret_problem, "names %s in the entry \"%s\", and there is no such file",
                                              missing, e->title),
                                0);
        }
        FOREACH_ARRAY(e, old, n_old)
                if (r > 0 && !e->foreign && plain_path(e->kernel) &&
                    (e->embedded || is_there(old, n_old, files, e->kernel)) &&
                    (!e->hypervisor || is_there(old, n_old, files, e->hypervisor)))
                        r = still_boots(e, new, n_new, files, ret_problem);
        return r;
}

static bool is_judged(const BootEntry *entries, size_t n, const char *title)
{
        FOREACH_ARRAY(e, entries, n)
                if (!e->foreign && streq(e->title, title))
                        return true;
        return false;
}

int menu_lost(const BootEntry *old, size_t n_old, const StringList *before, const StringList *after, StringList *ret)
{
        FOREACH_ARRAY(title, before->items, before->n) {
                int r = string_list_contains(after, *title) || string_list_contains(ret, *title) ||
                                        is_judged(old, n_old, *title)
                                ? 0
                                : string_list_add(ret, *title);

                if (r < 0)
                        return r;
        }
        return 0;
}
