// SPDX-License-Identifier: Apache-2.0
// DROP TABLE: who may, what is gone at once, what the clean-up job is told.
#include "unit/exec/exec_case.h"

#include "lib/key_count.h"
#include "txn/layout.h"

// Keys of one kind (META) or of all rows that begin with a table's id.
static size_t count_keys(kdb_space space, char kind, uint32_t table_id)
{
    struct kdb_ctx ctx;
    struct kdb_buf first = {0};
    struct kdb_buf end = {0};
    kdb_ctx_init(&ctx, 0);
    if (kind != '\0') {
        kdb_buf_put(&first, kind);
        kdb_buf_put(&end, kind);
    }
    kdb_key_u32(&first, table_id);
    kdb_key_u32(&end, table_id + 1);
    const struct kdb_scan_range range = {
        .space = space, .first = kdb_buf_view(&first), .end = kdb_buf_view(&end)};
    size_t count = kdb_test_count_keys(db->services.store, &ctx, &range);
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&end);
    kdb_ctx_deinit(&ctx);
    return count;
}

static uint32_t id_of(const char *table)
{
    char sql[128];
    (void)snprintf(sql, sizeof(sql), "SELECT table_id FROM system.tables WHERE table_name = '%s'",
                   table);
    return (uint32_t)strtoul(exec_fixture_ok(db, "root", KDB_ROLE_SYSTEM, sql)->cells[0], NULL, 10);
}

static void takes_everything_away(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.a (id INT PRIMARY KEY, v TEXT);"
                           "CREATE USER TABLE app.b (id INT PRIMARY KEY)");
    alice_says("INSERT INTO app.a (id, v) VALUES (1, 'x'), (2, 'y')", "Inserted 2 row(s)");
    dora_says("INSERT INTO app.a (id, v) VALUES (1, 'z')", "Inserted 1 row(s)");
    alice_says("INSERT INTO app.b (id) VALUES (1)", "Inserted 1 row(s)");
    uint32_t a = id_of("a");
    uint32_t b = id_of("b");
    assert_int_equal(count_keys(KDB_SPACE_ROWS, '\0', a), 6);
    assert_int_equal(count_keys(KDB_SPACE_META, KDB_META_COUNTERS, a), 2);
    root_says("DROP TABLE app.a", "Table app.a dropped successfully. Cleanup job: CL-1");
    assert_int_equal(jobs.count, 1);
    assert_int_equal(jobs.submitted[0].kind, KDB_JOB_CLEANUP);
    assert_string_equal(jobs.submitted[0].table, "app.a");
    assert_string_equal(jobs.submitted[0].reason, "drop");
    assert_int_equal(count_keys(KDB_SPACE_ROWS, '\0', a), 0);
    assert_int_equal(count_keys(KDB_SPACE_META, KDB_META_COUNTERS, a), 0);
    assert_int_equal(count_keys(KDB_SPACE_ROWS, '\0', b), 2);
    root_reads("SELECT table_name FROM system.schemas WHERE namespace_id = 'app'", "b\n");
    root_reads("SELECT COUNT(*) FROM system.user_table_counters", "1\n");
    alice_fails("SELECT * FROM app.a", KDB_ERR_TABLE_NOT_FOUND, "app.a does not exist");
    alice_fails("INSERT INTO app.a (id) VALUES (5)", KDB_ERR_TABLE_NOT_FOUND, "app.a");
    alice_reads("SELECT id FROM app.b", "1\n");
}

static struct kdb_partition *partition_of(const char *table, const char *user)
{
    struct kdb_partition *partition;
    assert_int_equal(kdb_partition_open(db->services.partitions, &db->ctx, id_of(table),
                                        kdb_slice_cstr(user), KDB_READ_ANY, &partition),
                     KDB_OK);
    return partition;
}

static void waits_for_subscribers(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.a (id INT PRIMARY KEY);"
                           "CREATE USER TABLE app.b (id INT PRIMARY KEY)");
    struct kdb_partition *alice = partition_of("a", "alice");
    struct kdb_partition *dora = partition_of("a", "dora");
    atomic_store(&alice->subscriptions, 2);
    atomic_store(&dora->subscriptions, 1);
    root_fails("DROP TABLE app.a", KDB_ERR_INVALID_OPERATION,
               "table app.a cannot be dropped: 3 live queries are subscribed to it");
    root_fails("DROP NAMESPACE app CASCADE", KDB_ERR_INVALID_OPERATION, "3 live queries");
    root_reads("SELECT table_name FROM system.tables WHERE namespace_id = 'app' ORDER BY 1",
               "a\nb\n");
    atomic_store(&alice->subscriptions, 0);
    root_fails("DROP TABLE app.a", KDB_ERR_INVALID_OPERATION, "1 live query is subscribed to it");
    root_says("DROP TABLE app.b", "Table app.b dropped successfully. Cleanup job: CL-1");
    atomic_store(&dora->subscriptions, 0);
    root_says("DROP TABLE app.a", "Table app.a dropped successfully. Cleanup job: CL-2");
    kdb_partition_unref(alice);
    kdb_partition_unref(dora);
}

