// SPDX-License-Identifier: Apache-2.0
// Reading requests out of a byte stream, one at a time.
//
// The head is gathered whole and checked line by line before llhttp sees it: every line ends in CR
// LF and in nothing else, none continues the one before. llhttp then reads it in one piece, and
// both must agree on where it ends, so that no two readers of the stream can disagree about what a
// request is. llhttp also finds the end of the body.
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "net/forwarded_priv.h"
#include "net/guard.h"
#include "net/http1_priv.h"

static const struct net_refusal malformed = {400, "BAD_REQUEST", "The request is malformed"};
static const struct net_refusal header_too_large = {
    431, "HEADER_TOO_LARGE", "The request line and headers are larger than the server accepts"};
static const struct net_refusal body_too_large = {
    413, "BODY_TOO_LARGE", "The request body is larger than the server accepts"};
static const struct net_refusal not_implemented = {
    501, "NOT_IMPLEMENTED", "The method or transfer coding is not supported"};
static const struct net_refusal bad_version = {505, "HTTP_VERSION_NOT_SUPPORTED",
                                               "Only versions 1.0 and 1.1 of HTTP are supported"};
static const struct net_refusal bad_expectation = {417, "EXPECTATION_FAILED",
                                                   "Only 100-continue can be expected"};
static const struct net_refusal too_slow = {408, "REQUEST_TIMEOUT",
                                            "The request did not arrive in time"};
static const struct net_refusal overloaded = {
    503, "OVERLOADED", "The server has too much to do at the moment; try again"};
static const struct net_refusal rate_limited = {429, "RATE_LIMIT_EXCEEDED",
                                                "Too many requests from this address"};
static const struct net_refusal banned = {429, "IP_BANNED",
                                          "This address is blocked for some time"};
static const struct net_refusal too_many_connections = {503, "TOO_MANY_CONNECTIONS",
                                                        "Too many connections from this address"};

void kdb_http1_init(struct kdb_http1 *http, struct kdb_http1_env *env, uint64_t serial,
                    const struct kdb_address *peer, void (*wake)(void *), void *wake_arg)
{
    *http = (struct kdb_http1){
        .env = env,
        .wake = wake,
        .wake_arg = wake_arg,
        .since_ms = env->now_ms,
        .serial = serial,
        .peer = *peer,
        .phase = KDB_HTTP1_IDLE,
    };
}

static void set_phase(struct kdb_http1 *http, enum kdb_http1_phase phase)
{
    http->phase = phase;
    http->since_ms = http->env->now_ms;
}

static void drop_held(struct kdb_http1 *http)
{
    kdb_buf_deinit(&http->held);
    http->held_at = 0;
}

// Nothing more is read; what was answered so far still leaves.
static void begin_draining(struct kdb_http1 *http)
{
    set_phase(http, KDB_HTTP1_DRAINING);
    drop_held(http);
    if (http->slot)
        net_slot_give(http->slot);
    http->slot = NULL;
}

void kdb_http1_deinit(struct kdb_http1 *http)
{
    struct kdb_http1_slot *slot = http->slot;
    http->slot = NULL;
    if (slot && http->phase == KDB_HTTP1_ANSWERING && !http->has_answer) {
        slot->http = NULL;
        atomic_store_explicit(&slot->request.ctx.is_cancelled, true, memory_order_relaxed);
        http->env->handler.on_close(http->env->handler.self, &slot->request);
    } else if (slot) {
        net_slot_give(slot);
    }
    while (http->out_first) {
        struct kdb_http1_node *node = http->out_first;
        http->out_first = node->next;
        net_node_give(http->env, node);
    }
    http->out_last = NULL;
    http->out_bytes = 0;
    drop_held(http);
}

