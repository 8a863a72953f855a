// SPDX-License-Identifier: Apache-2.0
// https and live queries against servers whose certificates are good, and all kinds that are not.
#include "client/tls_priv.h"

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/alloc.h"
#include "client/client_priv.h"
#include "client/live.h"
#include "lib/identity.h"
#include "lib/scripted_server.h"

#define HOSTS "DNS:localhost,IP:127.0.0.1"
#define HOUR  3600L
#define OK    "HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\nok"

struct fixture {
    struct kdb_ctx ctx;
    struct identity identity;
    struct scripted_server *server;
    struct kdb_client *client;
    struct kdb_client_live *live;
};

static int set_up_for(void **state, const char *hosts, long seconds)
{
    struct fixture *fixture = kdb_alloc(sizeof(*fixture));
    kdb_ctx_init(&fixture->ctx, 0);
    make_identity_for(&fixture->identity, hosts, seconds);
    *state = fixture;
    return 0;
}

static int set_up(void **state)
{
    return set_up_for(state, HOSTS, HOUR);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    kdb_client_live_close(fixture->live);
    kdb_client_close(fixture->client);
    scripted_server_destroy(fixture->server);
    remove_identity(&fixture->identity);
    kdb_ctx_deinit(&fixture->ctx);
    kdb_free(fixture);
    return 0;
}

static void start_server(struct fixture *fixture, const struct scripted_answer *answers,
                         size_t count, int version_max)
{
    const struct scripted_tls tls = {.certificate = fixture->identity.certificate,
                                     .key = fixture->identity.key,
                                     .version_max = version_max};
    fixture->server = scripted_server_start_tls(answers, count, &tls);
}

static void open_client(struct fixture *fixture, const char *url, const char *ca_file)
{
    const struct kdb_client_options options = {.url = kdb_slice_cstr(url),
                                               .ca_file = kdb_slice_cstr(ca_file),
                                               .receive_timeout_ms = 20000};
    assert_int_equal(kdb_client_open(&options, &fixture->ctx, &fixture->client), KDB_OK);
}

// A server with this script, and a client that trusts it.
static void start(struct fixture *fixture, const struct scripted_answer *answers, size_t count)
{
    start_server(fixture, answers, count, 0);
    open_client(fixture, scripted_server_url(fixture->server), fixture->identity.certificate);
}

static kdb_status ask(struct fixture *fixture, struct kdb_reply *ret_reply)
{
    kdb_ctx_clear_error(&fixture->ctx);
    return kdb_client_query(fixture->client, &fixture->ctx, KDB_LIT("SELECT 1"), (kdb_slice){0},
                            (kdb_slice){0}, ret_reply);
}

static void expect_body(struct fixture *fixture, const char *body)
{
    struct kdb_reply reply;
    if (ask(fixture, &reply) != KDB_OK)
        fail_msg("%s", fixture->ctx.error.message);
    assert_slice_equal(reply.body, body);
}

static void expect_failure(struct fixture *fixture, const char *says)
{
    struct kdb_reply reply;
    assert_int_equal(ask(fixture, &reply), KDB_ERR_UNAVAILABLE);
    if (!strstr(fixture->ctx.error.message, says))
        fail_msg("\"%s\" does not say \"%s\"", fixture->ctx.error.message, says);
    assert_int_equal(fixture->client->stream.fd, -1);
    assert_null(fixture->client->stream.tls);
}

// Until the server has sent something, which stays unread.
static void wait_for_bytes(struct fixture *fixture)
{
    char unused;
    while (recv(fixture->client->stream.fd, &unused, 1, MSG_PEEK) < 0)
        ;
}

// ---- requests ----

static void test_both_versions(void **state)
{
    struct fixture *fixture = *state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < 2; i++) {
        const struct scripted_answer answers[] = {{.bytes = OK}, {.bytes = OK}};
        start_server(fixture, answers, 2, versions[i]);
        open_client(fixture, scripted_server_url(fixture->server), fixture->identity.certificate);
        expect_body(fixture, "ok");
        expect_body(fixture, "ok");
        client_disconnect(fixture->client);
        scripted_server_stop(fixture->server);
        assert_int_equal(scripted_server_connections(fixture->server), 1);
        const char *request = scripted_server_request(fixture->server, 1);
        assert_non_null(strstr(request, "POST /v1/api/sql HTTP/1.1\r\nHost: 127.0.0.1:"));
        assert_non_null(strstr(request, "\r\n\r\n{\"sql\":\"SELECT 1\"}"));
        kdb_client_close(fixture->client);
        fixture->client = NULL;
        scripted_server_destroy(fixture->server);
        fixture->server = NULL;
    }
}

