// SPDX-License-Identifier: Apache-2.0
// gzip, both ways: limits, cut and damaged data.
#include <string.h>

#include "api/encodings_priv.h"
#include "base/alloc.h"
#include "base/random.h"
#include "lib/test.h"

static kdb_status expand(kdb_slice bytes, size_t size_max, struct kdb_buf *out)
{
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    kdb_status status = gzip_expand(&ctx, bytes, size_max, out);
    kdb_ctx_deinit(&ctx);
    return status;
}

// Bytes that do not compress well.
static void fill(struct kdb_buf *out, size_t len)
{
    uint64_t random = 99;
    for (size_t i = 0; i < len; i++)
        kdb_buf_put(out, (char)kdb_random_next(&random));
}

static void test_round_trip(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 16383, 16384, 16385, 100000};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct kdb_buf bytes = {0};
        struct kdb_buf packed = {0};
        struct kdb_buf back = {0};
        fill(&bytes, lengths[i]);
        kdb_buf_slice(&packed, KDB_LIT("ahead"));
        assert_true(gzip_compress(kdb_buf_view(&bytes), &packed));
        kdb_slice gzip = kdb_slice_skip(kdb_buf_view(&packed), 5); // it was appended
        assert_true(gzip_is(gzip));
        assert_int_equal(expand(gzip, lengths[i], &back), KDB_OK);
        assert_true(kdb_slice_equal(kdb_buf_view(&back), kdb_buf_view(&bytes)));
        if (lengths[i] > 0) {
            kdb_buf_clear(&back);
            assert_int_equal(expand(gzip, lengths[i] - 1, &back), KDB_ERR_LIMIT_EXCEEDED);
            assert_true(back.len < lengths[i]);
        }
        kdb_buf_deinit(&bytes);
        kdb_buf_deinit(&packed);
        kdb_buf_deinit(&back);
    }
}

// A small message that would become a large one is stopped at the limit.
static void test_bomb(void **state)
{
    (void)state;
    size_t len = (size_t)8 << 20;
    char *zeros = kdb_alloc(len);
    struct kdb_buf packed = {0};
    struct kdb_buf out = {0};
    assert_true(gzip_compress(kdb_slice_of(zeros, len), &packed));
    assert_true(packed.len < len / 100);
    assert_int_equal(expand(kdb_buf_view(&packed), 100000, &out), KDB_ERR_LIMIT_EXCEEDED);
    assert_true(out.len <= 100000);
    kdb_free(zeros);
    kdb_buf_deinit(&packed);
    kdb_buf_deinit(&out);
}

static void test_cut_and_damaged(void **state)
{
    (void)state;
    struct kdb_buf bytes = {0};
    struct kdb_buf packed = {0};
    fill(&bytes, 300);
    assert_true(gzip_compress(kdb_buf_view(&bytes), &packed));
    for (size_t len = 0; len < packed.len; len++) {
        struct kdb_buf out = {0};
        char *exact = kdb_alloc_text(packed.data, len);
        assert_int_equal(expand(kdb_slice_of(exact, len), 1000, &out), KDB_ERR_INVALID_INPUT);
        kdb_free(exact);
        kdb_buf_deinit(&out);
    }
    for (size_t at = packed.len - 8; at < packed.len; at++) { // checksum and length
        struct kdb_buf out = {0};
        packed.data[at] ^= 1;
        assert_int_equal(expand(kdb_buf_view(&packed), 1000, &out), KDB_ERR_INVALID_INPUT);
        packed.data[at] ^= 1;
        kdb_buf_deinit(&out);
    }
    kdb_buf_slice(&packed, KDB_LIT("more")); // what follows was never a part of it
    struct kdb_buf out = {0};
    assert_int_equal(expand(kdb_buf_view(&packed), 1000, &out), KDB_ERR_INVALID_INPUT);
    kdb_buf_deinit(&out);
    kdb_buf_deinit(&bytes);
    kdb_buf_deinit(&packed);
}

static void test_what_is_gzip(void **state)
{
    (void)state;
    assert_true(gzip_is(KDB_LIT("\x1f\x8b")));
    assert_false(gzip_is(KDB_LIT("\x1f")));
    assert_false(gzip_is(KDB_LIT("")));
    assert_false(gzip_is(KDB_LIT("{\"type\":\"ping\"}")));
    struct kdb_buf out = {0};
    assert_int_equal(expand(KDB_LIT("{}"), 100, &out), KDB_ERR_INVALID_INPUT);
    kdb_buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_cut_and_damaged),
        cmocka_unit_test(test_what_is_gzip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
