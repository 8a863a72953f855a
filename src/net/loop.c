// SPDX-License-Identifier: Apache-2.0
// A libuv loop with a mailbox, hooks before it sleeps, and timers.
#include "net/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "net/loop_priv.h"

struct kdb_loop {
    uv_loop_t uv;
    uv_async_t async;     // the mailbox's wake-up
    uv_prepare_t prepare; // runs the hooks
    struct kdb_mailbox mailbox;
    struct net_flusher *flushers;
    struct kdb_loop_hook *hooks;
    uint64_t turn;
    const char *name;
    char *read_buffer;
    char *plain_buffer; // NULL until needed
    char *write_buffer; // the same
    pthread_t thread;
    _Atomic(pthread_t) current; // the thread that runs it, when is_running
    atomic_bool is_running;
    atomic_bool must_stop;
    bool has_thread; // started and not joined
};

struct kdb_timer {
    uv_timer_t uv;
    void (*fired)(void *arg);
    void *arg;
};

static void run_tasks(struct kdb_loop *loop)
{
    struct kdb_message *at = kdb_mailbox_take(&loop->mailbox);
    while (at) {
        struct kdb_loop_task *task = KDB_MESSAGE_OF(at, struct kdb_loop_task, message);
        at = at->next;
        task->run(task, loop);
    }
}

static void on_async(uv_async_t *async)
{
    struct kdb_loop *loop = async->data;
    run_tasks(loop);
    if (atomic_load_explicit(&loop->must_stop, memory_order_acquire))
        uv_stop(&loop->uv);
}

static void wake(void *arg)
{
    struct kdb_loop *loop = arg;
    KDB_ASSERT(uv_async_send(&loop->async) == 0);
}

static bool flush(struct kdb_loop *loop)
{
    bool had_work = false;
    struct net_flusher *next;
    for (struct net_flusher *at = loop->flushers; at; at = next) {
        next = at->next; // it may remove itself
        if (!at->has_work(at))
            continue;
        had_work = true;
        at->flush(at);
    }
    return had_work;
}

static void run_hooks(struct kdb_loop *loop)
{
    for (struct kdb_loop_hook *hook = loop->hooks; hook; hook = hook->next)
        hook->before_sleep(hook, loop);
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct kdb_loop *loop = prepare->data;
    loop->turn++;
    (void)flush(loop);
    run_hooks(loop);
    while (flush(loop))
        run_hooks(loop);
}

kdb_status kdb_loop_open(struct kdb_ctx *ctx, const char *name, struct kdb_loop **ret_loop)
{
    // A peer that is gone is an error of the write, not the end of the process.
    (void)signal(SIGPIPE, SIG_IGN);
    struct kdb_loop *loop = kdb_alloc(sizeof(*loop));
    int error = uv_loop_init(&loop->uv);
    if (error != 0) {
        kdb_free(loop);
        return kdb_fail(ctx, KDB_ERR_INTERNAL, "cannot make an event loop: %s", uv_strerror(error));
    }
    error = uv_async_init(&loop->uv, &loop->async, on_async);
    if (error != 0) {
        KDB_ASSERT(uv_loop_close(&loop->uv) == 0);
        kdb_free(loop);
        return kdb_fail(ctx, KDB_ERR_INTERNAL, "cannot make an event loop: %s", uv_strerror(error));
    }
    KDB_ASSERT(uv_prepare_init(&loop->uv, &loop->prepare) == 0);
    KDB_ASSERT(uv_prepare_start(&loop->prepare, on_prepare) == 0);
    loop->async.data = loop;
    loop->prepare.data = loop;
    loop->name = name;
    loop->read_buffer = kdb_alloc(NET_READ_BYTES);
    // Unbounded: what is posted here is bounded where it begins (requests in flight, connections).
    kdb_mailbox_init(&loop->mailbox, SIZE_MAX / 2, wake, loop);
    *ret_loop = loop;
    return KDB_OK;
}

