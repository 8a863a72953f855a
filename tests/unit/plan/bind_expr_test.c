// SPDX-License-Identifier: Apache-2.0
// What expressions become and which types they have: PostgreSQL's.
#include "unit/plan/bind_case.h"

static void test_types_are_postgresqls(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT a + 1, a + id, a + s, s + s, a + 1.5, n + 1, n + n, n * n, a + r, a + f, r + f, r "
         "+ r, n + f, n + r, a / 2, n / 2, a % 2 FROM t",
         "?column? INT, ?column? BIGINT, ?column? INT, ?column? SMALLINT, ?column? DECIMAL(12,1), "
         "?column? DECIMAL(13,2), ?column? DECIMAL(11,2), ?column? DECIMAL(20,4), ?column? DOUBLE, "
         "?column? DOUBLE, ?column? DOUBLE, ?column? FLOAT, ?column? DOUBLE, ?column? DOUBLE, "
         "?column? INT, ?column? DOUBLE, ?column? INT"},
        {"SELECT d + 1, d - d, ts - ts, d - ts, ts + INTERVAL '1 day', d + INTERVAL '1 day', ts - "
         "INTERVAL '1 h', INTERVAL '1 day' * 2 FROM t",
         "?column? DATE, ?column? INT, ?column? interval, ?column? interval, ?column? TIMESTAMP, "
         "?column? TIMESTAMP, ?column? TIMESTAMP, ?column? interval"},
        {"SELECT a = 1, a = 1.5, a = id, b = 'x', n = 1, r = 0.1, d = '2020-01-01', ts = "
         "'2020-01-01', ts = d, ok = true, ok = 't' FROM t",
         "?column? BOOLEAN, ?column? BOOLEAN, ?column? BOOLEAN, ?column? BOOLEAN, ?column? "
         "BOOLEAN, ?column? BOOLEAN, ?column? BOOLEAN, ?column? BOOLEAN, ?column? BOOLEAN, "
         "?column? BOOLEAN, ?column? BOOLEAN"},
        {"SELECT 1 + 1, 1 + 3000000000, 1.5 + 1, 1.50 + 1.5, 1.5 * 1.25, -1.5, +1, 2 ^ 3, 10 / 4, "
         "10 / 4.0",
         "?column? INT, ?column? BIGINT, ?column? DECIMAL(12,1), ?column? DECIMAL(4,2), ?column? "
         "DECIMAL(5,3), ?column? DECIMAL(2,1), ?column? INT, ?column? DOUBLE, ?column? INT, "
         "?column? DOUBLE"},
        {"SELECT abs(a), abs(n), abs(f), round(n), round(n, 1), round(f), ceil(n), floor(f), "
         "sqrt(a), power(a, 2), mod(a, 2), trunc(n, 1), sign(a), round(n, a) FROM t",
         "abs INT, abs DECIMAL(10,2), abs DOUBLE, round DECIMAL(10,0), round DECIMAL(10,1), round "
         "DOUBLE, ceil DECIMAL(10,0), floor DOUBLE, sqrt DOUBLE, power DOUBLE, mod INT, trunc "
         "DECIMAL(10,1), sign DOUBLE, round DECIMAL(11,2)"},
        {"SELECT length(b), upper(b), concat(a, b), b || a, a || b, substr(b, 1), replace(b, 'a', "
         "'b'), left(b, 2), lpad(b, 3, '0'), strpos(b, 'a'), starts_with(b, 'a') FROM t",
         "length INT, upper TEXT, concat TEXT, ?column? TEXT, ?column? TEXT, substr TEXT, replace "
         "TEXT, left TEXT, lpad TEXT, strpos INT, starts_with BOOLEAN"},
        {"SELECT COALESCE(a, n), COALESCE(a, f), COALESCE(s, a, id), COALESCE(NULL, a), "
         "COALESCE('1', a), COALESCE(d, ts), COALESCE(r, n) FROM t",
         "coalesce DECIMAL(12,2), coalesce DOUBLE, coalesce BIGINT, coalesce INT, coalesce INT, "
         "coalesce TIMESTAMP, coalesce FLOAT"},
        {"SELECT CASE WHEN ok THEN a ELSE n END, CASE WHEN ok THEN NULL END, CASE WHEN ok THEN 'x' "
         "ELSE b END, CASE WHEN ok THEN 1.5 ELSE 2.25 END FROM t",
         "n DECIMAL(12,2), case TEXT, b TEXT, case DECIMAL(3,2)"},
        {"SELECT GREATEST(1, 2.5), LEAST(a, id), NULLIF(a, id), NULLIF(b, 'x'), NULLIF(1, 1.5) "
         "FROM t",
         "greatest DECIMAL(11,1), least BIGINT, nullif INT, nullif TEXT, nullif DECIMAL(10,0)"},
        {"SELECT date_trunc('day', ts), extract(epoch FROM ts), date_part('year', d), age(ts, ts), "
         "now(), current_timestamp, current_date, localtimestamp FROM t",
         "date_trunc TIMESTAMP, extract DOUBLE, date_part DOUBLE, age interval, now TIMESTAMP, "
         "current_timestamp TIMESTAMP, current_date DATE, localtimestamp TIMESTAMP"},
        {"SELECT sum(s), sum(a), sum(id), sum(n), sum(f), sum(r), avg(a), avg(n), avg(f), min(d), "
         "max(ts), count(*), string_agg(b, ','), bool_and(ok), stddev(a) FROM t",
         "sum BIGINT, sum BIGINT, sum BIGINT, sum DECIMAL(38,2), sum DOUBLE, sum FLOAT, avg "
         "DOUBLE, avg DOUBLE, avg DOUBLE, min DATE, max TIMESTAMP, count BIGINT, string_agg TEXT, "
         "bool_and BOOLEAN, stddev DOUBLE"},
        {"SELECT row_number() OVER (), ntile(2) OVER (ORDER BY a), lag(a) OVER (ORDER BY a), "
         "lag(n, 1, 0) OVER (ORDER BY a), first_value(b) OVER (ORDER BY a), sum(a) OVER (), "
         "percent_rank() OVER (ORDER BY a) FROM t",
         "row_number BIGINT, ntile INT, lag INT, lag DECIMAL(12,2), first_value TEXT, sum BIGINT, "
         "percent_rank DOUBLE"},
        {"SELECT a IS DISTINCT FROM 1, a IS NOT NULL, ok IS NOT TRUE, ok IS UNKNOWN FROM t",
         "?column? BOOLEAN, ?column? BOOLEAN, ?column? BOOLEAN, ?column? BOOLEAN"},
        {"SELECT a::numeric(5,1), n::int, f::int, b::int, a::text, d::text, ok::int, 1::boolean, "
         "a::bigint::smallint FROM t",
         "a DECIMAL(5,1), n INT, f INT, b INT, a TEXT, d TEXT, ok INT, bool BOOLEAN, a SMALLINT"},
        {"SELECT j -> 'a' -> 0, j ->> 'a', (j ->> 'a')::int, json_array_length(j), json_typeof(j) "
         "FROM t",
         "?column? JSON, ?column? TEXT, int4 INT, json_array_length INT, json_typeof TEXT"},
    };
    BIND_OUTPUTS(cases);
}