// Answers in the handler's place and ends the connection: what follows in the stream cannot be
// trusted.
static void refuse(struct kdb_http1 *http, const struct net_refusal *refusal, int64_t retry_after_s)
{
    char members[96] = "";
    const struct kdb_http_limits *limits = http->env->limits;
    if (refusal == &body_too_large)
        (void)snprintf(members, sizeof(members), ",\"size_bytes\":%llu,\"max_bytes\":%zu",
                       (unsigned long long)http->slot->too_large, limits->body_bytes_max);
    else if (refusal == &too_many_connections)
        (void)snprintf(members, sizeof(members), ",\"current\":%zu,\"max\":%zu",
                       limits->connections_per_ip_max, limits->connections_per_ip_max);
    else if (refusal == &rate_limited || refusal == &banned)
        (void)snprintf(members, sizeof(members), ",\"retry_after_seconds\":%lld",
                       (long long)retry_after_s);
    http->must_close = true;
    net_http1_write_refusal(http, refusal, members, retry_after_s);
    begin_draining(http);
}

void kdb_http1_refuse(struct kdb_http1 *http, enum kdb_http1_refusal refusal)
{
    if (refusal == KDB_HTTP1_TOO_MANY_CONNECTIONS)
        refuse(http, &too_many_connections, 5);
    else
        refuse(http, &overloaded, 1);
}

// ---- llhttp's callbacks. Any non-zero result stops it; slot->refusal says why.

static struct kdb_http1_slot *slot_of(llhttp_t *parser)
{
    struct kdb_http1_slot *slot = parser->data;
    KDB_ASSERT(&slot->parser == parser);
    return slot;
}

static int stop(struct kdb_http1_slot *slot, const struct net_refusal *refusal)
{
    slot->refusal = refusal;
    return HPE_USER;
}

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
    slot_of(parser)->url = (kdb_slice){at, len};
    return 0;
}

// Chunk extensions and trailers are read and thrown away, but not without end.
static int ignore(struct kdb_http1_slot *slot, size_t len)
{
    slot->ignored_bytes += len;
    if (slot->ignored_bytes > slot->env->limits->header_bytes_max)
        return stop(slot, &header_too_large);
    return 0;
}

static int on_ignored(llhttp_t *parser, const char *at, size_t len)
{
    (void)at;
    return ignore(slot_of(parser), len);
}

static int on_field(llhttp_t *parser, const char *at, size_t len)
{
    struct kdb_http1_slot *slot = slot_of(parser);
    if (slot->request.field_count == KDB_HTTP_FIELDS_MAX)
        return stop(slot, &header_too_large);
    slot->fields[slot->request.field_count++] =
        (struct kdb_http_field){.name = {at, len}, .value = {at + len, 0}};
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
    struct kdb_http1_slot *slot = slot_of(parser);
    if (slot->request.field_count == 0)
        return stop(slot, &malformed);
    slot->fields[slot->request.field_count - 1].value = kdb_slice_trim((kdb_slice){at, len});
    return 0;
}

#define SINGLE(name)                                                                               \
    {                                                                                              \
        {("" name), sizeof(name) - 1}, true                                                        \
    }
#define REPEATABLE(name)                                                                           \
    {                                                                                              \
        {("" name), sizeof(name) - 1}, false                                                       \
    }

// Which headers are indexed, and which must not come twice.
static const struct {
    kdb_slice name;
    bool is_single;
} known_fields[KDB_HTTP_KNOWN_COUNT] = {
    [KDB_HTTP_AUTHORIZATION] = SINGLE("authorization"),
    [KDB_HTTP_CONTENT_TYPE] = SINGLE("content-type"),
    [KDB_HTTP_HOST] = SINGLE("host"),
    [KDB_HTTP_ORIGIN] = SINGLE("origin"),
    [KDB_HTTP_COOKIE] = REPEATABLE("cookie"),
    [KDB_HTTP_UPGRADE] = REPEATABLE("upgrade"),
    [KDB_HTTP_X_REQUEST_ID] = REPEATABLE("x-request-id"),
    [KDB_HTTP_X_FORWARDED_FOR] = REPEATABLE("x-forwarded-for"),
    [KDB_HTTP_X_REAL_IP] = REPEATABLE("x-real-ip"),
};

