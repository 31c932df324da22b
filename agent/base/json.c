/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json.h"

#include "text.h"

int json_add(struct json_object *o, const char *key, struct json_object *v)
{
        if (!v)
                return -ENOMEM;
        if (json_object_object_add(o, key, v) < 0) {
                json_object_put(v);
                return -ENOMEM;
        }
        return 0;
}

int json_add_text(struct json_object *o, const char *key, const char *s)
{
        if (!s)
                return json_object_object_add(o, key, NULL) < 0 ? -ENOMEM : 0;
        return json_add(o, key, json_object_new_string(s));
}

int json_append(struct json_object *array, struct json_object *v)
{
        if (!v)
                return -ENOMEM;
        if (json_object_array_add(array, v) < 0) {
                json_object_put(v);
                return -ENOMEM;
        }
        return 0;
}

struct json_object *json_add_array(struct json_object *o, const char *key)
{
        struct json_object *array = json_object_new_array();

        return json_add(o, key, array) < 0 ? NULL : array;
}

int json_print(struct json_object *o, char **ret)
{
        const char *text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                                     JSON_C_TO_STRING_NOSLASHESCAPE);

        return text ? string_printf(ret, "%s\n", text) : -ENOMEM;
}
