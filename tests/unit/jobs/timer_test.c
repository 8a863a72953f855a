// SPDX-License-Identifier: Apache-2.0
// What becomes due at which time: flushes by interval, tombstones past their retention, the
// history.
#include "segments/manifest.h"
#include "unit/jobs/jobs_case.h"

#define NEVER INT64_MAX

// The next job that is queued, as "kind table user reason"; it is forgotten. "": there is none.
static const char *next_job(struct jobs_case *c)
{
    struct job *job = case_take(c);
    if (!job)
        return "";
    kdb_slice text =
        kdb_arena_printf(&c->ctx.arena, "%s %.*s %.*s %s", kdb_job_kind_name(job->kind),
                         KDB_ARG(job->table ? job->table->name : KDB_LIT("-")),
                         KDB_ARG(job->has_user ? job->user : KDB_LIT("-")), job->reason);
    jobs_run(job, NULL);
    return text.data;
}

static kdb_status end_at_once(struct job *job, struct job_thread *thread)
{
    (void)job;
    (void)thread;
    return KDB_OK;
}

// As the timer's thread when it wakes at this time after the start; when it shall wake again, since
// the start too.
static int64_t fire(struct jobs_case *c, int64_t ms)
{
    c->now_ms = START_MS + ms;
    (void)pthread_mutex_lock(&c->jobs->lock);
    int64_t next_ms = timer_fire(c->jobs, c->now_ms);
    (void)pthread_mutex_unlock(&c->jobs->lock);
    return next_ms == NEVER ? NEVER : next_ms - START_MS;
}

static int open_without_history(void **state)
{
    (void)case_open(state);
    struct jobs_case *c = *state;
    c->jobs->options.history_ms = 0;
    c->jobs->run = end_at_once;
    return 0;
}

// ---- flushes by interval ----

// A partition with rows written at this time after the start, flushed every 10 seconds.
static struct kdb_partition *written(struct jobs_case *c, const char *user, int64_t oldest_ms)
{
    struct kdb_partition *partition = case_partition(c, 0, user);
    partition->flush_interval_seconds = 10;
    partition->hot_rows = 1;
    partition->oldest_hot_ms = START_MS + oldest_ms;
    kdb_jobs_flush_due(c->jobs, partition);
    return partition;
}

// As a flush of everything does.
static void flushed(struct kdb_partition *partition)
{
    partition->hot_rows = 0;
    partition->oldest_hot_ms = 0;
    partition->is_flush_queued = false;
}

static void test_nothing_is_ever_due(void **state)
{
    struct jobs_case *c = *state;
    assert_int_equal(fire(c, 0), NEVER);
    assert_int_equal(fire(c, 1000000000), NEVER);
    assert_string_equal(next_job(c), "");
}

static void test_a_flush_is_due_an_interval_after_the_oldest_write(void **state)
{
    struct jobs_case *c = *state;
    struct kdb_partition *alice = written(c, "alice", 0);
    struct kdb_partition *bob = written(c, "bob", 3000);
    assert_int_equal(fire(c, 9999), 10000);
    assert_string_equal(next_job(c), "");
    assert_int_equal(fire(c, 10000), 13000);
    flushed(alice);
    assert_string_equal(next_job(c), "flush notes alice interval");
    assert_string_equal(next_job(c), "");
    flushed(bob);
    assert_int_equal(fire(c, 20000), NEVER); // it was late: bob's rows are gone from the hot tier
    assert_string_equal(next_job(c), "");
    kdb_partition_unref(alice);
    kdb_partition_unref(bob);
}

// Both at once, in the order of their times.
static void test_a_late_timer_makes_up_for_it(void **state)
{
    struct jobs_case *c = *state;
    kdb_partition_unref(written(c, "bob", 3000));
    kdb_partition_unref(written(c, "alice", 0));
    (void)fire(c, 100000);
    struct job *first = case_take(c);
    struct job *second = case_take(c);
    assert_slice_equal(first->user, "alice");
    assert_slice_equal(second->user, "bob");
    assert_null(case_take(c));
    struct job *jobs[] = {first, second};
    for (int i = 0; i < 2; i++) {
        struct kdb_partition *partition = case_partition(c, 0, i == 0 ? "alice" : "bob");
        flushed(partition);
        jobs_run(jobs[i], NULL);
        kdb_partition_unref(partition);
    }
}

static void test_a_flush_for_another_reason_moves_the_interval(void **state)
{
    struct jobs_case *c = *state;
    struct kdb_partition *alice = written(c, "alice", 0);
    alice->oldest_hot_ms = START_MS + 4000; // written after that flush
    assert_int_equal(fire(c, 10000), 14000);
    assert_string_equal(next_job(c), "");
    flushed(alice); // by hand
    assert_int_equal(fire(c, 14000), NEVER);
    assert_string_equal(next_job(c), "");
    kdb_partition_unref(alice);
}

