// SPDX-License-Identifier: Apache-2.0
// A copy-on-write map from text to reference-counted objects: a catalog snapshot with 10,000 tables
// shares all but one bucket with the snapshot before it, so a CREATE TABLE costs the same whatever
// the number of tables.
//
// A map value is immutable; set and remove give a new map. Buckets and items are reference-counted
// through the item vtable. Any thread may read a map it holds.
#ifndef KDB_CATALOG_COW_MAP_H
#define KDB_CATALOG_COW_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct kdb_cow_map; // NULL is the empty map

// How the map holds its items.
struct kdb_cow_ops {
    kdb_slice (*key)(const void *item); // lives as long as the item
    void (*ref)(void *item);
    void (*unref)(void *item);
};

// A new map like `map` in which `item` (referenced by the map) stands for its key. `map` keeps its
// own reference.
struct kdb_cow_map *kdb_cow_map_set(struct kdb_cow_map *map, const struct kdb_cow_ops *ops,
                                    void *item);

// A new map without `key` (a new reference to the same map when it is not there).
struct kdb_cow_map *kdb_cow_map_remove(struct kdb_cow_map *map, const struct kdb_cow_ops *ops,
                                       kdb_slice key);

// The item of `key` or NULL; borrowed from the map.
void *kdb_cow_map_find(const struct kdb_cow_map *map, const struct kdb_cow_ops *ops, kdb_slice key);

// Items in the map.
size_t kdb_cow_map_count(const struct kdb_cow_map *map);

// Calls `visit` for every item in no particular order until it returns false.
void kdb_cow_map_each(const struct kdb_cow_map *map, bool (*visit)(void *arg, void *item),
                      void *arg);

struct kdb_cow_map *kdb_cow_map_ref(struct kdb_cow_map *map);
void kdb_cow_map_unref(struct kdb_cow_map *map, const struct kdb_cow_ops *ops); // accepts NULL

#endif
