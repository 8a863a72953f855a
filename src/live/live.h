// SPDX-License-Identifier: Apache-2.0
// The subscriptions of one event loop: which changes concern which of them, and when they may be
// told.
//
// Equal queries on one partition form a group: a change is held against the group's filter once,
// encoded once, and its members get the same bytes. Groups whose filter has "column = constant" are
// found through an index by that column, so a change costs what it concerns, not what there is.
//
// A subscription begins held: its changes wait (up to a limit) while the caller sends the initial
// rows. kdb_live_release then lets them flow from the _seq up to which the caller has sent
// everything. When its sink is full, or more changes came than may wait, it is *lagging*: changes
// are dropped until the caller has read the state of the partition anew from
// kdb_live_position onwards and released it again. So nothing is lost, memory is bounded, and
// nobody waits for a slow client.
//
// Everything here is called on the loop's thread.
#ifndef KDB_LIVE_LIVE_H
#define KDB_LIVE_LIVE_H

#include "live/event.h"
#include "live/feed.h"
#include "live/query.h"

struct kdb_live_loop;
struct kdb_live_subscription;

// Where a subscription's events go; implemented by the connection. None may change a
// subscription before it returns.
struct kdb_live_sink_ops {
    // Takes an event (and keeps a reference if it needs to). False: the client does not keep up;
    // the event was not taken.
    bool (*event)(void *self, struct kdb_live_event *event);
    // Changes begin to be dropped: catch up (see above) once the client takes bytes again.
    void (*lags)(void *self);
    // The query could not be evaluated for some row: the subscription gets nothing more. `self`
    // unsubscribes later, not in this call.
    void (*failed)(void *self, const struct kdb_error *error);
};

struct kdb_live_loop_options {
    struct kdb_live_feed *feed;
    void (*wake)(void *arg); // any thread: make the loop call kdb_live_deliver soon
    void *wake_arg;
    size_t held_bytes_max; // of one subscription that waits for its initial rows
    size_t row_memory_max; // of a query's expressions over one row
};

// The live part of a loop. Before the loop runs.
struct kdb_live_loop *kdb_live_loop_create(const struct kdb_live_loop_options *options);
// Without subscriptions. Accepts NULL.
void kdb_live_loop_destroy(struct kdb_live_loop *live);

// Takes the committed changes that wait for this loop and tells the subscriptions.
void kdb_live_deliver(struct kdb_live_loop *live);

// Begins a subscription, held. Changes committed after this returns are kept for it; so whoever
// opens a read view of the partition now misses nothing. References query and partition.
struct kdb_live_subscription *kdb_live_subscribe(struct kdb_live_loop *live,
                                                 struct kdb_live_query *query,
                                                 struct kdb_partition *partition,
                                                 const struct kdb_live_sink_ops *ops, void *self);
void kdb_live_unsubscribe(struct kdb_live_subscription *subscription); // accepts NULL

// The caller has sent the state of the partition as of `seq`: changes after it flow from now on,
// those that waited first. False when some of them had to be dropped meanwhile: it still lags; read
// the state anew from `seq` and call again.
KDB_NODISCARD bool kdb_live_release(struct kdb_live_subscription *subscription, int64_t seq);

// Whether changes are being dropped. The caller has to catch up once the client takes bytes again.
bool kdb_live_is_lagging(const struct kdb_live_subscription *subscription);

// The _seq up to which the client has been told everything.
int64_t kdb_live_position(const struct kdb_live_subscription *subscription);

// Where its rows are; borrowed from it.
struct kdb_partition *kdb_live_partition_of(const struct kdb_live_subscription *subscription);

// Counters for system.live; readable from any thread while the subscription exists.
struct kdb_live_counters {
    _Atomic uint64_t delivered;       // changes given to the sink
    const _Atomic uint64_t *filtered; // changes its group looked at that did not concern it
    uint64_t filtered_before;         // of them, before it began
    _Atomic uint64_t dropped;         // changes dropped while it lagged
    _Atomic uint64_t lags;            // how often it began to lag
    _Atomic int64_t last_ms;          // when the last change was given, ms since 1970; 0: never
};
const struct kdb_live_counters *
kdb_live_counters_of(const struct kdb_live_subscription *subscription);

// How a query's changes are found, for EXPLAIN and system.live: the name of the column it is
// indexed by; a null slice when every change of the partition is held against its filter.
kdb_slice kdb_live_index_column(const struct kdb_live_query *query);

#endif
