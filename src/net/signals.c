// SPDX-License-Identifier: Apache-2.0
// SIGTERM and SIGINT over libuv.
#include "net/signals.h"

#include <signal.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "net/loop_priv.h"

enum { watched_count = 2 };

struct kdb_signals {
    struct kdb_loop *loop;
    uv_signal_t watched[watched_count];
    void (*received)(void *arg, int count);
    void *arg;
    int count;
    int open_count; // handles not yet closed
};

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    struct kdb_signals *signals = handle->data;
    signals->received(signals->arg, ++signals->count);
}

static void on_closed(uv_handle_t *handle)
{
    struct kdb_signals *signals = handle->data;
    if (--signals->open_count == 0)
        kdb_free(signals);
}

kdb_status kdb_signals_open(struct kdb_ctx *ctx, struct kdb_loop *loop,
                            void (*received)(void *arg, int count), void *arg,
                            struct kdb_signals **ret_signals)
{
    static const int numbers[watched_count] = {SIGTERM, SIGINT};
    KDB_ASSERT(!net_loop_runs_elsewhere(loop));
    struct kdb_signals *signals = kdb_alloc(sizeof(*signals));
    signals->loop = loop;
    signals->received = received;
    signals->arg = arg;
    for (int i = 0; i < watched_count; i++) {
        KDB_ASSERT(uv_signal_init(net_loop_uv(loop), &signals->watched[i]) == 0);
        signals->watched[i].data = signals;
        signals->open_count++;
    }
    for (int i = 0; i < watched_count; i++) {
        int error = uv_signal_start(&signals->watched[i], on_signal, numbers[i]);
        if (error != 0) {
            kdb_signals_close(signals);
            return kdb_fail(ctx, KDB_ERR_INTERNAL, "cannot watch signals: %s", uv_strerror(error));
        }
    }
    *ret_signals = signals;
    return KDB_OK;
}

void kdb_signals_close(struct kdb_signals *signals)
{
    if (!signals)
        return;
    KDB_ASSERT(!net_loop_runs_elsewhere(signals->loop));
    for (int i = 0; i < watched_count; i++)
        uv_close((uv_handle_t *)&signals->watched[i], on_closed);
}
