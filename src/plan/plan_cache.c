// SPDX-License-Identifier: Apache-2.0
// A least-recently-used map from statement shapes to plans.
#include "plan/plan_cache.h"

#include <stdatomic.h>

#include "base/alloc.h"
#include "base/map.h"
#include "base/use_order.h"

// Longer shapes (thousands of VALUES rows) come once: keeping them would only push out the others.
#define SHAPE_BYTES_MAX ((size_t)64 * 1024)

struct entry {
    struct kdb_use_link use;
    kdb_slice key;         // owned
    struct kdb_plan *plan; // referenced
    size_t bytes;          // of this entry, what counts against the cache
};

struct kdb_plan_cache {
    struct kdb_map entries; // keys borrowed from the entries
    struct kdb_use_order order;
    size_t capacity, bytes_max;
    struct kdb_buf key; // scratch
    // Written by the cache's thread, read by any.
    atomic_uint_fast64_t count, bytes, hits, misses;
};

static uint64_t number(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add(atomic_uint_fast64_t *counter, int64_t by)
{
    atomic_store_explicit(counter, number(counter) + (uint64_t)by, memory_order_relaxed);
}

struct kdb_plan_cache *kdb_plan_cache_create(size_t capacity, size_t bytes_max)
{
    struct kdb_plan_cache *cache = kdb_alloc(sizeof(*cache));
    cache->capacity = capacity;
    cache->bytes_max = bytes_max;
    return cache;
}

static void drop(struct kdb_plan_cache *cache, struct entry *entry)
{
    kdb_use_order_remove(&cache->order, &entry->use);
    (void)kdb_map_remove(&cache->entries, entry->key);
    add(&cache->count, -1);
    add(&cache->bytes, -(int64_t)entry->bytes);
    kdb_plan_unref(entry->plan);
    kdb_free((void *)(uintptr_t)entry->key.data);
    kdb_free(entry);
}

static void drop_oldest(struct kdb_plan_cache *cache)
{
    drop(cache, KDB_USE_OF(cache->order.oldest, struct entry, use));
}

void kdb_plan_cache_destroy(struct kdb_plan_cache *cache)
{
    if (!cache)
        return;
    while (cache->order.oldest)
        drop_oldest(cache);
    kdb_map_deinit(&cache->entries);
    kdb_buf_deinit(&cache->key);
    kdb_free(cache);
}

static kdb_slice make_key(struct kdb_plan_cache *cache, const struct kdb_plan_request *request)
{
    struct kdb_buf *key = &cache->key;
    kdb_buf_clear(key);
    kdb_buf_put(key, (char)('a' + request->role));
    kdb_buf_slice(key, request->space);
    kdb_buf_put(key, '\0');
    for (size_t i = 0; i < request->param_count; i++)
        kdb_buf_put(key, request->params[i].form);
    kdb_buf_put(key, '\0');
    kdb_buf_slice(key, request->scanned->key);
    return kdb_buf_view(key);
}

// A command does its work once, and one large plan must not push out all others: neither is kept.
static void keep(struct kdb_plan_cache *cache, kdb_slice key, struct kdb_plan *plan)
{
    size_t bytes = sizeof(struct entry) + key.len + sizeof(*plan) + plan->memory.arena.used_bytes;
    if (plan->path == KDB_PATH_COMMAND || bytes > cache->bytes_max / 4)
        return;
    while (number(&cache->count) >= cache->capacity ||
           number(&cache->bytes) + bytes > cache->bytes_max)
        drop_oldest(cache);
    struct entry *entry = kdb_alloc(sizeof(*entry));
    entry->key = kdb_slice_of(kdb_alloc_text(key.data, key.len), key.len);
    entry->plan = kdb_plan_ref(plan);
    entry->bytes = bytes;
    (void)kdb_map_set(&cache->entries, entry->key, entry);
    kdb_use_order_add(&cache->order, &entry->use);
    add(&cache->count, 1);
    add(&cache->bytes, (int64_t)bytes);
}

kdb_status kdb_plan_cache_get(struct kdb_plan_cache *cache, struct kdb_ctx *ctx,
                              const struct kdb_plan_request *request, struct kdb_plan **ret_plan)
{
    bool is_cacheable = cache->capacity > 0 && request->scanned->is_cacheable &&
                        request->scanned->key.len <= SHAPE_BYTES_MAX && !request->forces_engine;
    if (!is_cacheable)
        return kdb_plan_make(request, ctx, ret_plan);
    kdb_slice key = make_key(cache, request);
    struct entry *entry = kdb_map_get(&cache->entries, key);
    if (entry && !kdb_plan_is_stale(entry->plan) && kdb_plan_fits(entry->plan, request->scanned)) {
        add(&cache->hits, 1);
        kdb_use_order_touch(&cache->order, &entry->use);
        *ret_plan = kdb_plan_ref(entry->plan);
        return KDB_OK;
    }
    add(&cache->misses, 1);
    struct kdb_plan *plan;
    KDB_TRY(kdb_plan_make(request, ctx, &plan));
    if (entry)
        drop(cache, entry);
    keep(cache, key, plan);
    *ret_plan = plan;
    return KDB_OK;
}

struct kdb_plan_cache_stats kdb_plan_cache_stats(const struct kdb_plan_cache *cache)
{
    return (struct kdb_plan_cache_stats){number(&cache->count), number(&cache->bytes),
                                         number(&cache->hits), number(&cache->misses)};
}
