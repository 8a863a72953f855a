// SPDX-License-Identifier: Apache-2.0
// Binding of queries: WITH, set operations, VALUES and plain selects.
#include "base/assert.h"
#include "plan/bind_priv.h"

bool bind_targets_push(struct bind *bind, struct kdb_query *query, struct kdb_expr *expr,
                       kdb_slice name)
{
    // Grown by doubling without a capacity field: powers of two are where an array is full.
    size_t count = query->target_count;
    if ((count & (count - 1)) == 0) {
        struct kdb_target *grown =
            kdb_arena_array(bind->arena, count ? count * 2 : 1, sizeof(struct kdb_target));
        if (count > 0)
            memcpy(grown, query->targets, count * sizeof(*grown));
        query->targets = grown;
    }
    query->targets[query->target_count++] = (struct kdb_target){expr, name};
    return true;
}

// The query's output as a relation, for ORDER BY on combined queries and operators on subqueries.
static void make_output(struct bind *bind, struct kdb_query *query)
{
    struct kdb_relation *output = KDB_ARENA_NEW(bind->arena, struct kdb_relation);
    output->kind = KDB_RELATION_QUERY;
    output->level = query->level;
    output->column_count = (uint32_t)query->target_count;
    output->columns =
        kdb_arena_array(bind->arena, query->target_count + 1, sizeof(struct kdb_relation_column));
    for (size_t i = 0; i < query->target_count; i++)
        output->columns[i] = (struct kdb_relation_column){.name = query->targets[i].name,
                                                          .type = query->targets[i].expr->type};
    query->output = output;
}

kdb_status bind_coerce_output(struct bind *bind, struct kdb_query *query, size_t index,
                              kdb_type type, kdb_cast_strength strength)
{
    if (query->set != KDB_SET_NONE) {
        KDB_TRY(bind_coerce_output(bind, query->left, index, type, strength));
        KDB_TRY(bind_coerce_output(bind, query->right, index, type, strength));
        struct kdb_target *target = &query->targets[index];
        target->expr = bind_null(bind, type); // only its type matters
    } else {
        for (size_t i = 0; i < query->value_row_count; i++)
            KDB_TRY(bind_coerce(bind, query->value_rows[i][index], type, strength,
                                &query->value_rows[i][index]));
        KDB_TRY(bind_coerce(bind, query->targets[index].expr, type, strength,
                            &query->targets[index].expr));
    }
    if (query->output)
        query->output->columns[index].type = type;
    return KDB_OK;
}

static kdb_status settle_unknown(struct bind *bind, struct kdb_query *query)
{
    for (size_t i = 0; i < query->target_count; i++) {
        if (query->targets[i].expr->type.kind == KDB_UNKNOWN)
            KDB_TRY(bind_coerce_output(bind, query, i, KDB_TYPE(KDB_TEXT), KDB_CAST_IMPLICIT));
    }
    return KDB_OK;
}

kdb_status bind_limit(struct bind *bind, const struct kdb_ast *ast, const char *what,
                      struct kdb_expr **ret)
{
    if (!ast)
        return KDB_OK;
    if (bind->scope)
        bind->scope->clause = BIND_LIMIT;
    struct bind_names names = {0};
    struct bind_names hidden = bind->scope ? bind->scope->names : names;
    if (bind->scope)
        bind->scope->names = names;
    kdb_status status = bind_expr(bind, ast, ret);
    if (bind->scope)
        bind->scope->names = hidden;
    KDB_TRY(status);
    if (!kdb_expr_is_fixed(*ret) || !row_path_can_eval(*ret)) {
        kdb_error_at(bind->ctx, ast->position);
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                        "argument of %s must not contain variables or subqueries", what);
    }
    return bind_coerce(bind, *ret, KDB_TYPE(KDB_BIGINT), KDB_CAST_ASSIGNMENT, ret);
}

static kdb_status bind_tail(struct bind *bind, const struct kdb_ast_select *ast,
                            struct kdb_query *query)
{
    if (ast->has_ties)
        return bind_unsupported(bind, "FETCH … WITH TIES", ast->position);
    if (ast->has_locking)
        return bind_unsupported(bind, "FOR UPDATE and FOR SHARE", ast->position);
    KDB_TRY(bind_limit(bind, ast->limit, "LIMIT", &query->limit));
    return bind_limit(bind, ast->offset, "OFFSET", &query->offset);
}

// ---- WITH ----

