/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/config.h"
#include "model/facts.h"

/* From what somebody has written to the functions that are meant. The only place that decides this. */

typedef enum DeviceSpelling {
        DEVICE_BY_SECTION, /* the name of a section of the configuration */
        DEVICE_BY_KIND,    /* a word for a class */
        DEVICE_BY_ADDRESS, /* of one function */
        DEVICE_BY_SLOT,
        DEVICE_BY_ID,
        DEVICE_BY_WORDS, /* words that are part of its name */
} DeviceSpelling;

typedef struct DeviceSelection {
        DeviceSpelling spelling;
        const ConfigDevice *section; /* where the spelling is its name, of a set the first device; else NULL */
        bool lost;                   /* that section means no device: it is of Config.lost */
        size_t *items;               /* indexes of functions, sorted */
        size_t n;                    /* 0: there is none such */
        size_t *nearest;             /* then: those that were perhaps meant, the nearest first */
        size_t n_nearest;
        const char *guess; /* and the word that was perhaps meant; of the configuration, or static; NULL: none */
        int error;         /* and what is wrong with an address, such as -ERANGE; else 0 */
} DeviceSelection;

void device_selection_done(DeviceSelection *s);

/**
 * device_select() - which functions does this text mean?
 * @f: with names, else no part of a name is found; must outlive the result, like the configuration. @text: a section's
 * name, a word for a class, a spelling of pci_spelling_parse(), or words of the name in any case and order.
 * @ret: released with device_selection_done(). Finding nothing is no error. Pure. Returns 0 or -ENOMEM.
 */
int device_select(const Facts *f, const Config *c, const char *text, DeviceSelection *ret) _must_check_;

/* Are all of them on one card? True of none. */
bool device_selection_is_one_card(const Facts *f, const DeviceSelection *s);

/**
 * device_selection_refusal() - why a selection is none: it is empty, or ambiguous
 * @ret: a sentence, then a line for each function that could be meant. Appended to. Returns 0 or -ENOMEM.
 */
int device_selection_refusal(const Facts *f, const DeviceSelection *s, const char *text, StringList *ret) _must_check_;

/**
 * device_describe() - what a function is, in the words that lspci has
 * @ret: "VGA compatible controller: NVIDIA Corporation GP104 [GeForce GTX 1080] [10de:1b80]", owned by the caller.
 * Returns 0 or -ENOMEM.
 */
int device_describe(const PciFunction *p, char **ret) _must_check_;

/* The first function of the card that the function at this index is on; a virtual function is one by itself. */
size_t device_card(const Facts *f, size_t i);
