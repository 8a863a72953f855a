// SPDX-License-Identifier: Apache-2.0
// Reading dates and times: PostgreSQL's results for ISO forms, and clear refusals.
#include "types/datetime.h"

#include <stdio.h>

#include "base/random.h"
#include "unit/types/value_case.h"

struct pair {
    const char *text;
    const char *expected;
};

static void expect_pairs(kdb_kind kind, const struct pair *pairs, size_t count)
{
    struct value_case c;
    case_init(&c);
    for (size_t i = 0; i < count; i++)
        expect_parsed(&c, KDB_TYPE((uint8_t)kind), pairs[i].text, pairs[i].expected);
    case_deinit(&c);
}

#define EXPECT_PAIRS(kind, pairs) expect_pairs(kind, pairs, sizeof(pairs) / sizeof((pairs)[0]))

static void test_dates(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"2026-05-04", "2026-05-04"},
        {"2026-5-4", "2026-05-04"},
        {"20260504", "2026-05-04"},
        {"2026/05/04", "2026-05-04"},
        {"026-05-04", "0026-05-04"},
        {"12026-05-04", "12026-05-04"},
        {"  2024-02-29 ", "2024-02-29"},
        {"0001-01-01", "0001-01-01"},
        {"9999-12-31", "9999-12-31"},
        {"5874897-12-31", "5874897-12-31"},
        {"2026-05-04 23:59:59.999999", "2026-05-04"},
        {"2026-05-04T10:00:00+02", "2026-05-04"},
        {"2026-05-04 AD", "2026-05-04"},
        {"2026-05-04+05:30", "2026-05-04"},
        {"epoch", "1970-01-01"},
    };
    EXPECT_PAIRS(KDB_DATE, pairs);
}

static void test_times(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"10:00", "10:00:00"},
        {"1:2:3", "01:02:03"},
        {"10:00:00.5", "10:00:00.5"},
        {"23:59:59.999999", "23:59:59.999999"},
        {"23:59:59.9999999", "24:00:00"},
        {"24:00:00", "24:00:00"},
        {"10:00:60", "10:01:00"},
        {"10:00:60.5", "10:01:00.5"},
        {"10:00:00.0000005", "10:00:00"},
        {"10:00:00.0000015", "10:00:00.000002"},
        {"10:00:00.", "10:00:00"},
        {"10:00+02", "10:00:00"},
        {"10:00 PM", "22:00:00"},
        {"12:00 am", "00:00:00"},
        {"2026-05-04 10:00:00+02", "10:00:00"},
    };
    EXPECT_PAIRS(KDB_TIME, pairs);
}

static void test_timestamps_ignore_zones(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"2026-05-04", "2026-05-04 00:00:00"},
        {"2026-05-04 10:11", "2026-05-04 10:11:00"},
        {"2026-05-04T10:11:12.345678", "2026-05-04 10:11:12.345678"},
        {"2026-05-04t10:11:12Z", "2026-05-04 10:11:12"},
        {"2026-05-04   10:11:12   ", "2026-05-04 10:11:12"},
        {"2026-05-04 10:00:00+02", "2026-05-04 10:00:00"},
        {"2026-05-04 10:00:00 -05:30", "2026-05-04 10:00:00"},
        {"2026-05-04 10:00:00 UTC", "2026-05-04 10:00:00"},
        {"2026-05-04 24:00:00", "2026-05-05 00:00:00"},
        {"2026-12-31 23:59:60", "2027-01-01 00:00:00"},
        {"2026-05-04 10:00:00.1234567", "2026-05-04 10:00:00.123457"},
        {"20260504 10:00", "2026-05-04 10:00:00"},
        {"0001-01-01 00:00:00", "0001-01-01 00:00:00"},
        {"294246-12-31 23:59:59.999999", "294246-12-31 23:59:59.999999"},
        {"epoch", "1970-01-01 00:00:00"},
    };
    EXPECT_PAIRS(KDB_TIMESTAMP, pairs);
}