// A session ticket is nothing the server has said.
static void test_a_ticket_is_no_news(void **state)
{
    struct fixture *fixture = *state;
    const struct scripted_answer answers[] = {{.bytes = OK, .has_ticket = true}, {.bytes = OK}};
    start(fixture, answers, 2);
    expect_body(fixture, "ok");
    wait_for_bytes(fixture);
    fixture->client->last_used_ns = 0;
    expect_body(fixture, "ok");
    client_disconnect(fixture->client);
    scripted_server_stop(fixture->server);
    assert_int_equal(scripted_server_connections(fixture->server), 1);
}

// A server of one answer that is not called by its address.
static void start_by_name(struct fixture *fixture)
{
    start_server(fixture, &(struct scripted_answer){.bytes = OK}, 1, 0);
    const char *port = strrchr(scripted_server_url(fixture->server), ':');
    kdb_slice url = kdb_arena_printf(&fixture->ctx.arena, "https://localhost%s", port);
    open_client(fixture, url.data, fixture->identity.certificate);
}

static void test_by_name(void **state)
{
    struct fixture *fixture = *state;
    start_by_name(fixture);
    expect_body(fixture, "ok");
}

// Larger than a record of TLS and than what the client takes at once.
static void test_a_large_exchange(void **state)
{
    struct fixture *fixture = *state;
    const size_t size = 300000;
    struct kdb_buf answer = {0};
    kdb_buf_printf(&answer, "HTTP/1.1 200 X\r\nContent-Length: %zu\r\n\r\n", size);
    for (size_t i = 0; i < size; i++)
        kdb_buf_put(&answer, (char)('a' + i % 26));
    kdb_buf_put(&answer, '\0');
    start(fixture, &(struct scripted_answer){.bytes = answer.data}, 1);
    struct kdb_reply reply;
    const char *body = answer.data + answer.len - 1 - size;
    assert_int_equal(kdb_client_query(fixture->client, &fixture->ctx, kdb_slice_cstr(body),
                                      (kdb_slice){0}, (kdb_slice){0}, &reply),
                     KDB_OK);
    assert_true(kdb_slice_equal(reply.body, kdb_slice_cstr(body)));
    client_disconnect(fixture->client);
    scripted_server_stop(fixture->server);
    assert_non_null(strstr(scripted_server_request(fixture->server, 0), body));
    kdb_buf_deinit(&answer);
}

static void test_answers_in_pieces(void **state)
{
    struct fixture *fixture = *state;
    const struct scripted_answer answers[] = {
        {.bytes = OK, .piece = 1},
        {.bytes = "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
         .piece = 7},
        {.bytes = "HTTP/1.1 200 X\r\n\r\nto the end", .closes = true},
    };
    start(fixture, answers, 3);
    expect_body(fixture, "ok");
    expect_body(fixture, "abc");
    expect_body(fixture, "to the end");
}

// Who cuts the connection can shorten what ends with it, but not what has a length.
static void test_a_connection_that_is_cut(void **state)
{
    struct fixture *fixture = *state;
    const struct scripted_answer answers[] = {
        {.bytes = OK, .closes = true, .is_cut = true},
        {.bytes = "HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nhalf",
         .closes = true,
         .is_cut = true},
        {.bytes = "HTTP/1.1 200 X\r\n\r\nto the e", .closes = true, .is_cut = true},
        {.closes = true, .is_cut = true},
        {.bytes = OK},
    };
    start(fixture, answers, 5);
    expect_body(fixture, "ok");
    client_disconnect(fixture->client);
    for (size_t i = 0; i < 3; i++)
        expect_failure(fixture, "the connection was lost before the answer");
    expect_body(fixture, "ok");
}

