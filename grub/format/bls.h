/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/format/cmdline.h"
#include "model/loader.h"

/*
 * Boot Loader Specification, type #1 entries: files of "KEY VALUE" lines in loader/entries/NAME.conf.
 * Source: https://uapi-group.org/specifications/specs/boot_loader_specification/, "Type #1 Boot Loader Specification
 * Entries"; GRUB 2.14 grub-core/commands/blsuki.c; Fedora's grub-core/commands/blscfg.c.
 */

/* One line that has a key and a value. */
typedef struct BlsField {
        char *key;
        char *value;       /* trailing blanks cut; NULL: only the key stands there */
        size_t key_end;    /* byte behind the key: from here to end it is blanks and value */
        size_t end;        /* byte behind the line, its newline not counted */
        unsigned line;     /* 1 and up */
        bool seen_by_grub; /* GRUB stops reading at the first line that is empty or has only a key */
} BlsField;

typedef struct BlsEntry {
        char *text; /* as it was read: what an entry prints as */
        BlsField *fields;
        size_t n;
} BlsEntry;

void bls_entry_done(BlsEntry *e);

/* Any text is an entry, what is not "KEY VALUE" in it is kept and ignored. 0 or -ENOMEM. */
int bls_parse(const char *text, BlsEntry *ret) _must_check_;

/* Who reads the entry. */
typedef enum BlsReader {
        BLS_GRUB,    /* the first options line counts, and $VARIABLES in it are replaced */
        BLS_SYSTEMD, /* all options lines count, a '$' is a '$' (systemd-boot, zipl) */
} BlsReader;

/* Value of the first line with this key that the reader sees; NULL: none. */
const char *bls_value(const BlsEntry *e, BlsReader reader, const char *key);

/* Of the last one, which counts for systemd-boot where a key stands for one thing (boot.c). */
const char *bls_last_value(const BlsEntry *e, const char *key);

/**
 * bls_expand() - replace $NAME as GRUB does
 * A variable that is not known goes away; the value is followed by one blank, in the place of one that stood there.
 * Source: blsuki.c, blsuki_expand_val(). @ret: owned by the caller. 0 or -ENOMEM.
 */
int bls_expand(const char *value, const LoaderVariable *variables, size_t n, char **ret) _must_check_;

/**
 * bls_arguments() - what the kernel gets from this entry
 * @variables: GRUB's environment, only looked at for BLS_GRUB. Fedora's GRUB takes the variable default_kernelopts
 * where there is no options line. 0 or -ENOMEM.
 */
int bls_arguments(const BlsEntry *e, BlsReader reader, const LoaderVariable *variables, size_t n,
                  Kargs *ret) _must_check_;

/* Is $NAME in the options that the reader sees? */
bool bls_options_use(const BlsEntry *e, BlsReader reader, const char *name);

/**
 * bls_boot_entry() - what an entry boots, as its reader sees it
 * @name: of the file. @path: of it. @variables: as for bls_arguments().
 * @ret: zeroed; gets title, kernel (NULL: it names none with "linux"), version, initrd (the last one) and those before
 * it, file, line, arguments, and what of them only GRUB can tell. The caller's to free, on failure too. 0 or -ENOMEM.
 */
int bls_boot_entry(const BlsEntry *e, BlsReader reader, const char *name, const char *path,
                   const LoaderVariable *variables, size_t n, BootEntry *ret) _must_check_;

/* Is there one line of options, as grubby writes it: one blank before each word, and nothing behind the last? */
bool bls_options_plain(const char *text);

/**
 * bls_edit() - the text of an entry with other options
 * @edit: words are added to the first options line, and taken out of all of them. A line that is left without any
 * word goes away altogether. Where there is no options line, one is made behind the last line that GRUB reads.
 * @base: what that new line begins with, e.g. "$default_kernelopts"; NULL: nothing.
 * @ret: owned by the caller. Returns as cmdline_edit().
 */
int bls_edit(const char *text, const CmdlineEdit *edit, const char *base, char **ret) _must_check_;

/* The text without one of its lines: that goes with its own newline, or with the one before where it is the last and
 * has none. Owned by the caller; NULL when memory is short. */
char *bls_drop_line(const char *text, const BlsField *f);

/* The place, in the record, of an image that ptprep has an entry load; other words are in its options: "". */
#define BLS_PLACE_INITRD "initrd"

/**
 * bls_initrds() - the images that an entry loads
 * The last one is the initramfs, those before it are microcode, tables, or the claim image.
 * @ret_early: empty; gets those before. @ret: owned by the caller; untouched where there is none. 0 or -ENOMEM.
 */
int bls_initrds(const BlsEntry *e, BlsReader reader, StringList *ret_early, char **ret) _must_check_;

/**
 * bls_edit_early() - the text of an entry with one more image in front of the initramfs, or without it
 * @name: of its file. @wanted: its path as the entry has to have it: a line of its own directly in front of that of the
 * initramfs, so that microcode stays first; none where the reader sees no initramfs. NULL: all lines with that file go,
 * seen or not.
 * @ret: owned by the caller. 0 or -ENOMEM.
 */
int bls_edit_early(const char *text, BlsReader reader, const char *name, const char *wanted, char **ret) _must_check_;

/**
 * bls_replace_variable() - the text of an entry with $NAME in its options replaced
 * @value: goes in the place of each. @ret: owned by the caller. 0 or -ENOMEM.
 */
int bls_replace_variable(const char *text, const char *name, const char *value, char **ret) _must_check_;

/**
 * bls_compare() - order of two entries by their file names: the newer one is greater
 * Digits are compared as numbers, as rpm and filevercmp() do. Returns <0, 0, >0.
 */
int bls_compare(const char *a, const char *b);
