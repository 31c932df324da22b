/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/grubenv.h"

#include <stdarg.h>

#include "base/text.h"
#include "grub/format/ownership.h"

#define SIGNATURE "# GRUB Environment Block\n"

static void variable_done(LoaderVariable *v)
{
        free(v->name);
        free(v->value);
        *v = (LoaderVariable){};
}

void grubenv_done(GrubEnv *e)
{
        FOREACH_ARRAY(v, e->variables, e->n)
                variable_done(v);
        free(e->variables);
        free(e->problem);
        *e = (GrubEnv){};
}

/* The first problem is the one that is told. */
static int _printf_(2, 3) note_problem(GrubEnv *e, const char *format, ...)
{
        va_list ap;
        int r;

        if (e->problem)
                return 0;
        va_start(ap, format);
        r = string_vprintf(&e->problem, format, ap);
        va_end(ap);
        return r;
}

/* The newline that ends a value; escaped ones do not. @size: when there is none. */
static size_t value_end(const char *text, size_t from, size_t size)
{
        while (from < size && text[from] != '\n')
                from += text[from] == '\\' ? 2 : 1;
        return MIN(from, size);
}

static char *unescape(const char *text, size_t n)
{
        char *s = malloc(n + 1), *p = s;

        if (!s)
                return NULL;
        for (size_t i = 0; i < n; i++) {
                if (text[i] == '\\' && i + 1 < n)
                        i++;
                *p++ = text[i];
        }
        *p = '\0';
        return s;
}

/* @start, @end: NAME=VALUE without its newline. */
static int add_variable(GrubEnv *e, const char *text, size_t start, size_t equals, size_t end, unsigned line)
{
        LoaderVariable *v = array_grow(&e->variables, e->n);

        if (!v)
                return -ENOMEM;
        *v = (LoaderVariable){ .name = strndup(text + start, equals - start),
                               .value = unescape(text + equals + 1, end - equals - 1),
                               .state = VARIABLE_KNOWN,
                               .line = line,
                               .start = equals + 1,
                               .end = end };
        e->n++;
        return v->name && v->value ? 0 : -ENOMEM;
}

/* The padding: nothing but '#' up to the end. */
static bool is_padding(const char *text, size_t from, size_t size)
{
        while (from < size && text[from] == '#')
                from++;
        return from == size;
}

static int parse_lines(const char *text, size_t size, GrubEnv *e)
{
        unsigned line = 2;
        int r = 0;

        for (size_t i = strlen(SIGNATURE); i < size && r >= 0; line++) {
                size_t end = value_end(text, i, size), equals = i + strcspn(text + i, "=\n");

                if (text[i] == '#') {
                        if (is_padding(text, i, size))
                                return 0;
                        if (end == size || text[end + 1] == '\n' || end + 1 == size)
                                return note_problem(e, "is padded with something else than '#'");
                } else if (equals >= end || text[equals] != '=')
                        /* GRUB would take the lines that follow for a part of this name */
                        return note_problem(e, "has no NAME=VALUE in line %u", line);
                else if (end == size)
                        return note_problem(e, "ends within the variable in line %u", line);
                else
                        r = add_variable(e, text, i, equals, end, line);
                i = end + 1;
        }
        return r;
}

int grubenv_parse(const char *text, size_t size, GrubEnv *ret)
{
        _cleanup_(grubenv_done) GrubEnv e = {};
        int r = 0;

        if (size != GRUBENV_SIZE)
                r = note_problem(&e, "is %zu bytes long, not %u", size, GRUBENV_SIZE);
        if (r >= 0 && strlen(text) != size)
                r = note_problem(&e, "has a NUL byte in it");
        if (r >= 0 && !startswith(text, SIGNATURE))
                r = note_problem(&e, "does not begin with \"# GRUB Environment Block\"");
        else if (r >= 0)
                r = parse_lines(text, strlen(text), &e);
        if (r < 0)
                return r;
        *ret = e;
        e = (GrubEnv){};
        return 0;
}

static const LoaderVariable *find(const GrubEnv *e, const char *name)
{
        for (size_t i = e->n; i-- > 0;)
                if (streq(e->variables[i].name, name))
                        return e->variables + i;
        return NULL;
}

const char *grubenv_value(const GrubEnv *e, const char *name)
{
        const LoaderVariable *v = find(e, name);

        return v ? v->value : NULL;
}

