// SPDX-License-Identifier: Apache-2.0
// Every form of expression: three-valued logic, what is evaluated and what is not, columns of old
// and new rows.
#include "plan/eval.h"

#include "call_case.h"
#include "plan/query.h"

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

// 't', 'f', or NULL for any other character.
static struct kdb_expr *truth(struct call_case *test, char c)
{
    return c == 't' || c == 'f' ? call_bool(test, c == 't') : call_null(test, KDB_BOOLEAN);
}

static struct kdb_expr *failing(struct call_case *test)
{
    struct kdb_expr *quotient = call_of(test, "/", call_int(test, 1), call_int(test, 0), NULL);
    return call_of(test, "=", quotient, call_int(test, 1), NULL);
}

static kdb_slice logic(struct call_case *test, kdb_expr_kind kind, const char *operands)
{
    struct kdb_expr *args[4];
    size_t count = strlen(operands);
    for (size_t i = 0; i < count; i++)
        args[i] = operands[i] == '!' ? failing(test) : truth(test, operands[i]);
    return call_value(test, call_form(test, kind, KDB_TYPE(KDB_BOOLEAN), count, args));
}

static void logic_has_three_values(void **state)
{
    struct call_case *test = *state;
    static const char *const rows[][3] = {
        // operands, AND, OR
        {"tt", "true", "true"},   {"tf", "false", "true"},  {"ft", "false", "true"},
        {"ff", "false", "false"}, {"tn", "NULL", "true"},   {"nt", "NULL", "true"},
        {"fn", "false", "NULL"},  {"nf", "false", "NULL"},  {"nn", "NULL", "NULL"},
        {"tnf", "false", "true"}, {"fnt", "false", "true"}, {"ttt", "true", "true"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_slice_equal(logic(test, KDB_EXPR_AND, rows[i][0]), rows[i][1]);
        assert_slice_equal(logic(test, KDB_EXPR_OR, rows[i][0]), rows[i][2]);
    }
    assert_slice_equal(logic(test, KDB_EXPR_NOT, "t"), "false");
    assert_slice_equal(logic(test, KDB_EXPR_NOT, "n"), "NULL");
}

static void logic_goes_from_left_to_right_and_stops(void **state)
{
    struct call_case *test = *state;
    assert_slice_equal(logic(test, KDB_EXPR_AND, "f!"), "false");
    assert_slice_equal(logic(test, KDB_EXPR_OR, "t!"), "true");
    assert_slice_equal(logic(test, KDB_EXPR_AND, "n!"), "! division by zero");
    kdb_ctx_clear_error(&test->ctx);
    assert_slice_equal(logic(test, KDB_EXPR_OR, "f!t"), "! division by zero");
    assert_int_equal(test->ctx.error.status, KDB_ERR_DIVISION_BY_ZERO);
}

static void all_arguments_are_evaluated_before_null_decides(void **state)
{
    struct call_case *test = *state;
    struct kdb_expr *quotient = call_of(test, "/", call_int(test, 1), call_int(test, 0), NULL);
    struct kdb_expr *sum = call_of(test, "+", call_null(test, KDB_INT), quotient, NULL);
    assert_slice_equal(call_value(test, sum), "! division by zero");
}

static kdb_slice tested(struct call_case *test, kdb_expr_kind kind, char operand, char kind_of_test,
                        bool is_negated)
{
    struct kdb_expr *args[1] = {truth(test, operand)};
    struct kdb_expr *expr = call_form(test, kind, KDB_TYPE(KDB_BOOLEAN), 1, args);
    expr->truth = kind_of_test;
    expr->is_negated = is_negated;
    return call_value(test, expr);
}

static void tests_are_never_null(void **state)
{
    struct call_case *test = *state;
    static const char operands[] = "tfn";
    static const char *const expected[] = {// IS TRUE, IS FALSE, IS UNKNOWN, IS NULL of t, f, n
                                           "100", "010", "001", "001"};
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 3; j++) {
            kdb_expr_kind kind = i == 3 ? KDB_EXPR_IS_NULL : KDB_EXPR_IS_BOOLEAN;
            bool holds = expected[i][j] == '1';
            assert_slice_equal(tested(test, kind, operands[j], "tfu-"[i], false),
                               holds ? "true" : "false");
            assert_slice_equal(tested(test, kind, operands[j], "tfu-"[i], true),
                               holds ? "false" : "true");
        }
    }
}

