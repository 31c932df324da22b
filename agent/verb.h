/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

/* The command line. */
typedef struct Options {
        const char *root;   /* --root, "/" */
        const char *table;  /* --table FILE; NULL: not given */
        const char *format; /* of --format, one that the verb has; the first of its own where nothing is said */
        const char *class;  /* --class WORD; NULL: not given */
        const char *config; /* --config FILE; NULL: not given */
        const char *const *settings; /* --set SECTION.KEY=VALUE, in their order */
        size_t n_settings;
        bool dry_run, tree, group;
        bool yes, only;
        bool verbose, quiet;
        bool reboot;            /* restart the host, as [agent] reboot = once */
        bool waiting;           /* nothing is done where no device waits for the network */
        bool boot;              /* started at boot: a plan that failed so before is not tried again */
        char *const *arguments; /* behind the verb */
        size_t n_arguments;
} Options;

/* Formats of what is no report: each such verb has these two. */
#define FORMAT_TEXT    "text"
#define FORMAT_JSON    "json"
#define FORMAT_HTML    "html" /* of reports only */

/* Those of what a guest is told. */
#define FORMAT_LIBVIRT "libvirt"
#define FORMAT_QEMU    "qemu"

static inline bool options_json(const Options *o)
{
        return streq(o->format, FORMAT_JSON);
}

/* Of the JSON formats of claim and release, and of configure: raised when a field changes its meaning or goes away. */
#define DRIVERS_VERSION       1
#define CONFIGURATION_VERSION 1

/* A verb returns the exit code of the process. */
int verb_check(const Options *o);
int verb_apply(const Options *o);
int verb_bootloader(const Options *o);
int verb_remember(const Options *o);
int verb_revert(const Options *o);
int verb_firmware(const Options *o);
int verb_configure(const Options *o);
int verb_explain(const Options *o);
int verb_list(const Options *o);
int verb_hostdev(const Options *o);
int verb_claim(const Options *o);
int verb_release(const Options *o);
int verb_version(const Options *o);
