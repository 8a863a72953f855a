// SPDX-License-Identifier: Apache-2.0
// Which queries the row path can run, and the primary key bounds it can use.
#include "plan/bind_priv.h"
#include "plan/function_priv.h"

bool row_path_can_eval(const struct kdb_expr *expr)
{
    if (expr->kind == KDB_EXPR_AGGREGATE || expr->kind == KDB_EXPR_WINDOW ||
        expr->kind == KDB_EXPR_SUBQUERY)
        return false;
    if (expr->kind == KDB_EXPR_CALL && !expr->function->eval)
        return false;
    for (size_t i = 0; i < expr->arg_count; i++) {
        if (!row_path_can_eval(expr->args[i]))
            return false;
    }
    return true;
}

static const char *expressions_obstacle(const struct kdb_query *query)
{
    static const char *const reason = "an expression that only the engine evaluates";
    if (query->where && !row_path_can_eval(query->where))
        return reason;
    for (size_t i = 0; i < query->target_count; i++) {
        if (!row_path_can_eval(query->targets[i].expr))
            return reason;
    }
    for (size_t i = 0; i < query->order_count; i++) {
        if (!row_path_can_eval(query->order[i].expr))
            return reason;
    }
    return NULL;
}

const char *row_path_obstacle(const struct kdb_query *query)
{
    if (query->set != KDB_SET_NONE)
        return "a set operation";
    if (query->value_row_count > 0)
        return "VALUES";
    if (query->cte_count > 0)
        return "WITH";
    if (query->is_grouped)
        return "grouping or an aggregate";
    if (query->has_windows)
        return "a window function";
    if (query->is_distinct || query->distinct_on_count > 0)
        return "DISTINCT";
    if (query->source && !query->source->relation)
        return "a join";
    if (query->source && query->source->relation->kind != KDB_RELATION_TABLE)
        return "a subquery or function in FROM";
    return expressions_obstacle(query);
}

// ---- primary key bounds ----

static bool is_key_column(const struct kdb_expr *expr, const struct kdb_relation *relation)
{
    return expr->kind == KDB_EXPR_COLUMN && expr->relation == relation &&
           relation->columns[expr->column].is_key;
}

// What conditions are collected about.
static bool is_bound_column(const struct kdb_expr *expr, const struct kdb_relation *relation)
{
    bool is_system = relation->table->kind == KDB_TABLE_SYSTEM;
    return is_key_column(expr, relation) ||
           (is_system && expr->kind == KDB_EXPR_COLUMN && expr->relation == relation);
}

// A fixed value whose order is the key's own.
static bool is_key_value(const struct kdb_expr *key, const struct kdb_expr *value)
{
    if (!kdb_expr_is_fixed(value) || !row_path_can_eval(value))
        return false;
    if (kdb_kind_is_integer((kdb_kind)key->type.kind))
        return kdb_kind_is_integer((kdb_kind)value->type.kind);
    return kdb_type_equal(key->type, value->type);
}

static bool comparison(const struct kdb_function *function, kdb_key_op *ret)
{
    static const struct {
        const char *name;
        kdb_key_op op;
    } table[] = {{"=", KDB_KEY_EQUAL},
                 {"<", KDB_KEY_LESS},
                 {"<=", KDB_KEY_LESS_EQUAL},
                 {">", KDB_KEY_GREATER},
                 {">=", KDB_KEY_GREATER_EQUAL}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(function->name, table[i].name) == 0) {
            *ret = table[i].op;
            return true;
        }
    }
    return false;
}

static kdb_key_op mirrored(kdb_key_op op)
{
    switch (op) {
    case KDB_KEY_LESS:
        return KDB_KEY_GREATER;
    case KDB_KEY_LESS_EQUAL:
        return KDB_KEY_GREATER_EQUAL;
    case KDB_KEY_GREATER:
        return KDB_KEY_LESS;
    case KDB_KEY_GREATER_EQUAL:
        return KDB_KEY_LESS_EQUAL;
    case KDB_KEY_EQUAL:
    case KDB_KEY_IN:
        break;
    }
    return op;
}

struct key_list {
    struct kdb_key_condition *items;
    size_t count, capacity;
};

static bool compare_condition(struct bind *bind, const struct kdb_relation *relation,
                              const struct kdb_expr *expr, struct kdb_key_condition *ret)
{
    kdb_key_op op;
    if (expr->kind != KDB_EXPR_CALL || expr->arg_count != 2 || !comparison(expr->function, &op))
        return false;
    size_t side;
    if (is_bound_column(expr->args[0], relation) && is_key_value(expr->args[0], expr->args[1]))
        side = 1;
    else if (is_bound_column(expr->args[1], relation) && is_key_value(expr->args[1], expr->args[0]))
        side = 0;
    else
        return false;
    struct kdb_expr **values = kdb_arena_array(bind->arena, 1, sizeof(struct kdb_expr *));
    values[0] = expr->args[side];
    *ret = (struct kdb_key_condition){.op = side == 1 ? op : mirrored(op),
                                      .column = expr->args[1 - side]->column,
                                      .values = values,
                                      .value_count = 1};
    return true;
}

static bool in_condition(const struct kdb_relation *relation, const struct kdb_expr *expr,
                         struct kdb_key_condition *ret)
{
    if (expr->kind != KDB_EXPR_IN || expr->is_negated || !is_bound_column(expr->args[0], relation))
        return false;
    for (size_t i = 1; i < expr->arg_count; i++) {
        if (!is_key_value(expr->args[0], expr->args[i]))
            return false;
    }
    *ret = (struct kdb_key_condition){.op = KDB_KEY_IN,
                                      .column = expr->args[0]->column,
                                      .values = expr->args + 1,
                                      .value_count = expr->arg_count - 1};
    return true;
}

