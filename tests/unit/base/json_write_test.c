// SPDX-License-Identifier: Apache-2.0
// JSON writing: every escape, every byte position, doubles that read back bit for bit.
#include "base/json_write.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "lib/test.h"

// Writes one string and compares.
static void expect_written(kdb_slice text, const char *expected)
{
    struct kdb_buf buf = {0};
    kdb_json_string(&buf, text);
    assert_slice_equal(kdb_buf_view(&buf), expected);
    kdb_buf_deinit(&buf);
}

static void test_string_escapes_what_rfc_8259_asks(void **state)
{
    (void)state;
    expect_written(KDB_LIT(""), "\"\"");
    expect_written((kdb_slice){NULL, 0}, "\"\"");
    expect_written(KDB_LIT("plain"), "\"plain\"");
    expect_written(KDB_LIT("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
    expect_written(KDB_LIT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
    expect_written(KDB_LIT("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\x7f\"");
    expect_written(KDB_LIT("h\xc3\xa9llo \xf0\x9f\x98\x80 w\xc3\xb6rld"),
                   "\"h\xc3\xa9llo \xf0\x9f\x98\x80 w\xc3\xb6rld\"");
}

// The straightforward writer the fast one must equal.
static size_t escape_slowly(const unsigned char *data, size_t len, char *out)
{
    size_t at = 0;
    out[at++] = '"';
    for (size_t i = 0; i < len; i++) {
        const char *found = data[i] ? strchr("\"\"\\\\\bb\ff\nn\rr\tt", data[i]) : NULL;
        if (found && (data[i] < 0x20 || data[i] == '"' || data[i] == '\\')) {
            out[at++] = '\\';
            out[at++] = found[1];
        } else if (data[i] < 0x20) {
            at += (size_t)snprintf(out + at, 7, "\\u%04x", data[i]);
        } else {
            out[at++] = (char)data[i];
        }
    }
    out[at++] = '"';
    out[at] = '\0';
    return at;
}

static void test_string_equals_a_simple_writer(void **state)
{
    (void)state;
    uint64_t seed = 1;
    char expected[64 * 6 + 3];
    unsigned char text[64];
    for (int round = 0; round < 50000; round++) {
        size_t len = kdb_random_next(&seed) % sizeof(text);
        bool is_dense = kdb_random_next(&seed) % 4 == 0;
        for (size_t i = 0; i < len; i++) {
            uint64_t byte = kdb_random_next(&seed);
            bool is_special = is_dense || byte >> 60 == 0;
            text[i] = (unsigned char)(is_special ? byte % 0x60 : 0x23 + byte % 0x30);
        }
        size_t expected_len = escape_slowly(text, len, expected);
        struct kdb_buf buf = {0};
        kdb_json_string(&buf, kdb_slice_of(text, len));
        assert_int_equal(buf.len, expected_len);
        assert_memory_equal(buf.data, expected, expected_len);
        kdb_buf_deinit(&buf);
    }
}

static void test_string_finds_an_escape_at_every_position(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 0x80; byte++) {
        for (size_t position = 0; position < 19; position++) {
            char text[19];
            memset(text, 0xe9, sizeof(text));
            text[position] = (char)byte;
            struct kdb_buf buf = {0};
            kdb_json_string(&buf, kdb_slice_of(text, sizeof(text)));
            bool is_escaped = byte < 0x20 || byte == '"' || byte == '\\';
            assert_int_equal(buf.data[1 + position], is_escaped ? '\\' : byte);
            assert_int_equal(buf.len > sizeof(text) + 2, is_escaped);
            kdb_buf_deinit(&buf);
        }
    }
}

static void test_pieces_make_one_string(void **state)
{
    (void)state;
    struct kdb_buf buf = {0};
    kdb_buf_put(&buf, '"');
    kdb_json_escaped(&buf, KDB_LIT("a\n"));
    kdb_json_escaped(&buf, KDB_LIT(""));
    kdb_json_escaped(&buf, KDB_LIT("\"b"));
    kdb_buf_put(&buf, '"');
    assert_slice_equal(kdb_buf_view(&buf), "\"a\\n\\\"b\"");
    kdb_buf_deinit(&buf);
}

static void test_string_over_the_limit_is_flagged(void **state)
{
    (void)state;
    struct kdb_buf buf = {.limit = 6};
    kdb_json_string(&buf, KDB_LIT("abcd"));
    assert_false(buf.is_exceeded);
    assert_slice_equal(kdb_buf_view(&buf), "\"abcd\"");
    kdb_buf_deinit(&buf);
    buf.limit = 5;
    kdb_json_string(&buf, KDB_LIT("abcd\nef"));
    assert_true(buf.is_exceeded);
    kdb_buf_deinit(&buf);
}

static void expect_number(double value, const char *expected)
{
    struct kdb_buf buf = {0};
    assert_true(kdb_json_double(&buf, value));
    assert_slice_equal(kdb_buf_view(&buf), expected);
    kdb_buf_deinit(&buf);
}

static void test_double_layout(void **state)
{
    (void)state;
    expect_number(0.0, "0.0");
    expect_number(-0.0, "-0.0");
    expect_number(100.0, "100.0");
    expect_number(-1.0, "-1.0");
    expect_number(0.1, "0.1");
    expect_number(-0.5, "-0.5");
    expect_number(19.99, "19.99");
    expect_number(1.0 / 3.0, "0.3333333333333333");
    expect_number(0.00001234, "0.00001234");
    expect_number(0.000001234, "1.234e-6");
    expect_number(1e-7, "1e-7");
    expect_number(999999999999999.0, "999999999999999.0");
    expect_number(1e15, "1000000000000000.0");
    expect_number(1234567890123456.0, "1234567890123456.0");
    expect_number(9007199254740993.0, "9007199254740992.0");
    expect_number(1e16, "1e16");
    expect_number(1.5e300, "1.5e300");
    expect_number(1e21, "1e21");
    expect_number(123456789012345680.0, "1.2345678901234568e17");
    expect_number(DBL_MAX, "1.7976931348623157e308");
    expect_number(-DBL_MIN, "-2.2250738585072014e-308");
    expect_number(5e-324, "5e-324");
    expect_number(12.5, "12.5");
    expect_number(0.0001, "0.0001");
    expect_number(0.00001, "0.00001");
    expect_number(0.99999, "0.99999");
    expect_number(1.0001, "1.0001");
    expect_number(-9999999999.9999, "-9999999999.9999");
    expect_number(10000000000.5, "10000000000.5");
    expect_number(0.30000000000000004, "0.30000000000000004");
    expect_number(1.0000000000000002, "1.0000000000000002");
    expect_number(123456.789e3, "123456789.0");
}

static void test_float_is_sent_as_its_double(void **state)
{
    (void)state;
    struct kdb_buf buf = {0};
    assert_true(kdb_json_float(&buf, 0.1f));
    kdb_buf_put(&buf, ' ');
    assert_true(kdb_json_float(&buf, 1.5f));
    assert_slice_equal(kdb_buf_view(&buf), "0.10000000149011612 1.5");
    kdb_buf_deinit(&buf);
}

static void test_not_finite_is_refused_and_writes_nothing(void **state)
{
    (void)state;
    struct kdb_buf buf = {0};
    assert_false(kdb_json_double(&buf, (double)NAN));
    assert_false(kdb_json_double(&buf, -(double)INFINITY));
    assert_false(kdb_json_float(&buf, INFINITY));
    assert_int_equal(buf.len, 0);
    kdb_buf_deinit(&buf);
}

static void test_double_reads_back_bit_for_bit(void **state)
{
    (void)state;
    uint64_t seed = 7;
    struct kdb_buf buf = {0};
    for (int round = 0; round < 100000; round++) {
        uint64_t bits = kdb_random_next(&seed);
        double value;
        memcpy(&value, &bits, sizeof(value));
        if (round % 3 == 0)
            value = (double)(int64_t)(bits >> 20) / 100.0;
        if (!isfinite(value))
            continue;
        kdb_buf_clear(&buf);
        assert_true(kdb_json_double(&buf, value));
        assert_true(buf.len <= 26);
        kdb_buf_put(&buf, '\0');
        assert_true(strpbrk(buf.data, ".e") != NULL);
        double read = strtod(buf.data, NULL);
        assert_memory_equal(&read, &value, sizeof(value));
    }
    kdb_buf_deinit(&buf);
}

// Every number of up to four decimals is written with just these decimals.
static void test_few_decimals_stay_few(void **state)
{
    (void)state;
    uint64_t seed = 17;
    struct kdb_buf buf = {0};
    for (int round = 0; round < 60000; round++) {
        int decimals = round % 4 + 1;
        int64_t whole = (int64_t)(kdb_random_next(&seed) >> (22 + kdb_random_next(&seed) % 40));
        static const int bounds[] = {0, 10, 100, 1000, 10000};
        int fraction = (int)(kdb_random_next(&seed) % (uint64_t)bounds[decimals]);
        fraction += fraction % 10 == 0;
        char expected[64];
        (void)snprintf(expected, sizeof(expected), "%lld.%0*d", (long long)(whole % 100000000000),
                       decimals, fraction);
        kdb_buf_clear(&buf);
        assert_true(kdb_json_double(&buf, strtod(expected, NULL)));
        assert_slice_equal(kdb_buf_view(&buf), expected);
    }
    kdb_buf_deinit(&buf);
}

static void test_integers_and_words(void **state)
{
    (void)state;
    struct kdb_buf buf = {0};
    kdb_json_i64(&buf, INT64_MIN);
    kdb_buf_put(&buf, ',');
    kdb_json_i64(&buf, INT64_MAX);
    kdb_buf_put(&buf, ',');
    kdb_json_i64(&buf, 0);
    kdb_buf_put(&buf, ',');
    kdb_json_bool(&buf, true);
    kdb_buf_put(&buf, ',');
    kdb_json_bool(&buf, false);
    kdb_buf_put(&buf, ',');
    kdb_json_null(&buf);
    assert_slice_equal(kdb_buf_view(&buf),
                       "-9223372036854775808,9223372036854775807,0,true,false,null");
    kdb_buf_deinit(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_string_escapes_what_rfc_8259_asks),
        cmocka_unit_test(test_string_equals_a_simple_writer),
        cmocka_unit_test(test_string_finds_an_escape_at_every_position),
        cmocka_unit_test(test_pieces_make_one_string),
        cmocka_unit_test(test_string_over_the_limit_is_flagged),
        cmocka_unit_test(test_double_layout),
        cmocka_unit_test(test_float_is_sent_as_its_double),
        cmocka_unit_test(test_not_finite_is_refused_and_writes_nothing),
        cmocka_unit_test(test_double_reads_back_bit_for_bit),
        cmocka_unit_test(test_few_decimals_stay_few),
        cmocka_unit_test(test_integers_and_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
