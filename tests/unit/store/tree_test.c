// SPDX-License-Identifier: Apache-2.0
// The persistent tree: it stays flat, keeps old states, shares what did not change, frees all.
#include "store/tree_priv.h"

#include <stdio.h>

#include "lib/test.h"

enum { KEYS = 10000, DEPTH_MAX = 64 };

struct counted_tree {
    struct store_tree tree;
    _Atomic size_t bytes;
};

static void init(struct counted_tree *counted)
{
    *counted = (struct counted_tree){.tree = {.bytes = &counted->bytes}};
}

// Frees the tree; nothing may be left.
static void deinit(struct counted_tree *counted)
{
    store_tree_unref(counted->tree.root, &counted->bytes);
    assert_int_equal(counted->bytes, 0);
}

static kdb_slice key_of(int number, char text[16])
{
    return kdb_slice_of(text, (size_t)snprintf(text, 16, "%08d", number));
}

static void put(struct counted_tree *counted, int number, const char *value)
{
    char text[16];
    store_tree_put(&counted->tree, key_of(number, text), kdb_slice_cstr(value));
}

// Nodes on the way to the smallest key, which is as long as any other way may be.
static size_t left_depth(const struct counted_tree *counted)
{
    struct store_cursor cursor = {0};
    store_cursor_seek(&cursor, counted->tree.root, KDB_LIT(""));
    size_t depth = cursor.count;
    store_cursor_deinit(&cursor);
    return depth;
}

static size_t right_depth(const struct counted_tree *counted)
{
    struct store_cursor cursor = {0};
    store_cursor_seek_before(&cursor, counted->tree.root, (kdb_slice){NULL, 0});
    size_t depth = cursor.count;
    store_cursor_deinit(&cursor);
    return depth;
}

static void stays_flat_under_sorted_keys(void **state)
{
    (void)state;
    struct counted_tree counted;
    init(&counted);
    for (int i = 0; i < KEYS; i++)
        put(&counted, i, "v");
    assert_in_range(left_depth(&counted), 1, DEPTH_MAX);
    assert_in_range(right_depth(&counted), 1, DEPTH_MAX);
    char text[16];
    for (int i = 0; i < KEYS; i += 2) // merges
        store_tree_remove(&counted.tree, key_of(i, text));
    char end[16];
    for (int i = 0; i < KEYS; i += 100) // splits and merges
        store_tree_remove_range(&counted.tree, key_of(i, text), key_of(i + 50, end));
    for (int i = KEYS; i-- > 0;)
        put(&counted, i, "v");
    assert_in_range(left_depth(&counted), 1, DEPTH_MAX);
    assert_in_range(right_depth(&counted), 1, DEPTH_MAX);
    deinit(&counted);
}

static void copies_only_the_path_that_changes(void **state)
{
    (void)state;
    struct counted_tree counted;
    init(&counted);
    for (int i = 0; i < KEYS; i++)
        put(&counted, i, "v");
    size_t full = counted.bytes;
    put(&counted, KEYS / 2, "w"); // nobody keeps a state: changed in place
    assert_int_equal(counted.bytes, full);
    struct store_node *kept = store_tree_ref(&counted.tree);
    put(&counted, KEYS / 2, "x");
    assert_in_range(counted.bytes, full + 1, full + (size_t)DEPTH_MAX * 128);
    char text[16];
    assert_slice_equal(store_tree_get(kept, key_of(KEYS / 2, text)), "w");
    assert_slice_equal(store_tree_get(counted.tree.root, key_of(KEYS / 2, text)), "x");
    store_tree_unref(kept, &counted.bytes);
    assert_int_equal(counted.bytes, full);
    deinit(&counted);
}

static void kept_states_outlive_the_tree(void **state)
{
    (void)state;
    struct counted_tree counted;
    init(&counted);
    struct store_node *kept[3];
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 100; j++)
            put(&counted, j * 3 + i, "v");
        kept[i] = store_tree_ref(&counted.tree);
    }
    store_tree_remove_range(&counted.tree, KDB_LIT(""), KDB_LIT("~"));
    assert_null(counted.tree.root);
    for (int i = 0; i < 3; i++) {
        struct store_cursor cursor = {0};
        kdb_slice key;
        kdb_slice value;
        int count = 0;
        store_cursor_seek(&cursor, kept[i], KDB_LIT(""));
        while (store_cursor_next(&cursor, false, &key, &value))
            count++;
        assert_int_equal(count, (i + 1) * 100);
        store_cursor_deinit(&cursor);
    }
    store_tree_unref(kept[1], &counted.bytes);
    store_tree_unref(kept[0], &counted.bytes);
    char text[16];
    assert_slice_equal(store_tree_get(kept[2], key_of(299, text)), "v");
    store_tree_unref(kept[2], &counted.bytes);
    deinit(&counted);
}

static void peeks_without_moving(void **state)
{
    (void)state;
    struct counted_tree counted;
    init(&counted);
    struct store_cursor cursor = {0};
    kdb_slice key = {NULL, 0};
    kdb_slice value;
    store_cursor_seek(&cursor, counted.tree.root, KDB_LIT(""));
    assert_false(store_cursor_peek(&cursor, &key));
    store_tree_put(&counted.tree, KDB_LIT("k"), KDB_LIT("v"));
    store_cursor_seek(&cursor, counted.tree.root, KDB_LIT(""));
    for (int i = 0; i < 2; i++) {
        assert_true(store_cursor_peek(&cursor, &key));
        assert_slice_equal(key, "k");
    }
    assert_true(store_cursor_next(&cursor, false, &key, &value));
    assert_slice_equal(value, "v");
    assert_false(store_cursor_peek(&cursor, &key));
    assert_false(store_cursor_next(&cursor, false, &key, &value));
    store_cursor_deinit(&cursor);
    deinit(&counted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_flat_under_sorted_keys),
        cmocka_unit_test(copies_only_the_path_that_changes),
        cmocka_unit_test(kept_states_outlive_the_tree),
        cmocka_unit_test(peeks_without_moving),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
