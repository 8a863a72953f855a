// SPDX-License-Identifier: Apache-2.0
// Row sources inside statements: every type, projection, several scans at once, failures, frozen
// rows, runs of cells.
#include "engine/row_source.h"

#include "engine_fixture.h"
#include "sample_rows.h"

static void expect_rows(const struct kdb_engine_result *result, const struct kdb_value_rows *rows)
{
    assert_int_equal(result->row_count, rows->row_count);
    assert_int_equal(result->column_count, rows->column_count);
    for (uint64_t i = 0; i < rows->row_count * rows->column_count; i++)
        expect_same(&result->values[i], &rows->values[i]);
}

static struct kdb_engine_statement all_rows(const struct kdb_row_source *source)
{
    static kdb_type types[SAMPLE_COLUMNS];
    for (uint32_t i = 0; i < SAMPLE_COLUMNS; i++)
        types[i] = sample_columns[i].type;
    return (struct kdb_engine_statement){.sql = KDB_LIT("SELECT * FROM kdb_rows(0)"),
                                         .sources = source,
                                         .source_count = 1,
                                         .columns = types,
                                         .column_count = SAMPLE_COLUMNS};
}

static void every_type_comes_back(void **state)
{
    struct engine_fixture *fixture = *state;
    static const uint64_t counts[] = {0, 1, 63, 2047, 2048, 2049, 5000};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct kdb_value_rows rows = sample_rows(&fixture->ctx.arena, counts[i]);
        struct kdb_row_source source = kdb_value_rows_source(&rows, sample_columns);
        struct kdb_engine_statement statement = all_rows(&source);
        struct kdb_engine_result result = run(fixture, &statement);
        expect_rows(&result, &rows);
    }
}

static void frozen_rows_come_back(void **state)
{
    struct engine_fixture *fixture = *state;
    static const uint64_t counts[] = {0, 1, 2048, 5000};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct kdb_value_rows rows = sample_rows(&fixture->ctx.arena, counts[i]);
        struct kdb_row_source source = kdb_value_rows_source(&rows, sample_columns);
        struct kdb_frozen_rows *frozen = NULL;
        expect_ok(fixture, kdb_frozen_rows_build(&source, &fixture->ctx, 0, &frozen));
        assert_int_equal(kdb_frozen_rows_count(frozen), counts[i]);
        struct kdb_row_source again = kdb_frozen_rows_source(frozen);
        struct kdb_engine_statement statement = all_rows(&again);
        for (int round = 0; round < 2; round++) {
            struct kdb_engine_result result = run(fixture, &statement);
            expect_rows(&result, &rows);
        }
        kdb_frozen_rows_unref(frozen);
    }
}

// What statements do with the vectors (sorting, filtering, changing) must not reach the frozen
// ones.
static void frozen_rows_stay_as_they_are(void **state)
{
    struct engine_fixture *fixture = *state;
    struct kdb_value_rows rows = sample_rows(&fixture->ctx.arena, 3000);
    struct kdb_row_source source = kdb_value_rows_source(&rows, sample_columns);
    struct kdb_frozen_rows *frozen = NULL;
    expect_ok(fixture, kdb_frozen_rows_build(&source, &fixture->ctx, 0, &frozen));
    struct kdb_row_source again = kdb_frozen_rows_source(frozen);
    struct kdb_engine_statement statement = all_rows(&again);
    static const char *const disturbing[] = {
        "SELECT count(*) FROM (SELECT \"big\" + 1, upper(\"text\"), reverse(\"text\") FROM "
        "kdb_rows(0) WHERE \"int\" > 0 ORDER BY \"text\", \"big\" DESC)",
        "SELECT count(*) FROM kdb_rows(0) a JOIN kdb_rows(0) b ON a.\"text\" = b.\"text\"",
        "SELECT count(*) FROM (SELECT \"text\", max(\"decimal38\"), list(\"bytes\") FROM "
        "kdb_rows(0) GROUP BY \"text\")",
        "SELECT count(*) FROM (SELECT sum(\"small\") OVER (PARTITION BY \"bool\" ORDER BY "
        "\"uuid\") FROM kdb_rows(0))",
    };
    for (size_t i = 0; i < sizeof(disturbing) / sizeof(disturbing[0]); i++) {
        struct kdb_engine_statement other = {
            .sql = kdb_slice_cstr(disturbing[i]), .sources = &again, .source_count = 1};
        assert_int_equal(run(fixture, &other).row_count, 1);
    }
    struct kdb_engine_result result = run(fixture, &statement);
    expect_rows(&result, &rows);
    kdb_frozen_rows_unref(frozen);
}

