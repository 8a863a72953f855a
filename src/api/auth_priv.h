// SPDX-License-Identifier: Apache-2.0
// One sign-in request while it is served, and what limits sign-ins.
#ifndef KDB_API_AUTH_PRIV_H
#define KDB_API_AUTH_PRIV_H

#include "api/api_priv.h"
#include "base/json_read.h"
#include "conf/limits.h"
#include "exec/accounts.h"

// Lives in the arena of its HTTP request.
struct auth_request {
    struct kdb_api_loop *loop;
    struct kdb_http_request *http;
    kdb_slice user, password, root_password, email;
    kdb_slice password_hash; // stored one, empty when there is none to match
    bool is_match;
    kdb_setup_outcome setup_outcome;
    struct kdb_loop_task task;
    struct kdb_pool_job job;
};

void auth_fail(struct kdb_api_loop *loop, struct kdb_http_request *request, int status,
               const char *code, const char *message);

// ---- auth_limits.c: shared by all loops, thread-safe ----
struct auth_limits *auth_limits_create(const struct kdb_settings *settings);
void auth_limits_destroy(struct auth_limits *limits);

// Sign-ins, refreshes and setups of one address (of IPv6: one /64 network) per second; loopback
// too.
bool api_auth_rate_allows(struct kdb_api *api, const struct kdb_address *client);

// How long an account is still locked, 0: not.
int64_t api_lockout_left_ms(struct kdb_api *api, kdb_slice user, int64_t now_ms);
// Counts a sign-in whose password was checked. When others have locked the account meanwhile it
// does not count, its outcome is nobody's to know, and the result is how long the lock lasts; 0
// else.
int64_t api_lockout_note(struct kdb_api *api, kdb_slice user, bool is_right, int64_t now_ms);

#endif
