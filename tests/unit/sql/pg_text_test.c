// SPDX-License-Identifier: Apache-2.0
// Long names, value functions with parentheses, and texts that are too deep.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sql_fixture.h"
#include "lib/test.h"

#define NAME_63 "a12345678901234567890123456789012345678901234567890123456789_63"
#define NAME_64 "a12345678901234567890123456789012345678901234567890123456789__64"
#define NAME_65 "a12345678901234567890123456789012345678901234567890123456789__64X"

// PostgreSQL's parser cuts names at 63 bytes: ours come back whole, wherever they stand.
static void test_long_names(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT " NAME_63, "(select " NAME_63 ")"},
        {"SELECT " NAME_64, "(select " NAME_64 ")"},
        {"SELECT \"" NAME_65 "\"", "(select " NAME_65 ")"},
        {"SELECT " NAME_64 ", " NAME_64 "b, " NAME_64,
         "(select " NAME_64 " " NAME_64 "b " NAME_64 ")"},
        {"SELECT \"" NAME_64 "ü\"\"\" AS " NAME_64, "(select " NAME_64 "ü\"=" NAME_64 ")"},
        {"SELECT 1 FROM " NAME_64 "." NAME_64 "c " NAME_64 "d(" NAME_64 "e)",
         "(select 1#0 (from (table " NAME_64 "." NAME_64 "c as:" NAME_64 "d[" NAME_64 "e])))"},
        {"WITH " NAME_64 "(" NAME_64 "b) AS (SELECT 1) SELECT " NAME_64 "f(1) OVER " NAME_64
         "w FROM x JOIN y USING (" NAME_64 "u)",
         "(select (with (" NAME_64 "[" NAME_64 "b] (select 1#0))) (call " NAME_64
         "f 1#1 (over " NAME_64 "w)) (from (inner (table x) (table y) using[" NAME_64 "u])))"},
        {"INSERT INTO " NAME_64 " (" NAME_64 "i) VALUES (1)",
         "(insert " NAME_64 " [" NAME_64 "i] (values (row 1#0)))"},
        {"UPDATE t SET " NAME_64 " = 1", "(update t (set " NAME_64 " 1#0))"},
        {"SELECT a::" NAME_64, "(select (cast a <" NAME_64 ">))"},
        // What looks like a stand-in is a name like any other.
        {"SELECT kdb_long_name_000000_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
         "(select kdb_long_name_000000_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx)"},
    };
    TEST_TREES(trees);
    static const struct test_refusal refusals[] = {
        {"SELECT 1 2 " NAME_64, "syntax error at or near \"2\"", 10},
        {"SELECT 1 " NAME_64 " " NAME_65, "syntax error at or near \"" NAME_64 "…\"", 75},
        {"SELECT \"" NAME_64 "ü\", 1 2", "syntax error at or near \"2\"", 79},
    };
    TEST_REFUSALS(refusals);
}

static void test_too_many_long_names(void **state)
{
    (void)state;
    const size_t capacity = 300 * 80;
    char *sql = malloc(capacity);
    assert_non_null(sql);
    size_t size = 0;
    for (int i = 0; i < 300; i++) {
        int written =
            snprintf(sql + size, capacity - size, "%s" NAME_64 "%d", i == 0 ? "SELECT " : ",", i);
        size += (size_t)written;
    }
    test_sql_refused(sql, KDB_ERR_INVALID_SQL,
                     "the statement has more than 256 names of more than 63 bytes", 0);
    free(sql);
    // The same name may come as often as it likes.
    sql = test_sql_repeat("SELECT 1", "," NAME_64, 300, "");
    struct kdb_statement statement;
    test_sql_parse(sql, &statement);
    assert_int_equal(statement.select->target_count, 301);
    assert_slice_equal(statement.select->targets[300].expr->name, NAME_64);
    free(sql);
}

static void test_value_functions_with_parentheses(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"SELECT CURRENT_USER(), current_user ( ), user(), CURRENT_ROLE()",
         "(select (special current_user) (special current_user) (special user) "
         "(special current_role))"},
        {"SELECT CURRENT_TIMESTAMP(), current_date(), current_time(), localtime(), session_user()",
         "(select (special current_timestamp) (special current_date) (special current_time) "
         "(special localtime) (special session_user))"},
        {"SELECT current_user /* x */ ( -- y\n ), 'CURRENT_USER()'",
         "(select (special current_user) 'CURRENT_USER()'#0)"},
        {"SELECT s.current_user()", "(select (call s.current_user))"},
        {"SELECT current_user_id(), \"current_user\"()",
         "(select (call current_user_id) (call current_user))"},
    };
    TEST_TREES(trees);
    static const struct test_refusal refusals[] = {
        {"SELECT current_user(1)", "syntax error at or near \"(\"", 20},
        {"SELECT `a`", "syntax error at or near \"`a`\"", 8},
        {"SELECT a `;` b", "syntax error at or near \"`;`\"", 10},
    };
    TEST_REFUSALS(refusals);
}

enum bomb_answer { FINE, TOO_DEEP };

struct bomb {
    const char *head;
    const char *open; // `count` times
    size_t count;
    const char *middle;
    const char *close; // `count` times
    enum bomb_answer answer;
};

