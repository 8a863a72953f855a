// SPDX-License-Identifier: Apache-2.0
// Queries around and inside each other: WITH, set operations, VALUES, LIMIT.
#include "unit/plan/bind_case.h"

static void test_common_tables(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"WITH x AS (SELECT 1 AS a) SELECT * FROM x", "a INT"},
        {"WITH x(b) AS (SELECT 1 AS a, 2 AS c) SELECT * FROM x", "b INT, c INT"},
        {"WITH x AS (SELECT 1 AS a), y AS (SELECT a + 1 AS b FROM x) SELECT * FROM y, x",
         "b INT, a INT"},
        {"WITH t AS (SELECT 1 AS only) SELECT * FROM t", "only INT"},
        {"WITH t AS (SELECT 1 AS only) SELECT * FROM app.u, t",
         "id BIGINT!*, y INT, b TEXT, big BIGINT, _seq BIGINT!, _updated TIMESTAMP!, _deleted "
         "BOOLEAN!, only INT"},
        {"WITH x AS (SELECT id FROM t) SELECT (WITH x AS (SELECT 'inner' AS id) SELECT id FROM x), "
         "id FROM x",
         "id TEXT, id BIGINT"},
        {"SELECT * FROM (WITH x AS (SELECT 1 AS a) SELECT * FROM x) q", "a INT"},
        {"WITH t AS (SELECT * FROM t) SELECT * FROM t",
         "id BIGINT, a INT, b TEXT, r FLOAT, f DOUBLE, n DECIMAL(10,2), d DATE, ts TIMESTAMP, ok "
         "BOOLEAN, j JSON, s SMALLINT"},
    };
    BIND_OUTPUTS(cases);
}

static void test_recursion(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 5) SELECT * "
         "FROM x",
         "n INT"},
        {"WITH RECURSIVE x AS (SELECT 1 AS n UNION SELECT n + 1 FROM x) SELECT n FROM x", "n INT"},
        {"WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT 3000000000) SELECT n FROM x",
         "n BIGINT"},
        {"WITH RECURSIVE x(n) AS (SELECT 1.5 UNION ALL SELECT n + 1 FROM x) SELECT n FROM x",
         "n DECIMAL(38,1)"},
        {"WITH RECURSIVE x(n) AS (SELECT 'a' UNION ALL SELECT n || 'b' FROM x) SELECT n FROM x",
         "n TEXT"},
        {"WITH RECURSIVE x AS (SELECT a FROM t), y(n) AS (SELECT a FROM x UNION ALL SELECT n FROM "
         "y) SELECT * FROM y",
         "n INT"},
    };
    BIND_OUTPUTS(cases);
}

static void test_what_with_refuses(void **state)
{
    (void)state;
    static const struct bind_refusal refusals[] = {
        {"WITH x AS (SELECT 1), x AS (SELECT 2) SELECT 1",
         "WITH query name \"x\" specified more than once", 0},
        {"WITH x(a, b) AS (SELECT 1) SELECT 1",
         "WITH query \"x\" has 1 columns available but 2 columns specified", 6},
        {"WITH x AS (SELECT * FROM y), y AS (SELECT 1) SELECT * FROM x",
         "table app.y does not exist", 26},
        {"WITH x AS (SELECT 1 UNION SELECT n FROM x) SELECT * FROM x", "table app.x does not exist",
         41},
        {"WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n * 1.5 FROM x) SELECT * FROM x",
         "recursive query \"x\" column 1 has type integer in non-recursive term but type numeric "
         "overall",
         53},
        {"WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n FROM x LIMIT 5) SELECT * FROM x",
         "recursive query \"x\" has ORDER BY, LIMIT or WITH, which a recursive query must not", 58},
        {"WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n FROM x ORDER BY 1) SELECT * FROM x",
         "recursive query \"x\" has ORDER BY, LIMIT or WITH, which a recursive query must not", 58},
        {"WITH RECURSIVE x(n) AS (SELECT n FROM x) SELECT * FROM x",
         "recursive query \"x\" does not have the form non-recursive-term UNION [ALL] "
         "recursive-term",
         39},
        {"WITH RECURSIVE x(n) AS (SELECT n FROM x UNION SELECT 1) SELECT * FROM x",
         "recursive query \"x\" must not be read within its own non-recursive term", 39},
        {"WITH RECURSIVE x(n) AS (SELECT 1 UNION SELECT n, n FROM x) SELECT * FROM x",
         "each UNION query must have the same number of columns", 47},
        {"WITH RECURSIVE x(n) AS (SELECT 1 EXCEPT SELECT n FROM x) SELECT * FROM x",
         "recursive query \"x\" does not have the form non-recursive-term UNION [ALL] "
         "recursive-term",
         55},
        {"WITH x AS (SELECT 1) SELECT x.a FROM x", "column x.a does not exist", 29},
    };
    BIND_REFUSALS(refusals);
}

