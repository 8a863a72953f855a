// SPDX-License-Identifier: Apache-2.0
// Check the query, subscribe, print what comes, and again when the connection was lost.
#include "cli/subscribe_priv.h"

#include <errno.h>
#include <time.h>

#include "cli/format_change_priv.h"
#include "cli/interrupt_priv.h"
#include "cli/split_priv.h"
#include "client/live.h"

// A wait is cut into pieces this long: a signal that comes just before it has nothing to end.
#define WAIT_PIECE_MS 100

// No _seq is less.
#define NOTHING_SEEN (-1)

#define SUBSCRIPTION_ID KDB_LIT("kalam")
#define JSON_DEPTH_MAX  64

struct subscriber {
    struct cli_session *session;
    struct kdb_client_live *live; // NULL: not connected
    kdb_slice query;              // what SUBSCRIBE TO is asked
    struct kdb_buf sql;           // what it stands for
    int64_t last_rows;            // negative: all
    int64_t seq;                  // everything up to here is printed, NOTHING_SEEN
    bool is_resumed;              // what comes first are changes, not initial rows
    bool has_begun;               // the server has accepted the query once
    struct cli_change_columns columns;
};

// How one step ends.
enum step {
    STEP_ON,
    STEP_RETRY, // the connection is lost or not there yet: ctx says why
    STEP_OVER,  // subscriber's outcome is said
};

static bool is_transient(kdb_status status)
{
    return status == KDB_ERR_UNAVAILABLE || status == KDB_ERR_TIMEOUT;
}

// A failure of the connection: another one is opened, but not the first, and not against a server
// that does not know the user any longer.
static enum step failed(struct subscriber *subscriber, enum cli_outcome *outcome)
{
    struct cli_session *session = subscriber->session;
    kdb_status status = session->ctx.error.status;
    if (subscriber->has_begun && is_transient(status))
        return STEP_RETRY;
    if (status == KDB_ERR_CANCELLED) {
        (void)fputc('\n', session->out.messages); // behind the ^C that the terminal has shown
        *outcome = CLI_DONE;
        return STEP_OVER;
    }
    *outcome = cli_session_fail(session);
    if (is_transient(status))
        *outcome = CLI_LOST;
    return STEP_OVER;
}

// ---- asking what to subscribe to ----

static const struct kdb_json *parse(struct kdb_ctx *ctx, kdb_slice text)
{
    const struct kdb_json_limits limits = {.size_max = SIZE_MAX, .depth_max = JSON_DEPTH_MAX};
    const struct kdb_json *root = NULL;
    return kdb_json_parse(ctx, text, &limits, &root) == KDB_OK ? root : NULL;
}

static int64_t integer_of(const struct kdb_json *value, int64_t otherwise)
{
    int64_t integer = otherwise;
    if (value && (value->type == KDB_JSON_INT || value->type == KDB_JSON_STRING) &&
        kdb_slice_to_i64(value->text, &integer))
        return integer;
    return otherwise;
}

// Takes the query and options out of the server's answer to SUBSCRIBE TO.
static kdb_status take_query(struct subscriber *subscriber, const struct kdb_results *results)
{
    struct kdb_ctx *ctx = &subscriber->session->ctx;
    const struct kdb_json *row = NULL;
    if (results->count == 1 && results->items[0].column_count >= 3) {
        struct kdb_row_walk walk = kdb_result_rows(&results->items[0]);
        KDB_TRY(kdb_row_walk_next(&walk, ctx, &row));
    }
    const struct kdb_json *cell = kdb_json_at(row, 2);
    const struct kdb_json *root =
        cell && cell->type == KDB_JSON_STRING ? parse(ctx, cell->text) : NULL;
    const struct kdb_json *sql = kdb_json_get(root, KDB_LIT("sql"));
    if (!sql || sql->type != KDB_JSON_STRING)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "this is no answer of a KalamDB server");
    kdb_buf_clear(&subscriber->sql);
    kdb_buf_slice(&subscriber->sql, sql->text);
    if (subscriber->has_begun)
        return KDB_OK;
    const struct kdb_json *options = kdb_json_get(root, KDB_LIT("options"));
    if (subscriber->last_rows < 0)
        subscriber->last_rows =
            integer_of(kdb_json_get(options, KDB_LIT("last_rows")), CLI_ALL_ROWS);
    subscriber->seq = integer_of(kdb_json_get(options, KDB_LIT("from")), NOTHING_SEEN);
    return KDB_OK;
}

