// SPDX-License-Identifier: Apache-2.0
// Leftover files go, everything else stays: other names, other tables' and other users' files,
// files that cannot be read, files a reader still needs.
#include "segment_fixture.h"
#include "segments/segment_priv.h"

static struct fixture_row *make_rows(struct segment_fixture *fixture, struct kdb_table *table,
                                     int64_t first, int64_t count)
{
    struct fixture_row *rows = kdb_arena_array(&table->arena, (size_t)count, sizeof(*rows));
    for (int64_t i = 0; i < count; i++)
        rows[i] = fixture_plain_row(fixture, &table->arena, table, first + i, i + 1, false);
    return rows;
}

static const char *path_in(struct segment_fixture *fixture, kdb_slice folder, const char *name)
{
    return kdb_arena_printf(&fixture->ctx.arena, "%.*s/%s", KDB_ARG(folder), name).data;
}

static void put_file(struct segment_fixture *fixture, kdb_slice folder, const char *name)
{
    FILE *file = fopen(path_in(fixture, folder, name), "w");
    assert_non_null(file);
    (void)fputs("something", file);
    (void)fclose(file);
}

static bool exists(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0;
}

// A segment file of a table and user, as an interrupted flush leaves it in `folder`.
static void leave_segment(struct segment_fixture *fixture, struct kdb_table *table, kdb_slice user,
                          kdb_slice folder, const char *name)
{
    struct fixture_input input = {make_rows(fixture, table, 0, 5), 5, 0, SIZE_MAX};
    const struct kdb_segment_write what = {
        .table = table,
        .folder = kdb_arena_printf(&fixture->ctx.arena, "%s/elsewhere", fixture->folder),
        .user = user,
        .number = 1000,
        .input = {fixture_next, &input}};
    struct kdb_segment *segment = NULL;
    expect_ok(fixture,
              kdb_segment_write(fixture->service, fixture->writer, &fixture->ctx, &what, &segment));
    kdb_slice copy = kdb_arena_printf(&fixture->ctx.arena, "cp %s \"%s\"", segment->path.data,
                                      path_in(fixture, folder, name));
    assert_int_equal(system(copy.data), 0);
    kdb_segment_unref(segment);
}

static uint32_t remove_orphans(struct segment_fixture *fixture, const struct kdb_table *table,
                               kdb_slice user)
{
    struct kdb_partition *partition = fixture_partition(fixture, table, user);
    const struct kdb_orphan_search where = {
        .table = table, .partition = partition, .folder = fixture_folder(fixture, table, user)};
    uint32_t removed = 99;
    expect_ok(fixture, kdb_segment_remove_orphans(fixture->service, &fixture->reader, &fixture->ctx,
                                                  &where, &removed));
    kdb_partition_unref(partition);
    return removed;
}

static void only_our_leftovers_go(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(1, "orphans");
    struct kdb_table *other = fixture_plain_table(2, "orphans");
    const kdb_slice user = KDB_LIT("o'neil");
    fixture_add_segment(fixture, table, user, make_rows(fixture, table, 0, 10), 10);
    kdb_slice folder = fixture_folder(fixture, table, user);
    static const char *const kept[] = {"batch-.parquet",      "batch-x.parquet",
                                       "batch-007.parquet",   "batch-+7.parquet",
                                       "batch-1.parquet.bak", "notes.txt",
                                       "batch-77.parquet",    "batch-99999999999999999999.parquet",
                                       "xbatch-1.parquet.tmp"};
    static const char *const gone[] = {"batch-55.parquet.tmp", "manifest.json.tmp"};
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        put_file(fixture, folder, kept[i]);
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
        put_file(fixture, folder, gone[i]);
    leave_segment(fixture, table, user, folder, "batch-500.parquet");           // ours
    leave_segment(fixture, other, user, folder, "batch-501.parquet");           // another table's
    leave_segment(fixture, table, KDB_LIT("eve"), folder, "batch-502.parquet"); // another user's
    leave_segment(fixture, table, user, folder, "batch-503.parquet.bak");       // not our name
    assert_int_equal(remove_orphans(fixture, table, user), 3);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        assert_true(exists(path_in(fixture, folder, kept[i])));
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
        assert_false(exists(path_in(fixture, folder, gone[i])));
    assert_false(exists(path_in(fixture, folder, "batch-500.parquet")));
    assert_true(exists(path_in(fixture, folder, "batch-501.parquet")));
    assert_true(exists(path_in(fixture, folder, "batch-502.parquet")));
    struct kdb_manifest *manifest = fixture_manifest(fixture, table, user);
    assert_true(exists(manifest->segments[0]->path.data));
    kdb_manifest_unref(manifest);
    assert_int_equal(remove_orphans(fixture, table, user), 0);
    kdb_table_unref(table);
    kdb_table_unref(other);
}

static void a_lost_mirror_is_written_again(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(3, "mirror");
    fixture_add_segment(fixture, table, KDB_LIT("a"), make_rows(fixture, table, 0, 10), 10);
    kdb_slice folder = fixture_folder(fixture, table, KDB_LIT("a"));
    const char *mirror = path_in(fixture, folder, "manifest.json");
    assert_int_equal(unlink(mirror), 0);
    assert_int_equal(remove_orphans(fixture, table, KDB_LIT("a")), 0);
    assert_true(exists(mirror));
    kdb_table_unref(table);
}

