// SPDX-License-Identifier: Apache-2.0
// CREATE, ALTER, DROP NAMESPACE and USE.
#include "lib/sql_fixture.h"
#include "lib/test.h"

static void test_namespaces(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"CREATE NAMESPACE App", "(create-namespace app)"},
        {"create namespace if not exists \"App\"", "(create-namespace App if)"},
        {"CREATE NAMESPACE if", "(create-namespace if)"},
        {"ALTER NAMESPACE app SET OPTIONS (k = 1)", "(alter-namespace app (k i 1))"},
        {"DROP NAMESPACE app", "(drop-namespace app)"},
        {"DROP NAMESPACE IF EXISTS app CASCADE", "(drop-namespace app if cascade)"},
        {"DROP NAMESPACE app RESTRICT", "(drop-namespace app)"},
        {"USE app", "(use app)"},
        {"USE NAMESPACE app", "(use app)"},
        {"SET NAMESPACE app", "(use app)"},
        {"USE namespace", "(use namespace)"},
        {"use NAMESPACE namespace", "(use namespace)"},
    };
    TEST_TREES(trees);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct test_refusal refusals[] = {
        {"CREATE NAMESPACE", "syntax error at end of input", 17},
        {"CREATE NAMESPACE 'app'", "syntax error at or near \"'app'\"", 18},
        {"CREATE NAMESPACE a.b", "syntax error at or near \".\"", 19},
        {"CREATE NAMESPACE \"\"", "a quoted name must not be empty", 18},
        {"CREATE NAMESPACE IF NOT app", "syntax error at or near \"NOT\"", 21},
        {"ALTER NAMESPACE app SET x", "syntax error at or near \"x\"", 25},
        {"DROP NAMESPACE app CASCADE CASCADE", "syntax error at or near \"CASCADE\"", 28},
        {"USE", "syntax error at end of input", 4},
        {"USE a b", "syntax error at or near \"b\"", 7},
    };
    TEST_REFUSALS(refusals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_namespaces),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, test_sql_setup, test_sql_teardown);
}
