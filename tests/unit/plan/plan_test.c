// SPDX-License-Identifier: Apache-2.0
// Plans as wholes: the values of their inputs, limits, references, what they depend on.
#include "unit/plan/bind_case.h"

#include "types/cast.h"

static const struct kdb_param null_param = {'0', {.kind = KDB_UNKNOWN, .is_null = true}};

static struct kdb_param text_param(const char *text)
{
    return (struct kdb_param){'s', kdb_value_bytes(KDB_UNKNOWN, kdb_slice_cstr(text))};
}

static struct kdb_param int_param(int64_t value)
{
    bool is_int = value >= INT32_MIN && value <= INT32_MAX;
    return (struct kdb_param){is_int ? 'i' : 'I',
                              kdb_value_int(is_int ? KDB_INT : KDB_BIGINT, value)};
}

static struct kdb_param double_param(double value)
{
    return (struct kdb_param){'d', kdb_value_double(value)};
}

static struct kdb_param bool_param(bool value)
{
    return (struct kdb_param){'b', kdb_value_bool(value)};
}

// The inputs of `again` (which has the shape of `sql`) for the plan made from `sql`: "value:TYPE;
// …", or the error.
static void dump_inputs(const char *sql, const char *again, const struct kdb_param *params,
                        size_t param_count, struct kdb_buf *out)
{
    bind_test.request.params = params;
    bind_test.request.param_count = param_count;
    struct kdb_plan *plan = bind_plan(sql);
    const struct kdb_scanned *scanned = bind_scan(again);
    if (!kdb_slice_equal(scanned->key, plan->scanned.key))
        fail_msg("%s\n has not the shape of %s", again, sql);
    const kdb_value *inputs;
    if (kdb_plan_inputs(plan, &bind_test.ctx, scanned, params, param_count, &inputs) != KDB_OK) {
        kdb_buf_printf(out, "%s", bind_test.ctx.error.message);
    } else {
        for (size_t i = 0; i < plan->input_count; i++) {
            const struct kdb_input *input = &plan->inputs[i];
            assert_int_equal(inputs[i].kind, input->type.kind);
            if (input->type.kind == KDB_DECIMAL && input->type.precision > 0)
                assert_true(inputs[i].is_null || inputs[i].scale == input->type.scale);
        }
        const kdb_value *last = &inputs[plan->input_count - 1];
        if (last->is_null)
            KDB_BUF_LIT(out, "NULL");
        else
            kdb_value_print(last, out);
        kdb_buf_printf(out, ":%s", kdb_kind_name((kdb_kind)last->kind));
    }
    kdb_plan_unref(plan);
    bind_test.request.params = NULL;
    bind_test.request.param_count = 0;
}

