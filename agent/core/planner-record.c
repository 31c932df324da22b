/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/planner-record.h"

#include "base/text.h"
#include "grub/format/ownership.h"
#include "model/names.h"

#define CHECK_ID "record.valid"

/* What ptprep took out of a file that others have edited since: whether it is still wanted is theirs to say. */
static int tell_taken_out(const RecordFile *f, FindingList *findings)
{
        FOREACH_ARRAY(w, f->removed.items, f->removed.n) {
                int r = finding_add(findings, CHECK_ID, RESULT_WARN, f->subject, CURE_PERSON,
                                    "put it back by hand if it is wanted",
                                    "\"%s\", which ptprep took out%s%s, is not put back", w->word,
                                    *w->place ? " of " : "", w->place);

                if (r < 0)
                        return r;
        }
        return 0;
}

int plan_give_back(const RecordFile *f, FindingList *findings, Plan *p)
{
        const PlanWords none = { .format = f->format, .recorded_as = f->renamed ? f->subject : NULL };
        _cleanup_free_ char *base = NULL;
        OwnedState state;
        int r = owned_base(f, &state, &base);

        if (r < 0)
                return r;
        switch (state) {
        case OWNED_GONE:
                return finding_add(findings, CHECK_ID, RESULT_SKIPPED, f->subject, CURE_NONE, NULL,
                                   "not there any more: nothing to take back");
        case OWNED_UNKNOWN:
                return finding_add(findings, CHECK_ID, RESULT_BLOCKED, f->subject, CURE_PERSON,
                                   "look for ptprep's words in it, and take them out by hand",
                                   "cannot be told from what ptprep wrote, so it stays");
        case OWNED_EDITED:
                if (streq_null(base, f->present))
                        return 0;
                r = finding_add(findings, CHECK_ID, RESULT_WARN, f->subject, CURE_NONE, NULL,
                                "somebody else has edited it since: only ptprep's words are taken out");
                if (r >= 0)
                        r = tell_taken_out(f, findings);
                break;
        case OWNED_AS_WRITTEN:
        case OWNED_ORIGINAL:
                break;
        }
        return r < 0 ? r : plan_edit(p, CHECK_ID, f->renamed ?: f->subject, f->present, base, &none);
}

static int generated_words(const char *text, PlanWords *ret)
{
        while (*text) {
                size_t n = strcspn(text, "\n");
                _cleanup_free_ char *line = strndup(text, n);
                int r = line ? owned_words_add(&ret->added, "", line) : -ENOMEM;

                if (r < 0)
                        return r;
                text += n + (text[n] == '\n');
        }
        return 0;
}

/* What others have in a generated file; NULL: nothing. */
static int others_text(const Facts *f, const char *path, const char *present, char **ret)
{
        const RecordFile *file = record_file(&f->record, path);
        OwnedState state;

        if (file)
                return owned_base(file, &state, ret);
        *ret = present && !startswith(present, GENERATED_MARK) ? strdup(present) : NULL;
        return *ret || !present || startswith(present, GENERATED_MARK) ? 0 : -ENOMEM;
}

int plan_generated(const Facts *f, FindingList *findings, Plan *p, const char *check, const char *path,
                   const char *present, const char *wanted, bool keep_others)
{
        const RecordFile *file = record_file(&f->record, path);
        _cleanup_(plan_words_done) PlanWords words = { .format = keep_others ? owned_lines.name : owned_whole.name };
        _cleanup_free_ char *others = NULL, *text = NULL;
        int r;

        if (!wanted && file)
                return plan_give_back(file, findings, p);
        if (!keep_others && !file && present && !startswith(present, GENERATED_MARK))
                return !wanted ? 0
                               : finding_add(findings, check, RESULT_BLOCKED, path, CURE_PERSON,
                                             "move it away, and run ptprep again",
                                             "this file is somebody else's, and ptprep's own has to be there");
        r = keep_others ? others_text(f, path, present, &others) : 0;
        if (r >= 0 && wanted && keep_others)
                r = generated_words(wanted, &words);
        if (r < 0)
                return r;
        if (wanted && others) {
                if (string_printf(&text, "%s%s", wanted, others) < 0)
                        return -ENOMEM;
        } else if (!wanted)
                text = TAKE_PTR(others);
        return plan_edit(p, check, path, present, text ?: wanted, &words);
}

/* The name in the record of what a step changes. */
static const char *recorded_name(const Step *s)
{
        return step_record(s)->recorded_as ?: s->path;
}

