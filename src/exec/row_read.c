// SPDX-License-Identifier: Apache-2.0
// Rows of a partition as one set: the hot tier over the cold one, newest version of each key.
#include "base/assert.h"
#include "exec/exec_priv.h"
#include "txn/layout.h"
#include "types/row.h"

static struct kdb_cold_reader cold_reader(const struct kdb_exec *exec,
                                          const struct kdb_table *table,
                                          const struct kdb_manifest *manifest)
{
    return (struct kdb_cold_reader){exec->services->segments, table, manifest, exec->connection,
                                    exec->tier};
}

static void release_manifest(void *arg)
{
    kdb_manifest_unref(arg);
}

// The hot version as of `view`, or the newest (NULL).
static kdb_status hot_get(struct kdb_exec *exec, const struct kdb_table *table,
                          const struct kdb_partition *partition, struct kdb_store_view *view,
                          kdb_slice key, kdb_slice *ret_row)
{
    char space[KDB_KEY_BYTES_MAX * 2 + 512];
    struct kdb_buf full = {.data = space, .capacity = sizeof(space)};
    KDB_ASSERT(partition->prefix.len + key.len + 1 <= sizeof(space));
    kdb_layout_key(&full, partition->prefix, KDB_KEYS_ROWS, key);
    const struct kdb_read_at at = {.view = view, .space = KDB_SPACE_ROWS, .tier = exec->tier};
    bool is_cached = true;
    KDB_TRY(kdb_store_get(exec_store(exec, table), exec->ctx, &at, kdb_buf_view(&full), ret_row,
                          &is_cached));
    if (!is_cached)
        return exec_require_worker(exec);
    if (ret_row->data && ret_row->len < KDB_ROW_HEADER_BYTES)
        return kdb_fail(exec->ctx, KDB_ERR_CORRUPT, "a stored row is damaged");
    return KDB_OK;
}

static kdb_status cold_get(struct kdb_exec *exec, const struct kdb_table *table,
                           const struct kdb_manifest *manifest, kdb_slice key, kdb_slice *ret_row)
{
    KDB_TRY(exec_connect(exec));
    const struct kdb_cold_reader reader = cold_reader(exec, table, manifest);
    return kdb_cold_get(&reader, exec->ctx, key, ret_row);
}

kdb_status row_get(struct kdb_exec *exec, const struct kdb_table *table,
                   struct kdb_partition *partition, kdb_slice key, kdb_slice *ret_row)
{
    // Hot first: a key leaves the hot tier only after the manifest that has it is published, so
    // whoever misses it there and looks at the manifest afterwards finds it.
    KDB_TRY(hot_get(exec, table, partition, NULL, key, ret_row));
    if (ret_row->data || table->kind == KDB_TABLE_STREAM)
        return KDB_OK;
    struct kdb_manifest *manifest;
    KDB_TRY(kdb_manifest_acquire(exec->services->segments, partition, exec->ctx, exec->tier,
                                 &manifest));
    if (!manifest)
        return KDB_OK;
    if (kdb_cold_excludes(manifest, key)) {
        kdb_manifest_unref(manifest);
        return KDB_OK;
    }
    kdb_arena_on_reset(&exec->ctx->arena, release_manifest, manifest);
    return cold_get(exec, table, manifest, key, ret_row);
}

static void close_view_at_reset(void *arg)
{
    kdb_partition_view_close(arg);
}

kdb_status row_open_view(struct kdb_exec *exec, const struct kdb_table *table,
                         struct kdb_partition *partition, struct kdb_partition_view *ret)
{
    if (table->kind != KDB_TABLE_STREAM)
        return kdb_partition_view_open(exec->services->segments, partition, exec->ctx, exec->tier,
                                       ret);
    *ret = (struct kdb_partition_view){.view = kdb_store_view_open(exec_store(exec, table))};
    return KDB_OK;
}

kdb_status row_view_open(struct kdb_exec *exec, const struct kdb_table *table,
                         struct kdb_partition *partition, struct kdb_partition_view **ret_view)
{
    struct kdb_partition_view *view = KDB_ARENA_NEW(&exec->ctx->arena, struct kdb_partition_view);
    KDB_TRY(row_open_view(exec, table, partition, view));
    kdb_arena_on_reset(&exec->ctx->arena, close_view_at_reset, view);
    *ret_view = view;
    return KDB_OK;
}

kdb_status row_get_in(struct kdb_exec *exec, const struct kdb_table *table,
                      const struct kdb_partition *partition, const struct kdb_partition_view *view,
                      kdb_slice key, kdb_slice *ret_row)
{
    KDB_TRY(hot_get(exec, table, partition, view->view, key, ret_row));
    if (ret_row->data || !view->manifest || kdb_cold_excludes(view->manifest, key))
        return KDB_OK;
    return cold_get(exec, table, view->manifest, key, ret_row);
}

// ---- scans ----

// The next entry of one tier.
struct tier {
    kdb_slice key;
    kdb_slice row;
    bool has_entry;
    bool is_at_end;
};

struct row_scan {
    struct kdb_exec *exec;
    struct row_scan_range range;
    struct kdb_partition_view view;
    bool owns_view;
    struct kdb_store_scan *hot;
    struct kdb_cold_scan *cold;
    size_t strip;         // bytes of partition prefix and kind before a hot key
    struct tier tiers[2]; // hot, cold
    bool is_open;
};

