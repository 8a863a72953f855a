// SPDX-License-Identifier: Apache-2.0
// Arithmetic and functions of dates, times and intervals. DATETIME is UTC and so is the session:
// TIMESTAMP and DATETIME share their evaluators.
#include <math.h>

#include "plan/function_priv.h"
#include "types/datetime.h"
#include "types/decimal.h"
#include "types/interval.h"

static kdb_status return_time(const struct kdb_expr *call, int64_t number, kdb_value *ret_value)
{
    *ret_value = kdb_value_int((kdb_kind)call->type.kind, number);
    return KDB_OK;
}

static kdb_value interval_value(struct kdb_interval interval)
{
    return (kdb_value){.kind = KDB_INTERVAL, .interval = interval};
}

// ---- dates ----

static kdb_status add_days(struct kdb_eval *eval, int64_t day, int64_t count, kdb_value *ret_value)
{
    int64_t sum;
    KDB_TRY(kdb_date_add(day, eval->ctx, count, &sum));
    *ret_value = kdb_value_int(KDB_DATE, sum);
    return KDB_OK;
}

kdb_status plan_date_add(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                         kdb_value *ret_value)
{
    (void)call;
    return add_days(eval, args[0].integer, args[1].integer, ret_value);
}

kdb_status plan_add_date(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                         kdb_value *ret_value)
{
    (void)call;
    return add_days(eval, args[1].integer, args[0].integer, ret_value);
}

kdb_status plan_date_subtract(struct kdb_eval *eval, const struct kdb_expr *call,
                              const kdb_value *args, kdb_value *ret_value)
{
    (void)call;
    return add_days(eval, args[0].integer, -args[1].integer, ret_value);
}

kdb_status plan_date_difference(struct kdb_eval *eval, const struct kdb_expr *call,
                                const kdb_value *args, kdb_value *ret_value)
{
    (void)eval;
    return return_time(call, args[0].integer - args[1].integer, ret_value);
}

static kdb_status date_and_time(struct kdb_eval *eval, const struct kdb_expr *call, int64_t day,
                                int64_t time_us, kdb_value *ret_value)
{
    int64_t us;
    KDB_TRY(kdb_date_to_timestamp(day, eval->ctx, &us));
    const struct kdb_interval time = {.micros = time_us};
    KDB_TRY(kdb_timestamp_add(us, eval->ctx, &time, &us));
    return return_time(call, us, ret_value);
}

kdb_status plan_date_add_time(struct kdb_eval *eval, const struct kdb_expr *call,
                              const kdb_value *args, kdb_value *ret_value)
{
    return date_and_time(eval, call, args[0].integer, args[1].integer, ret_value);
}

kdb_status plan_time_add_date(struct kdb_eval *eval, const struct kdb_expr *call,
                              const kdb_value *args, kdb_value *ret_value)
{
    return date_and_time(eval, call, args[1].integer, args[0].integer, ret_value);
}

// ---- timestamps and intervals ----

// The value as microseconds: a DATE begins at midnight.
static kdb_status micros_of(struct kdb_eval *eval, const kdb_value *value, int64_t *ret_us)
{
    if (value->kind == KDB_DATE)
        return kdb_date_to_timestamp(value->integer, eval->ctx, ret_us);
    *ret_us = value->integer;
    return KDB_OK;
}

static kdb_status shift(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *from,
                        const kdb_value *by, kdb_value *ret_value)
{
    int64_t us;
    KDB_TRY(micros_of(eval, from, &us));
    KDB_TRY(kdb_timestamp_add(us, eval->ctx, &by->interval, &us));
    return return_time(call, us, ret_value);
}

kdb_status plan_timestamp_add(struct kdb_eval *eval, const struct kdb_expr *call,
                              const kdb_value *args, kdb_value *ret_value)
{
    return shift(eval, call, &args[0], &args[1], ret_value);
}

kdb_status plan_add_timestamp(struct kdb_eval *eval, const struct kdb_expr *call,
                              const kdb_value *args, kdb_value *ret_value)
{
    return shift(eval, call, &args[1], &args[0], ret_value);
}

