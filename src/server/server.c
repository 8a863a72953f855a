// SPDX-License-Identifier: Apache-2.0
// Start in order of dependency, stop in reverse.
#include "server/server.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/api.h"
#include "base/alloc.h"
#include "base/assert.h"
#include "base/log.h"
#include "conf/limits.h"
#include "exec/bootstrap.h"
#include "exec/partition_cache.h"
#include "exec/system_tables.h"
#include "jobs/jobs.h"
#include "live/directory.h"
#include "live/feed.h"
#include "net/listener.h"
#include "net/signals.h"
#include "net/tls.h"
#include "server/data_folder.h"
#include "server/system_values.h"
#include "server/version.h"

// Statements that wait for a worker; more are answered with 503.
#define WORKER_QUEUE_MAX 10000

struct kdb_server {
    const struct kdb_settings *settings;
    struct kdb_data_folder folder;
    const char **roots; // storage.allowed_roots and the data folder
    uint32_t root_count;
    char *temp_path;
    struct kdb_store *store;
    struct kdb_catalog *catalog;
    struct kdb_streams *streams;
    struct kdb_partition_registry *partitions;
    struct kdb_live_feed *feed; // committed changes for the live queries
    struct kdb_change_sink sink;
    struct kdb_live_directory *directory;
    struct kdb_committer *committer;
    struct kdb_engine *engine;
    struct kdb_segment_service *segments;
    struct kdb_partition_cache *cache;
    struct kdb_jobs *_Atomic jobs; // the committer tells it about full partitions
    struct kdb_snowflake ids;
    struct kdb_id_source id_source;
    struct kdb_password_policy passwords;
    struct server_values values;
    struct kdb_system_tables system;
    char ws_url[320]; // what SUBSCRIBE TO answers
    struct kdb_exec_services services;
    struct kdb_token_issuer *issuer;
    struct kdb_pool *pool;
    struct kdb_pool *hashers;
    struct kdb_api *api;
    struct kdb_tls *tls;
    struct kdb_loop **loops;
    size_t loop_count;
    size_t started_loops;
    struct kdb_listener *listener; // written under lock; NULL: not open
    struct kdb_signals *signals;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int stop_requests; // signals received, guarded by lock
};

static const char *text_of(kdb_slice setting)
{
    return setting.len > 0 ? setting.data : NULL; // settings have a NUL behind them
}

// ---- storage ----

static kdb_status open_roots(struct kdb_server *server, struct kdb_ctx *ctx)
{
    const struct kdb_text_list *allowed = &server->settings->storage_allowed_roots;
    server->roots = kdb_alloc_array(allowed->count + 1, sizeof(char *));
    server->roots[server->root_count++] = server->folder.path;
    for (size_t i = 0; i < allowed->count; i++) {
        char resolved[PATH_MAX];
        if (!realpath(allowed->items[i].data, resolved))
            return kdb_fail(ctx, KDB_ERR_CONFIG,
                            "storage.allowed_roots: the folder %.*s does not exist",
                            KDB_ARG(allowed->items[i]));
        server->roots[server->root_count++] = kdb_alloc_text(resolved, strlen(resolved));
    }
    return KDB_OK;
}

static kdb_status open_store(struct kdb_server *server, struct kdb_ctx *ctx)
{
    const struct kdb_settings *settings = server->settings;
    kdb_slice path = kdb_arena_printf(&ctx->arena, "%s/rocksdb", server->folder.path);
    const struct kdb_rocksdb_options options = {
        .path = path.data,
        .block_cache_bytes = (uint64_t)settings->rocksdb_block_cache_bytes,
        .write_buffer_bytes = (uint64_t)settings->rocksdb_write_buffer_bytes,
        .max_background_jobs = (int)settings->rocksdb_max_background_jobs,
        .max_open_files = (int)settings->rocksdb_max_open_files};
    return kdb_store_rocksdb_open(&options, ctx, &server->store);
}

// Commits run before the jobs are there: what is due then is found when they start.
static void flush_due(void *self, struct kdb_partition *partition)
{
    struct kdb_server *server = self;
    struct kdb_jobs *jobs = server->jobs;
    if (jobs)
        kdb_jobs_flush_due(jobs, partition);
}

