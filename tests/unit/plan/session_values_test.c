// SPDX-License-Identifier: Apache-2.0
// Functions of the session and the clock, and new identifiers.
#include "call_case.h"
#include "types/uuid_text.h"

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

static void the_session_is_the_eval_s(void **state)
{
    struct call_case *test = *state;
    static const char *const rows[][2] = {
        {"current_user", "u1"},           {"current_user_id", "u1"},
        {"session_user", "u1"},           {"user", "u1"},
        {"current_role", "user"},         {"now", "2024-05-04 10:03:20.123456"},
        {"current_date", "2024-05-04"},   {"current_timestamp", "2024-05-04 10:03:20.123456"},
        {"localtime", "10:03:20.123456"}, {"localtimestamp", "2024-05-04 10:03:20.123456"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kdb_expr *call = call_of(test, rows[i][0], NULL, NULL, NULL);
        assert_false(call->is_volatile);
        assert_string_equal(call->function->engine, "$V");
        assert_slice_equal(call_value(test, call), rows[i][1]);
    }
    struct kdb_expr *birth = call_literal(test, KDB_TIMESTAMP, KDB_LIT("2000-01-01 12:00:00"));
    assert_slice_equal(call_value(test, call_of(test, "age", birth, NULL, NULL)),
                       "24 years 4 mons 2 days 12:00:00");
}

static void identifiers_are_new_at_each_call(void **state)
{
    struct call_case *test = *state;
    static const char *const names[] = {"snowflake_id",    "uuid_v7", "ulid",
                                        "gen_random_uuid", "random",  "clock_timestamp"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct kdb_expr *call = call_of(test, names[i], NULL, NULL, NULL);
        assert_true(call->is_volatile);
        kdb_value first;
        kdb_value second;
        assert_int_equal(kdb_eval(call, &test->eval, &first), KDB_OK);
        assert_int_equal(kdb_eval(call, &test->eval, &second), KDB_OK);
        int order = kdb_value_compare(&first, &second);
        if (strcmp(names[i], "clock_timestamp") == 0)
            assert_true(order <= 0);
        else
            assert_int_not_equal(order, 0);
        if (i < 3)
            assert_true(order < 0); // they grow
    }
}

static void identifiers_have_their_form(void **state)
{
    struct call_case *test = *state;
    uint8_t uuid[16];
    kdb_slice text = call_value(test, call_of(test, "uuid_v7", NULL, NULL, NULL));
    assert_true(kdb_uuid_parse(text, uuid));
    assert_int_equal(uuid[6] >> 4, 7);
    text = call_value(test, call_of(test, "gen_random_uuid", NULL, NULL, NULL));
    assert_true(kdb_uuid_parse(text, uuid));
    assert_int_equal(uuid[6] >> 4, 4);
    assert_int_equal(uuid[8] >> 6, 2);
    assert_int_equal(call_value(test, call_of(test, "ulid", NULL, NULL, NULL)).len, KDB_ULID_TEXT);
    for (int i = 0; i < 1000; i++) {
        kdb_value number;
        assert_int_equal(kdb_eval(call_of(test, "random", NULL, NULL, NULL), &test->eval, &number),
                         KDB_OK);
        assert_true(number.real >= 0 && number.real < 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_session_is_the_eval_s, setup, teardown),
        cmocka_unit_test_setup_teardown(identifiers_are_new_at_each_call, setup, teardown),
        cmocka_unit_test_setup_teardown(identifiers_have_their_form, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
