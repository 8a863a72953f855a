// SPDX-License-Identifier: Apache-2.0
// extract and date_trunc.
#include "base/assert.h"
#include "types/datetime.h"
#include "types/decimal.h"

// Days from the Julian day 0 to 1970-01-01.
#define JULIAN_EPOCH_DAYS INT64_C(2440588)

// Fraction digits of a Julian date with a time.
#define JULIAN_SCALE 20

#define BIT(unit) (UINT32_C(1) << KDB_UNIT_##unit)
#define TIME_UNITS                                                                                 \
    (BIT(MICROSECOND) | BIT(MILLISECOND) | BIT(SECOND) | BIT(MINUTE) | BIT(HOUR) | BIT(EPOCH))
#define SPAN_UNITS                                                                                 \
    (BIT(DAY) | BIT(MONTH) | BIT(QUARTER) | BIT(YEAR) | BIT(DECADE) | BIT(CENTURY) |               \
     BIT(MILLENNIUM) | BIT(EPOCH))
#define DATE_UNITS                                                                                 \
    (SPAN_UNITS | BIT(WEEK) | BIT(DOW) | BIT(ISODOW) | BIT(DOY) | BIT(ISOYEAR) | BIT(JULIAN))
#define ZONE_UNITS (BIT(TIMEZONE) | BIT(TIMEZONE_HOUR) | BIT(TIMEZONE_MINUTE))

// What extract knows of each type.
static const uint32_t units_of[KDB_KIND_COUNT] = {
    [KDB_DATE] = DATE_UNITS,
    [KDB_TIME] = TIME_UNITS,
    [KDB_TIMESTAMP] = DATE_UNITS | TIME_UNITS,
    [KDB_DATETIME] = DATE_UNITS | TIME_UNITS | ZONE_UNITS,
    [KDB_INTERVAL] = SPAN_UNITS | TIME_UNITS,
};

// A point in time in the pieces that fields are made of.
struct point {
    int64_t days;  // since 1970
    int64_t us;    // of the day
    bool has_time; // not a DATE
    bool has_date; // not a TIME
    struct kdb_civil civil;
};

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

// Monday of the week a day is in.
static int64_t monday_of(int64_t days)
{
    return days - (kdb_civil_weekday(days) + 6) % 7;
}

// Years as people count them: there is no year 0, the one before 1 is -1.
static int64_t counted_year(int64_t year)
{
    return year > 0 ? year : year - 1;
}

// Which span of `size` years (100, 1000) a year is in: 1 for 1…100, -1 for 100 BC…1 BC.
static int64_t span_of_years(int64_t year, int64_t size)
{
    return year > 0 ? (year + size - 1) / size : -((size - year) / size);
}

// The first year of that span.
static int64_t first_of_span(int64_t year, int64_t size)
{
    int64_t span = span_of_years(year, size);
    return span > 0 ? (span - 1) * size + 1 : span * size + 1;
}

// The first day of the week, month, … that the point is in.
static int64_t first_day(int64_t us, kdb_unit unit)
{
    struct kdb_civil civil;
    kdb_civil_from_us(us, &civil);
    if (unit == KDB_UNIT_WEEK)
        return monday_of(kdb_timestamp_to_date(us));
    if (unit == KDB_UNIT_MONTH)
        return kdb_civil_days(civil.year, civil.month, 1);
    if (unit == KDB_UNIT_QUARTER)
        return kdb_civil_days(civil.year, (civil.month - 1) / 3 * 3 + 1, 1);
    if (unit == KDB_UNIT_YEAR)
        return kdb_civil_days(civil.year, 1, 1);
    if (unit == KDB_UNIT_DECADE)
        return kdb_civil_days(floor_divide(civil.year, 10) * 10, 1, 1);
    return kdb_civil_days(first_of_span(civil.year, unit == KDB_UNIT_CENTURY ? 100 : 1000), 1, 1);
}

kdb_status kdb_timestamp_trunc(int64_t us, struct kdb_ctx *ctx, kdb_kind kind, kdb_unit unit,
                               int64_t *ret_us)
{
    static const int64_t steps[] = {[KDB_UNIT_MICROSECOND] = 1,
                                    [KDB_UNIT_MILLISECOND] = 1000,
                                    [KDB_UNIT_SECOND] = KDB_US_PER_SECOND,
                                    [KDB_UNIT_MINUTE] = KDB_US_PER_MINUTE,
                                    [KDB_UNIT_HOUR] = KDB_US_PER_HOUR,
                                    [KDB_UNIT_DAY] = KDB_US_PER_DAY};
    if (unit > KDB_UNIT_MILLENNIUM)
        return kdb_unit_fail(unit, ctx, kind);
    int64_t result = 0;
    if (unit <= KDB_UNIT_DAY)
        result = floor_divide(us, steps[unit]) * steps[unit];
    else if (kdb_date_to_timestamp(first_day(us, unit), ctx, &result) != KDB_OK)
        return ctx->error.status;
    *ret_us = result;
    return KDB_OK;
}