static void test_operands_are_converted_before_the_first_row(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT 1 FROM t WHERE id = 5", "(= t.id:BIGINT #1:INT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE a = 3000000000", "(= t.a:INT #1:BIGINT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE n = 1", "(= t.n:DECIMAL(10,2) #1:DECIMAL(10,0)):BOOLEAN"},
        {"SELECT 1 FROM t WHERE n > -1.5", "(> t.n:DECIMAL(10,2) #-1:DECIMAL(2,1)):BOOLEAN"},
        {"SELECT 1 FROM t WHERE a = 1.5",
         "(= (cast t.a:INT):DECIMAL(10,0) #1:DECIMAL(2,1)):BOOLEAN"},
        {"SELECT 1 FROM t WHERE r = 0.1", "(= t.r:FLOAT #1:DOUBLE):BOOLEAN"},
        {"SELECT 1 FROM t WHERE f = 1", "(= t.f:DOUBLE #1:DOUBLE):BOOLEAN"},
        {"SELECT 1 FROM t WHERE d = '2020-01-01'", "(= t.d:DATE #1:DATE):BOOLEAN"},
        {"SELECT 1 FROM t WHERE ts < '2020-01-01'", "(< t.ts:TIMESTAMP #1:TIMESTAMP):BOOLEAN"},
        {"SELECT 1 FROM t WHERE id = '5'", "(= t.id:BIGINT #1:BIGINT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE '5' = id", "(= #1:BIGINT t.id:BIGINT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE b = 'x'", "(= t.b:TEXT #1:TEXT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE ok", "t.ok:BOOLEAN"},
        {"SELECT 1 FROM t WHERE ok = 't'", "(= t.ok:BOOLEAN #1:BOOLEAN):BOOLEAN"},
        {"SELECT 1 FROM t WHERE NULL", "null:BOOLEAN"},
        {"SELECT 1 FROM t WHERE 't'", "#1:BOOLEAN"},
        {"SELECT 1 FROM t WHERE a = NULL", "(= t.a:INT null:INT):BOOLEAN"},
    };
    BIND_FILTERS(cases);
}

