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

DEFINE_STRING_TO(result, Result)

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

int finding_add(FindingList *l, const char *check, Result result, const char *subject, const char *cure,
                const char *format, ...)
{
        Finding f = { .check = check, .result = result };
        Finding *slot;
        va_list ap;

        va_start(ap, format);
        string_vprintf(&f.detail, format, ap);
        va_end(ap);
        f.subject = subject ? strdup(subject) : NULL;
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
                int r = finding_add(l, f->check, f->result, f->subject, f->cure, "%s", f->detail);

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

int result_to_exit_code(Result worst)
{
        static const int codes[_RESULT_MAX] = {
                [RESULT_OK] = EXIT_READY,          [RESULT_SKIPPED] = EXIT_READY,  [RESULT_WARN] = EXIT_READY,
                [RESULT_UNKNOWN] = EXIT_NOT_READY, [RESULT_FAIL] = EXIT_NOT_READY, [RESULT_BLOCKED] = EXIT_BLOCKED,
        };

        return codes[worst];
}
