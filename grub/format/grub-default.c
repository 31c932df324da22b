/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/grub-default.h"

#include "base/text.h"
#include "grub/format/cmdline.h"
#include "model/names.h"

/* Variables that words may be added to. */
static const char *const appendable[] = { VAR_NORMAL, VAR_XEN_NORMAL, VAR_EARLY };

int grub_default_splice(LoaderFile *f, size_t start, size_t end, const char *text)
{
        char *s = text_splice(f->text, start, end, text);

        if (!s)
                return -ENOMEM;
        free(f->text);
        f->text = s;
        f->size = strlen(s);
        return 0;
}

int grub_default_find_contradiction(const LoaderFile *f, const Assignment *a, const char *remove, size_t *ret_start,
                                    size_t *ret_end, char **ret_left)
{
        static const char separators[] = " \t\n\"'\\";

        for (size_t i = a->start; i < a->end;) {
                size_t n;

                /* "${NAME:+$NAME }word": the blank ends the word before, the brace is the shell's */
                i += f->text[i] == '}' && i > a->start && f->text[i - 1] == ' ';
                n = strcspn(f->text + i, separators);
                _cleanup_free_ char *word = strndup(f->text + i, MIN(n, a->end - i));
                int r;

                if (!word)
                        return -ENOMEM;
                r = *word ? karg_without(word, remove, ret_left) : 0;
                if (r != 0) {
                        *ret_start = i;
                        *ret_end = i + strlen(word);
                        return r;
                }
                i += n + 1;
        }
        return 0;
}

int grub_default_replace_word(LoaderFile *f, const Assignment *a, size_t start, size_t end, const char *left)
{
        if (!left && end < a->end && f->text[end] == ' ')
                end++;
        else if (!left && start > a->start && f->text[start - 1] == ' ')
                start--;
        return grub_default_splice(f, start, end, left ?: "");
}

static const char *const drop_in_header[] = {
        GENERATED_MARK "from /etc/ptprep/ptprep.conf: edit that file and run \"ptprep --apply\".",
        "# To take it back by hand: remove this file and run update-grub (or grub-mkconfig).",
};

char *grub_default_join(const OwnedWords *words, const char *variable)
{
        _cleanup_(string_list_done) StringList l = {};

        FOREACH_ARRAY(w, words->items, words->n)
                if (streq(w->place, variable) && string_list_add(&l, w->word) < 0)
                        return NULL;
        return kargs_print(&(const Kargs){ .words = l });
}

/*
 * An assignment that adds to what the variable has. One that nothing stands in for is set if it has nothing; the other
 * stays empty, or it would take the place of what it stands in for. The words in it are plain, see karg_is_plain().
 */
static int render_line(const char *variable, const char *words, char **ret)
{
        return streq(variable, VAR_XEN_NORMAL)
                       ? string_printf(ret, "%s=\"${%s:+$%s%s%s}\"\n", variable, variable, variable, *words ? " " : "",
                                       words)
                       : string_printf(ret, "%s=\"${%s:+$%s }%s\"\n", variable, variable, variable, words);
}

int grub_default_render_drop_in(const OwnedWords *words, char **ret)
{
        _cleanup_free_ char *text = NULL;

        if (string_printf(&text, "%s\n%s\n", drop_in_header[0], drop_in_header[1]) < 0)
                return -ENOMEM;
        FOREACH_ARRAY(variable, appendable, ELEMENTSOF(appendable)) {
                _cleanup_free_ char *list = grub_default_join(words, *variable), *line = NULL;
                char *longer;

                if (!list)
                        return -ENOMEM;
                if (!*list)
                        continue;
                if (render_line(*variable, list, &line) < 0 || string_printf(&longer, "%s%s", text, line) < 0)
                        return -ENOMEM;
                free(text);
                text = longer;
        }
        *ret = TAKE_PTR(text);
        return 0;
}

int grub_default_append_to(LoaderFile *f, const Assignment *a, const char *words)
{
        const char *raw = f->text + a->start;
        size_t n = a->end - a->start;
        char quote = n >= 2 && (raw[0] == '"' || raw[0] == '\'') && raw[n - 1] == raw[0] ? raw[0] : 0;
        _cleanup_free_ char *text = NULL;

        /* one pair of quotes around everything */
        if (quote && !memchr(raw + 1, quote, n - 2)) {
                if (string_printf(&text, "%s%s", n == 2 ? "" : " ", words) < 0)
                        return -ENOMEM;
                return grub_default_splice(f, a->end - 1, a->end - 1, text);
        }
        if (string_printf(&text, "\"%s%s\"", n == 0 ? "" : " ", words) < 0)
                return -ENOMEM;
        return grub_default_splice(f, a->end, a->end, text);
}

int grub_default_append_line(LoaderFile *f, const char *variable, const char *words)
{
        _cleanup_free_ char *line = NULL, *text = NULL;
        int r = render_line(variable, words, &line);

        if (r < 0)
                return r;
        if (endswith(f->text, "\\")) /* it would join the lines */
                return -ENOTSUP;
        if (string_printf(&text, "%s%s", f->size > 0 && !endswith(f->text, "\n") ? "\n" : "", line) < 0)
                return -ENOMEM;
        return grub_default_splice(f, f->size, f->size, text);
}

