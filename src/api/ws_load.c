// SPDX-License-Identifier: Apache-2.0
// What a subscription is sent before changes flow: initial rows, what was missed while away, what
// could not be sent to a slow client.
//
// All are the same walk over a partition by _seq, made in steps. A step reads so many rows and
// makes the messages of them; on the loop when memory has what it needs, else as a job of a worker.
// Between steps the client takes what was sent, or asks for the next batch. When the walk has
// reached the end of its read view, the subscription is released from there.
#include "api/ws_priv.h"
#include "base/alloc.h"
#include "base/assert.h"
#include "conf/limits.h"
#include "types/row.h"

enum load_kind {
    LOAD_NOTHING, // no initial rows
    LOAD_ROWS,    // all rows there are
    LOAD_LAST,    // the newest few
    LOAD_RESUME,  // what happened after a _seq: rows, and which are gone
    LOAD_CATCH_UP // the same as changes
};

// Part of what a step made.
struct piece {
    bool is_batch;      // rows of initial_data_batch, else one change
    kdb_live_kind kind; // of the change
    kdb_slice text;     // inside of the rows array, or the end of the change message
    uint64_t row_count;
    int64_t last_seq;
};

struct ws_load {
    struct ws_subscription *subscription; // NULL: it has ended
    struct kdb_api_loop *api;
    struct kdb_live_query *query;    // referenced
    struct kdb_partition *partition; // referenced; NULL: not looked up yet
    struct kdb_changes *changes;     // NULL: not opened yet
    enum load_kind kind;
    uint64_t step_rows; // rows of a step: a batch
    int64_t after;      // told up to here
    bool pulls;         // the client asks for each batch
    bool waits_for_pull;
    bool is_on_worker;
    bool has_acknowledged;
    bool is_done; // the walk has reached its end
    uint32_t batch_number;
    int64_t sent_seq; // of the last batch
    // One step:
    struct kdb_ctx ctx;
    struct kdb_exec exec;
    struct piece *pieces;
    size_t piece_count, piece_capacity;
    struct kdb_loop_task task;
    struct kdb_pool_job job;
};

static const struct kdb_api_options *options_of(const struct ws_load *load)
{
    return &load->api->api->options;
}

static void load_free(struct ws_load *load)
{
    kdb_changes_close(load->changes);
    kdb_partition_unref(load->partition);
    kdb_live_query_unref(load->query);
    kdb_ctx_deinit(&load->ctx);
    kdb_free(load);
}

void ws_load_abandon(struct ws_load *load)
{
    load->subscription->load = NULL;
    load->subscription = NULL;
    if (!load->is_on_worker)
        load_free(load);
}

// ---- a step: any thread ----

struct step {
    struct ws_load *load;
    struct kdb_eval eval;
    struct kdb_arena scratch;
    struct kdb_buf rows;
    uint64_t row_count; // in `rows`
    uint64_t seen;      // rows and changes of the step
    size_t made_bytes;  // of the pieces it has made
    int64_t last_seq;   // of the last row in `rows`
    int64_t position;   // visited up to here
    bool has_more;
};

static void add_piece(struct step *step, struct piece piece)
{
    struct ws_load *load = step->load;
    piece.text = kdb_arena_copy(&load->ctx.arena, piece.text);
    step->made_bytes += piece.text.len;
    KDB_PUSH(&load->ctx.arena, load->pieces, load->piece_count, load->piece_capacity, piece);
}

static void end_rows(struct step *step)
{
    if (step->row_count == 0)
        return;
    add_piece(step, (struct piece){.is_batch = true,
                                   .text = kdb_buf_view(&step->rows),
                                   .row_count = step->row_count,
                                   .last_seq = step->last_seq});
    kdb_buf_clear(&step->rows);
    step->row_count = 0;
}

