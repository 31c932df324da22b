/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/bls-draft.h"

#include "base/text.h"
#include "grub/format/grubenv.h"
#include "grub/loader/bls-early.h"
#include "grub/loader/entry-edit.h"
#include "grub/loader/kernel-install.h"
#include "grub/loader/words-home.h"
#include "model/names.h"

/* One file while it is edited. */
typedef struct EditedFile {
        const char *path;
        const char *old; /* as the steps planned so far leave it */
        char *text;      /* NULL: there is no such file */
        PlanWords words;
} EditedFile;

/* One entry while it is edited. */
typedef struct Draft {
        const BootEntry *entry;
        EditedFile file;
        Kargs arguments;            /* as they are with the edits so far */
        bool uses[_WORDS_HOME_MAX]; /* its options have the variable of that home in them */
        bool shared;                /* another entry boots the same kernel */
} Draft;

/* All files of one edit. */
typedef struct Edit {
        const Loader *loader;
        const LoaderEdit *want;
        Plan *plan;
        Draft *drafts;
        size_t n;
        EditedFile block;              /* the environment block */
        char *values[_WORDS_HOME_MAX]; /* of the homes' variables in the block now; NULL: not in it */
        LoaderVariable *variables;     /* those of the loader, with these values */
        const char *variable;          /* the one that was edited last */
        char *problem;                 /* of the block, when it was to be edited */
} Edit;

static void edited_file_done(EditedFile *f)
{
        free(f->text);
        plan_words_done(&f->words);
}

static void edit_done(Edit *e)
{
        FOREACH_ARRAY(d, e->drafts, e->n) {
                edited_file_done(&d->file);
                kargs_done(&d->arguments);
        }
        free(e->drafts);
        edited_file_done(&e->block);
        FOREACH_ARRAY(v, e->values, ELEMENTSOF(e->values))
                free(*v);
        free(e->variables);
        free(e->problem);
        *e = (Edit){};
}

const LoaderFile *bls_environment(const Loader *l)
{
        FOREACH_ARRAY(f, l->files, l->n_files)
                if (endswith(f->path, BLS_ENVIRONMENT))
                        return f;
        return NULL;
}

/* The values of the homes' variables in the block. */
static int evaluate_block(Edit *e)
{
        _cleanup_(grubenv_done) GrubEnv env = {};
        int r = e->block.text ? grubenv_parse(e->block.text, strlen(e->block.text), &env) : 0;

        for (size_t h = 0; h < _WORDS_HOME_MAX && r >= 0; h++) {
                const char *name = words_homes[h].variable;

                if (!name)
                        continue;
                r = string_replace(e->values + h, grubenv_value(&env, name));
                for (size_t i = 0; i < e->loader->n_variables && e->values[h]; i++)
                        if (streq(e->variables[i].name, name))
                                e->variables[i].value = e->values[h];
        }
        return r;
}

/* What is in the block, and with it what each entry gets. */
static int evaluate(Edit *e)
{
        int r = evaluate_block(e);

        if (r < 0)
                return r;
        FOREACH_ARRAY(d, e->drafts, e->n) {
                _cleanup_(bls_entry_done) BlsEntry parsed = {};

                r = bls_parse(d->file.text, &parsed);
                if (r < 0)
                        return r;
                kargs_done(&d->arguments);
                r = bls_arguments(&parsed, BLS_GRUB, e->variables, e->loader->n_variables, &d->arguments);
                if (r < 0)
                        return r;
                for (size_t h = 0; h < _WORDS_HOME_MAX; h++)
                        d->uses[h] =
                                words_homes[h].variable && bls_options_use(&parsed, BLS_GRUB, words_homes[h].variable);
        }
        return 0;
}

/* Does an entry take words out of any variable that has its home in the block? */
static bool uses_block(const Draft *d)
{
        FOREACH_ARRAY(u, d->uses, ELEMENTSOF(d->uses))
                if (*u)
                        return true;
        return false;
}

/* @f: NULL: there is none. @format: of what is ptprep's in it. Its text stays NULL where a step removes it. */
static int edited_file_init(const Plan *plan, const LoaderFile *f, const OwnedFormat *format, EditedFile *ret)
{
        *ret = (EditedFile){ .path = f ? f->path : NULL,
                             .old = f ? loader_present(plan, f->path, f->text) : NULL,
                             .words.format = format->name };
        return string_copy(ret->old, &ret->text);
}

