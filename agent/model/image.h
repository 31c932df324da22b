/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "builder.h"

/* What tells an initramfs image from another one, and the record of images that were verified. */

/**
 * image_digest() - one number for claim list and helper
 * @claims: text of the claim list. @helper_hash: fnv1a() from FNV_START over the bytes of the helper.
 * Returns fnv1a() over the text and then the eight bytes of helper_hash, lowest first; never 0, which means "none
 * inside".
 */
uint64_t image_digest(const char *claims, uint64_t helper_hash);

/* The same from fnv1a() over the claim list, for those who have no text. */
uint64_t image_digest_of_hashes(uint64_t claims_hash, uint64_t helper_hash);

/*
 * One line of NAME_IMAGE_STAMPS: "RELEASE IDENTITY DIGEST MODULES MAKER", two hashes of 16 hexadecimal digits, then 0
 * or 1, then a name as of builder_kind_to_string().
 */
typedef struct ImageStamp {
        char *release;
        uint64_t identity; /* initrd_identity() of the file that was verified */
        uint64_t digest;   /* found inside; 0: none */
        bool modules;      /* all that were needed were inside */
        BuilderKind maker; /* who made it */
} ImageStamp;

typedef struct ImageStamps {
        ImageStamp *items;
        size_t n;
} ImageStamps;

void image_stamps_done(ImageStamps *s);

/**
 * image_stamps_parse() - read the record
 * @text: NULL is an empty record. A line of another form is left out: an image without a stamp is only looked into
 * again. Returns 0 or -ENOMEM.
 */
int image_stamps_parse(const char *text, ImageStamps *ret) _must_check_;

/* The text of the record, owned by the caller; NULL when memory is short. */
char *image_stamps_print(const ImageStamps *s);

/* By release; NULL: none. */
const ImageStamp *image_stamps_find(const ImageStamps *s, const char *release);

/* Adds a copy of the stamp, or replaces the one of its release. 0; -EINVAL a release with white space; -ENOMEM. */
int image_stamps_set(ImageStamps *s, const ImageStamp *stamp) _must_check_;
