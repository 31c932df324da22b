/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initramfs/builders.h"

#include <fnmatch.h>

#include "base/io.h"
#include "base/text.h"

static const BuilderOps *const table[_BUILDER_MAX] = {
        [BUILDER_DRACUT] = &builder_dracut,
        [BUILDER_INITRAMFS_TOOLS] = &builder_initramfs_tools,
        [BUILDER_MKINITCPIO] = &builder_mkinitcpio,
        [BUILDER_BOOSTER] = &builder_booster,
        [BUILDER_MKOSI_INITRD] = &builder_mkosi_initrd,
        [BUILDER_UGRD] = &builder_ugrd,
};

const BuilderOps *builder_ops(BuilderKind k)
{
        return table[k];
}

/* Where what installs a kernel looks for hooks. */
typedef struct HookFamily {
        const char
                *directories[5]; /* of two files of one name the one in an earlier directory counts; ends with NULL */
        bool executable;         /* those that are not are passed over */
        bool generator;          /* kernel-install(8) tells them which of them is wanted */
} HookFamily;

static const HookFamily families[] = {
        { { "/etc/kernel/install.d", "/run/kernel/install.d", "/usr/local/lib/kernel/install.d",
            "/usr/lib/kernel/install.d" },
          true,
          true },                                                                      /* kernel-install(8) */
        { { "/etc/kernel/preinst.d", "/usr/lib/kernel/preinst.d" }, true, true },      /* Gentoo's installkernel */
        { { "/etc/kernel/postinst.d", "/usr/share/kernel/postinst.d" }, true, false }, /* Debian's kernel packages */
        { { "/etc/pacman.d/hooks", "/usr/share/libalpm/hooks" }, false, false },       /* alpm-hooks(5) */
        { { "/etc/kernel.d/post-install" }, true, false },                             /* Void Linux */
};

BuilderKind builder_of_file(const char *name)
{
        for (BuilderKind k = _BUILDER_FIRST; k < _BUILDER_MAX; k++)
                for (const char *const *mark = builder_ops(k)->marks; mark && *mark; mark++) {
                        size_t n = strcspn(*mark, "*");

                        if (strncmp(name, *mark, n) == 0 && ((*mark)[n] == '*' || name[n] == 0))
                                return k;
                }
        return BUILDER_UNKNOWN;
}

size_t builder_command(BuilderKind k, const char *image, const char *release, const char *target,
                       const char *ret[static BUILDER_WORDS_MAX])
{
        const char *const *words = builder_ops(k)->command;
        size_t n = 0;

        for (; words[n] && n < BUILDER_WORDS_MAX - 1; n++)
                ret[n] = streq(words[n], BUILDER_IMAGE)     ? image
                         : streq(words[n], BUILDER_RELEASE) ? release
                         : streq(words[n], BUILDER_TARGET)  ? target
                                                            : words[n];
        ret[n] = NULL;
        return n;
}

/* Unknown where one of the programs may be there and none surely is. */
static Tristate is_installed(int rfd, const BuilderOps *ops)
{
        Tristate installed = TRISTATE_NO;

        for (const char *const *program = ops->programs; *program; program++) {
                struct stat st;
                int r = root_stat(rfd, *program, &st);

                if (r >= 0)
                        return TRISTATE_YES;
                if (r != -ENOENT && r != -ENOTDIR)
                        installed = TRISTATE_UNKNOWN;
        }
        return installed;
}

static bool is_hook_of(const BuilderOps *ops, const HookFamily *f, const char *name, const char *generator)
{
        if (f->generator && (generator ? !streq(generator, builder_kind_to_string(ops->kind)) : ops->named_only))
                return false;
        for (const char *const *pattern = ops->hooks; *pattern; pattern++)
                if (fnmatch(*pattern, name, 0) == 0)
                        return true;
        return false;
}

/* An empty file or a link to /dev/null masks the hook of its name in a later directory. */
static Tristate is_run(int rfd, const HookFamily *f, const char *path)
{
        struct stat st;
        int r = root_stat(rfd, path, &st);

        if (r < 0)
                return r == -ENOENT ? TRISTATE_NO : TRISTATE_UNKNOWN;
        return S_ISREG(st.st_mode) && st.st_size > 0 && (!f->executable || (st.st_mode & 0111) != 0);
}

static int note_hook(int rfd, const HookFamily *f, const char *path, ImageBuilder *b)
{
        Tristate run = is_run(rfd, f, path);

        if (run == TRISTATE_NO || b->active == TRISTATE_YES)
                return 0;
        b->active = run;
        free(b->hook);
        b->hook = strdup(path);
        return b->hook ? 0 : -ENOMEM;
}

static int read_directory(int rfd, const HookFamily *f, const char *directory, const char *generator, StringList *seen,
                          ImageBuilder *builders)
{
        size_t before = seen->n;
        int r = root_list(rfd, directory, NULL, seen);

        if (r == -ENOMEM)
                return r;
        if (r < 0 && r != -ENOENT && r != -ENOTDIR) /* who knows which hooks are there */
                for (BuilderKind k = _BUILDER_FIRST; k < _BUILDER_MAX; k++)
                        if (builders[k].active == TRISTATE_NO)
                                builders[k].active = TRISTATE_UNKNOWN;
        for (size_t i = before; i < seen->n; i++) {
                const StringList earlier = { .items = seen->items, .n = before };
                _cleanup_free_ char *path = NULL;

                if (string_list_contains(&earlier, seen->items[i]))
                        continue;
                if (string_printf(&path, "%s/%s", directory, seen->items[i]) < 0)
                        return -ENOMEM;
                for (BuilderKind k = _BUILDER_FIRST; k < _BUILDER_MAX; k++) {
                        r = is_hook_of(builder_ops(k), f, seen->items[i], generator)
                                    ? note_hook(rfd, f, path, builders + k)
                                    : 0;
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int read_hooks(int rfd, const char *generator, ImageBuilder *builders)
{
        FOREACH_ARRAY(f, families, ELEMENTSOF(families)) {
                _cleanup_(string_list_done) StringList seen = {};

                for (const char *const *directory = f->directories; *directory; directory++) {
                        int r = read_directory(rfd, f, *directory, generator, &seen, builders);

                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

int builders_read(int rfd, const char *generator, ImageBuilder ret[static _BUILDER_MAX])
{
        for (BuilderKind k = _BUILDER_FIRST; k < _BUILDER_MAX; k++) {
                const BuilderOps *ops = builder_ops(k);
                int r = ops->snippet_path ? root_read_text(rfd, ops->snippet_path, &ret[k].snippet) : 0;

                if (r == -ENOMEM)
                        return r;
                ret[k].installed = is_installed(rfd, ops);
                ret[k].active = TRISTATE_NO;
        }
        return read_hooks(rfd, generator, ret);
}
