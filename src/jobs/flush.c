// SPDX-License-Identifier: Apache-2.0
// Flush: hot rows of a partition become one Parquet segment, then leave the hot tier.
//
// A crash at any point loses nothing and shows nothing twice: until the manifest names the segment
// its file is an orphan; from then on the same version in both tiers counts once, and the removal
// is taken up again at the next start.
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/log.h"
#include "jobs/jobs_priv.h"
#include "txn/layout.h"
#include "types/row.h"

// Rows of one segment; what is beyond goes into the next.
#define SEGMENT_ROWS_MAX 1000000

// The keys of a segment, to be removed once it is durable.
struct flushed_key {
    kdb_slice key; // encoded primary key, arena of the flush
    int64_t seq;
};

// A partition with so many hot rows loses its entries of the sequence index as one range, when its
// last row leaves, instead of one by one. So does one of which an earlier flush, that failed, left
// entries without rows.
#define INDEX_RANGE_ROWS_MIN 1024

// Rows removed from the hot tier after which the store is asked to clean up: until it does, a scan
// over as many removed rows takes some 5 ms, on an event loop too.
#define CLEAN_UP_ROWS 20000

struct flush {
    struct job *job;
    struct job_thread *thread;
    struct kdb_partition *partition;
    struct kdb_store_view *view;
    struct kdb_store_scan *scan;
    size_t strip; // bytes before the primary key
    struct kdb_arena arena;
    struct flushed_key *keys;
    size_t key_count, key_capacity;
    bool has_more;
    bool takes_index;   // as one range, with the last row
    int64_t newest_seq; // of all rows read
    int64_t flush_ms;
};

// ---- reading ----

static kdb_status open_scan(struct flush *flush)
{
    struct kdb_jobs *jobs = flush->job->jobs;
    struct kdb_buf first = {0};
    struct kdb_buf end = {0};
    kdb_slice prefix = flush->partition->prefix;
    kdb_layout_key(&first, prefix, KDB_KEYS_ROWS, (kdb_slice){0});
    kdb_layout_key(&end, prefix, KDB_KEYS_ROWS + 1, (kdb_slice){0});
    const struct kdb_scan_range range = {.space = KDB_SPACE_ROWS,
                                         .first = kdb_buf_view(&first),
                                         .end = kdb_buf_view(&end),
                                         .tier = KDB_READ_ANY};
    flush->strip = prefix.len + 1;
    kdb_status status = kdb_store_scan_open(jobs->options.store, &flush->job->ctx, flush->view,
                                            &range, &flush->scan);
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&end);
    return status;
}

static kdb_status next_row(void *self, struct kdb_ctx *ctx, kdb_slice *ret_key, kdb_slice *ret_row,
                           bool *ret_more)
{
    struct flush *flush = self;
    if (flush->key_count == SEGMENT_ROWS_MAX) {
        *ret_more = false;
        return KDB_OK;
    }
    kdb_slice key;
    KDB_TRY(kdb_store_scan_next(flush->scan, ctx, &key, ret_row, &flush->has_more));
    *ret_more = flush->has_more;
    if (!flush->has_more)
        return KDB_OK;
    if (ret_row->len < KDB_ROW_HEADER_BYTES)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored row is damaged");
    if (atomic_load_explicit(&flush->job->ctx.is_cancelled, memory_order_relaxed))
        return kdb_fail(ctx, KDB_ERR_CANCELLED, "the job was cancelled");
    *ret_key = kdb_slice_skip(key, flush->strip);
    struct flushed_key flushed = {kdb_arena_copy(&flush->arena, *ret_key), kdb_row_seq(*ret_row)};
    KDB_PUSH(&flush->arena, flush->keys, flush->key_count, flush->key_capacity, flushed);
    if (flushed.seq > flush->newest_seq)
        flush->newest_seq = flushed.seq;
    return KDB_OK;
}

// ---- removing ----

struct removal {
    struct kdb_jobs *jobs;
    struct kdb_ctx *ctx;
    struct kdb_partition *partition;
    const struct flushed_key *keys;
    size_t key_count;
    kdb_index_removal index; // with the last batch; KDB_INDEX_UP_TO: KDB_INDEX_LATER before
    int64_t index_up_to;
    int64_t flush_ms;
    int64_t removed;
};