static void frozen_rows_keep_their_limit(void **state)
{
    struct engine_fixture *fixture = *state;
    struct kdb_value_rows rows = sample_rows(&fixture->ctx.arena, 5000);
    struct kdb_row_source source = kdb_value_rows_source(&rows, sample_columns);
    struct kdb_frozen_rows *frozen = NULL;
    expect_failure(fixture, kdb_frozen_rows_build(&source, &fixture->ctx, 100000, &frozen),
                   KDB_ERR_LIMIT_EXCEEDED, "more than 100000 bytes");
    assert_null(frozen);
    expect_ok(fixture, kdb_frozen_rows_build(&source, &fixture->ctx, 10000000, &frozen));
    assert_true(kdb_frozen_rows_bytes(frozen) > 5000 * 100);
    assert_ptr_equal(kdb_frozen_rows_ref(frozen), frozen);
    kdb_frozen_rows_unref(frozen);
    assert_int_equal(kdb_frozen_rows_count(frozen), 5000);
    kdb_frozen_rows_unref(frozen);
}

// A source of integers that notes what is asked of it and can fail.
struct counter {
    uint64_t row_count;
    uint64_t fails_at; // row; UINT64_MAX: never
    bool fails_open;
    int opened;
    int closed;
    uint32_t wanted[8];
    uint32_t wanted_count;
    atomic_bool *cancels; // set when the second batch is asked for
};

struct counter_scan {
    struct counter *counter;
    uint64_t at;
};

static kdb_status open_counter(void *self, struct kdb_ctx *ctx, const uint32_t *wanted,
                               uint32_t wanted_count, void **ret_scan)
{
    struct counter *counter = self;
    if (counter->fails_open)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "the counter is broken");
    counter->opened++;
    memcpy(counter->wanted, wanted, wanted_count * sizeof(*wanted));
    counter->wanted_count = wanted_count;
    struct counter_scan *scan = KDB_ARENA_NEW(&ctx->arena, struct counter_scan);
    scan->counter = counter;
    *ret_scan = scan;
    return KDB_OK;
}

static kdb_status next_numbers(void *opaque, struct kdb_ctx *ctx, struct kdb_row_batch *batch)
{
    struct counter_scan *scan = opaque;
    struct counter *counter = scan->counter;
    if (scan->at > 0 && counter->cancels)
        atomic_store(counter->cancels, true);
    while (batch->row_count < batch->capacity && scan->at < counter->row_count) {
        if (scan->at == counter->fails_at)
            return kdb_fail(ctx, KDB_ERR_DISK_FULL, "no more numbers after %d", 4999);
        for (uint32_t i = 0; i < batch->column_count; i++)
            kdb_writer_put_i64(&batch->columns[i], batch->row_count,
                               (int64_t)scan->at * (counter->wanted[i] + 1));
        batch->row_count++;
        scan->at++;
    }
    return KDB_OK;
}

static void close_counter(void *scan)
{
    ((struct counter_scan *)scan)->counter->closed++;
}

static const struct kdb_row_source_ops counter_ops = {open_counter, next_numbers, close_counter};

static const struct kdb_source_column counter_columns[] = {{{"a", 1}, {.kind = KDB_BIGINT}},
                                                           {{"b", 1}, {.kind = KDB_BIGINT}},
                                                           {{"c", 1}, {.kind = KDB_BIGINT}}};

