// SPDX-License-Identifier: Apache-2.0
// The order of use: what is newest, what is oldest, whatever happened in between.
#include "base/use_order.h"

#include "lib/test.h"

struct thing {
    int name;
    struct kdb_use_link use;
};

// The names from the newest to the oldest, and the same backwards.
static void expect_order(const struct kdb_use_order *order, const char *names)
{
    char forwards[16] = "";
    char backwards[16] = "";
    size_t count = 0;
    for (struct kdb_use_link *at = order->newest; at; at = at->older)
        forwards[count++] = (char)KDB_USE_OF(at, struct thing, use)->name;
    size_t left = count;
    for (struct kdb_use_link *at = order->oldest; at; at = at->newer)
        backwards[--left] = (char)KDB_USE_OF(at, struct thing, use)->name;
    assert_int_equal(left, 0);
    assert_string_equal(forwards, names);
    assert_string_equal(backwards, names);
}

static void what_is_used_is_newest(void **state)
{
    (void)state;
    struct kdb_use_order order = {0};
    struct thing a = {.name = 'a'};
    struct thing b = {.name = 'b'};
    struct thing c = {.name = 'c'};
    expect_order(&order, "");
    kdb_use_order_add(&order, &a.use);
    expect_order(&order, "a");
    kdb_use_order_touch(&order, &a.use);
    expect_order(&order, "a");
    kdb_use_order_add(&order, &b.use);
    kdb_use_order_add(&order, &c.use);
    expect_order(&order, "cba");
    kdb_use_order_touch(&order, &a.use); // the oldest
    expect_order(&order, "acb");
    kdb_use_order_touch(&order, &c.use); // the middle
    expect_order(&order, "cab");
    kdb_use_order_remove(&order, &a.use);
    expect_order(&order, "cb");
    kdb_use_order_remove(&order, &c.use); // the newest
    kdb_use_order_remove(&order, &b.use); // the only one
    expect_order(&order, "");
    kdb_use_order_add(&order, &a.use);
    expect_order(&order, "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_used_is_newest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
