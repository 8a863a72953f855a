// SPDX-License-Identifier: Apache-2.0
// Executing statements: parameters, expected types, failures, limits, interruption, the cache of
// prepared statements.
#include "engine/engine.h"

#include <malloc.h>
#include <pthread.h>

#include "base/clock.h"
#include "engine/failure_priv.h"
#include "engine_fixture.h"
#include "sample_rows.h"

static void parameters_of_every_type_come_back(void **state)
{
    struct engine_fixture *fixture = *state;
    static const char *const casts[SAMPLE_COLUMNS] = {
        "BOOLEAN",      "SMALLINT",     "INTEGER",       "BIGINT",         "DOUBLE",
        "FLOAT",        "VARCHAR",      "TIMESTAMP",     "DATE",           "TIMESTAMPTZ",
        "TIME",         "VARCHAR",      "BLOB",          "FLOAT[3]",       "UUID",
        "DECIMAL(4,2)", "DECIMAL(9,0)", "DECIMAL(18,5)", "DECIMAL(38,10)", "VARCHAR"};
    struct kdb_value_rows rows = sample_rows(&fixture->ctx.arena, 8);
    for (uint32_t i = 0; i < rows.row_count * SAMPLE_COLUMNS; i++) {
        const kdb_type type = sample_columns[i % SAMPLE_COLUMNS].type;
        const struct kdb_engine_statement statement = {
            .sql =
                kdb_arena_printf(&fixture->ctx.arena, "SELECT $1::%s", casts[i % SAMPLE_COLUMNS]),
            .params = &rows.values[i],
            .param_count = 1,
            .columns = &type,
            .column_count = 1};
        struct kdb_engine_result result = run(fixture, &statement);
        assert_int_equal(result.row_count, 1);
        expect_same(&result.values[0], &rows.values[i]);
    }
}

static void integers_fit_the_width_of_the_parameter(void **state)
{
    struct engine_fixture *fixture = *state;
    static const int64_t numbers[] = {0, -1, 32767, 32768, 2147483647, INT64_C(2147483648)};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const kdb_value param = kdb_value_int(KDB_BIGINT, numbers[i]);
        const struct kdb_engine_statement statement = {
            .sql = KDB_LIT("SELECT $1 > x, $1 = x FROM (VALUES (32767::SMALLINT)) v(x)"),
            .params = &param,
            .param_count = 1};
        struct kdb_engine_result result = run(fixture, &statement);
        assert_int_equal(result.values[0].boolean, numbers[i] > 32767);
        assert_int_equal(result.values[1].boolean, numbers[i] == 32767);
    }
}

static void missing_parameters_are_an_error(void **state)
{
    struct engine_fixture *fixture = *state;
    expect_sql_failure(fixture, "SELECT $1::INT", KDB_ERR_INTERNAL, "1 parameters, 0 values");
    const kdb_value params[] = {kdb_value_int(KDB_INT, 1), kdb_value_int(KDB_INT, 2)};
    const struct kdb_engine_statement statement = {
        .sql = KDB_LIT("SELECT $1::INT"), .params = params, .param_count = 2};
    assert_int_equal(run(fixture, &statement).values[0].integer, 1);
}

static void intervals_come_back(void **state)
{
    struct engine_fixture *fixture = *state;
    const kdb_value param = {.interval = {.micros = -5, .days = 3, .months = -14},
                             .kind = KDB_INTERVAL};
    const struct kdb_engine_statement statement = {
        .sql = KDB_LIT("SELECT $1::INTERVAL"), .params = &param, .param_count = 1};
    struct kdb_engine_result result = run(fixture, &statement);
    assert_int_equal(result.values[0].kind, KDB_INTERVAL);
    assert_int_equal(result.values[0].interval.micros, -5);
    assert_int_equal(result.values[0].interval.days, 3);
    assert_int_equal(result.values[0].interval.months, -14);
}

