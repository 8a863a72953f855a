// SPDX-License-Identifier: Apache-2.0
// The jobs that wait, in the order they came, and those that run.
#include "jobs/jobs_priv.h"

void queue_add(struct job_queue *queue, struct job *job)
{
    job->next = NULL;
    if (queue->last)
        queue->last->next = job;
    else
        queue->first = job;
    queue->last = job;
}

// The clean-up of a table that was dropped comes after the jobs that found it still there: what
// they leave, it removes. Those that begin later find it gone.
static bool is_held_back(const struct job_queue *queue, const struct job *job)
{
    if (job->kind != KDB_JOB_CLEANUP)
        return false;
    const struct job *running = queue->running;
    while (running && !(running->table && running->table->id == job->table->id))
        running = running->next;
    return running;
}

struct job *queue_take(struct job_queue *queue, int64_t now_ms)
{
    struct job *before = NULL;
    struct job *job = queue->first;
    while (job && (job->not_before_ms > now_ms || is_held_back(queue, job))) {
        before = job;
        job = job->next;
    }
    if (!job)
        return NULL;
    if (before)
        before->next = job->next;
    else
        queue->first = job->next;
    if (queue->last == job)
        queue->last = before;
    job->next = queue->running;
    queue->running = job;
    return job;
}

int64_t queue_next_ms(const struct job_queue *queue)
{
    int64_t next_ms = INT64_MAX;
    for (const struct job *job = queue->first; job; job = job->next) {
        if (job->not_before_ms < next_ms && !is_held_back(queue, job))
            next_ms = job->not_before_ms;
    }
    return next_ms;
}

void queue_end(struct job_queue *queue, struct job *job)
{
    struct job **link = &queue->running;
    while (*link != job)
        link = &(*link)->next;
    *link = job->next;
}

struct job *queue_find(const struct job_queue *queue, kdb_slice id)
{
    struct job *lists[2] = {queue->first, queue->running};
    for (int i = 0; i < 2; i++) {
        for (struct job *job = lists[i]; job; job = job->next) {
            if (kdb_slice_equal(kdb_slice_cstr(job->id), id))
                return job;
        }
    }
    return NULL;
}

static bool is_same(const struct job *job, const struct kdb_job_request *request)
{
    if (job->kind != request->kind || !job->table != !request->table ||
        (job->table && job->table->id != request->table->id))
        return false;
    return job->has_user == (request->user.data != NULL) &&
           (!job->has_user || kdb_slice_equal(job->user, request->user));
}

static bool has_same(const struct job *list, const struct kdb_job_request *request)
{
    while (list && !is_same(list, request))
        list = list->next;
    return list;
}

bool queue_has_waiting(const struct job_queue *queue, const struct kdb_job_request *request)
{
    return has_same(queue->first, request);
}

bool queue_has(const struct job_queue *queue, const struct kdb_job_request *request)
{
    return has_same(queue->first, request) || has_same(queue->running, request);
}
