// SPDX-License-Identifier: Apache-2.0
// Passwords typed at a pseudo terminal, and passwords from files.
#include "cli/secret_priv.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "lib/test.h"

// Both ends of a pseudo terminal: the keyboard and screen, and what kalam has open.
struct fixture {
    struct kdb_ctx ctx;
    int keyboard;
    int terminal;
    struct kdb_buf secret;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){0};
    kdb_ctx_init(&fixture.ctx, 0);
    fixture.keyboard = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(fixture.keyboard >= 0);
    assert_int_equal(grantpt(fixture.keyboard), 0);
    assert_int_equal(unlockpt(fixture.keyboard), 0);
    char name[100];
    assert_int_equal(ptsname_r(fixture.keyboard, name, sizeof(name)), 0);
    fixture.terminal = open(name, O_RDWR | O_NOCTTY);
    assert_true(fixture.terminal >= 0);
    // Off from the start, so that what the test types ahead is not echoed before kalam is asked.
    struct termios settings;
    assert_int_equal(tcgetattr(fixture.terminal, &settings), 0);
    settings.c_lflag &= (tcflag_t) ~(ECHO | ICANON | ISIG);
    assert_int_equal(tcsetattr(fixture.terminal, TCSANOW, &settings), 0);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    (void)close(fixture->terminal);
    (void)close(fixture->keyboard);
    kdb_buf_deinit(&fixture->secret);
    kdb_ctx_deinit(&fixture->ctx);
    return 0;
}

static void type(struct fixture *fixture, const char *keys)
{
    assert_int_equal(write(fixture->keyboard, keys, strlen(keys)), strlen(keys));
}

static void expect(struct fixture *fixture, const char *keys, const char *secret)
{
    type(fixture, keys);
    if (cli_ask_secret(&fixture->ctx, fixture->terminal, "Password: ", &fixture->secret) != KDB_OK)
        fail_msg("%s", fixture->ctx.error.message);
    assert_slice_equal(kdb_buf_view(&fixture->secret), secret);
}

// All that came to the screen.
static kdb_slice screen(struct fixture *fixture)
{
    static char text[4096];
    int flags = fcntl(fixture->keyboard, F_GETFL);
    (void)fcntl(fixture->keyboard, F_SETFL, flags | O_NONBLOCK);
    ssize_t len = read(fixture->keyboard, text, sizeof(text));
    (void)fcntl(fixture->keyboard, F_SETFL, flags);
    return kdb_slice_of(text, len > 0 ? (size_t)len : 0);
}

static void test_keys(void **state)
{
    expect(*state, "s3cret\n", "s3cret");
    expect(*state, "s3cret\r", "s3cret");
    expect(*state, "wrong\x15right\n", "right");
    expect(*state, "abc\x7f\x08z\n", "az");
    expect(*state,
           "a\xc3\xa4\x7f"
           "b\n",
           "ab");
    expect(*state, "\x7f\x7fx\n", "x");
    expect(*state, "\n", "");
}

static void test_nothing_is_echoed(void **state)
{
    struct fixture *fixture = *state;
    expect(fixture, "s3cret\n", "s3cret");
    kdb_slice shown = screen(fixture);
    assert_int_equal(kdb_slice_find(shown, KDB_LIT("s3cret"), 0), SIZE_MAX);
    assert_int_not_equal(kdb_slice_find(shown, KDB_LIT("Password: "), 0), SIZE_MAX);
}

static void test_the_terminal_is_put_back(void **state)
{
    struct fixture *fixture = *state;
    struct termios before;
    assert_int_equal(tcgetattr(fixture->terminal, &before), 0);
    before.c_lflag |= ECHO | ICANON | ISIG;
    assert_int_equal(tcsetattr(fixture->terminal, TCSANOW, &before), 0);
    expect(fixture, "x\n", "x");
    struct termios after;
    assert_int_equal(tcgetattr(fixture->terminal, &after), 0);
    assert_int_equal(after.c_lflag & (ECHO | ICANON | ISIG), ECHO | ICANON | ISIG);
}

