// SPDX-License-Identifier: Apache-2.0
// Sort and grouping items: names and numbers of output columns, expressions.
#include "unit/plan/bind_case.h"

static void test_order_items(void **state)
{
    (void)state;
    static const struct bind_case cases[] = {
        {"SELECT a, b FROM t ORDER BY 2, 1", "a INT, b TEXT!"},
        {"SELECT a AS x FROM t ORDER BY x", "x INT"},
        {"SELECT a + 1 AS x FROM t ORDER BY x DESC NULLS LAST", "x INT"},
        {"SELECT a FROM t ORDER BY b", "a INT"},
        {"SELECT a AS b FROM t ORDER BY b", "b INT"},
        {"SELECT a FROM t ORDER BY a + 1, lower(b)", "a INT"},
        {"SELECT DISTINCT a FROM t ORDER BY a", "a INT"},
        {"SELECT DISTINCT a AS x FROM t ORDER BY a", "x INT"},
        {"SELECT DISTINCT a + 1 FROM t ORDER BY a + 1", "?column? INT"},
        {"SELECT a, a FROM t ORDER BY a", "a INT, a INT"},
        {"SELECT 'x' AS k FROM t ORDER BY k", "k TEXT"},
        {"SELECT a FROM t GROUP BY 1", "a INT"},
        {"SELECT a AS x FROM t GROUP BY x", "x INT"},
        {"SELECT a AS id FROM t GROUP BY id", "id INT"},
        {"SELECT a FROM t UNION SELECT y FROM u ORDER BY 1", "a INT"},
        {"SELECT DISTINCT ON (a) b FROM t", "b TEXT!"},
        {"SELECT DISTINCT ON (1) b FROM t ORDER BY b", "b TEXT!"},
        {"SELECT DISTINCT ON (a, b) id FROM t ORDER BY b, a, id", "id BIGINT!*"},
        {"SELECT DISTINCT ON (a, b) id FROM t ORDER BY a", "id BIGINT!*"},
        {"SELECT DISTINCT ON (a) id FROM t ORDER BY a, a, b", "id BIGINT!*"},
    };
    BIND_OUTPUTS(cases);
}

static void test_what_items_refuse(void **state)
{
    (void)state;
    static const struct bind_refusal refusals[] = {
        {"SELECT a FROM t ORDER BY 2", "ORDER BY position 2 is not in select list", 26},
        {"SELECT a FROM t ORDER BY 0", "ORDER BY position 0 is not in select list", 26},
        {"SELECT a FROM t ORDER BY -1", "ORDER BY position -1 is not in select list", 26},
        {"SELECT a FROM t ORDER BY 1.5", "non-integer constant in ORDER BY", 26},
        {"SELECT a FROM t ORDER BY 'x'", "non-integer constant in ORDER BY", 26},
        {"SELECT a FROM t ORDER BY NULL", "non-integer constant in ORDER BY", 26},
        {"SELECT a FROM t GROUP BY 2", "GROUP BY position 2 is not in select list", 26},
        {"SELECT a FROM t GROUP BY 'x'", "non-integer constant in GROUP BY", 26},
        {"SELECT a AS x, b AS x FROM t ORDER BY x", "ORDER BY \"x\" is ambiguous", 39},
        {"SELECT DISTINCT a FROM t ORDER BY b",
         "for SELECT DISTINCT, ORDER BY expressions must appear in select list", 35},
        {"SELECT DISTINCT a FROM t ORDER BY a + 1",
         "for SELECT DISTINCT, ORDER BY expressions must appear in select list", 37},
        {"SELECT a FROM t ORDER BY nope", "column \"nope\" does not exist", 26},
        {"SELECT count(*) AS c FROM t GROUP BY c",
         "aggregate functions are not allowed in GROUP BY", 38},
        {"SELECT DISTINCT ON (a, b) id FROM t ORDER BY a, id, b",
         "SELECT DISTINCT ON expressions must match initial ORDER BY expressions", 24},
        {"SELECT DISTINCT ON (b) a FROM t ORDER BY a",
         "SELECT DISTINCT ON expressions must match initial ORDER BY expressions", 21},
        {"SELECT a AS x, b AS x FROM t GROUP BY x", "GROUP BY \"x\" is ambiguous", 39},
    };
    BIND_REFUSALS(refusals);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_order_items),
    cmocka_unit_test(test_what_items_refuse),
};

BIND_MAIN(tests)
