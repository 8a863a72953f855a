// SPDX-License-Identifier: Apache-2.0
// One lock, a hash table, a list by use. Loading happens outside the lock.
#include <pthread.h>
#include <time.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/map.h"
#include "base/use_order.h"
#include "segments/cache_priv.h"

// How often a waiter looks at its own deadline.
#define WAIT_STEP_NS INT64_C(20000000)

// ---- blocks ----

struct block *cache_block_create(const struct block_parts *parts)
{
    size_t ends_bytes = parts->row_count * sizeof(uint32_t);
    size_t bytes = sizeof(struct block) + 2 * ends_bytes + parts->keys.len + parts->rows.len;
    struct block *block = kdb_realloc(NULL, bytes);
    uint32_t *key_ends = (uint32_t *)(block + 1);
    uint32_t *row_ends = key_ends + parts->row_count;
    char *keys = (char *)(row_ends + parts->row_count);
    char *rows = keys + parts->keys.len;
    memcpy(key_ends, parts->key_ends, ends_bytes);
    memcpy(row_ends, parts->row_ends, ends_bytes);
    memcpy(keys, parts->keys.data, parts->keys.len);
    memcpy(rows, parts->rows.data, parts->rows.len);
    *block = (struct block){.row_count = parts->row_count,
                            .bytes = bytes,
                            .key_ends = key_ends,
                            .row_ends = row_ends,
                            .keys = keys,
                            .rows = rows};
    atomic_init(&block->references, 1);
    return block;
}

void cache_block_unref(struct block *block)
{
    if (block && atomic_fetch_sub_explicit(&block->references, 1, memory_order_acq_rel) == 1)
        kdb_free(block);
}

static struct block *block_ref(struct block *block)
{
    atomic_fetch_add_explicit(&block->references, 1, memory_order_relaxed);
    return block;
}

