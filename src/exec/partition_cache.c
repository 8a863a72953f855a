// SPDX-License-Identifier: Apache-2.0
// A least-recently-used map from partition to frozen rows.
#include "exec/partition_cache.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/map.h"
#include "base/use_order.h"

struct entry {
    struct kdb_use_link use;
    kdb_slice prefix; // owned: names the partition
    uint64_t version;
    uint32_t schema_version;
    struct kdb_frozen_rows *rows;
    uint64_t bytes;
};

struct kdb_partition_cache {
    pthread_mutex_t lock;
    struct kdb_map entries; // prefix -> entry, keys borrowed from it
    struct kdb_use_order order;
    uint64_t bytes_max;
    struct kdb_partition_cache_stats stats;
};

struct kdb_partition_cache *kdb_partition_cache_create(uint64_t bytes_max)
{
    struct kdb_partition_cache *cache = kdb_alloc(sizeof(*cache));
    (void)pthread_mutex_init(&cache->lock, NULL);
    cache->bytes_max = bytes_max;
    return cache;
}

static void drop(struct kdb_partition_cache *cache, struct entry *entry)
{
    kdb_use_order_remove(&cache->order, &entry->use);
    (void)kdb_map_remove(&cache->entries, entry->prefix);
    cache->stats.bytes -= entry->bytes;
    kdb_frozen_rows_unref(entry->rows);
    kdb_free((void *)(uintptr_t)entry->prefix.data);
    kdb_free(entry);
}

static void drop_oldest(struct kdb_partition_cache *cache)
{
    drop(cache, KDB_USE_OF(cache->order.oldest, struct entry, use));
}

void kdb_partition_cache_destroy(struct kdb_partition_cache *cache)
{
    if (!cache)
        return;
    while (cache->order.oldest)
        drop_oldest(cache);
    kdb_map_deinit(&cache->entries);
    (void)pthread_mutex_destroy(&cache->lock);
    kdb_free(cache);
}

struct kdb_frozen_rows *kdb_partition_cache_get(struct kdb_partition_cache *cache,
                                                const struct kdb_partition_state *state)
{
    struct kdb_frozen_rows *rows = NULL;
    (void)pthread_mutex_lock(&cache->lock);
    struct entry *entry = kdb_map_get(&cache->entries, state->partition->prefix);
    if (entry && entry->version == state->version &&
        entry->schema_version == state->schema_version) {
        rows = kdb_frozen_rows_ref(entry->rows);
        kdb_use_order_touch(&cache->order, &entry->use);
        cache->stats.hits++;
    } else {
        cache->stats.misses++;
        if (entry)
            drop(cache, entry);
    }
    (void)pthread_mutex_unlock(&cache->lock);
    return rows;
}

void kdb_partition_cache_put(struct kdb_partition_cache *cache,
                             const struct kdb_partition_state *state, struct kdb_frozen_rows *rows)
{
    const struct kdb_partition *partition = state->partition;
    uint64_t bytes = kdb_frozen_rows_bytes(rows);
    if (bytes > kdb_partition_cache_entry_max(cache))
        return;
    struct entry *entry = kdb_alloc(sizeof(*entry));
    entry->prefix = kdb_slice_of(kdb_alloc_text(partition->prefix.data, partition->prefix.len),
                                 partition->prefix.len);
    entry->version = state->version;
    entry->schema_version = state->schema_version;
    entry->rows = kdb_frozen_rows_ref(rows);
    entry->bytes = bytes;
    (void)pthread_mutex_lock(&cache->lock);
    struct entry *old = kdb_map_get(&cache->entries, entry->prefix);
    if (old)
        drop(cache, old);
    while (cache->order.oldest && cache->stats.bytes + bytes > cache->bytes_max)
        drop_oldest(cache);
    (void)kdb_map_set(&cache->entries, entry->prefix, entry);
    kdb_use_order_add(&cache->order, &entry->use);
    cache->stats.bytes += bytes;
    (void)pthread_mutex_unlock(&cache->lock);
}

uint64_t kdb_partition_cache_entry_max(const struct kdb_partition_cache *cache)
{
    return cache->bytes_max / 8;
}

void kdb_partition_cache_stats(struct kdb_partition_cache *cache,
                               struct kdb_partition_cache_stats *ret_stats)
{
    (void)pthread_mutex_lock(&cache->lock);
    *ret_stats = cache->stats;
    (void)pthread_mutex_unlock(&cache->lock);
}
