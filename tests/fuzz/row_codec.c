// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the row decoder: a row that passes the check can be read, printed and encoded
// again, whatever its bytes are.
// links: base types
//
// Input: number of columns, two bytes for each (kind, parameter), the row. With the top bit of the
// first byte set, format, column count and version of the row are put right first.
#include "types/row.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "types/cast.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COLUMNS_MAX 20

static kdb_type type_of(uint8_t kind, uint8_t parameter)
{
    kdb_type type = KDB_TYPE((uint8_t)(1 + kind % (KDB_INTERVAL - 1)));
    if (type.kind == KDB_DECIMAL) {
        type.precision = (uint8_t)(1 + parameter % 38);
        type.scale = (uint8_t)(parameter % (type.precision + 1));
    }
    if (type.kind == KDB_EMBEDDING)
        type.dimension = (uint16_t)(1 + parameter % 8);
    return type;
}

static void make_schema(struct kdb_schema *schema, struct kdb_arena *arena, const uint8_t *kinds)
{
    schema->version = 1;
    schema->columns = kdb_arena_array(arena, schema->column_count, sizeof(*schema->columns));
    for (uint32_t i = 0; i < schema->column_count; i++) {
        schema->columns[i].id = (int32_t)i + 1;
        schema->columns[i].type = type_of(kinds[2 * i], kinds[2 * i + 1]);
    }
    kdb_schema_finish(schema, arena);
}

static void put_right(char *row, const struct kdb_schema *schema)
{
    uint16_t count = (uint16_t)schema->column_count;
    row[0] = KDB_ROW_FORMAT;
    row[1] = (char)(row[1] & 1);
    memcpy(row + 2, &count, sizeof(count));
    memcpy(row + 4, &schema->version, sizeof(schema->version));
}

// Reads, prints and writes every column, then encodes them again.
static void use_row(const struct kdb_schema *schema, struct kdb_ctx *ctx, kdb_slice row)
{
    kdb_value values[COLUMNS_MAX];
    kdb_value again;
    struct kdb_buf out = {0};
    for (uint32_t i = 0; i < schema->column_count; i++) {
        kdb_row_get(schema, row, i, &values[i]);
        if (!values[i].is_null)
            kdb_value_print(&values[i], &out);
        if (kdb_value_write_json(&values[i], ctx, &out) != KDB_OK)
            kdb_ctx_clear_error(ctx);
    }
    kdb_buf_clear(&out);
    KDB_ASSERT(kdb_row_encode(schema, ctx, values, kdb_row_seq(row), kdb_row_is_deleted(row),
                              &out) == KDB_OK);
    kdb_slice encoded = kdb_buf_view(&out);
    KDB_ASSERT(kdb_row_check(schema, ctx, encoded) == KDB_OK && encoded.len == row.len);
    for (uint32_t i = 0; i < schema->column_count; i++) {
        kdb_row_get_column(schema, encoded, &schema->columns[i], &again);
        KDB_ASSERT(kdb_value_same(&values[i], &again));
    }
    kdb_buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kdb_schema schema = {.column_count = size ? 1U + (data[0] & 0x7FU) % COLUMNS_MAX : 0};
    size_t head = 1 + 2 * (size_t)schema.column_count;
    if (size == 0 || size < head)
        return 0;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    make_schema(&schema, &ctx.arena, data + 1);
    // A block of exactly its size, so that the sanitizer sees the first byte beyond.
    char *row = kdb_alloc(size > head ? size - head : 1);
    memcpy(row, data + head, size - head);
    if ((data[0] & 0x80) != 0 && size - head >= KDB_ROW_HEADER_BYTES)
        put_right(row, &schema);
    if (kdb_row_check(&schema, &ctx, kdb_slice_of(row, size - head)) == KDB_OK)
        use_row(&schema, &ctx, kdb_slice_of(row, size - head));
    kdb_free(row);
    kdb_ctx_deinit(&ctx);
    return 0;
}
