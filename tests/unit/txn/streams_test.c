// SPDX-License-Identifier: Apache-2.0
// Streams through the committer: order, TTL, both limits, deletes, EPHEMERAL, and no disk at all.
#include "txn/streams.h"

#include "base/alloc.h"
#include "lib/test.h"
#include "store/store_mem.h"
#include "txn/commit.h"
#include "txn/layout.h"
#include "types/row.h"

// 2026-05-04T10:00:00Z
#define START_MS  INT64_C(1777888800000)
#define BUDGET    100000
#define TTL_MS    10000
#define TOLD_MAX  64
#define TABLE_ID  7
#define SOME_ROWS 5

struct told {
    int64_t seq;
    int64_t old_seq; // 0: no old row
    bool is_deleted;
    bool is_keyed_by_seq;
};

struct fixture {
    struct kdb_ctx ctx;
    struct kdb_clock clock;
    _Atomic int64_t now_ms;
    struct kdb_store *store;
    struct kdb_streams *streams;
    struct kdb_partition_registry *partitions;
    struct kdb_committer *committer;
    struct kdb_partition *ann, *bob;
    struct kdb_schema schema;
    struct kdb_column columns[1];
    struct told told[TOLD_MAX];
    size_t told_count;
};

static int64_t fixture_now(void *self)
{
    return atomic_load(&((struct fixture *)self)->now_ms) * 1000;
}

static void manifest_unref(struct kdb_manifest *manifest)
{
    (void)manifest;
}

static void key_of(struct kdb_buf *out, int64_t seq)
{
    kdb_buf_clear(out);
    kdb_key_i64(out, seq);
}

static void committed(void *self, const struct kdb_change *changes, size_t count)
{
    struct fixture *f = self;
    struct kdb_buf key = {0};
    for (size_t i = 0; i < count && f->told_count < TOLD_MAX; i++) {
        const struct kdb_change *change = &changes[i];
        struct told *told = &f->told[f->told_count++];
        *told = (struct told){.seq = kdb_row_seq(change->row),
                              .old_seq = change->old_row.data ? kdb_row_seq(change->old_row) : 0,
                              .is_deleted = kdb_row_is_deleted(change->row)};
        key_of(&key, told->old_seq ? told->old_seq : told->seq);
        told->is_keyed_by_seq = kdb_slice_equal(change->key, kdb_buf_view(&key));
    }
    kdb_buf_deinit(&key);
}

static struct kdb_partition *open_stream(struct fixture *f, const char *user,
                                         const struct kdb_stream_rules *rules)
{
    struct kdb_partition *partition;
    assert_int_equal(kdb_partition_open(f->partitions, &f->ctx, TABLE_ID, kdb_slice_cstr(user),
                                        KDB_READ_ANY, &partition),
                     KDB_OK);
    kdb_partition_set_stream(partition, rules, 0, kdb_committer_last_seq(f->committer));
    return partition;
}

static int setup(void **state)
{
    static const struct kdb_partition_hooks hooks = {manifest_unref};
    static const struct kdb_stream_rules rules = {.ttl_ms = TTL_MS};
    struct fixture *f = kdb_alloc(sizeof(*f));
    kdb_ctx_init(&f->ctx, 0);
    f->clock = (struct kdb_clock){fixture_now, f};
    atomic_init(&f->now_ms, START_MS);
    assert_int_equal(kdb_store_mem_open(&f->ctx, &f->store), KDB_OK);
    assert_int_equal(kdb_streams_create(&f->ctx, BUDGET, &f->streams), KDB_OK);
    f->partitions = kdb_partition_registry_create(f->store, &hooks);
    const struct kdb_change_sink sink = {committed, f};
    struct kdb_change_sink *kept = kdb_arena_alloc(&f->ctx.arena, sizeof(sink));
    *kept = sink;
    const struct kdb_committer_options options = {
        .store = f->store, .streams = f->streams, .clock = &f->clock, .worker_id = 1, .sink = kept};
    assert_int_equal(kdb_committer_open(&options, &f->ctx, &f->committer), KDB_OK);
    f->ann = open_stream(f, "ann", &rules);
    f->bob = open_stream(f, "bob", &rules);
    f->columns[0] = (struct kdb_column){.id = 1, .name = KDB_LIT("v"), .type = KDB_TYPE(KDB_TEXT)};
    f->schema = (struct kdb_schema){
        .version = 1, .column_count = 1, .columns = f->columns, .key_index = KDB_NO_KEY};
    kdb_schema_finish(&f->schema, &f->ctx.arena);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kdb_committer_close(f->committer);
    kdb_partition_unref(f->ann);
    kdb_partition_unref(f->bob);
    kdb_streams_destroy(f->streams);
    kdb_partition_registry_destroy(f->partitions);
    kdb_store_close(f->store);
    kdb_ctx_deinit(&f->ctx);
    kdb_free(f);
    return 0;
}

