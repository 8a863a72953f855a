// SPDX-License-Identifier: Apache-2.0
// Damaged, cut, exchanged and missing files: each is CORRUPT with the file's name and nothing of
// its folder, and the next file is read as if nothing had happened.
#include <fcntl.h>

#include "segment_fixture.h"
#include "segments/segment_priv.h"

#define ROWS 3000

static struct fixture_row *make_rows(struct segment_fixture *fixture, struct kdb_table *table,
                                     int64_t seq)
{
    struct fixture_row *rows = kdb_arena_array(&table->arena, ROWS, sizeof(*rows));
    for (int64_t i = 0; i < ROWS; i++)
        rows[i] = fixture_plain_row(fixture, &table->arena, table, i, seq + i, false);
    return rows;
}

// Reads everything; the status of the first failure.
static kdb_status read_all(struct segment_fixture *fixture, const struct kdb_table *table,
                           const struct kdb_manifest *manifest)
{
    const struct kdb_cold_reader reader = fixture_reader(fixture, table, manifest);
    const struct kdb_cold_range everything = {0};
    struct kdb_cold_scan *scan;
    expect_ok(fixture, kdb_cold_scan_open(&reader, &fixture->ctx, &everything, &scan));
    kdb_status status;
    bool has_more;
    do {
        kdb_slice key;
        kdb_slice row;
        status = kdb_cold_scan_next(scan, &fixture->ctx, &key, &row, &has_more);
    } while (status == KDB_OK && has_more);
    kdb_cold_scan_close(scan);
    return status;
}

static void expect_named(struct segment_fixture *fixture, kdb_status status,
                         const struct kdb_segment *segment)
{
    assert_null(strstr(fixture->ctx.error.message, fixture->folder));
    expect_failure(fixture, status, KDB_ERR_CORRUPT, segment_name_of(segment));
}

static void missing_and_cut_files_are_named(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(1, "cut");
    struct fixture_row *rows = make_rows(fixture, table, 1);
    fixture_add_segment(fixture, table, KDB_LIT("u"), rows, ROWS);
    fixture_restart(fixture, 0);
    struct kdb_manifest *manifest = fixture_manifest(fixture, table, KDB_LIT("u"));
    const struct kdb_segment *segment = manifest->segments[0];
    const struct kdb_cold_reader reader = fixture_reader(fixture, table, manifest);
    assert_int_equal(read_all(fixture, table, manifest), KDB_OK);
    kdb_slice row;
    const int64_t sizes[] = {segment->size_bytes - 1, segment->size_bytes / 2, 8, 1, 0};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(truncate(segment->path.data, sizes[i]), 0);
        expect_named(fixture, read_all(fixture, table, manifest), segment);
        expect_named(fixture, kdb_cold_get(&reader, &fixture->ctx, rows[7].key, &row), segment);
    }
    assert_int_equal(unlink(segment->path.data), 0);
    expect_named(fixture, read_all(fixture, table, manifest), segment);
    expect_named(fixture, kdb_cold_get(&reader, &fixture->ctx, rows[7].key, &row), segment);
    // What the manifest alone can answer needs no file.
    struct kdb_buf key = {0};
    kdb_key_i64(&key, ROWS + 5);
    expect_ok(fixture, kdb_cold_get(&reader, &fixture->ctx, kdb_buf_view(&key), &row));
    assert_null(row.data);
    kdb_buf_deinit(&key);
    kdb_manifest_unref(manifest);
    kdb_table_unref(table);
}

static void flip(const char *path, off_t at, unsigned char mask)
{
    int file = open(path, O_RDWR);
    unsigned char byte;
    assert_true(file >= 0 && pread(file, &byte, 1, at) == 1);
    byte ^= mask;
    assert_int_equal(pwrite(file, &byte, 1, at), 1);
    (void)close(file);
}

// Bytes changed anywhere: an error with the file's name, or rows with keys in order. Never a crash,
// never another failure.
static void changed_bytes_are_survived(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(2, "flip");
    fixture_add_segment(fixture, table, KDB_LIT("u"), make_rows(fixture, table, 1), ROWS);
    fixture_restart(fixture, 0);
    struct kdb_manifest *manifest = fixture_manifest(fixture, table, KDB_LIT("u"));
    const struct kdb_segment *segment = manifest->segments[0];
    uint64_t seed = 99;
    unsigned refused = 0;
    for (int i = 0; i < 60; i++) {
        off_t at = (off_t)(kdb_random_next(&seed) % (uint64_t)segment->size_bytes);
        if (i % 3 == 0) // the footer
            at = segment->size_bytes - 1 - (off_t)(kdb_random_next(&seed) % 1000);
        unsigned char mask = (unsigned char)(1 + kdb_random_next(&seed) % 255);
        flip(segment->path.data, at, mask);
        kdb_status status = read_all(fixture, table, manifest);
        if (status != KDB_OK)
            expect_named(fixture, status, segment);
        refused += status != KDB_OK;
        flip(segment->path.data, at, mask);
    }
    assert_true(refused > 20);
    assert_int_equal(read_all(fixture, table, manifest), KDB_OK);
    kdb_manifest_unref(manifest);
    kdb_table_unref(table);
}

