/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include <elf.h>

#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "model/names.h"

/* The size of a helper that is still believed to be ours; the real one has some tens of KiB. */
#define HELPER_MAX_BYTES (4U * 1024 * 1024)

static const struct {
        int (*probe)(const Probe *p, Facts *f);
        bool next_boot;
} probers[] = {
        { probe_origin, false },   { probe_kernel, false },   { probe_iommu, false },
        { probe_pci, false },      { probe_virtual, false },  { probe_group, false }, /* after pci */
        { probe_acs, false },                                                         /* after pci, group */
        { probe_feature, false },                                                     /* after kernel and iommu */
        { probe_variant, false },                                                     /* after kernel and pci */
        { probe_modules, true },   { probe_stub, false }, /* after kernel, pci and feature */
        { probe_loader, true },    { probe_builders, true },  { probe_files, false }, /* after builders */
        { probe_identity, false },                                                    /* after pci and files */
        { probe_line, false },                                                        /* after loader */
        { probe_sealed, true },                                                       /* after kernel */

        { probe_record, true },    { probe_image, true },    /* after modules, files and record */
        { probe_selinux, false },                            /* after record */
        { probe_block, false },    { probe_network, false }, /* after pci */
        { probe_display, false },  { probe_keyboard, false }, { probe_console, false }, /* after kernel and pci */
};

bool probe_asks_for_uses(const Probe *p)
{
        return config_has_devices(p->cfg) || p->functions;
}

bool probe_details(const Probe *p, PciAddr a)
{
        return p->functions || probe_wants(p, a);
}

static int compare_addresses(const void *a, const void *b)
{
        return pci_addr_compare(*(const PciAddr *) a, *(const PciAddr *) b);
}

bool probe_wants(const Probe *p, PciAddr a)
{
        return p->n_wanted > 0 && bsearch(&a, p->wanted, p->n_wanted, sizeof(a), compare_addresses);
}

/* The configured addresses, sorted, since each function is looked up in them. */
static int sort_wanted(const Config *cfg, PciAddr **ret, size_t *ret_n)
{
        PciAddr *wanted = calloc(cfg->n_devices + 1, sizeof(*wanted));
        size_t n = 0;

        if (!wanted)
                return -ENOMEM;
        FOREACH_ARRAY(d, cfg->devices, cfg->n_devices)
                if (d->has_address)
                        wanted[n++] = d->address;
        qsort(wanted, n, sizeof(*wanted), compare_addresses);
        *ret = wanted;
        *ret_n = n;
        return 0;
}

int probe_read_hex(int rfd, const char *directory, const char *attribute, uint32_t *ret)
{
        _cleanup_free_ char *path = path_join(directory, attribute);
        char text[16];
        int r = path ? root_read_attr(rfd, path, text, sizeof(text)) : -ENOMEM;

        return r < 0 ? r : parse_u32(startswith(text, "0x") ?: text, 16, ret);
}

Tristate probe_exists(int rfd, const char *path)
{
        struct stat st;
        int r = root_stat(rfd, path, &st);

        if (r >= 0)
                return TRISTATE_YES;
        return r == -ENOENT || r == -ENOTDIR ? TRISTATE_NO : TRISTATE_UNKNOWN;
}

/* @ret_runs: it looks like a program. 0; negative errno. */
static int read_helper(const Probe *p, const char *path, char **ret, size_t *ret_size, bool *ret_runs)
{
        struct stat st;
        int r = root_read_file(p->rfd, path, HELPER_MAX_BYTES, ret, ret_size);

        if (r >= 0)
                *ret_runs = *ret_size > SELFMAG && memcmp(*ret, ELFMAG, SELFMAG) == 0 &&
                            root_stat(p->rfd, path, &st) >= 0 && (st.st_mode & 0111) != 0;
        return r;
}

static int probe_helper(const Probe *p, Facts *f)
{
        _cleanup_free_ char *helper = NULL;
        size_t size = 0;
        int r = read_helper(p, NAME_CLAIM_HELPER, &helper, &size, &f->helper_runs);

        f->helper_present = r >= 0;
        if (r >= 0)
                f->helper_hash = fnv1a(FNV_START, helper, size);
        return r == -ENOMEM ? r : 0;
}