// Files a header under its index, or checks one that only concerns the connection.
static const struct net_refusal *index_field(struct kdb_http1_slot *slot,
                                             const struct kdb_http_field *field)
{
    for (size_t i = 0; i < KDB_HTTP_KNOWN_COUNT; i++) {
        kdb_slice *known = &slot->request.known[i];
        if (field->name.len != known_fields[i].name.len ||
            !kdb_slice_equal_nocase(field->name, known_fields[i].name))
            continue;
        if (known->data && known_fields[i].is_single)
            return &malformed;
        if (!known->data)
            *known = field->value;
        return NULL;
    }
    if (kdb_slice_equal_nocase(field->name, KDB_LIT("transfer-encoding"))) {
        if (slot->is_chunked || slot->is_http10)
            return &malformed;
        slot->is_chunked = true;
        return kdb_slice_equal_nocase(field->value, KDB_LIT("chunked")) ? NULL : &not_implemented;
    }
    if (kdb_slice_equal_nocase(field->name, KDB_LIT("expect"))) {
        slot->expects_continue = true;
        return kdb_slice_equal_nocase(field->value, KDB_LIT("100-continue")) ? NULL
                                                                             : &bad_expectation;
    }
    return NULL;
}

static bool method_of(const llhttp_t *parser, enum kdb_http_method *ret_method)
{
    static const struct {
        uint8_t parsed;
        enum kdb_http_method method;
    } methods[] = {
        {HTTP_POST, KDB_HTTP_POST},       {HTTP_GET, KDB_HTTP_GET},
        {HTTP_HEAD, KDB_HTTP_HEAD},       {HTTP_PUT, KDB_HTTP_PUT},
        {HTTP_DELETE, KDB_HTTP_DELETE},   {HTTP_PATCH, KDB_HTTP_PATCH},
        {HTTP_OPTIONS, KDB_HTTP_OPTIONS},
    };
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (methods[i].parsed == parser->method) {
            *ret_method = methods[i].method;
            return true;
        }
    }
    return false;
}

// Splits the request target into path and query and decodes the path.
static bool read_target(struct kdb_http1_slot *slot)
{
    struct kdb_http_request *request = &slot->request;
    kdb_slice target = slot->url;
    if (target.len == 0 || memchr(target.data, '#', target.len))
        return false;
    if (kdb_slice_equal(target, KDB_LIT("*"))) {
        request->path = request->raw_path = target;
        return request->method == KDB_HTTP_OPTIONS;
    }
    if (target.data[0] != '/') {
        // The absolute form, as sent to proxies: what is behind the authority counts.
        size_t authority = kdb_slice_find(target, KDB_LIT("://"), 0);
        if (authority == SIZE_MAX)
            return false;
        size_t at = authority + 3;
        while (at < target.len && target.data[at] != '/' && target.data[at] != '?')
            at++;
        target = kdb_slice_skip(target, at);
    }
    const char *mark = target.len > 0 ? memchr(target.data, '?', target.len) : NULL;
    request->raw_path = (kdb_slice){target.data, mark ? (size_t)(mark - target.data) : target.len};
    if (mark)
        request->query = kdb_slice_skip(target, request->raw_path.len + 1);
    if (request->raw_path.len == 0)
        request->raw_path = KDB_LIT("/");
    return kdb_http_percent_decode(&request->ctx.arena, request->raw_path, &request->path);
}