static void unexpected_result_types_are_internal(void **state)
{
    struct engine_fixture *fixture = *state;
    static const struct {
        const char *sql;
        kdb_type type;
        const char *message;
    } cases[] = {
        {"SELECT 1.5::DOUBLE AS x",
         {.kind = KDB_BIGINT},
         "column 1 (x) is DOUBLE, expected BIGINT"},
        {"SELECT 1::INTEGER", {.kind = KDB_BIGINT}, "is INTEGER, expected BIGINT"},
        {"SELECT 'a'", {.kind = KDB_BYTES}, "is VARCHAR, expected BYTES"},
        {"SELECT now()",
         {.kind = KDB_TIMESTAMP},
         "is TIMESTAMP WITH TIME ZONE, expected TIMESTAMP"},
        {"SELECT 1.5::DECIMAL(10,1)",
         {.kind = KDB_DECIMAL, .precision = 10, .scale = 2},
         "is DECIMAL, expected DECIMAL(10,2)"},
        {"SELECT [1.0]::FLOAT[1]", {.kind = KDB_EMBEDDING, .dimension = 2}, "is ARRAY, expected"},
        {"SELECT [1]", {.kind = KDB_TEXT}, "is LIST, expected TEXT"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct kdb_engine_statement statement = {
            .sql = kdb_slice_cstr(cases[i].sql), .columns = &cases[i].type, .column_count = 1};
        struct kdb_engine_result result;
        expect_failure(fixture,
                       kdb_engine_query(fixture->connection, &fixture->ctx, &statement, &result),
                       KDB_ERR_INTERNAL, cases[i].message);
    }
    expect_sql_failure(fixture, "SELECT {'a': 1}", KDB_ERR_INTERNAL, "STRUCT");
    const struct kdb_engine_statement two = {
        .sql = KDB_LIT("SELECT 1, 2"), .columns = &cases[1].type, .column_count = 1};
    struct kdb_engine_result result;
    expect_failure(fixture, kdb_engine_query(fixture->connection, &fixture->ctx, &two, &result),
                   KDB_ERR_INTERNAL, "2 columns, expected 1");
}

static void sums_of_integers_become_bigint(void **state)
{
    struct engine_fixture *fixture = *state;
    const kdb_type type = KDB_TYPE(KDB_BIGINT);
    struct kdb_engine_statement statement = {.columns = &type, .column_count = 1};
    statement.sql = KDB_LIT("SELECT sum(x) FROM (VALUES (9223372036854775806), (1)) v(x)");
    assert_int_equal(run(fixture, &statement).values[0].integer, INT64_MAX);
    statement.sql = KDB_LIT("SELECT sum(x) FROM (VALUES (-9223372036854775807), (-1)) v(x)");
    assert_int_equal(run(fixture, &statement).values[0].integer, INT64_MIN);
    statement.sql = KDB_LIT("SELECT sum(x) FROM (VALUES (9223372036854775807), (1)) v(x)");
    struct kdb_engine_result result;
    expect_failure(fixture,
                   kdb_engine_query(fixture->connection, &fixture->ctx, &statement, &result),
                   KDB_ERR_OUT_OF_RANGE, "bigint out of range");
    const kdb_type numeric = {.kind = KDB_DECIMAL, .precision = 38};
    statement.columns = &numeric;
    assert_true(run(fixture, &statement).values[0].decimal == (kdb_int128)INT64_MAX + 1);
    statement.sql = KDB_LIT("SELECT NULL::HUGEINT");
    assert_true(run(fixture, &statement).values[0].is_null);
}

static void failures_have_the_right_status(void **state)
{
    struct engine_fixture *fixture = *state;
    static const struct {
        const char *sql;
        kdb_status status;
        const char *message;
    } cases[] = {
        {"SELECT x::INT FROM (VALUES ('abc')) v(x)", KDB_ERR_INVALID_VALUE,
         "invalid input syntax for type integer: \"abc\""},
        {"SELECT x::DATE FROM (VALUES ('abc')) v(x)", KDB_ERR_INVALID_VALUE,
         "invalid input syntax for type date: \"abc\""},
        {"SELECT x + 1::INT FROM (VALUES (2147483647::INT)) v(x)", KDB_ERR_OUT_OF_RANGE,
         "integer out of range"},
        {"SELECT x * 10 FROM (VALUES (9223372036854775807)) v(x)", KDB_ERR_OUT_OF_RANGE,
         "bigint out of range"},
        {"SELECT x::SMALLINT FROM (VALUES (40000)) v(x)", KDB_ERR_OUT_OF_RANGE,
         "smallint out of range"},
        {"SELECT error('division by zero')", KDB_ERR_DIVISION_BY_ZERO, "division by zero"},
        {"SELECT error('kdb:CONSTRAINT:it''s /not/ good')", KDB_ERR_CONSTRAINT, "it's /not/ good"},
        {"SELECT CASE WHEN x = 0 THEN error('kdb:DIVISION_BY_ZERO:division by zero') ELSE 1 / x "
         "END FROM (VALUES (1), (0)) v(x)",
         KDB_ERR_DIVISION_BY_ZERO, "division by zero"},
        {"SELECT sqrt(x) FROM (VALUES (-1)) v(x)", KDB_ERR_OUT_OF_RANGE, "square root"},
        {"SELEC 1", KDB_ERR_INTERNAL, "engine: "},
        {"SELECT nothing", KDB_ERR_INTERNAL, "engine: "},
        {"SELECT * FROM nowhere", KDB_ERR_INTERNAL, "engine: "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_sql_failure(fixture, cases[i].sql, cases[i].status, cases[i].message);
    assert_int_equal(run_sql(fixture, "SELECT 1").row_count, 1);
}

// A sink that counts rows and can fail at one.
struct counting_sink {
    uint64_t row_count;
    uint64_t fails_after; // rows; 0: never
    uint64_t rows_max;    // of one call
    uint32_t begins;
    uint64_t memory_max; // arena bytes seen
};

static kdb_status begin_counting(void *self, struct kdb_ctx *ctx,
                                 const struct kdb_engine_column *columns, uint32_t column_count)
{
    (void)ctx;
    (void)columns;
    assert_true(column_count > 0);
    ((struct counting_sink *)self)->begins++;
    return KDB_OK;
}

static kdb_status count_rows(void *self, struct kdb_ctx *ctx, const kdb_value *values,
                             uint32_t row_count)
{
    struct counting_sink *sink = self;
    assert_non_null(values);
    assert_int_equal(sink->begins, 1);
    sink->row_count += row_count;
    if (row_count > sink->rows_max)
        sink->rows_max = row_count;
    if (ctx->arena.used_bytes > sink->memory_max)
        sink->memory_max = ctx->arena.used_bytes;
    if (sink->fails_after > 0 && sink->row_count >= sink->fails_after)
        return kdb_fail(ctx, KDB_ERR_OVERLOADED, "the sink is full");
    return KDB_OK;
}

static const struct kdb_engine_sink_ops counting_ops = {begin_counting, count_rows};

static kdb_status count_sql(struct engine_fixture *fixture, const char *sql,
                            struct counting_sink *counting)
{
    const struct kdb_engine_sink sink = {&counting_ops, counting};
    const struct kdb_engine_statement statement = {.sql = kdb_slice_cstr(sql)};
    return kdb_engine_execute(fixture->connection, &fixture->ctx, &statement, &sink);
}

static void large_results_stream(void **state)
{
    struct engine_fixture *fixture = *state;
    struct counting_sink counting = {0};
    expect_ok(fixture, count_sql(fixture,
                                 "SELECT range, 'a text of some length ' || range FROM "
                                 "range(500000)",
                                 &counting));
    assert_int_equal(counting.row_count, 500000);
    assert_true(counting.rows_max <= 2048);
    assert_true(counting.memory_max < 1 << 20);
    struct counting_sink none = {0};
    expect_ok(fixture, count_sql(fixture, "SELECT 1 WHERE false", &none));
    assert_int_equal(none.begins, 1);
    assert_int_equal(none.row_count, 0);
}

static void wide_results_are_delivered(void **state)
{
    struct engine_fixture *fixture = *state;
    struct kdb_buf sql = {0};
    KDB_BUF_LIT(&sql, "SELECT range");
    for (int i = 1; i < 3000; i++)
        kdb_buf_printf(&sql, ", %d", i);
    kdb_buf_append(&sql, " FROM range(7)", sizeof(" FROM range(7)"));
    struct counting_sink counting = {0};
    expect_ok(fixture, count_sql(fixture, sql.data, &counting));
    assert_int_equal(counting.row_count, 7);
    kdb_buf_deinit(&sql);
}

static void a_failing_sink_ends_the_statement(void **state)
{
    struct engine_fixture *fixture = *state;
    static const uint64_t places[] = {1, 2048, 100000};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct counting_sink counting = {.fails_after = places[i]};
        kdb_status status = count_sql(fixture, "SELECT * FROM range(10000000)", &counting);
        expect_failure(fixture, status, KDB_ERR_OVERLOADED, "the sink is full");
        assert_in_range(counting.row_count, places[i], places[i] + 2048);
        assert_int_equal(run_sql(fixture, "SELECT 1").row_count, 1);
    }
}

// One row in a very long computation, so that all the time is spent inside one step of DuckDB's.
static const char endless[] =
    "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range * b.range = 7";
// The same for rows that arrive one by one, rarely.
static const char endless_rows[] =
    "SELECT a.range FROM range(100000000) a, range(100000000) b WHERE a.range + b.range = -1";

// DuckDB looks at nothing while it computes one value.
static void the_deadline_is_kept_inside_one_like(void **state)
{
    struct engine_fixture *fixture = *state;
    fixture->ctx.deadline_ns = kdb_monotonic_ns() + 30000000;
    expect_sql_failure(fixture,
                       "SELECT kdb_like(repeat('a', 10000000), '%' || repeat('a', 5000000) || 'b', "
                       "'') FROM range(1)",
                       KDB_ERR_TIMEOUT, "took longer");
    fixture->ctx.deadline_ns = 0;
}

static void the_deadline_is_kept(void **state)
{
    struct engine_fixture *fixture = *state;
    static const char *const statements[] = {endless, endless_rows};
    for (size_t i = 0; i < 2; i++) {
        struct counting_sink counting = {0};
        fixture->ctx.deadline_ns = kdb_monotonic_ns() + 30000000;
        kdb_status status = count_sql(fixture, statements[i], &counting);
        expect_failure(fixture, status, KDB_ERR_TIMEOUT, "took longer");
        fixture->ctx.deadline_ns = 1;
        status = count_sql(fixture, "SELECT 1", &counting);
        expect_failure(fixture, status, KDB_ERR_TIMEOUT, "took longer");
        fixture->ctx.deadline_ns = 0;
        assert_int_equal(run_sql(fixture, "SELECT 1").row_count, 1);
    }
}

// Cancels or interrupts until the statement has ended: however early it comes, one of them hits.
struct stopper {
    struct engine_fixture *fixture;
    atomic_bool is_done;
    bool cancels;
};

static void *stop_statement(void *opaque)
{
    struct stopper *stopper = opaque;
    while (!atomic_load(&stopper->is_done)) {
        if (stopper->cancels)
            atomic_store(&stopper->fixture->ctx.is_cancelled, true);
        else
            kdb_engine_interrupt(stopper->fixture->connection);
        usleep(1000);
    }
    return NULL;
}

static void other_threads_stop_a_statement(void **state)
{
    struct engine_fixture *fixture = *state;
    static const char *const statements[] = {endless, endless_rows};
    for (size_t i = 0; i < 4; i++) {
        struct stopper stopper = {.fixture = fixture, .cancels = i % 2};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, stop_statement, &stopper), 0);
        struct counting_sink counting = {0};
        kdb_status status = count_sql(fixture, statements[i / 2], &counting);
        atomic_store(&stopper.is_done, true);
        (void)pthread_join(thread, NULL);
        expect_failure(fixture, status, KDB_ERR_CANCELLED, "cancelled");
        atomic_store(&fixture->ctx.is_cancelled, false);
        kdb_engine_interrupt(fixture->connection);
        assert_int_equal(run_sql(fixture, "SELECT 1").row_count, 1);
    }
}

