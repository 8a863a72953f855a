// SPDX-License-Identifier: Apache-2.0
// A WebSocket driven with plain bytes: what it answers, tells and holds, without sockets or clocks.
#include "net/ws.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/test.h"
#include "lib/ws_bytes.h"
#include "net/ws_priv.h"

// A WebSocket and what it did.
struct fixture {
    struct kdb_http_limits limits;
    struct kdb_http1_totals totals;
    struct kdb_http1_env env;
    struct kdb_http1 http;
    struct kdb_ws *ws; // NULL once it was told to be gone
    struct kdb_ws *whole;
    struct kdb_buf told; // "text(hello) close 1000(bye) ..."
    struct kdb_buf in;   // bytes to feed
    bool echoes;
    bool pauses; // after each message
};

static void on_message(void *self, struct kdb_ws *ws, enum kdb_ws_opcode opcode, kdb_slice bytes)
{
    struct fixture *fixture = self;
    kdb_buf_printf(&fixture->told, "%s(%.*s) ", opcode == KDB_WS_OP_TEXT ? "text" : "binary",
                   KDB_ARG(bytes));
    if (fixture->echoes)
        kdb_ws_send(ws, opcode, bytes);
    if (fixture->pauses)
        kdb_ws_pause(ws);
}

static void on_too_large(void *self, struct kdb_ws *ws)
{
    struct fixture *fixture = self;
    (void)ws;
    KDB_BUF_LIT(&fixture->told, "too large ");
}

static void on_drain(void *self, struct kdb_ws *ws)
{
    struct fixture *fixture = self;
    (void)ws;
    KDB_BUF_LIT(&fixture->told, "drain ");
}

static void on_timer(void *self, struct kdb_ws *ws)
{
    struct fixture *fixture = self;
    (void)ws;
    KDB_BUF_LIT(&fixture->told, "timer ");
}

static void on_close(void *self, struct kdb_ws *ws, unsigned code, kdb_slice reason)
{
    struct fixture *fixture = self;
    assert_ptr_equal(fixture->ws, ws);
    fixture->ws = NULL;
    kdb_buf_printf(&fixture->told, "close %u(%.*s) ", code, KDB_ARG(reason));
}

static const struct kdb_ws_handler handler = {on_message, on_too_large, on_drain, on_timer,
                                              on_close};

static void no_wake(void *arg)
{
    (void)arg;
}

static struct fixture *open_fixture(void)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    fixture->limits = kdb_http_limits_default();
    fixture->limits.websocket.idle_timeout_ms = 1000;
    fixture->limits.websocket.close_timeout_ms = 100;
    fixture->limits.linger_ms = 10;
    fixture->env = (struct kdb_http1_env){
        .limits = &fixture->limits, .totals = &fixture->totals, .now_ms = 5000};
    fixture->http.env = &fixture->env;
    fixture->http.wake = no_wake;
    atomic_store(&fixture->totals.websockets_now, 1); // as kdb_ws_accept counts it
    fixture->ws = fixture->whole =
        net_ws_create(&fixture->http, &handler, fixture, KDB_LIT("101 "));
    return fixture;
}

static void close_fixture(struct fixture *fixture)
{
    net_ws_detach(fixture->whole);
    assert_null(fixture->ws);
    net_ws_destroy(fixture->whole);
    assert_int_equal(atomic_load(&fixture->totals.body_bytes), 0);
    assert_int_equal(atomic_load(&fixture->totals.websockets_now), 0);
    kdb_http1_env_deinit(&fixture->env);
    kdb_buf_deinit(&fixture->told);
    kdb_buf_deinit(&fixture->in);
    free(fixture);
}

// Feeds what was put into `in`.
static void feed(struct fixture *fixture)
{
    net_ws_feed(fixture->whole, fixture->in.data, fixture->in.len);
    net_ws_advance(fixture->whole);
    kdb_buf_clear(&fixture->in);
}

// What was told since the last look must be this.
static void expect_told(struct fixture *fixture, const char *expected)
{
    assert_slice_equal(kdb_buf_view(&fixture->told), expected);
    kdb_buf_clear(&fixture->told);
}

