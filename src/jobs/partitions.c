// SPDX-License-Identifier: Apache-2.0
// The partitions a job works on, one after the other.
#include "base/alloc.h"
#include "jobs/jobs_priv.h"

struct user_list {
    struct kdb_arena *arena;
    kdb_slice *items;
    size_t count, capacity;
};

static bool note_user(void *arg, uint32_t table_id, kdb_slice user,
                      const struct kdb_partition_counters *counters)
{
    (void)table_id;
    (void)counters;
    struct user_list *list = arg;
    KDB_PUSH(list->arena, list->items, list->count, list->capacity,
             kdb_arena_copy(list->arena, user));
    return true;
}

static kdb_status work_on(struct job *job, struct job_thread *thread, kdb_slice user,
                          partition_work work)
{
    struct kdb_partition *partition;
    KDB_TRY(kdb_partition_open(job->jobs->options.partitions, &job->ctx, job->table->id, user,
                               KDB_READ_ANY, &partition));
    kdb_status status = KDB_OK;
    // A flush and a rewrite of one partition would each build on a manifest that the other
    // replaces.
    (void)pthread_mutex_lock(&partition->maintenance);
    if (!atomic_load(&partition->is_dropped))
        status = work(job, thread, partition);
    (void)pthread_mutex_unlock(&partition->maintenance);
    if (status == KDB_ERR_TABLE_NOT_FOUND && atomic_load(&partition->is_dropped)) {
        kdb_ctx_clear_error(&job->ctx); // dropped meanwhile: the rest is for the clean-up
        status = KDB_OK;
    }
    kdb_partition_unref(partition);
    return status;
}

kdb_status jobs_each_partition(struct job *job, struct job_thread *thread, partition_work work)
{
    if (job->has_user)
        return work_on(job, thread, job->user, work);
    // The list is made before the first partition is worked on: it has a memory of its own.
    struct kdb_arena arena;
    kdb_arena_init(&arena, 0);
    struct user_list list = {.arena = &arena};
    kdb_status status = kdb_partition_scan_stored(job->jobs->options.store, &job->ctx,
                                                  job->table->id, note_user, &list);
    const struct kdb_arena_mark mark = kdb_arena_mark(&job->ctx.arena);
    for (size_t i = 0; status == KDB_OK && i < list.count; i++) {
        status = kdb_ctx_check(&job->ctx);
        if (status == KDB_OK)
            status = work_on(job, thread, list.items[i], work);
        kdb_arena_release(&job->ctx.arena, &mark); // nothing of it is for the next one
    }
    kdb_arena_deinit(&arena);
    return status;
}

kdb_status jobs_folder(struct job *job, kdb_slice user, kdb_slice *ret_folder)
{
    const struct kdb_jobs_options *options = &job->jobs->options;
    struct kdb_catalog_snapshot *snapshot = kdb_catalog_acquire(options->catalog);
    const struct kdb_storage *storage = kdb_catalog_storage(snapshot, job->table->storage_id);
    kdb_status status =
        kdb_segment_folder(options->segments, &job->ctx, job->table, storage, user, ret_folder);
    kdb_catalog_release(snapshot);
    return status;
}

kdb_status jobs_open_engine(struct job *job, struct job_thread *thread)
{
    struct kdb_engine *engine = job->jobs->options.engine;
    if (!thread->writer)
        KDB_TRY(kdb_engine_connect(engine, &job->ctx, &thread->writer));
    if (!thread->reader)
        KDB_TRY(kdb_engine_connect(engine, &job->ctx, &thread->reader));
    return KDB_OK;
}
