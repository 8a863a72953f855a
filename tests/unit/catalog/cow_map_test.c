// SPDX-License-Identifier: Apache-2.0
// The copy-on-write map against a plain array, with every old version still readable.
#include "catalog/cow_map.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/random.h"
#include "lib/test.h"

struct item {
    atomic_uint references;
    char name[16];
    int value;
};

static int live_items;

static kdb_slice item_key(const void *at)
{
    return kdb_slice_cstr(((const struct item *)at)->name);
}

static void item_ref(void *at)
{
    atomic_fetch_add(&((struct item *)at)->references, 1);
}

static void item_unref(void *at)
{
    struct item *item = at;
    if (atomic_fetch_sub(&item->references, 1) == 1) {
        live_items--;
        kdb_free(item);
    }
}

static const struct kdb_cow_ops ops = {item_key, item_ref, item_unref};

static struct item *item_new(int key, int value)
{
    struct item *item = kdb_alloc(sizeof(*item));
    atomic_init(&item->references, 1);
    (void)snprintf(item->name, sizeof(item->name), "k%d", key);
    item->value = value;
    live_items++;
    return item;
}

static int value_of(const struct kdb_cow_map *map, int key)
{
    char name[16];
    (void)snprintf(name, sizeof(name), "k%d", key);
    const struct item *item = kdb_cow_map_find(map, &ops, kdb_slice_cstr(name));
    return item ? item->value : 0;
}

enum { KEYS = 300, VERSIONS = 40 };

static void check(const struct kdb_cow_map *map, const int *model)
{
    size_t count = 0;
    for (int key = 0; key < KEYS; key++) {
        assert_int_equal(value_of(map, key), model[key]);
        count += model[key] != 0;
    }
    assert_int_equal(kdb_cow_map_count(map), count);
}

static void test_every_version_stays_as_it_was(void **state)
{
    (void)state;
    static int models[VERSIONS][KEYS];
    struct kdb_cow_map *maps[VERSIONS] = {NULL};
    uint64_t seed = 1;
    for (int version = 1; version < VERSIONS; version++) {
        memcpy(models[version], models[version - 1], sizeof(models[0]));
        struct kdb_cow_map *map = kdb_cow_map_ref(maps[version - 1]);
        for (int change = 0; change < 25; change++) {
            int key = (int)(kdb_random_next(&seed) % KEYS);
            struct kdb_cow_map *next;
            if (kdb_random_next(&seed) % 3 == 0) {
                char name[16];
                (void)snprintf(name, sizeof(name), "k%d", key);
                next = kdb_cow_map_remove(map, &ops, kdb_slice_cstr(name));
                models[version][key] = 0;
            } else {
                struct item *item = item_new(key, version * 1000 + change);
                next = kdb_cow_map_set(map, &ops, item);
                models[version][key] = item->value;
                item_unref(item);
            }
            kdb_cow_map_unref(map, &ops);
            map = next;
        }
        maps[version] = map;
    }
    for (int version = 0; version < VERSIONS; version++)
        check(maps[version], models[version]);
    for (int version = 0; version < VERSIONS; version++)
        kdb_cow_map_unref(maps[version], &ops);
    assert_int_equal(live_items, 0);
}

static bool count_visit(void *arg, void *item)
{
    (void)item;
    int *left = arg;
    return --*left > 0;
}

static void test_each_stops_when_told(void **state)
{
    (void)state;
    struct kdb_cow_map *map = NULL;
    for (int key = 0; key < 10; key++) {
        struct item *item = item_new(key, key + 1);
        struct kdb_cow_map *next = kdb_cow_map_set(map, &ops, item);
        item_unref(item);
        kdb_cow_map_unref(map, &ops);
        map = next;
    }
    int left = 4;
    kdb_cow_map_each(map, count_visit, &left);
    assert_int_equal(left, 0);
    left = 100;
    kdb_cow_map_each(map, count_visit, &left);
    assert_int_equal(left, 90);
    kdb_cow_map_unref(map, &ops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_version_stays_as_it_was),
        cmocka_unit_test(test_each_stops_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
