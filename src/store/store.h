// SPDX-License-Identifier: Apache-2.0
// The ordered key-value store below everything: a handful of operations that an embedded engine and
// a distributed one can both offer. RocksDB is the default (store_rocksdb.c), an in-memory twin
// serves tests (store_mem.c).
//
// Keys are grouped in *spaces* (fixed: physical column families, few by design) and, within a
// space, by a *partition* prefix: one (table, user) or one shared table. Single-statement
// correctness never needs two partitions, so a remote backend can place each where it likes; a
// batch over several partitions is a capability that the embedded store has. Reads are safe from
// any thread; batches are applied by one thread (the committer) at a time. Callers use the
// functions below, never the slots of kdb_store_ops.
#ifndef KDB_STORE_STORE_H
#define KDB_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"
#include "base/slice.h"

// Which set of keys: rows and their sequence index; definitions, users, jobs and manifests; row
// counters.
typedef enum { KDB_SPACE_ROWS, KDB_SPACE_META, KDB_SPACE_COUNT } kdb_space;

struct kdb_store;
struct kdb_store_view;
struct kdb_store_scan;
struct kdb_store_batch;

// Whether a read may wait for the disk. An event loop reads memory only: what is not there is
// reported with *ret_is_cached = false and the caller tries again on a worker.
typedef enum { KDB_READ_ANY, KDB_READ_MEMORY } kdb_read_tier;

// When a batch counts as committed: after fsync of the log, or once the log is written to the
// operating system.
typedef enum { KDB_COMMIT_SYNC, KDB_COMMIT_ASYNC } kdb_commit_mode;

// Opens (creating when absent) a RocksDB store in the folder `path`, whose parent exists.
// UNAVAILABLE when another process holds it or a newer version wrote it, DISK_FULL, IO or CORRUPT
// otherwise; messages never show the path. Close with kdb_store_close.
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

// A stable read view: what was committed when it was opened, whatever is committed after. Close it
// soon (it pins old versions). Several threads may read from one view; close it once they have
// finished. Close accepts NULL.
struct kdb_store_view *kdb_store_view_open(struct kdb_store *store);
void kdb_store_view_close(struct kdb_store_view *view);

// Where and how one key is read; zeroed fields mean the newest state of ROWS, from memory or disk.
struct kdb_read_at {
    struct kdb_store_view *view; // NULL: the newest state
    kdb_space space;
    kdb_read_tier tier;
};

// Reads one key. *ret_value is copied into the ctx arena; a null slice (data NULL) means the key is
// absent, an empty value has a non-NULL pointer. With KDB_READ_MEMORY, *ret_is_cached false means
// "unknown without the disk" and nothing else is set; with KDB_READ_ANY it is always true and
// `ret_is_cached` may be NULL. IO, CORRUPT.
KDB_NODISCARD kdb_status kdb_store_get(struct kdb_store *store, struct kdb_ctx *ctx,
                                       const struct kdb_read_at *at, kdb_slice key,
                                       kdb_slice *ret_value, bool *ret_is_cached);

// A forward or backward walk over the keys in [first, end) of one space, from `view` or (NULL) a
// view of its own. One thread at a time uses a scan. The bounds are copied; nothing lies in a range
// whose first is not below its end.
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

// The next key and value, borrowed until the next call on this scan. *ret_more false: the end
// (nothing else is set), now and on every later call. With KDB_READ_MEMORY the walk may stop early:
// *ret_more false and kdb_store_scan_is_cached() false.
KDB_NODISCARD kdb_status kdb_store_scan_next(struct kdb_store_scan *scan, struct kdb_ctx *ctx,
                                             kdb_slice *ret_key, kdb_slice *ret_value,
                                             bool *ret_more);

// False when a KDB_READ_MEMORY walk ended because it would have had to read the disk.
bool kdb_store_scan_is_cached(const struct kdb_store_scan *scan);

// Jumps forward: the next call gives the first key >= `key` of the range. Never backwards: a key at
// or before the last one given changes nothing. Not for reverse scans.
void kdb_store_scan_seek(struct kdb_store_scan *scan, kdb_slice key);