static struct kdb_common_table *new_cte(struct bind *bind, const struct kdb_ast_cte *ast)
{
    struct kdb_common_table *table = KDB_ARENA_NEW(bind->arena, struct kdb_common_table);
    table->name = ast->name;
    table->number = bind->cte_number++;
    struct bind_cte *entry = KDB_ARENA_NEW(bind->arena, struct bind_cte);
    *entry = (struct bind_cte){.next = bind->ctes, .name = ast->name, .table = table};
    bind->ctes = entry;
    return table;
}

static kdb_status name_cte_columns(struct bind *bind, const struct kdb_ast_cte *ast,
                                   struct kdb_common_table *table, const struct kdb_query *query)
{
    if (ast->column_count > query->target_count) {
        kdb_error_at(bind->ctx, ast->position);
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                        "WITH query \"%.*s\" has %zu columns available but %zu columns specified",
                        KDB_ARG(ast->name), query->target_count, ast->column_count);
    }
    table->column_count = (uint32_t)query->target_count;
    table->columns =
        kdb_arena_array(bind->arena, query->target_count + 1, sizeof(struct kdb_relation_column));
    for (size_t i = 0; i < query->target_count; i++)
        table->columns[i] = (struct kdb_relation_column){
            .name = i < ast->column_count ? ast->columns[i] : query->targets[i].name,
            .type = query->targets[i].expr->type};
    return KDB_OK;
}

// Columns of the part before UNION; decimals get room for what the recursion makes of them.
static kdb_status start_columns(struct bind *bind, struct kdb_query *query)
{
    for (size_t i = 0; i < query->left->target_count; i++) {
        kdb_type type = query->left->targets[i].expr->type;
        if (type.kind == KDB_DECIMAL && type.precision > 0)
            type.precision = 38;
        KDB_TRY(bind_coerce_output(bind, query->left, i, type, KDB_CAST_IMPLICIT));
    }
    return KDB_OK;
}

static kdb_status same_width(struct bind *bind, const struct kdb_ast_select *ast,
                             const struct kdb_query *query)
{
    static const char *const names[] = {"", "UNION", "INTERSECT", "EXCEPT"};
    if (query->left->target_count == query->right->target_count)
        return KDB_OK;
    kdb_error_at(bind->ctx, ast->right->position);
    return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                    "each %s query must have the same number of columns", names[query->set]);
}

// The part behind UNION must give what the part before it gave.
static kdb_status repeat_column(struct bind *bind, const struct kdb_ast_cte *ast,
                                struct kdb_query *query, size_t index)
{
    struct kdb_expr *sides[2] = {query->left->targets[index].expr,
                                 query->right->targets[index].expr};
    kdb_type type = sides[0]->type;
    kdb_type common;
    KDB_TRY(bind_common_type(bind, sides, 2, "UNION", &common));
    if (common.kind != type.kind) {
        kdb_error_at(bind->ctx, sides[1]->position);
        return kdb_fail(bind->ctx, KDB_ERR_TYPE_MISMATCH,
                        "recursive query \"%.*s\" column %zu has type %s in non-recursive term but "
                        "type %s overall",
                        KDB_ARG(ast->name), index + 1, kdb_kind_name((kdb_kind)type.kind),
                        kdb_kind_name((kdb_kind)common.kind));
    }
    KDB_TRY(bind_coerce_output(bind, query->right, index, type, KDB_CAST_ASSIGNMENT));
    bind_targets_push(bind, query, bind_null(bind, type), query->left->targets[index].name);
    return KDB_OK;
}

// The columns of UNION, INTERSECT or EXCEPT from those of its sides.
static kdb_status merge_column(struct bind *bind, struct kdb_query *query, size_t index)
{
    static const char *const names[] = {"", "UNION", "INTERSECT", "EXCEPT"};
    struct kdb_expr *sides[2] = {query->left->targets[index].expr,
                                 query->right->targets[index].expr};
    kdb_type type;
    KDB_TRY(bind_common_type(bind, sides, 2, names[query->set], &type));
    KDB_TRY(bind_coerce_output(bind, query->left, index, type, KDB_CAST_IMPLICIT));
    KDB_TRY(bind_coerce_output(bind, query->right, index, type, KDB_CAST_IMPLICIT));
    bind_targets_push(bind, query, bind_null(bind, type), query->left->targets[index].name);
    return KDB_OK;
}

// Binds a query that must not read the common table whose definition it is part of.
static kdb_status bind_apart(struct bind *bind, const struct kdb_ast_cte *ast,
                             const struct kdb_ast_select *select, const char *why,
                             struct kdb_query **ret)
{
    struct bind_cte hidden = {.next = bind->ctes, .name = ast->name, .why = why};
    bind->ctes = &hidden;
    kdb_status status = bind_select(bind, select, ret);
    bind->ctes = hidden.next;
    return status;
}

