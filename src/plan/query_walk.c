// SPDX-License-Identifier: Apache-2.0
// Walks over bound expressions and queries. They recurse as deep as the binder lets statements
// nest.
#include "plan/bind_priv.h"

static kdb_status each_of(struct kdb_expr *const *exprs, size_t count, query_visit visit,
                          void *self)
{
    for (size_t i = 0; i < count; i++)
        KDB_TRY(visit(self, exprs[i]));
    return KDB_OK;
}

static kdb_status each_order(const struct kdb_expr_order *order, size_t count, query_visit visit,
                             void *self)
{
    for (size_t i = 0; i < count; i++)
        KDB_TRY(visit(self, order[i].expr));
    return KDB_OK;
}

kdb_status query_each_child(const struct kdb_expr *expr, query_visit visit, void *self)
{
    KDB_TRY(each_of(expr->args, expr->arg_count, visit, self));
    if (expr->filter)
        KDB_TRY(visit(self, expr->filter));
    KDB_TRY(each_order(expr->order, expr->order_count, visit, self));
    if (expr->window) {
        KDB_TRY(each_of(expr->window->partition, expr->window->partition_count, visit, self));
        KDB_TRY(each_order(expr->window->order, expr->window->order_count, visit, self));
    }
    return expr->kind == KDB_EXPR_SUBQUERY ? query_each_expr(expr->query, visit, self) : KDB_OK;
}

static kdb_status each_source(const struct kdb_source *source, query_visit visit, void *self)
{
    if (!source)
        return KDB_OK;
    const struct kdb_relation *relation = source->relation;
    if (relation && relation->query)
        return query_each_expr(relation->query, visit, self);
    if (relation)
        return relation->function ? visit(self, relation->function) : KDB_OK;
    KDB_TRY(each_source(source->left, visit, self));
    KDB_TRY(each_source(source->right, visit, self));
    return source->on ? visit(self, source->on) : KDB_OK;
}

kdb_status query_each_expr(const struct kdb_query *query, query_visit visit, void *self)
{
    for (size_t i = 0; i < query->cte_count; i++)
        KDB_TRY(query_each_expr(query->ctes[i]->query, visit, self));
    if (query->set != KDB_SET_NONE) {
        KDB_TRY(query_each_expr(query->left, visit, self));
        KDB_TRY(query_each_expr(query->right, visit, self));
    }
    KDB_TRY(each_source(query->source, visit, self));
    if (query->where)
        KDB_TRY(visit(self, query->where));
    for (size_t i = 0; i < query->target_count; i++)
        KDB_TRY(visit(self, query->targets[i].expr));
    for (size_t row = 0; row < query->value_row_count; row++)
        KDB_TRY(each_of(query->value_rows[row], query->target_count, visit, self));
    KDB_TRY(each_of(query->group_by, query->group_count, visit, self));
    if (query->having)
        KDB_TRY(visit(self, query->having));
    KDB_TRY(each_of(query->distinct_on, query->distinct_on_count, visit, self));
    return each_order(query->order, query->order_count, visit, self);
}
