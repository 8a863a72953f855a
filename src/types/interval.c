// SPDX-License-Identifier: Apache-2.0
// Output and arithmetic of intervals.
#include "types/interval.h"

#include <math.h>
#include <stdlib.h>

#include "base/assert.h"

#define DAYS_PER_MONTH  30
#define SECONDS_PER_DAY 86400.0

static kdb_status fail_range(struct kdb_ctx *ctx)
{
    return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "interval out of range");
}

// " -3 days": a part after a negative one is written with its sign.
static void print_part(struct kdb_buf *out, int32_t number, const char *unit, bool *is_first,
                       bool *after_negative)
{
    if (number == 0)
        return;
    kdb_buf_printf(out, "%s%s%d %s%s", *is_first ? "" : " ",
                   *after_negative && number > 0 ? "+" : "", (int)number, unit,
                   number == 1 ? "" : "s");
    *is_first = false;
    *after_negative = number < 0;
}

void kdb_interval_print(const struct kdb_interval *interval, struct kdb_buf *out)
{
    bool is_first = true;
    bool after_negative = false;
    print_part(out, interval->months / 12, "year", &is_first, &after_negative);
    print_part(out, interval->months % 12, "mon", &is_first, &after_negative);
    print_part(out, interval->days, "day", &is_first, &after_negative);
    if (interval->micros == 0 && !is_first)
        return;
    bool is_negative = interval->micros < 0;
    uint64_t us = is_negative ? 0U - (uint64_t)interval->micros : (uint64_t)interval->micros;
    unsigned micros = (unsigned)(us % (uint64_t)KDB_US_PER_SECOND);
    uint64_t seconds = us / (uint64_t)KDB_US_PER_SECOND;
    kdb_buf_printf(out, "%s%s%02llu:%02u:%02u", is_first ? "" : " ",
                   is_negative      ? "-"
                   : after_negative ? "+"
                                    : "",
                   (unsigned long long)(seconds / 3600), (unsigned)(seconds / 60 % 60),
                   (unsigned)(seconds % 60));
    if (micros == 0)
        return;
    int digits = 6;
    for (; micros % 10 == 0; digits--)
        micros /= 10;
    kdb_buf_printf(out, ".%0*u", digits, micros);
}

kdb_int128 kdb_interval_span(const struct kdb_interval *interval)
{
    int64_t days = (int64_t)interval->months * DAYS_PER_MONTH + interval->days;
    return (kdb_int128)days * KDB_US_PER_DAY + interval->micros;
}

kdb_status kdb_interval_add(const struct kdb_interval *a, struct kdb_ctx *ctx,
                            const struct kdb_interval *b, struct kdb_interval *ret_interval)
{
    struct kdb_interval sum;
    if (__builtin_add_overflow(a->months, b->months, &sum.months) ||
        __builtin_add_overflow(a->days, b->days, &sum.days) ||
        __builtin_add_overflow(a->micros, b->micros, &sum.micros))
        return fail_range(ctx);
    *ret_interval = sum;
    return KDB_OK;
}

kdb_status kdb_interval_subtract(const struct kdb_interval *a, struct kdb_ctx *ctx,
                                 const struct kdb_interval *b, struct kdb_interval *ret_interval)
{
    struct kdb_interval difference;
    if (__builtin_sub_overflow(a->months, b->months, &difference.months) ||
        __builtin_sub_overflow(a->days, b->days, &difference.days) ||
        __builtin_sub_overflow(a->micros, b->micros, &difference.micros))
        return fail_range(ctx);
    *ret_interval = difference;
    return KDB_OK;
}

kdb_status kdb_interval_negate(const struct kdb_interval *a, struct kdb_ctx *ctx,
                               struct kdb_interval *ret_interval)
{
    static const struct kdb_interval zero = {0};
    return kdb_interval_subtract(&zero, ctx, a, ret_interval);
}

static bool to_i32(double number, int32_t *ret_number)
{
    if (!(number >= INT32_MIN && number <= INT32_MAX))
        return false;
    *ret_number = (int32_t)number;
    return true;
}

static bool to_i64(double number, int64_t *ret_number)
{
    // 2^63 itself is a double and does not fit.
    if (!(number >= -9223372036854775808.0 && number < 9223372036854775808.0))
        return false;
    *ret_number = (int64_t)number;
    return true;
}

// To microseconds, as PostgreSQL rounds seconds held in a double.
static double round_seconds(double seconds)
{
    return rint(seconds * 1000000.0) / 1000000.0;
}

// The parts multiplied, with what is left of months and days handed down: months to days, days to
// the time.
static bool cascade(double months, double days, double micros, struct kdb_interval *ret_interval)
{
    struct kdb_interval result;
    if (!to_i32(months, &result.months) || !to_i32(days, &result.days))
        return false;
    double rest_days = round_seconds((months - result.months) * DAYS_PER_MONTH);
    double rest_seconds =
        round_seconds((days - result.days + rest_days - (int)rest_days) * SECONDS_PER_DAY);
    int32_t carried = 0;
    if (fabs(rest_seconds) >= SECONDS_PER_DAY) {
        carried = (int32_t)(rest_seconds / SECONDS_PER_DAY);
        rest_seconds -= carried * SECONDS_PER_DAY;
    }
    if (__builtin_add_overflow(result.days, carried, &result.days) ||
        __builtin_add_overflow(result.days, (int32_t)rest_days, &result.days) ||
        !to_i64(rint(micros + rest_seconds * (double)KDB_US_PER_SECOND), &result.micros))
        return false;
    *ret_interval = result;
    return true;
}

