// SPDX-License-Identifier: Apache-2.0
// The live part of an event loop: takes committed changes, and looks after its connections.
#include "api/ws_priv.h"
#include "base/alloc.h"

// How often connections are looked after: whether their users still are who they were and their
// tables still there, and whether somebody ended a subscription. Half a second keeps the promise of
// one.
#define LOOK_AFTER_MS 500

// Memory of one client message while it is handled.
#define MESSAGE_MEMORY ((size_t)64 * 1024 * 1024)

static void take(struct kdb_loop_task *task, struct kdb_loop *loop)
{
    (void)loop;
    struct ws_loop *ws = (struct ws_loop *)(void *)((char *)task - offsetof(struct ws_loop, wake));
    kdb_live_deliver(ws->live);
}

// On the committer's thread.
static void wake(void *arg)
{
    struct ws_loop *ws = arg;
    kdb_loop_post(ws->api->loop, &ws->wake);
}

static void end_killed(struct ws_connection *connection)
{
    size_t cursor = 0;
    void *found;
    while (kdb_map_next(&connection->subscriptions, &cursor, NULL, &found)) {
        struct ws_subscription *subscription = found;
        bool is_killed = kdb_live_entry_is_killed(subscription->entry);
        if (!is_killed && !subscription->has_failed)
            continue;
        if (is_killed)
            ws_send_error(connection, subscription->id, "KILLED",
                          "The live query was ended by KILL LIVE QUERY");
        ws_subscription_end(subscription);
        cursor = 0; // the map has changed
    }
}

// A table with subscriptions is not dropped, but who came while it was being dropped is here.
static void end_dropped(struct ws_connection *connection)
{
    size_t cursor = 0;
    void *found;
    while (kdb_map_next(&connection->subscriptions, &cursor, NULL, &found)) {
        if (ws_subscription_end_dropped(found))
            cursor = 0; // the map has changed
    }
}

static void look_after(void *arg)
{
    struct ws_loop *ws = arg;
    uint64_t version = api_snapshot(ws->api)->version;
    bool has_changed = version != ws->catalog_version;
    ws->catalog_version = version;
    for (struct ws_connection *at = ws->connections; at; at = at->next) {
        if (has_changed && at->is_authenticated && !ws_is_valid(at))
            ws_end(at, KDB_WS_POLICY, "The user was removed or has another role now");
        if (has_changed)
            end_dropped(at);
        end_killed(at);
    }
}

struct ws_loop *ws_loop_create(struct kdb_api_loop *api)
{
    struct ws_loop *ws = kdb_alloc(sizeof(*ws));
    const struct kdb_live_loop_options options = {
        .feed = api->api->options.feed,
        .wake = wake,
        .wake_arg = ws,
        .held_bytes_max = (size_t)api->api->options.settings->websocket_held_bytes,
        .row_memory_max = (size_t)api->api->options.settings->limits_request_memory_bytes};
    ws->api = api;
    ws->wake.run = take;
    kdb_ctx_init(&ws->ctx, MESSAGE_MEMORY);
    ws->live = kdb_live_loop_create(&options);
    ws->timer = kdb_timer_open(api->loop, look_after, ws);
    kdb_timer_start(ws->timer, LOOK_AFTER_MS, LOOK_AFTER_MS);
    return ws;
}

void ws_loop_destroy(struct ws_loop *ws)
{
    if (!ws)
        return;
    kdb_timer_close(ws->timer);
    kdb_live_loop_destroy(ws->live);
    kdb_buf_deinit(&ws->text);
    kdb_ctx_deinit(&ws->ctx);
    kdb_free(ws);
}
