// SPDX-License-Identifier: Apache-2.0
// The committer: expectations, sequence, counters, removals, drops, and many writers at once.
#include "txn/commit.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/id.h"
#include "lib/key_count.h"
#include "lib/test.h"
#include "txn/layout.h"
#include "types/row.h"

struct fixture {
    struct kdb_ctx ctx;
    struct kdb_store *store;
    struct kdb_partition_registry *partitions;
    struct kdb_committer *committer;
    struct kdb_partition *partition;
    struct kdb_schema schema;
    struct kdb_column columns[1];
    struct kdb_partition *due; // last partition reported as due
    int64_t seq_when_due;      // kdb_committer_last_seq at that time
};

static void manifest_unref(struct kdb_manifest *manifest)
{
    (void)manifest;
}

static void note_due(void *self, struct kdb_partition *partition)
{
    struct fixture *f = self;
    f->due = partition;
    f->seq_when_due = kdb_committer_last_seq(f->committer);
}

static void open_committer(struct fixture *f)
{
    const struct kdb_committer_options options = {.store = f->store,
                                                  .clock = kdb_clock_system(),
                                                  .worker_id = 1,
                                                  .flush_due = note_due,
                                                  .flush_self = f};
    assert_int_equal(kdb_committer_open(&options, &f->ctx, &f->committer), KDB_OK);
}

static int setup(void **state)
{
    static const struct kdb_partition_hooks hooks = {manifest_unref};
    struct fixture *f = kdb_alloc(sizeof(*f));
    kdb_ctx_init(&f->ctx, 0);
    assert_int_equal(kdb_store_mem_open(&f->ctx, &f->store), KDB_OK);
    f->partitions = kdb_partition_registry_create(f->store, &hooks);
    open_committer(f);
    assert_int_equal(
        kdb_partition_open(f->partitions, &f->ctx, 7, KDB_LIT("ann"), KDB_READ_ANY, &f->partition),
        KDB_OK);
    f->columns[0] =
        (struct kdb_column){.id = 1, .name = KDB_LIT("id"), .type = KDB_TYPE(KDB_BIGINT)};
    f->schema = (struct kdb_schema){.version = 1, .column_count = 1, .columns = f->columns};
    kdb_schema_finish(&f->schema, &f->ctx.arena);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kdb_committer_close(f->committer);
    kdb_partition_unref(f->partition);
    kdb_partition_registry_destroy(f->partitions);
    kdb_store_close(f->store);
    kdb_ctx_deinit(&f->ctx);
    kdb_free(f);
    return 0;
}

// An operation on key `id` in the fixture's arena.
static struct kdb_row_op op_of(struct fixture *f, int64_t id, int64_t expected_seq, int live_delta)
{
    struct kdb_buf key = {0};
    struct kdb_buf row = {0};
    kdb_value value = kdb_value_int(KDB_BIGINT, id);
    assert_int_equal(kdb_key_value(&key, &f->ctx, &value), KDB_OK);
    assert_int_equal(kdb_row_encode(&f->schema, &f->ctx, &value, 0, live_delta < 0, &row), KDB_OK);
    struct kdb_row_op op = {.key = kdb_arena_copy(&f->ctx.arena, kdb_buf_view(&key)),
                            .row_len = row.len,
                            .expected_seq = expected_seq,
                            .live_delta = (int8_t)live_delta};
    op.row = kdb_arena_alloc(&f->ctx.arena, row.len);
    memcpy(op.row, row.data, row.len);
    kdb_buf_deinit(&key);
    kdb_buf_deinit(&row);
    return op;
}

static struct kdb_commit_request write_of(struct fixture *f, struct kdb_row_op *ops, size_t count)
{
    return (struct kdb_commit_request){.partition = f->partition,
                                       .removal_epoch = atomic_load(&f->partition->removal_epoch),
                                       .seen_seq = kdb_committer_last_seq(f->committer),
                                       .ops = ops,
                                       .op_count = count};
}