static void explode(const struct bomb *bomb)
{
    struct kdb_ctx *ctx = test_sql_ctx();
    struct kdb_statement statement;
    char *opened = test_sql_repeat(bomb->head, bomb->open, bomb->count, bomb->middle);
    char *sql = test_sql_repeat(opened, bomb->close, bomb->count, "");
    kdb_ctx_reset(ctx);
    const struct kdb_scanned *scanned = test_sql_scan(sql);
    kdb_status status = kdb_sql_parse(scanned, ctx, &statement);
    bool is_too_deep =
        status == KDB_ERR_INVALID_SQL && strstr(ctx->error.message, "nested too deeply") != NULL;
    if (bomb->answer == FINE ? status != KDB_OK : !is_too_deep)
        fail_msg("%.60s… (%zu): %s", sql, bomb->count, ctx->error.message);
    free(sql);
    free(opened);
}

// Neither PostgreSQL's parser nor our recursion may run out of stack, whatever is nested.
static void test_bombs(void **state)
{
    (void)state;
    static const struct bomb bombs[] = {
        {"SELECT ", "(", 500, "1", ")", FINE},
        {"SELECT ", "(", 513, "1", ")", TOO_DEEP},
        {"SELECT ", "(", 100000, "1", "", TOO_DEEP},
        {"SELECT ", "(", 10000, "1", ")", TOO_DEEP},
        {"SELECT ", "f(", 500, "1", ")", FINE},
        {"SELECT ", "f(", 600, "1", ")", TOO_DEEP},
        {"SELECT ", "(SELECT ", 150, "1", ")", FINE},
        {"SELECT ", "(SELECT ", 400, "1", ")", TOO_DEEP},
        {"SELECT ", "ARRAY[", 10000, "1", "]", TOO_DEEP},
        {"SELECT ", "CASE WHEN true THEN ", 500, "1", " END", FINE},
        {"SELECT ", "CASE WHEN true THEN ", 5000, "1", " END", TOO_DEEP},
        {"SELECT ", "CASE ", 50000, "1", "", TOO_DEEP},
        {"SELECT ", "NOT ", 500, "true", "", FINE},
        {"SELECT ", "NOT ", 1500, "true", "", TOO_DEEP},
        {"SELECT ", "NOT ", 100000, "true", "", TOO_DEEP},
        {"SELECT ", "- ", 100000, "a", "", TOO_DEEP},
        {"SELECT 1", "+1", 500, "", "", FINE},
        {"SELECT 1", "+1", 600, "", "", TOO_DEEP},
        {"SELECT 1", "+1", 100000, "", "", TOO_DEEP},
        {"SELECT a", "||a", 100000, "", "", TOO_DEEP},
        {"SELECT 1", "::int", 100000, "", "", TOO_DEEP},
        {"SELECT a", " COLLATE x", 50000, "", "", TOO_DEEP},
        {"SELECT a", " OPERATOR(+) a", 50000, "", "", TOO_DEEP},
        {"SELECT a", " AT TIME ZONE b", 50000, "", "", TOO_DEEP},
        {"SELECT 1", " UNION ALL SELECT 1", 400, "", "", FINE},
        {"SELECT 1", " UNION ALL SELECT 1", 10000, "", "", TOO_DEEP},
        {"SELECT 1 FROM t", " CROSS JOIN t", 400, "", "", FINE},
        {"SELECT 1 FROM t", " CROSS JOIN t", 10000, "", "", TOO_DEEP},
        {"", "WITH a AS (", 5000, "SELECT 1", ") SELECT 1", TOO_DEEP},
        // PostgreSQL's parser walks these trees to say where the second LIMIT stands.
        {"(SELECT 1 LIMIT 1) LIMIT 1", "+1", 200000, "", "", TOO_DEEP},
        {"(SELECT 1 LIMIT 1) LIMIT 1", "+(1)", 100000, "", "", TOO_DEEP},
        {"(SELECT 1 LIMIT 1) LIMIT 1", "+t.and", 100000, "", "", TOO_DEEP},
        {"(SELECT 1 LIMIT 1) LIMIT 1", "+f(1,1)", 100000, "", "", TOO_DEEP},
        {"(SELECT 1 LIMIT 1) LIMIT ", "(", 400, "1", "+1+1+1+1+1+1+1)", TOO_DEEP},
        {"SELECT 1 WHERE a = 0", " OR a = 1", 20000, "", "", FINE},
        {"SELECT 1 WHERE a = 0", " AND a = 1", 20000, "", "", FINE},
        {"SELECT 1 WHERE a = 0", " OR (b AND a = 1)", 5000, "", "", FINE},
        {"SELECT 1 WHERE a", " OR (a", 500, "", ")", FINE},
        {"SELECT 1 WHERE a IN (1", ", 2", 20000, ")", "", FINE},
        {"INSERT INTO t VALUES (1)", ", (1)", 20000, "", "", FINE},
        {"SELECT 1", ", -1 + 2", 5000, "", "", FINE},
        {"CREATE TABLE t (a INT DEFAULT ", "(", 100000, "1", "", TOO_DEEP},
    };
    for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++)
        explode(&bombs[i]);
}

// 20,000 terms are one flat node.
static void test_or_is_flat(void **state)
{
    (void)state;
    char *sql = test_sql_repeat("SELECT 1 WHERE a = 0", " OR a = 1", 20000, "");
    struct kdb_statement statement;
    test_sql_parse(sql, &statement);
    const struct kdb_ast *where = statement.select->where;
    assert_int_equal(where->kind, KDB_AST_OR);
    assert_int_equal(where->arg_count, 20001);
    assert_int_equal(where->args[20000]->args[1]->literal, 20001);
    free(sql);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_too_many_long_names),
        cmocka_unit_test(test_value_functions_with_parentheses),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_or_is_flat),
    };
    return cmocka_run_group_tests(tests, test_sql_setup, test_sql_teardown);
}
