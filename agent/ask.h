/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

/* Questions to the person at the terminal. */

/* Is there one: can be asked, and can answer? */
bool ask_possible(void);

/* Yes or no; nothing but a line feed is yes, and the end of the input is no. */
bool ask_yes(const char *question);

/* A number from 1 to @max; 0: the answer was nothing, or nothing that could be understood three times. */
size_t ask_number(const char *question, size_t max);
