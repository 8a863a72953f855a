// SPDX-License-Identifier: Apache-2.0
// Results in the three formats, messages and errors, to the byte.
#include "cli/print_priv.h"

#include <stdlib.h>

#include "lib/test.h"

// Both streams in memory.
struct fixture {
    struct kdb_ctx ctx;
    struct cli_out out;
    char *results;
    size_t results_size;
    char *messages;
    size_t messages_size;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){0};
    kdb_ctx_init(&fixture.ctx, 0);
    fixture.out.results = open_memstream(&fixture.results, &fixture.results_size);
    fixture.out.messages = open_memstream(&fixture.messages, &fixture.messages_size);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    (void)fclose(fixture->out.results);
    (void)fclose(fixture->out.messages);
    free(fixture->results);
    free(fixture->messages);
    cli_out_deinit(&fixture->out);
    kdb_ctx_deinit(&fixture->ctx);
    return 0;
}

static void print(struct fixture *fixture, const char *results_json)
{
    kdb_slice body = kdb_arena_printf(&fixture->ctx.arena,
                                      "{\"status\":\"success\",\"results\":%s}", results_json);
    const struct kdb_reply reply = {200, body};
    struct kdb_results results;
    assert_int_equal(kdb_results_read(&reply, &fixture->ctx, &results), KDB_OK);
    assert_int_equal(cli_print_results(&fixture->out, &fixture->ctx, &results), KDB_OK);
    assert_true(cli_out_flush(&fixture->out));
    (void)fflush(fixture->out.messages);
}

#define ROWS                                                                                       \
    "[{\"schema\":[{\"name\":\"id\",\"data_type\":\"BigInt\",\"index\":0},{\"name\":\"a name\","   \
    "\"data_type\":\"Text\",\"index\":1},{\"name\":\"at\",\"data_type\":\"Timestamp\",\"index\":"  \
    "2}]"                                                                                          \
    ",\"rows\":[[\"7\",\"x\",0],[\"1234567\",null,null],[null,\"NULL\",1],[\"-1\",\"a\\nb,"        \
    "\\\"c\\\""                                                                                    \
    "\",null],[\"0\",\"\",null],[\"1\",\"日本\",null]],\"row_count\":6,\"as_user\":\"u\"}]"

static void test_table(void **state)
{
    struct fixture *fixture = *state;
    print(fixture, ROWS);
    assert_string_equal(fixture->results, "      id | a name   | at\n"
                                          "---------+----------+----------------------------\n"
                                          "       7 | x        | 1970-01-01 00:00:00\n"
                                          " 1234567 | NULL     | NULL\n"
                                          "    NULL | \"NULL\"   | 1970-01-01 00:00:00.000001\n"
                                          "      -1 | a\\nb,\"c\" | NULL\n"
                                          "       0 |          | NULL\n"
                                          "       1 | 日本     | NULL\n"
                                          "(6 rows)\n");
}

static void test_csv(void **state)
{
    struct fixture *fixture = *state;
    fixture->out.format = CLI_FORMAT_CSV;
    print(fixture, ROWS);
    assert_string_equal(fixture->results, "id,a name,at\n"
                                          "7,x,1970-01-01 00:00:00\n"
                                          "1234567,,\n"
                                          ",NULL,1970-01-01 00:00:00.000001\n"
                                          "-1,\"a\nb,\"\"c\"\"\",\n"
                                          "0,\"\",\n"
                                          "1,日本,\n");
}

static void test_json(void **state)
{
    struct fixture *fixture = *state;
    fixture->out.format = CLI_FORMAT_JSON;
    print(fixture, ROWS);
    print(fixture, "[]");
    assert_string_equal(fixture->results, ROWS "\n[]\n");
}

static void test_colours(void **state)
{
    struct fixture *fixture = *state;
    fixture->out.has_color = true;
    print(fixture, "[{\"schema\":[{\"name\":\"a\",\"data_type\":\"Int\"}],\"rows\":[[null],[1]],"
                   "\"row_count\":2}]");
    assert_string_equal(fixture->results, "    \033[1ma\033[0m\n------\n \033[2mNULL\033[0m\n"
                                          "    1\n(2 rows)\n");
}

static void test_row_counts(void **state)
{
    struct fixture *fixture = *state;
    print(fixture,
          "[{\"schema\":[{\"name\":\"a\",\"data_type\":\"Text\"}],\"rows\":[],"
          "\"row_count\":0},{\"schema\":[{\"name\":\"a\",\"data_type\":\"Text\"}],\"rows\":"
          "[[\"x\"]],\"row_count\":1}]");
    assert_string_equal(fixture->results, " a\n---\n(0 rows)\n a\n---\n x\n(1 row)\n");
}

static void test_messages(void **state)
{
    struct fixture *fixture = *state;
    print(fixture, "[{\"row_count\":2,\"message\":\"Inserted 2 row(s)\\u001b\"},{\"row_count\":0},"
                   "{\"schema\":[{\"name\":\"a\",\"data_type\":\"Int\"}],\"rows\":[[1]],"
                   "\"row_count\":1,\"message\":\"Inserted 1 row(s)\"}]");
    assert_string_equal(fixture->results, "Inserted 2 row(s)\\x1b\nOK\n a\n---\n 1\n(1 row)\n"
                                          "Inserted 1 row(s)\n");
    assert_string_equal(fixture->messages, "");
}

