// SPDX-License-Identifier: Apache-2.0
// Keys: the order of the bytes is the order of the values, no encoding begins another, and what
// was encoded is read back.
#include "types/key.h"

#include <math.h>

#include "base/alloc.h"
#include "unit/types/random_value.h"
#include "unit/types/value_case.h"

static const kdb_kind key_kinds[] = {
    KDB_BOOLEAN,  KDB_INT,  KDB_BIGINT,    KDB_DOUBLE, KDB_FLOAT, KDB_TEXT,    KDB_DATE,
    KDB_DATETIME, KDB_TIME, KDB_TIMESTAMP, KDB_BYTES,  KDB_UUID,  KDB_DECIMAL, KDB_SMALLINT};

#define KEY_KIND_COUNT (sizeof(key_kinds) / sizeof(key_kinds[0]))

static kdb_slice encoded(struct value_case *c, const kdb_value *value)
{
    kdb_buf_clear(&c->out);
    assert_int_equal(kdb_key_value(&c->out, &c->ctx, value), KDB_OK);
    return kdb_arena_copy(&c->ctx.arena, kdb_buf_view(&c->out));
}

static int sign(int order)
{
    return order < 0 ? -1 : order > 0;
}

static void test_bytes_order_as_values_do(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    for (size_t k = 0; k < KEY_KIND_COUNT; k++) {
        kdb_type type = key_kinds[k] == KDB_DECIMAL ? DECIMAL(38, 5) : KDB_TYPE(key_kinds[k]);
        uint64_t seed = k + 1;
        kdb_ctx_reset(&c.ctx);
        for (int round = 0; round < 3000; round++) {
            kdb_value a = random_value(&seed, &c.ctx.arena, type);
            kdb_value b = random_value(&seed, &c.ctx.arena, type);
            kdb_slice key_a = encoded(&c, &a);
            kdb_slice key_b = encoded(&c, &b);
            assert_int_equal(sign(kdb_value_compare(&a, &b)),
                             sign(kdb_slice_compare(key_a, key_b)));
            if (!kdb_slice_equal(key_a, key_b))
                assert_false(kdb_slice_has_prefix(key_a, key_b));
        }
    }
    case_deinit(&c);
}

static void test_values_are_read_back(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    for (size_t k = 0; k < KEY_KIND_COUNT; k++) {
        kdb_type type = key_kinds[k] == KDB_DECIMAL ? DECIMAL(20, 7) : KDB_TYPE(key_kinds[k]);
        uint64_t seed = 100 + k;
        kdb_ctx_reset(&c.ctx);
        for (int round = 0; round < 1000; round++) {
            kdb_value value = random_value(&seed, &c.ctx.arena, type);
            kdb_slice key = encoded(&c, &value);
            KDB_BUF_LIT(&c.out, "tail");
            kdb_value read;
            size_t taken = 0;
            assert_int_equal(kdb_key_read(kdb_buf_view(&c.out), &c.ctx, type, &read, &taken),
                             KDB_OK);
            assert_int_equal(taken, key.len);
            assert_int_equal(read.kind, type.kind);
            assert_false(read.is_null);
            assert_true(kdb_value_same(&value, &read));
            if (type.kind == KDB_DECIMAL)
                assert_int_equal(read.scale, 7);
        }
    }
    case_deinit(&c);
}

static void expect_bytes(struct value_case *c, kdb_value value, const char *bytes, size_t len)
{
    kdb_slice key = encoded(c, &value);
    assert_int_equal(key.len, len);
    assert_memory_equal(key.data, bytes, len);
}

#define EXPECT_BYTES(value, bytes) expect_bytes(&c, (value), (bytes), sizeof(bytes) - 1)

