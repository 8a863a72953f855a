// SPDX-License-Identifier: Apache-2.0
// What the files of jobs share.
#ifndef KDB_JOBS_JOBS_PRIV_H
#define KDB_JOBS_JOBS_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/map.h"
#include "jobs/jobs.h"

// A job in memory: queued, waiting for a retry, or running.
struct job {
    struct job *next; // in its list of the queue
    struct kdb_jobs *jobs;
    char id[16]; // "FL-" and 12 hex digits
    kdb_job_kind kind;
    struct kdb_table *table; // referenced; NULL for HISTORY
    kdb_slice user;          // owned; null: every partition of the table
    bool has_user;
    char reason[16];
    kdb_job_state state;
    uint32_t retry_count;
    int64_t not_before_ms; // of the wall clock; a retry waits. Guarded by the lock
    int64_t created_at_us, updated_at_us, started_at_us, finished_at_us;
    atomic_bool is_killed; // KILL JOB: outlives the run that ctx is for
    struct kdb_ctx ctx;    // memory, error, cancel flag of the run
    // What it did so far:
    int64_t rows, bytes, files, partitions, removed;
    int64_t cpu_ms, memory_bytes;
    kdb_slice message; // owned by ctx
};

// The jobs there are.
struct job_queue {
    struct job *first, *last; // those that wait, in the order they came
    struct job *running;
};

// A partition that is due at some time.
struct due {
    int64_t at_ms;
    uint32_t table_id;
    kdb_slice user;                  // owned
    struct kdb_partition *partition; // referenced, for flushes; NULL for retention
    bool is_hold;                    // the partition's last flush failed: it is free again then
};

struct due_heap {
    struct due *items;
    size_t count, capacity;
    struct kdb_map first; // of each partition among them: when its earliest one is due, an int64_t
};

// What one job thread has to itself.
struct job_thread {
    struct kdb_jobs *jobs;
    pthread_t thread;
    struct kdb_engine_connection *writer; // opened at first need
    struct kdb_engine_connection *reader; // reads segments while `writer` writes one
};

struct kdb_jobs {
    struct kdb_jobs_options options;
    kdb_status (*run)(struct job *job, struct job_thread *thread); // what a job is there for
    _Atomic int64_t removed; // rows that left the hot tier since the store cleaned up
    pthread_mutex_t lock;    // guards everything below
    pthread_cond_t arrived;  // for the job threads
    pthread_cond_t timer_wake;
    struct job_queue queue;
    bool is_closing;
    struct due_heap flushes;    // by interval
    struct due_heap retentions; // oldest tombstone leaves its retention
    int64_t history_at_ms;
    struct job_thread *threads;
    pthread_t timer;
};

// ---- queue.c: which job is next; with the lock held ----
void queue_add(struct job_queue *queue, struct job *job);
// The first that may run at `now_ms`, from here on one of the running; NULL: none may.
struct job *queue_take(struct job_queue *queue, int64_t now_ms);
// When one of those that wait may run, the earliest of them; INT64_MAX: none waits, but for one
// that is running to end.
int64_t queue_next_ms(const struct job_queue *queue);
void queue_end(struct job_queue *queue, struct job *job); // it runs no more
struct job *queue_find(const struct job_queue *queue, kdb_slice id);
// Whether a job does what the request asks for: one that waits, or any.
bool queue_has_waiting(const struct job_queue *queue, const struct kdb_job_request *request);
bool queue_has(const struct job_queue *queue, const struct kdb_job_request *request);

// ---- due.c: what becomes due, the earliest first ----
// Takes it over; nothing changes when one of the same kind and partition is due by then.
void due_push(struct due_heap *heap, struct due item);
// The earliest that is due at `now_ms`, which is the caller's then; false: nothing is.
bool due_take(struct due_heap *heap, int64_t now_ms, struct due *ret);
int64_t due_next_ms(const struct due_heap *heap); // INT64_MAX: nothing will be
void due_free(struct due *due);
void due_heap_deinit(struct due_heap *heap);

