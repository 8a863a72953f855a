// SPDX-License-Identifier: Apache-2.0
// Forming one group: expectations against the group and the hot store, writes into one batch.
#include "txn/group_priv.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/id.h"
#include "txn/layout.h"
#include "types/row.h"

void kdb_group_init(struct kdb_group *group, struct kdb_store *store, struct kdb_streams *streams)
{
    *group = (struct kdb_group){.store = store, .batch = kdb_store_batch_open(store)};
    if (streams) {
        group->streams = streams;
        group->events = kdb_store_batch_open(kdb_streams_store(streams));
    }
    kdb_arena_init(&group->arena, 0);
}

void kdb_group_deinit(struct kdb_group *group)
{
    kdb_store_batch_close(group->batch);
    kdb_store_batch_close(group->events);
    kdb_buf_deinit(&group->key);
    kdb_arena_deinit(&group->arena);
}

void kdb_group_clear(struct kdb_group *group)
{
    for (struct kdb_commit_touch *touch = group->touched; touch; touch = touch->next)
        touch->partition->touch = NULL;
    struct kdb_group kept = {.store = group->store,
                             .batch = group->batch,
                             .streams = group->streams,
                             .events = group->events,
                             .key = group->key,
                             .arena = group->arena};
    kdb_store_batch_clear(kept.batch);
    if (kept.events)
        kdb_store_batch_clear(kept.events);
    kdb_arena_reset(&kept.arena);
    *group = kept;
}

// The slot of `key`: the one that holds it, or the free one where it belongs.
static struct kdb_group_key *find_slot(const struct kdb_group *group, kdb_slice key, uint64_t hash)
{
    size_t mask = group->key_capacity - 1;
    size_t at = hash & mask;
    while (group->keys[at].key.data &&
           !(group->keys[at].hash == hash && kdb_slice_equal(group->keys[at].key, key)))
        at = (at + 1) & mask;
    return &group->keys[at];
}

static void note_key(struct kdb_group *group, kdb_slice key, int64_t seq)
{
    if (group->key_count * 2 >= group->key_capacity) {
        struct kdb_group_key *old = group->keys;
        size_t old_capacity = group->key_capacity;
        group->key_capacity = old_capacity ? old_capacity * 2 : 256;
        group->keys =
            kdb_arena_array(&group->arena, group->key_capacity, sizeof(struct kdb_group_key));
        for (size_t i = 0; i < old_capacity; i++) {
            if (old[i].key.data)
                *find_slot(group, old[i].key, old[i].hash) = old[i];
        }
    }
    uint64_t hash = kdb_slice_hash(key);
    struct kdb_group_key *slot = find_slot(group, key, hash);
    if (!slot->key.data) {
        *slot = (struct kdb_group_key){hash, kdb_arena_copy(&group->arena, key), seq};
        group->key_count++;
    }
    slot->seq = seq;
}

static kdb_slice row_key(struct kdb_group *group, const struct kdb_partition *partition,
                         kdb_slice key)
{
    kdb_buf_clear(&group->key);
    kdb_layout_key(&group->key, partition->prefix, KDB_KEYS_ROWS, key);
    return kdb_buf_view(&group->key);
}

// The newest hot version of the key in group->key: its _seq, or 0 when the hot tier does not have
// it.
static kdb_status hot_seq(struct kdb_group *group, struct kdb_ctx *ctx, int64_t *ret_seq)
{
    kdb_slice key = kdb_buf_view(&group->key);
    if (group->key_count > 0) {
        struct kdb_group_key *slot = find_slot(group, key, kdb_slice_hash(key));
        if (slot->key.data) {
            *ret_seq = slot->seq;
            return KDB_OK;
        }
    }
    kdb_slice row;
    const struct kdb_read_at at = {.space = KDB_SPACE_ROWS};
    KDB_TRY(kdb_store_get(group->store, ctx, &at, key, &row, NULL));
    if (row.data && row.len < KDB_ROW_HEADER_BYTES)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored row is damaged");
    *ret_seq = row.data ? kdb_row_seq(row) : 0;
    return KDB_OK;
}

