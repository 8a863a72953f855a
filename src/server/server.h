// SPDX-License-Identifier: Apache-2.0
// The server as one object: builds every part in order, connects them, and takes them down in
// reverse.
//
// Two servers can run in one process (tests do); nothing here is global but the log.
#ifndef KDB_SERVER_SERVER_H
#define KDB_SERVER_SERVER_H

#include <stdint.h>

#include "base/ctx.h"
#include "conf/conf.h"

struct kdb_server;

// Opens the data folder and starts everything; `settings` outlives the server. The failure in ctx
// says what to change.
KDB_NODISCARD kdb_status kdb_server_start(const struct kdb_settings *settings, struct kdb_ctx *ctx,
                                          struct kdb_server **ret_server);

// The port it listens on.
uint16_t kdb_server_port(const struct kdb_server *server);

// Blocks until the server was asked to stop (SIGTERM, SIGINT), then stops in order: no new
// connections, running statements finish (shutdown.timeout_seconds), jobs finish
// (shutdown.flush.timeout), everything acknowledged is durable. A second signal cuts the waiting
// short.
void kdb_server_wait(struct kdb_server *server);

// Asks for the stop that kdb_server_wait waits for. Any thread.
void kdb_server_ask_stop(struct kdb_server *server);

// Takes down what is left and frees. Accepts NULL.
void kdb_server_close(struct kdb_server *server);

// True when somebody must set the server up before anyone can sign in (root has no password).
bool kdb_server_needs_setup(const struct kdb_server *server);

#endif
