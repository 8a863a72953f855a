// SPDX-License-Identifier: Apache-2.0
// DROP TABLE: definition, rows and counters in one batch; the files follow in a clean-up job.
#include "auth/rights.h"
#include "exec/command_priv.h"
#include "jobs/jobs.h"
#include "txn/layout.h"

// The commit of a drop; `request` first, so that on_applied finds the rest.
struct drop {
    struct kdb_commit_request request;
    struct kdb_partition_registry *partitions;
    struct kdb_streams *streams;
    struct kdb_table **tables;
    size_t count;
};

// From here on nobody can write to the tables, whatever statements began before.
static void on_applied(struct kdb_commit_request *request)
{
    const struct drop *drop = (const struct drop *)(void *)request;
    for (size_t i = 0; i < drop->count; i++) {
        kdb_partition_drop_table(drop->partitions, drop->tables[i]->id);
        if (drop->tables[i]->kind == KDB_TABLE_STREAM)
            kdb_streams_drop_table(drop->streams, drop->tables[i]->id);
    }
}

// Every key of one table: those that begin with its id.
static void delete_table_keys(struct kdb_store_batch *batch, kdb_space space, char kind,
                              uint32_t table_id)
{
    struct kdb_buf first = {0};
    struct kdb_buf end = {0};
    if (kind != '\0') {
        kdb_buf_put(&first, kind);
        kdb_buf_put(&end, kind);
    }
    kdb_key_u32(&first, table_id);
    kdb_key_u32(&end, table_id + 1);
    kdb_store_batch_delete_range(batch, space, kdb_buf_view(&first), kdb_buf_view(&end));
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&end);
}

// The clean-up job of one table that is gone; null when none can be queued any more. That cannot
// undo the drop: the manifests still say what is left to delete.
static kdb_slice submit_cleanup(struct kdb_exec *exec, struct kdb_table *table)
{
    const struct kdb_job_request request = {
        .kind = KDB_JOB_CLEANUP, .table = table, .reason = "drop"};
    kdb_submit_outcome outcome = KDB_SUBMIT_NOTHING;
    kdb_slice id = {0};
    kdb_status status = kdb_jobs_submit(exec->services->jobs, exec->ctx, &request, &outcome, &id);
    if (status != KDB_OK)
        kdb_ctx_clear_error(exec->ctx);
    return status == KDB_OK && outcome == KDB_SUBMIT_QUEUED ? id : (kdb_slice){0};
}

// A client that follows a table would wait for changes of something that is no more. A subscription
// that begins after this check finds its partition marked dropped: the loop that has it tells.
static kdb_status check_subscriptions(struct kdb_exec *exec, struct kdb_table *const *tables,
                                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t subscriptions =
            kdb_partition_subscriptions(exec->services->partitions, tables[i]->id);
        if (subscriptions > 0)
            return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                            "table %.*s.%.*s cannot be dropped: %llu live %s to it",
                            KDB_ARG(tables[i]->space), KDB_ARG(tables[i]->name),
                            (unsigned long long)subscriptions,
                            subscriptions == 1 ? "query is subscribed" : "queries are subscribed");
    }
    return KDB_OK;
}

kdb_status command_drop_tables(struct kdb_exec *exec, struct kdb_catalog_change *change,
                               struct kdb_table **tables, size_t count, kdb_slice *ret_jobs)
{
    const struct kdb_exec_services *services = exec->services;
    if (count > 0 && !services->jobs) {
        kdb_catalog_abandon(change);
        return kdb_fail(exec->ctx, KDB_ERR_UNAVAILABLE, "background jobs are not running");
    }
    kdb_status subscribed = check_subscriptions(exec, tables, count);
    if (subscribed != KDB_OK) {
        kdb_catalog_abandon(change);
        return subscribed;
    }
    struct drop drop = {.partitions = services->partitions,
                        .streams = services->streams,
                        .tables = tables,
                        .count = count};
    for (size_t i = 0; i < count; i++) {
        kdb_table_ref(tables[i]); // the snapshot that holds it goes away
        kdb_catalog_remove_table(change, tables[i]);
        delete_table_keys(change->batch, KDB_SPACE_ROWS, '\0', tables[i]->id);
        // The manifests stay: they name the files that the clean-up job deletes, and it deletes
        // them with the files.
        delete_table_keys(change->batch, KDB_SPACE_META, KDB_META_COUNTERS, tables[i]->id);
    }
    drop.request.batch = change->batch;
    drop.request.on_applied = on_applied;
    kdb_commit_wait(services->committer, &drop.request);
    bool is_done = drop.request.outcome == KDB_COMMIT_DONE;
    for (size_t i = 0; i < count && is_done; i++)
        command_schema_files_remove(exec, tables[i]); // before another table can have the name
    if (is_done)
        kdb_catalog_publish(change);
    else
        kdb_catalog_abandon(change);
    for (size_t i = 0; i < count; i++) {
        if (is_done)
            ret_jobs[i] = submit_cleanup(exec, tables[i]);
        kdb_table_unref(tables[i]);
    }
    return is_done ? KDB_OK : kdb_fail(exec->ctx, drop.request.status, "%s", drop.request.message);
}

static kdb_status check_owner(struct kdb_exec *exec, const struct kdb_table *table)
{
    if (table->kind == KDB_TABLE_SYSTEM)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "%.*s.%.*s cannot be dropped: system tables are managed by the server",
                        KDB_ARG(table->space), KDB_ARG(table->name));
    if (kdb_role_may(exec->role, KDB_RIGHT_DROP_TABLE) || kdb_slice_equal(table->owner, exec->user))
        return KDB_OK;
    return kdb_fail(exec->ctx, KDB_ERR_PERMISSION_DENIED,
                    "only its owner or an administrator is allowed to drop table %.*s.%.*s",
                    KDB_ARG(table->space), KDB_ARG(table->name));
}

kdb_status command_drop_table(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    const struct kdb_ast_name *name = &statement->table.name;
    kdb_slice space = command_space(exec, name);
    struct kdb_catalog_change change;
    kdb_catalog_begin(exec->services->catalog, exec->services->store, &change);
    struct kdb_table *table = kdb_catalog_table(change.next, space, name->name);
    kdb_status status = table ? check_owner(exec, table) : KDB_OK;
    if (!table || status != KDB_OK) {
        kdb_catalog_abandon(&change);
        KDB_TRY(status);
        if (statement->table.if_exists)
            return command_done(exec, "Table %.*s.%.*s does not exist (skipped)", KDB_ARG(space),
                                KDB_ARG(name->name));
        kdb_error_at(exec->ctx, name->position);
        return kdb_fail(exec->ctx, KDB_ERR_TABLE_NOT_FOUND, "table %.*s.%.*s does not exist",
                        KDB_ARG(space), KDB_ARG(name->name));
    }
    kdb_slice job = {0};
    KDB_TRY(command_drop_tables(exec, &change, &table, 1, &job));
    if (!job.data)
        job = KDB_LIT("none, the server is stopping");
    return command_done(exec, "Table %.*s.%.*s dropped successfully. Cleanup job: %.*s",
                        KDB_ARG(space), KDB_ARG(name->name), KDB_ARG(job));
}