static kdb_slice two(struct call_case *test, kdb_expr_kind kind, struct kdb_expr *a,
                     struct kdb_expr *b, bool is_negated)
{
    struct kdb_expr *args[2] = {a, b};
    kdb_type type = kind == KDB_EXPR_IS_DISTINCT ? KDB_TYPE(KDB_BOOLEAN) : a->type;
    struct kdb_expr *expr = call_form(test, kind, type, 2, args);
    expr->is_negated = is_negated;
    return call_value(test, expr);
}

static void distinct_and_nullif_compare_what_equals_compares(void **state)
{
    struct call_case *test = *state;
    struct kdb_expr *one = call_int(test, 1);
    struct kdb_expr *null = call_null(test, KDB_INT);
    struct kdb_expr *wide = call_const(test, kdb_value_int(KDB_BIGINT, 1));
    struct kdb_expr *day = call_literal(test, KDB_DATE, KDB_LIT("2024-05-04"));
    struct kdb_expr *midnight = call_literal(test, KDB_TIMESTAMP, KDB_LIT("2024-05-04 00:00:00"));
    struct kdb_expr *noon = call_literal(test, KDB_TIMESTAMP, KDB_LIT("2024-05-04 12:00:00"));
    struct kdb_expr *half = call_literal(test, KDB_FLOAT, KDB_LIT("0.5"));
    struct kdb_expr *wide_half = call_literal(test, KDB_DOUBLE, KDB_LIT("0.5"));
    assert_slice_equal(two(test, KDB_EXPR_IS_DISTINCT, null, null, false), "false");
    assert_slice_equal(two(test, KDB_EXPR_IS_DISTINCT, one, null, false), "true");
    assert_slice_equal(two(test, KDB_EXPR_IS_DISTINCT, one, wide, true), "true");
    assert_slice_equal(two(test, KDB_EXPR_IS_DISTINCT, day, midnight, false), "false");
    assert_slice_equal(two(test, KDB_EXPR_IS_DISTINCT, noon, day, false), "true");
    assert_slice_equal(two(test, KDB_EXPR_NULLIF, one, wide, false), "NULL");
    assert_slice_equal(two(test, KDB_EXPR_NULLIF, one, null, false), "1");
    assert_slice_equal(two(test, KDB_EXPR_NULLIF, null, one, false), "NULL");
    assert_slice_equal(two(test, KDB_EXPR_NULLIF, day, noon, false), "2024-05-04");
    assert_slice_equal(two(test, KDB_EXPR_NULLIF, half, wide_half, false), "NULL");
}

static void in_knows_null(void **state)
{
    struct call_case *test = *state;
    struct kdb_expr *one = call_int(test, 1);
    struct kdb_expr *two_ = call_int(test, 2);
    struct kdb_expr *null = call_null(test, KDB_INT);
    struct kdb_expr *rows[][3] = {{one, two_, one},
                                  {one, two_, two_},
                                  {one, two_, null},
                                  {one, null, one},
                                  {null, one, two_}};
    static const char *const expected[] = {"true", "false", "NULL", "true", "NULL"};
    static const char *const negated[] = {"false", "true", "NULL", "false", "NULL"};
    for (size_t i = 0; i < 5; i++) {
        struct kdb_expr *in = call_form(test, KDB_EXPR_IN, KDB_TYPE(KDB_BOOLEAN), 3, rows[i]);
        assert_slice_equal(call_value(test, in), expected[i]);
        in->is_negated = true;
        assert_slice_equal(call_value(test, in), negated[i]);
    }
}

