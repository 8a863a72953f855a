// SPDX-License-Identifier: Apache-2.0
// What a grouped query may read, and when two expressions are the same.
#include "plan/bind_priv.h"

// The value of a constant, or of a lifted literal as its input wants it. False for parameters and
// what does not convert.
static bool leaf_value(struct bind *bind, const struct kdb_expr *expr, kdb_value *ret)
{
    if (expr->kind == KDB_EXPR_CONST) {
        *ret = expr->constant;
        return true;
    }
    const struct kdb_input *input = &bind->plan->inputs[expr->input];
    if (input->is_param)
        return false;
    kdb_slice text = kdb_lifted_text(&bind->plan->scanned, bind->arena, (int)input->index);
    if (input->is_minus)
        text = kdb_arena_printf(bind->arena, "-%.*s", KDB_ARG(text));
    if (input->type.kind == KDB_UNKNOWN) {
        *ret = kdb_value_bytes(KDB_UNKNOWN, text);
        return true;
    }
    return kdb_value_parse(text, bind->ctx, input->type, ret) == KDB_OK;
}

static void depend_on(struct bind *bind, const struct kdb_expr *expr)
{
    if (expr->kind == KDB_EXPR_INPUT && !bind->plan->inputs[expr->input].is_param)
        bind_fix_literal(bind, (int)bind->plan->inputs[expr->input].index);
}

static bool leaves_equal(void *self, const struct kdb_expr *a, const struct kdb_expr *b)
{
    struct bind *bind = self;
    if (a->kind == KDB_EXPR_INPUT && b->kind == KDB_EXPR_INPUT) {
        const struct kdb_input *x = &bind->plan->inputs[a->input];
        const struct kdb_input *y = &bind->plan->inputs[b->input];
        if (x->is_param || y->is_param)
            return x->is_param && y->is_param && x->index == y->index;
    }
    kdb_value left;
    kdb_value right;
    if (!leaf_value(bind, a, &left) || !leaf_value(bind, b, &right) ||
        !kdb_value_same(&left, &right)) {
        kdb_ctx_clear_error(bind->ctx);
        return false;
    }
    depend_on(bind, a);
    depend_on(bind, b);
    return true;
}

bool bind_matches(struct bind *bind, const struct kdb_expr *a, const struct kdb_expr *b)
{
    return kdb_expr_equal(a, b, leaves_equal, bind);
}

kdb_status bind_freeze(struct bind *bind, struct kdb_expr *expr)
{
    if (expr->kind == KDB_EXPR_INPUT && !bind->plan->inputs[expr->input].is_param) {
        kdb_value value;
        if (!leaf_value(bind, expr, &value)) {
            kdb_error_at(bind->ctx, expr->position);
            return bind->ctx->error.status;
        }
        depend_on(bind, expr);
        expr->kind = KDB_EXPR_CONST;
        expr->constant = value;
    }
    for (size_t i = 0; i < expr->arg_count; i++)
        KDB_TRY(bind_freeze(bind, expr->args[i]));
    return KDB_OK;
}

// A column that a grouped primary key of its table determines: it joins the grouping.
static bool follows_from_key(const struct kdb_query *query, const struct kdb_expr *column)
{
    for (size_t i = 0; i < query->group_count; i++) {
        const struct kdb_expr *group = query->group_by[i];
        if (group->kind == KDB_EXPR_COLUMN && group->relation == column->relation &&
            group->relation->columns[group->column].is_key)
            return true;
    }
    return false;
}

static void add_group(struct bind *bind, struct kdb_query *query, struct kdb_expr *column)
{
    struct kdb_expr **grown =
        kdb_arena_array(bind->arena, query->group_count + 2, sizeof(struct kdb_expr *));
    memcpy(grown, query->group_by, query->group_count * sizeof(*grown));
    grown[query->group_count++] = column;
    query->group_by = grown;
}

static kdb_status check(struct bind *bind, struct kdb_query *query, struct kdb_expr **at);

