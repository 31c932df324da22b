/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/image-builder.h"

#include "initramfs/builders.h"

BuilderKind images_builder(const Facts *f)
{
        BuilderKind k = _BUILDER_FIRST;

        while (k < _BUILDER_MAX && (f->builders[k].installed != TRISTATE_YES || !builder_usable(k)))
                k++;
        return k;
}