static void choices_evaluate_what_they_choose(void **state)
{
    struct call_case *test = *state;
    struct kdb_expr *bad = call_of(test, "/", call_int(test, 1), call_int(test, 0), NULL);
    struct kdb_expr *cases[] = {
        truth(test, 'n'), bad, truth(test, 't'), call_int(test, 7), truth(test, 't'), bad, bad};
    kdb_type type = KDB_TYPE(KDB_INT);
    assert_slice_equal(call_value(test, call_form(test, KDB_EXPR_CASE, type, 7, cases)), "7");
    cases[2] = truth(test, 'f');
    cases[4] = truth(test, 'n');
    cases[6] = call_int(test, 8);
    assert_slice_equal(call_value(test, call_form(test, KDB_EXPR_CASE, type, 7, cases)), "8");
    assert_slice_equal(call_value(test, call_form(test, KDB_EXPR_CASE, type, 6, cases)), "NULL");
    struct kdb_expr *null = call_null(test, KDB_INT);
    struct kdb_expr *list[] = {null, call_int(test, 3), call_int(test, 5), null};
    assert_slice_equal(call_value(test, call_form(test, KDB_EXPR_GREATEST, type, 4, list)), "5");
    assert_slice_equal(call_value(test, call_form(test, KDB_EXPR_LEAST, type, 4, list)), "3");
    list[2] = bad;
    assert_slice_equal(call_value(test, call_form(test, KDB_EXPR_COALESCE, type, 3, list)), "3");
    assert_slice_equal(call_value(test, call_form(test, KDB_EXPR_COALESCE, type, 1, list)), "NULL");
    assert_slice_equal(call_value(test, call_form(test, KDB_EXPR_LEAST, type, 1, list)), "NULL");
}

static void inputs_are_taken_by_their_index(void **state)
{
    struct call_case *test = *state;
    const kdb_value inputs[] = {kdb_value_int(KDB_INT, 5), kdb_value_int(KDB_INT, 9)};
    struct kdb_expr *input = call_node(test, KDB_EXPR_INPUT, KDB_TYPE(KDB_INT));
    input->input = 1;
    test->eval.inputs = inputs;
    assert_slice_equal(call_value(test, input), "9");
}

// A cast per row must not fill the memory of the statement.
static void casts_to_text_live_in_scratch(void **state)
{
    struct call_case *test = *state;
    struct kdb_expr *args[1] = {call_const(test, kdb_value_int(KDB_BIGINT, 1234567890123))};
    struct kdb_expr *cast = call_form(test, KDB_EXPR_CAST, KDB_TYPE(KDB_TEXT), 1, args);
    char *before = test->ctx.arena.at;
    for (int i = 0; i < 100000; i++) {
        kdb_value value;
        assert_int_equal(kdb_eval(cast, &test->eval, &value), KDB_OK);
        assert_slice_equal(value.bytes, "1234567890123");
        kdb_arena_reset(&test->scratch);
    }
    assert_ptr_equal(test->ctx.arena.at, before);
    assert_true(test->scratch.used_bytes < 1 << 20);
    // With one arena for both there is nothing to lend.
    test->eval.scratch = &test->ctx.arena;
    assert_slice_equal(call_value(test, cast), "1234567890123");
}

static void a_filter_is_true_only_for_true(void **state)
{
    struct call_case *test = *state;
    bool is_match = true;
    assert_int_equal(kdb_eval_filter(truth(test, 'n'), &test->eval, &is_match), KDB_OK);
    assert_false(is_match);
    assert_int_equal(kdb_eval_filter(truth(test, 't'), &test->eval, &is_match), KDB_OK);
    assert_true(is_match);
    assert_int_equal(kdb_eval_filter(failing(test), &test->eval, &is_match),
                     KDB_ERR_DIVISION_BY_ZERO);
    assert_true(is_match); // untouched
}

// ---- columns ----

static struct kdb_schema *make_schema(struct kdb_arena *arena, uint32_t version,
                                      const struct kdb_column *columns, uint32_t count)
{
    struct kdb_schema *schema = KDB_ARENA_NEW(arena, struct kdb_schema);
    schema->version = version;
    schema->column_count = count;
    schema->columns = kdb_arena_array(arena, count, sizeof(struct kdb_column));
    memcpy(schema->columns, columns, count * sizeof(*columns));
    kdb_schema_finish(schema, arena);
    return schema;
}

