// SPDX-License-Identifier: Apache-2.0
// Which commands there are, by their first words, and the errors of those there are not.
#include "lib/sql_fixture.h"
#include "lib/test.h"

static void test_plain_commands(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SHOW NAMESPACES", "(show-namespaces)"},
        {"show storages", "(show-storages)"},
        {"SHOW JOBS", "(show-jobs)"},
        {"BEGIN", "(begin)"},
        {"begin work", "(begin)"},
        {"BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY", "(begin)"},
        {"START TRANSACTION READ WRITE", "(begin)"},
        {"COMMIT", "(commit)"},
        {"COMMIT WORK", "(commit)"},
        {"END TRANSACTION", "(commit)"},
        {"ROLLBACK", "(rollback)"},
        {"ROLLBACK TRANSACTION", "(rollback)"},
        {"ABORT", "(rollback)"},
        {"KILL JOB 'FL-1'", "(kill-job FL-1)"},
        {"KILL JOB \"FL-1\"", "(kill-job FL-1)"},
        {"kill job FL-aB-1.2", "(kill-job FL-aB-1.2)"},
    };
    TEST_TREES(trees);
}

static void test_reserved_commands(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"ALTER TABLE t ADD COLUMN a INT", "(reserved ALTER TABLE)"},
        {"alter user table t drop column a", "(reserved ALTER TABLE)"},
        {"ALTER STREAM TABLE t DROP a", "(reserved ALTER TABLE)"},
        {"CREATE VIEW v AS SELECT 1", "(reserved CREATE VIEW)"},
        {"CREATE OR REPLACE VIEW v AS SELECT 1", "(reserved CREATE VIEW)"},
        {"CREATE MATERIALIZED VIEW v AS SELECT 1", "(reserved CREATE MATERIALIZED VIEW)"},
        {"CREATE TEMP TABLE t (a INT)", "(reserved CREATE TEMPORARY)"},
        {"DROP VIEW v", "(reserved DROP VIEW)"},
        {"CREATE UNIQUE INDEX i ON t (a)", "(reserved CREATE INDEX)"},
        {"DROP INDEX i", "(reserved DROP INDEX)"},
        {"CREATE TOPIC a.b PARTITIONS 3", "(reserved CREATE TOPIC)"},
        {"ALTER TOPIC a.b ADD SOURCE t ON INSERT", "(reserved ALTER TOPIC)"},
        {"DROP TOPIC a.b", "(reserved DROP TOPIC)"},
        {"CLEAR TOPIC a.b", "(reserved CLEAR TOPIC)"},
        {"CONSUME FROM a.b GROUP 'g' LIMIT 1", "(reserved CONSUME)"},
        {"ACK a.b GROUP 'g' UPTO OFFSET 1", "(reserved ACK)"},
        {"BACKUP DATABASE TO '/x'", "(reserved BACKUP)"},
        {"RESTORE DATABASE FROM '/x'", "(reserved RESTORE)"},
        {"EXPORT USER DATA", "(reserved EXPORT)"},
        {"SHOW EXPORT", "(reserved SHOW EXPORT)"},
        {"SHOW BACKUP 'x'", "(reserved SHOW BACKUP)"},
        {"SHOW COLUMNS FROM t", "(reserved SHOW COLUMNS)"},
        {"SHOW ALL", "(reserved SHOW ALL)"},
        {"CLUSTER SNAPSHOT", "(reserved CLUSTER)"},
        {"SET x TO 1", "(reserved SET)"},
        {"SET timezone = 'UTC'", "(reserved SET)"},
        {"SAVEPOINT a", "(reserved SAVEPOINT)"},
        {"ROLLBACK TO SAVEPOINT a", "(reserved SAVEPOINT)"},
        {"TRUNCATE t", "(reserved TRUNCATE)"},
    };
    TEST_TREES(trees);
}

static void test_unknown_commands(void **state)
{
    (void)state;
    static const struct test_refusal refusals[] = {
        {"FOO", "syntax error at or near \"FOO\"", 1},
        {"CREATE", "syntax error at end of input", 7},
        {"CREATE FOO", "syntax error at or near \"FOO\"", 8},
        {"CREATE \"TABLE\" t (a INT)", "syntax error at or near \"\"TABLE\"\"", 8},
        {"DROP DATABASE x", "syntax error at or near \"DATABASE\"", 6},
        {"SHOW FOO", "syntax error at or near \"FOO\"", 6},
        {"SHOW STATS FOR t", "syntax error at or near \"t\"", 16},
        {"KILL x", "syntax error at or near \"x\"", 6},
        {"KILL JOB", "syntax error at end of input", 9},
        {"KILL JOB ''", "the id must not be empty", 10},
        {"KILL JOB (x)", "syntax error at or near \"(\"", 10},
        {"KILL JOB a b", "syntax error at or near \"b\"", 12},
        {"SHOW NAMESPACES x", "syntax error at or near \"x\"", 17},
        {"COMMIT AND CHAIN", "syntax error at or near \"AND\"", 8},
        {"START", "syntax error at end of input", 6},
        {"BEGIN SELECT a FROM t", "syntax error at or near \"SELECT\"", 7},
        {"BEGIN ISOLATION LEVEL x", "syntax error at or near \"ISOLATION\"", 7},
        {"STORAGE", "syntax error at end of input", 8},
    };
    TEST_REFUSALS(refusals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_commands),
        cmocka_unit_test(test_reserved_commands),
        cmocka_unit_test(test_unknown_commands),
    };
    return cmocka_run_group_tests(tests, test_sql_setup, test_sql_teardown);
}
