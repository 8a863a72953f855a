// SPDX-License-Identifier: Apache-2.0
// Encoded rows into the engine's column memory, converted to the table's newest schema, with
// statistics taken on the way.
#include "base/alloc.h"
#include "base/assert.h"
#include "segments/filter.h"
#include "segments/segment_write_priv.h"
#include "types/cast.h"
#include "types/row.h"

#define SYSTEM_COLUMNS 3

// ---- what the file is told about its columns ----

static void describe(struct segment_rows *rows, struct kdb_ctx *ctx)
{
    const struct kdb_schema *schema = rows->schema;
    uint32_t count = schema->column_count;
    rows->source_column_count = count + SYSTEM_COLUMNS;
    rows->source_columns =
        kdb_arena_array(&ctx->arena, rows->source_column_count, sizeof(struct kdb_source_column));
    rows->field_ids = kdb_arena_array(&ctx->arena, rows->source_column_count, sizeof(int32_t));
    for (uint32_t i = 0; i < count; i++) {
        const struct kdb_column *column = &schema->columns[i];
        rows->source_columns[i] = (struct kdb_source_column){column->name, column->type};
        rows->field_ids[i] = column->id;
    }
    static const struct kdb_source_column system[SYSTEM_COLUMNS] = {
        {KDB_LIT_INIT("_seq"), {.kind = KDB_BIGINT}},
        {KDB_LIT_INIT("_updated"), {.kind = KDB_TIMESTAMP}},
        {KDB_LIT_INIT("_deleted"), {.kind = KDB_BOOLEAN}}};
    static const int32_t ids[SYSTEM_COLUMNS] = {KDB_COLUMN_SEQ, KDB_COLUMN_UPDATED,
                                                KDB_COLUMN_DELETED};
    memcpy(rows->source_columns + count, system, sizeof(system));
    memcpy(rows->field_ids + count, ids, sizeof(ids));
}

static kdb_status read_next(struct segment_rows *rows, struct kdb_ctx *ctx)
{
    const struct kdb_segment_input *input = &rows->what->input;
    return input->next(input->self, ctx, &rows->pending_key, &rows->pending_row,
                       &rows->has_pending);
}

kdb_status segment_rows_open(struct segment_rows *rows, struct kdb_ctx *ctx,
                             const struct kdb_segment_write *what, uint32_t group_rows)
{
    const struct kdb_schema *schema = what->table->schema;
    *rows = (struct segment_rows){.what = what, .schema = schema, .group_rows = group_rows};
    kdb_ctx_init(&rows->scratch, 0);
    rows->columns = kdb_arena_array(&ctx->arena, schema->column_count, sizeof(*rows->columns));
    for (uint32_t i = 0; i < schema->column_count; i++)
        rows->columns[i].type = schema->columns[i].type;
    describe(rows, ctx);
    return read_next(rows, ctx);
}

void segment_rows_deinit(struct segment_rows *rows)
{
    kdb_ctx_deinit(&rows->scratch);
    kdb_buf_deinit(&rows->max_key);
    kdb_buf_deinit(&rows->group_keys);
    kdb_free(rows->group_key_ends);
    kdb_free(rows->hashes);
}

// ---- one row ----

static void note_group(struct segment_rows *rows, kdb_slice key)
{
    if (rows->group_count == rows->group_capacity) {
        rows->group_capacity = kdb_grow_capacity(rows->group_capacity, rows->group_count + 1);
        rows->group_key_ends =
            kdb_realloc(rows->group_key_ends, rows->group_capacity * sizeof(uint32_t));
    }
    kdb_buf_slice(&rows->group_keys, key);
    rows->group_key_ends[rows->group_count++] = (uint32_t)rows->group_keys.len;
}

