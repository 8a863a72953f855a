// SPDX-License-Identifier: Apache-2.0
// What WebSocket clients say: JSON to a struct, nothing else (contract: WebSocket, client
// messages).
//
// Pure; everything points into the text or the ctx arena.
#ifndef KDB_API_WS_MESSAGE_PRIV_H
#define KDB_API_WS_MESSAGE_PRIV_H

#include "base/ctx.h"

typedef enum {
    WS_AUTHENTICATE,
    WS_SUBSCRIBE,
    WS_NEXT_BATCH,
    WS_UNSUBSCRIBE,
    WS_PING
} ws_message_kind;

struct ws_subscribe_request {
    kdb_slice id;
    kdb_slice sql;
    bool is_array_form; // of "subscriptions":[…], with query_id
    bool has_options;   // an object, even an empty one: initial rows are wanted
    bool has_batch_size, has_last_rows, has_from;
    uint32_t batch_size;
    uint64_t last_rows;
    int64_t from;
};

struct ws_message {
    ws_message_kind kind;
    // AUTHENTICATE
    kdb_slice token;
    bool is_packed;     // protocol.serialization is "msgpack"
    bool is_compressed; // protocol.compression is not "none"
    // SUBSCRIBE
    struct ws_subscribe_request *requests;
    size_t request_count;
    // NEXT_BATCH, UNSUBSCRIBE
    kdb_slice subscription_id;
    bool has_last_seq;
    int64_t last_seq;
};

// Reads one message. INVALID_INPUT says what was expected where.
KDB_NODISCARD kdb_status ws_message_read(struct kdb_ctx *ctx, kdb_slice text, size_t size_max,
                                         struct ws_message *ret_message);

#endif
