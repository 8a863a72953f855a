// SPDX-License-Identifier: Apache-2.0
// Batches: one allocation each, one link per loop they are posted to.
#include "live/feed.h"

#include <stdint.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "types/row.h"

// What is posted: a batch on its way to one loop.
struct posted {
    struct kdb_message message;
    struct kdb_live_batch *batch; // NULL: something was lost, see feed_loop.lost_seq
};

struct feed_loop {
    struct kdb_mailbox mailbox;
    atomic_size_t waiting_bytes;
    _Atomic int64_t lost_seq; // newest change that was not queued and not told yet, 0: none
};

// A bit for each loop.
#define LOOP_WORD_BITS 64
#define LOOP_WORDS     (KDB_LIVE_LOOPS_MAX / LOOP_WORD_BITS)

struct kdb_live_feed {
    struct feed_loop *loops[KDB_LIVE_LOOPS_MAX];
    atomic_uint loop_count;
    size_t backlog_bytes;
    bool *is_wanted; // the committer's: whether anybody listens to each change of the group
    size_t wanted_capacity;
};

struct kdb_live_batch *kdb_live_batch_ref(struct kdb_live_batch *batch)
{
    atomic_fetch_add_explicit(&batch->references, 1, memory_order_relaxed);
    return batch;
}

