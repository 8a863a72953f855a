// SPDX-License-Identifier: Apache-2.0
// The only way between threads: many producers post messages, one consumer takes them in batches.
//
// Messages are intrusive: the sender embeds struct kdb_message in what it sends and gives it away
// until the receiver is done. Order is kept per producer. The wake function runs only when the
// mailbox was empty, so a busy consumer costs its producers nothing; it sees what the consumer did
// before it took the last messages, and may use again what those were told with. The owner makes
// sure that nobody posts any more before the consumer goes away.
#ifndef KDB_BASE_MAILBOX_H
#define KDB_BASE_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

// Embedded in whatever is sent.
struct kdb_message {
    struct kdb_message *next;
};

// The object of `type` whose member `member` is the message `at`.
#define KDB_MESSAGE_OF(at, type, member) ((type *)(void *)((char *)(at)-offsetof(type, member)))

struct kdb_mailbox {
    _Atomic(struct kdb_message *) newest; // posted and not yet taken, newest first
    atomic_size_t depth;                  // how many those are, or a little more while posting
    size_t depth_max;                     // posts beyond are refused
    void (*wake)(void *arg);              // makes the consumer call kdb_mailbox_take soon
    void *wake_arg;
};

// Prepares a mailbox for at most `depth_max` messages. `wake` is called on the posting thread with
// `arg` and must be safe on any thread (such as uv_async_send).
void kdb_mailbox_init(struct kdb_mailbox *mailbox, size_t depth_max, void (*wake)(void *arg),
                      void *arg);

// Gives one message to the consumer. False, and the message is still the caller's, when the mailbox
// is full. Any thread.
KDB_NODISCARD bool kdb_mailbox_post(struct kdb_mailbox *mailbox, struct kdb_message *message);

// Takes everything that was posted: a list linked by `next`, oldest first; NULL when there is
// nothing. Consumer only. Read a message's `next` before giving the message away.
struct kdb_message *kdb_mailbox_take(struct kdb_mailbox *mailbox);

// How many messages wait. Any thread.
static inline size_t kdb_mailbox_depth(const struct kdb_mailbox *mailbox)
{
    return atomic_load_explicit(&mailbox->depth, memory_order_relaxed);
}

#endif
