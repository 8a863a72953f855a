// SPDX-License-Identifier: Apache-2.0
// The store's functions: they check what callers may pass and hand on to the backend.
#include "store/store.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/fault.h"
#include "store/store_priv.h"

// A range that holds nothing: the scan ends at once whatever the backend.
struct empty_scan {
    struct kdb_store_scan head;
};

static kdb_status empty_next(struct kdb_store_scan *scan, struct kdb_ctx *ctx, kdb_slice *ret_key,
                             kdb_slice *ret_value, bool *ret_more)
{
    (void)scan;
    (void)ctx;
    (void)ret_key;
    (void)ret_value;
    *ret_more = false;
    return KDB_OK;
}

static void empty_seek(struct kdb_store_scan *scan, kdb_slice key)
{
    (void)scan;
    (void)key;
}

static void empty_close(struct kdb_store_scan *scan)
{
    kdb_free(scan);
}

static const struct kdb_store_scan_ops empty_scan_ops = {
    .next = empty_next,
    .seek = empty_seek,
    .close = empty_close,
};

// Whether [first, end) can hold a key; no end means up to the last.
static bool is_empty_range(kdb_slice first, kdb_slice end)
{
    return end.data != NULL && kdb_slice_compare(first, end) >= 0;
}

static void count_opened(struct kdb_store *store)
{
    (void)atomic_fetch_add_explicit(&store->open_count, 1, memory_order_relaxed);
}

static void count_closed(struct kdb_store *store)
{
    int before = atomic_fetch_sub_explicit(&store->open_count, 1, memory_order_release);
    KDB_ASSERT(before > 0);
}

void kdb_store_close(struct kdb_store *store)
{
    if (!store)
        return;
    KDB_ASSERT(atomic_load_explicit(&store->open_count, memory_order_acquire) == 0);
    store->care->close(store);
}

struct kdb_store_view *kdb_store_view_open(struct kdb_store *store)
{
    struct kdb_store_view *view = store->ops->view_open(store);
    view->store = store;
    count_opened(store);
    return view;
}

void kdb_store_view_close(struct kdb_store_view *view)
{
    if (!view)
        return;
    struct kdb_store *store = view->store;
    store->ops->view_close(view);
    count_closed(store);
}

kdb_status kdb_store_get(struct kdb_store *store, struct kdb_ctx *ctx, const struct kdb_read_at *at,
                         kdb_slice key, kdb_slice *ret_value, bool *ret_is_cached)
{
    KDB_ASSERT(at->space < KDB_SPACE_COUNT);
    KDB_ASSERT(!at->view || at->view->store == store);
    KDB_ASSERT(ret_is_cached || at->tier == KDB_READ_ANY);
    bool is_cached = true;
    kdb_slice value = {NULL, 0};
    KDB_TRY(store->ops->get(store, ctx, at, key, &value, &is_cached));
    KDB_ASSERT(is_cached || at->tier == KDB_READ_MEMORY);
    if (ret_is_cached)
        *ret_is_cached = is_cached;
    if (is_cached)
        *ret_value = value;
    return KDB_OK;
}

kdb_status kdb_store_scan_open(struct kdb_store *store, struct kdb_ctx *ctx,
                               struct kdb_store_view *view, const struct kdb_scan_range *range,
                               struct kdb_store_scan **ret_scan)
{
    KDB_ASSERT(range->space < KDB_SPACE_COUNT);
    KDB_ASSERT(!view || view->store == store);
    struct kdb_store_scan *scan = NULL;
    if (is_empty_range(range->first, range->end)) {
        struct empty_scan *empty = kdb_alloc(sizeof(*empty));
        empty->head.ops = &empty_scan_ops;
        scan = &empty->head;
    } else {
        KDB_TRY(store->ops->scan_open(store, ctx, view, range, &scan));
    }
    scan->store = store;
    scan->is_reverse = range->is_reverse;
    scan->is_done = false;
    scan->is_cached = true;
    count_opened(store);
    *ret_scan = scan;
    return KDB_OK;
}

kdb_status kdb_store_scan_next(struct kdb_store_scan *scan, struct kdb_ctx *ctx, kdb_slice *ret_key,
                               kdb_slice *ret_value, bool *ret_more)
{
    if (scan->is_done) {
        *ret_more = false;
        return KDB_OK;
    }
    KDB_TRY(scan->ops->next(scan, ctx, ret_key, ret_value, ret_more));
    scan->is_done = !*ret_more;
    return KDB_OK;
}

