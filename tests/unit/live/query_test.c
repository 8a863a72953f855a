// SPDX-License-Identifier: Apache-2.0
// The query of a subscription: what is accepted and refused, which column it is found by, what its
// columns are called, and when two are the same.
#include "live/query.h"

#include <stdio.h>

#include "unit/live/live_case.h"

static void test_accepted(void **state)
{
    (void)state;
    static const char *const accepted[] = {
        "SELECT * FROM app.notes",
        "select id from APP.notes",
        "SELECT * FROM app.notes;",
        "SELECT n.id, n.body FROM app.notes AS n WHERE n.n > 3",
        "SELECT id FROM app.notes ORDER BY id",
        "SELECT id, n + 1 AS more FROM app.notes WHERE NOT (n > 3 OR body LIKE 'a%')",
        "SELECT id FROM app.notes WHERE body = CURRENT_USER()",
        "SELECT id FROM app.notes WHERE _deleted = false",
        "SELECT id FROM app.notes WHERE id IN (1, 2, 3) AND f BETWEEN 0 AND 1",
        "SELECT id, id AS again FROM app.notes",
        "SELECT id FROM app.notes WHERE true",
        "/* why not */ SELECT id FROM app.notes -- done",
    };
    for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++)
        kdb_live_query_unref(live_query(accepted[i]));
    kdb_live_query_unref(NULL);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        kdb_status status;
        const char *part; // of the message
    } refused[] = {
        {"", KDB_ERR_EMPTY_SQL, ""},
        {"SELECT", KDB_ERR_INVALID_SQL, ""},
        {"SELECT * FROM app.notes; SELECT 1", KDB_ERR_INVALID_SQL, "one statement, not 2"},
        {"DELETE FROM app.notes", KDB_ERR_INVALID_SQL, "DELETE"},
        {"INSERT INTO app.notes (id) VALUES (1)", KDB_ERR_INVALID_SQL, "INSERT"},
        {"EXPLAIN SELECT * FROM app.notes", KDB_ERR_INVALID_SQL, "EXPLAIN"},
        {"SELECT 1", KDB_ERR_INVALID_SQL, "without FROM"},
        {"VALUES (1)", KDB_ERR_INVALID_SQL, "VALUES"},
        {"SELECT * FROM notes", KDB_ERR_INVALID_SQL, "namespace.table"},
        {"SELECT * FROM app.notes, app.t", KDB_ERR_INVALID_SQL, "more than one table"},
        {"SELECT * FROM app.notes JOIN app.t USING (id)", KDB_ERR_INVALID_SQL, "JOIN"},
        {"SELECT * FROM (SELECT * FROM app.notes) x", KDB_ERR_INVALID_SQL, "subquery"},
        {"WITH x AS (SELECT 1) SELECT * FROM app.notes", KDB_ERR_INVALID_SQL, "WITH"},
        {"SELECT id FROM app.notes UNION SELECT id FROM app.t", KDB_ERR_INVALID_SQL, "UNION"},
        {"SELECT DISTINCT id FROM app.notes", KDB_ERR_INVALID_SQL, "DISTINCT"},
        {"SELECT n FROM app.notes GROUP BY n", KDB_ERR_INVALID_SQL, "GROUP BY"},
        {"SELECT n FROM app.notes HAVING true", KDB_ERR_INVALID_SQL, "HAVING"},
        {"SELECT * FROM app.notes LIMIT 1", KDB_ERR_INVALID_SQL, "LIMIT"},
        {"SELECT * FROM app.notes OFFSET 1", KDB_ERR_INVALID_SQL, "OFFSET"},
        {"SELECT * FROM app.notes WHERE id = $1", KDB_ERR_INVALID_SQL, "$1"},
        {"SELECT _seq FROM app.notes", KDB_ERR_INVALID_SQL, "_seq"},
        {"SELECT id, _deleted FROM app.notes", KDB_ERR_INVALID_SQL, "_deleted"},
        {"SELECT id AS _seq FROM app.notes", KDB_ERR_INVALID_SQL, "system column"},
        {"SELECT n, body AS n FROM app.notes", KDB_ERR_INVALID_SQL, "called \"n\""},
        {"SELECT n AS id FROM app.notes", KDB_ERR_INVALID_SQL, "called \"id\""},
        {"SELECT id + 1 AS id FROM app.notes", KDB_ERR_INVALID_SQL, "called \"id\""},
        {"SELECT *, n FROM app.notes", KDB_ERR_INVALID_SQL, "called \"n\""},
        {"SELECT count(*) FROM app.notes", KDB_ERR_INVALID_OPERATION, "aggregates"},
        {"SELECT * FROM app.notes WHERE id IN (SELECT id FROM app.t)", KDB_ERR_INVALID_OPERATION,
         "subqueries"},
        {"SELECT * FROM app.notes WHERE f > extract(epoch FROM now())", KDB_ERR_INVALID_OPERATION,
         "time"},
        {"SELECT id, now() AS at FROM app.notes", KDB_ERR_INVALID_OPERATION, "time"},
        {"SELECT * FROM app.notes WHERE id < SNOWFLAKE_ID()", KDB_ERR_INVALID_OPERATION,
         "new value"},
        {"SELECT * FROM app.none", KDB_ERR_TABLE_NOT_FOUND, "none"},
        {"SELECT none FROM app.notes", KDB_ERR_COLUMN_NOT_FOUND, "none"},
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct kdb_live_query *query = NULL;
        if (live_make(refused[i].sql, "ann", &query) == KDB_OK)
            fail_msg("%s\n is not refused", refused[i].sql);
        const struct kdb_error *error = &bind_test.ctx.error;
        if (error->status != refused[i].status || !strstr(error->message, refused[i].part))
            fail_msg("%s\n is refused as %s: %s", refused[i].sql,
                     kdb_status_info(error->status)->name, error->message);
    }
}