// ---- jobs.c ----
// kdb_jobs_open in two steps: without threads, and the threads.
struct kdb_jobs *jobs_create(const struct kdb_jobs_options *options);
void jobs_start(struct kdb_jobs *jobs);
void jobs_destroy(struct kdb_jobs *jobs); // once there are no threads
// Runs a taken job as a job thread does: afterwards it waits for its next try, or is freed.
void jobs_run(struct job *job, struct job_thread *thread);
// Waits for `arrived` or until the clock is likely to show `until_ms`; with the lock held.
void jobs_wait(struct kdb_jobs *jobs, pthread_cond_t *arrived, int64_t until_ms);
// A job of one partition, unless one is queued. `reason`: "rows", "interval" or "retention".
void jobs_queue_partition(struct kdb_jobs *jobs, kdb_job_kind kind, uint32_t table_id,
                          kdb_slice user, const char *reason);
struct kdb_partition *jobs_partition(struct kdb_jobs *jobs, struct kdb_ctx *ctx, uint32_t table_id,
                                     kdb_slice user);

// ---- record.c: the stored form ----
void record_write(const struct job *job, struct kdb_buf *out);
// Its texts are copied into the ctx arena. CORRUPT.
KDB_NODISCARD kdb_status record_read(kdb_slice json, struct kdb_ctx *ctx,
                                     struct kdb_job_record *ret);
// Stores the job's row; failures are logged, a job never fails for its row.
void record_store(struct job *job);
// The same, and waits until it is there for everyone. Not on the committer, no lock held.
void record_store_and_wait(struct job *job);
KDB_NODISCARD kdb_status record_fail_unfinished(struct kdb_jobs *jobs, struct kdb_ctx *ctx);

// ---- recover.c: files at start ----
KDB_NODISCARD kdb_status recover_files(struct kdb_jobs *jobs, struct job_thread *thread,
                                       struct kdb_ctx *ctx);

// ---- the kinds ----
KDB_NODISCARD kdb_status flush_run(struct job *job, struct job_thread *thread);
// The flush of one partition has ended, well or not, and is not tried again.
void flush_release(const struct job *job);
KDB_NODISCARD kdb_status flush_resume(struct kdb_jobs *jobs, struct job_thread *thread,
                                      struct kdb_ctx *ctx);
KDB_NODISCARD kdb_status rewrite_run(struct job *job, struct job_thread *thread);
KDB_NODISCARD kdb_status cleanup_run(struct job *job);
// At start: files of tables that were dropped before their clean-up ran.
KDB_NODISCARD kdb_status cleanup_resume(struct kdb_jobs *jobs, struct kdb_ctx *ctx);
// Removes the rows of jobs that ended longer ago than the history's retention, and whether there
// are any.
KDB_NODISCARD kdb_status record_history_run(struct job *job);
KDB_NODISCARD kdb_status record_has_history(struct kdb_jobs *jobs, struct kdb_ctx *ctx, bool *ret);

// ---- each partition of a job's table ----
// What the work takes of the job's arena is given back after each partition.
typedef kdb_status (*partition_work)(struct job *job, struct job_thread *thread,
                                     struct kdb_partition *partition);
KDB_NODISCARD kdb_status jobs_each_partition(struct job *job, struct job_thread *thread,
                                             partition_work work);
KDB_NODISCARD kdb_status jobs_folder(struct job *job, kdb_slice user, kdb_slice *ret_folder);
KDB_NODISCARD kdb_status jobs_open_engine(struct job *job, struct job_thread *thread);

// ---- timer.c ----
void timer_init(struct kdb_jobs *jobs);
void *timer_main(void *jobs);
// Makes the jobs of everything that is due at `now_ms`; returns when the next thing will be. With
// the lock held, which it lets go of in between.
int64_t timer_fire(struct kdb_jobs *jobs, int64_t now_ms);
void timer_add_flush(struct kdb_jobs *jobs, struct kdb_partition *partition); // lock held
// After a flush that failed: the partition is asked for again in a while.
void timer_hold_flush(struct kdb_jobs *jobs, struct kdb_partition *partition);
void timer_add_retention(struct kdb_jobs *jobs, const struct kdb_table *table,
                         const struct kdb_partition *partition,
                         const struct kdb_manifest *manifest);
// After a retention job that failed: it is made again in a while.
void timer_hold_retention(struct kdb_jobs *jobs, uint32_t table_id, kdb_slice user);
KDB_NODISCARD kdb_status timer_load(struct kdb_jobs *jobs, struct kdb_ctx *ctx);
void timer_free(struct kdb_jobs *jobs);

#endif
