// SPDX-License-Identifier: Apache-2.0
// The socket: connect, send one request, read one answer.
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os_error.h"
#include "client/client_priv.h"

// A connection that was not used for this long is looked at before it is used again: the server may
// have closed it meanwhile.
#define IDLE_NS (INT64_C(200) * 1000 * 1000)

// A wait for bytes is cut into pieces this long. A signal usually ends it, but one that comes just
// before the wait begins has nothing to end.
#define CANCEL_CHECK_MS 100

void client_disconnect(struct kdb_client *client)
{
    client_stream_close(&client->stream);
}

// ---- connecting ----

// Waits until the connection that was begun is there. Returns 0 or an errno.
static int wait_connected(int fd, int64_t timeout_ms, struct kdb_ctx *ctx)
{
    int64_t deadline_ns = kdb_monotonic_ns() + timeout_ms * 1000000;
    for (;;) {
        int64_t left_ms = (deadline_ns - kdb_monotonic_ns()) / 1000000;
        struct pollfd waited = {.fd = fd, .events = POLLOUT};
        int count = left_ms <= 0 ? 0 : poll(&waited, 1, left_ms > INT32_MAX ? -1 : (int)left_ms);
        if (count == 0)
            return ETIMEDOUT;
        if (count < 0 && errno != EINTR)
            return errno;
        if (atomic_load(&ctx->is_cancelled))
            return ECANCELED;
        if (count < 0)
            continue;
        int error = 0;
        socklen_t size = sizeof(error);
        return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
    }
}

static struct timeval interval_of(int64_t ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

// From here on reads and writes wait: a write at most the receive timeout, a read for a piece of
// it.
static int make_blocking(int fd, int64_t timeout_ms)
{
    int flags = fcntl(fd, F_GETFL);
    struct timeval send_timeout = interval_of(timeout_ms);
    struct timeval receive_timeout =
        interval_of(timeout_ms < CANCEL_CHECK_MS ? timeout_ms : CANCEL_CHECK_MS);
    int one = 1;
    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &receive_timeout, sizeof(receive_timeout)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send_timeout, sizeof(send_timeout)) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0)
        return errno;
    return 0;
}

// Connects to one address. Returns 0 or an errno.
static int connect_address(struct kdb_client *client, struct kdb_ctx *ctx,
                           const struct addrinfo *address)
{
    int fd = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    address->ai_protocol);
    if (fd < 0)
        return errno;
    int error = 0;
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0)
        error = errno == EINPROGRESS ? wait_connected(fd, client->connect_timeout_ms, ctx) : errno;
    if (error == 0)
        error = make_blocking(fd, client->receive_timeout_ms);
    if (error == 0)
        client->stream.fd = fd;
    else
        (void)close(fd);
    return error;
}

static kdb_status connect_socket(struct kdb_client *client, struct kdb_ctx *ctx)
{
    const struct client_url *url = &client->url;
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *addresses = NULL;
    int failed = getaddrinfo(url->host.data, url->port.data, &wanted, &addresses);
    if (failed != 0)
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE, "cannot find the host \"%.*s\": %s",
                        KDB_ARG(url->host), gai_strerror(failed));
    int error = EADDRNOTAVAIL;
    for (const struct addrinfo *at = addresses; at && client->stream.fd < 0; at = at->ai_next) {
        error = connect_address(client, ctx, at);
        if (error == ECANCELED)
            break;
    }
    freeaddrinfo(addresses);
    if (client->stream.fd >= 0)
        return KDB_OK;
    if (error == ECANCELED)
        return kdb_ctx_check(ctx);
    return kdb_fail(ctx, KDB_ERR_UNAVAILABLE, "cannot connect to %.*s port %.*s: %s",
                    KDB_ARG(url->host), KDB_ARG(url->port), kdb_os_error_text(error));
}

kdb_status client_connect(struct kdb_client *client, struct kdb_ctx *ctx)
{
    KDB_TRY(connect_socket(client, ctx));
    if (!client->tls)
        return KDB_OK;
    kdb_status status = client_tls_connect(client->tls, ctx, client->stream.fd, &client->url,
                                           client->connect_timeout_ms, &client->stream.tls);
    if (status != KDB_OK)
        client_disconnect(client);
    return status;
}

// True when the server has closed the connection, or said something that nobody asked for.
static bool is_stale(struct kdb_client *client)
{
    return kdb_monotonic_ns() - client->last_used_ns >= IDLE_NS &&
           client_stream_has_news(&client->stream);
}

// ---- sending ----

