// SPDX-License-Identifier: Apache-2.0
// A TCP connection: libuv below, TLS perhaps between, HTTP/1.1 above, and a WebSocket once it took
// over.
//
// Reading goes through the loop's one buffer. Writing tries at once; only what the system does not
// take at once waits, in memory that stays where it is until libuv is done with it. After the last
// answer the sending side is ended and input is thrown away until the peer ends its own: closing at
// once could destroy the answer on its way.
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "net/guard.h"
#include "net/hub_priv.h"
#include "net/ws_priv.h"

enum {
    pieces_max = 16,
    magic_connection = 0x6B636E78,
};

// Whose the bytes of a write are until the system has taken them.
enum write_owner { OWNED_BY_HTTP, OWNED_BY_WEBSOCKET, OWNED_BY_WRITE };

// A write the system did not take at once.
struct pending_write {
    uv_write_t uv;
    enum write_owner owner;
    size_t len;          // bytes in it
    struct kdb_buf wire; // encrypted bytes, OWNED_BY_WRITE
    int64_t progress_ms; // when the peer last took something
    size_t left;         // bytes still queued then
};

struct net_connection {
    uint32_t magic; // magic_connection, checked when it comes back through a pointer
    uv_tcp_t tcp;
    struct kdb_http1 http;
    struct net_hub *hub;
    struct net_tls_session *tls; // NULL: plain
    struct net_connection *next; // of the hub
    struct net_connection *previous;
    struct net_line_link flushing; // in hub->dirty or hub->speaking
    struct net_line_link draining; // in hub->drained
    struct net_wheel_entry deadline;
    struct pending_write *pending; // NULL: nothing waits for the system
    int64_t opened_ms;
    bool is_reading; // libuv reads
    bool is_ended;   // nothing more is written
    bool is_shut;    // the peer was told so
    bool is_closing; // uv_close was called
    bool is_counted; // by the guard
};

static void update(struct net_connection *connection);

static struct net_connection *connection_of(const void *data)
{
    struct net_connection *connection = (struct net_connection *)(uintptr_t)data;
    KDB_ASSERT(connection->magic == magic_connection);
    return connection;
}

struct net_connection *net_connection_next(const struct net_connection *connection)
{
    return connection->next;
}

// NULL while it is HTTP that speaks.
static struct kdb_ws *websocket(const struct net_connection *connection)
{
    return connection->http.phase == KDB_HTTP1_UPGRADED ? connection->http.ws : NULL;
}

static void on_wake(void *arg)
{
    struct net_connection *connection = connection_of(arg);
    struct net_hub *hub = connection->hub;
    if (connection->is_closing)
        return;
    if (websocket(connection))
        net_hub_let_speak(hub, &connection->flushing);
    else
        net_line_join(&hub->dirty, &connection->flushing);
}

struct net_connection *net_connection_take(struct net_line *line)
{
    struct net_line_link *first = net_line_take(line);
    return first ? NET_LINE_OF(first, struct net_connection, flushing) : NULL;
}

struct net_connection *net_connection_take_drained(struct net_line *line)
{
    struct net_line_link *first = net_line_take(line);
    return first ? NET_LINE_OF(first, struct net_connection, draining) : NULL;
}

// The queue has room again: the layer above sends on in the next turn.
static void add_drained(struct net_connection *connection)
{
    net_line_join(&connection->hub->drained, &connection->draining);
    net_hub_await_next_turn(connection->hub);
}

// ---- HTTP, or the WebSocket that took over.

// What came in behind the handshake, before the WebSocket was there.
static void feed_held(struct net_connection *connection, struct kdb_ws *ws)
{
    if (connection->http.held.len == 0)
        return;
    struct kdb_buf held = kdb_http1_take_held(&connection->http);
    net_ws_feed(ws, held.data, held.len);
    kdb_buf_deinit(&held);
}

