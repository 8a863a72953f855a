// SPDX-License-Identifier: Apache-2.0
// Arithmetic on points in time: months of different lengths, ages, midnight, the ends of the range.
#include "types/datetime.h"

#include "base/random.h"
#include "types/interval.h"
#include "unit/types/value_case.h"

static int64_t point(struct value_case *c, const char *text)
{
    return parsed(c, KDB_TYPE(KDB_TIMESTAMP), text).integer;
}

static struct kdb_interval span(struct value_case *c, const char *text)
{
    return parsed(c, KDB_TYPE(KDB_INTERVAL), text).interval;
}

static void expect_point(struct value_case *c, int64_t us, const char *expected)
{
    kdb_value value = kdb_value_int(KDB_TIMESTAMP, us);
    expect_text(c, &value, expected);
}

static void expect_span(struct value_case *c, struct kdb_interval interval, const char *expected)
{
    kdb_value value = {.kind = KDB_INTERVAL, .interval = interval};
    expect_text(c, &value, expected);
}

static void test_timestamp_and_interval(void **state)
{
    (void)state;
    static const struct {
        const char *point;
        bool is_sum;
        const char *span;
        const char *expected;
    } cases[] = {
        {"2026-01-31", true, "1 month", "2026-02-28 00:00:00"},
        {"2024-01-31", true, "1 month", "2024-02-29 00:00:00"},
        {"2024-02-29", true, "1 year", "2025-02-28 00:00:00"},
        {"2026-03-31", false, "1 month", "2026-02-28 00:00:00"},
        {"2026-01-01", true, "1 mon -1 day", "2026-01-31 00:00:00"},
        {"2026-01-01", true, "-13 months", "2024-12-01 00:00:00"},
        {"2026-12-31 23:00", true, "1 day 1:00:00.000001", "2027-01-02 00:00:00.000001"},
        {"0001-01-01", false, "1 year", "0001-01-01 00:00:00 BC"},
        {"1969-12-31 23:59:59.999999", true, "1 us", "1970-01-01 00:00:00"},
        {"2026-05-04 10:00", true, "0", "2026-05-04 10:00:00"},
    };
    struct value_case c;
    case_init(&c);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_interval interval = span(&c, cases[i].span);
        int64_t result = 0;
        int64_t start = point(&c, cases[i].point);
        kdb_status status = cases[i].is_sum
                                ? kdb_timestamp_add(start, &c.ctx, &interval, &result)
                                : kdb_timestamp_subtract(start, &c.ctx, &interval, &result);
        assert_int_equal(status, KDB_OK);
        expect_point(&c, result, cases[i].expected);
    }
    case_deinit(&c);
}

static void test_out_of_range(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    int64_t us = 5;
    int64_t start = point(&c, "2026-05-04");
    struct kdb_interval far = span(&c, "300000 years");
    expect_error(&c, kdb_timestamp_add(start, &c.ctx, &far, &us), KDB_ERR_OUT_OF_RANGE,
                 "timestamp out of range");
    far = span(&c, "7000 years");
    expect_error(&c, kdb_timestamp_subtract(start, &c.ctx, &far, &us), KDB_ERR_OUT_OF_RANGE,
                 "timestamp out of range");
    const struct kdb_interval extremes[] = {{.months = INT32_MAX}, {.months = INT32_MIN},
                                            {.days = INT32_MAX},   {.days = INT32_MIN},
                                            {.micros = INT64_MAX}, {.micros = INT64_MIN}};
    for (size_t i = 0; i < sizeof(extremes) / sizeof(extremes[0]); i++) {
        expect_error(&c, kdb_timestamp_add(start, &c.ctx, &extremes[i], &us), KDB_ERR_OUT_OF_RANGE,
                     "timestamp out of range");
        expect_error(&c, kdb_timestamp_subtract(start, &c.ctx, &extremes[i], &us),
                     KDB_ERR_OUT_OF_RANGE, "timestamp out of range");
    }
    expect_error(&c, kdb_date_to_timestamp(INT32_MAX, &c.ctx, &us), KDB_ERR_OUT_OF_RANGE,
                 "date out of range for timestamp");
    expect_error(&c, kdb_date_add(0, &c.ctx, INT64_MAX, &us), KDB_ERR_OUT_OF_RANGE,
                 "date out of range");
    expect_error(&c, kdb_date_add(INT32_MAX, &c.ctx, INT64_MAX, &us), KDB_ERR_OUT_OF_RANGE,
                 "date out of range");
    expect_error(&c, kdb_date_add(0, &c.ctx, -2440589, &us), KDB_ERR_OUT_OF_RANGE,
                 "date out of range");
    assert_int_equal(us, 5);
    assert_int_equal(kdb_date_add(20577, &c.ctx, -30, &us), KDB_OK);
    assert_int_equal(us, 20547);
    struct kdb_interval interval;
    expect_error(&c, kdb_timestamp_difference(INT64_MAX, &c.ctx, -1, &interval),
                 KDB_ERR_OUT_OF_RANGE, "interval out of range");
    case_deinit(&c);
}