static void test_datetimes_apply_zones(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"2026-05-04 10:00:00", "2026-05-04 10:00:00+00"},
        {"2026-05-04 10:00:00+02", "2026-05-04 08:00:00+00"},
        {"2026-05-04 10:00:00+02:30", "2026-05-04 07:30:00+00"},
        {"2026-05-04 10:00:00 -0230", "2026-05-04 12:30:00+00"},
        {"2026-05-04 10:00:00-11:59:59", "2026-05-04 21:59:59+00"},
        {"2026-05-04 10:00:00-115959", "2026-05-04 21:59:59+00"},
        {"2026-05-04 10:00:00+230", "2026-05-04 07:30:00+00"},
        {"2026-05-04T10:00:00.5z", "2026-05-04 10:00:00.5+00"},
        {"2026-05-04 10:00 GMT", "2026-05-04 10:00:00+00"},
        {"0001-01-01 00:00:00+01", "0001-12-31 23:00:00+00 BC"},
        {"12345-01-01 00:00:00.000001", "12345-01-01 00:00:00.000001+00"},
    };
    EXPECT_PAIRS(KDB_DATETIME, pairs);
}

struct refusal {
    kdb_kind kind;
    const char *text;
    kdb_status status;
    const char *message;
};

static void expect_refusals(const struct refusal *refusals, size_t count)
{
    struct value_case c;
    case_init(&c);
    for (size_t i = 0; i < count; i++) {
        char message[200];
        (void)snprintf(message, sizeof(message), "%s: \"%s\"", refusals[i].message,
                       refusals[i].text);
        expect_refused(&c, KDB_TYPE((uint8_t)refusals[i].kind), refusals[i].text,
                       refusals[i].status, message);
    }
    case_deinit(&c);
}

#define SYNTAX(kind, name, text)                                                                   \
    {                                                                                              \
        KDB_##kind, text, KDB_ERR_INVALID_VALUE, "invalid input syntax for type " name             \
    }
#define FIELD(kind, text)                                                                          \
    {                                                                                              \
        KDB_##kind, text, KDB_ERR_OUT_OF_RANGE, "date/time field value out of range"               \
    }

static void test_what_is_no_point_in_time(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        SYNTAX(DATE, "date", ""),
        SYNTAX(DATE, "date", "x"),
        SYNTAX(DATE, "date", "10:00"),
        SYNTAX(DATE, "date", "2026"),
        SYNTAX(DATE, "date", "2026-05"),
        SYNTAX(DATE, "date", "2026-05-"),
        SYNTAX(DATE, "date", "2026-05/04"),
        SYNTAX(DATE, "date", "2026-05-04x"),
        SYNTAX(DATE, "date", "2026-05-04-05"),
        SYNTAX(DATE, "date", "2026-05-04 1"),
        SYNTAX(DATE, "date", "2026-05-04T"),
        SYNTAX(DATE, "date", "-2026-05-04"),
        SYNTAX(TIME, "time", "10"),
        SYNTAX(TIME, "time", "10:"),
        SYNTAX(TIME, "time", "2026-05-04"),
        SYNTAX(TIME, "time", "10:00:"),
        SYNTAX(TIME, "time", "10:00 noon"),
        SYNTAX(TIMESTAMP, "timestamp", "2026-05-04 10"),
        SYNTAX(TIMESTAMP, "timestamp", "2026-05-04 10:00:00 Foo"),
        SYNTAX(TIMESTAMP, "timestamp", "2026-05-04 10:00:00 +01 +02"),
        SYNTAX(DATETIME, "timestamp with time zone", "2026-05-04 10:00:00+"),
        SYNTAX(DATETIME, "timestamp with time zone", "2026-05-04 10:00:00+02:"),
        SYNTAX(DATETIME, "timestamp with time zone", "2026-05-04 10:00:00+02:30:"),
        SYNTAX(DATETIME, "timestamp with time zone", "2026-05-04 10:00:00+02304"),
        SYNTAX(DATETIME, "timestamp with time zone", "1777888800000000"),
        FIELD(DATE, "2026-02-29"),
        FIELD(DATE, "2100-02-29"),
        FIELD(DATE, "2026-00-10"),
        FIELD(DATE, "2026-13-01"),
        FIELD(DATE, "2026-04-31"),
        FIELD(DATE, "2026-04-00"),
        FIELD(DATE, "0000-01-01"),
        FIELD(DATE, "26-05-04"),
        FIELD(DATE, "2026-005-04"),
        FIELD(DATE, "5874898-01-01"),
        FIELD(TIME, "24:00:01"),
        FIELD(TIME, "24:00:00.000001"),
        FIELD(TIME, "10:60:00"),
        FIELD(TIME, "10:00:61"),
        FIELD(TIME, "9999999999:00"),
        FIELD(TIME, "13:00 PM"),
        FIELD(TIME, "23:59:60.5"),
        FIELD(TIMESTAMP, "2026-05-04 25:00:00"),
        FIELD(TIMESTAMP, "2026-05-0410:00:00"),
    };
    expect_refusals(refusals, sizeof(refusals) / sizeof(refusals[0]));
}

