/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "initramfs/initrd.h"
#include "model/config.h"
#include "model/facts.h"

/* What the initramfs image of a kernel has to contain. */

/* Claim list, helper, and the modules that can be needed: vfio-pci, vfio_iommu_type1, pci-stub. */
#define IMAGE_ITEMS_MAX 5

/* What to look for in the image of one kernel; for initrd_inspect(path, q.items, q.n). */
typedef struct ImageQuery {
        InitrdItem items[IMAGE_ITEMS_MAX];
        size_t n;
        bool modules_unknown;
} ImageQuery;

/* Modules are asked for where a configured device needs them and this kernel has them as files. Owns nothing. */
void image_query_init(ImageQuery *q, const Config *cfg, const KernelRelease *k);

/* Digest of what was found; 0: claim list or helper is not inside. */
uint64_t image_query_digest(const ImageQuery *q);

/* Are all needed modules inside? Unknown where it is not known which modules this kernel has as files. */
Tristate image_query_modules(const ImageQuery *q);
