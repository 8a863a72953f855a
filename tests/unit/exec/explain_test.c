// SPDX-License-Identifier: Apache-2.0
// EXPLAIN: path, keys, filter, order, limit, text for the engine.
#include "unit/exec/exec_case.h"

static int open_rows(void **state)
{
    (void)open_database(state);
    exec_fixture_setup(db, "CREATE USER TABLE app.t (id INT PRIMARY KEY, v TEXT, n INT);"
                           "CREATE USER TABLE app.u (id INT PRIMARY KEY, t_id INT)");
    exec_fixture_setup(db, "INSERT INTO app.t (id, v) VALUES (1, 'a'), (2, 'b')");
    return 0;
}

static void row_path(void **state)
{
    (void)state;
    root_reads("EXPLAIN SELECT v FROM app.t WHERE id = 5 AND v LIKE 'x%' ORDER BY id LIMIT 3",
               "path|row path: one table, row expressions\n"
               "table|app.t (user)\n"
               "key|id = 5\n"
               "hot rows|2 of user 'root'\n"
               "segments|no flushed rows\n"
               "filter|((id = 5) AND (v LIKE 'x%'))\n"
               "order|key order\n"
               "limit|3 rows\n");
    root_reads("EXPLAIN SELECT * FROM app.t", "path|row path: one table, row expressions\n"
                                              "table|app.t (user)\n"
                                              "key|every key\n"
                                              "hot rows|2 of user 'root'\n"
                                              "segments|no flushed rows\n"
                                              "order|key order\n");
    root_reads("EXPLAIN SELECT v FROM app.t WHERE id IN (3, 1) AND id > 0 AND _deleted = TRUE "
               "ORDER BY v DESC, n NULLS FIRST LIMIT 10 OFFSET 20",
               "path|row path: one table, row expressions\n"
               "table|app.t (user), deleted rows too\n"
               "key|id IN (3, 1) AND id > 0\n"
               "hot rows|2 of user 'root'\n"
               "segments|no flushed rows\n"
               "filter|(id IN (3, 1) AND (id > 0) AND (_deleted = TRUE))\n"
               "order|v DESC, n NULLS FIRST\n"
               "limit|10 rows after 20\n");
    root_reads("EXPLAIN SELECT id FROM app.t ORDER BY id DESC OFFSET 1",
               "path|row path: one table, row expressions\n"
               "table|app.t (user)\n"
               "key|every key\n"
               "hot rows|2 of user 'root'\n"
               "segments|no flushed rows\n"
               "order|key order, backwards\n"
               "limit|all rows after 1\n");
    root_reads("EXPLAIN SELECT 1", "path|row path: no table\n");
}

static void expressions(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"v IS NOT NULL", "v IS NOT NULL"},
        {"v IS DISTINCT FROM 'it''s'", "v IS DISTINCT FROM 'it''s'"},
        {"NOT (n BETWEEN 1 AND 2)", "NOT ((n >= 1) AND (n <= 2))"},
        {"CASE WHEN n = 1 THEN TRUE ELSE FALSE END", "CASE WHEN (n = 1) THEN TRUE ELSE FALSE END"},
        {"(n = 1) IS NOT TRUE", "(n = 1) IS NOT TRUE"},
        {"coalesce(v, 'x') = lower('Y')", "(coalesce(v, 'x') = lower('Y'))"},
        {"n + 1 = -1 OR v NOT IN ('a', 'b')", "(((n + 1) = -1) OR v NOT IN ('a', 'b'))"},
        {"n::text = '5'", "(CAST(n AS TEXT) = '5')"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char sql[256];
        (void)snprintf(sql, sizeof(sql), "EXPLAIN SELECT id FROM app.t WHERE %s", cases[i][0]);
        const struct exec_result *result = exec_fixture_ok(db, "root", KDB_ROLE_SYSTEM, sql);
        bool has_found = false;
        for (size_t row = 0; row < result->row_count; row++) {
            if (strcmp(result->cells[2 * row], "filter") != 0)
                continue;
            has_found = true;
            if (strcmp(result->cells[2 * row + 1], cases[i][1]) != 0)
                fail_msg("%s prints %s", cases[i][0], result->cells[2 * row + 1]);
        }
        if (!has_found)
            fail_msg("%s: no filter in\n%s", cases[i][0], result->text);
    }
}

