// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 without sockets: every split of the input gives the same requests and answers; bad input
// is refused.
#include "net/http1.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/test.h"
#include "net/guard.h"

static int64_t fixed_time(void *self)
{
    (void)self;
    return 784111777000000; // Sun, 06 Nov 1994 08:49:37 GMT
}

static const struct kdb_clock clock_1994 = {.now_us = fixed_time};

// A connection whose handler writes down what it was asked and answers "ok" and the number of the
// request.
struct rig {
    struct kdb_http_limits limits;
    struct kdb_http1_totals totals;
    struct kdb_http1_env env;
    struct kdb_http1 http;
    struct kdb_buf seen;               // one line per request
    struct kdb_buf out;                // everything sent
    struct kdb_http_request *waiting;  // not answered yet, when is_later
    int count;                         // requests
    int closed;                        // on_close calls
    int woken;                         // wake calls
    bool is_later;                     // the handler answers later
    size_t answer_bytes;               // instead of "ok", so many 'x'
    struct kdb_http_response response; // status 0: 200 with JSON
};

static void answer(struct rig *rig, struct kdb_http_request *request)
{
    struct kdb_buf body = {0};
    if (rig->answer_bytes > 0) {
        memset(kdb_buf_reserve(&body, rig->answer_bytes), 'x', rig->answer_bytes);
        kdb_buf_advance(&body, rig->answer_bytes);
    } else {
        kdb_buf_printf(&body, "ok%d", rig->count);
    }
    if (rig->response.status == 0)
        kdb_http_respond_json(request, 200, &body);
    else
        kdb_http_respond(request, &rig->response, &body);
    assert_int_equal(body.len, 0);
    kdb_buf_deinit(&body);
}

static void on_request(void *self, struct kdb_http_request *request)
{
    struct rig *rig = self;
    rig->count++;
    assert_null(request->user);
    assert_int_equal(request->ctx.arena.used_bytes > 0 ? request->ctx.error.status : 0, 0);
    kdb_buf_printf(&rig->seen, "%s %.*s", kdb_http_method_name(request->method),
                   KDB_ARG(request->path));
    if (request->query.len > 0)
        kdb_buf_printf(&rig->seen, " ?%.*s", KDB_ARG(request->query));
    if (request->body.len > 0)
        kdb_buf_printf(&rig->seen, " <%.*s>", KDB_ARG(request->body));
    kdb_buf_put(&rig->seen, '\n');
    request->user = rig; // must not be seen by the next one
    if (rig->is_later)
        rig->waiting = request;
    else
        answer(rig, request);
}

static void on_close(void *self, struct kdb_http_request *request)
{
    struct rig *rig = self;
    rig->closed++;
    assert_ptr_equal(request, rig->waiting);
    assert_true(atomic_load(&request->ctx.is_cancelled));
}

static void on_wake(void *arg)
{
    struct rig *rig = arg;
    rig->woken++;
}

static void connect_rig(struct rig *rig)
{
    struct kdb_address peer;
    assert_true(kdb_address_parse(KDB_LIT("127.0.0.1"), &peer));
    kdb_http1_init(&rig->http, &rig->env, 7, &peer, on_wake, rig);
}

static struct rig *open_rig(void)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    assert_non_null(rig);
    rig->limits = kdb_http_limits_default();
    rig->env = (struct kdb_http1_env){
        .limits = &rig->limits,
        .handler = {on_request, on_close, rig},
        .totals = &rig->totals,
        .clock = &clock_1994,
        .now_ms = 1000,
    };
    connect_rig(rig);
    return rig;
}

static void close_rig(struct rig *rig)
{
    kdb_http1_deinit(&rig->http);
    kdb_http1_env_deinit(&rig->env);
    assert_int_equal(rig->totals.body_bytes, 0);
    assert_int_equal(rig->totals.requests_now, 0);
    kdb_buf_deinit(&rig->seen);
    kdb_buf_deinit(&rig->out);
    free(rig);
}

// Sends what waits, and goes on as the owner of a connection does.
static void pump(struct rig *rig)
{
    do {
        kdb_slice pieces[4];
        size_t count = kdb_http1_output(&rig->http, pieces, 4);
        size_t total = 0;
        for (size_t i = 0; i < count; i++) {
            kdb_buf_slice(&rig->out, pieces[i]);
            total += pieces[i].len;
        }
        kdb_http1_sent(&rig->http, total);
        kdb_http1_advance(&rig->http);
    } while (kdb_http1_output_bytes(&rig->http) > 0);
}

static void feed(struct rig *rig, kdb_slice bytes)
{
    // A copy of exactly that size, so that reading beyond it is noticed.
    char *copy = malloc(bytes.len + 1);
    assert_non_null(copy);
    if (bytes.len > 0)
        memcpy(copy, bytes.data, bytes.len);
    kdb_http1_feed(&rig->http, copy, bytes.len);
    free(copy);
    pump(rig);
}

static void feed_text(struct rig *rig, const char *text)
{
    feed(rig, kdb_slice_cstr(text));
}

static const char *text_of(struct kdb_buf *buf)
{
    kdb_buf_put(buf, '\0');
    buf->len--;
    return buf->data;
}

