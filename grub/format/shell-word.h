/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/format/shell-state.h"

/*
 * One word of a shell command: quotes taken away, expansions made as far as they can be told without a shell.
 * Source: POSIX.1-2017, Shell Command Language, 2.2 Quoting, 2.6.2 Parameter Expansion.
 */

typedef struct ShellWord {
        char *value;        /* never NULL once the word is read */
        size_t n, size;     /* bytes of value, and of the memory for it */
        size_t start, end;  /* in the file */
        size_t name_length; /* of an assignment, 0: none */
        bool appends;       /* it is "+=" */
        bool cannot_tell;
        bool expanded;    /* an expansion in it, quoted or not */
        bool split;       /* one that is not quoted: can become several words, or none */
        bool redirection; /* target of one: no argument */
        bool plain;       /* no quote and no expansion in it: can be a reserved word */
} ShellWord;

typedef struct ShellCommand {
        ShellWord *words;
        size_t n;
        unsigned line;
        bool conditional; /* behind && or || */
} ShellCommand;

typedef struct ShellReader {
        ShellState *state;
        ShellDialect dialect;
        const ShellCommand *command; /* that is being read */
        const char *text;
        size_t at, file;
        unsigned line;
        unsigned depth; /* of if, while, until, braces and subshells that are open */
        char open[64];  /* what closes each of them: "f"i, "d"one, '}' or ')' */
        bool empty;     /* a list has been opened, and no command was in it yet */
        bool lost; /* the shell may have left, or variables may be read-only: later assignments are not known either */
        bool opaque; /* so are those of this very command */
} ShellReader;

static inline char shell_peek(const ShellReader *r)
{
        return r->text[r->at];
}

static inline void shell_advance(ShellReader *r)
{
        r->line += shell_peek(r) == '\n';
        r->at++;
}

/* The command that is being read does what cannot be followed, to variables that it assigns itself as well. */
void shell_give_up(ShellReader *r);

/**
 * shell_take_word() - the word that begins where the reader is; leaves the reader behind it
 * @w: zeroed; its value is the caller's to free, on failure too.
 * Returns 0; -EBADMSG: the shell would not understand it either; -ENOMEM.
 */
int shell_take_word(ShellReader *r, ShellWord *w) _must_check_;
