// SPDX-License-Identifier: Apache-2.0
// The engine: DuckDB behind an interface of ours. The only folder that knows DuckDB; no type of it
// leaves.
//
// The library is loaded on first need (the first kdb_engine_connect), the database is in memory and
// sees our tables only as row sources (row_source.h) and Parquet files in allowed folders. Text
// given to it is made by the planner, never pasted together from user input: names and literals go
// through quote.h, values are bound. A kdb_engine may be used by any thread; a connection by one
// thread at a time (one per worker).
#ifndef KDB_ENGINE_ENGINE_H
#define KDB_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ctx.h"
#include "base/slice.h"
#include "engine/row_source.h"
#include "types/type.h"
#include "types/value.h"

struct kdb_engine;
struct kdb_engine_connection;

struct kdb_engine_options {
    uint32_t threads; // threads of all statements together, the callers included; 0: 1
    uint64_t
        memory_bytes; // limit of the engine's own memory; 0: DuckDB's default (80 % of the machine)
    const char *temp_dir;    // where big sorts spill; NULL: nowhere, they fail at the memory limit
    uint64_t temp_bytes_max; // limit of what is spilled; 0: DuckDB's default
    const char *const
        *read_dirs; // folders (absolute, links resolved) whose files statements may read and write
    uint32_t read_dir_count;
    uint32_t statement_cache; // prepared statements kept per connection; 0: 128
    uint32_t files_kept;      // files written until the database is opened anew; 0: 10,000
};

// Keeps a copy of the options; loads nothing yet. Destroy after all connections are closed.
struct kdb_engine *kdb_engine_create(const struct kdb_engine_options *options);
// Accepts NULL.
void kdb_engine_destroy(struct kdb_engine *engine);

// True once the library is loaded and the database is open.
bool kdb_engine_is_open(const struct kdb_engine *engine);

// Bytes the engine holds and spills, for system tables; zeroes while it is not open.
struct kdb_engine_stats {
    uint64_t memory_bytes;
    uint64_t temp_bytes;
};
KDB_NODISCARD kdb_status kdb_engine_read_stats(struct kdb_engine_connection *connection,
                                               struct kdb_ctx *ctx,
                                               struct kdb_engine_stats *ret_stats);

// A connection; the first one loads the library and opens the database (12-20 ms). UNAVAILABLE when
// the library cannot be found or is another version. Close with kdb_engine_disconnect.
KDB_NODISCARD kdb_status kdb_engine_connect(struct kdb_engine *engine, struct kdb_ctx *ctx,
                                            struct kdb_engine_connection **ret_connection);
// Accepts NULL.
void kdb_engine_disconnect(struct kdb_engine_connection *connection);

// Asks the statement that runs on this connection to stop soon; it fails with CANCELLED (or TIMEOUT
// when its deadline has passed). Any thread; the connection must stay open during the call. No
// effect when nothing runs.
void kdb_engine_interrupt(struct kdb_engine_connection *connection);

// What to run.
struct kdb_engine_statement {
    kdb_slice sql; // one statement; parameters $1, $2, …; sources kdb_rows(0), kdb_rows(1), …
    const kdb_value *params; // $1 first; UNKNOWN binds as text
    uint32_t param_count;
    const struct kdb_row_source *sources; // kdb_rows(i) is sources[i]
    uint32_t source_count;
    const kdb_type
        *columns;          // types the result must have; NULL: whatever DuckDB says, mapped to ours
    uint32_t column_count; // with `columns`: how many the result must have
    bool is_one_shot;      // the text will not come again: do not keep the prepared statement
};

// One column of a result.
struct kdb_engine_column {
    kdb_slice name; // as DuckDB names it
    kdb_type type;  // the expected type, or the mapped one
};

// Where result rows go. Calls come from the thread in kdb_engine_execute and must not use the
// connection; a failure ends the statement with it.
struct kdb_engine_sink_ops {
    // Once, before the first rows. `columns` is borrowed until the statement ends.
    kdb_status (*begin)(void *self, struct kdb_ctx *ctx, const struct kdb_engine_column *columns,
                        uint32_t column_count);
    // `row_count` rows (at least 1), row after row, column_count values each; borrowed for the
    // call, bytes included.
    kdb_status (*rows)(void *self, struct kdb_ctx *ctx, const kdb_value *values,
                       uint32_t row_count);
};
struct kdb_engine_sink {
    const struct kdb_engine_sink_ops *ops;
    void *self;
};

// Prepares (or finds in the cache), binds, runs, and hands the rows to the sink as they come:
// memory stays bounded. The request's deadline and cancel flag are looked at between steps of a few
// milliseconds. Failures: the sources' and the sink's own statuses; INVALID_VALUE, OUT_OF_RANGE,
// DIVISION_BY_ZERO and others for what the data did; LIMIT_EXCEEDED when memory ran out; CORRUPT
// for damaged files; INTERNAL when the text was wrong or a result column has not the type expected.
KDB_NODISCARD kdb_status kdb_engine_execute(struct kdb_engine_connection *connection,
                                            struct kdb_ctx *ctx,
                                            const struct kdb_engine_statement *statement,
                                            const struct kdb_engine_sink *sink);

// As kdb_engine_execute for statements whose rows do not matter or fit in memory: all rows copied
// into the ctx arena.
struct kdb_engine_result {
    const struct kdb_engine_column *columns;
    uint32_t column_count;
    const kdb_value *values; // row after row
    uint64_t row_count;
};
KDB_NODISCARD kdb_status kdb_engine_query(struct kdb_engine_connection *connection,
                                          struct kdb_ctx *ctx,
                                          const struct kdb_engine_statement *statement,
                                          struct kdb_engine_result *ret_result);

// DuckDB's plan of a statement, as text in the ctx arena. Nothing is run; parameters need values as
// for an execution.
KDB_NODISCARD kdb_status kdb_engine_explain(struct kdb_engine_connection *connection,
                                            struct kdb_ctx *ctx,
                                            const struct kdb_engine_statement *statement,
                                            kdb_slice *ret_text);

// Forgets the prepared statements (their tables changed shape; they would age out anyway).
void kdb_engine_forget_statements(struct kdb_engine_connection *connection);

#endif
