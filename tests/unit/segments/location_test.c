// SPDX-License-Identifier: Apache-2.0
// Folders of partitions: no user leaves their own, no table gets into another's, nothing lies
// outside the allowed roots.
#include "base/map.h"
#include "segment_fixture.h"

// ---- users ----

static kdb_slice component(struct segment_fixture *fixture, kdb_slice user)
{
    return kdb_segment_user_component(&fixture->ctx.arena, user);
}

static void users_become_one_component(void **state)
{
    struct segment_fixture *fixture = *state;
    static const char *const cases[][2] = {
        {"alice", "alice"},     {"A-b_9", "A-b_9"},
        {"..", "%2E%2E"},       {".", "%2E"},
        {"a/b", "a%2Fb"},       {"../../etc/passwd", "%2E%2E%2F%2E%2E%2Fetc%2Fpasswd"},
        {"a:b", "a%3Ab"},       {"o'neil", "o%27neil"},
        {"50%", "50%25"},       {"a b\n", "a%20b%0A"},
        {"\xC3\xBC", "%C3%BC"}, {"${user_id}", "%24%7Buser_id%7D"},
        {"shared", "shared"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_slice_equal(component(fixture, kdb_slice_cstr(cases[i][0])), cases[i][1]);
}

static void long_users_keep_their_beginning(void **state)
{
    struct segment_fixture *fixture = *state;
    char bytes[400];
    memset(bytes, 'x', sizeof(bytes));
    assert_int_equal(component(fixture, kdb_slice_of(bytes, 200)).len, 200);
    kdb_slice cut = component(fixture, kdb_slice_of(bytes, 201));
    assert_int_equal(cut.len, 193);
    assert_memory_equal(cut.data, bytes, 160);
    assert_int_equal(cut.data[160], '%');
    assert_in_range(cut.data[161], 'a', 'f'); // an escape has upper case or a digit here
    for (size_t i = 162; i < cut.len; i++)
        assert_non_null(strchr("0123456789abcdef", cut.data[i]));
    // 67 bytes of three each: one more than fits.
    memset(bytes, ':', sizeof(bytes));
    assert_int_equal(component(fixture, kdb_slice_of(bytes, 66)).len, 198);
    assert_int_equal(component(fixture, kdb_slice_of(bytes, 67)).len, 193);
}

static void different_users_have_different_components(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_map seen = {.copies_keys = true};
    uint64_t seed = 5;
    static const char alphabet[] = "ab%2E./:xX\xC3\xBC"
                                   "0";
    for (int i = 0; i < 4000; i++) {
        char user[260];
        size_t len = kdb_random_next(&seed) % 8 == 0 ? 180 + kdb_random_next(&seed) % 80
                                                     : 1 + kdb_random_next(&seed) % 4;
        for (size_t j = 0; j < len; j++)
            user[j] = alphabet[kdb_random_next(&seed) % (sizeof(alphabet) - 1)];
        kdb_slice copy = kdb_arena_copy(&fixture->ctx.arena, kdb_slice_of(user, len));
        kdb_slice name = component(fixture, copy);
        assert_in_range(name.len, 1, 200);
        for (size_t j = 0; j < name.len; j++)
            assert_true(name.data[j] != '/' && name.data[j] != '.' && name.data[j] != 0);
        kdb_slice *kept = kdb_arena_alloc(&fixture->ctx.arena, sizeof(*kept));
        *kept = copy;
        kdb_slice *other = kdb_map_get(&seen, name);
        if (other)
            assert_true(kdb_slice_equal(*other, copy));
        else
            (void)kdb_map_set(&seen, name, kept);
    }
    kdb_map_deinit(&seen);
}

// ---- folders ----

static struct kdb_table make_table(uint32_t id, const char *name, const char *location)
{
    return (struct kdb_table){.id = id,
                              .space = KDB_LIT("app"),
                              .name = kdb_slice_cstr(name),
                              .kind = KDB_TABLE_USER,
                              .location = kdb_slice_cstr(location)};
}

static const char *absolute(struct segment_fixture *fixture, const char *below)
{
    return kdb_arena_printf(&fixture->ctx.arena, "%s/%s", fixture->folder, below).data;
}

static void expect_folder(struct segment_fixture *fixture, const struct kdb_table *table,
                          const struct kdb_storage *storage, const char *user, const char *expected)
{
    kdb_slice folder;
    expect_ok(fixture, kdb_segment_folder(fixture->service, &fixture->ctx, table, storage,
                                          kdb_slice_cstr(user), &folder));
    assert_slice_equal(folder, absolute(fixture, expected));
}

static void folders_follow_the_table(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table plain = make_table(1, "notes", NULL);
    expect_folder(fixture, &plain, NULL, "o'neil", "users/o%27neil/tables/app/notes");
    expect_folder(fixture, &plain, NULL, "schemas", "users/schemas/tables/app/notes");
    struct kdb_table shared = plain;
    shared.kind = KDB_TABLE_SHARED;
    expect_folder(fixture, &shared, NULL, "", "shared/app/notes");
    struct kdb_table relative = make_table(2, "notes", "cold//${user_id}/x-{tableName}/");
    expect_folder(fixture, &relative, NULL, "a:b", "cold/a%3Ab/x-notes");
    struct kdb_table full =
        make_table(3, "notes", absolute(fixture, "deep/{namespace}/{userId}/{table_name}"));
    expect_folder(fixture, &full, NULL, "..", "deep/app/%2E%2E/notes");
    struct kdb_table twice = make_table(4, "n", "t/${user_id}/${userId}");
    expect_folder(fixture, &twice, NULL, "u", "t/u/u");
    const struct kdb_storage storage = {
        .base_directory = kdb_slice_cstr(absolute(fixture, "disk2")),
        .user_template = KDB_LIT("{namespace}/{tableName}/{userId}"),
        .shared_template = KDB_LIT("{namespace}/{tableName}")};
    expect_folder(fixture, &plain, &storage, "u", "disk2/app/notes/u");
    expect_folder(fixture, &shared, &storage, "", "disk2/app/notes");
    const struct kdb_storage local = {.base_directory = KDB_LIT("")};
    expect_folder(fixture, &plain, &local, "u", "users/u/tables/app/notes");
}

// ---- checks at CREATE ----

struct case_of {
    const char *location;
    const char *text; // of the failure; NULL: fine
};

static struct kdb_catalog_snapshot *empty_snapshot(struct segment_fixture *fixture)
{
    return kdb_arena_zalloc(&fixture->ctx.arena, sizeof(struct kdb_catalog_snapshot));
}

static void locations_are_checked(void **state)
{
    struct segment_fixture *fixture = *state;
    const struct case_of cases[] = {
        {"cold/${user_id}/m", NULL},
        {"${user_id}", NULL},
        {"users/${user_id}/mine", NULL},
        {absolute(fixture, "${user_id}/messages"), NULL},
        {"cold/everyone", "must contain ${user_id}"},
        {"cold/$user_id/m", "unknown placeholder"},
        {"cold/{shard}/${user_id}", "unknown placeholder"},
        {"cold/${user_id", "unknown placeholder"},
        {"../${user_id}", "may not contain . or .."},
        {"a/../../${user_id}", "may not contain . or .."},
        {"/${user_id}/x", "storage.allowed_roots"},
        {"/etc/${user_id}", "storage.allowed_roots"},
        {"cold/*/${user_id}", "may not contain *"},
        {"cold/[a]/${user_id}", "may not contain *"},
        {"cold/\x01/${user_id}", "control characters"},
        {"cold/\xFF/${user_id}", "UTF-8"},
        {"rocksdb/${user_id}", "server's own"},
        {"schemas/${user_id}", "server's own"},
        {"users/${user_id}", "above the default folders"},
        {"users/${user_id}/tables", "above the default folders"},
        {"users/${user_id}/tables/app", "above the default folders"},
        {"users/${user_id}/tables/app/notes", "equal to the default folders"},
        {"users/${user_id}/tables/app/notes/x", "below the default folders"},
        {"x/${user_id}"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "too long for a file name"}};
    struct kdb_catalog_snapshot *snapshot = empty_snapshot(fixture);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_table table = make_table(9, "notes", cases[i].location);
        kdb_status status =
            kdb_segment_check_location(fixture->service, &fixture->ctx, snapshot, &table);
        if (!cases[i].text)
            expect_ok(fixture, status);
        else
            expect_failure(fixture, status, KDB_ERR_INVALID_OPERATION, cases[i].text);
    }
    struct kdb_table shared = make_table(9, "notes", "cold/${user_id}");
    shared.kind = KDB_TABLE_SHARED;
    expect_failure(fixture,
                   kdb_segment_check_location(fixture->service, &fixture->ctx, snapshot, &shared),
                   KDB_ERR_INVALID_OPERATION, "SHARED table may not contain");
}

// A catalog with one table at `location`, and another table to be checked against it.
static kdb_status check_beside(struct segment_fixture *fixture, const char *present,
                               const char *checked)
{
    struct kdb_catalog_snapshot *snapshot = empty_snapshot(fixture);
    struct kdb_catalog *catalog = NULL;
    expect_ok(fixture, kdb_catalog_open(fixture->store, &fixture->ctx, &catalog));
    struct kdb_catalog_change change;
    kdb_catalog_begin(catalog, fixture->store, &change);
    struct kdb_table *table = fixture_plain_table(50, "present");
    table->location = kdb_slice_cstr(present);
    kdb_catalog_put_table(&change, table);
    struct kdb_table other = make_table(51, "checked", checked);
    kdb_status status =
        kdb_segment_check_location(fixture->service, &fixture->ctx, change.next, &other);
    kdb_catalog_abandon(&change);
    kdb_catalog_close(catalog);
    kdb_table_unref(table);
    (void)snapshot;
    return status;
}

static void tables_keep_away_from_each_other(void **state)
{
    struct segment_fixture *fixture = *state;
    const struct {
        const char *present;
        const char *checked;
        const char *text; // NULL: fine
    } cases[] = {{"a/${user_id}/x", "a/${user_id}/y", NULL},
                 {"a/${user_id}/x", "b/${user_id}/x", NULL},
                 {"a/${user_id}/x", "a/${user_id}/x", "equal to that of table app.present"},
                 {"a/${user_id}/x", "a//{userId}/x/", "equal to"},
                 {"a/${user_id}/x", absolute(fixture, "a/${user_id}/x"), "equal to"},
                 {"a/${user_id}/x", "a/${user_id}", "above that of table app.present"},
                 {"a/${user_id}/x", "a/${user_id}/x/y", "below that of table app.present"},
                 {"a/${user_id}/{tableName}", "a/${user_id}/{tableName}", NULL},
                 {"a/${user_id}/{tableName}", "a/${user_id}/present", "equal to"},
                 // Users of the right names would meet.
                 {"a/x/${user_id}", "a/${user_id}/y", "equal to"},
                 {"a/p-${user_id}", "a/${user_id}-s", "equal to"},
                 {"a/p-${user_id}", "a/q-${user_id}", NULL},
                 {"a/${user_id}-p", "a/${user_id}-q", NULL},
                 {"a/${user_id}/x", NULL, NULL}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kdb_status status = check_beside(fixture, cases[i].present, cases[i].checked);
        if (!cases[i].text)
            expect_ok(fixture, status);
        else
            expect_failure(fixture, status, KDB_ERR_INVALID_OPERATION, cases[i].text);
    }
}

// ---- links ----

static void links_do_not_lead_out(void **state)
{
    struct segment_fixture *fixture = *state;
    char *outside = kdb_test_folder_create();
    assert_int_equal(symlink(outside, absolute(fixture, "way-out")), 0);
    assert_int_equal(symlink("nowhere", absolute(fixture, "dangling")), 0);
    assert_int_equal(mkdir(absolute(fixture, "inside"), 0700), 0);
    assert_int_equal(symlink("inside", absolute(fixture, "alias")), 0);
    struct kdb_catalog_snapshot *snapshot = empty_snapshot(fixture);
    struct kdb_table table = make_table(9, "notes", "way-out/${user_id}");
    kdb_slice folder;
    expect_failure(fixture,
                   kdb_segment_check_location(fixture->service, &fixture->ctx, snapshot, &table),
                   KDB_ERR_INVALID_OPERATION, "storage.allowed_roots");
    expect_failure(
        fixture,
        kdb_segment_folder(fixture->service, &fixture->ctx, &table, NULL, KDB_LIT("u"), &folder),
        KDB_ERR_INVALID_OPERATION, "storage.allowed_roots");
    table.location = KDB_LIT("dangling/${user_id}");
    expect_failure(fixture,
                   kdb_segment_check_location(fixture->service, &fixture->ctx, snapshot, &table),
                   KDB_ERR_INVALID_OPERATION, "cannot be used");
    // A link made later, at the place of one user's folder.
    table.location = KDB_LIT("later/${user_id}/m");
    expect_folder(fixture, &table, NULL, "u", "later/u/m");
    assert_int_equal(mkdir(absolute(fixture, "later"), 0700), 0);
    assert_int_equal(symlink(outside, absolute(fixture, "later/u")), 0);
    expect_failure(
        fixture,
        kdb_segment_folder(fixture->service, &fixture->ctx, &table, NULL, KDB_LIT("u"), &folder),
        KDB_ERR_INVALID_OPERATION, "storage.allowed_roots");
    // Two names of one folder are one folder.
    table.location = KDB_LIT("alias/${user_id}");
    expect_folder(fixture, &table, NULL, "u", "inside/u");
    expect_failure(fixture, check_beside(fixture, "inside/${user_id}", "alias/${user_id}"),
                   KDB_ERR_INVALID_OPERATION, "equal to");
    kdb_test_folder_destroy(outside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(users_become_one_component, fixture_reset),
        cmocka_unit_test_setup(long_users_keep_their_beginning, fixture_reset),
        cmocka_unit_test_setup(different_users_have_different_components, fixture_reset),
        cmocka_unit_test_setup(folders_follow_the_table, fixture_reset),
        cmocka_unit_test_setup(locations_are_checked, fixture_reset),
        cmocka_unit_test_setup(tables_keep_away_from_each_other, fixture_reset),
        cmocka_unit_test_setup(links_do_not_lead_out, fixture_reset),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