static void test_set_operations(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT a FROM t UNION SELECT y FROM u", "a INT"},
        {"SELECT a AS x FROM t UNION ALL SELECT id AS y FROM u", "x BIGINT"},
        {"SELECT s FROM t EXCEPT SELECT a FROM t", "s INT"},
        {"SELECT a FROM t INTERSECT SELECT n FROM t", "a DECIMAL(12,2)"},
        {"SELECT a FROM t UNION SELECT f FROM t", "a DOUBLE"},
        {"SELECT r FROM t UNION SELECT n FROM t", "r FLOAT"},
        {"SELECT 1 UNION SELECT NULL", "?column? INT"},
        {"SELECT NULL UNION SELECT 'x'", "?column? TEXT"},
        {"SELECT '1' UNION SELECT 2", "?column? INT"},
        {"SELECT d FROM t UNION SELECT ts FROM t", "d TIMESTAMP"},
        {"SELECT 1.5 UNION SELECT 2.25", "?column? DECIMAL(3,2)"},
        {"(SELECT a FROM t LIMIT 1) UNION (SELECT a FROM t ORDER BY a LIMIT 1)", "a INT"},
        {"SELECT 1 UNION SELECT 2 UNION SELECT 3000000000", "?column? BIGINT"},
        {"VALUES (1, 'a'), (2.5, NULL)", "column1 DECIMAL(11,1), column2 TEXT"},
        {"VALUES (NULL), ('x')", "column1 TEXT"},
        {"SELECT * FROM (VALUES (1), (NULL), (3)) v(n)", "n INT"},
        {"SELECT a FROM t UNION SELECT y FROM u ORDER BY a LIMIT 1", "a INT"},
    };
    BIND_OUTPUTS(cases);
}

static void test_what_set_operations_refuse(void **state)
{
    (void)state;
    static const struct bind_refusal refusals[] = {
        {"SELECT 1 UNION SELECT 1, 2", "each UNION query must have the same number of columns", 23},
        {"SELECT a FROM t UNION SELECT b FROM u", "UNION types integer and text cannot be matched",
         30},
        {"SELECT a FROM t UNION SELECT ok FROM t",
         "UNION types integer and boolean cannot be matched", 30},
        {"SELECT NULL UNION SELECT NULL UNION SELECT 1",
         "UNION types text and integer cannot be matched", 44},
        {"SELECT a FROM t UNION SELECT y FROM u ORDER BY a + 1",
         "ORDER BY of UNION, INTERSECT, EXCEPT or VALUES takes output columns only", 50},
        {"SELECT a FROM t UNION SELECT y FROM u ORDER BY y",
         "ORDER BY of UNION, INTERSECT, EXCEPT or VALUES takes output columns only", 48},
        {"VALUES (1), (1, 2)", "VALUES lists must all be the same length", 0},
        {"VALUES (1), ('x'::text)", "VALUES types integer and text cannot be matched", 14},
        {"VALUES (DEFAULT)", "DEFAULT outside VALUES and SET: not supported", 9},
        {"VALUES (sum(1))", "aggregate functions are not allowed in VALUES", 9},
        {"SELECT a FROM t INTERSECT SELECT a, a FROM t",
         "each INTERSECT query must have the same number of columns", 34},
        {"SELECT j FROM t UNION SELECT 1", "UNION types json and integer cannot be matched", 30},
    };
    BIND_REFUSALS(refusals);
}

static void test_literals_as_columns(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT 1, -1, 3000000000, 1.5, 'x', NULL, true",
         "?column? BIGINT, ?column? BIGINT, ?column? BIGINT, ?column? DECIMAL(2,1), ?column? TEXT, "
         "?column? TEXT, ?column? BOOLEAN"},
        {"SELECT 1::int, CAST(5 AS int), 5::smallint, 1 + 1",
         "int4 INT, int4 INT, int2 SMALLINT, ?column? INT"},
        {"SELECT x FROM (SELECT 1 AS x) q", "x INT"},
        {"SELECT 1 UNION SELECT 2", "?column? INT"},
        {"SELECT 1 FROM t", "?column? BIGINT"},
        {"SELECT count(*), 1 FROM t", "count BIGINT, ?column? BIGINT"},
    };
    BIND_OUTPUTS(cases);
}

static void test_limits(void **state)
{
    (void)state;
    static const struct bind_refusal refusals[] = {
        {"SELECT 1 LIMIT a", "column \"a\" does not exist", 16},
        {"SELECT a FROM t LIMIT a", "column \"a\" does not exist", 23},
        {"SELECT 1 LIMIT (SELECT 1)", "argument of LIMIT must not contain variables or subqueries",
         16},
        {"SELECT 1 LIMIT random()", "argument of LIMIT must not contain variables or subqueries",
         16},
        {"SELECT 1 LIMIT count(*)", "aggregate functions are not allowed in LIMIT", 16},
        {"SELECT 1 LIMIT 'x'::text", "cannot cast type text to bigint", 16},
        {"SELECT 1 LIMIT regexp_count('a', 'a')",
         "argument of LIMIT must not contain variables or subqueries", 16},
        {"SELECT 1 OFFSET true", "cannot cast type boolean to bigint", 0},
        {"SELECT a FROM t ORDER BY a FETCH FIRST 1 ROW WITH TIES",
         "FETCH … WITH TIES: not supported", 8},
        {"SELECT a FROM t FOR UPDATE", "FOR UPDATE and FOR SHARE: not supported", 8},
    };
    BIND_REFUSALS(refusals);
}

static void test_limits_that_are_numbers(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT 1 LIMIT 1", "?column? BIGINT"},
        {"SELECT 1 LIMIT '1' OFFSET 2.5", "?column? BIGINT"},
        {"SELECT 1 LIMIT 1 + 1", "?column? BIGINT"},
        {"SELECT 1 LIMIT NULL", "?column? BIGINT"},
        {"SELECT 1 LIMIT ALL OFFSET 3", "?column? BIGINT"},
        {"SELECT 1 FETCH FIRST 2 ROWS ONLY", "?column? BIGINT"},
    };
    BIND_OUTPUTS(cases);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_common_tables),
    cmocka_unit_test(test_recursion),
    cmocka_unit_test(test_what_with_refuses),
    cmocka_unit_test(test_set_operations),
    cmocka_unit_test(test_what_set_operations_refuse),
    cmocka_unit_test(test_literals_as_columns),
    cmocka_unit_test(test_limits),
    cmocka_unit_test(test_limits_that_are_numbers),
};

BIND_MAIN(tests)
