// SPDX-License-Identifier: Apache-2.0
// One statement of a request: its plan, what the caller may do, its run and its entry in the reply;
// and batches of them.
#include "api/sql_priv.h"

#include "base/log.h"
#include "exec/accounts.h"
#include "exec/right.h"

// ---- rights ----

static kdb_status admit(struct sql_request *sql, const struct kdb_statement *statement)
{
    kdb_status status = kdb_exec_admit(sql->ctx, sql->identity.role, statement);
    if (status == KDB_ERR_PERMISSION_DENIED)
        sql->statement = 0; // the request is refused for what it asks, not for what happened
    return status;
}

// EXECUTE AS USER: whose rows the inner statement sees.
static kdb_status act_as(struct sql_request *sql, const struct kdb_statement *statement)
{
    sql->user = sql->identity.user;
    sql->role = sql->identity.role;
    if (statement->kind != KDB_STATEMENT_EXECUTE_AS)
        return KDB_OK;
    kdb_slice target = statement->execute_as.user;
    if (!kdb_account_id_is_valid(target))
        return kdb_fail(sql->ctx, KDB_ERR_INVALID_INPUT,
                        "EXECUTE AS USER: a user id has up to 128 bytes and neither '..', '/', "
                        "'\\' nor NUL, unlike '%.*s'",
                        KDB_ARG(target));
    const struct kdb_user *user = kdb_catalog_user(sql->snapshot, target);
    kdb_role role = user && user->deleted_at_us == 0 ? user->role : KDB_ROLE_USER;
    bool is_self = kdb_slice_equal(target, sql->identity.user);
    if (!is_self && !kdb_role_may_act_as(sql->identity.role, role))
        return kdb_fail(sql->ctx, KDB_ERR_PERMISSION_DENIED,
                        "EXECUTE AS USER is not authorized: '%.*s' (%s) may not act as '%.*s'",
                        KDB_ARG(sql->identity.user), kdb_role_name(sql->identity.role),
                        KDB_ARG(target));
    sql->user = kdb_arena_copy(&sql->ctx->arena, target);
    sql->role = KDB_ROLE_USER;
    return KDB_OK;
}

// ---- plan and run ----

kdb_status sql_make_plan(struct sql_request *sql, struct kdb_plan_cache *plans,
                         const struct kdb_scanned *scanned)
{
    const struct kdb_exec_services *services = sql->loop->api->options.services;
    bool is_execute_as = kdb_slice_equal(scanned->first_word, KDB_LIT("execute"));
    const struct kdb_plan_request request = {.scanned = scanned,
                                             .catalog = sql->snapshot,
                                             .space = sql->space,
                                             .role =
                                                 is_execute_as ? KDB_ROLE_USER : sql->identity.role,
                                             .params = sql->params,
                                             .param_count = sql->param_count,
                                             .terms_max = services->terms_max,
                                             .depth_max = services->depth_max};
    kdb_plan_unref(sql->plan);
    sql->plan = NULL;
    KDB_TRY(kdb_plan_cache_get(plans, sql->ctx, &request, &sql->plan));
    KDB_TRY(admit(sql, &sql->plan->statement));
    KDB_TRY(act_as(sql, &sql->plan->statement));
    return kdb_plan_inputs(sql->plan, sql->ctx, scanned, sql->params, sql->param_count,
                           &sql->exec.inputs);
}

void sql_prepare_exec(struct sql_request *sql, kdb_read_tier tier,
                      struct kdb_engine_connection **connection_slot)
{
    const struct kdb_exec_services *services = sql->loop->api->options.services;
    const kdb_value *inputs = sql->exec.inputs;
    sql->reply.as_user = sql->user;
    sql->sink = reply_sink(&sql->reply);
    sql->exec = (struct kdb_exec){.services = services,
                                  .ctx = sql->ctx,
                                  .snapshot = sql->snapshot,
                                  .plan = sql->plan,
                                  .inputs = inputs,
                                  .user = sql->user,
                                  .role = sql->role,
                                  .actor = sql->identity.user,
                                  .actor_role = sql->identity.role,
                                  .space = sql->space,
                                  .tier = tier,
                                  .connection_slot = connection_slot,
                                  .sink = &sql->sink,
                                  .now_us = kdb_clock_now_us(services->clock)};
}

// ---- slow statements ----

static const struct kdb_scanned *current(const struct sql_request *sql)
{
    bool has_one = sql->statement > 0 && sql->statement <= sql->scan.count;
    return has_one ? &sql->scan.statements[sql->statement - 1] : NULL;
}

// Whether the statement may hold a password or a key: whoever reads the log need not know it. What
// stands for a literal in the scan's key is not its text, so only clauses are found.
static bool is_secret(const struct kdb_scanned *scanned)
{
    static const char *const clauses[] = {"oauth", "credentials", "config"};
    if (kdb_slice_find(scanned->key, KDB_LIT("password"), 0) != SIZE_MAX)
        return true;
    if (!kdb_slice_equal(scanned->first_word, KDB_LIT("create")) &&
        !kdb_slice_equal(scanned->first_word, KDB_LIT("alter")) &&
        !kdb_slice_equal(scanned->first_word, KDB_LIT("explain")))
        return false;
    for (size_t i = 0; i < sizeof(clauses) / sizeof(clauses[0]); i++) {
        if (kdb_slice_find(scanned->key, kdb_slice_cstr(clauses[i]), 0) != SIZE_MAX)
            return true;
    }
    return false;
}

