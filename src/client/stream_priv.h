// SPDX-License-Identifier: Apache-2.0
// The bytes of one connection, plain or under TLS.
//
// Both kinds behave like a socket that waits for a piece of time only (connection.c says how long),
// so whoever reads looks at cancellation and deadlines between two calls and need not know which
// kind it is. A plain value: it may be handed on, as a live connection takes its client's.
#ifndef KDB_CLIENT_STREAM_PRIV_H
#define KDB_CLIENT_STREAM_PRIV_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

struct client_tls_session;

struct client_stream {
    int fd;                         // -1: not connected
    struct client_tls_session *tls; // NULL: plain
};

#define CLIENT_STREAM_CLOSED ((struct client_stream){.fd = -1})

// Takes what has come, like recv: 0 when the server has ended the connection in order, -1 with
// errno otherwise. EAGAIN and EINTR: nothing came in this piece of time, or a signal did. EPROTO:
// what came is no TLS. ECONNRESET also stands for TLS that was cut off, which is no end in order.
ssize_t client_stream_receive(struct client_stream *stream, char *at, size_t size);

// Hands some of the parts over, like sendmsg: how many bytes, or -1 with errno. After EAGAIN and
// EINTR the same parts have to be given again. At least one part is not empty.
ssize_t client_stream_send(struct client_stream *stream, struct iovec *parts, size_t count);

// Whether the server has said something, or ended the connection, since it was read last.
bool client_stream_has_news(struct client_stream *stream);

// From here on no call waits: for last words, which must not keep anybody.
void client_stream_stop_waiting(struct client_stream *stream);

// Says under TLS that nothing more comes, as far as that goes without waiting, and closes. A stream
// that is closed stays so.
void client_stream_close(struct client_stream *stream);

#endif
