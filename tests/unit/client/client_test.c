// SPDX-License-Identifier: Apache-2.0
// What the client sends and what it makes of the answers, over a real socket on loopback.
#include "client/client.h"

#include <stdio.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "client/client_priv.h"
#include "lib/scripted_server.h"
#include "lib/test.h"

struct fixture {
    struct kdb_ctx ctx;
    struct scripted_server *server;
    struct kdb_client *client;
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
    kdb_client_close(fixture->client);
    scripted_server_destroy(fixture->server);
    kdb_ctx_deinit(&fixture->ctx);
    kdb_free(fixture);
    return 0;
}

// A server with this script, and a client of it.
static void start(struct fixture *fixture, const struct scripted_answer *answers, size_t count)
{
    fixture->server = scripted_server_start(answers, count);
    const struct kdb_client_options options = {
        .url = kdb_slice_cstr(scripted_server_url(fixture->server)),
        .receive_timeout_ms = 20000,
        .reply_bytes_max = 4096};
    assert_int_equal(kdb_client_open(&options, &fixture->ctx, &fixture->client), KDB_OK);
}

// Replies with these bodies under status 200, each for one request.
static void start_with(struct fixture *fixture, const char *const *bodies, size_t count)
{
    struct scripted_answer answers[8] = {0};
    assert_true(count <= 8);
    for (size_t i = 0; i < count; i++) {
        char *reply = scripted_reply(200, bodies[i]);
        kdb_arena_on_reset(&fixture->ctx.arena, kdb_free, reply);
        answers[i].bytes = reply;
    }
    start(fixture, answers, count);
}

// Ends both sides; the request may be looked at then.
static const char *request(struct fixture *fixture, size_t index)
{
    client_disconnect(fixture->client);
    scripted_server_stop(fixture->server);
    const char *text = scripted_server_request(fixture->server, index);
    assert_non_null(text);
    return text;
}

static void assert_ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);
    if (len < strlen(end) || strcmp(text + len - strlen(end), end) != 0)
        fail_msg("\"%s\" does not end with \"%s\"", text, end);
}

static kdb_status query(struct fixture *fixture, const char *sql, struct kdb_reply *ret_reply)
{
    return kdb_client_query(fixture->client, &fixture->ctx, kdb_slice_cstr(sql), (kdb_slice){0},
                            (kdb_slice){0}, ret_reply);
}

#define LOGIN                                                                                      \
    "{\"access_token\":\"aaa.bbb\",\"refresh_token\":\"rrr.sss\",\"user\":{\"id\":\"alice\"}}"
#define EMPTY_RESULT "{\"status\":\"success\",\"results\":[],\"took\":0.1}"

static void test_login_and_query(void **state)
{
    struct fixture *fixture = *state;
    const char *bodies[] = {LOGIN, EMPTY_RESULT};
    start_with(fixture, bodies, 2);
    assert_int_equal(kdb_client_login(fixture->client, &fixture->ctx, KDB_LIT("alice"),
                                      KDB_LIT("pa\"ss\xc3\xa4word")),
                     KDB_OK);
    struct kdb_reply reply;
    assert_int_equal(kdb_client_query(fixture->client, &fixture->ctx, KDB_LIT("SELECT '\n'"),
                                      KDB_LIT("[1,null]"), KDB_LIT("app"), &reply),
                     KDB_OK);
    assert_int_equal(reply.http_status, 200);
    assert_slice_equal(reply.body, EMPTY_RESULT);
    const struct kdb_json *root;
    assert_int_equal(kdb_client_parse(&reply, &fixture->ctx, &root), KDB_OK);
    assert_slice_equal(kdb_json_get(root, KDB_LIT("status"))->text, "success");
    const char *login = request(fixture, 0);
    assert_non_null(strstr(login, "POST /v1/api/auth/login HTTP/1.1\r\nHost: 127.0.0.1:"));
    assert_null(strstr(login, "Authorization"));
    assert_ends_with(login, "{\"user\":\"alice\",\"password\":\"pa\\\"ss\xc3\xa4word\"}");
    const char *sql = request(fixture, 1);
    assert_non_null(strstr(sql, "POST /v1/api/sql HTTP/1.1\r\n"));
    assert_non_null(strstr(sql, "\r\nAuthorization: Bearer aaa.bbb\r\n"));
    assert_non_null(strstr(sql, "\r\nContent-Type: application/json\r\n"));
    assert_ends_with(sql, "\r\n\r\n{\"sql\":\"SELECT '\\n'\",\"params\":[1,null],"
                          "\"namespace_id\":\"app\"}");
    assert_int_equal(scripted_server_connections(fixture->server), 1);
}

