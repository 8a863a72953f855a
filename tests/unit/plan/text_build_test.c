// SPDX-License-Identifier: Apache-2.0
// What PostgreSQL 15 answered for these calls.
#include "call_file.h"

static void agrees_with_postgresql(void **state)
{
    (void)state;
    call_run_file("text_build.cases");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_postgresql),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
