/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/ostree-edit.h"

#include "base/text.h"
#include "grub/format/cmdline.h"

#define SWITCH "rpm-ostree initramfs" /* subject in the record: whether it makes images of its own */

/* One call of "rpm-ostree kargs", and the call that takes it back. */
typedef struct Call {
        StringList argv, undo;
        OwnedWords added, removed;
        Kargs gone; /* not there afterwards */
} Call;

static void call_done(Call *c)
{
        string_list_done(&c->argv);
        string_list_done(&c->undo);
        owned_words_done(&c->added);
        owned_words_done(&c->removed);
        kargs_done(&c->gone);
}

static int call_append(Call *c, const char *word)
{
        int r = string_list_addf(&c->argv, "--append-if-missing=%s", word);

        if (r >= 0)
                r = string_list_addf(&c->undo, "--delete-if-present=%s", word);
        return r;
}

static int call_delete(Call *c, const char *word)
{
        int r = string_list_addf(&c->argv, "--delete-if-present=%s", word);

        if (r >= 0)
                r = string_list_addf(&c->undo, "--append-if-missing=%s", word);
        return r;
}

/* Of ours, and not wanted any more. When all is taken back they are named in any case: the record gets empty by that.
 */
static int delete_unwanted(Call *c, const LoaderEdit *want, const Kargs *present)
{
        _cleanup_(owned_words_done) OwnedWords unwanted = {};
        int r = loader_unwanted(want, OSTREE_TOOL, &unwanted);

        for (size_t i = 0; i < unwanted.n && r >= 0; i++) {
                const char *w = unwanted.items[i].word;

                if (!loader_wants_nothing(want) && !string_list_contains(&present->words, w))
                        continue;
                r = call_delete(c, w);
                if (r >= 0)
                        r = string_list_add(&c->gone.words, w);
        }
        return r;
}

/* A word with a contradiction in it goes as a whole; what is left of a comma list comes back, and is its place. */
static int delete_contradiction(Call *c, const char *word, const char *contradiction)
{
        _cleanup_free_ char *left = NULL;
        int r = karg_without(word, contradiction, &left);

        if (r <= 0)
                return r;
        r = call_delete(c, word);
        if (r >= 0 && left)
                r = call_append(c, left);
        return r < 0 ? r : owned_words_add(&c->removed, left ?: "", word);
}

static int delete_contradictions(Call *c, const LoaderEdit *want, const Kargs *present)
{
        FOREACH_ARRAY(w, present->words.items, present->words.n)
                FOREACH_ARRAY(contradiction, want->remove->words.items, want->remove->words.n) {
                        int r = delete_contradiction(c, *w, *contradiction);

                        if (r < 0)
                                return r;
                }
        for (size_t i = 0; i < want->remove->words.n; i++) {
                int r = string_list_add(&c->gone.words, want->remove->words.items[i]);

                if (r < 0)
                        return r;
        }
        return 0;
}

/*
 * A wanted word that is there already, and does not count because another of its key comes behind it: that one goes,
 * since a word that is not missing is not appended.
 */
static int delete_later(Call *c, const Kargs *present, const char *word)
{
        size_t n = strcspn(word, "=") + 1;

        FOREACH_ARRAY(w, present->words.items, present->words.n)
                if (strncmp(*w, word, n) == 0 && !streq(*w, word) && !owned_words_has(&c->removed, "", *w)) {
                        int r = call_delete(c, *w);

                        if (r >= 0)
                                r = owned_words_add(&c->removed, "", *w);
                        if (r < 0)
                                return r;
                }
        return 0;
}

static int append_missing(Call *c, const LoaderEdit *want, const Kargs *present)
{
        _cleanup_(kargs_done) Kargs missing = {};
        int r = kargs_missing(present, want->add, &missing);

        for (size_t i = 0; i < missing.words.n && r >= 0; i++) {
                const char *w = missing.words.items[i];

                if (kargs_has(present, w)) {
                        r = delete_later(c, present, w);
                        continue;
                }
                r = call_append(c, w);
                if (r >= 0)
                        r = owned_words_add(&c->added, "", w);
        }
        return r;
}

