// SPDX-License-Identifier: Apache-2.0
// Floating point numbers and decimal text: shortest digits out, correctly rounded numbers in.
//
// How the digits are laid out (JSON, SQL text) is the caller's business. Independent of the locale.
// Any thread.
#ifndef KDB_BASE_DOUBLE_TEXT_H
#define KDB_BASE_DOUBLE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/slice.h"

#define KDB_DIGITS_MAX 17

// The decimal number d.ddd x 10^exponent with the fewest digits that reads back as the same number;
// zero is "0" with exponent 0. The sign is not part of it.
struct kdb_digits {
    char text[KDB_DIGITS_MAX]; // not NUL-terminated, no trailing zeros
    int count;                 // digits in `text`, at least 1
    int exponent;              // power of ten of the first digit
};

// The digits of a finite number's magnitude; NaN and infinities are an assert.
void kdb_double_digits(double value, struct kdb_digits *ret_digits);

// As kdb_double_digits, but the fewest digits that read back as the same 32-bit float.
void kdb_float_digits(float value, struct kdb_digits *ret_digits);

// Writes the digits with the point where the exponent says, zeros filled in on either side; a whole
// number has no point. `out` has room for them all: KDB_DIGITS_MAX + |exponent| + 2 bytes, no NUL
// is written. How many bytes it took.
size_t kdb_digits_plain(const struct kdb_digits *digits, char *out);

// Reads [-]digits[.digits][e[+-]digits] filling the whole slice, rounded to nearest even. False for
// anything else (blanks, a leading '+', "inf", hexadecimal). What is too large becomes an infinity,
// what is too small a zero of the right sign: the caller decides whether that is an error.
KDB_NODISCARD bool kdb_double_parse(kdb_slice text, double *ret_value);

#endif
