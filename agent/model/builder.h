/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/* Programs that make initramfs images. What each does is in agent/initramfs/. */

typedef enum BuilderKind {
        BUILDER_UNKNOWN, /* it cannot be told which */
        BUILDER_OTHER,   /* none of these */
        BUILDER_DRACUT,
        BUILDER_INITRAMFS_TOOLS,
        BUILDER_MKINITCPIO,
        BUILDER_BOOSTER,
        BUILDER_MKOSI_INITRD,
        BUILDER_UGRD,
        _BUILDER_MAX,
        _BUILDER_FIRST = BUILDER_DRACUT,
        _BUILDER_INVALID = -EINVAL,
} BuilderKind;

/* "dracut", "initramfs-tools", ... */
const char *builder_kind_to_string(BuilderKind k);
BuilderKind builder_kind_from_string(const char *s);

/* One of them on this machine. */
typedef struct ImageBuilder {
        Tristate installed;
        Tristate active; /* it makes the image when a kernel is installed */
        char *hook;      /* path of the hook by which it does; NULL: none */
        char *snippet;   /* text of the file by which it is told to put ptprep's part into images, as it is now; NULL:
                            none */
} ImageBuilder;