static int edit_init(Edit *e)
{
        const Loader *l = e->loader;
        size_t n = MAX(l->n_variables, (size_t) 1);
        int r;

        e->variables = calloc(n, sizeof(*e->variables));
        e->drafts = calloc(MAX(l->n_entries, (size_t) 1), sizeof(*e->drafts));
        if (!e->variables || !e->drafts)
                return -ENOMEM;
        if (l->n_variables > 0)
                memcpy(e->variables, l->variables, l->n_variables * sizeof(*e->variables));
        FOREACH_ARRAY(entry, l->entries, l->n_entries) {
                Draft *d = e->drafts + e->n;

                *d = (Draft){ .entry = entry };
                r = edited_file_init(e->plan, loader_file(l, entry->file), words_homes[WORDS_LITERAL].format, &d->file);
                if (r < 0)
                        return r;
                if (!d->file.text)
                        continue;
                e->n++;
                FOREACH_ARRAY(other, l->entries, l->n_entries)
                        d->shared |= other != entry && streq(other->kernel, entry->kernel);
        }
        r = edited_file_init(e->plan, bls_environment(l), &owned_grubenv, &e->block);
        return r < 0 ? r : evaluate(e);
}

static int take_unwanted_of(const Edit *e, const OwnedFormat *format, EditedFile *f)
{
        _cleanup_(owned_words_done) OwnedWords unwanted = {};
        char *text = NULL;
        int r = f->text ? loader_unwanted(e->want, f->path, &unwanted) : 0;

        if (r < 0 || unwanted.n == 0)
                return r;
        r = format->take_out(f->text, &unwanted, &text);
        if (r < 0)
                return r;
        if (!text)
                return -ENOMEM;
        free(f->text);
        f->text = text;
        return 0;
}

/* Takes out what ptprep added and nobody wants any more. */
static int take_unwanted(Edit *e)
{
        int r = take_unwanted_of(e, &owned_grubenv, &e->block);

        FOREACH_ARRAY(d, e->drafts, e->n)
                if (r >= 0)
                        r = take_unwanted_of(e, words_homes[WORDS_LITERAL].format, &d->file);
        return r < 0 ? r : evaluate(e);
}

/* An entry that can boot, and takes words out of this file that have this home in it. */
static bool takes(const Edit *e, const Draft *d, WordsHomeKind home, const EditedFile *f)
{
        if (d->entry->rescue)
                return false;
        return words_homes[home].variable ? d->uses[home] && e->values[home] : f == &d->file;
}

static int edit_file(Edit *e, WordsHomeKind home, EditedFile *f, const CmdlineEdit *edit)
{
        const LoaderVariable *fallback = loader_variable(e->loader, BLS_DEFAULT_OPTS);
        const char *base = fallback && fallback->value ? "$" BLS_DEFAULT_OPTS : NULL;
        char *text;
        int r;

        e->variable = words_homes[home].variable;
        r = words_home_edit(words_homes + home, f->text, edit, base, &f->words, &text, &e->problem);
        if (r < 0)
                return r;
        free(f->text);
        f->text = text;
        return 0;
}

static int remove_from(Edit *e, WordsHomeKind home, EditedFile *f)
{
        bool taken = false;

        FOREACH_ARRAY(d, e->drafts, e->n)
                taken |= takes(e, d, home, f);
        return taken ? edit_file(e, home, f, &(CmdlineEdit){ .remove = e->want->remove }) : 0;
}

/* A word goes to where all that take words from lack it: then no entry gets it twice. */
static int add_to(Edit *e, WordsHomeKind home, EditedFile *f)
{
        _cleanup_(kargs_done) Kargs add = {};

        FOREACH_ARRAY(w, e->want->add->words.items, e->want->add->words.n) {
                const Kargs one = { .words = { .items = w, .n = 1 } };
                size_t users = 0, lacking = 0;
                int r = 0;

                FOREACH_ARRAY(d, e->drafts, e->n) {
                        _cleanup_(kargs_done) Kargs missing = {};
                        bool user = takes(e, d, home, f);

                        r = user ? kargs_missing(&d->arguments, &one, &missing) : 0;
                        if (r < 0)
                                return r;
                        users += user;
                        lacking += missing.words.n;
                }
                if (users > 0 && lacking == users)
                        r = string_list_add(&add.words, *w);
                if (r < 0)
                        return r;
        }
        return add.words.n > 0 ? edit_file(e, home, f, &(CmdlineEdit){ .add = &add }) : 0;
}

