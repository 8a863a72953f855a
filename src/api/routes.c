// SPDX-License-Identifier: Apache-2.0
// Which path means what; CORS around it; and the parts of each loop.
#include "api/auth_priv.h"
#include "api/rate_limit_priv.h"
#include "api/ws_priv.h"
#include "base/alloc.h"
#include "base/json_write.h"
#include "base/log.h"

struct route {
    enum kdb_http_method method;
    const char *path;
    void (*serve)(struct kdb_api_loop *loop, struct kdb_http_request *request);
};

static const struct route routes[] = {
    {KDB_HTTP_POST, "/v1/api/sql", api_sql},
    {KDB_HTTP_POST, "/api/sql", api_sql},
    {KDB_HTTP_GET, "/v1/ws", ws_open},
    {KDB_HTTP_GET, "/ws", ws_open},
    {KDB_HTTP_POST, "/v1/api/auth/login", api_login},
    {KDB_HTTP_POST, "/v1/api/auth/refresh", api_refresh},
    {KDB_HTTP_POST, "/v1/api/auth/logout", api_logout},
    {KDB_HTTP_GET, "/v1/api/auth/me", api_me},
    {KDB_HTTP_GET, "/v1/api/auth/status", api_auth_status},
    {KDB_HTTP_POST, "/v1/api/auth/setup", api_setup},
    {KDB_HTTP_GET, "/health", api_health},
    {KDB_HTTP_GET, "/v1/api/healthcheck", api_health},
    {KDB_HTTP_GET, "/v1/api/cluster/health", api_cluster_health},
};

struct kdb_catalog_snapshot *api_snapshot(struct kdb_api_loop *loop)
{
    struct kdb_catalog *catalog = loop->api->options.services->catalog;
    if (!loop->snapshot || loop->snapshot->version != kdb_catalog_version(catalog)) {
        kdb_catalog_release(loop->snapshot);
        loop->snapshot = kdb_catalog_acquire(catalog);
    }
    return loop->snapshot;
}

// ---- CORS ----

typedef enum { ORIGIN_REFUSED, ORIGIN_ANY, ORIGIN_LISTED } origin_verdict;

static origin_verdict judge_origin(const struct kdb_settings *settings, kdb_slice origin)
{
    const struct kdb_text_list *allowed = &settings->cors_allowed_origins;
    if (allowed->count == 0)
        return ORIGIN_ANY;
    origin_verdict verdict = ORIGIN_REFUSED;
    for (size_t i = 0; i < allowed->count; i++) {
        if (kdb_slice_equal_nocase(allowed->items[i], origin))
            return ORIGIN_LISTED;
        if (kdb_slice_equal(allowed->items[i], KDB_LIT("*")))
            verdict = ORIGIN_ANY;
    }
    return verdict;
}

bool api_is_origin_allowed(const struct kdb_settings *settings, kdb_slice origin)
{
    return judge_origin(settings, origin) != ORIGIN_REFUSED;
}

bool api_is_origin_own(const struct kdb_settings *settings, kdb_slice origin)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};
    if (judge_origin(settings, origin) == ORIGIN_LISTED)
        return true;
    size_t scheme_end = kdb_slice_find(origin, KDB_LIT("://"), 0);
    if (scheme_end == SIZE_MAX)
        return false;
    kdb_slice rest = kdb_slice_skip(origin, scheme_end + 3);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        kdb_slice host = kdb_slice_cstr(hosts[i]);
        if (rest.len >= host.len &&
            kdb_slice_equal_nocase(kdb_slice_of(rest.data, host.len), host) &&
            (rest.len == host.len || rest.data[host.len] == ':'))
            return true;
    }
    return false;
}

#define CORS_FIELDS 6

// Credentials are for origins the operator has named: with every origin allowed, any page could
// act as whoever is signed in.
static size_t cors_fields(struct kdb_api_loop *loop, const struct kdb_http_request *request,
                          struct kdb_http_field *fields)
{
    const struct kdb_settings *settings = loop->api->options.settings;
    kdb_slice origin = request->known[KDB_HTTP_ORIGIN];
    origin_verdict verdict = origin.data ? judge_origin(settings, origin) : ORIGIN_REFUSED;
    if (verdict == ORIGIN_REFUSED)
        return 0;
    size_t count = 0;
    if (verdict == ORIGIN_ANY) {
        fields[count++] =
            (struct kdb_http_field){KDB_LIT("Access-Control-Allow-Origin"), KDB_LIT("*")};
        return count;
    }
    fields[count++] = (struct kdb_http_field){KDB_LIT("Access-Control-Allow-Origin"), origin};
    fields[count++] = (struct kdb_http_field){KDB_LIT("Vary"), KDB_LIT("Origin")};
    if (settings->cors_allow_credentials)
        fields[count++] =
            (struct kdb_http_field){KDB_LIT("Access-Control-Allow-Credentials"), KDB_LIT("true")};
    return count;
}

