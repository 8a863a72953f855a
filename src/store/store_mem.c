// SPDX-License-Identifier: Apache-2.0
// The in-memory store: one persistent tree for each space. Views and scans keep a state of it.
//
// `lock` is held for reading while a root is used or referenced and for writing while a batch is
// applied; kept states need no lock.
#include "store/store_mem.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/buf.h"
#include "store/store_priv.h"
#include "store/tree_priv.h"

struct mem_store {
    struct kdb_store head;
    pthread_rwlock_t lock;
    struct store_tree trees[KDB_SPACE_COUNT];
    _Atomic size_t bytes;          // of all nodes and records, kept states included
    _Atomic uint64_t cached_reads; // test hook: memory reads still answered
    uint64_t successes;            // test hook: commits before `failure`; under `lock`
    kdb_status failure;            // KDB_OK: none; under `lock`
};

struct mem_view {
    struct kdb_store_view head;
    struct store_node *roots[KDB_SPACE_COUNT];
};

struct mem_scan {
    struct kdb_store_scan head;
    struct store_node *root; // kept until close
    struct store_cursor cursor;
    kdb_slice bound; // forward: where the range ends; reverse: where it begins
    kdb_read_tier tier;
    char bound_bytes[];
};

enum change_kind { CHANGE_PUT, CHANGE_REMOVE, CHANGE_REMOVE_RANGE };

// Before each change in a batch's buffer; the bytes of `first`, then of `second`, follow.
struct change {
    enum change_kind kind;
    kdb_space space;
    size_t first_len;
    size_t second_len;
};

struct mem_batch {
    struct kdb_store_batch head;
    struct kdb_buf changes;
};

static struct mem_store *mem_of(struct kdb_store *store)
{
    return (struct mem_store *)store;
}

static void lock_for_reading(struct mem_store *mem)
{
    KDB_ASSERT(pthread_rwlock_rdlock(&mem->lock) == 0);
}

static void lock_for_writing(struct mem_store *mem)
{
    KDB_ASSERT(pthread_rwlock_wrlock(&mem->lock) == 0);
}

static void unlock(struct mem_store *mem)
{
    KDB_ASSERT(pthread_rwlock_unlock(&mem->lock) == 0);
}

// Whether a read of this tier is answered; uses up one of the hook's reads.
static bool is_read_cached(struct mem_store *mem, kdb_read_tier tier)
{
    if (tier == KDB_READ_ANY)
        return true;
    uint64_t left = atomic_load_explicit(&mem->cached_reads, memory_order_relaxed);
    while (left != UINT64_MAX) {
        if (left == 0)
            return false;
        if (atomic_compare_exchange_weak_explicit(&mem->cached_reads, &left, left - 1,
                                                  memory_order_relaxed, memory_order_relaxed))
            return true;
    }
    return true;
}

static struct kdb_store_view *mem_view_open(struct kdb_store *store)
{
    struct mem_store *mem = mem_of(store);
    struct mem_view *view = kdb_alloc(sizeof(*view));
    lock_for_reading(mem);
    for (int i = 0; i < KDB_SPACE_COUNT; i++)
        view->roots[i] = store_tree_ref(&mem->trees[i]);
    unlock(mem);
    return &view->head;
}

static void mem_view_close(struct kdb_store_view *head)
{
    struct mem_view *view = (struct mem_view *)head;
    struct mem_store *mem = mem_of(head->store);
    for (int i = 0; i < KDB_SPACE_COUNT; i++)
        store_tree_unref(view->roots[i], &mem->bytes);
    kdb_free(view);
}

static kdb_status mem_get(struct kdb_store *store, struct kdb_ctx *ctx,
                          const struct kdb_read_at *at, kdb_slice key, kdb_slice *ret_value,
                          bool *ret_is_cached)
{
    struct mem_store *mem = mem_of(store);
    *ret_is_cached = is_read_cached(mem, at->tier);
    if (!*ret_is_cached)
        return KDB_OK;
    if (at->view) {
        kdb_slice value = store_tree_get(((struct mem_view *)at->view)->roots[at->space], key);
        *ret_value = value.data ? kdb_arena_copy(&ctx->arena, value) : value;
        return KDB_OK;
    }
    lock_for_reading(mem);
    kdb_slice value = store_tree_get(mem->trees[at->space].root, key);
    *ret_value = value.data ? kdb_arena_copy(&ctx->arena, value) : value;
    unlock(mem);
    return KDB_OK;
}

static kdb_status mem_scan_next(struct kdb_store_scan *head, struct kdb_ctx *ctx,
                                kdb_slice *ret_key, kdb_slice *ret_value, bool *ret_more)
{
    (void)ctx;
    struct mem_scan *scan = (struct mem_scan *)head;
    if (!is_read_cached(mem_of(head->store), scan->tier)) {
        head->is_cached = false;
        *ret_more = false;
        return KDB_OK;
    }
    kdb_slice key;
    kdb_slice value;
    bool has_more = store_cursor_next(&scan->cursor, head->is_reverse, &key, &value);
    if (has_more && scan->bound.data != NULL) {
        int order = kdb_slice_compare(key, scan->bound);
        has_more = head->is_reverse ? order >= 0 : order < 0;
    }
    if (has_more) {
        *ret_key = key;
        *ret_value = value;
    }
    *ret_more = has_more;
    return KDB_OK;
}

