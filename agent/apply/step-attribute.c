/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/step.h"
#include "base/file.h"
#include "base/io.h"
#include "base/text.h"

/* Longer than a page no attribute is (Linux Documentation/filesystems/sysfs.rst). */
#define ATTRIBUTE_MAX 4096

/* What an attribute means by its errors, and what to do then. */
static const struct {
        const char *attribute;
        int error;
        const char *hint;
} hints[] = {
        /* Linux drivers/pci/iov.c, sriov_numvfs_store() and sriov_enable() */
        { "sriov_numvfs", ENOENT, "its driver makes no virtual functions: load the host driver that does" },
        { "sriov_numvfs", ENOMEM,
          "the firmware has left no room for them: switch SR-IOV and \"above 4G decoding\" on in its setup, or add "
          "pci=realloc to the kernel command line" },
        { "sriov_numvfs", EBUSY, "there are others by now, and may be in use: write 0 to it when they are not" },
        { "sriov_numvfs", ERANGE, "it can have fewer, see its sriov_totalvfs" },
        { "sriov_numvfs", EIO, "see what its driver says in the kernel log: journalctl -k -b" },
        { "sriov_numvfs", EINVAL, "see what its driver says in the kernel log: journalctl -k -b" },
};

static const char *hint_of(const char *path, int error)
{
        FOREACH_ARRAY(h, hints, ELEMENTSOF(hints))
                if (error == -h->error && streq(strrchr(path, '/') + 1, h->attribute))
                        return h->hint;
        return NULL;
}

int step_attribute_do(StepContext *c)
{
        const AttributeStep *s = &c->step->attribute;
        const char *hint;
        int r;

        c->started = true;
        r = root_write_attr(c->options->rfd, c->path, s->value);
        if (r >= 0)
                return 0;
        hint = hint_of(c->path, r);
        return step_failed(c, r, "the kernel did not take \"%s\" in %s: %s%s%s", s->value, c->path, strerror(-r),
                           hint ? "; " : "", hint ?: "");
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
        int r;

        if (!c->started || !s->undo_value || reads_as(c, s->undo_value))
                return 0;
        if (root_stat(c->options->rfd, c->path, &st) == -ENOENT) /* and so is what it would be a value of */
                return 0;
        u->state = UNDO_DONE;
        r = root_write_attr(c->options->rfd, c->path, s->undo_value);
        if (r < 0 || !reads_as(c, s->value)) /* some read otherwise than they are written, but not as before */
                return r;
        string_printf(&u->reason, "\"%s\" was written to it, and it still reads \"%s\"", s->undo_value, s->value);
        return -EBADMSG;
}
