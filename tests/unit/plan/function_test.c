// SPDX-License-Identifier: Apache-2.0
// Resolution: which signature a call means, which casts it gets, and PostgreSQL's errors.
#include "plan/function.h"

#include "call_case.h"

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

// Resolves name(kinds…) with NULL constants; the result's kind, or -1.
static int resolve_kinds(struct call_case *test, const char *name, const kdb_kind *kinds,
                         size_t count, struct kdb_expr **ret_call)
{
    struct kdb_expr *args[4];
    call_reset(test);
    for (size_t i = 0; i < count; i++) {
        args[i] = call_null(test, kinds[i]);
        if (kinds[i] == KDB_DECIMAL)
            args[i]->type = (kdb_type){.kind = KDB_DECIMAL, .precision = 10, .scale = 2};
    }
    return call_resolve(test, name, args, count, ret_call) == KDB_OK ? (int)(*ret_call)->type.kind
                                                                     : -1;
}

#define KINDS(...)                                                                                 \
    ((const kdb_kind[]){__VA_ARGS__}), sizeof((kdb_kind[]){__VA_ARGS__}) / sizeof(kdb_kind)

static void results_have_postgresql_types(void **state)
{
    struct call_case *test = *state;
    struct kdb_expr *call = call_null(test, KDB_INT);
    assert_int_equal(resolve_kinds(test, "+", KINDS(KDB_SMALLINT, KDB_SMALLINT), &call),
                     KDB_SMALLINT);
    assert_int_equal(resolve_kinds(test, "+", KINDS(KDB_SMALLINT, KDB_INT), &call), KDB_INT);
    assert_int_equal(resolve_kinds(test, "*", KINDS(KDB_BIGINT, KDB_SMALLINT), &call), KDB_BIGINT);
    assert_int_equal(call->args[1]->kind, KDB_EXPR_CONST); // no cast: all integers are 64 bits
    assert_int_equal(resolve_kinds(test, "+", KINDS(KDB_FLOAT, KDB_FLOAT), &call), KDB_FLOAT);
    assert_int_equal(resolve_kinds(test, "+", KINDS(KDB_FLOAT, KDB_INT), &call), KDB_DOUBLE);
    assert_int_equal(resolve_kinds(test, "+", KINDS(KDB_DECIMAL, KDB_DOUBLE), &call), KDB_DOUBLE);
    assert_int_equal(resolve_kinds(test, "/", KINDS(KDB_DECIMAL, KDB_INT), &call), KDB_DOUBLE);
    assert_int_equal(resolve_kinds(test, "-", KINDS(KDB_DATE, KDB_DATE), &call), KDB_INT);
    assert_int_equal(resolve_kinds(test, "-", KINDS(KDB_TIMESTAMP, KDB_UNKNOWN), &call),
                     KDB_INTERVAL);
    assert_int_equal(resolve_kinds(test, "+", KINDS(KDB_TIMESTAMP, KDB_UNKNOWN), &call),
                     KDB_TIMESTAMP);
    assert_int_equal(call->args[1]->type.kind, KDB_INTERVAL);
    assert_int_equal(resolve_kinds(test, "round", KINDS(KDB_INT), &call), KDB_DOUBLE);
    assert_int_equal(resolve_kinds(test, "date_trunc", KINDS(KDB_UNKNOWN, KDB_DATE), &call),
                     KDB_DATETIME);
    assert_int_equal(resolve_kinds(test, "->", KINDS(KDB_TEXT, KDB_UNKNOWN), &call), KDB_JSON);
    assert_int_equal(resolve_kinds(test, "||", KINDS(KDB_UNKNOWN, KDB_UNKNOWN), &call), KDB_TEXT);
    assert_int_equal(resolve_kinds(test, "||", KINDS(KDB_INT, KDB_TEXT), &call), KDB_TEXT);
    assert_int_equal(call->args[0]->kind, KDB_EXPR_CAST);
    assert_int_equal(resolve_kinds(test, "=", KINDS(KDB_UNKNOWN, KDB_UNKNOWN), &call), KDB_BOOLEAN);
    assert_int_equal(call->args[0]->type.kind, KDB_TEXT);
}

