// SPDX-License-Identifier: Apache-2.0
// Jobs from their submission to their end: what is queued and what not, who runs when, tries again,
// is killed.
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "unit/jobs/jobs_case.h"

// ---- what the jobs of a test do ----

static kdb_status ending; // of the runs to come
static int runs;

static kdb_status run_as_told(struct job *job, struct job_thread *thread)
{
    (void)thread;
    runs++;
    return ending == KDB_OK ? KDB_OK : kdb_fail(&job->ctx, ending, "as told");
}

static int open_told(void **state)
{
    (void)case_open(state);
    ((struct jobs_case *)*state)->jobs->run = run_as_told;
    ending = KDB_OK;
    runs = 0;
    return 0;
}

static kdb_submit_outcome submit(struct jobs_case *c, kdb_job_kind kind, int table,
                                 const char *user, kdb_slice *ret_id)
{
    const struct kdb_job_request request = {.kind = kind,
                                            .table = c->tables[table],
                                            .user = user ? kdb_slice_cstr(user) : (kdb_slice){0},
                                            .reason = "manual"};
    kdb_submit_outcome outcome;
    assert_int_equal(kdb_jobs_submit(c->jobs, &c->ctx, &request, &outcome, ret_id), KDB_OK);
    return outcome;
}

// The id of a compaction of a table that was queued.
static const char *submitted(struct jobs_case *c, int table)
{
    kdb_slice id;
    assert_int_equal(submit(c, KDB_JOB_COMPACT, table, NULL, &id), KDB_SUBMIT_QUEUED);
    return id.data;
}

// The next job, which must be this one, runs to its end or its next try.
static void run_next(struct jobs_case *c, const char *id)
{
    struct job *job = case_take(c);
    assert_non_null(job);
    assert_string_equal(job->id, id);
    jobs_run(job, NULL);
}

static void expect_state(struct jobs_case *c, const char *id, kdb_job_state state)
{
    assert_string_equal(kdb_job_state_name(case_record(c, id)->state), kdb_job_state_name(state));
}

// ---- queueing ----

static void test_a_job_is_queued_run_and_ended(void **state)
{
    struct jobs_case *c = *state;
    const char *id = submitted(c, 0);
    const struct kdb_job_record *record = case_record(c, id);
    assert_int_equal(record->state, KDB_JOB_QUEUED);
    assert_slice_equal(record->parameters,
                       "{\"namespace\":\"app\",\"table\":\"notes\",\"reason\":\"manual\"}");
    assert_int_equal(record->created_at_us, START_MS * 1000);
    c->now_ms = START_MS + 500;
    run_next(c, id);
    assert_int_equal(runs, 1);
    record = case_record(c, id);
    assert_int_equal(record->state, KDB_JOB_COMPLETED);
    assert_int_equal(record->started_at_us, (START_MS + 500) * 1000);
    assert_int_equal(record->finished_at_us, (START_MS + 500) * 1000);
    assert_null(case_take(c));
}

static void test_nothing_to_flush_is_no_job(void **state)
{
    struct jobs_case *c = *state;
    kdb_slice id;
    assert_int_equal(submit(c, KDB_JOB_FLUSH, 0, NULL, &id), KDB_SUBMIT_NOTHING);
    case_store_hot_rows(c, 1, "alice", 1); // of the other table
    assert_int_equal(submit(c, KDB_JOB_FLUSH, 0, NULL, &id), KDB_SUBMIT_NOTHING);
    case_store_hot_rows(c, 0, "alice", 0);
    assert_int_equal(submit(c, KDB_JOB_FLUSH, 0, NULL, &id), KDB_SUBMIT_NOTHING);
    case_store_hot_rows(c, 0, "bob", 1);
    assert_int_equal(submit(c, KDB_JOB_FLUSH, 0, NULL, &id), KDB_SUBMIT_QUEUED);
}

