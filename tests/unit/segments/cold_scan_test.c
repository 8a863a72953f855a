// SPDX-License-Identifier: Apache-2.0
// Cold rows against a model: any number of segments over the same keys, read by key, in ranges,
// forwards and backwards, with pruning and with files that are not read when they need not be.
#include "segment_fixture.h"
#include "segments/segment_priv.h"

#define KEYS_MAX 9000

// The newest version of each key: row.data is NULL when there is none.
struct model {
    struct kdb_table *table;
    struct fixture_row newest[KEYS_MAX];
    int64_t next_seq;
};

static struct model *make_model(uint32_t table_id)
{
    struct model *model = kdb_alloc(sizeof(*model));
    model->table = fixture_plain_table(table_id, "model");
    model->next_seq = 1;
    return model;
}

static void drop_model(struct model *model)
{
    kdb_table_unref(model->table);
    kdb_free(model);
}

// A segment of new versions of the keys first, first + step, … below end.
static void add_segment(struct segment_fixture *fixture, struct model *model, int64_t first,
                        int64_t end, int64_t step)
{
    struct kdb_arena *arena = &model->table->arena;
    struct fixture_row *rows =
        kdb_arena_array(arena, (size_t)(end - first) / (size_t)step + 1, sizeof(*rows));
    size_t count = 0;
    for (int64_t id = first; id < end; id += step) {
        int64_t seq = model->next_seq++;
        rows[count] = fixture_plain_row(fixture, arena, model->table, id, seq, seq % 9 == 0);
        model->newest[id] = rows[count++];
    }
    fixture_add_segment(fixture, model->table, KDB_LIT("u"), rows, count);
}

// The encoded key of an id; ids need not exist.
static kdb_slice key_of(struct kdb_arena *arena, int64_t id)
{
    struct kdb_buf key = {0};
    kdb_key_i64(&key, id);
    kdb_slice copy = kdb_arena_copy(arena, kdb_buf_view(&key));
    kdb_buf_deinit(&key);
    return copy;
}

struct range {
    int64_t first; // -1: none
    int64_t end;   // -1: none
    bool is_reverse;
};

static struct kdb_cold_range cold_range(struct segment_fixture *fixture, struct range range)
{
    struct kdb_arena *arena = &fixture->ctx.arena;
    const kdb_slice none = {0};
    return (struct kdb_cold_range){.first = range.first < 0 ? none : key_of(arena, range.first),
                                   .end = range.end < 0 ? none : key_of(arena, range.end),
                                   .is_reverse = range.is_reverse};
}

// The id behind `id` in the model and the range, or -1. Begin with -2.
static int64_t next_id(const struct model *model, struct range range, int64_t id)
{
    int64_t step = range.is_reverse ? -1 : 1;
    int64_t low = range.first < 0 ? 0 : range.first;
    int64_t high = range.end < 0 || range.end > KEYS_MAX ? KEYS_MAX : range.end;
    if (id == -2)
        id = range.is_reverse ? high : low - 1;
    for (id += step; id >= low && id < high; id += step) {
        if (model->newest[id].row.data)
            return id;
    }
    return -1;
}

static void expect_range(struct segment_fixture *fixture, const struct model *model,
                         const struct kdb_manifest *manifest, struct range range)
{
    const struct kdb_cold_reader reader = fixture_reader(fixture, model->table, manifest);
    const struct kdb_cold_range cold = cold_range(fixture, range);
    struct kdb_cold_scan *scan;
    expect_ok(fixture, kdb_cold_scan_open(&reader, &fixture->ctx, &cold, &scan));
    int64_t id = next_id(model, range, -2);
    for (;; id = next_id(model, range, id)) {
        kdb_slice key;
        kdb_slice row;
        bool has_more;
        expect_ok(fixture, kdb_cold_scan_next(scan, &fixture->ctx, &key, &row, &has_more));
        if (has_more != (id >= 0))
            fail_msg("[%lld, %lld) %d ends at %lld", (long long)range.first, (long long)range.end,
                     range.is_reverse, (long long)id);
        if (!has_more)
            break;
        assert_true(kdb_slice_equal(key, model->newest[id].key));
        assert_true(kdb_slice_equal(row, model->newest[id].row));
    }
    kdb_cold_scan_close(scan);
}

