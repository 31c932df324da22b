/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "grub/format/bls.h"

/* The lines of an entry that name images: all of them are loaded, in their order. */

#define KEY_INITRD "initrd"

static bool is_initrd(const BlsField *f, BlsReader reader)
{
        return f->value && streq(f->key, KEY_INITRD) && (f->seen_by_grub || reader != BLS_GRUB);
}

/* Several images on one line are GRUB's alone. What a variable adds behind them, such as $tuned_initrd, is no initramfs
 * of its own. */
static int add_images(const BlsField *f, BlsReader reader, StringList *ret)
{
        const char *word = f->value;
        size_t before = ret->n;
        int r = 0;

        if (reader != BLS_GRUB)
                return string_list_add(ret, word);
        while (*word && r >= 0) {
                size_t n = strcspn(word, " \t");

                if (*word != '$')
                        r = string_list_addf(ret, "%.*s", (int) n, word);
                word += n + strspn(word + n, " \t");
        }
        return r >= 0 && ret->n == before ? string_list_add(ret, f->value) : r;
}

int bls_initrds(const BlsEntry *e, BlsReader reader, StringList *ret_early, char **ret)
{
        int r = 0;

        FOREACH_ARRAY(f, e->fields, e->n)
                if (is_initrd(f, reader) && r >= 0)
                        r = add_images(f, reader, ret_early);
        if (r < 0 || ret_early->n == 0)
                return r;
        *ret = ret_early->items[--ret_early->n];
        return 0;
}

static bool names(const BlsField *f, const char *name)
{
        return streq(path_base(f->value), name);
}

/* Is it loaded as wanted, and nothing else of that name? */
static int is_in_place(const char *text, BlsReader reader, const char *name, const char *wanted)
{
        _cleanup_(bls_entry_done) BlsEntry e = {};
        const BlsField *last = NULL;
        size_t n = 0;
        int r = bls_parse(text, &e);

        if (r < 0)
                return r;
        FOREACH_ARRAY(f, e.fields, e.n)
                if (is_initrd(f, reader)) {
                        n += names(f, name);
                        if (names(f, name) && !streq(f->value, wanted))
                                return 0;
                        last = f;
                }
        return n == 1 && !names(last, name);
}

/* From the last line to the first: then the places of those before stay. */
static int drop_lines(char **text, const char *name)
{
        _cleanup_(bls_entry_done) BlsEntry e = {};
        int r = bls_parse(*text, &e);

        for (size_t i = e.n; i-- > 0 && r >= 0;) {
                const BlsField *f = e.fields + i;
                char *shorter;

                if (!is_initrd(f, BLS_SYSTEMD) || !names(f, name))
                        continue;
                shorter = bls_drop_line(*text, f);
                if (!shorter)
                        return -ENOMEM;
                free(*text);
                *text = shorter;
        }
        return r;
}

/* A line like that of the initramfs, in front of it. */
static int add_line(char **text, BlsReader reader, const char *wanted)
{
        _cleanup_(bls_entry_done) BlsEntry e = {};
        _cleanup_free_ char *line = NULL;
        const BlsField *last = NULL;
        size_t start, value;
        char *longer;
        int r = bls_parse(*text, &e);

        FOREACH_ARRAY(f, e.fields, e.n)
                if (is_initrd(f, reader))
                        last = f;
        if (r < 0 || !last)
                return r;
        for (start = last->key_end; start > 0 && (*text)[start - 1] != '\n'; start--)
                ;
        value = last->key_end + strspn(*text + last->key_end, " \t");
        r = string_printf(&line, "%.*s%s%s\n", (int) (value - start), *text + start, wanted,
                          (*text)[last->end - 1] == '\r' ? "\r" : "");
        if (r < 0)
                return r;
        longer = text_splice(*text, start, start, line);
        if (!longer)
                return -ENOMEM;
        free(*text);
        *text = longer;
        return 0;
}

int bls_edit_early(const char *text, BlsReader reader, const char *name, const char *wanted, char **ret)
{
        _cleanup_free_ char *s = strdup(text);
        int r = s ? 0 : -ENOMEM;

        if (r >= 0 && wanted)
                r = is_in_place(text, reader, name, wanted);
        if (r == 0)
                r = drop_lines(&s, name);
        if (r == 0 && wanted)
                r = add_line(&s, reader, wanted);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}
