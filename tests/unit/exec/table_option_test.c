// SPDX-License-Identifier: Apache-2.0
// WITH (…) and the older clauses: what they mean, and what is refused.
#include "unit/exec/exec_case.h"

// Flush policy and retention of a table made with these clauses.
static void expect(const char *clauses, const char *policy, const char *retention)
{
    char sql[512];
    (void)snprintf(sql, sizeof(sql), "CREATE USER TABLE app.t (v INT) %s", clauses);
    (void)exec_fixture_ok(db, "alice", KDB_ROLE_USER, sql);
    const struct exec_result *result = exec_fixture_ok(
        db, "root", KDB_ROLE_SYSTEM,
        "SELECT flush_policy, deleted_retention FROM system.tables WHERE table_name = 't'");
    if (strcmp(result->cells[0], policy) != 0 || strcmp(result->cells[1], retention) != 0)
        fail_msg("%s gives %s", clauses, result->text);
    (void)exec_fixture_ok(db, "alice", KDB_ROLE_USER, "DROP TABLE app.t");
}

static void expect_refusal(const char *clauses, const char *part)
{
    char sql[512];
    (void)snprintf(sql, sizeof(sql), "CREATE USER TABLE app.t (v INT) %s", clauses);
    alice_fails(sql, KDB_ERR_INVALID_OPERATION, part);
}

static void flush_policies(void **state)
{
    (void)state;
    expect("", "NULL", "off");
    expect("WITH (FLUSH_POLICY = 'rows:500')", "rows:500", "off");
    expect("WITH (FLUSH_POLICY = 'interval:60')", "interval:60", "off");
    expect("WITH (flush_policy = ' rows:500 , interval:5m ')", "rows:500,interval:300", "off");
    expect("WITH (FLUSH_POLICY = 'interval:60,rows:1')", "rows:1,interval:60", "off");
    expect("WITH (FLUSH_POLICY = 'off')", "off", "off");
    expect("FLUSH POLICY ROWS 500", "rows:500", "off");
    expect("FLUSH POLICY ROW_LIMIT 500", "rows:500", "off");
    expect("FLUSH POLICY INTERVAL '2 minutes'", "interval:120", "off");
    expect("FLUSH POLICY INTERVAL 300s", "interval:300", "off");
    expect("FLUSH POLICY ROWS 999999 INTERVAL '86399s'", "rows:999999,interval:86399", "off");
    expect("FLUSH SECONDS 30", "interval:30", "off");
    expect("FLUSH INTERVAL '1h' ROW_THRESHOLD 10", "rows:10,interval:3600", "off");
}

static void bad_flush_policies(void **state)
{
    (void)state;
    expect_refusal("WITH (FLUSH_POLICY = 'rows:0')", "rows must be between 1 and 999999, not '0'");
    expect_refusal("WITH (FLUSH_POLICY = 'rows:1000000')", "rows must be between 1 and 999999");
    expect_refusal("WITH (FLUSH_POLICY = 'rows:x')", "rows must be between 1 and 999999");
    expect_refusal("WITH (FLUSH_POLICY = 'interval:0')", "interval must be between 1 and 86399");
    expect_refusal("WITH (FLUSH_POLICY = 'interval:86400')",
                   "interval must be between 1 and 86399");
    expect_refusal("WITH (FLUSH_POLICY = 'interval:1500ms')", "interval must be between 1 and");
    expect_refusal("WITH (FLUSH_POLICY = 'size:5')", "'size:5' is not understood");
    expect_refusal("WITH (FLUSH_POLICY = '')", "is not understood");
    expect_refusal("WITH (FLUSH_POLICY = 'rows:5,')", "is not understood");
    expect_refusal("WITH (FLUSH_POLICY = 'rows:5,rows:6')", "'rows:6' is not understood");
    expect_refusal("FLUSH POLICY ROWS 1000000", "rows must be between 1 and 999999");
    expect_refusal("FLUSH POLICY ROWS 99999999999999999999", "rows must be between 1 and 999999");
    expect_refusal("FLUSH POLICY INTERVAL '1 day'", "interval must be between 1 and 86399");
    expect_refusal("FLUSH POLICY ROWS 5 WITH (FLUSH_POLICY = 'rows:6')", "has a FLUSH clause too");
}