// The part before UNION gives the columns, then the part behind it sees the name.
static kdb_status bind_recursive(struct bind *bind, const struct kdb_ast_cte *ast,
                                 struct kdb_common_table **ret)
{
    const struct kdb_ast_select *select = ast->select;
    const struct bind_place branch = {.keeps_unknown = true};
    struct kdb_query *query = KDB_ARENA_NEW(bind->arena, struct kdb_query);
    query->level = bind->scope ? bind->scope->level + 1 : 1;
    query->set = KDB_SET_UNION;
    query->is_set_all = select->is_set_all;
    KDB_TRY(bind_apart(bind, ast, select->left,
                       "must not be read within its own non-recursive term", &query->left));
    KDB_TRY(start_columns(bind, query));
    struct kdb_common_table *table = new_cte(bind, ast);
    table->query = query;
    KDB_TRY(name_cte_columns(bind, ast, table, query->left));
    KDB_TRY(bind_query(bind, select->right, branch, &query->right));
    KDB_TRY(same_width(bind, select, query));
    table->is_recursive = table->is_read;
    table->is_read = false;
    for (size_t i = 0; i < query->left->target_count; i++) {
        if (table->is_recursive)
            KDB_TRY(repeat_column(bind, ast, query, i));
        else
            KDB_TRY(merge_column(bind, query, i));
        table->columns[i].type = query->targets[i].expr->type;
    }
    make_output(bind, query);
    *ret = table;
    return KDB_OK;
}

static kdb_status bind_cte(struct bind *bind, const struct kdb_ast_cte *ast, bool is_recursive,
                           struct kdb_common_table **ret)
{
    const struct kdb_ast_select *select = ast->select;
    bool has_tail = select->order_count > 0 || select->limit || select->offset ||
                    select->cte_count > 0 || select->has_ties || select->has_locking;
    if (is_recursive && select->set == KDB_SET_UNION && !has_tail)
        return bind_recursive(bind, ast, ret);
    struct kdb_query *query;
    if (is_recursive)
        KDB_TRY(bind_apart(bind, ast, select,
                           has_tail
                               ? "has ORDER BY, LIMIT or WITH, which a recursive query must not"
                               : "does not have the form non-recursive-term UNION [ALL] "
                                 "recursive-term",
                           &query));
    else
        KDB_TRY(bind_select(bind, select, &query));
    struct kdb_common_table *table = new_cte(bind, ast);
    table->query = query;
    *ret = table;
    return name_cte_columns(bind, ast, table, query);
}

static kdb_status bind_with(struct bind *bind, const struct kdb_ast_select *ast,
                            struct kdb_query *query)
{
    query->ctes =
        kdb_arena_array(bind->arena, ast->cte_count + 1, sizeof(struct kdb_common_table *));
    query->cte_count = ast->cte_count;
    for (size_t i = 0; i < ast->cte_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (kdb_slice_equal(ast->ctes[i].name, ast->ctes[j].name))
                return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                                "WITH query name \"%.*s\" specified more than once",
                                KDB_ARG(ast->ctes[i].name));
        }
        KDB_TRY(bind_cte(bind, &ast->ctes[i], ast->is_recursive, &query->ctes[i]));
    }
    return KDB_OK;
}

// ---- set operations and VALUES ----

static kdb_status bind_set(struct bind *bind, const struct kdb_ast_select *ast,
                           struct kdb_query *query)
{
    const struct bind_place branch = {.keeps_unknown = true};
    query->set = ast->set;
    query->is_set_all = ast->is_set_all;
    KDB_TRY(bind_query(bind, ast->left, branch, &query->left));
    KDB_TRY(bind_query(bind, ast->right, branch, &query->right));
    KDB_TRY(same_width(bind, ast, query));
    for (size_t i = 0; i < query->left->target_count; i++)
        KDB_TRY(merge_column(bind, query, i));
    return KDB_OK;
}

