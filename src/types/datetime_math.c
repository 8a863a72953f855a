// SPDX-License-Identifier: Apache-2.0
// Adding to and subtracting points in time.
#include "base/assert.h"
#include "types/datetime.h"

// PostgreSQL's earliest day, 4714-11-24 BC, and its latest date, 5874897-12-31.
#define DAYS_MIN INT64_C(-2440588)
#define DAYS_MAX INT64_C(2145042541)

static kdb_status fail_timestamp(struct kdb_ctx *ctx)
{
    return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "timestamp out of range");
}

// Days and a time (of any size) to microseconds; false when no timestamp can hold them.
static bool join(int64_t days, int64_t us, int64_t *ret_us)
{
    int64_t total;
    if (__builtin_mul_overflow(days, KDB_US_PER_DAY, &total) ||
        __builtin_add_overflow(total, us, &total) || total < DAYS_MIN * KDB_US_PER_DAY)
        return false;
    *ret_us = total;
    return true;
}

int64_t kdb_timestamp_to_date(int64_t us)
{
    return us / KDB_US_PER_DAY - (us % KDB_US_PER_DAY < 0 ? 1 : 0);
}

int64_t kdb_timestamp_to_time(int64_t us)
{
    int64_t rest = us % KDB_US_PER_DAY;
    return rest < 0 ? rest + KDB_US_PER_DAY : rest;
}

kdb_status kdb_date_to_timestamp(int64_t days, struct kdb_ctx *ctx, int64_t *ret_us)
{
    if (!join(days, 0, ret_us))
        return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "date out of range for timestamp");
    return KDB_OK;
}

kdb_status kdb_date_add(int64_t days, struct kdb_ctx *ctx, int64_t count, int64_t *ret_days)
{
    int64_t sum;
    if (__builtin_add_overflow(days, count, &sum) || sum < DAYS_MIN || sum > DAYS_MAX)
        return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "date out of range");
    *ret_days = sum;
    return KDB_OK;
}

// The day `months` later, cut to the end of its month.
static int64_t add_months(int64_t us, int64_t months)
{
    struct kdb_civil civil;
    kdb_civil_from_us(us, &civil);
    int64_t month = civil.year * 12 + (civil.month - 1) + months;
    int64_t year = month / 12 - (month % 12 < 0 ? 1 : 0);
    int month_of_year = (int)(month - year * 12) + 1;
    int length = kdb_civil_month_days(year, month_of_year);
    return kdb_civil_days(year, month_of_year, civil.day < length ? civil.day : length);
}

static bool add_parts(int64_t us, int64_t months, int64_t days, int64_t micros, int64_t *ret_us)
{
    int64_t sum = us;
    if (months != 0 && !join(add_months(sum, months), kdb_timestamp_to_time(sum), &sum))
        return false;
    if (days != 0 && !join(kdb_timestamp_to_date(sum) + days, kdb_timestamp_to_time(sum), &sum))
        return false;
    if (__builtin_add_overflow(sum, micros, &sum) || sum < DAYS_MIN * KDB_US_PER_DAY)
        return false;
    *ret_us = sum;
    return true;
}

kdb_status kdb_timestamp_add(int64_t us, struct kdb_ctx *ctx, const struct kdb_interval *interval,
                             int64_t *ret_us)
{
    if (!add_parts(us, interval->months, interval->days, interval->micros, ret_us))
        return fail_timestamp(ctx);
    return KDB_OK;
}

kdb_status kdb_timestamp_subtract(int64_t us, struct kdb_ctx *ctx,
                                  const struct kdb_interval *interval, int64_t *ret_us)
{
    if (interval->micros == INT64_MIN ||
        !add_parts(us, -(int64_t)interval->months, -(int64_t)interval->days, -interval->micros,
                   ret_us))
        return fail_timestamp(ctx);
    return KDB_OK;
}

kdb_status kdb_timestamp_difference(int64_t a, struct kdb_ctx *ctx, int64_t b,
                                    struct kdb_interval *ret_interval)
{
    int64_t us;
    if (__builtin_sub_overflow(a, b, &us))
        return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "interval out of range");
    *ret_interval = (struct kdb_interval){.days = (int32_t)(us / KDB_US_PER_DAY),
                                          .micros = us % KDB_US_PER_DAY};
    return KDB_OK;
}

void kdb_timestamp_age(int64_t a, int64_t b, struct kdb_interval *ret_interval)
{
    // Counted from the earlier to the later, then given its sign. A negative count of days borrows
    // the length of the month it started in, as PostgreSQL does.
    bool is_negative = a < b;
    struct kdb_civil late;
    struct kdb_civil early;
    kdb_civil_from_us(is_negative ? b : a, &late);
    kdb_civil_from_us(is_negative ? a : b, &early);
    int64_t us =
        kdb_timestamp_to_time(is_negative ? b : a) - kdb_timestamp_to_time(is_negative ? a : b);
    int days = late.day - early.day;
    int64_t months = (late.year - early.year) * 12 + (late.month - early.month);
    if (us < 0) {
        us += KDB_US_PER_DAY;
        days--;
    }
    if (days < 0) {
        days += kdb_civil_month_days(early.year, early.month);
        months--;
    }
    *ret_interval = (struct kdb_interval){.months = (int32_t)(is_negative ? -months : months),
                                          .days = is_negative ? -days : days,
                                          .micros = is_negative ? -us : us};
}

int64_t kdb_time_add(int64_t us, const struct kdb_interval *interval)
{
    return kdb_timestamp_to_time(us + interval->micros % KDB_US_PER_DAY);
}

int64_t kdb_time_subtract(int64_t us, const struct kdb_interval *interval)
{
    return kdb_timestamp_to_time(us - interval->micros % KDB_US_PER_DAY);
}
