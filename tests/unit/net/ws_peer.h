// SPDX-License-Identifier: Apache-2.0
// A WebSocket client that blocks, plain or over TLS, for the tests of the listener.
#ifndef KDB_TESTS_UNIT_NET_WS_PEER_H
#define KDB_TESTS_UNIT_NET_WS_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/test.h"
#include "lib/ws_bytes.h"

struct peer {
    int fd;
    SSL *ssl; // NULL: plain
    struct kdb_buf in;
    size_t at; // how much of it was read
};

// Connects; `receive_buffer` 0 leaves it to the system, a small one makes a slow reader.
static inline void peer_open(struct peer *peer, uint16_t port, SSL_CTX *tls, int receive_buffer)
{
    *peer = (struct peer){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_true(peer->fd >= 0);
    struct timeval patience = {.tv_sec = 20};
    assert_int_equal(setsockopt(peer->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(setsockopt(peer->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)), 0);
    if (receive_buffer > 0)
        assert_int_equal(
            setsockopt(peer->fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer)),
            0);
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(peer->fd, (const struct sockaddr *)&name, sizeof(name)), 0);
    if (!tls)
        return;
    peer->ssl = SSL_new(tls);
    assert_int_equal(SSL_set_fd(peer->ssl, peer->fd), 1);
    assert_int_equal(SSL_connect(peer->ssl), 1);
}

static inline void peer_close(struct peer *peer)
{
    SSL_free(peer->ssl);
    (void)close(peer->fd);
    kdb_buf_deinit(&peer->in);
}

static inline void peer_write(struct peer *peer, kdb_slice bytes)
{
    while (bytes.len > 0) {
        size_t sent = 0;
        if (peer->ssl)
            assert_int_equal(SSL_write_ex(peer->ssl, bytes.data, bytes.len, &sent), 1);
        else
            sent = (size_t)send(peer->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        assert_true(sent > 0 && sent <= bytes.len);
        bytes = kdb_slice_skip(bytes, sent);
    }
}

// Reads until `count` bytes are there; false when the server ended before, or broke off.
static inline bool peer_fill(struct peer *peer, size_t count)
{
    if (peer->at > 0 && peer->in.len == peer->at) {
        kdb_buf_clear(&peer->in);
        peer->at = 0;
    }
    while (peer->in.len - peer->at < count) {
        char *at = kdb_buf_reserve(&peer->in, 65536);
        size_t len = 0;
        if (peer->ssl) {
            if (SSL_read_ex(peer->ssl, at, 65536, &len) != 1)
                return false;
        } else {
            ssize_t got = recv(peer->fd, at, 65536, 0);
            if (got <= 0)
                return false;
            len = (size_t)got;
        }
        kdb_buf_advance(&peer->in, len);
    }
    return true;
}

// The head of the next answer, without its blank line; valid until the next read.
static inline kdb_slice peer_read_head(struct peer *peer)
{
    size_t count = 1;
    while (true) {
        assert_true(peer_fill(peer, count));
        kdb_slice there = kdb_slice_skip(kdb_buf_view(&peer->in), peer->at);
        size_t end = kdb_slice_find(there, KDB_LIT("\r\n\r\n"), 0);
        if (end != SIZE_MAX) {
            peer->at += end + 4;
            return kdb_slice_of(there.data, end);
        }
        count = there.len + 1;
    }
}

#define UPGRADE(path)                                                                              \
    "GET " path                                                                                    \
    " HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"            \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static inline void peer_upgrade(struct peer *peer, const char *request)
{
    peer_write(peer, kdb_slice_cstr(request));
    kdb_slice head = peer_read_head(peer);
    assert_true(kdb_slice_has_prefix(head, KDB_LIT("HTTP/1.1 101 ")));
    // RFC 6455, section 1.3.
    assert_true(kdb_slice_find(head,
                               KDB_LIT("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
                               0) != SIZE_MAX);
}

static inline void peer_send(struct peer *peer, unsigned first, kdb_slice payload)
{
    struct kdb_buf frame = {0};
    ws_put_frame(&frame, first, payload);
    peer_write(peer, kdb_buf_view(&frame));
    kdb_buf_deinit(&frame);
}

static inline void peer_say(struct peer *peer, const char *text)
{
    peer_send(peer, 0x81, kdb_slice_cstr(text));
}

// The next frame: its first byte, its payload, valid until the next read. False at the end.
static inline bool peer_read(struct peer *peer, unsigned *ret_first, kdb_slice *ret_payload)
{
    if (!peer_fill(peer, 2))
        return false;
    const unsigned char *head = (const unsigned char *)peer->in.data + peer->at;
    size_t size = head[1] == 126 ? 2 : head[1] == 127 ? 8 : 0;
    if (!peer_fill(peer, 2 + size))
        return false;
    head = (const unsigned char *)peer->in.data + peer->at;
    size_t len = size == 0 ? head[1] : 0;
    for (size_t i = 0; i < size; i++)
        len = len << 8 | head[2 + i];
    *ret_first = head[0];
    if (!peer_fill(peer, 2 + size + len))
        return false;
    *ret_payload = kdb_slice_of(peer->in.data + peer->at + 2 + size, len);
    peer->at += 2 + size + len;
    return true;
}

static inline void peer_expect(struct peer *peer, unsigned first, const char *payload)
{
    unsigned got = 0;
    kdb_slice bytes = {0};
    assert_true(peer_read(peer, &got, &bytes));
    assert_slice_equal(bytes, payload);
    assert_int_equal(got, first);
}

// The next frame must be a close with this code (0: none) and reason.
static inline void peer_expect_close(struct peer *peer, unsigned code, const char *reason)
{
    unsigned first = 0;
    kdb_slice bytes = {0};
    assert_true(peer_read(peer, &first, &bytes));
    assert_int_equal(first, 0x88);
    if (code == 0) {
        assert_int_equal(bytes.len, 0);
        return;
    }
    assert_true(bytes.len >= 2);
    assert_int_equal((uint8_t)bytes.data[0] << 8 | (uint8_t)bytes.data[1], code);
    assert_slice_equal(kdb_slice_skip(bytes, 2), reason);
}

// Nothing may come but the end, in order.
static inline void peer_expect_end(struct peer *peer)
{
    assert_false(peer_fill(peer, 1));
    if (peer->ssl)
        assert_int_equal(SSL_get_error(peer->ssl, 0), SSL_ERROR_ZERO_RETURN);
    else
        assert_int_equal(recv(peer->fd, &(char){0}, 1, 0), 0);
}

#endif
