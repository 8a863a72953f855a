// SPDX-License-Identifier: Apache-2.0
// After DROP TABLE: the files of every partition, then its manifests. The rows went with the
// definition.
#include "jobs/jobs_priv.h"
#include "txn/layout.h"

struct cleanup {
    struct job *job;
    struct kdb_store_batch *batch;
};

// `key` is 'M' and the partition's prefix. Files are deleted by the paths in the manifest: the
// definition is gone.
static kdb_status clean_partition(struct cleanup *cleanup, kdb_slice key, kdb_slice value)
{
    struct job *job = cleanup->job;
    const struct kdb_jobs_options *options = &job->jobs->options;
    struct kdb_manifest *manifest;
    KDB_TRY(kdb_manifest_read(options->segments, value, &job->ctx, &manifest));
    if (manifest->segment_count > 0) {
        kdb_slice path = manifest->segments[0]->path;
        size_t end = path.len;
        while (end > 0 && path.data[end - 1] != '/')
            end--;
        job->files += manifest->segment_count;
        KDB_TRY(kdb_segment_remove_all(options->segments, &job->ctx, kdb_slice_of(path.data, end),
                                       manifest));
    }
    kdb_manifest_unref(manifest);
    job->partitions++;
    kdb_store_batch_delete(cleanup->batch, KDB_SPACE_META, key);
    return KDB_OK;
}

static kdb_status clean_all(struct cleanup *cleanup)
{
    struct job *job = cleanup->job;
    struct kdb_buf first = {0};
    struct kdb_buf end = {0};
    kdb_buf_put(&first, KDB_META_MANIFEST);
    kdb_key_u32(&first, job->table->id);
    kdb_buf_put(&end, KDB_META_MANIFEST);
    kdb_key_u32(&end, job->table->id + 1);
    const struct kdb_scan_range range = {.space = KDB_SPACE_META,
                                         .first = kdb_buf_view(&first),
                                         .end = kdb_buf_view(&end),
                                         .tier = KDB_READ_ANY};
    struct kdb_store_scan *scan;
    kdb_status status =
        kdb_store_scan_open(job->jobs->options.store, &job->ctx, NULL, &range, &scan);
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&end);
    KDB_TRY(status);
    while (status == KDB_OK) {
        kdb_slice key;
        kdb_slice value;
        bool has_more;
        status = kdb_store_scan_next(scan, &job->ctx, &key, &value, &has_more);
        if (status != KDB_OK || !has_more)
            break;
        status = clean_partition(cleanup, key, value);
    }
    kdb_store_scan_close(scan);
    return status;
}

kdb_status cleanup_run(struct job *job)
{
    struct kdb_jobs *jobs = job->jobs;
    struct cleanup cleanup = {job, kdb_store_batch_open(jobs->options.store)};
    kdb_status status = clean_all(&cleanup);
    if (status == KDB_OK)
        status = kdb_commit_batch(jobs->options.committer, &job->ctx, cleanup.batch);
    kdb_store_batch_close(cleanup.batch);
    KDB_TRY(status);
    job->message = kdb_arena_printf(&job->ctx.arena, "removed %lld file(s) of %lld partition(s)",
                                    (long long)job->files, (long long)job->partitions);
    return KDB_OK;
}
