// SPDX-License-Identifier: Apache-2.0
// Where user names and passwords come from, in which order, and who asks for what is missing.
#include "cli/sign_in_priv.h"

#include <fcntl.h>
#include <unistd.h>

#include "cli/secret_priv.h"

// What is gathered before the server is asked.
struct credentials {
    struct cli_session *session;
    const struct cli_options *options;
    int terminal; // -1: there is nobody to ask
    struct kdb_buf user;
    struct kdb_buf password;
    struct kdb_buf root_password;
};

static void open_credentials(struct cli_session *session, const struct cli_options *options,
                             struct credentials *credentials)
{
    *credentials = (struct credentials){.session = session, .options = options};
    kdb_ctx_reset(&session->ctx);
    // The controlling terminal, wherever standard input and output lead to.
    credentials->terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

static void close_credentials(struct credentials *credentials)
{
    if (credentials->terminal >= 0)
        (void)close(credentials->terminal);
    cli_wipe(&credentials->password);
    cli_wipe(&credentials->root_password);
    kdb_buf_deinit(&credentials->user);
    kdb_buf_deinit(&credentials->password);
    kdb_buf_deinit(&credentials->root_password);
}

static kdb_status missing(struct kdb_ctx *ctx, const char *what)
{
    return kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "%s, or run kalam at a terminal", what);
}

static kdb_status find_user(struct credentials *credentials, const char *prompt)
{
    struct kdb_ctx *ctx = &credentials->session->ctx;
    if (credentials->options->user.data) {
        kdb_buf_slice(&credentials->user, credentials->options->user);
        return KDB_OK;
    }
    if (credentials->terminal < 0)
        return missing(ctx, "nobody is named to sign in: give --user or set KALAM_USER");
    return cli_ask_line(ctx, credentials->terminal, prompt, &credentials->user);
}

static kdb_status read_file(struct credentials *credentials)
{
    struct cli_session *session = credentials->session;
    bool is_exposed = false;
    KDB_TRY(cli_read_secret_file(&session->ctx, credentials->options->password_file,
                                 &credentials->password, &is_exposed));
    if (is_exposed)
        (void)fprintf(session->out.messages,
                      "kalam: other users of this machine may read the password file; "
                      "chmod 600 ends that\n");
    return KDB_OK;
}

// `is_new`: it is chosen now, and asked for twice.
static kdb_status find_password(struct credentials *credentials, const char *prompt, bool is_new)
{
    const struct cli_options *options = credentials->options;
    struct kdb_ctx *ctx = &credentials->session->ctx;
    if (!options->asks_password && options->password_file.data)
        return read_file(credentials);
    if (!options->asks_password && options->password.data) {
        kdb_buf_slice(&credentials->password, options->password);
        return KDB_OK;
    }
    if (credentials->terminal < 0)
        return missing(ctx, "there is no password: set KALAM_PASSWORD, give --password-file");
    return is_new ? cli_ask_new_secret(ctx, credentials->terminal, prompt, &credentials->password)
                  : cli_ask_secret(ctx, credentials->terminal, prompt, &credentials->password);
}

// ---- signing in ----

static enum cli_outcome lost(struct cli_session *session)
{
    (void)cli_session_fail(session);
    return CLI_LOST;
}

static enum cli_outcome use_token(struct cli_session *session, kdb_slice token)
{
    struct kdb_ctx *ctx = &session->ctx;
    struct kdb_client_identity identity;
    if (kdb_client_set_token(session->client, ctx, token) != KDB_OK ||
        kdb_client_identity(session->client, ctx, &identity) != KDB_OK)
        return lost(session);
    return CLI_DONE;
}

static kdb_status sign_in(struct credentials *credentials)
{
    struct cli_session *session = credentials->session;
    KDB_TRY(find_user(credentials, "User: "));
    kdb_slice user = kdb_buf_view(&credentials->user);
    kdb_slice prompt = kdb_arena_printf(&session->ctx.arena, "Password of %.*s: ", KDB_ARG(user));
    KDB_TRY(find_password(credentials, prompt.data, false));
    return kdb_client_login(session->client, &session->ctx, user,
                            kdb_buf_view(&credentials->password));
}

// True when nobody can sign in because the server waits for its setup.
static bool needs_setup(struct cli_session *session)
{
    bool needs = false;
    kdb_status status = kdb_client_needs_setup(session->client, &session->ctx, &needs);
    return status == KDB_OK && needs;
}

enum cli_outcome cli_sign_in(struct cli_session *session, const struct cli_options *options)
{
    if (options->token.data) {
        kdb_ctx_reset(&session->ctx);
        return use_token(session, options->token);
    }
    struct credentials credentials;
    open_credentials(session, options, &credentials);
    kdb_status status = sign_in(&credentials);
    close_credentials(&credentials);
    if (status == KDB_OK)
        return CLI_DONE;
    (void)cli_session_fail(session);
    kdb_ctx_reset(&session->ctx);
    if (status != KDB_ERR_UNAVAILABLE && needs_setup(session))
        (void)fputs("This server has no users yet; kalam --setup makes the first.\n",
                    session->out.messages);
    return CLI_LOST;
}

// ---- first-run setup ----

static kdb_status find_root_password(struct credentials *credentials)
{
    const struct cli_options *options = credentials->options;
    struct kdb_ctx *ctx = &credentials->session->ctx;
    if (options->root_password.data) {
        kdb_buf_slice(&credentials->root_password, options->root_password);
        return KDB_OK;
    }
    if (credentials->terminal < 0)
        return missing(ctx, "there is no password for root: set KALAM_ROOT_PASSWORD");
    return cli_ask_new_secret(
        ctx, credentials->terminal,
        "Password of root, the built-in account for emergencies: ", &credentials->root_password);
}

static kdb_status set_up(struct credentials *credentials, kdb_slice *ret_message)
{
    struct cli_session *session = credentials->session;
    KDB_TRY(find_user(credentials, "Name of the administrator: "));
    KDB_TRY(find_password(credentials, "Password, 8 characters or more: ", true));
    KDB_TRY(find_root_password(credentials));
    const struct kdb_client_setup setup = {
        .user = kdb_buf_view(&credentials->user),
        .password = kdb_buf_view(&credentials->password),
        .root_password = kdb_buf_view(&credentials->root_password),
    };
    return kdb_client_setup(session->client, &session->ctx, &setup, ret_message);
}

enum cli_outcome cli_set_up(struct cli_session *session, const struct cli_options *options)
{
    struct kdb_ctx *ctx = &session->ctx;
    bool needs = false;
    kdb_ctx_reset(ctx);
    // Asked first, so that nobody thinks of passwords in vain.
    if (kdb_client_needs_setup(session->client, ctx, &needs) != KDB_OK)
        return cli_session_fail(session);
    if (!needs) {
        cli_print_error(&session->out, KDB_LIT("ALREADY_EXISTS"),
                        KDB_LIT("this server is set up already"), (kdb_slice){0});
        return CLI_FAILED;
    }
    struct credentials credentials;
    kdb_slice message = {0};
    open_credentials(session, options, &credentials);
    kdb_status status = set_up(&credentials, &message);
    close_credentials(&credentials);
    if (status != KDB_OK)
        return cli_session_fail(session);
    cli_print_line(&session->out, message.len > 0 ? message : KDB_LIT("The server is set up."));
    return CLI_DONE;
}
