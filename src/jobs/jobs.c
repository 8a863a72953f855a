// SPDX-License-Identifier: Apache-2.0
// The queue of jobs, the threads that run them, and what other threads ask of it.
#include "jobs/jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/random.h"
#include "jobs/jobs_priv.h"

// How long a thread waits at a time.
#define WAIT_MAX_MS (INT64_C(3600) * 1000)

// The longest pause between two tries of a job.
#define RETRY_PAUSE_MAX_MS (INT64_C(3600) * 1000)

static const struct {
    const char *name;
    const char *prefix;
} kinds[KDB_JOB_KIND_COUNT] = {[KDB_JOB_FLUSH] = {"flush", "FL"},
                               [KDB_JOB_RETENTION] = {"retention", "RT"},
                               [KDB_JOB_COMPACT] = {"compact", "CO"},
                               [KDB_JOB_CLEANUP] = {"cleanup", "CL"},
                               [KDB_JOB_HISTORY] = {"job_cleanup", "JC"}};

const char *kdb_job_kind_name(kdb_job_kind kind)
{
    return kinds[kind].name;
}

const char *kdb_job_prefix(kdb_job_kind kind)
{
    return kinds[kind].prefix;
}

const char *kdb_job_state_name(kdb_job_state state)
{
    static const char *const names[] = {"new",       "queued", "running",   "retrying",
                                        "completed", "failed", "cancelled", "skipped"};
    return names[state];
}

// ---- jobs in memory ----

static struct job *job_create(struct kdb_jobs *jobs, const struct kdb_job_request *request)
{
    struct job *job = kdb_alloc(sizeof(*job));
    uint8_t random[6];
    char hex[13] = {0};
    kdb_random_bytes(random, sizeof(random));
    kdb_hex_encode(kdb_slice_of(random, sizeof(random)), hex);
    (void)snprintf(job->id, sizeof(job->id), "%s-%.12s", kinds[request->kind].prefix, hex);
    (void)snprintf(job->reason, sizeof(job->reason), "%s", request->reason);
    job->jobs = jobs;
    job->kind = request->kind;
    job->table = request->table ? kdb_table_ref(request->table) : NULL;
    job->has_user = request->user.data;
    if (job->has_user)
        job->user =
            kdb_slice_of(kdb_alloc_text(request->user.data, request->user.len), request->user.len);
    job->state = KDB_JOB_QUEUED;
    job->created_at_us = kdb_clock_now_us(jobs->options.clock);
    job->updated_at_us = job->created_at_us;
    kdb_ctx_init(&job->ctx, 0);
    return job;
}

static void job_free(struct job *job)
{
    kdb_table_unref(job->table);
    kdb_free((void *)(uintptr_t)job->user.data);
    kdb_ctx_deinit(&job->ctx);
    kdb_free(job);
}

// Takes the job over; with the lock held.
static void enqueue(struct kdb_jobs *jobs, struct job *job)
{
    queue_add(&jobs->queue, job);
    (void)pthread_cond_signal(&jobs->arrived);
}

struct kdb_partition *jobs_partition(struct kdb_jobs *jobs, struct kdb_ctx *ctx, uint32_t table_id,
                                     kdb_slice user)
{
    struct kdb_partition *partition;
    if (kdb_partition_open(jobs->options.partitions, ctx, table_id, user, KDB_READ_ANY,
                           &partition) != KDB_OK)
        return NULL;
    return partition;
}

void jobs_queue_partition(struct kdb_jobs *jobs, kdb_job_kind kind, uint32_t table_id,
                          kdb_slice user, const char *reason)
{
    struct kdb_catalog_snapshot *snapshot = kdb_catalog_acquire(jobs->options.catalog);
    const struct kdb_job_request request = {.kind = kind,
                                            .table = kdb_catalog_table_by_id(snapshot, table_id),
                                            .user = user,
                                            .reason = reason};
    (void)pthread_mutex_lock(&jobs->lock);
    // One that runs does not count: what is due now came after it had looked.
    if (request.table && !jobs->is_closing && !queue_has_waiting(&jobs->queue, &request)) {
        struct job *job = job_create(jobs, &request);
        record_store(job);
        enqueue(jobs, job);
    }
    (void)pthread_mutex_unlock(&jobs->lock);
    kdb_catalog_release(snapshot);
}

