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

static void stream_tables_in_three_syntaxes(void **state)
{
    (void)state;
    alice_says("CREATE STREAM TABLE app.a (dev TEXT PRIMARY KEY, v INT) WITH (TTL_SECONDS = 30)",
               "stream table app.a created successfully");
    alice_says("CREATE TABLE app.b (v INT) WITH (TYPE = 'STREAM', TTL_SECONDS = '2m', MAX_BUFFER = "
               "5, EPHEMERAL = TRUE)",
               "stream table app.b created successfully");
    alice_says("CREATE STREAM TABLE app.c (id INT) TTL 60 BUFFER_SIZE 100",
               "stream table app.c created successfully");
    alice_says("CREATE STREAM TABLE app.d (v INT) RETENTION 10s MAX_BUFFER 7 EPHEMERAL",
               "stream table app.d created successfully");
    root_reads("SELECT table_name, storage_id, deleted_retention, column_family FROM system.tables "
               "WHERE namespace_id = 'app' ORDER BY table_name",
               "a|NULL|NULL|stream_table:app:a\n"
               "b|NULL|NULL|stream_table:app:b\n"
               "c|NULL|NULL|stream_table:app:c\n"
               "d|NULL|NULL|stream_table:app:d\n");
    root_reads(
        "SELECT options ->> 'ttl_seconds', options ->> 'max_buffer', options ->> 'ephemeral' "
        "FROM system.schemas WHERE namespace_id = 'app' ORDER BY table_name",
        "30|0|false\n120|5|true\n60|100|false\n10|7|true\n");
    // Nothing is added but _seq, and a key only when it is declared.
    root_reads("SELECT column_name, primary_key FROM system.columns WHERE namespace_id = 'app' AND "
               "table_name IN ('a', 'c') ORDER BY table_name, ordinal",
               "dev|true\nv|false\n_seq|false\nid|false\n_seq|false\n");
}

static void stream_options(void **state)
{
    (void)state;
    static const struct {
        const char *clauses, *part;
    } refusals[] = {
        {"", "a STREAM table needs TTL_SECONDS"},
        {"WITH (MAX_BUFFER = 5)", "a STREAM table needs TTL_SECONDS"},
        {"WITH (TTL_SECONDS = 0)", "TTL_SECONDS: rows are kept for 1 second to 3650 days"},
        {"WITH (TTL_SECONDS = 'off')", "TTL_SECONDS: rows are kept for 1 second to 3650 days"},
        {"WITH (TTL_SECONDS = '1500ms')", "in whole seconds, not '1500ms'"},
        {"WITH (TTL_SECONDS = '4000d')", "TTL_SECONDS: rows are kept for 1 second to 3650 days"},
        {"WITH (TTL_SECONDS = 5, RETENTION = 5)", "how long rows are kept is given twice"},
        {"TTL 5 WITH (TTL_SECONDS = 5)", "how long rows are kept is given twice"},
        {"TTL 5 MAX_BUFFER 0", "MAX_BUFFER must be between 1 and 100000000 rows, not '0'"},
        {"TTL 5 MAX_BUFFER 5 WITH (MAX_BUFFER = 5)", "MAX_BUFFER is given twice"},
        {"WITH (TTL_SECONDS = 5, EPHEMERAL = 3)", "option EPHEMERAL: must be TRUE or FALSE"},
        {"TTL 5 LOCATION '/x'", "LOCATION is not for STREAM tables"},
        {"TTL 5 STORAGE local", "a storage is not for STREAM tables"},
        {"TTL 5 FLUSH ROWS 5", "FLUSH is not for STREAM tables"},
        {"TTL 5 WITH (FLUSH_POLICY = 'rows:5')", "option FLUSH_POLICY: is not for STREAM tables"},
        {"TTL 5 WITH (STORAGE_ID = 'local')", "option STORAGE_ID: is not for STREAM tables"},
        {"TTL 5 WITH (DELETED_RETENTION = '7d')", "DELETED_RETENTION: is not for STREAM tables"},
        {"TTL 5 WITH (ACCESS_LEVEL = 'public')", "ACCESS_LEVEL: is only for SHARED tables"},
        {"TTL 5 USE_USER_STORAGE", "USE_USER_STORAGE is only for USER tables"},
    };
    char sql[256];
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        (void)snprintf(sql, sizeof(sql), "CREATE STREAM TABLE app.t (v INT) %s",
                       refusals[i].clauses);
        alice_fails(sql, KDB_ERR_INVALID_OPERATION, refusals[i].part);
    }
}

