// SPDX-License-Identifier: Apache-2.0
// Every kind of expression, from text to tree.
#include "lib/sql_fixture.h"
#include "lib/test.h"

static void test_columns_and_parameters(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT a, T.B, app.t.c, \"Q x\".\"y\"\"z\"", "(select a t.b app.t.c Q x.y\"z)"},
        {"SELECT *, t.*, app.t.*", "(select * t.* app.t.*)"},
        {"SELECT ü, \"Ü\"", "(select ü Ü)"},
        {"SELECT $1, $12", "(select $1 $12)"},
        {"SELECT t.user, t.order", "(select t.user t.order)"},
    };
    TEST_TREES(trees);
    static const struct test_refusal refusals[] = {
        {"SELECT a.b.c.d", "a name of more than three parts is not supported", 8},
        {"SELECT $0", "parameters are $1 to $65535", 8},
        {"SELECT 1, $65536", "parameters are $1 to $65535", 11},
        {"SELECT $99999999999999999999", "parameters are $1 to $65535", 8},
        {"SELECT 1 WHERE a = ?", "syntax error at end of input", 21},
        {"SELECT a[1]", "a subscript or field selection is not supported", 8},
        {"SELECT (a).b", "a subscript or field selection is not supported", 9},
    };
    TEST_REFUSALS(refusals);
}

static void test_operators(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT 1 + 2 * 3 - 4", "(select (- (+ 1#0 (* 2#1 3#2)) 4#3))"},
        {"SELECT a || b || c", "(select (|| (|| a b) c))"},
        {"SELECT a <> b, a != b, a <= b, a>=b, a%b, a^b",
         "(select (<> a b) (<> a b) (<= a b) (>= a b) (% a b) (^ a b))"},
        {"SELECT -a, +a, ~a, @a", "(select (- a) (+ a) (~ a) (@ a))"},
        {"SELECT a->'b', a->>0, a#>>'x', a @> b, a <@ b",
         "(select (-> a 'b'#0) (->> a 0#1) (#>> a 'x'#2) (@> a b) (<@ a b))"},
        {"SELECT a ? 'b', a ?| b, a ?& b", "(select (? a 'b'#0) (?| a b) (?& a b))"},
        {"SELECT a ~ 'x', a !~* 'y'", "(select (~ a 'x'#0) (!~* a 'y'#1))"},
        {"SELECT a OPERATOR(+) b", "(select (+ a b))"},
        {"SELECT a- -b, a-(-b)", "(select (- a (- b)) (- a (- b)))"},
    };
    TEST_TREES(trees);
    static const struct test_refusal refusals[] = {
        {"SELECT a OPERATOR(pg_catalog.+) b", "OPERATOR() with a schema is not supported", 10},
        {"SELECT a COLLATE \"C\"", "COLLATE is not supported", 8},
    };
    TEST_REFUSALS(refusals);
}

static void test_logic(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT a AND b AND c AND d", "(select (and a b c d))"},
        {"SELECT a OR b OR c AND d", "(select (or a b (and c d)))"},
        {"SELECT (a AND b) AND (c AND (d AND e))", "(select (and a b c d e))"},
        {"SELECT a OR (b OR (c AND (d AND e)))", "(select (or a b (and c d e)))"},
        {"SELECT NOT a AND NOT NOT b", "(select (and (not a) (not (not b))))"},
        {"SELECT NOT (a OR b)", "(select (not (or a b)))"},
        {"SELECT a = 1 OR b", "(select (or (= a 1#0) b))"},
    };
    TEST_TREES(trees);
}

static void test_predicates(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT a IS NULL, a IS NOT NULL, a ISNULL, a NOTNULL",
         "(select (is-null a) (not-is-null a) (is-null a) (not-is-null a))"},
        {"SELECT a IS TRUE, a IS NOT TRUE, a IS FALSE, a IS NOT FALSE",
         "(select (is-true a) (not-is-true a) (is-false a) (not-is-false a))"},
        {"SELECT a IS UNKNOWN, a IS NOT UNKNOWN", "(select (is-unknown a) (not-is-unknown a))"},
        {"SELECT a IS DISTINCT FROM b, a IS NOT DISTINCT FROM b",
         "(select (is-distinct a b) (not-is-distinct a b))"},
        {"SELECT a IN (1, b, 'c'), a NOT IN (2)", "(select (in a 1#0 b 'c'#1) (not-in a 2#2))"},
        {"SELECT a BETWEEN 1 AND 2, a NOT BETWEEN b AND c",
         "(select (between a 1#0 2#1) (not-between a b c))"},
        {"SELECT a BETWEEN SYMMETRIC b AND c, a NOT BETWEEN SYMMETRIC b AND c",
         "(select (between-symmetric a b c) (not-between-symmetric a b c))"},
        {"SELECT a LIKE 'x%', a NOT LIKE b, a ILIKE b, a NOT ILIKE b",
         "(select (like a 'x%'#0) (not-like a b) (ilike a b) (not-ilike a b))"},
        {"SELECT a LIKE b ESCAPE '\\', a NOT ILIKE b ESCAPE c",
         "(select (like a b '\\'#0) (not-ilike a b c))"},
        {"SELECT a LIKE like_escape(b, c)", "(select (like a (call like_escape b c)))"},
        {"SELECT a = ANY (ARRAY[1, 2]), a <> ALL (ARRAY[b])",
         "(select (in a 1#0 2#1) (not-in a b))"},
    };
    TEST_TREES(trees);
    static const struct test_refusal refusals[] = {
        {"SELECT a SIMILAR TO b", "SIMILAR TO is not supported", 10},
        {"SELECT a = ANY (b)", "ANY or ALL over this array is not supported", 10},
        {"SELECT a < ANY (ARRAY[1])", "ANY or ALL over this array is not supported", 10},
        {"SELECT a = ALL (ARRAY[1])", "ANY or ALL over this array is not supported", 10},
        {"SELECT a = ANY (ARRAY[]::int[])", "ANY or ALL over this array is not supported", 10},
        {"SELECT a IN ()", "syntax error at or near \")\"", 14},
    };
    TEST_REFUSALS(refusals);
}

