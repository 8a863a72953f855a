// SPDX-License-Identifier: Apache-2.0
// A WebSocket without sockets: bytes in, messages to the handler, bytes out.
//
// As struct kdb_http1 it is driven by its connection, which feeds it what was read, sends what it
// has to say, asks when to come back and sets env->now_ms before each call; tests drive it with
// plain bytes. Made by kdb_ws_accept while the request is answered; the connection takes it over
// when the HTTP side has come to that point, and frees it. Loop thread only.
//
//   OPEN --kdb_ws_close, silence, stop--> CLOSING --the peer's close frame--> DRAINING
//   OPEN --the peer's close frame, a broken rule, its end--> DRAINING: the output leaves, input is
//   thrown away
#ifndef KDB_NET_WS_PRIV_H
#define KDB_NET_WS_PRIV_H

#include "net/http1.h"
#include "net/ws.h"
#include "net/ws_queue_priv.h"

enum net_ws_state { NET_WS_OPEN, NET_WS_CLOSING, NET_WS_DRAINING };

// Owner: loop.
struct kdb_ws {
    struct kdb_http1_env *env;
    const struct kdb_ws_handler *handler;
    void *self;           // the handler's
    void (*wake)(void *); // look at the connection in this turn
    void *wake_arg;
    struct net_ws_queue queue;
    struct kdb_ws_reader reader;
    struct kdb_buf held;      // input that waits; memory only while it holds something
    size_t held_at;           // how much of it is used
    size_t charged_bytes;     // of totals->body_bytes
    size_t pong_bytes;        // queued since the queue was empty
    int64_t heard_ms;         // when something last came
    int64_t since_ms;         // when the state began
    int64_t timer_ms;         // the layer's, 0: none
    const char *close_reason; // net's, NULL: none
    unsigned close_code;      // what on_close will be told
    enum net_ws_state state;
    bool is_paused; // by the layer
    bool is_told;   // on_close was called
    bool was_full;  // on_drain is owed
};

// Open, with the answer to the handshake already queued.
struct kdb_ws *net_ws_create(struct kdb_http1 *http, const struct kdb_ws_handler *handler,
                             void *self, kdb_slice answer);

// Tells the handler if that was not done: the connection is gone.
void net_ws_detach(struct kdb_ws *ws);

// Frees it; after net_ws_detach.
void net_ws_destroy(struct kdb_ws *ws);

// Bytes from the peer, all of them; written to. What cannot be used yet is kept.
void net_ws_feed(struct kdb_ws *ws, char *data, size_t len);

// The peer has sent its last byte.
void net_ws_feed_eof(struct kdb_ws *ws);

// Goes on with held input and tells the handler what there is to tell.
void net_ws_advance(struct kdb_ws *ws);

// False while input is held up.
bool net_ws_wants_input(const struct kdb_ws *ws);

// The first `len` bytes of the queue were sent. True when on_drain is owed from now on.
bool net_ws_sent(struct kdb_ws *ws, size_t len);

// Calls on_drain, unless the queue is full again; in a turn after net_ws_sent said so.
void net_ws_drained(struct kdb_ws *ws);

// Whether nothing more will be said once the queue is sent.
static inline bool net_ws_is_draining(const struct kdb_ws *ws)
{
    return ws->state == NET_WS_DRAINING;
}

// When net_ws_expire is due, in the clock of env->now_ms; 0: never. The layer's timer is apart.
int64_t net_ws_deadline_ms(const struct kdb_ws *ws);

// The deadline has passed. True when the connection must be closed at once.
bool net_ws_expire(struct kdb_ws *ws);

// Calls on_timer if its time has come.
void net_ws_fire_timer(struct kdb_ws *ws);

// The server stops.
void net_ws_stop(struct kdb_ws *ws);

#endif
