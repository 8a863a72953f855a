// SPDX-License-Identifier: Apache-2.0
// Which path a statement takes and why, what its filter says about the key, when no sort is needed.
#include "unit/plan/bind_case.h"

static void test_paths_and_reasons(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT 1", "row: no table"},
        {"SELECT 1 WHERE true", "row: no table"},
        {"SELECT a FROM t ORDER BY id", "row: one table, row expressions"},
        {"SELECT a FROM t ORDER BY id DESC, a", "row: one table, row expressions"},
        {"SELECT a FROM t ORDER BY a", "row: one table, row expressions"},
        {"SELECT a FROM t LIMIT 5", "row: one table, row expressions"},
        {"SELECT a + 1 FROM t WHERE a > 1 ORDER BY lower(b) LIMIT 5 OFFSET 2",
         "row: one table, row expressions"},
        {"SELECT count(*) FROM t", "engine: grouping or an aggregate"},
        {"SELECT a FROM t GROUP BY a", "engine: grouping or an aggregate"},
        {"SELECT DISTINCT a FROM t", "engine: DISTINCT"},
        {"SELECT DISTINCT ON (a) a FROM t", "engine: DISTINCT"},
        {"SELECT row_number() OVER () FROM t", "engine: a window function"},
        {"SELECT 1 FROM t, u", "engine: a join"},
        {"SELECT 1 FROM t JOIN u USING (id)", "engine: a join"},
        {"SELECT 1 FROM (SELECT 1) q", "engine: a subquery or function in FROM"},
        {"SELECT 1 FROM generate_series(1, 2)", "engine: a subquery or function in FROM"},
        {"WITH x AS (SELECT 1) SELECT 1", "engine: WITH"},
        {"SELECT 1 UNION SELECT 2", "engine: a set operation"},
        {"VALUES (1)", "engine: VALUES"},
        {"SELECT regexp_like(b, 'x') FROM t",
         "engine: an expression that only the engine evaluates"},
        {"SELECT a FROM t WHERE b ~ 'x'", "engine: an expression that only the engine evaluates"},
        {"SELECT a FROM t WHERE id IN (SELECT id FROM u)",
         "engine: an expression that only the engine evaluates"},
        {"SELECT (SELECT 1)", "engine: an expression that only the engine evaluates"},
        {"SELECT a FROM t ORDER BY regexp_count(b, 'x')",
         "engine: an expression that only the engine evaluates"},
        {"INSERT INTO words VALUES ('x', 1)", "row: VALUES"},
        {"INSERT INTO words SELECT b, a FROM t", "row: one table, row expressions"},
        {"INSERT INTO words SELECT b, count(*) FROM t GROUP BY b",
         "engine: grouping or an aggregate"},
        {"UPDATE t SET a = (SELECT max(y) FROM u) WHERE id = 1",
         "engine: an expression that only the engine evaluates"},
        {"UPDATE t SET a = 2 WHERE id IN (SELECT id FROM u)",
         "engine: an expression that only the engine evaluates"},
        {"DELETE FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.id = t.id)",
         "engine: an expression that only the engine evaluates"},
        {"EXPLAIN SELECT 1 FROM t", "row: one table, row expressions"},
        {"SHOW TABLES", "command: a command"},
    };
    static const char *const paths[] = {"row", "engine", "command"};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_plan *plan = bind_plan(cases[i].sql);
        struct kdb_buf text = {0};
        kdb_buf_printf(&text, "%s: %s", paths[plan->path], plan->reason);
        assert_int_equal(plan->path == KDB_PATH_ROW && plan->query, plan->row_select != NULL);
        kdb_plan_unref(plan);
        bind_compare(cases[i].sql, cases[i].expected, &text);
    }
}

