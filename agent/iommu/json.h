/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/json.h"
#include "iommu/vendor.h"

/*
 * A place to add to. The first lack of memory is remembered and makes all that follows do nothing, so that code which
 * makes a form reads like the form.
 */
struct JsonPlace {
        struct json_object *o;
        int *error; /* 0 or -ENOMEM */
};

typedef struct JsonFlag {
        uint32_t bit;
        const char *name;
} JsonFlag;

void json_place_number(JsonPlace p, const char *key, uint64_t v);
void json_place_bool(JsonPlace p, const char *key, bool v);
void json_place_text(JsonPlace p, const char *key, const char *s);

/* Names of the flags that are set, as the array "flags". */
void json_place_flags(JsonPlace p, uint32_t flags, const JsonFlag *names, size_t n);

JsonPlace json_place_array(JsonPlace p, const char *key);
void json_place_append(JsonPlace array, struct json_object *v); /* v becomes the array's */
JsonPlace json_place_append_object(JsonPlace array);