/* NAME=VALUE and the newline, escaped. */
static char *print_variable(const char *name, const char *value)
{
        char *s = malloc(strlen(name) + 2 * strlen(value) + 3), *p;

        if (!s)
                return NULL;
        p = stpcpy(stpcpy(s, name), "=");
        for (; *value; value++) {
                if (*value == '\\' || *value == '\n')
                        *p++ = '\\';
                *p++ = *value;
        }
        strcpy(p, "\n");
        return s;
}

int grubenv_set(const char *text, size_t size, const char *name, const char *value, char **ret, char **reterr_problem)
{
        _cleanup_(grubenv_done) GrubEnv e = {};
        _cleanup_free_ char *variable = NULL, *block = NULL;
        const LoaderVariable *v;
        size_t start, end, used, needed;
        int r;

        if (!*name || strpbrk(name, "=\n\\#"))
                return -EINVAL;
        r = grubenv_parse(text, size, &e);
        if (r < 0)
                return r;
        if (e.problem) {
                if (reterr_problem)
                        *reterr_problem = TAKE_PTR(e.problem);
                return -EBADMSG;
        }
        for (used = size; used > 0 && text[used - 1] == '#'; used--)
                ;
        v = find(&e, name);
        start = v ? v->start - strlen(name) - 1 : used;
        end = v ? v->end + 1 : used;
        variable = value ? print_variable(name, value) : strdup("");
        if (!variable)
                return -ENOMEM;
        needed = used - (end - start) + strlen(variable);
        if (needed > GRUBENV_SIZE) {
                if (reterr_problem && string_printf(reterr_problem, "has room for %u bytes, and %zu would be needed",
                                                    GRUBENV_SIZE, needed) < 0)
                        return -ENOMEM;
                return -ENOSPC;
        }
        block = malloc(GRUBENV_SIZE + 1);
        if (!block)
                return -ENOMEM;
        memset(block, '#', GRUBENV_SIZE);
        block[GRUBENV_SIZE] = '\0';
        memcpy(block, text, start);
        memcpy(block + start, variable, strlen(variable));
        memcpy(block + start + strlen(variable), text + end, used - end);
        *ret = TAKE_PTR(block);
        return 0;
}

int grubenv_edit(const char *text, size_t size, const char *name, const CmdlineEdit *edit, char **ret,
                 char **reterr_problem)
{
        _cleanup_(grubenv_done) GrubEnv e = {};
        _cleanup_free_ char *value = NULL;
        int r = grubenv_parse(text, size, &e);

        if (r >= 0)
                r = cmdline_edit(grubenv_value(&e, name) ?: "", 0, edit, &value);
        if (r < 0)
                return r;
        /* a variable that is not there and is not needed is not made */
        return grubenv_set(text, size, name, *value || grubenv_value(&e, name) ? value : NULL, ret, reterr_problem);
}

/* Other variables may be empty, as somebody may have left them. */
static int drop_empty_early(char **text)
{
        _cleanup_(grubenv_done) GrubEnv e = {};
        const char *value;
        char *block;
        int r = grubenv_parse(*text, strlen(*text), &e);

        value = r >= 0 ? grubenv_value(&e, GRUBENV_EARLY_INITRD) : NULL;
        if (!value || *value)
                return r;
        r = grubenv_set(*text, strlen(*text), GRUBENV_EARLY_INITRD, NULL, &block, NULL);
        if (r < 0)
                return r;
        free(*text);
        *text = block;
        return 0;
}

static int take_out_of_block(const char *text, const OwnedWords *words, char **ret)
{
        _cleanup_free_ char *s = strdup(text);

        if (!s)
                return -ENOMEM;
        FOREACH_ARRAY(w, words->items, words->n) {
                const Kargs one = { .words = { .items = &w->word, .n = 1 } };
                char *block = NULL;
                int r = grubenv_edit(s, strlen(s), w->place, &(CmdlineEdit){ .take = &one }, &block, NULL);

                if (r < 0)
                        return r == -ENOMEM ? r : -ENOTSUP;
                free(s);
                s = block;
                if (streq(w->place, GRUBENV_EARLY_INITRD) && drop_empty_early(&s) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(s);
        return 0;
}

const OwnedFormat owned_grubenv = { "grubenv", take_out_of_block };