// The Julian date; times are a fraction of the day, rounded to JULIAN_SCALE digits.
static kdb_value julian_date(const struct point *point)
{
    kdb_int128 days = point->days + JULIAN_EPOCH_DAYS;
    if (!point->has_time)
        return kdb_value_decimal(days, 0);
    kdb_int128 unit = kdb_decimal_power(JULIAN_SCALE);
    kdb_int128 fraction = (point->us * unit + KDB_US_PER_DAY / 2) / KDB_US_PER_DAY;
    return kdb_value_decimal(days * unit + fraction, JULIAN_SCALE);
}

// Seconds since 1970, or since midnight for a TIME.
static kdb_value epoch_of(const struct point *point)
{
    if (!point->has_time)
        return kdb_value_decimal((kdb_int128)point->days * 86400, 0);
    return kdb_value_decimal((kdb_int128)point->days * KDB_US_PER_DAY + point->us, 6);
}

static kdb_value whole(int64_t number)
{
    return kdb_value_decimal(number, 0);
}

static kdb_value field_of(const struct point *point, kdb_unit unit)
{
    int64_t us_of_minute = point->us % KDB_US_PER_MINUTE;
    int64_t year = point->civil.year;
    int64_t week_year = 0;
    int week = 0;
    kdb_civil_iso_week(point->days, &week_year, &week);
    switch (unit) {
    case KDB_UNIT_MICROSECOND:
        return whole(us_of_minute);
    case KDB_UNIT_MILLISECOND:
        return kdb_value_decimal(us_of_minute, 3);
    case KDB_UNIT_SECOND:
        return kdb_value_decimal(us_of_minute, 6);
    case KDB_UNIT_MINUTE:
        return whole(point->us / KDB_US_PER_MINUTE % 60);
    case KDB_UNIT_HOUR:
        return whole(point->us / KDB_US_PER_HOUR);
    case KDB_UNIT_DAY:
        return whole(point->civil.day);
    case KDB_UNIT_WEEK:
        return whole(week);
    case KDB_UNIT_MONTH:
        return whole(point->civil.month);
    case KDB_UNIT_QUARTER:
        return whole((point->civil.month - 1) / 3 + 1);
    case KDB_UNIT_YEAR:
        return whole(counted_year(year));
    case KDB_UNIT_DECADE:
        return whole(floor_divide(year, 10));
    case KDB_UNIT_CENTURY:
        return whole(span_of_years(year, 100));
    case KDB_UNIT_MILLENNIUM:
        return whole(span_of_years(year, 1000));
    case KDB_UNIT_EPOCH:
        return epoch_of(point);
    case KDB_UNIT_DOW:
        return whole(kdb_civil_weekday(point->days));
    case KDB_UNIT_ISODOW:
        return whole((kdb_civil_weekday(point->days) + 6) % 7 + 1);
    case KDB_UNIT_DOY:
        return whole(point->days - kdb_civil_days(year, 1, 1) + 1);
    case KDB_UNIT_ISOYEAR:
        return whole(counted_year(week_year));
    case KDB_UNIT_JULIAN:
        return julian_date(point);
    case KDB_UNIT_TIMEZONE:
    case KDB_UNIT_TIMEZONE_HOUR:
    case KDB_UNIT_TIMEZONE_MINUTE:
        return whole(0);
    }
    KDB_UNREACHABLE();
}

// Seconds: a year of 12 months counts 365.25 days, a month 30, a day 24 hours.
static kdb_value epoch_of_interval(const struct kdb_interval *interval)
{
    kdb_int128 quarter_days = (kdb_int128)(interval->months / 12) * 1461 +
                              (kdb_int128)(interval->months % 12) * 120 +
                              (kdb_int128)interval->days * 4;
    return kdb_value_decimal(quarter_days * (KDB_US_PER_DAY / 4) + interval->micros, 6);
}

