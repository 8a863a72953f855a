// SPDX-License-Identifier: Apache-2.0
// Making the query of a subscription from a client's SQL.
#include "live/query.h"

#include <string.h>

#include "base/alloc.h"
#include "base/json_write.h"
#include "plan/function.h"

// Memory of one query, its constants included.
#define QUERY_MEMORY ((size_t)16 * 1024 * 1024)

// ---- what may be subscribed to ----

static kdb_status refuse(struct kdb_ctx *ctx, const char *what)
{
    return kdb_fail(ctx, KDB_ERR_INVALID_SQL,
                    "%s is not supported in a subscription: use SELECT columns FROM "
                    "namespace.table [WHERE condition]",
                    what);
}

static bool is_system_column(kdb_slice name)
{
    return kdb_slice_equal(name, KDB_LIT("_seq")) || kdb_slice_equal(name, KDB_LIT("_updated")) ||
           kdb_slice_equal(name, KDB_LIT("_deleted"));
}

static kdb_status check_targets(const struct kdb_ast_select *select, struct kdb_ctx *ctx,
                                bool *ret_is_whole)
{
    *ret_is_whole = false;
    for (size_t i = 0; i < select->target_count; i++) {
        const struct kdb_ast *expr = select->targets[i].expr;
        *ret_is_whole = *ret_is_whole || expr->kind == KDB_AST_STAR;
        if (expr->kind == KDB_AST_COLUMN && is_system_column(expr->name))
            return kdb_fail(ctx, KDB_ERR_INVALID_SQL,
                            "column \"%.*s\" cannot be selected in a subscription: every row "
                            "carries _seq, SELECT * also _updated and _deleted",
                            KDB_ARG(expr->name));
    }
    return KDB_OK;
}

// ORDER BY is allowed and means nothing: rows come in the order they were written.
static kdb_status check_clauses(const struct kdb_ast_select *select, struct kdb_ctx *ctx)
{
    const struct {
        bool is_there;
        const char *what;
    } clauses[] = {{select->cte_count > 0, "WITH"},
                   {select->set != KDB_SET_NONE, "UNION, INTERSECT or EXCEPT"},
                   {select->value_rows != NULL, "VALUES"},
                   {select->is_distinct || select->distinct_on_count > 0, "DISTINCT"},
                   {select->from_count == 0, "a query without FROM"},
                   {select->from_count > 1, "more than one table"},
                   {select->group_count > 0 || select->has_grouping_sets, "GROUP BY"},
                   {select->having != NULL, "HAVING"},
                   {select->window_count > 0, "WINDOW"},
                   {select->limit || select->offset || select->has_ties, "LIMIT or OFFSET"},
                   {select->has_locking, "FOR UPDATE"}};
    for (size_t i = 0; i < sizeof(clauses) / sizeof(clauses[0]); i++) {
        if (clauses[i].is_there)
            return refuse(ctx, clauses[i].what);
    }
    const struct kdb_ast_from *from = select->from[0];
    if (from->kind == KDB_FROM_JOIN)
        return refuse(ctx, "JOIN");
    if (from->kind != KDB_FROM_TABLE)
        return refuse(ctx, "a subquery or function in FROM");
    return KDB_OK;
}

struct shape {
    bool is_whole;  // SELECT *
    int bare_table; // where the table's name stands without a namespace, from 1; 0: with one
};

static kdb_status check_shape(const struct kdb_scanned *scanned, bool has_space,
                              struct kdb_ctx *ctx, struct shape *ret_shape)
{
    struct kdb_statement statement;
    KDB_TRY(kdb_sql_parse(scanned, ctx, &statement));
    if (statement.kind != KDB_STATEMENT_SELECT)
        return refuse(ctx, kdb_statement_name(statement.kind));
    if (statement.param_max > 0)
        return refuse(ctx, "a parameter ($1)");
    KDB_TRY(check_clauses(statement.select, ctx));
    const struct kdb_ast_name *table = &statement.select->from[0]->table;
    ret_shape->bare_table = table->space.data ? 0 : table->position;
    if (ret_shape->bare_table > 0 && !has_space)
        return kdb_fail(ctx, KDB_ERR_INVALID_SQL, "Query must use namespace.table format");
    return check_targets(statement.select, ctx, &ret_shape->is_whole);
}

