// SPDX-License-Identifier: Apache-2.0
// Input functions that have no file of their own: booleans, integers, bytes, JSON, embeddings,
// text.
#include "types/cast.h"

#include <stdio.h>

#include "unit/types/value_case.h"

static void test_booleans(void **state)
{
    (void)state;
    static const char *const yes[] = {"t",  "tr",  "true", "TRUE", "y",
                                      "ye", "yes", "on",   "1",    " true\n"};
    static const char *const no[] = {"f", "false", "fals", "n", "no", "of", "off", "OFF", "0"};
    static const char *const neither[] = {"", " ", "o", "2", "truex", "yess", "01", "10", "nul"};
    struct value_case c;
    case_init(&c);
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        expect_parsed(&c, KDB_TYPE(KDB_BOOLEAN), yes[i], "true");
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        expect_parsed(&c, KDB_TYPE(KDB_BOOLEAN), no[i], "false");
    for (size_t i = 0; i < sizeof(neither) / sizeof(neither[0]); i++) {
        char message[100];
        (void)snprintf(message, sizeof(message), "invalid input syntax for type boolean: \"%s\"",
                       neither[i]);
        expect_refused(&c, KDB_TYPE(KDB_BOOLEAN), neither[i], KDB_ERR_INVALID_VALUE, message);
    }
    case_deinit(&c);
}

static void test_integers(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    expect_parsed(&c, KDB_TYPE(KDB_SMALLINT), "-32768", "-32768");
    expect_parsed(&c, KDB_TYPE(KDB_SMALLINT), " +32767\t", "32767");
    expect_parsed(&c, KDB_TYPE(KDB_INT), "-2147483648", "-2147483648");
    expect_parsed(&c, KDB_TYPE(KDB_INT), "0000000000000000000000007", "7");
    expect_parsed(&c, KDB_TYPE(KDB_BIGINT), "9223372036854775807", "9223372036854775807");
    expect_parsed(&c, KDB_TYPE(KDB_BIGINT), "-9223372036854775808", "-9223372036854775808");
    expect_refused(&c, KDB_TYPE(KDB_SMALLINT), "32768", KDB_ERR_OUT_OF_RANGE,
                   "value \"32768\" is out of range for type smallint");
    expect_refused(&c, KDB_TYPE(KDB_INT), "2147483648", KDB_ERR_OUT_OF_RANGE,
                   "value \"2147483648\" is out of range for type integer");
    expect_refused(&c, KDB_TYPE(KDB_INT), "-99999999999999999999", KDB_ERR_OUT_OF_RANGE,
                   "value \"-99999999999999999999\" is out of range for type integer");
    expect_refused(&c, KDB_TYPE(KDB_BIGINT), "9223372036854775808", KDB_ERR_OUT_OF_RANGE,
                   "value \"9223372036854775808\" is out of range for type bigint");
    static const char *const texts[] = {"",     " ",   "x",   "1.5", "1e3",
                                        "0x10", "--1", "1 2", "+",   "1_0"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char message[100];
        (void)snprintf(message, sizeof(message), "invalid input syntax for type integer: \"%s\"",
                       texts[i]);
        expect_refused(&c, KDB_TYPE(KDB_INT), texts[i], KDB_ERR_INVALID_VALUE, message);
    }
    case_deinit(&c);
}

static void test_bytes(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    expect_parsed(&c, KDB_TYPE(KDB_BYTES), "\\x00ff", "\\x00ff");
    expect_parsed(&c, KDB_TYPE(KDB_BYTES), "\\xDeadBeef", "\\xdeadbeef");
    expect_parsed(&c, KDB_TYPE(KDB_BYTES), "\\x 00\n ff ", "\\x00ff");
    expect_parsed(&c, KDB_TYPE(KDB_BYTES), "\\x", "\\x");
    expect_parsed(&c, KDB_TYPE(KDB_BYTES), "", "\\x");
    expect_parsed(&c, KDB_TYPE(KDB_BYTES), "h\xC3\xA9", "\\x68c3a9");
    expect_parsed(&c, KDB_TYPE(KDB_BYTES), "\\000", "\\x5c303030");
    expect_refused(&c, KDB_TYPE(KDB_BYTES), "\\x0g", KDB_ERR_INVALID_VALUE,
                   "invalid hexadecimal digit: \"g\"");
    expect_refused(&c, KDB_TYPE(KDB_BYTES), "\\x0 0", KDB_ERR_INVALID_VALUE,
                   "invalid hexadecimal digit: \" \"");
    expect_refused(&c, KDB_TYPE(KDB_BYTES), "\\x001", KDB_ERR_INVALID_VALUE,
                   "invalid hexadecimal data: odd number of digits");
    case_deinit(&c);
}

