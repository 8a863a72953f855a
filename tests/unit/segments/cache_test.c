// SPDX-License-Identifier: Apache-2.0
// The cache of blocks: one load however many ask, a budget that is kept, blocks that outlive it,
// failures that stop only who caused them.
#include <pthread.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/random.h"
#include "lib/test.h"
#include "segments/cache_priv.h"

#define THREADS 6

// A gate that loads wait at until it is opened.
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned waiting;
    bool is_open;
};

static void gate_pass(struct gate *gate)
{
    (void)pthread_mutex_lock(&gate->lock);
    gate->waiting++;
    (void)pthread_cond_broadcast(&gate->changed);
    while (!gate->is_open)
        (void)pthread_cond_wait(&gate->changed, &gate->lock);
    (void)pthread_mutex_unlock(&gate->lock);
}

static void gate_await(struct gate *gate, unsigned waiting)
{
    (void)pthread_mutex_lock(&gate->lock);
    while (gate->waiting < waiting)
        (void)pthread_cond_wait(&gate->changed, &gate->lock);
    (void)pthread_mutex_unlock(&gate->lock);
}

static void gate_open(struct gate *gate)
{
    (void)pthread_mutex_lock(&gate->lock);
    gate->is_open = true;
    (void)pthread_cond_broadcast(&gate->changed);
    (void)pthread_mutex_unlock(&gate->lock);
}

// Makes blocks of one row that says which block it is.
struct source {
    struct cache_key key;
    size_t row_bytes;
    atomic_uint *loads;
    struct gate *gate; // may be NULL
    bool fails;
};

static kdb_status load(void *self, struct kdb_ctx *ctx, struct block **ret_block)
{
    struct source *source = self;
    if (source->loads)
        atomic_fetch_add(source->loads, 1);
    if (source->gate)
        gate_pass(source->gate);
    if (source->fails)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "told to fail");
    char *row = kdb_alloc(source->row_bytes);
    memcpy(row, &source->key, sizeof(source->key));
    uint32_t key_end = sizeof(source->key);
    uint32_t row_end = (uint32_t)source->row_bytes;
    const struct block_parts parts = {.row_count = 1,
                                      .key_ends = &key_end,
                                      .row_ends = &row_end,
                                      .keys = kdb_slice_of(&source->key, sizeof(source->key)),
                                      .rows = kdb_slice_of(row, source->row_bytes)};
    *ret_block = cache_block_create(&parts);
    kdb_free(row);
    return KDB_OK;
}

static kdb_status get(struct cache *cache, struct kdb_ctx *ctx, struct source *source,
                      kdb_read_tier tier, struct block **ret_block)
{
    const struct cache_loader loader = {load, source};
    return cache_get(cache, ctx, source->key, tier, &loader, ret_block);
}

static void expect_block(const struct block *block, struct cache_key key)
{
    assert_memory_equal(block_row(block, 0).data, &key, sizeof(key));
}

static void what_is_there_is_not_loaded_again(void **state)
{
    (void)state;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    struct cache *cache = cache_create(1U << 20);
    atomic_uint loads = 0;
    struct source source = {.key = {7, 3}, .row_bytes = 100, .loads = &loads};
    struct block *first = NULL;
    struct block *second = NULL;
    assert_int_equal(get(cache, &ctx, &source, KDB_READ_MEMORY, &first), KDB_ERR_BLOCKED);
    kdb_ctx_clear_error(&ctx);
    assert_int_equal(get(cache, &ctx, &source, KDB_READ_ANY, &first), KDB_OK);
    assert_int_equal(get(cache, &ctx, &source, KDB_READ_MEMORY, &second), KDB_OK);
    assert_ptr_equal(first, second);
    expect_block(first, source.key);
    assert_int_equal(loads, 1);
    struct kdb_segment_cache_stats stats;
    cache_read_stats(cache, &stats);
    assert_int_equal(stats.hits, 1);
    assert_int_equal(stats.misses, 1);
    assert_int_equal(stats.bytes, first->bytes);
    cache_block_unref(first);
    cache_block_unref(second);
    cache_destroy(cache);
    kdb_ctx_deinit(&ctx);
}

