// SPDX-License-Identifier: Apache-2.0
// Binding of function calls: scalar functions, aggregates and window functions.
#include "plan/bind_priv.h"

static kdb_status refuse_here(struct bind *bind, const char *kind, int position)
{
    static const char *const clauses[] = {[BIND_WHERE] = "WHERE",
                                          [BIND_ON] = "JOIN conditions",
                                          [BIND_TARGET] = "the select list",
                                          [BIND_GROUP] = "GROUP BY",
                                          [BIND_HAVING] = "HAVING",
                                          [BIND_ORDER] = "ORDER BY",
                                          [BIND_LIMIT] = "LIMIT",
                                          [BIND_VALUES] = "VALUES",
                                          [BIND_SET] = "UPDATE",
                                          [BIND_ARGUMENT] = "aggregate function calls"};
    kdb_error_at(bind->ctx, position);
    return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY, "%s are not allowed in %s", kind,
                    clauses[bind->scope ? bind->scope->clause : BIND_VALUES]);
}

static bool allows_aggregate(bind_clause clause)
{
    return clause == BIND_TARGET || clause == BIND_HAVING || clause == BIND_ORDER;
}

// Sort keys inside a call or a window: expressions over the FROM columns, never output names.
static kdb_status bind_orders(struct bind *bind, const struct kdb_ast_order *ast, size_t count,
                              struct kdb_expr_order **ret)
{
    struct kdb_expr_order *orders =
        kdb_arena_array(bind->arena, count ? count : 1, sizeof(struct kdb_expr_order));
    for (size_t i = 0; i < count; i++) {
        KDB_TRY(bind_expr(bind, ast[i].expr, &orders[i].expr));
        if (orders[i].expr->type.kind == KDB_UNKNOWN)
            KDB_TRY(bind_coerce(bind, orders[i].expr, KDB_TYPE(KDB_TEXT), KDB_CAST_IMPLICIT,
                                &orders[i].expr));
        orders[i].is_descending = ast[i].is_descending;
        orders[i].nulls_first = ast[i].nulls ? ast[i].nulls == 'f' : ast[i].is_descending;
    }
    *ret = orders;
    return KDB_OK;
}

static kdb_status find_window(struct bind *bind, const struct kdb_ast_window *over, int position,
                              const struct kdb_ast_window **ret)
{
    for (size_t i = 0; i < bind->scope->window_count; i++) {
        if (kdb_slice_equal(bind->scope->windows[i].name, over->name)) {
            *ret = &bind->scope->windows[i];
            return KDB_OK;
        }
    }
    kdb_error_at(bind->ctx, position);
    return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY, "window \"%.*s\" does not exist",
                    KDB_ARG(over->name));
}

static kdb_status bind_offset(struct bind *bind, struct kdb_ast *ast, struct kdb_expr **ret)
{
    if (!ast)
        return KDB_OK;
    KDB_TRY(bind_expr(bind, ast, ret));
    if (!kdb_expr_is_fixed(*ret))
        return bind_unsupported(bind, "window frame offsets that depend on rows", ast->position);
    return bind_coerce(bind, *ret, KDB_TYPE(KDB_BIGINT), KDB_CAST_IMPLICIT, ret);
}

static kdb_status bind_window(struct bind *bind, const struct kdb_ast_window *over, int position,
                              const struct kdb_window **ret)
{
    const struct kdb_ast_window *base = NULL;
    if (over->name.data)
        KDB_TRY(find_window(bind, over, position, &base));
    const struct kdb_ast_window *partition = base && base->partition_count ? base : over;
    const struct kdb_ast_window *order = base && base->order_count ? base : over;
    const struct kdb_ast_window *frame = base && base->frame_mode ? base : over;
    struct kdb_window *window = KDB_ARENA_NEW(bind->arena, struct kdb_window);
    window->partition_count = partition->partition_count;
    window->partition =
        kdb_arena_array(bind->arena, partition->partition_count + 1, sizeof(struct kdb_expr *));
    for (size_t i = 0; i < partition->partition_count; i++)
        KDB_TRY(bind_expr(bind, partition->partition[i], &window->partition[i]));
    KDB_TRY(bind_orders(bind, order->order, order->order_count, &window->order));
    window->order_count = order->order_count;
    window->frame_mode = frame->frame_mode;
    window->frame_start = frame->frame_start;
    window->frame_end = frame->frame_end;
    window->exclude = frame->exclude;
    KDB_TRY(bind_offset(bind, frame->start_offset, &window->start_offset));
    KDB_TRY(bind_offset(bind, frame->end_offset, &window->end_offset));
    if (frame->frame_mode == 'r' && (window->start_offset || window->end_offset))
        return bind_unsupported(bind, "RANGE frames with an offset", position);
    *ret = window;
    return KDB_OK;
}

