// SPDX-License-Identifier: Apache-2.0
// Mathematical functions of DOUBLE, with PostgreSQL's domain errors.
#include <math.h>

#include "base/random.h"
#include "plan/function_priv.h"
#include "types/decimal.h"

#define PI                 3.14159265358979323846
#define RADIANS_PER_DEGREE 0.0174532925199432957692

static kdb_status fail_domain(struct kdb_eval *eval, const char *message)
{
    return kdb_fail(eval->ctx, KDB_ERR_OUT_OF_RANGE, "%s", message);
}

// Functions that cannot fail.
#define TOTAL(verb, expression)                                                                    \
    kdb_status plan_##verb(struct kdb_eval *eval, const struct kdb_expr *call,                     \
                           const kdb_value *args, kdb_value *ret_value)                            \
    {                                                                                              \
        double x = args[0].real;                                                                   \
        (void)eval;                                                                                \
        (void)call;                                                                                \
        *ret_value = kdb_value_double(expression);                                                 \
        return KDB_OK;                                                                             \
    }

TOTAL(ceil_real, ceil(x))
TOTAL(floor_real, floor(x))
TOTAL(round_real, rint(x))
TOTAL(trunc_real, trunc(x))
TOTAL(sign_real, x > 0 ? 1 : x < 0 ? -1 : 0)
TOTAL(cbrt, cbrt(x))
TOTAL(sinh, sinh(x))
TOTAL(cosh, cosh(x))
TOTAL(atan, atan(x))
TOTAL(tanh, tanh(x))
TOTAL(asinh, asinh(x))

// Scaling by a constant, checked as a multiplication is.
#define CHECKED(verb, expression)                                                                  \
    kdb_status plan_##verb(struct kdb_eval *eval, const struct kdb_expr *call,                     \
                           const kdb_value *args, kdb_value *ret_value)                            \
    {                                                                                              \
        double x = args[0].real;                                                                   \
        (void)call;                                                                                \
        return plan_real_result(eval, KDB_DOUBLE, expression, isinf(x), x == 0, ret_value);        \
    }

CHECKED(degrees, x / RADIANS_PER_DEGREE)
CHECKED(radians, x *RADIANS_PER_DEGREE)

// Functions that are not defined for infinities.
#define FINITE(verb, expression)                                                                   \
    kdb_status plan_##verb(struct kdb_eval *eval, const struct kdb_expr *call,                     \
                           const kdb_value *args, kdb_value *ret_value)                            \
    {                                                                                              \
        double x = args[0].real;                                                                   \
        (void)call;                                                                                \
        if (isinf(x))                                                                              \
            return fail_domain(eval, "input is out of range");                                     \
        *ret_value = kdb_value_double(expression);                                                 \
        return KDB_OK;                                                                             \
    }

FINITE(sin, sin(x))
FINITE(cos, cos(x))
FINITE(tan, tan(x))
FINITE(cot, 1.0 / tan(x))

// Functions defined between two bounds.
#define BOUNDED(verb, low, high, expression)                                                       \
    kdb_status plan_##verb(struct kdb_eval *eval, const struct kdb_expr *call,                     \
                           const kdb_value *args, kdb_value *ret_value)                            \
    {                                                                                              \
        double x = args[0].real;                                                                   \
        (void)call;                                                                                \
        if (x < (low) || x > (high))                                                               \
            return fail_domain(eval, "input is out of range");                                     \
        *ret_value = kdb_value_double(expression);                                                 \
        return KDB_OK;                                                                             \
    }

BOUNDED(asin, -1, 1, asin(x))
BOUNDED(acos, -1, 1, acos(x))
BOUNDED(acosh, 1, (double)INFINITY, acosh(x))
BOUNDED(atanh, -1, 1, atanh(x))

