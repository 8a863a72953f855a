// SPDX-License-Identifier: Apache-2.0
// The rows of every system table, on both paths.
#include <string.h>

#include "exec/system_rows.h"
#include "sql/parse.h"
#include "unit/exec/exec_case.h"

static const char *const tables[] = {
    "system.users",
    "system.namespaces",
    "system.schemas",
    "system.table_schemas",
    "system.tables",
    "system.columns",
    "system.storages",
    "system.storage_locations",
    "system.jobs",
    "system.manifest",
    "system.user_table_counters",
    "system.live",
    "system.live_queries",
    "system.stats",
    "system.settings",
    "system.datatypes",
    "information_schema.tables",
    "information_schema.columns",
    "information_schema.schemata",
};

static void all_can_be_read_on_both_paths(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.t (id INT PRIMARY KEY, v TEXT DEFAULT 'x')");
    alice_says("INSERT INTO app.t (id) VALUES (1)", "Inserted 1 row(s)");
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        char sql[128];
        (void)snprintf(sql, sizeof(sql), "SELECT * FROM %s", tables[i]);
        const struct exec_result *rows = exec_fixture_ok(db, "root", KDB_ROLE_SYSTEM, sql);
        assert_true(rows->column_count > 0);
        if (strcmp(tables[i], "system.stats") == 0)
            continue; // figures move
        db->forces_engine = true;
        const struct exec_result *again = exec_fixture_ok(db, "root", KDB_ROLE_SYSTEM, sql);
        db->forces_engine = false;
        assert_int_equal(again->row_count, rows->row_count);
        assert_int_equal(strlen(again->text), strlen(rows->text));
    }
}

static void there_is_a_maker_for_every_table(void **state)
{
    (void)state;
    const struct exec_result *result = exec_fixture_ok(
        db, "root", KDB_ROLE_SYSTEM,
        "SELECT namespace_id, table_name FROM system.tables WHERE table_type = 'system'");
    assert_int_equal(result->row_count, sizeof(tables) / sizeof(tables[0]));
    for (size_t i = 0; i < result->row_count; i++) {
        char sql[128];
        (void)snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM %s.%s", result->cells[2 * i],
                       result->cells[2 * i + 1]);
        (void)exec_fixture_ok(db, "root", KDB_ROLE_SYSTEM, sql);
    }
}

static void system_tables_are_for_administrators(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        char sql[128];
        bool is_open = strncmp(tables[i], "information_schema", 18) == 0 ||
                       strcmp(tables[i], "system.live_queries") == 0; // everyone their own
        (void)snprintf(sql, sizeof(sql), "SELECT * FROM %s", tables[i]);
        if (is_open)
            (void)exec_fixture_ok(db, "alice", KDB_ROLE_USER, sql);
        else
            alice_fails(sql, KDB_ERR_PERMISSION_DENIED, "System tables require 'dba' or 'system'");
        root_fails(is_open ? "EXECUTE AS USER 'x' (SELECT * FROM system.users)"
                           : "EXECUTE AS USER 'x' (SELECT * FROM system.jobs)",
                   KDB_ERR_PERMISSION_DENIED, "Access denied");
    }
}

