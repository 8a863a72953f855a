// SPDX-License-Identifier: Apache-2.0
// A partition by _seq, whichever tier its rows are in and however few of them are sorted at a time.
#include "exec/changes.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/random.h"
#include "lib/exec_fixture.h"
#include "lib/key_count.h"
#include "lib/test.h"
#include "txn/layout.h"
#include "types/key.h"
#include "types/row.h"

#define END INT64_MAX

static struct exec_fixture *db;
static struct kdb_ctx ctx;

static int open_rows(void **state)
{
    (void)state;
    const struct exec_fixture_options options = {.has_rocksdb = true, .has_jobs = true};
    db = exec_fixture_open(&options);
    kdb_ctx_init(&ctx, 0);
    exec_fixture_setup(db, "CREATE NAMESPACE app; CREATE USER TABLE app.t (id INT PRIMARY KEY, v "
                           "TEXT)");
    return 0;
}

// The second step of a flush that removes its rows from the hot tier will fail.
static int open_rows_to_fail(void **state)
{
    kdb_ctx_init(&ctx, 0);
    assert_int_equal(kdb_fault_set(&ctx, KDB_LIT("flush.removing:fail:2")), KDB_OK);
    kdb_ctx_deinit(&ctx);
    return open_rows(state);
}

static int close_rows(void **state)
{
    (void)state;
    assert_int_equal(kdb_fault_set(&ctx, KDB_LIT("")), KDB_OK);
    kdb_ctx_deinit(&ctx);
    exec_fixture_close(db);
    return 0;
}

static void alice(const char *sql)
{
    (void)exec_fixture_ok(db, "alice", KDB_ROLE_USER, sql);
}

// An open view of alice's rows, and what is read from it.
struct reader {
    struct kdb_exec exec;
    struct kdb_catalog_snapshot *snapshot;
    struct kdb_table *table;
    struct kdb_partition *partition;
    struct kdb_changes *changes;
    struct kdb_buf text;
    int64_t seqs[1000]; // of what was visited
    size_t count;
    size_t count_max; // visit says stop there; 0: never
};

static void reader_open(struct reader *reader, const char *table)
{
    *reader = (struct reader){.snapshot = kdb_catalog_acquire(db->services.catalog)};
    reader->exec = (struct kdb_exec){.services = &db->services,
                                     .ctx = &ctx,
                                     .snapshot = reader->snapshot,
                                     .user = KDB_LIT("alice"),
                                     .role = KDB_ROLE_USER,
                                     .actor = KDB_LIT("alice"),
                                     .actor_role = KDB_ROLE_USER,
                                     .tier = KDB_READ_ANY,
                                     .connection_slot = &db->connection,
                                     .now_us = kdb_clock_now_us(db->services.clock)};
    reader->table = kdb_catalog_table(reader->snapshot, KDB_LIT("app"), kdb_slice_cstr(table));
    assert_int_equal(kdb_exec_open_partition(&reader->exec, reader->table, &reader->partition),
                     KDB_OK);
    assert_int_equal(
        kdb_changes_open(&reader->exec, reader->table, reader->partition, &reader->changes),
        KDB_OK);
}

static void reader_close(struct reader *reader)
{
    kdb_changes_close(reader->changes);
    kdb_partition_unref(reader->partition);
    kdb_catalog_release(reader->snapshot);
    kdb_buf_deinit(&reader->text);
}

static kdb_status visit(void *self, kdb_slice row, bool *ret_goes_on)
{
    struct reader *reader = self;
    const struct kdb_schema *schema = kdb_table_schema(reader->table, kdb_row_schema_version(row));
    kdb_value id;
    kdb_row_get_column(schema, row, &reader->table->schema->columns[0], &id);
    kdb_buf_printf(&reader->text, "%lld%s ", (long long)id.integer,
                   kdb_row_is_deleted(row) ? "x" : "");
    assert_true(reader->count < sizeof(reader->seqs) / sizeof(reader->seqs[0]));
    reader->seqs[reader->count++] = kdb_row_seq(row);
    *ret_goes_on = reader->count != reader->count_max;
    return KDB_OK;
}

// Visits a range, and gives the ids: an x behind those that are deleted.
static const char *read_range(struct reader *reader, int64_t after, int64_t up_to, bool is_reverse)
{
    const struct kdb_changes_range range = {after, up_to, is_reverse};
    reader->count = 0;
    kdb_buf_clear(&reader->text);
    kdb_status status = kdb_changes_read(&reader->exec, reader->changes, &range, visit, reader);
    if (status != KDB_OK)
        fail_msg("not read: %s", ctx.error.message);
    kdb_buf_put(&reader->text, '\0');
    return reader->text.data;
}

