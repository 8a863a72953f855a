// SPDX-License-Identifier: Apache-2.0
// Where aggregates and window functions may stand, and what they become.
#include "unit/plan/bind_case.h"

static void test_calls(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT count(*) FROM t", "(count *):BIGINT"},
        {"SELECT count(DISTINCT a) FROM t", "(count distinct t.a:INT):BIGINT"},
        {"SELECT count('x') FROM t", "(count #0:TEXT):BIGINT"},
        {"SELECT sum(a) FILTER (WHERE ok) FROM t", "(sum t.a:INT where t.ok:BOOLEAN):BIGINT"},
        {"SELECT string_agg(b, ',' ORDER BY a DESC, id) FROM t",
         "(string_agg t.b:TEXT #0:TEXT by t.a:INT desc by t.id:BIGINT):TEXT"},
        {"SELECT row_number() OVER (PARTITION BY b ORDER BY a NULLS FIRST) FROM t",
         "(row_number over t.b:TEXT by t.a:INT first):BIGINT"},
        {"SELECT sum(a) OVER w FROM t WINDOW w AS (PARTITION BY ok)",
         "(sum t.a:INT over t.ok:BOOLEAN):BIGINT"},
        {"SELECT sum(a) OVER (w ORDER BY id) FROM t WINDOW w AS (PARTITION BY ok)",
         "(sum t.a:INT over t.ok:BOOLEAN by t.id:BIGINT):BIGINT"},
        {"SELECT sum(count(*)) OVER () FROM t", "(sum (count *):BIGINT over):BIGINT"},
        {"SELECT lag(a, 1, 0) OVER (ORDER BY id) FROM t",
         "(lag t.a:INT #0:INT #1:INT over by t.id:BIGINT):INT"},
        {"SELECT max(upper(b)) FROM t", "(max (upper t.b:TEXT):TEXT):TEXT"},
        {"SELECT (SELECT sum(t.a + y) FROM u) FROM t", "(subquery):BIGINT"},
        {"SELECT (SELECT count(*) FROM u WHERE y = t.a) FROM t", "(subquery):BIGINT"},
        {"SELECT lower(max(b)) FROM t", "(lower (max t.b:TEXT):TEXT):TEXT"},
        {"SELECT count(*) FROM t HAVING count(*) > 1", "(count *):BIGINT"},
        {"SELECT a FROM t GROUP BY a ORDER BY count(*)", "t.a:INT"},
    };
    BIND_TARGETS(cases);
}

static void test_where_they_may_not_stand(void **state)
{
    (void)state;
    static const struct bind_refusal refusals[] = {
        {"SELECT 1 FROM t WHERE count(*) > 1", "aggregate functions are not allowed in WHERE", 23},
        {"SELECT a FROM t GROUP BY count(*)", "aggregate functions are not allowed in GROUP BY",
         26},
        {"SELECT sum(count(*)) FROM t",
         "aggregate functions are not allowed in aggregate function calls", 12},
        {"SELECT sum(row_number() OVER ()) FROM t",
         "window functions are not allowed in aggregate function calls", 12},
        {"SELECT 1 FROM t WHERE row_number() OVER () = 1",
         "window functions are not allowed in WHERE", 23},
        {"SELECT a FROM t GROUP BY a HAVING row_number() OVER () = 1",
         "window functions are not allowed in HAVING", 35},
        {"SELECT 1 FROM t GROUP BY row_number() OVER ()",
         "window functions are not allowed in GROUP BY", 26},
        {"SELECT count(*) FILTER (WHERE count(*) > 1) FROM t",
         "aggregate functions are not allowed in aggregate function calls", 31},
        {"SELECT count(*), a FROM t GROUP BY 1", "aggregate functions are not allowed in GROUP BY",
         36},
        {"SELECT row_number() OVER () FROM t GROUP BY 1",
         "aggregate functions are not allowed in GROUP BY", 45},
        {"SELECT 1 LIMIT sum(1)", "aggregate functions are not allowed in LIMIT", 16},
        {"UPDATE t SET a = count(*) WHERE true", "aggregate functions are not allowed in UPDATE",
         18},
        {"INSERT INTO t (id) VALUES (max(1))", "aggregate functions are not allowed in VALUES", 28},
    };
    BIND_REFUSALS(refusals);
}

static void test_what_calls_refuse(void **state)
{
    (void)state;
    static const struct bind_refusal refusals[] = {
        {"SELECT count() FROM t",
         "count(*) must be used to call a parameterless aggregate function", 8},
        {"SELECT sum(*) FROM t", "function sum() does not exist", 8},
        {"SELECT sum(b) FROM t", "function sum(text) does not exist", 8},
        {"SELECT lower(DISTINCT b) FROM t", "lower is not an aggregate function", 8},
        {"SELECT lower(*) FROM t", "lower is not an aggregate function", 8},
        {"SELECT abs(a) FILTER (WHERE ok) FROM t", "abs is not an aggregate function", 8},
        {"SELECT lower(b) OVER () FROM t",
         "OVER specified, but lower is not a window function nor an aggregate function", 8},
        {"SELECT row_number() FROM t", "window function row_number requires an OVER clause", 8},
        {"SELECT count(DISTINCT a) OVER () FROM t", "DISTINCT in window functions: not supported",
         8},
        {"SELECT sum(a) OVER nope FROM t", "window \"nope\" does not exist", 8},
        {"SELECT sum(a) OVER (ROWS BETWEEN a PRECEDING AND CURRENT ROW) FROM t",
         "window frame offsets that depend on rows: not supported", 34},
        {"SELECT sum(a) OVER (ORDER BY a RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
         "RANGE frames with an offset: not supported", 8},
        {"SELECT count(*) FILTER (WHERE a) FROM t",
         "argument of FILTER must be type boolean, not type integer", 31},
        {"SELECT (SELECT sum(t.a)) FROM t",
         "an aggregate over columns of an outer query: not supported", 16},
        {"SELECT (SELECT sum(t.a + 1) FROM u) FROM t",
         "an aggregate over columns of an outer query: not supported", 16},
        {"SELECT concat(a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, "
         "a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, "
         "a, a, a, a, a, a, a, a, a, a, a) FROM t",
         "a function call may have at most 64 arguments", 8},
    };
    BIND_REFUSALS(refusals);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_calls),
    cmocka_unit_test(test_where_they_may_not_stand),
    cmocka_unit_test(test_what_calls_refuse),
};

BIND_MAIN(tests)
