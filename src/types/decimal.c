// SPDX-License-Identifier: Apache-2.0
// Scaled 128-bit arithmetic with every overflow caught.
//
// Products are formed unsigned: the compilers' checked signed 128-bit multiplication needs a
// run-time function that not every one of them links.
#include "types/decimal.h"

#include <math.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/double_text.h"

#define E19 10000000000000000000U // the largest power of ten in 64 bits

#define POWER_LOW(e)  ((kdb_int128)(e))
#define POWER_HIGH(e) ((kdb_int128)((kdb_uint128)E19 * (e)))

static const kdb_int128 powers[KDB_DECIMAL_DIGITS + 1] = {
    POWER_LOW(1U),
    POWER_LOW(10U),
    POWER_LOW(100U),
    POWER_LOW(1000U),
    POWER_LOW(10000U),
    POWER_LOW(100000U),
    POWER_LOW(1000000U),
    POWER_LOW(10000000U),
    POWER_LOW(100000000U),
    POWER_LOW(1000000000U),
    POWER_LOW(10000000000U),
    POWER_LOW(100000000000U),
    POWER_LOW(1000000000000U),
    POWER_LOW(10000000000000U),
    POWER_LOW(100000000000000U),
    POWER_LOW(1000000000000000U),
    POWER_LOW(10000000000000000U),
    POWER_LOW(100000000000000000U),
    POWER_LOW(1000000000000000000U),
    POWER_LOW(E19),
    POWER_HIGH(10U),
    POWER_HIGH(100U),
    POWER_HIGH(1000U),
    POWER_HIGH(10000U),
    POWER_HIGH(100000U),
    POWER_HIGH(1000000U),
    POWER_HIGH(10000000U),
    POWER_HIGH(100000000U),
    POWER_HIGH(1000000000U),
    POWER_HIGH(10000000000U),
    POWER_HIGH(100000000000U),
    POWER_HIGH(1000000000000U),
    POWER_HIGH(10000000000000U),
    POWER_HIGH(100000000000000U),
    POWER_HIGH(1000000000000000U),
    POWER_HIGH(10000000000000000U),
    POWER_HIGH(100000000000000000U),
    POWER_HIGH(1000000000000000000U),
    POWER_HIGH(E19),
};

kdb_int128 kdb_decimal_power(int exponent)
{
    KDB_ASSERT(exponent >= 0 && exponent <= KDB_DECIMAL_DIGITS);
    return powers[exponent];
}

bool kdb_decimal_fits(kdb_int128 scaled, int precision)
{
    kdb_int128 limit = kdb_decimal_power(precision);
    return scaled < limit && scaled > -limit;
}

static kdb_uint128 magnitude_of(kdb_int128 value)
{
    return value < 0 ? -(kdb_uint128)value : (kdb_uint128)value;
}

static kdb_int128 with_sign(kdb_uint128 magnitude, bool is_negative)
{
    return is_negative ? -(kdb_int128)magnitude : (kdb_int128)magnitude;
}

static kdb_status fail_digits(struct kdb_ctx *ctx)
{
    return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE,
                    "value overflows numeric format: more than %d digits", KDB_DECIMAL_DIGITS);
}

static kdb_status fail_field(struct kdb_ctx *ctx, kdb_type type)
{
    return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE,
                    "numeric field overflow: a field with precision %d, scale %d must round to an "
                    "absolute value less than %s%d",
                    type.precision, type.scale, type.precision == type.scale ? "" : "10^",
                    type.precision == type.scale ? 1 : type.precision - type.scale);
}

// a * b, false when the product has more than 38 digits.
static bool multiply(kdb_uint128 a, kdb_uint128 b, kdb_uint128 *ret_product)
{
    kdb_uint128 limit = (kdb_uint128)powers[KDB_DECIMAL_DIGITS];
    if ((a | b) >> 63 != 0 && a != 0 && b >= (limit + a - 1) / a)
        return false;
    kdb_uint128 product = a * b;
    if (product >= limit)
        return false;
    *ret_product = product;
    return true;
}

// A number as written: [-] whole . fraction e exponent.
struct written {
    kdb_slice whole;
    kdb_slice fraction;
    int64_t exponent;
    bool is_negative;
};

