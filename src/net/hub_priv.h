// SPDX-License-Identifier: Apache-2.0
// The connections of one listener on one loop.
//
// The listener makes one hub per loop and then only posts tasks to it; the counters are atomic
// because the accepting loop chooses the hub with the fewest connections. Everything else belongs
// to the loop's thread.
#ifndef KDB_NET_HUB_PRIV_H
#define KDB_NET_HUB_PRIV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "net/http1.h"
#include "net/line_priv.h"
#include "net/loop_priv.h"
#include "net/tls_priv.h"
#include "net/wheel_priv.h"

struct net_connection;

enum net_admission { NET_ADMIT, NET_REFUSE_OVERLOADED };

struct net_hub {
    struct kdb_http1_env env;
    struct kdb_loop *loop;
    struct kdb_tls *tls; // NULL: plain
    struct net_flusher flusher;
    struct net_connection *connections; // all, newest first
    struct net_line dirty; // answered outside of their own calls, to be flushed this turn
    // WebSockets that were given frames outside of their own calls: so many are flushed in a turn.
    // What comes meanwhile for those behind leaves with the same write.
    struct net_line speaking;
    uint64_t speaking_turn;  // of the loop, in which
    size_t may_speak;        // so many may still be flushed
    struct net_line drained; // may send on, from the next turn
    uv_idle_t next_turn; // runs while there are speaking or drained ones: the loop does not sleep
    int open_handles;
    struct net_wheel wheel; // deadlines
    uv_timer_t wheel_timer;
    int64_t wheel_timer_ms; // when it fires, 0: it does not
    atomic_size_t count;    // connections, those on their way here included
    bool is_open;           // timer and flusher are there
    bool is_closing;        // goes away as soon as every request is answered
    // Called on the loop's thread: a connection is gone; nothing of the hub is left on the loop
    // (its last call).
    void (*changed)(void *arg);
    void (*gone)(void *arg);
    void *arg;
};

// On the loop's thread: begins to work. The owner filled env's first group, loop, tls and the
// callbacks.
void net_hub_open(struct net_hub *hub);

// On the loop's thread, when it has no connections: closes as soon as the last request is answered.
void net_hub_close(struct net_hub *hub);

// On the loop's thread: every answer closes its connection from now on, idle connections are
// closed.
void net_hub_drain(struct net_hub *hub);

// On the loop's thread: closes every connection at once.
void net_hub_cut(struct net_hub *hub);

// On the loop's thread: takes over an accepted socket, which was counted in `count`. Closes it if
// that fails.
void net_connection_open(struct net_hub *hub, int fd, uint64_t serial,
                         const struct kdb_address *peer, enum net_admission admission);

// On the loop's thread, for the hub.
void net_connection_flush(struct net_connection *connection);
void net_connection_expire(struct net_wheel_entry *entry);
void net_connection_drain(struct net_connection *connection);
void net_connection_close(struct net_connection *connection);
struct net_connection *net_connection_next(const struct net_connection *connection);
void net_connection_send_on(struct net_connection *connection);
// The first of hub->dirty or hub->speaking, and of hub->drained, which leaves. NULL: nobody waits.
struct net_connection *net_connection_take(struct net_line *line);
struct net_connection *net_connection_take_drained(struct net_line *line);

// On the loop's thread: a WebSocket was given frames. They leave in this turn, or in the next when
// as many as a turn allows have spoken.
void net_hub_let_speak(struct net_hub *hub, struct net_line_link *flushing);

// On the loop's thread: there is more to do, in the next turn.
void net_hub_await_next_turn(struct net_hub *hub);

// On the loop's thread: an entry of the wheel is due then, or as soon as the clock allows.
void net_hub_schedule(struct net_hub *hub, struct net_wheel_entry *entry, int64_t due_ms);

#endif