static void tables_and_schemas(void **state)
{
    (void)state;
    alice_says("CREATE USER TABLE app.t (id INT PRIMARY KEY, v TEXT NOT NULL DEFAULT 'x' COMMENT "
               "'why') WITH (FLUSH_POLICY = 'rows:5', DELETED_RETENTION = '7d')",
               "user table app.t created successfully");
    root_reads("SELECT namespace_id, table_name, table_type, storage_id, version, comment, "
               "created_at, owner, location, flush_policy, deleted_retention, column_family FROM "
               "system.tables WHERE namespace_id = 'app'",
               "app|t|user|local|1|NULL|2026-05-04 10:00:00|alice|NULL|rows:5|7d|"
               "user_table:app:t\n");
    root_reads("SELECT table_id, table_name, namespace_id, table_type, schema_version, is_latest, "
               "storage_id, use_user_storage, access_level FROM system.schemas",
               "app:t|t|app|user|1|true|local|false|NULL\n");
    root_reads(
        "SELECT columns FROM system.schemas",
        "[{\"column_id\":1,\"column_name\":\"id\",\"column_comment\":null,\"data_type\":\"INT\","
        "\"default_value\":null,\"ordinal_position\":1,\"is_nullable\":false,\"is_primary_key\":"
        "true,\"is_partition_key\":false},"
        "{\"column_id\":2,\"column_name\":\"v\",\"column_comment\":\"why\",\"data_type\":\"TEXT\","
        "\"default_value\":\"'x'\",\"ordinal_position\":2,\"is_nullable\":false,"
        "\"is_primary_key\":false,\"is_partition_key\":false},"
        "{\"column_id\":-1,\"column_name\":\"_seq\",\"column_comment\":null,\"data_type\":"
        "\"BIGINT\",\"default_value\":null,\"ordinal_position\":3,\"is_nullable\":false,"
        "\"is_primary_key\":false,\"is_partition_key\":false},"
        "{\"column_id\":-2,\"column_name\":\"_updated\",\"column_comment\":null,\"data_type\":"
        "\"TIMESTAMP\",\"default_value\":null,\"ordinal_position\":4,\"is_nullable\":false,"
        "\"is_primary_key\":false,\"is_partition_key\":false},"
        "{\"column_id\":-3,\"column_name\":\"_deleted\",\"column_comment\":null,\"data_type\":"
        "\"BOOLEAN\",\"default_value\":\"FALSE\",\"ordinal_position\":5,\"is_nullable\":false,"
        "\"is_primary_key\":false,\"is_partition_key\":false}]\n");
    root_reads("SELECT schema_id, table_id, version, changes FROM system.table_schemas",
               "app:t:1|app:t|1|CREATE TABLE\n");
    root_reads("SELECT arrow_schema ->> 'metadata', arrow_schema -> 'fields' -> 0 FROM "
               "system.table_schemas",
               "{}|{\"name\":\"id\",\"data_type\":\"Int32\",\"nullable\":false,\"dict_id\":0,"
               "\"dict_is_ordered\":false,\"metadata\":{\"PARQUET:field_id\":\"1\"}}\n");
}

static void columns(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.t (k TEXT PRIMARY KEY, d DECIMAL(10,2))");
    root_reads("SELECT column_id, column_name, data_type, default_value, ordinal, nullable, "
               "primary_key, primary_key_pos FROM system.columns WHERE table_name = 't' ORDER BY "
               "ordinal",
               "1|k|TEXT|NULL|1|false|true|1\n"
               "2|d|DECIMAL(10,2)|NULL|2|true|false|NULL\n"
               "-1|_seq|BIGINT|NULL|3|false|false|NULL\n"
               "-2|_updated|TIMESTAMP|NULL|4|false|false|NULL\n"
               "-3|_deleted|BOOLEAN|FALSE|5|false|false|NULL\n");
    alice_reads("SELECT table_schema, column_name, ordinal_position, is_nullable, data_type FROM "
                "information_schema.columns WHERE table_name = 't' ORDER BY ordinal_position",
                "app|k|1|NO|TEXT\napp|d|2|YES|DECIMAL(10,2)\napp|_seq|3|NO|BIGINT\n"
                "app|_updated|4|NO|TIMESTAMP\napp|_deleted|5|NO|BOOLEAN\n");
    alice_reads("SELECT table_name, table_type FROM information_schema.tables WHERE table_schema "
                "IN ('app', 'information_schema') ORDER BY table_name",
                "columns|VIEW\nschemata|VIEW\nt|BASE TABLE\ntables|VIEW\n");
    alice_reads("SELECT schema_name FROM information_schema.schemata ORDER BY schema_name",
                "app\ndba\ndefault\ninformation_schema\nsystem\n");
}

