// SPDX-License-Identifier: Apache-2.0
// The cursor's ids, options and durations, as the commands that use them show them.
#include "lib/sql_fixture.h"
#include "lib/test.h"

static void test_ids(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"STORAGE CHECK local", "(storage-check local)"},
        {"STORAGE CHECK S3-main.1", "(storage-check S3-main.1)"},
        {"STORAGE CHECK 'S3 main' EXTENDED", "(storage-check S3 main extended)"},
        {"STORAGE CHECK \"x\"\"y\"", "(storage-check x\"y)"},
        {"STORAGE CHECK 12-ab", "(storage-check 12-ab)"},
        {"STORAGE CHECK ünï/x:y@z", "(storage-check ünï/x:y@z)"},
        {"STORAGE CHECK $x", "(storage-check $x)"},
    };
    TEST_TREES(trees);
}

static void test_options(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"ALTER NAMESPACE n SET OPTIONS (a = 'x', B = 5, \"c D\" = -1.5, 'e' = TRUE)",
         "(alter-namespace n (a s x) (B i 5) (c D f -1.5) (e b true))"},
        {"ALTER NAMESPACE n SET OPTIONS (a = false, b = Word, c 7, d, e = 5m, f = 5 Minutes,)",
         "(alter-namespace n (a b false) (b w word) (c i 7) (d b true) (e d 5m) (f d 5 Minutes))"},
        {"ALTER NAMESPACE n SET OPTIONS (a = 'it''s; -- /*', b = '')",
         "(alter-namespace n (a s it's; -- /*) (b s ))"},
        {"CREATE TABLE t (a INT) WITH (Type = user, \"x y\" = 1)",
         "(create-table t (a <int>) (TYPE w user) (X Y i 1))"},
    };
    TEST_TREES(trees);
    static const struct test_refusal refusals[] = {
        {"ALTER NAMESPACE n SET OPTIONS", "syntax error at end of input", 30},
        {"ALTER NAMESPACE n SET OPTIONS ()", "syntax error at or near \")\"", 32},
        {"ALTER NAMESPACE n SET OPTIONS (a = )", "syntax error at or near \")\"", 36},
        {"ALTER NAMESPACE n SET OPTIONS (a = 1 b = 2)", "syntax error at or near \"b\"", 38},
        {"ALTER NAMESPACE n SET OPTIONS (a = 1", "syntax error at end of input", 37},
        {"ALTER NAMESPACE n SET OPTIONS (= 1)", "syntax error at or near \"=\"", 32},
        {"ALTER NAMESPACE n SET OPTIONS (a = - 'x')", "syntax error at or near \"'x'\"", 38},
        {"ALTER NAMESPACE n SET OPTIONS (a = $1)", "syntax error at or near \"$1\"", 36},
        {"ALTER NAMESPACE n SET OPTIONS (a = E'x')", "syntax error at or near \"E'x'\"", 36},
    };
    TEST_REFUSALS(refusals);
}

static void test_durations(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"CREATE TABLE t (a INT) RETENTION '7d'", "(create-table t (a <int>) retention:7d)"},
        {"CREATE TABLE t (a INT) RETENTION 300s", "(create-table t (a <int>) retention:300s)"},
        {"CREATE TABLE t (a INT) RETENTION 5 minutes",
         "(create-table t (a <int>) retention:5 minutes)"},
        {"CREATE TABLE t (a INT) RETENTION OFF", "(create-table t (a <int>) retention:off)"},
        {"CREATE TABLE t (a INT) RETENTION 30", "(create-table t (a <int>) retention:30)"},
        {"CREATE TABLE t (a INT) RETENTION 30 EPHEMERAL",
         "(create-table t (a <int>) retention:30 ephemeral)"},
    };
    TEST_TREES(trees);
    static const struct test_refusal refusals[] = {
        {"CREATE TABLE t (a INT) RETENTION", "syntax error at end of input", 33},
        {"CREATE TABLE t (a INT) RETENTION soon", "syntax error at or near \"soon\"", 34},
        {"CREATE TABLE t (a INT) RETENTION 1.5 h", "syntax error at or near \"1.5\"", 34},
        {"CREATE TABLE t (a INT) RETENTION -5", "syntax error at or near \"-\"", 34},
        {"CREATE TABLE t (a INT) RETENTION 5 moons", "syntax error at or near \"moons\"", 36},
    };
    TEST_REFUSALS(refusals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_durations),
    };
    return cmocka_run_group_tests(tests, test_sql_setup, test_sql_teardown);
}
