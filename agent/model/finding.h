/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/* The outcome of a check, from best to worst. */
typedef enum Result {
        RESULT_OK,
        RESULT_SKIPPED, /* does not apply here */
        RESULT_WARN,    /* ready, but look at it */
        RESULT_UNKNOWN, /* cannot tell: no right to read, no such interface */
        RESULT_FAIL,    /* not ready: ptprep --apply or a reboot cures it */
        RESULT_BLOCKED, /* a person must act: firmware, configuration, unsafe claim */
        _RESULT_MAX,
        _RESULT_INVALID = -EINVAL,
} Result;

const char *result_to_string(Result r);

/* Who or what cures it. What to do next follows from these, never from the words beside them. */
typedef enum CureKind {
        CURE_NONE,          /* nothing has to be done, or nothing can be */
        CURE_APPLY,         /* an apply, which is enough for the next boot */
        CURE_APPLY_NOW,     /* an apply, which is enough for this boot */
        CURE_APPLY_REBOOT,  /* an apply, and a reboot that makes it true */
        CURE_REBOOT,        /* all is in place for the next boot */
        CURE_ROOT,          /* ptprep has to be run as root */
        CURE_ELSEWHERE,     /* ptprep has to be run where the machine can be seen */
        CURE_ARGUMENT,      /* a person changes the kernel command line */
        CURE_CONFIGURATION, /* a person changes the configuration of ptprep or of this system */
        CURE_FIRMWARE,      /* an option in the firmware setup, or an update */
        CURE_SLOT,          /* another slot for this card or for the other one */
        CURE_PERSON,        /* something else that a person has to do */
        _CURE_KIND_MAX,
} CureKind;

/* "none", "apply", "apply-now", "apply-reboot", "reboot", "root", "elsewhere", "kernel-argument", "configuration",
 * "firmware", "slot", "person" */
const char *cure_kind_to_string(CureKind k);

/* The sentence of a kind that needs no other one; NULL: each has its own. */
const char *cure_kind_text(CureKind k);

typedef struct Finding {
        const char *check; /* id, a string of the table of checks */
        Result result;
        CureKind cure_kind;
        char *subject; /* device, kernel release or file; NULL: the whole machine */
        char *detail;  /* one sentence: what was found */
        char *cure;    /* one line: what to do; NULL: nothing to do */
} Finding;

typedef struct FindingList {
        Finding *items;
        size_t n;
} FindingList;

void finding_list_done(FindingList *l);

/**
 * finding_add() - append a finding
 * @check: static string. @subject: copied, may be NULL. @cure: copied; NULL: the sentence of that kind, if it has one.
 * @format: the detail.
 * Returns 0 or -ENOMEM.
 */
int finding_add(FindingList *l, const char *check, Result result, const char *subject, CureKind cure_kind,
                const char *cure, const char *format, ...) _printf_(7, 8) _must_check_;

/* Copies the findings of a list from an index on. 0 or -ENOMEM. */
int finding_add_all(FindingList *l, const FindingList *more, size_t from) _must_check_;

/* The worst result in the list; RESULT_OK when empty. */
Result finding_worst(const FindingList *l);
