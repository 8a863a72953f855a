// SPDX-License-Identifier: Apache-2.0
// Turns: who lost first runs again first, one at a time.
#include "txn/turn_priv.h"

#include "base/alloc.h"
#include "lib/test.h"

#define STATEMENTS 4

struct statement {
    struct kdb_commit_request request;
    struct kdb_commit_turn turn;
    int answers;
};

struct fixture {
    struct kdb_ctx ctx;
    struct kdb_store *store;
    struct kdb_partition_registry *partitions;
    struct kdb_partition *partition;
    struct statement statements[STATEMENTS];
};

static void manifest_unref(struct kdb_manifest *manifest)
{
    (void)manifest;
}

static void answered(struct kdb_commit_request *request)
{
    ((struct statement *)request->owner)->answers++;
}

static int setup(void **state)
{
    static const struct kdb_partition_hooks hooks = {manifest_unref};
    struct fixture *f = kdb_alloc(sizeof(*f));
    kdb_ctx_init(&f->ctx, 0);
    assert_int_equal(kdb_store_mem_open(&f->ctx, &f->store), KDB_OK);
    f->partitions = kdb_partition_registry_create(f->store, &hooks);
    assert_int_equal(
        kdb_partition_open(f->partitions, &f->ctx, 7, KDB_LIT("ann"), KDB_READ_ANY, &f->partition),
        KDB_OK);
    for (int i = 0; i < STATEMENTS; i++) {
        struct statement *statement = &f->statements[i];
        statement->request = (struct kdb_commit_request){.partition = f->partition,
                                                         .turn = &statement->turn,
                                                         .done = answered,
                                                         .owner = statement};
    }
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kdb_partition_unref(f->partition);
    kdb_partition_registry_destroy(f->partitions);
    kdb_store_close(f->store);
    kdb_ctx_deinit(&f->ctx);
    kdb_free(f);
    return 0;
}

static bool loses(struct fixture *f, int index)
{
    return turn_take(&f->statements[index].request);
}

static void ends(struct fixture *f, int index)
{
    kdb_commit_turn_end(&f->statements[index].turn);
}

static void assert_answers(const struct fixture *f, int first, int second, int third)
{
    const int expected[] = {first, second, third};
    for (int i = 0; i < 3; i++)
        assert_int_equal(f->statements[i].answers, expected[i]);
}

static void test_losers_run_again_in_the_order_in_which_they_lost(void **state)
{
    struct fixture *f = *state;
    assert_true(loses(f, 0)); // the committer answers it
    assert_false(loses(f, 1));
    assert_false(loses(f, 2));
    assert_answers(f, 0, 0, 0);
    ends(f, 0);
    assert_answers(f, 0, 1, 0);
    assert_false(loses(f, 0)); // its next statement: behind those that wait
    ends(f, 1);
    assert_answers(f, 0, 1, 1);
    ends(f, 2);
    assert_answers(f, 1, 1, 1);
    ends(f, 0);
    assert_true(loses(f, 3)); // nobody is left
    ends(f, 3);
}

static void test_who_has_the_turn_keeps_it_when_it_loses_again(void **state)
{
    struct fixture *f = *state;
    assert_true(loses(f, 0));
    assert_false(loses(f, 1));
    assert_true(loses(f, 0));
    assert_true(loses(f, 0));
    assert_answers(f, 0, 0, 0);
    ends(f, 0);
    assert_answers(f, 0, 1, 0);
    ends(f, 1);
}

static void test_without_a_turn_everything_is_answered(void **state)
{
    struct fixture *f = *state;
    assert_true(loses(f, 0));
    f->statements[1].request.turn = NULL;
    assert_true(loses(f, 1));
    ends(f, 2); // never lost
    assert_false(loses(f, 2));
    ends(f, 0);
    assert_answers(f, 0, 0, 1);
    ends(f, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_losers_run_again_in_the_order_in_which_they_lost,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_has_the_turn_keeps_it_when_it_loses_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_without_a_turn_everything_is_answered, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
