// SPDX-License-Identifier: Apache-2.0
// One statement over several tries: it takes the memory of one, and happens once.
#include "lib/exec_fixture.h"
#include "lib/test.h"

static struct exec_fixture *db;

static int open_rows(void **state)
{
    (void)state;
    db = exec_fixture_open(NULL);
    exec_fixture_setup(db, "CREATE NAMESPACE app; CREATE USER TABLE app.t (id INT PRIMARY KEY, v "
                           "TEXT); CREATE USER TABLE app.more (id INT PRIMARY KEY, v TEXT)");
    // More rows than a loop visits in one statement.
    for (int first = 0; first < 5000; first += 1000) {
        struct kdb_buf sql = {0};
        kdb_buf_printf(&sql, "INSERT INTO app.t (id, v) VALUES (%d, 'as it was')", first);
        for (int i = first + 1; i < first + 1000; i++)
            kdb_buf_printf(&sql, ", (%d, 'as it was')", i);
        kdb_buf_put(&sql, '\0');
        (void)exec_fixture_ok(db, "alice", KDB_ROLE_USER, sql.data);
        kdb_buf_deinit(&sql);
    }
    return 0;
}

static int close_rows(void **state)
{
    (void)state;
    exec_fixture_close(db);
    return 0;
}

// Lets the statement lose against others again and again before it is committed.
static void keep_losing(const char *sql, uint64_t affected)
{
    struct exec_statement statement;
    exec_fixture_begin(db, "alice", sql, &statement);
    struct kdb_exec *exec = &statement.exec;
    kdb_exec_step step;
    assert_int_equal(kdb_exec_run(exec, &step), KDB_OK);
    size_t used_bytes = 0;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(step, KDB_EXEC_COMMIT);
        exec->commit.outcome = KDB_COMMIT_CONFLICT;
        assert_int_equal(kdb_exec_committed(exec, &step), KDB_OK);
        if (i > 0) // the first try of an INSERT takes less than the others
            assert_int_equal(statement.ctx.arena.used_bytes, used_bytes);
        used_bytes = statement.ctx.arena.used_bytes;
    }
    kdb_commit_wait(db->services.committer, &exec->commit);
    assert_int_equal(kdb_exec_committed(exec, &step), KDB_OK);
    assert_int_equal(step, KDB_EXEC_DONE);
    assert_int_equal(exec->affected, affected);
    exec_fixture_end(&statement);
}

static void losing_takes_no_memory(void **state)
{
    (void)state;
    keep_losing("UPDATE app.t SET v = v || '!' WHERE id < 3000", 3000);
    exec_fixture_expect_rows(db, "alice", KDB_ROLE_USER,
                             "SELECT v, COUNT(*) FROM app.t GROUP BY v ORDER BY v",
                             "as it was|2000\nas it was!|3000\n");
    keep_losing("DELETE FROM app.t WHERE id >= 1000", 4000);
    exec_fixture_expect_rows(db, "alice", KDB_ROLE_USER, "SELECT COUNT(*) FROM app.t", "1000\n");
    keep_losing("INSERT INTO app.more (id, v) VALUES (1, 'a'), (2, 'b')", 2);
    keep_losing("INSERT INTO app.more (id, v) SELECT id + 10, v FROM app.t WHERE id < 500", 500);
    exec_fixture_expect_rows(db, "alice", KDB_ROLE_USER, "SELECT COUNT(*) FROM app.more", "502\n");
}

static void a_try_on_a_loop_takes_no_memory(void **state)
{
    (void)state;
    struct exec_statement statement;
    exec_fixture_begin(db, "alice", "UPDATE app.t SET v = v || '!' WHERE id >= 0", &statement);
    size_t used_bytes = statement.ctx.arena.used_bytes;
    statement.exec.tier = KDB_READ_MEMORY;
    kdb_exec_step step;
    assert_int_equal(kdb_exec_run(&statement.exec, &step), KDB_ERR_BLOCKED);
    assert_int_equal(statement.ctx.arena.used_bytes, used_bytes);
    exec_fixture_end(&statement);
}

// What it would find is what the clean-up has left of it.
static void a_table_dropped_before_the_first_look_is_not_found(void **state)
{
    (void)state;
    struct exec_statement change;
    struct exec_statement removal;
    exec_fixture_begin(db, "alice", "UPDATE app.t SET v = 'x' WHERE id = 1", &change);
    exec_fixture_begin(db, "alice", "DELETE FROM app.t WHERE id IN (1, 2)", &removal);
    kdb_partition_drop_table(db->services.partitions, change.exec.plan->update->table->id);
    kdb_exec_step step;
    assert_int_equal(kdb_exec_run(&change.exec, &step), KDB_ERR_TABLE_NOT_FOUND);
    assert_int_equal(kdb_exec_run(&removal.exec, &step), KDB_ERR_TABLE_NOT_FOUND);
    exec_fixture_end(&change);
    exec_fixture_end(&removal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(losing_takes_no_memory, open_rows, close_rows),
        cmocka_unit_test_setup_teardown(a_try_on_a_loop_takes_no_memory, open_rows, close_rows),
        cmocka_unit_test_setup_teardown(a_table_dropped_before_the_first_look_is_not_found,
                                        open_rows, close_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
