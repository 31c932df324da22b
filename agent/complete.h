/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

/*
 * What can stand at a place of the command line, for the shells: a candidate a line, a tabulator and what it is. Each
 * of these offers what begins with the word that is there so far.
 */

void complete_offer(const char *word, const char *candidate, const char *summary);

/* "--class=", @option, with the words for classes behind it. */
void complete_classes(const char *word, const char *option);

/* The ids of checks. */
void complete_checks(const char *word);

/* The PCI functions below @root, by address. Nothing where they cannot be read: nobody has asked for a message. */
void complete_devices(const char *word, const char *root);