static struct kdb_relation *make_relation(struct kdb_arena *arena, const struct kdb_schema *schema)
{
    struct kdb_relation *relation = KDB_ARENA_NEW(arena, struct kdb_relation);
    relation->column_count = schema->column_count + 3;
    relation->columns =
        kdb_arena_array(arena, relation->column_count, sizeof(struct kdb_relation_column));
    for (uint32_t i = 0; i < schema->column_count; i++)
        relation->columns[i].id = schema->columns[i].id;
    relation->columns[schema->column_count].id = KDB_COLUMN_SEQ;
    relation->columns[schema->column_count + 1].id = KDB_COLUMN_UPDATED;
    relation->columns[schema->column_count + 2].id = KDB_COLUMN_DELETED;
    return relation;
}

static kdb_slice column(struct call_case *test, const struct kdb_relation *relation, uint32_t index,
                        kdb_type type)
{
    struct kdb_expr *expr = call_node(test, KDB_EXPR_COLUMN, type);
    expr->relation = relation;
    expr->column = index;
    return call_value(test, expr);
}

static void columns_are_read_from_rows_of_any_version(void **state)
{
    struct call_case *test = *state;
    struct kdb_arena *arena = &test->ctx.arena;
    const struct kdb_column old_columns[] = {
        {.id = 1, .name = KDB_LIT("id"), .type = KDB_TYPE(KDB_BIGINT)},
        {.id = 2, .name = KDB_LIT("gone"), .type = KDB_TYPE(KDB_TEXT)},
        {.id = 3, .name = KDB_LIT("n"), .type = KDB_TYPE(KDB_INT)},
        {.id = 4, .name = KDB_LIT("d"), .type = {.kind = KDB_DECIMAL, .precision = 6, .scale = 2}},
    };
    const struct kdb_column new_columns[] = {
        {.id = 1, .name = KDB_LIT("id"), .type = KDB_TYPE(KDB_BIGINT)},
        {.id = 3, .name = KDB_LIT("renamed"), .type = KDB_TYPE(KDB_TEXT)},
        {.id = 4, .name = KDB_LIT("d"), .type = {.kind = KDB_DECIMAL, .precision = 9, .scale = 3}},
        {.id = 5,
         .name = KDB_LIT("added"),
         .type = KDB_TYPE(KDB_INT),
         .default_kind = KDB_DEFAULT_VALUE,
         .default_value = kdb_value_int(KDB_INT, 42)},
    };
    const struct kdb_schema *old = make_schema(arena, 1, old_columns, 4);
    const struct kdb_schema *new = make_schema(arena, 2, new_columns, 4);
    const kdb_value values[] = {kdb_value_int(KDB_BIGINT, 7),
                                kdb_value_bytes(KDB_TEXT, KDB_LIT("x")), kdb_value_int(KDB_INT, 12),
                                kdb_value_decimal(150, 2)};
    struct kdb_buf row = {0};
    int64_t seq = kdb_snowflake_first_of_ms(INT64_C(1714817000123)) + 5;
    assert_int_equal(kdb_row_encode(old, &test->ctx, values, seq, true, &row), KDB_OK);
    test->eval.row = kdb_buf_view(&row);
    test->eval.row_schema = test->eval.schema = old;
    const struct kdb_relation *relation = make_relation(arena, old);
    assert_slice_equal(column(test, relation, 0, KDB_TYPE(KDB_BIGINT)), "7");
    assert_slice_equal(column(test, relation, 1, KDB_TYPE(KDB_TEXT)), "x");
    assert_slice_equal(column(test, relation, 3, old_columns[3].type), "1.50");
    assert_slice_equal(column(test, relation, 5, KDB_TYPE(KDB_TIMESTAMP)),
                       "2024-05-04 10:03:20.123");
    assert_slice_equal(column(test, relation, 6, KDB_TYPE(KDB_BOOLEAN)), "true");
    test->eval.schema = new;
    relation = make_relation(arena, new);
    assert_slice_equal(column(test, relation, 0, KDB_TYPE(KDB_BIGINT)), "7");
    assert_slice_equal(column(test, relation, 1, KDB_TYPE(KDB_TEXT)), "12"); // changed its type
    assert_slice_equal(column(test, relation, 2, new_columns[2].type), "1.500");
    assert_slice_equal(column(test, relation, 3, KDB_TYPE(KDB_INT)), "42");
    kdb_slice number = kdb_arena_printf(arena, "%lld", (long long)seq);
    assert_slice_equal(column(test, relation, 4, KDB_TYPE(KDB_BIGINT)), number.data);
    kdb_buf_deinit(&row);
}