// To n digits: scaled, rounded half away from zero, scaled back, in doubles as DuckDB does it. A
// number that is too large to be scaled has no such digits.
static kdb_status round_digits(const kdb_value *args, double (*round_whole)(double),
                               kdb_value *ret_value)
{
    double x = args[0].real;
    bool is_before_point = args[1].integer < 0;
    double scale = pow(10, fabs((double)args[1].integer));
    double scaled =
        is_before_point ? round_whole(x / scale) * scale : round_whole(x * scale) / scale;
    if (!isfinite(x) || (!isfinite(scaled) && !is_before_point))
        scaled = x;
    else if (!isfinite(scaled) || args[1].integer < -308)
        scaled = 0;
    *ret_value = kdb_value_double(scaled);
    return KDB_OK;
}

kdb_status plan_round_real_to(struct kdb_eval *eval, const struct kdb_expr *call,
                              const kdb_value *args, kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    return round_digits(args, round, ret_value);
}

kdb_status plan_trunc_real_to(struct kdb_eval *eval, const struct kdb_expr *call,
                              const kdb_value *args, kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    return round_digits(args, trunc, ret_value);
}

kdb_status plan_atan2(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                      kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    *ret_value = kdb_value_double(atan2(args[0].real, args[1].real));
    return KDB_OK;
}

kdb_status plan_pi(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                   kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    (void)args;
    *ret_value = kdb_value_double(PI);
    return KDB_OK;
}

kdb_status plan_random(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                       kdb_value *ret_value)
{
    uint64_t bits;
    (void)eval;
    (void)call;
    (void)args;
    kdb_random_bytes(&bits, sizeof(bits));
    *ret_value = kdb_value_double((double)(bits >> 11) * 0x1p-53);
    return KDB_OK;
}

kdb_status plan_sqrt(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                     kdb_value *ret_value)
{
    (void)call;
    if (args[0].real < 0)
        return fail_domain(eval, "cannot take square root of a negative number");
    *ret_value = kdb_value_double(sqrt(args[0].real));
    return KDB_OK;
}

kdb_status plan_exp(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                    kdb_value *ret_value)
{
    double x = args[0].real;
    (void)call;
    return plan_real_result(eval, KDB_DOUBLE, exp(x), isinf(x), isinf(x), ret_value);
}

static kdb_status check_logarithm(struct kdb_eval *eval, double x)
{
    if (x == 0)
        return fail_domain(eval, "cannot take logarithm of zero");
    if (x < 0)
        return fail_domain(eval, "cannot take logarithm of a negative number");
    return KDB_OK;
}

kdb_status plan_ln(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                   kdb_value *ret_value)
{
    (void)call;
    KDB_TRY(check_logarithm(eval, args[0].real));
    *ret_value = kdb_value_double(log(args[0].real));
    return KDB_OK;
}

kdb_status plan_log10(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                      kdb_value *ret_value)
{
    (void)call;
    KDB_TRY(check_logarithm(eval, args[0].real));
    *ret_value = kdb_value_double(log10(args[0].real));
    return KDB_OK;
}

// log(base, x), of decimals as in PostgreSQL, but computed as a DOUBLE.
kdb_status plan_log_base(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                         kdb_value *ret_value)
{
    double base = kdb_decimal_to_double(args[0].decimal, args[0].scale);
    double x = kdb_decimal_to_double(args[1].decimal, args[1].scale);
    (void)call;
    KDB_TRY(check_logarithm(eval, base));
    KDB_TRY(check_logarithm(eval, x));
    if (base == 1)
        return plan_fail_zero(eval);
    *ret_value = kdb_value_double(log(x) / log(base));
    return KDB_OK;
}

kdb_status plan_power(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                      kdb_value *ret_value)
{
    double x = args[0].real;
    double y = args[1].real;
    (void)call;
    if (x == 0 && y < 0)
        return fail_domain(eval, "zero raised to a negative power is undefined");
    if (x < 0 && isfinite(y) && floor(y) != y)
        return fail_domain(
            eval, "a negative number raised to a non-integer power yields a complex result");
    bool is_special = !isfinite(x) || !isfinite(y);
    return plan_real_result(eval, KDB_DOUBLE, pow(x, y), is_special, is_special || x == 0,
                            ret_value);
}
