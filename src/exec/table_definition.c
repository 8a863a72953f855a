// SPDX-License-Identifier: Apache-2.0
// From a CREATE TABLE to a table definition: columns, primary key, storage.
#include "base/map.h"
#include "exec/command_priv.h"
#include "exec/table_priv.h"
#include "types/key.h"

struct definition {
    struct kdb_exec *exec;
    const struct kdb_ast_create_table *ast;
    struct kdb_table *table;
    struct kdb_schema *schema;
};

static struct kdb_arena *arena_of(struct definition *definition)
{
    return &definition->table->arena;
}

// A copy that the table owns; null stays null.
static kdb_slice own(struct definition *definition, kdb_slice text)
{
    return text.data ? kdb_arena_copy(arena_of(definition), text) : text;
}

// ---- columns ----

static kdb_status fail_column(struct definition *definition, const struct kdb_ast_column *column,
                              const char *why)
{
    struct kdb_ctx *ctx = definition->exec->ctx;
    kdb_error_at(ctx, column->position);
    return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION, "column \"%.*s\": %s", KDB_ARG(column->name),
                    why);
}

static kdb_status read_type(struct definition *definition, const struct kdb_ast_column *column,
                            kdb_type *ret)
{
    struct kdb_ctx *ctx = definition->exec->ctx;
    const struct kdb_ast_type *ast = &column->type;
    kdb_type type;
    bool is_serial = false;
    const char *why = NULL;
    if (ast->is_array)
        return fail_column(definition, column, "array types are not supported");
    static const char *const as_text[] = {"enum", "set", "struct", "array", "map", "list"};
    for (size_t i = 0; i < sizeof(as_text) / sizeof(as_text[0]); i++) {
        if (kdb_slice_equal_nocase(ast->name, kdb_slice_cstr(as_text[i]))) {
            *ret = KDB_TYPE(KDB_TEXT);
            return KDB_OK;
        }
    }
    if (!kdb_type_from_sql(ast->name, ast->args, ast->arg_count, &type, &is_serial, &why)) {
        kdb_error_at(ctx, column->position);
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "column \"%.*s\": unsupported type %.*s%s%s", KDB_ARG(column->name),
                        KDB_ARG(ast->name), why ? ": " : "", why ? why : "");
    }
    if (type.kind == KDB_FILE)
        return fail_column(definition, column, "FILE columns are not supported yet");
    if (type.kind == KDB_EMBEDDING)
        return fail_column(definition, column, "EMBEDDING columns are not supported yet");
    if (!kdb_kind_is_column((kdb_kind)type.kind))
        return fail_column(definition, column, "a column cannot have this type");
    *ret = type;
    return KDB_OK;
}

// SERIAL, AUTO_INCREMENT, IDENTITY: 64-bit ids, whatever integer was written.
static kdb_status make_serial(struct definition *definition, const struct kdb_ast_column *ast,
                              struct kdb_column *column)
{
    if (!kdb_kind_is_integer((kdb_kind)column->type.kind))
        return fail_column(definition, ast, "AUTO_INCREMENT and IDENTITY need an integer type");
    column->type = KDB_TYPE(KDB_BIGINT);
    column->default_kind = KDB_DEFAULT_SNOWFLAKE_ID;
    return KDB_OK;
}

static kdb_status read_column(struct definition *definition, const struct kdb_ast_column *ast)
{
    struct kdb_exec *exec = definition->exec;
    struct kdb_schema *schema = definition->schema;
    struct kdb_column *column = &schema->columns[schema->column_count];
    if (command_name_check_column(exec->ctx, ast->name) != KDB_OK) {
        kdb_error_at(exec->ctx, ast->position);
        return exec->ctx->error.status;
    }
    column->name = own(definition, ast->name);
    column->comment = own(definition, ast->comment);
    column->is_not_null = ast->is_not_null;
    KDB_TRY(read_type(definition, ast, &column->type));
    if (ast->is_serial)
        KDB_TRY(make_serial(definition, ast, column));
    if (ast->default_expr)
        KDB_TRY(table_default_read(exec, ast->default_expr, arena_of(definition), column));
    column->id = (int32_t)++schema->column_count;
    return KDB_OK;
}

