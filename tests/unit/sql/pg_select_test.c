// SPDX-License-Identifier: Apache-2.0
// Queries: clauses, set operations, WITH, VALUES.
#include "lib/sql_fixture.h"
#include "lib/test.h"

static void test_clauses(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT", "(select)"},
        {"SELECT a AS x, b y, c \"Z\", d AS \"select\"", "(select a=x b=y c=Z d=select)"},
        {"SELECT DISTINCT a FROM t", "(select distinct a (from (table t)))"},
        {"SELECT DISTINCT ON (a, b) c", "(select (distinct-on a b) c)"},
        {"SELECT ALL a", "(select a)"},
        {"SELECT a FROM t WHERE b GROUP BY a, 2 HAVING count(*) > 1",
         "(select a (from (table t)) (where b) (group a 2#0) (having (> (call count *) 1#1)))"},
        {"SELECT a ORDER BY a, b DESC, c ASC NULLS FIRST, 1 NULLS LAST",
         "(select a (order a b:desc c:first 1#0:last))"},
        {"SELECT a LIMIT 1 OFFSET 2", "(select a (limit 1#0) (offset 2#1))"},
        {"SELECT a OFFSET $1 LIMIT $2", "(select a (limit $2) (offset $1))"},
        {"SELECT a LIMIT ALL OFFSET NULL", "(select a)"},
        {"SELECT a OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY", "(select a (limit 2#1) (offset 1#0))"},
        {"SELECT a ORDER BY a FETCH FIRST 2 ROWS WITH TIES",
         "(select a (order a) (limit 2#0) ties)"},
        {"SELECT a FROM t FOR UPDATE", "(select a (from (table t)) locking)"},
        {"SELECT a GROUP BY ROLLUP (a)", "(select a grouping-sets)"},
        {"SELECT a GROUP BY a, GROUPING SETS ((a), ())", "(select a grouping-sets)"},
        {"SELECT a GROUP BY ()", "(select a grouping-sets)"},
        {"SELECT a WINDOW w AS (PARTITION BY b), v AS ()",
         "(select a (window w (by b)) (window v))"},
    };
    TEST_TREES(trees);
}

static void test_set_operations(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT 1 UNION SELECT 2", "(union (select 1#0) (select 2#1))"},
        {"SELECT 1 UNION ALL SELECT 2 EXCEPT SELECT 3",
         "(except (union-all (select 1#0) (select 2#1)) (select 3#2))"},
        {"SELECT 1 UNION SELECT 2 INTERSECT ALL SELECT 3",
         "(union (select 1#0) (intersect-all (select 2#1) (select 3#2)))"},
        {"SELECT a UNION SELECT b ORDER BY 1 LIMIT 2",
         "(union (select a) (select b) (order 1#0) (limit 2#1))"},
        {"(SELECT a LIMIT 1) UNION (SELECT b ORDER BY c)",
         "(union (select a (limit 1#0)) (select b (order c)))"},
        {"((SELECT 1))", "(select 1#0)"},
        {"VALUES (1, 'a'), (2, NULL) ORDER BY 1",
         "(values (row 1#0 'a'#1) (row 2#2 null) (order 1#3))"},
        {"VALUES (1) UNION TABLE t", "(union (values (row 1#0)) (select * (from (table t))))"},
    };
    TEST_TREES(trees);
}

static void test_with(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"WITH a AS (SELECT 1), \"B\"(x, y) AS MATERIALIZED (VALUES (1, 2)) SELECT * FROM a, \"B\"",
         "(select (with (a (select 1#0)) (B[x y] (values (row 1#1 2#2)))) * "
         "(from (table a) (table B)))"},
        {"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r",
         "(select (with-recursive (r[n] (union-all (select 1#0) (select (+ n 1#1) "
         "(from (table r)))))) n (from (table r)))"},
        {"WITH a AS (SELECT 1) SELECT 2 UNION SELECT 3",
         "(union (with (a (select 1#0))) (select 2#1) (select 3#2))"},
        {"SELECT (WITH a AS (SELECT 1) SELECT * FROM a)",
         "(select (scalar (select (with (a (select 1#0))) * (from (table a)))))"},
        {"WITH a AS (SELECT 1) VALUES (2)", "(values (with (a (select 1#0))) (row 2#1))"},
    };
    TEST_TREES(trees);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct test_refusal refusals[] = {
        {"SELECT 1 INTO x", "SELECT INTO is not supported", 15},
        {"SELECT a GROUP BY DISTINCT a", "GROUP BY DISTINCT is not supported", 0},
        {"WITH a AS (DELETE FROM t RETURNING *) SELECT 1",
         "a data change inside WITH is not supported", 6},
        {"WITH RECURSIVE a AS (SELECT 1) SEARCH DEPTH FIRST BY x SET y SELECT 1",
         "SEARCH or CYCLE is not supported", 16},
        {"SELECT 1 LIMIT 1 LIMIT 2", "syntax error at or near \"LIMIT\"", 18},
        {"(SELECT 1 LIMIT 1) LIMIT 2", "multiple LIMIT clauses not allowed", 26},
        {"SELECT a FETCH FIRST 2 ROWS WITH TIES",
         "WITH TIES cannot be specified without ORDER BY clause", 0},
        {"WITH x AS (SELECT 1) MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE",
         "MERGE is not supported", 0},
    };
    TEST_REFUSALS(refusals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clauses),
        cmocka_unit_test(test_set_operations),
        cmocka_unit_test(test_with),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, test_sql_setup, test_sql_teardown);
}
