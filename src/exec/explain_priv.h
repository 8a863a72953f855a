// SPDX-License-Identifier: Apache-2.0
// Bound expressions as SQL that people read.
#ifndef KDB_EXEC_EXPLAIN_PRIV_H
#define KDB_EXEC_EXPLAIN_PRIV_H

#include "exec/exec_priv.h"
#include "exec/row_writer.h"

// Appends the expression with columns by name and the statement's constants in place; what nests
// deeper than a reader follows becomes "…".
void explain_expr_print(const struct kdb_exec *exec, const struct kdb_expr *expr,
                        struct kdb_buf *out);

// One row of EXPLAIN.
KDB_NODISCARD kdb_status explain_line(struct row_writer *writer, const char *type, kdb_slice text);

// How the changes of a SUBSCRIBE TO are found (command_live.c).
KDB_NODISCARD kdb_status explain_subscription(struct row_writer *writer,
                                              const struct kdb_statement *statement);

#endif
