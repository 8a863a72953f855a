// SPDX-License-Identifier: Apache-2.0
// Snapshots as sorted arrays.
#include "exec/catalog_list.h"

#include <stdlib.h>

// ---- names ----

static int compare_names(const void *a, const void *b)
{
    return kdb_slice_compare(*(const kdb_slice *)a, *(const kdb_slice *)b);
}

struct catalog_names catalog_names_of(kdb_slice *items, size_t count)
{
    if (count > 1)
        qsort(items, count, sizeof(*items), compare_names);
    size_t unique = count > 0;
    for (size_t i = 1; i < count; i++) {
        if (!kdb_slice_equal(items[i], items[unique - 1]))
            items[unique++] = items[i];
    }
    return (struct catalog_names){true, items, unique};
}

struct catalog_names catalog_one_name(const kdb_slice *name)
{
    return name->data ? (struct catalog_names){true, name, 1} : (struct catalog_names){0};
}

bool catalog_names_have(const struct catalog_names *names, kdb_slice name)
{
    if (!names->is_bound)
        return true;
    return names->count > 0 &&
           bsearch(&name, names->items, names->count, sizeof(name), compare_names);
}

// ---- lists ----

struct list {
    void **items;
    size_t count;
};

static bool add(void *arg, void *item)
{
    struct list *list = arg;
    list->items[list->count++] = item;
    return true;
}

static struct list list_of(struct kdb_arena *arena, const struct kdb_cow_map *map,
                           int (*compare)(const void *a, const void *b))
{
    struct list list = {.items = kdb_arena_array(arena, kdb_cow_map_count(map), sizeof(void *))};
    kdb_cow_map_each(map, add, &list);
    if (list.count > 1)
        qsort(list.items, list.count, sizeof(*list.items), compare);
    return list;
}

static int compare_tables(const void *a, const void *b)
{
    const struct kdb_table *x = *(struct kdb_table *const *)a;
    const struct kdb_table *y = *(struct kdb_table *const *)b;
    return kdb_slice_compare(x->full_name, y->full_name);
}

static int compare_namespaces(const void *a, const void *b)
{
    const struct kdb_namespace *x = *(struct kdb_namespace *const *)a;
    const struct kdb_namespace *y = *(struct kdb_namespace *const *)b;
    return kdb_slice_compare(x->name, y->name);
}

static int compare_storages(const void *a, const void *b)
{
    const struct kdb_storage *x = *(struct kdb_storage *const *)a;
    const struct kdb_storage *y = *(struct kdb_storage *const *)b;
    return kdb_slice_compare(x->id, y->id);
}

static int compare_users(const void *a, const void *b)
{
    const struct kdb_user *x = *(struct kdb_user *const *)a;
    const struct kdb_user *y = *(struct kdb_user *const *)b;
    return kdb_slice_compare(x->id, y->id);
}

// The wanted tables, not sorted yet.
struct table_search {
    struct kdb_table **items;
    size_t count;
    const struct catalog_choice *choice;
};

static bool add_table(void *arg, void *item)
{
    struct table_search *search = arg;
    struct kdb_table *table = item;
    const struct catalog_choice *choice = search->choice;
    bool is_system = table->kind == KDB_TABLE_SYSTEM;
    bool is_wanted = choice->part == CATALOG_ALL || is_system == (choice->part == CATALOG_SYSTEM);
    if (is_wanted && catalog_names_have(&choice->spaces, table->space) &&
        catalog_names_have(&choice->names, table->name))
        search->items[search->count++] = table;
    return true;
}

static void look_up_tables(struct table_search *search, const struct kdb_catalog_snapshot *snapshot)
{
    const struct catalog_choice *choice = search->choice;
    for (size_t i = 0; i < choice->spaces.count; i++) {
        for (size_t j = 0; j < choice->names.count; j++) {
            struct kdb_table *table =
                kdb_catalog_table(snapshot, choice->spaces.items[i], choice->names.items[j]);
            if (table)
                (void)add_table(search, table);
        }
    }
}

struct kdb_table **catalog_list_tables(struct kdb_arena *arena,
                                       const struct kdb_catalog_snapshot *snapshot,
                                       const struct catalog_choice *choice, size_t *ret_count)
{
    struct table_search search = {.choice = choice};
    size_t all = kdb_cow_map_count(snapshot->tables);
    size_t lookups = choice->spaces.count * choice->names.count;
    bool looks_up = choice->spaces.is_bound && choice->names.is_bound && lookups <= all;
    search.items = kdb_arena_array(arena, looks_up ? lookups : all, sizeof(struct kdb_table *));
    if (looks_up)
        look_up_tables(&search, snapshot);
    else
        kdb_cow_map_each(snapshot->tables, add_table, &search);
    if (search.count > 1)
        qsort(search.items, search.count, sizeof(struct kdb_table *), compare_tables);
    *ret_count = search.count;
    return search.items;
}

struct kdb_namespace **catalog_list_namespaces(struct kdb_arena *arena,
                                               const struct kdb_catalog_snapshot *snapshot,
                                               size_t *ret_count)
{
    struct list list = list_of(arena, snapshot->namespaces, compare_namespaces);
    *ret_count = list.count;
    return (struct kdb_namespace **)list.items;
}

struct kdb_storage **catalog_list_storages(struct kdb_arena *arena,
                                           const struct kdb_catalog_snapshot *snapshot,
                                           size_t *ret_count)
{
    struct list list = list_of(arena, snapshot->storages, compare_storages);
    *ret_count = list.count;
    return (struct kdb_storage **)list.items;
}

static struct kdb_user **look_up_users(struct kdb_arena *arena,
                                       const struct kdb_catalog_snapshot *snapshot,
                                       const struct catalog_names *ids, size_t *ret_count)
{
    struct kdb_user **users = kdb_arena_array(arena, ids->count, sizeof(struct kdb_user *));
    size_t count = 0;
    for (size_t i = 0; i < ids->count; i++) {
        struct kdb_user *user = kdb_catalog_user(snapshot, ids->items[i]);
        if (user)
            users[count++] = user;
    }
    *ret_count = count;
    return users;
}

struct kdb_user **catalog_list_users(struct kdb_arena *arena,
                                     const struct kdb_catalog_snapshot *snapshot,
                                     const struct catalog_names *ids, size_t *ret_count)
{
    if (ids->is_bound)
        return look_up_users(arena, snapshot, ids, ret_count);
    struct list list = list_of(arena, snapshot->users, compare_users);
    *ret_count = list.count;
    return (struct kdb_user **)list.items;
}

struct use_count {
    kdb_slice storage_id;
    size_t count;
};

static bool count_use(void *arg, void *item)
{
    struct use_count *use = arg;
    const struct kdb_table *table = item;
    bool is_created = table->kind != KDB_TABLE_SYSTEM;
    use->count += is_created && kdb_slice_equal(table->storage_id, use->storage_id);
    return true;
}

size_t catalog_list_storage_use(const struct kdb_catalog_snapshot *snapshot, kdb_slice storage_id)
{
    struct use_count use = {.storage_id = storage_id};
    kdb_cow_map_each(snapshot->tables, count_use, &use);
    return use.count;
}

bool catalog_list_is_virtual(kdb_slice space)
{
    return kdb_slice_equal(space, KDB_LIT("system")) ||
           kdb_slice_equal(space, KDB_LIT("information_schema"));
}
