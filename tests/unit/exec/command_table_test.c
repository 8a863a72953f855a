// SPDX-License-Identifier: Apache-2.0
// CREATE TABLE from the outside: messages, namespaces, what is there afterwards.
#include <unistd.h>

#include "unit/exec/exec_case.h"

static void creates_in_three_syntaxes(void **state)
{
    (void)state;
    alice_says("CREATE USER TABLE app.a (id BIGINT PRIMARY KEY, v TEXT)",
               "user table app.a created successfully");
    alice_says("CREATE TABLE app.b (id BIGINT PRIMARY KEY) WITH (TYPE = 'USER', FLUSH_POLICY = "
               "'rows:500,interval:60')",
               "user table app.b created successfully");
    alice_says("CREATE USER TABLE app.c (msg TEXT) FLUSH POLICY ROWS 500 INTERVAL '2 minutes' WITH "
               "(deleted_retention = '7d')",
               "user table app.c created successfully");
    root_reads("SELECT table_name, table_type, flush_policy, deleted_retention, owner, "
               "column_family FROM system.tables WHERE namespace_id = 'app' ORDER BY table_name",
               "a|user|NULL|off|alice|user_table:app:a\n"
               "b|user|rows:500,interval:60|off|alice|user_table:app:b\n"
               "c|user|rows:500,interval:120|7d|alice|user_table:app:c\n");
}

static void existing_tables(void **state)
{
    (void)state;
    alice_says("CREATE USER TABLE app.t (v INT)", "user table app.t created successfully");
    alice_fails("CREATE USER TABLE app.t (v INT)", KDB_ERR_ALREADY_EXISTS,
                "Table app.t already exists");
    alice_says("CREATE USER TABLE IF NOT EXISTS app.t (v INT)", "Table app.t already exists");
    // What is there counts, not whether the statement would have been right.
    alice_says("CREATE TABLE IF NOT EXISTS app.t (v NOTATYPE)", "Table app.t already exists");
    root_reads("SELECT COUNT(*) FROM system.tables WHERE namespace_id = 'app'", "1\n");
}

static void needs_a_namespace(void **state)
{
    (void)state;
    alice_fails("CREATE USER TABLE nope.t (v INT)", KDB_ERR_NAMESPACE_NOT_FOUND,
                "namespace 'nope' does not exist. Create it first with CREATE NAMESPACE nope");
    alice_says("CREATE USER TABLE t (v INT)", "user table default.t created successfully");
    static const char *const virtual_spaces[] = {"system", "information_schema", "pg_catalog",
                                                 "datafusion"};
    for (size_t i = 0; i < 4; i++) {
        char sql[96];
        (void)snprintf(sql, sizeof(sql), "CREATE USER TABLE %s.t (v INT)", virtual_spaces[i]);
        root_fails(sql, KDB_ERR_INVALID_OPERATION, "system tables are managed by the server");
    }
}

static void refuses_bad_names(void **state)
{
    (void)state;
    alice_fails("CREATE USER TABLE app.\"Notes\" (v INT)", KDB_ERR_INVALID_OPERATION,
                "table name 'Notes' must begin with a lower-case letter");
    alice_fails("CREATE USER TABLE app._notes (v INT)", KDB_ERR_INVALID_OPERATION,
                "must begin with a lower-case letter");
    alice_fails("CREATE USER TABLE app.\"no-tes\" (v INT)", KDB_ERR_INVALID_OPERATION,
                "table name 'no-tes' may hold only lower-case letters, digits and underscores");
    alice_fails("CREATE USER TABLE app.\"../x\" (v INT)", KDB_ERR_INVALID_OPERATION,
                "must begin with a lower-case letter");
    alice_says("CREATE USER TABLE app.Notes (v INT)", "user table app.notes created successfully");
}

static void other_kinds_come_later(void **state)
{
    (void)state;
    root_fails("CREATE TABLE app.t (id INT PRIMARY KEY)", KDB_ERR_INVALID_OPERATION,
               "SHARED tables are not supported yet");
    root_fails("CREATE SHARED TABLE app.t (id INT PRIMARY KEY)", KDB_ERR_INVALID_OPERATION,
               "SHARED tables are not supported yet");
    root_fails("CREATE STREAM TABLE app.t (id INT) WITH (TTL_SECONDS = 30)",
               KDB_ERR_INVALID_OPERATION, "STREAM tables are not supported yet");
    root_fails("CREATE TABLE app.t (id INT) WITH (TYPE = 'stream')", KDB_ERR_INVALID_OPERATION,
               "STREAM tables are not supported yet");
    root_reads("SELECT COUNT(*) FROM system.tables WHERE namespace_id = 'app'", "0\n");
}