static void test_literals_as_inputs(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        const char *again;
        const char *expected;
    } cases[] = {
        {"SELECT id FROM t WHERE id = 5", "SELECT id FROM t WHERE id = 7", "7:integer"},
        {"SELECT id FROM t WHERE id = -5", "SELECT id FROM t WHERE id = -7", "-7:integer"},
        {"SELECT id FROM t WHERE id = - 5", "SELECT id FROM t WHERE id = - 7", "-7:integer"},
        {"SELECT id FROM t WHERE id = 3000000000", "SELECT id FROM t WHERE id = 4000000000",
         "4000000000:bigint"},
        {"SELECT id FROM t WHERE id = 9223372036854775807",
         "SELECT id FROM t WHERE id = 9223372036854775806", "9223372036854775806:bigint"},
        {"SELECT id FROM t WHERE id = -9223372036854775807",
         "SELECT id FROM t WHERE id = -9223372036854775806", "-9223372036854775806:bigint"},
        {"SELECT id FROM t WHERE n = 1.50", "SELECT id FROM t WHERE n = 2.75", "2.75:numeric"},
        {"SELECT id FROM t WHERE n = -1.50", "SELECT id FROM t WHERE n = -2.75", "-2.75:numeric"},
        {"SELECT id FROM t WHERE n = 1", "SELECT id FROM t WHERE n = 12", "12:numeric"},
        {"SELECT id FROM t WHERE f = 1.5", "SELECT id FROM t WHERE f = 2.5",
         "2.5:double precision"},
        {"SELECT id FROM t WHERE f = 1", "SELECT id FROM t WHERE f = 2", "2:double precision"},
        {"SELECT id FROM t WHERE f = 1e300", "SELECT id FROM t WHERE f = 2e300",
         "2e+300:double precision"},
        {"SELECT id FROM t WHERE b = 'x'", "SELECT id FROM t WHERE b = 'it''s'", "it's:text"},
        {"SELECT id FROM t WHERE id = '5'", "SELECT id FROM t WHERE id = '-9'", "-9:bigint"},
        {"SELECT id FROM t WHERE id = '5'", "SELECT id FROM t WHERE id = 'x'",
         "invalid input syntax for type bigint: \"x\""},
        {"SELECT id FROM t WHERE d = '2020-01-01'", "SELECT id FROM t WHERE d = '2021-02-03'",
         "2021-02-03:date"},
        {"SELECT id FROM t WHERE d = '2020-01-01'", "SELECT id FROM t WHERE d = '2021-02-30'",
         "date/time field value out of range: \"2021-02-30\""},
        {"SELECT id FROM t WHERE ok = 't'", "SELECT id FROM t WHERE ok = 'no'", "false:boolean"},
        {"INSERT INTO words (n) VALUES (1.25)", "INSERT INTO words (n) VALUES (9.75)",
         "9.750:numeric"},
        {"INSERT INTO words (n) VALUES (1234)", "INSERT INTO words (n) VALUES (9999)",
         "column \"n\": numeric field overflow: a field with precision 6, scale 3 must round to an "
         "absolute value less than 10^3"},
        {"INSERT INTO other.t (id) VALUES (-1)", "INSERT INTO other.t (id) VALUES (-2)",
         "-2:integer"},
        {"INSERT INTO other.t (id) VALUES ('1')", "INSERT INTO other.t (id) VALUES ('x')",
         "column \"id\": invalid input syntax for type integer: \"x\""},
        {"INSERT INTO other.t (id) VALUES (3000000000)",
         "INSERT INTO other.t (id) VALUES (3000000001)", "column \"id\": integer out of range"},
        {"INSERT INTO t (s) VALUES (1)", "INSERT INTO t (s) VALUES (40000)",
         "column \"s\": smallint out of range"},
        {"INSERT INTO t (a) VALUES (1.5)", "INSERT INTO t (a) VALUES (2.5)", "3:integer"},
        {"INSERT INTO t (b) VALUES (-1)", "INSERT INTO t (b) VALUES (-5)", "-5:text"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_buf text = {0};
        dump_inputs(cases[i].sql, cases[i].again, NULL, 0, &text);
        bind_compare(cases[i].again, cases[i].expected, &text);
    }
}

