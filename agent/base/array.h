/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/**
 * array_grow() - make room for one more element
 * @array: pointer to the array pointer (NULL for an empty one); reallocated in place, owned by the caller.
 * @n: number of elements in use. @size: bytes of one element.
 *
 * Capacity is always the next power of two of n, so no capacity field is kept.
 * Returns the new, zeroed element (at index n; the caller counts it), or NULL when memory is short (array untouched).
 */
void *array_grow_impl(void *array, size_t n, size_t size);

#define array_grow(array, n) ((typeof((*(array)) + 0)) array_grow_impl((array), (n), sizeof(**(array))))

/* A list of strings that owns its members. */
typedef struct StringList {
        char **items;
        size_t n;
} StringList;

void string_list_done(StringList *l);
int string_list_add(StringList *l, const char *s) _must_check_; /* copies; 0 or -ENOMEM */
int string_list_addf(StringList *l, const char *format, ...) _printf_(2, 3) _must_check_;
bool string_list_contains(const StringList *l, const char *s);
/* fnv1a_text() of each, and of the end of the list. */
uint64_t string_list_fnv1a(uint64_t hash, const StringList *l);