/* One home after the other, each in all files that it has. */
static int edit_homes(Edit *e, int (*edit)(Edit *e, WordsHomeKind home, EditedFile *f))
{
        for (WordsHomeKind home = 0; home < _WORDS_HOME_MAX; home++) {
                bool in_block = words_homes[home].variable;
                int r = in_block && e->block.text ? edit(e, home, &e->block) : 0;

                FOREACH_ARRAY(d, e->drafts, in_block ? 0 : e->n)
                        if (r >= 0)
                                r = edit(e, home, &d->file);
                if (r >= 0)
                        r = evaluate(e);
                if (r < 0)
                        return r;
        }
        return 0;
}

/*
 * A rescue entry that shares a variable keeps what it boots with: it gets the value of before in the place of the
 * variable. These words are somebody else's, so the record has none of them.
 */
static int pin_rescue_entry(const Edit *e, Draft *d, WordsHomeKind home)
{
        const char *variable = words_homes[home].variable;
        const LoaderVariable *before = loader_variable(e->loader, variable);
        size_t n = before && before->value ? strlen(before->value) : 0;
        _cleanup_free_ char *value = NULL;
        char *text;
        int r;

        if (!before || !before->value || streq_null(before->value, e->values[home]))
                return 0;
        while (n > 0 && before->value[n - 1] == ' ')
                n--;
        value = strndup(before->value, n);
        r = value ? bls_replace_variable(d->file.text, variable, value, &text) : -ENOMEM;
        if (r < 0)
                return r;
        free(d->file.text);
        d->file.text = text;
        return 0;
}

static int pin_rescue_entries(Edit *e)
{
        if (streq_null(e->block.text, e->block.old))
                return 0;
        FOREACH_ARRAY(d, e->drafts, e->n)
                for (WordsHomeKind h = 0; h < _WORDS_HOME_MAX; h++) {
                        int r = d->entry->rescue && d->uses[h] ? pin_rescue_entry(e, d, h) : 0;

                        if (r < 0)
                                return r;
                }
        return evaluate(e);
}

