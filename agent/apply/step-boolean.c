/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/step.h"
#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "model/names.h"

/* Only the policy's own tool keeps a switch for later boots: it makes the policy anew (setsebool(8), -P). */

#define TOOL "setsebool"

static bool reads_as(const StepContext *c, bool on)
{
        char text[16];

        return root_read_attr(c->options->rfd, c->path, text, sizeof(text)) >= 0 && *text == (on ? '1' : '0');
}

/* @ret_failure: one sentence on failure, owned by the caller. 0; -EBADMSG: the tool is content, and the value in force
 * is another one; as command_run(). */
static int set(const StepContext *c, bool on, char **ret_failure)
{
        const char *name = selinux_boolean_to_string(c->step->boolean.boolean);
        const char *const argv[] = { TOOL, "-P", name, on ? "on" : "off", NULL };
        _cleanup_free_ char *tail = NULL;
        int k = 0, r = command_run(c->options, (char *const *) argv, NULL, LIMIT_MENU, &tail);

        if (r >= 0 && !reads_as(c, on)) {
                r = -EBADMSG;
                k = string_printf(ret_failure, TOOL " ran, and the SELinux boolean %s is still %s", name,
                                  on ? "off" : "on");
        } else if (r == -ENOEXEC)
                k = string_printf(ret_failure, TOOL " %s%s%s: install it (policycoreutils)", command_failure(r),
                                  tail && *tail ? ": " : "", tail ?: "");
        else if (r < 0)
                k = string_printf(ret_failure, TOOL " failed (%s); it said: %s", command_failure(r),
                                  tail && *tail ? tail : "nothing");
        return k < 0 ? k : r;
}

/* What could not be switched on is not ptprep's, whoever switches it on one day. */
static int forget(const StepContext *c)
{
        _cleanup_(record_done) Record record = {};
        _cleanup_free_ char *before = NULL, *text = NULL;
        int rfd = c->options->rfd, r = root_read_text(rfd, NAME_RECORD, &before);

        if (r >= 0)
                r = record_parse(before, &record);
        if (r < 0)
                return r;
        record_forget(&record, selinux_boolean_to_string(c->step->boolean.boolean));
        r = record_print(&record, &text);
        if (r < 0)
                return r;
        return text ? root_file_replace(rfd, NAME_RECORD, text, strlen(text), 0644)
                    : root_file_remove(rfd, NAME_RECORD);
}

/* The plan goes on without it, so that what the tool has done in spite of its failure is undone here and now. Returns
 * whether it is as before, and not in the record. */
static bool give_up(StepContext *c)
{
        _cleanup_free_ char *failure = NULL;
        const bool changed = c->started;

        c->started = false;
        return !(changed && set(c, false, &failure) < 0) && forget(c) >= 0;
}

int step_boolean_do(StepContext *c)
{
        const bool on = c->step->boolean.on;
        _cleanup_free_ char *failure = NULL;
        int r = set(c, on, &failure);

        /* what it has kept for later boots is to be seen nowhere, so it counts as changed when the tool is content */
        c->started = r >= 0 || r == -EBADMSG || !reads_as(c, !on);
        if (r >= 0)
                return 0;
        if (r == -EINTR || r == -ENOMEM) /* all is taken back */
                return step_failed(c, r, "%s", failure ?: strerror(-r));
        if (on)
                return step_failed(c, r, "%s%s", failure,
                                   give_up(c) ? "" : "; it may be on for later boots, so it stays recorded");
        c->started = false; /* off is what it is to be, and as long as it is recorded the next run sees to it */
        return step_failed(c, r, "%s", failure);
}

int step_boolean_undo(StepContext *c, Undo *u)
{
        if (!c->started)
                return 0;
        u->state = UNDO_DONE;
        return set(c, !c->step->boolean.on, &u->reason);
}