static struct kdb_commit_touch *touch(struct kdb_group *group, struct kdb_partition *partition)
{
    if (!partition->touch) {
        struct kdb_commit_touch *note = KDB_ARENA_NEW(&group->arena, struct kdb_commit_touch);
        note->partition = partition;
        note->next = group->touched;
        group->touched = note;
        partition->touch = note;
    }
    return partition->touch;
}

// ---- the sequence index ----
//
// Its changes wait until the group is complete and are then written in the order of their keys:
// RocksDB inserts beside the last place at a fraction of the cost, and rows and index entries in
// turn would lose that place each time.

static void put_seq_key(struct kdb_group *group, struct kdb_partition *partition, kdb_slice key,
                        int64_t seq)
{
    struct kdb_group_seq entry = {partition, seq, key};
    KDB_PUSH(&group->arena, group->added_seqs, group->added_seq_count, group->added_seq_capacity,
             entry);
}

static void delete_seq_key(struct kdb_group *group, struct kdb_partition *partition, int64_t seq)
{
    // Nobody can expect a version of a group that is still being formed.
    KDB_ASSERT(group->added_seq_count == 0 || seq < group->added_seqs[0].seq);
    struct kdb_group_seq entry = {partition, seq, {0}};
    KDB_PUSH(&group->arena, group->removed_seqs, group->removed_seq_count,
             group->removed_seq_capacity, entry);
}

static int compare_seqs(const void *a, const void *b)
{
    const struct kdb_group_seq *left = a;
    const struct kdb_group_seq *right = b;
    return (left->seq > right->seq) - (left->seq < right->seq);
}

static void write_seq_keys(struct kdb_group *group)
{
    if (group->removed_seq_count > 1)
        qsort(group->removed_seqs, group->removed_seq_count, sizeof(*group->removed_seqs),
              compare_seqs);
    for (size_t i = 0; i < group->removed_seq_count; i++) {
        const struct kdb_group_seq *entry = &group->removed_seqs[i];
        kdb_buf_clear(&group->key);
        kdb_layout_seq_key(&group->key, entry->partition->prefix, entry->seq);
        // A version is written once and replaced or removed once.
        kdb_store_batch_delete_once(group->batch, KDB_SPACE_ROWS, kdb_buf_view(&group->key));
    }
    for (size_t i = 0; i < group->added_seq_count; i++) {
        const struct kdb_group_seq *entry = &group->added_seqs[i];
        kdb_buf_clear(&group->key);
        kdb_layout_seq_key(&group->key, entry->partition->prefix, entry->seq);
        kdb_store_batch_put(group->batch, KDB_SPACE_ROWS, kdb_buf_view(&group->key), entry->key);
    }
}

// ---- rows ----

static void write_op(struct kdb_group *group, struct kdb_partition *partition,
                     const struct kdb_row_op *op, int64_t old_hot_seq, int64_t seq)
{
    kdb_row_set_seq(op->row, seq);
    kdb_slice row = kdb_slice_of(op->row, op->row_len);
    kdb_slice key = row_key(group, partition, op->key);
    note_key(group, key, seq);
    kdb_store_batch_put(group->batch, KDB_SPACE_ROWS, key, row);
    if (old_hot_seq != 0)
        delete_seq_key(group, partition, old_hot_seq);
    put_seq_key(group, partition, op->key, seq);

    struct kdb_commit_touch *note = touch(group, partition);
    note->hot_delta += old_hot_seq == 0;
    note->live_delta += op->live_delta;
    struct kdb_change change = {partition, seq, op->key, row, op->old_row};
    KDB_PUSH(&group->arena, group->changes, group->change_count, group->change_capacity, change);
    group->row_count++;
}

