// SPDX-License-Identifier: Apache-2.0
// Arenas: nothing overlaps, alignment, the limit flag, reset, growth, cleanups newest first.
#include "base/arena.h"

#include "base/random.h"
#include "lib/test.h"

static void test_allocations_do_not_overlap(void **state)
{
    (void)state;
    struct kdb_arena arena;
    kdb_arena_init(&arena, 0);
    uint64_t seed = 1;
    for (int round = 0; round < 20; round++) {
        unsigned char *blocks[300];
        size_t sizes[300];
        for (int i = 0; i < 300; i++) {
            uint64_t kind = kdb_random_next(&seed) % 20;
            sizes[i] = kdb_random_next(&seed) % (kind == 0 ? 40000 : kind < 5 ? 3000 : 100);
            blocks[i] = kdb_arena_alloc(&arena, sizes[i]);
            assert_int_equal((uintptr_t)blocks[i] % 16, 0);
            memset(blocks[i], i, sizes[i]);
        }
        for (int i = 0; i < 300; i++) {
            for (size_t at = 0; at < sizes[i]; at++)
                assert_int_equal(blocks[i][at], (unsigned char)i);
        }
        kdb_arena_reset(&arena);
        assert_true(arena.used_bytes <= 64 * 1024);
    }
    kdb_arena_deinit(&arena);
}

static void test_zeroed_struct_is_an_arena(void **state)
{
    (void)state;
    struct kdb_arena arena = {0};
    kdb_arena_reset(&arena);
    kdb_arena_deinit(&arena);
    assert_non_null(kdb_arena_alloc(&arena, 0));
    kdb_arena_deinit(&arena);
    assert_int_equal(arena.used_bytes, 0);
}

static void test_zeroed_memory(void **state)
{
    (void)state;
    struct kdb_arena arena;
    kdb_arena_init(&arena, 0);
    memset(kdb_arena_alloc(&arena, 1000), 0xff, 1000);
    kdb_arena_reset(&arena);
    const char *zeroed = kdb_arena_zalloc(&arena, 500);
    const uint64_t *array = kdb_arena_array(&arena, 50, sizeof(*array));
    for (int i = 0; i < 500; i++)
        assert_int_equal(zeroed[i], 0);
    for (int i = 0; i < 50; i++)
        assert_true(array[i] == 0);
    kdb_arena_deinit(&arena);
}

static void test_limit_is_a_flag(void **state)
{
    (void)state;
    struct kdb_arena arena;
    kdb_arena_init(&arena, 100000);
    assert_false(kdb_arena_is_exceeded(&arena));
    (void)kdb_arena_alloc(&arena, 50000);
    assert_false(kdb_arena_is_exceeded(&arena));
    char *beyond = kdb_arena_alloc(&arena, 60000);
    memset(beyond, 1, 60000);
    assert_true(kdb_arena_is_exceeded(&arena));
    kdb_arena_reset(&arena);
    assert_false(kdb_arena_is_exceeded(&arena));
    assert_int_equal(arena.limit_bytes, 100000);
    kdb_arena_deinit(&arena);
}

// Many small requests after a large one still share chunks.
static void test_large_blocks_do_not_waste_the_current_chunk(void **state)
{
    (void)state;
    struct kdb_arena arena;
    kdb_arena_init(&arena, 0);
    (void)kdb_arena_alloc(&arena, 16);
    size_t before = arena.used_bytes;
    for (int i = 0; i < 10; i++) {
        (void)kdb_arena_alloc(&arena, 50000);
        (void)kdb_arena_alloc(&arena, 16);
    }
    assert_int_equal(arena.used_bytes - before, 10 * 50000);
    kdb_arena_deinit(&arena);
}

static void test_push_keeps_what_is_there(void **state)
{
    (void)state;
    struct kdb_arena arena;
    kdb_arena_init(&arena, 0);
    int *items = NULL;
    size_t count = 0;
    size_t capacity = 0;
    for (int i = 0; i < 10000; i++)
        KDB_PUSH(&arena, items, count, capacity, i);
    assert_int_equal(count, 10000);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(items[i], i);
    kdb_arena_deinit(&arena);
}

static void test_copy_and_printf(void **state)
{
    (void)state;
    struct kdb_arena arena;
    kdb_arena_init(&arena, 0);
    char text[] = "abc";
    kdb_slice copy = kdb_arena_copy(&arena, kdb_slice_cstr(text));
    text[0] = 'x';
    assert_slice_equal(copy, "abc");
    assert_int_equal(copy.data[3], '\0');
    kdb_slice empty = kdb_arena_copy(&arena, (kdb_slice){NULL, 0});
    assert_non_null(empty.data);
    assert_int_equal(empty.len, 0);
    assert_slice_equal(kdb_arena_printf(&arena, "%d-%s", 12, "x"), "12-x");
    assert_int_equal(kdb_arena_printf(&arena, "%9000d", 1).len, 9000);
    kdb_arena_deinit(&arena);
}

struct order {
    int *list;
    int *count;
    int number;
};

static void note_cleanup(void *arg)
{
    const struct order *order = arg;
    order->list[(*order->count)++] = order->number;
}

