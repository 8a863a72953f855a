// SPDX-License-Identifier: Apache-2.0
// kalam-echo PORT: answers every request with the same bytes, the answer to SELECT 1. What is left
// when a server does nothing: the floor of the machine, and the ceiling of kalam-load.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/slice.h"

#define EVENTS_MAX    128
#define REQUEST_BYTES 65536

static const char answer_head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                  "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: ";
static const char answer_body[] =
    "{\"status\":\"success\",\"results\":[{\"schema\":[{\"name\":\"?column?\",\"data_type\":"
    "\"BigInt\",\"index\":0}],\"rows\":[[\"1\"]],\"row_count\":1,\"as_user\":\"bench\"}],\"took\":"
    "0.042,\"error\":null}";

static int listen_on(uint16_t port)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    (void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, SOMAXCONN) != 0) {
        perror("kalam-echo");
        return -1;
    }
    return listener;
}

static void accept_one(int epoll, int listener)
{
    int connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection < 0)
        return;
    const int on = 1;
    (void)setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    struct epoll_event event = {.events = EPOLLIN, .data.fd = connection};
    (void)epoll_ctl(epoll, EPOLL_CTL_ADD, connection, &event);
}

// Requests are taken to arrive whole: those of kalam-load against this program are small.
static void answer(int connection, kdb_slice text)
{
    char request[REQUEST_BYTES];
    ssize_t received = recv(connection, request, sizeof(request), 0);
    if (received <= 0 || send(connection, text.data, text.len, MSG_NOSIGNAL) < 0)
        (void)close(connection);
}

int main(int argc, char **argv)
{
    int64_t port;
    if (argc != 2 || !kdb_slice_to_i64(kdb_slice_cstr(argv[1]), &port) || port < 1 ||
        port > UINT16_MAX) {
        (void)fputs("usage: kalam-echo PORT\n", stderr);
        return 2;
    }
    int listener = listen_on((uint16_t)port);
    if (listener < 0)
        return 1;
    char text[sizeof(answer_head) + sizeof(answer_body) + 32];
    int len = snprintf(text, sizeof(text), "%s%zu\r\n\r\n%s", answer_head, sizeof(answer_body) - 1,
                       answer_body);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    (void)epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    while (true) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener)
                accept_one(epoll, listener);
            else
                answer(events[i].data.fd, (kdb_slice){text, (size_t)len});
        }
    }
}