static kdb_slice join(struct kdb_arena *arena, const struct kdb_text_list *list)
{
    struct kdb_buf text = {0};
    for (size_t i = 0; i < list->count; i++) {
        kdb_buf_slice(&text, i == 0 ? KDB_LIT("") : KDB_LIT(", "));
        kdb_buf_slice(&text, list->items[i]);
    }
    kdb_slice joined = kdb_arena_copy(arena, kdb_buf_view(&text));
    kdb_buf_deinit(&text);
    return joined;
}

// What a page may send. "*" gives back what it asks for: a literal one would leave out
// Authorization.
static kdb_slice allowed_headers(struct kdb_http_request *request,
                                 const struct kdb_settings *settings)
{
    const struct kdb_text_list *allowed = &settings->cors_allowed_headers;
    for (size_t i = 0; i < allowed->count; i++) {
        if (kdb_slice_equal(allowed->items[i], KDB_LIT("*"))) {
            kdb_slice asked = kdb_http_header(request, KDB_LIT("Access-Control-Request-Headers"));
            return asked.data ? asked : KDB_LIT("*");
        }
    }
    return join(&request->ctx.arena, allowed);
}

static void preflight(struct kdb_api_loop *loop, struct kdb_http_request *request)
{
    const struct kdb_settings *settings = loop->api->options.settings;
    struct kdb_arena *arena = &request->ctx.arena;
    struct kdb_http_field fields[CORS_FIELDS];
    size_t count = cors_fields(loop, request, fields);
    if (count > 0) {
        fields[count++] = (struct kdb_http_field){KDB_LIT("Access-Control-Allow-Methods"),
                                                  join(arena, &settings->cors_allowed_methods)};
        fields[count++] = (struct kdb_http_field){KDB_LIT("Access-Control-Allow-Headers"),
                                                  allowed_headers(request, settings)};
        fields[count++] = (struct kdb_http_field){
            KDB_LIT("Access-Control-Max-Age"),
            kdb_arena_printf(arena, "%lld", (long long)settings->cors_max_age_ms / 1000)};
    }
    const struct kdb_http_response response = {
        .status = 204, .fields = fields, .field_count = count};
    kdb_http_respond(request, &response, NULL);
}

bool api_is_json(kdb_slice content_type)
{
    kdb_slice type = kdb_http_media_type(content_type);
    if (kdb_slice_equal_nocase(type, KDB_LIT("application/json")))
        return true;
    return type.len > 5 &&
           kdb_slice_equal_nocase(kdb_slice_skip(type, type.len - 5), KDB_LIT("+json"));
}

// ---- answering ----

// An id that can stand in a log line and a header: printable, without blanks, not too long.
static bool is_usable_id(kdb_slice id)
{
    if (id.len == 0 || id.len > KDB_REQUEST_ID_BYTES)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        if (id.data[i] <= ' ' || id.data[i] > '~')
            return false;
    }
    return true;
}

const char *api_request_id(struct kdb_api_loop *loop, struct kdb_http_request *request)
{
    char *id = request->ctx.request_id;
    kdb_slice given = request->known[KDB_HTTP_X_REQUEST_ID];
    if (id[0] != '\0')
        return id;
    if (!is_usable_id(given)) {
        kdb_uuid_v7_text(loop->api->options.services->id_source, id);
        return id;
    }
    memcpy(id, given.data, given.len);
    id[given.len] = '\0';
    return id;
}