static struct kdb_expr *repeated(struct call_case *test, const char *text, int64_t count)
{
    return call_of(test, "repeat", call_text(test, text), call_int(test, count), NULL);
}

// Each of `count` characters is sought among as many others.
static struct kdb_expr *slow_call(struct call_case *test, int64_t count)
{
    return call_of(test, "translate", repeated(test, "é", count), repeated(test, "ü", count),
                   call_text(test, "x"));
}

static void long_texts_are_no_work_for_a_loop(void **state)
{
    struct call_case *test = *state;
    struct kdb_expr *expr = slow_call(test, 100000);
    kdb_value value;
    test->eval.must_not_wait = true;
    assert_int_equal(kdb_eval(expr, &test->eval, &value), KDB_ERR_BLOCKED);
    kdb_ctx_clear_error(&test->ctx);
    // Small ones are, until there are many of them.
    test->eval.work = 0;
    test->eval.work_next = 0;
    expr = slow_call(test, 10);
    kdb_status status = KDB_OK;
    size_t calls = 0;
    for (; status == KDB_OK; calls++)
        status = kdb_eval(expr, &test->eval, &value);
    assert_int_equal(status, KDB_ERR_BLOCKED);
    assert_true(calls > 1000);
}

// The deadline has passed, but for what counts its arguments alone the next look is far.
static void expect_timeout(struct call_case *test, const struct kdb_expr *expr)
{
    kdb_value value;
    test->ctx.deadline_ns = 1;
    test->eval.work = 0;
    test->eval.work_next = 4000000;
    assert_int_equal(kdb_eval(expr, &test->eval, &value), KDB_ERR_TIMEOUT);
    kdb_ctx_clear_error(&test->ctx);
}

static void long_texts_end_with_the_deadline(void **state)
{
    struct call_case *test = *state;
    struct kdb_expr *text = repeated(test, "a", 1000000);
    struct kdb_expr *part = repeated(test, "a", 500000);
    struct kdb_expr *pattern = call_of(test, "||", call_text(test, "%"), part, NULL);
    pattern = call_of(test, "||", pattern, call_text(test, "b"), NULL);
    expect_timeout(test, call_of(test, "~~", text, pattern, NULL));
    expect_timeout(test, call_of(test, "ltrim", text, part, NULL));
    expect_timeout(test, call_of(test, "rtrim", text, part, NULL));
    expect_timeout(test, slow_call(test, 100000));
}

static void scratch_has_a_limit(void **state)
{
    struct call_case *test = *state;
    struct kdb_arena scratch;
    kdb_value value;
    kdb_arena_init(&scratch, 1000000);
    test->eval.scratch = &scratch;
    struct kdb_expr *expr = repeated(test, "a", 400000);
    assert_int_equal(kdb_eval(expr, &test->eval, &value), KDB_OK);
    expr = call_of(test, "||", expr, expr, NULL);
    assert_int_equal(kdb_eval(expr, &test->eval, &value), KDB_ERR_LIMIT_EXCEEDED);
    kdb_arena_deinit(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(logic_has_three_values, setup, teardown),
        cmocka_unit_test_setup_teardown(logic_goes_from_left_to_right_and_stops, setup, teardown),
        cmocka_unit_test_setup_teardown(all_arguments_are_evaluated_before_null_decides, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(tests_are_never_null, setup, teardown),
        cmocka_unit_test_setup_teardown(distinct_and_nullif_compare_what_equals_compares, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(in_knows_null, setup, teardown),
        cmocka_unit_test_setup_teardown(choices_evaluate_what_they_choose, setup, teardown),
        cmocka_unit_test_setup_teardown(inputs_are_taken_by_their_index, setup, teardown),
        cmocka_unit_test_setup_teardown(casts_to_text_live_in_scratch, setup, teardown),
        cmocka_unit_test_setup_teardown(a_filter_is_true_only_for_true, setup, teardown),
        cmocka_unit_test_setup_teardown(columns_are_read_from_rows_of_any_version, setup, teardown),
        cmocka_unit_test_setup_teardown(long_texts_are_no_work_for_a_loop, setup, teardown),
        cmocka_unit_test_setup_teardown(long_texts_end_with_the_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(scratch_has_a_limit, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
