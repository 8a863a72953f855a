// SPDX-License-Identifier: Apache-2.0
// What the tests of live queries share: a table of notes, a committer that is the test itself, one
// loop, and clients that write down what they are told.
//
//     struct client ann = {0};
//     live_open(NULL);
//     live_subscribe(&ann, "SELECT id FROM app.notes");
//     assert_true(kdb_live_release(ann.subscription, 0));
//     put(1, 10, "milk", 0);
//     commit();
//     expect(&ann, "insert \"rows\":[{\"id\":\"1\",\"_seq\":\"1\"}]}\n");
//     live_leave(&ann);
//     live_close();
#ifndef KDB_TESTS_UNIT_LIVE_LIVE_CASE_H
#define KDB_TESTS_UNIT_LIVE_LIVE_CASE_H

#include "live/live.h"
#include "types/row.h"
#include "unit/plan/bind_case.h"

#define LIVE_KEYS    16
#define LIVE_PENDING 1024

//   app.notes  id BIGINT key, n INT, body TEXT, f DOUBLE
static struct {
    struct kdb_partition_registry *partitions;
    struct kdb_partition *partition; // of ann
    struct kdb_live_feed *feed;
    struct kdb_live_loop *loop;
    struct kdb_arena rows;
    kdb_slice newest[LIVE_KEYS]; // versions of the rows 0 to 15
    struct kdb_change pending[LIVE_PENDING];
    size_t pending_count;
    int64_t seq; // of the last change
    int wakes;
} live_test;

static inline void live_manifest_unref(struct kdb_manifest *manifest)
{
    (void)manifest;
}

static inline void live_wake(void *arg)
{
    (void)arg;
    live_test.wakes++;
}

struct live_case_options {
    size_t backlog_bytes;  // 0: plenty
    size_t held_bytes_max; // as above
};

static inline struct kdb_partition *live_partition(const char *user)
{
    struct kdb_partition *partition;
    assert_int_equal(kdb_partition_open(live_test.partitions, &bind_test.ctx, 10,
                                        kdb_slice_cstr(user), KDB_READ_ANY, &partition),
                     KDB_OK);
    return partition;
}

static inline void live_open(const struct live_case_options *options)
{
    static const struct kdb_partition_hooks hooks = {live_manifest_unref};
    static const struct live_case_options plenty = {0};
    const struct live_case_options *given = options ? options : &plenty;
    memset(&live_test, 0, sizeof(live_test));
    kdb_arena_init(&live_test.rows, 0);
    live_test.partitions = kdb_partition_registry_create(bind_test.store, &hooks);
    live_test.partition = live_partition("ann");
    live_test.feed =
        kdb_live_feed_create(given->backlog_bytes > 0 ? given->backlog_bytes : (size_t)1 << 20);
    const struct kdb_live_loop_options loop = {
        .feed = live_test.feed,
        .wake = live_wake,
        .held_bytes_max = given->held_bytes_max > 0 ? given->held_bytes_max : (size_t)1 << 20,
        .row_memory_max = (size_t)1 << 20};
    live_test.loop = kdb_live_loop_create(&loop);
}

static inline void live_close(void)
{
    kdb_live_loop_destroy(live_test.loop);
    kdb_live_feed_destroy(live_test.feed);
    kdb_partition_unref(live_test.partition);
    kdb_partition_registry_destroy(live_test.partitions);
    kdb_arena_deinit(&live_test.rows);
}

static inline int live_setup(void **state)
{
    const struct bind_column notes[] = {{"id", KDB_TYPE(KDB_BIGINT), true},
                                        {"n", KDB_TYPE(KDB_INT), false},
                                        {"body", KDB_TYPE(KDB_TEXT), false},
                                        {"f", KDB_TYPE(KDB_DOUBLE), false}};
    (void)bind_setup(state);
    bind_put_table(10, "app", "notes", notes, 4);
    return 0;
}

// ---- rows and changes ----

#define LIVE_NULL INT32_MIN // as n; the null body is NULL

// A version of a row with the next _seq.
static inline kdb_slice live_row(int64_t id, int32_t n, const char *body, double f, bool is_deleted)
{
    const struct kdb_schema *schema =
        kdb_catalog_table(bind_test.snapshot, KDB_LIT("app"), KDB_LIT("notes"))->schema;
    const kdb_value values[] = {
        kdb_value_int(KDB_BIGINT, id),
        n == LIVE_NULL ? kdb_value_null(KDB_INT) : kdb_value_int(KDB_INT, n),
        body ? kdb_value_bytes(KDB_TEXT, kdb_slice_cstr(body)) : kdb_value_null(KDB_TEXT),
        kdb_value_double(f)};
    struct kdb_buf row = {0};
    assert_int_equal(
        kdb_row_encode(schema, &bind_test.ctx, values, ++live_test.seq, is_deleted, &row), KDB_OK);
    kdb_slice kept = kdb_arena_copy(&live_test.rows, kdb_buf_view(&row));
    kdb_buf_deinit(&row);
    return kept;
}

