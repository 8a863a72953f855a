// SPDX-License-Identifier: Apache-2.0
// Arithmetic on integers, floats and decimals, with PostgreSQL's result types and errors.
//
// Integers of all widths are computed in 64 bits; the call's type says which range the result must
// keep to.
#include <math.h>

#include "plan/function_priv.h"
#include "types/decimal.h"

kdb_status plan_fail_range(struct kdb_eval *eval, kdb_kind kind)
{
    return kdb_fail(eval->ctx, KDB_ERR_OUT_OF_RANGE, "%s out of range", kdb_kind_name(kind));
}

kdb_status plan_fail_zero(struct kdb_eval *eval)
{
    return kdb_fail(eval->ctx, KDB_ERR_DIVISION_BY_ZERO, "division by zero");
}

// ---- result types ----

static bool is_exact_type(kdb_type type)
{
    return type.kind == KDB_DECIMAL && type.precision > 0;
}

static kdb_type decimal_type(int whole, int scale)
{
    int precision = whole + scale;
    if (scale > KDB_DECIMAL_DIGITS)
        scale = KDB_DECIMAL_DIGITS;
    if (precision > KDB_DECIMAL_DIGITS)
        precision = KDB_DECIMAL_DIGITS;
    return (kdb_type){.kind = KDB_DECIMAL,
                      .precision = (uint8_t)(precision > 0 ? precision : 1),
                      .scale = (uint8_t)scale};
}

static int width(kdb_type type)
{
    return type.kind == KDB_BIGINT ? 3 : type.kind == KDB_INT ? 2 : 1;
}

kdb_type plan_type_wider(struct kdb_expr *const *args, size_t count)
{
    kdb_type widest = args[0]->type;
    for (size_t i = 1; i < count; i++) {
        if (width(args[i]->type) > width(widest))
            widest = args[i]->type;
    }
    return widest;
}

kdb_type plan_type_first(struct kdb_expr *const *args, size_t count)
{
    (void)count;
    return args[0]->type;
}

static int whole_digits(kdb_type type)
{
    return type.precision - type.scale;
}

static kdb_type aligned(struct kdb_expr *const *args, int extra)
{
    kdb_type a = args[0]->type;
    kdb_type b = args[1]->type;
    if (!is_exact_type(a) || !is_exact_type(b))
        return KDB_TYPE(KDB_DECIMAL);
    int whole = whole_digits(a) > whole_digits(b) ? whole_digits(a) : whole_digits(b);
    return decimal_type(whole + extra, a.scale > b.scale ? a.scale : b.scale);
}

kdb_type plan_type_decimal_sum(struct kdb_expr *const *args, size_t count)
{
    (void)count;
    return aligned(args, 1);
}

kdb_type plan_type_decimal_modulo(struct kdb_expr *const *args, size_t count)
{
    (void)count;
    return aligned(args, 0);
}

kdb_type plan_type_decimal_product(struct kdb_expr *const *args, size_t count)
{
    (void)count;
    kdb_type a = args[0]->type;
    kdb_type b = args[1]->type;
    if (!is_exact_type(a) || !is_exact_type(b))
        return KDB_TYPE(KDB_DECIMAL);
    return decimal_type(whole_digits(a) + whole_digits(b), a.scale + b.scale);
}

kdb_type plan_type_decimal_whole(struct kdb_expr *const *args, size_t count)
{
    (void)count;
    kdb_type type = args[0]->type;
    return is_exact_type(type) ? decimal_type(type.precision, 0) : KDB_TYPE(KDB_DECIMAL);
}

kdb_type plan_type_decimal_sign(struct kdb_expr *const *args, size_t count)
{
    (void)args;
    (void)count;
    return decimal_type(1, 0);
}

kdb_type plan_type_decimal_round(struct kdb_expr *const *args, size_t count)
{
    (void)count;
    kdb_type type = args[0]->type;
    if (!is_exact_type(type) || args[1]->kind != KDB_EXPR_CONST || args[1]->constant.is_null)
        return is_exact_type(type) ? decimal_type(whole_digits(type) + 1, type.scale) : type;
    int64_t scale = args[1]->constant.integer;
    scale = scale < 0 ? 0 : scale > KDB_DECIMAL_DIGITS ? KDB_DECIMAL_DIGITS : scale;
    return decimal_type(whole_digits(type) + 1, (int)scale);
}

kdb_type plan_type_decimal_total(struct kdb_expr *const *args, size_t count)
{
    (void)count;
    kdb_type type = args[0]->type;
    return is_exact_type(type) ? decimal_type(KDB_DECIMAL_DIGITS - type.scale, type.scale)
                               : KDB_TYPE(KDB_DECIMAL);
}

