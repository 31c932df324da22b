/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/text.h"
#include "model/names.h"
#include "probe/probe.h"
#include "tree.h"

/* Block devices in a tree of files, and what the prober makes of them. */

#define NVME      "pci0000:00/0000:00:1d.0/0000:03:00.0/nvme/nvme0/nvme0n1"
#define SATA      "pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda"
#define USB       "pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb"
#define VIRT      "pci0000:00/0000:00:05.0/virtio2/block/vda"
#define VMD       "pci0000:6f/0000:6f:00.5/pci10001:80/10001:80:07.0/nvme/nvme1/nvme1n1"
#define FC0       "pci0000:00/0000:00:06.0/host1/rport-1:0-0/target1:0:0/1:0:0:0/block/sdc"
#define ROOT_SATA "22 1 8:0 / / rw - ext4 /dev/sda rw\n"
#define ON_SATA   "/: / on sda on 0000:00:17.0\n"

/* @where: below /sys/devices; the last component is the kernel's name. */
static inline void block(const Tree *t, const char *where, const char *number)
{
        const char *name = strrchr(where, '/') + 1;
        char path[512], target[512];

        (void) snprintf(path, sizeof(path), "/sys/devices/%s/dev", where);
        tree_file(t, path, number);
        (void) snprintf(target, sizeof(target), "../../devices/%s", where);
        (void) snprintf(path, sizeof(path), NAME_SYS_DEV_BLOCK "/%s", number);
        tree_link(t, path, target);
        (void) snprintf(path, sizeof(path), NAME_SYS_CLASS_BLOCK "/%s", name);
        tree_link(t, path, target);
}

static inline void partition(const Tree *t, const char *where, const char *number)
{
        char path[512];

        block(t, where, number);
        (void) snprintf(path, sizeof(path), "/sys/devices/%s/partition", where);
        tree_file(t, path, "1\n");
}

static inline void slave(const Tree *t, const char *holder, const char *name)
{
        char path[512];

        (void) snprintf(path, sizeof(path), "/sys/devices/virtual/block/%s/slaves/%s", holder, name);
        tree_link(t, path, "../../../../wherever");
        (void) snprintf(path, sizeof(path), NAME_SYS_CLASS_BLOCK "/%s", name);
        if (probe_exists(t->rfd, path) != TRISTATE_YES)
                return;
        (void) snprintf(path, sizeof(path), NAME_SYS_CLASS_BLOCK "/%s/holders/%s", name, holder);
        tree_file(t, path, "");
}

enum {
        FLAG_CONFIGURED = 1 << 0, /* a device is */
        FLAG_FUNCTIONS = 1 << 1,  /* a list of all functions is wanted */
        FLAG_LIVE = 1 << 2,
};

static inline Facts probe_for(const Tree *t, unsigned flags)
{
        _cleanup_(config_done) Config c = {};
        Probe p = { .rfd = t->rfd, .cfg = &c, .functions = flags & FLAG_FUNCTIONS, .live = flags & FLAG_LIVE };
        Facts f;

        config_init(&c);
        c.devices = calloc(1, sizeof(*c.devices));
        assert_non_null(c.devices);
        c.n_devices = flags & FLAG_CONFIGURED ? 1 : 0;
        facts_init(&f);
        f.live = p.live;
        assert_int_equal(probe_block(&p, &f), 0);
        return f;
}

static inline Facts probe(const Tree *t)
{
        return probe_for(t, FLAG_CONFIGURED);
}

static inline bool is_boot_disk(const char *what)
{
        static const char *const all[] = {
                "/", "/boot", "/usr", "/var", "the EFI system partition", "what the firmware boots from"
        };

        return string_in(what, all, ELEMENTSOF(all));
}

/* "WHAT: CHAIN" a line, in the order of the facts, then "unknown: WHAT" or, on the other end of a network, "remote:".
 */
static inline char *told(const Facts *f)
{
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        FOREACH_ARRAY(u, f->host.items, f->host.n) {
                _cleanup_free_ char *chain = host_use_chain(u);

                assert_int_equal(u->kind, is_boot_disk(u->what) ? HOST_USE_BOOT_DISK : HOST_USE_STORAGE);
                (void) fprintf(out, "%s: %s\n", u->what, chain);
        }
        FOREACH_ARRAY(u, f->host.unknown, f->host.n_unknown) {
                assert_true(u->kind == HOST_USE_BOOT_DISK || u->kind == HOST_USE_STORAGE);
                assert_true(u->cure || cure_kind_text(u->cure_kind));
                (void) fprintf(out, "%s: %s\n", u->remote ? "remote" : "unknown", u->what);
        }
        assert_int_equal(fclose(out), 0);
        return text;
}

static inline void assert_told(const Facts *f, const char *expected)
{
        _cleanup_free_ char *text = told(f);

        assert_true(f->host.looked[HOST_USE_BOOT_DISK] && f->host.looked[HOST_USE_STORAGE]);
        assert_string_equal(text, expected);
}

static inline void expect(const Tree *t, unsigned flags, const char *expected)
{
        _cleanup_(facts_done) Facts f = probe_for(t, flags);

        assert_told(&f, expected);
}
