/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/format/grub-cfg.h"
#include "grub/format/grub-script.h"
#include "grub/format/grubenv.h"
#include "model/loader.h"

/* A configuration of GRUB 2 while it is read: shared by grub-cfg.c and the files of its commands. */

#define GRUB_LEVELS_MAX 8U

/* One command: its words up to a newline, a semicolon or a brace. */
typedef struct GrubCommand {
        GrubWord *words;
        size_t n;
        unsigned line;
} GrubCommand;

/* What stands in the braces behind "function NAME". */
typedef struct GrubFunction {
        char *name;
        GrubScanner body;
} GrubFunction;

/* A menu: the top level, or a submenu. */
typedef struct GrubLevel {
        unsigned depth;   /* of the braces around it */
        unsigned next;    /* number of its next entry, from 0 */
        bool on_path;     /* the default entry is in here */
        const char *rest; /* what the chosen default says from here on */
} GrubLevel;

/*
 * Entries are run when all of the text has been: a first pass is for variables, functions and the default, a second one
 * for the entries.
 */
typedef struct GrubParser {
        const char *file;
        const GrubEnv *env;
        BootEntry *entries;
        size_t n;
        unsigned depth;       /* of braces */
        unsigned entry_depth; /* depth inside the menuentry, 0: in none */
        unsigned conditional; /* if, while, until and for that are open */
        unsigned outside;     /* the same, around the menuentry that is open */
        unsigned counting;    /* of those, the one that looks whether boots are counted; 0: none */
        char *title, *id;     /* of that */
        bool is_default;      /* it is */
        bool foreign;         /* in the part that another script than *_linux wrote: the variables do not reach it */
        char *hypervisor;     /* that loads the kernel as a module, NULL: none */
        size_t n_before;      /* entries when that was met */
        GrubLevel levels[GRUB_LEVELS_MAX];
        unsigned level;
        bool matched;          /* some entry is the default, also one that boots no Linux */
        size_t outside_entry;  /* number of the last entry outside of any, from 1; 0: none */
        bool boots;            /* and it boots without a menu */
        char *chosen;          /* by the last "set default=" that is no variable but saved_entry */
        bool takes_next;       /* the default is next_entry, where that is set */
        GrubVariables local;   /* of the menuentry that is open */
        GrubVariables *global; /* at the end of the text */
        bool first;            /* pass */
        bool shares_menu;      /* with entries of the boot loader specification */
        bool shows_shared;     /* they are in the menu already */
        size_t shared;         /* number of the one of these that is the default, from 1; 0: none */
        const GrubSources *sources;
        unsigned ran;       /* of these, a bit each: a text names one in two branches */
        unsigned in_source; /* how deep */
        StringList *named;  /* files that it runs, appended to; NULL: nobody asks */
        StringList *titles; /* of all entries and submenus, appended to; NULL: nobody asks */
        GrubFunction *functions;
        size_t n_functions;
        unsigned calls; /* that are open */
        size_t budget;
} GrubParser;

/* Commands by what they do, each with as many words as the table in grub-cfg.c asks for. 0 or -ENOMEM. */

/* grub-entry.c: what makes entries */
int grub_open_menu(GrubParser *p, const GrubCommand *c) _must_check_;
int grub_run_linux(GrubParser *p, const GrubCommand *c);
int grub_run_initrd(GrubParser *p, const GrubCommand *c);
int grub_run_hypervisor(GrubParser *p, const GrubCommand *c);
int grub_run_module(GrubParser *p, const GrubCommand *c);
int grub_run_boot(GrubParser *p, const GrubCommand *c);
int grub_run_blscfg(GrubParser *p, const GrubCommand *c);

/* grub-setting.c: what sets variables */
int grub_run_set(GrubParser *p, const GrubCommand *c);
int grub_run_names(GrubParser *p, const GrubCommand *c);
int grub_run_for(GrubParser *p, const GrubCommand *c);
int grub_run_options(GrubParser *p, const GrubCommand *c);
int grub_run_export(GrubParser *p, const GrubCommand *c);
int grub_run_source(GrubParser *p, const GrubCommand *c);
int grub_run_load_env(GrubParser *p, const GrubCommand *c);

/* grub-cfg.c: the commands of another file, in the place of the one that names it. A block that it leaves open ends. */
int grub_run_text(GrubParser *p, const GrubSource *s) _must_check_;

/* "NAME=VALUE". 0, also where it is none; -ENOMEM. */
int grub_set_variable(GrubParser *p, const GrubWord *w) _must_check_;

/* Who is asked for the value of a variable. */
static inline GrubScope grub_scope(GrubParser *p)
{
        return (GrubScope){ .local = p->entry_depth > 0 ? &p->local : NULL,
                            .global = p->global,
                            .submenu = p->level > 0,
                            .budget = &p->budget };
}

/* The variables that a command changes: those of the entry that is open, else those of all. */
GrubVariables *grub_scope_of(GrubParser *p);
