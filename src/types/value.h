// SPDX-License-Identifier: Apache-2.0
// One SQL value: a tagged scalar of 32 bytes, passed by pointer, copied by assignment.
//
// Variable-length content is borrowed (`bytes`): from the row, the request arena or the plan;
// whoever keeps a value longer copies it with kdb_value_copy. Any thread.
#ifndef KDB_TYPES_VALUE_H
#define KDB_TYPES_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/slice.h"
#include "types/type.h"

// A span of time in PostgreSQL's three parts, which do not convert into each other.
struct kdb_interval {
    int64_t micros;
    int32_t days;
    int32_t months;
};

typedef struct {
    union {
        bool boolean;                 // BOOLEAN
        int64_t integer;              // SMALLINT INT BIGINT DATE TIME TIMESTAMP DATETIME
        double real;                  // FLOAT (holds an exact f32) DOUBLE
        kdb_int128 decimal;           // DECIMAL, scaled by 10^scale
        kdb_slice bytes;              // TEXT JSON BYTES FILE UNKNOWN; EMBEDDING: little-endian f32s
        uint8_t uuid[16];             // UUID
        struct kdb_interval interval; // INTERVAL
    };
    uint8_t kind;  // kdb_kind, also set when null
    uint8_t scale; // DECIMAL
    bool is_null;
} kdb_value;

static inline kdb_value kdb_value_null(kdb_kind kind)
{
    return (kdb_value){.kind = (uint8_t)kind, .is_null = true};
}

static inline kdb_value kdb_value_bool(bool value)
{
    return (kdb_value){.boolean = value, .kind = KDB_BOOLEAN};
}

// For SMALLINT INT BIGINT DATE TIME TIMESTAMP DATETIME.
static inline kdb_value kdb_value_int(kdb_kind kind, int64_t value)
{
    return (kdb_value){.integer = value, .kind = (uint8_t)kind};
}

static inline kdb_value kdb_value_double(double value)
{
    return (kdb_value){.real = value, .kind = KDB_DOUBLE};
}

static inline kdb_value kdb_value_bytes(kdb_kind kind, kdb_slice bytes)
{
    return (kdb_value){.bytes = bytes, .kind = (uint8_t)kind};
}

static inline kdb_value kdb_value_decimal(kdb_int128 value, int scale)
{
    return (kdb_value){.decimal = value, .kind = KDB_DECIMAL, .scale = (uint8_t)scale};
}

// The value with its bytes copied into the arena.
kdb_value kdb_value_copy(struct kdb_arena *arena, const kdb_value *value);

// PostgreSQL's order of two non-null values of the same kind (decimals of any scale): <0, 0, >0.
// Text by bytes, -0 = 0, NaN above everything and equal to itself, intervals by their
// 30-day/24-hour length, JSON as text.
int kdb_value_compare(const kdb_value *a, const kdb_value *b);

// Equality and hash that agree with kdb_value_compare; nulls are equal to each other here
// (grouping, DISTINCT).
bool kdb_value_same(const kdb_value *a, const kdb_value *b);
uint64_t kdb_value_hash(const kdb_value *value);

// Appends the wire's JSON cell (contract: value encoding): BIGINT and DECIMAL as strings,
// timestamps as microseconds, bytes as an array of numbers, NULL as null. This is the one place
// where values become JSON. NaN and infinities have no JSON form: nothing is appended and
// INVALID_VALUE is raised.
KDB_NODISCARD kdb_status kdb_value_write_json(const kdb_value *value, struct kdb_ctx *ctx,
                                              struct kdb_buf *out);

#endif