// ---- integers ----

static kdb_status return_integer(struct kdb_eval *eval, const struct kdb_expr *call, int64_t number,
                                 kdb_value *ret_value)
{
    kdb_kind kind = (kdb_kind)call->type.kind;
    if (KDB_UNLIKELY((kind == KDB_INT && number != (int32_t)number) ||
                     (kind == KDB_SMALLINT && number != (int16_t)number)))
        return plan_fail_range(eval, kind);
    *ret_value = kdb_value_int(kind, number);
    return KDB_OK;
}

kdb_status plan_add_integer(struct kdb_eval *eval, const struct kdb_expr *call,
                            const kdb_value *args, kdb_value *ret_value)
{
    int64_t sum;
    if (KDB_UNLIKELY(__builtin_add_overflow(args[0].integer, args[1].integer, &sum)))
        return plan_fail_range(eval, KDB_BIGINT);
    return return_integer(eval, call, sum, ret_value);
}

kdb_status plan_subtract_integer(struct kdb_eval *eval, const struct kdb_expr *call,
                                 const kdb_value *args, kdb_value *ret_value)
{
    int64_t difference;
    if (KDB_UNLIKELY(__builtin_sub_overflow(args[0].integer, args[1].integer, &difference)))
        return plan_fail_range(eval, KDB_BIGINT);
    return return_integer(eval, call, difference, ret_value);
}

kdb_status plan_multiply_integer(struct kdb_eval *eval, const struct kdb_expr *call,
                                 const kdb_value *args, kdb_value *ret_value)
{
    int64_t product;
    if (KDB_UNLIKELY(__builtin_mul_overflow(args[0].integer, args[1].integer, &product)))
        return plan_fail_range(eval, KDB_BIGINT);
    return return_integer(eval, call, product, ret_value);
}

kdb_status plan_divide_integer(struct kdb_eval *eval, const struct kdb_expr *call,
                               const kdb_value *args, kdb_value *ret_value)
{
    if (args[1].integer == 0)
        return plan_fail_zero(eval);
    if (args[1].integer == -1) {
        if (args[0].integer == INT64_MIN)
            return plan_fail_range(eval, KDB_BIGINT);
        return return_integer(eval, call, -args[0].integer, ret_value);
    }
    return return_integer(eval, call, args[0].integer / args[1].integer, ret_value);
}

kdb_status plan_modulo_integer(struct kdb_eval *eval, const struct kdb_expr *call,
                               const kdb_value *args, kdb_value *ret_value)
{
    if (args[1].integer == 0)
        return plan_fail_zero(eval);
    int64_t rest = args[1].integer == -1 ? 0 : args[0].integer % args[1].integer;
    return return_integer(eval, call, rest, ret_value);
}

kdb_status plan_negate_integer(struct kdb_eval *eval, const struct kdb_expr *call,
                               const kdb_value *args, kdb_value *ret_value)
{
    if (args[0].integer == INT64_MIN)
        return plan_fail_range(eval, KDB_BIGINT);
    return return_integer(eval, call, -args[0].integer, ret_value);
}

kdb_status plan_abs_integer(struct kdb_eval *eval, const struct kdb_expr *call,
                            const kdb_value *args, kdb_value *ret_value)
{
    if (args[0].integer < 0)
        return plan_negate_integer(eval, call, args, ret_value);
    *ret_value = args[0];
    return KDB_OK;
}

kdb_status plan_keep(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                     kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    *ret_value = args[0];
    return KDB_OK;
}

static uint64_t magnitude(int64_t number)
{
    return number < 0 ? -(uint64_t)number : (uint64_t)number;
}

static uint64_t greatest_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

kdb_status plan_gcd(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                    kdb_value *ret_value)
{
    uint64_t divisor = greatest_divisor(magnitude(args[0].integer), magnitude(args[1].integer));
    if (divisor > INT64_MAX)
        return plan_fail_range(eval, KDB_BIGINT);
    return return_integer(eval, call, (int64_t)divisor, ret_value);
}

kdb_status plan_lcm(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                    kdb_value *ret_value)
{
    uint64_t a = magnitude(args[0].integer);
    uint64_t b = magnitude(args[1].integer);
    uint64_t multiple = 0;
    if (a != 0 && b != 0 && __builtin_mul_overflow(a / greatest_divisor(a, b), b, &multiple))
        return plan_fail_range(eval, (kdb_kind)call->type.kind);
    if (multiple > INT64_MAX)
        return plan_fail_range(eval, KDB_BIGINT);
    return return_integer(eval, call, (int64_t)multiple, ret_value);
}

// ---- bits ----

