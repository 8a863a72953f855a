// SPDX-License-Identifier: Apache-2.0
// Running statements: a plan, its inputs and a caller in; rows into a sink, changes to the
// committer.
//
// The same code runs in two places. On an event loop (`tier` MEMORY, no engine connection) a
// statement must not wait: what would need the disk, the engine or long work ends with BLOCKED and
// nothing done, and the caller runs it again on a worker (`tier` ANY, a connection), where waiting
// is allowed. A data change ends its first half with KDB_EXEC_COMMIT: the caller sends `commit`,
// and after the answer calls kdb_exec_committed, which may ask to commit again (the statement ran
// anew after a conflict). kdb_exec_wait does all of that for workers. A worker may also send the
// first commit and not wait for it, without a turn (commit.turn NULL): a statement whose turn it is
// must be able to run, and the workers may all be waiting for that turn. kdb_exec_wait_again goes
// on.
#ifndef KDB_EXEC_EXEC_H
#define KDB_EXEC_EXEC_H

#include "base/clock.h"
#include "base/id.h"
#include "catalog/catalog.h"
#include "engine/engine.h"
#include "exec/sink.h"
#include "plan/plan.h"
#include "segments/service.h"
#include "txn/commit.h"
#include "txn/partition.h"

struct kdb_jobs;
struct kdb_live_directory;
struct kdb_partition_cache;
struct kdb_system_tables;
struct kdb_password_policy;

// Everything of the process that statements use; built by the server, lives as long as it. Any
// thread.
struct kdb_exec_services {
    struct kdb_store *store;
    struct kdb_streams *streams; // rows of STREAM tables
    struct kdb_catalog *catalog;
    struct kdb_partition_registry *partitions;
    struct kdb_committer *committer;
    struct kdb_segment_service *segments;
    struct kdb_engine *engine;
    struct kdb_jobs *jobs;
    struct kdb_live_directory *live;             // all live queries; NULL: there are none
    const char *ws_url;                          // where they are asked for
    struct kdb_partition_cache *cache;           // scanned hot rows; NULL: none
    const struct kdb_system_tables *system;      // producers of system.* rows
    const struct kdb_password_policy *passwords; // CREATE/ALTER USER
    const struct kdb_clock *clock;
    struct kdb_snowflake *ids;       // SNOWFLAKE_ID() and defaults
    struct kdb_id_source *id_source; // UUID_V7(), ULID()
    uint32_t terms_max;              // limits.row_terms
    uint32_t engine_terms_max;       // limits.engine_terms
    uint32_t engine_tables_max;      // limits.engine_tables
    uint32_t depth_max;              // limits.max_expression_depth
    uint32_t write_retries;          // execution.write_retries
    uint32_t default_flush_rows;     // flush.default_row_limit for tables without a policy, 0: none
    uint32_t default_flush_interval_seconds; // flush.default_time_interval, 0: none
    int64_t default_retention_ms;            // retention.default_deleted_retention_hours
    uint32_t default_stream_rows;            // stream.default_max_buffer, 0: none
    uint64_t query_limit_default;            // limits.default_query_limit, 0: none
    uint64_t query_limit_max;                // limits.max_query_limit, 0: none
    size_t changes_window_bytes;             // rows of both tiers that changes.h sorts at a time
};

typedef enum {
    KDB_EXEC_DONE,  // rows are in the sink, or `message` and `affected` are set
    KDB_EXEC_COMMIT // send exec->commit, then call kdb_exec_committed
} kdb_exec_step;

// The verb of a data change; NONE: the statement is another.
typedef enum { KDB_VERB_NONE, KDB_VERB_INSERTED, KDB_VERB_UPDATED, KDB_VERB_DELETED } kdb_verb;

// One run of one statement. Zero it, fill the first block, run; lives until its commit is answered.
struct kdb_exec {
    const struct kdb_exec_services *services;
    struct kdb_ctx *ctx;
    struct kdb_catalog_snapshot *snapshot; // of this statement; borrowed
    struct kdb_plan *plan;                 // borrowed
    const kdb_value *inputs;
    kdb_slice user;  // effective user: whose rows
    kdb_role role;   // effective role (EXECUTE AS: user)
    kdb_slice actor; // who sent the request
    kdb_role actor_role;
    kdb_slice space; // default namespace
    kdb_read_tier tier;
    struct kdb_engine_connection *connection; // NULL on a loop
    // Where the worker keeps its connection: opened there when a statement first needs it. NULL:
    // `connection` is all there is.
    struct kdb_engine_connection **connection_slot;
    const struct kdb_sink *sink;
    int64_t now_us; // NOW()

    // Results:
    bool has_rows;     // the sink was begun: a result set
    kdb_slice message; // null for result sets
    uint64_t affected; // changed rows
    kdb_verb verb;
    kdb_slice new_space; // USE: the namespace for the statements behind it in the request

    // The write in progress:
    struct kdb_commit_request commit;
    struct kdb_commit_turn turn;     // among the statements that lost a conflict
    struct kdb_partition *partition; // referenced until the end
    struct kdb_arena_mark mark;      // of the ctx arena: where the memory of this try begins
    uint32_t attempts;
};

// Whether running the statement hashes a password. That takes tens of milliseconds and a turn among
// all hashes (auth.max_concurrent_hashes): no work for a loop or a worker.
bool kdb_exec_hashes(const struct kdb_plan *plan);

// Runs the statement or its first half. What a try that ended with BLOCKED or a conflict took of
// the ctx arena is given back: the memory of a statement does not grow with its tries.
KDB_NODISCARD kdb_status kdb_exec_run(struct kdb_exec *exec, kdb_exec_step *ret_step);

// Goes on after the commit was answered: DONE, or COMMIT once more after a conflict. CONFLICT error
// when the statement kept losing against others (execution.write_retries).
KDB_NODISCARD kdb_status kdb_exec_committed(struct kdb_exec *exec, kdb_exec_step *ret_step);

// Runs to the end, waiting for commits; for workers and tests.
KDB_NODISCARD kdb_status kdb_exec_wait(struct kdb_exec *exec);

// The same from the answer to its commit on.
KDB_NODISCARD kdb_status kdb_exec_wait_again(struct kdb_exec *exec);

// Releases what a run holds (its turn, the partition reference). After the last step, also after
// failures.
void kdb_exec_finish(struct kdb_exec *exec);

// The caller's partition of a table, referenced, with the rules in force noted on it. BLOCKED when
// an event loop would have to wait for the disk.
KDB_NODISCARD kdb_status kdb_exec_open_partition(struct kdb_exec *exec,
                                                 const struct kdb_table *table,
                                                 struct kdb_partition **ret_partition);

// EXPLAIN's rows for a plan, into the sink: which path and why, tables, key bounds, pruning.
KDB_NODISCARD kdb_status kdb_exec_explain(struct kdb_exec *exec);

#endif
