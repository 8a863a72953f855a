// SPDX-License-Identifier: Apache-2.0
// Encoded rows into the engine's column memory.
#include "exec/table_source.h"

#include "base/assert.h"
#include "txn/layout.h"
#include "types/row.h"

// One wanted column.
struct wanted {
    int32_t id;     // stable id
    uint32_t index; // in the relation
    bool is_declared;
};

struct scan {
    const struct table_source *source;
    struct kdb_store_scan *hot;
    size_t system_at;
    uint32_t wanted_count;
    struct wanted wanted[];
};

static kdb_status open_hot(const struct table_source *source, struct kdb_ctx *ctx, bool is_reverse,
                           struct kdb_store_scan **ret)
{
    struct kdb_buf first = {0};
    struct kdb_buf end = {0};
    kdb_layout_key(&first, source->prefix, KDB_KEYS_ROWS, source->first);
    if (source->end.data)
        kdb_layout_key(&end, source->prefix, KDB_KEYS_ROWS, source->end);
    else
        kdb_layout_key(&end, source->prefix, KDB_KEYS_ROWS + 1, KDB_LIT(""));
    const struct kdb_scan_range range = {.space = KDB_SPACE_ROWS,
                                         .first = kdb_buf_view(&first),
                                         .end = kdb_buf_view(&end),
                                         .is_reverse = is_reverse,
                                         .tier = KDB_READ_ANY};
    kdb_status status = kdb_store_scan_open(source->store, ctx, source->view, &range, ret);
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&end);
    return status;
}

static kdb_status source_open(void *self, struct kdb_ctx *ctx, const uint32_t *wanted,
                              uint32_t wanted_count, void **ret_scan)
{
    const struct table_source *source = self;
    struct scan *scan =
        kdb_arena_zalloc(&ctx->arena, sizeof(*scan) + wanted_count * sizeof(struct wanted));
    scan->source = source;
    scan->wanted_count = wanted_count;
    for (uint32_t i = 0; i < wanted_count; i++) {
        int32_t id = source->relation->columns[wanted[i]].id;
        scan->wanted[i] = (struct wanted){id, wanted[i], id > 0};
    }
    if (!source->system)
        KDB_TRY(open_hot(source, ctx, false, &scan->hot));
    *ret_scan = scan;
    return KDB_OK;
}

static void source_close(void *self)
{
    struct scan *scan = self;
    kdb_store_scan_close(scan->hot);
}

static void put_fixed(struct kdb_column_writer *writer, uint32_t row, const kdb_value *value)
{
    switch ((int)value->kind) {
    case KDB_BOOLEAN:
        kdb_writer_put_bool(writer, row, value->boolean);
        return;
    case KDB_SMALLINT:
        kdb_writer_put_i16(writer, row, (int16_t)value->integer);
        return;
    case KDB_INT:
    case KDB_DATE:
        kdb_writer_put_i32(writer, row, (int32_t)value->integer);
        return;
    case KDB_BIGINT:
    case KDB_TIMESTAMP:
    case KDB_DATETIME:
    case KDB_TIME:
        kdb_writer_put_i64(writer, row, value->integer);
        return;
    case KDB_DOUBLE:
        kdb_writer_put_f64(writer, row, value->real);
        return;
    default:
        kdb_writer_put_value(writer, row, value);
        return;
    }
}

static void put(struct kdb_column_writer *writer, uint32_t row, const kdb_value *value)
{
    if (value->is_null)
        kdb_writer_put_null(writer, row);
    else if (value->kind == KDB_TEXT || value->kind == KDB_JSON || value->kind == KDB_BYTES ||
             value->kind == KDB_FILE)
        kdb_writer_put_text(writer, row, value->bytes);
    else
        put_fixed(writer, row, value);
}

