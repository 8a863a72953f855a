// SPDX-License-Identifier: Apache-2.0
// A store for a test, in memory or on RocksDB, and short ways to put keys in and read them.
//
// A test that takes a struct kdb_test_store as its state runs over both kinds of store when it is
// listed as KDB_TEST_BOTH_STORES(name).
#ifndef KDB_TESTS_LIB_STORE_FIXTURE_H
#define KDB_TESTS_LIB_STORE_FIXTURE_H

#include <stdbool.h>

#include "base/ctx.h"
#include "store/store.h"

struct kdb_test_store {
    struct kdb_ctx ctx;
    struct kdb_store *store;
    char *folder; // NULL: in memory
};

// Set-ups and tear-down for cmocka: *state is the struct kdb_test_store.
int kdb_test_store_mem_setup(void **state);
// As above.
int kdb_test_store_rocksdb_setup(void **state);
// As above.
int kdb_test_store_teardown(void **state);

// Closes the store and, on RocksDB, opens its folder again; an in-memory store stays as it is.
void kdb_test_store_reopen(struct kdb_test_store *test);

// The options of RocksDB that tests use, for a folder.
struct kdb_rocksdb_options kdb_test_rocksdb_options(const char *folder);

// Commits one change to ROWS.
void kdb_test_put(struct kdb_test_store *test, kdb_slice key, kdb_slice value);
// Reads ROWS, from memory or disk; `view` may be NULL. The null slice when absent.
kdb_slice kdb_test_get(struct kdb_test_store *test, struct kdb_store_view *view, kdb_slice key);

#define KDB_TEST_BOTH_STORES(name)                                                                 \
    {#name " in memory", name, kdb_test_store_mem_setup, kdb_test_store_teardown, NULL},           \
    {                                                                                              \
#name " on RocksDB", name, kdb_test_store_rocksdb_setup, kdb_test_store_teardown, NULL     \
    }

#endif