static void test_the_forms_are_the_documented_ones(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    EXPECT_BYTES(kdb_value_bytes(KDB_TEXT, KDB_LIT("")), "\0\0");
    EXPECT_BYTES(kdb_value_bytes(KDB_TEXT, KDB_LIT("ab")), "ab\0\0");
    EXPECT_BYTES(kdb_value_bytes(KDB_BYTES, KDB_LIT("a\0\0b")), "a\0\xFF\0\xFF"
                                                                "b\0\0");
    EXPECT_BYTES(kdb_value_bool(false), "\0");
    EXPECT_BYTES(kdb_value_bool(true), "\1");
    EXPECT_BYTES(kdb_value_int(KDB_SMALLINT, -1), "\x7F\xFF");
    EXPECT_BYTES(kdb_value_int(KDB_INT, 1), "\x80\0\0\1");
    EXPECT_BYTES(kdb_value_int(KDB_DATE, INT32_MIN), "\0\0\0\0");
    EXPECT_BYTES(kdb_value_int(KDB_BIGINT, 258), "\x80\0\0\0\0\0\1\2");
    EXPECT_BYTES(kdb_value_int(KDB_TIMESTAMP, -1), "\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
    EXPECT_BYTES(kdb_value_double(-0.0), "\x80\0\0\0\0\0\0\0");
    EXPECT_BYTES(kdb_value_double(1.0), "\xBF\xF0\0\0\0\0\0\0");
    EXPECT_BYTES(kdb_value_double(-1.0), "\x40\x0F\xFF\xFF\xFF\xFF\xFF\xFF");
    EXPECT_BYTES(kdb_value_double((double)-NAN), "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
    EXPECT_BYTES(((kdb_value){.kind = KDB_FLOAT, .real = 1.0}), "\xBF\x80\0\0");
    EXPECT_BYTES(kdb_value_decimal(-1, 2),
                 "\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
    EXPECT_BYTES(((kdb_value){.kind = KDB_UUID, .uuid = {1, 2, 3, [15] = 9}}),
                 "\1\2\3\0\0\0\0\0\0\0\0\0\0\0\0\x09");
    kdb_buf_clear(&c.out);
    kdb_key_u32(&c.out, 0x01020304);
    kdb_key_i64(&c.out, -2);
    kdb_key_text(&c.out, KDB_LIT("a\0"));
    assert_int_equal(c.out.len, 17);
    assert_memory_equal(c.out.data,
                        "\1\2\3\4\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFE"
                        "a\0\xFF\0\0",
                        17);
    case_deinit(&c);
}

static void test_users_do_not_reach_each_other(void **state)
{
    (void)state;
    // Every key of user `a` lies outside of the range of every other user.
    static const kdb_slice users[] = {{"a", 1},  {"a:b", 3},   {"a\0", 2}, {"a\0b", 3},
                                      {"", 0},   {"a\xFF", 2}, {"b", 1},   {"a\0\xFF", 3},
                                      {"\0", 1}, {"\0\0", 2},  {"\xFF", 1}};
    struct kdb_buf prefixes[11] = {{0}};
    for (size_t i = 0; i < 11; i++)
        kdb_key_text(&prefixes[i], users[i]);
    for (size_t i = 0; i < 11; i++) {
        kdb_slice a = kdb_buf_view(&prefixes[i]);
        assert_int_equal(kdb_key_text_length(a), a.len);
        for (size_t j = 0; j < 11; j++) {
            kdb_slice b = kdb_buf_view(&prefixes[j]);
            assert_true(i == j || !kdb_slice_has_prefix(b, a));
            assert_int_equal(sign(kdb_slice_compare(a, b)),
                             sign(kdb_slice_compare(users[i], users[j])));
        }
    }
    for (size_t i = 0; i < 11; i++)
        kdb_buf_deinit(&prefixes[i]);
}

static void test_long_keys_are_refused(void **state)
{
    (void)state;
    struct value_case c;
    char text[1100];
    case_init(&c);
    memset(text, 'x', sizeof(text));
    kdb_value value = kdb_value_bytes(KDB_TEXT, kdb_slice_of(text, 1022));
    assert_int_equal(kdb_key_value(&c.out, &c.ctx, &value), KDB_OK);
    assert_int_equal(c.out.len, KDB_KEY_BYTES_MAX);
    value.bytes.len = 1023;
    expect_error(&c, kdb_key_value(&c.out, &c.ctx, &value), KDB_ERR_INVALID_VALUE,
                 "a primary key may have at most 1024 bytes; this one has 1025");
    assert_int_equal(c.out.len, KDB_KEY_BYTES_MAX); // nothing was appended
    // Zero bytes count twice.
    memset(text, 0, sizeof(text));
    value.bytes.len = 512;
    expect_error(&c, kdb_key_value(&c.out, &c.ctx, &value), KDB_ERR_INVALID_VALUE,
                 "a primary key may have at most 1024 bytes; this one has 1026");
    struct kdb_buf full = {.limit = 3};
    value = kdb_value_int(KDB_INT, 1);
    expect_error(&c, kdb_key_value(&full, &c.ctx, &value), KDB_ERR_LIMIT_EXCEEDED,
                 "a key does not fit its buffer");
    kdb_buf_deinit(&full);
    case_deinit(&c);
}

static void expect_no_key(struct value_case *c, kdb_type type, const char *bytes, size_t len)
{
    kdb_value value;
    size_t taken = 99;
    char *copy = kdb_alloc(len ? len : 1);
    memcpy(copy, bytes, len);
    assert_int_equal(kdb_key_read((kdb_slice){copy, len}, &c->ctx, type, &value, &taken),
                     KDB_ERR_CORRUPT);
    assert_int_equal(taken, 99);
    kdb_ctx_clear_error(&c->ctx);
    kdb_free(copy);
}

#define EXPECT_NO_KEY(type, bytes) expect_no_key(&c, (type), (bytes), sizeof(bytes) - 1)

static void test_damaged_keys_are_refused(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    EXPECT_NO_KEY(KDB_TYPE(KDB_TEXT), "");
    EXPECT_NO_KEY(KDB_TYPE(KDB_TEXT), "\0");
    EXPECT_NO_KEY(KDB_TYPE(KDB_TEXT), "abc");
    EXPECT_NO_KEY(KDB_TYPE(KDB_TEXT), "abc\0");
    EXPECT_NO_KEY(KDB_TYPE(KDB_TEXT), "abc\0\1\0\0");
    EXPECT_NO_KEY(KDB_TYPE(KDB_TEXT), "abc\0\xFF");
    EXPECT_NO_KEY(KDB_TYPE(KDB_BOOLEAN), "");
    EXPECT_NO_KEY(KDB_TYPE(KDB_BOOLEAN), "\2");
    EXPECT_NO_KEY(KDB_TYPE(KDB_BIGINT), "1234567");
    EXPECT_NO_KEY(KDB_TYPE(KDB_UUID), "123456789012345");
    // -0 and a NaN other than the one we write.
    EXPECT_NO_KEY(KDB_TYPE(KDB_DOUBLE), "\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
    EXPECT_NO_KEY(KDB_TYPE(KDB_DOUBLE), "\xFF\xF8\0\0\0\0\0\0");
    EXPECT_NO_KEY(KDB_TYPE(KDB_FLOAT), "\xFF\xC0\0\0");
    EXPECT_NO_KEY(DECIMAL(38, 0), "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0\0\0\0\0");
    case_deinit(&c);
}

static void test_which_kinds_may_be_keys(void **state)
{
    (void)state;
    size_t count = 0;
    for (int kind = 0; kind < KDB_KIND_COUNT; kind++)
        count += kdb_kind_is_key((kdb_kind)kind);
    assert_int_equal(count, KEY_KIND_COUNT);
    for (size_t i = 0; i < KEY_KIND_COUNT; i++)
        assert_true(kdb_kind_is_key(key_kinds[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_order_as_values_do),
        cmocka_unit_test(test_values_are_read_back),
        cmocka_unit_test(test_the_forms_are_the_documented_ones),
        cmocka_unit_test(test_users_do_not_reach_each_other),
        cmocka_unit_test(test_long_keys_are_refused),
        cmocka_unit_test(test_damaged_keys_are_refused),
        cmocka_unit_test(test_which_kinds_may_be_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
