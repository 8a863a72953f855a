// SPDX-License-Identifier: Apache-2.0
// The directory of live queries: limits for each user, listing, and asking for the end of one.
#include "live/directory.h"

#include "lib/test.h"

static struct kdb_live_entry *add(struct kdb_live_directory *directory, const char *user,
                                  const char *id, size_t user_max)
{
    const struct kdb_live_info info = {.connection_id = KDB_LIT("c1"),
                                       .subscription_id = kdb_slice_cstr(id),
                                       .space = KDB_LIT("app"),
                                       .table = KDB_LIT("notes"),
                                       .user = kdb_slice_cstr(user),
                                       .query = KDB_LIT("SELECT 1"),
                                       .created_at_us = 7};
    return kdb_live_directory_add(directory, &info, user_max);
}

static void list_one(void *arg, const struct kdb_live_info *info)
{
    kdb_buf_slice(arg, info->live_id);
    kdb_buf_printf(arg, " %s %llu/%llu/%llu/%llu %lld %.*s\n", info->status,
                   (unsigned long long)info->delivered, (unsigned long long)info->filtered,
                   (unsigned long long)info->dropped, (unsigned long long)info->lags,
                   (long long)info->last_change_us, KDB_ARG(info->index_column));
}

static void expect_list(struct kdb_live_directory *directory, const char *expected)
{
    struct kdb_buf text = {0};
    kdb_live_directory_each(directory, list_one, &text);
    kdb_buf_put(&text, '\0');
    assert_string_equal(text.data, expected);
    kdb_buf_deinit(&text);
}

static void test_limit_of_each_user(void **state)
{
    (void)state;
    struct kdb_live_directory *directory = kdb_live_directory_create();
    assert_null(add(directory, "ann", "zero", 0));
    struct kdb_live_entry *a = add(directory, "ann", "a", 2);
    struct kdb_live_entry *b = add(directory, "ann", "b", 2);
    assert_null(add(directory, "ann", "c", 2));
    struct kdb_live_entry *other = add(directory, "bob", "a", 2); // counted for himself
    assert_true(a && b && other);
    assert_int_equal(kdb_live_directory_count(directory), 3);
    kdb_live_directory_remove(directory, a);
    a = add(directory, "ann", "c", 2);
    assert_non_null(a);
    assert_null(add(directory, "ann", "d", 2));
    kdb_live_directory_remove(directory, a);
    kdb_live_directory_remove(directory, b);
    kdb_live_directory_remove(directory, other);
    kdb_live_directory_remove(directory, NULL);
    assert_int_equal(kdb_live_directory_count(directory), 0);
    assert_int_equal(kdb_live_directory_peak(directory), 3);
    kdb_live_directory_destroy(directory);
}

static void test_listing_in_order(void **state)
{
    (void)state;
    struct kdb_live_directory *directory = kdb_live_directory_create();
    expect_list(directory, "");
    struct kdb_live_entry *entries[] = {add(directory, "ann", "1", 9),
                                        add(directory, "bob", "2", 9),
                                        add(directory, "ann", "3", 9)};
    expect_list(directory, "ann-c1-1 loading 0/0/0/0 0 \n"
                           "bob-c1-2 loading 0/0/0/0 0 \n"
                           "ann-c1-3 loading 0/0/0/0 0 \n");
    kdb_live_directory_remove(directory, entries[1]);
    entries[1] = add(directory, "bob", "4", 9);
    kdb_live_directory_remove(directory, entries[0]);
    expect_list(directory, "ann-c1-3 loading 0/0/0/0 0 \nbob-c1-4 loading 0/0/0/0 0 \n");
    kdb_live_directory_remove(directory, entries[1]);
    kdb_live_directory_remove(directory, entries[2]);
    expect_list(directory, "");
    kdb_live_directory_destroy(directory);
}

static void test_counters_are_looked_at_when_listed(void **state)
{
    (void)state;
    struct kdb_live_directory *directory = kdb_live_directory_create();
    struct kdb_live_entry *entry = add(directory, "ann", "1", 9);
    _Atomic uint64_t filtered = 10;
    struct kdb_live_counters counters = {.filtered = &filtered, .filtered_before = 10};
    kdb_live_entry_watch(directory, entry, &counters, KDB_LIT("n"));
    kdb_live_entry_set_status(entry, "active");
    expect_list(directory, "ann-c1-1 active 0/0/0/0 0 n\n");
    atomic_store(&filtered, 13);
    atomic_store(&counters.delivered, 1);
    atomic_store(&counters.dropped, 2);
    atomic_store(&counters.lags, 4);
    atomic_store(&counters.last_ms, 5);
    kdb_live_entry_set_status(entry, "lagging");
    expect_list(directory, "ann-c1-1 lagging 1/3/2/4 5000 n\n");
    kdb_live_entry_watch(directory, entry, &counters, (kdb_slice){0});
    expect_list(directory, "ann-c1-1 lagging 1/3/2/4 5000 \n");
    kdb_live_directory_remove(directory, entry);
    kdb_live_directory_destroy(directory);
}

static void test_kill(void **state)
{
    (void)state;
    struct kdb_live_directory *directory = kdb_live_directory_create();
    struct kdb_live_entry *mine = add(directory, "ann", "1", 9);
    struct kdb_live_entry *other = add(directory, "bob", "1", 9);
    assert_false(kdb_live_directory_kill(directory, KDB_LIT("ann-c1-2"), (kdb_slice){0}));
    assert_false(kdb_live_directory_kill(directory, KDB_LIT(""), (kdb_slice){0}));
    assert_false(kdb_live_directory_kill(directory, KDB_LIT("bob-c1-1"), KDB_LIT("ann")));
    assert_false(kdb_live_entry_is_killed(other));
    assert_true(kdb_live_directory_kill(directory, KDB_LIT("ann-c1-1"), KDB_LIT("ann")));
    assert_true(kdb_live_entry_is_killed(mine));
    assert_true(kdb_live_directory_kill(directory, KDB_LIT("bob-c1-1"), (kdb_slice){0}));
    assert_true(kdb_live_entry_is_killed(other));
    kdb_live_directory_remove(directory, other);
    assert_false(kdb_live_directory_kill(directory, KDB_LIT("bob-c1-1"), (kdb_slice){0}));
    kdb_live_directory_remove(directory, mine);
    kdb_live_directory_destroy(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limit_of_each_user),
        cmocka_unit_test(test_listing_in_order),
        cmocka_unit_test(test_counters_are_looked_at_when_listed),
        cmocka_unit_test(test_kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
