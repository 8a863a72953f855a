// SPDX-License-Identifier: Apache-2.0
// What the API's requests say and what their answers mean.
#include "client/client.h"

#include <string.h>

#include "base/alloc.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "client/client_priv.h"

#define CONNECT_TIMEOUT_MS 10000
#define RECEIVE_TIMEOUT_MS 60000
#define REPLY_BYTES_MAX    ((size_t)256 * 1024 * 1024)
#define REPLY_DEPTH_MAX    64

// Of a text/plain answer, how much a message shows.
#define PLAIN_BYTES_SHOWN 200

kdb_status kdb_client_open(const struct kdb_client_options *options, struct kdb_ctx *ctx,
                           struct kdb_client **ret_client)
{
    struct kdb_client *client = kdb_alloc(sizeof(*client));
    client->stream = CLIENT_STREAM_CLOSED;
    kdb_arena_init(&client->arena, 0);
    kdb_status status = client_url_parse(options->url, ctx, &client->arena, &client->url);
    if (status == KDB_OK && client->url.is_tls)
        status = client_tls_open(ctx, options->ca_file, &client->tls);
    if (status != KDB_OK) {
        kdb_client_close(client);
        return status;
    }
    client->connect_timeout_ms =
        options->connect_timeout_ms ? options->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    client->receive_timeout_ms =
        options->receive_timeout_ms ? options->receive_timeout_ms : RECEIVE_TIMEOUT_MS;
    client->response.body.limit =
        options->reply_bytes_max ? options->reply_bytes_max : REPLY_BYTES_MAX;
    client->received = kdb_alloc(CLIENT_RECEIVE_BYTES);
    *ret_client = client;
    return KDB_OK;
}

void client_wipe(struct kdb_buf *buf)
{
    if (buf->len > 0)
        explicit_bzero(buf->data, buf->len);
    kdb_buf_clear(buf);
}

static void wipe_and_free(struct kdb_buf *buf)
{
    client_wipe(buf);
    kdb_buf_deinit(buf);
}

void kdb_client_close(struct kdb_client *client)
{
    if (!client)
        return;
    client_disconnect(client);
    client_tls_close(client->tls);
    wipe_and_free(&client->head);
    wipe_and_free(&client->body);
    wipe_and_free(&client->access_token);
    wipe_and_free(&client->refresh_token);
    wipe_and_free(&client->response.body);
    client_response_deinit(&client->response);
    if (client->received)
        explicit_bzero(client->received, CLIENT_RECEIVE_BYTES);
    kdb_free(client->received);
    kdb_arena_deinit(&client->arena);
    kdb_free(client);
}

static void set_reply(const struct kdb_client *client, struct kdb_reply *ret_reply)
{
    *ret_reply = (struct kdb_reply){client->response.status, kdb_buf_view(&client->response.body)};
}

static kdb_status exchange(struct kdb_client *client, struct kdb_ctx *ctx,
                           const struct client_request *request, struct kdb_reply *ret_reply)
{
    KDB_TRY(client_exchange(client, ctx, request));
    set_reply(client, ret_reply);
    return KDB_OK;
}

kdb_status kdb_client_request(struct kdb_client *client, struct kdb_ctx *ctx, const char *method,
                              const char *path, kdb_slice body, struct kdb_reply *ret_reply)
{
    client_wipe(&client->body);
    kdb_buf_slice(&client->body, body);
    const struct client_request request = {.method = method,
                                           .path = kdb_slice_cstr(path),
                                           .token = kdb_buf_view(&client->access_token),
                                           .has_body = body.data != NULL};
    return exchange(client, ctx, &request, ret_reply);
}

kdb_status kdb_client_parse(const struct kdb_reply *reply, struct kdb_ctx *ctx,
                            const struct kdb_json **ret_root)
{
    const struct kdb_json_limits limits = {.size_max = SIZE_MAX, .depth_max = REPLY_DEPTH_MAX};
    if (kdb_json_parse(ctx, reply->body, &limits, ret_root) == KDB_OK)
        return KDB_OK;
    if (ctx->error.status != KDB_ERR_INVALID_INPUT)
        return ctx->error.status;
    ctx->error.status = KDB_ERR_CORRUPT;
    return kdb_wrap(ctx, "the answer (HTTP %d) is no JSON", reply->http_status);
}

