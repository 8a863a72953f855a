// SPDX-License-Identifier: Apache-2.0
// The server over real loopback sockets: answers now and later, slow and broken clients, limits,
// orderly stop, TLS.
#include "net/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "lib/identity.h"
#include "lib/test.h"
#include "net/loop.h"
#include "net/tls.h"

enum { loop_count = 2 };

// What a request of the test asks for is said by its path:
//   /echo     answers with the body
//   /large    answers with 8 MB
//   /later    another thread's task answers
//   /hold     answers when the test says so
struct server {
    struct kdb_ctx ctx;
    struct kdb_loop *loops[loop_count];
    struct kdb_listener *listener;
    struct kdb_listener_options options;
    struct kdb_listener_target targets[loop_count];
    sem_t held;   // a request of /hold has arrived
    sem_t closed; // and its connection broke
    struct kdb_http_request *held_request;
};

struct late_answer {
    struct kdb_loop_task task;
    struct kdb_http_request *request;
};

static void answer_body(struct kdb_http_request *request)
{
    struct kdb_buf body = {0};
    kdb_buf_slice(&body, request->body);
    kdb_http_respond_json(request, 200, &body);
    kdb_buf_deinit(&body);
}

static void run_late_answer(struct kdb_loop_task *task, struct kdb_loop *loop)
{
    struct late_answer *late = (struct late_answer *)task;
    assert_ptr_equal(late->request->loop, loop);
    answer_body(late->request);
    free(late);
}

static void answer_later(struct kdb_http_request *request)
{
    struct late_answer *late = calloc(1, sizeof(*late));
    assert_non_null(late);
    late->task.run = run_late_answer;
    late->request = request;
    kdb_loop_post(request->loop, &late->task);
}

enum { large_bytes = 8 * 1000 * 1000 };

static void on_request(void *self, struct kdb_http_request *request)
{
    struct server *server = self;
    assert_true(kdb_loop_is_current(request->loop));
    if (kdb_slice_equal(request->path, KDB_LIT("/large"))) {
        struct kdb_buf body = {0};
        memset(kdb_buf_reserve(&body, large_bytes), 'L', large_bytes);
        kdb_buf_advance(&body, large_bytes);
        kdb_http_respond_json(request, 200, &body);
        kdb_buf_deinit(&body);
    } else if (kdb_slice_equal(request->path, KDB_LIT("/later"))) {
        answer_later(request);
    } else if (kdb_slice_equal(request->path, KDB_LIT("/hold"))) {
        server->held_request = request;
        assert_int_equal(sem_post(&server->held), 0);
    } else {
        answer_body(request);
    }
}

static void on_close(void *self, struct kdb_http_request *request)
{
    struct server *server = self;
    (void)request;
    assert_int_equal(sem_post(&server->closed), 0);
}

// Prepares a server; the test may change options before start_server.
static struct server *make_server(void)
{
    struct server *server = calloc(1, sizeof(*server));
    assert_non_null(server);
    kdb_ctx_init(&server->ctx, 0);
    assert_int_equal(sem_init(&server->held, 0, 0), 0);
    assert_int_equal(sem_init(&server->closed, 0, 0), 0);
    for (int i = 0; i < loop_count; i++) {
        assert_int_equal(kdb_loop_open(&server->ctx, "test", &server->loops[i]), KDB_OK);
        server->targets[i].loop = server->loops[i];
        server->targets[i].handler = (struct kdb_http_handler){on_request, on_close, server};
    }
    server->options = (struct kdb_listener_options){.host = "127.0.0.1",
                                                    .backlog = 64,
                                                    .limits = kdb_http_limits_default(),
                                                    .targets = server->targets,
                                                    .target_count = loop_count};
    return server;
}

static void start_server(struct server *server)
{
    assert_int_equal(kdb_listener_open(&server->ctx, &server->options, &server->listener), KDB_OK);
    for (int i = 0; i < loop_count; i++)
        assert_int_equal(kdb_loop_start(server->loops[i], &server->ctx), KDB_OK);
}

