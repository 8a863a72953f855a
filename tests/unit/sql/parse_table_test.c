// SPDX-License-Identifier: Apache-2.0
// CREATE TABLE: the three syntaxes, every clause, in any order.
#include <stdlib.h>

#include "lib/sql_fixture.h"
#include "lib/test.h"

static void test_current_syntax(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"CREATE TABLE t (a INT)", "(create-table t (a <int>))"},
        {"create table if not exists App.T (A int);",
         "(create-table app.t if-not-exists (a <int>))"},
        {"CREATE USER TABLE t (a INT)", "(create-table u:t (a <int>))"},
        {"CREATE SHARED TABLE \"T\" (a INT)", "(create-table s:T (a <int>))"},
        {"CREATE STREAM TABLE iot.pings (dev TEXT PRIMARY KEY, v DOUBLE) WITH (TTL_SECONDS = 30)",
         "(create-table e:iot.pings (dev <text> key) (v <double>) (TTL_SECONDS i 30))"},
        {"CREATE TABLE crm.notes (id BIGINT PRIMARY KEY DEFAULT SNOWFLAKE_ID(), body TEXT NOT NULL)"
         " WITH (TYPE='USER', FLUSH_POLICY='rows:500,interval:60')",
         "(create-table crm.notes (id <bigint> key default=(call snowflake_id)) "
         "(body <text> not-null) (TYPE s USER) (FLUSH_POLICY s rows:500,interval:60))"},
        {"CREATE TABLE t (a INT) USING parquet WITH (STORAGE_ID = local, USE_USER_STORAGE = TRUE)",
         "(create-table t (a <int>) (STORAGE_ID w local) (USE_USER_STORAGE b true))"},
        {"CREATE TABLE t (a INT,)", "(create-table t (a <int>))"},
        {"CREATE TABLE t (a INT) WITH (A=1) WITH (B=2)",
         "(create-table t (a <int>) (A i 1) (B i 2))"},
    };
    TEST_TREES(trees);
}

static void test_older_clauses(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"CREATE USER TABLE lab.old (msg TEXT) LOCATION '/srv/${user_id}/old' FLUSH POLICY ROWS "
         "500 "
         "INTERVAL '2 minutes' WITH (deleted_retention='7d')",
         "(create-table u:lab.old (msg <text>) location:/srv/${user_id}/old flush rows:500 "
         "interval:2 minutes (DELETED_RETENTION s 7d))"},
        {"CREATE TABLE t (a INT) LOCATION REFERENCE 'disk'",
         "(create-table t (a <int>) reference:disk)"},
        {"CREATE TABLE t (a INT) STORAGE Disk-2", "(create-table t (a <int>) reference:Disk-2)"},
        {"CREATE TABLE t (a INT) FLUSH POLICY ROW_LIMIT 10",
         "(create-table t (a <int>) flush rows:10)"},
        {"CREATE TABLE t (a INT) FLUSH POLICY INTERVAL '5s'",
         "(create-table t (a <int>) flush interval:5s)"},
        {"CREATE TABLE t (a INT) FLUSH ROWS 5", "(create-table t (a <int>) flush rows:5)"},
        {"CREATE TABLE t (a INT) FLUSH SECONDS 30",
         "(create-table t (a <int>) flush interval:30s)"},
        {"CREATE TABLE t (a INT) FLUSH ROW_THRESHOLD 7", "(create-table t (a <int>) flush rows:7)"},
        {"CREATE TABLE t (a INT) FLUSH INTERVAL 300s ROW_THRESHOLD 7",
         "(create-table t (a <int>) flush rows:7 interval:300s)"},
        {"CREATE TABLE t (a INT) FLUSH ROWS 5, INTERVAL 10 minutes USE_USER_STORAGE",
         "(create-table t (a <int>) flush rows:5 interval:10 minutes user-storage:t)"},
        {"CREATE TABLE t (a INT) USE_USER_STORAGE FALSE",
         "(create-table t (a <int>) user-storage:f)"},
        {"CREATE SHARED TABLE t (a INT) ACCESS LEVEL Public",
         "(create-table s:t (a <int>) access:public)"},
        {"CREATE STREAM TABLE t (a INT) TTL 60 BUFFER_SIZE 100",
         "(create-table e:t (a <int>) ttl:60 max-buffer:100)"},
        {"CREATE STREAM TABLE t (a INT) MAX_BUFFER 5 EPHEMERAL RETENTION 10s",
         "(create-table e:t (a <int>) retention:10s max-buffer:5 ephemeral)"},
        {"CREATE STREAM TABLE t (a INT) WITH (RETENTION 10s, EPHEMERAL, MAX_BUFFER 100)",
         "(create-table e:t (a <int>) (RETENTION d 10s) (EPHEMERAL b true) (MAX_BUFFER i 100))"},
        {"CREATE TABLE t (a INT) WITH (A = 1) LOCATION '/x' USING y",
         "(create-table t (a <int>) location:/x (A i 1))"},
    };
    TEST_TREES(trees);
}

