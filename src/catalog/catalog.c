// SPDX-License-Identifier: Apache-2.0
// Snapshots of all definitions: acquiring, changing, publishing.
#include "base/alloc.h"
#include "base/assert.h"
#include "catalog/catalog_priv.h"
#include "catalog/definition.h"

// ---- how the maps hold their items ----

// The key of a table is built once, behind its other text, where both lookups find it.
static kdb_slice table_key(const void *item)
{
    return ((const struct kdb_table *)item)->full_name;
}

static kdb_slice table_id_key(const void *item)
{
    const struct kdb_table *table = item;
    return kdb_slice_of(table->id_key, sizeof(table->id_key));
}

static void table_ref(void *item)
{
    (void)kdb_table_ref(item);
}

static void table_unref(void *item)
{
    kdb_table_unref(item);
}

static kdb_slice namespace_key(const void *item)
{
    return ((const struct kdb_namespace *)item)->name;
}

static void namespace_ref(void *item)
{
    atomic_fetch_add(&((struct kdb_namespace *)item)->references, 1);
}

static void namespace_unref(void *item)
{
    kdb_namespace_unref(item);
}

static kdb_slice storage_key(const void *item)
{
    return ((const struct kdb_storage *)item)->id;
}

static void storage_ref(void *item)
{
    atomic_fetch_add(&((struct kdb_storage *)item)->references, 1);
}

static void storage_unref(void *item)
{
    kdb_storage_unref(item);
}

static kdb_slice user_key(const void *item)
{
    return ((const struct kdb_user *)item)->id;
}

static void user_ref(void *item)
{
    atomic_fetch_add(&((struct kdb_user *)item)->references, 1);
}

static void user_unref(void *item)
{
    kdb_user_unref(item);
}

const struct kdb_cow_ops catalog_table_ops = {table_key, table_ref, table_unref};
const struct kdb_cow_ops catalog_table_id_ops = {table_id_key, table_ref, table_unref};
const struct kdb_cow_ops catalog_namespace_ops = {namespace_key, namespace_ref, namespace_unref};
const struct kdb_cow_ops catalog_storage_ops = {storage_key, storage_ref, storage_unref};
const struct kdb_cow_ops catalog_user_ops = {user_key, user_ref, user_unref};

void catalog_set(struct kdb_cow_map **map, const struct kdb_cow_ops *ops, void *item)
{
    struct kdb_cow_map *next = kdb_cow_map_set(*map, ops, item);
    kdb_cow_map_unref(*map, ops);
    *map = next;
}

void catalog_unset(struct kdb_cow_map **map, const struct kdb_cow_ops *ops, kdb_slice key)
{
    struct kdb_cow_map *next = kdb_cow_map_remove(*map, ops, key);
    kdb_cow_map_unref(*map, ops);
    *map = next;
}

// ---- snapshots ----

static struct kdb_catalog_snapshot *snapshot_copy(const struct kdb_catalog_snapshot *from)
{
    struct kdb_catalog_snapshot *copy = kdb_alloc(sizeof(*copy));
    atomic_init(&copy->references, 1);
    if (from) {
        copy->version = from->version + 1;
        copy->namespaces = kdb_cow_map_ref(from->namespaces);
        copy->tables = kdb_cow_map_ref(from->tables);
        copy->table_ids = kdb_cow_map_ref(from->table_ids);
        copy->storages = kdb_cow_map_ref(from->storages);
        copy->users = kdb_cow_map_ref(from->users);
    }
    return copy;
}

struct kdb_catalog_snapshot *kdb_catalog_acquire(struct kdb_catalog *catalog)
{
    (void)pthread_mutex_lock(&catalog->lock);
    struct kdb_catalog_snapshot *snapshot = catalog->newest;
    atomic_fetch_add(&snapshot->references, 1);
    (void)pthread_mutex_unlock(&catalog->lock);
    return snapshot;
}

struct kdb_catalog_snapshot *kdb_catalog_snapshot_ref(struct kdb_catalog_snapshot *snapshot)
{
    atomic_fetch_add(&snapshot->references, 1);
    return snapshot;
}

