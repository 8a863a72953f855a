// SPDX-License-Identifier: Apache-2.0
// A search sees its partition at one moment, whatever is committed while it runs.
#include "lib/exec_fixture.h"
#include "lib/test.h"

static struct exec_fixture *db;
static const char *meanwhile; // what happens at the next look at the clock of SNOWFLAKE_ID()

// Runs a statement of alice in the middle of another one, which has the fixture's ctx.
static void run_meanwhile(const char *sql)
{
    struct exec_statement statement;
    exec_fixture_begin(db, "alice", sql, &statement);
    assert_int_equal(kdb_exec_wait(&statement.exec), KDB_OK);
    exec_fixture_end(&statement);
}

static int64_t look_at_clock(void *self)
{
    (void)self;
    const char *sql = meanwhile;
    meanwhile = NULL;
    if (sql)
        run_meanwhile(sql);
    return kdb_clock_now_us(db->services.clock);
}

static const struct kdb_clock hooked = {look_at_clock, NULL};

static int open_rows(void **state)
{
    (void)state;
    const struct exec_fixture_options options = {.has_jobs = true};
    db = exec_fixture_open(&options);
    kdb_snowflake_init(&db->ids, &hooked, 0);
    exec_fixture_setup(db, "CREATE NAMESPACE app; CREATE USER TABLE app.t (id INT PRIMARY KEY, v "
                           "TEXT)");
    (void)exec_fixture_ok(db, "alice", KDB_ROLE_USER,
                          "INSERT INTO app.t (id, v) VALUES (1, 'old'), (2, 'old'), (3, 'old')");
    return 0;
}

static int close_rows(void **state)
{
    (void)state;
    exec_fixture_close(db);
    return 0;
}

// The change is committed after the first row was found.
static void expect_old_rows(const char *where)
{
    meanwhile = "UPDATE app.t SET v = 'new' WHERE id > 0";
    const struct exec_result *result = exec_fixture_ok(db, "alice", KDB_ROLE_USER, where);
    assert_null(meanwhile);
    assert_string_equal(result->text, "old\nold\n");
    exec_fixture_expect_rows(db, "alice", KDB_ROLE_USER, "SELECT v FROM app.t WHERE id IN (1, 3)",
                             "new\nnew\n");
}

static const char points[] = "SELECT v FROM app.t WHERE id IN (1, 3) AND SNOWFLAKE_ID() > 0";
static const char range[] = "SELECT v FROM app.t WHERE id >= 1 AND id <= 2 AND SNOWFLAKE_ID() > 0";

static void points_are_of_one_moment(void **state)
{
    (void)state;
    expect_old_rows(points);
}

static void flushed_points_are_of_one_moment(void **state)
{
    (void)state;
    exec_fixture_flush(db, "app.t");
    expect_old_rows(points);
}

static void a_range_is_of_one_moment(void **state)
{
    (void)state;
    expect_old_rows(range);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(points_are_of_one_moment, open_rows, close_rows),
        cmocka_unit_test_setup_teardown(flushed_points_are_of_one_moment, open_rows, close_rows),
        cmocka_unit_test_setup_teardown(a_range_is_of_one_moment, open_rows, close_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
