// SPDX-License-Identifier: Apache-2.0
// Slices: comparison, search and trimming against slow twins, integers at the ends of the range.
#include "base/slice.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/random.h"
#include "lib/test.h"

// Random text over few letters, so that matches happen, in memory of exactly its size.
static kdb_slice random_text(uint64_t *seed, size_t len_max)
{
    size_t len = kdb_random_next(seed) % (len_max + 1);
    char *text = kdb_realloc(NULL, len);
    for (size_t i = 0; i < len; i++)
        text[i] = "ab"[kdb_random_next(seed) % 2];
    return kdb_slice_of(text, len);
}

static void release(kdb_slice text)
{
    kdb_free((void *)(uintptr_t)text.data);
}

static void test_equal_and_compare(void **state)
{
    (void)state;
    assert_true(kdb_slice_equal((kdb_slice){NULL, 0}, KDB_LIT("")));
    assert_false(kdb_slice_equal(KDB_LIT("a"), KDB_LIT("a\0")));
    assert_true(kdb_slice_compare(KDB_LIT("a"), KDB_LIT("b")) < 0);
    assert_true(kdb_slice_compare(KDB_LIT("ab"), KDB_LIT("a")) > 0);
    assert_true(kdb_slice_compare(KDB_LIT("\xff"), KDB_LIT("a")) > 0);
    assert_int_equal(kdb_slice_compare((kdb_slice){NULL, 0}, KDB_LIT("")), 0);
    assert_true(kdb_slice_compare((kdb_slice){NULL, 0}, KDB_LIT("a")) < 0);
    assert_null(kdb_slice_cstr(NULL).data);
    assert_int_equal(KDB_LIT("a\0b").len, 3);
}

static void test_prefix_skip_trim(void **state)
{
    (void)state;
    assert_true(kdb_slice_has_prefix(KDB_LIT("abc"), KDB_LIT("ab")));
    assert_true(kdb_slice_has_prefix(KDB_LIT("abc"), KDB_LIT("")));
    assert_false(kdb_slice_has_prefix(KDB_LIT("ab"), KDB_LIT("abc")));
    assert_slice_equal(kdb_slice_skip(KDB_LIT("abc"), 1), "bc");
    assert_slice_equal(kdb_slice_skip(KDB_LIT("abc"), 9), "");
    assert_null(kdb_slice_skip((kdb_slice){NULL, 0}, 3).data);
    assert_slice_equal(kdb_slice_trim(KDB_LIT(" \t\r\n\f\v a b \n")), "a b");
    assert_slice_equal(kdb_slice_trim(KDB_LIT("  ")), "");
    assert_slice_equal(kdb_slice_trim((kdb_slice){NULL, 0}), "");
}

static void test_equal_nocase(void **state)
{
    (void)state;
    assert_true(kdb_slice_equal_nocase(KDB_LIT("Content-Length"), KDB_LIT("cONTENT-lENGTH")));
    assert_false(kdb_slice_equal_nocase(KDB_LIT("a"), KDB_LIT("ab")));
    // Only letters fold: '@' and '`', '[' and '{' are 32 apart too.
    assert_false(kdb_slice_equal_nocase(KDB_LIT("@"), KDB_LIT("`")));
    assert_false(kdb_slice_equal_nocase(KDB_LIT("["), KDB_LIT("{")));
    assert_false(kdb_slice_equal_nocase(KDB_LIT("\xc3\x89"), KDB_LIT("\xc3\xa9")));
}

static void test_find_equals_a_slow_search(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 20000; round++) {
        kdb_slice haystack = random_text(&seed, 20);
        kdb_slice needle = random_text(&seed, 4);
        size_t from = kdb_random_next(&seed) % 24;
        size_t expected = SIZE_MAX;
        for (size_t at = from; at + needle.len <= haystack.len && expected == SIZE_MAX; at++) {
            if (memcmp(haystack.data + at, needle.data, needle.len) == 0)
                expected = at;
        }
        assert_true(kdb_slice_find(haystack, needle, from) == expected);
        release(haystack);
        release(needle);
    }
    assert_true(kdb_slice_find((kdb_slice){NULL, 0}, KDB_LIT("a"), 0) == SIZE_MAX);
    assert_true(kdb_slice_find(KDB_LIT("abc"), KDB_LIT("b"), SIZE_MAX) == SIZE_MAX);
}

static void test_hash_depends_on_every_byte_and_the_length(void **state)
{
    (void)state;
    char data[40] = {0};
    for (size_t len = 0; len < sizeof(data); len++) {
        uint64_t hash = kdb_slice_hash(kdb_slice_of(data, len));
        assert_true(hash == kdb_slice_hash(kdb_slice_of(data, len)));
        assert_true(hash != kdb_slice_hash(kdb_slice_of(data, len + 1)));
        for (size_t at = 0; at < len; at++) {
            data[at] = 1;
            assert_true(hash != kdb_slice_hash(kdb_slice_of(data, len)));
            data[at] = 0;
        }
    }
    assert_true(kdb_slice_hash((kdb_slice){NULL, 0}) == kdb_slice_hash(KDB_LIT("")));
}

// Short keys spread: no bit of the hash is nearly constant.
static void test_hash_spreads(void **state)
{
    (void)state;
    unsigned ones[64] = {0};
    for (uint32_t i = 0; i < 4096; i++) {
        uint64_t hash = kdb_slice_hash(kdb_slice_of(&i, sizeof(i)));
        for (unsigned bit = 0; bit < 64; bit++)
            ones[bit] += (unsigned)(hash >> bit) & 1U;
    }
    for (unsigned bit = 0; bit < 64; bit++)
        assert_in_range(ones[bit], 1700, 2400);
}

static void test_to_i64(void **state)
{
    (void)state;
    int64_t value = 42;
    assert_true(kdb_slice_to_i64(KDB_LIT("9223372036854775807"), &value));
    assert_true(value == INT64_MAX);
    assert_true(kdb_slice_to_i64(KDB_LIT("-9223372036854775808"), &value));
    assert_true(value == INT64_MIN);
    assert_true(kdb_slice_to_i64(KDB_LIT("+007"), &value));
    assert_int_equal(value, 7);
    assert_true(kdb_slice_to_i64(KDB_LIT("-0"), &value));
    assert_int_equal(value, 0);
    static const char *const bad[] = {"",
                                      "-",
                                      "+",
                                      "--1",
                                      "1 ",
                                      " 1",
                                      "1a",
                                      "0x1",
                                      "1.0",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999999999"};
    value = 42;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (kdb_slice_to_i64(kdb_slice_cstr(bad[i]), &value))
            fail_msg("accepted \"%s\"", bad[i]);
    }
    assert_int_equal(value, 42);
    uint64_t seed = 8;
    for (int round = 0; round < 10000; round++) {
        int64_t number = (int64_t)kdb_random_next(&seed) >> kdb_random_next(&seed) % 64;
        char text[32];
        int len = snprintf(text, sizeof(text), "%lld", (long long)number);
        assert_true(kdb_slice_to_i64(kdb_slice_of(text, (size_t)len), &value));
        assert_true(value == number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_and_compare),
        cmocka_unit_test(test_prefix_skip_trim),
        cmocka_unit_test(test_equal_nocase),
        cmocka_unit_test(test_find_equals_a_slow_search),
        cmocka_unit_test(test_hash_depends_on_every_byte_and_the_length),
        cmocka_unit_test(test_hash_spreads),
        cmocka_unit_test(test_to_i64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
