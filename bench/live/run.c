// SPDX-License-Identifier: Apache-2.0
// One epoll: sockets of subscribers, which are counted, and of writers, which are answered.
#include "live/run.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "live/message.h"
#include "load/response.h"
#include "load/template.h"

#define EVENTS_MAX    256
#define READ_BYTES    ((size_t)256 * 1024)
#define HEAD_BYTES    8192
#define NS_PER_SECOND 1000000000.0
#define AWAKE_NS      200000 // see wait_for_events

enum { op_text = 1, op_ping = 9, op_pong = 10 };

struct subscription {
    int64_t last_seq;
    int64_t asked_ns;
    uint64_t initial_rows;
    uint32_t runs; // times that it was ready
    bool is_ready;
};

struct socket {
    int fd;
    bool is_writer;
    bool is_ponged;
    bool is_busy;          // writer: a statement is on its way
    uint32_t number;       // of its kind
    uint32_t next;         // subscription it asks for next
    struct kdb_buf in;     // an unfinished frame or answer
    struct response reply; // writer: what of it is there
    uint64_t statement;    // writer: on its way
};

struct statement {
    int64_t sent_ns;
    int64_t known_ns;   // answered; 0: not yet
    int64_t arrived_ns; // its last row; 0: not yet
    uint64_t left;      // rows that have not arrived
};

struct live_run {
    const struct live_options *options;
    struct kdb_ctx *ctx;
    int epoll;
    struct socket *sockets; // subscribers, then writers
    struct subscription *subscriptions;
    struct statement *statements;
    struct template body;
    struct template_source source;
    struct template_numbers numbers;
    struct kdb_buf text;
    struct kdb_buf out;
    char *read_buffer;
    uint32_t ready; // subscriptions
    uint32_t ponged;
    uint64_t sent, finished; // statements
    int64_t now_ns;          // of the bytes that are looked at
    struct live_result result;
};