/* All is taken back: what ptprep took out comes in again, in the place of what was left of it. */
static int restore_removed(Call *c, const LoaderEdit *want)
{
        const RecordFile *f = loader_wants_nothing(want) ? record_file(want->record, OSTREE_TOOL) : NULL;

        FOREACH_ARRAY(w, f ? f->removed.items : NULL, f ? f->removed.n : 0) {
                int r = *w->place ? call_delete(c, w->place) : 0;

                if (r >= 0)
                        r = call_append(c, w->word);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int make_call(Call *c, const LoaderEdit *want, const Kargs *present)
{
        int r = delete_unwanted(c, want, present);

        if (r >= 0)
                r = delete_contradictions(c, want, present);
        if (r >= 0)
                r = append_missing(c, want, present);
        return r < 0 ? r : restore_removed(c, want);
}

static int add_words(StringList *argv, const char *verb, const StringList *options)
{
        int r = string_list_add(argv, OSTREE_TOOL);

        if (r >= 0)
                r = string_list_add(argv, verb);
        for (size_t i = 0; i < options->n && r >= 0; i++)
                r = string_list_add(argv, options->items[i]);
        return r;
}

/* The program changes a store of its own: that is what the record names. */
static int remember(CommandStep *s, const char *subject, const OwnedFormat *format, const OwnedWords *added,
                    const OwnedWords *removed)
{
        const PlanWords words = { format->name, subject, *added, *removed };

        return step_remember(&s->record, &words);
}

static int plan_kargs(const BootEntry *e, const LoaderEdit *want, const Call *call, Plan *plan)
{
        CommandStep *s = plan_add_command(plan, want->check, e->file, LOADER_OSTREE, want->add, &call->gone);
        int r;

        if (!s)
                return -ENOMEM;
        r = add_words(&s->argv, "kargs", &call->argv);
        if (r >= 0)
                r = add_words(&s->undo_argv, "kargs", &call->undo);
        return r < 0 ? r : remember(s, OSTREE_TOOL, &owned_cmdline, &call->added, &call->removed);
}

/*
 * @last: the image has to be right afterwards. @ret_step: NULL: do not care. Taking it back may make an image as well:
 * of what the other steps have put back.
 */
static int plan_switch(const BootEntry *e, const LoaderEdit *want, const char *option, const char *undo, bool last,
                       CommandStep **ret_step, Plan *plan)
{
        static const Kargs none = {};
        char *words[] = { (char *) option, (char *) undo };
        CommandStep *s = plan_add_command(plan, want->image_check, e->file, LOADER_OSTREE, last ? &none : NULL, &none);
        int r;

        if (!s)
                return -ENOMEM;
        s->undo_last = true;
        r = add_words(&s->argv, "initramfs", &(const StringList){ words, 1 });
        if (r >= 0)
                r = add_words(&s->undo_argv, "initramfs", &(const StringList){ words + 1, 1 });
        if (ret_step)
                *ret_step = s;
        return r;
}

/*
 * The image is made of the system's /etc, which has the claim list in it, once rpm-ostree is told to make it here. It
 * makes one anew only when that is switched on, not when it is on already.
 */
static int plan_image(const Loader *l, const BootEntry *e, const LoaderEdit *want, Plan *plan)
{
        static const OwnedWords none = {};
        const RecordFile *recorded = record_file(want->record, SWITCH);
        const bool regenerates = l->regenerates == TRISTATE_YES;
        bool stale = want->stale && e->version && string_list_contains(want->stale, e->version);
        _cleanup_(owned_words_done) OwnedWords enabled = {};
        CommandStep *s;
        int r;

        /* an interrupted run has come as far as that; the program would take it for an error */
        if (loader_wants_nothing(want) && recorded && l->regenerates == TRISTATE_NO)
                return string_list_add(&plan->given_back, SWITCH);
        if (loader_wants_nothing(want) && recorded) { /* as it was before ptprep: the image of the system itself */
                r = plan_switch(e, want, "--disable", "--enable", true, &s, plan);
                return r < 0 ? r : remember(s, SWITCH, &owned_whole, &none, &none);
        }
        if (!stale || (loader_wants_nothing(want) && !regenerates))
                return 0;
        r = regenerates ? plan_switch(e, want, "--disable", "--enable", false, NULL, plan) : 0;
        if (r >= 0)
                r = plan_switch(e, want, "--enable", "--disable", true, &s, plan);
        if (r < 0 || regenerates)
                return r;
        r = owned_words_add(&enabled, "", "--enable");
        return r < 0 ? r : remember(s, SWITCH, &owned_whole, &enabled, &none);
}

int ostree_edit(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        _cleanup_(call_done) Call call = {};
        const BootEntry *e = NULL;
        size_t before = plan->n;
        int r;

        FOREACH_ARRAY(i, l->entries, l->n_entries)
                if (i->is_default)
                        e = i;
        if (!e)
                return 0;
        r = make_call(&call, want, &e->arguments);
        if (r >= 0)
                r = plan_image(l, e, want, plan);
        if (r >= 0 && call.argv.n > 0)
                r = plan_kargs(e, want, &call, plan);
        if (r >= 0 && plan->n > before && l->mkconfig.n == 0)
                return loader_refuse(
                        want, -ENOTSUP,
                        "this system is made of images (OSTree), and rpm-ostree is not there to change it: put "
                        "the arguments into /usr/lib/bootc/kargs.d of the image, see ptprep(8)");
        return r;
}
