// SPDX-License-Identifier: Apache-2.0
// WebSocket frames (RFC 6455) as a client sends and reads them.
//
// Pure: no sockets here. What is sent is masked; what comes must not be. A reader gathers the bytes
// as they come, cut anywhere, and gives whole messages. Owned by one connection.
#ifndef KDB_CLIENT_FRAME_PRIV_H
#define KDB_CLIENT_FRAME_PRIV_H

#include "base/buf.h"
#include "base/ctx.h"

#define CLIENT_MASK_BYTES 4

enum client_opcode {
    CLIENT_OP_CONTINUATION = 0x0,
    CLIENT_OP_TEXT = 0x1,
    CLIENT_OP_BINARY = 0x2,
    CLIENT_OP_CLOSE = 0x8,
    CLIENT_OP_PING = 0x9,
    CLIENT_OP_PONG = 0xA,
};

// Appends one whole frame.
void client_frame_write(struct kdb_buf *out, enum client_opcode opcode, kdb_slice payload,
                        const uint8_t mask[CLIENT_MASK_BYTES]);

struct client_frame_reader {
    struct kdb_buf in;      // bytes received; those before `at` are used up
    size_t at;              // where the next frame begins
    struct kdb_buf message; // of an unfinished message: its frames so far
    uint8_t kind;           // opcode of the unfinished message, 0: none
    size_t bytes_max;       // of a message
};

// What came: a message or control frame.
struct client_frame {
    bool is_there;             // false: more bytes are needed, nothing else is set
    enum client_opcode opcode; // never a continuation
    kdb_slice payload;         // valid until the reader's next call
};

// Frees the buffers.
void client_frame_reader_deinit(struct client_frame_reader *reader);

// Appends bytes of the server.
void client_frame_feed(struct client_frame_reader *reader, kdb_slice bytes);

// The next message or control frame. CORRUPT when the server breaks the protocol, LIMIT_EXCEEDED
// for a message that is too large; nothing can be read behind either.
KDB_NODISCARD kdb_status client_frame_next(struct client_frame_reader *reader, struct kdb_ctx *ctx,
                                           struct client_frame *ret_frame);

#endif