// The status codes of everything sent, "200 200 400".
static void statuses(const struct rig *rig, char *out, size_t size)
{
    out[0] = '\0';
    kdb_slice all = kdb_buf_view(&rig->out);
    size_t at = 0;
    while ((at = kdb_slice_find(all, KDB_LIT("HTTP/1.1 "), at)) != SIZE_MAX) {
        size_t len = strlen(out);
        (void)snprintf(out + len, size - len, "%s%.3s", len > 0 ? " " : "", all.data + at + 9);
        at += 9;
    }
}

struct exchange {
    const char *input;
    const char *seen;     // requests as the handler saw them
    const char *statuses; // of the answers
    bool is_closing;      // the connection ends
};

#define GET(target, headers) "GET " target " HTTP/1.1\r\nHost: h\r\n" headers "\r\n"

#define TRAILERS(lines)                                                                            \
    "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" lines

static const struct exchange exchanges[] = {
    // Plain requests.
    {GET("/", ""), "GET /\n", "200", false},
    {GET("/a/b?x=1&y", "Accept: */*\r\n"), "GET /a/b ?x=1&y\n", "200", false},
    {"\r\n\r\n" GET("/", ""), "GET /\n", "200", false},
    {"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", "POST /p <hello>\n", "200",
     false},
    {"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "POST /p\n", "200", false},
    {"PUT /p HTTP/1.1\r\nHost: h\r\n\r\n", "PUT /p\n", "200", false},
    {"DELETE /p HTTP/1.1\r\nHost:\r\nX-Empty:\r\n\r\n", "DELETE /p\n", "200", false},
    {"PATCH /p HTTP/1.1\r\nHost: h\r\n\r\nHEAD / HTTP/1.1\r\nHost: h\r\n\r\n", "PATCH /p\nHEAD /\n",
     "200 200", false},
    {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS *\n", "200", false},
    // Targets.
    {GET("http://h:80/x?y", ""), "GET /x ?y\n", "200", false},
    {GET("http://h", ""), "GET /\n", "200", false},
    {GET("http://h?q", ""), "GET / ?q\n", "200", false},
    {GET("/%41%2fb%20c", ""), "GET /A/b c\n", "200", false},
    {GET("/?%00=%zz", ""), "GET / ?%00=%zz\n", "200", false},
    {GET("/a%00b", ""), "", "400", true},
    {GET("/a%", ""), "", "400", true},
    {GET("/a%4", ""), "", "400", true},
    {GET("/a%zz", ""), "", "400", true},
    {GET("/a#b", ""), "", "400", true},
    {GET("*", ""), "", "400", true},
    {GET("a", ""), "", "400", true},
    {GET("/a b", ""), "", "400", true},
    {GET("/\x01", ""), "", "400", true},
    // Pipelining.
    {GET("/1", "") GET("/2", "") GET("/3", ""), "GET /1\nGET /2\nGET /3\n", "200 200 200", false},
    {"POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab" GET("/2", "Connection: close\r\n")
         GET("/3", ""),
     "POST /1 <ab>\nGET /2\n", "200 200", true},
    {GET("/1", "") "x" GET("/2", ""), "GET /1\n", "200 400", true},
    // Chunks.
    {"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
     "3\r\nabc\r\n00a\r\n0123456789\r\n0\r\n\r\n" GET("/n", ""),
     "POST /c <abc0123456789>\nGET /n\n", "200 200", false},
    {"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
     "Chunked\r\n\r\n1;a=\"b\"\r\nx\r\n0\r\nTrailer: t\r\nHost: other\r\n\r\n",
     "POST /c <x>\n", "200", false},
    {"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "POST /c\n",
     "200", false},
    {"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", "",
     "400", true},
    {"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\nab\r\n0\r\n\r\n", "",
     "400", true},
    {"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\rXab\r\n0\r\n\r\n", "",
     "400", true},
    {"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n", "",
     "400", true},
    {"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nab\r\n0\r\n\r\n", "",
     "400", true},
    {"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
     "chunked\r\n\r\n10000000000000002\r\nab\r\n0\r\n\r\n",
     "", "400", true},
    // Trailers, line by line as headers.
    {TRAILERS("A: b\r\nC:\r\n\r\n") GET("/n", ""), "POST /c\nGET /n\n", "200 200", false},
    {TRAILERS("Content-Length: 9\r\n\r\n") GET("/n", ""), "POST /c\nGET /n\n", "200 200", false},
    {TRAILERS("A: b\r\n\n") GET("/n", ""), "", "400", true},
    {TRAILERS("\n") GET("/n", ""), "", "400", true},
    {TRAILERS("A: b\n\r\n") GET("/n", ""), "", "400", true},
    {TRAILERS("A: b\rC: d\r\n\r\n") GET("/n", ""), "", "400", true},
    {TRAILERS("\rA: b\r\n\r\n") GET("/n", ""), "", "400", true},
    {TRAILERS("A: b\r\n c\r\n\r\n") GET("/n", ""), "", "400", true},
    {TRAILERS(" A: b\r\n\r\n") GET("/n", ""), "", "400", true},
    {TRAILERS(": b\r\n\r\n") GET("/n", ""), "", "400", true},
    {TRAILERS("A : b\r\n\r\n") GET("/n", ""), "", "400", true},
    {TRAILERS("A: \x01\r\n\r\n") GET("/n", ""), "", "400", true},
    {TRAILERS("") GET("/n", ""), "", "400", true},
    // Two ways to say where the body ends.
    {"POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n",
     "", "400", true},
    {"POST /s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: "
     "4\r\n\r\n0\r\n\r\n",
     "", "400", true},
    {"POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "", "400",
     true},
    {"POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\na", "", "400", true},
    {"POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\na", "", "400", true},
    {"POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\na", "", "400", true},
    {"POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: 0x1\r\n\r\na", "", "400", true},
    {"POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: 1 2\r\n\r\na", "", "400", true},
    {"POST /s HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", "", "400", true},
    {"POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n", "", "400",
     true},
    {"POST /s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "", "501",
     true},
    {"POST /s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", "", "400",
     true},
    {"POST /s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "", "501",
     true},
    {"POST /s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n",
     "", "400", true},
    {"POST /s HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", "400", true},
    {"POST /s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "", "400",
     true},
    // Lines.
    {"GET / HTTP/1.1\nHost: h\n\n", "", "400", true},
    {"GET / HTTP/1.1\r\nHost: h\r\nA: b\rTransfer-Encoding: chunked\r\n\r\n", "", "400", true},
    {"GET / HTTP/1.1\r\nHost: h\r\nA:\rTransfer-Encoding: chunked\r\n\r\n", "", "400", true},
    {"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", "", "400", true},
    {"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\tc\r\n\r\n", "", "400", true},
    {"GET / HTTP/1.1\r\n Host: h\r\n\r\n", "", "400", true},
    {"GET / HTTP/1.1\r\nHost: h\r\n: b\r\n\r\n", "", "400", true},
    {"GET / HTTP/1.1\r\n: b\r\n\r\n", "", "400", true},
    {"GET / HTTP/1.1\r\nHost: h\r\nA b: c\r\n\r\n", "", "400", true},
    {"GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", "", "400", true},
    {"GET / HTTP/1.1\r\nHost: h\r\nA: \x01\r\n\r\n", "", "400", true},
    {"GET / HTTP/1.1\r\nHost: h\r\nA: \x7f\r\n\r\n", "", "400", true},
    {"GET / HTTP/1.1\r\nHost: h\r\nA: \xc3\xa4\r\n\r\n", "GET /\n", "200", false},
    // Hosts and other headers that must not be doubtful.
    {"GET / HTTP/1.1\r\n\r\n", "", "400", true},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "", "400", true},
    {GET("/", "Authorization: a\r\nauthorization: b\r\n"), "", "400", true},
    {GET("/", "Content-Type: a\r\nContent-Type: b\r\n"), "", "400", true},
    // Versions and methods.
    {"GET / HTTP/1.0\r\n\r\n", "GET /\n", "200", true},
    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET /\n", "200", false},
    {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", "", "505", true},
    {"GET / HTTP/0.9\r\nHost: h\r\n\r\n", "", "505", true},
    {"GET / HTTP/1.2\r\nHost: h\r\n\r\n", "", "505", true},
    {"GET / HTTP/9.9\r\nHost: h\r\n\r\n", "", "505", true},
    {"GET /\r\n\r\n", "", "505", true},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "", "400", true},
    {"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", "", "501", true},
    {"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", "", "501", true},
    {"get / HTTP/1.1\r\nHost: h\r\n\r\n", "", "400", true},
    {"XYZ / HTTP/1.1\r\nHost: h\r\n\r\n", "", "400", true},
    {"\x16\x03\x01\x02", "", "400", true},
    // Another protocol is offered, and declined by answering.
    {GET("/", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n")
         GET("/2", ""),
     "GET /\nGET /2\n", "200 200", false},
    {"POST / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: "
     "2\r\n\r\nab" GET("/2", ""),
     "POST / <ab>\nGET /2\n", "200 200", false},
    // Expectations.
    {"POST / HTTP/1.1\r\nHost: h\r\nExpect: a-miracle\r\nContent-Length: 1\r\n\r\na", "", "417",
     true},
    {"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na", "POST / <a>\n", "200",
     true},
};

// Feeds `input` cut at `cuts` ascending places and compares with what is expected.
static void check_exchange(struct rig *rig, const struct exchange *exchange, size_t cut,
                           size_t step)
{
    kdb_slice input = kdb_slice_cstr(exchange->input);
    kdb_buf_clear(&rig->seen);
    kdb_buf_clear(&rig->out);
    connect_rig(rig);
    for (size_t at = 0; at < input.len;) {
        size_t len = at == 0 && cut > 0 ? cut : step;
        len = len < input.len - at ? len : input.len - at;
        feed(rig, (kdb_slice){input.data + at, len});
        at += len;
    }
    char codes[64];
    statuses(rig, codes, sizeof(codes));
    if (strcmp(text_of(&rig->seen), exchange->seen) != 0 ||
        strcmp(codes, exchange->statuses) != 0 ||
        kdb_http1_is_draining(&rig->http) != exchange->is_closing)
        fail_msg("input %s\ncut %zu step %zu: seen %s, statuses %s, %s", exchange->input, cut, step,
                 text_of(&rig->seen), codes,
                 kdb_http1_is_draining(&rig->http) ? "closing" : "open");
    kdb_http1_deinit(&rig->http);
}

static void every_split_gives_the_same(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
        size_t len = strlen(exchanges[i].input);
        check_exchange(rig, &exchanges[i], 0, len);
        check_exchange(rig, &exchanges[i], 0, 1);
        for (size_t cut = 1; cut < len; cut++)
            check_exchange(rig, &exchanges[i], cut, len);
    }
    connect_rig(rig);
    close_rig(rig);
}

static void answers_have_a_head(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    feed_text(rig, GET("/", ""));
    assert_string_equal(text_of(&rig->out), "HTTP/1.1 200 OK\r\n"
                                            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                            "Content-Type: application/json\r\n"
                                            "Content-Length: 3\r\n\r\nok1");
    kdb_buf_clear(&rig->out);
    const struct kdb_http_field fields[] = {{KDB_LIT("X-A"), KDB_LIT("b\r\nX-Evil: c")}};
    rig->response = (struct kdb_http_response){.status = 404,
                                               .content_type = KDB_LIT("text/plain"),
                                               .fields = fields,
                                               .field_count = 1,
                                               .must_close = true};
    feed_text(rig, GET("/", ""));
    assert_string_equal(text_of(&rig->out), "HTTP/1.1 404 Not Found\r\n"
                                            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                            "Content-Type: text/plain\r\n"
                                            "Content-Length: 3\r\n"
                                            "X-A: b  X-Evil: c\r\n"
                                            "Connection: close\r\n\r\nok2");
    assert_true(kdb_http1_is_draining(&rig->http));
    close_rig(rig);
}

static void head_and_204_have_no_body(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    feed_text(rig, "HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_string_equal(text_of(&rig->out), "HTTP/1.1 200 OK\r\n"
                                            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                            "Content-Type: application/json\r\n"
                                            "Content-Length: 3\r\n"
                                            "Connection: keep-alive\r\n\r\n");
    kdb_buf_clear(&rig->out);
    rig->response.status = 204;
    feed_text(rig, "OPTIONS / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_string_equal(text_of(&rig->out), "HTTP/1.1 204 No Content\r\n"
                                            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
    close_rig(rig);
}

static void continue_is_sent_to_who_waits(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    feed_text(rig,
              "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n");
    assert_string_equal(text_of(&rig->out), "HTTP/1.1 100 Continue\r\n\r\n");
    feed_text(rig, "ab");
    assert_string_equal(text_of(&rig->out), "HTTP/1.1 100 Continue\r\n\r\n");
    feed_text(rig, "c");
    assert_string_equal(text_of(&rig->seen), "POST / <abc>\n");

    // The body came along: nothing to wait for.
    kdb_buf_clear(&rig->out);
    feed_text(rig,
              "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc");
    assert_memory_equal(rig->out.data, "HTTP/1.1 200", 12);

    // Too large: refused instead of invited.
    kdb_buf_clear(&rig->out);
    feed_text(
        rig,
        "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n");
    assert_memory_equal(rig->out.data, "HTTP/1.1 413", 12);
    close_rig(rig);
}

static void headers_are_found(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    rig->is_later = true;
    feed_text(
        rig,
        "GET /x HTTP/1.1\r\nhOST: h\r\nAUTHORIZATION:  Bearer x \t\r\nX-Other: 1\r\nx-other: 2\r\n"
        "Cookie: a=b\r\nX-Empty:\r\n\r\n");
    struct kdb_http_request *request = rig->waiting;
    assert_non_null(request);
    kdb_slice value = request->known[KDB_HTTP_AUTHORIZATION];
    assert_true(kdb_slice_equal(value, KDB_LIT("Bearer x")));
    assert_true(kdb_slice_equal(request->known[KDB_HTTP_COOKIE], KDB_LIT("a=b")));
    assert_null(request->known[KDB_HTTP_ORIGIN].data);
    assert_true(kdb_slice_equal(kdb_http_header(request, KDB_LIT("X-OTHER")), KDB_LIT("1")));
    assert_non_null(kdb_http_header(request, KDB_LIT("x-empty")).data);
    assert_int_equal(kdb_http_header(request, KDB_LIT("x-empty")).len, 0);
    assert_null(kdb_http_header(request, KDB_LIT("x-none")).data);
    assert_int_equal(request->field_count, 6);
    assert_int_equal(request->connection, 7);
    assert_true(request->is_loopback_peer);
    assert_true(request->is_localhost);
    assert_false(request->is_upgrade);
    answer(rig, request);
    pump(rig);
    feed_text(rig, GET("/", "Connection: upgrade\r\nUpgrade: websocket\r\n"));
    assert_true(rig->waiting->is_upgrade);
    assert_true(kdb_slice_equal(rig->waiting->known[KDB_HTTP_UPGRADE], KDB_LIT("websocket")));
    assert_null(rig->waiting->known[KDB_HTTP_AUTHORIZATION].data);
    assert_null(rig->waiting->known[KDB_HTTP_COOKIE].data);
    answer(rig, rig->waiting);
    pump(rig);
    close_rig(rig);
}

// Requests behind an unanswered one wait, and are answered in order.
static void late_answers_keep_the_order(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    rig->is_later = true;
    feed_text(rig, GET("/1", "") GET("/2", "") "GET /3 HT");
    assert_int_equal(rig->count, 1);
    assert_int_equal(rig->totals.requests_now, 1);
    feed_text(rig, "TP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(rig->count, 1);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(rig->count, i);
        assert_int_equal(rig->woken, i - 1);
        answer(rig, rig->waiting);
        assert_int_equal(rig->woken, i);
        pump(rig);
    }
    assert_string_equal(text_of(&rig->seen), "GET /1\nGET /2\nGET /3\n");
    assert_int_equal(rig->http.phase, KDB_HTTP1_IDLE);
    assert_null(rig->http.held.data);
    assert_null(rig->http.slot);
    char codes[64];
    statuses(rig, codes, sizeof(codes));
    assert_string_equal(codes, "200 200 200");
    close_rig(rig);
}

static void pipelined_answers_leave_together(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    const char *input = GET("/1", "") GET("/2", "") GET("/3", "") GET("/4", "");
    kdb_http1_feed(&rig->http, input, strlen(input));
    assert_int_equal(rig->count, 4);
    kdb_slice pieces[4];
    assert_int_equal(kdb_http1_output(&rig->http, pieces, 4), 1);
    assert_int_equal(pieces[0].len, kdb_http1_output_bytes(&rig->http));
    pump(rig);
    close_rig(rig);
}

// A client that asks for much and takes nothing makes us hold a bounded amount.
static void output_that_is_not_taken_stops_the_input(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    rig->answer_bytes = (size_t)100 * 1024;
    const char *request = GET("/", "");
    for (int i = 0; i < 10; i++)
        kdb_http1_feed(&rig->http, request, strlen(request));
    assert_int_equal(rig->count, 3);
    assert_false(kdb_http1_wants_input(&rig->http));
    assert_in_range(kdb_http1_output_bytes(&rig->http), 300 * 1024, 301 * 1024);
    pump(rig);
    assert_int_equal(rig->count, 10);
    assert_true(kdb_http1_wants_input(&rig->http));
    assert_in_range(rig->out.len, 1000 * 1024, 1003 * 1024);
    close_rig(rig);
}

static void output_in_the_hands_of_the_system_stays(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    const char *request = GET("/", "");
    kdb_http1_feed(&rig->http, request, strlen(request));
    kdb_slice first[2];
    assert_int_equal(kdb_http1_output(&rig->http, first, 2), 1);
    for (int i = 0; i < 1000; i++)
        kdb_http1_feed(&rig->http, request, strlen(request));
    kdb_slice again[2];
    assert_int_equal(kdb_http1_output(&rig->http, again, 2), 2);
    assert_ptr_equal(first[0].data, again[0].data);
    assert_int_equal(first[0].len, again[0].len);
    kdb_http1_sent(&rig->http, 10);
    assert_int_equal(kdb_http1_output(&rig->http, again, 2), 2);
    assert_ptr_equal(again[0].data, first[0].data + 10);
    pump(rig);
    close_rig(rig);
}

static void large_bodies_are_not_copied(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    rig->is_later = true;
    feed_text(rig, GET("/", ""));
    struct kdb_buf body = {0};
    size_t size = (size_t)1024 * 1024;
    memset(kdb_buf_reserve(&body, size), 'y', size);
    kdb_buf_advance(&body, size);
    const char *data = body.data;
    kdb_http_respond_json(rig->waiting, 200, &body);
    assert_null(body.data);
    kdb_slice pieces[3];
    assert_int_equal(kdb_http1_output(&rig->http, pieces, 3), 2);
    assert_ptr_equal(pieces[1].data, data);
    pump(rig);
    close_rig(rig);
}

static void head_size_is_limited(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    rig->limits.header_bytes_max = 200;
    for (int size = 195; size <= 205; size++) {
        struct exchange exchange = {.is_closing = size > 200};
        char input[256];
        int len = snprintf(input, sizeof(input), "GET / HTTP/1.1\r\nHost: h\r\nA: ");
        memset(input + len, 'a', (size_t)(size - len));
        memcpy(input + size - 4, "\r\n\r\n", 5);
        exchange.input = input;
        exchange.seen = size > 200 ? "" : "GET /\n";
        exchange.statuses = size > 200 ? "431" : "200";
        check_exchange(rig, &exchange, 0, (size_t)size);
        check_exchange(rig, &exchange, 0, 1);
        check_exchange(rig, &exchange, 100, 1000);
    }
    connect_rig(rig);
    close_rig(rig);
}

static void fields_are_limited(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    for (int count = KDB_HTTP_FIELDS_MAX - 1; count <= KDB_HTTP_FIELDS_MAX + 1; count++) {
        struct kdb_buf input = {0};
        kdb_buf_printf(&input, "GET / HTTP/1.1\r\nHost: h\r\n");
        for (int i = 1; i < count; i++)
            kdb_buf_printf(&input, "A: b\r\n");
        kdb_buf_printf(&input, "\r\n");
        bool is_closing = count > KDB_HTTP_FIELDS_MAX;
        struct exchange exchange = {text_of(&input), is_closing ? "" : "GET /\n",
                                    is_closing ? "431" : "200", is_closing};
        check_exchange(rig, &exchange, 0, input.len);
        check_exchange(rig, &exchange, 0, 1);
        kdb_buf_deinit(&input);
    }
    connect_rig(rig);
    close_rig(rig);
}

static void body_size_is_limited(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    rig->limits.body_bytes_max = 10;
    feed_text(rig, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789");
    assert_int_equal(rig->count, 1);
    kdb_buf_clear(&rig->out);
    feed_text(rig, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n");
    assert_non_null(strstr(text_of(&rig->out), "HTTP/1.1 413 "));
    assert_non_null(strstr(text_of(&rig->out), "\r\nConnection: close\r\n"));
    const char *body = strstr(text_of(&rig->out), "\r\n\r\n") + 4;
    assert_string_equal(body, "{\"error\":\"BODY_TOO_LARGE\","
                              "\"message\":\"The request body is larger than the server accepts\","
                              "\"size_bytes\":11,\"max_bytes\":10}");
    // What still comes is thrown away.
    size_t sent = rig->out.len;
    feed_text(rig, "0123456789a" GET("/", ""));
    assert_int_equal(rig->out.len, sent);
    assert_int_equal(rig->count, 1);

    kdb_http1_deinit(&rig->http);
    connect_rig(rig);
    kdb_buf_clear(&rig->out);
    feed_text(rig,
              "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n");
    assert_int_equal(rig->out.len, 0);
    feed_text(rig, "5\r\nghijk\r\n");
    assert_non_null(strstr(text_of(&rig->out), "\"size_bytes\":11,\"max_bytes\":10}"));
    assert_int_equal(rig->count, 1);
    close_rig(rig);
}

static void trailers_and_extensions_are_limited(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    const char *begin = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    feed_text(rig, begin);
    feed_text(rig, "0\r\n");
    for (int i = 0; i < 5000 && !kdb_http1_is_draining(&rig->http); i++)
        feed_text(rig, "Some: trailer\r\n");
    assert_memory_equal(rig->out.data, "HTTP/1.1 431", 12);

    kdb_http1_deinit(&rig->http);
    connect_rig(rig);
    kdb_buf_clear(&rig->out);
    feed_text(rig, begin);
    for (int i = 0; i < 5000 && !kdb_http1_is_draining(&rig->http); i++)
        feed_text(rig, "1;extension=value\r\nx\r\n");
    assert_memory_equal(rig->out.data, "HTTP/1.1 431", 12);
    assert_int_equal(rig->count, 0);
    close_rig(rig);
}

// What was taken for an answer's body is held until the body has left, however it leaves.
static void answers_give_back_their_budget(void **state)
{
    (void)state;
    struct kdb_budget budget = {.max_bytes = 1000000};
    const char *get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    struct rig *rig = open_rig();
    rig->is_later = true;
    rig->response =
        (struct kdb_http_response){.status = 200, .budget = &budget, .budget_bytes = 100000};

    rig->answer_bytes = 100000; // moved: held until it is sent
    feed_text(rig, get);
    assert_true(kdb_budget_take(&budget, 100000));
    answer(rig, rig->waiting);
    assert_int_equal(budget.used_bytes, 100000);
    pump(rig);
    assert_int_equal(budget.used_bytes, 0);

    rig->answer_bytes = 10; // copied: given back at once
    feed_text(rig, get);
    assert_true(kdb_budget_take(&budget, 100000));
    answer(rig, rig->waiting);
    assert_int_equal(budget.used_bytes, 0);
    pump(rig);

    rig->answer_bytes = 100000; // not sent: given back at once
    feed_text(rig, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(kdb_budget_take(&budget, 100000));
    answer(rig, rig->waiting);
    assert_int_equal(budget.used_bytes, 0);
    pump(rig);

    feed_text(rig, get); // answered, but the connection breaks before it is sent
    assert_true(kdb_budget_take(&budget, 100000));
    answer(rig, rig->waiting);
    kdb_http1_deinit(&rig->http);
    assert_int_equal(budget.used_bytes, 0);

    connect_rig(rig); // the connection breaks before the answer
    feed_text(rig, get);
    kdb_http1_deinit(&rig->http);
    assert_true(kdb_budget_take(&budget, 100000));
    answer(rig, rig->waiting);
    assert_int_equal(budget.used_bytes, 0);
    connect_rig(rig);
    close_rig(rig);
}

// The memory of all bodies together is bounded, and counted back.
static void bodies_share_a_budget(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    rig->limits.body_bytes_total_max = (size_t)512 * 1024;
    struct kdb_buf body = {0};
    size_t size = (size_t)400 * 1024;
    memset(kdb_buf_reserve(&body, size), 'z', size);
    kdb_buf_advance(&body, size);
    const char *head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 409600\r\n\r\n";
    rig->is_later = true;
    feed_text(rig, head);
    feed(rig, kdb_buf_view(&body));
    assert_int_equal(rig->count, 1);
    assert_in_range(rig->totals.body_bytes, size - 128 * 1024, size);

    struct rig *other = open_rig();
    struct kdb_http1 second;
    kdb_http1_init(&second, &rig->env, 8, &rig->http.peer, on_wake, rig);
    kdb_http1_feed(&second, head, strlen(head));
    kdb_http1_feed(&second, body.data, body.len);
    assert_true(kdb_http1_is_draining(&second));
    kdb_slice piece;
    assert_int_equal(kdb_http1_output(&second, &piece, 1), 1);
    assert_memory_equal(piece.data, "HTTP/1.1 503", 12);
    kdb_http1_deinit(&second);
    close_rig(other);

    assert_in_range(rig->totals.body_bytes, size - 128 * 1024, size);
    answer(rig, rig->waiting);
    pump(rig);
    assert_int_equal(rig->totals.body_bytes, 0);
    kdb_buf_deinit(&body);
    close_rig(rig);
}

static void requests_in_flight_are_limited(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    rig->limits.requests_in_flight_max = 1;
    rig->is_later = true;
    feed_text(rig, GET("/", ""));
    struct kdb_http1 second;
    kdb_http1_init(&second, &rig->env, 8, &rig->http.peer, on_wake, rig);
    const char *request = GET("/", "");
    kdb_http1_feed(&second, request, strlen(request));
    kdb_slice piece;
    assert_int_equal(kdb_http1_output(&second, &piece, 1), 1);
    assert_memory_equal(piece.data, "HTTP/1.1 503", 12);
    assert_false(kdb_http1_is_draining(&second)); // it may ask again
    kdb_http1_sent(&second, piece.len);
    answer(rig, rig->waiting);
    pump(rig);
    rig->is_later = false;
    kdb_http1_feed(&second, request, strlen(request));
    assert_int_equal(kdb_http1_output(&second, &piece, 1), 1);
    assert_memory_equal(piece.data, "HTTP/1.1 200", 12);
    kdb_http1_deinit(&second);
    kdb_http1_env_end_turn(&rig->env);
    assert_int_equal(rig->totals.requests, 2);
    assert_int_equal(rig->totals.refused, 1);
    close_rig(rig);
}

// An unanswered request outlives its connection.
static void closing_leaves_the_request_to_its_handler(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    rig->is_later = true;
    feed_text(rig, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" GET("/2", ""));
    kdb_http1_deinit(&rig->http);
    assert_int_equal(rig->closed, 1);
    assert_false(kdb_http1_env_is_idle(&rig->env));
    assert_int_equal(rig->totals.requests_now, 1);
    struct kdb_http_request *request = rig->waiting;
    assert_true(kdb_slice_equal(request->body, KDB_LIT("abc")));
    answer(rig, request);
    assert_int_equal(rig->woken, 0);
    assert_true(kdb_slice_equal(request->body, KDB_LIT("abc"))); // until the end of the turn
    kdb_http1_env_end_turn(&rig->env);
    assert_true(kdb_http1_env_is_idle(&rig->env));
    // Answered, but not gone on yet: nobody is told.
    connect_rig(rig);
    feed_text(rig, GET("/", ""));
    assert_false(atomic_load(&rig->waiting->ctx.is_cancelled));
    answer(rig, rig->waiting);
    kdb_http1_deinit(&rig->http);
    assert_int_equal(rig->closed, 1);
    connect_rig(rig);
    close_rig(rig);
}

static void end_of_input_ends_the_connection(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    kdb_http1_feed_eof(&rig->http);
    assert_true(kdb_http1_is_draining(&rig->http));
    assert_int_equal(kdb_http1_output_bytes(&rig->http), 0);

    // In the middle of a request.
    kdb_http1_deinit(&rig->http);
    connect_rig(rig);
    feed_text(rig, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab");
    kdb_http1_feed_eof(&rig->http);
    assert_true(kdb_http1_is_draining(&rig->http));
    assert_int_equal(rig->out.len, 0);

    // While requests wait: they are answered.
    kdb_http1_deinit(&rig->http);
    connect_rig(rig);
    rig->is_later = true;
    feed_text(rig, GET("/1", "") GET("/2", "") "GET");
    kdb_http1_feed_eof(&rig->http);
    answer(rig, rig->waiting);
    pump(rig);
    assert_false(kdb_http1_is_draining(&rig->http));
    answer(rig, rig->waiting);
    pump(rig);
    assert_true(kdb_http1_is_draining(&rig->http));
    char codes[64];
    statuses(rig, codes, sizeof(codes));
    assert_string_equal(codes, "200 200");
    close_rig(rig);
}

static void deadlines_follow_the_phase(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    const struct kdb_http_limits *limits = &rig->limits;
    assert_int_equal(kdb_http1_deadline_ms(&rig->http), 1000 + limits->header_timeout_ms);
    rig->env.now_ms = 2000;
    feed_text(rig, "POST / HTTP/1.1\r\n");
    rig->env.now_ms = 3000;
    feed_text(rig, "Host: h\r\n"); // does not buy time
    assert_int_equal(kdb_http1_deadline_ms(&rig->http), 2000 + limits->header_timeout_ms);
    feed_text(rig, "Content-Length: 70000\r\n\r\n");
    assert_int_equal(kdb_http1_deadline_ms(&rig->http), 3000 + limits->body_timeout_ms);
    char chunk[32768];
    memset(chunk, 'b', sizeof(chunk));
    feed(rig, kdb_slice_of(chunk, sizeof(chunk)));
    assert_int_equal(kdb_http1_deadline_ms(&rig->http), 5000 + limits->body_timeout_ms);
    feed(rig, kdb_slice_of(chunk, sizeof(chunk)));
    rig->is_later = true;
    feed(rig, kdb_slice_of(chunk, 70000 - 2 * sizeof(chunk)));
    assert_int_equal(kdb_http1_deadline_ms(&rig->http), 0);
    rig->env.now_ms = 90000;
    answer(rig, rig->waiting);
    pump(rig);
    assert_int_equal(kdb_http1_deadline_ms(&rig->http), 90000 + limits->idle_timeout_ms);
    assert_true(kdb_http1_expire(&rig->http)); // idle: closed in silence
    close_rig(rig);
}

static void slow_requests_get_408(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    feed_text(rig, "GET / HT");
    assert_false(kdb_http1_expire(&rig->http));
    pump(rig);
    assert_memory_equal(rig->out.data, "HTTP/1.1 408", 12);
    assert_true(kdb_http1_is_draining(&rig->http));
    assert_true(kdb_http1_expire(&rig->http)); // lingered long enough
    close_rig(rig);
}

static void stopping_closes_after_the_answer(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    rig->is_later = true;
    feed_text(rig, GET("/1", "") GET("/2", ""));
    rig->env.is_stopping = true;
    kdb_http1_stop(&rig->http);
    assert_false(kdb_http1_is_draining(&rig->http));
    answer(rig, rig->waiting);
    pump(rig);
    assert_true(kdb_http1_is_draining(&rig->http));
    assert_int_equal(rig->count, 1);
    assert_non_null(strstr(text_of(&rig->out), "\r\nConnection: close\r\n"));
    kdb_http1_deinit(&rig->http);
    connect_rig(rig);
    kdb_http1_stop(&rig->http);
    assert_true(kdb_http1_is_draining(&rig->http));
    close_rig(rig);
}

static void connections_can_be_refused(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    kdb_http1_refuse(&rig->http, KDB_HTTP1_TOO_MANY_CONNECTIONS);
    pump(rig);
    const char *out = text_of(&rig->out);
    assert_non_null(strstr(out, "HTTP/1.1 503 "));
    assert_non_null(strstr(out, "\r\nRetry-After: 5\r\n"));
    assert_non_null(strstr(out, "{\"error\":\"TOO_MANY_CONNECTIONS\","));
    assert_non_null(strstr(out, "\"current\":100,\"max\":100}"));
    close_rig(rig);
}

static void fast_clients_are_slowed_down(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    rig->limits.requests_per_second_per_ip = 2;
    rig->limits.violations_before_ban = 2;
    struct kdb_guard *guard = kdb_guard_open(&rig->limits);
    rig->env.guard = guard;
    assert_true(kdb_address_parse(KDB_LIT("192.0.2.1"), &rig->http.peer));
    feed_text(rig, GET("/", "") GET("/", "") GET("/", ""));
    char codes[64];
    statuses(rig, codes, sizeof(codes));
    assert_string_equal(codes, "200 200 429");
    const char *out = text_of(&rig->out);
    assert_non_null(strstr(out, "\r\nRetry-After: 1\r\nX-RateLimit-Reset: 1\r\n"));
    assert_non_null(strstr(out, "{\"error\":\"RATE_LIMIT_EXCEEDED\","));
    assert_non_null(strstr(out, ",\"retry_after_seconds\":1}"));
    assert_true(kdb_http1_is_draining(&rig->http));
    // Behind a proxy on this machine, the client it names is counted.
    kdb_http1_deinit(&rig->http);
    connect_rig(rig);
    kdb_buf_clear(&rig->out);
    feed_text(rig, GET("/", "X-Forwarded-For: 192.0.2.1\r\n"));
    statuses(rig, codes, sizeof(codes));
    assert_string_equal(codes, "200"); // the peer is loopback, hence exempt
    kdb_guard_close(guard);
    close_rig(rig);
}

static void idle_connections_hold_nothing(void **state)
{
    (void)state;
    struct rig *rig = open_rig();
    for (int i = 0; i < 3; i++)
        feed_text(rig, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    assert_null(rig->http.slot);
    assert_null(rig->http.out_first);
    assert_null(rig->http.held.data);
    assert_int_equal(rig->env.slot_count, 1); // one slot served them all
    assert_true(sizeof(struct kdb_http1) <= 256);
    close_rig(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_split_gives_the_same),
        cmocka_unit_test(answers_have_a_head),
        cmocka_unit_test(head_and_204_have_no_body),
        cmocka_unit_test(continue_is_sent_to_who_waits),
        cmocka_unit_test(headers_are_found),
        cmocka_unit_test(late_answers_keep_the_order),
        cmocka_unit_test(pipelined_answers_leave_together),
        cmocka_unit_test(output_that_is_not_taken_stops_the_input),
        cmocka_unit_test(output_in_the_hands_of_the_system_stays),
        cmocka_unit_test(large_bodies_are_not_copied),
        cmocka_unit_test(head_size_is_limited),
        cmocka_unit_test(fields_are_limited),
        cmocka_unit_test(body_size_is_limited),
        cmocka_unit_test(trailers_and_extensions_are_limited),
        cmocka_unit_test(answers_give_back_their_budget),
        cmocka_unit_test(bodies_share_a_budget),
        cmocka_unit_test(requests_in_flight_are_limited),
        cmocka_unit_test(closing_leaves_the_request_to_its_handler),
        cmocka_unit_test(end_of_input_ends_the_connection),
        cmocka_unit_test(deadlines_follow_the_phase),
        cmocka_unit_test(slow_requests_get_408),
        cmocka_unit_test(stopping_closes_after_the_answer),
        cmocka_unit_test(connections_can_be_refused),
        cmocka_unit_test(fast_clients_are_slowed_down),
        cmocka_unit_test(idle_connections_hold_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
