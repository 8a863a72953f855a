// SPDX-License-Identifier: Apache-2.0
// The client's side of TLS: whom to trust, and the session of one connection.
//
// TLS 1.2 and later. A server must show a certificate that is valid now, of a trusted issuer, and
// for the very host of the URL; there is no way to connect without.
#ifndef KDB_CLIENT_TLS_PRIV_H
#define KDB_CLIENT_TLS_PRIV_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/ctx.h"
#include "client/url_priv.h"

// What all connections of a client share.
struct client_tls;

// Trusts the certificates of a PEM file and no others, or, without a file (the null slice), the
// system's. INVALID_INPUT says what is wrong with the file.
KDB_NODISCARD kdb_status client_tls_open(struct kdb_ctx *ctx, kdb_slice ca_file,
                                         struct client_tls **ret_tls);

// Accepts NULL. Sessions may live longer.
void client_tls_close(struct client_tls *tls);

struct client_tls_session;

// Shakes hands over a connected socket whose calls wait for a piece of time, and looks at the
// server's certificate. UNAVAILABLE says why there is no session, and what would help; CANCELLED
// (ctx). The socket stays the caller's.
KDB_NODISCARD kdb_status client_tls_connect(const struct client_tls *tls, struct kdb_ctx *ctx,
                                            int fd, const struct client_url *url,
                                            int64_t timeout_ms,
                                            struct client_tls_session **ret_session);

// Tells the server that nothing more comes, unless the session is broken. Before the socket is
// closed. Accepts NULL.
void client_tls_session_close(struct client_tls_session *session);

// As client_stream_receive and client_stream_send.
ssize_t client_tls_receive(struct client_tls_session *session, char *at, size_t size);
ssize_t client_tls_send(struct client_tls_session *session, const void *data, size_t size);

// Whether there are bytes of the server's, or its end. `is_readable`: the socket has something.
bool client_tls_has_news(struct client_tls_session *session, bool is_readable);

#endif
