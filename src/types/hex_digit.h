// SPDX-License-Identifier: Apache-2.0
// One hexadecimal digit, for the UUID and bytes input functions. Any thread.
#ifndef KDB_TYPES_HEX_DIGIT_H
#define KDB_TYPES_HEX_DIGIT_H

// 0..15, or -1 when `c` is no hexadecimal digit.
static inline int kdb_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

#endif
