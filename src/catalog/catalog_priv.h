// SPDX-License-Identifier: Apache-2.0
// The catalog's inside: how its maps hold their items, and the system tables it starts with.
#ifndef KDB_CATALOG_CATALOG_PRIV_H
#define KDB_CATALOG_CATALOG_PRIV_H

#include <pthread.h>

#include "catalog/catalog.h"

struct kdb_catalog {
    pthread_mutex_t lock; // guards `newest`
    struct kdb_catalog_snapshot *newest;
    _Atomic uint64_t version;
    pthread_mutex_t change_lock; // held from begin to publish or abandon
    uint32_t next_table_id;      // guarded by change_lock
};

extern const struct kdb_cow_ops catalog_table_ops;    // by "namespace\0table"
extern const struct kdb_cow_ops catalog_table_id_ops; // by big-endian id
extern const struct kdb_cow_ops catalog_namespace_ops;
extern const struct kdb_cow_ops catalog_storage_ops;
extern const struct kdb_cow_ops catalog_user_ops;

// Replaces a map of the snapshot by one with the item (which the caller keeps its reference to).
void catalog_set(struct kdb_cow_map **map, const struct kdb_cow_ops *ops, void *item);
void catalog_unset(struct kdb_cow_map **map, const struct kdb_cow_ops *ops, kdb_slice key);

// system_tables.c: adds system.* and information_schema.* to a snapshot.
void catalog_add_system_tables(struct kdb_catalog_snapshot *snapshot);

#endif