static void test_cleanups_run_once_newest_first(void **state)
{
    (void)state;
    struct kdb_arena arena;
    kdb_arena_init(&arena, 0);
    int list[10];
    int count = 0;
    struct order orders[3];
    for (int i = 0; i < 3; i++) {
        orders[i] = (struct order){list, &count, i};
        kdb_arena_on_reset(&arena, note_cleanup, &orders[i]);
    }
    kdb_arena_reset(&arena);
    assert_int_equal(count, 3);
    assert_int_equal(list[0], 2);
    assert_int_equal(list[2], 0);
    kdb_arena_on_reset(&arena, note_cleanup, &orders[1]);
    kdb_arena_deinit(&arena);
    assert_int_equal(count, 4);
    assert_int_equal(list[3], 1);
    kdb_arena_deinit(&arena);
    assert_int_equal(count, 4);
}

// What is built once and kept takes little; what is used again and again takes whole chunks.
static void test_small_things_take_little(void **state)
{
    (void)state;
    struct kdb_arena arena;
    kdb_arena_init(&arena, 0);
    for (size_t used = 0; used < 200000; used += 112) {
        (void)kdb_arena_alloc(&arena, 100);
        assert_true(arena.used_bytes <= (used < 500 ? 1024 : 3 * used + 16384));
        if (used < 8000)
            assert_true(arena.used_bytes <= 1024 + 2 * used);
    }
    kdb_arena_reset(&arena);
    kdb_arena_reset(&arena);
    assert_int_equal(arena.used_bytes, 16384);
    kdb_arena_deinit(&arena);
    kdb_arena_reset(&arena);
    (void)kdb_arena_alloc(&arena, 100);
    assert_int_equal(arena.used_bytes, 16384);
    kdb_arena_deinit(&arena);
}

// Whatever is allocated behind a mark, small and large, goes; what was there before stays.
static void test_release_goes_back_to_a_mark(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int round = 0; round < 200; round++) {
        struct kdb_arena arena;
        kdb_arena_init(&arena, 1 << 20);
        unsigned char *kept[40];
        size_t count = kdb_random_next(&seed) % 40; // 0: the mark of an empty arena
        for (size_t i = 0; i < count; i++)
            kept[i] = memset(kdb_arena_alloc(&arena, 3000 + i), (int)i, 3000 + i);
        size_t used_bytes = arena.used_bytes;
        const struct kdb_arena_mark mark = kdb_arena_mark(&arena);
        const char *first = NULL;
        for (int attempt = 0; attempt < 3; attempt++) {
            const char *again = kdb_arena_alloc(&arena, 10);
            assert_true(attempt == 0 || count == 0 || again == first || mark.at == mark.end);
            first = again;
            for (int i = 0; i < 50; i++) {
                size_t size = kdb_random_next(&seed) % (i % 8 == 0 ? 40000 : 500);
                memset(kdb_arena_alloc(&arena, size), 0xee, size);
            }
            kdb_arena_release(&arena, &mark);
            assert_int_equal(arena.used_bytes, used_bytes);
        }
        for (size_t i = 0; i < count; i++) {
            for (size_t at = 0; at < 3000 + i; at++)
                assert_int_equal(kept[i][at], (unsigned char)i);
        }
        kdb_arena_deinit(&arena);
    }
}

static void test_release_ends_an_excess(void **state)
{
    (void)state;
    struct kdb_arena arena;
    kdb_arena_init(&arena, 100000);
    (void)kdb_arena_alloc(&arena, 50000);
    const struct kdb_arena_mark mark = kdb_arena_mark(&arena);
    for (int i = 0; i < 5; i++) {
        (void)kdb_arena_alloc(&arena, 40000);
        assert_false(kdb_arena_is_exceeded(&arena));
        kdb_arena_release(&arena, &mark);
    }
    kdb_arena_deinit(&arena);
}

static void test_release_runs_the_cleanups_behind_the_mark(void **state)
{
    (void)state;
    struct kdb_arena arena;
    kdb_arena_init(&arena, 0);
    int list[10];
    int count = 0;
    struct order orders[4];
    for (int i = 0; i < 4; i++)
        orders[i] = (struct order){list, &count, i};
    kdb_arena_on_reset(&arena, note_cleanup, &orders[0]);
    const struct kdb_arena_mark mark = kdb_arena_mark(&arena);
    kdb_arena_on_reset(&arena, note_cleanup, &orders[1]);
    kdb_arena_on_reset(&arena, note_cleanup, &orders[2]);
    kdb_arena_release(&arena, &mark);
    assert_int_equal(count, 2);
    assert_int_equal(list[0], 2);
    assert_int_equal(list[1], 1);
    kdb_arena_on_reset(&arena, note_cleanup, &orders[3]);
    kdb_arena_deinit(&arena);
    assert_int_equal(count, 4);
    assert_int_equal(list[2], 3);
    assert_int_equal(list[3], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocations_do_not_overlap),
        cmocka_unit_test(test_zeroed_struct_is_an_arena),
        cmocka_unit_test(test_zeroed_memory),
        cmocka_unit_test(test_limit_is_a_flag),
        cmocka_unit_test(test_large_blocks_do_not_waste_the_current_chunk),
        cmocka_unit_test(test_push_keeps_what_is_there),
        cmocka_unit_test(test_copy_and_printf),
        cmocka_unit_test(test_small_things_take_little),
        cmocka_unit_test(test_cleanups_run_once_newest_first),
        cmocka_unit_test(test_release_goes_back_to_a_mark),
        cmocka_unit_test(test_release_ends_an_excess),
        cmocka_unit_test(test_release_runs_the_cleanups_behind_the_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
