// SPDX-License-Identifier: Apache-2.0
// Statements on their way to the server and back, and what is printed about them.
#include "cli/session_priv.h"

#include "base/clock.h"
#include "cli/interrupt_priv.h"
#include "cli/meta_priv.h"

// Scripts that include scripts; more is a circle.
#define SCRIPT_DEPTH_MAX 16
#define RETRY_MS         1000

void cli_session_init(struct cli_session *session, FILE *results, FILE *messages)
{
    *session = (struct cli_session){.out = {.results = results, .messages = messages},
                                    .retry_ms = RETRY_MS};
    kdb_ctx_init(&session->ctx, 0);
}

static void close_scripts(struct cli_session *session)
{
    while (session->scripts) {
        struct cli_script *script = session->scripts;
        session->scripts = script->below;
        cli_script_close(script);
    }
    session->script_count = 0;
}

void cli_session_deinit(struct cli_session *session)
{
    close_scripts(session);
    kdb_client_close(session->client);
    kdb_buf_deinit(&session->space);
    cli_out_deinit(&session->out);
    kdb_ctx_deinit(&session->ctx);
}

void cli_session_set_space(struct cli_session *session, kdb_slice space)
{
    kdb_buf_clear(&session->space);
    kdb_buf_slice(&session->space, space);
}

enum cli_outcome cli_session_fail(struct cli_session *session)
{
    const struct kdb_error *error = &session->ctx.error;
    if (error->status == KDB_ERR_CANCELLED) // behind the ^C that the terminal has shown
        (void)fputc('\n', session->out.messages);
    cli_print_error(&session->out, kdb_slice_cstr(kdb_status_info(error->status)->name),
                    kdb_slice_cstr(error->message), (kdb_slice){0});
    return error->status == KDB_ERR_UNAVAILABLE || error->status == KDB_ERR_UNAUTHORIZED
               ? CLI_LOST
               : CLI_FAILED;
}

bool cli_session_is_interrupted(const struct cli_session *session)
{
    return session->ctx.error.status == KDB_ERR_CANCELLED;
}

// ---- SQL ----

// The name in "USE name" or "USE NAMESPACE name"; the null slice for any other text.
static kdb_slice used_space(kdb_slice sql, struct kdb_arena *arena)
{
    size_t at = 0;
    if (!kdb_slice_equal_nocase(cli_next_token(sql, &at), KDB_LIT("use")))
        return (kdb_slice){0};
    kdb_slice name = cli_next_token(sql, &at);
    kdb_slice behind = cli_next_token(sql, &at);
    if (kdb_slice_equal_nocase(name, KDB_LIT("namespace")) && behind.len > 0 &&
        behind.data[0] != ';') {
        name = behind;
        behind = cli_next_token(sql, &at);
    }
    if (behind.len > 0 && behind.data[0] == ';')
        behind = cli_next_token(sql, &at);
    return name.len > 0 && behind.len == 0 ? cli_name_text(name, arena) : (kdb_slice){0};
}

static void print_time(struct cli_session *session, int64_t started_ns)
{
    if (!session->shows_time)
        return;
    int64_t took_us = (kdb_monotonic_ns() - started_ns) / 1000;
    kdb_slice line = kdb_arena_printf(&session->ctx.arena, "Time: %lld.%03lld ms",
                                      (long long)(took_us / 1000), (long long)(took_us % 1000));
    cli_print_line(&session->out, line);
}

enum cli_outcome cli_session_refused(struct cli_session *session, const struct kdb_reply *reply,
                                     const struct kdb_results *results)
{
    kdb_slice code = results->code;
    if (!code.data)
        code = kdb_arena_printf(&session->ctx.arena, "HTTP_%d", reply->http_status);
    cli_print_error(&session->out, code, results->message, results->details);
    return reply->http_status == 401 ? CLI_LOST : CLI_FAILED;
}

