// SPDX-License-Identifier: Apache-2.0
// The closed loop: render, send, wait, check, count.
#include "load/run.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json_read.h"
#include "base/random.h"
#include "load/response.h"

#define EVENTS_MAX         128
#define READ_BYTES         16384
#define FIRST_ERROR_BYTES  600
#define STRICT_PARSE_EVERY 1024 // answers between two that are parsed whole
#define NS_PER_SECOND      1000000000.0

struct connection {
    int fd;
    bool is_busy;      // a request is on its way
    bool waits_writes; // registered for EPOLLOUT too
    size_t sent;       // bytes of `out` the socket took
    struct kdb_buf out;
    struct kdb_buf in;
    struct response response;
    struct template_numbers numbers; // of the request on its way
    int64_t started_ns;
};

struct load {
    const struct load_options *options;
    struct kdb_ctx *ctx;
    struct kdb_ctx scratch; // for checking one answer
    struct template body;
    struct template expected;
    struct template_source source;
    struct kdb_buf text; // body or expected text of one request
    struct connection *connections;
    int epoll;
    uint32_t busy; // connections with a request on its way
    uint64_t started, answered;
    int64_t measure_ns, end_ns,
        last_ns; // first measured moment, last allowed one (or 0), last answer
    bool is_measuring;
    double cpu_before;
    struct load_result result;
};

