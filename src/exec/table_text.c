// SPDX-License-Identifier: Apache-2.0
// Table definitions as people and clients read them: SQL words and JSON.
#include "base/assert.h"
#include "base/json_write.h"
#include "exec/command_priv.h"
#include "exec/table_priv.h"
#include "types/cast.h"

static const struct kdb_column system_columns[] = {
    {.id = KDB_COLUMN_SEQ,
     .name = KDB_LIT_INIT("_seq"),
     .type = {.kind = KDB_BIGINT},
     .is_not_null = true},
    {.id = KDB_COLUMN_UPDATED,
     .name = KDB_LIT_INIT("_updated"),
     .type = {.kind = KDB_TIMESTAMP},
     .is_not_null = true},
    {.id = KDB_COLUMN_DELETED,
     .name = KDB_LIT_INIT("_deleted"),
     .type = {.kind = KDB_BOOLEAN},
     .is_not_null = true,
     .default_kind = KDB_DEFAULT_VALUE,
     .default_value = {.boolean = false, .kind = KDB_BOOLEAN}},
};

const struct kdb_column *table_text_system_columns(const struct kdb_table *table,
                                                   uint32_t *ret_count)
{
    static const uint32_t counts[] = {[KDB_TABLE_USER] = 3,
                                      [KDB_TABLE_SHARED] = 3,
                                      [KDB_TABLE_STREAM] = 1,
                                      [KDB_TABLE_SYSTEM] = 0};
    *ret_count = counts[table->kind];
    return system_columns;
}

// ---- values and defaults ----

// The buffer's content in the arena; the buffer is freed.
static kdb_slice finish(struct kdb_arena *arena, struct kdb_buf *buf)
{
    kdb_slice text = kdb_arena_copy(arena, kdb_buf_view(buf));
    kdb_buf_deinit(buf);
    return text;
}

static void write_quoted(struct kdb_buf *out, kdb_slice text)
{
    kdb_buf_put(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\'')
            kdb_buf_put(out, '\'');
        kdb_buf_put(out, text.data[i]);
    }
    kdb_buf_put(out, '\'');
}

// Whether the printed value may stand without quotes: digits, or true and false.
static bool is_bare(const kdb_value *value, kdb_slice text)
{
    if (value->kind == KDB_BOOLEAN)
        return true;
    if (!kdb_kind_is_numeric((kdb_kind)value->kind))
        return false;
    char last = text.len > 0 ? text.data[text.len - 1] : '\0';
    return last >= '0' && last <= '9'; // not NaN, Infinity
}

kdb_slice table_text_value(struct kdb_arena *arena, const kdb_value *value)
{
    if (value->is_null)
        return KDB_LIT("NULL");
    if (value->kind == KDB_BOOLEAN)
        return value->boolean ? KDB_LIT("TRUE") : KDB_LIT("FALSE");
    struct kdb_buf text = {0};
    struct kdb_buf out = {0};
    kdb_value_print(value, &text);
    if (is_bare(value, kdb_buf_view(&text)))
        kdb_buf_slice(&out, kdb_buf_view(&text));
    else
        write_quoted(&out, kdb_buf_view(&text));
    kdb_buf_deinit(&text);
    return finish(arena, &out);
}

kdb_slice table_text_default(struct kdb_arena *arena, const struct kdb_column *column)
{
    switch (column->default_kind) {
    case KDB_DEFAULT_NONE:
        return (kdb_slice){0};
    case KDB_DEFAULT_VALUE:
        return table_text_value(arena, &column->default_value);
    case KDB_DEFAULT_NOW:
        return KDB_LIT("NOW()");
    case KDB_DEFAULT_SNOWFLAKE_ID:
        return KDB_LIT("SNOWFLAKE_ID()");
    case KDB_DEFAULT_UUID_V7:
        return KDB_LIT("UUID_V7()");
    case KDB_DEFAULT_ULID:
        return KDB_LIT("ULID()");
    case KDB_DEFAULT_CURRENT_USER:
        return KDB_LIT("CURRENT_USER()");
    }
    KDB_UNREACHABLE();
}

// ---- policies ----

kdb_slice table_text_flush(struct kdb_arena *arena, const struct kdb_table *table)
{
    if (!table->has_flush_policy)
        return (kdb_slice){0};
    uint32_t rows = table->flush.rows;
    uint32_t seconds = table->flush.interval_seconds;
    if (rows > 0 && seconds > 0)
        return kdb_arena_printf(arena, "rows:%u,interval:%u", rows, seconds);
    if (rows > 0)
        return kdb_arena_printf(arena, "rows:%u", rows);
    if (seconds > 0)
        return kdb_arena_printf(arena, "interval:%u", seconds);
    return KDB_LIT("off");
}