// What is wrong with the headers, or NULL.
static const struct net_refusal *check_head(struct kdb_http1_slot *slot)
{
    llhttp_t *parser = &slot->parser;
    struct kdb_http_request *request = &slot->request;
    if (parser->http_major != 1 || parser->http_minor > 1)
        return &bad_version;
    slot->is_http10 = parser->http_minor == 0;
    if (!method_of(parser, &request->method))
        return &not_implemented;
    for (size_t i = 0; i < request->field_count; i++) {
        const struct net_refusal *refusal = index_field(slot, &slot->fields[i]);
        if (refusal)
            return refusal;
    }
    if (!request->known[KDB_HTTP_HOST].data && !slot->is_http10)
        return &malformed;
    if (!read_target(slot))
        return &malformed;
    if ((parser->flags & F_CONTENT_LENGTH) &&
        parser->content_length > slot->env->limits->body_bytes_max) {
        slot->too_large = parser->content_length;
        return &body_too_large;
    }
    return NULL;
}

static int on_headers_complete(llhttp_t *parser)
{
    struct kdb_http1_slot *slot = slot_of(parser);
    const struct net_refusal *refusal = check_head(slot);
    slot->has_head = refusal != &bad_version && refusal != &not_implemented;
    if (refusal)
        return stop(slot, refusal);
    // The handler decides about another protocol; until it took over, HTTP goes on behind this
    // request.
    slot->request.is_upgrade = parser->upgrade != 0;
    parser->upgrade = 0;
    slot->keeps_alive = llhttp_should_keep_alive(parser) != 0;
    return 0;
}

// Counts the memory of a body that is more than small. False when the server holds too much.
static bool charge(struct kdb_http1_slot *slot, size_t len)
{
    if (len <= slot->charged_bytes + NET_BODY_FREE_BYTES)
        return true;
    size_t charged = (len + NET_BODY_FREE_BYTES - 1) / NET_BODY_FREE_BYTES * NET_BODY_FREE_BYTES;
    size_t more = charged - NET_BODY_FREE_BYTES - slot->charged_bytes;
    atomic_size_t *total = &slot->env->totals->body_bytes;
    size_t before = atomic_fetch_add_explicit(total, more, memory_order_relaxed);
    slot->charged_bytes += more;
    return before + more <= slot->env->limits->body_bytes_total_max;
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
    struct kdb_http1_slot *slot = slot_of(parser);
    struct kdb_buf *body = &slot->body;
    size_t whole = body->len + len;
    if (whole > slot->env->limits->body_bytes_max) {
        slot->too_large = whole;
        return stop(slot, &body_too_large);
    }
    if (!charge(slot, whole))
        return stop(slot, &overloaded);
    if (body->capacity == 0 && !slot->is_chunked) {
        // A length that is only announced is not worth more memory than this.
        size_t announced = len + parser->content_length;
        (void)kdb_buf_reserve(body,
                              announced < NET_BODY_FREE_BYTES ? announced : NET_BODY_FREE_BYTES);
    }
    kdb_buf_append(body, at, len);
    return 0;
}

// What follows the last chunk is not llhttp's to read.
static int on_chunk_header(llhttp_t *parser)
{
    if (parser->content_length > 0)
        return 0;
    slot_of(parser)->trailer =
        (struct kdb_http1_trailer){.part = NET_TRAILER_NAME, .is_empty_line = true};
    return HPE_PAUSED;
}

static int on_message_complete(llhttp_t *parser)
{
    slot_of(parser)->is_complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
    .on_chunk_header = on_chunk_header,
    .on_chunk_extension_name = on_ignored,
    .on_chunk_extension_value = on_ignored,
};

// Lets llhttp read; returns how much of it belongs to this request, refuses the request when it
// must.
static size_t parse(struct kdb_http1 *http, const char *data, size_t len)
{
    struct kdb_http1_slot *slot = http->slot;
    KDB_ASSERT(slot != NULL);
    llhttp_errno_t error = llhttp_execute(&slot->parser, data, len);
    if (error == HPE_OK)
        return len;
    if (error == HPE_PAUSED && (slot->is_complete || slot->trailer.part != NET_TRAILER_NONE))
        return (size_t)(llhttp_get_error_pos(&slot->parser) - data);
    const struct net_refusal *refusal = slot->refusal;
    if (!refusal)
        refusal = error == HPE_INVALID_VERSION ? &bad_version : &malformed;
    refuse(http, refusal, refusal == &overloaded ? 1 : 0);
    return len;
}

