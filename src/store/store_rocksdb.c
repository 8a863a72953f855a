// SPDX-License-Identifier: Apache-2.0
// The store on RocksDB, through its C interface: one column family for each space, write-ahead log
// always on.
//
// Error strings are freed where they arrive and become kdb_fail; NULL without an error means not
// found; a scan's error is asked for whenever it is not at a row. A batch that RocksDB refuses is
// applied nowhere. After a failed write RocksDB stops accepting writes: by itself it goes on once a
// full disk has space again, after any other error it has to be reopened.
#include "store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "store/rocksdb_priv.h"
#include "store/store_priv.h"

static const char *const family_names[STORE_FAMILY_COUNT] = {
    "default",
    [1 + KDB_SPACE_ROWS] = "rows",
    [1 + KDB_SPACE_META] = "meta",
};

struct rocks_store {
    struct kdb_store head;
    rocksdb_t *db;
    rocksdb_column_family_handle_t *families[STORE_FAMILY_COUNT];
    rocksdb_cache_t *cache;
    rocksdb_readoptions_t *read[2];   // by kdb_read_tier
    rocksdb_writeoptions_t *write[2]; // by kdb_commit_mode
    char *folder;
    atomic_bool is_full;   // a write failed for want of space, and none has succeeded since
    atomic_bool is_broken; // a write failed otherwise: only reopening helps
};

struct rocks_view {
    struct kdb_store_view head;
    const rocksdb_snapshot_t *snapshot;
    rocksdb_readoptions_t *read[2]; // by kdb_read_tier, at the snapshot
};

// Where the iterator of a scan stands.
enum rocks_position {
    AT_START,  // not moved yet
    AT_GIVEN,  // at the row given last
    AT_UNREAD, // at the row to be given next
};

struct rocks_scan {
    struct kdb_store_scan head;
    rocksdb_iterator_t *iterator;
    rocksdb_readoptions_t *options; // refers to the bounds
    enum rocks_position position;
    kdb_read_tier tier;
    kdb_slice first;
    kdb_slice end;
    char bounds[]; // bytes of `first`, then of `end`
};

struct rocks_batch {
    struct kdb_store_batch head;
    rocksdb_writebatch_t *changes;
};

static struct rocks_store *rocks_of(struct kdb_store *store)
{
    return (struct rocks_store *)store;
}

static rocksdb_column_family_handle_t *family_of(struct kdb_store *store, kdb_space space)
{
    return rocks_of(store)->families[1 + space];
}

static rocksdb_readoptions_t *make_read_options(kdb_read_tier tier)
{
    rocksdb_readoptions_t *options = rocksdb_readoptions_create();
    if (tier == KDB_READ_MEMORY)
        rocksdb_readoptions_set_read_tier(options, 1); // kBlockCacheTier
    return options;
}

static struct kdb_store_view *rocks_view_open(struct kdb_store *store)
{
    struct rocks_view *view = kdb_alloc(sizeof(*view));
    view->snapshot = rocksdb_create_snapshot(rocks_of(store)->db);
    for (int tier = KDB_READ_ANY; tier <= KDB_READ_MEMORY; tier++) {
        view->read[tier] = make_read_options((kdb_read_tier)tier);
        rocksdb_readoptions_set_snapshot(view->read[tier], view->snapshot);
    }
    return &view->head;
}

static void rocks_view_close(struct kdb_store_view *head)
{
    struct rocks_view *view = (struct rocks_view *)head;
    for (int tier = KDB_READ_ANY; tier <= KDB_READ_MEMORY; tier++)
        rocksdb_readoptions_destroy(view->read[tier]);
    rocksdb_release_snapshot(rocks_of(head->store)->db, view->snapshot);
    kdb_free(view);
}

// RocksDB counts comparisons and more for each thread unless that thread says no; counting costs a
// get a fifth of its time. Saying so again costs nothing.
static void stop_counting(void)
{
    rocksdb_set_perf_level(rocksdb_disable);
}

