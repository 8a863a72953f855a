// SPDX-License-Identifier: Apache-2.0
// What a grouped query may read.
#include "unit/plan/bind_case.h"

static void test_grouped_queries(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT a FROM t GROUP BY a", "a INT"},
        {"SELECT a + 1 FROM t GROUP BY a", "?column? INT"},
        {"SELECT a + 1 FROM t GROUP BY a + 1", "?column? INT"},
        {"SELECT a + 1 + 1 FROM t GROUP BY a + 1", "?column? INT"},
        {"SELECT upper(b) AS x, count(*) FROM t GROUP BY upper(b)", "x TEXT, count BIGINT"},
        {"SELECT t.a FROM t GROUP BY app.t.a", "a INT"},
        {"SELECT b, a FROM t GROUP BY id", "b TEXT!, a INT"},
        {"SELECT * FROM words GROUP BY word",
         "word TEXT!*, n DECIMAL(6,3), _seq BIGINT!, _updated TIMESTAMP!, _deleted BOOLEAN!"},
        {"SELECT t.b, u.id FROM t, u GROUP BY t.id, u.id", "b TEXT!, id BIGINT!*"},
        {"SELECT count(*) FROM t HAVING max(a) > 1", "count BIGINT"},
        {"SELECT 1 FROM t HAVING true", "?column? BIGINT"},
        {"SELECT a, sum(n) FROM t GROUP BY a HAVING sum(n) > a ORDER BY sum(n), a",
         "a INT, sum DECIMAL(38,2)"},
        {"SELECT a, sum(sum(n)) OVER (ORDER BY a) FROM t GROUP BY a", "a INT, sum DECIMAL(38,2)"},
        {"SELECT CASE WHEN a = 1 THEN 'x' END FROM t GROUP BY CASE WHEN a = 1 THEN 'x' END",
         "case TEXT"},
        {"SELECT a, (SELECT max(y) FROM u WHERE u.id = t.a) FROM t GROUP BY a", "a INT, max INT"},
        {"SELECT id, (SELECT max(y) FROM u WHERE u.y = t.a) FROM t GROUP BY id",
         "id BIGINT!*, max INT"},
        {"SELECT a FROM t GROUP BY a, a", "a INT"},
        {"SELECT DISTINCT a FROM t GROUP BY a ORDER BY a", "a INT"},
        {"SELECT id FROM t JOIN u USING (id) GROUP BY id", "id BIGINT!*"},
        {"SELECT (SELECT t.a + count(*) FROM u) FROM t", "?column? BIGINT"},
    };
    BIND_OUTPUTS(cases);
}

static void test_what_is_not_grouped(void **state)
{
    (void)state;
    static const struct bind_refusal refusals[] = {
        {"SELECT a, b FROM t GROUP BY a",
         "column \"t.b\" must appear in the GROUP BY clause or be used in an aggregate function",
         11},
        {"SELECT a FROM t GROUP BY a + 1",
         "column \"t.a\" must appear in the GROUP BY clause or be used in an aggregate function",
         8},
        {"SELECT a + 2 FROM t GROUP BY a + 1",
         "column \"t.a\" must appear in the GROUP BY clause or be used in an aggregate function",
         8},
        {"SELECT count(*), a FROM t",
         "column \"t.a\" must appear in the GROUP BY clause or be used in an aggregate function",
         18},
        {"SELECT a FROM t HAVING true",
         "column \"t.a\" must appear in the GROUP BY clause or be used in an aggregate function",
         8},
        {"SELECT a FROM t GROUP BY b HAVING a > 1",
         "column \"t.a\" must appear in the GROUP BY clause or be used in an aggregate function",
         8},
        {"SELECT a FROM t GROUP BY a ORDER BY b",
         "column \"t.b\" must appear in the GROUP BY clause or be used in an aggregate function",
         37},
        {"SELECT u.y FROM t, u GROUP BY t.id",
         "column \"u.y\" must appear in the GROUP BY clause or be used in an aggregate function",
         8},
        {"SELECT sum(a) OVER (ORDER BY b) FROM t GROUP BY a",
         "column \"t.b\" must appear in the GROUP BY clause or be used in an aggregate function",
         30},
        {"SELECT *, count(*) FROM words",
         "column \"words.word\" must appear in the GROUP BY clause or be used in an aggregate "
         "function",
         0},
        {"SELECT DISTINCT ON (b) a FROM t GROUP BY a",
         "column \"t.b\" must appear in the GROUP BY clause or be used in an aggregate function",
         21},
        {"SELECT a, (SELECT max(y) FROM u WHERE u.id = t.id) FROM t GROUP BY a",
         "subquery uses ungrouped column \"t.id\" from outer query", 46},
        {"SELECT a + 1, (SELECT max(y) FROM u WHERE u.y = t.a + 1) FROM t GROUP BY a + 1",
         "subquery uses ungrouped column \"t.a\" from outer query", 49},
        {"SELECT 1 FROM t GROUP BY b HAVING EXISTS (SELECT 1 FROM u WHERE u.y = t.a)",
         "subquery uses ungrouped column \"t.a\" from outer query", 71},
        {"SELECT t._seq FROM t GROUP BY a",
         "column \"t._seq\" must appear in the GROUP BY clause or be used in an aggregate function",
         8},
        {"SELECT a FROM t GROUP BY ROLLUP (a)", "GROUPING SETS, ROLLUP and CUBE: not supported", 8},
        {"SELECT b FROM words w JOIN t ON true GROUP BY w.word, w.n",
         "column \"t.b\" must appear in the GROUP BY clause or be used in an aggregate function",
         8},
    };
    BIND_REFUSALS(refusals);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_grouped_queries),
    cmocka_unit_test(test_what_is_not_grouped),
};

BIND_MAIN(tests)
