// SPDX-License-Identifier: Apache-2.0
// What the tests of commands share: one database per test, statements as the usual people.
#ifndef KDB_TESTS_UNIT_EXEC_EXEC_CASE_H
#define KDB_TESTS_UNIT_EXEC_EXEC_CASE_H

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "exec/bootstrap.h"
#include "lib/exec_fixture.h"
#include "lib/temp_folder.h"
#include "lib/test.h"
#include "store/store_mem.h"
#include "unit/exec/jobs_fake.h"

// The database of the running test, with the fake jobs and a namespace `app`.
static struct exec_fixture *db;
static struct kdb_jobs jobs;

static inline int open_database(void **state)
{
    (void)state;
    jobs = (struct kdb_jobs){0};
    db = exec_fixture_open(NULL);
    db->services.jobs = &jobs;
    exec_fixture_setup(db, "CREATE NAMESPACE app");
    return 0;
}

static inline int close_database(void **state)
{
    (void)state;
    db->services.jobs = NULL;
    exec_fixture_close(db);
    db = NULL;
    return 0;
}

// root, a system user.
static inline void root_says(const char *sql, const char *message)
{
    exec_fixture_expect_message(db, "root", KDB_ROLE_SYSTEM, sql, message);
}

static inline void root_fails(const char *sql, kdb_status status, const char *part)
{
    exec_fixture_expect_error(db, "root", KDB_ROLE_SYSTEM, sql, status, part);
}

static inline void root_reads(const char *sql, const char *rows)
{
    exec_fixture_expect_rows(db, "root", KDB_ROLE_SYSTEM, sql, rows);
}

// alice, of role user.
static inline void alice_says(const char *sql, const char *message)
{
    exec_fixture_expect_message(db, "alice", KDB_ROLE_USER, sql, message);
}

static inline void alice_fails(const char *sql, kdb_status status, const char *part)
{
    exec_fixture_expect_error(db, "alice", KDB_ROLE_USER, sql, status, part);
}

static inline void alice_reads(const char *sql, const char *rows)
{
    exec_fixture_expect_rows(db, "alice", KDB_ROLE_USER, sql, rows);
}

// dora, of role dba.
static inline void dora_says(const char *sql, const char *message)
{
    exec_fixture_expect_message(db, "dora", KDB_ROLE_DBA, sql, message);
}

static inline void dora_fails(const char *sql, kdb_status status, const char *part)
{
    exec_fixture_expect_error(db, "dora", KDB_ROLE_DBA, sql, status, part);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_database, close_database)

#endif
