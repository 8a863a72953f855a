// SPDX-License-Identifier: Apache-2.0
// Questions about bound expressions.
#include "plan/expr.h"

#include <string.h>

#include "plan/function.h"
#include "plan/query.h"

bool kdb_expr_is_fixed(const struct kdb_expr *expr)
{
    if (expr->is_volatile)
        return false;
    if (expr->kind == KDB_EXPR_COLUMN || expr->kind == KDB_EXPR_AGGREGATE ||
        expr->kind == KDB_EXPR_WINDOW || expr->kind == KDB_EXPR_SUBQUERY)
        return false;
    for (size_t i = 0; i < expr->arg_count; i++) {
        if (!kdb_expr_is_fixed(expr->args[i]))
            return false;
    }
    return true;
}

static unsigned call_depends(const struct kdb_expr *call)
{
    const struct kdb_function *function = call->function;
    bool is_per_statement = function->engine && strcmp(function->engine, "$V") == 0;
    if (function->family == KDB_FAMILY_SESSION)
        return KDB_DEPENDS_SESSION;
    bool is_age_of_now = strcmp(function->name, "age") == 0 && call->arg_count == 1;
    return is_per_statement || is_age_of_now ? KDB_DEPENDS_TIME : 0;
}

unsigned kdb_expr_depends(const struct kdb_expr *expr)
{
    unsigned depends = expr->is_volatile ? KDB_DEPENDS_CALL : 0;
    if (expr->kind == KDB_EXPR_CALL)
        depends |= call_depends(expr);
    for (size_t i = 0; i < expr->arg_count; i++)
        depends |= kdb_expr_depends(expr->args[i]);
    return depends;
}

// How leaves are compared, passed down.
struct matcher {
    kdb_leaf_equal leaf_equal;
    void *self;
};

static bool equal(const struct matcher *matcher, const struct kdb_expr *a,
                  const struct kdb_expr *b);

static bool lists_equal(const struct matcher *matcher, struct kdb_expr **a, size_t a_count,
                        struct kdb_expr **b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++) {
        if (!equal(matcher, a[i], b[i]))
            return false;
    }
    return true;
}

static bool both_or_equal(const struct matcher *matcher, const struct kdb_expr *a,
                          const struct kdb_expr *b)
{
    return a && b ? equal(matcher, a, b) : a == b;
}

static bool orders_equal(const struct matcher *matcher, const struct kdb_expr_order *a,
                         size_t a_count, const struct kdb_expr_order *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++) {
        if (a[i].is_descending != b[i].is_descending || a[i].nulls_first != b[i].nulls_first ||
            !equal(matcher, a[i].expr, b[i].expr))
            return false;
    }
    return true;
}

static bool windows_equal(const struct matcher *matcher, const struct kdb_window *a,
                          const struct kdb_window *b)
{
    return a->frame_mode == b->frame_mode && a->frame_start == b->frame_start &&
           a->frame_end == b->frame_end && a->exclude == b->exclude &&
           both_or_equal(matcher, a->start_offset, b->start_offset) &&
           both_or_equal(matcher, a->end_offset, b->end_offset) &&
           lists_equal(matcher, a->partition, a->partition_count, b->partition,
                       b->partition_count) &&
           orders_equal(matcher, a->order, a->order_count, b->order, b->order_count);
}

static bool calls_equal(const struct matcher *matcher, const struct kdb_expr *a,
                        const struct kdb_expr *b)
{
    if (a->function != b->function || a->is_star != b->is_star ||
        a->is_distinct != b->is_distinct || !a->window != !b->window)
        return false;
    if (!both_or_equal(matcher, a->filter, b->filter))
        return false;
    if (a->window && !windows_equal(matcher, a->window, b->window))
        return false;
    return orders_equal(matcher, a->order, a->order_count, b->order, b->order_count);
}

static bool is_leaf(const struct kdb_expr *expr)
{
    return expr->kind == KDB_EXPR_CONST || expr->kind == KDB_EXPR_INPUT;
}

static bool equal(const struct matcher *matcher, const struct kdb_expr *a, const struct kdb_expr *b)
{
    if (a == b)
        return !a->is_volatile;
    if (!kdb_type_equal(a->type, b->type))
        return false;
    if (is_leaf(a) && is_leaf(b))
        return matcher->leaf_equal(matcher->self, a, b);
    if (a->kind != b->kind || a->is_negated != b->is_negated || a->truth != b->truth ||
        a->is_volatile || b->is_volatile || a->kind == KDB_EXPR_SUBQUERY)
        return false;
    if (a->kind == KDB_EXPR_COLUMN)
        return a->relation == b->relation && a->column == b->column;
    bool is_call =
        a->kind == KDB_EXPR_CALL || a->kind == KDB_EXPR_AGGREGATE || a->kind == KDB_EXPR_WINDOW;
    if (is_call && !calls_equal(matcher, a, b))
        return false;
    return lists_equal(matcher, a->args, a->arg_count, b->args, b->arg_count);
}

bool kdb_expr_equal(const struct kdb_expr *a, const struct kdb_expr *b, kdb_leaf_equal leaf_equal,
                    void *self)
{
    const struct matcher matcher = {leaf_equal, self};
    return equal(&matcher, a, b);
}