static kdb_status note_key(struct segment_rows *rows, struct kdb_ctx *ctx, kdb_slice key)
{
    if (rows->row_count > 0 && kdb_slice_compare(kdb_buf_view(&rows->max_key), key) >= 0)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "rows to be flushed are not in key order");
    kdb_buf_clear(&rows->max_key);
    kdb_buf_slice(&rows->max_key, key);
    size_t index = (size_t)rows->row_count;
    if (index == rows->hash_capacity) {
        rows->hash_capacity = kdb_grow_capacity(rows->hash_capacity, index + 1);
        rows->hashes = kdb_realloc(rows->hashes, rows->hash_capacity * sizeof(uint64_t));
    }
    rows->hashes[index] = kdb_filter_hash(key);
    if (index % rows->group_rows == 0)
        note_group(rows, key);
    return KDB_OK;
}

static void note_header(struct segment_rows *rows, kdb_slice row)
{
    int64_t seq = kdb_row_seq(row);
    if (rows->row_count == 0 || seq < rows->min_seq)
        rows->min_seq = seq;
    if (rows->row_count == 0 || seq > rows->max_seq)
        rows->max_seq = seq;
    if (kdb_row_is_deleted(row)) {
        int64_t ms = kdb_snowflake_ms(seq);
        rows->tombstone_count++;
        if (rows->oldest_tombstone_ms == 0 || ms < rows->oldest_tombstone_ms)
            rows->oldest_tombstone_ms = ms;
    }
    rows->row_count++;
}

// The scan: which columns go where.
struct row_scan {
    struct segment_rows *rows;
    uint32_t *place_of; // by source column: index in the batch + 1, 0: not wanted
    uint32_t batch_row; // row of the batch being filled
    const struct kdb_row_batch *batch;
};

static void put_text(struct kdb_column_writer *writer, uint32_t row, kdb_slice text)
{
    kdb_writer_put_text(writer, row, text);
}

static void put(struct kdb_column_writer *writer, uint32_t row, const kdb_value *value)
{
    if (value->is_null) {
        kdb_writer_put_null(writer, row);
        return;
    }
    switch ((int)value->kind) {
    case KDB_TEXT:
    case KDB_JSON:
    case KDB_BYTES:
    case KDB_FILE:
        put_text(writer, row, value->bytes);
        return;
    case KDB_BIGINT:
    case KDB_TIMESTAMP:
    case KDB_DATETIME:
    case KDB_TIME:
        kdb_writer_put_i64(writer, row, value->integer);
        return;
    case KDB_INT:
    case KDB_DATE:
        kdb_writer_put_i32(writer, row, (int32_t)value->integer);
        return;
    case KDB_DOUBLE:
        kdb_writer_put_f64(writer, row, value->real);
        return;
    default:
        kdb_writer_put_value(writer, row, value);
        return;
    }
}

// A value written under another type of the column.
static kdb_status convert(struct segment_rows *rows, struct kdb_ctx *ctx,
                          const struct kdb_column *column, kdb_value *value)
{
    if (value->is_null) {
        *value = kdb_value_null((kdb_kind)column->type.kind);
        value->scale = column->type.scale;
        return KDB_OK;
    }
    kdb_status status = kdb_cast(value, &rows->scratch, column->type, value);
    if (status == KDB_OK)
        return KDB_OK;
    return kdb_fail(ctx, status, "column %.*s cannot be converted: %s", KDB_ARG(column->name),
                    rows->scratch.error.message);
}

static bool is_of_type(const kdb_value *value, kdb_type type)
{
    return value->kind == type.kind &&
           (type.kind != KDB_DECIMAL || value->is_null || value->scale == type.scale) &&
           (type.kind != KDB_EMBEDDING || value->is_null ||
            value->bytes.len == type.dimension * sizeof(float));
}