kdb_slice table_text_access(const struct kdb_table *table)
{
    return table->kind == KDB_TABLE_SHARED ? kdb_slice_cstr(kdb_access_level_name(table->access))
                                           : (kdb_slice){0};
}

kdb_slice table_text_family(struct kdb_arena *arena, const struct kdb_table *table)
{
    return kdb_arena_printf(arena, "%s_table:%.*s:%.*s", kdb_table_kind_name(table->kind),
                            KDB_ARG(table->space), KDB_ARG(table->name));
}

static void write_policy(struct kdb_buf *out, const struct kdb_table *table)
{
    uint32_t rows = table->flush.rows;
    uint32_t seconds = table->flush.interval_seconds;
    if (rows > 0 && seconds > 0)
        kdb_buf_printf(out, "{\"type\":\"combined\",\"row_limit\":%u,\"interval_seconds\":%u}",
                       rows, seconds);
    else if (rows > 0)
        kdb_buf_printf(out, "{\"type\":\"row_limit\",\"row_limit\":%u}", rows);
    else if (seconds > 0)
        kdb_buf_printf(out, "{\"type\":\"time_interval\",\"interval_seconds\":%u}", seconds);
    else
        kdb_json_null(out);
}

static const char *kind_tag(kdb_table_kind kind)
{
    static const char *const tags[] = {[KDB_TABLE_USER] = "USER",
                                       [KDB_TABLE_SHARED] = "SHARED",
                                       [KDB_TABLE_STREAM] = "STREAM",
                                       [KDB_TABLE_SYSTEM] = "SYSTEM"};
    return tags[kind];
}

kdb_slice table_text_options(struct kdb_arena *arena, const struct kdb_table *table)
{
    struct kdb_buf out = {0};
    kdb_buf_printf(&out, "{\"table_type\":\"%s\"", kind_tag(table->kind));
    if (table->kind == KDB_TABLE_SYSTEM) {
        kdb_buf_put(&out, '}');
        return finish(arena, &out);
    }
    if (table->kind == KDB_TABLE_STREAM) {
        kdb_buf_printf(&out,
                       ",\"ttl_seconds\":%lld,\"max_buffer\":%u,\"ephemeral\":%s,"
                       "\"eviction_strategy\":\"time_based\",\"max_stream_size_bytes\":0,"
                       "\"compression\":\"none\"}",
                       (long long)(table->stream.ttl_ms / 1000), table->stream.rows_max,
                       table->stream.is_ephemeral ? "true" : "false");
        return finish(arena, &out);
    }
    KDB_BUF_LIT(&out, ",\"storage_id\":");
    kdb_json_string(&out, table->storage_id);
    if (table->location.data) {
        KDB_BUF_LIT(&out, ",\"location\":");
        kdb_json_string(&out, table->location);
    }
    KDB_BUF_LIT(&out, ",\"use_user_storage\":false,\"flush_policy\":");
    write_policy(&out, table);
    KDB_BUF_LIT(&out, ",\"deleted_retention\":");
    kdb_json_string(&out, duration_text(arena, table->retention_ms));
    if (table->kind == KDB_TABLE_SHARED)
        kdb_buf_printf(&out, ",\"access_level\":\"%s\"", kdb_access_level_name(table->access));
    KDB_BUF_LIT(&out, ",\"compression\":\"zstd\"}");
    return finish(arena, &out);
}

// ---- columns ----

static void write_text_or_null(struct kdb_buf *out, const char *name, kdb_slice text)
{
    kdb_buf_printf(out, ",\"%s\":", name);
    if (text.data)
        kdb_json_string(out, text);
    else
        kdb_json_null(out);
}

static void write_column(struct kdb_arena *arena, struct kdb_buf *out,
                         const struct kdb_column *column, uint32_t ordinal, bool is_key)
{
    kdb_buf_printf(out, "%s{\"column_id\":%d,\"column_name\":", ordinal > 1 ? "," : "", column->id);
    kdb_json_string(out, column->name);
    write_text_or_null(out, "column_comment", column->comment);
    write_text_or_null(out, "data_type", kdb_type_sql(arena, column->type));
    write_text_or_null(out, "default_value", table_text_default(arena, column));
    kdb_buf_printf(out,
                   ",\"ordinal_position\":%u,\"is_nullable\":%s,\"is_primary_key\":%s,"
                   "\"is_partition_key\":false}",
                   ordinal, column->is_not_null ? "false" : "true", is_key ? "true" : "false");
}