static void statements_age_out_of_the_cache(void **state)
{
    struct engine_fixture *fixture = *state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 10; i++) { // the cache holds 4
            kdb_slice sql = kdb_arena_printf(&fixture->ctx.arena, "SELECT %d, $1::INT", i);
            const kdb_value param = kdb_value_int(KDB_INT, round);
            const struct kdb_engine_statement statement = {
                .sql = sql, .params = &param, .param_count = 1, .is_one_shot = i == 5};
            for (int again = 0; again < 2; again++) {
                struct kdb_engine_result result = run(fixture, &statement);
                assert_int_equal(result.values[0].integer, i);
                assert_int_equal(result.values[1].integer, round);
            }
        }
        kdb_engine_forget_statements(fixture->connection);
    }
}

#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void); // its header comes with clang alone
#endif

// Bytes in use, of the whole program.
static size_t allocated_bytes(void)
{
#ifdef __SANITIZE_ADDRESS__
    return __sanitizer_get_current_allocated_bytes();
#else
    return mallinfo2().uordblks;
#endif
}

// DuckDB keeps something of every execution until the prepared statement is destroyed.
static void memory_does_not_grow_with_executions(void **state)
{
    struct engine_fixture *fixture = *state;
    enum { EXECUTIONS = 8000, BYTES_MAX = 8 << 20 };
    size_t before = allocated_bytes();
    for (int i = 0; i < EXECUTIONS; i++) {
        assert_int_equal(run_sql(fixture, "SELECT count(*) FROM range(10)").row_count, 1);
        (void)fixture_reset(state);
    }
    assert_true(allocated_bytes() < before + BYTES_MAX);
}

