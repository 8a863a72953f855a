// SPDX-License-Identifier: Apache-2.0
// The handshake, then messages both ways.
#include "client/live.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/hex.h"
#include "base/json_write.h"
#include "base/os_error.h"
#include "base/random.h"
#include "base/utf8.h"
#include "client/client_priv.h"
#include "client/live_priv.h"

#define PING_INTERVAL_MS  30000
#define KEY_BYTES         16
#define MESSAGE_DEPTH_MAX 64

// Close codes that have a meaning of their own here.
#define CLOSE_NORMAL 1000
#define CLOSE_POLICY 1008 // not signed in, or not any longer

void kdb_client_live_close(struct kdb_client_live *live)
{
    if (!live)
        return;
    if (live->stream.fd >= 0) {
        static const uint8_t mask[CLIENT_MASK_BYTES] = {0};
        static const char code[] = {(char)(CLOSE_NORMAL >> 8), (char)(CLOSE_NORMAL & 0xFF)};
        kdb_buf_clear(&live->frame);
        client_frame_write(&live->frame, CLIENT_OP_CLOSE, kdb_slice_of(code, sizeof(code)), mask);
        struct iovec part = {live->frame.data, live->frame.len};
        client_stream_stop_waiting(&live->stream);
        (void)client_stream_send(&live->stream, &part, 1);
        client_stream_close(&live->stream);
    }
    client_frame_reader_deinit(&live->reader);
    kdb_buf_deinit(&live->text);
    kdb_buf_deinit(&live->frame);
    kdb_free(live->received);
    kdb_free(live);
}

// ---- sending ----

static kdb_status send_frame(struct kdb_client_live *live, struct kdb_ctx *ctx,
                             enum client_opcode opcode, kdb_slice payload)
{
    uint8_t mask[CLIENT_MASK_BYTES];
    kdb_random_bytes(mask, sizeof(mask));
    kdb_buf_clear(&live->frame);
    client_frame_write(&live->frame, opcode, payload, mask);
    for (size_t at = 0; at < live->frame.len;) {
        struct iovec part = {live->frame.data + at, live->frame.len - at};
        ssize_t sent = client_stream_send(&live->stream, &part, 1);
        if (sent < 0 && errno == EINTR) {
            KDB_TRY(kdb_ctx_check(ctx));
            continue;
        }
        if (sent < 0)
            return kdb_fail(ctx, KDB_ERR_UNAVAILABLE, "the connection was lost: %s",
                            errno == EAGAIN || errno == EWOULDBLOCK ? "the server takes no data"
                                                                    : kdb_os_error_text(errno));
        at += (size_t)sent;
    }
    live->sent_ns = kdb_monotonic_ns();
    return KDB_OK;
}

kdb_status kdb_client_live_subscribe(struct kdb_client_live *live, struct kdb_ctx *ctx,
                                     kdb_slice id, kdb_slice sql, kdb_slice options)
{
    kdb_buf_clear(&live->text);
    KDB_BUF_LIT(&live->text, "{\"type\":\"subscribe\",\"subscription\":{");
    KDB_TRY(client_put_text(&live->text, ctx, "id", id));
    kdb_buf_put(&live->text, ',');
    KDB_TRY(client_put_text(&live->text, ctx, "sql", sql));
    KDB_BUF_LIT(&live->text, ",\"options\":");
    kdb_buf_slice(&live->text, options);
    KDB_BUF_LIT(&live->text, "}}");
    return send_frame(live, ctx, CLIENT_OP_TEXT, kdb_buf_view(&live->text));
}

// ---- receiving ----

// What the server's close frame says.
static kdb_status closed(struct kdb_ctx *ctx, kdb_slice payload)
{
    if (payload.len < 2)
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE, "the server closed the connection");
    unsigned code = (unsigned)(uint8_t)payload.data[0] << 8 | (uint8_t)payload.data[1];
    kdb_slice reason = kdb_slice_skip(payload, 2);
    reason.len = kdb_utf8_valid_prefix(reason);
    return kdb_fail(ctx, code == CLOSE_POLICY ? KDB_ERR_UNAUTHORIZED : KDB_ERR_UNAVAILABLE,
                    "the server closed the connection: %.*s (%u)", KDB_ARG(reason), code);
}

