// SPDX-License-Identifier: Apache-2.0
// Arguments and variables: their order, what excludes what, what is refused; --help and its page.
#include "cli/options_priv.h"

#include <stdio.h>

#include "cli/meta_priv.h"
#include "cli/subscribe_priv.h"
#include "lib/test.h"

static struct kdb_ctx ctx;
static struct cli_options options;

static int tear_down(void **state)
{
    (void)state;
    kdb_ctx_deinit(&ctx);
    return 0;
}

static const char *empty_environment(const char *name)
{
    (void)name;
    return NULL;
}

static const char *full_environment(const char *name)
{
    static const char *const variables[][2] = {
        {"KALAM_URL", "http://env:1"},       {"KALAM_CACERT", "env.pem"},
        {"KALAM_USER", "env-user"},          {"KALAM_PASSWORD", "env-pass"},
        {"KALAM_ROOT_PASSWORD", "env-root"}, {"NO_COLOR", "1"},
    };
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        if (strcmp(name, variables[i][0]) == 0)
            return variables[i][1];
    }
    return NULL;
}

static const char *token_environment(const char *name)
{
    if (strcmp(name, "KALAM_TOKEN") == 0)
        return "env-token";
    return strcmp(name, "KALAM_URL") == 0 ? "" : full_environment(name);
}

// Arguments separated by single blanks; "" gives none.
static kdb_status read_text(const char *text, cli_environment environment)
{
    static char copy[300];
    char *arguments[20];
    int count = 0;
    assert_true(strlen(text) < sizeof(copy));
    memcpy(copy, text, strlen(text) + 1);
    for (char *at = copy; *at != '\0';) {
        arguments[count++] = at;
        char *end = strchr(at, ' ');
        if (!end)
            break;
        *end = '\0';
        at = end + 1;
    }
    kdb_ctx_reset(&ctx);
    return cli_options_read(&ctx, count, arguments, environment, &options);
}

static void read_good(const char *text, cli_environment environment)
{
    if (read_text(text, environment) != KDB_OK)
        fail_msg("%s: %s", text, ctx.error.message);
}

static void expect_refused(const char *text, const char *why)
{
    assert_int_equal(read_text(text, empty_environment), KDB_ERR_INVALID_INPUT);
    if (!strstr(ctx.error.message, why))
        fail_msg("%s: \"%s\" does not say \"%s\"", text, ctx.error.message, why);
}

static void test_defaults(void **state)
{
    (void)state;
    read_good("", empty_environment);
    assert_slice_equal(options.url, "http://127.0.0.1:8080");
    assert_null(options.ca_file.data);
    assert_null(options.user.data);
    assert_null(options.token.data);
    assert_null(options.space.data);
    assert_int_equal(options.format, CLI_FORMAT_TABLE);
    assert_int_equal(options.timeout_ms, 60000);
    assert_int_equal(options.connect_timeout_ms, 10000);
    assert_true(options.has_color);
    assert_false(options.continues);
    assert_int_equal(options.last_rows, CLI_ALL_ROWS);
}

static void test_forms_of_an_option(void **state)
{
    (void)state;
    read_good("-u http://a:1 --user=bob -cSELECT --namespace app --csv", empty_environment);
    assert_slice_equal(options.url, "http://a:1");
    assert_slice_equal(options.user, "bob");
    assert_slice_equal(options.command, "SELECT");
    assert_slice_equal(options.space, "app");
    assert_int_equal(options.format, CLI_FORMAT_CSV);
    read_good("--url=http://a?b=c --file -", empty_environment);
    assert_slice_equal(options.url, "http://a?b=c");
    assert_slice_equal(options.file, "-");
    read_good("--url HTTPS://a --cacert ca.pem", full_environment);
    assert_slice_equal(options.ca_file, "ca.pem");
    read_good("--subscribe app.t --last-rows=100000", empty_environment);
    assert_slice_equal(options.subscribe, "app.t");
    assert_int_equal(options.last_rows, 100000);
    read_good("-c -1", empty_environment);
    assert_slice_equal(options.command, "-1");
    read_good("--command=", empty_environment);
    assert_slice_equal(options.command, "");
}

static void test_flags(void **state)
{
    (void)state;
    read_good("--no-color --continue --setup --timeout 5 --connection-timeout=1 --format JSON",
              empty_environment);
    assert_false(options.has_color);
    assert_true(options.continues);
    assert_true(options.is_setup);
    assert_int_equal(options.timeout_ms, 5000);
    assert_int_equal(options.connect_timeout_ms, 1000);
    assert_int_equal(options.format, CLI_FORMAT_JSON);
    read_good("-h --version", empty_environment);
    assert_true(options.is_help);
    assert_true(options.is_version);
}

static void test_host_and_port(void **state)
{
    (void)state;
    read_good("-H db.example.org", empty_environment);
    assert_slice_equal(options.url, "http://db.example.org:8080");
    read_good("--port 3000", full_environment);
    assert_slice_equal(options.url, "http://127.0.0.1:3000");
    read_good("-H ::1 -p 1", empty_environment);
    assert_slice_equal(options.url, "http://[::1]:1");
    expect_refused("-u http://a -p 1", "exclude each other");
}

