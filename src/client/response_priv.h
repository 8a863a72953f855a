// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 answer read from bytes as they come, cut anywhere.
//
// Pure: no sockets here. Strict where leniency would let one answer be taken for another: line ends
// are CR LF, one Content-Length or chunks but never both, no folded fields. Owned by one client.
#ifndef KDB_CLIENT_RESPONSE_PRIV_H
#define KDB_CLIENT_RESPONSE_PRIV_H

#include "base/buf.h"
#include "base/ctx.h"

// Bytes of the status line and all fields of an answer, trailers included.
#define CLIENT_HEAD_BYTES_MAX ((size_t)64 * 1024)

// The status of a connection that is a WebSocket from now on.
#define CLIENT_STATUS_SWITCHED 101

// Which part of the answer the next byte belongs to.
enum client_response_part {
    CLIENT_PART_STATUS_LINE,
    CLIENT_PART_FIELDS,
    CLIENT_PART_BODY,       // Content-Length bytes
    CLIENT_PART_OPEN_BODY,  // until the connection is closed
    CLIENT_PART_CHUNK_SIZE, // the line before a chunk
    CLIENT_PART_CHUNK,
    CLIENT_PART_CHUNK_END, // the line end behind a chunk
    CLIENT_PART_TRAILERS,
    CLIENT_PART_COMPLETE,
};

struct client_response {
    enum client_response_part part;
    int status;            // of the status line
    bool keeps_alive;      // the connection may be used again
    bool is_chunked;       // said by the fields
    bool has_length;       // said by the fields
    bool may_switch;       // a WebSocket was asked for; kept by a reset
    uint64_t left;         // bytes of the body or chunk still to come
    size_t head_bytes;     // of the lines so far
    struct kdb_buf line;   // a line whose end has not come yet
    struct kdb_buf body;   // limit: the caller's
    struct kdb_buf accept; // Sec-WebSocket-Accept
};

// Ready for the next answer; memory and the body's limit are kept.
void client_response_reset(struct client_response *response);

// Frees the buffers.
void client_response_deinit(struct client_response *response);

// Takes the next bytes; `ret_used` of them belong to this answer, all of them unless it is complete
// now. CORRUPT when this is no HTTP answer, LIMIT_EXCEEDED when its head or body is too large.
KDB_NODISCARD kdb_status client_response_feed(struct client_response *response, struct kdb_ctx *ctx,
                                              kdb_slice bytes, size_t *ret_used);

// The connection was closed: completes an answer that has no other end. CORRUPT in the middle of
// one.
KDB_NODISCARD kdb_status client_response_end(struct client_response *response, struct kdb_ctx *ctx);

#endif
