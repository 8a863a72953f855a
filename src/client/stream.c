// SPDX-License-Identifier: Apache-2.0
// A socket's calls, or TLS over it.
#include "client/stream_priv.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/tls_priv.h"

ssize_t client_stream_receive(struct client_stream *stream, char *at, size_t size)
{
    if (stream->tls)
        return client_tls_receive(stream->tls, at, size);
    return recv(stream->fd, at, size, 0);
}

ssize_t client_stream_send(struct client_stream *stream, struct iovec *parts, size_t count)
{
    if (!stream->tls) {
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
        return sendmsg(stream->fd, &message, MSG_NOSIGNAL);
    }
    while (parts->iov_len == 0)
        parts++;
    return client_tls_send(stream->tls, parts->iov_base, parts->iov_len);
}

bool client_stream_has_news(struct client_stream *stream)
{
    struct pollfd looked = {.fd = stream->fd, .events = POLLIN};
    bool is_readable = poll(&looked, 1, 0) != 0;
    // Not every record is news: a server may send tickets and change keys when it likes.
    return stream->tls ? client_tls_has_news(stream->tls, is_readable) : is_readable;
}

void client_stream_stop_waiting(struct client_stream *stream)
{
    int flags = fcntl(stream->fd, F_GETFL);
    if (flags >= 0)
        (void)fcntl(stream->fd, F_SETFL, flags | O_NONBLOCK);
}

void client_stream_close(struct client_stream *stream)
{
    if (stream->fd < 0)
        return;
    client_stream_stop_waiting(stream);
    client_tls_session_close(stream->tls);
    (void)close(stream->fd);
    *stream = CLIENT_STREAM_CLOSED;
}
