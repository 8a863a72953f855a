// SPDX-License-Identifier: Apache-2.0
// Binding of INSERT, UPDATE and DELETE.
#include "plan/bind_priv.h"

static kdb_status no_such_column(struct bind *bind, kdb_slice name, const struct kdb_table *table,
                                 int position)
{
    kdb_error_at(bind->ctx, position);
    return kdb_fail(bind->ctx, KDB_ERR_COLUMN_NOT_FOUND,
                    "column \"%.*s\" of relation \"%.*s\" does not exist", KDB_ARG(name),
                    KDB_ARG(table->name));
}

// The declared column that a statement may write.
static kdb_status writable_column(struct bind *bind, const struct kdb_table *table, kdb_slice name,
                                  int position, uint32_t *ret)
{
    int index = kdb_schema_find(table->schema, name);
    if (index >= 0) {
        *ret = (uint32_t)index;
        return KDB_OK;
    }
    if (kdb_slice_has_prefix(name, KDB_LIT("_"))) {
        kdb_error_at(bind->ctx, position);
        return kdb_fail(bind->ctx, KDB_ERR_SYSTEM_COLUMN,
                        "column \"%.*s\" cannot be written: names that begin with _ belong to the "
                        "system",
                        KDB_ARG(name));
    }
    return no_such_column(bind, name, table, position);
}

// ---- INSERT ----

// Which declared columns the values go to, in source order.
static kdb_status insert_columns(struct bind *bind, const struct kdb_ast_insert *ast,
                                 const struct kdb_table *table, uint32_t **ret_columns,
                                 size_t *ret_count)
{
    const struct kdb_schema *schema = table->schema;
    size_t count = ast->column_count ? ast->column_count : schema->column_count;
    uint32_t *columns = kdb_arena_array(bind->arena, count, sizeof(*columns));
    for (size_t i = 0; i < count; i++) {
        if (ast->column_count == 0) {
            columns[i] = (uint32_t)i;
            continue;
        }
        KDB_TRY(writable_column(bind, table, ast->columns[i], ast->table.position, &columns[i]));
        for (size_t j = 0; j < i; j++) {
            if (columns[j] == columns[i])
                return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                                "column \"%.*s\" specified more than once",
                                KDB_ARG(ast->columns[i]));
        }
    }
    *ret_columns = columns;
    *ret_count = count;
    return KDB_OK;
}

static kdb_status check_width(struct bind *bind, const struct kdb_ast_insert *ast, size_t width,
                              size_t column_count)
{
    if (width > column_count)
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                        "INSERT has more expressions than target columns");
    if (ast->column_count > 0 && width < column_count)
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                        "INSERT has more target columns than expressions");
    return KDB_OK;
}

// Stops with `*ret_needs_engine` at a value that the row path cannot compute.
static kdb_status insert_values(struct bind *bind, const struct kdb_ast_insert *ast,
                                struct kdb_insert_plan *insert, const uint32_t *columns,
                                size_t column_count, bool *ret_needs_engine)
{
    const struct kdb_ast_select *source = ast->source;
    const struct kdb_schema *schema = insert->table->schema;
    struct bind_scope scope = {.clause = BIND_VALUES, .level = 1};
    bind->scope = &scope;
    size_t width = source->value_counts[0];
    KDB_TRY(check_width(bind, ast, width, column_count));
    insert->row_count = source->value_row_count;
    insert->rows = kdb_arena_array(bind->arena, insert->row_count, sizeof(struct kdb_expr **));
    for (size_t row = 0; row < insert->row_count; row++) {
        if (source->value_counts[row] != width)
            return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                            "VALUES lists must all be the same length");
        insert->rows[row] = kdb_arena_array(bind->arena, width, sizeof(struct kdb_expr *));
        for (size_t i = 0; i < width; i++) {
            const struct kdb_ast *value = source->value_rows[row][i];
            if (value->kind == KDB_AST_DEFAULT)
                continue;
            struct kdb_expr *expr;
            KDB_TRY(bind_expr(bind, value, &expr));
            KDB_TRY(bind_assign(bind, expr, &schema->columns[columns[i]], &insert->rows[row][i]));
            *ret_needs_engine = !row_path_can_eval(insert->rows[row][i]);
            if (*ret_needs_engine)
                return KDB_OK;
        }
        KDB_TRY(kdb_ctx_check(bind->ctx));
    }
    for (size_t i = 0; i < width; i++)
        insert->source_of[columns[i]] = (int)i;
    bind->scope = NULL;
    return KDB_OK;
}