static struct kdb_row_op op_of(struct fixture *f, size_t len, bool is_deleted)
{
    char *text = kdb_arena_alloc(&f->ctx.arena, len);
    memset(text, 'x', len);
    kdb_value value = kdb_value_bytes(KDB_TEXT, kdb_slice_of(text, len));
    struct kdb_buf row = {0};
    assert_int_equal(kdb_row_encode(&f->schema, &f->ctx, &value, 0, is_deleted, &row), KDB_OK);
    struct kdb_row_op op = {.row_len = row.len, .live_delta = is_deleted ? -1 : 1};
    op.row = kdb_arena_alloc(&f->ctx.arena, row.len);
    memcpy(op.row, row.data, row.len);
    kdb_buf_deinit(&row);
    return op;
}

static struct kdb_commit_request send(struct fixture *f, struct kdb_partition *partition,
                                      struct kdb_row_op *ops, size_t count)
{
    struct kdb_commit_request request = {.partition = partition, .ops = ops, .op_count = count};
    kdb_commit_wait(f->committer, &request);
    assert_int_equal(request.outcome, KDB_COMMIT_DONE);
    return request;
}

// Inserts rows of `len` bytes of text; the _seq of the first.
static int64_t insert(struct fixture *f, struct kdb_partition *partition, size_t count, size_t len)
{
    struct kdb_row_op *ops = kdb_arena_array(&f->ctx.arena, count, sizeof(*ops));
    for (size_t i = 0; i < count; i++)
        ops[i] = op_of(f, len, false);
    return send(f, partition, ops, count).seq_first;
}

// Deletes the row with a _seq; whether it was there.
static bool delete (struct fixture *f, struct kdb_partition *partition, int64_t seq, size_t len)
{
    struct kdb_buf key = {0};
    key_of(&key, seq);
    struct kdb_row_op op = op_of(f, len, true);
    struct kdb_row_op old = op_of(f, len, false);
    kdb_row_set_seq(old.row, seq);
    op.key = kdb_buf_view(&key);
    op.old_row = kdb_slice_of(old.row, old.row_len);
    bool is_done = send(f, partition, &op, 1).removed == 1;
    kdb_buf_deinit(&key);
    return is_done;
}

// The committer tends streams after a group's answers: behind the second one the first is tended.
static void tend(struct fixture *f)
{
    for (int i = 0; i < 2; i++) {
        struct kdb_store_batch *batch = kdb_store_batch_open(f->store);
        assert_int_equal(kdb_commit_batch(f->committer, &f->ctx, batch), KDB_OK);
        kdb_store_batch_close(batch);
    }
}

static struct kdb_streams_stats stats_of(struct fixture *f)
{
    struct kdb_streams_stats stats;
    kdb_streams_stats(f->streams, &stats);
    return stats;
}

// The _seq of every row a partition holds, in the order of the store.
static size_t rows_of(struct fixture *f, const struct kdb_partition *partition, int64_t *seqs,
                      size_t seqs_max)
{
    struct kdb_buf first = {0};
    struct kdb_buf end = {0};
    kdb_layout_key(&first, partition->prefix, KDB_KEYS_ROWS, KDB_LIT(""));
    kdb_layout_key(&end, partition->prefix, KDB_KEYS_END, KDB_LIT(""));
    const struct kdb_scan_range range = {
        .space = KDB_SPACE_ROWS, .first = kdb_buf_view(&first), .end = kdb_buf_view(&end)};
    struct kdb_store_scan *scan;
    assert_int_equal(
        kdb_store_scan_open(kdb_streams_store(f->streams), &f->ctx, NULL, &range, &scan), KDB_OK);
    size_t count = 0;
    for (;;) {
        kdb_slice key;
        kdb_slice row;
        bool has_more;
        assert_int_equal(kdb_store_scan_next(scan, &f->ctx, &key, &row, &has_more), KDB_OK);
        if (!has_more)
            break;
        if (count < seqs_max)
            seqs[count] = kdb_row_seq(row);
        count++;
    }
    kdb_store_scan_close(scan);
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&end);
    assert_int_equal(count, atomic_load(&partition->hot_rows));
    assert_int_equal(count, atomic_load(&partition->live_rows));
    return count;
}

