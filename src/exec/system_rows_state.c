// SPDX-License-Identifier: Apache-2.0
// Rows about what is going on: jobs, row counters, manifests, settings.
#include "auth/rights.h"
#include "exec/system_rows_priv.h"
#include "exec/system_tables.h"
#include "jobs/jobs.h"
#include "live/directory.h"
#include "segments/manifest.h"

static struct kdb_arena *arena_of(struct row_writer *writer)
{
    return &writer->exec->ctx->arena;
}

// ---- jobs ----

static kdb_status job_row(struct row_writer *writer, const struct kdb_job_record *job)
{
    row_writer_text(writer, job->id);
    row_writer_cstr(writer, kdb_job_kind_name(job->kind));
    row_writer_cstr(writer, kdb_job_state_name(job->state));
    row_writer_null(writer); // leader_status
    row_writer_text(writer, job->parameters);
    row_writer_text(writer, job->message);
    row_writer_text(writer, job->trace);
    row_writer_null(writer); // idempotency_key
    row_writer_null(writer); // queue
    row_writer_null(writer); // priority
    row_writer_int(writer, job->retry_count);
    row_writer_int(writer, job->max_retries);
    row_writer_int(writer, job->memory_bytes);
    row_writer_int(writer, job->cpu_ms);
    row_writer_time(writer, job->created_at_us);
    row_writer_time(writer, job->updated_at_us);
    row_writer_time_or_null(writer, job->started_at_us);
    row_writer_time_or_null(writer, job->finished_at_us);
    row_writer_int(writer, 1); // node_id
    row_writer_null(writer);   // leader_node_id
    row_writer_text(writer, job->result);
    row_writer_text(writer, job->trace);
    row_writer_text(writer, job->metrics);
    return row_writer_end(writer);
}

kdb_status system_rows_jobs(struct row_writer *writer, const struct rows_filter *filter)
{
    struct kdb_exec *exec = writer->exec;
    struct kdb_jobs *jobs = exec->services->jobs;
    const struct catalog_names *ids = &filter->names;
    struct kdb_job_record *records;
    size_t count;
    if (!jobs)
        return KDB_OK;
    if (ids->is_bound)
        KDB_TRY(kdb_jobs_find(jobs, exec->ctx, ids->items, ids->count, &records, &count));
    else
        KDB_TRY(kdb_jobs_list(jobs, exec->ctx, &records, &count));
    for (size_t i = 0; i < count; i++)
        KDB_TRY(job_row(writer, &records[i]));
    return KDB_OK;
}

// ---- row counters ----

struct counter_rows {
    struct row_writer *writer;
    kdb_status status;
};

static bool write_counters(struct counter_rows *rows, const struct kdb_table *table, kdb_slice user,
                           const struct kdb_partition_counters *counters)
{
    struct row_writer *writer = rows->writer;
    row_writer_text(writer, table->kind == KDB_TABLE_SHARED ? (kdb_slice){0} : user);
    row_writer_text(writer, kdb_arena_printf(arena_of(writer), "%.*s:%.*s", KDB_ARG(table->space),
                                             KDB_ARG(table->name)));
    row_writer_int(writer, counters->hot_rows);
    row_writer_int(writer, counters->live_rows);
    row_writer_time_or_null(writer, counters->last_flush_ms * 1000);
    rows->status = row_writer_end(writer);
    return rows->status == KDB_OK;
}

// Every commit stores the counters of what it touched: the stored ones are the current ones.
static bool counter_row(void *arg, uint32_t table_id, kdb_slice user,
                        const struct kdb_partition_counters *counters)
{
    struct counter_rows *rows = arg;
    const struct kdb_table *table = kdb_catalog_table_by_id(rows->writer->exec->snapshot, table_id);
    return !table || write_counters(rows, table, user, counters);
}

// Streams have theirs in memory, as their rows.
static bool stream_row(void *arg, struct kdb_partition *partition)
{
    struct counter_rows *rows = arg;
    const struct kdb_table *table =
        kdb_catalog_table_by_id(rows->writer->exec->snapshot, partition->table_id);
    const struct kdb_partition_counters counters = {.hot_rows = atomic_load(&partition->hot_rows),
                                                    .live_rows =
                                                        atomic_load(&partition->live_rows)};
    if (!table || table->kind != KDB_TABLE_STREAM || counters.hot_rows == 0)
        return true;
    return write_counters(rows, table, partition->user, &counters);
}

kdb_status system_rows_counters(struct row_writer *writer, const struct rows_filter *filter)
{
    (void)filter;
    struct counter_rows rows = {.writer = writer};
    struct kdb_exec *exec = writer->exec;
    KDB_TRY(kdb_partition_scan_stored(exec->services->store, exec->ctx, 0, counter_row, &rows));
    if (rows.status == KDB_OK)
        kdb_partition_each(exec->services->partitions, stream_row, &rows);
    return rows.status;
}

