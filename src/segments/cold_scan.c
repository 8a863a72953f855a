// SPDX-License-Identifier: Apache-2.0
// A walk over cold rows in key order: the segments merged by key, one row group of each in memory,
// loaded when its turn comes.
//
// The cursors lie in a heap with the one that is next in front. A cursor whose row group is not
// loaded stands at a bound of it: no key of the group comes before that. Only when such a cursor
// gets to the front its group is read, so a walk that ends early reads little. Of several versions
// of a key the newest comes first; the others are stepped over.
#include "base/assert.h"
#include "segments/cold_priv.h"
#include "segments/segment_priv.h"
#include "types/row.h"

// Where the walk is in one segment.
struct cursor {
    const struct kdb_segment *segment;
    struct block *block; // NULL: stands at the bound of `group`
    uint32_t group;
    uint32_t index;  // in the block
    kdb_slice key;   // of the row, or the bound
    bool is_outside; // a bound that is itself not a key any more (the end of a reverse range)
};

struct kdb_cold_scan {
    struct kdb_cold_reader reader;
    kdb_slice first; // copies
    kdb_slice end;
    bool is_reverse;
    struct cursor *cursors; // a heap
    uint32_t count;
    bool has_given;       // the front row was given out: step over it first
    struct kdb_buf given; // its key, while other cursors may have it too
};

// ---- order ----

static int64_t seq_of(const struct cursor *cursor)
{
    return kdb_row_seq(block_row(cursor->block, cursor->index));
}

// Whether `a` is next before `b`. At one key: what is not loaded yet (it may be that key), then the
// newest version; an exclusive bound is behind the key.
static bool is_before(const struct kdb_cold_scan *scan, const struct cursor *a,
                      const struct cursor *b)
{
    int order = kdb_slice_compare(a->key, b->key);
    if (order != 0)
        return scan->is_reverse ? order > 0 : order < 0;
    if (a->is_outside || b->is_outside)
        return !a->is_outside;
    if (!a->block || !b->block)
        return !a->block;
    return seq_of(a) > seq_of(b);
}

static void sift_down(struct kdb_cold_scan *scan, uint32_t at)
{
    for (;;) {
        uint32_t next = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < scan->count; child++) {
            if (is_before(scan, &scan->cursors[child], &scan->cursors[next]))
                next = child;
        }
        if (next == at)
            return;
        struct cursor moved = scan->cursors[at];
        scan->cursors[at] = scan->cursors[next];
        scan->cursors[next] = moved;
        at = next;
    }
}

// The front cursor has nothing more.
static void remove_front(struct kdb_cold_scan *scan)
{
    cache_block_unref(scan->cursors[0].block);
    scan->cursors[0] = scan->cursors[--scan->count];
    sift_down(scan, 0);
}

// ---- one segment ----

// Puts the cursor at the bound of a group. False when the group is outside the range.
static bool aim(const struct kdb_cold_scan *scan, struct cursor *cursor, uint32_t group)
{
    const struct kdb_segment *segment = cursor->segment;
    kdb_slice first_key = segment->group_first_key[group];
    cache_block_unref(cursor->block);
    cursor->block = NULL;
    cursor->group = group;
    cursor->is_outside = false;
    if (!scan->is_reverse) {
        cursor->key = first_key;
        if (scan->first.data && kdb_slice_compare(first_key, scan->first) < 0)
            cursor->key = scan->first;
        return !scan->end.data || kdb_slice_compare(first_key, scan->end) < 0;
    }
    bool is_last = group + 1 == segment->group_count;
    cursor->key = is_last ? segment->max_key : segment->group_first_key[group + 1];
    cursor->is_outside = !is_last;
    if (scan->end.data && kdb_slice_compare(cursor->key, scan->end) >= 0) {
        cursor->key = scan->end;
        cursor->is_outside = true;
    }
    return true;
}

// Whether the cursor's row lies in the range; moves beyond it never come back.
static bool is_in_range(const struct kdb_cold_scan *scan, const struct cursor *cursor)
{
    if (scan->is_reverse)
        return !scan->first.data || kdb_slice_compare(cursor->key, scan->first) >= 0;
    return !scan->end.data || kdb_slice_compare(cursor->key, scan->end) < 0;
}

// Goes to the neighbouring group. False at the end of the segment or the range.
static bool next_group(const struct kdb_cold_scan *scan, struct cursor *cursor)
{
    if (scan->is_reverse) {
        bool is_done =
            cursor->group == 0 ||
            (scan->first.data &&
             kdb_slice_compare(cursor->segment->group_first_key[cursor->group], scan->first) <= 0);
        return !is_done && aim(scan, cursor, cursor->group - 1);
    }
    return cursor->group + 1 < cursor->segment->group_count && aim(scan, cursor, cursor->group + 1);
}

// Takes the row at `index` of the loaded block. False when it is outside the range.
static bool take_row(const struct kdb_cold_scan *scan, struct cursor *cursor, uint32_t index)
{
    cursor->index = index;
    cursor->key = block_key(cursor->block, index);
    return is_in_range(scan, cursor);
}

// Steps to the next row of the loaded block, or to the bound of the next group.
static bool step(const struct kdb_cold_scan *scan, struct cursor *cursor)
{
    if (scan->is_reverse ? cursor->index == 0 : cursor->index + 1 == cursor->block->row_count)
        return next_group(scan, cursor);
    return take_row(scan, cursor, scan->is_reverse ? cursor->index - 1 : cursor->index + 1);
}

