/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transaction.h"

#include <sys/stat.h>

#include "text.h"

#define KEPT "kept "

void transaction_done(Transaction *t)
{
        string_list_done(&t->leftovers);
        FOREACH_ARRAY(k, t->kept, t->n_kept) {
                free(k->path);
                free(k->old_at);
                free(k->in_place);
        }
        free(t->kept);
        *t = (Transaction){};
}

const char *in_place_print(const struct stat *st, char buf[static IN_PLACE_MAX])
{
        if (!st)
                return strcpy(buf, "-");
        (void) snprintf(buf, IN_PLACE_MAX, "%lld:%lld", (long long) st->st_size, (long long) st->st_mtim.tv_sec / 2);
        return buf;
}

bool in_place_differs(const char *noted, const struct stat *st)
{
        char now[IN_PLACE_MAX];

        return noted && !streq(noted, in_place_print(st, now));
}

int transaction_keep(Transaction *t, const char *path, const char *old_at, const char *in_place)
{
        KeptFile *k = array_grow(&t->kept, t->n_kept);

        if (!k)
                return -ENOMEM;
        t->n_kept++;
        k->path = strdup(path);
        k->old_at = strdup(old_at);
        k->in_place = in_place ? strdup(in_place) : NULL;
        return k->path && k->old_at && (k->in_place || !in_place) ? 0 : -ENOMEM;
}

static int parse_line(char *line, Transaction *t)
{
        char *rest = (char *) startswith(line, KEPT), *tab = rest ? strchr(rest, '\t') : NULL;

        if (tab) {
                char *last = strrchr(tab + 1, '\t');

                *tab = 0;
                if (last && last[1 + strspn(last + 1, "-:0123456789")] == 0)
                        *last++ = 0;
                else
                        last = NULL;
                return transaction_keep(t, tab + 1, rest, last);
        }
        return line[0] == '/' ? string_list_add(&t->leftovers, line) : 0;
}

int transaction_parse(const char *text, Transaction *ret)
{
        Transaction t = {};

        for (const char *p = text ?: ""; *p; p = text_next_line(p)) {
                _cleanup_free_ char *line = strndup(p, strcspn(p, "\n"));
                int r = line ? parse_line(line, &t) : -ENOMEM;

                if (r < 0) {
                        transaction_done(&t);
                        return r;
                }
        }
        *ret = t;
        return 0;
}

char *transaction_print(const Transaction *t)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        FOREACH_ARRAY(k, t->kept, t->n_kept)
                fprintf(f, KEPT "%s\t%s%s%s\n", k->old_at, k->path, k->in_place ? "\t" : "", k->in_place ?: "");
        FOREACH_ARRAY(name, t->leftovers.items, t->leftovers.n)
                fprintf(f, "%s\n", *name);
        if (fclose(f) == 0)
                return text;
        free(text);
        return NULL;
}
