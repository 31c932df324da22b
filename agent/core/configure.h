/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/config.h"
#include "model/facts.h"

/* What "ptprep configure" writes: the sections of devices, and settings, as the text of one file. Pure. */

/* Functions to be configured, indexes in Facts.functions; none of them is yet. */
typedef struct ConfigureSet {
        size_t *items;
        size_t n;
        size_t n_asked; /* the first of them were asked for; the rest goes with those */
        size_t n_card;  /* and so many were asked for or are on the same cards; behind them, of the same groups */
} ConfigureSet;

void configure_set_done(ConfigureSet *s);

/**
 * configure_collect() - what is asked for, and what has to go with it
 * @asked: @n indexes. What is configured already is left out, and so is what is never given away or what the platform
 * hangs on, unless it is asked for. @ret: released with configure_set_done(). Returns 0 or -ENOMEM.
 */
int configure_collect(const Facts *f, const Config *c, const size_t *asked, size_t n, ConfigureSet *ret) _must_check_;

/* One --set: a key with its value. */
typedef struct ConfigureSetting {
        char *section; /* as between the brackets; "device": of each device that is configured along with it */
        char *key, *value;
} ConfigureSetting;

void configure_setting_done(ConfigureSetting *s);

/**
 * configure_setting_parse() - "SECTION.KEY=VALUE"
 * "device.gpu0.KEY=VALUE" is of [device gpu0]. Whether there is such a key is not looked at. @ret: released with
 * configure_setting_done(). Returns 0; -EINVAL: it has not that form; -ENOMEM.
 */
int configure_setting_parse(const char *text, ConfigureSetting *ret) _must_check_;

/**
 * configure_name() - a name for the device, and for its file, that is not in use
 * @i: index of the function. @taken: names that cannot be used besides those of sections. @ret: "gpu0", owned by the
 * caller. Returns 0 or -ENOMEM.
 */
int configure_name(const Facts *f, const Config *c, size_t i, const StringList *taken, char **ret) _must_check_;

/**
 * configure_text() - the text of the file
 * @s: its first function gets @name, the others names that begin with it. @s may be empty. @ret: owned by the caller.
 * Returns 0 or -ENOMEM.
 */
int configure_text(const Facts *f, const ConfigureSet *s, const char *name, const ConfigureSetting *settings,
                   size_t n_settings, char **ret) _must_check_;