static kdb_status add_rows(struct kdb_group *group, struct kdb_ctx *ctx,
                           struct kdb_commit_request *request, struct kdb_snowflake *sequence)
{
    struct kdb_partition *partition = request->partition;
    bool absence_proves = atomic_load(&partition->removal_epoch) == request->removal_epoch ||
                          atomic_load(&partition->removed_seq) <= request->seen_seq;
    int64_t *old = kdb_arena_array(&group->arena, request->op_count, sizeof(*old));
    for (size_t i = 0; i < request->op_count; i++) {
        (void)row_key(group, partition, request->ops[i].key);
        KDB_TRY(hot_seq(group, ctx, &old[i]));
        bool holds = old[i] == 0 ? absence_proves : old[i] == request->ops[i].expected_seq;
        if (!holds) {
            request->outcome = KDB_COMMIT_CONFLICT;
            return KDB_OK;
        }
    }
    for (size_t i = 0; i < request->op_count; i++) {
        request->seq_last = kdb_snowflake_next(sequence);
        if (i == 0)
            request->seq_first = request->seq_last;
        write_op(group, partition, &request->ops[i], old[i], request->seq_last);
    }
    group->last_seq = request->seq_last;
    request->outcome = KDB_COMMIT_DONE;
    return KDB_OK;
}

// ---- streams ----

static void note_change(struct kdb_group *group, struct kdb_partition *partition, kdb_slice key,
                        const struct kdb_row_op *op)
{
    kdb_slice row = kdb_slice_of(op->row, op->row_len);
    struct kdb_change change = {partition, kdb_row_seq(row), key, row, op->old_row};
    KDB_PUSH(&group->arena, group->changes, group->change_count, group->change_capacity, change);
    group->event_count++;
}

static void add_event(struct kdb_group *group, struct kdb_partition *partition,
                      const struct kdb_row_op *op, int64_t seq, bool is_kept)
{
    struct kdb_buf key = {0};
    kdb_row_set_seq(op->row, seq);
    kdb_slice row = kdb_slice_of(op->row, op->row_len);
    kdb_key_i64(&key, seq);
    kdb_slice own_key = kdb_arena_copy(&group->arena, kdb_buf_view(&key));
    kdb_buf_deinit(&key);
    struct kdb_commit_touch *note = touch(group, partition);
    if (is_kept) {
        kdb_store_batch_put(group->events, KDB_SPACE_ROWS, row_key(group, partition, own_key), row);
        note->stream.rows++;
        note->stream.bytes += kdb_streams_cost(row);
        if (note->stream.first_seq == 0)
            note->stream.first_seq = seq;
    } else {
        kdb_partition_raise_floor(partition, seq);
    }
    note_change(group, partition, own_key, op);
}

// Whether the row with the key in group->key is there, earlier requests of the group considered.
static kdb_status has_event(struct kdb_group *group, struct kdb_ctx *ctx, bool *ret)
{
    kdb_slice key = kdb_buf_view(&group->key);
    *ret = false;
    if (group->key_count > 0 && find_slot(group, key, kdb_slice_hash(key))->key.data)
        return KDB_OK; // removed by this group
    kdb_slice row;
    const struct kdb_read_at at = {.space = KDB_SPACE_ROWS};
    KDB_TRY(kdb_store_get(kdb_streams_store(group->streams), ctx, &at, key, &row, NULL));
    *ret = row.data != NULL;
    return KDB_OK;
}

static void remove_event(struct kdb_group *group, struct kdb_partition *partition,
                         const struct kdb_row_op *op, int64_t seq)
{
    kdb_slice key = kdb_buf_view(&group->key);
    note_key(group, key, 0);
    kdb_store_batch_delete(group->events, KDB_SPACE_ROWS, key);
    kdb_row_set_seq(op->row, seq);
    struct kdb_commit_touch *note = touch(group, partition);
    note->stream.rows--;
    note->stream.bytes -= kdb_streams_cost(op->old_row);
    kdb_partition_raise_floor(partition, seq); // nothing is left to tell of it later
    note_change(group, partition, op->key, op);
}

// Nothing can get in the way: no insert has a key that another one could have, and a row that is
// gone meanwhile is one fewer to delete.
static kdb_status add_events(struct kdb_group *group, struct kdb_ctx *ctx,
                             struct kdb_commit_request *request, struct kdb_snowflake *sequence)
{
    struct kdb_partition *partition = request->partition;
    KDB_ASSERT(group->streams != NULL);
    bool is_kept =
        !atomic_load(&partition->is_ephemeral) || atomic_load(&partition->subscriptions) > 0;
    for (size_t i = 0; i < request->op_count; i++) {
        const struct kdb_row_op *op = &request->ops[i];
        bool is_delete = kdb_row_is_deleted(kdb_slice_of(op->row, op->row_len));
        if (is_delete) {
            bool is_there;
            (void)row_key(group, partition, op->key);
            KDB_TRY(has_event(group, ctx, &is_there));
            if (!is_there)
                continue;
        }
        request->seq_last = kdb_snowflake_next(sequence);
        if (request->seq_first == 0)
            request->seq_first = request->seq_last;
        group->last_seq = request->seq_last;
        if (is_delete)
            remove_event(group, partition, op, request->seq_last);
        else
            add_event(group, partition, op, request->seq_last, is_kept);
        request->removed += is_delete;
    }
    request->outcome = KDB_COMMIT_DONE;
    return KDB_OK;
}