static void test_the_same_job_waits_or_runs_once(void **state)
{
    struct jobs_case *c = *state;
    kdb_slice id;
    const char *first = submitted(c, 0);
    assert_int_equal(submit(c, KDB_JOB_COMPACT, 0, NULL, &id), KDB_SUBMIT_ALREADY);
    assert_int_equal(submit(c, KDB_JOB_COMPACT, 0, "alice", &id), KDB_SUBMIT_QUEUED);
    const char *other = submitted(c, 1);
    struct job *running = case_take(c);
    assert_string_equal(running->id, first);
    assert_int_equal(submit(c, KDB_JOB_COMPACT, 0, NULL, &id), KDB_SUBMIT_ALREADY);
    jobs_run(running, NULL);
    const char *again = submitted(c, 0);
    assert_true(case_take(c)->has_user);
    assert_string_equal(case_take(c)->id, other);
    struct job *last = case_take(c);
    assert_string_equal(last->id, again);
    assert_null(case_take(c));
    // Each refusal is a row of the history.
    (void)case_record(c, again);
    struct kdb_job_record *records;
    size_t count;
    size_t skipped = 0;
    assert_int_equal(kdb_jobs_list(c->jobs, &c->ctx, &records, &count), KDB_OK);
    for (size_t i = 0; i < count; i++)
        skipped += records[i].state == KDB_JOB_SKIPPED && records[i].finished_at_us > 0;
    assert_int_equal(count, 6);
    assert_int_equal(skipped, 2);
    while (c->jobs->queue.running)
        jobs_run(c->jobs->queue.running, NULL);
}

// What is due by itself was due after the job that runs had looked.
static void test_a_due_partition_waits_once_beside_one_that_runs(void **state)
{
    struct jobs_case *c = *state;
    for (int i = 0; i < 3; i++)
        jobs_queue_partition(c->jobs, KDB_JOB_RETENTION, c->tables[0]->id, KDB_LIT("alice"),
                             "retention");
    struct job *running = case_take(c);
    assert_slice_equal(running->user, "alice");
    assert_null(case_take(c));
    for (int i = 0; i < 3; i++)
        jobs_queue_partition(c->jobs, KDB_JOB_RETENTION, c->tables[0]->id, KDB_LIT("alice"),
                             "retention");
    jobs_run(running, NULL);
    jobs_run(case_take(c), NULL);
    assert_null(case_take(c));
    assert_int_equal(runs, 2);
    jobs_queue_partition(c->jobs, KDB_JOB_RETENTION, 4711, KDB_LIT("alice"), "retention");
    assert_null(case_take(c)); // there is no such table
}

static void test_as_many_rows_as_the_policy_allows(void **state)
{
    struct jobs_case *c = *state;
    struct kdb_partition *partition = case_partition(c, 0, "alice");
    partition->flush_rows = 10;
    partition->hot_rows = 9;
    kdb_jobs_flush_due(c->jobs, partition);
    assert_null(case_take(c));
    partition->hot_rows = 10;
    kdb_jobs_flush_due(c->jobs, partition);
    kdb_jobs_flush_due(c->jobs, partition); // of the next commit
    struct job *job = case_take(c);
    assert_int_equal(job->kind, KDB_JOB_FLUSH);
    assert_slice_equal(job->user, "alice");
    assert_string_equal(job->reason, "rows");
    kdb_jobs_flush_due(c->jobs, partition); // while it runs
    assert_null(case_take(c));
    partition->hot_rows = 12; // written meanwhile
    jobs_run(job, NULL);
    job = case_take(c);
    assert_non_null(job);
    partition->hot_rows = 0;
    jobs_run(job, NULL);
    assert_null(case_take(c));
    assert_false(partition->is_flush_queued);
    kdb_partition_unref(partition);
}

static void test_who_closes_takes_no_more(void **state)
{
    struct jobs_case *c = *state;
    const char *id = submitted(c, 0);
    c->jobs->is_closing = true;
    kdb_slice refused;
    assert_int_equal(submit(c, KDB_JOB_COMPACT, 1, NULL, &refused), KDB_SUBMIT_ALREADY);
    jobs_queue_partition(c->jobs, KDB_JOB_RETENTION, c->tables[0]->id, KDB_LIT("alice"),
                         "retention");
    assert_ptr_equal(c->jobs->queue.first, c->jobs->queue.last);
    jobs_destroy(c->jobs); // what waits has ended
    c->jobs = jobs_create(&c->options);
    expect_state(c, id, KDB_JOB_CANCELLED);
}

// ---- trying again ----

