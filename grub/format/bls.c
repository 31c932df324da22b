/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/bls.h"

#include <ctype.h>

#include "base/text.h"
#include "grub/format/ownership.h"

#define KEY_OPTIONS     "options"
#define DEFAULT_OPTIONS "default_kernelopts"

void bls_entry_done(BlsEntry *e)
{
        FOREACH_ARRAY(f, e->fields, e->n) {
                free(f->key);
                free(f->value);
        }
        free(e->fields);
        free(e->text);
        *e = (BlsEntry){};
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

/* @start, @end: one line without its newline. */
static int add_field(BlsEntry *e, size_t start, size_t end, unsigned line, bool *grub_reads)
{
        const char *t = e->text;
        size_t key = start, key_end, value, value_end = end;
        BlsField *f;

        while (key < end && is_blank(t[key]))
                key++;
        if (key < end && t[key] == '#')
                return 0;
        for (key_end = key; key_end < end && !is_blank(t[key_end]); key_end++)
                ;
        for (value = key_end; value < end && is_blank(t[value]); value++)
                ;
        if (value == end)
                *grub_reads = false;
        if (key == end)
                return 0;
        while (value_end > value && is_blank(t[value_end - 1]))
                value_end--;
        f = array_grow(&e->fields, e->n);
        if (!f)
                return -ENOMEM;
        *f = (BlsField){ .key = strndup(t + key, key_end - key),
                         .value = value < value_end ? strndup(t + value, value_end - value) : NULL,
                         .key_end = key_end,
                         .end = end,
                         .line = line,
                         .seen_by_grub = *grub_reads };
        e->n++;
        return f->key && (f->value || value == value_end) ? 0 : -ENOMEM;
}

int bls_parse(const char *text, BlsEntry *ret)
{
        _cleanup_(bls_entry_done) BlsEntry e = { .text = strdup(text) };
        bool grub_reads = true;
        unsigned line = 1;

        if (!e.text)
                return -ENOMEM;
        for (size_t start = 0; e.text[start];) {
                size_t end = start + strcspn(e.text + start, "\n");
                int r = add_field(&e, start, end, line++, &grub_reads);

                if (r < 0)
                        return r;
                start = end + (e.text[end] == '\n');
        }
        *ret = e;
        e = (BlsEntry){};
        return 0;
}

/* The next line with this key that has a value; @from: index to start at, set behind it. */
static const BlsField *next_field(const BlsEntry *e, BlsReader reader, const char *key, size_t *from)
{
        while (*from < e->n) {
                const BlsField *f = e->fields + (*from)++;

                if (f->value && streq(f->key, key) && (f->seen_by_grub || reader != BLS_GRUB))
                        return f;
        }
        return NULL;
}

const char *bls_value(const BlsEntry *e, BlsReader reader, const char *key)
{
        size_t from = 0;
        const BlsField *f = next_field(e, reader, key, &from);

        return f ? f->value : NULL;
}

const char *bls_last_value(const BlsEntry *e, const char *key)
{
        const char *value = NULL;
        const BlsField *f;
        size_t from = 0;

        while ((f = next_field(e, BLS_SYSTEMD, key, &from)))
                value = f->value;
        return value;
}

static size_t name_length(const char *s)
{
        size_t n = 0;

        while (isalnum((unsigned char) s[n]) || s[n] == '_')
                n++;
        return n;
}

static const char *variable_value(const LoaderVariable *variables, size_t n, const char *name, size_t length)
{
        FOREACH_ARRAY(v, variables, n)
                if (strlen(v->name) == length && memcmp(v->name, name, length) == 0)
                        return v->value;
        return NULL;
}

int bls_expand(const char *value, const LoaderVariable *variables, size_t n, char **ret)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return -ENOMEM;
        while (*value) {
                size_t length = strcspn(value, "$");
                const char *v;

                fprintf(f, "%.*s", (int) length, value);
                value += length;
                if (*value != '$')
                        break;
                length = name_length(++value);
                v = variable_value(variables, n, value, length);
                value += length;
                if (v)
                        fprintf(f, "%s ", v);
                if (*value == ' ')
                        value++;
        }
        if (fclose(f) != 0)
                return -ENOMEM;
        *ret = TAKE_PTR(text);
        return 0;
}