static void test_json_is_checked_and_kept(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"a\": 1}", " [1,2 ] ", "null",
                                        "\"x\"",      "-1.5e3",   "{\"a\":1,\"a\":2}"};
    static const char *const broken[] = {"",     " ",   "{",   "{a:1}",    "'x'",
                                         "[1,]", "nul", "1 2", "\"\xFF\"", "NaN"};
    struct value_case c;
    char deep[2000];
    case_init(&c);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        expect_parsed(&c, KDB_TYPE(KDB_JSON), texts[i], texts[i]);
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        kdb_value value;
        assert_int_equal(
            kdb_value_parse(kdb_slice_cstr(broken[i]), &c.ctx, KDB_TYPE(KDB_JSON), &value),
            KDB_ERR_INVALID_VALUE);
        assert_ptr_equal(strstr(c.ctx.error.message, "invalid input syntax for type json: "),
                         c.ctx.error.message);
        kdb_ctx_clear_error(&c.ctx);
    }
    memset(deep, '[', 1000);
    memset(deep + 1000, ']', 1000);
    kdb_value value;
    assert_int_equal(kdb_value_parse((kdb_slice){deep, 2000}, &c.ctx, KDB_TYPE(KDB_JSON), &value),
                     KDB_ERR_LIMIT_EXCEEDED);
    kdb_ctx_clear_error(&c.ctx);
    assert_int_equal(
        kdb_value_parse((kdb_slice){deep + 500, 1000}, &c.ctx, KDB_TYPE(KDB_JSON), &value), KDB_OK);
    case_deinit(&c);
}

static void test_embeddings(void **state)
{
    (void)state;
    const kdb_type three = {.kind = KDB_EMBEDDING, .dimension = 3};
    const kdb_type any = {.kind = KDB_EMBEDDING};
    struct value_case c;
    case_init(&c);
    expect_parsed(&c, three, "[1.0,2.0,-0.5]", "[1,2,-0.5]");
    expect_parsed(&c, three, " [ 1 , 2e0, .5 ] ", "[1,2,0.5]");
    expect_parsed(&c, any, "[1,2]", "[1,2]");
    expect_refused(&c, three, "[1,2]", KDB_ERR_INVALID_VALUE, "expected 3 dimensions, not 2");
    expect_refused(&c, three, "[1,2,3,4]", KDB_ERR_INVALID_VALUE, "expected 3 dimensions, not 4");
    expect_refused(&c, three, "[1,2,NaN]", KDB_ERR_INVALID_VALUE,
                   "an embedding cannot hold NaN or infinity");
    expect_refused(&c, three, "[1,2,inf]", KDB_ERR_INVALID_VALUE,
                   "an embedding cannot hold NaN or infinity");
    expect_refused(&c, three, "[1,2,1e39]", KDB_ERR_OUT_OF_RANGE,
                   "\"1e39\" is out of range for type real");
    expect_refused(&c, three, "[1,,2]", KDB_ERR_INVALID_VALUE,
                   "invalid input syntax for type real: \"\"");
    expect_refused(&c, three, "[1,2,]", KDB_ERR_INVALID_VALUE,
                   "invalid input syntax for type real: \"\"");
    expect_refused(&c, three, "[x,2,3]", KDB_ERR_INVALID_VALUE,
                   "invalid input syntax for type real: \"x\"");
    static const char *const texts[] = {"", "1,2,3", "[1,2,3", "1,2,3]", "[1,2]3]", "]["};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char message[100];
        (void)snprintf(message, sizeof(message), "invalid input syntax for type embedding: \"%s\"",
                       texts[i]);
        expect_refused(&c, three, texts[i], KDB_ERR_INVALID_VALUE, message);
    }
    case_deinit(&c);
}

static void test_text_is_borrowed(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    const char *text = " any\ttext ";
    kdb_value value = parsed(&c, KDB_TYPE(KDB_TEXT), text);
    assert_ptr_equal(value.bytes.data, text);
    value = parsed(&c, KDB_TYPE(KDB_UNKNOWN), text);
    assert_ptr_equal(value.bytes.data, text);
    expect_refused(&c, KDB_TYPE(KDB_FILE), "{\"id\":\"x\"}", KDB_ERR_INVALID_VALUE,
                   "text is no FILE: use FILE(\"name\") with an upload");
    case_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_booleans),   cmocka_unit_test(test_integers),
        cmocka_unit_test(test_bytes),      cmocka_unit_test(test_json_is_checked_and_kept),
        cmocka_unit_test(test_embeddings), cmocka_unit_test(test_text_is_borrowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
