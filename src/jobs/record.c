// SPDX-License-Identifier: Apache-2.0
// Jobs as stored JSON (META 'J' and the id), written at every change of state.
#include <stdlib.h>

#include "base/alloc.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/log.h"
#include "jobs/jobs_priv.h"
#include "txn/layout.h"

#define RECORD_FORMAT 1

// ---- writing ----

static void write_text(struct kdb_buf *out, const char *name, kdb_slice text)
{
    if (!text.data)
        return;
    kdb_buf_printf(out, ",\"%s\":", name);
    kdb_json_string(out, text);
}

static void write_parameters(const struct job *job, struct kdb_buf *out)
{
    KDB_BUF_LIT(out, ",\"parameters\":{");
    if (job->table) {
        KDB_BUF_LIT(out, "\"namespace\":");
        kdb_json_string(out, job->table->space);
        KDB_BUF_LIT(out, ",\"table\":");
        kdb_json_string(out, job->table->name);
        kdb_buf_put(out, ',');
    }
    if (job->has_user && job->user.len > 0) { // a SHARED table's partition has no user
        KDB_BUF_LIT(out, "\"user\":");
        kdb_json_string(out, job->user);
        kdb_buf_put(out, ',');
    }
    kdb_buf_printf(out, "\"reason\":\"%s\"}", job->reason);
}

// The path of a source file from the project's folder on; the compiler saw it from the build's.
static const char *source_name(const char *file)
{
    if (!file)
        return "?";
    while (strncmp(file, "../", 3) == 0)
        file += 3;
    return file;
}

void record_write(const struct job *job, struct kdb_buf *out)
{
    kdb_buf_printf(out, "{\"format\":%d,\"id\":\"%s\",\"kind\":%d,\"state\":%d", RECORD_FORMAT,
                   job->id, (int)job->kind, (int)job->state);
    write_parameters(job, out);
    bool has_failed = job->state == KDB_JOB_FAILED || job->state == KDB_JOB_RETRYING;
    if (has_failed) {
        write_text(out, "message", kdb_slice_cstr(job->ctx.error.message));
        kdb_buf_printf(out, ",\"trace\":\"%s at %s:%d\"",
                       kdb_status_info(job->ctx.error.status)->name,
                       source_name(job->ctx.error.file), job->ctx.error.line);
    } else {
        write_text(out, "message", job->message);
    }
    if (job->state >= KDB_JOB_COMPLETED)
        kdb_buf_printf(out,
                       ",\"result\":{\"rows\":%lld,\"files\":%lld,\"bytes\":%lld,"
                       "\"partitions\":%lld,\"removed\":%lld}",
                       (long long)job->rows, (long long)job->files, (long long)job->bytes,
                       (long long)job->partitions, (long long)job->removed);
    int64_t until_us = job->finished_at_us ? job->finished_at_us : job->updated_at_us;
    int64_t duration_us = job->started_at_us ? until_us - job->started_at_us : 0;
    kdb_buf_printf(out,
                   ",\"metrics\":{\"rows\":%lld,\"bytes\":%lld,\"files\":%lld,\"duration_ms\":%lld,"
                   "\"memory_bytes\":%lld,\"cpu_ms\":%lld}",
                   (long long)job->rows, (long long)job->bytes, (long long)job->files,
                   (long long)(duration_us / 1000), (long long)job->memory_bytes,
                   (long long)job->cpu_ms);
    kdb_buf_printf(out,
                   ",\"memory_bytes\":%lld,\"cpu_ms\":%lld,\"retry_count\":%u,\"max_retries\":%u,"
                   "\"created_at_us\":%lld,\"updated_at_us\":%lld,\"started_at_us\":%lld,"
                   "\"finished_at_us\":%lld}",
                   (long long)job->memory_bytes, (long long)job->cpu_ms, job->retry_count,
                   job->jobs->options.max_retries, (long long)job->created_at_us,
                   (long long)job->updated_at_us, (long long)job->started_at_us,
                   (long long)job->finished_at_us);
}

static void end_commit(const struct kdb_commit_request *request)
{
    if (request->outcome != KDB_COMMIT_DONE)
        kdb_log_warn("jobs", NULL, "a job's row could not be stored: %s", request->message);
    kdb_store_batch_close(request->batch);
}

// Of a commit whose memory is its own: nobody waits for it.
static void record_done(struct kdb_commit_request *request)
{
    end_commit(request);
    kdb_free(request->owner);
}

static struct kdb_store_batch *make_batch(const struct job *job)
{
    struct kdb_buf key = {0};
    struct kdb_buf value = {0};
    kdb_layout_meta_key(&key, KDB_META_JOB, kdb_slice_cstr(job->id));
    record_write(job, &value);
    struct kdb_store_batch *batch = kdb_store_batch_open(job->jobs->options.store);
    kdb_store_batch_put(batch, KDB_SPACE_META, kdb_buf_view(&key), kdb_buf_view(&value));
    kdb_buf_deinit(&key);
    kdb_buf_deinit(&value);
    return batch;
}

