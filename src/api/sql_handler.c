// SPDX-License-Identifier: Apache-2.0
// POST /v1/api/sql: the life of a request from its bytes to its reply.
//
// A request with one statement runs on the loop when it can; everything else (several statements,
// commands, the engine, what the loop was not allowed to wait for) is a job of the worker pool. A
// statement that hashes a password is a job of the threads for hashes, in the middle of a batch
// too.
#include "api/sql_priv.h"

#include <string.h>

#include "api/rate_limit_priv.h"
#include "base/json_read.h"

// ---- the body ----

static kdb_status read_param(const struct kdb_json *json, struct kdb_ctx *ctx, size_t number,
                             struct kdb_param *ret)
{
    switch (json->type) {
    case KDB_JSON_NULL:
        *ret = (struct kdb_param){'0', kdb_value_null(KDB_UNKNOWN)};
        return KDB_OK;
    case KDB_JSON_BOOL:
        *ret = (struct kdb_param){'b', kdb_value_bool(json->integer != 0)};
        return KDB_OK;
    case KDB_JSON_INT: {
        bool is_int = json->integer >= INT32_MIN && json->integer <= INT32_MAX;
        *ret = (struct kdb_param){is_int ? 'i' : 'I',
                                  kdb_value_int(is_int ? KDB_INT : KDB_BIGINT, json->integer)};
        return KDB_OK;
    }
    case KDB_JSON_NUMBER: {
        double real;
        if (!kdb_json_to_double(json, &real))
            return kdb_fail(ctx, KDB_ERR_INVALID_PARAMETER,
                            "Parameter $%zu invalid: the number is out of range", number);
        *ret = (struct kdb_param){'d', kdb_value_double(real)};
        return KDB_OK;
    }
    case KDB_JSON_STRING:
        if (memchr(json->text.data, '\0', json->text.len))
            return kdb_fail(ctx, KDB_ERR_INVALID_PARAMETER,
                            "Parameter $%zu invalid: text must not hold a NUL character", number);
        *ret = (struct kdb_param){'s', kdb_value_bytes(KDB_UNKNOWN, json->text)};
        return KDB_OK;
    case KDB_JSON_ARRAY:
    case KDB_JSON_OBJECT:
        break;
    }
    return kdb_fail(ctx, KDB_ERR_INVALID_PARAMETER,
                    "Parameter $%zu invalid: only null, booleans, numbers and strings are allowed",
                    number);
}

static kdb_status read_params(struct sql_request *sql, const struct kdb_json *list)
{
    struct kdb_ctx *ctx = sql->ctx;
    const struct kdb_settings *settings = sql->loop->api->options.settings;
    if (!list || list->type == KDB_JSON_NULL)
        return KDB_OK;
    if (list->type != KDB_JSON_ARRAY)
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT,
                        "Invalid JSON payload: \"params\" must be an array");
    if (list->count > settings->execution_max_parameters)
        return kdb_fail(ctx, KDB_ERR_PARAMETER_COUNT, "maximum %lld parameters allowed, got %u",
                        (long long)settings->execution_max_parameters, list->count);
    sql->params = kdb_arena_array(&ctx->arena, list->count + 1, sizeof(struct kdb_param));
    for (const struct kdb_json *at = list->first; at; at = at->next) {
        if (at->type == KDB_JSON_STRING &&
            at->text.len > (size_t)settings->execution_max_parameter_bytes)
            return kdb_fail(ctx, KDB_ERR_INVALID_PARAMETER,
                            "Parameter $%zu invalid: its size is %zu bytes, the limit is %lld "
                            "(execution.max_parameter_size_bytes)",
                            sql->param_count + 1, at->text.len,
                            (long long)settings->execution_max_parameter_bytes);
        KDB_TRY(read_param(at, ctx, sql->param_count + 1, &sql->params[sql->param_count]));
        sql->param_count++;
    }
    return KDB_OK;
}

static kdb_status read_body(struct sql_request *sql)
{
    struct kdb_ctx *ctx = sql->ctx;
    const struct kdb_settings *settings = sql->loop->api->options.settings;
    if (!api_is_json(sql->http->known[KDB_HTTP_CONTENT_TYPE]))
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT,
                        "Invalid JSON payload: Content-Type must be application/json");
    const struct kdb_json_limits limits = {.size_max =
                                               (size_t)settings->security_max_request_body_bytes,
                                           .depth_max = KDB_LIMIT_JSON_DEPTH};
    const struct kdb_json *root;
    if (kdb_json_parse(ctx, sql->http->body, &limits, &root) != KDB_OK) {
        ctx->error.status = KDB_ERR_INVALID_INPUT; // also what is too deep or too large
        return kdb_wrap(ctx, "Invalid JSON payload");
    }
    if (root->type != KDB_JSON_OBJECT)
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "Invalid JSON payload: expected an object");
    const struct kdb_json *text = kdb_json_get(root, KDB_LIT("sql"));
    if (!text || text->type != KDB_JSON_STRING)
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT,
                        "Invalid JSON payload: missing string field \"sql\"");
    if (text->text.len > (size_t)settings->limits_max_sql_bytes)
        return kdb_fail(ctx, KDB_ERR_INVALID_SQL,
                        "the SQL text has %zu bytes, the limit is %lld (limits.max_sql_bytes)",
                        text->text.len, (long long)settings->limits_max_sql_bytes);
    sql->text = text->text;
    const struct kdb_json *space = kdb_json_get(root, KDB_LIT("namespace_id"));
    sql->space = KDB_LIT("default");
    if (space && space->type == KDB_JSON_STRING)
        sql->space = space->text;
    else if (space && space->type != KDB_JSON_NULL)
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT,
                        "Invalid JSON payload: \"namespace_id\" must be a string");
    sql->params_json = kdb_json_get(root, KDB_LIT("params"));
    return KDB_OK;
}