static kdb_status insert_query(struct bind *bind, const struct kdb_ast_insert *ast,
                               struct kdb_insert_plan *insert, const uint32_t *columns,
                               size_t column_count)
{
    const struct bind_place place = {.keeps_unknown = true};
    struct kdb_query *query;
    KDB_TRY(bind_query(bind, ast->source, place, &query));
    KDB_TRY(check_width(bind, ast, query->target_count, column_count));
    for (size_t i = 0; i < query->target_count; i++) {
        const struct kdb_column *column = &insert->table->schema->columns[columns[i]];
        kdb_kind from = (kdb_kind)query->targets[i].expr->type.kind;
        kdb_kind to = (kdb_kind)column->type.kind;
        if (from != KDB_UNKNOWN && from != to && !kdb_cast_allowed(from, to, KDB_CAST_ASSIGNMENT))
            return kdb_fail(bind->ctx, KDB_ERR_TYPE_MISMATCH,
                            "column \"%.*s\" is of type %s but expression is of type %s",
                            KDB_ARG(column->name), kdb_kind_name(to), kdb_kind_name(from));
        KDB_TRY(bind_coerce_output(bind, query, i, column->type, KDB_CAST_ASSIGNMENT));
        insert->source_of[columns[i]] = (int)i;
    }
    bind->plan->query = query;
    return KDB_OK;
}

kdb_status bind_insert(struct bind *bind, const struct kdb_ast_insert *ast)
{
    if (ast->has_on_conflict)
        return bind_unsupported(bind, "ON CONFLICT", ast->table.position);
    if (ast->has_returning)
        return bind_unsupported(bind, "RETURNING", ast->table.position);
    if (ast->has_with)
        return bind_unsupported(bind, "WITH before INSERT", ast->table.position);
    struct kdb_insert_plan *insert = KDB_ARENA_NEW(bind->arena, struct kdb_insert_plan);
    KDB_TRY(bind_target_table(bind, &ast->table, &insert->table));
    const struct kdb_schema *schema = insert->table->schema;
    insert->source_of = kdb_arena_array(bind->arena, schema->column_count, sizeof(int));
    for (uint32_t i = 0; i < schema->column_count; i++)
        insert->source_of[i] = -1;
    uint32_t *columns = NULL;
    size_t column_count = 0;
    KDB_TRY(insert_columns(bind, ast, insert->table, &columns, &column_count));
    bind->plan->insert = insert;
    if (!ast->source) { // DEFAULT VALUES
        insert->row_count = 1;
        insert->rows = kdb_arena_array(bind->arena, 1, sizeof(struct kdb_expr **));
        return KDB_OK;
    }
    bool is_values = ast->source->value_rows && ast->source->cte_count == 0 &&
                     ast->source->order_count == 0 && !ast->source->limit && !ast->source->offset;
    bool needs_engine = !is_values;
    if (is_values)
        KDB_TRY(insert_values(bind, ast, insert, columns, column_count, &needs_engine));
    if (!needs_engine)
        return KDB_OK;
    // VALUES with a subquery is a query like any other.
    insert->rows = NULL;
    insert->row_count = 0;
    bind->scope = NULL;
    return insert_query(bind, ast, insert, columns, column_count);
}

// ---- UPDATE and DELETE ----

// SELECT key, _seq, new values FROM table WHERE …: what the engine is asked when the row path
// cannot search.
static struct kdb_query *search_query(struct bind *bind, struct kdb_relation *relation,
                                      struct kdb_expr *where)
{
    struct kdb_query *query = KDB_ARENA_NEW(bind->arena, struct kdb_query);
    query->level = 1;
    query->source = KDB_ARENA_NEW(bind->arena, struct kdb_source);
    query->source->relation = relation;
    query->where = where;
    const struct kdb_schema *schema = relation->table->schema;
    uint32_t seq = schema->column_count;
    uint32_t key = relation->table->kind == KDB_TABLE_STREAM ? seq : schema->key_index;
    bind_targets_push(bind, query, bind_column_of(bind, relation, key), KDB_LIT("key"));
    bind_targets_push(bind, query, bind_column_of(bind, relation, seq), KDB_LIT("_seq"));
    return query;
}

static kdb_status search_scope(struct bind *bind, const struct kdb_ast_name *name, kdb_slice alias,
                               struct bind_scope *scope, struct kdb_relation **ret)
{
    struct kdb_table *table;
    KDB_TRY(bind_target_table(bind, name, &table));
    *scope = (struct bind_scope){.level = 1, .clause = BIND_WHERE};
    bind->scope = scope;
    *ret = bind_relation_of_table(bind, table, alias);
    bind_add_relation(bind, *ret, &scope->names);
    bind->plan->update = KDB_ARENA_NEW(bind->arena, struct kdb_update_plan);
    bind->plan->update->table = table;
    return KDB_OK;
}

