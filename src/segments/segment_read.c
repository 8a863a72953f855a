// SPDX-License-Identifier: Apache-2.0
// One row group out of its Parquet file into a block: rows in our encoding under the schema version
// of the segment, keys encoded, everything checked on the way.
#include "base/alloc.h"
#include "base/assert.h"
#include "engine/parquet.h"
#include "segments/cold_priv.h"
#include "segments/segment_priv.h"
#include "segments/service_priv.h"
#include "types/key.h"
#include "types/row.h"

// A row group while it is read: the sink of the engine.
struct block_reader {
    const struct kdb_cold_reader *reader;
    const struct kdb_segment *segment;
    const struct kdb_schema *schema; // of the segment
    uint32_t group;
    uint32_t expected; // rows
    uint32_t row_count;
    uint32_t *key_ends;
    uint32_t *row_ends;
    struct kdb_buf keys;
    struct kdb_buf rows;
};

static kdb_status fail_content(const struct block_reader *block, struct kdb_ctx *ctx,
                               const char *what)
{
    return kdb_fail(ctx, KDB_ERR_CORRUPT, "segment file %s is damaged: %s",
                    segment_name_of(block->segment), what);
}

static kdb_status sink_begin(void *self, struct kdb_ctx *ctx,
                             const struct kdb_engine_column *columns, uint32_t column_count)
{
    (void)self;
    (void)ctx;
    (void)columns;
    (void)column_count;
    return KDB_OK;
}

// Keys ascend, from the one that the manifest has for this group on.
static kdb_status add_key(struct block_reader *block, struct kdb_ctx *ctx, const kdb_value *value)
{
    if (value->is_null)
        return fail_content(block, ctx, "a key is NULL");
    size_t start = block->keys.len;
    if (kdb_key_value(&block->keys, ctx, value) != KDB_OK) {
        kdb_ctx_clear_error(ctx);
        return fail_content(block, ctx, "a key is too long");
    }
    kdb_slice key = kdb_slice_of(block->keys.data + start, block->keys.len - start);
    uint32_t index = block->row_count;
    if (index == 0) {
        if (!kdb_slice_equal(key, block->segment->group_first_key[block->group]))
            return fail_content(block, ctx, "a row group begins with another key than recorded");
    } else {
        uint32_t before = index == 1 ? 0 : block->key_ends[index - 2];
        kdb_slice last = kdb_slice_of(block->keys.data + before, start - before);
        if (kdb_slice_compare(last, key) >= 0)
            return fail_content(block, ctx, "keys are out of order");
    }
    block->key_ends[index] = (uint32_t)block->keys.len;
    return KDB_OK;
}

// `values`: the declared columns, _seq, _deleted.
static kdb_status add_row(struct block_reader *block, struct kdb_ctx *ctx, const kdb_value *values)
{
    const struct kdb_schema *schema = block->schema;
    const kdb_value *seq = &values[schema->column_count];
    const kdb_value *deleted = seq + 1;
    if (block->row_count == block->expected)
        return fail_content(block, ctx, "a row group has more rows than recorded");
    if (seq->is_null || deleted->is_null || seq->integer < block->segment->min_seq ||
        seq->integer > block->segment->max_seq)
        return fail_content(block, ctx, "a row has no valid _seq");
    KDB_TRY(add_key(block, ctx, &values[schema->key_index]));
    size_t start = block->rows.len;
    KDB_TRY(kdb_row_encode(schema, ctx, values, seq->integer, deleted->boolean, &block->rows));
    kdb_slice row = kdb_slice_of(block->rows.data + start, block->rows.len - start);
    if (kdb_row_check(schema, ctx, row) != KDB_OK) {
        kdb_ctx_clear_error(ctx);
        return fail_content(block, ctx, "a value is outside its type");
    }
    block->row_ends[block->row_count++] = (uint32_t)block->rows.len;
    return KDB_OK;
}

static kdb_status sink_rows(void *self, struct kdb_ctx *ctx, const kdb_value *values,
                            uint32_t row_count)
{
    struct block_reader *block = self;
    for (uint32_t i = 0; i < row_count; i++)
        KDB_TRY(add_row(block, ctx, values + (size_t)i * (block->schema->column_count + 2)));
    return KDB_OK;
}

