// SPDX-License-Identifier: Apache-2.0
// EXPLAIN and EXECUTE AS USER: the statement inside, and what must not be there.
#include "lib/sql_fixture.h"
#include "lib/test.h"

static void test_explain(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"EXPLAIN SELECT a FROM t", "(explain (select a (from (table t))))"},
        {"EXPLAIN (SELECT 1)", "(explain (select 1#0))"},
        {"EXPLAIN INSERT INTO t VALUES (1)", "(explain (insert t (values (row 1#0))))"},
        {"EXPLAIN SHOW TABLES", "(explain (show-tables))"},
        {"EXPLAIN ANALYZE SELECT 1", "(reserved EXPLAIN ANALYZE)"},
        {"EXPLAIN VERBOSE SELECT 1", "(reserved EXPLAIN ANALYZE)"},
        {"EXPLAIN (ANALYZE, COSTS off) SELECT 1", "(reserved EXPLAIN with options)"},
    };
    TEST_TREES(trees);
    static const struct test_refusal refusals[] = {
        {"EXPLAIN", "syntax error at end of input", 8},
        {"EXPLAIN EXPLAIN SELECT 1", "syntax error at or near \"EXPLAIN\"", 9},
        {"EXPLAIN SELECT 1 2", "syntax error at or near \"2\"", 18},
        {"EXPLAIN FOO", "syntax error at or near \"FOO\"", 9},
        {"EXPLAIN DROP TABLE t x", "syntax error at or near \"x\"", 22},
    };
    TEST_REFUSALS(refusals);
}

static void test_execute_as(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"EXECUTE AS USER 'bob' (INSERT INTO t VALUES (1, 'x'))",
         "(execute-as bob (insert t (values (row 1#1 'x'#2))))"},
        {"execute as user Bob-1(SELECT $2)", "(execute-as Bob-1 (select $2))"},
        {"EXECUTE AS USER 'o''neil' ((SELECT ')' ))", "(execute-as o'neil (select ')'#1))"},
        {"EXECUTE AS USER \"a b\" ( /* x */ SELECT 1 -- )\n ; ; )",
         "(execute-as a b (select 1#0))"},
        {"EXECUTE AS USER a:b (SHOW TABLES)", "(execute-as a:b (show-tables))"},
        {"EXECUTE AS USER u (EXPLAIN SELECT 1)", "(execute-as u (explain (select 1#0)))"},
        {"EXECUTE AS USER u (CREATE TABLE t (a INT DEFAULT -7))",
         "(execute-as u (create-table t (a <int> default=-7#-0)))"},
    };
    TEST_TREES(trees);
}

static void expect_input_error(const char *sql, const char *message, int position)
{
    test_sql_refused(sql, KDB_ERR_INVALID_INPUT, message, position);
}

static void test_execute_as_refused(void **state)
{
    (void)state;
    expect_input_error("EXECUTE", "EXECUTE AS USER: expected EXECUTE AS USER 'user' (statement)",
                       8);
    expect_input_error("EXECUTE plan (1)",
                       "EXECUTE AS USER: expected EXECUTE AS USER 'user' (statement)", 9);
    expect_input_error("EXECUTE AS USER", "EXECUTE AS USER: the user name is missing", 16);
    expect_input_error("EXECUTE AS USER (SELECT 1)", "EXECUTE AS USER: the user name is missing",
                       17);
    expect_input_error("EXECUTE AS USER '' (SELECT 1)", "EXECUTE AS USER: empty username", 17);
    expect_input_error("EXECUTE AS USER 'u' SELECT 1",
                       "EXECUTE AS USER: parentheses are required around the statement", 21);
    expect_input_error("EXECUTE AS USER u",
                       "EXECUTE AS USER: parentheses are required around the "
                       "statement",
                       18);
    expect_input_error("EXECUTE AS USER u (SELECT (1)", "EXECUTE AS USER: missing closing ')'", 30);
    expect_input_error("EXECUTE AS USER u ()",
                       "EXECUTE AS USER: a non-empty inner SQL statement is required", 20);
    expect_input_error("EXECUTE AS USER u (;)",
                       "EXECUTE AS USER: a non-empty inner SQL statement is required", 21);
    expect_input_error("EXECUTE AS USER u (SELECT 1; SELECT 2)",
                       "EXECUTE AS USER: the parentheses must hold a single SQL statement", 30);
    expect_input_error("EXECUTE AS USER u (SELECT 1) SELECT 2",
                       "EXECUTE AS USER: unexpected text after the closing parenthesis", 30);
    expect_input_error("EXECUTE AS USER u (EXECUTE AS USER v (SELECT 1))",
                       "EXECUTE AS USER: it cannot be nested", 20);
    // What is wrong with the statement inside is its own error, placed in the whole text.
    test_sql_refused("EXECUTE AS USER 'ü' (SELEC 1)", KDB_ERR_INVALID_SQL,
                     "syntax error at or near \"SELEC\"", 22);
    test_sql_refused("EXECUTE AS USER 'ü' (SELECT 1 2)", KDB_ERR_INVALID_SQL,
                     "syntax error at or near \"2\"", 31);
    test_sql_refused("EXECUTE AS USER 'ü' (SELECT (1 + ))", KDB_ERR_INVALID_SQL,
                     "syntax error at or near \")\"", 34);
    test_sql_refused("EXPLAIN EXECUTE AS USER u (SELECT 1)", KDB_ERR_INVALID_SQL,
                     "syntax error at or near \"EXECUTE\"", 9);
}

// The statement inside speaks of the whole text: positions, literals, parameters.
static void test_inner_statement(void **state)
{
    (void)state;
    struct kdb_statement statement;
    test_sql_parse("EXECUTE AS USER 'u' ( SELECT a, 'x', $3 )", &statement);
    const struct kdb_statement *inner = statement.execute_as.inner;
    assert_slice_equal(inner->text, "SELECT a, 'x', $3");
    assert_int_equal(inner->position, 23);
    assert_int_equal(inner->param_max, 3);
    assert_int_equal(statement.param_max, 3);
    assert_int_equal(inner->select->targets[0].expr->position, 30);
    assert_int_equal(inner->select->targets[1].expr->literal, 1);
    assert_int_equal(statement.fixed_count, 1);
    assert_int_equal(statement.fixed_literals[0], 0);
    assert_int_equal(inner->fixed_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_explain),
        cmocka_unit_test(test_execute_as),
        cmocka_unit_test(test_execute_as_refused),
        cmocka_unit_test(test_inner_statement),
    };
    return cmocka_run_group_tests(tests, test_sql_setup, test_sql_teardown);
}
