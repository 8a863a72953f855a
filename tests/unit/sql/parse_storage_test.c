// SPDX-License-Identifier: Apache-2.0
// Storages, and flushing and compacting them.
#include "lib/sql_fixture.h"
#include "lib/test.h"

static void test_storages(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"CREATE STORAGE disk TYPE 'filesystem' PATH '/data'",
         "(create-storage disk type:filesystem path:/data)"},
        {"CREATE STORAGE disk-2 BASE_DIRECTORY '/d' NAME 'My disk' TYPE filesystem DESCRIPTION "
         "'x' ",
         "(create-storage disk-2 type:filesystem name:My disk description:x path:/d)"},
        {"CREATE STORAGE s3 TYPE s3 BUCKET 'b' REGION 'eu' CREDENTIALS '{\"k\":1}' CONFIG '{}'",
         "(create-storage s3 type:s3 bucket:b region:eu credentials:{\"k\":1} config:{})"},
        {"CREATE STORAGE a TYPE filesystem PATH '' SHARED_TABLES_TEMPLATE "
         "'{namespace}/{tableName}' "
         "USER_TABLES_TEMPLATE 'NAME PATH TYPE'",
         "(create-storage a type:filesystem path: shared:{namespace}/{tableName} "
         "user:NAME PATH TYPE)"},
        {"ALTER STORAGE a SET NAME 'n' SET CONFIG '{}'", "(alter-storage a name:n config:{})"},
        {"ALTER STORAGE a SET DESCRIPTION = 'd'", "(alter-storage a description:d)"},
        {"DROP STORAGE a", "(drop-storage a)"},
        {"DROP STORAGE IF EXISTS 'a'", "(drop-storage a if)"},
    };
    TEST_TREES(trees);
}

static void test_maintenance(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"STORAGE FLUSH TABLE app.t", "(storage-flush app.t)"},
        {"storage flush all", "(storage-flush all)"},
        {"STORAGE FLUSH ALL IN app", "(storage-flush all in:app)"},
        {"STORAGE COMPACT ALL IN NAMESPACE app", "(storage-compact all in:app)"},
        {"STORAGE COMPACT TABLE t", "(storage-compact t)"},
        {"STORAGE CHECK a EXTENDED", "(storage-check a extended)"},
    };
    TEST_TREES(trees);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct test_refusal refusals[] = {
        {"CREATE STORAGE", "syntax error at end of input", 15},
        {"CREATE STORAGE a", "CREATE STORAGE needs a TYPE", 17},
        {"CREATE STORAGE a TYPE", "syntax error at end of input", 22},
        {"CREATE STORAGE a PATH '/x'", "CREATE STORAGE needs a TYPE", 27},
        {"CREATE STORAGE a TYPE s3 BUCKET b", "syntax error at or near \"b\"", 33},
        {"CREATE STORAGE a TYPE s3 PATH '/x' BASE_DIRECTORY '/y'", "the clause is given twice", 36},
        {"CREATE STORAGE a TYPE s3 FOO 'x'", "syntax error at or near \"FOO\"", 26},
        {"CREATE STORAGE a TYPE s3 CREDENTIALS secret", "syntax error in the statement", 38},
        {"ALTER STORAGE a", "syntax error at end of input", 16},
        {"ALTER STORAGE a SET PATH '/x'", "syntax error at or near \"PATH\"", 21},
        {"ALTER STORAGE a NAME 'x'", "syntax error at or near \"NAME\"", 17},
        {"STORAGE FLUSH", "syntax error at end of input", 14},
        {"STORAGE FLUSH t", "syntax error at or near \"t\"", 15},
        {"STORAGE FLUSH ALL app", "syntax error at or near \"app\"", 19},
        {"STORAGE CHECK", "syntax error at end of input", 14},
    };
    TEST_REFUSALS(refusals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_storages),
        cmocka_unit_test(test_maintenance),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, test_sql_setup, test_sql_teardown);
}
