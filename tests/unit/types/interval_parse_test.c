// SPDX-License-Identifier: Apache-2.0
// Reading intervals: PostgreSQL's results for the verbose, the SQL and the two ISO 8601 forms.
#include "types/interval.h"

#include <stdio.h>

#include "base/random.h"
#include "unit/types/value_case.h"

static const char *const forms[][2] = {
    {"1 day 2 hours", "1 day 02:00:00"},
    {"1 year 2 mons 3 days 04:05:06.789", "1 year 2 mons 3 days 04:05:06.789"},
    {"1-2", "1 year 2 mons"},
    {"-1-2", "-1 years -2 mons"},
    {"1 12:59:10", "1 day 12:59:10"},
    {"12:59", "12:59:00"},
    {"4:05.6", "00:04:05.6"},
    {"-4:05", "-04:05:00"},
    {"1 +02:03", "1 day 02:03:00"},
    {"-1 days +02:03", "-1 days +02:03:00"},
    {"100:00:60", "100:01:00"},
    {"1.5 days", "1 day 12:00:00"},
    {"1.5 weeks", "10 days 12:00:00"},
    {"1.5 months", "1 mon 15 days"},
    {"2.5 years", "2 years 6 mons"},
    {"0.1 years", "1 mon"},
    {"1.5 hours", "01:30:00"},
    {"1.2345678", "00:00:01.234568"},
    {"5", "00:00:05"},
    {"0", "00:00:00"},
    {"1h30m", "01:30:00"},
    {"1d2h3m4s5ms6us", "1 day 02:03:04.005006"},
    {"@ 1 minute ago", "-00:01:00"},
    {"1 day -2 hours ago", "-1 days +02:00:00"},
    {"1 century 2 decades 3 mil", "3120 years"},
    {"1 day 2", "1 day 00:00:02"},
    {"3 4 hours", "3 days 04:00:00"},
    {"  7\tDAYS \n", "7 days"},
    {"P1Y2M3DT4H5M6.789S", "1 year 2 mons 3 days 04:05:06.789"},
    {"P0001-02-03T04:05:06", "1 year 2 mons 3 days 04:05:06"},
    {"P0001-02-03", "1 year 2 mons 3 days"},
    {"PT-1H", "-01:00:00"},
    {"P1W", "7 days"},
    {"P1.5M", "1 mon 15 days"},
    {"P-1Y2M", "-10 mons"},
    {"PT36H", "36:00:00"},
};

static void test_every_form(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        expect_parsed(&c, KDB_TYPE(KDB_INTERVAL), forms[i][0], forms[i][1]);
    case_deinit(&c);
}

static void test_what_is_no_interval(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "x",
        "1 foo",
        "day",
        "1 day day",
        "1 day 1 day",
        "1,5 days",
        "1e3 d",
        "ago",
        "1 quarter",
        "1 epoch",
        "- 1 day",
        "1:2:3:4",
        "-.5.5",
        "1.5:00:00",
        "1-2-3",
        "1 hour 2:00",
        "P",
        "P1",
        "P1H",
        "PT1D",
        "PT1",
        "P1Y2",
        "p1d",
        "P1-2",
        "P1-2-3T",
        ":",
        "+",
        "1..2 days",
        "--1",
        "1 ago day",
        "P1Y T1H",
        "1:",
        ".",
        "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"};
    struct value_case c;
    case_init(&c);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char message[200];
        (void)snprintf(message, sizeof(message), "invalid input syntax for type interval: \"%s\"",
                       texts[i]);
        expect_refused(&c, KDB_TYPE(KDB_INTERVAL), texts[i], KDB_ERR_INVALID_VALUE, message);
    }
    expect_refused(&c, KDB_TYPE(KDB_INTERVAL), "-infinity", KDB_ERR_INVALID_VALUE,
                   "type interval cannot hold infinity: \"-infinity\"");
    case_deinit(&c);
}

static void test_what_is_too_large(void **state)
{
    (void)state;
    static const char *const texts[] = {"99999999999 days",
                                        "9999999999999 hours",
                                        "1:60",
                                        "1:00:61",
                                        "1-12",
                                        "99999999999999999999 s",
                                        "99999999999 years",
                                        "9223372036854775807 s",
                                        "99999999999999999999:00",
                                        "P99999999999999999999D",
                                        "2147483647 days 24 weeks",
                                        "9999999999999999 mil"};
    struct value_case c;
    case_init(&c);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char message[200];
        (void)snprintf(message, sizeof(message), "interval field value out of range: \"%s\"",
                       texts[i]);
        expect_refused(&c, KDB_TYPE(KDB_INTERVAL), texts[i], KDB_ERR_OUT_OF_RANGE, message);
    }
    expect_refused(&c, KDB_TYPE(KDB_INTERVAL), "200000000 years", KDB_ERR_OUT_OF_RANGE,
                   "interval out of range");
    expect_refused(&c, KDB_TYPE(KDB_INTERVAL), "-2147483648 days ago", KDB_ERR_OUT_OF_RANGE,
                   "interval out of range");
    case_deinit(&c);
}

static void test_a_number_without_unit(void **state)
{
    (void)state;
    static const struct {
        kdb_unit unit;
        const char *expected;
    } cases[] = {{KDB_UNIT_SECOND, "00:00:01.5"},   {KDB_UNIT_MINUTE, "00:01:30"},
                 {KDB_UNIT_HOUR, "01:30:00"},       {KDB_UNIT_DAY, "1 day 12:00:00"},
                 {KDB_UNIT_MONTH, "1 mon 15 days"}, {KDB_UNIT_YEAR, "1 year 6 mons"}};
    struct value_case c;
    case_init(&c);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kdb_value value = {.kind = KDB_INTERVAL};
        assert_int_equal(kdb_interval_parse(KDB_LIT("1.5"), &c.ctx, cases[i].unit, &value.interval),
                         KDB_OK);
        expect_text(&c, &value, cases[i].expected);
        assert_int_equal(
            kdb_interval_parse(KDB_LIT("1 day"), &c.ctx, cases[i].unit, &value.interval), KDB_OK);
        expect_text(&c, &value, "1 day");
    }
    case_deinit(&c);
}

static void test_every_printed_interval_reads_back(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    for (uint64_t seed = 2, round = 0; round < 20000; round++) {
        struct kdb_interval interval = {
            .months = (int32_t)kdb_random_next(&seed) >> seed % 31,
            .days = (int32_t)kdb_random_next(&seed) >> seed % 31,
            .micros = (int64_t)kdb_random_next(&seed) >> (1 + seed % 60),
        };
        kdb_value value = {.kind = KDB_INTERVAL, .interval = interval};
        kdb_value read;
        kdb_buf_clear(&c.out);
        kdb_value_print(&value, &c.out);
        if (kdb_value_parse(kdb_buf_view(&c.out), &c.ctx, KDB_TYPE(KDB_INTERVAL), &read) != KDB_OK)
            fail_msg("%.*s: %s", KDB_ARG(kdb_buf_view(&c.out)), c.ctx.error.message);
        assert_int_equal(read.interval.months, interval.months);
        assert_int_equal(read.interval.days, interval.days);
        assert_int_equal(read.interval.micros, interval.micros);
    }
    case_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_form),
        cmocka_unit_test(test_what_is_no_interval),
        cmocka_unit_test(test_what_is_too_large),
        cmocka_unit_test(test_a_number_without_unit),
        cmocka_unit_test(test_every_printed_interval_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