static kdb_status check_plan(const struct kdb_plan *plan, struct kdb_ctx *ctx)
{
    const struct kdb_row_select *select = plan->row_select;
    if (plan->path != KDB_PATH_ROW || !select || !select->relation)
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "this query cannot be decided row by row (%s): subqueries, aggregates and "
                        "functions of the engine are not supported in a subscription",
                        plan->reason);
    if (select->relation->table->kind == KDB_TABLE_SYSTEM)
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION, "system tables cannot be subscribed to");
    return KDB_OK;
}

static kdb_status check_depends(struct kdb_live_query *query, const struct kdb_expr *expr,
                                struct kdb_ctx *ctx)
{
    unsigned depends = kdb_expr_depends(expr);
    query->uses_session = query->uses_session || (depends & KDB_DEPENDS_SESSION) != 0;
    if ((depends & KDB_DEPENDS_TIME) != 0)
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "a subscription cannot depend on the time: rows would come and go without "
                        "a change; compare with a constant");
    if ((depends & KDB_DEPENDS_CALL) != 0)
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "a subscription cannot use functions that give a new value at every call");
    return KDB_OK;
}

// ---- columns ----

static kdb_slice label_of(struct kdb_arena *arena, kdb_slice name)
{
    struct kdb_buf text = {0};
    kdb_json_string(&text, name);
    kdb_buf_put(&text, ':');
    kdb_slice label = kdb_arena_copy(arena, kdb_buf_view(&text));
    kdb_buf_deinit(&text);
    return label;
}

static bool is_column(const struct kdb_live_query *query, const struct kdb_expr *expr,
                      uint32_t index)
{
    return expr->kind == KDB_EXPR_COLUMN && expr->relation == query->plan->row_select->relation &&
           expr->column == index;
}

// The primary key, for the events that always carry it.
static void make_key(struct kdb_live_query *query)
{
    struct kdb_arena *arena = &query->memory.arena;
    const struct kdb_relation *relation = query->plan->row_select->relation;
    const struct kdb_schema *schema = query->table->schema;
    if (query->table->kind == KDB_TABLE_STREAM || schema->column_count == 0)
        return;
    struct kdb_expr *expr = KDB_ARENA_NEW(arena, struct kdb_expr);
    expr->kind = KDB_EXPR_COLUMN;
    expr->type = schema->columns[schema->key_index].type;
    expr->relation = relation;
    expr->column = schema->key_index;
    query->key =
        (struct kdb_live_column){.label = label_of(arena, schema->columns[schema->key_index].name),
                                 .expr = expr,
                                 .is_key = true};
}

static kdb_status check_name(const struct kdb_live_query *query, size_t index, struct kdb_ctx *ctx)
{
    const struct kdb_live_column *column = &query->columns[index];
    bool is_taken =
        query->key.expr && !column->is_key && kdb_slice_equal(column->label, query->key.label);
    for (size_t i = 0; i < index; i++)
        is_taken = is_taken || kdb_slice_equal(query->columns[i].label, column->label);
    if (!is_taken)
        return KDB_OK;
    return kdb_fail(ctx, KDB_ERR_INVALID_SQL,
                    "two columns are called %.*s: rows are sent as objects, give one of them "
                    "another name with AS",
                    (int)column->label.len - 1, column->label.data);
}