static void test_forced_to_the_engine(void **state)
{
    (void)state;
    bind_test.request.forces_engine = true;
    struct kdb_plan *plan = bind_plan("SELECT a FROM t");
    assert_int_equal(plan->path, KDB_PATH_ENGINE);
    assert_string_equal(plan->reason, "forced");
    kdb_plan_unref(plan);
    plan = bind_plan("INSERT INTO words VALUES ('x', 1)"); // has no query
    assert_int_equal(plan->path, KDB_PATH_ROW);
    kdb_plan_unref(plan);
    bind_test.request.forces_engine = false;
}

// Walks over every key that the engine may take over.
static void test_scans_that_fit_the_engine(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        bool fits;
    } cases[] = {
        {"SELECT a FROM t", true},
        {"SELECT upper(b), n + 1, d FROM t WHERE a = 1 AND (b LIKE 'x%' OR d IS NULL)", false},
        {"SELECT upper(b), n + 1, d FROM t WHERE a = 1 AND (b > 'x' OR d IS NULL)", true},
        {"SELECT a FROM t WHERE a = 1.5 AND s IN (1, 2) ORDER BY b DESC", true},
        {"SELECT a FROM t WHERE id = 1", false},
        {"SELECT a FROM t LIMIT 5", false},
        {"SELECT a FROM t OFFSET 5", false},
        {"SELECT a FROM t WHERE 10 / a > 1", false},
        {"SELECT a FROM t WHERE b::int = 1", false},
        {"SELECT a / s FROM t", true},
        {"SELECT j -> 'x' FROM t", false},
        {"SELECT a FROM t ORDER BY j ->> 'x'", false},
        {"SELECT snowflake_id() FROM t", false},
        {"SELECT round(n, 1) FROM t", true},
        {"SELECT round(n, a) FROM t", false},
        {"SELECT INTERVAL '1 day' * f FROM t", false},
        {"SELECT 1", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_plan *plan = bind_plan(cases[i].sql);
        assert_non_null(plan->row_select);
        if (plan->row_select->fits_engine != cases[i].fits)
            fail_msg("%s: fits_engine is %d", cases[i].sql, plan->row_select->fits_engine);
        kdb_plan_unref(plan);
    }
}

