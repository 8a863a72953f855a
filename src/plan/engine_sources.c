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

struct conjuncts {
    struct kdb_expr **items;
    size_t count, capacity;
};

static void collect_conjuncts(struct bind *bind, struct kdb_expr *expr,
                              const struct kdb_relation *relation, struct conjuncts *found)
{
    if (expr->kind == KDB_EXPR_AND) {
        for (size_t i = 0; i < expr->arg_count; i++)
            collect_conjuncts(bind, expr->args[i], relation, found);
    } else if (is_about(expr, relation)) {
        KDB_PUSH(bind->arena, found->items, found->count, found->capacity, expr);
    }
}

// What a filter says about one relation alone, NULL: nothing.
static struct kdb_expr *conjuncts_about(struct bind *bind, struct kdb_expr *filter,
                                        const struct kdb_relation *relation)
{
    struct conjuncts found = {0};
    collect_conjuncts(bind, filter, relation, &found);
    if (found.count < 2)
        return found.count == 1 ? found.items[0] : NULL;
    struct kdb_expr *all = bind_new(bind, KDB_EXPR_AND, KDB_TYPE(KDB_BOOLEAN), 0);
    all->args = found.items;
    all->arg_count = found.count;
    return all;
}

static void collect_expr(struct bind *bind, const struct kdb_expr *expr);

static void collect_exprs(struct bind *bind, struct kdb_expr *const *exprs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        collect_expr(bind, exprs[i]);
}

static void collect_orders(struct bind *bind, const struct kdb_expr_order *order, size_t count)
{
    for (size_t i = 0; i < count; i++)
        collect_expr(bind, order[i].expr);
}

static void collect_expr(struct bind *bind, const struct kdb_expr *expr)
{
    if (!expr)
        return;
    collect_exprs(bind, expr->args, expr->arg_count);
    collect_expr(bind, expr->filter);
    collect_orders(bind, expr->order, expr->order_count);
    if (expr->window) {
        collect_exprs(bind, expr->window->partition, expr->window->partition_count);
        collect_orders(bind, expr->window->order, expr->window->order_count);
    }
    if (expr->kind == KDB_EXPR_SUBQUERY)
        collect_query(bind, expr->query);
}

// An expression may stand in several places (a target that GROUP BY or ORDER BY names): its tables
// count once.
static bool is_collected(const struct kdb_plan *plan, const struct kdb_relation *relation)
{
    for (size_t i = 0; i < plan->source_count; i++) {
        if (plan->sources[i].relation == relation)
            return true;
    }
    return false;
}

static void collect_table(struct bind *bind, struct kdb_query *query, struct kdb_relation *relation,
                          bool is_nullable)
{
    struct kdb_plan *plan = bind->plan;
    struct kdb_engine_source source = {.relation = relation};
    if (is_collected(plan, relation))
        return;
    // Rows that an outer join may replace by nulls must not be filtered before it.
    relation->is_nullable = is_nullable;
    if (query->where && !is_nullable)
        source.filter = conjuncts_about(bind, query->where, relation);
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
    for (size_t row = 0; row < query->value_row_count; row++)
        collect_exprs(bind, query->value_rows[row], query->target_count);
    collect_exprs(bind, query->group_by, query->group_count);
    collect_expr(bind, query->having);
    collect_exprs(bind, query->distinct_on, query->distinct_on_count);
    collect_orders(bind, query->order, query->order_count);
}

void engine_collect_sources(struct bind *bind, struct kdb_query *query)
{
    collect_query(bind, query);
}