static void test_case_and_friends(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT CASE a WHEN 1 THEN b WHEN 2 THEN c ELSE d END",
         "(select (case (of a) 1#0 b 2#1 c (else d)))"},
        {"SELECT CASE WHEN a THEN b END", "(select (case a b))"},
        {"SELECT coalesce(a, b, 1), greatest(a, b), least(a, 2), nullif(a, '')",
         "(select (coalesce a b 1#0) (greatest a b) (least a 2#1) (nullif a ''#2))"},
        {"SELECT (a, b), ROW(1), ROW()", "(select (row a b) (row 1#0) (row))"},
        {"SELECT ARRAY[a, 1], ARRAY[]::int[]", "(select (array a 1#0) (cast (array) <int4[]>))"},
        {"SELECT current_date, CURRENT_TIME, current_timestamp, localtime, localtimestamp",
         "(select (special current_date) (special current_time) (special current_timestamp) "
         "(special localtime) (special localtimestamp))"},
        {"SELECT current_user, user, session_user, current_role, current_catalog, current_schema",
         "(select (special current_user) (special user) (special session_user) "
         "(special current_role) (special current_catalog) (special current_schema))"},
        {"SELECT current_timestamp(3), localtime(0)",
         "(select (special current_timestamp) (special localtime))"},
    };
    TEST_TREES(trees);
}

static void test_subqueries(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT EXISTS (SELECT 1), NOT EXISTS (SELECT 1)",
         "(select (exists (select 1#0)) (not (exists (select 1#1))))"},
        {"SELECT (SELECT a FROM t)", "(select (scalar (select a (from (table t)))))"},
        {"SELECT a IN (SELECT b), a NOT IN (SELECT b)",
         "(select (quantified a = any (select b)) (not (quantified a = any (select b))))"},
        {"SELECT a > ANY (SELECT b), a <= ALL (SELECT b), a = SOME (SELECT b)",
         "(select (quantified a > any (select b)) (quantified a <= all (select b)) "
         "(quantified a = any (select b)))"},
        {"SELECT (a, b) IN (SELECT 1, 2)",
         "(select (quantified (row a b) = any (select 1#0 2#1)))"},
        {"SELECT a LIKE ANY (SELECT b)", "(select (quantified a ~~ any (select b)))"},
        {"SELECT a IN (VALUES (1), (2))",
         "(select (quantified a = any (values (row 1#0) (row 2#1))))"},
    };
    TEST_TREES(trees);
    static const struct test_refusal refusals[] = {
        {"SELECT ARRAY(SELECT 1)", "ARRAY(subquery) is not supported", 8},
    };
    TEST_REFUSALS(refusals);
}

static void test_what_we_have_not(void **state)
{
    (void)state;
    static const struct test_refusal refusals[] = {
        {"SELECT xmlelement(name a)", "XML is not supported", 8},
        {"SELECT xmlserialize(content a AS text)", "XML is not supported", 8},
        {"SELECT f(a => 1)", "a named argument is not supported", 10},
        {"SELECT grouping(a) FROM t GROUP BY a", "GROUPING is not supported", 8},
        {"DELETE FROM t WHERE CURRENT OF c", "WHERE CURRENT OF is not supported", 0},
    };
    TEST_REFUSALS(refusals);
}

static const struct kdb_ast *first_target(const char *sql)
{
    struct kdb_statement statement;
    test_sql_parse(sql, &statement);
    return statement.select->targets[0].expr;
}

// Positions are bytes of the text, and where PostgreSQL would point: at the operator.
static void test_positions(void **state)
{
    (void)state;
    const struct kdb_ast *sum = first_target("SELECT  'ü' + b.c");
    assert_int_equal(sum->position, 14);
    assert_int_equal(sum->args[0]->position, 9);
    assert_int_equal(sum->args[1]->position, 16);
    assert_int_equal(first_target("SELECT -5")->position, 8);
    assert_int_equal(first_target("SELECT f(x)")->position, 8);
    assert_int_equal(first_target("SELECT a::int")->position, 9);
    assert_int_equal(first_target("SELECT CAST(a AS int)")->position, 8);
    assert_int_equal(first_target("SELECT a IS NULL")->position, 10);
    // Comments before the statement are no part of it.
    assert_int_equal(first_target("/* x */ SELECT a")->position, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_and_parameters),
        cmocka_unit_test(test_operators),
        cmocka_unit_test(test_logic),
        cmocka_unit_test(test_predicates),
        cmocka_unit_test(test_case_and_friends),
        cmocka_unit_test(test_subqueries),
        cmocka_unit_test(test_what_we_have_not),
        cmocka_unit_test(test_positions),
    };
    return cmocka_run_group_tests(tests, test_sql_setup, test_sql_teardown);
}