static struct kdb_row_source counter_source(struct counter *counter)
{
    return (struct kdb_row_source){.ops = &counter_ops,
                                   .self = counter,
                                   .columns = counter_columns,
                                   .column_count = 3,
                                   .row_estimate = counter->row_count};
}

static struct kdb_engine_result run_counter(struct engine_fixture *fixture, struct counter *counter,
                                            const char *sql)
{
    struct kdb_row_source source = counter_source(counter);
    const struct kdb_engine_statement statement = {
        .sql = kdb_slice_cstr(sql), .sources = &source, .source_count = 1};
    return run(fixture, &statement);
}

static void only_wanted_columns_are_asked_for(void **state)
{
    struct engine_fixture *fixture = *state;
    struct counter counter = {.row_count = 10000, .fails_at = UINT64_MAX};
    struct kdb_engine_result result =
        run_counter(fixture, &counter, "SELECT sum(c)::BIGINT FROM kdb_rows(0)");
    assert_int_equal(result.values[0].integer, INT64_C(3) * 9999 * 5000);
    assert_int_equal(counter.wanted_count, 1);
    assert_int_equal(counter.wanted[0], 2);
    result = run_counter(fixture, &counter, "SELECT count(*) FROM kdb_rows(0) WHERE b < 20");
    assert_int_equal(result.values[0].integer, 10);
    assert_int_equal(counter.wanted_count, 1);
    assert_int_equal(counter.wanted[0], 1);
    result = run_counter(fixture, &counter, "SELECT count(*) FROM kdb_rows(0)");
    assert_int_equal(result.values[0].integer, 10000);
    assert_int_equal(counter.opened, 3);
    assert_int_equal(counter.closed, 3);
}

// The same text with another source, and with none of the rows of the one before.
static void each_execution_has_its_own_source(void **state)
{
    struct engine_fixture *fixture = *state;
    for (uint64_t count = 0; count < 10; count++) {
        struct counter counter = {.row_count = 1000 + count, .fails_at = UINT64_MAX};
        struct kdb_engine_result result =
            run_counter(fixture, &counter, "SELECT count(*) FROM kdb_rows(0)");
        assert_int_equal(result.values[0].integer, 1000 + count);
        assert_int_equal(counter.closed, 1);
    }
}

static void one_source_is_scanned_several_times(void **state)
{
    struct engine_fixture *fixture = *state;
    struct counter counter = {.row_count = 3000, .fails_at = UINT64_MAX};
    struct kdb_engine_result result =
        run_counter(fixture, &counter,
                    "WITH t AS (SELECT a, b FROM kdb_rows(0)) SELECT count(*) FROM t x JOIN t y "
                    "ON x.b = y.a");
    assert_int_equal(result.values[0].integer, 1500);
    result = run_counter(fixture, &counter,
                         "SELECT count(*) FROM kdb_rows(0) x WHERE EXISTS (SELECT 1 FROM "
                         "kdb_rows(0) y WHERE y.a = x.c AND y.b <> x.b)");
    assert_int_equal(result.values[0].integer, 999);
    assert_int_equal(counter.opened, counter.closed);
}

static void two_sources_of_one_statement(void **state)
{
    struct engine_fixture *fixture = *state;
    struct counter few = {.row_count = 10, .fails_at = UINT64_MAX};
    struct counter many = {.row_count = 5000, .fails_at = UINT64_MAX};
    const struct kdb_row_source sources[] = {counter_source(&few), counter_source(&many)};
    const struct kdb_engine_statement statement = {
        .sql = KDB_LIT("SELECT count(*) FROM kdb_rows(1) m ANTI JOIN kdb_rows(0) f ON m.a = f.a"),
        .sources = sources,
        .source_count = 2};
    assert_int_equal(run(fixture, &statement).values[0].integer, 4990);
    expect_sql_failure(fixture, "SELECT * FROM kdb_rows(0)", KDB_ERR_INTERNAL, "source");
    expect_sql_failure(fixture, "SELECT * FROM kdb_rows(-1)", KDB_ERR_INTERNAL, "source");
}