// ---- answers ----

static void answer(struct sql_request *sql, int status)
{
    struct kdb_http_request *http = sql->http;
    struct kdb_api_loop *loop = sql->loop;
    kdb_plan_unref(sql->plan);
    sql->plan = NULL;
    kdb_catalog_release(sql->snapshot);
    sql->snapshot = NULL;
    struct kdb_buf body = sql->reply.body;
    sql->reply.body = (struct kdb_buf){0};
    // What may be right a moment later.
    const struct kdb_http_field retry = {KDB_LIT("Retry-After"), KDB_LIT("1")};
    const struct kdb_http_response response = {.status = status,
                                               .content_type = KDB_LIT("application/json"),
                                               .fields = &retry,
                                               .field_count = status == 429 || status == 503,
                                               .budget = sql->reply.budget,
                                               .budget_bytes = sql->reply.taken_bytes};
    api_respond_with(loop, http, &response, &body);
    kdb_buf_deinit(&body); // what the answer left of it
}

static void answer_error(struct sql_request *sql)
{
    (void)api_request_id(sql->loop, sql->http); // what is internal is told by it
    answer(sql, sql_error(sql));
}

static void answer_success(struct sql_request *sql)
{
    reply_finish(&sql->reply, sql->http->received_ns);
    answer(sql, 200);
}

// ---- on the loop ----

static void run_elsewhere(struct sql_request *sql, bool hashes);
static void advance(struct sql_request *sql, kdb_status status, kdb_exec_step step);

static void commit_answered(struct kdb_loop_task *task, struct kdb_loop *loop)
{
    (void)loop;
    struct sql_request *sql =
        (struct sql_request *)(void *)((char *)task - offsetof(struct sql_request, task));
    kdb_exec_step step = KDB_EXEC_DONE;
    if (sql->exec.tier == KDB_READ_ANY && sql->exec.commit.outcome == KDB_COMMIT_CONFLICT) {
        sql->is_lost = true;
        run_elsewhere(sql, false);
        return;
    }
    kdb_status status = kdb_exec_committed(&sql->exec, &step);
    advance(sql, status, step);
}

// On the committer's thread.
static void commit_done(struct kdb_commit_request *commit)
{
    struct sql_request *sql = commit->owner;
    sql->task.run = commit_answered;
    kdb_loop_post(sql->loop->loop, &sql->task);
}

static struct kdb_commit_request *commit_of(struct sql_request *sql)
{
    struct kdb_commit_request *commit = &sql->exec.commit;
    commit->done = commit_done;
    commit->owner = sql;
    commit->next = NULL;
    return commit;
}

// Joins the commits that leave with this turn of the loop.
static void gather_commit(struct sql_request *sql)
{
    struct kdb_api_loop *loop = sql->loop;
    struct kdb_commit_request *commit = commit_of(sql);
    if (loop->last)
        loop->last->next = commit;
    else
        loop->first = commit;
    loop->last = commit;
}

static void advance(struct sql_request *sql, kdb_status status, kdb_exec_step step)
{
    if (status == KDB_OK && step == KDB_EXEC_COMMIT) {
        gather_commit(sql);
        return;
    }
    kdb_exec_finish(&sql->exec);
    if (status == KDB_ERR_BLOCKED) {
        kdb_ctx_clear_error(sql->ctx);
        run_elsewhere(sql, false);
        return;
    }
    if (status != KDB_OK) {
        answer_error(sql);
        return;
    }
    sql_write_result(sql);
    answer_success(sql);
}

static void run_on_loop(struct sql_request *sql)
{
    sql->statement = 1;
    sql_prepare_exec(sql, KDB_READ_MEMORY, NULL);
    reply_begin(&sql->reply, sql->reply_limit);
    kdb_exec_step step = KDB_EXEC_DONE;
    kdb_status status = kdb_exec_run(&sql->exec, &step);
    advance(sql, status, step);
}

// ---- on other threads ----

