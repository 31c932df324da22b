/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "probe/config-load.h"

/*
 * The strict pass over a configuration file. It knows which lines there may be and finds every section and key with its
 * line; what a value means is the row's parser's matter, and which bytes it has iniparser's.
 */

/* Bytes of a line without the newline; iniparser's own buffer ends a little above (ASCIILINESZ, 1024). */
#define CONFIG_LINE_MAX_BYTES 1000U

/* Rows of the table of keys that a pass can keep apart. */
#define CONFIG_KEYS_MAX       64U

#define NO_FLAG               SIZE_MAX

typedef struct KeyRow {
        const char *section;
        const char *key;
        int (*parser)(const char *value, void *field);
        size_t offset; /* in ConfigDevice for "device", else in Config */
        size_t flag;   /* a bool beside it that says it was set, or NO_FLAG */
        const char *expected;
        const char *(*word)(int i); /* its value is a list of these words, each a bit; NULL after the last one */
} KeyRow;

/* All of them; in config-keys.c. */
extern const KeyRow config_keys[];
extern const size_t config_keys_n;

/* One section header or one key of a text, in order. */
typedef struct ConfigItem {
        unsigned line;
        char *section;     /* header: as it stands between the brackets; key: NULL */
        char *device;      /* header of a device: its name */
        const KeyRow *row; /* key */
} ConfigItem;

typedef struct ConfigScan {
        const char *file; /* for errors; of the caller */
        const KeyRow *keys;
        size_t n_keys; /* at most CONFIG_KEYS_MAX */
        char *clean;   /* the text as iniparser gets it */
        ConfigItem *items;
        size_t n;
        size_t n_devices;
        unsigned seen[CONFIG_KEYS_MAX]; /* line of each key of the present section, 0: not yet */
} ConfigScan;

void config_scan_done(ConfigScan *s);

/**
 * config_scan_text() - every section and key of a text with its line, or the first fault
 * @s: with file, keys and n_keys set; released with config_scan_done() by the caller, also on failure.
 * @text: @size bytes, of any content.
 * Returns 0; -EBADMSG, with @ret_error filled; -ENOMEM.
 */
int config_scan_text(ConfigScan *s, const char *text, size_t size, ConfigError *ret_error) _must_check_;

/* Fills the error and hands its number back, so that a caller can return it in one line. */
int config_fail(ConfigError *ret, int error, const char *file, unsigned line, const char *format, ...)
        _printf_(5, 6) _must_check_;

/* The same for one device too many, in one file or in all of them. */
int config_fail_devices(ConfigError *ret, const char *file, unsigned line) _must_check_;
