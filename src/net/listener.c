// SPDX-License-Identifier: Apache-2.0
// Binding, accepting, spreading connections over the hubs, and the orderly end.
#include "net/listener.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "conf/conf.h"
#include "net/guard.h"
#include "net/hub_priv.h"
#include "net/tls.h"

enum {
    accepted_at_once_max = 256, // then the loop does other things
    refused_gently_max = 1000,  // connections above the limit that still get an answer
    pause_ms = 100,             // no file descriptors left: accept again after this
};

struct kdb_listener {
    struct kdb_http_limits limits;
    struct kdb_http1_totals totals;
    struct kdb_guard *guard;
    struct kdb_address_range *trusted;
    struct net_hub *hubs;
    size_t hub_count;
    int fd; // listening
    uint16_t port;

    // The accepting loop's.
    uv_poll_t poll;
    uv_timer_t pause;
    uint64_t serial;
    int open_handles; // poll and pause
    bool is_accepting;

    atomic_uint_fast64_t connections_total;
    atomic_uint_fast64_t connections_refused;
    atomic_bool is_listening; // and counts as a connection of the first hub
    atomic_bool must_cut;     // the drain's grace is over
    bool is_drained;          // drain was called before; the caller's thread

    pthread_mutex_t lock; // guards what follows
    pthread_cond_t changed;
    size_t gone_count; // hubs that are gone
};

// A message to a hub: an accepted socket, or an order.
struct hub_task {
    struct kdb_loop_task task;
    struct kdb_listener *listener;
    struct net_hub *hub;
    void (*act)(struct net_hub *hub); // NULL: open a connection
    struct kdb_address peer;
    uint64_t serial;
    int fd;
    enum net_admission admission;
};

static void on_changed(void *arg)
{
    struct kdb_listener *listener = arg;
    (void)pthread_mutex_lock(&listener->lock);
    (void)pthread_cond_broadcast(&listener->changed);
    (void)pthread_mutex_unlock(&listener->lock);
}

static void on_gone(void *arg)
{
    struct kdb_listener *listener = arg;
    // Whoever sees the count may free the listener, so nothing of it is touched after the unlock.
    (void)pthread_mutex_lock(&listener->lock);
    listener->gone_count++;
    (void)pthread_cond_broadcast(&listener->changed);
    (void)pthread_mutex_unlock(&listener->lock);
}

static void run_hub_task(struct kdb_loop_task *task, struct kdb_loop *loop)
{
    (void)loop;
    struct hub_task *order = (struct hub_task *)task;
    if (order->act)
        order->act(order->hub);
    else
        net_connection_open(order->hub, order->fd, order->serial, &order->peer, order->admission);
    kdb_free(order);
}

static void order_hub(struct kdb_listener *listener, struct net_hub *hub,
                      void (*act)(struct net_hub *hub))
{
    struct hub_task *order = kdb_alloc(sizeof(*order));
    *order =
        (struct hub_task){.task.run = run_hub_task, .listener = listener, .hub = hub, .act = act};
    kdb_loop_post(hub->loop, &order->task);
}

static void order_all(struct kdb_listener *listener, void (*act)(struct net_hub *hub))
{
    for (size_t i = 0; i < listener->hub_count; i++)
        order_hub(listener, &listener->hubs[i], act);
}

// ---- Accepting, on the first hub's loop.

static void start_accepting(struct kdb_listener *listener);

static size_t count_connections(const struct kdb_listener *listener)
{
    size_t count = 0;
    for (size_t i = 0; i < listener->hub_count; i++)
        count += atomic_load_explicit(&listener->hubs[i].count, memory_order_relaxed);
    return count;
}

static struct net_hub *emptiest(struct kdb_listener *listener)
{
    struct net_hub *best = &listener->hubs[0];
    for (size_t i = 1; i < listener->hub_count; i++) {
        if (atomic_load_explicit(&listener->hubs[i].count, memory_order_relaxed) <
            atomic_load_explicit(&best->count, memory_order_relaxed))
            best = &listener->hubs[i];
    }
    return best;
}

