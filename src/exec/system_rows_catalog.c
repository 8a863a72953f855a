// SPDX-License-Identifier: Apache-2.0
// Rows about definitions: users, namespaces, tables, columns, storages.
#include "exec/command_priv.h"
#include "exec/system_rows_priv.h"
#include "exec/table_priv.h"

static struct kdb_arena *arena_of(struct row_writer *writer)
{
    return &writer->exec->ctx->arena;
}

// ---- users ----

kdb_status system_rows_users(struct row_writer *writer, const struct rows_filter *filter)
{
    size_t count;
    struct kdb_user **users =
        catalog_list_users(arena_of(writer), writer->exec->snapshot, &filter->names, &count);
    for (size_t i = 0; i < count; i++) {
        const struct kdb_user *user = users[i];
        row_writer_text(writer, user->id);
        // A hash is nobody's to read, not even an administrator's: only whether there is one.
        row_writer_cstr(writer, user->password_hash.len > 0 ? "***" : "");
        row_writer_cstr(writer, kdb_role_name(user->role));
        row_writer_text(writer, user->email);
        row_writer_text(writer, user->auth_type);
        row_writer_text(writer, user->auth_data);
        row_writer_cstr(writer, "table");
        row_writer_null(writer);   // storage_id
        row_writer_int(writer, 0); // failed_login_attempts
        row_writer_null(writer);   // locked_until
        row_writer_null(writer);   // last_login_at
        row_writer_time(writer, user->created_at_us);
        row_writer_time(writer, user->updated_at_us);
        row_writer_null(writer); // last_seen
        row_writer_time_or_null(writer, user->deleted_at_us);
        KDB_TRY(row_writer_end(writer));
    }
    return KDB_OK;
}

// ---- namespaces ----

// How many of the sorted tables are in a namespace, from *at on; moves *at behind them.
static size_t count_tables(struct kdb_table **tables, size_t count, kdb_slice space, size_t *at)
{
    while (*at < count && kdb_slice_compare(tables[*at]->space, space) < 0)
        ++*at;
    size_t first = *at;
    while (*at < count && kdb_slice_equal(tables[*at]->space, space))
        ++*at;
    return *at - first;
}

kdb_status system_rows_namespaces(struct row_writer *writer, const struct rows_filter *filter)
{
    size_t table_count;
    struct kdb_table **tables = filtered_tables(writer, CATALOG_CREATED, filter, &table_count);
    size_t count;
    struct kdb_namespace **spaces =
        catalog_list_namespaces(arena_of(writer), writer->exec->snapshot, &count);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (!catalog_names_have(&filter->spaces, spaces[i]->name))
            continue;
        row_writer_text(writer, spaces[i]->name);
        row_writer_text(writer, spaces[i]->name);
        row_writer_time(writer, spaces[i]->created_at_us);
        row_writer_text(writer, spaces[i]->options);
        row_writer_int(writer, (int64_t)count_tables(tables, table_count, spaces[i]->name, &at));
        KDB_TRY(row_writer_end(writer));
    }
    return KDB_OK;
}

// ---- tables ----

static kdb_slice table_id(struct row_writer *writer, const struct kdb_table *table)
{
    return kdb_arena_printf(arena_of(writer), "%.*s:%.*s", KDB_ARG(table->space),
                            KDB_ARG(table->name));
}

static kdb_status schema_row(struct row_writer *writer, const struct kdb_table *table,
                             const struct kdb_schema *schema)
{
    bool is_system = table->kind == KDB_TABLE_SYSTEM;
    row_writer_text(writer, table_id(writer, table));
    row_writer_text(writer, table->name);
    row_writer_text(writer, table->space);
    row_writer_cstr(writer, kdb_table_kind_name(table->kind));
    row_writer_time(writer, table->created_at_us);
    row_writer_int(writer, schema->version);
    row_writer_text(writer, table_text_columns(arena_of(writer), table, schema));
    row_writer_null(writer); // table_comment
    row_writer_time(writer, table->updated_at_us);
    row_writer_text(writer, table_text_options(arena_of(writer), table));
    row_writer_text(writer, table_text_access(table));
    row_writer_bool(writer, schema == table->schema);
    row_writer_text(writer, table->storage_id);
    if (is_system)
        row_writer_null(writer);
    else
        row_writer_bool(writer, false); // use_user_storage
    return row_writer_end(writer);
}

kdb_status system_rows_schemas(struct row_writer *writer, const struct rows_filter *filter)
{
    catalog_part part = filter->is_system_only ? CATALOG_SYSTEM : CATALOG_CREATED;
    size_t count;
    struct kdb_table **tables = filtered_tables(writer, part, filter, &count);
    for (size_t i = 0; i < count; i++) {
        uint32_t first = filter->is_newest_only ? tables[i]->schema_count - 1 : 0;
        for (uint32_t v = first; v < tables[i]->schema_count; v++)
            KDB_TRY(schema_row(writer, tables[i], tables[i]->schemas[v]));
    }
    return KDB_OK;
}

kdb_status system_rows_table_schemas(struct row_writer *writer, const struct rows_filter *filter)
{
    size_t count;
    struct kdb_table **tables = filtered_tables(writer, CATALOG_CREATED, filter, &count);
    for (size_t i = 0; i < count; i++) {
        const struct kdb_table *table = tables[i];
        for (uint32_t v = 0; v < table->schema_count; v++) {
            kdb_slice id = table_id(writer, table);
            row_writer_text(writer,
                            kdb_arena_printf(arena_of(writer), "%.*s:%u", KDB_ARG(id), v + 1));
            row_writer_text(writer, id);
            row_writer_int(writer, v + 1);
            row_writer_text(writer, table_text_arrow(arena_of(writer), table, table->schemas[v]));
            row_writer_time(writer, v == 0 ? table->created_at_us : table->updated_at_us);
            row_writer_cstr(writer, v == 0 ? "CREATE TABLE" : "ALTER TABLE");
            KDB_TRY(row_writer_end(writer));
        }
    }
    return KDB_OK;
}

