// SPDX-License-Identifier: Apache-2.0
// Statements, scripts, meta-commands and signing in, against a server that answers from a script.
#include "cli/session_priv.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/sign_in_priv.h"
#include "lib/scripted_server.h"
#include "lib/test.h"

#define ANSWERS_MAX 12

struct fixture {
    struct cli_session session;
    struct scripted_server *server;
    char *replies[ANSWERS_MAX];
    struct scripted_answer answers[ANSWERS_MAX];
    size_t count;
    char *results;
    size_t results_size;
    char *messages;
    size_t messages_size;
    char path[40]; // of the script
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
    for (size_t i = 0; i < fixture->count; i++)
        kdb_free(fixture->replies[i]);
    free(fixture->results);
    free(fixture->messages);
    if (fixture->path[0] != '\0')
        (void)unlink(fixture->path);
    kdb_free(fixture);
    return 0;
}

// The server's next answer.
static void will_answer(struct fixture *fixture, int status, const char *body)
{
    assert_true(fixture->count < ANSWERS_MAX);
    fixture->replies[fixture->count] = scripted_reply(status, body);
    fixture->answers[fixture->count].bytes = fixture->replies[fixture->count];
    fixture->count++;
}

static void will_succeed(struct fixture *fixture)
{
    will_answer(fixture, 200,
                "{\"status\":\"success\",\"results\":[{\"row_count\":0,\"message\":"
                "\"done\"}]}");
}

static void will_fail(struct fixture *fixture)
{
    will_answer(fixture, 400,
                "{\"status\":\"error\",\"results\":[],\"error\":{\"code\":\"BAD\","
                "\"message\":\"no\"}}");
}

static void start(struct fixture *fixture)
{
    struct cli_session *session = &fixture->session;
    fixture->server = scripted_server_start(fixture->answers, fixture->count);
    session->url = kdb_slice_cstr(scripted_server_url(fixture->server));
    const struct kdb_client_options options = {.url = session->url, .receive_timeout_ms = 20000};
    assert_int_equal(kdb_client_open(&options, &session->ctx, &session->client), KDB_OK);
}

static void stop(struct fixture *fixture)
{
    kdb_client_close(fixture->session.client);
    fixture->session.client = NULL;
    scripted_server_stop(fixture->server);
    (void)cli_out_flush(&fixture->session.out);
    (void)fflush(fixture->session.out.messages);
}

// The n-th request's body is this JSON.
static void assert_sent(struct fixture *fixture, size_t index, const char *body)
{
    const char *request = scripted_server_request(fixture->server, index);
    assert_non_null(request);
    const char *found = strstr(request, "\r\n\r\n");
    assert_string_equal(found + 4, body);
}

static void assert_sent_only(struct fixture *fixture, size_t count)
{
    if (count > 0)
        assert_non_null(scripted_server_request(fixture->server, count - 1));
    assert_null(scripted_server_request(fixture->server, count));
}

