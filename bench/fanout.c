// SPDX-License-Identifier: Apache-2.0
// kalam-fanout: what one loop can send to many WebSockets, and what an idle one costs.
//
//     kalam-fanout SUBSCRIBERS FRAMES SECONDS [CERTIFICATE KEY]
//
// A child process opens the connections and counts what arrives; the parent is the server, one loop
// of src/net, which queues FRAMES frames of one shared 200-byte body for every subscriber in a turn
// and goes on when all of them have arrived. SECONDS 0 only measures the memory of idle ones.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/tls.h"
#include "net/ws.h"

enum { body_bytes = 200, prefix_bytes = 45, frame_bytes = 4 + prefix_bytes + body_bytes };

static void die(const char *what)
{
    (void)fprintf(stderr, "kalam-fanout: %s: %s\n", what, strerror(errno));
    exit(1);
}

// ---- The child: connections that count.

struct reader {
    int fd;
    SSL *ssl; // NULL: plain
};

static size_t receive(struct reader *reader, char *out, size_t size)
{
    size_t len = 0;
    if (reader->ssl)
        return SSL_read_ex(reader->ssl, out, size, &len) == 1 ? len : 0;
    ssize_t got = recv(reader->fd, out, size, 0);
    return got > 0 ? (size_t)got : 0;
}

static void upgrade(struct reader *reader, uint16_t port, SSL_CTX *tls)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
                                  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    reader->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (reader->fd < 0 || connect(reader->fd, (const struct sockaddr *)&name, sizeof(name)) != 0)
        die("connect");
    size_t len = 0;
    if (tls) {
        reader->ssl = SSL_new(tls);
        (void)SSL_set_fd(reader->ssl, reader->fd);
        if (SSL_connect(reader->ssl) != 1 ||
            SSL_write_ex(reader->ssl, request, sizeof(request) - 1, &len) != 1)
            die("TLS");
    } else if (send(reader->fd, request, sizeof(request) - 1, 0) < 0) {
        die("send");
    }
    char answer[1024] = "";
    len = 0;
    while (!strstr(answer, "\r\n\r\n")) {
        size_t got = receive(reader, answer + len, sizeof(answer) - 1 - len);
        if (got == 0)
            die("handshake");
        len += got;
    }
}

// Reads a byte from the pipe for each round and writes one when all of it has arrived.
static void run_child(size_t count, size_t frames, bool is_tls, int orders, int reports)
{
    uint16_t port;
    if (read(orders, &port, sizeof(port)) != sizeof(port))
        exit(1);
    SSL_CTX *tls = is_tls ? SSL_CTX_new(TLS_client_method()) : NULL;
    struct reader *readers = calloc(count, sizeof(*readers));
    int poll = epoll_create1(0);
    char *buffer = malloc(1 << 20);
    if (!readers || !buffer || poll < 0)
        die("set up");
    for (size_t i = 0; i < count; i++) {
        upgrade(&readers[i], port, tls);
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};
        if (epoll_ctl(poll, EPOLL_CTL_ADD, readers[i].fd, &event) != 0)
            die("epoll");
    }
    char byte = 0;
    if (write(reports, &byte, 1) != 1)
        exit(1);
    while (read(orders, &byte, 1) == 1) {
        size_t left = count * frames * frame_bytes;
        while (left > 0) {
            struct epoll_event events[256];
            int ready = epoll_wait(poll, events, 256, -1);
            for (int i = 0; i < ready; i++) {
                size_t got = receive(&readers[events[i].data.u64], buffer, 1 << 20);
                if (got == 0)
                    die("a connection ended");
                left -= got;
                while (readers[events[i].data.u64].ssl &&
                       SSL_pending(readers[events[i].data.u64].ssl) > 0)
                    left -= receive(&readers[events[i].data.u64], buffer, 1 << 20);
            }
        }
        if (write(reports, &byte, 1) != 1)
            exit(1);
    }
    exit(0);
}

// ---- The parent: the server.

struct server {
    struct kdb_loop *loop;
    struct kdb_tls *tls; // NULL: plain
    struct kdb_ws **subscribers;
    size_t count;
    size_t frames;
    struct kdb_shared_bytes *body;
    int orders;  // to the child
    int reports; // from it
    int64_t end_ns;
    int64_t rounds;
    struct timespec cpu; // of the loop's thread
};

static void ignore_message(void *self, struct kdb_ws *ws, enum kdb_ws_opcode opcode,
                           kdb_slice bytes)
{
    (void)self;
    (void)ws;
    (void)opcode;
    (void)bytes;
}

static void ignore(void *self, struct kdb_ws *ws)
{
    (void)self;
    (void)ws;
}

static void ignore_close(void *self, struct kdb_ws *ws, unsigned code, kdb_slice reason)
{
    (void)self;
    (void)ws;
    (void)code;
    (void)reason;
}

static void on_request(void *self, struct kdb_http_request *request)
{
    static const struct kdb_ws_handler handler = {ignore_message, ignore, ignore, ignore,
                                                  ignore_close};
    struct server *server = self;
    struct kdb_ws *ws = kdb_ws_accept(request, &handler, server);
    if (ws)
        server->subscribers[server->count++] = ws;
}

static void on_close(void *self, struct kdb_http_request *request)
{
    (void)self;
    (void)request;
}

struct round {
    struct kdb_loop_task task;
    struct server *server;
};