static const char *read_all(struct reader *reader)
{
    return read_range(reader, 0, END, false);
}

// What a view of alice's rows gives in either direction, in ranges, and in steps.
static void expect_order(const char *ids, const char *reversed)
{
    struct reader reader;
    int64_t seqs[1000];
    reader_open(&reader, "t");
    assert_string_equal(read_range(&reader, 0, END, true), reversed);
    assert_string_equal(read_all(&reader), ids);
    size_t count = reader.count;
    memcpy(seqs, reader.seqs, sizeof(seqs));
    for (size_t i = 1; i < count; i++)
        assert_true(seqs[i - 1] < seqs[i]);
    assert_true(count == 0 || seqs[count - 1] <= kdb_changes_seq(reader.changes));
    for (size_t from = 0; from <= count; from++) { // after one, up to the next but one
        int64_t after = from == 0 ? 0 : seqs[from - 1];
        size_t wanted = count - from < 2 ? count - from : 2;
        int64_t up_to = wanted == 0 ? END : seqs[from + wanted - 1];
        (void)read_range(&reader, after, up_to, from % 2 == 1);
        assert_int_equal(reader.count, wanted);
    }
    reader.count_max = 2;
    int64_t after = 0;
    for (size_t at = 0; at < count; at += reader.count) {
        (void)read_range(&reader, after, END, false);
        for (size_t i = 0; i < reader.count; i++)
            assert_int_equal(reader.seqs[i], seqs[at + i]);
        assert_true(reader.count > 0);
        after = reader.seqs[reader.count - 1];
    }
    reader_close(&reader);
}

// With a window for everything, for some rows, and for one.
static void expect_order_in_any_window(const char *ids, const char *reversed)
{
    static const size_t windows[] = {1, 100, 8 << 20};
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        db->services.changes_window_bytes = windows[i];
        expect_order(ids, reversed);
    }
}

static void test_hot_cold_and_both(void **state)
{
    (void)state;
    expect_order("", "");
    alice("INSERT INTO app.t VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e')");
    alice("UPDATE app.t SET v = 'bb' WHERE id = 2");
    alice("DELETE FROM app.t WHERE id = 3");
    expect_order_in_any_window("1 4 5 2 3x ", "3x 2 5 4 1 ");
    exec_fixture_flush(db, "app.t");
    expect_order_in_any_window("1 4 5 2 3x ", "3x 2 5 4 1 ");
    alice("INSERT INTO app.t VALUES (6, 'f')");
    alice("UPDATE app.t SET v = 'aa' WHERE id = 1");
    alice("DELETE FROM app.t WHERE id = 5");
    expect_order_in_any_window("4 2 3x 6 1 5x ", "5x 1 6 3x 2 4 ");
    exec_fixture_flush(db, "app.t"); // two segments: rows of the first are hidden by the second
    alice("INSERT INTO app.t VALUES (3, 'again')");
    expect_order_in_any_window("4 2 6 1 5x 3 ", "3 5x 1 6 2 4 ");
}

// Only what happened after the flush is wanted: the hot tier alone knows it.
static void test_after_what_is_cold(void **state)
{
    (void)state;
    struct reader reader;
    alice("INSERT INTO app.t VALUES (1, 'a'), (2, 'b')");
    exec_fixture_flush(db, "app.t");
    reader_open(&reader, "t");
    int64_t seen = kdb_changes_seq(reader.changes);
    reader_close(&reader);
    alice("INSERT INTO app.t VALUES (3, 'c')");
    reader_open(&reader, "t");
    reader.exec.tier = KDB_READ_MEMORY; // an event loop can say it
    assert_string_equal(read_range(&reader, seen, END, false), "3 ");
    const struct kdb_changes_range all = {.up_to = END};
    assert_int_equal(kdb_changes_read(&reader.exec, reader.changes, &all, visit, &reader),
                     KDB_ERR_BLOCKED);
    kdb_ctx_clear_error(&ctx);
    reader_close(&reader);
}

