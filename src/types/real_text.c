// SPDX-License-Identifier: Apache-2.0
// Floating point text.
#include "types/real_text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/double_text.h"

// Exponents below this are written in scientific notation, as printf's %g does.
#define PLAIN_EXPONENT_MIN (-4)

static size_t lay_out_scientific(const struct kdb_digits *digits, char *out)
{
    size_t len = 0;
    int exponent = abs(digits->exponent);
    out[len++] = digits->text[0];
    if (digits->count > 1) {
        out[len++] = '.';
        memcpy(out + len, digits->text + 1, (size_t)digits->count - 1);
        len += (size_t)digits->count - 1;
    }
    out[len++] = 'e';
    out[len++] = digits->exponent < 0 ? '-' : '+';
    if (exponent >= 100)
        out[len++] = (char)('0' + exponent / 100);
    out[len++] = (char)('0' + exponent / 10 % 10);
    out[len++] = (char)('0' + exponent % 10);
    return len;
}

// `digits` of a finite magnitude, `plain_digits` the first exponent that is too large for plain
// notation.
static void print(const struct kdb_digits *digits, bool is_negative, int plain_digits,
                  struct kdb_buf *out)
{
    char text[KDB_REAL_TEXT_BYTES];
    bool is_plain = digits->exponent >= PLAIN_EXPONENT_MIN && digits->exponent < plain_digits;
    size_t len = is_plain ? kdb_digits_plain(digits, text) : lay_out_scientific(digits, text);
    if (is_negative)
        kdb_buf_put(out, '-');
    kdb_buf_append(out, text, len);
}

static void print_special(double number, struct kdb_buf *out)
{
    kdb_buf_slice(out, isnan(number) ? KDB_LIT("NaN")
                       : number > 0  ? KDB_LIT("Infinity")
                                     : KDB_LIT("-Infinity"));
}

// Whether the decimal number `digits` lies exactly between `mantissa` x 2^exponent and a neighbour
// of it, which is what `odd` x 2^`half_exponent` says. Exact: such a number has few powers of five.
static bool is_between(const struct kdb_digits *digits, uint64_t odd, int half_exponent)
{
    int power = digits->exponent - (digits->count - 1);
    if (power < -3 || power > 23)
        return false;
    kdb_uint128 decimal = 0;
    kdb_uint128 binary = odd;
    int twos = power;
    for (int i = 0; i < digits->count; i++)
        decimal = decimal * 10 + (unsigned)(digits->text[i] - '0');
    for (int i = 0; i < power; i++)
        decimal *= 5;
    for (int i = power; i < 0; i++)
        binary *= 5;
    for (; decimal != 0 && (decimal & 1) == 0; twos++)
        decimal >>= 1;
    return decimal == binary && twos == half_exponent;
}

// PostgreSQL never prints such a number, though it reads back right by rounding to even: it takes
// one more digit.
static bool is_halfway(const struct kdb_digits *digits, double magnitude, int mantissa_bits)
{
    int exponent = 0;
    uint64_t mantissa = (uint64_t)ldexp(frexp(magnitude, &exponent), mantissa_bits);
    exponent -= mantissa_bits;
    bool is_power = mantissa == UINT64_C(1) << (mantissa_bits - 1);
    return is_between(digits, 2 * mantissa + 1, exponent - 1) ||
           is_between(digits, is_power ? 4 * mantissa - 1 : 2 * mantissa - 1,
                      is_power ? exponent - 2 : exponent - 1);
}

// The nearest number of so many digits.
static void round_to_digits(double magnitude, int count, struct kdb_digits *ret_digits)
{
    char text[KDB_REAL_TEXT_BYTES];
    int len = snprintf(text, sizeof(text), "%.*e", count - 1, magnitude);
    int64_t exponent = 0;
    KDB_ASSERT(len > count + 1 && (size_t)len < sizeof(text) && count > 1);
    KDB_ASSERT(
        kdb_slice_to_i64(kdb_slice_of(text + count + 2, (size_t)(len - count - 2)), &exponent));
    ret_digits->text[0] = text[0];
    memcpy(ret_digits->text + 1, text + 2, (size_t)count - 1);
    ret_digits->count = count;
    ret_digits->exponent = (int)exponent;
}

