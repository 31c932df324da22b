/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transaction.h"

#include "text.h"

#define KEPT "kept "

void transaction_done(Transaction *t)
{
        string_list_done(&t->leftovers);
        FOREACH_ARRAY(k, t->kept, t->n_kept) {
                free(k->path);
                free(k->old_at);
        }
        free(t->kept);
        *t = (Transaction){};
}

int transaction_keep(Transaction *t, const char *path, const char *old_at)
{
        KeptFile *k = array_grow(&t->kept, t->n_kept);

        if (!k)
                return -ENOMEM;
        t->n_kept++;
        k->path = strdup(path);
        k->old_at = strdup(old_at);
        return k->path && k->old_at ? 0 : -ENOMEM;
}

static int parse_line(char *line, Transaction *t)
{
        char *rest = (char *) startswith(line, KEPT), *tab = rest ? strchr(rest, '\t') : NULL;

        if (tab) {
                *tab = 0;
                return transaction_keep(t, tab + 1, rest);
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
                fprintf(f, KEPT "%s\t%s\n", k->old_at, k->path);
        FOREACH_ARRAY(name, t->leftovers.items, t->leftovers.n)
                fprintf(f, "%s\n", *name);
        if (fclose(f) == 0)
                return text;
        free(text);
        return NULL;
}
