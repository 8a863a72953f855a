// SPDX-License-Identifier: Apache-2.0
// What the committer does with streams. Its thread only.
#ifndef KDB_TXN_STREAMS_PRIV_H
#define KDB_TXN_STREAMS_PRIV_H

#include "txn/partition.h"
#include "txn/streams.h"

// What a group did to one stream.
struct kdb_streams_change {
    int64_t rows;      // more, or fewer
    int64_t bytes;     // as kdb_streams_cost counts them
    int64_t first_seq; // of the oldest row added, 0: none was
};

// Bytes a row counts for, its bookkeeping included.
int64_t kdb_streams_cost(kdb_slice row);

// Applies a group's rows; never fails.
void kdb_streams_apply(struct kdb_streams *streams, struct kdb_store_batch *batch);

// After that, for each stream the group touched: counts, and drops what is over its MAX_BUFFER.
void kdb_streams_changed(struct kdb_streams *streams, struct kdb_partition *partition,
                         const struct kdb_streams_change *change, int64_t now_ms);

// Drops the oldest rows of all until the budget is kept.
void kdb_streams_trim(struct kdb_streams *streams, int64_t now_ms);

// Removes expired rows, a bounded number of them. kdb_streams_due_ms tells when to come again.
void kdb_streams_expire(struct kdb_streams *streams, int64_t now_ms);

// When the next row is to be removed, INT64_MAX: there is none.
int64_t kdb_streams_due_ms(const struct kdb_streams *streams);

#endif
