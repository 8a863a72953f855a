// SPDX-License-Identifier: Apache-2.0
// A hash map from byte strings to pointers, on the heap.
//
// Open addressing with linear probing and the process's random hash seed, so that keys from outside
// cannot be aimed at one bucket. Zeroed memory is an empty map that borrows its keys: a key then
// lives at least as long as its entry, usually inside the value. Number keys are passed as the
// bytes of the number in the value. One thread at a time; many may read when none writes.
#ifndef KDB_BASE_MAP_H
#define KDB_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct kdb_map_slot;

struct kdb_map {
    struct kdb_map_slot *slots;
    size_t capacity;  // slots, a power of two or 0
    size_t count;     // entries
    bool copies_keys; // each entry owns a copy of its key; set while the map is empty
};

// Frees the map's own memory (not the values); it is empty again and may be used.
void kdb_map_deinit(struct kdb_map *map);

// The value of `key`, NULL when there is none.
void *kdb_map_get(const struct kdb_map *map, kdb_slice key);

// Sets the value, which is not NULL; returns the one it replaces, or NULL. A replaced entry keeps
// its key copy; a borrowed key is taken over from the new call.
void *kdb_map_set(struct kdb_map *map, kdb_slice key, void *value);

// Takes the entry out; returns its value, or NULL when there was none.
void *kdb_map_remove(struct kdb_map *map, kdb_slice key);

// The next entry in no particular order: `size_t cursor = 0; while (kdb_map_next(map, &cursor,
// &key, &value))`. The map must not change in between. Either output may be NULL.
bool kdb_map_next(const struct kdb_map *map, size_t *cursor, kdb_slice *ret_key, void **ret_value);

#endif