// Takes up to `len` bytes of the output; they must be these.
static void expect_output(struct fixture *fixture, kdb_slice expected)
{
    static char scratch[65536];
    kdb_slice piece = {"", 0};
    kdb_slice pieces[2];
    if (net_ws_queue_gather(&fixture->whole->queue, scratch, sizeof(scratch), pieces, 2) > 0)
        piece = pieces[0];
    if (!kdb_slice_equal(piece, expected))
        fail_msg("\"%.*s\" is not \"%.*s\"", KDB_ARG(piece), KDB_ARG(expected));
    (void)net_ws_sent(fixture->whole, piece.len);
}

static void put(struct fixture *fixture, unsigned first, const char *payload)
{
    ws_put_frame(&fixture->in, first, kdb_slice_cstr(payload));
}

static void test_answers(void **state)
{
    (void)state;
    struct fixture *fixture = open_fixture();
    fixture->echoes = true;
    put(fixture, 0x81, "hello");
    put(fixture, 0x89, "ping");
    put(fixture, 0x82, "bytes");
    feed(fixture);
    expect_told(fixture, "text(hello) binary(bytes) ");
    expect_output(fixture, KDB_LIT("101 \x81\x05hello\x8a\x04ping\x82\x05"
                                   "bytes"));
    assert_null(fixture->whole->queue.first);
    ws_put_close(&fixture->in, 1000, "bye");
    put(fixture, 0x81, "behind the end");
    feed(fixture);
    expect_told(fixture, "close 1000(bye) ");
    expect_output(fixture, KDB_LIT("\x88\x05\x03\xe8"
                                   "bye"));
    assert_true(net_ws_is_draining(fixture->whole));
    close_fixture(fixture);
}

static void test_prefix_and_body(void **state)
{
    (void)state;
    struct fixture *fixture = open_fixture();
    struct kdb_shared_bytes *body = kdb_shared_bytes_create(KDB_LIT("the same for all"));
    kdb_ws_send_shared(fixture->ws, KDB_WS_OP_TEXT, KDB_LIT("mine, "), body);
    kdb_ws_send_shared(fixture->ws, KDB_WS_OP_BINARY, (kdb_slice){0}, body);
    assert_int_equal(kdb_ws_queued_bytes(fixture->ws), 4 + 2 + 6 + 16 + 2 + 16);
    expect_output(fixture, KDB_LIT("101 \x81\x16mine, the same for all\x82\x10the same for all"));
    // A prefix longer than a record holds.
    char prefix[3000];
    struct kdb_buf expected = {0};
    memset(prefix, 'p', sizeof(prefix));
    kdb_ws_send_shared(fixture->ws, KDB_WS_OP_TEXT, kdb_slice_of(prefix, sizeof(prefix)), body);
    kdb_shared_bytes_unref(body);
    KDB_BUF_LIT(&expected, "\x81\x7e\x0b\xc8");
    kdb_buf_append(&expected, prefix, sizeof(prefix));
    KDB_BUF_LIT(&expected, "the same for all");
    expect_output(fixture, kdb_buf_view(&expected));
    kdb_buf_deinit(&expected);
    close_fixture(fixture);
}

// Our close: told at once, then everything but the peer's close is ignored.
static void test_closing(void **state)
{
    (void)state;
    struct fixture *fixture = open_fixture();
    char reason[300];
    memset(reason, 'r', sizeof(reason));
    memcpy(reason + 122, "\xc3\xa9", 2); // the limit of 123 bytes would cut it
    kdb_ws_send(fixture->ws, KDB_WS_OP_TEXT, KDB_LIT("last"));
    kdb_ws_close(fixture->ws, 4001, kdb_slice_of(reason, sizeof(reason)));
    kdb_ws_close(fixture->ws, 4002, (kdb_slice){0});
    kdb_ws_send(fixture->ws, KDB_WS_OP_TEXT, KDB_LIT("ignored"));
    expect_told(fixture, ""); // not in the middle of the layer's own call
    net_ws_advance(fixture->whole);
    expect_told(fixture, "close 4001() ");
    struct kdb_buf expected = {0};
    KDB_BUF_LIT(&expected, "101 \x81\x04last\x88\x7c\x0f\xa1");
    kdb_buf_append(&expected, reason, 122);
    expect_output(fixture, kdb_buf_view(&expected));
    kdb_buf_deinit(&expected);
    put(fixture, 0x81, "ignored");
    put(fixture, 0x89, "ignored");
    feed(fixture);
    assert_false(net_ws_is_draining(fixture->whole));
    ws_put_close(&fixture->in, 4001, "");
    feed(fixture);
    assert_true(net_ws_is_draining(fixture->whole));
    expect_output(fixture, KDB_LIT(""));
    expect_told(fixture, "");
    close_fixture(fixture);
}

