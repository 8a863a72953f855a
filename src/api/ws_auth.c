// SPDX-License-Identifier: Apache-2.0
// Who is behind a WebSocket: the token of the handshake or of the first message.
#include "api/auth_priv.h"
#include "api/ws_priv.h"
#include "base/alloc.h"
#include "base/json_write.h"

// As far ahead as a token's end is looked for: ten years.
#define EXPIRY_MAX_MS ((int64_t)10 * 366 * 24 * 3600 * 1000)

static void refuse(struct ws_connection *connection, const char *message)
{
    struct kdb_buf text = {0};
    KDB_BUF_LIT(&text, "{\"type\":\"auth_error\",\"message\":");
    kdb_json_string(&text, kdb_slice_cstr(message));
    kdb_buf_put(&text, '}');
    ws_send_text(connection, kdb_buf_view(&text));
    kdb_buf_deinit(&text);
    ws_end(connection, KDB_WS_POLICY, "Authentication failed");
}

static void welcome(struct ws_connection *connection)
{
    struct kdb_buf text = {0};
    KDB_BUF_LIT(&text, "{\"type\":\"auth_success\",\"user\":");
    kdb_json_string(&text, connection->user);
    KDB_BUF_LIT(&text, ",\"role\":");
    kdb_json_string(&text, kdb_slice_cstr(kdb_role_name(connection->role)));
    KDB_BUF_LIT(&text, ",\"protocol\":{\"serialization\":");
    kdb_json_string(&text, connection->is_packed ? KDB_LIT("msgpack") : KDB_LIT("json"));
    KDB_BUF_LIT(&text, ",\"compression\":");
    kdb_json_string(&text, connection->may_compress ? KDB_LIT("gzip") : KDB_LIT("none"));
    KDB_BUF_LIT(&text, "}}");
    ws_send_text(connection, kdb_buf_view(&text));
    kdb_buf_deinit(&text);
}

bool ws_is_valid(const struct ws_connection *connection)
{
    const struct kdb_user *user =
        kdb_catalog_user(api_snapshot(connection->loop->api), connection->user);
    return user && user->deleted_at_us == 0 && user->role == connection->role;
}

// The connection ends when its token does. Other issuers' may say any number.
static void watch_expiry(struct ws_connection *connection, int64_t expires_at_s)
{
    struct kdb_api_loop *api = connection->loop->api;
    int64_t now_ms = kdb_clock_now_us(api->api->options.services->clock) / 1000;
    int64_t left_ms = EXPIRY_MAX_MS;
    if (expires_at_s < (now_ms + EXPIRY_MAX_MS) / 1000)
        left_ms = expires_at_s * 1000 - now_ms;
    kdb_ws_set_timer(connection->ws, kdb_loop_now_ms(api->loop) + (left_ms > 0 ? left_ms : 0));
}

void ws_sign_in(struct ws_connection *connection, kdb_slice token)
{
    struct kdb_api_loop *api = connection->loop->api;
    if (connection->is_authenticated) {
        welcome(connection);
        return;
    }
    if (!api_auth_rate_allows(api->api, &connection->client)) {
        refuse(connection, "Too many authentication attempts. Please retry shortly.");
        return;
    }
    struct kdb_token_claims claims;
    if (kdb_token_check(api->tokens, token, KDB_TOKEN_ACCESS, &claims) != KDB_TOKEN_VALID) {
        refuse(connection, "Invalid credentials");
        return;
    }
    connection->user =
        kdb_slice_of(kdb_alloc_text(claims.user.data, claims.user.len), claims.user.len);
    connection->role = claims.role;
    if (!ws_is_valid(connection)) {
        refuse(connection, "Invalid credentials");
        return;
    }
    connection->is_authenticated = true;
    watch_expiry(connection, claims.expires_at_s);
    welcome(connection);
}
