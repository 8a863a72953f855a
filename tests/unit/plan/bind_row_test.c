// SPDX-License-Identifier: Apache-2.0
// Rows compared with rows.
#include "unit/plan/bind_case.h"

static void test_rows_are_compared_field_by_field(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT 1 FROM t WHERE (a, s) = (1, 2)",
         "(and (= t.a:INT #1:INT):BOOLEAN (= t.s:SMALLINT #2:INT):BOOLEAN):BOOLEAN"},
        {"SELECT 1 FROM t WHERE (a, s) <> (1, 2)",
         "(or (<> t.a:INT #1:INT):BOOLEAN (<> t.s:SMALLINT #2:INT):BOOLEAN):BOOLEAN"},
        {"SELECT 1 FROM t WHERE (a, s) < (1, 2)",
         "(or (< t.a:INT #1:INT):BOOLEAN (and (= t.a:INT #1:INT):BOOLEAN (< t.s:SMALLINT "
         "#2:INT):BOOLEAN):BOOLEAN):BOOLEAN"},
        {"SELECT 1 FROM t WHERE (a, s) >= (1, 2)",
         "(or (> t.a:INT #1:INT):BOOLEAN (and (= t.a:INT #1:INT):BOOLEAN (>= t.s:SMALLINT "
         "#2:INT):BOOLEAN):BOOLEAN):BOOLEAN"},
        {"SELECT 1 FROM t WHERE ROW(a) > ROW('1')", "(> t.a:INT #1:INT):BOOLEAN"},
        {"SELECT 1 FROM t WHERE (a, ok) IN ((1, TRUE))",
         "(and (= t.a:INT #1:INT):BOOLEAN (= t.ok:BOOLEAN true:BOOLEAN):BOOLEAN):BOOLEAN"},
        {"SELECT 1 FROM t WHERE (a, s) NOT IN ((1, 2), (3, 4))",
         "(not (or (and (= t.a:INT #1:INT):BOOLEAN (= t.s:SMALLINT #2:INT):BOOLEAN):BOOLEAN (and "
         "(= t.a:INT #3:INT):BOOLEAN (= t.s:SMALLINT #4:INT):BOOLEAN):BOOLEAN):BOOLEAN):BOOLEAN"},
    };
    BIND_FILTERS(cases);
}

static void test_what_rows_refuse(void **state)
{
    (void)state;
    static const struct bind_refusal refusals[] = {
        {"SELECT (1, 2) = (1, 2, 3)", "unequal number of entries in row expressions", 15},
        {"SELECT ROW() = ROW()", "unequal number of entries in row expressions", 14},
        {"SELECT (1, 2) = 1", "comparing a row with anything but a row: not supported", 15},
        {"SELECT a IN ((1, 2)) FROM t", "row values: not supported", 14},
        {"SELECT (a, s) IN ((1, 2), 3) FROM t",
         "comparing a row with anything but a row: not supported", 15},
        {"SELECT (1, 2) + (1, 2)", "rows with this operator: not supported", 15},
        {"SELECT (a, s) = (1, 'x'::text) FROM t", "operator does not exist: smallint = text", 15},
        {"SELECT (a, s) IN (SELECT a, s FROM t) FROM t",
         "comparing a row with a subquery; write EXISTS: not supported", 15},
    };
    BIND_REFUSALS(refusals);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_rows_are_compared_field_by_field),
    cmocka_unit_test(test_what_rows_refuse),
};

BIND_MAIN(tests)
