// SPDX-License-Identifier: Apache-2.0
// Who may do what: the matrix of the contract (SQL, section 6) as one table.
#ifndef KDB_AUTH_RIGHTS_H
#define KDB_AUTH_RIGHTS_H

#include "base/ctx.h"
#include "catalog/catalog.h"

// Kinds of statements as far as roles matter.
typedef enum {
    KDB_RIGHT_QUERY,        // SELECT, INSERT, UPDATE, DELETE: the tables decide
    KDB_RIGHT_SHOW,         // SHOW NAMESPACES/TABLES/STORAGES/STATS, DESCRIBE TABLE, USE
    KDB_RIGHT_CREATE_TABLE, // USER and STREAM tables; SHARED needs KDB_RIGHT_SHARED_TABLE
    KDB_RIGHT_SHARED_TABLE,
    KDB_RIGHT_DROP_TABLE,  // owner or admin: asked with the owner
    KDB_RIGHT_NAMESPACE,   // CREATE/ALTER/DROP NAMESPACE
    KDB_RIGHT_STORAGE,     // CREATE/ALTER/DROP STORAGE, STORAGE CHECK
    KDB_RIGHT_MAINTENANCE, // STORAGE FLUSH, STORAGE COMPACT
    KDB_RIGHT_USERS,       // CREATE/ALTER/DROP USER (own password and e-mail are always allowed)
    KDB_RIGHT_JOBS,        // KILL JOB
    KDB_RIGHT_EXPLAIN,     // EXPLAIN, DESCRIBE t, SHOW ALL
    KDB_RIGHT_COUNT
} kdb_right;

// Whether a role has a right by itself.
bool kdb_role_may(kdb_role role, kdb_right right);

// Whether a role may read a table: in a SELECT, in whatever part of a statement, and as a
// subscription. USER and STREAM tables show everyone their own rows; SHARED tables go by their
// access level, system tables by what they are.
bool kdb_role_may_read(kdb_role role, const struct kdb_table *table);

// Whether a role may insert, update and delete. Nobody writes system tables.
bool kdb_role_may_write(kdb_role role, const struct kdb_table *table);

// The same as errors: PERMISSION_DENIED with the role, the table and what it would take.
KDB_NODISCARD kdb_status kdb_role_check_read(kdb_role role, struct kdb_ctx *ctx,
                                             const struct kdb_table *table);
KDB_NODISCARD kdb_status kdb_role_check_write(kdb_role role, struct kdb_ctx *ctx,
                                              const struct kdb_table *table); // as above

// EXECUTE AS USER: whether `actor` may act as somebody of role `target` (anyone may act as
// themselves: the caller checks).
bool kdb_role_may_act_as(kdb_role actor, kdb_role target);

// Whether `actor` may give somebody the role `granted`.
bool kdb_role_may_grant(kdb_role actor, kdb_role granted);

// True for dba and system.
static inline bool kdb_role_is_admin(kdb_role role)
{
    return role >= KDB_ROLE_DBA;
}

#endif