static void failures_of_a_source_are_the_statements(void **state)
{
    struct engine_fixture *fixture = *state;
    struct counter counter = {.row_count = 10000, .fails_at = 5000};
    struct kdb_row_source source = counter_source(&counter);
    static const char *const statements[] = {
        "SELECT a FROM kdb_rows(0)", "SELECT sum(a) FROM kdb_rows(0)",
        "SELECT x.a FROM kdb_rows(0) x JOIN kdb_rows(0) y ON x.a = y.b ORDER BY 1"};
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        const struct kdb_engine_statement statement = {
            .sql = kdb_slice_cstr(statements[i]), .sources = &source, .source_count = 1};
        struct kdb_engine_result result;
        kdb_status status =
            kdb_engine_query(fixture->connection, &fixture->ctx, &statement, &result);
        expect_failure(fixture, status, KDB_ERR_DISK_FULL, "no more numbers after 4999");
        assert_int_equal(counter.opened, counter.closed);
    }
    counter.fails_open = true;
    const struct kdb_engine_statement statement = {
        .sql = kdb_slice_cstr(statements[0]), .sources = &source, .source_count = 1};
    struct kdb_engine_result result;
    expect_failure(fixture,
                   kdb_engine_query(fixture->connection, &fixture->ctx, &statement, &result),
                   KDB_ERR_CORRUPT, "the counter is broken");
    counter.fails_open = false;
    counter.fails_at = UINT64_MAX;
    assert_int_equal(run(fixture, &statement).row_count, 10000);
    assert_int_equal(counter.opened, counter.closed);
}

// A LIMIT is reached before the source ends: the scan is closed all the same.
static void unfinished_scans_are_closed(void **state)
{
    struct engine_fixture *fixture = *state;
    struct counter counter = {.row_count = 1000000, .fails_at = UINT64_MAX};
    struct kdb_engine_result result =
        run_counter(fixture, &counter, "SELECT a FROM kdb_rows(0) LIMIT 3");
    assert_int_equal(result.row_count, 3);
    assert_int_equal(counter.opened, 1);
    assert_int_equal(counter.closed, 1);
}

static void cancelling_stops_a_scan(void **state)
{
    struct engine_fixture *fixture = *state;
    struct counter counter = {.row_count = UINT64_MAX, .fails_at = UINT64_MAX};
    counter.cancels = &fixture->ctx.is_cancelled;
    struct kdb_row_source source = counter_source(&counter);
    const struct kdb_engine_statement statement = {
        .sql = KDB_LIT("SELECT sum(a) FROM kdb_rows(0)"), .sources = &source, .source_count = 1};
    struct kdb_engine_result result;
    expect_failure(fixture,
                   kdb_engine_query(fixture->connection, &fixture->ctx, &statement, &result),
                   KDB_ERR_CANCELLED, "cancelled");
    assert_int_equal(counter.opened, 1);
    assert_int_equal(counter.closed, 1);
}

// A source that hands out ready-made cells, at offsets that are no multiple of 64.
struct runs {
    int64_t numbers[100];
    struct kdb_text_cell texts[100];
    uint64_t validity[2];
    int batches;
};

static kdb_status open_runs(void *self, struct kdb_ctx *ctx, const uint32_t *wanted,
                            uint32_t wanted_count, void **ret_scan)
{
    (void)ctx;
    (void)wanted;
    assert_int_equal(wanted_count, 2);
    *ret_scan = self;
    return KDB_OK;
}

static kdb_status next_run(void *scan, struct kdb_ctx *ctx, struct kdb_row_batch *batch)
{
    (void)ctx;
    struct runs *runs = scan;
    if (runs->batches-- == 0)
        return KDB_OK;
    for (uint32_t i = 0; i < 3; i++) {
        kdb_writer_put_run(&batch->columns[0], i * 100, runs->numbers, NULL, 100);
        kdb_writer_put_run(&batch->columns[1], i * 100, runs->texts, runs->validity, 100);
    }
    kdb_writer_put_run(&batch->columns[0], 320, runs->numbers, runs->validity, 64);
    kdb_writer_put_run(&batch->columns[1], 320, runs->texts, NULL, 64);
    for (uint32_t row = 300; row < 320; row++) {
        kdb_writer_put_null(&batch->columns[0], row);
        kdb_writer_put_text_borrowed(&batch->columns[1], row, KDB_LIT("a borrowed long text"));
    }
    batch->row_count = 384;
    return KDB_OK;
}

