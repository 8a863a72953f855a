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

static void stream_tables_come_later(void **state)
{
    (void)state;
    root_fails("CREATE STREAM TABLE app.t (id INT) WITH (TTL_SECONDS = 30)",
               KDB_ERR_INVALID_OPERATION, "STREAM tables are not supported yet");
    root_fails("CREATE TABLE app.t (id INT) WITH (TYPE = 'stream')", KDB_ERR_INVALID_OPERATION,
               "STREAM tables are not supported yet");
    root_reads("SELECT COUNT(*) FROM system.tables WHERE namespace_id = 'app'", "0\n");
}

static void shared_tables_in_three_syntaxes(void **state)
{
    (void)state;
    root_says("CREATE TABLE app.a (id INT PRIMARY KEY)", "shared table app.a created successfully");
    root_says("CREATE SHARED TABLE app.b (id INT PRIMARY KEY) ACCESS LEVEL Public",
              "shared table app.b created successfully");
    root_says("CREATE TABLE app.c (v TEXT) WITH (TYPE = 'SHARED', ACCESS_LEVEL = 'restricted', "
              "FLUSH_POLICY = 'rows:5')",
              "shared table app.c created successfully");
    root_says("CREATE SHARED TABLE app.d (v TEXT) FLUSH POLICY ROWS 7 WITH (access_level = DBA)",
              "shared table app.d created successfully");
    root_reads("SELECT table_name, table_type, access_level, flush_policy, column_family FROM "
               "system.tables WHERE namespace_id = 'app' ORDER BY table_name",
               "a|shared|private|NULL|shared_table:app:a\n"
               "b|shared|public|NULL|shared_table:app:b\n"
               "c|shared|restricted|rows:5|shared_table:app:c\n"
               "d|shared|dba|rows:7|shared_table:app:d\n");
    root_reads("SELECT access_level FROM system.schemas WHERE table_name = 'b'", "public\n");
    root_reads("SELECT options FROM system.schemas WHERE table_name = 'b'",
               "{\"table_type\":\"SHARED\",\"storage_id\":\"local\",\"use_user_storage\":false,"
               "\"flush_policy\":null,\"deleted_retention\":\"off\",\"access_level\":\"public\","
               "\"compression\":\"zstd\"}\n");
    root_fails("CREATE SHARED TABLE app.e (v INT) ACCESS LEVEL secret", KDB_ERR_INVALID_OPERATION,
               "ACCESS LEVEL must be PUBLIC, PRIVATE, RESTRICTED or DBA, not 'secret'");
    root_fails("CREATE SHARED TABLE app.e (v INT) WITH (ACCESS_LEVEL = 'x')",
               KDB_ERR_INVALID_OPERATION, "option ACCESS_LEVEL: must be PUBLIC, PRIVATE");
    root_fails("CREATE SHARED TABLE app.e (v INT) ACCESS LEVEL dba WITH (ACCESS_LEVEL = 'dba')",
               KDB_ERR_INVALID_OPERATION, "an ACCESS LEVEL clause too");
    root_fails("CREATE SHARED TABLE app.e (v INT) WITH (USE_USER_STORAGE = TRUE)",
               KDB_ERR_INVALID_OPERATION, "is only for USER tables");
    root_fails("CREATE SHARED TABLE app.e (v INT) USE_USER_STORAGE", KDB_ERR_INVALID_OPERATION,
               "is only for USER tables");
    root_fails("CREATE SHARED TABLE app.e (v INT) LOCATION 'x/${user_id}'",
               KDB_ERR_INVALID_OPERATION, "of a SHARED table must not contain ${user_id}");
    char sql[512];
    (void)snprintf(sql, sizeof(sql), "CREATE SHARED TABLE app.e (v INT) LOCATION '%s/all/e'",
                   db->folder);
    root_says(sql, "shared table app.e created successfully");
}

static void who_creates_shared_tables(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE NAMESPACE alice; CREATE NAMESPACE dora; CREATE NAMESPACE sam");
    alice_says("CREATE TABLE alice.t (v INT)", "user table alice.t created successfully");
    exec_fixture_expect_message(db, "sam", KDB_ROLE_SERVICE, "CREATE TABLE sam.t (v INT)",
                                "user table sam.t created successfully");
    exec_fixture_expect_message(db, "sam", KDB_ROLE_SERVICE, "CREATE SHARED TABLE sam.s (v INT)",
                                "shared table sam.s created successfully");
    exec_fixture_expect_message(db, "sam", KDB_ROLE_SERVICE, "CREATE TABLE app.t (v INT)",
                                "shared table app.t created successfully");
    dora_says("CREATE TABLE dora.t (v INT)", "shared table dora.t created successfully");
    alice_fails("CREATE TABLE app.u (v INT)", KDB_ERR_PERMISSION_DENIED,
                "role 'user' is not allowed to create SHARED tables");
    alice_fails("CREATE SHARED TABLE alice.s (v INT)", KDB_ERR_PERMISSION_DENIED,
                "role 'user' is not allowed to create SHARED tables");
    dora_fails("EXECUTE AS USER 'alice' (CREATE SHARED TABLE app.u (v INT))",
               KDB_ERR_PERMISSION_DENIED, "not allowed to create SHARED tables");
}

static void shared_rows_belong_to_everyone(void **state)
{
    (void)state;
    root_says("CREATE SHARED TABLE app.s (id INT PRIMARY KEY, v TEXT) ACCESS LEVEL public",
              "shared table app.s created successfully");
    root_says("INSERT INTO app.s VALUES (1, 'root')", "Inserted 1 row(s)");
    dora_fails("INSERT INTO app.s VALUES (1, 'dora')", KDB_ERR_ALREADY_EXISTS,
               "primary key violation: id = 1 already exists");
    dora_says("INSERT INTO app.s VALUES (2, 'dora')", "Inserted 1 row(s)");
    dora_says("UPDATE app.s SET v = 'both' WHERE id = 1", "Updated 1 row(s)");
    alice_reads("SELECT id, v FROM app.s", "1|both\n2|dora\n");
    alice_reads("SELECT COUNT(*) FROM app.s", "2\n");
    alice_fails("DELETE FROM app.s WHERE id = 1", KDB_ERR_PERMISSION_DENIED,
                "role 'user' may not change app.s");
    dora_says("DELETE FROM app.s WHERE id = 1", "Deleted 1 row(s)");
    root_reads("SELECT id FROM app.s", "2\n");
    root_reads("SELECT user_id, table_id, hot_rows, live_rows FROM system.user_table_counters",
               "NULL|app:s|2|1\n");
    alice_reads("SHOW STATS FOR TABLE app.s", "s|app|1|1|0|0|NULL\n");
    root_says("CREATE SHARED TABLE app.p (id INT PRIMARY KEY)",
              "shared table app.p created successfully");
    alice_fails("SHOW STATS FOR TABLE app.p", KDB_ERR_PERMISSION_DENIED, "may not read app.p");
    alice_reads("EXECUTE AS USER 'bob' (SELECT id FROM app.s)", "2\n");
    dora_fails("EXECUTE AS USER 'bob' (INSERT INTO app.s VALUES (3, 'x'))",
               KDB_ERR_INVALID_OPERATION, "EXECUTE AS USER is not allowed on SHARED tables");
    dora_fails("EXECUTE AS USER 'bob' (SELECT id FROM app.p)", KDB_ERR_PERMISSION_DENIED,
               "may not read app.p");
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
        CASE(stream_tables_come_later),
        CASE(shared_tables_in_three_syntaxes),
        CASE(who_creates_shared_tables),
        CASE(shared_rows_belong_to_everyone),
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
