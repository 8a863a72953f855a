// SPDX-License-Identifier: Apache-2.0
// The scripted server: accept, read, answer, until the script is at its end.
#include "lib/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/buf.h"
#include "client/live_priv.h"

struct scripted_server {
    int listener;
    SSL_CTX *tls; // NULL: plain
    pthread_t thread;
    bool is_stopped;
    char url[64];
    struct scripted_answer *answers;
    size_t answer_count;
    struct kdb_buf *requests; // one for each answer
    size_t request_count;
    size_t connection_count;
};

// ---- one connection ----

struct peer {
    int fd;
    SSL *ssl; // NULL: plain
};

// As recv.
static ssize_t peer_receive(const struct peer *peer, void *at, size_t size)
{
    return peer->ssl ? SSL_read(peer->ssl, at, (int)size) : recv(peer->fd, at, size, 0);
}

// Exactly so many bytes. False at the end.
static bool peer_take(const struct peer *peer, void *at, size_t size)
{
    char *bytes = at;
    while (size > 0) {
        ssize_t count = peer_receive(peer, bytes, size);
        if (count <= 0)
            return false;
        bytes += count;
        size -= (size_t)count;
    }
    return true;
}

static void peer_send(const struct peer *peer, const void *data, size_t len)
{
    if (peer->ssl && len > 0)
        (void)SSL_write(peer->ssl, data, (int)len);
    else if (len > 0)
        (void)send(peer->fd, data, len, MSG_NOSIGNAL);
}

static void send_ticket(const struct peer *peer)
{
    KDB_ASSERT(SSL_new_session_ticket(peer->ssl) == 1 && SSL_do_handshake(peer->ssl) == 1);
}

// ---- HTTP ----

// Bytes of the request that is at the front of `buf`; 0 when it is not complete.
static size_t request_size(struct kdb_buf *buf)
{
    kdb_slice text = kdb_buf_view(buf);
    size_t head = kdb_slice_find(text, KDB_LIT("\r\n\r\n"), 0);
    if (head == SIZE_MAX)
        return 0;
    size_t field = kdb_slice_find(text, KDB_LIT("\r\nContent-Length: "), 0);
    size_t body = field < head ? strtoul(text.data + field + 18, NULL, 10) : 0;
    size_t size = head + 4 + body;
    return text.len >= size ? size : 0;
}

static bool read_request(const struct peer *peer, struct kdb_buf *in, struct kdb_buf *ret_request)
{
    size_t size;
    while ((size = request_size(in)) == 0) {
        char *at = kdb_buf_reserve(in, 4096);
        ssize_t count = peer_receive(peer, at, 4096 - 1);
        if (count <= 0)
            return false;
        at[count] = '\0';
        kdb_buf_advance(in, (size_t)count);
    }
    kdb_buf_append(ret_request, in->data, size);
    kdb_buf_put(ret_request, '\0');
    memmove(in->data, in->data + size, in->len - size);
    in->len -= size;
    return true;
}

static void send_answer(const struct peer *peer, const struct scripted_answer *answer)
{
    size_t len = answer->bytes ? strlen(answer->bytes) : 0;
    size_t piece = answer->piece ? answer->piece : len;
    for (size_t at = 0; at < len; at += piece) {
        size_t count = len - at < piece ? len - at : piece;
        peer_send(peer, answer->bytes + at, count);
    }
}

// ---- WebSocket ----

static void answer_handshake(const struct peer *peer, const char *request)
{
    struct kdb_arena arena;
    struct kdb_buf text = {0};
    static const char field[] = "\r\nSec-WebSocket-Key: ";
    const char *key = strstr(request, field);
    KDB_ASSERT(key != NULL);
    key += sizeof(field) - 1;
    kdb_arena_init(&arena, 0);
    kdb_slice accept = client_live_accept(&arena, kdb_slice_of(key, strcspn(key, "\r")));
    kdb_buf_printf(&text,
                   "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                   "Sec-WebSocket-Accept: %.*s\r\n\r\n",
                   KDB_ARG(accept));
    peer_send(peer, text.data, text.len);
    kdb_buf_deinit(&text);
    kdb_arena_deinit(&arena);
}

// Takes one masked frame off the connection. False at its end.
static bool take_frame(const struct peer *peer, struct kdb_buf *seen)
{
    uint8_t head[2];
    uint8_t more[2];
    uint8_t mask[4];
    if (!peer_take(peer, head, sizeof(head)))
        return false;
    size_t left = head[1] & 0x7FU;
    KDB_ASSERT((head[1] & 0x80U) != 0 && left < 127);
    if (left == 126) {
        if (!peer_take(peer, more, sizeof(more)))
            return false;
        left = (size_t)more[0] << 8 | more[1];
    }
    if (!peer_take(peer, mask, sizeof(mask)))
        return false;
    kdb_buf_put(seen, "0123456789A"[head[0] & 0x0F]);
    for (size_t i = 0; i < left; i++) {
        uint8_t byte = 0;
        if (!peer_take(peer, &byte, 1))
            return false;
        kdb_buf_put(seen, (char)(byte ^ mask[i % 4]));
    }
    kdb_buf_put(seen, '\n');
    return true;
}

static void talk(const struct peer *peer, const char *lines, struct kdb_buf *seen)
{
    seen->len--; // the NUL behind the request
    answer_handshake(peer, seen->data);
    for (const char *at = lines; *at;) {
        size_t len = strcspn(at, "\n");
        if (*at == '+') {
            (void)take_frame(peer, seen);
        } else {
            char head[2] = {(char)(0x80U | (unsigned)(*at - '0')), (char)(len - 1)};
            KDB_ASSERT(len <= 126);
            peer_send(peer, head, sizeof(head));
            peer_send(peer, at + 1, len - 1);
        }
        at += len + (at[len] == '\n');
    }
    while (take_frame(peer, seen))
        ;
    kdb_buf_put(seen, '\0');
}