static kdb_slice text_of(const struct kdb_json *object, kdb_slice name)
{
    const struct kdb_json *value = kdb_json_get(object, name);
    return value && value->type == KDB_JSON_STRING ? value->text : (kdb_slice){0};
}

// ---- answers of the sign-in pages ----

static kdb_status status_of_http(int http)
{
    switch (http) {
    case 400:
    case 413:
        return KDB_ERR_INVALID_INPUT;
    case 401:
        return KDB_ERR_UNAUTHORIZED;
    case 403:
        return KDB_ERR_PERMISSION_DENIED;
    case 404:
        return KDB_ERR_NOT_FOUND;
    case 409:
        return KDB_ERR_ALREADY_EXISTS;
    case 428:
        return KDB_ERR_INVALID_OPERATION;
    case 429:
        return KDB_ERR_RATE_LIMITED;
    default:
        return http >= 500 ? KDB_ERR_UNAVAILABLE : KDB_ERR_EXECUTION;
    }
}

// Fails with what a refusing answer says.
static kdb_status refused(const struct kdb_reply *reply, struct kdb_ctx *ctx)
{
    kdb_status status = status_of_http(reply->http_status);
    const struct kdb_json *root = NULL;
    kdb_slice message = {0};
    if (kdb_client_parse(reply, ctx, &root) == KDB_OK) {
        message = text_of(root, KDB_LIT("message"));
        if (!message.data) // the SQL envelope, or an error without a message
            message = text_of(kdb_json_get(root, KDB_LIT("error")), KDB_LIT("message"));
        if (!message.data)
            message = text_of(root, KDB_LIT("error"));
    } else {
        kdb_ctx_clear_error(ctx);
        message = reply->body;
        size_t valid = kdb_utf8_valid_prefix(message);
        message.len = valid < PLAIN_BYTES_SHOWN ? valid : PLAIN_BYTES_SHOWN;
    }
    if (message.len > 0)
        return kdb_fail(ctx, status, "%.*s", KDB_ARG(message));
    return kdb_fail(ctx, status, "the server answered with HTTP status %d", reply->http_status);
}

kdb_status client_refused(struct kdb_client *client, struct kdb_ctx *ctx)
{
    struct kdb_reply reply;
    set_reply(client, &reply);
    return refused(&reply, ctx);
}

// The tree of a 200; any other answer is a failure with its message.
static kdb_status parse_success(const struct kdb_reply *reply, struct kdb_ctx *ctx,
                                const struct kdb_json **ret_root)
{
    if (reply->http_status != 200)
        return refused(reply, ctx);
    return kdb_client_parse(reply, ctx, ret_root);
}

static kdb_status lacks(struct kdb_ctx *ctx, const char *what)
{
    return kdb_fail(ctx, KDB_ERR_CORRUPT, "this is no answer of a KalamDB server: it has no %s",
                    what);
}

// Token bytes go into a header field: visible ASCII only.
static bool is_token(kdb_slice token)
{
    for (size_t i = 0; i < token.len; i++) {
        if (token.data[i] <= ' ' || token.data[i] > '~')
            return false;
    }
    return token.len > 0;
}

static void keep_token(struct kdb_buf *kept, kdb_slice token)
{
    client_wipe(kept);
    kdb_buf_slice(kept, token);
}

kdb_status kdb_client_set_token(struct kdb_client *client, struct kdb_ctx *ctx, kdb_slice token)
{
    if (token.data && !is_token(token))
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "the token is malformed");
    keep_token(&client->access_token, token);
    client_wipe(&client->refresh_token);
    return KDB_OK;
}

static kdb_status take_tokens(struct kdb_client *client, struct kdb_ctx *ctx,
                              const struct kdb_reply *reply)
{
    const struct kdb_json *root = NULL;
    KDB_TRY(parse_success(reply, ctx, &root));
    kdb_slice access = text_of(root, KDB_LIT("access_token"));
    kdb_slice refresh = text_of(root, KDB_LIT("refresh_token"));
    if (!is_token(access))
        return lacks(ctx, "access token");
    keep_token(&client->access_token, access);
    keep_token(&client->refresh_token, is_token(refresh) ? refresh : (kdb_slice){0});
    client_wipe(&client->response.body);
    return KDB_OK;
}