// A partition that is flushed by its number of rows all the time is waited for once.
static void test_flushes_for_another_reason_leave_nothing_behind(void **state)
{
    struct jobs_case *c = *state;
    for (int i = 0; i < 100; i++) {
        struct kdb_partition *alice = written(c, "alice", 50 * (int64_t)i);
        flushed(alice);
        kdb_partition_unref(alice);
    }
    kdb_partition_unref(written(c, "alice", 5000));
    assert_int_equal(c->jobs->flushes.count, 1);
    assert_int_equal(fire(c, 10000), 15000);
    assert_string_equal(next_job(c), "");
    assert_int_equal(c->jobs->flushes.count, 1);
}

static void test_no_second_flush_while_one_waits(void **state)
{
    struct jobs_case *c = *state;
    struct kdb_partition *alice = written(c, "alice", 0);
    alice->is_flush_queued = true;
    (void)fire(c, 10000);
    assert_string_equal(next_job(c), "");
    kdb_partition_unref(alice);
}

static void test_an_interval_switched_off_meanwhile(void **state)
{
    struct jobs_case *c = *state;
    struct kdb_partition *alice = written(c, "alice", 0);
    alice->flush_interval_seconds = 0;
    assert_int_equal(fire(c, 10000), NEVER);
    assert_string_equal(next_job(c), "");
    kdb_jobs_flush_due(c->jobs, alice);
    assert_int_equal(fire(c, 20000), NEVER);
    kdb_partition_unref(alice);
}

static void test_nothing_is_due_for_a_dropped_table(void **state)
{
    struct jobs_case *c = *state;
    struct kdb_partition *alice = written(c, "alice", 0);
    struct kdb_partition *bob = written(c, "bob", 0);
    bob->oldest_hot_ms = START_MS + 4000; // would be noted anew
    case_drop_table(c, c->tables[0]);
    assert_int_equal(fire(c, 10000), NEVER);
    assert_string_equal(next_job(c), "");
    kdb_partition_unref(alice);
    kdb_partition_unref(bob);
}

// A full disk must not make a job of every write.
static void test_after_a_failed_flush_there_is_a_pause(void **state)
{
    struct jobs_case *c = *state;
    struct kdb_partition *alice = case_partition(c, 0, "alice");
    alice->flush_rows = 5;
    alice->hot_rows = 7;
    alice->is_flush_queued = true; // the job that failed
    timer_hold_flush(c->jobs, alice);
    kdb_jobs_flush_due(c->jobs, alice);
    assert_string_equal(next_job(c), "");
    assert_int_equal(fire(c, 9999), 10000);
    assert_string_equal(next_job(c), "");
    assert_int_equal(fire(c, 10000), NEVER);
    alice->hot_rows = 0;
    assert_string_equal(next_job(c), "flush notes alice rows");
    kdb_partition_unref(alice);
}

// ---- retention ----

static void note_tombstones(struct jobs_case *c, int table, const char *user,
                            const int64_t *oldest_ms, uint32_t count)
{
    struct kdb_segment segments[4] = {0};
    struct kdb_segment *list[4];
    for (uint32_t i = 0; i < count; i++) {
        segments[i].oldest_tombstone_ms = oldest_ms[i] < 0 ? 0 : START_MS + oldest_ms[i];
        list[i] = &segments[i];
    }
    const struct kdb_manifest manifest = {.segments = list, .segment_count = count};
    struct kdb_partition *partition = case_partition(c, table, user);
    timer_add_retention(c->jobs, c->tables[table], partition, &manifest);
    kdb_partition_unref(partition);
}

// A minute (the table's retention) after the oldest delete, and one millisecond more.
static void test_tombstones_leave_after_their_retention(void **state)
{
    struct jobs_case *c = *state;
    const int64_t oldest_ms[] = {-1, 5000, 2000, 9000}; // -1: a segment without any
    note_tombstones(c, 0, "alice", oldest_ms, 4);
    note_tombstones(c, 1, "bob", oldest_ms, 2);
    note_tombstones(c, 1, "carl", oldest_ms, 1);
    assert_int_equal(fire(c, 62000), 62001);
    assert_string_equal(next_job(c), "");
    assert_int_equal(fire(c, 62001), 65001);
    assert_string_equal(next_job(c), "retention notes alice retention");
    assert_int_equal(fire(c, 65001), NEVER);
    assert_string_equal(next_job(c), "retention words bob retention");
    assert_string_equal(next_job(c), "");
}

static void test_tombstones_kept_for_ever(void **state)
{
    struct jobs_case *c = *state;
    const int64_t oldest_ms[] = {0};
    struct kdb_table *table = c->tables[0];
    table->retention_ms = KDB_RETENTION_OFF;
    note_tombstones(c, 0, "alice", oldest_ms, 1);
    assert_int_equal(fire(c, 1000000000), NEVER);
    assert_string_equal(next_job(c), "");
}

static kdb_status fail_for_good(struct job *job, struct job_thread *thread)
{
    (void)thread;
    return kdb_fail(&job->ctx, KDB_ERR_CORRUPT, "a damaged file");
}

