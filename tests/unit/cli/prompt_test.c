// SPDX-License-Identifier: Apache-2.0
// The prompt at a pseudo terminal: editing, statements over lines, Ctrl-C, what the history keeps.
#include "cli/prompt_priv.h"

#include <poll.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "lib/scripted_server.h"
#include "lib/temp_folder.h"
#include "lib/test.h"

// A prompt that runs in a child, seen from its keyboard and screen.
struct fixture {
    struct scripted_server *server;
    char *reply; // of every request
    char *folder;
    char history[200];
    pid_t child;
    int terminal;
    char screen[20000]; // all that was shown
    size_t shown;
    size_t seen; // up to here `expect` has looked
};

// What this program is when it is started with a URL and a path: the prompt.
static int run_prompt(const char *url, const char *history)
{
    struct cli_session session;
    cli_session_init(&session, stdout, stderr);
    const struct kdb_client_options options = {.url = kdb_slice_cstr(url)};
    if (kdb_client_open(&options, &session.ctx, &session.client) != KDB_OK)
        return 1;
    cli_prompt_run(&session, history);
    cli_session_deinit(&session);
    return 0;
}

static void start(struct fixture *fixture)
{
    fixture->shown = 0;
    fixture->seen = 0;
    fixture->child = forkpty(&fixture->terminal, NULL, NULL, NULL);
    assert_true(fixture->child >= 0);
    if (fixture->child > 0)
        return;
    // A new program at once: the server's thread is not here, but its locks may be.
    (void)execl("/proc/self/exe", "prompt", scripted_server_url(fixture->server), fixture->history,
                (char *)NULL);
    _exit(1);
}

static int set_up(void **state)
{
    char *reply = scripted_reply(200, "{\"status\":\"success\",\"results\":[{\"row_count\":0,"
                                      "\"message\":\"the answer\"}]}");
    struct scripted_answer answers[5] = {
        {.bytes = reply}, {.bytes = reply}, {.bytes = reply}, {.bytes = reply}, {.bytes = reply}};
    struct fixture *fixture = kdb_alloc(sizeof(*fixture));
    fixture->reply = reply;
    fixture->server = scripted_server_start(answers, 5);
    fixture->folder = kdb_test_folder_create();
    (void)snprintf(fixture->history, sizeof(fixture->history), "%s/.kalam/history",
                   fixture->folder);
    (void)setenv("TERM", "xterm", 1);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    scripted_server_destroy(fixture->server);
    kdb_test_folder_destroy(fixture->folder);
    kdb_free(fixture->reply);
    kdb_free(fixture);
    return 0;
}

// Waits until this text is on the screen, behind what was looked for before.
static void expect(struct fixture *fixture, const char *text)
{
    for (;;) {
        fixture->screen[fixture->shown] = '\0';
        const char *found = strstr(fixture->screen + fixture->seen, text);
        if (found) {
            fixture->seen = (size_t)(found - fixture->screen) + strlen(text);
            return;
        }
        struct pollfd waited = {.fd = fixture->terminal, .events = POLLIN};
        if (poll(&waited, 1, 10000) == 0)
            fail_msg("waiting for \"%s\" behind \"%s\"", text, fixture->screen);
        size_t room = sizeof(fixture->screen) - 1 - fixture->shown;
        ssize_t count = read(fixture->terminal, fixture->screen + fixture->shown, room);
        if (count <= 0)
            fail_msg("no \"%s\" in \"%s\"", text, fixture->screen + fixture->seen);
        fixture->shown += (size_t)count;
    }
}

static void type(struct fixture *fixture, const char *keys)
{
    assert_int_equal(write(fixture->terminal, keys, strlen(keys)), strlen(keys));
}

static void expect_exit(struct fixture *fixture)
{
    int status = 1;
    while (read(fixture->terminal, fixture->screen, sizeof(fixture->screen)) > 0)
        ;
    assert_int_equal(waitpid(fixture->child, &status, 0), fixture->child);
    assert_int_equal(status, 0);
    (void)close(fixture->terminal);
}

static const char *request(struct fixture *fixture, size_t index)
{
    scripted_server_stop(fixture->server);
    const char *text = scripted_server_request(fixture->server, index);
    assert_non_null(text);
    return strstr(text, "\r\n\r\n") + 4;
}

