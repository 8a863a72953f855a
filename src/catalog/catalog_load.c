// SPDX-License-Identifier: Apache-2.0
// Reading every definition at start.
#include "base/alloc.h"
#include "catalog/catalog_priv.h"
#include "catalog/definition.h"

// Adds one stored definition to the snapshot.
static kdb_status load_one(struct kdb_catalog_snapshot *snapshot, struct kdb_ctx *ctx, char kind,
                           kdb_slice value)
{
    switch (kind) {
    case KDB_META_TABLE: {
        struct kdb_table *table;
        KDB_TRY(kdb_table_read(value, ctx, &table));
        kdb_table_make_keys(table);
        catalog_set(&snapshot->tables, &catalog_table_ops, table);
        catalog_set(&snapshot->table_ids, &catalog_table_id_ops, table);
        kdb_table_unref(table);
        return KDB_OK;
    }
    case KDB_META_NAMESPACE: {
        struct kdb_namespace *space;
        KDB_TRY(kdb_namespace_read(value, ctx, &space));
        catalog_set(&snapshot->namespaces, &catalog_namespace_ops, space);
        kdb_namespace_unref(space);
        return KDB_OK;
    }
    case KDB_META_STORAGE: {
        struct kdb_storage *storage;
        KDB_TRY(kdb_storage_read(value, ctx, &storage));
        catalog_set(&snapshot->storages, &catalog_storage_ops, storage);
        kdb_storage_unref(storage);
        return KDB_OK;
    }
    default: {
        struct kdb_user *user;
        KDB_TRY(kdb_user_read(value, ctx, &user));
        catalog_set(&snapshot->users, &catalog_user_ops, user);
        kdb_user_unref(user);
        return KDB_OK;
    }
    }
}

static kdb_status load_kind(struct kdb_store *store, struct kdb_ctx *ctx,
                            struct kdb_catalog_snapshot *snapshot, char kind)
{
    const char end = (char)(kind + 1);
    const struct kdb_scan_range range = {.space = KDB_SPACE_META,
                                         .first = kdb_slice_of(&kind, 1),
                                         .end = kdb_slice_of(&end, 1),
                                         .tier = KDB_READ_ANY};
    struct kdb_store_scan *scan;
    KDB_TRY(kdb_store_scan_open(store, ctx, NULL, &range, &scan));
    kdb_status status = KDB_OK;
    struct kdb_ctx item; // its memory is given back after each definition
    kdb_ctx_init(&item, 0);
    while (status == KDB_OK) {
        kdb_slice key;
        kdb_slice value;
        bool has_more;
        status = kdb_store_scan_next(scan, ctx, &key, &value, &has_more);
        if (status != KDB_OK || !has_more)
            break;
        status = load_one(snapshot, &item, kind, value);
        if (status != KDB_OK)
            status = kdb_fail(ctx, status, "%s", item.error.message);
        kdb_ctx_reset(&item);
    }
    kdb_ctx_deinit(&item);
    kdb_store_scan_close(scan);
    return status;
}

static kdb_status load_next_table_id(struct kdb_store *store, struct kdb_ctx *ctx, uint32_t *ret)
{
    const struct kdb_read_at at = {.space = KDB_SPACE_META};
    kdb_slice value;
    KDB_TRY(kdb_store_get(store, ctx, &at, KDB_LIT("Xtable_id"), &value, NULL));
    *ret = 1;
    if (value.data && value.len != sizeof(*ret))
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "the stored table number is damaged");
    if (value.data)
        memcpy(ret, value.data, sizeof(*ret));
    return KDB_OK;
}

kdb_status kdb_catalog_open(struct kdb_store *store, struct kdb_ctx *ctx,
                            struct kdb_catalog **ret_catalog)
{
    static const char kinds[] = {KDB_META_NAMESPACE, KDB_META_STORAGE, KDB_META_USER,
                                 KDB_META_TABLE};
    struct kdb_catalog *catalog = kdb_alloc(sizeof(*catalog));
    (void)pthread_mutex_init(&catalog->lock, NULL);
    (void)pthread_mutex_init(&catalog->change_lock, NULL);
    catalog->newest = kdb_alloc(sizeof(*catalog->newest));
    atomic_init(&catalog->newest->references, 1);
    catalog->newest->version = 1;
    atomic_init(&catalog->version, 1);
    kdb_status status = load_next_table_id(store, ctx, &catalog->next_table_id);
    for (size_t i = 0; status == KDB_OK && i < sizeof(kinds); i++)
        status = load_kind(store, ctx, catalog->newest, kinds[i]);
    if (status != KDB_OK) {
        kdb_catalog_close(catalog);
        return status;
    }
    catalog_add_system_tables(catalog->newest);
    *ret_catalog = catalog;
    return KDB_OK;
}

void kdb_catalog_close(struct kdb_catalog *catalog)
{
    if (!catalog)
        return;
    kdb_catalog_release(catalog->newest);
    (void)pthread_mutex_destroy(&catalog->lock);
    (void)pthread_mutex_destroy(&catalog->change_lock);
    kdb_free(catalog);
}
