// SPDX-License-Identifier: Apache-2.0
// The calendar: every day of 800 years, the far ends, ISO weeks, texts; the C library as witness.
#include "base/civil.h"

#include <stdio.h>
#include <time.h>

#include "base/random.h"
#include "lib/test.h"

// Walks the calendar day by day with the rules a child knows.
static void test_every_day_from_1600_to_2400(void **state)
{
    (void)state;
    int64_t days = kdb_civil_days(1600, 1, 1);
    assert_int_equal(kdb_civil_days(1970, 1, 1), 0);
    int weekday = kdb_civil_weekday(days);
    assert_int_equal(weekday, 6);
    for (int64_t year = 1600; year < 2400; year++) {
        for (int month = 1; month <= 12; month++) {
            int length = kdb_civil_month_days(year, month);
            for (int day = 1; day <= length; day++, days++) {
                struct kdb_civil civil;
                kdb_civil_from_days(days, &civil);
                assert_true(civil.year == year && civil.month == month && civil.day == day);
                assert_true(kdb_civil_days(year, month, day) == days);
                assert_int_equal(kdb_civil_weekday(days), weekday);
                weekday = (weekday + 1) % 7;
            }
        }
    }
}

static void test_leap_years(void **state)
{
    (void)state;
    assert_true(kdb_civil_is_leap(2000));
    assert_false(kdb_civil_is_leap(1900));
    assert_true(kdb_civil_is_leap(0));
    assert_true(kdb_civil_is_leap(-4));
    assert_false(kdb_civil_is_leap(-100));
    assert_int_equal(kdb_civil_month_days(2024, 2), 29);
    assert_int_equal(kdb_civil_month_days(2023, 2), 28);
    assert_int_equal(kdb_civil_month_days(2023, 12), 31);
}

static void test_far_years_there_and_back(void **state)
{
    (void)state;
    uint64_t seed = 9;
    for (int round = 0; round < 50000; round++) {
        int64_t year = (int64_t)(kdb_random_next(&seed) % 580001) - 290000;
        struct kdb_civil civil = {
            .year = year,
            .month = (int)(kdb_random_next(&seed) % 12) + 1,
            .hour = (int)(kdb_random_next(&seed) % 24),
            .minute = (int)(kdb_random_next(&seed) % 60),
            .second = (int)(kdb_random_next(&seed) % 60),
            .microsecond = (int)(kdb_random_next(&seed) % 1000000),
        };
        int length = kdb_civil_month_days(year, civil.month);
        civil.day = (int)(kdb_random_next(&seed) % (unsigned)length) + 1;
        int64_t us = kdb_civil_to_us(&civil);
        struct kdb_civil again;
        kdb_civil_from_us(us, &again);
        assert_true(again.year == year && again.month == civil.month && again.day == civil.day);
        assert_true(again.hour == civil.hour && again.minute == civil.minute);
        assert_true(again.second == civil.second && again.microsecond == civil.microsecond);
    }
    struct kdb_civil civil;
    kdb_civil_from_us(INT64_MIN, &civil);
    assert_true(kdb_civil_to_us(&civil) == INT64_MIN);
    kdb_civil_from_us(INT64_MAX, &civil);
    assert_true(kdb_civil_to_us(&civil) == INT64_MAX);
}

static void test_iso_week_equals_the_c_library(void **state)
{
    (void)state;
    for (int64_t days = kdb_civil_days(1890, 1, 1); days < kdb_civil_days(2110, 1, 1); days++) {
        time_t seconds = (time_t)(days * 86400);
        struct tm tm;
        assert_non_null(gmtime_r(&seconds, &tm));
        char expected[16];
        assert_true(strftime(expected, sizeof(expected), "%G %V", &tm) > 0);
        int64_t year = 0;
        int week = 0;
        kdb_civil_iso_week(days, &year, &week);
        char text[16];
        (void)snprintf(text, sizeof(text), "%d %02d", (int)year, week);
        assert_string_equal(text, expected);
        assert_int_equal(kdb_civil_weekday(days), tm.tm_wday);
    }
}

static void expect_ms(int64_t us, const char *expected)
{
    char text[KDB_CIVIL_TEXT_BYTES];
    assert_int_equal(kdb_civil_format_ms(us, text), strlen(expected));
    assert_string_equal(text, expected);
}

static void test_texts(void **state)
{
    (void)state;
    expect_ms(0, "1970-01-01T00:00:00.000+00:00");
    expect_ms(-1, "1969-12-31T23:59:59.999+00:00");
    expect_ms(INT64_C(1777888800123999), "2026-05-04T10:00:00.123+00:00");
    struct kdb_civil civil = {.year = 12345, .month = 2, .day = 3};
    expect_ms(kdb_civil_to_us(&civil), "12345-02-03T00:00:00.000+00:00");
    civil.year = -44;
    expect_ms(kdb_civil_to_us(&civil), "-0044-02-03T00:00:00.000+00:00");
    expect_ms(INT64_MIN, "-290308-12-21T19:59:05.224+00:00");
    expect_ms(INT64_MAX, "294247-01-10T04:00:54.775+00:00");
    char text[KDB_CIVIL_TEXT_BYTES];
    assert_int_equal(kdb_civil_format_seconds(INT64_C(1777888800999999), text), 25);
    assert_string_equal(text, "2026-05-04T10:00:00+00:00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_day_from_1600_to_2400),
        cmocka_unit_test(test_leap_years),
        cmocka_unit_test(test_far_years_there_and_back),
        cmocka_unit_test(test_iso_week_equals_the_c_library),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
