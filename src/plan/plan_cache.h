// SPDX-License-Identifier: Apache-2.0
// Plans kept by what they were made for: statement shape, namespace, role and parameter forms.
//
// One cache per thread that makes plans (a loop, a worker); not thread-safe. Plans made stale by
// DDL, or whose fixed constants differ, are made again.
#ifndef KDB_PLAN_PLAN_CACHE_H
#define KDB_PLAN_PLAN_CACHE_H

#include "plan/plan.h"

struct kdb_plan_cache;

// At most `capacity` plans (execution.sql_plan_cache_max_entries; 0: nothing is kept), which
// together take at most `bytes_max` (execution.sql_plan_cache_bytes). A plan that would take more
// than a quarter of that is not kept.
struct kdb_plan_cache *kdb_plan_cache_create(size_t capacity, size_t bytes_max);
void kdb_plan_cache_destroy(struct kdb_plan_cache *cache); // accepts NULL

// The plan for the request: from the cache, or made and kept. The caller has a reference. Errors as
// kdb_plan_make.
KDB_NODISCARD kdb_status kdb_plan_cache_get(struct kdb_plan_cache *cache, struct kdb_ctx *ctx,
                                            const struct kdb_plan_request *request,
                                            struct kdb_plan **ret_plan);

// Plans in the cache, their memory, and how often they helped.
struct kdb_plan_cache_stats {
    uint64_t count;
    uint64_t bytes;
    uint64_t hits;
    uint64_t misses;
};
// A copy of the counters. Any thread.
struct kdb_plan_cache_stats kdb_plan_cache_stats(const struct kdb_plan_cache *cache);

#endif
