// SPDX-License-Identifier: Apache-2.0
// Manifests of partitions: changes are durable and published, readers keep what they hold, both
// tiers belong together whatever flushes do meanwhile.
#include <pthread.h>

#include "base/fault.h"
#include "base/json_read.h"
#include "segment_fixture.h"
#include "segments/segment_priv.h"

static struct fixture_row *make_rows(struct segment_fixture *fixture, struct kdb_table *table,
                                     int64_t first, int64_t count, int64_t seq)
{
    struct fixture_row *rows = kdb_arena_array(&table->arena, (size_t)count, sizeof(*rows));
    for (int64_t i = 0; i < count; i++)
        rows[i] = fixture_plain_row(fixture, &table->arena, table, first + i, seq + i, i % 10 == 9);
    return rows;
}

static bool exists(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0;
}

static bool segment_exists(const struct kdb_segment *segment)
{
    return exists(segment->path.data);
}

static void changes_are_durable_and_counted(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(1, "t1");
    assert_null(fixture_manifest(fixture, table, KDB_LIT("a")));
    fixture_add_segment(fixture, table, KDB_LIT("a"), make_rows(fixture, table, 0, 10, 1), 10);
    fixture_add_segment(fixture, table, KDB_LIT("a"), make_rows(fixture, table, 20, 10, 100), 10);
    fixture_add_segment(fixture, table, KDB_LIT("b"), make_rows(fixture, table, 0, 5, 50), 5);
    for (int restarted = 0; restarted < 2; restarted++) {
        struct kdb_manifest *manifest = fixture_manifest(fixture, table, KDB_LIT("a"));
        assert_int_equal(manifest->version, 2);
        assert_int_equal(manifest->segment_count, 2);
        assert_int_equal(manifest->row_count, 20);
        assert_true(manifest->segments[0]->max_seq < manifest->segments[1]->max_seq);
        assert_int_equal(manifest->segments[0]->tombstone_count, 1);
        assert_true(manifest->segments[0]->number != manifest->segments[1]->number);
        assert_true(manifest->updated_at_ms >= manifest->created_at_ms);
        kdb_manifest_unref(manifest);
        manifest = fixture_manifest(fixture, table, KDB_LIT("b"));
        assert_int_equal(manifest->version, 1);
        assert_int_equal(manifest->row_count, 5);
        kdb_manifest_unref(manifest);
        assert_null(fixture_manifest(fixture, table, KDB_LIT("c")));
        fixture_restart(fixture, 1U << 20);
    }
    kdb_table_unref(table);
}

static void removed_files_wait_for_their_readers(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(2, "t2");
    fixture_add_segment(fixture, table, KDB_LIT("a"), make_rows(fixture, table, 0, 10, 1), 10);
    fixture_add_segment(fixture, table, KDB_LIT("a"), make_rows(fixture, table, 5, 10, 100), 10);
    struct kdb_manifest *old = fixture_manifest(fixture, table, KDB_LIT("a"));
    // As compaction does: one segment for both.
    struct kdb_segment *merged =
        fixture_write(fixture, table, KDB_LIT("a"), make_rows(fixture, table, 0, 15, 200), 15);
    expect_ok(fixture, fixture_try_change(fixture, table, KDB_LIT("a"), merged, old->segments,
                                          old->segment_count));
    struct kdb_manifest *now = fixture_manifest(fixture, table, KDB_LIT("a"));
    assert_int_equal(now->segment_count, 1);
    assert_int_equal(now->version, 3);
    kdb_slice first = kdb_arena_copy(&fixture->ctx.arena, old->segments[0]->path);
    kdb_slice second = kdb_arena_copy(&fixture->ctx.arena, old->segments[1]->path);
    assert_true(exists(first.data) && exists(second.data));
    // The reader of the old manifest still reads.
    const struct kdb_cold_reader reader = fixture_reader(fixture, table, old);
    kdb_slice row;
    expect_ok(fixture, kdb_cold_get(&reader, &fixture->ctx, old->segments[0]->min_key, &row));
    assert_non_null(row.data);
    kdb_manifest_unref(old);
    assert_false(exists(first.data) || exists(second.data));
    assert_true(segment_exists(merged));
    kdb_segment_unref(merged);
    // Everything expired: the manifest is empty, its version goes on.
    expect_ok(fixture, fixture_try_change(fixture, table, KDB_LIT("a"), NULL, now->segments, 1));
    assert_null(fixture_manifest(fixture, table, KDB_LIT("a")));
    kdb_manifest_unref(now);
    fixture_restart(fixture, 1U << 20);
    assert_null(fixture_manifest(fixture, table, KDB_LIT("a")));
    fixture_add_segment(fixture, table, KDB_LIT("a"), make_rows(fixture, table, 0, 1, 900), 1);
    now = fixture_manifest(fixture, table, KDB_LIT("a"));
    assert_int_equal(now->version, 5);
    kdb_manifest_unref(now);
    kdb_table_unref(table);
}

