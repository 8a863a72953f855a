// SPDX-License-Identifier: Apache-2.0
// JSON reading: what RFC 8259 allows and forbids, exact integers, limits, random trees there and
// back.
#include "base/json_read.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json_write.h"
#include "base/random.h"
#include "base/utf8.h"
#include "lib/test.h"

static const struct kdb_json_limits limits = {.size_max = 1 << 20, .depth_max = 64};

static int set_up(void **state)
{
    static struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    *state = &ctx;
    return 0;
}

static int tear_down(void **state)
{
    kdb_ctx_deinit(*state);
    return 0;
}

// Parses a copy in memory of exactly the text's size: the address sanitizer sees any read behind
// it.
static kdb_status try_parse(struct kdb_ctx *ctx, kdb_slice text, const struct kdb_json **ret_root)
{
    char *copy = kdb_realloc(NULL, text.len);
    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    kdb_arena_on_reset(&ctx->arena, kdb_free, copy);
    return kdb_json_parse(ctx, kdb_slice_of(copy, text.len), &limits, ret_root);
}

static const struct kdb_json *parse(struct kdb_ctx *ctx, const char *text)
{
    const struct kdb_json *root = NULL;
    if (try_parse(ctx, kdb_slice_cstr(text), &root) != KDB_OK)
        fail_msg("%s: %s", text, ctx->error.message);
    return root;
}

static void test_plain_values(void **state)
{
    struct kdb_ctx *ctx = *state;
    assert_int_equal(parse(ctx, "null")->type, KDB_JSON_NULL);
    assert_int_equal(parse(ctx, " \t\r\n true ")->integer, 1);
    assert_int_equal(parse(ctx, "false")->type, KDB_JSON_BOOL);
    assert_int_equal(parse(ctx, "false")->integer, 0);
    assert_slice_equal(parse(ctx, "\"\"")->text, "");
    assert_slice_equal(parse(ctx, "\"plain text of some length\"")->text,
                       "plain text of some length");
    assert_int_equal(parse(ctx, "[]")->count, 0);
    assert_int_equal(parse(ctx, "{ }")->type, KDB_JSON_OBJECT);
}

static void test_integers_are_exact(void **state)
{
    struct kdb_ctx *ctx = *state;
    const struct kdb_json *value = parse(ctx, "9223372036854775807");
    assert_int_equal(value->type, KDB_JSON_INT);
    assert_true(value->integer == INT64_MAX);
    assert_true(parse(ctx, "-9223372036854775808")->integer == INT64_MIN);
    assert_true(parse(ctx, "9007199254740993")->integer == 9007199254740993);
    assert_int_equal(parse(ctx, "0")->integer, 0);
    assert_slice_equal(parse(ctx, "-0")->text, "-0");
    value = parse(ctx, "9223372036854775808");
    assert_int_equal(value->type, KDB_JSON_NUMBER);
    assert_slice_equal(value->text, "9223372036854775808");
    assert_int_equal(parse(ctx, "1.0")->type, KDB_JSON_NUMBER);
    assert_int_equal(parse(ctx, "1e2")->type, KDB_JSON_NUMBER);
    assert_slice_equal(parse(ctx, "[-12.50E+3]")->first->text, "-12.50E+3");
}

static void test_numbers_as_doubles(void **state)
{
    struct kdb_ctx *ctx = *state;
    double value = 0;
    assert_true(kdb_json_to_double(parse(ctx, "0.1"), &value));
    assert_true(value == 0.1);
    assert_true(kdb_json_to_double(parse(ctx, "-7"), &value));
    assert_true(value == -7);
    assert_true(kdb_json_to_double(parse(ctx, "123456789012345678901234567890"), &value));
    assert_true(value == 123456789012345678901234567890.0);
    assert_false(kdb_json_to_double(parse(ctx, "1e400"), &value));
    assert_false(kdb_json_to_double(parse(ctx, "\"1\""), &value));
    assert_false(kdb_json_to_double(parse(ctx, "true"), &value));
}

