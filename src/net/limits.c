// SPDX-License-Identifier: Apache-2.0
// The default bounds of the HTTP server.
#include "net/limits.h"

struct kdb_http_limits kdb_http_limits_default(void)
{
    return (struct kdb_http_limits){
        .header_bytes_max = (size_t)16 * 1024,
        .body_bytes_max = (size_t)10 * 1024 * 1024,
        .body_bytes_total_max = (size_t)512 * 1024 * 1024,
        .request_memory_bytes = (size_t)256 * 1024 * 1024,
        .connections_max = 25000,
        .requests_in_flight_max = 10000,
        .header_timeout_ms = 5000,
        .body_timeout_ms = 30000,
        .idle_timeout_ms = 75000,
        .write_timeout_ms = 30000,
        .linger_ms = 2000,
        .connections_per_ip_max = 100,
        .requests_per_second_per_ip = 200,
        .violations_before_ban = 10,
        .ban_ms = 300000,
        .tracked_addresses_max = 10000,
        .websocket = {.connections_max = 20000,
                      .message_bytes_max = (size_t)1024 * 1024,
                      .skipped_bytes_max = (size_t)16 * 1024 * 1024,
                      .queue_bytes_mark = (size_t)1024 * 1024,
                      .idle_timeout_ms = 60000,
                      .close_timeout_ms = 2000},
    };
}
