// SPDX-License-Identifier: Apache-2.0
// DuckDB's messages into failures of ours.
#ifndef KDB_ENGINE_FAILURE_PRIV_H
#define KDB_ENGINE_FAILURE_PRIV_H

#include <stdbool.h>

#include "base/ctx.h"

// Records the failure that the message tells of: its class decides the status, decoration, advice
// and the folders of paths are left out. NULL is an unknown failure. Returns the recorded status.
kdb_status engine_fail(struct kdb_ctx *ctx, const char *message);

// True when the message says that the database cannot be used any more.
bool engine_is_fatal(const char *message);

#endif
