// SPDX-License-Identifier: Apache-2.0
// Intervals: printing, arithmetic that hands fractions down, justifying, the ends of the range.
#include "types/interval.h"

#include <math.h>

#include "unit/types/value_case.h"

static struct kdb_interval span(struct value_case *c, const char *text)
{
    return parsed(c, KDB_TYPE(KDB_INTERVAL), text).interval;
}

static void expect_span(struct value_case *c, kdb_status status, struct kdb_interval interval,
                        const char *expected)
{
    kdb_value value = {.kind = KDB_INTERVAL, .interval = interval};
    if (status != KDB_OK)
        fail_msg("%s: %s", expected, c->ctx.error.message);
    expect_text(c, &value, expected);
}

static void expect_print(struct value_case *c, int32_t months, int32_t days, int64_t micros,
                         const char *expected)
{
    struct kdb_interval interval = {.months = months, .days = days, .micros = micros};
    expect_span(c, KDB_OK, interval, expected);
}

static void test_printing(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    expect_print(&c, 0, 0, 0, "00:00:00");
    expect_print(&c, 12, 0, 0, "1 year");
    expect_print(&c, -1, 0, 0, "-1 mons");
    expect_print(&c, 14, -3, 14400000000, "1 year 2 mons -3 days +04:00:00");
    expect_print(&c, -10, 1, -1, "-10 mons +1 day -00:00:00.000001");
    expect_print(&c, 0, -1, 500000, "-1 days +00:00:00.5");
    expect_print(&c, 0, 0, 360000000000, "100:00:00");
    expect_print(&c, 0, 1, 0, "1 day");
    expect_print(&c, 0, 0, INT64_MIN, "-2562047788:00:54.775808");
    expect_print(&c, INT32_MIN, INT32_MIN, INT64_MAX,
                 "-178956970 years -8 mons -2147483648 days +2562047788:00:54.775807");
    case_deinit(&c);
}

static void test_sums(void **state)
{
    (void)state;
    struct value_case c;
    struct kdb_interval r = {0};
    case_init(&c);
    struct kdb_interval a = span(&c, "1 year -3 days 04:05:06");
    struct kdb_interval b = span(&c, "-2 mons 5 days -10:00");
    expect_span(&c, kdb_interval_add(&a, &c.ctx, &b, &r), r, "10 mons 2 days -05:54:54");
    expect_span(&c, kdb_interval_subtract(&a, &c.ctx, &b, &r), r,
                "1 year 2 mons -8 days +14:05:06");
    expect_span(&c, kdb_interval_negate(&a, &c.ctx, &r), r, "-1 years +3 days -04:05:06");
    const struct kdb_interval edges[] = {
        {.months = INT32_MIN}, {.days = INT32_MIN}, {.micros = INT64_MIN}};
    for (int i = 0; i < 3; i++) {
        expect_error(&c, kdb_interval_negate(&edges[i], &c.ctx, &r), KDB_ERR_OUT_OF_RANGE,
                     "interval out of range");
        expect_error(&c, kdb_interval_add(&edges[i], &c.ctx, &edges[i], &r), KDB_ERR_OUT_OF_RANGE,
                     "interval out of range");
    }
    case_deinit(&c);
}

static void test_products(void **state)
{
    (void)state;
    static const struct {
        const char *span;
        double factor;
        const char *product;
        const char *quotient;
    } cases[] = {
        {"1 day 2 hours", 1.5, "1 day 15:00:00", "17:20:00"},
        {"1 mon", 1.5, "1 mon 15 days", "20 days"},
        {"1 mon 15 days", 2, "2 mons 30 days", "22 days 12:00:00"},
        {"1 day", 3, "3 days", "08:00:00"},
        {"1 day", -0.5, "-12:00:00", "-2 days"},
        {"1 year 1 mon", 0.1, "1 mon 9 days", "10 years 10 mons"},
    };
    struct value_case c;
    struct kdb_interval r = {0};
    case_init(&c);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_interval interval = span(&c, cases[i].span);
        expect_span(&c, kdb_interval_multiply(&interval, &c.ctx, cases[i].factor, &r), r,
                    cases[i].product);
        expect_span(&c, kdb_interval_divide(&interval, &c.ctx, cases[i].factor, &r), r,
                    cases[i].quotient);
    }
    struct kdb_interval many = span(&c, "200000000 mons");
    const double factors[] = {1000, (double)NAN, HUGE_VAL, 1e300};
    for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++)
        expect_error(&c, kdb_interval_multiply(&many, &c.ctx, factors[i], &r), KDB_ERR_OUT_OF_RANGE,
                     "interval out of range");
    expect_error(&c, kdb_interval_divide(&many, &c.ctx, 0, &r), KDB_ERR_DIVISION_BY_ZERO,
                 "division by zero");
    case_deinit(&c);
}

