// SPDX-License-Identifier: Apache-2.0
// Asserts stay on and end the process with a message that names the invariant.
#include "base/assert.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/test.h"

// Runs `fn` in a child with its standard error on a pipe; fails unless it aborts.
static void expect_abort(void (*fn)(void), const char *message)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL);
        (void)dup2(ends[1], STDERR_FILENO);
        fn();
        _exit(0);
    }
    assert_int_equal(close(ends[1]), 0);
    char text[512] = "";
    size_t len = 0;
    ssize_t got;
    while ((got = read(ends[0], text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)got;
    assert_int_equal(close(ends[0]), 0);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    if (!strstr(text, message))
        fail_msg("%s", text);
}

static void break_an_invariant(void)
{
    volatile int two = 2;
    KDB_ASSERT(two == 3);
}

static void reach_the_unreachable(void)
{
    KDB_UNREACHABLE();
}

static void test_broken_invariant_aborts(void **state)
{
    (void)state;
    // Compilers and caches differ in how they name the file before this.
    expect_abort(break_an_invariant, "invariant broken: two == 3 at ");
    expect_abort(break_an_invariant, "tests/unit/base/assert_test.c:");
    expect_abort(reach_the_unreachable, "unreachable");
}

static void test_kept_invariant_is_silent(void **state)
{
    (void)state;
    KDB_ASSERT(1 + 1 == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken_invariant_aborts),
        cmocka_unit_test(test_kept_invariant_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
