// SPDX-License-Identifier: Apache-2.0
// The in-memory store: what tests make it do, and that it gives its memory back.
#include "store/store_mem.h"

#include "lib/store_fixture.h"
#include "lib/test.h"

static kdb_status put(struct kdb_test_store *test, kdb_slice key)
{
    KDB_AUTO(kdb_store_batch_close)
    struct kdb_store_batch *batch = kdb_store_batch_open(test->store);
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, key, key);
    kdb_store_batch_put(batch, KDB_SPACE_META, key, key);
    kdb_store_batch_delete_range(batch, KDB_SPACE_ROWS, KDB_LIT("x"), KDB_LIT("y"));
    kdb_ctx_clear_error(&test->ctx);
    return kdb_store_commit(test->store, &test->ctx, batch, KDB_COMMIT_ASYNC);
}

static void a_failed_commit_applies_nothing(void **state)
{
    struct kdb_test_store *test = *state;
    assert_int_equal(put(test, KDB_LIT("x1")), KDB_OK); // the range after it takes it away again
    kdb_test_put(test, KDB_LIT("x2"), KDB_LIT("stays"));
    kdb_store_mem_fail_commits(test->store, 2, KDB_ERR_DISK_FULL);
    assert_int_equal(put(test, KDB_LIT("a")), KDB_OK);
    kdb_test_put(test, KDB_LIT("x3"), KDB_LIT("stays"));
    for (int i = 0; i < 3; i++)
        assert_int_equal(put(test, KDB_LIT("b")), KDB_ERR_DISK_FULL);
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("a")), "a");
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("x3")), "stays");
    assert_null(kdb_test_get(test, NULL, KDB_LIT("b")).data);
    struct kdb_read_at meta = {.space = KDB_SPACE_META};
    kdb_slice value;
    assert_int_equal(kdb_store_get(test->store, &test->ctx, &meta, KDB_LIT("b"), &value, NULL),
                     KDB_OK);
    assert_null(value.data);
}

static void fails_until_healed(void **state)
{
    struct kdb_test_store *test = *state;
    assert_int_equal(put(test, KDB_LIT("a")), KDB_OK);
    kdb_store_mem_fail_commits(test->store, 0, KDB_ERR_DISK_FULL);
    assert_int_equal(kdb_store_resume(test->store, &test->ctx), KDB_ERR_DISK_FULL);
    assert_int_equal(kdb_store_sync(test->store, &test->ctx), KDB_ERR_DISK_FULL);
    kdb_store_mem_fail_commits(test->store, 0, KDB_OK);
    assert_int_equal(kdb_store_resume(test->store, &test->ctx), KDB_OK);
    assert_int_equal(kdb_store_sync(test->store, &test->ctx), KDB_OK);
    assert_int_equal(put(test, KDB_LIT("b")), KDB_OK);
}

static void stops_writing_after_an_input_output_error(void **state)
{
    struct kdb_test_store *test = *state;
    kdb_store_mem_fail_commits(test->store, 0, KDB_ERR_IO);
    assert_int_equal(put(test, KDB_LIT("a")), KDB_ERR_IO);
    assert_int_equal(put(test, KDB_LIT("a")), KDB_ERR_UNAVAILABLE);
    kdb_ctx_clear_error(&test->ctx);
    assert_int_equal(kdb_store_resume(test->store, &test->ctx), KDB_ERR_UNAVAILABLE);
}

static void reports_what_is_not_cached(void **state)
{
    struct kdb_test_store *test = *state;
    kdb_test_put(test, KDB_LIT("a"), KDB_LIT("1"));
    kdb_store_mem_limit_cached(test->store, 1);
    struct kdb_read_at at = {.tier = KDB_READ_MEMORY};
    kdb_slice value = KDB_LIT("untouched");
    bool is_cached = false;
    assert_int_equal(kdb_store_get(test->store, &test->ctx, &at, KDB_LIT("a"), &value, &is_cached),
                     KDB_OK);
    assert_true(is_cached);
    assert_slice_equal(value, "1");
    value = KDB_LIT("untouched");
    assert_int_equal(kdb_store_get(test->store, &test->ctx, &at, KDB_LIT("a"), &value, &is_cached),
                     KDB_OK);
    assert_false(is_cached);
    assert_slice_equal(value, "untouched");
    at.tier = KDB_READ_ANY;
    assert_int_equal(kdb_store_get(test->store, &test->ctx, &at, KDB_LIT("a"), &value, &is_cached),
                     KDB_OK);
    assert_true(is_cached);
    assert_slice_equal(value, "1");
    kdb_store_mem_limit_cached(test->store, UINT64_MAX);
    at.tier = KDB_READ_MEMORY;
    assert_int_equal(kdb_store_get(test->store, &test->ctx, &at, KDB_LIT("b"), &value, &is_cached),
                     KDB_OK);
    assert_true(is_cached);
    assert_null(value.data);
}

static void ends_a_scan_where_the_cache_does(void **state)
{
    struct kdb_test_store *test = *state;
    kdb_test_put(test, KDB_LIT("a"), KDB_LIT("1"));
    kdb_test_put(test, KDB_LIT("b"), KDB_LIT("2"));
    kdb_store_mem_limit_cached(test->store, 1);
    struct kdb_scan_range range = {.tier = KDB_READ_MEMORY};
    struct kdb_store_scan *scan;
    assert_int_equal(kdb_store_scan_open(test->store, &test->ctx, NULL, &range, &scan), KDB_OK);
    kdb_slice key;
    kdb_slice value;
    bool has_more = false;
    assert_int_equal(kdb_store_scan_next(scan, &test->ctx, &key, &value, &has_more), KDB_OK);
    assert_true(has_more);
    assert_true(kdb_store_scan_is_cached(scan));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(kdb_store_scan_next(scan, &test->ctx, &key, &value, &has_more), KDB_OK);
        assert_false(has_more);
        assert_false(kdb_store_scan_is_cached(scan));
    }
    kdb_store_scan_close(scan);
}

static uint64_t memory_of(struct kdb_test_store *test)
{
    struct kdb_store_stats stats;
    kdb_store_stats(test->store, &stats);
    return stats.memory_bytes;
}

static void gives_memory_back(void **state)
{
    struct kdb_test_store *test = *state;
    assert_int_equal(memory_of(test), 0);
    kdb_test_put(test, KDB_LIT("a"), KDB_LIT("1"));
    uint64_t one = memory_of(test);
    assert_true(one > 0);
    struct kdb_store_view *view = kdb_store_view_open(test->store);
    kdb_test_put(test, KDB_LIT("a"), KDB_LIT("2"));
    assert_true(memory_of(test) > one); // the view keeps the old one
    kdb_store_view_close(view);
    assert_int_equal(memory_of(test), one);
    KDB_AUTO(kdb_store_batch_close)
    struct kdb_store_batch *batch = kdb_store_batch_open(test->store);
    kdb_store_batch_delete(batch, KDB_SPACE_ROWS, KDB_LIT("a"));
    assert_int_equal(kdb_store_commit(test->store, &test->ctx, batch, KDB_COMMIT_SYNC), KDB_OK);
    assert_int_equal(memory_of(test), 0);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, kdb_test_store_mem_setup, kdb_test_store_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_failed_commit_applies_nothing),           TEST(fails_until_healed),
        TEST(stops_writing_after_an_input_output_error), TEST(reports_what_is_not_cached),
        TEST(ends_a_scan_where_the_cache_does),          TEST(gives_memory_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
