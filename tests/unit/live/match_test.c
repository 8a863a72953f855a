// SPDX-License-Identifier: Apache-2.0
// Changes against subscriptions: what each of them is told, indexed and not, and how inserts are
// put together.
#include <math.h>
#include <stdlib.h>

#include "live/live_priv.h"
#include "unit/live/live_case.h"

// The same life of a row for a filter that is held against every change and for one that is found.
static void follow_a_row(const char *sql)
{
    struct client ann = {0};
    live_open(NULL);
    live_follow(&ann, sql);
    put(1, 3, "in", 0);
    commit();
    expect(&ann, "insert \"rows\":[{\"id\":\"1\",\"body\":\"in\",\"_seq\":\"1\"}]}\n");
    put(1, 3, "still", 0);
    commit();
    expect(&ann, "update \"rows\":[{\"id\":\"1\",\"body\":\"still\",\"_seq\":\"2\"}],"
                 "\"old_values\":[{\"id\":\"1\",\"body\":\"in\",\"_seq\":\"1\"}]}\n");
    put(1, 4, "left", 0);
    commit();
    expect(&ann, "delete \"old_values\":[{\"id\":\"1\",\"body\":\"still\",\"_seq\":\"3\"}]}\n");
    put(1, 5, "outside", 0);
    commit();
    expect(&ann, "");
    put(1, 3, "back", 0);
    commit();
    expect(&ann, "update \"rows\":[{\"id\":\"1\",\"body\":\"back\",\"_seq\":\"5\"}]}\n");
    gone(1, 3, "back");
    commit();
    expect(&ann, "delete \"old_values\":[{\"id\":\"1\",\"body\":\"back\",\"_seq\":\"6\"}]}\n");
    put(1, 3, "again", 0); // over a tombstone: a new row
    commit();
    expect(&ann, "insert \"rows\":[{\"id\":\"1\",\"body\":\"again\",\"_seq\":\"7\"}]}\n");
    put(1, LIVE_NULL, "null", 0);
    commit();
    expect(&ann, "delete \"old_values\":[{\"id\":\"1\",\"body\":\"again\",\"_seq\":\"8\"}]}\n");
    gone(1, LIVE_NULL, "null");
    commit();
    expect(&ann, "");
    live_leave(&ann);
    live_close();
}

static void test_life_of_a_row(void **state)
{
    (void)state;
    follow_a_row("SELECT id, body FROM app.notes WHERE n > 2 AND n < 4");
}

static void test_life_of_a_row_indexed(void **state)
{
    (void)state;
    follow_a_row("SELECT id, body FROM app.notes WHERE n = 3");
}

// A row that goes from one value to another is told to those who follow either.
static void test_from_slot_to_slot(void **state)
{
    (void)state;
    struct client one = {0};
    struct client two = {0};
    struct client name = {0};
    live_open(NULL);
    live_follow(&one, "SELECT id FROM app.notes WHERE n = 1");
    live_follow(&two, "SELECT id FROM app.notes WHERE n = 2");
    live_follow(&name, "SELECT id FROM app.notes WHERE body = 'x'");
    put(1, 1, "x", 0);
    commit();
    expect(&one, "insert \"rows\":[{\"id\":\"1\",\"_seq\":\"1\"}]}\n");
    expect(&two, "");
    expect(&name, "insert \"rows\":[{\"id\":\"1\",\"_seq\":\"1\"}]}\n");
    put(1, 2, "x", 0);
    commit();
    expect(&one, "delete \"old_values\":[{\"id\":\"1\",\"_seq\":\"2\"}]}\n");
    expect(&two, "update \"rows\":[{\"id\":\"1\",\"_seq\":\"2\"}]}\n");
    expect(&name, "update \"rows\":[{\"id\":\"1\",\"_seq\":\"2\"}],"
                  "\"old_values\":[{\"id\":\"1\",\"_seq\":\"1\"}]}\n"); // once
    live_leave(&one);
    put(1, 1, "y", 0);
    commit();
    expect(&two, "delete \"old_values\":[{\"id\":\"1\",\"_seq\":\"3\"}]}\n");
    expect(&name, "delete \"old_values\":[{\"id\":\"1\",\"_seq\":\"3\"}]}\n");
    live_leave(&two);
    put(2, 2, "x", 0);
    commit();
    expect(&name, "insert \"rows\":[{\"id\":\"2\",\"_seq\":\"4\"}]}\n");
    live_leave(&name);
    put(3, 2, "x", 0);
    commit(); // nobody is left
    live_close();
}

