// SPDX-License-Identifier: Apache-2.0
// Commands: everything that is no query and no data change, by the kind of statement.
#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "exec/command_priv.h"
#include "exec/right.h"

kdb_status command_done(struct kdb_exec *exec, const char *format, ...)
{
    struct kdb_arena *arena = &exec->ctx->arena;
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *text = kdb_arena_alloc(arena, (size_t)len + 1);
    (void)vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    exec->message = kdb_slice_of(text, (size_t)len);
    return KDB_OK;
}

kdb_status command_publish(struct kdb_exec *exec, struct kdb_catalog_change *change,
                           kdb_status status)
{
    if (status == KDB_OK)
        status = kdb_commit_batch(exec->services->committer, exec->ctx, change->batch);
    if (status == KDB_OK)
        kdb_catalog_publish(change);
    else
        kdb_catalog_abandon(change);
    return status;
}

kdb_slice command_space(const struct kdb_exec *exec, const struct kdb_ast_name *name)
{
    if (name->space.data)
        return name->space;
    return exec->space.len > 0 ? exec->space : KDB_LIT("default");
}

kdb_status command_table(struct kdb_exec *exec, const struct kdb_ast_name *name,
                         struct kdb_table **ret_table)
{
    kdb_slice space = command_space(exec, name);
    struct kdb_table *table = kdb_catalog_table(exec->snapshot, space, name->name);
    if (!table) {
        kdb_error_at(exec->ctx, name->position);
        return kdb_fail(exec->ctx, KDB_ERR_TABLE_NOT_FOUND, "table %.*s.%.*s does not exist",
                        KDB_ARG(space), KDB_ARG(name->name));
    }
    *ret_table = table;
    return KDB_OK;
}

static kdb_status dispatch(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    switch ((int)statement->kind) {
    case KDB_STATEMENT_CREATE_NAMESPACE:
        return command_create_namespace(exec, statement);
    case KDB_STATEMENT_ALTER_NAMESPACE:
        return command_alter_namespace(exec, statement);
    case KDB_STATEMENT_DROP_NAMESPACE:
        return command_drop_namespace(exec, statement);
    case KDB_STATEMENT_USE:
        return command_use(exec, statement);
    case KDB_STATEMENT_CREATE_TABLE:
        return command_create_table(exec, statement);
    case KDB_STATEMENT_DROP_TABLE:
        return command_drop_table(exec, statement);
    case KDB_STATEMENT_DESCRIBE_TABLE:
        return command_describe(exec, statement);
    case KDB_STATEMENT_SHOW_STATS:
        return command_show_stats(exec, statement);
    case KDB_STATEMENT_SHOW_NAMESPACES:
    case KDB_STATEMENT_SHOW_TABLES:
    case KDB_STATEMENT_SHOW_STORAGES:
    case KDB_STATEMENT_SHOW_MANIFEST:
    case KDB_STATEMENT_SHOW_JOBS:
        return command_show(exec, statement);
    case KDB_STATEMENT_CREATE_STORAGE:
        return command_create_storage(exec, statement);
    case KDB_STATEMENT_ALTER_STORAGE:
        return command_alter_storage(exec, statement);
    case KDB_STATEMENT_DROP_STORAGE:
        return command_drop_storage(exec, statement);
    case KDB_STATEMENT_STORAGE_CHECK:
        return command_check_storage(exec, statement);
    case KDB_STATEMENT_STORAGE_FLUSH:
    case KDB_STATEMENT_STORAGE_COMPACT:
        return command_maintain(exec, statement);
    case KDB_STATEMENT_CREATE_USER:
        return command_create_user(exec, statement);
    case KDB_STATEMENT_ALTER_USER:
        return command_alter_user(exec, statement);
    case KDB_STATEMENT_DROP_USER:
        return command_drop_user(exec, statement);
    case KDB_STATEMENT_KILL_JOB:
        return command_kill_job(exec, statement);
    case KDB_STATEMENT_KILL_LIVE_QUERY:
        return command_kill_live_query(exec, statement);
    case KDB_STATEMENT_SUBSCRIBE:
        return command_subscribe(exec, statement);
    default: // queries do not come here, what is not supported was not admitted
        KDB_UNREACHABLE();
    }
}

kdb_status command_run(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    // Asked here too, for whoever runs statements without having asked before.
    KDB_TRY(kdb_exec_admit(exec->ctx, exec->role, statement));
    return dispatch(exec, statement);
}