static int digit_at(const struct written *number, int64_t index)
{
    size_t at = (size_t)index;
    char c = at < number->whole.len ? number->whole.data[at]
                                    : number->fraction.data[at - number->whole.len];
    return c - '0';
}

static int64_t digit_count(const struct written *number)
{
    return (int64_t)(number->whole.len + number->fraction.len);
}

// The digits up to the position where `scale` ends, rounded half away from zero; false beyond 38
// digits.
static bool accumulate(const struct written *number, int scale, kdb_uint128 *ret_magnitude)
{
    int64_t count = digit_count(number);
    int64_t kept = (int64_t)number->whole.len + number->exponent + scale;
    const kdb_uint128 limit = (kdb_uint128)powers[KDB_DECIMAL_DIGITS];
    kdb_uint128 magnitude = 0;
    for (int64_t i = 0; i < kept && i < count; i++) {
        if (magnitude >= limit / 10)
            return false;
        magnitude = magnitude * 10 + (unsigned)digit_at(number, i);
    }
    if (kept > count && magnitude != 0) {
        if (kept - count > KDB_DECIMAL_DIGITS ||
            !multiply(magnitude, (kdb_uint128)powers[kept - count], &magnitude))
            return false;
    }
    if (kept >= 0 && kept < count && digit_at(number, kept) >= 5)
        magnitude++;
    if (magnitude >= limit)
        return false;
    *ret_magnitude = magnitude;
    return true;
}

// The scale a number is written with; digits that are all zeros beyond 38 do not count.
static kdb_status written_scale(const struct written *number, struct kdb_ctx *ctx, int *ret_scale)
{
    int64_t scale = (int64_t)number->fraction.len - number->exponent;
    if (scale < 0)
        scale = 0;
    if (scale > KDB_DECIMAL_DIGITS) {
        int64_t kept = (int64_t)number->whole.len + number->exponent + KDB_DECIMAL_DIGITS;
        for (int64_t i = kept < 0 ? 0 : kept; i < digit_count(number); i++) {
            if (digit_at(number, i) != 0)
                return fail_digits(ctx);
        }
        scale = KDB_DECIMAL_DIGITS;
    }
    *ret_scale = (int)scale;
    return KDB_OK;
}

static kdb_status from_written(const struct written *number, struct kdb_ctx *ctx, kdb_type type,
                               kdb_value *ret_value)
{
    int scale = type.scale;
    if (type.precision == 0)
        KDB_TRY(written_scale(number, ctx, &scale));
    kdb_uint128 magnitude = 0;
    bool is_whole = accumulate(number, scale, &magnitude);
    if (type.precision == 0 && !is_whole)
        return fail_digits(ctx);
    if (type.precision != 0 && (!is_whole || magnitude >= (kdb_uint128)powers[type.precision]))
        return fail_field(ctx, type);
    *ret_value = kdb_value_decimal(with_sign(magnitude, number->is_negative), scale);
    return KDB_OK;
}

static kdb_slice take_digits(kdb_slice *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->data[len] >= '0' && rest->data[len] <= '9')
        len++;
    kdb_slice digits = {rest->data, len};
    *rest = kdb_slice_skip(*rest, len);
    return digits;
}

static bool take_sign(kdb_slice *rest)
{
    bool is_negative = rest->len > 0 && rest->data[0] == '-';
    if (is_negative || (rest->len > 0 && rest->data[0] == '+'))
        *rest = kdb_slice_skip(*rest, 1);
    return is_negative;
}

// e[+-]digits; far-off exponents are cut, their numbers are out of range (or zero) anyway.
static bool take_exponent(kdb_slice *rest, int64_t *ret_exponent)
{
    *rest = kdb_slice_skip(*rest, 1);
    bool is_negative = take_sign(rest);
    kdb_slice digits = take_digits(rest);
    int64_t exponent = 0;
    for (size_t i = 0; i < digits.len && exponent < 1000000000; i++)
        exponent = exponent * 10 + (digits.data[i] - '0');
    *ret_exponent = is_negative ? -exponent : exponent;
    return digits.len > 0;
}