/* What a file was before ptprep, as far as the next revert goes: what others did meanwhile belongs to it. */
static int note_original(RecordFile *file, const FileStep *s)
{
        _cleanup_free_ char *base = NULL;
        OwnedState state;
        int r;

        if (!file->format) {
                /* made by a ptprep that kept no record yet, or somebody else's */
                bool ours = s->old_text && startswith(s->old_text, GENERATED_MARK);
                const char *old = ours ? NULL : s->old_text;

                file->original = fingerprint_of(old);
                return string_replace(&file->kept, old);
        }
        r = owned_base(file, &state, &base);
        if (r < 0 || (state != OWNED_EDITED && state != OWNED_GONE))
                return r;
        file->original = fingerprint_of(base);
        return string_replace(&file->kept, base);
}

/* The words of a step that are there afterwards, in a text. */
static int remember_words(RecordFile *file, const StepRecord *s, const char *text)
{
        OwnedWords left = {};
        int r = string_replace(&file->format, s->format);

        if (r >= 0)
                r = owned_words_add_all(&file->added, &s->added);
        if (r >= 0)
                r = owned_words_add_all(&file->removed, &s->removed);
        if (r >= 0)
                r = owned_left(file->format, text, &file->added, &left);
        if (r == -ENOTSUP) /* a format whose words cannot be looked for in a text */
                return 0;
        if (r < 0)
                return r;
        owned_words_done(&file->added);
        file->added = left;
        return 0;
}

/*
 * A program's own store has no bytes that could be compared. With nothing wanted of it any more, all of ptprep's was
 * given back by this very step.
 */
static int remember_store(Record *record, const CommandStep *s)
{
        const StepRecord *words = &s->record;
        RecordFile *file = record_file_at(record, words->recorded_as);

        if (!file)
                return -ENOMEM;
        if (words->added.n == 0 && words->removed.n == 0 && !*(s->words ?: "")) {
                record_forget(record, words->recorded_as);
                return 0;
        }
        return remember_words(file, words, s->words);
}

/* Brings the record up to what is there after a step. */
static int remember(Record *record, const Step *s)
{
        const FileStep *change = step_file(s);
        RecordFile *file;
        int r;

        if (!change)
                return remember_store(record, &s->command);
        file = record_file_at(record, recorded_name(s));
        if (!file)
                return -ENOMEM;
        r = note_original(file, change);
        if (r >= 0)
                r = string_replace(&file->present, change->new_text);
        if (r >= 0)
                r = remember_words(file, &change->record, change->new_text);
        if (r < 0)
                return r;
        file->replaced = (Fingerprint){};
        file->exists = change->new_text ? TRISTATE_YES : TRISTATE_NO;
        file->written = fingerprint_of(change->new_text);
        if (fingerprint_is(&file->original, change->new_text))
                record_forget(record, recorded_name(s));
        return 0;
}

/* Is there still something of ptprep's in a file that the plan does not touch? What cannot be told stays recorded. */
static int still_ours(const RecordFile *f, bool *ret)
{
        _cleanup_free_ char *base = NULL;
        OwnedState state;
        int r = owned_base(f, &state, &base);

        if (r < 0)
                return r;
        *ret = f->subject[0] != '/' || state == OWNED_AS_WRITTEN || state == OWNED_UNKNOWN ||
               (state == OWNED_EDITED && !streq_null(base, f->present));
        return 0;
}

static bool touched(const Plan *p, const char *subject)
{
        FOREACH_ARRAY(s, p->steps, p->n)
                if (step_record(s) && streq(recorded_name(s), subject))
                        return true;
        return false;
}

/* Words that are gone, and what an interrupted run left to be done, need not be remembered any more. */
static int refresh(RecordFile *file)
{
        OwnedWords left = {};
        int r;

        if (!file->present)
                return 0;
        if (fingerprint_is(&file->replaced, file->present))
                file->written = file->replaced;
        file->replaced = (Fingerprint){};
        r = owned_left(file->format, file->present, &file->added, &left);
        if (r < 0) {
                owned_words_done(&left);
                return r == -ENOTSUP ? 0 : r;
        }
        owned_words_done(&file->added);
        file->added = left;
        return 0;
}

