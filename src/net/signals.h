// SPDX-License-Identifier: Apache-2.0
// SIGTERM and SIGINT as ordinary events of a loop.
#ifndef KDB_NET_SIGNALS_H
#define KDB_NET_SIGNALS_H

#include "base/ctx.h"

struct kdb_loop;
struct kdb_signals;

// Calls `received(arg, count)` on the loop's thread for each SIGTERM or SIGINT; `count` is 1 for
// the first. Before the loop runs, or on its thread.
KDB_NODISCARD kdb_status kdb_signals_open(struct kdb_ctx *ctx, struct kdb_loop *loop,
                                          void (*received)(void *arg, int count), void *arg,
                                          struct kdb_signals **ret_signals);

// Back to the system's default action. Accepts NULL. On the loop's thread, or after it has ended.
void kdb_signals_close(struct kdb_signals *signals);

#endif
