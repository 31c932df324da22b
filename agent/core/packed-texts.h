/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/gzip.h"

/* Made by pack-texts.py. */

/* The documents of the checks one after the other, each with a NUL behind it; see explain.h. */
extern const PackedText packed_documents;

/* report.css */
extern const PackedText packed_style;
