/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "finding.h"

#include <stdarg.h>

#include "array.h"
#include "base/text.h"
#include "table.h"

static const char *const result_table[_RESULT_MAX] = {
        [RESULT_OK] = "ok",           [RESULT_SKIPPED] = "skipped", [RESULT_WARN] = "warn",
        [RESULT_UNKNOWN] = "unknown", [RESULT_FAIL] = "fail",       [RESULT_BLOCKED] = "blocked",
};

static const char *const cure_kind_table[_CURE_KIND_MAX] = {
        [CURE_NONE] = "none",
        [CURE_APPLY] = "apply",
        [CURE_APPLY_NOW] = "apply-now",
        [CURE_APPLY_REBOOT] = "apply-reboot",
        [CURE_REBOOT] = "reboot",
        [CURE_ROOT] = "root",
        [CURE_ELSEWHERE] = "elsewhere",
        [CURE_ARGUMENT] = "kernel-argument",
        [CURE_CONFIGURATION] = "configuration",
        [CURE_FIRMWARE] = "firmware",
        [CURE_SLOT] = "slot",
        [CURE_PERSON] = "person",
};

DEFINE_STRING_TO(result, Result)
DEFINE_STRING_TO(cure_kind, CureKind)

const char *cure_kind_text(CureKind k)
{
        static const char *const texts[_CURE_KIND_MAX] = {
                [CURE_APPLY] = "run \"ptprep --apply\"",
                [CURE_APPLY_NOW] = "run \"ptprep --apply\": no reboot is needed",
                [CURE_APPLY_REBOOT] = "run \"ptprep --apply\", then reboot",
                [CURE_REBOOT] = "reboot",
                [CURE_ROOT] = "run ptprep as root",
                [CURE_ELSEWHERE] = "run ptprep on the host, not in a container",
        };

        return texts[k];
}

void finding_list_done(FindingList *l)
{
        FOREACH_ARRAY(f, l->items, l->n) {
                free(f->subject);
                free(f->detail);
                free(f->cure);
        }
        free(l->items);
        *l = (FindingList){};
}

int finding_add(FindingList *l, const char *check, Result result, const char *subject, CureKind cure_kind,
                const char *cure, const char *format, ...)
{
        Finding f = { .check = check, .result = result, .cure_kind = cure_kind };
        Finding *slot;
        va_list ap;

        va_start(ap, format);
        string_vprintf(&f.detail, format, ap);
        va_end(ap);
        f.subject = subject ? strdup(subject) : NULL;
        cure = cure ?: cure_kind_text(cure_kind);
        f.cure = cure ? strdup(cure) : NULL;
        slot = array_grow(&l->items, l->n);
        if (!slot || !f.detail || (subject && !f.subject) || (cure && !f.cure)) {
                free(f.detail);
                free(f.subject);
                free(f.cure);
                return -ENOMEM;
        }
        *slot = f;
        l->n++;
        return 0;
}

int finding_add_all(FindingList *l, const FindingList *more, size_t from)
{
        for (size_t i = from; i < more->n; i++) {
                const Finding *f = more->items + i;
                int r = finding_add(l, f->check, f->result, f->subject, f->cure_kind, f->cure, "%s", f->detail);

                if (r < 0)
                        return r;
        }
        return 0;
}

Result finding_worst(const FindingList *l)
{
        Result worst = RESULT_OK;

        FOREACH_ARRAY(f, l->items, l->n)
                worst = MAX(worst, f->result);
        return worst;
}
