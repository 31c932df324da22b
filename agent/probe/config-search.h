/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/config.h"
#include "model/facts.h"
#include "model/identity.h"

/* One section that says not both address and id, or that follows its device, and what a look for its function needs. */
typedef struct SectionSearch {
        const Facts *f;
        const ConfigDevice *sections; /* all of them */
        const Identity *records;      /* what the claim list has of each; of no vendor: nothing */
        size_t n;
        const ConfigDevice *d;    /* the one of them that is looked for */
        const Identity *recorded; /* of that one; NULL: nothing was */
} SectionSearch;

typedef bool (*SectionTest)(const SectionSearch *s, const PciFunction *p);

/* The only function of which this is true; *ret_n: how many there are. */
const PciFunction *section_find(const SectionSearch *s, SectionTest holds, size_t *ret_n);

/* Is it all that its section says, of what it is and of where? */
bool section_means_there(const SectionSearch *s, const PciFunction *p);

/* Is it the very function of the record, as far as can be seen? */
bool section_has_recorded(const SectionSearch *s, const PciFunction *p);

/*
 * The device that was there before, at another place: the same function of a card with the same serial number, an
 * interface with the same MAC address, or the same id behind the same bridges, whose buses have other numbers now. Its
 * id alone may be its twin's, and what is behind those bridges may show that it is another section's.
 */
bool section_has_followed(const SectionSearch *s, const PciFunction *p);

/* Does a number say that it is the one, be that in the section or in the record? */
bool section_is_told(const SectionSearch *s, const PciFunction *p);

/* Could it be the one, but for a serial number that is not to be read here? */
bool section_may_mean(const SectionSearch *s, const PciFunction *p);
