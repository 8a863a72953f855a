// SPDX-License-Identifier: Apache-2.0
// A two-level copy-on-write map: a table of buckets by hash, each an immutable array of items.
#include "catalog/cow_map.h"

#include <stdatomic.h>
#include <stdint.h>

#include "base/alloc.h"

// Items per bucket stay few up to some hundred thousand items; a change copies one bucket and this
// table of pointers.
#define BUCKETS 1024

struct bucket {
    atomic_uint references;
    size_t count;
    void *items[];
};

struct kdb_cow_map {
    atomic_uint references;
    size_t count;
    struct bucket *buckets[BUCKETS]; // NULL: empty
};

static size_t bucket_of(kdb_slice key)
{
    return kdb_slice_hash(key) % BUCKETS;
}

static struct bucket *bucket_new(size_t count)
{
    struct bucket *bucket = kdb_alloc(sizeof(*bucket) + count * sizeof(void *));
    atomic_init(&bucket->references, 1);
    bucket->count = count;
    return bucket;
}

static void bucket_unref(struct bucket *bucket, const struct kdb_cow_ops *ops)
{
    if (!bucket || atomic_fetch_sub(&bucket->references, 1) != 1)
        return;
    for (size_t i = 0; i < bucket->count; i++)
        ops->unref(bucket->items[i]);
    kdb_free(bucket);
}

// A map that shares every bucket with `map`.
static struct kdb_cow_map *map_copy(const struct kdb_cow_map *map)
{
    struct kdb_cow_map *copy = kdb_alloc(sizeof(*copy));
    atomic_init(&copy->references, 1);
    if (!map)
        return copy;
    copy->count = map->count;
    for (size_t i = 0; i < BUCKETS; i++) {
        copy->buckets[i] = map->buckets[i];
        if (copy->buckets[i])
            atomic_fetch_add(&copy->buckets[i]->references, 1);
    }
    return copy;
}

static size_t index_in(const struct bucket *bucket, const struct kdb_cow_ops *ops, kdb_slice key)
{
    size_t count = bucket ? bucket->count : 0;
    for (size_t i = 0; i < count; i++) {
        if (kdb_slice_equal(ops->key(bucket->items[i]), key))
            return i;
    }
    return SIZE_MAX;
}

struct kdb_cow_map *kdb_cow_map_set(struct kdb_cow_map *map, const struct kdb_cow_ops *ops,
                                    void *item)
{
    struct kdb_cow_map *copy = map_copy(map);
    kdb_slice key = ops->key(item);
    size_t at = bucket_of(key);
    struct bucket *old = copy->buckets[at];
    size_t old_count = old ? old->count : 0;
    size_t index = index_in(old, ops, key);
    bool is_new = index == SIZE_MAX;
    struct bucket *bucket = bucket_new(old_count + is_new);
    for (size_t i = 0; i < old_count; i++)
        bucket->items[i] = old->items[i];
    bucket->items[is_new ? old_count : index] = item;
    for (size_t i = 0; i < bucket->count; i++)
        ops->ref(bucket->items[i]);
    bucket_unref(old, ops);
    copy->buckets[at] = bucket;
    copy->count += is_new;
    return copy;
}

struct kdb_cow_map *kdb_cow_map_remove(struct kdb_cow_map *map, const struct kdb_cow_ops *ops,
                                       kdb_slice key)
{
    size_t at = bucket_of(key);
    size_t index = map ? index_in(map->buckets[at], ops, key) : SIZE_MAX;
    if (index == SIZE_MAX)
        return kdb_cow_map_ref(map);
    struct kdb_cow_map *copy = map_copy(map);
    struct bucket *old = copy->buckets[at];
    struct bucket *bucket = NULL;
    if (old->count > 1) {
        bucket = bucket_new(old->count - 1);
        for (size_t i = 0, to = 0; i < old->count; i++) {
            if (i == index)
                continue;
            ops->ref(old->items[i]);
            bucket->items[to++] = old->items[i];
        }
    }
    bucket_unref(old, ops);
    copy->buckets[at] = bucket;
    copy->count--;
    return copy;
}

void *kdb_cow_map_find(const struct kdb_cow_map *map, const struct kdb_cow_ops *ops, kdb_slice key)
{
    if (!map)
        return NULL;
    const struct bucket *bucket = map->buckets[bucket_of(key)];
    size_t index = index_in(bucket, ops, key);
    return index == SIZE_MAX ? NULL : bucket->items[index];
}

size_t kdb_cow_map_count(const struct kdb_cow_map *map)
{
    return map ? map->count : 0;
}

void kdb_cow_map_each(const struct kdb_cow_map *map, bool (*visit)(void *arg, void *item),
                      void *arg)
{
    for (size_t at = 0; map && at < BUCKETS; at++) {
        const struct bucket *bucket = map->buckets[at];
        for (size_t i = 0; bucket && i < bucket->count; i++) {
            if (!visit(arg, bucket->items[i]))
                return;
        }
    }
}

struct kdb_cow_map *kdb_cow_map_ref(struct kdb_cow_map *map)
{
    if (map)
        atomic_fetch_add(&map->references, 1);
    return map;
}

void kdb_cow_map_unref(struct kdb_cow_map *map, const struct kdb_cow_ops *ops)
{
    if (!map || atomic_fetch_sub(&map->references, 1) != 1)
        return;
    for (size_t at = 0; at < BUCKETS; at++)
        bucket_unref(map->buckets[at], ops);
    kdb_free(map);
}