int bls_arguments(const BlsEntry *e, BlsReader reader, const LoaderVariable *variables, size_t n, Kargs *ret)
{
        _cleanup_free_ char *all = NULL, *expanded = NULL;
        const BlsField *f;
        size_t from = 0, size;
        FILE *stream;
        int r;

        if (reader == BLS_GRUB) {
                const char *options = bls_value(e, reader, KEY_OPTIONS);

                options = options ?: variable_value(variables, n, DEFAULT_OPTIONS, strlen(DEFAULT_OPTIONS)) ?: "";
                r = bls_expand(options, variables, n, &expanded);
                return r < 0 ? r : kargs_parse(expanded, ret);
        }
        stream = open_memstream(&all, &size);
        if (!stream)
                return -ENOMEM;
        while ((f = next_field(e, reader, KEY_OPTIONS, &from)))
                fprintf(stream, "%s ", f->value);
        if (fclose(stream) != 0)
                return -ENOMEM;
        return kargs_parse(all, ret);
}

bool bls_options_use(const BlsEntry *e, BlsReader reader, const char *name)
{
        const char *p = reader == BLS_GRUB ? bls_value(e, reader, KEY_OPTIONS) : NULL;

        for (; p && (p = strchr(p, '$')); p++)
                if (name_length(p + 1) == strlen(name) && startswith(p + 1, name))
                        return true;
        return false;
}

/* The line that has the arguments, else the first. */
static unsigned options_line(const BlsEntry *e, BlsReader reader)
{
        size_t from = 0;
        const BlsField *f = next_field(e, reader, KEY_OPTIONS, &from);

        return f ? f->line : 1;
}

/* A variable of the options of which GRUB alone knows what it has. *ret stays NULL: none. */
static int find_untold(const BlsEntry *e, BlsReader reader, const LoaderVariable *variables, size_t n, char **ret)
{
        const char *options = bls_value(e, reader, KEY_OPTIONS);

        FOREACH_ARRAY(v, variables, reader == BLS_GRUB ? n : 0)
                if (v->state == VARIABLE_CANNOT_TELL &&
                    (options ? bls_options_use(e, reader, v->name) : streq(v->name, DEFAULT_OPTIONS)))
                        return string_printf(ret, "$%s", v->name);
        return 0;
}

int bls_boot_entry(const BlsEntry *e, BlsReader reader, const char *name, const char *path,
                   const LoaderVariable *variables, size_t n, BootEntry *ret)
{
        const char *title = bls_value(e, reader, "title"), *kernel = bls_value(e, reader, "linux"),
                   *version = bls_value(e, reader, "version");
        int r = string_copy(title ?: (reader == BLS_GRUB ? kernel : version) ?: name, &ret->title);

        if (r >= 0)
                r = string_copy(kernel, &ret->kernel);
        if (r >= 0)
                r = string_copy(version, &ret->version);
        if (r >= 0)
                r = string_copy(path, &ret->file);
        if (r >= 0)
                r = bls_initrds(e, reader, &ret->early, &ret->initrd);
        if (r >= 0)
                r = bls_arguments(e, reader, variables, n, &ret->arguments);
        if (r >= 0)
                r = find_untold(e, reader, variables, n, &ret->untold);
        if (r < 0)
                return r;
        ret->line = options_line(e, reader);
        return 0;
}

char *bls_drop_line(const char *text, const BlsField *f)
{
        size_t start = f->key_end, end = f->end;

        while (start > 0 && text[start - 1] != '\n')
                start--;
        if (text[end] == '\n')
                end++;
        else if (start > 0)
                start--;
        return text_splice(text, start, end, "");
}

