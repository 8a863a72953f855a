// SPDX-License-Identifier: Apache-2.0
// Requests per second and key: the rate, its refill, keys apart, and a bound on what is remembered.
#include "api/rate_limit_priv.h"

#include <stdio.h>

#include "lib/test.h"

#define SECOND INT64_C(1000000000)

static int allowed(struct rate_limit *limit, const char *key, int64_t now_ns, int times)
{
    int count = 0;
    for (int i = 0; i < times; i++)
        count += rate_limit_allows(limit, kdb_slice_cstr(key), now_ns);
    return count;
}

static void test_rate_and_refill(void **state)
{
    (void)state;
    struct rate_limit *limit = rate_limit_create(5);
    assert_int_equal(allowed(limit, "alice", SECOND, 20), 5);
    assert_int_equal(allowed(limit, "bob", SECOND, 20), 5); // a bucket of his own
    assert_int_equal(allowed(limit, "alice", SECOND + SECOND / 5 - 1, 20), 0);
    assert_int_equal(allowed(limit, "alice", SECOND + SECOND / 5, 20), 1);
    assert_int_equal(allowed(limit, "alice", 100 * SECOND, 20), 5); // no more than a second's worth
    rate_limit_destroy(limit);
}

// Loops ask with times that are not in order; that neither takes nor gives.
static void test_time_that_goes_back(void **state)
{
    (void)state;
    struct rate_limit *limit = rate_limit_create(2);
    assert_int_equal(allowed(limit, "alice", 10 * SECOND, 1), 1);
    assert_int_equal(allowed(limit, "alice", 5 * SECOND, 3), 1);
    assert_int_equal(allowed(limit, "alice", 10 * SECOND, 3), 0);
    rate_limit_destroy(limit);
}

static void test_many_keys_are_forgotten_some_time(void **state)
{
    (void)state;
    struct rate_limit *limit = rate_limit_create(1);
    assert_int_equal(allowed(limit, "alice", SECOND, 2), 1);
    char key[32];
    for (int i = 0; i < 200000; i++) {
        (void)snprintf(key, sizeof(key), "key %d", i);
        assert_int_equal(allowed(limit, key, SECOND, 1), 1);
    }
    assert_int_equal(allowed(limit, "alice", SECOND, 2), 1); // her shard has started over
    rate_limit_destroy(limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate_and_refill),
        cmocka_unit_test(test_time_that_goes_back),
        cmocka_unit_test(test_many_keys_are_forgotten_some_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