static void test_conditions_on_the_key(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT * FROM t WHERE id = 5", "= #0:INT"},
        {"SELECT * FROM t WHERE 5 = id", "= #0:INT"},
        {"SELECT * FROM t WHERE id = -5", "= #-0:INT"},
        {"SELECT * FROM t WHERE id > 5 AND id <= 10", "> #0:INT; <= #1:INT"},
        {"SELECT * FROM t WHERE 5 < id AND a = 1", "> #0:INT"},
        {"SELECT * FROM t WHERE id IN (1, 2, 3)", "in #0:BIGINT #1:BIGINT #2:BIGINT"},
        {"SELECT * FROM t WHERE id = 1 OR id = 2 OR 3 = id", "in #0:INT #1:INT #2:INT"},
        {"SELECT * FROM t WHERE id = 1 OR a = 2", ""},
        {"SELECT * FROM t WHERE id NOT IN (1, 2)", ""},
        {"SELECT * FROM t WHERE id BETWEEN 1 AND 10", ">= #0:INT; <= #1:INT"},
        {"SELECT * FROM t WHERE NOT id = 5", ""},
        {"SELECT * FROM t WHERE id = a", ""},
        {"SELECT * FROM t WHERE id = 5.0", ""},
        {"SELECT * FROM t WHERE id = 1 + 2", "= (+ #0:INT #1:INT):INT"},
        {"SELECT * FROM t WHERE id = NULL", "= null:BIGINT"},
        {"SELECT * FROM t WHERE id = '5'", "= #0:BIGINT"},
        {"SELECT * FROM t WHERE id = snowflake_id()", ""},
        {"SELECT * FROM t WHERE id <> 5", ""},
        {"SELECT * FROM t WHERE id + 0 = 5", ""},
        {"SELECT * FROM t WHERE id = 1 AND (id > 0 AND id < 9)", "= #0:INT; > #1:INT; < #2:INT"},
        {"SELECT * FROM words WHERE word = 'x'", "= #0:TEXT"},
        {"SELECT * FROM words WHERE word > 'a' AND word < 'b'", "> #0:TEXT; < #1:TEXT"},
        {"SELECT * FROM words WHERE word LIKE 'a%'", ""},
        {"SELECT * FROM words WHERE word IN ('a', 'b')", "in #0:TEXT #1:TEXT"},
        {"SELECT * FROM other.t WHERE id = 3000000000", "= #0:BIGINT"},
        {"SELECT * FROM other.t WHERE id < 5::smallint", "< (cast #0:INT):SMALLINT"},
        {"SELECT * FROM t WHERE id IN (1, a)", ""},
        {"SELECT * FROM t WHERE id IN (1, 2.5)", ""},
        {"SELECT * FROM t WHERE id = length('abc')", "= (length #0:TEXT):INT"},
        {"UPDATE t SET a = 1 WHERE id = 5", "= #1:INT"},
        {"DELETE FROM t WHERE id IN (1, 2) AND ok", "in #0:BIGINT #1:BIGINT"},
        {"SELECT * FROM t WHERE id IN (1, NULL)", "in #0:BIGINT null:BIGINT"},
        {"SELECT * FROM t WHERE (id = 1 OR id = 2) AND id < 9", "in #0:INT #1:INT; < #2:INT"},
        {"SELECT x.id FROM t x WHERE x.id >= 1", ">= #0:INT"},
        // System tables have no key: conditions about every column.
        {"SELECT * FROM information_schema.columns WHERE table_name = 'a' AND ordinal_position > 1",
         "= #0:TEXT; > #1:INT"},
        {"SELECT * FROM information_schema.tables WHERE table_name = 'a' OR table_name = 'b'",
         "in #0:TEXT #1:TEXT"},
        {"SELECT * FROM information_schema.tables WHERE table_name = 'a' OR table_schema = 'b'",
         ""},
        {"SELECT * FROM information_schema.tables WHERE table_name = table_schema", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_plan *plan = bind_plan(cases[i].sql);
        struct kdb_buf text = {0};
        assert_non_null(plan->row_select);
        test_dump_keys(plan, plan->row_select->keys, plan->row_select->key_count, &text);
        kdb_plan_unref(plan);
        bind_compare(cases[i].sql, cases[i].expected, &text);
    }
}

static void test_key_order_needs_no_sort(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT a FROM t", "up"},
        {"SELECT a FROM t WHERE id > 5 LIMIT 3", "up"},
        {"SELECT a FROM t ORDER BY id", "up"},
        {"SELECT a FROM t ORDER BY t.id ASC NULLS FIRST, a DESC", "up"},
        {"SELECT id FROM t ORDER BY 1 DESC", "down"},
        {"SELECT id AS k FROM t ORDER BY k DESC", "down"},
        {"SELECT a AS id FROM t ORDER BY id", "sort"},
        {"SELECT a FROM t ORDER BY a, id", "sort"},
        {"SELECT a FROM t ORDER BY id + 0", "sort"},
        {"SELECT a FROM t ORDER BY -id", "sort"},
        {"SELECT word FROM words ORDER BY word DESC", "down"},
        {"SELECT 1 ORDER BY 1", "sort"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_plan *plan = bind_plan(cases[i].sql);
        struct kdb_buf text = {0};
        const struct kdb_row_select *select = plan->row_select;
        kdb_buf_printf(&text, "%s",
                       !select->is_key_order       ? "sort"
                       : select->is_key_descending ? "down"
                                                   : "up");
        kdb_plan_unref(plan);
        bind_compare(cases[i].sql, cases[i].expected, &text);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_paths_and_reasons),         cmocka_unit_test(test_forced_to_the_engine),
    cmocka_unit_test(test_scans_that_fit_the_engine), cmocka_unit_test(test_conditions_on_the_key),
    cmocka_unit_test(test_key_order_needs_no_sort),
};

BIND_MAIN(tests)