static void test_what_may_succeed_later_is_tried_again_later(void **state)
{
    struct jobs_case *c = *state;
    const char *id = submitted(c, 0);
    const char *other = submitted(c, 1);
    ending = KDB_ERR_UNAVAILABLE;
    run_next(c, id);
    expect_state(c, id, KDB_JOB_RETRYING);
    assert_slice_equal(case_record(c, id)->message, "as told");
    kdb_slice ignored;
    assert_int_equal(submit(c, KDB_JOB_COMPACT, 0, NULL, &ignored), KDB_SUBMIT_ALREADY);
    ending = KDB_OK;
    run_next(c, other); // nobody waits behind it
    ending = KDB_ERR_UNAVAILABLE;
    int64_t waits_ms = 100; // retry_backoff_ms, twice as long every time
    for (uint32_t retry = 1; retry <= 3; retry++, waits_ms *= 2) {
        assert_int_equal(case_record(c, id)->retry_count, retry);
        c->now_ms += waits_ms - 1;
        assert_null(case_take(c));
        c->now_ms++;
        run_next(c, id);
    }
    expect_state(c, id, KDB_JOB_FAILED); // max_retries
    assert_int_equal(runs, 5);
    c->now_ms += 1000000;
    assert_null(case_take(c));
}

// Pauses that doubled for ever would soon be years.
static void test_no_pause_is_longer_than_an_hour(void **state)
{
    struct jobs_case *c = *state;
    enum { retries = 100 }; // as many as jobs.max_retries allows
    c->jobs->options.max_retries = retries;
    const char *id = submitted(c, 0);
    ending = KDB_ERR_UNAVAILABLE;
    run_next(c, id);
    for (int i = 0; i < retries; i++) {
        c->now_ms += 3600000;
        run_next(c, id);
    }
    expect_state(c, id, KDB_JOB_FAILED);
    assert_int_equal(runs, 1 + retries);
}

static void test_a_second_try_may_succeed(void **state)
{
    struct jobs_case *c = *state;
    const char *id = submitted(c, 0);
    ending = KDB_ERR_UNAVAILABLE;
    run_next(c, id);
    ending = KDB_OK;
    c->now_ms += 100;
    run_next(c, id);
    const struct kdb_job_record *record = case_record(c, id);
    assert_int_equal(record->state, KDB_JOB_COMPLETED);
    assert_null(record->message.data);
    assert_null(record->trace.data);
}

static void test_what_cannot_succeed_is_not_tried_again(void **state)
{
    struct jobs_case *c = *state;
    const char *id = submitted(c, 0);
    ending = KDB_ERR_CORRUPT;
    run_next(c, id);
    expect_state(c, id, KDB_JOB_FAILED);
    c->now_ms += 1000000;
    assert_null(case_take(c));
}

// ---- KILL JOB ----

static kdb_status kill_it(struct jobs_case *c, const char *id)
{
    kdb_status status = kdb_jobs_kill(c->jobs, &c->ctx, kdb_slice_cstr(id));
    kdb_ctx_clear_error(&c->ctx);
    return status;
}

static void test_one_that_waits_is_killed(void **state)
{
    struct jobs_case *c = *state;
    const char *id = submitted(c, 0);
    assert_int_equal(kill_it(c, id), KDB_OK);
    run_next(c, id);
    assert_int_equal(runs, 0);
    expect_state(c, id, KDB_JOB_CANCELLED);
    assert_int_equal(kill_it(c, id), KDB_ERR_INVALID_OPERATION);
    assert_int_equal(kill_it(c, "CO-000000000000"), KDB_ERR_NOT_FOUND);
}

static void test_one_that_waits_for_its_next_try_is_killed_now(void **state)
{
    struct jobs_case *c = *state;
    const char *id = submitted(c, 0);
    ending = KDB_ERR_UNAVAILABLE;
    run_next(c, id);
    assert_null(case_take(c));
    assert_int_equal(kill_it(c, id), KDB_OK);
    run_next(c, id);
    assert_int_equal(runs, 1);
    expect_state(c, id, KDB_JOB_CANCELLED);
}

static struct jobs_case *killing;

static kdb_status run_and_be_killed(struct job *job, struct job_thread *thread)
{
    (void)thread;
    assert_int_equal(kdb_ctx_check(&job->ctx), KDB_OK);
    assert_int_equal(kill_it(killing, job->id), KDB_OK);
    return kdb_ctx_check(&job->ctx);
}

