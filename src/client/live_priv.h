// SPDX-License-Identifier: Apache-2.0
// The body of a live connection, and the proof that the other side is a WebSocket server.
#ifndef KDB_CLIENT_LIVE_PRIV_H
#define KDB_CLIENT_LIVE_PRIV_H

#include "base/arena.h"
#include "client/frame_priv.h"
#include "client/live.h"
#include "client/stream_priv.h"

struct kdb_client_live {
    struct client_stream stream;
    int64_t ping_interval_ns;
    int64_t silence_max_ns; // of the server, until it counts as lost
    int64_t sent_ns;        // kdb_monotonic_ns of the last frame sent
    int64_t heard_ns;       // and of the last bytes received
    struct client_frame_reader reader;
    struct kdb_buf text;  // of the message to send
    struct kdb_buf frame; // the same as a frame
    char *received;       // CLIENT_RECEIVE_BYTES
};

// The Sec-WebSocket-Accept that answers a Sec-WebSocket-Key (RFC 6455, section 4.2.2).
kdb_slice client_live_accept(struct kdb_arena *arena, kdb_slice key);

#endif