// Writes one key and gives its _seq; 0 on a conflict.
static int64_t put(struct fixture *f, int64_t id, int64_t expected_seq, int live_delta)
{
    struct kdb_row_op op = op_of(f, id, expected_seq, live_delta);
    struct kdb_commit_request request = write_of(f, &op, 1);
    kdb_commit_wait(f->committer, &request);
    return request.outcome == KDB_COMMIT_DONE ? request.seq_first : 0;
}

static kdb_slice stored(struct fixture *f, int64_t id)
{
    struct kdb_buf key = {0};
    kdb_value value = kdb_value_int(KDB_BIGINT, id);
    kdb_buf_slice(&key, f->partition->prefix);
    kdb_buf_put(&key, KDB_KEYS_ROWS);
    assert_int_equal(kdb_key_value(&key, &f->ctx, &value), KDB_OK);
    kdb_slice row;
    const struct kdb_read_at at = {.space = KDB_SPACE_ROWS};
    assert_int_equal(kdb_store_get(f->store, &f->ctx, &at, kdb_buf_view(&key), &row, NULL), KDB_OK);
    kdb_buf_deinit(&key);
    return row;
}

// Entries of the sequence index, which must be one per hot key.
static size_t sequence_entries(struct fixture *f)
{
    struct kdb_buf first = {0};
    struct kdb_buf end = {0};
    kdb_layout_key(&first, f->partition->prefix, KDB_KEYS_SEQ, KDB_LIT(""));
    kdb_layout_key(&end, f->partition->prefix, KDB_KEYS_END, KDB_LIT(""));
    const struct kdb_scan_range range = {
        .space = KDB_SPACE_ROWS, .first = kdb_buf_view(&first), .end = kdb_buf_view(&end)};
    size_t count = kdb_test_count_keys(f->store, &f->ctx, &range);
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&end);
    return count;
}

static void test_insert_sets_seq_in_the_row(void **state)
{
    struct fixture *f = *state;
    int64_t seq = put(f, 1, 0, 1);
    assert_true(seq > 0);
    assert_int_equal(kdb_row_seq(stored(f, 1)), seq);
    assert_int_equal(kdb_committer_last_seq(f->committer), seq);
    assert_int_equal(atomic_load(&f->partition->hot_rows), 1);
    assert_int_equal(atomic_load(&f->partition->live_rows), 1);
}

static void test_wrong_expectation_writes_nothing(void **state)
{
    struct fixture *f = *state;
    int64_t first = put(f, 1, 0, 1);
    assert_int_equal(put(f, 1, 0, 1), 0);         // believed absent
    assert_int_equal(put(f, 1, first - 1, 0), 0); // believed older
    assert_int_equal(kdb_row_seq(stored(f, 1)), first);
    int64_t second = put(f, 1, first, 0);
    assert_true(second > first);
    assert_int_equal(put(f, 1, first, 0), 0); // lost update
    assert_int_equal(sequence_entries(f), 1);
}

static void test_a_request_is_all_or_nothing(void **state)
{
    struct fixture *f = *state;
    assert_true(put(f, 5, 0, 1) > 0);
    struct kdb_row_op ops[2] = {op_of(f, 4, 0, 1), op_of(f, 5, 0, 1)};
    struct kdb_commit_request request = write_of(f, ops, 2);
    kdb_commit_wait(f->committer, &request);
    assert_int_equal(request.outcome, KDB_COMMIT_CONFLICT);
    assert_null(stored(f, 4).data);
    assert_int_equal(atomic_load(&f->partition->live_rows), 1);
}

static void count_done(struct kdb_commit_request *request)
{
    atomic_int *done = request->owner;
    if (request->outcome == KDB_COMMIT_DONE)
        atomic_fetch_add(done, 1);
}