static void test_table_constraints(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"CREATE TABLE t (a INT, PRIMARY KEY (a))", "(create-table t (a <int>) key:a/1)"},
        {"CREATE TABLE t (PRIMARY KEY (A, b), a INT, CONSTRAINT pk PRIMARY KEY (a))",
         "(create-table t (a <int>) key:a/3 keys:2)"},
        {"CREATE TABLE t (a INT PRIMARY KEY, b INT PRIMARY KEY)",
         "(create-table t (a <int> key) (b <int> key) keys:2)"},
        {"CREATE TABLE t (a INT, UNIQUE (a), CHECK (a > (1)), CONSTRAINT x UNIQUE (a), b INT)",
         "(create-table t (a <int>) (b <int>))"},
        {"CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES o.u (x) ON DELETE SET NULL "
         "ON UPDATE CASCADE, CONSTRAINT f FOREIGN KEY (a) REFERENCES u)",
         "(create-table t (a <int>))"},
    };
    TEST_TREES(trees);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct test_refusal refusals[] = {
        {"CREATE TABLE", "syntax error at end of input", 13},
        {"CREATE TABLE t", "syntax error at end of input", 15},
        {"CREATE TABLE t ()", "a table needs at least one column", 17},
        {"CREATE TABLE t (PRIMARY KEY (a))", "a table needs at least one column", 33},
        {"CREATE TABLE t (,)", "syntax error at or near \",\"", 17},
        {"CREATE TABLE t (a INT,,b INT)", "syntax error at or near \",\"", 23},
        {"CREATE TABLE t (a INT", "syntax error at end of input", 22},
        {"CREATE TABLE t (a INT))", "syntax error at or near \")\"", 23},
        {"CREATE TABLE t (a INT) FOO", "syntax error at or near \"FOO\"", 24},
        {"CREATE TABLE a.b.t (a INT)", "syntax error at or near \".\"", 17},
        {"CREATE TABLE t AS SELECT 1", "syntax error at or near \"AS\"", 16},
        {"CREATE TABLE t (a INT) FLUSH", "syntax error at end of input", 29},
        {"CREATE TABLE t (a INT) FLUSH POLICY", "syntax error at end of input", 36},
        {"CREATE TABLE t (a INT) FLUSH ROWS x", "syntax error at or near \"x\"", 35},
        {"CREATE TABLE t (a INT) FLUSH ROWS 1 ROWS 2", "the clause is given twice", 42},
        {"CREATE TABLE t (a INT) FLUSH ROWS 1 FLUSH ROWS 2", "the clause is given twice", 43},
        {"CREATE TABLE t (a INT) LOCATION '/x' STORAGE y", "the clause is given twice", 46},
        {"CREATE TABLE t (a INT) LOCATION x", "syntax error at or near \"x\"", 33},
        {"CREATE TABLE t (a INT) ACCESS public", "syntax error at or near \"ACCESS\"", 24},
        {"CREATE TABLE t (a INT) TABLE_TYPE USER",
         "TABLE_TYPE is no longer accepted: write CREATE USER TABLE, or WITH (TYPE = 'USER')", 35},
        {"CREATE TABLE t (a INT) OWNER_ID 'u'",
         "OWNER_ID is no longer accepted: a table belongs to the user who creates it", 33},
        {"CREATE TABLE t (a INT, PRIMARY KEY)", "syntax error at or near \")\"", 35},
        {"CREATE TABLE t (a INT, PRIMARY KEY ())", "syntax error at or near \")\"", 37},
        {"CREATE TABLE t (a INT, CONSTRAINT x b INT)", "syntax error at or near \"b\"", 37},
        {"CREATE TABLE t (a INT, FOREIGN KEY (a))", "syntax error at or near \")\"", 39},
        {"CREATE TABLE t (a INT, CHECK (a > 1)", "syntax error at end of input", 37},
        {"CREATE TABLE t (LIKE u)", "syntax error at or near \"LIKE\"", 17},
    };
    TEST_REFUSALS(refusals);
}

static void test_many_columns(void **state)
{
    (void)state;
    char *sql = test_sql_repeat("CREATE TABLE t (a INT", ", b VARCHAR(5) NOT NULL", 2000, ")");
    struct kdb_statement statement;
    test_sql_parse(sql, &statement);
    assert_int_equal(statement.create_table->column_count, 2001);
    assert_slice_equal(statement.create_table->columns[2000].name, "b");
    assert_true(statement.create_table->columns[2000].is_not_null);
    assert_int_equal(statement.create_table->columns[1].position, 24);
    free(sql);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_current_syntax),    cmocka_unit_test(test_older_clauses),
        cmocka_unit_test(test_table_constraints), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_many_columns),
    };
    return cmocka_run_group_tests(tests, test_sql_setup, test_sql_teardown);
}