static void test_one_that_runs_is_killed(void **state)
{
    struct jobs_case *c = *state;
    killing = c;
    c->jobs->run = run_and_be_killed;
    const char *id = submitted(c, 0);
    run_next(c, id);
    expect_state(c, id, KDB_JOB_CANCELLED);
    assert_null(case_take(c));
}

static kdb_status run_be_killed_and_fail(struct job *job, struct job_thread *thread)
{
    (void)thread;
    assert_int_equal(kill_it(killing, job->id), KDB_OK);
    return kdb_fail(&job->ctx, KDB_ERR_UNAVAILABLE, "before it looked");
}

static void test_one_that_fails_while_it_is_killed_is_not_tried_again(void **state)
{
    struct jobs_case *c = *state;
    killing = c;
    c->jobs->run = run_be_killed_and_fail;
    const char *id = submitted(c, 0);
    run_next(c, id);
    run_next(c, id); // at once
    expect_state(c, id, KDB_JOB_CANCELLED);
    assert_null(case_take(c));
}

// ---- what it takes ----

static int visited;

static kdb_status take_memory(struct job *job, struct job_thread *thread,
                              struct kdb_partition *partition)
{
    (void)thread;
    (void)partition;
    (void)kdb_arena_alloc(&job->ctx.arena, 10000);
    visited++;
    return KDB_OK;
}

static kdb_status run_over_partitions(struct job *job, struct job_thread *thread)
{
    KDB_TRY(jobs_each_partition(job, thread, take_memory));
    assert_in_range(job->ctx.arena.used_bytes, 0, 50000);
    return KDB_OK;
}

// There may be a hundred thousand of them.
static void test_memory_does_not_grow_with_the_partitions(void **state)
{
    struct jobs_case *c = *state;
    enum { users = 50 };
    c->jobs->run = run_over_partitions;
    visited = 0;
    for (int i = 0; i < users; i++) {
        char user[16];
        (void)snprintf(user, sizeof(user), "user%d", i);
        case_store_hot_rows(c, 0, user, 1);
    }
    const char *id = submitted(c, 0);
    run_next(c, id);
    expect_state(c, id, KDB_JOB_COMPLETED);
    assert_int_equal(visited, users);
}

// ---- threads ----

// Jobs that wait for each other in their run.
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int running, running_max, ended;
    int wanted; // run at once before any may end
} crowd;

static kdb_status run_in_a_crowd(struct job *job, struct job_thread *thread)
{
    (void)job;
    (void)thread;
    (void)pthread_mutex_lock(&crowd.lock);
    crowd.running++;
    if (crowd.running > crowd.running_max)
        crowd.running_max = crowd.running;
    (void)pthread_cond_broadcast(&crowd.changed);
    while (crowd.running_max < crowd.wanted)
        (void)pthread_cond_wait(&crowd.changed, &crowd.lock);
    crowd.running--;
    crowd.ended++;
    (void)pthread_cond_broadcast(&crowd.changed);
    (void)pthread_mutex_unlock(&crowd.lock);
    return KDB_OK;
}

static int open_crowd(void **state)
{
    crowd.running = 0;
    crowd.running_max = 0;
    crowd.ended = 0;
    crowd.wanted = 1;
    (void)pthread_mutex_init(&crowd.lock, NULL);
    (void)pthread_cond_init(&crowd.changed, NULL);
    return case_open(state);
}

static int close_crowd(void **state)
{
    (void)pthread_mutex_destroy(&crowd.lock);
    (void)pthread_cond_destroy(&crowd.changed);
    return case_close(state);
}

// Begins anew with the options as they are now, and with threads.
static void start_crowd(struct jobs_case *c,
                        kdb_status (*run)(struct job *job, struct job_thread *thread))
{
    jobs_destroy(c->jobs);
    c->jobs = jobs_create(&c->options);
    c->jobs->run = run;
    jobs_start(c->jobs);
}

static void wait_for(const int *figure, int least)
{
    (void)pthread_mutex_lock(&crowd.lock);
    while (*figure < least)
        (void)pthread_cond_wait(&crowd.changed, &crowd.lock);
    (void)pthread_mutex_unlock(&crowd.lock);
}

