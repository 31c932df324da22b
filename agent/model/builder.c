/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/builder.h"

#include "base/table.h"

static const char *const builder_kind_table[_BUILDER_MAX] = {
        [BUILDER_UNKNOWN] = "unknown",
        [BUILDER_OTHER] = "other",
        [BUILDER_DRACUT] = "dracut",
        [BUILDER_INITRAMFS_TOOLS] = "initramfs-tools",
        [BUILDER_MKINITCPIO] = "mkinitcpio",
        [BUILDER_BOOSTER] = "booster",
        [BUILDER_MKOSI_INITRD] = "mkosi-initrd",
        [BUILDER_UGRD] = "ugrd",
};

DEFINE_STRING_TABLE(builder_kind, BuilderKind)
