// SPDX-License-Identifier: Apache-2.0
// Signing in: login, refresh, logout, me, status and first-run setup (contract: auth endpoints).
//
// Hashing a password takes tens of milliseconds and is done by threads that do nothing else; how
// many there are is a setting. Everything else is answered on the loop.
#include "api/auth_priv.h"

#include "base/civil.h"
#include "base/json_write.h"
#include "exec/accounts.h"

// ---- answers ----

void auth_fail(struct kdb_api_loop *loop, struct kdb_http_request *request, int status,
               const char *code, const char *message)
{
    struct kdb_buf body = {0};
    KDB_BUF_LIT(&body, "{\"error\":");
    kdb_json_string(&body, kdb_slice_cstr(code));
    KDB_BUF_LIT(&body, ",\"message\":");
    kdb_json_string(&body, kdb_slice_cstr(message));
    kdb_buf_put(&body, '}');
    api_respond(loop, request, status, &body);
    kdb_buf_deinit(&body);
}

// A body that is no such message: plain text, as the contract has it. 400, or 413 for its size.
static void refuse_body(struct kdb_api_loop *loop, struct kdb_http_request *request, int status,
                        const char *why)
{
    struct kdb_buf body = {0};
    kdb_buf_printf(&body, "Json deserialize error: %s", why);
    const struct kdb_http_response response = {.status = status,
                                               .content_type = KDB_LIT("text/plain")};
    api_respond_with(loop, request, &response, &body);
    kdb_buf_deinit(&body);
}

static void bad_body(struct kdb_api_loop *loop, struct kdb_http_request *request, const char *why)
{
    refuse_body(loop, request, 400, why);
}

static void write_time(struct kdb_buf *out, int64_t us)
{
    char text[KDB_CIVIL_TEXT_BYTES];
    size_t len = kdb_civil_format_ms(us, text);
    kdb_json_string(out, kdb_slice_of(text, len));
}

static void write_user(struct kdb_buf *out, const struct kdb_user *user)
{
    KDB_BUF_LIT(out, "{\"id\":");
    kdb_json_string(out, user->id);
    kdb_buf_printf(out, ",\"role\":\"%s\",\"email\":", kdb_role_name(user->role));
    if (user->email.data)
        kdb_json_string(out, user->email);
    else
        kdb_json_null(out);
    KDB_BUF_LIT(out, ",\"created_at\":");
    write_time(out, user->created_at_us);
    KDB_BUF_LIT(out, ",\"updated_at\":");
    write_time(out, user->updated_at_us);
    kdb_buf_put(out, '}');
}

// ---- tokens and cookies ----

// "Mon, 04 May 2026 10:00:00 GMT" (RFC 9110).
static kdb_slice http_date(struct kdb_arena *arena, int64_t at_s)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct kdb_civil at;
    kdb_civil_from_us(at_s * 1000000, &at);
    return kdb_arena_printf(arena, "%s, %02d %s %04lld %02d:%02d:%02d GMT",
                            days[kdb_civil_weekday(at_s / 86400)], at.day, months[at.month - 1],
                            (long long)at.year, at.hour, at.minute, at.second);
}

static kdb_slice cookie(struct auth_request *auth, const char *name, kdb_slice value,
                        int64_t expires_at_s)
{
    struct kdb_http_request *http = auth->http;
    bool is_secure = auth->loop->api->options.settings->auth_cookie_secure && http->is_tls;
    kdb_slice expires = http_date(&http->ctx.arena, expires_at_s);
    return kdb_arena_printf(&http->ctx.arena,
                            "%s=%.*s; Path=/; Expires=%.*s; HttpOnly; SameSite=Strict%s", name,
                            KDB_ARG(value), KDB_ARG(expires), is_secure ? "; Secure" : "");
}

