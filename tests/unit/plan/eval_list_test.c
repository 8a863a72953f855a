// SPDX-License-Identifier: Apache-2.0
// Long lists: hashed once, with the answers of a comparison one by one.
#include "plan/eval_priv.h"

#include "base/random.h"
#include "call_case.h"

#define ELEMENTS 20000

static int setup(void **state)
{
    static struct call_case test;
    call_open(&test);
    *state = &test;
    return 0;
}

static int teardown(void **state)
{
    call_close(*state);
    return 0;
}

// input 0 IN (the numbers 0, 3, 6, …), as an IN or as an OR of equals.
static struct kdb_expr *make_in(struct call_case *test, size_t count, struct kdb_expr *extra)
{
    struct kdb_arena *arena = &test->ctx.arena;
    struct kdb_expr **args = kdb_arena_array(arena, count + 2, sizeof(*args));
    args[0] = call_node(test, KDB_EXPR_INPUT, KDB_TYPE(KDB_INT));
    for (size_t i = 0; i < count; i++)
        args[i + 1] = call_int(test, (int64_t)i * 3);
    args[count + 1] = extra;
    return call_form(test, KDB_EXPR_IN, KDB_TYPE(KDB_BOOLEAN), count + (extra ? 2 : 1), args);
}

static kdb_slice ask(struct call_case *test, const struct kdb_expr *expr, kdb_value input)
{
    test->eval.inputs = &input;
    kdb_slice answer = call_value(test, expr);
    test->eval.inputs = NULL;
    return answer;
}

static void in_finds_what_is_there(void **state)
{
    struct call_case *test = *state;
    struct kdb_expr *in = make_in(test, ELEMENTS, NULL);
    for (int i = 0; i < 3; i++) { // the first row is compared one by one, the others looked up
        assert_slice_equal(ask(test, in, kdb_value_int(KDB_INT, 3 * (ELEMENTS - 1))), "true");
        assert_slice_equal(ask(test, in, kdb_value_int(KDB_INT, 1)), "false");
        assert_slice_equal(ask(test, in, kdb_value_null(KDB_INT)), "NULL");
    }
    in->is_negated = true;
    assert_slice_equal(ask(test, in, kdb_value_int(KDB_INT, 3)), "false");
    assert_slice_equal(ask(test, in, kdb_value_int(KDB_INT, 4)), "true");
    assert_slice_equal(ask(test, in, kdb_value_null(KDB_INT)), "NULL");
}

static void a_null_in_the_list_leaves_doubt(void **state)
{
    struct call_case *test = *state;
    struct kdb_expr *in = make_in(test, 100, call_null(test, KDB_INT));
    for (int i = 0; i < 3; i++) {
        assert_slice_equal(ask(test, in, kdb_value_int(KDB_INT, 3)), "true");
        assert_slice_equal(ask(test, in, kdb_value_int(KDB_INT, 4)), "NULL");
    }
}

// 10,000 rows over 20,000 elements: two hundred million comparisons would take seconds.
static void many_rows_over_a_long_list_are_cheap(void **state)
{
    struct call_case *test = *state;
    struct kdb_expr *in = make_in(test, ELEMENTS, NULL);
    size_t found = 0;
    for (int64_t i = 0; i < 10000; i++) {
        kdb_value input = kdb_value_int(KDB_INT, i);
        bool is_match;
        test->eval.inputs = &input;
        assert_int_equal(kdb_eval_filter(in, &test->eval, &is_match), KDB_OK);
        found += is_match;
    }
    assert_int_equal(found, 3334);
}

static void a_failing_element_fails_each_time(void **state)
{
    struct call_case *test = *state;
    struct kdb_expr *bad = call_of(test, "/", call_int(test, 1), call_int(test, 0), NULL);
    struct kdb_expr *in = make_in(test, 20, bad);
    for (int i = 0; i < 3; i++) {
        assert_slice_equal(ask(test, in, kdb_value_int(KDB_INT, 1)), "! division by zero");
        kdb_ctx_clear_error(&test->ctx);
    }
}

