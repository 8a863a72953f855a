// SPDX-License-Identifier: Apache-2.0
// What WebSocket clients say: every message, and every mistake.
#include "api/ws_message_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "conf/limits.h"
#include "lib/test.h"

static struct kdb_ctx ctx;

static struct ws_message read_ok(const char *text)
{
    struct ws_message message;
    kdb_ctx_reset(&ctx);
    if (ws_message_read(&ctx, kdb_slice_cstr(text), 10000, &message) != KDB_OK)
        fail_msg("%s\n is refused: %s", text, ctx.error.message);
    return message;
}

static struct ws_subscribe_request read_options(const char *options)
{
    char text[512];
    (void)snprintf(text, sizeof(text),
                   "{\"type\":\"subscribe\",\"subscription\":{\"id\":\"s\",\"sql\":\"q\",%s}}",
                   options);
    struct ws_message message = read_ok(text);
    assert_int_equal(message.kind, WS_SUBSCRIBE);
    assert_int_equal(message.request_count, 1);
    return message.requests[0];
}

static void test_authenticate(void **state)
{
    (void)state;
    struct ws_message message = read_ok("{\"type\":\"authenticate\",\"token\":\"t\"}");
    assert_int_equal(message.kind, WS_AUTHENTICATE);
    assert_slice_equal(message.token, "t");
    assert_false(message.is_packed);
    assert_true(message.is_compressed);
    message = read_ok("{\"type\":\"authenticate\",\"method\":\"jwt\",\"token\":\"t\",\"protocol\":"
                      "{\"serialization\":\"MsgPack\",\"compression\":\"NONE\"}}");
    assert_true(message.is_packed);
    assert_false(message.is_compressed);
    message = read_ok("{\"type\":\"authenticate\",\"token\":\"\",\"protocol\":"
                      "{\"serialization\":7,\"compression\":\"gzip\",\"other\":1}}");
    assert_false(message.is_packed);
    assert_true(message.is_compressed);
}

static void test_subscribe(void **state)
{
    (void)state;
    struct ws_message message = read_ok("{\"subscription\":{\"sql\":\"q\",\"id\":\"s\"},"
                                        "\"type\":\"subscribe\",\"unknown\":[{}]}");
    assert_int_equal(message.request_count, 1);
    assert_slice_equal(message.requests[0].id, "s");
    assert_slice_equal(message.requests[0].sql, "q");
    assert_false(message.requests[0].has_options);
    assert_false(message.requests[0].is_array_form);
    assert_false(read_options("\"options\":null").has_options);
    struct ws_subscribe_request request = read_options("\"options\":{}");
    assert_true(request.has_options);
    assert_false(request.has_batch_size || request.has_last_rows || request.has_from);
    request = read_options("\"options\":{\"batch_size\":1,\"last_rows\":0,\"from\":null}");
    assert_true(request.has_batch_size && request.has_last_rows && !request.has_from);
    assert_int_equal(request.batch_size, 1);
    assert_int_equal(request.last_rows, 0);
    request = read_options("\"options\":{\"batch_size\":100000,\"from\":9223372036854775807}");
    assert_int_equal(request.batch_size, 100000);
    assert_true(request.has_from && request.from == INT64_MAX);
    request = read_options("\"options\":{\"from_seq_id\":\"9223372036854775807\"}");
    assert_true(request.has_from && request.from == INT64_MAX);
    request = read_options("\"options\":{\"from_seq_id\":5,\"from\":\"-6\"}");
    assert_true(request.from == -6);
}

static void test_array_form(void **state)
{
    (void)state;
    struct ws_message message =
        read_ok("{\"type\":\"subscribe\",\"subscriptions\":["
                "{\"query_id\":\"a\",\"sql\":\"q\"},"
                "{\"query_id\":\"b\",\"sql\":\"q\",\"options\":{\"last_rows\":0}},"
                "{\"query_id\":\"c\",\"sql\":\"q\",\"options\":{\"last_rows\":3}}]}");
    assert_int_equal(message.request_count, 3);
    assert_slice_equal(message.requests[1].id, "b");
    assert_true(message.requests[2].is_array_form);
    assert_true(message.requests[0].has_options); // rows unless it asks for none
    assert_false(message.requests[1].has_options);
    assert_true(message.requests[2].has_options);
    assert_int_equal(message.requests[2].last_rows, 3);
    assert_int_equal(read_ok("{\"type\":\"subscribe\",\"subscriptions\":[]}").request_count, 0);
}

static void test_the_rest(void **state)
{
    (void)state;
    struct ws_message message = read_ok("{\"type\":\"next_batch\",\"subscription_id\":\"s\"}");
    assert_int_equal(message.kind, WS_NEXT_BATCH);
    assert_slice_equal(message.subscription_id, "s");
    assert_false(message.has_last_seq);
    message = read_ok("{\"type\":\"next_batch\",\"subscription_id\":\"s\",\"last_seq_id\":\"12\"}");
    assert_true(message.has_last_seq && message.last_seq == 12);
    message = read_ok("{\"type\":\"unsubscribe\",\"query_id\":\"a\",\"subscription_id\":\"b\"}");
    assert_int_equal(message.kind, WS_UNSUBSCRIBE);
    assert_slice_equal(message.subscription_id, "a");
    assert_int_equal(read_ok("{\"type\":\"ping\"}").kind, WS_PING);
    assert_int_equal(read_ok(" {\"more\":null,\"type\":\"ping\"}\n").kind, WS_PING);
}

