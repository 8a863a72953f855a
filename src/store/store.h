// SPDX-License-Identifier: Apache-2.0
// The ordered key-value store below everything: a handful of operations that an embedded engine and a distributed one
// can both offer. RocksDB is the default (store_rocksdb.c), an in-memory twin serves tests (store_mem.c).
//
// Keys are grouped in *spaces* (fixed: physical column families, few by design) and, within a space, by a *partition*
// prefix: one (table, user) or one shared table. Single-statement correctness never needs two partitions, so a remote
// backend can place each where it likes; a batch over several partitions is a capability that the embedded store has.
// Reads are safe from any thread; batches are applied by one thread (the committer) at a time.
// Callers use the functions below, never the slots of kdb_store_ops.
#ifndef KDB_STORE_STORE_H
#define KDB_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"
#include "base/slice.h"

// Which set of keys: rows and their sequence index; definitions, users, jobs and manifests; row counters.
typedef enum {
    KDB_SPACE_ROWS,
    KDB_SPACE_META,
    KDB_SPACE_COUNT
} kdb_space;

struct kdb_store;
struct kdb_store_view;
struct kdb_store_scan;
struct kdb_store_batch;

// Whether a read may wait for the disk. An event loop reads memory only: what is not there is reported with
// *ret_is_cached = false and the caller tries again on a worker.
typedef enum {
    KDB_READ_ANY,
    KDB_READ_MEMORY
} kdb_read_tier;

// When a batch counts as committed: after fsync of the log, or once the log is written to the operating system.
typedef enum {
    KDB_COMMIT_SYNC,
    KDB_COMMIT_ASYNC
} kdb_commit_mode;

// Opens (creating when absent) a RocksDB store in the folder `path`. UNAVAILABLE when another process holds it,
// IO/CORRUPT otherwise; messages name the setting, not the path. Close with kdb_store_close.
struct kdb_rocksdb_options {
    const char *path;
    uint64_t block_cache_bytes;
    uint64_t write_buffer_bytes; // per space
    int max_background_jobs;
    int max_open_files;
};
KDB_NODISCARD kdb_status kdb_store_rocksdb_open(const struct kdb_rocksdb_options *options,
                                                struct kdb_ctx *ctx, struct kdb_store **ret_store);

// An empty store in memory, same behaviour, nothing durable.
KDB_NODISCARD kdb_status kdb_store_mem_open(struct kdb_ctx *ctx, struct kdb_store **ret_store);

// Flushes and closes; all views, scans and batches must be gone. Accepts NULL.
void kdb_store_close(struct kdb_store *store);

// A stable read view: what was committed when it was opened, whatever is committed after. Close it soon (it pins old
// versions). Close accepts NULL.
struct kdb_store_view *kdb_store_view_open(struct kdb_store *store);
void kdb_store_view_close(struct kdb_store_view *view);

// Reads one key, from `view` or (NULL) the newest state. *ret_value is copied into the ctx arena; a null slice (data
// NULL) means the key is absent. With KDB_READ_MEMORY, *ret_is_cached false means "unknown without the disk" and
// nothing else is set; with KDB_READ_ANY it is always true. `ret_is_cached` may be NULL with KDB_READ_ANY.
KDB_NODISCARD kdb_status kdb_store_get(struct kdb_store *store, struct kdb_ctx *ctx,
                                       struct kdb_store_view *view, kdb_space space, kdb_slice key,
                                       kdb_read_tier tier, kdb_slice *ret_value,
                                       bool *ret_is_cached);

// A forward or backward walk over the keys in [first, end) of one space, from `view` or (NULL) a view of its own.
struct kdb_scan_range {
    kdb_space space;
    kdb_slice first; // inclusive
    kdb_slice end;   // exclusive; the null slice means the end of the space
    bool is_reverse; // from the end backwards
    kdb_read_tier tier;
};
KDB_NODISCARD kdb_status kdb_store_scan_open(struct kdb_store *store, struct kdb_ctx *ctx,
                                             struct kdb_store_view *view,
                                             const struct kdb_scan_range *range,
                                             struct kdb_store_scan **ret_scan);

// The next key and value, borrowed until the next call on this scan. *ret_more false: the end (nothing else is set).
// With KDB_READ_MEMORY the walk may stop early: *ret_more false and kdb_store_scan_is_cached() false.
KDB_NODISCARD kdb_status kdb_store_scan_next(struct kdb_store_scan *scan, struct kdb_ctx *ctx,
                                             kdb_slice *ret_key, kdb_slice *ret_value,
                                             bool *ret_more);

// False when a KDB_READ_MEMORY walk ended because it would have had to read the disk.
bool kdb_store_scan_is_cached(const struct kdb_store_scan *scan);

// Jumps forward to the first key >= `key` (scan direction forward only).
void kdb_store_scan_seek(struct kdb_store_scan *scan, kdb_slice key);

// Accepts NULL.
void kdb_store_scan_close(struct kdb_store_scan *scan);

// A batch of changes, applied all or none. Built by any one thread. Keys and values are copied.
struct kdb_store_batch *kdb_store_batch_open(struct kdb_store *store);
void kdb_store_batch_put(struct kdb_store_batch *batch, kdb_space space, kdb_slice key,
                         kdb_slice value);
void kdb_store_batch_delete(struct kdb_store_batch *batch, kdb_space space, kdb_slice key);
// Removes every key in [first, end).
void kdb_store_batch_delete_range(struct kdb_store_batch *batch, kdb_space space, kdb_slice first,
                                  kdb_slice end);
void kdb_store_batch_clear(struct kdb_store_batch *batch);
size_t kdb_store_batch_bytes(const struct kdb_store_batch *batch);
// Accepts NULL.
void kdb_store_batch_close(struct kdb_store_batch *batch);

// Applies the batch; on success it is durable as `mode` says. The batch is unchanged (clear or close it). DISK_FULL,
// IO: nothing was applied; UNAVAILABLE: the store has stopped accepting writes until it is reopened.
KDB_NODISCARD kdb_status kdb_store_commit(struct kdb_store *store, struct kdb_ctx *ctx,
                                          struct kdb_store_batch *batch, kdb_commit_mode mode);

// Makes everything committed so far durable (used at orderly stop and by async mode's timer).
KDB_NODISCARD kdb_status kdb_store_sync(struct kdb_store *store, struct kdb_ctx *ctx);

// Tries to accept writes again after a disk-full error; a no-op when healthy.
KDB_NODISCARD kdb_status kdb_store_resume(struct kdb_store *store, struct kdb_ctx *ctx);

// Bytes the store holds in memory (caches, write buffers) and on disk, for system tables.
struct kdb_store_stats {
    uint64_t memory_bytes;
    uint64_t disk_bytes;
};
void kdb_store_stats(struct kdb_store *store, struct kdb_store_stats *ret_stats);

#endif
