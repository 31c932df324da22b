/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/entry-edit.h"

#include "base/text.h"
#include "grub/loader/kernel-install.h"
#include "grub/loader/words-home.h"
#include "model/names.h"

static Kargs words_of(const OwnedWords *owned, char **items)
{
        for (size_t i = 0; i < owned->n; i++)
                items[i] = owned->items[i].word;
        return (Kargs){ .words = { .items = items, .n = owned->n } };
}

/* One edit in the making. */
typedef struct Change {
        PlanWords words;
        OwnedWords unwanted; /* of ours, and nobody asks for them any more */
        Kargs take, add;     /* take: its words are those of unwanted */
        char **items;
} Change;

static void change_done(Change *c)
{
        plan_words_done(&c->words);
        owned_words_done(&c->unwanted);
        kargs_done(&c->add);
        free(c->items);
}

/* @subject: name of the file in the record. @present: the arguments as they are. */
static int change_init(Change *c, const LoaderEdit *want, const char *subject, const Kargs *present)
{
        int r = loader_unwanted(want, subject, &c->unwanted);

        if (r >= 0)
                r = kargs_missing(present, want->add, &c->add);
        if (r < 0)
                return r;
        c->items = calloc(MAX(c->unwanted.n, (size_t) 1), sizeof(*c->items));
        if (!c->items)
                return -ENOMEM;
        c->take = words_of(&c->unwanted, c->items);
        return 0;
}

/* The arguments of an entry as they stand there. */
static int entry_arguments(const char *text, Kargs *ret)
{
        const WordsHome *h = words_homes + WORDS_LITERAL;
        _cleanup_free_ char *options = NULL;
        int r = h->read(h, text, &options);

        return r < 0 ? r : kargs_parse(options, ret);
}

static int refuse_open_quote(const LoaderEdit *want, const char *path)
{
        return loader_refuse(want, -ENOTSUP, "%s: a double quote in the options is never closed", path);
}

int entry_edit_early(const char *path, BlsReader reader, PlanWords *words, char **text)
{
        char *edited;
        int r = bls_edit_early(*text, reader, NAME_CLAIM_IMAGE_FILE, path, &edited);

        if (r < 0)
                return r;
        if (path && !streq(edited, *text))
                r = owned_words_add(&words->added, BLS_PLACE_INITRD, path);
        free(*text);
        *text = edited;
        return r;
}

int plan_entry_edit(Plan *plan, const LoaderEdit *want, const char *path, const char *old, const char *text,
                    const PlanWords *words)
{
        const char *subject = words->recorded_as ?: path;

        if (words->added.n == 0 && words->removed.n == 0 && !record_file(want->record, subject))
                return plan_write(plan, want->check, path, old, text);
        return plan_edit(plan, want->check, path, old, text, words);
}

int plan_entry(Plan *plan, const LoaderEdit *want, const char *path, const char *subject, const char *text)
{
        const WordsHome *home = words_homes + WORDS_LITERAL;
        _cleanup_(change_done) Change c = { .words = { .format = home->format->name, .recorded_as = subject } };
        _cleanup_(kargs_done) Kargs present = {};
        _cleanup_free_ char *edited = NULL, *early = NULL;
        int r;

        text = loader_present(plan, path, text);
        if (!text)
                return 0;
        if (want->early && !(early = path_join("", want->early)))
                return -ENOMEM;
        r = entry_arguments(text, &present);
        if (r >= 0)
                r = change_init(&c, want, subject ?: path, &present);
        if (r >= 0)
                r = words_home_edit(home, text,
                                    &(CmdlineEdit){ .take = &c.take, .remove = want->remove, .add = &c.add }, NULL,
                                    &c.words, &edited, NULL);
        if (r == -ENOTSUP)
                return refuse_open_quote(want, path);
        if (r >= 0)
                r = entry_edit_early(early, BLS_SYSTEMD, &c.words, &edited);
        return r < 0 ? r : plan_entry_edit(plan, want, path, text, edited, &c.words);
}

/* Did ptprep add this word to every entry that it brought its claim to? */
static bool added_everywhere(const Record *record, const char *word)
{
        FOREACH_ARRAY(f, record->files, record->n)
                if (streq(f->format, owned_bls.name) && !owned_words_beside(&f->added, KARG_CLAIM, word))
                        return false;
        return true;
}

