/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/cmdline.h"

#include <ctype.h>

#include "base/text.h"
#include "grub/format/ownership.h"
#include "iommu/argument.h"

/* One word in the text. */
typedef struct Span {
        size_t start, end;
} Span;

char *text_splice(const char *text, size_t start, size_t end, const char *with)
{
        char *s;

        return string_printf(&s, "%.*s%s%s", (int) start, text, with, text + end) < 0 ? NULL : s;
}

static bool begins_line(const char *text, size_t i)
{
        while (i > 0 && (text[i - 1] == ' ' || text[i - 1] == '\t'))
                i--;
        return i == 0 || text[i - 1] == '\n';
}

/* Bytes of the blank at a place, 0: there is none. */
static size_t blank_at(const char *text, size_t i, unsigned flags)
{
        if ((flags & CMDLINE_COMMENTS) && text[i] == '#' && begins_line(text, i))
                return strcspn(text + i, "\n");
        if ((flags & CMDLINE_BACKSLASH) && text[i] == '\\') {
                size_t n = 1 + strspn(text + i + 1, "\r");

                return text[i + n] == '\n' ? n + 1 : 0;
        }
        return isspace((unsigned char) text[i]) ? 1 : 0;
}

/* Bytes of the blank that ends at a place, which is known to have one. */
static size_t blank_before(const char *text, size_t end, unsigned flags)
{
        size_t n = 1;

        if ((flags & CMDLINE_BACKSLASH) && text[end - 1] == '\n')
                while (n < end && text[end - n - 1] == '\r')
                        n++;
        return n < end && blank_at(text, end - n - 1, flags) == n + 1 ? n + 1 : 1;
}

/**
 * The next word at or behind a place.
 * Returns 1; 0: no more; -ENOTSUP: its quote is never closed.
 */
static int next_word(const char *text, size_t from, unsigned flags, Span *ret)
{
        bool quoted = false;
        size_t i, n;

        while ((n = blank_at(text, from, flags)) > 0)
                from += n;
        if (text[from] == 0)
                return 0;
        for (i = from; text[i] && (quoted || blank_at(text, i, flags) == 0); i++)
                if (text[i] == '"')
                        quoted = !quoted;
        if (quoted)
                return -ENOTSUP;
        *ret = (Span){ from, i };
        return 1;
}

static bool span_equal(const char *text, const Span *s, const char *word)
{
        size_t n = strlen(word);

        return s->end - s->start == n && memcmp(text + s->start, word, n) == 0;
}

/**
 * The words that are for the kernel.
 * @ret: owned by the caller. @ret_end: behind the last of them; the start of the text where there is none.
 * @ret_init: a "--" follows.
 */
static int kernel_words(const char *text, unsigned flags, Span **ret, size_t *ret_n, size_t *ret_end, bool *ret_init)
{
        Span *spans = NULL;
        size_t n = 0, end = 0;
        bool init = false;
        Span s;
        int r;

        for (size_t from = 0; (r = next_word(text, from, flags, &s)) > 0; from = s.end) {
                Span *slot;

                if (init)
                        continue;
                if (span_equal(text, &s, "--")) {
                        init = true;
                        continue;
                }
                slot = array_grow(&spans, n);
                if (!slot) {
                        free(spans);
                        return -ENOMEM;
                }
                *slot = s;
                n++;
                end = s.end;
        }
        if (r < 0) {
                free(spans);
                return r;
        }
        *ret = spans;
        *ret_n = n;
        *ret_end = end;
        if (ret_init)
                *ret_init = init;
        return 0;
}

/* Puts other bytes in the place of a stretch. */
static int splice(char **text, size_t start, size_t end, const char *with)
{
        char *s = text_splice(*text, start, end, with);

        if (!s)
                return -ENOMEM;
        free(*text);
        *text = s;
        return 0;
}

/* A word goes with the blank in front of it; the first of the text with the one behind, if another word follows. */
static int drop_word(char **text, unsigned flags, Span s)
{
        const char *t = *text;
        Span next;

        /* what follows may not get into the line before, which may be a comment */
        if (s.start > 0 && !((flags & CMDLINE_COMMENTS) && t[s.start - 1] == '\n'))
                s.start -= blank_before(t, s.start, flags);
        else if (next_word(t, s.end, flags, &next) > 0)
                s.end += blank_at(t, s.end, flags);
        return splice(text, s.start, s.end, "");
}

static int take_word(char **text, unsigned flags, const char *word)
{
        _cleanup_free_ Span *spans = NULL;
        size_t n = 0, end;
        int r = kernel_words(*text, flags, &spans, &n, &end, NULL);

        if (r < 0)
                return r;
        for (size_t i = n; i-- > 0;)
                if (span_equal(*text, spans + i, word))
                        return drop_word(text, flags, spans[i]);
        return 0;
}

/* From the last word to the first, so that the places of those before stay. */
static int remove_contradiction(char **text, unsigned flags, const char *remove)
{
        _cleanup_free_ Span *spans = NULL;
        size_t n = 0, end;
        int r = kernel_words(*text, flags, &spans, &n, &end, NULL);

        for (size_t i = n; r >= 0 && i-- > 0;) {
                _cleanup_free_ char *word = strndup(*text + spans[i].start, spans[i].end - spans[i].start),
                                    *left = NULL;

                if (!word)
                        return -ENOMEM;
                r = karg_without(word, remove, &left);
                if (r > 0)
                        r = left ? splice(text, spans[i].start, spans[i].end, left) : drop_word(text, flags, spans[i]);
        }
        return r < 0 ? r : 0;
}