// Outside of WebSockets there is a namespace that names without one mean.
static void test_the_namespace_is_written_out(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        const char *full;
    } cases[] = {
        {"SELECT * FROM notes", "SELECT * FROM \"app\".notes"},
        {"/* \xc3\xa9 */ SELECT id FROM \"notes\" n WHERE n.id > 1;",
         "/* \xc3\xa9 */ SELECT id FROM \"app\".\"notes\" n WHERE n.id > 1;"},
        {"SELECT notes.id FROM ONLY NOTES", "SELECT notes.id FROM ONLY \"app\".NOTES"},
        {"SELECT * FROM app.notes", "SELECT * FROM app.notes"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_live_query *query = NULL;
        if (live_make_with(NULL, "app", cases[i].sql, "ann", &query) != KDB_OK)
            fail_msg("%s: %s", cases[i].sql, bind_test.ctx.error.message);
        assert_slice_equal(query->sql, cases[i].full);
        kdb_live_query_unref(live_query(cases[i].full));
        kdb_live_query_unref(query);
    }
    struct kdb_live_query *query = NULL;
    assert_int_equal(live_make_with(NULL, "none", "SELECT * FROM notes", "ann", &query),
                     KDB_ERR_TABLE_NOT_FOUND);
}

static void test_column_it_is_found_by(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        const char *column; // NULL: none
    } cases[] = {
        {"id = 7", "id"},
        {"7 = id", "id"},
        {"n = 7", "n"},
        {"n = 7000000000", "n"}, // matches nothing, and is found as such
        {"body = 'x'", "body"},
        {"body = CURRENT_USER()", "body"},
        {"f = 0.5", "f"},
        {"n > 1 AND body = 'x' AND id = 1", "body"}, // the first one
        {"n > 1 AND (body LIKE 'x%' AND id = 1)", "id"},
        {"n = 1 + 2", "n"},
        {"n > 7", NULL},
        {"n <> 7", NULL},
        {"n = NULL", NULL},
        {"n = id", NULL},
        {"n + 1 = 7", NULL},
        {"n = 1 OR n = 2", NULL},
        {"NOT (n = 1)", NULL},
        {"n = 1.5", NULL}, // the column would be converted
        {"_seq = 5", NULL},
        {"true", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char sql[256];
        (void)snprintf(sql, sizeof(sql), "SELECT id FROM app.notes WHERE %s", cases[i].filter);
        struct kdb_live_query *query = live_query(sql);
        kdb_slice column = kdb_live_index_column(query);
        kdb_slice wanted = cases[i].column ? kdb_slice_cstr(cases[i].column) : (kdb_slice){0};
        if (!kdb_slice_equal(column, wanted))
            fail_msg("%s is found by %.*s", cases[i].filter, KDB_ARG(column));
        kdb_live_query_unref(query);
    }
}

static void test_columns(void **state)
{
    (void)state;
    struct kdb_live_query *query = live_query("SELECT * FROM app.notes");
    assert_true(query->is_whole && query->has_key);
    assert_int_equal(query->column_count, 4); // the system columns are written from the header
    assert_slice_equal(query->columns[0].label, "\"id\":");
    assert_true(query->columns[0].is_key);
    assert_false(query->columns[1].is_key);
    assert_null(query->filter);
    kdb_live_query_unref(query);
    query = live_query("SELECT n * 2 AS \"a \"\"b\"\"\", id AS key FROM app.notes");
    assert_false(query->is_whole);
    assert_false(query->has_key); // nobody would know it as such
    assert_int_equal(query->column_count, 2);
    assert_slice_equal(query->columns[0].label, "\"a \\\"b\\\"\":");
    assert_slice_equal(query->columns[1].label, "\"key\":");
    assert_slice_equal(query->key.label, "\"id\":");
    kdb_live_query_unref(query);
}

