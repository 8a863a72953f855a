// SPDX-License-Identifier: Apache-2.0
// The timer wheel beside a plain array: nothing is early, nothing is more than a tick late, nothing
// is lost.
#include "net/wheel_priv.h"

#include <stdbool.h>

#include "base/random.h"
#include "lib/test.h"

enum { entry_count = 50, steps = 20000 };

static void test_against_an_array(void **state)
{
    (void)state;
    uint64_t random = 7;
    int64_t now_ms = 123456;
    static struct net_wheel wheel;
    net_wheel_init(&wheel, now_ms);
    struct net_wheel_entry entries[entry_count] = {0};
    int64_t due_ms[entry_count] = {0}; // 0: not on the wheel
    for (int step = 0; step < steps; step++) {
        size_t i = kdb_random_next(&random) % entry_count;
        uint64_t action = kdb_random_next(&random) % 8;
        if (action == 0) {
            net_wheel_remove(&wheel, &entries[i]);
            due_ms[i] = 0;
        } else if (action < 4) {
            // Mostly near, sometimes in the past, sometimes further than the wheel is long.
            int64_t range_ms = action == 1 ? 100 : action == 2 ? 5000 : 100000;
            due_ms[i] = now_ms - 50 + (int64_t)(kdb_random_next(&random) % (uint64_t)range_ms);
            net_wheel_put(&wheel, &entries[i], due_ms[i]);
        } else {
            int64_t wait_ms = net_wheel_wait_ms(&wheel, now_ms);
            bool is_empty = true;
            for (int k = 0; k < entry_count; k++)
                is_empty = is_empty && due_ms[k] == 0;
            assert_int_equal(wait_ms < 0, is_empty);
            now_ms += action == 4 ? wait_ms + 1 : (int64_t)(kdb_random_next(&random) % 3000);
        }
        struct net_wheel_entry *taken;
        while ((taken = net_wheel_take_due(&wheel, now_ms)) != NULL) {
            size_t k = (size_t)(taken - entries);
            assert_true(due_ms[k] != 0 && due_ms[k] <= now_ms);
            due_ms[k] = 0;
        }
        for (int k = 0; k < entry_count; k++)
            assert_true(due_ms[k] == 0 || due_ms[k] > now_ms - NET_WHEEL_TICK_MS);
    }
}

// Whoever sleeps as long as the wheel says wakes up in time.
static void test_wait_is_short_enough(void **state)
{
    (void)state;
    static struct net_wheel wheel;
    net_wheel_init(&wheel, 1000);
    assert_int_equal(net_wheel_wait_ms(&wheel, 1000), -1);
    struct net_wheel_entry entry = {0};
    net_wheel_put(&wheel, &entry, 76000);
    int64_t now_ms = 1000;
    int wakes = 0;
    while (!net_wheel_take_due(&wheel, now_ms)) {
        int64_t wait_ms = net_wheel_wait_ms(&wheel, now_ms);
        assert_true(wait_ms >= 0);
        now_ms += wait_ms > 0 ? wait_ms : 1;
        wakes++;
    }
    assert_in_range(now_ms, 76000, 76000 + NET_WHEEL_TICK_MS);
    assert_true(wakes < 10);
    assert_null(net_wheel_take_due(&wheel, now_ms + 1000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_an_array),
        cmocka_unit_test(test_wait_is_short_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
