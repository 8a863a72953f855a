// SPDX-License-Identifier: Apache-2.0
// DEFAULT: constants of every type, the functions, what does not fit.
#include "unit/exec/exec_case.h"

// What DESCRIBE prints for the default of one column.
static void expect_default(const char *column, const char *text)
{
    char sql[512];
    (void)snprintf(sql, sizeof(sql), "CREATE USER TABLE app.t (id INT PRIMARY KEY, c %s)", column);
    (void)exec_fixture_ok(db, "alice", KDB_ROLE_USER, sql);
    const struct exec_result *result =
        exec_fixture_ok(db, "alice", KDB_ROLE_USER, "DESCRIBE TABLE app.t");
    const char *got = exec_fixture_cell(result, 1, "column_default");
    if (strcmp(got, text) != 0)
        fail_msg("%s prints %s and not %s", column, got, text);
    (void)exec_fixture_ok(db, "alice", KDB_ROLE_USER, "DROP TABLE app.t");
}

static void expect_refusal(const char *column, kdb_status status, const char *part)
{
    char sql[512];
    (void)snprintf(sql, sizeof(sql), "CREATE USER TABLE app.t (id INT PRIMARY KEY, c %s)", column);
    alice_fails(sql, status, part);
}

static void constants(void **state)
{
    (void)state;
    expect_default("INT", "NULL");
    expect_default("INT DEFAULT 5", "5");
    expect_default("INT DEFAULT -5", "-5");
    expect_default("INT DEFAULT '7'", "7");
    expect_default("INT DEFAULT NULL", "NULL");
    expect_default("SMALLINT DEFAULT 1.6", "2");
    expect_default("BIGINT DEFAULT 9223372036854775807", "9223372036854775807");
    expect_default("DOUBLE DEFAULT 0.5", "0.5");
    expect_default("DOUBLE DEFAULT 'NaN'", "'NaN'");
    expect_default("DECIMAL(6,2) DEFAULT 1.005", "1.01");
    expect_default("TEXT DEFAULT 'it''s'", "'it''s'");
    expect_default("TEXT DEFAULT ''", "''");
    expect_default("TEXT DEFAULT 5", "'5'");
    expect_default("BOOLEAN DEFAULT TRUE", "TRUE");
    expect_default("BOOLEAN NOT NULL DEFAULT false", "FALSE");
    expect_default("DATE DEFAULT '2026-02-28'", "'2026-02-28'");
    expect_default("DATE DEFAULT DATE '2026-02-28'", "'2026-02-28'");
    expect_default("TIMESTAMP DEFAULT TIMESTAMP '2026-02-28 10:00:00'", "'2026-02-28 10:00:00'");
    expect_default("TIMESTAMP DEFAULT 1000000", "'1970-01-01 00:00:01'");
    expect_default("TEXT DEFAULT 'x'::text NOT NULL", "'x'");
    expect_default("INT DEFAULT '12'::int", "12");
    expect_default("UUID DEFAULT '6f1c0000-0000-7000-8000-000000000001'",
                   "'6f1c0000-0000-7000-8000-000000000001'");
    expect_default("JSON DEFAULT '{\"a\": 1}'", "'{\"a\": 1}'");
    expect_default("BYTES DEFAULT X'00ff'", "'\\x00ff'");
    expect_default("INT DEFAULT (3)", "3");
}

static void functions(void **state)
{
    (void)state;
    expect_default("TIMESTAMP DEFAULT NOW()", "NOW()");
    expect_default("TIMESTAMP DEFAULT CURRENT_TIMESTAMP", "NOW()");
    expect_default("DATETIME DEFAULT now()", "NOW()");
    expect_default("DATE DEFAULT NOW()", "NOW()");
    expect_default("TIME DEFAULT NOW()", "NOW()");
    expect_default("BIGINT DEFAULT SNOWFLAKE_ID()", "SNOWFLAKE_ID()");
    expect_default("TEXT DEFAULT UUID_V7()", "UUID_V7()");
    expect_default("UUID DEFAULT UUID_V7()", "UUID_V7()");
    expect_default("TEXT DEFAULT ULID()", "ULID()");
    expect_default("TEXT DEFAULT CURRENT_USER", "CURRENT_USER()");
    expect_default("TEXT DEFAULT CURRENT_USER()", "CURRENT_USER()");
}