/* Edits one options line. Returns 1: it is another one now; 0; as cmdline_edit(). */
static int edit_line(char **text, const BlsField *f, const CmdlineEdit *edit)
{
        _cleanup_free_ char *old = strndup(*text + f->key_end, f->end - f->key_end), *options = NULL;
        char *longer;
        int r = old ? cmdline_edit(old, CMDLINE_BEHIND_KEY, edit, &options) : -ENOMEM;

        if (r < 0 || streq(old, options))
                return r;
        longer = options[strspn(options, " \t\r")] ? text_splice(*text, f->key_end, f->end, options)
                                                   : bls_drop_line(*text, f);
        if (!longer)
                return -ENOMEM;
        free(*text);
        *text = longer;
        return 1;
}

/* One word goes from the first line that has it: there it was added. */
static int take_word(char **text, char *word)
{
        _cleanup_(bls_entry_done) BlsEntry e = {};
        const Kargs one = { .words = { .items = &word, .n = 1 } };
        const BlsField *f;
        size_t from = 0;
        int r = bls_parse(*text, &e);

        while (r == 0 && (f = next_field(&e, BLS_SYSTEMD, KEY_OPTIONS, &from)))
                r = edit_line(text, f, &(CmdlineEdit){ .take = &one });
        return r;
}

/* From the last line to the first: then the places of those before stay. */
static int remove_and_add(char **text, const CmdlineEdit *edit)
{
        _cleanup_(bls_entry_done) BlsEntry e = {};
        size_t from = 0;
        const BlsField *first;
        int r = bls_parse(*text, &e);

        if (r < 0)
                return r;
        first = next_field(&e, BLS_GRUB, KEY_OPTIONS, &from);
        for (size_t i = e.n; i-- > 0 && r >= 0;) {
                const BlsField *f = e.fields + i;
                const CmdlineEdit here = { .remove = edit->remove, .add = f == first ? edit->add : NULL };

                if (f->value && streq(f->key, KEY_OPTIONS))
                        r = edit_line(text, f, &here);
        }
        return r;
}

/* A new line behind the last one that GRUB reads, in the way of this file: with a final newline or without. */
static int add_options(char **text, const Kargs *add, const char *base)
{
        _cleanup_(bls_entry_done) BlsEntry e = {};
        _cleanup_free_ char *words = kargs_print(add), *line = NULL;
        size_t end = 0;
        char *longer;
        int r = words ? bls_parse(*text, &e) : -ENOMEM;

        if (r < 0 || bls_value(&e, BLS_GRUB, KEY_OPTIONS))
                return r;
        FOREACH_ARRAY(f, e.fields, e.n)
                if (f->seen_by_grub)
                        end = f->end;
        /* in front of everything where there is nothing that any reader could boot */
        r = string_printf(&line, "%s" KEY_OPTIONS " %s%s%s%s", end > 0 ? "\n" : "", base ?: "", base ? " " : "", words,
                          end > 0 ? "" : "\n");
        if (r < 0)
                return -ENOMEM;
        longer = text_splice(*text, end, end, line);
        if (!longer)
                return -ENOMEM;
        free(*text);
        *text = longer;
        return 0;
}

