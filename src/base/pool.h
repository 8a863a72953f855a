// SPDX-License-Identifier: Apache-2.0
// A fixed set of worker threads with one bounded queue, first in first out.
//
// For work that must not run on an event loop: engine statements, password hashes, files. Jobs are
// intrusive and belong to the pool from submission until their function is called. Each worker has
// an index, by which it finds what belongs to it alone (an engine connection, an arena).
#ifndef KDB_BASE_POOL_H
#define KDB_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

struct kdb_pool;

// Embedded in the caller's object; filled by the caller, except `next`.
struct kdb_pool_job {
    struct kdb_pool_job *next;                    // the pool's
    void (*fn)(void *arg, unsigned worker_index); // runs on a worker; may free the job
    void *arg;
};

// Starts `worker_count` threads (at least 1) named `name` (at most 12 bytes are shown) and an
// index. At most `queue_max` jobs wait. Close with kdb_pool_close.
struct kdb_pool *kdb_pool_open(const char *name, unsigned worker_count, size_t queue_max);

// Runs everything still queued, stops the workers and frees the pool. Nobody may submit from other
// threads any more; jobs that run may. Accepts NULL. Not on a worker.
void kdb_pool_close(struct kdb_pool *pool);

// Queues a job. False, and the job is still the caller's, when the queue is full. Any thread.
KDB_NODISCARD bool kdb_pool_submit(struct kdb_pool *pool, struct kdb_pool_job *job);

// Jobs that wait for a worker. Any thread.
size_t kdb_pool_queued(struct kdb_pool *pool);

// Workers are numbered from 0 to this less 1. Any thread.
unsigned kdb_pool_worker_count(const struct kdb_pool *pool);

#endif
