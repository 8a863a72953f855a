// SPDX-License-Identifier: Apache-2.0
// Jobs that are only noted: what a statement submits, and answers a test chooses. Included by one
// file of a test program: its functions stand in for the library's.
#ifndef KDB_TESTS_UNIT_EXEC_JOBS_FAKE_H
#define KDB_TESTS_UNIT_EXEC_JOBS_FAKE_H

#include <stdio.h>
#include <string.h>

#include "jobs/jobs.h"

#define JOBS_FAKE_MAX 32

struct kdb_jobs {
    kdb_submit_outcome outcome; // of the next submissions
    kdb_status status;          // of the next submissions and kills
    size_t count;
    struct {
        kdb_job_kind kind;
        char table[160]; // namespace.name
        char reason[32];
    } submitted[JOBS_FAKE_MAX];
    char killed[64];
    struct kdb_job_record *records; // what system.jobs shows
    size_t record_count;
};

const char *kdb_job_kind_name(kdb_job_kind kind)
{
    return kind == KDB_JOB_FLUSH ? "flush" : kind == KDB_JOB_COMPACT ? "compact" : "cleanup";
}

const char *kdb_job_prefix(kdb_job_kind kind)
{
    return kind == KDB_JOB_FLUSH ? "FL" : kind == KDB_JOB_COMPACT ? "CO" : "CL";
}

const char *kdb_job_state_name(kdb_job_state state)
{
    return state == KDB_JOB_COMPLETED ? "completed" : "other";
}

kdb_status kdb_jobs_open(const struct kdb_jobs_options *options, struct kdb_ctx *ctx,
                         struct kdb_jobs **ret_jobs)
{
    (void)options;
    (void)ret_jobs;
    return kdb_fail(ctx, KDB_ERR_INTERNAL, "these jobs are a fake");
}

void kdb_jobs_close(struct kdb_jobs *jobs, int64_t grace_ms)
{
    (void)jobs;
    (void)grace_ms;
}

void kdb_jobs_flush_due(void *jobs, struct kdb_partition *partition)
{
    (void)jobs;
    (void)partition;
}

kdb_status kdb_jobs_submit(struct kdb_jobs *jobs, struct kdb_ctx *ctx,
                           const struct kdb_job_request *request, kdb_submit_outcome *ret_outcome,
                           kdb_slice *ret_id)
{
    if (jobs->status != KDB_OK)
        return kdb_fail(ctx, jobs->status, "the fake refuses");
    *ret_outcome = jobs->outcome;
    if (jobs->outcome != KDB_SUBMIT_QUEUED)
        return KDB_OK;
    size_t at = jobs->count++ % JOBS_FAKE_MAX;
    jobs->submitted[at].kind = request->kind;
    (void)snprintf(jobs->submitted[at].table, sizeof(jobs->submitted[at].table), "%.*s.%.*s",
                   KDB_ARG(request->table->space), KDB_ARG(request->table->name));
    (void)snprintf(jobs->submitted[at].reason, sizeof(jobs->submitted[at].reason), "%s",
                   request->reason);
    *ret_id = kdb_arena_printf(&ctx->arena, "%s-%zu", kdb_job_prefix(request->kind), jobs->count);
    return KDB_OK;
}

kdb_status kdb_jobs_kill(struct kdb_jobs *jobs, struct kdb_ctx *ctx, kdb_slice id)
{
    if (jobs->status != KDB_OK)
        return kdb_fail(ctx, jobs->status, "job '%.*s' does not exist", KDB_ARG(id));
    (void)snprintf(jobs->killed, sizeof(jobs->killed), "%.*s", KDB_ARG(id));
    return KDB_OK;
}

kdb_status kdb_jobs_list(struct kdb_jobs *jobs, struct kdb_ctx *ctx,
                         struct kdb_job_record **ret_records, size_t *ret_count)
{
    (void)ctx;
    *ret_records = jobs->records;
    *ret_count = jobs->record_count;
    return KDB_OK;
}

// The records that a test set are those that have the ids.
kdb_status kdb_jobs_find(struct kdb_jobs *jobs, struct kdb_ctx *ctx, const kdb_slice *ids,
                         size_t id_count, struct kdb_job_record **ret_records, size_t *ret_count)
{
    (void)ids;
    (void)id_count;
    return kdb_jobs_list(jobs, ctx, ret_records, ret_count);
}

kdb_status kdb_jobs_count(struct kdb_jobs *jobs, struct kdb_ctx *ctx,
                          uint64_t ret_counts[KDB_JOB_STATE_COUNT])
{
    (void)ctx;
    memset(ret_counts, 0, sizeof(*ret_counts) * KDB_JOB_STATE_COUNT);
    for (size_t i = 0; i < jobs->record_count; i++)
        ret_counts[jobs->records[i].state]++;
    return KDB_OK;
}

#endif