static void test_view_stays_as_it_is(void **state)
{
    (void)state;
    struct reader reader;
    alice("INSERT INTO app.t VALUES (1, 'a'), (2, 'b')");
    exec_fixture_flush(db, "app.t");
    alice("INSERT INTO app.t VALUES (3, 'c')");
    db->services.changes_window_bytes = 1;
    reader_open(&reader, "t");
    int64_t seq = kdb_changes_seq(reader.changes);
    alice("DELETE FROM app.t WHERE id = 1");
    alice("UPDATE app.t SET v = 'x' WHERE id = 3");
    exec_fixture_flush(db, "app.t");
    assert_string_equal(read_all(&reader), "1 2 3 ");
    assert_int_equal(kdb_changes_seq(reader.changes), seq);
    reader_close(&reader);
    expect_order("2 1x 3 ", "3 1x 2 ");
}

static void test_ranges_of_nothing(void **state)
{
    (void)state;
    struct reader reader;
    alice("INSERT INTO app.t VALUES (1, 'a')");
    exec_fixture_flush(db, "app.t");
    alice("INSERT INTO app.t VALUES (2, 'b')");
    reader_open(&reader, "t");
    int64_t seq = kdb_changes_seq(reader.changes);
    assert_string_equal(read_range(&reader, seq, END, false), "");
    assert_string_equal(read_range(&reader, seq, seq, true), "");
    assert_string_equal(read_range(&reader, END, END, false), "");
    assert_string_equal(read_range(&reader, seq - 1, END, false), "2 ");
    assert_string_equal(read_range(&reader, seq - 1, seq, true), "2 ");
    assert_string_equal(read_range(&reader, seq - 1, seq - 1, false), "");
    reader_close(&reader);
}

// A flush that failed may leave entries of the index whose rows have left the hot tier.
static void test_entries_without_rows(void **state)
{
    (void)state;
    struct reader reader;
    alice("INSERT INTO app.t VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')");
    reader_open(&reader, "t");
    (void)read_all(&reader);
    struct kdb_row_op ops[2] = {{.expected_seq = reader.seqs[1]}, {.expected_seq = reader.seqs[3]}};
    struct kdb_buf keys[2] = {0};
    for (int i = 0; i < 2; i++) {
        const kdb_value id = kdb_value_int(KDB_INT, 2 + 2 * i);
        assert_int_equal(kdb_key_value(&keys[i], &ctx, &id), KDB_OK);
        ops[i].key = kdb_buf_view(&keys[i]);
    }
    struct kdb_commit_request removal = {.partition = reader.partition,
                                         .ops = ops,
                                         .op_count = 2,
                                         .is_removal = true,
                                         .index = KDB_INDEX_LATER};
    kdb_commit_wait(db->services.committer, &removal);
    assert_int_equal(removal.removed, 2);
    assert_string_equal(read_all(&reader), "1 2 3 4 "); // the view is older
    reader_close(&reader);
    expect_order("1 3 ", "3 1 ");
    alice("INSERT INTO app.t VALUES (2, 'again')");
    expect_order("1 3 2 ", "2 3 1 ");
    kdb_buf_deinit(&keys[0]);
    kdb_buf_deinit(&keys[1]);
}

static size_t index_entries(const struct kdb_partition *partition)
{
    struct kdb_buf first = {0};
    struct kdb_buf end = {0};
    kdb_layout_key(&first, partition->prefix, KDB_KEYS_SEQ, (kdb_slice){0});
    kdb_layout_key(&end, partition->prefix, KDB_KEYS_END, (kdb_slice){0});
    const struct kdb_scan_range range = {
        .space = KDB_SPACE_ROWS, .first = kdb_buf_view(&first), .end = kdb_buf_view(&end)};
    size_t count = kdb_test_count_keys(db->services.store, &ctx, &range);
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&end);
    return count;
}

// The flush of many rows fails on its way; for the rows that are left alone, the index would not
// leave as a range.
static void test_the_next_flush_takes_entries_without_rows(void **state)
{
    (void)state;
    enum { ROWS = 1100 };
    struct kdb_buf sql = {0};
    KDB_BUF_LIT(&sql, "INSERT INTO app.t VALUES (0, 'v')");
    for (int i = 1; i < ROWS; i++)
        kdb_buf_printf(&sql, ", (%d, 'v')", i);
    kdb_buf_put(&sql, '\0');
    alice(sql.data);
    kdb_buf_deinit(&sql);
    struct reader reader;
    reader_open(&reader, "t");
    exec_fixture_flush(db, "app.t");
    assert_int_equal(atomic_load(&reader.partition->hot_rows), ROWS - 200);
    assert_int_equal(index_entries(reader.partition), ROWS);
    exec_fixture_flush(db, "app.t");
    assert_int_equal(atomic_load(&reader.partition->hot_rows), 0);
    assert_int_equal(index_entries(reader.partition), 0);
    reader_close(&reader);
    exec_fixture_expect_rows(db, "alice", KDB_ROLE_USER, "SELECT COUNT(*) FROM app.t", "1100\n");
}

