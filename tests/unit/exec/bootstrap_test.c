// SPDX-License-Identifier: Apache-2.0
// What a server has from its first start, and what later starts change.
#include "unit/exec/exec_case.h"

static void the_first_start(void **state)
{
    (void)state;
    struct exec_fixture *fresh = exec_fixture_open(NULL);
    exec_fixture_expect_rows(fresh, "root", KDB_ROLE_SYSTEM, "SHOW NAMESPACES",
                             "dba|dba|2026-05-04 10:00:00|NULL|0\n"
                             "default|default|2026-05-04 10:00:00|NULL|0\n");
    exec_fixture_expect_rows(
        fresh, "root", KDB_ROLE_SYSTEM,
        "SELECT storage_id, storage_type, base_directory, shared_tables_template FROM "
        "system.storages",
        "local|filesystem||shared/{namespace}/{tableName}\n");
    exec_fixture_expect_rows(
        fresh, "root", KDB_ROLE_SYSTEM,
        "SELECT user_id, role, auth_type, email, password_hash FROM system.users",
        "root|system|Internal|root@localhost|\n");
    exec_fixture_close(fresh);
}

// root's hash, as "set" or "empty", and whether a password matches it.
static bool matches(struct exec_fixture *fixture, const char *password)
{
    struct kdb_catalog_snapshot *snapshot = kdb_catalog_acquire(fixture->services.catalog);
    const struct kdb_user *root = kdb_catalog_user(snapshot, KDB_LIT("root"));
    bool is_match =
        kdb_password_matches(&fixture->passwords, root->password_hash, kdb_slice_cstr(password));
    kdb_catalog_release(snapshot);
    return is_match;
}

static void a_configured_password(void **state)
{
    (void)state;
    struct exec_fixture_options options = {.has_rocksdb = true};
    struct exec_fixture *first = exec_fixture_open(&options);
    assert_false(matches(first, ""));
    char *folder = exec_fixture_close_keeping(first);
    // Root has none: the configured one is taken.
    options.folder = folder;
    options.root_password = KDB_LIT("configured 1");
    struct exec_fixture *second = exec_fixture_open(&options);
    assert_true(matches(second, "configured 1"));
    kdb_free(exec_fixture_close_keeping(second));
    // Root has one: another configured one does not replace it.
    options.root_password = KDB_LIT("configured 2");
    struct exec_fixture *third = exec_fixture_open(&options);
    assert_true(matches(third, "configured 1"));
    exec_fixture_setup(third, "CREATE NAMESPACE app");
    kdb_free(exec_fixture_close_keeping(third));
    // Nothing else changes on later starts.
    options.root_password = (kdb_slice){0};
    struct exec_fixture *fourth = exec_fixture_open(&options);
    assert_true(matches(fourth, "configured 1"));
    exec_fixture_expect_rows(fourth, "root", KDB_ROLE_SYSTEM,
                             "SELECT name FROM system.namespaces ORDER BY name",
                             "app\ndba\ndefault\n");
    kdb_free(exec_fixture_close_keeping(fourth));
    kdb_test_folder_destroy(folder);
}

static void later_starts_write_nothing(void **state)
{
    (void)state;
    uint64_t version = kdb_catalog_version(db->services.catalog);
    kdb_store_mem_fail_commits(db->services.store, 0, KDB_ERR_DISK_FULL);
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    assert_int_equal(kdb_exec_bootstrap(&db->services, &ctx, (kdb_slice){0}), KDB_OK);
    assert_true(kdb_catalog_version(db->services.catalog) == version);
    // A password would have to be written.
    assert_int_equal(kdb_exec_bootstrap(&db->services, &ctx, KDB_LIT("long enough")),
                     KDB_ERR_DISK_FULL);
    assert_true(kdb_catalog_version(db->services.catalog) == version);
    kdb_ctx_deinit(&ctx);
}

static void a_weak_password_stops_the_start(void **state)
{
    (void)state;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    assert_int_equal(kdb_exec_bootstrap(&db->services, &ctx, KDB_LIT("short")),
                     KDB_ERR_INVALID_VALUE);
    assert_non_null(strstr(ctx.error.message, "auth.root_password"));
    assert_null(strstr(ctx.error.message, "short "));
    assert_false(matches(db, "short"));
    kdb_ctx_deinit(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_start),
        cmocka_unit_test(a_configured_password),
        CASE(later_starts_write_nothing),
        CASE(a_weak_password_stops_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
