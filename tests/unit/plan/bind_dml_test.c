// SPDX-License-Identifier: Apache-2.0
// What INSERT, UPDATE and DELETE are refused with.
#include "unit/plan/bind_case.h"

// The values of INSERT … VALUES as bound, one row per line.
static void test_values_take_the_types_of_their_columns(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"INSERT INTO words VALUES ('x', 1)", "#0:TEXT #1:DECIMAL(6,3) /"},
        {"INSERT INTO words VALUES ('x', 1), ('y', DEFAULT), (NULL, -1.5)",
         "#0:TEXT #1:DECIMAL(6,3) /#2:TEXT () /null:TEXT #-3:DECIMAL(6,3) /"},
        {"INSERT INTO words (n) VALUES ('1.5')", "- #0:DECIMAL(6,3) /"},
        {"INSERT INTO words (n, word) VALUES (1, 5)", "#1:TEXT #0:DECIMAL(6,3) /"},
        {"INSERT INTO words VALUES ('x')", "#0:TEXT - /"},
        {"INSERT INTO words DEFAULT VALUES", "- - /"},
        {"INSERT INTO words (n) VALUES (2.567::numeric(3,1))",
         "- (cast #0:DECIMAL(3,1)):DECIMAL(6,3) /"},
        {"INSERT INTO words (word) VALUES (lower('X') || 'y')",
         "(|| (lower #0:TEXT):TEXT #1:TEXT):TEXT - /"},
        {"INSERT INTO words (word) VALUES ('2020-01-01 10:00'::date)", "(cast #0:DATE):TEXT - /"},
        {"INSERT INTO other.t VALUES ('7', 5), (3000000000, NULL)",
         "#0:INT #1:TEXT /#2:INT null:TEXT /"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_plan *plan = bind_plan(cases[i].sql);
        struct kdb_buf text = {0};
        for (size_t row = 0; row < plan->insert->row_count; row++) {
            for (uint32_t c = 0; c < plan->insert->table->schema->column_count; c++) {
                int source = plan->insert->source_of[c];
                if (source < 0) {
                    kdb_buf_put(&text, '-');
                } else {
                    test_dump_bound(plan, plan->insert->rows[row][source], &text);
                }
                kdb_buf_put(&text, ' ');
            }
            kdb_buf_put(&text, '/');
        }
        kdb_plan_unref(plan);
        bind_compare(cases[i].sql, cases[i].expected, &text);
    }
}

// The new values of UPDATE.
static void test_assignments_take_the_types_of_their_columns(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"UPDATE t SET a = a + 1 WHERE true", "a = (+ t.a:INT #0:INT):INT; "},
        {"UPDATE t SET s = 1, n = 5, f = 1, d = '2020-01-01' WHERE true",
         "s = #0:SMALLINT; n = #1:DECIMAL(10,2); f = #2:DOUBLE; d = #3:DATE; "},
        {"UPDATE t SET a = id, b = a WHERE true",
         "a = (cast t.id:BIGINT):INT; b = (cast t.a:INT):TEXT; "},
        {"UPDATE t SET a = DEFAULT, b = NULL WHERE true", "a = (); b = null:TEXT; "},
        {"UPDATE t SET a = -5, n = -1.5 WHERE true", "a = #-0:INT; n = #-1:DECIMAL(10,2); "},
        {"UPDATE t SET n = 2.567::numeric(3,1) WHERE true",
         "n = (cast #0:DECIMAL(3,1)):DECIMAL(10,2); "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_plan *plan = bind_plan(cases[i].sql);
        struct kdb_buf text = {0};
        for (size_t j = 0; j < plan->update->assignment_count; j++) {
            const struct kdb_column *column =
                &plan->update->table->schema->columns[plan->update->columns[j]];
            kdb_buf_printf(&text, "%.*s = ", KDB_ARG(column->name));
            test_dump_bound(plan, plan->update->values[j], &text);
            KDB_BUF_LIT(&text, "; ");
        }
        kdb_plan_unref(plan);
        bind_compare(cases[i].sql, cases[i].expected, &text);
    }
}

static void test_inserts(void **state)
{
    (void)state;
    static const struct bind_refusal refusals[] = {
        {"INSERT INTO t (nope) VALUES (1)", "column \"nope\" of relation \"t\" does not exist", 13},
        {"INSERT INTO t (id, id) VALUES (1, 2)", "column \"id\" specified more than once", 0},
        {"INSERT INTO t (_seq) VALUES (1)",
         "column \"_seq\" cannot be written: names that begin with _ belong to the system", 13},
        {"INSERT INTO t (_mine) VALUES (1)",
         "column \"_mine\" cannot be written: names that begin with _ belong to the system", 13},
        {"INSERT INTO words VALUES (1, 2, 3)", "INSERT has more expressions than target columns",
         0},
        {"INSERT INTO words (word, n) VALUES ('x')",
         "INSERT has more target columns than expressions", 0},
        {"INSERT INTO words (word) VALUES ('x', 1)",
         "INSERT has more expressions than target columns", 0},
        {"INSERT INTO words VALUES ('x', 1), ('y')", "VALUES lists must all be the same length", 0},
        {"INSERT INTO words (n) VALUES ('x'::text)",
         "column \"n\" is of type numeric but expression is of type text", 31},
        {"INSERT INTO t (id, d) VALUES (1, 5)",
         "column \"d\" is of type date but expression is of type integer", 34},
        {"INSERT INTO t (id, ok) VALUES (1, 5)",
         "column \"ok\" is of type boolean but expression is of type integer", 35},
        {"INSERT INTO words (n) VALUES ((SELECT 1)), (DEFAULT)",
         "DEFAULT outside VALUES and SET: not supported", 45},
        {"INSERT INTO words (word) VALUES (word)", "column \"word\" does not exist", 34},
        {"INSERT INTO nowhere VALUES (1)", "table app.nowhere does not exist", 13},
        {"INSERT INTO words SELECT 'x', 1, 2", "INSERT has more expressions than target columns",
         0},
        {"INSERT INTO words (word, n) SELECT 'x'",
         "INSERT has more target columns than expressions", 0},
        {"INSERT INTO words (n) SELECT b FROM t",
         "column \"n\" is of type numeric but expression is of type text", 0},
        {"INSERT INTO words VALUES ('x', 1) RETURNING word", "RETURNING: not supported", 13},
        {"INSERT INTO words VALUES ('x', 1) ON CONFLICT DO NOTHING", "ON CONFLICT: not supported",
         13},
        {"WITH x AS (SELECT 1) INSERT INTO words VALUES ('x', 1)",
         "WITH before INSERT: not supported", 34},
        {"INSERT INTO words (n) VALUES (DEFAULT + 1)",
         "DEFAULT outside VALUES and SET: not supported", 31},
        {"INSERT INTO words (word) VALUES (sum(1))",
         "aggregate functions are not allowed in VALUES", 34},
    };
    BIND_REFUSALS(refusals);
}

