// SPDX-License-Identifier: Apache-2.0
// What is due comes out in the order of its time, and nothing before it.
#include <stdio.h>

#include "base/alloc.h"
#include "jobs/jobs_priv.h"
#include "lib/test.h"

static void push(struct due_heap *heap, int64_t at_ms, const char *user)
{
    due_push(heap,
             (struct due){.at_ms = at_ms,
                          .user = kdb_slice_of(kdb_alloc_text(user, strlen(user)), strlen(user))});
}

static void test_an_empty_heap(void **state)
{
    (void)state;
    struct due_heap heap = {0};
    struct due due = {.at_ms = 5};
    assert_int_equal(due_next_ms(&heap), INT64_MAX);
    assert_false(due_take(&heap, INT64_MAX, &due));
    assert_int_equal(due.at_ms, 5);
    due_heap_deinit(&heap);
}

static void test_nothing_comes_before_its_time(void **state)
{
    (void)state;
    struct due_heap heap = {0};
    struct due due;
    push(&heap, 2000, "bob");
    push(&heap, 1000, "alice");
    assert_int_equal(due_next_ms(&heap), 1000);
    assert_false(due_take(&heap, 999, &due));
    assert_true(due_take(&heap, 1000, &due));
    assert_slice_equal(due.user, "alice");
    due_free(&due);
    assert_int_equal(due_next_ms(&heap), 2000);
    assert_false(due_take(&heap, 1999, &due));
    assert_true(due_take(&heap, 1000000, &due));
    assert_slice_equal(due.user, "bob");
    due_free(&due);
    assert_false(due_take(&heap, 1000000, &due));
    due_heap_deinit(&heap);
}

// Every order of pushes and takes, by a sequence that repeats: the heap against a plain search.
static void test_always_the_earliest(void **state)
{
    (void)state;
    enum { ITEMS = 200 };
    struct due_heap heap = {0};
    int64_t waiting[ITEMS];
    size_t count = 0;
    uint32_t random = 1;
    for (int step = 0; step < 20000; step++) {
        random = random * 1664525U + 1013904223U;
        if (count < ITEMS && random >> 31) {
            char user[16];
            (void)snprintf(user, sizeof(user), "%d", step);
            waiting[count] = (random >> 8) % 1000;
            push(&heap, waiting[count++], user);
            continue;
        }
        size_t least = 0;
        for (size_t i = 1; i < count; i++)
            least = waiting[i] < waiting[least] ? i : least;
        struct due due;
        int64_t now_ms = (random >> 8) % 1000;
        bool is_due = count > 0 && waiting[least] <= now_ms;
        assert_int_equal(due_next_ms(&heap), count > 0 ? waiting[least] : INT64_MAX);
        assert_int_equal(due_take(&heap, now_ms, &due), is_due);
        if (is_due) {
            assert_int_equal(due.at_ms, waiting[least]);
            waiting[least] = waiting[--count];
            due_free(&due);
        }
    }
    assert_true(count > 0); // left for the end
    due_heap_deinit(&heap);
}

// Whoever is noted again and again is there once.
static void test_a_partition_is_there_once(void **state)
{
    (void)state;
    struct due_heap heap = {0};
    struct due due;
    for (int i = 0; i < 1000; i++)
        push(&heap, 1000 + i, "alice");
    push(&heap, 1500, "bob");
    due_push(&heap, (struct due){.at_ms = 1200,
                                 .user = kdb_slice_of(kdb_alloc_text("bob", 3), 3),
                                 .is_hold = true});
    assert_int_equal(heap.count, 3);
    assert_true(due_take(&heap, 1000, &due));
    assert_slice_equal(due.user, "alice");
    due_free(&due);
    push(&heap, 900, "bob"); // the clock was set back
    push(&heap, 1100, "alice");
    static const char *const users[] = {"bob", "alice", "bob", "bob"};
    for (int i = 0; i < 4; i++) {
        assert_true(due_take(&heap, 5000, &due));
        assert_slice_equal(due.user, users[i]);
        assert_int_equal(due.is_hold, i == 2);
        due_free(&due);
    }
    assert_false(due_take(&heap, 5000, &due));
    push(&heap, 2000, "bob"); // left for the end
    due_heap_deinit(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_heap),
        cmocka_unit_test(test_nothing_comes_before_its_time),
        cmocka_unit_test(test_always_the_earliest),
        cmocka_unit_test(test_a_partition_is_there_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