static kdb_status make_columns(struct kdb_live_query *query, struct kdb_ctx *ctx)
{
    const struct kdb_plan *plan = query->plan;
    const struct kdb_row_select *select = plan->row_select;
    struct kdb_arena *arena = &query->memory.arena;
    query->columns =
        kdb_arena_array(arena, select->target_count + 1, sizeof(struct kdb_live_column));
    for (size_t i = 0; i < select->target_count; i++) {
        struct kdb_expr *expr = select->targets[i];
        if (expr->kind == KDB_EXPR_COLUMN && expr->relation->columns[expr->column].is_system)
            continue; // of *: written from the row's header
        KDB_TRY(check_depends(query, expr, ctx));
        struct kdb_live_column *column = &query->columns[query->column_count];
        column->label = label_of(arena, plan->outputs[i].name);
        column->expr = expr;
        column->is_key = query->key.expr &&
                         is_column(query, expr, query->table->schema->key_index) &&
                         kdb_slice_equal(column->label, query->key.label);
        query->has_key = query->has_key || column->is_key;
        if (is_system_column(plan->outputs[i].name))
            return kdb_fail(ctx, KDB_ERR_INVALID_SQL, "\"%.*s\" is the name of a system column",
                            KDB_ARG(plan->outputs[i].name));
        KDB_TRY(check_name(query, query->column_count, ctx));
        query->column_count++;
    }
    return KDB_OK;
}

// The labels and columns, and of which version of the table.
static void make_projection(struct kdb_live_query *query)
{
    struct kdb_buf text = {0};
    kdb_buf_append(&text, &query->table, sizeof(query->table));
    kdb_buf_put(&text, query->is_whole ? '*' : ' ');
    for (size_t i = 0; i < query->column_count; i++) {
        const struct kdb_live_column *column = &query->columns[i];
        if (!is_column(query, column->expr, column->expr->column)) {
            kdb_buf_deinit(&text);
            return;
        }
        kdb_buf_slice(&text, column->label);
        kdb_buf_append(&text, &column->expr->column, sizeof(column->expr->column));
    }
    query->projection = kdb_arena_copy(&query->memory.arena, kdb_buf_view(&text));
    kdb_buf_deinit(&text);
}

// ---- the conjunct rows are looked up by ----

// column = fixed value, in either order, without a conversion of the column.
static bool read_equality(struct kdb_live_query *query, const struct kdb_expr *column,
                          const struct kdb_expr *fixed, struct kdb_eval *eval)
{
    const struct kdb_schema *schema = query->table->schema;
    if (column->kind != KDB_EXPR_COLUMN || column->column >= schema->column_count ||
        !kdb_expr_is_fixed(fixed))
        return false;
    kdb_type type = schema->columns[column->column].type;
    bool are_integers =
        kdb_kind_is_integer((kdb_kind)type.kind) && kdb_kind_is_integer((kdb_kind)fixed->type.kind);
    kdb_value value;
    if (!(are_integers || kdb_type_equal(type, fixed->type)) || type.kind == KDB_EMBEDDING ||
        kdb_eval(fixed, eval, &value) != KDB_OK || value.is_null) {
        kdb_ctx_clear_error(eval->ctx);
        return false;
    }
    value.kind = type.kind; // integers of any width compare alike
    query->equal_column = (int)column->column;
    query->equal_value = kdb_value_copy(&query->memory.arena, &value);
    return true;
}

static bool find_equality(struct kdb_live_query *query, const struct kdb_expr *expr,
                          struct kdb_eval *eval)
{
    if (expr->kind != KDB_EXPR_CALL || expr->arg_count != 2 ||
        strcmp(expr->function->name, "=") != 0)
        return false;
    return read_equality(query, expr->args[0], expr->args[1], eval) ||
           read_equality(query, expr->args[1], expr->args[0], eval);
}

static void choose_equality(struct kdb_live_query *query)
{
    struct kdb_eval eval;
    query->equal_column = -1;
    const struct kdb_expr *filter = query->filter;
    if (!filter)
        return;
    kdb_live_eval_init(query, &query->memory, &query->memory.arena, &eval);
    if (filter->kind != KDB_EXPR_AND) {
        (void)find_equality(query, filter, &eval);
        return;
    }
    for (size_t i = 0; i < filter->arg_count; i++) {
        if (find_equality(query, filter->args[i], &eval))
            return;
    }
}

// ---- the whole ----

// Writes the namespace of a table that is named without one at `offset` of the text.
static void write_space(struct kdb_live_query *query, size_t offset)
{
    kdb_slice before = kdb_slice_of(query->sql.data, offset);
    kdb_slice behind = kdb_slice_skip(query->sql, offset);
    // In quotes, as it may be a keyword.
    query->sql = kdb_arena_printf(&query->memory.arena, "%.*s\"%.*s\".%.*s", KDB_ARG(before),
                                  KDB_ARG(query->table->space), KDB_ARG(behind));
}