static int edit_early_lines(Edit *e)
{
        FOREACH_ARRAY(d, e->drafts, e->n) {
                _cleanup_free_ char *path = NULL;
                int r = d->entry->rescue ? 0 : bls_early_path(e->loader, e->want, d->entry, &path);

                if (r >= 0 && !d->entry->rescue)
                        r = entry_edit_early(path, BLS_GRUB, &d->file.words, &d->file.text);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What each entry would boot with, before any step is taken, whatever home its words have. */
static int verify(const Edit *e)
{
        FOREACH_ARRAY(d, e->drafts, e->n) {
                _cleanup_free_ char *before = NULL, *after = NULL;

                if (!d->entry->rescue) {
                        const BootEntry as_planned = { .arguments = d->arguments };

                        if (!loader_entry_fine(&as_planned, e->want->add, e->want->remove))
                                return loader_refuse(
                                        e->want, -ENOTSUP,
                                        "%s:%u: a variable in the options brings words that contradict, or "
                                        "takes the blank in front of the next word: put the words there by "
                                        "hand",
                                        d->entry->file, d->entry->line);
                        continue;
                }
                before = kargs_print(&d->entry->arguments);
                after = kargs_print(&d->arguments);
                if (!before || !after)
                        return -ENOMEM;
                if (!streq(before, after))
                        return loader_refuse(e->want, -ENOTSUP, "%s:%u: this rescue entry could not be kept as it is",
                                             d->entry->file, d->entry->line);
        }
        return 0;
}

/*
 * grubby is Red Hat's own editor of entries. It takes a kernel, knows only whole words, replaces what has the same key,
 * runs blanks together, writes $kernelopts out, and lets images be: so it gets what it does well, and the step looks at
 * what came of it, which it did to a copy. Not DEFAULT, which is one kernel only, and not ALL, which has the rescue
 * entry in it.
 */
static bool grubby_can(const Edit *e, const Draft *d)
{
        return e->loader->editor && !(e->want->early && !e->loader->early_variable) && !d->shared && !uses_block(d) &&
               d->file.words.removed.n == 0 && d->file.words.added.n > 0 && bls_options_plain(d->file.old) &&
               !strpbrk(d->file.old, "\"'\\,");
}

static int add_grubby(const Edit *e, const Draft *d, FileStep *s)
{
        _cleanup_(kargs_done) Kargs added = {};
        _cleanup_free_ char *words = NULL;
        int r = 0;

        FOREACH_ARRAY(w, d->file.words.added.items, d->file.words.added.n)
                if (r >= 0)
                        r = string_list_add(&added.words, w->word);
        if (r < 0 || !(words = kargs_print(&added)))
                return -ENOMEM;
        r = string_list_add(&s->editor, e->loader->editor);
        if (r >= 0)
                r = string_list_add(&s->editor, "--bls-directory=" NAME_EDITOR_DIR);
        if (r >= 0)
                r = string_list_addf(&s->editor, "--update-kernel=%s%s",
                                     startswith(d->entry->kernel, "/boot/") ? "" : "/boot", d->entry->kernel);
        return r < 0 ? r : string_list_addf(&s->editor, "--args=%s", words);
}

static int plan_file(const Edit *e, const EditedFile *f)
{
        return plan_edit(e->plan, e->want->check, f->path, f->old, f->text, &f->words);
}

/* The rescue entries first: from the moment on in which the block changes they do not depend on it. */
static int plan_drafts(const Edit *e, bool rescue)
{
        FOREACH_ARRAY(d, e->drafts, e->n) {
                size_t before = e->plan->n;
                int r;

                if (d->entry->rescue != rescue)
                        continue;
                /* a rescue entry gets no words, and is remembered for what is put in the place of a variable */
                r = rescue ? plan_file(e, &d->file)
                           : plan_entry_edit(e->plan, e->want, d->file.path, d->file.old, d->file.text, &d->file.words);
                if (r >= 0 && e->plan->n > before && grubby_can(e, d))
                        r = add_grubby(e, d, &e->plan->steps[before].file);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int plan_all(const Edit *e)
{
        int r = plan_drafts(e, true);

        if (r >= 0 && e->block.text)
                r = plan_file(e, &e->block);
        return r < 0 ? r : plan_drafts(e, false);
}

static int refuse(const Edit *e, int r)
{
        switch (r) {
        case -EBADMSG:
                return loader_refuse(
                        e->want, r,
                        "%s %s: repair it with \"grub2-editenv create\" (or grub-editenv), or from a backup",
                        e->block.path, e->problem ?: "is damaged");
        case -ENOSPC:
                return loader_refuse(e->want, r, "%s %s: shorten %s or remove other variables from it", e->block.path,
                                     e->problem ?: "is full", e->variable ?: "its values");
        case -ENOTSUP:
                return e->want->reason && *e->want->reason
                               ? r
                               : loader_refuse(e->want, r, "a double quote in the options of an entry is never closed");
        default:
                return r;
        }
}

/* A new file of arguments begins with what a kernel gets now; variables are GRUB's, and wanted words come anew. */
static int words_of_model(const Edit *e, const Draft *model, Kargs *ret)
{
        const WordsHome *literal = words_homes + WORDS_LITERAL;
        _cleanup_free_ char *options = NULL;
        _cleanup_(kargs_done) Kargs all = {}, words = {};
        int r = literal->read(literal, model->file.text, &options);

        if (r >= 0)
                r = kargs_parse(options, &all);
        FOREACH_ARRAY(w, all.words.items, all.words.n)
                if (r >= 0 && !strchr(*w, '$') && !kargs_has(e->want->add, *w))
                        r = string_list_add(&words.words, *w);
        return r < 0 ? r : kernel_cmdline_words(&words, ret);
}

/* Kernels to come: their entries are made from a file of arguments, or else from those of the very boot. */
static int edit_kernel_cmdline(const Edit *e)
{
        const LoaderFile *f = loader_file(e->loader, KERNEL_CMDLINE_FILE);
        const Draft *model = NULL;
        _cleanup_(kargs_done) Kargs base = {};
        int r = 0;

        FOREACH_ARRAY(d, e->drafts, e->n)
                if (!d->entry->rescue && (!model || d->entry->is_default))
                        model = d;
        if (!f && e->loader->names_kernels && model && !uses_block(model))
                r = words_of_model(e, model, &base);
        return r < 0 ? r : plan_cmdline(e->plan, e->want, KERNEL_CMDLINE_FILE, f ? f->text : NULL, &base, false);
}

int bls_draft_edit(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        _cleanup_(edit_done) Edit e = { .loader = l, .want = want, .plan = plan };
        int r = plan_inherited(l, want, plan);

        if (r < 0 || loader_wants_nothing(want))
                return r;
        r = edit_init(&e);
        if (r >= 0)
                r = take_unwanted(&e);
        if (r >= 0)
                r = edit_homes(&e, remove_from);
        if (r >= 0)
                r = edit_homes(&e, add_to);
        if (r >= 0)
                r = pin_rescue_entries(&e);
        if (r >= 0)
                r = verify(&e);
        if (r >= 0)
                r = edit_early_lines(&e);
        if (r >= 0)
                r = plan_all(&e);
        if (r >= 0)
                r = edit_kernel_cmdline(&e);
        return r < 0 ? refuse(&e, r) : 0;
}