kdb_status kdb_interval_multiply(const struct kdb_interval *a, struct kdb_ctx *ctx, double factor,
                                 struct kdb_interval *ret_interval)
{
    if (!cascade(a->months * factor, a->days * factor, (double)a->micros * factor, ret_interval))
        return fail_range(ctx);
    return KDB_OK;
}

kdb_status kdb_interval_divide(const struct kdb_interval *a, struct kdb_ctx *ctx, double divisor,
                               struct kdb_interval *ret_interval)
{
    if (divisor == 0)
        return kdb_fail(ctx, KDB_ERR_DIVISION_BY_ZERO, "division by zero");
    if (!cascade(a->months / divisor, a->days / divisor, (double)a->micros / divisor, ret_interval))
        return fail_range(ctx);
    return KDB_OK;
}

// Moves whole days from the time to the days, without looking at signs.
static bool carry_hours(struct kdb_interval *interval)
{
    int64_t days = interval->micros / KDB_US_PER_DAY;
    interval->micros %= KDB_US_PER_DAY;
    return !__builtin_add_overflow(interval->days, days, &interval->days);
}

static bool carry_days(struct kdb_interval *interval)
{
    int32_t months = interval->days / DAYS_PER_MONTH;
    interval->days %= DAYS_PER_MONTH;
    return !__builtin_add_overflow(interval->months, months, &interval->months);
}

// Borrows a day or gives one back, so that days and time have one sign.
static void align_hours(struct kdb_interval *interval)
{
    if (interval->days > 0 && interval->micros < 0) {
        interval->micros += KDB_US_PER_DAY;
        interval->days--;
    } else if (interval->days < 0 && interval->micros > 0) {
        interval->micros -= KDB_US_PER_DAY;
        interval->days++;
    }
}

static void align_days(struct kdb_interval *interval)
{
    if (interval->months > 0 && interval->days < 0) {
        interval->days += DAYS_PER_MONTH;
        interval->months--;
    } else if (interval->months < 0 && interval->days > 0) {
        interval->days -= DAYS_PER_MONTH;
        interval->months++;
    }
}

kdb_status kdb_interval_justify_hours(const struct kdb_interval *a, struct kdb_ctx *ctx,
                                      struct kdb_interval *ret_interval)
{
    struct kdb_interval result = *a;
    if (!carry_hours(&result))
        return fail_range(ctx);
    align_hours(&result);
    *ret_interval = result;
    return KDB_OK;
}

kdb_status kdb_interval_justify_days(const struct kdb_interval *a, struct kdb_ctx *ctx,
                                     struct kdb_interval *ret_interval)
{
    struct kdb_interval result = *a;
    if (!carry_days(&result))
        return fail_range(ctx);
    align_days(&result);
    *ret_interval = result;
    return KDB_OK;
}

kdb_status kdb_interval_justify(const struct kdb_interval *a, struct kdb_ctx *ctx,
                                struct kdb_interval *ret_interval)
{
    struct kdb_interval result = *a;
    // Days and time of one sign: bring them below a month first, so that the carry cannot overflow.
    if ((result.days > 0 && result.micros > 0) || (result.days < 0 && result.micros < 0)) {
        if (!carry_days(&result))
            return fail_range(ctx);
    }
    if (!carry_hours(&result) || !carry_days(&result))
        return fail_range(ctx);
    if (result.months > 0 && (result.days < 0 || (result.days == 0 && result.micros < 0))) {
        result.days += DAYS_PER_MONTH;
        result.months--;
    } else if (result.months < 0 && (result.days > 0 || (result.days == 0 && result.micros > 0))) {
        result.days -= DAYS_PER_MONTH;
        result.months++;
    }
    align_hours(&result);
    *ret_interval = result;
    return KDB_OK;
}

kdb_status kdb_interval_trunc(const struct kdb_interval *a, struct kdb_ctx *ctx, kdb_unit unit,
                              struct kdb_interval *ret_interval)
{
    static const int64_t time_steps[] = {[KDB_UNIT_MICROSECOND] = 1,
                                         [KDB_UNIT_MILLISECOND] = 1000,
                                         [KDB_UNIT_SECOND] = KDB_US_PER_SECOND,
                                         [KDB_UNIT_MINUTE] = KDB_US_PER_MINUTE,
                                         [KDB_UNIT_HOUR] = KDB_US_PER_HOUR};
    static const int32_t month_steps[] = {
        [KDB_UNIT_MONTH] = 1,    [KDB_UNIT_QUARTER] = 3,    [KDB_UNIT_YEAR] = 12,
        [KDB_UNIT_DECADE] = 120, [KDB_UNIT_CENTURY] = 1200, [KDB_UNIT_MILLENNIUM] = 12000};
    struct kdb_interval result = *a;
    if (unit > KDB_UNIT_MILLENNIUM || unit == KDB_UNIT_WEEK)
        return kdb_unit_fail(unit, ctx, KDB_INTERVAL);
    if (unit <= KDB_UNIT_HOUR)
        result.micros -= result.micros % time_steps[unit];
    else
        result.micros = 0;
    if (unit >= KDB_UNIT_MONTH) {
        result.days = 0;
        result.months -= result.months % month_steps[unit];
    }
    *ret_interval = result;
    return KDB_OK;
}
