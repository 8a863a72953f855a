// SPDX-License-Identifier: Apache-2.0
// DuckDB's C interface as a table of function pointers, filled when the library is loaded.
//
// The one place that includes duckdb.h. Calls read duck.query(…) for duckdb_query(…). The table is
// process-wide because DuckDB calls our table function with nothing but handles that only its own
// functions can open; it is written once, under a lock, before anything could use it. The library
// is never unloaded: it has threads and thread-local memory.
#ifndef KDB_ENGINE_DUCKDB_PRIV_H
#define KDB_ENGINE_DUCKDB_PRIV_H

#include <duckdb.h>

#include "base/attributes.h"
#include "base/ctx.h"

struct engine_duckdb {
#define ENGINE_CALL(name) __extension__ __typeof__(duckdb_##name) *(name);
#include "engine/duckdb_calls.def"
#undef ENGINE_CALL
};

extern struct engine_duckdb engine_duckdb;
#define duck engine_duckdb

// Loads the library once per process; later calls cost a lock. UNAVAILABLE when it is not found
// (the message names the places), is another version, or lacks a function. Any thread.
KDB_NODISCARD kdb_status engine_duckdb_load(struct kdb_ctx *ctx);

#endif
