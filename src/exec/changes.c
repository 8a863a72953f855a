// SPDX-License-Identifier: Apache-2.0
// Walks by _seq: the hot tier's index, a sorted window over both tiers, or a stream as it is.
#include "exec/changes.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/id.h"
#include "exec/exec_priv.h"
#include "txn/layout.h"
#include "types/row.h"

// A row kept for sorting.
struct kept {
    int64_t seq;
    char *row; // owned
    size_t len;
};

// The versions with _seq in (after, up_to], sorted; complete for that range.
struct window {
    int64_t after, up_to;
    struct kept *rows;
    size_t count, capacity;
    size_t bytes;
};

struct kdb_changes {
    struct kdb_table *table;         // referenced
    struct kdb_partition *partition; // referenced
    struct kdb_partition_view view;
    int64_t seq;
    struct window window;
};

// ---- opening ----

static kdb_status open_seq_scan(struct kdb_exec *exec, const struct kdb_changes *changes,
                                const struct kdb_changes_range *range, struct kdb_store_scan **ret)
{
    kdb_slice prefix = changes->partition->prefix;
    struct kdb_buf first = {0};
    struct kdb_buf end = {0};
    kdb_layout_seq_key(&first, prefix, range->after + 1);
    if (range->up_to == INT64_MAX)
        kdb_layout_key(&end, prefix, KDB_KEYS_END, (kdb_slice){0});
    else
        kdb_layout_seq_key(&end, prefix, range->up_to + 1);
    const struct kdb_scan_range keys = {.space = KDB_SPACE_ROWS,
                                        .first = kdb_buf_view(&first),
                                        .end = kdb_buf_view(&end),
                                        .is_reverse = range->is_reverse,
                                        .tier = exec->tier};
    kdb_status status =
        kdb_store_scan_open(exec->services->store, exec->ctx, changes->view.view, &keys, ret);
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&end);
    return status;
}

// The next entry of the sequence index; *ret_key is null at the end.
static kdb_status next_entry(struct kdb_exec *exec, struct kdb_store_scan *scan, int64_t *ret_seq,
                             kdb_slice *ret_key)
{
    kdb_slice entry;
    bool has_more;
    *ret_key = (kdb_slice){0};
    KDB_TRY(kdb_store_scan_next(scan, exec->ctx, &entry, ret_key, &has_more));
    if (!has_more) {
        *ret_key = (kdb_slice){0};
        return kdb_store_scan_is_cached(scan) ? KDB_OK : exec_require_worker(exec);
    }
    if (entry.len < 8)
        return kdb_fail(exec->ctx, KDB_ERR_CORRUPT, "the sequence index is damaged");
    uint64_t seq = 0;
    for (size_t i = entry.len - 8; i < entry.len; i++)
        seq = seq << 8 | (unsigned char)entry.data[i];
    *ret_seq = (int64_t)seq;
    return KDB_OK;
}

// ---- streams: the rows are in the order of their _seq ----

static bool is_stream(const struct kdb_changes *changes)
{
    return changes->table->kind == KDB_TABLE_STREAM;
}

static void stream_key(struct kdb_buf *out, const struct kdb_changes *changes, int64_t seq)
{
    kdb_layout_key(out, changes->partition->prefix, KDB_KEYS_ROWS, (kdb_slice){0});
    kdb_key_i64(out, seq);
}

static kdb_status open_stream_scan(struct kdb_exec *exec, const struct kdb_changes *changes,
                                   const struct kdb_changes_range *range,
                                   struct kdb_store_scan **ret)
{
    struct kdb_buf first = {0};
    struct kdb_buf end = {0};
    stream_key(&first, changes, range->after + 1);
    if (range->up_to == INT64_MAX)
        kdb_layout_key(&end, changes->partition->prefix, KDB_KEYS_END, (kdb_slice){0});
    else
        stream_key(&end, changes, range->up_to + 1);
    const struct kdb_scan_range keys = {.space = KDB_SPACE_ROWS,
                                        .first = kdb_buf_view(&first),
                                        .end = kdb_buf_view(&end),
                                        .is_reverse = range->is_reverse,
                                        .tier = exec->tier};
    kdb_status status = kdb_store_scan_open(exec_store(exec, changes->table), exec->ctx,
                                            changes->view.view, &keys, ret);
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&end);
    return status;
}

