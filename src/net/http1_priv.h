// SPDX-License-Identifier: Apache-2.0
// What the reading half (http1.c), the writing half (http1_write.c) and the pools (http1_pool.c)
// share.
#ifndef KDB_NET_HTTP1_PRIV_H
#define KDB_NET_HTTP1_PRIV_H

#include <llhttp.h>

#include "net/http1.h"

enum {
    NET_OUT_BYTES_MAX = 256 * 1024,  // output above which no further request is begun
    NET_HELD_BYTES_MAX = 16 * 1024,  // input held back above which the owner stops reading
    NET_BODY_FREE_BYTES = 16 * 1024, // of each body, not counted in the total
};

// Where reading the trailers of a chunked body is.
struct kdb_http1_trailer {
    enum {
        NET_TRAILER_NONE, // the last chunk has not come yet
        NET_TRAILER_NAME,
        NET_TRAILER_VALUE,
        NET_TRAILER_LINE_FEED,
        NET_TRAILER_END,
    } part;
    bool is_empty_line; // nothing of the current line has come but its end
};

// A request being read or answered. Reused for the next one of any connection of the loop.
struct kdb_http1_slot {
    struct kdb_http_request request; // must be first
    struct kdb_http1 *http;          // NULL once the connection is gone
    struct kdb_http1_env *env;
    struct kdb_http1_slot *next; // in a list of the env
    llhttp_t parser;
    struct kdb_buf head;  // request line and headers as they came; the request's slices point here
    struct kdb_buf body;  // what the request's body points to
    size_t line_start;    // of the first line in `head` that is not complete
    size_t searched;      // bytes of `head` without a line end behind line_start
    size_t charged_bytes; // of totals->body_bytes
    size_t ignored_bytes; // trailers and chunk extensions
    struct kdb_http1_trailer trailer;
    kdb_slice url;                     // request target
    uint64_t too_large;                // size refused, for the answer
    const struct net_refusal *refusal; // set by a parser callback that stops the request
    bool has_head;                     // headers are complete
    bool is_complete;                  // body too
    bool is_counted;                   // in totals->requests_now
    bool is_http10;
    bool keeps_alive;      // the client wants the connection to go on
    bool expects_continue; // waits for our 100 before it sends the body
    bool is_chunked;
    struct kdb_http_field fields[KDB_HTTP_FIELDS_MAX];
};

// An answer given without asking the handler: a flat JSON object.
struct net_refusal {
    int status;
    const char *error;
    const char *message;
};

// Bytes waiting to be sent.
struct kdb_http1_node {
    struct kdb_http1_node *next;
    struct kdb_buf buf;
    size_t sent;               // of buf
    struct kdb_budget *budget; // what buf was taken from; NULL: none
    size_t budget_bytes;
    bool is_sealed; // may be in the hands of the system: nothing is appended
};

// Answers a request by handing its connection to a WebSocket (http1_write.c).
void net_http1_take_over(struct kdb_http1_slot *slot, struct kdb_ws *ws);

// Takes the next byte behind the last chunk; false when it must not stand there. The trailers are
// whole at NET_TRAILER_END (http1_trailers.c).
bool net_http1_read_trailer_byte(struct kdb_http1_trailer *trailer, char c);

// Pools (http1_pool.c).
struct kdb_http1_slot *net_slot_take(struct kdb_http1_env *env);
void net_slot_give(struct kdb_http1_slot *slot);
struct kdb_http1_node *net_node_take(struct kdb_http1_env *env);
void net_node_give(struct kdb_http1_env *env, struct kdb_http1_node *node);

// Writing (http1_write.c).

// Appends "100 Continue".
void net_http1_write_continue(struct kdb_http1 *http);

// Appends an answer; `body` as in kdb_http_respond. `slot` may be NULL: nothing of the request is
// known.
void net_http1_write_response(struct kdb_http1 *http, const struct kdb_http1_slot *slot,
                              const struct kdb_http_response *response, struct kdb_buf *body);

// Appends a flat JSON error; `members` ("" or ",\"a\":1") follow error and message; retry_after_s
// 0: no such header.
void net_http1_write_refusal(struct kdb_http1 *http, const struct net_refusal *refusal,
                             const char *members, int64_t retry_after_s);

#endif