kdb_status client_put_text(struct kdb_buf *body, struct kdb_ctx *ctx, const char *name,
                           kdb_slice text)
{
    size_t valid = kdb_utf8_valid_prefix(text);
    if (valid < text.len)
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "the %s is not valid UTF-8 (byte %zu)", name,
                        valid + 1);
    KDB_BUF_LIT(body, "\"");
    kdb_buf_slice(body, kdb_slice_cstr(name));
    KDB_BUF_LIT(body, "\":");
    kdb_json_string(body, text);
    return KDB_OK;
}

kdb_status kdb_client_login(struct kdb_client *client, struct kdb_ctx *ctx, kdb_slice user,
                            kdb_slice password)
{
    struct kdb_buf *body = &client->body;
    client_wipe(body);
    kdb_buf_put(body, '{');
    KDB_TRY(client_put_text(body, ctx, "user", user));
    kdb_buf_put(body, ',');
    KDB_TRY(client_put_text(body, ctx, "password", password));
    kdb_buf_put(body, '}');
    const struct client_request request = {
        .method = "POST", .path = KDB_LIT("/v1/api/auth/login"), .has_body = true};
    struct kdb_reply reply;
    kdb_status status = exchange(client, ctx, &request, &reply);
    client_wipe(body);
    KDB_TRY(status);
    return take_tokens(client, ctx, &reply);
}

kdb_status kdb_client_identity(struct kdb_client *client, struct kdb_ctx *ctx,
                               struct kdb_client_identity *ret_identity)
{
    struct kdb_reply reply;
    KDB_TRY(kdb_client_request(client, ctx, "GET", "/v1/api/auth/me", (kdb_slice){0}, &reply));
    const struct kdb_json *root = NULL;
    KDB_TRY(parse_success(&reply, ctx, &root));
    const struct kdb_json *user = kdb_json_get(root, KDB_LIT("user"));
    kdb_slice id = text_of(user, KDB_LIT("id"));
    if (!id.data)
        return lacks(ctx, "user");
    ret_identity->user = kdb_arena_copy(&ctx->arena, id);
    ret_identity->role = kdb_arena_copy(&ctx->arena, text_of(user, KDB_LIT("role")));
    return KDB_OK;
}

// ---- SQL ----

static bool is_expired(const struct kdb_reply *reply, struct kdb_ctx *ctx)
{
    const struct kdb_json *root = NULL;
    if (reply->http_status != 401)
        return false;
    if (kdb_client_parse(reply, ctx, &root) != KDB_OK) {
        kdb_ctx_clear_error(ctx);
        return false;
    }
    kdb_slice code = text_of(kdb_json_get(root, KDB_LIT("error")), KDB_LIT("code"));
    return kdb_slice_equal(code, KDB_LIT("TOKEN_EXPIRED"));
}

static kdb_status refresh(struct kdb_client *client, struct kdb_ctx *ctx)
{
    const struct client_request request = {.method = "POST",
                                           .path = KDB_LIT("/v1/api/auth/refresh"),
                                           .token = kdb_buf_view(&client->refresh_token)};
    struct kdb_reply reply;
    KDB_TRY(exchange(client, ctx, &request, &reply));
    return take_tokens(client, ctx, &reply);
}

static kdb_status send_query(struct kdb_client *client, struct kdb_ctx *ctx,
                             struct kdb_reply *ret_reply)
{
    const struct client_request request = {.method = "POST",
                                           .path = KDB_LIT("/v1/api/sql"),
                                           .token = kdb_buf_view(&client->access_token),
                                           .has_body = true};
    return exchange(client, ctx, &request, ret_reply);
}