static void stop_server(struct server *server)
{
    kdb_listener_close(server->listener);
    for (int i = 0; i < loop_count; i++)
        kdb_loop_close(server->loops[i]);
    kdb_ctx_deinit(&server->ctx);
    (void)sem_destroy(&server->held);
    (void)sem_destroy(&server->closed);
    free(server);
}

// Lets the held request be answered on its loop.
static void release_held(struct server *server)
{
    answer_later(server->held_request);
}

// ---- A client that blocks.

static struct sockaddr_in server_name(const struct server *server)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(kdb_listener_port(server->listener)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int dial(const struct server *server, int receive_buffer)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    struct timeval patience = {.tv_sec = 20};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)), 0);
    if (receive_buffer > 0)
        assert_int_equal(
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer)), 0);
    struct sockaddr_in name = server_name(server);
    assert_int_equal(connect(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
    return fd;
}

static void send_bytes(int fd, kdb_slice bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        assert_true(sent > 0);
        bytes = kdb_slice_skip(bytes, (size_t)sent);
    }
}

static void send_text(int fd, const char *text)
{
    send_bytes(fd, kdb_slice_cstr(text));
}

// Reads until the other side ends; false when it broke the connection instead.
static bool read_to_end(int fd, struct kdb_buf *out)
{
    while (true) {
        char *at = kdb_buf_reserve(out, 65536);
        ssize_t len = recv(fd, at, 65536, 0);
        if (len <= 0)
            return len == 0;
        kdb_buf_advance(out, (size_t)len);
    }
}

// Reads one answer with its body; leaves it in `out`, NUL-terminated. Returns the status.
static int read_answer(int fd, struct kdb_buf *out)
{
    kdb_buf_clear(out);
    size_t head = SIZE_MAX;
    size_t whole = SIZE_MAX;
    while (out->len < whole) {
        size_t wanted = whole == SIZE_MAX ? 1 : whole - out->len;
        char *at = kdb_buf_reserve(out, wanted + 1);
        ssize_t len = recv(fd, at, wanted, 0);
        assert_true(len > 0);
        kdb_buf_advance(out, (size_t)len);
        if (whole != SIZE_MAX)
            continue;
        head = kdb_slice_find(kdb_buf_view(out), KDB_LIT("\r\n\r\n"), 0);
        if (head == SIZE_MAX)
            continue;
        out->data[out->len] = '\0';
        const char *length = strstr(out->data, "Content-Length: ");
        assert_non_null(length);
        whole = head + 4 + strtoul(length + 16, NULL, 10);
    }
    kdb_buf_put(out, '\0');
    out->len--;
    return atoi(out->data + 9);
}

#define POST(path, length) "POST " path " HTTP/1.1\r\nHost: h\r\nContent-Length: " length "\r\n\r\n"
#define GET(path)          "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"

static void test_answers_now_and_later(void **state)
{
    (void)state;
    struct server *server = make_server();
    start_server(server);
    struct kdb_buf out = {0};
    int fd = dial(server, 0);
    for (int i = 0; i < 3; i++) {
        send_text(fd, POST("/echo", "5") "hello");
        assert_int_equal(read_answer(fd, &out), 200);
        assert_string_equal(out.data + out.len - 5, "hello");
        send_text(fd, POST("/later", "2"));
        send_text(fd, "yo");
        assert_int_equal(read_answer(fd, &out), 200);
        assert_string_equal(out.data + out.len - 2, "yo");
    }
    // Pipelined, answered in another order than asked is impossible.
    send_text(fd, POST("/later", "1") "1" POST("/echo", "1") "2" POST("/later", "1") "3" POST(
                      "/echo", "1") "4");
    for (int i = 1; i <= 4; i++) {
        assert_int_equal(read_answer(fd, &out), 200);
        assert_int_equal(out.data[out.len - 1], '0' + i);
    }
    (void)close(fd);
    kdb_buf_deinit(&out);
    stop_server(server);
}

