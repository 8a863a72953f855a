// SPDX-License-Identifier: Apache-2.0
// The cache of plans: what is kept, found again, and pushed out.
#include "plan/plan_cache.h"

#include <stdio.h>

#include "unit/plan/bind_case.h"

static struct kdb_plan *cached_plan(struct kdb_plan_cache *cache, const char *sql)
{
    struct kdb_plan *plan = NULL;
    bind_test.request.scanned = bind_scan(sql);
    assert_int_equal(kdb_plan_cache_get(cache, &bind_test.ctx, &bind_test.request, &plan), KDB_OK);
    return plan;
}

// Plans a statement and says whether the cache had it.
static bool has(struct kdb_plan_cache *cache, const char *sql)
{
    uint64_t hits = kdb_plan_cache_stats(cache).hits;
    kdb_plan_unref(cached_plan(cache, sql));
    return kdb_plan_cache_stats(cache).hits > hits;
}

static void test_the_same_shape_is_found_again(void **state)
{
    (void)state;
    struct kdb_plan_cache *cache = kdb_plan_cache_create(10, (size_t)1 << 20);
    struct kdb_plan *first = cached_plan(cache, "SELECT a FROM t WHERE id = 1");
    struct kdb_plan *again = cached_plan(cache, "SELECT a FROM t WHERE id = 2");
    assert_ptr_equal(first, again);
    assert_false(has(cache, "SELECT b FROM t WHERE id = 2"));
    struct kdb_plan_cache_stats stats = kdb_plan_cache_stats(cache);
    assert_int_equal(stats.count, 2);
    assert_int_equal(stats.hits, 1);
    assert_int_equal(stats.misses, 2);
    kdb_plan_cache_destroy(cache); // plans in use live on
    assert_true(first->table_count == 1);
    kdb_plan_unref(first);
    kdb_plan_unref(again);
}

static void test_the_least_recently_used_goes(void **state)
{
    (void)state;
    struct kdb_plan_cache *cache = kdb_plan_cache_create(2, (size_t)1 << 20);
    assert_false(has(cache, "SELECT a FROM t"));
    assert_false(has(cache, "SELECT b FROM t"));
    assert_true(has(cache, "SELECT a FROM t"));
    assert_false(has(cache, "SELECT f FROM t"));
    assert_true(has(cache, "SELECT a FROM t"));
    assert_false(has(cache, "SELECT b FROM t"));
    kdb_plan_cache_destroy(cache);
}

static void test_memory_is_bounded(void **state)
{
    (void)state;
    enum { BYTES = 256 << 10, STATEMENTS = 40 };
    struct kdb_plan_cache *cache = kdb_plan_cache_create(1000, BYTES);
    char sql[64];
    for (int i = 0; i < STATEMENTS; i++) {
        (void)snprintf(sql, sizeof(sql), "SELECT a AS c%d FROM t", i);
        assert_false(has(cache, sql));
        assert_true(kdb_plan_cache_stats(cache).bytes <= BYTES);
    }
    assert_true(kdb_plan_cache_stats(cache).count < STATEMENTS);
    assert_true(has(cache, sql));
    kdb_plan_cache_destroy(cache);
}

static void test_one_large_plan_pushes_out_no_other(void **state)
{
    (void)state;
    struct kdb_plan_cache *cache = kdb_plan_cache_create(1000, 256 << 10);
    assert_false(has(cache, "SELECT a FROM t"));
    struct kdb_buf sql = {0};
    KDB_BUF_LIT(&sql, "SELECT a FROM t WHERE id IN (0");
    for (int i = 1; i < 2000; i++)
        kdb_buf_printf(&sql, ", %d", i);
    KDB_BUF_LIT(&sql, ")");
    kdb_buf_put(&sql, '\0');
    assert_false(has(cache, sql.data));
    assert_false(has(cache, sql.data));
    assert_true(has(cache, "SELECT a FROM t"));
    assert_int_equal(kdb_plan_cache_stats(cache).count, 1);
    kdb_buf_deinit(&sql);
    kdb_plan_cache_destroy(cache);
}

static void test_capacity_0_keeps_nothing(void **state)
{
    (void)state;
    struct kdb_plan_cache *cache = kdb_plan_cache_create(0, (size_t)1 << 20);
    assert_false(has(cache, "SELECT a FROM t"));
    assert_false(has(cache, "SELECT a FROM t"));
    kdb_plan_cache_destroy(cache);
    kdb_plan_cache_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_shape_is_found_again),
        cmocka_unit_test(test_the_least_recently_used_goes),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_one_large_plan_pushes_out_no_other),
        cmocka_unit_test(test_capacity_0_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, bind_setup, bind_teardown);
}