static void test_a_failed_retention_is_tried_an_hour_later(void **state)
{
    struct jobs_case *c = *state;
    const int64_t oldest_ms[] = {0};
    c->jobs->run = fail_for_good;
    note_tombstones(c, 0, "alice", oldest_ms, 1);
    (void)fire(c, 60001);
    assert_string_equal(next_job(c), "retention notes alice retention");
    assert_int_equal(fire(c, 60002), 60001 + 3600000);
    assert_string_equal(next_job(c), "");
    (void)fire(c, 60001 + 3600000);
    assert_string_equal(next_job(c), "retention notes alice retention");
}

// ---- added meanwhile ----

static struct jobs_case *adding;

// The job that is made looks at the clock: just then a write of alice becomes known.
static int64_t add_and_tell(void *self)
{
    struct jobs_case *c = adding;
    adding = NULL;
    if (c) {
        struct kdb_partition *alice = case_partition(c, 0, "alice");
        alice->flush_interval_seconds = 10;
        alice->oldest_hot_ms = atomic_load(&c->now_ms);
        timer_add_flush(c->jobs, alice); // the job is made with the lock held
        kdb_partition_unref(alice);
    }
    return case_now(self);
}

// The timer does not wait while it fires: what is added then must not be slept over.
static void test_what_is_added_meanwhile_counts(void **state)
{
    struct jobs_case *c = *state;
    const int64_t oldest_ms[] = {0};
    note_tombstones(c, 1, "bob", oldest_ms, 1);
    c->clock.now_us = add_and_tell;
    adding = c;
    assert_int_equal(fire(c, 60001), 70001);
    assert_null(adding);
    assert_string_equal(next_job(c), "retention words bob retention");
    struct kdb_partition *alice = case_partition(c, 0, "alice");
    assert_int_equal(fire(c, 70001), NEVER);
    flushed(alice);
    assert_string_equal(next_job(c), "flush notes alice interval");
    kdb_partition_unref(alice);
}

// ---- the history ----

// Jobs are kept for a minute, looked for once a minute.
static int open_with_history(void **state)
{
    (void)open_without_history(state);
    struct jobs_case *c = *state;
    jobs_destroy(c->jobs);
    c->options.history_ms = 60000;
    c->jobs = jobs_create(&c->options);
    c->jobs->run = end_at_once;
    return 0;
}

static void run_some_job(struct jobs_case *c)
{
    jobs_queue_partition(c->jobs, KDB_JOB_RETENTION, c->tables[0]->id, KDB_LIT("alice"),
                         "retention");
    struct job *job = case_take(c);
    kdb_slice id = kdb_arena_copy(&c->ctx.arena, kdb_slice_cstr(job->id));
    jobs_run(job, NULL);
    (void)case_record(c, id.data); // it is stored
}

static void test_the_history_is_looked_at_once_in_a_while(void **state)
{
    struct jobs_case *c = *state;
    run_some_job(c);
    assert_int_equal(fire(c, 59999), 60000);
    assert_string_equal(next_job(c), "");
    assert_int_equal(fire(c, 60000), 120000);
    assert_int_equal(fire(c, 120000), 180000);
    assert_string_equal(next_job(c), "job_cleanup - - timer"); // one, though asked for twice
    assert_string_equal(next_job(c), "");
}

static void test_a_history_without_old_jobs_is_no_work(void **state)
{
    struct jobs_case *c = *state;
    assert_int_equal(fire(c, 60000), 120000);
    run_some_job(c); // a minute young at 120,000
    assert_int_equal(fire(c, 119999), 120000);
    assert_string_equal(next_job(c), "");
}

static void test_periods_of_the_history(void **state)
{
    struct jobs_case *c = *state;
    static const int64_t periods_ms[][2] = {
        {1, 1000}, {60000, 60000}, {INT64_C(7) * 86400 * 1000, 3600 * 1000}}; // kept, looked for
    for (int i = 0; i < 3; i++) {
        c->now_ms = START_MS;
        c->jobs->options.history_ms = periods_ms[i][0];
        timer_init(c->jobs);
        assert_int_equal(fire(c, 0), periods_ms[i][1]);
    }
}

#define CASE(test)         cmocka_unit_test_setup_teardown(test, open_without_history, case_close)
#define HISTORY_CASE(test) cmocka_unit_test_setup_teardown(test, open_with_history, case_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_nothing_is_ever_due),
        CASE(test_a_flush_is_due_an_interval_after_the_oldest_write),
        CASE(test_a_late_timer_makes_up_for_it),
        CASE(test_a_flush_for_another_reason_moves_the_interval),
        CASE(test_flushes_for_another_reason_leave_nothing_behind),
        CASE(test_no_second_flush_while_one_waits),
        CASE(test_an_interval_switched_off_meanwhile),
        CASE(test_nothing_is_due_for_a_dropped_table),
        CASE(test_after_a_failed_flush_there_is_a_pause),
        CASE(test_tombstones_leave_after_their_retention),
        CASE(test_tombstones_kept_for_ever),
        CASE(test_a_failed_retention_is_tried_an_hour_later),
        CASE(test_what_is_added_meanwhile_counts),
        HISTORY_CASE(test_the_history_is_looked_at_once_in_a_while),
        HISTORY_CASE(test_a_history_without_old_jobs_is_no_work),
        HISTORY_CASE(test_periods_of_the_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