static void counters(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.t (id INT PRIMARY KEY);"
                           "CREATE USER TABLE app.u (id INT PRIMARY KEY)");
    alice_says("INSERT INTO app.t (id) VALUES (1), (2), (3)", "Inserted 3 row(s)");
    alice_says("DELETE FROM app.t WHERE id = 2", "Deleted 1 row(s)");
    exec_fixture_expect_message(db, "o'neil", KDB_ROLE_USER, "INSERT INTO app.u (id) VALUES (1)",
                                "Inserted 1 row(s)");
    root_reads("SELECT user_id, table_id, hot_rows, live_rows, last_flush_at FROM "
               "system.user_table_counters ORDER BY user_id",
               "alice|app:t|3|2|NULL\no'neil|app:u|1|1|NULL\n");
}

static void put_settings(void *self, kdb_setting_visit visit, void *arg)
{
    (void)self;
    const struct kdb_setting_row rows[] = {
        {KDB_LIT("server.port"), KDB_LIT("8080"), KDB_LIT("TCP port"), KDB_LIT("Server")},
        {KDB_LIT("auth.jwt_secret"), KDB_LIT("***"), KDB_LIT("Key"), KDB_LIT("Authentication")}};
    visit(arg, &rows[0]);
    visit(arg, &rows[1]);
}

static void put_stats(void *self, kdb_metric_visit visit, void *arg)
{
    (void)self;
    visit(arg, KDB_LIT("max_connections"), KDB_LIT("25000"));
}

static void settings_and_stats(void **state)
{
    (void)state;
    root_reads("SELECT * FROM system.settings", "");
    db->system.settings = put_settings;
    db->system.stats = put_stats;
    root_reads("SELECT * FROM system.settings", "server.port|8080|TCP port|Server\n"
                                                "auth.jwt_secret|***|Key|Authentication\n");
    atomic_fetch_add(&db->now_us, INT64_C(90061) * 1000000);
    exec_fixture_setup(db, "CREATE USER TABLE app.t (id INT PRIMARY KEY);"
                           "CREATE USER bob WITH INTERNAL; DROP USER bob");
    static const char *const expected[][2] = {
        {"server_version", "0.0.0-test"},
        {"server_uptime_seconds", "90061"},
        {"server_uptime_human", "1d 1h 1m 1s"},
        {"max_connections", "25000"},
        {"total_users", "1"},
        {"total_namespaces", "3"},
        {"total_tables", "1"},
        {"schema_cache_size", "1"},
        {"schema_registry_size", "20"},
        {"total_storages", "1"},
        {"total_jobs", "0"},
        {"jobs_running", "0"},
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        char sql[160];
        char rows[64];
        (void)snprintf(sql, sizeof(sql),
                       "SELECT metric_value FROM system.stats WHERE metric_name = '%s'",
                       expected[i][0]);
        (void)snprintf(rows, sizeof(rows), "%s\n", expected[i][1]);
        root_reads(sql, rows);
    }
    const struct exec_result *result = exec_fixture_ok(
        db, "root", KDB_ROLE_SYSTEM,
        "SELECT metric_value FROM system.stats WHERE metric_name = 'memory_rss_bytes'");
    assert_true(strtoll(result->cells[0], NULL, 10) > 1000000);
    db->services.system = NULL;
    root_reads("SELECT * FROM system.settings", "");
    root_reads("SELECT COUNT(*) FROM system.stats WHERE metric_name = 'server_version'", "0\n");
}

static void datatypes(void **state)
{
    (void)state;
    root_reads("SELECT * FROM system.datatypes WHERE kalam_type IN ('BigInt', 'Timestamp') ORDER "
               "BY kalam_type",
               "Int64|BigInt|BIGINT|whole number of 64 bits, a string in JSON\n"
               "Timestamp(Microsecond, None)|Timestamp|TIMESTAMP|point in time in microseconds, "
               "without zone\n");
}

static void can_be_joined(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER TABLE app.t (id INT PRIMARY KEY, v INT)");
    root_reads("SELECT t.table_name, COUNT(*) FROM system.tables t JOIN system.columns c ON "
               "c.table_name = t.table_name AND c.namespace_id = t.namespace_id WHERE "
               "t.namespace_id = 'app' GROUP BY t.table_name",
               "t|5\n");
}