bool grub_default_find_word(const LoaderFile *f, const Assignment *a, const char *word, size_t *ret_start,
                            size_t *ret_end)
{
        static const char separators[] = " \t\n\"'\\}"; /* "}" ends an expansion, and a word may follow it */
        size_t n = strlen(word);

        for (size_t i = a->start; n > 0 && i + n <= a->end; i++)
                if (memcmp(f->text + i, word, n) == 0 && (i == a->start || strchr(separators, f->text[i - 1])) &&
                    (i + n == a->end || strchr(separators, f->text[i + n]))) {
                        *ret_start = i;
                        *ret_end = i + n;
                        return true;
                }
        return false;
}

/* Quotes that hold nothing any more and stand behind something else: grub_default_append_to() made them. */
static void take_quotes_along(const LoaderFile *f, const Assignment *a, size_t *start, size_t *end)
{
        size_t quotes = 0;

        if (*start <= a->start + 1 || *end >= a->end || f->text[*start - 1] != '"' || f->text[*end] != '"')
                return;
        for (size_t i = a->start; i < *start - 1; i++)
                quotes += f->text[i] == '"';
        if (quotes % 2 == 0) {
                (*start)--;
                (*end)++;
        }
}

/*
 * The last line of grub_default_append_line() that has the word. Behind a construct that only a shell can follow, the
 * evaluator sees no assignments, and what was appended there has to be found all the same.
 * Returns 1: found; 0: not; -ENOMEM.
 */
static int find_appended_line(const LoaderFile *f, const OwnedWord *word, Assignment *ret, size_t *ret_start,
                              size_t *ret_end)
{
        _cleanup_free_ char *shape = NULL;
        int found = 0;
        size_t n;

        if (render_line(word->place, "", &shape) < 0)
                return -ENOMEM;
        n = strcspn(shape, " }");
        for (size_t i = 0; i < f->size; i += strcspn(f->text + i, "\n") + 1) {
                Assignment a = { .start = i + strlen(word->place) + 1, .end = i + strcspn(f->text + i, "\n") };

                if (strncmp(f->text + i, shape, n) != 0 ||
                    !grub_default_find_word(f, &a, word->word, ret_start, ret_end))
                        continue;
                *ret = a;
                found = 1;
        }
        return found;
}

/* Cuts one word out of the last assignment of a variable that has it. */
static int cut_word(LoaderFile *f, const OwnedWord *word)
{
        _cleanup_(shell_state_done) ShellState state = {};
        Assignment appended;
        const Assignment *a = NULL;
        size_t start = 0, end = 0;
        int r = shell_eval(f, 1, SHELL_POSIX, &state);

        if (r < 0)
                return r;
        for (size_t i = state.n_assignments; i-- > 0 && !a;)
                if (streq(state.assignments[i].name, word->place) &&
                    grub_default_find_word(f, state.assignments + i, word->word, &start, &end))
                        a = state.assignments + i;
        if (!a) {
                r = find_appended_line(f, word, &appended, &start, &end);
                if (r <= 0)
                        return r;
                a = &appended;
        }
        if (start > a->start && f->text[start - 1] == ' ')
                start--;
        else if (end < a->end && f->text[end] == ' ')
                end++;
        take_quotes_along(f, a, &start, &end);
        return grub_default_splice(f, start, end, "");
}

static int copy_file(const char *text, LoaderFile *ret)
{
        *ret = (LoaderFile){ .path = (char *) "", .text = strdup(text), .size = strlen(text) };
        return ret->text ? 0 : -ENOMEM;
}

int grub_default_still_has(const char *text, const OwnedWord *word)
{
        LoaderFile f;
        int r = copy_file(text, &f);

        if (r >= 0)
                r = cut_word(&f, word);
        if (r >= 0)
                r = !streq(f.text, text);
        free(f.text);
        return r;
}

/* A header line of ours, or an assignment of ours that has no words any more. */
static bool is_empty_line_of_ours(const char *line)
{
        for (size_t i = 0; i < ELEMENTSOF(drop_in_header); i++)
                if (streq(line, drop_in_header[i]))
                        return true;
        FOREACH_ARRAY(variable, appendable, ELEMENTSOF(appendable)) {
                _cleanup_free_ char *shape = NULL;

                if (render_line(*variable, "", &shape) >= 0 && strncmp(line, shape, strlen(shape) - 1) == 0 &&
                    strlen(line) == strlen(shape) - 1)
                        return true;
        }
        return false;
}

/* Drops lines that nobody but ptprep writes, and that say nothing any more. */
static int drop_empty_lines_of_ours(char *text)
{
        char *to = text;

        for (const char *p = text; *p;) {
                size_t n = strcspn(p, "\n"), whole = n + (p[n] == '\n');
                _cleanup_free_ char *line = strndup(p, n);

                if (!line)
                        return -ENOMEM;
                if (!is_empty_line_of_ours(line)) {
                        memmove(to, p, whole);
                        to += whole;
                }
                p += whole;
        }
        *to = '\0';
        return 0;
}

static int take_out_of_default(const char *text, const OwnedWords *words, char **ret)
{
        LoaderFile f;
        int r = copy_file(text, &f);

        for (size_t i = 0; i < words->n && r >= 0; i++)
                r = cut_word(&f, words->items + i);
        if (r >= 0)
                r = drop_empty_lines_of_ours(f.text);
        if (r >= 0 && f.text[strspn(f.text, " \t\n")])
                *ret = TAKE_PTR(f.text);
        else if (r >= 0)
                *ret = NULL;
        free(f.text);
        return r;
}

const OwnedFormat owned_grub_default = { "grub-default", take_out_of_default };
