// SPDX-License-Identifier: Apache-2.0
// What a backend of the store fills in: three tables of functions, and the head of each object.
//
// store.c checks arguments, keeps the states that all backends share and calls the slots; nobody
// else does. Every slot is filled. A backend embeds the head as the first member of its own struct.
#ifndef KDB_STORE_STORE_PRIV_H
#define KDB_STORE_STORE_PRIV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

// Data: called on every request. Reads on any thread, commit on one thread at a time.
struct kdb_store_ops {
    struct kdb_store_view *(*view_open)(struct kdb_store *store);
    void (*view_close)(struct kdb_store_view *view);
    kdb_status (*get)(struct kdb_store *store, struct kdb_ctx *ctx, const struct kdb_read_at *at,
                      kdb_slice key, kdb_slice *ret_value, bool *ret_is_cached);
    // `range` is not empty: first < end, or there is no end.
    kdb_status (*scan_open)(struct kdb_store *store, struct kdb_ctx *ctx,
                            struct kdb_store_view *view, const struct kdb_scan_range *range,
                            struct kdb_store_scan **ret_scan);
    struct kdb_store_batch *(*batch_open)(struct kdb_store *store);
    // `batch` is not empty.
    kdb_status (*commit)(struct kdb_store *store, struct kdb_ctx *ctx,
                         struct kdb_store_batch *batch, kdb_commit_mode mode);
};

// Care: called now and then, any thread.
struct kdb_store_care_ops {
    kdb_status (*sync)(struct kdb_store *store, struct kdb_ctx *ctx);
    kdb_status (*resume)(struct kdb_store *store, struct kdb_ctx *ctx);
    void (*clean_up)(struct kdb_store *store);
    void (*stats)(struct kdb_store *store, struct kdb_store_stats *ret_stats);
    void (*close)(struct kdb_store *store);
};

struct kdb_store_scan_ops {
    // On the end *ret_more is false; when it came early, the slot clears scan->is_cached.
    kdb_status (*next)(struct kdb_store_scan *scan, struct kdb_ctx *ctx, kdb_slice *ret_key,
                       kdb_slice *ret_value, bool *ret_more);
    // Only forward scans that have not ended.
    void (*seek)(struct kdb_store_scan *scan, kdb_slice key);
    void (*close)(struct kdb_store_scan *scan);
};

struct kdb_store_batch_ops {
    void (*put)(struct kdb_store_batch *batch, kdb_space space, kdb_slice key, kdb_slice value);
    void (*remove)(struct kdb_store_batch *batch, kdb_space space, kdb_slice key);
    void (*remove_once)(struct kdb_store_batch *batch, kdb_space space, kdb_slice key);
    // first < end.
    void (*remove_range)(struct kdb_store_batch *batch, kdb_space space, kdb_slice first,
                         kdb_slice end);
    void (*clear)(struct kdb_store_batch *batch);
    void (*close)(struct kdb_store_batch *batch);
};

struct kdb_store {
    const struct kdb_store_ops *ops;
    const struct kdb_store_care_ops *care;
    atomic_int open_count;               // views, scans and batches not yet closed
    _Atomic uint64_t async_commits;      // commits with KDB_COMMIT_ASYNC so far
    _Atomic uint64_t async_commits_safe; // as many of them are known to be durable
};

struct kdb_store_view {
    struct kdb_store *store;
};

struct kdb_store_scan {
    const struct kdb_store_scan_ops *ops;
    struct kdb_store *store;
    bool is_reverse;
    bool is_done;   // the end was reported
    bool is_cached; // false: it ended because the rest is not in memory
};

struct kdb_store_batch {
    const struct kdb_store_batch_ops *ops;
    struct kdb_store *store;
    size_t count; // changes
    size_t bytes; // of their keys and values
};

#endif
