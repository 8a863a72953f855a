// SPDX-License-Identifier: Apache-2.0
// One group commit while it is formed: which keys it changes, what it does to the counters of each
// partition.
//
// Owned and used by the committer thread alone.
#ifndef KDB_TXN_GROUP_PRIV_H
#define KDB_TXN_GROUP_PRIV_H

#include "base/id.h"
#include "txn/commit.h"
#include "txn/streams_priv.h"

// What a group did to one partition.
struct kdb_commit_touch {
    struct kdb_commit_touch *next;
    struct kdb_partition *partition;
    int64_t hot_delta;
    int64_t live_delta;
    bool is_removal;
    int64_t removal_flush_ms;
    int64_t removed_seq;                 // newest of the removed
    kdb_index_removal index;             // of the removal
    struct kdb_partition_counters after; // what the batch stores and publish makes visible
    struct kdb_streams_change stream;    // of a STREAM table's partition, instead of all that
};

// A key changed in this group: newest _seq.
struct kdb_group_key {
    uint64_t hash;
    kdb_slice key; // full ROWS key, group arena
    int64_t seq;   // 0: removed (streams)
};

// A change of the sequence index.
struct kdb_group_seq {
    struct kdb_partition *partition;
    int64_t seq;
    kdb_slice key; // primary key of an added entry, memory of its request
};

struct kdb_group {
    struct kdb_store *store;
    struct kdb_store_batch *batch;
    struct kdb_streams *streams;    // may be NULL
    struct kdb_store_batch *events; // rows of streams
    struct kdb_arena arena;
    struct kdb_buf key;         // scratch: a full key
    struct kdb_group_key *keys; // open addressing, capacity is a power of two
    size_t key_count, key_capacity;
    struct kdb_commit_touch *touched;
    struct kdb_commit_request **accepted;
    size_t accepted_count, accepted_capacity;
    struct kdb_change *changes;
    size_t change_count, change_capacity;
    struct kdb_group_seq *added_seqs; // ascending
    size_t added_seq_count, added_seq_capacity;
    struct kdb_group_seq *removed_seqs;
    size_t removed_seq_count, removed_seq_capacity;
    size_t row_count;
    size_t removed_count;
    bool removes_index; // a range of it
    size_t event_count; // changes of streams; nothing of them is in `batch`
    int64_t last_seq;   // newest one given out in this group, 0: none
};

void kdb_group_init(struct kdb_group *group, struct kdb_store *store, struct kdb_streams *streams);
void kdb_group_deinit(struct kdb_group *group);
void kdb_group_clear(struct kdb_group *group);

// Checks a request's expectations and, when they hold, adds its writes: sets outcome to DONE or
// CONFLICT. A failure leaves the group as it was.
KDB_NODISCARD kdb_status kdb_group_add(struct kdb_group *group, struct kdb_ctx *ctx,
                                       struct kdb_commit_request *request,
                                       struct kdb_snowflake *sequence);

// Whether the group has something for the disk.
bool kdb_group_is_durable(const struct kdb_group *group);

// Adds the entries of the sequence index and the counters of every touched partition to the batch;
// their versions are odd from now on. One of the two below follows.
void kdb_group_finish(struct kdb_group *group);

// The batch could not be written.
void kdb_group_abandon(struct kdb_group *group);

// After the batch is durable: applies the rows of streams, makes counters and versions visible.
void kdb_group_publish(struct kdb_group *group, const struct kdb_committer_options *options);
// Then: tells the sink.
void kdb_group_tell(struct kdb_group *group, const struct kdb_committer_options *options);

#endif
