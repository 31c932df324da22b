/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "claim-load.h"

#include <fcntl.h>
#include <limits.h>

#include "claim-file.h"

#define DRIVERS "sys/bus/pci/drivers"

/* Module without which VFIO has no IOMMU, and its name in /sys/module; NULL: needs none. */
static const char *const backends[_STUB_MAX] = { [STUB_VFIO_PCI] = "vfio_iommu_type1" };

static bool exists(const ClaimContext *x, const char *directory, const char *name)
{
        char path[PATH_MAX];

        (void) snprintf(path, sizeof(path), "%s/%s", directory, name);
        return faccessat(x->root_fd, path, F_OK, 0) == 0;
}

/* Loads a module, unless that was tried in this run. @ret_first: was it not? May be NULL. The result in either case. */
static int load_once(const ClaimContext *x, ClaimLoads *loads, const char *module, bool *ret_first)
{
        int r;

        if (ret_first)
                *ret_first = false;
        FOREACH_ARRAY(t, loads->tried, loads->n_tried)
                if (streq(t->module, module))
                        return t->result;
        if (ret_first)
                *ret_first = true;
        r = x->load_module(module);
        if (loads->n_tried < ELEMENTSOF(loads->tried)) {
                loads->tried[loads->n_tried].module = module;
                loads->tried[loads->n_tried++].result = r;
        }
        return r;
}

static void load_backend(const ClaimContext *x, ClaimLoads *loads, StubDriver d)
{
        const char *backend = backends[d];
        bool first;

        if (x->load_module && backend && !exists(x, "sys/module", backend) &&
            load_once(x, loads, backend, &first) < 0 && first)
                claim_say(&x->reporter, true, "%s: module cannot be loaded, the guest may not start", backend);
}

int claim_load_stub(const ClaimContext *x, ClaimLoads *loads, StubDriver d)
{
        const char *driver = stub_driver_to_string(d);
        int r = 0;

        load_backend(x, loads, d);
        if (exists(x, DRIVERS, driver))
                return 0;
        if (x->load_module)
                r = load_once(x, loads, driver, NULL);
        if (r < 0)
                return r;
        return exists(x, DRIVERS, driver) ? 0 : -ENODEV;
}

bool claim_variant_driver(const ClaimContext *x, const char *module, char ret[static VARIANT_NAME_MAX])
{
        _cleanup_(closedirp) DIR *d = NULL;
        char path[PATH_MAX];

        (void) snprintf(path, sizeof(path), "sys/module/%s/drivers", module);
        d = claim_open_directory(x->root_fd, path);
        for (const struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
                if (strncmp(e->d_name, "pci:", 4) == 0 && strlen(e->d_name + 4) < VARIANT_NAME_MAX) {
                        strcpy(ret, e->d_name + 4);
                        return true;
                }
        return false;
}

int claim_load_variant(const ClaimContext *x, ClaimLoads *loads, const char *module, char ret[static VARIANT_NAME_MAX])
{
        int r;

        load_backend(x, loads, STUB_VFIO_PCI);
        if (claim_variant_driver(x, module, ret))
                return 0;
        r = x->load_module ? load_once(x, loads, module, NULL) : -ENOENT;
        return r >= 0 && !claim_variant_driver(x, module, ret) ? -ENODEV : r;
}