static void the_mirror_says_what_the_store_says(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(3, "t3");
    fixture_add_segment(fixture, table, KDB_LIT("o'neil"), make_rows(fixture, table, 0, 10, 1), 10);
    kdb_slice folder = fixture_folder(fixture, table, KDB_LIT("o'neil"));
    char text[8192];
    FILE *file = fopen(
        kdb_arena_printf(&fixture->ctx.arena, "%.*s/manifest.json", KDB_ARG(folder)).data, "r");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    const struct kdb_json *root;
    const struct kdb_json_limits limits = {.size_max = sizeof(text), .depth_max = 16};
    expect_ok(fixture, kdb_json_parse(&fixture->ctx, kdb_slice_of(text, len), &limits, &root));
    assert_slice_equal(kdb_json_get(root, KDB_LIT("user_id"))->text, "o'neil");
    assert_int_equal(kdb_json_get(root, KDB_LIT("version"))->integer, 1);
    const struct kdb_json *segments = kdb_json_get(root, KDB_LIT("segments"));
    assert_int_equal(segments->count, 1);
    struct kdb_manifest *manifest = fixture_manifest(fixture, table, KDB_LIT("o'neil"));
    assert_slice_equal(kdb_json_get(segments->first, KDB_LIT("path"))->text,
                       segment_name_of(manifest->segments[0]));
    assert_int_equal(kdb_json_get(segments->first, KDB_LIT("row_count"))->integer, 10);
    assert_int_equal(kdb_json_get(segments->first, KDB_LIT("max_seq"))->integer, 10);
    const struct kdb_json *stats = kdb_json_get(segments->first, KDB_LIT("column_stats"));
    const struct kdb_json *id = kdb_json_get(stats, KDB_LIT("1"));
    assert_slice_equal(kdb_json_get(kdb_json_get(id, KDB_LIT("max")), KDB_LIT("Int64"))->text, "9");
    const struct kdb_json *number = kdb_json_get(stats, KDB_LIT("3"));
    assert_int_equal(kdb_json_get(number, KDB_LIT("null_count"))->integer, 2);
    assert_int_equal(kdb_json_get(kdb_json_get(number, KDB_LIT("min")), KDB_LIT("Int32"))->integer,
                     1);
    kdb_manifest_unref(manifest);
    kdb_table_unref(table);
}

