// SPDX-License-Identifier: Apache-2.0
// All definitions of the server as one immutable, reference-counted snapshot: namespaces, tables,
// storages, users.
//
// Readers take a snapshot once per statement and never lock while they use it. A change builds the
// next snapshot, writes the stored definitions through the committer and publishes the snapshot
// once they are durable: all or nothing. Changes are serialised by kdb_catalog_lock and run on
// workers, never on an event loop.
#ifndef KDB_CATALOG_CATALOG_H
#define KDB_CATALOG_CATALOG_H

#include <stdint.h>

#include "base/ctx.h"
#include "catalog/cow_map.h"
#include "catalog/table.h"
#include "store/store.h"

// First bytes of the META keys of definitions (docs/FORMATS.md; txn/layout.h has the rest).
#define KDB_META_TABLE     'T'
#define KDB_META_NAMESPACE 'N'
#define KDB_META_STORAGE   'S'
#define KDB_META_USER      'U'
#define KDB_META_MARK      'X'

struct kdb_namespace {
    atomic_uint references;
    kdb_slice name;
    kdb_slice options; // JSON object or null
    int64_t created_at_us;
    int64_t updated_at_us;
};

struct kdb_storage {
    atomic_uint references;
    kdb_slice id;
    kdb_slice name;
    kdb_slice description; // may be null
    kdb_slice type;        // "filesystem"
    kdb_slice
        base_directory; // absolute path, no trailing slash; empty for `local`: the data folder
    kdb_slice config;   // JSON, may be null
    kdb_slice shared_template;
    kdb_slice user_template;
    int64_t created_at_us;
    int64_t updated_at_us;
};

typedef enum {
    KDB_ROLE_ANONYMOUS,
    KDB_ROLE_USER,
    KDB_ROLE_SERVICE,
    KDB_ROLE_DBA,
    KDB_ROLE_SYSTEM
} kdb_role;

struct kdb_user {
    atomic_uint references;
    kdb_slice id;            // also the name
    kdb_slice password_hash; // empty: cannot log in with a password
    kdb_slice email;         // may be null
    kdb_slice auth_type;     // "Password", "OAuth", "Internal"
    kdb_slice auth_data;     // JSON, may be null
    kdb_role role;
    int64_t created_at_us;
    int64_t updated_at_us;
    int64_t deleted_at_us; // 0: active
};

struct kdb_catalog_snapshot {
    atomic_uint references;
    uint64_t version;               // one more per published change
    struct kdb_cow_map *namespaces; // by name
    struct kdb_cow_map *tables;     // by "namespace\0table"
    struct kdb_cow_map *table_ids;  // by big-endian id
    struct kdb_cow_map *storages;   // by id
    struct kdb_cow_map *users;      // by id, dropped ones included
};

struct kdb_catalog;

// Loads every definition from the store (META space) and adds the system tables. A new store gives
// an empty catalog: what every server has (namespaces, the `local` storage, `root`) is made by the
// server's first start. Close with kdb_catalog_close.
KDB_NODISCARD kdb_status kdb_catalog_open(struct kdb_store *store, struct kdb_ctx *ctx,
                                          struct kdb_catalog **ret_catalog);
void kdb_catalog_close(struct kdb_catalog *catalog); // accepts NULL

// The newest snapshot, referenced for the caller. Any thread.
struct kdb_catalog_snapshot *kdb_catalog_acquire(struct kdb_catalog *catalog);
struct kdb_catalog_snapshot *kdb_catalog_snapshot_ref(struct kdb_catalog_snapshot *snapshot);
void kdb_catalog_release(struct kdb_catalog_snapshot *snapshot); // accepts NULL

// Version of the newest snapshot: lets a holder see cheaply whether its own is still the newest.
// Any thread.
uint64_t kdb_catalog_version(const struct kdb_catalog *catalog);

// Lookups in a snapshot; borrowed from it; NULL when absent. Names are compared as given (already
// folded).
struct kdb_table *kdb_catalog_table(const struct kdb_catalog_snapshot *snapshot, kdb_slice space,
                                    kdb_slice name);
struct kdb_table *kdb_catalog_table_by_id(const struct kdb_catalog_snapshot *snapshot, uint32_t id);
struct kdb_namespace *kdb_catalog_namespace(const struct kdb_catalog_snapshot *snapshot,
                                            kdb_slice name);
struct kdb_storage *kdb_catalog_storage(const struct kdb_catalog_snapshot *snapshot, kdb_slice id);
struct kdb_user *kdb_catalog_user(const struct kdb_catalog_snapshot *snapshot, kdb_slice id);

// One change to the definitions: what to write to the store and what the next snapshot differs in.
struct kdb_catalog_change {
    struct kdb_catalog *catalog;
    struct kdb_catalog_snapshot *next; // private copy until published
    struct kdb_store_batch *batch;     // META writes; the caller commits it through the committer
    struct kdb_table **replaced;       // tables that plans must not use any more, referenced
    size_t replaced_count;
};

// Serialises changes: begin waits for the one before. Every begin is followed by exactly one
// publish (after the batch is durable) or abandon (nothing happened).
void kdb_catalog_begin(struct kdb_catalog *catalog, struct kdb_store *store,
                       struct kdb_catalog_change *ret_change);
void kdb_catalog_publish(struct kdb_catalog_change *change);
void kdb_catalog_abandon(struct kdb_catalog_change *change);

// Parts of a change. Objects are referenced by the next snapshot; the stored form is put into the
// batch. put replaces an object of the same key (the old table object is marked obsolete at
// publish).
void kdb_catalog_put_table(struct kdb_catalog_change *change, struct kdb_table *table);
void kdb_catalog_remove_table(struct kdb_catalog_change *change, struct kdb_table *table);
void kdb_catalog_put_namespace(struct kdb_catalog_change *change, struct kdb_namespace *space);
void kdb_catalog_remove_namespace(struct kdb_catalog_change *change, kdb_slice name);
void kdb_catalog_put_storage(struct kdb_catalog_change *change, struct kdb_storage *storage);
void kdb_catalog_remove_storage(struct kdb_catalog_change *change, kdb_slice id);
void kdb_catalog_put_user(struct kdb_catalog_change *change, struct kdb_user *user);

// A table id never used before; part of the change's batch.
uint32_t kdb_catalog_next_table_id(struct kdb_catalog_change *change);

// New objects with one reference, owning copies of what `like` points to (its references field is
// ignored).
struct kdb_namespace *kdb_namespace_create(const struct kdb_namespace *like);
struct kdb_storage *kdb_storage_create(const struct kdb_storage *like);
struct kdb_user *kdb_user_create(const struct kdb_user *like);
void kdb_namespace_unref(struct kdb_namespace *space); // all accept NULL
void kdb_storage_unref(struct kdb_storage *storage);
void kdb_user_unref(struct kdb_user *user);

// Lower-case role names of the wire; kdb_role_parse knows the aliases of CREATE USER (admin,
// developer, viewer, …).
const char *kdb_role_name(kdb_role role);
bool kdb_role_parse(kdb_slice name, kdb_role *ret_role);

#endif