static void run_answered(struct kdb_loop_task *task, struct kdb_loop *loop)
{
    (void)loop;
    struct sql_request *sql =
        (struct sql_request *)(void *)((char *)task - offsetof(struct sql_request, task));
    if (sql->ctx->error.status != KDB_OK)
        answer_error(sql);
    else
        answer_success(sql);
}

static void post_answer(struct sql_request *sql)
{
    sql->task.run = run_answered;
    kdb_loop_post(sql->loop->loop, &sql->task);
}

// Nothing of the request stands behind its only statement: the worker does not wait for the first
// commit, which seldom is a conflict.
static void run_alone(struct sql_request *sql, unsigned worker_index)
{
    if (sql_run_alone(sql, worker_index))
        post_answer(sql);
    else
        kdb_commit_send(sql->loop->api->options.services->committer, commit_of(sql));
}

static void worker_main(void *arg, unsigned worker_index)
{
    struct sql_request *sql = arg;
    if (sql->scan.count == 1) {
        run_alone(sql, worker_index);
        return;
    }
    sql_run_statements(sql, worker_index);
    if (sql_is_finished(sql))
        post_answer(sql);
    else
        run_elsewhere(sql, true);
}

// One hash only: who else waits for one has their turn before the next of a batch.
static void hasher_main(void *arg, unsigned thread_index)
{
    (void)thread_index;
    struct sql_request *sql = arg;
    sql_run_hashing(sql);
    if (sql_is_finished(sql))
        post_answer(sql);
    else
        run_elsewhere(sql, false);
}

// Goes on with the next statement on a worker, or on a thread that hashes.
static void run_elsewhere(struct sql_request *sql, bool hashes)
{
    const struct kdb_api_options *options = &sql->loop->api->options;
    if (sql->next == 0 && !sql->is_lost)
        reply_begin(&sql->reply, sql->reply_limit); // forgets what the loop has begun
    sql->job.fn = hashes ? hasher_main : worker_main;
    sql->job.arg = sql;
    if (kdb_pool_submit(hashes ? options->hashers : options->pool, &sql->job))
        return;
    kdb_status status = kdb_fail(sql->ctx, KDB_ERR_OVERLOADED,
                                 "the server has too much work waiting, try again later");
    (void)status;
    if (sql->is_lost)
        kdb_exec_finish(&sql->exec);
    if (sql->next == 0)
        sql->statement = 0; // nothing has run
    post_answer(sql);
}

// ---- the request ----

static kdb_status understand(struct sql_request *sql)
{
    KDB_TRY(read_body(sql));
    KDB_TRY(kdb_sql_scan(sql->text, sql->ctx, &sql->scan));
    if (sql->scan.count > KDB_LIMIT_BATCH_STATEMENTS)
        return kdb_fail(sql->ctx, KDB_ERR_LIMIT_EXCEEDED,
                        "the request has %zu statements, at most %d are allowed", sql->scan.count,
                        KDB_LIMIT_BATCH_STATEMENTS);
    KDB_TRY(read_params(sql, sql->params_json));
    if (sql->param_count > 0 && sql->scan.count > 1)
        return kdb_fail(sql->ctx, KDB_ERR_PARAMS_WITH_BATCH,
                        "Parameters not supported with multi-statement batches");
    return KDB_OK;
}

void api_sql(struct kdb_api_loop *loop, struct kdb_http_request *request)
{
    const struct kdb_settings *settings = loop->api->options.settings;
    struct sql_request *sql = KDB_ARENA_NEW(&request->ctx.arena, struct sql_request);
    sql->loop = loop;
    sql->http = request;
    sql->ctx = &request->ctx;
    sql->started_ns = request->received_ns;
    if (!api_identify(loop, request, &sql->identity))
        return;
    request->ctx.deadline_ns =
        request->received_ns + settings->execution_handler_timeout_ms * 1000000;
    request->ctx.arena.limit_bytes = (size_t)settings->limits_request_memory_bytes;
    sql->reply_limit = (size_t)settings->limits_max_response_bytes;
    sql->snapshot = kdb_catalog_snapshot_ref(api_snapshot(loop));
    sql->reply.as_user = sql->identity.user;
    sql->reply.budget = &loop->api->replies;
    if (!rate_limit_allows(loop->api->queries, sql->identity.user, request->received_ns)) {
        kdb_status status = kdb_fail(sql->ctx, KDB_ERR_RATE_LIMITED,
                                     "Too many queries per second. Please slow down.");
        (void)status;
        answer_error(sql);
        return;
    }
    if (understand(sql) != KDB_OK) {
        answer_error(sql);
        return;
    }
    if (sql->scan.count > 1) {
        run_elsewhere(sql, false);
        return;
    }
    sql->statement = 1;
    if (sql_make_plan(sql, loop->plans, &sql->scan.statements[0]) != KDB_OK) {
        answer_error(sql);
        return;
    }
    if (sql->plan->path == KDB_PATH_ROW)
        run_on_loop(sql);
    else
        run_elsewhere(sql, sql_hashes(sql));
}
