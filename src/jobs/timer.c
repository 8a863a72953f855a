// SPDX-License-Identifier: Apache-2.0
// What becomes due by itself: flushes by interval, tombstones past their retention, old job rows.
#include "base/alloc.h"
#include "base/log.h"
#include "jobs/jobs_priv.h"
#include "txn/layout.h"

// Job rows are looked at this often at least, and at most.
#define HISTORY_PERIOD_MAX_MS (INT64_C(3600) * 1000)
#define HISTORY_PERIOD_MIN_MS INT64_C(1000)

// How long a partition is left alone whose flush failed as often as it is tried.
#define HOLD_MS INT64_C(10000)

// When a partition is looked at again whose expired rows could not be removed.
#define RETENTION_HOLD_MS (INT64_C(3600) * 1000)

void timer_free(struct kdb_jobs *jobs)
{
    due_heap_deinit(&jobs->flushes);
    due_heap_deinit(&jobs->retentions);
}

// ---- what becomes due ----

static kdb_slice own(kdb_slice text)
{
    return kdb_slice_of(kdb_alloc_text(text.data, text.len), text.len);
}

void timer_add_flush(struct kdb_jobs *jobs, struct kdb_partition *partition)
{
    int64_t interval_ms = (int64_t)atomic_load(&partition->flush_interval_seconds) * 1000;
    int64_t oldest_ms = atomic_load(&partition->oldest_hot_ms);
    if (interval_ms == 0 || oldest_ms == 0)
        return;
    struct due due = {.at_ms = oldest_ms + interval_ms,
                      .table_id = partition->table_id,
                      .user = own(partition->user),
                      .partition = kdb_partition_ref(partition)};
    due_push(&jobs->flushes, due);
    (void)pthread_cond_signal(&jobs->timer_wake);
}

void timer_hold_flush(struct kdb_jobs *jobs, struct kdb_partition *partition)
{
    struct due due = {.at_ms = kdb_clock_now_ms(jobs->options.clock) + HOLD_MS,
                      .table_id = partition->table_id,
                      .user = own(partition->user),
                      .partition = kdb_partition_ref(partition),
                      .is_hold = true};
    (void)pthread_mutex_lock(&jobs->lock);
    due_push(&jobs->flushes, due);
    (void)pthread_cond_signal(&jobs->timer_wake);
    (void)pthread_mutex_unlock(&jobs->lock);
}

static void add_retention(struct kdb_jobs *jobs, int64_t at_ms, uint32_t table_id, kdb_slice user)
{
    struct due due = {.at_ms = at_ms, .table_id = table_id, .user = own(user)};
    (void)pthread_mutex_lock(&jobs->lock);
    due_push(&jobs->retentions, due);
    (void)pthread_cond_signal(&jobs->timer_wake);
    (void)pthread_mutex_unlock(&jobs->lock);
}

void timer_add_retention(struct kdb_jobs *jobs, const struct kdb_table *table,
                         const struct kdb_partition *partition, const struct kdb_manifest *manifest)
{
    if (table->retention_ms < 0)
        return;
    int64_t oldest_ms = 0;
    for (uint32_t i = 0; i < manifest->segment_count; i++) {
        int64_t here_ms = manifest->segments[i]->oldest_tombstone_ms;
        if (here_ms != 0 && (oldest_ms == 0 || here_ms < oldest_ms))
            oldest_ms = here_ms;
    }
    if (oldest_ms == 0)
        return;
    // One millisecond later it is older than the retention.
    add_retention(jobs, oldest_ms + table->retention_ms + 1, table->id, partition->user);
}

void timer_hold_retention(struct kdb_jobs *jobs, uint32_t table_id, kdb_slice user)
{
    add_retention(jobs, kdb_clock_now_ms(jobs->options.clock) + RETENTION_HOLD_MS, table_id, user);
}