kdb_status plan_timestamp_subtract(struct kdb_eval *eval, const struct kdb_expr *call,
                                   const kdb_value *args, kdb_value *ret_value)
{
    int64_t us;
    KDB_TRY(micros_of(eval, &args[0], &us));
    KDB_TRY(kdb_timestamp_subtract(us, eval->ctx, &args[1].interval, &us));
    return return_time(call, us, ret_value);
}

kdb_status plan_timestamp_difference(struct kdb_eval *eval, const struct kdb_expr *call,
                                     const kdb_value *args, kdb_value *ret_value)
{
    struct kdb_interval interval;
    (void)call;
    KDB_TRY(kdb_timestamp_difference(args[0].integer, eval->ctx, args[1].integer, &interval));
    *ret_value = interval_value(interval);
    return KDB_OK;
}

kdb_status plan_time_add(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                         kdb_value *ret_value)
{
    (void)eval;
    return return_time(call, kdb_time_add(args[0].integer, &args[1].interval), ret_value);
}

kdb_status plan_add_time(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                         kdb_value *ret_value)
{
    (void)eval;
    return return_time(call, kdb_time_add(args[1].integer, &args[0].interval), ret_value);
}

kdb_status plan_time_subtract(struct kdb_eval *eval, const struct kdb_expr *call,
                              const kdb_value *args, kdb_value *ret_value)
{
    (void)eval;
    return return_time(call, kdb_time_subtract(args[0].integer, &args[1].interval), ret_value);
}

kdb_status plan_time_difference(struct kdb_eval *eval, const struct kdb_expr *call,
                                const kdb_value *args, kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    *ret_value = interval_value((struct kdb_interval){.micros = args[0].integer - args[1].integer});
    return KDB_OK;
}

kdb_status plan_interval_add(struct kdb_eval *eval, const struct kdb_expr *call,
                             const kdb_value *args, kdb_value *ret_value)
{
    struct kdb_interval interval;
    (void)call;
    KDB_TRY(kdb_interval_add(&args[0].interval, eval->ctx, &args[1].interval, &interval));
    *ret_value = interval_value(interval);
    return KDB_OK;
}

kdb_status plan_interval_subtract(struct kdb_eval *eval, const struct kdb_expr *call,
                                  const kdb_value *args, kdb_value *ret_value)
{
    struct kdb_interval interval;
    (void)call;
    KDB_TRY(kdb_interval_subtract(&args[0].interval, eval->ctx, &args[1].interval, &interval));
    *ret_value = interval_value(interval);
    return KDB_OK;
}

kdb_status plan_interval_negate(struct kdb_eval *eval, const struct kdb_expr *call,
                                const kdb_value *args, kdb_value *ret_value)
{
    struct kdb_interval interval;
    (void)call;
    KDB_TRY(kdb_interval_negate(&args[0].interval, eval->ctx, &interval));
    *ret_value = interval_value(interval);
    return KDB_OK;
}

static kdb_status scale_interval(struct kdb_eval *eval, const kdb_value *interval, double factor,
                                 kdb_value *ret_value)
{
    struct kdb_interval scaled;
    KDB_TRY(kdb_interval_multiply(&interval->interval, eval->ctx, factor, &scaled));
    *ret_value = interval_value(scaled);
    return KDB_OK;
}

kdb_status plan_interval_multiply(struct kdb_eval *eval, const struct kdb_expr *call,
                                  const kdb_value *args, kdb_value *ret_value)
{
    (void)call;
    return scale_interval(eval, &args[0], args[1].real, ret_value);
}

kdb_status plan_multiply_interval(struct kdb_eval *eval, const struct kdb_expr *call,
                                  const kdb_value *args, kdb_value *ret_value)
{
    (void)call;
    return scale_interval(eval, &args[1], args[0].real, ret_value);
}

kdb_status plan_interval_divide(struct kdb_eval *eval, const struct kdb_expr *call,
                                const kdb_value *args, kdb_value *ret_value)
{
    struct kdb_interval interval;
    (void)call;
    KDB_TRY(kdb_interval_divide(&args[0].interval, eval->ctx, args[1].real, &interval));
    *ret_value = interval_value(interval);
    return KDB_OK;
}