static void test_the_password_is_not_kept(void **state)
{
    struct fixture *fixture = *state;
    const char *bodies[] = {LOGIN};
    start_with(fixture, bodies, 1);
    assert_int_equal(
        kdb_client_login(fixture->client, &fixture->ctx, KDB_LIT("alice"), KDB_LIT("s3cret-pass")),
        KDB_OK);
    const struct kdb_buf *body = &fixture->client->body;
    assert_null(memmem(body->data, body->capacity, "s3cret", 6));
}

static void test_a_refused_login(void **state)
{
    struct fixture *fixture = *state;
    const struct {
        int http;
        const char *body;
        kdb_status status;
        const char *message;
    } wanted[] = {
        {401, "{\"error\":\"unauthorized\",\"message\":\"Invalid credentials\"}",
         KDB_ERR_UNAUTHORIZED, "Invalid credentials"},
        {428, "{\"error\":\"setup_required\"}", KDB_ERR_INVALID_OPERATION, "setup_required"},
        {400, "Json is bad\n", KDB_ERR_INVALID_INPUT, "Json is bad\n"},
        {503, "", KDB_ERR_UNAVAILABLE, "HTTP status 503"},
        {200, "{}", KDB_ERR_CORRUPT, "access token"},
        {200, "{\"access_token\":\"a\\r\\nX: y\"}", KDB_ERR_CORRUPT, "access token"},
    };
    struct scripted_answer answers[6] = {0};
    for (size_t i = 0; i < 6; i++) {
        char *reply = scripted_reply(wanted[i].http, wanted[i].body);
        kdb_arena_on_reset(&fixture->ctx.arena, kdb_free, reply);
        answers[i].bytes = reply;
    }
    start(fixture, answers, 6);
    for (size_t i = 0; i < 6; i++) {
        kdb_ctx_clear_error(&fixture->ctx);
        assert_int_equal(
            kdb_client_login(fixture->client, &fixture->ctx, KDB_LIT("alice"), KDB_LIT("wrong")),
            wanted[i].status);
        assert_non_null(strstr(fixture->ctx.error.message, wanted[i].message));
        assert_null(strstr(fixture->ctx.error.message, "wrong"));
    }
}

// What the server says about a token that has expired; freed with the ctx.
static const char *expired(struct fixture *fixture)
{
    char *reply = scripted_reply(401, "{\"status\":\"error\",\"error\":{\"code\":\"TOKEN_EXPIRED\","
                                      "\"message\":\"Invalid credentials\"},\"results\":[]}");
    kdb_arena_on_reset(&fixture->ctx.arena, kdb_free, reply);
    return reply;
}

static void test_an_expired_token_is_refreshed_once(void **state)
{
    struct fixture *fixture = *state;
    char *login = scripted_reply(200, LOGIN);
    char *fresh = scripted_reply(200, "{\"access_token\":\"ccc\",\"refresh_token\":\"ttt\"}");
    char *empty = scripted_reply(200, EMPTY_RESULT);
    const struct scripted_answer answers[] = {
        {.bytes = login},
        {.bytes = expired(fixture)},
        {.bytes = fresh},
        {.bytes = empty},
        {.bytes = expired(fixture)},
        {.bytes = fresh},
        {.bytes = expired(fixture)},
    };
    start(fixture, answers, 7);
    assert_int_equal(kdb_client_login(fixture->client, &fixture->ctx, KDB_LIT("a"), KDB_LIT("b")),
                     KDB_OK);
    struct kdb_reply reply;
    assert_int_equal(query(fixture, "SELECT 1", &reply), KDB_OK);
    assert_int_equal(reply.http_status, 200);
    // The second time the new token is refused as well: that is the answer.
    assert_int_equal(query(fixture, "SELECT 2", &reply), KDB_OK);
    assert_int_equal(reply.http_status, 401);
    assert_non_null(strstr(request(fixture, 2), "POST /v1/api/auth/refresh HTTP/1.1\r\n"));
    assert_non_null(strstr(request(fixture, 2), "Authorization: Bearer rrr.sss\r\n"));
    assert_non_null(strstr(request(fixture, 3), "Authorization: Bearer ccc\r\n"));
    assert_ends_with(request(fixture, 3), "{\"sql\":\"SELECT 1\"}");
    assert_non_null(strstr(request(fixture, 5), "Authorization: Bearer ttt\r\n"));
    kdb_free(login);
    kdb_free(fresh);
    kdb_free(empty);
}

