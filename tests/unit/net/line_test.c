// SPDX-License-Identifier: Apache-2.0
// Waiting lines against a plain array: joining, leaving from anywhere, taking in order.
#include "net/line_priv.h"

#include "base/random.h"
#include "lib/test.h"

enum { waiters = 8 };

struct waiter {
    int number;
    struct net_line_link link;
};

// Who waits, in order.
struct model {
    int numbers[waiters];
    size_t count;
};

static void model_leave(struct model *model, int number)
{
    size_t kept = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (model->numbers[i] != number)
            model->numbers[kept++] = model->numbers[i];
    }
    model->count = kept;
}

static void expect_same(const struct net_line *line, const struct model *model)
{
    struct net_line_link *at = line->first;
    for (size_t i = 0; i < model->count; i++, at = at->next) {
        assert_non_null(at);
        assert_int_equal(NET_LINE_OF(at, struct waiter, link)->number, model->numbers[i]);
        assert_ptr_equal(at->line, line);
    }
    assert_null(at);
    assert_int_equal(line->count, model->count);
}

static void test_any_order(void **state)
{
    (void)state;
    struct net_line line = {0};
    struct waiter all[waiters];
    struct model model = {0};
    uint64_t random = 7;
    memset(all, 0, sizeof(all));
    for (int i = 0; i < waiters; i++)
        all[i].number = i;
    for (int step = 0; step < 20000; step++) {
        struct waiter *one = &all[kdb_random_next(&random) % waiters];
        switch (kdb_random_next(&random) % 3) {
        case 0: {
            bool is_new = !one->link.line;
            net_line_join(&line, &one->link);
            if (is_new)
                model.numbers[model.count++] = one->number;
            break;
        }
        case 1:
            net_line_leave(&one->link);
            model_leave(&model, one->number);
            break;
        default: {
            struct net_line_link *taken = net_line_take(&line);
            assert_int_equal(taken != NULL, model.count > 0);
            if (!taken)
                break;
            assert_int_equal(NET_LINE_OF(taken, struct waiter, link)->number, model.numbers[0]);
            assert_null(taken->line);
            model_leave(&model, model.numbers[0]);
        }
        }
        expect_same(&line, &model);
    }
}

static void test_waits_in_one_line(void **state)
{
    (void)state;
    struct net_line first = {0};
    struct net_line second = {0};
    struct net_line_link link = {0};
    net_line_join(&first, &link);
    net_line_join(&second, &link);
    assert_ptr_equal(link.line, &first);
    assert_null(net_line_take(&second));
    assert_ptr_equal(net_line_take(&first), &link);
    net_line_leave(&link);
    assert_null(net_line_take(&first));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_waits_in_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