static void mem_scan_seek(struct kdb_store_scan *head, kdb_slice key)
{
    struct mem_scan *scan = (struct mem_scan *)head;
    kdb_slice next;
    if (store_cursor_peek(&scan->cursor, &next) && kdb_slice_compare(key, next) > 0)
        store_cursor_seek(&scan->cursor, scan->root, key);
}

static void mem_scan_close(struct kdb_store_scan *head)
{
    struct mem_scan *scan = (struct mem_scan *)head;
    store_cursor_deinit(&scan->cursor);
    store_tree_unref(scan->root, &mem_of(head->store)->bytes);
    kdb_free(scan);
}

static const struct kdb_store_scan_ops mem_scan_ops = {
    .next = mem_scan_next,
    .seek = mem_scan_seek,
    .close = mem_scan_close,
};

static kdb_status mem_scan_open(struct kdb_store *store, struct kdb_ctx *ctx,
                                struct kdb_store_view *view, const struct kdb_scan_range *range,
                                struct kdb_store_scan **ret_scan)
{
    (void)ctx;
    struct mem_store *mem = mem_of(store);
    kdb_slice bound = range->is_reverse ? range->first : range->end;
    struct mem_scan *scan = kdb_alloc(sizeof(*scan) + bound.len);
    scan->head.ops = &mem_scan_ops;
    scan->tier = range->tier;
    if (bound.data != NULL) {
        memcpy(scan->bound_bytes, bound.data, bound.len);
        scan->bound = (kdb_slice){scan->bound_bytes, bound.len};
    }
    lock_for_reading(mem);
    struct store_tree state = mem->trees[range->space];
    if (view)
        state.root = ((struct mem_view *)view)->roots[range->space];
    scan->root = store_tree_ref(&state);
    unlock(mem);
    if (range->is_reverse)
        store_cursor_seek_before(&scan->cursor, scan->root, range->end);
    else
        store_cursor_seek(&scan->cursor, scan->root, range->first);
    *ret_scan = &scan->head;
    return KDB_OK;
}

static void add_change(struct kdb_store_batch *head, struct change change, kdb_slice first,
                       kdb_slice second)
{
    struct kdb_buf *changes = &((struct mem_batch *)head)->changes;
    change.first_len = first.len;
    change.second_len = second.len;
    kdb_buf_append(changes, &change, sizeof(change));
    kdb_buf_slice(changes, first);
    kdb_buf_slice(changes, second);
}

static void mem_batch_put(struct kdb_store_batch *head, kdb_space space, kdb_slice key,
                          kdb_slice value)
{
    add_change(head, (struct change){.kind = CHANGE_PUT, .space = space}, key, value);
}

static void mem_batch_remove(struct kdb_store_batch *head, kdb_space space, kdb_slice key)
{
    add_change(head, (struct change){.kind = CHANGE_REMOVE, .space = space}, key,
               (kdb_slice){NULL, 0});
}

static void mem_batch_remove_range(struct kdb_store_batch *head, kdb_space space, kdb_slice first,
                                   kdb_slice end)
{
    add_change(head, (struct change){.kind = CHANGE_REMOVE_RANGE, .space = space}, first, end);
}

static void mem_batch_clear(struct kdb_store_batch *head)
{
    kdb_buf_clear(&((struct mem_batch *)head)->changes);
}

static void mem_batch_close(struct kdb_store_batch *head)
{
    kdb_buf_deinit(&((struct mem_batch *)head)->changes);
    kdb_free(head);
}

static const struct kdb_store_batch_ops mem_batch_ops = {
    .put = mem_batch_put,
    .remove = mem_batch_remove,
    .remove_once = mem_batch_remove,
    .remove_range = mem_batch_remove_range,
    .clear = mem_batch_clear,
    .close = mem_batch_close,
};

static struct kdb_store_batch *mem_batch_open(struct kdb_store *store)
{
    (void)store;
    struct mem_batch *batch = kdb_alloc(sizeof(*batch));
    batch->head.ops = &mem_batch_ops;
    return &batch->head;
}

static void apply(struct mem_store *mem, kdb_slice changes)
{
    while (changes.len > 0) {
        struct change change;
        KDB_ASSERT(changes.len >= sizeof(change));
        memcpy(&change, changes.data, sizeof(change));
        changes = kdb_slice_skip(changes, sizeof(change));
        kdb_slice first = {changes.data, change.first_len};
        kdb_slice second = {changes.data + change.first_len, change.second_len};
        KDB_ASSERT(changes.len >= first.len && changes.len - first.len >= second.len);
        changes = kdb_slice_skip(changes, first.len + second.len);
        struct store_tree *tree = &mem->trees[change.space];
        switch (change.kind) {
        case CHANGE_PUT:
            store_tree_put(tree, first, second);
            break;
        case CHANGE_REMOVE:
            store_tree_remove(tree, first);
            break;
        case CHANGE_REMOVE_RANGE:
            store_tree_remove_range(tree, first, second);
            break;
        }
    }
}

