/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/grub-draft.h"

#include "base/text.h"
#include "grub/loader/grub-target.h"
#include "iommu/argument.h"
#include "model/names.h"

void draft_done(Draft *d)
{
        FOREACH_ARRAY(f, d->files, d->n) {
                free(f->path);
                free(f->text);
                plan_words_done(d->words + (f - d->files));
        }
        free(d->files);
        free(d->words);
        *d = (Draft){};
}

int draft_add(Draft *d, const char *path, const char *text)
{
        LoaderFile *f = array_grow(&d->files, d->n);
        PlanWords *w = array_grow(&d->words, d->n);

        if (!f || !w)
                return -ENOMEM;
        *w = (PlanWords){ .format = owned_grub_default.name };
        *f = (LoaderFile){ strdup(path), strdup(text), strlen(text) };
        d->n++;
        return f->path && f->text ? 0 : -ENOMEM;
}

bool draft_has(const Draft *d, const char *path)
{
        FOREACH_ARRAY(f, d->files, d->n)
                if (streq(f->path, path))
                        return true;
        return false;
}

bool is_own_drop_in(const char *path)
{
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
        size_t n = strspn(name, "z");

        return n > 0 && streq(name + n, DROP_IN_SUFFIX);
}

static void draft_drop_last(Draft *d)
{
        LoaderFile *f = d->files + --d->n;

        free(f->path);
        free(f->text);
        plan_words_done(d->words + d->n);
}

static int note_removed(Draft *d, const Assignment *a, size_t start, size_t end)
{
        _cleanup_free_ char *word = strndup(d->files[a->file].text + start, end - start);

        return word ? owned_words_add(&d->words[a->file].removed, a->name, word) : -ENOMEM;
}

/* Takes what contradicts out of all assignments of a variable. */
static int draft_remove(Draft *d, const char *variable, const char *remove)
{
        for (unsigned rounds = 0; rounds < 64; rounds++) {
                _cleanup_(shell_state_done) ShellState state = {};
                int r = shell_eval(d->files, d->n, d->dialect, &state), found = 0;

                if (r < 0)
                        return r;
                FOREACH_ARRAY(a, state.assignments, state.n_assignments) {
                        _cleanup_free_ char *left = NULL;
                        size_t start = 0, end = 0;

                        if (!streq(a->name, variable))
                                continue;
                        found = grub_default_find_contradiction(d->files + a->file, a, remove, &start, &end, &left);
                        if (found < 0)
                                return found;
                        if (found == 0)
                                continue;
                        r = note_removed(d, a, start, end);
                        if (r < 0)
                                return r;
                        r = grub_default_replace_word(d->files + a->file, a, start, end, left);
                        if (r < 0)
                                return r;
                        break; /* the ranges have moved: evaluate again */
                }
                if (found == 0)
                        return 0;
        }
        return -ENOTSUP;
}

/*
 * Into the last assignment of the variable, its quote style kept; where which one counts is up to a shell, or there is
 * none, a line at the end of a file.
 * @last_file: where that line goes: a drop-in of ours that others have written to; else the first.
 */
static int draft_append(Draft *d, const char *variable, const char *words, bool last_file, size_t *ret_file)
{
        _cleanup_(shell_state_done) ShellState state = {};
        const Assignment *last = NULL;
        const LoaderVariable *v;
        int r = shell_eval(d->files, d->n, d->dialect, &state);

        if (r < 0)
                return r;
        v = shell_variable(&state, variable);
        FOREACH_ARRAY(a, state.assignments, state.n_assignments)
                if (streq(a->name, variable))
                        last = a;
        if (v && v->state == VARIABLE_KNOWN && last) {
                *ret_file = last->file;
                return grub_default_append_to(d->files + last->file, last, words);
        }
        if (d->n == 0) {
                r = draft_add(d, NAME_DEFAULT_GRUB, "");
                if (r < 0)
                        return r;
        }
        *ret_file = last_file ? d->n - 1 : 0;
        return grub_default_append_line(d->files + *ret_file, variable, words);
}

/* Words behind "--" are for init (Linux init/main.c, start_kernel()). */
static bool has_init_words(const Kargs *arguments)
{
        return string_list_contains(&arguments->words, "--");
}

