/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/step.h"
#include "base/file.h"
#include "base/io.h"

/* Longer than a page no attribute is (Linux Documentation/filesystems/sysfs.rst). */
#define ATTRIBUTE_MAX 4096

int step_attribute_do(StepContext *c)
{
        const AttributeStep *s = &c->step->attribute;
        int r;

        c->started = true;
        r = root_write_attr(c->options->rfd, c->path, s->value);
        return r < 0 ? step_failed(c, r, "the kernel did not take \"%s\" in %s: %s", s->value, c->path, strerror(-r))
                     : 0;
}

/* One that cannot be read, or reads otherwise than it is written, is written to in any case. */
static bool reads_as(const StepContext *c, const char *value)
{
        char now[ATTRIBUTE_MAX];

        return root_read_attr(c->options->rfd, c->path, now, sizeof(now)) >= 0 && streq(now, value);
}

int step_attribute_undo(StepContext *c, Undo *u)
{
        const AttributeStep *s = &c->step->attribute;
        struct stat st;

        if (!c->started || !s->undo_value || reads_as(c, s->undo_value))
                return 0;
        if (root_stat(c->options->rfd, c->path, &st) == -ENOENT) /* and so is what it would be a value of */
                return 0;
        u->state = UNDO_DONE;
        return root_write_attr(c->options->rfd, c->path, s->undo_value);
}