static void expect_key(struct segment_fixture *fixture, const struct model *model,
                       const struct kdb_manifest *manifest, int64_t id)
{
    const struct kdb_cold_reader reader = fixture_reader(fixture, model->table, manifest);
    kdb_slice key = key_of(&fixture->ctx.arena, id);
    kdb_slice row = KDB_LIT("unset");
    bool is_excluded = kdb_cold_excludes(manifest, key);
    expect_ok(fixture, kdb_cold_get(&reader, &fixture->ctx, key, &row));
    const kdb_slice none = {0};
    kdb_slice expected = id >= 0 && id < KEYS_MAX ? model->newest[id].row : none;
    assert_int_equal(row.data == NULL, expected.data == NULL);
    assert_true(kdb_slice_equal(row, expected));
    if (expected.data)
        assert_false(is_excluded);
}

static void expect_model(struct segment_fixture *fixture, struct model *model, uint64_t *seed)
{
    struct kdb_manifest *manifest = fixture_manifest(fixture, model->table, KDB_LIT("u"));
    for (int is_reverse = 0; is_reverse < 2; is_reverse++) {
        expect_range(fixture, model, manifest, (struct range){-1, -1, is_reverse == 1});
        for (int i = 0; i < 12; i++) {
            int64_t a = (int64_t)(kdb_random_next(seed) % KEYS_MAX);
            int64_t b = (int64_t)(kdb_random_next(seed) % KEYS_MAX);
            int64_t near = (int64_t)(kdb_random_next(seed) % 40);
            const struct range ranges[] = {
                {a, b, false},       {a, a + near, false}, {-1, b, false},       {a, -1, false},
                {2048, 4096, false}, {a, a, false},        {KEYS_MAX, -1, false}};
            struct range range = ranges[kdb_random_next(seed) % 7];
            range.is_reverse = is_reverse == 1;
            expect_range(fixture, model, manifest, range);
        }
    }
    for (int i = 0; i < 200; i++)
        expect_key(fixture, model, manifest,
                   (int64_t)(kdb_random_next(seed) % (KEYS_MAX + 100)) - 50);
    kdb_manifest_unref(manifest);
    kdb_ctx_reset(&fixture->ctx);
}

static void one_segment(void **state)
{
    struct segment_fixture *fixture = *state;
    struct model *model = make_model(1);
    uint64_t seed = 1;
    add_segment(fixture, model, 5, 8500, 1);
    expect_model(fixture, model, &seed);
    drop_model(model);
}

static void segments_side_by_side(void **state)
{
    struct segment_fixture *fixture = *state;
    struct model *model = make_model(2);
    uint64_t seed = 2;
    add_segment(fixture, model, 6000, 8999, 3);
    add_segment(fixture, model, 0, 3000, 1);
    add_segment(fixture, model, 3000, 5500, 1);
    struct kdb_manifest *manifest = fixture_manifest(fixture, model->table, KDB_LIT("u"));
    assert_false(manifest->is_overlapping);
    assert_int_equal(manifest->row_count, 3000 + 2500 + 1000);
    kdb_manifest_unref(manifest);
    expect_model(fixture, model, &seed);
    drop_model(model);
}

static void segments_over_each_other(void **state)
{
    struct segment_fixture *fixture = *state;
    struct model *model = make_model(3);
    uint64_t seed = 3;
    for (int i = 0; i < 7; i++) {
        int64_t first = (int64_t)(kdb_random_next(&seed) % 6000);
        int64_t len = 1 + (int64_t)(kdb_random_next(&seed) % 3000);
        add_segment(fixture, model, first, first + len, 1 + (int64_t)(kdb_random_next(&seed) % 4));
        if (i >= 4)
            expect_model(fixture, model, &seed);
    }
    drop_model(model);
}

