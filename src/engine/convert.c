// SPDX-License-Identifier: Apache-2.0
// From DuckDB's result vectors to values: one tight loop per type, chosen once per column.
#include <string.h>

#include "base/assert.h"
#include "engine/engine_priv.h"

// The loop of a converter: `cell` is the cell of the row, `value` its place in the output.
#define CONVERT(name, cell_type, ...)                                                              \
    static bool name(const struct engine_vector *vector, uint32_t first, uint32_t count,           \
                     kdb_value *out)                                                               \
    {                                                                                              \
        const cell_type *cells = (const cell_type *)vector->cells + first;                         \
        for (uint32_t i = 0; i < count; i++) {                                                     \
            kdb_value *value = &out[(size_t)i * vector->stride];                                   \
            if (is_null(vector, first + i)) {                                                      \
                *value = kdb_value_null((kdb_kind)vector->type.kind);                              \
                continue;                                                                          \
            }                                                                                      \
            const cell_type *cell = &cells[i];                                                     \
            *value = (kdb_value){.kind = vector->type.kind};                                       \
            __VA_ARGS__                                                                            \
        }                                                                                          \
        return true;                                                                               \
    }

static inline bool is_null(const struct engine_vector *vector, uint32_t row)
{
    return vector->validity && !(vector->validity[row / 64] >> (row % 64) & 1);
}

static inline kdb_int128 join_hugeint(duckdb_hugeint huge)
{
    return (kdb_int128)((kdb_uint128)(uint64_t)huge.upper << 64 | huge.lower);
}

CONVERT(convert_bool, uint8_t, value->boolean = *cell != 0;)
CONVERT(convert_i8, int8_t,
        value->integer = (int64_t)*cell;) // NOLINT(bugprone-signed-char-misuse): a number
CONVERT(convert_i16, int16_t, value->integer = *cell;)
CONVERT(convert_i32, int32_t, value->integer = *cell;)
CONVERT(convert_i64, int64_t, value->integer = *cell;)
CONVERT(convert_u8, uint8_t, value->integer = *cell;)
CONVERT(convert_u16, uint16_t, value->integer = *cell;)
CONVERT(convert_u32, uint32_t, value->integer = *cell;)
CONVERT(convert_u64, uint64_t, if (*cell > INT64_MAX) return false;
        value->integer = (int64_t)*cell;)
CONVERT(convert_time_unit, int64_t,
        if (__builtin_mul_overflow(*cell, vector->factor, &value->integer)) return false;)
CONVERT(convert_f32, float, value->real = (double)*cell;)
CONVERT(convert_f64, double, value->real = *cell;)
CONVERT(convert_decimal16, int16_t, value->decimal = *cell; value->scale = vector->type.scale;)
CONVERT(convert_decimal32, int32_t, value->decimal = *cell; value->scale = vector->type.scale;)
CONVERT(convert_decimal64, int64_t, value->decimal = *cell; value->scale = vector->type.scale;)
CONVERT(convert_decimal128, duckdb_hugeint, value->decimal = join_hugeint(*cell);
        value->scale = vector->type.scale;)
CONVERT(convert_hugeint_i64, duckdb_hugeint, kdb_int128 number = join_hugeint(*cell);
        if (number < INT64_MIN || number > INT64_MAX) return false;
        value->integer = (int64_t)number;)
CONVERT(convert_text, struct kdb_text_cell, value->bytes = kdb_text_cell_slice(cell);)
CONVERT(convert_interval, duckdb_interval,
        value->interval = (struct kdb_interval){cell->micros, cell->days, cell->months};)

static bool convert_uuid(const struct engine_vector *vector, uint32_t first, uint32_t count,
                         kdb_value *out)
{
    const duckdb_hugeint *cells = (const duckdb_hugeint *)vector->cells + first;
    for (uint32_t i = 0; i < count; i++) {
        kdb_value *value = &out[(size_t)i * vector->stride];
        *value = kdb_value_null(KDB_UUID);
        if (is_null(vector, first + i))
            continue;
        value->is_null = false;
        // DuckDB flips the top bit so that UUIDs sort as signed numbers.
        uint64_t halves[2] = {__builtin_bswap64((uint64_t)cells[i].upper ^ (uint64_t)1 << 63),
                              __builtin_bswap64(cells[i].lower)};
        memcpy(value->uuid, halves, sizeof(halves));
    }
    return true;
}

// `cells` are the child's: dimension floats per row, little-endian as we keep them.
static bool convert_embedding(const struct engine_vector *vector, uint32_t first, uint32_t count,
                              kdb_value *out)
{
    size_t row_bytes = (size_t)vector->type.dimension * sizeof(float);
    const char *cells = (const char *)vector->cells + first * row_bytes;
    for (uint32_t i = 0; i < count; i++) {
        kdb_value *value = &out[(size_t)i * vector->stride];
        *value =
            is_null(vector, first + i)
                ? kdb_value_null(KDB_EMBEDDING)
                : kdb_value_bytes(KDB_EMBEDDING, kdb_slice_of(cells + i * row_bytes, row_bytes));
    }
    return true;
}