static void close_runs(void *scan)
{
    (void)scan;
}

static void runs_of_cells_are_copied(void **state)
{
    struct engine_fixture *fixture = *state;
    static const struct kdb_row_source_ops ops = {open_runs, next_run, close_runs};
    static const struct kdb_source_column columns[] = {{{"n", 1}, {.kind = KDB_BIGINT}},
                                                       {{"t", 1}, {.kind = KDB_TEXT}}};
    struct runs runs = {.validity = {UINT64_C(0x7FFFFFFFFFFFFFFE), 0}, .batches = 2};
    for (int i = 0; i < 100; i++) {
        runs.numbers[i] = i;
        runs.texts[i] = kdb_text_cell_of(
            kdb_arena_printf(&fixture->ctx.arena, i % 2 ? "%d" : "number %d, in many words", i));
    }
    const struct kdb_row_source source = {
        .ops = &ops, .self = &runs, .columns = columns, .column_count = 2};
    const struct kdb_engine_statement statement = {
        .sql = KDB_LIT("SELECT n, t FROM kdb_rows(0)"), .sources = &source, .source_count = 1};
    struct kdb_engine_result result = run(fixture, &statement);
    assert_int_equal(result.row_count, 2 * 384);
    for (uint64_t row = 0; row < result.row_count; row++) {
        const kdb_value *values = &result.values[row * 2];
        uint64_t at = row % 384;
        uint64_t cell = at < 300 ? at % 100 : at - 320;
        bool is_gap = at >= 300 && at < 320;
        bool is_valid = !is_gap && cell > 0 && cell < 63;
        assert_int_equal(values[0].is_null, is_gap || (at >= 320 && !is_valid));
        assert_int_equal(values[1].is_null, at < 300 && !is_valid);
        if (!values[0].is_null)
            assert_int_equal(values[0].integer, cell);
        if (is_gap)
            assert_true(kdb_slice_equal(values[1].bytes, KDB_LIT("a borrowed long text")));
        else if (!values[1].is_null)
            assert_true(kdb_slice_equal(values[1].bytes, kdb_text_cell_slice(&runs.texts[cell])));
    }
}

static void text_cells_hold_any_length(void **state)
{
    (void)state;
    static const char text[] = "abcdefghijklmnopqrstuvwxyz";
    for (size_t len = 0; len <= 26; len++) {
        struct kdb_text_cell cell = kdb_text_cell_of((kdb_slice){text, len});
        assert_true(kdb_slice_equal(kdb_text_cell_slice(&cell), (kdb_slice){text, len}));
    }
    assert_int_equal(sizeof(struct kdb_text_cell), 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_type_comes_back, fixture_reset),
        cmocka_unit_test_setup(frozen_rows_come_back, fixture_reset),
        cmocka_unit_test_setup(frozen_rows_stay_as_they_are, fixture_reset),
        cmocka_unit_test_setup(frozen_rows_keep_their_limit, fixture_reset),
        cmocka_unit_test_setup(only_wanted_columns_are_asked_for, fixture_reset),
        cmocka_unit_test_setup(each_execution_has_its_own_source, fixture_reset),
        cmocka_unit_test_setup(one_source_is_scanned_several_times, fixture_reset),
        cmocka_unit_test_setup(two_sources_of_one_statement, fixture_reset),
        cmocka_unit_test_setup(failures_of_a_source_are_the_statements, fixture_reset),
        cmocka_unit_test_setup(unfinished_scans_are_closed, fixture_reset),
        cmocka_unit_test_setup(cancelling_stops_a_scan, fixture_reset),
        cmocka_unit_test_setup(runs_of_cells_are_copied, fixture_reset),
        cmocka_unit_test_setup(text_cells_hold_any_length, fixture_reset),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