static kdb_status open_committer(struct kdb_server *server, struct kdb_ctx *ctx)
{
    const struct kdb_partition_hooks hooks = {.manifest_unref = kdb_manifest_unref};
    server->partitions = kdb_partition_registry_create(server->store, &hooks);
    KDB_TRY(
        kdb_streams_create(ctx, (uint64_t)server->settings->stream_memory_bytes, &server->streams));
    server->feed = kdb_live_feed_create((size_t)server->settings->websocket_backlog_bytes);
    server->directory = kdb_live_directory_create();
    server->values.directory = server->directory;
    server->sink = kdb_live_feed_sink(server->feed);
    const struct kdb_committer_options options = {
        .store = server->store,
        .streams = server->streams,
        .clock = kdb_clock_system(),
        .mode = server->settings->storage_durability == KDB_DURABILITY_ASYNC ? KDB_COMMIT_ASYNC
                                                                             : KDB_COMMIT_SYNC,
        .worker_id = 1,
        .sink = &server->sink,
        .flush_due = flush_due,
        .flush_self = server};
    KDB_TRY(kdb_committer_open(&options, ctx, &server->committer));
    // SNOWFLAKE_ID() does not repeat itself either when the clock was set back.
    kdb_snowflake_resume_after(&server->ids, kdb_committer_last_seq(server->committer));
    return KDB_OK;
}

static void open_engine(struct kdb_server *server)
{
    const struct kdb_settings *settings = server->settings;
    size_t temp_size = strlen(server->folder.path) + sizeof("/tmp");
    server->temp_path = kdb_alloc(temp_size);
    (void)snprintf(server->temp_path, temp_size, "%s/tmp", server->folder.path);
    const struct kdb_engine_options options = {
        .threads = (uint32_t)settings->execution_engine_threads,
        .memory_bytes = (uint64_t)settings->execution_engine_memory_bytes,
        .temp_dir = settings->execution_engine_temp_bytes > 0 ? server->temp_path : NULL,
        .temp_bytes_max = (uint64_t)settings->execution_engine_temp_bytes,
        .read_dirs = server->roots,
        .read_dir_count = server->root_count};
    server->engine = kdb_engine_create(&options);
    const struct kdb_segment_options segments = {
        .store = server->store,
        .engine = server->engine,
        .clock = kdb_clock_system(),
        .data_path = server->folder.path,
        .allowed_roots = server->roots,
        .allowed_root_count = server->root_count,
        .cache_bytes = (uint64_t)settings->storage_segment_cache_bytes,
        .row_group_rows = (uint32_t)settings->storage_row_group_rows};
    server->segments = kdb_segment_service_create(&segments);
    server->cache = kdb_partition_cache_create((uint64_t)settings->storage_partition_cache_bytes);
}

// ---- statements ----

// Where clients find the WebSocket, as far as the settings know.
static void write_ws_url(struct kdb_server *server)
{
    const struct kdb_settings *settings = server->settings;
    const char *host = text_of(settings->server_host);
    bool is_any = strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
    const char *scheme = settings->tls_certificate.len > 0 ? "wss" : "ws";
    if (settings->server_port == 0)
        (void)snprintf(server->ws_url, sizeof(server->ws_url), "/v1/ws");
    else
        (void)snprintf(server->ws_url, sizeof(server->ws_url), "%s://%s:%lld/v1/ws", scheme,
                       is_any ? "localhost" : host, (long long)settings->server_port);
}

static void fill_services(struct kdb_server *server)
{
    const struct kdb_settings *settings = server->settings;
    write_ws_url(server);
    server->passwords = (struct kdb_password_policy){
        .length_min = (uint32_t)settings->auth_min_password_bytes,
        .length_max = (uint32_t)settings->auth_max_password_bytes,
        .needs_variety = settings->auth_enforce_password_complexity,
        .hash_memory_bytes = (uint64_t)settings->auth_hash_memory_bytes,
        .hash_operations = (uint64_t)settings->auth_hash_passes};
    server->services = (struct kdb_exec_services){
        .live = server->directory,
        .ws_url = server->ws_url,
        .store = server->store,
        .streams = server->streams,
        .catalog = server->catalog,
        .partitions = server->partitions,
        .committer = server->committer,
        .segments = server->segments,
        .engine = server->engine,
        .cache = server->cache,
        .system = &server->system,
        .passwords = &server->passwords,
        .clock = kdb_clock_system(),
        .ids = &server->ids,
        .id_source = &server->id_source,
        .terms_max = (uint32_t)settings->limits_row_terms,
        .engine_terms_max = (uint32_t)settings->limits_engine_terms,
        .engine_tables_max = (uint32_t)settings->limits_engine_tables,
        .depth_max = (uint32_t)settings->limits_max_expression_depth,
        .write_retries = (uint32_t)settings->execution_write_retries,
        .default_flush_rows = (uint32_t)settings->flush_default_row_limit,
        // Rounded up: less than a second is not off.
        .default_flush_interval_seconds =
            (uint32_t)((settings->flush_default_interval_ms + KDB_SECOND_MS - 1) / KDB_SECOND_MS),
        .default_retention_ms = settings->retention_default_deleted_ms,
        .default_stream_rows = (uint32_t)settings->stream_default_max_buffer,
        .query_limit_default = (uint64_t)settings->limits_default_query_limit,
        .query_limit_max = (uint64_t)settings->limits_max_query_limit,
        .changes_window_bytes = KDB_LIMIT_CHANGES_WINDOW_BYTES};
}

