// SPDX-License-Identifier: Apache-2.0
// Linear probing; removal moves later entries back, so there are no tombstones to step over.
#include "base/map.h"

#include "base/alloc.h"
#include "base/assert.h"

#define CAPACITY_MIN 8

struct kdb_map_slot {
    uint64_t hash;
    kdb_slice key;
    void *value; // NULL: the slot is free
};

// An entry's key as the map keeps it.
static kdb_slice keep_key(const struct kdb_map *map, kdb_slice key)
{
    if (!map->copies_keys)
        return key;
    return (kdb_slice){kdb_alloc_text(key.data, key.len), key.len};
}

static void release_key(const struct kdb_map *map, kdb_slice key)
{
    if (map->copies_keys)
        kdb_free((void *)(uintptr_t)key.data);
}

void kdb_map_deinit(struct kdb_map *map)
{
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->slots[i].value)
            release_key(map, map->slots[i].key);
    }
    kdb_free(map->slots);
    *map = (struct kdb_map){.copies_keys = map->copies_keys};
}

// The slot that holds the key, or the free one where it would go. The map has a free slot.
static struct kdb_map_slot *find(const struct kdb_map *map, uint64_t hash, kdb_slice key)
{
    size_t mask = map->capacity - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        struct kdb_map_slot *slot = &map->slots[at];
        if (!slot->value || (slot->hash == hash && kdb_slice_equal(slot->key, key)))
            return slot;
    }
}

void *kdb_map_get(const struct kdb_map *map, kdb_slice key)
{
    return map->count ? find(map, kdb_slice_hash(key), key)->value : NULL;
}

static void grow(struct kdb_map *map)
{
    struct kdb_map old = *map;
    map->capacity = kdb_grow_capacity(CAPACITY_MIN, old.capacity * 2);
    map->slots = kdb_alloc_array(map->capacity, sizeof(*map->slots));
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.slots[i].value)
            *find(map, old.slots[i].hash, old.slots[i].key) = old.slots[i];
    }
    kdb_free(old.slots);
}

void *kdb_map_set(struct kdb_map *map, kdb_slice key, void *value)
{
    KDB_ASSERT(value != NULL);
    // At most three quarters full.
    if (map->count >= map->capacity / 4 * 3)
        grow(map);
    uint64_t hash = kdb_slice_hash(key);
    struct kdb_map_slot *slot = find(map, hash, key);
    void *replaced = slot->value;
    if (!replaced) {
        map->count++;
        *slot = (struct kdb_map_slot){hash, keep_key(map, key), NULL};
    } else if (!map->copies_keys) {
        slot->key = key;
    }
    slot->value = value;
    return replaced;
}

void *kdb_map_remove(struct kdb_map *map, kdb_slice key)
{
    if (map->count == 0)
        return NULL;
    struct kdb_map_slot *found = find(map, kdb_slice_hash(key), key);
    void *removed = found->value;
    if (!removed)
        return NULL;
    release_key(map, found->key);
    map->count--;
    // Every later entry of the run moves into the hole unless its home lies behind the hole.
    size_t mask = map->capacity - 1;
    size_t hole = (size_t)(found - map->slots);
    for (size_t at = (hole + 1) & mask; map->slots[at].value; at = (at + 1) & mask) {
        size_t home = map->slots[at].hash & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole] = (struct kdb_map_slot){0};
    return removed;
}

bool kdb_map_next(const struct kdb_map *map, size_t *cursor, kdb_slice *ret_key, void **ret_value)
{
    while (*cursor < map->capacity) {
        const struct kdb_map_slot *slot = &map->slots[(*cursor)++];
        if (!slot->value)
            continue;
        if (ret_key)
            *ret_key = slot->key;
        if (ret_value)
            *ret_value = slot->value;
        return true;
    }
    return false;
}