// A flush that another reason made meanwhile has moved the partition's clock: then it is only noted
// anew.
static void fire_flush(struct kdb_jobs *jobs, const struct due *due)
{
    struct kdb_partition *partition = due->partition;
    if (due->is_hold) {
        atomic_store(&partition->is_flush_queued, false);
        kdb_jobs_flush_due(jobs, partition);
        return;
    }
    int64_t interval_ms = (int64_t)atomic_load(&partition->flush_interval_seconds) * 1000;
    int64_t oldest_ms = atomic_load(&partition->oldest_hot_ms);
    if (oldest_ms == 0 || interval_ms == 0 || atomic_load(&partition->is_dropped))
        return;
    if (oldest_ms + interval_ms > due->at_ms) {
        (void)pthread_mutex_lock(&jobs->lock);
        timer_add_flush(jobs, partition);
        (void)pthread_mutex_unlock(&jobs->lock);
        return;
    }
    if (!atomic_exchange(&partition->is_flush_queued, true))
        jobs_queue_partition(jobs, KDB_JOB_FLUSH, due->table_id, due->user, "interval");
}

// A job's row is there for at most its retention and one period more.
static int64_t history_period_ms(const struct kdb_jobs *jobs)
{
    int64_t period_ms = jobs->options.history_ms;
    if (period_ms > HISTORY_PERIOD_MAX_MS)
        return HISTORY_PERIOD_MAX_MS;
    return period_ms < HISTORY_PERIOD_MIN_MS ? HISTORY_PERIOD_MIN_MS : period_ms;
}

static void fire_history(struct kdb_jobs *jobs, int64_t now_ms)
{
    if (jobs->options.history_ms == 0 || now_ms < jobs->history_at_ms)
        return;
    jobs->history_at_ms = now_ms + history_period_ms(jobs);
    (void)pthread_mutex_unlock(&jobs->lock);
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    const struct kdb_job_request request = {.kind = KDB_JOB_HISTORY, .reason = "timer"};
    kdb_submit_outcome outcome;
    kdb_slice id;
    kdb_status status = kdb_jobs_submit(jobs, &ctx, &request, &outcome, &id);
    (void)status;
    kdb_ctx_deinit(&ctx);
    (void)pthread_mutex_lock(&jobs->lock);
}

void timer_init(struct kdb_jobs *jobs)
{
    jobs->history_at_ms = kdb_clock_now_ms(jobs->options.clock) + history_period_ms(jobs);
}

// True when something was due. The lock is let go of meanwhile.
static bool fire_one(struct kdb_jobs *jobs, int64_t now_ms)
{
    struct due due;
    bool is_flush = due_take(&jobs->flushes, now_ms, &due);
    if (!is_flush && !due_take(&jobs->retentions, now_ms, &due))
        return false;
    (void)pthread_mutex_unlock(&jobs->lock);
    if (is_flush)
        fire_flush(jobs, &due);
    else
        jobs_queue_partition(jobs, KDB_JOB_RETENTION, due.table_id, due.user, "retention");
    due_free(&due);
    (void)pthread_mutex_lock(&jobs->lock);
    return true;
}

int64_t timer_fire(struct kdb_jobs *jobs, int64_t now_ms)
{
    fire_history(jobs, now_ms);
    while (fire_one(jobs, now_ms)) {
    }
    // Only now: what was added while the lock was free counts too, its signal woke nobody.
    int64_t next_ms = jobs->options.history_ms > 0 ? jobs->history_at_ms : INT64_MAX;
    int64_t flush_ms = due_next_ms(&jobs->flushes);
    int64_t retention_ms = due_next_ms(&jobs->retentions);
    next_ms = flush_ms < next_ms ? flush_ms : next_ms;
    return retention_ms < next_ms ? retention_ms : next_ms;
}