static void wait_for_close(const struct peer *peer)
{
    char unused[256];
    while (peer_receive(peer, unused, sizeof(unused)) > 0)
        ;
}

// Answers on one connection until either side closes it. False when it is to be cut off.
static bool serve(struct scripted_server *server, const struct peer *peer)
{
    struct kdb_buf in = {0};
    bool is_open = true;
    bool is_cut = false;
    while (is_open && server->request_count < server->answer_count) {
        if (!read_request(peer, &in, &server->requests[server->request_count]))
            break;
        const struct scripted_answer *answer = &server->answers[server->request_count++];
        if (answer->upgrades) {
            talk(peer, answer->bytes, &server->requests[server->request_count - 1]);
            break;
        }
        if (answer->waits)
            wait_for_close(peer);
        send_answer(peer, answer);
        if (answer->has_ticket)
            send_ticket(peer);
        is_cut = answer->is_cut;
        is_open = !answer->closes && !answer->waits;
    }
    kdb_buf_deinit(&in);
    return !is_cut;
}

static void serve_tls(struct scripted_server *server, int fd)
{
    struct peer peer = {.fd = fd, .ssl = SSL_new(server->tls)};
    KDB_ASSERT(peer.ssl != NULL && SSL_set_fd(peer.ssl, fd) == 1);
    if (SSL_accept(peer.ssl) == 1 && serve(server, &peer))
        (void)SSL_shutdown(peer.ssl);
    SSL_free(peer.ssl);
}

static void *run(void *arg)
{
    struct scripted_server *server = arg;
    // OpenSSL writes without MSG_NOSIGNAL. In this thread only: the clients must do without.
    sigset_t pipe;
    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    while (server->request_count < server->answer_count) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            break;
        int one = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        server->connection_count++;
        if (server->tls)
            serve_tls(server, fd);
        else
            (void)serve(server, &(struct peer){.fd = fd});
        (void)close(fd);
    }
    (void)shutdown(server->listener, SHUT_RDWR);
    return NULL;
}

static SSL_CTX *open_tls(const struct scripted_tls *tls)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    KDB_ASSERT(context != NULL);
    SSL_CTX_set_security_level(context, 0); // for versions that a client must refuse
    KDB_ASSERT(SSL_CTX_set_min_proto_version(context, TLS1_VERSION) == 1);
    KDB_ASSERT(SSL_CTX_set_max_proto_version(context, tls->version_max) == 1);
    KDB_ASSERT(SSL_CTX_use_certificate_file(context, tls->certificate, SSL_FILETYPE_PEM) == 1);
    KDB_ASSERT(SSL_CTX_use_PrivateKey_file(context, tls->key, SSL_FILETYPE_PEM) == 1);
    return context;
}

struct scripted_server *scripted_server_start(const struct scripted_answer *answers, size_t count)
{
    return scripted_server_start_tls(answers, count, NULL);
}

struct scripted_server *scripted_server_start_tls(const struct scripted_answer *answers,
                                                  size_t count, const struct scripted_tls *tls)
{
    struct scripted_server *server = kdb_alloc(sizeof(*server));
    server->answers = kdb_alloc_array(count, sizeof(*answers));
    for (size_t i = 0; i < count; i++) {
        const char *bytes = answers[i].bytes;
        server->answers[i] = answers[i];
        server->answers[i].bytes = bytes ? kdb_alloc_text(bytes, strlen(bytes)) : NULL;
    }
    server->answer_count = count;
    server->tls = tls ? open_tls(tls) : NULL;
    server->requests = kdb_alloc_array(count, sizeof(struct kdb_buf));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    KDB_ASSERT(bind(server->listener, (struct sockaddr *)&address, size) == 0);
    KDB_ASSERT(listen(server->listener, 16) == 0);
    KDB_ASSERT(getsockname(server->listener, (struct sockaddr *)&address, &size) == 0);
    (void)snprintf(server->url, sizeof(server->url), "http%s://127.0.0.1:%u", tls ? "s" : "",
                   ntohs(address.sin_port));
    KDB_ASSERT(pthread_create(&server->thread, NULL, run, server) == 0);
    return server;
}

const char *scripted_server_url(const struct scripted_server *server)
{
    return server->url;
}

void scripted_server_stop(struct scripted_server *server)
{
    if (server->is_stopped)
        return;
    server->is_stopped = true;
    (void)shutdown(server->listener, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->listener);
}

const char *scripted_server_request(const struct scripted_server *server, size_t index)
{
    return index < server->request_count ? server->requests[index].data : NULL;
}

size_t scripted_server_connections(const struct scripted_server *server)
{
    return server->connection_count;
}

static void free_text(const char *text)
{
    union {
        const char *text;
        void *memory;
    } owned = {text};
    kdb_free(owned.memory);
}

void scripted_server_destroy(struct scripted_server *server)
{
    if (!server)
        return;
    scripted_server_stop(server);
    for (size_t i = 0; i < server->answer_count; i++) {
        kdb_buf_deinit(&server->requests[i]);
        free_text(server->answers[i].bytes);
    }
    SSL_CTX_free(server->tls);
    kdb_free(server->requests);
    kdb_free(server->answers);
    kdb_free(server);
}

char *scripted_reply(int status, const char *body)
{
    struct kdb_buf reply = {0};
    kdb_buf_printf(&reply,
                   "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n"
                   "%s",
                   status, strlen(body), body);
    char *text = kdb_alloc_text(reply.data, reply.len);
    kdb_buf_deinit(&reply);
    return text;
}
