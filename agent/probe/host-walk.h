/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/facts.h"

/* What probers share that follow something of the host down to the PCI functions that it hangs on. */

/* A step of the way down; the first one is what is used. They lie on the stack of whoever goes on from there. */
typedef struct WalkLink {
        const struct WalkLink *above; /* NULL: the first */
        const char *name;
} WalkLink;

typedef struct HostWalk {
        int rfd;
        Facts *f;
        HostUseKind kind;
        const char *what; /* that is followed at present, see HostUse */
        bool spared;      /* likewise */
} HostWalk;

/* Is there a step of this name? Then the way is a circle. */
bool walk_passed(const WalkLink *link, const char *name);

/**
 * walk_functions() - the way ends at the functions that a device path goes through
 * @path: below /sys/devices. The last function in it has all that is below it (SCSI host, virtio, USB, NVMe
 * controller); one above that is no bridge (Intel VMD), or of which it is a virtual function, would take it along as
 * well. Returns 1; 0: there is none in it; -ENOMEM.
 */
int walk_functions(HostWalk *w, const WalkLink *link, const char *path) _must_check_;

/* The same for a link of sysfs to a device. 0 also: it cannot be read. */
int walk_entry(HostWalk *w, const WalkLink *link, const char *path) _must_check_;

/* The last function in a device path. 0; -ENOENT: there is none. */
int place_function(const char *path, PciAddr *ret) _must_check_;

/* The same for a link of sysfs to a device. 0; negative errno. */
int entry_function(int rfd, const char *path, PciAddr *ret) _must_check_;

/* What can be done about an unknown; see HostUnknown. */
typedef struct WalkCure {
        CureKind kind;
        const char *text;
        bool remote;
} WalkCure;

/**
 * walk_unknown() - the way cannot be followed any further
 * @link: as far as it was; NULL: not even to its beginning. @format: why, what follows a comma. 0 or -ENOMEM.
 */
int walk_unknown(HostWalk *w, const WalkLink *link, const WalkCure *cure, const char *format, ...)
        _printf_(4, 5) _must_check_;

/* The same, because of a path that could not be read. */
int walk_unreadable(HostWalk *w, const WalkLink *link, const char *path, int error) _must_check_;