static void decimals_have_the_scale_of_their_result(void **state)
{
    struct call_case *test = *state;
    static const struct {
        const char *name;
        const char *left, *right;
        uint8_t precision, scale;
    } rows[] = {
        {"+", "12.50", "1.125", 6, 3},  {"-", "1.5", "100", 5, 1},
        {"*", "1.50", "2.5", 5, 3},     {"%", "7.50", "2.125", 4, 3},
        {"round", "2.345", NULL, 4, 0}, {"ceil", "2.345", NULL, 4, 0},
        {"-", "2.345", NULL, 4, 3},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kdb_expr *right =
            rows[i].right ? call_literal(test, KDB_DECIMAL, kdb_slice_cstr(rows[i].right)) : NULL;
        struct kdb_expr *call =
            call_of(test, rows[i].name,
                    call_literal(test, KDB_DECIMAL, kdb_slice_cstr(rows[i].left)), right, NULL);
        assert_int_equal(call->type.precision, rows[i].precision);
        assert_int_equal(call->type.scale, rows[i].scale);
    }
    struct kdb_expr *call = call_of(
        test, "round", call_literal(test, KDB_DECIMAL, KDB_LIT("2.345")), call_int(test, 2), NULL);
    assert_int_equal(call->type.scale, 2);
    assert_slice_equal(call_value(test, call), "2.35");
    // The digits are known only with the row: there are not more than there were.
    struct kdb_expr *digits = call_node(test, KDB_EXPR_INPUT, KDB_TYPE(KDB_INT));
    call = call_of(test, "round", call_literal(test, KDB_DECIMAL, KDB_LIT("2.345")), digits, NULL);
    assert_int_equal(call->type.precision, 5);
    assert_int_equal(call->type.scale, 3);
}

// DuckDB would use 64 bits for a product of 20 digits.
static void narrow_decimals_are_widened_for_wide_results(void **state)
{
    struct call_case *test = *state;
    struct kdb_expr *number = call_literal(test, KDB_DECIMAL, KDB_LIT("1234567890.12"));
    struct kdb_expr *call = call_of(test, "*", number, number, NULL);
    assert_int_equal(call->args[0]->type.precision, 19);
    assert_int_equal(call->args[0]->type.scale, 2);
    assert_int_equal(call->args[1]->type.precision, 12);
    assert_slice_equal(call_value(test, call), "1524157875315348393.6144");
}