static double cpu_seconds(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// ---- connecting ----

static kdb_status connect_socket(struct live_run *run, struct socket *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(run->options->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (peer->fd < 0)
        return kdb_fail(run->ctx, KDB_ERR_IO, "no socket: %s", strerror(errno));
    if (connect(peer->fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        return kdb_fail(run->ctx, KDB_ERR_IO, "cannot connect to port %u: %s", run->options->port,
                        strerror(errno));
    const int on = 1;
    (void)setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};
    if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, peer->fd, &event) != 0)
        return kdb_fail(run->ctx, KDB_ERR_IO, "epoll: %s", strerror(errno));
    return KDB_OK;
}

// Sends all of it: what is sent here is small against a socket's buffer.
static kdb_status send_out(struct live_run *run, const struct socket *peer)
{
    kdb_slice rest = kdb_buf_view(&run->out);
    while (rest.len > 0) {
        ssize_t sent = send(peer->fd, rest.data, rest.len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return kdb_fail(run->ctx, KDB_ERR_IO, "cannot send: %s", strerror(errno));
        rest = kdb_slice_skip(rest, sent > 0 ? (size_t)sent : 0);
    }
    return KDB_OK;
}

static kdb_status upgrade(struct live_run *run, struct socket *peer)
{
    kdb_buf_clear(&run->out);
    KDB_BUF_LIT(&run->out,
                "GET /v1/ws?compress=false HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer ");
    kdb_buf_slice(&run->out, run->options->reader_token);
    KDB_BUF_LIT(&run->out, "\r\n\r\n");
    KDB_TRY(send_out(run, peer));
    char head[HEAD_BYTES];
    size_t len = 0;
    const char *end = NULL;
    while (!end) {
        ssize_t got = len < sizeof(head) ? recv(peer->fd, head + len, sizeof(head) - len, 0) : 0;
        if (got <= 0)
            return kdb_fail(run->ctx, KDB_ERR_IO, "the server ended WebSocket %u", peer->number);
        len += (size_t)got;
        end = memmem(head, len, "\r\n\r\n", 4);
    }
    if (!kdb_slice_has_prefix(kdb_slice_of(head, len), KDB_LIT("HTTP/1.1 101 ")))
        return kdb_fail(run->ctx, KDB_ERR_IO, "WebSocket %u was refused: %.*s", peer->number,
                        (int)len, head);
    end += 4;
    if (end < head + len)
        kdb_buf_append(&peer->in, end, (size_t)(head + len - end));
    return KDB_OK;
}

// ---- out ----

// A frame of a client: masked, with a mask that changes nothing.
static kdb_status send_frame(struct live_run *run, const struct socket *peer, unsigned opcode,
                             kdb_slice payload)
{
    struct kdb_buf *out = &run->out;
    kdb_buf_clear(out);
    kdb_buf_put(out, (char)(0x80U | opcode));
    if (payload.len < 126) {
        kdb_buf_put(out, (char)(0x80U | payload.len));
    } else {
        kdb_buf_put(out, (char)(0x80U | 126U));
        kdb_buf_put(out, (char)(payload.len >> 8));
        kdb_buf_put(out, (char)payload.len);
    }
    kdb_buf_append(out, "\0\0\0\0", 4);
    kdb_buf_slice(out, payload);
    return send_out(run, peer);
}

static kdb_status subscribe(struct live_run *run, const struct socket *peer, uint32_t number)
{
    const struct live_options *options = run->options;
    struct subscription *subscription = &run->subscriptions[number];
    struct kdb_buf *text = &run->text;
    kdb_buf_clear(text);
    kdb_buf_printf(text, "{\"type\":\"subscribe\",\"subscription\":{\"id\":\"s%u\",\"sql\":\"",
                   number);
    kdb_slice query = kdb_slice_cstr(options->query);
    size_t place = kdb_slice_find(query, KDB_LIT("%u"), 0);
    if (place < query.len) {
        kdb_buf_slice(text, kdb_slice_of(query.data, place));
        kdb_buf_u64(text, number);
        query = kdb_slice_skip(query, place + 2);
    }
    kdb_buf_slice(text, query);
    kdb_buf_put(text, '"');
    if (options->options)
        kdb_buf_printf(text, ",\"options\":%s", options->options);
    KDB_BUF_LIT(text, "}}");
    subscription->asked_ns = kdb_monotonic_ns();
    subscription->initial_rows = 0;
    subscription->last_seq = 0;
    return send_frame(run, peer, op_text, kdb_buf_view(text));
}

static kdb_status unsubscribe(struct live_run *run, const struct socket *peer, uint32_t number)
{
    kdb_buf_clear(&run->text);
    kdb_buf_printf(&run->text, "{\"type\":\"unsubscribe\",\"subscription_id\":\"s%u\"}", number);
    return send_frame(run, peer, op_text, kdb_buf_view(&run->text));
}

static kdb_status send_statement(struct live_run *run, struct socket *writer)
{
    kdb_buf_clear(&run->text);
    run->numbers.count = 0;
    template_render(&run->body, &run->source, &run->numbers, &run->text);
    struct kdb_buf *out = &run->out;
    kdb_buf_clear(out);
    KDB_BUF_LIT(out, "POST /v1/api/sql HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                     "Content-Type: application/json\r\nAuthorization: Bearer ");
    kdb_buf_slice(out, run->options->writer_token);
    kdb_buf_printf(out, "\r\nContent-Length: %zu\r\n\r\n", run->text.len);
    kdb_buf_slice(out, kdb_buf_view(&run->text));
    writer->is_busy = true;
    writer->statement = run->sent++;
    writer->reply = (struct response){0};
    kdb_buf_clear(&writer->in);
    run->statements[writer->statement].sent_ns = kdb_monotonic_ns();
    return send_out(run, writer);
}

// ---- what arrives ----

static void finish_statement(struct live_run *run, const struct statement *statement)
{
    if (statement->known_ns == 0 || statement->left > 0)
        return;
    run->finished++;
    int64_t known = statement->arrived_ns - statement->known_ns;
    histogram_add(&run->result.since_sent, (uint64_t)(statement->arrived_ns - statement->sent_ns));
    histogram_add(&run->result.since_known, known > 0 ? (uint64_t)known : 0);
}

static kdb_status take_changed_row(struct live_run *run, uint64_t number, int64_t id)
{
    const struct live_options *options = run->options;
    uint64_t which = (uint64_t)(id - options->first) / options->rows;
    if (id < options->first || which >= run->sent || run->statements[which].left == 0)
        return kdb_fail(run->ctx, KDB_ERR_INTERNAL, "subscription %llu got row %lld out of nothing",
                        (unsigned long long)number, (long long)id);
    struct statement *statement = &run->statements[which];
    run->result.rows++;
    if (--statement->left == 0) {
        statement->arrived_ns = run->now_ns;
        finish_statement(run, statement);
    }
    return KDB_OK;
}

static kdb_status take_rows(struct live_run *run, const struct message_head *head)
{
    struct subscription *subscription = &run->subscriptions[head->subscription];
    kdb_slice rows = head->rows;
    int64_t id;
    int64_t seq;
    while (message_next_row(&rows, &id, &seq)) {
        if (seq <= subscription->last_seq)
            return kdb_fail(run->ctx, KDB_ERR_INTERNAL,
                            "subscription %llu got _seq %lld after %lld",
                            (unsigned long long)head->subscription, (long long)seq,
                            (long long)subscription->last_seq);
        subscription->last_seq = seq;
        if (head->kind == MESSAGE_CHANGE && subscription->is_ready)
            KDB_TRY(take_changed_row(run, head->subscription, id));
        else
            subscription->initial_rows++;
    }
    run->result.messages += head->kind == MESSAGE_CHANGE;
    return KDB_OK;
}

// The next of a connection's subscriptions, or this one again.
static kdb_status become_ready(struct live_run *run, struct socket *peer, uint64_t number)
{
    const struct live_options *options = run->options;
    struct subscription *subscription = &run->subscriptions[number];
    if (subscription->initial_rows != options->initial_rows)
        return kdb_fail(run->ctx, KDB_ERR_INTERNAL,
                        "subscription %llu is ready after %llu rows instead of %llu",
                        (unsigned long long)number, (unsigned long long)subscription->initial_rows,
                        (unsigned long long)options->initial_rows);
    histogram_add(&run->result.subscribed, (uint64_t)(run->now_ns - subscription->asked_ns));
    if (++subscription->runs < options->subscribe_runs) {
        KDB_TRY(unsubscribe(run, peer, (uint32_t)number));
        return subscribe(run, peer, (uint32_t)number);
    }
    subscription->is_ready = true;
    run->ready++;
    peer->next += options->connections;
    return peer->next < options->subscriptions ? subscribe(run, peer, peer->next) : KDB_OK;
}

static kdb_status take_message(struct live_run *run, struct socket *peer, kdb_slice json)
{
    struct message_head head;
    if (kdb_slice_has_prefix(json, KDB_LIT("{\"type\":\"auth_success\"")))
        return KDB_OK;
    if (!message_head_read(json, &head) || head.kind == MESSAGE_OTHER ||
        head.subscription >= run->options->subscriptions)
        return kdb_fail(run->ctx, KDB_ERR_INTERNAL, "the server said %.*s",
                        (int)(json.len < 400 ? json.len : 400), json.data);
    if (head.kind != MESSAGE_ACK)
        KDB_TRY(take_rows(run, &head));
    // The acknowledgement says what the first batch will say, and is the last word without one.
    bool is_last = head.kind == MESSAGE_BATCH || !run->options->options;
    return head.is_ready && is_last ? become_ready(run, peer, head.subscription) : KDB_OK;
}

static kdb_status take_frames(struct live_run *run, struct socket *peer, kdb_slice bytes)
{
    struct message_frame frame;
    while (message_frame_read(bytes, &frame)) {
        bytes = kdb_slice_skip(bytes, frame.size);
        if (frame.opcode == op_text)
            KDB_TRY(take_message(run, peer, frame.payload));
        else if (frame.opcode == op_pong && !peer->is_ponged)
            run->ponged += peer->is_ponged = true;
        else
            return kdb_fail(run->ctx, KDB_ERR_INTERNAL, "WebSocket %u got a frame of opcode %u",
                            peer->number, frame.opcode);
    }
    // What is left moves to the front; it may lie in `in` already.
    struct kdb_buf rest = {0};
    kdb_buf_slice(&rest, bytes);
    kdb_buf_deinit(&peer->in);
    peer->in = rest;
    return KDB_OK;
}

// Lets a writer send its next statement, unless it waits or nothing is left.
static kdb_status may_send(struct live_run *run, struct socket *writer)
{
    const struct live_options *options = run->options;
    bool is_full = options->window > 0 && run->sent - run->finished >= options->window;
    return writer->is_busy || is_full || run->sent == options->statements
               ? KDB_OK
               : send_statement(run, writer);
}

static kdb_status send_more(struct live_run *run)
{
    const struct live_options *options = run->options;
    for (uint32_t i = 0; i < options->writers; i++)
        KDB_TRY(may_send(run, &run->sockets[options->connections + i]));
    return KDB_OK;
}

static kdb_status take_answer(struct live_run *run, struct socket *writer, kdb_slice bytes)
{
    kdb_buf_slice(&writer->in, bytes);
    switch (response_read(kdb_buf_view(&writer->in), &writer->reply)) {
    case RESPONSE_PARTIAL:
        return KDB_OK;
    case RESPONSE_BROKEN:
        return kdb_fail(run->ctx, KDB_ERR_INTERNAL, "the answer is not HTTP with a length");
    case RESPONSE_COMPLETE:
        break;
    }
    if (writer->reply.status != 200 ||
        !response_has_row_count(writer->reply.body, run->options->rows))
        return kdb_fail(run->ctx, KDB_ERR_INTERNAL, "the statement was answered with %d: %.*s",
                        writer->reply.status, KDB_ARG(writer->reply.body));
    struct statement *statement = &run->statements[writer->statement];
    statement->known_ns = run->now_ns;
    finish_statement(run, statement);
    writer->is_busy = false;
    return may_send(run, writer);
}

static kdb_status receive(struct live_run *run, struct socket *peer)
{
    ssize_t got = recv(peer->fd, run->read_buffer, READ_BYTES, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return KDB_OK;
    if (got <= 0)
        return kdb_fail(run->ctx, KDB_ERR_IO, "the server ended %s %u",
                        peer->is_writer ? "writer" : "WebSocket", peer->number);
    run->now_ns = kdb_monotonic_ns();
    kdb_slice bytes = kdb_slice_of(run->read_buffer, (size_t)got);
    if (peer->is_writer)
        return take_answer(run, peer, bytes);
    run->result.bytes += bytes.len;
    if (peer->in.len > 0) {
        kdb_buf_slice(&peer->in, bytes);
        bytes = kdb_buf_view(&peer->in);
    }
    return take_frames(run, peer, bytes);
}

// Waits for events: first awake, because a sleeper is woken by whoever sends to it, and that would
// be the server's core; the clients this program stands for are on other machines.
static int wait_for_events(struct live_run *run, struct epoll_event *events)
{
    int64_t begin = kdb_monotonic_ns();
    do {
        int count = epoll_wait(run->epoll, events, EVENTS_MAX, 0);
        if (count != 0)
            return count;
    } while (kdb_monotonic_ns() - begin < AWAKE_NS);
    return epoll_wait(run->epoll, events, EVENTS_MAX, (int)(run->options->timeout_seconds * 1000));
}

static kdb_status wait_and_read(struct live_run *run, const char *what, uint64_t have,
                                uint64_t wanted)
{
    struct epoll_event events[EVENTS_MAX];
    int count = wait_for_events(run, events);
    if (count < 0 && errno != EINTR)
        return kdb_fail(run->ctx, KDB_ERR_IO, "epoll: %s", strerror(errno));
    if (count == 0)
        return kdb_fail(run->ctx, KDB_ERR_TIMEOUT,
                        "nothing comes any more, with %llu of %llu %s (%llu rows)",
                        (unsigned long long)have, (unsigned long long)wanted, what,
                        (unsigned long long)run->result.rows);
    for (int i = 0; i < count; i++)
        KDB_TRY(receive(run, events[i].data.ptr));
    return KDB_OK;
}

// ---- the run ----

static kdb_status open_websockets(struct live_run *run)
{
    for (uint32_t i = 0; i < run->options->connections; i++) {
        struct socket *peer = &run->sockets[i];
        peer->number = peer->next = i;
        KDB_TRY(connect_socket(run, peer));
        KDB_TRY(upgrade(run, peer));
    }
    return KDB_OK;
}

// Not before they have something to say: the server ends an HTTP connection that sends nothing.
static kdb_status open_writers(struct live_run *run)
{
    const struct live_options *options = run->options;
    for (uint32_t i = 0; i < options->writers; i++) {
        struct socket *peer = &run->sockets[options->connections + i];
        peer->is_writer = true;
        peer->number = i;
        KDB_TRY(connect_socket(run, peer));
    }
    return KDB_OK;
}

static kdb_status subscribe_all(struct live_run *run)
{
    const struct live_options *options = run->options;
    for (uint32_t i = 0; i < options->connections && i < options->subscriptions; i++)
        KDB_TRY(subscribe(run, &run->sockets[i], i));
    while (run->ready < options->subscriptions)
        KDB_TRY(wait_and_read(run, "subscriptions", run->ready, options->subscriptions));
    return KDB_OK;
}

kdb_status live_open(const struct live_options *options, struct kdb_ctx *ctx,
                     struct live_run **ret_run)
{
    struct live_run *run = kdb_alloc(sizeof(*run));
    *ret_run = run;
    run->options = options;
    run->ctx = ctx;
    run->source = (struct template_source){.random = options->seed, .next = options->first};
    run->sockets =
        kdb_alloc_array((size_t)options->connections + options->writers, sizeof(*run->sockets));
    for (uint32_t i = 0; i < options->connections + options->writers; i++)
        run->sockets[i].fd = -1;
    run->subscriptions = kdb_alloc_array(options->subscriptions + 1, sizeof(struct subscription));
    run->statements = kdb_alloc_array(options->statements + 1, sizeof(struct statement));
    for (uint64_t i = 0; i < options->statements; i++)
        run->statements[i].left = (uint64_t)options->rows * options->matches;
    run->read_buffer = kdb_alloc(READ_BYTES);
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (options->body.data)
        KDB_TRY(template_compile(ctx, options->body, 0, &run->body));
    KDB_TRY(open_websockets(run));
    return subscribe_all(run);
}

static kdb_status ping_all(struct live_run *run)
{
    const struct live_options *options = run->options;
    for (uint32_t i = 0; i < options->connections; i++)
        KDB_TRY(send_frame(run, &run->sockets[i], op_ping, (kdb_slice){0}));
    while (run->ponged < options->connections)
        KDB_TRY(wait_and_read(run, "pongs", run->ponged, options->connections));
    return KDB_OK;
}

kdb_status live_go(struct live_run *run)
{
    const struct live_options *options = run->options;
    if (options->statements == 0)
        return ping_all(run);
    KDB_TRY(open_writers(run));
    run->result.bytes = 0;
    double cpu = cpu_seconds();
    int64_t begin = kdb_monotonic_ns();
    KDB_TRY(send_more(run));
    while (run->finished < options->statements) {
        KDB_TRY(wait_and_read(run, "statements", run->finished, options->statements));
        if (options->window > 0)
            KDB_TRY(send_more(run));
    }
    run->result.seconds = (double)(kdb_monotonic_ns() - begin) / NS_PER_SECOND;
    run->result.cpu_seconds = cpu_seconds() - cpu;
    return KDB_OK;
}

const struct live_result *live_result_of(const struct live_run *run)
{
    return &run->result;
}

void live_close(struct live_run *run)
{
    if (!run)
        return;
    for (uint32_t i = 0; i < run->options->connections + run->options->writers; i++) {
        if (run->sockets[i].fd >= 0)
            (void)close(run->sockets[i].fd);
        kdb_buf_deinit(&run->sockets[i].in);
    }
    if (run->epoll >= 0)
        (void)close(run->epoll);
    kdb_buf_deinit(&run->text);
    kdb_buf_deinit(&run->out);
    kdb_free(run->read_buffer);
    kdb_free(run->statements);
    kdb_free(run->subscriptions);
    kdb_free(run->sockets);
    kdb_free(run);
}