static void write_head(struct kdb_client *client, const struct client_request *request)
{
    struct kdb_buf *head = &client->head;
    client_wipe(head);
    kdb_buf_slice(head, kdb_slice_cstr(request->method));
    kdb_buf_put(head, ' ');
    kdb_buf_slice(head, client->url.prefix);
    kdb_buf_slice(head, request->path);
    KDB_BUF_LIT(head, " HTTP/1.1\r\nHost: ");
    kdb_buf_slice(head, client->url.authority);
    KDB_BUF_LIT(head, "\r\nUser-Agent: kalam/" KDB_VERSION "\r\nAccept: application/json\r\n");
    if (request->token.len > 0) {
        KDB_BUF_LIT(head, "Authorization: Bearer ");
        kdb_buf_slice(head, request->token);
        KDB_BUF_LIT(head, "\r\n");
    }
    if (request->websocket_key.data) {
        KDB_BUF_LIT(head, "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
        kdb_buf_slice(head, request->websocket_key);
        KDB_BUF_LIT(head, "\r\n");
    }
    if (request->has_body) {
        KDB_BUF_LIT(head, "Content-Type: application/json\r\nContent-Length: ");
        kdb_buf_u64(head, client->body.len);
        KDB_BUF_LIT(head, "\r\n");
    }
    KDB_BUF_LIT(head, "\r\n");
}

// Hands everything to the system. Returns 0 or an errno: the server cannot have all of it then.
static int send_all(struct kdb_client *client, bool has_body, struct kdb_ctx *ctx)
{
    struct iovec parts[2] = {{client->head.data, client->head.len},
                             {client->body.data, has_body ? client->body.len : 0}};
    while (parts[0].iov_len + parts[1].iov_len > 0) {
        ssize_t sent = client_stream_send(&client->stream, parts, 2);
        if (sent < 0 && errno == EINTR && !atomic_load(&ctx->is_cancelled))
            continue;
        if (sent < 0)
            return errno;
        for (int i = 0; i < 2; i++) {
            size_t taken = (size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;
            if (taken > 0)
                parts[i].iov_base = (char *)parts[i].iov_base + taken;
            parts[i].iov_len -= taken;
            sent -= (ssize_t)taken;
        }
    }
    return 0;
}

// ---- receiving ----

// The server closed or reset the connection.
static kdb_status receive_end(struct kdb_client *client, struct kdb_ctx *ctx, bool has_bytes)
{
    if (!has_bytes)
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                        "the server closed the connection without an answer; the statement may "
                        "have run");
    return client_response_end(&client->response, ctx);
}

// Waits for the server's next bytes. 0 of them: it closed the connection.
static kdb_status receive_bytes(struct kdb_client *client, struct kdb_ctx *ctx, size_t *ret_count)
{
    int64_t deadline_ns = kdb_monotonic_ns() + client->receive_timeout_ms * 1000000;
    for (;;) {
        ssize_t count =
            client_stream_receive(&client->stream, client->received, CLIENT_RECEIVE_BYTES);
        if (count >= 0) {
            *ret_count = (size_t)count;
            return KDB_OK;
        }
        bool is_wait = errno == EAGAIN || errno == EWOULDBLOCK;
        if (!is_wait && errno != EINTR)
            return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                            "the connection was lost before the answer: %s; the statement may "
                            "have run",
                            kdb_os_error_text(errno));
        KDB_TRY(kdb_ctx_check(ctx));
        if (is_wait && kdb_monotonic_ns() >= deadline_ns)
            return kdb_fail(ctx, KDB_ERR_TIMEOUT,
                            "no answer within %lld ms; the statement may still run",
                            (long long)client->receive_timeout_ms);
    }
}

// How a TLS server answers a request that is not encrypted: with an alert.
static bool is_tls_alert(const char *bytes, size_t count)
{
    return count >= 2 && bytes[0] == 0x15 && bytes[1] == 0x03;
}

static kdb_status receive(struct kdb_client *client, struct kdb_ctx *ctx, bool *ret_has_bytes)
{
    struct client_response *response = &client->response;
    client_response_reset(response);
    client->behind = (kdb_slice){0};
    *ret_has_bytes = false;
    while (response->part != CLIENT_PART_COMPLETE) {
        size_t count = 0;
        KDB_TRY(receive_bytes(client, ctx, &count));
        if (count == 0)
            return receive_end(client, ctx, *ret_has_bytes);
        if (!client->tls && !*ret_has_bytes && is_tls_alert(client->received, count))
            return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                            "%.*s speaks TLS: its address begins with https://",
                            KDB_ARG(client->url.authority));
        *ret_has_bytes = true;
        size_t used = 0;
        KDB_TRY(client_response_feed(response, ctx, kdb_slice_of(client->received, count), &used));
        // Whatever stands behind the answer is no answer to us, unless it is a WebSocket's.
        client->behind = kdb_slice_of(client->received + used, count - used);
        if (used < count)
            response->keeps_alive = false;
    }
    return KDB_OK;
}

// ---- both ----

// One attempt. `ret_is_unseen`: it failed, and the server cannot have seen the whole request.
static kdb_status attempt(struct kdb_client *client, struct kdb_ctx *ctx,
                          const struct client_request *request, bool *ret_is_unseen)
{
    *ret_is_unseen = false;
    int error = send_all(client, request->has_body, ctx);
    if (error == EINTR)
        return kdb_ctx_check(ctx);
    if (error == EAGAIN || error == EWOULDBLOCK)
        return kdb_fail(ctx, KDB_ERR_TIMEOUT, "the server takes no data");
    // A server that refuses a request may say so and close before it has read all of it.
    bool has_bytes = false;
    kdb_status status = receive(client, ctx, &has_bytes);
    *ret_is_unseen = status != KDB_OK && error != 0 && !has_bytes;
    return status;
}

kdb_status client_exchange(struct kdb_client *client, struct kdb_ctx *ctx,
                           const struct client_request *request)
{
    write_head(client, request);
    if (client->stream.fd >= 0 && is_stale(client))
        client_disconnect(client);
    bool was_open = client->stream.fd >= 0;
    client->response.may_switch = request->websocket_key.data != NULL;
    for (;;) {
        if (client->stream.fd < 0)
            KDB_TRY(client_connect(client, ctx));
        bool is_unseen = false;
        kdb_status status = attempt(client, ctx, request, &is_unseen);
        if (status == KDB_OK)
            break;
        client_disconnect(client);
        if (!is_unseen || !was_open)
            return status;
        kdb_ctx_clear_error(ctx);
        was_open = false;
    }
    client->last_used_ns = kdb_monotonic_ns();
    if (!client->response.keeps_alive && client->response.status != CLIENT_STATUS_SWITCHED)
        client_disconnect(client);
    return KDB_OK;
}
