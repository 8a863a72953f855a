// SPDX-License-Identifier: Apache-2.0
// information_schema, which every role may read, and the list of types.
#include "exec/system_rows_priv.h"
#include "exec/table_priv.h"

// The one catalogue there is.
#define CATALOG_NAME "kalam"

static struct kdb_arena *arena_of(struct row_writer *writer)
{
    return &writer->exec->ctx->arena;
}

kdb_status system_rows_information_tables(struct row_writer *writer,
                                          const struct rows_filter *filter)
{
    size_t count;
    struct kdb_table **tables = filtered_tables(writer, CATALOG_ALL, filter, &count);
    for (size_t i = 0; i < count; i++) {
        row_writer_cstr(writer, CATALOG_NAME);
        row_writer_text(writer, tables[i]->space);
        row_writer_text(writer, tables[i]->name);
        row_writer_cstr(writer, tables[i]->kind == KDB_TABLE_SYSTEM ? "VIEW" : "BASE TABLE");
        KDB_TRY(row_writer_end(writer));
    }
    return KDB_OK;
}

static kdb_status column_row(struct row_writer *writer, const struct kdb_table *table,
                             const struct kdb_column *column, uint32_t ordinal)
{
    row_writer_cstr(writer, CATALOG_NAME);
    row_writer_text(writer, table->space);
    row_writer_text(writer, table->name);
    row_writer_text(writer, column->name);
    row_writer_int(writer, ordinal);
    row_writer_text(writer, table_text_default(arena_of(writer), column));
    row_writer_cstr(writer, column->is_not_null ? "NO" : "YES");
    row_writer_text(writer, kdb_type_sql(arena_of(writer), column->type));
    return row_writer_end(writer);
}

kdb_status system_rows_information_columns(struct row_writer *writer,
                                           const struct rows_filter *filter)
{
    return system_rows_each_column(writer, filter, column_row);
}

static kdb_status schema_name(struct row_writer *writer, kdb_slice name)
{
    row_writer_cstr(writer, CATALOG_NAME);
    row_writer_text(writer, name);
    return row_writer_end(writer);
}

kdb_status system_rows_schemata(struct row_writer *writer, const struct rows_filter *filter)
{
    (void)filter;
    size_t count;
    struct kdb_namespace **spaces =
        catalog_list_namespaces(arena_of(writer), writer->exec->snapshot, &count);
    for (size_t i = 0; i < count; i++)
        KDB_TRY(schema_name(writer, spaces[i]->name));
    KDB_TRY(schema_name(writer, KDB_LIT("information_schema")));
    return schema_name(writer, KDB_LIT("system"));
}

// ---- types ----

static const struct {
    kdb_kind kind;
    const char *kalam;
    const char *sql;
    const char *description;
} types[] = {
    {KDB_BOOLEAN, "Boolean", "BOOLEAN", "true or false"},
    {KDB_SMALLINT, "SmallInt", "SMALLINT", "whole number of 16 bits"},
    {KDB_INT, "Int", "INT", "whole number of 32 bits"},
    {KDB_BIGINT, "BigInt", "BIGINT", "whole number of 64 bits, a string in JSON"},
    {KDB_FLOAT, "Float", "FLOAT", "floating point of 32 bits"},
    {KDB_DOUBLE, "Double", "DOUBLE", "floating point of 64 bits"},
    {KDB_DECIMAL, "Decimal", "DECIMAL", "exact number of up to 38 digits"},
    {KDB_TEXT, "Text", "TEXT", "text in UTF-8"},
    {KDB_BYTES, "Bytes", "BYTES", "bytes"},
    {KDB_DATE, "Date", "DATE", "day, as days since 1970"},
    {KDB_TIME, "Time", "TIME", "time of day in microseconds"},
    {KDB_TIMESTAMP, "Timestamp", "TIMESTAMP", "point in time in microseconds, without zone"},
    {KDB_DATETIME, "DateTime", "DATETIME", "point in time in microseconds, UTC"},
    {KDB_JSON, "Json", "JSON", "JSON document"},
    {KDB_UUID, "Uuid", "UUID", "identifier of 128 bits"},
};

kdb_status system_rows_datatypes(struct row_writer *writer, const struct rows_filter *filter)
{
    (void)filter;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        row_writer_cstr(writer, table_text_arrow_type(types[i].kind));
        row_writer_cstr(writer, types[i].kalam);
        row_writer_cstr(writer, types[i].sql);
        row_writer_cstr(writer, types[i].description);
        KDB_TRY(row_writer_end(writer));
    }
    return KDB_OK;
}
