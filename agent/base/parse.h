/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/* Strict parsers: the whole string or -EINVAL, -ERANGE where the value does not fit. ret is untouched on failure. */

/* @base: 10 or 16 (no "0x" prefix is taken), or 0 for decimal and 0x-prefixed hexadecimal. */
int parse_u32(const char *s, unsigned base, uint32_t *ret) _must_check_;
int parse_u64(const char *s, unsigned base, uint64_t *ret) _must_check_;

/* yes/no, true/false, on/off, 1/0 in any case, as systemd.syntax(7) has it. */
int parse_boolean(const char *s, bool *ret) _must_check_;

/* Number of hexadecimal digits at the start of s. */
size_t span_hex(const char *s);

/* 64-bit FNV-1a; start with FNV_START. For change detection, not for security. */
#define FNV_START UINT64_C(0xcbf29ce484222325)
uint64_t fnv1a(uint64_t hash, const void *data, size_t size);

/* Of a text with its end, so that texts behind each other are told apart; NULL is not "". */
uint64_t fnv1a_text(uint64_t hash, const char *text);