static void test_environment(void **state)
{
    (void)state;
    read_good("", full_environment);
    assert_slice_equal(options.url, "http://env:1");
    assert_slice_equal(options.ca_file, "env.pem");
    assert_slice_equal(options.user, "env-user");
    assert_slice_equal(options.password, "env-pass");
    assert_slice_equal(options.root_password, "env-root");
    assert_false(options.has_color);
    read_good("--url http://a --user bob", full_environment);
    assert_slice_equal(options.url, "http://a");
    assert_slice_equal(options.user, "bob");
}

static void test_token_and_user(void **state)
{
    (void)state;
    read_good("", token_environment);
    assert_slice_equal(options.token, "env-token");
    assert_slice_equal(options.url, "http://127.0.0.1:8080");
    // A user on the command line counts before a token of the environment.
    read_good("--user bob", token_environment);
    assert_null(options.token.data);
    read_good("--token abc", full_environment);
    assert_slice_equal(options.token, "abc");
    expect_refused("--token abc --user bob", "exclude each other");
    expect_refused("--token abc --password-file x", "exclude each other");
}

static void test_a_password_on_the_command_line(void **state)
{
    (void)state;
    expect_refused("--password s3cret", "every user of this machine can see it");
    assert_null(strstr(ctx.error.message, "s3cret"));
    expect_refused("--password=s3cret", "every user of this machine can see it");
    assert_null(strstr(ctx.error.message, "s3cret"));
    read_good("--password --user bob", full_environment);
    assert_true(options.asks_password);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    expect_refused("select", "is no option; SQL is given with -c");
    expect_refused("-", "is no option");
    expect_refused("--", "is no option");
    expect_refused("--nope", "\"--nope\" is no option");
    expect_refused("--nope=secret", "\"--nope\" is no option");
    expect_refused("-x", "\"-x\" is no option");
    expect_refused("--ur http://a", "is no option");
    expect_refused("--url", "needs a value: URL");
    expect_refused("-c", "needs a value: SQL");
    expect_refused("--json=1", "takes no value");
    expect_refused("-hx", "takes no value");
    expect_refused("-c a -f b", "exclude each other");
    expect_refused("-c a --subscribe b", "exclude each other");
    expect_refused("--subscribe b -f a", "exclude each other");
    expect_refused("--subscribe a --subscribe b", "--subscribe is given twice");
    expect_refused("--cacert ca.pem", "--cacert needs a URL with https://");
    expect_refused("--url http://a --cacert ca.pem", "--cacert needs a URL with https://");
    expect_refused("--url https://a --cacert a --cacert b", "--cacert is given twice");
    expect_refused("--last-rows 1", "--last-rows needs --subscribe");
    for (size_t i = 0; i < 4; i++) {
        static const char *const wrong[] = {"-1", "100001", "1.5", "all"};
        char text[64];
        (void)snprintf(text, sizeof(text), "--subscribe a --last-rows %s", wrong[i]);
        expect_refused(text, "--last-rows takes a whole number from 0 to 100000, not");
    }
    expect_refused("-c a -c b", "--command is given twice");
    expect_refused("--json --csv", "format is given twice");
    expect_refused("--format xml", "\"xml\" is not table, csv or json");
    expect_refused("--timeout 0", "whole seconds");
    expect_refused("--timeout 1.5", "whole seconds");
    expect_refused("--timeout 99999999999999999999", "whole seconds");
    expect_refused("--connection-timeout -1", "whole seconds");
}

// docs/CLI.md shows what --help prints, all of it and nothing else, and what \? prints.
static void test_help_is_the_page(void **state)
{
    (void)state;
    struct kdb_buf page = {0};
    struct kdb_buf help = {0};
    FILE *file = fopen(KDB_SOURCE_DIR "/docs/CLI.md", "r");
    assert_non_null(file);
    char *at = kdb_buf_reserve(&page, 100000);
    kdb_buf_advance(&page, fread(at, 1, 100000, file));
    (void)fclose(file);
    KDB_BUF_LIT(&help, "```text\n");
    cli_options_help(&help);
    KDB_BUF_LIT(&help, "```\n");
    bool has_help = kdb_slice_find(kdb_buf_view(&page), kdb_buf_view(&help), 0) != SIZE_MAX;
    kdb_buf_clear(&help);
    KDB_BUF_LIT(&help, "```text\n");
    cli_meta_help(&help);
    KDB_BUF_LIT(&help, "```\n");
    bool has_meta = kdb_slice_find(kdb_buf_view(&page), kdb_buf_view(&help), 0) != SIZE_MAX;
    kdb_buf_deinit(&page);
    kdb_buf_deinit(&help);
    assert_true(has_help);
    assert_true(has_meta);
}

int main(void)
{
    kdb_ctx_init(&ctx, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_forms_of_an_option),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_host_and_port),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_token_and_user),
        cmocka_unit_test(test_a_password_on_the_command_line),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_help_is_the_page),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