// Runs this text as a script.
static enum cli_outcome run_script(struct fixture *fixture, const char *text)
{
    (void)snprintf(fixture->path, sizeof(fixture->path), "/tmp/kalam-session-XXXXXX");
    int fd = mkstemp(fixture->path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
    struct cli_script *script = NULL;
    assert_int_equal(cli_script_open(&fixture->session.ctx, kdb_slice_cstr(fixture->path), &script),
                     KDB_OK);
    assert_int_equal(cli_session_include(&fixture->session, script), CLI_DONE);
    return cli_session_run_scripts(&fixture->session);
}

static void test_a_statement(void **state)
{
    struct fixture *fixture = *state;
    will_succeed(fixture);
    start(fixture);
    assert_int_equal(cli_session_run(&fixture->session, KDB_LIT("SELECT 1")), CLI_DONE);
    stop(fixture);
    assert_sent(fixture, 0, "{\"sql\":\"SELECT 1\"}");
    assert_string_equal(fixture->results, "done\n");
}

static void test_a_refused_statement(void **state)
{
    struct fixture *fixture = *state;
    will_fail(fixture);
    will_answer(fixture, 503, "full");
    will_answer(fixture, 401,
                "{\"status\":\"error\",\"error\":{\"code\":\"TOKEN_EXPIRED\","
                "\"message\":\"Invalid credentials\"}}");
    start(fixture);
    assert_int_equal(cli_session_run(&fixture->session, KDB_LIT("x")), CLI_FAILED);
    assert_int_equal(cli_session_run(&fixture->session, KDB_LIT("x")), CLI_FAILED);
    assert_int_equal(cli_session_run(&fixture->session, KDB_LIT("x")), CLI_LOST);
    assert_int_equal(cli_session_run(&fixture->session, KDB_LIT("x")), CLI_LOST);
    stop(fixture);
    assert_non_null(strstr(fixture->messages, "ERROR BAD: no\n"));
    assert_non_null(strstr(fixture->messages, "ERROR HTTP_503: the server answered with"));
    assert_non_null(strstr(fixture->messages, "ERROR TOKEN_EXPIRED: Invalid credentials\n"));
    assert_non_null(strstr(fixture->messages, "ERROR UNAVAILABLE: "));
    assert_string_equal(fixture->results, "");
}

static void test_a_script_stops_at_its_first_failure(void **state)
{
    struct fixture *fixture = *state;
    will_succeed(fixture);
    will_fail(fixture);
    will_succeed(fixture);
    start(fixture);
    assert_int_equal(run_script(fixture, "one;\n\ntwo;\nthree;"), CLI_FAILED);
    stop(fixture);
    assert_sent_only(fixture, 2);
    assert_sent(fixture, 1, "{\"sql\":\"two\"}");
    char place[100];
    (void)snprintf(place, sizeof(place), "ERROR BAD: no\n  in %s, line 3\n", fixture->path);
    assert_string_equal(fixture->messages, place);
    assert_null(fixture->session.scripts);
}

static void test_a_script_that_continues(void **state)
{
    struct fixture *fixture = *state;
    will_fail(fixture);
    will_succeed(fixture);
    start(fixture);
    fixture->session.continues = true;
    assert_int_equal(run_script(fixture, "one; two; three"), CLI_LOST);
    stop(fixture);
    assert_sent_only(fixture, 2);
    assert_string_equal(fixture->results, "done\n");
}

static void test_scripts_that_include_scripts(void **state)
{
    struct fixture *fixture = *state;
    will_succeed(fixture);
    will_succeed(fixture);
    will_succeed(fixture);
    start(fixture);
    char inner[] = "/tmp/kalam-inner-XXXXXX";
    int fd = mkstemp(inner);
    assert_int_equal(write(fd, "inner;", 6), 6);
    (void)close(fd);
    char text[100];
    (void)snprintf(text, sizeof(text), "one;\n\\i %s\ntwo;", inner);
    assert_int_equal(run_script(fixture, text), CLI_DONE);
    (void)unlink(inner);
    stop(fixture);
    assert_sent(fixture, 0, "{\"sql\":\"one\"}");
    assert_sent(fixture, 1, "{\"sql\":\"inner\"}");
    assert_sent(fixture, 2, "{\"sql\":\"two\"}");
}

static void test_a_script_that_includes_itself(void **state)
{
    struct fixture *fixture = *state;
    start(fixture);
    (void)snprintf(fixture->path, sizeof(fixture->path), "/tmp/kalam-session-XXXXXX");
    int fd = mkstemp(fixture->path);
    (void)dprintf(fd, "\\i %s\n", fixture->path);
    (void)close(fd);
    struct cli_script *script = NULL;
    struct cli_session *session = &fixture->session;
    assert_int_equal(cli_script_open(&session->ctx, kdb_slice_cstr(fixture->path), &script),
                     KDB_OK);
    assert_int_equal(cli_session_include(session, script), CLI_DONE);
    assert_int_equal(cli_session_run_scripts(session), CLI_FAILED);
    stop(fixture);
    assert_non_null(strstr(fixture->messages, "too deeply"));
}

static void test_quit_ends_a_script(void **state)
{
    struct fixture *fixture = *state;
    will_succeed(fixture);
    start(fixture);
    assert_int_equal(run_script(fixture, "one;\n\\q\ntwo;"), CLI_DONE);
    stop(fixture);
    assert_sent_only(fixture, 1);
}

static void test_namespaces(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 7; i++)
        will_succeed(fixture);
    will_fail(fixture);
    will_succeed(fixture);
    start(fixture);
    assert_int_equal(run_script(fixture, "USE App;\none;\n\\namespace b\ntwo;use namespace "
                                         "\"c\" -- x\n;three; use a b; USE namespace;"),
                     CLI_DONE);
    assert_int_equal(cli_session_run(&fixture->session, KDB_LIT("USE nope")), CLI_FAILED);
    assert_int_equal(cli_session_run(&fixture->session, KDB_LIT("four")), CLI_DONE);
    stop(fixture);
    assert_sent(fixture, 0, "{\"sql\":\"USE App\"}");
    assert_sent(fixture, 1, "{\"sql\":\"one\",\"namespace_id\":\"app\"}");
    assert_sent(fixture, 2, "{\"sql\":\"two\",\"namespace_id\":\"b\"}");
    assert_sent(fixture, 4, "{\"sql\":\"three\",\"namespace_id\":\"c\"}");
    assert_sent(fixture, 8, "{\"sql\":\"four\",\"namespace_id\":\"namespace\"}");
}