static void test_connections_are_spread(void **state)
{
    (void)state;
    struct server *server = make_server();
    start_server(server);
    struct kdb_buf out = {0};
    int fds[20];
    for (int i = 0; i < 20; i++) {
        fds[i] = dial(server, 0);
        send_text(fds[i], GET("/echo"));
        assert_int_equal(read_answer(fds[i], &out), 200);
    }
    struct kdb_listener_stats stats = kdb_listener_stats(server->listener);
    assert_int_equal(stats.connections_now, 20);
    assert_int_equal(stats.connections_total, 20);
    for (int i = 0; i < 20; i++)
        (void)close(fds[i]);
    kdb_listener_drain(server->listener, 10000);
    assert_int_equal(kdb_listener_stats(server->listener).connections_now, 0);
    assert_int_equal(kdb_listener_stats(server->listener).requests_total, 20);
    kdb_buf_deinit(&out);
    stop_server(server);
}

// The peer takes the answer slowly: it waits in the server, whole and in order.
static void test_large_answers(void **state)
{
    (void)state;
    struct server *server = make_server();
    start_server(server);
    int fd = dial(server, 4096);
    send_text(fd, GET("/large") GET("/large") POST("/echo", "3") "end");
    struct kdb_buf out = {0};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(read_answer(fd, &out), 200);
        assert_true(out.len > large_bytes);
        assert_int_equal(out.data[out.len - 1], 'L');
        assert_int_equal(out.data[out.len - large_bytes], 'L');
        assert_int_equal(out.data[out.len - large_bytes - 1], '\n');
    }
    assert_int_equal(read_answer(fd, &out), 200);
    assert_string_equal(out.data + out.len - 3, "end");
    // Gone in the middle of one.
    send_text(fd, GET("/large"));
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), 1);
    (void)close(fd);
    kdb_buf_deinit(&out);
    stop_server(server);
}

// The client is still sending when it is refused: the answer must reach it all the same.
static void test_refusal_arrives(void **state)
{
    (void)state;
    struct server *server = make_server();
    server->options.limits.body_bytes_max = 1000;
    start_server(server);
    int fd = dial(server, 0);
    send_text(fd, POST("/echo", "4000000"));
    struct kdb_buf body = {0};
    memset(kdb_buf_reserve(&body, 4000000), 'b', 4000000);
    kdb_buf_advance(&body, 4000000);
    send_bytes(fd, kdb_buf_view(&body));
    struct kdb_buf out = {0};
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_true(read_to_end(fd, &out));
    kdb_buf_put(&out, '\0');
    assert_non_null(strstr(out.data, "HTTP/1.1 413 "));
    assert_non_null(strstr(out.data, "{\"error\":\"BODY_TOO_LARGE\","));
    (void)close(fd);
    kdb_buf_deinit(&body);
    kdb_buf_deinit(&out);
    stop_server(server);
}

static void test_connection_limit(void **state)
{
    (void)state;
    struct server *server = make_server();
    server->options.limits.connections_max = 2;
    start_server(server);
    struct kdb_buf out = {0};
    int fds[2];
    for (int i = 0; i < 2; i++) {
        fds[i] = dial(server, 0);
        send_text(fds[i], GET("/echo"));
        assert_int_equal(read_answer(fds[i], &out), 200);
    }
    int fd = dial(server, 0);
    kdb_buf_clear(&out);
    assert_true(read_to_end(fd, &out));
    kdb_buf_put(&out, '\0');
    assert_non_null(strstr(out.data, "HTTP/1.1 503 "));
    assert_non_null(strstr(out.data, "{\"error\":\"OVERLOADED\","));
    assert_int_equal(kdb_listener_stats(server->listener).connections_refused, 1);
    (void)close(fd);
    for (int i = 0; i < 2; i++)
        (void)close(fds[i]);
    kdb_buf_deinit(&out);
    stop_server(server);
}