static kdb_status bind_values(struct bind *bind, const struct kdb_ast_select *ast,
                              struct bind_place place, struct kdb_query *query)
{
    size_t width = ast->value_counts[0];
    query->value_row_count = ast->value_row_count;
    query->value_rows =
        kdb_arena_array(bind->arena, ast->value_row_count, sizeof(struct kdb_expr **));
    bind->scope->clause = BIND_VALUES;
    for (size_t row = 0; row < ast->value_row_count; row++) {
        if (ast->value_counts[row] != width)
            return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                            "VALUES lists must all be the same length");
        query->value_rows[row] = kdb_arena_array(bind->arena, width, sizeof(struct kdb_expr *));
        for (size_t i = 0; i < width; i++)
            KDB_TRY(bind_expr(bind, ast->value_rows[row][i], &query->value_rows[row][i]));
        KDB_TRY(kdb_ctx_check(bind->ctx));
    }
    for (size_t i = 0; i < width; i++) {
        struct kdb_expr **column =
            kdb_arena_array(bind->arena, ast->value_row_count, sizeof(struct kdb_expr *));
        bool is_known = false;
        for (size_t row = 0; row < ast->value_row_count; row++) {
            column[row] = query->value_rows[row][i];
            is_known = is_known || column[row]->type.kind != KDB_UNKNOWN;
        }
        kdb_type type = KDB_TYPE(KDB_UNKNOWN);
        if (is_known || !place.keeps_unknown)
            KDB_TRY(bind_common(bind, column, ast->value_row_count, "VALUES", &type));
        for (size_t row = 0; row < ast->value_row_count; row++)
            query->value_rows[row][i] = column[row];
        bind_targets_push(bind, query, bind_null(bind, type),
                          kdb_arena_printf(bind->arena, "column%zu", i + 1));
    }
    return KDB_OK;
}

// ---- plain selects ----

static kdb_status expand_star(struct bind *bind, const struct kdb_ast *star, bool shows_system,
                              struct kdb_query *query)
{
    const struct bind_names *names = &bind->scope->names;
    bool is_found = !star->table.data;
    if (!star->table.data && names->entry_count == 0) {
        kdb_error_at(bind->ctx, star->position);
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                        "SELECT * with no tables specified is not valid");
    }
    for (size_t i = 0; i < names->entry_count; i++) {
        const struct bind_entry *entry = &names->entries[i];
        if (entry->is_system && !shows_system)
            continue;
        if (star->table.data)
            break;
        struct kdb_expr *expr = entry->expr;
        if (expr->kind == KDB_EXPR_COLUMN)
            expr = bind_column_of(bind, expr->relation, expr->column);
        bind_targets_push(bind, query, expr, entry->name);
    }
    for (size_t i = 0; star->table.data && i < names->relation_count; i++) {
        const struct kdb_relation *relation = names->relations[i];
        if (!bind_is_named(relation, star))
            continue;
        is_found = true;
        for (uint32_t c = 0; c < relation->column_count; c++) {
            if (!relation->columns[c].is_system || shows_system)
                bind_targets_push(bind, query, bind_column_of(bind, relation, c),
                                  relation->columns[c].name);
        }
        break;
    }
    if (is_found)
        return KDB_OK;
    kdb_error_at(bind->ctx, star->position);
    return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                    "missing FROM-clause entry for table \"%.*s\"", KDB_ARG(star->table));
}

// A bare number as a whole output column is sent as BIGINT, so that clients see one type for it.
static kdb_status widen_literal(struct bind *bind, const struct kdb_ast *ast,
                                struct kdb_expr **expr)
{
    kdb_kind kind = (kdb_kind)(*expr)->type.kind;
    bool is_literal = ast->kind == KDB_AST_LITERAL || ast->kind == KDB_AST_PARAM;
    if (!is_literal || (kind != KDB_INT && kind != KDB_SMALLINT))
        return KDB_OK;
    return bind_coerce(bind, *expr, KDB_TYPE(KDB_BIGINT), KDB_CAST_IMPLICIT, expr);
}

static kdb_status bind_targets(struct bind *bind, const struct kdb_ast_select *ast,
                               struct bind_place place, struct kdb_query *query)
{
    bind->scope->clause = BIND_TARGET;
    for (size_t i = 0; i < ast->target_count; i++) {
        const struct kdb_ast_target *target = &ast->targets[i];
        if (target->expr->kind == KDB_AST_STAR) {
            bool shows_system = place.is_outermost && !ast->is_distinct;
            KDB_TRY(expand_star(bind, target->expr, shows_system, query));
            continue;
        }
        struct kdb_expr *expr;
        KDB_TRY(bind_expr(bind, target->expr, &expr));
        if (place.is_outermost)
            KDB_TRY(widen_literal(bind, target->expr, &expr));
        if (expr->type.kind == KDB_UNKNOWN && !place.keeps_unknown)
            KDB_TRY(bind_coerce(bind, expr, KDB_TYPE(KDB_TEXT), KDB_CAST_IMPLICIT, &expr));
        kdb_slice name = target->alias.data ? target->alias : bind_output_name(target->expr);
        if (!target->alias.data && target->expr->kind == KDB_AST_SCALAR)
            name = expr->query->targets[0].name; // of a `*`, too
        bind_targets_push(bind, query, expr, name);
    }
    return KDB_OK;
}

