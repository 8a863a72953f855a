// SPDX-License-Identifier: Apache-2.0
// What a WebSocket does with frames: messages to the handler, pongs, the closing handshake.
#include "net/ws.h"

#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/utf8.h"
#include "net/loop.h"
#include "net/ws_priv.h"

enum {
    pong_bytes_max = 16 * 1024, // queued pongs above which nothing more is read
    free_bytes = 16 * 1024,     // of each unfinished message, not counted in the total
};

// The layer above calls at any time: nobody has set the clock before.
static void set_clock(struct kdb_http1_env *env)
{
    if (env->loop)
        env->now_ms = kdb_loop_now_ms(env->loop);
}

struct kdb_ws *net_ws_create(struct kdb_http1 *http, const struct kdb_ws_handler *handler,
                             void *self, kdb_slice answer)
{
    struct kdb_ws *ws = kdb_alloc(sizeof(*ws));
    struct kdb_http1_env *env = http->env;
    set_clock(env);
    ws->env = env;
    ws->handler = handler;
    ws->self = self;
    ws->wake = http->wake;
    ws->wake_arg = http->wake_arg;
    ws->heard_ms = ws->since_ms = env->now_ms;
    kdb_ws_reader_init(&ws->reader, &env->limits->websocket);
    net_ws_queue_push(&ws->queue, &env->ws_pool, answer, (kdb_slice){0}, NULL);
    return ws;
}

struct kdb_loop *kdb_ws_loop(const struct kdb_ws *ws)
{
    return ws->env->loop;
}

// ---- Out.

static void push_frame(struct kdb_ws *ws, enum kdb_ws_opcode opcode, kdb_slice own,
                       struct kdb_shared_bytes *body)
{
    struct net_ws_pool *pool = &ws->env->ws_pool;
    char header[KDB_WS_HEADER_BYTES_MAX];
    size_t len = own.len + (body ? kdb_shared_bytes_view(body).len : 0);
    kdb_slice head = {header, kdb_ws_write_header(header, opcode, len)};
    if (own.len > NET_WS_OWN_BYTES_MAX - sizeof(header)) {
        struct kdb_shared_bytes *copy = kdb_shared_bytes_create(own);
        net_ws_queue_push(&ws->queue, pool, head, (kdb_slice){0}, copy);
        kdb_shared_bytes_unref(copy);
        if (body)
            net_ws_queue_push(&ws->queue, pool, (kdb_slice){0}, (kdb_slice){0}, body);
    } else {
        net_ws_queue_push(&ws->queue, pool, head, own, body);
    }
    ws->was_full = ws->was_full || kdb_ws_is_full(ws);
    ws->wake(ws->wake_arg);
}

void kdb_ws_send(struct kdb_ws *ws, enum kdb_ws_opcode opcode, kdb_slice bytes)
{
    if (ws->state == NET_WS_OPEN)
        push_frame(ws, opcode, bytes, NULL);
}

void kdb_ws_send_shared(struct kdb_ws *ws, enum kdb_ws_opcode opcode, kdb_slice prefix,
                        struct kdb_shared_bytes *body)
{
    if (ws->state == NET_WS_OPEN)
        push_frame(ws, opcode, prefix, body);
}

size_t kdb_ws_queued_bytes(const struct kdb_ws *ws)
{
    return ws->queue.bytes;
}

bool kdb_ws_is_full(const struct kdb_ws *ws)
{
    return ws->queue.bytes > ws->env->limits->websocket.queue_bytes_mark;
}

bool net_ws_sent(struct kdb_ws *ws, size_t len)
{
    net_ws_queue_sent(&ws->queue, &ws->env->ws_pool, len);
    if (ws->queue.bytes == 0) {
        ws->pong_bytes = 0;
        if (ws->state != NET_WS_OPEN)
            ws->since_ms = ws->env->now_ms; // from now on it is the peer's turn
    }
    return ws->was_full && ws->queue.bytes <= ws->env->limits->websocket.queue_bytes_mark / 2;
}

void net_ws_drained(struct kdb_ws *ws)
{
    // Full again: then it stays owed until that is sent.
    if (ws->state != NET_WS_OPEN || !ws->was_full || kdb_ws_is_full(ws))
        return;
    ws->was_full = false;
    ws->handler->on_drain(ws->self, ws);
}

// ---- The end.

static void tell(struct kdb_ws *ws, unsigned code, kdb_slice reason)
{
    if (ws->is_told)
        return;
    ws->is_told = true;
    ws->handler->on_close(ws->self, ws, code, reason);
}

static void tell_own(struct kdb_ws *ws)
{
    tell(ws, ws->close_code, kdb_slice_cstr(ws->close_reason));
}

static void set_state(struct kdb_ws *ws, enum net_ws_state state)
{
    ws->state = state;
    ws->since_ms = ws->env->now_ms;
}

