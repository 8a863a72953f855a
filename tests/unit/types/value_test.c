// SPDX-License-Identifier: Apache-2.0
// Values: order, equality and hash agree; copies own their bytes.
#include "types/value.h"

#include <math.h>

#include "unit/types/random_value.h"
#include "unit/types/value_case.h"

static int sign(int order)
{
    return order < 0 ? -1 : order > 0;
}

static void expect_order(const kdb_value *a, const kdb_value *b, int expected)
{
    assert_int_equal(sign(kdb_value_compare(a, b)), expected);
    assert_int_equal(sign(kdb_value_compare(b, a)), -expected);
    assert_int_equal(kdb_value_same(a, b), expected == 0);
    if (expected == 0)
        assert_int_equal(kdb_value_hash(a), kdb_value_hash(b));
}

static void test_random_values_are_ordered_and_hashed_alike(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    for (size_t k = 0; k < COLUMN_KIND_COUNT; k++) {
        uint64_t seed = k + 1;
        kdb_type type = {.kind = (uint8_t)column_kinds[k], .precision = 38, .dimension = 2};
        for (int round = 0; round < 1000; round++) {
            kdb_value a = random_value(&seed, &c.ctx.arena, type);
            kdb_value b = random_value(&seed, &c.ctx.arena, type);
            kdb_value x = random_value(&seed, &c.ctx.arena, type);
            expect_order(&a, &a, 0);
            expect_order(&a, &b, sign(kdb_value_compare(&a, &b)));
            if (kdb_value_compare(&a, &b) <= 0 && kdb_value_compare(&b, &x) <= 0)
                assert_true(kdb_value_compare(&a, &x) <= 0);
        }
    }
    case_deinit(&c);
}

static void test_floats(void **state)
{
    (void)state;
    kdb_value minus_zero = kdb_value_double(-0.0);
    kdb_value zero = kdb_value_double(0.0);
    kdb_value nan = kdb_value_double((double)NAN);
    kdb_value other_nan = kdb_value_double((double)-NAN);
    kdb_value infinity = kdb_value_double(HUGE_VAL);
    expect_order(&minus_zero, &zero, 0);
    expect_order(&nan, &other_nan, 0);
    expect_order(&infinity, &nan, -1);
    expect_order(&zero, &infinity, -1);
}

static void test_decimals_of_any_scale(void **state)
{
    (void)state;
    kdb_value one = kdb_value_decimal(1, 0);
    kdb_value same = kdb_value_decimal(10000, 4);
    kdb_value wide = kdb_value_decimal(kdb_decimal_power(37), 37);
    kdb_value more = kdb_value_decimal(10001, 4);
    expect_order(&one, &same, 0);
    expect_order(&one, &wide, 0);
    expect_order(&same, &more, -1);
    kdb_value zero = kdb_value_decimal(0, 0);
    kdb_value zeros = kdb_value_decimal(0, 9);
    expect_order(&zero, &zeros, 0);
}

static void test_intervals_by_length(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    kdb_type type = KDB_TYPE(KDB_INTERVAL);
    kdb_value month = parsed(&c, type, "1 mon");
    kdb_value days = parsed(&c, type, "30 days");
    kdb_value hours = parsed(&c, type, "720 hours");
    kdb_value more = parsed(&c, type, "720:00:00.000001");
    expect_order(&month, &days, 0);
    expect_order(&days, &hours, 0);
    expect_order(&month, &more, -1);
    case_deinit(&c);
}

static void test_text_by_bytes(void **state)
{
    (void)state;
    kdb_value upper = kdb_value_bytes(KDB_TEXT, KDB_LIT("B"));
    kdb_value lower = kdb_value_bytes(KDB_TEXT, KDB_LIT("a"));
    kdb_value longer = kdb_value_bytes(KDB_TEXT, KDB_LIT("a\0"));
    kdb_value accent = kdb_value_bytes(KDB_TEXT, KDB_LIT("\xC3\xA9"));
    kdb_value none = kdb_value_bytes(KDB_TEXT, (kdb_slice){NULL, 0});
    kdb_value empty = kdb_value_bytes(KDB_TEXT, KDB_LIT(""));
    expect_order(&upper, &lower, -1);
    expect_order(&lower, &longer, -1);
    expect_order(&lower, &accent, -1);
    expect_order(&none, &empty, 0);
    expect_order(&empty, &upper, -1);
}

static void test_nulls_are_one_group(void **state)
{
    (void)state;
    kdb_value null = kdb_value_null(KDB_INT);
    kdb_value other = kdb_value_null(KDB_INT);
    kdb_value zero = kdb_value_int(KDB_INT, 0);
    other.integer = 77; // what a NULL holds does not count
    assert_true(kdb_value_same(&null, &other));
    assert_int_equal(kdb_value_hash(&null), kdb_value_hash(&other));
    assert_false(kdb_value_same(&null, &zero));
    assert_false(kdb_value_same(&zero, &null));
}

static void test_hashes_spread(void **state)
{
    (void)state;
    // 4,096 consecutive integers in 4,096 buckets: some 37 % stay empty, far from all in a few.
    static unsigned char used[4096];
    size_t count = 0;
    for (int64_t i = 0; i < 4096; i++) {
        kdb_value value = kdb_value_int(KDB_BIGINT, i << 22);
        size_t bucket = kdb_value_hash(&value) % 4096;
        count += used[bucket] == 0;
        used[bucket] = 1;
    }
    assert_in_range(count, 2300, 2900);
}

static void test_copies_own_their_bytes(void **state)
{
    (void)state;
    struct kdb_arena arena;
    kdb_arena_init(&arena, 0);
    char text[] = "abc";
    kdb_value value = kdb_value_bytes(KDB_TEXT, kdb_slice_of(text, 3));
    kdb_value copy = kdb_value_copy(&arena, &value);
    text[0] = 'x';
    assert_slice_equal(copy.bytes, "abc");
    kdb_value number = kdb_value_decimal(-5, 2);
    copy = kdb_value_copy(&arena, &number);
    assert_true(copy.decimal == -5 && copy.scale == 2);
    kdb_value null = kdb_value_null(KDB_TEXT);
    null.bytes = (kdb_slice){(const char *)1, 1000}; // must not be looked at
    copy = kdb_value_copy(&arena, &null);
    assert_true(copy.is_null);
    kdb_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_values_are_ordered_and_hashed_alike),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_decimals_of_any_scale),
        cmocka_unit_test(test_intervals_by_length),
        cmocka_unit_test(test_text_by_bytes),
        cmocka_unit_test(test_nulls_are_one_group),
        cmocka_unit_test(test_hashes_spread),
        cmocka_unit_test(test_copies_own_their_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