static void test_requests_of_one_group_see_each_other(void **state)
{
    enum { COUNT = 64 };
    struct fixture *f = *state;
    struct kdb_row_op ops[COUNT];
    struct kdb_commit_request requests[COUNT];
    atomic_int done = 0;
    // Sent as one list: whatever groups form of it, only the first may insert the key.
    for (int i = 0; i < COUNT; i++) {
        ops[i] = op_of(f, 9, 0, 1);
        requests[i] = write_of(f, &ops[i], 1);
        requests[i].done = count_done;
        requests[i].owner = &done;
        requests[i].next = i + 1 < COUNT ? &requests[i + 1] : NULL;
    }
    kdb_commit_send(f->committer, &requests[0]);
    assert_true(put(f, 10, 0, 1) > 0); // applied behind them
    assert_int_equal(done, 1);
    assert_int_equal(atomic_load(&f->partition->live_rows), 2);
}

static void test_delete_keeps_a_hot_tombstone(void **state)
{
    struct fixture *f = *state;
    int64_t seq = put(f, 1, 0, 1);
    int64_t deleted = put(f, 1, seq, -1);
    assert_true(deleted > seq);
    assert_true(kdb_row_is_deleted(stored(f, 1)));
    assert_int_equal(atomic_load(&f->partition->hot_rows), 1);
    assert_int_equal(atomic_load(&f->partition->live_rows), 0);
    assert_true(put(f, 1, deleted, 1) > deleted); // reinsert over it
    assert_int_equal(atomic_load(&f->partition->live_rows), 1);
}

static int64_t remove_key(struct fixture *f, int64_t id, int64_t seq)
{
    struct kdb_row_op op = op_of(f, id, seq, 0);
    op.row = NULL;
    struct kdb_commit_request request = {.partition = f->partition,
                                         .ops = &op,
                                         .op_count = 1,
                                         .is_removal = true,
                                         .removal_flush_ms = 1234};
    kdb_commit_wait(f->committer, &request);
    assert_int_equal(request.outcome, KDB_COMMIT_DONE);
    return request.removed;
}

static void test_removal_leaves_newer_versions_alone(void **state)
{
    struct fixture *f = *state;
    int64_t first = put(f, 1, 0, 1);
    int64_t second = put(f, 1, first, 0);
    assert_int_equal(remove_key(f, 1, first), 0);
    assert_int_equal(kdb_row_seq(stored(f, 1)), second);
    assert_int_equal(remove_key(f, 1, second), 1);
    assert_null(stored(f, 1).data);
    assert_int_equal(atomic_load(&f->partition->hot_rows), 0);
    assert_int_equal(atomic_load(&f->partition->live_rows), 1);
    assert_int_equal(atomic_load(&f->partition->oldest_hot_ms), 0);
    assert_int_equal(sequence_entries(f), 0);
}

// Rows written since the flush looked lie between those it removes: next to them one, between 30
// and 50 more than a removal steps over.
static void test_removal_finds_its_rows_among_others(void **state)
{
    struct fixture *f = *state;
    enum { ROWS = 60 };
    int64_t seqs[ROWS];
    for (int64_t i = 0; i < ROWS; i++)
        seqs[i] = put(f, i, 0, 1);
    static const int64_t ids[] = {2, 3, 5, 30, 50, 58, 70};
    enum { OPS = sizeof(ids) / sizeof(ids[0]) };
    int64_t newer = put(f, 58, seqs[58], 0);
    struct kdb_row_op ops[OPS];
    for (size_t i = 0; i < OPS; i++) {
        ops[i] = op_of(f, ids[i], ids[i] < ROWS ? seqs[ids[i]] : 1, 0);
        ops[i].row = NULL;
    }
    struct kdb_commit_request request = {
        .partition = f->partition, .ops = ops, .op_count = OPS, .is_removal = true};
    kdb_commit_wait(f->committer, &request);
    assert_int_equal(request.outcome, KDB_COMMIT_DONE);
    assert_int_equal(request.removed, 5);
    for (int64_t i = 0; i < ROWS; i++) {
        bool is_gone = i == 2 || i == 3 || i == 5 || i == 30 || i == 50;
        assert_int_equal(stored(f, i).data == NULL, is_gone);
    }
    assert_int_equal(kdb_row_seq(stored(f, 58)), newer);
    assert_int_equal(atomic_load(&f->partition->hot_rows), ROWS - 5);
    assert_int_equal(sequence_entries(f), ROWS - 5);
}