static kdb_status rocks_get(struct kdb_store *store, struct kdb_ctx *ctx,
                            const struct kdb_read_at *at, kdb_slice key, kdb_slice *ret_value,
                            bool *ret_is_cached)
{
    struct rocks_store *rocks = rocks_of(store);
    rocksdb_readoptions_t *const *read =
        at->view ? ((struct rocks_view *)at->view)->read : rocks->read;
    stop_counting();
    char *error = NULL;
    rocksdb_pinnableslice_t *pinned = rocksdb_get_pinned_cf(
        rocks->db, read[at->tier], family_of(store, at->space), key.data, key.len, &error);
    if (KDB_UNLIKELY(error)) {
        if (at->tier == KDB_READ_MEMORY && store_rocksdb_is_incomplete(error)) {
            rocksdb_free(error);
            *ret_is_cached = false;
            return KDB_OK;
        }
        return store_rocksdb_fail(ctx, error, rocks->folder, "cannot read the data folder");
    }
    *ret_is_cached = true;
    if (!pinned) {
        *ret_value = (kdb_slice){NULL, 0};
        return KDB_OK;
    }
    kdb_slice value;
    value.data = rocksdb_pinnableslice_value(pinned, &value.len);
    // Where RocksDB must not open the file that may hold the key, it says "found" and gives no
    // bytes. An empty value looks the same; no row or counter is one.
    if (at->tier == KDB_READ_MEMORY && value.len == 0)
        *ret_is_cached = false;
    else
        *ret_value = kdb_arena_copy(&ctx->arena, value);
    rocksdb_pinnableslice_destroy(pinned);
    return KDB_OK;
}

// Moves the iterator to the next row to be given.
static void move_on(struct rocks_scan *scan)
{
    switch (scan->position) {
    case AT_START:
        if (scan->head.is_reverse)
            rocksdb_iter_seek_to_last(scan->iterator); // the upper bound counts
        else
            rocksdb_iter_seek(scan->iterator, scan->first.data, scan->first.len);
        break;
    case AT_GIVEN:
        if (scan->head.is_reverse)
            rocksdb_iter_prev(scan->iterator);
        else
            rocksdb_iter_next(scan->iterator);
        break;
    case AT_UNREAD:
        break;
    }
    scan->position = AT_GIVEN;
}

// The iterator is not at a row: the end, rows that are not in memory, or an error.
static kdb_status end_scan(struct rocks_scan *scan, struct kdb_ctx *ctx, bool *ret_more)
{
    scan->position = AT_UNREAD; // RocksDB must not be asked to move on from here
    char *error = NULL;
    rocksdb_iter_get_error(scan->iterator, &error);
    if (error) {
        if (scan->tier != KDB_READ_MEMORY || !store_rocksdb_is_incomplete(error))
            return store_rocksdb_fail(ctx, error, rocks_of(scan->head.store)->folder,
                                      "cannot read the data folder");
        rocksdb_free(error);
        scan->head.is_cached = false;
    }
    *ret_more = false;
    return KDB_OK;
}

static kdb_status rocks_scan_next(struct kdb_store_scan *head, struct kdb_ctx *ctx,
                                  kdb_slice *ret_key, kdb_slice *ret_value, bool *ret_more)
{
    struct rocks_scan *scan = (struct rocks_scan *)head;
    move_on(scan);
    if (KDB_UNLIKELY(!rocksdb_iter_valid(scan->iterator)))
        return end_scan(scan, ctx, ret_more);
    ret_key->data = rocksdb_iter_key(scan->iterator, &ret_key->len);
    ret_value->data = rocksdb_iter_value(scan->iterator, &ret_value->len);
    *ret_more = true;
    return KDB_OK;
}

static void rocks_scan_seek(struct kdb_store_scan *head, kdb_slice key)
{
    struct rocks_scan *scan = (struct rocks_scan *)head;
    kdb_slice least = scan->first; // never back to a key at or before this one
    if (scan->position != AT_START) {
        if (!rocksdb_iter_valid(scan->iterator))
            return;
        least.data = rocksdb_iter_key(scan->iterator, &least.len);
    }
    if (kdb_slice_compare(key, least) <= 0)
        return;
    rocksdb_iter_seek(scan->iterator, key.data, key.len);
    scan->position = AT_UNREAD;
}

static void rocks_scan_close(struct kdb_store_scan *head)
{
    struct rocks_scan *scan = (struct rocks_scan *)head;
    rocksdb_iter_destroy(scan->iterator);
    rocksdb_readoptions_destroy(scan->options);
    kdb_free(scan);
}

static const struct kdb_store_scan_ops rocks_scan_ops = {
    .next = rocks_scan_next,
    .seek = rocks_scan_seek,
    .close = rocks_scan_close,
};