static kdb_status add_columns(struct row_scan *scan, struct kdb_ctx *ctx,
                              const struct kdb_schema *row_schema, kdb_slice row)
{
    struct segment_rows *rows = scan->rows;
    const struct kdb_schema *schema = rows->schema;
    for (uint32_t i = 0; i < schema->column_count; i++) {
        const struct kdb_column *column = &schema->columns[i];
        kdb_value value;
        if (row_schema == schema) {
            kdb_row_get(schema, row, i, &value);
        } else {
            kdb_row_get_column(row_schema, row, column, &value);
            if (!is_of_type(&value, column->type))
                KDB_TRY(convert(rows, ctx, column, &value));
        }
        stats_add(&rows->columns[i], &value);
        if (scan->place_of[i] > 0)
            put(&scan->batch->columns[scan->place_of[i] - 1], scan->batch_row, &value);
    }
    return KDB_OK;
}

static void add_system_columns(struct row_scan *scan, kdb_slice row)
{
    const uint32_t *places = scan->place_of + scan->rows->schema->column_count;
    struct kdb_column_writer *columns = scan->batch->columns;
    if (places[0] > 0)
        kdb_writer_put_i64(&columns[places[0] - 1], scan->batch_row, kdb_row_seq(row));
    if (places[1] > 0)
        kdb_writer_put_i64(&columns[places[1] - 1], scan->batch_row, kdb_row_updated_us(row));
    if (places[2] > 0)
        kdb_writer_put_bool(&columns[places[2] - 1], scan->batch_row, kdb_row_is_deleted(row));
}

static kdb_status add_row(struct row_scan *scan, struct kdb_ctx *ctx)
{
    struct segment_rows *rows = scan->rows;
    kdb_slice row = rows->pending_row;
    if (row.len < KDB_ROW_HEADER_BYTES)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored row is damaged");
    const struct kdb_schema *row_schema =
        kdb_table_schema(rows->what->table, kdb_row_schema_version(row));
    if (!row_schema)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "a row has an unknown schema version");
    KDB_TRY(kdb_row_check(row_schema, ctx, row));
    KDB_TRY(note_key(rows, ctx, rows->pending_key));
    KDB_TRY(add_columns(scan, ctx, row_schema, row));
    add_system_columns(scan, row);
    note_header(rows, row);
    return KDB_OK;
}

// ---- the source ----

static kdb_status source_open(void *self, struct kdb_ctx *ctx, const uint32_t *wanted,
                              uint32_t wanted_count, void **ret_scan)
{
    struct segment_rows *rows = self;
    if (rows->is_opened)
        return kdb_fail(ctx, KDB_ERR_INTERNAL, "the rows of a flush can be read once");
    rows->is_opened = true;
    struct row_scan *scan = KDB_ARENA_NEW(&ctx->arena, struct row_scan);
    scan->rows = rows;
    scan->place_of = kdb_arena_array(&ctx->arena, rows->source_column_count, sizeof(uint32_t));
    for (uint32_t i = 0; i < wanted_count; i++) {
        KDB_ASSERT(scan->place_of[wanted[i]] == 0);
        scan->place_of[wanted[i]] = i + 1;
    }
    *ret_scan = scan;
    return KDB_OK;
}

// Full batches: DuckDB ends a row group between two of them.
static kdb_status source_next(void *self, struct kdb_ctx *ctx, struct kdb_row_batch *batch)
{
    struct row_scan *scan = self;
    struct segment_rows *rows = scan->rows;
    scan->batch = batch;
    kdb_arena_reset(&rows->scratch.arena);
    batch->row_count = 0;
    while (rows->has_pending && batch->row_count < batch->capacity) {
        scan->batch_row = batch->row_count;
        KDB_TRY(add_row(scan, ctx));
        batch->row_count++;
        KDB_TRY(read_next(rows, ctx));
    }
    return KDB_OK;
}

static void source_close(void *self)
{
    (void)self;
}

struct kdb_row_source segment_rows_source(struct segment_rows *rows)
{
    static const struct kdb_row_source_ops ops = {source_open, source_next, source_close};
    return (struct kdb_row_source){.ops = &ops,
                                   .self = rows,
                                   .columns = rows->source_columns,
                                   .column_count = rows->source_column_count};
}