/*
 * Did an earlier edit of ours put this word into a variable of some file, and is it still there?
 * Returns 1, 0 or -ENOMEM.
 */
static int has_own_word(const Draft *d, const LoaderEdit *want, const char *variable, const char *word)
{
        const OwnedWord own = { (char *) variable, (char *) word };
        int r = 0;

        for (size_t i = 0; i < d->n && r == 0; i++) {
                const RecordFile *recorded = record_file(want->record, d->files[i].path);

                if (recorded && owned_words_has(&recorded->added, variable, word))
                        r = grub_default_still_has(d->files[i].text, &own);
        }
        return r;
}

static bool argument_fine(const Kargs *arguments, char *word)
{
        const BootEntry as_entry = { .arguments = *arguments };
        const Kargs one = { .words = { .items = &word, .n = 1 } }, none = {};

        return loader_entry_fine(&as_entry, &one, &none);
}

/* Has this edit put the word into the variable already? */
static bool added_now(const Draft *d, const OwnedWords *drop_in, const char *variable, const char *word)
{
        bool found = owned_words_has(drop_in, variable, word);

        FOREACH_ARRAY(w, d->words, d->n)
                found |= owned_words_has(&w->added, variable, word);
        return found;
}

/*
 * What the entries of one kind lack, with the variable that it is to be added to as the place.
 * What stands in the last variable counts, whatever a shell makes of the one before it; so does, where only a shell
 * could tell, what ptprep itself has put there.
 * @drop_in: words that this edit has put into ptprep's own drop-in. @ret_behind_init: what is added at the end would be
 * for init.
 */
static int missing_words(const Draft *d, const GrubTarget *t, const LoaderEdit *want, const OwnedWords *drop_in,
                         OwnedWords *ret, bool *ret_behind_init)
{
        _cleanup_(kargs_done) Kargs base = {};
        const char *variable;
        bool known;
        int r = grub_target_arguments(d, t, &base, &variable, &known);

        for (size_t i = 0; i < want->add->words.n && r >= 0; i++) {
                char *word = want->add->words.items[i];
                int there = argument_fine(&base, word) || (!known && added_now(d, drop_in, variable, word));

                if (!there && !known)
                        there = has_own_word(d, want, variable, word);
                r = there != 0 ? MIN(there, 0) : owned_words_add(ret, variable, word);
        }
        *ret_behind_init = r >= 0 && has_init_words(&base);
        return r;
}

/* Takes out what ptprep added and nobody wants any more. */
static int draft_take_out(Draft *d, const LoaderEdit *want)
{
        FOREACH_ARRAY(f, d->files, d->n) {
                _cleanup_(owned_words_done) OwnedWords unwanted = {};
                char *text = NULL;
                int r = loader_unwanted(want, f->path, &unwanted);

                if (r >= 0 && unwanted.n > 0)
                        r = owned_grub_default.take_out(f->text, &unwanted, &text);
                if (r < 0)
                        return r;
                if (unwanted.n == 0)
                        continue;
                if (!text && !(text = strdup("")))
                        return -ENOMEM;
                free(f->text);
                f->text = text;
                f->size = strlen(text);
        }
        return 0;
}

static int draft_remove_all(Draft *d, const LoaderEdit *want)
{
        static const char *const variables[] = { VAR_ALL, VAR_NORMAL, VAR_XEN_ALL, VAR_XEN_NORMAL };
        int r = 0;

        for (size_t v = 0; v < ELEMENTSOF(variables); v++)
                for (size_t i = 0; i < want->remove->words.n && r >= 0; i++)
                        r = draft_remove(d, variables[v], want->remove->words.items[i]);
        return r;
}

static int refuse_out_of_reach(const LoaderEdit *want)
{
        return loader_refuse(want, -ENOTSUP,
                             "what " NAME_DEFAULT_GRUB " and its drop-ins say cannot be changed by adding or cutting "
                             "words");
}

static int refuse_behind_init(const LoaderEdit *want)
{
        return loader_refuse(want, -ENOTSUP,
                             "what is added to " VAR_NORMAL
                             " comes behind \"--\", where words are for init and not for "
                             "the kernel: take the \"--\" out of " NAME_DEFAULT_GRUB " or its drop-ins by hand");
}