static void a_mirror_that_cannot_be_written_changes_nothing(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(4, "t4");
    kdb_slice folder = fixture_folder(fixture, table, KDB_LIT("a"));
    struct kdb_segment *segment =
        fixture_write(fixture, table, KDB_LIT("a"), make_rows(fixture, table, 0, 3, 1), 3);
    const char *mirror =
        kdb_arena_printf(&fixture->ctx.arena, "%.*s/manifest.json", KDB_ARG(folder)).data;
    assert_int_equal(mkdir(mirror, 0700), 0); // a folder in its place
    expect_ok(fixture, fixture_try_change(fixture, table, KDB_LIT("a"), segment, NULL, 0));
    assert_int_equal(fixture->ctx.error.status, KDB_OK);
    struct kdb_manifest *manifest = fixture_manifest(fixture, table, KDB_LIT("a"));
    assert_int_equal(manifest->segment_count, 1);
    assert_int_equal(fixture_count_files(folder.data, ".tmp"), 0);
    kdb_manifest_unref(manifest);
    kdb_segment_unref(segment);
    kdb_table_unref(table);
}

static void a_failure_behind_the_commit_has_committed(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(5, "t5");
    struct kdb_segment *segment =
        fixture_write(fixture, table, KDB_LIT("a"), make_rows(fixture, table, 0, 3, 1), 3);
    expect_ok(fixture, kdb_fault_set(&fixture->ctx, KDB_LIT("manifest.committed:fail")));
    expect_failure(fixture, fixture_try_change(fixture, table, KDB_LIT("a"), segment, NULL, 0),
                   KDB_ERR_IO, "manifest.committed");
    expect_ok(fixture, kdb_fault_set(&fixture->ctx, KDB_LIT("")));
    kdb_segment_unref(segment);
    fixture_restart(fixture, 1U << 20);
    struct kdb_manifest *manifest = fixture_manifest(fixture, table, KDB_LIT("a"));
    assert_int_equal(manifest->segment_count, 1);
    assert_true(segment_exists(manifest->segments[0]));
    kdb_manifest_unref(manifest);
    kdb_table_unref(table);
}

static void numbers_never_come_twice(void **state)
{
    struct segment_fixture *fixture = *state;
    uint64_t last = 0;
    for (int restart = 0; restart < 3; restart++) {
        for (int i = 0; i < 100; i++) {
            uint64_t number;
            expect_ok(fixture, kdb_segment_next_number(fixture->service, fixture->committer,
                                                       &fixture->ctx, &number));
            assert_true(number > last);
            last = number;
        }
        fixture_restart(fixture, 1U << 20);
    }
}

// ---- the stored form ----

static void damaged_records_are_refused(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(6, "t6");
    fixture_add_segment(fixture, table, KDB_LIT("a"), make_rows(fixture, table, 0, 3, 1), 3);
    struct kdb_partition *partition = fixture_partition(fixture, table, KDB_LIT("a"));
    struct kdb_buf key = {0};
    kdb_layout_meta_key(&key, KDB_META_MANIFEST, partition->prefix);
    kdb_slice prefix = kdb_arena_copy(&fixture->ctx.arena, partition->prefix);
    kdb_partition_unref(partition);
    struct kdb_store_batch *batch = kdb_store_batch_open(fixture->store);
    kdb_store_batch_put(batch, KDB_SPACE_META, kdb_buf_view(&key), KDB_LIT("damage"));
    expect_ok(fixture, kdb_store_commit(fixture->store, &fixture->ctx, batch, KDB_COMMIT_SYNC));
    fixture_restart(fixture, 1U << 20);
    partition = fixture_partition(fixture, table, KDB_LIT("a"));
    struct kdb_manifest *manifest = NULL;
    expect_failure(
        fixture,
        kdb_manifest_acquire(fixture->service, partition, &fixture->ctx, KDB_READ_ANY, &manifest),
        KDB_ERR_CORRUPT, "manifest");
    // Without its records, the head tells that some are missing.
    kdb_store_batch_clear(batch);
    const struct manifest_head head = {1, 1, 1, 2};
    struct kdb_buf bytes = {0};
    manifest_head_write(&head, &bytes);
    kdb_store_batch_put(batch, KDB_SPACE_META, kdb_buf_view(&key), kdb_buf_view(&bytes));
    expect_ok(fixture, kdb_store_commit(fixture->store, &fixture->ctx, batch, KDB_COMMIT_SYNC));
    expect_failure(
        fixture,
        kdb_manifest_acquire(fixture->service, partition, &fixture->ctx, KDB_READ_ANY, &manifest),
        KDB_ERR_CORRUPT, "1 segments instead of 2");
    // Forgotten is gone.
    kdb_store_batch_clear(batch);
    kdb_manifest_forget(batch, prefix);
    expect_ok(fixture, kdb_store_commit(fixture->store, &fixture->ctx, batch, KDB_COMMIT_SYNC));
    expect_ok(fixture, kdb_manifest_acquire(fixture->service, partition, &fixture->ctx,
                                            KDB_READ_ANY, &manifest));
    assert_null(manifest);
    kdb_partition_unref(partition);
    kdb_store_batch_close(batch);
    kdb_buf_deinit(&bytes);
    kdb_buf_deinit(&key);
    kdb_table_unref(table);
}

