// SPDX-License-Identifier: Apache-2.0
// Schemas as JSON: Arrow's types in the form that Arrow's Rust library writes, options beside them.
#include "segments/schema_json_priv.h"

#include "base/json_write.h"
#include "types/cast.h"

#define INDENT 2

// Pretty printing: where the next member goes.
struct printer {
    struct kdb_buf *out;
    int depth;
    bool has_member; // of the innermost object or array
};

static void begin_member(struct printer *printer, const char *name)
{
    if (printer->has_member)
        kdb_buf_put(printer->out, ',');
    printer->has_member = true;
    if (printer->depth > 0)
        kdb_buf_printf(printer->out, "\n%*s", printer->depth * INDENT, "");
    if (name) {
        kdb_json_string(printer->out, kdb_slice_cstr(name));
        KDB_BUF_LIT(printer->out, ": ");
    }
}

static void open_member(struct printer *printer, const char *name, char bracket)
{
    begin_member(printer, name);
    kdb_buf_put(printer->out, bracket);
    printer->depth++;
    printer->has_member = false;
}

static void close_member(struct printer *printer, char bracket)
{
    printer->depth--;
    if (printer->has_member)
        kdb_buf_printf(printer->out, "\n%*s", printer->depth * INDENT, "");
    kdb_buf_put(printer->out, bracket);
    printer->has_member = true;
}

// NULL for the null slice.
static void put_text(struct printer *printer, const char *name, kdb_slice text)
{
    begin_member(printer, name);
    if (text.data)
        kdb_json_string(printer->out, text);
    else
        kdb_json_null(printer->out);
}

static void put_int(struct printer *printer, const char *name, int64_t value)
{
    begin_member(printer, name);
    kdb_json_i64(printer->out, value);
}

static void put_bool(struct printer *printer, const char *name, bool value)
{
    begin_member(printer, name);
    kdb_json_bool(printer->out, value);
}

// Ready-made JSON.
static void put_json(struct printer *printer, const char *name, const char *json)
{
    begin_member(printer, name);
    kdb_buf_slice(printer->out, kdb_slice_cstr(json));
}

// ---- fields ----

static void put_type(struct printer *printer, kdb_type type)
{
    static const char *const names[KDB_KIND_COUNT] = {
        [KDB_BOOLEAN] = "\"Boolean\"",
        [KDB_INT] = "\"Int32\"",
        [KDB_BIGINT] = "\"Int64\"",
        [KDB_DOUBLE] = "\"Float64\"",
        [KDB_FLOAT] = "\"Float32\"",
        [KDB_TEXT] = "\"Utf8\"",
        [KDB_TIMESTAMP] = "{\"Timestamp\": [\"Microsecond\", null]}",
        [KDB_DATE] = "\"Date32\"",
        [KDB_DATETIME] = "{\"Timestamp\": [\"Microsecond\", \"UTC\"]}",
        [KDB_TIME] = "{\"Time64\": \"Microsecond\"}",
        [KDB_JSON] = "\"Utf8\"",
        [KDB_BYTES] = "\"Binary\"",
        [KDB_UUID] = "{\"FixedSizeBinary\": 16}",
        [KDB_SMALLINT] = "\"Int16\"",
        [KDB_FILE] = "\"Utf8\""};
    if (type.kind == KDB_DECIMAL) {
        begin_member(printer, "data_type");
        kdb_buf_printf(printer->out, "{\"Decimal128\": [%u, %u]}", type.precision, type.scale);
    } else if (type.kind == KDB_EMBEDDING) {
        begin_member(printer, "data_type");
        kdb_buf_printf(printer->out,
                       "{\"FixedSizeList\": [{\"name\": \"item\", \"data_type\": \"Float32\", "
                       "\"nullable\": true, \"dict_id\": 0, \"dict_is_ordered\": false, "
                       "\"metadata\": {}}, %u]}",
                       type.dimension);
    } else {
        put_json(printer, "data_type", names[type.kind]);
    }
}

