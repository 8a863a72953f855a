// SPDX-License-Identifier: Apache-2.0
// One subscription: held until its rows are sent, flowing, lagging and caught up, without losing or
// repeating a change.
#include "unit/live/live_case.h"

#define ALL      "SELECT id FROM app.notes"
#define TOLD(id) "insert \"rows\":[{\"id\":\"" id "\",\"_seq\":\"" id "\"}]}\n"

// Inserts the row that is numbered like its _seq.
static void put_next(void)
{
    put(live_test.seq + 1, 1, NULL, 0);
}

static const struct kdb_live_counters *counters_of(const struct client *client)
{
    return kdb_live_counters_of(client->subscription);
}

static void test_held_changes_wait(void **state)
{
    (void)state;
    struct client ann = {0};
    live_open(NULL);
    live_subscribe(&ann, ALL);
    for (int i = 0; i < 3; i++) {
        put_next();
        commit();
    }
    expect(&ann, "");
    assert_false(kdb_live_is_lagging(ann.subscription));
    assert_true(kdb_live_release(ann.subscription, 1)); // 1 was among the rows
    expect(&ann, TOLD("2") TOLD("3"));
    assert_int_equal(kdb_live_position(ann.subscription), 3);
    put_next();
    commit();
    expect(&ann, TOLD("4"));
    assert_int_equal(atomic_load(&counters_of(&ann)->delivered), 3);
    assert_int_equal(atomic_load(&counters_of(&ann)->dropped), 0);
    assert_int_equal(atomic_load(&counters_of(&ann)->lags), 0);
    live_leave(&ann);
    live_close();
}

// A view may be newer than what the loop has been told yet.
static void test_what_was_read_is_not_told(void **state)
{
    (void)state;
    struct client ann = {0};
    live_open(NULL);
    live_subscribe(&ann, ALL);
    put_next();
    post();
    put_next();
    post();
    assert_true(kdb_live_release(ann.subscription, 2));
    kdb_live_deliver(live_test.loop);
    expect(&ann, "");
    put_next();
    commit();
    expect(&ann, TOLD("3"));
    live_leave(&ann);
    live_close();
}

static void test_too_much_is_held(void **state)
{
    (void)state;
    const struct live_case_options options = {.held_bytes_max = 200};
    struct client ann = {0};
    live_open(&options);
    live_subscribe(&ann, ALL);
    for (int i = 0; i < 5; i++) {
        put_next();
        commit();
    }
    assert_int_equal(ann.lags, 0); // it is still being sent its rows: nothing to begin
    assert_int_equal(atomic_load(&counters_of(&ann)->lags), 1);
    assert_int_equal(atomic_load(&counters_of(&ann)->dropped), 5);
    assert_false(kdb_live_release(ann.subscription, 2));
    assert_true(kdb_live_is_lagging(ann.subscription));
    assert_int_equal(kdb_live_position(ann.subscription), 2);
    put_next();
    commit();
    expect(&ann, "");
    assert_false(kdb_live_release(ann.subscription, 5)); // 6 is missing
    assert_true(kdb_live_release(ann.subscription, 6));
    put_next();
    commit();
    expect(&ann, TOLD("7"));
    live_leave(&ann);
    live_close();
}

static void test_slow_client_lags_and_catches_up(void **state)
{
    (void)state;
    struct client slow = {0};
    struct client quick = {0};
    live_open(NULL);
    live_follow(&slow, ALL);
    live_follow(&quick, ALL);
    put_next();
    commit();
    slow.is_full = true;
    put_next();
    commit();
    put_next();
    commit();
    assert_int_equal(slow.lags, 1);
    slow.is_full = false;
    put_next();
    commit(); // there is room again, but 2 and 3 are missing
    expect(&slow, TOLD("1"));
    expect(&quick, TOLD("1") TOLD("2") TOLD("3") TOLD("4"));
    assert_true(kdb_live_is_lagging(slow.subscription));
    assert_int_equal(kdb_live_position(slow.subscription), 1);
    assert_int_equal(atomic_load(&counters_of(&slow)->dropped), 3);
    assert_true(kdb_live_release(slow.subscription, 4));
    assert_false(kdb_live_is_lagging(slow.subscription));
    put_next();
    commit();
    expect(&slow, TOLD("5"));
    assert_int_equal(slow.lags, 1);
    assert_int_equal(atomic_load(&counters_of(&slow)->delivered), 2);
    live_leave(&slow);
    live_leave(&quick);
    live_close();
}