static void test_giving_up(void **state)
{
    struct fixture *fixture = *state;
    const char *keys[] = {"half\x03", "\x04"};
    for (size_t i = 0; i < 2; i++) {
        kdb_ctx_clear_error(&fixture->ctx);
        type(fixture, keys[i]);
        assert_int_equal(
            cli_ask_secret(&fixture->ctx, fixture->terminal, "Password: ", &fixture->secret),
            KDB_ERR_CANCELLED);
    }
}

static void test_a_line_that_is_too_long(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < CLI_SECRET_BYTES_MAX; i++)
        type(fixture, "x");
    type(fixture, "y\n");
    assert_int_equal(
        cli_ask_secret(&fixture->ctx, fixture->terminal, "Password: ", &fixture->secret),
        KDB_ERR_LIMIT_EXCEEDED);
}

static void test_new_passwords_are_typed_twice(void **state)
{
    struct fixture *fixture = *state;
    type(fixture, "one\ntwo\nthree\nthree\n");
    assert_int_equal(
        cli_ask_new_secret(&fixture->ctx, fixture->terminal, "Password: ", &fixture->secret),
        KDB_OK);
    assert_slice_equal(kdb_buf_view(&fixture->secret), "three");
    type(fixture, "a\nb\nc\nd\ne\nf\n");
    assert_int_equal(
        cli_ask_new_secret(&fixture->ctx, fixture->terminal, "Password: ", &fixture->secret),
        KDB_ERR_INVALID_INPUT);
}

static void test_a_name(void **state)
{
    struct fixture *fixture = *state;
    type(fixture, "  admin \n");
    assert_int_equal(cli_ask_line(&fixture->ctx, fixture->terminal, "User: ", &fixture->secret),
                     KDB_OK);
    assert_slice_equal(kdb_buf_view(&fixture->secret), "admin");
}

static void test_no_terminal(void **state)
{
    struct fixture *fixture = *state;
    int fd = open("/dev/null", O_RDWR);
    assert_int_equal(cli_ask_secret(&fixture->ctx, fd, "Password: ", &fixture->secret), KDB_ERR_IO);
    (void)close(fd);
}

// ---- files ----

static kdb_status read_file(struct fixture *fixture, const char *content, mode_t mode,
                            bool *ret_is_exposed)
{
    char path[] = "/tmp/kalam-secret-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    assert_int_equal(fchmod(fd, mode), 0);
    (void)close(fd);
    kdb_ctx_clear_error(&fixture->ctx);
    kdb_status status =
        cli_read_secret_file(&fixture->ctx, kdb_slice_cstr(path), &fixture->secret, ret_is_exposed);
    (void)unlink(path);
    return status;
}

static void test_files(void **state)
{
    struct fixture *fixture = *state;
    bool is_exposed = true;
    assert_int_equal(read_file(fixture, "s3 cret\nmore\n", 0600, &is_exposed), KDB_OK);
    assert_slice_equal(kdb_buf_view(&fixture->secret), "s3 cret");
    assert_false(is_exposed);
    assert_int_equal(read_file(fixture, "s3cret\r\n", 0640, &is_exposed), KDB_OK);
    assert_slice_equal(kdb_buf_view(&fixture->secret), "s3cret");
    assert_true(is_exposed);
    assert_int_equal(read_file(fixture, "no line end", 0604, &is_exposed), KDB_OK);
    assert_slice_equal(kdb_buf_view(&fixture->secret), "no line end");
    assert_true(is_exposed);
}

static void test_files_without_a_password(void **state)
{
    struct fixture *fixture = *state;
    bool is_exposed;
    char longest[CLI_SECRET_BYTES_MAX + 2];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    const char *contents[] = {"", "\nsecond line\n", "\r\n", longest};
    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++)
        assert_int_equal(read_file(fixture, contents[i], 0600, &is_exposed), KDB_ERR_INVALID_INPUT);
    kdb_ctx_clear_error(&fixture->ctx);
    assert_int_not_equal(cli_read_secret_file(&fixture->ctx, KDB_LIT("/nonexistent/x"),
                                              &fixture->secret, &is_exposed),
                         KDB_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_keys),
        TEST(test_nothing_is_echoed),
        TEST(test_the_terminal_is_put_back),
        TEST(test_giving_up),
        TEST(test_a_line_that_is_too_long),
        TEST(test_new_passwords_are_typed_twice),
        TEST(test_a_name),
        TEST(test_no_terminal),
        TEST(test_files),
        TEST(test_files_without_a_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
