// SPDX-License-Identifier: Apache-2.0
// The proleptic Gregorian calendar in UTC: days and microseconds since 1970 to fields and back.
//
// Pure arithmetic on 64-bit numbers, right for years from -290000 to 290000; negative years are
// astronomical (year 0 exists). Any thread.
#ifndef KDB_BASE_CIVIL_H
#define KDB_BASE_CIVIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KDB_US_PER_SECOND INT64_C(1000000)
#define KDB_US_PER_DAY    (INT64_C(86400) * KDB_US_PER_SECOND)

// A point in time by the calendar.
struct kdb_civil {
    int64_t year;
    int month;       // 1..12
    int day;         // 1..31
    int hour;        // 0..23
    int minute;      // 0..59
    int second;      // 0..59
    int microsecond; // 0..999999
};

// Days from 1970-01-01 to a date. `day` may lie outside the month: it just counts on.
int64_t kdb_civil_days(int64_t year, int month, int day);

// The date of a day: year, month and day are set, the time of day is left alone.
void kdb_civil_from_days(int64_t days, struct kdb_civil *ret_civil);

// All fields of a time in microseconds since 1970.
void kdb_civil_from_us(int64_t us, struct kdb_civil *ret_civil);

// Microseconds since 1970 of valid fields.
int64_t kdb_civil_to_us(const struct kdb_civil *civil);

// Whether the year has a 29 February.
bool kdb_civil_is_leap(int64_t year);

// Days of a month (1..12).
int kdb_civil_month_days(int64_t year, int month);

// 0 is Sunday, 6 is Saturday.
int kdb_civil_weekday(int64_t days);

// The ISO 8601 week (1..53) of a day and the year it is counted in.
void kdb_civil_iso_week(int64_t days, int64_t *ret_year, int *ret_week);

// Enough for any text below with its NUL.
#define KDB_CIVIL_TEXT_BYTES 40

// RFC 3339 in UTC with milliseconds, cut, not rounded: "2026-05-04T10:00:00.123+00:00". Years have
// at least four digits and a '-' before the common era. NUL-terminated; returns the length.
size_t kdb_civil_format_ms(int64_t us, char ret_text[KDB_CIVIL_TEXT_BYTES]);

// The same in whole seconds: "2026-05-05T10:00:00+00:00".
size_t kdb_civil_format_seconds(int64_t us, char ret_text[KDB_CIVIL_TEXT_BYTES]);

#endif