static bool convert_null(const struct engine_vector *vector, uint32_t first, uint32_t count,
                         kdb_value *out)
{
    (void)first;
    for (uint32_t i = 0; i < count; i++)
        out[(size_t)i * vector->stride] = kdb_value_null((kdb_kind)vector->type.kind);
    return true;
}

static engine_convert decimal_converter(duckdb_logical_type logical, kdb_type type)
{
    if (type.kind != KDB_DECIMAL || duck.decimal_scale(logical) != type.scale)
        return NULL;
    duckdb_type inner = duck.decimal_internal_type(logical);
    if (inner == DUCKDB_TYPE_SMALLINT)
        return convert_decimal16;
    if (inner == DUCKDB_TYPE_INTEGER)
        return convert_decimal32;
    return inner == DUCKDB_TYPE_BIGINT ? convert_decimal64 : convert_decimal128;
}

static engine_convert embedding_converter(duckdb_logical_type logical, kdb_type type)
{
    duckdb_logical_type child = duck.array_type_child_type(logical);
    bool is_float = duck.get_type_id(child) == DUCKDB_TYPE_FLOAT;
    duck.destroy_logical_type(&child);
    if (type.kind != KDB_EMBEDDING || !is_float ||
        duck.array_type_array_size(logical) != type.dimension)
        return NULL;
    return convert_embedding;
}

struct pair {
    duckdb_type from;
    kdb_kind to;
    engine_convert convert;
    int64_t factor;
};

// What a DuckDB type may become. HUGEINT (a sum of integers) becomes BIGINT when it fits.
static const struct pair pairs[] = {
    {DUCKDB_TYPE_BOOLEAN, KDB_BOOLEAN, convert_bool, 0},
    {DUCKDB_TYPE_TINYINT, KDB_SMALLINT, convert_i8, 0},
    {DUCKDB_TYPE_SMALLINT, KDB_SMALLINT, convert_i16, 0},
    {DUCKDB_TYPE_INTEGER, KDB_INT, convert_i32, 0},
    {DUCKDB_TYPE_BIGINT, KDB_BIGINT, convert_i64, 0},
    {DUCKDB_TYPE_UTINYINT, KDB_SMALLINT, convert_u8, 0},
    {DUCKDB_TYPE_USMALLINT, KDB_INT, convert_u16, 0},
    {DUCKDB_TYPE_UINTEGER, KDB_BIGINT, convert_u32, 0},
    {DUCKDB_TYPE_UBIGINT, KDB_BIGINT, convert_u64, 0},
    {DUCKDB_TYPE_HUGEINT, KDB_BIGINT, convert_hugeint_i64, 0},
    {DUCKDB_TYPE_FLOAT, KDB_FLOAT, convert_f32, 0},
    {DUCKDB_TYPE_DOUBLE, KDB_DOUBLE, convert_f64, 0},
    {DUCKDB_TYPE_TIMESTAMP, KDB_TIMESTAMP, convert_i64, 0},
    {DUCKDB_TYPE_TIMESTAMP_MS, KDB_TIMESTAMP, convert_time_unit, 1000},
    {DUCKDB_TYPE_TIMESTAMP_S, KDB_TIMESTAMP, convert_time_unit, 1000000},
    {DUCKDB_TYPE_TIMESTAMP_TZ, KDB_DATETIME, convert_i64, 0},
    {DUCKDB_TYPE_DATE, KDB_DATE, convert_i32, 0},
    {DUCKDB_TYPE_TIME, KDB_TIME, convert_i64, 0},
    {DUCKDB_TYPE_INTERVAL, KDB_INTERVAL, convert_interval, 0},
    {DUCKDB_TYPE_VARCHAR, KDB_TEXT, convert_text, 0},
    {DUCKDB_TYPE_VARCHAR, KDB_JSON, convert_text, 0},
    {DUCKDB_TYPE_VARCHAR, KDB_FILE, convert_text, 0},
    {DUCKDB_TYPE_VARCHAR, KDB_UNKNOWN, convert_text, 0},
    {DUCKDB_TYPE_BLOB, KDB_BYTES, convert_text, 0},
    {DUCKDB_TYPE_UUID, KDB_UUID, convert_uuid, 0},
};

engine_convert engine_converter(duckdb_logical_type logical, kdb_type type, int64_t *ret_factor)
{
    *ret_factor = 1;
    duckdb_type id = duck.get_type_id(logical);
    if (id == DUCKDB_TYPE_SQLNULL)
        return convert_null;
    if (id == DUCKDB_TYPE_DECIMAL)
        return decimal_converter(logical, type);
    if (id == DUCKDB_TYPE_ARRAY)
        return embedding_converter(logical, type);
    if (id == DUCKDB_TYPE_HUGEINT && type.kind == KDB_DECIMAL)
        return type.scale == 0 ? convert_decimal128 : NULL;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (pairs[i].from == id && pairs[i].to == (kdb_kind)type.kind) {
            *ret_factor = pairs[i].factor;
            return pairs[i].convert;
        }
    }
    return NULL;
}