static void engine_path(void **state)
{
    (void)state;
    const struct exec_result *result = exec_fixture_ok(
        db, "root", KDB_ROLE_SYSTEM,
        "EXPLAIN SELECT t.v, COUNT(*) FROM app.t JOIN app.u ON u.t_id = t.id WHERE t.id > 1 GROUP "
        "BY t.v ORDER BY t.v LIMIT 5");
    assert_string_equal(result->cells[1], "engine path: grouping or an aggregate");
    assert_non_null(strstr(result->text, "table|app.t (user)\nkey|id > 1\n"));
    assert_non_null(strstr(result->text, "table|app.u (user)\nkey|every key\n"));
    assert_non_null(strstr(result->text, "filter|(t.id > 1)\n"));
    assert_non_null(strstr(result->text, "limit|5 rows\n"));
    assert_non_null(strstr(result->text, "\nengine|SELECT "));
    assert_non_null(strstr(result->text, "app.t AS r"));
    assert_null(strstr(result->text, db->folder));
    (void)exec_fixture_ok(db, "root", KDB_ROLE_SYSTEM,
                          "EXPLAIN WITH x AS (SELECT id FROM app.t UNION SELECT 1) SELECT * FROM x "
                          "WHERE id IN (SELECT id FROM app.u)");
    (void)exec_fixture_ok(db, "root", KDB_ROLE_SYSTEM,
                          "EXPLAIN SELECT * FROM system.tables a, system.columns b");
}

static void changes_and_commands(void **state)
{
    (void)state;
    root_reads("EXPLAIN INSERT INTO app.t (id) VALUES (7), (8)",
               "path|row path: VALUES\ninsert|2 row(s) into app.t\n");
    const struct exec_result *result = exec_fixture_ok(
        db, "root", KDB_ROLE_SYSTEM, "EXPLAIN UPDATE app.t SET v = 'z' WHERE id = 1");
    assert_non_null(strstr(result->text, "change|the rows found, in app.t\n"));
    assert_non_null(strstr(result->text, "key|id = 1\n"));
    result = exec_fixture_ok(db, "root", KDB_ROLE_SYSTEM, "EXPLAIN DELETE FROM app.t WHERE TRUE");
    assert_non_null(strstr(result->text, "key|every key\n"));
    root_reads("EXPLAIN DROP TABLE app.t", "path|command: a command\n");
    root_reads("SELECT id, v FROM app.t", "1|a\n2|b\n");
}

static void is_for_administrators(void **state)
{
    (void)state;
    alice_fails("EXPLAIN SELECT * FROM app.t", KDB_ERR_PERMISSION_DENIED, "Admin privileges");
    exec_fixture_expect_error(db, "sven", KDB_ROLE_SERVICE, "EXPLAIN SELECT 1",
                              KDB_ERR_PERMISSION_DENIED, "Admin privileges");
    root_fails("EXECUTE AS USER 'alice' (EXPLAIN SELECT * FROM app.t)", KDB_ERR_PERMISSION_DENIED,
               "role 'user' is not allowed to run EXPLAIN");
    exec_fixture_expect_rows(db, "dora", KDB_ROLE_DBA, "EXPLAIN SELECT * FROM app.t WHERE id < 9",
                             "path|row path: one table, row expressions\n"
                             "table|app.t (user)\n"
                             "key|id < 9\n"
                             "hot rows|0 of user 'dora'\n"
                             "segments|no flushed rows\n"
                             "filter|(id < 9)\n"
                             "order|key order\n");
}

static void long_lists_are_cut(void **state)
{
    (void)state;
    struct kdb_buf sql = {0};
    KDB_BUF_LIT(&sql, "EXPLAIN SELECT id FROM app.t WHERE id IN (1");
    for (int i = 2; i <= 15000; i++)
        kdb_buf_printf(&sql, ",%d", i);
    KDB_BUF_LIT(&sql, ")");
    kdb_buf_put(&sql, '\0');
    const struct exec_result *result = exec_fixture_ok(db, "root", KDB_ROLE_SYSTEM, sql.data);
    assert_true(strlen(result->text) < 100000);
    assert_non_null(strstr(result->text, "… (15000 in all))"));
    kdb_buf_deinit(&sql);
}

#define EXPLAIN_CASE(name) cmocka_unit_test_setup_teardown(name, open_rows, close_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EXPLAIN_CASE(row_path),
        EXPLAIN_CASE(expressions),
        EXPLAIN_CASE(engine_path),
        EXPLAIN_CASE(changes_and_commands),
        EXPLAIN_CASE(is_for_administrators),
        EXPLAIN_CASE(long_lists_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
