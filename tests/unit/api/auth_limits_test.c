// SPDX-License-Identifier: Apache-2.0
// Bounds on sign-ins: how many passwords are hashed at one time, and when an account is locked.
#include <pthread.h>
#include <stdatomic.h>

#include "api/auth_priv.h"
#include "lib/test.h"

#define MINUTE_MS (INT64_C(60) * 1000)

static void open_api(struct kdb_api *api, struct kdb_settings *settings, int64_t hashes)
{
    kdb_settings_init(settings);
    settings->auth_max_concurrent_hashes = hashes;
    *api = (struct kdb_api){.limits = auth_limits_create(settings)};
}

static void close_api(struct kdb_api *api, struct kdb_settings *settings)
{
    auth_limits_destroy(api->limits);
    kdb_settings_deinit(settings);
}

struct hashing {
    struct kdb_api *api;
    atomic_int now, most;
};

static void *hash_often(void *arg)
{
    struct hashing *hashing = arg;
    for (int i = 0; i < 2000; i++) {
        api_hash_enter(hashing->api);
        int now = atomic_fetch_add(&hashing->now, 1) + 1;
        int most = atomic_load(&hashing->most);
        while (now > most && !atomic_compare_exchange_weak(&hashing->most, &most, now)) {
        }
        atomic_fetch_sub(&hashing->now, 1);
        api_hash_leave(hashing->api);
    }
    return NULL;
}

static void test_hashes_wait_for_their_turn(void **state)
{
    (void)state;
    struct kdb_api api;
    struct kdb_settings settings;
    open_api(&api, &settings, 2); // auth_max_concurrent_hashes
    struct hashing hashing = {.api = &api};
    pthread_t threads[6];
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_often, &hashing), 0);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_in_range(hashing.most, 1, 2);
    close_api(&api, &settings);
}

static void test_wrong_passwords_lock_an_account(void **state)
{
    (void)state;
    struct kdb_api api;
    struct kdb_settings settings;
    open_api(&api, &settings, 1);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hashes_wait_for_their_turn),
        cmocka_unit_test(test_wrong_passwords_lock_an_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