static void retentions(void **state)
{
    (void)state;
    expect("WITH (deleted_retention = '7d')", "NULL", "7d");
    expect("WITH (deleted_retention = '30d')", "NULL", "30d");
    expect("WITH (deleted_retention = 'off')", "NULL", "off");
    expect("WITH (deleted_retention = OFF)", "NULL", "off");
    expect("WITH (deleted_retention = 1s)", "NULL", "1s");
    expect("WITH (deleted_retention = '90m')", "NULL", "90m");
    expect("WITH (deleted_retention = 48)", "NULL", "2d");
    expect("WITH (DELETED_RETENTION_HOURS = 12)", "NULL", "12h");
    expect("WITH (DELETED_RETENTION_HOURS = 0)", "NULL", "0s");
    db->services.default_retention_ms = INT64_C(168) * 3600000;
    expect("", "NULL", "7d");
    expect("WITH (deleted_retention = 'off')", "NULL", "off");
    expect_refusal("WITH (deleted_retention = 'soon')", "'soon' is no duration");
    expect_refusal("WITH (DELETED_RETENTION_HOURS = -1)", "is no duration");
    expect_refusal("WITH (deleted_retention = '7d', DELETED_RETENTION_HOURS = 1)",
                   "the retention of deleted rows is given twice");
}

static void kinds(void **state)
{
    (void)state;
    expect("WITH (TYPE = 'user')", "NULL", "off");
    expect("WITH (TYPE = USER)", "NULL", "off");
    expect_refusal("WITH (TYPE = 'SHARED')",
                   "CREATE USER TABLE contradicts the option TYPE = 'SHARED'");
    expect_refusal("WITH (TYPE = 'cloud')", "option TYPE: must be USER, SHARED or STREAM");
}

static void other_options(void **state)
{
    (void)state;
    expect("WITH (USE_USER_STORAGE = TRUE)", "NULL", "off");
    expect("WITH (USE_USER_STORAGE = FALSE, STORAGE_ID = local)", "NULL", "off");
    expect("USE_USER_STORAGE FALSE", "NULL", "off");
    expect("USING parquet", "NULL", "off");
    expect_refusal("WITH (USE_USER_STORAGE = 3)", "option USE_USER_STORAGE: must be TRUE or FALSE");
    expect_refusal("WITH (COLOUR = 'red')", "option COLOUR: there is no such table option");
    expect_refusal("WITH (TYPE = 'USER', type = 'USER')", "option TYPE: is given twice");
    expect_refusal("WITH (TTL_SECONDS = 5)", "option TTL_SECONDS: is only for STREAM tables");
    expect_refusal("WITH (RETENTION = '5m')", "option RETENTION: is only for STREAM tables");
    expect_refusal("WITH (MAX_BUFFER = 5)", "option MAX_BUFFER: is only for STREAM tables");
    expect_refusal("WITH (EPHEMERAL)", "option EPHEMERAL: is only for STREAM tables");
    expect_refusal("WITH (ACCESS_LEVEL = 'public')",
                   "option ACCESS_LEVEL: is only for SHARED tables");
    expect_refusal("TTL 30", "TTL is only for STREAM tables");
    expect_refusal("RETENTION '5m'", "RETENTION is only for STREAM tables");
    expect_refusal("MAX_BUFFER 5", "MAX_BUFFER is only for STREAM tables");
    expect_refusal("EPHEMERAL", "EPHEMERAL is only for STREAM tables");
    expect_refusal("ACCESS LEVEL public", "ACCESS LEVEL is only for SHARED tables");
    expect_refusal("LOCATION '/x/${user_id}' WITH (STORAGE_ID = 'local')",
                   "names another storage or LOCATION too");
    expect_refusal("STORAGE local WITH (STORAGE_ID = 'local')",
                   "names another storage or LOCATION too");
}

static void options_as_json(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.t (v INT) WITH (FLUSH_POLICY = "
                           "'rows:5,interval:60', DELETED_RETENTION = '7d')");
    root_reads("SELECT options FROM system.schemas WHERE table_name = 't'",
               "{\"table_type\":\"USER\",\"storage_id\":\"local\",\"use_user_storage\":false,"
               "\"flush_policy\":{\"type\":\"combined\",\"row_limit\":5,\"interval_seconds\":60},"
               "\"deleted_retention\":\"7d\",\"compression\":\"zstd\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(flush_policies), CASE(bad_flush_policies), CASE(retentions),
        CASE(kinds),          CASE(other_options),      CASE(options_as_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
