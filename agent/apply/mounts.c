/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/apply.h"

#include "base/text.h"

/* Does the plan change anything in them? A program that is started may write wherever it wants. */
static bool needs_writing(const BootMounts *mounts, const Plan *p)
{
        FOREACH_ARRAY(s, p->steps, p->n) {
                if (s->kind == STEP_REBUILD_IMAGE || s->kind == STEP_MKCONFIG || s->kind == STEP_COMMAND ||
                    s->kind == STEP_CLEAN_UP || s->kind == STEP_COPY_IMAGE)
                        return true;
                FOREACH_ARRAY(m, mounts->items, mounts->n) {
                        const char *rest = startswith(s->path, m->target);

                        if (rest && *rest == '/')
                                return true;
                }
        }
        return false;
}

/* Takes them away, the last one first: it may lie in another. @left: how many remain, from the first on. */
static int detach_all(const BootMounts *mounts, size_t *left, const char **ret_target)
{
        for (*left = mounts->n; *left > 0; --*left) {
                const BootMount *m = mounts->items + *left - 1;
                int r = mount_detach(m->target);

                if (r < 0) {
                        *ret_target = m->target;
                        return r;
                }
        }
        return 0;
}

/* Mounts those from an index on, all or none. */
static int attach_from(const BootMounts *mounts, size_t first, bool writable, const char **ret_target)
{
        for (size_t i = first; i < mounts->n; i++) {
                const BootMount *m = mounts->items + i;
                MountSpec spec = boot_mount_spec(m);
                int r = writable && m->read_only ? -EROFS : mount_attach(&spec, writable);

                if (r >= 0)
                        continue;
                *ret_target = m->target;
                while (i-- > first)
                        if (mount_detach(mounts->items[i].target) < 0)
                                return r;
                return r;
        }
        return 0;
}

int apply_mounts_writable(const BootMounts *mounts, const Plan *p, char **ret_failure)
{
        const char *target = NULL, *other;
        size_t left;
        char *text;
        int r;

        if (mounts->n == 0 || !needs_writing(mounts, p))
                return 0;
        r = detach_all(mounts, &left, &target);
        if (r >= 0)
                r = attach_from(mounts, 0, true, &target);
        if (r >= 0)
                return 0;
        if (attach_from(mounts, left, false, &other) < 0)
                left = 0; /* nothing is shown there then, and the next look says so */
        if (string_printf(&text, "%s could not be opened for writing: %s; mount it and run ptprep again", target,
                          r == -EBUSY ? "it is in use, or somebody has mounted it meanwhile" : strerror(-r)) < 0)
                return -ENOMEM;
        free(*ret_failure);
        *ret_failure = text;
        return r;
}

int apply_mounts_close(const BootMounts *mounts, const char **ret_target)
{
        const char *target = NULL;
        size_t left;
        int r = 0, k;

        if (mounts->n == 0)
                return 0;
        FOREACH_ARRAY(m, mounts->items, mounts->n) {
                k = mount_sync(m->target);
                if (k < 0 && r >= 0) {
                        r = k;
                        target = m->target;
                }
        }
        if (detach_all(mounts, &left, ret_target) < 0) /* a program that was started still has a file open there */
                for (size_t i = 0; i < left; i++) {
                        k = mount_close(mounts->items[i].target);
                        if (k < 0 && r >= 0) {
                                r = k;
                                target = mounts->items[i].target;
                        }
                }
        k = attach_from(mounts, left, false, ret_target);
        if (r < 0)
                *ret_target = target;
        return r < 0 ? r : k;
}
