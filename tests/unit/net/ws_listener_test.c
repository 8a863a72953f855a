// SPDX-License-Identifier: Apache-2.0
// WebSockets over real loopback sockets: handshake, messages, closing from both sides, slow
// readers, limits, orderly stop, TLS.
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/identity.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/tls.h"
#include "net/ws.h"
#include "unit/net/ws_peer.h"

enum { loop_count = 2, body_bytes = 200 };

// Requests of /ws become WebSockets, those of /later in a turn of their own; others get 200. What
// the server then does is said by the message:
//   burst N       sends N frames of one shared body, numbered by their prefixes
//   flood N       the same, but only while the queue has room, on_drain goes on
//   close N text  closes
//   timer         sends "tick" when the timer fires
//   pause         reads on after a task came round
//   shout         sends "first" to all of the loop, and "second" one turn later
//   whisper       sends "first" to all others of the loop, and "second" from a hook of this turn
//   anything else is sent back
struct server {
    struct kdb_ctx ctx;
    struct kdb_loop *loops[loop_count];
    struct kdb_listener *listener;
    struct kdb_listener_options options;
    struct kdb_listener_target targets[loop_count];
    struct kdb_tls *tls;
    SSL_CTX *client; // NULL: plain
    struct kdb_shared_bytes *body;
    sem_t closed; // a WebSocket is gone
    pthread_mutex_t lock;
    unsigned close_code; // of the last one; guarded by lock, as what follows
    char close_reason[128];
    atomic_size_t largest_queue;
    atomic_int drains;
    struct session *sessions[loop_count]; // each the loop's
    struct kdb_loop_hook hook;            // of the first loop
    struct session *whisperer;            // gets "second" from the hook
    atomic_size_t left_behind; // of those shouted at, still waiting for "first" one turn later
};

// One WebSocket of it.
struct session {
    struct server *server;
    struct kdb_ws *ws;
    struct session *next_session; // of the loop
    long next;                    // number of the next frame of a flood
    long last;
};

struct later {
    struct kdb_loop_task task;
    struct server *server;
    struct kdb_http_request *request; // to accept
    struct session *session;          // or to resume
};

static void send_numbered(struct session *session)
{
    char prefix[24];
    int len = snprintf(prefix, sizeof(prefix), "%ld ", session->next++);
    kdb_ws_send_shared(session->ws, KDB_WS_OP_TEXT, kdb_slice_of(prefix, (size_t)len),
                       session->server->body);
}

static void flood(struct session *session)
{
    while (session->next < session->last && !kdb_ws_is_full(session->ws))
        send_numbered(session);
    size_t queued = kdb_ws_queued_bytes(session->ws);
    if (queued > atomic_load(&session->server->largest_queue))
        atomic_store(&session->server->largest_queue, queued);
}

static void run_resume(struct kdb_loop_task *task, struct kdb_loop *loop)
{
    struct later *later = (struct later *)task;
    (void)loop;
    kdb_ws_send(later->session->ws, KDB_WS_OP_TEXT, KDB_LIT("going on"));
    kdb_ws_resume(later->session->ws);
    free(later);
}

static void pause_for_a_turn(struct session *session)
{
    struct later *later = calloc(1, sizeof(*later));
    assert_non_null(later);
    later->task.run = run_resume;
    later->session = session;
    kdb_ws_pause(session->ws);
    kdb_loop_post(kdb_ws_loop(session->ws), &later->task);
}

static struct session **sessions_of(struct server *server, const struct kdb_loop *loop)
{
    return &server->sessions[loop == server->loops[0] ? 0 : 1];
}

static void tell_all(struct server *server, const struct kdb_loop *loop, const char *text)
{
    for (struct session *at = *sessions_of(server, loop); at; at = at->next_session)
        kdb_ws_send(at->ws, KDB_WS_OP_TEXT, kdb_slice_cstr(text));
}