static kdb_status rocks_scan_open(struct kdb_store *store, struct kdb_ctx *ctx,
                                  struct kdb_store_view *view, const struct kdb_scan_range *range,
                                  struct kdb_store_scan **ret_scan)
{
    (void)ctx;
    stop_counting();
    struct rocks_scan *scan = kdb_alloc(sizeof(*scan) + range->first.len + range->end.len);
    scan->head.ops = &rocks_scan_ops;
    scan->tier = range->tier;
    scan->options = make_read_options(range->tier);
    scan->first = (kdb_slice){scan->bounds, range->first.len};
    if (range->first.len > 0) {
        memcpy(scan->bounds, range->first.data, range->first.len);
        rocksdb_readoptions_set_iterate_lower_bound(scan->options, scan->first.data,
                                                    scan->first.len);
    }
    if (range->end.data != NULL) {
        char *end = scan->bounds + range->first.len;
        memcpy(end, range->end.data, range->end.len);
        rocksdb_readoptions_set_iterate_upper_bound(scan->options, end, range->end.len);
    }
    if (view)
        rocksdb_readoptions_set_snapshot(scan->options, ((struct rocks_view *)view)->snapshot);
    scan->iterator = rocksdb_create_iterator_cf(rocks_of(store)->db, scan->options,
                                                family_of(store, range->space));
    *ret_scan = &scan->head;
    return KDB_OK;
}

static void rocks_batch_put(struct kdb_store_batch *head, kdb_space space, kdb_slice key,
                            kdb_slice value)
{
    rocksdb_writebatch_put_cf(((struct rocks_batch *)head)->changes, family_of(head->store, space),
                              key.data, key.len, value.data, value.len);
}

static void rocks_batch_remove(struct kdb_store_batch *head, kdb_space space, kdb_slice key)
{
    rocksdb_writebatch_delete_cf(((struct rocks_batch *)head)->changes,
                                 family_of(head->store, space), key.data, key.len);
}

static void rocks_batch_remove_once(struct kdb_store_batch *head, kdb_space space, kdb_slice key)
{
    rocksdb_writebatch_singledelete_cf(((struct rocks_batch *)head)->changes,
                                       family_of(head->store, space), key.data, key.len);
}

static void rocks_batch_remove_range(struct kdb_store_batch *head, kdb_space space, kdb_slice first,
                                     kdb_slice end)
{
    rocksdb_writebatch_delete_range_cf(((struct rocks_batch *)head)->changes,
                                       family_of(head->store, space), first.data, first.len,
                                       end.data, end.len);
}

static void rocks_batch_clear(struct kdb_store_batch *head)
{
    rocksdb_writebatch_clear(((struct rocks_batch *)head)->changes);
}

static void rocks_batch_close(struct kdb_store_batch *head)
{
    rocksdb_writebatch_destroy(((struct rocks_batch *)head)->changes);
    kdb_free(head);
}

static const struct kdb_store_batch_ops rocks_batch_ops = {
    .put = rocks_batch_put,
    .remove = rocks_batch_remove,
    .remove_once = rocks_batch_remove_once,
    .remove_range = rocks_batch_remove_range,
    .clear = rocks_batch_clear,
    .close = rocks_batch_close,
};

static struct kdb_store_batch *rocks_batch_open(struct kdb_store *store)
{
    (void)store;
    struct rocks_batch *batch = kdb_alloc(sizeof(*batch));
    batch->head.ops = &rocks_batch_ops;
    batch->changes = rocksdb_writebatch_create();
    return &batch->head;
}

static bool has_failed(const struct rocks_store *rocks)
{
    return atomic_load_explicit(&rocks->is_full, memory_order_relaxed) ||
           atomic_load_explicit(&rocks->is_broken, memory_order_relaxed);
}

// Notes what a failed write means for later ones and frees `error`.
static kdb_status fail_write(struct rocks_store *rocks, struct kdb_ctx *ctx, char *error)
{
    kdb_status status = store_rocksdb_status(error);
    if (status == KDB_ERR_DISK_FULL) {
        atomic_store_explicit(&rocks->is_full, true, memory_order_relaxed);
    } else if (status == KDB_ERR_IO || status == KDB_ERR_CORRUPT) {
        if (atomic_exchange_explicit(&rocks->is_broken, true, memory_order_relaxed)) {
            rocksdb_free(error);
            return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                            "the data folder could not be written before; no writes are accepted "
                            "until the server is restarted");
        }
    }
    return store_rocksdb_fail(ctx, error, rocks->folder, "cannot write to the data folder");
}

static kdb_status write_batch(struct rocks_store *rocks, struct kdb_ctx *ctx,
                              rocksdb_writebatch_t *changes, kdb_commit_mode mode)
{
    stop_counting();
    char *error = NULL;
    rocksdb_write(rocks->db, rocks->write[mode], changes, &error);
    return KDB_LIKELY(!error) ? KDB_OK : fail_write(rocks, ctx, error);
}