static kdb_status remove_batch(struct removal *removal, size_t from, size_t count,
                               struct kdb_row_op *ops)
{
    for (size_t i = 0; i < count; i++) {
        const struct flushed_key *key = &removal->keys[from + i];
        ops[i] = (struct kdb_row_op){.key = key->key, .expected_seq = key->seq};
    }
    bool is_last = from + count == removal->key_count;
    struct kdb_commit_request request = {.partition = removal->partition,
                                         .ops = ops,
                                         .op_count = count,
                                         .is_removal = true,
                                         .removal_flush_ms = removal->flush_ms,
                                         .index = removal->index,
                                         .index_up_to = removal->index_up_to};
    if (removal->index == KDB_INDEX_UP_TO && !is_last)
        request.index = KDB_INDEX_LATER;
    kdb_commit_wait(removal->jobs->options.committer, &request);
    if (request.outcome != KDB_COMMIT_DONE)
        return kdb_fail(removal->ctx, request.status, "%s", request.message);
    removal->removed += request.removed;
    if (kdb_fault_point("flush.removing"))
        return kdb_fail(removal->ctx, KDB_ERR_IO, "injected: flush.removing");
    return KDB_OK;
}

// Removes the keys that are still at the flushed version, a batch at a time so that writers are not
// held up.
static kdb_status remove_keys(struct removal *removal)
{
    struct kdb_jobs *jobs = removal->jobs;
    size_t batch = jobs->options.removal_batch;
    if (batch > removal->key_count)
        batch = removal->key_count;
    struct kdb_row_op *ops = kdb_alloc_array(batch, sizeof(*ops));
    kdb_status status = KDB_OK;
    size_t at = 0;
    do {
        size_t left = removal->key_count - at;
        size_t here = left < batch ? left : batch;
        status = remove_batch(removal, at, here, ops);
        at += here;
    } while (at < removal->key_count && status == KDB_OK);
    kdb_free(ops);
    if (atomic_fetch_add(&jobs->removed, removal->removed) + removal->removed >= CLEAN_UP_ROWS) {
        atomic_store(&jobs->removed, 0);
        kdb_store_clean_up(jobs->options.store);
    }
    return status;
}

// ---- one segment, one partition ----

static kdb_status write_segment(struct flush *flush, kdb_slice folder)
{
    struct job *job = flush->job;
    const struct kdb_jobs_options *options = &job->jobs->options;
    struct kdb_segment_write what = {.table = job->table,
                                     .folder = folder,
                                     .user = flush->partition->user,
                                     .input = {next_row, flush}};
    KDB_TRY(
        kdb_segment_next_number(options->segments, options->committer, &job->ctx, &what.number));
    struct kdb_segment *segment = NULL;
    KDB_TRY(
        kdb_segment_write(options->segments, flush->thread->writer, &job->ctx, &what, &segment));
    if (!segment)
        return KDB_OK;
    int64_t bytes = segment->size_bytes;
    int64_t rows = segment->row_count;
    const struct kdb_manifest_change change = {
        .partition = flush->partition, .table = job->table, .folder = folder, .added = segment};
    kdb_status status =
        kdb_manifest_change(options->segments, options->committer, &job->ctx, &change);
    kdb_segment_unref(segment);
    KDB_TRY(status);
    job->files++;
    job->rows += rows;
    job->bytes += bytes;
    if (kdb_fault_point("flush.manifest_changed"))
        return kdb_fail(&job->ctx, KDB_ERR_IO, "injected: flush.manifest_changed");
    return KDB_OK;
}

// The rows of the segment just written leave the hot tier, maybe with those of the last one the
// sequence index.
static kdb_status remove_flushed(struct flush *flush)
{
    struct job *job = flush->job;
    bool is_last = !flush->has_more;
    if (flush->key_count == 0 && !(is_last && flush->takes_index && flush->newest_seq > 0))
        return KDB_OK;
    struct removal removal = {.jobs = job->jobs,
                              .ctx = &job->ctx,
                              .partition = flush->partition,
                              .keys = flush->keys,
                              .key_count = flush->key_count,
                              .index = !flush->takes_index ? KDB_INDEX_EACH
                                       : is_last           ? KDB_INDEX_UP_TO
                                                           : KDB_INDEX_LATER,
                              .index_up_to = flush->newest_seq,
                              .flush_ms = flush->flush_ms};
    kdb_status status = remove_keys(&removal);
    job->removed += removal.removed;
    return status;
}

static kdb_status flush_partition(struct flush *flush)
{
    struct job *job = flush->job;
    struct kdb_jobs *jobs = job->jobs;
    kdb_slice folder;
    KDB_TRY(jobs_folder(job, flush->partition->user, &folder));
    flush->view = kdb_store_view_open(jobs->options.store);
    flush->flush_ms = kdb_clock_now_ms(jobs->options.clock);
    KDB_TRY(open_scan(flush));
    do {
        kdb_arena_reset(&flush->arena);
        flush->keys = NULL;
        flush->key_count = 0;
        flush->key_capacity = 0;
        KDB_TRY(write_segment(flush, folder));
        KDB_TRY(remove_flushed(flush));
    } while (flush->has_more);
    return KDB_OK;
}

