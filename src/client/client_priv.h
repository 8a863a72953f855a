// SPDX-License-Identifier: Apache-2.0
// The client's body, and the exchange of one request for one answer over its connection.
#ifndef KDB_CLIENT_CLIENT_PRIV_H
#define KDB_CLIENT_CLIENT_PRIV_H

#include "client/client.h"
#include "client/response_priv.h"
#include "client/stream_priv.h"
#include "client/tls_priv.h"
#include "client/url_priv.h"

struct kdb_client {
    struct kdb_arena arena; // of the URL's parts
    struct client_url url;
    int64_t connect_timeout_ms;
    int64_t receive_timeout_ms;
    struct client_tls *tls; // NULL: the URL is http
    struct client_stream stream;
    int64_t last_used_ns; // kdb_monotonic_ns of the last answer
    struct kdb_buf head;  // of the request
    struct kdb_buf body;  // of the request
    char *received;       // CLIENT_RECEIVE_BYTES
    struct client_response response;
    kdb_slice behind; // in `received`: what came behind the response
    struct kdb_buf access_token;
    struct kdb_buf refresh_token;
};

// What one recv may bring.
#define CLIENT_RECEIVE_BYTES ((size_t)64 * 1024)

// What a request says besides its body, which is client->body or nothing.
struct client_request {
    const char *method;
    kdb_slice path;
    kdb_slice token; // for Authorization, may be empty
    bool has_body;
    kdb_slice websocket_key; // asks for a WebSocket; the null slice: does not
};

// Sends the request over the open connection or a new one and reads the whole answer into
// client->response. Fails as client.h says; the connection is closed then. A WebSocket is there
// when it was asked for and the status is CLIENT_STATUS_SWITCHED; its first bytes may be in
// client->behind.
KDB_NODISCARD kdb_status client_exchange(struct kdb_client *client, struct kdb_ctx *ctx,
                                         const struct client_request *request);

// Fails with what the refusing answer in client->response says.
kdb_status client_refused(struct kdb_client *client, struct kdb_ctx *ctx);

// Appends the JSON member "name":"text" to what the client sends. INVALID_INPUT when the text is
// not UTF-8.
KDB_NODISCARD kdb_status client_put_text(struct kdb_buf *body, struct kdb_ctx *ctx,
                                         const char *name, kdb_slice text);

// Connects client->stream to the first address of the URL's host that answers, and shakes hands
// with it for TLS. UNAVAILABLE, CANCELLED.
KDB_NODISCARD kdb_status client_connect(struct kdb_client *client, struct kdb_ctx *ctx);

// Closes the connection, if there is one.
void client_disconnect(struct kdb_client *client);

// Empties a buffer whose content is a secret, leaving no copy in its memory.
void client_wipe(struct kdb_buf *buf);

#endif