static kdb_slice content_of(struct segment_fixture *fixture, const char *path)
{
    char content[4096];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(content, 1, sizeof(content), file);
    (void)fclose(file);
    return kdb_arena_copy(&fixture->ctx.arena, kdb_slice_of(content, len));
}

// As a server leaves it that dies between the manifest and its mirror: longer, shorter, as long.
static void a_mirror_of_another_version_is_written_again(void **state)
{
    struct segment_fixture *fixture = *state;
    const kdb_slice user = KDB_LIT("b");
    struct kdb_table *table = fixture_plain_table(3, "mirror");
    fixture_add_segment(fixture, table, user, make_rows(fixture, table, 0, 10), 10);
    const char *mirror = path_in(fixture, fixture_folder(fixture, table, user), "manifest.json");
    kdb_slice good = content_of(fixture, mirror);
    const kdb_slice wrong[] = {
        KDB_LIT("{}"), kdb_slice_of(good.data, good.len - 1), KDB_LIT(""),
        kdb_arena_printf(&fixture->ctx.arena, "%.*s ", KDB_ARG(good)),
        kdb_arena_printf(&fixture->ctx.arena, "[%.*s", KDB_ARG(kdb_slice_skip(good, 1)))};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        FILE *file = fopen(mirror, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(wrong[i].data, 1, wrong[i].len, file), wrong[i].len);
        (void)fclose(file);
        assert_int_equal(remove_orphans(fixture, table, user), 0);
        assert_true(kdb_slice_equal(content_of(fixture, mirror), good));
    }
    kdb_table_unref(table);
}

static void a_folder_that_is_not_there_has_no_leftovers(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(4, "nowhere");
    assert_int_equal(remove_orphans(fixture, table, KDB_LIT("nobody")), 0);
    kdb_slice user = kdb_arena_printf(&fixture->ctx.arena, "%s/users/nobody", fixture->folder);
    assert_false(exists(user.data));
    kdb_table_unref(table);
}

static void a_dropped_table_goes_with_its_last_reader(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(5, "dropped");
    const kdb_slice user = KDB_LIT("zoe");
    fixture_add_segment(fixture, table, user, make_rows(fixture, table, 0, 10), 10);
    fixture_add_segment(fixture, table, user, make_rows(fixture, table, 50, 10), 10);
    kdb_slice folder = fixture_folder(fixture, table, user);
    put_file(fixture, folder, "batch-900.parquet.tmp");
    struct kdb_manifest *manifest = fixture_manifest(fixture, table, user);
    kdb_slice with_slash = kdb_arena_printf(&fixture->ctx.arena, "%.*s/", KDB_ARG(folder));
    expect_ok(fixture,
              kdb_segment_remove_all(fixture->service, &fixture->ctx, with_slash, manifest));
    kdb_partition_drop_table(fixture->partitions, table->id);
    // A statement that still runs reads its files.
    assert_int_equal(fixture_count_files(folder.data, ".parquet"), 2);
    assert_int_equal(fixture_count_files(folder.data, ""), 2);
    const struct kdb_cold_reader reader = fixture_reader(fixture, table, manifest);
    kdb_slice row;
    expect_ok(fixture, kdb_cold_get(&reader, &fixture->ctx, manifest->segments[0]->min_key, &row));
    assert_non_null(row.data);
    kdb_manifest_unref(manifest);
    kdb_slice home = kdb_arena_printf(&fixture->ctx.arena, "%s/users/zoe", fixture->folder);
    assert_false(exists(home.data));
    kdb_slice users = kdb_arena_printf(&fixture->ctx.arena, "%s/users", fixture->folder);
    assert_true(exists(users.data));
    kdb_table_unref(table);
}

// Folders that somebody else uses too are left.
static void foreign_files_keep_their_folder(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(6, "kept");
    const kdb_slice user = KDB_LIT("yann");
    fixture_add_segment(fixture, table, user, make_rows(fixture, table, 0, 10), 10);
    kdb_slice folder = fixture_folder(fixture, table, user);
    put_file(fixture, folder, "readme.txt");
    struct kdb_manifest *manifest = fixture_manifest(fixture, table, user);
    expect_ok(fixture, kdb_segment_remove_all(fixture->service, &fixture->ctx, folder, manifest));
    kdb_partition_drop_table(fixture->partitions, table->id);
    kdb_manifest_unref(manifest);
    assert_int_equal(fixture_count_files(folder.data, ""), 1);
    expect_ok(fixture, kdb_segment_remove_all(fixture->service, &fixture->ctx,
                                              KDB_LIT("/no/such/folder"), NULL));
    kdb_table_unref(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(only_our_leftovers_go, fixture_reset),
        cmocka_unit_test_setup(a_lost_mirror_is_written_again, fixture_reset),
        cmocka_unit_test_setup(a_mirror_of_another_version_is_written_again, fixture_reset),
        cmocka_unit_test_setup(a_folder_that_is_not_there_has_no_leftovers, fixture_reset),
        cmocka_unit_test_setup(a_dropped_table_goes_with_its_last_reader, fixture_reset),
        cmocka_unit_test_setup(foreign_files_keep_their_folder, fixture_reset),
    };
    return cmocka_run_group_tests(tests, fixture_open_with_engine, fixture_close);
}
