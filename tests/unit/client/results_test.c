// SPDX-License-Identifier: Apache-2.0
// Replies to SQL: envelopes, errors of every shape, rows one at a time, damage.
#include "client/results.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/random.h"
#include "lib/test.h"

static int set_up(void **state)
{
    struct kdb_ctx *ctx = kdb_alloc(sizeof(*ctx));
    kdb_ctx_init(ctx, 0);
    *state = ctx;
    return 0;
}

static int tear_down(void **state)
{
    kdb_ctx_deinit(*state);
    kdb_free(*state);
    return 0;
}

static kdb_status try_read(struct kdb_ctx *ctx, int http, kdb_slice body,
                           struct kdb_results *ret_results)
{
    char *copy = kdb_alloc(body.len);
    if (body.len > 0)
        memcpy(copy, body.data, body.len);
    kdb_arena_on_reset(&ctx->arena, kdb_free, copy);
    const struct kdb_reply reply = {http, kdb_slice_of(copy, body.len)};
    return kdb_results_read(&reply, ctx, ret_results);
}

static struct kdb_results read_body(struct kdb_ctx *ctx, int http, const char *body)
{
    struct kdb_results results;
    if (try_read(ctx, http, kdb_slice_cstr(body), &results) != KDB_OK)
        fail_msg("%s: %s", body, ctx->error.message);
    return results;
}

static const char select_body[] =
    "{\"status\":\"success\",\"results\":[{\"schema\":[{\"name\":\"id\",\"data_type\":\"BigInt\","
    "\"index\":0,\"flags\":[\"pk\",\"nn\",\"uq\"]},{\"name\":\"a \\\"b\\\"\",\"data_type\":"
    "{\"Decimal\":{\"precision\":10,\"scale\":2}},\"index\":1}],\"rows\":[[\"42\",\"1.50\"],"
    "[\"43\",null]],\"row_count\":2,\"as_user\":\"alice\"}],\"took\":1.234,\"error\":null}";

static void test_select(void **state)
{
    struct kdb_ctx *ctx = *state;
    struct kdb_results results = read_body(ctx, 200, select_body);
    assert_true(results.is_success);
    assert_int_equal(results.count, 1);
    const struct kdb_result *result = &results.items[0];
    assert_int_equal(result->column_count, 2);
    assert_slice_equal(result->columns[0].name, "id");
    assert_slice_equal(result->columns[0].type, "BigInt");
    assert_true(result->columns[0].is_primary_key);
    assert_slice_equal(result->columns[1].name, "a \"b\"");
    assert_slice_equal(result->columns[1].type, "Decimal");
    assert_false(result->columns[1].is_primary_key);
    assert_int_equal(result->row_count, 2);
    assert_slice_equal(result->as_user, "alice");
    assert_null(result->message.data);
    struct kdb_row_walk walk = kdb_result_rows(result);
    const struct kdb_json *row;
    assert_int_equal(kdb_row_walk_next(&walk, ctx, &row), KDB_OK);
    assert_slice_equal(row->first->text, "42");
    assert_int_equal(kdb_row_walk_next(&walk, ctx, &row), KDB_OK);
    assert_int_equal(row->first->next->type, KDB_JSON_NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(kdb_row_walk_next(&walk, ctx, &row), KDB_OK);
        assert_null(row);
    }
}

static void test_several_results(void **state)
{
    struct kdb_results results = read_body(
        *state, 200,
        " { \"took\" : 0.1 , \"results\" : [ { \"row_count\" : 3 , \"message\" : \"Inserted 3 "
        "row(s)\" } ,\n{\"schema\":[{\"name\":\"x\",\"data_type\":\"Text\"}],\"rows\":[ ],"
        "\"row_count\":0},{\"row_count\":0}],\"status\":\"success\" } ");
    assert_int_equal(results.count, 3);
    assert_slice_equal(results.items[0].message, "Inserted 3 row(s)");
    assert_false(results.items[0].has_rows);
    assert_true(results.items[1].has_rows);
    assert_null(results.items[2].message.data);
    struct kdb_row_walk walk = kdb_result_rows(&results.items[1]);
    const struct kdb_json *row;
    assert_int_equal(kdb_row_walk_next(&walk, *state, &row), KDB_OK);
    assert_null(row);
    walk = kdb_result_rows(&results.items[0]);
    assert_int_equal(kdb_row_walk_next(&walk, *state, &row), KDB_OK);
    assert_null(row);
}

static void test_text_of_the_results(void **state)
{
    struct kdb_results results = read_body(
        *state, 200, "{\"status\":\"success\",\"results\":[{\"row_count\":1}],\"took\":1}");
    assert_slice_equal(results.text, "[{\"row_count\":1}]");
    results = read_body(*state, 200, "{\"status\":\"success\",\"results\":[]}");
    assert_int_equal(results.count, 0);
}