// No column of a system table stands for the others in GROUP BY as a primary key does.
static void system_tables_have_no_key(void **state)
{
    (void)state;
    root_fails("SELECT table_name FROM system.tables GROUP BY namespace_id", KDB_ERR_INVALID_QUERY,
               "must appear in the GROUP BY clause");
    root_reads("SELECT table_type, COUNT(*) FROM system.tables WHERE table_name IN ('users', "
               "'tables') GROUP BY table_type",
               "system|3\n");
    root_reads("SELECT table_schema, table_name FROM information_schema.tables WHERE table_name IN "
               "('users', 'tables') ORDER BY table_schema DESC, table_name DESC",
               "system|users\nsystem|tables\ninformation_schema|tables\n");
}

// ---- conditions that are looked up ----

static void create_two_namespaces(void)
{
    exec_fixture_setup(db, "CREATE NAMESPACE other;"
                           "CREATE USER TABLE app.t (id INT PRIMARY KEY);"
                           "CREATE USER TABLE app.u (id INT PRIMARY KEY);"
                           "CREATE USER TABLE other.t (id INT PRIMARY KEY, v TEXT);"
                           "CREATE USER bob WITH INTERNAL;"
                           "CREATE USER eve WITH INTERNAL");
}

// The rows of the plan's first table that are made before its filter decides.
static size_t made(const char *sql)
{
    struct kdb_ctx ctx;
    struct kdb_scan scan;
    kdb_ctx_init(&ctx, 0);
    struct kdb_catalog_snapshot *snapshot = kdb_catalog_acquire(db->services.catalog);
    assert_int_equal(kdb_sql_scan(kdb_slice_cstr(sql), &ctx, &scan), KDB_OK);
    const struct kdb_plan_request request = {.scanned = &scan.statements[0],
                                             .catalog = snapshot,
                                             .role = KDB_ROLE_SYSTEM,
                                             .terms_max = db->services.terms_max,
                                             .depth_max = db->services.depth_max,
                                             .forces_engine = true};
    struct kdb_plan *plan;
    assert_int_equal(kdb_plan_make(&request, &ctx, &plan), KDB_OK);
    struct kdb_exec exec = {.services = &db->services,
                            .ctx = &ctx,
                            .snapshot = snapshot,
                            .plan = plan,
                            .user = KDB_LIT("root"),
                            .role = KDB_ROLE_SYSTEM,
                            .tier = KDB_READ_ANY};
    assert_int_equal(kdb_plan_inputs(plan, &ctx, &scan.statements[0], NULL, 0, &exec.inputs),
                     KDB_OK);
    const struct kdb_engine_source *source = &plan->sources[0];
    struct kdb_system_rows rows;
    assert_int_equal(kdb_system_rows_make(&exec, source->relation->table, source->keys,
                                          source->key_count, &rows),
                     KDB_OK);
    kdb_plan_unref(plan);
    kdb_catalog_release(snapshot);
    kdb_ctx_deinit(&ctx);
    return rows.count;
}