static void test_differences_and_ages(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        const char *difference;
        const char *age;
    } cases[] = {
        {"2026-05-04 10:00", "2026-01-01 12:30", "122 days 21:30:00", "4 mons 2 days 21:30:00"},
        {"2026-01-01", "2026-05-04 10:00", "-123 days -10:00:00", "-4 mons -3 days -10:00:00"},
        {"2026-05-04", "2024-02-29", "795 days", "2 years 2 mons 4 days"},
        {"2024-02-29", "2026-05-04", "-795 days", "-2 years -2 mons -4 days"},
        {"2026-03-01", "2026-01-31 12:00", "28 days 12:00:00", "1 mon 12:00:00"},
        {"2026-03-01", "2026-03-01", "00:00:00", "00:00:00"},
        {"2026-03-01 00:00:00.000001", "2026-03-01", "00:00:00.000001", "00:00:00.000001"},
    };
    struct value_case c;
    case_init(&c);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_interval interval;
        int64_t a = point(&c, cases[i].a);
        int64_t b = point(&c, cases[i].b);
        assert_int_equal(kdb_timestamp_difference(a, &c.ctx, b, &interval), KDB_OK);
        expect_span(&c, interval, cases[i].difference);
        kdb_timestamp_age(a, b, &interval);
        expect_span(&c, interval, cases[i].age);
    }
    case_deinit(&c);
}

static void test_differences_undo(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    for (uint64_t seed = 8, round = 0; round < 5000; round++) {
        int64_t a = (int64_t)(kdb_random_next(&seed) >> 8) - (INT64_C(1) << 55);
        int64_t b = (int64_t)(kdb_random_next(&seed) >> 8) - (INT64_C(1) << 55);
        struct kdb_interval interval;
        int64_t back = 0;
        assert_int_equal(kdb_timestamp_difference(a, &c.ctx, b, &interval), KDB_OK);
        assert_int_equal(kdb_timestamp_add(b, &c.ctx, &interval, &back), KDB_OK);
        assert_int_equal(back, a);
        assert_int_equal(kdb_timestamp_to_date(a) * KDB_US_PER_DAY + kdb_timestamp_to_time(a), a);
    }
    case_deinit(&c);
}

static void test_times_go_around_midnight(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    struct kdb_interval interval = span(&c, "15 hours");
    int64_t ten = parsed(&c, KDB_TYPE(KDB_TIME), "10:00").integer;
    assert_int_equal(kdb_time_add(ten, &interval), KDB_US_PER_HOUR);
    assert_int_equal(kdb_time_subtract(ten, &interval), 19 * KDB_US_PER_HOUR);
    interval = span(&c, "1 day 11 hours");
    assert_int_equal(kdb_time_subtract(ten, &interval), 23 * KDB_US_PER_HOUR);
    interval.micros = INT64_MIN;
    assert_in_range(kdb_time_add(0, &interval), 0, KDB_US_PER_DAY - 1);
    assert_in_range(kdb_time_subtract(KDB_US_PER_DAY, &interval), 0, KDB_US_PER_DAY - 1);
    case_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timestamp_and_interval),   cmocka_unit_test(test_out_of_range),
        cmocka_unit_test(test_differences_and_ages),     cmocka_unit_test(test_differences_undo),
        cmocka_unit_test(test_times_go_around_midnight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
