// SPDX-License-Identifier: Apache-2.0
// Columns, types and primary keys of CREATE TABLE.
#include "unit/exec/exec_case.h"

// The columns of a table made with these items, as name, type, nullable, key, default.
static void expect_columns(const char *items, const char *rows)
{
    char sql[1024];
    (void)snprintf(sql, sizeof(sql), "CREATE USER TABLE app.t (%s)", items);
    (void)exec_fixture_ok(db, "alice", KDB_ROLE_USER, sql);
    const struct exec_result *result =
        exec_fixture_ok(db, "alice", KDB_ROLE_USER, "DESCRIBE TABLE app.t");
    struct kdb_buf text = {0};
    for (size_t i = 0; i + 3 < result->row_count; i++)
        kdb_buf_printf(
            &text, "%s %s%s%s %s\n", exec_fixture_cell(result, i, "column_name"),
            exec_fixture_cell(result, i, "data_type"),
            strcmp(exec_fixture_cell(result, i, "is_nullable"), "true") == 0 ? "" : " not null",
            strcmp(exec_fixture_cell(result, i, "is_primary_key"), "true") == 0 ? " key" : "",
            exec_fixture_cell(result, i, "column_default"));
    kdb_buf_put(&text, '\0');
    if (strcmp(text.data, rows) != 0)
        fail_msg("%s\n gives\n%s and not\n%s", items, text.data, rows);
    kdb_buf_deinit(&text);
    (void)exec_fixture_ok(db, "alice", KDB_ROLE_USER, "DROP TABLE app.t");
}

static void expect_refusal(const char *items, kdb_status status, const char *part)
{
    char sql[1024];
    (void)snprintf(sql, sizeof(sql), "CREATE USER TABLE app.t (%s)", items);
    alice_fails(sql, status, part);
}

static void keys(void **state)
{
    (void)state;
    expect_columns("v INT", "id BIGINT not null key SNOWFLAKE_ID()\nv INT NULL\n");
    expect_columns("v INT, id TEXT", "v INT NULL\nid TEXT not null key NULL\n");
    expect_columns("v INT, \"ID\" INT", "v INT NULL\nID INT not null key NULL\n");
    expect_columns("id INT, k TEXT PRIMARY KEY", "id INT NULL\nk TEXT not null key NULL\n");
    expect_columns("a INT, b INT, PRIMARY KEY (b)", "a INT NULL\nb INT not null key NULL\n");
    expect_columns("a INT, b INT, CONSTRAINT c PRIMARY KEY (B)",
                   "a INT NULL\nb INT not null key NULL\n");
    expect_columns("id UUID PRIMARY KEY DEFAULT UUID_V7()", "id UUID not null key UUID_V7()\n");
    expect_columns("d DECIMAL(10,2) PRIMARY KEY", "d DECIMAL(10,2) not null key NULL\n");
    expect_refusal("a INT PRIMARY KEY, b INT PRIMARY KEY", KDB_ERR_INVALID_OPERATION,
                   "Multiple PRIMARY KEY");
    expect_refusal("a INT PRIMARY KEY, PRIMARY KEY (a)", KDB_ERR_INVALID_OPERATION,
                   "Multiple PRIMARY KEY");
    expect_refusal("a INT, b INT, PRIMARY KEY (a, b)", KDB_ERR_INVALID_OPERATION,
                   "Composite PRIMARY KEY");
    expect_refusal("a INT, PRIMARY KEY (z)", KDB_ERR_INVALID_OPERATION,
                   "PRIMARY KEY column \"z\" not found");
    expect_refusal("j JSON PRIMARY KEY", KDB_ERR_INVALID_OPERATION,
                   "column \"j\" of type JSON cannot be the PRIMARY KEY");
    expect_refusal("id JSON", KDB_ERR_INVALID_OPERATION, "cannot be the PRIMARY KEY");
}

static void types(void **state)
{
    (void)state;
    expect_columns("id INT8 PRIMARY KEY, b BOOL, i INTEGER, s INT2, f REAL, d DOUBLE PRECISION, "
                   "n NUMERIC, m DECIMAL(8), v VARCHAR(10), c CHARACTER VARYING(5), x BYTEA, "
                   "ts TIMESTAMP(3), tz TIMESTAMP WITH TIME ZONE, dt DATE, t TIME, j JSONB, u UUID",
                   "id BIGINT not null key NULL\nb BOOLEAN NULL\ni INT NULL\ns SMALLINT NULL\n"
                   "f FLOAT NULL\nd DOUBLE NULL\nn DECIMAL(38,10) NULL\nm DECIMAL(8,0) NULL\n"
                   "v TEXT NULL\nc TEXT NULL\nx BYTES NULL\nts TIMESTAMP NULL\ntz DATETIME NULL\n"
                   "dt DATE NULL\nt TIME NULL\nj JSON NULL\nu UUID NULL\n");
    expect_columns("id INT PRIMARY KEY, a ENUM('x', 'y'), b STRUCT<a INT>, c MEDIUMTEXT",
                   "id INT not null key NULL\na TEXT NULL\nb TEXT NULL\nc TEXT NULL\n");
    expect_refusal("f FILE", KDB_ERR_INVALID_OPERATION, "FILE columns are not supported yet");
    expect_refusal("e EMBEDDING(3)", KDB_ERR_INVALID_OPERATION,
                   "EMBEDDING columns are not supported yet");
    expect_refusal("a INT[]", KDB_ERR_INVALID_OPERATION, "array types are not supported");
    expect_refusal("a INTERVAL", KDB_ERR_INVALID_OPERATION, "column \"a\"");
    expect_refusal("a TINYINT", KDB_ERR_INVALID_OPERATION, "unsupported type tinyint");
    expect_refusal("a DECIMAL(39)", KDB_ERR_INVALID_OPERATION,
                   "DECIMAL precision must be between 1 and 38");
    expect_refusal("a INT(5)", KDB_ERR_INVALID_OPERATION, "column \"a\": unsupported type int");
}

