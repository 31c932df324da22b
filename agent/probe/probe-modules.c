/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include <libkmod.h>

#include "base/io.h"
#include "base/lazy.h"
#include "base/text.h"
#include "model/names.h"

/*
 * The only caller of libkmod: which host drivers would take a wanted device, and which stub drivers each kernel has.
 * Every kernel is asked for itself, by its own indexes: names and built-ins differ between releases.
 */

LAZY_NOTE("kmod", "which host drivers claim a device, and which modules a kernel has", "required", "libkmod.so.2");

LAZY_FUNCTION(kmod_new);
LAZY_FUNCTION(kmod_unref);
LAZY_FUNCTION(kmod_set_log_priority);
LAZY_FUNCTION(kmod_module_new_from_lookup);
LAZY_FUNCTION(kmod_module_unref_list);
LAZY_FUNCTION(kmod_module_get_module);
LAZY_FUNCTION(kmod_module_get_name);
LAZY_FUNCTION(kmod_module_get_path);
LAZY_FUNCTION(kmod_module_unref);
LAZY_FUNCTION(kmod_list_next);

static const LazySymbol kmod_symbols[] = {
        LAZY_SYMBOL(kmod_new),
        LAZY_SYMBOL(kmod_unref),
        LAZY_SYMBOL(kmod_set_log_priority),
        LAZY_SYMBOL(kmod_module_new_from_lookup),
        LAZY_SYMBOL(kmod_module_unref_list),
        LAZY_SYMBOL(kmod_module_get_module),
        LAZY_SYMBOL(kmod_module_get_name),
        LAZY_SYMBOL(kmod_module_get_path),
        LAZY_SYMBOL(kmod_module_unref),
        LAZY_SYMBOL(kmod_list_next),
};

/* The modules of one release; kmod opens its indexes late, so the directory stays open as long as the context. */
typedef struct ModuleSet {
        int fd;
        struct kmod_ctx *kmod;
} ModuleSet;

static void module_set_done(ModuleSet *s)
{
        if (s->kmod)
                (void) sym_kmod_unref(s->kmod);
        if (s->fd >= 0)
                (void) close(s->fd);
        *s = (ModuleSet){ .fd = -EBADF };
}

/*
 * libkmod opens its indexes by itself, and would wait for whoever writes into a pipe (libkmod/libkmod.c, struct
 * _index_files). Negative: one of them is no file; or there is no index of all modules, since depmod did not run, and
 * what is not found in the others would say nothing.
 */
static int check_indexes(int fd)
{
        static const char *const names[] = { "modules.dep.bin",           "modules.alias.bin",
                                             "modules.symbols.bin",       "modules.builtin.bin",
                                             "modules.builtin.alias.bin", "modules.builtin.modinfo" };

        FOREACH_ARRAY(name, names, ELEMENTSOF(names)) {
                struct stat st;

                if (fstatat(fd, *name, &st, 0) < 0) {
                        if (errno != ENOENT || name == names)
                                return -errno;
                } else if (!S_ISREG(st.st_mode))
                        return -EINVAL;
        }
        return 0;
}

