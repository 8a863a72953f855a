// SPDX-License-Identifier: Apache-2.0
// What the files of the WebSocket protocol share: connections and their subscriptions.
//
// Everything belongs to the loop of its connection but for a load's step, which may run on a
// worker: it sees the load alone.
#ifndef KDB_API_WS_PRIV_H
#define KDB_API_WS_PRIV_H

#include "api/api_priv.h"
#include "api/ws_message_priv.h"
#include "base/map.h"
#include "exec/changes.h"
#include "live/directory.h"
#include "live/live.h"
#include "net/ws.h"

// The live part of one event loop.
struct ws_loop {
    struct kdb_api_loop *api;
    struct kdb_live_loop *live;
    struct kdb_loop_task wake;         // posted when changes wait
    struct kdb_timer *timer;           // looks after the connections
    struct ws_connection *connections; // linked
    struct kdb_ctx ctx;                // of the message that is being handled
    uint64_t catalog_version;          // as of which the connections' users were looked up
    struct kdb_buf text;               // scratch: a message being built
};

struct ws_connection {
    struct ws_connection *next, *previous;
    struct ws_loop *loop;
    struct kdb_ws *ws; // NULL: it has ended
    char id[KDB_UUID_TEXT + 1];
    struct kdb_address client;
    bool is_authenticated;
    bool by_header;    // the token came with the handshake
    bool is_packed;    // MessagePack instead of JSON
    bool may_compress; // large initial batches
    kdb_slice user;    // owned
    kdb_role role;
    double message_tokens; // rate_limit.max_messages_per_sec
    int64_t message_at_ns;
    struct kdb_map subscriptions;    // ws_subscription by id
    struct ws_subscription *waiting; // something to send once the client takes bytes
};

struct ws_subscription {
    struct ws_connection *connection;
    kdb_slice id;       // owned
    kdb_slice change;   // owned: how its change messages begin, up to the kind
    bool is_array_form; // asked for as "subscriptions": the other names of the same things
    struct kdb_live_query *query;       // referenced
    struct kdb_live_subscription *live; // NULL: its partition is being looked up
    struct kdb_live_entry *entry;       // its row of system.live
    struct ws_load *load;               // initial rows or a catch-up on their way; NULL: none
    struct ws_subscription *next_waiting;
    bool is_waiting;
    bool has_failed;
};

// ---- ws_handler.c: a connection's life ----
void ws_open(struct kdb_api_loop *loop, struct kdb_http_request *request);
// Closes with a reason; the rest follows from that.
void ws_end(struct ws_connection *connection, unsigned code, const char *reason);
// The subscription has something to send: when the client takes bytes, or in this turn.
void ws_wait(struct ws_subscription *subscription);

// ---- ws_loop.c ----
struct ws_loop *ws_loop_create(struct kdb_api_loop *api);
void ws_loop_destroy(struct ws_loop *loop); // accepts NULL

// ---- ws_auth.c ----
// Signs in with the token of the handshake or of an authenticate message; answers either way.
void ws_sign_in(struct ws_connection *connection, kdb_slice token);
// The user still exists and has the role of the token.
bool ws_is_valid(const struct ws_connection *connection);

// ---- ws_reply.c: messages to the client ----
// A message as it is: always JSON text.
void ws_send_text(struct ws_connection *connection, kdb_slice json);
// A message in the form that was agreed; initial batches may be compressed.
void ws_send(struct ws_connection *connection, kdb_slice json, bool may_compress);
void ws_send_error(struct ws_connection *connection, kdb_slice id, const char *code,
                   const char *message);
// The error recorded in ctx, in the words of the WebSocket protocol.
void ws_send_failure(struct ws_connection *connection, kdb_slice id, const struct kdb_error *error);
// "{"type":"change",…,"change_type":" of a subscription, owned by the caller.
kdb_slice ws_change_head(kdb_slice id, bool is_array_form);
void ws_send_event(struct ws_subscription *subscription, struct kdb_live_event *event);
// The same for bytes that nobody shares.
void ws_send_change(struct ws_subscription *subscription, kdb_live_kind kind, kdb_slice body);

struct ws_batch_control {
    uint32_t number;
    bool has_more;
    bool has_seq;
    int64_t last_seq;
    int64_t resume_from; // without more to come: up to here everything is told
};
void ws_send_ack(struct ws_subscription *subscription, const struct ws_batch_control *control);
// `rows` is the inside of the array.
void ws_send_batch(struct ws_subscription *subscription, kdb_slice rows, uint64_t row_count,
                   const struct ws_batch_control *control);

// ---- ws_subscribe.c ----
void ws_subscribe(struct ws_connection *connection, const struct ws_subscribe_request *request);
void ws_unsubscribe(struct ws_connection *connection, kdb_slice id);
// Its partition is known: changes are kept for it from now on.
void ws_subscription_listen(struct ws_subscription *subscription, struct kdb_partition *partition);
// Ends one whose table was dropped meanwhile and tells the client; whether it did.
bool ws_subscription_end_dropped(struct ws_subscription *subscription);
// Ends one: nothing more is sent for it.
void ws_subscription_end(struct ws_subscription *subscription);
// Goes on after the client took bytes.
void ws_subscription_resume(struct ws_subscription *subscription);

// ---- ws_load.c ----
// Begins to send what the request asks for; the subscription is released when that is done.
void ws_load_begin(struct ws_subscription *subscription,
                   const struct ws_subscribe_request *request);
// Begins to send the state after the last _seq the client was told.
void ws_load_catch_up(struct ws_subscription *subscription);
void ws_load_next_batch(struct ws_subscription *subscription, bool has_seq, int64_t last_seq);
void ws_load_resume(struct ws_load *load);
// The subscription ends: a step on a worker finds nobody left.
void ws_load_abandon(struct ws_load *load);

#endif