static kdb_status add_row(struct step *step, kdb_slice row)
{
    if (step->row_count > 0)
        kdb_buf_put(&step->rows, ',');
    step->row_count++;
    step->last_seq = kdb_row_seq(row);
    return kdb_live_write_row(step->load->query, &step->eval, row, step->last_seq, false,
                              &step->rows);
}

static kdb_status add_change(struct step *step, kdb_slice row, bool is_gone)
{
    struct kdb_buf body = {0};
    kdb_buf_slice(&body, is_gone ? KDB_LIT("\"old_values\":[") : KDB_LIT("\"rows\":["));
    kdb_status status =
        kdb_live_write_row(step->load->query, &step->eval, row, kdb_row_seq(row), is_gone, &body);
    KDB_BUF_LIT(&body, "]}");
    end_rows(step);
    bool is_stream = step->load->query->table->kind == KDB_TABLE_STREAM;
    add_piece(step, (struct piece){.kind = is_gone     ? KDB_LIVE_DELETE
                                           : is_stream ? KDB_LIVE_INSERT
                                                       : KDB_LIVE_UPDATE,
                                   .text = kdb_buf_view(&body),
                                   .row_count = 1,
                                   .last_seq = kdb_row_seq(row)});
    kdb_buf_deinit(&body);
    return status;
}

static kdb_status add(struct step *step, kdb_slice row, bool is_match)
{
    enum load_kind kind = step->load->kind;
    if (is_match && kind != LOAD_CATCH_UP)
        return add_row(step, row);
    return add_change(step, row, !is_match);
}

static kdb_status visit(void *self, kdb_slice row, bool *ret_goes_on)
{
    struct step *step = self;
    struct ws_load *load = step->load;
    bool is_match;
    // In a stream every row is a new one: what does not match was never seen.
    bool tells_gone = (load->kind == LOAD_RESUME || load->kind == LOAD_CATCH_UP) &&
                      load->query->table->kind != KDB_TABLE_STREAM;
    kdb_arena_reset(&step->scratch);
    KDB_TRY(kdb_live_matches(load->query, &step->eval, row, &is_match));
    if (is_match || tells_gone) {
        bool is_full = step->seen == load->step_rows ||
                       step->made_bytes + step->rows.len > KDB_LIMIT_INITIAL_BATCH_BYTES;
        if (is_full) {
            step->has_more = true;
            *ret_goes_on = false;
            return KDB_OK;
        }
        step->seen++;
        KDB_TRY(add(step, row, is_match));
    }
    step->position = kdb_row_seq(row);
    return KDB_OK;
}

// The newest rows, found backwards and sent forwards.
static kdb_status visit_last(void *self, kdb_slice row, bool *ret_goes_on)
{
    struct step *step = self;
    bool is_match;
    kdb_arena_reset(&step->scratch);
    KDB_TRY(kdb_live_matches(step->load->query, &step->eval, row, &is_match));
    if (!is_match)
        return KDB_OK;
    KDB_TRY(add_row(step, row));
    end_rows(step);
    step->seen++;
    *ret_goes_on = step->seen < step->load->step_rows;
    return KDB_OK;
}

static void join_last(struct step *step)
{
    struct ws_load *load = step->load;
    size_t count = load->piece_count;
    for (size_t i = count; i > 0; i--) {
        if (step->row_count > 0)
            kdb_buf_put(&step->rows, ',');
        kdb_buf_slice(&step->rows, load->pieces[i - 1].text);
        step->row_count++;
    }
    step->last_seq = count > 0 ? load->pieces[0].last_seq : 0;
    load->piece_count = 0;
    end_rows(step);
}

