// SPDX-License-Identifier: Apache-2.0
// The probe of a folder, and making folders so that they can be unmade.
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec/storage_probe.h"
#include "lib/temp_folder.h"
#include "lib/test.h"

static struct kdb_ctx ctx;
static char *folder;

static int open_folder(void **state)
{
    (void)state;
    kdb_ctx_init(&ctx, 0);
    folder = kdb_test_folder_create();
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    kdb_test_folder_destroy(folder);
    kdb_ctx_deinit(&ctx);
    return 0;
}

static size_t count_entries(const char *path)
{
    DIR *open = opendir(path);
    assert_non_null(open);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(open)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    (void)closedir(open);
    return count;
}

static void a_good_folder(void **state)
{
    (void)state;
    struct storage_probe probe;
    storage_probe_run(&ctx, folder, &probe);
    assert_null(probe.error);
    assert_true(probe.is_writable && probe.is_listable && probe.is_readable && probe.is_deletable);
    assert_true(probe.latency_ms >= 0 && probe.total_bytes > 0 && probe.used_bytes > 0);
    assert_int_equal(count_entries(folder), 0);
}

static void bad_folders(void **state)
{
    (void)state;
    struct storage_probe probe;
    kdb_slice missing = kdb_arena_printf(&ctx.arena, "%s/missing", folder);
    storage_probe_run(&ctx, missing.data, &probe);
    assert_non_null(strstr(probe.error, "cannot be written: "));
    assert_false(probe.is_writable || probe.is_listable || probe.is_readable || probe.is_deletable);
    assert_int_equal(probe.total_bytes, -1);
    // The probe's own folder is in the way as a file.
    kdb_slice file = kdb_arena_printf(&ctx.arena, "%s/.kalamdb-health-check", folder);
    FILE *open = fopen(file.data, "we");
    assert_non_null(open);
    (void)fclose(open);
    storage_probe_run(&ctx, folder, &probe);
    assert_non_null(strstr(probe.error, "a file cannot be created"));
    assert_false(probe.is_writable);
    assert_true(probe.is_readable);
}

static bool is_folder(kdb_slice path)
{
    struct stat status;
    return stat(path.data, &status) == 0 && S_ISDIR(status.st_mode);
}

static void folders_are_made_and_unmade(void **state)
{
    (void)state;
    kdb_slice deep = kdb_arena_printf(&ctx.arena, "%s/a/b/c", folder);
    size_t made = 0;
    assert_int_equal(storage_probe_make_folder(&ctx, deep, &made), KDB_OK);
    assert_true(is_folder(deep));
    assert_int_equal(made, strlen(folder) + 2);
    storage_probe_unmake_folder(&ctx, deep, made);
    assert_int_equal(count_entries(folder), 0);
    assert_true(is_folder(kdb_slice_cstr(folder)));
    // What was there before stays.
    kdb_slice upper = kdb_arena_printf(&ctx.arena, "%s/a", folder);
    assert_int_equal(storage_probe_make_folder(&ctx, upper, &made), KDB_OK);
    assert_int_equal(storage_probe_make_folder(&ctx, deep, &made), KDB_OK);
    storage_probe_unmake_folder(&ctx, deep, made);
    assert_true(is_folder(upper));
    assert_int_equal(storage_probe_make_folder(&ctx, upper, &made), KDB_OK);
    storage_probe_unmake_folder(&ctx, upper, made);
    assert_true(is_folder(upper));
}

static void a_failure_unmakes(void **state)
{
    (void)state;
    kdb_slice file = kdb_arena_printf(&ctx.arena, "%s/file", folder);
    FILE *open = fopen(file.data, "we");
    assert_non_null(open);
    (void)fclose(open);
    kdb_slice below = kdb_arena_printf(&ctx.arena, "%s/file/a/b", folder);
    size_t made = 7;
    assert_int_equal(storage_probe_make_folder(&ctx, below, &made), KDB_ERR_IO);
    assert_int_equal(made, 7);
    assert_int_equal(count_entries(folder), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_folder, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(bad_folders, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(folders_are_made_and_unmade, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(a_failure_unmakes, open_folder, close_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