// The same version may lie in two segments: a flush that was interrupted before it removed rows.
static void the_same_version_twice_counts_once(void **state)
{
    struct segment_fixture *fixture = *state;
    struct model *model = make_model(4);
    uint64_t seed = 4;
    add_segment(fixture, model, 0, 3000, 1);
    fixture_add_segment(fixture, model->table, KDB_LIT("u"), model->newest + 1000, 1500);
    struct kdb_manifest *manifest = fixture_manifest(fixture, model->table, KDB_LIT("u"));
    assert_true(manifest->is_overlapping);
    assert_int_equal(manifest->row_count, 4500);
    kdb_manifest_unref(manifest);
    expect_model(fixture, model, &seed);
    drop_model(model);
}

// ---- what is not read ----

static uint64_t misses(struct segment_fixture *fixture)
{
    struct kdb_segment_cache_stats stats;
    kdb_segment_cache_stats(fixture->service, &stats);
    return stats.misses;
}

// Reads `count` rows of a range.
static void read_some(struct segment_fixture *fixture, const struct model *model,
                      const struct kdb_manifest *manifest, const struct kdb_cold_range *range,
                      unsigned count)
{
    const struct kdb_cold_reader reader = fixture_reader(fixture, model->table, manifest);
    struct kdb_cold_scan *scan;
    expect_ok(fixture, kdb_cold_scan_open(&reader, &fixture->ctx, range, &scan));
    for (unsigned i = 0; i < count; i++) {
        kdb_slice key;
        kdb_slice row;
        bool has_more;
        expect_ok(fixture, kdb_cold_scan_next(scan, &fixture->ctx, &key, &row, &has_more));
        assert_true(has_more);
    }
    kdb_cold_scan_close(scan);
}

static void little_is_read_for_little(void **state)
{
    struct segment_fixture *fixture = *state;
    struct model *model = make_model(5);
    for (int i = 0; i < 4; i++)
        add_segment(fixture, model, i * 2200, i * 2200 + 2190, 1);
    fixture_restart(fixture, 64U << 20);
    struct kdb_manifest *manifest = fixture_manifest(fixture, model->table, KDB_LIT("u"));
    struct kdb_cold_range range = cold_range(fixture, (struct range){-1, -1, false});
    read_some(fixture, model, manifest, &range, 50);
    assert_int_equal(misses(fixture), 1);
    read_some(fixture, model, manifest, &range, 2190 + 50);
    assert_int_equal(misses(fixture), 3); // both groups of the first, one of the second
    range = cold_range(fixture, (struct range){-1, -1, true});
    read_some(fixture, model, manifest, &range, 50);
    assert_int_equal(misses(fixture), 4);
    // Keys that no segment has are answered by ranges and filters, but for a few.
    const struct kdb_cold_reader reader = fixture_reader(fixture, model->table, manifest);
    unsigned passed = 0;
    for (int64_t id = 0; id < 1000; id++) {
        kdb_slice row;
        kdb_slice key = key_of(&fixture->ctx.arena, 2190 + (id % 10) + id / 10 % 3 * 2200);
        passed += !kdb_cold_excludes(manifest, key);
        expect_ok(fixture, kdb_cold_get(&reader, &fixture->ctx, key, &row));
        assert_null(row.data);
    }
    assert_in_range(passed, 0, 0); // between the segments: the ranges know
    assert_int_equal(misses(fixture), 4);
    kdb_manifest_unref(manifest);
    drop_model(model);
}

static void filters_know_keys_within_the_range(void **state)
{
    struct segment_fixture *fixture = *state;
    struct model *model = make_model(6);
    add_segment(fixture, model, 0, 9000, 2);
    struct kdb_manifest *manifest = fixture_manifest(fixture, model->table, KDB_LIT("u"));
    unsigned passed = 0;
    for (int64_t id = 1; id < 9000; id += 2)
        passed += !kdb_cold_excludes(manifest, key_of(&fixture->ctx.arena, id));
    assert_in_range(passed, 1, 90); // 1 % of 4,500, doubled
    kdb_manifest_unref(manifest);
    drop_model(model);
}

