// SPDX-License-Identifier: Apache-2.0
// What is durable when: this program's fsync and rename note in which order they were called, and
// fail when they are told to.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "segment_fixture.h"
#include "segments/object_priv.h"

// ---- the calls ----

#define CALLS_MAX 64

static char calls[CALLS_MAX][64]; // "sync NAME" or "rename NAME", names without folder
static int call_count;
static const char *failing; // a call with this text fails with EIO; NULL: none

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool note_call(const char *verb, const char *path)
{
    if (call_count == CALLS_MAX)
        return true;
    char *call = calls[call_count++];
    (void)snprintf(call, sizeof(calls[0]), "%s %s", verb, last_part(path));
    return !failing || strcmp(call, failing) != 0;
}

int fsync(int file)
{
    char link[64];
    char path[PATH_MAX] = {0};
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
    if (readlink(link, path, sizeof(path) - 1) < 0 || !note_call("sync", path)) {
        errno = EIO;
        return -1;
    }
    return fdatasync(file);
}

int rename(const char *from, const char *to)
{
    if (!note_call("rename", to)) {
        errno = EIO;
        return -1;
    }
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

static int place_of(const char *call)
{
    for (int i = 0; i < call_count; i++) {
        if (strcmp(calls[i], call) == 0)
            return i;
    }
    fail_msg("there was no call \"%s\"", call);
    return -1;
}

static int reset(void **state)
{
    call_count = 0;
    failing = NULL;
    return fixture_reset(state);
}

// ---- the tests ----

static struct kdb_table *plain_rows(struct segment_fixture *fixture, uint32_t id,
                                    struct fixture_row rows[5])
{
    struct kdb_table *table = fixture_plain_table(id, "durable");
    for (int64_t i = 0; i < 5; i++)
        rows[i] = fixture_plain_row(fixture, &table->arena, table, i, i + 1, false);
    return table;
}

// The hot rows go after kdb_segment_write: the bytes, the name and the name's folder must be safe.
static void a_segment_has_its_name_when_it_is_durable(void **state)
{
    struct segment_fixture *fixture = *state;
    struct fixture_row rows[5];
    struct kdb_table *table = plain_rows(fixture, 1, rows);
    struct kdb_segment *segment = fixture_write(fixture, table, KDB_LIT("ann"), rows, 5);
    char name[64];
    char draft[80];
    (void)snprintf(name, sizeof(name), "rename %s", last_part(segment->path.data));
    (void)snprintf(draft, sizeof(draft), "sync %s.tmp", last_part(segment->path.data));
    assert_true(place_of(draft) < place_of(name));
    assert_string_equal(calls[call_count - 1], "sync durable"); // the folder of the files
    assert_int_equal(place_of(name), call_count - 2);
    // The folders that were made are durable in theirs, from above.
    assert_true(place_of("sync users") < place_of("sync ann"));
    assert_true(place_of("sync ann") < place_of("sync tables"));
    kdb_segment_unref(segment);
    kdb_table_unref(table);
}

static void a_segment_that_cannot_be_made_durable_is_none(void **state)
{
    struct segment_fixture *fixture = *state;
    struct fixture_row rows[5];
    struct kdb_table *table = plain_rows(fixture, 2, rows);
    const kdb_slice folder = fixture_folder(fixture, table, KDB_LIT("bob"));
    static const char *const steps[] = {"sync batch-500.parquet.tmp", "rename batch-500.parquet",
                                        "sync durable"};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct fixture_input input = {rows, 5, 0, SIZE_MAX};
        const struct kdb_segment_write what = {.table = table,
                                               .folder = folder,
                                               .user = KDB_LIT("bob"),
                                               .number = 500,
                                               .input = {fixture_next, &input}};
        failing = steps[i];
        struct kdb_segment *segment = NULL;
        expect_failure(
            fixture,
            kdb_segment_write(fixture->service, fixture->writer, &fixture->ctx, &what, &segment),
            KDB_ERR_IO, "");
        assert_null(segment);
        assert_int_equal(fixture_count_files(folder.data, ""), 0);
    }
    kdb_table_unref(table);
}

static void a_whole_file_is_the_old_or_the_new_one(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_ctx *ctx = &fixture->ctx;
    const char *path = kdb_arena_printf(&ctx->arena, "%s/sub/file.json", fixture->folder).data;
    expect_ok(fixture, object_write(ctx, path, KDB_LIT("old"), true));
    assert_true(place_of("sync file.json.tmp") < place_of("rename file.json"));
    assert_true(object_holds(path, KDB_LIT("old")));
    const char *const steps[] = {"sync file.json.tmp", "rename file.json"};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        failing = steps[i];
        expect_failure(fixture, object_write(ctx, path, KDB_LIT("new"), true), KDB_ERR_IO,
                       "file.json");
        assert_true(object_holds(path, KDB_LIT("old")));
        const char *draft = kdb_arena_printf(&ctx->arena, "%s.tmp", path).data;
        assert_int_equal(object_size(draft), -1);
    }
    failing = NULL;
    expect_ok(fixture, object_write(ctx, path, KDB_LIT("new"), false));
    assert_true(object_holds(path, KDB_LIT("new")));
}

static void a_file_holds_exactly_its_bytes(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_ctx *ctx = &fixture->ctx;
    const char *path = kdb_arena_printf(&ctx->arena, "%s/long", fixture->folder).data;
    kdb_slice text = kdb_slice_of(kdb_arena_alloc(&ctx->arena, 10001), 10001);
    assert_false(object_holds(path, KDB_LIT("")));
    for (size_t len = 4095; len <= 4097; len++) {
        expect_ok(fixture, object_write(ctx, path, kdb_slice_of(text.data, len), false));
        assert_true(object_holds(path, kdb_slice_of(text.data, len)));
        assert_false(object_holds(path, kdb_slice_of(text.data, len - 1)));
        assert_false(object_holds(path, kdb_slice_of(text.data, len + 1)));
    }
    expect_ok(fixture, object_write(ctx, path, KDB_LIT(""), false));
    assert_true(object_holds(path, KDB_LIT("")));
    assert_false(object_holds(path, KDB_LIT("x")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_segment_has_its_name_when_it_is_durable, reset),
        cmocka_unit_test_setup(a_segment_that_cannot_be_made_durable_is_none, reset),
        cmocka_unit_test_setup(a_whole_file_is_the_old_or_the_new_one, reset),
        cmocka_unit_test_setup(a_file_holds_exactly_its_bytes, reset),
    };
    return cmocka_run_group_tests(tests, fixture_open_with_engine, fixture_close);
}