static void answer_tokens(struct auth_request *auth, const struct kdb_user *user)
{
    struct kdb_http_request *http = auth->http;
    const struct kdb_token_issuer *issuer = auth->loop->api->options.issuer;
    kdb_slice access;
    kdb_slice refresh;
    int64_t access_s;
    int64_t refresh_s;
    if (kdb_token_issue(issuer, &http->ctx, user, KDB_TOKEN_ACCESS, &access, &access_s) != KDB_OK ||
        kdb_token_issue(issuer, &http->ctx, user, KDB_TOKEN_REFRESH, &refresh, &refresh_s) !=
            KDB_OK) {
        auth_fail(auth->loop, http, 500, "internal_error", "Authentication failed");
        return;
    }
    struct kdb_buf body = {0};
    KDB_BUF_LIT(&body, "{\"user\":");
    write_user(&body, user);
    kdb_buf_printf(&body, ",\"admin_ui_access\":%s,\"expires_at\":",
                   kdb_role_is_admin(user->role) ? "true" : "false");
    write_time(&body, access_s * 1000000);
    KDB_BUF_LIT(&body, ",\"access_token\":");
    kdb_json_string(&body, access);
    KDB_BUF_LIT(&body, ",\"refresh_token\":");
    kdb_json_string(&body, refresh);
    KDB_BUF_LIT(&body, ",\"refresh_expires_at\":");
    write_time(&body, refresh_s * 1000000);
    kdb_buf_put(&body, '}');
    const struct kdb_http_field fields[] = {
        {KDB_LIT("Set-Cookie"), cookie(auth, "kalamdb_auth", access, access_s)},
        {KDB_LIT("Set-Cookie"), cookie(auth, "kalamdb_refresh", refresh, refresh_s)},
        {KDB_LIT("Cache-Control"), KDB_LIT("no-store")}};
    const struct kdb_http_response response = {.status = 200,
                                               .content_type = KDB_LIT("application/json"),
                                               .fields = fields,
                                               .field_count = 3};
    api_respond_with(auth->loop, http, &response, &body);
    kdb_buf_deinit(&body);
}

// The value of a cookie; null slice when it is not sent.
static kdb_slice find_cookie(const struct kdb_http_request *request, const char *name)
{
    kdb_slice rest = request->known[KDB_HTTP_COOKIE];
    kdb_slice wanted = kdb_slice_cstr(name);
    while (rest.len > 0) {
        size_t end = kdb_slice_find(rest, KDB_LIT(";"), 0);
        kdb_slice pair = kdb_slice_trim(kdb_slice_of(rest.data, end == SIZE_MAX ? rest.len : end));
        if (pair.len > wanted.len && pair.data[wanted.len] == '=' &&
            kdb_slice_has_prefix(pair, wanted))
            return kdb_slice_skip(pair, wanted.len + 1);
        rest = end == SIZE_MAX ? (kdb_slice){0} : kdb_slice_skip(rest, end + 1);
    }
    return (kdb_slice){0};
}

static const char *invalid(kdb_token_verdict verdict, bool wants_refresh)
{
    if (verdict == KDB_TOKEN_LACKS_CLAIMS)
        return "Token is missing required claims";
    if (verdict == KDB_TOKEN_WRONG_KIND && wants_refresh)
        return "Refresh endpoint requires a refresh token";
    return "Invalid credentials";
}

// The user a token of this kind stands for, from the header or a cookie; answers and returns NULL
// when there is none.
static const struct kdb_user *user_of_token(struct auth_request *auth, kdb_token_kind kind,
                                            const char *cookie_name, bool prefers_cookie)
{
    struct kdb_http_request *http = auth->http;
    kdb_slice header = http->known[KDB_HTTP_AUTHORIZATION];
    kdb_slice token = find_cookie(http, cookie_name);
    bool has_header = header.data && header.len > 0;
    if (has_header && !(prefers_cookie && token.data)) {
        if (header.len < 7 ||
            !kdb_slice_equal_nocase(kdb_slice_of(header.data, 7), KDB_LIT("Bearer "))) {
            auth_fail(auth->loop, http, 401, "unauthorized",
                      "Authorization header must use Bearer token");
            return NULL;
        }
        token = kdb_slice_trim(kdb_slice_skip(header, 7));
    }
    bool wants_refresh = kind == KDB_TOKEN_REFRESH;
    if (!token.data) {
        auth_fail(auth->loop, http, 401, "unauthorized",
                  wants_refresh ? "No refresh token found" : "No auth token found");
        return NULL;
    }
    struct kdb_token_claims claims;
    kdb_token_verdict verdict = kdb_token_check(auth->loop->tokens, token, kind, &claims);
    if (verdict != KDB_TOKEN_VALID) {
        auth_fail(auth->loop, http, 401, "unauthorized", invalid(verdict, wants_refresh));
        return NULL;
    }
    const struct kdb_user *user = kdb_catalog_user(api_snapshot(auth->loop), claims.user);
    if (!user || user->deleted_at_us != 0) {
        auth_fail(auth->loop, http, 401, "unauthorized",
                  wants_refresh ? "User no longer valid" : "Invalid credentials");
        return NULL;
    }
    if (user->role != claims.role) {
        auth_fail(auth->loop, http, 401, "unauthorized",
                  wants_refresh ? "Token role does not match user role" : "Invalid credentials");
        return NULL;
    }
    return user;
}