// Each kind of slowness ends, and in its own way.
static void test_slow_clients(void **state)
{
    (void)state;
    struct server *server = make_server();
    server->options.limits.header_timeout_ms = 20;
    server->options.limits.body_timeout_ms = 20;
    server->options.limits.idle_timeout_ms = 20;
    server->options.limits.linger_ms = 20;
    server->options.limits.write_timeout_ms = 20;
    start_server(server);
    static const struct {
        const char *sent;
        const char *answered;
    } cases[] = {
        {"", ""},
        {"GET / HT", "HTTP/1.1 408 "},
        {POST("/echo", "10") "abc", "HTTP/1.1 408 "},
        {GET("/echo"), "HTTP/1.1 200 "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = dial(server, 0);
        send_text(fd, cases[i].sent);
        struct kdb_buf out = {0};
        assert_true(read_to_end(fd, &out));
        assert_true(kdb_slice_has_prefix(kdb_buf_view(&out), kdb_slice_cstr(cases[i].answered)));
        assert_int_equal(out.len > 0, cases[i].answered[0] != '\0');
        kdb_buf_deinit(&out);
        (void)close(fd);
    }
    // Takes nothing of its answer, and is cut.
    int fd = dial(server, 4096);
    send_text(fd, GET("/large"));
    while (kdb_listener_stats(server->listener).requests_total < 2)
        (void)sched_yield();
    while (kdb_listener_stats(server->listener).connections_now > 0)
        (void)sched_yield();
    struct kdb_buf out = {0};
    (void)read_to_end(fd, &out);
    assert_true(out.len < large_bytes);
    kdb_buf_deinit(&out);
    (void)close(fd);
    stop_server(server);
}

static void test_client_leaves(void **state)
{
    (void)state;
    struct server *server = make_server();
    start_server(server);
    int fd = dial(server, 0);
    send_text(fd, GET("/hold"));
    assert_int_equal(sem_wait(&server->held), 0);
    struct linger hard = {.l_onoff = 1};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
    (void)close(fd); // resets
    assert_int_equal(sem_wait(&server->closed), 0);
    assert_true(atomic_load(&server->held_request->ctx.is_cancelled));
    assert_int_equal(kdb_listener_stats(server->listener).requests_now, 1);
    release_held(server);
    stop_server(server);
}

// No descriptors left: who knocks then is let in as soon as there are some again.
static void test_descriptors_run_out(void **state)
{
    (void)state;
    struct server *server = make_server();
    start_server(server);
    struct kdb_buf out = {0};
    int fd = dial(server, 0);
    send_text(fd, GET("/echo"));
    assert_int_equal(read_answer(fd, &out), 200);
    int late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(late >= 0);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct sockaddr_in name = server_name(server);
    assert_int_equal(connect(late, (const struct sockaddr *)&name, sizeof(name)), 0);
    send_text(late, GET("/echo"));
    for (int i = 0; i < 3; i++) { // the others are served meanwhile
        send_text(fd, GET("/echo"));
        assert_int_equal(read_answer(fd, &out), 200);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(read_answer(late, &out), 200);
    (void)close(late);
    (void)close(fd);
    kdb_buf_deinit(&out);
    stop_server(server);
}

struct stopping {
    struct server *server;
    int64_t grace_ms;
};

static void *drain(void *arg)
{
    struct stopping *stopping = arg;
    kdb_listener_drain(stopping->server->listener, stopping->grace_ms);
    return NULL;
}

// Waits until nobody can connect any more.
static void await_closed_port(uint16_t port)
{
    while (true) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in name = {.sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int error = connect(fd, (const struct sockaddr *)&name, sizeof(name));
        (void)close(fd);
        if (error != 0)
            return;
        (void)sched_yield();
    }
}

static void test_orderly_stop(void **state)
{
    (void)state;
    struct server *server = make_server();
    start_server(server);
    struct kdb_buf out = {0};
    int idle = dial(server, 0);
    send_text(idle, GET("/echo"));
    assert_int_equal(read_answer(idle, &out), 200);
    int busy = dial(server, 0);
    send_text(busy, POST("/hold", "4") "work" GET("/echo"));
    assert_int_equal(sem_wait(&server->held), 0);

    struct stopping stopping = {server, 20000};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, drain, &stopping), 0);
    await_closed_port(kdb_listener_port(server->listener));
    kdb_buf_clear(&out);
    assert_true(read_to_end(idle, &out)); // closed without a word
    assert_int_equal(out.len, 0);
    release_held(server);
    assert_int_equal(read_answer(busy, &out), 200);
    assert_non_null(strstr(out.data, "\r\nConnection: close\r\n"));
    assert_string_equal(out.data + out.len - 4, "work");
    kdb_buf_clear(&out);
    assert_true(read_to_end(busy, &out));
    assert_int_equal(out.len, 0);
    (void)close(busy);
    (void)close(idle);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(kdb_listener_stats(server->listener).connections_now, 0);
    kdb_buf_deinit(&out);
    stop_server(server);
}

