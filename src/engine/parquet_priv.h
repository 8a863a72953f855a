// SPDX-License-Identifier: Apache-2.0
// Shared by the files that read Parquet.
#ifndef KDB_ENGINE_PARQUET_PRIV_H
#define KDB_ENGINE_PARQUET_PRIV_H

#include "base/ctx.h"

// Puts the file's name before the failure of a statement that read only this file, and makes
// whatever the data did wrong CORRUPT. Cancelled and timed-out statements and exhausted memory stay
// what they are.
kdb_status engine_blame_file(struct kdb_ctx *ctx, kdb_status status, const char *path);

#endif
