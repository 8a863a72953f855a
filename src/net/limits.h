// SPDX-License-Identifier: Apache-2.0
// Bounds on what clients can make the server hold or wait for.
#ifndef KDB_NET_LIMITS_H
#define KDB_NET_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#define KDB_HTTP_FIELDS_MAX 100 // headers of one request: 431

// Bounds of WebSockets. Times in milliseconds, sizes in bytes.
struct kdb_ws_limits {
    size_t connections_max;   // at once, whole server: 503
    size_t message_bytes_max; // larger ones are thrown away as they come (on_too_large)
    size_t skipped_bytes_max; // not those that are larger than this: close code 1009
    size_t queue_bytes_mark;  // queued for one client: kdb_ws_is_full
    int64_t idle_timeout_ms;  // nothing came: close code 1000; nothing was taken: cut; 0: never
    int64_t close_timeout_ms; // our close frame is not answered: cut
};

// Behind each: what the client gets. Times in milliseconds, sizes in bytes.
struct kdb_http_limits {
    size_t header_bytes_max;       // request line and headers, also trailers: 431
    size_t body_bytes_max;         // 413 BODY_TOO_LARGE
    size_t body_bytes_total_max;   // bodies in memory at once, whole server: 503 OVERLOADED
    size_t request_memory_bytes;   // limit of request->ctx.arena, 0: none
    size_t connections_max;        // 503 OVERLOADED and close
    size_t requests_in_flight_max; // waiting for an answer, whole server: 503 OVERLOADED
    int64_t header_timeout_ms; // first byte to the end of the headers: 408; accept to first byte
    int64_t body_timeout_ms;   // end of headers to end of body, + 1 s for each 16 KiB received: 408
    int64_t idle_timeout_ms;   // between requests: closed in silence; 0: after each answer
    int64_t write_timeout_ms;  // an answer of which the client takes nothing for so long: closed
    int64_t linger_ms;         // last answer sent, client does not close its side: closed

    // By address of the client; loopback peers are exempt from all of it.
    size_t connections_per_ip_max;       // 503 TOO_MANY_CONNECTIONS; 0: off
    uint32_t requests_per_second_per_ip; // 429 RATE_LIMIT_EXCEEDED; 0: off
    uint32_t violations_before_ban;      // so many 429 within ban_ms ban the address; 0: off
    int64_t ban_ms;                      // 429 IP_BANNED
    size_t tracked_addresses_max;        // addresses remembered at once

    struct kdb_ws_limits websocket;
};

// The defaults of the product. Any thread.
struct kdb_http_limits kdb_http_limits_default(void);

#endif
