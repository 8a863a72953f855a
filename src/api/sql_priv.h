// SPDX-License-Identifier: Apache-2.0
// One SQL request while it is served; lives in the arena of its HTTP request.
#ifndef KDB_API_SQL_PRIV_H
#define KDB_API_SQL_PRIV_H

#include "api/api_priv.h"
#include "base/json_read.h"
#include "conf/limits.h"

struct sql_request {
    struct kdb_api_loop *loop;
    struct kdb_http_request *http;
    struct kdb_ctx *ctx; // the HTTP request's
    struct api_identity identity;
    struct kdb_catalog_snapshot *snapshot; // referenced
    kdb_slice text;                        // the request's SQL
    kdb_slice space;                       // default namespace; USE changes it
    const struct kdb_json *params_json;
    struct kdb_param *params;
    size_t param_count;
    struct kdb_scan scan;
    size_t reply_limit;
    struct reply reply;
    size_t next; // index of the statement to run next: how many have run
    // The statement that runs:
    size_t statement;      // 1-based number
    int64_t started_ns;    // when it began; the first one with its request
    struct kdb_plan *plan; // referenced; NULL: still to be made
    kdb_slice user;        // effective user
    kdb_role role;         // effective role
    struct kdb_exec exec;
    struct kdb_sink sink;
    bool is_lost; // a worker ran it, its commit was a conflict: it runs again, to the end
    struct kdb_loop_task task;
    struct kdb_pool_job job;
};

// Makes or finds the plan of one statement and checks what the caller's role allows: sets plan,
// user and role.
KDB_NODISCARD kdb_status sql_make_plan(struct sql_request *sql, struct kdb_plan_cache *plans,
                                       const struct kdb_scanned *scanned);
// Fills sql->exec for the plan; `connection_slot` as in struct kdb_exec.
void sql_prepare_exec(struct sql_request *sql, kdb_read_tier tier,
                      struct kdb_engine_connection **connection_slot);
// Writes the finished statement's entry into the reply; logs one that took long.
void sql_write_result(struct sql_request *sql);
// Whether the statement that is planned is for a thread that hashes.
bool sql_hashes(const struct sql_request *sql);
// Runs the request's statements on this worker, from the next one to the last or to one that is for
// a thread that hashes. The outcome is in the ctx and the reply.
void sql_run_statements(struct sql_request *sql, unsigned worker_index);
// Runs the request's only statement, planned already, on this worker; to the end when it has lost.
// False: exec.commit is to be sent, and the statement goes on with its answer.
bool sql_run_alone(struct sql_request *sql, unsigned worker_index);
// Runs the next statement alone, on a thread that hashes: it is planned already.
void sql_run_hashing(struct sql_request *sql);
// Whether that was all of it: each statement has run, or one failed.
bool sql_is_finished(const struct sql_request *sql);
// Writes the error envelope for the ctx's error; returns the HTTP status.
int sql_error(struct sql_request *sql);

#endif