// So many rows that some leave as a range: between them one written since the flush looked, and one
// that changed since; before and after them others. Their index entries leave in a second step.
static void test_removal_of_many_rows_and_then_of_their_index(void **state)
{
    struct fixture *f = *state;
    enum { ROWS = 1400, BETWEEN = 601, CHANGED = 700 };
    struct kdb_row_op *ops = kdb_alloc_array(ROWS, sizeof(*ops));
    for (int64_t i = 0; i < ROWS; i++) {
        ops[i] = op_of(f, 2 * i, put(f, 2 * i, 0, 1), 0);
        ops[i].row = NULL;
    }
    int64_t flushed = kdb_committer_last_seq(f->committer);
    const int64_t others[] = {-1, BETWEEN, 2 * ROWS - 1, 2 * ROWS};
    for (size_t i = 0; i < 4; i++)
        assert_true(put(f, others[i], 0, 1) > 0);
    int64_t newer = put(f, 2 * CHANGED, ops[CHANGED].expected_seq, 0);

    struct kdb_commit_request request = {.partition = f->partition,
                                         .ops = ops,
                                         .op_count = ROWS,
                                         .is_removal = true,
                                         .index = KDB_INDEX_LATER};
    kdb_commit_wait(f->committer, &request);
    assert_int_equal(request.outcome, KDB_COMMIT_DONE);
    assert_int_equal(request.removed, ROWS - 1);
    for (int64_t i = 0; i < ROWS; i++)
        assert_int_equal(stored(f, 2 * i).data == NULL, i != CHANGED);
    assert_int_equal(kdb_row_seq(stored(f, 2 * CHANGED)), newer);
    for (size_t i = 0; i < 4; i++)
        assert_non_null(stored(f, others[i]).data);
    assert_int_equal(atomic_load(&f->partition->hot_rows), 5);
    assert_int_equal(sequence_entries(f), ROWS - 1 + 5);
    assert_true(atomic_load(&f->partition->has_stale_index));

    assert_true(put(f, 0, 0, 1) > 0); // the key of an entry whose row has left
    struct kdb_commit_request rest = {.partition = f->partition,
                                      .is_removal = true,
                                      .index = KDB_INDEX_UP_TO,
                                      .index_up_to = flushed};
    kdb_commit_wait(f->committer, &rest);
    assert_int_equal(rest.outcome, KDB_COMMIT_DONE);
    assert_int_equal(rest.removed, 0);
    assert_int_equal(sequence_entries(f), 6);
    assert_int_equal(atomic_load(&f->partition->hot_rows), 6);
    assert_false(atomic_load(&f->partition->has_stale_index));
    kdb_free(ops);
}

static void test_a_version_that_was_seen_may_be_removed_meanwhile(void **state)
{
    struct fixture *f = *state;
    int64_t seq = put(f, 1, 0, 1);
    struct kdb_row_op op = op_of(f, 1, seq, 0);
    struct kdb_commit_request request = write_of(f, &op, 1); // looked before the removal
    assert_int_equal(remove_key(f, 1, seq), 1);
    kdb_commit_wait(f->committer, &request);
    assert_int_equal(request.outcome, KDB_COMMIT_DONE);
}

