// SPDX-License-Identifier: Apache-2.0
// Live queries of the command line against a server that answers from a script.
#include "cli/subscribe_priv.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "lib/scripted_server.h"
#include "lib/test.h"

#define WELCOME "1{\"type\":\"auth_success\"}\n"
#define ACK                                                                                        \
    "1{\"type\":\"subscription_ack\",\"schema\":[{\"name\":\"id\",\"data_type\":\"BigInt\"}]}\n"

// Messages about how far the initial rows are.
#define ACK_AT(status, more)                                                                       \
    "1{\"type\":\"subscription_ack\",\"batch_control\":{\"status\":\"" status "\"" more "}}\n"
#define ROWS(seq) "1{\"type\":\"initial_data_batch\",\"rows\":[{\"_seq\":\"" seq "\"}]}\n"
#define BATCH_AT(cell, from)                                                                       \
    "1{\"type\":\"initial_data_batch\",\"rows\":[{" cell                                           \
    "}],\"batch_control\":{\"resume_from\":\"" from "\"}}\n"
#define CHANGE(seq)                                                                                \
    "1{\"type\":\"change\",\"change_type\":\"insert\",\"rows\":[{\"_seq\":\"" seq "\"}]}\n"

struct fixture {
    struct cli_session session;
    struct scripted_server *server;
    char *reply;
    char *results;
    size_t results_size;
    char *messages;
    size_t messages_size;
};

static int set_up(void **state)
{
    struct fixture *fixture = kdb_alloc(sizeof(*fixture));
    cli_session_init(&fixture->session, open_memstream(&fixture->results, &fixture->results_size),
                     open_memstream(&fixture->messages, &fixture->messages_size));
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    (void)fclose(fixture->session.out.results);
    (void)fclose(fixture->session.out.messages);
    cli_session_deinit(&fixture->session);
    scripted_server_destroy(fixture->server);
    kdb_free(fixture->reply);
    free(fixture->results);
    free(fixture->messages);
    kdb_free(fixture);
    return 0;
}

// Subscribes to what the server says that it is, with these options; the server talks like this,
// and like that on the connection that follows the first, if that is not NULL.
static enum cli_outcome subscribe_twice(struct fixture *fixture, const char *options,
                                        int64_t last_rows, const char *lines,
                                        const char *lines_again)
{
    struct cli_session *session = &fixture->session;
    struct kdb_buf body = {0};
    kdb_buf_printf(&body,
                   "{\"status\":\"success\",\"results\":[{\"schema\":[{\"name\":\"status\",\"data_"
                   "type\":\"Text\"},"
                   "{\"name\":\"ws_url\",\"data_type\":\"Text\"},{\"name\":\"subscription\",\"data_"
                   "type\":\"Text\"}],\"rows\":[[\"active\","
                   "\"/v1/ws\",\"{\\\"sql\\\":\\\"SELECT * FROM a.t\\\",\\\"options\\\":%s}\"]],"
                   "\"row_count\":1}]}",
                   options);
    kdb_buf_put(&body, '\0');
    fixture->reply = scripted_reply(200, body.data);
    kdb_buf_deinit(&body);
    const struct scripted_answer answers[] = {{.bytes = fixture->reply},
                                              {.bytes = lines, .upgrades = true},
                                              {.bytes = fixture->reply},
                                              {.bytes = lines_again, .upgrades = true}};
    fixture->server = scripted_server_start(answers, lines_again ? 4 : 2);
    const struct kdb_client_options client_options = {
        .url = kdb_slice_cstr(scripted_server_url(fixture->server)), .receive_timeout_ms = 20000};
    assert_int_equal(kdb_client_open(&client_options, &session->ctx, &session->client), KDB_OK);
    enum cli_outcome outcome = cli_subscribe(session, KDB_LIT("a.t;"), last_rows);
    kdb_client_close(session->client);
    session->client = NULL;
    scripted_server_stop(fixture->server);
    (void)cli_out_flush(&session->out);
    (void)fflush(session->out.messages);
    return outcome;
}

static enum cli_outcome subscribe(struct fixture *fixture, const char *options, int64_t last_rows,
                                  const char *lines)
{
    return subscribe_twice(fixture, options, last_rows, lines, NULL);
}

static void assert_sent(struct fixture *fixture, size_t index, const char *part)
{
    const char *request = scripted_server_request(fixture->server, index);
    assert_non_null(request);
    if (!strstr(request, part))
        fail_msg("\"%s\" lacks \"%s\"", request, part);
}

static void test_rows_and_changes(void **state)
{
    struct fixture *fixture = *state;
    enum cli_outcome outcome = subscribe(
        fixture, "{}", CLI_ALL_ROWS,
        WELCOME "+\n" ACK
                "1{\"type\":\"initial_data_batch\",\"rows\":[{\"id\":\"1\"},{\"id\":\"2\"}]}\n"
                "1{\"type\":\"something_new\"}\n"
                "1{\"type\":\"change\",\"change_type\":\"update\",\"rows\":[{\"id\":\"2\"}]}\n"
                "1{\"type\":\"error\",\"code\":\"KILLED\",\"message\":\"ended\"}");
    assert_int_equal(outcome, CLI_FAILED);
    assert_string_equal(fixture->results, "= initial  id=1\n= initial  id=2\n~ update  id=2\n");
    assert_string_equal(fixture->messages, "ERROR KILLED: ended\n");
    assert_sent(fixture, 0, "{\"sql\":\"SUBSCRIBE TO a.t\"}");
    assert_sent(fixture, 1, "\"sql\":\"SELECT * FROM a.t\",\"options\":{}}");
}