#define BITS(verb, sign)                                                                           \
    kdb_status plan_##verb##_bits(struct kdb_eval *eval, const struct kdb_expr *call,              \
                                  const kdb_value *args, kdb_value *ret_value)                     \
    {                                                                                              \
        (void)eval;                                                                                \
        *ret_value =                                                                               \
            kdb_value_int((kdb_kind)call->type.kind, args[0].integer sign args[1].integer);        \
        return KDB_OK;                                                                             \
    }

BITS(and, &)
BITS(or, |)
BITS(xor, ^)

kdb_status plan_not_bits(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                         kdb_value *ret_value)
{
    (void)eval;
    *ret_value = kdb_value_int((kdb_kind)call->type.kind, ~args[0].integer);
    return KDB_OK;
}

// Shifts as the processor PostgreSQL runs on does them: smallint and integer in 32 bits, the count
// cut to the register's width.
static int64_t shifted(const struct kdb_expr *call, const kdb_value *args, bool is_left)
{
    int64_t number = args[0].integer;
    uint64_t count = (uint64_t)args[1].integer;
    if (call->type.kind == KDB_BIGINT)
        return is_left ? (int64_t)((uint64_t)number << (count & 63)) : number >> (count & 63);
    int32_t narrow = (int32_t)number;
    narrow = is_left ? (int32_t)((uint32_t)narrow << (count & 31)) : narrow >> (count & 31);
    return call->type.kind == KDB_SMALLINT ? (int16_t)narrow : narrow;
}

kdb_status plan_shift_left(struct kdb_eval *eval, const struct kdb_expr *call,
                           const kdb_value *args, kdb_value *ret_value)
{
    (void)eval;
    *ret_value = kdb_value_int((kdb_kind)call->type.kind, shifted(call, args, true));
    return KDB_OK;
}

kdb_status plan_shift_right(struct kdb_eval *eval, const struct kdb_expr *call,
                            const kdb_value *args, kdb_value *ret_value)
{
    (void)eval;
    *ret_value = kdb_value_int((kdb_kind)call->type.kind, shifted(call, args, false));
    return KDB_OK;
}

// ---- floats ----

kdb_status plan_real_result(struct kdb_eval *eval, kdb_kind kind, double number,
                            bool has_infinite_operand, bool is_zero_expected, kdb_value *ret_value)
{
    double rounded = kind == KDB_FLOAT ? (double)(float)number : number;
    if (KDB_UNLIKELY(isinf(rounded) && !has_infinite_operand))
        return kdb_fail(eval->ctx, KDB_ERR_OUT_OF_RANGE, "value out of range: overflow");
    if (KDB_UNLIKELY(rounded == 0 && !is_zero_expected))
        return kdb_fail(eval->ctx, KDB_ERR_OUT_OF_RANGE, "value out of range: underflow");
    *ret_value = (kdb_value){.kind = (uint8_t)kind, .real = rounded};
    return KDB_OK;
}

// Rounding a sum, product or quotient of two floats through double gives the float result: double
// has more than twice its digits.
kdb_status plan_add_real(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                         kdb_value *ret_value)
{
    return plan_real_result(eval, (kdb_kind)call->type.kind, args[0].real + args[1].real,
                            isinf(args[0].real) || isinf(args[1].real), true, ret_value);
}

kdb_status plan_subtract_real(struct kdb_eval *eval, const struct kdb_expr *call,
                              const kdb_value *args, kdb_value *ret_value)
{
    return plan_real_result(eval, (kdb_kind)call->type.kind, args[0].real - args[1].real,
                            isinf(args[0].real) || isinf(args[1].real), true, ret_value);
}

kdb_status plan_multiply_real(struct kdb_eval *eval, const struct kdb_expr *call,
                              const kdb_value *args, kdb_value *ret_value)
{
    return plan_real_result(eval, (kdb_kind)call->type.kind, args[0].real * args[1].real,
                            isinf(args[0].real) || isinf(args[1].real),
                            args[0].real == 0 || args[1].real == 0, ret_value);
}

static kdb_status divide(struct kdb_eval *eval, kdb_kind kind, double a, double b,
                         kdb_value *ret_value)
{
    if (b == 0 && !isnan(a))
        return plan_fail_zero(eval);
    return plan_real_result(eval, kind, a / b, isinf(a), a == 0 || isinf(b), ret_value);
}

kdb_status plan_divide_real(struct kdb_eval *eval, const struct kdb_expr *call,
                            const kdb_value *args, kdb_value *ret_value)
{
    return divide(eval, (kdb_kind)call->type.kind, args[0].real, args[1].real, ret_value);
}