/*
 * Puts words in front of the "--" in the last assignment of a variable that has it.
 * Returns 1: done; 0: no assignment has it; -ENOMEM.
 */
static int draft_insert_before_init(Draft *d, const char *variable, const char *words, size_t *ret_file)
{
        _cleanup_(shell_state_done) ShellState state = {};
        _cleanup_free_ char *text = NULL;
        int r = shell_eval(d->files, d->n, d->dialect, &state);

        if (r < 0)
                return r;
        for (size_t i = state.n_assignments; i-- > 0;) {
                const Assignment *a = state.assignments + i;
                size_t start, end;

                if (!streq(a->name, variable) || !grub_default_find_word(d->files + a->file, a, "--", &start, &end))
                        continue;
                if (string_printf(&text, "%s ", words) < 0)
                        return -ENOMEM;
                *ret_file = a->file;
                r = grub_default_splice(d->files + a->file, start, start, text);
                return r < 0 ? r : 1;
        }
        return 0;
}

/* What contradicts and is still there, since its bytes do not stand together in any file, has to be named. */
static int refuse_contradiction_left(const Draft *d, const LoaderEdit *want)
{
        FOREACH_ARRAY(t, grub_targets, GRUB_TARGETS) {
                _cleanup_(kargs_done) Kargs result = {};
                const char *variable;
                bool known;
                int r = grub_target_arguments(d, t, &result, &variable, &known);

                if (r < 0)
                        return r;
                FOREACH_ARRAY(w, result.words.items, known ? result.words.n : 0)
                        FOREACH_ARRAY(remove, want->remove->words.items, want->remove->words.n)
                                if (karg_without(*w, *remove, NULL) != 0)
                                        return loader_refuse(
                                                want, -ENOTSUP,
                                                "%s, in " NAME_DEFAULT_GRUB
                                                " or its drop-ins, is put together by the shell: take it out "
                                                "there by hand",
                                                *w);
        }
        return 0;
}

/* Into ptprep's own drop-in, which is the last of the draft and written anew. */
static int add_to_drop_in(Draft *d, const OwnedWords *missing, const char *drop_in, char **ret_drop_in,
                          OwnedWords *ret_words)
{
        int r;

        if (*ret_drop_in)
                draft_drop_last(d);
        free(*ret_drop_in);
        *ret_drop_in = NULL;
        r = owned_words_add_all(ret_words, missing);
        if (r >= 0)
                r = grub_default_render_drop_in(ret_words, ret_drop_in);
        return r < 0 ? r : draft_add(d, drop_in, *ret_drop_in);
}

/* All that is missing, for each kind of entries in turn: what the first gets can be enough for the second. */
static int add_missing(Draft *d, const LoaderEdit *want, const char *drop_in, char **ret_drop_in, OwnedWords *ret_words)
{
        bool own = drop_in && !draft_has(d, drop_in); /* all ours: it is written anew */

        FOREACH_ARRAY(t, grub_targets, GRUB_TARGETS) {
                _cleanup_(owned_words_done) OwnedWords missing = {};
                _cleanup_free_ char *words = NULL;
                const char *variable;
                bool behind_init;
                size_t file = 0;
                int r = missing_words(d, t, want, ret_words, &missing, &behind_init);

                if (r < 0)
                        return r;
                if (missing.n == 0)
                        continue;
                variable = missing.items[0].place;
                words = grub_default_join(&missing, variable);
                if (!words)
                        return -ENOMEM;
                r = behind_init ? draft_insert_before_init(d, variable, words, &file) : 0;
                if (r == 0 && behind_init)
                        return refuse_behind_init(want);
                /* only other entries lack it: to add to a variable that they share would say it twice */
                if (r == 0 && t->all_instead && !streq(variable, t->normal_instead))
                        return draft_assigns(d, t->all_instead)
                                       ? loader_refuse(want, -ENOTSUP,
                                                       VAR_XEN_ALL " is set and " VAR_XEN_NORMAL
                                                                   " is not: set that as well")
                                       : refuse_out_of_reach(want);
                if (r == 0 && own) {
                        r = add_to_drop_in(d, &missing, drop_in, ret_drop_in, ret_words);
                        if (r < 0)
                                return r;
                        continue;
                }
                if (r == 0)
                        r = draft_append(d, variable, words, drop_in != NULL, &file);
                if (r >= 0)
                        r = owned_words_add_all(&d->words[file].added, &missing);
                if (r < 0)
                        return r == -ENOTSUP ? refuse_out_of_reach(want) : r;
        }
        return 0;
}

