// SPDX-License-Identifier: Apache-2.0
// Intervals: months, days and microseconds that do not convert into each other (struct kdb_interval
// in value.h).
//
// Input, output and arithmetic are PostgreSQL's. Pure functions; any thread.
#ifndef KDB_TYPES_INTERVAL_H
#define KDB_TYPES_INTERVAL_H

#include "base/buf.h"
#include "base/ctx.h"
#include "types/datetime.h"
#include "types/value.h"

// PostgreSQL's input: '1 year 2 mons 3 days 04:05:06.789', '1-2', '3 4:05', '1.5 hours ago',
// 'P1Y2M3DT4H5M6S', 'P0001-02-03T04:05:06'. A number without a unit counts `unit` (KDB_UNIT_SECOND
// for a plain interval; INTERVAL '1' DAY gives KDB_UNIT_DAY). INVALID_VALUE, OUT_OF_RANGE.
KDB_NODISCARD kdb_status kdb_interval_parse(kdb_slice text, struct kdb_ctx *ctx, kdb_unit unit,
                                            struct kdb_interval *ret_interval);

// Appends IntervalStyle postgres: "1 year 2 mons -3 days +04:05:06.789"; zero is "00:00:00".
void kdb_interval_print(const struct kdb_interval *interval, struct kdb_buf *out);

// The length by which intervals are ordered: microseconds, a day counted as 24 hours, a month as 30
// days.
kdb_int128 kdb_interval_span(const struct kdb_interval *interval);

// Part by part. OUT_OF_RANGE "interval out of range".
KDB_NODISCARD kdb_status kdb_interval_add(const struct kdb_interval *a, struct kdb_ctx *ctx,
                                          const struct kdb_interval *b,
                                          struct kdb_interval *ret_interval);
KDB_NODISCARD kdb_status kdb_interval_subtract(const struct kdb_interval *a, struct kdb_ctx *ctx,
                                               const struct kdb_interval *b,
                                               struct kdb_interval *ret_interval);
KDB_NODISCARD kdb_status kdb_interval_negate(const struct kdb_interval *a, struct kdb_ctx *ctx,
                                             struct kdb_interval *ret_interval);

// Fractions of months go to days, fractions of days to the time. OUT_OF_RANGE; divide:
// DIVISION_BY_ZERO.
KDB_NODISCARD kdb_status kdb_interval_multiply(const struct kdb_interval *a, struct kdb_ctx *ctx,
                                               double factor, struct kdb_interval *ret_interval);
KDB_NODISCARD kdb_status kdb_interval_divide(const struct kdb_interval *a, struct kdb_ctx *ctx,
                                             double divisor, struct kdb_interval *ret_interval);

// justify_hours, justify_days, justify_interval: 24 hours become a day, 30 days a month, signs made
// alike.
KDB_NODISCARD kdb_status kdb_interval_justify_hours(const struct kdb_interval *a,
                                                    struct kdb_ctx *ctx,
                                                    struct kdb_interval *ret_interval);
KDB_NODISCARD kdb_status kdb_interval_justify_days(const struct kdb_interval *a,
                                                   struct kdb_ctx *ctx,
                                                   struct kdb_interval *ret_interval);
KDB_NODISCARD kdb_status kdb_interval_justify(const struct kdb_interval *a, struct kdb_ctx *ctx,
                                              struct kdb_interval *ret_interval);

// date_trunc(unit, interval). INVALID_VALUE for units an interval does not have.
KDB_NODISCARD kdb_status kdb_interval_trunc(const struct kdb_interval *a, struct kdb_ctx *ctx,
                                            kdb_unit unit, struct kdb_interval *ret_interval);

#endif
