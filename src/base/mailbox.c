// SPDX-License-Identifier: Apache-2.0
// A stack of messages that the consumer takes whole and turns around: no lock, no ABA problem.
#include "base/mailbox.h"

#include "base/assert.h"

void kdb_mailbox_init(struct kdb_mailbox *mailbox, size_t depth_max, void (*wake)(void *arg),
                      void *arg)
{
    KDB_ASSERT(wake != NULL);
    atomic_init(&mailbox->newest, NULL);
    atomic_init(&mailbox->depth, 0);
    mailbox->depth_max = depth_max;
    mailbox->wake = wake;
    mailbox->wake_arg = arg;
}

// Counts a message in, unless that would be one too many.
static bool enter(struct kdb_mailbox *mailbox)
{
    size_t before = atomic_fetch_add_explicit(&mailbox->depth, 1, memory_order_relaxed);
    if (before < mailbox->depth_max)
        return true;
    atomic_fetch_sub_explicit(&mailbox->depth, 1, memory_order_relaxed);
    return false;
}

// Puts it on top. Acquires too: who finds the mailbox empty sees what the consumer did before it
// emptied it.
static void push(struct kdb_mailbox *mailbox, struct kdb_message *message)
{
    struct kdb_message *below = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);
    do {
        message->next = below;
    } while (!atomic_compare_exchange_weak_explicit(&mailbox->newest, &below, message,
                                                    memory_order_acq_rel, memory_order_relaxed));
    if (!below)
        mailbox->wake(mailbox->wake_arg);
}

// Turns a list around; returns its former last message.
static struct kdb_message *reverse(struct kdb_message *list, size_t *ret_count)
{
    struct kdb_message *turned = NULL;
    size_t count = 0;
    while (list) {
        struct kdb_message *next = list->next;
        list->next = turned;
        turned = list;
        list = next;
        count++;
    }
    *ret_count = count;
    return turned;
}

bool kdb_mailbox_post(struct kdb_mailbox *mailbox, struct kdb_message *message)
{
    if (!enter(mailbox))
        return false;
    push(mailbox, message);
    return true;
}

struct kdb_message *kdb_mailbox_take(struct kdb_mailbox *mailbox)
{
    struct kdb_message *newest =
        atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acq_rel);
    size_t count = 0;
    struct kdb_message *oldest = reverse(newest, &count);
    atomic_fetch_sub_explicit(&mailbox->depth, count, memory_order_relaxed);
    return oldest;
}
