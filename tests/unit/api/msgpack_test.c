// SPDX-License-Identifier: Apache-2.0
// JSON to MessagePack and back: the same documents, and what clients may not send.
#include <string.h>

#include "api/encodings_priv.h"
#include "base/alloc.h"
#include "base/json_write.h"
#include "base/random.h"
#include "lib/test.h"

// Containers inside each other.
#define DEPTH_MAX 32

static kdb_status unpack(kdb_slice packed, struct kdb_buf *out, struct kdb_error *ret_error)
{
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    kdb_status status = api_unpack_json(&ctx, packed, out);
    if (ret_error)
        *ret_error = ctx.error;
    kdb_ctx_deinit(&ctx);
    return status;
}

static void expect_same(kdb_slice json)
{
    struct kdb_buf packed = {0};
    struct kdb_buf back = {0};
    api_pack_json(json, &packed);
    if (unpack(kdb_buf_view(&packed), &back, NULL) != KDB_OK ||
        !kdb_slice_equal(kdb_buf_view(&back), json))
        fail_msg("%.*s\n came back as %.*s", KDB_ARG(json), KDB_ARG(kdb_buf_view(&back)));
    kdb_buf_deinit(&packed);
    kdb_buf_deinit(&back);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const char *const documents[] = {"null",
                                            "true",
                                            "false",
                                            "0",
                                            "-1",
                                            "127",
                                            "128",
                                            "-32",
                                            "-33",
                                            "255",
                                            "256",
                                            "65536",
                                            "2147483648",
                                            "-2147483649",
                                            "9223372036854775807",
                                            "-9223372036854775808",
                                            "0.5",
                                            "-1.25",
                                            "1e300",
                                            "\"\"",
                                            "\"\\u0000\"",
                                            "\"\xc3\xa4 \xf0\x9f\x98\x80\"",
                                            "[]",
                                            "{}",
                                            "[[],{},[]]",
                                            "{\"\":{}}",
                                            "{\"a\":[1,{\"b\":[]}],\"c\":{\"d\":null}}",
                                            "[[[1],2],3]"};
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
        expect_same(kdb_slice_cstr(documents[i]));
}

static void write_text(uint64_t *random, struct kdb_buf *out)
{
    static const size_t lengths[] = {0, 1, 5, 31, 32, 255, 256, 300};
    static const char *const letters[] = {"a", "\"", "\\", "\n", "\xc3\xa4", "\x01"};
    struct kdb_buf text = {0};
    size_t count = lengths[kdb_random_next(random) % 8];
    for (size_t i = 0; i < count; i++)
        kdb_buf_slice(&text, kdb_slice_cstr(letters[kdb_random_next(random) % 6]));
    kdb_json_string(out, kdb_buf_view(&text));
    kdb_buf_deinit(&text);
}

static void write_scalar(uint64_t *random, struct kdb_buf *out)
{
    switch (kdb_random_next(random) % 5) {
    case 0:
        kdb_json_null(out);
        return;
    case 1:
        kdb_json_bool(out, kdb_random_next(random) % 2 == 0);
        return;
    case 2:
        kdb_buf_i64(out, (int64_t)(kdb_random_next(random) >> (kdb_random_next(random) % 64)));
        return;
    case 3:
        kdb_buf_printf(out, "%d.5", (int)(kdb_random_next(random) % 100000));
        return;
    default:
        write_text(random, out);
    }
}