kdb_status plan_negate_real(struct kdb_eval *eval, const struct kdb_expr *call,
                            const kdb_value *args, kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    *ret_value = (kdb_value){.kind = args[0].kind, .real = -args[0].real};
    return KDB_OK;
}

kdb_status plan_abs_real(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                         kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    *ret_value = (kdb_value){.kind = args[0].kind, .real = fabs(args[0].real)};
    return KDB_OK;
}

// ---- decimals ----

kdb_status plan_add_decimal(struct kdb_eval *eval, const struct kdb_expr *call,
                            const kdb_value *args, kdb_value *ret_value)
{
    (void)call;
    return kdb_decimal_add(&args[0], eval->ctx, &args[1], ret_value);
}

kdb_status plan_subtract_decimal(struct kdb_eval *eval, const struct kdb_expr *call,
                                 const kdb_value *args, kdb_value *ret_value)
{
    (void)call;
    return kdb_decimal_subtract(&args[0], eval->ctx, &args[1], ret_value);
}

kdb_status plan_multiply_decimal(struct kdb_eval *eval, const struct kdb_expr *call,
                                 const kdb_value *args, kdb_value *ret_value)
{
    (void)call;
    return kdb_decimal_multiply(&args[0], eval->ctx, &args[1], ret_value);
}

kdb_status plan_modulo_decimal(struct kdb_eval *eval, const struct kdb_expr *call,
                               const kdb_value *args, kdb_value *ret_value)
{
    (void)call;
    return kdb_decimal_modulo(&args[0], eval->ctx, &args[1], ret_value);
}

kdb_status plan_divide_decimal(struct kdb_eval *eval, const struct kdb_expr *call,
                               const kdb_value *args, kdb_value *ret_value)
{
    (void)call;
    return divide(eval, KDB_DOUBLE, kdb_decimal_to_double(args[0].decimal, args[0].scale),
                  kdb_decimal_to_double(args[1].decimal, args[1].scale), ret_value);
}

kdb_status plan_negate_decimal(struct kdb_eval *eval, const struct kdb_expr *call,
                               const kdb_value *args, kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    *ret_value = kdb_value_decimal(-args[0].decimal, args[0].scale);
    return KDB_OK;
}

kdb_status plan_abs_decimal(struct kdb_eval *eval, const struct kdb_expr *call,
                            const kdb_value *args, kdb_value *ret_value)
{
    if (args[0].decimal < 0)
        return plan_negate_decimal(eval, call, args, ret_value);
    *ret_value = args[0];
    return KDB_OK;
}

kdb_status plan_sign_decimal(struct kdb_eval *eval, const struct kdb_expr *call,
                             const kdb_value *args, kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    *ret_value = kdb_value_decimal((args[0].decimal > 0) - (args[0].decimal < 0), 0);
    return KDB_OK;
}

#define WHOLE(verb, rounding)                                                                      \
    kdb_status plan_##verb##_decimal(struct kdb_eval *eval, const struct kdb_expr *call,           \
                                     const kdb_value *args, kdb_value *ret_value)                  \
    {                                                                                              \
        (void)call;                                                                                \
        return kdb_decimal_round(&args[0], eval->ctx, 0, rounding, ret_value);                     \
    }

WHOLE(ceil, KDB_ROUND_UP)
WHOLE(floor, KDB_ROUND_DOWN)
WHOLE(round, KDB_ROUND_HALF_AWAY)
WHOLE(trunc, KDB_ROUND_TO_ZERO)

static kdb_status round_to(struct kdb_eval *eval, const struct kdb_expr *call,
                           const kdb_value *args, kdb_rounding rounding, kdb_value *ret_value)
{
    int64_t scale = args[1].integer;
    // A type that has no room for so many digits keeps the same number with fewer zeros.
    int64_t scale_max = call->type.precision > 0 ? call->type.scale : KDB_DECIMAL_DIGITS;
    if (scale > scale_max)
        scale = scale_max > args[0].scale ? scale_max : args[0].scale;
    if (scale < -KDB_DECIMAL_DIGITS - 1)
        scale = -KDB_DECIMAL_DIGITS - 1;
    return kdb_decimal_round(&args[0], eval->ctx, (int)scale, rounding, ret_value);
}

kdb_status plan_round_decimal_to(struct kdb_eval *eval, const struct kdb_expr *call,
                                 const kdb_value *args, kdb_value *ret_value)
{
    return round_to(eval, call, args, KDB_ROUND_HALF_AWAY, ret_value);
}

kdb_status plan_trunc_decimal_to(struct kdb_eval *eval, const struct kdb_expr *call,
                                 const kdb_value *args, kdb_value *ret_value)
{
    return round_to(eval, call, args, KDB_ROUND_TO_ZERO, ret_value);
}
