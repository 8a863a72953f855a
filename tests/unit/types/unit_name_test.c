// SPDX-License-Identifier: Apache-2.0
// Names of units: PostgreSQL's spellings in any case, nothing else.
#include "types/datetime.h"

#include "unit/types/value_case.h"

static void test_spellings(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        kdb_unit unit;
    } names[] = {
        {"year", KDB_UNIT_YEAR},        {"YEARS", KDB_UNIT_YEAR},
        {"y", KDB_UNIT_YEAR},           {"yrs", KDB_UNIT_YEAR},
        {"Mon", KDB_UNIT_MONTH},        {"m", KDB_UNIT_MINUTE},
        {"min", KDB_UNIT_MINUTE},       {"mil", KDB_UNIT_MILLENNIUM},
        {"ms", KDB_UNIT_MILLISECOND},   {"us", KDB_UNIT_MICROSECOND},
        {"usec", KDB_UNIT_MICROSECOND}, {"c", KDB_UNIT_CENTURY},
        {"dec", KDB_UNIT_DECADE},       {"d", KDB_UNIT_DAY},
        {"hrs", KDB_UNIT_HOUR},         {"w", KDB_UNIT_WEEK},
        {"qtr", KDB_UNIT_QUARTER},      {"EPOCH", KDB_UNIT_EPOCH},
        {"isodow", KDB_UNIT_ISODOW},    {"timezone_m", KDB_UNIT_TIMEZONE_MINUTE},
        {"julian", KDB_UNIT_JULIAN},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        kdb_unit unit;
        assert_true(kdb_unit_from_text(kdb_slice_cstr(names[i].name), &unit));
        assert_int_equal(unit, names[i].unit);
    }
}

static void test_failures_name_unit_and_type(void **state)
{
    (void)state;
    struct value_case c;
    kdb_unit unit = KDB_UNIT_EPOCH;
    case_init(&c);
    expect_error(&c, kdb_unit_parse(KDB_LIT("fortnight"), &c.ctx, KDB_DATE, &unit),
                 KDB_ERR_INVALID_VALUE, "unit \"fortnight\" not recognized for type date");
    expect_error(&c, kdb_unit_parse(KDB_LIT(""), &c.ctx, KDB_TIME, &unit), KDB_ERR_INVALID_VALUE,
                 "unit \"\" not recognized for type time without time zone");
    expect_error(&c, kdb_unit_parse(KDB_LIT("year "), &c.ctx, KDB_TIME, &unit),
                 KDB_ERR_INVALID_VALUE,
                 "unit \"year \" not recognized for type time without time zone");
    assert_int_equal(unit, KDB_UNIT_EPOCH);
    for (int i = 0; i <= KDB_UNIT_TIMEZONE_MINUTE; i++) {
        assert_int_equal(kdb_unit_fail((kdb_unit)i, &c.ctx, KDB_INTERVAL), KDB_ERR_INVALID_VALUE);
        kdb_ctx_clear_error(&c.ctx);
    }
    expect_error(&c, kdb_unit_fail(KDB_UNIT_TIMEZONE_HOUR, &c.ctx, KDB_DATE), KDB_ERR_INVALID_VALUE,
                 "unit \"timezone_hour\" not supported for type date");
    case_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_failures_name_unit_and_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