static void run_second(struct kdb_loop_task *task, struct kdb_loop *loop)
{
    struct later *later = (struct later *)task;
    for (struct session *at = *sessions_of(later->server, loop); at; at = at->next_session)
        atomic_fetch_add(&later->server->left_behind, kdb_ws_queued_bytes(at->ws) > 0);
    tell_all(later->server, loop, "second");
    free(later);
}

static void shout(struct session *session)
{
    struct later *later = calloc(1, sizeof(*later));
    assert_non_null(later);
    later->task.run = run_second;
    later->server = session->server;
    tell_all(session->server, kdb_ws_loop(session->ws), "first");
    kdb_loop_post(kdb_ws_loop(session->ws), &later->task);
}

static void whisper(struct session *session)
{
    struct server *server = session->server;
    for (struct session *at = server->sessions[0]; at; at = at->next_session) {
        if (at != session)
            kdb_ws_send(at->ws, KDB_WS_OP_TEXT, KDB_LIT("first"));
    }
    server->whisperer = session;
}

static void before_sleep(struct kdb_loop_hook *hook, struct kdb_loop *loop)
{
    (void)loop;
    struct server *server = (void *)((char *)hook - offsetof(struct server, hook));
    if (server->whisperer)
        kdb_ws_send(server->whisperer->ws, KDB_WS_OP_TEXT, KDB_LIT("second"));
    server->whisperer = NULL;
}

static void on_message(void *self, struct kdb_ws *ws, enum kdb_ws_opcode opcode, kdb_slice bytes)
{
    struct session *session = self;
    char text[64] = "";
    if (bytes.len < sizeof(text))
        memcpy(text, bytes.data, bytes.len);
    long number = 0;
    if (sscanf(text, "burst %ld", &number) == 1) {
        session->next = 0;
        while (session->next < number)
            send_numbered(session);
    } else if (sscanf(text, "flood %ld", &number) == 1) {
        session->next = 0;
        session->last = number;
        flood(session);
    } else if (sscanf(text, "close %ld", &number) == 1) {
        kdb_ws_close(ws, (unsigned)number, kdb_slice_skip(kdb_slice_cstr(text), 11));
    } else if (strcmp(text, "timer") == 0) {
        kdb_ws_set_timer(ws, 1);
    } else if (strcmp(text, "pause") == 0) {
        pause_for_a_turn(session);
    } else if (strcmp(text, "shout") == 0) {
        shout(session);
    } else if (strcmp(text, "whisper") == 0) {
        whisper(session);
    } else {
        kdb_ws_send(ws, opcode, bytes);
    }
}

static void on_too_large(void *self, struct kdb_ws *ws)
{
    (void)self;
    kdb_ws_send(ws, KDB_WS_OP_TEXT, KDB_LIT("too large"));
}

static void on_drain(void *self, struct kdb_ws *ws)
{
    struct session *session = self;
    assert_false(kdb_ws_is_full(ws));
    atomic_fetch_add(&session->server->drains, 1);
    flood(session);
}

static void on_timer(void *self, struct kdb_ws *ws)
{
    (void)self;
    kdb_ws_send(ws, KDB_WS_OP_TEXT, KDB_LIT("tick"));
}

static void on_ws_close(void *self, struct kdb_ws *ws, unsigned code, kdb_slice reason)
{
    struct session *session = self;
    struct server *server = session->server;
    kdb_ws_send(ws, KDB_WS_OP_TEXT, KDB_LIT("ignored"));
    assert_true(reason.len < sizeof(server->close_reason));
    (void)pthread_mutex_lock(&server->lock);
    (void)snprintf(server->close_reason, sizeof(server->close_reason), "%.*s", KDB_ARG(reason));
    server->close_code = code;
    (void)pthread_mutex_unlock(&server->lock);
    struct session **at = sessions_of(server, kdb_ws_loop(ws));
    while (*at != session)
        at = &(*at)->next_session;
    *at = session->next_session;
    assert_int_equal(sem_post(&server->closed), 0);
    free(session);
}

static const struct kdb_ws_handler ws_handler = {on_message, on_too_large, on_drain, on_timer,
                                                 on_ws_close};