static kdb_status rocks_commit(struct kdb_store *store, struct kdb_ctx *ctx,
                               struct kdb_store_batch *batch, kdb_commit_mode mode)
{
    return write_batch(rocks_of(store), ctx, ((struct rocks_batch *)batch)->changes, mode);
}

static kdb_status rocks_sync(struct kdb_store *store, struct kdb_ctx *ctx)
{
    struct rocks_store *rocks = rocks_of(store);
    char *error = NULL;
    rocksdb_flush_wal(rocks->db, 1, &error);
    return error ? fail_write(rocks, ctx, error) : KDB_OK;
}

// RocksDB recovers by itself, and its C interface has no call to hurry it: ask by writing a note to
// the log that changes no key.
static kdb_status rocks_resume(struct kdb_store *store, struct kdb_ctx *ctx)
{
    struct rocks_store *rocks = rocks_of(store);
    if (!has_failed(rocks))
        return KDB_OK;
    rocksdb_writebatch_t *note = rocksdb_writebatch_create();
    rocksdb_writebatch_put_log_data(note, "resume", 6);
    kdb_status status = write_batch(rocks, ctx, note, KDB_COMMIT_SYNC);
    rocksdb_writebatch_destroy(note);
    KDB_TRY(status);
    atomic_store_explicit(&rocks->is_full, false, memory_order_relaxed);
    atomic_store_explicit(&rocks->is_broken, false, memory_order_relaxed);
    return KDB_OK;
}

// Tombstones in the write buffer stay until it is full, and each hides a row that stays too.
// Written to a file, a run of them makes RocksDB compact it at once (compact on deletion).
static void rocks_clean_up(struct kdb_store *store)
{
    rocksdb_flushoptions_t *options = rocksdb_flushoptions_create();
    rocksdb_flushoptions_set_wait(options, 0);
    char *error = NULL;
    rocksdb_flush_cf(rocks_of(store)->db, options, family_of(store, KDB_SPACE_ROWS), &error);
    rocksdb_free(error); // the next commit meets it again
    rocksdb_flushoptions_destroy(options);
}

static uint64_t family_figure(const struct rocks_store *rocks, int family, const char *property)
{
    uint64_t figure = 0;
    if (rocksdb_property_int_cf(rocks->db, rocks->families[family], property, &figure) != 0)
        return 0;
    return figure;
}

