/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/json.h"

static void json_place_add(JsonPlace p, const char *key, struct json_object *v)
{
        if (*p.error < 0)
                json_put(v);
        else
                *p.error = json_add(p.o, key, v);
}

void json_place_number(JsonPlace p, const char *key, uint64_t v)
{
        json_place_add(p, key, json_new_uint(v));
}

void json_place_bool(JsonPlace p, const char *key, bool v)
{
        json_place_add(p, key, json_new_bool(v));
}

void json_place_text(JsonPlace p, const char *key, const char *s)
{
        json_place_add(p, key, json_new_text(s));
}

void json_place_append(JsonPlace array, struct json_object *v)
{
        if (*array.error < 0)
                json_put(v);
        else
                *array.error = json_append(array.o, v);
}

JsonPlace json_place_array(JsonPlace p, const char *key)
{
        struct json_object *a = json_new_array();

        json_place_add(p, key, a);
        return (JsonPlace){ a, p.error };
}

JsonPlace json_place_append_object(JsonPlace array)
{
        struct json_object *o = json_new_object();

        json_place_append(array, o);
        return (JsonPlace){ o, array.error };
}

void json_place_flags(JsonPlace p, uint32_t flags, const JsonFlag *names, size_t n)
{
        JsonPlace a = json_place_array(p, "flags");

        FOREACH_ARRAY(i, names, n)
                if (flags & i->bit)
                        json_place_append(a, json_new_text(i->name));
}
