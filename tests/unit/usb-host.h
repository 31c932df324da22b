/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "host.h"

/* A host with two USB controllers, of which the first one is to be claimed, and what the guard of keyboards says of it.
 */

#define USB      "0000:00:14.0"
#define OTHER    "0000:00:15.0"
#define QUEUE    "/run/udev/queue"
#define CRYPTTAB "/etc/crypttab"

static inline HostTest machine(const Tree *tree, const char *driver)
{
        HostTest t;

        host_begin(&t, tree);
        host_function(&t, USB, "8086:a36d", 0x0c0330, driver);
        host_function(&t, OTHER, "1b73:1100", 0x0c0330, "xhci_hcd");
        host_want(&t, USB);
        t.about = USB;
        return t;
}

static inline void expect(HostTest t, const char *expected)
{
        host_expect(&t, probe_keyboard, HOST_USE_KEYBOARD, expected);
}