static void test_absent_proves_nothing_when_what_was_not_seen_was_removed(void **state)
{
    struct fixture *f = *state;
    int64_t seq = put(f, 1, 0, 1);
    struct kdb_row_op op = op_of(f, 1, seq, 0);
    struct kdb_commit_request request = write_of(f, &op, 1);
    int64_t newer = put(f, 1, seq, 0); // written, flushed and removed after it looked
    assert_int_equal(remove_key(f, 1, newer), 1);
    kdb_commit_wait(f->committer, &request);
    assert_int_equal(request.outcome, KDB_COMMIT_CONFLICT);
    struct kdb_commit_request again = write_of(f, &op, 1); // looked after it
    kdb_commit_wait(f->committer, &again);
    assert_int_equal(again.outcome, KDB_COMMIT_DONE);
}

static void test_absent_proves_nothing_to_who_did_not_look_when_rows_were_removed(void **state)
{
    struct fixture *f = *state;
    int64_t seq = put(f, 1, 0, 1);
    struct kdb_row_op op = op_of(f, 1, 0, 1); // inserts without looking at the hot tier
    struct kdb_commit_request request = write_of(f, &op, 1);
    request.seen_seq = 0;
    assert_int_equal(remove_key(f, 1, seq), 1);
    kdb_commit_wait(f->committer, &request);
    assert_int_equal(request.outcome, KDB_COMMIT_CONFLICT);
}

static void test_seq_and_counters_survive_reopening(void **state)
{
    struct fixture *f = *state;
    int64_t seq = put(f, 1, 0, 1);
    assert_true(put(f, 2, 0, 1) > seq);
    int64_t last = kdb_committer_last_seq(f->committer);
    kdb_committer_close(f->committer);
    kdb_partition_unref(f->partition);
    kdb_partition_registry_destroy(f->partitions);
    static const struct kdb_partition_hooks hooks = {manifest_unref};
    f->partitions = kdb_partition_registry_create(f->store, &hooks);
    open_committer(f);
    assert_int_equal(
        kdb_partition_open(f->partitions, &f->ctx, 7, KDB_LIT("ann"), KDB_READ_ANY, &f->partition),
        KDB_OK);
    assert_int_equal(atomic_load(&f->partition->hot_rows), 2);
    assert_int_equal(atomic_load(&f->partition->live_rows), 2);
    assert_int_equal(kdb_committer_last_seq(f->committer), last);
    assert_true(put(f, 3, 0, 1) > last);
}

static int64_t hour_behind(void *self)
{
    (void)self;
    return kdb_clock_now_us(kdb_clock_system()) - INT64_C(3600) * 1000000;
}

static void test_seq_goes_on_when_the_clock_was_set_back(void **state)
{
    struct fixture *f = *state;
    int64_t last = put(f, 1, 0, 1);
    kdb_committer_close(f->committer);
    static const struct kdb_clock behind = {hour_behind, NULL};
    const struct kdb_committer_options options = {
        .store = f->store, .clock = &behind, .worker_id = 1};
    assert_int_equal(kdb_committer_open(&options, &f->ctx, &f->committer), KDB_OK);
    for (int64_t id = 2; id < 50; id++) {
        int64_t seq = put(f, id, 0, 1);
        assert_true(seq > last);
        last = seq;
    }
}

static void test_dropped_partition_refuses(void **state)
{
    struct fixture *f = *state;
    kdb_partition_drop_table(f->partitions, 7);
    struct kdb_row_op op = op_of(f, 1, 0, 1);
    struct kdb_commit_request request = write_of(f, &op, 1);
    kdb_commit_wait(f->committer, &request);
    assert_int_equal(request.outcome, KDB_COMMIT_FAILED);
    assert_int_equal(request.status, KDB_ERR_TABLE_NOT_FOUND);
    // A statement that began before the drop opens the partition anew: refused as well.
    struct kdb_partition *late;
    assert_int_equal(
        kdb_partition_open(f->partitions, &f->ctx, 7, KDB_LIT("bob"), KDB_READ_ANY, &late), KDB_OK);
    assert_true(atomic_load(&late->is_dropped));
    kdb_partition_unref(late);
}

