// SPDX-License-Identifier: Apache-2.0
// Conversions between SQL types, with PostgreSQL's rules and messages.
//
// Two strengths, as in PostgreSQL: *assignment* (INSERT, UPDATE, implicit operands: numbers round,
// text of an UNKNOWN literal is parsed) and *explicit* (CAST, ::), which allows more pairs. Which
// pairs are allowed is decided when a statement is bound (kdb_cast_allowed); the conversion itself
// can still fail on the value (INVALID_VALUE for text that does not parse, OUT_OF_RANGE). Pure
// functions; any thread.
#ifndef KDB_TYPES_CAST_H
#define KDB_TYPES_CAST_H

#include "base/ctx.h"
#include "types/type.h"
#include "types/value.h"

typedef enum {
    KDB_CAST_IMPLICIT,   // operands and arguments find a common type
    KDB_CAST_ASSIGNMENT, // storing into a column
    KDB_CAST_EXPLICIT    // CAST(x AS t), x::t
} kdb_cast_strength;

// Whether a value of kind `from` may become `to` at this strength.
bool kdb_cast_allowed(kdb_kind from, kdb_kind to, kdb_cast_strength strength);

// Converts a value to `type`; NULL stays NULL of the new kind. New bytes go to the arena, text that
// only changes its kind is borrowed. DECIMAL to an integer rounds half away from zero, FLOAT and
// DOUBLE half to even, as in PostgreSQL. INVALID_VALUE or OUT_OF_RANGE for values that do not
// convert, TYPE_MISMATCH "cannot cast type x to y" for a pair that never does.
KDB_NODISCARD kdb_status kdb_cast(const kdb_value *value, struct kdb_ctx *ctx, kdb_type type,
                                  kdb_value *ret_value);

// PostgreSQL's input function: the value that `text` means for `type`. INVALID_VALUE "invalid input
// syntax for type integer: \"x\"", OUT_OF_RANGE "value \"x\" is out of range for type integer", …
// TEXT and JSON borrow `text` (JSON is checked and kept as written); FILE has no text form.
// DECIMAL of precision 0 and EMBEDDING of dimension 0 take what is written.
KDB_NODISCARD kdb_status kdb_value_parse(kdb_slice text, struct kdb_ctx *ctx, kdb_type type,
                                         kdb_value *ret_value);

// PostgreSQL's output function (what ::text gives): appends it. Booleans are true/false as the
// ::text cast prints them, floats shortest round-trip, timestamps "2026-05-04 10:00:00.5", DATETIME
// with +00, bytes \x…, intervals in IntervalStyle postgres.
void kdb_value_print(const kdb_value *value, struct kdb_buf *out);

#endif