void kdb_catalog_release(struct kdb_catalog_snapshot *snapshot)
{
    if (!snapshot || atomic_fetch_sub(&snapshot->references, 1) != 1)
        return;
    kdb_cow_map_unref(snapshot->namespaces, &catalog_namespace_ops);
    kdb_cow_map_unref(snapshot->tables, &catalog_table_ops);
    kdb_cow_map_unref(snapshot->table_ids, &catalog_table_id_ops);
    kdb_cow_map_unref(snapshot->storages, &catalog_storage_ops);
    kdb_cow_map_unref(snapshot->users, &catalog_user_ops);
    kdb_free(snapshot);
}

uint64_t kdb_catalog_version(const struct kdb_catalog *catalog)
{
    return atomic_load(&catalog->version);
}

// ---- lookups ----

struct kdb_table *kdb_catalog_table(const struct kdb_catalog_snapshot *snapshot, kdb_slice space,
                                    kdb_slice name)
{
    char key[2 * KDB_NAME_BYTES_MAX + 1];
    if (space.len > KDB_NAME_BYTES_MAX || name.len > KDB_NAME_BYTES_MAX)
        return NULL;
    if (space.len > 0)
        memcpy(key, space.data, space.len);
    key[space.len] = '\0';
    if (name.len > 0)
        memcpy(key + space.len + 1, name.data, name.len);
    return kdb_cow_map_find(snapshot->tables, &catalog_table_ops,
                            kdb_slice_of(key, space.len + 1 + name.len));
}

struct kdb_table *kdb_catalog_table_by_id(const struct kdb_catalog_snapshot *snapshot, uint32_t id)
{
    const char key[4] = {(char)(id >> 24), (char)(id >> 16), (char)(id >> 8), (char)id};
    return kdb_cow_map_find(snapshot->table_ids, &catalog_table_id_ops,
                            kdb_slice_of(key, sizeof(key)));
}

struct kdb_namespace *kdb_catalog_namespace(const struct kdb_catalog_snapshot *snapshot,
                                            kdb_slice name)
{
    return kdb_cow_map_find(snapshot->namespaces, &catalog_namespace_ops, name);
}

struct kdb_storage *kdb_catalog_storage(const struct kdb_catalog_snapshot *snapshot, kdb_slice id)
{
    return kdb_cow_map_find(snapshot->storages, &catalog_storage_ops, id);
}

struct kdb_user *kdb_catalog_user(const struct kdb_catalog_snapshot *snapshot, kdb_slice id)
{
    return kdb_cow_map_find(snapshot->users, &catalog_user_ops, id);
}

// ---- changes ----

void kdb_catalog_begin(struct kdb_catalog *catalog, struct kdb_store *store,
                       struct kdb_catalog_change *ret_change)
{
    (void)pthread_mutex_lock(&catalog->change_lock);
    *ret_change = (struct kdb_catalog_change){.catalog = catalog,
                                              .next = snapshot_copy(catalog->newest),
                                              .batch = kdb_store_batch_open(store)};
}

void kdb_catalog_publish(struct kdb_catalog_change *change)
{
    struct kdb_catalog *catalog = change->catalog;
    (void)pthread_mutex_lock(&catalog->lock);
    struct kdb_catalog_snapshot *old = catalog->newest;
    catalog->newest = change->next;
    atomic_store(&catalog->version, change->next->version);
    (void)pthread_mutex_unlock(&catalog->lock);
    for (size_t i = 0; i < change->replaced_count; i++) {
        atomic_store(&change->replaced[i]->is_obsolete, true);
        kdb_table_unref(change->replaced[i]);
    }
    kdb_free(change->replaced);
    kdb_catalog_release(old);
    kdb_store_batch_close(change->batch);
    (void)pthread_mutex_unlock(&catalog->change_lock);
}

void kdb_catalog_abandon(struct kdb_catalog_change *change)
{
    for (size_t i = 0; i < change->replaced_count; i++)
        kdb_table_unref(change->replaced[i]);
    kdb_free(change->replaced);
    kdb_catalog_release(change->next);
    kdb_store_batch_close(change->batch);
    (void)pthread_mutex_unlock(&change->catalog->change_lock);
}