static void run_meta(struct fixture *fixture, const char *line, enum cli_outcome outcome)
{
    if (cli_session_run(&fixture->session, kdb_slice_cstr(line)) != outcome)
        fail_msg("%s: not %d", line, (int)outcome);
}

static void test_tables_and_columns(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 6; i++)
        will_succeed(fixture);
    start(fixture);
    run_meta(fixture, "\\dt", CLI_DONE);
    run_meta(fixture, "\\dt App;", CLI_DONE);
    run_meta(fixture, "\\d t", CLI_DONE);
    run_meta(fixture, "\\describe App.\"T\" ;", CLI_DONE);
    run_meta(fixture, "\\d", CLI_DONE);
    run_meta(fixture, "\\d a.b.c", CLI_FAILED);
    run_meta(fixture, "\\d a.", CLI_FAILED);
    stop(fixture);
    assert_non_null(
        strstr(scripted_server_request(fixture->server, 0), "information_schema.tables"));
    assert_non_null(strstr(scripted_server_request(fixture->server, 1), "\"params\":[\"app\"]"));
    assert_non_null(
        strstr(scripted_server_request(fixture->server, 2), "\"params\":[\"default\",\"t\"]"));
    assert_non_null(
        strstr(scripted_server_request(fixture->server, 3), "\"params\":[\"app\",\"T\"]"));
    assert_sent_only(fixture, 5);
}

static void test_settings(void **state)
{
    struct fixture *fixture = *state;
    will_succeed(fixture);
    start(fixture);
    run_meta(fixture, "\\timing", CLI_DONE);
    assert_true(fixture->session.shows_time);
    run_meta(fixture, "\\timing on", CLI_DONE);
    run_meta(fixture, "\\timing maybe", CLI_FAILED);
    run_meta(fixture, "select 1", CLI_DONE);
    run_meta(fixture, "\\timing off", CLI_DONE);
    run_meta(fixture, "\\format csv", CLI_DONE);
    assert_int_equal(fixture->session.out.format, CLI_FORMAT_CSV);
    run_meta(fixture, "\\format xml", CLI_FAILED);
    run_meta(fixture, "\\format", CLI_DONE);
    run_meta(fixture, "\\namespace a b", CLI_FAILED);
    run_meta(fixture, "\\", CLI_FAILED);
    run_meta(fixture, "\\ ", CLI_FAILED);
    run_meta(fixture, "\\nope", CLI_FAILED);
    run_meta(fixture, "\\q now", CLI_FAILED);
    run_meta(fixture, "\\i", CLI_FAILED);
    run_meta(fixture, "\\i /nonexistent", CLI_FAILED);
    assert_false(fixture->session.is_quit);
    stop(fixture);
    assert_non_null(strstr(fixture->results, "Time: "));
    assert_non_null(strstr(fixture->results, " ms\n"));
    assert_non_null(strstr(fixture->messages, "\"\\nope\" is no meta-command"));
}

static void test_the_servers_state(void **state)
{
    struct fixture *fixture = *state;
    will_answer(fixture, 200, "{\"status\":\"healthy\",\"version\":\"9.9\"}");
    will_answer(fixture, 403, "{}");
    will_answer(fixture, 200, "{\"user\":{\"id\":\"bob\",\"role\":\"user\"}}");
    will_succeed(fixture);
    will_succeed(fixture);
    start(fixture);
    run_meta(fixture, "\\health", CLI_DONE);
    run_meta(fixture, "\\health", CLI_DONE);
    run_meta(fixture, "\\conninfo", CLI_DONE);
    run_meta(fixture, "\\flush", CLI_DONE);
    run_meta(fixture, "\\as o'neil SELECT 1 -- x", CLI_DONE);
    run_meta(fixture, "\\as bob", CLI_FAILED);
    run_meta(fixture, "\\health", CLI_LOST);
    stop(fixture);
    assert_non_null(strstr(fixture->results, "healthy, version 9.9\n"));
    assert_non_null(strstr(fixture->results, "to its own machine only"));
    assert_non_null(strstr(fixture->results, "as bob (role user), namespace default"));
    assert_sent(fixture, 3, "{\"sql\":\"STORAGE FLUSH ALL\"}");
    assert_sent(fixture, 4, "{\"sql\":\"EXECUTE AS USER 'o''neil' (SELECT 1 -- x\\n)\"}");
}

