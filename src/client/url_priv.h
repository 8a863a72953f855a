// SPDX-License-Identifier: Apache-2.0
// The address of a server, taken apart.
#ifndef KDB_CLIENT_URL_PRIV_H
#define KDB_CLIENT_URL_PRIV_H

#include "base/ctx.h"

// The parts of "https://host:port/prefix". Each has a NUL behind it.
struct client_url {
    kdb_slice host;      // name or address, an IPv6 address without its brackets
    kdb_slice port;      // digits; 80, or 443 for https, when the URL has none
    kdb_slice authority; // host and port as the Host field has them
    kdb_slice prefix;    // path before /v1/api, no slash at its end, usually empty
    bool is_tls;         // https
};

// Takes a URL apart; the parts are copies in `arena`. INVALID_INPUT, saying what is wrong, for
// anything but http[s]://host[:port][/path]: credentials, a query or a fragment in it, other
// schemes, and no scheme at all, which is http, unless the host is this machine.
KDB_NODISCARD kdb_status client_url_parse(kdb_slice text, struct kdb_ctx *ctx,
                                          struct kdb_arena *arena, struct client_url *ret_url);

#endif
