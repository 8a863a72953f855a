// SPDX-License-Identifier: Apache-2.0
// Commands and system tables over flushed rows, with the real jobs: flush, manifests, EXPLAIN's
// pruning, the folders that DROP TABLE takes away.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/exec_fixture.h"
#include "lib/test.h"

static struct exec_fixture *db;

static int open_flushed(void **state)
{
    (void)state;
    const struct exec_fixture_options options = {.has_jobs = true};
    db = exec_fixture_open(&options);
    exec_fixture_setup(db, "CREATE NAMESPACE app; CREATE USER TABLE app.t (id INT PRIMARY KEY, v "
                           "TEXT, n INT)");
    (void)exec_fixture_ok(db, "alice", KDB_ROLE_USER,
                          "INSERT INTO app.t (id, v, n) VALUES (1, 'a', 10), (2, 'b', 20)");
    (void)exec_fixture_ok(db, "o'neil", KDB_ROLE_USER,
                          "INSERT INTO app.t (id, v, n) VALUES (1, 'secret', 99)");
    exec_fixture_flush(db, "app.t");
    (void)exec_fixture_ok(db, "alice", KDB_ROLE_USER,
                          "INSERT INTO app.t (id, v, n) VALUES (7, 'g', 70), (8, 'h', 80)");
    exec_fixture_flush(db, "app.t");
    (void)exec_fixture_ok(db, "alice", KDB_ROLE_USER,
                          "INSERT INTO app.t (id, v, n) VALUES (9, 'i', 90)");
    return 0;
}

static int close_flushed(void **state)
{
    (void)state;
    exec_fixture_close(db);
    return 0;
}

static void manifests(void **state)
{
    (void)state;
    exec_fixture_expect_rows(
        db, "root", KDB_ROLE_SYSTEM,
        "SELECT cache_key, namespace_id, table_name, scope, sync_state, json_length(manifest_json "
        "-> 'segments') FROM system.manifest ORDER BY scope",
        "app:t:alice|app|t|alice|pending_write|2\napp:t:o'neil|app|t|o'neil|in_sync|1\n");
    const struct exec_result *result =
        exec_fixture_ok(db, "root", KDB_ROLE_SYSTEM, "SHOW MANIFEST");
    assert_int_equal(result->row_count, 2);
    assert_int_equal(result->column_count, 10);
    // Smallest and largest values are in there: nobody but administrators sees another's.
    result = exec_fixture_ok(db, "alice", KDB_ROLE_USER, "SHOW MANIFEST");
    assert_int_equal(result->row_count, 1);
    assert_string_equal(exec_fixture_cell(result, 0, "scope"), "alice");
    assert_null(strstr(result->text, "secret"));
    assert_null(strstr(result->text, "neil"));
    result = exec_fixture_ok(db, "sven", KDB_ROLE_SERVICE, "SHOW MANIFEST CACHE");
    assert_int_equal(result->row_count, 0);
}

static void counters_and_stats(void **state)
{
    (void)state;
    exec_fixture_expect_rows(db, "root", KDB_ROLE_SYSTEM,
                             "SELECT user_id, hot_rows, live_rows, last_flush_at FROM "
                             "system.user_table_counters ORDER BY user_id",
                             "alice|1|5|2026-05-04 10:00:00\no'neil|0|1|2026-05-04 10:00:00\n");
    exec_fixture_expect_rows(db, "alice", KDB_ROLE_USER, "SHOW STATS FOR TABLE app.t",
                             "t|app|1|5|2|0|NULL\n");
    exec_fixture_expect_rows(db, "bob", KDB_ROLE_USER, "SHOW STATS FOR TABLE app.t",
                             "t|app|1|0|0|0|NULL\n");
    exec_fixture_expect_rows(db, "root", KDB_ROLE_SYSTEM, "SHOW STATS FOR TABLE app.t",
                             "t|app|1|6|3|0|NULL\n");
}

