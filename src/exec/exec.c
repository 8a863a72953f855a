// SPDX-License-Identifier: Apache-2.0
// One run of one statement: which kind it is, and the half behind a commit.
#include "exec/exec.h"

#include "base/assert.h"
#include "exec/exec_priv.h"

kdb_status exec_require_worker(struct kdb_exec *exec)
{
    if (exec->tier == KDB_READ_ANY)
        return KDB_OK;
    return kdb_fail(exec->ctx, KDB_ERR_BLOCKED, "work for a worker");
}

kdb_status exec_connect(struct kdb_exec *exec)
{
    if (exec->connection || exec->tier != KDB_READ_ANY)
        return KDB_OK;
    if (!exec->connection_slot)
        return kdb_fail(exec->ctx, KDB_ERR_INTERNAL, "a worker without an engine connection");
    if (!*exec->connection_slot)
        KDB_TRY(kdb_engine_connect(exec->services->engine, exec->ctx, exec->connection_slot));
    exec->connection = *exec->connection_slot;
    return KDB_OK;
}

void exec_eval_init(const struct kdb_exec *exec, const struct kdb_table *table,
                    struct kdb_arena *scratch, struct kdb_eval *ret)
{
    *ret = (struct kdb_eval){.ctx = exec->ctx,
                             .scratch = scratch,
                             .inputs = exec->inputs,
                             .schema = table ? table->schema : NULL,
                             .user = exec->user,
                             .role = kdb_slice_cstr(kdb_role_name(exec->role)),
                             .now_us = exec->now_us,
                             .ids = exec->services->ids,
                             .id_source = exec->services->id_source,
                             .must_not_wait = exec->tier == KDB_READ_MEMORY};
}

struct kdb_store *exec_store(const struct kdb_exec *exec, const struct kdb_table *table)
{
    return table->kind == KDB_TABLE_STREAM ? kdb_streams_store(exec->services->streams)
                                           : exec->services->store;
}

int64_t exec_first_alive(const struct kdb_exec *exec, const struct kdb_table *table)
{
    int64_t now_ms = kdb_clock_now_ms(exec->services->clock);
    return kdb_snowflake_first_of_ms(now_ms - table->stream.ttl_ms + 1);
}

bool exec_is_unheard(const struct kdb_partition *partition)
{
    return atomic_load_explicit(&partition->is_ephemeral, memory_order_relaxed) &&
           atomic_load(&partition->subscriptions) == 0;
}

// What the committer and the jobs need to know of the table.
static void note_rules(const struct kdb_exec *exec, const struct kdb_table *table,
                       struct kdb_partition *partition)
{
    const struct kdb_exec_services *services = exec->services;
    if (table->kind == KDB_TABLE_STREAM) {
        kdb_partition_set_stream(partition, &table->stream, services->default_stream_rows,
                                 kdb_committer_last_seq(services->committer));
        return;
    }
    uint32_t rows = table->has_flush_policy ? table->flush.rows : services->default_flush_rows;
    uint32_t interval = table->has_flush_policy ? table->flush.interval_seconds
                                                : services->default_flush_interval_seconds;
    atomic_store_explicit(&partition->flush_rows, rows, memory_order_relaxed);
    atomic_store_explicit(&partition->flush_interval_seconds, interval, memory_order_relaxed);
}

kdb_status kdb_exec_open_partition(struct kdb_exec *exec, const struct kdb_table *table,
                                   struct kdb_partition **ret_partition)
{
    kdb_slice user = table->kind == KDB_TABLE_SHARED ? KDB_LIT("") : exec->user;
    struct kdb_partition *partition;
    KDB_TRY(kdb_partition_open(exec->services->partitions, exec->ctx, table->id, user, exec->tier,
                               &partition));
    if (!partition)
        return exec_require_worker(exec);
    // Dropped since the statement was planned: the clean-up may have taken its files already.
    if (atomic_load(&partition->is_dropped)) {
        kdb_partition_unref(partition);
        return kdb_fail(exec->ctx, KDB_ERR_TABLE_NOT_FOUND, "the table was dropped");
    }
    note_rules(exec, table, partition);
    *ret_partition = partition;
    return KDB_OK;
}

kdb_status exec_partition(struct kdb_exec *exec, const struct kdb_table *table,
                          struct kdb_partition **ret)
{
    if (!exec->partition || exec->partition->table_id != table->id) {
        kdb_partition_unref(exec->partition);
        exec->partition = NULL;
        KDB_TRY(kdb_exec_open_partition(exec, table, &exec->partition));
    }
    *ret = exec->partition;
    return KDB_OK;
}

static kdb_status run_select(struct kdb_exec *exec)
{
    struct exec_route route;
    exec->has_rows = true;
    KDB_TRY(exec_route(exec, &route));
    if (route.path == KDB_PATH_ROW)
        return select_row(exec);
    KDB_TRY(exec_require_worker(exec));
    return select_engine(exec, exec->sink);
}