uint32_t cache_block_lower_bound(const struct block *block, kdb_slice key)
{
    uint32_t low = 0;
    uint32_t high = block->row_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (kdb_slice_compare(block_key(block, middle), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// ---- the cache ----

typedef enum { ENTRY_LOADING, ENTRY_READY, ENTRY_FAILED } entry_state;

struct entry {
    struct cache_key key;
    entry_state state;
    unsigned references;     // under the lock: the table's, the loader's, one per waiter
    struct block *block;     // READY: the entry's reference
    struct kdb_use_link use; // READY entries in the table only
};

struct cache {
    pthread_mutex_t lock;
    pthread_cond_t changed; // some entry is no longer LOADING
    struct kdb_map entries; // by key, which lies in the entry
    struct kdb_use_order order;
    uint64_t bytes_max;
    struct kdb_segment_cache_stats stats;
};

struct cache *cache_create(uint64_t bytes_max)
{
    struct cache *cache = kdb_alloc(sizeof(*cache));
    (void)pthread_mutex_init(&cache->lock, NULL);
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&cache->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    cache->bytes_max = bytes_max;
    return cache;
}

static kdb_slice key_bytes(const struct cache_key *key)
{
    return kdb_slice_of(key, sizeof(*key));
}

static void entry_unref(struct entry *entry)
{
    if (--entry->references > 0)
        return;
    cache_block_unref(entry->block);
    kdb_free(entry);
}

// Takes a READY entry out of the table.
static void drop(struct cache *cache, struct entry *entry)
{
    kdb_use_order_remove(&cache->order, &entry->use);
    (void)kdb_map_remove(&cache->entries, key_bytes(&entry->key));
    cache->stats.bytes -= entry->block->bytes;
    entry_unref(entry);
}

static void drop_oldest(struct cache *cache)
{
    drop(cache, KDB_USE_OF(cache->order.oldest, struct entry, use));
}

void cache_destroy(struct cache *cache)
{
    if (!cache)
        return;
    while (cache->order.oldest)
        drop_oldest(cache);
    KDB_ASSERT(cache->entries.count == 0);
    kdb_map_deinit(&cache->entries);
    (void)pthread_cond_destroy(&cache->changed);
    (void)pthread_mutex_destroy(&cache->lock);
    kdb_free(cache);
}

static struct entry *begin_loading(struct cache *cache, struct cache_key key)
{
    struct entry *entry = kdb_alloc(sizeof(*entry));
    entry->key = key;
    entry->references = 2; // the table's and the loader's
    (void)kdb_map_set(&cache->entries, key_bytes(&entry->key), entry);
    return entry;
}

// The loader is back, with a block (whose reference the entry takes over) or without.
static void end_loading(struct cache *cache, struct entry *entry, struct block *block)
{
    entry->block = block;
    entry->state = block ? ENTRY_READY : ENTRY_FAILED;
    if (block) {
        cache->stats.bytes += block->bytes;
        kdb_use_order_add(&cache->order, &entry->use);
        while (cache->order.oldest && cache->stats.bytes > cache->bytes_max) {
            cache->stats.evictions++;
            drop_oldest(cache);
        }
    } else {
        (void)kdb_map_remove(&cache->entries, key_bytes(&entry->key));
        entry_unref(entry);
    }
    (void)pthread_cond_broadcast(&cache->changed);
}

static kdb_status load(struct cache *cache, struct kdb_ctx *ctx, struct cache_key key,
                       const struct cache_loader *loader, struct block **ret_block)
{
    struct entry *entry = begin_loading(cache, key);
    (void)pthread_mutex_unlock(&cache->lock);
    struct block *block = NULL;
    kdb_status status = loader->load(loader->self, ctx, &block);
    (void)pthread_mutex_lock(&cache->lock);
    if (status == KDB_OK)
        *ret_block = block_ref(block);
    end_loading(cache, entry, status == KDB_OK ? block : NULL);
    entry_unref(entry);
    return status;
}

// Waits a little for an entry that another thread loads.
static kdb_status wait_a_step(struct cache *cache, struct kdb_ctx *ctx)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + WAIT_STEP_NS;
    until.tv_sec += ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    (void)pthread_cond_timedwait(&cache->changed, &cache->lock, &until);
    return kdb_ctx_check(ctx);
}

// *ret_block stays NULL when the other thread's load failed: what stopped it need not stop us.
static kdb_status wait_for(struct cache *cache, struct kdb_ctx *ctx, struct entry *entry,
                           struct block **ret_block)
{
    kdb_status status = KDB_OK;
    entry->references++;
    while (status == KDB_OK && entry->state == ENTRY_LOADING)
        status = wait_a_step(cache, ctx);
    if (status == KDB_OK && entry->state == ENTRY_READY)
        *ret_block = block_ref(entry->block);
    entry_unref(entry);
    return status;
}

static kdb_status get_locked(struct cache *cache, struct kdb_ctx *ctx, struct cache_key key,
                             kdb_read_tier tier, const struct cache_loader *loader,
                             struct block **ret_block)
{
    struct block *block = NULL;
    while (!block) {
        struct entry *entry = kdb_map_get(&cache->entries, key_bytes(&key));
        if (entry && entry->state == ENTRY_READY) {
            cache->stats.hits++;
            kdb_use_order_touch(&cache->order, &entry->use);
            block = block_ref(entry->block);
        } else if (tier == KDB_READ_MEMORY) {
            return kdb_fail(ctx, KDB_ERR_BLOCKED, "cold rows are not in memory");
        } else if (entry) {
            KDB_TRY(wait_for(cache, ctx, entry, &block));
        } else {
            cache->stats.misses++;
            KDB_TRY(load(cache, ctx, key, loader, &block));
        }
    }
    *ret_block = block;
    return KDB_OK;
}

kdb_status cache_get(struct cache *cache, struct kdb_ctx *ctx, struct cache_key key,
                     kdb_read_tier tier, const struct cache_loader *loader,
                     struct block **ret_block)
{
    (void)pthread_mutex_lock(&cache->lock);
    kdb_status status = get_locked(cache, ctx, key, tier, loader, ret_block);
    (void)pthread_mutex_unlock(&cache->lock);
    return status;
}

void cache_forget(struct cache *cache, uint64_t segment, uint32_t group_count)
{
    (void)pthread_mutex_lock(&cache->lock);
    for (uint32_t group = 0; group < group_count && cache->entries.count > 0; group++) {
        const struct cache_key key = {segment, group};
        struct entry *entry = kdb_map_get(&cache->entries, key_bytes(&key));
        if (entry && entry->state == ENTRY_READY)
            drop(cache, entry);
    }
    (void)pthread_mutex_unlock(&cache->lock);
}

void cache_read_stats(struct cache *cache, struct kdb_segment_cache_stats *ret_stats)
{
    (void)pthread_mutex_lock(&cache->lock);
    *ret_stats = cache->stats;
    (void)pthread_mutex_unlock(&cache->lock);
}
