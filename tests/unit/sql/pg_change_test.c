// SPDX-License-Identifier: Apache-2.0
// INSERT, UPDATE, DELETE.
#include "lib/sql_fixture.h"
#include "lib/test.h"

static void test_insert(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"INSERT INTO app.t VALUES (1, 'a')", "(insert app.t (values (row 1#0 'a'#1)))"},
        {"INSERT INTO t (a, \"B c\", D) VALUES (1, $1, DEFAULT), (-2, NULL, now())",
         "(insert t [a B c d] (values (row 1#0 $1 default) (row -2#-1 null (call now))))"},
        {"INSERT INTO t DEFAULT VALUES", "(insert t default-values)"},
        {"INSERT INTO t (a) SELECT b FROM u WHERE c = 1",
         "(insert t [a] (select b (from (table u)) (where (= c 1#0))))"},
        {"INSERT INTO t AS x TABLE u", "(insert t (select * (from (table u))))"},
        {"INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING RETURNING a",
         "(insert t (values (row 1#0)) on-conflict returning)"},
        {"INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2",
         "(insert t (values (row 1#0)) on-conflict)"},
        {"WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x",
         "(insert t (select * (from (table x))) with)"},
        {"INSERT INTO t VALUES (FILE(\"a\"))", "(insert t (values (row (call file a))))"},
    };
    TEST_TREES(trees);
}

static void test_update(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"UPDATE app.t SET a = a + 1, B = DEFAULT WHERE id = 7",
         "(update app.t (set a (+ a 1#0)) (set b default) (where (= id 7#1)))"},
        {"UPDATE t AS x SET a = x.b", "(update t as:x (set a x.b))"},
        {"UPDATE t SET (a, b) = (1, c), d = ROW(2)",
         "(update t (set a 1#0) (set b c) (set d (row 2#1)))"},
        {"UPDATE t SET (a) = ROW(5)", "(update t (set a 5#0))"},
        {"UPDATE t SET a = 1 FROM u WHERE t.x = u.x RETURNING a",
         "(update t (set a 1#0) (where (= t.x u.x)) from returning)"},
        {"WITH w AS (SELECT 1) UPDATE t SET a = 1", "(update t (set a 1#1) with)"},
    };
    TEST_TREES(trees);
    struct kdb_statement statement;
    test_sql_parse("UPDATE t SET a = 1, bb = 2", &statement);
    assert_int_equal(statement.update->assignments[0].position, 14);
    assert_int_equal(statement.update->assignments[1].position, 21);
    assert_int_equal(statement.update->table.position, 8);
}

static void test_delete(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"DELETE FROM app.t", "(delete app.t)"},
        {"DELETE FROM t x WHERE x.a IN (1, 2)", "(delete t as:x (where (in x.a 1#0 2#1)))"},
        {"DELETE FROM t USING u WHERE true RETURNING *", "(delete t (where true) using returning)"},
        {"WITH w AS (SELECT 1) DELETE FROM t", "(delete t with)"},
    };
    TEST_TREES(trees);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct test_refusal refusals[] = {
        {"INSERT INTO t (a[1]) VALUES (1)", "assigning to a part of a column is not supported", 16},
        {"INSERT INTO t OVERRIDING SYSTEM VALUE VALUES (1)", "OVERRIDING is not supported", 13},
        {"INSERT INTO a.b.c VALUES (1)", "a table name of three parts is not supported", 13},
        {"INSERT INTO t VALUES", "syntax error at end of input", 21},
        {"INSERT INTO t (a, ) VALUES (1)", "syntax error at or near \")\"", 19},
        {"UPDATE t SET a.b = 1", "assigning to a part of a column is not supported", 14},
        {"UPDATE t SET (a, b) = (1, 2, 3)", "number of columns does not match number of values",
         15},
        {"UPDATE t SET (a, b) = (SELECT 1, 2)",
         "assigning a subquery to several columns is not supported", 15},
        {"UPDATE t a = 1", "syntax error at or near \"=\"", 12},
        {"DELETE t", "syntax error at or near \"t\"", 8},
    };
    TEST_REFUSALS(refusals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_insert),
        cmocka_unit_test(test_update),
        cmocka_unit_test(test_delete),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, test_sql_setup, test_sql_teardown);
}
