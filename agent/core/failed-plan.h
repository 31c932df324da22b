/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/judgement.h"
#include "model/plan.h"

/*
 * The plan that failed in a boot, so that the next boot does not make the same attempt. NAME_FAILED_PLAN has three
 * parts: a digest of the plan and of what it was made from, in a line; the files that it was to change, in a line; why
 * it failed, up to the end.
 */

/**
 * failed_plan_print() - the content of NAME_FAILED_PLAN
 * @inputs: of plan_inputs(), after everything was put back: of what is not in the facts. @failure: a sentence. Pure.
 * Returns it, owned by the caller; NULL when memory is short.
 */
char *failed_plan_print(const Judgement *j, const Plan *p, uint64_t inputs, const char *failure);

/* Did this very plan fail in an earlier boot, with everything as it is now? @ret_failure: why; of the facts. */
bool failed_plan_same(const Judgement *j, const Plan *p, uint64_t inputs, const char **ret_failure);

/**
 * failed_plan_describe() - the other two parts
 * @ret_paths, @ret_failure: of text; they end at a newline or at its end. False: there is no such text.
 */
bool failed_plan_describe(const char *text, const char **ret_paths, const char **ret_failure);