// ---- signing in ----

static void test_signing_in(void **state)
{
    struct fixture *fixture = *state;
    will_answer(fixture, 200, "{\"access_token\":\"abc\"}");
    will_answer(fixture, 401, "{\"error\":\"unauthorized\",\"message\":\"Invalid credentials\"}");
    will_answer(fixture, 200, "{\"needs_setup\":true,\"message\":\"\"}");
    will_answer(fixture, 200, "{\"user\":{\"id\":\"bob\",\"role\":\"user\"}}");
    will_answer(fixture, 401, "{\"error\":\"unauthorized\",\"message\":\"expired\"}");
    start(fixture);
    const struct cli_options options = {.user = KDB_LIT("bob"), .password = KDB_LIT("s3cret-pass")};
    assert_int_equal(cli_sign_in(&fixture->session, &options), CLI_DONE);
    assert_int_equal(cli_sign_in(&fixture->session, &options), CLI_LOST);
    const struct cli_options token = {.token = KDB_LIT("xyz")};
    assert_int_equal(cli_sign_in(&fixture->session, &token), CLI_DONE);
    assert_int_equal(cli_sign_in(&fixture->session, &token), CLI_LOST);
    stop(fixture);
    assert_sent(fixture, 0, "{\"user\":\"bob\",\"password\":\"s3cret-pass\"}");
    assert_non_null(strstr(scripted_server_request(fixture->server, 3), "Bearer xyz\r\n"));
    assert_non_null(strstr(fixture->messages, "ERROR UNAUTHORIZED: Invalid credentials\n"));
    assert_non_null(strstr(fixture->messages, "kalam --setup makes the first"));
    assert_null(strstr(fixture->messages, "s3cret"));
}

static void test_a_password_file(void **state)
{
    struct fixture *fixture = *state;
    will_answer(fixture, 200, "{\"access_token\":\"abc\"}");
    start(fixture);
    (void)snprintf(fixture->path, sizeof(fixture->path), "/tmp/kalam-session-XXXXXX");
    int fd = mkstemp(fixture->path);
    assert_int_equal(write(fd, "from-file\n", 10), 10);
    (void)close(fd);
    const struct cli_options options = {.user = KDB_LIT("bob"),
                                        .password = KDB_LIT("from-environment"),
                                        .password_file = kdb_slice_cstr(fixture->path)};
    assert_int_equal(cli_sign_in(&fixture->session, &options), CLI_DONE);
    stop(fixture);
    assert_sent(fixture, 0, "{\"user\":\"bob\",\"password\":\"from-file\"}");
}

static void test_first_run_setup(void **state)
{
    struct fixture *fixture = *state;
    will_answer(fixture, 200, "{\"needs_setup\":true,\"message\":\"\"}");
    will_answer(fixture, 200, "{\"user\":{\"id\":\"admin\"},\"message\":\"Welcome.\"}");
    will_answer(fixture, 200, "{\"needs_setup\":false,\"message\":\"\"}");
    start(fixture);
    const struct cli_options options = {.user = KDB_LIT("admin"),
                                        .password = KDB_LIT("password-1"),
                                        .root_password = KDB_LIT("password-2")};
    assert_int_equal(cli_set_up(&fixture->session, &options), CLI_DONE);
    assert_int_equal(cli_set_up(&fixture->session, &options), CLI_FAILED);
    assert_int_equal(cli_set_up(&fixture->session, &options), CLI_LOST);
    stop(fixture);
    assert_sent(fixture, 1,
                "{\"user\":\"admin\",\"password\":\"password-1\","
                "\"root_password\":\"password-2\"}");
    assert_non_null(strstr(fixture->results, "Welcome.\n"));
    assert_non_null(strstr(fixture->messages, "set up already"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_statement),
        TEST(test_a_refused_statement),
        TEST(test_a_script_stops_at_its_first_failure),
        TEST(test_a_script_that_continues),
        TEST(test_scripts_that_include_scripts),
        TEST(test_a_script_that_includes_itself),
        TEST(test_quit_ends_a_script),
        TEST(test_namespaces),
        TEST(test_tables_and_columns),
        TEST(test_settings),
        TEST(test_the_servers_state),
        TEST(test_signing_in),
        TEST(test_a_password_file),
        TEST(test_first_run_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
