/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/bls-draft.h"

#include "base/text.h"
#include "grub/format/grubenv.h"
#include "grub/loader/entry-edit.h"
#include "grub/loader/kernel-install.h"
#include "model/names.h"

/* One entry while it is edited. */
typedef struct Draft {
        const BootEntry *entry;
        const char *old; /* as the steps planned so far leave it */
        char *text;
        Kargs arguments; /* as they are with the edits so far */
        PlanWords words;
        bool kernelopts; /* its options have that variable in them */
        bool shared;     /* another entry boots the same kernel */
} Draft;

/* All files of one edit. */
typedef struct Edit {
        const Loader *loader;
        const LoaderEdit *want;
        Plan *plan;
        Draft *drafts;
        size_t n;
        const LoaderFile *block_file; /* environment block; NULL: there is none */
        const char *old_block;        /* as the steps planned so far leave it */
        char *block;
        PlanWords block_words;
        LoaderVariable *variables; /* those of the loader, kernelopts as it is in the block now */
        char *kernelopts;          /* that value, NULL: not in the block */
        char *problem;             /* of the block, when it was to be edited */
} Edit;

static void edit_done(Edit *e)
{
        FOREACH_ARRAY(d, e->drafts, e->n) {
                free(d->text);
                kargs_done(&d->arguments);
                plan_words_done(&d->words);
        }
        free(e->drafts);
        free(e->block);
        plan_words_done(&e->block_words);
        free(e->variables);
        free(e->kernelopts);
        free(e->problem);
        *e = (Edit){};
}

static const LoaderFile *environment_of(const Loader *l)
{
        FOREACH_ARRAY(f, l->files, l->n_files)
                if (endswith(f->path, BLS_ENVIRONMENT))
                        return f;
        return NULL;
}

/* The value of kernelopts in the block, and with it what each entry gets. */
static int evaluate(Edit *e)
{
        _cleanup_(grubenv_done) GrubEnv env = {};
        const char *value = NULL;
        int r = e->block ? grubenv_parse(e->block, strlen(e->block), &env) : 0;

        if (r < 0)
                return r;
        value = e->block ? grubenv_value(&env, BLS_KERNELOPTS) : NULL;
        free(e->kernelopts);
        e->kernelopts = value ? strdup(value) : NULL;
        if (value && !e->kernelopts)
                return -ENOMEM;
        for (size_t i = 0; i < e->loader->n_variables; i++)
                if (e->kernelopts && streq(e->variables[i].name, BLS_KERNELOPTS))
                        e->variables[i].value = e->kernelopts;
        FOREACH_ARRAY(d, e->drafts, e->n) {
                _cleanup_(bls_entry_done) BlsEntry parsed = {};

                r = bls_parse(d->text, &parsed);
                if (r < 0)
                        return r;
                kargs_done(&d->arguments);
                r = bls_arguments(&parsed, BLS_GRUB, e->variables, e->loader->n_variables, &d->arguments);
                if (r < 0)
                        return r;
                d->kernelopts = bls_options_use(&parsed, BLS_GRUB, BLS_KERNELOPTS);
        }
        return 0;
}

static int edit_init(Edit *e)
{
        const Loader *l = e->loader;
        size_t n = MAX(l->n_variables, (size_t) 1);

        e->variables = calloc(n, sizeof(*e->variables));
        e->drafts = calloc(MAX(l->n_entries, (size_t) 1), sizeof(*e->drafts));
        if (!e->variables || !e->drafts)
                return -ENOMEM;
        if (l->n_variables > 0)
                memcpy(e->variables, l->variables, l->n_variables * sizeof(*e->variables));
        FOREACH_ARRAY(entry, l->entries, l->n_entries) {
                const LoaderFile *f = loader_file(l, entry->file);
                Draft *d = e->drafts + e->n;

                *d = (Draft){ .entry = entry,
                              .old = loader_present(e->plan, f->path, f->text),
                              .words.format = owned_bls.name };
                if (!d->old)
                        continue;
                e->n++;
                d->text = strdup(d->old);
                if (!d->text)
                        return -ENOMEM;
                FOREACH_ARRAY(other, l->entries, l->n_entries)
                        d->shared |= other != entry && streq(other->kernel, entry->kernel);
        }
        e->block_words.format = owned_grubenv.name;
        e->block_file = environment_of(l);
        e->old_block = e->block_file ? loader_present(e->plan, e->block_file->path, e->block_file->text) : NULL;
        if (e->old_block && !(e->block = strdup(e->old_block)))
                return -ENOMEM;
        return evaluate(e);
}

static int set_text(char **text, char *other)
{
        if (!other)
                return -ENOMEM;
        free(*text);
        *text = other;
        return 0;
}