static kdb_status walk_stream(struct kdb_exec *exec, struct kdb_store_scan *scan,
                              kdb_changes_visit visit, void *self)
{
    bool goes_on = true;
    for (size_t visited = 1; goes_on; visited++) {
        kdb_slice key;
        kdb_slice row;
        bool has_more;
        KDB_TRY(kdb_store_scan_next(scan, exec->ctx, &key, &row, &has_more));
        if (!has_more)
            return KDB_OK;
        KDB_TRY(visit(self, row, &goes_on));
        KDB_TRY(kdb_ctx_check(exec->ctx));
        if (visited == EXEC_LOOP_ROWS_MAX)
            KDB_TRY(exec_require_worker(exec));
    }
    return KDB_OK;
}

static kdb_status read_stream(struct kdb_exec *exec, const struct kdb_changes *changes,
                              struct kdb_changes_range range, kdb_changes_visit visit, void *self)
{
    struct kdb_store_scan *scan;
    int64_t alive = exec_first_alive(exec, changes->table);
    if (range.after < alive - 1)
        range.after = alive - 1;
    if (range.after >= range.up_to)
        return KDB_OK;
    KDB_TRY(open_stream_scan(exec, changes, &range, &scan));
    kdb_status status = walk_stream(exec, scan, visit, self);
    kdb_store_scan_close(scan);
    return status;
}

// The greatest _seq in a range, 0: there is no row.
static kdb_status newest_in_stream(struct kdb_exec *exec, const struct kdb_changes *changes,
                                   int64_t up_to, int64_t *ret_seq)
{
    const struct kdb_changes_range range = {.after = 0, .up_to = up_to, .is_reverse = true};
    struct kdb_store_scan *scan;
    kdb_slice key;
    kdb_slice row;
    bool has_more;
    KDB_TRY(open_stream_scan(exec, changes, &range, &scan));
    kdb_status status = kdb_store_scan_next(scan, exec->ctx, &key, &row, &has_more);
    *ret_seq = status == KDB_OK && has_more ? kdb_row_seq(row) : 0;
    kdb_store_scan_close(scan);
    return status;
}

// ---- the view ----

static kdb_status newest_hot(struct kdb_exec *exec, const struct kdb_changes *changes,
                             int64_t *ret_seq)
{
    const struct kdb_changes_range whole = {.after = 0, .up_to = INT64_MAX, .is_reverse = true};
    struct kdb_store_scan *scan;
    kdb_slice key;
    if (is_stream(changes))
        return newest_in_stream(exec, changes, INT64_MAX, ret_seq);
    *ret_seq = 0;
    KDB_TRY(open_seq_scan(exec, changes, &whole, &scan));
    kdb_status status = next_entry(exec, scan, ret_seq, &key);
    kdb_store_scan_close(scan);
    return status;
}

// What the view holds ends at the newest of: what was committed before it was opened, its newest
// hot row, its newest cold row. The last two matter for what was committed in between.
static kdb_status find_seq(struct kdb_exec *exec, struct kdb_changes *changes, int64_t before)
{
    int64_t hot;
    KDB_TRY(newest_hot(exec, changes, &hot));
    const struct kdb_manifest *manifest = changes->view.manifest;
    int64_t cold = 0;
    if (manifest && manifest->segment_count > 0)
        cold = manifest->segments[manifest->segment_count - 1]->max_seq;
    changes->seq = before;
    if (hot > changes->seq)
        changes->seq = hot;
    if (cold > changes->seq)
        changes->seq = cold;
    return KDB_OK;
}

kdb_status kdb_changes_open(struct kdb_exec *exec, struct kdb_table *table,
                            struct kdb_partition *partition, struct kdb_changes **ret_changes)
{
    int64_t before = kdb_committer_last_seq(exec->services->committer);
    struct kdb_partition_view view;
    KDB_TRY(row_open_view(exec, table, partition, &view));
    struct kdb_changes *changes = kdb_alloc(sizeof(*changes));
    changes->table = kdb_table_ref(table);
    changes->partition = kdb_partition_ref(partition);
    changes->view = view;
    kdb_status status = find_seq(exec, changes, before);
    if (status != KDB_OK) {
        kdb_changes_close(changes);
        return status;
    }
    *ret_changes = changes;
    return KDB_OK;
}

static void clear_window(struct window *window)
{
    for (size_t i = 0; i < window->count; i++)
        kdb_free(window->rows[i].row);
    kdb_free(window->rows);
    *window = (struct window){0};
}

void kdb_changes_close(struct kdb_changes *changes)
{
    if (!changes)
        return;
    clear_window(&changes->window);
    kdb_partition_view_close(&changes->view);
    kdb_partition_unref(changes->partition);
    kdb_table_unref(changes->table);
    kdb_free(changes);
}

int64_t kdb_changes_seq(const struct kdb_changes *changes)
{
    return changes->seq;
}

