// SPDX-License-Identifier: Apache-2.0
// FLOAT and DOUBLE as PostgreSQL reads and prints them. Any thread.
#ifndef KDB_TYPES_REAL_TEXT_H
#define KDB_TYPES_REAL_TEXT_H

#include "base/buf.h"
#include "base/ctx.h"
#include "types/value.h"

// The longest output: sign, 17 digits, point, zeros after it, exponent.
#define KDB_REAL_TEXT_BYTES 32

// The fewest digits that read back, without an exponent from 1e-4 up to 1e15 (FLOAT: 1e6), else as
// 1e+20; "NaN", "Infinity", "-Infinity".
void kdb_double_print(double number, struct kdb_buf *out);
void kdb_float_print(float number, struct kdb_buf *out);

// Reads a number, "NaN", "inf" or "infinity" with blanks around it, for DOUBLE or FLOAT.
// INVALID_VALUE, OUT_OF_RANGE
// ("1e400" is out of range for type double precision).
KDB_NODISCARD kdb_status kdb_real_parse(kdb_slice text, struct kdb_ctx *ctx, kdb_kind kind,
                                        double *ret_number);

#endif
