// SPDX-License-Identifier: Apache-2.0
// What the files of this folder share: the database, connections, the statement that runs, scans of
// row sources.
//
// Locks: kdb_engine.lock (the database, the list of connections) before kdb_engine_connection.lock
// (what runs on it). Both are held for moments only, never while DuckDB works.
#ifndef KDB_ENGINE_ENGINE_PRIV_H
#define KDB_ENGINE_ENGINE_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/use_order.h"
#include "engine/duckdb_priv.h"
#include "engine/engine.h"
#include "engine/failure_priv.h"
#include "engine/row_source.h"

// The open database. Replaced by a new one when DuckDB declares it unusable and after many files;
// connections move over one by one.
struct engine_database {
    struct kdb_engine *engine; // whose
    duckdb_database database;
    uint32_t use_count; // the engine's and the connections' references; under kdb_engine.lock
    uint32_t files;     // written with it; under kdb_engine.lock
};

// The thread that interrupts statements whose deadline has passed or that were cancelled while
// DuckDB computes.
struct engine_watch {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool is_started;
    bool is_stopping;    // under `lock`
    atomic_bool is_idle; // the thread sleeps until a statement begins
    atomic_uint running; // statements that run now
};

struct kdb_engine {
    struct kdb_engine_options options;         // copied, texts included
    pthread_mutex_t lock;                      // the members below
    struct engine_database *database;          // NULL: not open
    struct kdb_engine_connection *connections; // all open ones
    struct engine_watch watch;
};

// What a prepared statement was told about one of its sources. Compared on each use: a table that
// changed shape gets a new statement.
struct engine_layout {
    struct kdb_source_column *columns;
    uint32_t column_count;
    uint32_t
        size_class; // of the row estimate: a statement planned for few rows is not used for many
};

// A prepared statement.
struct engine_prepared {
    duckdb_prepared_statement statement;
    char *sql; // NUL-terminated
    size_t sql_len;
    struct engine_layout *layouts;
    uint32_t layout_count;
    uint32_t param_count;
    uint32_t executions;
    bool is_cached;
    struct kdb_use_link use;
};

struct engine_statements {
    struct kdb_map by_sql;
    struct kdb_use_order order;
    uint32_t capacity;
    uint32_t executions; // of all that are cached
    size_t text_bytes;   // of all that are cached
};

// One scan of a row source inside the running statement. DuckDB owns it.
struct engine_scan {
    uint32_t magic;
    struct kdb_engine_connection *connection;
    struct kdb_ctx ctx; // the source's
    struct kdb_row_source source;
    bool is_open; // the source's scan is to be closed
    void *scan;   // the source's
    uint32_t *wanted;
    struct kdb_column_writer *writers;
    uint32_t wanted_count;
    struct engine_scan *next; // of the connection; under its lock
    struct engine_scan *previous;
};

// One execution.
struct engine_run {
    struct kdb_engine_connection *connection; // on which
    struct kdb_ctx *ctx;
    const struct kdb_engine_statement *statement;
    struct kdb_error source_error; // first failure of a scan; under the connection's lock
};

struct kdb_engine_connection {
    struct kdb_engine *engine;
    struct engine_database *database;
    duckdb_connection connection;
    uint64_t id; // DuckDB's
    struct engine_statements statements;
    pthread_mutex_t lock;
    struct engine_run *run;             // what runs now, or NULL; written under `lock`
    bool is_interrupted;                // kdb_engine_interrupt came during this run; under `lock`
    struct engine_scan *scans;          // DuckDB has not destroyed them yet; under `lock`
    kdb_value *block;                   // converted values on their way to a sink
    size_t block_capacity;              // values
    struct kdb_engine_connection *next; // of the engine; under its lock
    struct kdb_engine_connection *previous;
};

// engine.c

// The database to use now: moves the connection to the new one when the old was given up.
KDB_NODISCARD kdb_status engine_refresh(struct kdb_engine_connection *connection,
                                        struct kdb_ctx *ctx);
// A file was written on the connection; no statement of it runs any more.
void engine_count_file(struct kdb_engine_connection *connection);
// The connection whose context this is, or NULL; destroys the context.
struct kdb_engine_connection *engine_find_connection(struct engine_database *database,
                                                     duckdb_client_context context);

// watch.c

KDB_NODISCARD kdb_status engine_watch_start(struct kdb_engine *engine, struct kdb_ctx *ctx);
void engine_watch_stop(struct kdb_engine *engine);
// Around each execution: makes it known to the watch and to kdb_engine_interrupt.
void engine_watch_begin(struct kdb_engine_connection *connection, struct engine_run *run);
void engine_watch_end(struct kdb_engine_connection *connection);
// Whether what runs on the connection was cancelled or has had its time: for work of ours inside
// DuckDB, which interrupts nobody. From DuckDB's threads.
bool engine_must_stop(struct kdb_engine_connection *connection);