static void test_forms_of_conditions(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT 1 FROM t WHERE a IN (1)", "(= t.a:INT #1:INT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE a NOT IN (1)", "(<> t.a:INT #1:INT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE a IN (1, 2)", "(in t.a:INT #1:INT #2:INT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE a NOT IN (1, NULL)", "(!in t.a:INT #1:INT null:INT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE a IN (1, 2.5)",
         "(in (cast t.a:INT):DECIMAL(11,1) #1:DECIMAL(11,1) #2:DECIMAL(11,1)):BOOLEAN"},
        {"SELECT 1 FROM t WHERE r IN (0.1)", "(= t.r:FLOAT #1:DOUBLE):BOOLEAN"},
        {"SELECT 1 FROM t WHERE r IN (0.1, 0.2)", "(in t.r:FLOAT #1:FLOAT #2:FLOAT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE d IN ('2020-01-01', '2021-01-01')",
         "(in t.d:DATE #1:DATE #2:DATE):BOOLEAN"},
        {"SELECT 1 FROM t WHERE a BETWEEN 1 AND 2",
         "(and (>= t.a:INT #1:INT):BOOLEAN (<= t.a:INT #2:INT):BOOLEAN):BOOLEAN"},
        {"SELECT 1 FROM t WHERE a NOT BETWEEN 1 AND 2",
         "(or (< t.a:INT #1:INT):BOOLEAN (> t.a:INT #2:INT):BOOLEAN):BOOLEAN"},
        {"SELECT 1 FROM t WHERE a BETWEEN SYMMETRIC 2 AND 1",
         "(or (and (>= t.a:INT #1:INT):BOOLEAN (<= t.a:INT #2:INT):BOOLEAN):BOOLEAN (and (>= "
         "t.a:INT #2:INT):BOOLEAN (<= t.a:INT #1:INT):BOOLEAN):BOOLEAN):BOOLEAN"},
        {"SELECT 1 FROM t WHERE b LIKE 'x%'", "(~~ t.b:TEXT #1:TEXT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE b NOT ILIKE 'x%'", "(not (~~* t.b:TEXT #1:TEXT):BOOLEAN):BOOLEAN"},
        {"SELECT 1 FROM t WHERE b LIKE 'x!%' ESCAPE '!'", "(~~ t.b:TEXT #1:TEXT #2:TEXT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE a IS NULL", "(null? t.a:INT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE ok IS NOT TRUE", "(!is t t.ok:BOOLEAN):BOOLEAN"},
        {"SELECT 1 FROM t WHERE ok IS UNKNOWN", "(is u t.ok:BOOLEAN):BOOLEAN"},
        {"SELECT 1 FROM t WHERE a IS DISTINCT FROM 1", "(differ t.a:INT #1:INT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE a IS NOT DISTINCT FROM NULL", "(!differ t.a:INT null:INT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE ok AND a = 1 AND b = 'x'",
         "(and t.ok:BOOLEAN (= t.a:INT #1:INT):BOOLEAN (= t.b:TEXT #2:TEXT):BOOLEAN):BOOLEAN"},
        {"SELECT 1 FROM t WHERE ok OR a = 1 OR NOT ok",
         "(or t.ok:BOOLEAN (= t.a:INT #1:INT):BOOLEAN (not t.ok:BOOLEAN):BOOLEAN):BOOLEAN"},
        {"SELECT 1 FROM t WHERE a = ANY (ARRAY[1, 2])", "(in t.a:INT #1:INT #2:INT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE EXISTS (SELECT 1)", "(subquery):BOOLEAN"},
        {"SELECT 1 FROM t WHERE a IN (SELECT y FROM u)", "(subquery t.a:INT out.y:INT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE a NOT IN (SELECT y FROM u)",
         "(not (subquery t.a:INT out.y:INT):BOOLEAN):BOOLEAN"},
        {"SELECT 1 FROM t WHERE id > ALL (SELECT y FROM u)",
         "(subquery t.id:BIGINT out.y:INT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE s = (SELECT max(big) FROM u)",
         "(= t.s:SMALLINT (subquery):BIGINT):BOOLEAN"},
    };
    BIND_FILTERS(cases);
}

