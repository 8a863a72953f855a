// SPDX-License-Identifier: Apache-2.0
// Hexadecimal and base64url: known texts, there and back, everything else refused.
#include "base/hex.h"

#include "base/random.h"
#include "lib/test.h"

static int set_up(void **state)
{
    static struct kdb_arena arena;
    kdb_arena_init(&arena, 0);
    *state = &arena;
    return 0;
}

static int tear_down(void **state)
{
    kdb_arena_deinit(*state);
    return 0;
}

static void test_known_texts(void **state)
{
    struct kdb_arena *arena = *state;
    assert_slice_equal(kdb_hex_text(arena, KDB_LIT("\x00\xff\x1a")), "00ff1a");
    assert_slice_equal(kdb_hex_text(arena, (kdb_slice){0}), "");
    // RFC 4648, section 10, without the padding.
    assert_slice_equal(kdb_base64url_text(arena, KDB_LIT("")), "");
    assert_slice_equal(kdb_base64url_text(arena, KDB_LIT("f")), "Zg");
    assert_slice_equal(kdb_base64url_text(arena, KDB_LIT("fo")), "Zm8");
    assert_slice_equal(kdb_base64url_text(arena, KDB_LIT("foo")), "Zm9v");
    assert_slice_equal(kdb_base64url_text(arena, KDB_LIT("foobar")), "Zm9vYmFy");
    assert_slice_equal(kdb_base64url_text(arena, KDB_LIT("\xfb\xff\xfe")), "-__-");
    kdb_slice bytes;
    assert_true(kdb_hex_decode(arena, KDB_LIT("00Ff1A"), &bytes));
    assert_true(kdb_slice_equal(bytes, KDB_LIT("\x00\xff\x1a")));
}

static void test_there_and_back(void **state)
{
    struct kdb_arena *arena = *state;
    uint64_t seed = 2;
    for (int round = 0; round < 3000; round++) {
        char data[50];
        size_t len = kdb_random_next(&seed) % sizeof(data);
        for (size_t i = 0; i < len; i++)
            data[i] = (char)kdb_random_next(&seed);
        kdb_slice bytes = {data, len};
        kdb_slice again;
        assert_true(kdb_hex_decode(arena, kdb_hex_text(arena, bytes), &again));
        assert_true(kdb_slice_equal(bytes, again));
        assert_true(kdb_base64url_decode(arena, kdb_base64url_text(arena, bytes), &again));
        assert_true(kdb_slice_equal(bytes, again));
        kdb_arena_reset(arena);
    }
}

// Whatever decodes is the one text of its bytes.
static void test_every_text_of_up_to_three_letters(void **state)
{
    struct kdb_arena *arena = *state;
    unsigned decoded = 0;
    for (unsigned word = 0; word < 1U << 16; word++) {
        char text[3] = {(char)(word >> 8), (char)word, 'A'};
        for (size_t len = 1; len <= 3; len++) {
            kdb_slice bytes;
            if (!kdb_base64url_decode(arena, kdb_slice_of(text, len), &bytes))
                continue;
            kdb_slice again = kdb_base64url_text(arena, bytes);
            assert_true(kdb_slice_equal(again, kdb_slice_of(text, len)));
            decoded++;
        }
        kdb_arena_reset(arena);
    }
    // Two letters: 64 * 4. Three, the last of them 'A': 64 * 64.
    assert_int_equal(decoded, 64 * 4 + 64 * 64);
}

static void test_refused(void **state)
{
    struct kdb_arena *arena = *state;
    kdb_slice bytes = KDB_LIT("untouched");
    assert_false(kdb_hex_decode(arena, KDB_LIT("0"), &bytes));
    assert_false(kdb_hex_decode(arena, KDB_LIT("0g"), &bytes));
    assert_false(kdb_hex_decode(arena, KDB_LIT("0x12"), &bytes));
    assert_false(kdb_base64url_decode(arena, KDB_LIT("Zg=="), &bytes));
    assert_false(kdb_base64url_decode(arena, KDB_LIT("Zh"), &bytes));
    assert_false(kdb_base64url_decode(arena, KDB_LIT("Zm9vY"), &bytes));
    assert_false(kdb_base64url_decode(arena, KDB_LIT("+/A"), &bytes));
    assert_false(kdb_base64url_decode(arena, KDB_LIT("Zm9 v"), &bytes));
    assert_slice_equal(bytes, "untouched");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_known_texts),
        TEST(test_there_and_back),
        TEST(test_every_text_of_up_to_three_letters),
        TEST(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
