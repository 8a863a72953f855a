// SPDX-License-Identifier: Apache-2.0
// Interrupting what runs too long or was cancelled: DuckDB can compute for seconds between two
// looks of ours.
#include <signal.h>
#include <time.h>

#include "base/assert.h"
#include "base/clock.h"
#include "engine/engine_priv.h"

#define TICK_NS 20000000L

static bool must_stop(const struct engine_run *run, int64_t now_ns)
{
    return atomic_load_explicit(&run->ctx->is_cancelled, memory_order_relaxed) ||
           (run->ctx->deadline_ns != 0 && now_ns > run->ctx->deadline_ns);
}

bool engine_must_stop(struct kdb_engine_connection *connection)
{
    int64_t now_ns = kdb_monotonic_ns();
    pthread_mutex_lock(&connection->lock);
    bool is_over =
        !connection->run || connection->is_interrupted || must_stop(connection->run, now_ns);
    pthread_mutex_unlock(&connection->lock);
    return is_over;
}

// Under the connection's lock.
static void stop_run(struct kdb_engine_connection *connection)
{
    for (struct engine_scan *scan = connection->scans; scan; scan = scan->next)
        atomic_store_explicit(&scan->ctx.is_cancelled, true, memory_order_relaxed);
    duck.interrupt(connection->connection);
}

static void look_at_connections(struct kdb_engine *engine)
{
    int64_t now_ns = kdb_monotonic_ns();
    pthread_mutex_lock(&engine->lock);
    for (struct kdb_engine_connection *each = engine->connections; each; each = each->next) {
        pthread_mutex_lock(&each->lock);
        if (each->run && must_stop(each->run, now_ns))
            stop_run(each);
        pthread_mutex_unlock(&each->lock);
    }
    pthread_mutex_unlock(&engine->lock);
}

// Under watch->lock. Sleeps one tick, or until a statement begins when none runs.
static void sleep_one_tick(struct engine_watch *watch)
{
    atomic_store(&watch->is_idle, true);
    if (atomic_load(&watch->running) == 0) {
        pthread_cond_wait(&watch->wake, &watch->lock);
        atomic_store(&watch->is_idle, false);
        return;
    }
    atomic_store(&watch->is_idle, false);
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += TICK_NS;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    (void)pthread_cond_timedwait(&watch->wake, &watch->lock, &until);
}

static void *watch_main(void *opaque)
{
    struct kdb_engine *engine = opaque;
    struct engine_watch *watch = &engine->watch;
    pthread_mutex_lock(&watch->lock);
    while (!watch->is_stopping) {
        sleep_one_tick(watch);
        pthread_mutex_unlock(&watch->lock);
        look_at_connections(engine);
        pthread_mutex_lock(&watch->lock);
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

kdb_status engine_watch_start(struct kdb_engine *engine, struct kdb_ctx *ctx)
{
    struct engine_watch *watch = &engine->watch;
    if (watch->is_started)
        return KDB_OK;
    if (pthread_create(&watch->thread, NULL, watch_main, engine) != 0)
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE, "the engine's watch thread could not be started");
    watch->is_started = true;
    return KDB_OK;
}

static void wake(struct engine_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    pthread_cond_signal(&watch->wake);
    pthread_mutex_unlock(&watch->lock);
}

void engine_watch_stop(struct kdb_engine *engine)
{
    struct engine_watch *watch = &engine->watch;
    if (!watch->is_started)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->is_stopping = true;
    pthread_mutex_unlock(&watch->lock);
    wake(watch);
    (void)pthread_join(watch->thread, NULL);
    watch->is_started = false;
}

void engine_watch_begin(struct kdb_engine_connection *connection, struct engine_run *run)
{
    pthread_mutex_lock(&connection->lock);
    KDB_ASSERT(!connection->run);
    connection->run = run;
    connection->is_interrupted = false;
    pthread_mutex_unlock(&connection->lock);
    struct engine_watch *watch = &connection->engine->watch;
    atomic_fetch_add(&watch->running, 1);
    if (atomic_load(&watch->is_idle))
        wake(watch);
}

void engine_watch_end(struct kdb_engine_connection *connection)
{
    atomic_fetch_sub(&connection->engine->watch.running, 1);
    pthread_mutex_lock(&connection->lock);
    connection->run = NULL;
    pthread_mutex_unlock(&connection->lock);
}

void kdb_engine_interrupt(struct kdb_engine_connection *connection)
{
    pthread_mutex_lock(&connection->lock);
    if (connection->run) {
        connection->is_interrupted = true;
        stop_run(connection);
    }
    pthread_mutex_unlock(&connection->lock);
}
