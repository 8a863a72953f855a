// SPDX-License-Identifier: Apache-2.0
// The comparison operators: one evaluator for each operator and way of comparing.
#include <math.h>

#include "plan/function_priv.h"
#include "types/datetime.h"
#include "types/decimal.h"

static int compare_integer(const kdb_value *a, const kdb_value *b)
{
    return a->integer < b->integer ? -1 : a->integer > b->integer;
}

// NaN is equal to itself and above everything.
static int compare_real(const kdb_value *a, const kdb_value *b)
{
    if (KDB_UNLIKELY(isnan(a->real) || isnan(b->real)))
        return (isnan(a->real) ? 1 : 0) - (isnan(b->real) ? 1 : 0);
    return a->real < b->real ? -1 : a->real > b->real;
}

static int compare_decimal(const kdb_value *a, const kdb_value *b)
{
    return kdb_decimal_compare(a->decimal, a->scale, b->decimal, b->scale);
}

static int compare_bytes(const kdb_value *a, const kdb_value *b)
{
    return kdb_slice_compare(a->bytes, b->bytes);
}

static int compare_boolean(const kdb_value *a, const kdb_value *b)
{
    return (int)a->boolean - (int)b->boolean;
}

static int compare_uuid(const kdb_value *a, const kdb_value *b)
{
    return memcmp(a->uuid, b->uuid, sizeof(a->uuid));
}

static int compare_interval(const kdb_value *a, const kdb_value *b)
{
    return kdb_value_compare(a, b);
}

// A day begins at midnight; days beyond what a timestamp can hold are beyond all timestamps.
static int compare_date_timestamp(const kdb_value *a, const kdb_value *b)
{
    kdb_int128 us = (kdb_int128)a->integer * KDB_US_PER_DAY;
    return us < b->integer ? -1 : us > b->integer;
}

static int compare_timestamp_date(const kdb_value *a, const kdb_value *b)
{
    return -compare_date_timestamp(b, a);
}

int plan_compare(const kdb_value *a, const kdb_value *b)
{
    if (a->kind == b->kind)
        return kdb_value_compare(a, b);
    if (a->kind == KDB_DATE)
        return compare_date_timestamp(a, b);
    if (b->kind == KDB_DATE)
        return compare_timestamp_date(a, b);
    if (a->kind == KDB_FLOAT || a->kind == KDB_DOUBLE)
        return compare_real(a, b);
    return compare_integer(a, b);
}

// NOLINTBEGIN(bugprone-macro-parentheses): an operator takes no parentheses
#define COMPARISON(verb, relation, class)                                                          \
    kdb_status plan_##verb##_##class(struct kdb_eval * eval, const struct kdb_expr *call,          \
                                     const kdb_value *args, kdb_value *ret_value)                  \
    {                                                                                              \
        (void)eval;                                                                                \
        (void)call;                                                                                \
        return plan_return_bool(compare_##class(&args[0], &args[1]) relation 0, ret_value);        \
    }
// NOLINTEND(bugprone-macro-parentheses)

#define COMPARISONS(class)                                                                         \
    COMPARISON(equal, ==, class)                                                                   \
    COMPARISON(unequal, !=, class)                                                                 \
    COMPARISON(less, <, class)                                                                     \
    COMPARISON(less_equal, <=, class)                                                              \
    COMPARISON(greater, >, class)                                                                  \
    COMPARISON(greater_equal, >=, class)

COMPARISONS(integer)
COMPARISONS(real)
COMPARISONS(decimal)
COMPARISONS(boolean)
COMPARISONS(uuid)
COMPARISONS(interval)
COMPARISONS(date_timestamp)
COMPARISONS(timestamp_date)
COMPARISON(less, <, bytes)
COMPARISON(less_equal, <=, bytes)
COMPARISON(greater, >, bytes)
COMPARISON(greater_equal, >=, bytes)

// Unequal lengths decide without a look at the bytes.
kdb_status plan_equal_bytes(struct kdb_eval *eval, const struct kdb_expr *call,
                            const kdb_value *args, kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    return plan_return_bool(kdb_slice_equal(args[0].bytes, args[1].bytes), ret_value);
}

kdb_status plan_unequal_bytes(struct kdb_eval *eval, const struct kdb_expr *call,
                              const kdb_value *args, kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    return plan_return_bool(!kdb_slice_equal(args[0].bytes, args[1].bytes), ret_value);
}