// The grace is cut short; the request is answered by its handler into nothing.
static void test_cut(void **state)
{
    (void)state;
    struct server *server = make_server();
    start_server(server);
    int fd = dial(server, 0);
    send_text(fd, GET("/hold"));
    assert_int_equal(sem_wait(&server->held), 0);
    struct stopping stopping = {server, 3600 * 1000};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, drain, &stopping), 0);
    await_closed_port(kdb_listener_port(server->listener));
    kdb_listener_cut(server->listener);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(sem_wait(&server->closed), 0);
    release_held(server);
    (void)close(fd);
    stop_server(server);
}

// A task that goes round the loop many times before it answers.
struct slow_answer {
    struct kdb_loop_task task;
    struct server *server;
    int rounds_left;
};

static void run_slow_answer(struct kdb_loop_task *task, struct kdb_loop *loop)
{
    struct slow_answer *slow = (struct slow_answer *)task;
    if (slow->rounds_left-- > 0)
        kdb_loop_post(loop, task);
    else
        answer_body(slow->server->held_request);
}

static void *close_listener(void *arg)
{
    struct server *server = arg;
    kdb_listener_close(server->listener);
    server->listener = NULL;
    return NULL;
}

// The listener is closed while a request is still worked on; its loop goes on meanwhile.
static void test_close_awaits_answers(void **state)
{
    (void)state;
    struct server *server = make_server();
    start_server(server);
    int fd = dial(server, 0);
    send_text(fd, GET("/hold"));
    assert_int_equal(sem_wait(&server->held), 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, close_listener, server), 0);
    assert_int_equal(sem_wait(&server->closed), 0);
    struct slow_answer slow = {.task.run = run_slow_answer, .server = server, .rounds_left = 2000};
    kdb_loop_post(server->held_request->loop, &slow.task);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(slow.rounds_left, -1);
    (void)close(fd);
    stop_server(server);
}

static void test_bad_options(void **state)
{
    (void)state;
    struct server *server = make_server();
    start_server(server);
    struct kdb_listener *second = NULL;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    server->options.port = kdb_listener_port(server->listener);
    assert_int_equal(kdb_listener_open(&ctx, &server->options, &second), KDB_ERR_CONFIG);
    assert_non_null(strstr(ctx.error.message, "address already in use; set another address with"));
    kdb_ctx_clear_error(&ctx);
    server->options.host = "256.256.256.256";
    assert_int_equal(kdb_listener_open(&ctx, &server->options, &second), KDB_ERR_CONFIG);
    assert_non_null(strstr(ctx.error.message, "256.256.256.256"));
    kdb_ctx_deinit(&ctx);
    kdb_listener_close(NULL);
    stop_server(server);
}

// ---- TLS.

static size_t tls_read_to_end(SSL *ssl, char *out, size_t size)
{
    size_t total = 0;
    size_t len;
    while (total < size && SSL_read_ex(ssl, out + total, size - total, &len) == 1)
        total += len;
    return total;
}

static void expect_tls_exchange(const struct server *server, SSL_CTX *client, const char *request,
                                char *out, size_t size)
{
    int fd = dial(server, 0);
    SSL *ssl = SSL_new(client);
    assert_int_equal(SSL_set_fd(ssl, fd), 1);
    assert_int_equal(SSL_connect(ssl), 1);
    size_t written;
    assert_int_equal(SSL_write_ex(ssl, request, strlen(request), &written), 1);
    size_t len = tls_read_to_end(ssl, out, size - 1);
    assert_int_equal(SSL_get_error(ssl, 0), SSL_ERROR_ZERO_RETURN); // ended in order
    out[len] = '\0';
    SSL_free(ssl);
    (void)close(fd);
}

#define CLOSE "Connection: close\r\n\r\n"