// EXPLAIN is for administrators and shows the segments of the one who asks.
static void expect_segments(const char *where, const char *text)
{
    char sql[256];
    (void)snprintf(sql, sizeof(sql), "EXPLAIN SELECT v FROM app.t %s", where);
    const struct exec_result *result = exec_fixture_ok(db, "alice", KDB_ROLE_DBA, sql);
    for (size_t i = 0; i < result->row_count; i++) {
        if (strcmp(result->cells[2 * i], "segments") == 0) {
            assert_string_equal(result->cells[2 * i + 1], text);
            return;
        }
    }
    fail_msg("no segments in\n%s", result->text);
}

static void explain_counts_segments(void **state)
{
    (void)state;
    expect_segments("", "2 with 4 rows: 0 outside of the key bounds, 0 skipped by statistics, 2 to "
                        "read");
    expect_segments("WHERE id = 7", "2 with 4 rows: 1 outside of the key bounds, 0 skipped by "
                                    "statistics, 1 to read");
    expect_segments("WHERE id = 5", "2 with 4 rows: 2 outside of the key bounds, 0 skipped by "
                                    "statistics, 0 to read");
    expect_segments("WHERE id > 2", "2 with 4 rows: 1 outside of the key bounds, 0 skipped by "
                                    "statistics, 1 to read");
    expect_segments("WHERE n = 20", "2 with 4 rows: 0 outside of the key bounds, 1 skipped by "
                                    "statistics, 1 to read");
    expect_segments("WHERE n > 100 AND id < 9", "2 with 4 rows: 0 outside of the key bounds, 2 "
                                                "skipped by statistics, 0 to read");
}

static void jobs_are_rows(void **state)
{
    (void)state;
    exec_fixture_expect_rows(
        db, "root", KDB_ROLE_SYSTEM,
        "SELECT job_type, status, parameters ->> 'namespace', parameters ->> "
        "'table' FROM system.jobs WHERE job_type = 'flush' AND status <> 'skipped'",
        "flush|completed|app|t\nflush|completed|app|t\n");
    exec_fixture_expect_error(db, "root", KDB_ROLE_SYSTEM, "KILL JOB 'FL-nope'", KDB_ERR_NOT_FOUND,
                              "FL-nope");
}

static bool has_file(const char *path)
{
    char full[512];
    (void)snprintf(full, sizeof(full), "%s/%s", db->folder, path);
    return access(full, F_OK) == 0;
}

static void drop_takes_the_files(void **state)
{
    (void)state;
    assert_true(has_file("users/alice/tables/app/t"));
    assert_true(has_file("users/o%27neil/tables/app/t"));
    const struct exec_result *result =
        exec_fixture_ok(db, "root", KDB_ROLE_SYSTEM, "DROP TABLE app.t");
    assert_non_null(strstr(result->message, "dropped successfully. Cleanup job: CL-"));
    exec_fixture_wait_jobs(db);
    assert_false(has_file("users/alice/tables/app/t"));
    assert_false(has_file("users/o%27neil/tables/app/t"));
    assert_false(has_file("schemas/app/t"));
    exec_fixture_expect_rows(db, "root", KDB_ROLE_SYSTEM, "SELECT COUNT(*) FROM system.manifest",
                             "0\n");
    exec_fixture_setup(db, "CREATE USER TABLE app.t (id INT PRIMARY KEY)");
    exec_fixture_expect_rows(db, "alice", KDB_ROLE_USER, "SELECT id FROM app.t", "");
    (void)exec_fixture_ok(db, "alice", KDB_ROLE_USER, "INSERT INTO app.t (id) VALUES (1)");
    exec_fixture_expect_rows(db, "alice", KDB_ROLE_USER, "SELECT id FROM app.t", "1\n");
}

#define FLUSHED_CASE(name) cmocka_unit_test_setup_teardown(name, open_flushed, close_flushed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLUSHED_CASE(manifests),
        FLUSHED_CASE(counters_and_stats),
        FLUSHED_CASE(explain_counts_segments),
        FLUSHED_CASE(jobs_are_rows),
        FLUSHED_CASE(drop_takes_the_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
