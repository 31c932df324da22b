/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/loader.h"

/* Variables of a shell while it reads files of assignments, and where they were assigned. */

/* Which shell /bin/sh is. bash is as POSIX has it, but NAME+=VALUE appends, which is a command not found elsewhere. */
typedef enum ShellDialect {
        SHELL_POSIX,
        SHELL_BASH,
} ShellDialect;

/*
 * Where a value ends to be followed: nobody's settings are that long, and each line may double what the one before it
 * has. Beyond, only a shell can tell.
 */
#define SHELL_VALUE_MAX      ((size_t) 64 * 1024)
#define SHELL_EXPANSIONS_MAX ((size_t) 1024 * 1024) /* bytes of all values that one evaluation puts in */
#define SHELL_VARIABLES_MAX  1024U
#define SHELL_WORDS_MAX      4096U /* of one command */

/* One assignment as it stands in a file. */
typedef struct Assignment {
        size_t file; /* index of the file */
        char *name;
        size_t start, end; /* bytes of the value in the file's text, quotes included */
        unsigned line;     /* 1 and up */
} Assignment;

typedef struct ShellState {
        LoaderVariable *variables;
        size_t n_variables;
        Assignment *assignments; /* in the order in which they take effect */
        size_t n_assignments;
        size_t expanded; /* bytes of values so far */
        bool broken;     /* a syntax error: the shell would have given up */
        bool lost; /* variables may be read-only, or words be others' (alias): what is assigned later is not known */
        bool uncertain; /* something that only a shell can follow: no variable is known, not even one that is never
                           assigned */
} ShellState;

void shell_state_done(ShellState *s);

/* Bytes of the name of a variable that a text begins with; 0: none. */
size_t span_name(const char *s);

/*
 * By name; NULL: surely never assigned. What the environment or grub-mkconfig has assigned before, and none of the
 * files has since, cannot be told.
 */
const LoaderVariable *shell_variable(const ShellState *s, const char *name);

/**
 * shell_state_slot() - the variable of this name, made where there is none yet
 * @ret: NULL: there are too many, and no variable is known any more. 0 or -ENOMEM.
 */
int shell_state_slot(ShellState *s, const char *name, LoaderVariable **ret) _must_check_;

/* From here on only a shell could tell what any variable has. */
void shell_state_forget(ShellState *s);
