// SPDX-License-Identifier: Apache-2.0
// SHOW, DESCRIBE and DROP TABLE.
#include "lib/sql_fixture.h"
#include "lib/test.h"

static void test_forms(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SHOW TABLES", "(show-tables)"},
        {"SHOW TABLES IN app", "(show-tables in:app)"},
        {"SHOW TABLES IN NAMESPACE app", "(show-tables in:app)"},
        {"SHOW TABLES FROM app", "(show-tables in:app)"},
        {"DESCRIBE TABLE app.t", "(describe app.t)"},
        {"DESC TABLE t HISTORY", "(describe t history)"},
        {"DESCRIBE app.t", "(describe app.t admin)"},
        {"desc \"T\"", "(describe T admin)"},
        {"SHOW STATS FOR TABLE app.t", "(show-stats app.t)"},
        {"SHOW TABLE STATS t", "(show-stats t)"},
        {"SHOW MANIFEST", "(show-manifest)"},
        {"SHOW MANIFEST CACHE", "(show-manifest)"},
        {"DROP TABLE app.t", "(drop-table app.t)"},
        {"DROP TABLE IF EXISTS t", "(drop-table t if)"},
        {"DROP USER TABLE t", "(drop-table t)"},
        {"DROP SHARED TABLE IF EXISTS app.t CASCADE", "(drop-table app.t if)"},
        {"DROP STREAM TABLE t RESTRICT", "(drop-table t)"},
    };
    TEST_TREES(trees);
    struct kdb_statement statement;
    test_sql_parse("DROP TABLE  app.t", &statement);
    assert_int_equal(statement.table.name.position, 13);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct test_refusal refusals[] = {
        {"SHOW TABLES app", "syntax error at or near \"app\"", 13},
        {"SHOW TABLES IN", "syntax error at end of input", 15},
        {"DESCRIBE", "syntax error at end of input", 9},
        {"DESCRIBE TABLE", "syntax error at end of input", 15},
        {"DESCRIBE TABLE a.b.c", "syntax error at or near \".\"", 19},
        {"DROP TABLE", "syntax error at end of input", 11},
        {"DROP TABLE a, b", "syntax error at or near \",\"", 13},
        {"DROP TABLE a.", "syntax error at end of input", 14},
        {"DROP TABLE 'a'", "syntax error at or near \"'a'\"", 12},
    };
    TEST_REFUSALS(refusals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, test_sql_setup, test_sql_teardown);
}
