// SPDX-License-Identifier: Apache-2.0
// STORAGE FLUSH and STORAGE COMPACT: the texts that clients cut ids out of.
#include "unit/exec/exec_case.h"

static void flushes_one_table(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.t (v INT)");
    root_says("STORAGE FLUSH TABLE app.t", "Storage flush started for table 'app.t'. Job ID: FL-1");
    assert_int_equal(jobs.submitted[0].kind, KDB_JOB_FLUSH);
    assert_string_equal(jobs.submitted[0].table, "app.t");
    assert_string_equal(jobs.submitted[0].reason, "manual");
    jobs.outcome = KDB_SUBMIT_NOTHING;
    root_says("STORAGE FLUSH TABLE app.t",
              "Storage flush skipped: no pending writes for table 'app.t'");
    jobs.outcome = KDB_SUBMIT_ALREADY;
    root_says("STORAGE FLUSH TABLE app.t", "Storage flush skipped: a flush is already queued or "
                                           "running for table 'app.t'");
    jobs.status = KDB_ERR_IO;
    root_fails("STORAGE FLUSH TABLE app.t", KDB_ERR_IO, "the fake refuses");
}

static void flushes_all(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.b (v INT); CREATE USER TABLE app.a (v INT);"
                           "CREATE USER TABLE t (v INT)");
    root_says("STORAGE FLUSH ALL IN app",
              "Storage flush started for 2 table(s) in namespace 'app'. Job IDs: [FL-1, FL-2]");
    assert_string_equal(jobs.submitted[0].table, "app.a");
    root_says("STORAGE FLUSH ALL IN NAMESPACE default",
              "Storage flush started for 1 table(s) in namespace 'default'. Job IDs: [FL-3]");
    root_says("STORAGE FLUSH ALL", "Storage flush started for 3 table(s) in all namespaces. Job "
                                   "IDs: [FL-4, FL-5, FL-6]");
    jobs.outcome = KDB_SUBMIT_NOTHING;
    root_says("STORAGE FLUSH ALL IN app",
              "Storage flush skipped: no pending writes in namespace 'app'");
    root_says("STORAGE FLUSH ALL", "Storage flush skipped: no pending writes in all namespaces");
    root_fails("STORAGE FLUSH ALL IN nope", KDB_ERR_NAMESPACE_NOT_FOUND,
               "namespace 'nope' does not exist");
}

static void compacts(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.t (v INT)");
    root_says("STORAGE COMPACT TABLE app.t",
              "Storage compaction started for table 'app.t'. Job ID: CO-1");
    assert_int_equal(jobs.submitted[0].kind, KDB_JOB_COMPACT);
    root_says("STORAGE COMPACT ALL IN app",
              "Storage compaction started for 1 table(s) in namespace 'app'. Job IDs: [CO-2]");
    jobs.outcome = KDB_SUBMIT_NOTHING;
    root_says("STORAGE COMPACT TABLE app.t",
              "Storage compaction skipped: no segments to compact for table 'app.t'");
    root_fails("STORAGE COMPACT ALL", KDB_ERR_INVALID_OPERATION,
               "No compactable tables in all namespaces");
    root_fails("STORAGE COMPACT ALL IN app", KDB_ERR_INVALID_OPERATION, "No compactable tables");
    jobs.outcome = KDB_SUBMIT_ALREADY;
    root_says("STORAGE COMPACT TABLE app.t", "Storage compaction skipped: a compaction is already "
                                             "queued or running for table 'app.t'");
}

static void refusals(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE default.t (v INT)");
    root_fails("STORAGE FLUSH TABLE app.nope", KDB_ERR_TABLE_NOT_FOUND,
               "table app.nope does not exist");
    root_fails("STORAGE FLUSH TABLE t", KDB_ERR_INVALID_OPERATION, "needs the table's namespace");
    root_fails("STORAGE COMPACT TABLE t", KDB_ERR_INVALID_OPERATION,
               "write STORAGE COMPACT TABLE namespace.t");
    root_fails("STORAGE FLUSH TABLE system.users", KDB_ERR_INVALID_OPERATION, "STREAM");
    root_fails("STORAGE COMPACT TABLE system.jobs", KDB_ERR_INVALID_OPERATION, "STREAM");
    db->services.jobs = NULL;
    root_fails("STORAGE FLUSH TABLE default.t", KDB_ERR_UNAVAILABLE, "jobs are not running");
    root_fails("STORAGE COMPACT ALL", KDB_ERR_UNAVAILABLE, "jobs are not running");
    assert_int_equal(jobs.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(flushes_one_table),
        CASE(flushes_all),
        CASE(compacts),
        CASE(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
