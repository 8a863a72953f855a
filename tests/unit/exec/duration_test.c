// SPDX-License-Identifier: Apache-2.0
// Durations in every spelling.
#include "lib/test.h"

#include "exec/command_priv.h"

static void reads(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"10s", 10000},
        {"5m", 300000},
        {"24h", 86400000},
        {"7d", 604800000},
        {"2 weeks", 1209600000},
        {"2 minutes", 120000},
        {" 1 Hour ", 3600000},
        {"250ms", 250},
        {"0s", 0},
        {"3", 3000},
        {"OFF", KDB_DURATION_OFF},
        {"1W", 604800000},
        {"36500d", INT64_C(3153600000000)},
    };
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ms = -2;
        if (duration_read(&ctx, "TEST", kdb_slice_cstr(cases[i].text), 1000, &ms) != KDB_OK ||
            ms != cases[i].ms)
            fail_msg("%s gives %lld", cases[i].text, (long long)ms);
    }
    kdb_ctx_deinit(&ctx);
}

static void refuses(void **state)
{
    (void)state;
    static const char *const cases[] = {"",
                                        "x",
                                        "-1s",
                                        "s",
                                        "1 fortnight",
                                        "1.5h",
                                        "1s2s",
                                        "1 s s",
                                        "36501d",
                                        "99999999999999999999s",
                                        "9223372036854775807w"};
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ms = 77;
        kdb_status status = duration_read(&ctx, "TEST", kdb_slice_cstr(cases[i]), 1000, &ms);
        if (status != KDB_ERR_INVALID_OPERATION || ms != 77 || !strstr(ctx.error.message, "TEST"))
            fail_msg("%s: %s", cases[i], ctx.error.message);
        kdb_ctx_clear_error(&ctx);
    }
    kdb_ctx_deinit(&ctx);
}

static void prints_the_shortest_exact_form(void **state)
{
    (void)state;
    struct kdb_arena arena = {0};
    assert_slice_equal(duration_text(&arena, 604800000), "7d");
    assert_slice_equal(duration_text(&arena, 90000), "90s");
    assert_slice_equal(duration_text(&arena, 5400000), "90m");
    assert_slice_equal(duration_text(&arena, 7200000), "2h");
    assert_slice_equal(duration_text(&arena, 1), "1ms");
    assert_slice_equal(duration_text(&arena, 0), "0s");
    assert_slice_equal(duration_text(&arena, KDB_DURATION_OFF), "off");
    kdb_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(refuses),
        cmocka_unit_test(prints_the_shortest_exact_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
