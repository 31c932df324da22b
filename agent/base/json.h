/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-c/json_types.h>

#include "macro.h"

/*
 * json-c, which is loaded when the first value is made or read: a check that is printed for a person needs none. It
 * reports a lack of memory by NULL, and takes NULL for null: so each addition is checked.
 */

/* Loads it, for whoever wants to tell that it is not there before anything is done. 0; -ENOPKG: not installed. */
int json_load(void) _must_check_;

/* Values of no place yet, owned by the caller; NULL when memory is short or json-c is not there. */
struct json_object *json_new_object(void);
struct json_object *json_new_array(void);
struct json_object *json_new_bool(bool v);
struct json_object *json_new_int(int64_t v);
struct json_object *json_new_uint(uint64_t v);

/* Gives a value up; NULL: nothing to do. */
void json_put(struct json_object *o);

static inline void json_putp(struct json_object **o)
{
        json_put(*o);
}
#define _cleanup_json_ _cleanup_(json_putp)

/**
 * json_parse() - read a text that is one value
 * @size: bytes; a NUL ends it before. @depth: values in each other, more are refused.
 * @ret: released with json_put().
 * Returns 0; -EBADMSG: it is none; -ENOMEM; -ENOPKG: json-c is not installed.
 */
int json_parse(const char *text, size_t size, int depth, struct json_object **ret) _must_check_;

/* A member of this type, owned by o; NULL: o is no object, or has none. */
struct json_object *json_member(struct json_object *o, const char *key, json_type type);
/* The same, as what it holds; NULL, false and the given number where there is none. */
const char *json_member_text(struct json_object *o, const char *key);
bool json_member_true(struct json_object *o, const char *key);
int64_t json_member_int(struct json_object *o, const char *key, int64_t otherwise);

/* Of an array; 0 and NULL where it is NULL. What an item holds: the given number and NULL where it is of another type.
 */
size_t json_length(struct json_object *array);
struct json_object *json_item(struct json_object *array, size_t i);
int64_t json_int(struct json_object *o, int64_t otherwise);
const char *json_text(struct json_object *o);

/* Calls f for each member of an object, NULL has none, until it returns anything but 0, and returns that. */
int json_each_member(struct json_object *o, int (*f)(void *userdata, struct json_object *member), void *userdata);

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
