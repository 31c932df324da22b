/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "pciaddr.h"

/* What a device was when it was claimed, as the claim list has it: the record by which it is known again. */

#define IDENTITY_SERIAL_MAX 40 /* bytes of a serial number; NVMe has 20 (NVM Express Base 2.0, 5.17.2.1) */
#define MAC_TEXT_SIZE       18 /* "52:54:00:12:34:56" and a NUL */

typedef struct Identity {
        PciAddr addr;
        PciId id;
        bool has_subsystem;
        PciId subsystem;
        char *path;        /* NULL, here and below: not known */
        char *serial;      /* of pci_serial_find() */
        char *nvme_serial; /* of the NVMe controller on it, as identity_serial() has it */
        char *mac;         /* of its network interface */
} Identity;

void identity_done(Identity *i);

/* Two serial numbers or addresses: certainly not the same? What is not known differs from nothing. */
static inline bool identity_differs(const char *a, const char *b)
{
        return a && b && strcmp(a, b) != 0;
}

/**
 * identity_recorded() - the line of a device in a claim list
 * @claims: the list; NULL: there is none. @name: of its section.
 * Returns 0; -ENOENT: it has no such line; -ENOMEM.
 */
int identity_recorded(const char *claims, const char *name, Identity *ret) _must_check_;

/* As identity_recorded(), of a line of the list, whatever its name is. @ret_name: likewise of the caller. */
int identity_of_line(const char *line, char **ret_name, Identity *ret) _must_check_;

/*
 * A serial number as a word: without the blanks around it, and what has no place in a list as "_". Returns 0; -EINVAL:
 * nothing is left of it, or it is too long; -ENOMEM.
 */
int identity_serial(const char *text, char **ret) _must_check_;

/* "52:54:00:12:34:56" in lower case, also from capitals or with "-". 0; -EINVAL: it is none, or of no interface. */
int identity_mac(const char *text, char ret[static MAC_TEXT_SIZE]) _must_check_;
