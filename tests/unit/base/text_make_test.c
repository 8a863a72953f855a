// SPDX-License-Identifier: Apache-2.0
// Texts made of texts: what is written, and that it is as long as was said.
#include "base/text_make.h"

#include <string.h>

#include "lib/test.h"

// What was written into a buffer full of marks: `len` bytes, and not one more.
static void expect(const char *out, size_t len, const char *expected)
{
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(out, expected, len);
    assert_int_equal(out[len], '#');
}

static void test_repeated_and_reversed(void **state)
{
    (void)state;
    char out[16];
    memset(out, '#', sizeof(out));
    kdb_text_repeat(out, KDB_LIT("aé"), 2);
    expect(out, 6, "aéaé");
    memset(out, '#', sizeof(out));
    kdb_text_repeat(out, KDB_LIT("a"), 0);
    kdb_text_repeat(out, (kdb_slice){0}, SIZE_MAX);
    expect(out, 0, "");
    kdb_text_reverse(out, KDB_LIT("aé€z"));
    expect(out, 7, "z€éa");
}

static void expect_replaced(const char *text, const char *from, const char *to,
                            const char *expected)
{
    char out[32];
    memset(out, '#', sizeof(out));
    size_t found = kdb_text_count(kdb_slice_cstr(text), kdb_slice_cstr(from));
    kdb_text_replace(out, kdb_slice_cstr(text), kdb_slice_cstr(from), kdb_slice_cstr(to), found);
    expect(out, strlen(text) - found * strlen(from) + found * strlen(to), expected);
}

static void test_replaced(void **state)
{
    (void)state;
    expect_replaced("banana", "an", "<>", "b<><>a");
    expect_replaced("aaa", "aa", "b", "ba");
    expect_replaced("aaa", "a", "", "");
    expect_replaced("aaa", "", "x", "aaa");
    expect_replaced("", "a", "x", "");
    expect_replaced("abc", "d", "x", "abc");
}

static void test_positions(void **state)
{
    (void)state;
    assert_int_equal(kdb_text_position(KDB_LIT("€uro"), KDB_LIT("ro")), 3);
    assert_int_equal(kdb_text_position(KDB_LIT("abc"), KDB_LIT("a")), 1);
    assert_int_equal(kdb_text_position(KDB_LIT("abc"), KDB_LIT("d")), 0);
    assert_int_equal(kdb_text_position(KDB_LIT("abc"), KDB_LIT("")), 1);
    assert_int_equal(kdb_text_position(KDB_LIT(""), KDB_LIT("")), 1);
    assert_int_equal(kdb_text_position(KDB_LIT(""), KDB_LIT("a")), 0);
}

static void expect_padded(size_t wanted, const char *fill, const char *left, const char *right)
{
    const struct kdb_text_padding padding =
        kdb_text_padding_of(KDB_LIT("né"), wanted, kdb_slice_cstr(fill));
    char out[32];
    size_t len = padding.text.len + kdb_text_padding_bytes(&padding);
    memset(out, '#', sizeof(out));
    kdb_text_pad(out, &padding, true);
    expect(out, len, left);
    memset(out, '#', sizeof(out));
    kdb_text_pad(out, &padding, false);
    expect(out, len, right);
}

static void test_padded(void **state)
{
    (void)state;
    expect_padded(0, " ", "", "");
    expect_padded(1, " ", "n", "n");
    expect_padded(2, " ", "né", "né");
    expect_padded(4, " ", "  né", "né  ");
    expect_padded(5, "€b", "€b€né", "né€b€");
    expect_padded(6, "€b", "€b€bné", "né€b€b");
    expect_padded(5, "", "né", "né");
    expect_padded(1, "", "n", "n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repeated_and_reversed),
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_padded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