static kdb_status open_jobs(struct kdb_server *server, struct kdb_ctx *ctx)
{
    const struct kdb_settings *settings = server->settings;
    const struct kdb_jobs_options options = {
        .store = server->store,
        .engine = server->engine,
        .catalog = server->catalog,
        .partitions = server->partitions,
        .committer = server->committer,
        .segments = server->segments,
        .clock = kdb_clock_system(),
        .ids = &server->id_source,
        .threads = (uint32_t)settings->jobs_max_concurrent,
        .max_retries = (uint32_t)settings->jobs_max_retries,
        .retry_backoff_ms = settings->jobs_retry_backoff_ms,
        .history_ms = settings->jobs_history_retention_ms,
        .removal_batch = (uint32_t)settings->flush_removal_batch,
        .default_flush_rows = server->services.default_flush_rows,
        .default_flush_interval_seconds = server->services.default_flush_interval_seconds};
    struct kdb_jobs *jobs;
    KDB_TRY(kdb_jobs_open(&options, ctx, &jobs));
    server->jobs = jobs;
    server->services.jobs = jobs;
    return KDB_OK;
}

static kdb_status open_catalog(struct kdb_server *server, struct kdb_ctx *ctx)
{
    const struct kdb_settings *settings = server->settings;
    KDB_TRY(kdb_catalog_open(server->store, ctx, &server->catalog));
    fill_services(server);
    KDB_TRY(kdb_exec_bootstrap(&server->services, ctx, settings->auth_root_password));
    kdb_slice secret;
    KDB_TRY(kdb_data_folder_secret(&server->folder, ctx, settings->auth_jwt_secret, &secret));
    const struct kdb_token_issuer_options issuer = {
        .secret = secret,
        .clock = kdb_clock_system(),
        .access_seconds = settings->auth_jwt_expiry_ms / KDB_SECOND_MS,
        .refresh_seconds =
            settings->auth_jwt_expiry_ms / KDB_SECOND_MS * KDB_LIMIT_REFRESH_LIFETIMES};
    return kdb_token_issuer_create(&issuer, ctx, &server->issuer);
}

// ---- network ----

static size_t processors_unless(int64_t setting)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    if (setting > 0)
        return (size_t)setting;
    return online > 0 ? (size_t)online : 1;
}

static struct kdb_http_limits http_limits(const struct kdb_settings *settings)
{
    struct kdb_http_limits limits = kdb_http_limits_default();
    bool guards = settings->rate_limit_enable_connection_protection;
    limits.header_bytes_max = (size_t)settings->performance_max_header_bytes;
    limits.body_bytes_max = (size_t)settings->rate_limit_request_body_bytes;
    limits.request_memory_bytes = (size_t)settings->limits_request_memory_bytes;
    limits.connections_max = (size_t)settings->performance_max_connections;
    limits.requests_in_flight_max = (size_t)settings->performance_max_requests_in_flight;
    limits.header_timeout_ms = settings->performance_client_request_timeout_ms;
    limits.body_timeout_ms = settings->performance_request_timeout_ms;
    limits.write_timeout_ms = settings->performance_request_timeout_ms;
    limits.idle_timeout_ms = settings->performance_keepalive_timeout_ms;
    limits.connections_per_ip_max =
        guards ? (size_t)settings->rate_limit_max_connections_per_ip : 0;
    limits.requests_per_second_per_ip =
        guards ? (uint32_t)settings->rate_limit_max_requests_per_ip_per_sec : 0;
    limits.violations_before_ban = guards ? KDB_LIMIT_BAN_VIOLATIONS : 0;
    limits.ban_ms = settings->rate_limit_ban_duration_ms;
    limits.websocket.connections_max = (size_t)settings->websocket_max_connections;
    limits.websocket.message_bytes_max = (size_t)settings->security_max_ws_message_bytes;
    limits.websocket.queue_bytes_mark = (size_t)settings->websocket_queue_bytes;
    limits.websocket.idle_timeout_ms = settings->websocket_client_timeout_ms;
    return limits;
}

