// SPDX-License-Identifier: Apache-2.0
// Bound expressions as SQL that people read.
#ifndef KDB_EXEC_EXPLAIN_PRIV_H
#define KDB_EXEC_EXPLAIN_PRIV_H

#include "exec/exec_priv.h"

// Appends the expression with columns by name and the statement's constants in place; what nests
// deeper than a reader follows becomes "…".
void explain_expr_print(const struct kdb_exec *exec, const struct kdb_expr *expr,
                        struct kdb_buf *out);

#endif
