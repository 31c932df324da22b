/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "array.h"
#include "macro.h"

/*
 * GRUB's script language, as far as a configuration has it: commands of words, blocks in braces, variables.
 * Source: GRUB manual, "Shell-like scripting"; grub-core/script/yylex.l, execute.c.
 */

typedef struct GrubWord {
        char *text;   /* quotes taken away, variables as they stand */
        bool expands; /* there is a variable in it */
        bool splits;  /* one outside of double quotes: it can become several words, or none */
        bool blanks;  /* a blank that was in quotes */
        bool mixed;   /* a '$' that is one: the text does not say which of them are variables */
} GrubWord;

typedef struct GrubScanner {
        const char *p, *end; /* the rest of the text */
        unsigned line;
        bool open_quote; /* the text ends inside of a quote, or of "${" */
} GrubScanner;

typedef enum GrubTokenKind {
        GRUB_TOKEN_END,
        GRUB_TOKEN_WORD,
        GRUB_TOKEN_SEPARATOR, /* newline, semicolon or comment: a command ends */
        GRUB_TOKEN_OPEN,
        GRUB_TOKEN_CLOSE,
} GrubTokenKind;

/* To the next token; a line that ends in a backslash goes on. */
void grub_script_skip_blanks(GrubScanner *s);

/* @ret_word: set for words only, its text is the caller's. 0 or -ENOMEM. */
int grub_script_next(GrubScanner *s, GrubTokenKind *ret, GrubWord *ret_word) _must_check_;

/* To behind the brace that closes the block whose opening one has been read. false: it is never closed. */
int grub_script_skip_block(GrubScanner *s) _must_check_;

/* A variable as far as a configuration says it. */
typedef struct GrubVariable {
        char *name;
        char *value;   /* NULL: only GRUB can tell */
        bool exported; /* entries of submenus see it */
} GrubVariable;

typedef struct GrubVariables {
        GrubVariable *items;
        size_t n;
        bool lost; /* any variable may have been set in the meantime by what is not in this text */
} GrubVariables;

void grub_variables_done(GrubVariables *v);

/* NULL: nothing sets it. */
GrubVariable *grub_variables_find(const GrubVariables *v, const char *name, size_t n);

/**
 * grub_variables_set() - a value from here on
 * @value: copied; NULL: only GRUB can tell. @surely: no condition; else it holds only if it is what the variable has
 * already. 0 or -ENOMEM.
 */
int grub_variables_set(GrubVariables *v, const char *name, size_t n, const char *value, bool surely) _must_check_;

/* No variable is known from here on. */
void grub_variables_forget(GrubVariables *v);

/* Who is asked for a value: scopes from the inner one to the outer one. */
typedef struct GrubScope {
        const GrubVariables *local, *global;
        bool submenu;   /* only exported variables are seen of the outer one */
        size_t *budget; /* bytes of values that may still be put in */
} GrubScope;

/**
 * grub_word_expand() - the words that a word becomes
 * @ret: appended to. What cannot be told stands there as it stands in the text.
 * @ret_untold: that text, owned by the caller; set where it is NULL, untouched where all is told. 0 or -ENOMEM.
 */
int grub_word_expand(const GrubWord *w, const GrubScope *scope, StringList *ret, char **ret_untold) _must_check_;