static void expect_engine_holds_little(struct engine_fixture *fixture)
{
    struct kdb_engine_stats stats;
    expect_ok(fixture, kdb_engine_read_stats(fixture->connection, &fixture->ctx, &stats));
    assert_true(stats.memory_bytes < 4 << 20);
    assert_int_equal(stats.temp_bytes, 0);
}

// DuckDB's plans keep what their last execution gathered.
static void what_a_statement_gathered_is_given_back(void **state)
{
    struct engine_fixture *fixture = *state;
    static const char *const texts[] = {
        "SELECT range FROM range(2000000) ORDER BY range DESC LIMIT 5 OFFSET 1900000",
        "SELECT count(*) FROM range(10) a, (SELECT md5(range::VARCHAR) m FROM range(300000)) b "
        "WHERE b.m < a.range::VARCHAR",
        "SELECT count(*) FROM (SELECT DISTINCT md5(range::VARCHAR) FROM range(300000))",
        "SELECT error(m) FROM (SELECT max(m) m FROM (SELECT md5(range::VARCHAR) m FROM "
        "range(300000) ORDER BY m LIMIT 250000))",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct kdb_engine_statement statement = {.sql = kdb_slice_cstr(texts[i])};
        struct kdb_engine_result result;
        for (int again = 0; again < 2; again++) {
            bool fails = i + 1 == sizeof(texts) / sizeof(texts[0]);
            assert_int_equal(
                kdb_engine_query(fixture->connection, &fixture->ctx, &statement, &result) != KDB_OK,
                fails);
            kdb_ctx_clear_error(&fixture->ctx);
            expect_engine_holds_little(fixture);
        }
        (void)fixture_reset(state);
    }
}