// A document without recursion: containers open and close at random.
static void write_document(uint64_t *random, struct kdb_buf *out)
{
    bool is_object[20];
    size_t depth = 0;
    bool is_first = true;
    is_object[depth++] = false;
    kdb_buf_put(out, '[');
    for (size_t left = kdb_random_next(random) % 200; depth > 0;) {
        if (left == 0 || kdb_random_next(random) % 4 == 0) {
            kdb_buf_put(out, is_object[--depth] ? '}' : ']');
            is_first = false;
            left = depth == 0 ? 0 : left;
            continue;
        }
        left--;
        if (!is_first)
            kdb_buf_put(out, ',');
        if (is_object[depth - 1]) {
            write_text(random, out);
            kdb_buf_put(out, ':');
        }
        is_first = depth < 20 && kdb_random_next(random) % 2 == 0;
        if (!is_first) {
            write_scalar(random, out);
            continue;
        }
        is_object[depth] = kdb_random_next(random) % 2 == 0;
        kdb_buf_put(out, is_object[depth++] ? '{' : '[');
    }
}

static void test_random_documents(void **state)
{
    (void)state;
    uint64_t random = 20260504;
    for (int i = 0; i < 300; i++) {
        struct kdb_buf json = {0};
        write_document(&random, &json);
        expect_same(kdb_buf_view(&json));
        kdb_buf_deinit(&json);
    }
}

// Lists that take the longer headers.
static void test_long_lists(void **state)
{
    (void)state;
    static const size_t counts[] = {15, 16, 65535, 65536};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct kdb_buf json = {0};
        kdb_buf_put(&json, '[');
        for (size_t at = 0; at < counts[i]; at++)
            kdb_buf_slice(&json, at > 0 ? KDB_LIT(",7") : KDB_LIT("7"));
        kdb_buf_put(&json, ']');
        expect_same(kdb_buf_view(&json));
        kdb_buf_deinit(&json);
    }
}

// An object made of a header and members that were packed on their own.
static void test_members(void **state)
{
    (void)state;
    struct kdb_buf members = {0};
    struct kdb_buf whole = {0};
    struct kdb_buf back = {0};
    uint32_t count;
    api_pack_members(KDB_LIT("{\"a\":[1,2],\"b\":{\"c\":null}}"), &members, &count);
    assert_int_equal(count, 2);
    api_pack_map_header(count + 1, &whole);
    kdb_buf_slice(&whole, KDB_LIT("\xa1x\x05"));
    kdb_buf_slice(&whole, kdb_buf_view(&members));
    assert_int_equal(unpack(kdb_buf_view(&whole), &back, NULL), KDB_OK);
    assert_slice_equal(kdb_buf_view(&back), "{\"x\":5,\"a\":[1,2],\"b\":{\"c\":null}}");
    kdb_buf_clear(&members);
    api_pack_members(KDB_LIT("{}"), &members, &count);
    assert_int_equal(count, 0);
    assert_int_equal(members.len, 0);
    kdb_buf_deinit(&members);
    kdb_buf_deinit(&whole);
    kdb_buf_deinit(&back);
}

