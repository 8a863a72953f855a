// SPDX-License-Identifier: Apache-2.0
// Changes against subscriptions on one loop: what is told, and what one query may cost the loop.
// links: live exec jobs
#include "live/live.h"
#include "live/live_priv.h"

#include "lib/exec_fixture.h"
#include "lib/test.h"
#include "types/row.h"

struct live_case {
    struct exec_fixture *db;
    struct kdb_catalog_snapshot *catalog;
    struct kdb_table *table; // app.notes (id INT PRIMARY KEY, body TEXT)
    struct kdb_partition *partition;
    struct kdb_live_feed *feed;
    struct kdb_live_loop *live;
    struct kdb_live_subscription *subscription;
    int64_t seq;
    // What was told:
    unsigned rows;
    kdb_status failure;
};

static void wake(void *arg)
{
    (void)arg;
}

static bool on_event(void *self, struct kdb_live_event *event)
{
    struct live_case *c = self;
    c->rows += event->row_count;
    return true;
}

static void on_lags(void *self)
{
    (void)self;
    fail();
}

static void on_failed(void *self, const struct kdb_error *error)
{
    struct live_case *c = self;
    c->failure = error->status;
}

static const struct kdb_live_sink_ops sink_ops = {on_event, on_lags, on_failed};

static void open_case(struct live_case *c, const char *sql)
{
    *c = (struct live_case){.db = exec_fixture_open(NULL)};
    exec_fixture_setup(c->db, "CREATE NAMESPACE app;"
                              "CREATE USER TABLE app.notes (id INT PRIMARY KEY, body TEXT)");
    c->catalog = kdb_catalog_acquire(c->db->services.catalog);
    c->table = kdb_catalog_table(c->catalog, KDB_LIT("app"), KDB_LIT("notes"));
    assert_int_equal(kdb_partition_open(c->db->services.partitions, &c->db->ctx, c->table->id,
                                        KDB_LIT("alice"), KDB_READ_ANY, &c->partition),
                     KDB_OK);
    c->feed = kdb_live_feed_create((size_t)1 << 20);
    c->live = kdb_live_loop_create(&(struct kdb_live_loop_options){
        .feed = c->feed, .wake = wake, .held_bytes_max = 1 << 20, .row_memory_max = 64 << 20});
    const struct kdb_live_request request = {.sql = kdb_slice_cstr(sql),
                                             .catalog = c->catalog,
                                             .user = KDB_LIT("alice"),
                                             .role = KDB_ROLE_USER,
                                             .terms_max = 100000,
                                             .depth_max = 100};
    struct kdb_live_query *query;
    assert_int_equal(kdb_live_query_make(&request, &c->db->ctx, &query), KDB_OK);
    c->subscription = kdb_live_subscribe(c->live, query, c->partition, &sink_ops, c);
    kdb_live_query_unref(query);
    assert_true(kdb_live_release(c->subscription, 0));
}

static void close_case(struct live_case *c)
{
    kdb_live_unsubscribe(c->subscription);
    kdb_live_loop_destroy(c->live);
    kdb_live_feed_destroy(c->feed);
    kdb_partition_unref(c->partition);
    kdb_catalog_release(c->catalog);
    exec_fixture_close(c->db);
}

// A change as the committer tells it: row 1 gets another text.
static void change(struct live_case *c, const char *old_body, const char *body)
{
    struct kdb_buf rows[2] = {0};
    const char *bodies[] = {old_body, body};
    for (int i = 0; i < 2; i++) {
        const kdb_value values[] = {kdb_value_int(KDB_INT, 1),
                                    {.kind = KDB_TEXT, .bytes = kdb_slice_cstr(bodies[i])}};
        assert_int_equal(
            kdb_row_encode(c->table->schema, &c->db->ctx, values, ++c->seq, false, &rows[i]),
            KDB_OK);
    }
    const struct kdb_change told = {.partition = c->partition,
                                    .seq = c->seq,
                                    .key = KDB_LIT("1"),
                                    .row = kdb_buf_view(&rows[1]),
                                    .old_row = kdb_buf_view(&rows[0])};
    const struct kdb_change_sink sink = kdb_live_feed_sink(c->feed);
    sink.committed(sink.self, &told, 1);
    kdb_live_deliver(c->live);
    kdb_buf_deinit(&rows[0]);
    kdb_buf_deinit(&rows[1]);
}

static void changes_cost_no_memory_that_stays(void **state)
{
    (void)state;
    struct live_case c;
    // Long enough for a table to be made of it.
    open_case(&c, "SELECT body FROM app.notes WHERE body IN ('a', 'b', 'c', 'd', 'e', 'f', 'g', "
                  "'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't')");
    change(&c, "a", "f");
    change(&c, "f", "a");
    size_t bytes = c.live->ctx.arena.used_bytes;
    for (int i = 0; i < 1000; i++)
        change(&c, "a", "f");
    assert_int_equal(c.live->ctx.arena.used_bytes, bytes);
    assert_int_equal(c.rows, 1002);
    assert_int_equal(c.failure, KDB_OK);
    close_case(&c);
}

static void a_query_too_slow_for_a_loop_ends(void **state)
{
    (void)state;
    struct live_case c;
    open_case(&c, "SELECT * FROM app.notes WHERE translate(repeat(body, 500000), "
                  "repeat('y', 500000), '') = ''");
    change(&c, "a", "b");
    assert_int_equal(c.failure, KDB_ERR_LIMIT_EXCEEDED);
    assert_int_equal(c.rows, 0);
    close_case(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(changes_cost_no_memory_that_stays),
                                       cmocka_unit_test(a_query_too_slow_for_a_loop_ends)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
