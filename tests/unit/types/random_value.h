// SPDX-License-Identifier: Apache-2.0
// Seeded random types, values, schemas and rows, leaning to the edges of every kind.
#ifndef KDB_TESTS_UNIT_TYPES_RANDOM_VALUE_H
#define KDB_TESTS_UNIT_TYPES_RANDOM_VALUE_H

#include <math.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/civil.h"
#include "base/random.h"
#include "types/decimal.h"
#include "types/schema.h"
#include "types/value.h"

// A number below `limit`.
static inline uint64_t random_below(uint64_t *seed, uint64_t limit)
{
    return kdb_random_next(seed) % limit;
}

static const kdb_kind column_kinds[] = {
    KDB_BOOLEAN,   KDB_INT,  KDB_BIGINT,   KDB_DOUBLE,   KDB_FLOAT, KDB_TEXT,
    KDB_TIMESTAMP, KDB_DATE, KDB_DATETIME, KDB_TIME,     KDB_JSON,  KDB_BYTES,
    KDB_EMBEDDING, KDB_UUID, KDB_DECIMAL,  KDB_SMALLINT, KDB_FILE,
};

#define COLUMN_KIND_COUNT (sizeof(column_kinds) / sizeof(column_kinds[0]))

static inline kdb_type random_type(uint64_t *seed)
{
    kdb_type type = KDB_TYPE((uint8_t)column_kinds[random_below(seed, COLUMN_KIND_COUNT)]);
    if (type.kind == KDB_DECIMAL) {
        type.precision = (uint8_t)(1 + random_below(seed, KDB_DECIMAL_DIGITS));
        type.scale = (uint8_t)random_below(seed, type.precision + 1U);
    }
    if (type.kind == KDB_EMBEDDING)
        type.dimension = (uint16_t)(1 + random_below(seed, 9));
    return type;
}

// An integer of so many bits: an edge, a small one, or any.
static inline int64_t random_integer(uint64_t *seed, int bits)
{
    int64_t top = (int64_t)(UINT64_MAX >> (65 - bits));
    int64_t any = (int64_t)kdb_random_next(seed) >> (64 - bits);
    const int64_t choices[] = {0, 1, -1, top, -top - 1, any, any, any % 100, any % 100000};
    return choices[random_below(seed, sizeof(choices) / sizeof(choices[0]))];
}

static inline double random_double(uint64_t *seed)
{
    uint64_t bits = kdb_random_next(seed);
    double any;
    memcpy(&any, &bits, sizeof(any));
    const double choices[] = {0.0,
                              -0.0,
                              1.5,
                              -1.5,
                              (double)NAN,
                              HUGE_VAL,
                              -HUGE_VAL,
                              4.9e-324,
                              1e15,
                              any,
                              (double)random_integer(seed, 40)};
    return choices[random_below(seed, sizeof(choices) / sizeof(choices[0]))];
}

static inline kdb_int128 random_scaled(uint64_t *seed, int precision)
{
    kdb_int128 limit = kdb_decimal_power(1 + (int)random_below(seed, (uint64_t)precision));
    kdb_uint128 any = (kdb_uint128)kdb_random_next(seed) << 64 | kdb_random_next(seed);
    kdb_int128 magnitude =
        random_below(seed, 8) == 0 ? limit - 1 : (kdb_int128)(any % (kdb_uint128)limit);
    return random_below(seed, 2) ? magnitude : -magnitude;
}

