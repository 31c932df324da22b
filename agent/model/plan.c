/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include "table.h"

static const char *const step_kind_table[_STEP_KIND_MAX] = {
        [STEP_CLEAN_UP] = "clean-up",           [STEP_WRITE_FILE] = "write",           [STEP_REMOVE_FILE] = "remove",
        [STEP_REBUILD_IMAGE] = "rebuild-image", [STEP_STAMP_IMAGES] = "record-images", [STEP_MKCONFIG] = "regenerate",
};

DEFINE_STRING_TO(step_kind, StepKind)

static void step_done(Step *s)
{
        free(s->path);
        free(s->subject);
        free(s->old_text);
        free(s->new_text);
        string_list_done(&s->argv);
        *s = (Step){};
}

void plan_done(Plan *p)
{
        FOREACH_ARRAY(s, p->steps, p->n)
                step_done(s);
        free(p->steps);
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
