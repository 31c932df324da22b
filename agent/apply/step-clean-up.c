/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/leftovers.h"
#include "apply/step.h"
#include "base/io.h"
#include "model/names.h"
#include "model/transaction.h"

/* Of what a list of names says, only what nobody but ptprep can have made, whatever else stands in it. */
static bool is_leftover(const Record *record, bool record_known, const char *path)
{
        const char *subject = startswith(path, NAME_ORIGINALS);

        if (endswith(path, TRIAL_SUFFIX) || endswith(path, BACKUP_SUFFIX) || endswith(path, UNFINISHED_SUFFIX) ||
            streq(path, NAME_BOOT_ROOT))
                return true;
        return subject && subject[0] == '/' && !strstr(path, "/../") && record_known && !record_file(record, subject);
}

int step_clean_up_do(StepContext *c)
{
        _cleanup_(transaction_done) Transaction list = {};
        _cleanup_(record_done) Record record = {};
        _cleanup_free_ char *text = NULL;
        int rfd = c->options->rfd, r = root_read_text(rfd, NAME_RECORD, &text);
        bool known = (r >= 0 || r == -ENOENT) && record_parse(text, &record) >= 0;

        r = transaction_parse(c->step->clean_up.names, &list);
        if (r < 0)
                return r;
        FOREACH_ARRAY(path, list.leftovers.items, list.leftovers.n) {
                if (!is_leftover(&record, known, *path))
                        continue;
                r = leftover_remove(rfd, *path);
                if (r < 0)
                        return step_failed(c, r, "%s could not be removed: %s", *path, strerror(-r));
                r = startswith(*path, NAME_ORIGINALS) ? tidy_originals(rfd, *path) : 0;
                if (r < 0)
                        return step_failed(c, r, "directories in " NAME_ORIGINALS " could not be removed: %s",
                                           strerror(-r));
        }
        return 0;
}

int step_clean_up_undo(StepContext *c, Undo *u)
{
        (void) c, (void) u; /* leftovers are no loss */
        return 0;
}