static kdb_status parse(struct kdb_ctx *ctx, kdb_slice text, struct kdb_client_message *ret_message)
{
    const struct kdb_json_limits limits = {.size_max = SIZE_MAX, .depth_max = MESSAGE_DEPTH_MAX};
    ret_message->text = text;
    if (kdb_json_parse(ctx, text, &limits, &ret_message->root) == KDB_OK)
        return KDB_OK;
    if (ctx->error.status != KDB_ERR_INVALID_INPUT)
        return ctx->error.status;
    ctx->error.status = KDB_ERR_CORRUPT;
    return kdb_wrap(ctx, "a message of the server is no JSON");
}

// Takes what of the bytes received makes a message; `root` stays NULL when more are needed.
static kdb_status take(struct kdb_client_live *live, struct kdb_ctx *ctx,
                       struct kdb_client_message *ret_message)
{
    for (;;) {
        struct client_frame frame;
        KDB_TRY(client_frame_next(&live->reader, ctx, &frame));
        if (!frame.is_there)
            return KDB_OK;
        switch (frame.opcode) {
        case CLIENT_OP_TEXT:
            return parse(ctx, frame.payload, ret_message);
        case CLIENT_OP_CLOSE:
            return closed(ctx, frame.payload);
        case CLIENT_OP_PING:
            KDB_TRY(send_frame(live, ctx, CLIENT_OP_PONG, frame.payload));
            break;
        case CLIENT_OP_PONG:
            break;
        case CLIENT_OP_BINARY:
        case CLIENT_OP_CONTINUATION:
            return kdb_fail(ctx, KDB_ERR_CORRUPT, "the server sent bytes where text was agreed on");
        }
    }
}

// Waits a moment for bytes; none may come.
static kdb_status receive(struct kdb_client_live *live, struct kdb_ctx *ctx)
{
    ssize_t count = client_stream_receive(&live->stream, live->received, CLIENT_RECEIVE_BYTES);
    if (count > 0) {
        live->heard_ns = kdb_monotonic_ns();
        client_frame_feed(&live->reader, kdb_slice_of(live->received, (size_t)count));
        return KDB_OK;
    }
    if (count == 0)
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE, "the server closed the connection");
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE, "the connection was lost: %s",
                        kdb_os_error_text(errno));
    return kdb_ctx_check(ctx);
}

// Lets the server know that this side lives, and looks whether the server does.
static kdb_status keep_alive(struct kdb_client_live *live, struct kdb_ctx *ctx)
{
    int64_t now = kdb_monotonic_ns();
    if (now - live->heard_ns > live->silence_max_ns)
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE, "the connection was lost: the server is silent");
    if (now - live->sent_ns < live->ping_interval_ns)
        return KDB_OK;
    return send_frame(live, ctx, CLIENT_OP_PING, (kdb_slice){0});
}

kdb_status kdb_client_live_next(struct kdb_client_live *live, struct kdb_ctx *ctx,
                                int64_t timeout_ms, struct kdb_client_message *ret_message)
{
    int64_t begun_ns = kdb_monotonic_ns();
    struct kdb_client_message message = {0};
    for (;;) {
        KDB_TRY(take(live, ctx, &message));
        if (message.root)
            break;
        if (timeout_ms >= 0 && kdb_monotonic_ns() - begun_ns >= timeout_ms * 1000000)
            break;
        KDB_TRY(receive(live, ctx));
        KDB_TRY(keep_alive(live, ctx));
    }
    *ret_message = message;
    return KDB_OK;
}

// ---- the handshake ----