static bool scan(kdb_slice text, struct written *ret_number)
{
    kdb_slice rest = kdb_slice_trim(text);
    struct written number = {.is_negative = take_sign(&rest)};
    number.whole = take_digits(&rest);
    if (rest.len > 0 && rest.data[0] == '.') {
        rest = kdb_slice_skip(rest, 1);
        number.fraction = take_digits(&rest);
    }
    if (digit_count(&number) == 0)
        return false;
    if (rest.len > 0 && (rest.data[0] == 'e' || rest.data[0] == 'E') &&
        !take_exponent(&rest, &number.exponent))
        return false;
    *ret_number = number;
    return rest.len == 0;
}

static bool is_special(kdb_slice text)
{
    kdb_slice word = kdb_slice_trim(text);
    (void)take_sign(&word);
    return kdb_slice_equal_nocase(word, KDB_LIT("nan")) ||
           kdb_slice_equal_nocase(word, KDB_LIT("inf")) ||
           kdb_slice_equal_nocase(word, KDB_LIT("infinity"));
}

static kdb_status fail_special(struct kdb_ctx *ctx)
{
    return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "type numeric cannot hold NaN or infinity");
}

kdb_status kdb_decimal_parse(kdb_slice text, struct kdb_ctx *ctx, kdb_type type,
                             kdb_value *ret_value)
{
    struct written number;
    if (scan(text, &number))
        return from_written(&number, ctx, type, ret_value);
    if (is_special(text))
        return fail_special(ctx);
    return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "invalid input syntax for type numeric: \"%.*s\"",
                    KDB_ARG(text));
}

// Digits of `value` ending before `end`; returns where they begin.
static char *put_digits(uint64_t value, char *end)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    return end;
}

size_t kdb_decimal_format(kdb_int128 scaled, int scale, char out[KDB_DECIMAL_TEXT_BYTES])
{
    KDB_ASSERT(scale >= 0 && scale <= KDB_DECIMAL_DIGITS);
    char digits[KDB_DECIMAL_DIGITS + 1];
    char *end = digits + sizeof(digits);
    char *at = end;
    kdb_uint128 rest = magnitude_of(scaled);
    KDB_ASSERT(rest < (kdb_uint128)powers[KDB_DECIMAL_DIGITS]);
    if (rest >> 64 != 0) {
        at = put_digits((uint64_t)(rest % E19), at);
        while (at > end - 19)
            *--at = '0';
        rest /= E19;
    }
    at = put_digits((uint64_t)rest, at);
    while (end - at <= scale)
        *--at = '0';
    size_t whole = (size_t)(end - at) - (size_t)scale;
    size_t len = 0;
    if (scaled < 0)
        out[len++] = '-';
    memcpy(out + len, at, whole);
    len += whole;
    if (scale > 0) {
        out[len++] = '.';
        memcpy(out + len, at + whole, (size_t)scale);
        len += (size_t)scale;
    }
    return len;
}

void kdb_decimal_print(kdb_int128 scaled, int scale, struct kdb_buf *out)
{
    char text[KDB_DECIMAL_TEXT_BYTES];
    kdb_buf_append(out, text, kdb_decimal_format(scaled, scale, text));
}

// value / 10^drop with rounding; 0 <= drop.
static kdb_int128 drop_digits(kdb_int128 value, int drop, kdb_rounding rounding)
{
    kdb_int128 power = drop <= KDB_DECIMAL_DIGITS ? powers[drop] : 0;
    kdb_int128 quotient = power != 0 ? value / power : 0;
    kdb_int128 remainder = power != 0 ? value % power : value;
    switch (rounding) {
    case KDB_ROUND_HALF_AWAY:
        if (power != 0 && magnitude_of(remainder) >= (kdb_uint128)power / 2 && power > 1)
            quotient += value < 0 ? -1 : 1;
        break;
    case KDB_ROUND_TO_ZERO:
        break;
    case KDB_ROUND_DOWN:
        quotient -= remainder < 0;
        break;
    case KDB_ROUND_UP:
        quotient += remainder > 0;
        break;
    }
    return quotient;
}