// The failure that a test asked for, when its time has come; under `lock`.
static kdb_status injected_failure(struct mem_store *mem)
{
    if (mem->failure == KDB_OK || mem->successes > 0)
        return KDB_OK;
    kdb_status status = mem->failure;
    if (status != KDB_ERR_DISK_FULL)
        mem->failure = KDB_ERR_UNAVAILABLE;
    return status;
}

static kdb_status fail_injected(struct kdb_ctx *ctx, kdb_status status)
{
    return status == KDB_OK ? KDB_OK : kdb_fail(ctx, status, "the store failed on request");
}

static kdb_status mem_commit(struct kdb_store *store, struct kdb_ctx *ctx,
                             struct kdb_store_batch *batch, kdb_commit_mode mode)
{
    (void)mode;
    struct mem_store *mem = mem_of(store);
    lock_for_writing(mem);
    kdb_status status = injected_failure(mem);
    if (status == KDB_OK) {
        if (mem->failure != KDB_OK)
            mem->successes--;
        apply(mem, kdb_buf_view(&((struct mem_batch *)batch)->changes));
    }
    unlock(mem);
    return fail_injected(ctx, status);
}

static kdb_status mem_sync(struct kdb_store *store, struct kdb_ctx *ctx)
{
    struct mem_store *mem = mem_of(store);
    lock_for_writing(mem);
    kdb_status status = injected_failure(mem);
    unlock(mem);
    return fail_injected(ctx, status);
}

// Deleted keys leave nothing behind.
static void mem_clean_up(struct kdb_store *store)
{
    (void)store;
}

static kdb_status mem_resume(struct kdb_store *store, struct kdb_ctx *ctx)
{
    return mem_sync(store, ctx);
}

static void mem_stats(struct kdb_store *store, struct kdb_store_stats *ret_stats)
{
    struct mem_store *mem = mem_of(store);
    *ret_stats = (struct kdb_store_stats){
        .memory_bytes = atomic_load_explicit(&mem->bytes, memory_order_relaxed)};
}

static void mem_close(struct kdb_store *store)
{
    struct mem_store *mem = mem_of(store);
    for (int i = 0; i < KDB_SPACE_COUNT; i++)
        store_tree_unref(mem->trees[i].root, &mem->bytes);
    KDB_ASSERT(atomic_load_explicit(&mem->bytes, memory_order_relaxed) == 0);
    KDB_ASSERT(pthread_rwlock_destroy(&mem->lock) == 0);
    kdb_free(mem);
}

static const struct kdb_store_ops mem_ops = {
    .view_open = mem_view_open,
    .view_close = mem_view_close,
    .get = mem_get,
    .scan_open = mem_scan_open,
    .batch_open = mem_batch_open,
    .commit = mem_commit,
};

static const struct kdb_store_care_ops mem_care_ops = {
    .sync = mem_sync,
    .resume = mem_resume,
    .clean_up = mem_clean_up,
    .stats = mem_stats,
    .close = mem_close,
};

kdb_status kdb_store_mem_open(struct kdb_ctx *ctx, struct kdb_store **ret_store)
{
    (void)ctx;
    struct mem_store *mem = kdb_alloc(sizeof(*mem));
    mem->head.ops = &mem_ops;
    mem->head.care = &mem_care_ops;
    atomic_init(&mem->cached_reads, UINT64_MAX);
    for (int i = 0; i < KDB_SPACE_COUNT; i++)
        mem->trees[i] = (struct store_tree){.random = (uint64_t)i, .bytes = &mem->bytes};
    // A stream of readers must not keep the committer waiting.
    pthread_rwlockattr_t attributes;
    KDB_ASSERT(pthread_rwlockattr_init(&attributes) == 0);
    KDB_ASSERT(pthread_rwlockattr_setkind_np(&attributes,
                                             PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) == 0);
    KDB_ASSERT(pthread_rwlock_init(&mem->lock, &attributes) == 0);
    KDB_ASSERT(pthread_rwlockattr_destroy(&attributes) == 0);
    *ret_store = &mem->head;
    return KDB_OK;
}

void kdb_store_mem_fail_commits(struct kdb_store *store, uint64_t successes, kdb_status status)
{
    KDB_ASSERT(store->ops == &mem_ops);
    struct mem_store *mem = mem_of(store);
    lock_for_writing(mem);
    mem->successes = successes;
    mem->failure = status;
    unlock(mem);
}

void kdb_store_mem_limit_cached(struct kdb_store *store, uint64_t reads)
{
    KDB_ASSERT(store->ops == &mem_ops);
    atomic_store_explicit(&mem_of(store)->cached_reads, reads, memory_order_relaxed);
}