// Reads on behind the last chunk; returns how much of it belongs to this request.
static size_t read_trailers(struct kdb_http1 *http, const char *data, size_t len)
{
    struct kdb_http1_slot *slot = http->slot;
    KDB_ASSERT(slot != NULL);
    size_t at = 0;
    while (at < len && slot->trailer.part != NET_TRAILER_END) {
        if (!net_http1_read_trailer_byte(&slot->trailer, data[at++])) {
            refuse(http, &malformed, 0);
            return len;
        }
    }
    if (ignore(slot, at) != 0) {
        refuse(http, slot->refusal, 0);
        return len;
    }
    slot->is_complete = slot->trailer.part == NET_TRAILER_END;
    return at;
}

// ---- The head.

enum scan { SCAN_MORE, SCAN_END, SCAN_BAD };

// Looks for the blank line in `bytes`, which begin with the head; goes on where the call before
// stopped.
static enum scan scan_lines(struct kdb_http1_slot *slot, kdb_slice bytes, size_t *ret_end)
{
    while (true) {
        const char *line_feed =
            memchr(bytes.data + slot->searched, '\n', bytes.len - slot->searched);
        if (!line_feed) {
            slot->searched = bytes.len;
            return SCAN_MORE;
        }
        const char *line = bytes.data + slot->line_start;
        size_t len = (size_t)(line_feed - line);
        if (len == 0 || line[len - 1] != '\r' || memchr(line, '\r', len - 1))
            return SCAN_BAD;
        // A line that continues the one before, or a header without a name.
        if (line[0] == ' ' || line[0] == '\t' || line[0] == ':' || memchr(line, '\0', len))
            return SCAN_BAD;
        slot->line_start += len + 1;
        slot->searched = slot->line_start;
        if (len == 1) {
            *ret_end = slot->line_start;
            return SCAN_END;
        }
    }
}

// Whether the client may ask anything now; refuses when it may not.
static bool admit(struct kdb_http1 *http)
{
    struct kdb_http1_env *env = http->env;
    struct kdb_http_request *request = &http->slot->request;
    request->connection = http->serial;
    request->peer = http->peer;
    request->is_loopback_peer = kdb_address_is_loopback(&http->peer);
    net_forwarded_resolve(request, env->trusted, env->trusted_count);
    if (!env->guard || request->is_loopback_peer)
        return true;
    int64_t retry_after_s = 0;
    enum kdb_guard_verdict verdict =
        kdb_guard_request(env->guard, &request->client, env->now_ms, &retry_after_s);
    if (verdict == KDB_GUARD_PASS)
        return true;
    refuse(http, verdict == KDB_GUARD_BANNED ? &banned : &rate_limited, retry_after_s);
    return false;
}

// The head is whole in slot->head.
static void parse_head(struct kdb_http1 *http)
{
    struct kdb_http1_slot *slot = http->slot;
    llhttp_init(&slot->parser, HTTP_REQUEST, &settings);
    slot->parser.data = slot;
    size_t used = parse(http, slot->head.data, slot->head.len);
    if (http->phase == KDB_HTTP1_DRAINING)
        return;
    if (!slot->has_head || used != slot->head.len) {
        refuse(http, &malformed, 0);
        return;
    }
    if (admit(http))
        set_phase(http, KDB_HTTP1_BODY);
}

