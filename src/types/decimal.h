// SPDX-License-Identifier: Apache-2.0
// DECIMAL arithmetic: a 128-bit integer scaled by a power of ten, at most 38 digits.
//
// Values are kdb_value of kind DECIMAL (never NULL here), each with its own scale. Results have
// PostgreSQL's scale: the larger one for +, - and %, the sum for *. What needs more than 38 digits
// is OUT_OF_RANGE, never a wrong number. Pure functions; any thread.
#ifndef KDB_TYPES_DECIMAL_H
#define KDB_TYPES_DECIMAL_H

#include "base/buf.h"
#include "base/ctx.h"
#include "types/value.h"

#define KDB_DECIMAL_DIGITS 38

// Room for any decimal of at most 38 digits as text: sign, a zero before the point, the point, 38
// digits.
#define KDB_DECIMAL_TEXT_BYTES 41

typedef enum {
    KDB_ROUND_HALF_AWAY, // 2.5 -> 3, -2.5 -> -3: round(), assignment
    KDB_ROUND_TO_ZERO,   // trunc()
    KDB_ROUND_DOWN,      // floor()
    KDB_ROUND_UP         // ceil()
} kdb_rounding;

// 10^exponent for 0..38.
kdb_int128 kdb_decimal_power(int exponent);

// True when |scaled| has at most `precision` digits (0..38).
bool kdb_decimal_fits(kdb_int128 scaled, int precision);

// PostgreSQL's numeric input. With a precision in `type` the number is rounded to its scale and
// must fit (OUT_OF_RANGE "numeric field overflow…"); without, it keeps the scale it is written
// with. NaN and infinities are INVALID_VALUE.
KDB_NODISCARD kdb_status kdb_decimal_parse(kdb_slice text, struct kdb_ctx *ctx, kdb_type type,
                                           kdb_value *ret_value);

// Writes the number with exactly `scale` fraction digits (0..38), without NUL; returns its length.
// |scaled| < 10^38.
size_t kdb_decimal_format(kdb_int128 scaled, int scale, char out[KDB_DECIMAL_TEXT_BYTES]);

// As kdb_decimal_format, appended.
void kdb_decimal_print(kdb_int128 scaled, int scale, struct kdb_buf *out);

// The value as DECIMAL(precision,scale) of `type`, rounded half away from zero. Precision 0 changes
// nothing.
KDB_NODISCARD kdb_status kdb_decimal_convert(const kdb_value *value, struct kdb_ctx *ctx,
                                             kdb_type type, kdb_value *ret_value);

// The value with `scale` fraction digits (at most 38); a negative scale rounds before the point and
// gives scale 0.
KDB_NODISCARD kdb_status kdb_decimal_round(const kdb_value *value, struct kdb_ctx *ctx, int scale,
                                           kdb_rounding rounding, kdb_value *ret_value);

// Sum, difference and product. OUT_OF_RANGE beyond 38 digits; a product keeps at most 38 fraction
// digits.
KDB_NODISCARD kdb_status kdb_decimal_add(const kdb_value *a, struct kdb_ctx *ctx,
                                         const kdb_value *b, kdb_value *ret_value);
KDB_NODISCARD kdb_status kdb_decimal_subtract(const kdb_value *a, struct kdb_ctx *ctx,
                                              const kdb_value *b, kdb_value *ret_value);
KDB_NODISCARD kdb_status kdb_decimal_multiply(const kdb_value *a, struct kdb_ctx *ctx,
                                              const kdb_value *b, kdb_value *ret_value);

// The remainder, with the sign of `a`. DIVISION_BY_ZERO.
KDB_NODISCARD kdb_status kdb_decimal_modulo(const kdb_value *a, struct kdb_ctx *ctx,
                                            const kdb_value *b, kdb_value *ret_value);

// Order of two decimals of any scale: <0, 0, >0.
int kdb_decimal_compare(kdb_int128 a, int a_scale, kdb_int128 b, int b_scale);

// The nearest double.
double kdb_decimal_to_double(kdb_int128 scaled, int scale);

// A double or float as PostgreSQL casts it: `digits` significant digits (15 for DOUBLE, 6 for
// FLOAT), then as kdb_decimal_parse. NaN and infinities are INVALID_VALUE.
KDB_NODISCARD kdb_status kdb_decimal_from_double(double number, struct kdb_ctx *ctx, int digits,
                                                 kdb_type type, kdb_value *ret_value);

#endif
