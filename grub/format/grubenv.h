/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/format/cmdline.h"
#include "model/loader.h"

/*
 * GRUB's environment block: a file of exactly 1024 bytes that GRUB can write to without knowing the file system.
 * A line "# GRUB Environment Block", lines NAME=VALUE with backslash and newline escaped by a backslash, then '#' up to
 * the end. Source: GRUB grub-core/lib/envblk.c, include/grub/lib/envblk.h, util/grub-editenv.c.
 */

#define GRUBENV_SIZE         1024U /* bytes */

/* Names of files that Red Hat's GRUB loads in front of the images of all entries, each from the directory that an entry
 * has its own from; an empty one makes it load that directory, and fail (grub-core/commands/blscfg.c, create_entry()).
 */
#define GRUBENV_EARLY_INITRD "early_initrd"
/* Fedora: boots that are left to a deployment that has not proven itself. */
#define GRUBENV_BOOT_COUNTER "boot_counter"

/* The entry that the next boot takes, once (GRUB util/grub-reboot.in). */
#define GRUBENV_NEXT_ENTRY   "next_entry"

typedef struct GrubEnv {
        LoaderVariable *variables; /* what GRUB gets to read, in the order of the block; a later one of a name counts */
        size_t n;
        char *problem; /* what is wrong with the block, e.g. "is 1000 bytes long, not 1024"; NULL: it is sound */
} GrubEnv;

void grubenv_done(GrubEnv *e);

/**
 * grubenv_parse() - read an environment block
 * @text: ends in a NUL that is not counted in @size (bytes). A damaged block has a problem, and what GRUB still reads
 * of it. Returns 0 or -ENOMEM.
 */
int grubenv_parse(const char *text, size_t size, GrubEnv *ret) _must_check_;

/* The value that counts; NULL: not set. */
const char *grubenv_value(const GrubEnv *e, const char *name);

/**
 * grubenv_set() - a block with another value of one variable, all else kept
 * @value: NULL: the variable goes away. @ret: GRUBENV_SIZE bytes and a NUL, owned by the caller.
 * @reterr_problem: one half sentence for a message, owned by the caller; set on the errors below; may be NULL.
 * Returns 0; -EBADMSG: the block is damaged; -ENOSPC: it has no room for that; -EINVAL: not a name; -ENOMEM.
 */
int grubenv_set(const char *text, size_t size, const char *name, const char *value, char **ret,
                char **reterr_problem) _must_check_;

/**
 * grubenv_edit() - a block in which one variable has other kernel arguments
 * As grubenv_set() and cmdline_edit() in one; a variable that is not set is taken for an empty one.
 */
int grubenv_edit(const char *text, size_t size, const char *name, const CmdlineEdit *edit, char **ret,
                 char **reterr_problem) _must_check_;
