/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json.h"

#include "escape.h"
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

struct json_object *json_new_text(const char *s)
{
        _cleanup_free_ char *repaired = NULL;

        if (utf8_is_valid(s))
                return json_object_new_string(s);
        return utf8_repair(s, &repaired) < 0 ? NULL : json_object_new_string(repaired);
}

int json_add_text(struct json_object *o, const char *key, const char *s)
{
        if (!s)
                return json_object_object_add(o, key, NULL) < 0 ? -ENOMEM : 0;
        return json_add(o, key, json_new_text(s));
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

int json_append_text(struct json_object *array, const char *s)
{
        return json_append(array, json_new_text(s));
}

struct json_object *json_add_array(struct json_object *o, const char *key)
{
        struct json_object *array = json_object_new_array();

        return json_add(o, key, array) < 0 ? NULL : array;
}

static int print(struct json_object *o, int flags, const char *end, char **ret)
{
        const char *text =
                json_object_to_json_string_ext(o, flags | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);
        _cleanup_free_ char *escaped = NULL;

        if (!text || escape_json(text, &escaped) < 0)
                return -ENOMEM;
        return string_printf(ret, "%s%s", escaped, end);
}

int json_print(struct json_object *o, char **ret)
{
        return print(o, JSON_C_TO_STRING_PRETTY, "\n", ret);
}

int json_print_line(struct json_object *o, char **ret)
{
        return print(o, 0, "", ret);
}

int json_write(struct json_object *o, FILE *out)
{
        _cleanup_free_ char *text = NULL;
        int r = json_print(o, &text);

        if (r < 0)
                return r;
        return fputs(text, out) < 0 || fflush(out) != 0 ? negative_errno() : 0;
}