/* Takes out what ptprep added and nobody wants any more. */
static int take_unwanted(Edit *e)
{
        _cleanup_(owned_words_done) OwnedWords of_block = {};
        char *text = NULL;
        int r = e->block ? loader_unwanted(e->want, e->block_file->path, &of_block) : 0;

        if (r >= 0 && of_block.n > 0) {
                r = owned_grubenv.take_out(e->block, &of_block, &text);
                if (r >= 0)
                        r = set_text(&e->block, text);
        }
        FOREACH_ARRAY(d, e->drafts, e->n) {
                _cleanup_(owned_words_done) OwnedWords unwanted = {};

                if (r >= 0)
                        r = loader_unwanted(e->want, d->entry->file, &unwanted);
                if (r < 0 || unwanted.n == 0)
                        continue;
                text = NULL;
                r = owned_bls.take_out(d->text, &unwanted, &text);
                if (r >= 0)
                        r = set_text(&d->text, text);
        }
        return r;
}

/* The words of the options as they stand, variables and all. */
static int raw_options(const char *text, char **ret)
{
        _cleanup_(bls_entry_done) BlsEntry e = {};
        _cleanup_(kargs_done) Kargs k = {};
        int r = bls_parse(text, &e);

        if (r >= 0)
                r = bls_arguments(&e, BLS_SYSTEMD, NULL, 0, &k);
        if (r < 0)
                return r;
        *ret = kargs_print(&k);
        return *ret ? 0 : -ENOMEM;
}

static int edit_entry(Edit *e, Draft *d, const CmdlineEdit *edit)
{
        _cleanup_free_ char *text = NULL, *old = NULL, *new = NULL;
        const LoaderVariable *fallback = loader_variable(e->loader, BLS_DEFAULT_OPTS);
        int r = bls_edit(d->text, edit, fallback && fallback->value ? "$" BLS_DEFAULT_OPTS : NULL, &text);

        if (r >= 0)
                r = raw_options(d->text, &old);
        if (r >= 0)
                r = raw_options(text, &new);
        if (r >= 0)
                r = cmdline_record(old, new, 0, edit->add, "", &d->words.added, &d->words.removed);
        return r < 0 ? r : set_text(&d->text, TAKE_PTR(text));
}

static int edit_block(Edit *e, const CmdlineEdit *edit)
{
        _cleanup_free_ char *before = e->kernelopts ? strdup(e->kernelopts) : NULL, *block = NULL;
        int r = before ? grubenv_edit(e->block, strlen(e->block), BLS_KERNELOPTS, edit, &block, &e->problem) : -ENOMEM;

        if (r < 0 || streq(e->block, block))
                return r;
        r = set_text(&e->block, TAKE_PTR(block));
        if (r >= 0)
                r = evaluate(e);
        return r < 0 ? r
                     : cmdline_record(before, e->kernelopts ?: "", 0, edit->add, BLS_KERNELOPTS, &e->block_words.added,
                                      &e->block_words.removed);
}

/* An entry that can boot, and takes kernelopts out of the block. */
static bool takes_block(const Edit *e, const Draft *d)
{
        return !d->entry->rescue && d->kernelopts && e->kernelopts;
}

static int remove_contradictions(Edit *e)
{
        const CmdlineEdit edit = { .remove = e->want->remove };
        bool block = false;
        int r = 0;

        FOREACH_ARRAY(d, e->drafts, e->n) {
                block |= takes_block(e, d);
                if (r >= 0 && !d->entry->rescue)
                        r = edit_entry(e, d, &edit);
        }
        if (r >= 0 && block)
                r = edit_block(e, &edit);
        return r < 0 ? r : evaluate(e);
}

