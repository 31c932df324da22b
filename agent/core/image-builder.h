/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/facts.h"

/* Which program ptprep has to use for the initramfs images of this machine. */

/* One that is installed and that ptprep can use; _BUILDER_MAX: none. */
BuilderKind images_builder(const Facts *f);