static void signalled(void *arg, int count)
{
    (void)count;
    kdb_server_ask_stop(arg);
}

static kdb_status open_loops(struct kdb_server *server, struct kdb_ctx *ctx)
{
    const struct kdb_settings *settings = server->settings;
    server->pool = kdb_pool_open("worker", (unsigned)processors_unless(settings->execution_workers),
                                 WORKER_QUEUE_MAX);
    server->hashers = kdb_pool_open("hash", (unsigned)settings->auth_max_concurrent_hashes,
                                    (size_t)settings->auth_max_waiting_hashes);
    const struct kdb_api_options options = {.settings = settings,
                                            .services = &server->services,
                                            .issuer = server->issuer,
                                            .passwords = &server->passwords,
                                            .pool = server->pool,
                                            .hashers = server->hashers,
                                            .feed = server->feed,
                                            .directory = server->directory,
                                            .version = KDB_VERSION,
                                            .build_date = KDB_BUILD_DATE};
    server->api = kdb_api_create(&options);
    server->values.api = server->api;
    size_t count = processors_unless(settings->server_workers);
    if (count > KDB_LIVE_LOOPS_MAX) // more processors than anybody could ask for loops
        count = KDB_LIVE_LOOPS_MAX;
    server->values.loop_count = count;
    server->loops = kdb_alloc_array(count, sizeof(struct kdb_loop *));
    for (size_t i = 0; i < count; i++) {
        KDB_TRY(kdb_loop_open(ctx, "loop", &server->loops[i]));
        server->loop_count++;
    }
    // Before the loop runs: later it is its thread's alone.
    return kdb_signals_open(ctx, server->loops[0], signalled, server, &server->signals);
}

// Puts another listener (NULL: none) where signals find it; the one before.
static struct kdb_listener *exchange_listener(struct kdb_server *server,
                                              struct kdb_listener *listener)
{
    (void)pthread_mutex_lock(&server->lock);
    struct kdb_listener *former = server->listener;
    server->listener = listener;
    (void)pthread_mutex_unlock(&server->lock);
    return former;
}

static kdb_status open_listener(struct kdb_server *server, struct kdb_ctx *ctx)
{
    const struct kdb_settings *settings = server->settings;
    struct kdb_listener_target *targets =
        kdb_arena_array(&ctx->arena, server->loop_count, sizeof(*targets));
    for (size_t i = 0; i < server->loop_count; i++) {
        struct kdb_api_loop *part = kdb_api_loop_create(server->api, server->loops[i]);
        targets[i] = (struct kdb_listener_target){server->loops[i], kdb_api_loop_handler(part)};
    }
    for (; server->started_loops < server->loop_count; server->started_loops++)
        KDB_TRY(kdb_loop_start(server->loops[server->started_loops], ctx));
    bool has_certificate = settings->tls_certificate.len > 0;
    if (has_certificate != (settings->tls_private_key.len > 0))
        return kdb_fail(ctx, KDB_ERR_CONFIG,
                        "tls.certificate and tls.private_key belong together: set both or none");
    if (has_certificate)
        KDB_TRY(kdb_tls_open(ctx, text_of(settings->tls_certificate),
                             text_of(settings->tls_private_key), &server->tls));
    const struct kdb_listener_options options = {
        .host = text_of(settings->server_host),
        .port = (uint16_t)settings->server_port,
        .backlog = (int)settings->performance_backlog,
        .limits = http_limits(settings),
        .tls = server->tls,
        .trusted_proxies = settings->security_trusted_proxy_ranges.items,
        .trusted_proxy_count = settings->security_trusted_proxy_ranges.count,
        .targets = targets,
        .target_count = server->loop_count};
    struct kdb_listener *listener;
    KDB_TRY(kdb_listener_open(ctx, &options, &listener));
    (void)exchange_listener(server, listener);
    server->values.listener = listener;
    kdb_api_set_port(server->api, kdb_listener_port(server->listener));
    return KDB_OK;
}

// ---- the whole ----

void kdb_server_ask_stop(struct kdb_server *server)
{
    (void)pthread_mutex_lock(&server->lock);
    server->stop_requests++;
    (void)pthread_cond_broadcast(&server->changed);
    if (server->stop_requests > 1 && server->listener)
        kdb_listener_cut(server->listener);
    (void)pthread_mutex_unlock(&server->lock);
}