// ---- hot rows alone: by the index ----

// The row that an entry names. Null when it has left the hot tier: a flush takes the entries of
// many rows away behind the rows themselves, and one that failed leaves some. Such a row is not in
// the range either: in a segment it would have made the range one of both tiers.
static kdb_status visit_key(struct kdb_exec *exec, const struct kdb_changes *changes, int64_t seq,
                            kdb_slice key, kdb_slice *ret_row)
{
    struct kdb_buf full = {0};
    kdb_layout_key(&full, changes->partition->prefix, KDB_KEYS_ROWS, key);
    const struct kdb_read_at at = {
        .view = changes->view.view, .space = KDB_SPACE_ROWS, .tier = exec->tier};
    bool is_cached = true;
    kdb_status status = kdb_store_get(exec->services->store, exec->ctx, &at, kdb_buf_view(&full),
                                      ret_row, &is_cached);
    kdb_buf_deinit(&full);
    KDB_TRY(status);
    if (!is_cached)
        return exec_require_worker(exec);
    if (!ret_row->data)
        return KDB_OK;
    if (ret_row->len < KDB_ROW_HEADER_BYTES || kdb_row_seq(*ret_row) < seq)
        return kdb_fail(exec->ctx, KDB_ERR_CORRUPT, "the sequence index and the rows disagree");
    if (kdb_row_seq(*ret_row) > seq)
        *ret_row = (kdb_slice){0};
    return KDB_OK;
}

static kdb_status walk_index(struct kdb_exec *exec, const struct kdb_changes *changes,
                             struct kdb_store_scan *scan, kdb_changes_visit visit, void *self)
{
    bool goes_on = true;
    for (size_t visited = 1; goes_on; visited++) {
        int64_t seq;
        kdb_slice key;
        kdb_slice row;
        KDB_TRY(next_entry(exec, scan, &seq, &key));
        if (!key.data)
            return KDB_OK;
        KDB_TRY(visit_key(exec, changes, seq, key, &row));
        if (row.data)
            KDB_TRY(visit(self, row, &goes_on));
        KDB_TRY(kdb_ctx_check(exec->ctx));
        if (visited == EXEC_LOOP_ROWS_MAX)
            KDB_TRY(exec_require_worker(exec));
    }
    return KDB_OK;
}

static kdb_status read_hot(struct kdb_exec *exec, const struct kdb_changes *changes,
                           const struct kdb_changes_range *range, kdb_changes_visit visit,
                           void *self)
{
    struct kdb_store_scan *scan;
    if (range->after >= range->up_to)
        return KDB_OK;
    KDB_TRY(open_seq_scan(exec, changes, range, &scan));
    kdb_status status = walk_index(exec, changes, scan, visit, self);
    kdb_store_scan_close(scan);
    return status;
}

// ---- both tiers: through the window ----

static int by_seq(const void *a, const void *b)
{
    const struct kept *left = a;
    const struct kept *right = b;
    return left->seq < right->seq ? -1 : left->seq > right->seq;
}

// Halves the window: keeps the oldest rows of the range, or the newest when it is read backwards.
static void shrink(struct window *window, bool is_reverse)
{
    qsort(window->rows, window->count, sizeof(struct kept), by_seq);
    size_t half = window->count / 2;
    size_t from = is_reverse ? 0 : half;
    size_t to = is_reverse ? half : window->count;
    for (size_t i = from; i < to; i++) {
        window->bytes -= window->rows[i].len;
        kdb_free(window->rows[i].row);
    }
    if (is_reverse) {
        window->after = window->rows[half - 1].seq;
        memmove(window->rows, window->rows + half, (window->count - half) * sizeof(struct kept));
        window->count -= half;
    } else {
        window->up_to = window->rows[half - 1].seq;
        window->count = half;
    }
}

static void keep(struct window *window, kdb_slice row, size_t bytes_max, bool is_reverse)
{
    int64_t seq = kdb_row_seq(row);
    if (seq <= window->after || seq > window->up_to)
        return;
    if (window->count == window->capacity) {
        window->capacity = kdb_grow_capacity(window->capacity, window->count + 1);
        window->rows = kdb_realloc(window->rows, window->capacity * sizeof(struct kept));
    }
    window->rows[window->count++] = (struct kept){seq, kdb_alloc_text(row.data, row.len), row.len};
    window->bytes += row.len;
    if (window->bytes > bytes_max && window->count > 1)
        shrink(window, is_reverse);
}

