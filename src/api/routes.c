// SPDX-License-Identifier: Apache-2.0
// Which path means what; CORS around it; and the parts of each loop.
#include "api/auth_priv.h"
#include "api/ws_priv.h"
#include "base/alloc.h"
#include "base/json_write.h"

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

bool api_is_origin_allowed(const struct kdb_settings *settings, kdb_slice origin)
{
    const struct kdb_text_list *allowed = &settings->cors_allowed_origins;
    if (allowed->count == 0)
        return true;
    for (size_t i = 0; i < allowed->count; i++) {
        if (kdb_slice_equal(allowed->items[i], KDB_LIT("*")) ||
            kdb_slice_equal_nocase(allowed->items[i], origin))
            return true;
    }
    return false;
}

#define CORS_FIELDS 6

static size_t cors_fields(struct kdb_api_loop *loop, const struct kdb_http_request *request,
                          struct kdb_http_field *fields)
{
    const struct kdb_settings *settings = loop->api->options.settings;
    kdb_slice origin = request->known[KDB_HTTP_ORIGIN];
    if (!origin.data || !api_is_origin_allowed(settings, origin))
        return 0;
    size_t count = 0;
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
                                                  join(arena, &settings->cors_allowed_headers)};
        fields[count++] = (struct kdb_http_field){
            KDB_LIT("Access-Control-Max-Age"),
            kdb_arena_printf(arena, "%lld", (long long)settings->cors_max_age_ms / 1000)};
    }
    const struct kdb_http_response response = {
        .status = 204, .fields = fields, .field_count = count};
    kdb_http_respond(request, &response, NULL);
}

void api_respond_with(struct kdb_api_loop *loop, struct kdb_http_request *request,
                      const struct kdb_http_response *response, struct kdb_buf *body)
{
    if (!request->known[KDB_HTTP_ORIGIN].data) {
        kdb_http_respond(request, response, body);
        return;
    }
    struct kdb_http_field *fields =
        kdb_arena_array(&request->ctx.arena, response->field_count + CORS_FIELDS, sizeof(*fields));
    if (response->field_count > 0)
        memcpy(fields, response->fields, response->field_count * sizeof(*fields));
    struct kdb_http_response with = *response;
    with.fields = fields;
    with.field_count += cors_fields(loop, request, fields + response->field_count);
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

static void no_route(struct kdb_api_loop *loop, struct kdb_http_request *request, bool has_path)
{
    struct kdb_buf body = {0};
    KDB_BUF_LIT(&body, "{\"error\":");
    kdb_json_string(&body, has_path ? KDB_LIT("METHOD_NOT_ALLOWED") : KDB_LIT("NOT_FOUND"));
    KDB_BUF_LIT(&body, ",\"message\":");
    kdb_slice message =
        kdb_arena_printf(&request->ctx.arena, "%s %.*s is not served here",
                         kdb_http_method_name(request->method), KDB_ARG(request->path));
    kdb_json_string(&body, message);
    kdb_buf_put(&body, '}');
    api_respond(loop, request, has_path ? 405 : 404, &body);
    kdb_buf_deinit(&body);
}

static void on_request(void *self, struct kdb_http_request *request)
{
    struct kdb_api_loop *loop = self;
    if (request->method == KDB_HTTP_OPTIONS) {
        preflight(loop, request);
        return;
    }
    bool has_path = false;
    enum kdb_http_method method = request->method == KDB_HTTP_HEAD ? KDB_HTTP_GET : request->method;
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (!kdb_slice_equal(request->path, kdb_slice_cstr(routes[i].path)))
            continue;
        has_path = true;
        if (routes[i].method == method) {
            routes[i].serve(loop, request);
            return;
        }
    }
    no_route(loop, request, has_path);
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
    api->worker_count = kdb_pool_worker_count(options->pool);
    api->workers = kdb_alloc_array(api->worker_count, sizeof(*api->workers));
    for (unsigned i = 0; i < api->worker_count; i++)
        api->workers[i].plans =
            kdb_plan_cache_create((size_t)options->settings->execution_plan_cache_entries);
    return api;
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
    part->plans =
        kdb_plan_cache_create((size_t)api->options.settings->execution_plan_cache_entries);
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