static void ones_own_namespace_makes_user_tables(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE NAMESPACE alice; CREATE NAMESPACE dora");
    alice_says("CREATE TABLE alice.t (v INT)", "user table alice.t created successfully");
    alice_fails("CREATE TABLE app.t (v INT)", KDB_ERR_INVALID_OPERATION, "SHARED tables");
    alice_fails("CREATE SHARED TABLE alice.s (v INT)", KDB_ERR_INVALID_OPERATION, "SHARED tables");
    dora_fails("CREATE TABLE dora.t (v INT)", KDB_ERR_INVALID_OPERATION, "SHARED tables");
}

static void storages_must_exist(void **state)
{
    (void)state;
    alice_fails("CREATE USER TABLE app.t (v INT) LOCATION REFERENCE 'archive'", KDB_ERR_NOT_FOUND,
                "storage 'archive' does not exist");
    alice_fails("CREATE USER TABLE app.t (v INT) STORAGE archive", KDB_ERR_NOT_FOUND,
                "storage 'archive' does not exist");
    alice_fails("CREATE USER TABLE app.t (v INT) WITH (STORAGE_ID = 'archive')", KDB_ERR_NOT_FOUND,
                "storage 'archive' does not exist");
    alice_says("CREATE USER TABLE app.t (v INT) LOCATION REFERENCE 'local'",
               "user table app.t created successfully");
    alice_says("CREATE USER TABLE app.u (v INT) WITH (STORAGE_ID = 'local')",
               "user table app.u created successfully");
    root_reads("SELECT usage_count FROM system.storage_locations WHERE location_name = 'local'",
               "2\n");
}

static void user_locations_name_the_user(void **state)
{
    (void)state;
    alice_fails("CREATE USER TABLE app.t (v INT) LOCATION '/srv/notes'", KDB_ERR_INVALID_OPERATION,
                "must contain ${user_id}");
    alice_fails("CREATE USER TABLE app.t (v INT) LOCATION ''", KDB_ERR_INVALID_OPERATION,
                "LOCATION must not be empty");
    alice_fails("CREATE USER TABLE app.t (v INT) LOCATION '/srv/${user_id}/notes'",
                KDB_ERR_INVALID_OPERATION, "storage.allowed_roots");
    char sql[512];
    (void)snprintf(sql, sizeof(sql), "CREATE USER TABLE app.t (v INT) LOCATION '%s/x/${user_id}'",
                   db->folder);
    alice_says(sql, "user table app.t created successfully");
    (void)snprintf(sql, sizeof(sql), "CREATE USER TABLE app.u (v INT) LOCATION '%s/x/${user_id}/u'",
                   db->folder);
    alice_fails(sql, KDB_ERR_INVALID_OPERATION, "app.t");
    (void)snprintf(sql, sizeof(sql), "%s/x/${user_id}\n", db->folder);
    root_reads("SELECT location FROM system.tables WHERE table_name = 't'", sql);
}

static void a_failed_commit_leaves_nothing(void **state)
{
    (void)state;
    kdb_store_mem_fail_commits(db->services.store, 0, KDB_ERR_DISK_FULL);
    alice_fails("CREATE USER TABLE app.t (v INT)", KDB_ERR_DISK_FULL, "disk is full");
    root_fails("CREATE NAMESPACE x", KDB_ERR_DISK_FULL, "disk is full");
    root_reads("SELECT COUNT(*) FROM system.tables WHERE namespace_id = 'app'", "0\n");
    root_reads("SELECT COUNT(*) FROM system.namespaces", "3\n");
    kdb_store_mem_fail_commits(db->services.store, 0, KDB_OK);
    alice_says("CREATE USER TABLE app.t (v INT)", "user table app.t created successfully");
    alice_says("INSERT INTO app.t (v) VALUES (1)", "Inserted 1 row(s)");
}

// Whether a file below the data folder is there.
static bool has_file(const char *path)
{
    char full[512];
    (void)snprintf(full, sizeof(full), "%s/%s", db->folder, path);
    return access(full, F_OK) == 0;
}