static void what_is_asked_for_by_name_is_looked_up(void **state)
{
    (void)state;
    create_two_namespaces();
    static const struct {
        const char *sql;
        size_t rows;
    } cases[] = {
        {"SELECT 1 FROM system.tables WHERE namespace_id = 'app' AND table_name = 't'", 1},
        {"SELECT 1 FROM system.tables WHERE 'app' = namespace_id", 2},
        {"SELECT 1 FROM system.tables WHERE table_name = 't'", 2},
        {"SELECT 1 FROM system.tables WHERE table_name IN ('t', 'u', 't', NULL)", 3},
        {"SELECT 1 FROM system.tables WHERE table_name = 'none'", 0},
        {"SELECT 1 FROM system.tables WHERE table_name = NULL", 0},
        {"SELECT 1 FROM system.tables WHERE table_id = 4294967296", 0},
        {"SELECT 1 FROM system.tables WHERE table_id = -1", 0},
        {"SELECT 1 FROM system.schemas WHERE namespace_id = 'other' AND table_name = 't'", 1},
        {"SELECT 1 FROM system.schemas WHERE table_id = 'other:t'", 1},
        {"SELECT 1 FROM system.schemas WHERE table_id = 'other'", 0},
        {"SELECT 1 FROM system.table_schemas WHERE table_id IN ('app:t', 'other:t')", 2},
        {"SELECT 1 FROM system.columns WHERE namespace_id = 'app' AND table_name = 't'", 4},
        {"SELECT 1 FROM system.namespaces WHERE namespace_id = 'app'", 1},
        {"SELECT 1 FROM system.users WHERE user_id IN ('eve', 'bob', 'nobody')", 2},
        {"SELECT 1 FROM information_schema.tables WHERE table_schema = 'app' AND table_name = 'u'",
         1},
        {"SELECT 1 FROM information_schema.columns WHERE table_schema = 'app' AND table_name = 'u'",
         4},
        {"SELECT COUNT(*) FROM system.tables a JOIN system.columns b ON a.table_name = "
         "b.table_name WHERE a.namespace_id = 'app' AND a.table_name = 'u'",
         1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t rows = made(cases[i].sql);
        if (rows != cases[i].rows)
            fail_msg("%s: %zu rows were made, not %zu", cases[i].sql, rows, cases[i].rows);
    }
}

// No condition changes what is found: IS TRUE is no conjunct that anything is looked up by.
static void a_lookup_finds_what_the_filter_does(void **state)
{
    (void)state;
    create_two_namespaces();
    static const struct {
        const char *table;
        const char *condition;
    } cases[] = {
        {"system.tables", "namespace_id = 'app' AND table_name = 't'"},
        {"system.tables", "namespace_id = 'app' OR table_name = 't'"},
        {"system.tables", "(namespace_id = 'app' OR namespace_id = 'other') AND table_name = 't'"},
        {"system.tables", "namespace_id = 'app' AND namespace_id = 'other'"},
        {"system.tables", "namespace_id IN ('other', 'app', NULL) AND table_name IN ('u', 't')"},
        {"system.tables", "namespace_id NOT IN ('app') AND table_name = 't'"},
        {"system.tables", "NOT (namespace_id = 'app')"},
        {"system.tables", "namespace_id = NULL OR table_name = 'u'"},
        {"system.tables", "namespace_id IS NULL"},
        {"system.tables", "table_name > 't' AND namespace_id = 'app'"},
        {"system.tables", "namespace_id = 'system'"},
        {"system.tables", "table_id IN (1, 3, 99, -1, 4294967297)"},
        {"system.tables", "table_id = 1 AND namespace_id = 'other'"},
        {"system.tables", "table_id = 1 OR table_id = 2"},
        {"system.tables", "table_name = 'T' OR table_name = 't '"},
        {"system.tables", "table_name = lower('T')"},
        {"system.tables", "table_name = namespace_id"},
        {"system.schemas", "namespace_id = 'system'"}, // only SHOW TABLES has those
        {"system.schemas", "table_id = 'other:t' AND schema_version = 1"},
        {"system.schemas", "table_id IN ('other:t', 'app:u', ':', '', 'a:b:c')"},
        {"system.table_schemas", "table_id = 'other:t'"},
        {"system.columns", "table_name = 't' AND column_name = 'v'"},
        {"system.namespaces", "namespace_id IN ('other', 'app')"},
        {"system.namespaces", "name = 'app'"},
        {"system.users", "user_id = 'bob' OR user_id = 'eve'"},
        {"system.users", "user_id = 'bob' AND role = 'dba'"},
        {"information_schema.tables", "table_schema = 'app' AND table_name IN ('t', 'u')"},
        {"information_schema.columns", "table_schema = 'other' AND table_name = 't'"},
        {"information_schema.columns", "table_schema = 'app' AND column_name = 'id'"},
    };
    for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
        char sql[512];
        const char *table = cases[i / 2].table;
        const char *condition = cases[i / 2].condition;
        db->forces_engine = i % 2 == 1;
        (void)snprintf(sql, sizeof(sql), "SELECT * FROM %s WHERE (%s) IS TRUE ORDER BY 1, 2, 3, 4",
                       table, condition);
        const struct exec_result *filtered = exec_fixture_ok(db, "root", KDB_ROLE_SYSTEM, sql);
        (void)snprintf(sql, sizeof(sql), "SELECT * FROM %s WHERE %s ORDER BY 1, 2, 3, 4", table,
                       condition);
        root_reads(sql, filtered->text);
    }
    db->forces_engine = false;
}

