// SPDX-License-Identifier: Apache-2.0
// Table definitions: life cycle and stored form.
#include "catalog/table.h"

#include "base/alloc.h"
#include "base/json_write.h"
#include "catalog/definition_priv.h"
#include "types/cast.h"
#include "types/decimal.h"
#include "types/key.h"

struct kdb_table *kdb_table_create(void)
{
    struct kdb_table *table = kdb_alloc(sizeof(*table));
    atomic_init(&table->references, 1);
    kdb_arena_init(&table->arena, 0);
    table->retention_ms = KDB_RETENTION_OFF;
    return table;
}

struct kdb_table *kdb_table_ref(struct kdb_table *table)
{
    atomic_fetch_add_explicit(&table->references, 1, memory_order_relaxed);
    return table;
}

void kdb_table_unref(struct kdb_table *table)
{
    if (!table || atomic_fetch_sub_explicit(&table->references, 1, memory_order_acq_rel) != 1)
        return;
    kdb_arena_deinit(&table->arena);
    kdb_free(table);
}

void kdb_table_make_keys(struct kdb_table *table)
{
    size_t len = table->space.len + 1 + table->name.len;
    char *full = kdb_arena_alloc(&table->arena, len);
    memcpy(full, table->space.data, table->space.len);
    full[table->space.len] = '\0';
    memcpy(full + table->space.len + 1, table->name.data, table->name.len);
    table->full_name = kdb_slice_of(full, len);
    for (int i = 0; i < 4; i++)
        table->id_key[i] = (char)(table->id >> (24 - 8 * i));
}

const char *kdb_table_kind_name(kdb_table_kind kind)
{
    static const char *const names[] = {[KDB_TABLE_USER] = "user",
                                        [KDB_TABLE_SHARED] = "shared",
                                        [KDB_TABLE_STREAM] = "stream",
                                        [KDB_TABLE_SYSTEM] = "system"};
    return names[kind];
}

static const char *const access_names[] = {[KDB_ACCESS_PRIVATE] = "private",
                                           [KDB_ACCESS_PUBLIC] = "public",
                                           [KDB_ACCESS_RESTRICTED] = "restricted",
                                           [KDB_ACCESS_DBA] = "dba"};

const char *kdb_access_level_name(kdb_access_level level)
{
    return access_names[level];
}

bool kdb_access_level_parse(kdb_slice text, kdb_access_level *ret_level)
{
    for (int level = KDB_ACCESS_PRIVATE; level <= KDB_ACCESS_DBA; level++) {
        if (kdb_slice_equal_nocase(text, kdb_slice_cstr(access_names[level]))) {
            *ret_level = (kdb_access_level)level;
            return true;
        }
    }
    return false;
}

static const char *const default_names[] = {[KDB_DEFAULT_NONE] = "",
                                            [KDB_DEFAULT_VALUE] = "value",
                                            [KDB_DEFAULT_NOW] = "now",
                                            [KDB_DEFAULT_SNOWFLAKE_ID] = "snowflake_id",
                                            [KDB_DEFAULT_UUID_V7] = "uuid_v7",
                                            [KDB_DEFAULT_ULID] = "ulid",
                                            [KDB_DEFAULT_CURRENT_USER] = "current_user"};

// ---- writing ----

static void write_column(const struct kdb_column *column, struct kdb_buf *out)
{
    kdb_buf_printf(out, "{\"id\":%d,\"name\":", column->id);
    kdb_json_string(out, column->name);
    kdb_buf_printf(out, ",\"kind\":%u,\"precision\":%u,\"scale\":%u,\"dimension\":%u",
                   column->type.kind, column->type.precision, column->type.scale,
                   column->type.dimension);
    definition_int(out, "not_null", column->is_not_null);
    if (column->default_kind != KDB_DEFAULT_NONE)
        definition_text(out, "default", kdb_slice_cstr(default_names[column->default_kind]));
    if (column->default_kind == KDB_DEFAULT_VALUE && !column->default_value.is_null) {
        struct kdb_buf text = {0};
        kdb_value_print(&column->default_value, &text);
        definition_text(out, "default_value", kdb_buf_view(&text));
        kdb_buf_deinit(&text);
    }
    definition_text(out, "comment", column->comment);
    kdb_buf_put(out, '}');
}