static void the_name_is_free_again(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.a (id INT PRIMARY KEY)");
    alice_says("INSERT INTO app.a (id) VALUES (1)", "Inserted 1 row(s)");
    uint32_t old = id_of("a");
    root_says("DROP USER TABLE app.a; CREATE USER TABLE app.a (id INT PRIMARY KEY, v TEXT)",
              "user table app.a created successfully");
    assert_int_not_equal(id_of("a"), old);
    alice_reads("SELECT id, v FROM app.a", "");
    alice_says("INSERT INTO app.a (id, v) VALUES (1, 'new')", "Inserted 1 row(s)");
    alice_reads("SELECT id, v FROM app.a", "1|new\n");
}

static void owners_and_administrators(void **state)
{
    (void)state;
    alice_says("CREATE USER TABLE app.a (v INT)", "user table app.a created successfully");
    alice_says("CREATE USER TABLE app.b (v INT)", "user table app.b created successfully");
    exec_fixture_expect_error(db, "bob", KDB_ROLE_USER, "DROP TABLE app.a",
                              KDB_ERR_PERMISSION_DENIED,
                              "only its owner or an administrator is allowed to drop table app.a");
    exec_fixture_expect_error(db, "sven", KDB_ROLE_SERVICE, "DROP TABLE app.a",
                              KDB_ERR_PERMISSION_DENIED, "only its owner");
    root_fails("EXECUTE AS USER 'bob' (DROP TABLE app.a)", KDB_ERR_PERMISSION_DENIED,
               "only its owner");
    alice_says("DROP TABLE app.a", "Table app.a dropped successfully. Cleanup job: CL-1");
    dora_says("DROP TABLE app.b", "Table app.b dropped successfully. Cleanup job: CL-2");
}

static void missing_tables(void **state)
{
    (void)state;
    alice_fails("DROP TABLE app.nope", KDB_ERR_TABLE_NOT_FOUND, "table app.nope does not exist");
    alice_fails("DROP TABLE nope", KDB_ERR_TABLE_NOT_FOUND, "table default.nope does not exist");
    alice_says("DROP TABLE IF EXISTS app.nope", "Table app.nope does not exist (skipped)");
    root_fails("DROP TABLE system.users", KDB_ERR_INVALID_OPERATION,
               "system tables are managed by the server");
    root_fails("DROP TABLE IF EXISTS information_schema.tables", KDB_ERR_INVALID_OPERATION,
               "system tables are managed by the server");
}

static void nothing_happens_when_it_fails(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.a (id INT PRIMARY KEY)");
    alice_says("INSERT INTO app.a (id) VALUES (1)", "Inserted 1 row(s)");
    kdb_store_mem_fail_commits(db->services.store, 0, KDB_ERR_DISK_FULL);
    root_fails("DROP TABLE app.a", KDB_ERR_DISK_FULL, "the disk is full");
    kdb_store_mem_fail_commits(db->services.store, 0, KDB_OK);
    alice_reads("SELECT id FROM app.a", "1\n");
    alice_says("INSERT INTO app.a (id) VALUES (2)", "Inserted 1 row(s)");
    db->services.jobs = NULL;
    root_fails("DROP TABLE app.a", KDB_ERR_UNAVAILABLE, "background jobs are not running");
    alice_reads("SELECT id FROM app.a", "1\n2\n");
    assert_int_equal(jobs.count, 0);
}

static void a_job_that_cannot_be_queued(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.a (v INT); CREATE USER TABLE app.b (v INT)");
    jobs.outcome = KDB_SUBMIT_ALREADY; // what a server that stops answers
    root_says("DROP TABLE app.a",
              "Table app.a dropped successfully. Cleanup job: none, the server is stopping");
    jobs.status = KDB_ERR_IO;
    root_says("DROP TABLE app.b",
              "Table app.b dropped successfully. Cleanup job: none, the server is stopping");
    root_reads("SELECT COUNT(*) FROM system.tables WHERE namespace_id = 'app'", "0\n");
}

// A write that was planned before the drop finds the table gone, and leaves no row behind.
static void writes_that_began_before(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.a (id INT PRIMARY KEY)");
    alice_says("INSERT INTO app.a (id) VALUES (1)", "Inserted 1 row(s)");
    uint32_t id = id_of("a");
    struct kdb_ctx ctx;
    struct kdb_partition *partition;
    kdb_ctx_init(&ctx, 0);
    assert_int_equal(kdb_partition_open(db->services.partitions, &ctx, id, KDB_LIT("alice"),
                                        KDB_READ_ANY, &partition),
                     KDB_OK);
    root_says("DROP TABLE app.a", "Table app.a dropped successfully. Cleanup job: CL-1");
    assert_true(atomic_load(&partition->is_dropped));
    char row[64] = {1};
    struct kdb_row_op op = {.key = KDB_LIT("k"), .row = row, .row_len = sizeof(row)};
    struct kdb_commit_request request = {.partition = partition, .ops = &op, .op_count = 1};
    kdb_commit_wait(db->services.committer, &request);
    assert_int_equal(request.outcome, KDB_COMMIT_FAILED);
    assert_int_equal(request.status, KDB_ERR_TABLE_NOT_FOUND);
    assert_int_equal(count_keys(KDB_SPACE_ROWS, '\0', id), 0);
    kdb_partition_unref(partition);
    kdb_ctx_deinit(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(takes_everything_away),
        CASE(waits_for_subscribers),
        CASE(the_name_is_free_again),
        CASE(owners_and_administrators),
        CASE(missing_tables),
        CASE(nothing_happens_when_it_fails),
        CASE(a_job_that_cannot_be_queued),
        CASE(writes_that_began_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