// In CSV a program reads standard output: messages go the other way.
static void test_messages_beside_csv(void **state)
{
    struct fixture *fixture = *state;
    fixture->out.format = CLI_FORMAT_CSV;
    print(fixture, "[{\"row_count\":2,\"message\":\"Inserted 2 row(s)\"}]");
    assert_string_equal(fixture->results, "");
    assert_string_equal(fixture->messages, "Inserted 2 row(s)\n");
}

// One long value does not make every line long, and is not cut.
static void test_long_values(void **state)
{
    struct fixture *fixture = *state;
    char rows[2000];
    char longest[301];
    memset(longest, 'x', 300);
    longest[300] = '\0';
    (void)snprintf(rows, sizeof(rows),
                   "[{\"schema\":[{\"name\":\"a\",\"data_type\":\"Text\"},{\"name\":\"b\","
                   "\"data_type\":\"Text\"}],\"rows\":[[\"%s\",\"y\"],[\"z\",\"y\"]],"
                   "\"row_count\":2}]",
                   longest);
    print(fixture, rows);
    assert_non_null(strstr(fixture->results, longest));
    assert_true(fixture->results_size < 300 + 4 * 130);
}

static void test_errors(void **state)
{
    struct fixture *fixture = *state;
    cli_print_line(&fixture->out, KDB_LIT("before"));
    cli_print_error(&fixture->out, KDB_LIT("INVALID_SQL"), KDB_LIT("no\nsuch \x1b[2Jthing"),
                    KDB_LIT("SELECT\n  nothing"));
    assert_string_equal(fixture->results, "before\n");
    assert_string_equal(fixture->messages, "ERROR INVALID_SQL: no\\nsuch \\x1b[2Jthing\n"
                                           "  SELECT\n    nothing\n");
}

static void test_long_details(void **state)
{
    struct fixture *fixture = *state;
    char details[4000];
    memset(details, 'x', sizeof(details));
    cli_print_error(&fixture->out, KDB_LIT("X"), KDB_LIT("y"),
                    kdb_slice_of(details, sizeof(details)));
    assert_true(fixture->messages_size < 400);
    assert_non_null(strstr(fixture->messages, "xxx\n  ...\n"));
}

static void test_malformed_rows(void **state)
{
    struct fixture *fixture = *state;
    const enum cli_format formats[] = {CLI_FORMAT_TABLE, CLI_FORMAT_CSV};
    for (size_t i = 0; i < 2; i++) {
        const struct kdb_reply reply = {
            200, KDB_LIT("{\"status\":\"success\",\"results\":[{\"schema\":[{\"name\":\"a\","
                         "\"data_type\":\"Int\"}],\"rows\":[[1],[2,3]],\"row_count\":2}]}")};
        struct kdb_results results;
        kdb_ctx_clear_error(&fixture->ctx);
        fixture->out.format = formats[i];
        assert_int_equal(kdb_results_read(&reply, &fixture->ctx, &results), KDB_OK);
        assert_int_equal(cli_print_results(&fixture->out, &fixture->ctx, &results),
                         KDB_ERR_CORRUPT);
    }
}

static void test_output_that_cannot_be_written(void **state)
{
    (void)state;
    struct cli_out out = {.results = fopen("/dev/full", "w"), .messages = stderr};
    cli_print_line(&out, KDB_LIT("x"));
    assert_false(cli_out_flush(&out));
    (void)fclose(out.results);
    cli_out_deinit(&out);
}

static void test_format_names(void **state)
{
    (void)state;
    enum cli_format format = CLI_FORMAT_TABLE;
    assert_true(cli_format_of(KDB_LIT("JSON"), &format));
    assert_int_equal(format, CLI_FORMAT_JSON);
    assert_string_equal(cli_format_name(format), "json");
    assert_false(cli_format_of(KDB_LIT("xml"), &format));
    assert_false(cli_format_of((kdb_slice){0}, &format));
}

// An interrupt ends the printing of what has come.
static void test_output_is_cut_short(void **state)
{
    struct fixture *fixture = *state;
    const struct kdb_reply reply = {200, KDB_LIT("{\"status\":\"success\",\"results\":" ROWS "}")};
    for (int format = CLI_FORMAT_TABLE; format <= CLI_FORMAT_JSON; format++) {
        struct kdb_results results;
        kdb_ctx_reset(&fixture->ctx);
        fixture->out.format = (enum cli_format)format;
        assert_int_equal(kdb_results_read(&reply, &fixture->ctx, &results), KDB_OK);
        atomic_store(&fixture->ctx.is_cancelled, true);
        assert_int_equal(cli_print_results(&fixture->out, &fixture->ctx, &results),
                         KDB_ERR_CANCELLED);
        assert_null(strstr(fixture->ctx.error.message, "statement was cancelled"));
        assert_int_equal(fixture->out.text.len, 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_table),
        TEST(test_csv),
        TEST(test_json),
        TEST(test_colours),
        TEST(test_row_counts),
        TEST(test_messages),
        TEST(test_messages_beside_csv),
        TEST(test_long_values),
        TEST(test_errors),
        TEST(test_long_details),
        TEST(test_malformed_rows),
        TEST(test_output_that_cannot_be_written),
        TEST(test_output_is_cut_short),
        TEST(test_format_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
