// SPDX-License-Identifier: Apache-2.0
// Type names of casts and typed literals.
#include "lib/sql_fixture.h"
#include "lib/test.h"

static void test_names(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT a::int, a::INTEGER, a::smallint, a::bigint",
         "(select (cast a <int4>) (cast a <int4>) (cast a <int2>) (cast a <int8>))"},
        {"SELECT a::real, a::float, a::float(20), a::double precision",
         "(select (cast a <float4>) (cast a <float8>) (cast a <float4>) (cast a <float8>))"},
        {"SELECT a::boolean, a::text, a::json, a::uuid, a::bytea",
         "(select (cast a <bool>) (cast a <text>) (cast a <json>) (cast a <uuid>) (cast a "
         "<bytea>))"},
        {"SELECT a::decimal, a::numeric(5), CAST(a AS dec(10, 2))",
         "(select (cast a <numeric>) (cast a <numeric 5>) (cast a <numeric 10 2>))"},
        {"SELECT a::varchar, a::character varying(5), a::char, a::char(3), a::character(2)",
         "(select (cast a <varchar>) (cast a <varchar 5>) (cast a <char>) (cast a <char 3>) "
         "(cast a <char 2>))"},
        {"SELECT a::timestamp, a::timestamp(3), a::timestamp with time zone, a::timestamptz",
         "(select (cast a <timestamp>) (cast a <timestamp 3>) (cast a <timestamptz>) "
         "(cast a <timestamptz>))"},
        {"SELECT a::time, a::time without time zone, a::time with time zone",
         "(select (cast a <time>) (cast a <time>) (cast a <timetz>))"},
        {"SELECT a::datetime, a::double, a::string, a::blob, a::embedding(3)",
         "(select (cast a <datetime>) (cast a <double>) (cast a <string>) (cast a <blob>) "
         "(cast a <embedding 3>))"},
        {"SELECT a::text[], a::int[3]", "(select (cast a <text[]>) (cast a <int4[]>))"},
        {"SELECT a::pg_catalog.int4, a::\"Odd Type\"",
         "(select (cast a <int4>) (cast a <Odd Type>))"},
    };
    TEST_TREES(trees);
}

static void test_typed_literals(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT date '2020-01-01', timestamp '2020-01-01 10:00', TIME '10:00'",
         "(select (cast '2020-01-01'#0 <date>) (cast '2020-01-01 10:00'#1 <timestamp>) "
         "(cast '10:00'#2 <time>))"},
        {"SELECT interval '1 day', interval '1' day, interval '1-2' year to month",
         "(select (cast '1 day'#0 <interval>) (cast '1'#1 <interval day>) "
         "(cast '1-2'#2 <interval year to month>))"},
        {"SELECT interval(3) '1', interval '1' second(2), interval '1' day to second",
         "(select (cast '1'#1 <interval 3>) (cast '1'#2 <interval second 2>) "
         "(cast '1'#4 <interval day to second>))"},
        {"SELECT uuid 'x', json '{}', float8 '1'",
         "(select (cast 'x'#0 <uuid>) (cast '{}'#1 <json>) (cast '1'#2 <float8>))"},
    };
    TEST_TREES(trees);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct test_refusal refusals[] = {
        {"SELECT a::foo.bar", "a type of this form is not supported", 11},
        {"SELECT a::setof int", "a type of this form is not supported", 17},
        {"SELECT a::foo(1, 2, 3)", "a type with more than two numbers is not supported", 11},
        {"SELECT a::foo(bar)", "a type with anything but numbers is not supported", 11},
        {"SELECT a::foo('x')", "a type with anything but numbers is not supported", 11},
        {"SELECT a::foo(99999999999)", "a type with anything but numbers is not supported", 11},
    };
    TEST_REFUSALS(refusals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_typed_literals),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, test_sql_setup, test_sql_teardown);
}
