// SPDX-License-Identifier: Apache-2.0
// What a Parquet file's footer says: row groups, fields, metadata pairs.
#include "engine/engine_priv.h"
#include "engine/parquet.h"
#include "engine/parquet_priv.h"
#include "engine/quote.h"

// Runs "<select> <function>('path') <rest>" and wants results of these types.
struct footer_query {
    const char *select;
    const char *rest;
    const kdb_type *types;
    uint32_t column_count;
};

static const kdb_type group_types[] = {{.kind = KDB_BIGINT}, {.kind = KDB_BIGINT}};
static const kdb_type field_types[] = {{.kind = KDB_TEXT}, {.kind = KDB_BIGINT}};
static const kdb_type pair_types[] = {{.kind = KDB_BYTES}, {.kind = KDB_BYTES}};

static const struct footer_query groups_query = {
    "SELECT any_value(row_group_num_rows), sum(total_compressed_size) FROM parquet_metadata(",
    ") GROUP BY row_group_id ORDER BY row_group_id", group_types, 2};

// Top-level fields: what lies inside a list has no field id of ours. The first row is the root.
static const struct footer_query fields_query = {
    "SELECT name, field_id FROM (SELECT *, row_number() OVER () AS place FROM parquet_schema(",
    ")) WHERE place > 1 AND field_id IS NOT NULL ORDER BY place", field_types, 2};

static const struct footer_query pairs_query = {"SELECT key, value FROM parquet_kv_metadata(", ")",
                                                pair_types, 2};

static kdb_status run(struct kdb_engine_connection *connection, struct kdb_ctx *ctx,
                      const struct footer_query *query, const char *path,
                      struct kdb_engine_result *ret_result)
{
    struct kdb_buf sql = {0};
    kdb_buf_slice(&sql, kdb_slice_cstr(query->select));
    kdb_engine_quote_text(&sql, kdb_slice_cstr(path));
    kdb_buf_slice(&sql, kdb_slice_cstr(query->rest));
    const struct kdb_engine_statement statement = {
        .sql = kdb_buf_view(&sql), .columns = query->types, .column_count = query->column_count};
    kdb_status status = engine_query_text(connection, ctx, &statement, ret_result);
    kdb_buf_deinit(&sql);
    if (status != KDB_OK)
        return engine_blame_file(ctx, status, path);
    return KDB_OK;
}

static kdb_status read_groups(struct kdb_engine_connection *connection, struct kdb_ctx *ctx,
                              const char *path, struct kdb_parquet_info *info)
{
    struct kdb_engine_result result;
    KDB_TRY(run(connection, ctx, &groups_query, path, &result));
    struct kdb_parquet_group *groups =
        kdb_arena_array(&ctx->arena, result.row_count, sizeof(*groups));
    for (uint64_t i = 0; i < result.row_count; i++) {
        groups[i].first_row = info->row_count;
        groups[i].row_count = (uint64_t)result.values[2 * i].integer;
        groups[i].size_bytes = (uint64_t)result.values[2 * i + 1].integer;
        info->row_count += groups[i].row_count;
    }
    info->groups = groups;
    info->group_count = (uint32_t)result.row_count;
    return KDB_OK;
}

static kdb_status read_fields(struct kdb_engine_connection *connection, struct kdb_ctx *ctx,
                              const char *path, struct kdb_parquet_info *info)
{
    struct kdb_engine_result result;
    KDB_TRY(run(connection, ctx, &fields_query, path, &result));
    struct kdb_parquet_field *fields =
        kdb_arena_array(&ctx->arena, result.row_count, sizeof(*fields));
    for (uint64_t i = 0; i < result.row_count; i++) {
        fields[i].name = result.values[2 * i].bytes;
        fields[i].field_id = (int32_t)result.values[2 * i + 1].integer;
    }
    info->fields = fields;
    info->field_count = (uint32_t)result.row_count;
    return KDB_OK;
}

kdb_status kdb_parquet_read_pairs(struct kdb_engine_connection *connection, struct kdb_ctx *ctx,
                                  const char *path, const struct kdb_parquet_pair **ret_pairs,
                                  uint32_t *ret_pair_count)
{
    struct kdb_engine_result result;
    KDB_TRY(run(connection, ctx, &pairs_query, path, &result));
    struct kdb_parquet_pair *pairs = kdb_arena_array(&ctx->arena, result.row_count, sizeof(*pairs));
    for (uint64_t i = 0; i < result.row_count; i++) {
        pairs[i].key = result.values[2 * i].bytes;
        pairs[i].value = result.values[2 * i + 1].bytes;
    }
    *ret_pairs = pairs;
    *ret_pair_count = (uint32_t)result.row_count;
    return KDB_OK;
}

kdb_status kdb_parquet_read_info(struct kdb_engine_connection *connection, struct kdb_ctx *ctx,
                                 const char *path, struct kdb_parquet_info *ret_info)
{
    struct kdb_parquet_info info = {0};
    KDB_TRY(read_groups(connection, ctx, path, &info));
    KDB_TRY(read_fields(connection, ctx, path, &info));
    KDB_TRY(kdb_parquet_read_pairs(connection, ctx, path, &info.pairs, &info.pair_count));
    *ret_info = info;
    return KDB_OK;
}