static void give_away(struct kdb_listener *listener, int fd, const struct sockaddr *name)
{
    size_t count = count_connections(listener) - 1; // the listening socket itself
    enum net_admission admission = NET_ADMIT;
    if (count >= listener->limits.connections_max) {
        atomic_fetch_add_explicit(&listener->connections_refused, 1, memory_order_relaxed);
        admission = NET_REFUSE_OVERLOADED;
    }
    if (count >= listener->limits.connections_max + refused_gently_max) {
        (void)close(fd);
        return;
    }
    atomic_fetch_add_explicit(&listener->connections_total, 1, memory_order_relaxed);
    struct net_hub *hub = emptiest(listener);
    atomic_fetch_add_explicit(&hub->count, 1, memory_order_relaxed);
    struct hub_task *order = kdb_alloc(sizeof(*order));
    *order = (struct hub_task){.task.run = run_hub_task,
                               .listener = listener,
                               .hub = hub,
                               .peer = kdb_address_of_socket(name),
                               .serial = ++listener->serial,
                               .fd = fd,
                               .admission = admission};
    if (kdb_loop_is_current(hub->loop))
        run_hub_task(&order->task, hub->loop);
    else
        kdb_loop_post(hub->loop, &order->task);
}

static void on_pause_over(uv_timer_t *timer)
{
    struct kdb_listener *listener = timer->data;
    if (listener->is_accepting)
        start_accepting(listener);
}

static bool is_out_of_resources(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void on_connectable(uv_poll_t *poll, int status, int events)
{
    struct kdb_listener *listener = poll->data;
    (void)status;
    (void)events;
    for (int i = 0; i < accepted_at_once_max; i++) {
        struct sockaddr_storage name = {0};
        socklen_t size = sizeof(name);
        int fd =
            accept4(listener->fd, (struct sockaddr *)&name, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            give_away(listener, fd, (const struct sockaddr *)&name);
            continue;
        }
        if (is_out_of_resources(errno)) {
            // The listening socket stays readable: without a pause the loop would spin.
            (void)uv_poll_stop(&listener->poll);
            (void)uv_timer_start(&listener->pause, on_pause_over, pause_ms, 0);
            return;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        // Anything else concerns one connection that is gone already.
    }
}

static void start_accepting(struct kdb_listener *listener)
{
    KDB_ASSERT(uv_poll_start(&listener->poll, UV_READABLE, on_connectable) == 0);
}

static struct kdb_listener *listener_of(struct net_hub *hub)
{
    return hub->arg;
}

static void begin_accepting(struct net_hub *hub)
{
    struct kdb_listener *listener = listener_of(hub);
    uv_loop_t *uv = net_loop_uv(hub->loop);
    KDB_ASSERT(uv_poll_init(uv, &listener->poll, listener->fd) == 0);
    KDB_ASSERT(uv_timer_init(uv, &listener->pause) == 0);
    listener->poll.data = listener;
    listener->pause.data = listener;
    listener->open_handles = 2;
    listener->is_accepting = true;
    start_accepting(listener);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct kdb_listener *listener = handle->data;
    if (--listener->open_handles > 0)
        return;
    (void)close(listener->fd);
    atomic_store(&listener->is_listening, false);
    atomic_fetch_sub_explicit(&listener->hubs[0].count, 1, memory_order_relaxed);
    on_changed(listener);
}

static void end_accepting(struct net_hub *hub)
{
    struct kdb_listener *listener = listener_of(hub);
    listener->is_accepting = false;
    uv_close((uv_handle_t *)&listener->poll, on_handle_closed);
    uv_close((uv_handle_t *)&listener->pause, on_handle_closed);
}

// ---- Binding.

// One candidate of getaddrinfo: a listening socket, or -1 and errno.
static int bind_one(const struct addrinfo *info, int backlog)
{
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    info->ai_protocol);
    if (fd < 0)
        return -1;
    int on = 1;
    // So that a restarted server may bind while connections of the one before linger.
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, backlog) == 0)
        return fd;
    int error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage name = {0};
    socklen_t size = sizeof(name);
    char service[8] = "0";
    if (getsockname(fd, (struct sockaddr *)&name, &size) == 0)
        (void)getnameinfo((const struct sockaddr *)&name, size, NULL, 0, service, sizeof(service),
                          NI_NUMERICSERV);
    int64_t port = 0;
    KDB_ASSERT(kdb_slice_to_i64(kdb_slice_cstr(service), &port));
    return (uint16_t)port;
}

