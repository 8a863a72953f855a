// SPDX-License-Identifier: Apache-2.0
// Which statements may run at all, and which right a kind of statement needs, before anything of it
// is looked up.
#ifndef KDB_EXEC_RIGHT_H
#define KDB_EXEC_RIGHT_H

#include "auth/rights.h"
#include "sql/statement.h"

// The right for the statement itself; what it names (a table's owner, one's own password) is
// decided when it runs. Any thread.
kdb_right kdb_exec_right(const struct kdb_statement *statement);

// Fails with INVALID_SQL when the statement is known but not supported, with PERMISSION_DENIED when
// a caller of that role may not run this kind of statement; what stands inside EXECUTE AS USER is
// asked for role user.
KDB_NODISCARD kdb_status kdb_exec_admit(struct kdb_ctx *ctx, kdb_role role,
                                        const struct kdb_statement *statement);

#endif