static void write_row(const struct scan *scan, const struct kdb_schema *row_schema, kdb_slice bytes,
                      struct kdb_row_batch *batch)
{
    const struct kdb_schema *schema = scan->source->table->schema;
    for (uint32_t i = 0; i < scan->wanted_count; i++) {
        const struct wanted *wanted = &scan->wanted[i];
        kdb_value value;
        if (wanted->is_declared && row_schema == schema) {
            kdb_row_get(schema, bytes, wanted->index, &value);
        } else if (wanted->is_declared) {
            kdb_row_get_column(row_schema, bytes, &schema->columns[wanted->index], &value);
        } else {
            const struct kdb_column column = {.id = wanted->id};
            kdb_row_get_column(row_schema, bytes, &column, &value);
        }
        put(&batch->columns[i], batch->row_count, &value);
    }
    batch->row_count++;
}

static kdb_status next_row(struct scan *scan, struct kdb_ctx *ctx, kdb_slice *ret_row,
                           bool *ret_more)
{
    const struct table_source *source = scan->source;
    if (source->system) {
        *ret_more = scan->system_at < source->system->count;
        if (*ret_more)
            *ret_row = source->system->rows[scan->system_at++];
        return KDB_OK;
    }
    kdb_slice key;
    do {
        KDB_TRY(kdb_store_scan_next(scan->hot, ctx, &key, ret_row, ret_more));
        if (*ret_more && ret_row->len < KDB_ROW_HEADER_BYTES)
            return kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored row is damaged");
    } while (*ret_more && source->hides_deleted && kdb_row_is_deleted(*ret_row));
    return KDB_OK;
}

static kdb_status source_next(void *self, struct kdb_ctx *ctx, struct kdb_row_batch *batch)
{
    struct scan *scan = self;
    const struct table_source *source = scan->source;
    batch->row_count = 0;
    while (batch->row_count < batch->capacity) {
        kdb_slice row;
        bool has_more;
        KDB_TRY(next_row(scan, ctx, &row, &has_more));
        if (!has_more)
            break;
        const struct kdb_schema *row_schema =
            source->system ? source->table->schema
                           : kdb_table_schema(source->table, kdb_row_schema_version(row));
        if (!row_schema)
            return kdb_fail(ctx, KDB_ERR_CORRUPT, "a row has an unknown schema version");
        write_row(scan, row_schema, row, batch);
    }
    return KDB_OK;
}

static const struct kdb_row_source_ops ops = {source_open, source_next, source_close};

void table_source_init(struct table_source *source, struct kdb_ctx *ctx,
                       struct kdb_row_source *ret_source)
{
    const struct kdb_relation *relation = source->relation;
    source->columns =
        kdb_arena_array(&ctx->arena, relation->column_count, sizeof(struct kdb_source_column));
    for (uint32_t i = 0; i < relation->column_count; i++) {
        source->columns[i].name = kdb_arena_printf(&ctx->arena, "c%u", i);
        source->columns[i].type = relation->columns[i].type;
    }
    *ret_source =
        (struct kdb_row_source){.ops = &ops,
                                .self = source,
                                .columns = source->columns,
                                .column_count = relation->column_count,
                                .row_estimate = source->system ? source->system->count : 0};
}

static kdb_status edge(const struct table_source *source, struct kdb_ctx *ctx, bool is_last,
                       bool *ret_has_rows, kdb_slice *ret_key)
{
    struct kdb_store_scan *scan;
    KDB_TRY(open_hot(source, ctx, is_last, &scan));
    kdb_slice key;
    kdb_slice row;
    kdb_status status = kdb_store_scan_next(scan, ctx, &key, &row, ret_has_rows);
    if (status == KDB_OK && *ret_has_rows)
        *ret_key = kdb_arena_copy(&ctx->arena, kdb_slice_skip(key, source->prefix.len + 1));
    kdb_store_scan_close(scan);
    return status;
}

kdb_status table_source_hot_range(const struct table_source *source, struct kdb_ctx *ctx,
                                  bool *ret_has_rows, kdb_slice *ret_min, kdb_slice *ret_max)
{
    KDB_TRY(edge(source, ctx, false, ret_has_rows, ret_min));
    return *ret_has_rows ? edge(source, ctx, true, ret_has_rows, ret_max) : KDB_OK;
}
