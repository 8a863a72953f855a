// SPDX-License-Identifier: Apache-2.0
// KILL JOB.
#include "exec/command_priv.h"
#include "jobs/jobs.h"

kdb_status command_kill_job(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    if (!exec->services->jobs)
        return kdb_fail(exec->ctx, KDB_ERR_UNAVAILABLE, "background jobs are not running");
    KDB_TRY(kdb_jobs_kill(exec->services->jobs, exec->ctx, statement->job));
    return command_done(exec, "Job %.*s killed: cancelled", KDB_ARG(statement->job));
}