void *timer_main(void *arg)
{
    struct kdb_jobs *jobs = arg;
    (void)pthread_setname_np(pthread_self(), "job-timer");
    (void)pthread_mutex_lock(&jobs->lock);
    while (!jobs->is_closing) {
        int64_t next_ms = timer_fire(jobs, kdb_clock_now_ms(jobs->options.clock));
        if (!jobs->is_closing)
            jobs_wait(jobs, &jobs->timer_wake, next_ms);
    }
    (void)pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

// ---- at start ----

struct loading {
    struct kdb_jobs *jobs;
    struct kdb_ctx *ctx;
    struct kdb_catalog_snapshot *snapshot;
    kdb_status status;
};

static bool load_counters(void *arg, uint32_t table_id, kdb_slice user,
                          const struct kdb_partition_counters *counters)
{
    struct loading *loading = arg;
    struct kdb_jobs *jobs = loading->jobs;
    struct kdb_table *table = kdb_catalog_table_by_id(loading->snapshot, table_id);
    if (!table || counters->hot_rows == 0)
        return true;
    struct kdb_partition *partition = jobs_partition(jobs, loading->ctx, table_id, user);
    if (!partition) {
        loading->status = loading->ctx->error.status;
        return false;
    }
    const struct kdb_jobs_options *options = &jobs->options;
    uint32_t rows = table->has_flush_policy ? table->flush.rows : options->default_flush_rows;
    uint32_t interval = table->has_flush_policy ? table->flush.interval_seconds
                                                : options->default_flush_interval_seconds;
    atomic_store(&partition->flush_rows, rows);
    atomic_store(&partition->flush_interval_seconds, interval);
    kdb_jobs_flush_due(jobs, partition);
    kdb_partition_unref(partition);
    return true;
}

static kdb_status open_manifest(struct loading *loading, struct kdb_table *table, kdb_slice user)
{
    struct kdb_jobs *jobs = loading->jobs;
    struct kdb_partition *partition;
    KDB_TRY(kdb_partition_open(jobs->options.partitions, loading->ctx, table->id, user,
                               KDB_READ_ANY, &partition));
    struct kdb_manifest *manifest = NULL;
    kdb_status status = kdb_manifest_acquire(jobs->options.segments, partition, loading->ctx,
                                             KDB_READ_ANY, &manifest);
    if (manifest)
        timer_add_retention(jobs, table, partition, manifest);
    kdb_manifest_unref(manifest);
    kdb_partition_unref(partition);
    return status;
}

// A damaged manifest is told to whoever reads the table; the server starts.
static kdb_status load_manifest(struct loading *loading, kdb_slice key)
{
    uint32_t table_id;
    kdb_slice user;
    size_t prefix_len;
    KDB_TRY(kdb_layout_read_prefix(kdb_slice_skip(key, 1), loading->ctx, &table_id, &user,
                                   &prefix_len));
    struct kdb_table *table = kdb_catalog_table_by_id(loading->snapshot, table_id);
    if (!table || table->retention_ms < 0 || open_manifest(loading, table, user) == KDB_OK)
        return KDB_OK;
    kdb_log_warn("jobs", NULL, "deleted rows of %.*s.%.*s are not looked for: %s",
                 KDB_ARG(table->space), KDB_ARG(table->name), loading->ctx->error.message);
    kdb_ctx_clear_error(loading->ctx);
    return KDB_OK;
}

static kdb_status load_manifests(struct loading *loading)
{
    const char first = KDB_META_MANIFEST;
    const char end = KDB_META_MANIFEST + 1;
    const struct kdb_scan_range range = {.space = KDB_SPACE_META,
                                         .first = kdb_slice_of(&first, 1),
                                         .end = kdb_slice_of(&end, 1),
                                         .tier = KDB_READ_ANY};
    struct kdb_store_scan *scan;
    KDB_TRY(kdb_store_scan_open(loading->jobs->options.store, loading->ctx, NULL, &range, &scan));
    kdb_status status = KDB_OK;
    while (status == KDB_OK) {
        kdb_slice key;
        kdb_slice value;
        bool has_more;
        status = kdb_store_scan_next(scan, loading->ctx, &key, &value, &has_more);
        if (status != KDB_OK || !has_more)
            break;
        status = load_manifest(loading, key);
    }
    kdb_store_scan_close(scan);
    return status;
}

kdb_status timer_load(struct kdb_jobs *jobs, struct kdb_ctx *ctx)
{
    struct loading loading = {
        .jobs = jobs, .ctx = ctx, .snapshot = kdb_catalog_acquire(jobs->options.catalog)};
    kdb_status status =
        kdb_partition_scan_stored(jobs->options.store, ctx, 0, load_counters, &loading);
    if (status == KDB_OK)
        status = loading.status;
    if (status == KDB_OK)
        status = load_manifests(&loading);
    kdb_catalog_release(loading.snapshot);
    return status;
}
