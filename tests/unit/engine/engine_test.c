// SPDX-License-Identifier: Apache-2.0
// Opening the engine: nothing before it is needed, the right settings on every connection, and the
// locks.
#include "engine/engine.h"

#include "engine/parquet.h"
#include "engine_fixture.h"

static void opens_on_first_connection(void **state)
{
    struct engine_fixture *fixture = *state;
    struct kdb_engine *engine = fixture_engine(fixture->folder, 1);
    assert_false(kdb_engine_is_open(engine));
    struct kdb_engine_connection *connection = NULL;
    expect_ok(fixture, kdb_engine_connect(engine, &fixture->ctx, &connection));
    assert_true(kdb_engine_is_open(engine));
    kdb_engine_disconnect(connection);
    kdb_engine_destroy(engine);
}

static void missing_temp_folder_fails_when_it_is_needed(void **state)
{
    struct engine_fixture *fixture = *state;
    const struct kdb_engine_options options = {.temp_dir = fixture_path(fixture, "spill"),
                                               .memory_bytes = 64 << 20,
                                               .temp_bytes_max = 1 << 20};
    struct kdb_engine *engine = kdb_engine_create(&options);
    struct kdb_engine_connection *connection = NULL;
    expect_ok(fixture, kdb_engine_connect(engine, &fixture->ctx, &connection));
    const struct kdb_engine_statement statement = {
        .sql = KDB_LIT("SELECT max(m) FROM (SELECT md5(range::VARCHAR) AS m, row_number() OVER "
                       "(ORDER BY md5(range::VARCHAR)) AS r FROM range(1500000)) WHERE r > 5")};
    struct kdb_engine_result result;
    expect_failure(fixture, kdb_engine_query(connection, &fixture->ctx, &statement, &result),
                   KDB_ERR_LIMIT_EXCEEDED, "more memory than the engine has");
    kdb_engine_disconnect(connection);
    kdb_engine_destroy(engine);
    (void)rmdir(fixture->path);
}

// Settings made with GLOBAL must hold on a connection made later.
static void later_connections_have_the_settings(void **state)
{
    struct engine_fixture *fixture = *state;
    struct kdb_engine_connection *second = NULL;
    expect_ok(fixture, kdb_engine_connect(fixture->engine, &fixture->ctx, &second));
    const struct kdb_engine_statement statement = {
        .sql = KDB_LIT("SELECT current_setting('TimeZone'), 7 / 2, "
                       "(SELECT string_agg(coalesce(x, '-'), '' ORDER BY x) FROM (VALUES ('b'), "
                       "(NULL), ('a')) v(x)), (SELECT string_agg(coalesce(x, '-'), '' ORDER BY x "
                       "DESC) FROM (VALUES ('b'), (NULL), ('a')) v(x)), "
                       "TIMESTAMPTZ '2026-05-04 10:00:00+02'::VARCHAR, "
                       "current_setting('enable_external_access'), "
                       "current_setting('lock_configuration')")};
    struct kdb_engine_result result;
    expect_ok(fixture, kdb_engine_query(second, &fixture->ctx, &statement, &result));
    assert_int_equal(result.row_count, 1);
    assert_true(kdb_slice_equal(result.values[0].bytes, KDB_LIT("UTC")));
    assert_int_equal(result.values[1].integer, 3);
    assert_true(kdb_slice_equal(result.values[2].bytes, KDB_LIT("ab-")));
    assert_true(kdb_slice_equal(result.values[3].bytes, KDB_LIT("-ba")));
    assert_true(kdb_slice_equal(result.values[4].bytes, KDB_LIT("2026-05-04 08:00:00+00")));
    assert_false(result.values[5].boolean);
    assert_true(result.values[6].boolean);
    kdb_engine_disconnect(second);
}

static void files_outside_are_refused(void **state)
{
    struct engine_fixture *fixture = *state;
    static const char *const statements[] = {
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_blob('/proc/self/environ')",
        "SELECT * FROM read_parquet('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
    };
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        expect_sql_failure(fixture, statements[i], KDB_ERR_INTERNAL, "disabled by configuration");
    expect_sql_failure(fixture, "SELECT * FROM '/etc/passwd'", KDB_ERR_INTERNAL, "engine: ");
    char sql[256];
    (void)snprintf(sql, sizeof(sql), "SELECT * FROM read_text('%s/../../etc/passwd')",
                   fixture->folder);
    expect_sql_failure(fixture, sql, KDB_ERR_INTERNAL, "disabled by configuration");
}

