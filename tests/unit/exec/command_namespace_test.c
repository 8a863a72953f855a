// SPDX-License-Identifier: Apache-2.0
// Namespaces: names, messages, options, CASCADE.
#include "unit/exec/exec_case.h"

static void creates_and_lists(void **state)
{
    (void)state;
    root_says("CREATE NAMESPACE crm", "Namespace 'crm' created successfully");
    root_fails("CREATE NAMESPACE crm", KDB_ERR_ALREADY_EXISTS, "namespace 'crm' already exists");
    root_says("CREATE NAMESPACE IF NOT EXISTS crm", "Namespace 'crm' already exists");
    root_says("CREATE NAMESPACE IF NOT EXISTS default", "Namespace 'default' already exists");
    root_says("CREATE NAMESPACE Sales_2", "Namespace 'sales_2' created successfully");
    root_reads("SELECT name FROM system.namespaces ORDER BY name",
               "app\ncrm\ndba\ndefault\nsales_2\n");
}

static void refuses_bad_names(void **state)
{
    (void)state;
    static const char *const reserved[] = {"system",
                                           "sys",
                                           "root",
                                           "kalamdb",
                                           "kalam",
                                           "main",
                                           "default",
                                           "sql",
                                           "admin",
                                           "internal",
                                           "information_schema",
                                           "pg_catalog",
                                           "datafusion"};
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        char sql[96];
        (void)snprintf(sql, sizeof(sql), "CREATE NAMESPACE \"%s\"", reserved[i]);
        root_fails(sql, KDB_ERR_INVALID_OPERATION, "is reserved");
    }
    root_fails("CREATE NAMESPACE \"App\"", KDB_ERR_INVALID_OPERATION,
               "must begin with a lower-case letter");
    root_fails("CREATE NAMESPACE \"1st\"", KDB_ERR_INVALID_OPERATION,
               "must begin with a lower-case letter");
    root_fails("CREATE NAMESPACE _x", KDB_ERR_INVALID_OPERATION,
               "must begin with a lower-case letter");
    root_fails("CREATE NAMESPACE \"a-b\"", KDB_ERR_INVALID_OPERATION,
               "may hold only lower-case letters, digits and underscores");
    root_fails("CREATE NAMESPACE \"a/../b\"", KDB_ERR_INVALID_OPERATION, "may hold only");
    root_fails("CREATE NAMESPACE "
               "a1234567890123456789012345678901234567890123456789012345678901234",
               KDB_ERR_INVALID_OPERATION, "has 65 bytes, at most 64 are allowed");
    root_says("CREATE NAMESPACE "
              "a123456789012345678901234567890123456789012345678901234567890123",
              "Namespace 'a123456789012345678901234567890123456789012345678901234567890123' "
              "created successfully");
    root_reads("SELECT COUNT(*) FROM system.namespaces", "4\n");
}

static void merges_options(void **state)
{
    (void)state;
    root_says("ALTER NAMESPACE app SET OPTIONS (region = 'eu', quota = 5, ratio = 1.50, on = TRUE)",
              "Namespace 'app' altered successfully");
    root_says("ALTER NAMESPACE app SET OPTIONS (quota = 6, quota = 7, \"a\"\"b\" = 'x\"y')",
              "Namespace 'app' altered successfully");
    root_reads("SELECT options FROM system.namespaces WHERE name = 'app'",
               "{\"region\":\"eu\",\"ratio\":1.5,\"on\":true,\"quota\":7,\"a\\\"b\":\"x\\\"y\"}\n");
    root_fails("ALTER NAMESPACE nope SET OPTIONS (a = 1)", KDB_ERR_NAMESPACE_NOT_FOUND,
               "namespace 'nope' does not exist");
    root_fails("ALTER NAMESPACE app SET OPTIONS (a = 1e999)", KDB_ERR_OUT_OF_RANGE, "out of range");
    root_reads("SELECT options FROM system.namespaces WHERE name = 'dba'", "NULL\n");
}

static void bounds_options(void **state)
{
    (void)state;
    static char sql[70000];
    size_t len = (size_t)snprintf(sql, sizeof(sql), "ALTER NAMESPACE app SET OPTIONS (a = '");
    memset(sql + len, 'x', 66000);
    memcpy(sql + len + 66000, "')", 3);
    root_fails(sql, KDB_ERR_LIMIT_EXCEEDED, "exceed 65536 bytes");
    len = (size_t)snprintf(sql, sizeof(sql), "ALTER NAMESPACE app SET OPTIONS (");
    for (int i = 0; i < 257; i++)
        len += (size_t)snprintf(sql + len, sizeof(sql) - len, "%sk%d = 1", i ? ", " : "", i);
    (void)snprintf(sql + len, sizeof(sql) - len, ")");
    root_fails(sql, KDB_ERR_LIMIT_EXCEEDED, "at most 256 options");
    root_reads("SELECT options FROM system.namespaces WHERE name = 'app'", "NULL\n");
}

static void drops(void **state)
{
    (void)state;
    root_says("DROP NAMESPACE app", "Namespace 'app' dropped successfully");
    root_fails("DROP NAMESPACE app", KDB_ERR_NAMESPACE_NOT_FOUND, "namespace 'app' does not exist");
    root_says("DROP NAMESPACE IF EXISTS app", "Namespace 'app' does not exist");
    root_fails("DROP NAMESPACE default", KDB_ERR_INVALID_OPERATION, "belongs to the server");
    root_fails("DROP NAMESPACE dba CASCADE", KDB_ERR_INVALID_OPERATION, "belongs to the server");
    root_fails("DROP NAMESPACE system", KDB_ERR_INVALID_OPERATION, "belongs to the server");
    root_fails("DROP NAMESPACE IF EXISTS information_schema CASCADE", KDB_ERR_INVALID_OPERATION,
               "belongs to the server");
}

