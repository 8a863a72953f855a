// SPDX-License-Identifier: Apache-2.0
// Limits per client address: connections at once, requests per second, and a ban for who keeps
// exceeding them.
//
// One guard per server, shared by its loops. Loopback addresses are exempt and never stored. An
// IPv6 client is known by its /64, which is what one customer has. Addresses are remembered up to a
// bound, the longest silent without connections go first; when everyone remembered is connected, a
// new one passes uncounted. Time comes in as an argument. Any thread.
#ifndef KDB_NET_GUARD_H
#define KDB_NET_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "net/address.h"
#include "net/limits.h"

struct kdb_guard;

enum kdb_guard_verdict {
    KDB_GUARD_PASS,
    KDB_GUARD_RATE_LIMITED,
    KDB_GUARD_BANNED,
    KDB_GUARD_TOO_MANY_CONNECTIONS,
};

// Copies the limits it needs.
struct kdb_guard *kdb_guard_open(const struct kdb_http_limits *limits);

// Accepts NULL.
void kdb_guard_close(struct kdb_guard *guard);
KDB_AUTO_DEFINE(struct kdb_guard, kdb_guard_close)

// A connection begins. `ret_is_counted` tells whether kdb_guard_disconnect must be called when it
// ends.
enum kdb_guard_verdict kdb_guard_connect(struct kdb_guard *guard, const struct kdb_address *peer,
                                         int64_t now_ms, bool *ret_is_counted);

// A connection that was counted has ended.
void kdb_guard_disconnect(struct kdb_guard *guard, const struct kdb_address *peer);

// A request begins: PASS, RATE_LIMITED or BANNED, with the seconds after which to try again.
enum kdb_guard_verdict kdb_guard_request(struct kdb_guard *guard, const struct kdb_address *client,
                                         int64_t now_ms, int64_t *ret_retry_after_s);

#endif