// Reads on in the head; returns how much of the input belongs to it.
static size_t read_head(struct kdb_http1 *http, const char *data, size_t len)
{
    struct kdb_http1_slot *slot = http->slot;
    KDB_ASSERT(slot != NULL);
    struct kdb_buf *head = &slot->head;
    size_t max = http->env->limits->header_bytes_max;
    size_t before = head->len;
    size_t taken = len < max + 1 - before ? len : max + 1 - before;
    kdb_slice bytes = {data, taken};
    if (before > 0) {
        kdb_buf_append(head, data, taken);
        bytes = kdb_buf_view(head);
    }
    size_t end = bytes.len;
    enum scan scan = scan_lines(slot, bytes, &end);
    if (before == 0 && scan != SCAN_BAD)
        kdb_buf_append(head, data, end);
    head->len = end;
    if (scan == SCAN_BAD)
        refuse(http, &malformed, 0);
    else if (end > max)
        refuse(http, &header_too_large, 0);
    else if (scan == SCAN_END)
        parse_head(http);
    return end - before;
}

// ---- One request after the other.

// After the answer: ready for the next request, or done.
static void finish(struct kdb_http1 *http)
{
    http->has_answer = false;
    http->answered++;
    if (http->must_close) {
        begin_draining(http);
        return;
    }
    net_slot_give(http->slot);
    http->slot = NULL;
    set_phase(http, http->ws ? KDB_HTTP1_UPGRADED : KDB_HTTP1_IDLE);
}

// The request is whole: over to the handler.
static void handle(struct kdb_http1 *http)
{
    struct kdb_http1_env *env = http->env;
    struct kdb_http1_slot *slot = http->slot;
    slot->request.body = kdb_buf_view(&slot->body);
    set_phase(http, KDB_HTTP1_ANSWERING);
    if (atomic_load_explicit(&env->totals->requests_now, memory_order_relaxed) >=
        env->limits->requests_in_flight_max) {
        // All of it was read, so the connection may go on: a reconnect would cost more than this
        // answer.
        http->must_close = !slot->keeps_alive || env->is_stopping;
        net_http1_write_refusal(http, &overloaded, "", 1);
        finish(http);
        return;
    }
    env->requests++;
    http->is_in_handler = true;
    slot->request.received_ns = kdb_monotonic_ns();
    env->handler.on_request(env->handler.self, &slot->request);
    http->is_in_handler = false;
    if (http->has_answer) {
        finish(http);
        return;
    }
    slot->is_counted = true;
    atomic_fetch_add_explicit(&env->totals->requests_now, 1, memory_order_relaxed);
}

// Begins a request unless the byte is part of the blank lines that may stand before it.
static size_t begin(struct kdb_http1 *http, char first)
{
    if (first == '\r' || first == '\n')
        return 1;
    http->slot = net_slot_take(http->env);
    http->slot->http = http;
    set_phase(http, KDB_HTTP1_HEAD);
    // A client that speaks something else (TLS, say) is told now and not when its time is up.
    if (first < 'A' || first > 'Z')
        refuse(http, &malformed, 0);
    return 0;
}

static bool can_read(const struct kdb_http1 *http)
{
    return (http->phase == KDB_HTTP1_IDLE || http->phase == KDB_HTTP1_HEAD ||
            http->phase == KDB_HTTP1_BODY) &&
           http->out_bytes < NET_OUT_BYTES_MAX;
}

// Behind the last chunk of a body.
static bool is_in_trailers(const struct kdb_http1 *http)
{
    KDB_ASSERT(http->slot != NULL);
    return http->slot->trailer.part != NET_TRAILER_NONE;
}

// Reads and handles as far as possible; returns how much of the input is used up.
static size_t work(struct kdb_http1 *http, const char *data, size_t len)
{
    size_t at = 0;
    while (at < len && can_read(http)) {
        if (http->phase == KDB_HTTP1_IDLE)
            at += begin(http, data[at]);
        else if (http->phase == KDB_HTTP1_HEAD)
            at += read_head(http, data + at, len - at);
        else if (is_in_trailers(http))
            at += read_trailers(http, data + at, len - at);
        else
            at += parse(http, data + at, len - at);
        if (http->phase != KDB_HTTP1_BODY)
            continue;
        struct kdb_http1_slot *slot = http->slot;
        KDB_ASSERT(slot != NULL);
        if (slot->is_complete) {
            handle(http);
        } else if (slot->expects_continue && !slot->is_http10) {
            slot->expects_continue = false;
            if (at == len && slot->body.len == 0)
                net_http1_write_continue(http);
        }
    }
    return http->phase == KDB_HTTP1_DRAINING ? len : at;
}

