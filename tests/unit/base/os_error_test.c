// SPDX-License-Identifier: Apache-2.0
// System call failures: status, text, message.
#include "base/os_error.h"

#include <errno.h>

#include "lib/test.h"

static void test_status_and_message(void **state)
{
    (void)state;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    assert_int_equal(kdb_fail_os(&ctx, ENOSPC, "writing %s", "a.parquet"), KDB_ERR_DISK_FULL);
    assert_string_equal(ctx.error.message, "writing a.parquet: No space left on device");
    kdb_ctx_clear_error(&ctx);
    assert_int_equal(kdb_fail_os(&ctx, EACCES, "opening %s", "x"), KDB_ERR_IO);
    assert_string_equal(ctx.error.message, "opening x: Permission denied");
    kdb_ctx_deinit(&ctx);
    assert_int_equal(kdb_os_error_status(EDQUOT), KDB_ERR_DISK_FULL);
    assert_string_equal(kdb_os_error_text(99999), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_and_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
