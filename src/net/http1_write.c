// SPDX-License-Identifier: Apache-2.0
// Answers: heads and small bodies gathered into one run of bytes, large bodies moved in as they
// are.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "net/http1_priv.h"

enum {
    node_bytes_max = 64 * 1024,   // a node that is appended to does not grow beyond
    copied_body_bytes = 16 * 1024 // a body up to this is copied behind its head
};

static struct kdb_http1_node *add_node(struct kdb_http1 *http)
{
    struct kdb_http1_node *node = net_node_take(http->env);
    *(http->out_last ? &http->out_last->next : &http->out_first) = node;
    http->out_last = node;
    return node;
}

// Where to append `size` bytes.
static struct kdb_buf *tail(struct kdb_http1 *http, size_t size)
{
    struct kdb_http1_node *last = http->out_last;
    if (last && !last->is_sealed && last->buf.len + size <= node_bytes_max)
        return &last->buf;
    return &add_node(http)->buf;
}

// Rebuilds the date and the prefix of the most frequent answer, at most once per second.
static void refresh_prefix(struct kdb_http1_env *env)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (env->prefix_made_ms != 0 && env->now_ms - env->prefix_made_ms < 1000)
        return;
    env->prefix_made_ms = env->now_ms;
    time_t seconds = (time_t)(kdb_clock_now_ms(env->clock) / 1000);
    struct tm tm;
    int len = 0;
    if (gmtime_r(&seconds, &tm))
        len =
            snprintf(env->date, sizeof(env->date), "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
                     days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
                     tm.tm_min, tm.tm_sec);
    KDB_ASSERT(len >= 0 && (size_t)len < sizeof(env->date));
    env->date_len = (size_t)len;
    len = snprintf(env->json_prefix, sizeof(env->json_prefix),
                   "HTTP/1.1 200 OK\r\n%.*sContent-Type: application/json\r\nContent-Length: ",
                   (int)env->date_len, env->date);
    KDB_ASSERT(len > 0 && (size_t)len < sizeof(env->json_prefix));
    env->json_prefix_len = (size_t)len;
}

// A header line. Control bytes become blanks: whatever a value was made from, it cannot begin
// another header.
static void append_field(struct kdb_buf *buf, kdb_slice name, kdb_slice value)
{
    kdb_buf_slice(buf, name);
    KDB_BUF_LIT(buf, ": ");
    char *at = kdb_buf_reserve(buf, value.len);
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.data[i];
        at[i] = c < 0x20 || c == 0x7F ? ' ' : (char)c;
    }
    kdb_buf_advance(buf, value.len);
    KDB_BUF_LIT(buf, "\r\n");
}

static bool has_no_content(int status)
{
    return status == 204 || status == 304;
}

static void append_head(struct kdb_http1 *http, struct kdb_buf *buf, bool is_http10,
                        const struct kdb_http_response *response, size_t body_len)
{
    struct kdb_http1_env *env = http->env;
    refresh_prefix(env);
    if (response->status == 200 &&
        kdb_slice_equal(response->content_type, KDB_LIT("application/json"))) {
        kdb_buf_append(buf, env->json_prefix, env->json_prefix_len);
        kdb_buf_i64(buf, (int64_t)body_len);
        KDB_BUF_LIT(buf, "\r\n");
    } else {
        kdb_buf_printf(buf, "HTTP/1.1 %d %s\r\n", response->status,
                       kdb_http_reason(response->status));
        kdb_buf_append(buf, env->date, env->date_len);
        if (response->content_type.data)
            append_field(buf, KDB_LIT("Content-Type"), response->content_type);
        if (!has_no_content(response->status))
            kdb_buf_printf(buf, "Content-Length: %zu\r\n", body_len);
    }
    for (size_t i = 0; i < response->field_count; i++)
        append_field(buf, response->fields[i].name, response->fields[i].value);
    if (http->must_close)
        KDB_BUF_LIT(buf, "Connection: close\r\n");
    else if (is_http10)
        KDB_BUF_LIT(buf, "Connection: keep-alive\r\n");
    KDB_BUF_LIT(buf, "\r\n");
}

static void give_back(const struct kdb_http_response *response)
{
    if (response->budget)
        kdb_budget_give(response->budget, response->budget_bytes);
}