// ---- manifests ----

struct manifest_rows {
    struct row_writer *writer;
    const struct rows_filter *filter;
};

static kdb_status manifest_row(void *self, const struct partition_entry *entry)
{
    struct manifest_rows *rows = self;
    struct row_writer *writer = rows->writer;
    const struct kdb_table *table = entry->table;
    bool is_shared = table->kind == KDB_TABLE_SHARED;
    bool is_shown =
        is_shared ? kdb_role_may_read(writer->exec->role, table)
                  : !rows->filter->user.data || kdb_slice_equal(rows->filter->user, entry->user);
    if (!is_shown)
        return KDB_OK;
    kdb_slice scope = is_shared ? KDB_LIT("shared") : entry->user;
    int64_t updated_us = entry->manifest->updated_at_ms * 1000;
    struct kdb_buf json = {0};
    // An administrator sees that others have files, not what is in them.
    bool shows_values = is_shared || kdb_slice_equal(entry->user, writer->exec->user);
    kdb_manifest_write_json(entry->manifest, table, entry->user, shows_values, &json);
    kdb_slice text = kdb_arena_copy(arena_of(writer), kdb_buf_view(&json));
    kdb_buf_deinit(&json);
    row_writer_text(writer,
                    kdb_arena_printf(arena_of(writer), "%.*s:%.*s:%.*s", KDB_ARG(table->space),
                                     KDB_ARG(table->name), KDB_ARG(scope)));
    row_writer_text(writer, table->space);
    row_writer_text(writer, table->name);
    row_writer_text(writer, scope);
    row_writer_null(writer); // etag
    row_writer_time(writer, updated_us);
    row_writer_time(writer, updated_us); // last_accessed: not followed
    row_writer_bool(writer, entry->is_loaded);
    row_writer_cstr(writer, entry->counters->hot_rows > 0 ? "pending_write" : "in_sync");
    row_writer_text(writer, text);
    return row_writer_end(writer);
}

kdb_status system_rows_manifest(struct row_writer *writer, const struct rows_filter *filter)
{
    struct manifest_rows rows = {.writer = writer, .filter = filter};
    return partition_list_manifests(writer->exec, NULL, manifest_row, &rows);
}

// ---- settings ----

struct setting_rows {
    struct row_writer *writer;
    kdb_status status;
};

static void setting_row(void *arg, const struct kdb_setting_row *setting)
{
    struct setting_rows *rows = arg;
    if (rows->status != KDB_OK)
        return;
    struct row_writer *writer = rows->writer;
    row_writer_text(writer, setting->name);
    row_writer_text(writer, setting->value);
    row_writer_text(writer, setting->description);
    row_writer_text(writer, setting->category);
    rows->status = row_writer_end(writer);
}

kdb_status system_rows_settings(struct row_writer *writer, const struct rows_filter *filter)
{
    (void)filter;
    const struct kdb_system_tables *system = writer->exec->services->system;
    struct setting_rows rows = {.writer = writer};
    if (system && system->settings)
        system->settings(system->self, setting_row, &rows);
    return rows.status;
}

// ---- live queries ----

struct live_rows {
    struct row_writer *writer;
    kdb_slice owner; // null: everybody's
    kdb_status status;
};

static void live_row(void *arg, const struct kdb_live_info *info)
{
    struct live_rows *rows = arg;
    struct row_writer *writer = rows->writer;
    if (rows->status != KDB_OK || (rows->owner.data && !kdb_slice_equal(rows->owner, info->user)))
        return;
    row_writer_text(writer, info->live_id);
    row_writer_text(writer, info->connection_id);
    row_writer_text(writer, info->subscription_id);
    row_writer_text(writer, info->space);
    row_writer_text(writer, info->table);
    row_writer_text(writer, info->user);
    row_writer_text(writer, info->query);
    row_writer_text(writer, info->options);
    row_writer_cstr(writer, info->status);
    row_writer_time(writer, info->created_at_us);
    row_writer_time_or_null(writer, info->last_change_us);
    row_writer_int(writer, (int64_t)info->delivered);
    row_writer_int(writer, 1); // node_id
    row_writer_time(writer, info->last_ping_at_us);
    row_writer_int(writer, (int64_t)info->filtered);
    row_writer_int(writer, (int64_t)info->dropped);
    row_writer_int(writer, (int64_t)info->lags);
    row_writer_text(writer, info->index_column);
    rows->status = row_writer_end(writer);
}

// Admins see everybody's, others their own.
kdb_status system_rows_live(struct row_writer *writer, const struct rows_filter *filter)
{
    (void)filter;
    const struct kdb_exec *exec = writer->exec;
    struct live_rows rows = {writer, kdb_role_is_admin(exec->role) ? (kdb_slice){0} : exec->user,
                             KDB_OK};
    if (exec->services->live)
        kdb_live_directory_each(exec->services->live, live_row, &rows);
    return rows.status;
}
