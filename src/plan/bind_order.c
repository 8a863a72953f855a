// SPDX-License-Identifier: Apache-2.0
// Sort and grouping items: PostgreSQL lets them be output names, output positions or expressions.
#include "plan/bind_priv.h"

// The output column a bare integer literal names; 0 when the item is none.
static kdb_status output_position(struct bind *bind, const struct kdb_query *query,
                                  const struct kdb_ast *ast, const char *clause, size_t *ret)
{
    *ret = 0;
    if (ast->kind != KDB_AST_LITERAL)
        return KDB_OK;
    int64_t position;
    if (ast->literal_kind != KDB_AST_INTEGER || !kdb_slice_to_i64(ast->text, &position)) {
        kdb_error_at(bind->ctx, ast->position);
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY, "non-integer constant in %s", clause);
    }
    bind_fix_literal(bind, ast->literal);
    if (position < 1 || (uint64_t)position > query->target_count) {
        kdb_error_at(bind->ctx, ast->position);
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY, "%s position %lld is not in select list",
                        clause, (long long)position);
    }
    *ret = (size_t)position;
    return KDB_OK;
}

// The output column of that name; 0 when there is none.
static kdb_status output_name(struct bind *bind, const struct kdb_query *query,
                              const struct kdb_ast *ast, const char *clause, size_t *ret)
{
    *ret = 0;
    if (ast->kind != KDB_AST_COLUMN || ast->table.data)
        return KDB_OK;
    for (size_t i = 0; i < query->target_count; i++) {
        if (!kdb_slice_equal(query->targets[i].name, ast->name))
            continue;
        if (*ret != 0 &&
            !bind_matches(bind, query->targets[*ret - 1].expr, query->targets[i].expr)) {
            kdb_error_at(bind->ctx, ast->position);
            return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY, "%s \"%.*s\" is ambiguous", clause,
                            KDB_ARG(ast->name));
        }
        if (*ret == 0)
            *ret = i + 1;
    }
    return KDB_OK;
}

static kdb_status plain_item(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    KDB_TRY(bind_expr(bind, ast, ret));
    if ((*ret)->type.kind == KDB_UNKNOWN)
        return bind_coerce(bind, *ret, KDB_TYPE(KDB_TEXT), KDB_CAST_IMPLICIT, ret);
    return KDB_OK;
}

static struct kdb_expr *output_column(struct bind *bind, const struct kdb_query *query,
                                      size_t index)
{
    struct kdb_expr *expr = bind_new(bind, KDB_EXPR_COLUMN, query->targets[index].expr->type, 0);
    expr->relation = query->output;
    expr->column = (uint32_t)index;
    return expr;
}

static kdb_status order_item(struct bind *bind, struct kdb_query *query, const struct kdb_ast *ast,
                             struct kdb_expr **ret)
{
    size_t output;
    KDB_TRY(output_name(bind, query, ast, "ORDER BY", &output));
    if (output == 0)
        KDB_TRY(output_position(bind, query, ast, "ORDER BY", &output));
    bool is_combined = query->set != KDB_SET_NONE || query->value_row_count > 0;
    if (output > 0) {
        bool by_output = is_combined || query->is_distinct;
        *ret = by_output ? output_column(bind, query, output - 1) : query->targets[output - 1].expr;
        return KDB_OK;
    }
    if (is_combined) {
        kdb_error_at(bind->ctx, ast->position);
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                        "ORDER BY of UNION, INTERSECT, EXCEPT or VALUES takes output columns only");
    }
    KDB_TRY(plain_item(bind, ast, ret));
    if (!query->is_distinct)
        return KDB_OK;
    for (size_t i = 0; i < query->target_count; i++) {
        if (bind_matches(bind, query->targets[i].expr, *ret)) {
            *ret = output_column(bind, query, i);
            return KDB_OK;
        }
    }
    kdb_error_at(bind->ctx, ast->position);
    return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                    "for SELECT DISTINCT, ORDER BY expressions must appear in select list");
}

kdb_status bind_order_by(struct bind *bind, struct kdb_query *query,
                         const struct kdb_ast_order *items, size_t count)
{
    query->order = kdb_arena_array(bind->arena, count + 1, sizeof(struct kdb_expr_order));
    query->order_count = count;
    for (size_t i = 0; i < count; i++) {
        KDB_TRY(order_item(bind, query, items[i].expr, &query->order[i].expr));
        query->order[i].is_descending = items[i].is_descending;
        query->order[i].nulls_first =
            items[i].nulls ? items[i].nulls == 'f' : items[i].is_descending;
    }
    return KDB_OK;
}