static void test_errors_in_all_shapes(void **state)
{
    struct kdb_results results =
        read_body(*state, 400,
                  "{\"status\":\"error\",\"results\":[],\"took\":0.4,\"error\":{\"code\":"
                  "\"INVALID_SQL\",\"message\":\"no \\u00e4\",\"details\":\"SELEC\"}}");
    assert_false(results.is_success);
    assert_slice_equal(results.code, "INVALID_SQL");
    assert_slice_equal(results.message, "no \xc3\xa4");
    assert_slice_equal(results.details, "SELEC");
    assert_slice_equal(results.text, "[]");
    results = read_body(*state, 429, "{\"error\":\"IP_BANNED\",\"message\":\"wait\"}");
    assert_slice_equal(results.code, "IP_BANNED");
    assert_slice_equal(results.message, "wait");
    assert_null(results.details.data);
    results = read_body(*state, 502, "<html>\nbad gateway\n");
    assert_null(results.code.data);
    assert_slice_equal(results.message,
                       "the server answered with HTTP status 502: <html>\nbad gateway");
    results = read_body(*state, 500, "");
    assert_slice_equal(results.message, "the server answered with HTTP status 500");
    results = read_body(*state, 500, "[1,2]");
    assert_false(results.is_success);
    // An error envelope under a 200 is an error too.
    results = read_body(*state, 200,
                        "{\"status\":\"error\",\"error\":{\"code\":\"X\",\"message\":\"y\"}}");
    assert_false(results.is_success);
    assert_slice_equal(results.code, "X");
}

static void expect_malformed(struct kdb_ctx *ctx, const char *body)
{
    struct kdb_results results;
    kdb_ctx_clear_error(ctx);
    if (try_read(ctx, 200, kdb_slice_cstr(body), &results) != KDB_ERR_CORRUPT)
        fail_msg("%s was read", body);
}

static void test_malformed_envelopes(void **state)
{
    const char *bodies[] = {
        "",
        "[]",
        "null",
        "{",
        "{\"status\":\"success\"}",
        "{\"status\":\"success\",\"results\":{}}",
        "{\"status\":\"success\",\"results\":[",
        "{\"status\":\"success\",\"results\":[1]}",
        "{\"status\":\"success\",\"results\":[{}",
        "{\"status\":\"success\",\"results\":[{} {}]}",
        "{\"status\":\"success\",\"results\":[{\"row_count\":-1}]}",
        "{\"status\":\"success\",\"results\":[{\"row_count\":\"1\"}]}",
        "{\"status\":\"success\",\"results\":[{\"message\":5}]}",
        "{\"status\":\"success\",\"results\":[{\"message\":\"a\\q\"}]}",
        "{\"status\":\"success\",\"results\":[{\"schema\":{}}]}",
        "{\"status\":\"success\",\"results\":[{\"schema\":[1]}]}",
        "{\"status\":\"success\",\"results\":[{\"schema\":[{\"name\":\"x\"}]}]}",
        "{\"status\":\"success\",\"results\":[{\"schema\":[{\"data_type\":\"Int\"}]}]}",
        "{\"status\":\"success\" \"results\":[]}",
        "{\"status\" \"success\"}",
        "{status:\"success\"}",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        expect_malformed(*state, bodies[i]);
}

static void test_malformed_rows(void **state)
{
    const char *rows[] = {
        "{}",     "[1]",           "[[1]]",    "[[1,2,3]]", "[[1,x]]",
        "[[1,2]", "[[1,2] [3,4]]", "[[1,2],]", "5",         "[{\"a\":1,\"b\":2}]"};
    struct kdb_ctx *ctx = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct kdb_result result = {.rows = kdb_slice_cstr(rows[i]), .column_count = 2};
        struct kdb_row_walk walk = kdb_result_rows(&result);
        const struct kdb_json *row;
        kdb_status status;
        kdb_ctx_clear_error(ctx);
        while ((status = kdb_row_walk_next(&walk, ctx, &row)) == KDB_OK && row)
            ;
        if (status != KDB_ERR_CORRUPT)
            fail_msg("%s was read", rows[i]);
    }
}

// A megabyte of escapes takes one pass, not one for each.
static void test_many_escapes(void **state)
{
    struct kdb_buf body = {0};
    KDB_BUF_LIT(&body, "{\"status\":\"success\",\"results\":[{\"row_count\":0,\"message\":\"");
    for (int i = 0; i < 500000; i++)
        KDB_BUF_LIT(&body, "\\\\");
    KDB_BUF_LIT(&body, "\\\"]}\"}]}");
    struct kdb_results results;
    assert_int_equal(try_read(*state, 200, kdb_buf_view(&body), &results), KDB_OK);
    assert_int_equal(results.items[0].message.len, 500003);
    kdb_buf_deinit(&body);
}

// Cut and changed replies are refused or read; the sanitizer sees reads behind them.
static void test_random_damage(void **state)
{
    struct kdb_ctx *ctx = *state;
    uint64_t seed = 7;
    for (int round = 0; round < 4000; round++) {
        char text[sizeof(select_body)];
        memcpy(text, select_body, sizeof(text));
        for (int i = 0; i < 2; i++)
            text[kdb_random_next(&seed) % (sizeof(text) - 1)] =
                "\"\\[]{},:0n "[kdb_random_next(&seed) % 11];
        size_t len = kdb_random_next(&seed) % sizeof(text);
        if (round % 2)
            len = sizeof(text) - 1;
        struct kdb_results results;
        kdb_ctx_reset(ctx);
        if (try_read(ctx, 200, kdb_slice_of(text, len), &results) != KDB_OK)
            continue;
        for (size_t i = 0; i < results.count; i++) {
            struct kdb_row_walk walk = kdb_result_rows(&results.items[i]);
            const struct kdb_json *row;
            int rows = 0;
            while (kdb_row_walk_next(&walk, ctx, &row) == KDB_OK && row)
                assert_true(++rows < 100);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_select),
        TEST(test_several_results),
        TEST(test_text_of_the_results),
        TEST(test_errors_in_all_shapes),
        TEST(test_malformed_envelopes),
        TEST(test_malformed_rows),
        TEST(test_many_escapes),
        TEST(test_random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