/* Is the word in what the files make of the variable for images in front, as far as can be told? 1, 0 or -ENOMEM. */
static int has_early(const Draft *d, const LoaderEdit *want)
{
        _cleanup_(shell_state_done) ShellState state = {};
        _cleanup_(kargs_done) Kargs present = {};
        const LoaderVariable *v;
        int r = shell_eval(d->files, d->n, d->dialect, &state);

        if (r < 0)
                return r;
        v = shell_variable(&state, VAR_EARLY);
        if (v && v->state == VARIABLE_CANNOT_TELL)
                return has_own_word(d, want, VAR_EARLY, want->early);
        r = kargs_parse(v && v->value ? v->value : "", &present);
        return r < 0 ? r : string_list_contains(&present.words, want->early);
}

/* The image that is to be loaded in front of all others, but behind microcode, which has a variable of its own. */
static int add_early(Draft *d, const LoaderEdit *want, const char *drop_in, char **ret_drop_in, OwnedWords *ret_words)
{
        const bool own = drop_in && (*ret_drop_in || !draft_has(d, drop_in));
        _cleanup_(owned_words_done) OwnedWords missing = {};
        size_t file = 0;
        int r = want->early ? has_early(d, want) : 1;

        if (r != 0)
                return MIN(r, 0);
        r = owned_words_add(&missing, VAR_EARLY, want->early);
        if (r >= 0 && own)
                return add_to_drop_in(d, &missing, drop_in, ret_drop_in, ret_words);
        if (r >= 0)
                r = draft_append(d, VAR_EARLY, want->early, drop_in != NULL, &file);
        if (r == -ENOTSUP)
                return refuse_out_of_reach(want);
        return r < 0 ? r : owned_words_add_all(&d->words[file].added, &missing);
}

/* Of which entries can the arguments be told? */
static int look(const Draft *d, bool *ret_known)
{
        int r = 0;

        for (size_t i = 0; i < GRUB_TARGETS && r >= 0; i++) {
                _cleanup_(kargs_done) Kargs result = {};
                const char *variable;

                r = grub_target_arguments(d, grub_targets + i, &result, &variable, ret_known + i);
        }
        return r;
}

/* Whatever was done, is every entry now as wanted, and what could be told before not beyond telling? */
static int verify(const Draft *d, const LoaderEdit *want, const bool *known_before)
{
        for (size_t i = 0; i < GRUB_TARGETS; i++) {
                _cleanup_(kargs_done) Kargs result = {};
                const char *variable;
                bool known;
                int r = grub_target_arguments(d, grub_targets + i, &result, &variable, &known);

                if (r < 0)
                        return r;
                if (known ? loader_entry_fine(&(const BootEntry){ .arguments = result }, want->add, want->remove)
                          : !known_before[i])
                        continue;
                return has_init_words(&result) ? refuse_behind_init(want) : refuse_out_of_reach(want);
        }
        return 0;
}

int draft_edit(Draft *d, const LoaderEdit *want, const char *drop_in, char **ret_drop_in, OwnedWords *ret_words)
{
        bool known[GRUB_TARGETS];
        int r = look(d, known);

        if (r >= 0)
                r = draft_take_out(d, want);
        if (r >= 0)
                r = draft_remove_all(d, want);
        if (r == -ENOTSUP)
                return refuse_out_of_reach(want);
        if (r >= 0)
                r = refuse_contradiction_left(d, want);
        if (r >= 0)
                r = add_missing(d, want, drop_in, ret_drop_in, ret_words);
        if (r >= 0)
                r = add_early(d, want, drop_in, ret_drop_in, ret_words);
        return r < 0 ? r : verify(d, want, known);
}