static bool is_input_column(const struct bind *bind, kdb_slice name)
{
    for (size_t i = 0; i < bind->scope->names.entry_count; i++) {
        if (kdb_slice_equal(bind->scope->names.entries[i].name, name))
            return true;
    }
    return false;
}

// Input columns win over output names here, the other way round than in ORDER BY.
static kdb_status group_item(struct bind *bind, struct kdb_query *query, const struct kdb_ast *ast,
                             struct kdb_expr **ret)
{
    size_t output = 0;
    if (ast->kind == KDB_AST_COLUMN && !ast->table.data && !is_input_column(bind, ast->name))
        KDB_TRY(output_name(bind, query, ast, "GROUP BY", &output));
    if (output == 0)
        KDB_TRY(output_position(bind, query, ast, "GROUP BY", &output));
    if (output > 0)
        *ret = query->targets[output - 1].expr;
    else
        KDB_TRY(plain_item(bind, ast, ret));
    return bind_freeze(bind, *ret);
}

static bool holds_aggregate(const struct kdb_expr *expr)
{
    if (expr->kind == KDB_EXPR_AGGREGATE || expr->kind == KDB_EXPR_WINDOW)
        return true;
    for (size_t i = 0; i < expr->arg_count; i++) {
        if (holds_aggregate(expr->args[i]))
            return true;
    }
    return false;
}

kdb_status bind_group_by(struct bind *bind, struct kdb_query *query,
                         const struct kdb_ast_select *ast)
{
    if (ast->has_grouping_sets)
        return bind_unsupported(bind, "GROUPING SETS, ROLLUP and CUBE", ast->position);
    bind->scope->clause = BIND_GROUP;
    // Room for the columns that follow from a grouped primary key.
    query->group_by = kdb_arena_array(bind->arena, ast->group_count + 1, sizeof(struct kdb_expr *));
    query->group_count = ast->group_count;
    for (size_t i = 0; i < ast->group_count; i++) {
        KDB_TRY(group_item(bind, query, ast->group_by[i], &query->group_by[i]));
        if (holds_aggregate(query->group_by[i])) {
            kdb_error_at(bind->ctx, ast->group_by[i]->position);
            return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                            "aggregate functions are not allowed in GROUP BY");
        }
    }
    return KDB_OK;
}

static bool is_distinct_item(struct bind *bind, const struct kdb_query *query,
                             const struct kdb_expr *expr, bool *matched)
{
    bool is_found = false;
    for (size_t i = 0; i < query->distinct_on_count; i++) {
        if (bind_matches(bind, query->distinct_on[i], expr))
            matched[i] = is_found = true;
    }
    return is_found;
}

// ORDER BY must begin with the DISTINCT ON expressions, in any order, as far as it goes.
static kdb_status check_distinct_on(struct bind *bind, const struct kdb_query *query,
                                    const struct kdb_ast_select *ast)
{
    bool *matched = kdb_arena_array(bind->arena, query->distinct_on_count + 1, sizeof(bool));
    size_t at = 0;
    while (at < query->order_count && is_distinct_item(bind, query, query->order[at].expr, matched))
        at++;
    for (size_t i = 0; at < query->order_count && i < query->distinct_on_count; i++) {
        if (matched[i])
            continue;
        kdb_error_at(bind->ctx, ast->distinct_on[i]->position);
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                        "SELECT DISTINCT ON expressions must match initial ORDER BY expressions");
    }
    return KDB_OK;
}

kdb_status bind_distinct_on(struct bind *bind, struct kdb_query *query,
                            const struct kdb_ast_select *ast)
{
    query->distinct_on =
        kdb_arena_array(bind->arena, ast->distinct_on_count + 1, sizeof(struct kdb_expr *));
    query->distinct_on_count = ast->distinct_on_count;
    bind->scope->clause = BIND_ORDER;
    for (size_t i = 0; i < ast->distinct_on_count; i++)
        KDB_TRY(order_item(bind, query, ast->distinct_on[i], &query->distinct_on[i]));
    return check_distinct_on(bind, query, ast);
}
