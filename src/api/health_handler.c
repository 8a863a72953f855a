// SPDX-License-Identifier: Apache-2.0
// GET /health and /v1/api/cluster/health (contract: health).
#include "api/api_priv.h"
#include "base/json_write.h"

static bool refuse_remote(struct kdb_api_loop *loop, struct kdb_http_request *request,
                          const char *what)
{
    if (request->is_localhost)
        return false;
    struct kdb_buf body = {0};
    kdb_buf_printf(&body, "{\"error\":\"Access denied. %s is localhost-only.\"}", what);
    api_respond(loop, request, 403, &body);
    kdb_buf_deinit(&body);
    return true;
}

void api_health(struct kdb_api_loop *loop, struct kdb_http_request *request)
{
    if (refuse_remote(loop, request, "Health endpoint"))
        return;
    struct kdb_buf body = {0};
    kdb_buf_printf(&body,
                   "{\"status\":\"healthy\",\"version\":\"%s\",\"api_version\":\"v1\","
                   "\"build_date\":\"%s\"}",
                   loop->api->options.version, loop->api->options.build_date);
    api_respond(loop, request, 200, &body);
    kdb_buf_deinit(&body);
}

// One node that leads itself.
void api_cluster_health(struct kdb_api_loop *loop, struct kdb_http_request *request)
{
    if (refuse_remote(loop, request, "Cluster health"))
        return;
    const struct kdb_settings *settings = loop->api->options.settings;
    struct kdb_buf body = {0};
    kdb_buf_printf(&body,
                   "{\"status\":\"healthy\",\"version\":\"%s\",\"build_date\":\"%s\","
                   "\"is_cluster_mode\":false,\"cluster_id\":\"standalone\",\"node_id\":1,"
                   "\"is_leader\":true,\"total_groups\":1,\"groups_leading\":1,\"current_term\":1,"
                   "\"last_applied\":%lld,\"millis_since_quorum_ack\":null,\"nodes\":[{"
                   "\"node_id\":1,\"role\":\"leader\",\"status\":\"active\",\"api_addr\":",
                   loop->api->options.version, loop->api->options.build_date,
                   (long long)kdb_committer_last_seq(loop->api->options.services->committer));
    kdb_slice address =
        kdb_arena_printf(&request->ctx.arena, "%s://%.*s:%u", request->is_tls ? "https" : "http",
                         KDB_ARG(settings->server_host),
                         atomic_load_explicit(&loop->api->port, memory_order_relaxed));
    kdb_json_string(&body, address);
    KDB_BUF_LIT(&body, ",\"is_self\":true,\"is_leader\":true,\"replication_lag\":null,"
                       "\"catchup_progress_pct\":null,\"hostname\":null,\"memory_usage_mb\":null,"
                       "\"cpu_usage_percent\":null,\"uptime_seconds\":null,"
                       "\"uptime_human\":null}]}");
    api_respond(loop, request, 200, &body);
    kdb_buf_deinit(&body);
}