static void accept_ws(struct server *server, struct kdb_http_request *request)
{
    struct session *session = calloc(1, sizeof(*session));
    assert_non_null(session);
    session->server = server;
    session->ws = kdb_ws_accept(request, &ws_handler, session);
    if (!session->ws) {
        free(session);
        return;
    }
    struct session **sessions = sessions_of(server, kdb_ws_loop(session->ws));
    session->next_session = *sessions;
    *sessions = session;
    kdb_ws_send(session->ws, KDB_WS_OP_TEXT, KDB_LIT("welcome"));
}

static void run_accept(struct kdb_loop_task *task, struct kdb_loop *loop)
{
    struct later *later = (struct later *)task;
    (void)loop;
    accept_ws(later->server, later->request);
    free(later);
}

static void on_request(void *self, struct kdb_http_request *request)
{
    struct server *server = self;
    if (kdb_slice_equal(request->path, KDB_LIT("/ws"))) {
        accept_ws(server, request);
    } else if (kdb_slice_equal(request->path, KDB_LIT("/later"))) {
        struct later *later = calloc(1, sizeof(*later));
        assert_non_null(later);
        *later = (struct later){.task.run = run_accept, .server = server, .request = request};
        kdb_loop_post(request->loop, &later->task);
    } else {
        struct kdb_buf body = {0};
        KDB_BUF_LIT(&body, "{}");
        kdb_http_respond_json(request, 200, &body);
        kdb_buf_deinit(&body);
    }
}

static void on_request_close(void *self, struct kdb_http_request *request)
{
    (void)self;
    (void)request;
}

static void use_tls(struct server *server)
{
    struct identity identity;
    make_identity(&identity);
    assert_int_equal(kdb_tls_open(&server->ctx, identity.certificate, identity.key, &server->tls),
                     KDB_OK);
    remove_identity(&identity);
    server->options.tls = server->tls;
    server->client = SSL_CTX_new(TLS_client_method());
    assert_non_null(server->client);
}

// Prepares a server; the test may change options before start_server.
static struct server *make_server(bool has_tls)
{
    struct server *server = calloc(1, sizeof(*server));
    assert_non_null(server);
    kdb_ctx_init(&server->ctx, 0);
    assert_int_equal(sem_init(&server->closed, 0, 0), 0);
    assert_int_equal(pthread_mutex_init(&server->lock, NULL), 0);
    char body[body_bytes];
    memset(body, 'b', sizeof(body));
    server->body = kdb_shared_bytes_create(kdb_slice_of(body, sizeof(body)));
    for (int i = 0; i < loop_count; i++) {
        assert_int_equal(kdb_loop_open(&server->ctx, "test", &server->loops[i]), KDB_OK);
        server->targets[i].loop = server->loops[i];
        server->targets[i].handler =
            (struct kdb_http_handler){on_request, on_request_close, server};
    }
    server->options = (struct kdb_listener_options){.host = "127.0.0.1",
                                                    .backlog = 64,
                                                    .limits = kdb_http_limits_default(),
                                                    .targets = server->targets,
                                                    .target_count = loop_count};
    if (has_tls)
        use_tls(server);
    return server;
}

static void start_server(struct server *server)
{
    assert_int_equal(kdb_listener_open(&server->ctx, &server->options, &server->listener), KDB_OK);
    for (int i = 0; i < loop_count; i++)
        assert_int_equal(kdb_loop_start(server->loops[i], &server->ctx), KDB_OK);
}

static void stop_server(struct server *server)
{
    kdb_listener_close(server->listener);
    for (int i = 0; i < loop_count; i++)
        kdb_loop_close(server->loops[i]);
    SSL_CTX_free(server->client);
    kdb_tls_close(server->tls);
    kdb_shared_bytes_unref(server->body);
    kdb_ctx_deinit(&server->ctx);
    (void)sem_destroy(&server->closed);
    (void)pthread_mutex_destroy(&server->lock);
    free(server);
}

