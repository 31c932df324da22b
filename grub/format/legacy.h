/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/format/cmdline.h"
#include "model/record.h"

/*
 * The menu of GRUB legacy (0.9x): grub.conf, menu.lst. Commands a line, "title" begins an entry.
 * Source: GRUB 0.97 stage2/stage2.c, get_line_from_config(): carriage returns are dropped, tabs are blanks, a backslash
 * joins the next line, '#' begins a comment only as the first character of a line; stage2/cmdline.c, skip_to(): '='
 * separates as a blank does; docs/grub.texi, "Configuration". The comments that Debian's update-grub takes for its
 * configuration: update-grub(8) of the package grub-legacy, 0.97-72.
 */

#define LEGACY_OPTION_PREFIX "# " /* of the comments that update-grub reads */

/* One entry: from its title to the next. */
typedef struct LegacyEntry {
        char *title;
        char *place; /* what a record calls it: the title, with a number behind it where an earlier one is the same */
        /* The line with Linux and its arguments: a kernel line, or a module line below Xen. Not set: boots no Linux. */
        char *kernel;      /* path as it stands, device in brackets included; NULL: not set */
        char *initrd;      /* NULL: none */
        size_t start, end; /* bytes behind the kernel's path: nothing but arguments and blanks */
        unsigned line;     /* of that line, 1 and up */
        bool module;       /* it is a module line */
        bool rescue;       /* it stays as it is, see entries_decide_rescue() */
        bool automagic;    /* between the markers of Debian's update-grub, which writes it from the comments */
        Kargs arguments;
} LegacyEntry;

/* A comment that Debian's update-grub reads, "# NAME=VALUE". */
typedef struct LegacyOption {
        char *name;        /* e.g. "defoptions", "kopt_2_6_18" */
        size_t start, end; /* bytes of the value */
        unsigned line;
} LegacyOption;

typedef struct LegacyMenu {
        LegacyEntry *entries;
        size_t n;
        LegacyOption *options; /* none where there is no list for update-grub to write */
        size_t n_options;
        size_t automagic; /* byte where that list begins */
        bool has_automagic;
        unsigned default_entry; /* counts all titles, 0 and up */
        bool default_saved;     /* by "default saved": the file "default" beside the menu says which */
        bool has_commands;      /* at least one title with a kernel or module line: this is a menu */
} LegacyMenu;

void legacy_menu_done(LegacyMenu *m);

/* Any text is a menu, if only an empty one. @saved: the default where that is "saved", 0 and up. 0 or -ENOMEM. */
int legacy_parse(const char *text, unsigned saved, LegacyMenu *ret) _must_check_;

/* The newline that ends the line which has this byte, or the end of the text; a backslash joins lines. */
size_t legacy_line_end(const char *text, size_t i);

/**
 * legacy_edit() - a menu with other kernel arguments
 * @saved: as for legacy_parse(). @add, @remove: as in LoaderEdit, for every entry that boots Linux and is no rescue
 * entry, and for the comments that make new ones. A word that counts already is not added again.
 * @added, @removed: what was done, appended; places are those of the entries, "# NAME" for a comment.
 * @ret: the whole text, owned by the caller. Returns as cmdline_edit(); -ENOTSUP also where a backslash would come to
 * stand at the end of a line, or no longer stand there.
 */
int legacy_edit(const char *text, unsigned saved, const Kargs *add, const Kargs *remove, OwnedWords *added,
                OwnedWords *removed, char **ret) _must_check_;

/* Takes exactly these words out of their places. @ret: owned by the caller. Returns as cmdline_edit(). */
int legacy_take(const char *text, const OwnedWords *words, char **ret) _must_check_;