// key = a OR key = b OR …: the same as IN.
static bool or_condition(struct bind *bind, const struct kdb_relation *relation,
                         const struct kdb_expr *expr, struct kdb_key_condition *ret)
{
    if (expr->kind != KDB_EXPR_OR)
        return false;
    struct kdb_expr **values =
        kdb_arena_array(bind->arena, expr->arg_count, sizeof(struct kdb_expr *));
    uint32_t column = 0;
    for (size_t i = 0; i < expr->arg_count; i++) {
        struct kdb_key_condition one;
        if (!compare_condition(bind, relation, expr->args[i], &one) || one.op != KDB_KEY_EQUAL ||
            (i > 0 && one.column != column))
            return false;
        column = one.column;
        values[i] = one.values[0];
    }
    *ret = (struct kdb_key_condition){
        .op = KDB_KEY_IN, .column = column, .values = values, .value_count = expr->arg_count};
    return true;
}

static void collect_keys(struct bind *bind, const struct kdb_relation *relation,
                         struct kdb_expr *expr, struct key_list *list)
{
    if (expr->kind == KDB_EXPR_AND) {
        for (size_t i = 0; i < expr->arg_count; i++)
            collect_keys(bind, relation, expr->args[i], list);
        return;
    }
    struct kdb_key_condition condition;
    if (compare_condition(bind, relation, expr, &condition) ||
        in_condition(relation, expr, &condition) || or_condition(bind, relation, expr, &condition))
        KDB_PUSH(bind->arena, list->items, list->count, list->capacity, condition);
}

void row_path_keys(struct bind *bind, const struct kdb_relation *relation, struct kdb_expr *filter,
                   struct kdb_key_condition **ret_keys, size_t *ret_count)
{
    struct key_list list = {0};
    if (filter)
        collect_keys(bind, relation, filter, &list);
    *ret_keys = list.items;
    *ret_count = list.count;
}

// ---- scans for the engine ----

// Calls that the engine evaluates to the very same.
static bool is_same_call(const struct kdb_expr *call)
{
    const struct kdb_function *function = call->function;
    if (!function->engine || function->family == KDB_FAMILY_JSON || call->is_volatile)
        return false;
    // docs/SQL-FUNCTIONS.md: digits that are no constant, an interval times a fraction
    bool rounds = function->result_type == plan_type_decimal_round;
    bool stretches = call->type.kind == KDB_INTERVAL && strcmp(function->name, "*") == 0;
    return !stretches && !(rounds && call->args[1]->kind != KDB_EXPR_CONST);
}

static bool is_same_in_engine(const struct kdb_expr *expr)
{
    if (expr->kind == KDB_EXPR_CALL && !is_same_call(expr))
        return false;
    for (size_t i = 0; i < expr->arg_count; i++) {
        if (!is_same_in_engine(expr->args[i]))
            return false;
    }
    return true;
}

// Filters that cannot fail (LIKE may, by its pattern): the engine may evaluate their parts in
// another order.
static bool is_safe_filter(const struct kdb_expr *expr)
{
    if (expr->kind == KDB_EXPR_CALL &&
        (expr->function->family != KDB_FAMILY_COMPARISON || !is_same_call(expr)))
        return false;
    if (expr->kind == KDB_EXPR_CAST &&
        !kdb_cast_allowed((kdb_kind)expr->args[0]->type.kind, (kdb_kind)expr->type.kind,
                          KDB_CAST_IMPLICIT))
        return false;
    for (size_t i = 0; i < expr->arg_count; i++) {
        if (!is_safe_filter(expr->args[i]))
            return false;
    }
    return true;
}

static bool fits_engine(const struct kdb_row_select *select)
{
    if (!select->relation || select->relation->table->kind == KDB_TABLE_SYSTEM ||
        select->key_count > 0 || select->limit || select->offset)
        return false;
    if (select->filter && !is_safe_filter(select->filter))
        return false;
    for (size_t i = 0; i < select->target_count; i++) {
        if (!is_same_in_engine(select->targets[i]))
            return false;
    }
    for (size_t i = 0; i < select->order_count; i++) {
        if (!is_same_in_engine(select->order[i].expr))
            return false;
    }
    return true;
}

// ---- the plan ----

static void plan_order(const struct kdb_query *query, struct kdb_row_select *select)
{
    select->order = query->order;
    select->order_count = query->order_count;
    if (query->order_count == 0) {
        select->is_key_order = true;
        return;
    }
    // Keys are unique and not null: nothing behind the key in ORDER BY matters, nor where nulls go.
    if (select->relation && is_key_column(query->order[0].expr, select->relation)) {
        select->is_key_order = true;
        select->is_key_descending = query->order[0].is_descending;
    }
}

kdb_status row_path_plan(struct bind *bind, struct kdb_query *query, struct kdb_row_select *ret)
{
    struct kdb_row_select select = {.relation = query->source ? query->source->relation : NULL,
                                    .filter = query->where,
                                    .target_count = query->target_count,
                                    .limit = query->limit,
                                    .offset = query->offset};
    select.targets =
        kdb_arena_array(bind->arena, query->target_count + 1, sizeof(struct kdb_expr *));
    for (size_t i = 0; i < query->target_count; i++)
        select.targets[i] = query->targets[i].expr;
    if (select.relation)
        row_path_keys(bind, select.relation, query->where, &select.keys, &select.key_count);
    plan_order(query, &select);
    select.fits_engine = fits_engine(&select);
    *ret = select;
    return KDB_OK;
}