static void test_full_partition_is_reported(void **state)
{
    struct fixture *f = *state;
    atomic_store(&f->partition->flush_rows, 2);
    assert_true(put(f, 1, 0, 1) > 0);
    assert_null(f->due);
    assert_true(put(f, 2, 0, 1) > 0);
    kdb_committer_close(f->committer); // waits for the report
    assert_ptr_equal(f->due, f->partition);
    open_committer(f);
}

// Whoever reads the newest _seq and then opens a view has all up to it: rows of streams become
// visible while the group is made known, as the report of a full partition is.
static void test_newest_seq_is_of_what_is_visible(void **state)
{
    struct fixture *f = *state;
    atomic_store(&f->partition->flush_rows, 2);
    int64_t first = put(f, 1, 0, 1);
    int64_t second = put(f, 2, 0, 1);
    assert_int_equal(kdb_committer_last_seq(f->committer), second);
    kdb_committer_close(f->committer); // waits for the report
    open_committer(f);
    assert_int_equal(f->seq_when_due, first);
}

// ---- the last reference goes with the answer ----

static void drop_table(void *self, const struct kdb_change *changes, size_t count)
{
    struct fixture *f = self;
    assert_int_equal(count, 1);
    kdb_partition_drop_table(f->partitions, changes[0].partition->table_id);
}

static void unref_partition(struct kdb_commit_request *request)
{
    struct fixture *f = request->owner;
    kdb_partition_unref(f->partition);
}

static void test_answer_may_free_the_partition(void **state)
{
    struct fixture *f = *state;
    kdb_committer_close(f->committer);
    const struct kdb_change_sink sink = {drop_table, f};
    const struct kdb_committer_options options = {
        .store = f->store, .clock = kdb_clock_system(), .worker_id = 1, .sink = &sink};
    assert_int_equal(kdb_committer_open(&options, &f->ctx, &f->committer), KDB_OK);
    struct kdb_row_op op = op_of(f, 1, 0, 1);
    struct kdb_commit_request request = write_of(f, &op, 1);
    request.done = unref_partition;
    request.owner = f;
    kdb_commit_send(f->committer, &request);
    kdb_committer_close(f->committer);
    f->partition = NULL;
    assert_int_equal(request.outcome, KDB_COMMIT_DONE);
    open_committer(f);
}

// ---- versions ----

struct version_check {
    struct fixture *f;
    uint64_t before;
    uint64_t during;
};

static void note_version(void *self, const struct kdb_change *changes, size_t count)
{
    (void)count;
    struct version_check *check = self;
    check->during = atomic_load(&changes[0].partition->version);
}

static void test_versions_are_even_at_rest_and_never_come_back(void **state)
{
    struct fixture *f = *state;
    struct version_check check = {.f = f, .before = atomic_load(&f->partition->version)};
    const struct kdb_change_sink sink = {note_version, &check};
    kdb_committer_close(f->committer);
    const struct kdb_committer_options options = {
        .store = f->store, .clock = kdb_clock_system(), .worker_id = 1, .sink = &sink};
    assert_int_equal(kdb_committer_open(&options, &f->ctx, &f->committer), KDB_OK);
    assert_true(put(f, 1, 0, 1) > 0);
    uint64_t after = atomic_load(&f->partition->version);
    assert_int_equal(check.before % 2, 0);
    assert_int_equal(after % 2, 0);
    assert_true(after > check.before);
    assert_int_equal(check.during, after); // sinks are told when the new version is visible
    kdb_partition_begin_change(f->partition);
    assert_int_equal(atomic_load(&f->partition->version), after + 1);
    kdb_partition_end_change(f->partition);
    assert_true(atomic_load(&f->partition->version) > after + 1);
    assert_int_equal(atomic_load(&f->partition->version) % 2, 0);
    kdb_committer_close(f->committer); // the sink is on this stack
    open_committer(f);
}