static void test_escapes_are_resolved(void **state)
{
    struct kdb_ctx *ctx = *state;
    assert_slice_equal(parse(ctx, "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")->text, "\"\\/\b\f\n\r\t");
    assert_slice_equal(parse(ctx, "\"\\u00e9\\u20AC\\ud83d\\uDE00!\"")->text,
                       "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!");
    assert_slice_equal(parse(ctx, "\"before \\n between some more \\\\ after\"")->text,
                       "before \n between some more \\ after");
    const struct kdb_json *value = parse(ctx, "\"a\\u0000b\"");
    assert_true(kdb_slice_equal(value->text, KDB_LIT("a\0b")));
    assert_slice_equal(value->raw, "\"a\\u0000b\"");
    value = parse(ctx, "{\"\\u0061b\" : 1}");
    assert_slice_equal(value->first->name, "ab");
}

static void test_strings_without_escapes_are_borrowed(void **state)
{
    struct kdb_ctx *ctx = *state;
    kdb_slice text = KDB_LIT("{\"sql\":\"SELECT 1\",\"n\":12}");
    const struct kdb_json *root = NULL;
    assert_int_equal(kdb_json_parse(ctx, text, &limits, &root), KDB_OK);
    assert_ptr_equal(root->first->name.data, text.data + 2);
    assert_ptr_equal(root->first->text.data, text.data + 8);
    assert_ptr_equal(root->first->next->text.data, text.data + 22);
}

static void test_tree_and_lookup(void **state)
{
    struct kdb_ctx *ctx = *state;
    const struct kdb_json *root =
        parse(ctx, "{\"a\": [1, {\"b\": [ ]} , [2,3]], \"c\":{}, \"a2\":null, \"c\":\"last\"}");
    assert_int_equal(root->count, 4);
    assert_null(root->parent);
    const struct kdb_json *list = kdb_json_get(root, KDB_LIT("a"));
    assert_int_equal(list->count, 3);
    assert_ptr_equal(list->parent, root);
    assert_slice_equal(list->raw, "[1, {\"b\": [ ]} , [2,3]]");
    assert_slice_equal(kdb_json_get(kdb_json_at(list, 1), KDB_LIT("b"))->raw, "[ ]");
    assert_int_equal(kdb_json_at(kdb_json_at(list, 2), 1)->integer, 3);
    assert_null(kdb_json_at(list, 3));
    assert_slice_equal(kdb_json_get(root, KDB_LIT("c"))->text, "last");
    assert_int_equal(kdb_json_get(root, KDB_LIT("a2"))->type, KDB_JSON_NULL);
    assert_null(kdb_json_get(root, KDB_LIT("A")));
    assert_null(kdb_json_get(list, KDB_LIT("a")));
    assert_null(kdb_json_get(NULL, KDB_LIT("a")));
    assert_null(kdb_json_at(root, 0));
    assert_null(kdb_json_at(NULL, 0));
    assert_slice_equal(root->raw, "{\"a\": [1, {\"b\": [ ]} , [2,3]], \"c\":{}, \"a2\":null, "
                                  "\"c\":\"last\"}");
}

