/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "grub/format/grub-parser.h"

/* Commands of GRUB's script that set variables, the default entry among them. */

static int note_default(GrubParser *p, const GrubWord *w)
{
        const char *value = p->counting > 0 ? NULL : startswith(w->text, "default=");

        if (value && (streq(value, "${next_entry}") || streq(value, "$next_entry"))) /* 00_header.in of GRUB */
                p->takes_next = true;
        else if (value && p->conditional == 0)
                p->takes_next = false;
        if (value && (streq(value, "${saved_entry}") || streq(value, "$saved_entry")))
                value = (p->env ? grubenv_value(p->env, "saved_entry") : NULL) ?: "";
        else if (!value || w->expands)
                return 0;
        return string_replace(&p->chosen, value);
}

GrubVariables *grub_scope_of(GrubParser *p)
{
        return p->entry_depth > 0 ? &p->local : p->global;
}

/* The first pass sets those of all entries. A submenu is run when somebody opens it, or never. */
static bool may_set(const GrubParser *p)
{
        return p->first ? p->entry_depth == 0 : p->entry_depth > 0;
}

int grub_set_variable(GrubParser *p, const GrubWord *w)
{
        const GrubScope scope = grub_scope(p);
        const size_t n = strcspn(w->text, "=");
        _cleanup_(string_list_done) StringList value = {};
        _cleanup_free_ char *untold = NULL;
        GrubWord rest = *w;
        int r;

        if (w->text[n] != '=' || n == 0 || !may_set(p))
                return 0;
        rest.text += n + 1;
        rest.splits = false; /* as a word of "set" it is one in any case that matters here */
        r = grub_word_expand(&rest, &scope, &value, &untold);
        if (r < 0)
                return r;
        return grub_variables_set(grub_scope_of(p), w->text, n, untold ? NULL : value.items[0],
                                  p->conditional == 0 && p->level == 0);
}

int grub_run_set(GrubParser *p, const GrubCommand *c)
{
        int r = note_default(p, c->words + 1);

        return r < 0 ? r : grub_set_variable(p, c->words + 1);
}

/* Of these names, or behind these options, nobody else can tell what they have afterwards. */
static int set_unknown(GrubParser *p, const char *name)
{
        return may_set(p) && *name ? grub_variables_set(grub_scope_of(p), name, strlen(name), NULL, true) : 0;
}

int grub_run_names(GrubParser *p, const GrubCommand *c)
{
        int r = 0;

        for (size_t i = 1; i < c->n && r >= 0; i++)
                r = set_unknown(p, c->words[i].text);
        return r;
}

/* "for NAME in ..." */
int grub_run_for(GrubParser *p, const GrubCommand *c)
{
        return set_unknown(p, c->words[1].text);
}

/* "--set=NAME", "--set NAME", "-s NAME", "--set=1:NAME" */
int grub_run_options(GrubParser *p, const GrubCommand *c)
{
        int r = 0;

        for (size_t i = 1; i < c->n && r >= 0; i++) {
                const char *word = c->words[i].text, *name = startswith(word, "--set="), *colon;

                if (!name && i + 1 < c->n && (streq(word, "--set") || streq(word, "-s")))
                        name = c->words[i + 1].text;
                colon = name ? strchr(name, ':') : NULL;
                r = name ? set_unknown(p, colon ? colon + 1 : name) : 0;
        }
        return r;
}

int grub_run_export(GrubParser *p, const GrubCommand *c)
{
        int r = 0;

        for (size_t i = 1; i < c->n && p->first && r >= 0; i++) {
                const char *name = c->words[i].text;
                const size_t n = strcspn(name, "=");

                if (!grub_variables_find(p->global, name, n))
                        r = grub_variables_set(p->global, name, n, NULL, true);
                if (r >= 0 && grub_variables_find(p->global, name, n))
                        grub_variables_find(p->global, name, n)->exported = true;
        }
        return r;
}

/* The name of a file beside the configuration; NULL: it is somewhere else. */
static const char *name_beside(const char *path)
{
        static const char *const directories[] = { "$prefix/", "${prefix}/", "$config_directory/",
                                                   "${config_directory}/" };

        FOREACH_ARRAY(d, directories, ELEMENTSOF(directories)) {
                const char *name = startswith(path, *d);

                if (name && *name && !strchr(name, '$'))
                        return name;
        }
        return NULL;
}

/* @ret: it has been run already. NULL: it is not known. */
static const GrubSource *find_source(GrubParser *p, const char *name, bool *ret)
{
        for (size_t i = 0; name && p->sources && i < p->sources->n; i++)
                if (streq(p->sources->items[i].name, name)) {
                        *ret = p->ran & (1U << i);
                        p->ran |= 1U << i;
                        return p->sources->items + i;
                }
        return NULL;
}

int grub_run_source(GrubParser *p, const GrubCommand *c)
{
        const char *name = c->n > 1 ? name_beside(c->words[1].text) : NULL;
        const GrubSource *s;
        bool ran = false;

        if (p->named && name && !string_list_contains(p->named, name) && string_list_add(p->named, name) < 0)
                return -ENOMEM;
        s = p->depth == 0 ? find_source(p, name, &ran) : NULL;
        if (s)
                return ran ? 0 : grub_run_text(p, s);
        if (may_set(p))
                grub_variables_forget(grub_scope_of(p));
        return 0;
}

/* GRUB does this only where there is something in the block, so that a condition around it is no matter. */
int grub_run_load_env(GrubParser *p, const GrubCommand *c)
{
        int r = 0;

        if (!may_set(p))
                return 0;
        for (size_t i = 1; i < c->n; i++)
                if (startswith(c->words[i].text, "-")) /* of another file */
                        return grub_run_source(p, c);
        if (!p->env) /* it may be there for GRUB */
                return grub_run_source(p, c);
        FOREACH_ARRAY(v, p->env->variables, p->env->n) {
                bool named = c->n == 1;

                for (size_t i = 1; i < c->n; i++)
                        named |= streq(c->words[i].text, v->name);
                if (named && r >= 0)
                        r = grub_variables_set(grub_scope_of(p), v->name, strlen(v->name), v->value, true);
        }
        return r;
}