/* Of the words that a new entry begins with, those that are ptprep's and that nobody asks for any more. */
static int inherited_words(const LoaderEdit *want, OwnedWords *ret)
{
        const RecordFile *from = record_file(want->record, KERNEL_CMDLINE_FILE);
        bool from_boot = !from;

        FOREACH_ARRAY(f, want->record->files, from_boot ? want->record->n : 0)
                if (streq(f->format, owned_bls.name) && owned_words_has(&f->added, "", KARG_CLAIM))
                        from = f;
        FOREACH_ARRAY(w, from ? from->added.items : NULL, from ? from->added.n : 0) {
                int r = *w->place || string_list_contains(&want->add->words, w->word) ||
                                        (from_boot && !added_everywhere(want->record, w->word))
                                ? 0
                                : owned_words_add(ret, "", w->word);

                if (r < 0)
                        return r;
        }
        /* what 95-ptprep.install has put there */
        return ret->n > 0 && !want->early ? owned_words_add(ret, BLS_PLACE_INITRD, NAME_CLAIM_IMAGE_FILE) : 0;
}

static bool is_recorded(const Record *record, const char *path)
{
        FOREACH_ARRAY(f, record->files, record->n)
                if (streq(f->subject, path) || streq_null(f->renamed, path))
                        return true;
        return false;
}

static int take_inherited(const LoaderEdit *want, const LoaderFile *f, const OwnedWords *words, Plan *plan)
{
        _cleanup_(kargs_done) Kargs present = {};
        _cleanup_free_ char *without = NULL;
        const char *text = loader_present(plan, f->path, f->text);
        int r;

        /* with nothing wanted, what the record has of it is given back already, and was inherited itself */
        if (!text || (!loader_wants_nothing(want) && is_recorded(want->record, f->path)))
                return 0;
        r = entry_arguments(text, &present);
        if (r < 0 || !kargs_has(&present, KARG_CLAIM))
                return r;
        r = owned_bls.take_out(text, words, &without);
        if (r == -ENOTSUP)
                return refuse_open_quote(want, f->path);
        return r < 0 ? r : plan_write(plan, want->check, f->path, text, without);
}

int plan_inherited(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        _cleanup_(owned_words_done) OwnedWords words = {};
        int r = inherited_words(want, &words);

        FOREACH_ARRAY(e, l->entries, words.n > 0 ? l->n_entries : 0) {
                bool stays = e->embedded || (e->rescue && !loader_wants_nothing(want));
                const LoaderFile *f = stays ? NULL : loader_file(l, e->file);

                if (r >= 0 && f)
                        r = take_inherited(want, f, &words, plan);
        }
        return r;
}

/* The text that counts of a file that is there or is to be made; *ret_rest stands behind it. */
static int cmdline_text(const char *text, const Kargs *base, bool first_line, char **ret, char **ret_rest)
{
        _cleanup_free_ char *made = text ? strdup(text) : kargs_print(base), *rest = NULL;
        size_t n;

        if (!made)
                return -ENOMEM;
        n = first_line || !text ? strcspn(made, "\n") : strlen(made);
        rest = strdup(text ? made + n : "\n");
        if (!rest)
                return -ENOMEM;
        made[n] = 0;
        *ret = TAKE_PTR(made);
        *ret_rest = TAKE_PTR(rest);
        return 0;
}

int plan_cmdline(Plan *plan, const LoaderEdit *want, const char *path, const char *text, const Kargs *base,
                 bool first_line)
{
        _cleanup_(plan_words_done) PlanWords words = { .format = owned_cmdline.name };
        _cleanup_(owned_words_done) OwnedWords unwanted = {};
        _cleanup_free_ char *line = NULL, *rest = NULL, *left = NULL, *edited = NULL, *whole = NULL;
        const char *kept;
        int r;

        text = loader_present(plan, path, text);
        if (!text && (want->add->words.n == 0 || base->words.n == 0))
                return 0;
        r = cmdline_text(text, base, first_line, &line, &rest);
        if (r >= 0)
                r = loader_unwanted(want, path, &unwanted);
        kept = line;
        if (r >= 0 && unwanted.n > 0) {
                r = owned_cmdline.take_out(line, &unwanted, &left);
                kept = left ?: "";
        }
        if (r >= 0)
                r = cmdline_want(kept, CMDLINE_COMMENTS, want->add, want->remove, "", &words.added, &words.removed,
                                 &edited);
        if (r == -ENOTSUP)
                return loader_refuse(want, r, "%s: a double quote is never closed", path);
        if (r < 0)
                return r;
        if (string_printf(&whole, "%s%s", edited, rest) < 0)
                return -ENOMEM;
        return plan_edit(plan, want->check, path, text, whole, &words);
}
