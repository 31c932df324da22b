/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/picture.h"

#include "core/function-order.h"
#include "core/host-use.h"

void picture_done(Picture *p)
{
        FOREACH_ARRAY(row, p->rows, p->n)
                verdict_done(&row->verdict);
        free(p->rows);
        *p = (Picture){};
}

/* Is there something about the function that has to be seen without opening anything? */
static bool stands_alone(const Facts *f, const PictureRow *row)
{
        size_t n_uses;

        return row->wanted || host_uses_of(&f->host, row->function->addr, &n_uses) != NULL;
}

static bool same_reasons(const Verdict *a, const Verdict *b)
{
        if (a->state != b->state || a->n_reasons != b->n_reasons)
                return false;
        for (size_t i = 0; i < a->n_reasons; i++)
                if (!streq(a->reasons[i].id, b->reasons[i].id) || a->reasons[i].weight != b->reasons[i].weight)
                        return false;
        return true;
}

/* Would a person who has read the one row learn nothing from the other? */
static bool alike(const PictureRow *a, const PictureRow *b)
{
        const PciFunction *f = a->function, *g = b->function;

        return f->parent == g->parent && f->behind == g->behind && f->class == g->class &&
               streq_null(f->driver, g->driver) && same_reasons(&a->verdict, &b->verdict);
}

/* Has the row something below it? Then it is no leaf of the tree, and stays where it is. */
static bool has_children(const Picture *p, size_t i)
{
        return i + 1 < p->n && p->rows[i + 1].depth > p->rows[i].depth;
}

static void fold(const Facts *f, Picture *p)
{
        for (size_t i = 0, n; i < p->n; i += n) {
                for (n = 0; i + n < p->n; n++)
                        if (has_children(p, i + n) || stands_alone(f, p->rows + i + n) ||
                            !alike(p->rows + i, p->rows + i + n))
                                break;
                if (n < PICTURE_FOLD_MIN)
                        n = 1;
                for (size_t k = 0; k < n; k++)
                        p->rows[i + k].n_alike = k == 0 ? n : 0;
        }
}

static int compare_numbers(const void *a, const void *b)
{
        int32_t x = *(const int32_t *) a, y = *(const int32_t *) b;

        return (x > y) - (x < y);
}

static int count_groups(const Picture *p, size_t *ret)
{
        _cleanup_free_ int32_t *numbers = calloc(p->n + 1, sizeof(*numbers));
        size_t n = 0;

        if (!numbers)
                return -ENOMEM;
        for (size_t i = 0; i < p->n; i++)
                numbers[i] = p->rows[i].function->group;
        qsort(numbers, p->n, sizeof(*numbers), compare_numbers);
        for (size_t i = 0; i < p->n; i++)
                n += numbers[i] != PCI_GROUP_NONE && (i == 0 || numbers[i] != numbers[i - 1]);
        *ret = n;
        return 0;
}

int picture_compute(const Judgement *j, Picture *ret)
{
        _cleanup_(verdict_context_freep) VerdictContext *context = NULL;
        _cleanup_free_ FunctionPlace *order = NULL;
        _cleanup_(picture_done) Picture p = {};
        const Facts *f = j->facts;
        int r;

        r = verdict_context_new(f, j->wanted, &context);
        if (r >= 0)
                r = function_order(f, &order);
        if (r < 0)
                return r;
        p.rows = calloc(f->n_functions + 1, sizeof(*p.rows));
        if (!p.rows)
                return -ENOMEM;
        for (; p.n < f->n_functions; p.n++) {
                const PciFunction *function = f->functions + order[p.n].index;
                PictureRow *row = p.rows + p.n;

                *row = (PictureRow){ .function = function,
                                     .wanted = wanted_device_of(j->wanted, function),
                                     .depth = order[p.n].depth,
                                     .joins = p.n > 0 && function->group != PCI_GROUP_NONE &&
                                              function->group == row[-1].function->group };
                r = verdict_compute(context, function, &row->verdict);
                if (r < 0)
                        return r;
                p.counts[row->verdict.state]++;
        }
        r = count_groups(&p, &p.n_groups);
        if (r < 0)
                return r;
        fold(f, &p);
        *ret = p;
        p = (Picture){};
        return 0;
}