static void feed(struct net_connection *connection, char *data, size_t len)
{
    struct kdb_ws *ws = websocket(connection);
    if (!ws) {
        kdb_http1_feed(&connection->http, data, len);
        return;
    }
    feed_held(connection, ws);
    net_ws_feed(ws, data, len);
}

static void feed_eof(struct net_connection *connection)
{
    struct kdb_ws *ws = websocket(connection);
    kdb_http1_feed_eof(&connection->http);
    if (ws)
        net_ws_feed_eof(ws);
}

static void advance(struct net_connection *connection)
{
    kdb_http1_advance(&connection->http);
    struct kdb_ws *ws = websocket(connection);
    if (!ws)
        return;
    feed_held(connection, ws);
    if (connection->http.has_eof && !net_ws_is_draining(ws))
        net_ws_feed_eof(ws);
    if (connection->hub->env.is_stopping)
        net_ws_stop(ws);
    net_ws_advance(ws);
}

static bool has_output(const struct net_connection *connection)
{
    const struct kdb_ws *ws = websocket(connection);
    return kdb_http1_output_bytes(&connection->http) > 0 || (ws && ws->queue.bytes > 0);
}

static bool is_draining(const struct net_connection *connection)
{
    const struct kdb_ws *ws = websocket(connection);
    return ws ? net_ws_is_draining(ws) : kdb_http1_is_draining(&connection->http);
}

static bool wants_input(const struct net_connection *connection)
{
    const struct kdb_ws *ws = websocket(connection);
    return ws ? net_ws_wants_input(ws) : kdb_http1_wants_input(&connection->http);
}

static void frames_sent(struct net_connection *connection, struct kdb_ws *ws, size_t len)
{
    if (net_ws_sent(ws, len))
        add_drained(connection);
}

// ---- The end.

// What both keep, once the system has given back what points into it.
static void free_protocols(struct net_connection *connection)
{
    kdb_http1_deinit(&connection->http);
    if (connection->http.ws)
        net_ws_destroy(connection->http.ws);
    connection->http.ws = NULL;
}

static void on_closed(uv_handle_t *handle)
{
    struct net_connection *connection = connection_of(handle->data);
    struct net_hub *hub = connection->hub;
    connection->magic = 0;
    kdb_free(connection);
    atomic_fetch_sub_explicit(&hub->count, 1, memory_order_relaxed);
    hub->changed(hub->arg);
}

