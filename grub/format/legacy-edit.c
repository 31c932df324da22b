/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "grub/format/legacy.h"
#include "grub/format/ownership.h"

/* Edits of GRUB legacy's menu. */

#define LINE_FLAGS (CMDLINE_BEHIND_KEY | CMDLINE_BACKSLASH)

static bool is_backslash_before(const char *text, size_t at)
{
        return at > 0 && text[at - 1] == '\\';
}

/* Edits one stretch and tells what it did. */
static int edit_span(char **text, size_t start, size_t end, unsigned flags, const CmdlineEdit *edit, const char *place,
                     OwnedWords *added, OwnedWords *removed)
{
        _cleanup_free_ char *old = strndup(*text + start, end - start), *new = NULL;
        char *longer;
        int r = old ? cmdline_edit(old, flags, edit, &new) : -ENOMEM;

        if (r < 0 || streq(old, new))
                return r;
        longer = text_splice(*text, start, end, new);
        if (!longer)
                return -ENOMEM;
        /* the newline behind it would join two lines, or stop doing so */
        if (is_backslash_before(*text, end) || is_backslash_before(longer, start + strlen(new))) {
                free(longer);
                return -ENOTSUP;
        }
        free(*text);
        *text = longer;
        return added ? cmdline_record(old, new, flags, edit->add, place, added, removed) : 0;
}

static int option_place(const LegacyOption *o, char **ret)
{
        if (string_printf(ret, LEGACY_OPTION_PREFIX "%s", o->name) < 0)
                return -ENOMEM;
        return 0;
}

/* Does the list of update-grub have entries that boot below Xen? Then a comment of its own feeds them. */
static bool automagic_xen(const LegacyMenu *m)
{
        FOREACH_ARRAY(e, m->entries, m->n)
                if (e->automagic && e->module && e->kernel)
                        return true;
        return false;
}

/* What a new normal entry gets from the comments: those for all kernels, then the one of this kind. */
static int words_of_options(const char *text, const LegacyMenu *m, const char *kind, Kargs *ret)
{
        _cleanup_free_ char *all = NULL;
        size_t size;
        FILE *f = open_memstream(&all, &size);

        if (!f)
                return -ENOMEM;
        FOREACH_ARRAY(o, m->options, m->n_options)
                if (streq(o->name, "kopt") || streq(o->name, kind))
                        fprintf(f, "%.*s ", (int) (o->end - o->start), text + o->start);
        return fclose(f) != 0 ? -ENOMEM : kargs_parse(all, ret);
}

/* update-grub puts the values of several comments of one name together. */
static bool is_first_of_name(const LegacyMenu *m, const LegacyOption *o)
{
        FOREACH_ARRAY(other, m->options, m->n_options)
                if (streq(other->name, o->name))
                        return other == o;
        return true;
}

/* Wanted words that neither this comment nor the one before it on a new line brings. */
static int missing_in_option(const char *parsed, const LegacyMenu *m, const LegacyOption *o, const Kargs *add,
                             Kargs *ret)
{
        _cleanup_(kargs_done) Kargs own = {}, whole = {}, lacking = {};
        _cleanup_free_ char *value = strndup(parsed + o->start, o->end - o->start);
        int r = value ? kargs_parse(value, &own) : -ENOMEM;

        if (r >= 0)
                r = words_of_options(parsed, m, o->name, &whole);
        if (r >= 0)
                r = kargs_missing(&own, add, &lacking);
        return r < 0 ? r : kargs_missing(&whole, &lacking, ret);
}

/* @parsed: the text that the places in m are of. */
static int edit_option(char **text, const char *parsed, const LegacyMenu *m, const LegacyOption *o, const Kargs *add,
                       const Kargs *remove, OwnedWords *added, OwnedWords *removed)
{
        bool feeds_normal = is_first_of_name(m, o) &&
                            (streq(o->name, "defoptions") || (streq(o->name, "xenkopt") && automagic_xen(m)));
        _cleanup_(kargs_done) Kargs missing = {};
        _cleanup_free_ char *place = NULL;
        const CmdlineEdit edit = { .remove = remove, .add = &missing };
        int r = feeds_normal ? missing_in_option(parsed, m, o, add, &missing) : 0;

        if (r >= 0)
                r = option_place(o, &place);
        return r < 0 ? r : edit_span(text, o->start, o->end, 0, &edit, place, added, removed);
}

/* GRUB drops a carriage return within a line, which joins what stands around it: no place to edit words. */
static bool has_stray_return(const char *text, const LegacyEntry *e)
{
        for (size_t i = e->start; i < e->end; i++)
                if (text[i] == '\r' && !strchr("\r\n", text[i + 1]))
                        return true;
        return false;
}

