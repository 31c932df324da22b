/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

/* What is longer than the terminal goes through a pager, as with systemd's tools. */

/**
 * pager_open() - puts a pager behind standard output, where that is a terminal and one is wanted
 * $SYSTEMD_PAGER, else $PAGER, else less or more; "cat" and the empty text are none. To be called once, before anything
 * is printed. That there is none is no error.
 */
void pager_open(void);

/* Ends what it is given, and waits until the person has read it. Does nothing where none was opened. */
void pager_close(void);

/* Is standard output a terminal, with a pager in between or not? */
bool pager_on_terminal(void);

/* How many columns it has; 0: it does not know, or is none. */
unsigned pager_columns(void);