void net_http1_write_response(struct kdb_http1 *http, const struct kdb_http1_slot *slot,
                              const struct kdb_http_response *response, struct kdb_buf *body)
{
    bool is_head = slot && slot->has_head && slot->request.method == KDB_HTTP_HEAD;
    bool is_http10 = slot && slot->is_http10;
    bool has_body = body && body->len > 0 && !is_head && !has_no_content(response->status);
    bool is_copied = has_body && body->len <= copied_body_bytes;
    struct kdb_buf *buf = tail(http, 512 + (is_copied ? body->len : 0));
    size_t before = buf->len;
    append_head(http, buf, is_http10, response, body ? body->len : 0);
    if (is_copied)
        kdb_buf_slice(buf, kdb_buf_view(body));
    http->out_bytes += buf->len - before;
    if (has_body && !is_copied) {
        struct kdb_http1_node *node = add_node(http);
        kdb_buf_deinit(&node->buf);
        node->buf = *body;
        node->is_sealed = true;
        node->budget = response->budget;
        node->budget_bytes = response->budget_bytes;
        http->out_bytes += body->len;
        *body = (struct kdb_buf){.limit = body->limit};
    } else {
        give_back(response);
    }
    if (body)
        kdb_buf_clear(body);
}

void net_http1_write_continue(struct kdb_http1 *http)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    kdb_buf_append(tail(http, sizeof(text)), text, sizeof(text) - 1);
    http->out_bytes += sizeof(text) - 1;
}

void net_http1_write_refusal(struct kdb_http1 *http, const struct net_refusal *refusal,
                             const char *members, int64_t retry_after_s)
{
    char seconds[24];
    (void)snprintf(seconds, sizeof(seconds), "%lld", (long long)retry_after_s);
    struct kdb_http_field fields[2] = {
        {KDB_LIT("Retry-After"), kdb_slice_cstr(seconds)},
        {KDB_LIT("X-RateLimit-Reset"), kdb_slice_cstr(seconds)},
    };
    struct kdb_http_response response = {
        .status = refusal->status,
        .content_type = KDB_LIT("application/json"),
        .fields = fields,
        .field_count = retry_after_s == 0       ? 0
                       : refusal->status == 429 ? 2
                                                : 1,
    };
    struct kdb_buf body = {0};
    kdb_buf_printf(&body, "{\"error\":\"%s\",\"message\":\"%s\"%s}", refusal->error,
                   refusal->message, members);
    net_http1_write_response(http, http->slot, &response, &body);
    kdb_buf_deinit(&body);
    atomic_fetch_add_explicit(&http->env->totals->refused, 1, memory_order_relaxed);
}

void kdb_http_respond(struct kdb_http_request *request, const struct kdb_http_response *response,
                      struct kdb_buf *body)
{
    struct kdb_http1_slot *slot = (struct kdb_http1_slot *)request;
    struct kdb_http1 *http = slot->http;
    if (!http) {
        give_back(response);
        if (body)
            kdb_buf_clear(body);
        slot->next = slot->env->left_slots;
        slot->env->left_slots = slot;
        return;
    }
    KDB_ASSERT(http->slot == slot && http->phase == KDB_HTTP1_ANSWERING && !http->has_answer);
    http->must_close = response->must_close || !slot->keeps_alive || slot->env->is_stopping ||
                       slot->env->limits->idle_timeout_ms == 0;
    net_http1_write_response(http, slot, response, body);
    http->has_answer = true;
    if (!http->is_in_handler)
        http->wake(http->wake_arg);
}

void net_http1_take_over(struct kdb_http1_slot *slot, struct kdb_ws *ws)
{
    struct kdb_http1 *http = slot->http;
    KDB_ASSERT(http && http->slot == slot && http->phase == KDB_HTTP1_ANSWERING &&
               !http->has_answer);
    http->ws = ws;
    http->must_close = false;
    http->has_answer = true;
    if (!http->is_in_handler)
        http->wake(http->wake_arg);
}

void kdb_http_respond_json(struct kdb_http_request *request, int status, struct kdb_buf *body)
{
    struct kdb_http_response response = {.status = status,
                                         .content_type = KDB_LIT("application/json")};
    kdb_http_respond(request, &response, body);
}

size_t kdb_http1_output(struct kdb_http1 *http, kdb_slice *pieces, size_t max)
{
    size_t count = 0;
    for (struct kdb_http1_node *node = http->out_first; node && count < max; node = node->next) {
        node->is_sealed = true;
        pieces[count++] = (kdb_slice){node->buf.data + node->sent, node->buf.len - node->sent};
    }
    return count;
}

void kdb_http1_sent(struct kdb_http1 *http, size_t len)
{
    KDB_ASSERT(len <= http->out_bytes);
    http->out_bytes -= len;
    while (http->out_first) {
        struct kdb_http1_node *node = http->out_first;
        size_t rest = node->buf.len - node->sent;
        if (len < rest) {
            node->sent += len;
            return;
        }
        len -= rest;
        http->out_first = node->next;
        if (!node->next)
            http->out_last = NULL;
        net_node_give(http->env, node);
    }
    if (http->phase == KDB_HTTP1_DRAINING)
        http->since_ms = http->env->now_ms;
}
