/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "model/variant.h"

/*
 * Which variant of vfio-pci the kernels have for the devices that are to have the best one. It is read from the text of
 * modules.alias: libkmod tells which modules an alias leads to, and not how narrowly each of them is meant.
 */

/* That of a kernel with all drivers there are has 1.5 MiB. */
#define ALIASES_MAX_BYTES (16U * 1024 * 1024)

/* Of one kernel that can boot. */
typedef struct Aliases {
        const char *release;
        char *path, *text; /* text is NULL where the file cannot be read: nobody knows what this kernel has */
} Aliases;

static void aliases_free(Aliases *items, size_t n)
{
        FOREACH_ARRAY(a, items, n) {
                free(a->path);
                free(a->text);
        }
        free(items);
}

static bool wants_best(const Probe *p, PciAddr addr)
{
        const ConfigDevice *d = config_device_at(p->cfg, addr);

        return d && d->best;
}

static int read_aliases(const Probe *p, const char *release, Aliases *ret)
{
        int r;

        *ret = (Aliases){ .release = release };
        if (string_printf(&ret->path, NAME_LIB_MODULES "/%s/modules.alias", release) < 0)
                return -ENOMEM;
        r = root_read_file(p->rfd, ret->path, ALIASES_MAX_BYTES, &ret->text, NULL);
        return r < 0 ? probe_soft(r) : 0;
}

/* There is one claim list for all kernels: a variant is taken where all of them mean the same one. */
static int choose(PciFunction *f, const char *modalias, const Aliases *kernels, size_t n)
{
        char name[VARIANT_NAME_MAX];
        int r = 0;

        FOREACH_ARRAY(k, kernels, f->variant ? 0 : n)
                if (!f->variant && k->text && variant_find(k->text, modalias, name) >= 0 && *name)
                        r = string_copy(name, &f->variant);
        FOREACH_ARRAY(k, kernels, f->variant && r >= 0 ? n : 0)
                if (!f->variant_lacks && k->text && variant_find(k->text, modalias, name) >= 0 &&
                    !streq(name, f->variant))
                        r = string_copy(k->release, &f->variant_lacks);
        FOREACH_ARRAY(k, kernels, r >= 0 ? n : 0)
                if (!k->text && !f->variant_unread)
                        r = string_copy(k->path, &f->variant_unread);
        return r;
}

static int choose_all(const Probe *p, Facts *f, const Aliases *kernels, size_t n)
{
        FOREACH_ARRAY(function, f->functions, f->n_functions) {
                char path[sizeof(NAME_SYS_PCI_DEVICES "/") + PCI_ADDR_TEXT_MAX + sizeof("modalias")], modalias[256];
                int r;

                if (!wants_best(p, function->addr))
                        continue;
                (void) snprintf(path, sizeof(path), NAME_SYS_PCI_DEVICES "/%s/modalias", PCI_ADDR_TEXT(function->addr));
                if (root_read_attr(p->rfd, path, modalias, sizeof(modalias)) < 0)
                        r = string_copy(path, &function->variant_unread);
                else
                        r = choose(function, modalias, kernels, n);
                if (r < 0)
                        return r;
        }
        return 0;
}

int probe_variant(const Probe *p, Facts *f)
{
        Aliases *kernels;
        size_t n = 0;
        bool any = false;
        int r = 0;

        FOREACH_ARRAY(d, p->cfg->devices, p->cfg->n_devices)
                any |= d->best;
        if (!any)
                return 0;
        kernels = calloc(f->n_kernels + 1, sizeof(*kernels));
        if (!kernels)
                return -ENOMEM;
        FOREACH_ARRAY(k, f->kernels, f->n_kernels)
                if (r >= 0 && (k->kernel || k->running))
                        r = read_aliases(p, k->release, kernels + n++);
        if (r >= 0 && n == 0 && f->release) /* what boots is not seen: over the network, for instance */
                r = read_aliases(p, f->release, kernels + n++);
        if (r >= 0)
                r = choose_all(p, f, kernels, n);
        aliases_free(kernels, n);
        return r;
}
