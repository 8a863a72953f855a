// SPDX-License-Identifier: Apache-2.0
// The rows of system tables: computed when asked for, as encoded rows, so that both paths read them
// like any table.
//
// Conditions that name a table, a namespace or a user by equality are looked up in the catalog
// instead of computing the rows of all: one row among those of ten thousand tables.
#ifndef KDB_EXEC_SYSTEM_ROWS_H
#define KDB_EXEC_SYSTEM_ROWS_H

#include "exec/exec.h"

// Rows of one system table as the caller may see them; memory of the ctx arena.
struct kdb_system_rows {
    kdb_slice *rows; // encoded under table->schema
    size_t count;
};

// Produces the rows of `table` (kind SYSTEM), all that fulfil the conditions and perhaps others:
// the filter they were taken from still decides. May need a worker (BLOCKED on a loop).
KDB_NODISCARD kdb_status kdb_system_rows_make(struct kdb_exec *exec, const struct kdb_table *table,
                                              const struct kdb_key_condition *conditions,
                                              size_t condition_count,
                                              struct kdb_system_rows *ret_rows);

#endif
