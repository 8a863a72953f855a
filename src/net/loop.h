// SPDX-License-Identifier: Apache-2.0
// An event loop on its own thread: sockets, timers, and tasks posted from other threads.
//
// The server runs N of them; each owns its connections and everything hanging on them, without
// locks. External events never act directly: another thread posts tasks, the loop runs all that
// have arrived in one turn, and before it sleeps again it calls its hooks once, so that layers
// above hand over in one batch what they gathered in the turn.
#ifndef KDB_NET_LOOP_H
#define KDB_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"
#include "base/mailbox.h"

struct kdb_loop;
struct kdb_timer;

// Work for a loop; embedded in whatever is handed over, which the poster gives away until `run` is
// called.
struct kdb_loop_task {
    struct kdb_message message; // must be first; the loop's once posted
    // On the loop's thread; may free the task.
    void (*run)(struct kdb_loop_task *task, struct kdb_loop *loop);
};

// Called once per turn, before the loop sleeps. Embedded in its owner.
struct kdb_loop_hook {
    struct kdb_loop_hook *next; // the loop's
    void (*before_sleep)(struct kdb_loop_hook *hook, struct kdb_loop *loop);
};

// A loop that does not run yet. `name` (at most 15 bytes, static) becomes the thread's. From now on
// the process ignores SIGPIPE. Fails with INTERNAL when the system refuses. Any thread.
KDB_NODISCARD kdb_status kdb_loop_open(struct kdb_ctx *ctx, const char *name,
                                       struct kdb_loop **ret_loop);

// Runs it on a new thread.
KDB_NODISCARD kdb_status kdb_loop_start(struct kdb_loop *loop, struct kdb_ctx *ctx);

// Runs it on the calling thread until kdb_loop_stop (for tests and small programs).
void kdb_loop_run(struct kdb_loop *loop);

// Asks it to end: it runs every task posted before, and its thread ends. Does not wait. Any thread.
void kdb_loop_stop(struct kdb_loop *loop);

// Waits for the thread of a loop that was asked to end. Afterwards the caller may use it as its
// thread did.
void kdb_loop_join(struct kdb_loop *loop);

// Stops it, waits for its thread and frees it. What lives on it (listeners, timers, signals) must
// be closed before. Accepts NULL. Not from its own thread.
void kdb_loop_close(struct kdb_loop *loop);
KDB_AUTO_DEFINE(struct kdb_loop, kdb_loop_close)

// Hands a task over; wakes the loop when it may be asleep. Tasks of one thread run in the order
// posted. Any thread.
void kdb_loop_post(struct kdb_loop *loop, struct kdb_loop_task *task);

// Adds a hook; they run in the order added, before the loop writes what was answered in the turn.
// On the loop's thread, or before it runs.
void kdb_loop_add_hook(struct kdb_loop *loop, struct kdb_loop_hook *hook);

// Milliseconds of a monotonic clock as of the start of this turn. Loop thread.
int64_t kdb_loop_now_ms(const struct kdb_loop *loop);

// Whether the caller is on the loop's thread; for asserts.
bool kdb_loop_is_current(const struct kdb_loop *loop);

// A timer of the loop, not yet started; `fired(arg)` is called on its thread. Loop thread, or
// before it runs.
struct kdb_timer *kdb_timer_open(struct kdb_loop *loop, void (*fired)(void *arg), void *arg);

// Fires after `delay_ms`, and then every `repeat_ms` unless that is 0. Starting again replaces.
// Loop thread.
void kdb_timer_start(struct kdb_timer *timer, int64_t delay_ms, int64_t repeat_ms);

// Accepts NULL. Loop thread, or after it has ended.
void kdb_timer_close(struct kdb_timer *timer);

#endif