static void take_more_digits(double magnitude, int mantissa_bits, struct kdb_digits *digits)
{
    int count_max = mantissa_bits == DBL_MANT_DIG ? DBL_DECIMAL_DIG : FLT_DECIMAL_DIG;
    while (digits->count < count_max && is_halfway(digits, magnitude, mantissa_bits))
        round_to_digits(magnitude, digits->count + 1, digits);
}

void kdb_double_print(double number, struct kdb_buf *out)
{
    struct kdb_digits digits;
    if (!isfinite(number)) {
        print_special(number, out);
        return;
    }
    kdb_double_digits(number, &digits);
    take_more_digits(fabs(number), DBL_MANT_DIG, &digits);
    print(&digits, signbit(number) != 0, DBL_DIG, out);
}

void kdb_float_print(float number, struct kdb_buf *out)
{
    struct kdb_digits digits;
    if (!isfinite(number)) {
        print_special((double)number, out);
        return;
    }
    kdb_float_digits(number, &digits);
    take_more_digits((double)fabsf(number), FLT_MANT_DIG, &digits);
    print(&digits, signbit(number) != 0, FLT_DIG, out);
}

static bool parse_special(kdb_slice text, bool is_negative, double *ret_number)
{
    if (kdb_slice_equal_nocase(text, KDB_LIT("nan")) && !is_negative) {
        *ret_number = (double)NAN;
        return true;
    }
    if (kdb_slice_equal_nocase(text, KDB_LIT("inf")) ||
        kdb_slice_equal_nocase(text, KDB_LIT("infinity"))) {
        *ret_number = is_negative ? -HUGE_VAL : HUGE_VAL;
        return true;
    }
    return false;
}

static bool has_nonzero_digit(kdb_slice text)
{
    for (size_t i = 0; i < text.len && text.data[i] != 'e' && text.data[i] != 'E'; i++) {
        if (text.data[i] >= '1' && text.data[i] <= '9')
            return true;
    }
    return false;
}

// The float nearest to the text, whose nearest double is `number`. Rounding twice differs from
// rounding once only where the double lies halfway between two floats, and among subnormal floats:
// there the text is read again.
static float to_float(kdb_slice text, struct kdb_arena *arena, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    bool is_halfway = (bits & 0x1FFFFFFFU) == 0x10000000U;
    if (is_halfway || fabs(number) < 2 * (double)FLT_MIN)
        return strtof(kdb_arena_copy(arena, text).data, NULL);
    return (float)number;
}

// An unsigned number; ".5" is written as "0.5" for the reader of base.
static bool parse_magnitude(kdb_slice text, struct kdb_arena *arena, kdb_kind kind,
                            double *ret_number)
{
    if (text.len > 1 && text.data[0] == '.' && text.data[1] >= '0' && text.data[1] <= '9')
        text = kdb_arena_printf(arena, "0%.*s", KDB_ARG(text));
    if (text.len == 0 || text.data[0] == '-' || !kdb_double_parse(text, ret_number))
        return false;
    if (kind == KDB_FLOAT)
        *ret_number = (double)to_float(text, arena, *ret_number);
    return true;
}

kdb_status kdb_real_parse(kdb_slice text, struct kdb_ctx *ctx, kdb_kind kind, double *ret_number)
{
    kdb_slice body = kdb_slice_trim(text);
    double number = 0;
    bool is_negative = body.len > 0 && body.data[0] == '-';
    if (is_negative || (body.len > 0 && body.data[0] == '+'))
        body = kdb_slice_skip(body, 1);
    if (parse_special(body, is_negative, ret_number))
        return KDB_OK;
    if (!parse_magnitude(body, &ctx->arena, kind, &number))
        return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "invalid input syntax for type %s: \"%.*s\"",
                        kdb_kind_name(kind), KDB_ARG(text));
    if (isinf(number) || (number == 0 && has_nonzero_digit(body)))
        return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "\"%.*s\" is out of range for type %s",
                        KDB_ARG(text), kdb_kind_name(kind));
    *ret_number = is_negative ? -number : number;
    return KDB_OK;
}
