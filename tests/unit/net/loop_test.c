// SPDX-License-Identifier: Apache-2.0
// The loop: tasks from other threads, hooks before it sleeps, timers, and an end that loses
// nothing.
#include "net/loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "lib/test.h"

enum { thread_count = 4, tasks_per_thread = 2000 };

struct numbered {
    struct kdb_loop_task task;
    int thread;
    int number;
};

static int next_number[thread_count]; // loop thread
static int tasks_run;                 // loop thread

static void run_numbered(struct kdb_loop_task *task, struct kdb_loop *loop)
{
    struct numbered *numbered = (struct numbered *)task;
    assert_true(kdb_loop_is_current(loop));
    assert_int_equal(numbered->number, next_number[numbered->thread]);
    next_number[numbered->thread]++;
    tasks_run++;
    free(numbered);
}

struct poster {
    struct kdb_loop *loop;
    int thread;
};

static struct numbered *make_task(int thread, int number)
{
    struct numbered *numbered = calloc(1, sizeof(*numbered));
    assert_non_null(numbered);
    numbered->task.run = run_numbered;
    numbered->thread = thread;
    numbered->number = number;
    return numbered;
}

static void *post_tasks(void *arg)
{
    struct poster *poster = arg;
    for (int i = 0; i < tasks_per_thread; i++)
        kdb_loop_post(poster->loop, &make_task(poster->thread, i)->task);
    return NULL;
}

static void test_tasks_of_threads(void **state)
{
    (void)state;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    struct kdb_loop *loop = NULL;
    assert_int_equal(kdb_loop_open(&ctx, "test", &loop), KDB_OK);
    assert_false(kdb_loop_is_current(loop));
    assert_int_equal(kdb_loop_start(loop, &ctx), KDB_OK);
    assert_false(kdb_loop_is_current(loop));
    pthread_t threads[thread_count];
    struct poster posters[thread_count];
    for (int i = 0; i < thread_count; i++) {
        posters[i] = (struct poster){loop, i};
        assert_int_equal(pthread_create(&threads[i], NULL, post_tasks, &posters[i]), 0);
    }
    for (int i = 0; i < thread_count; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    kdb_loop_close(loop); // runs what was posted before
    assert_int_equal(tasks_run, thread_count * tasks_per_thread);
    kdb_ctx_deinit(&ctx);
}

// A task, and a hook that must see it before the loop sleeps.
struct turn {
    struct kdb_loop_hook hook;
    struct kdb_loop_task first;
    struct kdb_loop_task second;
    struct kdb_loop *loop;
    int gathered; // by tasks, not yet handed over
    int handed_over;
    int turns;
};

static void hand_over(struct kdb_loop_hook *hook, struct kdb_loop *loop)
{
    (void)loop;
    struct turn *turn = (struct turn *)hook;
    if (turn->gathered == 0)
        return;
    turn->turns++;
    turn->handed_over += turn->gathered;
    turn->gathered = 0;
    if (turn->turns == 1)
        kdb_loop_post(turn->loop, &turn->second);
    else
        kdb_loop_stop(turn->loop);
}

static void gather_first(struct kdb_loop_task *task, struct kdb_loop *loop)
{
    (void)loop;
    struct turn *turn = (struct turn *)((char *)task - offsetof(struct turn, first));
    turn->gathered++;
}

static void gather_second(struct kdb_loop_task *task, struct kdb_loop *loop)
{
    (void)loop;
    struct turn *turn = (struct turn *)((char *)task - offsetof(struct turn, second));
    turn->gathered += 10;
}

static void test_hook_runs_before_sleep(void **state)
{
    (void)state;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    struct turn turn = {
        .hook.before_sleep = hand_over, .first.run = gather_first, .second.run = gather_second};
    assert_int_equal(kdb_loop_open(&ctx, "test", &turn.loop), KDB_OK);
    kdb_loop_add_hook(turn.loop, &turn.hook);
    kdb_loop_post(turn.loop, &turn.first);
    kdb_loop_run(turn.loop); // would sleep for ever without the hook
    assert_int_equal(turn.handed_over, 11);
    assert_int_equal(turn.turns, 2);
    kdb_loop_close(turn.loop);
    kdb_ctx_deinit(&ctx);
}

struct ticking {
    struct kdb_loop *loop;
    struct kdb_timer *repeated;
    struct kdb_timer *once;
    int repeated_count;
    int once_count;
};

static void on_repeated(void *arg)
{
    struct ticking *ticking = arg;
    if (++ticking->repeated_count == 3)
        kdb_timer_start(ticking->once, 0, 0);
}

static void on_once(void *arg)
{
    struct ticking *ticking = arg;
    ticking->once_count++;
    kdb_loop_stop(ticking->loop);
}

static void test_timers(void **state)
{
    (void)state;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    struct ticking ticking = {0};
    assert_int_equal(kdb_loop_open(&ctx, "test", &ticking.loop), KDB_OK);
    ticking.repeated = kdb_timer_open(ticking.loop, on_repeated, &ticking);
    ticking.once = kdb_timer_open(ticking.loop, on_once, &ticking);
    kdb_timer_start(ticking.repeated, 1, 1);
    assert_true(kdb_loop_now_ms(ticking.loop) > 0);
    kdb_loop_run(ticking.loop);
    assert_in_range(ticking.repeated_count, 3, INT32_MAX);
    assert_int_equal(ticking.once_count, 1);
    kdb_timer_close(ticking.repeated);
    kdb_timer_close(ticking.once);
    kdb_timer_close(NULL);
    kdb_loop_close(ticking.loop);
    kdb_ctx_deinit(&ctx);
}

// Stopped before it ran, or never run at all: tasks still run, nothing is left.
static void test_stop_without_run(void **state)
{
    (void)state;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    struct turn turn = {.first.run = gather_first, .second.run = gather_second};
    assert_int_equal(kdb_loop_open(&ctx, "test", &turn.loop), KDB_OK);
    kdb_loop_post(turn.loop, &turn.first);
    kdb_loop_stop(turn.loop);
    kdb_loop_run(turn.loop);
    assert_int_equal(turn.gathered, 1);
    kdb_loop_close(turn.loop);
    assert_int_equal(kdb_loop_open(&ctx, "test", &turn.loop), KDB_OK);
    kdb_loop_close(turn.loop);
    kdb_loop_close(NULL);
    kdb_ctx_deinit(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tasks_of_threads),
        cmocka_unit_test(test_hook_runs_before_sleep),
        cmocka_unit_test(test_timers),
        cmocka_unit_test(test_stop_without_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
