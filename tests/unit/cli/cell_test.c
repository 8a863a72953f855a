// SPDX-License-Identifier: Apache-2.0
// Values as they are shown, and what of a text reaches the terminal.
#include "cli/cell_priv.h"

#include "base/alloc.h"
#include "base/random.h"
#include "lib/test.h"

static struct kdb_ctx ctx;
static struct kdb_buf out;

static int tear_down(void **state)
{
    (void)state;
    kdb_buf_deinit(&out);
    kdb_ctx_deinit(&ctx);
    return 0;
}

// A cell of this type, sent as this JSON, reads so.
static void expect(const char *type, const char *json, const char *text)
{
    const struct kdb_json_limits limits = {.size_max = 10000, .depth_max = 8};
    const struct kdb_json *cell;
    kdb_ctx_reset(&ctx);
    assert_int_equal(kdb_json_parse(&ctx, kdb_slice_cstr(json), &limits, &cell), KDB_OK);
    kdb_buf_clear(&out);
    cli_cell_write(cell, cli_cell_kind_of(kdb_slice_cstr(type)), &out);
    assert_slice_equal(kdb_buf_view(&out), text);
}

static void test_plain_types(void **state)
{
    (void)state;
    expect("BigInt", "\"9007199254740993\"", "9007199254740993");
    expect("Int", "-7", "-7");
    expect("Double", "100.0", "100.0");
    expect("Double", "1.5e300", "1.5e300");
    expect("Float", "0.10000000149011612", "0.10000000149011612");
    expect("Decimal", "\"-3.10\"", "-3.10");
    expect("Boolean", "true", "true");
    expect("Text", "\"a\\nb \\u00e4\"", "a\nb \xc3\xa4");
    expect("Json", "\"{\\\"a\\\":1}\"", "{\"a\":1}");
    expect("Embedding", "[0.5,0.25]", "[0.5,0.25]");
    expect("Uuid", "\"6f1c\"", "6f1c");
    expect("NoSuchType", "[1, 2]", "[1, 2]");
}

static void test_times(void **state)
{
    (void)state;
    expect("Timestamp", "1777888800500000", "2026-05-04 10:00:00.5");
    expect("DateTime", "1777888800000000", "2026-05-04 10:00:00+00");
    expect("Timestamp", "-1", "1969-12-31 23:59:59.999999");
    expect("Timestamp", "9223372036854775807", "294247-01-10 04:00:54.775807");
    expect("Date", "20577", "2026-05-04");
    expect("Date", "-719529", "0002-12-31 BC");
    expect("Time", "45296000000", "12:34:56");
    expect("Time", "86400000000", "24:00:00");
}

// What does not fit its type is shown as it came, and stops nothing.
static void test_values_that_are_none(void **state)
{
    (void)state;
    expect("Timestamp", "\"***\"", "***");
    expect("Timestamp", "1.5", "1.5");
    expect("Timestamp", "99999999999999999999", "99999999999999999999");
    expect("Date", "9223372036854775807", "9223372036854775807");
    expect("Date", "-9223372036854775808", "-9223372036854775808");
    expect("Time", "-1", "-1");
    expect("Time", "86400000001", "86400000001");
    expect("Bytes", "\"x\"", "x");
    expect("Bytes", "[1,256]", "[1,256]");
    expect("Bytes", "[1,-1]", "[1,-1]");
    expect("Bytes", "[1,\"a\"]", "[1,\"a\"]");
}

static void test_bytes(void **state)
{
    (void)state;
    expect("Bytes", "[222,173,0,7]", "\\xdead0007");
    expect("Bytes", "[]", "\\x");
}

static void expect_visible(kdb_slice text, const char *shown, size_t width)
{
    kdb_buf_clear(&out);
    size_t found = cli_put_visible(text, &out);
    assert_slice_equal(kdb_buf_view(&out), shown);
    assert_int_equal(found, width);
}

#define EXPECT_VISIBLE(text, shown, width) expect_visible(KDB_LIT(text), shown, width)

static void test_widths(void **state)
{
    (void)state;
    EXPECT_VISIBLE("", "", 0);
    EXPECT_VISIBLE("plain ~", "plain ~", 7);
    EXPECT_VISIBLE("\xc3\xa4\xc3\xb6", "\xc3\xa4\xc3\xb6", 2);
    EXPECT_VISIBLE("日本", "日本", 4);
    EXPECT_VISIBLE("e\xcc\x81x", "e\xcc\x81x", 2);
    EXPECT_VISIBLE("😀!", "😀!", 3);
}

static void test_controls_become_escapes(void **state)
{
    (void)state;
    EXPECT_VISIBLE("a\nb\tc\rd", "a\\nb\\tc\\rd", 10);
    EXPECT_VISIBLE("\x1b[31mred", "\\x1b[31mred", 11);
    EXPECT_VISIBLE("a\0b", "a\\x00b", 6);
    EXPECT_VISIBLE("\x7f", "\\x7f", 4);
    EXPECT_VISIBLE("\xc2\x9b"
                   "31m",
                   "\\x9b31m", 7);
    EXPECT_VISIBLE("\xe2\x80\xae"
                   "x",
                   "\\u{202e}x", 9);
    EXPECT_VISIBLE("\xe2\x80\xa8", "\\u{2028}", 8);
}

static void test_bytes_that_are_no_text(void **state)
{
    (void)state;
    EXPECT_VISIBLE("a\xff"
                   "b",
                   "a\\xffb", 6);
    EXPECT_VISIBLE("\xc3", "\\xc3", 4);
    EXPECT_VISIBLE("\xef\xbf\xbd", "\xef\xbf\xbd", 1);
    EXPECT_VISIBLE("\xed\xa0\x80", "\\xed\\xa0\\x80", 12);
}

// Whatever comes in, no control byte and nothing but UTF-8 goes out.
static void test_random_bytes(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int round = 0; round < 5000; round++) {
        size_t len = kdb_random_next(&seed) % 24;
        char *text = kdb_alloc(len);
        for (size_t i = 0; i < len; i++)
            text[i] = (char)kdb_random_next(&seed);
        kdb_buf_clear(&out);
        (void)cli_put_visible(kdb_slice_of(text, len), &out);
        kdb_free(text);
        for (size_t i = 0; i < out.len; i++) {
            assert_true((unsigned char)out.data[i] >= 0x20 && out.data[i] != 0x7F);
            if ((unsigned char)out.data[i] == 0xC2)
                assert_true((unsigned char)out.data[i + 1] >= 0xA0);
        }
    }
}

int main(void)
{
    kdb_ctx_init(&ctx, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_types),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_values_that_are_none),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_controls_become_escapes),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
