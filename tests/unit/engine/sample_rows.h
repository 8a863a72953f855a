// SPDX-License-Identifier: Apache-2.0
// Seeded random values of every column type, shared by the engine's tests.
#ifndef KDB_TESTS_UNIT_ENGINE_SAMPLE_ROWS_H
#define KDB_TESTS_UNIT_ENGINE_SAMPLE_ROWS_H

#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "engine/row_source.h"
#include "types/value.h"

#define SAMPLE_COLUMNS 20

// One column of every kind that can be stored; decimals in each of DuckDB's four widths.
static const struct kdb_source_column sample_columns[SAMPLE_COLUMNS] = {
    {{"bool", 4}, {.kind = KDB_BOOLEAN}},
    {{"small", 5}, {.kind = KDB_SMALLINT}},
    {{"int", 3}, {.kind = KDB_INT}},
    {{"big", 3}, {.kind = KDB_BIGINT}},
    {{"double", 6}, {.kind = KDB_DOUBLE}},
    {{"float", 5}, {.kind = KDB_FLOAT}},
    {{"text", 4}, {.kind = KDB_TEXT}},
    {{"timestamp", 9}, {.kind = KDB_TIMESTAMP}},
    {{"date", 4}, {.kind = KDB_DATE}},
    {{"datetime", 8}, {.kind = KDB_DATETIME}},
    {{"time", 4}, {.kind = KDB_TIME}},
    {{"json", 4}, {.kind = KDB_JSON}},
    {{"bytes", 5}, {.kind = KDB_BYTES}},
    {{"embedding", 9}, {.kind = KDB_EMBEDDING, .dimension = 3}},
    {{"uuid", 4}, {.kind = KDB_UUID}},
    {{"decimal4", 8}, {.kind = KDB_DECIMAL, .precision = 4, .scale = 2}},
    {{"decimal9", 8}, {.kind = KDB_DECIMAL, .precision = 9, .scale = 0}},
    {{"decimal18", 9}, {.kind = KDB_DECIMAL, .precision = 18, .scale = 5}},
    {{"decimal38", 9}, {.kind = KDB_DECIMAL, .precision = 38, .scale = 10}},
    {{"file", 4}, {.kind = KDB_FILE}},
};

static inline kdb_slice sample_bytes(struct kdb_arena *arena, uint64_t *seed, bool is_text)
{
    size_t len = kdb_random_next(seed) % 30;
    char *bytes = kdb_arena_alloc(arena, len + 1);
    for (size_t i = 0; i < len; i++) {
        uint64_t random = kdb_random_next(seed);
        bytes[i] =
            (char)(is_text ? "abc'\"\\\n\t{}[],:;/ %_ \x7f"[random % 21] : (int)(random & 255));
    }
    return (kdb_slice){bytes, len};
}

static inline kdb_int128 sample_decimal(uint64_t *seed, uint8_t precision)
{
    kdb_int128 limit = 1;
    for (uint8_t i = 0; i < precision; i++)
        limit *= 10;
    kdb_uint128 random = (kdb_uint128)kdb_random_next(seed) << 64 | kdb_random_next(seed);
    kdb_int128 value = (kdb_int128)(random % (kdb_uint128)limit);
    return kdb_random_next(seed) % 2 ? value : -value;
}

// From 0001-01-01 to 9999-12-31.
static inline int64_t sample_day(uint64_t *seed)
{
    return (int64_t)(kdb_random_next(seed) % 3652059) - 719162;
}

static inline double sample_real(uint64_t *seed)
{
    double mantissa = (double)(int64_t)kdb_random_next(seed);
    static const double factors[] = {1, 1e-18, 1e-30, 1e10, 0};
    return mantissa * factors[kdb_random_next(seed) % 5];
}

static inline kdb_value sample_value(struct kdb_arena *arena, uint64_t *seed, kdb_type type)
{
    kdb_kind kind = (kdb_kind)type.kind;
    kdb_value value = {.kind = type.kind};
    uint64_t random = kdb_random_next(seed);
    if (kind == KDB_BOOLEAN)
        value.boolean = random % 2;
    else if (kind == KDB_SMALLINT)
        value.integer = (int16_t)random;
    else if (kind == KDB_INT)
        value.integer = (int32_t)random;
    else if (kind == KDB_BIGINT)
        value.integer = (int64_t)random;
    else if (kind == KDB_DOUBLE)
        value.real = sample_real(seed);
    else if (kind == KDB_FLOAT)
        value.real = (double)(float)sample_real(seed);
    else if (kind == KDB_DATE)
        value.integer = sample_day(seed);
    else if (kind == KDB_TIMESTAMP || kind == KDB_DATETIME)
        value.integer = sample_day(seed) * INT64_C(86400000000) + (int64_t)(random % 86400000000);
    else if (kind == KDB_TIME)
        value.integer = (int64_t)(random % 86400000000);
    else if (kind == KDB_UUID)
        memcpy(value.uuid, &(uint64_t[]){random, kdb_random_next(seed)}, sizeof(value.uuid));
    else if (kind == KDB_DECIMAL)
        value = kdb_value_decimal(sample_decimal(seed, type.precision), type.scale);
    else if (kind == KDB_EMBEDDING)
        value.bytes = kdb_arena_copy(
            arena, kdb_slice_of(&(float[]){1.5F, (float)sample_real(seed), -0.25F}, 12));
    else
        value.bytes = sample_bytes(arena, seed, kind != KDB_BYTES);
    return value;
}

// `row_count` rows of sample_columns, one value in eight NULL.
static inline struct kdb_value_rows sample_rows(struct kdb_arena *arena, uint64_t row_count)
{
    uint64_t seed = 20260504;
    kdb_value *values = kdb_arena_array(arena, row_count * SAMPLE_COLUMNS, sizeof(*values));
    for (uint64_t i = 0; i < row_count * SAMPLE_COLUMNS; i++) {
        kdb_type type = sample_columns[i % SAMPLE_COLUMNS].type;
        values[i] = kdb_random_next(&seed) % 8 == 0 ? kdb_value_null((kdb_kind)type.kind)
                                                    : sample_value(arena, &seed, type);
    }
    return (struct kdb_value_rows){values, row_count, SAMPLE_COLUMNS};
}

#endif
