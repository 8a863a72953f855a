// SPDX-License-Identifier: Apache-2.0
// A segment while it is written: rows on their way into the file, and what is learned from them.
#ifndef KDB_SEGMENTS_SEGMENT_WRITE_PRIV_H
#define KDB_SEGMENTS_SEGMENT_WRITE_PRIV_H

#include "engine/row_source.h"
#include "segments/service.h"

// How segments are compressed: measured beside Snappy (docs/decisions/0005-segments.md).
#define SEGMENT_ZSTD_LEVEL 1

// ---- segment_stats.c ----

// Smallest and largest value of one column so far. Zeroed but for `type` is "none seen".
struct stats_collector {
    kdb_type type;
    int64_t null_count;
    bool has_value;
    bool is_max_cut; // the largest value goes on behind what `max` holds
    kdb_value min;   // text and bytes point into the buffers
    kdb_value max;
    char min_bytes[KDB_STATS_BYTES_MAX];
    char max_bytes[KDB_STATS_BYTES_MAX];
};

// Takes one value of the column's type, NULL included.
void stats_add(struct stats_collector *collector, const kdb_value *value);

// What was learned; borrows from the collector.
void stats_finish(struct stats_collector *collector, int32_t column_id,
                  struct kdb_column_stats *ret_stats);

// ---- segment_source.c ----

// Everything about a segment but its file.
struct segment_rows {
    const struct kdb_segment_write *what;
    const struct kdb_schema *schema; // the table's newest: what the rows become
    uint32_t group_rows;
    struct stats_collector *columns; // one per declared column
    int64_t row_count;
    int64_t tombstone_count;
    int64_t min_seq, max_seq;
    int64_t oldest_tombstone_ms; // 0: none
    struct kdb_buf max_key;      // the newest key: they ascend
    struct kdb_buf group_keys;   // first key of each group, one behind the other
    uint32_t *group_key_ends;    // where each ends
    size_t group_count;
    size_t group_capacity;
    uint64_t *hashes; // of the keys
    size_t hash_capacity;

    kdb_slice pending_key; // the input's next row, when has_pending
    kdb_slice pending_row;
    bool has_pending;
    bool is_opened;
    struct kdb_ctx scratch; // conversions of one batch
    struct kdb_source_column *source_columns;
    int32_t *field_ids;
    uint32_t source_column_count; // declared and system columns
};

// Prepares `rows` (memory of the lists from the ctx arena) and reads the first row: `has_pending`
// says whether there is one. Release with segment_rows_deinit, also after a failure.
KDB_NODISCARD kdb_status segment_rows_open(struct segment_rows *rows, struct kdb_ctx *ctx,
                                           const struct kdb_segment_write *what,
                                           uint32_t group_rows);
void segment_rows_deinit(struct segment_rows *rows);

// The rows as a source of the engine; it can be scanned once.
struct kdb_row_source segment_rows_source(struct segment_rows *rows);

#endif