// With no more input coming, a request that is not whole never will be.
static void check_eof(struct kdb_http1 *http)
{
    bool is_waiting = http->phase == KDB_HTTP1_IDLE || http->phase == KDB_HTTP1_HEAD ||
                      http->phase == KDB_HTTP1_BODY;
    if (http->has_eof && is_waiting && http->held.len == 0)
        begin_draining(http);
}

void kdb_http1_feed(struct kdb_http1 *http, const char *data, size_t len)
{
    if (http->phase == KDB_HTTP1_DRAINING)
        return;
    size_t used = http->held.len > 0 ? 0 : work(http, data, len);
    if (used < len)
        kdb_buf_append(&http->held, data + used, len - used);
}

void kdb_http1_feed_eof(struct kdb_http1 *http)
{
    http->has_eof = true;
    check_eof(http);
}

void kdb_http1_advance(struct kdb_http1 *http)
{
    if (http->phase == KDB_HTTP1_ANSWERING && http->has_answer)
        finish(http);
    if (http->held.len > 0 && can_read(http)) {
        http->held_at +=
            work(http, http->held.data + http->held_at, http->held.len - http->held_at);
        if (http->held_at >= http->held.len)
            drop_held(http);
    }
    check_eof(http);
}

struct kdb_buf kdb_http1_take_held(struct kdb_http1 *http)
{
    KDB_ASSERT(http->phase == KDB_HTTP1_UPGRADED);
    struct kdb_buf held = http->held;
    http->held = (struct kdb_buf){0};
    if (http->held_at > 0)
        memmove(held.data, held.data + http->held_at, held.len - http->held_at);
    held.len -= http->held_at;
    http->held_at = 0;
    return held;
}

bool kdb_http1_wants_input(const struct kdb_http1 *http)
{
    return http->phase == KDB_HTTP1_DRAINING ||
           (http->held.len < NET_HELD_BYTES_MAX && http->out_bytes < NET_OUT_BYTES_MAX);
}

int64_t kdb_http1_deadline_ms(const struct kdb_http1 *http)
{
    const struct kdb_http_limits *limits = http->env->limits;
    switch (http->phase) {
    case KDB_HTTP1_IDLE:
        return http->since_ms +
               (http->answered == 0 ? limits->header_timeout_ms : limits->idle_timeout_ms);
    case KDB_HTTP1_HEAD:
        return http->since_ms + limits->header_timeout_ms;
    case KDB_HTTP1_BODY:
        return http->since_ms + limits->body_timeout_ms +
               (int64_t)(http->slot->body.len / 16 * 1000 / 1024);
    case KDB_HTTP1_ANSWERING:
        return 0;
    case KDB_HTTP1_DRAINING:
        return http->out_bytes > 0 ? 0 : http->since_ms + limits->linger_ms;
    case KDB_HTTP1_UPGRADED:
        return 0;
    }
    KDB_UNREACHABLE();
}

bool kdb_http1_expire(struct kdb_http1 *http)
{
    if (http->phase != KDB_HTTP1_HEAD && http->phase != KDB_HTTP1_BODY)
        return http->phase != KDB_HTTP1_ANSWERING;
    refuse(http, &too_slow, 0);
    return false;
}

void kdb_http1_stop(struct kdb_http1 *http)
{
    if (http->phase == KDB_HTTP1_IDLE && http->held.len == 0)
        begin_draining(http);
}