static kdb_status walk(struct step *step)
{
    struct ws_load *load = step->load;
    int64_t end = kdb_changes_seq(load->changes);
    if (load->kind == LOAD_LAST) {
        const struct kdb_changes_range all = {.after = 0, .up_to = end, .is_reverse = true};
        if (load->step_rows > 0)
            KDB_TRY(kdb_changes_read(&load->exec, load->changes, &all, visit_last, step));
        join_last(step);
        step->position = end;
        return KDB_OK;
    }
    const struct kdb_changes_range range = {.after = load->after, .up_to = end};
    KDB_TRY(kdb_changes_read(&load->exec, load->changes, &range, visit, step));
    end_rows(step);
    if (!step->has_more)
        step->position = end;
    return KDB_OK;
}

// Whether everything that happened since is still known.
static kdb_status check_history(struct ws_load *load)
{
    if (load->kind != LOAD_RESUME && load->kind != LOAD_CATCH_UP)
        return KDB_OK;
    int64_t floor;
    KDB_TRY(kdb_changes_floor(&load->exec, load->changes, &floor));
    if (load->after >= floor)
        return KDB_OK;
    bool is_stream = load->query->table->kind == KDB_TABLE_STREAM;
    return kdb_fail(&load->ctx, KDB_ERR_HISTORY_GONE,
                    "%s for a time only, and what happened after _seq %lld is "
                    "no longer known: subscribe again without \"from\"",
                    is_stream ? "a stream keeps its rows" : "deleted rows are kept",
                    (long long)load->after);
}

static kdb_status run_step(struct ws_load *load)
{
    struct step step = {.load = load};
    if (!load->partition)
        return kdb_exec_open_partition(&load->exec, load->query->table, &load->partition);
    if (!load->changes)
        KDB_TRY(kdb_changes_open(&load->exec, load->query->table, load->partition, &load->changes));
    KDB_TRY(check_history(load));
    kdb_arena_init(&step.scratch, (size_t)options_of(load)->settings->limits_request_memory_bytes);
    kdb_live_eval_init(load->query, &load->ctx, &step.scratch, &step.eval);
    step.eval.must_not_wait = load->exec.tier == KDB_READ_MEMORY;
    kdb_status status = walk(&step);
    if (status == KDB_OK) {
        load->after = step.position;
        load->is_done = !step.has_more;
    }
    kdb_buf_deinit(&step.rows);
    kdb_arena_deinit(&step.scratch);
    return status;
}

static void prepare(struct ws_load *load, kdb_read_tier tier,
                    struct kdb_engine_connection **connection_slot)
{
    const struct kdb_api_options *options = options_of(load);
    kdb_ctx_reset(&load->ctx);
    load->ctx.deadline_ns =
        kdb_monotonic_ns() + options->settings->execution_handler_timeout_ms * 1000000;
    load->pieces = NULL;
    load->piece_count = 0;
    load->piece_capacity = 0;
    load->exec = (struct kdb_exec){.services = options->services,
                                   .ctx = &load->ctx,
                                   .user = load->query->user,
                                   .role = load->query->role,
                                   .actor = load->query->user,
                                   .actor_role = load->query->role,
                                   .tier = tier,
                                   .connection_slot = connection_slot,
                                   .now_us = kdb_clock_now_us(options->services->clock)};
}

// ---- between steps: the loop ----

static void step_done(struct ws_load *load, kdb_status status);
static void go_on(struct ws_load *load);

static void worker_done(struct kdb_loop_task *task, struct kdb_loop *loop)
{
    (void)loop;
    struct ws_load *load =
        (struct ws_load *)(void *)((char *)task - offsetof(struct ws_load, task));
    load->is_on_worker = false;
    if (!load->subscription)
        load_free(load);
    else
        step_done(load, load->ctx.error.status);
}

static void worker_main(void *arg, unsigned worker_index)
{
    struct ws_load *load = arg;
    prepare(load, KDB_READ_ANY, &load->api->api->workers[worker_index].connection);
    (void)run_step(load);
    load->task.run = worker_done;
    kdb_loop_post(load->api->loop, &load->task);
}

