// SPDX-License-Identifier: Apache-2.0
// extract, date_part and date_trunc: PostgreSQL's numbers, scales and refusals.
#include "types/datetime.h"

#include <stdio.h>

#include "types/interval.h"
#include "unit/types/value_case.h"

// Expected fields of one source, in the order of kdb_unit; "-" is refused.
struct row {
    kdb_kind kind;
    const char *text;
    const char *fields[KDB_UNIT_TIMEZONE_MINUTE + 1];
};

static const struct row rows[] = {
    {KDB_TIMESTAMP,
     "2026-05-04 13:14:15.678901",
     {"15678901",
      "15678.901",
      "15.678901",
      "14",
      "13",
      "4",
      "19",
      "5",
      "2",
      "2026",
      "202",
      "21",
      "3",
      "1777900455.678901",
      "1",
      "1",
      "124",
      "2026",
      "2461165.55157035765046296296",
      "-",
      "-",
      "-"}},
    {KDB_DATETIME,
     "1969-12-31 23:59:59.999999",
     {"59999999",
      "59999.999",
      "59.999999",
      "59",
      "23",
      "31",
      "1",
      "12",
      "4",
      "1969",
      "196",
      "20",
      "2",
      "-0.000001",
      "3",
      "3",
      "365",
      "1970",
      "2440587.99999999998842592593",
      "0",
      "0",
      "0"}},
    {KDB_TIMESTAMP,
     "2000-12-31 12:00",
     {"0",
      "0.000",
      "0.000000",
      "0",
      "12",
      "31",
      "52",
      "12",
      "4",
      "2000",
      "200",
      "20",
      "2",
      "978264000.000000",
      "0",
      "7",
      "366",
      "2000",
      "2451910.50000000000000000000",
      "-",
      "-",
      "-"}},
    {KDB_DATE,
     "0001-01-01",
     {"-", "-", "-", "-", "-",       "1", "1", "1", "1", "1", "0", "1", "1", "-62135596800",
      "1", "1", "1", "1", "1721426", "-", "-", "-"}},
    {KDB_DATE, "2021-01-03", {"-", "-",    "-",       "-",  "-", "3",          "53", "1",
                              "1", "2021", "202",     "21", "3", "1609632000", "0",  "7",
                              "3", "2020", "2459218", "-",  "-", "-"}},
    {KDB_TIME,
     "13:14:15.678901",
     {"15678901", "15678.901", "15.678901",    "14", "13", "-", "-", "-", "-", "-", "-",
      "-",        "-",         "47655.678901", "-",  "-",  "-", "-", "-", "-", "-", "-"}},
    {KDB_INTERVAL,
     "11 years 5 months 4 days 100:14:15.678901",
     {"15678901", "15678.901", "15.678901",        "14", "100", "4", "-", "5", "2", "11", "1",
      "0",        "0",         "360800055.678901", "-",  "-",   "-", "-", "-", "-", "-",  "-"}},
    {KDB_INTERVAL,
     "-1 year -2 months 3 days -4:05",
     {"0", "0.000", "0.000000",         "-5", "-4", "3", "-", "-2", "1", "-1", "0",
      "0", "0",     "-36497100.000000", "-",  "-",  "-", "-", "-",  "-", "-",  "-"}},
};

static void test_every_field(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        kdb_value source = parsed(&c, KDB_TYPE((uint8_t)rows[i].kind), rows[i].text);
        for (int unit = 0; unit <= KDB_UNIT_TIMEZONE_MINUTE; unit++) {
            kdb_value field;
            kdb_status status = kdb_datetime_extract(&source, &c.ctx, (kdb_unit)unit, &field);
            const char *expected = rows[i].fields[unit];
            assert_int_equal(status,
                             expected[0] == '-' && !expected[1] ? KDB_ERR_INVALID_VALUE : KDB_OK);
            if (status == KDB_OK)
                expect_text(&c, &field, expected);
            kdb_ctx_clear_error(&c.ctx);
        }
    }
    case_deinit(&c);
}

static void expect_part(struct value_case *c, kdb_kind kind, const char *text, const char *unit,
                        double expected)
{
    kdb_value source = parsed(c, KDB_TYPE((uint8_t)kind), text);
    kdb_unit parsed_unit;
    double number = -1;
    assert_int_equal(kdb_unit_parse(kdb_slice_cstr(unit), &c->ctx, kind, &parsed_unit), KDB_OK);
    assert_int_equal(kdb_datetime_part(&source, &c->ctx, parsed_unit, &number), KDB_OK);
    if (number != expected)
        fail_msg("%s of %s: %.17g is not %.17g", unit, text, number, expected);
}