kdb_status kdb_client_query(struct kdb_client *client, struct kdb_ctx *ctx, kdb_slice sql,
                            kdb_slice params, kdb_slice space, struct kdb_reply *ret_reply)
{
    struct kdb_buf *body = &client->body;
    client_wipe(body);
    kdb_buf_put(body, '{');
    KDB_TRY(client_put_text(body, ctx, "sql", sql));
    if (params.data) {
        KDB_BUF_LIT(body, ",\"params\":");
        kdb_buf_slice(body, params);
    }
    if (space.data) {
        kdb_buf_put(body, ',');
        KDB_TRY(client_put_text(body, ctx, "namespace_id", space));
    }
    kdb_buf_put(body, '}');
    KDB_TRY(send_query(client, ctx, ret_reply));
    if (client->refresh_token.len == 0 || !is_expired(ret_reply, ctx))
        return KDB_OK;
    // The refresh has no body of its own, so this request's is still there.
    if (refresh(client, ctx) != KDB_OK)
        return kdb_wrap(ctx, "the session has expired");
    return send_query(client, ctx, ret_reply);
}

// ---- the server's state ----

kdb_status kdb_client_health(struct kdb_client *client, struct kdb_ctx *ctx,
                             struct kdb_client_health *ret_health)
{
    struct kdb_reply reply;
    KDB_TRY(kdb_client_request(client, ctx, "GET", "/v1/api/healthcheck", (kdb_slice){0}, &reply));
    if (reply.http_status == 403) {
        *ret_health = (struct kdb_client_health){.is_restricted = true};
        return KDB_OK;
    }
    const struct kdb_json *root = NULL;
    KDB_TRY(parse_success(&reply, ctx, &root));
    kdb_slice status = text_of(root, KDB_LIT("status"));
    if (!status.data)
        return lacks(ctx, "status");
    ret_health->is_restricted = false;
    ret_health->status = kdb_arena_copy(&ctx->arena, status);
    ret_health->version = kdb_arena_copy(&ctx->arena, text_of(root, KDB_LIT("version")));
    return KDB_OK;
}

kdb_status kdb_client_needs_setup(struct kdb_client *client, struct kdb_ctx *ctx,
                                  bool *ret_needs_setup)
{
    struct kdb_reply reply;
    KDB_TRY(kdb_client_request(client, ctx, "GET", "/v1/api/auth/status", (kdb_slice){0}, &reply));
    const struct kdb_json *root = NULL;
    KDB_TRY(parse_success(&reply, ctx, &root));
    const struct kdb_json *needs = kdb_json_get(root, KDB_LIT("needs_setup"));
    if (!needs || needs->type != KDB_JSON_BOOL)
        return lacks(ctx, "needs_setup");
    *ret_needs_setup = needs->integer != 0;
    return KDB_OK;
}

static kdb_status write_setup(struct kdb_buf *body, struct kdb_ctx *ctx,
                              const struct kdb_client_setup *setup)
{
    kdb_buf_put(body, '{');
    KDB_TRY(client_put_text(body, ctx, "user", setup->user));
    kdb_buf_put(body, ',');
    KDB_TRY(client_put_text(body, ctx, "password", setup->password));
    kdb_buf_put(body, ',');
    KDB_TRY(client_put_text(body, ctx, "root_password", setup->root_password));
    if (setup->email.data) {
        kdb_buf_put(body, ',');
        KDB_TRY(client_put_text(body, ctx, "email", setup->email));
    }
    kdb_buf_put(body, '}');
    return KDB_OK;
}

kdb_status kdb_client_setup(struct kdb_client *client, struct kdb_ctx *ctx,
                            const struct kdb_client_setup *setup, kdb_slice *ret_message)
{
    client_wipe(&client->body);
    KDB_TRY(write_setup(&client->body, ctx, setup));
    const struct client_request request = {
        .method = "POST", .path = KDB_LIT("/v1/api/auth/setup"), .has_body = true};
    struct kdb_reply reply;
    kdb_status status = exchange(client, ctx, &request, &reply);
    client_wipe(&client->body);
    KDB_TRY(status);
    const struct kdb_json *root = NULL;
    KDB_TRY(parse_success(&reply, ctx, &root));
    *ret_message = kdb_arena_copy(&ctx->arena, text_of(root, KDB_LIT("message")));
    return KDB_OK;
}
