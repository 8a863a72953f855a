// SPDX-License-Identifier: Apache-2.0
// KILL JOB and SHOW JOBS.
#include "unit/exec/exec_case.h"

static void kills(void **state)
{
    (void)state;
    root_says("KILL JOB 'FL-0123456789ab'", "Job FL-0123456789ab killed: cancelled");
    assert_string_equal(jobs.killed, "FL-0123456789ab");
    root_says("KILL JOB \"CO-2\"", "Job CO-2 killed: cancelled");
    root_says("KILL JOB CL-3", "Job CL-3 killed: cancelled");
    jobs.status = KDB_ERR_NOT_FOUND;
    root_fails("KILL JOB 'FL-9'", KDB_ERR_NOT_FOUND, "job 'FL-9' does not exist");
    jobs.status = KDB_ERR_INVALID_OPERATION;
    root_fails("KILL JOB 'FL-9'", KDB_ERR_INVALID_OPERATION, "FL-9");
    db->services.jobs = NULL;
    root_fails("KILL JOB 'FL-9'", KDB_ERR_UNAVAILABLE, "jobs are not running");
}

static void shows(void **state)
{
    (void)state;
    struct kdb_job_record record = {.id = KDB_LIT("FL-1"),
                                    .kind = KDB_JOB_FLUSH,
                                    .state = KDB_JOB_COMPLETED,
                                    .parameters = KDB_LIT("{\"namespace\":\"app\"}"),
                                    .result = KDB_LIT("{\"rows\":5}"),
                                    .memory_bytes = 1024,
                                    .cpu_ms = 3,
                                    .retry_count = 1,
                                    .max_retries = 3,
                                    .created_at_us = 1000000,
                                    .updated_at_us = 2000000,
                                    .started_at_us = 1500000};
    jobs.records = &record;
    jobs.record_count = 1;
    root_reads("SELECT job_id, job_type, status, parameters, message, retry_count, max_retries, "
               "memory_used, cpu_used, created_at, started_at, finished_at, result, trace "
               "FROM system.jobs",
               "FL-1|flush|completed|{\"namespace\":\"app\"}|NULL|1|3|1024|3|1970-01-01 00:00:01|"
               "1970-01-01 00:00:01.5|NULL|{\"rows\":5}|NULL\n");
    const struct exec_result *result = exec_fixture_ok(db, "dora", KDB_ROLE_DBA, "SHOW JOBS");
    assert_int_equal(result->row_count, 1);
    assert_string_equal(exec_fixture_cell(result, 0, "job_id"), "FL-1");
    db->services.jobs = NULL;
    root_reads("SELECT job_id FROM system.jobs", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(kills),
        CASE(shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