// A sound file that is not the one the manifest describes.
static void exchanged_files_are_noticed(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(3, "swap");
    struct fixture_row *rows = make_rows(fixture, table, 1);
    fixture_add_segment(fixture, table, KDB_LIT("a"), rows, ROWS);
    fixture_add_segment(fixture, table, KDB_LIT("b"), rows + 1, ROWS - 1);
    fixture_add_segment(fixture, table, KDB_LIT("c"), rows, ROWS - 1);
    fixture_add_segment(fixture, table, KDB_LIT("d"), make_rows(fixture, table, 9000000), ROWS);
    fixture_restart(fixture, 0);
    struct kdb_manifest *manifest = fixture_manifest(fixture, table, KDB_LIT("a"));
    static const char *const others[] = {"b", "c", "d"};
    static const char *const texts[] = {"another key than recorded", "fewer rows", "_seq"};
    for (int i = 0; i < 3; i++) {
        struct kdb_manifest *other = fixture_manifest(fixture, table, kdb_slice_cstr(others[i]));
        kdb_slice copy =
            kdb_arena_printf(&fixture->ctx.arena, "cp %s %s", other->segments[0]->path.data,
                             manifest->segments[0]->path.data);
        assert_int_equal(system(copy.data), 0);
        kdb_status status = read_all(fixture, table, manifest);
        if (!strstr(fixture->ctx.error.message, texts[i]))
            fail_msg("%s", fixture->ctx.error.message);
        expect_named(fixture, status, manifest->segments[0]);
        kdb_manifest_unref(other);
    }
    kdb_manifest_unref(manifest);
    kdb_table_unref(table);
}

static void a_table_altered_meanwhile_is_a_conflict(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *old = fixture_plain_table(4, "alter");
    struct kdb_table *altered = fixture_plain_table(4, "alter");
    (void)fixture_add_schema(altered, altered->schema->columns, 2);
    struct fixture_row *rows = make_rows(fixture, altered, 1);
    fixture_add_segment(fixture, altered, KDB_LIT("u"), rows, ROWS);
    struct kdb_manifest *manifest = fixture_manifest(fixture, altered, KDB_LIT("u"));
    assert_int_equal(manifest->segments[0]->schema_version, 2);
    const struct kdb_cold_reader reader = fixture_reader(fixture, old, manifest);
    kdb_slice row;
    expect_failure(fixture, kdb_cold_get(&reader, &fixture->ctx, rows[0].key, &row),
                   KDB_ERR_CONFLICT, "altered");
    kdb_manifest_unref(manifest);
    kdb_table_unref(altered);
    kdb_table_unref(old);
}

static void a_cancelled_request_reads_nothing(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(5, "cancel");
    fixture_add_segment(fixture, table, KDB_LIT("u"), make_rows(fixture, table, 1), ROWS);
    fixture_restart(fixture, 1U << 20);
    struct kdb_manifest *manifest = fixture_manifest(fixture, table, KDB_LIT("u"));
    fixture->ctx.deadline_ns = 1;
    expect_failure(fixture, read_all(fixture, table, manifest), KDB_ERR_TIMEOUT, "");
    fixture->ctx.deadline_ns = 0;
    atomic_store(&fixture->ctx.is_cancelled, true);
    expect_failure(fixture, read_all(fixture, table, manifest), KDB_ERR_CANCELLED, "");
    atomic_store(&fixture->ctx.is_cancelled, false);
    assert_int_equal(read_all(fixture, table, manifest), KDB_OK);
    kdb_manifest_unref(manifest);
    kdb_table_unref(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(missing_and_cut_files_are_named, fixture_reset),
        cmocka_unit_test_setup(changed_bytes_are_survived, fixture_reset),
        cmocka_unit_test_setup(exchanged_files_are_noticed, fixture_reset),
        cmocka_unit_test_setup(a_table_altered_meanwhile_is_a_conflict, fixture_reset),
        cmocka_unit_test_setup(a_cancelled_request_reads_nothing, fixture_reset),
    };
    return cmocka_run_group_tests(tests, fixture_open_with_engine, fixture_close);
}