static size_t count_of(struct fixture *f, const struct kdb_partition *partition)
{
    return rows_of(f, partition, NULL, 0);
}

// ---- tests ----

static void test_order(void **state)
{
    struct fixture *f = *state;
    int64_t first = insert(f, f->ann, 3, 10);
    int64_t second = insert(f, f->bob, 1, 10);
    int64_t third = insert(f, f->ann, 1, 10);
    assert_true(first < second && second < third);
    assert_int_equal(kdb_committer_last_seq(f->committer), third);
    int64_t seqs[4];
    assert_int_equal(rows_of(f, f->ann, seqs, 4), 4);
    assert_int_equal(seqs[0], first);
    assert_int_equal(seqs[3], third);
    assert_int_equal(count_of(f, f->bob), 1);
    assert_int_equal(f->told_count, 5);
    for (size_t i = 0; i < f->told_count; i++) {
        assert_true(f->told[i].is_keyed_by_seq && !f->told[i].is_deleted);
        assert_int_equal(f->told[i].old_seq, 0);
        assert_true(i == 0 || f->told[i].seq > f->told[i - 1].seq);
    }
}

static void test_the_disk_is_not_needed(void **state)
{
    struct fixture *f = *state;
    kdb_store_mem_fail_commits(f->store, 0, KDB_ERR_DISK_FULL);
    (void)insert(f, f->ann, 2, 10);
    assert_int_equal(count_of(f, f->ann), 2);
    kdb_store_mem_fail_commits(f->store, 0, KDB_OK);
    // Nothing of it is in the store either: no row, no counter, no sequence mark.
    struct kdb_store_stats stats;
    kdb_store_stats(f->store, &stats);
    assert_int_equal(stats.memory_bytes, 0);
}

static void test_a_row_beside_it_fails_alone(void **state)
{
    struct fixture *f = *state;
    struct kdb_partition *table;
    assert_int_equal(kdb_partition_open(f->partitions, &f->ctx, TABLE_ID + 1, KDB_LIT("ann"),
                                        KDB_READ_ANY, &table),
                     KDB_OK);
    struct kdb_row_op stored = op_of(f, 10, false);
    stored.key = KDB_LIT("k");
    struct kdb_commit_request request = {.partition = table, .ops = &stored, .op_count = 1};
    kdb_store_mem_fail_commits(f->store, 0, KDB_ERR_DISK_FULL);
    kdb_commit_wait(f->committer, &request);
    assert_int_equal(request.outcome, KDB_COMMIT_FAILED);
    (void)insert(f, f->ann, 1, 10);
    assert_int_equal(count_of(f, f->ann), 1);
    kdb_store_mem_fail_commits(f->store, 0, KDB_OK);
    kdb_partition_unref(table);
}

static void test_max_buffer(void **state)
{
    struct fixture *f = *state;
    static const struct kdb_stream_rules rules = {.ttl_ms = TTL_MS, .rows_max = SOME_ROWS};
    struct kdb_partition *cara = open_stream(f, "cara", &rules);
    int64_t first = insert(f, cara, SOME_ROWS, 10);
    assert_int_equal(atomic_load(&cara->stream_floor_seq), 0);
    (void)insert(f, cara, 2, 10);
    (void)insert(f, f->ann, 2 * SOME_ROWS, 10);
    int64_t seqs[SOME_ROWS];
    assert_int_equal(rows_of(f, cara, seqs, SOME_ROWS), SOME_ROWS);
    assert_int_equal(seqs[0], first + 2);
    assert_int_equal(atomic_load(&cara->stream_floor_seq), first + 1);
    int64_t last = insert(f, cara, 3 * SOME_ROWS, 10); // more than fit at once
    assert_int_equal(rows_of(f, cara, seqs, SOME_ROWS), SOME_ROWS);
    assert_int_equal(seqs[0], last + 2 * SOME_ROWS);
    assert_int_equal(count_of(f, f->ann), 2 * SOME_ROWS);
    assert_int_equal(stats_of(f).over_buffer, 2 + 3 * SOME_ROWS);
    kdb_partition_unref(cara);
}

