/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/grubenv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool equal(const GrubEnv *a, const GrubEnv *b, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (!streq(a->variables[i].name, b->variables[i].name) ||
                    !streq(a->variables[i].value, b->variables[i].value))
                        return false;
        return true;
}

/* The input is the front of a block. A sound one keeps all variables when another is set, and its bytes when that goes.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char block[GRUBENV_SIZE + 1];
        _cleanup_free_ char *set = NULL, *twice = NULL, *back = NULL, *problem = NULL;
        _cleanup_(grubenv_done) GrubEnv e = {}, after = {};
        int r;

        memset(block, '#', GRUBENV_SIZE);
        block[GRUBENV_SIZE] = 0;
        memcpy(block, data, MIN(size, (size_t) GRUBENV_SIZE));
        if (grubenv_parse(block, GRUBENV_SIZE, &e) < 0)
                return 0;
        for (size_t i = 0; i < e.n; i++)
                if (!e.variables[i].name || !e.variables[i].value || e.variables[i].end > GRUBENV_SIZE)
                        abort();
        r = grubenv_set(block, GRUBENV_SIZE, "kernelopts", "ro intel_iommu=on\\\n", &set, &problem);
        if (r < 0) {
                if (r != -ENOMEM && !problem)
                        abort();
                return 0;
        }
        if (e.problem || strlen(set) != GRUBENV_SIZE ||
            grubenv_set(set, GRUBENV_SIZE, "kernelopts", "ro intel_iommu=on\\\n", &twice, NULL) < 0 ||
            !streq(set, twice) || grubenv_parse(set, GRUBENV_SIZE, &after) < 0 || after.problem)
                abort();
        if (!streq(grubenv_value(&after, "kernelopts"), "ro intel_iommu=on\\\n"))
                abort();
        if (!grubenv_value(&e, "kernelopts") &&
            (after.n != e.n + 1 || !equal(&e, &after, e.n) ||
             grubenv_set(set, GRUBENV_SIZE, "kernelopts", NULL, &back, NULL) < 0 || !streq(back, block)))
                abort();
        return 0;
}