#define JUSTIFY(verb, function)                                                                    \
    kdb_status plan_##verb(struct kdb_eval *eval, const struct kdb_expr *call,                     \
                           const kdb_value *args, kdb_value *ret_value)                            \
    {                                                                                              \
        struct kdb_interval interval;                                                              \
        (void)call;                                                                                \
        KDB_TRY(function(&args[0].interval, eval->ctx, &interval));                                \
        *ret_value = interval_value(interval);                                                     \
        return KDB_OK;                                                                             \
    }

JUSTIFY(justify_hours, kdb_interval_justify_hours)
JUSTIFY(justify_days, kdb_interval_justify_days)
JUSTIFY(justify_interval, kdb_interval_justify)

// ---- fields ----

kdb_status plan_date_trunc(struct kdb_eval *eval, const struct kdb_expr *call,
                           const kdb_value *args, kdb_value *ret_value)
{
    kdb_kind kind = (kdb_kind)args[1].kind;
    kdb_unit unit;
    KDB_TRY(kdb_unit_parse(args[0].bytes, eval->ctx, kind, &unit));
    if (kind == KDB_INTERVAL) {
        struct kdb_interval interval;
        KDB_TRY(kdb_interval_trunc(&args[1].interval, eval->ctx, unit, &interval));
        *ret_value = interval_value(interval);
        return KDB_OK;
    }
    int64_t us;
    KDB_TRY(kdb_timestamp_trunc(args[1].integer, eval->ctx, kind, unit, &us));
    return return_time(call, us, ret_value);
}

kdb_status plan_date_part(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                          kdb_value *ret_value)
{
    kdb_unit unit;
    double number;
    (void)call;
    KDB_TRY(kdb_unit_parse(args[0].bytes, eval->ctx, (kdb_kind)args[1].kind, &unit));
    KDB_TRY(kdb_datetime_part(&args[1], eval->ctx, unit, &number));
    *ret_value = kdb_value_double(number);
    return KDB_OK;
}

// extract() is a DOUBLE here, computed from PostgreSQL's numeric result.
kdb_status plan_extract(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                        kdb_value *ret_value)
{
    kdb_unit unit;
    kdb_value number;
    (void)call;
    KDB_TRY(kdb_unit_parse(args[0].bytes, eval->ctx, (kdb_kind)args[1].kind, &unit));
    KDB_TRY(kdb_datetime_extract(&args[1], eval->ctx, unit, &number));
    *ret_value = kdb_value_double(kdb_decimal_to_double(number.decimal, number.scale));
    return KDB_OK;
}

static int64_t midnight(const struct kdb_eval *eval)
{
    return kdb_timestamp_to_date(eval->now_us) * KDB_US_PER_DAY;
}

// age(a, b), age(a): since today's midnight.
kdb_status plan_age(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                    kdb_value *ret_value)
{
    struct kdb_interval interval;
    if (call->arg_count == 2)
        kdb_timestamp_age(args[0].integer, args[1].integer, &interval);
    else
        kdb_timestamp_age(midnight(eval), args[0].integer, &interval);
    *ret_value = interval_value(interval);
    return KDB_OK;
}

// ---- making ----

static kdb_status make_days(struct kdb_eval *eval, const kdb_value *args, int64_t *ret_days)
{
    int64_t year = args[0].integer;
    int64_t month = args[1].integer;
    int64_t day = args[2].integer;
    int64_t astronomical = year < 0 ? year + 1 : year; // there is no year 0
    if (year == 0 || month < 1 || month > 12 || day < 1 ||
        day > kdb_civil_month_days(astronomical, (int)month))
        return kdb_fail(eval->ctx, KDB_ERR_OUT_OF_RANGE,
                        "date field value out of range: %lld-%02lld-%02lld",
                        (long long)astronomical, (long long)month, (long long)day);
    int64_t days = kdb_civil_days(astronomical, (int)month, (int)day);
    // Adding nothing checks the range.
    if (kdb_date_add(days, eval->ctx, 0, ret_days) != KDB_OK) {
        kdb_ctx_clear_error(eval->ctx);
        return kdb_fail(eval->ctx, KDB_ERR_OUT_OF_RANGE, "date out of range: %lld-%02lld-%02lld",
                        (long long)year, (long long)month, (long long)day);
    }
    return KDB_OK;
}