static void dial(struct server *server, struct peer *peer, int receive_buffer)
{
    peer_open(peer, kdb_listener_port(server->listener), server->client, receive_buffer);
}

static void dial_ws(struct server *server, struct peer *peer)
{
    dial(server, peer, 0);
    peer_upgrade(peer, UPGRADE("/ws"));
    peer_expect(peer, 0x81, "welcome");
}

// Waits for an end; `ret_reason` has room for 128 bytes. Returns its code.
static unsigned await_closed(struct server *server, char *ret_reason)
{
    assert_int_equal(sem_wait(&server->closed), 0);
    (void)pthread_mutex_lock(&server->lock);
    unsigned code = server->close_code;
    memcpy(ret_reason, server->close_reason, sizeof(server->close_reason));
    (void)pthread_mutex_unlock(&server->lock);
    return code;
}

static void expect_closed(struct server *server, unsigned code, const char *reason)
{
    char told[128];
    assert_int_equal(await_closed(server, told), code);
    assert_string_equal(told, reason);
}

// ---- Messages.

static void exchange(struct server *server, const char *upgrade)
{
    struct peer peer;
    dial(server, &peer, 0);
    peer_write(&peer, KDB_LIT("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(kdb_slice_has_prefix(peer_read_head(&peer), KDB_LIT("HTTP/1.1 200 ")));
    assert_true(peer_fill(&peer, 2));
    peer.at += 2;
    peer_upgrade(&peer, upgrade);
    peer_expect(&peer, 0x81, "welcome");
    peer_say(&peer, "hello");
    peer_expect(&peer, 0x81, "hello");
    peer_send(&peer, 0x82, KDB_LIT("\xff\xfe"));
    peer_expect(&peer, 0x82, "\xff\xfe");
    peer_send(&peer, 0x89, KDB_LIT("are you there"));
    peer_expect(&peer, 0x8A, "are you there");
    peer_send(&peer, 0x8A, KDB_LIT("unasked"));
    peer_send(&peer, 0x01, KDB_LIT("frag"));
    peer_send(&peer, 0x89, KDB_LIT("between"));
    peer_send(&peer, 0x80, KDB_LIT("ments"));
    peer_expect(&peer, 0x8A, "between");
    peer_expect(&peer, 0x81, "fragments");
    struct kdb_buf large = {0}; // more than is copied on its way out
    memset(kdb_buf_reserve(&large, 1000001), 'x', 1000000);
    kdb_buf_advance(&large, 1000000);
    large.data[large.len] = '\0';
    peer_send(&peer, 0x82, kdb_buf_view(&large));
    peer_expect(&peer, 0x82, large.data);
    kdb_buf_deinit(&large);
    struct kdb_buf bye = {0};
    ws_put_close(&bye, 4321, "bye");
    peer_write(&peer, kdb_buf_view(&bye));
    kdb_buf_deinit(&bye);
    peer_expect_close(&peer, 4321, "bye");
    peer_expect_end(&peer);
    expect_closed(server, 4321, "bye");
    peer_close(&peer);
}

static void test_messages(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct server *server = make_server(i == 1);
        start_server(server);
        exchange(server, UPGRADE("/ws"));
        exchange(server, UPGRADE("/later"));
        assert_int_equal(kdb_listener_stats(server->listener).websockets_total, 2);
        stop_server(server);
    }
}

// Request, frames and the end of the connection in one write: all of it is used.
static void test_frames_behind_the_handshake(void **state)
{
    (void)state;
    static const char *const upgrades[] = {
        UPGRADE("/ws"),
        UPGRADE("/later"),
        "GET / HTTP/1.1\r\nHost: h\r\n\r\n" UPGRADE("/later"),
    };
    for (size_t i = 0; i < 3; i++) {
        struct server *server = make_server(false);
        start_server(server);
        struct peer peer;
        dial(server, &peer, 0);
        struct kdb_buf bytes = {0};
        kdb_buf_slice(&bytes, kdb_slice_cstr(upgrades[i]));
        ws_put_frame(&bytes, 0x81, KDB_LIT("early"));
        ws_put_close(&bytes, 1000, "");
        peer_write(&peer, kdb_buf_view(&bytes));
        if (i == 2) {
            assert_true(kdb_slice_has_prefix(peer_read_head(&peer), KDB_LIT("HTTP/1.1 200 ")));
            assert_true(peer_fill(&peer, 2));
            peer.at += 2;
        }
        assert_true(kdb_slice_has_prefix(peer_read_head(&peer), KDB_LIT("HTTP/1.1 101 ")));
        peer_expect(&peer, 0x81, "welcome");
        peer_expect(&peer, 0x81, "early");
        peer_expect_close(&peer, 1000, "");
        peer_expect_end(&peer);
        expect_closed(server, 1000, "");
        kdb_buf_deinit(&bytes);
        peer_close(&peer);
        stop_server(server);
    }
}

#define HEAD "GET /ws HTTP/1.1\r\nHost: h\r\n"
#define UP   "Connection: Upgrade\r\nUpgrade: websocket\r\n"
#define KEY  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define V13  "Sec-WebSocket-Version: 13\r\n"

static void test_bad_handshakes(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        const char *status;
        const char *text;
    } cases[] = {
        {HEAD "\r\n", "426", "This is a WebSocket"},
        {HEAD UP KEY "\r\n", "426", "Sec-WebSocket-Version must be 13"},
        {HEAD UP KEY "Sec-WebSocket-Version: 12\r\n\r\n", "426", "Sec-WebSocket-Version"},
        {HEAD UP KEY V13 V13 "\r\n", "426", "Sec-WebSocket-Version"},
        {HEAD "Connection: Upgrade\r\nUpgrade: h2c\r\n" KEY V13 "\r\n", "426", "This is"},
        {HEAD "Connection: close\r\nUpgrade: websocket\r\n" KEY V13 "\r\n", "426", "This is"},
        {HEAD UP V13 "\r\n", "400", "Sec-WebSocket-Key must be"},
        {HEAD UP V13 KEY KEY "\r\n", "400", "Sec-WebSocket-Key"},
        {HEAD UP V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n\r\n", "400", "Sec-Web"},
        {HEAD UP V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25-ZQ==\r\n\r\n", "400", "Sec-Web"},
        {HEAD UP V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n\r\n", "400", "Sec-Web"},
        {HEAD UP V13 KEY "Content-Length: 2\r\n\r\nab", "400", "A WebSocket handshake has no body"},
        {"POST /ws HTTP/1.1\r\nHost: h\r\n" UP KEY V13 "\r\n", "426", "This is"},
        {"GET /ws HTTP/1.0\r\nHost: h\r\n" UP KEY V13 "\r\n", "426", "This is"},
    };
    struct server *server = make_server(false);
    start_server(server);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct peer peer;
        dial(server, &peer, 0);
        peer_write(&peer, kdb_slice_cstr(cases[i].request));
        assert_int_equal(shutdown(peer.fd, SHUT_WR), 0);
        kdb_slice head = peer_read_head(&peer);
        assert_slice_equal(kdb_slice_of(head.data + 9, 3), cases[i].status);
        bool has_version =
            kdb_slice_find(head, KDB_LIT("\r\nSec-WebSocket-Version: 13"), 0) != SIZE_MAX;
        assert_int_equal(has_version, strcmp(cases[i].status, "426") == 0);
        assert_true(peer_fill(&peer, strlen(cases[i].text)));
        assert_true(kdb_slice_has_prefix(kdb_slice_skip(kdb_buf_view(&peer.in), peer.at),
                                         kdb_slice_cstr(cases[i].text)));
        peer_close(&peer);
    }
    assert_int_equal(kdb_listener_stats(server->listener).websockets_total, 0);
    // The connection goes on as HTTP.
    struct peer peer;
    dial(server, &peer, 0);
    peer_write(&peer, KDB_LIT(HEAD UP V13 "\r\n"));
    assert_true(kdb_slice_has_prefix(peer_read_head(&peer), KDB_LIT("HTTP/1.1 400 ")));
    assert_true(peer_fill(&peer, sizeof("Sec-WebSocket-Key must be 16 bytes in base64") - 1));
    peer.at = peer.in.len;
    peer_upgrade(&peer, UPGRADE("/ws"));
    peer_expect(&peer, 0x81, "welcome");
    peer_close(&peer);
    stop_server(server);
}

// ---- The end.

static void test_rules_broken(void **state)
{
    (void)state;
    static const struct {
        kdb_slice bytes;
        unsigned code;
    } cases[] = {
        {KDB_LIT_INIT("\x81\x05hello"), 1002},
        {KDB_LIT_INIT("\xc1\x80mask"), 1002},
        {KDB_LIT_INIT("\x80\x80mask"), 1002},
        {KDB_LIT_INIT("\x89\xfe\x01\x00mask"), 1002},
        {KDB_LIT_INIT("\x81\x81\x00\x00\x00\x00\xff"), 1007},
        {KDB_LIT_INIT("\x82\xff\x00\x00\x00\x00\x10\x00\x00\x00mask"), 1009},
        {KDB_LIT_INIT("\x88\x82\x00\x00\x00\x00\x03\xed"), 1002},
    };
    for (int round = 0; round < 2; round++) {
        struct server *server = make_server(round == 1);
        start_server(server);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            struct peer peer;
            dial_ws(server, &peer);
            peer_say(&peer, "good");
            peer_write(&peer, cases[i].bytes);
            peer_say(&peer, "nobody reads this");
            peer_expect(&peer, 0x81, "good");
            char problem[128];
            assert_int_equal(await_closed(server, problem), cases[i].code);
            peer_expect_close(&peer, cases[i].code, problem);
            peer_expect_end(&peer);
            peer_close(&peer);
        }
        stop_server(server);
    }
}

static void test_server_closes(void **state)
{
    (void)state;
    struct server *server = make_server(false);
    start_server(server);
    struct peer peer;
    dial_ws(server, &peer);
    peer_say(&peer, "close 4000 enough");
    peer_expect_close(&peer, 4000, "enough");
    expect_closed(server, 4000, "");
    peer_say(&peer, "ignored");
    peer_send(&peer, 0x89, KDB_LIT("ignored"));
    struct kdb_buf close = {0};
    ws_put_close(&close, 4000, "");
    peer_write(&peer, kdb_buf_view(&close));
    kdb_buf_deinit(&close);
    peer_expect_end(&peer);
    peer_close(&peer);
    // One that does not answer is cut.
    stop_server(server);
    server = make_server(false);
    server->options.limits.websocket.close_timeout_ms = 20;
    start_server(server);
    dial_ws(server, &peer);
    peer_say(&peer, "close 4000 enough");
    peer_expect_close(&peer, 4000, "enough");
    peer_expect_end(&peer);
    peer_close(&peer);
    stop_server(server);
}

static void test_peer_breaks_off(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct server *server = make_server(i == 1);
        start_server(server);
        struct peer peer;
        dial_ws(server, &peer);
        peer_close(&peer);
        expect_closed(server, KDB_WS_ABNORMAL, "");
        // Resets while much is on its way.
        dial(server, &peer, 4096);
        peer_upgrade(&peer, UPGRADE("/ws"));
        peer_say(&peer, "burst 50000");
        peer_expect(&peer, 0x81, "welcome");
        assert_true(peer_fill(&peer, 1000));
        struct linger hard = {.l_onoff = 1};
        assert_int_equal(setsockopt(peer.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
        peer_close(&peer);
        expect_closed(server, KDB_WS_ABNORMAL, "");
        stop_server(server);
    }
}

static void test_silence(void **state)
{
    (void)state;
    struct server *server = make_server(false);
    server->options.limits.websocket.idle_timeout_ms = 30;
    server->options.limits.websocket.close_timeout_ms = 30;
    start_server(server);
    struct peer peer;
    dial_ws(server, &peer);
    peer_expect_close(&peer, 1000, "Heartbeat timeout");
    expect_closed(server, 1000, "Heartbeat timeout");
    peer_expect_end(&peer);
    peer_close(&peer);
    // Takes nothing of what it asked for, and is cut. In one write, so that it is not silent
    // before.
    dial(server, &peer, 4096);
    struct kdb_buf bytes = {0};
    KDB_BUF_LIT(&bytes, UPGRADE("/ws"));
    ws_put_frame(&bytes, 0x81, KDB_LIT("burst 50000"));
    peer_write(&peer, kdb_buf_view(&bytes));
    kdb_buf_deinit(&bytes);
    expect_closed(server, KDB_WS_ABNORMAL, "");
    peer_close(&peer);
    stop_server(server);
}

static void *drain(void *arg)
{
    struct server *server = arg;
    kdb_listener_drain(server->listener, 20000);
    return NULL;
}

static void test_orderly_stop(void **state)
{
    (void)state;
    struct server *server = make_server(false);
    start_server(server);
    struct peer peer;
    dial_ws(server, &peer);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, drain, server), 0);
    peer_expect_close(&peer, 1001, "Server shutting down");
    expect_closed(server, 1001, "Server shutting down");
    struct kdb_buf close = {0};
    ws_put_close(&close, 1001, "");
    peer_write(&peer, kdb_buf_view(&close));
    kdb_buf_deinit(&close);
    peer_expect_end(&peer);
    peer_close(&peer);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(kdb_listener_stats(server->listener).websockets_now, 0);
    stop_server(server);
}

