// SPDX-License-Identifier: Apache-2.0
// A small blocking HTTP client of the server's API: sign in, run SQL, look at the server's state.
//
// For the command line, benchmarks and tests. One client is one keep-alive connection, opened when
// it is first needed and again when it was lost, and the tokens of one user; it belongs to one
// thread at a time, and threads do not share anything but the process. Buffers are kept from
// request to request. A request is sent again only when the server cannot have seen it; otherwise a
// lost connection is an error, because the statement may have run. Under https the server must show
// a certificate of a trusted issuer for the URL's host, or there is no connection.
//
// What the server says about a statement is a result, not a failure: a refused statement gives
// KDB_OK and a reply with its HTTP status (results.h reads it). A status means that there is no
// answer: UNAVAILABLE (no connection, or lost), TIMEOUT, CANCELLED (ctx), CORRUPT (no answer of a
// KalamDB server), LIMIT_EXCEEDED (longer than reply_bytes_max), INVALID_INPUT (the request itself:
// a bad URL, text that is no UTF-8). Messages never hold passwords or tokens.
#ifndef KDB_CLIENT_CLIENT_H
#define KDB_CLIENT_CLIENT_H

#include "base/ctx.h"
#include "base/json_read.h"

struct kdb_client;

// Zero in any number takes its default.
struct kdb_client_options {
    kdb_slice url;     // http[s]://host[:port][/prefix]
    kdb_slice ca_file; // PEM, of whom to trust instead of the system's; may be the null slice
    int64_t connect_timeout_ms; // 10,000; for each address of the host
    int64_t receive_timeout_ms; // 60,000; how long the server may be silent
    size_t reply_bytes_max;     // 256 MiB
};

// The answer to one request. `body` lives until the client's next request.
struct kdb_reply {
    int http_status;
    kdb_slice body;
};

// Takes the URL apart and makes a client; does not connect yet. INVALID_INPUT says what is wrong
// with the URL or the CA file.
KDB_NODISCARD kdb_status kdb_client_open(const struct kdb_client_options *options,
                                         struct kdb_ctx *ctx, struct kdb_client **ret_client);

// Closes the connection and wipes the tokens. Accepts NULL.
void kdb_client_close(struct kdb_client *client);
KDB_AUTO_DEFINE(struct kdb_client, kdb_client_close)

// One request of any kind, for what has no function of its own. `path` is behind the URL's prefix
// and begins with a slash; `body` is JSON, sent when it is not the null slice. The access token
// goes along when there is one.
KDB_NODISCARD kdb_status kdb_client_request(struct kdb_client *client, struct kdb_ctx *ctx,
                                            const char *method, const char *path, kdb_slice body,
                                            struct kdb_reply *ret_reply);

// Signs in and keeps both tokens. UNAUTHORIZED for wrong credentials, with the server's words.
KDB_NODISCARD kdb_status kdb_client_login(struct kdb_client *client, struct kdb_ctx *ctx,
                                          kdb_slice user, kdb_slice password);

// Uses this access token from now on, without any to refresh it. The null slice signs out. A token
// with bytes that no token has is refused: INVALID_INPUT.
KDB_NODISCARD kdb_status kdb_client_set_token(struct kdb_client *client, struct kdb_ctx *ctx,
                                              kdb_slice token);

// Whom the access token stands for. UNAUTHORIZED when the server does not take it. Memory: ctx
// arena.
struct kdb_client_identity {
    kdb_slice user;
    kdb_slice role;
};
KDB_NODISCARD kdb_status kdb_client_identity(struct kdb_client *client, struct kdb_ctx *ctx,
                                             struct kdb_client_identity *ret_identity);

// Runs SQL. `params` is the text of a JSON array, `space` the namespace of unqualified names; both
// may be the null slice. When the access token has expired it is refreshed, once, and the request
// sent again.
KDB_NODISCARD kdb_status kdb_client_query(struct kdb_client *client, struct kdb_ctx *ctx,
                                          kdb_slice sql, kdb_slice params, kdb_slice space,
                                          struct kdb_reply *ret_reply);

// A reply's body as a tree, for tests and whatever looks at more than results.h shows. Borrows the
// body. CORRUPT when it is no JSON.
KDB_NODISCARD kdb_status kdb_client_parse(const struct kdb_reply *reply, struct kdb_ctx *ctx,
                                          const struct kdb_json **ret_root);

// What the health check says. Memory: ctx arena.
struct kdb_client_health {
    bool
        is_restricted; // the server is there but tells it to its own machine only; no more is known
    kdb_slice status;  // "healthy"
    kdb_slice version; // may be empty
};
KDB_NODISCARD kdb_status kdb_client_health(struct kdb_client *client, struct kdb_ctx *ctx,
                                           struct kdb_client_health *ret_health);

// Whether the server waits for its first-run setup. PERMISSION_DENIED from another machine.
KDB_NODISCARD kdb_status kdb_client_needs_setup(struct kdb_client *client, struct kdb_ctx *ctx,
                                                bool *ret_needs_setup);

// First-run setup: makes the administrator and root's password. ALREADY_EXISTS, INVALID_INPUT,
// PERMISSION_DENIED with the server's words. `ret_message` in the ctx arena; does not sign in.
struct kdb_client_setup {
    kdb_slice user;
    kdb_slice password;
    kdb_slice root_password;
    kdb_slice email; // may be the null slice
};
KDB_NODISCARD kdb_status kdb_client_setup(struct kdb_client *client, struct kdb_ctx *ctx,
                                          const struct kdb_client_setup *setup,
                                          kdb_slice *ret_message);

#endif
