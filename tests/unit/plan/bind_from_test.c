// SPDX-License-Identifier: Apache-2.0
// What FROM makes visible: stars, joins, merged columns, aliases, functions.
#include "unit/plan/bind_case.h"

static void test_stars(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT * FROM words",
         "word TEXT!*, n DECIMAL(6,3), _seq BIGINT!, _updated TIMESTAMP!, _deleted BOOLEAN!"},
        {"SELECT words.* FROM words",
         "word TEXT!*, n DECIMAL(6,3), _seq BIGINT!, _updated TIMESTAMP!, _deleted BOOLEAN!"},
        {"SELECT w.*, w.n FROM words w", "word TEXT!*, n DECIMAL(6,3), _seq BIGINT!, _updated "
                                         "TIMESTAMP!, _deleted BOOLEAN!, n DECIMAL(6,3)"},
        {"SELECT * FROM words w(x)",
         "x TEXT!*, n DECIMAL(6,3), _seq BIGINT!, _updated TIMESTAMP!, _deleted BOOLEAN!"},
        {"SELECT app.words.* FROM words",
         "word TEXT!*, n DECIMAL(6,3), _seq BIGINT!, _updated TIMESTAMP!, _deleted BOOLEAN!"},
        {"SELECT * FROM (SELECT * FROM words) q", "word TEXT, n DECIMAL(6,3)"},
        {"SELECT DISTINCT * FROM words", "word TEXT!*, n DECIMAL(6,3)"},
        {"SELECT * FROM words UNION SELECT * FROM words", "word TEXT, n DECIMAL(6,3)"},
        {"SELECT *, _seq FROM words", "word TEXT!*, n DECIMAL(6,3), _seq BIGINT!, _updated "
                                      "TIMESTAMP!, _deleted BOOLEAN!, _seq BIGINT!"},
        {"SELECT * FROM words WHERE word IN (SELECT word FROM words)",
         "word TEXT!*, n DECIMAL(6,3), _seq BIGINT!, _updated TIMESTAMP!, _deleted BOOLEAN!"},
        {"WITH w AS (SELECT * FROM words) SELECT * FROM w", "word TEXT, n DECIMAL(6,3)"},
        {"SELECT * FROM (SELECT word, _seq FROM words) q", "word TEXT, _seq BIGINT"},
        {"SELECT * FROM generate_series(1, 3)", "generate_series INT"},
        {"SELECT * FROM (VALUES (1, 'x')) v(a, b)", "a INT, b TEXT"},
        {"SELECT q.* FROM (SELECT 1 AS a) q, words", "a INT"},
    };
    BIND_OUTPUTS(cases);
}

static void test_merged_columns(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT * FROM u JOIN words ON u.b = words.word",
         "id BIGINT!*, y INT, b TEXT, big BIGINT, _seq BIGINT!, _updated TIMESTAMP!, _deleted "
         "BOOLEAN!, word TEXT!*, n DECIMAL(6,3), _seq BIGINT!, _updated TIMESTAMP!, _deleted "
         "BOOLEAN!"},
        {"SELECT q.* FROM (SELECT * FROM u JOIN other.t USING (id)) q",
         "id BIGINT, y INT, b TEXT, big BIGINT, z TEXT"},
        {"SELECT q.* FROM (SELECT * FROM t JOIN u USING (id, b)) q",
         "id BIGINT, b TEXT, a INT, r FLOAT, f DOUBLE, n DECIMAL(10,2), d DATE, ts TIMESTAMP, ok "
         "BOOLEAN, j JSON, s SMALLINT, y INT, big BIGINT"},
        {"SELECT q.* FROM (SELECT * FROM u NATURAL JOIN other.t) q",
         "id BIGINT, y INT, b TEXT, big BIGINT, z TEXT"},
        {"SELECT q.* FROM (SELECT * FROM u NATURAL JOIN words) q",
         "id BIGINT, y INT, b TEXT, big BIGINT, word TEXT, n DECIMAL(6,3)"},
        {"SELECT q.* FROM (SELECT * FROM (SELECT 1 AS a, 2 AS b) x FULL JOIN (SELECT 2 AS b, 3 AS "
         "c) y USING (b)) q",
         "b INT, a INT, c INT"},
        {"SELECT u.*, z FROM u NATURAL JOIN other.t",
         "id BIGINT!*, y INT, b TEXT, big BIGINT, _seq BIGINT!, _updated TIMESTAMP!, _deleted "
         "BOOLEAN!, z TEXT"},
    };
    BIND_OUTPUTS(cases);
}

static void test_what_a_merged_column_is(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT id FROM t JOIN u USING (id)", "t.id:BIGINT"},
        {"SELECT id FROM t LEFT JOIN u USING (id)", "t.id:BIGINT"},
        {"SELECT id FROM t RIGHT JOIN u USING (id)", "u.id:BIGINT"},
        {"SELECT id FROM t FULL JOIN u USING (id)", "(coalesce t.id:BIGINT u.id:BIGINT):BIGINT"},
        {"SELECT id FROM u JOIN other.t USING (id)", "u.id:BIGINT"},
        {"SELECT id FROM other.t RIGHT JOIN u USING (id)", "u.id:BIGINT"},
        {"SELECT id FROM other.t FULL JOIN u USING (id)",
         "(coalesce (cast t.id:INT):BIGINT u.id:BIGINT):BIGINT"},
        {"SELECT id FROM t FULL JOIN u USING (id) FULL JOIN other.t o USING (id)",
         "(coalesce (coalesce t.id:BIGINT u.id:BIGINT):BIGINT (cast o.id:INT):BIGINT):BIGINT"},
        {"SELECT u.id FROM t JOIN u USING (id)", "u.id:BIGINT"},
    };
    BIND_TARGETS(cases);
}