// ---- Much, and slowly.

// Reads frames `from` to `to` of a burst.
static void expect_numbered(struct peer *peer, long from, long to)
{
    char expected[body_bytes + 24];
    for (long i = from; i < to; i++) {
        int len = snprintf(expected, sizeof(expected), "%ld ", i);
        memset(expected + len, 'b', body_bytes);
        expected[len + body_bytes] = '\0';
        peer_expect(peer, 0x81, expected);
    }
}

static void test_burst(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct server *server = make_server(i == 1);
        start_server(server);
        struct peer peer;
        dial_ws(server, &peer);
        peer_say(&peer, "burst 1000");
        expect_numbered(&peer, 0, 1000);
        peer_close(&peer);
        stop_server(server);
    }
}

// The reader is slow: the queue grows to its mark and not beyond, and everything arrives.
static void test_slow_reader(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct server *server = make_server(i == 1);
        server->options.limits.websocket.queue_bytes_mark = 50000;
        start_server(server);
        struct peer peer;
        dial(server, &peer, 4096);
        peer_upgrade(&peer, UPGRADE("/ws"));
        peer_expect(&peer, 0x81, "welcome");
        peer_say(&peer, "flood 30000");
        expect_numbered(&peer, 0, 30000);
        assert_true(atomic_load(&server->largest_queue) > 50000);
        assert_true(atomic_load(&server->largest_queue) < 50000 + body_bytes + 30);
        assert_true(atomic_load(&server->drains) > 10);
        peer_say(&peer, "still there");
        peer_expect(&peer, 0x81, "still there");
        peer_close(&peer);
        stop_server(server);
    }
}

