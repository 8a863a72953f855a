// SPDX-License-Identifier: Apache-2.0
// From the committer to the event loops: committed changes of partitions that somebody subscribes
// to.
//
// The committer calls the sink after every group, in _seq order. What nobody subscribes to costs
// one load of an atomic for 64 loops; the rest is copied once into an immutable, counted batch that
// is posted once to every loop that has a subscription of one of its partitions. A loop takes its
// batches in the order they were committed; one that does not keep up is told what it lost.
#ifndef KDB_LIVE_FEED_H
#define KDB_LIVE_FEED_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mailbox.h"
#include "base/slice.h"
#include "txn/change.h"
#include "txn/partition.h"

#define KDB_LIVE_LOOPS_MAX KDB_PARTITION_LOOPS_MAX

struct kdb_live_feed;

// One committed version. The bytes are the batch's.
struct kdb_live_change {
    struct kdb_partition *partition; // referenced by the batch
    int64_t seq;
    kdb_slice key;     // encoded primary key
    kdb_slice row;     // the new version; null: the row was removed (STREAM tables)
    kdb_slice old_row; // the version before; null: there was none
};

// The changes of one group that concern subscriptions.
struct kdb_live_batch {
    atomic_uint references;
    size_t bytes; // memory of the whole
    size_t count;
    struct kdb_live_change *changes;
};

struct kdb_live_batch *kdb_live_batch_ref(struct kdb_live_batch *batch);
void kdb_live_batch_unref(struct kdb_live_batch *batch); // accepts NULL

// A feed without loops; at most `backlog_bytes` wait for one loop. Lives longer than the committer
// that it is the sink of.
struct kdb_live_feed *kdb_live_feed_create(size_t backlog_bytes);

// Drops what was not taken. The committer and the loops have stopped. Accepts NULL.
void kdb_live_feed_destroy(struct kdb_live_feed *feed);

// The sink to give to the committer.
struct kdb_change_sink kdb_live_feed_sink(struct kdb_live_feed *feed);

// Adds a loop; `wake` is called on the committer's thread when batches wait for it, and makes the
// loop call kdb_live_feed_take soon. Returns its number. Before anything is subscribed; at most
// KDB_LIVE_LOOPS_MAX times.
unsigned kdb_live_feed_add_loop(struct kdb_live_feed *feed, void (*wake)(void *arg), void *arg);

// From now on changes of the partition are posted to that loop, all that are committed after this
// returns and perhaps some before. Any thread.
void kdb_live_feed_listen(struct kdb_partition *partition, unsigned loop);

// The loop has no more subscriptions of it. Any thread.
void kdb_live_feed_ignore(struct kdb_partition *partition, unsigned loop);

// What a loop does with what it takes.
struct kdb_live_taker {
    // The next batch; borrowed for the call.
    void (*batch)(void *self, struct kdb_live_batch *batch);
    // The loop was too slow: changes up to this _seq were dropped instead of queued.
    void (*lost)(void *self, int64_t seq);
    void *self;
};

// Takes everything that waits for the loop, oldest first. On that loop.
void kdb_live_feed_take(struct kdb_live_feed *feed, unsigned loop,
                        const struct kdb_live_taker *taker);

#endif