static void test_parameters_as_inputs(void **state)
{
    (void)state;
    const struct {
        const char *sql;
        struct kdb_param param;
        const char *expected;
    } cases[] = {
        {"SELECT id FROM t WHERE id = $1", int_param(5), "5:integer"},
        {"SELECT id FROM t WHERE id = $1", int_param(INT64_MIN), "-9223372036854775808:bigint"},
        {"SELECT id FROM t WHERE id = $1", text_param("5"), "5:bigint"},
        {"SELECT id FROM t WHERE id = $1", text_param(" 5 "), "5:bigint"},
        {"SELECT id FROM t WHERE id = $1", text_param("x"),
         "invalid input syntax for type bigint: \"x\""},
        {"SELECT id FROM t WHERE id = $1", null_param, "NULL:bigint"},
        {"SELECT id FROM t WHERE id = $1", double_param(5), "5:double precision"},
        {"SELECT id FROM t WHERE n = $1", int_param(5), "5:numeric"},
        {"SELECT id FROM t WHERE n = $1", double_param(0.5), "0.5:double precision"},
        {"SELECT id FROM t WHERE n = $1", text_param("0.50"), "0.50:numeric"},
        {"SELECT id FROM t WHERE b = $1", text_param("ü"), "ü:text"},
        {"SELECT id FROM t WHERE ok = $1", bool_param(true), "true:boolean"},
        {"SELECT id FROM t WHERE ts > $1", text_param("2020-01-01"),
         "2020-01-01 00:00:00:timestamp without time zone"},
        {"SELECT $1", int_param(5), "5:bigint"},
        {"SELECT $1", text_param("x"), "x:text"},
        {"SELECT $1", null_param, "NULL:text"},
        {"SELECT $1", double_param(0.1), "0.1:double precision"},
        {"SELECT $1::text", int_param(5), "5:integer"}, // a cast is behind it
        {"INSERT INTO words (word) VALUES ($1)", int_param(5), "5:text"},
        {"INSERT INTO words (word) VALUES ($1)", bool_param(false), "false:text"},
        {"INSERT INTO words (n) VALUES ($1)", double_param(1.2345), "1.235:numeric"},
        {"INSERT INTO words (n) VALUES ($1)", text_param("1.5"), "1.500:numeric"},
        {"INSERT INTO words (n) VALUES ($1)", null_param, "NULL:numeric"},
        {"INSERT INTO words (n) VALUES ($1)", text_param("abc"),
         "column \"n\": invalid input syntax for type numeric: \"abc\""},
        {"INSERT INTO t (ts) VALUES ($1)", int_param(1000000),
         "1970-01-01 00:00:01:timestamp without time zone"},
        {"INSERT INTO t (d) VALUES ($1)", text_param("2020-02-30"),
         "column \"d\": date/time field value out of range: \"2020-02-30\""},
        {"INSERT INTO t (ok) VALUES ($1)", text_param("yes"), "true:boolean"},
        {"INSERT INTO t (j) VALUES ($1)", text_param("{\"a\":1}"), "{\"a\":1}:json"},
        {"SELECT 1 LIMIT $1", int_param(5), "5:bigint"},
        {"SELECT 1 LIMIT $1", text_param("7"), "7:bigint"},
        {"SELECT 1 LIMIT $1", null_param, "NULL:bigint"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_buf text = {0};
        dump_inputs(cases[i].sql, cases[i].sql, &cases[i].param, 1, &text);
        bind_compare(cases[i].sql, cases[i].expected, &text);
    }
}

static void test_parameters_that_do_not_fit(void **state)
{
    (void)state;
    const struct kdb_param params[] = {bool_param(true), int_param(1), double_param(0.5)};
    bind_test.request.params = params;
    bind_test.request.param_count = 3;
    bind_refused("SELECT 1 FROM t WHERE a = $1", KDB_ERR_INVALID_OPERATION,
                 "operator does not exist: integer = boolean", 25);
    bind_refused("INSERT INTO t (ok) VALUES ($2)", KDB_ERR_TYPE_MISMATCH,
                 "column \"ok\" is of type boolean but expression is of type integer", 28);
    bind_refused("INSERT INTO t (d) VALUES ($3)", KDB_ERR_TYPE_MISMATCH,
                 "column \"d\" is of type date but expression is of type double precision", 27);
    bind_refused("SELECT $4", KDB_ERR_INVALID_PARAMETER,
                 "parameter $4 is not given: the request has 3 parameter(s)", 8);
    bind_test.request.params = NULL;
    bind_test.request.param_count = 0;
}

// Plans that were made for some constants serve others only where nothing depends on them.
static void test_plans_fit_statements_of_their_shape(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        const char *again;
        bool fits;
    } cases[] = {
        {"SELECT a FROM t WHERE id = 1", "SELECT a FROM t WHERE id = 2", true},
        {"SELECT a, b FROM t ORDER BY 1", "SELECT a, b FROM t ORDER BY 2", false},
        {"SELECT a, b FROM t ORDER BY 1", "select a,b from t order by 1", true},
        {"SELECT a, 5 FROM t ORDER BY 1", "SELECT a, 6 FROM t ORDER BY 1", true},
        {"SELECT a FROM t GROUP BY 1", "SELECT a FROM t GROUP BY 2", false},
        {"SELECT a + 1 FROM t GROUP BY a + 1", "SELECT a + 2 FROM t GROUP BY a + 2", false},
        {"SELECT a + 1 FROM t GROUP BY a + 1", "SELECT a + 1 FROM t GROUP BY a + 2", false},
        {"SELECT a FROM t GROUP BY a HAVING a > 1", "SELECT a FROM t GROUP BY a HAVING a > 2",
         true},
        {"SELECT round(n, 1) FROM t", "SELECT round(n, 2) FROM t", false},
        {"SELECT round(n, 1) FROM t WHERE a = 1", "SELECT round(n, 1) FROM t WHERE a = 2", true},
        {"SELECT '1.50'::numeric", "SELECT '2.75'::numeric", false},
        {"SELECT INTERVAL '3' DAY", "SELECT INTERVAL '4' DAY", false},
        {"SELECT b::varchar(5) FROM t", "SELECT b::varchar(6) FROM t", false},
        {"SELECT n::numeric(5,1) FROM t", "SELECT n::numeric(5,2) FROM t", false},
        {"SELECT DISTINCT a + 1 FROM t ORDER BY a + 1",
         "SELECT DISTINCT a + 1 FROM t ORDER BY a + 2", false},
        {"SELECT DISTINCT ON (1) a FROM t", "SELECT DISTINCT ON (2) a FROM t", false},
        {"EXECUTE AS USER 'ann' (SELECT 1)", "EXECUTE AS USER 'bob' (SELECT 1)", false},
        {"EXECUTE AS USER 'ann' (SELECT 1)", "EXECUTE AS USER 'ann' (SELECT 2)", true},
        {"SELECT a FROM t LIMIT 1", "SELECT a FROM t LIMIT 2", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_plan *plan = bind_plan(cases[i].sql);
        const struct kdb_scanned *again = bind_scan(cases[i].again);
        if (!kdb_slice_equal(again->key, plan->scanned.key))
            fail_msg("%s\n has not the shape of %s", cases[i].again, cases[i].sql);
        if (kdb_plan_fits(plan, again) != cases[i].fits)
            fail_msg("%s\n and %s", cases[i].sql, cases[i].again);
        kdb_plan_unref(plan);
    }
}

static void test_limits(void **state)
{
    (void)state;
    const struct kdb_plan_request request = bind_test.request;
    bind_test.request.terms_max = 5;
    kdb_plan_unref(bind_plan("SELECT 1 FROM t WHERE a IN (1, 2, 3, 4, 5)"));
    bind_refused("SELECT 1 FROM t WHERE a IN (1, 2, 3, 4, 5, 6)", KDB_ERR_LIMIT_EXCEEDED,
                 "the statement has more than 5 operands of AND, OR and IN (limits.row_terms)", 0);
    bind_refused("SELECT 1 FROM t WHERE a = 1 OR a = 2 OR a = 3 OR (ok AND ok)",
                 KDB_ERR_LIMIT_EXCEEDED,
                 "the statement has more than 5 operands of AND, OR and IN (limits.row_terms)", 0);
    bind_test.request = request;
    bind_test.request.depth_max = 10;
    kdb_plan_unref(bind_plan("SELECT ((((((a + 1) + 1) + 1) + 1) + 1) + 1) FROM t"));
    struct kdb_plan *plan;
    bind_test.request.scanned =
        bind_scan("SELECT a + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 FROM t");
    assert_int_equal(kdb_plan_make(&bind_test.request, &bind_test.ctx, &plan),
                     KDB_ERR_LIMIT_EXCEEDED);
    bind_test.request.scanned = bind_scan("SELECT (SELECT (SELECT (SELECT (SELECT (SELECT 1)))))");
    assert_int_equal(kdb_plan_make(&bind_test.request, &bind_test.ctx, &plan),
                     KDB_ERR_LIMIT_EXCEEDED);
    bind_test.request = request;
}

// What grows with the depth of nesting is bounded by memory, not by the binder's time.
static void test_nested_forms_that_multiply(void **state)
{
    (void)state;
    struct kdb_buf sql = {0};
    KDB_BUF_LIT(&sql, "SELECT ");
    for (int i = 0; i < 40; i++)
        KDB_BUF_LIT(&sql, "(CASE ");
    KDB_BUF_LIT(&sql, "1");
    for (int i = 0; i < 40; i++)
        KDB_BUF_LIT(&sql, " WHEN 1 THEN 1 WHEN 2 THEN 2 END)");
    kdb_buf_put(&sql, '\0');
    struct kdb_plan *plan;
    bind_test.request.scanned = bind_scan(sql.data);
    assert_int_equal(kdb_plan_make(&bind_test.request, &bind_test.ctx, &plan),
                     KDB_ERR_LIMIT_EXCEEDED);
    kdb_buf_deinit(&sql);
}

static void test_stale_when_a_table_changed(void **state)
{
    (void)state;
    const struct bind_column columns[] = {{"k", KDB_TYPE(KDB_INT), true}};
    bind_put_table(50, "app", "passing", columns, 1);
    struct kdb_plan *plan = bind_plan("SELECT 1 FROM t, passing, t t2, (SELECT 1 FROM passing) q");
    struct kdb_plan *other = bind_plan("SELECT 1 FROM t");
    assert_int_equal(plan->table_count, 2); // each table once
    assert_false(kdb_plan_is_stale(plan));
    bind_put_table(50, "app", "passing", columns, 1);
    assert_true(kdb_plan_is_stale(plan));
    assert_false(kdb_plan_is_stale(other));
    // What it was made of is still there.
    struct kdb_buf text = {0};
    test_dump_outputs(plan, &text);
    kdb_buf_deinit(&text);
    struct kdb_plan *again = kdb_plan_ref(plan);
    kdb_plan_unref(plan);
    assert_true(kdb_plan_is_stale(again));
    kdb_plan_unref(again);
    kdb_plan_unref(other);
    kdb_plan_unref(NULL);
}

static void test_system_tables_are_for_admins(void **state)
{
    (void)state;
    static const char message[] = "Access denied: role 'user' may not read system.users. System "
                                  "tables require 'dba' or 'system' role";
    static const struct bind_refusal refusals[] = {
        {"SELECT * FROM system.users", message, 15},
        {"SELECT 1 FROM t WHERE a IN (SELECT 1 FROM system.users)", message, 43},
        {"WITH x AS (SELECT * FROM system.users) SELECT 1", message, 26},
        {"SELECT 1 UNION SELECT 1 FROM system.users", message, 30},
        {"EXPLAIN SELECT * FROM system.users", message, 23},
        {"EXECUTE AS USER 'ann' (SELECT * FROM system.users)", message, 38},
        {"INSERT INTO words SELECT user_id FROM system.users", message, 39},
    };
    BIND_REFUSALS(refusals);
    bind_refused("SELECT * FROM system.users", KDB_ERR_PERMISSION_DENIED, message, 15);
    bind_test.request.role = KDB_ROLE_DBA;
    kdb_plan_unref(bind_plan("SELECT user_id FROM system.users"));
    bind_refused("DELETE FROM system.users WHERE true", KDB_ERR_PERMISSION_DENIED,
                 "access denied: table system.users cannot be written", 13);
    bind_test.request.role = KDB_ROLE_USER;
    kdb_plan_unref(bind_plan("SELECT table_name FROM information_schema.tables"));
}

static void test_secrets_are_masked_by_name(void **state)
{
    (void)state;
    static const char sql[] = "SELECT b AS password_hash, b AS credentials, b FROM t";
    struct kdb_plan *plan = bind_plan(sql);
    assert_true(plan->outputs[0].is_masked && plan->outputs[1].is_masked);
    assert_false(plan->outputs[2].is_masked);
    kdb_plan_unref(plan);
    bind_test.request.role = KDB_ROLE_SYSTEM;
    plan = bind_plan(sql);
    assert_false(plan->outputs[0].is_masked);
    kdb_plan_unref(plan);
    bind_test.request.role = KDB_ROLE_USER;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_literals_as_inputs),
    cmocka_unit_test(test_parameters_as_inputs),
    cmocka_unit_test(test_parameters_that_do_not_fit),
    cmocka_unit_test(test_plans_fit_statements_of_their_shape),
    cmocka_unit_test(test_limits),
    cmocka_unit_test(test_nested_forms_that_multiply),
    cmocka_unit_test(test_stale_when_a_table_changed),
    cmocka_unit_test(test_system_tables_are_for_admins),
    cmocka_unit_test(test_secrets_are_masked_by_name),
};

BIND_MAIN(tests)
