// SPDX-License-Identifier: Apache-2.0
// CREATE, ALTER, DROP, CHECK and SHOW STORAGES.
#include <sys/stat.h>
#include <unistd.h>

#include "unit/exec/exec_case.h"

// A statement with the data folder put in for %s.
static const char *with_folder(const char *format)
{
    static char sql[1024];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(sql, sizeof(sql), format, db->folder);
#pragma GCC diagnostic pop
    return sql;
}

static void creates(void **state)
{
    (void)state;
    root_says(with_folder("CREATE STORAGE archive TYPE 'filesystem' NAME 'Archive' DESCRIPTION "
                          "'old things' PATH '%s/archive/deep//' CONFIG '{\"a\":1}'"),
              "Storage 'archive' created successfully");
    const struct exec_result *result = exec_fixture_ok(db, "alice", KDB_ROLE_USER, "SHOW STORAGES");
    assert_int_equal(result->column_count, 11);
    assert_int_equal(result->row_count, 2);
    assert_string_equal(exec_fixture_cell(result, 0, "storage_id"), "archive");
    assert_string_equal(exec_fixture_cell(result, 0, "storage_name"), "Archive");
    assert_string_equal(exec_fixture_cell(result, 0, "description"), "old things");
    assert_string_equal(exec_fixture_cell(result, 0, "storage_type"), "filesystem");
    assert_string_equal(exec_fixture_cell(result, 0, "base_directory"),
                        with_folder("%s/archive/deep"));
    assert_string_equal(exec_fixture_cell(result, 0, "credentials"), "NULL");
    assert_string_equal(exec_fixture_cell(result, 0, "config_json"), "{\"a\":1}");
    assert_string_equal(exec_fixture_cell(result, 0, "shared_tables_template"),
                        "{namespace}/{tableName}");
    assert_string_equal(exec_fixture_cell(result, 0, "user_tables_template"),
                        "{namespace}/{tableName}/{userId}");
    assert_string_equal(exec_fixture_cell(result, 1, "storage_id"), "local");
    struct stat status;
    assert_int_equal(stat(with_folder("%s/archive/deep"), &status), 0);
    assert_int_not_equal(stat(with_folder("%s/archive/deep/.kalamdb-health-check"), &status), 0);
    root_fails(with_folder("CREATE STORAGE archive TYPE filesystem PATH '%s/b'"),
               KDB_ERR_ALREADY_EXISTS, "storage 'archive' already exists");
    root_says(with_folder("CREATE STORAGE IF NOT EXISTS archive TYPE filesystem PATH '%s/b'"),
              "Storage 'archive' already exists");
    assert_int_not_equal(stat(with_folder("%s/b"), &status), 0);
}

static void refuses(void **state)
{
    (void)state;
    root_fails("CREATE STORAGE x TYPE s3 BUCKET 'b'", KDB_ERR_INVALID_OPERATION,
               "storage type 's3' is not supported yet");
    root_fails("CREATE STORAGE x TYPE filesystem", KDB_ERR_INVALID_OPERATION, "needs a PATH");
    root_fails("CREATE STORAGE x TYPE filesystem PATH ''", KDB_ERR_INVALID_OPERATION,
               "needs a PATH");
    root_fails("CREATE STORAGE x TYPE filesystem PATH 'data'", KDB_ERR_INVALID_OPERATION,
               "must be absolute");
    root_fails(with_folder("CREATE STORAGE x TYPE filesystem PATH '%s/../x'"),
               KDB_ERR_INVALID_OPERATION, "must not contain '..'");
    root_fails("CREATE STORAGE x TYPE filesystem PATH '/'", KDB_ERR_INVALID_OPERATION,
               "storage.allowed_roots");
    root_fails("CREATE STORAGE x TYPE filesystem PATH '/var/kalamdb-elsewhere'",
               KDB_ERR_INVALID_OPERATION, "storage.allowed_roots");
    root_fails(with_folder("CREATE STORAGE x TYPE filesystem PATH '%s/x' BUCKET 'b'"),
               KDB_ERR_INVALID_OPERATION, "not for storages of type filesystem");
    root_fails(with_folder("CREATE STORAGE x TYPE filesystem PATH '%s/x' CREDENTIALS '{}'"),
               KDB_ERR_INVALID_OPERATION, "not for storages of type filesystem");
    root_fails(with_folder("CREATE STORAGE \"a b\" TYPE filesystem PATH '%s/x'"),
               KDB_ERR_INVALID_OPERATION, "may hold only letters, digits");
    root_fails(with_folder("CREATE STORAGE x TYPE filesystem PATH '%s/x' CONFIG '[1]'"),
               KDB_ERR_INVALID_OPERATION, "CONFIG must be a JSON object");
    root_fails(with_folder("CREATE STORAGE x TYPE filesystem PATH '%s/x' CONFIG '{'"),
               KDB_ERR_INVALID_OPERATION, "CONFIG must be a JSON object");
    struct stat status;
    assert_int_not_equal(stat(with_folder("%s/x"), &status), 0);
    root_reads("SELECT COUNT(*) FROM system.storages", "1\n");
}

