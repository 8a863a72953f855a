// SPDX-License-Identifier: Apache-2.0
// Counting the digits of a number's text.
#include "types/number_text.h"

#define DIGITS_MAX   38
#define EXPONENT_MAX 1000

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Steps over digits from `at` on; returns the place behind them.
static size_t skip_digits(kdb_slice text, size_t at)
{
    while (at < text.len && is_digit(text.data[at]))
        at++;
    return at;
}

// The exponent that the rest of a number is: 0 for no rest. False for anything else, and beyond
// what could matter.
static bool read_exponent(kdb_slice rest, int64_t *ret_exponent)
{
    if (rest.len == 0)
        return true;
    return (rest.data[0] | 0x20) == 'e' &&
           kdb_slice_to_i64(kdb_slice_skip(rest, 1), ret_exponent) &&
           *ret_exponent <= EXPONENT_MAX && *ret_exponent >= -EXPONENT_MAX;
}

static int64_t positive(int64_t count)
{
    return count > 0 ? count : 0;
}

bool kdb_decimal_type_of(kdb_slice text, kdb_type *ret_type)
{
    size_t at = text.len > 0 && (text.data[0] == '-' || text.data[0] == '+') ? 1 : 0;
    while (at + 1 < text.len && text.data[at] == '0' && is_digit(text.data[at + 1]))
        at++;
    size_t point = skip_digits(text, at);
    size_t end = point;
    if (point < text.len && text.data[point] == '.')
        end = skip_digits(text, point + 1);
    int64_t whole = (int64_t)(point - at);
    int64_t fraction = end > point ? (int64_t)(end - point) - 1 : 0;
    int64_t exponent = 0;
    if ((whole == 0 && fraction == 0) || !read_exponent(kdb_slice_skip(text, end), &exponent))
        return false;
    if (whole == 1 && text.data[at] == '0')
        whole = 0;
    whole = positive(whole + exponent);
    fraction = positive(fraction - exponent);
    int64_t precision = whole + fraction > 0 ? whole + fraction : 1;
    if (precision > DIGITS_MAX)
        return false;
    *ret_type = (kdb_type){
        .kind = KDB_DECIMAL, .precision = (uint8_t)precision, .scale = (uint8_t)fraction};
    return true;
}