static kdb_status flush_one(struct job *job, struct job_thread *thread,
                            struct kdb_partition *partition)
{
    if (atomic_load(&partition->hot_rows) == 0)
        return KDB_OK;
    struct flush flush = {
        .job = job,
        .thread = thread,
        .partition = partition,
        .takes_index = atomic_load(&partition->hot_rows) >= INDEX_RANGE_ROWS_MIN ||
                       atomic_load(&partition->has_stale_index),
    };
    kdb_arena_init(&flush.arena, 0);
    kdb_status status = flush_partition(&flush);
    kdb_store_scan_close(flush.scan);
    kdb_store_view_close(flush.view);
    kdb_arena_deinit(&flush.arena);
    KDB_TRY(status);
    job->partitions++;
    struct kdb_manifest *manifest;
    KDB_TRY(kdb_manifest_acquire(job->jobs->options.segments, partition, &job->ctx, KDB_READ_ANY,
                                 &manifest));
    if (manifest)
        timer_add_retention(job->jobs, job->table, partition, manifest);
    kdb_manifest_unref(manifest);
    return KDB_OK;
}

// What was written while the job ran may be due. After a failure the partition stays taken for a
// while: a full disk must not make a job of every write.
void flush_release(const struct job *job)
{
    struct kdb_jobs *jobs = job->jobs;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    struct kdb_partition *partition = jobs_partition(jobs, &ctx, job->table->id, job->user);
    if (partition && job->state == KDB_JOB_COMPLETED) {
        atomic_store(&partition->is_flush_queued, false);
        if (atomic_load(&partition->hot_rows) > 0)
            kdb_jobs_flush_due(jobs, partition);
    } else if (partition) {
        timer_hold_flush(jobs, partition);
    }
    kdb_partition_unref(partition);
    kdb_ctx_deinit(&ctx);
}

kdb_status flush_run(struct job *job, struct job_thread *thread)
{
    KDB_TRY(jobs_open_engine(job, thread));
    KDB_TRY(jobs_each_partition(job, thread, flush_one));
    job->message = kdb_arena_printf(
        &job->ctx.arena, "flushed %lld row(s) of %lld partition(s) into %lld file(s)",
        (long long)job->rows, (long long)job->partitions, (long long)job->files);
    return KDB_OK;
}

// ---- taking up what a crash left ----

struct leftovers {
    struct kdb_jobs *jobs;
    struct job_thread *thread;
    struct kdb_ctx *ctx;    // of one partition
    struct kdb_ctx reading; // of one key: it holds on to what it read
    struct flushed_key *keys;
    size_t key_count, capacity;
    bool has_others; // entries of the index among theirs that are not in the segments
};

static void note_leftover(struct leftovers *left, kdb_slice key, int64_t seq)
{
    struct kdb_arena *arena = &left->ctx->arena;
    struct flushed_key flushed = {kdb_arena_copy(arena, key), seq};
    KDB_PUSH(arena, left->keys, left->key_count, left->capacity, flushed);
}

// Hot rows of the partition that are also, at the same version, in its segments. Some of the
// entries that name them may be all that is left of them.
static kdb_status collect_leftovers(struct leftovers *left, const struct kdb_table *table,
                                    struct kdb_partition *partition, struct kdb_manifest *manifest)
{
    int64_t max_seq = 0;
    for (uint32_t i = 0; i < manifest->segment_count; i++) {
        if (manifest->segments[i]->max_seq > max_seq)
            max_seq = manifest->segments[i]->max_seq;
    }
    struct kdb_buf first = {0};
    struct kdb_buf end = {0};
    kdb_layout_seq_key(&first, partition->prefix, 0);
    kdb_layout_seq_key(&end, partition->prefix, max_seq + 1);
    const struct kdb_scan_range range = {.space = KDB_SPACE_ROWS,
                                         .first = kdb_buf_view(&first),
                                         .end = kdb_buf_view(&end),
                                         .tier = KDB_READ_ANY};
    struct kdb_store_scan *scan;
    kdb_status status =
        kdb_store_scan_open(left->jobs->options.store, left->ctx, NULL, &range, &scan);
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&end);
    KDB_TRY(status);
    const struct kdb_cold_reader reader = {left->jobs->options.segments, table, manifest,
                                           left->thread->reader, KDB_READ_ANY};
    while (status == KDB_OK) {
        kdb_slice key;
        kdb_slice primary;
        kdb_slice row;
        bool has_more;
        status = kdb_store_scan_next(scan, left->ctx, &key, &primary, &has_more);
        if (status != KDB_OK || !has_more)
            break;
        int64_t seq = 0;
        for (size_t i = key.len - 8; i < key.len; i++)
            seq = seq << 8 | (unsigned char)key.data[i];
        status = kdb_cold_get(&reader, &left->reading, primary, &row);
        if (status != KDB_OK)
            left->ctx->error = left->reading.error;
        else if (row.data && kdb_row_seq(row) == seq)
            note_leftover(left, primary, seq);
        else
            left->has_others = true;
        kdb_ctx_reset(&left->reading);
    }
    kdb_store_scan_close(scan);
    return status;
}