static void test_choices(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT CASE WHEN ok THEN 1 END FROM t", "(case t.ok:BOOLEAN #0:INT null:INT):INT"},
        {"SELECT CASE a WHEN 1 THEN 'x' WHEN 2 THEN 'y' ELSE b END FROM t",
         "(case (= t.a:INT #0:INT):BOOLEAN #1:TEXT (= t.a:INT #2:INT):BOOLEAN #3:TEXT "
         "t.b:TEXT):TEXT"},
        {"SELECT CASE '1' WHEN a THEN 1 END FROM t",
         "(case (= #0:INT t.a:INT):BOOLEAN #1:INT null:INT):INT"},
        {"SELECT COALESCE(a, 1.5) FROM t",
         "(coalesce (cast t.a:INT):DECIMAL(11,1) #0:DECIMAL(11,1)):DECIMAL(11,1)"},
        {"SELECT COALESCE(NULL, '2020-01-01', d) FROM t",
         "(coalesce null:DATE #0:DATE t.d:DATE):DATE"},
        {"SELECT NULLIF(a, 1.5) FROM t",
         "(nullif (cast t.a:INT):DECIMAL(10,0) #0:DECIMAL(2,1)):DECIMAL(10,0)"},
        {"SELECT NULLIF(b, 'x') FROM t", "(nullif t.b:TEXT #0:TEXT):TEXT"},
        {"SELECT GREATEST(a, s, 3000000000) FROM t",
         "(greatest (cast t.a:INT):BIGINT (cast t.s:SMALLINT):BIGINT #0:BIGINT):BIGINT"},
    };
    BIND_TARGETS(cases);
}

static void test_casts(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT 5::bigint", "#0:BIGINT"},
        {"SELECT 5::smallint", "(cast #0:INT):SMALLINT"},
        {"SELECT 1.5::int", "(cast #0:DECIMAL(2,1)):INT"},
        {"SELECT '5'::int", "#0:INT"},
        {"SELECT '2.567'::numeric(3,1)", "#0:DECIMAL(3,1)"},
        {"SELECT '2.567'::numeric(3,1)::float8", "(cast #0:DECIMAL(3,1)):DOUBLE"},
        {"SELECT 2.567::numeric(3,1)::float8", "(cast #0:DECIMAL(3,1)):DOUBLE"},
        {"SELECT '2020-01-01 10:00'::date::timestamp", "(cast #0:DATE):TIMESTAMP"},
        {"SELECT 1.25::real::float8", "(cast #0:FLOAT):DOUBLE"},
        {"SELECT a::text FROM t", "(cast t.a:INT):TEXT"},
        {"SELECT n::numeric(5,1) FROM t", "(cast t.n:DECIMAL(10,2)):DECIMAL(5,1)"},
        {"SELECT n::numeric FROM t", "t.n:DECIMAL(10,2)"},
        {"SELECT a::numeric FROM t", "(cast t.a:INT):DECIMAL(10,0)"},
        {"SELECT '1.50'::numeric", "#0:DECIMAL(3,2)"},
        {"SELECT f::numeric FROM t", "(cast t.f:DOUBLE):DECIMAL(38,10)"},
        {"SELECT CAST(NULL AS date)", "null:DATE"},
        {"SELECT INTERVAL '3' DAY", "3 days:interval"},
        {"SELECT INTERVAL '-2' HOUR", "-02:00:00:interval"},
        {"SELECT INTERVAL '1 2:03' DAY TO MINUTE", "1 day 02:03:00:interval"},
        {"SELECT X'00ff'", "'\\x00ff':BYTES"},
        {"SELECT DATE '2020-01-01' + 1", "(+ #0:DATE #1:INT):DATE"},
        {"SELECT '1'::varchar(3)", "#0:TEXT"},
        {"SELECT a::int FROM t", "t.a:INT"},
        {"SELECT '5'::int::bigint", "(cast #0:INT):BIGINT"},
    };
    BIND_TARGETS(cases);
}