static void write_schema(const struct kdb_schema *schema, struct kdb_buf *out)
{
    kdb_buf_printf(out, "{\"version\":%u,\"key\":%d,\"columns\":[", schema->version,
                   (int)schema->key_index); // -1: none
    for (uint32_t i = 0; i < schema->column_count; i++) {
        if (i > 0)
            kdb_buf_put(out, ',');
        write_column(&schema->columns[i], out);
    }
    KDB_BUF_LIT(out, "]}");
}

void kdb_table_write(const struct kdb_table *table, struct kdb_buf *out)
{
    definition_open(out);
    definition_int(out, "id", table->id);
    definition_text(out, "namespace", table->space);
    definition_text(out, "name", table->name);
    definition_text(out, "kind", kdb_slice_cstr(kdb_table_kind_name(table->kind)));
    definition_text(out, "owner", table->owner);
    definition_int(out, "next_column_id", table->next_column_id);
    definition_text(out, "storage_id", table->storage_id);
    definition_text(out, "location", table->location);
    definition_int(out, "has_flush_policy", table->has_flush_policy);
    definition_int(out, "flush_rows", table->flush.rows);
    definition_int(out, "flush_interval_seconds", table->flush.interval_seconds);
    definition_int(out, "retention_ms", table->retention_ms);
    if (table->kind == KDB_TABLE_SHARED)
        definition_text(out, "access_level", kdb_slice_cstr(kdb_access_level_name(table->access)));
    if (table->kind == KDB_TABLE_STREAM) {
        definition_int(out, "ttl_ms", table->stream.ttl_ms);
        definition_int(out, "max_buffer", table->stream.rows_max);
        definition_int(out, "ephemeral", table->stream.is_ephemeral);
    }
    definition_int(out, "created_at_us", table->created_at_us);
    definition_int(out, "updated_at_us", table->updated_at_us);
    KDB_BUF_LIT(out, ",\"schemas\":[");
    for (uint32_t i = 0; i < table->schema_count; i++) {
        if (i > 0)
            kdb_buf_put(out, ',');
        write_schema(table->schemas[i], out);
    }
    KDB_BUF_LIT(out, "]}");
}

// ---- reading ----

static kdb_status damaged(struct kdb_ctx *ctx, const char *what)
{
    return kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored table definition is damaged: %s", what);
}

static kdb_status read_default(const struct kdb_json *json, struct kdb_ctx *ctx,
                               struct kdb_arena *arena, struct kdb_column *column)
{
    kdb_slice name = definition_get_text(json, "default");
    if (!name.data)
        return KDB_OK;
    for (int kind = KDB_DEFAULT_VALUE; kind <= KDB_DEFAULT_CURRENT_USER; kind++) {
        if (kdb_slice_equal(name, kdb_slice_cstr(default_names[kind])))
            column->default_kind = (kdb_default_kind)kind;
    }
    if (column->default_kind == KDB_DEFAULT_NONE)
        return damaged(ctx, "an unknown default");
    if (column->default_kind != KDB_DEFAULT_VALUE)
        return KDB_OK;
    kdb_slice text = definition_get_text(json, "default_value");
    if (!text.data) {
        column->default_value = kdb_value_null((kdb_kind)column->type.kind);
        column->default_value.scale = column->type.scale;
        return KDB_OK;
    }
    kdb_value value;
    KDB_TRY(kdb_value_parse(text, ctx, column->type, &value));
    column->default_value = kdb_value_copy(arena, &value);
    return KDB_OK;
}