/* Negative: this release has no directory of modules, or no index in it. */
static int module_set_open(const Probe *p, const char *release, ModuleSet *ret)
{
        /* modprobe.d only matters to loading, and libkmod would read the one of the running system. */
        const char *no_config = NULL;
        char dirname[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
        _cleanup_(module_set_done) ModuleSet s = { .fd = -EBADF };
        _cleanup_free_ char *path = NULL;
        int r;

        if (string_printf(&path, NAME_LIB_MODULES "/%s", release) < 0)
                return -ENOMEM;
        s.fd = root_open(p->rfd, path, O_PATH | O_DIRECTORY);
        if (s.fd < 0)
                return s.fd;
        r = check_indexes(s.fd);
        if (r < 0)
                return r;
        r = lazy_load("libkmod.so.2", kmod_symbols, ELEMENTSOF(kmod_symbols));
        if (r < 0)
                return r;
        (void) snprintf(dirname, sizeof(dirname), "/proc/self/fd/%d", s.fd);
        s.kmod = sym_kmod_new(dirname, &no_config);
        if (!s.kmod)
                return -ENOMEM;
        sym_kmod_set_log_priority(s.kmod, 0);
        *ret = s;
        s = (ModuleSet){ .fd = -EBADF };
        return 0;
}

typedef struct ModuleList {
        struct kmod_list *list;
} ModuleList;

static void module_list_done(ModuleList *l)
{
        if (l->list)
                (void) sym_kmod_module_unref_list(l->list);
        l->list = NULL;
}

/* Is there such a module, and is it part of the kernel itself (then it has no file)? */
static void find_module(const ModuleSet *s, const char *name, Tristate *ret_has, Tristate *ret_builtin)
{
        _cleanup_(module_list_done) ModuleList l = {};
        struct kmod_module *module;

        if (sym_kmod_module_new_from_lookup(s->kmod, name, &l.list) < 0)
                return;
        *ret_has = l.list ? TRISTATE_YES : TRISTATE_NO;
        *ret_builtin = TRISTATE_NO;
        if (!l.list)
                return;
        module = sym_kmod_module_get_module(l.list);
        if (!sym_kmod_module_get_path(module))
                *ret_builtin = TRISTATE_YES;
        (void) sym_kmod_module_unref(module);
}

static bool is_stub(const char *module)
{
        for (StubDriver d = 0; d < _STUB_MAX; d++)
                if (streq(stub_driver_module(d), module))
                        return true;
        return false;
}

static int add_once(StringList *l, const char *s)
{
        return string_list_contains(l, s) ? 0 : string_list_add(l, s);
}

/* @builtin: those of them without a file; NULL where nobody asks. */
static int host_drivers(const ModuleSet *s, const char *modalias, StringList *modules, StringList *builtin)
{
        _cleanup_(module_list_done) ModuleList l = {};
        struct kmod_list *i;

        if (sym_kmod_module_new_from_lookup(s->kmod, modalias, &l.list) < 0)
                return 0;
        for (i = l.list; i; i = sym_kmod_list_next(l.list, i)) {
                struct kmod_module *module = sym_kmod_module_get_module(i);
                const char *name = sym_kmod_module_get_name(module);
                int r = 0;

                if (!is_stub(name)) {
                        r = add_once(modules, name);
                        if (r >= 0 && builtin && !sym_kmod_module_get_path(module))
                                r = add_once(builtin, name);
                }
                (void) sym_kmod_module_unref(module);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int drivers_of_wanted(const Probe *p, Facts *f, const ModuleSet *s, StringList *builtin)
{
        FOREACH_ARRAY(function, f->functions, f->n_functions) {
                char path[sizeof(NAME_SYS_PCI_DEVICES "/") + PCI_ADDR_TEXT_MAX + sizeof("modalias")], modalias[256];
                int r;

                if (!probe_wants(p, function->addr))
                        continue;
                (void) snprintf(path, sizeof(path), NAME_SYS_PCI_DEVICES "/%s/modalias", PCI_ADDR_TEXT(function->addr));
                if (root_read_attr(p->rfd, path, modalias, sizeof(modalias)) < 0)
                        continue;
                r = host_drivers(s, modalias, &function->modules, builtin);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int probe_release(const Probe *p, Facts *f, KernelRelease *k)
{
        _cleanup_(module_set_done) ModuleSet s = { .fd = -EBADF };
        int r;

        r = module_set_open(p, k->release, &s);
        if (r < 0)
                return probe_soft(r);
        for (StubDriver d = 0; d < _STUB_MAX; d++)
                find_module(&s, stub_driver_module(d), &k->has_stub[d], &k->stub_builtin[d]);
        find_module(&s, TYPE1_MODULE, &k->has_type1, &k->type1_builtin);
        return drivers_of_wanted(p, f, &s, &k->builtin);
}

int probe_modules(const Probe *p, Facts *f)
{
        bool running = false;
        int r;

        if (!config_has_devices(p->cfg))
                return 0;
        FOREACH_ARRAY(k, f->kernels, f->n_kernels) {
                r = probe_release(p, f, k);
                if (r < 0)
                        return r;
                running = running || k->running;
        }
        /* The running kernel can be none of those: booted over the network, or its files are removed already. */
        if (!running && f->release) {
                _cleanup_(module_set_done) ModuleSet s = { .fd = -EBADF };

                r = module_set_open(p, f->release, &s);
                if (r < 0)
                        return probe_soft(r);
                return drivers_of_wanted(p, f, &s, NULL);
        }
        return 0;
}
