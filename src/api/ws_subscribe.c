// SPDX-License-Identifier: Apache-2.0
// Subscriptions: asked for, fed by the loop's live part, ended.
#include <stdio.h>

#include "api/ws_priv.h"
#include "base/alloc.h"
#include "base/assert.h"
#include "conf/limits.h"

// Bytes of a subscription's id.
#define ID_BYTES_MAX 256

// ---- from live ----

static bool take_event(void *self, struct kdb_live_event *event)
{
    struct ws_subscription *subscription = self;
    struct kdb_ws *ws = subscription->connection->ws;
    if (!ws || kdb_ws_is_full(ws))
        return false;
    ws_send_event(subscription, event);
    return true;
}

static void lags(void *self)
{
    struct ws_subscription *subscription = self;
    kdb_live_entry_set_status(subscription->entry, "lagging");
    if (kdb_ws_is_full(subscription->connection->ws))
        ws_wait(subscription);
    else
        ws_load_catch_up(subscription); // the loop did not keep up, not the client
}

static void failed(void *self, const struct kdb_error *error)
{
    struct ws_subscription *subscription = self;
    subscription->has_failed = true; // ended by the loop's next round
    ws_send_failure(subscription->connection, subscription->id, error);
}

static const struct kdb_live_sink_ops sink_ops = {take_event, lags, failed};

// ---- ending ----

static void forget_waiting(struct ws_subscription *subscription)
{
    struct ws_subscription **link = &subscription->connection->waiting;
    while (*link && *link != subscription)
        link = &(*link)->next_waiting;
    if (*link)
        *link = subscription->next_waiting;
}

void ws_subscription_end(struct ws_subscription *subscription)
{
    struct ws_connection *connection = subscription->connection;
    if (subscription->is_waiting)
        forget_waiting(subscription);
    if (subscription->load)
        ws_load_abandon(subscription->load);
    KDB_ASSERT(kdb_map_remove(&connection->subscriptions, subscription->id) == subscription);
    kdb_live_directory_remove(connection->loop->api->api->options.directory, subscription->entry);
    kdb_live_unsubscribe(subscription->live);
    kdb_live_query_unref(subscription->query);
    kdb_free((void *)(uintptr_t)subscription->id.data);
    kdb_free((void *)(uintptr_t)subscription->change.data);
    kdb_free(subscription);
}

bool ws_subscription_end_dropped(struct ws_subscription *subscription)
{
    if (!subscription->live || !atomic_load(&kdb_live_partition_of(subscription->live)->is_dropped))
        return false;
    struct kdb_ctx *ctx = &subscription->connection->loop->ctx;
    const struct kdb_table *table = subscription->query->table;
    kdb_ctx_clear_error(ctx);
    kdb_status status = kdb_fail(ctx, KDB_ERR_TABLE_NOT_FOUND, "table %.*s.%.*s was dropped",
                                 KDB_ARG(table->space), KDB_ARG(table->name));
    (void)status;
    ws_send_failure(subscription->connection, subscription->id, &ctx->error);
    ws_subscription_end(subscription);
    return true;
}

void ws_unsubscribe(struct ws_connection *connection, kdb_slice id)
{
    struct ws_subscription *subscription = kdb_map_get(&connection->subscriptions, id);
    if (subscription)
        ws_subscription_end(subscription);
}

void ws_subscription_resume(struct ws_subscription *subscription)
{
    if (subscription->has_failed)
        return;
    if (subscription->load)
        ws_load_resume(subscription->load);
    else if (subscription->live && kdb_live_is_lagging(subscription->live))
        ws_load_catch_up(subscription);
}

// ---- asking ----

static kdb_status check_id(struct ws_connection *connection, kdb_slice id)
{
    if (kdb_slice_trim(id).len > 0 && id.len <= ID_BYTES_MAX)
        return KDB_OK;
    return kdb_fail(&connection->loop->ctx, KDB_ERR_INVALID_INPUT,
                    "a subscription id has 1 to %d bytes and is not blank", ID_BYTES_MAX);
}

// A client's mistakes about the options. False: it was told.
static bool check_options(struct ws_connection *connection,
                          const struct ws_subscribe_request *request)
{
    uint64_t batch_size =
        request->has_batch_size ? request->batch_size : KDB_LIMIT_INITIAL_BATCH_ROWS;
    if (request->has_from || !request->has_last_rows || request->last_rows <= batch_size)
        return true;
    char text[160];
    (void)snprintf(text, sizeof(text),
                   "last_rows (%llu) cannot exceed batch_size (%llu); ask for a larger batch_size",
                   (unsigned long long)request->last_rows, (unsigned long long)batch_size);
    ws_send_error(connection, request->id, "UNSUPPORTED", text);
    return false;
}