static kdb_status check_orders(struct bind *bind, struct kdb_query *query,
                               struct kdb_expr_order *order, size_t count)
{
    for (size_t i = 0; i < count; i++)
        KDB_TRY(check(bind, query, &order[i].expr));
    return KDB_OK;
}

static kdb_status check_window(struct bind *bind, struct kdb_query *query,
                               const struct kdb_window *window)
{
    for (size_t i = 0; i < window->partition_count; i++)
        KDB_TRY(check(bind, query, &window->partition[i]));
    return check_orders(bind, query, window->order, window->order_count);
}

static kdb_status refuse_column(struct bind *bind, const struct kdb_expr *expr)
{
    const struct kdb_relation *relation = expr->relation;
    kdb_error_at(bind->ctx, expr->position);
    return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                    "column \"%.*s.%.*s\" must appear in the GROUP BY clause or be used in an "
                    "aggregate function",
                    KDB_ARG(relation->name), KDB_ARG(relation->columns[expr->column].name));
}

// ---- subqueries inside: columns of this query there must be grouped too ----

struct inner {
    struct bind *bind;
    struct kdb_query *query;
};

static bool is_grouped(struct bind *bind, const struct kdb_query *query,
                       const struct kdb_expr *column)
{
    for (size_t i = 0; i < query->group_count; i++) {
        if (bind_matches(bind, column, query->group_by[i]))
            return true;
    }
    return false;
}

static kdb_status check_inner(void *self, const struct kdb_expr *expr)
{
    const struct inner *inner = self;
    struct bind *bind = inner->bind;
    struct kdb_query *query = inner->query;
    if (expr->kind == KDB_EXPR_COLUMN && expr->relation->level == query->level &&
        !is_grouped(bind, query, expr)) {
        const struct kdb_relation *relation = expr->relation;
        if (follows_from_key(query, expr)) {
            add_group(bind, query, bind_column_of(bind, relation, expr->column));
            return KDB_OK;
        }
        kdb_error_at(bind->ctx, expr->position);
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                        "subquery uses ungrouped column \"%.*s.%.*s\" from outer query",
                        KDB_ARG(relation->name), KDB_ARG(relation->columns[expr->column].name));
    }
    return query_each_child(expr, check_inner, self);
}

static kdb_status check(struct bind *bind, struct kdb_query *query, struct kdb_expr **at)
{
    struct kdb_expr *expr = *at;
    for (size_t i = 0; i < query->group_count; i++) {
        if (bind_matches(bind, expr, query->group_by[i])) {
            *at = query->group_by[i];
            return KDB_OK;
        }
    }
    if (expr->kind == KDB_EXPR_AGGREGATE)
        return KDB_OK;
    if (expr->kind == KDB_EXPR_COLUMN) {
        if (expr->relation->level != query->level || expr->relation == query->output)
            return KDB_OK;
        if (!follows_from_key(query, expr))
            return refuse_column(bind, expr);
        add_group(bind, query, expr);
        return KDB_OK;
    }
    if (expr->kind == KDB_EXPR_WINDOW)
        KDB_TRY(check_window(bind, query, expr->window));
    if (expr->kind == KDB_EXPR_SUBQUERY) {
        struct inner inner = {bind, query};
        KDB_TRY(query_each_expr(expr->query, check_inner, &inner));
    }
    for (size_t i = 0; i < expr->arg_count; i++)
        KDB_TRY(check(bind, query, &expr->args[i]));
    return KDB_OK;
}

kdb_status bind_check_grouping(struct bind *bind, struct kdb_query *query)
{
    for (size_t i = 0; i < query->target_count; i++)
        KDB_TRY(check(bind, query, &query->targets[i].expr));
    if (query->having)
        KDB_TRY(check(bind, query, &query->having));
    for (size_t i = 0; i < query->distinct_on_count; i++)
        KDB_TRY(check(bind, query, &query->distinct_on[i]));
    return check_orders(bind, query, query->order, query->order_count);
}