// -0 is 0 in a filter, and must be found by it.
static void test_index_finds_equal_values(void **state)
{
    (void)state;
    struct client zero = {0};
    struct client huge = {0};
    live_open(NULL);
    live_follow(&zero, "SELECT id FROM app.notes WHERE f = 0.0");
    live_follow(&huge, "SELECT id FROM app.notes WHERE n = 7000000000");
    put(1, 0, NULL, -0.0);
    commit();
    expect(&zero, "insert \"rows\":[{\"id\":\"1\",\"_seq\":\"1\"}]}\n");
    put(1, 0, NULL, NAN);
    commit();
    expect(&zero, "delete \"old_values\":[{\"id\":\"1\",\"_seq\":\"2\"}]}\n");
    expect(&huge, "");
    live_leave(&zero);
    live_leave(&huge);
    live_close();
}

static void test_several_changes_of_a_key_at_once(void **state)
{
    (void)state;
    struct client ann = {0};
    live_open(NULL);
    live_follow(&ann, "SELECT id, n FROM app.notes WHERE n > 0");
    put(1, 1, NULL, 0);
    put(2, 1, NULL, 0);
    put(1, 2, NULL, 0);
    gone(2, 1, NULL);
    put(3, 1, NULL, 0);
    put(2, 5, NULL, 0);
    put(1, 0, NULL, 0);
    commit();
    expect(&ann, "insert \"rows\":[{\"id\":\"1\",\"n\":1,\"_seq\":\"1\"},"
                 "{\"id\":\"2\",\"n\":1,\"_seq\":\"2\"}]}\n"
                 "update \"rows\":[{\"id\":\"1\",\"n\":2,\"_seq\":\"3\"}],"
                 "\"old_values\":[{\"id\":\"1\",\"n\":1,\"_seq\":\"1\"}]}\n"
                 "delete \"old_values\":[{\"id\":\"2\",\"n\":1,\"_seq\":\"4\"}]}\n"
                 "insert \"rows\":[{\"id\":\"3\",\"n\":1,\"_seq\":\"5\"},"
                 "{\"id\":\"2\",\"n\":5,\"_seq\":\"6\"}]}\n"
                 "delete \"old_values\":[{\"id\":\"1\",\"n\":2,\"_seq\":\"7\"}]}\n");
    live_leave(&ann);
    live_close();
}

// The lengths of the lists that a client was told, as "256 44 ".
static void expect_runs(struct client *client, const char *expected)
{
    struct kdb_buf runs = {0};
    kdb_buf_put(&client->told, '\0');
    for (char *line = strtok(client->told.data, "\n"); line; line = strtok(NULL, "\n")) {
        int rows = 0;
        for (char *at = line; (at = strstr(at, "\"_seq\"")) != NULL; at++)
            rows++;
        kdb_buf_printf(&runs, "%d ", rows);
    }
    kdb_buf_put(&runs, '\0');
    assert_string_equal(runs.data, expected);
    kdb_buf_deinit(&runs);
    kdb_buf_clear(&client->told);
}

static void test_runs_of_inserts(void **state)
{
    (void)state;
    struct client ann = {0};
    struct client few = {0};
    live_open(NULL);
    live_follow(&ann, "SELECT id FROM app.notes");
    live_follow(&few, "SELECT id, body FROM app.notes WHERE n = 1");
    for (int i = 0; i < 600; i++)
        put(100 + i, i < 2, "x", 0);
    commit();
    expect_runs(&ann, "256 256 88 ");
    expect_runs(&few, "2 ");
    assert_int_equal(kdb_live_position(ann.subscription), 600);
    assert_int_equal(atomic_load(&kdb_live_counters_of(ann.subscription)->delivered), 600);
    static char long_body[20001];
    memset(long_body, 'x', sizeof(long_body) - 1);
    for (int i = 0; i < 6; i++)
        put(1000 + i, 1, long_body, 0);
    commit();
    expect_runs(&few, "4 2 "); // by bytes
    put(2000, 1, "x", 0);
    commit(); // a run ends with its batch
    put(2001, 1, "x", 0);
    commit();
    expect_runs(&few, "1 1 ");
    live_leave(&ann);
    live_leave(&few);
    live_close();
}

