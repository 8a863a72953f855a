// SPDX-License-Identifier: Apache-2.0
// Heap memory: zeroed, never NULL, growth by doubling.
#include "base/alloc.h"

#include "lib/test.h"

static void test_memory_is_zeroed_and_not_null(void **state)
{
    (void)state;
    for (size_t size = 0; size < 2000; size += 37) {
        unsigned char *memory = kdb_alloc(size);
        assert_non_null(memory);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xff, size);
        kdb_free(memory);
    }
    void *none = kdb_alloc_array(0, 8);
    assert_non_null(none);
    kdb_free(none);
    kdb_free(NULL);
}

static void test_realloc_keeps_the_content(void **state)
{
    (void)state;
    char *memory = kdb_realloc(NULL, 3);
    memcpy(memory, "abc", 3);
    memory = kdb_realloc(memory, 100000);
    assert_memory_equal(memory, "abc", 3);
    memory = kdb_realloc(memory, 0);
    assert_non_null(memory);
    kdb_free(memory);
}

static void test_text_ends_in_nul(void **state)
{
    (void)state;
    char *text = kdb_alloc_text("abcdef", 3);
    assert_string_equal(text, "abc");
    kdb_free(text);
    text = kdb_alloc_text(NULL, 0);
    assert_string_equal(text, "");
    kdb_free(text);
}

static void test_capacity_doubles(void **state)
{
    (void)state;
    assert_int_equal(kdb_grow_capacity(0, 1), 8);
    assert_int_equal(kdb_grow_capacity(8, 8), 8);
    assert_int_equal(kdb_grow_capacity(8, 9), 16);
    assert_int_equal(kdb_grow_capacity(8, 1000), 1024);
    assert_int_equal(kdb_grow_capacity(10, 11), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zeroed_and_not_null),
        cmocka_unit_test(test_realloc_keeps_the_content),
        cmocka_unit_test(test_text_ends_in_nul),
        cmocka_unit_test(test_capacity_doubles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