int bls_edit(const char *text, const CmdlineEdit *edit, const char *base, char **ret)
{
        _cleanup_free_ char *s = strdup(text);
        int r = s ? 0 : -ENOMEM;

        if (edit->take)
                for (size_t i = 0; i < edit->take->words.n && r >= 0; i++)
                        r = take_word(&s, edit->take->words.items[i]);
        if (r >= 0)
                r = remove_and_add(&s, edit);
        if (r >= 0 && edit->add && edit->add->words.n > 0)
                r = add_options(&s, edit->add, base);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

int bls_replace_variable(const char *text, const char *name, const char *value, char **ret)
{
        _cleanup_(bls_entry_done) BlsEntry e = {};
        _cleanup_free_ char *new = NULL;
        size_t from = 0, done = 0, size;
        const BlsField *f;
        FILE *stream;
        int r = bls_parse(text, &e);

        if (r < 0)
                return r;
        f = next_field(&e, BLS_GRUB, KEY_OPTIONS, &from);
        stream = open_memstream(&new, &size);
        if (!stream)
                return -ENOMEM;
        for (size_t i = f ? f->key_end : 0; f && i < f->end; i++)
                if (text[i] == '$' && name_length(text + i + 1) == strlen(name) && startswith(text + i + 1, name)) {
                        fprintf(stream, "%.*s%s", (int) (i - done), text + done, value);
                        done = i + 1 + strlen(name);
                }
        fputs(text + done, stream);
        if (fclose(stream) != 0)
                return -ENOMEM;
        *ret = TAKE_PTR(new);
        return 0;
}

/* Numbers without leading zeros: the longer one is greater. */
static int compare_numbers(const char *a, size_t n, const char *b, size_t m)
{
        while (n > 0 && *a == '0') {
                a++;
                n--;
        }
        while (m > 0 && *b == '0') {
                b++;
                m--;
        }
        return n != m ? (n > m ? 1 : -1) : memcmp(a, b, n);
}

static size_t span_of(const char *s, int (*in)(int))
{
        size_t n = 0;

        while (in((unsigned char) s[n]))
                n++;
        return n;
}

int bls_compare(const char *a, const char *b)
{
        while (*a || *b) {
                bool digits;
                size_t n, m;
                int c;

                while (*a && !isalnum((unsigned char) *a) && *a != '~')
                        a++;
                while (*b && !isalnum((unsigned char) *b) && *b != '~')
                        b++;
                if (*a == '~' || *b == '~') { /* before a release */
                        if (*a != *b)
                                return *a == '~' ? -1 : 1;
                        a++;
                        b++;
                        continue;
                }
                if (!*a || !*b)
                        break;
                digits = isdigit((unsigned char) *a);
                if (digits != !!isdigit((unsigned char) *b))
                        return digits ? 1 : -1; /* rpmvercmp(): a number is newer than a word */
                n = span_of(a, digits ? isdigit : isalpha);
                m = span_of(b, digits ? isdigit : isalpha);
                c = digits ? compare_numbers(a, n, b, m) : memcmp(a, b, MIN(n, m));
                if (c != 0)
                        return c;
                if (!digits && n != m)
                        return n > m ? 1 : -1;
                a += n;
                b += m;
        }
        return *a ? 1 : *b ? -1 : 0;
}

bool bls_options_plain(const char *text)
{
        size_t n_lines = 0;

        for (const char *line = text; *line;) {
                size_t n = strcspn(line, "\n");
                const char *value = startswith(line, "options ");

                if (strspn(line, " \t") > 0 || startswith(line, "options\t") || (value && line[n] == 0))
                        return false;
                for (const char *p = value; p && p < line + n; p++)
                        if (*p == '\t' || *p == '\r' || (*p == ' ' && (p == value || p[1] == ' ' || p[1] == '\n')))
                                return false;
                n_lines += value != NULL;
                line += n + (line[n] != 0);
        }
        return n_lines == 1;
}

static int take_out_of_entry(const char *text, const OwnedWords *words, char **ret)
{
        _cleanup_(kargs_done) Kargs taken = {};
        _cleanup_free_ char *without = strdup(text);
        int r = without ? 0 : -ENOMEM;

        for (size_t i = 0; i < words->n && r >= 0; i++) {
                const OwnedWord *w = words->items + i;
                char *shorter;

                if (!streq(w->place, BLS_PLACE_INITRD)) {
                        r = string_list_add(&taken.words, w->word);
                        continue;
                }
                r = bls_edit_early(without, BLS_SYSTEMD, path_base(w->word), NULL, &shorter);
                if (r >= 0) {
                        free(without);
                        without = shorter;
                }
        }
        return r < 0 ? r : bls_edit(without, &(CmdlineEdit){ .take = &taken }, NULL, ret);
}

const OwnedFormat owned_bls = { "bls", take_out_of_entry };
