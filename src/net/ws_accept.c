// SPDX-License-Identifier: Apache-2.0
// The opening handshake of a WebSocket (RFC 6455, section 4.2).
#include <string.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/digest.h"
#include "base/hex.h"
#include "net/http1_priv.h"
#include "net/ws_priv.h"

enum {
    key_chars = 22, // of the key, without its padding: 16 bytes in base64
    accept_bytes_max = 32,
};

static void respond_text(struct kdb_http_request *request, int status, const char *text,
                         const struct kdb_http_field *fields, size_t field_count)
{
    struct kdb_http_response response = {.status = status,
                                         .content_type = KDB_LIT("text/plain; charset=utf-8"),
                                         .fields = fields,
                                         .field_count = field_count};
    struct kdb_buf body = {0};
    kdb_buf_slice(&body, kdb_slice_cstr(text));
    kdb_http_respond(request, &response, &body);
    kdb_buf_deinit(&body);
}

static void respond_upgrade_required(struct kdb_http_request *request, const char *text)
{
    const struct kdb_http_field fields[] = {
        {KDB_LIT("Upgrade"), KDB_LIT("websocket")},
        {KDB_LIT("Sec-WebSocket-Version"), KDB_LIT("13")},
    };
    respond_text(request, 426, text, fields, 2);
}

// Whether a comma-separated list has the word, ignoring case.
static bool has_word(kdb_slice list, kdb_slice word)
{
    while (list.len > 0) {
        const char *comma = memchr(list.data, ',', list.len);
        size_t len = comma ? (size_t)(comma - list.data) : list.len;
        if (kdb_slice_equal_nocase(kdb_slice_trim(kdb_slice_of(list.data, len)), word))
            return true;
        list = kdb_slice_skip(list, len + 1);
    }
    return false;
}

// The only header of that name; null slice when there is none or more than one.
static kdb_slice single_header(const struct kdb_http_request *request, kdb_slice name)
{
    kdb_slice value = {0};
    for (size_t i = 0; i < request->field_count; i++) {
        if (!kdb_slice_equal_nocase(request->fields[i].name, name))
            continue;
        if (value.data)
            return (kdb_slice){0};
        value = request->fields[i].value;
    }
    return value;
}

// Base64 and base64url differ in two characters.
static void swap_letters(char *text, size_t len, const char *from, const char *to)
{
    for (size_t i = 0; i < len; i++) {
        const char *at = memchr(from, text[i], 2);
        if (at)
            text[i] = to[at - from];
    }
}

static bool is_key(struct kdb_http_request *request, kdb_slice key)
{
    if (key.len != key_chars + 2 || memcmp(key.data + key_chars, "==", 2) != 0 ||
        memchr(key.data, '-', key.len) || memchr(key.data, '_', key.len))
        return false;
    char text[key_chars];
    memcpy(text, key.data, key_chars);
    swap_letters(text, key_chars, "+/", "-_");
    kdb_slice bytes;
    return kdb_base64url_decode(&request->ctx.arena, kdb_slice_of(text, key_chars), &bytes);
}

// Appends the answer to a key.
static void append_accept(struct kdb_buf *out, struct kdb_arena *arena, kdb_slice key)
{
    static const char salt[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char salted[key_chars + 2 + sizeof(salt) - 1];
    memcpy(salted, key.data, key_chars + 2);
    memcpy(salted + key_chars + 2, salt, sizeof(salt) - 1);
    uint8_t digest[KDB_SHA1_BYTES];
    kdb_sha1(kdb_slice_of(salted, sizeof(salted)), digest);
    kdb_slice url = kdb_base64url_text(arena, kdb_slice_of(digest, sizeof(digest)));
    char text[accept_bytes_max];
    KDB_ASSERT(url.len < sizeof(text));
    memcpy(text, url.data, url.len);
    swap_letters(text, url.len, "-_", "+/");
    kdb_buf_append(out, text, url.len);
    KDB_BUF_LIT(out, "=");
}

// Whether the request is a proper handshake; answers it when it is not.
static bool check_handshake(struct kdb_http_request *request, bool is_http10)
{
    if (request->method != KDB_HTTP_GET || is_http10 || !request->is_upgrade ||
        !has_word(request->known[KDB_HTTP_UPGRADE], KDB_LIT("websocket"))) {
        respond_upgrade_required(request, "This is a WebSocket: send GET with HTTP/1.1, "
                                          "Connection: Upgrade and Upgrade: websocket");
        return false;
    }
    if (!kdb_slice_equal(single_header(request, KDB_LIT("sec-websocket-version")), KDB_LIT("13"))) {
        respond_upgrade_required(request, "Sec-WebSocket-Version must be 13");
        return false;
    }
    if (!is_key(request, single_header(request, KDB_LIT("sec-websocket-key")))) {
        respond_text(request, 400, "Sec-WebSocket-Key must be 16 bytes in base64", NULL, 0);
        return false;
    }
    if (request->body.len > 0) {
        respond_text(request, 400, "A WebSocket handshake has no body", NULL, 0);
        return false;
    }
    return true;
}

// Whether there is room for one more; answers the request when there is not.
static bool take_place(struct kdb_http_request *request, struct kdb_http1_env *env)
{
    struct kdb_http1_totals *totals = env->totals;
    size_t before = atomic_fetch_add_explicit(&totals->websockets_now, 1, memory_order_relaxed);
    if (!env->is_stopping && before < env->limits->websocket.connections_max) {
        atomic_fetch_add_explicit(&totals->websockets, 1, memory_order_relaxed);
        return true;
    }
    atomic_fetch_sub_explicit(&totals->websockets_now, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&totals->refused, 1, memory_order_relaxed);
    respond_text(request, 503,
                 env->is_stopping ? "Server is shutting down" : "Too many WebSocket connections",
                 NULL, 0);
    return false;
}

struct kdb_ws *kdb_ws_accept(struct kdb_http_request *request, const struct kdb_ws_handler *handler,
                             void *self)
{
    struct kdb_http1_slot *slot = (struct kdb_http1_slot *)request;
    if (!slot->http) {
        kdb_http_respond(request, &(struct kdb_http_response){.status = 503}, NULL);
        return NULL;
    }
    if (!check_handshake(request, slot->is_http10) || !take_place(request, slot->env))
        return NULL;
    struct kdb_buf answer = {0};
    KDB_BUF_LIT(&answer, "HTTP/1.1 101 Switching Protocols\r\n"
                         "Upgrade: websocket\r\n"
                         "Connection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: ");
    append_accept(&answer, &request->ctx.arena,
                  single_header(request, KDB_LIT("sec-websocket-key")));
    KDB_BUF_LIT(&answer, "\r\n\r\n");
    struct kdb_ws *ws = net_ws_create(slot->http, handler, self, kdb_buf_view(&answer));
    kdb_buf_deinit(&answer);
    net_http1_take_over(slot, ws);
    return ws;
}
