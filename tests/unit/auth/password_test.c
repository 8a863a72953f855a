// SPDX-License-Identifier: Apache-2.0
// Passwords: hashes that match only their password, and a policy that says what is missing.
#include "auth/password.h"

#include "lib/test.h"

static const struct kdb_password_policy cheap = {
    .length_min = 8, .length_max = 16, .hash_memory_bytes = 65536, .hash_operations = 1};

static void test_hash_matches_its_password_only(void **state)
{
    (void)state;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    kdb_slice a;
    kdb_slice b;
    assert_int_equal(kdb_password_hash(&cheap, &ctx, KDB_LIT("secret\0x"), &a), KDB_OK);
    assert_int_equal(kdb_password_hash(&cheap, &ctx, KDB_LIT("secret\0x"), &b), KDB_OK);
    assert_false(kdb_slice_equal(a, b)); // salted
    assert_true(kdb_slice_has_prefix(a, KDB_LIT("$argon2id$")));
    assert_true(kdb_password_matches(&cheap, a, KDB_LIT("secret\0x")));
    assert_false(kdb_password_matches(&cheap, a, KDB_LIT("secret\0y")));
    assert_false(kdb_password_matches(&cheap, a, KDB_LIT("secret")));
    assert_false(kdb_password_matches(&cheap, KDB_LIT(""), KDB_LIT("")));
    assert_false(kdb_password_matches(&cheap, KDB_LIT("nonsense"), KDB_LIT("secret")));
    kdb_ctx_deinit(&ctx);
}

static void test_policy(void **state)
{
    (void)state;
    static const struct {
        kdb_slice password;
        bool needs_variety;
        bool refuses_common;
        const char *missing; // part of the message, NULL: accepted
    } cases[] = {
        {KDB_LIT_INIT("1234567"), false, false, "at least 8 bytes"},
        {KDB_LIT_INIT("12345678"), false, false, NULL},
        {KDB_LIT_INIT("12345678"), false, true, "too common"},
        {KDB_LIT_INIT("PassWord"), false, true, "too common"},
        {KDB_LIT_INIT("12345678901234567"), false, false, "at most 16 bytes"},
        {KDB_LIT_INIT("lower123!"), true, false, "uppercase"},
        {KDB_LIT_INIT("UPPER123!"), true, false, "lowercase"},
        {KDB_LIT_INIT("NoDigits!"), true, false, "digit"},
        {KDB_LIT_INIT("NoSpecial1"), true, false, "special character"},
        {KDB_LIT_INIT("All4ofus!"), true, true, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_ctx ctx;
        kdb_ctx_init(&ctx, 0);
        struct kdb_password_policy policy = cheap;
        policy.needs_variety = cases[i].needs_variety;
        kdb_status status =
            kdb_password_check(&policy, &ctx, cases[i].password, cases[i].refuses_common);
        if (cases[i].missing) {
            assert_int_equal(status, KDB_ERR_INVALID_VALUE);
            assert_non_null(strstr(ctx.error.message, cases[i].missing));
        } else {
            assert_int_equal(status, KDB_OK);
        }
        kdb_ctx_deinit(&ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_matches_its_password_only),
        cmocka_unit_test(test_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
