// SPDX-License-Identifier: Apache-2.0
// After DROP TABLE: the files of every partition, then its manifests. The rows went with the
// definition.
#include "base/fault.h"
#include "jobs/jobs_priv.h"
#include "txn/layout.h"

struct cleanup {
    struct kdb_jobs *jobs;
    struct kdb_ctx *ctx;
    struct kdb_catalog_snapshot *snapshot; // at start: tables it knows are left alone; else NULL
    struct kdb_store_batch *batch;
    int64_t files, partitions;
};

// Files are deleted by the paths in the manifest: the table's definition is gone.
static kdb_status clean_partition(struct cleanup *cleanup, uint32_t table_id, kdb_slice user)
{
    const struct kdb_jobs_options *options = &cleanup->jobs->options;
    struct kdb_partition *partition;
    KDB_TRY(kdb_partition_open(options->partitions, cleanup->ctx, table_id, user, KDB_READ_ANY,
                               &partition));
    struct kdb_manifest *manifest = NULL;
    kdb_status status =
        kdb_manifest_acquire(options->segments, partition, cleanup->ctx, KDB_READ_ANY, &manifest);
    if (status == KDB_OK && manifest && manifest->segment_count > 0) {
        kdb_slice path = manifest->segments[0]->path;
        size_t end = path.len;
        while (end > 0 && path.data[end - 1] != '/')
            end--;
        cleanup->files += manifest->segment_count;
        status = kdb_segment_remove_all(options->segments, cleanup->ctx,
                                        kdb_slice_of(path.data, end), manifest);
    }
    if (status == KDB_OK) {
        cleanup->partitions++;
        kdb_manifest_forget(cleanup->batch, partition->prefix);
    }
    kdb_manifest_unref(manifest);
    kdb_partition_unref(partition);
    return status;
}

// Every manifest with a key in [first, end), but for those of tables that the snapshot knows.
static kdb_status clean_range(struct cleanup *cleanup, kdb_slice first, kdb_slice end)
{
    struct kdb_store *store = cleanup->jobs->options.store;
    const struct kdb_scan_range range = {
        .space = KDB_SPACE_META, .first = first, .end = end, .tier = KDB_READ_ANY};
    struct kdb_store_scan *scan;
    KDB_TRY(kdb_store_scan_open(store, cleanup->ctx, NULL, &range, &scan));
    cleanup->batch = kdb_store_batch_open(store);
    struct kdb_buf last = {0}; // prefix of the partition cleaned last: it may have several records
    const struct kdb_arena_mark mark = kdb_arena_mark(&cleanup->ctx->arena);
    kdb_status status = KDB_OK;
    while (status == KDB_OK) {
        kdb_slice key;
        kdb_slice value;
        bool has_more;
        status = kdb_store_scan_next(scan, cleanup->ctx, &key, &value, &has_more);
        if (status != KDB_OK || !has_more)
            break;
        uint32_t table_id;
        kdb_slice user;
        size_t prefix_len;
        if (kdb_layout_read_prefix(kdb_slice_skip(key, 1), cleanup->ctx, &table_id, &user,
                                   &prefix_len) != KDB_OK) {
            kdb_ctx_clear_error(cleanup->ctx); // damaged: nobody can tell whose it is
            continue;
        }
        kdb_slice prefix = kdb_slice_of(key.data + 1, prefix_len);
        if (kdb_slice_equal(prefix, kdb_buf_view(&last)) ||
            (cleanup->snapshot && kdb_catalog_table_by_id(cleanup->snapshot, table_id)))
            continue;
        kdb_buf_clear(&last);
        kdb_buf_slice(&last, prefix);
        status = clean_partition(cleanup, table_id, kdb_arena_copy(&cleanup->ctx->arena, user));
        kdb_arena_release(&cleanup->ctx->arena, &mark); // nothing of it is for the next one
    }
    kdb_buf_deinit(&last);
    kdb_store_scan_close(scan);
    if (status == KDB_OK && cleanup->partitions > 0 && kdb_fault_point("cleanup.removed"))
        status = kdb_fail(cleanup->ctx, KDB_ERR_IO, "injected: cleanup.removed");
    if (status == KDB_OK && cleanup->partitions > 0)
        status = kdb_commit_batch(cleanup->jobs->options.committer, cleanup->ctx, cleanup->batch);
    kdb_store_batch_close(cleanup->batch);
    return status;
}

kdb_status cleanup_run(struct job *job)
{
    struct cleanup cleanup = {.jobs = job->jobs, .ctx = &job->ctx};
    struct kdb_buf first = {0};
    struct kdb_buf end = {0};
    kdb_buf_put(&first, KDB_META_MANIFEST);
    kdb_key_u32(&first, job->table->id);
    kdb_buf_put(&end, KDB_META_MANIFEST);
    kdb_key_u32(&end, job->table->id + 1);
    kdb_status status = clean_range(&cleanup, kdb_buf_view(&first), kdb_buf_view(&end));
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&end);
    KDB_TRY(status);
    job->files = cleanup.files;
    job->partitions = cleanup.partitions;
    job->message = kdb_arena_printf(&job->ctx.arena, "removed %lld file(s) of %lld partition(s)",
                                    (long long)cleanup.files, (long long)cleanup.partitions);
    return KDB_OK;
}

kdb_status cleanup_resume(struct kdb_jobs *jobs, struct kdb_ctx *ctx)
{
    const char first = KDB_META_MANIFEST;
    const char end = KDB_META_MANIFEST + 1;
    struct cleanup cleanup = {
        .jobs = jobs, .ctx = ctx, .snapshot = kdb_catalog_acquire(jobs->options.catalog)};
    kdb_status status = clean_range(&cleanup, kdb_slice_of(&first, 1), kdb_slice_of(&end, 1));
    kdb_catalog_release(cleanup.snapshot);
    return status;
}
