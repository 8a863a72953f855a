// SPDX-License-Identifier: Apache-2.0
// The committer: the one thread that writes. It orders writes, assigns _seq, groups commits and
// answers when they are safe.
//
// A statement reads, decides, and sends its changes with what it believed about each key (its
// newest _seq, or that it has none). The committer checks that against the group being formed and
// the hot store; a mismatch is answered as a conflict and the statement runs again (read
// committed). Checking needs no file: an absent key has the version that the statement saw, unless
// one that it cannot have seen (newer than seen_seq) was flushed and removed from the hot tier
// meanwhile; then absence proves nothing and counts as a conflict. One request is all or nothing;
// requests are applied in the order they were sent. Statements that lose run again in turn (struct
// kdb_commit_turn).
#ifndef KDB_TXN_COMMIT_H
#define KDB_TXN_COMMIT_H

#include "base/clock.h"
#include "base/ctx.h"
#include "store/store.h"
#include "txn/change.h"
#include "txn/partition.h"
#include "txn/streams.h"

// Which entries of the sequence index a removal takes along.
typedef enum {
    KDB_INDEX_EACH,  // those of the rows it removes, one by one
    KDB_INDEX_LATER, // none: until a removal with KDB_INDEX_UP_TO they name rows that are gone
    KDB_INDEX_UP_TO, // every one up to index_up_to, as one range
} kdb_index_removal;

// One changed key of a request. In a STREAM table an insert has no key and expects nothing; a
// delete (a tombstone) counts in `removed` if the row is still there.
struct kdb_row_op {
    kdb_slice key; // encoded primary key; borrowed until the request is done
    char *row;     // encoded row; _seq is written into it by the committer
    size_t row_len;
    int64_t expected_seq; // newest version the statement saw, hot or cold, tombstones included; 0:
                          // none at all
    kdb_slice old_row;    // that version (live queries want old values), may be null
    int8_t live_delta;    // change of live_rows: +1 insert, 0 update, -1 delete
};

typedef enum {
    KDB_COMMIT_DONE,     // committed; seq_first and seq_last are set
    KDB_COMMIT_CONFLICT, // an expectation did not hold: nothing was written, run the statement
                         // again
    KDB_COMMIT_FAILED    // `status` and `message`: nothing was written; after IO it is not known
} kdb_commit_outcome;

// The place of a statement among those that lost a conflict in one partition. Where many change one
// row, all but one of a group lose; if they all ran again at once, all but one would lose again,
// and an unlucky one would run for ever. So they run again one after the other: a conflict is
// answered when those that lost before are through. Zeroed at first, owned by the sender for the
// whole statement, ended by it with kdb_commit_turn_end.
struct kdb_commit_turn {
    struct kdb_partition *partition; // whose turn it has, NULL: none. Set before the answer
};

// One write to make. Lives until `done` was called, in memory of the sender.
struct kdb_commit_request {
    struct kdb_commit_request *next; // queue link
    // Rows of one partition:
    struct kdb_partition *partition; // referenced by the sender; NULL for a batch
    // Both as they were before the statement read anything:
    uint64_t removal_epoch; // of the partition
    int64_t seen_seq;       // kdb_committer_last_seq; 0: it did not look at the hot tier
    struct kdb_row_op *ops;
    size_t op_count;
    struct kdb_commit_turn *turn; // may be NULL: a conflict is answered at once
    // Or removal of flushed rows: ops with expected_seq, `row` NULL, in ascending order of their
    // keys; keys whose _seq moved on are left alone.
    bool is_removal;
    int64_t removal_flush_ms; // when the flush happened, stored as last_flush_ms
    kdb_index_removal index;
    int64_t index_up_to; // with KDB_INDEX_UP_TO; no hot row with this _seq or an older one is left
    // Or a batch of definitions, jobs, manifests, applied as it is, alone:
    struct kdb_store_batch *batch;
    bool is_async; // do not wait for fsync whatever the server's mode (job progress)
    // Runs on the committer thread just after the batch or removal is durable and before anything
    // later is applied.
    void (*on_applied)(struct kdb_commit_request *request);
    // Called once, on the committer thread or on that of kdb_commit_turn_end; must not block (post
    // a message).
    void (*done)(struct kdb_commit_request *request);
    void *owner; // for on_applied and done
    // Answer:
    kdb_commit_outcome outcome;
    kdb_status status;
    const char *message; // static text
    int64_t seq_first, seq_last;
    int64_t removed; // keys removed by is_removal; rows a DELETE on a STREAM table still found
};

struct kdb_committer_options {
    struct kdb_store *store;
    struct kdb_streams *streams; // rows of STREAM tables; NULL: there are none
    const struct kdb_clock *clock;
    kdb_commit_mode mode;
    uint32_t worker_id; // 0..1023, part of _seq
    // Told after each group on the committer thread; may be NULL. Must not block.
    const struct kdb_change_sink *sink;
    // Told when a partition has as many hot rows as its policy allows; may be NULL. Must not block.
    void (*flush_due)(void *self, struct kdb_partition *partition);
    void *flush_self;
};

struct kdb_committer;

// Starts the thread, continuing _seq after the newest one stored. Close with kdb_committer_close.
KDB_NODISCARD kdb_status kdb_committer_open(const struct kdb_committer_options *options,
                                            struct kdb_ctx *ctx,
                                            struct kdb_committer **ret_committer);

// Finishes what was sent, makes it durable and stops the thread. Accepts NULL.
void kdb_committer_close(struct kdb_committer *committer);

// Sends a list of requests linked by `next` (in order). Any thread; never blocks.
void kdb_commit_send(struct kdb_committer *committer, struct kdb_commit_request *first);

// Sends one request and waits for its answer; for workers and jobs, never on a loop. Sets
// request->done itself.
void kdb_commit_wait(struct kdb_committer *committer, struct kdb_commit_request *request);

// The statement is through: it was committed, failed, or gave up. The next one that lost is told.
// Nothing when it never lost. Before the sender gives its reference to the partition back; any
// thread.
void kdb_commit_turn_end(struct kdb_commit_turn *turn);

// Commits a batch of definitions and waits: OK when it is durable, else the failure in ctx.
KDB_NODISCARD kdb_status kdb_commit_batch(struct kdb_committer *committer, struct kdb_ctx *ctx,
                                          struct kdb_store_batch *batch);

// The newest committed _seq. Any thread.
int64_t kdb_committer_last_seq(const struct kdb_committer *committer);

// Requests waiting now (back pressure and metrics). Any thread.
size_t kdb_committer_queue_length(const struct kdb_committer *committer);

// Counters for system.stats. Any thread.
struct kdb_committer_stats {
    uint64_t groups;
    uint64_t requests;
    uint64_t conflicts;
    uint64_t rows;
};
void kdb_committer_stats(const struct kdb_committer *committer,
                         struct kdb_committer_stats *ret_stats);

#endif