// The numbers of a type, as they may be declared.
static kdb_status read_type(const struct kdb_json *json, struct kdb_ctx *ctx, kdb_type *ret)
{
    int64_t kind = definition_get_int(json, "kind", 0);
    int64_t precision = definition_get_int(json, "precision", 0);
    int64_t scale = definition_get_int(json, "scale", 0);
    int64_t dimension = definition_get_int(json, "dimension", 0);
    bool is_decimal = kind == KDB_DECIMAL;
    bool is_embedding = kind == KDB_EMBEDDING;
    if (kind <= KDB_UNKNOWN || kind >= KDB_INTERVAL || precision < is_decimal ||
        precision > (is_decimal ? KDB_DECIMAL_DIGITS : 0) || scale < 0 || scale > precision ||
        dimension < is_embedding || dimension > (is_embedding ? KDB_DIMENSION_MAX : 0))
        return damaged(ctx, "a column of unknown type");
    *ret = (kdb_type){.kind = (uint8_t)kind,
                      .precision = (uint8_t)precision,
                      .scale = (uint8_t)scale,
                      .dimension = (uint16_t)dimension};
    return KDB_OK;
}

static kdb_status read_column(const struct kdb_json *json, struct kdb_ctx *ctx,
                              struct kdb_arena *arena, struct kdb_column *column)
{
    int64_t id = definition_get_int(json, "id", 0);
    kdb_slice name = definition_get_text(json, "name");
    if (id < 1 || id > KDB_COLUMN_ID_MAX || name.len == 0)
        return damaged(ctx, "a column without id or name");
    column->id = (int32_t)id;
    column->name = kdb_arena_copy(arena, name);
    KDB_TRY(read_type(json, ctx, &column->type));
    column->is_not_null = definition_get_int(json, "not_null", 0) != 0;
    kdb_slice comment = definition_get_text(json, "comment");
    if (comment.data)
        column->comment = kdb_arena_copy(arena, comment);
    return read_default(json, ctx, arena, column);
}

// Every id and every name once.
static bool are_columns_distinct(const struct kdb_schema *schema)
{
    for (uint32_t i = 0; i < schema->column_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (schema->columns[i].id == schema->columns[j].id ||
                kdb_slice_equal(schema->columns[i].name, schema->columns[j].name))
                return false;
        }
    }
    return true;
}

static kdb_status read_schema(const struct kdb_json *json, struct kdb_ctx *ctx,
                              struct kdb_arena *arena, struct kdb_schema **ret)
{
    const struct kdb_json *columns = kdb_json_get(json, KDB_LIT("columns"));
    if (!columns || columns->type != KDB_JSON_ARRAY || columns->count == 0 ||
        columns->count > KDB_COLUMNS_MAX)
        return damaged(ctx, "no columns");
    struct kdb_schema *schema = KDB_ARENA_NEW(arena, struct kdb_schema);
    schema->version = (uint32_t)definition_get_int(json, "version", 0);
    schema->key_index = (uint32_t)definition_get_int(json, "key", 0);
    schema->columns = kdb_arena_array(arena, columns->count, sizeof(struct kdb_column));
    for (const struct kdb_json *at = columns->first; at; at = at->next)
        KDB_TRY(read_column(at, ctx, arena, &schema->columns[schema->column_count++]));
    bool has_key = schema->key_index != KDB_NO_KEY;
    if (has_key && (schema->key_index >= schema->column_count ||
                    !kdb_kind_is_key((kdb_kind)schema->columns[schema->key_index].type.kind)))
        return damaged(ctx, "no primary key");
    if (!are_columns_distinct(schema))
        return damaged(ctx, "a column twice");
    kdb_schema_finish(schema, arena);
    *ret = schema;
    return KDB_OK;
}