// PostgreSQL has no round(double precision, integer), but there avg() is no double.
static void averages_can_be_rounded(void **state)
{
    struct call_case *test = *state;
    static const struct {
        const char *name, *number;
        int64_t digits;
        const char *expected;
    } rows[] = {
        {"round", "0.725", 2, "0.73"},    {"round", "-2.5", 0, "-3"},
        {"round", "1250", -2, "1300"},    {"trunc", "-2.567", 1, "-2.5"},
        {"round", "1e300", 20, "1e+300"}, {"round", "5", -400, "0"},
        {"round", "NaN", -1, "NaN"},      {"trunc", "Infinity", -400, "Infinity"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kdb_expr *call = call_of(
            test, rows[i].name, call_literal(test, KDB_DOUBLE, kdb_slice_cstr(rows[i].number)),
            call_int(test, rows[i].digits), NULL);
        assert_int_equal(call->type.kind, KDB_DOUBLE);
        assert_slice_equal(call_value(test, call), rows[i].expected);
    }
    struct kdb_expr *call = call_null(test, KDB_INT);
    assert_int_equal(resolve_kinds(test, "round", KINDS(KDB_INT, KDB_INT), &call), KDB_DECIMAL);
    assert_int_equal(resolve_kinds(test, "round", KINDS(KDB_UNKNOWN, KDB_INT), &call), KDB_DECIMAL);
    assert_int_equal(resolve_kinds(test, "round", KINDS(KDB_FLOAT, KDB_INT), &call), KDB_DOUBLE);
}

static void what_does_not_exist_is_named_as_postgresql_names_it(void **state)
{
    struct call_case *test = *state;
    static const struct {
        const char *name;
        kdb_kind kinds[3];
        size_t count;
        const char *message;
    } rows[] = {
        {"lower", {KDB_INT}, 1, "function lower(integer) does not exist"},
        {"+", {KDB_TEXT, KDB_INT}, 2, "operator does not exist: text + integer"},
        {"-", {KDB_TEXT}, 1, "operator does not exist: - text"},
        {"+", {KDB_UNKNOWN, KDB_UNKNOWN}, 2, "operator is not unique: unknown + unknown"},
        {"=", {KDB_JSON, KDB_JSON}, 2, "operator does not exist: json = json"},
        {"=", {KDB_INT, KDB_TEXT}, 2, "operator does not exist: integer = text"},
        {"frobnicate", {KDB_INT, KDB_TEXT}, 2, "function frobnicate(integer, text) does not exist"},
        {"pi", {KDB_INT}, 1, "function pi(integer) does not exist"},
        {"row_number", {KDB_UNKNOWN}, 0, "window function row_number requires an OVER clause"},
        {"substr", {KDB_TEXT, KDB_BIGINT}, 2, "function substr(text, bigint) does not exist"},
        {"concat", {KDB_UNKNOWN}, 0, "function concat() does not exist"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kdb_expr *call = call_null(test, KDB_INT);
        assert_int_equal(resolve_kinds(test, rows[i].name, rows[i].kinds, rows[i].count, &call),
                         -1);
        assert_int_equal(test->ctx.error.status, KDB_ERR_INVALID_OPERATION);
        assert_string_equal(test->ctx.error.message, rows[i].message);
    }
}

static kdb_status resolve_over(struct call_case *test, const char *name, bool is_over,
                               struct kdb_expr **args, size_t count, kdb_type *ret_type)
{
    struct kdb_function_call call = {.name = kdb_slice_cstr(name),
                                     .kind = KDB_FUNCTION_AGGREGATE,
                                     .is_over = is_over,
                                     .args = args,
                                     .arg_count = count,
                                     .coerce = call_coerce,
                                     .self = test};
    const struct kdb_function *function;
    return kdb_function_resolve(&test->ctx, &call, &function, ret_type);
}

static void aggregates_and_windows_are_found_where_they_may_stand(void **state)
{
    struct call_case *test = *state;
    kdb_type type;
    struct kdb_expr *args[3];
    assert_true(kdb_function_is_aggregate(KDB_LIT("sum")));
    assert_false(kdb_function_is_aggregate(KDB_LIT("row_number")));
    assert_false(kdb_function_is_aggregate(KDB_LIT("lower")));
    assert_int_equal(resolve_over(test, "count", false, args, 0, &type), KDB_OK);
    assert_int_equal(type.kind, KDB_BIGINT);
    args[0] = call_literal(test, KDB_DECIMAL, KDB_LIT("1.50"));
    assert_int_equal(resolve_over(test, "sum", false, args, 1, &type), KDB_OK);
    assert_int_equal(type.precision, 38);
    assert_int_equal(type.scale, 2);
    assert_int_equal(resolve_over(test, "max", true, args, 1, &type), KDB_OK);
    assert_int_equal(type.precision, 3);
    args[0] = call_bool(test, true);
    assert_int_equal(resolve_over(test, "min", false, args, 1, &type), KDB_ERR_INVALID_OPERATION);
    assert_string_equal(test->ctx.error.message, "function min(boolean) does not exist");
    call_reset(test);
    assert_int_equal(resolve_over(test, "row_number", true, args, 0, &type), KDB_OK);
    assert_int_equal(resolve_over(test, "rank", false, args, 0, &type), KDB_ERR_INVALID_OPERATION);
    call_reset(test);
    args[0] = call_text(test, "x");
    assert_int_equal(resolve_over(test, "lower", true, args, 1, &type), KDB_ERR_INVALID_OPERATION);
    assert_string_equal(
        test->ctx.error.message,
        "OVER specified, but lower is not a window function nor an aggregate function");
}

static void arguments_of_any_kind_agree(void **state)
{
    struct call_case *test = *state;
    kdb_type type;
    struct kdb_expr *args[3] = {call_literal(test, KDB_DECIMAL, KDB_LIT("12.50")),
                                call_int(test, 1), call_int(test, 0)};
    assert_int_equal(resolve_over(test, "lag", true, args, 3, &type), KDB_OK);
    assert_int_equal(type.kind, KDB_DECIMAL);
    assert_int_equal(type.precision, 12); // ten digits before the point, for any integer
    assert_int_equal(type.scale, 2);
    assert_true(kdb_type_equal(args[0]->type, args[2]->type));
    struct kdb_expr *mixed[3] = {call_text(test, "x"), call_int(test, 1), call_int(test, 0)};
    assert_int_equal(resolve_over(test, "lag", true, mixed, 3, &type), KDB_ERR_INVALID_OPERATION);
    call_reset(test);
    struct kdb_expr *unknown[1] = {call_literal(test, KDB_UNKNOWN, KDB_LIT("x"))};
    assert_int_equal(resolve_over(test, "first_value", true, unknown, 1, &type), KDB_OK);
    assert_int_equal(type.kind, KDB_TEXT);
}

static void a_call_may_have_so_many_arguments(void **state)
{
    struct call_case *test = *state;
    struct kdb_expr *args[KDB_FUNCTION_ARGS_TOTAL + 1];
    struct kdb_expr *call = call_null(test, KDB_INT);
    for (size_t i = 0; i <= KDB_FUNCTION_ARGS_TOTAL; i++)
        args[i] = call_text(test, "ab");
    assert_int_equal(call_resolve(test, "concat", args, KDB_FUNCTION_ARGS_TOTAL, &call), KDB_OK);
    assert_int_equal(call_value(test, call).len, 2 * KDB_FUNCTION_ARGS_TOTAL);
    assert_int_equal(call_resolve(test, "concat", args, KDB_FUNCTION_ARGS_TOTAL + 1, &call),
                     KDB_ERR_LIMIT_EXCEEDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(results_have_postgresql_types, setup, teardown),
        cmocka_unit_test_setup_teardown(decimals_have_the_scale_of_their_result, setup, teardown),
        cmocka_unit_test_setup_teardown(narrow_decimals_are_widened_for_wide_results, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(averages_can_be_rounded, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_exist_is_named_as_postgresql_names_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(aggregates_and_windows_are_found_where_they_may_stand,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(arguments_of_any_kind_agree, setup, teardown),
        cmocka_unit_test_setup_teardown(a_call_may_have_so_many_arguments, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