// Up to 40 bytes, few different ones, so that prefixes and equal texts happen.
static inline kdb_slice random_bytes(uint64_t *seed, struct kdb_arena *arena)
{
    static const char alphabet[] = {'\0', '\x01', 'a', 'b', '\xFE', '\xFF'};
    size_t len = random_below(seed, 4) == 0 ? random_below(seed, 40) : random_below(seed, 4);
    char *bytes = kdb_arena_alloc(arena, len + 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = alphabet[random_below(seed, sizeof(alphabet))];
    return kdb_slice_of(bytes, len);
}

static inline kdb_slice random_embedding(uint64_t *seed, struct kdb_arena *arena, size_t dimension)
{
    float *numbers = kdb_arena_alloc(arena, dimension * sizeof(float));
    for (size_t i = 0; i < dimension; i++)
        numbers[i] = (float)random_integer(seed, 20) / 8;
    return kdb_slice_of(numbers, dimension * sizeof(float));
}

static inline int64_t random_integer_of(uint64_t *seed, kdb_kind kind)
{
    if (kind == KDB_SMALLINT)
        return random_integer(seed, 16);
    if (kind == KDB_INT || kind == KDB_DATE)
        return random_integer(seed, 32);
    if (kind == KDB_TIME)
        return (int64_t)random_below(seed, (uint64_t)KDB_US_PER_DAY + 1);
    return random_integer(seed, 64);
}

// A non-null value of a column type.
static inline kdb_value random_value(uint64_t *seed, struct kdb_arena *arena, kdb_type type)
{
    kdb_value value = {.kind = type.kind};
    switch ((kdb_kind)type.kind) {
    case KDB_BOOLEAN:
        value.boolean = random_below(seed, 2) == 1;
        return value;
    case KDB_SMALLINT:
    case KDB_INT:
    case KDB_BIGINT:
    case KDB_DATE:
    case KDB_TIME:
    case KDB_TIMESTAMP:
    case KDB_DATETIME:
        value.integer = random_integer_of(seed, type.kind);
        return value;
    case KDB_DOUBLE:
        value.real = random_double(seed);
        return value;
    case KDB_FLOAT:
        value.real = (double)(float)random_integer(seed, 24) / 16;
        return value;
    case KDB_DECIMAL:
        return kdb_value_decimal(random_scaled(seed, type.precision), type.scale);
    case KDB_UUID:
        for (size_t i = 0; i < sizeof(value.uuid); i++)
            value.uuid[i] = (uint8_t)(random_below(seed, 3) ? 0 : kdb_random_next(seed));
        return value;
    case KDB_TEXT:
    case KDB_JSON:
    case KDB_BYTES:
    case KDB_FILE:
        value.bytes = random_bytes(seed, arena);
        return value;
    case KDB_EMBEDDING:
        value.bytes = random_embedding(seed, arena, type.dimension);
        return value;
    case KDB_UNKNOWN:
    case KDB_INTERVAL:
    case KDB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}

// A schema of 1 to 20 columns with growing, not always dense ids.
static inline struct kdb_schema random_schema(uint64_t *seed, struct kdb_arena *arena)
{
    struct kdb_schema schema = {.version = (uint32_t)kdb_random_next(seed),
                                .column_count = 1 + (uint32_t)random_below(seed, 20)};
    schema.columns = kdb_arena_array(arena, schema.column_count, sizeof(*schema.columns));
    int32_t id = 0;
    for (uint32_t i = 0; i < schema.column_count; i++) {
        id += 1 + (int32_t)(random_below(seed, 5) == 0);
        schema.columns[i].id = id;
        schema.columns[i].name = kdb_arena_printf(arena, "c%d", (int)id);
        schema.columns[i].type = random_type(seed);
    }
    schema.key_index = (uint32_t)random_below(seed, schema.column_count);
    kdb_schema_finish(&schema, arena);
    return schema;
}

// One value per column, some NULL.
static inline kdb_value *random_values(uint64_t *seed, struct kdb_arena *arena,
                                       const struct kdb_schema *schema)
{
    kdb_value *values = kdb_arena_array(arena, schema->column_count, sizeof(*values));
    for (uint32_t i = 0; i < schema->column_count; i++) {
        kdb_type type = schema->columns[i].type;
        values[i] = random_below(seed, 4) == 0 ? kdb_value_null(type.kind)
                                               : random_value(seed, arena, type);
        values[i].scale = type.scale;
    }
    return values;
}

#endif