// The statement that decides how to run: what stands inside EXECUTE AS.
static const struct kdb_statement *effective(const struct kdb_plan *plan)
{
    const struct kdb_statement *statement = &plan->statement;
    return statement->kind == KDB_STATEMENT_EXECUTE_AS ? statement->execute_as.inner : statement;
}

bool kdb_exec_hashes(const struct kdb_plan *plan)
{
    const struct kdb_statement *statement = effective(plan);
    bool is_about_user =
        statement->kind == KDB_STATEMENT_CREATE_USER || statement->kind == KDB_STATEMENT_ALTER_USER;
    return is_about_user && statement->user.password.data;
}

static kdb_status run_once(struct kdb_exec *exec, kdb_exec_step *ret_step)
{
    const struct kdb_statement *statement = effective(exec->plan);
    switch ((int)statement->kind) {
    case KDB_STATEMENT_SELECT:
        return run_select(exec);
    case KDB_STATEMENT_INSERT:
        exec->verb = KDB_VERB_INSERTED;
        return insert_run(exec, ret_step);
    case KDB_STATEMENT_UPDATE:
        exec->verb = KDB_VERB_UPDATED;
        return update_run(exec, ret_step);
    case KDB_STATEMENT_DELETE:
        exec->verb = KDB_VERB_DELETED;
        return update_run(exec, ret_step);
    case KDB_STATEMENT_EXPLAIN:
        exec->has_rows = true;
        return kdb_exec_explain(exec);
    default:
        KDB_TRY(exec_require_worker(exec));
        return command_run(exec, statement);
    }
}

static void give_back_try(struct kdb_exec *exec)
{
    exec->commit.ops = NULL;
    exec->commit.op_count = 0;
    kdb_arena_release(&exec->ctx->arena, &exec->mark);
}

kdb_status kdb_exec_run(struct kdb_exec *exec, kdb_exec_step *ret_step)
{
    *ret_step = KDB_EXEC_DONE;
    exec->mark = kdb_arena_mark(&exec->ctx->arena);
    kdb_status status = run_once(exec, ret_step);
    if (status == KDB_ERR_BLOCKED)
        give_back_try(exec);
    return status;
}

static kdb_status finish_write(struct kdb_exec *exec)
{
    static const char *const words[] = {[KDB_VERB_NONE] = "",
                                        [KDB_VERB_INSERTED] = "Inserted",
                                        [KDB_VERB_UPDATED] = "Updated",
                                        [KDB_VERB_DELETED] = "Deleted"};
    exec->message = kdb_arena_printf(&exec->ctx->arena, "%s %llu row(s)", words[exec->verb],
                                     (unsigned long long)exec->affected);
    return KDB_OK;
}

kdb_status exec_count_attempt(struct kdb_exec *exec)
{
    exec->attempts++;
    give_back_try(exec);
    if (exec->attempts > exec->services->write_retries)
        return kdb_fail(exec->ctx, KDB_ERR_CONFLICT,
                        "other statements changed the same rows %u times in a row, try again "
                        "(execution.write_retries)",
                        exec->attempts);
    return kdb_ctx_check(exec->ctx);
}

kdb_status kdb_exec_committed(struct kdb_exec *exec, kdb_exec_step *ret_step)
{
    switch (exec->commit.outcome) {
    case KDB_COMMIT_DONE:
        *ret_step = KDB_EXEC_DONE;
        if (exec->verb == KDB_VERB_DELETED && kdb_partition_is_stream(exec->commit.partition))
            exec->affected = (uint64_t)exec->commit.removed;
        return finish_write(exec);
    case KDB_COMMIT_FAILED:
        return kdb_fail(exec->ctx, exec->commit.status, "%s", exec->commit.message);
    case KDB_COMMIT_CONFLICT:
        break;
    }
    KDB_TRY(exec_count_attempt(exec));
    exec->affected = 0;
    return kdb_exec_run(exec, ret_step);
}

static kdb_status wait_for_commits(struct kdb_exec *exec, kdb_exec_step step)
{
    while (step == KDB_EXEC_COMMIT) {
        kdb_commit_wait(exec->services->committer, &exec->commit);
        KDB_TRY(kdb_exec_committed(exec, &step));
    }
    return KDB_OK;
}

kdb_status kdb_exec_wait(struct kdb_exec *exec)
{
    KDB_ASSERT(exec->tier == KDB_READ_ANY);
    kdb_exec_step step = KDB_EXEC_DONE;
    KDB_TRY(kdb_exec_run(exec, &step));
    return wait_for_commits(exec, step);
}

kdb_status kdb_exec_wait_again(struct kdb_exec *exec)
{
    KDB_ASSERT(exec->tier == KDB_READ_ANY);
    kdb_exec_step step = KDB_EXEC_DONE;
    KDB_TRY(kdb_exec_committed(exec, &step));
    return wait_for_commits(exec, step);
}

void kdb_exec_finish(struct kdb_exec *exec)
{
    kdb_commit_turn_end(&exec->turn);
    kdb_partition_unref(exec->partition);
    exec->partition = NULL;
}
