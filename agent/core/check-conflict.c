/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/check.h"
#include "iommu/argument.h"

/* Kernel arguments about the IOMMU that contradict each other or mean nothing, in each entry and in this boot. */

/* Where the words stand, for the finding. */
typedef struct Place {
        const Check *self;
        const char *subject; /* boot entry; NULL: this boot */
        const char *file;
        unsigned line;
        const char *release; /* of the kernel that hears them; NULL: unknown */
        const Facts *facts;
        const Kargs *words;
        StringList *seen; /* details that were said already: entries are mostly alike */
        FindingList *ret;
} Place;

static int say(const Place *p, const char *cure, const char *detail)
{
        char where[256] = "";
        int r;

        if (string_list_contains(p->seen, detail))
                return 0;
        r = string_list_add(p->seen, detail);
        if (r < 0)
                return r;
        if (p->file)
                (void) snprintf(where, sizeof(where), "%s:%u: ", p->file, p->line);
        return finding_add(p->ret, p->self->id, RESULT_WARN, p->subject ?: "this boot", CURE_ARGUMENT, cure, "%s%s",
                           where, detail);
}

static const char *mistake_cure(const IommuKey *key, const char *value, size_t n)
{
        FOREACH_ARRAY(m, key->mistakes, key->n_mistakes)
                if (strlen(m->value) == n && strncmp(m->value, value, n) == 0)
                        return m->cure;
        return "take it out, or write what was meant";
}

/*
 * A word that no kernel of kernel.org knows. @word: as it stands, "KEY=VALUE". @works: this kernel is seen to have it.
 */
static int judge_patched(const Place *p, const char *word, const char *patch, const char *suffix, const char *effect,
                         bool works)
{
        char detail[384];

        works |= suffix && p->release && strstr(p->release, suffix);
        if (works && !effect)
                return 0;
        if (works) {
                (void) snprintf(detail, sizeof(detail), "%s: %s", word, effect);
                return say(p, "with it, give devices only to guests that you trust as much as the host", detail);
        }
        (void) snprintf(detail, sizeof(detail), "%s: no kernel of kernel.org knows it, only %s%s%s", word, patch,
                        effect ? "; there " : "", effect ?: "");
        return say(p, "take it out, unless this kernel has that patch", detail);
}

/* A word that not every kernel knows. */
static int judge_release(const Place *p, const char *word, const IommuMember *m)
{
        unsigned release = p->release ? linux_release_parse(p->release) : 0;
        char detail[256];

        if (release == 0)
                return 0;
        if (m->until && release >= m->until) {
                (void) snprintf(detail, sizeof(detail),
                                "%s: a word of Linux before %u.%u; the kernel is %u.%u, where it does nothing", word,
                                LINUX_MAJOR(m->until), LINUX_MINOR(m->until), LINUX_MAJOR(release),
                                LINUX_MINOR(release));
                return say(p, "take it out", detail);
        }
        if (release >= m->since)
                return 0;
        (void) snprintf(detail, sizeof(detail),
                        "%s: a word of Linux from %u.%u on; the kernel is %u.%u, where it does nothing unless the "
                        "distribution has added it",
                        word, LINUX_MAJOR(m->since), LINUX_MINOR(m->since), LINUX_MAJOR(release), LINUX_MINOR(release));
        return say(p, "take it out, or leave it for a later kernel", detail);
}

static int judge_member(const Place *p, const IommuKey *key, const char *value, size_t n)
{
        const IommuMember *m = iommu_member(key, value, n);
        bool running = !p->subject || streq_null(p->release, p->facts->release);
        char word[128], detail[256];

        (void) snprintf(word, sizeof(word), "%s=%.*s", key->key, (int) MIN(n, (size_t) 64), value);
        if (m && m->patch)
                return judge_patched(p, word, m->patch, m->suffix, m->effect,
                                     running && m->works && m->works(p->facts));
        if (m)
                return judge_release(p, word, m);
        (void) snprintf(detail, sizeof(detail), "%s: the kernel knows no such value, it does nothing", word);
        return say(p, mistake_cure(key, value, n), detail);
}

static int judge_members(const Place *p, const IommuKey *key)
{
        const char *list, *value;
        size_t from = 0, n;
        int r = 0;

        while (r >= 0 && (list = kargs_next(p->words, key->key, &from)))
                while (r >= 0 && karg_next_member(&list, &value, &n))
                        r = judge_member(p, key, value, n);
        return r;
}