static const struct {
    const char *text;
    const char *message;
} refused[] = {
    {"", "expected a value at byte 0, where the text ends"},
    {"  ", "expected a value at byte 2, where the text ends"},
    {"\xef\xbb\xbf{}", "expected a value at byte 0"},
    {"{", "expected a quoted name or '}' at byte 1, where the text ends"},
    {"{]", "expected a quoted name or '}' at byte 1"},
    {"{a:1}", "expected a quoted name or '}' at byte 1"},
    {"{\"a\"}", "expected ':' at byte 4"},
    {"{\"a\":}", "expected a value at byte 5"},
    {"{\"a\":1,}", "expected a quoted name at byte 7"},
    {"{\"a\":1 \"b\":2}", "expected ',' or '}' at byte 7"},
    {"{\"a\":1]", "expected ',' or '}' at byte 6"},
    {"[1,]", "expected a value at byte 3"},
    {"[,1]", "expected a value at byte 1"},
    {"[1 2]", "expected ',' or ']' at byte 3"},
    {"[1}", "expected ',' or ']' at byte 2"},
    {"[1", "expected ',' or ']' at byte 2, where the text ends"},
    {"[[]", "expected ',' or ']' at byte 3, where the text ends"},
    {"1 2", "expected the end of the text at byte 2"},
    {"{}}", "expected the end of the text at byte 2"},
    {"nul", "expected a value at byte 0"},
    {"truer", "expected the end of the text at byte 4"},
    {"True", "expected a value at byte 0"},
    {"'a'", "expected a value at byte 0"},
    {"NaN", "expected a value at byte 0"},
    {"-", "expected a digit at byte 1, where the text ends"},
    {"-a", "expected a digit at byte 1"},
    {"+1", "expected a value at byte 0"},
    {".5", "expected a value at byte 0"},
    {"01", "expected the end of the text at byte 1"},
    {"-01", "expected the end of the text at byte 2"},
    {"1.", "expected a digit at byte 2, where the text ends"},
    {"1.e5", "expected a digit at byte 2"},
    {"1e", "expected a digit at byte 2, where the text ends"},
    {"1e+", "expected a digit at byte 3, where the text ends"},
    {"0x10", "expected the end of the text at byte 1"},
    {"\"abc", "expected the quote that ends a string at byte 4, where the text ends"},
    {"\"abc\\\"", "expected the quote that ends a string at byte 6, where the text ends"},
    {"\"abc\\", "expected one of \"\\/bfnrtu at byte 5, where the text ends"},
    {"\"\\x\"", "expected one of \"\\/bfnrtu at byte 2"},
    {"\"\\\xc3\xa9\"", "expected one of \"\\/bfnrtu at byte 2"},
    {"\"a\nb\"", "expected an escape instead of a control character at byte 2"},
    {"\"0123456\\n\t\"", "expected an escape instead of a control character at byte 10"},
    {"\"\\u12\"", "expected four hexadecimal digits at byte 3"},
    {"\"\\u12g4\"", "expected four hexadecimal digits at byte 3"},
    {"\"\\ud800\"", "expected a surrogate pair at byte 7"},
    {"\"\\udc00\\ud800\"", "expected a surrogate pair at byte 7"},
    {"\"\\ud800\\u0041\"", "expected the second half of a surrogate pair at byte 13"},
    {"\"\\ud800\\n12345\"", "expected a surrogate pair at byte 7"},
    {"[\"\xff\"]", "expected valid UTF-8 at byte 2"},
    {"{} // x", "expected the end of the text at byte 3"},
    {"\x0b"
     "1",
     "expected a value at byte 0"},
};

static void test_refused_with_place_and_reason(void **state)
{
    struct kdb_ctx *ctx = *state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const struct kdb_json *root = NULL;
        if (try_parse(ctx, kdb_slice_cstr(refused[i].text), &root) != KDB_ERR_INVALID_INPUT)
            fail_msg("accepted %s", refused[i].text);
        assert_null(root);
        assert_string_equal(ctx->error.message, refused[i].message);
        kdb_ctx_reset(ctx);
    }
    const struct kdb_json *root = NULL;
    assert_int_equal(try_parse(ctx, KDB_LIT("[1]\0"), &root), KDB_ERR_INVALID_INPUT);
    kdb_ctx_reset(ctx);
    assert_int_equal(kdb_json_parse(ctx, (kdb_slice){NULL, 0}, &limits, &root),
                     KDB_ERR_INVALID_INPUT);
}

static void test_limits(void **state)
{
    struct kdb_ctx *ctx = *state;
    const struct kdb_json *root = NULL;
    struct kdb_json_limits small = {.size_max = 8, .depth_max = 2};
    assert_int_equal(kdb_json_parse(ctx, KDB_LIT("[[1, 2]]"), &small, &root), KDB_OK);
    assert_int_equal(kdb_json_parse(ctx, KDB_LIT("[[1, 2]] "), &small, &root),
                     KDB_ERR_LIMIT_EXCEEDED);
    kdb_ctx_clear_error(ctx);
    assert_int_equal(kdb_json_parse(ctx, KDB_LIT("[[],[[]]"), &small, &root),
                     KDB_ERR_LIMIT_EXCEEDED);
    assert_string_equal(ctx->error.message, "JSON is nested deeper than 2 levels at byte 5");
    kdb_ctx_clear_error(ctx);
    small.depth_max = 0;
    assert_int_equal(kdb_json_parse(ctx, KDB_LIT("1"), &small, &root), KDB_OK);
    assert_int_equal(kdb_json_parse(ctx, KDB_LIT("{}"), &small, &root), KDB_ERR_LIMIT_EXCEEDED);
}