static void serials_are_64_bits(void **state)
{
    (void)state;
    expect_columns("id SERIAL PRIMARY KEY", "id BIGINT not null key SNOWFLAKE_ID()\n");
    expect_columns("id SMALLSERIAL", "id BIGINT not null key SNOWFLAKE_ID()\n");
    expect_columns("id INT PRIMARY KEY AUTO_INCREMENT", "id BIGINT not null key SNOWFLAKE_ID()\n");
    expect_columns("id INT AUTO INCREMENT, v INT GENERATED BY DEFAULT AS IDENTITY",
                   "id BIGINT not null key SNOWFLAKE_ID()\nv BIGINT SNOWFLAKE_ID()\n");
    expect_columns("id BIGSERIAL DEFAULT 5", "id BIGINT not null key 5\n");
    expect_refusal("id TEXT AUTO_INCREMENT", KDB_ERR_INVALID_OPERATION,
                   "AUTO_INCREMENT and IDENTITY need an integer type");
}

static void column_names(void **state)
{
    (void)state;
    expect_columns("id INT PRIMARY KEY, \"select\" INT, firstName TEXT, \"camelCase\" TEXT, "
                   "grüße TEXT, a$1 INT, timestamp TIMESTAMP, level INT",
                   "id INT not null key NULL\nselect INT NULL\nfirstname TEXT NULL\n"
                   "camelCase TEXT NULL\ngrüße TEXT NULL\na$1 INT NULL\n"
                   "timestamp TIMESTAMP NULL\nlevel INT NULL\n");
    expect_refusal("a INT, A TEXT", KDB_ERR_INVALID_OPERATION, "column \"a\" is declared twice");
    expect_refusal("a INT, \"A\" TEXT", KDB_ERR_INVALID_OPERATION,
                   "column \"A\" is declared twice");
    expect_refusal("_seq BIGINT", KDB_ERR_SYSTEM_COLUMN, "reserved");
    expect_refusal("_updated TIMESTAMP", KDB_ERR_SYSTEM_COLUMN, "system column");
    expect_refusal("\"_Deleted\" BOOLEAN", KDB_ERR_SYSTEM_COLUMN, "system column");
    expect_refusal("_id INT", KDB_ERR_INVALID_OPERATION, "begins with an underscore");
    expect_refusal("\"my col\" INT", KDB_ERR_INVALID_OPERATION, "alphanumeric");
    expect_refusal("\"a.b\" INT", KDB_ERR_INVALID_OPERATION, "alphanumeric");
    expect_refusal("\"1st\" INT", KDB_ERR_INVALID_OPERATION, "must not begin with a digit");
    expect_refusal("a1234567890123456789012345678901234567890123456789012345678901234 INT",
                   KDB_ERR_INVALID_OPERATION, "at most 64 are allowed");
}

static void what_is_accepted_and_ignored(void **state)
{
    (void)state;
    expect_columns("id INT PRIMARY KEY, a INT UNIQUE CHECK (a > 0), b INT REFERENCES app.x (id), "
                   "UNIQUE (a), FOREIGN KEY (b) REFERENCES app.x (id),",
                   "id INT not null key NULL\na INT NULL\nb INT NULL\n");
}

static void names_the_place(void **state)
{
    (void)state;
    const struct exec_result *result =
        exec_fixture_run(db, "alice", KDB_ROLE_USER, "CREATE USER TABLE app.t (a INT, b FILE)");
    assert_int_equal(result->position, 33);
    result =
        exec_fixture_run(db, "alice", KDB_ROLE_USER, "CREATE USER TABLE app.t (a INT DEFAULT 'x')");
    assert_int_equal(result->position, 40);
}

static void thousands_of_columns(void **state)
{
    (void)state;
    struct kdb_buf sql = {0};
    KDB_BUF_LIT(&sql, "CREATE USER TABLE app.t (");
    for (int i = 0; i < 4096; i++)
        kdb_buf_printf(&sql, "%sc%d INT", i > 0 ? "," : "", i);
    KDB_BUF_LIT(&sql, ")");
    kdb_buf_put(&sql, '\0');
    alice_fails(sql.data, KDB_ERR_LIMIT_EXCEEDED, "at most 4095 columns");
    kdb_buf_deinit(&sql);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(keys),
        CASE(types),
        CASE(serials_are_64_bits),
        CASE(column_names),
        CASE(what_is_accepted_and_ignored),
        CASE(names_the_place),
        CASE(thousands_of_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
