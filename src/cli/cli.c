// SPDX-License-Identifier: Apache-2.0
// What kalam does with its options, from the first word to the exit code.
#include "cli/cli.h"

#include <stdlib.h>
#include <unistd.h>

#include "cli/prompt_priv.h"
#include "cli/sign_in_priv.h"
#include "cli/subscribe_priv.h"

static const char *system_environment(const char *name)
{
    return getenv(name);
}

static enum cli_outcome print_help(void)
{
    struct kdb_buf help = {0};
    cli_options_help(&help);
    (void)fwrite(help.data, 1, help.len, stdout);
    kdb_buf_deinit(&help);
    return fflush(stdout) == 0 ? CLI_DONE : CLI_FAILED;
}

static bool shows_color(const struct cli_options *options, int fd)
{
    const char *terminal = getenv("TERM");
    return options->has_color && isatty(fd) && terminal &&
           !kdb_slice_equal(kdb_slice_cstr(terminal), KDB_LIT("dumb"));
}

static kdb_status open_client(struct cli_session *session, const struct cli_options *options)
{
    const struct kdb_client_options client_options = {
        .url = options->url,
        .ca_file = options->ca_file,
        .connect_timeout_ms = options->connect_timeout_ms,
        .receive_timeout_ms = options->timeout_ms,
    };
    return kdb_client_open(&client_options, &session->ctx, &session->client);
}

static enum cli_outcome run_script(struct cli_session *session, kdb_slice path)
{
    struct cli_script *script = NULL;
    kdb_ctx_reset(&session->ctx);
    if (cli_script_open(&session->ctx, path, &script) != KDB_OK) {
        (void)cli_session_fail(session);
        return CLI_MISUSED;
    }
    (void)cli_session_include(session, script);
    return cli_session_run_scripts(session);
}

static enum cli_outcome run_command(struct cli_session *session, kdb_slice command)
{
    enum cli_outcome outcome = cli_session_run(session, kdb_slice_trim(command));
    // What \i opened.
    return outcome == CLI_DONE ? cli_session_run_scripts(session) : outcome;
}

static enum cli_outcome run_prompt(struct cli_session *session)
{
    const char *home = getenv("HOME");
    (void)printf("kalam %s at %.*s. Statements end with a semicolon; \\? helps, \\q leaves.\n",
                 KDB_VERSION, KDB_ARG(session->url));
    kdb_slice path = {0};
    struct kdb_arena arena;
    kdb_arena_init(&arena, 0);
    if (home && home[0] == '/')
        path = kdb_arena_printf(&arena, "%s/.kalam/history", home);
    cli_prompt_run(session, path.data);
    kdb_arena_deinit(&arena);
    return CLI_DONE;
}

static enum cli_outcome run_session(struct cli_session *session, const struct cli_options *options)
{
    if (open_client(session, options) != KDB_OK) {
        (void)cli_session_fail(session);
        return CLI_MISUSED;
    }
    if (options->is_setup)
        return cli_set_up(session, options);
    enum cli_outcome outcome = cli_sign_in(session, options);
    if (outcome != CLI_DONE)
        return outcome;
    if (options->subscribe.data) {
        kdb_ctx_reset(&session->ctx);
        return cli_subscribe(session, options->subscribe, options->last_rows);
    }
    if (options->command.data)
        return run_command(session, options->command);
    if (options->file.data)
        return run_script(session, options->file);
    return isatty(STDIN_FILENO) ? run_prompt(session) : run_script(session, KDB_LIT("-"));
}

static enum cli_outcome run(const struct cli_options *options)
{
    struct cli_session session;
    cli_session_init(&session, stdout, stderr);
    session.url = options->url;
    session.continues = options->continues;
    session.out.format = options->format;
    session.out.has_color = shows_color(options, STDOUT_FILENO);
    session.out.has_message_color = shows_color(options, STDERR_FILENO);
    cli_session_set_space(&session, options->space);
    enum cli_outcome outcome = run_session(&session, options);
    if (!cli_out_flush(&session.out)) {
        (void)fputs("kalam: cannot write to standard output\n", stderr);
        outcome = outcome == CLI_DONE ? CLI_FAILED : outcome;
    }
    cli_session_deinit(&session);
    return outcome;
}

int kdb_cli_run(int count, char *const *arguments)
{
    struct kdb_ctx ctx;
    struct cli_options options;
    enum cli_outcome outcome = CLI_MISUSED;
    kdb_ctx_init(&ctx, 0);
    if (cli_options_read(&ctx, count, arguments, system_environment, &options) != KDB_OK)
        (void)fprintf(stderr, "kalam: %s\n", ctx.error.message);
    else if (options.is_help)
        outcome = print_help();
    else if (options.is_version)
        outcome = printf("kalam %s\n", KDB_VERSION) < 0 ? CLI_FAILED : CLI_DONE;
    else
        outcome = run(&options);
    kdb_ctx_deinit(&ctx);
    return (int)outcome;
}