// The plan of a statement takes many times its text: one of a quarter megabyte is not kept.
static void long_statements_are_not_kept(void **state)
{
    struct engine_fixture *fixture = *state;
    enum { COLUMNS = 8000, BYTES_MAX = 4 << 20 };
    run_sql(fixture, "SELECT i + 1 FROM range(1) t(i)");
    size_t before = allocated_bytes();
    for (int number = 0; number < 3; number++) {
        struct kdb_buf sql = {0};
        kdb_buf_printf(&sql, "SELECT %d", number);
        for (int i = 0; i < COLUMNS; i++)
            kdb_buf_printf(&sql, ", i + %d AS c%d", number + i, i);
        KDB_BUF_LIT(&sql, " FROM range(1) t(i)\0");
        assert_int_equal(run_sql(fixture, sql.data).row_count, 1);
        kdb_buf_deinit(&sql);
        (void)fixture_reset(state);
    }
    assert_true(allocated_bytes() < before + BYTES_MAX);
}

// The same text over a table whose columns changed their order, type or name.
static void changed_tables_get_new_statements(void **state)
{
    struct engine_fixture *fixture = *state;
    static const struct kdb_source_column layouts[][2] = {
        {{{"a", 1}, {.kind = KDB_BIGINT}}, {{"b", 1}, {.kind = KDB_TEXT}}},
        {{{"b", 1}, {.kind = KDB_BIGINT}}, {{"a", 1}, {.kind = KDB_TEXT}}},
        {{{"a", 1}, {.kind = KDB_DATE}}, {{"b", 1}, {.kind = KDB_TEXT}}},
    };
    for (int i = 0; i < 6; i++) {
        const struct kdb_source_column *columns = layouts[i % 3];
        kdb_value values[2] = {kdb_value_int((kdb_kind)columns[0].type.kind, 5),
                               kdb_value_bytes(KDB_TEXT, KDB_LIT("five"))};
        struct kdb_value_rows rows = {values, 1, 2};
        struct kdb_row_source source = kdb_value_rows_source(&rows, columns);
        const struct kdb_engine_statement statement = {
            .sql = KDB_LIT("SELECT a FROM kdb_rows(0)"), .sources = &source, .source_count = 1};
        struct kdb_engine_result result = run(fixture, &statement);
        bool is_first = columns[0].name.data[0] == 'a';
        expect_same(&result.values[0], &values[is_first ? 0 : 1]);
        rows.column_count = 1;
        if (is_first) {
            source = kdb_value_rows_source(&rows, columns);
            result = run(fixture, &statement);
            expect_same(&result.values[0], &values[0]);
        }
    }
}