static int compare_keys(const void *a, const void *b)
{
    return kdb_slice_compare(((const struct flushed_key *)a)->key,
                             ((const struct flushed_key *)b)->key);
}

static kdb_status resume_opened(struct leftovers *left, struct kdb_table *table,
                                struct kdb_partition *partition)
{
    struct kdb_jobs *jobs = left->jobs;
    struct kdb_manifest *manifest;
    KDB_TRY(kdb_manifest_acquire(jobs->options.segments, partition, left->ctx, KDB_READ_ANY,
                                 &manifest));
    if (!manifest)
        return KDB_OK;
    kdb_status status = KDB_OK;
    if (!left->thread->reader)
        status = kdb_engine_connect(jobs->options.engine, left->ctx, &left->thread->reader);
    if (status == KDB_OK)
        status = collect_leftovers(left, table, partition, manifest);
    kdb_manifest_unref(manifest);
    KDB_TRY(status);
    if (left->key_count == 0)
        return KDB_OK;
    int64_t newest_seq = left->keys[left->key_count - 1].seq; // they came in its order
    qsort(left->keys, left->key_count, sizeof(*left->keys), compare_keys);
    struct removal removal = {.jobs = jobs,
                              .ctx = left->ctx,
                              .partition = partition,
                              .keys = left->keys,
                              .key_count = left->key_count,
                              .index = left->has_others ? KDB_INDEX_LATER : KDB_INDEX_UP_TO,
                              .index_up_to = newest_seq,
                              .flush_ms = kdb_clock_now_ms(jobs->options.clock)};
    KDB_TRY(remove_keys(&removal));
    kdb_log_info("jobs", NULL, "finished an interrupted flush: %lld row(s) left the hot tier",
                 (long long)removal.removed);
    return KDB_OK;
}

static kdb_status resume_partition(struct leftovers *left, struct kdb_table *table, kdb_slice user)
{
    struct kdb_partition *partition;
    KDB_TRY(kdb_partition_open(left->jobs->options.partitions, left->ctx, table->id, user,
                               KDB_READ_ANY, &partition));
    kdb_status status = resume_opened(left, table, partition);
    kdb_partition_unref(partition);
    return status;
}

// Rows that stay in both tiers count once: what cannot be finished (a damaged file) does not keep
// the server from starting.
static bool resume_one(void *arg, uint32_t table_id, kdb_slice user,
                       const struct kdb_partition_counters *counters)
{
    struct leftovers *left = arg;
    if (counters->hot_rows == 0)
        return true;
    struct kdb_catalog_snapshot *snapshot = kdb_catalog_acquire(left->jobs->options.catalog);
    struct kdb_table *table = kdb_catalog_table_by_id(snapshot, table_id);
    if (table && resume_partition(left, table, user) != KDB_OK)
        kdb_log_warn("jobs", NULL, "an interrupted flush of %.*s.%.*s was not finished: %s",
                     KDB_ARG(table->space), KDB_ARG(table->name), left->ctx->error.message);
    left->keys = NULL;
    left->key_count = 0;
    left->capacity = 0;
    left->has_others = false;
    kdb_ctx_reset(left->ctx);
    kdb_catalog_release(snapshot);
    return true;
}

kdb_status flush_resume(struct kdb_jobs *jobs, struct job_thread *thread, struct kdb_ctx *ctx)
{
    struct kdb_ctx own;
    kdb_ctx_init(&own, 0);
    struct leftovers left = {.jobs = jobs, .thread = thread, .ctx = &own};
    kdb_ctx_init(&left.reading, 0);
    kdb_status status = kdb_partition_scan_stored(jobs->options.store, ctx, 0, resume_one, &left);
    kdb_ctx_deinit(&left.reading);
    kdb_ctx_deinit(&own);
    return status;
}
