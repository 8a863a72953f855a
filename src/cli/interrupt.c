// SPDX-License-Identifier: Apache-2.0
// The one signal handler, and the one place it can write to.
#include "cli/interrupt_priv.h"

#include <signal.h>

static struct kdb_ctx *_Atomic interrupted_ctx;

static void on_interrupt(int number)
{
    (void)number;
    struct kdb_ctx *ctx = atomic_load(&interrupted_ctx);
    if (ctx)
        atomic_store(&ctx->is_cancelled, true);
}

void cli_interrupt_catch(void)
{
    // Without SA_RESTART: the wait for the answer ends.
    struct sigaction action = {.sa_handler = on_interrupt};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
}

void cli_interrupt_watch(struct kdb_ctx *ctx)
{
    atomic_store(&interrupted_ctx, ctx);
}
