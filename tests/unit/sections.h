/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Sections of a configuration, and the functions of a tree that they mean. */

#include "base/text.h"
#include "gathered.h"
#include "probe/config-load.h"

#define A      "/sys/devices/pci0000:00/0000:00:1c.0/0000:03:00.0"
#define B      "/sys/devices/pci0000:00/0000:00:1c.4/0000:04:00.0"
#define CLAIMS "version=2\n"

/* Two network cards of one kind, and a graphics card of two functions. */
static inline void machine(const Tree *t)
{
        function(t, "pci0000:00/0000:00:1c.0", "0x8086\n", "0xa110\n", "0x060400\n", "pcieport", NULL);
        function(t, "pci0000:00/0000:00:1c.0/0000:03:00.0", "0x8086\n", "0x10d3\n", "0x020000\n", "e1000e", NULL);
        function(t, "pci0000:00/0000:00:1c.4", "0x8086\n", "0xa114\n", "0x060400\n", "pcieport", NULL);
        function(t, "pci0000:00/0000:00:1c.4/0000:04:00.0", "0x8086\n", "0x10d3\n", "0x020000\n", "e1000e", NULL);
        function(t, "pci0000:00/0000:00:02.0", "0x10de\n", "0x1b80\n", "0x030000\n", NULL, NULL);
        function(t, "pci0000:00/0000:00:02.1", "0x10de\n", "0x10f0\n", "0x040300\n", NULL, NULL);
        attr(t, A, "serial_number", "00-00-00-ff-ff-00-00-0a\n");
        attr(t, B, "serial_number", "00-00-00-ff-ff-00-00-0b\n");
        attr(t, A, "net/eth0/address", "52:54:00:00:00:0a\n");
        attr(t, B, "net/eth1/address", "52:54:00:00:00:0b\n");
        attr(t, A, "subsystem_vendor", "0x8086\n");
        attr(t, A, "subsystem_device", "0xa01f\n");
}

static inline void load(const Tree *t, const char *text, Config *c)
{
        ConfigError e = {};

        tree_file(t, NAME_CONFIG_FILE, text);
        config_done(c);
        if (config_load(t->rfd, c, &e) < 0)
                fail_msg("%s:%u: %s", e.file, e.line, e.message);
}

static inline void expect_at(const Tree *t, const char *section, const char *address, const char *id)
{
        _cleanup_(config_done) Config c = {};
        _cleanup_free_ char *text = NULL;
        char its[16];

        assert_true(string_printf(&text, "[device x]\n%s\n", section) >= 0);
        load(t, text, &c);
        if (c.n_devices != 1)
                fail_msg("%s: %zu devices, %zu lost", section, c.n_devices, c.n_lost);
        (void) snprintf(its, sizeof(its), "%04x:%04x", c.devices->id.vendor, c.devices->id.device);
        assert_string_equal(PCI_ADDR_TEXT(c.devices->address), address);
        assert_string_equal(its, id);
}

static inline void expect_lost(const Tree *t, const char *section, LostWhy why, const char *others)
{
        _cleanup_(config_done) Config c = {};
        _cleanup_free_ char *text = NULL;

        assert_true(string_printf(&text, "[device x]\n%s\n", section) >= 0);
        load(t, text, &c);
        assert_int_equal(c.n_devices, 0);
        assert_int_equal(c.n_lost, 1);
        assert_int_equal(c.lost->lost, why);
        if (others)
                assert_string_equal(c.lost->others, others);
        assert_true(config_has_devices(&c));
}