static void test_outer_joins_take_the_flags(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT t.id, u.id FROM t JOIN u ON t.id = u.id", "id BIGINT!*, id BIGINT!*"},
        {"SELECT t.id, u.id FROM t LEFT JOIN u ON t.id = u.id", "id BIGINT!*, id BIGINT"},
        {"SELECT t.id, u.id FROM t RIGHT JOIN u ON t.id = u.id", "id BIGINT, id BIGINT!*"},
        {"SELECT t.id, u.id FROM t FULL JOIN u ON t.id = u.id", "id BIGINT, id BIGINT"},
        {"SELECT t.b, u.id, w.word FROM t LEFT JOIN (u CROSS JOIN words w) ON t.id = u.id",
         "b TEXT!, id BIGINT, word TEXT"},
    };
    BIND_OUTPUTS(cases);
}

static void test_aliases(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT x, n FROM words w(x)", "x TEXT!*, n DECIMAL(6,3)"},
        {"SELECT v.a, v.b FROM (VALUES (1, 2)) v(a, b)", "a INT, b INT"},
        {"SELECT q.y FROM (SELECT 1, 2) q(x, y)", "y INT"},
        {"SELECT g FROM generate_series(1, 2) g", "g INT"},
        {"SELECT n FROM generate_series(1, 2) AS g(n)", "n INT"},
        {"SELECT generate_series FROM generate_series(1, 3000000000)", "generate_series BIGINT"},
        {"SELECT w.word, w2.word FROM words w, words w2", "word TEXT!*, word TEXT!*"},
        {"SELECT t.id FROM app.t, u", "id BIGINT!*"},
    };
    BIND_OUTPUTS(cases);
}

static void test_what_from_refuses(void **state)
{
    (void)state;
    static const struct bind_refusal refusals[] = {
        {"SELECT 1 FROM t x, u x", "table name \"x\" specified more than once", 20},
        {"SELECT 1 FROM t, u t", "table name \"t\" specified more than once", 18},
        {"SELECT 1 FROM t JOIN t ON true", "table name \"t\" specified more than once", 22},
        {"SELECT 1 FROM words w(x, y, z)",
         "table \"w\" has 2 columns available but 3 columns specified", 15},
        {"SELECT 1 FROM (SELECT 1) q(a, b)",
         "table \"q\" has 1 columns available but 2 columns specified", 23},
        {"SELECT 1 FROM t JOIN u USING (y)",
         "column \"y\" specified in USING clause does not exist in left table", 15},
        {"SELECT 1 FROM t JOIN u USING (a)",
         "column \"a\" specified in USING clause does not exist in right table", 15},
        {"SELECT 1 FROM t JOIN u ON 1",
         "argument of JOIN/ON must be type boolean, not type integer", 27},
        {"SELECT 1 FROM t JOIN u ON nope", "column \"nope\" does not exist", 27},
        {"SELECT 1 FROM t, u JOIN words w ON t.a = u.y",
         "missing FROM-clause entry for table \"t\"", 36},
        {"SELECT 1 FROM (t JOIN u USING (id)) JOIN (t t2 JOIN u u2 ON true) USING (id)",
         "common column name \"id\" appears more than once in right table", 16},
        {"SELECT * FROM u, generate_series(1, u.y) g",
         "generate_series over columns or subqueries: not supported", 37},
        {"SELECT 1 FROM t, (SELECT t.a) q", "missing FROM-clause entry for table \"t\"", 26},
        {"SELECT 1 FROM unnest('x')", "function \"unnest\" is not allowed in FROM", 15},
        {"SELECT 1 FROM generate_series(1)",
         "generate_series without 2 or 3 arguments: not supported", 15},
        {"SELECT 1 FROM read_csv('/etc/passwd')", "function \"read_csv\" is not allowed in FROM",
         15},
        {"SELECT *", "SELECT * with no tables specified is not valid", 8},
        {"SELECT x.* FROM t", "missing FROM-clause entry for table \"x\"", 8},
        {"SELECT other.t.* FROM t", "missing FROM-clause entry for table \"t\"", 8},
        {"SELECT sum(a) FROM t JOIN u ON sum(a) = 1",
         "aggregate functions are not allowed in JOIN conditions", 32},
        {"SELECT 1 FROM (t JOIN u ON true) x", "an alias on a join: not supported", 16},
    };
    BIND_REFUSALS(refusals);
}

static void test_lateral_queries_see_their_neighbours(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT q.x FROM t, LATERAL (SELECT t.a + 1 AS x) q", "q.x:INT"},
        {"SELECT q.x FROM t LEFT JOIN LATERAL (SELECT y AS x FROM u WHERE u.id = t.id) q ON true",
         "q.x:INT"},
    };
    BIND_TARGETS(cases);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_stars),
    cmocka_unit_test(test_merged_columns),
    cmocka_unit_test(test_what_a_merged_column_is),
    cmocka_unit_test(test_outer_joins_take_the_flags),
    cmocka_unit_test(test_aliases),
    cmocka_unit_test(test_what_from_refuses),
    cmocka_unit_test(test_lateral_queries_see_their_neighbours),
};

BIND_MAIN(tests)