// Many statements and flushes: every key once, the living as SELECT has them.
static void test_random_life(void **state)
{
    (void)state;
    uint64_t random = 11;
    db->services.changes_window_bytes = 700;
    for (int step = 0; step < 120; step++) {
        char sql[128];
        int id = (int)(kdb_random_next(&random) % 40);
        switch (kdb_random_next(&random) % 3) {
        case 0:
            (void)snprintf(sql, sizeof(sql), "DELETE FROM app.t WHERE id = %d", id);
            break;
        case 1:
            (void)snprintf(sql, sizeof(sql), "UPDATE app.t SET v = 'x' WHERE id %% 7 = %d", id % 7);
            break;
        default:
            (void)snprintf(sql, sizeof(sql), "INSERT INTO app.t VALUES (%d, 'new')", id);
        }
        (void)exec_fixture_run(db, "alice", KDB_ROLE_USER, sql); // some keys are there already
        if (step % 30 == 29 && step < 110)
            exec_fixture_flush(db, "app.t");
    }
    struct reader reader;
    struct kdb_buf living = {0};
    reader_open(&reader, "t");
    (void)read_all(&reader);
    for (size_t i = 1; i < reader.count; i++)
        assert_true(reader.seqs[i - 1] < reader.seqs[i]);
    assert_true(reader.count <= 40);
    for (char *id = strtok(reader.text.data, " "); id; id = strtok(NULL, " ")) {
        if (!strchr(id, 'x'))
            kdb_buf_printf(&living, "%s\n", id);
    }
    kdb_buf_put(&living, '\0');
    exec_fixture_expect_rows(db, "alice", KDB_ROLE_USER, "SELECT id FROM app.t ORDER BY _seq",
                             living.data);
    kdb_buf_deinit(&living);
    reader_close(&reader);
}

static int64_t floor_of(const char *table)
{
    struct reader reader;
    int64_t floor = -1;
    reader_open(&reader, table);
    assert_int_equal(kdb_changes_floor(&reader.exec, reader.changes, &floor), KDB_OK);
    reader_close(&reader);
    return floor;
}

static void test_floor(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.kept (id INT PRIMARY KEY) WITH "
                           "(DELETED_RETENTION = OFF); CREATE USER TABLE app.hour (id INT "
                           "PRIMARY KEY) WITH (DELETED_RETENTION_HOURS = 1); CREATE STREAM TABLE "
                           "app.events (id INT) WITH (TTL_SECONDS = 60)");
    int64_t now_ms = db->now_us / 1000;
    assert_int_equal(floor_of("kept"), 0);
    assert_int_equal(floor_of("hour"), kdb_snowflake_first_of_ms(now_ms - 3600 * 1000));
    assert_int_equal(floor_of("events"), 0);
    alice("INSERT INTO app.events VALUES (1), (2)");
    struct reader reader;
    reader_open(&reader, "events");
    assert_string_equal(read_all(&reader), "1 2 ");
    assert_string_equal(read_range(&reader, 0, END, true), "2 1 ");
    assert_string_equal(read_range(&reader, reader.seqs[1], END, false), "2 ");
    int64_t last = kdb_changes_seq(reader.changes);
    reader_close(&reader);
    assert_int_equal(floor_of("events"), 0);
    db->now_us += 61 * INT64_C(1000000);
    alice("INSERT INTO app.events VALUES (3)");
    assert_int_equal(floor_of("events"), last); // both have expired
    reader_open(&reader, "events");
    assert_string_equal(read_all(&reader), "3 ");
    reader_close(&reader);
}

#define WITH_ROWS(test) cmocka_unit_test_setup_teardown(test, open_rows, close_rows)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ROWS(test_hot_cold_and_both),
        WITH_ROWS(test_after_what_is_cold),
        WITH_ROWS(test_view_stays_as_it_is),
        WITH_ROWS(test_ranges_of_nothing),
        WITH_ROWS(test_entries_without_rows),
        cmocka_unit_test_setup_teardown(test_the_next_flush_takes_entries_without_rows,
                                        open_rows_to_fail, close_rows),

        WITH_ROWS(test_random_life),
        WITH_ROWS(test_floor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
