// SPDX-License-Identifier: Apache-2.0
// Limits per address: rates, bans, connections, exemption of this machine, and the bound on what is
// remembered.
#include "net/guard.h"

#include <stdio.h>

#include "lib/test.h"

static struct kdb_address parsed(const char *text)
{
    struct kdb_address address;
    assert_true(kdb_address_parse(kdb_slice_cstr(text), &address));
    return address;
}

static struct kdb_http_limits small_limits(void)
{
    struct kdb_http_limits limits = kdb_http_limits_default();
    limits.connections_per_ip_max = 2;
    limits.requests_per_second_per_ip = 5;
    limits.violations_before_ban = 3;
    limits.ban_ms = 10000;
    limits.tracked_addresses_max = 4;
    return limits;
}

static enum kdb_guard_verdict request(struct kdb_guard *guard, const char *text, int64_t now_ms)
{
    struct kdb_address address = parsed(text);
    int64_t retry_after_s = -1;
    return kdb_guard_request(guard, &address, now_ms, &retry_after_s);
}

static void test_rate(void **state)
{
    (void)state;
    struct kdb_http_limits limits = small_limits();
    limits.violations_before_ban = 0;
    struct kdb_guard *guard = kdb_guard_open(&limits);
    for (int i = 0; i < 5; i++)
        assert_int_equal(request(guard, "192.0.2.1", 1000), KDB_GUARD_PASS);
    for (int i = 0; i < 50; i++)
        assert_int_equal(request(guard, "192.0.2.1", 1000), KDB_GUARD_RATE_LIMITED);
    assert_int_equal(request(guard, "192.0.2.2", 1000), KDB_GUARD_PASS); // another client
    assert_int_equal(request(guard, "192.0.2.1", 1199), KDB_GUARD_RATE_LIMITED);
    assert_int_equal(request(guard, "192.0.2.1", 1200), KDB_GUARD_PASS); // a fifth of a second
    assert_int_equal(request(guard, "192.0.2.1", 1200), KDB_GUARD_RATE_LIMITED);
    for (int i = 0; i < 5; i++)
        assert_int_equal(request(guard, "192.0.2.1", 9000), KDB_GUARD_PASS);
    assert_int_equal(request(guard, "192.0.2.1", 9000), KDB_GUARD_RATE_LIMITED);
    kdb_guard_close(guard);
}

static void test_ban(void **state)
{
    (void)state;
    struct kdb_http_limits limits = small_limits();
    struct kdb_guard *guard = kdb_guard_open(&limits);
    for (int i = 0; i < 5; i++)
        assert_int_equal(request(guard, "192.0.2.1", 1000), KDB_GUARD_PASS);
    assert_int_equal(request(guard, "192.0.2.1", 1000), KDB_GUARD_RATE_LIMITED);
    assert_int_equal(request(guard, "192.0.2.1", 1000), KDB_GUARD_RATE_LIMITED);
    struct kdb_address address = parsed("192.0.2.1");
    int64_t retry_after_s = 0;
    assert_int_equal(kdb_guard_request(guard, &address, 1000, &retry_after_s), KDB_GUARD_BANNED);
    assert_int_equal(retry_after_s, 10);
    assert_int_equal(kdb_guard_request(guard, &address, 10500, &retry_after_s), KDB_GUARD_BANNED);
    assert_int_equal(retry_after_s, 1);
    assert_int_equal(request(guard, "192.0.2.1", 11000), KDB_GUARD_PASS);
    kdb_guard_close(guard);
}

// Violations that lie far apart do not add up.
static void test_violations_are_forgotten(void **state)
{
    (void)state;
    struct kdb_http_limits limits = small_limits();
    struct kdb_guard *guard = kdb_guard_open(&limits);
    int64_t now_ms = 1000;
    for (int round = 0; round < 10; round++, now_ms += 11000) {
        for (int i = 0; i < 5; i++)
            assert_int_equal(request(guard, "192.0.2.1", now_ms), KDB_GUARD_PASS);
        assert_int_equal(request(guard, "192.0.2.1", now_ms), KDB_GUARD_RATE_LIMITED);
    }
    kdb_guard_close(guard);
}

