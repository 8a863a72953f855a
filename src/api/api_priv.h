// SPDX-License-Identifier: Apache-2.0
// What the files of api share.
#ifndef KDB_API_API_PRIV_H
#define KDB_API_API_PRIV_H

#include <stdatomic.h>

#include "api/api.h"
#include "auth/rights.h"

// What one worker thread keeps between jobs; only that thread uses it.
struct api_worker {
    struct kdb_engine_connection *connection; // opened at first need
    struct kdb_plan_cache *plans;
};

struct auth_limits;
struct rate_limit;

struct kdb_api {
    struct kdb_api_options options;
    struct api_worker *workers;
    unsigned worker_count;
    struct kdb_api_loop *loops; // linked, for destruction
    struct auth_limits *limits;
    struct rate_limit *queries; // SQL requests by user
    atomic_uint port;           // that is listened at; 0: not yet
    struct kdb_budget replies;  // limits.response_budget_bytes
    int64_t slow_ns;            // logging.slow_query_threshold_ms
};

struct kdb_api_loop {
    struct kdb_api *api;
    struct kdb_api_loop *next;
    struct kdb_loop *loop;
    struct kdb_loop_hook hook;               // sends the commits gathered in this turn
    struct kdb_commit_request *first, *last; // gathered, in order
    struct kdb_plan_cache *plans;
    struct kdb_token_checker *tokens;
    struct kdb_catalog_snapshot *snapshot; // the newest this loop has seen
    struct ws_loop *ws;                    // its WebSockets
};

// Who sent a request.
struct api_identity {
    kdb_slice user;
    kdb_role role;
};

// ---- routes.c ----
// The loop's snapshot, renewed when definitions have changed.
struct kdb_catalog_snapshot *api_snapshot(struct kdb_api_loop *loop);
// Whether CORS lets pages of this origin in.
bool api_is_origin_allowed(const struct kdb_settings *settings, kdb_slice origin);
// Whether a page of this origin counts as the machine's own user: it is this machine's, or the
// operator has named it; that all are allowed is not enough.
bool api_is_origin_own(const struct kdb_settings *settings, kdb_slice origin);
// Whether a Content-Type is application/json or ends in +json.
bool api_is_json(kdb_slice content_type);
// The request's id for logs and messages: the client's, or one made here at the first question.
const char *api_request_id(struct kdb_api_loop *loop, struct kdb_http_request *request);
// Adds CORS headers and the id, logs, answers.
void api_respond(struct kdb_api_loop *loop, struct kdb_http_request *request, int status,
                 struct kdb_buf *body);
void api_respond_with(struct kdb_api_loop *loop, struct kdb_http_request *request,
                      const struct kdb_http_response *response, struct kdb_buf *body);

// ---- identity.c ----
// The caller of a protected endpoint from its Bearer token. When it is not accepted, answers with
// the SQL envelope and returns false.
bool api_identify(struct kdb_api_loop *loop, struct kdb_http_request *request,
                  struct api_identity *ret);

// The token of an Authorization header; false when there is none or it is of another scheme.
bool api_bearer(kdb_slice header, kdb_slice *ret_token);

// ---- auth_handler.c, health_handler.c ----
void api_login(struct kdb_api_loop *loop, struct kdb_http_request *request);
void api_refresh(struct kdb_api_loop *loop, struct kdb_http_request *request);
void api_logout(struct kdb_api_loop *loop, struct kdb_http_request *request);
void api_me(struct kdb_api_loop *loop, struct kdb_http_request *request);
void api_auth_status(struct kdb_api_loop *loop, struct kdb_http_request *request);
void api_setup(struct kdb_api_loop *loop, struct kdb_http_request *request);
void api_health(struct kdb_api_loop *loop, struct kdb_http_request *request);
void api_cluster_health(struct kdb_api_loop *loop, struct kdb_http_request *request);

// ---- sql_handler.c ----
void api_sql(struct kdb_api_loop *loop, struct kdb_http_request *request);

// ---- reply_sql.c: the SQL envelope ----
struct reply {
    struct kdb_buf body;
    struct kdb_budget *budget; // of all replies
    size_t taken_bytes;        // of it, for `body`
    bool has_results;          // an entry was written: the next one needs a comma
    size_t entry_at;           // body length where the current result set began
    uint64_t row_count;
    kdb_slice as_user;
    const struct kdb_output_column *columns;
    size_t column_count;
};
void reply_begin(struct reply *reply, size_t limit);
// A sink that writes one result set; call reply_end_rows after the statement.
struct kdb_sink reply_sink(struct reply *reply);
// The "schema" array of a result set.
void reply_write_schema(struct kdb_buf *out, const struct kdb_output_column *columns, size_t count);
void reply_end_rows(struct reply *reply);
void reply_message(struct reply *reply, kdb_slice message, uint64_t row_count);
void reply_finish(struct reply *reply, int64_t started_ns);
// Replaces everything by the error envelope for what is recorded in `ctx`; returns the HTTP status.
struct reply_error {
    const struct kdb_ctx *ctx;
    size_t statement; // 1-based, 0: the request as a whole
    kdb_slice text;   // of the statement, for admins; null: not shown
    kdb_role role;
    const char *code; // NULL: the status' own
};
int reply_error(struct reply *reply, const struct reply_error *error, int64_t started_ns);

#endif