static int edit_entry(char **text, const LegacyEntry *e, const Kargs *add, const Kargs *remove, OwnedWords *added,
                      OwnedWords *removed)
{
        _cleanup_(kargs_done) Kargs missing = {};
        const CmdlineEdit edit = { .remove = remove, .add = &missing };
        int r = has_stray_return(*text, e) ? -ENOTSUP : kargs_missing(&e->arguments, add, &missing);

        return r < 0 ? r : edit_span(text, e->start, e->end, LINE_FLAGS, &edit, e->place, added, removed);
}

static int edit_round(char **text, unsigned saved, const Kargs *add, const Kargs *remove, OwnedWords *added,
                      OwnedWords *removed)
{
        _cleanup_(legacy_menu_done) LegacyMenu m = {};
        _cleanup_free_ char *parsed = strdup(*text);
        size_t entry, option;
        int r = parsed ? legacy_parse(parsed, saved, &m) : -ENOMEM;

        /* from the end to the front, so that the places of what comes before stay */
        for (entry = m.n, option = m.n_options; r >= 0 && entry + option > 0;) {
                const LegacyEntry *e = entry > 0 ? m.entries + entry - 1 : NULL;
                const LegacyOption *o = option > 0 ? m.options + option - 1 : NULL;

                if (e && (!e->kernel || e->rescue))
                        entry--;
                else if (e && (!o || e->start > o->start)) {
                        r = edit_entry(text, e, add, remove, added, removed);
                        entry--;
                } else {
                        r = edit_option(text, parsed, &m, o, add, remove, added, removed);
                        option--;
                }
        }
        return r;
}

/* update-grub has no place yet to put the words in: it makes that comment with its own default. */
static int add_defoptions(char **text)
{
        _cleanup_(legacy_menu_done) LegacyMenu m = {};
        size_t at;
        char *longer;
        int r = legacy_parse(*text, 0, &m);

        if (r < 0 || !m.has_automagic)
                return r;
        at = m.automagic;
        FOREACH_ARRAY(o, m.options, m.n_options) {
                if (streq(o->name, "defoptions"))
                        return 0;
                if (streq(o->name, "kopt"))
                        at = o->start;
        }
        /* where no backslash joins the new line to another one */
        at = legacy_line_end(*text, at);
        if (!(*text)[at] && (*text)[at - 1] == '\\')
                return 0;
        longer = text_splice(*text, at, at, "\n" LEGACY_OPTION_PREFIX "defoptions=");
        if (!longer)
                return -ENOMEM;
        free(*text);
        *text = longer;
        return 0;
}

int legacy_edit(const char *text, unsigned saved, const Kargs *add, const Kargs *remove, OwnedWords *added,
                OwnedWords *removed, char **ret)
{
        static const Kargs none = {};
        _cleanup_free_ char *s = strdup(text);
        /* first what contradicts: which words count after that is another matter */
        int r = s ? edit_round(&s, saved, &none, remove, added, removed) : -ENOMEM;

        if (r >= 0 && add->words.n > 0)
                r = add_defoptions(&s);
        if (r >= 0)
                r = edit_round(&s, saved, add, &none, added, removed);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

static int take_one(char **text, const OwnedWord *w)
{
        _cleanup_(legacy_menu_done) LegacyMenu m = {};
        char *word = w->word;
        const Kargs one = { .words = { .items = &word, .n = 1 } };
        const CmdlineEdit edit = { .take = &one };
        int r = legacy_parse(*text, 0, &m);

        if (r < 0)
                return r;
        FOREACH_ARRAY(e, m.entries, m.n)
                if (e->kernel && streq(e->place, w->place))
                        return edit_span(text, e->start, e->end, LINE_FLAGS, &edit, w->place, NULL, NULL);
        FOREACH_ARRAY(o, m.options, m.n_options) {
                const char *name = startswith(w->place, LEGACY_OPTION_PREFIX);

                if (name && streq(o->name, name))
                        return edit_span(text, o->start, o->end, 0, &edit, w->place, NULL, NULL);
        }
        return 0;
}

int legacy_take(const char *text, const OwnedWords *words, char **ret)
{
        _cleanup_free_ char *s = strdup(text);
        int r = s ? 0 : -ENOMEM;

        for (size_t i = 0; i < words->n && r >= 0; i++)
                r = take_one(&s, words->items + i);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

const OwnedFormat owned_grub_legacy = { "grub-legacy", legacy_take };
