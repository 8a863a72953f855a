// SPDX-License-Identifier: Apache-2.0
// RocksDB's error texts become statuses and messages without paths.
#include "store/rocksdb_priv.h"

#include <stdlib.h>

#include "lib/test.h"

static void reads_the_kind_of_error(void **state)
{
    (void)state;
    assert_int_equal(store_rocksdb_status("IO error: No space left on device: While appending"),
                     KDB_ERR_DISK_FULL);
    assert_int_equal(store_rocksdb_status("IO error: While fsync: /d/1.log: Input/output error"),
                     KDB_ERR_IO);
    assert_int_equal(store_rocksdb_status("Corruption: block checksum mismatch"), KDB_ERR_CORRUPT);
    assert_int_equal(store_rocksdb_status("Shutdown in progress"), KDB_ERR_UNAVAILABLE);
    assert_int_equal(store_rocksdb_status("Invalid argument: x"), KDB_ERR_INTERNAL);
    assert_int_equal(store_rocksdb_status(""), KDB_ERR_INTERNAL);
    assert_true(store_rocksdb_is_incomplete("Result incomplete: no blocking io allowed"));
    assert_false(store_rocksdb_is_incomplete("Corruption: Result incomplete"));
    assert_true(store_rocksdb_is_locked("IO error: While lock file: /d/LOCK: busy"));
    assert_true(store_rocksdb_is_locked("IO error: lock hold by current process, acquire time 1"));
    assert_false(store_rocksdb_is_locked("IO error: while open a file for lock: /d/LOCK: denied"));
}

static void shows(const char *error, const char *folder, const char *expected)
{
    char out[200];
    store_rocksdb_hide_paths(error, folder, out, sizeof(out));
    assert_string_equal(out, expected);
}

static void hides_folders(void **state)
{
    (void)state;
    shows("IO error: While open a file: /var/lib/kdb/000012.sst: No such file", "/var/lib/kdb",
          "IO error: While open a file: 000012.sst: No such file");
    shows("Corruption: bad block in /my data/x/000012.sst offset 7", "/my data/x",
          "Corruption: bad block in 000012.sst offset 7");
    shows("two: /a/b/c and /a/d", "data", "two: c and d");
    shows("relative: data/000012.sst", "data", "relative: 000012.sst");
    shows("Corruption: bad data in data/1.sst", "data", "Corruption: bad data in 1.sst");
    shows("While mkdir: /my data: denied", "/my data", "While mkdir: : denied");
    shows("other/elsewhere/file", "/d", "file");
    shows("nothing to hide", "/d", "nothing to hide");
    shows("", "/d", "");
    shows("a folder/", "/d", "a ");
    shows("no folder given /x/y", "", "no folder given y");
}

static void cuts_long_texts(void **state)
{
    (void)state;
    char out[8] = "#######";
    store_rocksdb_hide_paths("0123456789", "/d", out, sizeof(out));
    assert_string_equal(out, "0123456");
    store_rocksdb_hide_paths("/secret/secret/a", "/d", out, sizeof(out));
    assert_string_equal(out, "a");
    store_rocksdb_hide_paths("0123456789", "/d", out, 1);
    assert_string_equal(out, "");
}

static void fails_with_what_was_done(void **state)
{
    (void)state;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    assert_int_equal(
        store_rocksdb_fail(&ctx, strdup("Corruption: in /d/1.sst"), "/d", "cannot read"),
        KDB_ERR_CORRUPT);
    assert_string_equal(ctx.error.message, "cannot read: Corruption: in 1.sst");
    kdb_ctx_reset(&ctx);
    assert_int_equal(store_rocksdb_fail(&ctx, strdup("IO error: No space left on device: /d/1.log"),
                                        "/d", "cannot write"),
                     KDB_ERR_DISK_FULL);
    assert_string_equal(ctx.error.message,
                        "cannot write: the disk that holds the data folder is full");
    kdb_ctx_deinit(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_kind_of_error),
        cmocka_unit_test(hides_folders),
        cmocka_unit_test(cuts_long_texts),
        cmocka_unit_test(fails_with_what_was_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
