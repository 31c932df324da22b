/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json.h"

#include <json-c/json.h>
#include <limits.h>

#include "escape.h"
#include "lazy.h"
#include "text.h"

#define SONAME "libjson-c.so.5"

LAZY_NOTE("json", "reports and lists as JSON, tokens of LUKS2", "required", SONAME);

LAZY_FUNCTION(json_object_array_add);
LAZY_FUNCTION(json_object_array_get_idx);
LAZY_FUNCTION(json_object_array_length);
LAZY_FUNCTION(json_object_get_boolean);
LAZY_FUNCTION(json_object_get_int64);
LAZY_FUNCTION(json_object_get_object);
LAZY_FUNCTION(json_object_get_string);
LAZY_FUNCTION(json_object_is_type);
LAZY_FUNCTION(json_object_new_array);
LAZY_FUNCTION(json_object_new_boolean);
LAZY_FUNCTION(json_object_new_int64);
LAZY_FUNCTION(json_object_new_object);
LAZY_FUNCTION(json_object_new_string);
LAZY_FUNCTION(json_object_new_uint64);
LAZY_FUNCTION(json_object_object_add);
LAZY_FUNCTION(json_object_object_get_ex);
LAZY_FUNCTION(json_object_put);
LAZY_FUNCTION(json_object_to_json_string_ext);
LAZY_FUNCTION(json_tokener_free);
LAZY_FUNCTION(json_tokener_get_error);
LAZY_FUNCTION(json_tokener_new_ex);
LAZY_FUNCTION(json_tokener_parse_ex);

static const LazySymbol json_symbols[] = {
        LAZY_SYMBOL(json_object_array_add),    LAZY_SYMBOL(json_object_array_get_idx),
        LAZY_SYMBOL(json_object_array_length), LAZY_SYMBOL(json_object_get_boolean),
        LAZY_SYMBOL(json_object_get_int64),    LAZY_SYMBOL(json_object_get_object),
        LAZY_SYMBOL(json_object_get_string),   LAZY_SYMBOL(json_object_is_type),
        LAZY_SYMBOL(json_object_new_array),    LAZY_SYMBOL(json_object_new_boolean),
        LAZY_SYMBOL(json_object_new_int64),    LAZY_SYMBOL(json_object_new_object),
        LAZY_SYMBOL(json_object_new_string),   LAZY_SYMBOL(json_object_new_uint64),
        LAZY_SYMBOL(json_object_object_add),   LAZY_SYMBOL(json_object_object_get_ex),
        LAZY_SYMBOL(json_object_put),          LAZY_SYMBOL(json_object_to_json_string_ext),
        LAZY_SYMBOL(json_tokener_free),        LAZY_SYMBOL(json_tokener_get_error),
        LAZY_SYMBOL(json_tokener_new_ex),      LAZY_SYMBOL(json_tokener_parse_ex),
};

int json_load(void)
{
        return lazy_load(SONAME, json_symbols, ELEMENTSOF(json_symbols));
}

#define DEFINE_NEW(name, of_library, parameters, ...)                                                                  \
        struct json_object *name parameters                                                                            \
        {                                                                                                              \
                return json_load() < 0 ? NULL : of_library(__VA_ARGS__);                                               \
        }

DEFINE_NEW(json_new_object, sym_json_object_new_object, (void) )
DEFINE_NEW(json_new_array, sym_json_object_new_array, (void) )
DEFINE_NEW(json_new_bool, sym_json_object_new_boolean, (bool v), v)
DEFINE_NEW(json_new_int, sym_json_object_new_int64, (int64_t v), v)
DEFINE_NEW(json_new_uint, sym_json_object_new_uint64, (uint64_t v), v)

void json_put(struct json_object *o)
{
        if (o)
                (void) sym_json_object_put(o);
}

int json_parse(const char *text, size_t size, int depth, struct json_object **ret)
{
        struct json_tokener *t;
        struct json_object *o;
        bool whole;
        int r = json_load();

        if (r < 0)
                return r;
        if (size > INT_MAX)
                return -EBADMSG;
        t = sym_json_tokener_new_ex(depth);
        if (!t)
                return -ENOMEM;
        o = sym_json_tokener_parse_ex(t, text, (int) size);
        whole = sym_json_tokener_get_error(t) == json_tokener_success;
        sym_json_tokener_free(t);
        if (!whole) {
                json_put(o);
                return -EBADMSG;
        }
        *ret = o;
        return 0;
}

struct json_object *json_member(struct json_object *o, const char *key, json_type type)
{
        struct json_object *m;

        return o && sym_json_object_is_type(o, json_type_object) && sym_json_object_object_get_ex(o, key, &m) &&
                               sym_json_object_is_type(m, type)
                       ? m
                       : NULL;
}

const char *json_member_text(struct json_object *o, const char *key)
{
        return json_text(json_member(o, key, json_type_string));
}

bool json_member_true(struct json_object *o, const char *key)
{
        struct json_object *m = json_member(o, key, json_type_boolean);

        return m && sym_json_object_get_boolean(m);
}

int64_t json_member_int(struct json_object *o, const char *key, int64_t otherwise)
{
        return json_int(json_member(o, key, json_type_int), otherwise);
}

size_t json_length(struct json_object *array)
{
        return array ? sym_json_object_array_length(array) : 0;
}

struct json_object *json_item(struct json_object *array, size_t i)
{
        return array ? sym_json_object_array_get_idx(array, i) : NULL;
}

int64_t json_int(struct json_object *o, int64_t otherwise)
{
        return o && sym_json_object_is_type(o, json_type_int) ? sym_json_object_get_int64(o) : otherwise;
}

const char *json_text(struct json_object *o)
{
        return o && sym_json_object_is_type(o, json_type_string) ? sym_json_object_get_string(o) : NULL;
}

int json_each_member(struct json_object *o, int (*f)(void *userdata, struct json_object *member), void *userdata)
{
        struct lh_table *members = o ? sym_json_object_get_object(o) : NULL;

        for (struct lh_entry *e = members ? lh_table_head(members) : NULL; e; e = lh_entry_next(e)) {
                int r = f(userdata, lh_entry_v(e));

                if (r != 0)
                        return r;
        }
        return 0;
}

int json_add(struct json_object *o, const char *key, struct json_object *v)
{
        if (!v)
                return -ENOMEM;
        if (sym_json_object_object_add(o, key, v) < 0) {
                json_put(v);
                return -ENOMEM;
        }
        return 0;
}

struct json_object *json_new_text(const char *s)
{
        _cleanup_free_ char *repaired = NULL;

        if (json_load() < 0)
                return NULL;
        if (utf8_is_valid(s))
                return sym_json_object_new_string(s);
        return utf8_repair(s, &repaired) < 0 ? NULL : sym_json_object_new_string(repaired);
}

int json_add_text(struct json_object *o, const char *key, const char *s)
{
        if (!s)
                return sym_json_object_object_add(o, key, NULL) < 0 ? -ENOMEM : 0;
        return json_add(o, key, json_new_text(s));
}

int json_append(struct json_object *array, struct json_object *v)
{
        if (!v)
                return -ENOMEM;
        if (sym_json_object_array_add(array, v) < 0) {
                json_put(v);
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
        struct json_object *array = json_new_array();

        return json_add(o, key, array) < 0 ? NULL : array;
}

static int print(struct json_object *o, int flags, const char *end, char **ret)
{
        const char *text =
                sym_json_object_to_json_string_ext(o, flags | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);
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