static void test_connections(void **state)
{
    (void)state;
    struct kdb_http_limits limits = small_limits();
    struct kdb_guard *guard = kdb_guard_open(&limits);
    struct kdb_address one = parsed("192.0.2.1");
    bool is_counted;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(kdb_guard_connect(guard, &one, 1000, &is_counted), KDB_GUARD_PASS);
        assert_true(is_counted);
    }
    assert_int_equal(kdb_guard_connect(guard, &one, 1000, &is_counted),
                     KDB_GUARD_TOO_MANY_CONNECTIONS);
    assert_false(is_counted);
    kdb_guard_disconnect(guard, &one);
    assert_int_equal(kdb_guard_connect(guard, &one, 1000, &is_counted), KDB_GUARD_PASS);
    kdb_guard_close(guard);
}

static void test_ipv6_counts_by_network(void **state)
{
    (void)state;
    struct kdb_http_limits limits = small_limits();
    struct kdb_guard *guard = kdb_guard_open(&limits);
    for (int i = 0; i < 5; i++) {
        char text[64];
        (void)snprintf(text, sizeof(text), "2001:db8:1:2:%d::1", i);
        assert_int_equal(request(guard, text, 1000), KDB_GUARD_PASS);
    }
    assert_int_equal(request(guard, "2001:db8:1:2:ffff::9", 1000), KDB_GUARD_RATE_LIMITED);
    assert_int_equal(request(guard, "2001:db8:1:3::1", 1000), KDB_GUARD_PASS);
    kdb_guard_close(guard);
}

static void test_loopback_is_exempt(void **state)
{
    (void)state;
    struct kdb_http_limits limits = small_limits();
    struct kdb_guard *guard = kdb_guard_open(&limits);
    struct kdb_address loopback = parsed("127.3.4.5");
    bool is_counted = true;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(request(guard, "127.3.4.5", 1000), KDB_GUARD_PASS);
        assert_int_equal(request(guard, "::1", 1000), KDB_GUARD_PASS);
        assert_int_equal(kdb_guard_connect(guard, &loopback, 1000, &is_counted), KDB_GUARD_PASS);
        assert_false(is_counted);
    }
    kdb_guard_close(guard);
}

// The table is full: idle clients make room, the oldest first; connected and banned ones stay as
// long as they can.
static void test_eviction(void **state)
{
    (void)state;
    struct kdb_http_limits limits = small_limits();
    struct kdb_guard *guard = kdb_guard_open(&limits);
    struct kdb_address connected = parsed("192.0.2.1");
    bool is_counted;
    assert_int_equal(kdb_guard_connect(guard, &connected, 1000, &is_counted), KDB_GUARD_PASS);
    for (int i = 0; i < 8; i++)
        (void)request(guard, "192.0.2.2", 1000);
    assert_int_equal(request(guard, "192.0.2.2", 1000), KDB_GUARD_BANNED);
    for (int i = 0; i < 1000; i++) {
        char text[64];
        (void)snprintf(text, sizeof(text), "198.51.%d.%d", i / 200, i % 200);
        for (int j = 0; j < 5; j++)
            assert_int_equal(request(guard, text, 2000), KDB_GUARD_PASS);
        assert_int_equal(request(guard, text, 2000), KDB_GUARD_RATE_LIMITED);
    }
    assert_int_equal(request(guard, "192.0.2.2", 3000), KDB_GUARD_BANNED);
    kdb_guard_disconnect(guard, &connected);

    // Everyone remembered is connected: newcomers pass uncounted.
    kdb_guard_close(guard);
    guard = kdb_guard_open(&limits);
    for (int i = 0; i < 4; i++) {
        char text[64];
        (void)snprintf(text, sizeof(text), "203.0.113.%d", i);
        struct kdb_address address = parsed(text);
        assert_int_equal(kdb_guard_connect(guard, &address, 1000, &is_counted), KDB_GUARD_PASS);
        assert_true(is_counted);
    }
    for (int i = 0; i < 10; i++) {
        assert_int_equal(kdb_guard_connect(guard, &connected, 1000, &is_counted), KDB_GUARD_PASS);
        assert_false(is_counted);
        assert_int_equal(request(guard, "192.0.2.1", 1000), KDB_GUARD_PASS);
    }
    kdb_guard_close(guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_ban),
        cmocka_unit_test(test_violations_are_forgotten),
        cmocka_unit_test(test_connections),
        cmocka_unit_test(test_ipv6_counts_by_network),
        cmocka_unit_test(test_loopback_is_exempt),
        cmocka_unit_test(test_eviction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
