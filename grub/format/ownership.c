/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/ownership.h"

#include "base/text.h"

static const OwnedFormat *const formats[] = {
        &owned_whole, &owned_lines, &owned_grub_default, &owned_cmdline, &owned_bls, &owned_grubenv, &owned_grub_legacy,
};

const OwnedFormat *owned_format(const char *name)
{
        FOREACH_ARRAY(f, formats, ELEMENTSOF(formats))
                if (streq((*f)->name, name))
                        return *f;
        return NULL;
}

bool owned_words_beside(const OwnedWords *words, const char *word, const char *other)
{
        FOREACH_ARRAY(w, words->items, words->n)
                if (streq(w->word, word) && !owned_words_has(words, w->place, other))
                        return false;
        return true;
}

static int take_out_whole(const char *text, const OwnedWords *words, char **ret)
{
        (void) text, (void) words;
        *ret = NULL;
        return 0;
}

const OwnedFormat owned_whole = { "whole", take_out_whole };

/* Which of the words is this line? -1: none, or already taken out as often as it is listed. */
static ssize_t line_index(const OwnedWords *words, const bool *taken, const char *line, size_t n)
{
        for (size_t i = 0; i < words->n; i++)
                if (!taken[i] && strlen(words->items[i].word) == n && memcmp(words->items[i].word, line, n) == 0)
                        return (ssize_t) i;
        return -1;
}

static int take_out_lines(const char *text, const OwnedWords *words, char **ret)
{
        _cleanup_free_ char *left = malloc(strlen(text) + 1);
        _cleanup_free_ bool *taken = calloc(MAX(words->n, (size_t) 1), sizeof(bool));
        char *end = left;

        if (!left || !taken)
                return -ENOMEM;
        while (*text) {
                size_t n = strcspn(text, "\n"), whole = n + (text[n] == '\n');
                ssize_t i = line_index(words, taken, text, n);

                if (i >= 0)
                        taken[i] = true;
                else
                        end = mempcpy(end, text, whole);
                text += whole;
        }
        *end = '\0';
        *ret = left[strspn(left, " \t\r\n")] ? TAKE_PTR(left) : NULL;
        return 0;
}

const OwnedFormat owned_lines = { "lines", take_out_lines };

/*
 * A command line that ptprep made, and from which its words are gone, and nothing else is different: a revert was
 * interrupted before the file went away. Returns 1, 0 or -ENOMEM.
 */
static int only_ours_missing(const RecordFile *f)
{
        _cleanup_free_ char *whole = NULL, *text = NULL;
        size_t n = strcspn(f->present, "\n");

        if (f->original.state != BYTES_ABSENT || !streq(f->format, owned_cmdline.name))
                return 0;
        whole = strndup(f->present, n);
        FOREACH_ARRAY(w, f->added.items, f->added.n) {
                char *more;

                if (!whole || string_printf(&more, "%s%s%s", whole, *whole ? " " : "", w->word) < 0)
                        return -ENOMEM;
                free(whole);
                whole = more;
        }
        if (!whole || string_printf(&text, "%s%s", whole, f->present + n) < 0)
                return -ENOMEM;
        return fingerprint_is(&f->written, text);
}

static int take_out_ours(const RecordFile *f, OwnedState *ret_state, char **ret)
{
        const OwnedFormat *format = owned_format(f->format);
        int r = format ? format->take_out(f->present, &f->added, ret) : -ENOTSUP;

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        *ret_state = OWNED_EDITED;
        /* somebody else's file stays, be it empty */
        return !*ret && f->original.state != BYTES_ABSENT ? string_copy("", ret) : 0;
}

int owned_base(const RecordFile *f, OwnedState *ret_state, char **ret)
{
        bool original_known = f->original.state == BYTES_ABSENT || f->kept;
        int r;

        *ret_state = OWNED_UNKNOWN;
        *ret = NULL;
        if (f->exists == TRISTATE_UNKNOWN)
                return 0;
        if (fingerprint_is(&f->original, f->present)) {
                *ret_state = OWNED_ORIGINAL;
                return string_copy(f->present, ret);
        }
        if (!f->present) {
                *ret_state = OWNED_GONE;
                return 0;
        }
        if (original_known && (fingerprint_is(&f->written, f->present) || fingerprint_is(&f->replaced, f->present))) {
                *ret_state = OWNED_AS_WRITTEN;
                return string_copy(f->kept, ret);
        }
        r = only_ours_missing(f);
        if (r > 0)
                *ret_state = OWNED_AS_WRITTEN;
        return r != 0 ? MIN(r, 0) : take_out_ours(f, ret_state, ret);
}

int owned_left(const char *format, const char *text, const OwnedWords *words, OwnedWords *ret)
{
        const OwnedFormat *f = owned_format(format);

        if (!text)
                return 0;
        if (!f)
                return -ENOTSUP;
        FOREACH_ARRAY(w, words->items, words->n) {
                _cleanup_free_ char *without = NULL;
                int r = f->take_out(text, &(const OwnedWords){ w, 1 }, &without);

                if (r >= 0 && !streq_null(without, text))
                        r = owned_words_add(ret, w->place, w->word);
                if (r < 0)
                        return r;
        }
        return 0;
}