/* It lies where the boot loader that counts loads its images from. Others are of another one, which was before. */
static int find_claim_image(const Probe *p, Facts *f)
{
        static const char *const others[] = {
                NAME_BOOT "/" NAME_CLAIM_IMAGE_FILE, "/efi/" NAME_CLAIM_IMAGE_FILE, "/boot/efi/" NAME_CLAIM_IMAGE_FILE,
                NAME_BOOT "/" NAME_CLAIM_ADDON,      "/efi/" NAME_CLAIM_ADDON,      "/boot/efi/" NAME_CLAIM_ADDON,
        };
        const char *directory = NAME_BOOT;
        ClaimImage *c = &f->claim_image;
        struct stat here = {}, there;

        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                if (!l->unused && l->early_directory) {
                        directory = l->early_directory;
                        c->addon = l->early_addon;
                        break;
                }
        c->path = path_join(directory, c->addon ? NAME_CLAIM_ADDON_FILE : NAME_CLAIM_IMAGE_FILE);
        if (!c->path)
                return -ENOMEM;
        c->has_helper = probe_exists(p->rfd, NAME_STATIC_HELPER);
        c->exists = probe_exists(p->rfd, c->path);
        if (c->exists == TRISTATE_YES && root_stat(p->rfd, c->path, &here) < 0)
                return 0;
        FOREACH_ARRAY(path, others, ELEMENTSOF(others)) {
                int r = 0;

                if (root_stat(p->rfd, *path, &there) >= 0 &&
                    !(there.st_dev == here.st_dev && there.st_ino == here.st_ino))
                        r = string_list_add(&c->left, *path);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int probe_claim_image(const Probe *p, ClaimImage *c)
{
        _cleanup_free_ char *image = NULL;
        bool runs = false;
        size_t size;
        int r = read_helper(p, NAME_STATIC_HELPER, &c->helper, &c->helper_size, &runs);

        if (!runs) {
                free(c->helper);
                c->helper = NULL;
        }
        if (r != -ENOMEM)
                r = root_read_text(p->rfd, NAME_CLAIM_UNIT, &c->unit);
        if (r != -ENOMEM && c->exists == TRISTATE_YES) {
                r = root_read_file(p->rfd, c->path, 2 * HELPER_MAX_BYTES, &image, &size);
                if (r >= 0)
                        c->hash = fnv1a(FNV_START, image, size) ?: 1;
        }
        return r == -ENOMEM ? r : 0;
}

/* A link to /dev/null, which an image need not have, or an empty file (systemd.unit(5), "masked"). */
static bool boot_unit_masked(int rfd)
{
        _cleanup_free_ char *target = NULL;
        struct stat st;

        if (root_readlink(rfd, NAME_BOOT_UNIT_MASK, &target) >= 0 && streq(target, "/dev/null"))
                return true;
        return root_stat(rfd, NAME_BOOT_UNIT_MASK, &st) >= 0 && st.st_size == 0;
}

static bool boot_unit_enabled(int rfd)
{
        static const char *const wanted[] = { "/etc/" NAME_BOOT_UNIT_WANTED, "/usr/lib/" NAME_BOOT_UNIT_WANTED,
                                              "/lib/" NAME_BOOT_UNIT_WANTED };
        struct stat st;

        if (boot_unit_masked(rfd))
                return false;
        FOREACH_ARRAY(path, wanted, ELEMENTSOF(wanted))
                if (root_stat(rfd, *path, &st) >= 0 && S_ISREG(st.st_mode))
                        return true;
        return false;
}

/* A system that shows neither its devices nor a service manager does not run. */
static void probe_first_boot(const Probe *p, Facts *f)
{
        if (f->pci == TRISTATE_UNKNOWN && f->container != TRISTATE_YES &&
            probe_exists(p->rfd, NAME_RUN_SYSTEMD) == TRISTATE_NO)
                f->first_boot = boot_unit_enabled(p->rfd) ? TRISTATE_YES : TRISTATE_NO;
}

int probe_files(const Probe *p, Facts *f)
{
        const struct {
                const char *path;
                char **field;
        } files[] = {
                { NAME_CLAIMS, &f->claims },
                { NAME_CLAIM_RESULT, &f->claim_result },
                { NAME_MODPROBE_SNIPPET, &f->modprobe_snippet },
                { NAME_MODULES_LOAD, &f->modules_load },
                { NAME_IMAGE_STAMPS, &f->image_stamps },
                { NAME_TRANSACTION, &f->transaction },
                { NAME_FAILED_PLAN, &f->failed_plan },
        };
        const bool stateless = probe_exists(p->rfd, NAME_STATE_DIR) == TRISTATE_NO;
        int r;

        FOREACH_ARRAY(i, files, ELEMENTSOF(files)) {
                if (stateless && startswith(i->path, NAME_STATE_DIR))
                        continue;
                r = probe_soft(root_read_text(p->rfd, i->path, i->field));
                if (r < 0)
                        return r;
        }
        if (!f->claim_result) {
                r = probe_soft(root_read_text(p->rfd, NAME_CLAIM_RESULT_DEV, &f->claim_result));
                if (r < 0)
                        return r;
        }
        f->other_entry = probe_exists(p->rfd, NAME_OTHER_ENTRY) == TRISTATE_YES;
        probe_first_boot(p, f);
        r = find_claim_image(p, f);
        if (r < 0)
                return r;
        if (p->cfg->n_devices == 0 && !facts_traces(f))
                return 0;
        r = probe_helper(p, f);
        return r < 0 || p->cfg->claim == CLAIM_WAY_INITRAMFS ? r : probe_claim_image(p, &f->claim_image);
}

int facts_gather(int rfd, unsigned flags, const Config *cfg, Facts *ret)
{
        Probe p = { .rfd = rfd,
                    .live = flags & FACTS_LIVE,
                    .functions = flags & FACTS_FUNCTIONS,
                    .this_boot = flags & FACTS_THIS_BOOT,
                    .boot = flags & FACTS_BOOT,
                    .cfg = cfg };
        _cleanup_free_ PciAddr *wanted = NULL;
        _cleanup_(facts_done) Facts f;
        int r;

        facts_init(&f);
        r = sort_wanted(cfg, &wanted, &p.n_wanted);
        if (r < 0)
                return r;
        p.wanted = wanted;
        f.live = p.live;
        f.is_root = geteuid() == 0;
        FOREACH_ARRAY(prober, probers, ELEMENTSOF(probers)) {
                r = prober->next_boot && p.this_boot ? 0 : prober->probe(&p, &f);
                if (r < 0)
                        return r;
        }
        *ret = f;
        facts_init(&f);
        return 0;
}

int facts_gather_network(int rfd, bool live, NetworkNow *ret)
{
        const Config none = {};
        const Probe p = { .rfd = rfd, .live = live, .cfg = &none };
        _cleanup_(facts_done) Facts f;
        int r;

        facts_init(&f);
        f.live = live;
        r = probe_pci(&p, &f);
        return r < 0 ? r : probe_network_now(&p, &f, ret);
}
