// SPDX-License-Identifier: Apache-2.0
// Statements from files and pipes: line numbers, parts, ends, limits.
#include "cli/script_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/test.h"

static struct kdb_ctx ctx;

static int set_up(void **state)
{
    (void)state;
    kdb_ctx_init(&ctx, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kdb_ctx_deinit(&ctx);
    return 0;
}

// A script over an open descriptor, which it closes.
static struct cli_script *script_over(int fd)
{
    struct cli_script *script = NULL;
    assert_int_equal(cli_script_open(&ctx, KDB_LIT("-"), &script), KDB_OK);
    script->fd = fd;
    script->owns_fd = true;
    return script;
}

static struct cli_script *script_of(const char *text)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
    (void)close(ends[1]);
    return script_over(ends[0]);
}

static void expect(struct cli_script *script, const char *text, size_t line)
{
    enum cli_split kind = CLI_SPLIT_END;
    kdb_slice found;
    size_t found_line;
    if (cli_script_next(script, &ctx, &kind, &found, &found_line) != KDB_OK)
        fail_msg("%s", ctx.error.message);
    assert_int_equal(kind, text[0] == '\\' ? CLI_SPLIT_META : CLI_SPLIT_STATEMENT);
    assert_slice_equal(found, text);
    assert_int_equal(found_line, line);
}

static void expect_end(struct cli_script *script)
{
    enum cli_split kind = CLI_SPLIT_META;
    kdb_slice text;
    size_t line;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cli_script_next(script, &ctx, &kind, &text, &line), KDB_OK);
        assert_int_equal(kind, CLI_SPLIT_END);
    }
    cli_script_close(script);
}

static void test_statements_and_their_lines(void **state)
{
    (void)state;
    struct cli_script *script = script_of("-- first\n\nselect\n 1; select 2\n;\\timing on\n"
                                          "/* a\n b */ select ';\n';\n  select 3");
    expect(script, "select\n 1", 3);
    expect(script, "select 2", 4);
    expect(script, "\\timing on", 5);
    expect(script, "select ';\n'", 7);
    expect(script, "select 3", 9);
    expect_end(script);
}

static void test_nothing(void **state)
{
    (void)state;
    expect_end(script_of(""));
    expect_end(script_of(" \n-- nothing"));
}

static void test_a_byte_order_mark(void **state)
{
    (void)state;
    struct cli_script *script = script_of("\xEF\xBB\xBFselect 1;");
    expect(script, "select 1", 1);
    expect_end(script);
}

static void test_what_does_not_end(void **state)
{
    (void)state;
    struct cli_script *script = script_of("select 1;\nselect 'a;\n");
    expect(script, "select 1", 1);
    expect(script, "select 'a;\n", 2);
    expect_end(script);
}

// A statement is there as soon as its semicolon has come, not when the pipe is closed.
static void test_a_pipe_in_parts(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct cli_script *script = script_over(ends[0]);
    assert_int_equal(write(ends[1], "select 1; sel", 13), 13);
    expect(script, "select 1", 1);
    assert_int_equal(write(ends[1], "ect 2;\n", 7), 7);
    expect(script, "select 2", 1);
    (void)close(ends[1]);
    expect_end(script);
}

static void test_many_statements_and_a_long_one(void **state)
{
    (void)state;
    char path[] = "/tmp/kalam-script-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    for (int i = 0; i < 20000; i++)
        (void)fprintf(file, "insert into t values (%d, ';');\n", i);
    (void)fputs("insert into t values ('", file);
    for (int i = 0; i < 1000000; i++)
        (void)fputs("x;\n", file);
    (void)fputs("');\nselect 1;\n", file);
    (void)fclose(file);
    struct cli_script *script = NULL;
    assert_int_equal(cli_script_open(&ctx, kdb_slice_cstr(path), &script), KDB_OK);
    for (int i = 0; i < 20000; i++) {
        char text[64];
        (void)snprintf(text, sizeof(text), "insert into t values (%d, ';')", i);
        expect(script, text, (size_t)i + 1);
    }
    enum cli_split kind;
    kdb_slice text;
    size_t line;
    assert_int_equal(cli_script_next(script, &ctx, &kind, &text, &line), KDB_OK);
    assert_int_equal(text.len, 3000025);
    expect(script, "select 1", 1020002);
    expect_end(script);
    (void)unlink(path);
}

static void test_a_statement_that_is_too_long(void **state)
{
    (void)state;
    // A file that is all zero bytes and has no end for us.
    char path[] = "/tmp/kalam-script-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "select 1;\n\n'", 12), 12);
    assert_int_equal(ftruncate(fd, (off_t)4 * CLI_STATEMENT_BYTES_MAX), 0);
    (void)close(fd);
    struct cli_script *script = NULL;
    assert_int_equal(cli_script_open(&ctx, kdb_slice_cstr(path), &script), KDB_OK);
    expect(script, "select 1", 1);
    enum cli_split kind;
    kdb_slice text;
    size_t line;
    assert_int_equal(cli_script_next(script, &ctx, &kind, &text, &line), KDB_ERR_LIMIT_EXCEEDED);
    assert_non_null(strstr(ctx.error.message, "begins in line 3"));
    cli_script_close(script);
    (void)unlink(path);
}

static void test_files_that_cannot_be_read(void **state)
{
    (void)state;
    struct cli_script *script = NULL;
    assert_int_not_equal(cli_script_open(&ctx, KDB_LIT("/nonexistent/a.sql"), &script), KDB_OK);
    assert_non_null(strstr(ctx.error.message, "cannot read /nonexistent/a.sql: No such file"));
    kdb_ctx_clear_error(&ctx);
    assert_int_not_equal(cli_script_open(&ctx, KDB_LIT("/"), &script), KDB_OK);
    assert_string_equal(ctx.error.message, "cannot read /: Is a directory");
    kdb_ctx_clear_error(&ctx);
    // This opens, but does not read: nothing is mapped at its beginning.
    assert_int_equal(cli_script_open(&ctx, KDB_LIT("/proc/self/mem"), &script), KDB_OK);
    enum cli_split kind;
    kdb_slice text;
    size_t line;
    assert_int_equal(cli_script_next(script, &ctx, &kind, &text, &line), KDB_ERR_IO);
    cli_script_close(script);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_statements_and_their_lines),
        TEST(test_nothing),
        TEST(test_a_byte_order_mark),
        TEST(test_what_does_not_end),
        TEST(test_a_pipe_in_parts),
        TEST(test_many_statements_and_a_long_one),
        TEST(test_a_statement_that_is_too_long),
        TEST(test_files_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
