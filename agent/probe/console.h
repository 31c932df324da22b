/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "probe/host-walk.h"
#include "probe/probe.h"

/* The consoles of the host. */

/**
 * console_list() - names of those that are in use, "tty0" for the display
 * @ret: as the kernel has them in /sys/class/tty/console/active (Linux drivers/tty/tty_io.c, show_cons_active(): the
 * last one is /dev/console; tty0 is the virtual terminal in the foreground); where that cannot be read, those that the
 * command line asks for, and without any the kernel's own choice, tty0. Emptied by the caller. 0 or -ENOMEM.
 */
int console_list(int rfd, const Facts *f, StringList *ret) _must_check_;

/* Is it on a display: a virtual terminal? */
bool console_is_terminal(const char *name);

/* Does it go nowhere (Linux drivers/tty/ttynull.c)? */
bool console_is_null(const char *name);

/**
 * console_place() - the path below /sys/devices of what a console is on
 * @ret: owned by the caller. 0; -ENOENT: it is on no device, or is none of the kernel's; other negative errno.
 */
int console_place(int rfd, const char *name, char **ret) _must_check_;

/**
 * console_elsewhere() - is there one besides the display that stays with the host?
 * @p: a console on a device of the configuration goes with it. Returns 1, 0 or -ENOMEM.
 */
int console_elsewhere(const Probe *p, const StringList *names) _must_check_;
