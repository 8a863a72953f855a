// SPDX-License-Identifier: Apache-2.0
// The stored form of segments: what is written is read back, and any other bytes are refused.
#include "base/digest.h"
#include "segment_fixture.h"
#include "segments/filter.h"
#include "segments/segment_priv.h"
#include "unit/types/random_value.h"

static const kdb_slice data_path = {"/var/lib/kalamdb", 16};

static kdb_slice random_key(uint64_t *seed, struct kdb_arena *arena, uint32_t order)
{
    char bytes[64];
    size_t len = 4 + random_below(seed, 40);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)kdb_random_next(seed);
    for (int i = 0; i < 4; i++)
        bytes[i] = (char)(order >> (24 - 8 * i));
    return kdb_arena_copy(arena, kdb_slice_of(bytes, len));
}

// Smaller and larger of two random values, with what does not fit a bound cut off.
static void random_bounds(uint64_t *seed, struct kdb_arena *arena, kdb_type type,
                          struct kdb_column_stats *stats)
{
    stats->has_range = kdb_kind_is_key((kdb_kind)type.kind) && random_below(seed, 3) > 0;
    stats->min = stats->max = (kdb_value){.kind = type.kind, .scale = type.scale};
    if (!stats->has_range)
        return;
    stats->min = random_value(seed, arena, type);
    stats->max = random_value(seed, arena, type);
    stats->min.scale = stats->max.scale = type.scale;
    if (kdb_value_compare(&stats->min, &stats->max) > 0) {
        kdb_value swapped = stats->min;
        stats->min = stats->max;
        stats->max = swapped;
    }
}

static struct kdb_segment random_segment(uint64_t *seed, struct kdb_arena *arena)
{
    struct kdb_segment segment = {.number = 1 + random_below(seed, 1U << 30),
                                  .table_id = (uint32_t)kdb_random_next(seed),
                                  .schema_version = 1 + (uint32_t)random_below(seed, 5),
                                  .size_bytes = (int64_t)random_below(seed, 1U << 30),
                                  .created_at_ms = (int64_t)random_below(seed, 1U << 30),
                                  .min_seq = (int64_t)random_below(seed, 1000),
                                  .group_rows = 2048 * (1 + (uint32_t)random_below(seed, 3)),
                                  .group_count = 1 + (uint32_t)random_below(seed, 6)};
    char name[SEGMENT_NAME_BYTES];
    (void)segment_file_name(segment.number, name);
    static const char *const folders[] = {"/var/lib/kalamdb/users/a/tables/b/c",
                                          "/var/lib/kalamdb-other/x", "/srv/cold/o'neil",
                                          "/var/lib/kalamdb/x"};
    segment.path = kdb_arena_printf(arena, "%s/%s", folders[random_below(seed, 4)], name);
    segment.max_seq = segment.min_seq + (int64_t)random_below(seed, 1000);
    segment.row_count = (int64_t)(segment.group_count - 1) * segment.group_rows + 1 +
                        (int64_t)random_below(seed, segment.group_rows);
    segment.tombstone_count = (int64_t)random_below(seed, (uint64_t)segment.row_count + 1);
    segment.group_first_key = kdb_arena_array(arena, segment.group_count, sizeof(kdb_slice));
    for (uint32_t i = 0; i < segment.group_count; i++)
        segment.group_first_key[i] = random_key(seed, arena, i);
    segment.min_key = segment.group_first_key[0];
    segment.max_key = random_key(seed, arena, segment.group_count);
    segment.stats_count = (uint32_t)random_below(seed, 9);
    segment.stats = kdb_arena_array(arena, segment.stats_count, sizeof(*segment.stats));
    for (uint32_t i = 0; i < segment.stats_count; i++) {
        segment.stats[i].column_id = (int32_t)i + 1;
        segment.stats[i].null_count = (int64_t)random_below(seed, (uint64_t)segment.row_count);
        random_bounds(seed, arena, random_type(seed), &segment.stats[i]);
    }
    uint64_t hashes[3] = {1, 2, 3};
    struct kdb_buf filter = {0};
    kdb_filter_build(hashes, 3, &filter);
    segment.filter = kdb_arena_copy(arena, kdb_buf_view(&filter));
    kdb_buf_deinit(&filter);
    return segment;
}