// The subscription cannot be served.
static void give_up(struct ws_load *load)
{
    struct ws_subscription *subscription = load->subscription;
    struct ws_connection *connection = subscription->connection;
    ws_send_failure(connection, subscription->id, &load->ctx.error);
    ws_subscription_end(subscription); // and the load with it
}

static void run_on_worker(struct ws_load *load)
{
    kdb_ctx_reset(&load->ctx);
    load->job.fn = worker_main;
    load->job.arg = load;
    load->is_on_worker = true;
    if (kdb_pool_submit(options_of(load)->pool, &load->job))
        return;
    load->is_on_worker = false;
    kdb_status status = kdb_fail(&load->ctx, KDB_ERR_OVERLOADED,
                                 "the server has too much work waiting, try again later");
    (void)status;
    give_up(load);
}

static void go_on_later(struct kdb_loop_task *task, struct kdb_loop *loop)
{
    (void)loop;
    struct ws_load *load =
        (struct ws_load *)(void *)((char *)task - offsetof(struct ws_load, task));
    load->is_on_worker = false;
    if (!load->subscription)
        load_free(load);
    else if (kdb_ws_is_full(load->subscription->connection->ws))
        ws_wait(load->subscription);
    else
        go_on(load);
}

// In a later turn, so that one client's rows do not keep the loop from the others.
static void yield(struct ws_load *load)
{
    load->is_on_worker = true; // the task has it
    load->task.run = go_on_later;
    kdb_loop_post(load->api->loop, &load->task);
}

static void go_on(struct ws_load *load)
{
    prepare(load, KDB_READ_MEMORY, NULL);
    kdb_status status = run_step(load);
    if (status == KDB_ERR_BLOCKED)
        run_on_worker(load);
    else
        step_done(load, status);
}

static void send_batch(struct ws_load *load, const struct piece *piece, bool has_more)
{
    struct ws_subscription *subscription = load->subscription;
    const struct ws_batch_control control = {.number = load->batch_number++,
                                             .has_more = has_more,
                                             .has_seq = piece->row_count > 0,
                                             .last_seq = piece->last_seq,
                                             .resume_from = kdb_changes_seq(load->changes)};
    if (!load->has_acknowledged && !subscription->is_array_form)
        ws_send_ack(subscription, &control);
    load->has_acknowledged = true;
    ws_send_batch(subscription, piece->text, piece->row_count, &control);
    load->sent_seq = piece->last_seq;
}

// A change before the first batch: the acknowledgement still comes first.
static void acknowledge(struct ws_load *load)
{
    struct ws_subscription *subscription = load->subscription;
    const struct ws_batch_control control = {.has_more = true};
    if (!load->has_acknowledged && load->kind != LOAD_CATCH_UP && !subscription->is_array_form)
        ws_send_ack(subscription, &control);
    load->has_acknowledged = true;
}

// Sends what the step made; whether a batch was among it.
static bool send_pieces(struct ws_load *load)
{
    bool has_batch = false;
    for (size_t i = 0; i < load->piece_count; i++) {
        const struct piece *piece = &load->pieces[i];
        bool is_last = load->is_done && i + 1 == load->piece_count;
        if (piece->is_batch) {
            send_batch(load, piece, !is_last);
            has_batch = true;
        } else {
            acknowledge(load);
            ws_send_change(load->subscription, piece->kind, piece->text);
        }
    }
    bool ends_with_batch = load->piece_count > 0 && load->pieces[load->piece_count - 1].is_batch;
    if (load->is_done && !ends_with_batch && load->kind != LOAD_CATCH_UP) {
        const struct piece empty = {.is_batch = true, .text = KDB_LIT("")};
        send_batch(load, &empty, false);
    }
    return has_batch;
}

