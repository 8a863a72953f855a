// SPDX-License-Identifier: Apache-2.0
// What the files of jobs share.
#ifndef KDB_JOBS_JOBS_PRIV_H
#define KDB_JOBS_JOBS_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "jobs/jobs.h"

// A job in memory: queued, waiting for a retry, or running.
struct job {
    struct job *next; // queue, or the list of running jobs
    struct kdb_jobs *jobs;
    char id[16]; // "FL-" and 12 hex digits
    kdb_job_kind kind;
    struct kdb_table *table; // referenced; NULL for HISTORY
    kdb_slice user;          // owned; null: every partition of the table
    bool has_user;
    char reason[16];
    kdb_job_state state;
    uint32_t retry_count;
    int64_t not_before_ms; // of the wall clock; a retry waits
    int64_t created_at_us, updated_at_us, started_at_us, finished_at_us;
    atomic_bool is_killed; // KILL JOB: outlives the run that ctx is for
    struct kdb_ctx ctx;    // memory, error, cancel flag of the run
    // What it did so far:
    int64_t rows, bytes, files, partitions, removed;
    int64_t cpu_ms, memory_bytes;
    kdb_slice message; // owned by ctx
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
    _Atomic int64_t removed; // rows that left the hot tier since the store cleaned up
    pthread_mutex_t lock;    // guards everything below
    pthread_cond_t arrived;  // for the job threads
    pthread_cond_t timer_wake;
    struct job *first, *last; // queue
    struct job *running;
    bool is_closing;
    bool is_timer_awake;
    struct due_heap flushes;    // by interval
    struct due_heap retentions; // oldest tombstone leaves its retention
    int64_t history_at_ms;
    struct job_thread *threads;
    pthread_t timer;
};

// ---- jobs.c ----
void jobs_queue(struct kdb_jobs *jobs, struct job *job); // takes it over; with the lock held
// A flush of one partition, unless one is queued. `reason`: "rows" or "interval".
void jobs_queue_partition(struct kdb_jobs *jobs, kdb_job_kind kind, uint32_t table_id,
                          kdb_slice user, const char *reason);
struct kdb_partition *jobs_partition(struct kdb_jobs *jobs, struct kdb_ctx *ctx, uint32_t table_id,
                                     kdb_slice user);

// ---- record.c: the stored form ----
void record_write(const struct job *job, struct kdb_buf *out);
KDB_NODISCARD kdb_status record_read(kdb_slice json, struct kdb_ctx *ctx,
                                     struct kdb_job_record *ret);
// Stores the job's row; failures are logged, a job never fails for its row.
void record_store(struct job *job);
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
typedef kdb_status (*partition_work)(struct job *job, struct job_thread *thread,
                                     struct kdb_partition *partition);
KDB_NODISCARD kdb_status jobs_each_partition(struct job *job, struct job_thread *thread,
                                             partition_work work);
KDB_NODISCARD kdb_status jobs_folder(struct job *job, kdb_slice user, kdb_slice *ret_folder);
KDB_NODISCARD kdb_status jobs_open_engine(struct job *job, struct job_thread *thread);

// ---- timer.c ----
void *timer_main(void *jobs);
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