// statements.c

void engine_statements_deinit(struct engine_statements *statements);
// The prepared statement for the run's text and sources, from the cache or new. A new one is put
// into the cache unless it is one-shot. Release with engine_prepared_release. `type`: the only kind
// of statement that is let through.
KDB_NODISCARD kdb_status engine_prepare(struct engine_run *run, duckdb_statement_type type,
                                        struct engine_prepared **ret_prepared);
// It may be gone afterwards, and is when its execution was a heavy one.
void engine_prepared_release(struct engine_run *run, struct engine_prepared *prepared,
                             bool is_heavy);

// params.c

KDB_NODISCARD kdb_status engine_bind_params(struct engine_prepared *prepared, struct kdb_ctx *ctx,
                                            const kdb_value *params, uint32_t param_count);

// execute.c

// As kdb_engine_execute, for one kind of statement.
KDB_NODISCARD kdb_status engine_execute(struct kdb_engine_connection *connection,
                                        struct kdb_ctx *ctx,
                                        const struct kdb_engine_statement *statement,
                                        duckdb_statement_type type,
                                        const struct kdb_engine_sink *sink);

// Runs text that this folder made, whatever kind of statement it is, without preparing it: DuckDB
// plans a statement over files again when it is executed, so this saves planning it twice. The
// whole result is in DuckDB's memory first.
KDB_NODISCARD kdb_status engine_execute_text(struct kdb_engine_connection *connection,
                                             struct kdb_ctx *ctx,
                                             const struct kdb_engine_statement *statement,
                                             const struct kdb_engine_sink *sink);

// Prepares the statement and fails unless it is a SELECT.
KDB_NODISCARD kdb_status engine_check_select(struct kdb_engine_connection *connection,
                                             struct kdb_ctx *ctx,
                                             const struct kdb_engine_statement *statement);

// query.c

// As kdb_engine_query, for one kind of statement.
KDB_NODISCARD kdb_status engine_query(struct kdb_engine_connection *connection, struct kdb_ctx *ctx,
                                      const struct kdb_engine_statement *statement,
                                      duckdb_statement_type type,
                                      struct kdb_engine_result *ret_result);
// As engine_execute_text.
KDB_NODISCARD kdb_status engine_query_text(struct kdb_engine_connection *connection,
                                           struct kdb_ctx *ctx,
                                           const struct kdb_engine_statement *statement,
                                           struct kdb_engine_result *ret_result);

// rows_function.c

// Makes kdb_rows known to a database.
KDB_NODISCARD kdb_status engine_rows_register(struct engine_database *database, struct kdb_ctx *ctx,
                                              duckdb_connection connection);
// Closes the sources of scans that DuckDB has not let go of; the objects stay DuckDB's. Nothing may
// run any more.
void engine_rows_close(struct kdb_engine_connection *connection);

// text_functions.c

// Makes kdb_append, kdb_like and so on known to a database.
KDB_NODISCARD kdb_status engine_text_register(struct engine_database *database, struct kdb_ctx *ctx,
                                              duckdb_connection connection);

// types.c

// DuckDB's type for a column of ours. Destroy it.
duckdb_logical_type engine_logical_type(kdb_type type);
// Bytes of one cell in a vector of this type; 0 for kinds that cannot be a column.
uint8_t engine_cell_bytes(kdb_type type);
// DuckDB's name of one of its types, for messages.
const char *engine_type_name(duckdb_type type);
// The type of ours that stands for a DuckDB type when the caller expects none; false when there is
// none.
bool engine_type_of(duckdb_logical_type logical, kdb_type *ret_type);

// convert.c

struct engine_vector {
    const void *cells;
    const uint64_t *validity; // NULL: no nulls
    kdb_type type;            // of the values made
    int64_t factor;           // timestamps: microseconds per unit
    uint32_t stride;          // values between two rows of the output
};

// Writes rows [first, first + count) of a vector to out[0], out[stride], …; false when a value is
// out of range.
typedef bool (*engine_convert)(const struct engine_vector *vector, uint32_t first, uint32_t count,
                               kdb_value *out);

// The converter from a DuckDB type to values of `type`, or NULL when the two do not belong
// together.
engine_convert engine_converter(duckdb_logical_type logical, kdb_type type, int64_t *ret_factor);

#endif