// A user whose name begins with another's, and ends as keys do.
static void partitions_do_not_see_each_other(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(7, "t7");
    const kdb_slice users[] = {
        KDB_LIT("a"), {"a\0", 2}, {"a\0\xFF", 3}, KDB_LIT("a:b"), KDB_LIT("ab")};
    for (int64_t i = 0; i < 5; i++)
        fixture_add_segment(fixture, table, users[i],
                            make_rows(fixture, table, 0, i + 1, 1 + i * 100), (size_t)i + 1);
    fixture_restart(fixture, 1U << 20);
    for (int64_t i = 0; i < 5; i++) {
        struct kdb_manifest *manifest = fixture_manifest(fixture, table, users[i]);
        assert_int_equal(manifest->segment_count, 1);
        assert_int_equal(manifest->row_count, i + 1);
        kdb_manifest_unref(manifest);
    }
    kdb_table_unref(table);
}

// ---- views ----

// Flushes of one run.
#define MOVES 8

// Rows move from the hot tier to the cold one while readers look: a key is always seen.
struct mover {
    struct segment_fixture *fixture;
    struct kdb_table *table;
    struct kdb_ctx ctx;
    struct fixture_row row; // hot at first
    kdb_slice hot_key;
    atomic_bool is_done;
    unsigned flushes;
};

static void put_hot(struct mover *mover, bool is_there)
{
    struct kdb_store_batch *batch = kdb_store_batch_open(mover->fixture->store);
    if (is_there)
        kdb_store_batch_put(batch, KDB_SPACE_ROWS, mover->hot_key, mover->row.row);
    else
        kdb_store_batch_delete(batch, KDB_SPACE_ROWS, mover->hot_key);
    assert_int_equal(kdb_commit_batch(mover->fixture->committer, &mover->ctx, batch), KDB_OK);
    kdb_store_batch_close(batch);
}

// Flushes the row, brings it back, and so on: publish before removal, insertion before retention.
static void *move(void *arg)
{
    struct mover *mover = arg;
    struct segment_fixture *fixture = mover->fixture;
    struct kdb_partition *partition = NULL;
    assert_int_equal(kdb_partition_open(fixture->partitions, &mover->ctx, mover->table->id,
                                        KDB_LIT("a"), KDB_READ_ANY, &partition),
                     KDB_OK);
    struct kdb_manifest_change change = {.partition = partition, .table = mover->table};
    assert_int_equal(kdb_segment_folder(fixture->service, &mover->ctx, mover->table, NULL,
                                        KDB_LIT("a"), &change.folder),
                     KDB_OK);
    for (uint64_t number = 1; number <= MOVES; number++) {
        struct fixture_input input = {&mover->row, 1, 0, SIZE_MAX};
        const struct kdb_segment_write write = {.table = mover->table,
                                                .folder = change.folder,
                                                .user = KDB_LIT("a"),
                                                .number = number,
                                                .input = {fixture_next, &input}};
        struct kdb_segment *segment = NULL;
        assert_int_equal(
            kdb_segment_write(fixture->service, fixture->writer, &mover->ctx, &write, &segment),
            KDB_OK);
        change.added = segment;
        change.removed_count = 0;
        assert_int_equal(
            kdb_manifest_change(fixture->service, fixture->committer, &mover->ctx, &change),
            KDB_OK);
        put_hot(mover, false);
        put_hot(mover, true);
        change.added = NULL;
        change.removed = &segment;
        change.removed_count = 1;
        assert_int_equal(
            kdb_manifest_change(fixture->service, fixture->committer, &mover->ctx, &change),
            KDB_OK);
        kdb_segment_unref(segment);
        mover->flushes++;
    }
    kdb_partition_unref(partition);
    atomic_store(&mover->is_done, true);
    return NULL;
}

