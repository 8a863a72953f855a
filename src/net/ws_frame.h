// SPDX-License-Identifier: Apache-2.0
// WebSocket frames (RFC 6455) without sockets: a client's bytes to messages, and the server's frame
// headers.
//
// The reader takes the bytes as they come, cut anywhere, and gives one event after the other. A
// message that lies whole in the input is unmasked in place and lent from there; only what is not
// whole is gathered, so a reader between two messages holds no memory but itself. What the protocol
// forbids gives KDB_WS_BAD with the close code to answer with. Loop thread only.
#ifndef KDB_NET_WS_FRAME_H
#define KDB_NET_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "base/utf8.h"
#include "net/limits.h"

enum kdb_ws_opcode {
    KDB_WS_OP_CONTINUATION = 0x0,
    KDB_WS_OP_TEXT = 0x1,
    KDB_WS_OP_BINARY = 0x2,
    KDB_WS_OP_CLOSE = 0x8,
    KDB_WS_OP_PING = 0x9,
    KDB_WS_OP_PONG = 0xA,
};

// Close codes (RFC 6455, section 7.4). Those from 4000 to 4999 are an application's own.
enum kdb_ws_close_code {
    KDB_WS_NORMAL = 1000,
    KDB_WS_GOING_AWAY = 1001,
    KDB_WS_PROTOCOL_ERROR = 1002,
    KDB_WS_UNSUPPORTED = 1003,
    KDB_WS_NO_CODE = 1005,  // never on the wire: the peer's close frame had no code
    KDB_WS_ABNORMAL = 1006, // never on the wire: the connection broke without a close frame
    KDB_WS_BAD_DATA = 1007, // text that is not UTF-8
    KDB_WS_POLICY = 1008,
    KDB_WS_TOO_BIG = 1009,
    KDB_WS_INTERNAL = 1011,
    KDB_WS_TRY_LATER = 1013,
};

enum {
    KDB_WS_HEADER_BYTES_MAX = 10,  // of a frame the server sends
    KDB_WS_CONTROL_BYTES_MAX = 125 // payload of a close, ping or pong
};

// Whether a close frame may carry the code: 1000 to 1003, 1007 to 1014 and 3000 to 4999.
bool kdb_ws_is_close_code(unsigned code);

// Writes the header of a whole, unmasked frame of `len` payload bytes; returns its size (2, 4 or
// 10).
size_t kdb_ws_write_header(char out[KDB_WS_HEADER_BYTES_MAX], enum kdb_ws_opcode opcode,
                           uint64_t len);

enum kdb_ws_event {
    KDB_WS_MORE,      // the input is used up
    KDB_WS_TEXT,      // a whole message, valid UTF-8: item.bytes
    KDB_WS_BINARY,    // a whole message: item.bytes
    KDB_WS_PING,      // item.bytes is to be sent back
    KDB_WS_PONG,      // item.bytes
    KDB_WS_CLOSE,     // item.code (KDB_WS_NO_CODE: none), item.bytes is the reason; the last event
    KDB_WS_TOO_LARGE, // a message larger than limits->message_bytes_max began; it is thrown away
    KDB_WS_BAD,       // item.code and item.problem; the last event
};

// What came with an event.
struct kdb_ws_item {
    kdb_slice bytes;     // valid until the next call, and as long as the input
    unsigned code;       // CLOSE, BAD
    const char *problem; // BAD: what was wrong, for people; static
};

// Owner: loop. Begins with kdb_ws_reader_init.
struct kdb_ws_reader {
    const struct kdb_ws_limits *limits;
    struct kdb_buf message;      // an unfinished message so far, unmasked
    struct kdb_buf control;      // an unfinished control frame so far, unmasked
    uint64_t message_bytes;      // of the message so far, this frame and skipped ones included
    uint64_t frame_left;         // payload of this frame that has not come yet
    struct kdb_utf8_check check; // of the text so far
    uint8_t header[14];          // of this frame, as far as it came
    uint8_t header_len;
    uint8_t opcode; // of this frame
    uint8_t kind;   // opcode of the unfinished message, 0: none
    uint8_t mask[4];
    uint8_t mask_at;  // which byte of the mask is next
    bool is_in_frame; // the header is complete, the payload is not
    bool is_final;    // this frame is its message's last
    bool is_skipping; // the message is thrown away
    bool is_over;     // CLOSE or BAD was given
};

// Ready for the first byte. `limits` must outlive the reader.
void kdb_ws_reader_init(struct kdb_ws_reader *reader, const struct kdb_ws_limits *limits);

// Frees what was gathered.
void kdb_ws_reader_deinit(struct kdb_ws_reader *reader);

// Reads on up to the next event; `ret_used` says how many of the bytes belong to it and what came
// before. The input is written to (unmasked). Call again with the rest until MORE, which uses up
// all of it. Not after CLOSE or BAD.
enum kdb_ws_event kdb_ws_reader_next(struct kdb_ws_reader *reader, char *data, size_t len,
                                     size_t *ret_used, struct kdb_ws_item *ret_item);

#endif
