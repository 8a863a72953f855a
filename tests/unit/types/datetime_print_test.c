// SPDX-License-Identifier: Apache-2.0
// Printing dates and times: fractions without trailing zeros, years of any size, every integer.
#include "types/datetime.h"

#include "unit/types/value_case.h"

static void expect_integer(struct value_case *c, kdb_kind kind, int64_t integer,
                           const char *expected)
{
    kdb_value value = kdb_value_int(kind, integer);
    expect_text(c, &value, expected);
}

static void test_known_points(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    expect_integer(&c, KDB_DATE, 20577, "2026-05-04");
    expect_integer(&c, KDB_DATE, -1, "1969-12-31");
    expect_integer(&c, KDB_DATE, -719162, "0001-01-01");
    expect_integer(&c, KDB_DATE, -719163, "0001-12-31 BC");
    expect_integer(&c, KDB_DATE, -719528, "0001-01-01 BC");
    expect_integer(&c, KDB_DATE, -719529, "0002-12-31 BC");
    expect_integer(&c, KDB_TIME, 0, "00:00:00");
    expect_integer(&c, KDB_TIME, 45296000000, "12:34:56");
    expect_integer(&c, KDB_TIME, 1, "00:00:00.000001");
    expect_integer(&c, KDB_TIME, 100000, "00:00:00.1");
    expect_integer(&c, KDB_TIME, KDB_US_PER_DAY, "24:00:00");
    expect_integer(&c, KDB_TIMESTAMP, 0, "1970-01-01 00:00:00");
    expect_integer(&c, KDB_TIMESTAMP, -1, "1969-12-31 23:59:59.999999");
    expect_integer(&c, KDB_TIMESTAMP, 1777888800500000, "2026-05-04 10:00:00.5");
    expect_integer(&c, KDB_DATETIME, 1777888800120000, "2026-05-04 10:00:00.12+00");
    expect_integer(&c, KDB_DATETIME, -62135596800000001, "0001-12-31 23:59:59.999999+00 BC");
    case_deinit(&c);
}

static void test_the_ends_of_the_integers(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    expect_integer(&c, KDB_DATE, INT32_MAX, "5881580-07-11");
    expect_integer(&c, KDB_DATE, INT32_MIN, "5877642-06-23 BC");
    expect_integer(&c, KDB_TIMESTAMP, INT64_MAX, "294247-01-10 04:00:54.775807");
    expect_integer(&c, KDB_TIMESTAMP, INT64_MIN, "290309-12-21 19:59:05.224192 BC");
    case_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_points),
        cmocka_unit_test(test_the_ends_of_the_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