static int add_words(char **text, unsigned flags, const Kargs *add)
{
        _cleanup_free_ Span *spans = NULL;
        _cleanup_free_ char *words = kargs_print(add), *with = NULL;
        size_t n = 0, end;
        bool init;
        int r;

        if (!words)
                return -ENOMEM;
        r = kernel_words(*text, flags, &spans, &n, &end, &init);
        if (r < 0)
                return r;
        if (n > 0 || (flags & CMDLINE_BEHIND_KEY))
                r = string_printf(&with, " %s", words);
        else
                r = string_printf(&with, "%s%s", words, init ? " " : blank_at(*text, 0, flags) > 1 ? "\n" : "");
        return r < 0 ? -ENOMEM : splice(text, end, end, with);
}

int cmdline_edit(const char *text, unsigned flags, const CmdlineEdit *edit, char **ret)
{
        _cleanup_free_ char *s = strdup(text);
        int r = s ? 0 : -ENOMEM;

        if (edit->take)
                for (size_t i = 0; i < edit->take->words.n && r >= 0; i++)
                        r = take_word(&s, flags, edit->take->words.items[i]);
        if (edit->remove)
                for (size_t i = 0; i < edit->remove->words.n && r >= 0; i++)
                        r = remove_contradiction(&s, flags, edit->remove->words.items[i]);
        if (r >= 0 && edit->add && edit->add->words.n > 0)
                r = add_words(&s, flags, edit->add);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

/* Words of one text that the other has not, each as often as it is missing there. */
static int words_only_in(const Kargs *here, const Kargs *there, const char *place, OwnedWords *ret)
{
        _cleanup_free_ bool *used = calloc(MAX(there->words.n, (size_t) 1), sizeof(bool));

        if (!used)
                return -ENOMEM;
        FOREACH_ARRAY(w, here->words.items, here->words.n) {
                size_t i = 0;
                int r;

                while (i < there->words.n && (used[i] || !streq(there->words.items[i], *w)))
                        i++;
                if (i < there->words.n) {
                        used[i] = true;
                        continue;
                }
                r = owned_words_add(ret, place, *w);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int split(const char *text, unsigned flags, Kargs *ret)
{
        Span s;
        int r;

        for (size_t from = 0; (r = next_word(text, from, flags, &s)) > 0; from = s.end) {
                r = string_list_addf(&ret->words, "%.*s", (int) (s.end - s.start), text + s.start);
                if (r < 0)
                        return r;
        }
        return r;
}

int cmdline_record(const char *before, const char *after, unsigned flags, const Kargs *add, const char *place,
                   OwnedWords *added, OwnedWords *removed)
{
        _cleanup_(kargs_done) Kargs old = {}, new = {};
        int r = split(before, flags, &old);

        if (r >= 0)
                r = split(after, flags, &new);
        if (r >= 0)
                r = words_only_in(&old, &new, place, removed);
        for (size_t i = 0; add && i < add->words.n && r >= 0; i++)
                r = owned_words_add(added, place, add->words.items[i]);
        return r;
}

int kargs_missing(const Kargs *present, const Kargs *wanted, Kargs *ret)
{
        static const Kargs none = {};
        const BootEntry entry = { .arguments = *present };

        FOREACH_ARRAY(w, wanted->words.items, wanted->words.n) {
                const Kargs one = { .words = { .items = w, .n = 1 } };
                int r = loader_entry_fine(&entry, &one, &none) ? 0 : string_list_add(&ret->words, *w);

                if (r < 0)
                        return r;
        }
        return 0;
}

int cmdline_want(const char *text, unsigned flags, const Kargs *add, const Kargs *remove, const char *place,
                 OwnedWords *added, OwnedWords *removed, char **ret)
{
        _cleanup_(kargs_done) Kargs present = {}, missing = {};
        _cleanup_free_ char *clean = NULL;
        int r = cmdline_edit(text, flags, &(CmdlineEdit){ .remove = remove }, &clean);

        if (r >= 0)
                r = split(clean, flags, &present);
        if (r >= 0)
                r = kargs_missing(&present, add, &missing);
        if (r >= 0)
                r = cmdline_record(text, clean, flags, &missing, place, added, removed);
        return r < 0 ? r : cmdline_edit(clean, flags, &(CmdlineEdit){ .add = &missing }, ret);
}

static int take_out_of_cmdline(const char *text, const OwnedWords *words, char **ret)
{
        _cleanup_(kargs_done) Kargs taken = {};
        _cleanup_free_ char *left = NULL;
        int r = 0;

        for (size_t i = 0; i < words->n && r >= 0; i++)
                r = string_list_add(&taken.words, words->items[i].word);
        if (r >= 0)
                r = cmdline_edit(text, CMDLINE_COMMENTS, &(CmdlineEdit){ .take = &taken }, &left);
        if (r < 0)
                return r;
        *ret = left[strspn(left, " \t\r\n")] ? TAKE_PTR(left) : NULL;
        return 0;
}

const OwnedFormat owned_cmdline = { "cmdline", take_out_of_cmdline };
