// SPDX-License-Identifier: Apache-2.0
// FROM: tables, subqueries, functions, joins.
#include "lib/sql_fixture.h"
#include "lib/test.h"

static void test_items(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT 1 FROM t, app.u AS x, \"V\" y(a, b)",
         "(select 1#0 (from (table t) (table app.u as:x) (table V as:y[a b])))"},
        {"SELECT 1 FROM ONLY t", "(select 1#0 (from (table t)))"},
        {"SELECT 1 FROM (SELECT 2) AS s(a), (VALUES (1), (2)) v",
         "(select 1#0 (from (sub (select 2#1) as:s[a]) (sub (values (row 1#2) (row 2#3)) as:v)))"},
        {"SELECT 1 FROM t, LATERAL (SELECT a) s",
         "(select 1#0 (from (table t) (sub (select a) lateral as:s)))"},
        {"SELECT 1 FROM generate_series(1, 3) g, f() WITH ORDINALITY AS x(a, n)",
         "(select 1#0 (from (func (call generate_series 1#1 3#2) as:g) "
         "(func (call f) ordinality as:x[a n])))"},
        {"SELECT 1 FROM current_user", "(select 1#0 (from (func (special current_user))))"},
        {"TABLE app.t", "(select * (from (table app.t)))"},
    };
    TEST_TREES(trees);
}

static void test_joins(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT 1 FROM a JOIN b ON a.x = b.y",
         "(select 1#0 (from (inner (table a) (table b) (on (= a.x b.y)))))"},
        {"SELECT 1 FROM a LEFT JOIN b USING (x, y) RIGHT OUTER JOIN c ON TRUE",
         "(select 1#0 (from (right (left (table a) (table b) using[x y]) (table c) (on true))))"},
        {"SELECT 1 FROM a FULL JOIN b USING (x)",
         "(select 1#0 (from (full (table a) (table b) using[x])))"},
        {"SELECT 1 FROM a CROSS JOIN b NATURAL JOIN c NATURAL LEFT JOIN d",
         "(select 1#0 (from (natural-left (natural-inner (cross (table a) (table b)) (table c)) "
         "(table d))))"},
        {"SELECT 1 FROM a JOIN (b JOIN c ON x) ON y",
         "(select 1#0 (from (inner (table a) (inner (table b) (table c) (on x)) (on y))))"},
        {"SELECT 1 FROM (a JOIN b ON x) AS j(p, q)",
         "(select 1#0 (from (inner (table a) (table b) (on x) as:j[p q])))"},
    };
    TEST_TREES(trees);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct test_refusal refusals[] = {
        {"SELECT 1 FROM a.b.c", "a table name of three parts is not supported", 15},
        {"SELECT 1 FROM a.b.c.d", "improper qualified name (too many dotted names): a.b.c.d", 15},
        {"SELECT 1 FROM t TABLESAMPLE system(1)", "TABLESAMPLE is not supported", 29},
        {"SELECT 1 FROM ROWS FROM (f(), g())", "ROWS FROM is not supported", 0},
        {"SELECT 1 FROM f() AS x(a int)",
         "a column definition list for a function is not supported", 0},
        {"SELECT 1 FROM a JOIN b USING (x) AS u",
         "an alias for the columns of USING is not supported", 0},
        {"SELECT 1 FROM (SELECT 1)", "subquery in FROM must have an alias", 15},
        {"SELECT 1 FROM a JOIN b", "syntax error at end of input", 23},
    };
    TEST_REFUSALS(refusals);
}

static void test_positions(void **state)
{
    (void)state;
    struct kdb_statement statement;
    test_sql_parse("SELECT 1 FROM  app.t, f(x)", &statement);
    assert_int_equal(statement.select->from[0]->position, 16);
    assert_int_equal(statement.select->from[0]->table.position, 16);
    assert_int_equal(statement.select->from[1]->position, 23);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_joins),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_positions),
    };
    return cmocka_run_group_tests(tests, test_sql_setup, test_sql_teardown);
}
