// SPDX-License-Identifier: Apache-2.0
// GET /v1/ws: the life of a WebSocket connection from the handshake to its end.
#include "api/encodings_priv.h"
#include "api/ws_priv.h"
#include "base/alloc.h"

// ---- ending ----

void ws_end(struct ws_connection *connection, unsigned code, const char *reason)
{
    if (connection->ws)
        kdb_ws_close(connection->ws, code, kdb_slice_cstr(reason));
}

static void end_subscriptions(struct ws_connection *connection)
{
    size_t cursor = 0;
    void *found;
    while (kdb_map_next(&connection->subscriptions, &cursor, NULL, &found)) {
        ws_subscription_end(found);
        cursor = 0; // the map has changed
    }
    kdb_map_deinit(&connection->subscriptions);
}

static void connection_free(struct ws_connection *connection)
{
    *(connection->previous ? &connection->previous->next : &connection->loop->connections) =
        connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    kdb_free((void *)(uintptr_t)connection->user.data);
    kdb_free(connection);
}

static void on_close(void *self, struct kdb_ws *ws, unsigned code, kdb_slice reason)
{
    struct ws_connection *connection = self;
    (void)ws;
    (void)code;
    (void)reason;
    end_subscriptions(connection);
    connection->ws = NULL;
    connection_free(connection);
}

// ---- messages ----

static bool allows_message(struct ws_connection *connection)
{
    const struct kdb_settings *settings = connection->loop->api->api->options.settings;
    double rate = (double)settings->rate_limit_max_messages_per_sec;
    int64_t now = kdb_monotonic_ns();
    connection->message_tokens += (double)(now - connection->message_at_ns) * rate / 1e9;
    connection->message_at_ns = now;
    if (connection->message_tokens > rate)
        connection->message_tokens = rate;
    if (connection->message_tokens < 1)
        return false;
    connection->message_tokens -= 1;
    return true;
}

static void serve_anonymous(struct ws_connection *connection, const struct ws_message *message)
{
    if (message->kind == WS_SUBSCRIBE)
        ws_send_error(connection, KDB_LIT("subscribe"), "AUTH_REQUIRED",
                      "Authentication required before subscribing");
    if (message->kind != WS_AUTHENTICATE)
        return;
    connection->is_packed = message->is_packed;
    connection->may_compress = connection->may_compress && message->is_compressed;
    ws_sign_in(connection, message->token);
}

static void serve(struct ws_connection *connection, const struct ws_message *message)
{
    if (!connection->is_authenticated) {
        serve_anonymous(connection, message);
        return;
    }
    switch (message->kind) {
    case WS_AUTHENTICATE:
        ws_sign_in(connection, message->token);
        return;
    case WS_SUBSCRIBE:
        for (size_t i = 0; i < message->request_count; i++)
            ws_subscribe(connection, &message->requests[i]);
        return;
    case WS_UNSUBSCRIBE:
        ws_unsubscribe(connection, message->subscription_id);
        return;
    case WS_NEXT_BATCH: {
        struct ws_subscription *subscription =
            kdb_map_get(&connection->subscriptions, message->subscription_id);
        if (subscription)
            ws_load_next_batch(subscription, message->has_last_seq, message->last_seq);
        return;
    }
    case WS_PING:
        return;
    }
}

static void serve_json(struct ws_connection *connection, kdb_slice json)
{
    const struct kdb_settings *settings = connection->loop->api->api->options.settings;
    struct kdb_ctx *ctx = &connection->loop->ctx;
    struct ws_message message;
    kdb_ctx_reset(ctx);
    size_t size_max = (size_t)settings->security_max_ws_message_bytes;
    if (ws_message_read(ctx, json, size_max, &message) == KDB_OK) {
        serve(connection, &message);
        return;
    }
    kdb_slice reason = kdb_arena_printf(&ctx->arena, "Invalid message: %s", ctx->error.message);
    ws_end(connection, KDB_WS_INTERNAL, reason.data);
}

static void serve_packed(struct ws_connection *connection, kdb_slice bytes)
{
    const struct kdb_settings *settings = connection->loop->api->api->options.settings;
    struct kdb_ctx *ctx = &connection->loop->ctx;
    struct kdb_buf expanded = {0};
    struct kdb_buf json = {0};
    kdb_status status = KDB_OK;
    kdb_ctx_reset(ctx);
    if (gzip_is(bytes)) {
        status =
            gzip_expand(ctx, bytes, (size_t)settings->security_max_ws_message_bytes, &expanded);
        bytes = kdb_buf_view(&expanded);
    }
    if (status == KDB_OK)
        status = api_unpack_json(ctx, bytes, &json);
    struct ws_message message;
    if (status == KDB_OK)
        status = ws_message_read(ctx, kdb_buf_view(&json), json.len, &message);
    if (status == KDB_OK)
        serve(connection, &message);
    else
        ws_send_error(connection, KDB_LIT("protocol"), "UNSUPPORTED_DATA", ctx->error.message);
    kdb_buf_deinit(&expanded);
    kdb_buf_deinit(&json);
}

// A client that does not take what it is told is not heard until it does: its mistakes alone could
// fill the queue.
static void hold_up(struct kdb_ws *ws)
{
    if (kdb_ws_is_full(ws))
        kdb_ws_pause(ws);
}