static kdb_status scan_into(struct kdb_exec *exec, struct row_scan *scan, struct window *window,
                            bool is_reverse)
{
    for (;;) {
        kdb_slice key;
        kdb_slice row;
        bool has_more;
        KDB_TRY(row_scan_next(scan, &key, &row, &has_more));
        if (!has_more)
            return KDB_OK;
        keep(window, row, exec->services->changes_window_bytes, is_reverse);
        KDB_TRY(kdb_ctx_check(exec->ctx));
    }
}

// Fills the window with the rows of the range, or as many of its beginning as fit.
static kdb_status fill_window(struct kdb_exec *exec, struct kdb_changes *changes,
                              const struct kdb_changes_range *range, struct kdb_manifest *manifest)
{
    const struct key_bounds everything = {0};
    const struct kdb_partition_view view = {changes->view.view, manifest};
    const struct row_scan_range rows = {.table = changes->table,
                                        .partition = changes->partition,
                                        .view = &view,
                                        .bounds = &everything};
    struct row_scan *scan;
    struct window *window = &changes->window;
    KDB_TRY(exec_require_worker(exec));
    clear_window(window);
    window->after = range->after;
    window->up_to = range->up_to;
    KDB_TRY(row_scan_open(exec, &rows, &scan));
    kdb_status status = scan_into(exec, scan, window, range->is_reverse);
    row_scan_close(scan);
    if (status != KDB_OK)
        clear_window(window);
    else if (window->count > 0)
        qsort(window->rows, window->count, sizeof(struct kept), by_seq);
    return status;
}

// Visits the rows of the window in the range; *ret_done false: visit said stop.
static kdb_status visit_window(const struct window *window, const struct kdb_changes_range *range,
                               kdb_changes_visit visit, void *self, bool *ret_goes_on)
{
    for (size_t i = 0; i < window->count && *ret_goes_on; i++) {
        const struct kept *row = &window->rows[range->is_reverse ? window->count - 1 - i : i];
        if (row->seq > range->after && row->seq <= range->up_to)
            KDB_TRY(visit(self, kdb_slice_of(row->row, row->len), ret_goes_on));
    }
    return KDB_OK;
}

static bool covers(const struct window *window, const struct kdb_changes_range *range)
{
    if (window->up_to == 0)
        return false;
    if (range->is_reverse)
        return window->after < range->up_to && range->up_to <= window->up_to;
    return window->after <= range->after && range->after < window->up_to;
}

static kdb_status read_both(struct kdb_exec *exec, struct kdb_changes *changes,
                            struct kdb_changes_range range, struct kdb_manifest *manifest,
                            kdb_changes_visit visit, void *self)
{
    const struct window *window = &changes->window;
    bool goes_on = true;
    while (goes_on && range.after < range.up_to) {
        if (!covers(window, &range))
            KDB_TRY(fill_window(exec, changes, &range, manifest));
        KDB_TRY(visit_window(window, &range, visit, self, &goes_on));
        if (range.is_reverse)
            range.up_to = window->after;
        else
            range.after = window->up_to;
    }
    return KDB_OK;
}

kdb_status kdb_changes_read(struct kdb_exec *exec, struct kdb_changes *changes,
                            const struct kdb_changes_range *range, kdb_changes_visit visit,
                            void *self)
{
    struct kdb_changes_range clipped = *range;
    if (clipped.up_to > changes->seq)
        clipped.up_to = changes->seq;
    if (is_stream(changes))
        return read_stream(exec, changes, clipped, visit, self);
    struct kdb_manifest *manifest = NULL;
    if (changes->view.manifest)
        manifest = kdb_manifest_since(changes->view.manifest, clipped.after);
    kdb_status status = manifest ? read_both(exec, changes, clipped, manifest, visit, self)
                                 : read_hot(exec, changes, &clipped, visit, self);
    kdb_manifest_unref(manifest);
    return status;
}

kdb_status kdb_changes_floor(struct kdb_exec *exec, const struct kdb_changes *changes,
                             int64_t *ret_floor)
{
    const struct kdb_table *table = changes->table;
    *ret_floor = 0;
    if (is_stream(changes)) {
        // What was removed, and what is still there although nobody sees it any more.
        int64_t expired;
        KDB_TRY(
            newest_in_stream(exec, changes, exec_first_alive(exec, changes->table) - 1, &expired));
        int64_t removed = atomic_load(&changes->partition->stream_floor_seq);
        *ret_floor = expired > removed ? expired : removed;
    } else if (table->retention_ms != KDB_RETENTION_OFF) {
        *ret_floor = kdb_snowflake_first_of_ms(exec->now_us / 1000 - table->retention_ms);
    }
    return KDB_OK;
}