// A hundred thousand brackets neither exhaust the stack nor pass.
static void test_deep_nesting_does_not_recurse(void **state)
{
    struct kdb_ctx *ctx = *state;
    struct kdb_buf buf = {0};
    for (int i = 0; i < 100000; i++)
        KDB_BUF_LIT(&buf, "[");
    const struct kdb_json *root = NULL;
    assert_int_equal(try_parse(ctx, kdb_buf_view(&buf), &root), KDB_ERR_LIMIT_EXCEEDED);
    kdb_ctx_clear_error(ctx);
    for (int i = 0; i < 100000; i++)
        KDB_BUF_LIT(&buf, "]");
    struct kdb_json_limits deep = {.size_max = 1 << 20, .depth_max = 100000};
    assert_int_equal(kdb_json_parse(ctx, kdb_buf_view(&buf), &deep, &root), KDB_OK);
    assert_int_equal(root->raw.len, 200000);
    kdb_buf_deinit(&buf);
}

static void test_memory_budget_stops_the_parse(void **state)
{
    (void)state;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 64 * 1024);
    struct kdb_buf buf = {0};
    KDB_BUF_LIT(&buf, "[0");
    for (int i = 0; i < 10000; i++)
        KDB_BUF_LIT(&buf, ",0");
    KDB_BUF_LIT(&buf, "]");
    const struct kdb_json *root = NULL;
    assert_int_equal(kdb_json_parse(&ctx, kdb_buf_view(&buf), &limits, &root),
                     KDB_ERR_LIMIT_EXCEEDED);
    assert_true(ctx.arena.used_bytes < 128 * 1024);
    kdb_buf_deinit(&buf);
    kdb_ctx_deinit(&ctx);
}

static void put_blanks(struct kdb_buf *buf, uint64_t *seed)
{
    while (kdb_random_next(seed) % 4 == 0)
        kdb_buf_put(buf, " \t\r\n"[kdb_random_next(seed) % 4]);
}

static void put_random_string(struct kdb_buf *buf, uint64_t *seed)
{
    char text[160];
    size_t len = 0;
    for (uint64_t count = kdb_random_next(seed) % 40; count > 0; count--) {
        uint32_t range = kdb_random_next(seed) % 2 ? 0x80 : 0xD800;
        len += kdb_utf8_encode((uint32_t)(kdb_random_next(seed) % range), text + len);
    }
    kdb_json_string(buf, kdb_slice_of(text, len));
}

// Random JSON text with blanks wherever they may be.
static void put_random_value(struct kdb_buf *buf, uint64_t *seed, unsigned depth)
{
    put_blanks(buf, seed);
    uint64_t kind = kdb_random_next(seed) % (depth ? 7 : 5);
    if (kind == 0) {
        kdb_json_null(buf);
    } else if (kind == 1) {
        kdb_json_bool(buf, kdb_random_next(seed) % 2);
    } else if (kind == 2) {
        kdb_json_i64(buf, (int64_t)(kdb_random_next(seed)) >> kdb_random_next(seed) % 64);
    } else if (kind == 3) {
        assert_true(kdb_json_double(buf, (double)(int64_t)kdb_random_next(seed) / 4096.0));
    } else if (kind == 4) {
        put_random_string(buf, seed);
    } else {
        kdb_buf_put(buf, kind == 5 ? '[' : '{');
        put_blanks(buf, seed);
        uint64_t count = kdb_random_next(seed) % 5;
        for (uint64_t i = 0; i < count; i++) {
            if (i > 0)
                kdb_buf_put(buf, ',');
            put_blanks(buf, seed);
            if (kind == 6) {
                put_random_string(buf, seed);
                put_blanks(buf, seed);
                kdb_buf_put(buf, ':');
            }
            put_random_value(buf, seed, depth - 1);
            put_blanks(buf, seed);
        }
        kdb_buf_put(buf, kind == 5 ? ']' : '}');
    }
    put_blanks(buf, seed);
}