static void test_parts_are_rounded_where_postgresql_rounds(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    expect_part(&c, KDB_TIMESTAMP, "2026-05-04 13:14:15.678901", "epoch", 1777900455.678901);
    expect_part(&c, KDB_TIMESTAMP, "2001-02-28 23:06:12.877434", "sec", 12.877434000000001);
    expect_part(&c, KDB_TIMESTAMP, "9999-12-06 22:29:58.71", "epoch", 253400135398.71002);
    expect_part(&c, KDB_TIMESTAMP, "2026-05-04 13:14:15.678901", "julian", 2461165.5515703578);
    expect_part(&c, KDB_DATE, "2026-05-04", "hour", 0);
    expect_part(&c, KDB_DATE, "2026-05-04", "epoch", 1777852800);
    expect_part(&c, KDB_DATE, "2026-05-04", "julian", 2461165);
    expect_part(&c, KDB_TIME, "13:14:15.678901", "ms", 15678.901);
    expect_part(&c, KDB_INTERVAL, "11 years 5 months 4 days 100:14:15.678901", "epoch",
                360800055.678901);
    expect_part(&c, KDB_TIMESTAMP, "2026-05-04", "decade", 202);
    case_deinit(&c);
}

static void expect_trunc(struct value_case *c, const char *text, const char *unit,
                         const char *expected)
{
    kdb_value value = parsed(c, KDB_TYPE(KDB_TIMESTAMP), text);
    kdb_unit parsed_unit;
    assert_true(kdb_unit_from_text(kdb_slice_cstr(unit), &parsed_unit));
    assert_int_equal(
        kdb_timestamp_trunc(value.integer, &c->ctx, KDB_TIMESTAMP, parsed_unit, &value.integer),
        KDB_OK);
    expect_text(c, &value, expected);
}

static void test_truncation(void **state)
{
    (void)state;
    static const char *const now = "2026-05-03 10:11:12.345678";
    struct value_case c;
    case_init(&c);
    expect_trunc(&c, now, "microseconds", "2026-05-03 10:11:12.345678");
    expect_trunc(&c, now, "milliseconds", "2026-05-03 10:11:12.345");
    expect_trunc(&c, now, "second", "2026-05-03 10:11:12");
    expect_trunc(&c, now, "minute", "2026-05-03 10:11:00");
    expect_trunc(&c, now, "hour", "2026-05-03 10:00:00");
    expect_trunc(&c, now, "day", "2026-05-03 00:00:00");
    expect_trunc(&c, now, "week", "2026-04-27 00:00:00");
    expect_trunc(&c, now, "month", "2026-05-01 00:00:00");
    expect_trunc(&c, now, "quarter", "2026-04-01 00:00:00");
    expect_trunc(&c, now, "year", "2026-01-01 00:00:00");
    expect_trunc(&c, now, "decade", "2020-01-01 00:00:00");
    expect_trunc(&c, now, "century", "2001-01-01 00:00:00");
    expect_trunc(&c, now, "millennium", "2001-01-01 00:00:00");
    expect_trunc(&c, "2000-05-04", "century", "1901-01-01 00:00:00");
    expect_trunc(&c, "2000-05-04", "millennium", "1001-01-01 00:00:00");
    expect_trunc(&c, "1969-05-04 10:11:12.345678", "milliseconds", "1969-05-04 10:11:12.345");
    expect_trunc(&c, "1969-12-31 23:59:59.999999", "hour", "1969-12-31 23:00:00");
    int64_t us = 0;
    expect_error(&c, kdb_timestamp_trunc(0, &c.ctx, KDB_DATETIME, KDB_UNIT_DOW, &us),
                 KDB_ERR_INVALID_VALUE,
                 "unit \"dow\" not supported for type timestamp with time zone");
    expect_error(&c, kdb_timestamp_trunc(INT64_MIN, &c.ctx, KDB_TIMESTAMP, KDB_UNIT_YEAR, &us),
                 KDB_ERR_OUT_OF_RANGE, "date out of range for timestamp");
    case_deinit(&c);
}

static void test_truncated_days_before_christ(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    // 0044-03-15 BC is year -43.
    int64_t us = kdb_civil_days(-43, 3, 15) * KDB_US_PER_DAY;
    static const struct {
        kdb_unit unit;
        const char *expected;
    } cases[] = {{KDB_UNIT_YEAR, "0044-01-01 00:00:00 BC"},
                 {KDB_UNIT_DECADE, "0051-01-01 00:00:00 BC"},
                 {KDB_UNIT_CENTURY, "0100-01-01 00:00:00 BC"},
                 {KDB_UNIT_MILLENNIUM, "1000-01-01 00:00:00 BC"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kdb_value value = kdb_value_int(KDB_TIMESTAMP, 0);
        assert_int_equal(
            kdb_timestamp_trunc(us, &c.ctx, KDB_TIMESTAMP, cases[i].unit, &value.integer), KDB_OK);
        expect_text(&c, &value, cases[i].expected);
    }
    static const struct {
        kdb_unit unit;
        const char *expected;
    } fields[] = {{KDB_UNIT_YEAR, "-44"},
                  {KDB_UNIT_DECADE, "-5"},
                  {KDB_UNIT_CENTURY, "-1"},
                  {KDB_UNIT_MILLENNIUM, "-1"},
                  {KDB_UNIT_ISOYEAR, "-44"}};
    kdb_value source = kdb_value_int(KDB_TIMESTAMP, us);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        kdb_value field;
        assert_int_equal(kdb_datetime_extract(&source, &c.ctx, fields[i].unit, &field), KDB_OK);
        expect_text(&c, &field, fields[i].expected);
    }
    case_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field),
        cmocka_unit_test(test_parts_are_rounded_where_postgresql_rounds),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_truncated_days_before_christ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
