// SPDX-License-Identifier: Apache-2.0
// DuckDB's messages into failures of ours, and what is done when the database is lost.
#ifndef KDB_ENGINE_FAILURE_PRIV_H
#define KDB_ENGINE_FAILURE_PRIV_H

#include <stdbool.h>

#include "base/ctx.h"

struct kdb_engine_connection;

// Records the failure that the message tells of: its class decides the status, decoration, advice
// and the folders of paths are left out. NULL is an unknown failure. Returns the recorded status.
kdb_status engine_fail(struct kdb_ctx *ctx, const char *message);

// True when the message says that the database cannot be used any more.
bool engine_is_fatal(const char *message);

// Gives up the database of this connection. The next statement of each connection opens a new one
// or joins it; there is nothing in a database that must be kept. Any thread that uses the
// connection.
void engine_abandon(struct kdb_engine_connection *connection);

#endif