static kdb_status fill(struct kdb_live_query *query, const struct kdb_live_request *request,
                       struct kdb_ctx *ctx)
{
    struct kdb_scan scan;
    KDB_TRY(kdb_sql_scan(query->sql, ctx, &scan));
    if (scan.count != 1)
        return kdb_fail(ctx, KDB_ERR_INVALID_SQL, "a subscription has one statement, not %zu",
                        scan.count);
    struct shape shape = {0};
    KDB_TRY(check_shape(&scan.statements[0], request->space.data != NULL, ctx, &shape));
    query->is_whole = shape.is_whole;
    const struct kdb_plan_request plan = {.scanned = &scan.statements[0],
                                          .catalog = request->catalog,
                                          .space = request->space.data ? request->space
                                                                       : KDB_LIT("default"),
                                          .role = request->role,
                                          .terms_max = request->terms_max,
                                          .depth_max = request->depth_max};
    KDB_TRY(request->plans ? kdb_plan_cache_get(request->plans, ctx, &plan, &query->plan)
                           : kdb_plan_make(&plan, ctx, &query->plan));
    KDB_TRY(check_plan(query->plan, ctx));
    query->table = query->plan->row_select->relation->table;
    query->filter = query->plan->row_select->filter;
    if (query->filter)
        KDB_TRY(check_depends(query, query->filter, ctx));
    make_key(query);
    KDB_TRY(make_columns(query, ctx));
    make_projection(query);
    // Into the query's own memory: they live as long as it.
    kdb_status status =
        kdb_plan_inputs(query->plan, &query->memory, &scan.statements[0], NULL, 0, &query->inputs);
    if (status != KDB_OK)
        return kdb_fail(ctx, status, "%s", query->memory.error.message);
    choose_equality(query);
    if (shape.bare_table > 0)
        write_space(query, (size_t)(scan.statements[0].position - 1 + shape.bare_table - 1));
    return KDB_OK;
}

kdb_status kdb_live_query_make(const struct kdb_live_request *request, struct kdb_ctx *ctx,
                               struct kdb_live_query **ret)
{
    struct kdb_live_query *query = kdb_alloc(sizeof(*query));
    atomic_init(&query->references, 1);
    kdb_ctx_init(&query->memory, QUERY_MEMORY);
    query->sql = kdb_arena_copy(&query->memory.arena, request->sql);
    query->user = kdb_arena_copy(&query->memory.arena, request->user);
    query->role = request->role;
    kdb_status status = fill(query, request, ctx);
    if (status != KDB_OK) {
        kdb_live_query_unref(query);
        return status;
    }
    *ret = query;
    return KDB_OK;
}

struct kdb_live_query *kdb_live_query_ref(struct kdb_live_query *query)
{
    atomic_fetch_add_explicit(&query->references, 1, memory_order_relaxed);
    return query;
}

void kdb_live_query_unref(struct kdb_live_query *query)
{
    if (!query || atomic_fetch_sub_explicit(&query->references, 1, memory_order_acq_rel) != 1)
        return;
    kdb_plan_unref(query->plan);
    kdb_ctx_deinit(&query->memory);
    kdb_free(query);
}

bool kdb_live_query_equal(const struct kdb_live_query *a, const struct kdb_live_query *b)
{
    if (a == b)
        return true;
    if (a->table != b->table || !kdb_slice_equal(a->sql, b->sql))
        return false;
    return !a->uses_session || (a->role == b->role && kdb_slice_equal(a->user, b->user));
}

void kdb_live_eval_init(const struct kdb_live_query *query, struct kdb_ctx *ctx,
                        struct kdb_arena *scratch, struct kdb_eval *ret)
{
    *ret = (struct kdb_eval){.ctx = ctx,
                             .scratch = scratch,
                             .inputs = query->inputs,
                             .schema = query->table->schema,
                             .user = query->user,
                             .role = kdb_slice_cstr(kdb_role_name(query->role))};
}