static kdb_status make_micros(struct kdb_eval *eval, const kdb_value *args, int64_t *ret_us)
{
    int64_t hour = args[0].integer;
    int64_t minute = args[1].integer;
    double second = args[2].real;
    bool is_end = hour == 24 && minute == 0 && second == 0;
    if (isnan(second) || hour < 0 || (hour >= 24 && !is_end) || minute < 0 || minute > 59 ||
        second < 0 || second > 60)
        return kdb_fail(eval->ctx, KDB_ERR_OUT_OF_RANGE,
                        "time field value out of range: %lld:%02lld:%02g", (long long)hour,
                        (long long)minute, second);
    *ret_us = hour * KDB_US_PER_HOUR + minute * KDB_US_PER_MINUTE +
              (int64_t)rint(second * (double)KDB_US_PER_SECOND);
    return KDB_OK;
}

kdb_status plan_make_date(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                          kdb_value *ret_value)
{
    int64_t days;
    KDB_TRY(make_days(eval, args, &days));
    return return_time(call, days, ret_value);
}

kdb_status plan_make_time(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                          kdb_value *ret_value)
{
    int64_t us;
    KDB_TRY(make_micros(eval, args, &us));
    return return_time(call, us, ret_value);
}

kdb_status plan_make_timestamp(struct kdb_eval *eval, const struct kdb_expr *call,
                               const kdb_value *args, kdb_value *ret_value)
{
    int64_t days;
    int64_t us;
    KDB_TRY(make_days(eval, args, &days));
    KDB_TRY(make_micros(eval, args + 3, &us));
    return date_and_time(eval, call, days, us, ret_value);
}

// Seconds since 1970 are first counted from 2000 and then rounded, as PostgreSQL does.
kdb_status plan_to_timestamp(struct kdb_eval *eval, const struct kdb_expr *call,
                             const kdb_value *args, kdb_value *ret_value)
{
    const double epoch_2000 = 946684800.0;
    double seconds = args[0].real;
    if (isnan(seconds))
        return kdb_fail(eval->ctx, KDB_ERR_OUT_OF_RANGE, "timestamp cannot be NaN");
    double us = rint((seconds - epoch_2000) * (double)KDB_US_PER_SECOND);
    if (!(us > -9.2e18 && us < 9.2e18))
        return kdb_fail(eval->ctx, KDB_ERR_OUT_OF_RANGE, "timestamp out of range: \"%g\"", seconds);
    const struct kdb_interval shift_us = {.micros = (int64_t)us};
    int64_t sum;
    KDB_TRY(kdb_timestamp_add((int64_t)epoch_2000 * KDB_US_PER_SECOND, eval->ctx, &shift_us, &sum));
    return return_time(call, sum, ret_value);
}

kdb_status plan_timestamp_date(struct kdb_eval *eval, const struct kdb_expr *call,
                               const kdb_value *args, kdb_value *ret_value)
{
    (void)eval;
    return return_time(call, kdb_timestamp_to_date(args[0].integer), ret_value);
}

// ---- now ----

kdb_status plan_now(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                    kdb_value *ret_value)
{
    (void)args;
    return return_time(call, eval->now_us, ret_value);
}

kdb_status plan_today(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                      kdb_value *ret_value)
{
    (void)args;
    return return_time(call, kdb_timestamp_to_date(eval->now_us), ret_value);
}

kdb_status plan_time_of_day(struct kdb_eval *eval, const struct kdb_expr *call,
                            const kdb_value *args, kdb_value *ret_value)
{
    (void)args;
    return return_time(call, kdb_timestamp_to_time(eval->now_us), ret_value);
}

kdb_status plan_clock(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                      kdb_value *ret_value)
{
    (void)args;
    const struct kdb_clock *clock = eval->id_source ? eval->id_source->clock : kdb_clock_system();
    return return_time(call, kdb_clock_now_us(clock), ret_value);
}
