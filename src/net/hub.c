// SPDX-License-Identifier: Apache-2.0
// Deadlines, flushing and the end of a loop's connections.
#include "net/hub_priv.h"

#include "base/assert.h"

// WebSockets written to in one turn: half a millisecond of system calls. A message for thousands
// keeps neither requests nor the next message waiting until the last of them has it.
enum { speaking_per_turn = 64 };

static void on_wheel_timer(uv_timer_t *timer)
{
    struct net_hub *hub = timer->data;
    int64_t now_ms = hub->env.now_ms = kdb_loop_now_ms(hub->loop);
    hub->wheel_timer_ms = 0;
    struct net_wheel_entry *entry;
    while ((entry = net_wheel_take_due(&hub->wheel, now_ms)) != NULL)
        net_connection_expire(entry);
    int64_t wait_ms = net_wheel_wait_ms(&hub->wheel, now_ms);
    if (wait_ms < 0)
        return;
    hub->wheel_timer_ms = now_ms + wait_ms;
    (void)uv_timer_start(&hub->wheel_timer, on_wheel_timer, (uint64_t)wait_ms, 0);
}

void net_hub_schedule(struct net_hub *hub, struct net_wheel_entry *entry, int64_t due_ms)
{
    net_wheel_put(&hub->wheel, entry, due_ms);
    if (hub->wheel_timer_ms != 0 && hub->wheel_timer_ms <= due_ms)
        return;
    int64_t now_ms = kdb_loop_now_ms(hub->loop);
    int64_t wait_ms = due_ms > now_ms ? due_ms - now_ms : 0;
    hub->wheel_timer_ms = now_ms + wait_ms;
    (void)uv_timer_start(&hub->wheel_timer, on_wheel_timer, (uint64_t)wait_ms, 0);
}

// One round over those that were there when it began: what drains meanwhile has the next turn.
static void on_next_turn(uv_idle_t *idle)
{
    struct net_hub *hub = idle->data;
    hub->env.now_ms = kdb_loop_now_ms(hub->loop);
    (void)uv_idle_stop(idle);
    struct net_connection *connection;
    for (size_t left = hub->drained.count; left > 0; left--) {
        if (!(connection = net_connection_take_drained(&hub->drained)))
            break;
        net_connection_send_on(connection);
    }
}

void net_hub_await_next_turn(struct net_hub *hub)
{
    KDB_ASSERT(uv_idle_start(&hub->next_turn, on_next_turn) == 0);
}

static size_t may_speak(const struct net_hub *hub)
{
    return hub->speaking_turn == net_loop_turn(hub->loop) ? hub->may_speak : speaking_per_turn;
}

void net_hub_let_speak(struct net_hub *hub, struct net_line_link *flushing)
{
    net_line_join(&hub->speaking, flushing);
    if (may_speak(hub) == 0) // has_work is silent until the next turn
        net_hub_await_next_turn(hub);
}

static bool has_work(const struct net_flusher *flusher)
{
    const struct net_hub *hub =
        (const void *)((const char *)flusher - offsetof(struct net_hub, flusher));
    return (hub->speaking.first && may_speak(hub) > 0) || hub->dirty.first ||
           hub->env.left_slots != NULL || hub->env.requests != 0;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct net_hub *hub = handle->data;
    if (--hub->open_handles > 0)
        return;
    kdb_http1_env_deinit(&hub->env);
    hub->gone(hub->arg);
}

// The last request may be answered long after its connection is gone.
static void close_when_idle(struct net_hub *hub)
{
    if (!hub->is_closing || !hub->is_open || !kdb_http1_env_is_idle(&hub->env))
        return;
    hub->is_open = false;
    net_loop_remove_flusher(hub->loop, &hub->flusher);
    uv_close((uv_handle_t *)&hub->wheel_timer, on_handle_closed);
    uv_close((uv_handle_t *)&hub->next_turn, on_handle_closed);
}

static void flush_speaking(struct net_hub *hub)
{
    hub->may_speak = may_speak(hub);
    hub->speaking_turn = net_loop_turn(hub->loop);
    struct net_connection *connection;
    while (hub->may_speak > 0 && (connection = net_connection_take(&hub->speaking)) != NULL) {
        hub->may_speak--;
        net_connection_flush(connection);
    }
    if (hub->speaking.first)
        net_hub_await_next_turn(hub);
}

static void flush(struct net_flusher *flusher)
{
    struct net_hub *hub = (void *)((char *)flusher - offsetof(struct net_hub, flusher));
    hub->env.now_ms = kdb_loop_now_ms(hub->loop);
    struct net_connection *connection;
    while ((connection = net_connection_take(&hub->dirty)) != NULL)
        net_connection_flush(connection);
    flush_speaking(hub);
    kdb_http1_env_end_turn(&hub->env);
    close_when_idle(hub);
}

void net_hub_open(struct net_hub *hub)
{
    KDB_ASSERT(!hub->is_open);
    hub->env.now_ms = kdb_loop_now_ms(hub->loop);
    net_wheel_init(&hub->wheel, hub->env.now_ms);
    KDB_ASSERT(uv_timer_init(net_loop_uv(hub->loop), &hub->wheel_timer) == 0);
    KDB_ASSERT(uv_idle_init(net_loop_uv(hub->loop), &hub->next_turn) == 0);
    hub->wheel_timer.data = hub;
    hub->next_turn.data = hub;
    hub->open_handles = 2;
    hub->flusher = (struct net_flusher){.has_work = has_work, .flush = flush};
    net_loop_add_flusher(hub->loop, &hub->flusher);
    hub->is_open = true;
}

void net_hub_close(struct net_hub *hub)
{
    KDB_ASSERT(atomic_load(&hub->count) == 0);
    hub->is_closing = true;
    close_when_idle(hub);
}

void net_hub_drain(struct net_hub *hub)
{
    hub->env.is_stopping = true;
    hub->env.now_ms = kdb_loop_now_ms(hub->loop);
    struct net_connection *next;
    for (struct net_connection *at = hub->connections; at; at = next) {
        next = net_connection_next(at);
        net_connection_drain(at);
    }
}

void net_hub_cut(struct net_hub *hub)
{
    hub->env.is_stopping = true;
    hub->env.now_ms = kdb_loop_now_ms(hub->loop);
    struct net_connection *next;
    for (struct net_connection *at = hub->connections; at; at = next) {
        next = net_connection_next(at);
        net_connection_close(at);
    }
}