static void drops_tables_with_cascade_only(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.b (v INT); CREATE USER TABLE app.a (v INT)");
    root_fails("DROP NAMESPACE app", KDB_ERR_INVALID_OPERATION,
               "namespace 'app' still has 2 table(s): a, b. Drop them first, or write DROP "
               "NAMESPACE app CASCADE");
    alice_says("INSERT INTO app.a (v) VALUES (1)", "Inserted 1 row(s)");
    root_says("DROP NAMESPACE app CASCADE", "Namespace 'app' dropped successfully");
    assert_int_equal(jobs.count, 2);
    assert_int_equal(jobs.submitted[0].kind, KDB_JOB_CLEANUP);
    assert_string_equal(jobs.submitted[0].table, "app.a");
    assert_string_equal(jobs.submitted[1].table, "app.b");
    alice_fails("SELECT * FROM app.a", KDB_ERR_TABLE_NOT_FOUND, "app.a does not exist");
    exec_fixture_setup(db, "CREATE NAMESPACE app; CREATE USER TABLE app.a (v INT)");
    alice_reads("SELECT v FROM app.a", "");
}

static void names_few_of_many_tables(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        char sql[64];
        (void)snprintf(sql, sizeof(sql), "CREATE USER TABLE app.t%02d (v INT)", i);
        exec_fixture_setup(db, sql);
    }
    root_fails("DROP NAMESPACE app", KDB_ERR_INVALID_OPERATION,
               "12 table(s): t00, t01, t02, t03, t04, t05, t06, t07, t08, t09 and 2 more");
}

static void needs_jobs_to_drop_tables(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.a (v INT)");
    db->services.jobs = NULL;
    root_fails("DROP NAMESPACE app CASCADE", KDB_ERR_UNAVAILABLE, "jobs are not running");
    root_reads("SELECT COUNT(*) FROM system.tables WHERE namespace_id = 'app'", "1\n");
}

static void shows(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.a (v INT); CREATE USER TABLE default.b (v INT)");
    const struct exec_result *result =
        exec_fixture_ok(db, "alice", KDB_ROLE_USER, "SHOW NAMESPACES");
    assert_int_equal(result->column_count, 5);
    assert_string_equal(result->columns[0], "namespace_id");
    assert_string_equal(result->columns[4], "table_count");
    assert_string_equal(result->types[2], "TIMESTAMP");
    assert_string_equal(result->types[3], "JSON");
    assert_string_equal(result->types[4], "INT");
    assert_string_equal(result->text, "app|app|2026-05-04 10:00:00|NULL|1\n"
                                      "dba|dba|2026-05-04 10:00:00|NULL|0\n"
                                      "default|default|2026-05-04 10:00:00|NULL|1\n");
}

static void switches(void **state)
{
    (void)state;
    alice_says("USE app", "Namespace switched to 'app'");
    assert_string_equal(db->space, "app");
    alice_says("USE NAMESPACE default", "Namespace switched to 'default'");
    alice_says("SET NAMESPACE app; CREATE USER TABLE t (v INT)",
               "user table app.t created successfully");
    alice_says("USE system", "Namespace switched to 'system'");
    alice_fails("USE nope", KDB_ERR_NAMESPACE_NOT_FOUND, "namespace 'nope' does not exist");
    assert_string_equal(db->space, "system");
}

static void are_for_administrators(void **state)
{
    (void)state;
    static const char *const statements[] = {
        "CREATE NAMESPACE x", "ALTER NAMESPACE app SET OPTIONS (a = 1)", "DROP NAMESPACE app"};
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        alice_fails(statements[i], KDB_ERR_PERMISSION_DENIED, "Admin privileges");
        exec_fixture_expect_error(db, "sven", KDB_ROLE_SERVICE, statements[i],
                                  KDB_ERR_PERMISSION_DENIED, "role 'service' is not allowed");
    }
    // An administrator who acts as somebody has only the rights of a user.
    root_fails("EXECUTE AS USER 'alice' (CREATE NAMESPACE x)", KDB_ERR_PERMISSION_DENIED,
               "role 'user' is not allowed to run CREATE NAMESPACE");
    dora_says("DROP NAMESPACE app", "Namespace 'app' dropped successfully");
}

static void survive_a_restart(void **state)
{
    (void)state;
    struct exec_fixture_options options = {.has_rocksdb = true};
    struct exec_fixture *first = exec_fixture_open(&options);
    exec_fixture_setup(first, "CREATE NAMESPACE kept; CREATE NAMESPACE gone; "
                              "ALTER NAMESPACE kept SET OPTIONS (a = 1); DROP NAMESPACE gone");
    char *folder = exec_fixture_close_keeping(first);
    options.folder = folder;
    struct exec_fixture *second = exec_fixture_open(&options);
    exec_fixture_expect_rows(second, "root", KDB_ROLE_SYSTEM,
                             "SELECT name, options FROM system.namespaces ORDER BY name",
                             "dba|NULL\ndefault|NULL\nkept|{\"a\":1}\n");
    kdb_test_folder_destroy(exec_fixture_close_keeping(second));
    kdb_free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(creates_and_lists),
        CASE(refuses_bad_names),
        CASE(merges_options),
        CASE(bounds_options),
        CASE(drops),
        CASE(drops_tables_with_cascade_only),
        CASE(names_few_of_many_tables),
        CASE(needs_jobs_to_drop_tables),
        CASE(shows),
        CASE(switches),
        CASE(are_for_administrators),
        CASE(survive_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