void record_store(struct job *job)
{
    struct kdb_commit_request *request = kdb_alloc(sizeof(*request));
    *request = (struct kdb_commit_request){
        .batch = make_batch(job), .is_async = true, .done = record_done, .owner = request};
    kdb_commit_send(job->jobs->options.committer, request);
}

void record_store_and_wait(struct job *job)
{
    struct kdb_commit_request request = {.batch = make_batch(job), .is_async = true};
    kdb_commit_wait(job->jobs->options.committer, &request);
    end_commit(&request);
}

// ---- reading ----

static kdb_slice get_text(struct kdb_arena *arena, const struct kdb_json *root, const char *name)
{
    const struct kdb_json *member = kdb_json_get(root, kdb_slice_cstr(name));
    return member && member->type == KDB_JSON_STRING ? kdb_arena_copy(arena, member->text)
                                                     : (kdb_slice){0};
}

static kdb_slice get_json(struct kdb_arena *arena, const struct kdb_json *root, const char *name)
{
    const struct kdb_json *member = kdb_json_get(root, kdb_slice_cstr(name));
    return member ? kdb_arena_copy(arena, member->raw) : (kdb_slice){0};
}

static int64_t get_int(const struct kdb_json *root, const char *name)
{
    const struct kdb_json *member = kdb_json_get(root, kdb_slice_cstr(name));
    return member && member->type == KDB_JSON_INT ? member->integer : 0;
}

static kdb_status read_tree(const struct kdb_json *root, struct kdb_ctx *ctx,
                            struct kdb_job_record *ret)
{
    struct kdb_arena *arena = &ctx->arena;
    int64_t kind = get_int(root, "kind");
    int64_t state = get_int(root, "state");
    const struct kdb_json *id = kdb_json_get(root, KDB_LIT("id"));
    if (!id || id->type != KDB_JSON_STRING)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored job has no id");
    if (kind < 0 || kind >= KDB_JOB_KIND_COUNT || state < 0 || state >= KDB_JOB_STATE_COUNT)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored job has an unknown kind or state");
    *ret = (struct kdb_job_record){.id = get_text(arena, root, "id"),
                                   .kind = (kdb_job_kind)kind,
                                   .state = (kdb_job_state)state,
                                   .parameters = get_json(arena, root, "parameters"),
                                   .message = get_text(arena, root, "message"),
                                   .result = get_json(arena, root, "result"),
                                   .trace = get_text(arena, root, "trace"),
                                   .metrics = get_json(arena, root, "metrics"),
                                   .memory_bytes = get_int(root, "memory_bytes"),
                                   .cpu_ms = get_int(root, "cpu_ms"),
                                   .retry_count = (uint32_t)get_int(root, "retry_count"),
                                   .max_retries = (uint32_t)get_int(root, "max_retries"),
                                   .created_at_us = get_int(root, "created_at_us"),
                                   .updated_at_us = get_int(root, "updated_at_us"),
                                   .started_at_us = get_int(root, "started_at_us"),
                                   .finished_at_us = get_int(root, "finished_at_us")};
    return KDB_OK;
}

kdb_status record_read(kdb_slice json, struct kdb_ctx *ctx, struct kdb_job_record *ret)
{
    const struct kdb_json_limits limits = {.size_max = (size_t)1 << 20, .depth_max = 16};
    const struct kdb_json *root;
    struct kdb_ctx parsing; // the tree takes many times what is kept of it
    kdb_ctx_init(&parsing, 0);
    kdb_status status = kdb_json_parse(&parsing, json, &limits, &root) == KDB_OK
                            ? read_tree(root, ctx, ret)
                            : kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored job is damaged");
    kdb_ctx_deinit(&parsing);
    return status;
}

// What is done with each stored job. Text of the record lives in the ctx arena; what a visit that
// keeps nothing took of it is given back before the next.
struct record_visitor {
    kdb_status (*visit)(void *self, struct kdb_ctx *ctx, const struct kdb_job_record *record);
    void *self;
    bool keeps;
};

// A damaged row is not worth a server that does not start.
static kdb_status visit_row(struct kdb_ctx *ctx, kdb_slice row,
                            const struct record_visitor *visitor)
{
    struct kdb_job_record record;
    KDB_TRY(kdb_ctx_check(ctx));
    kdb_status status = record_read(row, ctx, &record);
    if (status != KDB_ERR_CORRUPT)
        return status == KDB_OK ? visitor->visit(visitor->self, ctx, &record) : status;
    kdb_log_warn("jobs", NULL, "%s and is passed over", ctx->error.message);
    kdb_ctx_clear_error(ctx);
    return KDB_OK;
}

