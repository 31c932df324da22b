/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/*
 * Both directions between an enum and its names, from NAME_table[]. The functions are declared in the header of the
 * type: NAME_to_string() gives NULL outside the table, NAME_from_string() gives -EINVAL for a name that is not in it.
 */
#define DEFINE_STRING_TO(name, type)                                                                                   \
        const char *name##_to_string(type v)                                                                           \
        {                                                                                                              \
                return (size_t) v < ELEMENTSOF(name##_table) ? name##_table[v] : NULL;                                 \
        }

#define DEFINE_STRING_TABLE(name, type)                                                                                \
        DEFINE_STRING_TO(name, type)                                                                                   \
        type name##_from_string(const char *s)                                                                         \
        {                                                                                                              \
                for (size_t i = 0; i < ELEMENTSOF(name##_table); i++)                                                  \
                        if (name##_table[i] && streq(name##_table[i], s))                                              \
                                return (type) i;                                                                       \
                return (type) -EINVAL;                                                                                 \
        }
