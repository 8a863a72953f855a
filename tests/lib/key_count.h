// SPDX-License-Identifier: Apache-2.0
// How many keys a range of a store has now.
#ifndef KDB_TESTS_LIB_KEY_COUNT_H
#define KDB_TESTS_LIB_KEY_COUNT_H

#include "lib/test.h"
#include "store/store.h"

static inline size_t kdb_test_count_keys(struct kdb_store *store, struct kdb_ctx *ctx,
                                         const struct kdb_scan_range *range)
{
    struct kdb_store_scan *scan;
    assert_int_equal(kdb_store_scan_open(store, ctx, NULL, range, &scan), KDB_OK);
    size_t count = 0;
    for (bool has_more = true; has_more; count += has_more) {
        kdb_slice key;
        kdb_slice value;
        assert_int_equal(kdb_store_scan_next(scan, ctx, &key, &value, &has_more), KDB_OK);
    }
    kdb_store_scan_close(scan);
    return count;
}

#endif
