// SPDX-License-Identifier: Apache-2.0
// The feed: what is posted to whom, when a loop is woken, and what it is told of what it lost.
#include "live/feed.h"

#include "unit/live/live_case.h"

// A loop of the feed without subscriptions: what it took, as text.
struct taker {
    unsigned number;
    int wakes;
    struct kdb_buf taken;
    void (*meanwhile)(void); // runs once, while a batch is being taken
};

static void wake(void *arg)
{
    ((struct taker *)arg)->wakes++;
}

static void take_batch(void *self, struct kdb_live_batch *batch)
{
    struct taker *taker = self;
    void (*meanwhile)(void) = taker->meanwhile;
    taker->meanwhile = NULL;
    for (size_t i = 0; i < batch->count; i++)
        kdb_buf_printf(&taker->taken, "%lld ", (long long)batch->changes[i].seq);
    kdb_buf_put(&taker->taken, '|');
    if (meanwhile)
        meanwhile();
}

static void take_loss(void *self, int64_t seq)
{
    kdb_buf_printf(&((struct taker *)self)->taken, "lost %lld|", (long long)seq);
}

static void add_taker(struct taker *taker)
{
    taker->number = kdb_live_feed_add_loop(live_test.feed, wake, taker);
    kdb_live_feed_listen(live_test.partition, taker->number);
}

static void expect_taken(struct taker *taker, const char *expected)
{
    const struct kdb_live_taker ops = {take_batch, take_loss, taker};
    kdb_live_feed_take(live_test.feed, taker->number, &ops);
    kdb_buf_put(&taker->taken, '\0');
    assert_string_equal(taker->taken.data, expected);
    kdb_buf_deinit(&taker->taken);
}

// One change whose batch takes about `bytes`.
static void post_one(size_t bytes)
{
    char body[2048];
    assert_true(bytes < sizeof(body));
    memset(body, 'x', bytes);
    body[bytes] = '\0';
    put(100, 1, body, 0);
    post();
}

static void test_batches_in_order(void **state)
{
    (void)state;
    struct taker one = {0};
    live_open(NULL);
    add_taker(&one);
    expect_taken(&one, "");
    put(1, 1, "a", 0);
    put(2, 1, "b", 0);
    post();
    put(1, 2, "c", 0);
    post();
    assert_int_equal(one.wakes, 1); // nobody took in between
    expect_taken(&one, "1 2 |3 |");
    expect_taken(&one, "");
    put(1, 3, "d", 0);
    post();
    assert_int_equal(one.wakes, 2);
    expect_taken(&one, "4 |");
    live_close();
}

static void test_only_what_somebody_listens_to(void **state)
{
    (void)state;
    struct taker one = {0};
    struct taker two = {0};
    live_open(NULL);
    struct kdb_partition *other = live_partition("bob");
    add_taker(&one);
    add_taker(&two);
    kdb_live_feed_ignore(live_test.partition, two.number);
    put(1, 1, "a", 0);
    live_change_of(other, 100, live_row(100, 1, "b", 0, false));
    put(2, 1, "c", 0);
    post();
    expect_taken(&one, "1 3 |"); // nobody listens to 2
    expect_taken(&two, "");
    assert_int_equal(two.wakes, 0);
    kdb_live_feed_listen(other, two.number);
    live_change_of(other, 101, live_row(101, 1, "b", 0, false));
    post();
    expect_taken(&one, "");
    expect_taken(&two, "4 |");
    kdb_live_feed_ignore(live_test.partition, one.number);
    put(3, 1, "d", 0);
    post();
    expect_taken(&one, "");
    kdb_live_feed_ignore(other, two.number);
    assert_int_equal(atomic_load(&other->live_loops[0]), 0);
    assert_int_equal(atomic_load(&live_test.partition->live_loops[0]), 0);
    kdb_partition_unref(other);
    live_close();
}