// Accepts NULL.
void kdb_store_scan_close(struct kdb_store_scan *scan);

// A batch of changes, applied all or none. Built by any one thread. Keys and values are copied.
struct kdb_store_batch *kdb_store_batch_open(struct kdb_store *store);
void kdb_store_batch_put(struct kdb_store_batch *batch, kdb_space space, kdb_slice key,
                         kdb_slice value);
void kdb_store_batch_delete(struct kdb_store_batch *batch, kdb_space space, kdb_slice key);
// The same for a key that is put once in its life, in an earlier batch, and deleted once: nothing
// of it stays once the two have met, in the write buffer or in compaction, where an ordinary
// deletion lives on until the last level. Undefined for any other key.
void kdb_store_batch_delete_once(struct kdb_store_batch *batch, kdb_space space, kdb_slice key);
// Removes every key in [first, end); nothing when first is not below end. `end` is a real key, not
// the null slice. Writing it costs the same for any number of keys, but RocksDB keeps the range as
// a tombstone that every later read beside it consults until compaction: right for dropping a table
// or a user, wrong for removing a few known keys.
void kdb_store_batch_delete_range(struct kdb_store_batch *batch, kdb_space space, kdb_slice first,
                                  kdb_slice end);
// Forgets the changes, keeps the memory.
void kdb_store_batch_clear(struct kdb_store_batch *batch);
// Bytes of the keys and values in the batch, for bounding a group.
size_t kdb_store_batch_bytes(const struct kdb_store_batch *batch);
// Accepts NULL.
void kdb_store_batch_close(struct kdb_store_batch *batch);

// Applies the batch: all of it, in the order it was built (the last change of a key wins), and
// visible to every read that starts afterwards; on success it is durable as `mode` says. The batch
// is unchanged (clear or close it). An empty batch is OK and touches nothing. On failure no read
// sees any of it. DISK_FULL: it will be refused until there is space again (kdb_store_resume); IO,
// CORRUPT: the log could not be written, and from then on UNAVAILABLE until the store is reopened.
// After IO from the fsync of the log itself the log may hold the batch, so that a reopen may bring
// it back: such an outcome is unknown.
KDB_NODISCARD kdb_status kdb_store_commit(struct kdb_store *store, struct kdb_ctx *ctx,
                                          struct kdb_store_batch *batch, kdb_commit_mode mode);

// Makes everything committed so far durable (used at orderly stop and by async mode's timer). Cheap
// when nothing was committed with KDB_COMMIT_ASYNC since the last call. Any thread. DISK_FULL, IO.
KDB_NODISCARD kdb_status kdb_store_sync(struct kdb_store *store, struct kdb_ctx *ctx);

// Asks whether writes are accepted again after DISK_FULL, without changing data; free when nothing
// has failed. RocksDB itself looks for free space every five seconds after such an error and needs
// room for one write buffer of every space; commits succeed again by themselves then. DISK_FULL
// while there is none; UNAVAILABLE after any other error of the disk: only reopening helps.
KDB_NODISCARD kdb_status kdb_store_resume(struct kdb_store *store, struct kdb_ctx *ctx);

// A hint that many keys were deleted: scans step over what deleted keys leave behind until the
// store has cleaned up, and this makes it begin now, in the background. Changes no answer and
// cannot fail; may wait while writers are being slowed down: not on a loop.
void kdb_store_clean_up(struct kdb_store *store);

// Bytes the store holds in memory (caches, write buffers) and on disk, for system tables.
struct kdb_store_stats {
    uint64_t memory_bytes;
    uint64_t disk_bytes; // as the file system accounts them, logs included
};
void kdb_store_stats(struct kdb_store *store, struct kdb_store_stats *ret_stats);

KDB_AUTO_DEFINE(struct kdb_store, kdb_store_close)
KDB_AUTO_DEFINE(struct kdb_store_view, kdb_store_view_close)
KDB_AUTO_DEFINE(struct kdb_store_scan, kdb_store_scan_close)
KDB_AUTO_DEFINE(struct kdb_store_batch, kdb_store_batch_close)

#endif
