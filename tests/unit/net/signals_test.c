// SPDX-License-Identifier: Apache-2.0
// Signals arrive on the loop, counted.
#include "net/signals.h"

#include <signal.h>

#include "lib/test.h"
#include "net/loop.h"

struct received {
    struct kdb_loop *loop;
    int count;
};

static void on_signal(void *arg, int count)
{
    struct received *received = arg;
    assert_int_equal(count, ++received->count);
    assert_true(kdb_loop_is_current(received->loop));
    if (count == 1)
        assert_int_equal(raise(SIGINT), 0);
    else
        kdb_loop_stop(received->loop);
}

static void test_both_signals(void **state)
{
    (void)state;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    struct received received = {0};
    assert_int_equal(kdb_loop_open(&ctx, "test", &received.loop), KDB_OK);
    struct kdb_signals *signals = NULL;
    assert_int_equal(kdb_signals_open(&ctx, received.loop, on_signal, &received, &signals), KDB_OK);
    assert_int_equal(raise(SIGTERM), 0);
    kdb_loop_run(received.loop);
    assert_int_equal(received.count, 2);
    kdb_signals_close(signals);
    kdb_signals_close(NULL);
    kdb_loop_close(received.loop);
    kdb_ctx_deinit(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_both_signals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