// The client is full again while what was held is told.
static void test_full_when_released(void **state)
{
    (void)state;
    struct client ann = {.is_full = true};
    live_open(NULL);
    live_subscribe(&ann, ALL);
    put_next();
    commit();
    put_next();
    commit();
    (void)!kdb_live_release(ann.subscription, 0);
    assert_true(kdb_live_is_lagging(ann.subscription));
    assert_int_equal(ann.lags, 1);
    assert_int_equal(kdb_live_position(ann.subscription), 0);
    ann.is_full = false;
    assert_false(kdb_live_release(ann.subscription, 1));
    assert_true(kdb_live_release(ann.subscription, 2));
    put_next();
    commit();
    expect(&ann, TOLD("3"));
    live_leave(&ann);
    live_close();
}

static void put_large(void)
{
    static char body[1001];
    memset(body, 'x', sizeof(body) - 1);
    put(live_test.seq + 1, 1, body, 0);
}

// The loop did not keep up: everybody hears it, whatever their filter.
static void test_loop_that_lost_changes(void **state)
{
    (void)state;
    const struct live_case_options options = {.backlog_bytes = 1500};
    struct client all = {0};
    struct client indexed = {0};
    struct client held = {0};
    live_open(&options);
    live_follow(&all, ALL);
    live_follow(&indexed, "SELECT id FROM app.notes WHERE n = 9");
    live_subscribe(&held, ALL);
    for (int i = 0; i < 3; i++) {
        put_large();
        post();
    }
    kdb_live_deliver(live_test.loop);
    expect(&all, TOLD("1"));
    assert_int_equal(all.lags, 1);
    assert_int_equal(indexed.lags, 1);
    assert_int_equal(held.lags, 0);
    assert_false(kdb_live_release(held.subscription, 2));
    assert_true(kdb_live_release(held.subscription, 3));
    expect(&held, ""); // 1 was among what it read
    assert_true(kdb_live_release(all.subscription, 3));
    assert_false(kdb_live_release(indexed.subscription, 2));
    assert_true(kdb_live_release(indexed.subscription, 3));
    live_leave(&all);
    live_leave(&indexed);
    live_leave(&held);
    live_close();
}

static struct client *meanwhile; // reads slowly: changes are committed while it takes one

static bool event_meanwhile(void *self, struct kdb_live_event *event)
{
    struct client *client = self;
    if (client == meanwhile) {
        meanwhile = NULL;
        put_large(); // does not fit beside what is being taken
        post();
    }
    return client_event(client, event);
}

// 2 is lost; then 3 fits, 4 is lost too and told with 2, before 3. Having read up to 3 is not
// enough.
static void test_newest_loss_is_remembered(void **state)
{
    (void)state;
    const struct live_case_options options = {.backlog_bytes = 1500};
    static const struct kdb_live_sink_ops slow_ops = {event_meanwhile, client_lags, client_failed};
    struct client slow = {0};
    struct client held = {0};
    live_open(&options);
    struct kdb_live_query *query = live_query(ALL);
    slow.subscription =
        kdb_live_subscribe(live_test.loop, query, live_test.partition, &slow_ops, &slow);
    kdb_live_query_unref(query);
    assert_true(kdb_live_release(slow.subscription, 0));
    live_subscribe(&held, "SELECT id FROM app.notes WHERE n = 1");
    meanwhile = &slow;
    put_large();
    commit(); // 1, and 2 meanwhile
    put_large();
    post();
    put_large();
    post();
    kdb_live_deliver(live_test.loop);
    expect(&slow, TOLD("1"));
    assert_false(kdb_live_release(held.subscription, 3));
    assert_false(kdb_live_release(slow.subscription, 3));
    assert_true(kdb_live_release(held.subscription, 4));
    assert_true(kdb_live_release(slow.subscription, 4));
    live_leave(&slow);
    live_leave(&held);
    live_close();
}

static void test_leaving_while_changes_are_held(void **state)
{
    (void)state;
    struct client clients[3] = {{0}, {0}, {0}};
    live_open(NULL);
    for (size_t i = 0; i < 3; i++)
        live_subscribe(&clients[i], ALL);
    put_next();
    commit();
    live_leave(&clients[0]); // the last member takes its place
    assert_true(kdb_live_release(clients[2].subscription, 0));
    expect(&clients[2], TOLD("1"));
    live_leave(&clients[2]);
    assert_true(kdb_live_release(clients[1].subscription, 0));
    put_next();
    commit();
    expect(&clients[1], TOLD("1") TOLD("2"));
    live_leave(&clients[1]);
    kdb_live_unsubscribe(NULL);
    live_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_held_changes_wait),
        cmocka_unit_test(test_what_was_read_is_not_told),
        cmocka_unit_test(test_too_much_is_held),
        cmocka_unit_test(test_slow_client_lags_and_catches_up),
        cmocka_unit_test(test_full_when_released),
        cmocka_unit_test(test_loop_that_lost_changes),
        cmocka_unit_test(test_newest_loss_is_remembered),
        cmocka_unit_test(test_leaving_while_changes_are_held),
    };
    return cmocka_run_group_tests(tests, live_setup, bind_teardown);
}