// Space that the files of the folder take; they come and go meanwhile, so a missing one counts 0.
static uint64_t folder_bytes(const char *folder)
{
    DIR *listing = opendir(folder);
    if (!listing)
        return 0;
    uint64_t bytes = 0;
    for (struct dirent *entry = readdir(listing); entry; entry = readdir(listing)) {
        struct stat file;
        if (fstatat(dirfd(listing), entry->d_name, &file, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(file.st_mode))
            bytes += (uint64_t)file.st_blocks * 512U;
    }
    (void)closedir(listing);
    return bytes;
}

static void rocks_stats(struct kdb_store *store, struct kdb_store_stats *ret_stats)
{
    const struct rocks_store *rocks = rocks_of(store);
    uint64_t memory = rocksdb_cache_get_usage(rocks->cache);
    for (int i = 0; i < STORE_FAMILY_COUNT; i++) {
        memory += family_figure(rocks, i, "rocksdb.size-all-mem-tables");
        memory += family_figure(rocks, i, "rocksdb.estimate-table-readers-mem");
    }
    *ret_stats = (struct kdb_store_stats){
        .memory_bytes = memory,
        .disk_bytes = folder_bytes(rocks->folder),
    };
}

// Write buffers go to files, so that the next start has no log to read; when they cannot, it does.
static void flush_families(struct rocks_store *rocks)
{
    rocksdb_flushoptions_t *options = rocksdb_flushoptions_create();
    for (int i = 0; i < STORE_FAMILY_COUNT; i++) {
        char *error = NULL;
        rocksdb_flush_cf(rocks->db, options, rocks->families[i], &error);
        rocksdb_free(error);
    }
    rocksdb_flushoptions_destroy(options);
}

static void free_store(struct rocks_store *rocks)
{
    for (int tier = KDB_READ_ANY; tier <= KDB_READ_MEMORY; tier++)
        rocksdb_readoptions_destroy(rocks->read[tier]);
    for (int mode = KDB_COMMIT_SYNC; mode <= KDB_COMMIT_ASYNC; mode++)
        rocksdb_writeoptions_destroy(rocks->write[mode]);
    rocksdb_cache_destroy(rocks->cache);
    kdb_free(rocks->folder);
    kdb_free(rocks);
}

static void rocks_close(struct kdb_store *store)
{
    struct rocks_store *rocks = rocks_of(store);
    if (!has_failed(rocks)) // else it would wait for a recovery that may never come
        flush_families(rocks);
    for (int i = 0; i < STORE_FAMILY_COUNT; i++)
        rocksdb_column_family_handle_destroy(rocks->families[i]);
    rocksdb_close(rocks->db);
    free_store(rocks);
}

static const struct kdb_store_ops rocks_ops = {
    .view_open = rocks_view_open,
    .view_close = rocks_view_close,
    .get = rocks_get,
    .scan_open = rocks_scan_open,
    .batch_open = rocks_batch_open,
    .commit = rocks_commit,
};

static const struct kdb_store_care_ops rocks_care_ops = {
    .sync = rocks_sync,
    .resume = rocks_resume,
    .clean_up = rocks_clean_up,
    .stats = rocks_stats,
    .close = rocks_close,
};

static struct rocks_store *make_store(const struct kdb_rocksdb_options *options)
{
    struct rocks_store *rocks = kdb_alloc(sizeof(*rocks));
    rocks->head.ops = &rocks_ops;
    rocks->head.care = &rocks_care_ops;
    rocks->cache = rocksdb_cache_create_lru(options->block_cache_bytes);
    rocks->folder = kdb_alloc_text(options->path, strlen(options->path));
    for (int tier = KDB_READ_ANY; tier <= KDB_READ_MEMORY; tier++)
        rocks->read[tier] = make_read_options((kdb_read_tier)tier);
    for (int mode = KDB_COMMIT_SYNC; mode <= KDB_COMMIT_ASYNC; mode++) {
        rocks->write[mode] = rocksdb_writeoptions_create();
        rocksdb_writeoptions_set_sync(rocks->write[mode], mode == KDB_COMMIT_SYNC);
    }
    return rocks;
}

// With CURRENT gone, RocksDB would take the folder for a new one and delete the files in it.
static bool has_lost_current(const char *folder)
{
    DIR *listing = opendir(folder);
    if (!listing)
        return false;
    bool has_current = false;
    bool has_data = false;
    for (struct dirent *entry = readdir(listing); entry; entry = readdir(listing)) {
        const char *suffix = strrchr(entry->d_name, '.');
        has_current |= strcmp(entry->d_name, "CURRENT") == 0;
        has_data |= suffix && (strcmp(suffix, ".sst") == 0 || strcmp(suffix, ".log") == 0);
    }
    (void)closedir(listing);
    return has_data && !has_current;
}

static char *open_database(struct rocks_store *rocks, const struct store_rocksdb_settings *settings)
{
    char *error = NULL;
    rocks->db = rocksdb_open_column_families(
        settings->families[0], rocks->folder, STORE_FAMILY_COUNT, family_names,
        (const rocksdb_options_t *const *)settings->families, rocks->families, &error);
    return error;
}

static kdb_status fail_open(struct rocks_store *rocks, struct kdb_ctx *ctx, char *error)
{
    const char *refusal = NULL;
    if (store_rocksdb_is_locked(error))
        refusal = "the data folder is in use by another server";
    else if (strstr(error, "olumn families not opened"))
        refusal = "the data folder was written by a newer version of the server";
    if (!refusal)
        return store_rocksdb_fail(ctx, error, rocks->folder, "cannot open the data folder");
    rocksdb_free(error);
    return kdb_fail(ctx, KDB_ERR_UNAVAILABLE, "%s", refusal);
}

kdb_status kdb_store_rocksdb_open(const struct kdb_rocksdb_options *options, struct kdb_ctx *ctx,
                                  struct kdb_store **ret_store)
{
    if (has_lost_current(options->path))
        return kdb_fail(
            ctx, KDB_ERR_CORRUPT,
            "cannot open the data folder: it has rows, but its file CURRENT is missing");
    struct rocks_store *rocks = make_store(options);
    struct store_rocksdb_settings settings;
    store_rocksdb_settings_init(&settings, options, rocks->cache);
    char *error = open_database(rocks, &settings);
    if (error && strstr(error, "not linked with the binary")) {
        rocksdb_free(error);
        store_rocksdb_settings_disable_compression(&settings);
        error = open_database(rocks, &settings);
    }
    store_rocksdb_settings_deinit(&settings);
    if (error) {
        kdb_status status = fail_open(rocks, ctx, error);
        free_store(rocks);
        return status;
    }
    *ret_store = &rocks->head;
    return KDB_OK;
}
