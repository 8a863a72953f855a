// SPDX-License-Identifier: Apache-2.0
// SUBSCRIBE TO in all its forms: the SELECT it stands for, and its options.
#include "lib/sql_fixture.h"
#include "lib/test.h"

static void test_forms(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SUBSCRIBE TO a.b", "(subscribe `SELECT * FROM a.b`)"},
        {"subscribe to a.b where x = ')' or (y > 1)",
         "(subscribe `SELECT * FROM a.b where x = ')' or (y > 1)`)"},
        {"SUBSCRIBE TO a.b WHERE x OPTIONS (last_rows = 1)",
         "(subscribe `SELECT * FROM a.b WHERE x` LAST_ROWS=1)"},
        {"SUBSCRIBE TO SELECT id FROM a.b WHERE options > 1 OPTIONS (batch_size = 5, from = 7)",
         "(subscribe `SELECT id FROM a.b WHERE options > 1` BATCH_SIZE=5 FROM=7)"},
        {"SUBSCRIBE SELECT last FROM a.b LAST 3", "(subscribe `SELECT last FROM a.b` LAST_ROWS=3)"},
        {"EXPLAIN SUBSCRIBE TO a.b", "(explain (subscribe `SELECT * FROM a.b`))"},
        {"KILL LIVE QUERY 'u-c-s 1'", "(kill-live-query u-c-s 1)"},
        {"KILL LIVE QUERY u-c-s", "(kill-live-query u-c-s)"},
    };
    TEST_TREES(trees);
}

static void test_refused(void **state)
{
    (void)state;
    test_sql_refused("SUBSCRIBE TO", KDB_ERR_INVALID_SQL, "syntax error at end of input", 13);
    test_sql_refused("SUBSCRIBE TO a.b OPTIONS (", KDB_ERR_INVALID_SQL,
                     "syntax error at end of input", 27);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, test_sql_setup, test_sql_teardown);
}