// The value at another scale, false beyond 38 digits.
static bool rescale(kdb_int128 value, int from, int to, kdb_int128 *ret_value)
{
    kdb_uint128 magnitude = 0;
    if (to <= from) {
        *ret_value = drop_digits(value, from - to, KDB_ROUND_HALF_AWAY);
        return true;
    }
    if (!multiply(magnitude_of(value), (kdb_uint128)powers[to - from], &magnitude))
        return false;
    *ret_value = with_sign(magnitude, value < 0);
    return true;
}

kdb_status kdb_decimal_convert(const kdb_value *value, struct kdb_ctx *ctx, kdb_type type,
                               kdb_value *ret_value)
{
    kdb_int128 scaled = value->decimal;
    if (type.precision == 0) {
        *ret_value = *value;
        return KDB_OK;
    }
    if (!rescale(value->decimal, value->scale, type.scale, &scaled) ||
        !kdb_decimal_fits(scaled, type.precision))
        return fail_field(ctx, type);
    *ret_value = kdb_value_decimal(scaled, type.scale);
    return KDB_OK;
}

kdb_status kdb_decimal_round(const kdb_value *value, struct kdb_ctx *ctx, int scale,
                             kdb_rounding rounding, kdb_value *ret_value)
{
    int result_scale = scale < 0 ? 0 : scale > KDB_DECIMAL_DIGITS ? KDB_DECIMAL_DIGITS : scale;
    kdb_int128 scaled = value->decimal;
    if (scale < -KDB_DECIMAL_DIGITS) {
        scaled = 0;
    } else if (scale >= value->scale) {
        if (!rescale(scaled, value->scale, result_scale, &scaled))
            return fail_digits(ctx);
    } else {
        scaled = drop_digits(scaled, value->scale - scale, rounding);
        if (scale < 0 && !rescale(scaled, 0, -scale, &scaled))
            return fail_digits(ctx);
    }
    if (!kdb_decimal_fits(scaled, KDB_DECIMAL_DIGITS))
        return fail_digits(ctx);
    *ret_value = kdb_value_decimal(scaled, result_scale);
    return KDB_OK;
}

// Both values at the larger of their scales.
static bool align(const kdb_value *a, const kdb_value *b, kdb_int128 *ret_a, kdb_int128 *ret_b,
                  int *ret_scale)
{
    int scale = a->scale > b->scale ? a->scale : b->scale;
    *ret_scale = scale;
    return rescale(a->decimal, a->scale, scale, ret_a) &&
           rescale(b->decimal, b->scale, scale, ret_b);
}

kdb_status kdb_decimal_add(const kdb_value *a, struct kdb_ctx *ctx, const kdb_value *b,
                           kdb_value *ret_value)
{
    kdb_int128 left = 0;
    kdb_int128 right = 0;
    int scale = 0;
    // Two numbers below 10^38 cannot overflow 127 bits.
    if (!align(a, b, &left, &right, &scale) || !kdb_decimal_fits(left + right, KDB_DECIMAL_DIGITS))
        return fail_digits(ctx);
    *ret_value = kdb_value_decimal(left + right, scale);
    return KDB_OK;
}

kdb_status kdb_decimal_subtract(const kdb_value *a, struct kdb_ctx *ctx, const kdb_value *b,
                                kdb_value *ret_value)
{
    kdb_value negative = kdb_value_decimal(-b->decimal, b->scale);
    return kdb_decimal_add(a, ctx, &negative, ret_value);
}

kdb_status kdb_decimal_multiply(const kdb_value *a, struct kdb_ctx *ctx, const kdb_value *b,
                                kdb_value *ret_value)
{
    kdb_uint128 product = 0;
    int scale = a->scale + b->scale;
    if (!multiply(magnitude_of(a->decimal), magnitude_of(b->decimal), &product))
        return fail_digits(ctx);
    kdb_int128 scaled = with_sign(product, (a->decimal < 0) != (b->decimal < 0));
    if (scale > KDB_DECIMAL_DIGITS) {
        scaled = drop_digits(scaled, scale - KDB_DECIMAL_DIGITS, KDB_ROUND_HALF_AWAY);
        scale = KDB_DECIMAL_DIGITS;
    }
    *ret_value = kdb_value_decimal(scaled, scale);
    return KDB_OK;
}