static void test_failing_filter_ends_the_group(void **state)
{
    (void)state;
    struct client one = {0};
    struct client two = {0};
    struct client other = {0};
    const char *sql = "SELECT id FROM app.notes WHERE 10 / n > 1";
    live_open(NULL);
    live_follow(&one, sql);
    live_follow(&two, sql);
    live_follow(&other, "SELECT id FROM app.notes");
    put(1, 1, NULL, 0);
    put(2, 0, NULL, 0);
    put(3, 1, NULL, 0);
    commit();
    const char *told = "insert \"rows\":[{\"id\":\"1\",\"_seq\":\"1\"}]}\n"
                       "failed DIVISION_BY_ZERO: division by zero\n";
    expect(&one, told);
    expect(&two, told);
    expect_runs(&other, "3 ");
    put(4, 1, NULL, 0);
    commit();
    expect(&one, "");
    struct client late = {0}; // is not taken into the group that failed
    live_follow(&late, sql);
    put(5, 1, NULL, 0);
    commit();
    expect(&late, "insert \"rows\":[{\"id\":\"5\",\"_seq\":\"5\"}]}\n");
    live_leave(&one);
    live_leave(&two);
    live_leave(&other);
    live_leave(&late);
    live_close();
}

// What was written of a row that then cannot be told is taken back.
static void test_failing_column(void **state)
{
    (void)state;
    struct client ann = {0};
    live_open(NULL);
    live_follow(&ann, "SELECT id, f FROM app.notes");
    put(1, 1, NULL, 1);
    put(2, 1, NULL, NAN);
    commit();
    kdb_buf_put(&ann.told, '\0');
    assert_true(
        strstr(ann.told.data, "insert \"rows\":[{\"id\":\"1\",\"f\":1,\"_seq\":\"1\"}]}\n") ||
        strstr(ann.told.data, "insert \"rows\":[{\"id\":\"1\",\"f\":1.0,\"_seq\":\"1\"}]}\n"));
    assert_non_null(strstr(ann.told.data, "\nfailed "));
    live_leave(&ann);
    live_close();
}

static void test_equal_queries_are_looked_at_once(void **state)
{
    (void)state;
    struct client one = {0};
    struct client two = {0};
    live_open(NULL);
    live_follow(&one, "SELECT id FROM app.notes WHERE n > 3");
    put(1, 1, NULL, 0);
    commit();
    live_follow(&two, "SELECT id FROM app.notes WHERE n > 3");
    put(2, 1, NULL, 0);
    commit();
    const struct kdb_live_counters *of_one = kdb_live_counters_of(one.subscription);
    const struct kdb_live_counters *of_two = kdb_live_counters_of(two.subscription);
    assert_ptr_equal(of_one->filtered, of_two->filtered);
    assert_int_equal(atomic_load(of_one->filtered) - of_one->filtered_before, 2);
    assert_int_equal(atomic_load(of_two->filtered) - of_two->filtered_before, 1);
    live_leave(&one);
    put(3, 4, NULL, 0);
    commit();
    expect(&two, "insert \"rows\":[{\"id\":\"3\",\"_seq\":\"3\"}]}\n");
    live_leave(&two);
    live_close();
}

// Different filters, the same columns: one encoding, one event. Other columns, or more than
// columns: their own.
static void test_equal_columns_are_encoded_once(void **state)
{
    (void)state;
    enum { low, found, all, other, computed, clients };
    static const char *const queries[clients] = {
        "SELECT id, body FROM app.notes WHERE n < 5", "SELECT id, body FROM app.notes WHERE n = 3",
        "SELECT id, body FROM app.notes", "SELECT body, id FROM app.notes WHERE n < 5",
        "SELECT id, body || '' AS body FROM app.notes WHERE n < 5"};
    struct client client[clients];
    memset(client, 0, sizeof(client));
    live_open(NULL);
    for (int i = 0; i < clients; i++)
        live_follow(&client[i], queries[i]);
    static const char *const told[] = {
        "insert \"rows\":[{\"id\":\"1\",\"body\":\"a\",\"_seq\":\"1\"}]}\n",
        "update \"rows\":[{\"id\":\"1\",\"body\":\"b\",\"_seq\":\"2\"}],"
        "\"old_values\":[{\"id\":\"1\",\"body\":\"a\",\"_seq\":\"1\"}]}\n",
        "delete \"old_values\":[{\"id\":\"1\",\"body\":\"b\",\"_seq\":\"3\"}]}\n"};
    for (int step = 0; step < 3; step++) {
        if (step < 2)
            put(1, 3, step == 0 ? "a" : "b", 0);
        else
            gone(1, 3, "b");
        commit();
        for (int i = low; i <= all; i++) {
            expect(&client[i], told[step]);
            assert_ptr_equal(client[i].last, client[low].last);
        }
        assert_ptr_not_equal(client[other].last, client[low].last);
        assert_ptr_not_equal(client[computed].last, client[low].last);
    }
    // The same change is something else to each.
    put(2, 6, "c", 0);
    commit();
    expect(&client[low], "");
    put(2, 3, "d", 0);
    commit();
    expect(&client[low], "update \"rows\":[{\"id\":\"2\",\"body\":\"d\",\"_seq\":\"5\"}]}\n");
    assert_ptr_equal(client[found].last, client[low].last);
    assert_ptr_not_equal(client[all].last, client[low].last);
    // Runs are shared when they have the same rows.
    put(3, 1, "e", 0);
    put(4, 6, "f", 0);
    commit();
    expect(&client[low], "insert \"rows\":[{\"id\":\"3\",\"body\":\"e\",\"_seq\":\"6\"}]}\n");
    assert_ptr_not_equal(client[all].last, client[low].last);
    for (int i = 0; i < clients; i++)
        live_leave(&client[i]);
    live_close();
}

