// SPDX-License-Identifier: Apache-2.0
// The meaning of the protocol: HTTP requests to statements and sign-ins, results and errors to
// JSON.
//
// One kdb_api per server; one kdb_api_loop per event loop (its plan cache, its token checker, its
// part of the rate limits), used on that loop's thread alone; workers have their own caches inside
// kdb_api. A statement that may finish on the loop does; everything else becomes a job of the
// worker pool, or of the threads for hashes, and comes back as a task of the loop.
#ifndef KDB_API_API_H
#define KDB_API_API_H

#include "auth/password.h"
#include "auth/token.h"
#include "base/pool.h"
#include "conf/conf.h"
#include "exec/exec.h"
#include "live/directory.h"
#include "live/feed.h"
#include "net/http.h"
#include "net/loop.h"
#include "plan/plan_cache.h"

struct kdb_api;
struct kdb_api_loop;

struct kdb_api_options {
    const struct kdb_settings *settings;
    const struct kdb_exec_services *services;
    const struct kdb_token_issuer *issuer;
    const struct kdb_password_policy *passwords;
    struct kdb_pool *pool;                // workers
    struct kdb_pool *hashers;             // threads for what hashes passwords
    struct kdb_live_feed *feed;           // committed changes
    struct kdb_live_directory *directory; // of all subscriptions
    const char *version;                  // of the server
    const char *build_date;
};

// Everything in `options` outlives the api.
struct kdb_api *kdb_api_create(const struct kdb_api_options *options);

// Tells at which port the listener listens, for who asks for the server's address. Any thread.
void kdb_api_set_port(struct kdb_api *api, uint16_t port);

// Plans kept by all loops and workers, and how often they helped. Any thread, while the loops run.
struct kdb_plan_cache_stats kdb_api_plan_stats(const struct kdb_api *api);

// After the listener is closed, the loops have stopped and the pools are closed. Accepts NULL.
void kdb_api_destroy(struct kdb_api *api);

// The part of one loop; adds its hook to the loop. Before the loop runs. Lives as long as the api.
struct kdb_api_loop *kdb_api_loop_create(struct kdb_api *api, struct kdb_loop *loop);

// The handler to give to the listener for that loop.
struct kdb_http_handler kdb_api_loop_handler(struct kdb_api_loop *loop);

#endif