// ---- bodies ----

struct field {
    const char *name;
    kdb_slice *to;
    size_t bytes_max;
    bool is_required;
    bool may_be_null;
};

static void bad_field(struct auth_request *auth, const char *what, kdb_slice name)
{
    kdb_slice why = kdb_arena_printf(&auth->http->ctx.arena, "%s `%.*s`", what, KDB_ARG(name));
    bad_body(auth->loop, auth->http, why.data);
}

static bool read_object(struct auth_request *auth, const struct kdb_json **ret_root)
{
    struct kdb_http_request *http = auth->http;
    size_t size_max = (size_t)auth->loop->api->options.settings->security_max_request_body_bytes;
    const struct kdb_json_limits limits = {.size_max = size_max, .depth_max = 4};
    const char *why = NULL;
    if (!api_is_json(http->known[KDB_HTTP_CONTENT_TYPE]))
        why = "Content-Type must be application/json";
    else if (kdb_json_parse(&http->ctx, http->body, &limits, ret_root) != KDB_OK)
        why = http->ctx.error.message;
    else if ((*ret_root)->type != KDB_JSON_OBJECT)
        why = "expected an object";
    if (!why)
        return true;
    refuse_body(auth->loop, http, http->body.len > size_max ? 413 : 400, why);
    return false;
}

// Reads an object that has these string fields and no others.
static bool read_fields(struct auth_request *auth, const struct field *fields, size_t count)
{
    const struct kdb_json *root;
    if (!read_object(auth, &root))
        return false;
    for (const struct kdb_json *at = root->first; at; at = at->next) {
        size_t i = 0;
        while (i < count && !kdb_slice_equal(at->name, kdb_slice_cstr(fields[i].name)))
            i++;
        bool is_null = i < count && fields[i].may_be_null && at->type == KDB_JSON_NULL;
        if (i == count || (!is_null && at->type != KDB_JSON_STRING) ||
            at->text.len > fields[i].bytes_max) {
            bad_field(auth, i == count ? "unknown field" : "invalid value for field", at->name);
            return false;
        }
        if (!is_null)
            *fields[i].to = at->text;
    }
    for (size_t i = 0; i < count; i++) {
        if (fields[i].is_required && !fields[i].to->data) {
            bad_field(auth, "missing field", kdb_slice_cstr(fields[i].name));
            return false;
        }
    }
    return true;
}

static struct auth_request *begin(struct kdb_api_loop *loop, struct kdb_http_request *request)
{
    struct auth_request *auth = KDB_ARENA_NEW(&request->ctx.arena, struct auth_request);
    auth->loop = loop;
    auth->http = request;
    return auth;
}

// Gives the request to the threads that hash; its turn may take a while.
static void submit(struct auth_request *auth, void (*work)(void *arg, unsigned thread_index),
                   void (*finish)(struct kdb_loop_task *task, struct kdb_loop *loop))
{
    auth->job.fn = work;
    auth->job.arg = auth;
    auth->task.run = finish;
    if (!kdb_pool_submit(auth->loop->api->options.hashers, &auth->job))
        auth_fail(auth->loop, auth->http, 503, "overloaded",
                  "Too many sign-ins are waiting, try again later");
}

// ---- login ----

static void login_work(void *arg, unsigned thread_index)
{
    (void)thread_index;
    struct auth_request *auth = arg;
    const struct kdb_api_options *options = &auth->loop->api->options;
    auth->is_match = kdb_password_matches(options->passwords, auth->password_hash, auth->password);
    kdb_loop_post(auth->loop->loop, &auth->task);
}

static struct auth_request *of_task(struct kdb_loop_task *task)
{
    return (struct auth_request *)(void *)((char *)task - offsetof(struct auth_request, task));
}

static void answer_locked(struct auth_request *auth, int64_t left_ms)
{
    kdb_slice message =
        kdb_arena_printf(&auth->http->ctx.arena,
                         "Account is locked after too many failed sign-ins; try again in %lld "
                         "minute(s)",
                         (long long)((left_ms + 59999) / 60000));
    auth_fail(auth->loop, auth->http, 401, "account_locked", message.data);
}