static bool are_equal(const char *one, const char *one_user, const char *two, const char *two_user)
{
    struct kdb_live_query *a = NULL;
    struct kdb_live_query *b = NULL;
    assert_int_equal(live_make(one, one_user, &a), KDB_OK);
    assert_int_equal(live_make(two, two_user, &b), KDB_OK);
    assert_true(kdb_live_query_equal(a, a));
    bool is_equal = kdb_live_query_equal(a, b);
    assert_int_equal(kdb_live_query_equal(b, a), is_equal);
    kdb_live_query_unref(a);
    kdb_live_query_unref(b);
    return is_equal;
}

// Who asks matters only where the query looks at who asks, be it to filter or to show it.
static void test_equal(void **state)
{
    (void)state;
    const char *plain = "SELECT id FROM app.notes WHERE n = 1";
    const char *own = "SELECT id FROM app.notes WHERE body = CURRENT_USER()";
    const char *shows = "SELECT id, CURRENT_USER() AS me FROM app.notes";
    const char *role = "SELECT id, CURRENT_ROLE() AS me FROM app.notes";
    assert_true(are_equal(plain, "ann", plain, "bob"));
    assert_false(are_equal(plain, "ann", "SELECT id FROM app.notes WHERE n = 2", "ann"));
    assert_false(are_equal(plain, "ann", "SELECT n FROM app.notes WHERE n = 1", "ann"));
    assert_false(are_equal("SELECT * FROM app.t", "ann", "SELECT * FROM app.notes", "ann"));
    assert_true(are_equal(own, "ann", own, "ann"));
    assert_false(are_equal(own, "ann", own, "bob"));
    assert_true(are_equal(shows, "ann", shows, "ann"));
    assert_false(are_equal(shows, "ann", shows, "bob"));
    struct kdb_live_query *as_user = NULL;
    struct kdb_live_query *as_dba = NULL;
    assert_int_equal(live_make(role, "ann", &as_user), KDB_OK);
    bind_test.request.role = KDB_ROLE_DBA;
    assert_int_equal(live_make(role, "ann", &as_dba), KDB_OK);
    bind_test.request.role = KDB_ROLE_USER;
    assert_true(as_user->uses_session);
    assert_false(kdb_live_query_equal(as_user, as_dba));
    kdb_live_query_unref(as_user);
    kdb_live_query_unref(as_dba);
}

// A query keeps what it was made of.
static void test_texts_are_its_own(void **state)
{
    (void)state;
    char sql[] = "SELECT id FROM app.notes WHERE body = 'milk'";
    char user[] = "ann";
    struct kdb_live_query *query = NULL;
    assert_int_equal(live_make(sql, user, &query), KDB_OK);
    memset(sql, 'x', sizeof(sql) - 1);
    memset(user, 'x', sizeof(user) - 1);
    kdb_ctx_reset(&bind_test.ctx);
    assert_slice_equal(query->sql, "SELECT id FROM app.notes WHERE body = 'milk'");
    assert_slice_equal(query->user, "ann");
    assert_slice_equal(query->equal_value.bytes, "milk");
    assert_ptr_equal(kdb_live_query_ref(query), query);
    kdb_live_query_unref(query);
    kdb_live_query_unref(query);
}

// Made with a cache, queries of one shape have one plan; each has its own constants.
static void test_plans_are_shared(void **state)
{
    (void)state;
    static const char *const texts[] = {"SELECT id FROM app.notes WHERE n = 1 AND body = 'a'",
                                        "SELECT id FROM app.notes WHERE n = 2 AND body = 'b'"};
    struct kdb_plan_cache *plans = kdb_plan_cache_create(10, (size_t)1024 * 1024);
    struct kdb_live_query *queries[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(live_make_with(plans, NULL, texts[i], "ann", &queries[i]), KDB_OK);
    kdb_plan_cache_destroy(plans);
    assert_ptr_equal(queries[0]->plan, queries[1]->plan);
    assert_false(kdb_live_query_equal(queries[0], queries[1]));
    for (int i = 0; i < 2; i++) {
        assert_slice_equal(kdb_live_index_column(queries[i]), "n");
        assert_int_equal(queries[i]->equal_value.integer, i + 1);
        assert_slice_equal(queries[i]->inputs[1].bytes, i == 0 ? "a" : "b");
        assert_true(queries[i]->memory.arena.used_bytes <= 2048);
        kdb_live_query_unref(queries[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_the_namespace_is_written_out),
        cmocka_unit_test(test_column_it_is_found_by),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_texts_are_its_own),
        cmocka_unit_test(test_plans_are_shared),
    };
    return cmocka_run_group_tests(tests, live_setup, bind_teardown);
}
