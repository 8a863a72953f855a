// SPDX-License-Identifier: Apache-2.0
// What double_text.c takes from the C++ standard library: plain types, readable as C and as C++.
#ifndef KDB_BASE_DOUBLE_TEXT_PRIV_H
#define KDB_BASE_DOUBLE_TEXT_PRIV_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// d[.ddd]e[+-]dd, the shortest that reads back; returns its length, at most 24.
size_t base_double_write(double value, char *out, size_t size);
size_t base_float_write(float value, char *out, size_t size);

// 0: read; 1: malformed or trailing bytes; 2: out of range, `ret_value` untouched.
int base_double_read(const char *data, size_t len, double *ret_value);

#ifdef __cplusplus
}
#endif

#endif
