// SPDX-License-Identifier: Apache-2.0
// Which column a name means, and what output columns are called.
#include "unit/plan/bind_case.h"

static void test_names_are_found(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT a FROM t", "t.a:INT"},
        {"SELECT t.a FROM t", "t.a:INT"},
        {"SELECT app.t.a FROM t", "t.a:INT"},
        {"SELECT x.a FROM t x", "x.a:INT"},
        {"SELECT A FROM t", "t.a:INT"},
        {"SELECT \"a\" FROM t", "t.a:INT"},
        {"SELECT z FROM t, other.t", "t.z:TEXT"},
        {"SELECT other.t.id FROM t, other.t", "t.id:INT"},
        {"SELECT _seq FROM t", "t._seq:BIGINT"},
        {"SELECT t._deleted FROM t", "t._deleted:BOOLEAN"},
        {"SELECT _updated FROM t", "t._updated:TIMESTAMP"},
        {"SELECT q.x FROM (SELECT a AS x FROM t) q", "q.x:INT"},
        {"SELECT x FROM (SELECT a AS x FROM t) q", "q.x:INT"},
    };
    BIND_TARGETS(cases);
}

static void test_names_that_mean_nothing(void **state)
{
    (void)state;
    static const struct bind_refusal refusals[] = {
        {"SELECT nope FROM t", "column \"nope\" does not exist", 8},
        {"SELECT t.nope FROM t", "column t.nope does not exist", 8},
        {"SELECT x.a FROM t", "missing FROM-clause entry for table \"x\"", 8},
        {"SELECT t.a FROM t x", "missing FROM-clause entry for table \"t\"", 8},
        {"SELECT app.x.a FROM t x", "missing FROM-clause entry for table \"x\"", 8},
        {"SELECT other.t.a FROM t", "missing FROM-clause entry for table \"t\"", 8},
        {"SELECT id FROM t, u", "column reference \"id\" is ambiguous", 8},
        {"SELECT t.id FROM t, other.t", "table reference \"t\" is ambiguous", 8},
        {"SELECT _seq FROM t, u", "column reference \"_seq\" is ambiguous", 8},
        {"SELECT \"A\" FROM t", "column \"A\" does not exist", 8},
        {"SELECT a", "column \"a\" does not exist", 8},
        {"SELECT x FROM (SELECT 1 AS x, 2 AS x) q", "column reference \"x\" is ambiguous", 8},
        {"SELECT q._seq FROM (SELECT * FROM t) q", "column q._seq does not exist", 8},
        {"SELECT 'ü', nope FROM t", "column \"nope\" does not exist", 13},
        {"SELECT a FROM nowhere", "table app.nowhere does not exist", 15},
        {"SELECT a FROM nospace.t", "table nospace.t does not exist", 15},
        {"SELECT a FROM other.u", "table other.u does not exist", 15},
    };
    BIND_REFUSALS(refusals);
}

static void test_outer_names_are_seen_from_inside(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT (SELECT t.a) FROM t", "(subquery):INT"},
        {"SELECT (SELECT a) FROM t", "(subquery):INT"},
        {"SELECT (SELECT b FROM u WHERE u.id = t.id) FROM t", "(subquery):TEXT"},
        {"SELECT EXISTS (SELECT 1 FROM u WHERE y = a) FROM t", "(subquery):BOOLEAN"},
    };
    BIND_TARGETS(cases);
}

static void test_output_names_are_postgresqls(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT a, t.a, app.t.a, a AS x, a x, a + 1, -a, NOT ok, a IS NULL, ok IS TRUE, b LIKE "
         "'x', a BETWEEN 1 AND 2, a IN (1, 2), ok AND ok FROM t",
         "a INT, a INT, a INT, x INT, x INT, ?column? INT, ?column? INT, ?column? BOOLEAN, "
         "?column? BOOLEAN, ?column? BOOLEAN, ?column? BOOLEAN, ?column? BOOLEAN, ?column? "
         "BOOLEAN, ?column? BOOLEAN"},
        {"SELECT count(*), count(DISTINCT a), upper(min(b)), sum(a) FILTER (WHERE a > 1) FROM t",
         "count BIGINT, count BIGINT, upper TEXT, sum BIGINT"},
        {"SELECT row_number() OVER (), rank() OVER (ORDER BY a), sum(a) OVER (PARTITION BY b) FROM "
         "t",
         "row_number BIGINT, rank BIGINT, sum BIGINT"},
        {"SELECT lower(b), btrim(b), extract(year FROM d), substring(b FROM 1 FOR 2), trim(both "
         "'x' FROM b), position('a' IN b), ts AT TIME ZONE 'UTC' FROM t",
         "lower TEXT, btrim TEXT, extract DOUBLE, substring TEXT, btrim TEXT, position INT, "
         "timezone DATETIME"},
        {"SELECT a::text, CAST(a AS bigint), a::int::text, 'x'::varchar(3), 'x'::char, '1'::float, "
         "1::double precision, 1::decimal(5,2), '{}'::json, d::timestamp FROM t",
         "a TEXT, a BIGINT, a TEXT, varchar TEXT, bpchar TEXT, float8 DOUBLE, float8 DOUBLE, "
         "numeric DECIMAL(5,2), json JSON, d TIMESTAMP"},
        {"SELECT CASE WHEN ok THEN 1 END, CASE WHEN ok THEN 1 ELSE a END, CASE WHEN ok THEN 1 ELSE "
         "2 END, (CASE WHEN ok THEN 1 END)::text, (CASE WHEN ok THEN 1 ELSE a END)::text FROM t",
         "case INT, a INT, case INT, text TEXT, a TEXT"},
        {"SELECT COALESCE(a, 1), NULLIF(a, 1), GREATEST(a, 1), LEAST(a, 1), EXISTS (SELECT 1), "
         "current_date, current_user, now() FROM t",
         "coalesce INT, nullif INT, greatest INT, least INT, exists BOOLEAN, current_date DATE, "
         "current_user TEXT, now TIMESTAMP"},
        {"SELECT (SELECT 1), (SELECT a FROM t LIMIT 1), (SELECT max(y) m FROM u), (SELECT "
         "1)::text, (VALUES (1)), (SELECT * FROM (SELECT 2 AS k) q), (SELECT 1 AS q UNION SELECT "
         "1)",
         "?column? INT, a INT, m INT, ?column? TEXT, column1 INT, k INT, q INT"},
        {"SELECT true, false, NULL, 'x', 1, 1.5, true::text, NULL::int",
         "?column? BOOLEAN, ?column? BOOLEAN, ?column? TEXT, ?column? TEXT, ?column? BIGINT, "
         "?column? DECIMAL(2,1), text TEXT, int4 INT"},
        {"SELECT DATE '2020-01-01', TIMESTAMP '2020-01-01', INTERVAL '1 day', TIME '10:00'",
         "date DATE, timestamp TIMESTAMP, interval interval, time TIME"},
        {"SELECT j -> 'a', j ->> 'a', b || 'x' FROM t",
         "?column? JSON, ?column? TEXT, ?column? TEXT"},
        {"SELECT \"A\", b FROM (SELECT 1 AS \"A\", 2 AS b) q", "A INT, b INT"},
    };
    BIND_OUTPUTS(cases);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_names_are_found),
    cmocka_unit_test(test_names_that_mean_nothing),
    cmocka_unit_test(test_outer_names_are_seen_from_inside),
    cmocka_unit_test(test_output_names_are_postgresqls),
};

BIND_MAIN(tests)
