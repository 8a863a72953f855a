// SPDX-License-Identifier: Apache-2.0
// What the cold tier needs from the server, in one object: store, engine connections, caches,
// counters.
#ifndef KDB_SEGMENTS_SERVICE_H
#define KDB_SEGMENTS_SERVICE_H

#include "base/clock.h"
#include "catalog/catalog.h"
#include "engine/engine.h"
#include "segments/manifest.h"
#include "store/store.h"
#include "txn/commit.h"

struct kdb_segment_options {
    struct kdb_store *store;
    struct kdb_engine *engine;
    const struct kdb_clock *clock;
    const char *data_path;            // absolute, links resolved
    const char *const *allowed_roots; // absolute, links resolved; data_path is one of them
    uint32_t allowed_root_count;
    uint64_t cache_bytes;    // storage.segment_cache_bytes
    uint32_t row_group_rows; // storage.row_group_rows
};

// Keeps copies of what the options point to but for store, engine and clock, which outlive it.
struct kdb_segment_service *kdb_segment_service_create(const struct kdb_segment_options *options);
// Every partition (and with it every manifest) must be gone. Accepts NULL.
void kdb_segment_service_destroy(struct kdb_segment_service *service);

// ---- where a partition's files are ----

// The folder of a partition: the table's LOCATION or its storage's template with the user put in
// (`${user_id}`, `{userId}`, `{namespace}`, `{tableName}`; of a user, characters outside
// [A-Za-z0-9_-] become %XX, above 200 bytes the first 160, % and a SHA-256 prefix), or the default
// <data>/users/<user>/tables/<namespace>/<table> (shared: <data>/shared/<namespace>/<table>). A
// relative LOCATION lies in the data folder. Absolute, without a slash at the end, links resolved;
// INVALID_OPERATION naming storage.allowed_roots when it would lie outside. `storage` may be NULL.
// Memory: ctx arena. Touches the file system: not on a loop.
KDB_NODISCARD kdb_status kdb_segment_folder(struct kdb_segment_service *service,
                                            struct kdb_ctx *ctx, const struct kdb_table *table,
                                            const struct kdb_storage *storage, kdb_slice user,
                                            kdb_slice *ret_folder);

// Checks a table's LOCATION or template at CREATE: it must hold ${user_id} for USER tables, lie
// under the allowed roots, not in folders of the server's own, and be neither equal to, above nor
// below that of another table (every table of the catalog is asked when the table says where it
// is). INVALID_OPERATION. Touches the file system.
KDB_NODISCARD kdb_status kdb_segment_check_location(struct kdb_segment_service *service,
                                                    struct kdb_ctx *ctx,
                                                    const struct kdb_catalog_snapshot *catalog,
                                                    const struct kdb_table *table);

// `user` as one path component, as above.
kdb_slice kdb_segment_user_component(struct kdb_arena *arena, kdb_slice user);

// ---- reading ----

// The newest cold version of one key: *ret_row is a row of the schema version it was flushed under
// (kdb_row_schema_version; read it as a hot one), borrowed from the block that `ctx` keeps pinned
// until its arena is reset; null when no segment has the key. Manifest ranges and key filters
// answer most misses without a file. With KDB_READ_MEMORY, BLOCKED when a row group would have to
// be loaded. CORRUPT when a file is damaged or missing (the message has its name, not its folder);
// CONFLICT when the table was altered since the statement looked it up. `connection`: the caller's
// engine connection, may be NULL with KDB_READ_MEMORY.
struct kdb_cold_reader {
    struct kdb_segment_service *service;
    const struct kdb_table *table;
    const struct kdb_manifest *manifest;
    struct kdb_engine_connection *connection;
    kdb_read_tier tier;
};
KDB_NODISCARD kdb_status kdb_cold_get(const struct kdb_cold_reader *reader, struct kdb_ctx *ctx,
                                      kdb_slice key, kdb_slice *ret_row);

// True when no segment can hold the key, by ranges and filters alone.
bool kdb_cold_excludes(const struct kdb_manifest *manifest, kdb_slice key);

// A walk over the newest cold version of every key in [first, end) in key order (or reverse),
// tombstones included. One row group per segment is in memory at a time. The manifest and `skip`
// outlive the scan. Failures as kdb_cold_get.
struct kdb_segment_skip;
struct kdb_cold_scan;
struct kdb_cold_range {
    kdb_slice first; // inclusive; null: from the start
    kdb_slice end;   // exclusive; null: to the end
    bool is_reverse;
    const struct kdb_segment_skip *skip; // may be NULL
};
KDB_NODISCARD kdb_status kdb_cold_scan_open(const struct kdb_cold_reader *reader,
                                            struct kdb_ctx *ctx, const struct kdb_cold_range *range,
                                            struct kdb_cold_scan **ret_scan);
// Borrowed until the next call. *ret_more false: the end.
KDB_NODISCARD kdb_status kdb_cold_scan_next(struct kdb_cold_scan *scan, struct kdb_ctx *ctx,
                                            kdb_slice *ret_key, kdb_slice *ret_row, bool *ret_more);
void kdb_cold_scan_close(struct kdb_cold_scan *scan); // accepts NULL

// Bytes and hits of the cache of decoded row groups, for system.stats.
struct kdb_segment_cache_stats {
    uint64_t bytes;
    uint64_t hits;
    uint64_t misses;
    uint64_t evictions;
};
void kdb_segment_cache_stats(const struct kdb_segment_service *service,
                             struct kdb_segment_cache_stats *ret_stats);

