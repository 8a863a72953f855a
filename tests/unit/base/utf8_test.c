// SPDX-License-Identifier: Apache-2.0
// UTF-8: every character there and back, every kind of malformed sequence, offsets in mixed text.
#include "base/utf8.h"

#include "base/random.h"
#include "lib/test.h"

static void test_every_character_goes_there_and_back(void **state)
{
    (void)state;
    for (uint32_t character = 0; character <= 0x10FFFF; character++) {
        if (character >= 0xD800 && character <= 0xDFFF)
            continue;
        char bytes[4];
        size_t size = kdb_utf8_encode(character, bytes);
        kdb_slice text = {bytes, size};
        assert_int_equal(kdb_utf8_valid_prefix(text), size);
        size_t at = 0;
        assert_int_equal(kdb_utf8_next(text, &at), character);
        assert_int_equal(at, size);
    }
}

static void test_encode_replaces_what_is_no_character(void **state)
{
    (void)state;
    static const uint32_t bad[] = {0xD800, 0xDFFF, 0x110000, UINT32_MAX};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char bytes[4];
        assert_slice_equal(kdb_slice_of(bytes, kdb_utf8_encode(bad[i], bytes)), "\xef\xbf\xbd");
    }
}

// Whether text falls apart into pieces that are exactly what encoding their characters gives.
static bool is_what_encode_gives(kdb_slice text)
{
    size_t at = 0;
    while (at < text.len) {
        size_t begin = at;
        uint32_t character = kdb_utf8_next(text, &at);
        char again[4];
        size_t size = kdb_utf8_encode(character, again);
        if (size != at - begin || memcmp(again, text.data + begin, size) != 0)
            return false;
    }
    return true;
}

// All first and second bytes with third and fourth ones at the borders.
static void test_only_what_encode_gives_is_valid(void **state)
{
    (void)state;
    static const char borders[] = {'\0', '(', '\x7f', '\x80', '\xbf', '\xc2', '\xff'};
    for (unsigned word = 0; word < 0x10000; word++) {
        for (size_t i = 0; i < sizeof(borders) * sizeof(borders); i++) {
            char bytes[4] = {(char)(word >> 8), (char)word, borders[i / sizeof(borders)],
                             borders[i % sizeof(borders)]};
            kdb_slice text = {bytes, i % 5 == 0 ? 2 : i % 5 == 1 ? 3 : 4};
            if (kdb_utf8_is_valid(text) != is_what_encode_gives(text))
                fail_msg("%04x and borders %zu", word, i);
        }
    }
}

static void test_malformed_text_is_refused_where_it_breaks(void **state)
{
    (void)state;
    static const struct {
        kdb_slice text;
        size_t prefix;
    } cases[] = {
        {{"\x80", 1}, 0},                       // continuation alone
        {{"ab\xc3", 3}, 2},                     // cut
        {{"ab\xc0\x80", 4}, 2},                 // overlong NUL
        {{"ab\xc1\xbf", 4}, 2},                 // overlong
        {{"a\xe0\x9f\xbf", 4}, 1},              // overlong
        {{"\xed\xa0\x80", 3}, 0},               // surrogate
        {{"\xe2\x82", 2}, 0},                   // cut
        {{"\xe2\x28\xa1", 3}, 0},               // bad second byte
        {{"\xe2\x82\x28", 3}, 0},               // bad third byte
        {{"\xf0\x8f\xbf\xbf", 4}, 0},           // overlong
        {{"\xf4\x90\x80\x80", 4}, 0},           // above U+10FFFF
        {{"\xf5\x80\x80\x80", 4}, 0},           // no such first byte
        {{"\xf0\x9f\x98", 3}, 0},               // cut
        {{"\xf0\x9f\x98\x28", 4}, 0},           // bad fourth byte
        {{"\xff", 1}, 0},                       // no such byte
        {{"0123456789abcdef\xfe", 17}, 16},     // behind a fast block
        {{"0123456789abcde\xfe 0123", 21}, 15}, // inside one
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(kdb_utf8_valid_prefix(cases[i].text), cases[i].prefix);
        size_t at = cases[i].prefix;
        assert_int_equal(kdb_utf8_next(cases[i].text, &at), KDB_UTF8_REPLACEMENT);
        assert_int_equal(at, cases[i].prefix + 1);
    }
    assert_true(kdb_utf8_is_valid((kdb_slice){NULL, 0}));
    assert_true(kdb_utf8_is_valid(KDB_LIT("a\0b")));
}