static kdb_status read_schemas(const struct kdb_json *root, struct kdb_ctx *ctx,
                               struct kdb_table *table)
{
    const struct kdb_json *schemas = kdb_json_get(root, KDB_LIT("schemas"));
    if (!schemas || schemas->type != KDB_JSON_ARRAY || schemas->count == 0)
        return damaged(ctx, "no schema");
    table->schemas = kdb_arena_array(&table->arena, schemas->count, sizeof(struct kdb_schema *));
    for (const struct kdb_json *at = schemas->first; at; at = at->next) {
        KDB_TRY(read_schema(at, ctx, &table->arena, &table->schemas[table->schema_count]));
        if (table->schemas[table->schema_count]->key_index == KDB_NO_KEY &&
            table->kind != KDB_TABLE_STREAM)
            return damaged(ctx, "no primary key");
        if (table->schemas[table->schema_count]->version != table->schema_count + 1)
            return damaged(ctx, "schema versions out of order");
        table->schema_count++;
    }
    table->schema = table->schemas[table->schema_count - 1];
    return KDB_OK;
}

static kdb_slice copy_text(struct kdb_table *table, const struct kdb_json *root, const char *name)
{
    kdb_slice text = definition_get_text(root, name);
    return text.data ? kdb_arena_copy(&table->arena, text) : text;
}

static kdb_status read_fields(const struct kdb_json *root, struct kdb_ctx *ctx,
                              struct kdb_table *table)
{
    table->id = (uint32_t)definition_get_int(root, "id", 0);
    table->space = copy_text(table, root, "namespace");
    table->name = copy_text(table, root, "name");
    table->owner = copy_text(table, root, "owner");
    table->storage_id = copy_text(table, root, "storage_id");
    table->location = copy_text(table, root, "location");
    if (!table->space.data || !table->name.data)
        return damaged(ctx, "no name");
    kdb_slice kind = definition_get_text(root, "kind");
    table->kind = kdb_slice_equal(kind, KDB_LIT("user"))     ? KDB_TABLE_USER
                  : kdb_slice_equal(kind, KDB_LIT("shared")) ? KDB_TABLE_SHARED
                  : kdb_slice_equal(kind, KDB_LIT("stream")) ? KDB_TABLE_STREAM
                                                             : KDB_TABLE_SYSTEM;
    if (table->kind == KDB_TABLE_SYSTEM)
        return damaged(ctx, "an unknown kind");
    kdb_slice access = definition_get_text(root, "access_level");
    if (access.data && !kdb_access_level_parse(access, &table->access))
        return damaged(ctx, "an unknown access level");
    table->stream =
        (struct kdb_stream_rules){.ttl_ms = definition_get_int(root, "ttl_ms", 0),
                                  .rows_max = (uint32_t)definition_get_int(root, "max_buffer", 0),
                                  .is_ephemeral = definition_get_int(root, "ephemeral", 0) != 0};
    if (table->kind == KDB_TABLE_STREAM && table->stream.ttl_ms <= 0)
        return damaged(ctx, "a stream without TTL");
    table->next_column_id = (int32_t)definition_get_int(root, "next_column_id", 1);
    table->has_flush_policy = definition_get_int(root, "has_flush_policy", 0) != 0;
    table->flush.rows = (uint32_t)definition_get_int(root, "flush_rows", 0);
    table->flush.interval_seconds = (uint32_t)definition_get_int(root, "flush_interval_seconds", 0);
    table->retention_ms = definition_get_int(root, "retention_ms", KDB_RETENTION_OFF);
    table->created_at_us = definition_get_int(root, "created_at_us", 0);
    table->updated_at_us = definition_get_int(root, "updated_at_us", 0);
    return read_schemas(root, ctx, table);
}

kdb_status kdb_table_read(kdb_slice json, struct kdb_ctx *ctx, struct kdb_table **ret_table)
{
    const struct kdb_json *root;
    KDB_TRY(definition_parse(json, ctx, "table definition", &root));
    struct kdb_table *table = kdb_table_create();
    kdb_status status = read_fields(root, ctx, table);
    if (status != KDB_OK) {
        kdb_table_unref(table);
        return status;
    }
    *ret_table = table;
    return KDB_OK;
}
