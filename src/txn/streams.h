// SPDX-License-Identifier: Apache-2.0
// The rows of STREAM tables: in memory, per user, in the order of their _seq, gone when they are
// too old or too many (docs/decisions/0040-streams.md).
//
// Rows lie in an in-memory store under the keys of layout.h, with _seq in the place of the primary
// key, so everything that reads a hot tier reads streams as well. The committer alone writes: it
// adds rows within its groups, takes the oldest away beyond a user's MAX_BUFFER and beyond the
// server's budget, and expired ones a fraction of a second after their time; readers leave expired
// rows out by themselves. Nothing of it reaches a disk.
#ifndef KDB_TXN_STREAMS_H
#define KDB_TXN_STREAMS_H

#include "store/store.h"

struct kdb_streams;

// An empty set of streams that may take `bytes_max` bytes (stream.memory_bytes) over all tables.
KDB_NODISCARD kdb_status kdb_streams_create(struct kdb_ctx *ctx, uint64_t bytes_max,
                                            struct kdb_streams **ret_streams);

// After the committer, before the partitions' registry. Accepts NULL.
void kdb_streams_destroy(struct kdb_streams *streams);

// Where readers find the rows: space ROWS, kind KDB_KEYS_ROWS, _seq encoded as a BIGINT key. Any
// thread.
struct kdb_store *kdb_streams_store(struct kdb_streams *streams);

// Forgets every row of a dropped table. Committer thread (on_applied of the DROP).
void kdb_streams_drop_table(struct kdb_streams *streams, uint32_t table_id);

// Counters for system.stats. Any thread.
struct kdb_streams_stats {
    uint64_t rows;        // held now
    uint64_t bytes;       // they take, as the budget counts them
    uint64_t expired;     // rows that reached their TTL
    uint64_t over_buffer; // rows dropped by MAX_BUFFER
    uint64_t over_budget; // rows dropped by stream.memory_bytes
    uint64_t partitions;  // (table, user) pairs that hold rows
};
void kdb_streams_stats(const struct kdb_streams *streams, struct kdb_streams_stats *ret_stats);

#endif
