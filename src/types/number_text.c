// SPDX-License-Identifier: Apache-2.0
// Counting the digits of a number's text.
#include "types/number_text.h"

#define DIGITS_MAX 38

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool kdb_decimal_type_of(kdb_slice text, kdb_type *ret_type)
{
    size_t at = text.len > 0 && (text.data[0] == '-' || text.data[0] == '+') ? 1 : 0;
    while (at + 1 < text.len && text.data[at] == '0' && is_digit(text.data[at + 1]))
        at++;
    int64_t whole = 0;
    int64_t fraction = 0;
    size_t digits_at = at;
    for (; at < text.len && is_digit(text.data[at]); at++)
        whole++;
    if (whole == 1 && text.data[digits_at] == '0')
        whole = 0;
    size_t seen = at - digits_at;
    if (at < text.len && text.data[at] == '.') {
        for (at++; at < text.len && is_digit(text.data[at]); at++)
            fraction++;
    }
    if (seen == 0 && fraction == 0)
        return false;
    int64_t exponent = 0;
    if (at < text.len && (text.data[at] | 0x20) == 'e') {
        if (!kdb_slice_to_i64(kdb_slice_skip(text, at + 1), &exponent) || exponent > 1000 ||
            exponent < -1000)
            return false;
        at = text.len;
    }
    if (at != text.len)
        return false;
    whole = whole + exponent > 0 ? whole + exponent : 0;
    fraction = fraction - exponent > 0 ? fraction - exponent : 0;
    int64_t precision = whole + fraction > 0 ? whole + fraction : 1;
    if (precision > DIGITS_MAX)
        return false;
    *ret_type = (kdb_type){
        .kind = KDB_DECIMAL, .precision = (uint8_t)precision, .scale = (uint8_t)fraction};
    return true;
}