static void close_at_reset(void *arg)
{
    row_scan_close(arg);
}

void row_scan_close(struct row_scan *scan)
{
    if (!scan->is_open)
        return;
    scan->is_open = false;
    kdb_store_scan_close(scan->hot);
    kdb_cold_scan_close(scan->cold);
    if (scan->owns_view)
        kdb_partition_view_close(&scan->view);
}

static kdb_status open_hot(struct row_scan *scan)
{
    struct kdb_exec *exec = scan->exec;
    const struct key_bounds *bounds = scan->range.bounds;
    kdb_slice prefix = scan->range.partition->prefix;
    struct kdb_buf first = {0};
    struct kdb_buf end = {0};
    kdb_layout_key(&first, prefix, KDB_KEYS_ROWS, bounds->first);
    if (bounds->end.data)
        kdb_layout_key(&end, prefix, KDB_KEYS_ROWS, bounds->end);
    else
        kdb_layout_key(&end, prefix, KDB_KEYS_ROWS + 1, KDB_LIT(""));
    const struct kdb_scan_range range = {.space = KDB_SPACE_ROWS,
                                         .first = kdb_buf_view(&first),
                                         .end = kdb_buf_view(&end),
                                         .is_reverse = scan->range.is_reverse,
                                         .tier = exec->tier};
    kdb_status status = kdb_store_scan_open(exec_store(exec, scan->range.table), exec->ctx,
                                            scan->view.view, &range, &scan->hot);
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&end);
    scan->strip = prefix.len + 1;
    return status;
}

kdb_status row_scan_open(struct kdb_exec *exec, const struct row_scan_range *range,
                         struct row_scan **ret)
{
    struct row_scan *scan = KDB_ARENA_NEW(&exec->ctx->arena, struct row_scan);
    scan->exec = exec;
    scan->range = *range;
    scan->owns_view = !range->view;
    if (range->view)
        scan->view = *range->view;
    else
        KDB_TRY(row_open_view(exec, range->table, range->partition, &scan->view));
    scan->is_open = true;
    kdb_arena_on_reset(&exec->ctx->arena, close_at_reset, scan);
    KDB_TRY(open_hot(scan));
    if (scan->view.manifest) {
        KDB_TRY(exec_connect(exec));
        const struct kdb_cold_reader reader = cold_reader(exec, range->table, scan->view.manifest);
        const struct kdb_cold_range cold = {.first = range->bounds->first,
                                            .end = range->bounds->end,
                                            .is_reverse = range->is_reverse,
                                            .skip = range->skip};
        KDB_TRY(kdb_cold_scan_open(&reader, exec->ctx, &cold, &scan->cold));
    }
    *ret = scan;
    return KDB_OK;
}

static kdb_status fill_hot(struct row_scan *scan)
{
    struct tier *tier = &scan->tiers[0];
    if (tier->has_entry || tier->is_at_end)
        return KDB_OK;
    kdb_slice key;
    KDB_TRY(kdb_store_scan_next(scan->hot, scan->exec->ctx, &key, &tier->row, &tier->has_entry));
    if (!tier->has_entry) {
        if (!kdb_store_scan_is_cached(scan->hot))
            return exec_require_worker(scan->exec);
        tier->is_at_end = true;
        return KDB_OK;
    }
    tier->key = kdb_slice_skip(key, scan->strip);
    if (tier->row.len < KDB_ROW_HEADER_BYTES)
        return kdb_fail(scan->exec->ctx, KDB_ERR_CORRUPT, "a stored row is damaged");
    return KDB_OK;
}

static kdb_status fill_cold(struct row_scan *scan)
{
    struct tier *tier = &scan->tiers[1];
    if (tier->has_entry || tier->is_at_end)
        return KDB_OK;
    if (!scan->cold) {
        tier->is_at_end = true;
        return KDB_OK;
    }
    KDB_TRY(
        kdb_cold_scan_next(scan->cold, scan->exec->ctx, &tier->key, &tier->row, &tier->has_entry));
    tier->is_at_end = !tier->has_entry;
    return KDB_OK;
}

// Which tier is next; a key in both counts once, the hot one wins (it is at least as new).
static int choose(struct row_scan *scan)
{
    struct tier *hot = &scan->tiers[0];
    struct tier *cold = &scan->tiers[1];
    if (!hot->has_entry)
        return cold->has_entry ? 1 : -1;
    if (!cold->has_entry)
        return 0;
    int order = kdb_slice_compare(hot->key, cold->key);
    if (order == 0)
        cold->has_entry = false;
    if (scan->range.is_reverse)
        order = -order;
    return order <= 0 ? 0 : 1;
}

kdb_status row_scan_next(struct row_scan *scan, kdb_slice *ret_key, kdb_slice *ret_row,
                         bool *ret_more)
{
    KDB_TRY(fill_hot(scan));
    KDB_TRY(fill_cold(scan));
    int chosen = choose(scan);
    *ret_more = chosen >= 0;
    if (chosen < 0)
        return KDB_OK;
    struct tier *tier = &scan->tiers[chosen];
    *ret_key = tier->key;
    *ret_row = tier->row;
    tier->has_entry = false;
    return KDB_OK;
}