static void plans_are_explained(void **state)
{
    struct engine_fixture *fixture = *state;
    static const struct kdb_source_column column = {{"a", 1}, {.kind = KDB_BIGINT}};
    struct kdb_value_rows rows = {NULL, 0, 1};
    struct kdb_row_source source = kdb_value_rows_source(&rows, &column);
    struct kdb_engine_statement statement = {
        .sql = KDB_LIT("SELECT sum(a) FROM kdb_rows(0)"), .sources = &source, .source_count = 1};
    kdb_slice text;
    expect_ok(fixture, kdb_engine_explain(fixture->connection, &fixture->ctx, &statement, &text));
    assert_int_not_equal(kdb_slice_find(text, KDB_LIT("KDB_ROWS"), 0), SIZE_MAX);
    statement.sql = KDB_LIT("ANALYZE SELECT sum(a) FROM kdb_rows(0)");
    expect_failure(fixture,
                   kdb_engine_explain(fixture->connection, &fixture->ctx, &statement, &text),
                   KDB_ERR_INTERNAL, "engine: ");
}

// Several workers, each with a connection, over one engine.
static void *work(void *opaque)
{
    struct engine_fixture *fixture = opaque;
    struct kdb_engine_connection *connection = NULL;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    uintptr_t failures = kdb_engine_connect(fixture->engine, &ctx, &connection) != KDB_OK;
    for (int i = 0; i < 20 && failures == 0; i++) {
        struct kdb_value_rows rows = sample_rows(&ctx.arena, 100 + (uint64_t)i);
        struct kdb_row_source source = kdb_value_rows_source(&rows, sample_columns);
        const struct kdb_engine_statement statement = {
            .sql = KDB_LIT("SELECT count(*) FROM kdb_rows(0)"),
            .sources = &source,
            .source_count = 1};
        struct kdb_engine_result result;
        if (kdb_engine_query(connection, &ctx, &statement, &result) != KDB_OK ||
            result.values[0].integer != 100 + i)
            failures++;
        kdb_ctx_reset(&ctx);
    }
    kdb_engine_disconnect(connection);
    kdb_ctx_deinit(&ctx);
    return (void *)failures;
}

static void connections_work_side_by_side(void **state)
{
    struct engine_fixture *fixture = *state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, fixture), 0);
    for (int i = 0; i < 4; i++) {
        void *failures = NULL;
        (void)pthread_join(threads[i], &failures);
        assert_null(failures);
    }
}

// With threads of DuckDB's own, a statement is computed elsewhere than where it is waited for.
static void many_threads_give_the_same(void **state)
{
    skip_under_thread_sanitizer();
    struct engine_fixture *fixture = *state;
    struct kdb_engine *engine = fixture_engine(fixture->folder, 4);
    struct kdb_engine_connection *connection = NULL;
    expect_ok(fixture, kdb_engine_connect(engine, &fixture->ctx, &connection));
    struct kdb_value_rows rows = sample_rows(&fixture->ctx.arena, 3000);
    struct kdb_row_source source = kdb_value_rows_source(&rows, sample_columns);
    const struct kdb_engine_statement statement = {
        .sql = KDB_LIT("SELECT count(*) FROM kdb_rows(0) a JOIN kdb_rows(0) b ON a.\"uuid\" = "
                       "b.\"uuid\" JOIN range(2000) r ON a.\"big\" <> r.range"),
        .sources = &source,
        .source_count = 1};
    struct kdb_engine_result single;
    struct kdb_engine_result several;
    expect_ok(fixture, kdb_engine_query(fixture->connection, &fixture->ctx, &statement, &single));
    expect_ok(fixture, kdb_engine_query(connection, &fixture->ctx, &statement, &several));
    assert_int_equal(single.values[0].integer, several.values[0].integer);
    fixture->ctx.deadline_ns = kdb_monotonic_ns() + 30000000;
    const struct kdb_engine_statement forever = {.sql = kdb_slice_cstr(endless)};
    expect_failure(fixture, kdb_engine_query(connection, &fixture->ctx, &forever, &several),
                   KDB_ERR_TIMEOUT, "took longer");
    kdb_engine_disconnect(connection);
    kdb_engine_destroy(engine);
}