void net_connection_close(struct net_connection *connection)
{
    if (connection->is_closing)
        return;
    connection->is_closing = true;
    struct net_hub *hub = connection->hub;
    *(connection->previous ? &connection->previous->next : &hub->connections) = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    net_wheel_remove(&hub->wheel, &connection->deadline);
    if (connection->is_counted)
        kdb_guard_disconnect(hub->env.guard, &connection->http.peer);
    net_line_leave(&connection->flushing);
    net_line_leave(&connection->draining);
    if (connection->http.ws)
        net_ws_detach(connection->http.ws);
    // A pending write still points into the output: it goes when libuv has given the write back.
    if (!connection->pending)
        free_protocols(connection);
    net_tls_session_close(connection->tls);
    connection->tls = NULL;
    uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

static void free_pending(struct net_connection *connection)
{
    kdb_buf_deinit(&connection->pending->wire);
    kdb_free(connection->pending);
    connection->pending = NULL;
}

static void on_written(uv_write_t *request, int error)
{
    struct net_connection *connection = connection_of(request->data);
    enum write_owner owner = connection->pending->owner;
    // What was encrypted was counted then; now only time goes on.
    size_t len = owner == OWNED_BY_WRITE ? 0 : connection->pending->len;
    free_pending(connection);
    if (connection->is_closing) {
        free_protocols(connection);
        return;
    }
    connection->hub->env.now_ms = kdb_loop_now_ms(connection->hub->loop);
    if (error != 0) {
        net_connection_close(connection);
        return;
    }
    struct kdb_ws *ws = websocket(connection);
    if (owner == OWNED_BY_HTTP || !ws)
        kdb_http1_sent(&connection->http, len);
    else
        frames_sent(connection, ws, len);
    update(connection);
}

// Leaves a write to libuv. The bytes stay in the output of their owner; those of OWNED_BY_WRITE are
// the TLS output, which is taken.
static bool write_later(struct net_connection *connection, const uv_buf_t *bufs, unsigned count,
                        enum write_owner owner)
{
    struct pending_write *pending = kdb_alloc(sizeof(*pending));
    size_t total = 0;
    for (unsigned i = 0; i < count; i++)
        total += bufs[i].len;
    if (owner == OWNED_BY_WRITE) {
        struct kdb_buf *wire = net_tls_output(connection->tls);
        pending->wire = *wire;
        *wire = (struct kdb_buf){0};
    }
    pending->owner = owner;
    pending->len = pending->left = total;
    pending->progress_ms = connection->hub->env.now_ms;
    pending->uv.data = connection;
    connection->pending = pending;
    if (uv_write(&pending->uv, (uv_stream_t *)&connection->tcp, bufs, count, on_written) == 0)
        return true;
    free_pending(connection);
    return false;
}

// Drops the first `len` bytes of a list of buffers.
static void skip_written(uv_buf_t **bufs, unsigned *count, size_t len)
{
    while (*count > 0 && len >= (*bufs)[0].len) {
        len -= (*bufs)[0].len;
        (*bufs)++;
        (*count)--;
    }
    if (*count > 0) {
        (*bufs)[0].base += len;
        (*bufs)[0].len -= len;
    }
}

// Writes what the system takes now; returns how much, or a libuv error.
static int64_t write_now(struct net_connection *connection, const uv_buf_t *bufs, unsigned count)
{
    int written = uv_try_write((uv_stream_t *)&connection->tcp, bufs, count);
    return written == UV_EAGAIN ? 0 : written;
}

static unsigned to_bufs(const kdb_slice *pieces, size_t count, uv_buf_t *bufs, size_t *ret_total)
{
    *ret_total = 0;
    for (size_t i = 0; i < count; i++) {
        bufs[i].base = (char *)(uintptr_t)pieces[i].data;
        bufs[i].len = pieces[i].len;
        *ret_total += pieces[i].len;
    }
    return (unsigned)count;
}

// Frames that were gathered do not outlive the call; what the system does not take of the first
// record waits where it is, and when it is gone there is room for more.
static bool send_frames(struct net_connection *connection, struct kdb_ws *ws)
{
    kdb_slice pieces[pieces_max];
    uv_buf_t bufs[pieces_max];
    char *scratch = net_loop_write_buffer(connection->hub->loop);
    size_t total;
    unsigned count = to_bufs(
        pieces, net_ws_queue_gather(&ws->queue, scratch, NET_READ_BYTES, pieces, pieces_max), bufs,
        &total);
    int64_t written = write_now(connection, bufs, count);
    if (written < 0)
        return false;
    frames_sent(connection, ws, (size_t)written);
    if ((size_t)written == total)
        return true;
    count = to_bufs(pieces, net_ws_queue_first(&ws->queue, pieces), bufs, &total);
    return write_later(connection, bufs, count, OWNED_BY_WEBSOCKET);
}

static bool send_plain(struct net_connection *connection)
{
    struct kdb_http1 *http = &connection->http;
    kdb_slice pieces[pieces_max];
    uv_buf_t all[pieces_max];
    size_t total;
    unsigned count = to_bufs(pieces, kdb_http1_output(http, pieces, pieces_max), all, &total);
    int64_t written = write_now(connection, all, count);
    if (written < 0)
        return false;
    kdb_http1_sent(http, (size_t)written);
    if ((size_t)written == total)
        return true;
    // What is left does not move until it is reported as sent, too.
    uv_buf_t *rest = all;
    skip_written(&rest, &count, (size_t)written);
    return write_later(connection, rest, count, OWNED_BY_HTTP);
}

static bool send_wire(struct net_connection *connection)
{
    struct kdb_buf *wire = net_tls_output(connection->tls);
    uv_buf_t buf = {.base = wire->data, .len = wire->len};
    int64_t written = write_now(connection, &buf, 1);
    if (written < 0)
        return false;
    if ((size_t)written == wire->len) {
        kdb_buf_deinit(wire); // an idle connection keeps no memory for it
        return true;
    }
    buf.base += written;
    buf.len -= (size_t)written;
    return write_later(connection, &buf, 1, OWNED_BY_WRITE);
}

// Encrypts some of the frames: a slow reader keeps no more than that encrypted.
static bool encrypt_frames(struct net_connection *connection, struct kdb_ws *ws)
{
    kdb_slice pieces[pieces_max];
    char *scratch = net_loop_write_buffer(connection->hub->loop);
    size_t count = net_ws_queue_gather(&ws->queue, scratch, NET_READ_BYTES, pieces, pieces_max);
    size_t room = NET_READ_BYTES;
    for (size_t i = 0; i < count && room > 0; i++) {
        kdb_slice piece = pieces[i];
        if (piece.len > room)
            piece.len = room;
        if (!net_tls_write(connection->tls, piece))
            return false;
        room -= piece.len;
        frames_sent(connection, ws, piece.len);
    }
    return true;
}

// Encrypts some of the output and sends it: not all at once, because encrypting is copying.
static bool send_encrypted(struct net_connection *connection)
{
    enum { encrypted_at_once = 256 * 1024 };
    struct kdb_ws *ws = websocket(connection);
    struct kdb_http1 *http = &connection->http;
    struct kdb_buf *wire = net_tls_output(connection->tls);
    while (net_tls_is_ready(connection->tls) && wire->len < encrypted_at_once) {
        kdb_slice piece;
        if (kdb_http1_output(http, &piece, 1) == 0)
            break;
        if (piece.len > encrypted_at_once)
            piece.len = encrypted_at_once;
        if (!net_tls_write(connection->tls, piece))
            return false;
        kdb_http1_sent(http, piece.len);
    }
    if (ws && wire->len == 0 && !encrypt_frames(connection, ws))
        return false;
    return wire->len == 0 || send_wire(connection);
}

// Whether something is to be sent and can be.
static bool can_send(struct net_connection *connection)
{
    if (connection->pending)
        return false;
    if (!connection->tls)
        return has_output(connection);
    return net_tls_output(connection->tls)->len > 0 ||
           (net_tls_is_ready(connection->tls) && has_output(connection));
}

static bool send_some(struct net_connection *connection)
{
    if (connection->tls)
        return send_encrypted(connection);
    if (kdb_http1_output_bytes(&connection->http) > 0)
        return send_plain(connection);
    return send_frames(connection, websocket(connection));
}

// Sends and goes on with held input until nothing moves. False when the connection is broken.
static bool send_all(struct net_connection *connection)
{
    advance(connection);
    while (can_send(connection)) {
        if (!send_some(connection))
            return false;
        advance(connection);
    }
    return true;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
    (void)suggested;
    struct net_connection *connection = connection_of(handle->data);
    ret_buf->base = net_loop_read_buffer(connection->hub->loop);
    ret_buf->len = NET_READ_BYTES;
}

// Feeds what can be decrypted. False when the connection must be closed.
static bool feed_encrypted(struct net_connection *connection, const char *data, size_t len)
{
    char *plain = net_loop_plain_buffer(connection->hub->loop);
    net_tls_input(connection->tls, data, len);
    while (true) {
        size_t plain_len = 0;
        switch (net_tls_read(connection->tls, plain, NET_READ_BYTES, &plain_len)) {
        case NET_TLS_DATA:
            feed(connection, plain, plain_len);
            break;
        case NET_TLS_MORE:
            return true;
        case NET_TLS_END:
            feed_eof(connection);
            return true;
        case NET_TLS_FAIL:
            // It says why; whether it arrives does not matter.
            if (!connection->pending && net_tls_output(connection->tls)->len > 0)
                (void)send_wire(connection);
            return false;
        }
    }
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct net_connection *connection = connection_of(stream->data);
    if (len == 0)
        return;
    connection->hub->env.now_ms = kdb_loop_now_ms(connection->hub->loop);
    bool is_good = true;
    if (len == UV_EOF)
        feed_eof(connection);
    else if (len < 0)
        is_good = false;
    else if (connection->tls)
        is_good = feed_encrypted(connection, buf->base, (size_t)len);
    else
        feed(connection, buf->base, (size_t)len);
    if (is_good)
        update(connection);
    else
        net_connection_close(connection);
}

// Reads only while there is room for what is read.
static bool update_reading(struct net_connection *connection)
{
    bool must_read = wants_input(connection) && !connection->http.has_eof;
    if (must_read == connection->is_reading)
        return true;
    connection->is_reading = must_read;
    uv_stream_t *stream = (uv_stream_t *)&connection->tcp;
    if (must_read)
        return uv_read_start(stream, on_alloc, on_read) == 0;
    (void)uv_read_stop(stream);
    return true;
}

static bool is_shaking_hands(const struct net_connection *connection)
{
    return connection->tls && !net_tls_is_ready(connection->tls);
}

// When this connection must be looked at, 0: never.
static int64_t deadline_ms(const struct net_connection *connection)
{
    const struct kdb_http_limits *limits = connection->hub->env.limits;
    const struct kdb_ws *ws = websocket(connection);
    if (is_shaking_hands(connection))
        return connection->opened_ms + limits->header_timeout_ms;
    if (connection->pending) {
        bool is_patient = ws && limits->websocket.idle_timeout_ms > 0;
        return connection->pending->progress_ms +
               (is_patient ? limits->websocket.idle_timeout_ms : limits->write_timeout_ms);
    }
    return ws ? net_ws_deadline_ms(ws) : kdb_http1_deadline_ms(&connection->http);
}

// The same, or earlier when the layer above has set a timer.
static int64_t next_look_ms(const struct net_connection *connection)
{
    const struct kdb_ws *ws = websocket(connection);
    int64_t due_ms = deadline_ms(connection);
    bool is_timer = ws && ws->state == NET_WS_OPEN && ws->timer_ms != 0 &&
                    (due_ms == 0 || ws->timer_ms < due_ms);
    return is_timer ? ws->timer_ms : due_ms;
}

// Being early costs one look; only what is earlier than the look that is planned must be moved.
static void update_deadline(struct net_connection *connection)
{
    int64_t due_ms = next_look_ms(connection);
    if (due_ms == 0 || (connection->deadline.next && connection->deadline.due_ms <= due_ms))
        return;
    net_hub_schedule(connection->hub, &connection->deadline, due_ms);
}

// The last answer is out: ends our side, or the connection when the peer has ended its own.
static void end(struct net_connection *connection)
{
    if (connection->http.has_eof) {
        net_connection_close(connection);
        return;
    }
    if (connection->tls && !connection->is_ended) {
        net_tls_end(connection->tls);
        if (net_tls_output(connection->tls)->len > 0 && !send_wire(connection)) {
            net_connection_close(connection);
            return;
        }
    }
    connection->is_ended = true;
    uv_os_fd_t fd;
    if (connection->pending || connection->is_shut ||
        uv_fileno((const uv_handle_t *)&connection->tcp, &fd) != 0)
        return;
    connection->is_shut = true;
    (void)shutdown(fd, SHUT_WR);
}

// After anything happened: sends, ends or goes on reading, and plans when to look again.
static void update(struct net_connection *connection)
{
    if (!send_all(connection)) {
        net_connection_close(connection);
        return;
    }
    if (is_draining(connection) && !connection->pending && !has_output(connection))
        end(connection);
    if (connection->is_closing)
        return;
    if (!update_reading(connection)) {
        net_connection_close(connection);
        return;
    }
    update_deadline(connection);
}

void net_connection_flush(struct net_connection *connection)
{
    update(connection);
}

void net_connection_send_on(struct net_connection *connection)
{
    net_ws_drained(connection->http.ws);
    update(connection);
}

void net_connection_drain(struct net_connection *connection)
{
    if (connection->is_closing)
        return;
    if (!websocket(connection)) // it hears of it when it goes on
        kdb_http1_stop(&connection->http);
    bool has_nothing_to_say =
        is_draining(connection) && !connection->pending && !has_output(connection);
    if (has_nothing_to_say && !connection->is_ended)
        net_connection_close(connection);
    else
        update(connection);
}

// Whether the peer took something of a pending write since the last look.
static bool has_progress(struct net_connection *connection)
{
    struct pending_write *pending = connection->pending;
    size_t left = uv_stream_get_write_queue_size((const uv_stream_t *)&connection->tcp);
    if (left >= pending->left)
        return false;
    pending->left = left;
    pending->progress_ms = connection->hub->env.now_ms;
    return true;
}

// The deadline has passed: whether nothing can be said or awaited any more.
static bool is_over(struct net_connection *connection)
{
    if (is_shaking_hands(connection))
        return true;
    if (connection->pending)
        return !has_progress(connection);
    struct kdb_ws *ws = websocket(connection);
    return ws ? net_ws_expire(ws) : kdb_http1_expire(&connection->http);
}

void net_connection_expire(struct net_wheel_entry *entry)
{
    struct net_connection *connection =
        connection_of((char *)entry - offsetof(struct net_connection, deadline));
    struct kdb_ws *ws = websocket(connection);
    if (ws)
        net_ws_fire_timer(ws);
    int64_t due_ms = deadline_ms(connection);
    if (due_ms != 0 && due_ms <= connection->hub->env.now_ms && is_over(connection))
        net_connection_close(connection);
    else
        update(connection);
}

// Gives the socket to libuv. On failure the caller closes it.
static bool attach(struct net_connection *connection, int fd)
{
    uv_loop_t *uv = net_loop_uv(connection->hub->loop);
    KDB_ASSERT(uv_tcp_init(uv, &connection->tcp) == 0);
    connection->tcp.data = connection;
    return uv_tcp_open(&connection->tcp, fd) == 0;
}

void net_connection_open(struct net_hub *hub, int fd, uint64_t serial,
                         const struct kdb_address *peer, enum net_admission admission)
{
    struct net_connection *connection = kdb_alloc(sizeof(*connection));
    hub->env.now_ms = kdb_loop_now_ms(hub->loop);
    connection->magic = magic_connection;
    connection->hub = hub;
    connection->opened_ms = hub->env.now_ms;
    connection->next = hub->connections;
    if (connection->next)
        connection->next->previous = connection;
    hub->connections = connection;
    kdb_http1_init(&connection->http, &hub->env, serial, peer, on_wake, connection);
    if (!attach(connection, fd)) {
        (void)close(fd);
        net_connection_close(connection);
        return;
    }
    (void)uv_tcp_nodelay(&connection->tcp, 1);
    if (hub->tls)
        connection->tls = net_tls_session_open(hub->tls);
    if (hub->env.is_stopping) {
        net_connection_close(connection);
        return;
    }
    bool is_guarded = hub->env.guard && admission == NET_ADMIT;
    if (is_guarded && kdb_guard_connect(hub->env.guard, peer, hub->env.now_ms,
                                        &connection->is_counted) != KDB_GUARD_PASS)
        kdb_http1_refuse(&connection->http, KDB_HTTP1_TOO_MANY_CONNECTIONS);
    else if (admission == NET_REFUSE_OVERLOADED)
        kdb_http1_refuse(&connection->http, KDB_HTTP1_OVERLOADED);
    update(connection);
}
