/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/function-order.h"

/* The function above: a bridge, or what makes the root bus. The index n stands for the machine itself. */
static size_t above(const Facts *f, size_t i)
{
        const PciFunction *p = f->functions + i;

        if (p->parent != PCI_PARENT_NONE)
                return p->parent;
        return p->behind != PCI_PARENT_NONE ? p->behind : f->n_functions;
}

int function_order(const Facts *f, FunctionPlace **ret)
{
        size_t n = f->n_functions, at = n, placed = 0;
        /* what hangs below i are children[first[i]] up to children[first[i + 1] - 1]; next[i] is the one to go on with
         */
        _cleanup_free_ size_t *first = calloc(n + 2, sizeof(*first)), *next = calloc(n + 1, sizeof(*next)),
                              *children = calloc(n + 1, sizeof(*children));
        _cleanup_free_ FunctionPlace *order = calloc(n + 1, sizeof(*order));
        unsigned depth = 0;

        if (!first || !next || !children || !order)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                first[above(f, i) + 1]++;
        for (size_t i = 0; i <= n; i++) {
                first[i + 1] += first[i];
                next[i] = first[i];
        }
        for (size_t i = 0; i < n; i++)
                children[next[above(f, i)]++] = i;
        for (size_t i = 0; i <= n; i++)
                next[i] = first[i];
        /* The kernel's tree has no loops: a path in sysfs is finite. */
        for (;;) {
                if (next[at] < first[at + 1]) {
                        at = children[next[at]++];
                        order[placed++] = (FunctionPlace){ .index = at, .depth = depth++ };
                } else if (at != n) {
                        at = above(f, at);
                        depth--;
                } else
                        break;
        }
        *ret = TAKE_PTR(order);
        return 0;
}