static void test_a_refresh_that_is_refused(void **state)
{
    struct fixture *fixture = *state;
    char *login = scripted_reply(200, LOGIN);
    char *refused = scripted_reply(401, "{\"error\":\"unauthorized\",\"message\":\"gone\"}");
    const struct scripted_answer answers[] = {
        {.bytes = login}, {.bytes = expired(fixture)}, {.bytes = refused}};
    start(fixture, answers, 3);
    assert_int_equal(kdb_client_login(fixture->client, &fixture->ctx, KDB_LIT("a"), KDB_LIT("b")),
                     KDB_OK);
    struct kdb_reply reply;
    assert_int_equal(query(fixture, "SELECT 1", &reply), KDB_ERR_UNAUTHORIZED);
    assert_string_equal(fixture->ctx.error.message, "the session has expired: gone");
    kdb_free(login);
    kdb_free(refused);
}

static void test_a_given_token_cannot_be_refreshed(void **state)
{
    struct fixture *fixture = *state;
    const struct scripted_answer answers[] = {{.bytes = expired(fixture)}};
    start(fixture, answers, 1);
    assert_int_equal(kdb_client_set_token(fixture->client, &fixture->ctx, KDB_LIT("xyz")), KDB_OK);
    struct kdb_reply reply;
    assert_int_equal(query(fixture, "SELECT 1", &reply), KDB_OK);
    assert_int_equal(reply.http_status, 401);
    assert_non_null(strstr(request(fixture, 0), "Authorization: Bearer xyz\r\n"));
}

static void test_tokens_that_are_none(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, &(struct scripted_answer){0}, 1);
    const char *tokens[] = {"", "a b", "a\r\nX: y", "\xc3\xa4", "a\x7f"};
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        kdb_ctx_clear_error(&fixture->ctx);
        assert_int_equal(
            kdb_client_set_token(fixture->client, &fixture->ctx, kdb_slice_cstr(tokens[i])),
            KDB_ERR_INVALID_INPUT);
    }
}

static void test_text_that_is_no_utf8_is_not_sent(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, &(struct scripted_answer){0}, 1);
    struct kdb_reply reply;
    assert_int_equal(query(fixture, "SELECT '\xff'", &reply), KDB_ERR_INVALID_INPUT);
    assert_string_equal(fixture->ctx.error.message, "the sql is not valid UTF-8 (byte 9)");
    client_disconnect(fixture->client);
    scripted_server_stop(fixture->server);
    assert_null(scripted_server_request(fixture->server, 0));
}

static void test_health(void **state)
{
    struct fixture *fixture = *state;
    char *healthy = scripted_reply(200, "{\"status\":\"healthy\",\"version\":\"0.1.0\"}");
    char *restricted = scripted_reply(403, "{\"error\":\"Access denied.\"}");
    char *odd = scripted_reply(200, "{}");
    const struct scripted_answer answers[] = {
        {.bytes = healthy}, {.bytes = restricted}, {.bytes = odd}};
    start(fixture, answers, 3);
    struct kdb_client_health health;
    assert_int_equal(kdb_client_health(fixture->client, &fixture->ctx, &health), KDB_OK);
    assert_false(health.is_restricted);
    assert_slice_equal(health.status, "healthy");
    assert_slice_equal(health.version, "0.1.0");
    assert_int_equal(kdb_client_health(fixture->client, &fixture->ctx, &health), KDB_OK);
    assert_true(health.is_restricted);
    assert_int_equal(kdb_client_health(fixture->client, &fixture->ctx, &health), KDB_ERR_CORRUPT);
    assert_non_null(strstr(request(fixture, 0), "GET /v1/api/healthcheck HTTP/1.1\r\n"));
    assert_null(strstr(request(fixture, 0), "Content-Length"));
    kdb_free(healthy);
    kdb_free(restricted);
    kdb_free(odd);
}

static void test_setup(void **state)
{
    struct fixture *fixture = *state;
    char *needs = scripted_reply(200, "{\"needs_setup\":true,\"message\":\"x\"}");
    char *done = scripted_reply(200, "{\"user\":{\"id\":\"admin\"},\"message\":\"Welcome\"}");
    char *again = scripted_reply(409, "{\"error\":\"already_configured\",\"message\":\"no\"}");
    const struct scripted_answer answers[] = {{.bytes = needs}, {.bytes = done}, {.bytes = again}};
    start(fixture, answers, 3);
    bool needs_setup = false;
    assert_int_equal(kdb_client_needs_setup(fixture->client, &fixture->ctx, &needs_setup), KDB_OK);
    assert_true(needs_setup);
    const struct kdb_client_setup setup = {
        .user = KDB_LIT("admin"), .password = KDB_LIT("pw1"), .root_password = KDB_LIT("pw2")};
    kdb_slice message;
    assert_int_equal(kdb_client_setup(fixture->client, &fixture->ctx, &setup, &message), KDB_OK);
    assert_slice_equal(message, "Welcome");
    assert_int_equal(kdb_client_setup(fixture->client, &fixture->ctx, &setup, &message),
                     KDB_ERR_ALREADY_EXISTS);
    assert_ends_with(request(fixture, 1),
                     "{\"user\":\"admin\",\"password\":\"pw1\",\"root_password\":\"pw2\"}");
    kdb_free(needs);
    kdb_free(done);
    kdb_free(again);
}

