// SPDX-License-Identifier: Apache-2.0
// The hash map against a plain array, with copied and with borrowed keys.
#include "base/map.h"

#include <stdio.h>

#include "base/random.h"
#include "lib/test.h"

static void test_empty_map(void **state)
{
    (void)state;
    struct kdb_map map = {0};
    size_t cursor = 0;
    assert_null(kdb_map_get(&map, KDB_LIT("a")));
    assert_null(kdb_map_remove(&map, KDB_LIT("a")));
    assert_false(kdb_map_next(&map, &cursor, NULL, NULL));
    kdb_map_deinit(&map);
}

static void test_set_replaces_and_removes(void **state)
{
    (void)state;
    struct kdb_map map = {.copies_keys = true};
    int one = 1;
    int two = 2;
    char key[] = "key";
    assert_null(kdb_map_set(&map, kdb_slice_cstr(key), &one));
    key[0] = 'X';
    assert_ptr_equal(kdb_map_get(&map, KDB_LIT("key")), &one);
    assert_ptr_equal(kdb_map_set(&map, KDB_LIT("key"), &two), &one);
    assert_null(kdb_map_set(&map, KDB_LIT(""), &one));
    assert_ptr_equal(kdb_map_get(&map, (kdb_slice){NULL, 0}), &one);
    assert_null(kdb_map_get(&map, KDB_LIT("key\0")));
    assert_int_equal(map.count, 2);
    assert_ptr_equal(kdb_map_remove(&map, KDB_LIT("key")), &two);
    assert_null(kdb_map_remove(&map, KDB_LIT("key")));
    assert_int_equal(map.count, 1);
    kdb_map_deinit(&map);
    assert_true(map.copies_keys);
    assert_null(kdb_map_get(&map, KDB_LIT("")));
}

// A borrowed key may live inside the value: replacing the value must not leave the old key behind.
static void test_borrowed_key_follows_the_value(void **state)
{
    (void)state;
    struct kdb_map map = {0};
    char first[] = "name";
    char second[] = "name";
    (void)kdb_map_set(&map, kdb_slice_cstr(first), first);
    assert_ptr_equal(kdb_map_set(&map, kdb_slice_cstr(second), second), first);
    memset(first, 'x', sizeof(first));
    assert_ptr_equal(kdb_map_get(&map, KDB_LIT("name")), second);
    kdb_slice key;
    size_t cursor = 0;
    assert_true(kdb_map_next(&map, &cursor, &key, NULL));
    assert_ptr_equal(key.data, second);
    kdb_map_deinit(&map);
}

#define KEYS 300

static void check_against_model(const struct kdb_map *map, int *const model[KEYS])
{
    size_t count = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        char key[16];
        int len = snprintf(key, sizeof(key), "k%u", i);
        assert_ptr_equal(kdb_map_get(map, kdb_slice_of(key, (size_t)len)), model[i]);
        count += model[i] != NULL;
    }
    assert_int_equal(map->count, count);
    bool seen[KEYS] = {false};
    size_t cursor = 0;
    kdb_slice key;
    void *value;
    while (kdb_map_next(map, &cursor, &key, &value)) {
        int64_t index = -1;
        assert_true(kdb_slice_to_i64(kdb_slice_skip(key, 1), &index));
        assert_ptr_equal(value, model[index]);
        assert_false(seen[index]);
        seen[index] = true;
        count--;
    }
    assert_int_equal(count, 0);
}

static void test_random_changes_equal_an_array(void **state)
{
    (void)state;
    struct kdb_map map = {.copies_keys = true};
    static int values[KEYS];
    int *model[KEYS] = {NULL};
    uint64_t seed = 4;
    for (int round = 0; round < 20000; round++) {
        uint64_t index = kdb_random_next(&seed) % KEYS;
        // Phases of mostly adding and mostly removing.
        bool adds = kdb_random_next(&seed) % 8 < (round / 2000 % 2 ? 2U : 6U);
        char key[16];
        kdb_slice text = {key, (size_t)snprintf(key, sizeof(key), "k%u", (unsigned)index)};
        int *value = adds ? &values[kdb_random_next(&seed) % KEYS] : NULL;
        void *before = adds ? kdb_map_set(&map, text, value) : kdb_map_remove(&map, text);
        assert_ptr_equal(before, model[index]);
        model[index] = value;
        if (round % 200 == 0)
            check_against_model(&map, model);
    }
    kdb_map_deinit(&map);
}

static void test_grows_to_many_entries(void **state)
{
    (void)state;
    static uint32_t keys[50000];
    struct kdb_map map = {0};
    for (uint32_t i = 0; i < 50000; i++) {
        keys[i] = i;
        assert_null(kdb_map_set(&map, kdb_slice_of(&keys[i], sizeof(keys[i])), &keys[i]));
    }
    for (uint32_t i = 0; i < 50000; i++)
        assert_ptr_equal(kdb_map_get(&map, kdb_slice_of(&i, sizeof(i))), &keys[i]);
    assert_true(map.capacity <= (size_t)50000 * 4);
    kdb_map_deinit(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_map),
        cmocka_unit_test(test_set_replaces_and_removes),
        cmocka_unit_test(test_borrowed_key_follows_the_value),
        cmocka_unit_test(test_random_changes_equal_an_array),
        cmocka_unit_test(test_grows_to_many_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
