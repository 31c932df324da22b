/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-c/json.h>

#include "macro.h"

/* json-c reports a lack of memory by NULL, and takes NULL for null: so each addition is checked. */

static inline void json_putp(struct json_object **o)
{
        json_object_put(*o);
}
#define _cleanup_json_ _cleanup_(json_putp)

/* Adds a member; v belongs to o, also on failure; NULL: its making failed. 0 or -ENOMEM. */
int json_add(struct json_object *o, const char *key, struct json_object *v) _must_check_;

/* Adds a text, null where s is NULL. What in it is no UTF-8 is replaced: JSON has to be. 0 or -ENOMEM. */
int json_add_text(struct json_object *o, const char *key, const char *s) _must_check_;
/* That text as a value; NULL when memory is short. */
struct json_object *json_new_text(const char *s);
int json_append_text(struct json_object *array, const char *s) _must_check_;

/* As json_add() for the end of an array. */
int json_append(struct json_object *array, struct json_object *v) _must_check_;

/* Creates an array under a key, owned by o; NULL when memory is short. */
struct json_object *json_add_array(struct json_object *o, const char *key);

/* Pretty-printed, with a final newline; owned by the caller. 0 or -ENOMEM. */
int json_print(struct json_object *o, char **ret) _must_check_;

/* On one line, without one. As above. */
int json_print_line(struct json_object *o, char **ret) _must_check_;

/* Pretty-printed to a stream. 0; -ENOMEM; negative errno of the stream. */
int json_write(struct json_object *o, FILE *out) _must_check_;
