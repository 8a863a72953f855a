// SPDX-License-Identifier: Apache-2.0
// Worker pool: order, the bound, worker indexes, and that closing finishes what is queued.
#include "base/pool.h"

#include <semaphore.h>
#include <stdatomic.h>

#include "lib/test.h"

// A job that says it has begun and waits until the test lets it go.
struct gate {
    struct kdb_pool_job job;
    sem_t has_begun;
    sem_t may_end;
};

static void hold(void *arg, unsigned worker_index)
{
    (void)worker_index;
    struct gate *gate = arg;
    (void)sem_post(&gate->has_begun);
    (void)sem_wait(&gate->may_end);
}

static void gate_init(struct gate *gate)
{
    gate->job = (struct kdb_pool_job){.fn = hold, .arg = gate};
    assert_int_equal(sem_init(&gate->has_begun, 0, 0), 0);
    assert_int_equal(sem_init(&gate->may_end, 0, 0), 0);
}

// A job that notes its number in a shared list.
struct noted {
    struct kdb_pool_job job;
    int number;
    int *list;
    atomic_int *count;
};

static void note(void *arg, unsigned worker_index)
{
    (void)worker_index;
    struct noted *noted = arg;
    noted->list[atomic_fetch_add(noted->count, 1)] = noted->number;
}

static void test_one_worker_keeps_the_order_and_the_bound(void **state)
{
    (void)state;
    struct kdb_pool *pool = kdb_pool_open("test", 1, 3);
    assert_int_equal(kdb_pool_worker_count(pool), 1);
    struct gate gate;
    gate_init(&gate);
    assert_true(kdb_pool_submit(pool, &gate.job));
    assert_int_equal(sem_wait(&gate.has_begun), 0);
    int list[4] = {-1, -1, -1, -1};
    atomic_int count = 0;
    struct noted jobs[4];
    for (int i = 0; i < 4; i++) {
        jobs[i] = (struct noted){{NULL, note, &jobs[i]}, i, list, &count};
        assert_int_equal(kdb_pool_submit(pool, &jobs[i].job), i < 3);
    }
    assert_int_equal(kdb_pool_queued(pool), 3);
    assert_int_equal(atomic_load(&count), 0);
    assert_int_equal(sem_post(&gate.may_end), 0);
    kdb_pool_close(pool);
    assert_int_equal(atomic_load(&count), 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(list[i], i);
}

// Three jobs can only all begin when each has a worker of its own.
static void test_workers_run_side_by_side(void **state)
{
    (void)state;
    struct kdb_pool *pool = kdb_pool_open("a rather long name", 3, 10);
    struct gate gates[3];
    for (int i = 0; i < 3; i++) {
        gate_init(&gates[i]);
        assert_true(kdb_pool_submit(pool, &gates[i].job));
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(sem_wait(&gates[i].has_begun), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(sem_post(&gates[i].may_end), 0);
    kdb_pool_close(pool);
}

// A worker that found nothing to do still takes the next job.
static void test_idle_workers_wait_for_more(void **state)
{
    (void)state;
    static struct gate gates[300];
    struct kdb_pool *pool = kdb_pool_open("test", 1, 1);
    for (int i = 0; i < 300; i++) {
        gate_init(&gates[i]);
        assert_int_equal(sem_post(&gates[i].may_end), 0);
        assert_true(kdb_pool_submit(pool, &gates[i].job));
        assert_int_equal(sem_wait(&gates[i].has_begun), 0);
    }
    kdb_pool_close(pool);
}

#define WORKERS 4
#define JOBS    5000

static atomic_int running[WORKERS];
static atomic_int finished;

static void use_own_place(void *arg, unsigned worker_index)
{
    (void)arg;
    assert_true(worker_index < WORKERS);
    // Nobody else runs with this index.
    assert_int_equal(atomic_fetch_add(&running[worker_index], 1), 0);
    assert_int_equal(atomic_fetch_sub(&running[worker_index], 1), 1);
    atomic_fetch_add(&finished, 1);
}

static void test_closing_finishes_everything(void **state)
{
    (void)state;
    atomic_store(&finished, 0);
    static struct kdb_pool_job jobs[JOBS];
    struct kdb_pool *pool = kdb_pool_open("test", WORKERS, JOBS);
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = (struct kdb_pool_job){.fn = use_own_place};
        assert_true(kdb_pool_submit(pool, &jobs[i]));
    }
    kdb_pool_close(pool);
    assert_int_equal(atomic_load(&finished), JOBS);
}

struct chain {
    struct kdb_pool_job job;
    struct kdb_pool *pool;
    int left;
};

static void submit_again(void *arg, unsigned worker_index)
{
    (void)worker_index;
    struct chain *chain = arg;
    if (chain->left-- > 0)
        assert_true(kdb_pool_submit(chain->pool, &chain->job));
}

// A job may submit itself again while the pool is closing; it is still run.
static void test_jobs_may_submit_while_closing(void **state)
{
    (void)state;
    struct chain chain = {.pool = kdb_pool_open("test", 2, 1), .left = 1000};
    chain.job = (struct kdb_pool_job){.fn = submit_again, .arg = &chain};
    assert_true(kdb_pool_submit(chain.pool, &chain.job));
    kdb_pool_close(chain.pool);
    assert_int_equal(chain.left, -1);
}

static void test_close_accepts_null_and_idle(void **state)
{
    (void)state;
    kdb_pool_close(NULL);
    kdb_pool_close(kdb_pool_open("test", 2, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_worker_keeps_the_order_and_the_bound),
        cmocka_unit_test(test_workers_run_side_by_side),
        cmocka_unit_test(test_idle_workers_wait_for_more),
        cmocka_unit_test(test_closing_finishes_everything),
        cmocka_unit_test(test_jobs_may_submit_while_closing),
        cmocka_unit_test(test_close_accepts_null_and_idle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