// A bad byte is found at its place wherever it stands among ASCII and longer characters.
static void test_bad_byte_at_every_position(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 100; len++) {
        for (size_t position = 0; position < len; position++) {
            char bytes[100];
            memset(bytes, 'a', sizeof(bytes));
            bytes[position] = '\xc3';
            assert_int_equal(kdb_utf8_valid_prefix(kdb_slice_of(bytes, len)), position);
            for (size_t at = 0; at + 2 <= position; at += 7)
                memcpy(bytes + at, "\xc3\xa9", 2);
            assert_int_equal(kdb_utf8_valid_prefix(kdb_slice_of(bytes, len)), position);
            bytes[position] = 'a';
            assert_true(kdb_utf8_is_valid(kdb_slice_of(bytes, len)));
        }
    }
}

static void test_count_and_offset_agree_with_stepping(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (int round = 0; round < 2000; round++) {
        char bytes[300];
        size_t starts[80];
        size_t len = 0;
        size_t count = kdb_random_next(&seed) % 70;
        for (size_t i = 0; i < count; i++) {
            static const uint32_t ranges[] = {0x80, 0x80, 0x800, 0xD800, 0x110000};
            uint32_t range = ranges[kdb_random_next(&seed) % 5];
            uint32_t character = (uint32_t)(kdb_random_next(&seed) % range);
            starts[i] = len;
            len += kdb_utf8_encode(character, bytes + len);
        }
        kdb_slice text = {bytes, len};
        assert_int_equal(kdb_utf8_count(text), count);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(kdb_utf8_offset(text, i), starts[i]);
        assert_int_equal(kdb_utf8_offset(text, count), len);
        assert_int_equal(kdb_utf8_offset(text, SIZE_MAX), len);
    }
}

// In pieces of one byte, and cut once at every place, the verdict is that of the whole text, and a
// bad byte is noticed when it comes.
static void expect_pieces(kdb_slice text)
{
    bool is_valid = kdb_utf8_is_valid(text);
    struct kdb_utf8_check check = {0};
    size_t good = 0;
    while (good < text.len && kdb_utf8_check_piece(&check, kdb_slice_of(text.data + good, 1)))
        good++;
    assert_int_equal(good == text.len && kdb_utf8_check_is_whole(&check), is_valid);
    if (good < text.len)
        assert_true(good >= kdb_utf8_valid_prefix(text) && good < kdb_utf8_valid_prefix(text) + 4);
    for (size_t cut = 0; cut <= text.len; cut++) {
        struct kdb_utf8_check halves = {0};
        bool is_good = kdb_utf8_check_piece(&halves, kdb_slice_of(text.data, cut)) &&
                       kdb_utf8_check_piece(&halves, kdb_slice_skip(text, cut));
        assert_int_equal(is_good, good == text.len);
        assert_int_equal(is_good && kdb_utf8_check_is_whole(&halves), is_valid);
    }
}

static void test_text_in_pieces(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "plain text that is longer than two words",
        "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
        "\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf \xed\x9f\xbf \xee\x80\x80 \xe0\xa0\x80",
        "cut \xf0\x9f\x98",
        "surrogate \xed\xa0\x80 behind which text follows",
        "overlong \xe0\x9f\xbf",
        "overlong \xf0\x8f\xbf\xbf",
        "overlong \xc1\xbf",
        "above \xf4\x90\x80\x80",
        "lone \x80 continuation",
        "\xff",
        "two \xce\xce starts",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        expect_pieces(kdb_slice_cstr(texts[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_character_goes_there_and_back),
        cmocka_unit_test(test_encode_replaces_what_is_no_character),
        cmocka_unit_test(test_only_what_encode_gives_is_valid),
        cmocka_unit_test(test_malformed_text_is_refused_where_it_breaks),
        cmocka_unit_test(test_bad_byte_at_every_position),
        cmocka_unit_test(test_count_and_offset_agree_with_stepping),
        cmocka_unit_test(test_text_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
