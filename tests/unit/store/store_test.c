// SPDX-License-Identifier: Apache-2.0
// What store.c adds to every store; what stores do is in tests/contract.
#include "store/store.h"

#include "base/fault.h"
#include "lib/store_fixture.h"
#include "lib/test.h"
#include "store/store_priv.h"

static void passes_fault_points(void **state)
{
    struct kdb_test_store *test = *state;
    KDB_AUTO(kdb_store_batch_close)
    struct kdb_store_batch *batch = kdb_store_batch_open(test->store);
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, KDB_LIT("k"), KDB_LIT("v"));
    assert_int_equal(kdb_fault_set(&test->ctx, KDB_LIT("store.before_commit:fail:1")), KDB_OK);
    assert_int_equal(kdb_store_commit(test->store, &test->ctx, batch, KDB_COMMIT_SYNC), KDB_ERR_IO);
    assert_null(kdb_test_get(test, NULL, KDB_LIT("k")).data);
    assert_int_equal(kdb_store_commit(test->store, &test->ctx, batch, KDB_COMMIT_SYNC), KDB_OK);
    assert_int_equal(kdb_fault_set(&test->ctx, KDB_LIT("")), KDB_OK);
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("k")), "v");
}

static struct kdb_store_care_ops counting_ops;
static int sync_count;

static kdb_status count_sync(struct kdb_store *store, struct kdb_ctx *ctx)
{
    (void)store;
    (void)ctx;
    sync_count++;
    return KDB_OK;
}

static void syncs_only_what_is_not_durable(void **state)
{
    struct kdb_test_store *test = *state;
    const struct kdb_store_care_ops *own = test->store->care;
    counting_ops = *own;
    counting_ops.sync = count_sync;
    test->store->care = &counting_ops;
    sync_count = 0;
    assert_int_equal(kdb_store_sync(test->store, &test->ctx), KDB_OK);
    assert_int_equal(sync_count, 0);
    for (int i = 1; i <= 2; i++) {
        kdb_test_put(test, KDB_LIT("k"), KDB_LIT("v")); // not synced
        kdb_test_put(test, KDB_LIT("k"), KDB_LIT("v"));
        assert_int_equal(kdb_store_sync(test->store, &test->ctx), KDB_OK);
        assert_int_equal(kdb_store_sync(test->store, &test->ctx), KDB_OK);
        assert_int_equal(sync_count, i);
    }
    test->store->care = own;
}

static kdb_status fail_sync(struct kdb_store *store, struct kdb_ctx *ctx)
{
    (void)store;
    sync_count++;
    return kdb_fail(ctx, KDB_ERR_IO, "no");
}

static void syncs_again_after_a_failure(void **state)
{
    struct kdb_test_store *test = *state;
    const struct kdb_store_care_ops *own = test->store->care;
    counting_ops = *own;
    counting_ops.sync = fail_sync;
    test->store->care = &counting_ops;
    sync_count = 0;
    kdb_test_put(test, KDB_LIT("k"), KDB_LIT("v"));
    assert_int_equal(kdb_store_sync(test->store, &test->ctx), KDB_ERR_IO);
    assert_int_equal(kdb_store_sync(test->store, &test->ctx), KDB_ERR_IO);
    assert_int_equal(sync_count, 2);
    test->store->care = own;
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, kdb_test_store_mem_setup, kdb_test_store_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(passes_fault_points),
        TEST(syncs_only_what_is_not_durable),
        TEST(syncs_again_after_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