static void move_clock(int64_t ms)
{
    atomic_fetch_add(&db->now_us, ms * 1000);
}

static void stream_rows(void **state)
{
    (void)state;
    alice_says("CREATE STREAM TABLE app.s (dev TEXT PRIMARY KEY, v INT NOT NULL DEFAULT 7) WITH "
               "(TTL_SECONDS = 10)",
               "stream table app.s created successfully");
    alice_says("INSERT INTO app.s VALUES ('a', 1), ('a', 2), ('b', 3)", "Inserted 3 row(s)");
    dora_says("INSERT INTO app.s (dev) VALUES ('a')", "Inserted 1 row(s)");
    alice_reads("SELECT dev, v FROM app.s", "a|1\na|2\nb|3\n");
    alice_reads("SELECT v FROM app.s WHERE dev = 'a' ORDER BY _seq DESC", "2\n1\n");
    exec_fixture_expect_rows(db, "dora", KDB_ROLE_DBA, "SELECT dev, v FROM app.s", "a|7\n");
    alice_reads("SELECT dev, COUNT(*), SUM(v) FROM app.s GROUP BY dev ORDER BY dev",
                "a|2|3\nb|1|3\n");
    alice_reads("SELECT x.v, y.v FROM app.s AS x JOIN app.s AS y ON x.dev = y.dev AND x.v < y.v",
                "1|2\n");
    alice_reads("SELECT COUNT(*) FROM app.s WHERE _seq >= (SELECT MAX(_seq) FROM app.s)", "1\n");
    alice_fails("INSERT INTO app.s VALUES ('c', NULL)", KDB_ERR_CONSTRAINT, "NOT NULL");
    alice_fails("UPDATE app.s SET v = 1 WHERE v = 2", KDB_ERR_INVALID_OPERATION,
                "UPDATE is not supported on STREAM tables");
    alice_fails("SELECT _deleted FROM app.s", KDB_ERR_COLUMN_NOT_FOUND, "_deleted");
    root_fails("STORAGE FLUSH TABLE app.s", KDB_ERR_INVALID_OPERATION, "STREAM");
    alice_says("INSERT INTO app.s SELECT dev, v + 10 FROM app.s", "Inserted 3 row(s)");
    alice_reads("SELECT v FROM app.s", "1\n2\n3\n11\n12\n13\n");
}

// The _seq of the row with a value, as text.
static const char *seq_of(int v)
{
    char sql[64];
    (void)snprintf(sql, sizeof(sql), "SELECT _seq FROM app.s WHERE v = %d", v);
    return exec_fixture_ok(db, "alice", KDB_ROLE_USER, sql)->cells[0];
}

static void stream_keys(void **state)
{
    (void)state;
    alice_says("CREATE STREAM TABLE app.s (v INT) TTL 10",
               "stream table app.s created successfully");
    alice_says("INSERT INTO app.s VALUES (1), (2), (3)", "Inserted 3 row(s)");
    char sql[128];
    (void)snprintf(sql, sizeof(sql), "SELECT v FROM app.s WHERE _seq = %s", seq_of(2));
    alice_reads(sql, "2\n");
    (void)snprintf(sql, sizeof(sql), "SELECT v FROM app.s WHERE _seq > %s", seq_of(1));
    alice_reads(sql, "2\n3\n");
    move_clock(10000);
    (void)snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM app.s WHERE _seq IN (1, 2)");
    alice_reads(sql, "0\n");
}