static kdb_status require_where(struct bind *bind, const struct kdb_ast *where, const char *what,
                                int position)
{
    if (where)
        return KDB_OK;
    kdb_error_at(bind->ctx, position);
    return kdb_fail(bind->ctx, KDB_ERR_INVALID_OPERATION,
                    "%s needs a WHERE clause (write WHERE TRUE to mean every row)", what);
}

static kdb_status bind_assignments(struct bind *bind, const struct kdb_ast_update *ast,
                                   struct kdb_update_plan *update)
{
    const struct kdb_schema *schema = update->table->schema;
    size_t count = ast->assignment_count;
    update->assignment_count = count;
    update->columns = kdb_arena_array(bind->arena, count, sizeof(uint32_t));
    update->values = kdb_arena_array(bind->arena, count, sizeof(struct kdb_expr *));
    bind->scope->clause = BIND_SET;
    for (size_t i = 0; i < count; i++) {
        const struct kdb_ast_assignment *assignment = &ast->assignments[i];
        uint32_t column;
        KDB_TRY(writable_column(bind, update->table, assignment->column, assignment->position,
                                &column));
        if (column == schema->key_index) {
            kdb_error_at(bind->ctx, assignment->position);
            return kdb_fail(bind->ctx, KDB_ERR_INVALID_OPERATION,
                            "the primary key column \"%.*s\" cannot be updated",
                            KDB_ARG(assignment->column));
        }
        for (size_t j = 0; j < i; j++) {
            if (update->columns[j] == column)
                return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                                "multiple assignments to same column \"%.*s\"",
                                KDB_ARG(assignment->column));
        }
        update->columns[i] = column;
        if (assignment->value->kind == KDB_AST_DEFAULT)
            continue;
        struct kdb_expr *expr;
        KDB_TRY(bind_expr(bind, assignment->value, &expr));
        KDB_TRY(bind_assign(bind, expr, &schema->columns[column], &update->values[i]));
    }
    return KDB_OK;
}

kdb_status bind_update(struct bind *bind, const struct kdb_ast_update *ast)
{
    if (ast->has_from)
        return bind_unsupported(bind, "UPDATE … FROM", ast->table.position);
    if (ast->has_returning)
        return bind_unsupported(bind, "RETURNING", ast->table.position);
    if (ast->has_with)
        return bind_unsupported(bind, "WITH before UPDATE", ast->table.position);
    struct bind_scope scope;
    struct kdb_relation *relation;
    KDB_TRY(search_scope(bind, &ast->table, ast->alias, &scope, &relation));
    if (relation->table->kind == KDB_TABLE_STREAM) {
        kdb_error_at(bind->ctx, ast->table.position);
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_OPERATION,
                        "UPDATE is not supported on STREAM tables: the rows of %.*s.%.*s stay as "
                        "they were inserted",
                        KDB_ARG(relation->table->space), KDB_ARG(relation->table->name));
    }
    KDB_TRY(require_where(bind, ast->where, "UPDATE", ast->table.position));
    struct kdb_expr *where;
    KDB_TRY(bind_boolean(bind, ast->where, "WHERE", &where));
    struct kdb_update_plan *update = bind->plan->update;
    KDB_TRY(bind_assignments(bind, ast, update));
    struct kdb_query *query = search_query(bind, relation, where);
    for (size_t i = 0; i < update->assignment_count; i++) {
        const struct kdb_column *column = &update->table->schema->columns[update->columns[i]];
        struct kdb_expr *value = update->values[i];
        bind_targets_push(bind, query, value ? value : bind_null(bind, column->type), column->name);
    }
    bind->plan->query = query;
    bind->scope = NULL;
    return KDB_OK;
}

kdb_status bind_delete(struct bind *bind, const struct kdb_ast_delete *ast)
{
    if (ast->has_using)
        return bind_unsupported(bind, "DELETE … USING", ast->table.position);
    if (ast->has_returning)
        return bind_unsupported(bind, "RETURNING", ast->table.position);
    if (ast->has_with)
        return bind_unsupported(bind, "WITH before DELETE", ast->table.position);
    struct bind_scope scope;
    struct kdb_relation *relation;
    KDB_TRY(search_scope(bind, &ast->table, ast->alias, &scope, &relation));
    KDB_TRY(require_where(bind, ast->where, "DELETE", ast->table.position));
    struct kdb_expr *where;
    KDB_TRY(bind_boolean(bind, ast->where, "WHERE", &where));
    bind->plan->query = search_query(bind, relation, where);
    bind->scope = NULL;
    return KDB_OK;
}