// There may be a hundred thousand groups: what one of them encoded once is not kept for ever.
static void test_idle_groups_keep_little(void **state)
{
    (void)state;
    enum { rows = 40, body_bytes = 1000 };
    char body[body_bytes + 1];
    struct client ann = {0};
    memset(body, 'x', body_bytes);
    body[body_bytes] = '\0';
    live_open(NULL);
    live_follow(&ann, "SELECT id, body FROM app.notes WHERE n = 1");
    const struct live_group *group = ann.subscription->group;
    for (int i = 0; i < rows; i++)
        put(100 + i, 1, body, 0);
    commit();
    assert_true(group->rows.capacity <= LIVE_KEPT_BYTES);
    assert_true(group->projection->row.capacity <= LIVE_KEPT_BYTES);
    put(1, 1, body, 0);
    commit();
    put(1, 2, body, 0);
    commit();
    assert_true(group->projection->row.capacity <= LIVE_KEPT_BYTES);
    put(2, 1, "milk", 0);
    kdb_buf_clear(&ann.told);
    commit();
    expect(&ann, "insert \"rows\":[{\"id\":\"2\",\"body\":\"milk\",\"_seq\":\"43\"}]}\n");
    live_leave(&ann);
    live_close();
}

// Users of one loop, each with a partition; a query that shows who asks is not shared.
static void test_partitions_and_callers_apart(void **state)
{
    (void)state;
    struct client ann = {0};
    struct client bob = {0};
    struct client guest = {0}; // bob looks at ann's partition, as at a shared table
    const char *sql = "SELECT CURRENT_USER() AS me FROM app.notes";
    live_open(NULL);
    struct kdb_partition *other = live_partition("bob");
    live_follow(&ann, sql);
    live_subscribe_as(&bob, sql, "bob", other);
    live_subscribe_as(&guest, sql, "bob", live_test.partition);
    assert_true(kdb_live_release(bob.subscription, 0) && kdb_live_release(guest.subscription, 0));
    assert_int_equal(atomic_load(&live_test.partition->subscriptions), 2);
    put(1, 1, NULL, 0);
    live_change_of(other, 100, live_row(100, 1, NULL, 0, false));
    commit();
    expect(&ann, "insert \"rows\":[{\"me\":\"ann\",\"_seq\":\"1\"}]}\n");
    expect(&guest, "insert \"rows\":[{\"me\":\"bob\",\"_seq\":\"1\"}]}\n");
    expect(&bob, "insert \"rows\":[{\"me\":\"bob\",\"_seq\":\"2\"}]}\n");
    live_leave(&ann);
    live_leave(&bob);
    live_leave(&guest);
    assert_int_equal(atomic_load(&live_test.partition->subscriptions), 0);
    assert_int_equal(atomic_load(&live_test.partition->live_loops[0]), 0);
    kdb_partition_unref(other);
    live_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life_of_a_row),
        cmocka_unit_test(test_life_of_a_row_indexed),
        cmocka_unit_test(test_from_slot_to_slot),
        cmocka_unit_test(test_index_finds_equal_values),
        cmocka_unit_test(test_several_changes_of_a_key_at_once),
        cmocka_unit_test(test_runs_of_inserts),
        cmocka_unit_test(test_failing_filter_ends_the_group),
        cmocka_unit_test(test_failing_column),
        cmocka_unit_test(test_equal_queries_are_looked_at_once),
        cmocka_unit_test(test_equal_columns_are_encoded_once),
        cmocka_unit_test(test_idle_groups_keep_little),
        cmocka_unit_test(test_partitions_and_callers_apart),
    };
    return cmocka_run_group_tests(tests, live_setup, bind_teardown);
}