static kdb_slice options_text(const struct ws_subscribe_request *request, struct kdb_arena *arena)
{
    struct kdb_buf text = {0};
    if (!request->has_options)
        return (kdb_slice){0};
    kdb_buf_put(&text, '{');
    if (request->has_batch_size)
        kdb_buf_printf(&text, "\"batch_size\":%u", request->batch_size);
    if (request->has_last_rows)
        kdb_buf_printf(&text, "%s\"last_rows\":%llu", text.len > 1 ? "," : "",
                       (unsigned long long)request->last_rows);
    if (request->has_from)
        kdb_buf_printf(&text, "%s\"from\":%lld", text.len > 1 ? "," : "", (long long)request->from);
    kdb_buf_put(&text, '}');
    kdb_slice copy = kdb_arena_copy(arena, kdb_buf_view(&text));
    kdb_buf_deinit(&text);
    return copy;
}

static struct kdb_live_entry *enter(struct ws_connection *connection,
                                    const struct ws_subscribe_request *request,
                                    const struct kdb_live_query *query)
{
    const struct kdb_api_options *options = &connection->loop->api->api->options;
    int64_t now_us = kdb_clock_now_us(options->services->clock);
    const struct kdb_live_info info = {.connection_id = kdb_slice_cstr(connection->id),
                                       .subscription_id = request->id,
                                       .space = query->table->space,
                                       .table = query->table->name,
                                       .user = connection->user,
                                       .query = query->sql,
                                       .options =
                                           options_text(request, &connection->loop->ctx.arena),
                                       .created_at_us = now_us,
                                       .last_ping_at_us = now_us};
    return kdb_live_directory_add(options->directory, &info,
                                  (size_t)options->settings->rate_limit_max_subscriptions_per_user);
}

static bool has_room(struct ws_connection *connection, kdb_slice id)
{
    const struct kdb_settings *settings = connection->loop->api->api->options.settings;
    size_t max = (size_t)settings->websocket_max_subscriptions_per_connection;
    if (connection->subscriptions.count < max)
        return true;
    char text[96];
    (void)snprintf(text, sizeof(text), "Maximum subscriptions (%zu) per connection exceeded", max);
    ws_send_error(connection, id, "UNSUPPORTED", text);
    return false;
}

static kdb_status make_query(struct ws_connection *connection, kdb_slice sql,
                             struct kdb_live_query **ret)
{
    struct kdb_api_loop *api = connection->loop->api;
    const struct kdb_exec_services *services = api->api->options.services;
    const struct kdb_live_request request = {.sql = sql,
                                             .catalog = api_snapshot(api),
                                             .user = connection->user,
                                             .role = connection->role,
                                             .terms_max = services->terms_max,
                                             .depth_max = services->depth_max,
                                             .plans = api->plans};
    return kdb_live_query_make(&request, &connection->loop->ctx, ret);
}

static void add(struct ws_connection *connection, const struct ws_subscribe_request *request,
                struct kdb_live_query *query)
{
    struct kdb_live_entry *entry = enter(connection, request, query);
    if (!entry) {
        ws_send_error(connection, request->id, "SUBSCRIPTION_LIMIT_EXCEEDED",
                      "The user has as many subscriptions as rate_limit.max_subscriptions_per_user "
                      "allows");
        return;
    }
    struct ws_subscription *subscription = kdb_alloc(sizeof(*subscription));
    subscription->connection = connection;
    subscription->id =
        kdb_slice_of(kdb_alloc_text(request->id.data, request->id.len), request->id.len);
    subscription->is_array_form = request->is_array_form;
    subscription->change = ws_change_head(request->id, request->is_array_form);
    subscription->query = kdb_live_query_ref(query);
    subscription->entry = entry;
    KDB_ASSERT(!kdb_map_set(&connection->subscriptions, subscription->id, subscription));
    ws_load_begin(subscription, request);
}

void ws_subscribe(struct ws_connection *connection, const struct ws_subscribe_request *request)
{
    struct kdb_ctx *ctx = &connection->loop->ctx;
    struct kdb_live_query *query = NULL;
    kdb_ctx_clear_error(ctx);
    if (check_id(connection, request->id) != KDB_OK) {
        ws_send_error(connection, KDB_LIT("invalid_subscription"), "INVALID_SUBSCRIPTION_ID",
                      ctx->error.message);
        return;
    }
    ws_unsubscribe(connection, request->id); // one in use is replaced
    if (!has_room(connection, request->id) || !check_options(connection, request))
        return;
    if (make_query(connection, request->sql, &query) != KDB_OK) {
        ws_send_failure(connection, request->id, &ctx->error);
        return;
    }
    add(connection, request, query);
    kdb_live_query_unref(query);
}

void ws_subscription_listen(struct ws_subscription *subscription, struct kdb_partition *partition)
{
    struct ws_connection *connection = subscription->connection;
    subscription->live = kdb_live_subscribe(connection->loop->live, subscription->query, partition,
                                            &sink_ops, subscription);
    kdb_live_entry_watch(connection->loop->api->api->options.directory, subscription->entry,
                         kdb_live_counters_of(subscription->live),
                         kdb_live_index_column(subscription->query));
}
