// SPDX-License-Identifier: Apache-2.0
// Dates, times and timestamps: text in and out, calendar arithmetic, fields. The proleptic
// Gregorian calendar, as in PostgreSQL.
//
// DATE is days since 1970-01-01, TIME microseconds of the day (24:00:00 is allowed), TIMESTAMP and
// DATETIME microseconds since 1970; DATETIME is UTC and the session's zone is UTC. Text before year
// 1, infinities and named zones are refused; arithmetic may reach back to 4714 BC. Pure functions;
// any thread.
#ifndef KDB_TYPES_DATETIME_H
#define KDB_TYPES_DATETIME_H

#include <stdint.h>

#include "base/buf.h"
#include "base/civil.h"
#include "base/ctx.h"
#include "types/value.h"

#define KDB_US_PER_MINUTE (60 * KDB_US_PER_SECOND)
#define KDB_US_PER_HOUR   (60 * KDB_US_PER_MINUTE)

// Parts of a point or span of time: what extract and date_trunc name.
typedef enum {
    KDB_UNIT_MICROSECOND, // from here to MILLENNIUM: finer to coarser, what date_trunc knows
    KDB_UNIT_MILLISECOND,
    KDB_UNIT_SECOND,
    KDB_UNIT_MINUTE,
    KDB_UNIT_HOUR,
    KDB_UNIT_DAY,
    KDB_UNIT_WEEK,
    KDB_UNIT_MONTH,
    KDB_UNIT_QUARTER,
    KDB_UNIT_YEAR,
    KDB_UNIT_DECADE,
    KDB_UNIT_CENTURY,
    KDB_UNIT_MILLENNIUM,
    KDB_UNIT_EPOCH, // from here on only extract
    KDB_UNIT_DOW,
    KDB_UNIT_ISODOW,
    KDB_UNIT_DOY,
    KDB_UNIT_ISOYEAR,
    KDB_UNIT_JULIAN,
    KDB_UNIT_TIMEZONE,
    KDB_UNIT_TIMEZONE_HOUR,
    KDB_UNIT_TIMEZONE_MINUTE
} kdb_unit;

// True for PostgreSQL's names and abbreviations of units, any case ("year", "years", "y", "mon",
// "epoch", …).
bool kdb_unit_from_text(kdb_slice name, kdb_unit *ret_unit);

// The same for the first argument of date_trunc, date_part and extract: INVALID_VALUE "unit "x" not
// recognized for type …" when it is none. `kind` is the second argument's.
KDB_NODISCARD kdb_status kdb_unit_parse(kdb_slice name, struct kdb_ctx *ctx, kdb_kind kind,
                                        kdb_unit *ret_unit);

// Raises "unit "x" not supported for type …" (INVALID_VALUE) and returns it.
kdb_status kdb_unit_fail(kdb_unit unit, struct kdb_ctx *ctx, kdb_kind kind);

// Input: 'YYYY-MM-DD', 'YYYY/MM/DD' or 'YYYYMMDD', then for times a blank or T and
// HH:MM[:SS[.ffffff]], [AM|PM], and a zone Z, UTC, +hh, +hh:mm or +hhmm; 'epoch'. INVALID_VALUE
// "invalid input syntax for type timestamp: "x"", OUT_OF_RANGE "date/time field value out of range:
// "x"". A date may carry a time and a time a date, which is left out. `applies_zone`: DATETIME;
// otherwise a zone is read and ignored, as PostgreSQL does.
KDB_NODISCARD kdb_status kdb_date_parse(kdb_slice text, struct kdb_ctx *ctx, int64_t *ret_days);
KDB_NODISCARD kdb_status kdb_time_parse(kdb_slice text, struct kdb_ctx *ctx, int64_t *ret_us);
KDB_NODISCARD kdb_status kdb_timestamp_parse(kdb_slice text, struct kdb_ctx *ctx, bool applies_zone,
                                             int64_t *ret_us);

// Output: "2026-05-04", "10:00:00.5", "2026-05-04 10:00:00.5", with "+00" behind a DATETIME and "
// BC" behind years before 1. Every value of the integer types prints.
void kdb_date_print(int64_t days, struct kdb_buf *out);
void kdb_time_print(int64_t us, struct kdb_buf *out);
void kdb_timestamp_print(int64_t us, bool has_zone, struct kdb_buf *out);

// Conversions: "date out of range for timestamp"; towards the earlier day; the time of day.
KDB_NODISCARD kdb_status kdb_date_to_timestamp(int64_t days, struct kdb_ctx *ctx, int64_t *ret_us);
int64_t kdb_timestamp_to_date(int64_t us);
int64_t kdb_timestamp_to_time(int64_t us);

// date + integer. "date out of range".
KDB_NODISCARD kdb_status kdb_date_add(int64_t days, struct kdb_ctx *ctx, int64_t count,
                                      int64_t *ret_days);

// timestamp + interval: months first (the day cut to the month's length), then days, then time.
// "timestamp out of range".
KDB_NODISCARD kdb_status kdb_timestamp_add(int64_t us, struct kdb_ctx *ctx,
                                           const struct kdb_interval *interval, int64_t *ret_us);
KDB_NODISCARD kdb_status kdb_timestamp_subtract(int64_t us, struct kdb_ctx *ctx,
                                                const struct kdb_interval *interval,
                                                int64_t *ret_us);

// a - b in days and time.
KDB_NODISCARD kdb_status kdb_timestamp_difference(int64_t a, struct kdb_ctx *ctx, int64_t b,
                                                  struct kdb_interval *ret_interval);

// age(a, b): years, months, days and time by the calendar.
void kdb_timestamp_age(int64_t a, int64_t b, struct kdb_interval *ret_interval);

// time + interval, around midnight; only the interval's time counts.
int64_t kdb_time_add(int64_t us, const struct kdb_interval *interval);
int64_t kdb_time_subtract(int64_t us, const struct kdb_interval *interval);

// date_trunc(unit, timestamp); `kind` (TIMESTAMP or DATETIME) is for the message.
KDB_NODISCARD kdb_status kdb_timestamp_trunc(int64_t us, struct kdb_ctx *ctx, kdb_kind kind,
                                             kdb_unit unit, int64_t *ret_us);

// extract(unit FROM source) for a non-null DATE, TIME, TIMESTAMP, DATETIME or INTERVAL: a DECIMAL
// with PostgreSQL's scale. INVALID_VALUE for units the type does not have.
KDB_NODISCARD kdb_status kdb_datetime_extract(const kdb_value *source, struct kdb_ctx *ctx,
                                              kdb_unit unit, kdb_value *ret_value);

// date_part(unit, source): the same number as a double, rounded where PostgreSQL rounds; a DATE is
// its midnight and has all units of a TIMESTAMP.
KDB_NODISCARD kdb_status kdb_datetime_part(const kdb_value *source, struct kdb_ctx *ctx,
                                           kdb_unit unit, double *ret_number);

#endif