static void test_justifying(void **state)
{
    (void)state;
    static const struct {
        const char *span;
        const char *hours;
        const char *days;
        const char *both;
    } cases[] = {
        {"1 mon -1 hour", "1 mon -01:00:00", "1 mon -01:00:00", "29 days 23:00:00"},
        {"27 hours", "1 day 03:00:00", "27:00:00", "1 day 03:00:00"},
        {"35 days", "35 days", "1 mon 5 days", "1 mon 5 days"},
        {"29 days 24:00:00", "30 days", "29 days 24:00:00", "1 mon"},
        {"-35 days 25:00", "-33 days -23:00:00", "-1 mons -5 days +25:00:00",
         "-1 mons -3 days -23:00:00"},
    };
    struct value_case c;
    struct kdb_interval r = {0};
    case_init(&c);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_interval a = span(&c, cases[i].span);
        expect_span(&c, kdb_interval_justify_hours(&a, &c.ctx, &r), r, cases[i].hours);
        expect_span(&c, kdb_interval_justify_days(&a, &c.ctx, &r), r, cases[i].days);
        expect_span(&c, kdb_interval_justify(&a, &c.ctx, &r), r, cases[i].both);
    }
    struct kdb_interval far = {.months = INT32_MAX, .days = INT32_MAX, .micros = INT64_MAX};
    expect_error(&c, kdb_interval_justify_days(&far, &c.ctx, &r), KDB_ERR_OUT_OF_RANGE,
                 "interval out of range");
    expect_error(&c, kdb_interval_justify_hours(&far, &c.ctx, &r), KDB_ERR_OUT_OF_RANGE,
                 "interval out of range");
    expect_error(&c, kdb_interval_justify(&far, &c.ctx, &r), KDB_ERR_OUT_OF_RANGE,
                 "interval out of range");
    case_deinit(&c);
}

static void test_truncation(void **state)
{
    (void)state;
    static const struct {
        kdb_unit unit;
        const char *expected;
    } cases[] = {
        {KDB_UNIT_MILLISECOND, "-123 years -7 mons +20 days -10:11:12.345"},
        {KDB_UNIT_SECOND, "-123 years -7 mons +20 days -10:11:12"},
        {KDB_UNIT_MINUTE, "-123 years -7 mons +20 days -10:11:00"},
        {KDB_UNIT_HOUR, "-123 years -7 mons +20 days -10:00:00"},
        {KDB_UNIT_DAY, "-123 years -7 mons +20 days"},
        {KDB_UNIT_MONTH, "-123 years -7 mons"},
        {KDB_UNIT_QUARTER, "-123 years -6 mons"},
        {KDB_UNIT_YEAR, "-123 years"},
        {KDB_UNIT_DECADE, "-120 years"},
        {KDB_UNIT_CENTURY, "-100 years"},
        {KDB_UNIT_MILLENNIUM, "00:00:00"},
    };
    struct value_case c;
    struct kdb_interval r = {0};
    case_init(&c);
    struct kdb_interval a = span(&c, "-123 years -7 mons 20 days -10:11:12.345678");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_span(&c, kdb_interval_trunc(&a, &c.ctx, cases[i].unit, &r), r, cases[i].expected);
    expect_error(&c, kdb_interval_trunc(&a, &c.ctx, KDB_UNIT_WEEK, &r), KDB_ERR_INVALID_VALUE,
                 "unit \"week\" not supported for type interval");
    expect_error(&c, kdb_interval_trunc(&a, &c.ctx, KDB_UNIT_EPOCH, &r), KDB_ERR_INVALID_VALUE,
                 "unit \"epoch\" not supported for type interval");
    case_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_printing),   cmocka_unit_test(test_sums),
        cmocka_unit_test(test_products),   cmocka_unit_test(test_justifying),
        cmocka_unit_test(test_truncation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
