/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include "table.h"

static const char *const step_kind_table[_STEP_KIND_MAX] = {
        [STEP_CLEAN_UP] = "clean-up",     [STEP_KEEP_ORIGINAL] = "keep-original",
        [STEP_RECORD] = "record",         [STEP_WRITE_FILE] = "write",
        [STEP_REMOVE_FILE] = "remove",    [STEP_REBUILD_IMAGE] = "rebuild-image",
        [STEP_COPY_IMAGE] = "copy-image", [STEP_STAMP_IMAGES] = "record-images",
        [STEP_MKCONFIG] = "regenerate",   [STEP_COMMAND] = "run",
};

DEFINE_STRING_TO(step_kind, StepKind)

const char *step_action(const Step *s)
{
        bool bookkeeping = s->kind == STEP_KEEP_ORIGINAL || s->kind == STEP_RECORD;

        return step_kind_to_string(bookkeeping && !s->new_text ? STEP_REMOVE_FILE : s->kind);
}

static void step_done(Step *s)
{
        free(s->path);
        free(s->subject);
        free(s->old_text);
        free(s->new_text);
        string_list_done(&s->argv);
        string_list_done(&s->undo_argv);
        free(s->format);
        free(s->recorded_as);
        owned_words_done(&s->added);
        owned_words_done(&s->removed);
        *s = (Step){};
}

bool step_is_state(const Step *s)
{
        return s->kind == STEP_CLEAN_UP || s->kind == STEP_KEEP_ORIGINAL || s->kind == STEP_RECORD ||
               s->kind == STEP_STAMP_IMAGES;
}

void plan_done(Plan *p)
{
        FOREACH_ARRAY(s, p->steps, p->n)
                step_done(s);
        free(p->steps);
        string_list_done(&p->given_back);
        *p = (Plan){};
}

Step *plan_add(Plan *p, StepKind kind, const char *check, const char *path)
{
        Step *s = array_grow(&p->steps, p->n);

        if (!s)
                return NULL;
        *s = (Step){ .kind = kind, .check = check, .path = strdup(path), .mode = 0644 };
        if (!s->path)
                return NULL;
        p->n++;
        return s;
}

int plan_join(Plan *p, Plan *more)
{
        FOREACH_ARRAY(s, more->steps, more->n) {
                Step *new = array_grow(&p->steps, p->n);

                if (!new)
                        return -ENOMEM;
                p->n++;
                *new = *s;
                *s = (Step){};
        }
        FOREACH_ARRAY(subject, more->given_back.items, more->given_back.n) {
                int r = string_list_add(&p->given_back, *subject);

                if (r < 0)
                        return r;
        }
        plan_done(more);
        return 0;
}

void plan_truncate(Plan *p, size_t n)
{
        while (p->n > n)
                step_done(p->steps + --p->n);
}

Step *plan_command(Plan *p, const char *check, const char *path, LoaderKind loader, const Kargs *add,
                   const Kargs *remove)
{
        Step *s = plan_add(p, STEP_COMMAND, check, path);

        if (!s)
                return NULL;
        s->loader = loader;
        s->new_text = kargs_print(add);
        s->old_text = kargs_print(remove);
        return s->new_text && s->old_text ? s : NULL;
}

int plan_write(Plan *p, const char *check, const char *path, const char *old_text, const char *new_text)
{
        Step *s;

        if (streq_null(old_text, new_text))
                return 0;
        s = plan_add(p, new_text ? STEP_WRITE_FILE : STEP_REMOVE_FILE, check, path);
        if (!s)
                return -ENOMEM;
        if (old_text && !(s->old_text = strdup(old_text)))
                return -ENOMEM;
        if (new_text && !(s->new_text = strdup(new_text)))
                return -ENOMEM;
        return 0;
}

void plan_words_done(PlanWords *w)
{
        owned_words_done(&w->added);
        owned_words_done(&w->removed);
}

int plan_edit(Plan *p, const char *check, const char *path, const char *old_text, const char *new_text,
              const PlanWords *words)
{
        size_t before = p->n;
        Step *s;
        int r = plan_write(p, check, path, old_text, new_text);

        if (r < 0 || p->n == before)
                return r;
        s = p->steps + before;
        s->format = strdup(words->format);
        s->recorded_as = words->recorded_as ? strdup(words->recorded_as) : NULL;
        if (!s->format || (words->recorded_as && !s->recorded_as))
                return -ENOMEM;
        r = owned_words_add_all(&s->added, &words->added);
        return r < 0 ? r : owned_words_add_all(&s->removed, &words->removed);
}
