// SPDX-License-Identifier: Apache-2.0
// Worker threads around one lock, one condition and a linked queue.
#include "base/pool.h"

#include <pthread.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/assert.h"

// What Linux keeps of a thread's name, with the NUL.
#define THREAD_NAME_BYTES 16

struct worker {
    struct kdb_pool *pool;
    unsigned index;
    pthread_t thread;
};

struct kdb_pool {
    pthread_mutex_t lock;        // guards everything down to is_closing
    pthread_cond_t has_work;     // signalled once per job, and at closing
    struct kdb_pool_job *oldest; // first to run
    struct kdb_pool_job *newest;
    size_t queued;   // jobs between the two
    bool is_closing; // workers end when the queue is empty
    size_t queue_max;
    const char *name;
    unsigned worker_count;
    struct worker workers[];
};

// Takes the oldest job, waiting for one; NULL when the pool closes and nothing is left. Locked.
static struct kdb_pool_job *take_job(struct kdb_pool *pool)
{
    while (!pool->oldest && !pool->is_closing)
        KDB_ASSERT(pthread_cond_wait(&pool->has_work, &pool->lock) == 0);
    struct kdb_pool_job *job = pool->oldest;
    if (!job)
        return NULL;
    pool->oldest = job->next;
    if (!pool->oldest)
        pool->newest = NULL;
    pool->queued--;
    return job;
}

static void *run_worker(void *arg)
{
    const struct worker *worker = arg;
    struct kdb_pool *pool = worker->pool;
    char name[THREAD_NAME_BYTES];
    (void)snprintf(name, sizeof(name), "%.12s-%u", pool->name, worker->index % 100);
    (void)pthread_setname_np(pthread_self(), name);
    KDB_ASSERT(pthread_mutex_lock(&pool->lock) == 0);
    struct kdb_pool_job *job;
    while ((job = take_job(pool)) != NULL) {
        KDB_ASSERT(pthread_mutex_unlock(&pool->lock) == 0);
        job->fn(job->arg, worker->index);
        KDB_ASSERT(pthread_mutex_lock(&pool->lock) == 0);
    }
    KDB_ASSERT(pthread_mutex_unlock(&pool->lock) == 0);
    return NULL;
}

struct kdb_pool *kdb_pool_open(const char *name, unsigned worker_count, size_t queue_max)
{
    KDB_ASSERT(worker_count > 0);
    struct kdb_pool *pool = kdb_alloc(sizeof(*pool) + worker_count * sizeof(pool->workers[0]));
    KDB_ASSERT(pthread_mutex_init(&pool->lock, NULL) == 0);
    KDB_ASSERT(pthread_cond_init(&pool->has_work, NULL) == 0);
    pool->queue_max = queue_max;
    pool->name = name;
    pool->worker_count = worker_count;
    for (unsigned i = 0; i < worker_count; i++) {
        struct worker *worker = &pool->workers[i];
        worker->pool = pool;
        worker->index = i;
        KDB_ASSERT(pthread_create(&worker->thread, NULL, run_worker, worker) == 0);
    }
    return pool;
}

void kdb_pool_close(struct kdb_pool *pool)
{
    if (!pool)
        return;
    KDB_ASSERT(pthread_mutex_lock(&pool->lock) == 0);
    pool->is_closing = true;
    KDB_ASSERT(pthread_cond_broadcast(&pool->has_work) == 0);
    KDB_ASSERT(pthread_mutex_unlock(&pool->lock) == 0);
    for (unsigned i = 0; i < pool->worker_count; i++)
        KDB_ASSERT(pthread_join(pool->workers[i].thread, NULL) == 0);
    KDB_ASSERT(pool->oldest == NULL);
    KDB_ASSERT(pthread_cond_destroy(&pool->has_work) == 0);
    KDB_ASSERT(pthread_mutex_destroy(&pool->lock) == 0);
    kdb_free(pool);
}

bool kdb_pool_submit(struct kdb_pool *pool, struct kdb_pool_job *job)
{
    KDB_ASSERT(job->fn != NULL);
    KDB_ASSERT(pthread_mutex_lock(&pool->lock) == 0);
    bool fits = pool->queued < pool->queue_max;
    if (fits) {
        job->next = NULL;
        if (pool->newest)
            pool->newest->next = job;
        else
            pool->oldest = job;
        pool->newest = job;
        pool->queued++;
        KDB_ASSERT(pthread_cond_signal(&pool->has_work) == 0);
    }
    KDB_ASSERT(pthread_mutex_unlock(&pool->lock) == 0);
    return fits;
}

size_t kdb_pool_queued(struct kdb_pool *pool)
{
    KDB_ASSERT(pthread_mutex_lock(&pool->lock) == 0);
    size_t queued = pool->queued;
    KDB_ASSERT(pthread_mutex_unlock(&pool->lock) == 0);
    return queued;
}

unsigned kdb_pool_worker_count(const struct kdb_pool *pool)
{
    return pool->worker_count;
}
