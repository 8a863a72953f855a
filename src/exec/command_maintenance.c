// SPDX-License-Identifier: Apache-2.0
// STORAGE FLUSH and STORAGE COMPACT: jobs for one table or many.
#include "exec/catalog_list.h"
#include "exec/command_priv.h"
#include "jobs/jobs.h"

// The words of the two statements.
struct maintenance {
    kdb_job_kind kind;
    const char *statement; // STORAGE FLUSH
    const char *noun;      // "flush", "compaction"
    const char *nothing;   // why there is nothing to do
};

static const struct maintenance flush = {KDB_JOB_FLUSH, "STORAGE FLUSH", "flush",
                                         "no pending writes"};
static const struct maintenance compact = {KDB_JOB_COMPACT, "STORAGE COMPACT", "compaction",
                                           "no segments to compact"};

static kdb_status submit(struct kdb_exec *exec, const struct maintenance *what,
                         struct kdb_table *table, kdb_submit_outcome *ret_outcome,
                         kdb_slice *ret_id)
{
    const struct kdb_job_request request = {.kind = what->kind, .table = table, .reason = "manual"};
    *ret_id = (kdb_slice){0};
    return kdb_jobs_submit(exec->services->jobs, exec->ctx, &request, ret_outcome, ret_id);
}

// ---- one table ----

static kdb_status maintain_table(struct kdb_exec *exec, const struct maintenance *what,
                                 const struct kdb_ast_name *name)
{
    if (!name->space.data)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "%s TABLE needs the table's namespace: write %s TABLE namespace.%.*s",
                        what->statement, what->statement, KDB_ARG(name->name));
    struct kdb_table *table;
    KDB_TRY(command_table(exec, name, &table));
    if (table->kind != KDB_TABLE_USER && table->kind != KDB_TABLE_SHARED)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "STREAM and system tables have no flushed rows: %.*s.%.*s",
                        KDB_ARG(table->space), KDB_ARG(table->name));
    kdb_submit_outcome outcome;
    kdb_slice id;
    KDB_TRY(submit(exec, what, table, &outcome, &id));
    switch (outcome) {
    case KDB_SUBMIT_QUEUED:
        return command_done(exec, "Storage %s started for table '%.*s.%.*s'. Job ID: %.*s",
                            what->noun, KDB_ARG(table->space), KDB_ARG(table->name), KDB_ARG(id));
    case KDB_SUBMIT_NOTHING:
        return command_done(exec, "Storage %s skipped: %s for table '%.*s.%.*s'", what->noun,
                            what->nothing, KDB_ARG(table->space), KDB_ARG(table->name));
    case KDB_SUBMIT_ALREADY:
        break;
    }
    return command_done(exec,
                        "Storage %s skipped: a %s is already queued or running for table "
                        "'%.*s.%.*s'",
                        what->noun, what->noun, KDB_ARG(table->space), KDB_ARG(table->name));
}

// ---- ALL [IN namespace] ----

static kdb_status submit_all(struct kdb_exec *exec, const struct maintenance *what, kdb_slice space,
                             struct kdb_buf *ids, size_t *ret_count)
{
    const struct catalog_choice choice = {CATALOG_CREATED, .spaces = catalog_one_name(&space)};
    size_t count;
    struct kdb_table **tables =
        catalog_list_tables(&exec->ctx->arena, exec->snapshot, &choice, &count);
    size_t started = 0;
    for (size_t i = 0; i < count; i++) {
        kdb_submit_outcome outcome;
        kdb_slice id;
        if (tables[i]->kind == KDB_TABLE_STREAM)
            continue;
        KDB_TRY(kdb_ctx_check(exec->ctx));
        KDB_TRY(submit(exec, what, tables[i], &outcome, &id));
        if (outcome != KDB_SUBMIT_QUEUED)
            continue;
        kdb_buf_printf(ids, "%s%.*s", started > 0 ? ", " : "", KDB_ARG(id));
        started++;
    }
    *ret_count = started;
    return KDB_OK;
}

static kdb_status maintain_all(struct kdb_exec *exec, const struct maintenance *what,
                               kdb_slice space)
{
    if (space.data && !kdb_catalog_namespace(exec->snapshot, space))
        return kdb_fail(exec->ctx, KDB_ERR_NAMESPACE_NOT_FOUND, "namespace '%.*s' does not exist",
                        KDB_ARG(space));
    kdb_slice where = space.data
                          ? kdb_arena_printf(&exec->ctx->arena, "namespace '%.*s'", KDB_ARG(space))
                          : KDB_LIT("all namespaces");
    struct kdb_buf ids = {0};
    size_t count = 0;
    kdb_status status = submit_all(exec, what, space, &ids, &count);
    if (status != KDB_OK || count > 0) {
        if (status == KDB_OK)
            status =
                command_done(exec, "Storage %s started for %zu table(s) in %.*s. Job IDs: [%.*s]",
                             what->noun, count, KDB_ARG(where), KDB_ARG(kdb_buf_view(&ids)));
        kdb_buf_deinit(&ids);
        return status;
    }
    kdb_buf_deinit(&ids);
    if (what->kind == KDB_JOB_COMPACT)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION, "No compactable tables in %.*s",
                        KDB_ARG(where));
    return command_done(exec, "Storage %s skipped: %s in %.*s", what->noun, what->nothing,
                        KDB_ARG(where));
}

kdb_status command_maintain(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    const struct maintenance *what =
        statement->kind == KDB_STATEMENT_STORAGE_FLUSH ? &flush : &compact;
    if (!exec->services->jobs)
        return kdb_fail(exec->ctx, KDB_ERR_UNAVAILABLE, "background jobs are not running");
    if (statement->scope.is_all)
        return maintain_all(exec, what, statement->scope.space);
    return maintain_table(exec, what, &statement->scope.table);
}