// Looks once into a view of both tiers.
static void look(struct mover *mover, struct kdb_ctx *ctx, struct kdb_partition *partition)
{
    struct segment_fixture *fixture = mover->fixture;
    struct kdb_partition_view view = {0};
    assert_int_equal(kdb_partition_view_open(fixture->service, partition, ctx, KDB_READ_ANY, &view),
                     KDB_OK);
    kdb_slice hot;
    const struct kdb_read_at at = {.view = view.view, .space = KDB_SPACE_ROWS};
    assert_int_equal(kdb_store_get(fixture->store, ctx, &at, mover->hot_key, &hot, NULL), KDB_OK);
    bool is_seen = hot.data != NULL;
    if (view.manifest && !is_seen) {
        const struct kdb_cold_reader reader = fixture_reader(fixture, mover->table, view.manifest);
        kdb_slice cold;
        assert_int_equal(kdb_cold_get(&reader, ctx, mover->row.key, &cold), KDB_OK);
        is_seen = cold.data != NULL;
    }
    assert_true(is_seen);
    kdb_partition_view_close(&view);
}

static void a_view_never_misses_a_row_on_its_way(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(8, "t8");
    struct mover mover = {.fixture = fixture, .table = table};
    kdb_ctx_init(&mover.ctx, 0);
    mover.row = make_rows(fixture, table, 1, 1, 1)[0];
    struct kdb_partition *partition = fixture_partition(fixture, table, KDB_LIT("a"));
    struct kdb_buf key = {0};
    kdb_layout_key(&key, partition->prefix, KDB_KEYS_ROWS, mover.row.key);
    mover.hot_key = kdb_arena_copy(&table->arena, kdb_buf_view(&key));
    kdb_buf_deinit(&key);
    put_hot(&mover, true);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, move, &mover), 0);
    while (!atomic_load(&mover.is_done)) {
        look(&mover, &fixture->ctx, partition);
        kdb_ctx_reset(&fixture->ctx);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(mover.flushes, MOVES);
    kdb_partition_unref(partition);
    kdb_ctx_deinit(&mover.ctx);
    kdb_table_unref(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(changes_are_durable_and_counted, fixture_reset),
        cmocka_unit_test_setup(removed_files_wait_for_their_readers, fixture_reset),
        cmocka_unit_test_setup(the_mirror_says_what_the_store_says, fixture_reset),
        cmocka_unit_test_setup(a_mirror_that_cannot_be_written_changes_nothing, fixture_reset),
        cmocka_unit_test_setup(a_failure_behind_the_commit_has_committed, fixture_reset),
        cmocka_unit_test_setup(numbers_never_come_twice, fixture_reset),
        cmocka_unit_test_setup(damaged_records_are_refused, fixture_reset),
        cmocka_unit_test_setup(partitions_do_not_see_each_other, fixture_reset),
        cmocka_unit_test_setup(a_view_never_misses_a_row_on_its_way, fixture_reset),
    };
    return cmocka_run_group_tests(tests, fixture_open_with_engine, fixture_close);
}