// ---- removing flushed rows ----

// How many rows a removal steps over before it jumps to the key it looks for.
#define STEPS_MAX 8

// So many rows without another one between them leave as one range: a deletion of each costs the
// committer more than the whole rest of a flush, but every read beside a range consults it.
#define RANGE_ROWS_MIN 512

struct hot_walk {
    struct kdb_store_scan *scan;
    kdb_slice key; // full key of the row the walk is at
    kdb_slice row;
    bool has_row;
};

// Rows to remove that follow each other in the hot tier as in the request.
struct removal_run {
    const struct kdb_row_op *ops;
    size_t count;
};

// The end of a range of rows whose last key is `key`.
static void put_end_behind(struct kdb_buf *end, const struct kdb_partition *partition,
                           kdb_slice key)
{
    kdb_layout_key(end, partition->prefix, KDB_KEYS_ROWS, key);
    kdb_buf_put(end, '\0');
}

// The hot rows from the first to the last key of a removal, in the order of its ops: far cheaper
// than asking for each.
static kdb_status open_walk(struct kdb_group *group, struct kdb_ctx *ctx,
                            const struct kdb_commit_request *request, struct hot_walk *walk)
{
    struct kdb_buf end = {0};
    put_end_behind(&end, request->partition, request->ops[request->op_count - 1].key);
    const struct kdb_scan_range range = {
        .space = KDB_SPACE_ROWS,
        .first = row_key(group, request->partition, request->ops[0].key),
        .end = kdb_buf_view(&end),
        .tier = KDB_READ_ANY};
    kdb_status status = kdb_store_scan_open(group->store, ctx, NULL, &range, &walk->scan);
    kdb_buf_deinit(&end);
    KDB_TRY(status);
    status = kdb_store_scan_next(walk->scan, ctx, &walk->key, &walk->row, &walk->has_row);
    if (status != KDB_OK)
        kdb_store_scan_close(walk->scan);
    return status;
}

static kdb_status walk_on(struct hot_walk *walk, struct kdb_ctx *ctx)
{
    return kdb_store_scan_next(walk->scan, ctx, &walk->key, &walk->row, &walk->has_row);
}

// The newest hot version of `key`: its _seq, or 0 when it is not there. The walk is behind it
// afterwards. *ret_skipped: there were other rows before it.
static kdb_status walk_to(struct hot_walk *walk, struct kdb_ctx *ctx, kdb_slice key,
                          int64_t *ret_seq, bool *ret_skipped)
{
    int steps = 0;
    for (; walk->has_row && kdb_slice_compare(walk->key, key) < 0; steps++) {
        if (steps == STEPS_MAX)
            kdb_store_scan_seek(walk->scan, key);
        KDB_TRY(walk_on(walk, ctx));
    }
    *ret_skipped = steps > 0;
    *ret_seq = 0;
    if (!walk->has_row || !kdb_slice_equal(walk->key, key))
        return KDB_OK;
    if (walk->row.len < KDB_ROW_HEADER_BYTES)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored row is damaged");
    *ret_seq = kdb_row_seq(walk->row);
    return walk_on(walk, ctx);
}

static void delete_range(struct kdb_group *group, const struct kdb_partition *partition,
                         const struct removal_run *run)
{
    struct kdb_buf end = {0};
    put_end_behind(&end, partition, run->ops[run->count - 1].key);
    kdb_store_batch_delete_range(group->batch, KDB_SPACE_ROWS,
                                 row_key(group, partition, run->ops[0].key), kdb_buf_view(&end));
    kdb_buf_deinit(&end);
}