#define SUBSCRIBE(rest) "{\"type\":\"subscribe\"," rest "}"
#define OPTIONS(text)                                                                              \
    SUBSCRIBE("\"subscription\":{\"id\":\"s\",\"sql\":\"q\",\"options\":" text "}")

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *part; // of the message
    } mistakes[] = {
        {"", ""},
        {"ping", ""},
        {"{\"type\":\"ping\"", ""},
        {"{\"type\":\"ping\"}{}", ""},
        {"[]", "expected an object"},
        {"\"ping\"", "expected an object"},
        {"{}", "\"type\" must be a string"},
        {"{\"type\":1}", "\"type\" must be a string"},
        {"{\"type\":\"Ping\"}", "unknown type \"Ping\""},
        {"{\"type\":\"\"}", "unknown type \"\""},
        {"{\"type\":\"authenticate\"}", "\"token\" must be a string"},
        {"{\"type\":\"authenticate\",\"token\":null}", "\"token\" must be a string"},
        {"{\"type\":\"next_batch\"}", "\"subscription_id\" must be a string"},
        {"{\"type\":\"next_batch\",\"subscription_id\":\"s\",\"last_seq_id\":1.5}",
         "\"last_seq_id\" must be a 64-bit integer"},
        {"{\"type\":\"unsubscribe\",\"query_id\":1}", "\"query_id\" must be a string"},
        {SUBSCRIBE("\"subscription\":null"), "\"subscription\" must be an object"},
        {SUBSCRIBE("\"subscription\":[]"), "\"subscription\" must be an object"},
        {SUBSCRIBE("\"id\":\"s\""), "\"subscription\" must be an object"},
        {SUBSCRIBE("\"subscription\":{\"sql\":\"q\"}"), "\"id\" must be a string"},
        {SUBSCRIBE("\"subscription\":{\"id\":\"s\"}"), "\"sql\" must be a string"},
        {SUBSCRIBE("\"subscriptions\":{}"), "\"subscriptions\" must be an array"},
        {SUBSCRIBE("\"subscriptions\":[null]"), "\"subscription\" must be an object"},
        {SUBSCRIBE("\"subscriptions\":[{\"id\":\"s\",\"sql\":\"q\"}]"),
         "\"query_id\" must be a string"},
        {OPTIONS("[]"), "\"options\" must be an object or null"},
        {OPTIONS("{\"batch_size\":0}"), "\"batch_size\" must be from 1 to 100000"},
        {OPTIONS("{\"batch_size\":100001}"), "\"batch_size\" must be from 1 to 100000"},
        {OPTIONS("{\"batch_size\":-1}"), "\"batch_size\" must be an integer from 0"},
        {OPTIONS("{\"batch_size\":\"5\"}"), "\"batch_size\" must be an integer"},
        {OPTIONS("{\"last_rows\":-1}"), "\"last_rows\" must be an integer from 0"},
        {OPTIONS("{\"last_rows\":1e3}"), "\"last_rows\" must be an integer from 0"},
        {OPTIONS("{\"from\":9223372036854775808}"), "\"from\" must be a 64-bit integer"},
        {OPTIONS("{\"from\":\"9223372036854775808\"}"), "\"from\" must be a 64-bit integer"},
        {OPTIONS("{\"from\":\"\"}"), "\"from\" must be a 64-bit integer"},
        {OPTIONS("{\"from\":{}}"), "\"from\" must be a 64-bit integer"},
    };
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct ws_message message;
        kdb_ctx_reset(&ctx);
        kdb_status status =
            ws_message_read(&ctx, kdb_slice_cstr(mistakes[i].text), 10000, &message);
        if (status != KDB_ERR_INVALID_INPUT || !strstr(ctx.error.message, mistakes[i].part))
            fail_msg("%s\n gives %s: %s", mistakes[i].text, kdb_status_info(status)->name,
                     ctx.error.message);
    }
}

static void test_limits(void **state)
{
    (void)state;
    struct ws_message message;
    struct kdb_buf text = {0};
    kdb_slice ping = KDB_LIT("{\"type\":\"ping\"}");
    kdb_ctx_reset(&ctx);
    assert_int_equal(ws_message_read(&ctx, ping, ping.len, &message), KDB_OK);
    assert_int_equal(ws_message_read(&ctx, ping, ping.len - 1, &message), KDB_ERR_LIMIT_EXCEEDED);
    kdb_ctx_reset(&ctx);
    KDB_BUF_LIT(&text, "{\"type\":\"ping\",\"x\":");
    for (int i = 0; i < KDB_LIMIT_JSON_DEPTH; i++)
        kdb_buf_put(&text, '[');
    assert_int_equal(ws_message_read(&ctx, kdb_buf_view(&text), 10000, &message),
                     KDB_ERR_LIMIT_EXCEEDED);
    kdb_ctx_reset(&ctx);
    kdb_buf_clear(&text);
    KDB_BUF_LIT(&text, "{\"type\":\"subscribe\",\"subscriptions\":[");
    for (int i = 0; i < 1001; i++)
        kdb_buf_printf(&text, "%s{\"query_id\":\"q\",\"sql\":\"q\"}", i > 0 ? "," : "");
    KDB_BUF_LIT(&text, "]}");
    assert_int_equal(ws_message_read(&ctx, kdb_buf_view(&text), 100000, &message),
                     KDB_ERR_INVALID_INPUT);
    assert_non_null(strstr(ctx.error.message, "at most 1000"));
    kdb_buf_deinit(&text);
}

static int setup(void **state)
{
    (void)state;
    kdb_ctx_init(&ctx, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kdb_ctx_deinit(&ctx);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authenticate), cmocka_unit_test(test_subscribe),
        cmocka_unit_test(test_array_form),   cmocka_unit_test(test_the_rest),
        cmocka_unit_test(test_mistakes),     cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
