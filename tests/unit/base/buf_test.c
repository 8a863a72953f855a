// SPDX-License-Identifier: Apache-2.0
// Buffers: what is appended is there, the limit drops and flags, integers.
#include "base/buf.h"

#include <stdio.h>

#include "base/random.h"
#include "lib/test.h"

static void test_empty_buffer(void **state)
{
    (void)state;
    struct kdb_buf buf = {0};
    assert_non_null(kdb_buf_view(&buf).data);
    assert_int_equal(kdb_buf_view(&buf).len, 0);
    kdb_buf_append(&buf, NULL, 0);
    kdb_buf_slice(&buf, (kdb_slice){NULL, 0});
    assert_null(buf.data);
    kdb_buf_deinit(&buf);
}

static void test_random_appends_equal_a_plain_array(void **state)
{
    (void)state;
    static char expected[200000];
    uint64_t seed = 3;
    for (int round = 0; round < 50; round++) {
        struct kdb_buf buf = {0};
        size_t len = 0;
        for (int i = 0; i < 200; i++) {
            char piece[500];
            size_t size = kdb_random_next(&seed) % sizeof(piece);
            memset(piece, 'a' + i % 26, size);
            memcpy(expected + len, piece, size);
            len += size;
            if (i % 3 == 0) {
                kdb_buf_printf(&buf, "%.*s", (int)size, piece);
            } else if (i % 3 == 1) {
                kdb_buf_append(&buf, piece, size);
            } else {
                for (size_t k = 0; k < size; k++)
                    kdb_buf_put(&buf, piece[k]);
            }
        }
        assert_int_equal(buf.len, len);
        assert_memory_equal(buf.data, expected, len);
        kdb_buf_deinit(&buf);
    }
}

static void test_limit_drops_and_flags(void **state)
{
    (void)state;
    struct kdb_buf buf = {.limit = 100};
    for (int i = 0; i < 10; i++)
        KDB_BUF_LIT(&buf, "0123456789");
    assert_int_equal(buf.len, 100);
    assert_false(buf.is_exceeded);
    for (int i = 0; i < 1000; i++)
        KDB_BUF_LIT(&buf, "0123456789");
    assert_true(buf.is_exceeded);
    assert_true(buf.len <= 128 && buf.capacity <= 256);
    kdb_buf_clear(&buf);
    assert_false(buf.is_exceeded);
    assert_int_equal(buf.len, 0);
    KDB_BUF_LIT(&buf, "again");
    assert_slice_equal(kdb_buf_view(&buf), "again");
    kdb_buf_deinit(&buf);
    assert_int_equal(buf.limit, 100);
    assert_null(kdb_buf_reserve(&buf, 101));
    assert_true(buf.is_exceeded);
    // Nothing is added behind a gap.
    KDB_BUF_LIT(&buf, "more");
    assert_int_equal(buf.len, 0);
    kdb_buf_deinit(&buf);
}

static void test_reserve_and_advance(void **state)
{
    (void)state;
    struct kdb_buf buf = {0};
    char *at = kdb_buf_reserve(&buf, 1000);
    memcpy(at, "abc", 3);
    assert_int_equal(buf.len, 0);
    kdb_buf_advance(&buf, 3);
    assert_slice_equal(kdb_buf_view(&buf), "abc");
    kdb_buf_deinit(&buf);
}

static void expect_i64(int64_t value)
{
    struct kdb_buf buf = {0};
    kdb_buf_i64(&buf, value);
    char expected[32];
    (void)snprintf(expected, sizeof(expected), "%lld", (long long)value);
    assert_slice_equal(kdb_buf_view(&buf), expected);
    kdb_buf_clear(&buf);
    kdb_buf_u64(&buf, (uint64_t)value);
    (void)snprintf(expected, sizeof(expected), "%llu", (unsigned long long)value);
    assert_slice_equal(kdb_buf_view(&buf), expected);
    kdb_buf_deinit(&buf);
}

static void test_integers(void **state)
{
    (void)state;
    expect_i64(INT64_MIN);
    expect_i64(INT64_MAX);
    expect_i64(-1);
    for (int64_t value = 0; value < 12000; value++)
        expect_i64(value);
    for (uint64_t power = 1; power < UINT64_MAX / 10; power *= 10) {
        expect_i64((int64_t)power);
        expect_i64((int64_t)power - 1);
        expect_i64(-(int64_t)power);
    }
    uint64_t seed = 10;
    for (int round = 0; round < 20000; round++) {
        int64_t value = (int64_t)kdb_random_next(&seed);
        expect_i64(value >> kdb_random_next(&seed) % 64);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_buffer),
        cmocka_unit_test(test_random_appends_equal_a_plain_array),
        cmocka_unit_test(test_limit_drops_and_flags),
        cmocka_unit_test(test_reserve_and_advance),
        cmocka_unit_test(test_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