/* The record when all steps are done. */
static int final_record(const Facts *f, const Plan *p, Record *ret)
{
        FOREACH_ARRAY(file, f->record.files, f->record.n) {
                bool keep = !string_list_contains(&p->given_back, file->subject);
                int r = !keep || touched(p, file->subject) ? 0 : still_ours(file, &keep);

                if (r >= 0 && !keep)
                        record_forget(ret, file->subject);
                else if (r >= 0 && !touched(p, file->subject))
                        r = refresh(record_file_at(ret, file->subject));
                if (r < 0)
                        return r;
        }
        FOREACH_ARRAY(s, p->steps, p->n) {
                int r = step_record(s) ? remember(ret, s) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

/* Appends what an older record has of a file to a record. */
static int recall(Record *record, const RecordFile *old)
{
        RecordFile *file = NULL;
        Record one = { (RecordFile *) old, 1 }, copy = {};
        int r;

        FOREACH_ARRAY(i, record->files, record->n)
                if (streq(i->subject, old->subject))
                        file = i;
        if (file) {
                /* whatever moment the run is cut short at, the file has what one of the two describes */
                if (!fingerprint_equal(&file->written, &old->written))
                        file->replaced = old->written;
                r = owned_words_add_all(&file->added, &old->added);
                return r < 0 ? r : owned_words_add_all(&file->removed, &old->removed);
        }
        r = record_copy(&one, &copy);
        file = r < 0 ? NULL : array_grow(&record->files, record->n);
        if (!file) {
                record_done(&copy);
                return -ENOMEM;
        }
        record->n++;
        *file = copy.files[0];
        free(copy.files);
        return 0;
}

/* What has to be known before the first step: all that was, and all that will be. */
static int first_record(const Facts *f, const Record *final, Record *ret)
{
        int r = record_copy(final, ret);

        for (size_t i = 0; i < f->record.n && r >= 0; i++)
                r = recall(ret, f->record.files + i);
        return r;
}

static int plan_record_text(Plan *p, const char *text)
{
        StateStep *s = plan_add_state(p, STEP_RECORD, CHECK_ID, NAME_RECORD);

        return s ? string_copy(text, &s->text) : -ENOMEM;
}

static int plan_original(Plan *p, const char *subject, const char *old_text, const char *new_text)
{
        _cleanup_free_ char *path = NULL;
        StateStep *s;
        int r;

        if (streq_null(old_text, new_text))
                return 0;
        if (string_printf(&path, NAME_ORIGINALS "%s", subject) < 0)
                return -ENOMEM;
        s = plan_add_state(p, STEP_KEEP_ORIGINAL, CHECK_ID, path);
        if (!s)
                return -ENOMEM;
        s->mode = 0600; /* it may have been readable by root only */
        r = string_copy(new_text, &s->text);
        return r < 0 ? r : string_copy(subject, &s->original_of);
}

/* Originals that the record is about to name. */
static int plan_originals(const Facts *f, const Record *final, Plan *p)
{
        FOREACH_ARRAY(file, final->files, final->n) {
                const RecordFile *old = record_file(&f->record, file->subject);
                int r = file->kept ? plan_original(p, file->subject, old ? old->kept : NULL, file->kept) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

/* Originals that the record does not name any more. */
static int plan_forget_originals(const Facts *f, const Record *final, Plan *p)
{
        FOREACH_ARRAY(file, f->record.files, f->record.n) {
                const RecordFile *new = record_file(final, file->subject);
                int r = file->kept && !(new &&new->kept) ? plan_original(p, file->subject, file->kept, NULL) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

int plan_record(const Facts *f, Plan *p)
{
        _cleanup_(record_done) Record first = {}, final = {};
        _cleanup_(plan_done) Plan whole = {};
        _cleanup_free_ char *first_text = NULL, *final_text = NULL;
        int r = record_copy(&f->record, &final);

        if (r >= 0)
                r = final_record(f, p, &final);
        if (r >= 0)
                r = first_record(f, &final, &first);
        if (r >= 0)
                r = record_print(&first, &first_text);
        if (r >= 0)
                r = record_print(&final, &final_text);
        if (r >= 0)
                r = plan_originals(f, &final, &whole);
        if (r >= 0 && !streq_null(first_text, f->record_text))
                r = plan_record_text(&whole, first_text);
        if (r >= 0)
                r = plan_join(&whole, p);
        if (r >= 0 && !streq_null(final_text, first_text))
                r = plan_record_text(&whole, final_text);
        if (r >= 0)
                r = plan_forget_originals(f, &final, &whole);
        if (r < 0)
                return r;
        *p = whole;
        whole = (Plan){};
        return 0;
}
