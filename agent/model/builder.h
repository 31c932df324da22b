/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/* Programs that make initramfs images. What each does is in agent/initramfs/. */

typedef enum BuilderKind {
        BUILDER_DRACUT,
        _BUILDER_MAX,
} BuilderKind;

/* "dracut" */
const char *builder_kind_to_string(BuilderKind k);

/* One of them on this machine. */
typedef struct ImageBuilder {
        Tristate installed;
        char *snippet; /* text of the file by which it is told to put ptprep's part into images, as it is now; NULL:
                          none */
} ImageBuilder;
