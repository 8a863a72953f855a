// SPDX-License-Identifier: Apache-2.0
// The files that describe a table beside the data: written at CREATE, removed at DROP.
#include "exec/command_priv.h"

kdb_status command_schema_files_write(struct kdb_exec *exec, const struct kdb_table *table)
{
    (void)exec;
    (void)table;
    return KDB_OK;
}

void command_schema_files_remove(struct kdb_exec *exec, const struct kdb_table *table)
{
    (void)exec;
    (void)table;
}