// Nobody waits for a whole round: the loop sends to some, looks what else there is, and goes on.
static void test_long_round(void **state)
{
    (void)state;
    enum { listeners = 200 };
    struct server *server = make_server(false);
    start_server(server);
    struct peer peers[listeners];
    for (int i = 0; i < listeners; i++)
        dial_ws(server, &peers[i]);
    peer_say(&peers[0], "shout");
    peer_say(&peers[1], "shout"); // the other loop's, as connections are spread
    for (int i = 0; i < listeners; i++) {
        peer_expect(&peers[i], 0x81, "first");
        peer_expect(&peers[i], 0x81, "second");
    }
    assert_in_range(atomic_load(&server->left_behind), 1, listeners - 1);
    for (int i = 0; i < listeners; i++)
        peer_close(&peers[i]);
    stop_server(server);
}

// A hook speaks when as many were flushed as a turn allows, and none of them is left.
static void test_spoken_behind_a_full_turn(void **state)
{
    (void)state;
    enum { listeners = 65 };
    struct server *server = make_server(false);
    server->options.target_count = 1;
    server->options.limits.header_timeout_ms = 3600000; // no deadline wakes the loop instead
    server->options.limits.idle_timeout_ms = 3600000;
    server->options.limits.websocket.idle_timeout_ms = 0;
    server->hook.before_sleep = before_sleep;
    kdb_loop_add_hook(server->loops[0], &server->hook);
    start_server(server);
    struct peer peers[listeners];
    for (int i = 0; i < listeners; i++)
        dial_ws(server, &peers[i]);
    peer_say(&peers[0], "whisper");
    for (int i = 1; i < listeners; i++)
        peer_expect(&peers[i], 0x81, "first");
    peer_expect(&peers[0], 0x81, "second");
    for (int i = 0; i < listeners; i++)
        peer_close(&peers[i]);
    stop_server(server);
}