// Rows without ORDER BY come as they do without a lookup: by namespace and name.
static void a_lookup_keeps_the_order(void **state)
{
    (void)state;
    create_two_namespaces();
    root_reads("SELECT namespace_id, table_name FROM system.tables WHERE table_name IN ('u', 't') "
               "AND namespace_id IN ('other', 'app')",
               "app|t\napp|u\nother|t\n");
    root_reads("SELECT user_id FROM system.users WHERE user_id IN ('eve', 'bob')", "bob\neve\n");
    root_reads("SELECT namespace_id, table_count FROM system.namespaces WHERE namespace_id IN "
               "('other', 'app')",
               "app|2\nother|1\n");
}

static void a_lookup_by_parameter(void **state)
{
    (void)state;
    create_two_namespaces();
    const char *sql = "SELECT namespace_id, table_name FROM system.tables WHERE namespace_id = $1 "
                      "AND table_name IN ($2, 'u')";
    struct kdb_param params[] = {{'s', kdb_value_bytes(KDB_UNKNOWN, KDB_LIT("app"))},
                                 {'s', kdb_value_bytes(KDB_UNKNOWN, KDB_LIT("t"))}};
    for (int i = 0; i < 2; i++) {
        db->forces_engine = i == 1;
        params[0].value.bytes = KDB_LIT("app");
        const struct exec_result *rows =
            exec_fixture_run_params(db, "root", KDB_ROLE_SYSTEM, sql, params, 2);
        assert_int_equal(rows->row_count, 2);
        params[0].value.bytes = KDB_LIT("other"); // the same plan
        rows = exec_fixture_run_params(db, "root", KDB_ROLE_SYSTEM, sql, params, 2);
        assert_string_equal(rows->text, "other|t\n");
    }
}

// A condition about the nullable side of an outer join says nothing about the rows of its table.
static void a_lookup_below_an_outer_join(void **state)
{
    (void)state;
    create_two_namespaces();
    root_reads("SELECT a.table_name, b.table_name FROM system.tables a LEFT JOIN system.tables b "
               "ON b.table_id = a.table_id AND b.table_name = 't' WHERE a.namespace_id = 'app' "
               "ORDER BY 1",
               "t|t\nu|NULL\n");
    root_reads("SELECT a.table_name FROM system.tables a LEFT JOIN system.tables b ON b.table_id = "
               "a.table_id AND b.version > 9 WHERE a.namespace_id = 'app' AND (b.table_name = 't') "
               "IS NULL ORDER BY 1",
               "t\nu\n");
    root_reads("SELECT (SELECT COUNT(*) FROM system.columns c WHERE c.namespace_id = "
               "a.namespace_id AND c.table_name = 't') FROM system.tables a WHERE a.table_name = "
               "'t' ORDER BY 1",
               "4\n5\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(all_can_be_read_on_both_paths),
        CASE(there_is_a_maker_for_every_table),
        CASE(system_tables_are_for_administrators),
        CASE(tables_and_schemas),
        CASE(columns),
        CASE(counters),
        CASE(settings_and_stats),
        CASE(datatypes),
        CASE(can_be_joined),
        CASE(system_tables_have_no_key),
        CASE(what_is_asked_for_by_name_is_looked_up),
        CASE(a_lookup_finds_what_the_filter_does),
        CASE(a_lookup_keeps_the_order),
        CASE(a_lookup_by_parameter),
        CASE(a_lookup_below_an_outer_join),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