static kdb_status each_record(struct kdb_jobs *jobs, struct kdb_ctx *ctx,
                              const struct record_visitor *visitor)
{
    const char first = KDB_META_JOB;
    const char end = KDB_META_JOB + 1;
    const struct kdb_scan_range range = {.space = KDB_SPACE_META,
                                         .first = kdb_slice_of(&first, 1),
                                         .end = kdb_slice_of(&end, 1),
                                         .tier = KDB_READ_ANY};
    struct kdb_store_scan *scan;
    KDB_TRY(kdb_store_scan_open(jobs->options.store, ctx, NULL, &range, &scan));
    const struct kdb_arena_mark mark = kdb_arena_mark(&ctx->arena);
    kdb_status status = KDB_OK;
    while (status == KDB_OK) {
        kdb_slice key;
        kdb_slice value;
        bool has_more;
        status = kdb_store_scan_next(scan, ctx, &key, &value, &has_more);
        if (status != KDB_OK || !has_more)
            break;
        status = visit_row(ctx, value, visitor);
        if (!visitor->keeps)
            kdb_arena_release(&ctx->arena, &mark);
    }
    kdb_store_scan_close(scan);
    return status;
}

struct record_list {
    struct kdb_job_record *items;
    size_t count, capacity;
};

static kdb_status list_record(void *self, struct kdb_ctx *ctx, const struct kdb_job_record *record)
{
    struct record_list *list = self;
    KDB_PUSH(&ctx->arena, list->items, list->count, list->capacity, *record);
    return KDB_OK;
}

static int newest_first(const void *a, const void *b)
{
    int64_t x = ((const struct kdb_job_record *)a)->created_at_us;
    int64_t y = ((const struct kdb_job_record *)b)->created_at_us;
    return x > y ? -1 : x < y;
}

static void give_list(struct record_list *list, struct kdb_job_record **ret_records,
                      size_t *ret_count)
{
    if (list->count > 1)
        qsort(list->items, list->count, sizeof(*list->items), newest_first);
    *ret_records = list->items;
    *ret_count = list->count;
}

kdb_status kdb_jobs_list(struct kdb_jobs *jobs, struct kdb_ctx *ctx,
                         struct kdb_job_record **ret_records, size_t *ret_count)
{
    struct record_list list = {0};
    const struct record_visitor visitor = {list_record, &list, true};
    KDB_TRY(each_record(jobs, ctx, &visitor));
    give_list(&list, ret_records, ret_count);
    return KDB_OK;
}

kdb_status kdb_jobs_find(struct kdb_jobs *jobs, struct kdb_ctx *ctx, const kdb_slice *ids,
                         size_t id_count, struct kdb_job_record **ret_records, size_t *ret_count)
{
    struct record_list list = {0};
    const struct record_visitor visitor = {list_record, &list, true};
    const struct kdb_read_at at = {.space = KDB_SPACE_META};
    struct kdb_buf key = {0};
    kdb_status status = KDB_OK;
    for (size_t i = 0; i < id_count && status == KDB_OK; i++) {
        kdb_slice row;
        kdb_buf_clear(&key);
        kdb_layout_meta_key(&key, KDB_META_JOB, ids[i]);
        status = kdb_store_get(jobs->options.store, ctx, &at, kdb_buf_view(&key), &row, NULL);
        if (status == KDB_OK && row.data)
            status = visit_row(ctx, row, &visitor);
    }
    kdb_buf_deinit(&key);
    KDB_TRY(status);
    give_list(&list, ret_records, ret_count);
    return KDB_OK;
}

static kdb_status count_record(void *self, struct kdb_ctx *ctx, const struct kdb_job_record *record)
{
    (void)ctx;
    ((uint64_t *)self)[record->state]++;
    return KDB_OK;
}

kdb_status kdb_jobs_count(struct kdb_jobs *jobs, struct kdb_ctx *ctx,
                          uint64_t ret_counts[KDB_JOB_STATE_COUNT])
{
    memset(ret_counts, 0, sizeof(*ret_counts) * KDB_JOB_STATE_COUNT);
    const struct record_visitor visitor = {count_record, ret_counts, false};
    return each_record(jobs, ctx, &visitor);
}

// ---- at start, and old ones ----

