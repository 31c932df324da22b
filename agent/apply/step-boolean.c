/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/step.h"
#include "base/io.h"
#include "base/text.h"

/* Only the policy's own tool keeps a switch for later boots: it makes the policy anew (setsebool(8), -P). */

#define TOOL "setsebool"

static int set(StepContext *c, bool on, char **ret_tail)
{
        const char *const argv[] = { TOOL, "-P", selinux_boolean_to_string(c->step->boolean.boolean), on ? "on" : "off",
                                     NULL };

        return command_run(c->options, (char *const *) argv, NULL, LIMIT_MENU, ret_tail);
}

static bool reads_as(const StepContext *c, bool on)
{
        char text[16];

        return root_read_attr(c->options->rfd, c->path, text, sizeof(text)) >= 0 && *text == (on ? '1' : '0');
}

int step_boolean_do(StepContext *c)
{
        const BooleanStep *s = &c->step->boolean;
        const char *name = selinux_boolean_to_string(s->boolean);
        _cleanup_free_ char *tail = NULL;
        int r;

        c->started = true;
        r = set(c, s->on, &tail);
        if (r == -ENOEXEC)
                return step_failed(c, r,
                                   TOOL " could not be started: install it (policycoreutils), or take selinux-booleans "
                                        "out of [agent]");
        if (r < 0)
                return step_failed_program(c, r, TOOL, "", tail);
        return reads_as(c, s->on) ? 0
                                  : step_failed(c, -EPROTO, TOOL " ran, and the SELinux boolean %s is still %s", name,
                                                s->on ? "off" : "on");
}

int step_boolean_undo(StepContext *c, Undo *u)
{
        const BooleanStep *s = &c->step->boolean;

        if (!c->started || reads_as(c, !s->on))
                return 0;
        u->state = UNDO_DONE;
        return set(c, !s->on, NULL);
}