// Forms that we do not write, but clients may.
static void test_forms_of_clients(void **state)
{
    (void)state;
    static const struct {
        kdb_slice packed;
        const char *json;
    } cases[] = {
        {KDB_LIT_INIT("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), "18446744073709551615"},
        {KDB_LIT_INIT("\xd0\xff"), "-1"},
        {KDB_LIT_INIT("\xca\x3f\x00\x00\x00"), "0.5"},
        {KDB_LIT_INIT("\xdb\x00\x00\x00\x01"
                      "a"),
         "\"a\""},
        {KDB_LIT_INIT("\xdd\x00\x00\x00\x01\xc0"), "[null]"},
        {KDB_LIT_INIT("\xdf\x00\x00\x00\x01\xa1k\xc2"), "{\"k\":false}"},
        {KDB_LIT_INIT("\xde\x00\x00"), "{}"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_buf out = {0};
        assert_int_equal(unpack(cases[i].packed, &out, NULL), KDB_OK);
        assert_slice_equal(kdb_buf_view(&out), cases[i].json);
        kdb_buf_deinit(&out);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const kdb_slice refused[] = {
        KDB_LIT_INIT(""),          // nothing
        KDB_LIT_INIT("\xc0\xc0"),  // two values
        KDB_LIT_INIT("\xc1"),      // never used
        KDB_LIT_INIT("\x92\x01"),  // cut
        KDB_LIT_INIT("\x81\xa1k"), // a key without its value
        KDB_LIT_INIT("\xa5"
                     "abc"),                      // cut
        KDB_LIT_INIT("\xdd\xff\xff\xff\xff"),     // members that never come
        KDB_LIT_INIT("\xdf\xff\xff\xff\xff\xc0"), // as above
        KDB_LIT_INIT("\xdb\xff\xff\xff\xff"
                     "a"),            // bytes that never come
        KDB_LIT_INIT("\x81\x01\x02"), // a key that is a number
        KDB_LIT_INIT("\xc4\x01"
                     "a"), // binary
        KDB_LIT_INIT("\xd4\x01"
                     "a"),                                    // an extension
        KDB_LIT_INIT("\xd6\xff\x00\x00\x00\x00"),             // a timestamp
        KDB_LIT_INIT("\xa1\xff"),                             // no UTF-8
        KDB_LIT_INIT("\x81\xa1\xff\xc0"),                     // as a key
        KDB_LIT_INIT("\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"), // infinity
        KDB_LIT_INIT("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"), // NaN
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct kdb_buf out = {0};
        struct kdb_error error;
        if (unpack(refused[i], &out, &error) != KDB_ERR_INVALID_INPUT)
            fail_msg("case %zu gives %s", i, kdb_status_info(error.status)->name);
        assert_non_null(strstr(error.message, "MessagePack"));
        kdb_buf_deinit(&out);
    }
}

// As deep as a message may be, and one deeper.
static void test_depth(void **state)
{
    (void)state;
    struct kdb_buf packed = {0};
    struct kdb_buf out = {0};
    struct kdb_error error;
    for (int i = 1; i < DEPTH_MAX; i++)
        kdb_buf_put(&packed, '\x91');
    kdb_buf_put(&packed, '\x90');
    assert_int_equal(unpack(kdb_buf_view(&packed), &out, NULL), KDB_OK);
    assert_int_equal(out.len, 2 * DEPTH_MAX);
    packed.data[packed.len - 1] = '\x91';
    kdb_buf_put(&packed, '\x90');
    kdb_buf_clear(&out);
    assert_int_equal(unpack(kdb_buf_view(&packed), &out, &error), KDB_ERR_LIMIT_EXCEEDED);
    packed.data[packed.len - 1] = '\x91';
    for (int i = 0; i < 100000; i++)
        kdb_buf_put(&packed, '\x91');
    kdb_buf_put(&packed, '\x90');
    assert_int_equal(unpack(kdb_buf_view(&packed), &out, &error), KDB_ERR_LIMIT_EXCEEDED);
    kdb_buf_deinit(&packed);
    kdb_buf_deinit(&out);
}

// Whatever becomes of the bytes: an error or a document, and nothing is read beyond the end.
static void test_damaged(void **state)
{
    (void)state;
    uint64_t random = 4711;
    for (int i = 0; i < 200; i++) {
        struct kdb_buf json = {0};
        struct kdb_buf packed = {0};
        write_document(&random, &json);
        api_pack_json(kdb_buf_view(&json), &packed);
        size_t len = 1 + kdb_random_next(&random) % packed.len;
        for (int at = 0; at < 3; at++)
            packed.data[kdb_random_next(&random) % len] = (char)kdb_random_next(&random);
        char *exact = kdb_alloc_text(packed.data, len); // so that one byte more is noticed
        struct kdb_buf out = {0};
        (void)!unpack(kdb_slice_of(exact, len), &out, NULL);
        kdb_buf_deinit(&out);
        kdb_free(exact);
        kdb_buf_deinit(&json);
        kdb_buf_deinit(&packed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_random_documents),
        cmocka_unit_test(test_long_lists),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_forms_of_clients),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
