// SPDX-License-Identifier: Apache-2.0
// Splitting scientific notation into digits, and the cases std::from_chars leaves open.
#include "base/double_text.h"

#include <math.h>

#include "base/assert.h"
#include "base/double_text_priv.h"

// Longer than any shortest scientific notation of a double.
#define SCIENTIFIC_BYTES 32

static void split(const char *text, size_t len, struct kdb_digits *ret_digits)
{
    size_t at = 0;
    int count = 0;
    for (; at < len && text[at] != 'e'; at++) {
        if (text[at] != '.')
            ret_digits->text[count++] = text[at];
    }
    KDB_ASSERT(count > 0 && at + 2 < len);
    bool is_negative = text[at + 1] == '-';
    int exponent = 0;
    for (at += 2; at < len; at++)
        exponent = exponent * 10 + (text[at] - '0');
    ret_digits->count = count;
    ret_digits->exponent = is_negative ? -exponent : exponent;
}

void kdb_double_digits(double value, struct kdb_digits *ret_digits)
{
    KDB_ASSERT(isfinite(value));
    char text[SCIENTIFIC_BYTES];
    split(text, base_double_write(fabs(value), text, sizeof(text)), ret_digits);
}

void kdb_float_digits(float value, struct kdb_digits *ret_digits)
{
    KDB_ASSERT(isfinite(value));
    char text[SCIENTIFIC_BYTES];
    split(text, base_float_write(fabsf(value), text, sizeof(text)), ret_digits);
}

size_t kdb_digits_plain(const struct kdb_digits *digits, char *out)
{
    size_t len = 0;
    if (digits->exponent < 0) {
        out[len++] = '0';
        out[len++] = '.';
        for (int i = -1; i > digits->exponent; i--)
            out[len++] = '0';
    }
    for (int i = 0; i < digits->count; i++) {
        out[len++] = digits->text[i];
        if (i == digits->exponent && i + 1 < digits->count)
            out[len++] = '.';
    }
    for (int i = digits->count; i <= digits->exponent; i++)
        out[len++] = '0';
    return len;
}

// The exponent part of a well-formed number, far-off values cut to +-1e9.
static int64_t written_exponent(kdb_slice digits)
{
    bool is_negative = digits.data[0] == '-';
    if (is_negative || digits.data[0] == '+')
        digits = kdb_slice_skip(digits, 1);
    int64_t value = 0;
    for (size_t i = 0; i < digits.len && value < 1000000000; i++)
        value = value * 10 + (digits.data[i] - '0');
    return is_negative ? -value : value;
}

// Whether a well-formed number that fits no double is too large rather than too small: the sign of
// the power of ten of its first significant digit.
static bool is_too_large(kdb_slice text)
{
    int64_t before_point = 0;
    int64_t leading_zeros = 0;
    bool seen_point = false;
    bool seen_digit = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == 'e' || c == 'E') {
            int64_t power = seen_digit && before_point > 0 ? before_point : -leading_zeros;
            return power + written_exponent(kdb_slice_skip(text, i + 1)) > 0;
        }
        if (c == '.')
            seen_point = true;
        else if (c != '0' && c != '-')
            seen_digit = true;
        if (seen_digit && !seen_point)
            before_point++;
        if (!seen_digit && seen_point && c == '0')
            leading_zeros++;
    }
    return before_point > 0;
}

bool kdb_double_parse(kdb_slice text, double *ret_value)
{
    kdb_slice magnitude = text.len > 0 && text.data[0] == '-' ? kdb_slice_skip(text, 1) : text;
    if (magnitude.len == 0 || magnitude.data[0] < '0' || magnitude.data[0] > '9')
        return false;
    double value = 0;
    int outcome = base_double_read(magnitude.data, magnitude.len, &value);
    if (outcome == 1)
        return false;
    if (outcome == 2)
        value = is_too_large(magnitude) ? HUGE_VAL : 0;
    *ret_value = text.data[0] == '-' ? -value : value;
    return true;
}