static kdb_uint128 add_modulo(kdb_uint128 a, kdb_uint128 b, kdb_uint128 modulus)
{
    kdb_uint128 sum = a + b; // both are below 10^38
    return sum >= modulus ? sum - modulus : sum;
}

// value x 10^exponent mod modulus, although the product may not fit.
static kdb_uint128 shift_modulo(kdb_uint128 value, int exponent, kdb_uint128 modulus)
{
    kdb_uint128 rest = value % modulus;
    for (; exponent > 0; exponent--) {
        kdb_uint128 twice = add_modulo(rest, rest, modulus);
        kdb_uint128 five_times = add_modulo(add_modulo(twice, twice, modulus), rest, modulus);
        rest = add_modulo(five_times, five_times, modulus);
    }
    return rest;
}

kdb_status kdb_decimal_modulo(const kdb_value *a, struct kdb_ctx *ctx, const kdb_value *b,
                              kdb_value *ret_value)
{
    int scale = a->scale > b->scale ? a->scale : b->scale;
    kdb_uint128 dividend = magnitude_of(a->decimal);
    kdb_uint128 divisor = magnitude_of(b->decimal);
    kdb_uint128 rest = dividend;
    if (divisor == 0)
        return kdb_fail(ctx, KDB_ERR_DIVISION_BY_ZERO, "division by zero");
    if (b->scale >= a->scale)
        rest = shift_modulo(dividend, b->scale - a->scale, divisor);
    else if (multiply(divisor, (kdb_uint128)powers[a->scale - b->scale], &divisor))
        rest = dividend % divisor; // else the divisor is larger than any dividend
    *ret_value = kdb_value_decimal(with_sign(rest, a->decimal < 0), scale);
    return KDB_OK;
}

int kdb_decimal_compare(kdb_int128 a, int a_scale, kdb_int128 b, int b_scale)
{
    if (a_scale != b_scale && (a < 0) == (b < 0)) {
        // A number that overflows at the other's scale is the larger one in magnitude.
        if (a_scale < b_scale && !rescale(a, a_scale, b_scale, &a))
            return a < 0 ? -1 : 1;
        if (b_scale < a_scale && !rescale(b, b_scale, a_scale, &b))
            return b < 0 ? 1 : -1;
    }
    return a < b ? -1 : a > b;
}

double kdb_decimal_to_double(kdb_int128 scaled, int scale)
{
    static const double exact[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    kdb_uint128 magnitude = magnitude_of(scaled);
    if (scale == 0)
        return (double)scaled;
    // Both operands exact: one rounding, so the quotient is the nearest double.
    if (magnitude >> 53 == 0 && scale < (int)(sizeof(exact) / sizeof(exact[0])))
        return (double)(int64_t)scaled / exact[scale];
    char text[KDB_DECIMAL_TEXT_BYTES];
    double number = 0;
    KDB_ASSERT(
        kdb_double_parse(kdb_slice_of(text, kdb_decimal_format(scaled, scale, text)), &number));
    return number;
}

kdb_status kdb_decimal_from_double(double number, struct kdb_ctx *ctx, int digits, kdb_type type,
                                   kdb_value *ret_value)
{
    struct kdb_digits shortest;
    char text[32];
    struct written written = {.is_negative = signbit(number) != 0};
    if (!isfinite(number))
        return fail_special(ctx);
    if (digits <= 6)
        kdb_float_digits((float)number, &shortest);
    else
        kdb_double_digits(number, &shortest);
    if (shortest.count > digits) {
        int len = snprintf(text, sizeof(text), "%.*e", digits - 1, number);
        KDB_ASSERT(len > 0 && (size_t)len < sizeof(text));
        KDB_ASSERT(scan(kdb_slice_of(text, (size_t)len), &written));
        while (written.fraction.len > 0 && written.fraction.data[written.fraction.len - 1] == '0')
            written.fraction.len--;
    } else {
        written.whole = kdb_slice_of(shortest.text, (size_t)shortest.count);
        written.exponent = shortest.exponent - (shortest.count - 1);
    }
    return from_written(&written, ctx, type, ret_value);
}