static void run_round(struct kdb_loop_task *task, struct kdb_loop *loop)
{
    struct server *server = ((struct round *)task)->server;
    char prefix[prefix_bytes];
    memset(prefix, 'p', sizeof(prefix));
    (void)loop;
    for (size_t frame = 0; frame < server->frames; frame++) {
        for (size_t i = 0; i < server->count; i++)
            kdb_ws_send_shared(server->subscribers[i], KDB_WS_OP_TEXT,
                               kdb_slice_of(prefix, sizeof(prefix)), server->body);
    }
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &server->cpu);
}

static size_t resident_kib(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    size_t kib = 0;
    while (file && fgets(line, sizeof(line), file)) {
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = strtoul(line + 6, NULL, 10);
    }
    if (file)
        (void)fclose(file);
    return kib;
}

static double seconds_of(struct timespec time)
{
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void send_rounds(struct server *server, int64_t seconds)
{
    struct round round = {.task.run = run_round, .server = server};
    int64_t begin_ns = kdb_monotonic_ns();
    double cpu = 0;
    char byte = 0;
    for (int64_t now_ns = begin_ns; now_ns < begin_ns + seconds * 1000000000;
         now_ns = kdb_monotonic_ns()) {
        if (write(server->orders, &byte, 1) != 1)
            die("pipe");
        kdb_loop_post(server->loop, &round.task);
        if (read(server->reports, &byte, 1) != 1)
            die("pipe");
        if (server->rounds++ == 0)
            cpu = seconds_of(server->cpu);
    }
    double elapsed = (double)(kdb_monotonic_ns() - begin_ns) / 1e9;
    double frames = (double)server->rounds * (double)server->count * (double)server->frames;
    cpu = seconds_of(server->cpu) - cpu;
    (void)printf(
        "%.0f frames in %.2f s: %.0f frames/s, server thread %.2f s of CPU: %.0f frames per "
        "CPU second\n",
        frames, elapsed, frames / elapsed, cpu, frames / cpu);
}

static pid_t start_child(struct server *server, size_t count, bool is_tls)
{
    int down[2];
    int up[2];
    if (pipe(down) != 0 || pipe(up) != 0)
        die("pipe");
    pid_t child = fork();
    if (child == 0) {
        (void)close(down[1]);
        (void)close(up[0]);
        run_child(count, server->frames, is_tls, down[0], up[1]);
    }
    (void)close(down[0]);
    (void)close(up[1]);
    server->orders = down[1];
    server->reports = up[0];
    return child;
}

static kdb_status start_server(struct server *server, struct kdb_ctx *ctx, size_t count,
                               struct kdb_listener **ret_listener)
{
    KDB_TRY(kdb_loop_open(ctx, "fanout", &server->loop));
    struct kdb_listener_target target = {server->loop, {on_request, on_close, server}};
    struct kdb_listener_options options = {.host = "127.0.0.1",
                                           .backlog = 1024,
                                           .limits = kdb_http_limits_default(),
                                           .tls = server->tls,
                                           .targets = &target,
                                           .target_count = 1};
    options.limits.connections_max = count + 10;
    options.limits.websocket.connections_max = count;
    options.limits.websocket.idle_timeout_ms = 0;
    KDB_TRY(kdb_listener_open(ctx, &options, ret_listener));
    return kdb_loop_start(server->loop, ctx);
}

// Tells the child where to connect and waits until it has; says what that cost.
static void connect_child(struct server *server, uint16_t port, size_t count)
{
    size_t before = resident_kib();
    char byte;
    if (write(server->orders, &port, sizeof(port)) != sizeof(port) ||
        read(server->reports, &byte, 1) != 1)
        die("the child did not connect");
    size_t after = resident_kib();
    (void)printf("%zu idle: %.0f bytes each (resident %zu KiB before, %zu KiB after)\n", count,
                 (double)(after - before) * 1024 / (double)count, before, after);
}

int main(int argc, char **argv)
{
    if (argc != 4 && argc != 6) {
        (void)fprintf(stderr, "usage: kalam-fanout SUBSCRIBERS FRAMES SECONDS [CERTIFICATE KEY]\n");
        return 2;
    }
    size_t count = strtoul(argv[1], NULL, 10);
    struct server server = {.frames = strtoul(argv[2], NULL, 10)};
    struct rlimit files = {count + 100, count + 100};
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        die("file descriptors");
    pid_t child = start_child(&server, count, argc == 6); // before there are threads
    server.subscribers = kdb_alloc_array(count, sizeof(struct kdb_ws *));
    char body[body_bytes];
    memset(body, 'b', sizeof(body));
    server.body = kdb_shared_bytes_create(kdb_slice_of(body, sizeof(body)));
    struct kdb_ctx ctx;
    struct kdb_listener *listener = NULL;
    kdb_ctx_init(&ctx, 0);
    kdb_status status = argc == 6 ? kdb_tls_open(&ctx, argv[4], argv[5], &server.tls) : KDB_OK;
    if (status == KDB_OK)
        status = start_server(&server, &ctx, count, &listener);
    if (status != KDB_OK) {
        (void)fprintf(stderr, "kalam-fanout: %s\n", ctx.error.message);
        return 1;
    }
    connect_child(&server, kdb_listener_port(listener), count);
    int64_t seconds = strtol(argv[3], NULL, 10);
    if (seconds > 0)
        send_rounds(&server, seconds);
    (void)close(server.orders);
    (void)waitpid(child, NULL, 0);
    kdb_listener_close(listener);
    kdb_loop_close(server.loop);
    kdb_tls_close(server.tls);
    kdb_shared_bytes_unref(server.body);
    kdb_free(server.subscribers);
    kdb_ctx_deinit(&ctx);
    return 0;
}