static void test_an_idle_connection_is_looked_at_first(void **state)
{
    struct fixture *fixture = *state;
    const struct scripted_answer answers[] = {{.bytes = OK, .closes = true}, {.bytes = OK}};
    start(fixture, answers, 2);
    expect_body(fixture, "ok");
    wait_for_bytes(fixture); // those of its end
    fixture->client->last_used_ns = 0;
    expect_body(fixture, "ok");
    scripted_server_stop(fixture->server);
    assert_int_equal(scripted_server_connections(fixture->server), 2);
}

// What cannot be sent is an error of the call, not a signal that ends the process.
static void test_a_request_that_cannot_be_sent(void **state)
{
    struct fixture *fixture = *state;
    const struct scripted_answer answers[] = {{.bytes = OK}, {.bytes = OK}};
    start(fixture, answers, 2);
    expect_body(fixture, "ok");
    fixture->client->last_used_ns = INT64_MAX; // it is not looked at
    assert_int_equal(shutdown(fixture->client->stream.fd, SHUT_WR), 0);
    expect_body(fixture, "ok");
    client_disconnect(fixture->client);
    scripted_server_stop(fixture->server);
    assert_int_equal(scripted_server_connections(fixture->server), 2);
}

// ---- certificates ----

static void test_an_unknown_issuer(void **state)
{
    struct fixture *fixture = *state;
    start_server(fixture, &(struct scripted_answer){.bytes = OK}, 1, 0);
    open_client(fixture, scripted_server_url(fixture->server), NULL);
    expect_failure(fixture, "is issued by \"localhost\", which is not trusted here: if it should "
                            "be, give its CA with --cacert FILE");
}

static void test_another_ca(void **state)
{
    struct fixture *fixture = *state;
    struct identity other;
    make_identity_for(&other, HOSTS, HOUR);
    start_server(fixture, &(struct scripted_answer){.bytes = OK}, 1, 0);
    open_client(fixture, scripted_server_url(fixture->server), other.certificate);
    remove_identity(&other);
    expect_failure(fixture, "does not come from the file of --cacert");
}

static int set_up_expired(void **state)
{
    return set_up_for(state, HOSTS, -1);
}

static void test_an_expired_certificate(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, &(struct scripted_answer){.bytes = OK}, 1);
    expect_failure(fixture, " expired on 2");
    expect_failure(fixture, ": the server needs a new one");
}

static int set_up_for_others(void **state)
{
    return set_up_for(state, "DNS:db.example.org,DNS:*.db.example.org,IP:127.0.0.2,IP:::1", HOUR);
}

static void test_a_certificate_for_others(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, &(struct scripted_answer){.bytes = OK}, 1);
    expect_failure(fixture, " is for db.example.org, *.db.example.org, 127.0.0.2, ::1, not for "
                            "127.0.0.1: connect by a name that it has");
}

static void test_a_certificate_for_other_names(void **state)
{
    struct fixture *fixture = *state;
    start_by_name(fixture);
    expect_failure(fixture, "127.0.0.2, ::1, not for localhost: connect by a name that it has");
}

// The name of the subject counts for names only where there is no list of hosts, never for
// addresses.
static int set_up_for_subject(void **state)
{
    return set_up_for(state, NULL, HOUR);
}

static void test_an_address_that_is_not_certified(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, &(struct scripted_answer){.bytes = OK}, 1);
    expect_failure(fixture, " is for localhost, not for 127.0.0.1: ");
}

static void test_a_ca_file_that_is_none(void **state)
{
    struct fixture *fixture = *state;
    const char *files[] = {"/nonexistent/ca.pem", fixture->identity.key};
    const char *says[] = {"\"/nonexistent/ca.pem\": No such file or directory",
                          "key.pem\": no cert"};
    for (size_t i = 0; i < 2; i++) {
        const struct kdb_client_options options = {.url = KDB_LIT("https://127.0.0.1"),
                                                   .ca_file = kdb_slice_cstr(files[i])};
        kdb_ctx_clear_error(&fixture->ctx);
        assert_int_equal(kdb_client_open(&options, &fixture->ctx, &fixture->client),
                         KDB_ERR_INVALID_INPUT);
        if (!strstr(fixture->ctx.error.message, says[i]))
            fail_msg("\"%s\" does not say \"%s\"", fixture->ctx.error.message, says[i]);
        assert_null(fixture->client);
    }
}

