/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>

#include "base/text.h"
#include "grub/format/grub-script.h"

/* Nobody's values are that long, and nobody has that many: beyond, only GRUB can tell. */
#define VALUE_MAX     ((size_t) 64 * 1024)
#define VARIABLES_MAX 512U

void grub_variables_done(GrubVariables *v)
{
        FOREACH_ARRAY(i, v->items, v->n) {
                free(i->name);
                free(i->value);
        }
        free(v->items);
        *v = (GrubVariables){};
}

GrubVariable *grub_variables_find(const GrubVariables *v, const char *name, size_t n)
{
        FOREACH_ARRAY(i, v->items, v->n)
                if (strncmp(i->name, name, n) == 0 && i->name[n] == 0)
                        return i;
        return NULL;
}

void grub_variables_forget(GrubVariables *v)
{
        v->lost = true;
        FOREACH_ARRAY(i, v->items, v->n) {
                free(i->value);
                i->value = NULL;
        }
}

int grub_variables_set(GrubVariables *v, const char *name, size_t n, const char *value, bool surely)
{
        GrubVariable *i = grub_variables_find(v, name, n);

        if (!i && v->n >= VARIABLES_MAX) {
                grub_variables_forget(v);
                return 0;
        }
        if (!i) {
                i = array_grow(&v->items, v->n);
                if (!i)
                        return -ENOMEM;
                i->name = strndup(name, n);
                if (!i->name)
                        return -ENOMEM;
                v->n++;
        }
        if ((!surely && !streq_null(i->value, value)) || (value && strlen(value) > VALUE_MAX))
                value = NULL;
        if (value)
                return string_replace(&i->value, value);
        free(i->value);
        i->value = NULL;
        return 0;
}

/* NULL: only GRUB can tell. What nothing sets may be set before this text is read. */
static const char *lookup(const GrubScope *scope, const char *name, size_t n)
{
        const GrubVariable *v = scope->local ? grub_variables_find(scope->local, name, n) : NULL;

        if (v || (scope->local && scope->local->lost))
                return v ? v->value : NULL;
        v = grub_variables_find(scope->global, name, n);
        return v && (v->exported || !scope->submenu) ? v->value : NULL;
}

/* The text with its values in it; *ret NULL: only GRUB can tell. */
static int substitute(const char *text, const GrubScope *scope, char **ret)
{
        _cleanup_free_ char *s = NULL;
        size_t size;
        FILE *f = open_memstream(&s, &size);
        bool told = true;

        if (!f)
                return -ENOMEM;
        while (*text && told) {
                size_t n = strcspn(text, "$");
                const char *value, *name;

                fprintf(f, "%.*s", (int) n, text);
                text += n;
                if (!*text)
                        break;
                name = text + 1 + (text[1] == '{');
                for (n = 0; isalnum((unsigned char) name[n]) || name[n] == '_'; n++)
                        ;
                value = n > 0 && !isdigit((unsigned char) *name) ? lookup(scope, name, n) : NULL;
                told = value && strlen(value) <= *scope->budget && (text[1] != '{' || name[n] == '}');
                if (told) {
                        *scope->budget -= strlen(value);
                        fputs(value, f);
                }
                text = name + n + (text[1] == '{' && name[n] == '}');
        }
        if (fclose(f) != 0)
                return -ENOMEM;
        *ret = told ? TAKE_PTR(s) : NULL;
        return 0;
}

/* Blanks in what a variable has separate words, as long as no quotes are around it. */
static int split(const char *text, StringList *ret)
{
        int r = 0;

        while (r >= 0 && *(text += strspn(text, " \t\n"))) {
                size_t n = strcspn(text, " \t\n");

                r = string_list_addf(ret, "%.*s", (int) n, text);
                text += n;
        }
        return r;
}

int grub_word_expand(const GrubWord *w, const GrubScope *scope, StringList *ret, char **ret_untold)
{
        _cleanup_free_ char *text = NULL;
        int r;

        if (!w->expands)
                return string_list_add(ret, w->text);
        r = w->mixed || (w->splits && w->blanks) ? 0 : substitute(w->text, scope, &text);
        if (r < 0)
                return r;
        if (!text) {
                if (!*ret_untold)
                        r = string_copy(w->text, ret_untold);
                return r < 0 ? r : string_list_add(ret, w->text);
        }
        return w->splits ? split(text, ret) : string_list_add(ret, text);
}