static void open_field(struct printer *printer, kdb_slice name)
{
    open_member(printer, NULL, '{');
    put_text(printer, "name", name);
}

static void put_rest(struct printer *printer, bool is_nullable, int32_t id)
{
    char text[16];
    put_bool(printer, "nullable", is_nullable);
    put_int(printer, "dict_id", 0);
    put_bool(printer, "dict_is_ordered", false);
    open_member(printer, "metadata", '{');
    struct kdb_buf digits = {.data = text, .capacity = sizeof(text)};
    kdb_buf_i64(&digits, id);
    put_text(printer, "PARQUET:field_id", kdb_buf_view(&digits));
}

static void put_default(struct printer *printer, const struct kdb_column *column)
{
    static const char *const functions[] = {[KDB_DEFAULT_NOW] = "NOW()",
                                            [KDB_DEFAULT_SNOWFLAKE_ID] = "SNOWFLAKE_ID()",
                                            [KDB_DEFAULT_UUID_V7] = "UUID_V7()",
                                            [KDB_DEFAULT_ULID] = "ULID()",
                                            [KDB_DEFAULT_CURRENT_USER] = "CURRENT_USER()"};
    if (column->default_kind == KDB_DEFAULT_NONE)
        return;
    if (column->default_kind != KDB_DEFAULT_VALUE) {
        put_text(printer, "kalamdb:default_function",
                 kdb_slice_cstr(functions[column->default_kind]));
        return;
    }
    if (column->default_value.is_null)
        return;
    struct kdb_buf text = {0};
    kdb_value_print(&column->default_value, &text);
    put_text(printer, "kalamdb:default", kdb_buf_view(&text));
    kdb_buf_deinit(&text);
}

static void put_column(struct printer *printer, const struct kdb_column *column)
{
    struct kdb_arena arena;
    kdb_arena_init(&arena, 0);
    open_field(printer, column->name);
    put_type(printer, column->type);
    put_rest(printer, !column->is_not_null, column->id);
    put_text(printer, "kalamdb:type", kdb_type_sql(&arena, column->type));
    put_default(printer, column);
    if (column->comment.data)
        put_text(printer, "comment", column->comment);
    close_member(printer, '}');
    close_member(printer, '}');
    kdb_arena_deinit(&arena);
}

static void put_system_column(struct printer *printer, const char *name, const char *type,
                              int32_t id)
{
    open_field(printer, kdb_slice_cstr(name));
    put_json(printer, "data_type", type);
    put_rest(printer, false, id);
    close_member(printer, '}');
    close_member(printer, '}');
}

static void put_fields(struct printer *printer, const struct kdb_table *table,
                       const struct kdb_schema *schema)
{
    open_member(printer, "fields", '[');
    for (uint32_t i = 0; i < schema->column_count; i++)
        put_column(printer, &schema->columns[i]);
    put_system_column(printer, "_seq", "\"Int64\"", KDB_COLUMN_SEQ);
    if (table->kind != KDB_TABLE_STREAM) {
        put_system_column(printer, "_updated", "{\"Timestamp\": [\"Millisecond\", null]}",
                          KDB_COLUMN_UPDATED);
        put_system_column(printer, "_deleted", "\"Boolean\"", KDB_COLUMN_DELETED);
    }
    close_member(printer, ']');
}

// ---- options ----

static void put_flush_policy(struct printer *printer, const struct kdb_table *table)
{
    bool has_rows = table->flush.rows > 0;
    bool has_interval = table->flush.interval_seconds > 0;
    if (!table->has_flush_policy || (!has_rows && !has_interval)) {
        put_json(printer, "flush_policy", "null");
        return;
    }
    const char *type = !has_interval ? "row_limit" : !has_rows ? "time_interval" : "combined";
    open_member(printer, "flush_policy", '{');
    put_text(printer, "type", kdb_slice_cstr(type));
    if (has_rows)
        put_int(printer, "row_limit", table->flush.rows);
    if (has_interval)
        put_int(printer, "interval_seconds", table->flush.interval_seconds);
    close_member(printer, '}');
}