static void stream_deletes(void **state)
{
    (void)state;
    alice_says("CREATE STREAM TABLE app.s (v INT) TTL 10",
               "stream table app.s created successfully");
    alice_says("INSERT INTO app.s SELECT * FROM generate_series(1, 9)", "Inserted 9 row(s)");
    alice_says("DELETE FROM app.s WHERE v = 5", "Deleted 1 row(s)");
    alice_says("DELETE FROM app.s WHERE v = 5", "Deleted 0 row(s)");
    dora_says("DELETE FROM app.s WHERE TRUE", "Deleted 0 row(s)");
    alice_says("DELETE FROM app.s WHERE v IN (SELECT MAX(v) FROM app.s) OR v < 3",
               "Deleted 3 row(s)");
    char sql[128];
    (void)snprintf(sql, sizeof(sql), "DELETE FROM app.s WHERE _seq = %s", seq_of(4));
    alice_says(sql, "Deleted 1 row(s)");
    alice_reads("SELECT v FROM app.s", "3\n6\n7\n8\n");
    alice_reads("SHOW STATS FOR TABLE app.s", "s|app|1|4|0|0|724\n");
    root_reads("SELECT user_id, hot_rows, live_rows, last_flush_at FROM "
               "system.user_table_counters",
               "alice|4|4|NULL\n");
}

static void stream_rows_expire(void **state)
{
    (void)state;
    alice_says("CREATE STREAM TABLE app.s (v INT) TTL 10",
               "stream table app.s created successfully");
    alice_says("INSERT INTO app.s VALUES (1)", "Inserted 1 row(s)");
    move_clock(9000);
    alice_says("INSERT INTO app.s VALUES (2)", "Inserted 1 row(s)");
    move_clock(999);
    alice_reads("SELECT v FROM app.s", "1\n2\n");
    // To the millisecond, by both ways, whether it was removed by then or not.
    move_clock(1);
    alice_reads("SELECT v FROM app.s", "2\n");
    alice_reads("SELECT COUNT(*) FROM app.s", "1\n");
    alice_says("DELETE FROM app.s WHERE v = 1", "Deleted 0 row(s)");
    move_clock(9000);
    alice_reads("SELECT v FROM app.s", "");
    alice_reads("SELECT COUNT(*) FROM app.s", "0\n");
}

static void ephemeral_streams(void **state)
{
    (void)state;
    alice_says("CREATE STREAM TABLE app.s (v INT) TTL 10 EPHEMERAL",
               "stream table app.s created successfully");
    alice_says("INSERT INTO app.s VALUES (1)", "Inserted 1 row(s)");
    alice_reads("SELECT v FROM app.s", "");
    const char *id = exec_fixture_ok(db, "root", KDB_ROLE_SYSTEM,
                                     "SELECT table_id FROM system.tables WHERE table_name = 's'")
                         ->cells[0];
    struct kdb_partition *partition;
    assert_int_equal(kdb_partition_open(db->services.partitions, &db->ctx,
                                        (uint32_t)strtoul(id, NULL, 10), KDB_LIT("alice"),
                                        KDB_READ_ANY, &partition),
                     KDB_OK);
    atomic_store(&partition->subscriptions, 1);
    alice_says("INSERT INTO app.s VALUES (2)", "Inserted 1 row(s)");
    alice_reads("SELECT v FROM app.s", "2\n");
    alice_reads("SELECT COUNT(*) FROM app.s", "1\n");
    atomic_store(&partition->subscriptions, 0);
    alice_reads("SELECT v FROM app.s", "");
    alice_reads("SELECT COUNT(*) FROM app.s", "0\n");
    kdb_partition_unref(partition);
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
        CASE(stream_tables_in_three_syntaxes),
        CASE(stream_options),
        CASE(stream_rows),
        CASE(stream_keys),
        CASE(stream_deletes),
        CASE(stream_rows_expire),
        CASE(ephemeral_streams),
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
