/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/check.h"
#include "core/explain.h"
#include "output.h"
#include "verb.h"

static int list_checks(void)
{
        FOREACH_ARRAY(c, check_table, check_table_n)
                printf("%-18s %s\n", c->id, c->title);
        return print_text("\n\"ptprep explain ID\" prints what a check means and how to cure what it finds.\n");
}

int verb_explain(const Options *o)
{
        _cleanup_(check_documents_done) CheckDocuments documents = {};
        const char *text;
        int r;

        if (o->n_arguments == 0)
                return list_checks();
        r = check_documents_load(&documents);
        if (r < 0)
                return complain("reading the documents", r);
        text = check_document(&documents, o->arguments[0]);
        if (text)
                return print_text(text);
        tell("there is no check \"%s\"; \"ptprep explain\" lists them", o->arguments[0]);
        return EXIT_USAGE;
}