static kdb_status bind_listener(struct kdb_ctx *ctx, const struct kdb_listener_options *options,
                                int *ret_fd)
{
    char service[8];
    (void)snprintf(service, sizeof(service), "%u", (unsigned)options->port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(options->host, service, &hints, &found);
    if (error != 0)
        return kdb_fail(ctx, KDB_ERR_CONFIG, "cannot listen on %s: %s", options->host,
                        gai_strerror(error));
    int fd = -1;
    // A name may stand for both kinds of address: IPv4 first, as the default address is.
    for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next) {
        if (at->ai_family == AF_INET)
            fd = bind_one(at, options->backlog);
    }
    for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next) {
        if (at->ai_family == AF_INET6)
            fd = bind_one(at, options->backlog);
    }
    error = errno;
    freeaddrinfo(found);
    if (fd < 0)
        return kdb_fail(ctx, KDB_ERR_CONFIG,
                        "cannot listen on %s port %u: %s; set another address with server.host and "
                        "server.port (KALAMDB_SERVER_HOST, KALAMDB_SERVER_PORT)",
                        options->host, (unsigned)options->port,
                        uv_strerror(uv_translate_sys_error(error)));
    *ret_fd = fd;
    return KDB_OK;
}

static void init_hubs(struct kdb_listener *listener, const struct kdb_listener_options *options)
{
    listener->hub_count = options->target_count;
    listener->hubs = kdb_alloc_array(options->target_count, sizeof(struct net_hub));
    for (size_t i = 0; i < listener->hub_count; i++) {
        const struct kdb_listener_target *target = &options->targets[i];
        struct net_hub *hub = &listener->hubs[i];
        hub->loop = target->loop;
        hub->tls = options->tls;
        hub->changed = on_changed;
        hub->gone = on_gone;
        hub->arg = listener;
        hub->env.limits = &listener->limits;
        hub->env.handler = target->handler;
        hub->env.totals = &listener->totals;
        hub->env.guard = listener->guard;
        hub->env.trusted = listener->trusted;
        hub->env.trusted_count = options->trusted_proxy_count;
        hub->env.clock = kdb_clock_system();
        hub->env.loop = target->loop;
        hub->env.is_tls = options->tls != NULL;
    }
    // The listening socket counts as one, so that its hub outlives it.
    atomic_store(&listener->hubs[0].count, 1);
    atomic_store(&listener->is_listening, true);
}

