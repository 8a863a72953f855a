// SPDX-License-Identifier: Apache-2.0
// The error table: every row is complete and of the right form.
#include "base/status.h"

#include <ctype.h>

#include "lib/test.h"

static void test_every_row_has_the_right_form(void **state)
{
    (void)state;
    for (int status = 0; status < (int)KDB_STATUS_COUNT; status++) {
        const struct kdb_status_info *info = kdb_status_info((kdb_status)status);
        assert_true(strlen(info->name) > 0);
        assert_in_range(info->http, 200, 503);
        assert_int_equal(strlen(info->sqlstate), 5);
        for (int i = 0; i < 5; i++)
            assert_true(isdigit((unsigned char)info->sqlstate[i]) ||
                        isupper((unsigned char)info->sqlstate[i]));
        assert_true(strlen(info->wire) > 0);
        size_t len = strlen(info->prefix);
        // A prefix ends in ": ", so that the message can follow.
        assert_true(len == 0 || (len > 2 && strcmp(info->prefix + len - 2, ": ") == 0));
    }
}

static void test_success_is_zero_and_the_only_one(void **state)
{
    (void)state;
    assert_int_equal(KDB_OK, 0);
    assert_int_equal(kdb_status_info(KDB_OK)->http, 200);
    for (int status = 1; status < (int)KDB_STATUS_COUNT; status++) {
        assert_true(kdb_status_info((kdb_status)status)->http >= 400);
        assert_string_not_equal(kdb_status_info((kdb_status)status)->sqlstate, "00000");
    }
}

static void test_names_are_unique(void **state)
{
    (void)state;
    for (int a = 0; a < (int)KDB_STATUS_COUNT; a++) {
        for (int b = 0; b < a; b++)
            assert_string_not_equal(kdb_status_info((kdb_status)a)->name,
                                    kdb_status_info((kdb_status)b)->name);
    }
    assert_string_equal(kdb_status_info(KDB_ERR_CONFLICT)->name, "CONFLICT");
    assert_true(kdb_status_info(KDB_ERR_CONFLICT)->is_retryable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_has_the_right_form),
        cmocka_unit_test(test_success_is_zero_and_the_only_one),
        cmocka_unit_test(test_names_are_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
