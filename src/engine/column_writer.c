// SPDX-License-Identifier: Apache-2.0
// The slow paths of column writers: nulls, copied text, decimals, values of any kind, ready-made
// runs.
#include <string.h>

#include "base/assert.h"
#include "engine/engine_priv.h"

void kdb_writer_open_validity(struct kdb_column_writer *writer)
{
    duck.vector_ensure_validity_writable(writer->vector);
    writer->validity = duck.vector_get_validity(writer->vector);
}

void kdb_writer_copy_text(struct kdb_column_writer *writer, uint32_t row, kdb_slice text)
{
    duck.vector_assign_string_element_len(writer->vector, row, text.data, text.len);
}

void kdb_writer_put_uuid(struct kdb_column_writer *writer, uint32_t row, const uint8_t bytes[16])
{
    uint64_t halves[2];
    memcpy(halves, bytes, sizeof(halves));
    ((duckdb_hugeint *)writer->cells)[row] =
        (duckdb_hugeint){.upper = (int64_t)(__builtin_bswap64(halves[0]) ^ (uint64_t)1 << 63),
                         .lower = __builtin_bswap64(halves[1])};
}

void kdb_writer_put_decimal(struct kdb_column_writer *writer, uint32_t row, kdb_int128 scaled)
{
    kdb_uint128 bits = (kdb_uint128)scaled;
    switch (writer->cell_bytes) {
    case 2:
        ((int16_t *)writer->cells)[row] = (int16_t)scaled;
        return;
    case 4:
        ((int32_t *)writer->cells)[row] = (int32_t)scaled;
        return;
    case 8:
        ((int64_t *)writer->cells)[row] = (int64_t)scaled;
        return;
    default:
        ((duckdb_hugeint *)writer->cells)[row] =
            (duckdb_hugeint){.lower = (uint64_t)bits, .upper = (int64_t)(uint64_t)(bits >> 64)};
    }
}

static void put_interval(struct kdb_column_writer *writer, uint32_t row,
                         const struct kdb_interval *interval)
{
    ((duckdb_interval *)writer->cells)[row] = (duckdb_interval){
        .months = interval->months, .days = interval->days, .micros = interval->micros};
}

static void put_embedding(struct kdb_column_writer *writer, uint32_t row, kdb_slice bytes)
{
    size_t row_bytes = (size_t)writer->type.dimension * sizeof(float);
    KDB_ASSERT(bytes.len == row_bytes);
    memcpy((char *)writer->cells + row * row_bytes, bytes.data, row_bytes);
}

void kdb_writer_put_value(struct kdb_column_writer *writer, uint32_t row, const kdb_value *value)
{
    if (value->is_null) {
        kdb_writer_put_null(writer, row);
        return;
    }
    KDB_ASSERT(value->kind == writer->type.kind);
    switch ((kdb_kind)value->kind) {
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
    case KDB_FLOAT:
        kdb_writer_put_f32(writer, row, (float)value->real);
        return;
    case KDB_UNKNOWN:
    case KDB_TEXT:
    case KDB_JSON:
    case KDB_FILE:
    case KDB_BYTES:
        kdb_writer_put_text(writer, row, value->bytes);
        return;
    case KDB_UUID:
        kdb_writer_put_uuid(writer, row, value->uuid);
        return;
    case KDB_DECIMAL:
        KDB_ASSERT(value->scale == writer->type.scale);
        kdb_writer_put_decimal(writer, row, value->decimal);
        return;
    case KDB_EMBEDDING:
        put_embedding(writer, row, value->bytes);
        return;
    case KDB_INTERVAL:
        put_interval(writer, row, &value->interval);
        return;
    case KDB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}

static void put_validity(struct kdb_column_writer *writer, uint32_t row, const uint64_t *validity,
                         uint32_t count)
{
    if (!writer->validity)
        kdb_writer_open_validity(writer);
    if (row % 64 == 0 && count % 64 == 0) {
        memcpy(writer->validity + row / 64, validity, count / 8);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!(validity[i / 64] >> (i % 64) & 1))
            kdb_writer_put_null(writer, row + i);
    }
}

void kdb_writer_put_run(struct kdb_column_writer *writer, uint32_t row, const void *cells,
                        const uint64_t *validity, uint32_t count)
{
    size_t row_bytes = writer->cell_bytes;
    if (writer->type.kind == KDB_EMBEDDING)
        row_bytes *= writer->type.dimension;
    memcpy((char *)writer->cells + row * row_bytes, cells, count * row_bytes);
    if (validity)
        put_validity(writer, row, validity, count);
}
