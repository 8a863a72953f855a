// SPDX-License-Identifier: Apache-2.0
// Key filters: the hash is XXH64, no key that is in is ever denied, few that are not in are let
// through, any bytes are survived.
#include "segments/filter.h"

#include "base/random.h"
#include "lib/test.h"

static void hash_is_xxh64(void **state)
{
    (void)state;
    // From the reference implementation, seed 0.
    assert_int_equal(kdb_filter_hash(KDB_LIT("")), 0xEF46DB3751D8E999U);
    assert_int_equal(kdb_filter_hash(KDB_LIT("a")), 0xD24EC4F1A98C6E5BU);
    assert_int_equal(kdb_filter_hash(KDB_LIT("abc")), 0x44BC2CF5AD770999U);
    assert_int_equal(kdb_filter_hash(KDB_LIT("abcdefghijklmnopqrstuvwxyz")), 0xCFE1F278FA89835CU);
    assert_int_equal(kdb_filter_hash(KDB_LIT("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                             "0123456789")),
                     0xAAA46907D3047814U);
    assert_int_equal(kdb_filter_hash(KDB_LIT("1234567890123456789012345678901234567890123456789012"
                                             "3456789012345678901234567890")),
                     0xE04A477F19EE145DU);
}

static uint64_t hash_of(uint64_t number)
{
    return kdb_filter_hash(kdb_slice_of(&number, sizeof(number)));
}

static void keys_are_found_and_few_others(void **state)
{
    (void)state;
    static const uint64_t counts[] = {1, 2, 31, 1000, 10000, 60000};
    static uint64_t hashes[60000];
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (uint64_t n = 0; n < counts[i]; n++)
            hashes[n] = hash_of(n);
        struct kdb_buf filter = {0};
        kdb_filter_build(hashes, counts[i], &filter);
        for (uint64_t n = 0; n < counts[i]; n++)
            assert_true(kdb_filter_may_hold(kdb_buf_view(&filter), hashes[n]));
        unsigned passed = 0;
        for (uint64_t n = 0; n < 100000; n++)
            passed += kdb_filter_may_hold(kdb_buf_view(&filter), hash_of(UINT64_C(1) << 40 | n));
        assert_in_range(passed, 0, 1100); // 1 %, and the luck of this draw
        assert_in_range(filter.len, 1, counts[i] * 14 / 10 + 32);
        kdb_buf_deinit(&filter);
    }
}

static void without_keys_nothing_is_in(void **state)
{
    (void)state;
    struct kdb_buf filter = {0};
    kdb_filter_build(NULL, 0, &filter);
    for (uint64_t n = 0; n < 1000; n++)
        assert_false(kdb_filter_may_hold(kdb_buf_view(&filter), hash_of(n)));
    kdb_buf_deinit(&filter);
}

static void malformed_filters_deny_nothing(void **state)
{
    (void)state;
    static const char zeros[96];
    for (size_t len = 0; len < sizeof(zeros); len++) {
        bool is_formed = len > 0 && len % 32 == 0;
        assert_int_equal(kdb_filter_may_hold(kdb_slice_of(zeros, len), hash_of(len)), !is_formed);
    }
    assert_true(kdb_filter_may_hold((kdb_slice){0}, 7));
}

static void filters_are_appended(void **state)
{
    (void)state;
    struct kdb_buf out = {0};
    KDB_BUF_LIT(&out, "before");
    uint64_t hash = hash_of(5);
    kdb_filter_build(&hash, 1, &out);
    assert_int_equal(out.len, 6 + 32);
    assert_memory_equal(out.data, "before", 6);
    kdb_slice filter = kdb_slice_skip(kdb_buf_view(&out), 6);
    assert_true(kdb_filter_may_hold(filter, hash));
    assert_false(kdb_filter_may_hold(filter, hash_of(6)));
    kdb_buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_is_xxh64),
        cmocka_unit_test(keys_are_found_and_few_others),
        cmocka_unit_test(without_keys_nothing_is_in),
        cmocka_unit_test(malformed_filters_deny_nothing),
        cmocka_unit_test(filters_are_appended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
