// SPDX-License-Identifier: Apache-2.0
// Background work: flushing partitions, purging expired tombstones, cleaning up after DROP, and its
// visible history.
//
// A job is a row of system.jobs, stored (META 'J') at every change of its state, run by one of the
// job threads with an engine connection of its own. Jobs are made by statements (STORAGE FLUSH,
// DROP TABLE), by the committer (a partition reached its row limit), and by timers (intervals,
// retention, history). Any thread may submit; nothing here blocks.
#ifndef KDB_JOBS_JOBS_H
#define KDB_JOBS_JOBS_H

#include "base/clock.h"
#include "base/ctx.h"
#include "base/id.h"
#include "catalog/catalog.h"
#include "segments/service.h"
#include "txn/commit.h"
#include "txn/partition.h"

typedef enum {
    KDB_JOB_FLUSH,     // FL: hot rows of a table (all users), of one partition, to Parquet
    KDB_JOB_RETENTION, // RT: rewrites a partition's segments without expired tombstones and the
                       // rows they hide
    KDB_JOB_COMPACT,   // CO: rewrites a partition's or table's segments into one each
    KDB_JOB_CLEANUP,   // CL: rows and files of a dropped table
    KDB_JOB_HISTORY,   // JC: removes old jobs
    KDB_JOB_KIND_COUNT
} kdb_job_kind;

typedef enum {
    KDB_JOB_NEW,
    KDB_JOB_QUEUED,
    KDB_JOB_RUNNING,
    KDB_JOB_RETRYING,
    KDB_JOB_COMPLETED,
    KDB_JOB_FAILED,
    KDB_JOB_CANCELLED,
    KDB_JOB_SKIPPED,
    KDB_JOB_STATE_COUNT
} kdb_job_state;

struct kdb_jobs;

struct kdb_jobs_options {
    struct kdb_store *store;
    struct kdb_engine *engine;
    struct kdb_catalog *catalog;
    struct kdb_partition_registry *partitions;
    struct kdb_committer *committer;
    struct kdb_segment_service *segments;
    const struct kdb_clock *clock;
    struct kdb_id_source *ids;
    uint32_t threads;            // jobs.max_concurrent
    uint32_t max_retries;        // jobs.max_retries
    int64_t retry_backoff_ms;    // jobs.retry_backoff_ms
    int64_t history_ms;          // jobs.history_retention, 0: kept for ever
    uint32_t removal_batch;      // flush.removal_batch: keys removed from the hot tier at once
    uint32_t default_flush_rows; // flush.default_row_limit, 0: none
    uint32_t default_flush_interval_seconds;
};

// Starts the job threads and the timer. Jobs found running in the store are marked failed ("the
// server stopped"), partitions with unfinished flushes are resumed, orphan files removed. Close
// before the committer and the store.
KDB_NODISCARD kdb_status kdb_jobs_open(const struct kdb_jobs_options *options, struct kdb_ctx *ctx,
                                       struct kdb_jobs **ret_jobs);

// Lets running jobs finish (at most `grace_ms`, then they are cancelled at the next step), stops
// the threads.
void kdb_jobs_close(struct kdb_jobs *jobs, int64_t grace_ms); // accepts NULL

// ---- making jobs ----

typedef enum {
    KDB_SUBMIT_QUEUED,  // id is the new job
    KDB_SUBMIT_NOTHING, // nothing to do (no pending writes, no segments)
    KDB_SUBMIT_ALREADY  // such a job is queued or running
} kdb_submit_outcome;

struct kdb_job_request {
    kdb_job_kind kind;
    struct kdb_table *table; // referenced by the job while it lives
    kdb_slice user;          // only this user's partition, or null: every one of the table
    const char *reason;      // "manual", "rows", "interval", "drop", …: part of the parameters
};

// Queues a job; its id ("FL-…", no blanks) goes to the ctx arena. From then on kdb_jobs_list has
// it. Waits for the committer; workers.
KDB_NODISCARD kdb_status kdb_jobs_submit(struct kdb_jobs *jobs, struct kdb_ctx *ctx,
                                         const struct kdb_job_request *request,
                                         kdb_submit_outcome *ret_outcome, kdb_slice *ret_id);

// The committer's hook: a partition reached its limit, or begins to wait for its interval.
// Committer thread, non-blocking.
void kdb_jobs_flush_due(void *jobs, struct kdb_partition *partition);

// KILL JOB: NOT_FOUND, INVALID_OPERATION when it has ended already.
KDB_NODISCARD kdb_status kdb_jobs_kill(struct kdb_jobs *jobs, struct kdb_ctx *ctx, kdb_slice id);

// ---- looking ----

// One job as system.jobs shows it; texts live in the ctx arena.
struct kdb_job_record {
    kdb_slice id;
    kdb_job_kind kind;
    kdb_job_state state;
    kdb_slice parameters; // JSON: namespace, table, user, reason, …
    kdb_slice message;    // what happened in one line, may be null
    kdb_slice result;     // JSON: rows, files, …; null until it ended
    kdb_slice trace;      // error with place, null when none
    kdb_slice metrics;    // JSON: rows, bytes, files, duration_ms, memory_bytes, cpu_ms
    int64_t memory_bytes, cpu_ms;
    uint32_t retry_count, max_retries;
    int64_t created_at_us, updated_at_us, started_at_us, finished_at_us; // 0: not yet
};

// Every stored job, newest first. Worker threads (reads the store). LIMIT_EXCEEDED when the ctx
// arena may not hold all of them.
KDB_NODISCARD kdb_status kdb_jobs_list(struct kdb_jobs *jobs, struct kdb_ctx *ctx,
                                       struct kdb_job_record **ret_records, size_t *ret_count);

// As kdb_jobs_list, of those that have one of the ids, each id once.
KDB_NODISCARD kdb_status kdb_jobs_find(struct kdb_jobs *jobs, struct kdb_ctx *ctx,
                                       const kdb_slice *ids, size_t id_count,
                                       struct kdb_job_record **ret_records, size_t *ret_count);

// How many stored jobs are in which state; takes no memory for each. Worker threads.
KDB_NODISCARD kdb_status kdb_jobs_count(struct kdb_jobs *jobs, struct kdb_ctx *ctx,
                                        uint64_t ret_counts[KDB_JOB_STATE_COUNT]);

// "flush", "retention", …; "FL", "RT", …; "queued", "running", …
const char *kdb_job_kind_name(kdb_job_kind kind);
const char *kdb_job_prefix(kdb_job_kind kind);
const char *kdb_job_state_name(kdb_job_state state);

#endif