// A subquery among the values makes the rows a query's.
static void test_values_with_a_subquery(void **state)
{
    (void)state;
    struct kdb_plan *plan =
        bind_plan("INSERT INTO words (n, word) VALUES (1, 'x'), ((SELECT 2), 'y')");
    assert_int_equal(plan->insert->row_count, 0);
    assert_null(plan->insert->rows);
    assert_non_null(plan->query);
    assert_int_equal(plan->query->value_row_count, 2);
    assert_int_equal(plan->insert->source_of[0], 1);
    assert_int_equal(plan->insert->source_of[1], 0);
    assert_int_equal(plan->path, KDB_PATH_ENGINE);
    kdb_plan_unref(plan);
}

static void test_updates(void **state)
{
    (void)state;
    static const struct bind_refusal refusals[] = {
        {"UPDATE t SET a = 1", "UPDATE needs a WHERE clause (write WHERE TRUE to mean every row)",
         8},
        {"UPDATE t SET id = 1 WHERE true", "the primary key column \"id\" cannot be updated", 14},
        {"UPDATE t SET nope = 1 WHERE true", "column \"nope\" of relation \"t\" does not exist",
         14},
        {"UPDATE t SET _deleted = true WHERE true",
         "column \"_deleted\" cannot be written: names that begin with _ belong to the system", 14},
        {"UPDATE t SET a = 1, a = 2 WHERE true", "multiple assignments to same column \"a\"", 0},
        {"UPDATE t SET a = b WHERE true",
         "column \"a\" is of type integer but expression is of type text", 18},
        {"UPDATE t SET a = 'x'::text WHERE true",
         "column \"a\" is of type integer but expression is of type text", 18},
        {"UPDATE t SET ok = 1 WHERE true",
         "column \"ok\" is of type boolean but expression is of type integer", 19},
        {"UPDATE t SET a = 1 WHERE a", "argument of WHERE must be type boolean, not type integer",
         26},
        {"UPDATE t SET a = 1 WHERE nope = 1", "column \"nope\" does not exist", 26},
        {"UPDATE t SET a = nope WHERE true", "column \"nope\" does not exist", 18},
        {"UPDATE t x SET a = t.b WHERE true", "missing FROM-clause entry for table \"t\"", 20},
        {"UPDATE t SET a = 1 FROM u WHERE true", "UPDATE … FROM: not supported", 8},
        {"UPDATE t SET a = 1 WHERE true RETURNING a", "RETURNING: not supported", 8},
        {"WITH x AS (SELECT 1) UPDATE t SET a = 1 WHERE true", "WITH before UPDATE: not supported",
         29},
        {"UPDATE nowhere SET a = 1 WHERE true", "table app.nowhere does not exist", 8},
        {"UPDATE t SET a = (SELECT a, b FROM t) WHERE true", "subquery must return only one column",
         18},
    };
    BIND_REFUSALS(refusals);
}

static void test_deletes(void **state)
{
    (void)state;
    static const struct bind_refusal refusals[] = {
        {"DELETE FROM t", "DELETE needs a WHERE clause (write WHERE TRUE to mean every row)", 13},
        {"DELETE FROM t WHERE nope", "column \"nope\" does not exist", 21},
        {"DELETE FROM t WHERE a", "argument of WHERE must be type boolean, not type integer", 21},
        {"DELETE FROM t USING u WHERE true", "DELETE … USING: not supported", 13},
        {"DELETE FROM t WHERE true RETURNING a", "RETURNING: not supported", 13},
        {"WITH x AS (SELECT 1) DELETE FROM t WHERE true", "WITH before DELETE: not supported", 34},
        {"DELETE FROM nowhere WHERE true", "table app.nowhere does not exist", 13},
    };
    BIND_REFUSALS(refusals);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_inserts),
    cmocka_unit_test(test_values_with_a_subquery),
    cmocka_unit_test(test_updates),
    cmocka_unit_test(test_deletes),
    cmocka_unit_test(test_values_take_the_types_of_their_columns),
    cmocka_unit_test(test_assignments_take_the_types_of_their_columns),
};

BIND_MAIN(tests)