// Writes the deletions of a run and begins the next.
static void end_run(struct kdb_group *group, const struct kdb_partition *partition,
                    struct removal_run *run)
{
    if (run->count >= RANGE_ROWS_MIN) {
        delete_range(group, partition, run);
    } else {
        for (size_t i = 0; i < run->count; i++)
            kdb_store_batch_delete(group->batch, KDB_SPACE_ROWS,
                                   row_key(group, partition, run->ops[i].key));
    }
    run->count = 0;
}

// *ret_newest: of the versions removed, 0 when there was none.
static kdb_status remove_ops(struct kdb_group *group, struct kdb_ctx *ctx,
                             struct kdb_commit_request *request, struct hot_walk *walk,
                             int64_t *ret_newest)
{
    struct kdb_partition *partition = request->partition;
    struct removal_run run = {0};
    for (size_t i = 0; i < request->op_count; i++) {
        const struct kdb_row_op *op = &request->ops[i];
        KDB_ASSERT(i == 0 || kdb_slice_compare(op[-1].key, op->key) < 0);
        int64_t seq;
        bool has_skipped;
        KDB_TRY(walk_to(walk, ctx, row_key(group, partition, op->key), &seq, &has_skipped));
        bool is_removed = seq != 0 && seq == op->expected_seq;
        if (has_skipped || !is_removed)
            end_run(group, partition, &run);
        if (!is_removed)
            continue;
        if (run.count++ == 0)
            run.ops = op;
        if (request->index == KDB_INDEX_EACH)
            delete_seq_key(group, partition, seq);
        request->removed++;
        if (seq > *ret_newest)
            *ret_newest = seq;
    }
    end_run(group, partition, &run);
    return KDB_OK;
}

// The entries of the sequence index up to a _seq.
static void remove_index(struct kdb_group *group, const struct kdb_partition *partition,
                         int64_t up_to)
{
    struct kdb_buf first = {0};
    kdb_layout_seq_key(&first, partition->prefix, 0);
    kdb_buf_clear(&group->key);
    kdb_layout_seq_key(&group->key, partition->prefix, up_to + 1);
    kdb_store_batch_delete_range(group->batch, KDB_SPACE_ROWS, kdb_buf_view(&first),
                                 kdb_buf_view(&group->key));
    kdb_buf_deinit(&first);
    group->removes_index = true;
}

static kdb_status add_removal(struct kdb_group *group, struct kdb_ctx *ctx,
                              struct kdb_commit_request *request)
{
    request->removed = 0;
    int64_t newest = 0;
    if (request->op_count > 0) {
        struct hot_walk walk;
        KDB_TRY(open_walk(group, ctx, request, &walk));
        kdb_status status = remove_ops(group, ctx, request, &walk, &newest);
        kdb_store_scan_close(walk.scan);
        KDB_TRY(status);
    }
    if (request->index == KDB_INDEX_UP_TO)
        remove_index(group, request->partition, request->index_up_to);
    struct kdb_commit_touch *note = touch(group, request->partition);
    note->removed_seq = newest;
    note->hot_delta -= request->removed;
    note->is_removal = true;
    note->removal_flush_ms = request->removal_flush_ms;
    note->index = request->index;
    group->removed_count += (size_t)request->removed;
    request->outcome = KDB_COMMIT_DONE;
    return KDB_OK;
}

// ---- any request ----

kdb_status kdb_group_add(struct kdb_group *group, struct kdb_ctx *ctx,
                         struct kdb_commit_request *request, struct kdb_snowflake *sequence)
{
    if (atomic_load(&request->partition->is_dropped))
        return kdb_fail(ctx, KDB_ERR_TABLE_NOT_FOUND, "the table was dropped");
    if (kdb_partition_is_stream(request->partition))
        KDB_TRY(add_events(group, ctx, request, sequence));
    else if (request->is_removal)
        KDB_TRY(add_removal(group, ctx, request));
    else
        KDB_TRY(add_rows(group, ctx, request, sequence));
    if (request->outcome == KDB_COMMIT_DONE)
        KDB_PUSH(&group->arena, group->accepted, group->accepted_count, group->accepted_capacity,
                 request);
    return KDB_OK;
}

