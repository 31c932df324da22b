/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "core/check.h"
#include "core/explain.h"
#include "document.h"
#include "output.h"
#include "run.h"
#include "verb.h"

static int list_checks(void)
{
        FOREACH_ARRAY(c, check_table, check_table_n)
                printf("%-18s %s\n", c->id, c->title);
        return print_text("\n\"ptprep explain ID\" prints what a check means and how to cure what it finds.\n");
}

static int no_such_check(const char *given)
{
        TextGuess g = { .given = given };

        FOREACH_ARRAY(c, check_table, check_table_n)
                text_guess(&g, c->id);
        if (g.name)
                tell("there is no check \"%s\", did you mean \"%s\"?", given, g.name);
        else
                tell("there is no check \"%s\"; \"ptprep explain\" lists them", given);
        return EXIT_USAGE;
}

/* @id: NULL: all of them. */
static int print_json(const CheckDocuments *documents, const char *id)
{
        _cleanup_json_ struct json_object *o = NULL;
        _cleanup_close_ int rfd = -EBADF;
        bool live;
        int r;

        rfd = run_open_root("/", &live);
        if (rfd < 0)
                return EXIT_IO;
        r = document_begin(rfd, live, "explain", EXPLAIN_VERSION, &o);
        if (r >= 0)
                r = explain_json(documents, id, o);
        return r < 0 ? complain("writing", r) : document_print(o);
}

int verb_explain(const Options *o)
{
        _cleanup_(check_documents_done) CheckDocuments documents = {};
        const char *id = o->n_arguments > 0 ? o->arguments[0] : NULL, *text;
        int r;

        if (!id && !options_json(o))
                return list_checks();
        r = check_documents_load(&documents);
        if (r < 0)
                return complain("reading the documents", r);
        text = id ? check_document(&documents, id) : NULL;
        if (id && !text)
                return no_such_check(id);
        return options_json(o) ? print_json(&documents, id) : print_text(text);
}
