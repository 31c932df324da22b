/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/array.h"
#include "base/macro.h"

/*
 * As much of GVariant's serialized form as it takes to look a value up in a dictionary of type a{sv}
 * (GVariant Specification, chapter 2). Every offset is checked against the size of what it stands in; what is not in
 * normal form has no such key.
 */
typedef struct GVariantSpan {
        const unsigned char *data;
        size_t size; /* bytes */
} GVariantSpan;

/**
 * gvariant_lookup() - value of a key
 * @dict: serialized a{sv}, aligned in any way. @type: of the wanted value, e.g. "as".
 * @ret: points into dict; untouched where there is no such key. Returns true when it is there and has that type.
 */
bool gvariant_lookup(GVariantSpan dict, const char *key, const char *type, GVariantSpan *ret);

/* A serialized "s": the text, or NULL when it is not terminated. */
const char *gvariant_string(GVariantSpan value);

/* A serialized "as". @ret: appended to. Returns 0; -EBADMSG; -ENOMEM. */
int gvariant_strings(GVariantSpan value, StringList *ret) _must_check_;
