// SPDX-License-Identifier: Apache-2.0
// links: net base
// HTTP/1.1 from arbitrary bytes: no crash, nothing left behind, and the same requests however the
// bytes are cut.
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "net/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct kdb_http1 http;
    struct kdb_http1_env env;
    struct kdb_http1_totals totals;
    struct kdb_buf seen;              // what the handler was asked
    struct kdb_http_request *waiting; // to be answered later
    bool is_later;
};

static void answer(struct kdb_http_request *request)
{
    struct kdb_buf body = {0};
    kdb_buf_slice(&body, request->body);
    kdb_http_respond_json(request, 200, &body);
    kdb_buf_deinit(&body);
}

static void on_request(void *self, struct kdb_http_request *request)
{
    struct run *run = self;
    KDB_ASSERT(request->path.len > 0 && !memchr(request->path.data, '\0', request->path.len));
    kdb_buf_printf(&run->seen, "%d ", (int)request->method);
    kdb_buf_slice(&run->seen, request->path);
    kdb_buf_put(&run->seen, '?');
    kdb_buf_slice(&run->seen, request->query);
    for (size_t i = 0; i < request->field_count; i++) {
        kdb_buf_put(&run->seen, '|');
        kdb_buf_slice(&run->seen, request->fields[i].name);
        kdb_buf_put(&run->seen, ':');
        kdb_buf_slice(&run->seen, request->fields[i].value);
    }
    kdb_buf_put(&run->seen, '<');
    kdb_buf_slice(&run->seen, request->body);
    kdb_buf_put(&run->seen, '>');
    if (run->is_later)
        run->waiting = request;
    else
        answer(request);
}

static void on_close(void *self, struct kdb_http_request *request)
{
    struct run *run = self;
    KDB_ASSERT(run->waiting == request);
    run->waiting = NULL;
    answer(request);
}

static void on_wake(void *arg)
{
    (void)arg;
}

static int64_t no_time(void *self)
{
    (void)self;
    return 0;
}

static void pump(struct run *run)
{
    do {
        if (run->waiting) {
            struct kdb_http_request *request = run->waiting;
            run->waiting = NULL;
            answer(request);
        }
        kdb_slice piece;
        size_t count = kdb_http1_output(&run->http, &piece, 1);
        kdb_http1_sent(&run->http, count > 0 ? piece.len : 0);
        kdb_http1_advance(&run->http);
    } while (run->waiting || kdb_http1_output_bytes(&run->http) > 0);
}

// Feeds the input in pieces of up to `step` bytes; leaves what the handler saw in `seen`.
static void run_once(const uint8_t *data, size_t size, size_t step, bool is_later,
                     struct kdb_buf *seen)
{
    static const struct kdb_clock clock = {.now_us = no_time};
    struct kdb_http_limits limits = kdb_http_limits_default();
    limits.body_bytes_max = 4096;
    limits.header_bytes_max = 1024;
    struct run run = {.is_later = is_later};
    run.env = (struct kdb_http1_env){.limits = &limits,
                                     .handler = {on_request, on_close, &run},
                                     .totals = &run.totals,
                                     .clock = &clock,
                                     .now_ms = 1};
    struct kdb_address peer = {.size = 4, .bytes = {127, 0, 0, 1}};
    kdb_http1_init(&run.http, &run.env, 1, &peer, on_wake, NULL);
    for (size_t at = 0; at < size;) {
        size_t len = step < size - at ? step : size - at;
        // A copy of exactly that size, so that a read beyond it is noticed.
        char *piece = malloc(len);
        KDB_ASSERT(piece != NULL);
        memcpy(piece, data + at, len);
        kdb_http1_feed(&run.http, piece, len);
        free(piece);
        pump(&run);
        at += len;
    }
    kdb_http1_deinit(&run.http);
    kdb_http1_env_deinit(&run.env);
    KDB_ASSERT(run.totals.body_bytes == 0 && run.totals.requests_now == 0);
    *seen = run.seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    size_t step = (size_t)(data[0] & 0x7F) + 1;
    bool is_later = (data[0] & 0x80) != 0;
    struct kdb_buf whole;
    struct kdb_buf cut;
    run_once(data + 1, size - 1, size, false, &whole);
    run_once(data + 1, size - 1, step, is_later, &cut);
    KDB_ASSERT(kdb_slice_equal(kdb_buf_view(&whole), kdb_buf_view(&cut)));
    kdb_buf_deinit(&whole);
    kdb_buf_deinit(&cut);
    return 0;
}
