// SPDX-License-Identifier: Apache-2.0
// Statements and rights.
#include "exec/right.h"

#include "base/assert.h"
#include "sql/parse.h"

kdb_right kdb_exec_right(const struct kdb_statement *statement)
{
    switch (statement->kind) {
    case KDB_STATEMENT_SELECT:
    case KDB_STATEMENT_INSERT:
    case KDB_STATEMENT_UPDATE:
    case KDB_STATEMENT_DELETE:
    case KDB_STATEMENT_EXECUTE_AS:
    case KDB_STATEMENT_BEGIN:
    case KDB_STATEMENT_COMMIT:
    case KDB_STATEMENT_ROLLBACK:
    case KDB_STATEMENT_SUBSCRIBE:
    case KDB_STATEMENT_KILL_LIVE_QUERY: // one's own
    case KDB_STATEMENT_RESERVED:
    case KDB_STATEMENT_KIND_COUNT:
        return KDB_RIGHT_QUERY;
    case KDB_STATEMENT_SHOW_NAMESPACES:
    case KDB_STATEMENT_USE:
    case KDB_STATEMENT_SHOW_TABLES:
    case KDB_STATEMENT_SHOW_STATS:
    case KDB_STATEMENT_SHOW_STORAGES:
    case KDB_STATEMENT_SHOW_MANIFEST:
        return KDB_RIGHT_SHOW;
    case KDB_STATEMENT_DESCRIBE_TABLE:
        return statement->table.is_admin_form ? KDB_RIGHT_EXPLAIN : KDB_RIGHT_SHOW;
    case KDB_STATEMENT_EXPLAIN:
        return KDB_RIGHT_EXPLAIN;
    case KDB_STATEMENT_CREATE_NAMESPACE:
    case KDB_STATEMENT_ALTER_NAMESPACE:
    case KDB_STATEMENT_DROP_NAMESPACE:
        return KDB_RIGHT_NAMESPACE;
    case KDB_STATEMENT_CREATE_TABLE:
        return KDB_RIGHT_CREATE_TABLE;
    case KDB_STATEMENT_DROP_TABLE:
        return KDB_RIGHT_QUERY; // owners may
    case KDB_STATEMENT_CREATE_STORAGE:
    case KDB_STATEMENT_ALTER_STORAGE:
    case KDB_STATEMENT_DROP_STORAGE:
    case KDB_STATEMENT_STORAGE_CHECK:
        return KDB_RIGHT_STORAGE;
    case KDB_STATEMENT_STORAGE_FLUSH:
    case KDB_STATEMENT_STORAGE_COMPACT:
        return KDB_RIGHT_MAINTENANCE;
    case KDB_STATEMENT_CREATE_USER:
    case KDB_STATEMENT_DROP_USER:
        return KDB_RIGHT_USERS;
    case KDB_STATEMENT_ALTER_USER:
        return KDB_RIGHT_QUERY; // one's own password and e-mail
    case KDB_STATEMENT_KILL_JOB:
    case KDB_STATEMENT_SHOW_JOBS: // jobs of every user: as system.jobs
        return KDB_RIGHT_JOBS;
    }
    KDB_UNREACHABLE();
}

// What the parser knows and the server does not do; NULL: it does.
static const char *unsupported(const struct kdb_statement *statement)
{
    switch ((int)statement->kind) {
    case KDB_STATEMENT_RESERVED:
        return statement->what;
    case KDB_STATEMENT_BEGIN:
    case KDB_STATEMENT_COMMIT:
    case KDB_STATEMENT_ROLLBACK:
        return kdb_statement_name(statement->kind);
    default:
        return NULL;
    }
}

static kdb_status admit(struct kdb_ctx *ctx, kdb_role role, const struct kdb_statement *statement)
{
    const char *what = unsupported(statement);
    if (what)
        return kdb_fail(ctx, KDB_ERR_INVALID_SQL, "%s is not supported yet", what);
    if (kdb_role_may(role, kdb_exec_right(statement)))
        return KDB_OK;
    return kdb_fail(ctx, KDB_ERR_PERMISSION_DENIED,
                    "Admin privileges (DBA or System role) required: role '%s' is not allowed to "
                    "run %s",
                    kdb_role_name(role), kdb_statement_name(statement->kind));
}

kdb_status kdb_exec_admit(struct kdb_ctx *ctx, kdb_role role, const struct kdb_statement *statement)
{
    KDB_TRY(admit(ctx, role, statement));
    if (statement->kind != KDB_STATEMENT_EXECUTE_AS)
        return KDB_OK;
    return admit(ctx, KDB_ROLE_USER, statement->execute_as.inner); // it is not nested
}
