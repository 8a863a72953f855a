// SPDX-License-Identifier: Apache-2.0
// What every parse gives: text, positions, parameters, names; and that threads do not disturb each
// other.
#include "sql/parse.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ast_dump.h"
#include "lib/sql_fixture.h"
#include "lib/test.h"

static void test_text_and_position(void **state)
{
    (void)state;
    const char *sql = "SELECT 1; /* x */ SHOW TABLES ; SELECT $2";
    struct kdb_scan scan;
    struct kdb_statement statement;
    assert_int_equal(kdb_sql_scan(kdb_slice_cstr(sql), test_sql_ctx(), &scan), KDB_OK);
    assert_int_equal(scan.count, 3);
    assert_int_equal(kdb_sql_parse(&scan.statements[1], test_sql_ctx(), &statement), KDB_OK);
    assert_int_equal(statement.kind, KDB_STATEMENT_SHOW_TABLES);
    assert_slice_equal(statement.text, "SHOW TABLES");
    assert_int_equal(statement.position, 19);
    assert_int_equal(statement.param_max, 0);
    assert_int_equal(kdb_sql_parse(&scan.statements[2], test_sql_ctx(), &statement), KDB_OK);
    assert_slice_equal(statement.text, "SELECT $2");
    assert_int_equal(statement.position, 33);
    assert_int_equal(statement.param_max, 2);
}

static void test_first_words(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"sElEcT 1", "(select 1#0)"},
        {"(select 1)", "(select 1#0)"},
        {"values (1)", "(values (row 1#0))"},
        {"table t", "(select * (from (table t)))"},
        {"with a as (select 1) select 1", "(select (with (a (select 1#0))) 1#1)"},
        {"insert into t values (1)", "(insert t (values (row 1#0)))"},
        {"update t set a = 1", "(update t (set a 1#0))"},
        {"delete from t", "(delete t)"},
        {"show tables", "(show-tables)"},
    };
    TEST_TREES(trees);
}

// Positions are characters of the statement, not of the batch, and not bytes.
static void test_error_positions(void **state)
{
    (void)state;
    static const struct test_refusal refusals[] = {
        {"SELEC 1", "syntax error at or near \"SELEC\"", 1},
        {"  SELEC 1", "syntax error at or near \"SELEC\"", 1},
        {"SELECT 'ü' 1 2", "syntax error at or near \"1\"", 12},
        {"SELECT FROM WHERE", "syntax error at or near \"WHERE\"", 13},
        {"SELECT (1", "syntax error at end of input", 10},
        {"SELECT \"ü\", 1 'it''s' 2", "syntax error at or near \"'it''s'\"", 15},
        {"SELECT 1a", "trailing junk after numeric literal at or near \"1a\"", 8},
        {"SELECT 1.5e", "trailing junk after numeric literal at or near \"1.5e\"", 8},
        {"SELECT $1a", "trailing junk after parameter at or near \"$1a\"", 8},
        {"SELECT \"\"", "zero-length delimited identifier at or near \"\"\"\"", 8},
        {"SELECT {", "syntax error at or near \"{\"", 8},
        {"\"select\" 1", "syntax error at or near \"\"select\"\"", 1},
        {"1", "syntax error at or near \"1\"", 1},
        {"'x'", "syntax error at or near \"'x'\"", 1},
        {"=", "syntax error at or near \"=\"", 1},
    };
    TEST_REFUSALS(refusals);
}

// A long token is cut at a character.
static void test_near_is_short(void **state)
{
    (void)state;
    char *quoted = test_sql_repeat("SELECT a b '", "ü", 5000, "'");
    char *shown = test_sql_repeat("syntax error at or near \"'", "ü", 31, "…\"");
    test_sql_refused(quoted, KDB_ERR_INVALID_SQL, shown, 12);
    free(shown);
    free(quoted);
}

// Every kind has a name.
static void test_names(void **state)
{
    (void)state;
    for (int kind = 0; kind < KDB_STATEMENT_KIND_COUNT; kind++)
        assert_true(strlen(kdb_statement_name((kdb_statement_kind)kind)) > 2);
    assert_string_equal(kdb_statement_name(KDB_STATEMENT_CREATE_TABLE), "CREATE TABLE");
    assert_string_equal(kdb_statement_name(KDB_STATEMENT_EXECUTE_AS), "EXECUTE AS USER");
}

// An arena limit stops the conversion of a large statement.
static void test_memory_limit(void **state)
{
    (void)state;
    char *sql = test_sql_repeat("SELECT 1", ", 1", 20000, "");
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, (size_t)1024 * 1024);
    struct kdb_scan scan;
    struct kdb_statement statement;
    assert_int_equal(kdb_sql_scan(kdb_slice_cstr(sql), &ctx, &scan), KDB_OK);
    assert_int_equal(kdb_sql_parse(&scan.statements[0], &ctx, &statement), KDB_ERR_LIMIT_EXCEEDED);
    kdb_ctx_deinit(&ctx);
    free(sql);
}

enum { thread_count = 4, rounds = 200 };

static const struct test_tree thread_texts[] = {
    {"SELECT a, -5 FROM t WHERE b IN (1, 'x') ORDER BY c LIMIT 3",
     "(select a -5#-0 (from (table t)) (where (in b 1#1 'x'#2)) (order c) (limit 3#3))"},
    {"INSERT INTO app.t (a) VALUES (1), (2)", "(insert app.t [a] (values (row 1#0) (row 2#1)))"},
    {"CREATE TABLE t (a INT DEFAULT 1 + 1)", "(create-table t (a <int> default=(+ 1#0 1#1)))"},
    {"SELECT FROM FROM", NULL},
};

// Parses one of the texts over and over; returns what went wrong, or NULL.
static void *parse_often(void *arg)
{
    const struct test_tree *text = arg;
    struct kdb_ctx ctx;
    const char *problem = NULL;
    kdb_ctx_init(&ctx, 0);
    for (int i = 0; i < rounds && !problem; i++) {
        struct kdb_scan scan;
        struct kdb_statement statement;
        struct kdb_buf buf = {0};
        kdb_ctx_reset(&ctx);
        if (kdb_sql_scan(kdb_slice_cstr(text->sql), &ctx, &scan) != KDB_OK) {
            problem = "scan failed";
        } else if (kdb_sql_parse(&scan.statements[0], &ctx, &statement) != KDB_OK) {
            problem = text->tree ? "parse failed" : NULL;
        } else {
            test_dump_statement(&statement, &buf);
            bool is_same =
                text->tree && kdb_slice_equal(kdb_buf_view(&buf), kdb_slice_cstr(text->tree));
            problem = is_same ? NULL : "another tree";
        }
        kdb_buf_deinit(&buf);
    }
    kdb_ctx_deinit(&ctx);
    return (void *)(uintptr_t)problem;
}

// PostgreSQL's parser has its state per thread: errors of one (they jump) leave the others alone.
static void test_threads(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        pthread_t threads[thread_count];
        for (size_t i = 0; i < thread_count; i++)
            assert_int_equal(
                pthread_create(&threads[i], NULL, parse_often, (void *)(uintptr_t)&thread_texts[i]),
                0);
        for (size_t i = 0; i < thread_count; i++) {
            void *problem = NULL;
            assert_int_equal(pthread_join(threads[i], &problem), 0);
            if (problem)
                fail_msg("%s: %s", thread_texts[i].sql, (const char *)problem);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_and_position),
        cmocka_unit_test(test_first_words),
        cmocka_unit_test(test_error_positions),
        cmocka_unit_test(test_near_is_short),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_memory_limit),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, test_sql_setup, test_sql_teardown);
}