static void wrong_pairs(void **state)
{
    (void)state;
    expect_refusal("TEXT DEFAULT NOW()", KDB_ERR_INVALID_OPERATION,
                   "DEFAULT NOW() needs a column of type TIMESTAMP, DATETIME, DATE or TIME, \"c\" "
                   "is TEXT");
    expect_refusal("INT DEFAULT SNOWFLAKE_ID()", KDB_ERR_INVALID_OPERATION, "type BIGINT");
    expect_refusal("BIGINT DEFAULT UUID_V7()", KDB_ERR_INVALID_OPERATION, "TEXT or UUID");
    expect_refusal("UUID DEFAULT ULID()", KDB_ERR_INVALID_OPERATION, "type TEXT");
    expect_refusal("INT DEFAULT CURRENT_USER", KDB_ERR_INVALID_OPERATION, "type TEXT");
}

static void what_is_no_default(void **state)
{
    (void)state;
    static const char *const unknown[] = {"RANDOM()", "LOWER('X')", "1 + 1",    "a",
                                          "NOW(3)",   "id",         "NOT TRUE", "COUNT(*)"};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        char column[64];
        (void)snprintf(column, sizeof(column), "INT DEFAULT %s", unknown[i]);
        expect_refusal(column, KDB_ERR_INVALID_OPERATION,
                       "DEFAULT of column \"c\" must be a constant or one of NOW()");
    }
}

static void values_that_do_not_fit(void **state)
{
    (void)state;
    expect_refusal("INT DEFAULT 'x'", KDB_ERR_INVALID_VALUE,
                   "DEFAULT of column \"c\": invalid "
                   "input syntax for type integer");
    expect_refusal("SMALLINT DEFAULT 40000", KDB_ERR_OUT_OF_RANGE, "smallint");
    expect_refusal("DECIMAL(3,1) DEFAULT 100", KDB_ERR_OUT_OF_RANGE, "DEFAULT of column \"c\"");
    expect_refusal("BOOLEAN DEFAULT 1", KDB_ERR_TYPE_MISMATCH,
                   "the column is of type boolean but the default is of type");
    expect_refusal("INT DEFAULT TRUE", KDB_ERR_TYPE_MISMATCH, "of type boolean");
    expect_refusal("DATE DEFAULT '2026-02-30'", KDB_ERR_OUT_OF_RANGE, "2026-02-30");
    expect_refusal("UUID DEFAULT 'x'", KDB_ERR_INVALID_VALUE, "uuid");
    expect_refusal("JSON DEFAULT '{'", KDB_ERR_INVALID_VALUE, "json");
    expect_refusal("BIGINT DEFAULT 1e40", KDB_ERR_OUT_OF_RANGE, "38 digits");
}

static void defaults_fill_rows(void **state)
{
    (void)state;
    alice_says("CREATE USER TABLE app.t (id INT PRIMARY KEY, a INT DEFAULT 5, b TEXT DEFAULT 'x', "
               "c TIMESTAMP DEFAULT NOW(), d DATE DEFAULT NOW(), e TEXT DEFAULT CURRENT_USER, "
               "f DECIMAL(6,2) DEFAULT 2)",
               "user table app.t created successfully");
    alice_says("INSERT INTO app.t (id) VALUES (1)", "Inserted 1 row(s)");
    alice_says("INSERT INTO app.t (id, a, b) VALUES (2, NULL, DEFAULT)", "Inserted 1 row(s)");
    alice_reads("SELECT id, a, b, c, d, e, f FROM app.t",
                "1|5|x|2026-05-04 10:00:00|2026-05-04|alice|2.00\n"
                "2|NULL|x|2026-05-04 10:00:00|2026-05-04|alice|2.00\n");
    // The same statement but for the constant makes another table.
    exec_fixture_setup(db, "DROP TABLE app.t; CREATE USER TABLE app.t (id INT, a INT DEFAULT 5);"
                           "DROP TABLE app.t; CREATE USER TABLE app.t (id INT, a INT DEFAULT 6)");
    alice_says("INSERT INTO app.t (id) VALUES (1)", "Inserted 1 row(s)");
    alice_reads("SELECT a FROM app.t", "6\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(constants),
        CASE(functions),
        CASE(wrong_pairs),
        CASE(what_is_no_default),
        CASE(values_that_do_not_fit),
        CASE(defaults_fill_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