// A filter that names _deleted asks for tombstones too.
static void mark_deleted(const struct kdb_expr *expr)
{
    if (expr->kind == KDB_EXPR_COLUMN &&
        expr->relation->columns[expr->column].id == KDB_COLUMN_DELETED &&
        expr->relation->kind == KDB_RELATION_TABLE) {
        // Relations are built by this binder; const is for its readers.
        struct kdb_relation *relation = (struct kdb_relation *)(uintptr_t)expr->relation;
        relation->shows_deleted = true;
    }
    for (size_t i = 0; i < expr->arg_count; i++)
        mark_deleted(expr->args[i]);
}

static void mark_deleted_joins(const struct kdb_source *source)
{
    if (!source || source->relation)
        return;
    if (source->on)
        mark_deleted(source->on);
    mark_deleted_joins(source->left);
    mark_deleted_joins(source->right);
}

static kdb_status bind_plain(struct bind *bind, const struct kdb_ast_select *ast,
                             struct bind_place place, struct kdb_query *query)
{
    struct bind_scope *scope = bind->scope;
    scope->windows = ast->windows;
    scope->window_count = ast->window_count;
    KDB_TRY(bind_from(bind, ast->from, ast->from_count, &query->source, &scope->names));
    mark_deleted_joins(query->source);
    if (ast->where) {
        scope->clause = BIND_WHERE;
        KDB_TRY(bind_boolean(bind, ast->where, "WHERE", &query->where));
        mark_deleted(query->where);
    }
    query->is_distinct = ast->is_distinct && ast->distinct_on_count == 0;
    KDB_TRY(bind_targets(bind, ast, place, query));
    make_output(bind, query);
    KDB_TRY(bind_group_by(bind, query, ast));
    if (ast->having) {
        scope->clause = BIND_HAVING;
        KDB_TRY(bind_boolean(bind, ast->having, "HAVING", &query->having));
    }
    scope->clause = BIND_ORDER;
    KDB_TRY(bind_order_by(bind, query, ast->order, ast->order_count));
    if (ast->distinct_on_count > 0)
        KDB_TRY(bind_distinct_on(bind, query, ast));
    query->is_grouped = scope->has_aggregate || query->group_count > 0 || query->having;
    if (query->is_grouped)
        KDB_TRY(bind_check_grouping(bind, query));
    query->has_windows = scope->has_window;
    return KDB_OK;
}

static kdb_status bind_body(struct bind *bind, const struct kdb_ast_select *ast,
                            struct bind_place place, struct kdb_query *query)
{
    KDB_TRY(bind_with(bind, ast, query));
    if (ast->set == KDB_SET_NONE && !ast->value_rows)
        KDB_TRY(bind_plain(bind, ast, place, query));
    else if (ast->value_rows)
        KDB_TRY(bind_values(bind, ast, place, query));
    else
        KDB_TRY(bind_set(bind, ast, query));
    if (ast->set != KDB_SET_NONE || ast->value_rows) {
        make_output(bind, query);
        if (!place.keeps_unknown)
            KDB_TRY(settle_unknown(bind, query));
        bind->scope->clause = BIND_ORDER;
        KDB_TRY(bind_order_by(bind, query, ast->order, ast->order_count));
    }
    return bind_tail(bind, ast, query);
}

kdb_status bind_query(struct bind *bind, const struct kdb_ast_select *ast, struct bind_place place,
                      struct kdb_query **ret)
{
    KDB_TRY(bind_enter(bind, ast->position));
    struct bind_cte *ctes = bind->ctes;
    struct kdb_query *query = KDB_ARENA_NEW(bind->arena, struct kdb_query);
    struct bind_scope scope = {
        .outer = bind->scope, .query = query, .level = bind->scope ? bind->scope->level + 1 : 1};
    query->level = scope.level;
    bind->scope = &scope;
    kdb_status status = bind_body(bind, ast, place, query);
    query->has_outer_reference = scope.is_correlated;
    bind->scope = scope.outer;
    bind->ctes = ctes;
    bind->depth--;
    KDB_TRY(status);
    *ret = query;
    return KDB_OK;
}

kdb_status bind_select(struct bind *bind, const struct kdb_ast_select *ast, struct kdb_query **ret)
{
    const struct bind_place place = {0};
    return bind_query(bind, ast, place, ret);
}