// ---- what there is to do ----

struct pending {
    bool has_any;
};

static bool note_pending(void *arg, uint32_t table_id, kdb_slice user,
                         const struct kdb_partition_counters *counters)
{
    (void)table_id;
    (void)user;
    struct pending *pending = arg;
    pending->has_any = counters->hot_rows > 0;
    return !pending->has_any;
}

static kdb_status has_work(struct kdb_jobs *jobs, struct kdb_ctx *ctx,
                           const struct kdb_job_request *request, bool *ret)
{
    *ret = true;
    if (request->kind == KDB_JOB_HISTORY)
        return record_has_history(jobs, ctx, ret);
    if (request->kind != KDB_JOB_FLUSH)
        return KDB_OK;
    struct pending pending = {0};
    KDB_TRY(kdb_partition_scan_stored(jobs->options.store, ctx, request->table->id, note_pending,
                                      &pending));
    *ret = pending.has_any;
    return KDB_OK;
}

kdb_status kdb_jobs_submit(struct kdb_jobs *jobs, struct kdb_ctx *ctx,
                           const struct kdb_job_request *request, kdb_submit_outcome *ret_outcome,
                           kdb_slice *ret_id)
{
    bool is_needed;
    KDB_TRY(has_work(jobs, ctx, request, &is_needed));
    if (!is_needed) {
        *ret_outcome = KDB_SUBMIT_NOTHING;
        return KDB_OK;
    }
    struct job *job = job_create(jobs, request);
    record_store_and_wait(job); // whoever is told of the job finds it in system.jobs
    (void)pthread_mutex_lock(&jobs->lock);
    if (!queue_has(&jobs->queue, request) && !jobs->is_closing) {
        *ret_outcome = KDB_SUBMIT_QUEUED;
        *ret_id = kdb_arena_copy(&ctx->arena, kdb_slice_cstr(job->id));
        enqueue(jobs, job);
        (void)pthread_mutex_unlock(&jobs->lock);
        return KDB_OK;
    }
    (void)pthread_mutex_unlock(&jobs->lock);
    job->state = KDB_JOB_SKIPPED;
    job->finished_at_us = kdb_clock_now_us(jobs->options.clock);
    record_store(job);
    job_free(job);
    *ret_outcome = KDB_SUBMIT_ALREADY;
    return KDB_OK;
}

void kdb_jobs_flush_due(void *self, struct kdb_partition *partition)
{
    struct kdb_jobs *jobs = self;
    uint32_t rows = atomic_load(&partition->flush_rows);
    if (rows > 0 && atomic_load(&partition->hot_rows) >= (int64_t)rows) {
        // One job at a time for a partition; it is asked again when that one has ended.
        if (!atomic_exchange(&partition->is_flush_queued, true))
            jobs_queue_partition(jobs, KDB_JOB_FLUSH, partition->table_id, partition->user, "rows");
        return;
    }
    (void)pthread_mutex_lock(&jobs->lock);
    timer_add_flush(jobs, partition);
    (void)pthread_mutex_unlock(&jobs->lock);
}

