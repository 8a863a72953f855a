// SPDX-License-Identifier: Apache-2.0
// Clocks: units and the seam.
#include "base/clock.h"

#include <time.h>

#include "lib/test.h"

static int64_t told_us(void *self)
{
    return *(int64_t *)self;
}

static void test_system_clock_agrees_with_time(void **state)
{
    (void)state;
    int64_t before = (int64_t)time(NULL);
    int64_t us = kdb_clock_now_us(kdb_clock_system());
    int64_t after = (int64_t)time(NULL);
    // time() may lag the clock by a tick.
    assert_true(us / 1000000 >= before && us / 1000000 <= after + 1);
}

static void test_monotonic_does_not_go_back(void **state)
{
    (void)state;
    int64_t latest = kdb_monotonic_ns();
    for (int i = 0; i < 1000; i++) {
        int64_t now = kdb_monotonic_ns();
        assert_true(now >= latest);
        latest = now;
    }
}

static void test_a_clock_can_be_replaced(void **state)
{
    (void)state;
    int64_t us = 1234567;
    struct kdb_clock clock = {told_us, &us};
    assert_int_equal(kdb_clock_now_us(&clock), 1234567);
    assert_int_equal(kdb_clock_now_ms(&clock), 1234);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_clock_agrees_with_time),
        cmocka_unit_test(test_monotonic_does_not_go_back),
        cmocka_unit_test(test_a_clock_can_be_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