// Reads the group the cursor stands at and goes to its first row in the range.
static kdb_status load_group(struct kdb_cold_scan *scan, struct kdb_ctx *ctx, struct cursor *cursor,
                             bool *ret_more)
{
    KDB_TRY(kdb_ctx_check(ctx));
    const kdb_slice bound = cursor->key;
    KDB_TRY(cold_block(&scan->reader, ctx, cursor->segment, cursor->group, &cursor->block));
    uint32_t index = cache_block_lower_bound(cursor->block, bound);
    if (scan->is_reverse) {
        bool is_key = index < cursor->block->row_count && !cursor->is_outside &&
                      kdb_slice_equal(block_key(cursor->block, index), bound);
        cursor->is_outside = false;
        if (is_key)
            *ret_more = take_row(scan, cursor, index);
        else if (index > 0)
            *ret_more = take_row(scan, cursor, index - 1);
        else
            *ret_more = next_group(scan, cursor);
        return KDB_OK;
    }
    if (index < cursor->block->row_count)
        *ret_more = take_row(scan, cursor, index);
    else
        *ret_more = next_group(scan, cursor);
    return KDB_OK;
}

// ---- opening ----

static uint32_t first_group(const struct kdb_cold_scan *scan, const struct kdb_segment *segment)
{
    if (!scan->is_reverse)
        return scan->first.data ? cold_group_of(segment, scan->first) : 0;
    return scan->end.data ? cold_group_of(segment, scan->end) : segment->group_count - 1;
}

static void add_cursors(struct kdb_cold_scan *scan, struct kdb_segment *const *segments,
                        const bool *is_left_out, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (is_left_out[i])
            continue;
        struct cursor *cursor = &scan->cursors[scan->count];
        *cursor = (struct cursor){.segment = segments[i]};
        scan->count += aim(scan, cursor, first_group(scan, segments[i]));
    }
    for (uint32_t i = scan->count; i > 0; i--)
        sift_down(scan, i - 1);
}

kdb_status kdb_cold_scan_open(const struct kdb_cold_reader *reader, struct kdb_ctx *ctx,
                              const struct kdb_cold_range *range, struct kdb_cold_scan **ret_scan)
{
    struct kdb_arena *arena = &ctx->arena;
    const struct kdb_manifest *manifest = reader->manifest;
    struct kdb_cold_scan *scan = KDB_ARENA_NEW(arena, struct kdb_cold_scan);
    scan->reader = *reader;
    scan->is_reverse = range->is_reverse;
    if (range->first.data)
        scan->first = kdb_arena_copy(arena, range->first);
    if (range->end.data)
        scan->end = kdb_arena_copy(arena, range->end);
    struct kdb_segment **near = kdb_arena_array(arena, manifest->segment_count, sizeof(*near));
    uint32_t count = 0;
    for (uint32_t i = 0; i < manifest->segment_count; i++) {
        if (segment_meets(manifest->segments[i], scan->first, scan->end))
            near[count++] = manifest->segments[i];
    }
    bool *flags = kdb_arena_array(arena, count, sizeof(*flags));
    (void)segment_find_overlaps(near, count, scan->first, scan->end, flags);
    const struct kdb_segment_skip *skip = range->skip;
    for (uint32_t i = 0; i < count; i++)
        flags[i] = !flags[i] && skip && skip->skips && skip->skips(skip->self, near[i]);
    scan->cursors = kdb_arena_array(arena, count, sizeof(*scan->cursors));
    add_cursors(scan, near, flags, count);
    *ret_scan = scan;
    return KDB_OK;
}

// ---- walking ----

// Moves the front cursor, which was read, to its next row.
static void step_front(struct kdb_cold_scan *scan)
{
    if (step(scan, &scan->cursors[0]))
        sift_down(scan, 0);
    else
        remove_front(scan);
}

// Loads groups until the front cursor stands at a row of a key that was not given out yet.
static kdb_status settle(struct kdb_cold_scan *scan, struct kdb_ctx *ctx)
{
    while (scan->count > 0) {
        struct cursor *front = &scan->cursors[0];
        if (front->block) {
            if (scan->given.len == 0 || !kdb_slice_equal(front->key, kdb_buf_view(&scan->given)))
                return KDB_OK;
            step_front(scan); // an older version
            continue;
        }
        bool has_more;
        KDB_TRY(load_group(scan, ctx, front, &has_more));
        if (has_more)
            sift_down(scan, 0);
        else
            remove_front(scan);
    }
    return KDB_OK;
}

kdb_status kdb_cold_scan_next(struct kdb_cold_scan *scan, struct kdb_ctx *ctx, kdb_slice *ret_key,
                              kdb_slice *ret_row, bool *ret_more)
{
    if (scan->has_given) {
        scan->has_given = false;
        kdb_buf_clear(&scan->given);
        if (scan->count > 1) // the key lies in a block that may go
            kdb_buf_slice(&scan->given, scan->cursors[0].key);
        step_front(scan);
    }
    KDB_TRY(settle(scan, ctx));
    *ret_more = scan->count > 0;
    if (scan->count == 0)
        return KDB_OK;
    scan->has_given = true;
    *ret_key = scan->cursors[0].key;
    *ret_row = block_row(scan->cursors[0].block, scan->cursors[0].index);
    return KDB_OK;
}

void kdb_cold_scan_close(struct kdb_cold_scan *scan)
{
    if (!scan)
        return;
    for (uint32_t i = 0; i < scan->count; i++)
        cache_block_unref(scan->cursors[i].block);
    scan->count = 0;
    kdb_buf_deinit(&scan->given);
}