void kdb_live_batch_unref(struct kdb_live_batch *batch)
{
    if (!batch || atomic_fetch_sub_explicit(&batch->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < batch->count; i++)
        kdb_partition_unref(batch->changes[i].partition);
    kdb_free(batch);
}

struct kdb_live_feed *kdb_live_feed_create(size_t backlog_bytes)
{
    struct kdb_live_feed *feed = kdb_alloc(sizeof(*feed));
    feed->backlog_bytes = backlog_bytes;
    return feed;
}

static struct posted *posted_of(struct kdb_message *message)
{
    return KDB_MESSAGE_OF(message, struct posted, message);
}

static void drop(void *self, struct kdb_live_batch *batch)
{
    (void)self;
    (void)batch;
}

static void ignore_loss(void *self, int64_t seq)
{
    (void)self;
    (void)seq;
}

void kdb_live_feed_destroy(struct kdb_live_feed *feed)
{
    if (!feed)
        return;
    static const struct kdb_live_taker dropper = {drop, ignore_loss, NULL};
    unsigned count = atomic_load(&feed->loop_count);
    for (unsigned i = 0; i < count; i++) {
        kdb_live_feed_take(feed, i, &dropper);
        kdb_free(feed->loops[i]);
    }
    kdb_free(feed->is_wanted);
    kdb_free(feed);
}

unsigned kdb_live_feed_add_loop(struct kdb_live_feed *feed, void (*wake)(void *arg), void *arg)
{
    unsigned index = atomic_load(&feed->loop_count);
    KDB_ASSERT(index < KDB_LIVE_LOOPS_MAX);
    feed->loops[index] = kdb_alloc(sizeof(struct feed_loop));
    // Bounded by bytes, see offer().
    kdb_mailbox_init(&feed->loops[index]->mailbox, SIZE_MAX, wake, arg);
    atomic_store(&feed->loop_count, index + 1);
    return index;
}

void kdb_live_feed_listen(struct kdb_partition *partition, unsigned loop)
{
    (void)atomic_fetch_or(&partition->live_loops[loop / LOOP_WORD_BITS],
                          UINT64_C(1) << loop % LOOP_WORD_BITS);
}

void kdb_live_feed_ignore(struct kdb_partition *partition, unsigned loop)
{
    (void)atomic_fetch_and(&partition->live_loops[loop / LOOP_WORD_BITS],
                           ~(UINT64_C(1) << loop % LOOP_WORD_BITS));
}

// ---- from the committer ----

static char *copy(char *at, kdb_slice from, kdb_slice *ret)
{
    if (!from.data)
        return at;
    if (from.len > 0)
        memcpy(at, from.data, from.len);
    *ret = kdb_slice_of(at, from.len);
    return at + from.len;
}

static size_t payload_of(const struct kdb_change *change)
{
    return change->key.len + change->row.len + change->old_row.len;
}

// The changes that `is_wanted` marks as one batch.
static struct kdb_live_batch *make_batch(const struct kdb_change *changes, size_t count,
                                         const bool *is_wanted)
{
    size_t wanted = 0;
    size_t payload = 0;
    for (size_t i = 0; i < count; i++) {
        wanted += is_wanted[i];
        payload += is_wanted[i] ? payload_of(&changes[i]) : 0;
    }
    size_t head = sizeof(struct kdb_live_batch) + wanted * sizeof(struct kdb_live_change);
    struct kdb_live_batch *batch = kdb_alloc(head + payload);
    atomic_init(&batch->references, 1);
    batch->bytes = head + payload;
    batch->changes = (struct kdb_live_change *)(batch + 1);
    char *at = (char *)(batch->changes + wanted);
    for (size_t i = 0; i < count; i++) {
        if (!is_wanted[i])
            continue;
        struct kdb_live_change *into = &batch->changes[batch->count++];
        into->partition = kdb_partition_ref(changes[i].partition);
        into->seq = changes[i].seq;
        at = copy(at, changes[i].key, &into->key);
        at = copy(at, changes[i].row, &into->row);
        at = copy(at, changes[i].old_row, &into->old_row);
    }
    return batch;
}

// Queues the batch for one loop, or notes that the loop lost it.
static void offer(struct kdb_live_feed *feed, struct feed_loop *loop, struct kdb_live_batch *batch)
{
    size_t waiting = atomic_fetch_add(&loop->waiting_bytes, batch->bytes);
    bool fits = waiting == 0 || waiting + batch->bytes <= feed->backlog_bytes;
    if (!fits) {
        atomic_fetch_sub(&loop->waiting_bytes, batch->bytes);
        int64_t seq = batch->changes[batch->count - 1].seq;
        if (atomic_exchange(&loop->lost_seq, seq) != 0)
            return; // the loop will be told this one
    }
    struct posted *posted = kdb_alloc(sizeof(*posted));
    posted->batch = fits ? kdb_live_batch_ref(batch) : NULL;
    KDB_ASSERT(kdb_mailbox_post(&loop->mailbox, &posted->message));
}

static void post(struct kdb_live_feed *feed, struct kdb_live_batch *batch, const uint64_t *loops)
{
    unsigned count = atomic_load(&feed->loop_count);
    for (unsigned i = 0; i < count; i++) {
        if (loops[i / LOOP_WORD_BITS] >> i % LOOP_WORD_BITS & 1)
            offer(feed, feed->loops[i], batch);
    }
    kdb_live_batch_unref(batch);
}

// Whether any loop listens to the partition; adds those that do to `loops`, of `words`.
static bool add_listeners(const struct kdb_partition *partition, uint64_t *loops, unsigned words)
{
    uint64_t any = 0;
    for (unsigned i = 0; i < words; i++) {
        uint64_t here = atomic_load(&partition->live_loops[i]);
        loops[i] |= here;
        any |= here;
    }
    return any != 0;
}

static void committed(void *self, const struct kdb_change *changes, size_t count)
{
    struct kdb_live_feed *feed = self;
    if (count > feed->wanted_capacity) {
        feed->wanted_capacity = kdb_grow_capacity(feed->wanted_capacity, count);
        feed->is_wanted = kdb_realloc(feed->is_wanted, feed->wanted_capacity * sizeof(bool));
    }
    // Looked at once: whoever begins to listen after that sees these changes in its read view.
    uint64_t loops[LOOP_WORDS] = {0};
    unsigned words = (atomic_load(&feed->loop_count) + LOOP_WORD_BITS - 1) / LOOP_WORD_BITS;
    size_t wanted = 0;
    for (size_t i = 0; i < count; i++) {
        feed->is_wanted[i] = add_listeners(changes[i].partition, loops, words);
        wanted += feed->is_wanted[i];
    }
    if (wanted > 0)
        post(feed, make_batch(changes, count, feed->is_wanted), loops);
}

struct kdb_change_sink kdb_live_feed_sink(struct kdb_live_feed *feed)
{
    return (struct kdb_change_sink){committed, feed};
}

// ---- on a loop ----

void kdb_live_feed_take(struct kdb_live_feed *feed, unsigned loop,
                        const struct kdb_live_taker *taker)
{
    struct feed_loop *from = feed->loops[loop];
    struct kdb_message *at = kdb_mailbox_take(&from->mailbox);
    while (at) {
        struct posted *posted = posted_of(at);
        at = at->next;
        if (posted->batch) {
            taker->batch(taker->self, posted->batch);
            atomic_fetch_sub(&from->waiting_bytes, posted->batch->bytes);
            kdb_live_batch_unref(posted->batch);
        } else {
            taker->lost(taker->self, atomic_exchange(&from->lost_seq, 0));
        }
        kdb_free(posted);
    }
}
