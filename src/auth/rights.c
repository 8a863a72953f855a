// SPDX-License-Identifier: Apache-2.0
// The rights matrix.
#include "auth/rights.h"

#include "base/assert.h"

// The least role that has each right; roles are ordered.
static const kdb_role least[KDB_RIGHT_COUNT] = {
    [KDB_RIGHT_QUERY] = KDB_ROLE_USER,        [KDB_RIGHT_SHOW] = KDB_ROLE_USER,
    [KDB_RIGHT_CREATE_TABLE] = KDB_ROLE_USER, [KDB_RIGHT_SHARED_TABLE] = KDB_ROLE_SERVICE,
    [KDB_RIGHT_DROP_TABLE] = KDB_ROLE_DBA,    [KDB_RIGHT_NAMESPACE] = KDB_ROLE_DBA,
    [KDB_RIGHT_STORAGE] = KDB_ROLE_DBA,       [KDB_RIGHT_MAINTENANCE] = KDB_ROLE_SERVICE,
    [KDB_RIGHT_USERS] = KDB_ROLE_DBA,         [KDB_RIGHT_JOBS] = KDB_ROLE_DBA,
    [KDB_RIGHT_EXPLAIN] = KDB_ROLE_DBA,
};

bool kdb_role_may(kdb_role role, kdb_right right)
{
    KDB_ASSERT((unsigned)right < KDB_RIGHT_COUNT);
    return role >= least[right];
}

// The least role that reads, or writes, a SHARED table of each level.
static const struct {
    kdb_role reads, writes;
} shared[] = {
    [KDB_ACCESS_PRIVATE] = {KDB_ROLE_SERVICE, KDB_ROLE_SERVICE},
    [KDB_ACCESS_PUBLIC] = {KDB_ROLE_ANONYMOUS, KDB_ROLE_SERVICE},
    [KDB_ACCESS_RESTRICTED] = {KDB_ROLE_SERVICE, KDB_ROLE_SERVICE},
    [KDB_ACCESS_DBA] = {KDB_ROLE_DBA, KDB_ROLE_DBA},
};

bool kdb_role_may_read(kdb_role role, const struct kdb_table *table)
{
    switch (table->kind) {
    case KDB_TABLE_USER:
    case KDB_TABLE_STREAM:
        return role >= KDB_ROLE_USER;
    case KDB_TABLE_SHARED:
        return role >= shared[table->access].reads;
    case KDB_TABLE_SYSTEM:
        return role >= (table->is_admin_only ? KDB_ROLE_DBA : KDB_ROLE_USER);
    }
    KDB_UNREACHABLE();
}

bool kdb_role_may_write(kdb_role role, const struct kdb_table *table)
{
    switch (table->kind) {
    case KDB_TABLE_USER:
    case KDB_TABLE_STREAM:
        return role >= KDB_ROLE_USER;
    case KDB_TABLE_SHARED:
        return role >= shared[table->access].writes;
    case KDB_TABLE_SYSTEM:
        return false;
    }
    KDB_UNREACHABLE();
}

static const char *or_above(kdb_role role)
{
    return role == KDB_ROLE_DBA ? "'dba' or 'system'" : "'service', 'dba' or 'system'";
}

static kdb_status refuse_shared(kdb_role role, struct kdb_ctx *ctx, const struct kdb_table *table,
                                const char *verb, kdb_role needed)
{
    return kdb_fail(ctx, KDB_ERR_PERMISSION_DENIED,
                    "Access denied: role '%s' may not %s %.*s.%.*s. A SHARED table of access level "
                    "'%s' requires %s role",
                    kdb_role_name(role), verb, KDB_ARG(table->space), KDB_ARG(table->name),
                    kdb_access_level_name(table->access), or_above(needed));
}

kdb_status kdb_role_check_read(kdb_role role, struct kdb_ctx *ctx, const struct kdb_table *table)
{
    if (kdb_role_may_read(role, table))
        return KDB_OK;
    if (table->kind == KDB_TABLE_SHARED)
        return refuse_shared(role, ctx, table, "read", shared[table->access].reads);
    return kdb_fail(ctx, KDB_ERR_PERMISSION_DENIED,
                    "Access denied: role '%s' may not read %.*s.%.*s%s", kdb_role_name(role),
                    KDB_ARG(table->space), KDB_ARG(table->name),
                    table->is_admin_only ? ". System tables require 'dba' or 'system' role" : "");
}

kdb_status kdb_role_check_write(kdb_role role, struct kdb_ctx *ctx, const struct kdb_table *table)
{
    if (kdb_role_may_write(role, table))
        return KDB_OK;
    if (table->kind == KDB_TABLE_SHARED)
        return refuse_shared(role, ctx, table, "change", shared[table->access].writes);
    return kdb_fail(ctx, KDB_ERR_PERMISSION_DENIED,
                    "access denied: table %.*s.%.*s cannot be written", KDB_ARG(table->space),
                    KDB_ARG(table->name));
}

bool kdb_role_may_act_as(kdb_role actor, kdb_role target)
{
    switch (actor) {
    case KDB_ROLE_SYSTEM:
        return true;
    case KDB_ROLE_DBA:
        return target <= KDB_ROLE_DBA;
    case KDB_ROLE_SERVICE:
        return target <= KDB_ROLE_SERVICE;
    case KDB_ROLE_USER:
    case KDB_ROLE_ANONYMOUS:
        return false;
    }
    KDB_UNREACHABLE();
}

bool kdb_role_may_grant(kdb_role actor, kdb_role granted)
{
    if (granted == KDB_ROLE_SYSTEM)
        return actor == KDB_ROLE_SYSTEM;
    return kdb_role_is_admin(actor);
}