static void the_least_recently_used_goes(void **state)
{
    (void)state;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    atomic_uint loads = 0;
    struct cache *cache = cache_create(5000);
    // Four blocks of a little over 1,000 bytes fit.
    for (uint64_t i = 0; i < 4; i++) {
        struct source source = {.key = {1, i}, .row_bytes = 1000, .loads = &loads};
        struct block *block = NULL;
        assert_int_equal(get(cache, &ctx, &source, KDB_READ_ANY, &block), KDB_OK);
        cache_block_unref(block);
    }
    struct source first = {.key = {1, 0}, .row_bytes = 1000, .loads = &loads};
    struct source second = {.key = {1, 1}, .row_bytes = 1000, .loads = &loads};
    struct source fifth = {.key = {1, 4}, .row_bytes = 1000, .loads = &loads};
    struct block *held = NULL;
    struct block *block = NULL;
    assert_int_equal(get(cache, &ctx, &first, KDB_READ_ANY, &held), KDB_OK); // used again
    assert_int_equal(get(cache, &ctx, &fifth, KDB_READ_ANY, &block), KDB_OK);
    cache_block_unref(block);
    assert_int_equal(loads, 5);
    assert_int_equal(get(cache, &ctx, &first, KDB_READ_MEMORY, &block), KDB_OK);
    cache_block_unref(block);
    assert_int_equal(get(cache, &ctx, &second, KDB_READ_MEMORY, &block), KDB_ERR_BLOCKED);
    kdb_ctx_clear_error(&ctx);
    struct kdb_segment_cache_stats stats;
    cache_read_stats(cache, &stats);
    assert_int_equal(stats.evictions, 1);
    assert_in_range(stats.bytes, 4000, 5000);
    // A block that is held lives on when the cache lets it go.
    cache_forget(cache, 1, 5);
    cache_read_stats(cache, &stats);
    assert_int_equal(stats.bytes, 0);
    expect_block(held, first.key);
    cache_block_unref(held);
    cache_destroy(cache);
    kdb_ctx_deinit(&ctx);
}

static void a_block_above_the_budget_is_given_and_not_kept(void **state)
{
    (void)state;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    static const uint64_t budgets[] = {0, 500};
    for (int i = 0; i < 2; i++) {
        struct cache *cache = cache_create(budgets[i]);
        struct source source = {.key = {2, 2}, .row_bytes = 1000};
        struct block *block = NULL;
        assert_int_equal(get(cache, &ctx, &source, KDB_READ_ANY, &block), KDB_OK);
        expect_block(block, source.key);
        struct kdb_segment_cache_stats stats;
        cache_read_stats(cache, &stats);
        assert_int_equal(stats.bytes, 0);
        cache_block_unref(block);
        cache_destroy(cache);
    }
    kdb_ctx_deinit(&ctx);
}

// ---- several threads ----

struct worker {
    struct cache *cache;
    struct source source;
    kdb_status status;
    struct block *block;
    int64_t deadline_ns;
    uint64_t seed;
};

static void *ask_once(void *arg)
{
    struct worker *worker = arg;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    ctx.deadline_ns = worker->deadline_ns;
    worker->status = get(worker->cache, &ctx, &worker->source, KDB_READ_ANY, &worker->block);
    kdb_ctx_deinit(&ctx);
    return NULL;
}

static void start(pthread_t *threads, struct worker *workers, void *(*run)(void *))
{
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, &workers[i]), 0);
}

static void join(const pthread_t *threads)
{
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void one_loads_for_all(void **state)
{
    (void)state;
    static const uint64_t budgets[] = {1U << 20, 0};
    for (int round = 0; round < 2; round++) {
        struct cache *cache = cache_create(budgets[round]);
        atomic_uint loads = 0;
        struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false};
        struct worker workers[THREADS] = {0};
        pthread_t threads[THREADS];
        for (int i = 0; i < THREADS; i++)
            workers[i] = (struct worker){
                .cache = cache,
                .source = {.key = {9, 9}, .row_bytes = 64, .loads = &loads, .gate = &gate}};
        start(threads, workers, ask_once);
        gate_await(&gate, 1);
        gate_open(&gate);
        join(threads);
        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(workers[i].status, KDB_OK);
            expect_block(workers[i].block, workers[i].source.key);
            cache_block_unref(workers[i].block);
        }
        if (budgets[round] > 0) // nothing is kept otherwise: who comes late loads again
            assert_int_equal(loads, 1);
        cache_destroy(cache);
    }
}