// The stored text with another state and a message.
static void write_interrupted(const struct kdb_job_record *record, int64_t now_us,
                              struct kdb_buf *out)
{
    kdb_buf_printf(out, "{\"format\":%d,\"id\":\"%.*s\",\"kind\":%d,\"state\":%d", RECORD_FORMAT,
                   KDB_ARG(record->id), (int)record->kind, (int)KDB_JOB_FAILED);
    kdb_buf_printf(out, ",\"parameters\":%.*s", KDB_ARG(record->parameters));
    KDB_BUF_LIT(out, ",\"message\":\"the server stopped before the job ended\","
                     "\"trace\":\"interrupted\"");
    if (record->metrics.data)
        kdb_buf_printf(out, ",\"metrics\":%.*s", KDB_ARG(record->metrics));
    kdb_buf_printf(out,
                   ",\"retry_count\":%u,\"max_retries\":%u,\"created_at_us\":%lld,"
                   "\"updated_at_us\":%lld,\"started_at_us\":%lld,\"finished_at_us\":%lld}",
                   record->retry_count, record->max_retries, (long long)record->created_at_us,
                   (long long)now_us, (long long)record->started_at_us, (long long)now_us);
}

// Rows of jobs that a walk over all changes.
struct record_changes {
    struct kdb_jobs *jobs;
    struct kdb_store_batch *batch;
    int64_t now_us;
    int64_t count;
};

static kdb_status fail_record(void *self, struct kdb_ctx *ctx, const struct kdb_job_record *record)
{
    struct record_changes *changes = self;
    (void)ctx;
    if (record->state >= KDB_JOB_COMPLETED)
        return KDB_OK;
    struct kdb_buf key = {0};
    struct kdb_buf value = {0};
    kdb_layout_meta_key(&key, KDB_META_JOB, record->id);
    write_interrupted(record, changes->now_us, &value);
    kdb_store_batch_put(changes->batch, KDB_SPACE_META, kdb_buf_view(&key), kdb_buf_view(&value));
    kdb_buf_deinit(&key);
    kdb_buf_deinit(&value);
    return KDB_OK;
}

// Makes the changes of a visit to every job's row, and commits them. *ret_count: what it counted.
static kdb_status change_records(struct kdb_jobs *jobs, struct kdb_ctx *ctx,
                                 kdb_status (*visit)(void *self, struct kdb_ctx *ctx,
                                                     const struct kdb_job_record *record),
                                 int64_t *ret_count)
{
    struct record_changes changes = {.jobs = jobs,
                                     .batch = kdb_store_batch_open(jobs->options.store),
                                     .now_us = kdb_clock_now_us(jobs->options.clock)};
    const struct record_visitor visitor = {visit, &changes, false};
    kdb_status status = each_record(jobs, ctx, &visitor);
    if (status == KDB_OK)
        status = kdb_commit_batch(jobs->options.committer, ctx, changes.batch);
    kdb_store_batch_close(changes.batch);
    *ret_count = changes.count;
    return status;
}

kdb_status record_fail_unfinished(struct kdb_jobs *jobs, struct kdb_ctx *ctx)
{
    int64_t unused;
    return change_records(jobs, ctx, fail_record, &unused);
}

// Whether a job ended so long ago that its row goes.
static bool is_history(const struct kdb_jobs *jobs, const struct kdb_job_record *record,
                       int64_t now_us)
{
    int64_t limit_us = now_us - jobs->options.history_ms * 1000;
    return record->state >= KDB_JOB_COMPLETED && record->finished_at_us <= limit_us;
}

static kdb_status count_history(void *self, struct kdb_ctx *ctx,
                                const struct kdb_job_record *record)
{
    struct record_changes *changes = self;
    (void)ctx;
    changes->count += is_history(changes->jobs, record, changes->now_us);
    return KDB_OK;
}

kdb_status record_has_history(struct kdb_jobs *jobs, struct kdb_ctx *ctx, bool *ret)
{
    struct record_changes changes = {.jobs = jobs, .now_us = kdb_clock_now_us(jobs->options.clock)};
    const struct record_visitor visitor = {count_history, &changes, false};
    KDB_TRY(each_record(jobs, ctx, &visitor));
    *ret = changes.count > 0;
    return KDB_OK;
}

static kdb_status remove_history(void *self, struct kdb_ctx *ctx,
                                 const struct kdb_job_record *record)
{
    struct record_changes *changes = self;
    (void)ctx;
    if (!is_history(changes->jobs, record, changes->now_us))
        return KDB_OK;
    struct kdb_buf key = {0};
    kdb_layout_meta_key(&key, KDB_META_JOB, record->id);
    kdb_store_batch_delete(changes->batch, KDB_SPACE_META, kdb_buf_view(&key));
    kdb_buf_deinit(&key);
    changes->count++;
    return KDB_OK;
}

kdb_status record_history_run(struct job *job)
{
    KDB_TRY(change_records(job->jobs, &job->ctx, remove_history, &job->removed));
    job->message = kdb_arena_printf(&job->ctx.arena, "removed %lld job(s) from the history",
                                    (long long)job->removed);
    return KDB_OK;
}