// ---- what is not TLS as it should be ----

static void test_a_server_without_tls(void **state)
{
    struct fixture *fixture = *state;
    struct client_url url = {.authority = KDB_LIT("db:1"), .host = KDB_LIT("db")};
    static const char *const answers[] = {"HTTP/1.1 400 Bad Request\r\n\r\n", ""};
    static const char *const says[] = {"db:1 does not speak TLS", "db:1 closed the connection"};
    for (size_t i = 0; i < 2; i++) {
        int pair[2];
        struct client_tls *tls = NULL;
        struct client_tls_session *session = NULL;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        assert_int_equal(send(pair[1], answers[i], strlen(answers[i]), 0), strlen(answers[i]));
        assert_int_equal(shutdown(pair[1], SHUT_WR), 0);
        kdb_ctx_clear_error(&fixture->ctx);
        assert_int_equal(client_tls_open(&fixture->ctx, (kdb_slice){0}, &tls), KDB_OK);
        assert_int_equal(client_tls_connect(tls, &fixture->ctx, pair[0], &url, 20000, &session),
                         KDB_ERR_UNAVAILABLE);
        assert_non_null(strstr(fixture->ctx.error.message, says[i]));
        assert_non_null(strstr(fixture->ctx.error.message, "http://"));
        client_tls_close(tls);
        (void)close(pair[0]);
        (void)close(pair[1]);
    }
}

static void test_plain_http_for_a_tls_server(void **state)
{
    struct fixture *fixture = *state;
    const struct scripted_answer answer = {.bytes = "\x15\x03\x01", .closes = true};
    fixture->server = scripted_server_start(&answer, 1);
    open_client(fixture, scripted_server_url(fixture->server), NULL);
    expect_failure(fixture, " speaks TLS: its address begins with https://");
}

static void test_old_tls(void **state)
{
    struct fixture *fixture = *state;
    start_server(fixture, &(struct scripted_answer){.bytes = OK}, 1, TLS1_1_VERSION);
    open_client(fixture, scripted_server_url(fixture->server), fixture->identity.certificate);
    expect_failure(fixture, " has no TLS of version 1.2 or later");
}

// What OpenSSL would take for any host, or for all of a domain.
static void test_hosts_that_are_none(void **state)
{
    struct fixture *fixture = *state;
    struct client_tls *tls = NULL;
    struct client_tls_session *session = NULL;
    const char *hosts[] = {"", "%eth0", ".example.org"};
    assert_int_equal(client_tls_open(&fixture->ctx, (kdb_slice){0}, &tls), KDB_OK);
    for (size_t i = 0; i < 3; i++) {
        struct client_url url = {.host = kdb_slice_cstr(hosts[i])};
        kdb_ctx_clear_error(&fixture->ctx);
        assert_int_equal(client_tls_connect(tls, &fixture->ctx, -1, &url, 1, &session),
                         KDB_ERR_INVALID_INPUT);
    }
    client_tls_close(tls);
}

// Neither a deadline nor Ctrl-C waits for a server that is silent in the handshake.
static void test_a_silent_server(void **state)
{
    struct fixture *fixture = *state;
    struct client_url url = {.authority = KDB_LIT("db:1"), .host = KDB_LIT("db")};
    const struct timeval piece = {.tv_usec = 1000};
    struct client_tls *tls = NULL;
    struct client_tls_session *session = NULL;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &piece, sizeof(piece)), 0);
    assert_int_equal(client_tls_open(&fixture->ctx, (kdb_slice){0}, &tls), KDB_OK);
    assert_int_equal(client_tls_connect(tls, &fixture->ctx, pair[0], &url, 1, &session),
                     KDB_ERR_UNAVAILABLE);
    assert_non_null(strstr(fixture->ctx.error.message, "the TLS handshake within 1 ms"));
    // Nor when there are bytes all the time.
    kdb_ctx_clear_error(&fixture->ctx);
    assert_int_equal(send(pair[1], "HTTP/1.1 ", 9, 0), 9);
    assert_int_equal(client_tls_connect(tls, &fixture->ctx, pair[0], &url, 0, &session),
                     KDB_ERR_UNAVAILABLE);
    assert_non_null(strstr(fixture->ctx.error.message, "the TLS handshake within 0 ms"));
    char unused[9];
    assert_int_equal(recv(pair[0], unused, sizeof(unused), 0), sizeof(unused));
    kdb_ctx_clear_error(&fixture->ctx);
    atomic_store(&fixture->ctx.is_cancelled, true);
    assert_int_equal(client_tls_connect(tls, &fixture->ctx, pair[0], &url, INT32_MAX, &session),
                     KDB_ERR_CANCELLED);
    client_tls_close(tls);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static void test_a_cancelled_wait(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, &(struct scripted_answer){.waits = true}, 1);
    assert_int_equal(client_connect(fixture->client, &fixture->ctx), KDB_OK);
    atomic_store(&fixture->ctx.is_cancelled, true);
    struct kdb_reply reply;
    assert_int_equal(ask(fixture, &reply), KDB_ERR_CANCELLED);
    assert_int_equal(fixture->client->stream.fd, -1);
}