static kdb_status read_rows(struct block_reader *block, struct kdb_ctx *ctx)
{
    static const struct kdb_engine_sink_ops ops = {sink_begin, sink_rows};
    const struct kdb_schema *schema = block->schema;
    uint32_t count = schema->column_count + 2;
    struct kdb_parquet_column *columns = kdb_arena_array(&ctx->arena, count, sizeof(*columns));
    for (uint32_t i = 0; i < schema->column_count; i++)
        columns[i] = (struct kdb_parquet_column){.field_id = schema->columns[i].id,
                                                 .name = schema->columns[i].name,
                                                 .type = schema->columns[i].type};
    columns[count - 2] = (struct kdb_parquet_column){
        .field_id = KDB_COLUMN_SEQ, .name = KDB_LIT("_seq"), .type = KDB_TYPE(KDB_BIGINT)};
    columns[count - 1] = (struct kdb_parquet_column){
        .field_id = KDB_COLUMN_DELETED, .name = KDB_LIT("_deleted"), .type = KDB_TYPE(KDB_BOOLEAN)};
    const struct kdb_parquet_read read = {.path = block->segment->path.data,
                                          .columns = columns,
                                          .column_count = count,
                                          .first_row =
                                              (uint64_t)block->group * block->segment->group_rows,
                                          .row_count = block->segment->group_rows};
    const struct kdb_engine_sink sink = {&ops, block};
    KDB_TRY(kdb_parquet_read(block->reader->connection, ctx, &read, &sink));
    if (block->row_count != block->expected)
        return fail_content(block, ctx, "a row group has fewer rows than recorded");
    return KDB_OK;
}

// With a ctx of its own: the memory of the request does not grow with the groups it reads.
static kdb_status read_with(struct block_reader *block, struct kdb_ctx *ctx)
{
    struct kdb_ctx own;
    kdb_ctx_init(&own, ctx->arena.limit_bytes);
    own.deadline_ns = ctx->deadline_ns;
    memcpy(own.request_id, ctx->request_id, sizeof(own.request_id));
    kdb_status status = read_rows(block, &own);
    if (status != KDB_OK && ctx->error.status == KDB_OK)
        ctx->error = own.error;
    kdb_ctx_deinit(&own);
    return status;
}

static kdb_status load(void *self, struct kdb_ctx *ctx, struct block **ret_block)
{
    struct block_reader *block = self;
    block->key_ends = kdb_realloc(NULL, block->expected * sizeof(uint32_t));
    block->row_ends = kdb_realloc(NULL, block->expected * sizeof(uint32_t));
    block->keys.limit = UINT32_MAX;
    block->rows.limit = UINT32_MAX;
    kdb_status status = read_with(block, ctx);
    if (status == KDB_OK) {
        const struct block_parts parts = {.row_count = block->row_count,
                                          .key_ends = block->key_ends,
                                          .row_ends = block->row_ends,
                                          .keys = kdb_buf_view(&block->keys),
                                          .rows = kdb_buf_view(&block->rows)};
        *ret_block = cache_block_create(&parts);
    }
    kdb_free(block->key_ends);
    kdb_free(block->row_ends);
    kdb_buf_deinit(&block->keys);
    kdb_buf_deinit(&block->rows);
    return status;
}

kdb_status cold_block(const struct kdb_cold_reader *reader, struct kdb_ctx *ctx,
                      const struct kdb_segment *segment, uint32_t group, struct block **ret_block)
{
    KDB_ASSERT(group < segment->group_count);
    struct block_reader block = {.reader = reader, .segment = segment, .group = group};
    block.schema = kdb_table_schema(reader->table, segment->schema_version);
    if (!block.schema)
        return kdb_fail(ctx, KDB_ERR_CONFLICT,
                        "the table was altered while the statement ran, try again");
    int64_t left = segment->row_count - (int64_t)group * segment->group_rows;
    block.expected = left < segment->group_rows ? (uint32_t)left : segment->group_rows;
    KDB_ASSERT(reader->connection || reader->tier == KDB_READ_MEMORY);
    const struct cache_loader loader = {load, &block};
    return cache_get(reader->service->cache, ctx, (struct cache_key){segment->number, group},
                     reader->tier, &loader, ret_block);
}

uint32_t cold_group_of(const struct kdb_segment *segment, kdb_slice key)
{
    uint32_t low = 0;
    uint32_t high = segment->group_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (kdb_slice_compare(segment->group_first_key[middle], key) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}