static void expect_same_segment(const struct kdb_segment *segment, const struct kdb_segment *was)
{
    assert_int_equal(segment->number, was->number);
    assert_int_equal(segment->table_id, was->table_id);
    assert_int_equal(segment->schema_version, was->schema_version);
    assert_int_equal(segment->row_count, was->row_count);
    assert_int_equal(segment->tombstone_count, was->tombstone_count);
    assert_int_equal(segment->size_bytes, was->size_bytes);
    assert_int_equal(segment->created_at_ms, was->created_at_ms);
    assert_int_equal(segment->min_seq, was->min_seq);
    assert_int_equal(segment->max_seq, was->max_seq);
    assert_int_equal(segment->oldest_tombstone_ms, was->oldest_tombstone_ms);
    assert_true(kdb_slice_equal(segment->path, was->path));
    assert_int_equal(segment->path.data[segment->path.len], 0);
    assert_true(kdb_slice_equal(segment->min_key, was->min_key));
    assert_true(kdb_slice_equal(segment->max_key, was->max_key));
    assert_true(kdb_slice_equal(segment->filter, was->filter));
    assert_int_equal(segment->group_rows, was->group_rows);
    assert_int_equal(segment->group_count, was->group_count);
    for (uint32_t i = 0; i < was->group_count; i++)
        assert_true(kdb_slice_equal(segment->group_first_key[i], was->group_first_key[i]));
    assert_int_equal(segment->stats_count, was->stats_count);
    for (uint32_t i = 0; i < was->stats_count; i++) {
        assert_int_equal(segment->stats[i].column_id, was->stats[i].column_id);
        assert_int_equal(segment->stats[i].null_count, was->stats[i].null_count);
        assert_int_equal(segment->stats[i].has_range, was->stats[i].has_range);
        assert_int_equal(segment->stats[i].min.kind, was->stats[i].min.kind);
        if (was->stats[i].has_range) {
            assert_true(kdb_value_same(&segment->stats[i].min, &was->stats[i].min));
            assert_true(kdb_value_same(&segment->stats[i].max, &was->stats[i].max));
        }
    }
}

static kdb_slice write_record(struct kdb_ctx *ctx, const struct kdb_segment *segment)
{
    struct kdb_buf record = {0};
    segment_record_write(segment, data_path, &record);
    kdb_slice copy = kdb_arena_copy(&ctx->arena, kdb_buf_view(&record));
    kdb_buf_deinit(&record);
    return copy;
}

static void what_is_written_is_read(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_ctx *ctx = &fixture->ctx;
    uint64_t seed = 77;
    for (int i = 0; i < 300; i++) {
        const struct kdb_segment segment = random_segment(&seed, &ctx->arena);
        kdb_slice record = write_record(ctx, &segment);
        struct kdb_segment *read = NULL;
        expect_ok(fixture, segment_record_read(NULL, data_path, record, ctx, &read));
        expect_same_segment(read, &segment);
        kdb_slice again = write_record(ctx, read);
        assert_true(kdb_slice_equal(record, again));
        kdb_free(read);
    }
}

static void the_data_folder_may_move(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_ctx *ctx = &fixture->ctx;
    uint64_t seed = 78;
    struct kdb_segment segment = random_segment(&seed, &ctx->arena);
    segment.number = 12;
    segment.path = KDB_LIT("/var/lib/kalamdb/users/a/batch-12.parquet");
    struct kdb_segment *read = NULL;
    kdb_slice record = write_record(ctx, &segment);
    expect_ok(fixture, segment_record_read(NULL, KDB_LIT("/new"), record, ctx, &read));
    assert_slice_equal(read->path, "/new/users/a/batch-12.parquet");
    kdb_free(read);
    segment.path = KDB_LIT("/var/lib/kalamdbx/batch-12.parquet");
    record = write_record(ctx, &segment);
    expect_ok(fixture, segment_record_read(NULL, KDB_LIT("/new"), record, ctx, &read));
    assert_slice_equal(read->path, "/var/lib/kalamdbx/batch-12.parquet");
    kdb_free(read);
}

// The record with its checksum made right again.
static kdb_slice seal(struct kdb_ctx *ctx, kdb_slice record)
{
    kdb_slice copy = kdb_arena_copy(&ctx->arena, record);
    if (copy.len < 4)
        return copy;
    uint32_t crc = kdb_crc32c(0, kdb_slice_of(copy.data, copy.len - 4));
    memcpy((char *)(uintptr_t)copy.data + copy.len - 4, &crc, sizeof(crc));
    return copy;
}

static void try_record(struct kdb_ctx *ctx, kdb_slice record)
{
    struct kdb_segment *read = NULL;
    kdb_status status = segment_record_read(NULL, data_path, record, ctx, &read);
    assert_true(status == KDB_OK || status == KDB_ERR_CORRUPT || status == KDB_ERR_UNAVAILABLE);
    if (status == KDB_OK)
        kdb_free(read);
    else
        kdb_ctx_clear_error(ctx);
}

static void any_bytes_are_survived(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_ctx *ctx = &fixture->ctx;
    uint64_t seed = 79;
    for (int round = 0; round < 40; round++) {
        const struct kdb_segment segment = random_segment(&seed, &ctx->arena);
        kdb_slice record = write_record(ctx, &segment);
        struct kdb_segment *read = NULL;
        for (size_t len = 0; len < record.len; len += 1 + record.len / 60) {
            expect_failure(
                fixture,
                segment_record_read(NULL, data_path, kdb_slice_of(record.data, len), ctx, &read),
                KDB_ERR_CORRUPT, "damaged");
            try_record(ctx, seal(ctx, kdb_slice_of(record.data, len)));
        }
        for (int i = 0; i < 200; i++) {
            kdb_slice damaged = kdb_arena_copy(&ctx->arena, record);
            char *bytes = (char *)(uintptr_t)damaged.data;
            bytes[random_below(&seed, record.len)] ^= (char)(1U << random_below(&seed, 8));
            assert_int_not_equal(segment_record_read(NULL, data_path, damaged, ctx, &read), KDB_OK);
            kdb_ctx_clear_error(ctx);
            try_record(ctx, seal(ctx, damaged));
        }
        kdb_ctx_reset(ctx);
    }
}