/* Into the block, when all that take its variable lack the word: then no entry gets it twice. */
static int block_lacks(const Edit *e, Kargs *ret)
{
        FOREACH_ARRAY(w, e->want->add->words.items, e->want->add->words.n) {
                const Kargs one = { .words = { .items = w, .n = 1 } };
                size_t users = 0, lacking = 0;

                FOREACH_ARRAY(d, e->drafts, e->n) {
                        _cleanup_(kargs_done) Kargs missing = {};
                        int r = takes_block(e, d) ? kargs_missing(&d->arguments, &one, &missing) : 0;

                        if (r < 0)
                                return r;
                        users += takes_block(e, d);
                        lacking += missing.words.n;
                }
                if (users > 0 && lacking == users) {
                        int r = string_list_add(&ret->words, *w);

                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int add_missing(Edit *e)
{
        _cleanup_(kargs_done) Kargs block = {};
        int r = block_lacks(e, &block);

        if (r >= 0 && block.words.n > 0)
                r = edit_block(e, &(CmdlineEdit){ .add = &block });
        FOREACH_ARRAY(d, e->drafts, e->n) {
                _cleanup_(kargs_done) Kargs missing = {};

                if (r < 0 || d->entry->rescue)
                        continue;
                r = kargs_missing(&d->arguments, e->want->add, &missing);
                if (r >= 0 && missing.words.n > 0)
                        r = edit_entry(e, d, &(CmdlineEdit){ .add = &missing });
        }
        return r < 0 ? r : evaluate(e);
}

/*
 * A rescue entry that shares the variable keeps what it boots with: it gets the value of before in the place of the
 * variable. These words are somebody else's, so the record has none of them.
 */
static int pin_rescue_entries(Edit *e)
{
        const LoaderVariable *before = loader_variable(e->loader, BLS_KERNELOPTS);

        if (!e->block || streq(e->block, e->old_block) || !before || !before->value)
                return 0;
        FOREACH_ARRAY(d, e->drafts, e->n) {
                _cleanup_(bls_entry_done) BlsEntry parsed = {};
                size_t n = strlen(before->value);
                _cleanup_free_ char *value = NULL;
                int r;

                if (!d->entry->rescue || !d->kernelopts)
                        continue;
                while (n > 0 && before->value[n - 1] == ' ')
                        n--;
                value = strndup(before->value, n);
                r = value ? bls_replace_variable(d->text, BLS_KERNELOPTS, value, &parsed.text) : -ENOMEM;
                if (r >= 0)
                        r = set_text(&d->text, TAKE_PTR(parsed.text));
                if (r < 0)
                        return r;
        }
        return evaluate(e);
}

/* What each entry would boot with, before any step is taken. */
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

/* One line of options as grubby writes it: one blank before each word, and nothing behind the last. */
static bool options_plain(const char *text)
{
        size_t n_lines = 0;

        for (const char *line = text; *line;) {
                size_t n = strcspn(line, "\n");
                const char *value = startswith(line, "options ");

                if (strspn(line, " \t") > 0 || startswith(line, "options\t") || (value && line[n] == 0))
                        return false;
                for (const char *p = value; p && p < line + n; p++)
                        if (*p == '\t' || *p == '\r' || (*p == ' ' && (p == value || p[1] == ' ' || p[1] == '\n')))
                                return false;
                n_lines += value != NULL;
                line += n + (line[n] != 0);
        }
        return n_lines == 1;
}

/*
 * grubby is Red Hat's own editor of entries. It takes a kernel, knows only whole words, replaces what has the same key,
 * runs blanks together, and writes $kernelopts out: so it gets what it does well, and the step looks at what came of
 * it, which it did to a copy. Not DEFAULT, which is one kernel only, and not ALL, which has the rescue entry in it.
 */
static bool grubby_can(const Edit *e, const Draft *d)
{
        return e->loader->editor && !d->shared && !d->kernelopts && d->words.removed.n == 0 && d->words.added.n > 0 &&
               options_plain(d->old) && !strpbrk(d->old, "\"'\\,");
}

static int add_grubby(const Edit *e, const Draft *d, FileStep *s)
{
        _cleanup_(kargs_done) Kargs added = {};
        _cleanup_free_ char *words = NULL;
        int r = 0;

        FOREACH_ARRAY(w, d->words.added.items, d->words.added.n)
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

/* The rescue entries first: from the moment on in which the block changes they do not depend on it. */
static int plan_drafts(const Edit *e, bool rescue)
{
        FOREACH_ARRAY(d, e->drafts, e->n) {
                size_t before = e->plan->n;
                int r;

                if (d->entry->rescue != rescue)
                        continue;
                r = plan_edit(e->plan, e->want->check, d->entry->file, d->old, d->text, &d->words);
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

        if (r >= 0 && e->block)
                r = plan_edit(e->plan, e->want->check, e->block_file->path, e->old_block, e->block, &e->block_words);
        return r < 0 ? r : plan_drafts(e, false);
}

static int refuse(const Edit *e, int r)
{
        switch (r) {
        case -EBADMSG:
                return loader_refuse(
                        e->want, r,
                        "%s %s: repair it with \"grub2-editenv create\" (or grub-editenv), or from a backup",
                        e->block_file->path, e->problem ?: "is damaged");
        case -ENOSPC:
                return loader_refuse(e->want, r, "%s %s: shorten " BLS_KERNELOPTS " or remove other variables from it",
                                     e->block_file->path, e->problem ?: "is full");
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
        _cleanup_free_ char *options = NULL;
        _cleanup_(kargs_done) Kargs all = {}, literal = {};
        int r = raw_options(model->text, &options);

        if (r >= 0)
                r = kargs_parse(options, &all);
        FOREACH_ARRAY(w, all.words.items, all.words.n)
                if (r >= 0 && !strchr(*w, '$') && !kargs_has(e->want->add, *w))
                        r = string_list_add(&literal.words, *w);
        return r < 0 ? r : kernel_cmdline_words(&literal, ret);
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
        if (!f && e->loader->names_kernels && model && !model->kernelopts)
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
                r = evaluate(&e);
        if (r >= 0)
                r = remove_contradictions(&e);
        if (r >= 0)
                r = add_missing(&e);
        if (r >= 0)
                r = pin_rescue_entries(&e);
        if (r >= 0)
                r = verify(&e);
        if (r >= 0)
                r = plan_all(&e);
        if (r >= 0)
                r = edit_kernel_cmdline(&e);
        return r < 0 ? refuse(&e, r) : 0;
}