// DuckDB gave up its database: statements go on in a new one, on every connection.
static void a_lost_database_is_replaced(void **state)
{
    struct engine_fixture *fixture = *state;
    struct kdb_engine_connection *second = NULL;
    expect_ok(fixture, kdb_engine_connect(fixture->engine, &fixture->ctx, &second));
    struct kdb_value_rows rows = sample_rows(&fixture->ctx.arena, 10);
    struct kdb_row_source source = kdb_value_rows_source(&rows, sample_columns);
    const struct kdb_engine_statement statement = {
        .sql = KDB_LIT("SELECT count(*), current_setting('TimeZone') FROM kdb_rows(0)"),
        .sources = &source,
        .source_count = 1};
    struct kdb_engine_result result;
    for (int round = 0; round < 3; round++) {
        expect_ok(fixture, kdb_engine_query(second, &fixture->ctx, &statement, &result));
        engine_abandon(round % 2 ? second : fixture->connection);
        assert_false(kdb_engine_is_open(fixture->engine));
        result = run(fixture, &statement);
        assert_true(kdb_engine_is_open(fixture->engine));
        assert_int_equal(result.values[0].integer, 10);
        assert_true(kdb_slice_equal(result.values[1].bytes, KDB_LIT("UTC")));
        engine_abandon(second); // still on the old one: no loss
        assert_true(kdb_engine_is_open(fixture->engine));
        expect_ok(fixture, kdb_engine_query(second, &fixture->ctx, &statement, &result));
        assert_int_equal(result.values[0].integer, 10);
    }
    kdb_engine_disconnect(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(parameters_of_every_type_come_back, fixture_reset),
        cmocka_unit_test_setup(integers_fit_the_width_of_the_parameter, fixture_reset),
        cmocka_unit_test_setup(missing_parameters_are_an_error, fixture_reset),
        cmocka_unit_test_setup(intervals_come_back, fixture_reset),
        cmocka_unit_test_setup(unexpected_result_types_are_internal, fixture_reset),
        cmocka_unit_test_setup(sums_of_integers_become_bigint, fixture_reset),
        cmocka_unit_test_setup(failures_have_the_right_status, fixture_reset),
        cmocka_unit_test_setup(large_results_stream, fixture_reset),
        cmocka_unit_test_setup(wide_results_are_delivered, fixture_reset),
        cmocka_unit_test_setup(a_failing_sink_ends_the_statement, fixture_reset),
        cmocka_unit_test_setup(the_deadline_is_kept, fixture_reset),
        cmocka_unit_test_setup(the_deadline_is_kept_inside_one_like, fixture_reset),
        cmocka_unit_test_setup(other_threads_stop_a_statement, fixture_reset),
        cmocka_unit_test_setup(statements_age_out_of_the_cache, fixture_reset),
        cmocka_unit_test_setup(memory_does_not_grow_with_executions, fixture_reset),
        cmocka_unit_test_setup(what_a_statement_gathered_is_given_back, fixture_reset),
        cmocka_unit_test_setup(long_statements_are_not_kept, fixture_reset),
        cmocka_unit_test_setup(changed_tables_get_new_statements, fixture_reset),
        cmocka_unit_test_setup(plans_are_explained, fixture_reset),
        cmocka_unit_test_setup(connections_work_side_by_side, fixture_reset),
        cmocka_unit_test_setup(many_threads_give_the_same, fixture_reset),
        cmocka_unit_test_setup(a_lost_database_is_replaced, fixture_reset),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