// Plain HTTP is told so and closed, anything else is closed, perhaps with an alert.
static void expect_no_plain_text(const struct server *server)
{
    int fd = dial(server, 0);
    send_text(fd, GET("/echo"));
    struct kdb_buf answer = {0};
    assert_true(read_to_end(fd, &answer));
    assert_true(kdb_slice_has_prefix(kdb_buf_view(&answer), KDB_LIT("HTTP/1.1 400 ")));
    assert_true(kdb_slice_find(kdb_buf_view(&answer),
                               KDB_LIT("Content-Length: 54\r\nConnection: close\r\n\r\n"
                                       "This port speaks TLS: its address begins with https://"),
                               0) != SIZE_MAX);
    (void)close(fd);
    fd = dial(server, 0);
    send_text(fd, "abracadabra\r\n\r\n");
    kdb_buf_clear(&answer);
    (void)read_to_end(fd, &answer);
    assert_true(answer.len < 20);
    (void)close(fd);
    kdb_buf_deinit(&answer);
}

static void test_tls(void **state)
{
    (void)state;
    struct identity identity;
    make_identity(&identity);
    struct server *server = make_server();
    struct kdb_tls *tls = NULL;
    assert_int_equal(kdb_tls_open(&server->ctx, identity.certificate, identity.key, &tls), KDB_OK);
    server->options.tls = tls;
    server->options.limits.header_timeout_ms = 3000;
    start_server(server);
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());
    size_t size = large_bytes + 1000;
    char *out = calloc(1, size);
    assert_non_null(out);
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(SSL_CTX_set_min_proto_version(client, versions[i]), 1);
        assert_int_equal(SSL_CTX_set_max_proto_version(client, versions[i]), 1);
        expect_tls_exchange(
            server, client,
            POST("/later", "1") "1"
                                "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n" CLOSE
                                "hello",
            out, size);
        assert_non_null(strstr(out, "\r\n\r\n1HTTP/1.1 200 "));
        assert_string_equal(out + strlen(out) - 5, "hello");
        expect_tls_exchange(server, client, "GET /large HTTP/1.1\r\nHost: h\r\n" CLOSE, out, size);
        assert_true(strlen(out) > large_bytes);
        assert_int_equal(out[strlen(out) - 1], 'L');
    }
    SSL_CTX_free(client);

    expect_no_plain_text(server);
    // Old TLS is refused.
    client = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(client, 0);
    assert_int_equal(SSL_CTX_set_min_proto_version(client, TLS1_1_VERSION), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(client, TLS1_1_VERSION), 1);
    int fd = dial(server, 0);
    SSL *ssl = SSL_new(client);
    assert_int_equal(SSL_set_fd(ssl, fd), 1);
    assert_int_not_equal(SSL_connect(ssl), 1);
    SSL_free(ssl);
    (void)close(fd);
    SSL_CTX_free(client);
    // Connected and silent while the server stops.
    fd = dial(server, 0);
    kdb_listener_drain(server->listener, 0);
    (void)close(fd);
    free(out);
    stop_server(server);
    kdb_tls_close(tls);
    remove_identity(&identity);
}

// A client that says nothing during the handshake does not stay.
static void test_tls_handshake_timeout(void **state)
{
    (void)state;
    struct identity identity;
    make_identity(&identity);
    struct server *server = make_server();
    struct kdb_tls *tls = NULL;
    assert_int_equal(kdb_tls_open(&server->ctx, identity.certificate, identity.key, &tls), KDB_OK);
    server->options.tls = tls;
    server->options.limits.header_timeout_ms = 10;
    start_server(server);
    int fd = dial(server, 0);
    struct kdb_buf out = {0};
    assert_true(read_to_end(fd, &out));
    assert_int_equal(out.len, 0);
    kdb_buf_deinit(&out);
    (void)close(fd);
    stop_server(server);
    kdb_tls_close(tls);
    remove_identity(&identity);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_now_and_later),
        cmocka_unit_test(test_connections_are_spread),
        cmocka_unit_test(test_large_answers),
        cmocka_unit_test(test_refusal_arrives),
        cmocka_unit_test(test_connection_limit),
        cmocka_unit_test(test_slow_clients),
        cmocka_unit_test(test_client_leaves),
        cmocka_unit_test(test_descriptors_run_out),
        cmocka_unit_test(test_orderly_stop),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_close_awaits_answers),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_tls_handshake_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