static void test_too_large(void **state)
{
    (void)state;
    struct server *server = make_server(false);
    server->options.limits.websocket.message_bytes_max = 1000;
    start_server(server);
    struct peer peer;
    char text[1002];
    memset(text, 't', sizeof(text));
    dial_ws(server, &peer);
    peer_send(&peer, 0x81, kdb_slice_of(text, 1001));
    peer_expect(&peer, 0x81, "too large");
    peer_send(&peer, 0x81, kdb_slice_of(text, 1000));
    text[1000] = '\0';
    peer_expect(&peer, 0x81, text);
    peer_close(&peer);
    stop_server(server);
}

static void test_pause_and_timer(void **state)
{
    (void)state;
    struct server *server = make_server(false);
    start_server(server);
    struct peer peer;
    dial_ws(server, &peer);
    struct kdb_buf bytes = {0};
    ws_put_frame(&bytes, 0x81, KDB_LIT("pause"));
    ws_put_frame(&bytes, 0x81, KDB_LIT("pause"));
    ws_put_frame(&bytes, 0x81, KDB_LIT("behind"));
    ws_put_frame(&bytes, 0x81, KDB_LIT("timer"));
    peer_write(&peer, kdb_buf_view(&bytes));
    kdb_buf_deinit(&bytes);
    peer_expect(&peer, 0x81, "going on");
    peer_expect(&peer, 0x81, "going on");
    peer_expect(&peer, 0x81, "behind");
    peer_expect(&peer, 0x81, "tick");
    peer_close(&peer);
    stop_server(server);
}