bool kdb_store_scan_is_cached(const struct kdb_store_scan *scan)
{
    return scan->is_cached;
}

void kdb_store_scan_seek(struct kdb_store_scan *scan, kdb_slice key)
{
    KDB_ASSERT(!scan->is_reverse);
    if (!scan->is_done)
        scan->ops->seek(scan, key);
}

void kdb_store_scan_close(struct kdb_store_scan *scan)
{
    if (!scan)
        return;
    struct kdb_store *store = scan->store;
    scan->ops->close(scan);
    count_closed(store);
}

struct kdb_store_batch *kdb_store_batch_open(struct kdb_store *store)
{
    struct kdb_store_batch *batch = store->ops->batch_open(store);
    batch->store = store;
    count_opened(store);
    return batch;
}

void kdb_store_batch_put(struct kdb_store_batch *batch, kdb_space space, kdb_slice key,
                         kdb_slice value)
{
    KDB_ASSERT(space < KDB_SPACE_COUNT);
    batch->ops->put(batch, space, key, value);
    batch->count++;
    batch->bytes += key.len + value.len;
}

void kdb_store_batch_delete(struct kdb_store_batch *batch, kdb_space space, kdb_slice key)
{
    KDB_ASSERT(space < KDB_SPACE_COUNT);
    batch->ops->remove(batch, space, key);
    batch->count++;
    batch->bytes += key.len;
}

void kdb_store_batch_delete_once(struct kdb_store_batch *batch, kdb_space space, kdb_slice key)
{
    KDB_ASSERT(space < KDB_SPACE_COUNT);
    batch->ops->remove_once(batch, space, key);
    batch->count++;
    batch->bytes += key.len;
}

void kdb_store_batch_delete_range(struct kdb_store_batch *batch, kdb_space space, kdb_slice first,
                                  kdb_slice end)
{
    KDB_ASSERT(space < KDB_SPACE_COUNT);
    KDB_ASSERT(end.data != NULL);
    if (is_empty_range(first, end))
        return;
    batch->ops->remove_range(batch, space, first, end);
    batch->count++;
    batch->bytes += first.len + end.len;
}

void kdb_store_batch_clear(struct kdb_store_batch *batch)
{
    batch->ops->clear(batch);
    batch->count = 0;
    batch->bytes = 0;
}

size_t kdb_store_batch_bytes(const struct kdb_store_batch *batch)
{
    return batch->bytes;
}

void kdb_store_batch_close(struct kdb_store_batch *batch)
{
    if (!batch)
        return;
    struct kdb_store *store = batch->store;
    batch->ops->close(batch);
    count_closed(store);
}

kdb_status kdb_store_commit(struct kdb_store *store, struct kdb_ctx *ctx,
                            struct kdb_store_batch *batch, kdb_commit_mode mode)
{
    KDB_ASSERT(batch->store == store);
    if (batch->count == 0)
        return KDB_OK;
    if (kdb_fault_point("store.before_commit"))
        return kdb_fail(ctx, KDB_ERR_IO, "injected: store.before_commit");
    KDB_TRY(store->ops->commit(store, ctx, batch, mode));
    (void)kdb_fault_point("store.after_commit"); // a place to be killed at
    if (mode == KDB_COMMIT_ASYNC)
        (void)atomic_fetch_add_explicit(&store->async_commits, 1, memory_order_release);
    return KDB_OK;
}

kdb_status kdb_store_sync(struct kdb_store *store, struct kdb_ctx *ctx)
{
    // Counted rather than flagged: a second caller must not return while the first still waits for
    // the disk.
    uint64_t target = atomic_load_explicit(&store->async_commits, memory_order_acquire);
    uint64_t safe = atomic_load_explicit(&store->async_commits_safe, memory_order_acquire);
    if (safe >= target)
        return KDB_OK;
    KDB_TRY(store->care->sync(store, ctx));
    while (safe < target &&
           !atomic_compare_exchange_weak_explicit(&store->async_commits_safe, &safe, target,
                                                  memory_order_release, memory_order_acquire)) {
    }
    return KDB_OK;
}

kdb_status kdb_store_resume(struct kdb_store *store, struct kdb_ctx *ctx)
{
    return store->care->resume(store, ctx);
}

void kdb_store_clean_up(struct kdb_store *store)
{
    store->care->clean_up(store);
}

void kdb_store_stats(struct kdb_store *store, struct kdb_store_stats *ret_stats)
{
    store->care->stats(store, ret_stats);
}
