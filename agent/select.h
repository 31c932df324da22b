/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "run.h"

/* The functions that a command line means. */
typedef struct Selection {
        size_t *items; /* indexes of functions, sorted, each once */
        size_t n;
} Selection;

void selection_done(Selection *s);

/* All about every PCI function, with what goes along with those of the configuration that run->config has already.
 * @flags: of facts_gather(), besides FACTS_FUNCTIONS. Returns EXIT_READY; another exit code, with the reason on
 * standard error. */
int select_facts(Run *r, int rfd, unsigned flags) _must_check_;

/**
 * select_load() - what selecting needs: the configuration, every PCI function with its name, and what they make of each
 * other
 * @r: of run_init(). @flags: of select_facts(). A configuration that cannot be taken is
 * complained about, and counts as an empty one: what is there can still be named. Returns EXIT_READY; another exit
 * code, with the reason on standard error.
 */
int select_load(Run *r, int rfd, unsigned flags) _must_check_;

/**
 * select_cards() - the functions that these arguments mean, each of them on one card
 * @arguments: of device_select(); none: the devices of the configuration that are there.
 * @ret: released with selection_done(). Returns EXIT_READY; EXIT_USAGE where an argument means nothing or several
 * cards, and where there is none and nothing is configured; another exit code; the reason is on standard error.
 */
int select_cards(const Run *r, char *const *arguments, size_t n, Selection *ret) _must_check_;

/* Adds those of one selection to another. 0 or -ENOMEM. */
int select_add(const Selection *s, Selection *ret) _must_check_;

/* Adds the functions that share an IOMMU group with a chosen one and can be given away. 0 or -ENOMEM. */
int select_add_groups(const Facts *f, Selection *s) _must_check_;

/* Does this keep a chosen function from guests? Where all of its IOMMU group is chosen, but for what is part of the
 * platform, it does not matter who has the others now. */
bool selection_is_hindered(const Facts *f, const Selection *s, const PciFunction *p, const Reason *reason);