static void test_connection_limit(void **state)
{
    (void)state;
    struct server *server = make_server(false);
    server->options.limits.websocket.connections_max = 2;
    start_server(server);
    struct peer peers[3];
    dial_ws(server, &peers[0]);
    dial_ws(server, &peers[1]);
    dial(server, &peers[2], 0);
    peer_write(&peers[2], KDB_LIT(UPGRADE("/ws")));
    assert_true(kdb_slice_has_prefix(peer_read_head(&peers[2]), KDB_LIT("HTTP/1.1 503 ")));
    assert_int_equal(kdb_listener_stats(server->listener).websockets_now, 2);
    peer_close(&peers[0]);
    while (kdb_listener_stats(server->listener).websockets_now == 2)
        (void)sched_yield();
    peer_close(&peers[2]);
    dial_ws(server, &peers[2]);
    for (int i = 1; i < 3; i++)
        peer_close(&peers[i]);
    stop_server(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_frames_behind_the_handshake),
        cmocka_unit_test(test_bad_handshakes),
        cmocka_unit_test(test_rules_broken),
        cmocka_unit_test(test_server_closes),
        cmocka_unit_test(test_peer_breaks_off),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_orderly_stop),
        cmocka_unit_test(test_burst),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_long_round),
        cmocka_unit_test(test_spoken_behind_a_full_turn),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_pause_and_timer),
        cmocka_unit_test(test_connection_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