static kdb_status start(struct kdb_server *server, struct kdb_ctx *ctx)
{
    KDB_TRY(
        kdb_data_folder_open(ctx, text_of(server->settings->storage_data_path), &server->folder));
    server->system = server_values_tables(&server->values, server->folder.path,
                                          kdb_clock_now_us(kdb_clock_system()));
    KDB_TRY(open_roots(server, ctx));
    KDB_TRY(open_store(server, ctx));
    KDB_TRY(open_committer(server, ctx));
    open_engine(server);
    KDB_TRY(open_catalog(server, ctx));
    KDB_TRY(open_jobs(server, ctx));
    KDB_TRY(open_loops(server, ctx));
    return open_listener(server, ctx);
}

kdb_status kdb_server_start(const struct kdb_settings *settings, struct kdb_ctx *ctx,
                            struct kdb_server **ret_server)
{
    struct kdb_server *server = kdb_alloc(sizeof(*server));
    // A file that may not grow (ulimit -f) is a write that fails, not the end of the process.
    (void)signal(SIGXFSZ, SIG_IGN);
    server->settings = settings;
    server->folder.lock = -1;
    (void)pthread_mutex_init(&server->lock, NULL);
    (void)pthread_cond_init(&server->changed, NULL);
    kdb_snowflake_init(&server->ids, kdb_clock_system(), 0);
    kdb_id_source_init(&server->id_source, kdb_clock_system());
    server->values.settings = settings;
    kdb_status status = start(server, ctx);
    if (status != KDB_OK) {
        kdb_server_close(server);
        return status;
    }
    *ret_server = server;
    return KDB_OK;
}

uint16_t kdb_server_port(const struct kdb_server *server)
{
    return kdb_listener_port(server->listener);
}

bool kdb_server_needs_setup(const struct kdb_server *server)
{
    struct kdb_catalog_snapshot *snapshot = kdb_catalog_acquire(server->catalog);
    const struct kdb_user *root = kdb_catalog_user(snapshot, KDB_LIT("root"));
    bool needs = !root || root->password_hash.len == 0;
    kdb_catalog_release(snapshot);
    return needs;
}

void kdb_server_wait(struct kdb_server *server)
{
    (void)pthread_mutex_lock(&server->lock);
    while (server->stop_requests == 0)
        (void)pthread_cond_wait(&server->changed, &server->lock);
    (void)pthread_mutex_unlock(&server->lock);
    kdb_log_info("server", NULL, "stopping: finishing running statements");
    kdb_listener_drain(server->listener, server->settings->shutdown_timeout_ms);
}

static int64_t job_grace_ms(struct kdb_server *server)
{
    (void)pthread_mutex_lock(&server->lock);
    bool is_forced = server->stop_requests > 1;
    (void)pthread_mutex_unlock(&server->lock);
    return is_forced ? 0 : server->settings->shutdown_flush_timeout_ms;
}

static void close_network(struct kdb_server *server)
{
    kdb_listener_close(exchange_listener(server, NULL));
    // Every request was answered: neither of them has work for the other any more.
    kdb_pool_close(server->pool);
    kdb_pool_close(server->hashers);
    for (size_t i = 0; i < server->started_loops; i++) {
        kdb_loop_stop(server->loops[i]);
        kdb_loop_join(server->loops[i]);
    }
    kdb_signals_close(server->signals);
    kdb_api_destroy(server->api);
    for (size_t i = 0; i < server->loop_count; i++)
        kdb_loop_close(server->loops[i]);
    kdb_free(server->loops);
    kdb_tls_close(server->tls);
}

void kdb_server_close(struct kdb_server *server)
{
    if (!server)
        return;
    close_network(server);
    kdb_jobs_close(server->jobs, job_grace_ms(server));
    kdb_committer_close(server->committer);
    kdb_live_feed_destroy(server->feed);
    kdb_live_directory_destroy(server->directory);
    kdb_partition_cache_destroy(server->cache);
    kdb_streams_destroy(server->streams);
    kdb_partition_registry_destroy(server->partitions);
    kdb_segment_service_destroy(server->segments);
    kdb_engine_destroy(server->engine);
    kdb_token_issuer_destroy(server->issuer);
    kdb_catalog_close(server->catalog);
    kdb_store_close(server->store);
    kdb_data_folder_close(&server->folder);
    for (uint32_t i = 1; i < server->root_count; i++)
        kdb_free((void *)(uintptr_t)server->roots[i]);
    kdb_free(server->roots);
    kdb_free(server->temp_path);
    kdb_id_source_deinit(&server->id_source);
    (void)pthread_mutex_destroy(&server->lock);
    (void)pthread_cond_destroy(&server->changed);
    kdb_free(server);
}