static void does_not_follow_links_out(void **state)
{
    (void)state;
    char link[512];
    (void)snprintf(link, sizeof(link), "%s/link", db->folder);
    assert_int_equal(symlink("/var", link), 0);
    root_fails(with_folder("CREATE STORAGE x TYPE filesystem PATH '%s/link/x'"),
               KDB_ERR_INVALID_OPERATION, "storage.allowed_roots");
    struct stat status;
    assert_int_not_equal(stat("/var/x", &status), 0);
}

static void templates(void **state)
{
    (void)state;
    static const struct {
        const char *clause;
        const char *part;
    } bad[] = {
        {"SHARED_TABLES_TEMPLATE '{tableName}/{namespace}'", "needs {namespace} and behind it"},
        {"SHARED_TABLES_TEMPLATE '{namespace}'", "needs {namespace} and behind it {tableName}"},
        {"SHARED_TABLES_TEMPLATE '{namespace}/{tableName}/{userId}'", "must not contain {userId}"},
        {"SHARED_TABLES_TEMPLATE ''", "must have 1 to"},
        {"USER_TABLES_TEMPLATE '{namespace}/{tableName}'", "needs {userId}"},
        {"USER_TABLES_TEMPLATE '{userId}/{namespace}/{tableName}'", "in this order"},
        {"USER_TABLES_TEMPLATE '{tableName}/{namespace}/{userId}'", "in this order"},
        {"USER_TABLES_TEMPLATE '/{namespace}/{tableName}/{userId}'", "must be relative"},
        {"USER_TABLES_TEMPLATE '../{namespace}/{tableName}/{userId}'", "must not contain '..'"},
        {"USER_TABLES_TEMPLATE '{namespace}/{shard}/{userId}'", "has a placeholder other than"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char sql[768];
        (void)snprintf(sql, sizeof(sql), "CREATE STORAGE x TYPE filesystem PATH '%s/x' %s",
                       db->folder, bad[i].clause);
        root_fails(sql, KDB_ERR_INVALID_OPERATION, bad[i].part);
    }
    root_says(with_folder("CREATE STORAGE x TYPE filesystem PATH '%s/x' USER_TABLES_TEMPLATE "
                          "'t/{namespace}_{tableName}/${user_id}' SHARED_TABLES_TEMPLATE "
                          "'s/{namespace}/x/{tableName}'"),
              "Storage 'x' created successfully");
}

static void a_folder_that_fails_the_probe(void **state)
{
    (void)state;
    if (geteuid() == 0)
        skip(); // a read-only folder means nothing to root
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/closed", db->folder);
    assert_int_equal(mkdir(path, 0500), 0);
    root_fails(with_folder("CREATE STORAGE x TYPE filesystem PATH '%s/closed'"),
               KDB_ERR_INVALID_OPERATION, "cannot be used: the folder cannot be written");
    root_reads("SELECT COUNT(*) FROM system.storages", "1\n");
    assert_int_equal(chmod(path, 0700), 0);
}

static void a_file_in_the_way(void **state)
{
    (void)state;
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/file", db->folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    (void)fclose(file);
    root_fails(with_folder("CREATE STORAGE x TYPE filesystem PATH '%s/file/x'"),
               KDB_ERR_INVALID_OPERATION, "cannot be used: Not a directory");
    root_fails(with_folder("CREATE STORAGE x TYPE filesystem PATH '%s/file'"),
               KDB_ERR_INVALID_OPERATION, "cannot be used");
    root_reads("SELECT COUNT(*) FROM system.storages", "1\n");
}

static void alters(void **state)
{
    (void)state;
    exec_fixture_setup(db, with_folder("CREATE STORAGE x TYPE filesystem PATH '%s/x'"));
    root_says("ALTER STORAGE x SET NAME 'new' SET DESCRIPTION 'd' SET CONFIG '{}' SET "
              "USER_TABLES_TEMPLATE '{namespace}-{tableName}/{userId}'",
              "Storage 'x' altered successfully");
    root_reads("SELECT storage_name, description, config_json, user_tables_template, "
               "shared_tables_template FROM system.storages WHERE storage_id = 'x'",
               "new|d|{}|{namespace}-{tableName}/{userId}|{namespace}/{tableName}\n");
    root_fails("ALTER STORAGE nope SET NAME 'x'", KDB_ERR_NOT_FOUND, "storage 'nope' not found");
    root_fails("ALTER STORAGE x SET USER_TABLES_TEMPLATE 'x'", KDB_ERR_INVALID_OPERATION,
               "needs {userId}");
    root_fails("ALTER STORAGE x SET CONFIG '5'", KDB_ERR_INVALID_OPERATION, "JSON object");
    alice_says("CREATE USER TABLE app.t (v INT) STORAGE x",
               "user table app.t created successfully");
    root_fails("ALTER STORAGE x SET USER_TABLES_TEMPLATE '{namespace}/{tableName}/u/{userId}'",
               KDB_ERR_INVALID_OPERATION, "used by 1 table(s): its templates cannot change");
    root_says("ALTER STORAGE x SET NAME 'again'", "Storage 'x' altered successfully");
}

static void drops(void **state)
{
    (void)state;
    exec_fixture_setup(db, with_folder("CREATE STORAGE x TYPE filesystem PATH '%s/x'"));
    alice_says("CREATE USER TABLE app.t (v INT) LOCATION REFERENCE 'x'",
               "user table app.t created successfully");
    alice_says("CREATE USER TABLE app.u (v INT) STORAGE x",
               "user table app.u created successfully");
    root_reads(
        "SELECT location_name, usage_count FROM system.storage_locations ORDER BY location_name",
        "local|0\nx|2\n");
    root_fails("DROP STORAGE x", KDB_ERR_INVALID_OPERATION,
               "storage 'x' is used by 2 table(s) and cannot be dropped");
    exec_fixture_setup(db, "DROP TABLE app.t; DROP TABLE app.u");
    root_says("DROP STORAGE x", "Storage 'x' dropped successfully");
    root_fails("DROP STORAGE x", KDB_ERR_NOT_FOUND, "storage 'x' not found");
    root_says("DROP STORAGE IF EXISTS x", "Storage 'x' does not exist (skipped)");
    root_fails("DROP STORAGE local", KDB_ERR_INVALID_OPERATION, "belongs to the server");
}

static void checks(void **state)
{
    (void)state;
    exec_fixture_setup(db, with_folder("CREATE STORAGE x TYPE filesystem PATH '%s/x'"));
    const struct exec_result *result = exec_fixture_ok(db, "dora", KDB_ROLE_DBA, "STORAGE CHECK x");
    assert_int_equal(result->column_count, 11);
    static const char *const claims[] = {"readable", "writable", "listable", "deletable"};
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(exec_fixture_cell(result, 0, claims[i]), "true");
    assert_string_equal(exec_fixture_cell(result, 0, "storage_id"), "x");
    assert_string_equal(exec_fixture_cell(result, 0, "status"), "healthy");
    assert_string_equal(exec_fixture_cell(result, 0, "error"), "NULL");
    assert_string_equal(exec_fixture_cell(result, 0, "total_bytes"), "NULL");
    assert_string_equal(exec_fixture_cell(result, 0, "used_bytes"), "NULL");
    assert_string_equal(exec_fixture_cell(result, 0, "tested_at"), "2026-05-04 10:00:00");
    result = exec_fixture_ok(db, "dora", KDB_ROLE_DBA, "STORAGE CHECK local EXTENDED");
    assert_string_equal(exec_fixture_cell(result, 0, "status"), "healthy");
    assert_true(strtoll(exec_fixture_cell(result, 0, "total_bytes"), NULL, 10) > 0);
    assert_true(strtoll(exec_fixture_cell(result, 0, "used_bytes"), NULL, 10) > 0);
    root_fails("STORAGE CHECK nope", KDB_ERR_NOT_FOUND, "storage 'nope' not found");
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/x", db->folder);
    assert_int_equal(rmdir(path), 0);
    result = exec_fixture_ok(db, "dora", KDB_ROLE_DBA, "STORAGE CHECK x");
    assert_string_equal(exec_fixture_cell(result, 0, "status"), "unreachable");
    assert_string_equal(exec_fixture_cell(result, 0, "readable"), "false");
    assert_non_null(strstr(exec_fixture_cell(result, 0, "error"), "cannot be written"));
}

static void tables_in_a_storage_keep_apart(void **state)
{
    (void)state;
    exec_fixture_setup(db, with_folder("CREATE STORAGE x TYPE filesystem PATH '%s/x' "
                                       "USER_TABLES_TEMPLATE 'all/{userId}'"));
    alice_says("CREATE USER TABLE app.a (v INT) STORAGE x",
               "user table app.a created successfully");
    alice_fails("CREATE USER TABLE app.b (v INT) STORAGE x", KDB_ERR_INVALID_OPERATION, "app.a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(creates),
        CASE(refuses),
        CASE(does_not_follow_links_out),
        CASE(templates),
        CASE(a_folder_that_fails_the_probe),
        CASE(a_file_in_the_way),
        CASE(alters),
        CASE(drops),
        CASE(checks),
        CASE(tables_in_a_storage_keep_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