static void run_crowd(struct jobs_case *c, int wanted)
{
    enum { JOBS = 20 };
    crowd.wanted = wanted;
    c->options.threads = (uint32_t)wanted;
    start_crowd(c, run_in_a_crowd);
    for (int i = 0; i < JOBS; i++) {
        char user[16];
        (void)snprintf(user, sizeof(user), "user%d", i);
        kdb_slice id;
        assert_int_equal(submit(c, KDB_JOB_COMPACT, 0, user, &id), KDB_SUBMIT_QUEUED);
    }
    wait_for(&crowd.ended, JOBS);
    kdb_jobs_close(c->jobs, 10000);
    c->jobs = NULL;
    assert_int_equal(crowd.running_max, wanted);
}

// jobs.max_concurrent run at once, and no more.
static void test_as_many_at_once_as_there_are_threads(void **state)
{
    run_crowd(*state, 3);
}

static void test_one_thread_runs_one_at_a_time(void **state)
{
    run_crowd(*state, 1);
}

static kdb_status run_at_the_second_try(struct job *job, struct job_thread *thread)
{
    return job->retry_count == 0 ? kdb_fail(&job->ctx, KDB_ERR_UNAVAILABLE, "not yet")
                                 : run_in_a_crowd(job, thread);
}

// Threads that have nothing to do wake for what comes, for a next try, and for what is due by then.
static void test_threads_wake_when_there_is_something_to_do(void **state)
{
    struct jobs_case *c = *state;
    c->options.clock = kdb_clock_system();
    c->options.retry_backoff_ms = 1;
    start_crowd(c, run_at_the_second_try);
    (void)submitted(c, 0);
    wait_for(&crowd.ended, 1);
    struct kdb_partition *partition = case_partition(c, 0, "alice");
    partition->flush_interval_seconds = 10;
    partition->hot_rows = 1;
    partition->oldest_hot_ms = kdb_clock_now_ms(kdb_clock_system()) - 9999;
    kdb_jobs_flush_due(c->jobs, partition);
    wait_for(&crowd.ended, 2);
    partition->hot_rows = 0; // it was flushed
    kdb_jobs_close(c->jobs, 10000);
    c->jobs = NULL;
    kdb_partition_unref(partition);
}

// Runs until it is cancelled.
static kdb_status run_for_ever(struct job *job, struct job_thread *thread)
{
    (void)thread;
    (void)pthread_mutex_lock(&crowd.lock);
    crowd.running++;
    (void)pthread_cond_broadcast(&crowd.changed);
    (void)pthread_mutex_unlock(&crowd.lock);
    while (kdb_ctx_check(&job->ctx) == KDB_OK)
        (void)sched_yield();
    return job->ctx.error.status;
}

static void test_the_end_cancels_what_runs_beyond_its_grace(void **state)
{
    struct jobs_case *c = *state;
    start_crowd(c, run_for_ever);
    const char *id = submitted(c, 0);
    wait_for(&crowd.running, 1);
    kdb_jobs_close(c->jobs, 0);
    c->jobs = jobs_create(&c->options);
    expect_state(c, id, KDB_JOB_CANCELLED);
}

#define CASE(test)       cmocka_unit_test_setup_teardown(test, open_told, case_close)
#define CROWD_CASE(test) cmocka_unit_test_setup_teardown(test, open_crowd, close_crowd)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_job_is_queued_run_and_ended),
        CASE(test_nothing_to_flush_is_no_job),
        CASE(test_the_same_job_waits_or_runs_once),
        CASE(test_a_due_partition_waits_once_beside_one_that_runs),
        CASE(test_as_many_rows_as_the_policy_allows),
        CASE(test_who_closes_takes_no_more),
        CASE(test_what_may_succeed_later_is_tried_again_later),
        CASE(test_no_pause_is_longer_than_an_hour),
        CASE(test_a_second_try_may_succeed),
        CASE(test_what_cannot_succeed_is_not_tried_again),
        CASE(test_one_that_waits_is_killed),
        CASE(test_one_that_waits_for_its_next_try_is_killed_now),
        CASE(test_one_that_runs_is_killed),
        CASE(test_one_that_fails_while_it_is_killed_is_not_tried_again),
        CASE(test_memory_does_not_grow_with_the_partitions),
        CROWD_CASE(test_as_many_at_once_as_there_are_threads),
        CROWD_CASE(test_one_thread_runs_one_at_a_time),
        CROWD_CASE(test_threads_wake_when_there_is_something_to_do),
        CROWD_CASE(test_the_end_cancels_what_runs_beyond_its_grace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