static void note_slow(struct sql_request *sql)
{
    struct kdb_api *api = sql->loop->api;
    int64_t took_ns = kdb_monotonic_ns() - sql->started_ns;
    const struct kdb_scanned *scanned = current(sql);
    if (api->slow_ns == 0 || took_ns < api->slow_ns || !scanned)
        return;
    const struct kdb_log_field fields[] = {
        {"took_ms", {0}, took_ns / 1000000},
        {"user", sql->identity.user, 0},
        {"sql", is_secret(scanned) ? KDB_LIT("(not shown: it may hold a secret)") : scanned->text,
         0}};
    const struct kdb_log_event event = {.level = KDB_LOG_WARN,
                                        .line = __LINE__,
                                        .component = "api",
                                        .request_id = api_request_id(sql->loop, sql->http),
                                        .message = KDB_LIT("slow statement"),
                                        .fields = fields,
                                        .field_count = sizeof(fields) / sizeof(fields[0])};
    kdb_log_event(&event);
}

// ---- results ----

void sql_write_result(struct sql_request *sql)
{
    const struct kdb_exec *exec = &sql->exec;
    note_slow(sql);
    if (exec->has_rows)
        reply_end_rows(&sql->reply);
    else
        reply_message(&sql->reply, exec->message, exec->affected);
}

// ---- batches ----

// Everything is parsed and its kind allowed before anything runs; tables are looked at when their
// turn comes, since an earlier statement may make them.
static kdb_status check_all(struct sql_request *sql)
{
    for (size_t i = 0; i < sql->scan.count; i++) {
        struct kdb_statement statement;
        sql->statement = i + 1;
        KDB_TRY(kdb_sql_parse(&sql->scan.statements[i], sql->ctx, &statement));
        KDB_TRY(admit(sql, &statement));
        KDB_TRY(act_as(sql, &statement));
    }
    return KDB_OK;
}

// A statement may have changed the definitions: the next one sees them.
static void renew_snapshot(struct sql_request *sql)
{
    struct kdb_catalog *catalog = sql->loop->api->options.services->catalog;
    if (sql->snapshot->version == kdb_catalog_version(catalog))
        return;
    kdb_catalog_release(sql->snapshot);
    sql->snapshot = kdb_catalog_acquire(catalog);
}

static kdb_status plan_next(struct sql_request *sql, struct api_worker *worker)
{
    renew_snapshot(sql);
    sql->statement = sql->next + 1;
    if (sql->next > 0)
        sql->started_ns = kdb_monotonic_ns();
    if (sql->plan)
        return KDB_OK;
    return sql_make_plan(sql, worker->plans, &sql->scan.statements[sql->next]);
}

// The statement has run: its entry in the reply, and the next one's turn.
static kdb_status end_statement(struct sql_request *sql, kdb_status status)
{
    kdb_exec_finish(&sql->exec);
    KDB_TRY(status);
    if (sql->exec.new_space.data)
        sql->space = sql->exec.new_space;
    sql_write_result(sql);
    kdb_plan_unref(sql->plan);
    sql->plan = NULL;
    sql->next++;
    return KDB_OK;
}

static kdb_status run_planned(struct sql_request *sql,
                              struct kdb_engine_connection **connection_slot)
{
    sql_prepare_exec(sql, KDB_READ_ANY, connection_slot);
    return end_statement(sql, kdb_exec_wait(&sql->exec));
}

bool sql_run_alone(struct sql_request *sql, unsigned worker_index)
{
    struct kdb_engine_connection **connection_slot =
        &sql->loop->api->workers[worker_index].connection;
    kdb_exec_step step = KDB_EXEC_DONE;
    kdb_status status;
    if (sql->is_lost) {
        sql->exec.connection = NULL; // another worker's
        sql->exec.connection_slot = connection_slot;
        status = kdb_exec_wait_again(&sql->exec);
    } else {
        renew_snapshot(sql);
        sql_prepare_exec(sql, KDB_READ_ANY, connection_slot);
        status = kdb_exec_run(&sql->exec, &step);
    }
    if (status == KDB_OK && step == KDB_EXEC_COMMIT) {
        sql->exec.commit.turn = NULL; // its turn might come when no worker is free to take it
        return false;
    }
    status = end_statement(sql, status);
    (void)status; // it is in the ctx
    return true;
}

bool sql_hashes(const struct sql_request *sql)
{
    return kdb_exec_hashes(sql->plan);
}

bool sql_is_finished(const struct sql_request *sql)
{
    return sql->ctx->error.status != KDB_OK || sql->next == sql->scan.count;
}

void sql_run_statements(struct sql_request *sql, unsigned worker_index)
{
    struct api_worker *worker = &sql->loop->api->workers[worker_index];
    kdb_status status = KDB_OK;
    if (sql->next == 0 && sql->scan.count > 1)
        status = check_all(sql);
    while (status == KDB_OK && sql->next < sql->scan.count) {
        status = plan_next(sql, worker);
        if (status == KDB_OK && sql_hashes(sql))
            return;
        if (status == KDB_OK)
            status = run_planned(sql, &worker->connection);
    }
}

void sql_run_hashing(struct sql_request *sql)
{
    kdb_status status = run_planned(sql, NULL);
    (void)status; // it is in the ctx
}

int sql_error(struct sql_request *sql)
{
    struct reply_error error = {
        .ctx = sql->ctx, .statement = sql->statement, .role = sql->identity.role};
    const struct kdb_scanned *scanned = current(sql);
    note_slow(sql);
    if (scanned && !is_secret(scanned))
        error.text = scanned->text;
    return reply_error(&sql->reply, &error, sql->http->received_ns);
}
