// SPDX-License-Identifier: Apache-2.0
// Fault points: the hit that counts, several faults, bad lists, and a process that dies at a point.
#include "base/fault.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/test.h"

static int set_up(void **state)
{
    static struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    *state = &ctx;
    return 0;
}

static int tear_down(void **state)
{
    struct kdb_ctx *ctx = *state;
    kdb_ctx_clear_error(ctx);
    kdb_status status = kdb_fault_set(ctx, KDB_LIT(""));
    kdb_ctx_deinit(ctx);
    return (int)status;
}

static void test_nothing_is_set_at_first(void **state)
{
    (void)state;
    assert_false(kdb_fault_point("flush.after_rename"));
}

static void test_fails_at_the_wanted_hit(void **state)
{
    struct kdb_ctx *ctx = *state;
    assert_int_equal(kdb_fault_set(ctx, KDB_LIT("a.once:fail, b.third:fail:3,c.always:fail:0")),
                     KDB_OK);
    for (int hit = 1; hit <= 5; hit++) {
        assert_int_equal(kdb_fault_point("a.once"), hit == 1);
        assert_int_equal(kdb_fault_point("b.third"), hit == 3);
        assert_true(kdb_fault_point("c.always"));
        assert_false(kdb_fault_point("b.thir"));
    }
    assert_int_equal(kdb_fault_set(ctx, KDB_LIT("")), KDB_OK);
    assert_false(kdb_fault_point("c.always"));
}

static void *pass_held_point(void *arg)
{
    atomic_int *passed = arg;
    assert_false(kdb_fault_point("held"));
    atomic_store(passed, 1);
    return NULL;
}

// The thread is held while the file is there, and only then.
static void test_holds_while_a_file_is_there(void **state)
{
    struct kdb_ctx *ctx = *state;
    char path[] = "/tmp/kalamdb-fault.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(setenv("KALAMDB_FAULT_HOLD", path, 1), 0);
    assert_int_equal(kdb_fault_set(ctx, KDB_LIT("held:hold:0,seen:fail")), KDB_OK);
    atomic_int passed = 0;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, pass_held_point, &passed), 0);
    assert_true(kdb_fault_point("seen"));
    assert_int_equal(atomic_load(&passed), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(atomic_load(&passed), 1);
    assert_false(kdb_fault_point("held"));
    assert_int_equal(unsetenv("KALAMDB_FAULT_HOLD"), 0);
}

static void test_bad_lists_change_nothing(void **state)
{
    struct kdb_ctx *ctx = *state;
    assert_int_equal(kdb_fault_set(ctx, KDB_LIT("kept:fail:0")), KDB_OK);
    static const char *const lists[] = {
        "x",
        "x:",
        ":fail",
        "x:explode",
        "x:fail:-1",
        "x:fail:many",
        "x:fail:1:2",
        "a:fail,,b:fail",
        "a:fail:0,x",
        "0123456789012345678901234567890123456789012345678901234567890123:fail",
        ("a:fail,a:fail,a:fail,a:fail,a:fail,a:fail,a:fail,a:fail,a:fail,a:fail,a:fail,a:fail,"
         "a:fail,a:fail,a:fail,a:fail,a:fail"),
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (kdb_fault_set(ctx, kdb_slice_cstr(lists[i])) != KDB_ERR_CONFIG)
            fail_msg("accepted %s", lists[i]);
        kdb_ctx_clear_error(ctx);
        assert_true(kdb_fault_point("kept"));
        assert_false(kdb_fault_point("a"));
    }
}

static void test_environment(void **state)
{
    struct kdb_ctx *ctx = *state;
    assert_int_equal(unsetenv("KALAMDB_FAULT"), 0);
    assert_int_equal(kdb_fault_set_from_environment(ctx), KDB_OK);
    assert_false(kdb_fault_point("from.outside"));
    assert_int_equal(setenv("KALAMDB_FAULT", "from.outside:fail", 1), 0);
    assert_int_equal(kdb_fault_set_from_environment(ctx), KDB_OK);
    assert_true(kdb_fault_point("from.outside"));
}

static void test_kill_ends_the_process_at_the_point(void **state)
{
    struct kdb_ctx *ctx = *state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (kdb_fault_set(ctx, KDB_LIT("commit.before_sync:kill:2")) != KDB_OK)
            _exit(1);
        (void)kdb_fault_point("commit.before_sync");
        (void)kdb_fault_point("commit.before_sync");
        _exit(2);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_set_at_first),
        TEST(test_fails_at_the_wanted_hit),
        TEST(test_holds_while_a_file_is_there),
        TEST(test_bad_lists_change_nothing),
        TEST(test_environment),
        TEST(test_kill_ends_the_process_at_the_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