static void count_after(struct kdb_commit_touch *note, int64_t now_ms)
{
    struct kdb_partition *partition = note->partition;
    struct kdb_partition_counters *after = &note->after;
    after->hot_rows = atomic_load(&partition->hot_rows) + note->hot_delta;
    after->live_rows = atomic_load(&partition->live_rows) + note->live_delta;
    after->oldest_hot_ms = atomic_load(&partition->oldest_hot_ms);
    after->last_flush_ms = atomic_load(&partition->last_flush_ms);
    if (note->is_removal) {
        // What is left was written after the flush looked.
        after->oldest_hot_ms = note->removal_flush_ms;
        after->last_flush_ms = note->removal_flush_ms;
    }
    if (after->hot_rows <= 0)
        after->oldest_hot_ms = 0;
    else if (after->oldest_hot_ms == 0)
        after->oldest_hot_ms = now_ms;
}

bool kdb_group_is_durable(const struct kdb_group *group)
{
    return group->row_count > 0 || group->removed_count > 0 || group->removes_index;
}

void kdb_group_finish(struct kdb_group *group)
{
    write_seq_keys(group);
    int64_t now_ms = kdb_snowflake_ms(group->last_seq);
    struct kdb_buf value = {0};
    for (struct kdb_commit_touch *note = group->touched; note; note = note->next) {
        kdb_partition_begin_change(note->partition);
        if (kdb_partition_is_stream(note->partition))
            continue;
        count_after(note, now_ms);
        kdb_buf_clear(&group->key);
        kdb_layout_meta_key(&group->key, KDB_META_COUNTERS, note->partition->prefix);
        kdb_buf_clear(&value);
        kdb_partition_counters_write(&note->after, &value);
        kdb_store_batch_put(group->batch, KDB_SPACE_META, kdb_buf_view(&group->key),
                            kdb_buf_view(&value));
    }
    kdb_buf_deinit(&value);
}

void kdb_group_abandon(struct kdb_group *group)
{
    for (struct kdb_commit_touch *note = group->touched; note; note = note->next)
        kdb_partition_end_change(note->partition);
}

static void publish_partition(const struct kdb_commit_touch *note,
                              const struct kdb_committer_options *options)
{
    struct kdb_partition *partition = note->partition;
    atomic_store(&partition->hot_rows, note->after.hot_rows);
    atomic_store(&partition->live_rows, note->after.live_rows);
    atomic_store(&partition->oldest_hot_ms, note->after.oldest_hot_ms);
    atomic_store(&partition->last_flush_ms, note->after.last_flush_ms);
    if (note->is_removal)
        atomic_fetch_add(&partition->removal_epoch, 1);
    if (note->index != KDB_INDEX_EACH)
        atomic_store(&partition->has_stale_index, note->index == KDB_INDEX_LATER);
    if (note->removed_seq > atomic_load(&partition->removed_seq))
        atomic_store(&partition->removed_seq, note->removed_seq);
    kdb_partition_end_change(partition);
    if (!options->flush_due)
        return;
    uint32_t rows = atomic_load(&partition->flush_rows);
    bool is_full = rows > 0 && note->after.hot_rows >= (int64_t)rows;
    bool begins_to_wait = atomic_load(&partition->flush_interval_seconds) > 0 &&
                          note->after.hot_rows == note->hot_delta && note->hot_delta > 0;
    if (is_full || begins_to_wait)
        options->flush_due(options->flush_self, partition);
}

void kdb_group_publish(struct kdb_group *group, const struct kdb_committer_options *options)
{
    int64_t now_ms = kdb_clock_now_ms(options->clock);
    if (group->event_count > 0)
        kdb_streams_apply(group->streams, group->events);
    for (struct kdb_commit_touch *note = group->touched; note; note = note->next) {
        if (kdb_partition_is_stream(note->partition)) {
            kdb_streams_changed(group->streams, note->partition, &note->stream, now_ms);
            kdb_partition_end_change(note->partition);
        } else {
            publish_partition(note, options);
        }
    }
}

void kdb_group_tell(struct kdb_group *group, const struct kdb_committer_options *options)
{
    if (options->sink && group->change_count > 0)
        options->sink->committed(options->sink->self, group->changes, group->change_count);
}
