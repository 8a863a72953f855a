// SPDX-License-Identifier: Apache-2.0
// Calls, aggregates, windows, and SQL's own function syntax.
#include "lib/sql_fixture.h"
#include "lib/test.h"

static void test_calls(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT f(), F(a, 1), \"F\"(a)", "(select (call f) (call f a 1#0) (call F a))"},
        {"SELECT s.f(a), pg_catalog.lower(a)", "(select (call s.f a) (call lower a))"},
        {"SELECT count(*), count(DISTINCT a), count(ALL a)",
         "(select (call count *) (call count distinct a) (call count a))"},
        {"SELECT string_agg(a, ',' ORDER BY b DESC, c NULLS FIRST)",
         "(select (call string_agg a ','#0 (order b:desc c:first)))"},
        {"SELECT sum(a) FILTER (WHERE b > 1)", "(select (call sum a (filter (> b 1#0))))"},
        {"SELECT left(a, 1), replace(a, b, c), date(a), if(a, b, c)",
         "(select (call left a 1#0) (call replace a b c) (call date a) (call if a b c))"},
        {"SELECT FILE(\"part\"), COSINE_DISTANCE(a, '[1]')",
         "(select (call file part) (call cosine_distance a '[1]'#0))"},
    };
    TEST_TREES(trees);
}

static void test_own_syntax(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT extract(year FROM a), extract('Month' FROM a)",
         "(select (call extract 'year' a) (call extract 'Month'#0 a))"},
        {"SELECT substring(a FROM 1 FOR 2), substring(a, 1), substring(a FROM 2)",
         "(select (call substring a 1#0 2#1) (call substring a 1#2) (call substring a 2#3))"},
        {"SELECT trim(a), trim(BOTH FROM a), trim(LEADING 'x' FROM a), trim(TRAILING FROM a)",
         "(select (call btrim a) (call btrim a) (call ltrim a 'x'#0) (call rtrim a))"},
        {"SELECT position('x' IN a), overlay(a PLACING b FROM 1 FOR 2)",
         "(select (call position a 'x'#0) (call overlay a b 1#1 2#2))"},
        {"SELECT a AT TIME ZONE 'UTC'", "(select (call timezone 'UTC'#0 a))"},
        {"SELECT (a, b) OVERLAPS (c, d)", "(select (call overlaps a b c d))"},
        {"SELECT normalize(a), a IS NORMALIZED",
         "(select (call normalize a) (call is_normalized a))"},
    };
    TEST_TREES(trees);
}

static void test_windows(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT rank() OVER ()", "(select (call rank (over)))"},
        {"SELECT rank() OVER (PARTITION BY a, b ORDER BY c DESC)",
         "(select (call rank (over (by a b) (order c:desc))))"},
        {"SELECT sum(a) OVER w, sum(b) OVER (w ROWS UNBOUNDED PRECEDING) WINDOW w AS (ORDER BY c)",
         "(select (call sum a (over w)) (call sum b (over w (frame R u c))) (window w (order c)))"},
        {"SELECT sum(a) OVER (ORDER BY b RANGE BETWEEN 1 PRECEDING AND $1 FOLLOWING)",
         "(select (call sum a (over (order b) (frame r p1#0 f$1))))"},
        {"SELECT sum(a) OVER (ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING EXCLUDE GROUP)",
         "(select (call sum a (over (frame R c U exclude:g))))"},
        {"SELECT sum(a) OVER (GROUPS BETWEEN 2 FOLLOWING AND 3 FOLLOWING EXCLUDE CURRENT ROW)",
         "(select (call sum a (over (frame g f2#0 f3#1 exclude:c))))"},
        {"SELECT sum(a) OVER (ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING EXCLUDE TIES)",
         "(select (call sum a (over (frame R p3#0 p1#1 exclude:t))))"},
        {"SELECT sum(a) FILTER (WHERE b) OVER (ORDER BY c NULLS LAST)",
         "(select (call sum a (filter b) (over (order c:last))))"},
    };
    TEST_TREES(trees);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct test_refusal refusals[] = {
        {"SELECT f(VARIADIC a)", "VARIADIC is not supported", 8},
        {"SELECT mode() WITHIN GROUP (ORDER BY a)", "WITHIN GROUP is not supported", 8},
        {"SELECT a.b.f(1)", "a function name of more than two parts is not supported", 8},
        {"SELECT 1 WINDOW w AS (), v AS (w)",
         "a window that extends another window is not supported", 31},
        {"SELECT a ORDER BY b USING <", "ORDER BY USING is not supported", 27},
        {"SELECT sum(a) OVER (ROWS BETWEEN CURRENT ROW AND 1 PRECEDING)",
         "frame starting from current row cannot have preceding rows", 50},
    };
    TEST_REFUSALS(refusals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_own_syntax),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, test_sql_setup, test_sql_teardown);
}
