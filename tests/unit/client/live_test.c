// SPDX-License-Identifier: Apache-2.0
// A live connection against a server that talks from a script.
#include "client/live.h"

#include "base/alloc.h"
#include "client/live_priv.h"
#include "lib/scripted_server.h"
#include "lib/test.h"

#define WELCOME "1{\"type\":\"auth_success\"}\n"
#define FOREVER (-1)

struct fixture {
    struct kdb_ctx ctx;
    struct scripted_server *server;
    struct kdb_client *client;
    struct kdb_client_live *live;
};

static int set_up(void **state)
{
    struct fixture *fixture = kdb_alloc(sizeof(*fixture));
    kdb_ctx_init(&fixture->ctx, 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    kdb_client_live_close(fixture->live);
    kdb_client_close(fixture->client);
    scripted_server_destroy(fixture->server);
    kdb_ctx_deinit(&fixture->ctx);
    kdb_free(fixture);
    return 0;
}

static kdb_status open_with(struct fixture *fixture, const struct scripted_answer *answer,
                            int64_t ping_interval_ms)
{
    fixture->server = scripted_server_start(answer, 1);
    const struct kdb_client_options options = {
        .url = kdb_slice_cstr(scripted_server_url(fixture->server)),
        .receive_timeout_ms = 20000,
        .reply_bytes_max = 4096};
    assert_int_equal(kdb_client_open(&options, &fixture->ctx, &fixture->client), KDB_OK);
    assert_int_equal(kdb_client_set_token(fixture->client, &fixture->ctx, KDB_LIT("aaa.bbb")),
                     KDB_OK);
    return kdb_client_live_open(fixture->client, &fixture->ctx, ping_interval_ms, &fixture->live);
}

static kdb_status open_script(struct fixture *fixture, const char *lines)
{
    const struct scripted_answer answer = {.bytes = lines, .upgrades = true};
    return open_with(fixture, &answer, 0);
}

// Ends both sides; gives the handshake and what was sent behind it.
static const char *sent(struct fixture *fixture)
{
    kdb_client_live_close(fixture->live);
    fixture->live = NULL;
    scripted_server_stop(fixture->server);
    return scripted_server_request(fixture->server, 0);
}

static kdb_status next(struct fixture *fixture, struct kdb_client_message *ret_message)
{
    return kdb_client_live_next(fixture->live, &fixture->ctx, FOREVER, ret_message);
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" lacks \"%s\"", text, part);
}

