// SPDX-License-Identifier: Apache-2.0
// WebSocket connections (RFC 6455) as the layers above see them.
//
// A connection begins as an HTTP request. Its handler decides (route, origin, limits) and answers
// either as usual or with kdb_ws_accept, which does the handshake and gives a struct kdb_ws:
//
//     on_request ... kdb_ws_accept(request, &handler, mine)      in the same call or in a later
//     turn on_message ... on_message ... on_close                     until the end
//
// Everything here belongs to the loop of the connection and is called on its thread: the functions
// by the layer above, the callbacks by net. To reach a WebSocket from another thread, post a task
// to its loop (net/loop.h). No function of this header calls back before it returns, so it may be
// called from anywhere, callbacks included.
//
// Life: from kdb_ws_accept until on_close returns, which happens exactly once, whoever ends the
// connection and however: a close frame of the peer, kdb_ws_close, a broken rule, silence, the end
// of the server. Afterwards the pointer must not be used; net ends the connection in order behind
// the scenes.
//
// Sending only queues. At the end of the loop's turn, or of one soon after when many connections
// have something queued, everything queued for a connection leaves in one system call (frames over
// TLS in as few records as possible), so send frame by frame and do not gather. Frames arrive in
// the order sent. What goes to many is sent as shared bytes: the queue holds a reference and a
// short prefix that belongs to this connection alone.
//
// The queue is not bounded by net, its owner bounds it: stop sending while kdb_ws_is_full and go on
// in on_drain. A peer that takes nothing at all for the idle timeout is cut.
//
// Net itself answers pings, does the closing handshake, refuses what the protocol forbids with the
// right code, closes silent connections (1000 "Heartbeat timeout") and those left when the server
// stops (1001 "Server shutting down"). It never pings and negotiates no extension or sub-protocol.
#ifndef KDB_NET_WS_H
#define KDB_NET_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/shared_bytes.h"
#include "base/slice.h"
#include "net/ws_frame.h"

struct kdb_http_request;
struct kdb_loop;
struct kdb_ws;

// What the layer above implements; static, all slots filled. `self` is what was given to
// kdb_ws_accept.
struct kdb_ws_handler {
    // A whole message: opcode is KDB_WS_OP_TEXT (valid UTF-8) or KDB_WS_OP_BINARY. The bytes are
    // valid during the call.
    void (*on_message)(void *self, struct kdb_ws *ws, enum kdb_ws_opcode opcode, kdb_slice bytes);
    // A message larger than the server accepts begins (limits.websocket.message_bytes_max). It is
    // thrown away as it comes; the connection goes on unless this closes it.
    void (*on_too_large)(void *self, struct kdb_ws *ws);
    // The queue was full, has fallen to half of its mark, and is not full now: send on. In a turn
    // of its own, so that a fast reader does not keep the loop from others.
    void (*on_drain)(void *self, struct kdb_ws *ws);
    // The time of kdb_ws_set_timer has come.
    void (*on_timer)(void *self, struct kdb_ws *ws);
    // The last call. Nothing comes from the peer any more and nothing reaches it. `code` is the
    // peer's (KDB_WS_NO_CODE when it gave none), or the one that kdb_ws_close or net closed with,
    // or KDB_WS_ABNORMAL when the connection broke; `reason` is the peer's or net's, else empty.
    void (*on_close)(void *self, struct kdb_ws *ws, unsigned code, kdb_slice reason);
};

// Answers a request by becoming a WebSocket, or, when it is not a proper handshake (400, 426), the
// server stops or has too many WebSockets (503, text), by refusing; the request is answered in
// either case. NULL when it was refused or its connection is gone: no callback will come. The
// caller may send at once; frames leave behind the handshake's answer. `handler` must outlive the
// WebSocket.
struct kdb_ws *kdb_ws_accept(struct kdb_http_request *request, const struct kdb_ws_handler *handler,
                             void *self);

// The loop it belongs to: where a task must be posted that is to use it.
struct kdb_loop *kdb_ws_loop(const struct kdb_ws *ws);

// Queues one message (KDB_WS_OP_TEXT, whose bytes must be UTF-8, or KDB_WS_OP_BINARY). The bytes
// are copied; for large ones take kdb_ws_send_shared without a prefix. Ignored once the connection
// is closing.
void kdb_ws_send(struct kdb_ws *ws, enum kdb_ws_opcode opcode, kdb_slice bytes);

// Queues one message made of a prefix, which is copied (keep it to some dozen bytes), and a body,
// which is shared: the queue takes a reference of its own. Ignored once the connection is closing.
void kdb_ws_send_shared(struct kdb_ws *ws, enum kdb_ws_opcode opcode, kdb_slice prefix,
                        struct kdb_shared_bytes *body);

// Bytes queued and not yet given to the system, headers included.
size_t kdb_ws_queued_bytes(const struct kdb_ws *ws);

// Whether more is queued than limits.websocket.queue_bytes_mark. When true, on_drain will come.
bool kdb_ws_is_full(const struct kdb_ws *ws);

// Begins the closing handshake behind what is queued: code (one that may be sent, see
// kdb_ws_is_close_code) and a reason of UTF-8, of which up to 123 bytes are sent. on_close comes
// later in this turn. Ignored once the connection is closing.
void kdb_ws_close(struct kdb_ws *ws, unsigned code, kdb_slice reason);

// Stops reading: no message comes until kdb_ws_resume, and the peer is held up when it sends more.
// For when a message is worked on elsewhere and those behind it must wait. Meanwhile pings are not
// answered, the end of the connection is not noticed, and silence does not count.
void kdb_ws_pause(struct kdb_ws *ws);

// Goes on reading, with what waits first: not before this call returns.
void kdb_ws_resume(struct kdb_ws *ws);

// Calls on_timer once, at this time of kdb_loop_now_ms or up to a tenth of a second later; 0:
// never. There is one timer per WebSocket; setting it again replaces.
void kdb_ws_set_timer(struct kdb_ws *ws, int64_t at_ms);

#endif
