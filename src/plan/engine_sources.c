// SPDX-License-Identifier: Apache-2.0
// The tables a query reads, with what its filters say about each alone: what the engine path hands
// to DuckDB.
#include "plan/bind_priv.h"

static void collect_query(struct bind *bind, struct kdb_query *query);

// True when every column inside belongs to `relation` and the row path can evaluate it.
static bool is_about(const struct kdb_expr *expr, const struct kdb_relation *relation)
{
    if (expr->kind == KDB_EXPR_COLUMN && expr->relation != relation)
        return false;
    if (expr->is_volatile)
        return false;
    for (size_t i = 0; i < expr->arg_count; i++) {
        if (!is_about(expr->args[i], relation))
            return false;
    }
    return row_path_can_eval(expr);
}

static void conjuncts_about(struct bind *bind, struct kdb_expr *expr,
                            const struct kdb_relation *relation, struct kdb_expr **found)
{
    if (expr->kind == KDB_EXPR_AND) {
        for (size_t i = 0; i < expr->arg_count; i++)
            conjuncts_about(bind, expr->args[i], relation, found);
        return;
    }
    if (!is_about(expr, relation))
        return;
    if (!*found) {
        *found = expr;
        return;
    }
    struct kdb_expr *both = bind_new(bind, KDB_EXPR_AND, KDB_TYPE(KDB_BOOLEAN), 0);
    both->args = kdb_arena_array(bind->arena, 2, sizeof(struct kdb_expr *));
    both->args[0] = *found;
    both->args[1] = expr;
    both->arg_count = 2;
    *found = both;
}

static void collect_expr(struct bind *bind, const struct kdb_expr *expr)
{
    if (!expr)
        return;
    for (size_t i = 0; i < expr->arg_count; i++)
        collect_expr(bind, expr->args[i]);
    collect_expr(bind, expr->filter);
    for (size_t i = 0; i < expr->order_count; i++)
        collect_expr(bind, expr->order[i].expr);
    if (expr->kind == KDB_EXPR_SUBQUERY)
        collect_query(bind, expr->query);
}

static void collect_table(struct bind *bind, struct kdb_query *query, struct kdb_relation *relation,
                          bool is_nullable)
{
    struct kdb_plan *plan = bind->plan;
    struct kdb_engine_source source = {.relation = relation};
    // Rows that an outer join may replace by nulls must not be filtered before it.
    if (query->where && !is_nullable)
        conjuncts_about(bind, query->where, relation, &source.filter);
    row_path_keys(bind, relation, source.filter, &source.keys, &source.key_count);
    KDB_PUSH(bind->arena, plan->sources, plan->source_count, plan->source_capacity, source);
}

static void collect_source(struct bind *bind, struct kdb_query *query,
                           const struct kdb_source *source, bool is_nullable)
{
    if (!source)
        return;
    struct kdb_relation *relation = source->relation;
    if (relation) {
        if (relation->kind == KDB_RELATION_TABLE)
            collect_table(bind, query, relation, is_nullable);
        else if (relation->kind == KDB_RELATION_QUERY && relation->query)
            collect_query(bind, relation->query);
        collect_expr(bind, relation->function);
        return;
    }
    bool left = source->join == KDB_JOIN_RIGHT || source->join == KDB_JOIN_FULL;
    bool right = source->join == KDB_JOIN_LEFT || source->join == KDB_JOIN_FULL;
    collect_source(bind, query, source->left, is_nullable || left);
    collect_source(bind, query, source->right, is_nullable || right);
    collect_expr(bind, source->on);
}

static void collect_query(struct bind *bind, struct kdb_query *query)
{
    for (size_t i = 0; i < query->cte_count; i++)
        collect_query(bind, query->ctes[i]->query);
    if (query->set != KDB_SET_NONE) {
        collect_query(bind, query->left);
        collect_query(bind, query->right);
    }
    collect_source(bind, query, query->source, false);
    collect_expr(bind, query->where);
    for (size_t i = 0; i < query->target_count; i++)
        collect_expr(bind, query->targets[i].expr);
    for (size_t row = 0; row < query->value_row_count; row++) {
        for (size_t i = 0; i < query->target_count; i++)
            collect_expr(bind, query->value_rows[row][i]);
    }
    for (size_t i = 0; i < query->group_count; i++)
        collect_expr(bind, query->group_by[i]);
    collect_expr(bind, query->having);
    for (size_t i = 0; i < query->order_count; i++)
        collect_expr(bind, query->order[i].expr);
}

void engine_collect_sources(struct bind *bind, struct kdb_query *query)
{
    collect_query(bind, query);
}
