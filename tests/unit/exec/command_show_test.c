// SPDX-License-Identifier: Apache-2.0
// SHOW TABLES, DESCRIBE TABLE, SHOW STATS: for every role, without telling of others' rows.
#include "unit/exec/exec_case.h"

static void show_tables(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.b (v INT); CREATE USER TABLE app.a (v INT);"
                           "CREATE USER TABLE t (v INT)");
    const struct exec_result *result = exec_fixture_ok(db, "alice", KDB_ROLE_USER, "SHOW TABLES");
    assert_int_equal(result->column_count, 14);
    static const char *const names[] = {
        "table_id",       "table_name", "namespace_id",  "table_type",      "created_at",
        "schema_version", "columns",    "table_comment", "updated_at",      "options",
        "access_level",   "is_latest",  "storage_id",    "use_user_storage"};
    for (size_t i = 0; i < 14; i++)
        assert_string_equal(result->columns[i], names[i]);
    assert_int_equal(result->row_count, 3);
    assert_string_equal(exec_fixture_cell(result, 0, "table_id"), "app:a");
    assert_string_equal(exec_fixture_cell(result, 1, "table_id"), "app:b");
    assert_string_equal(exec_fixture_cell(result, 2, "table_id"), "default:t");
    result = exec_fixture_ok(db, "alice", KDB_ROLE_USER, "SHOW TABLES IN NAMESPACE default");
    assert_int_equal(result->row_count, 1);
    result = exec_fixture_ok(db, "alice", KDB_ROLE_USER, "SHOW TABLES IN nope");
    assert_int_equal(result->row_count, 0);
    result = exec_fixture_ok(db, "alice", KDB_ROLE_USER, "SHOW TABLES IN information_schema");
    assert_int_equal(result->row_count, 3);
    assert_string_equal(exec_fixture_cell(result, 0, "table_type"), "system");
}

static void describe(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE t (id BIGINT DEFAULT SNOWFLAKE_ID(), v TEXT NOT NULL "
                           "DEFAULT 'x' COMMENT 'why')");
    static const char rows[] =
        "id|1|1|BIGINT|false|true|SNOWFLAKE_ID()|NULL|1|user_table:default:t|NULL\n"
        "v|2|2|TEXT|false|false|'x'|why|1|user_table:default:t|NULL\n"
        "_seq|3|-1|BIGINT|false|false|NULL|NULL|1|user_table:default:t|NULL\n"
        "_updated|4|-2|TIMESTAMP|false|false|NULL|NULL|1|user_table:default:t|NULL\n"
        "_deleted|5|-3|BOOLEAN|false|false|FALSE|NULL|1|user_table:default:t|NULL\n";
    alice_reads("DESCRIBE TABLE t", rows);
    alice_reads("DESC TABLE default.t", rows);
    alice_reads("DESCRIBE TABLE t HISTORY", rows);
    root_reads("DESCRIBE t", rows);
    alice_fails("DESCRIBE t", KDB_ERR_PERMISSION_DENIED, "Admin privileges");
    const struct exec_result *result =
        exec_fixture_ok(db, "alice", KDB_ROLE_USER, "DESCRIBE TABLE t");
    static const char *const names[] = {
        "column_name",    "ordinal_position", "column_id",      "data_type",      "is_nullable",
        "is_primary_key", "column_default",   "column_comment", "schema_version", "column_family"};
    static const char *const types[] = {"TEXT",    "INT",  "BIGINT", "TEXT", "BOOLEAN",
                                        "BOOLEAN", "TEXT", "TEXT",   "INT",  "TEXT"};
    for (size_t i = 0; i < 10; i++) {
        assert_string_equal(result->columns[i], names[i]);
        assert_string_equal(result->types[i], types[i]);
    }
    alice_fails("DESCRIBE TABLE app.nope", KDB_ERR_TABLE_NOT_FOUND, "app.nope does not exist");
    result = exec_fixture_ok(db, "alice", KDB_ROLE_USER, "DESCRIBE TABLE system.stats");
    assert_string_equal(result->text, "metric_name|1|1|TEXT|false|false|NULL|NULL|1|"
                                      "system_table:system:stats|NULL\n"
                                      "metric_value|2|2|TEXT|false|false|NULL|NULL|1|"
                                      "system_table:system:stats|NULL\n");
}

static void show_stats(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.t (id INT PRIMARY KEY)");
    alice_says("INSERT INTO app.t (id) VALUES (1), (2)", "Inserted 2 row(s)");
    dora_says("INSERT INTO app.t (id) VALUES (1)", "Inserted 1 row(s)");
    alice_reads("SHOW STATS FOR TABLE app.t", "t|app|1|2|0|0|NULL\n");
    alice_reads("SHOW TABLE STATS app.t", "t|app|1|2|0|0|NULL\n");
    exec_fixture_expect_rows(db, "bob", KDB_ROLE_SERVICE, "SHOW STATS FOR TABLE app.t",
                             "t|app|1|0|0|0|NULL\n");
    exec_fixture_expect_rows(db, "dora", KDB_ROLE_DBA, "SHOW STATS FOR TABLE app.t",
                             "t|app|1|3|0|0|NULL\n");
    const struct exec_result *result =
        exec_fixture_ok(db, "alice", KDB_ROLE_USER, "SHOW STATS FOR TABLE app.t");
    static const char *const names[] = {"table_name",   "namespace",        "schema_version",
                                        "logical_rows", "flushed_segments", "active_streams",
                                        "memory_bytes"};
    for (size_t i = 0; i < 7; i++)
        assert_string_equal(result->columns[i], names[i]);
    alice_fails("SHOW STATS FOR TABLE app.nope", KDB_ERR_TABLE_NOT_FOUND, "app.nope");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(show_tables),
        CASE(describe),
        CASE(show_stats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