static void put_options(struct printer *printer, const struct kdb_table *table,
                        const struct kdb_schema *schema)
{
    static const char *const types[] = {[KDB_TABLE_USER] = "USER",
                                        [KDB_TABLE_SHARED] = "SHARED",
                                        [KDB_TABLE_STREAM] = "STREAM",
                                        [KDB_TABLE_SYSTEM] = "SYSTEM"};
    struct kdb_arena arena;
    kdb_arena_init(&arena, 0);
    kdb_slice family =
        kdb_arena_printf(&arena, "%s_table:%.*s:%.*s", kdb_table_kind_name(table->kind),
                         KDB_ARG(table->space), KDB_ARG(table->name));
    open_member(printer, "options", '{');
    put_text(printer, "table_type", kdb_slice_cstr(types[table->kind]));
    if (schema->key_index != KDB_NO_KEY)
        put_text(printer, "primary_key", schema->columns[schema->key_index].name);
    put_text(printer, "owner", table->owner);
    put_text(printer, "storage_id", table->storage_id);
    put_text(printer, "location", table->location);
    put_flush_policy(printer, table);
    if (table->retention_ms == KDB_RETENTION_OFF)
        put_json(printer, "deleted_retention_ms", "null");
    else
        put_int(printer, "deleted_retention_ms", table->retention_ms);
    if (table->kind == KDB_TABLE_STREAM) {
        put_int(printer, "ttl_seconds", table->stream.ttl_ms / 1000);
        put_int(printer, "max_buffer", table->stream.rows_max);
        put_json(printer, "ephemeral", table->stream.is_ephemeral ? "true" : "false");
    }
    if (table->kind == KDB_TABLE_SHARED)
        put_text(printer, "access_level", kdb_slice_cstr(kdb_access_level_name(table->access)));
    put_text(printer, "column_family", family);
    close_member(printer, '}');
    kdb_arena_deinit(&arena);
}

static void put_names(struct printer *printer, const struct kdb_table *table)
{
    put_int(printer, "table_id", table->id);
    put_text(printer, "namespace", table->space);
    put_text(printer, "table_name", table->name);
}

void schema_json_write(const struct kdb_table *table, uint32_t version, struct kdb_buf *out)
{
    const struct kdb_schema *schema = table->schemas[version - 1];
    struct printer printer = {.out = out};
    open_member(&printer, NULL, '{');
    put_int(&printer, "version", version);
    put_names(&printer, table);
    put_int(&printer, "created_at", table->created_at_us / 1000);
    open_member(&printer, "arrow_schema", '{');
    put_fields(&printer, table, schema);
    put_json(&printer, "metadata", "{}");
    close_member(&printer, '}');
    put_options(&printer, table, schema);
    close_member(&printer, '}');
    kdb_buf_put(out, '\n');
}

void schema_json_write_list(const struct kdb_table *table, struct kdb_buf *out)
{
    struct printer printer = {.out = out};
    open_member(&printer, NULL, '{');
    put_names(&printer, table);
    put_int(&printer, "current_version", table->schema_count);
    open_member(&printer, "versions", '[');
    for (uint32_t version = 1; version <= table->schema_count; version++) {
        char file[32];
        struct kdb_buf name = {.data = file, .capacity = sizeof(file)};
        kdb_buf_printf(&name, "schema_v%u.json", version);
        open_member(&printer, NULL, '{');
        put_int(&printer, "version", version);
        put_text(&printer, "file", kdb_buf_view(&name));
        put_int(&printer, "column_count", table->schemas[version - 1]->column_count);
        close_member(&printer, '}');
    }
    close_member(&printer, ']');
    close_member(&printer, '}');
    kdb_buf_put(out, '\n');
}
