/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostuse.h"

struct json_object;

/*
 * What carried the host's network when it was last up: at boot there are no routes yet, and what they will be nobody
 * can tell but from what they were. A text file (NAME_NETWORK), written by "ptprep remember".
 */

#define NETWORK_VERSION 1 /* of the JSON format: raised when a field changes its meaning or goes away */

/* One use of one function. */
typedef struct NetMemoryUse {
        PciAddr addr;
        PciId id;         /* of the function: another card at the address is not the one that was seen */
        char *mac;        /* of its interface, "52:54:00:12:34:56"; "-": not known */
        StringList chain; /* as in HostUse; what is used comes first */
} NetMemoryUse;

typedef struct NetMemory {
        NetMemoryUse *uses;
        size_t n;
} NetMemory;

void net_memory_done(NetMemory *m);

/* @use, @mac: copied. 0 or -ENOMEM. */
int net_memory_add(NetMemory *m, const HostUse *use, PciId id, const char *mac) _must_check_;

/**
 * net_memory_parse() - read what was remembered
 * Returns 0; -EBADMSG: damaged, cut short or edited by hand (the last line has a hash of all others); -EOPNOTSUPP: of a
 * later version of ptprep; -ENOMEM.
 */
int net_memory_parse(const char *text, NetMemory *ret) _must_check_;

/* The text; owned by the caller. A host whose network hangs on no function has one, too. NULL when memory is short. */
char *net_memory_print(const NetMemory *m);

/* Adds "uses": [{"address", "id", "mac", "chain": [...]}]; what is used comes first in a chain. 0 or -ENOMEM. */
int net_memory_json(const NetMemory *m, struct json_object *o) _must_check_;