static void test_identity(void **state)
{
    struct fixture *fixture = *state;
    char *me = scripted_reply(200, "{\"user\":{\"id\":\"alice\",\"role\":\"dba\"}}");
    char *refused = scripted_reply(
        401, "{\"status\":\"error\",\"error\":{\"code\":\"X\",\"message\":\"Invalid\"}}");
    const struct scripted_answer answers[] = {{.bytes = me}, {.bytes = refused}};
    start(fixture, answers, 2);
    struct kdb_client_identity identity;
    assert_int_equal(kdb_client_identity(fixture->client, &fixture->ctx, &identity), KDB_OK);
    assert_slice_equal(identity.user, "alice");
    assert_slice_equal(identity.role, "dba");
    assert_int_equal(kdb_client_identity(fixture->client, &fixture->ctx, &identity),
                     KDB_ERR_UNAUTHORIZED);
    assert_string_equal(fixture->ctx.error.message, "Invalid");
    kdb_free(me);
    kdb_free(refused);
}

static void test_answers_in_pieces(void **state)
{
    struct fixture *fixture = *state;
    char *counted = scripted_reply(200, EMPTY_RESULT);
    const struct scripted_answer answers[] = {
        {.bytes = counted, .piece = 3},
        {.bytes = "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r"
                  "\n\r\n",
         .piece = 1},
        {.bytes = "HTTP/1.1 200 X\r\n\r\nto the end", .piece = 5, .closes = true},
        {.bytes = counted},
    };
    const char *bodies[] = {EMPTY_RESULT, "abcdefg", "to the end", EMPTY_RESULT};
    start(fixture, answers, 4);
    for (size_t i = 0; i < 4; i++) {
        struct kdb_reply reply;
        assert_int_equal(query(fixture, "SELECT 1", &reply), KDB_OK);
        assert_slice_equal(reply.body, bodies[i]);
    }
    (void)request(fixture, 3);
    assert_int_equal(scripted_server_connections(fixture->server), 2);
    kdb_free(counted);
}

static void test_an_answer_that_is_too_long(void **state)
{
    struct fixture *fixture = *state;
    const struct scripted_answer answers[] = {
        {.bytes = "HTTP/1.1 200 X\r\nContent-Length: 5000\r\n\r\n"}};
    start(fixture, answers, 1);
    struct kdb_reply reply;
    assert_int_equal(query(fixture, "SELECT 1", &reply), KDB_ERR_LIMIT_EXCEEDED);
    assert_string_equal(fixture->ctx.error.message, "the answer is larger than 4096 bytes");
}

static void test_a_lost_answer_is_not_asked_for_again(void **state)
{
    struct fixture *fixture = *state;
    char *reply_text = scripted_reply(200, EMPTY_RESULT);
    const struct scripted_answer answers[] = {
        {.bytes = reply_text},
        {.closes = true},
        {.bytes = "HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nhalf", .closes = true},
        {.bytes = reply_text},
    };
    start(fixture, answers, 4);
    struct kdb_reply reply;
    assert_int_equal(query(fixture, "INSERT 1", &reply), KDB_OK);
    assert_int_equal(query(fixture, "INSERT 2", &reply), KDB_ERR_UNAVAILABLE);
    assert_non_null(strstr(fixture->ctx.error.message, "may have run"));
    kdb_ctx_clear_error(&fixture->ctx);
    assert_int_equal(query(fixture, "INSERT 3", &reply), KDB_ERR_CORRUPT);
    // The client goes on with a new connection.
    kdb_ctx_clear_error(&fixture->ctx);
    assert_int_equal(query(fixture, "INSERT 4", &reply), KDB_OK);
    for (size_t i = 0; i < 4; i++) {
        char end[32];
        (void)snprintf(end, sizeof(end), "{\"sql\":\"INSERT %zu\"}", i + 1);
        assert_ends_with(request(fixture, i), end);
    }
    assert_int_equal(scripted_server_connections(fixture->server), 3);
    kdb_free(reply_text);
}