static kdb_value field_of_interval(const struct kdb_interval *interval, kdb_unit unit)
{
    int64_t us_of_minute = interval->micros % KDB_US_PER_MINUTE;
    int32_t years = interval->months / 12;
    int32_t months = interval->months % 12;
    switch (unit) {
    case KDB_UNIT_MICROSECOND:
        return whole(us_of_minute);
    case KDB_UNIT_MILLISECOND:
        return kdb_value_decimal(us_of_minute, 3);
    case KDB_UNIT_SECOND:
        return kdb_value_decimal(us_of_minute, 6);
    case KDB_UNIT_MINUTE:
        return whole(interval->micros / KDB_US_PER_MINUTE % 60);
    case KDB_UNIT_HOUR:
        return whole(interval->micros / KDB_US_PER_HOUR);
    case KDB_UNIT_DAY:
        return whole(interval->days);
    case KDB_UNIT_MONTH:
        return whole(months);
    case KDB_UNIT_QUARTER:
        return whole(months / 3 + 1);
    case KDB_UNIT_YEAR:
        return whole(years);
    case KDB_UNIT_DECADE:
        return whole(years / 10);
    case KDB_UNIT_CENTURY:
        return whole(years / 100);
    case KDB_UNIT_MILLENNIUM:
        return whole(years / 1000);
    case KDB_UNIT_EPOCH:
        return epoch_of_interval(interval);
    case KDB_UNIT_WEEK:
    case KDB_UNIT_DOW:
    case KDB_UNIT_ISODOW:
    case KDB_UNIT_DOY:
    case KDB_UNIT_ISOYEAR:
    case KDB_UNIT_JULIAN:
    case KDB_UNIT_TIMEZONE:
    case KDB_UNIT_TIMEZONE_HOUR:
    case KDB_UNIT_TIMEZONE_MINUTE:
        break;
    }
    KDB_UNREACHABLE();
}

kdb_status kdb_datetime_extract(const kdb_value *source, struct kdb_ctx *ctx, kdb_unit unit,
                                kdb_value *ret_value)
{
    kdb_kind kind = source->kind;
    struct point point = {.has_date = kind != KDB_TIME, .has_time = kind != KDB_DATE};
    KDB_ASSERT(units_of[kind] != 0 && !source->is_null);
    if ((units_of[kind] & UINT32_C(1) << unit) == 0)
        return kdb_unit_fail(unit, ctx, kind);
    if (kind == KDB_INTERVAL) {
        *ret_value = field_of_interval(&source->interval, unit);
        return KDB_OK;
    }
    if (kind == KDB_DATE)
        point.days = source->integer;
    else if (kind == KDB_TIME)
        point.us = source->integer;
    else
        point.days = kdb_timestamp_to_date(source->integer);
    if (point.has_date && point.has_time)
        point.us = kdb_timestamp_to_time(source->integer);
    if (point.has_date)
        kdb_civil_from_days(point.days, &point.civil);
    *ret_value = field_of(&point, unit);
    return KDB_OK;
}

// Seconds since 1970, of the day or of a span, as PostgreSQL adds them up.
static double epoch_part(const kdb_value *source)
{
    const struct kdb_interval *interval = &source->interval;
    double day = (double)KDB_US_PER_DAY / (double)KDB_US_PER_SECOND;
    if (source->kind != KDB_INTERVAL)
        return (double)source->integer / (double)KDB_US_PER_SECOND;
    double seconds = (double)interval->micros / (double)KDB_US_PER_SECOND;
    int32_t years = interval->months / 12;
    int32_t months = interval->months % 12;
    seconds += 365.25 * day * years;
    seconds += 30 * day * months;
    return seconds + day * interval->days;
}

// Microseconds of the time: of the day, or all of an interval's.
static int64_t time_us(const kdb_value *source)
{
    if (source->kind == KDB_INTERVAL)
        return source->interval.micros;
    return source->kind == KDB_TIME ? source->integer : kdb_timestamp_to_time(source->integer);
}

// The part of a source that is no DATE; `exact` is what extract gives.
static double part_of(const kdb_value *source, kdb_unit unit, const kdb_value *exact)
{
    int64_t us = time_us(source);
    int64_t seconds = us / KDB_US_PER_SECOND;
    double micros = (double)(us % KDB_US_PER_SECOND);
    double fraction = micros / (double)KDB_US_PER_SECOND;
    if (unit == KDB_UNIT_EPOCH)
        return epoch_part(source);
    if (unit == KDB_UNIT_SECOND)
        return (double)(seconds % 60) + fraction;
    if (unit == KDB_UNIT_MILLISECOND)
        return (double)(seconds % 60) * 1000 + micros / 1000;
    if (unit == KDB_UNIT_JULIAN)
        return (double)(kdb_timestamp_to_date(source->integer) + JULIAN_EPOCH_DAYS) +
               ((double)seconds + fraction) / 86400.0;
    return kdb_decimal_to_double(exact->decimal, exact->scale);
}

kdb_status kdb_datetime_part(const kdb_value *source, struct kdb_ctx *ctx, kdb_unit unit,
                             double *ret_number)
{
    kdb_value point = *source;
    kdb_value exact = kdb_value_null(KDB_DECIMAL);
    if (source->kind == KDB_DATE) {
        point.kind = KDB_TIMESTAMP;
        KDB_TRY(kdb_date_to_timestamp(source->integer, ctx, &point.integer));
    }
    KDB_TRY(kdb_datetime_extract(&point, ctx, unit, &exact));
    *ret_number = part_of(&point, unit, &exact);
    return KDB_OK;
}
