/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/grub-target.h"

#include "base/text.h"

const GrubTarget grub_targets[GRUB_TARGETS] = {
        { VAR_ALL, VAR_NORMAL, NULL, NULL },
        { VAR_ALL, VAR_NORMAL, VAR_XEN_ALL, VAR_XEN_NORMAL },
};

/* Does a line, comments aside, have "NAME=", "NAME+=" or "NAME:=" somewhere? */
static bool line_assigns(const char *line, size_t n, const char *name)
{
        size_t length = strlen(name);

        for (size_t i = strspn(line, " \t"); i + length < n && line[i] != '#';) {
                size_t word = span_name(line + i);

                if (word == length && memcmp(line + i, name, length) == 0) {
                        const char *behind = line + i + length;

                        if (behind[*behind == '+' || *behind == ':'] == '=')
                                return true;
                }
                i += MAX(word, (size_t) 1);
        }
        return false;
}

bool draft_assigns(const Draft *d, const char *name)
{
        FOREACH_ARRAY(f, d->files, d->n)
                for (const char *line = f->text; *line;) {
                        size_t n = strcspn(line, "\n");

                        if (line_assigns(line, n, name))
                                return true;
                        line += n + (line[n] == '\n');
                }
        return false;
}

/* The name that is taken in an entry of this kind; NULL value: unset. */
static const LoaderVariable *target_variable(const Draft *d, const ShellState *s, const char *name, const char *instead,
                                             const char **ret_name)
{
        const LoaderVariable *v = instead && draft_assigns(d, instead) ? shell_variable(s, instead) : NULL;

        if (v && (v->state == VARIABLE_CANNOT_TELL || (v->value && *v->value))) {
                *ret_name = instead;
                return v;
        }
        *ret_name = name;
        return shell_variable(s, name);
}

int grub_target_arguments(const Draft *d, const GrubTarget *t, Kargs *ret, const char **ret_normal, bool *ret_known)
{
        _cleanup_(shell_state_done) ShellState state = {};
        const LoaderVariable *all, *normal;
        _cleanup_free_ char *line = NULL;
        const char *name;
        int r = shell_eval(d->files, d->n, d->dialect, &state);

        if (r < 0)
                return r;
        all = target_variable(d, &state, t->all, t->all_instead, &name);
        normal = target_variable(d, &state, t->normal, t->normal_instead, ret_normal);
        *ret_known = !state.broken && !(all && all->state == VARIABLE_CANNOT_TELL) &&
                     !(normal && normal->state == VARIABLE_CANNOT_TELL);
        if (string_printf(&line, "%s %s", all && all->value ? all->value : "",
                          normal && normal->value ? normal->value : "") < 0)
                return -ENOMEM;
        return kargs_parse(line, ret);
}

int draft_arguments(const Draft *d, Kargs *ret, bool *ret_known)
{
        const char *normal;
        bool known;
        int r = grub_target_arguments(d, grub_targets, ret, &normal, &known);

        if (r >= 0 && ret_known)
                *ret_known = known;
        return r;
}
