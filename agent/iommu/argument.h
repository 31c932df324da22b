/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "iommu/vendor.h"
#include "model/loader.h"

/* What the arguments ask of the IOMMU. */
typedef enum IommuArgument {
        IOMMU_ARGUMENT_NONE, /* nothing said: the kernel's default counts */
        IOMMU_ARGUMENT_ON,   /* the vendor's "on", as in intel_iommu=on, is the last word */
        IOMMU_ARGUMENT_OFF,  /* the vendor's "off" is */
        IOMMU_ARGUMENT_KILL, /* iommu=off: beats every vendor argument wherever it stands */
} IommuArgument;

/**
 * iommu_argument() - what these arguments do to the IOMMU of a vendor
 * @vendor: NULL: the arguments of all vendors count.
 * @ret_word: when not NULL, the word that decides (owned by k), NULL when none does.
 *
 * The keys take comma lists, compared by prefix from left to right, and all repeats are applied: the last on or off
 * wins, but for a key that kills.
 */
IommuArgument iommu_argument(const Kargs *k, const IommuVendor *vendor, const char **ret_word);

/**
 * iommu_contradictions() - the words that contradict the wish for an IOMMU
 * @vendor: NULL: those that switch off whosever IOMMU. @ret: appended to, "KEY=VALUE" each. 0 or -ENOMEM.
 */
int iommu_contradictions(const IommuVendor *vendor, StringList *ret) _must_check_;

/* The member of a key that a value begins with; NULL: no kernel knows such. @n: bytes of the value. */
const IommuMember *iommu_member(const IommuKey *key, const char *value, size_t n);

/**
 * iommu_apart_off() - the word that leaves the units off which have switches of their own
 * Owned by k; NULL: there is none, or a later word takes it back.
 */
const char *iommu_apart_off(const Kargs *k, const IommuVendor *vendor);

/* What has to go so that no word does: "KEY=VALUE" each, appended. 0 or -ENOMEM. */
int iommu_apart_contradictions(const IommuVendor *vendor, StringList *ret) _must_check_;

/* An argument that only kernels with a patch know. */
typedef struct IommuPatchedKey {
        const char *key, *patch, *suffix, *effect; /* as in IommuMember */
} IommuPatchedKey;

/* The n-th of them; NULL: there is no such. */
const IommuPatchedKey *iommu_patched_key(size_t n);

/* The n-th key of all vendors, each once; NULL: there is no such. */
const IommuKey *iommu_key(size_t n);

/**
 * loader_entry_fine() - does this entry have all of these words, so that they count?
 * @remove: words that none of the entry's may have in it, as karg_without() has them.
 * What makes sure of an IOMMU, as intel_iommu=on does, counts when it is the last word of its kind and nothing beside
 * it kills it.
 */
bool loader_entry_fine(const BootEntry *e, const Kargs *add, const Kargs *remove);