static void release_input(struct kdb_ws *ws)
{
    kdb_ws_reader_deinit(&ws->reader);
    kdb_buf_deinit(&ws->held);
    ws->held_at = 0;
    atomic_fetch_sub_explicit(&ws->env->totals->body_bytes, ws->charged_bytes,
                              memory_order_relaxed);
    ws->charged_bytes = 0;
}

// Nothing more is read.
static void begin_draining(struct kdb_ws *ws)
{
    set_state(ws, NET_WS_DRAINING);
    ws->is_paused = false;
}

// A reason as a close frame has room for it, cut between two characters.
static kdb_slice fitting_reason(kdb_slice reason)
{
    enum { reason_bytes_max = KDB_WS_CONTROL_BYTES_MAX - 2 };
    if (reason.len > reason_bytes_max)
        reason.len = reason_bytes_max;
    reason.len = kdb_utf8_valid_prefix(reason);
    return reason;
}

static void push_close(struct kdb_ws *ws, unsigned code, kdb_slice reason)
{
    char payload[KDB_WS_CONTROL_BYTES_MAX];
    kdb_slice fitting = fitting_reason(reason);
    payload[0] = (char)(code >> 8);
    payload[1] = (char)code;
    if (fitting.len > 0)
        memcpy(payload + 2, fitting.data, fitting.len);
    push_frame(ws, KDB_WS_OP_CLOSE, (kdb_slice){payload, 2 + fitting.len}, NULL);
}

// Sends our close frame; `kept` is a static text for on_close, NULL: none.
static void begin_close(struct kdb_ws *ws, unsigned code, kdb_slice reason, const char *kept)
{
    ws->close_code = code;
    ws->close_reason = kept;
    push_close(ws, code, reason);
    set_state(ws, NET_WS_CLOSING);
    ws->is_paused = false; // the peer's close frame must be found
}

void kdb_ws_close(struct kdb_ws *ws, unsigned code, kdb_slice reason)
{
    KDB_ASSERT(kdb_ws_is_close_code(code));
    set_clock(ws->env);
    if (ws->state == NET_WS_OPEN)
        begin_close(ws, code, reason, NULL);
}

// The peer broke the rules: what follows in its stream means nothing.
static void refuse(struct kdb_ws *ws, unsigned code, const char *problem)
{
    if (ws->state == NET_WS_OPEN)
        begin_close(ws, code, kdb_slice_cstr(problem), problem);
    begin_draining(ws);
}

void net_ws_stop(struct kdb_ws *ws)
{
    static const char reason[] = "Server shutting down";
    if (ws->state == NET_WS_OPEN)
        begin_close(ws, KDB_WS_GOING_AWAY, kdb_slice_cstr(reason), reason);
}

void net_ws_detach(struct kdb_ws *ws)
{
    if (ws->state == NET_WS_OPEN)
        ws->close_code = KDB_WS_ABNORMAL;
    begin_draining(ws);
    tell_own(ws);
}

void net_ws_destroy(struct kdb_ws *ws)
{
    KDB_ASSERT(ws->is_told);
    release_input(ws);
    net_ws_queue_deinit(&ws->queue, &ws->env->ws_pool);
    atomic_fetch_sub_explicit(&ws->env->totals->websockets_now, 1, memory_order_relaxed);
    kdb_free(ws);
}

// ---- In.

static void take_ping(struct kdb_ws *ws, kdb_slice payload)
{
    if (ws->state != NET_WS_OPEN)
        return; // nothing follows our close frame
    ws->pong_bytes += payload.len + 2;
    push_frame(ws, KDB_WS_OP_PONG, payload, NULL);
}

static void take_close(struct kdb_ws *ws, unsigned code, kdb_slice reason)
{
    if (ws->state == NET_WS_OPEN) {
        if (code == KDB_WS_NO_CODE)
            push_frame(ws, KDB_WS_OP_CLOSE, (kdb_slice){0}, NULL);
        else
            push_close(ws, code, reason);
    }
    begin_draining(ws);
    tell(ws, code, reason); // unless our own close was told
}

static void take_event(struct kdb_ws *ws, enum kdb_ws_event event, const struct kdb_ws_item *item)
{
    bool is_open = ws->state == NET_WS_OPEN;
    switch (event) {
    case KDB_WS_MORE:
    case KDB_WS_PONG:
        return;
    case KDB_WS_TEXT:
        if (is_open)
            ws->handler->on_message(ws->self, ws, KDB_WS_OP_TEXT, item->bytes);
        return;
    case KDB_WS_BINARY:
        if (is_open)
            ws->handler->on_message(ws->self, ws, KDB_WS_OP_BINARY, item->bytes);
        return;
    case KDB_WS_TOO_LARGE:
        if (is_open)
            ws->handler->on_too_large(ws->self, ws);
        return;
    case KDB_WS_PING:
        take_ping(ws, item->bytes);
        return;
    case KDB_WS_CLOSE:
        take_close(ws, item->code, item->bytes);
        return;
    case KDB_WS_BAD:
        refuse(ws, item->code, item->problem);
        return;
    }
}

