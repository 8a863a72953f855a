// SPDX-License-Identifier: Apache-2.0
// The tables of a query in the order the engine's text names them, with what filters say about
// each.
#include "unit/plan/bind_case.h"

static void dump_sources(const struct kdb_plan *plan, struct kdb_buf *out)
{
    for (size_t i = 0; i < plan->source_count; i++) {
        const struct kdb_engine_source *source = &plan->sources[i];
        kdb_buf_printf(out, "%s%.*s", i > 0 ? "; " : "", KDB_ARG(source->relation->name));
        kdb_buf_slice(out, source->relation->is_nullable ? KDB_LIT("?") : KDB_LIT(""));
        kdb_buf_slice(out, source->relation->shows_deleted ? KDB_LIT("+") : KDB_LIT(""));
        if (source->filter) {
            kdb_buf_put(out, ' ');
            test_dump_bound(plan, source->filter, out);
        }
        if (source->key_count > 0) {
            KDB_BUF_LIT(out, " key ");
            test_dump_keys(plan, source->keys, source->key_count, out);
        }
    }
}

static void expect_sources(const struct bind_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kdb_plan *plan = bind_plan(cases[i].sql);
        struct kdb_buf text = {0};
        dump_sources(plan, &text);
        kdb_plan_unref(plan);
        bind_compare(cases[i].sql, cases[i].expected, &text);
    }
}

#define EXPECT_SOURCES(cases) expect_sources((cases), sizeof(cases) / sizeof((cases)[0]))

static void test_every_table_once(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT 1", ""},
        {"SELECT 1 FROM t, u, words", "t; u; words"},
        {"SELECT 1 FROM t x JOIN t y ON x.id = y.id", "x; y"},
        {"SELECT 1 FROM t WHERE id IN (SELECT id FROM u)", "t; u"},
        {"SELECT (SELECT max(y) FROM u) FROM t", "t; u"},
        {"SELECT (SELECT max(y) FROM u) AS m FROM t GROUP BY m ORDER BY m", "t; u"},
        {"WITH w AS (SELECT id FROM u) SELECT 1 FROM w a, w b, t", "u; t"},
        {"SELECT a FROM t UNION SELECT y FROM u", "t; u"},
        {"SELECT 1 FROM (SELECT id FROM t) q JOIN u USING (id)", "t; u"},
        {"SELECT sum(a) FILTER (WHERE a IN (SELECT y FROM u)) FROM t", "t; u"},
        {"SELECT sum(a) OVER (PARTITION BY (SELECT max(y) FROM u) ORDER BY (SELECT min(n) FROM "
         "words)) FROM t",
         "t; u; words"},
        {"SELECT DISTINCT ON ((SELECT max(y) FROM u)) a FROM t", "t; u"},
        {"SELECT a FROM t GROUP BY a HAVING a > (SELECT max(y) FROM u)", "t; u"},
        {"SELECT a FROM t ORDER BY (SELECT max(y) FROM u)", "t; u"},
        {"VALUES ((SELECT max(y) FROM u)), (1)", "u"},
        {"SELECT string_agg(b, ',' ORDER BY (SELECT max(y) FROM u)) FROM t", "t; u"},
        {"UPDATE t SET a = (SELECT max(y) FROM u) WHERE true", "t true:BOOLEAN; u"},
        {"INSERT INTO words SELECT b, y FROM u WHERE y IN (SELECT a FROM t)", "u; t"},
    };
    EXPECT_SOURCES(cases);
}