kdb_status kdb_jobs_kill(struct kdb_jobs *jobs, struct kdb_ctx *ctx, kdb_slice id)
{
    (void)pthread_mutex_lock(&jobs->lock);
    struct job *found = queue_find(&jobs->queue, id);
    if (found) {
        atomic_store(&found->is_killed, true);
        atomic_store(&found->ctx.is_cancelled, true);
        found->not_before_ms = 0; // one that waits for its next try ends now
        (void)pthread_cond_signal(&jobs->arrived);
    }
    (void)pthread_mutex_unlock(&jobs->lock);
    if (found)
        return KDB_OK;
    struct kdb_buf key = {0};
    kdb_buf_put(&key, 'J');
    kdb_buf_slice(&key, id);
    kdb_slice stored;
    const struct kdb_read_at at = {.space = KDB_SPACE_META};
    kdb_status status =
        kdb_store_get(jobs->options.store, ctx, &at, kdb_buf_view(&key), &stored, NULL);
    kdb_buf_deinit(&key);
    KDB_TRY(status);
    if (!stored.data)
        return kdb_fail(ctx, KDB_ERR_NOT_FOUND, "job '%.*s' does not exist", KDB_ARG(id));
    return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION, "job '%.*s' has ended already", KDB_ARG(id));
}

// ---- running ----

static int64_t thread_cpu_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// VmRSS of the process.
static int64_t resident_bytes(void)
{
    FILE *status = fopen("/proc/self/statm", "re");
    if (!status)
        return 0;
    char line[128] = {0};
    size_t len = fread(line, 1, sizeof(line) - 1, status);
    (void)fclose(status);
    kdb_slice text = kdb_slice_of(line, len);
    size_t blank = kdb_slice_find(text, KDB_LIT(" "), 0);
    if (blank == SIZE_MAX)
        return 0;
    kdb_slice rest = kdb_slice_skip(text, blank + 1);
    size_t end = kdb_slice_find(rest, KDB_LIT(" "), 0);
    int64_t pages = 0;
    (void)kdb_slice_to_i64(kdb_slice_of(rest.data, end == SIZE_MAX ? rest.len : end), &pages);
    return pages * 4096;
}

