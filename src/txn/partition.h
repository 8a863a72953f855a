// SPDX-License-Identifier: Apache-2.0
// The live state of one partition: the rows of one (table, user), or of one shared table.
//
// Reference-counted and found through the registry. Counters and versions are written by the
// committer alone and read by any thread. The manifest (the cold segments) belongs to segments/,
// which keeps it here so that a statement finds both tiers of a partition in one place: a reader
// that sees the same manifest before and after it opened its store view has one consistent state of
// both (docs/decisions/0003-read-views.md).
#ifndef KDB_TXN_PARTITION_H
#define KDB_TXN_PARTITION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "catalog/table.h"
#include "store/store.h"

struct kdb_manifest; // segments/manifest.h: immutable, reference-counted
struct kdb_partition_registry;

// Event loops that can be told apart: as many as server.workers allows.
#define KDB_PARTITION_LOOPS_MAX 256

struct kdb_partition {
    atomic_uint references;
    struct kdb_partition_registry *registry;
    uint32_t table_id;
    kdb_slice user;             // owned; empty for a shared table
    kdb_slice prefix;           // owned; key bytes (layout.h)
    uint64_t hash;              // of prefix
    struct kdb_partition *next; // registry bucket

    // Written by the committer.
    // Odd while a group that changes the partition is being written, else even and, for this
    // partition, never used before: a reader that finds the same even number before and after it
    // opened its view has the rows exactly as of that version.
    _Atomic uint64_t version;
    _Atomic uint64_t removal_epoch; // changes whenever flushed rows were removed from the hot tier
    _Atomic int64_t removed_seq;    // newest _seq among all that were removed so
    _Atomic int64_t hot_rows;       // hot keys, tombstones included
    _Atomic int64_t live_rows;      // keys whose newest version is not deleted, hot and cold
    _Atomic int64_t oldest_hot_ms;  // when the oldest unflushed write was committed, 0: none
    _Atomic int64_t last_flush_ms;  // 0: never
    atomic_bool is_dropped;         // the table is gone: commits are refused
    atomic_bool is_flush_queued;    // a flush is waiting or running (jobs)
    atomic_bool has_stale_index;    // its sequence index may name rows that a flush removed
    _Atomic uint32_t flush_rows;    // policy in force, 0: none
    _Atomic uint32_t flush_interval_seconds;
    _Atomic uint32_t subscriptions; // live subscriptions, kept by live/
    struct kdb_commit_touch *touch; // the committer's notes while a group is formed, else NULL

    // Written by live/: which event loops have subscriptions of the partition, one bit each.
    _Atomic uint64_t live_loops[KDB_PARTITION_LOOPS_MAX / 64];

    // STREAM tables (streams.h):
    _Atomic int64_t stream_ttl_ms; // rules in force; 0: this is no stream
    _Atomic uint32_t stream_rows_max;
    atomic_bool is_ephemeral;
    _Atomic int64_t memory_bytes;     // its rows take
    _Atomic int64_t stream_floor_seq; // changes up to this _seq may be gone: resuming from before
                                      // it would miss some
    struct stream_rows *stream;       // the committer's, NULL while it holds no rows

    pthread_mutex_t maintenance;   // held by the job that flushes or rewrites the partition
    pthread_mutex_t lock;          // guards what is below
    struct kdb_manifest *manifest; // NULL: not loaded, see is_manifest_loaded
    bool is_manifest_loaded;
    bool is_turn_taken;                          // a statement that lost runs again (turn.c)
    struct kdb_commit_request *lost, *lost_last; // those that wait for it, first come first
};

// The stored counters of a partition (docs/FORMATS.md).
struct kdb_partition_counters {
    int64_t hot_rows;
    int64_t live_rows;
    int64_t oldest_hot_ms;
    int64_t last_flush_ms;
};
void kdb_partition_counters_write(const struct kdb_partition_counters *counters,
                                  struct kdb_buf *out);
KDB_NODISCARD kdb_status kdb_partition_counters_read(kdb_slice bytes, struct kdb_ctx *ctx,
                                                     struct kdb_partition_counters *ret_counters);

// How segments/ releases a manifest; set once before the first partition is opened.
struct kdb_partition_hooks {
    void (*manifest_unref)(struct kdb_manifest *manifest);
};

struct kdb_partition_registry *
kdb_partition_registry_create(struct kdb_store *store, const struct kdb_partition_hooks *hooks);
void kdb_partition_registry_destroy(struct kdb_partition_registry *registry); // accepts NULL

// The partition of (table, user), referenced for the caller; its counters are read from the store
// at first use. With KDB_READ_MEMORY, *ret_partition NULL means "ask again with KDB_READ_ANY on a
// worker". Any thread.
KDB_NODISCARD kdb_status kdb_partition_open(struct kdb_partition_registry *registry,
                                            struct kdb_ctx *ctx, uint32_t table_id, kdb_slice user,
                                            kdb_read_tier tier,
                                            struct kdb_partition **ret_partition);

struct kdb_partition *kdb_partition_ref(struct kdb_partition *partition);
void kdb_partition_unref(struct kdb_partition *partition); // accepts NULL

// Notes the rules of the STREAM table that the partition belongs to, before the first statement
// reads or writes it; `rows_max` stands in for a MAX_BUFFER that was not given. `last_seq`: the
// newest committed one; what the stream held before the partition was known is gone. Any thread.
void kdb_partition_set_stream(struct kdb_partition *partition, const struct kdb_stream_rules *rules,
                              uint32_t rows_max, int64_t last_seq);

// A change of a stream up to `seq` cannot be told again. Committer thread.
void kdb_partition_raise_floor(struct kdb_partition *partition, int64_t seq);

static inline bool kdb_partition_is_stream(const struct kdb_partition *partition)
{
    return atomic_load_explicit(&partition->stream_ttl_ms, memory_order_acquire) != 0;
}

// Calls `visit` with every partition known in memory (referenced during the call) until it returns
// false.
void kdb_partition_each(struct kdb_partition_registry *registry,
                        bool (*visit)(void *arg, struct kdb_partition *partition), void *arg);

// Walks the stored counters (META 'C') of one table's partitions, or with table id 0 of every
// partition: the table id, user and counters, until `visit` returns false. For start-up, flushes
// and system tables.
typedef bool (*kdb_partition_visit)(void *arg, uint32_t table_id, kdb_slice user,
                                    const struct kdb_partition_counters *counters);
KDB_NODISCARD kdb_status kdb_partition_scan_stored(struct kdb_store *store, struct kdb_ctx *ctx,
                                                   uint32_t table_id, kdb_partition_visit visit,
                                                   void *arg);

// Live subscriptions of one table now, over all its partitions. Any thread.
uint64_t kdb_partition_subscriptions(struct kdb_partition_registry *registry, uint32_t table_id);

// Forgets every partition of a dropped table: marks them dropped and takes them out of the
// registry. A partition of that table opened later (by a statement that began before) is marked
// too.
void kdb_partition_drop_table(struct kdb_partition_registry *registry, uint32_t table_id);

// Around a write that changes the partition's rows: its version is odd in between and a new one
// afterwards. Committer thread.
void kdb_partition_begin_change(struct kdb_partition *partition);
void kdb_partition_end_change(struct kdb_partition *partition); // as above

// Partitions held in memory now. Any thread.
size_t kdb_partition_count(struct kdb_partition_registry *registry);

#endif
