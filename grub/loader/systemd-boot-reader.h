/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/format/bls.h"
#include "grub/format/uki.h"
#include "grub/loader/kernel-install.h"

/* What the files that read systemd-boot's partitions share. */

#define SD_ADDON_DIR "loader/addons"
#define SD_TYPE1_DIR "loader/entries"
#define SD_UKI_DIR   "EFI/Linux"

/* Where a partition of the boot loader is mounted. */
typedef struct SdRoot {
        const char *path;
        dev_t device;
        ino_t inode;
        bool program;      /* systemd-boot is on it */
        bool unreadable;   /* not without being root */
        StringList addons; /* paths of addons for every image; on the EFI system partition */
} SdRoot;

/* What the place of an entry in the menu hangs on. Owned where it is in the reader's list. */
typedef struct SdMenuItem {
        size_t index;     /* of the loader's entry */
        char *name;       /* of its file */
        char *sort_key;   /* NULL: none */
        char *machine_id; /* NULL: none */
        char *version;    /* of the operating system, not always of its kernel; NULL: none */
        unsigned profile; /* number of an image's menu entry */
        bool exhausted;   /* no tries are left */
} SdMenuItem;

typedef struct SdReader {
        int rfd;
        Loader *loader;
        SdRoot roots[3];
        size_t n_roots;
        Tristate secure_boot;
        KernelLayout layout;
        char *by_variable, *by_file; /* patterns of the default entry's id, the first one first; NULL: none */
        SdMenuItem *menu;
        size_t n_menu;
} SdReader;

/* Adds a file to the sources where it is there and is text. 1: it is; 0: it is not; -ENOMEM. */
int sd_read_source(int rfd, Loader *l, const char *path) _must_check_;

/**
 * sd_version_compare() - which version, or id, is newer
 * The separators count, from the oldest: '~', the end, '-', '^', '.', letters, digits. All other characters only part
 * what stands on both sides. Source: systemd src/fundamental/string-util-fundamental.c, strverscmp_improved().
 */
int sd_version_compare(const char *a, const char *b);

/* Notes the place of an entry; what it hangs on is copied. 0 or -ENOMEM. */
int sd_menu_add(SdReader *r, const SdMenuItem *what) _must_check_;

/* Puts the menu in its order, and marks what boots by default, and in the next boot alone. */
void sd_menu_mark(SdReader *r);
void sd_menu_done(SdReader *r);

/* Why the platform's tool cannot make an embedded entry again, where it cannot. 0 or -ENOMEM. */
int sd_note_obstacle(const SdReader *r, BootEntry *e) _must_check_;

/* Paths of the addons in a directory, appended; none where it is not there. 0 or -ENOMEM. */
int sd_list_addons(int rfd, const char *directory, StringList *ret) _must_check_;

/* All that the stub appends to what the image itself says, with its origin. 0 or -ENOMEM. */
int sd_add_addons(const SdReader *r, const char *image, BootEntry *entry) _must_check_;

/* The type 1 entries of one partition, and its unified kernel images. 0 or negative errno. */
int sd_read_entries(SdReader *r, const SdRoot *root) _must_check_;
int sd_read_images(SdReader *r, const SdRoot *root) _must_check_;