static void put(struct kdb_catalog_change *change, char kind, kdb_slice key,
                const struct kdb_buf *value)
{
    struct kdb_buf full = {0};
    kdb_buf_put(&full, kind);
    kdb_buf_slice(&full, key);
    kdb_store_batch_put(change->batch, KDB_SPACE_META, kdb_buf_view(&full), kdb_buf_view(value));
    kdb_buf_deinit(&full);
}

static void unput(struct kdb_catalog_change *change, char kind, kdb_slice key)
{
    struct kdb_buf full = {0};
    kdb_buf_put(&full, kind);
    kdb_buf_slice(&full, key);
    kdb_store_batch_delete(change->batch, KDB_SPACE_META, kdb_buf_view(&full));
    kdb_buf_deinit(&full);
}

static void note_replaced(struct kdb_catalog_change *change, struct kdb_table *table)
{
    change->replaced =
        kdb_realloc(change->replaced, (change->replaced_count + 1) * sizeof(struct kdb_table *));
    change->replaced[change->replaced_count++] = kdb_table_ref(table);
}

void kdb_catalog_put_table(struct kdb_catalog_change *change, struct kdb_table *table)
{
    kdb_table_make_keys(table);
    struct kdb_table *old = kdb_catalog_table_by_id(change->next, table->id);
    if (old)
        note_replaced(change, old);
    catalog_set(&change->next->tables, &catalog_table_ops, table);
    catalog_set(&change->next->table_ids, &catalog_table_id_ops, table);
    struct kdb_buf value = {0};
    kdb_table_write(table, &value);
    put(change, KDB_META_TABLE, table_id_key(table), &value);
    kdb_buf_deinit(&value);
}

void kdb_catalog_remove_table(struct kdb_catalog_change *change, struct kdb_table *table)
{
    note_replaced(change, table);
    catalog_unset(&change->next->tables, &catalog_table_ops, table_key(table));
    catalog_unset(&change->next->table_ids, &catalog_table_id_ops, table_id_key(table));
    unput(change, KDB_META_TABLE, table_id_key(table));
}

void kdb_catalog_put_namespace(struct kdb_catalog_change *change, struct kdb_namespace *space)
{
    catalog_set(&change->next->namespaces, &catalog_namespace_ops, space);
    struct kdb_buf value = {0};
    kdb_namespace_write(space, &value);
    put(change, KDB_META_NAMESPACE, space->name, &value);
    kdb_buf_deinit(&value);
}

void kdb_catalog_remove_namespace(struct kdb_catalog_change *change, kdb_slice name)
{
    unput(change, KDB_META_NAMESPACE, name);
    catalog_unset(&change->next->namespaces, &catalog_namespace_ops, name);
}

void kdb_catalog_put_storage(struct kdb_catalog_change *change, struct kdb_storage *storage)
{
    catalog_set(&change->next->storages, &catalog_storage_ops, storage);
    struct kdb_buf value = {0};
    kdb_storage_write(storage, &value);
    put(change, KDB_META_STORAGE, storage->id, &value);
    kdb_buf_deinit(&value);
}

void kdb_catalog_remove_storage(struct kdb_catalog_change *change, kdb_slice id)
{
    unput(change, KDB_META_STORAGE, id);
    catalog_unset(&change->next->storages, &catalog_storage_ops, id);
}

void kdb_catalog_put_user(struct kdb_catalog_change *change, struct kdb_user *user)
{
    catalog_set(&change->next->users, &catalog_user_ops, user);
    struct kdb_buf value = {0};
    kdb_user_write(user, &value);
    put(change, KDB_META_USER, user->id, &value);
    kdb_buf_deinit(&value);
}

uint32_t kdb_catalog_next_table_id(struct kdb_catalog_change *change)
{
    // Taken even when the change is abandoned: a number is never used twice.
    uint32_t id = change->catalog->next_table_id++;
    KDB_ASSERT(id < KDB_SYSTEM_TABLE_ID);
    struct kdb_buf value = {0};
    kdb_buf_append(&value, &change->catalog->next_table_id, sizeof(uint32_t));
    put(change, KDB_META_MARK, KDB_LIT("table_id"), &value);
    kdb_buf_deinit(&value);
    return id;
}
