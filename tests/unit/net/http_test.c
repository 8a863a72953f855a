// SPDX-License-Identifier: Apache-2.0
// Parts of a request: percent escapes, query parameters, media types, names.
#include "net/http.h"

#include "lib/test.h"

struct decoded {
    const char *text;
    const char *decoded; // NULL: refused
};

static void test_percent_decode(void **state)
{
    (void)state;
    static const struct decoded cases[] = {
        {"", ""},         {"abc", "abc"}, {"a+b", "a+b"},   {"%41", "A"},  {"%c3%A4", "\xc3\xa4"},
        {"%2F%2e", "/."}, {"%25", "%"},   {"%2541", "%41"}, {"%", NULL},   {"a%4", NULL},
        {"%4g", NULL},    {"%g4", NULL},  {"%00", NULL},    {"%-1", NULL}, {"%%41", NULL},
    };
    struct kdb_arena arena = {0};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kdb_slice out;
        bool is_good = kdb_http_percent_decode(&arena, kdb_slice_cstr(cases[i].text), &out);
        assert_int_equal(is_good, cases[i].decoded != NULL);
        if (is_good)
            assert_slice_equal(out, cases[i].decoded);
    }
    kdb_arena_deinit(&arena);
}

static void expect_query(struct kdb_http_request *request, const char *name, const char *value)
{
    kdb_slice found = {0};
    assert_true(kdb_http_query_value(request, kdb_slice_cstr(name), &found));
    if (!value) {
        assert_null(found.data);
        return;
    }
    assert_non_null(found.data);
    assert_slice_equal(found, value);
}

static void test_query_value(void **state)
{
    (void)state;
    struct kdb_http_request request = {.query = KDB_LIT("a=1&b=x+y%26&c&=e&a=2&%64d=5&f==g&&h=")};
    expect_query(&request, "a", "1");
    expect_query(&request, "b", "x y&");
    expect_query(&request, "c", "");
    expect_query(&request, "", "e");
    expect_query(&request, "dd", "5");
    expect_query(&request, "f", "=g");
    expect_query(&request, "h", "");
    expect_query(&request, "A", NULL);
    expect_query(&request, "z", NULL);
    kdb_slice found;
    request.query = KDB_LIT("a=%00");
    assert_false(kdb_http_query_value(&request, KDB_LIT("a"), &found));
    request.query = KDB_LIT("a=%4");
    assert_false(kdb_http_query_value(&request, KDB_LIT("a"), &found));
    request.query = (kdb_slice){0};
    expect_query(&request, "a", NULL);
    kdb_ctx_deinit(&request.ctx);
}

static void test_media_type(void **state)
{
    (void)state;
    assert_slice_equal(kdb_http_media_type(KDB_LIT("application/json")), "application/json");
    assert_slice_equal(kdb_http_media_type(KDB_LIT(" text/plain ; charset=utf-8")), "text/plain");
    assert_slice_equal(kdb_http_media_type(KDB_LIT(";")), "");
    assert_int_equal(kdb_http_media_type((kdb_slice){0}).len, 0);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(kdb_http_method_name(KDB_HTTP_OPTIONS), "OPTIONS");
    assert_string_equal(kdb_http_reason(404), "Not Found");
    assert_string_equal(kdb_http_reason(599), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_percent_decode),
        cmocka_unit_test(test_query_value),
        cmocka_unit_test(test_media_type),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