static void a_failure_stops_only_the_loader(void **state)
{
    (void)state;
    struct cache *cache = cache_create(1U << 20);
    atomic_uint loads = 0;
    struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false};
    struct worker workers[THREADS] = {0};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        workers[i] = (struct worker){.cache = cache,
                                     .source = {.key = {9, 1}, .row_bytes = 64, .loads = &loads}};
    workers[0].source.gate = &gate;
    workers[0].source.fails = true;
    assert_int_equal(pthread_create(&threads[0], NULL, ask_once, &workers[0]), 0);
    gate_await(&gate, 1); // the failing one is the loader
    for (int i = 1; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_once, &workers[i]), 0);
    gate_open(&gate);
    join(threads);
    assert_int_equal(workers[0].status, KDB_ERR_CORRUPT);
    for (int i = 1; i < THREADS; i++) {
        assert_int_equal(workers[i].status, KDB_OK);
        expect_block(workers[i].block, workers[i].source.key);
        cache_block_unref(workers[i].block);
    }
    assert_int_equal(loads, 2);
    cache_destroy(cache);
}

static void waiting_ends_with_the_deadline(void **state)
{
    (void)state;
    struct cache *cache = cache_create(1U << 20);
    struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false};
    struct worker loader = {.cache = cache,
                            .source = {.key = {1, 1}, .row_bytes = 64, .gate = &gate}};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, ask_once, &loader), 0);
    gate_await(&gate, 1);
    struct worker waiter = {.cache = cache,
                            .source = {.key = {1, 1}, .row_bytes = 64},
                            .deadline_ns = kdb_monotonic_ns() + 1};
    (void)ask_once(&waiter);
    assert_int_equal(waiter.status, KDB_ERR_TIMEOUT);
    gate_open(&gate);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(loader.status, KDB_OK);
    cache_block_unref(loader.block);
    cache_destroy(cache);
}

// Many keys, a small budget, segments forgotten meanwhile: every block is the right one.
static void *ask_often(void *arg)
{
    struct worker *worker = arg;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    for (int i = 0; i < 2000; i++) {
        uint64_t random = kdb_random_next(&worker->seed);
        struct source source = {.key = {random % 3, random / 3 % 20},
                                .row_bytes = 16 + random % 500,
                                .fails = random % 50 == 0};
        struct block *block = NULL;
        kdb_read_tier tier = random % 5 == 0 ? KDB_READ_MEMORY : KDB_READ_ANY;
        kdb_status status = get(worker->cache, &ctx, &source, tier, &block);
        if (status == KDB_OK) {
            if (memcmp(block_row(block, 0).data, &source.key, sizeof(source.key)) != 0 ||
                cache_block_lower_bound(block, block_key(block, 0)) != 0)
                worker->status = KDB_ERR_INTERNAL;
            cache_block_unref(block);
        }
        kdb_ctx_clear_error(&ctx);
        if (random % 100 == 0)
            cache_forget(worker->cache, random % 3, 20);
    }
    kdb_ctx_deinit(&ctx);
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    struct cache *cache = cache_create(8000);
    struct worker workers[THREADS] = {0};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        workers[i] = (struct worker){.cache = cache, .seed = (uint64_t)i + 1};
    start(threads, workers, ask_often);
    join(threads);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(workers[i].status, KDB_OK);
    struct kdb_segment_cache_stats stats;
    cache_read_stats(cache, &stats);
    assert_in_range(stats.bytes, 0, 8000);
    cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_is_not_loaded_again),
        cmocka_unit_test(the_least_recently_used_goes),
        cmocka_unit_test(a_block_above_the_budget_is_given_and_not_kept),
        cmocka_unit_test(one_loads_for_all),
        cmocka_unit_test(a_failure_stops_only_the_loader),
        cmocka_unit_test(waiting_ends_with_the_deadline),
        cmocka_unit_test(threads_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
