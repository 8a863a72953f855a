// SPDX-License-Identifier: Apache-2.0
// The files that describe a table beside the data: written at CREATE, removed at DROP.
#include "exec/command_priv.h"
#include "segments/schema_files.h"

kdb_status command_schema_files_write(struct kdb_exec *exec, const struct kdb_table *table)
{
    return kdb_schema_files_write(exec->services->segments, exec->ctx, table);
}

void command_schema_files_remove(struct kdb_exec *exec, const struct kdb_table *table)
{
    kdb_schema_files_remove(exec->services->segments, exec->ctx, table);
}
