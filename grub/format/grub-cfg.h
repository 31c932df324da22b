/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/format/grubenv.h"
#include "model/loader.h"

/* A file beside a configuration, which that runs with "source": what is in it is a person's. Owned. */
typedef struct GrubSource {
        char *name; /* "custom.cfg" */
        char *path, *text;
} GrubSource;

/* An entry of the boot loader specification, in the same menu. Owned. */
typedef struct GrubShared {
        char *id, *title;
} GrubShared;

typedef struct GrubSources {
        GrubSource *items; /* no more than GRUB_SOURCES_MAX */
        size_t n;
        GrubShared *shared; /* what the command "blscfg" puts into the menu, in its order */
        size_t n_shared;
        bool shared_known;
} GrubSources;

#define GRUB_SOURCES_MAX 8U

void grub_sources_done(GrubSources *s);

/*
 * The names that are to be found beside it ("source ${config_directory}/custom.cfg", as 41_custom of GRUB's util/grub.d
 * writes); those that @ret has not got are appended. 0 or -ENOMEM.
 */
int grub_cfg_sources(const char *text, StringList *ret) _must_check_;

/**
 * grub_cfg_parse() - entries of a configuration of GRUB 2 that boot Linux
 * @file: goes into the entries. @text: the whole file. @env: the environment block beside it; NULL: none.
 * @ret, @ret_n: in the order of the file, released with boot_entries_free().
 *
 * Knows menuentry and submenu blocks, functions (what is in them counts where they are called), quoting, linux,
 * linux16, linuxefi and initrd commands, Linux loaded by Xen, and variables that the file itself or the block sets;
 * everything else is skipped. Linux that is loaded outside of any entry is an entry as well, and boots before any menu
 * where a command "boot" follows. The default is resolved by number, title and id, into submenus too. Entries of the
 * boot loader specification in the same menu are counted as well; where they are not known, no number means an entry of
 * the text, and none is the default then as well. What of an entry's arguments only GRUB can tell is its untold.
 * Source: GRUB manual, "Shell-like scripting"; grub-core/script/execute.c; util/grub.d/10_linux.in. Returns 0 or
 * -ENOMEM.
 */
int grub_cfg_parse(const char *file, const char *text, const GrubEnv *env, BootEntry **ret, size_t *ret_n) _must_check_;

/* With the files that it runs, whose entries are foreign. NULL: none is known. */
int grub_cfg_parse_all(const char *file, const char *text, const GrubEnv *env, const GrubSources *sources,
                       BootEntry **ret, size_t *ret_n) _must_check_;

/* Titles of all entries and submenus, those that boot no Linux too; appended to @ret, in their order. 0 or -ENOMEM. */
int grub_cfg_titles(const char *text, StringList *ret) _must_check_;

/* Does it boot the entry that the variable next_entry of the environment block names, once? 1; 0; -ENOMEM. */
int grub_cfg_takes_next(const char *text, const GrubSources *sources) _must_check_;

/**
 * grub_cfg_find_entry() - whose entry of a menu is this default?
 * @name: a number, "Title", "id", "Title>Other". One that no entry has is the first of all.
 * @ret: index in the shared ones of @sources, where it is one of those. Else not touched.
 * Returns 1: it is one of the text, or of what it runs, be it one that boots no Linux; 0: it is not; -ENOMEM.
 */
int grub_cfg_find_entry(const char *text, const GrubSources *sources, const char *name, size_t *ret) _must_check_;

/**
 * grub_cfg_problem() - is a generated configuration there to its end?
 * @size: bytes of text, which ends in a NUL that is not counted.
 * @ret: what is wrong with it, half a sentence, static; NULL: it is whole. 0 or -ENOMEM.
 */
int grub_cfg_problem(const char *text, size_t size, const char **ret) _must_check_;
