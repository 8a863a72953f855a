// SPDX-License-Identifier: Apache-2.0
// Hot rows of partitions that the engine scanned whole, kept in its own column form within a memory
// budget.
//
// An entry is good exactly while the partition's version and the table's schema are those it was
// made at: every commit changes the one, ALTER the other. Walking 10,000 rows in the store takes
// milliseconds, reading them from here some ten microseconds. Thread-safe.
#ifndef KDB_EXEC_PARTITION_CACHE_H
#define KDB_EXEC_PARTITION_CACHE_H

#include "engine/row_source.h"
#include "txn/partition.h"

struct kdb_partition_cache;

// `bytes_max`: storage.partition_cache_bytes; 0 keeps nothing.
struct kdb_partition_cache *kdb_partition_cache_create(uint64_t bytes_max);
void kdb_partition_cache_destroy(struct kdb_partition_cache *cache); // accepts NULL

// What rows were made from: only states that a view had exactly (kdb_partition.version).
struct kdb_partition_state {
    const struct kdb_partition *partition;
    uint64_t version;
    uint32_t schema_version;
};

// The rows of exactly that state, referenced for the caller, or NULL.
struct kdb_frozen_rows *kdb_partition_cache_get(struct kdb_partition_cache *cache,
                                                const struct kdb_partition_state *state);

// Keeps rows (the cache takes a reference of its own), dropping the least recently used ones.
void kdb_partition_cache_put(struct kdb_partition_cache *cache,
                             const struct kdb_partition_state *state, struct kdb_frozen_rows *rows);

// Bytes one entry may take: an eighth of the budget.
uint64_t kdb_partition_cache_entry_max(const struct kdb_partition_cache *cache);

struct kdb_partition_cache_stats {
    uint64_t bytes;
    uint64_t hits;
    uint64_t misses;
};
// A copy of the counters.
void kdb_partition_cache_stats(struct kdb_partition_cache *cache,
                               struct kdb_partition_cache_stats *ret_stats);

#endif