// ---- many writers: every increment of one row counts ----

struct writer {
    struct fixture *f;
    struct kdb_ctx ctx;
    int count;
    int conflicts;
};

static void *increment_often(void *arg)
{
    struct writer *writer = arg;
    struct fixture *f = writer->f;
    for (int i = 0; i < writer->count; i++) {
        for (;;) {
            kdb_ctx_reset(&writer->ctx);
            struct kdb_buf key = {0};
            kdb_value value = kdb_value_int(KDB_BIGINT, 1);
            int64_t seen = kdb_committer_last_seq(f->committer);
            kdb_buf_slice(&key, f->partition->prefix);
            kdb_buf_put(&key, KDB_KEYS_ROWS);
            (void)!kdb_key_value(&key, &writer->ctx, &value);
            kdb_slice row;
            const struct kdb_read_at at = {.space = KDB_SPACE_ROWS};
            (void)!kdb_store_get(f->store, &writer->ctx, &at, kdb_buf_view(&key), &row, NULL);
            kdb_slice old = kdb_arena_copy(&writer->ctx.arena, row);
            int64_t counter;
            kdb_row_get(&f->schema, old, 0, &value);
            counter = value.integer + 1;
            struct kdb_buf next = {0};
            value = kdb_value_int(KDB_BIGINT, counter);
            (void)!kdb_row_encode(&f->schema, &writer->ctx, &value, 0, false, &next);
            struct kdb_row_op op = {
                .key = kdb_slice_skip(kdb_buf_view(&key), f->partition->prefix.len + 1),
                .row = next.data,
                .row_len = next.len,
                .expected_seq = kdb_row_seq(old)};
            struct kdb_commit_request request = {
                .partition = f->partition, .seen_seq = seen, .ops = &op, .op_count = 1};
            kdb_commit_wait(f->committer, &request);
            kdb_buf_deinit(&key);
            kdb_buf_deinit(&next);
            if (request.outcome == KDB_COMMIT_DONE)
                break;
            writer->conflicts++;
        }
    }
    return NULL;
}

static void test_no_update_is_lost(void **state)
{
    struct fixture *f = *state;
    int64_t start = put(f, 1, 0, 1);
    assert_true(start > 0);
    enum { WRITERS = 4, EACH = 200 };
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){.f = f, .count = EACH};
        kdb_ctx_init(&writers[i].ctx, 0);
        assert_int_equal(pthread_create(&threads[i], NULL, increment_often, &writers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        kdb_ctx_deinit(&writers[i].ctx);
    }
    kdb_value value;
    kdb_row_get(&f->schema, stored(f, 1), 0, &value);
    assert_int_equal(value.integer, 1 + WRITERS * EACH);
    assert_int_equal(sequence_entries(f), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_insert_sets_seq_in_the_row, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_expectation_writes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_request_is_all_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_requests_of_one_group_see_each_other, setup, teardown),
        cmocka_unit_test_setup_teardown(test_delete_keeps_a_hot_tombstone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_removal_leaves_newer_versions_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_removal_finds_its_rows_among_others, setup, teardown),
        cmocka_unit_test_setup_teardown(test_removal_of_many_rows_and_then_of_their_index, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_version_that_was_seen_may_be_removed_meanwhile,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_absent_proves_nothing_when_what_was_not_seen_was_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_absent_proves_nothing_to_who_did_not_look_when_rows_were_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_seq_and_counters_survive_reopening, setup, teardown),
        cmocka_unit_test_setup_teardown(test_seq_goes_on_when_the_clock_was_set_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_dropped_partition_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_partition_is_reported, setup, teardown),
        cmocka_unit_test_setup_teardown(test_newest_seq_is_of_what_is_visible, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answer_may_free_the_partition, setup, teardown),
        cmocka_unit_test_setup_teardown(test_versions_are_even_at_rest_and_never_come_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_no_update_is_lost, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
