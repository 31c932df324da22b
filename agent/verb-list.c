/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "core/device-select.h"
#include "core/list.h"
#include "model/device-kind.h"
#include "output.h"
#include "probe/probe.h"
#include "select.h"
#include "verb.h"

static int no_such_class(const char *given)
{
        TextGuess g = { .given = given };
        const char *name;

        for (size_t i = 0; (name = device_kind_name(i)); i++)
                text_guess(&g, name);
        if (g.name)
                tell("there is no class \"%s\", did you mean \"%s\"?", given, g.name);
        else
                tell("there is no class \"%s\"; ptprep(8) has the words, below list", given);
        return EXIT_USAGE;
}

/* Marks what all of the words on the command line mean, and of that what has the class. Returns an exit code. */
static int choose(const Options *o, const Run *run, bool *chosen)
{
        const DeviceKind *kind = o->class ? device_kind_by_name(o->class) : NULL;
        const Facts *f = &run->facts;

        if (o->class && !kind)
                return no_such_class(o->class);
        for (size_t i = 0; i < f->n_functions; i++)
                chosen[i] = o->n_arguments == 0;
        FOREACH_ARRAY(text, o->arguments, o->n_arguments) {
                _cleanup_(device_selection_done) DeviceSelection s = {};
                int r = device_select(f, &run->config, *text, &s);

                if (r < 0)
                        return complain("looking for the device", r);
                if (s.n == 0)
                        return tell_selection(f, &s, *text);
                FOREACH_ARRAY(i, s.items, s.n)
                        chosen[*i] = true;
        }
        for (size_t i = 0; i < f->n_functions; i++)
                chosen[i] = chosen[i] && (!kind || device_kind_has(kind, f->functions[i].class));
        return EXIT_READY;
}

static int print_list(const Options *o, const ListView *view)
{
        Printer p = stdout_printer();
        int r;

        if (options_json(o))
                r = list_json(&p, view);
        else
                r = o->quiet ? list_addresses(&p, view) : list_text(&p, view);
        return print_result("writing the list", r);
}

int verb_list(const Options *o)
{
        _cleanup_close_ int rfd = -EBADF;
        _cleanup_(run_done) Run run;
        _cleanup_free_ bool *chosen = NULL;
        _cleanup_(verdict_context_freep) VerdictContext *context = NULL; /* goes before the facts */
        bool live = false;
        int code, r;

        run_init(&run);
        rfd = run_open_root(o->root, &live);
        if (rfd < 0)
                return EXIT_USAGE;
        code = select_load(&run, rfd, FACTS_THIS_BOOT | (live ? FACTS_LIVE : 0));
        if (code != EXIT_READY)
                return code;
        r = verdict_context_new(&run.facts, &run.wanted, &context);
        chosen = r < 0 ? NULL : calloc(run.facts.n_functions + 1, sizeof(*chosen));
        if (!chosen)
                return complain("judging the machine's state", -ENOMEM);
        code = choose(o, &run, chosen);
        if (code != EXIT_READY)
                return code;
        return print_list(o, &(ListView){ .facts = &run.facts,
                                          .context = context,
                                          .wanted = &run.wanted,
                                          .chosen = o->class || o->n_arguments > 0 ? chosen : NULL,
                                          .tree = o->tree,
                                          .verbose = o->verbose });
}