typedef void (*spoil)(struct kdb_segment *segment);
static void no_number(struct kdb_segment *segment)
{
    segment->number = 0;
}
static void no_rows(struct kdb_segment *segment)
{
    segment->row_count = 0;
}
static void rows_beyond_counting(struct kdb_segment *segment)
{
    segment->row_count = INT64_MAX;
}
static void too_many_tombstones(struct kdb_segment *segment)
{
    segment->tombstone_count = segment->row_count + 1;
}
static void turned_seqs(struct kdb_segment *segment)
{
    segment->min_seq = segment->max_seq + 1;
}
static void other_groups(struct kdb_segment *segment)
{
    segment->row_count += segment->group_rows;
}
static void turned_groups(struct kdb_segment *segment)
{
    kdb_slice first = segment->group_first_key[0];
    segment->group_first_key[0] = segment->group_first_key[1];
    segment->group_first_key[1] = first;
}
static void small_max_key(struct kdb_segment *segment)
{
    segment->max_key = KDB_LIT("");
}
static void no_group_rows(struct kdb_segment *segment)
{
    segment->group_rows = 0;
}
static void too_many_nulls(struct kdb_segment *segment)
{
    segment->stats[0].null_count = segment->row_count + 1;
}
static void way_out(struct kdb_segment *segment)
{
    segment->path = KDB_LIT("/srv/../etc/batch-1.parquet");
}

static void contradictions_are_refused(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_ctx *ctx = &fixture->ctx;
    static const spoil spoils[] = {no_number,           no_rows,       rows_beyond_counting,
                                   too_many_tombstones, turned_seqs,   other_groups,
                                   turned_groups,       small_max_key, no_group_rows,
                                   too_many_nulls,      way_out};
    uint64_t seed = 80;
    for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
        struct kdb_segment segment;
        do
            segment = random_segment(&seed, &ctx->arena);
        while (segment.group_count < 2 || segment.stats_count == 0);
        struct kdb_segment *read = NULL;
        expect_ok(fixture,
                  segment_record_read(NULL, data_path, write_record(ctx, &segment), ctx, &read));
        kdb_free(read);
        spoils[i](&segment);
        expect_failure(
            fixture, segment_record_read(NULL, data_path, write_record(ctx, &segment), ctx, &read),
            KDB_ERR_CORRUPT, "segment record");
    }
}

static void newer_formats_are_named(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_ctx *ctx = &fixture->ctx;
    uint64_t seed = 81;
    const struct kdb_segment segment = random_segment(&seed, &ctx->arena);
    kdb_slice record = write_record(ctx, &segment);
    *(char *)(uintptr_t)record.data = 2;
    struct kdb_segment *read = NULL;
    expect_failure(fixture, segment_record_read(NULL, data_path, seal(ctx, record), ctx, &read),
                   KDB_ERR_UNAVAILABLE, "newer release");
}

static void heads_come_back(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_ctx *ctx = &fixture->ctx;
    const struct manifest_head head = {7, 1770000000000, 1770000000001, 3};
    struct manifest_head read;
    struct kdb_buf bytes = {0};
    manifest_head_write(&head, &bytes);
    expect_ok(fixture, manifest_head_read(kdb_buf_view(&bytes), ctx, &read));
    assert_memory_equal(&read, &head, sizeof(head.version) * 3 + sizeof(head.segment_count));
    for (size_t len = 0; len < bytes.len; len++)
        expect_failure(fixture, manifest_head_read(kdb_slice_of(bytes.data, len), ctx, &read),
                       KDB_ERR_CORRUPT, "manifest");
    for (size_t i = 0; i < bytes.len * 8; i++) {
        bytes.data[i / 8] ^= (char)(1U << i % 8);
        assert_int_not_equal(manifest_head_read(kdb_buf_view(&bytes), ctx, &read), KDB_OK);
        kdb_ctx_clear_error(ctx);
        bytes.data[i / 8] ^= (char)(1U << i % 8);
    }
    bytes.data[0] = 2;
    expect_failure(fixture, manifest_head_read(seal(ctx, kdb_buf_view(&bytes)), ctx, &read),
                   KDB_ERR_UNAVAILABLE, "newer release");
    kdb_buf_deinit(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_written_is_read, fixture_reset),
        cmocka_unit_test_setup(the_data_folder_may_move, fixture_reset),
        cmocka_unit_test_setup(any_bytes_are_survived, fixture_reset),
        cmocka_unit_test_setup(contradictions_are_refused, fixture_reset),
        cmocka_unit_test_setup(newer_formats_are_named, fixture_reset),
        cmocka_unit_test_setup(heads_come_back, fixture_reset),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
