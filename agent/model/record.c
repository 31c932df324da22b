/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <inttypes.h>

#include "base/parse.h"
#include "base/text.h"
#include "sealed.h"

/*
 *      # comment
 *      version 1
 *      file /etc/default/grub
 *      format grub-default
 *      original 00c0ffee00c0ffee 1234          hash and bytes, "none" or "unknown"
 *      written 00c0ffee00c0ffee 1249
 *      replaced 00c0ffee00c0ffee 1240          only while written is on its way
 *      added GRUB_CMDLINE_LINUX_DEFAULT<tab>ptprep.claim=1
 *      removed GRUB_CMDLINE_LINUX<tab>iommu=off
 *      end 00c0ffee00c0ffee                    hash of all bytes above
 */
#define VERSION_LINE "version 1"
#define HEADER                                                                                                         \
        "# What ptprep has changed on this machine, so that \"ptprep revert\" can undo it. Not to be edited.\n"        \
        "" VERSION_LINE "\n"

void owned_words_done(OwnedWords *w)
{
        FOREACH_ARRAY(i, w->items, w->n) {
                free(i->place);
                free(i->word);
        }
        free(w->items);
        *w = (OwnedWords){};
}

bool owned_words_has(const OwnedWords *w, const char *place, const char *word)
{
        FOREACH_ARRAY(i, w->items, w->n)
                if (streq(i->place, place) && streq(i->word, word))
                        return true;
        return false;
}

int owned_words_add(OwnedWords *w, const char *place, const char *word)
{
        OwnedWord *new;

        if (owned_words_has(w, place, word))
                return 0;
        new = array_grow(&w->items, w->n);
        if (!new)
                return -ENOMEM;
        w->n++;
        new->place = strdup(place);
        new->word = strdup(word);
        return new->place &&new->word ? 0 : -ENOMEM;
}

int owned_words_add_all(OwnedWords *w, const OwnedWords *more)
{
        FOREACH_ARRAY(i, more->items, more->n) {
                int r = owned_words_add(w, i->place, i->word);

                if (r < 0)
                        return r;
        }
        return 0;
}

Fingerprint fingerprint_of(const char *text)
{
        if (!text)
                return (Fingerprint){ .state = BYTES_ABSENT };
        return (Fingerprint){ BYTES_KNOWN, fnv1a(FNV_START, text, strlen(text)), strlen(text) };
}

bool fingerprint_equal(const Fingerprint *a, const Fingerprint *b)
{
        return a->state == b->state && a->hash == b->hash && a->size == b->size;
}

bool fingerprint_is(const Fingerprint *f, const char *text)
{
        Fingerprint other = fingerprint_of(text);

        return fingerprint_equal(f, &other);
}

void record_file_done(RecordFile *f)
{
        free(f->subject);
        free(f->format);
        owned_words_done(&f->added);
        owned_words_done(&f->removed);
        free(f->renamed);
        free(f->present);
        free(f->kept);
        *f = (RecordFile){};
}

void record_done(Record *r)
{
        FOREACH_ARRAY(f, r->files, r->n)
                record_file_done(f);
        free(r->files);
        *r = (Record){};
}

const RecordFile *record_file(const Record *r, const char *subject)
{
        FOREACH_ARRAY(f, r->files, r->n)
                if (streq(f->subject, subject))
                        return f;
        return NULL;
}

RecordFile *record_file_at(Record *r, const char *subject)
{
        RecordFile *new;

        FOREACH_ARRAY(f, r->files, r->n)
                if (streq(f->subject, subject))
                        return f;
        new = array_grow(&r->files, r->n);
        if (!new)
                return NULL;
        new->exists = TRISTATE_UNKNOWN;
        new->subject = strdup(subject);
        if (!new->subject)
                return NULL;
        r->n++;
        return new;
}

void record_forget(Record *r, const char *subject)
{
        for (size_t i = 0; i < r->n; i++)
                if (streq(r->files[i].subject, subject)) {
                        record_file_done(r->files + i);
                        memmove(r->files + i, r->files + i + 1, (r->n - i - 1) * sizeof(*r->files));
                        r->n--;
                        return;
                }
}

int record_copy(const Record *r, Record *ret)
{
        _cleanup_(record_done) Record copy = {};

        FOREACH_ARRAY(f, r->files, r->n) {
                RecordFile *new = record_file_at(&copy, f->subject);

                if (!new || string_copy(f->format, &new->format) < 0 || string_copy(f->present, &new->present) < 0 ||
                    string_copy(f->renamed, &new->renamed) < 0 || string_copy(f->kept, &new->kept) < 0 ||
                    owned_words_add_all(&new->added, &f->added) < 0 ||
                    owned_words_add_all(&new->removed, &f->removed) < 0)
                        return -ENOMEM;
                new->original = f->original;
                new->written = f->written;
                new->replaced = f->replaced;
                new->exists = f->exists;
        }
        *ret = copy;
        copy = (Record){};
        return 0;
}

static int parse_hash(const char *s, size_t n, uint64_t *ret)
{
        _cleanup_free_ char *digits = strndup(s, n);

        if (!digits)
                return -ENOMEM;
        if (n != 16 || span_hex(digits) != n)
                return -EBADMSG;
        return parse_u64(digits, 16, ret) < 0 ? -EBADMSG : 0;
}