static void test_the_options_of_the_query(void **state)
{
    static const struct {
        const char *options;
        int64_t last_rows;
        const char *sent;
    } cases[] = {
        {"{\\\"last_rows\\\":7}", CLI_ALL_ROWS, "\"options\":{\"last_rows\":7,\"batch_size\":7}"},
        {"{\\\"last_rows\\\":7}", 9, "\"options\":{\"last_rows\":9,\"batch_size\":9}"},
        {"{}", 0, "\"options\":{\"last_rows\":0,\"batch_size\":1}"},
        {"{\\\"from\\\":9007199254740993}", CLI_ALL_ROWS,
         "\"options\":{\"from\":\"9007199254740993\"}"},
        {"{\\\"batch_size\\\":5}", CLI_ALL_ROWS, "\"options\":{}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture *fixture = NULL;
        (void)set_up((void **)&fixture);
        assert_int_equal(subscribe(fixture, cases[i].options, cases[i].last_rows,
                                   WELCOME "+\n1{\"type\":\"error\",\"code\":\"INVALID_SQL\"}"),
                         CLI_FAILED);
        assert_sent(fixture, 1, cases[i].sent);
        (void)tear_down((void **)&fixture);
    }
}

static void test_history_that_is_gone(void **state)
{
    struct fixture *fixture = *state;
    enum cli_outcome outcome = subscribe(
        fixture, "{\\\"from\\\":5}", CLI_ALL_ROWS,
        WELCOME "+\n" ACK "1{\"type\":\"error\",\"code\":\"HISTORY_GONE\",\"message\":\"no\"}\n"
                "+\n" ACK "1{\"type\":\"initial_data_batch\",\"rows\":[{\"id\":\"1\"}]}\n"
                "1{\"type\":\"error\",\"code\":\"KILLED\",\"message\":\"ended\"}");
    assert_int_equal(outcome, CLI_FAILED);
    assert_string_equal(fixture->results, "= initial  id=1\n");
    assert_string_equal(fixture->messages, "kalam: the server does not remember all that happened "
                                           "meanwhile; all rows follow\nERROR KILLED: ended\n");
    assert_sent(fixture, 1, "\"options\":{\"from\":\"5\"}");
    assert_sent(fixture, 1, "\"options\":{}");
}

static void test_a_first_connection_that_is_lost(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(subscribe(fixture, "{}", CLI_ALL_ROWS,
                               WELCOME "+\n8\x03\xe9"
                                       "bye"),
                     CLI_LOST);
    assert_string_equal(fixture->messages,
                        "ERROR UNAVAILABLE: the server closed the connection: bye (1001)\n");
}

// A server may say anything; the terminal gets what can be seen of it.
static void test_nothing_drives_the_terminal(void **state)
{
    struct fixture *fixture = *state;
    enum cli_outcome outcome = subscribe_twice(
        fixture, "{}", CLI_ALL_ROWS,
        WELCOME "+\n" ACK
                "1{\"type\":\"change\",\"change_type\":\"\\u001b[2J\",\"rows\":[{\"id\":\"2\"}]}\n"
                "8\x03\xe9\x1b[2J",
        WELCOME "+\n1{\"type\":\"error\",\"code\":\"\\u001b[2J\",\"message\":\"\\u009b2J\"}");
    assert_int_equal(outcome, CLI_FAILED);
    assert_string_equal(fixture->results, "= \\x1b[2J  id=2\n");
    assert_string_equal(
        fixture->messages,
        "kalam: the server closed the connection: \\x1b[2J (1001); connecting again\n"
        "ERROR \\x1b[2J: \\x9b2J\n");
}

// What is asked for after a break that comes behind these lines.
static void test_where_it_goes_on_after_a_break(void **state)
{
    static const struct {
        const char *lines;
        int64_t last_rows;
        const char *sent;
    } cases[] = {
        // The end of the initial rows is told with the acknowledgement when there are none ...
        {ACK_AT("ready", ",\"resume_from\":\"41\""), 0, "\"options\":{\"from\":\"41\"}"},
        {ACK_AT("ready", ",\"resume_from\":\"0\""), 3, "\"options\":{\"from\":\"0\"}"},
        // ... or with the last of them, and may be greater than what is in the rows.
        {ACK_AT("loading", "") ROWS("1") BATCH_AT("\"_seq\":\"7\"", "41"), CLI_ALL_ROWS,
         "\"options\":{\"from\":\"41\"}"},
        // A change is further still.
        {ACK_AT("ready", ",\"resume_from\":\"41\"") CHANGE("42"), 0,
         "\"options\":{\"from\":\"42\"}"},
        // In the middle of the initial rows: behind the last one.
        {ACK_AT("loading", "") ROWS("7"), CLI_ALL_ROWS, "\"options\":{\"from\":\"7\"}"},
        // Before the first row: as at first.
        {ACK_AT("loading", ""), 3, "\"options\":{\"last_rows\":3,\"batch_size\":3}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture *fixture = NULL;
        (void)set_up((void **)&fixture);
        struct kdb_buf lines = {0};
        kdb_buf_printf(&lines, WELCOME "+\n%s8\x03\xe9", cases[i].lines);
        kdb_buf_put(&lines, '\0');
        assert_int_equal(subscribe_twice(fixture, "{}", cases[i].last_rows, lines.data,
                                         WELCOME "+\n1{\"type\":\"error\",\"code\":\"KILLED\"}"),
                         CLI_FAILED);
        assert_sent(fixture, 3, cases[i].sent);
        kdb_buf_deinit(&lines);
        (void)tear_down((void **)&fixture);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rows_and_changes),
        cmocka_unit_test(test_the_options_of_the_query),
        TEST(test_history_that_is_gone),
        cmocka_unit_test(test_where_it_goes_on_after_a_break),
        TEST(test_a_first_connection_that_is_lost),
        TEST(test_nothing_drives_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