static void memory_alone_is_blocked_by_what_is_not_there(void **state)
{
    struct segment_fixture *fixture = *state;
    struct model *model = make_model(7);
    add_segment(fixture, model, 0, 3000, 1);
    fixture_restart(fixture, 64U << 20);
    struct kdb_manifest *manifest = fixture_manifest(fixture, model->table, KDB_LIT("u"));
    struct kdb_cold_reader reader = fixture_reader(fixture, model->table, manifest);
    reader.tier = KDB_READ_MEMORY;
    reader.connection = NULL;
    kdb_slice key = key_of(&fixture->ctx.arena, 7);
    kdb_slice row;
    expect_failure(fixture, kdb_cold_get(&reader, &fixture->ctx, key, &row), KDB_ERR_BLOCKED, "");
    struct kdb_cold_scan *scan;
    kdb_slice found;
    bool has_more;
    const struct kdb_cold_range everything = {0};
    expect_ok(fixture, kdb_cold_scan_open(&reader, &fixture->ctx, &everything, &scan));
    expect_failure(fixture, kdb_cold_scan_next(scan, &fixture->ctx, &found, &row, &has_more),
                   KDB_ERR_BLOCKED, "");
    kdb_cold_scan_close(scan);
    assert_int_equal(misses(fixture), 0);
    expect_key(fixture, model, manifest, 7); // on a worker
    expect_ok(fixture, kdb_cold_get(&reader, &fixture->ctx, key, &row));
    assert_true(kdb_slice_equal(row, model->newest[7].row));
    kdb_manifest_unref(manifest);
    drop_model(model);
}

// ---- pruning ----

struct skipping {
    unsigned asked;
    uint64_t number; // skips this segment
};

static bool skips(void *self, const struct kdb_segment *segment)
{
    struct skipping *skipping = self;
    skipping->asked++;
    return segment->number == skipping->number;
}

static void only_segments_alone_on_their_keys_are_pruned(void **state)
{
    struct segment_fixture *fixture = *state;
    struct model *model = make_model(8);
    uint64_t seed = 8;
    add_segment(fixture, model, 0, 1000, 1);
    add_segment(fixture, model, 1000, 2000, 1);
    add_segment(fixture, model, 1500, 2500, 1);
    struct kdb_manifest *manifest = fixture_manifest(fixture, model->table, KDB_LIT("u"));
    const struct kdb_cold_reader reader = fixture_reader(fixture, model->table, manifest);
    struct skipping skipping = {.number = manifest->segments[0]->number};
    const struct kdb_segment_skip skip = {skips, &skipping};
    struct kdb_cold_range range = {.skip = &skip};
    struct kdb_cold_scan *scan;
    kdb_slice key;
    kdb_slice row;
    bool has_more;
    expect_ok(fixture, kdb_cold_scan_open(&reader, &fixture->ctx, &range, &scan));
    expect_ok(fixture, kdb_cold_scan_next(scan, &fixture->ctx, &key, &row, &has_more));
    assert_true(kdb_slice_equal(key, model->newest[1000].key));
    kdb_cold_scan_close(scan);
    assert_int_equal(skipping.asked, 1);
    // Within [1000, 1400) the second is alone.
    range.first = key_of(&fixture->ctx.arena, 1000);
    range.end = key_of(&fixture->ctx.arena, 1400);
    skipping = (struct skipping){.number = manifest->segments[1]->number};
    expect_ok(fixture, kdb_cold_scan_open(&reader, &fixture->ctx, &range, &scan));
    expect_ok(fixture, kdb_cold_scan_next(scan, &fixture->ctx, &key, &row, &has_more));
    assert_false(has_more);
    kdb_cold_scan_close(scan);
    assert_int_equal(skipping.asked, 1);
    expect_model(fixture, model, &seed);
    kdb_manifest_unref(manifest);
    drop_model(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_segment, fixture_reset),
        cmocka_unit_test_setup(segments_side_by_side, fixture_reset),
        cmocka_unit_test_setup(segments_over_each_other, fixture_reset),
        cmocka_unit_test_setup(the_same_version_twice_counts_once, fixture_reset),
        cmocka_unit_test_setup(little_is_read_for_little, fixture_reset),
        cmocka_unit_test_setup(filters_know_keys_within_the_range, fixture_reset),
        cmocka_unit_test_setup(memory_alone_is_blocked_by_what_is_not_there, fixture_reset),
        cmocka_unit_test_setup(only_segments_alone_on_their_keys_are_pruned, fixture_reset),
    };
    return cmocka_run_group_tests(tests, fixture_open_with_engine, fixture_close);
}