static int parse_fingerprint(const char *value, Fingerprint *ret)
{
        Fingerprint f = { .state = BYTES_KNOWN };
        int r;

        if (streq(value, "none") || streq(value, "unknown")) {
                *ret = (Fingerprint){ .state = *value == 'n' ? BYTES_ABSENT : BYTES_UNKNOWN };
                return 0;
        }
        r = parse_hash(value, strcspn(value, " "), &f.hash);
        if (r < 0)
                return r;
        if (value[16] != ' ' || parse_u64(value + 17, 10, &f.size) < 0)
                return -EBADMSG;
        *ret = f;
        return 0;
}

static int parse_word(const char *value, OwnedWords *ret)
{
        const char *tab = strchr(value, '\t');
        _cleanup_free_ char *place = NULL;

        if (!tab)
                return -EBADMSG;
        place = strndup(value, (size_t) (tab - value));
        return place ? owned_words_add(ret, place, tab + 1) : -ENOMEM;
}

/* One line of a file's part; the parts of f that it fills have to be empty. */
static int parse_line(RecordFile *f, const char *key, const char *value)
{
        if (streq(key, "format")) {
                if (f->format || !*value)
                        return -EBADMSG;
                f->format = strdup(value);
                return f->format ? 0 : -ENOMEM;
        }
        if (streq(key, "original"))
                return parse_fingerprint(value, &f->original);
        if (streq(key, "written"))
                return parse_fingerprint(value, &f->written);
        if (streq(key, "replaced"))
                return parse_fingerprint(value, &f->replaced);
        if (streq(key, "added"))
                return parse_word(value, &f->added);
        if (streq(key, "removed"))
                return parse_word(value, &f->removed);
        return -EBADMSG;
}

int record_parse(const char *text, Record *ret)
{
        _cleanup_(record_done) Record record = {};
        _cleanup_free_ char *copy = NULL;
        RecordFile *file = NULL;
        bool versioned = false;
        size_t size;
        char *rest, *line;
        int r;

        if (!text) {
                *ret = (Record){};
                return 0;
        }
        r = sealed_check(text, &size);
        if (r < 0)
                return r;
        rest = copy = strndup(text, size);
        if (!copy)
                return -ENOMEM;
        while ((line = strsep(&rest, "\n"))) {
                const char *key = line, *value;

                if (*line == '#' || (*line == '\0' && !rest))
                        continue;
                if (!versioned) {
                        if (!startswith(line, "version "))
                                return -EBADMSG;
                        if (!streq(line, VERSION_LINE))
                                return -EOPNOTSUPP;
                        versioned = true;
                        continue;
                }
                line += strcspn(line, " ");
                if (*line != ' ')
                        return -EBADMSG;
                *line = '\0';
                value = line + 1;
                if (streq(key, "file")) {
                        if ((file && !file->format) || !*value || record_file(&record, value))
                                return -EBADMSG;
                        file = record_file_at(&record, value);
                        r = file ? 0 : -ENOMEM;
                } else
                        r = file ? parse_line(file, key, value) : -EBADMSG;
                if (r < 0)
                        return r;
        }
        if (!versioned || (file && !file->format))
                return -EBADMSG;
        *ret = record;
        record = (Record){};
        return 0;
}

static void print_fingerprint(FILE *out, const char *key, const Fingerprint *f)
{
        if (f->state == BYTES_KNOWN)
                fprintf(out, "%s %016" PRIx64 " %" PRIu64 "\n", key, f->hash, f->size);
        else
                fprintf(out, "%s %s\n", key, f->state == BYTES_ABSENT ? "none" : "unknown");
}

static void print_words(FILE *out, const char *key, const OwnedWords *words)
{
        FOREACH_ARRAY(w, words->items, words->n)
                fprintf(out, "%s %s\t%s\n", key, w->place, w->word);
}

static bool words_printable(const OwnedWords *words)
{
        FOREACH_ARRAY(w, words->items, words->n)
                if (strpbrk(w->place, "\t\n") || strchr(w->word, '\n'))
                        return false;
        return true;
}

int record_print(const Record *r, char **ret)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *out;
        char *whole;

        if (r->n == 0) {
                *ret = NULL;
                return 0;
        }
        FOREACH_ARRAY(f, r->files, r->n)
                if (!*f->subject || strchr(f->subject, '\n') || !words_printable(&f->added) ||
                    !words_printable(&f->removed))
                        return -EINVAL;
        out = open_memstream(&text, &size);
        if (!out)
                return -ENOMEM;
        fputs(HEADER, out);
        FOREACH_ARRAY(f, r->files, r->n) {
                fprintf(out, "file %s\nformat %s\n", f->subject, f->format);
                print_fingerprint(out, "original", &f->original);
                print_fingerprint(out, "written", &f->written);
                if (f->replaced.state == BYTES_KNOWN)
                        print_fingerprint(out, "replaced", &f->replaced);
                print_words(out, "added", &f->added);
                print_words(out, "removed", &f->removed);
        }
        if (fclose(out) != 0)
                return -ENOMEM;
        if (sealed_print(text, &whole) < 0)
                return -ENOMEM;
        *ret = whole;
        return 0;
}
