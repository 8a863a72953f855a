// SPDX-License-Identifier: Apache-2.0
// A row source over an array of values.
#include "engine/engine_priv.h"

struct value_scan {
    const struct kdb_value_rows *rows;
    const uint32_t *wanted;
    uint64_t at;
};

static kdb_status open_scan(void *self, struct kdb_ctx *ctx, const uint32_t *wanted,
                            uint32_t wanted_count, void **ret_scan)
{
    (void)wanted_count;
    struct value_scan *scan = KDB_ARENA_NEW(&ctx->arena, struct value_scan);
    scan->rows = self;
    scan->wanted = wanted;
    *ret_scan = scan;
    return KDB_OK;
}

static kdb_status next_rows(void *opaque, struct kdb_ctx *ctx, struct kdb_row_batch *batch)
{
    struct value_scan *scan = opaque;
    const struct kdb_value_rows *rows = scan->rows;
    uint64_t left = rows->row_count - scan->at;
    uint32_t count = left < batch->capacity ? (uint32_t)left : batch->capacity;
    for (uint32_t column = 0; column < batch->column_count; column++) {
        const kdb_value *value =
            rows->values + scan->at * rows->column_count + scan->wanted[column];
        for (uint32_t row = 0; row < count; row++, value += rows->column_count)
            kdb_writer_put_value(&batch->columns[column], row, value);
    }
    scan->at += count;
    batch->row_count = count;
    return kdb_ctx_check(ctx);
}

static void close_scan(void *scan)
{
    (void)scan; // in the arena
}

static const struct kdb_row_source_ops value_ops = {open_scan, next_rows, close_scan};

struct kdb_row_source kdb_value_rows_source(struct kdb_value_rows *rows,
                                            const struct kdb_source_column *columns)
{
    return (struct kdb_row_source){.ops = &value_ops,
                                   .self = rows,
                                   .columns = columns,
                                   .column_count = rows->column_count,
                                   .row_estimate = rows->row_count};
}