static void test_what_expressions_refuse(void **state)
{
    (void)state;
    static const struct bind_refusal refusals[] = {
        {"SELECT a + b FROM t", "operator does not exist: integer + text", 10},
        {"SELECT b + 1 FROM t", "operator does not exist: text + integer", 10},
        {"SELECT a = b FROM t", "operator does not exist: integer = text", 10},
        {"SELECT ok + 1 FROM t", "operator does not exist: boolean + integer", 11},
        {"SELECT a AND ok FROM t", "argument of AND must be type boolean, not type integer", 8},
        {"SELECT NOT a FROM t", "argument of NOT must be type boolean, not type integer", 12},
        {"SELECT 1 FROM t WHERE a", "argument of WHERE must be type boolean, not type integer", 23},
        {"SELECT 1 FROM t WHERE b", "argument of WHERE must be type boolean, not type text", 23},
        {"SELECT CASE WHEN a THEN 1 END FROM t",
         "argument of CASE/WHEN must be type boolean, not type integer", 18},
        {"SELECT CASE WHEN ok THEN 1 ELSE b END FROM t",
         "CASE types integer and text cannot be matched", 33},
        {"SELECT COALESCE(a, b) FROM t", "COALESCE types integer and text cannot be matched", 20},
        {"SELECT COALESCE(a, 'x'::text) FROM t",
         "COALESCE types integer and text cannot be matched", 20},
        {"SELECT a IN (1, 'x'::text) FROM t", "IN types integer and text cannot be matched", 17},
        {"SELECT j = j FROM t", "operator does not exist: json = json", 10},
        {"SELECT a::date FROM t", "cannot cast type integer to date", 8},
        {"SELECT ok::bigint FROM t", "cannot cast type boolean to bigint", 8},
        {"SELECT d::int FROM t", "cannot cast type date to integer", 8},
        {"SELECT a::nope FROM t", "there is no type \"nope\"", 9},
        {"SELECT a::int[] FROM t", "there is no type \"int4\" (arrays are not supported)", 9},
        {"SELECT '{1}'::int[]", "there is no type \"int4\" (arrays are not supported)", 13},
        {"SELECT nope(a) FROM t", "function nope(integer) does not exist", 8},
        {"SELECT lower(a) FROM t", "function lower(integer) does not exist", 8},
        {"SELECT lower() FROM t", "function lower() does not exist", 8},
        {"SELECT abs(b) FROM t", "function abs(text) does not exist", 8},
        {"SELECT 'x' + 'y'", "operator is not unique: unknown + unknown", 12},
        {"SELECT ARRAY[1]", "arrays: not supported", 8},
        {"SELECT ROW(1)", "row values: not supported", 8},
        {"SELECT B'01'", "bit string literals: not supported", 8},
        {"SELECT X'0'", "invalid hexadecimal data: odd number of digits", 8},
        {"SELECT (SELECT 1, 2)", "subquery must return only one column", 8},
        {"SELECT 1 FROM t WHERE a IN (SELECT a, b FROM t)", "subquery must return only one column",
         25},
        {"SELECT 1 FROM t WHERE a = ANY (SELECT b FROM t)",
         "operator does not exist: integer = text", 25},
        {"SELECT 1 FROM t WHERE a + ANY (SELECT a FROM t)",
         "+ ANY (subquery): not supported, only comparisons are", 25},
        {"SELECT 1 FROM t WHERE b LIKE ANY (SELECT b FROM t)",
         "~~ ANY (subquery): not supported, only comparisons are", 25},
        {"SELECT INTERVAL '1 day 2 hours' DAY",
         "interval fields on anything but a number: not supported", 8},
        {"SELECT b::numeric(2,3) FROM t",
         "DECIMAL scale must be between 0 and the precision \"numeric\"", 9},
        {"SELECT NULL::numeric(50)", "DECIMAL precision must be between 1 and 38 \"numeric\"", 12},
        {"SELECT 'é' = a, 1 = ok FROM t", "operator does not exist: integer = boolean", 19},
        {"SELECT $1", "parameter $1 is not given: the request has 0 parameter(s)", 8},
        {"SELECT DEFAULT", "DEFAULT outside VALUES and SET: not supported", 8},
    };
    BIND_REFUSALS(refusals);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_types_are_postgresqls),
    cmocka_unit_test(test_operands_are_converted_before_the_first_row),
    cmocka_unit_test(test_forms_of_conditions),
    cmocka_unit_test(test_choices),
    cmocka_unit_test(test_casts),
    cmocka_unit_test(test_what_expressions_refuse),
};

BIND_MAIN(tests)