// Lists of other kinds, against a comparison one by one.
static void every_kind_can_be_looked_up(void **state)
{
    struct call_case *test = *state;
    static const struct {
        kdb_kind kind;
        const char *values[6];
    } rows[] = {
        {KDB_TEXT, {"a", "ab", "", "é", "b", "abc"}},
        {KDB_DECIMAL, {"1.50", "1.5", "2", "2.000", "-1.5", "0.0"}},
        {KDB_DOUBLE, {"1.5", "-0", "0", "NaN", "Infinity", "2"}},
        {KDB_UUID,
         {"00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002",
          "00000000-0000-0000-0000-000000000003", "00000000-0000-0000-0000-000000000004",
          "00000000-0000-0000-0000-000000000005", "00000000-0000-0000-0000-000000000001"}},
        {KDB_INTERVAL, {"1 month", "30 days", "1 day", "24 hours", "2 days", "1 year"}},
        {KDB_TIMESTAMP,
         {"2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-01 12:00",
          "1999-01-01"}},
    };
    uint64_t random = 7;
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        struct kdb_expr *values[6];
        for (size_t i = 0; i < 6; i++)
            values[i] = call_literal(test, rows[r].kind, kdb_slice_cstr(rows[r].values[i]));
        struct kdb_expr *args[2 * PLAN_LIST_MIN];
        args[0] = call_node(test, KDB_EXPR_INPUT, KDB_TYPE((uint8_t)rows[r].kind));
        for (size_t i = 1; i < 2 * PLAN_LIST_MIN; i++)
            args[i] = values[kdb_random_next(&random) % 3];
        struct kdb_expr *in =
            call_form(test, KDB_EXPR_IN, KDB_TYPE(KDB_BOOLEAN), 2 * PLAN_LIST_MIN, args);
        for (int round = 0; round < 2; round++) {
            for (size_t i = 0; i < 6; i++) {
                bool expected = false;
                for (size_t j = 1; j < 2 * PLAN_LIST_MIN; j++)
                    expected = expected ||
                               kdb_value_compare(&args[j]->constant, &values[i]->constant) == 0;
                assert_slice_equal(ask(test, in, values[i]->constant), expected ? "true" : "false");
            }
        }
    }
}

// column = a OR column = b …: the same as IN.
static void a_long_or_of_equals_is_a_list(void **state)
{
    struct call_case *test = *state;
    struct kdb_arena *arena = &test->ctx.arena;
    const struct kdb_column columns[] = {
        {.id = 1, .name = KDB_LIT("id"), .type = KDB_TYPE(KDB_BIGINT)}};
    struct kdb_schema *schema = KDB_ARENA_NEW(arena, struct kdb_schema);
    schema->version = 1;
    schema->column_count = 1;
    schema->columns = kdb_arena_array(arena, 1, sizeof(struct kdb_column));
    schema->columns[0] = columns[0];
    kdb_schema_finish(schema, arena);
    struct kdb_expr **args = kdb_arena_array(arena, ELEMENTS, sizeof(*args));
    for (size_t i = 0; i < ELEMENTS; i++) {
        struct kdb_expr *column = call_node(test, KDB_EXPR_COLUMN, KDB_TYPE(KDB_BIGINT));
        args[i] = call_of(test, "=", column, call_int(test, (int64_t)i * 3), NULL);
    }
    struct kdb_expr *any = call_form(test, KDB_EXPR_OR, KDB_TYPE(KDB_BOOLEAN), ELEMENTS, args);
    test->eval.schema = test->eval.row_schema = schema;
    struct kdb_buf row = {0};
    size_t found = 0;
    for (int64_t i = 0; i < 10000; i++) {
        const kdb_value value = kdb_value_int(KDB_BIGINT, i);
        kdb_buf_clear(&row);
        assert_int_equal(kdb_row_encode(schema, &test->ctx, &value, 1, false, &row), KDB_OK);
        test->eval.row = kdb_buf_view(&row);
        bool is_match;
        assert_int_equal(kdb_eval_filter(any, &test->eval, &is_match), KDB_OK);
        found += is_match;
    }
    assert_int_equal(found, 3334);
    const kdb_value null = kdb_value_null(KDB_BIGINT);
    kdb_buf_clear(&row);
    assert_int_equal(kdb_row_encode(schema, &test->ctx, &null, 1, false, &row), KDB_OK);
    test->eval.row = kdb_buf_view(&row);
    assert_slice_equal(call_value(test, any), "NULL");
    kdb_buf_deinit(&row);
}

// An OR with another operand in it is no list.
static void other_ors_are_not_looked_up(void **state)
{
    struct call_case *test = *state;
    struct kdb_expr *args[PLAN_LIST_MIN];
    plan_list_answer answer;
    for (size_t i = 0; i < PLAN_LIST_MIN; i++)
        args[i] = call_bool(test, i == PLAN_LIST_MIN - 1);
    struct kdb_expr *any = call_form(test, KDB_EXPR_OR, KDB_TYPE(KDB_BOOLEAN), PLAN_LIST_MIN, args);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(plan_list_probe(any, &test->eval, &answer), KDB_OK);
        assert_int_equal(answer, PLAN_LIST_UNUSED);
        assert_slice_equal(call_value(test, any), "true");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(in_finds_what_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(a_null_in_the_list_leaves_doubt, setup, teardown),
        cmocka_unit_test_setup_teardown(many_rows_over_a_long_list_are_cheap, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failing_element_fails_each_time, setup, teardown),
        cmocka_unit_test_setup_teardown(every_kind_can_be_looked_up, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_or_of_equals_is_a_list, setup, teardown),
        cmocka_unit_test_setup_teardown(other_ors_are_not_looked_up, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
