// SPDX-License-Identifier: Apache-2.0
// Commands that are not served yet, and who may run which.
#include "unit/exec/exec_case.h"

static void what_is_not_served_yet(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        const char *message;
    } cases[] = {
        {"ALTER TABLE app.t ADD COLUMN x INT", "ALTER TABLE is not supported yet"},
        {"ALTER USER TABLE app.t DROP COLUMN x", "ALTER TABLE is not supported yet"},
        {"CREATE VIEW app.v AS SELECT 1", "CREATE VIEW is not supported yet"},
        {"CREATE TOPIC app.t", "CREATE TOPIC is not supported yet"},
        {"CONSUME FROM app.t", "CONSUME is not supported yet"},
        {"BACKUP DATABASE TO '/x'", "BACKUP is not supported yet"},
        {"CLUSTER SNAPSHOT", "CLUSTER is not supported yet"},
        {"SET x = 1", "SET is not supported yet"},
        {"BEGIN", "BEGIN is not supported yet"},
        {"START TRANSACTION", "BEGIN is not supported yet"},
        {"COMMIT", "COMMIT is not supported yet"},
        {"ROLLBACK", "ROLLBACK is not supported yet"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        root_fails(cases[i].sql, KDB_ERR_INVALID_SQL, cases[i].message);
}

// The least role that may run a statement; all of them fail for other reasons or do little.
static void rights(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        kdb_role least;
    } cases[] = {
        {"SHOW NAMESPACES", KDB_ROLE_USER},
        {"SHOW TABLES", KDB_ROLE_USER},
        {"SHOW STORAGES", KDB_ROLE_USER},
        {"SHOW MANIFEST", KDB_ROLE_USER},
        {"USE app", KDB_ROLE_USER},
        {"DESCRIBE TABLE app.nope", KDB_ROLE_USER},
        {"SHOW STATS FOR TABLE app.nope", KDB_ROLE_USER},
        {"CREATE USER TABLE app.\"X\" (v INT)", KDB_ROLE_USER},
        {"DROP TABLE IF EXISTS app.nope", KDB_ROLE_USER},
        {"STORAGE FLUSH TABLE app.nope", KDB_ROLE_SERVICE},
        {"STORAGE FLUSH ALL", KDB_ROLE_SERVICE},
        {"STORAGE COMPACT TABLE app.nope", KDB_ROLE_SERVICE},
        {"DESCRIBE app.nope", KDB_ROLE_DBA},
        {"SHOW JOBS", KDB_ROLE_DBA},
        {"EXPLAIN SELECT 1", KDB_ROLE_DBA},
        {"KILL JOB 'FL-1'", KDB_ROLE_DBA},
        {"CREATE STORAGE x TYPE s3", KDB_ROLE_DBA},
        {"ALTER STORAGE nope SET NAME 'x'", KDB_ROLE_DBA},
        {"DROP STORAGE IF EXISTS nope", KDB_ROLE_DBA},
        {"STORAGE CHECK nope", KDB_ROLE_DBA},
        {"CREATE USER bob WITH PASSWORD 'x'", KDB_ROLE_DBA},
        {"DROP USER IF EXISTS nobody", KDB_ROLE_DBA},
        {"ALTER USER nobody SET EMAIL 'x'", KDB_ROLE_DBA},
        {"ALTER NAMESPACE nope SET OPTIONS (a = 1)", KDB_ROLE_DBA},
        {"CREATE NAMESPACE \"X\"", KDB_ROLE_DBA},
        {"DROP NAMESPACE IF EXISTS nope", KDB_ROLE_DBA},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (kdb_role role = KDB_ROLE_USER; role <= KDB_ROLE_SYSTEM; role++) {
            const struct exec_result *result = exec_fixture_run(db, "carla", role, cases[i].sql);
            bool is_refused = result->status == KDB_ERR_PERMISSION_DENIED;
            if (is_refused != (role < cases[i].least))
                fail_msg("%s as %s: %s %s", cases[i].sql, kdb_role_name(role), result->error,
                         result->message);
            if (is_refused && !strstr(result->error, "Admin privileges (DBA or System role)"))
                fail_msg("%s: %s", cases[i].sql, result->error);
        }
    }
}

static void acting_as_somebody_has_a_users_rights(void **state)
{
    (void)state;
    static const char *const statements[] = {"CREATE USER bob WITH PASSWORD 'long enough'",
                                             "DROP USER root",
                                             "SHOW JOBS",
                                             "STORAGE FLUSH ALL",
                                             "KILL JOB 'x'",
                                             "EXPLAIN SELECT 1",
                                             "ALTER USER alice SET PASSWORD 'long enough'",
                                             "CREATE STORAGE x TYPE filesystem PATH '/x'"};
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        char sql[160];
        (void)snprintf(sql, sizeof(sql), "EXECUTE AS USER 'alice' (%s)", statements[i]);
        root_fails(sql, KDB_ERR_PERMISSION_DENIED, "Admin privileges");
    }
    assert_int_equal(jobs.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_not_served_yet),
        CASE(rights),
        CASE(acting_as_somebody_has_a_users_rights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