void kdb_loop_run(struct kdb_loop *loop)
{
    atomic_store(&loop->current, pthread_self());
    atomic_store(&loop->is_running, true);
    if (!atomic_load_explicit(&loop->must_stop, memory_order_acquire))
        (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    // What was posted while it stopped.
    run_tasks(loop);
    on_prepare(&loop->prepare);
    atomic_store(&loop->is_running, false);
}

static void *thread_main(void *arg)
{
    struct kdb_loop *loop = arg;
    (void)pthread_setname_np(pthread_self(), loop->name);
    kdb_loop_run(loop);
    return NULL;
}

kdb_status kdb_loop_start(struct kdb_loop *loop, struct kdb_ctx *ctx)
{
    KDB_ASSERT(!loop->has_thread);
    int error = pthread_create(&loop->thread, NULL, thread_main, loop);
    if (error != 0)
        return kdb_fail(ctx, KDB_ERR_INTERNAL, "cannot start the thread %s: %s", loop->name,
                        uv_strerror(uv_translate_sys_error(error)));
    loop->has_thread = true;
    return KDB_OK;
}

void kdb_loop_stop(struct kdb_loop *loop)
{
    atomic_store_explicit(&loop->must_stop, true, memory_order_release);
    wake(loop);
}

void kdb_loop_join(struct kdb_loop *loop)
{
    if (!loop->has_thread)
        return;
    KDB_ASSERT(pthread_join(loop->thread, NULL) == 0);
    loop->has_thread = false;
}

void kdb_loop_close(struct kdb_loop *loop)
{
    if (!loop)
        return;
    kdb_loop_stop(loop);
    kdb_loop_join(loop);
    KDB_ASSERT(!atomic_load(&loop->is_running));
    run_tasks(loop);
    uv_close((uv_handle_t *)&loop->async, NULL);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    // Only handles that are being closed are left; anything else would be a forgotten owner.
    (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
    KDB_ASSERT(uv_loop_close(&loop->uv) == 0);
    kdb_free(loop->read_buffer);
    kdb_free(loop->plain_buffer);
    kdb_free(loop->write_buffer);
    kdb_free(loop);
}

void kdb_loop_post(struct kdb_loop *loop, struct kdb_loop_task *task)
{
    KDB_ASSERT(kdb_mailbox_post(&loop->mailbox, &task->message));
}

void kdb_loop_add_hook(struct kdb_loop *loop, struct kdb_loop_hook *hook)
{
    struct kdb_loop_hook **at = &loop->hooks;
    while (*at)
        at = &(*at)->next;
    hook->next = NULL;
    *at = hook;
}

int64_t kdb_loop_now_ms(const struct kdb_loop *loop)
{
    return (int64_t)uv_now(&loop->uv);
}

bool kdb_loop_is_current(const struct kdb_loop *loop)
{
    return atomic_load(&loop->is_running) &&
           pthread_equal(atomic_load(&loop->current), pthread_self()) != 0;
}

bool net_loop_runs_elsewhere(const struct kdb_loop *loop)
{
    return atomic_load(&loop->is_running) && !kdb_loop_is_current(loop);
}

uv_loop_t *net_loop_uv(struct kdb_loop *loop)
{
    return &loop->uv;
}

char *net_loop_read_buffer(struct kdb_loop *loop)
{
    return loop->read_buffer;
}

char *net_loop_plain_buffer(struct kdb_loop *loop)
{
    if (!loop->plain_buffer)
        loop->plain_buffer = kdb_alloc(NET_READ_BYTES);
    return loop->plain_buffer;
}

char *net_loop_write_buffer(struct kdb_loop *loop)
{
    if (!loop->write_buffer)
        loop->write_buffer = kdb_alloc(NET_READ_BYTES);
    return loop->write_buffer;
}

uint64_t net_loop_turn(const struct kdb_loop *loop)
{
    return loop->turn;
}

void net_loop_add_flusher(struct kdb_loop *loop, struct net_flusher *flusher)
{
    flusher->next = loop->flushers;
    loop->flushers = flusher;
}

void net_loop_remove_flusher(struct kdb_loop *loop, struct net_flusher *flusher)
{
    struct net_flusher **at = &loop->flushers;
    while (*at != flusher)
        at = &(*at)->next;
    *at = flusher->next;
}

static void on_timer(uv_timer_t *uv)
{
    struct kdb_timer *timer = uv->data;
    timer->fired(timer->arg);
}

struct kdb_timer *kdb_timer_open(struct kdb_loop *loop, void (*fired)(void *arg), void *arg)
{
    struct kdb_timer *timer = kdb_alloc(sizeof(*timer));
    timer->fired = fired;
    timer->arg = arg;
    KDB_ASSERT(uv_timer_init(&loop->uv, &timer->uv) == 0);
    timer->uv.data = timer;
    return timer;
}

void kdb_timer_start(struct kdb_timer *timer, int64_t delay_ms, int64_t repeat_ms)
{
    KDB_ASSERT(delay_ms >= 0 && repeat_ms >= 0);
    KDB_ASSERT(uv_timer_start(&timer->uv, on_timer, (uint64_t)delay_ms, (uint64_t)repeat_ms) == 0);
}

static void free_timer(uv_handle_t *handle)
{
    kdb_free(handle->data);
}

void kdb_timer_close(struct kdb_timer *timer)
{
    if (timer)
        uv_close((uv_handle_t *)&timer->uv, free_timer);
}