// ---- live queries ----

static void test_a_live_query(void **state)
{
    struct fixture *fixture = *state;
    const struct scripted_answer answer = {
        .bytes = "1{\"type\":\"auth_success\"}\n+\n1{\"type\":\"first\"}\n1{\"type\":\"last\"}",
        .upgrades = true};
    start(fixture, &answer, 1);
    assert_int_equal(kdb_client_live_open(fixture->client, &fixture->ctx, 0, &fixture->live),
                     KDB_OK);
    // It does not need its client any longer.
    kdb_client_close(fixture->client);
    fixture->client = NULL;
    assert_int_equal(kdb_client_live_subscribe(fixture->live, &fixture->ctx, KDB_LIT("s"),
                                               KDB_LIT("SELECT 1"), KDB_LIT("{}")),
                     KDB_OK);
    struct kdb_client_message message;
    assert_int_equal(kdb_client_live_next(fixture->live, &fixture->ctx, -1, &message), KDB_OK);
    assert_slice_equal(message.text, "{\"type\":\"first\"}");
    assert_int_equal(kdb_client_live_next(fixture->live, &fixture->ctx, -1, &message), KDB_OK);
    assert_slice_equal(message.text, "{\"type\":\"last\"}");
    // Nothing more comes, and an interrupt ends the wait.
    assert_int_equal(kdb_client_live_next(fixture->live, &fixture->ctx, 0, &message), KDB_OK);
    assert_null(message.root);
    atomic_store(&fixture->ctx.is_cancelled, true);
    assert_int_equal(kdb_client_live_next(fixture->live, &fixture->ctx, -1, &message),
                     KDB_ERR_CANCELLED);
    kdb_client_live_close(fixture->live);
    fixture->live = NULL;
    scripted_server_stop(fixture->server);
    const char *seen = scripted_server_request(fixture->server, 0);
    assert_non_null(strstr(seen, "\r\n\r\n1{\"type\":\"subscribe\""));
    assert_non_null(strstr(seen, "\n8\x03\xe8\n"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_both_versions),
        TEST(test_a_ticket_is_no_news),
        TEST(test_by_name),
        TEST(test_a_large_exchange),
        TEST(test_answers_in_pieces),
        TEST(test_a_connection_that_is_cut),
        TEST(test_an_idle_connection_is_looked_at_first),
        TEST(test_a_request_that_cannot_be_sent),
        TEST(test_an_unknown_issuer),
        TEST(test_another_ca),
        cmocka_unit_test_setup_teardown(test_an_expired_certificate, set_up_expired, tear_down),
        cmocka_unit_test_setup_teardown(test_a_certificate_for_others, set_up_for_others,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_certificate_for_other_names, set_up_for_others,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_an_address_that_is_not_certified, set_up_for_subject,
                                        tear_down),
        TEST(test_a_ca_file_that_is_none),
        TEST(test_a_server_without_tls),
        TEST(test_plain_http_for_a_tls_server),
        TEST(test_old_tls),
        TEST(test_hosts_that_are_none),
        TEST(test_a_silent_server),
        TEST(test_a_cancelled_wait),
        TEST(test_a_live_query),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
