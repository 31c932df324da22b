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

typedef struct SdReader {
        int rfd;
        Loader *loader;
        SdRoot roots[3];
        size_t n_roots;
        Tristate secure_boot;
        KernelLayout layout;
        char *chosen; /* pattern of the default entry's id, NULL: the first of the menu */
        struct {      /* the first of the menu so far */
                size_t index;
                char *sort_key, *version;
                bool exhausted, set;
        } first;
} SdReader;

/* Adds a file to the sources where it is there and is text. 1: it is; 0: it is not; -ENOMEM. */
int sd_read_source(int rfd, Loader *l, const char *path) _must_check_;

/* Is this entry before the first of the menu so far? Then it is the first. 0 or -ENOMEM. */
int sd_note_first(SdReader *r, const BootEntry *e, const char *sort_key, bool exhausted) _must_check_;

/* Why the platform's tool cannot make an embedded entry again, where it cannot. 0 or -ENOMEM. */
int sd_note_obstacle(const SdReader *r, BootEntry *e) _must_check_;

/* Paths of the addons in a directory, appended; none where it is not there. 0 or -ENOMEM. */
int sd_list_addons(int rfd, const char *directory, StringList *ret) _must_check_;

/* All that the stub appends to what the image itself says, with its origin. 0 or -ENOMEM. */
int sd_add_addons(const SdReader *r, const char *image, BootEntry *entry) _must_check_;

/* The type 1 entries of one partition, and its unified kernel images. 0 or negative errno. */
int sd_read_entries(SdReader *r, const SdRoot *root) _must_check_;
int sd_read_images(SdReader *r, const SdRoot *root) _must_check_;