static double cpu_seconds(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// ---- connecting ----

static kdb_status connect_one(struct load *load, struct connection *connection)
{
    const struct load_options *options = load->options;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(options->port)};
    if (inet_pton(AF_INET, options->host, &address.sin_addr) != 1)
        return kdb_fail(load->ctx, KDB_ERR_INVALID_INPUT, "%s is no IPv4 address", options->host);
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0)
        return kdb_fail(load->ctx, KDB_ERR_IO, "no socket: %s", strerror(errno));
    if (connect(connection->fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        return kdb_fail(load->ctx, KDB_ERR_IO, "cannot connect to %s:%u: %s", options->host,
                        options->port, strerror(errno));
    const int on = 1;
    (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0)
        return kdb_fail(load->ctx, KDB_ERR_IO, "epoll: %s", strerror(errno));
    connection->waits_writes = false;
    return KDB_OK;
}

// ---- one request ----

static void wait_for_writes(struct load *load, struct connection *connection, bool wanted)
{
    if (connection->waits_writes == wanted)
        return;
    struct epoll_event event = {.events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                .data.ptr = connection};
    (void)epoll_ctl(load->epoll, EPOLL_CTL_MOD, connection->fd, &event);
    connection->waits_writes = wanted;
}

static void send_rest(struct load *load, struct connection *connection)
{
    struct kdb_buf *out = &connection->out;
    ssize_t sent = send(connection->fd, out->data + connection->sent, out->len - connection->sent,
                        MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) // another failure than "full" shows when reading
        connection->sent += (size_t)sent;
    wait_for_writes(load, connection, connection->sent < out->len);
}

static void render(struct load *load, struct connection *connection)
{
    const struct load_options *options = load->options;
    connection->numbers.count = 0;
    kdb_buf_clear(&load->text);
    template_render(&load->body, &load->source, &connection->numbers, &load->text);

    struct kdb_buf *out = &connection->out;
    kdb_buf_clear(out);
    KDB_BUF_LIT(out, "POST ");
    kdb_buf_slice(out, kdb_slice_cstr(options->path));
    KDB_BUF_LIT(out, " HTTP/1.1\r\nHost: ");
    kdb_buf_slice(out, kdb_slice_cstr(options->host));
    KDB_BUF_LIT(out, "\r\nContent-Type: application/json\r\n");
    if (options->token_count > 0) {
        uint64_t which = options->token_count == 1
                             ? 0
                             : kdb_random_next(&load->source.random) % options->token_count;
        KDB_BUF_LIT(out, "Authorization: Bearer ");
        kdb_buf_slice(out, options->tokens[which]);
        KDB_BUF_LIT(out, "\r\n");
    }
    KDB_BUF_LIT(out, "Content-Length: ");
    kdb_buf_u64(out, load->text.len);
    KDB_BUF_LIT(out, "\r\n\r\n");
    kdb_buf_slice(out, kdb_buf_view(&load->text));
}

// Sends the connection's next request, unless the run is over.
static void start_request(struct load *load, struct connection *connection, int64_t now)
{
    uint64_t limit = load->options->request_count;
    connection->is_busy =
        (limit == 0 || load->started < limit) && (load->end_ns == 0 || now < load->end_ns);
    if (!connection->is_busy) {
        load->busy--;
        return;
    }
    load->started++;
    render(load, connection);
    connection->sent = 0;
    connection->started_ns = now;
    connection->response = (struct response){0};
    kdb_buf_clear(&connection->in);
    send_rest(load, connection);
    load->result.bytes_sent += connection->out.len;
}

// ---- one answer ----

static void note_error(struct load *load, const char *what, kdb_slice answer)
{
    load->result.errors++;
    if (load->result.first_error.data)
        return;
    if (answer.len > FIRST_ERROR_BYTES)
        answer.len = FIRST_ERROR_BYTES;
    load->result.first_error =
        kdb_arena_printf(&load->ctx->arena, "%s: %.*s", what, KDB_ARG(answer));
}

static bool is_json(struct load *load, kdb_slice body)
{
    const struct kdb_json_limits limits = {.size_max = SIZE_MAX, .depth_max = 64};
    const struct kdb_json *root;
    kdb_ctx_reset(&load->scratch);
    return kdb_json_parse(&load->scratch, body, &limits, &root) == KDB_OK;
}

// What is wrong with an answer, or NULL.
static const char *judge(struct load *load, struct connection *connection)
{
    const struct response *response = &connection->response;
    if (response->status != 200)
        return "status is not 200";
    int64_t row_count = load->options->row_count;
    if (row_count >= 0 && !response_has_row_count(response->body, row_count))
        return "row_count is another";
    if (load->expected.count > 0) {
        kdb_buf_clear(&load->text);
        template_render(&load->expected, &load->source, &connection->numbers, &load->text);
        if (kdb_slice_find(response->body, kdb_buf_view(&load->text), 0) >= response->body.len)
            return "the expected text is missing";
    }
    bool is_sampled =
        load->answered <= load->options->connections || load->answered % STRICT_PARSE_EVERY == 0;
    if (is_sampled && !is_json(load, response->body))
        return "the body is not JSON";
    return NULL;
}

static void count_answer(struct load *load, struct connection *connection, int64_t now)
{
    load->answered++;
    load->last_ns = now;
    load->result.bytes_received += connection->response.size;
    if (!load->is_measuring && now >= load->measure_ns) {
        load->is_measuring = true;
        load->cpu_before = cpu_seconds();
    }
    const char *wrong = judge(load, connection);
    if (wrong) {
        note_error(load, wrong, connection->response.body);
        return;
    }
    if (load->is_measuring && (load->end_ns == 0 || now <= load->end_ns)) {
        load->result.requests++;
        histogram_add(&load->result.latencies, (uint64_t)(now - connection->started_ns));
    }
}

// The server closed the connection or sent something that is not HTTP.
static kdb_status reconnect(struct load *load, struct connection *connection, const char *why)
{
    note_error(load, why, kdb_buf_view(&connection->in));
    if (load->result.errors > load->options->connections && load->result.requests == 0)
        return kdb_fail(load->ctx, KDB_ERR_UNAVAILABLE, "nothing but errors; first: %.*s",
                        KDB_ARG(load->result.first_error));
    (void)close(connection->fd);
    connection->fd = -1;
    KDB_TRY(connect_one(load, connection));
    start_request(load, connection, kdb_monotonic_ns());
    return KDB_OK;
}

static kdb_status read_answer(struct load *load, struct connection *connection)
{
    struct kdb_buf *in = &connection->in;
    char *at = kdb_buf_reserve(in, READ_BYTES);
    ssize_t received = recv(connection->fd, at, in->capacity - in->len, MSG_DONTWAIT);
    if (received < 0 && (errno == EAGAIN || errno == EINTR))
        return KDB_OK;
    if (!connection->is_busy) { // closed after the last answer
        (void)epoll_ctl(load->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
        return KDB_OK;
    }
    if (received <= 0)
        return reconnect(load, connection, "the server closed the connection");
    kdb_buf_advance(in, (size_t)received);
    switch (response_read(kdb_buf_view(in), &connection->response)) {
    case RESPONSE_PARTIAL:
        return KDB_OK;
    case RESPONSE_BROKEN:
        return reconnect(load, connection, "the answer is not HTTP with a length");
    case RESPONSE_COMPLETE:
        break;
    }
    int64_t now = kdb_monotonic_ns();
    count_answer(load, connection, now);
    start_request(load, connection, now);
    return KDB_OK;
}

// ---- the run ----

static kdb_status wait_and_serve(struct load *load)
{
    struct epoll_event events[EVENTS_MAX];
    int timeout_ms = (int)(load->options->timeout_seconds * 1000);
    int count = epoll_wait(load->epoll, events, EVENTS_MAX, timeout_ms);
    if (count < 0 && errno != EINTR)
        return kdb_fail(load->ctx, KDB_ERR_IO, "epoll: %s", strerror(errno));
    if (count == 0)
        return kdb_fail(load->ctx, KDB_ERR_TIMEOUT, "no answer for %.0f s, %u requests on the way",
                        load->options->timeout_seconds, load->busy);
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        if (connection->waits_writes && (events[i].events & EPOLLOUT))
            send_rest(load, connection);
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            KDB_TRY(read_answer(load, connection));
    }
    return KDB_OK;
}

static kdb_status run_connections(struct load *load)
{
    const struct load_options *options = load->options;
    for (uint32_t i = 0; i < options->connections; i++)
        KDB_TRY(connect_one(load, &load->connections[i]));
    int64_t begin = kdb_monotonic_ns();
    load->measure_ns = begin + (int64_t)(options->warmup_seconds * NS_PER_SECOND);
    if (options->seconds > 0)
        load->end_ns = load->measure_ns + (int64_t)(options->seconds * NS_PER_SECOND);
    load->busy = options->connections;
    for (uint32_t i = 0; i < options->connections; i++)
        start_request(load, &load->connections[i], begin);
    while (load->busy > 0)
        KDB_TRY(wait_and_serve(load));
    int64_t end = load->end_ns != 0 && load->end_ns < load->last_ns ? load->end_ns : load->last_ns;
    load->result.seconds = (double)(end - load->measure_ns) / NS_PER_SECOND;
    load->result.cpu_seconds = cpu_seconds() - load->cpu_before;
    load->result.next = load->source.next;
    load->result.answered = load->answered;
    return KDB_OK;
}

static void close_load(struct load *load)
{
    for (uint32_t i = 0; i < load->options->connections; i++) {
        if (load->connections[i].fd >= 0)
            (void)close(load->connections[i].fd);
        kdb_buf_deinit(&load->connections[i].out);
        kdb_buf_deinit(&load->connections[i].in);
    }
    kdb_free(load->connections);
    kdb_buf_deinit(&load->text);
    kdb_ctx_deinit(&load->scratch);
    if (load->epoll >= 0)
        (void)close(load->epoll);
}

kdb_status load_run(const struct load_options *options, struct kdb_ctx *ctx,
                    struct load_result *ret_result)
{
    struct load load = {.options = options,
                        .ctx = ctx,
                        .source = {.random = options->seed, .next = options->first}};
    KDB_TRY(template_compile(ctx, options->body, 0, &load.body));
    KDB_TRY(template_compile(ctx, options->expected, load.body.numbers, &load.expected));
    kdb_ctx_init(&load.scratch, 0);
    load.connections = kdb_alloc_array(options->connections, sizeof(*load.connections));
    for (uint32_t i = 0; i < options->connections; i++)
        load.connections[i].fd = -1;
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    kdb_status status = run_connections(&load);
    close_load(&load);
    KDB_TRY(status);
    *ret_result = load.result;
    return KDB_OK;
}
