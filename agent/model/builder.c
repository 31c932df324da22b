/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/builder.h"

#include "base/table.h"

static const char *const builder_kind_table[_BUILDER_MAX] = {
        [BUILDER_DRACUT] = "dracut",
};

DEFINE_STRING_TO(builder_kind, BuilderKind)
