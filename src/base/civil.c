// SPDX-License-Identifier: Apache-2.0
// Calendar arithmetic after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"
// (days_from_civil and civil_from_days): years begin in March, eras have 400 years.
#include "base/civil.h"

#include "base/assert.h"

#define DAYS_PER_ERA 146097
// Days from 0000-03-01 to 1970-01-01.
#define DAYS_TO_1970 719468

static int64_t floor_divide(int64_t value, int64_t by)
{
    int64_t quotient = value / by;
    return value % by < 0 ? quotient - 1 : quotient;
}

int64_t kdb_civil_days(int64_t year, int month, int day)
{
    KDB_ASSERT(month >= 1 && month <= 12);
    int64_t march_year = month <= 2 ? year - 1 : year;
    int64_t era = floor_divide(march_year, 400);
    int64_t year_of_era = march_year - era * 400;
    int64_t month_from_march = month > 2 ? month - 3 : month + 9;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

void kdb_civil_from_days(int64_t days, struct kdb_civil *ret_civil)
{
    int64_t shifted = days + DAYS_TO_1970;
    int64_t era = floor_divide(shifted, DAYS_PER_ERA);
    int64_t day_of_era = shifted - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    ret_civil->year = year_of_era + era * 400 + (month <= 2);
    ret_civil->month = (int)month;
    ret_civil->day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
}

void kdb_civil_from_us(int64_t us, struct kdb_civil *ret_civil)
{
    int64_t days = floor_divide(us, KDB_US_PER_DAY);
    int64_t rest = us % KDB_US_PER_DAY;
    rest += rest < 0 ? KDB_US_PER_DAY : 0;
    kdb_civil_from_days(days, ret_civil);
    ret_civil->microsecond = (int)(rest % KDB_US_PER_SECOND);
    rest /= KDB_US_PER_SECOND;
    ret_civil->second = (int)(rest % 60);
    ret_civil->minute = (int)(rest / 60 % 60);
    ret_civil->hour = (int)(rest / 3600);
}

int64_t kdb_civil_to_us(const struct kdb_civil *civil)
{
    int64_t days = kdb_civil_days(civil->year, civil->month, civil->day);
    int64_t seconds = (int64_t)civil->hour * 3600 + (int64_t)civil->minute * 60 + civil->second;
    int64_t of_day = seconds * KDB_US_PER_SECOND + civil->microsecond;
    // Unsigned: the first day's start may lie below INT64_MIN although the time does not.
    return (int64_t)((uint64_t)days * (uint64_t)KDB_US_PER_DAY + (uint64_t)of_day);
}

bool kdb_civil_is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int kdb_civil_month_days(int64_t year, int month)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    KDB_ASSERT(month >= 1 && month <= 12);
    return month == 2 && kdb_civil_is_leap(year) ? 29 : days[month - 1];
}

int kdb_civil_weekday(int64_t days)
{
    // 1970-01-01 was a Thursday.
    return (int)(days + 4 - floor_divide(days + 4, 7) * 7);
}

void kdb_civil_iso_week(int64_t days, int64_t *ret_year, int *ret_week)
{
    // A week belongs to the year its Thursday is in.
    int from_monday = (kdb_civil_weekday(days) + 6) % 7;
    int64_t thursday = days - from_monday + 3;
    struct kdb_civil civil;
    kdb_civil_from_days(thursday, &civil);
    *ret_year = civil.year;
    *ret_week = (int)((thursday - kdb_civil_days(civil.year, 1, 1)) / 7) + 1;
}

// Writes `value` with exactly `width` digits.
static char *put_digits(char *at, int64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + width;
}

// Date and time of day without fraction and zone; returns the end.
static char *put_seconds(char *at, const struct kdb_civil *civil)
{
    int64_t year = civil->year;
    if (year < 0) {
        *at++ = '-';
        year = -year;
    }
    int width = 4;
    for (int64_t rest = year / 10000; rest > 0; rest /= 10)
        width++;
    at = put_digits(at, year, width);
    *at++ = '-';
    at = put_digits(at, civil->month, 2);
    *at++ = '-';
    at = put_digits(at, civil->day, 2);
    *at++ = 'T';
    at = put_digits(at, civil->hour, 2);
    *at++ = ':';
    at = put_digits(at, civil->minute, 2);
    *at++ = ':';
    return put_digits(at, civil->second, 2);
}

static size_t put_zone(const char *begin, char *at)
{
    static const char zone[] = "+00:00";
    for (size_t i = 0; i < sizeof(zone); i++)
        at[i] = zone[i];
    return (size_t)(at - begin) + sizeof(zone) - 1;
}

size_t kdb_civil_format_ms(int64_t us, char ret_text[KDB_CIVIL_TEXT_BYTES])
{
    struct kdb_civil civil;
    kdb_civil_from_us(us, &civil);
    char *at = put_seconds(ret_text, &civil);
    *at++ = '.';
    return put_zone(ret_text, put_digits(at, civil.microsecond / 1000, 3));
}

size_t kdb_civil_format_seconds(int64_t us, char ret_text[KDB_CIVIL_TEXT_BYTES])
{
    struct kdb_civil civil;
    kdb_civil_from_us(us, &civil);
    return put_zone(ret_text, put_seconds(ret_text, &civil));
}