static void test_time(void **state)
{
    (void)state;
    struct fixture *fixture = open_fixture();
    assert_int_equal(net_ws_deadline_ms(fixture->whole), 6000);
    fixture->env.now_ms = 5900;
    put(fixture, 0x8A, "");
    feed(fixture);
    assert_int_equal(net_ws_deadline_ms(fixture->whole), 6900);
    kdb_ws_set_timer(fixture->ws, 6000);
    net_ws_fire_timer(fixture->whole);
    expect_told(fixture, "");
    fixture->env.now_ms = 6000;
    net_ws_fire_timer(fixture->whole);
    net_ws_fire_timer(fixture->whole);
    expect_told(fixture, "timer ");
    fixture->env.now_ms = 6900;
    assert_false(net_ws_expire(fixture->whole));
    net_ws_advance(fixture->whole);
    expect_told(fixture, "close 1000(Heartbeat timeout) ");
    assert_int_equal(net_ws_deadline_ms(fixture->whole), 7000);
    fixture->env.now_ms = 6950; // the time of the answer begins when our close frame is out
    expect_output(fixture, KDB_LIT("101 \x88\x13\x03\xe8Heartbeat timeout"));
    assert_int_equal(net_ws_deadline_ms(fixture->whole), 7050);
    assert_true(net_ws_expire(fixture->whole));
    close_fixture(fixture);
    fixture = open_fixture();
    fixture->limits.websocket.idle_timeout_ms = 0;
    assert_int_equal(net_ws_deadline_ms(fixture->whole), 0);
    net_ws_feed_eof(fixture->whole);
    net_ws_advance(fixture->whole);
    expect_told(fixture, "close 1006() ");
    close_fixture(fixture);
}

// What is held up waits in order, its end included.
static void test_pause(void **state)
{
    (void)state;
    struct fixture *fixture = open_fixture();
    fixture->pauses = true;
    put(fixture, 0x81, "one");
    put(fixture, 0x81, "two");
    feed(fixture);
    expect_told(fixture, "text(one) ");
    assert_false(net_ws_wants_input(fixture->whole));
    assert_int_equal(net_ws_deadline_ms(fixture->whole), 0); // it cannot be heard
    put(fixture, 0x81, "three");
    ws_put_close(&fixture->in, 1000, "");
    feed(fixture);
    expect_told(fixture, "");
    fixture->env.now_ms = 9000;
    kdb_ws_resume(fixture->ws);
    assert_int_equal(net_ws_deadline_ms(fixture->whole), 10000);
    net_ws_advance(fixture->whole);
    expect_told(fixture, "text(two) ");
    fixture->pauses = false;
    kdb_ws_resume(fixture->ws);
    net_ws_advance(fixture->whole);
    expect_told(fixture, "text(three) close 1000() ");
    assert_int_equal(fixture->whole->held.capacity, 0);
    close_fixture(fixture);
    // Closing ends the pause: the peer's answer must be found.
    fixture = open_fixture();
    kdb_ws_pause(fixture->ws);
    kdb_ws_close(fixture->ws, 1000, (kdb_slice){0});
    kdb_ws_pause(fixture->ws);
    ws_put_close(&fixture->in, 1000, "");
    feed(fixture);
    assert_true(net_ws_is_draining(fixture->whole));
    close_fixture(fixture);
}

// Who pings without reading the answers is not read from until they are out.
static void test_ping_flood(void **state)
{
    (void)state;
    struct fixture *fixture = open_fixture();
    for (int i = 0; i < 20000; i++)
        put(fixture, 0x89, "x");
    size_t size = fixture->in.len;
    feed(fixture);
    assert_false(net_ws_wants_input(fixture->whole));
    assert_true(kdb_ws_queued_bytes(fixture->ws) < 17 * 1024);
    assert_true(fixture->whole->held.len - fixture->whole->held_at < size);
    size_t pongs = 0;
    while (fixture->whole->queue.bytes > 0) {
        pongs += fixture->whole->queue.bytes / 3; // the first time, "101 " is one more
        (void)net_ws_sent(fixture->whole, fixture->whole->queue.bytes);
        net_ws_advance(fixture->whole);
    }
    assert_int_equal(pongs, 20001);
    assert_true(net_ws_wants_input(fixture->whole));
    close_fixture(fixture);
}

