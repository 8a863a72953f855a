// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 without sockets: bytes in, requests to the handler, bytes out.
//
// One struct kdb_http1 per connection, embedded in it. It knows neither sockets nor timers: its
// owner feeds it what was read, sends what it has to say, asks when to come back and tells it what
// time it is. So tests and the fuzzer drive it with plain bytes. An idle one holds no memory but
// itself: what a request needs (a slot) and what waits to be sent (nodes) come from the loop's
// struct kdb_http1_env and go back there. Loop thread only.
//
//   IDLE --first byte--> HEAD --blank line--> BODY --whole--> ANSWERING --answered--> IDLE ...
//     ANSWERING --kdb_ws_accept--> UPGRADED: the owner goes on with `ws`
//     any other state --malformed, too large, too late, "close"--> DRAINING: last answer leaves,
//     input is thrown away
#ifndef KDB_NET_HTTP1_H
#define KDB_NET_HTTP1_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/slice.h"
#include "net/address.h"
#include "net/http.h"
#include "net/limits.h"
#include "net/ws_queue_priv.h"

struct kdb_guard;
struct kdb_http1_node;
struct kdb_http1_slot;
struct kdb_ws;

// Counts shared by the loops of one server.
struct kdb_http1_totals {
    atomic_size_t body_bytes;        // in memory, unfinished WebSocket messages included
    atomic_size_t requests_now;      // with a handler, not answered when on_request returned
    atomic_size_t websockets_now;    // accepted and not yet gone
    atomic_uint_fast64_t requests;   // given to a handler
    atomic_uint_fast64_t refused;    // answered here
    atomic_uint_fast64_t websockets; // accepted
};

// What the connections of one loop share. The first group is the owner's, the rest begins zeroed.
struct kdb_http1_env {
    const struct kdb_http_limits *limits;
    struct kdb_http_handler handler;
    struct kdb_http1_totals *totals;
    struct kdb_guard *guard;                 // NULL: no limits per address
    const struct kdb_address_range *trusted; // proxies
    size_t trusted_count;
    const struct kdb_clock *clock; // for the Date header
    struct kdb_loop *loop;         // passed on to requests; NULL in tests that have none
    bool is_tls;                   // passed on to requests
    bool is_stopping;              // every answer closes its connection
    int64_t now_ms;                // monotonic, above 0; the owner sets it before each call

    struct kdb_http1_slot *free_slots;
    struct kdb_http1_slot
        *left_slots; // answered after their connection was gone; freed at the end of the turn
    struct kdb_http1_node *free_nodes;
    size_t free_slot_count;
    size_t free_node_count;
    size_t slot_count;      // alive, free ones included
    int64_t prefix_made_ms; // when date and json_prefix were made; 0: never
    char date[40];          // "Date: ...\r\n"
    char json_prefix[160];  // head of a 200 with JSON, up to the length
    size_t date_len;
    size_t json_prefix_len;
    uint64_t requests; // given to the handler and not yet added to totals
    struct net_ws_pool ws_pool;
};

// Frees the pools. Every request must have been answered.
void kdb_http1_env_deinit(struct kdb_http1_env *env);

// Releases what is kept until the end of a turn and adds this loop's counts to the totals.
void kdb_http1_env_end_turn(struct kdb_http1_env *env);

// Whether every request was answered.
bool kdb_http1_env_is_idle(const struct kdb_http1_env *env);

enum kdb_http1_phase {
    KDB_HTTP1_IDLE,      // between requests
    KDB_HTTP1_HEAD,      // a request began
    KDB_HTTP1_BODY,      // its headers are complete
    KDB_HTTP1_ANSWERING, // the handler has it
    KDB_HTTP1_DRAINING,  // the last answer is on its way
    KDB_HTTP1_UPGRADED,  // a WebSocket took over; earlier answers may still be on their way
};

// Owner: loop.
struct kdb_http1 {
    struct kdb_http1_env *env;
    struct kdb_http1_slot *slot; // the request being read or answered; NULL when idle
    struct kdb_ws *ws;           // takes over, or has (UPGRADED); the owner's from then on
    struct kdb_http1_node *out_first;
    struct kdb_http1_node *out_last;
    size_t out_bytes; // waiting to be sent
    struct kdb_buf
        held; // input that waits for the request before it; memory only while it holds something
    size_t held_at; // how much of it is used
    void (*wake)(
        void *); // an answer came outside of the calls below: call kdb_http1_advance in this turn
    void *wake_arg;
    int64_t since_ms;  // when the phase began
    uint64_t serial;   // of the connection
    uint64_t answered; // requests
    struct kdb_address peer;
    enum kdb_http1_phase phase;
    bool is_in_handler; // on_request is running
    bool has_answer;    // the request was answered
    bool must_close;    // after this answer
    bool has_eof;       // the peer sends nothing more
};

// Begins in IDLE. The env and `wake_arg` outlive it.
void kdb_http1_init(struct kdb_http1 *http, struct kdb_http1_env *env, uint64_t serial,
                    const struct kdb_address *peer, void (*wake)(void *), void *wake_arg);

// The connection is gone: an unanswered request gets on_close, output is dropped.
void kdb_http1_deinit(struct kdb_http1 *http);

// Bytes from the peer, all of them; what cannot be used yet is kept. Requests completed by them are
// handled before it returns. Do not feed while kdb_http1_wants_input is false (a little more is
// tolerated).
void kdb_http1_feed(struct kdb_http1 *http, const char *data, size_t len);

// The peer has sent its last byte. What it asked for is still answered.
void kdb_http1_feed_eof(struct kdb_http1 *http);

// Goes on after `wake`, or after output was sent: the next held request is handled.
void kdb_http1_advance(struct kdb_http1 *http);

// Once UPGRADED: what came in behind the handshake and was not read, with its memory; empty when
// there is nothing (any more).
struct kdb_buf kdb_http1_take_held(struct kdb_http1 *http);

// False while enough is held, or while so much output waits that reading on would only pile up
// more.
bool kdb_http1_wants_input(const struct kdb_http1 *http);

// The output waiting, in at most `max` pieces; they stay where they are until reported as sent.
size_t kdb_http1_output(struct kdb_http1 *http, kdb_slice *pieces, size_t max);

// The first `len` bytes of the output were sent.
void kdb_http1_sent(struct kdb_http1 *http, size_t len);

static inline size_t kdb_http1_output_bytes(const struct kdb_http1 *http)
{
    return http->out_bytes;
}

// Nothing more will be said once the output is sent: send it, end the sending side, wait for the
// peer's end.
static inline bool kdb_http1_is_draining(const struct kdb_http1 *http)
{
    return http->phase == KDB_HTTP1_DRAINING;
}

// When kdb_http1_expire is due, in the clock of env->now_ms; 0: never.
int64_t kdb_http1_deadline_ms(const struct kdb_http1 *http);

// The deadline has passed: answers 408 to a begun request. True when the connection must be closed
// at once.
bool kdb_http1_expire(struct kdb_http1 *http);

// Refuses a new connection before anything was read.
enum kdb_http1_refusal { KDB_HTTP1_OVERLOADED, KDB_HTTP1_TOO_MANY_CONNECTIONS };
void kdb_http1_refuse(struct kdb_http1 *http, enum kdb_http1_refusal refusal);

// The server stops: an idle connection begins to drain, a busy one does after its answer.
void kdb_http1_stop(struct kdb_http1 *http);

#endif