// ---- writing ----

// Where the rows of a new segment come from: encoded rows in key order, of any schema version of
// the table.
struct kdb_segment_input {
    kdb_status (*next)(void *self, struct kdb_ctx *ctx, kdb_slice *ret_key, kdb_slice *ret_row,
                       bool *ret_more);
    void *self;
};

// Writes one Parquet file for a partition, streaming: <folder>/batch-<number>.parquet.tmp, fsync,
// rename, fsync of the folder; missing folders are made. *ret_segment (one reference) is not in any
// manifest yet: given back before kdb_manifest_change, its file is deleted. NULL when there were no
// rows. Named fault points: segment.written, segment.synced, segment.renamed. DISK_FULL, IO, the
// input's own failures: nothing is left behind.
struct kdb_segment_write {
    const struct kdb_table *table;
    kdb_slice folder; // kdb_segment_folder
    kdb_slice user;
    uint64_t number; // kdb_segment_next_number
    struct kdb_segment_input input;
};
KDB_NODISCARD kdb_status kdb_segment_write(struct kdb_segment_service *service,
                                           struct kdb_engine_connection *connection,
                                           struct kdb_ctx *ctx,
                                           const struct kdb_segment_write *what,
                                           struct kdb_segment **ret_segment);
void kdb_segment_unref(struct kdb_segment *segment); // accepts NULL

// The next segment number; durable before it is returned (numbers are reserved in blocks through
// the committer). Blocks: not on a loop.
KDB_NODISCARD kdb_status kdb_segment_next_number(struct kdb_segment_service *service,
                                                 struct kdb_committer *committer,
                                                 struct kdb_ctx *ctx, uint64_t *ret_number);

// Replaces the partition's manifest by one with `added` and without `removed`, durably through the
// committer, publishes it to readers and rewrites manifest.json beside the files (a failure of the
// mirror is only logged). Removed segments lose their file with their last reader. The caller keeps
// its references. One caller at a time per partition. Named fault point: manifest.committed (the
// change is made and published).
struct kdb_manifest_change {
    struct kdb_partition *partition;
    const struct kdb_table *table;
    kdb_slice folder;
    struct kdb_segment *added; // may be NULL
    struct kdb_segment *const *removed;
    uint32_t removed_count;
};
KDB_NODISCARD kdb_status kdb_manifest_change(struct kdb_segment_service *service,
                                             struct kdb_committer *committer, struct kdb_ctx *ctx,
                                             const struct kdb_manifest_change *what);

// Deletes files of the partition's folder that no manifest knows (leftover .tmp, segments of an
// interrupted flush): only files named batch-<number>.parquet[.tmp] whose footer carries our table
// id and user (a .tmp needs none); writes manifest.json again when it is missing or shows another
// manifest. For start-up, before anything is flushed. *connection may be NULL: it is opened when a
// footer must be read, and stays the caller's.
struct kdb_orphan_search {
    const struct kdb_table *table;
    struct kdb_partition *partition;
    kdb_slice folder; // kdb_segment_folder
};
KDB_NODISCARD kdb_status kdb_segment_remove_orphans(struct kdb_segment_service *service,
                                                    struct kdb_engine_connection **connection,
                                                    struct kdb_ctx *ctx,
                                                    const struct kdb_orphan_search *where,
                                                    uint32_t *ret_removed);

// Deletes a dropped partition's files and its folder when empty. Files that a reader still has in
// its manifest go when it is done. `manifest` may be NULL.
KDB_NODISCARD kdb_status kdb_segment_remove_all(struct kdb_segment_service *service,
                                                struct kdb_ctx *ctx, kdb_slice folder,
                                                struct kdb_manifest *manifest);

// ---- for the engine ----

// Asked for each segment of a scan: true when its statistics show that no row of it can pass the
// statement's filter. Only asked where leaving a segment out cannot bring back an older version of
// a key: its key range overlaps no other segment's. (Key bounds of the statement prune always.)
struct kdb_segment_skip {
    bool (*skips)(void *self, const struct kdb_segment *segment);
    void *self; // NULL skips: nothing is skipped
};

// One column of a cold FROM item.
struct kdb_cold_column {
    uint32_t index;    // the text names it c<index>
    int32_t column_id; // declared or system (KDB_COLUMN_SEQ, …)
    kdb_type type;
    const kdb_value *missing; // constant for segments older than the column, NULL: NULL
};

struct kdb_cold_text {
    const struct kdb_manifest *manifest;
    const struct kdb_table *table;
    const struct kdb_cold_column *columns;
    uint32_t column_count;
    struct kdb_cold_range range; // key bounds of the statement
    struct kdb_segment_skip skip;
    bool keeps_deleted; // tombstones are rows too
    kdb_slice hot_keys; // FROM item with one column `k`: keys the hot tier has; null: none, or none
                        // in the way
};

// Appends SELECT … AS c<index>, … over the segments that matter, as DuckDB text: newest version of
// each key (a window over those segments only whose key ranges overlap), tombstones dropped after
// that choice, rows whose key is among `hot_keys` left out (anti join, only for segments whose key
// range reaches the hot keys' is the caller's business). False and nothing appended when no segment
// is left.
bool kdb_cold_write_text(const struct kdb_cold_text *what, struct kdb_buf *out);

#endif
