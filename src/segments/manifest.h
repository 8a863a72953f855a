// SPDX-License-Identifier: Apache-2.0
// The manifest: which Parquet segments hold the cold rows of one partition, and what is known about
// each without opening it.
//
// Immutable and reference-counted; a reader holds one reference for a whole statement, and the
// files of a segment are deleted only when no manifest that names it is referenced any more. The
// truth is in the store (META 'M': a head and one record per segment, docs/FORMATS.md);
// manifest.json beside the files mirrors it for people and other tools. Any thread.
#ifndef KDB_SEGMENTS_MANIFEST_H
#define KDB_SEGMENTS_MANIFEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"
#include "catalog/table.h"
#include "txn/partition.h"
#include "types/value.h"

struct kdb_segment_service;

// Texts and bytes in statistics have at most this many bytes.
#define KDB_STATS_BYTES_MAX 64

// What is known of one column in one segment: enough to skip it.
struct kdb_column_stats {
    int32_t column_id; // stable id
    bool has_range;    // min and max are set: some value is not NULL and the kind has an order
    kdb_value min;     // nothing is smaller, nothing larger (of the column's kind at write time):
    kdb_value max;     // long text and bytes are cut, so a bound need not be a value of the column
    int64_t null_count;
};

// One Parquet file. Owned by the manifests that list it (shared, reference-counted).
struct kdb_segment {
    atomic_uint references;
    struct kdb_segment_service *service;
    uint64_t number; // unique in the server, never reused: batch-<number>.parquet
    kdb_slice path;  // absolute, with a NUL behind it
    uint32_t table_id;
    uint32_t schema_version; // all rows were converted to this version of the table's schema
    int64_t row_count;
    int64_t tombstone_count;
    int64_t size_bytes;
    int64_t created_at_ms;
    int64_t min_seq, max_seq;
    int64_t oldest_tombstone_ms;    // 0: none
    kdb_slice min_key, max_key;     // encoded primary keys (types/key.h)
    struct kdb_column_stats *stats; // one per declared column at write time, in its order
    uint32_t stats_count;
    uint32_t group_rows; // rows per row group (the last may be shorter)
    uint32_t group_count;
    kdb_slice *group_first_key; // per row group: its first encoded key
    kdb_slice filter;           // key filter (filter.h)
    atomic_bool is_doomed;      // in no newest manifest: the file goes with the last reference
};

struct kdb_manifest {
    atomic_uint references;
    uint64_t version;              // one more per change
    int64_t created_at_ms;         // of version 1
    int64_t updated_at_ms;         // of this version
    struct kdb_segment **segments; // oldest (lowest max_seq) first
    bool *overlaps;                // per segment: its key range meets another one's
    uint32_t segment_count;
    bool is_overlapping; // some do: newest version must be chosen
    int64_t row_count;   // sum over segments
};

struct kdb_manifest *kdb_manifest_ref(struct kdb_manifest *manifest);
void kdb_manifest_unref(struct kdb_manifest *manifest); // accepts NULL

// The same manifest without the segments whose rows were all written at or before `seq`, referenced
// for the caller; NULL when none is left. What it leaves out cannot hide a newer version of a key.
struct kdb_manifest *kdb_manifest_since(const struct kdb_manifest *manifest, int64_t seq);

// manifest.json as people read it (contract: storage 2.5). `table` gives the names and, for the
// precision of decimals, the schemas; `user` is empty for a shared table. Without `shows_values`
// the least and greatest value of each column are null: they are parts of rows.
void kdb_manifest_write_json(const struct kdb_manifest *manifest, const struct kdb_table *table,
                             kdb_slice user, bool shows_values, struct kdb_buf *out);

// The partition's newest manifest, referenced for the caller; *ret NULL when there are no cold
// rows. It is read from the store at the first call; with KDB_READ_MEMORY that may end in BLOCKED.
KDB_NODISCARD kdb_status kdb_manifest_acquire(struct kdb_segment_service *service,
                                              struct kdb_partition *partition, struct kdb_ctx *ctx,
                                              kdb_read_tier tier,
                                              struct kdb_manifest **ret_manifest);

// Adds the removal of a partition's manifest to a batch (cleaning up after DROP); `prefix` is the
// partition's. The files are kdb_segment_remove_all's business.
void kdb_manifest_forget(struct kdb_store_batch *batch, kdb_slice prefix);

// A stable view of both tiers of a partition: the store view and the manifest belong together
// although flushes run (docs/decisions/0003-read-views.md): acquire manifest, open view, see that
// the manifest is still the same, else again.
struct kdb_partition_view {
    struct kdb_store_view *view;
    struct kdb_manifest *manifest; // may be NULL
};
KDB_NODISCARD kdb_status kdb_partition_view_open(struct kdb_segment_service *service,
                                                 struct kdb_partition *partition,
                                                 struct kdb_ctx *ctx, kdb_read_tier tier,
                                                 struct kdb_partition_view *ret_view);
void kdb_partition_view_close(struct kdb_partition_view *view); // also of a zeroed struct

#endif