static void on_message(void *self, struct kdb_ws *ws, enum kdb_ws_opcode opcode, kdb_slice bytes)
{
    struct ws_connection *connection = self;
    if (!allows_message(connection))
        ws_send_error(connection, KDB_LIT("rate_limit"), "RATE_LIMIT_EXCEEDED",
                      "Too many messages");
    else if (opcode == KDB_WS_OP_TEXT)
        serve_json(connection, bytes);
    else if (connection->is_authenticated && connection->is_packed)
        serve_packed(connection, bytes);
    else
        ws_send_error(connection, KDB_LIT("protocol"), "UNSUPPORTED_DATA", "Binary not supported");
    hold_up(ws);
}

static void on_too_large(void *self, struct kdb_ws *ws)
{
    ws_send_error(self, KDB_LIT("protocol"), "MESSAGE_TOO_LARGE",
                  "The message is larger than security.max_ws_message_size allows");
    hold_up(ws);
}

// ---- the client takes bytes again ----

void ws_wait(struct ws_subscription *subscription)
{
    struct ws_connection *connection = subscription->connection;
    if (subscription->is_waiting || !connection->ws)
        return;
    subscription->is_waiting = true;
    subscription->next_waiting = connection->waiting;
    connection->waiting = subscription;
}

static void on_drain(void *self, struct kdb_ws *ws)
{
    struct ws_connection *connection = self;
    struct ws_subscription *at = connection->waiting;
    kdb_ws_resume(ws);
    connection->waiting = NULL;
    while (at) {
        struct ws_subscription *next = at->next_waiting;
        at->is_waiting = false;
        if (kdb_ws_is_full(ws))
            ws_wait(at);
        else
            ws_subscription_resume(at);
        at = next;
    }
}

// The token has expired, or nobody has signed in.
static void on_timer(void *self, struct kdb_ws *ws)
{
    struct ws_connection *connection = self;
    (void)ws;
    if (connection->is_authenticated) {
        ws_end(connection, KDB_WS_POLICY, "Token expired");
        return;
    }
    const struct kdb_settings *settings = connection->loop->api->api->options.settings;
    struct kdb_buf text = {0};
    kdb_buf_printf(&text,
                   "{\"type\":\"auth_error\",\"message\":\"Authentication timeout - no auth "
                   "message received within %lld seconds\"}",
                   (long long)(settings->websocket_auth_timeout_ms / 1000));
    ws_send_text(connection, kdb_buf_view(&text));
    kdb_buf_deinit(&text);
    ws_end(connection, KDB_WS_POLICY, "Authentication timeout");
}

// ---- beginning ----

static bool refuse_origin(struct kdb_api_loop *loop, struct kdb_http_request *request)
{
    const struct kdb_settings *settings = loop->api->options.settings;
    kdb_slice origin = request->known[KDB_HTTP_ORIGIN];
    const char *why = NULL;
    if (origin.data && !api_is_origin_allowed(settings, origin))
        why = "Origin not allowed";
    else if (!origin.data && settings->security_strict_ws_origin_check)
        why = "Origin header required";
    if (!why)
        return false;
    struct kdb_buf body = {0};
    kdb_buf_slice(&body, kdb_slice_cstr(why));
    const struct kdb_http_response response = {.status = 403,
                                               .content_type = KDB_LIT("text/plain")};
    api_respond_with(loop, request, &response, &body);
    kdb_buf_deinit(&body);
    return true;
}

static bool asks_for(struct kdb_http_request *request, const char *name, const char *value)
{
    kdb_slice found;
    return kdb_http_query_value(request, kdb_slice_cstr(name), &found) && found.data &&
           kdb_slice_equal_nocase(found, kdb_slice_cstr(value));
}

static void read_wishes(struct ws_connection *connection, struct kdb_http_request *request)
{
    connection->may_compress = !asks_for(request, "compress", "false");
    if (!connection->by_header)
        return;
    connection->is_packed = asks_for(request, "serialization", "msgpack");
    if (asks_for(request, "compression", "none"))
        connection->may_compress = false;
}

void ws_open(struct kdb_api_loop *loop, struct kdb_http_request *request)
{
    static const struct kdb_ws_handler handler = {on_message, on_too_large, on_drain, on_timer,
                                                  on_close};
    const struct kdb_settings *settings = loop->api->options.settings;
    if (refuse_origin(loop, request))
        return;
    struct ws_connection *connection = kdb_alloc(sizeof(*connection));
    kdb_slice token = {0};
    connection->loop = loop->ws;
    connection->client = request->client;
    connection->by_header = api_bearer(request->known[KDB_HTTP_AUTHORIZATION], &token);
    connection->message_at_ns = kdb_monotonic_ns();
    connection->message_tokens = (double)settings->rate_limit_max_messages_per_sec;
    kdb_uuid_v7_text(loop->api->options.services->id_source, connection->id);
    read_wishes(connection, request);
    char *kept_token = token.data ? kdb_alloc_text(token.data, token.len) : NULL;
    connection->ws = kdb_ws_accept(request, &handler, connection);
    if (connection->ws) {
        connection->next = loop->ws->connections;
        if (connection->next)
            connection->next->previous = connection;
        loop->ws->connections = connection;
        kdb_ws_set_timer(connection->ws,
                         kdb_loop_now_ms(loop->loop) + settings->websocket_auth_timeout_ms);
        if (connection->by_header)
            ws_sign_in(connection, kdb_slice_of(kept_token, token.len));
    } else {
        kdb_free(connection);
    }
    kdb_free(kept_token);
}
