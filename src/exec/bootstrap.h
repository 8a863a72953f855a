// SPDX-License-Identifier: Apache-2.0
// What every server has from its first start on: namespaces `default` and `dba`, storage `local`,
// user `root`.
#ifndef KDB_EXEC_BOOTSTRAP_H
#define KDB_EXEC_BOOTSTRAP_H

#include "exec/exec.h"

// Creates what is missing in one batch; on a start with everything there it writes nothing.
// `root_password` (null or empty: none configured) becomes root's password while root has none:
// without one nobody can sign in until the first-run setup. Called once, before statements run.
// INVALID_VALUE naming auth.root_password when the policy refuses it, and the failures of a commit.
KDB_NODISCARD kdb_status kdb_exec_bootstrap(const struct kdb_exec_services *services,
                                            struct kdb_ctx *ctx, kdb_slice root_password);

#endif