static void test_statements(void **state)
{
    struct fixture *fixture = *state;
    start(fixture);
    expect(fixture, "kalam[default]> ");
    type(fixture, "select 1,\n");
    expect(fixture, "...> ");
    type(fixture, "';' /*\n");
    expect(fixture, "...> ");
    type(fixture, "*/; use app;\n");
    expect(fixture, "the answer");
    expect(fixture, "the answer");
    expect(fixture, "kalam[app]> ");
    type(fixture, "-- nothing\n");
    expect(fixture, "kalam[app]> ");
    type(fixture, "\\timing\n");
    expect(fixture, "Timing is on.");
    expect(fixture, "kalam[app]> ");
    type(fixture, "\\q\n");
    expect_exit(fixture);
    assert_string_equal(request(fixture, 0), "{\"sql\":\"select 1,\\n';'\"}");
    assert_string_equal(request(fixture, 1), "{\"sql\":\"use app\"}");
}

static void test_words_of_newcomers(void **state)
{
    struct fixture *fixture = *state;
    start(fixture);
    expect(fixture, "kalam[default]> ");
    type(fixture, "help\n");
    expect(fixture, "list the meta-commands");
    expect(fixture, "kalam[default]> ");
    type(fixture, "select\n");
    expect(fixture, "...> ");
    type(fixture, "exit\n"); // a name, here
    expect(fixture, "...> ");
    type(fixture, ";\n");
    expect(fixture, "the answer");
    expect(fixture, "kalam[default]> ");
    type(fixture, " Quit;\n");
    expect_exit(fixture);
    assert_string_equal(request(fixture, 0), "{\"sql\":\"select\\nexit\"}");
}

static void test_ctrl_c_drops_the_line(void **state)
{
    struct fixture *fixture = *state;
    start(fixture);
    expect(fixture, "kalam[default]> ");
    type(fixture, "select 'open\n");
    expect(fixture, "...> ");
    type(fixture, "garbage");
    expect(fixture, "garbage");
    type(fixture, "\x03");
    expect(fixture, "^C");
    expect(fixture, "kalam[default]> ");
    type(fixture, "select 2;\n");
    expect(fixture, "the answer");
    expect(fixture, "kalam[default]> ");
    type(fixture, "\x04");
    expect_exit(fixture);
    assert_string_equal(request(fixture, 0), "{\"sql\":\"select 2\"}");
}

static void test_history(void **state)
{
    struct fixture *fixture = *state;
    start(fixture);
    expect(fixture, "kalam[default]> ");
    type(fixture, "select\n");
    expect(fixture, "...> ");
    type(fixture, "111;\n");
    expect(fixture, "kalam[default]> ");
    type(fixture, "alter user a set password\n");
    expect(fixture, "...> ");
    type(fixture, "'hidden-1';\n");
    expect(fixture, "kalam[default]> ");
    type(fixture, "\\q\n");
    expect_exit(fixture);

    struct stat about;
    assert_int_equal(stat(fixture->history, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    char text[1000] = "";
    FILE *file = fopen(fixture->history, "r");
    assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
    (void)fclose(file);
    assert_non_null(strstr(text, "select\\040111;"));
    assert_null(strstr(text, "hidden-1"));

    // Another run brings it back.
    start(fixture);
    expect(fixture, "kalam[default]> ");
    type(fixture, "\x10"); // up, as Emacs says it
    expect(fixture, "\\q");
    type(fixture, "\x10");
    expect(fixture, "select 111;");
    type(fixture, "\n");
    expect(fixture, "the answer");
    expect(fixture, "kalam[default]> ");
    type(fixture, "\\q\n");
    expect_exit(fixture);
    assert_string_equal(request(fixture, 2), "{\"sql\":\"select 111\"}");
}

static void test_secrets_are_not_remembered(void **state)
{
    (void)state;
    assert_true(cli_may_remember(KDB_LIT("SELECT * FROM app.t")));
    assert_true(cli_may_remember((kdb_slice){0}));
    assert_true(cli_may_remember(KDB_LIT("SELECT pass, word, toke, n")));
    const char *texts[] = {"CREATE USER bob WITH PASSWORD 'x'",
                           "alter user a set pAsSwOrD 'x'",
                           "select my_secret",
                           "SELECT 'x' AS token",
                           "-- Bearer abc",
                           "CREATE STORAGE s TYPE s3 CREDENTIALS '{\"key\":\"x\"}'",
                           "TOKEN"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_false(cli_may_remember(kdb_slice_cstr(texts[i])));
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return run_prompt(argv[1], argv[2]);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_statements),
        TEST(test_words_of_newcomers),
        TEST(test_ctrl_c_drops_the_line),
        TEST(test_history),
        cmocka_unit_test(test_secrets_are_not_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
