/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "pciaddr.h"

typedef struct IomemRange {
        unsigned level;
        uint64_t start, end;
        const char *name;
} IomemRange;

/* Where a walk through the text of /proc/iomem is. */
typedef struct IomemWalk {
        char *rest;
        bool inside; /* the present line is in memory of .function */
        PciAddr function;
        IomemRange bar;
} IomemWalk;

/**
 * iomem_next_framebuffer() - the framebuffers that the firmware made, and the PCI functions that they are on
 * @w: begins with .rest at the text, which is taken apart.
 * Returns who holds it, "BOOTFB" or "simpledrm", in the text; NULL: there is no more. A driver's line comes below the
 * kernel's own, so of one function the last one counts. Needs nothing but libc, for the helper's sake.
 *
 * The framebuffer lies in memory of the display that it is on, and its driver, or before one is there the kernel
 * itself, has asked for it under one of these names (Linux drivers/firmware/sysfb_simplefb.c, drivers/video/fbdev,
 * drivers/gpu/drm/sysfb). Which function has the memory tells the line above it with less indentation, or, where the
 * indentation ends, the one before it.
 */
const char *iomem_next_framebuffer(IomemWalk *w, PciAddr *ret);