kdb_status system_rows_tables(struct row_writer *writer, const struct rows_filter *filter)
{
    size_t count;
    struct kdb_table **tables = filtered_tables(writer, CATALOG_ALL, filter, &count);
    for (size_t i = 0; i < count; i++) {
        const struct kdb_table *table = tables[i];
        bool has_tombstones = table->kind == KDB_TABLE_USER || table->kind == KDB_TABLE_SHARED;
        row_writer_text(writer, table->space);
        row_writer_text(writer, table->name);
        row_writer_cstr(writer, kdb_table_kind_name(table->kind));
        row_writer_text(writer, table->storage_id);
        row_writer_int(writer, table->schema->version);
        row_writer_text(writer, table_text_options(arena_of(writer), table));
        row_writer_null(writer); // comment
        row_writer_time(writer, table->updated_at_us);
        row_writer_time(writer, table->created_at_us);
        row_writer_int(writer, table->id);
        row_writer_text(writer, table->owner);
        row_writer_text(writer, table->location);
        row_writer_text(writer, table_text_flush(arena_of(writer), table));
        row_writer_text(writer, has_tombstones
                                    ? duration_text(arena_of(writer), table->retention_ms)
                                    : (kdb_slice){0});
        row_writer_text(writer, table_text_family(arena_of(writer), table));
        row_writer_text(writer, table_text_access(table));
        KDB_TRY(row_writer_end(writer));
    }
    return KDB_OK;
}

// ---- columns ----

static kdb_status column_row(struct row_writer *writer, const struct kdb_table *table,
                             const struct kdb_column *column, uint32_t ordinal)
{
    bool is_key = table->kind != KDB_TABLE_SYSTEM && ordinal == table->schema->key_index + 1;
    row_writer_text(writer, table->space);
    row_writer_text(writer, table->name);
    row_writer_int(writer, table->schema->version);
    row_writer_int(writer, column->id);
    row_writer_text(writer, column->name);
    row_writer_text(writer, column->comment);
    row_writer_text(writer, kdb_type_sql(arena_of(writer), column->type));
    row_writer_text(writer, table_text_default(arena_of(writer), column));
    row_writer_int(writer, ordinal);
    row_writer_bool(writer, !column->is_not_null);
    row_writer_bool(writer, is_key);
    if (is_key)
        row_writer_int(writer, 1);
    else
        row_writer_null(writer);
    return row_writer_end(writer);
}

kdb_status system_rows_each_column(struct row_writer *writer, const struct rows_filter *filter,
                                   system_rows_column make)
{
    size_t count;
    struct kdb_table **tables = filtered_tables(writer, CATALOG_ALL, filter, &count);
    for (size_t t = 0; t < count; t++) {
        const struct kdb_schema *schema = tables[t]->schema;
        uint32_t system_count;
        const struct kdb_column *system = table_text_system_columns(tables[t], &system_count);
        for (uint32_t i = 0; i < schema->column_count; i++)
            KDB_TRY(make(writer, tables[t], &schema->columns[i], i + 1));
        for (uint32_t i = 0; i < system_count; i++)
            KDB_TRY(make(writer, tables[t], &system[i], schema->column_count + i + 1));
    }
    return KDB_OK;
}

kdb_status system_rows_columns(struct row_writer *writer, const struct rows_filter *filter)
{
    return system_rows_each_column(writer, filter, column_row);
}

// ---- storages ----

kdb_status system_rows_storages(struct row_writer *writer, const struct rows_filter *filter)
{
    (void)filter;
    size_t count;
    struct kdb_storage **storages =
        catalog_list_storages(arena_of(writer), writer->exec->snapshot, &count);
    for (size_t i = 0; i < count; i++) {
        const struct kdb_storage *storage = storages[i];
        row_writer_text(writer, storage->id);
        row_writer_text(writer, storage->name.data ? storage->name : storage->id);
        row_writer_text(writer, storage->description);
        row_writer_text(writer, storage->type);
        row_writer_text(writer, storage->base_directory);
        row_writer_null(writer); // credentials: local folders have none
        row_writer_text(writer, storage->config);
        row_writer_text(writer, storage->shared_template);
        row_writer_text(writer, storage->user_template);
        row_writer_time(writer, storage->created_at_us);
        row_writer_time(writer, storage->updated_at_us);
        KDB_TRY(row_writer_end(writer));
    }
    return KDB_OK;
}

kdb_status system_rows_storage_locations(struct row_writer *writer,
                                         const struct rows_filter *filter)
{
    (void)filter;
    const struct kdb_catalog_snapshot *snapshot = writer->exec->snapshot;
    size_t count;
    struct kdb_storage **storages = catalog_list_storages(arena_of(writer), snapshot, &count);
    for (size_t i = 0; i < count; i++) {
        const struct kdb_storage *storage = storages[i];
        row_writer_text(writer, storage->id);
        row_writer_text(writer, storage->type);
        row_writer_text(writer, storage->base_directory);
        row_writer_null(writer); // credentials_ref
        row_writer_int(writer, (int64_t)catalog_list_storage_use(snapshot, storage->id));
        row_writer_time(writer, storage->created_at_us);
        row_writer_time(writer, storage->updated_at_us);
        KDB_TRY(row_writer_end(writer));
    }
    return KDB_OK;
}
