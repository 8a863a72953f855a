// SPDX-License-Identifier: Apache-2.0
// HTTP requests as the layers above see them, and how they are answered.
//
// A connection reads one request at a time, hands it to the handler whole (headers and body in
// memory) and reads the next one once it is answered; answers to pipelined requests leave in one
// write. The handler belongs to one loop and is only called on that loop's thread; it answers there
// too, at once or in a later turn:
//
//     on_request ... kdb_http_respond            in the same call, or
//     on_request, posts to a worker ... a task of the loop: kdb_http_respond
//
// A request must be answered exactly once, also after its connection broke (on_close tells; the
// answer is then thrown away): until then the handler may use everything the request points to. It
// stays valid until the callback in which it was answered returns to the loop. What is malformed,
// too large, too slow or too much is answered by net itself.
#ifndef KDB_NET_HTTP_H
#define KDB_NET_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/slice.h"
#include "net/address.h"

struct kdb_loop;

enum kdb_http_method {
    KDB_HTTP_GET,
    KDB_HTTP_HEAD,
    KDB_HTTP_POST,
    KDB_HTTP_PUT,
    KDB_HTTP_DELETE,
    KDB_HTTP_PATCH,
    KDB_HTTP_OPTIONS,
};

// Headers found without a search: request->known[KDB_HTTP_AUTHORIZATION]. Of a repeated header the
// first counts; a repeated Authorization, Content-Type or Host is refused.
enum kdb_http_known {
    KDB_HTTP_AUTHORIZATION,
    KDB_HTTP_CONTENT_TYPE,
    KDB_HTTP_HOST,
    KDB_HTTP_ORIGIN,
    KDB_HTTP_COOKIE,
    KDB_HTTP_UPGRADE,
    KDB_HTTP_X_REQUEST_ID,
    KDB_HTTP_X_FORWARDED_FOR,
    KDB_HTTP_X_REAL_IP,
    KDB_HTTP_KNOWN_COUNT
};

struct kdb_http_field {
    kdb_slice name;
    kdb_slice value; // without blanks at either end
};

// Owner: loop. Read-only for the handler but for `user` and `ctx`.
struct kdb_http_request {
    enum kdb_http_method method;
    kdb_slice path;     // percent-decoded, begins with '/' ("*" for OPTIONS *); no NUL byte
    kdb_slice raw_path; // as it came: split this one where a segment may hold an encoded '/'
    kdb_slice query;    // behind '?', as it came; empty when there is none
    kdb_slice known[KDB_HTTP_KNOWN_COUNT]; // null slice: not sent
    const struct kdb_http_field *fields;   // all headers in order
    size_t field_count;
    kdb_slice body;            // whole, chunks joined
    struct kdb_address peer;   // the other end of the socket
    struct kdb_address client; // peer, or whom a trusted proxy names
    bool is_loopback_peer;     // peer is in 127.0.0.0/8 or ::1
    bool is_localhost; // peer is 127.0.0.1 or ::1 and no forwarding header names another one
    bool is_tls;
    bool is_upgrade; // asks for another protocol (known[KDB_HTTP_UPGRADE]); answered as HTTP unless
                     // taken over
    uint64_t connection;   // serial of the connection in this process, for logs
    int64_t received_ns;   // kdb_monotonic_ns() when it was complete
    struct kdb_loop *loop; // where it must be answered
    struct kdb_ctx
        ctx; // the request's memory, error and deadline; is_cancelled is set when the client left
    void *user; // the handler's, NULL at the start
};

// What api implements; one instance per loop. All slots filled.
struct kdb_http_handler {
    // A complete request. Answers it now or later.
    void (*on_request)(void *self, struct kdb_http_request *request);
    // The connection of an unanswered request is gone; the request must still be answered.
    void (*on_close)(void *self, struct kdb_http_request *request);
    void *self; // passed to both
};

// What to answer. Slices are borrowed for the call.
struct kdb_http_response {
    int status;             // 200..599
    kdb_slice content_type; // null slice: no such header
    const struct kdb_http_field
        *fields; // further headers; Date, Content-Length and Connection are net's
    size_t field_count;
    bool must_close; // close the connection after it
    // What was taken for the body; net gives it back when the body was sent or thrown away. NULL:
    // nothing.
    struct kdb_budget *budget;
    size_t budget_bytes;
};

// Answers on the request's loop thread. The body is handed over: afterwards `body` is empty and the
// caller's again (small ones are copied and keep their memory, large ones are moved). NULL: no
// body. For HEAD, the length is sent and the bytes are not.
void kdb_http_respond(struct kdb_http_request *request, const struct kdb_http_response *response,
                      struct kdb_buf *body);

// The common case: status, JSON.
void kdb_http_respond_json(struct kdb_http_request *request, int status, struct kdb_buf *body);

// The first header of that name, ignoring case; null slice when there is none.
kdb_slice kdb_http_header(const struct kdb_http_request *request, kdb_slice name);

// The value of a query parameter, decoded into the request's arena ('+' is a blank); null slice
// when it is not there, empty when it has no value. False when it is badly encoded or holds %00.
bool kdb_http_query_value(struct kdb_http_request *request, kdb_slice name, kdb_slice *ret_value);

// Decodes %XX into the arena (the input itself when there is nothing to do). False for a bad escape
// or %00.
bool kdb_http_percent_decode(struct kdb_arena *arena, kdb_slice text, kdb_slice *ret_text);

// Media type of a Content-Type value without its parameters and blanks: "application/json;
// charset=utf-8" gives "application/json". Compare ignoring case.
kdb_slice kdb_http_media_type(kdb_slice content_type);

// The standard name of a status ("Not Found"), "Unknown" when it has none. Static storage.
const char *kdb_http_reason(int status);

// "GET". Static storage.
const char *kdb_http_method_name(enum kdb_http_method method);

#endif
