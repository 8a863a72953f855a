// SPDX-License-Identifier: Apache-2.0
// SQL types: what a column or an expression holds.
//
// The list is the contract's type table; INTERVAL and UNKNOWN exist only inside expressions
// (UNKNOWN is PostgreSQL's type of an undecorated string literal, parameter or NULL). A kdb_type is
// a plain value. Any thread.
#ifndef KDB_TYPES_TYPE_H
#define KDB_TYPES_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

typedef enum {
    KDB_UNKNOWN = 0,
    KDB_BOOLEAN = 1,
    KDB_INT = 2,
    KDB_BIGINT = 3,
    KDB_DOUBLE = 4,
    KDB_FLOAT = 5,
    KDB_TEXT = 6,
    KDB_TIMESTAMP = 7, // microseconds since 1970, no zone
    KDB_DATE = 8,      // days since 1970
    KDB_DATETIME = 9,  // microseconds since 1970, UTC (PostgreSQL's timestamptz)
    KDB_TIME = 10,     // microseconds of the day
    KDB_JSON = 11,
    KDB_BYTES = 12,
    KDB_EMBEDDING = 13,
    KDB_UUID = 14,
    KDB_DECIMAL = 15,
    KDB_SMALLINT = 16,
    KDB_FILE = 17,
    KDB_INTERVAL = 18, // expressions only
    KDB_KIND_COUNT
} kdb_kind; // the numbers are the persistent type tags of the contract: never change one

// The largest n of EMBEDDING(n).
#define KDB_DIMENSION_MAX 8192

typedef struct {
    uint8_t kind;       // kdb_kind
    uint8_t precision;  // DECIMAL: 1..38; 0 in expressions: a value keeps the scale it has
    uint8_t scale;      // DECIMAL: 0..precision
    uint16_t dimension; // EMBEDDING: 1..KDB_DIMENSION_MAX
} kdb_type;

#define KDB_TYPE(kind_) ((kdb_type){.kind = (kind_)})

static inline bool kdb_type_equal(kdb_type a, kdb_type b)
{
    return a.kind == b.kind && a.precision == b.precision && a.scale == b.scale &&
           a.dimension == b.dimension;
}

static inline bool kdb_kind_is_integer(kdb_kind kind)
{
    return kind == KDB_SMALLINT || kind == KDB_INT || kind == KDB_BIGINT;
}

static inline bool kdb_kind_is_numeric(kdb_kind kind)
{
    return kdb_kind_is_integer(kind) || kind == KDB_DECIMAL || kind == KDB_FLOAT ||
           kind == KDB_DOUBLE;
}

// True when the value lives in kdb_value.bytes (text, JSON, bytes, file reference, embedding).
static inline bool kdb_kind_is_variable(kdb_kind kind)
{
    return kind == KDB_TEXT || kind == KDB_JSON || kind == KDB_BYTES || kind == KDB_FILE ||
           kind == KDB_EMBEDDING || kind == KDB_UNKNOWN;
}

// True for kinds a table column may have: all but INTERVAL and UNKNOWN.
static inline bool kdb_kind_is_column(kdb_kind kind)
{
    return kind != KDB_UNKNOWN && kind != KDB_INTERVAL && kind < KDB_KIND_COUNT;
}

// The wire's data_type as JSON: "BigInt", {"Decimal":{"precision":10,"scale":2}}, … UNKNOWN is sent
// as "Text", INTERVAL as "Text".
void kdb_type_write_wire(struct kdb_buf *out, kdb_type type);

// The SQL spelling used by DESCRIBE, information_schema and error messages: BIGINT, DECIMAL(10,2),
// EMBEDDING(3), … INTERVAL and UNKNOWN print in lower case as PostgreSQL names them. Lives in the
// arena or is static.
kdb_slice kdb_type_sql(struct kdb_arena *arena, kdb_type type);

// PostgreSQL's name of the type, for error messages that quote operators and functions ("integer",
// "text", "timestamp without time zone"). Static.
const char *kdb_kind_name(kdb_kind kind);

// The type a SQL type name stands for (any spelling of the contract's table, any case; `name` is
// one word or words joined by single blanks, e.g. "double precision"). `args`: the numbers in
// parentheses, `arg_count` of them. Serial spellings give their integer type and set
// *ret_is_serial. INTERVAL is known too, for casts: whoever declares a column checks
// kdb_kind_is_column. False when the name is no type; *ret_why (static text) then says why when the
// name was known but its numbers are not allowed, else NULL.
bool kdb_type_from_sql(kdb_slice name, const int64_t *args, int arg_count, kdb_type *ret_type,
                       bool *ret_is_serial, const char **ret_why);

#endif