static void login_finish(struct kdb_loop_task *task, struct kdb_loop *loop)
{
    (void)loop;
    struct auth_request *auth = of_task(task);
    const struct kdb_user *user = kdb_catalog_user(api_snapshot(auth->loop), auth->user);
    bool is_right = auth->is_match && user && user->deleted_at_us == 0;
    int64_t now_ms = kdb_clock_now_ms(auth->loop->api->options.services->clock);
    int64_t left_ms = api_lockout_note(auth->loop->api, auth->user, is_right, now_ms);
    if (left_ms > 0)
        answer_locked(auth, left_ms);
    else if (is_right)
        answer_tokens(auth, user);
    else
        auth_fail(auth->loop, auth->http, 401, "unauthorized", "Invalid credentials");
}

static bool is_locked(struct auth_request *auth)
{
    int64_t now_ms = kdb_clock_now_ms(auth->loop->api->options.services->clock);
    int64_t left_ms = api_lockout_left_ms(auth->loop->api, auth->user, now_ms);
    if (left_ms > 0)
        answer_locked(auth, left_ms);
    return left_ms > 0;
}

static bool exceeds_rate(struct kdb_api_loop *loop, struct kdb_http_request *request)
{
    if (api_auth_rate_allows(loop->api, &request->client))
        return false;
    auth_fail(loop, request, 429, "rate_limited",
              "Too many authentication attempts. Please retry shortly.");
    return true;
}

void api_login(struct kdb_api_loop *loop, struct kdb_http_request *request)
{
    if (exceeds_rate(loop, request))
        return;
    struct auth_request *auth = begin(loop, request);
    const struct field fields[] = {
        {"user", &auth->user, KDB_LIMIT_LOGIN_USER_BYTES, false, false},
        {"username", &auth->user, KDB_LIMIT_LOGIN_USER_BYTES, false, false},
        {"password", &auth->password, KDB_LIMIT_LOGIN_PASSWORD_BYTES, true, false}};
    if (!read_fields(auth, fields, 3))
        return;
    if (!auth->user.data) {
        bad_body(loop, request, "missing field `user`");
        return;
    }
    if (is_locked(auth))
        return;
    const struct kdb_user *user = kdb_catalog_user(api_snapshot(loop), auth->user);
    bool is_root = kdb_slice_equal(auth->user, KDB_LIT("root"));
    if (is_root && user && user->password_hash.len == 0 && auth->password.len == 0) {
        auth_fail(loop, request, 428, "setup_required",
                  "The server requires initial setup: Root password is not set. POST "
                  "/v1/api/auth/setup");
        return;
    }
    bool has_password = user && user->deleted_at_us == 0 && user->password_hash.len > 0;
    auth->password_hash =
        has_password ? kdb_arena_copy(&request->ctx.arena, user->password_hash) : KDB_LIT("");
    submit(auth, login_work, login_finish);
}

// ---- the small ones ----

void api_refresh(struct kdb_api_loop *loop, struct kdb_http_request *request)
{
    if (exceeds_rate(loop, request))
        return;
    struct auth_request *auth = begin(loop, request);
    const struct kdb_user *user = user_of_token(auth, KDB_TOKEN_REFRESH, "kalamdb_refresh", true);
    if (user)
        answer_tokens(auth, user);
}

void api_logout(struct kdb_api_loop *loop, struct kdb_http_request *request)
{
    struct auth_request *auth = begin(loop, request);
    const struct kdb_http_field fields[] = {
        {KDB_LIT("Set-Cookie"), cookie(auth, "kalamdb_auth", KDB_LIT(""), 0)},
        {KDB_LIT("Set-Cookie"), cookie(auth, "kalamdb_refresh", KDB_LIT(""), 0)}};
    const struct kdb_http_response response = {.status = 200,
                                               .content_type = KDB_LIT("application/json"),
                                               .fields = fields,
                                               .field_count = 2};
    struct kdb_buf body = {0};
    KDB_BUF_LIT(&body, "{\"message\":\"Logged out successfully\"}");
    api_respond_with(loop, request, &response, &body);
    kdb_buf_deinit(&body);
}

void api_me(struct kdb_api_loop *loop, struct kdb_http_request *request)
{
    struct auth_request *auth = begin(loop, request);
    const struct kdb_user *user = user_of_token(auth, KDB_TOKEN_ACCESS, "kalamdb_auth", false);
    if (!user)
        return;
    struct kdb_buf body = {0};
    KDB_BUF_LIT(&body, "{\"user\":");
    write_user(&body, user);
    kdb_buf_printf(&body, ",\"admin_ui_access\":%s}",
                   kdb_role_is_admin(user->role) ? "true" : "false");
    api_respond(loop, request, 200, &body);
    kdb_buf_deinit(&body);
}