// Writes a tree without blanks.
static void put_tree(struct kdb_buf *buf, const struct kdb_json *value)
{
    double number = 0;
    switch (value->type) {
    case KDB_JSON_NULL:
        kdb_json_null(buf);
        return;
    case KDB_JSON_BOOL:
        kdb_json_bool(buf, value->integer);
        return;
    case KDB_JSON_INT:
        kdb_json_i64(buf, value->integer);
        return;
    case KDB_JSON_NUMBER:
        assert_true(kdb_json_to_double(value, &number));
        assert_true(kdb_json_double(buf, number));
        return;
    case KDB_JSON_STRING:
        kdb_json_string(buf, value->text);
        return;
    case KDB_JSON_ARRAY:
    case KDB_JSON_OBJECT:
        break;
    }
    uint32_t count = 0;
    kdb_buf_put(buf, value->type == KDB_JSON_ARRAY ? '[' : '{');
    for (const struct kdb_json *member = value->first; member; member = member->next) {
        if (count++ > 0)
            kdb_buf_put(buf, ',');
        if (value->type == KDB_JSON_OBJECT) {
            kdb_json_string(buf, member->name);
            kdb_buf_put(buf, ':');
        }
        put_tree(buf, member);
    }
    assert_int_equal(count, value->count);
    kdb_buf_put(buf, value->type == KDB_JSON_ARRAY ? ']' : '}');
}

// `text` without the blanks outside strings.
static void put_squeezed(struct kdb_buf *buf, kdb_slice text)
{
    bool is_string = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '"')
            is_string = !is_string;
        if (is_string && c == '\\')
            kdb_buf_put(buf, text.data[i++]);
        if (is_string || !strchr(" \t\r\n", c))
            kdb_buf_put(buf, text.data[i]);
    }
}

static void test_random_trees_there_and_back(void **state)
{
    struct kdb_ctx *ctx = *state;
    uint64_t seed = 21;
    struct kdb_buf text = {0};
    struct kdb_buf squeezed = {0};
    struct kdb_buf again = {0};
    for (int round = 0; round < 1500; round++) {
        kdb_buf_clear(&text);
        kdb_buf_clear(&squeezed);
        kdb_buf_clear(&again);
        put_random_value(&text, &seed, 5);
        put_squeezed(&squeezed, kdb_buf_view(&text));
        const struct kdb_json *root = NULL;
        assert_int_equal(try_parse(ctx, kdb_buf_view(&text), &root), KDB_OK);
        put_tree(&again, root);
        assert_true(kdb_slice_equal(kdb_buf_view(&squeezed), kdb_buf_view(&again)));
        kdb_ctx_reset(ctx);
    }
    kdb_buf_deinit(&text);
    kdb_buf_deinit(&squeezed);
    kdb_buf_deinit(&again);
}

// A changed byte or a cut text gives a tree or an error, never a read outside (the sanitizers
// look).
static void test_damaged_text_is_survived(void **state)
{
    struct kdb_ctx *ctx = *state;
    uint64_t seed = 22;
    struct kdb_buf text = {0};
    for (int round = 0; round < 3000; round++) {
        kdb_buf_clear(&text);
        put_random_value(&text, &seed, 4);
        text.data[kdb_random_next(&seed) % text.len] = (char)kdb_random_next(&seed);
        if (round % 2)
            text.len = kdb_random_next(&seed) % (text.len + 1);
        const struct kdb_json *root = NULL;
        bool is_read = try_parse(ctx, kdb_buf_view(&text), &root) == KDB_OK;
        assert_int_equal(is_read, root != NULL);
        kdb_ctx_reset(ctx);
    }
    kdb_buf_deinit(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_plain_values),
        TEST(test_integers_are_exact),
        TEST(test_numbers_as_doubles),
        TEST(test_escapes_are_resolved),
        TEST(test_strings_without_escapes_are_borrowed),
        TEST(test_tree_and_lookup),
        TEST(test_refused_with_place_and_reason),
        TEST(test_limits),
        TEST(test_deep_nesting_does_not_recurse),
        TEST(test_memory_budget_stops_the_parse),
        TEST(test_random_trees_there_and_back),
        TEST(test_damaged_text_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