// Asks the server what the text stands for. This checks it, and it refreshes an access token that
// has expired meanwhile.
static enum step ask(struct subscriber *subscriber, enum cli_outcome *outcome)
{
    struct cli_session *session = subscriber->session;
    struct kdb_ctx *ctx = &session->ctx;
    struct kdb_reply reply;
    struct kdb_results results;
    kdb_slice space = kdb_buf_view(&session->space);
    kdb_slice sql = kdb_arena_printf(&ctx->arena, "SUBSCRIBE TO %.*s", KDB_ARG(subscriber->query));
    if (kdb_client_query(session->client, ctx, sql, (kdb_slice){0},
                         space.len > 0 ? space : (kdb_slice){0}, &reply) != KDB_OK)
        return failed(subscriber, outcome);
    if (subscriber->has_begun && reply.http_status == 503) {
        (void)kdb_fail(ctx, KDB_ERR_UNAVAILABLE, "the server is stopping");
        return STEP_RETRY;
    }
    if (kdb_results_read(&reply, ctx, &results) != KDB_OK)
        return failed(subscriber, outcome);
    if (!results.is_success) {
        *outcome = cli_session_refused(session, &reply, &results);
        return STEP_OVER;
    }
    return take_query(subscriber, &results) == KDB_OK ? STEP_ON : failed(subscriber, outcome);
}

// ---- subscribing ----

static kdb_status subscribe(struct subscriber *subscriber)
{
    struct kdb_ctx *ctx = &subscriber->session->ctx;
    long long last_rows = (long long)subscriber->last_rows;
    kdb_slice options = KDB_LIT("{}");
    subscriber->is_resumed = subscriber->seq != NOTHING_SEEN;
    if (subscriber->is_resumed)
        options = kdb_arena_printf(&ctx->arena, "{\"from\":\"%lld\"}", (long long)subscriber->seq);
    else if (last_rows >= 0)
        options = kdb_arena_printf(&ctx->arena, "{\"last_rows\":%lld,\"batch_size\":%lld}",
                                   last_rows, last_rows > 0 ? last_rows : 1);
    return kdb_client_live_subscribe(subscriber->live, ctx, SUBSCRIPTION_ID,
                                     kdb_buf_view(&subscriber->sql), options);
}

static enum step connect_and_subscribe(struct subscriber *subscriber, enum cli_outcome *outcome)
{
    struct cli_session *session = subscriber->session;
    enum step step = ask(subscriber, outcome);
    if (step != STEP_ON)
        return step;
    if (kdb_client_live_open(session->client, &session->ctx, 0, &subscriber->live) != KDB_OK ||
        subscribe(subscriber) != KDB_OK)
        return failed(subscriber, outcome);
    return STEP_ON;
}

// ---- what comes ----

static void note_seq(struct subscriber *subscriber, const struct kdb_json *value)
{
    int64_t seq = integer_of(value, NOTHING_SEEN);
    if (seq > subscriber->seq)
        subscriber->seq = seq;
}

// Once the initial rows have all come, the server says up to where they told everything: as far as
// the newest of them at least.
static void note_control(struct subscriber *subscriber, const struct kdb_json *root)
{
    const struct kdb_json *control = kdb_json_get(root, KDB_LIT("batch_control"));
    note_seq(subscriber, kdb_json_get(control, KDB_LIT("resume_from")));
}

static void print_rows(struct subscriber *subscriber, kdb_slice kind, const struct kdb_json *rows)
{
    struct cli_out *out = &subscriber->session->out;
    for (const struct kdb_json *row = rows ? rows->first : NULL; row; row = row->next) {
        if (out->format != CLI_FORMAT_JSON)
            cli_print_change(out, &subscriber->columns, kind, row);
        note_seq(subscriber, kdb_json_get(row, KDB_LIT("_seq")));
    }
}

static kdb_slice text_of(const struct kdb_json *object, kdb_slice name)
{
    const struct kdb_json *value = kdb_json_get(object, name);
    return value && value->type == KDB_JSON_STRING ? value->text : KDB_LIT("");
}

static enum step take_error(struct subscriber *subscriber, const struct kdb_json *root,
                            enum cli_outcome *outcome)
{
    struct cli_session *session = subscriber->session;
    kdb_slice code = text_of(root, KDB_LIT("code"));
    if (subscriber->is_resumed && subscriber->has_begun &&
        kdb_slice_equal(code, KDB_LIT("HISTORY_GONE"))) {
        (void)fputs("kalam: the server does not remember all that happened meanwhile; "
                    "all rows follow\n",
                    session->out.messages);
        subscriber->seq = NOTHING_SEEN;
        subscriber->last_rows = CLI_ALL_ROWS;
        return subscribe(subscriber) == KDB_OK ? STEP_ON : failed(subscriber, outcome);
    }
    cli_print_error(&session->out, code, text_of(root, KDB_LIT("message")), (kdb_slice){0});
    *outcome = CLI_FAILED;
    return STEP_OVER;
}