kdb_status kdb_listener_open(struct kdb_ctx *ctx, const struct kdb_listener_options *options,
                             struct kdb_listener **ret_listener)
{
    KDB_ASSERT(options->target_count > 0);
    int fd = -1;
    KDB_TRY(bind_listener(ctx, options, &fd));
    struct kdb_listener *listener = kdb_alloc(sizeof(*listener));
    listener->fd = fd;
    listener->port = port_of(fd);
    listener->limits = options->limits;
    listener->guard = kdb_guard_open(&options->limits);
    listener->trusted =
        kdb_alloc_array(options->trusted_proxy_count, sizeof(struct kdb_address_range));
    if (options->trusted_proxy_count > 0)
        memcpy(listener->trusted, options->trusted_proxies,
               options->trusted_proxy_count * sizeof(struct kdb_address_range));
    pthread_condattr_t attributes;
    KDB_ASSERT(pthread_condattr_init(&attributes) == 0);
    KDB_ASSERT(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    KDB_ASSERT(pthread_cond_init(&listener->changed, &attributes) == 0);
    (void)pthread_condattr_destroy(&attributes);
    KDB_ASSERT(pthread_mutex_init(&listener->lock, NULL) == 0);
    init_hubs(listener, options);
    order_all(listener, net_hub_open);
    order_hub(listener, &listener->hubs[0], begin_accepting);
    *ret_listener = listener;
    return KDB_OK;
}

uint16_t kdb_listener_port(const struct kdb_listener *listener)
{
    return listener->port;
}

struct kdb_listener_stats kdb_listener_stats(const struct kdb_listener *listener)
{
    size_t connections = count_connections(listener);
    size_t listening = atomic_load(&listener->is_listening) ? 1 : 0;
    return (struct kdb_listener_stats){
        .connections_now = connections > listening ? connections - listening : 0,
        .connections_total =
            atomic_load_explicit(&listener->connections_total, memory_order_relaxed),
        .connections_refused =
            atomic_load_explicit(&listener->connections_refused, memory_order_relaxed),
        .requests_now = atomic_load_explicit(&listener->totals.requests_now, memory_order_relaxed),
        .requests_total = atomic_load_explicit(&listener->totals.requests, memory_order_relaxed),
        .requests_refused = atomic_load_explicit(&listener->totals.refused, memory_order_relaxed),
        .websockets_now =
            atomic_load_explicit(&listener->totals.websockets_now, memory_order_relaxed),
        .websockets_total =
            atomic_load_explicit(&listener->totals.websockets, memory_order_relaxed),
    };
}

// ---- The end.

static struct timespec after_ms(int64_t ms)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(ms / 1000);
    at.tv_nsec += (long)(ms % 1000 * 1000000);
    if (at.tv_nsec >= 1000000000) {
        at.tv_nsec -= 1000000000;
        at.tv_sec++;
    }
    return at;
}

// Waits until no connection is left; false when the grace is over before.
static bool wait_until_empty(struct kdb_listener *listener, int64_t grace_ms)
{
    struct timespec end = after_ms(grace_ms);
    (void)pthread_mutex_lock(&listener->lock);
    int error = 0;
    while (count_connections(listener) > 0 && error == 0 && !atomic_load(&listener->must_cut))
        error = pthread_cond_timedwait(&listener->changed, &listener->lock, &end);
    bool is_empty = count_connections(listener) == 0;
    (void)pthread_mutex_unlock(&listener->lock);
    return is_empty;
}

void kdb_listener_drain(struct kdb_listener *listener, int64_t grace_ms)
{
    if (listener->is_drained)
        return;
    listener->is_drained = true;
    order_hub(listener, &listener->hubs[0], end_accepting);
    order_all(listener, net_hub_drain);
    if (wait_until_empty(listener, grace_ms))
        return;
    order_all(listener, net_hub_cut);
    (void)pthread_mutex_lock(&listener->lock);
    while (count_connections(listener) > 0)
        (void)pthread_cond_wait(&listener->changed, &listener->lock);
    (void)pthread_mutex_unlock(&listener->lock);
}

void kdb_listener_cut(struct kdb_listener *listener)
{
    atomic_store(&listener->must_cut, true);
    on_changed(listener);
}

void kdb_listener_close(struct kdb_listener *listener)
{
    if (!listener)
        return;
    kdb_listener_drain(listener, 0);
    order_all(listener, net_hub_close);
    (void)pthread_mutex_lock(&listener->lock);
    while (listener->gone_count < listener->hub_count)
        (void)pthread_cond_wait(&listener->changed, &listener->lock);
    (void)pthread_mutex_unlock(&listener->lock);
    (void)pthread_cond_destroy(&listener->changed);
    (void)pthread_mutex_destroy(&listener->lock);
    kdb_guard_close(listener->guard);
    kdb_free(listener->trusted);
    kdb_free(listener->hubs);
    kdb_free(listener);
}