// Counts the memory of an unfinished message that is more than small. False when the server holds
// too much.
static bool charge(struct kdb_ws *ws)
{
    size_t capacity = ws->reader.message.capacity;
    size_t wanted = capacity > free_bytes ? capacity - free_bytes : 0;
    if (wanted == ws->charged_bytes)
        return true;
    atomic_size_t *total = &ws->env->totals->body_bytes;
    // Unsigned arithmetic: adding a difference below zero takes away.
    size_t before =
        atomic_fetch_add_explicit(total, wanted - ws->charged_bytes, memory_order_relaxed);
    size_t after = before + (wanted - ws->charged_bytes);
    bool is_more = wanted > ws->charged_bytes;
    ws->charged_bytes = wanted;
    return !is_more || after <= ws->env->limits->body_bytes_total_max;
}

static bool can_read(const struct kdb_ws *ws)
{
    return ws->state != NET_WS_DRAINING && !ws->is_paused && ws->pong_bytes < pong_bytes_max;
}

// Reads as far as possible; returns how much of the input is used up.
static size_t work(struct kdb_ws *ws, char *data, size_t len)
{
    size_t at = 0;
    while (at < len && can_read(ws)) {
        size_t used;
        struct kdb_ws_item item;
        enum kdb_ws_event event =
            kdb_ws_reader_next(&ws->reader, data + at, len - at, &used, &item);
        at += used;
        take_event(ws, event, &item);
    }
    if (ws->state != NET_WS_DRAINING && !charge(ws))
        refuse(ws, KDB_WS_TRY_LATER, "The server has too much to do at the moment");
    if (ws->state != NET_WS_DRAINING)
        return at;
    release_input(ws);
    return len;
}

void net_ws_feed(struct kdb_ws *ws, char *data, size_t len)
{
    ws->heard_ms = ws->env->now_ms;
    size_t used = ws->held.len > 0 ? 0 : work(ws, data, len);
    if (used < len && ws->state != NET_WS_DRAINING)
        kdb_buf_append(&ws->held, data + used, len - used);
}

void net_ws_feed_eof(struct kdb_ws *ws)
{
    if (ws->state == NET_WS_OPEN)
        ws->close_code = KDB_WS_ABNORMAL;
    begin_draining(ws);
}

static void work_held(struct kdb_ws *ws)
{
    struct kdb_buf held = ws->held; // draining frees what waits, and this is read from
    ws->held = (struct kdb_buf){0};
    size_t at = ws->held_at;
    ws->held_at = 0;
    at += work(ws, held.data + at, held.len - at);
    if (at < held.len && ws->state != NET_WS_DRAINING) {
        ws->held = held;
        ws->held_at = at;
    } else {
        kdb_buf_deinit(&held);
    }
}

void net_ws_advance(struct kdb_ws *ws)
{
    if (ws->held.len > 0 && can_read(ws))
        work_held(ws);
    if (ws->state != NET_WS_OPEN)
        tell_own(ws);
}

bool net_ws_wants_input(const struct kdb_ws *ws)
{
    return ws->state == NET_WS_DRAINING || (can_read(ws) && ws->held.len == 0);
}

void kdb_ws_pause(struct kdb_ws *ws)
{
    ws->is_paused = ws->state == NET_WS_OPEN;
}

void kdb_ws_resume(struct kdb_ws *ws)
{
    if (!ws->is_paused)
        return;
    set_clock(ws->env);
    ws->is_paused = false;
    ws->heard_ms = ws->env->now_ms;
    ws->wake(ws->wake_arg);
}

// ---- Time.

void kdb_ws_set_timer(struct kdb_ws *ws, int64_t at_ms)
{
    ws->timer_ms = at_ms;
    ws->wake(ws->wake_arg);
}

void net_ws_fire_timer(struct kdb_ws *ws)
{
    if (ws->state != NET_WS_OPEN || ws->timer_ms == 0 || ws->timer_ms > ws->env->now_ms)
        return;
    ws->timer_ms = 0;
    ws->handler->on_timer(ws->self, ws);
}

int64_t net_ws_deadline_ms(const struct kdb_ws *ws)
{
    const struct kdb_http_limits *limits = ws->env->limits;
    switch (ws->state) {
    case NET_WS_OPEN:
        return limits->websocket.idle_timeout_ms == 0 || ws->is_paused
                   ? 0
                   : ws->heard_ms + limits->websocket.idle_timeout_ms;
    case NET_WS_CLOSING:
        return ws->since_ms + limits->websocket.close_timeout_ms;
    case NET_WS_DRAINING:
        return ws->queue.bytes > 0 ? 0 : ws->since_ms + limits->linger_ms;
    }
    KDB_UNREACHABLE();
}

bool net_ws_expire(struct kdb_ws *ws)
{
    static const char reason[] = "Heartbeat timeout";
    if (ws->state != NET_WS_OPEN)
        return true;
    begin_close(ws, KDB_WS_NORMAL, kdb_slice_cstr(reason), reason);
    return false;
}