static kdb_status run_kind(struct job *job, struct job_thread *thread)
{
    switch (job->kind) {
    case KDB_JOB_FLUSH:
        return flush_run(job, thread);
    case KDB_JOB_RETENTION:
    case KDB_JOB_COMPACT:
        return rewrite_run(job, thread);
    case KDB_JOB_CLEANUP:
        return cleanup_run(job);
    case KDB_JOB_HISTORY:
        return record_history_run(job);
    case KDB_JOB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}

static void set_state(struct job *job, kdb_job_state state)
{
    job->state = state;
    job->updated_at_us = kdb_clock_now_us(job->jobs->options.clock);
    if (state == KDB_JOB_RUNNING)
        job->started_at_us = job->updated_at_us;
    if (state >= KDB_JOB_COMPLETED)
        job->finished_at_us = job->updated_at_us;
    record_store(job);
}

// True when the job goes back to the queue.
static bool should_retry(struct job *job, kdb_status status)
{
    if (status == KDB_ERR_CANCELLED || !kdb_status_info(status)->is_retryable ||
        job->retry_count >= job->jobs->options.max_retries)
        return false;
    job->retry_count++;
    return true;
}

// How long a job waits for its next try: each time twice as long, up to an hour.
static int64_t retry_pause_ms(const struct job *job)
{
    int64_t pause_ms = job->jobs->options.retry_backoff_ms;
    for (uint32_t i = 1; i < job->retry_count && pause_ms < RETRY_PAUSE_MAX_MS; i++)
        pause_ms *= 2;
    return pause_ms < RETRY_PAUSE_MAX_MS ? pause_ms : RETRY_PAUSE_MAX_MS;
}

// The next try of a job; at once when it was killed meanwhile, since it only ends then. With the
// lock held.
static void enqueue_again(struct kdb_jobs *jobs, struct job *job)
{
    bool is_killed = atomic_load(&job->is_killed);
    int64_t now_ms = (kdb_clock_now_us(jobs->options.clock) + 999) / 1000; // no pause is cut
    job->not_before_ms = is_killed ? 0 : now_ms + retry_pause_ms(job);
    enqueue(jobs, job);
}

static bool run_job(struct job *job, struct job_thread *thread)
{
    int64_t cpu_before = thread_cpu_ms();
    set_state(job, KDB_JOB_RUNNING);
    kdb_status status = KDB_OK;
    if (atomic_load(&job->is_killed))
        status = kdb_fail(&job->ctx, KDB_ERR_CANCELLED, "the job was cancelled");
    if (status == KDB_OK)
        status = job->jobs->run(job, thread);
    job->cpu_ms += thread_cpu_ms() - cpu_before;
    job->memory_bytes = resident_bytes();
    if (status == KDB_OK) {
        set_state(job, KDB_JOB_COMPLETED);
    } else if (should_retry(job, status)) {
        set_state(job, KDB_JOB_RETRYING);
        kdb_ctx_reset(&job->ctx);
        job->message = (kdb_slice){0};
        return true;
    } else {
        set_state(job, status == KDB_ERR_CANCELLED ? KDB_JOB_CANCELLED : KDB_JOB_FAILED);
        if (status != KDB_ERR_CANCELLED)
            kdb_log_error("jobs", job->id, "%s job failed: %s (%s:%d)", kinds[job->kind].name,
                          job->ctx.error.message, job->ctx.error.file, job->ctx.error.line);
    }
    return false;
}

void jobs_run(struct job *job, struct job_thread *thread)
{
    struct kdb_jobs *jobs = job->jobs;
    bool is_tried_again = run_job(job, thread);
    (void)pthread_mutex_lock(&jobs->lock);
    queue_end(&jobs->queue, job);
    if (is_tried_again)
        enqueue_again(jobs, job);
    (void)pthread_mutex_unlock(&jobs->lock);
    if (is_tried_again)
        return;
    if (job->kind == KDB_JOB_FLUSH && job->has_user)
        flush_release(job);
    if (job->kind == KDB_JOB_RETENTION && job->has_user && job->state == KDB_JOB_FAILED)
        timer_hold_retention(jobs, job->table->id, job->user);
    job_free(job);
}

// The machine's clock may be another than the jobs' (in tests), and may be set back meanwhile: what
// waits looks again after an hour.
void jobs_wait(struct kdb_jobs *jobs, pthread_cond_t *arrived, int64_t until_ms)
{
    int64_t now_ms = kdb_clock_now_ms(jobs->options.clock);
    int64_t wait_ms = until_ms > now_ms + WAIT_MAX_MS ? WAIT_MAX_MS : until_ms - now_ms;
    if (wait_ms <= 0)
        return;
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    int64_t nanoseconds = until.tv_nsec + wait_ms % 1000 * 1000000;
    until.tv_sec += wait_ms / 1000 + nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    (void)pthread_cond_timedwait(arrived, &jobs->lock, &until);
}

// The next job that may run now; waits for one. NULL: the threads shall end.
static struct job *take_job(struct kdb_jobs *jobs)
{
    (void)pthread_mutex_lock(&jobs->lock);
    struct job *taken = NULL;
    while (!jobs->is_closing) {
        taken = queue_take(&jobs->queue, kdb_clock_now_ms(jobs->options.clock));
        if (taken)
            break;
        jobs_wait(jobs, &jobs->arrived, queue_next_ms(&jobs->queue));
    }
    // This thread may be the only one that knew until when to wait: another one shall look.
    if (taken && jobs->queue.first)
        (void)pthread_cond_signal(&jobs->arrived);
    (void)pthread_mutex_unlock(&jobs->lock);
    return taken;
}

static void *thread_main(void *arg)
{
    struct job_thread *thread = arg;
    (void)pthread_setname_np(pthread_self(), "jobs");
    struct job *job;
    while ((job = take_job(thread->jobs)) != NULL)
        jobs_run(job, thread);
    kdb_engine_disconnect(thread->writer);
    kdb_engine_disconnect(thread->reader);
    return NULL;
}

// ---- life ----

static kdb_status recover(struct kdb_jobs *jobs, struct kdb_ctx *ctx)
{
    KDB_TRY(record_fail_unfinished(jobs, ctx));
    KDB_TRY(cleanup_resume(jobs, ctx));
    struct job_thread thread = {.jobs = jobs};
    kdb_status status = recover_files(jobs, &thread, ctx);
    if (status == KDB_OK)
        status = flush_resume(jobs, &thread, ctx);
    kdb_engine_disconnect(thread.writer);
    kdb_engine_disconnect(thread.reader);
    KDB_TRY(status);
    return timer_load(jobs, ctx);
}

struct kdb_jobs *jobs_create(const struct kdb_jobs_options *options)
{
    struct kdb_jobs *jobs = kdb_alloc(sizeof(*jobs));
    jobs->options = *options;
    jobs->run = run_kind;
    (void)pthread_mutex_init(&jobs->lock, NULL);
    (void)pthread_cond_init(&jobs->arrived, NULL);
    (void)pthread_cond_init(&jobs->timer_wake, NULL);
    timer_init(jobs);
    return jobs;
}

void jobs_start(struct kdb_jobs *jobs)
{
    uint32_t count = jobs->options.threads;
    jobs->threads = kdb_alloc_array(count, sizeof(*jobs->threads));
    for (uint32_t i = 0; i < count; i++) {
        struct job_thread *thread = &jobs->threads[i];
        thread->jobs = jobs;
        KDB_ASSERT(pthread_create(&thread->thread, NULL, thread_main, thread) == 0);
    }
    KDB_ASSERT(pthread_create(&jobs->timer, NULL, timer_main, jobs) == 0);
}

void jobs_destroy(struct kdb_jobs *jobs)
{
    // What is only queued waits for the next start: flushes are found again by their counters.
    struct job *queued = jobs->queue.first;
    while (queued) {
        struct job *next = queued->next;
        set_state(queued, KDB_JOB_CANCELLED);
        job_free(queued);
        queued = next;
    }
    timer_free(jobs);
    kdb_free(jobs->threads);
    (void)pthread_mutex_destroy(&jobs->lock);
    (void)pthread_cond_destroy(&jobs->arrived);
    (void)pthread_cond_destroy(&jobs->timer_wake);
    kdb_free(jobs);
}

kdb_status kdb_jobs_open(const struct kdb_jobs_options *options, struct kdb_ctx *ctx,
                         struct kdb_jobs **ret_jobs)
{
    struct kdb_jobs *jobs = jobs_create(options);
    // It goes through every job and partition, and the caller may keep its ctx for long.
    const struct kdb_arena_mark mark = kdb_arena_mark(&ctx->arena);
    kdb_status status = recover(jobs, ctx);
    kdb_arena_release(&ctx->arena, &mark);
    if (status != KDB_OK) {
        jobs_destroy(jobs);
        return status;
    }
    jobs_start(jobs);
    *ret_jobs = jobs;
    return KDB_OK;
}

// Waits until nothing runs any more, at most `grace_ms`, then cancels what does. With the lock
// held.
static void wait_for_running(struct kdb_jobs *jobs, int64_t grace_ms)
{
    int64_t until_ns = kdb_monotonic_ns() + grace_ms * 1000000;
    while (jobs->queue.running && kdb_monotonic_ns() < until_ns) {
        (void)pthread_mutex_unlock(&jobs->lock);
        const struct timespec pause = {.tv_nsec = 5000000};
        (void)nanosleep(&pause, NULL);
        (void)pthread_mutex_lock(&jobs->lock);
    }
    for (struct job *job = jobs->queue.running; job; job = job->next)
        atomic_store(&job->ctx.is_cancelled, true);
}

void kdb_jobs_close(struct kdb_jobs *jobs, int64_t grace_ms)
{
    if (!jobs)
        return;
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->is_closing = true;
    (void)pthread_cond_broadcast(&jobs->arrived);
    (void)pthread_cond_broadcast(&jobs->timer_wake);
    wait_for_running(jobs, grace_ms);
    (void)pthread_mutex_unlock(&jobs->lock);
    (void)pthread_join(jobs->timer, NULL);
    for (uint32_t i = 0; i < jobs->options.threads; i++)
        (void)pthread_join(jobs->threads[i].thread, NULL);
    jobs_destroy(jobs);
}
