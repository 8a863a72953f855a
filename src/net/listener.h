// SPDX-License-Identifier: Apache-2.0
// The HTTP server: a listening socket, its connections spread over the loops, limits on everything,
// orderly stop.
//
// One loop accepts and gives each connection to the loop that has the fewest. One socket (no
// SO_REUSEPORT) because a second server on the port must fail to start, because connections must be
// even over few loops (hashing 64 clients onto 2 loops is not), and because a connection is handed
// over once, not per request.
#ifndef KDB_NET_LISTENER_H
#define KDB_NET_LISTENER_H

#include <stddef.h>
#include <stdint.h>

#include "base/ctx.h"
#include "net/address.h"
#include "net/http.h"
#include "net/limits.h"

struct kdb_listener;
struct kdb_loop;
struct kdb_tls;

// A loop and the handler of the requests that arrive on it.
struct kdb_listener_target {
    struct kdb_loop *loop;
    struct kdb_http_handler handler;
};

// Everything is copied by kdb_listener_open, except `tls` and the loops, which must outlive the
// listener.
struct kdb_listener_options {
    const char *host; // address or name to bind, "0.0.0.0" and "::" for all
    uint16_t port;    // 0: any free one
    int backlog;      // connections the system queues for us
    struct kdb_http_limits limits;
    struct kdb_tls *tls; // NULL: plain HTTP
    // Peers whose forwarding headers are believed, besides loopback.
    const struct kdb_address_range *trusted_proxies;
    size_t trusted_proxy_count;
    const struct kdb_listener_target *targets; // the first one's loop accepts
    size_t target_count;                       // at least 1
};

// Counters since the start, and how many there are now.
struct kdb_listener_stats {
    uint64_t connections_now;
    uint64_t connections_total;
    uint64_t connections_refused; // by a limit
    uint64_t requests_now;        // given to a handler and not answered
    uint64_t requests_total;
    uint64_t requests_refused; // answered by net itself: malformed, too large, too slow, too many
    uint64_t websockets_now;   // accepted and not yet gone
    uint64_t websockets_total;
};

// Binds, listens and begins to accept. The loops may run already or be started later. Fails with
// CONFIG when the host or port cannot be used (says which and why). Not from a loop thread.
KDB_NODISCARD kdb_status kdb_listener_open(struct kdb_ctx *ctx,
                                           const struct kdb_listener_options *options,
                                           struct kdb_listener **ret_listener);

// The port it listens on. Any thread.
uint16_t kdb_listener_port(const struct kdb_listener *listener);

// Any thread; the numbers are of slightly different moments.
struct kdb_listener_stats kdb_listener_stats(const struct kdb_listener *listener);

// Orderly stop: accepts nothing more, closes idle connections, lets requests that began be answered
// (with "Connection: close"), and after `grace_ms` cuts what is left. Returns when no connection is
// open. The loops must be running. Any thread but the loops'.
void kdb_listener_drain(struct kdb_listener *listener, int64_t grace_ms);

// Makes a drain that is waiting give up its grace now (a second signal). Any thread.
void kdb_listener_cut(struct kdb_listener *listener);

// Drains without grace if that has not been done, waits until every request was answered by its
// handler, frees. Accepts NULL. Any thread but the loops', which must be running.
void kdb_listener_close(struct kdb_listener *listener);
KDB_AUTO_DEFINE(struct kdb_listener, kdb_listener_close)

#endif
