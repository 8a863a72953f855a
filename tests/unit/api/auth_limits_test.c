// SPDX-License-Identifier: Apache-2.0
// Bounds on sign-ins: when an account is locked.
#include "api/auth_priv.h"

#include "lib/test.h"

#define MINUTE_MS (INT64_C(60) * 1000)

static void open_api(struct kdb_api *api, struct kdb_settings *settings)
{
    kdb_settings_init(settings);
    *api = (struct kdb_api){.limits = auth_limits_create(settings)};
}

static void close_api(struct kdb_api *api, struct kdb_settings *settings)
{
    auth_limits_destroy(api->limits);
    kdb_settings_deinit(settings);
}

static void test_wrong_passwords_lock_an_account(void **state)
{
    (void)state;
    struct kdb_api api;
    struct kdb_settings settings;
    open_api(&api, &settings);
    kdb_slice alice = KDB_LIT("alice");
    for (int i = 0; i < 4; i++)
        api_lockout_note(&api, alice, false, 1000);
    assert_int_equal(api_lockout_left_ms(&api, alice, 1000), 0);
    api_lockout_note(&api, alice, true, 1000); // the right one clears the count
    for (int i = 0; i < 4; i++)
        api_lockout_note(&api, alice, false, 1000);
    assert_int_equal(api_lockout_left_ms(&api, alice, 1000), 0);
    api_lockout_note(&api, alice, false, 1000);
    assert_int_equal(api_lockout_left_ms(&api, alice, 1000), 15 * MINUTE_MS);
    assert_int_equal(api_lockout_left_ms(&api, KDB_LIT("bob"), 1000), 0);
    assert_int_equal(api_lockout_left_ms(&api, alice, 1000 + 15 * MINUTE_MS - 1), 1);
    assert_int_equal(api_lockout_left_ms(&api, alice, 1000 + 15 * MINUTE_MS), 0);
    close_api(&api, &settings);
}

// Sign-ins that were under way when the account was locked are told nothing about their passwords.
static void test_who_comes_too_late_counts_for_nothing(void **state)
{
    (void)state;
    struct kdb_api api;
    struct kdb_settings settings;
    open_api(&api, &settings);
    kdb_slice alice = KDB_LIT("alice");
    for (int i = 0; i < 5; i++)
        assert_int_equal(api_lockout_note(&api, alice, false, 1000), 0);
    assert_int_equal(api_lockout_note(&api, alice, false, 1000), 15 * MINUTE_MS);
    assert_int_equal(api_lockout_note(&api, alice, true, 1000 + MINUTE_MS), 14 * MINUTE_MS);
    assert_int_equal(api_lockout_left_ms(&api, alice, 1000 + MINUTE_MS), 14 * MINUTE_MS);
    int64_t later_ms = 1000 + 15 * MINUTE_MS;
    for (int i = 0; i < 4; i++)
        assert_int_equal(api_lockout_note(&api, alice, false, later_ms), 0);
    assert_int_equal(api_lockout_note(&api, alice, true, later_ms), 0);
    close_api(&api, &settings);
}

// How many of 200 attempts are allowed that come from addresses with another last byte each.
static int attempts_allowed(struct kdb_api *api, const char *base)
{
    struct kdb_address client;
    int allowed = 0;
    assert_true(kdb_address_parse(kdb_slice_cstr(base), &client));
    for (int i = 0; i < 200; i++) {
        client.bytes[client.size - 1] = (uint8_t)i;
        allowed += api_auth_rate_allows(api, &client);
    }
    return allowed;
}

// Whoever has one IPv6 address has 2^64 of them.
static void test_attempts_are_counted_by_network(void **state)
{
    (void)state;
    struct kdb_api api;
    struct kdb_settings settings;
    open_api(&api, &settings);
    int per_second = (int)settings.rate_limit_max_auth_requests_per_ip_per_sec;
    assert_in_range(per_second, 1, 100);
    assert_in_range(attempts_allowed(&api, "2001:db8:0:1::"), per_second, 2 * per_second);
    assert_in_range(attempts_allowed(&api, "2001:db8:0:2::"), per_second, 2 * per_second);
    assert_int_equal(attempts_allowed(&api, "10.0.0.0"), 200);
    close_api(&api, &settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_passwords_lock_an_account),
        cmocka_unit_test(test_who_comes_too_late_counts_for_nothing),
        cmocka_unit_test(test_attempts_are_counted_by_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