static void log_answer(struct kdb_api_loop *loop, struct kdb_http_request *request, int status)
{
    char address[KDB_ADDRESS_TEXT_BYTES];
    int64_t took_us = (kdb_monotonic_ns() - request->received_ns) / 1000;
    const struct kdb_log_field fields[] = {
        {"method", kdb_slice_cstr(kdb_http_method_name(request->method)), 0},
        {"path", request->raw_path, 0},
        {"status", {0}, status},
        {"took_us", {0}, took_us},
        {"client", kdb_address_format(&request->client, address), 0},
        {"connection", {0}, (int64_t)request->connection}};
    const struct kdb_log_event event = {.level = KDB_LOG_DEBUG,
                                        .line = __LINE__,
                                        .component = "api",
                                        .request_id = api_request_id(loop, request),
                                        .message = KDB_LIT("request"),
                                        .fields = fields,
                                        .field_count = sizeof(fields) / sizeof(fields[0])};
    kdb_log_event(&event);
}

void api_respond_with(struct kdb_api_loop *loop, struct kdb_http_request *request,
                      const struct kdb_http_response *response, struct kdb_buf *body)
{
    if (kdb_log_is_on(KDB_LOG_DEBUG))
        log_answer(loop, request, response->status);
    bool has_id = request->known[KDB_HTTP_X_REQUEST_ID].data != NULL;
    if (!has_id && !request->known[KDB_HTTP_ORIGIN].data) {
        kdb_http_respond(request, response, body);
        return;
    }
    struct kdb_http_field *fields = kdb_arena_array(
        &request->ctx.arena, response->field_count + CORS_FIELDS + 1, sizeof(*fields));
    if (response->field_count > 0)
        memcpy(fields, response->fields, response->field_count * sizeof(*fields));
    struct kdb_http_response with = *response;
    with.fields = fields;
    with.field_count += cors_fields(loop, request, fields + response->field_count);
    if (has_id)
        fields[with.field_count++] = (struct kdb_http_field){
            KDB_LIT("X-Request-ID"), kdb_slice_cstr(api_request_id(loop, request))};
    kdb_http_respond(request, &with, body);
}

void api_respond(struct kdb_api_loop *loop, struct kdb_http_request *request, int status,
                 struct kdb_buf *body)
{
    const struct kdb_http_response response = {.status = status,
                                               .content_type = KDB_LIT("application/json")};
    api_respond_with(loop, request, &response, body);
}

// ---- routing ----

// `allowed` is what the path does serve, empty when there is no such path.
static void no_route(struct kdb_api_loop *loop, struct kdb_http_request *request,
                     const struct kdb_buf *allowed)
{
    bool has_path = allowed->len > 0;
    struct kdb_buf body = {0};
    KDB_BUF_LIT(&body, "{\"error\":");
    kdb_json_string(&body, has_path ? KDB_LIT("METHOD_NOT_ALLOWED") : KDB_LIT("NOT_FOUND"));
    KDB_BUF_LIT(&body, ",\"message\":");
    kdb_slice message =
        kdb_arena_printf(&request->ctx.arena, "%s %.*s is not served here",
                         kdb_http_method_name(request->method), KDB_ARG(request->path));
    kdb_json_string(&body, message);
    kdb_buf_put(&body, '}');
    const struct kdb_http_field allow = {KDB_LIT("Allow"), kdb_buf_view(allowed)};
    const struct kdb_http_response response = {.status = has_path ? 405 : 404,
                                               .content_type = KDB_LIT("application/json"),
                                               .fields = &allow,
                                               .field_count = has_path ? 1 : 0};
    api_respond_with(loop, request, &response, &body);
    kdb_buf_deinit(&body);
}

static void on_request(void *self, struct kdb_http_request *request)
{
    struct kdb_api_loop *loop = self;
    if (request->method == KDB_HTTP_OPTIONS) {
        preflight(loop, request);
        return;
    }
    struct kdb_buf allowed = {0};
    enum kdb_http_method method = request->method == KDB_HTTP_HEAD ? KDB_HTTP_GET : request->method;
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (!kdb_slice_equal(request->path, kdb_slice_cstr(routes[i].path)))
            continue;
        if (routes[i].method == method) {
            routes[i].serve(loop, request);
            kdb_buf_deinit(&allowed);
            return;
        }
        kdb_buf_printf(&allowed, "%s%s, ", routes[i].method == KDB_HTTP_GET ? "HEAD, " : "",
                       kdb_http_method_name(routes[i].method));
    }
    if (allowed.len > 0)
        KDB_BUF_LIT(&allowed, "OPTIONS");
    no_route(loop, request, &allowed);
    kdb_buf_deinit(&allowed);
}

