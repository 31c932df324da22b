/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machine.h"

/* What has been said of a machine that was judged. */

static inline const Finding *find(const Machine *m, const char *check)
{
        const Finding *worst = NULL;

        FOREACH_ARRAY(f, m->findings.items, m->findings.n)
                if (streq(f->check, check) && (!worst || f->result > worst->result))
                        worst = f;
        return worst;
}

/* The worst finding of a check has this result, and its detail names this. */
static inline void expect(const Machine *m, const char *check, Result result, const char *text)
{
        const Finding *f = find(m, check);

        if (!f)
                fail_msg("%s: no finding", check);
        if (f->result != result || !strstr(f->detail, text))
                fail_msg("%s: %s \"%s\", expected %s \"%s\"", check, result_to_string(f->result), f->detail,
                         result_to_string(result), text);
        if (result >= RESULT_FAIL && !f->cure)
                fail_msg("%s: no cure for \"%s\"", check, f->detail);
}

/* Does any finding of a check name this? */
static inline bool is_told(const Machine *m, const char *check, const char *text)
{
        FOREACH_ARRAY(f, m->findings.items, m->findings.n)
                if (streq(f->check, check) && strstr(f->detail, text))
                        return true;
        return false;
}

/* What its worst finding advises; NULL: nothing. */
static inline const char *find_cure(const Machine *m, const char *check)
{
        const Finding *f = find(m, check);

        return f ? f->cure : NULL;
}

/* Of a check. */
static inline void expect_exit(const Machine *m, int code, size_t steps)
{
        machine_expect_exit(m, REPORT_CHECK, code, steps);
}
