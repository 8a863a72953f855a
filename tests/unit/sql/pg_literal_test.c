// SPDX-License-Identifier: Apache-2.0
// Constants: kind, text, and the lifted literal they are tied to.
#include "lib/sql_fixture.h"
#include "lib/test.h"

static void test_kinds(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT 0, 5, 2147483647, 3000000000", "(select 0#0 5#1 2147483647#2 3000000000#3)"},
        {"SELECT 1.5, .5, 1., 1e3, 1.5E-3", "(select 1.5d#0 .5d#1 1.d#2 1e3d#3 1.5E-3d#4)"},
        {"SELECT 99999999999999999999", "(select 99999999999999999999d#0)"},
        {"SELECT '', 'it''s', 'ü'", "(select ''#0 'it's'#1 'ü'#2)"},
        {"SELECT true, FALSE, NULL", "(select true false null)"},
        {"SELECT true::bool", "(select (cast true <bool>))"},
        {"SELECT 'a\\b'", "(select 'a\\b'#0)"},
    };
    TEST_TREES(trees);
}

// A minus that PostgreSQL folds into the number, however it is written.
static void test_minus(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT -5", "(select -5#-0)"},
        {"SELECT - 5", "(select -5#-0)"},
        {"SELECT - - 5, - -(- 5)", "(select 5#0 -5#-1)"},
        {"SELECT -(5), -((5))", "(select -5#-0 -5#-1)"},
        {"SELECT - /* - */ 5, - -- -\n 6", "(select -5#-0 -6#-1)"},
        {"SELECT -0, -0.0", "(select -0#-0 -0.0d#-1)"},
        {"SELECT -1.5, -3000000000", "(select -1.5d#-0 -3000000000#-1)"},
        {"SELECT 1 -5, 1 - -5", "(select (- 1#0 5#1) (- 1#2 -5#-3))"},
        {"SELECT +5, - +5, +-5", "(select (+ 5#0) (- (+ 5#1)) (+ -5#-2))"},
        {"SELECT -a, -$1, -'5', -null", "(select (- a) (- $1) (- '5'#0) (- null))"},
        {"SELECT a-5, a=-5", "(select (- a 5#0) (= a -5#-1))"},
    };
    TEST_TREES(trees);
}

// What the scan does not lift has the value of PostgreSQL's parser.
static void test_not_lifted(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT 2147483648, -2147483648", "(select 2147483648 -2147483648)"},
        {"SELECT 9223372036854775808", "(select 9223372036854775808d)"},
        {"SELECT -9223372036854775808", "(select -9223372036854775808)"},
        {"SELECT 007, -007, 00.50", "(select 7 -7 00.50d)"},
        {"SELECT 2147483648, 1", "(select 2147483648 1#0)"},
        {"SELECT -2147483648, -1", "(select -2147483648 -1#-0)"},
        {"SELECT 1 LIMIT 2 OFFSET NULL", "(select 1#0 (limit 2#1))"},
        {"SELECT 1 FETCH FIRST ROW ONLY", "(select 1#0 (limit 1))"},
    };
    TEST_TREES(trees);
}

// In a text that is not cacheable nothing is tied to the scan.
static void test_odd_strings(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT E'a\\n\\'b', 'c', 1", "(select 'a\n'b' 'c' 1)"},
        {"SELECT X'00ff', b'01'", "(select bits:x00ff bits:b01)"},
        {"SELECT $$a'b$$, $x$c$x$", "(select 'a'b' 'c')"},
        {"SELECT U&'\\00e4', N'a'", "(select 'ä' (cast 'a' <char>))"},
        {"SELECT 'a'\n'b', -1", "(select 'ab' -1)"},
    };
    TEST_TREES(trees);
}

static void expect_fixed(const char *sql, const char *expected)
{
    struct kdb_statement statement;
    char text[64] = {0};
    test_sql_parse(sql, &statement);
    for (size_t i = 0; i < statement.fixed_count; i++)
        text[i] = (char)('0' + statement.fixed_literals[i]);
    assert_string_equal(text, expected);
}

// What became no node is named, so that a plan is not shared over it.
static void test_fixed_literals(void **state)
{
    (void)state;
    expect_fixed("SELECT 1, 'a'", "");
    expect_fixed("SELECT 1, a::varchar(5), a::decimal(3, 2), 'a'", "123");
    expect_fixed("SELECT current_timestamp(3), interval(2) '1 day'", "01");
    expect_fixed("INSERT INTO t VALUES (1) RETURNING 2", "1");
    expect_fixed("CREATE TABLE t (a VARCHAR(5) DEFAULT 'x') WITH (n = 3)", "02");
    expect_fixed("EXECUTE AS USER 'u' (SELECT 1, 'a', b::varchar(5))", "03");
    expect_fixed("SELECT $$a$$, 1, 'b'", "01");
    expect_fixed("KILL JOB 'x'", "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),          cmocka_unit_test(test_minus),
        cmocka_unit_test(test_not_lifted),     cmocka_unit_test(test_odd_strings),
        cmocka_unit_test(test_fixed_literals),
    };
    return cmocka_run_group_tests(tests, test_sql_setup, test_sql_teardown);
}