static void on_close(void *self, struct kdb_http_request *request)
{
    (void)self;
    (void)request; // its ctx is cancelled; the statement notices and is answered as usual
}

// ---- parts ----

static void before_sleep(struct kdb_loop_hook *hook, struct kdb_loop *unused)
{
    (void)unused;
    struct kdb_api_loop *loop =
        (struct kdb_api_loop *)(void *)((char *)hook - offsetof(struct kdb_api_loop, hook));
    if (!loop->first)
        return;
    struct kdb_commit_request *first = loop->first;
    loop->first = NULL;
    loop->last = NULL;
    kdb_commit_send(loop->api->options.services->committer, first);
}

struct kdb_api *kdb_api_create(const struct kdb_api_options *options)
{
    struct kdb_api *api = kdb_alloc(sizeof(*api));
    api->options = *options;
    api->limits = auth_limits_create(options->settings);
    api->queries = rate_limit_create(options->settings->rate_limit_max_queries_per_sec);
    api->replies.max_bytes = (size_t)options->settings->limits_response_budget_bytes;
    api->slow_ns = options->settings->logging_slow_query_threshold_ms * 1000000;
    api->worker_count = kdb_pool_worker_count(options->pool);
    api->workers = kdb_alloc_array(api->worker_count, sizeof(*api->workers));
    for (unsigned i = 0; i < api->worker_count; i++)
        api->workers[i].plans =
            kdb_plan_cache_create((size_t)options->settings->execution_plan_cache_entries,
                                  (size_t)options->settings->execution_plan_cache_bytes);
    return api;
}

void kdb_api_set_port(struct kdb_api *api, uint16_t port)
{
    atomic_store_explicit(&api->port, port, memory_order_relaxed);
}

static void add_plans(struct kdb_plan_cache_stats *sum, const struct kdb_plan_cache *plans)
{
    struct kdb_plan_cache_stats more = kdb_plan_cache_stats(plans);
    sum->count += more.count;
    sum->hits += more.hits;
    sum->misses += more.misses;
}

struct kdb_plan_cache_stats kdb_api_plan_stats(const struct kdb_api *api)
{
    struct kdb_plan_cache_stats sum = {0};
    for (const struct kdb_api_loop *loop = api->loops; loop; loop = loop->next)
        add_plans(&sum, loop->plans);
    for (unsigned i = 0; i < api->worker_count; i++)
        add_plans(&sum, api->workers[i].plans);
    return sum;
}

void kdb_api_destroy(struct kdb_api *api)
{
    if (!api)
        return;
    while (api->loops) {
        struct kdb_api_loop *loop = api->loops;
        api->loops = loop->next;
        ws_loop_destroy(loop->ws);
        kdb_plan_cache_destroy(loop->plans);
        kdb_token_checker_destroy(loop->tokens);
        kdb_catalog_release(loop->snapshot);
        kdb_free(loop);
    }
    for (unsigned i = 0; i < api->worker_count; i++) {
        kdb_plan_cache_destroy(api->workers[i].plans);
        kdb_engine_disconnect(api->workers[i].connection);
    }
    kdb_free(api->workers);
    auth_limits_destroy(api->limits);
    rate_limit_destroy(api->queries);
    kdb_free(api);
}

// Tokens one loop remembers: 10,000 signed-in users at a few hundred bytes each.
#define TOKENS_REMEMBERED 16384

struct kdb_api_loop *kdb_api_loop_create(struct kdb_api *api, struct kdb_loop *loop)
{
    struct kdb_api_loop *part = kdb_alloc(sizeof(*part));
    part->api = api;
    part->loop = loop;
    part->next = api->loops;
    api->loops = part;
    part->plans = kdb_plan_cache_create((size_t)api->options.settings->execution_plan_cache_entries,
                                        (size_t)api->options.settings->execution_plan_cache_bytes);
    part->tokens = kdb_token_checker_create(api->options.issuer, TOKENS_REMEMBERED);
    part->hook.before_sleep = before_sleep;
    kdb_loop_add_hook(loop, &part->hook);
    part->ws = ws_loop_create(part);
    return part;
}

struct kdb_http_handler kdb_api_loop_handler(struct kdb_api_loop *loop)
{
    return (struct kdb_http_handler){on_request, on_close, loop};
}
