/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/facts.h"
#include "model/finding.h"
#include "model/plan.h"

/**
 * plan_give_back() - put a file back that the record tells of
 * With the very bytes in it that ptprep wrote it gets its original bytes, or goes away when ptprep made it. When
 * somebody else has edited it since, ptprep's words go and nothing else, and a finding says so. Pure. Returns 0 or
 * -ENOMEM.
 */
int plan_give_back(const RecordFile *file, FindingList *findings, Plan *p) _must_check_;

/**
 * plan_generated() - a file that ptprep generates
 * @present: as it is now. @wanted: as it is to be, NULL: away. @keep_others: lines that somebody else put there stay.
 * Returns 0 or -ENOMEM.
 */
int plan_generated(const Facts *f, FindingList *findings, Plan *p, const char *check, const char *path,
                   const char *present, const char *wanted, bool keep_others) _must_check_;

/**
 * plan_record() - make the plan remember what it does
 * Puts steps in front that keep the originals and write the record, and steps behind that shorten the record and remove
 * originals that nobody needs any more; none where the record is right already. Pure. Returns 0; -EINVAL: a path that
 * does not fit in the record; -ENOMEM.
 */
int plan_record(const Facts *f, Plan *p) _must_check_;
