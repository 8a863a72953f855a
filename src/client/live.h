// SPDX-License-Identifier: Apache-2.0
// A blocking client of live queries: one WebSocket with its subscriptions (docs/PROTOCOL.md).
//
// Made from an HTTP client that has signed in, which it does not need any longer once it is open.
// One thread at a time. Nothing is repeated behind the caller's back: a connection that is lost is
// an error, and the caller opens another and goes on with "from". The connection is kept alive
// only while somebody waits in kdb_client_live_next.
//
// A status other than OK means that the connection is of no more use: UNAVAILABLE (lost, or closed
// by the server), UNAUTHORIZED (closed because of who signed in), CANCELLED (ctx), CORRUPT and
// LIMIT_EXCEEDED (not what a KalamDB server sends). What the server says about a subscription,
// errors too, are messages.
#ifndef KDB_CLIENT_LIVE_H
#define KDB_CLIENT_LIVE_H

#include "client/client.h"

struct kdb_client_live;

// Opens a WebSocket with the client's access token. `ping_interval_ms`: how long this side may be
// silent, 0 takes 30,000; a server that does not answer a ping within the client's
// receive_timeout_ms counts as lost.
// UNAUTHORIZED when the server does not take the token (a query refreshes an expired one).
KDB_NODISCARD kdb_status kdb_client_live_open(struct kdb_client *client, struct kdb_ctx *ctx,
                                              int64_t ping_interval_ms,
                                              struct kdb_client_live **ret_live);

// Says good-bye, as far as that goes without waiting, and closes. Accepts NULL.
void kdb_client_live_close(struct kdb_client_live *live);
KDB_AUTO_DEFINE(struct kdb_client_live, kdb_client_live_close)

// Subscribes under an id of the caller's. `options` is the text of a JSON object or null.
KDB_NODISCARD kdb_status kdb_client_live_subscribe(struct kdb_client_live *live,
                                                   struct kdb_ctx *ctx, kdb_slice id, kdb_slice sql,
                                                   kdb_slice options);

// One message of the server.
struct kdb_client_message {
    kdb_slice text;              // as it came; lives until the connection's next call
    const struct kdb_json *root; // borrows the text, its tree is in the ctx arena
};

// Waits for the next message; `root` is NULL when none came within `timeout_ms` (negative: waits
// for ever). The caller may reset the ctx arena between two messages.
KDB_NODISCARD kdb_status kdb_client_live_next(struct kdb_client_live *live, struct kdb_ctx *ctx,
                                              int64_t timeout_ms,
                                              struct kdb_client_message *ret_message);

#endif