static enum step take_message(struct subscriber *subscriber,
                              const struct kdb_client_message *message, enum cli_outcome *outcome)
{
    const struct kdb_json *root = message->root;
    struct cli_out *out = &subscriber->session->out;
    kdb_slice type = text_of(root, KDB_LIT("type"));
    kdb_slice kind = text_of(root, KDB_LIT("change_type"));
    if (kdb_slice_equal(type, KDB_LIT("error")))
        return take_error(subscriber, root, outcome);
    if (kdb_slice_equal(type, KDB_LIT("subscription_ack"))) {
        subscriber->has_begun = true;
        cli_print_change_head(out, &subscriber->columns, kdb_json_get(root, KDB_LIT("schema")));
        note_control(subscriber, root);
    } else if (kdb_slice_equal(type, KDB_LIT("initial_data_batch"))) {
        // After a break these are the rows that changed.
        kind = subscriber->is_resumed ? KDB_LIT("update") : KDB_LIT("initial");
        print_rows(subscriber, kind, kdb_json_get(root, KDB_LIT("rows")));
        note_control(subscriber, root);
    } else if (kdb_slice_equal(type, KDB_LIT("change"))) {
        bool is_delete = kdb_slice_equal(kind, KDB_LIT("delete"));
        print_rows(subscriber, kind,
                   kdb_json_get(root, is_delete ? KDB_LIT("old_values") : KDB_LIT("rows")));
    } else {
        return STEP_ON; // of a newer server
    }
    if (out->format == CLI_FORMAT_JSON && !kdb_slice_equal(type, KDB_LIT("subscription_ack"))) {
        kdb_buf_slice(&out->text, message->text);
        kdb_buf_put(&out->text, '\n');
    }
    if (cli_out_flush(out))
        return STEP_ON;
    *outcome = CLI_FAILED;
    return STEP_OVER;
}

static enum step take_next(struct subscriber *subscriber, enum cli_outcome *outcome)
{
    struct kdb_ctx *ctx = &subscriber->session->ctx;
    struct kdb_client_message message;
    // Not kdb_ctx_reset, which would forget an interrupt.
    kdb_arena_reset(&ctx->arena);
    if (kdb_client_live_next(subscriber->live, ctx, -1, &message) != KDB_OK) {
        // The token has expired, or it is of a user who is gone: asking again tells which.
        if (subscriber->has_begun && ctx->error.status == KDB_ERR_UNAUTHORIZED)
            return STEP_RETRY;
        return failed(subscriber, outcome);
    }
    return take_message(subscriber, &message, outcome);
}

// ---- after a break ----

// False when it was interrupted.
static bool wait_before_retry(struct cli_session *session)
{
    for (int waited_ms = 0; waited_ms < session->retry_ms; waited_ms += WAIT_PIECE_MS) {
        const struct timespec piece = {.tv_nsec = (long)WAIT_PIECE_MS * 1000000};
        if (atomic_load(&session->ctx.is_cancelled))
            return false;
        (void)nanosleep(&piece, NULL);
    }
    return true;
}

static enum step wait_out(struct subscriber *subscriber, enum cli_outcome *outcome)
{
    struct cli_session *session = subscriber->session;
    bool was_connected = subscriber->live != NULL;
    if (was_connected) { // said once for a break, not for each attempt
        const char *why = session->ctx.error.message;
        cli_print_notice(&session->out,
                         kdb_arena_printf(&session->ctx.arena, "kalam: %s; connecting again", why));
    }
    kdb_client_live_close(subscriber->live);
    subscriber->live = NULL;
    kdb_ctx_clear_error(&session->ctx);
    kdb_arena_reset(&session->ctx.arena);
    if (wait_before_retry(session))
        return STEP_ON;
    if (kdb_ctx_check(&session->ctx) != KDB_OK)
        return failed(subscriber, outcome);
    return STEP_ON;
}

static enum cli_outcome run(struct subscriber *subscriber)
{
    enum cli_outcome outcome = CLI_DONE;
    enum step step = STEP_ON;
    while (step != STEP_OVER) {
        if (step == STEP_RETRY)
            step = wait_out(subscriber, &outcome);
        else if (!subscriber->live)
            step = connect_and_subscribe(subscriber, &outcome);
        else
            step = take_next(subscriber, &outcome);
    }
    return outcome;
}

enum cli_outcome cli_subscribe(struct cli_session *session, kdb_slice query, int64_t last_rows)
{
    struct cli_piece piece;
    struct cli_piece behind;
    if (cli_split(query, true, &piece) != CLI_SPLIT_STATEMENT ||
        cli_split(kdb_slice_skip(query, piece.used), true, &behind) != CLI_SPLIT_END) {
        cli_print_error(&session->out, KDB_LIT("INVALID_INPUT"),
                        KDB_LIT("one table or SELECT is subscribed to at a time"), (kdb_slice){0});
        return CLI_FAILED;
    }
    struct subscriber subscriber = {
        .session = session, .query = piece.text, .last_rows = last_rows};
    cli_interrupt_watch(&session->ctx);
    enum cli_outcome outcome = run(&subscriber);
    cli_interrupt_watch(NULL);
    kdb_client_live_close(subscriber.live);
    cli_change_columns_deinit(&subscriber.columns);
    kdb_buf_deinit(&subscriber.sql);
    return outcome;
}