// Everything up to the end of the read view is told: changes may flow from there.
static void finish(struct ws_load *load)
{
    struct ws_subscription *subscription = load->subscription;
    int64_t seq = kdb_changes_seq(load->changes);
    subscription->load = NULL;
    load_free(load);
    kdb_live_entry_set_status(subscription->entry, "active");
    if (!kdb_live_release(subscription->live, seq)) {
        kdb_live_entry_set_status(subscription->entry, "lagging");
        ws_load_catch_up(subscription);
    }
}

static void begin_to_listen(struct ws_load *load)
{
    struct ws_subscription *subscription = load->subscription;
    ws_subscription_listen(subscription, load->partition);
    if (ws_subscription_end_dropped(subscription)) // and the load with it
        return;
    if (load->kind != LOAD_NOTHING) {
        yield(load);
        return;
    }
    int64_t seq = kdb_committer_last_seq(options_of(load)->services->committer);
    const struct ws_batch_control control = {.has_more = false, .resume_from = seq};
    if (!subscription->is_array_form)
        ws_send_ack(subscription, &control);
    subscription->load = NULL;
    load_free(load);
    kdb_live_entry_set_status(subscription->entry, "active");
    KDB_ASSERT(kdb_live_release(subscription->live, seq)); // nothing was delivered in between
}

static void step_done(struct ws_load *load, kdb_status status)
{
    struct ws_subscription *subscription = load->subscription;
    if (status != KDB_OK) {
        give_up(load);
        return;
    }
    if (!subscription->live) {
        begin_to_listen(load);
        return;
    }
    bool has_batch = send_pieces(load);
    if (load->is_done)
        finish(load);
    else if (load->pulls && has_batch)
        load->waits_for_pull = true;
    else if (kdb_ws_is_full(subscription->connection->ws))
        ws_wait(subscription);
    else
        yield(load);
}

// ---- from outside ----

static struct ws_load *load_create(struct ws_subscription *subscription, enum load_kind kind)
{
    struct ws_load *load = kdb_alloc(sizeof(*load));
    load->subscription = subscription;
    load->api = subscription->connection->loop->api;
    load->query = kdb_live_query_ref(subscription->query);
    load->kind = kind;
    load->step_rows = KDB_LIMIT_INITIAL_BATCH_ROWS;
    kdb_ctx_init(&load->ctx, (size_t)options_of(load)->settings->limits_request_memory_bytes);
    subscription->load = load;
    return load;
}

static enum load_kind kind_of(const struct ws_subscribe_request *request)
{
    if (!request->has_options)
        return LOAD_NOTHING;
    if (request->has_from)
        return request->from > 0 ? LOAD_RESUME : LOAD_ROWS; // from 0: the client has nothing
    return request->has_last_rows ? LOAD_LAST : LOAD_ROWS;
}

void ws_load_begin(struct ws_subscription *subscription, const struct ws_subscribe_request *request)
{
    struct ws_load *load = load_create(subscription, kind_of(request));
    if (request->has_batch_size)
        load->step_rows = request->batch_size;
    if (load->kind == LOAD_LAST)
        load->step_rows = request->last_rows;
    if (load->kind == LOAD_RESUME)
        load->after = request->from;
    load->pulls = subscription->connection->by_header && request->has_batch_size;
    go_on(load);
}

void ws_load_catch_up(struct ws_subscription *subscription)
{
    struct ws_load *load = load_create(subscription, LOAD_CATCH_UP);
    load->partition = kdb_partition_ref(kdb_live_partition_of(subscription->live));
    load->after = kdb_live_position(subscription->live);
    yield(load);
}

void ws_load_next_batch(struct ws_subscription *subscription, bool has_seq, int64_t last_seq)
{
    struct ws_load *load = subscription->load;
    // A request that comes late or twice asks for what was sent already.
    if (!load || !load->waits_for_pull || (has_seq && last_seq < load->sent_seq))
        return;
    load->waits_for_pull = false;
    go_on(load);
}

void ws_load_resume(struct ws_load *load)
{
    if (!load->is_on_worker && !load->waits_for_pull)
        go_on(load);
}
