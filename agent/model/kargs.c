/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kargs.h"

#include <ctype.h>

#include "base/text.h"

void kargs_done(Kargs *k)
{
        string_list_done(&k->words);
}

int kargs_parse(const char *s, Kargs *ret)
{
        _cleanup_(kargs_done) Kargs k = {};

        for (;;) {
                const char *begin;
                bool quoted = false;
                int r;

                while (isspace((unsigned char) *s))
                        s++;
                if (*s == '\0')
                        break;
                for (begin = s; *s != '\0' && (quoted || !isspace((unsigned char) *s)); s++)
                        if (*s == '"')
                                quoted = !quoted;
                r = string_list_addf(&k.words, "%.*s", (int) (s - begin), begin);
                if (r < 0)
                        return r;
        }
        *ret = k;
        k = (Kargs){};
        return 0;
}

char *kargs_print(const Kargs *k)
{
        size_t size = 1;
        char *text, *p;

        FOREACH_ARRAY(w, k->words.items, k->words.n)
                size += strlen(*w) + 1;
        text = p = malloc(size);
        if (!text)
                return NULL;
        FOREACH_ARRAY(w, k->words.items, k->words.n) {
                if (p != text)
                        *p++ = ' ';
                p = stpcpy(p, *w);
        }
        *p = '\0';
        return text;
}

static bool key_char_equal(char a, char b)
{
        return (a == '-' ? '_' : a) == (b == '-' ? '_' : b);
}

/* The text behind the key: it begins with '=' or is empty. NULL: another key. A quote in front belongs to the whole
 * word. */
static const char *after_key(const char *word, const char *key, size_t n)
{
        if (*word == '"')
                word++;
        for (size_t i = 0; i < n; i++)
                if (word[i] == '\0' || !key_char_equal(word[i], key[i]))
                        return NULL;
        return word[n] == '=' || word[n] == '\0' ? word + n : NULL;
}

size_t kargs_of_kernel(const Kargs *k)
{
        for (size_t i = 0; i < k->words.n; i++)
                if (streq(k->words.items[i], "--"))
                        return i;
        return k->words.n;
}

const char *karg_value(const char *word, const char *key)
{
        const char *rest = after_key(word, key, strlen(key));

        return rest && *rest == '=' ? rest + 1 : NULL;
}

bool kargs_has(const Kargs *k, const char *word)
{
        size_t n = strcspn(word, "=");

        FOREACH_ARRAY(w, k->words.items, kargs_of_kernel(k)) {
                const char *rest = after_key(*w, word, n);

                if (rest && streq(rest, word + n))
                        return true;
        }
        return false;
}

const char *kargs_next(const Kargs *k, const char *key, size_t *from)
{
        size_t n = kargs_of_kernel(k);

        while (*from < n) {
                const char *rest = after_key(k->words.items[(*from)++], key, strlen(key));

                if (rest)
                        return *rest == '=' ? rest + 1 : rest;
        }
        return NULL;
}

bool karg_next_member(const char **p, const char **ret, size_t *ret_size)
{
        *p += strspn(*p, ",\"");
        if (**p == '\0')
                return false;
        *ret = *p;
        *ret_size = strcspn(*p, ",\"");
        *p += *ret_size;
        return true;
}

/* Memory for a copy of the value without its quotes. The kernel cuts them off before any parser sees it. */
static char *unquoted(const char *value)
{
        char *copy = malloc(strlen(value) + 1), *p = copy;

        if (!copy)
                return NULL;
        for (; *value; value++)
                if (*value != '"')
                        *p++ = *value;
        *p = '\0';
        return copy;
}

/* Drops each member of a comma list that begins so, in place. false: there was none. */
static bool drop_members(char *list, const char *unwanted)
{
        const char *p = list, *member;
        char *to = list;
        bool had = false;
        size_t n;

        while (karg_next_member(&p, &member, &n)) {
                if (startswith(member, unwanted)) {
                        had = true;
                        continue;
                }
                if (to != list)
                        *to++ = ',';
                memmove(to, member, n);
                to += n;
        }
        *to = '\0';
        return had;
}

int karg_without(const char *word, const char *remove, char **ret)
{
        size_t n = strcspn(remove, "=");
        _cleanup_free_ char *left = NULL;

        if (*word == '"')
                word++; /* around the whole word */
        /* the key with its '=', compared as parameq() does */
        for (size_t i = 0; i <= n; i++)
                if (!key_char_equal(word[i], remove[i]))
                        return 0;
        left = unquoted(word + n + 1);
        if (!left)
                return -ENOMEM;
        if (!drop_members(left, remove + n + 1))
                return 0;
        if (ret) {
                const char *quote = left[strcspn(left, " \t\n\v\f\r")] ? "\"" : "";
                char *shorter = NULL;

                if (*left && string_printf(&shorter, "%.*s%s%s%s", (int) n + 1, word, quote, left, quote) < 0)
                        return -ENOMEM;
                *ret = shorter;
        }
        return 1;
}

bool karg_is_plain(const char *word)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,:=/@+-";

        return *word && word[strspn(word, plain)] == 0;
}