static void test_budget(void **state)
{
    struct fixture *f = *state;
    // Rows of a bit more than 1,000 bytes, of two users in turn: about 80 fit.
    int64_t last = 0;
    for (int i = 0; i < 100; i++)
        last = insert(f, i % 2 ? f->ann : f->bob, 1, 1000);
    tend(f);
    struct kdb_streams_stats stats = stats_of(f);
    assert_true(stats.bytes <= BUDGET && stats.bytes > BUDGET - 2000);
    assert_int_equal(stats.rows + stats.over_budget, 100);
    assert_int_equal(count_of(f, f->ann) + count_of(f, f->bob), stats.rows);
    assert_int_equal(
        (size_t)(atomic_load(&f->ann->memory_bytes) + atomic_load(&f->bob->memory_bytes)),
        stats.bytes);
    // The newest are left, whosever they are.
    int64_t seqs[100];
    size_t count = rows_of(f, f->ann, seqs, 100);
    assert_int_equal(seqs[count - 1], last);
    int64_t oldest_of_ann = seqs[0];
    (void)rows_of(f, f->bob, seqs, 100);
    assert_true(seqs[0] > f->told[0].seq);
    int64_t difference = oldest_of_ann - seqs[0];
    assert_true(difference <= 1 && difference >= -1);
    // Alone beyond the budget: nothing stays, and nothing else breaks.
    (void)insert(f, f->bob, 1, BUDGET);
    tend(f);
    assert_int_equal(stats_of(f).rows, 0);
    assert_int_equal(stats_of(f).bytes, 0);
    (void)insert(f, f->bob, 1, 10);
    tend(f);
    assert_int_equal(count_of(f, f->bob), 1);
}

static void test_expiry(void **state)
{
    struct fixture *f = *state;
    static const struct kdb_stream_rules brief = {.ttl_ms = 1000};
    struct kdb_partition *cara = open_stream(f, "cara", &brief);
    (void)insert(f, f->ann, 3, 10);
    int64_t of_cara = insert(f, cara, 2, 10);
    atomic_fetch_add(&f->now_ms, 999);
    (void)insert(f, f->ann, 1, 10);
    tend(f);
    assert_int_equal(count_of(f, cara), 2);
    atomic_fetch_add(&f->now_ms, 1000);
    tend(f);
    assert_int_equal(count_of(f, cara), 0);
    assert_int_equal(atomic_load(&cara->stream_floor_seq), of_cara + 1);
    assert_int_equal(count_of(f, f->ann), 4);
    assert_int_equal(stats_of(f).partitions, 1);
    atomic_store(&f->now_ms, START_MS + TTL_MS + 500);
    tend(f);
    assert_int_equal(count_of(f, f->ann), 1);
    atomic_fetch_add(&f->now_ms, TTL_MS);
    tend(f);
    assert_int_equal(count_of(f, f->ann), 0);
    assert_int_equal(stats_of(f).expired, 6);
    assert_int_equal(stats_of(f).bytes, 0);
    assert_int_equal(stats_of(f).partitions, 0);
    kdb_partition_unref(cara);
}

static void test_delete(void **state)
{
    struct fixture *f = *state;
    int64_t first = insert(f, f->ann, 3, 10);
    f->told_count = 0;
    assert_true(delete (f, f->ann, first + 1, 10));
    assert_int_equal(f->told_count, 1);
    assert_true(f->told[0].is_deleted && f->told[0].is_keyed_by_seq);
    assert_int_equal(f->told[0].old_seq, first + 1);
    assert_true(f->told[0].seq > first + 2);
    assert_int_equal(atomic_load(&f->ann->stream_floor_seq), f->told[0].seq);
    assert_false(delete (f, f->ann, first + 1, 10));
    assert_false(delete (f, f->bob, first, 10));
    assert_int_equal(f->told_count, 1);
    int64_t seqs[2];
    assert_int_equal(rows_of(f, f->ann, seqs, 2), 2);
    assert_true(seqs[0] == first && seqs[1] == first + 2);
    // The oldest of all may be gone when the budget or the TTL look for it.
    assert_true(delete (f, f->ann, first, 10));
    assert_true(delete (f, f->ann, first + 2, 10));
    assert_int_equal(stats_of(f).partitions, 0);
    assert_int_equal(stats_of(f).bytes, 0);
    tend(f);
}