static kdb_slice lower_case(struct kdb_arena *arena, kdb_slice text)
{
    char *lower = kdb_arena_alloc(arena, text.len);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return kdb_slice_of(lower, text.len);
}

// Names are unique whatever their case.
static kdb_status check_unique(struct definition *definition)
{
    struct kdb_ctx *ctx = definition->exec->ctx;
    const struct kdb_ast_create_table *ast = definition->ast;
    struct kdb_map seen = {0};
    kdb_status status = KDB_OK;
    for (size_t i = 0; i < ast->column_count && status == KDB_OK; i++) {
        struct kdb_ast_column *column = &ast->columns[i];
        if (!kdb_map_set(&seen, lower_case(&ctx->arena, column->name), column))
            continue;
        kdb_error_at(ctx, column->position);
        status = kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                          "column \"%.*s\" is declared twice (names are compared without case)",
                          KDB_ARG(column->name));
    }
    kdb_map_deinit(&seen);
    return status;
}

// ---- primary key ----

// Index of the column in the statement, or -1.
static int find_column(const struct kdb_ast_create_table *ast, kdb_slice name)
{
    for (size_t i = 0; i < ast->column_count; i++) {
        if (kdb_slice_equal_nocase(ast->columns[i].name, name))
            return (int)i;
    }
    return -1;
}

// Index of the key among the statement's columns; -1: an id column is to be added in front, or a
// stream has none.
static kdb_status find_key(struct definition *definition, kdb_table_kind kind, int *ret)
{
    const struct kdb_ast_create_table *ast = definition->ast;
    struct kdb_ctx *ctx = definition->exec->ctx;
    if (ast->key_clause_count > 1)
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "Multiple PRIMARY KEY clauses: a table has exactly one primary key column");
    if (ast->table_key_count > 1)
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "Composite PRIMARY KEY is not supported: a table has exactly one primary "
                        "key column");
    if (ast->table_key.data) {
        *ret = find_column(ast, ast->table_key);
        if (*ret >= 0)
            return KDB_OK;
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "PRIMARY KEY column \"%.*s\" not found among the columns of the table",
                        KDB_ARG(ast->table_key));
    }
    for (size_t i = 0; i < ast->column_count; i++) {
        if (ast->columns[i].is_primary_key) {
            *ret = (int)i;
            return KDB_OK;
        }
    }
    // A stream has a key only if it says so.
    *ret = kind == KDB_TABLE_STREAM ? -1 : find_column(ast, KDB_LIT("id"));
    return KDB_OK;
}

static kdb_status set_key(struct definition *definition, uint32_t index)
{
    struct kdb_exec *exec = definition->exec;
    struct kdb_column *column = &definition->schema->columns[index];
    if (!kdb_kind_is_key((kdb_kind)column->type.kind)) {
        kdb_slice type = kdb_type_sql(&exec->ctx->arena, column->type);
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "column \"%.*s\" of type %.*s cannot be the PRIMARY KEY",
                        KDB_ARG(column->name), KDB_ARG(type));
    }
    column->is_not_null = true;
    definition->schema->key_index = index;
    return KDB_OK;
}

// id BIGINT PRIMARY KEY DEFAULT SNOWFLAKE_ID()
static void add_id(struct definition *definition)
{
    struct kdb_column *column = &definition->schema->columns[definition->schema->column_count];
    column->name = KDB_LIT("id");
    column->type = KDB_TYPE(KDB_BIGINT);
    column->default_kind = KDB_DEFAULT_SNOWFLAKE_ID;
    column->id = (int32_t)++definition->schema->column_count;
}