kdb_slice table_text_columns(struct kdb_arena *arena, const struct kdb_table *table,
                             const struct kdb_schema *schema)
{
    struct kdb_buf out = {0};
    uint32_t system_count;
    const struct kdb_column *system = table_text_system_columns(table, &system_count);
    bool has_key = table->kind != KDB_TABLE_SYSTEM;
    kdb_buf_put(&out, '[');
    for (uint32_t i = 0; i < schema->column_count; i++)
        write_column(arena, &out, &schema->columns[i], i + 1, has_key && i == schema->key_index);
    for (uint32_t i = 0; i < system_count; i++)
        write_column(arena, &out, &system[i], schema->column_count + i + 1, false);
    kdb_buf_put(&out, ']');
    return finish(arena, &out);
}

// ---- Arrow ----

const char *table_text_arrow_type(kdb_kind kind)
{
    static const char *const names[KDB_KIND_COUNT] = {
        [KDB_UNKNOWN] = "Null",
        [KDB_BOOLEAN] = "Boolean",
        [KDB_INT] = "Int32",
        [KDB_BIGINT] = "Int64",
        [KDB_DOUBLE] = "Float64",
        [KDB_FLOAT] = "Float32",
        [KDB_TEXT] = "Utf8",
        [KDB_TIMESTAMP] = "Timestamp(Microsecond, None)",
        [KDB_DATE] = "Date32",
        [KDB_DATETIME] = "Timestamp(Microsecond, Some(\"UTC\"))",
        [KDB_TIME] = "Time64(Microsecond)",
        [KDB_JSON] = "Utf8",
        [KDB_BYTES] = "Binary",
        [KDB_EMBEDDING] = "FixedSizeList(Float32)",
        [KDB_UUID] = "FixedSizeBinary(16)",
        [KDB_DECIMAL] = "Decimal128",
        [KDB_SMALLINT] = "Int16",
        [KDB_FILE] = "Utf8",
        [KDB_INTERVAL] = "Interval(MonthDayNano)",
    };
    KDB_ASSERT(kind < KDB_KIND_COUNT);
    return names[kind];
}

// The type in the form that Arrow's Rust library writes and the schema files have.
static kdb_slice arrow_type(struct kdb_arena *arena, const struct kdb_column *column)
{
    switch ((int)column->type.kind) {
    case KDB_TIMESTAMP:
        return column->id == KDB_COLUMN_UPDATED ? KDB_LIT("{\"Timestamp\":[\"Millisecond\",null]}")
                                                : KDB_LIT("{\"Timestamp\":[\"Microsecond\",null]}");
    case KDB_DATETIME:
        return KDB_LIT("{\"Timestamp\":[\"Microsecond\",\"UTC\"]}");
    case KDB_TIME:
        return KDB_LIT("{\"Time64\":\"Microsecond\"}");
    case KDB_UUID:
        return KDB_LIT("{\"FixedSizeBinary\":16}");
    case KDB_DECIMAL:
        return kdb_arena_printf(arena, "{\"Decimal128\":[%u,%u]}", column->type.precision,
                                column->type.scale);
    default:
        return kdb_arena_printf(arena, "\"%s\"",
                                table_text_arrow_type((kdb_kind)column->type.kind));
    }
}

static void write_field(struct kdb_arena *arena, struct kdb_buf *out,
                        const struct kdb_column *column, bool is_first)
{
    kdb_buf_printf(out, "%s{\"name\":", is_first ? "" : ",");
    kdb_json_string(out, column->name);
    KDB_BUF_LIT(out, ",\"data_type\":");
    kdb_buf_slice(out, arrow_type(arena, column));
    kdb_buf_printf(out,
                   ",\"nullable\":%s,\"dict_id\":0,\"dict_is_ordered\":false,"
                   "\"metadata\":{\"PARQUET:field_id\":\"%d\"}}",
                   column->is_not_null ? "false" : "true", column->id);
}

kdb_slice table_text_arrow(struct kdb_arena *arena, const struct kdb_table *table,
                           const struct kdb_schema *schema)
{
    struct kdb_buf out = {0};
    uint32_t system_count;
    const struct kdb_column *system = table_text_system_columns(table, &system_count);
    KDB_BUF_LIT(&out, "{\"fields\":[");
    for (uint32_t i = 0; i < schema->column_count; i++)
        write_field(arena, &out, &schema->columns[i], i == 0);
    for (uint32_t i = 0; i < system_count; i++)
        write_field(arena, &out, &system[i], false);
    KDB_BUF_LIT(&out, "],\"metadata\":{}}");
    return finish(arena, &out);
}