// As many loops as server.workers allows; a machine of 64 processors and more has them by itself.
static void test_every_loop_has_its_own_news(void **state)
{
    (void)state;
    static struct taker takers[KDB_LIVE_LOOPS_MAX];
    memset(takers, 0, sizeof(takers));
    live_open(NULL); // which adds the first
    for (unsigned i = 1; i < KDB_LIVE_LOOPS_MAX; i++)
        add_taker(&takers[i]);
    put(1, 1, "a", 0);
    post();
    for (unsigned i = 1; i < KDB_LIVE_LOOPS_MAX; i += 2)
        kdb_live_feed_ignore(live_test.partition, takers[i].number);
    put(2, 1, "b", 0);
    post();
    for (unsigned i = 1; i < KDB_LIVE_LOOPS_MAX; i++) {
        assert_int_equal(takers[i].number, i);
        assert_int_equal(takers[i].wakes, 1);
        expect_taken(&takers[i], i % 2 == 1 ? "1 |" : "1 |2 |");
    }
    live_close();
}

static void keep(void *self, struct kdb_live_batch *batch)
{
    *(struct kdb_live_batch **)self = kdb_live_batch_ref(batch);
}

// The bytes of a batch are its own: neither the committer nor the feed is needed for them.
static void test_batch_outlives_its_source(void **state)
{
    (void)state;
    struct taker one = {0};
    struct kdb_live_batch *batch = NULL;
    const struct kdb_live_taker keeper = {keep, take_loss, &batch};
    live_open(NULL);
    add_taker(&one);
    char row[] = "row";
    const struct kdb_change change = {
        .partition = live_test.partition, .seq = 9, .row = kdb_slice_cstr(row), .key = KDB_LIT("")};
    struct kdb_change_sink sink = kdb_live_feed_sink(live_test.feed);
    sink.committed(sink.self, &change, 1);
    memset(row, 0, sizeof(row));
    kdb_live_feed_take(live_test.feed, one.number, &keeper);
    assert_non_null(batch);
    assert_slice_equal(batch->changes[0].row, "row");
    assert_non_null(batch->changes[0].key.data); // empty is not absent
    assert_null(batch->changes[0].old_row.data);
    kdb_live_batch_unref(batch);
    live_close();
}

static void test_slow_loop_hears_what_it_lost(void **state)
{
    (void)state;
    const struct live_case_options options = {.backlog_bytes = 1500};
    struct taker slow = {0};
    struct taker quick = {0};
    live_open(&options);
    add_taker(&slow);
    add_taker(&quick);
    post_one(1000);
    expect_taken(&quick, "1 |");
    post_one(1000);
    post_one(1000);
    expect_taken(&quick, "2 |lost 3|"); // its backlog is its own
    expect_taken(&slow, "1 |lost 3|");  // one notice for 2 and 3
    post_one(1000);
    expect_taken(&slow, "4 |");
    expect_taken(&quick, "4 |");
    post_one(2000); // alone, it always fits
    expect_taken(&slow, "5 |");
    live_close();
}

static void overflow(void)
{
    post_one(1000); // does not fit beside what is being taken
}

// A loss is told where it happened, however late: what fits afterwards may come behind it with an
// older _seq.
static void test_loss_is_told_before_what_follows(void **state)
{
    (void)state;
    const struct live_case_options options = {.backlog_bytes = 1500};
    struct taker slow = {.meanwhile = overflow};
    live_open(&options);
    add_taker(&slow);
    post_one(1000);
    expect_taken(&slow, "1 |");
    post_one(1000);
    post_one(1000);
    expect_taken(&slow, "lost 4|3 |");
    live_close();
}

static void test_what_is_left_is_dropped(void **state)
{
    (void)state;
    const struct live_case_options options = {.backlog_bytes = 1500};
    struct taker slow = {0};
    live_open(&options);
    add_taker(&slow);
    post_one(1000);
    post_one(1000);
    live_close(); // a batch and a notice wait
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches_in_order),
        cmocka_unit_test(test_only_what_somebody_listens_to),
        cmocka_unit_test(test_every_loop_has_its_own_news),
        cmocka_unit_test(test_batch_outlives_its_source),
        cmocka_unit_test(test_slow_loop_hears_what_it_lost),
        cmocka_unit_test(test_loss_is_told_before_what_follows),
        cmocka_unit_test(test_what_is_left_is_dropped),
    };
    return cmocka_run_group_tests(tests, live_setup, bind_teardown);
}