static void schema_files_come_and_go(void **state)
{
    (void)state;
    static const char *const files[] = {"schemas/app/t/schema_v1.json",
                                        "schemas/app/t/manifest.json",
                                        "schemas/app/t/current.json"};
    alice_says("CREATE USER TABLE app.t (v INT)", "user table app.t created successfully");
    for (size_t i = 0; i < 3; i++)
        assert_true(has_file(files[i]));
    alice_says("DROP TABLE app.t", "Table app.t dropped successfully. Cleanup job: CL-1");
    for (size_t i = 0; i < 3; i++)
        assert_false(has_file(files[i]));
    // Nothing stays of a table that did not become one.
    kdb_store_mem_fail_commits(db->services.store, 0, KDB_ERR_DISK_FULL);
    alice_fails("CREATE USER TABLE app.t (v INT)", KDB_ERR_DISK_FULL, "disk is full");
    for (size_t i = 0; i < 3; i++)
        assert_false(has_file(files[i]));
}

static void a_folder_that_cannot_be_written(void **state)
{
    (void)state;
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/schemas", db->folder);
    (void)rmdir(path);
    FILE *file = fopen(path, "we"); // where the folder should be
    assert_non_null(file);
    (void)fclose(file);
    alice_fails("CREATE USER TABLE app.t (v INT)", KDB_ERR_IO, "");
    root_reads("SELECT COUNT(*) FROM system.tables WHERE namespace_id = 'app'", "0\n");
    (void)unlink(path);
    alice_says("CREATE USER TABLE app.t (v INT)", "user table app.t created successfully");
}

static void tables_survive_a_restart(void **state)
{
    (void)state;
    struct exec_fixture_options options = {.has_rocksdb = true};
    struct exec_fixture *first = exec_fixture_open(&options);
    exec_fixture_setup(
        first, "CREATE USER TABLE t (id BIGINT PRIMARY KEY, price DECIMAL(10,2) DEFAULT "
               "1.5, note TEXT NOT NULL DEFAULT 'it''s' COMMENT 'why', at TIMESTAMP DEFAULT "
               "NOW()) WITH (FLUSH_POLICY = 'rows:7'); INSERT INTO t (id) VALUES (1)");
    const char *before = exec_fixture_ok(first, "root", KDB_ROLE_SYSTEM, "DESCRIBE TABLE t")->text;
    char *kept = kdb_alloc_text(before, strlen(before));
    char *folder = exec_fixture_close_keeping(first);
    options.folder = folder;
    struct exec_fixture *second = exec_fixture_open(&options);
    exec_fixture_expect_rows(second, "root", KDB_ROLE_SYSTEM, "DESCRIBE TABLE t", kept);
    exec_fixture_expect_rows(second, "root", KDB_ROLE_SYSTEM, "SELECT id, price, note FROM t",
                             "1|1.50|it's\n");
    exec_fixture_expect_message(second, "root", KDB_ROLE_SYSTEM, "CREATE USER TABLE u (v INT)",
                                "user table default.u created successfully");
    kdb_test_folder_destroy(exec_fixture_close_keeping(second));
    kdb_free(folder);
    kdb_free(kept);
}

static void users_have_their_own_rows(void **state)
{
    (void)state;
    alice_says("CREATE USER TABLE app.t (id INT PRIMARY KEY, v TEXT)",
               "user table app.t created successfully");
    alice_says("INSERT INTO app.t (id, v) VALUES (1, 'alice')", "Inserted 1 row(s)");
    dora_says("INSERT INTO app.t (id, v) VALUES (1, 'dora')", "Inserted 1 row(s)");
    alice_reads("SELECT v FROM app.t", "alice\n");
    // Made as somebody else, a table belongs to them.
    root_says("EXECUTE AS USER 'bob' (CREATE USER TABLE app.of_bob (v INT))",
              "user table app.of_bob created successfully");
    root_reads("SELECT owner FROM system.tables WHERE table_name = 'of_bob'", "bob\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(creates_in_three_syntaxes),
        CASE(existing_tables),
        CASE(needs_a_namespace),
        CASE(refuses_bad_names),
        CASE(other_kinds_come_later),
        CASE(ones_own_namespace_makes_user_tables),
        CASE(storages_must_exist),
        CASE(user_locations_name_the_user),
        CASE(a_failed_commit_leaves_nothing),
        CASE(schema_files_come_and_go),
        CASE(a_folder_that_cannot_be_written),
        CASE(tables_survive_a_restart),
        CASE(users_have_their_own_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