static void test_filters_about_one_table(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT 1 FROM t, u WHERE t.id = 5 AND u.y > 1 AND t.a = u.y",
         "t (= t.id:BIGINT #1:INT):BOOLEAN key = #1:INT; u (> u.y:INT #2:INT):BOOLEAN"},
        {"SELECT 1 FROM t, u WHERE t.a = 1 AND t.id < 3 AND t.ok",
         "t (and (= t.a:INT #1:INT):BOOLEAN (< t.id:BIGINT #2:INT):BOOLEAN t.ok:BOOLEAN):BOOLEAN "
         "key < #2:INT; u"},
        {"SELECT 1 FROM t, u WHERE t.a = 1 OR u.y = 1", "t; u"},
        {"SELECT 1 FROM t, u WHERE t.a = 1 OR t.a = 2",
         "t (or (= t.a:INT #1:INT):BOOLEAN (= t.a:INT #2:INT):BOOLEAN):BOOLEAN; u"},
        // A volatile filter decides anew for each row: it must not decide which rows there are.
        {"SELECT 1 FROM t, u WHERE t.f > random()", "t; u"},
        // What only the engine evaluates prunes nothing.
        {"SELECT 1 FROM t, u WHERE t.b ~ 'x'", "t; u"},
        // Rows that an outer join may replace by nulls are not left out before it.
        {"SELECT 1 FROM t LEFT JOIN u ON t.id = u.id WHERE u.y = 1 AND t.a = 2",
         "t (= t.a:INT #2:INT):BOOLEAN; u?"},
        {"SELECT 1 FROM t RIGHT JOIN u ON t.id = u.id WHERE u.y = 1 AND t.a = 2",
         "t?; u (= u.y:INT #1:INT):BOOLEAN"},
        {"SELECT 1 FROM t FULL JOIN u ON t.id = u.id WHERE u.y = 1 AND t.a = 2", "t?; u?"},
        {"SELECT 1 FROM t LEFT JOIN (u JOIN words w ON true) ON true WHERE w.n = 1", "t; u?; w?"},
        // A filter outside says nothing about a table inside a subquery.
        {"SELECT 1 FROM (SELECT a FROM t WHERE id = 1) q WHERE q.a = 2",
         "t (= t.id:BIGINT #1:INT):BOOLEAN key = #1:INT"},
    };
    EXPECT_SOURCES(cases);
}

static void test_tombstones_where_a_filter_names_them(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT _deleted FROM t", "t"},
        {"SELECT 1 FROM t WHERE _deleted", "t+ t._deleted:BOOLEAN"},
        {"SELECT 1 FROM t WHERE NOT _deleted OR a = 1",
         "t+ (or (not t._deleted:BOOLEAN):BOOLEAN (= t.a:INT #1:INT):BOOLEAN):BOOLEAN"},
        {"SELECT 1 FROM t JOIN u ON t.id = u.id AND u._deleted", "t; u+"},
        {"SELECT 1 FROM t WHERE id IN (SELECT id FROM u WHERE _deleted)",
         "t; u+ u._deleted:BOOLEAN"},
        {"SELECT count(*) FILTER (WHERE _deleted) FROM t", "t"},
        {"SELECT 1 FROM (SELECT _deleted AS x FROM t) q WHERE x", "t"},
    };
    EXPECT_SOURCES(cases);
}

// The conjuncts about a table are one AND, however many there are.
static void test_many_conjuncts(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    struct kdb_buf sql = {0};
    KDB_BUF_LIT(&sql, "SELECT 1 FROM t WHERE a <> 0");
    for (int i = 1; i < COUNT; i++)
        kdb_buf_printf(&sql, " AND a <> %d", i);
    kdb_buf_put(&sql, '\0');
    struct kdb_plan *plan = bind_plan(sql.data);
    assert_int_equal(plan->source_count, 1);
    assert_int_equal(plan->sources[0].filter->kind, KDB_EXPR_AND);
    assert_int_equal(plan->sources[0].filter->arg_count, COUNT);
    kdb_plan_unref(plan);
    kdb_buf_deinit(&sql);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_every_table_once),
    cmocka_unit_test(test_filters_about_one_table),
    cmocka_unit_test(test_tombstones_where_a_filter_names_them),
    cmocka_unit_test(test_many_conjuncts),
};

BIND_MAIN(tests)