static enum cli_outcome print_reply(struct cli_session *session, const struct kdb_reply *reply,
                                    kdb_slice if_empty)
{
    struct kdb_ctx *ctx = &session->ctx;
    struct kdb_results results;
    if (kdb_results_read(reply, ctx, &results) != KDB_OK)
        return cli_session_fail(session);
    if (!results.is_success)
        return cli_session_refused(session, reply, &results);
    if (if_empty.data && results.count == 1 && results.items[0].has_rows &&
        results.items[0].row_count == 0) {
        cli_print_error(&session->out, KDB_LIT("NOT_FOUND"), if_empty, (kdb_slice){0});
        return CLI_FAILED;
    }
    return cli_print_results(&session->out, ctx, &results) == KDB_OK ? CLI_DONE
                                                                     : cli_session_fail(session);
}

enum cli_outcome cli_session_query(struct cli_session *session, kdb_slice sql, kdb_slice params)
{
    return cli_session_look_up(session, sql, params, (kdb_slice){0});
}

enum cli_outcome cli_session_look_up(struct cli_session *session, kdb_slice sql, kdb_slice params,
                                     kdb_slice if_empty)
{
    struct kdb_ctx *ctx = &session->ctx;
    struct kdb_reply reply;
    kdb_slice space = kdb_buf_view(&session->space);
    int64_t started_ns = kdb_monotonic_ns();
    cli_interrupt_watch(ctx);
    kdb_status status = kdb_client_query(session->client, ctx, sql, params,
                                         space.len > 0 ? space : (kdb_slice){0}, &reply);
    enum cli_outcome outcome =
        status == KDB_OK ? print_reply(session, &reply, if_empty) : cli_session_fail(session);
    cli_interrupt_watch(NULL);
    if (status != KDB_OK)
        return outcome;
    kdb_slice used = outcome == CLI_DONE ? used_space(sql, &ctx->arena) : (kdb_slice){0};
    if (used.len > 0)
        cli_session_set_space(session, used);
    print_time(session, started_ns);
    return outcome;
}

enum cli_outcome cli_session_run(struct cli_session *session, kdb_slice text)
{
    kdb_ctx_reset(&session->ctx);
    if (text.len > 0 && text.data[0] == '\\')
        return cli_meta_run(session, text);
    return cli_session_query(session, text, (kdb_slice){0});
}

// ---- scripts ----

enum cli_outcome cli_session_include(struct cli_session *session, struct cli_script *script)
{
    if (session->script_count == SCRIPT_DEPTH_MAX) {
        cli_script_close(script);
        cli_print_error(&session->out, KDB_LIT("INVALID_INPUT"),
                        KDB_LIT("scripts include each other too deeply"), (kdb_slice){0});
        return CLI_FAILED;
    }
    script->below = session->scripts;
    session->scripts = script;
    session->script_count++;
    return CLI_DONE;
}

static void end_script(struct cli_session *session)
{
    struct cli_script *script = session->scripts;
    session->scripts = script->below;
    session->script_count--;
    cli_script_close(script);
}

static void print_place(struct cli_session *session, const struct cli_script *script, size_t line)
{
    (void)fprintf(session->out.messages, "  in %s, line %zu\n", script->name, line);
}

// Runs the next piece of the innermost script.
static enum cli_outcome run_next(struct cli_session *session)
{
    struct cli_script *script = session->scripts;
    enum cli_split kind = CLI_SPLIT_END;
    kdb_slice text = {0};
    size_t line = 0;
    kdb_ctx_reset(&session->ctx);
    if (cli_script_next(script, &session->ctx, &kind, &text, &line) != KDB_OK) {
        (void)cli_session_fail(session);
        end_script(session);
        return CLI_FAILED;
    }
    if (kind == CLI_SPLIT_END) {
        end_script(session);
        return CLI_DONE;
    }
    enum cli_outcome outcome = cli_session_run(session, text);
    if (outcome != CLI_DONE)
        print_place(session, script, line);
    return outcome;
}

enum cli_outcome cli_session_run_scripts(struct cli_session *session)
{
    enum cli_outcome worst = CLI_DONE;
    while (session->scripts && !session->is_quit) {
        enum cli_outcome outcome = run_next(session);
        // What is printed must not lag behind a pipe that is read as it comes.
        (void)cli_out_flush(&session->out);
        if (outcome == CLI_DONE)
            continue;
        worst = outcome;
        if (outcome == CLI_LOST || !session->continues || cli_session_is_interrupted(session))
            break;
    }
    close_scripts(session);
    return worst;
}
