/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/argument.h"

static bool has_prefix(const char *s, size_t n, const char *prefix)
{
        size_t m = prefix ? strlen(prefix) : n + 1;

        return n >= m && memcmp(s, prefix, m) == 0;
}

/* The key of a vendor that a word has; NULL: none. @ret_value: behind its '='. */
static const IommuKey *key_of(const char *word, const IommuVendor *vendor, const char **ret_value)
{
        const IommuKey *const keys[] = { vendor->common, vendor->key };

        FOREACH_ARRAY(key, keys, ELEMENTSOF(keys))
                if (*key && (*ret_value = karg_value(word, (*key)->key)))
                        return *key;
        return NULL;
}

static const IommuKey *find_key(const char *word, const IommuVendor *vendor, const char **ret_value)
{
        if (vendor)
                return key_of(word, vendor, ret_value);
        FOREACH_ARRAY(v, iommu_vendors, iommu_vendors_n) {
                const IommuKey *key = key_of(word, *v, ret_value);

                if (key)
                        return key;
        }
        return NULL;
}

static IommuArgument meaning(const IommuKey *key, const char *member, size_t n)
{
        if (has_prefix(member, n, key->off))
                return key->kills ? IOMMU_ARGUMENT_KILL : IOMMU_ARGUMENT_OFF;
        return has_prefix(member, n, key->on) ? IOMMU_ARGUMENT_ON : IOMMU_ARGUMENT_NONE;
}

IommuArgument iommu_argument(const Kargs *k, const IommuVendor *vendor, const char **ret_word)
{
        IommuArgument a = IOMMU_ARGUMENT_NONE;
        const char *word = NULL;

        FOREACH_ARRAY(w, k->words.items, kargs_of_kernel(k)) {
                const char *p = NULL, *member;
                const IommuKey *key = find_key(*w, vendor, &p);
                size_t n;

                while (key && a != IOMMU_ARGUMENT_KILL && karg_next_member(&p, &member, &n)) {
                        IommuArgument said = meaning(key, member, n);

                        if (said != IOMMU_ARGUMENT_NONE) {
                                a = said;
                                word = *w;
                        }
                }
        }
        if (ret_word)
                *ret_word = word;
        return a;
}

/* The n-th key that several vendors share; NULL: there is no such. */
static const IommuKey *common_key(size_t n)
{
        for (size_t i = 0; i < iommu_vendors_n; i++) {
                const IommuKey *key = iommu_vendors[i]->common;
                bool seen = false;

                for (size_t k = 0; k < i; k++)
                        seen |= iommu_vendors[k]->common == key;
                if (key && !seen && n-- == 0)
                        return key;
        }
        return NULL;
}

const IommuKey *iommu_key(size_t n)
{
        FOREACH_ARRAY(v, iommu_vendors, iommu_vendors_n)
                if ((*v)->key && n-- == 0)
                        return (*v)->key;
        return common_key(n);
}

static int add_off(const IommuKey *key, StringList *ret)
{
        return key && key->off ? string_list_addf(ret, "%s=%s", key->key, key->off) : 0;
}

int iommu_contradictions(const IommuVendor *vendor, StringList *ret)
{
        const IommuKey *key;
        int r = 0;

        if (!vendor) {
                for (size_t i = 0; r >= 0 && (key = common_key(i)); i++)
                        r = add_off(key, ret);
                return r;
        }
        r = add_off(vendor->common, ret);
        return r < 0 ? r : add_off(vendor->key, ret);
}

const IommuMember *iommu_member(const IommuKey *key, const char *value, size_t n)
{
        FOREACH_ARRAY(m, key->members, key->n_members)
                if (has_prefix(value, n, m->value))
                        return m;
        return NULL;
}

const char *iommu_apart_off(const Kargs *k, const IommuVendor *vendor)
{
        const char *lasting = NULL, *passing = NULL;

        FOREACH_ARRAY(w, k->words.items, vendor->key ? kargs_of_kernel(k) : 0) {
                const char *p = karg_value(*w, vendor->key->key), *member;
                size_t n;

                while (p && karg_next_member(&p, &member, &n)) {
                        const IommuMember *m = iommu_member(vendor->key, member, n);

                        if (m && m->apart == APART_OFF)
                                lasting = *w;
                        else if (m && m->apart == APART_OFF_UNTIL_ON)
                                passing = *w;
                        else if (has_prefix(member, n, vendor->key->on))
                                passing = NULL;
                }
        }
        return lasting ?: passing;
}

int iommu_apart_contradictions(const IommuVendor *vendor, StringList *ret)
{
        int r = 0;

        FOREACH_ARRAY(m, vendor->key->members, vendor->key->n_members)
                if (r >= 0 && m->apart != APART_UNTOUCHED)
                        r = string_list_addf(ret, "%s=%s", vendor->key->key, m->value);
        return r;
}

const IommuPatchedKey *iommu_patched_key(size_t n)
{
        static const IommuPatchedKey keys[] = {
                { .key = "pcie_acs_override",
                  .patch = "those with the ACS override patch, such as Proxmox VE's",
                  .suffix = "-pve",
                  .effect = "it splits IOMMU groups by assertion: devices of different groups may reach each other" },
        };

        return n < ELEMENTSOF(keys) ? keys + n : NULL;
}

/* Whose argument is it that makes sure of the IOMMU? NULL: nobody's. */
static const IommuVendor *vendor_of_word(const char *word)
{
        FOREACH_ARRAY(v, iommu_vendors, iommu_vendors_n)
                if (streq_null((*v)->add, word))
                        return *v;
        return NULL;
}

bool loader_entry_fine(const BootEntry *e, const Kargs *add, const Kargs *remove)
{
        FOREACH_ARRAY(w, add->words.items, add->words.n) {
                const IommuVendor *vendor = vendor_of_word(*w);

                if (vendor ? iommu_argument(&e->arguments, vendor, NULL) != IOMMU_ARGUMENT_ON
                           : !kargs_has(&e->arguments, *w))
                        return false;
        }
        FOREACH_ARRAY(w, remove->words.items, remove->words.n)
                FOREACH_ARRAY(present, e->arguments.words.items, e->arguments.words.n)
                        if (karg_without(*present, *w, NULL) != 0)
                                return false;
        return true;
}
