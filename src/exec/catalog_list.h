// SPDX-License-Identifier: Apache-2.0
// The objects of a catalog snapshot in the order people read them: by name.
//
// Arrays of pointers in the ctx arena; the objects are borrowed from the snapshot.
#ifndef KDB_EXEC_CATALOG_LIST_H
#define KDB_EXEC_CATALOG_LIST_H

#include "catalog/catalog.h"

// Which tables: those that were created, the system's own, or both.
typedef enum { CATALOG_CREATED, CATALOG_SYSTEM, CATALOG_ALL } catalog_part;

// Names to look for; zeroed: any.
struct catalog_names {
    bool is_bound;
    const kdb_slice *items; // ascending, unique
    size_t count;
};

// Sorts `items`, which the result borrows as catalog_one_name does its own.
struct catalog_names catalog_names_of(kdb_slice *items, size_t count);
// One name; null: any.
struct catalog_names catalog_one_name(const kdb_slice *name);
bool catalog_names_have(const struct catalog_names *names, kdb_slice name); // is it one of them

// Which tables to list.
struct catalog_choice {
    catalog_part part;
    struct catalog_names spaces; // their namespaces
    struct catalog_names names;
};

// Tables by namespace and name.
struct kdb_table **catalog_list_tables(struct kdb_arena *arena,
                                       const struct kdb_catalog_snapshot *snapshot,
                                       const struct catalog_choice *choice, size_t *ret_count);

// Namespaces by name; system and information_schema are not among them.
struct kdb_namespace **catalog_list_namespaces(struct kdb_arena *arena,
                                               const struct kdb_catalog_snapshot *snapshot,
                                               size_t *ret_count);

// Storages by id.
struct kdb_storage **catalog_list_storages(struct kdb_arena *arena,
                                           const struct kdb_catalog_snapshot *snapshot,
                                           size_t *ret_count);

// Users with these ids, by id, dropped ones included.
struct kdb_user **catalog_list_users(struct kdb_arena *arena,
                                     const struct kdb_catalog_snapshot *snapshot,
                                     const struct catalog_names *ids, size_t *ret_count);

// How many of the created tables keep their files in a storage.
size_t catalog_list_storage_use(const struct kdb_catalog_snapshot *snapshot, kdb_slice storage_id);

// True for the namespaces that hold system tables and are in no list: system, information_schema.
bool catalog_list_is_virtual(kdb_slice space);

#endif