static void test_an_idle_connection_is_looked_at_first(void **state)
{
    struct fixture *fixture = *state;
    char *reply_text = scripted_reply(200, EMPTY_RESULT);
    const struct scripted_answer answers[] = {{.bytes = reply_text, .closes = true},
                                              {.bytes = reply_text}};
    start(fixture, answers, 2);
    struct kdb_reply reply;
    assert_int_equal(query(fixture, "INSERT 1", &reply), KDB_OK);
    // Wait until the server's close has arrived, then say that it was long ago.
    char unused;
    assert_int_equal(recv(fixture->client->stream.fd, &unused, 1, MSG_PEEK), 0);
    fixture->client->last_used_ns = 0;
    assert_int_equal(query(fixture, "INSERT 2", &reply), KDB_OK);
    (void)request(fixture, 1);
    assert_int_equal(scripted_server_connections(fixture->server), 2);
    kdb_free(reply_text);
}

static void test_bytes_nobody_asked_for(void **state)
{
    struct fixture *fixture = *state;
    const struct scripted_answer answers[] = {
        {.bytes = "HTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 200 X\r\nContent-Length: "
                  "1\r\n\r\n2"},
        {.bytes = "HTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\n3"}};
    start(fixture, answers, 2);
    struct kdb_reply reply;
    assert_int_equal(query(fixture, "SELECT 1", &reply), KDB_OK);
    assert_slice_equal(reply.body, "1");
    assert_int_equal(fixture->client->stream.fd, -1);
    assert_int_equal(query(fixture, "SELECT 3", &reply), KDB_OK);
    assert_slice_equal(reply.body, "3");
}

static void test_no_server(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, NULL, 0);
    scripted_server_stop(fixture->server);
    struct kdb_reply reply;
    assert_int_equal(query(fixture, "SELECT 1", &reply), KDB_ERR_UNAVAILABLE);
    assert_non_null(strstr(fixture->ctx.error.message, "cannot connect to 127.0.0.1 port"));
    assert_non_null(strstr(fixture->ctx.error.message, "refused"));
}

static void test_a_silent_server(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, &(struct scripted_answer){.waits = true}, 1);
    kdb_client_close(fixture->client);
    const struct kdb_client_options options = {
        .url = kdb_slice_cstr(scripted_server_url(fixture->server)), .receive_timeout_ms = 1};
    assert_int_equal(kdb_client_open(&options, &fixture->ctx, &fixture->client), KDB_OK);
    struct kdb_reply reply;
    assert_int_equal(query(fixture, "SELECT 1", &reply), KDB_ERR_TIMEOUT);
    assert_non_null(strstr(fixture->ctx.error.message, "no answer within 1 ms"));
    assert_int_equal(fixture->client->stream.fd, -1);
}

// As when the signal came just before the wait: nothing ends that.
static void test_a_cancelled_wait(void **state)
{
    struct fixture *fixture = *state;
    const struct scripted_answer answers[] = {{.waits = true}};
    start(fixture, answers, 1);
    assert_int_equal(client_connect(fixture->client, &fixture->ctx), KDB_OK);
    atomic_store(&fixture->ctx.is_cancelled, true);
    struct kdb_reply reply;
    assert_int_equal(query(fixture, "SELECT 1", &reply), KDB_ERR_CANCELLED);
    assert_int_equal(fixture->client->stream.fd, -1);
}

static void test_a_bad_url(void **state)
{
    struct fixture *fixture = *state;
    const struct kdb_client_options options = {.url = KDB_LIT("ftp://127.0.0.1")};
    assert_int_equal(kdb_client_open(&options, &fixture->ctx, &fixture->client),
                     KDB_ERR_INVALID_INPUT);
    assert_null(fixture->client);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_login_and_query),
        TEST(test_the_password_is_not_kept),
        TEST(test_a_refused_login),
        TEST(test_an_expired_token_is_refreshed_once),
        TEST(test_a_refresh_that_is_refused),
        TEST(test_a_given_token_cannot_be_refreshed),
        TEST(test_tokens_that_are_none),
        TEST(test_text_that_is_no_utf8_is_not_sent),
        TEST(test_health),
        TEST(test_setup),
        TEST(test_identity),
        TEST(test_answers_in_pieces),
        TEST(test_an_answer_that_is_too_long),
        TEST(test_a_lost_answer_is_not_asked_for_again),
        TEST(test_an_idle_connection_is_looked_at_first),
        TEST(test_bytes_nobody_asked_for),
        TEST(test_no_server),
        TEST(test_a_silent_server),
        TEST(test_a_cancelled_wait),
        TEST(test_a_bad_url),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
