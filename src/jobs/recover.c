// SPDX-License-Identifier: Apache-2.0
// What a start finds and puts right: files of interrupted flushes, missing schema files.
#include "base/log.h"
#include "jobs/jobs_priv.h"
#include "segments/schema_files.h"

struct recovery {
    struct kdb_jobs *jobs;
    struct job_thread *thread;
    struct kdb_ctx *ctx;
    struct kdb_catalog_snapshot *snapshot;
    uint32_t removed;
    kdb_status status;
};

static kdb_status remove_orphans(struct recovery *recovery, const struct kdb_table *table,
                                 kdb_slice user)
{
    const struct kdb_jobs_options *options = &recovery->jobs->options;
    struct kdb_ctx *ctx = recovery->ctx;
    struct kdb_partition *partition;
    KDB_TRY(
        kdb_partition_open(options->partitions, ctx, table->id, user, KDB_READ_ANY, &partition));
    struct kdb_orphan_search where = {.table = table, .partition = partition};
    const struct kdb_storage *storage = kdb_catalog_storage(recovery->snapshot, table->storage_id);
    kdb_status status =
        kdb_segment_folder(options->segments, ctx, table, storage, user, &where.folder);
    uint32_t removed = 0;
    if (status == KDB_OK)
        status = kdb_segment_remove_orphans(options->segments, &recovery->thread->reader, ctx,
                                            &where, &removed);
    recovery->removed += removed;
    kdb_partition_unref(partition);
    return status;
}

// A folder that cannot be read (a LOCATION that is not mounted) does not keep the server from
// starting.
static bool visit(void *arg, uint32_t table_id, kdb_slice user,
                  const struct kdb_partition_counters *counters)
{
    (void)counters;
    struct recovery *recovery = arg;
    const struct kdb_table *table = kdb_catalog_table_by_id(recovery->snapshot, table_id);
    if (!table)
        return true;
    if (remove_orphans(recovery, table, user) != KDB_OK) {
        kdb_log_warn("jobs", NULL, "leftover files of %.*s.%.*s were not looked for: %s",
                     KDB_ARG(table->space), KDB_ARG(table->name), recovery->ctx->error.message);
        kdb_ctx_clear_error(recovery->ctx);
    }
    return true;
}

kdb_status recover_files(struct kdb_jobs *jobs, struct job_thread *thread, struct kdb_ctx *ctx)
{
    struct recovery recovery = {.jobs = jobs,
                                .thread = thread,
                                .ctx = ctx,
                                .snapshot = kdb_catalog_acquire(jobs->options.catalog)};
    kdb_status status = kdb_partition_scan_stored(jobs->options.store, ctx, 0, visit, &recovery);
    uint32_t changed = 0;
    if (status == KDB_OK)
        status = kdb_schema_files_repair(jobs->options.segments, ctx, recovery.snapshot, &changed);
    kdb_catalog_release(recovery.snapshot);
    if (recovery.removed > 0 || changed > 0)
        kdb_log_info("jobs", NULL, "removed %u leftover file(s), wrote %u schema file(s) again",
                     recovery.removed, changed);
    return status;
}