// Arguments, FILTER and inner ORDER BY of an aggregate: no aggregate may stand inside.
static kdb_status bind_inside(struct bind *bind, const struct kdb_ast *ast, bool is_aggregate,
                              struct kdb_expr *call)
{
    bind_clause clause = bind->scope ? bind->scope->clause : BIND_VALUES;
    if (is_aggregate && bind->scope && !ast->has_over)
        bind->scope->clause = BIND_ARGUMENT;
    struct kdb_expr **args =
        kdb_arena_array(bind->arena, ast->arg_count + 1, sizeof(struct kdb_expr *));
    kdb_status status = KDB_OK;
    for (size_t i = 0; status == KDB_OK && i < ast->arg_count; i++)
        status = bind_expr(bind, ast->args[i], &args[i]);
    if (status == KDB_OK && ast->filter)
        status = bind_boolean(bind, ast->filter, "FILTER", &call->filter);
    if (status == KDB_OK)
        status = bind_orders(bind, ast->order, ast->order_count, &call->order);
    call->order_count = ast->order_count;
    call->args = args;
    call->arg_count = ast->arg_count;
    if (bind->scope)
        bind->scope->clause = clause;
    return status;
}

// How many columns of this query and of outer ones an aggregate's arguments read.
struct levels {
    uint32_t level;
    bool has_own, has_outer;
};

static kdb_status note_level(void *self, const struct kdb_expr *expr)
{
    struct levels *levels = self;
    if (expr->kind == KDB_EXPR_COLUMN) {
        levels->has_own = levels->has_own || expr->relation->level >= levels->level;
        levels->has_outer = levels->has_outer || expr->relation->level < levels->level;
    }
    return query_each_child(expr, note_level, self);
}

// In PostgreSQL an aggregate over nothing but an outer query's columns belongs to that query.
static kdb_status check_level(struct bind *bind, const struct kdb_expr *call)
{
    struct levels levels = {.level = bind->scope->level};
    KDB_TRY(query_each_child(call, note_level, &levels));
    if (levels.has_outer && !levels.has_own)
        return bind_unsupported(bind, "an aggregate over columns of an outer query",
                                call->position);
    return KDB_OK;
}

static kdb_status check_place(struct bind *bind, const struct kdb_ast *ast, bool is_aggregate)
{
    if (ast->has_over) {
        if (!bind->scope ||
            (bind->scope->clause != BIND_TARGET && bind->scope->clause != BIND_ORDER))
            return refuse_here(bind, "window functions", ast->position);
    } else if (is_aggregate && (!bind->scope || !allows_aggregate(bind->scope->clause))) {
        return refuse_here(bind, "aggregate functions", ast->position);
    }
    return KDB_OK;
}

static kdb_status resolve(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr *call)
{
    struct kdb_function_call request = {.name = ast->name,
                                        .kind = KDB_FUNCTION_AGGREGATE,
                                        .is_over = ast->has_over,
                                        .args = call->args,
                                        .arg_count = call->arg_count,
                                        .coerce = bind_coerce_implicit,
                                        .self = bind};
    const struct kdb_function *function;
    kdb_status status = kdb_function_resolve(bind->ctx, &request, &function, &call->type);
    if (status != KDB_OK) {
        kdb_error_at(bind->ctx, ast->position);
        return status;
    }
    call->function = function;
    return KDB_OK;
}

kdb_status bind_function(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    bool is_aggregate = kdb_function_is_aggregate(ast->name);
    if (ast->arg_count > KDB_FUNCTION_ARGS_TOTAL) {
        kdb_error_at(bind->ctx, ast->position);
        return kdb_fail(bind->ctx, KDB_ERR_LIMIT_EXCEEDED,
                        "a function call may have at most %d arguments", KDB_FUNCTION_ARGS_TOTAL);
    }
    if (!is_aggregate && !ast->has_over) {
        if (ast->is_distinct || ast->filter || ast->order_count > 0 || ast->is_star) {
            kdb_error_at(bind->ctx, ast->position);
            return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY, "%.*s is not an aggregate function",
                            KDB_ARG(ast->name));
        }
        struct kdb_expr call = {0};
        KDB_TRY(bind_inside(bind, ast, false, &call));
        return bind_call(bind, ast->name, call.args, call.arg_count, ast->position, ret);
    }
    if (is_aggregate && ast->arg_count == 0 && !ast->is_star &&
        kdb_slice_equal(ast->name, KDB_LIT("count"))) {
        kdb_error_at(bind->ctx, ast->position);
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                        "count(*) must be used to call a parameterless aggregate function");
    }
    KDB_TRY(check_place(bind, ast, is_aggregate));
    struct kdb_expr *call = bind_new(bind, ast->has_over ? KDB_EXPR_WINDOW : KDB_EXPR_AGGREGATE,
                                     KDB_TYPE(KDB_UNKNOWN), ast->position);
    KDB_TRY(bind_inside(bind, ast, is_aggregate, call));
    KDB_TRY(resolve(bind, ast, call));
    call->is_distinct = ast->is_distinct;
    call->is_star = ast->is_star;
    if (ast->has_over) {
        if (ast->is_distinct)
            return bind_unsupported(bind, "DISTINCT in window functions", ast->position);
        KDB_TRY(bind_window(bind, ast->window, ast->position, &call->window));
        bind->scope->has_window = true;
    } else {
        KDB_TRY(check_level(bind, call));
        bind->scope->has_aggregate = true;
    }
    *ret = call;
    return KDB_OK;
}
