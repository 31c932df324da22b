/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/*
 * Text for people, line by line: the one place where what others wrote is escaped, where colour is put on, and where a
 * line is wrapped that is longer than the terminal is wide.
 *
 * A line is put together with printer_add() and ended by printer_line(). A lack of memory or a stream that fails is
 * remembered, and told by printer_end().
 */
typedef struct Printer {
        FILE *out;
        bool color;     /* ANSI colours */
        bool terminal;  /* what is passed on with its bytes elsewhere is escaped as well */
        unsigned width; /* columns; 0: no line is wrapped */
        char *line;     /* the line in the making, escaped; these are the printer's own */
        size_t n, allocated;
        size_t hang; /* where in it the column is that its further lines begin at */
        int error;
} Printer;

/* Appends to the line. What the format makes has no line feed of its own: one that is in it is escaped. */
void printer_add(Printer *p, const char *format, ...) _printf_(2, 3);

/* What follows has this colour; NULL: none again. Escape sequences as in COLOR_*. */
void printer_color(Printer *p, const char *color);

/* Where the line is wrapped it goes on at the column that is reached now. */
void printer_hang(Printer *p);

/* As printer_add(), and ends the line. */
void printer_line(Printer *p, const char *format, ...) _printf_(2, 3);

/* As printer_line() for each line of a text of several, such as the output of a program; none for an empty one. Tabs
 * stay, and nothing is wrapped. @prefix: in front of each line but the first. */
void printer_block(Printer *p, const char *text, const char *prefix);

/* Releases what the printer owns and flushes the stream. 0; -ENOMEM; negative errno of the stream. */
int printer_end(Printer *p) _must_check_;

#define COLOR_RED           "\033[1;31m"
#define COLOR_GREEN         "\033[32m"
#define COLOR_BRIGHT_GREEN  "\033[1;32m"
#define COLOR_YELLOW        "\033[33m"
#define COLOR_BRIGHT_YELLOW "\033[1;33m"
#define COLOR_DIM           "\033[2m"