static void test_the_example_of_the_standard(void **state)
{
    struct fixture *fixture = *state;
    assert_slice_equal(client_live_accept(&fixture->ctx.arena, KDB_LIT("dGhlIHNhbXBsZSBub25jZQ==")),
                       "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void test_messages_both_ways(void **state)
{
    struct fixture *fixture = *state;
    struct kdb_client_message message;
    assert_int_equal(open_script(fixture,
                                 WELCOME "+\n1{\"type\":\"change\",\"n\":9007199254740993}\n"
                                         "9are you there\n+\n1{\"type\":\"last\"}"),
                     KDB_OK);
    assert_int_equal(kdb_client_live_subscribe(fixture->live, &fixture->ctx, KDB_LIT("s"),
                                               KDB_LIT("SELECT \"a\""),
                                               KDB_LIT("{\"from\":\"1\"}")),
                     KDB_OK);
    assert_int_equal(next(fixture, &message), KDB_OK);
    assert_slice_equal(message.text, "{\"type\":\"change\",\"n\":9007199254740993}");
    assert_true(kdb_json_get(message.root, KDB_LIT("n"))->integer == INT64_C(9007199254740993));
    assert_int_equal(next(fixture, &message), KDB_OK);
    assert_slice_equal(message.text, "{\"type\":\"last\"}");
    const char *seen = sent(fixture);
    assert_has(seen, "GET /v1/ws?compress=false HTTP/1.1\r\n");
    assert_has(seen, "\r\nAuthorization: Bearer aaa.bbb\r\nConnection: Upgrade\r\n"
                     "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
    assert_has(seen, "\r\n\r\n1{\"type\":\"subscribe\",\"subscription\":{\"id\":\"s\",\"sql\":"
                     "\"SELECT \\\"a\\\"\",\"options\":{\"from\":\"1\"}}}\n"
                     "Aare you there\n"
                     "8\x03\xe8\n");
}

static void test_nothing_comes_in_time(void **state)
{
    struct fixture *fixture = *state;
    struct kdb_client_message message = {.text = KDB_LIT("x")};
    assert_int_equal(open_script(fixture, WELCOME), KDB_OK);
    assert_int_equal(kdb_client_live_next(fixture->live, &fixture->ctx, 0, &message), KDB_OK);
    assert_null(message.root);
}

static void test_the_connection_is_kept_alive(void **state)
{
    struct fixture *fixture = *state;
    struct kdb_client_message message;
    // The server's message waits for a ping, which comes because nothing else is sent.
    const struct scripted_answer answer = {.bytes = WELCOME "+\n1{}", .upgrades = true};
    assert_int_equal(open_with(fixture, &answer, 1), KDB_OK);
    assert_int_equal(next(fixture, &message), KDB_OK);
    assert_slice_equal(message.text, "{}");
    assert_has(sent(fixture), "\r\n\r\n9\n");
}

static void test_a_silent_server_is_lost(void **state)
{
    struct fixture *fixture = *state;
    struct kdb_client_message message;
    assert_int_equal(open_script(fixture, WELCOME), KDB_OK);
    fixture->live->silence_max_ns = 0;
    assert_int_equal(next(fixture, &message), KDB_ERR_UNAVAILABLE);
    assert_string_equal(fixture->ctx.error.message,
                        "the connection was lost: the server is silent");
}

static void test_how_a_connection_ends(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        kdb_status status;
        const char *message;
    } cases[] = {
        {WELCOME "8\x03\xe9"
                 "bye",
         KDB_ERR_UNAVAILABLE, "the server closed the connection: bye (1001)"},
        {WELCOME "8\x03\xf0"
                 "gone",
         KDB_ERR_UNAUTHORIZED, "the server closed the connection: gone (1008)"},
        {WELCOME "8", KDB_ERR_UNAVAILABLE, "the server closed the connection"},
        {WELCOME "1{\"a\":", KDB_ERR_CORRUPT, NULL},
        {WELCOME "2bytes", KDB_ERR_CORRUPT, "the server sent bytes where text was agreed on"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture *fixture = NULL;
        struct kdb_client_message message;
        (void)set_up((void **)&fixture);
        assert_int_equal(open_script(fixture, cases[i].lines), KDB_OK);
        assert_int_equal(next(fixture, &message), cases[i].status);
        if (cases[i].message)
            assert_string_equal(fixture->ctx.error.message, cases[i].message);
        (void)tear_down((void **)&fixture);
    }
}

static void test_who_is_not_signed_in(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(
        open_script(fixture, "1{\"type\":\"auth_error\",\"message\":\"Invalid credentials\"}"),
        KDB_ERR_UNAUTHORIZED);
    assert_string_equal(fixture->ctx.error.message, "Invalid credentials");
}

static void test_what_is_no_websocket(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        kdb_status status;
    } cases[] = {
        {"HTTP/1.1 101 X\r\nSec-WebSocket-Accept: AAAA\r\n\r\n", KDB_ERR_CORRUPT},
        {"HTTP/1.1 101 X\r\n\r\n", KDB_ERR_CORRUPT},
        {"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\nhi", KDB_ERR_EXECUTION},
        {"HTTP/1.1 503 X\r\nContent-Length: 4\r\n\r\nfull", KDB_ERR_UNAVAILABLE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture *fixture = NULL;
        const struct scripted_answer answer = {.bytes = cases[i].bytes};
        (void)set_up((void **)&fixture);
        assert_int_equal(open_with(fixture, &answer, 0), cases[i].status);
        (void)tear_down((void **)&fixture);
    }
}

static void test_a_wait_is_given_up(void **state)
{
    struct fixture *fixture = *state;
    struct kdb_client_message message;
    assert_int_equal(open_script(fixture, WELCOME), KDB_OK);
    atomic_store(&fixture->ctx.is_cancelled, true);
    assert_int_equal(next(fixture, &message), KDB_ERR_CANCELLED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_example_of_the_standard), TEST(test_messages_both_ways),
        TEST(test_nothing_comes_in_time),       TEST(test_the_connection_is_kept_alive),
        TEST(test_a_silent_server_is_lost),     cmocka_unit_test(test_how_a_connection_ends),
        TEST(test_who_is_not_signed_in),        cmocka_unit_test(test_what_is_no_websocket),
        TEST(test_a_wait_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