static void test_twice_in_one_group(void **state)
{
    struct fixture *f = *state;
    int64_t first = insert(f, f->ann, 1, 10);
    struct kdb_buf key = {0};
    key_of(&key, first);
    struct kdb_row_op ops[2] = {op_of(f, 10, true), op_of(f, 10, true)};
    struct kdb_row_op old = op_of(f, 10, false);
    kdb_row_set_seq(old.row, first);
    for (int i = 0; i < 2; i++) {
        ops[i].key = kdb_buf_view(&key);
        ops[i].old_row = kdb_slice_of(old.row, old.row_len);
    }
    assert_int_equal(send(f, f->ann, ops, 2).removed, 1);
    assert_int_equal(count_of(f, f->ann), 0);
    assert_int_equal(stats_of(f).bytes, 0);
    kdb_buf_deinit(&key);
}

static void test_ephemeral(void **state)
{
    struct fixture *f = *state;
    static const struct kdb_stream_rules rules = {.ttl_ms = TTL_MS, .is_ephemeral = true};
    struct kdb_partition *cara = open_stream(f, "cara", &rules);
    int64_t unheard = insert(f, cara, 2, 10);
    assert_int_equal(f->told_count, 2); // who listens is not known here
    assert_int_equal(count_of(f, cara), 0);
    assert_int_equal(atomic_load(&cara->stream_floor_seq), unheard + 1);
    atomic_store(&cara->subscriptions, 1);
    (void)insert(f, cara, 2, 10);
    atomic_fetch_add(&f->now_ms, 1000);
    tend(f);
    assert_int_equal(count_of(f, cara), 2);
    atomic_store(&cara->subscriptions, 0);
    atomic_fetch_add(&f->now_ms, 1000);
    tend(f);
    assert_int_equal(count_of(f, cara), 0);
    kdb_partition_unref(cara);
}

struct drop {
    struct kdb_commit_request request;
    struct fixture *fixture;
};

static void dropped(struct kdb_commit_request *request)
{
    struct fixture *f = ((struct drop *)(void *)request)->fixture;
    kdb_partition_drop_table(f->partitions, TABLE_ID);
    kdb_streams_drop_table(f->streams, TABLE_ID);
}

static void test_drop(void **state)
{
    struct fixture *f = *state;
    static const struct kdb_stream_rules rules = {.ttl_ms = TTL_MS};
    struct kdb_partition *other;
    assert_int_equal(kdb_partition_open(f->partitions, &f->ctx, TABLE_ID + 1, KDB_LIT("ann"),
                                        KDB_READ_ANY, &other),
                     KDB_OK);
    kdb_partition_set_stream(other, &rules, 0, 0);
    (void)insert(f, f->ann, 3, 10);
    (void)insert(f, other, 2, 10);
    (void)insert(f, f->bob, 3, 10);
    struct drop drop = {.fixture = f};
    drop.request.batch = kdb_store_batch_open(f->store);
    drop.request.on_applied = dropped;
    kdb_commit_wait(f->committer, &drop.request);
    kdb_store_batch_close(drop.request.batch);
    assert_int_equal(count_of(f, f->ann), 0);
    assert_int_equal(count_of(f, f->bob), 0);
    assert_int_equal(count_of(f, other), 2);
    struct kdb_row_op op = op_of(f, 10, false);
    struct kdb_commit_request late = {.partition = f->ann, .ops = &op, .op_count = 1};
    kdb_commit_wait(f->committer, &late);
    assert_int_equal(late.outcome, KDB_COMMIT_FAILED);
    assert_int_equal(late.status, KDB_ERR_TABLE_NOT_FOUND);
    kdb_partition_unref(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_disk_is_not_needed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_row_beside_it_fails_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_max_buffer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expiry, setup, teardown),
        cmocka_unit_test_setup_teardown(test_delete, setup, teardown),
        cmocka_unit_test_setup_teardown(test_twice_in_one_group, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ephemeral, setup, teardown),
        cmocka_unit_test_setup_teardown(test_drop, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