// Base64 with its padding (RFC 4648, section 4), which headers use.
static kdb_slice base64(struct kdb_arena *arena, kdb_slice bytes)
{
    kdb_slice url = kdb_base64url_text(arena, bytes);
    size_t padding = (4 - url.len % 4) % 4;
    char *text = kdb_arena_alloc(arena, url.len + padding);
    for (size_t i = 0; i < url.len; i++) {
        char c = url.data[i];
        text[i] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    memset(text + url.len, '=', padding);
    return kdb_slice_of(text, url.len + padding);
}

kdb_slice client_live_accept(struct kdb_arena *arena, kdb_slice key)
{
    kdb_slice salted =
        kdb_arena_printf(arena, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", KDB_ARG(key));
    uint8_t digest[KDB_SHA1_BYTES];
    kdb_sha1(salted, digest);
    return base64(arena, kdb_slice_of(digest, sizeof(digest)));
}

// Asks for the WebSocket; the client's connection is one then.
static kdb_status upgrade(struct kdb_client *client, struct kdb_ctx *ctx)
{
    uint8_t random[KEY_BYTES];
    kdb_random_bytes(random, sizeof(random));
    kdb_slice key = base64(&ctx->arena, kdb_slice_of(random, sizeof(random)));
    const struct client_request request = {.method = "GET",
                                           .path = KDB_LIT("/v1/ws?compress=false"),
                                           .token = kdb_buf_view(&client->access_token),
                                           .websocket_key = key};
    KDB_TRY(client_exchange(client, ctx, &request));
    if (client->response.status != CLIENT_STATUS_SWITCHED)
        return client_refused(client, ctx);
    kdb_slice wanted = client_live_accept(&ctx->arena, key);
    if (kdb_slice_equal(kdb_buf_view(&client->response.accept), wanted))
        return KDB_OK;
    client_disconnect(client);
    return kdb_fail(ctx, KDB_ERR_CORRUPT,
                    "this is no answer of a KalamDB server: its Sec-WebSocket-Accept is wrong");
}

// The server's first message.
static kdb_status read_welcome(struct kdb_client_live *live, struct kdb_ctx *ctx,
                               int64_t timeout_ms)
{
    struct kdb_client_message message;
    KDB_TRY(kdb_client_live_next(live, ctx, timeout_ms, &message));
    if (!message.root)
        return kdb_fail(ctx, KDB_ERR_TIMEOUT, "no answer within %lld ms", (long long)timeout_ms);
    const struct kdb_json *type = kdb_json_get(message.root, KDB_LIT("type"));
    if (type && kdb_slice_equal(type->text, KDB_LIT("auth_success")))
        return KDB_OK;
    if (!type || !kdb_slice_equal(type->text, KDB_LIT("auth_error")))
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "the server does not begin with who signed in");
    const struct kdb_json *why = kdb_json_get(message.root, KDB_LIT("message"));
    kdb_slice text = why && why->type == KDB_JSON_STRING ? why->text : KDB_LIT("not signed in");
    return kdb_fail(ctx, KDB_ERR_UNAUTHORIZED, "%.*s", KDB_ARG(text));
}

kdb_status kdb_client_live_open(struct kdb_client *client, struct kdb_ctx *ctx,
                                int64_t ping_interval_ms, struct kdb_client_live **ret_live)
{
    KDB_TRY(upgrade(client, ctx));
    struct kdb_client_live *live = kdb_alloc(sizeof(*live));
    live->stream = client->stream;
    client->stream = CLIENT_STREAM_CLOSED; // the next request opens another
    live->ping_interval_ns = (ping_interval_ms ? ping_interval_ms : PING_INTERVAL_MS) * 1000000;
    live->silence_max_ns = live->ping_interval_ns + client->receive_timeout_ms * 1000000;
    live->heard_ns = live->sent_ns = kdb_monotonic_ns();
    live->reader.bytes_max = client->response.body.limit;
    live->received = kdb_alloc(CLIENT_RECEIVE_BYTES);
    client_frame_feed(&live->reader, client->behind);
    client->behind = (kdb_slice){0};
    kdb_status status = read_welcome(live, ctx, client->receive_timeout_ms);
    if (status != KDB_OK) {
        kdb_client_live_close(live);
        return status;
    }
    *ret_live = live;
    return KDB_OK;
}