static void messages_have_no_folders(void **state)
{
    struct engine_fixture *fixture = *state;
    const struct kdb_engine_statement statement = {
        .sql = KDB_LIT("SELECT * FROM read_text('/etc/default/secret.txt')")};
    struct kdb_engine_result result;
    assert_int_equal(kdb_engine_query(fixture->connection, &fixture->ctx, &statement, &result),
                     KDB_ERR_INTERNAL);
    assert_null(strstr(fixture->ctx.error.message, "/etc"));
    assert_non_null(strstr(fixture->ctx.error.message, "secret.txt"));
}

static void only_select_runs(void **state)
{
    struct engine_fixture *fixture = *state;
    static const char *const statements[] = {
        "SET threads = 2",
        "SET TimeZone = 'America/New_York'",
        "RESET memory_limit",
        "PRAGMA enable_profiling",
        "PRAGMA memory_limit = '1GB'",
        "COPY (SELECT 1) TO '/tmp/kdb-engine-out.csv'",
        "ATTACH ':memory:' AS other",
        "ATTACH '/tmp/kdb-engine-other.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CREATE TABLE t (a INT)",
        "CREATE MACRO m() AS 1",
        "CREATE SECRET (TYPE s3)",
        "EXPLAIN SELECT 1",
        "EXPLAIN ANALYZE SELECT 1",
        "PREPARE p AS SELECT 1",
        "SET VARIABLE x = 1",
        "EXPORT DATABASE '/tmp/kdb-engine-export'",
        "CHECKPOINT",
        "USE memory",
        "BEGIN",
        "SELECT 1; SELECT 2",
        "",
    };
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        const struct kdb_engine_statement statement = {.sql = kdb_slice_cstr(statements[i])};
        struct kdb_engine_result result;
        kdb_status status =
            kdb_engine_query(fixture->connection, &fixture->ctx, &statement, &result);
        if (status == KDB_OK)
            fail_msg("%s was run", statements[i]);
        kdb_ctx_clear_error(&fixture->ctx);
    }
    assert_int_equal(run_sql(fixture, "SELECT 1").row_count, 1);
}

static void writing_outside_is_refused(void **state)
{
    struct engine_fixture *fixture = *state;
    const struct kdb_source_column column = {KDB_LIT("a"), KDB_TYPE(KDB_INT)};
    kdb_value value = kdb_value_int(KDB_INT, 1);
    struct kdb_value_rows rows = {&value, 1, 1};
    const int32_t field_id = 1;
    const struct kdb_parquet_write what = {.path = "/tmp/kdb-engine-outside.parquet",
                                           .source = kdb_value_rows_source(&rows, &column),
                                           .field_ids = &field_id};
    struct kdb_parquet_written written;
    expect_failure(fixture, kdb_parquet_write(fixture->connection, &fixture->ctx, &what, &written),
                   KDB_ERR_INTERNAL, "disabled by configuration");
    assert_int_not_equal(access(what.path, F_OK), 0);
}

static void statistics_are_read(void **state)
{
    struct engine_fixture *fixture = *state;
    struct kdb_engine_stats stats = {1, 1};
    expect_ok(fixture, kdb_engine_read_stats(fixture->connection, &fixture->ctx, &stats));
    assert_true(stats.memory_bytes < UINT64_C(1) << 32);
    assert_int_equal(stats.temp_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(opens_on_first_connection, fixture_reset),
        cmocka_unit_test_setup(missing_temp_folder_fails_when_it_is_needed, fixture_reset),
        cmocka_unit_test_setup(later_connections_have_the_settings, fixture_reset),
        cmocka_unit_test_setup(files_outside_are_refused, fixture_reset),
        cmocka_unit_test_setup(messages_have_no_folders, fixture_reset),
        cmocka_unit_test_setup(only_select_runs, fixture_reset),
        cmocka_unit_test_setup(writing_outside_is_refused, fixture_reset),
        cmocka_unit_test_setup(statistics_are_read, fixture_reset),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