static void test_full_and_drained(void **state)
{
    (void)state;
    struct fixture *fixture = open_fixture();
    fixture->limits.websocket.queue_bytes_mark = 1000;
    char text[498];
    memset(text, 't', sizeof(text));
    kdb_ws_send(fixture->ws, KDB_WS_OP_TEXT, kdb_slice_of(text, sizeof(text)));
    assert_false(kdb_ws_is_full(fixture->ws));
    assert_false(net_ws_sent(fixture->whole, 300)); // it never was full
    kdb_ws_send(fixture->ws, KDB_WS_OP_TEXT, kdb_slice_of(text, sizeof(text)));
    kdb_ws_send(fixture->ws, KDB_WS_OP_TEXT, kdb_slice_of(text, sizeof(text)));
    assert_true(kdb_ws_is_full(fixture->ws));
    assert_false(net_ws_sent(fixture->whole, 700));
    assert_false(kdb_ws_is_full(fixture->ws));
    assert_true(net_ws_sent(fixture->whole, 10 + 2 * 4 + 3 * 498 - 300 - 700 - 500 - 2));
    expect_told(fixture, "");
    net_ws_drained(fixture->whole);
    net_ws_drained(fixture->whole);
    expect_told(fixture, "drain ");
    assert_false(net_ws_sent(fixture->whole, 1));
    close_fixture(fixture);
}

// on_drain is owed from the moment the queue had room; when its turn comes there may be none again.
static void test_full_again_before_it_is_told(void **state)
{
    struct fixture *fixture = open_fixture();
    (void)state;
    fixture->limits.websocket.queue_bytes_mark = 100;
    char large[200] = "";
    kdb_ws_send(fixture->ws, KDB_WS_OP_BINARY, kdb_slice_of(large, sizeof(large)));
    assert_true(net_ws_sent(fixture->whole, fixture->whole->queue.bytes));
    kdb_ws_send(fixture->ws, KDB_WS_OP_BINARY, kdb_slice_of(large, sizeof(large)));
    net_ws_drained(fixture->whole);
    expect_told(fixture, "");
    assert_true(net_ws_sent(fixture->whole, fixture->whole->queue.bytes)); // still owed
    net_ws_drained(fixture->whole);
    expect_told(fixture, "drain ");
    close_fixture(fixture);
}

// Unfinished messages of all clients together are bounded.
static void test_memory_of_unfinished_messages(void **state)
{
    (void)state;
    struct fixture *fixture = open_fixture();
    fixture->limits.body_bytes_total_max = 100000;
    char text[50000];
    memset(text, 't', sizeof(text));
    ws_put_frame(&fixture->in, 0x01, kdb_slice_of(text, sizeof(text)));
    feed(fixture);
    size_t charged = atomic_load(&fixture->totals.body_bytes);
    assert_true(charged > 30000 && charged < 100000);
    put(fixture, 0x80, "");
    feed(fixture);
    kdb_buf_clear(&fixture->told);
    put(fixture, 0x81, "next"); // gives back what the message before was gathered in
    feed(fixture);
    expect_told(fixture, "text(next) ");
    assert_int_equal(atomic_load(&fixture->totals.body_bytes), 0);
    atomic_fetch_add(&fixture->totals.body_bytes, 90000); // others'
    ws_put_frame(&fixture->in, 0x01, kdb_slice_of(text, sizeof(text)));
    feed(fixture);
    expect_told(fixture, "close 1013(The server has too much to do at the moment) ");
    assert_int_equal(atomic_load(&fixture->totals.body_bytes), 90000);
    atomic_store(&fixture->totals.body_bytes, 0);
    close_fixture(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_prefix_and_body),
        cmocka_unit_test(test_closing),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_ping_flood),
        cmocka_unit_test(test_full_and_drained),
        cmocka_unit_test(test_full_again_before_it_is_told),
        cmocka_unit_test(test_memory_of_unfinished_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
