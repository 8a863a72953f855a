// SPDX-License-Identifier: Apache-2.0
// Retention and compaction: all segments of a partition rewritten into one, newest versions only,
// expired tombstones gone.
//
// A tombstone may go only together with every older version of its key; rewriting all segments at
// once makes that true.
#include "base/id.h"
#include "jobs/jobs_priv.h"
#include "types/row.h"

struct rewrite {
    struct job *job;
    struct kdb_cold_scan *scan;
    int64_t expired_before_ms; // tombstones older than this are dropped
    int64_t dropped;
};

static kdb_status next_row(void *self, struct kdb_ctx *ctx, kdb_slice *ret_key, kdb_slice *ret_row,
                           bool *ret_more)
{
    struct rewrite *rewrite = self;
    for (;;) {
        KDB_TRY(kdb_cold_scan_next(rewrite->scan, &rewrite->job->ctx, ret_key, ret_row, ret_more));
        if (!*ret_more)
            return KDB_OK;
        bool is_expired = kdb_row_is_deleted(*ret_row) &&
                          kdb_snowflake_ms(kdb_row_seq(*ret_row)) < rewrite->expired_before_ms;
        if (!is_expired)
            return KDB_OK;
        rewrite->dropped++;
        if (atomic_load_explicit(&rewrite->job->ctx.is_cancelled, memory_order_relaxed))
            return kdb_fail(ctx, KDB_ERR_CANCELLED, "the job was cancelled");
    }
}

// Whether rewriting would change anything: an expired tombstone, or (compaction) more than one
// segment.
static bool is_needed(const struct job *job, const struct kdb_manifest *manifest, int64_t before_ms)
{
    if (job->kind == KDB_JOB_COMPACT && manifest->segment_count > 1)
        return true;
    for (uint32_t i = 0; i < manifest->segment_count; i++) {
        int64_t oldest_ms = manifest->segments[i]->oldest_tombstone_ms;
        if (oldest_ms != 0 && oldest_ms < before_ms)
            return true;
    }
    return false;
}

static kdb_status rewrite_segments(struct rewrite *rewrite, struct job_thread *thread,
                                   struct kdb_partition *partition, struct kdb_manifest *manifest)
{
    struct job *job = rewrite->job;
    const struct kdb_jobs_options *options = &job->jobs->options;
    const struct kdb_cold_reader reader = {options->segments, job->table, manifest, thread->reader,
                                           KDB_READ_ANY};
    const struct kdb_cold_range everything = {0};
    KDB_TRY(kdb_cold_scan_open(&reader, &job->ctx, &everything, &rewrite->scan));
    struct kdb_segment_write what = {
        .table = job->table, .user = partition->user, .input = {next_row, rewrite}};
    KDB_TRY(jobs_folder(job, partition->user, &what.folder));
    KDB_TRY(
        kdb_segment_next_number(options->segments, options->committer, &job->ctx, &what.number));
    struct kdb_segment *segment = NULL;
    KDB_TRY(kdb_segment_write(options->segments, thread->writer, &job->ctx, &what, &segment));
    const struct kdb_manifest_change change = {.partition = partition,
                                               .table = job->table,
                                               .folder = what.folder,
                                               .added = segment,
                                               .removed = manifest->segments,
                                               .removed_count = manifest->segment_count};
    kdb_status status =
        kdb_manifest_change(options->segments, options->committer, &job->ctx, &change);
    if (status == KDB_OK && segment) {
        job->files++;
        job->rows += segment->row_count;
        job->bytes += segment->size_bytes;
    }
    kdb_segment_unref(segment);
    return status;
}

static kdb_status rewrite_partition(struct job *job, struct job_thread *thread,
                                    struct kdb_partition *partition)
{
    const struct kdb_jobs_options *options = &job->jobs->options;
    int64_t retention_ms = job->table->retention_ms;
    struct rewrite rewrite = {.job = job};
    rewrite.expired_before_ms =
        retention_ms < 0 ? INT64_MIN : kdb_clock_now_ms(options->clock) - retention_ms;
    struct kdb_manifest *manifest;
    KDB_TRY(kdb_manifest_acquire(options->segments, partition, &job->ctx, KDB_READ_ANY, &manifest));
    if (!manifest)
        return KDB_OK;
    kdb_status status = KDB_OK;
    if (is_needed(job, manifest, rewrite.expired_before_ms)) {
        status = rewrite_segments(&rewrite, thread, partition, manifest);
        job->partitions++;
        job->removed += rewrite.dropped;
    }
    kdb_cold_scan_close(rewrite.scan);
    kdb_manifest_unref(manifest);
    KDB_TRY(status);
    KDB_TRY(kdb_manifest_acquire(options->segments, partition, &job->ctx, KDB_READ_ANY, &manifest));
    if (manifest)
        timer_add_retention(job->jobs, job->table, partition, manifest);
    kdb_manifest_unref(manifest);
    return KDB_OK;
}

kdb_status rewrite_run(struct job *job, struct job_thread *thread)
{
    KDB_TRY(jobs_open_engine(job, thread));
    KDB_TRY(jobs_each_partition(job, thread, rewrite_partition));
    const char *done =
        job->kind == KDB_JOB_COMPACT ? "Compaction completed" : "Retention completed";
    job->message = kdb_arena_printf(
        &job->ctx.arena, "%s: %lld partition(s) rewritten, %lld expired tombstone(s) removed", done,
        (long long)job->partitions, (long long)job->removed);
    return KDB_OK;
}