static void test_what_is_not_supported(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        {KDB_TIMESTAMP, "294247-01-01", KDB_ERR_OUT_OF_RANGE, "timestamp out of range"},
        {KDB_DATETIME, "2026-05-04 10:00:00+16:00", KDB_ERR_OUT_OF_RANGE,
         "time zone displacement out of range"},
        {KDB_DATETIME, "2026-05-04 10:00:00 Europe/Berlin", KDB_ERR_INVALID_VALUE,
         "time zone names are not supported, write an offset such as +02:00"},
        {KDB_DATE, "infinity", KDB_ERR_INVALID_VALUE, "type date cannot hold infinity"},
        {KDB_TIMESTAMP, "-Infinity", KDB_ERR_INVALID_VALUE, "type timestamp cannot hold infinity"},
        {KDB_DATE, "0044-03-15 BC", KDB_ERR_INVALID_VALUE, "years before Christ are not supported"},
        {KDB_TIMESTAMP, "0044-03-15 10:00:00 bc", KDB_ERR_INVALID_VALUE,
         "years before Christ are not supported"},
    };
    struct value_case c;
    expect_refusals(refusals, sizeof(refusals) / sizeof(refusals[0]));
    case_init(&c);
    expect_refused(&c, KDB_TYPE(KDB_TIMESTAMP), "Now", KDB_ERR_INVALID_VALUE,
                   "\"Now\" is not supported as text, use NOW() or CURRENT_DATE");
    case_deinit(&c);
}

static void test_every_printed_timestamp_reads_back(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    for (uint64_t seed = 4, round = 0; round < 20000; round++) {
        // From year 1 to 294246.
        uint64_t since_year_1 = kdb_random_next(&seed) % UINT64_C(9285475200000000000);
        int64_t us = (int64_t)(since_year_1 - UINT64_C(62135596800000000));
        us >>= round % 2 * 9;
        kdb_value value = kdb_value_int(round % 3 ? KDB_TIMESTAMP : KDB_DATETIME, us);
        kdb_value read;
        kdb_buf_clear(&c.out);
        kdb_value_print(&value, &c.out);
        assert_int_equal(kdb_value_parse(kdb_buf_view(&c.out), &c.ctx, KDB_TYPE(value.kind), &read),
                         KDB_OK);
        assert_int_equal(read.integer, us);
    }
    case_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_timestamps_ignore_zones),
        cmocka_unit_test(test_datetimes_apply_zones),
        cmocka_unit_test(test_what_is_no_point_in_time),
        cmocka_unit_test(test_what_is_not_supported),
        cmocka_unit_test(test_every_printed_timestamp_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