/* Arguments of which not even the key is known to every kernel. */
static int judge_patched_keys(const Place *p)
{
        const IommuPatchedKey *key;
        int r = 0;

        for (size_t i = 0; r >= 0 && (key = iommu_patched_key(i)); i++) {
                const char *value;
                size_t from = 0;
                char word[128];

                while (r >= 0 && (value = kargs_next(p->words, key->key, &from))) {
                        (void) snprintf(word, sizeof(word), "%s=%.64s", key->key, value);
                        r = judge_patched(p, word, key->patch, key->suffix, key->effect, false);
                }
        }
        return r;
}

static int judge_repeated(const Place *p, const char *key)
{
        const char *value, *first = NULL;
        size_t from = 0;
        char detail[256];

        while ((value = kargs_next(p->words, key, &from))) {
                if (!first || !streq(first, value)) {
                        first = first ?: value;
                        continue;
                }
                (void) snprintf(detail, sizeof(detail), "%s=%.64s is there more than once", key, value);
                return say(p, "once is enough: look where the second one comes from", detail);
        }
        return 0;
}

/* "on" and "off" of a vendor's argument, in the order in which the kernel hears them. */
static int judge_contradiction(const Place *p, const IommuVendor *vendor)
{
        const char *key = vendor->key ? vendor->key->key : NULL, *list, *word = NULL;
        bool on = false, off = false;
        char detail[256];
        size_t from = 0;

        while (key && (list = kargs_next(p->words, key, &from)))
                for (const char *value = list; *value; value += strcspn(value, ","), value += *value == ',') {
                        on |= startswith(value, "on") != NULL;
                        off |= startswith(value, "off") != NULL;
                }
        if (iommu_argument(p->words, vendor, &word) == IOMMU_ARGUMENT_KILL && on) {
                (void) snprintf(detail, sizeof(detail), "%s beats %s=on wherever it stands: the IOMMU stays off", word,
                                key);
                return say(p, "take iommu=off out; for configured devices \"ptprep --apply\" does", detail);
        }
        if (!on || !off)
                return 0;
        (void) snprintf(detail, sizeof(detail), "%s=on and %s=off contradict each other: %s is the last and counts",
                        key, key, word ?: "none");
        return say(p, "take the one out that is not meant", detail);
}

/* @vendor: NULL: it is not known whose arguments count. */
static int judge_words(const Place *p, const IommuVendor *vendor)
{
        const IommuKey *key;
        int r = 0;

        for (size_t i = 0; r >= 0 && (key = iommu_key(i)); i++) {
                r = judge_members(p, key);
                if (r >= 0)
                        r = judge_repeated(p, key->key);
        }
        FOREACH_ARRAY(v, iommu_vendors, iommu_vendors_n)
                if (r >= 0 && (!vendor || vendor == *v))
                        r = judge_contradiction(p, *v);
        return r < 0 ? r : judge_patched_keys(p);
}

int check_iommu_conflict(const Check *self, const Judgement *j, FindingList *ret)
{
        _cleanup_(string_list_done) StringList seen = {};
        const IommuVendor *vendor = iommu_vendor(j->facts);
        Place place = { .self = self, .facts = j->facts, .seen = &seen, .ret = ret };
        size_t before = ret->n;
        int r = 0;

        FOREACH_ARRAY(l, j->facts->loaders, j->facts->n_loaders)
                FOREACH_ARRAY(e, l->entries, l->n_entries) {
                        if (e->rescue || l->unused)
                                continue;
                        place.subject = e->id;
                        place.file = e->file;
                        place.line = e->line;
                        place.release = e->version ?: j->facts->release;
                        place.words = &e->arguments;
                        r = judge_words(&place, vendor);
                        if (r < 0)
                                return r;
                }
        if (j->facts->cmdline_known) {
                place.subject = place.file = NULL;
                place.release = j->facts->release;
                place.words = &j->facts->cmdline;
                r = judge_words(&place, vendor);
        }
        if (r < 0 || ret->n > before || !(j->facts->cmdline_known || j->facts->n_loaders > 0))
                return r;
        return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL,
                           "no IOMMU argument is contradictory or unknown");
}