// Setup and its status are for the machine's own user unless the operator says otherwise. A page
// from elsewhere in this user's browser is not this user, although its requests come from here.
static bool refuse_remote(struct kdb_api_loop *loop, struct kdb_http_request *request)
{
    const struct kdb_settings *settings = loop->api->options.settings;
    kdb_slice origin = request->known[KDB_HTTP_ORIGIN];
    if (settings->auth_allow_remote_setup)
        return false;
    if (!request->is_localhost)
        auth_fail(loop, request, 403, "forbidden",
                  "Setup is only allowed from localhost (auth.allow_remote_setup)");
    else if (origin.data && !api_is_origin_own(settings, origin))
        auth_fail(loop, request, 403, "forbidden",
                  "Setup is only allowed to pages of this machine and of origins that are named "
                  "(security.cors.allowed_origins)");
    else
        return false;
    return true;
}

static bool needs_setup(struct kdb_api_loop *loop)
{
    const struct kdb_user *root = kdb_catalog_user(api_snapshot(loop), KDB_LIT("root"));
    return !root || root->password_hash.len == 0;
}

void api_auth_status(struct kdb_api_loop *loop, struct kdb_http_request *request)
{
    if (refuse_remote(loop, request))
        return;
    bool needs = needs_setup(loop);
    struct kdb_buf body = {0};
    kdb_buf_printf(&body, "{\"needs_setup\":%s,\"message\":\"%s\"}", needs ? "true" : "false",
                   needs ? "Server requires initial setup: POST /v1/api/auth/setup"
                         : "Server is configured and ready.");
    api_respond(loop, request, 200, &body);
    kdb_buf_deinit(&body);
}

// ---- setup ----

static void setup_work(void *arg, unsigned thread_index)
{
    (void)thread_index;
    struct auth_request *auth = arg;
    struct kdb_ctx *ctx = &auth->http->ctx;
    const struct kdb_account_setup setup = {.user = auth->user,
                                            .password = auth->password,
                                            .root_password = auth->root_password,
                                            .email = auth->email};
    auth->setup_outcome = kdb_accounts_setup(auth->loop->api->options.services, ctx, &setup);
    kdb_loop_post(auth->loop->loop, &auth->task);
}

static void setup_finish(struct kdb_loop_task *task, struct kdb_loop *unused)
{
    (void)unused;
    static const struct {
        int status;
        const char *code;
    } failures[] = {[KDB_SETUP_ALREADY] = {409, "already_configured"},
                    [KDB_SETUP_WEAK_PASSWORD] = {400, "weak_password"},
                    [KDB_SETUP_INVALID_USER] = {400, "invalid_user"},
                    [KDB_SETUP_USER_EXISTS] = {409, "user_exists"},
                    [KDB_SETUP_FAILED] = {500, "internal_error"}};
    struct auth_request *auth = of_task(task);
    struct kdb_api_loop *loop = auth->loop;
    if (auth->setup_outcome != KDB_SETUP_DONE) {
        const char *message = auth->setup_outcome == KDB_SETUP_FAILED
                                  ? "Setup failed"
                                  : auth->http->ctx.error.message;
        auth_fail(loop, auth->http, failures[auth->setup_outcome].status,
                  failures[auth->setup_outcome].code, message);
        return;
    }
    struct kdb_buf body = {0};
    KDB_BUF_LIT(&body, "{\"user\":");
    write_user(&body, kdb_catalog_user(api_snapshot(loop), auth->user));
    KDB_BUF_LIT(&body, ",\"message\":\"Setup complete. Sign in with the new account.\"}");
    api_respond(loop, auth->http, 200, &body);
    kdb_buf_deinit(&body);
}

void api_setup(struct kdb_api_loop *loop, struct kdb_http_request *request)
{
    if (refuse_remote(loop, request) || exceeds_rate(loop, request))
        return;
    struct auth_request *auth = begin(loop, request);
    const struct field fields[] = {{"user", &auth->user, 1024, false, false},
                                   {"username", &auth->user, 1024, false, false},
                                   {"password", &auth->password, 4096, true, false},
                                   {"root_password", &auth->root_password, 4096, true, false},
                                   {"email", &auth->email, 1024, false, true}};
    if (!read_fields(auth, fields, 5))
        return;
    if (!auth->user.data) {
        bad_body(loop, request, "missing field `user`");
        return;
    }
    if (!needs_setup(loop)) {
        auth_fail(loop, request, 409, "already_configured",
                  "The server is set up already: root has a password");
        return;
    }
    submit(auth, setup_work, setup_finish);
}