static kdb_status read_columns(struct definition *definition, kdb_table_kind kind)
{
    const struct kdb_ast_create_table *ast = definition->ast;
    struct kdb_exec *exec = definition->exec;
    int key = -1;
    if (ast->column_count >= KDB_COLUMNS_MAX)
        return kdb_fail(exec->ctx, KDB_ERR_LIMIT_EXCEEDED, "a table has at most %d columns",
                        KDB_COLUMNS_MAX - 1);
    KDB_TRY(check_unique(definition));
    KDB_TRY(find_key(definition, kind, &key));
    struct kdb_schema *schema = KDB_ARENA_NEW(arena_of(definition), struct kdb_schema);
    schema->version = 1;
    schema->columns =
        kdb_arena_array(arena_of(definition), ast->column_count + 1, sizeof(struct kdb_column));
    definition->schema = schema;
    bool adds_id = key < 0 && kind != KDB_TABLE_STREAM;
    if (adds_id)
        add_id(definition);
    for (size_t i = 0; i < ast->column_count; i++)
        KDB_TRY(read_column(definition, &ast->columns[i]));
    schema->key_index = KDB_NO_KEY;
    if (key >= 0 || adds_id)
        KDB_TRY(set_key(definition, adds_id ? 0 : (uint32_t)key));
    kdb_schema_finish(schema, arena_of(definition));
    return KDB_OK;
}

// ---- the table ----

static kdb_status check_location(struct kdb_exec *exec, const struct table_options *options)
{
    if (!options->location.data)
        return KDB_OK;
    if (options->location.len == 0)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION, "LOCATION must not be empty");
    bool names_user = kdb_slice_find(options->location, KDB_LIT("${user_id}"), 0) != SIZE_MAX;
    if (options->kind == KDB_TABLE_SHARED && names_user)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "LOCATION '%.*s' of a SHARED table must not contain ${user_id}: its rows "
                        "belong to no single user",
                        KDB_ARG(options->location));
    if (options->kind == KDB_TABLE_USER && !names_user)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "LOCATION '%.*s' of a USER table must contain ${user_id}: every user has "
                        "a folder of their own",
                        KDB_ARG(options->location));
    return KDB_OK;
}

static kdb_status fill(struct definition *definition, kdb_slice space)
{
    struct kdb_exec *exec = definition->exec;
    struct kdb_table *table = definition->table;
    struct table_options options;
    KDB_TRY(table_option_read(exec, definition->ast, space, &options));
    KDB_TRY(check_location(exec, &options));
    KDB_TRY(read_columns(definition, options.kind));
    table->space = own(definition, space);
    table->name = own(definition, definition->ast->table.name);
    table->kind = options.kind;
    table->owner = own(definition, exec->user);
    table->schemas = kdb_arena_array(arena_of(definition), 1, sizeof(struct kdb_schema *));
    table->schemas[0] = definition->schema;
    table->schema_count = 1;
    table->schema = definition->schema;
    table->next_column_id = (int32_t)definition->schema->column_count + 1;
    bool is_stream = options.kind == KDB_TABLE_STREAM;
    table->stream = options.stream;
    if (!is_stream)
        table->storage_id =
            options.storage_id.data ? own(definition, options.storage_id) : KDB_LIT("local");
    table->location = own(definition, options.location);
    table->access = options.access;
    table->flush = options.flush;
    table->has_flush_policy = options.has_flush;
    int64_t standard_ms = exec->services->default_retention_ms;
    table->retention_ms = options.has_retention           ? options.retention_ms
                          : standard_ms > 0 && !is_stream ? standard_ms
                                                          : KDB_RETENTION_OFF;
    table->created_at_us = kdb_clock_now_us(exec->services->clock);
    table->updated_at_us = table->created_at_us;
    return KDB_OK;
}

kdb_status table_definition_make(struct kdb_exec *exec, const struct kdb_ast_create_table *ast,
                                 kdb_slice space, struct kdb_table **ret_table)
{
    struct definition definition = {.exec = exec, .ast = ast, .table = kdb_table_create()};
    kdb_status status = fill(&definition, space);
    if (status != KDB_OK) {
        kdb_table_unref(definition.table);
        return status;
    }
    *ret_table = definition.table;
    return KDB_OK;
}