static inline void live_change_of(struct kdb_partition *partition, int64_t id, kdb_slice row)
{
    assert_true(live_test.pending_count < LIVE_PENDING);
    kdb_slice old_row = {0};
    if (id < LIVE_KEYS) {
        old_row = live_test.newest[id];
        live_test.newest[id] = row;
    }
    live_test.pending[live_test.pending_count++] =
        (struct kdb_change){.partition = partition,
                            .seq = live_test.seq,
                            .key = kdb_arena_copy(&live_test.rows, kdb_slice_of(&id, sizeof(id))),
                            .row = row,
                            .old_row = old_row};
}

// A row is written: new, or another version. Rows above 15 are always new.
static inline void put(int64_t id, int32_t n, const char *body, double f)
{
    live_change_of(live_test.partition, id, live_row(id, n, body, f, false));
}

// A row is deleted; its tombstone has the values of before.
static inline void gone(int64_t id, int32_t n, const char *body)
{
    live_change_of(live_test.partition, id, live_row(id, n, body, 0, true));
}

// The committer has written what is pending.
static inline void post(void)
{
    struct kdb_change_sink sink = kdb_live_feed_sink(live_test.feed);
    sink.committed(sink.self, live_test.pending, live_test.pending_count);
    live_test.pending_count = 0;
}

// The same, and the loop has taken it.
static inline void commit(void)
{
    post();
    kdb_live_deliver(live_test.loop);
}

// ---- clients ----

struct client {
    struct kdb_live_subscription *subscription;
    struct kdb_buf told;
    struct kdb_live_event *last; // referenced
    bool is_full;                // takes nothing
    int lags;
};

static inline bool client_event(void *self, struct kdb_live_event *event)
{
    struct client *client = self;
    if (client->is_full)
        return false;
    kdb_buf_printf(&client->told, "%s ", kdb_live_kind_name(event->kind));
    kdb_buf_slice(&client->told, kdb_shared_bytes_view(event->body));
    kdb_buf_put(&client->told, '\n');
    kdb_live_event_unref(client->last);
    client->last = kdb_live_event_ref(event);
    return true;
}

static inline void client_lags(void *self)
{
    ((struct client *)self)->lags++;
}

static inline void client_failed(void *self, const struct kdb_error *error)
{
    kdb_buf_printf(&((struct client *)self)->told, "failed %s: %s\n",
                   kdb_status_info(error->status)->name, error->message);
}

static const struct kdb_live_sink_ops client_ops = {client_event, client_lags, client_failed};

// `plans` and `space` may be NULL, as in a request.
static inline kdb_status live_make_with(struct kdb_plan_cache *plans, const char *space,
                                        const char *sql, const char *user,
                                        struct kdb_live_query **ret)
{
    const struct kdb_live_request request = {.sql = kdb_slice_cstr(sql),
                                             .space = kdb_slice_cstr(space),
                                             .catalog = bind_test.snapshot,
                                             .user = kdb_slice_cstr(user),
                                             .role = bind_test.request.role,
                                             .terms_max = 20000,
                                             .depth_max = 500,
                                             .plans = plans};
    kdb_ctx_reset(&bind_test.ctx);
    return kdb_live_query_make(&request, &bind_test.ctx, ret);
}

static inline kdb_status live_make(const char *sql, const char *user, struct kdb_live_query **ret)
{
    return live_make_with(NULL, NULL, sql, user, ret);
}

// A query of ann that must be accepted. Unreference it.
static inline struct kdb_live_query *live_query(const char *sql)
{
    struct kdb_live_query *query = NULL;
    if (live_make(sql, "ann", &query) != KDB_OK)
        fail_msg("%s\n is refused: %s", sql, bind_test.ctx.error.message);
    return query;
}

static inline void live_subscribe_as(struct client *client, const char *sql, const char *user,
                                     struct kdb_partition *partition)
{
    struct kdb_live_query *query = NULL;
    assert_int_equal(live_make(sql, user, &query), KDB_OK);
    client->subscription =
        kdb_live_subscribe(live_test.loop, query, partition, &client_ops, client);
    kdb_live_query_unref(query);
}

// Ann subscribes; the subscription is held.
static inline void live_subscribe(struct client *client, const char *sql)
{
    live_subscribe_as(client, sql, "ann", live_test.partition);
}

// Subscribes and lets changes flow from now on.
static inline void live_follow(struct client *client, const char *sql)
{
    live_subscribe(client, sql);
    assert_true(kdb_live_release(client->subscription, live_test.seq));
}

static inline void live_leave(struct client *client)
{
    kdb_live_unsubscribe(client->subscription);
    kdb_live_event_unref(client->last);
    client->last = NULL;
    kdb_buf_deinit(&client->told);
}

// What the client was told since the last time.
static inline void expect(struct client *client, const char *expected)
{
    kdb_buf_put(&client->told, '\0');
    if (strcmp(client->told.data, expected) != 0)
        fail_msg("told\n%s not\n%s", client->told.data, expected);
    kdb_buf_clear(&client->told);
}

#endif
