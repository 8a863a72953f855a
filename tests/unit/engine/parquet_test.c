// SPDX-License-Identifier: Apache-2.0
// Parquet files: what is written is read back by field id, in order, by row group; damage is named,
// never believed.
#include "engine/parquet.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "engine/quote.h"
#include "engine_fixture.h"
#include "sample_rows.h"
#include "types/schema.h"

static struct kdb_parquet_written write_file(struct engine_fixture *fixture,
                                             const struct kdb_parquet_write *what)
{
    struct kdb_parquet_written written = {0};
    expect_ok(fixture, kdb_parquet_write(fixture->connection, &fixture->ctx, what, &written));
    struct stat about;
    assert_int_equal(stat(what->path, &about), 0);
    assert_int_equal(written.size_bytes, about.st_size);
    return written;
}

// Writes sample rows with field ids 1, 2, … and gives what was written.
static struct kdb_value_rows write_sample(struct engine_fixture *fixture, const char *name,
                                          uint64_t row_count, int zstd_level)
{
    static int32_t field_ids[SAMPLE_COLUMNS];
    for (int32_t i = 0; i < SAMPLE_COLUMNS; i++)
        field_ids[i] = i + 1;
    struct kdb_value_rows rows = sample_rows(&fixture->ctx.arena, row_count);
    const struct kdb_parquet_write what = {.path = fixture_path(fixture, name),
                                           .source = kdb_value_rows_source(&rows, sample_columns),
                                           .field_ids = field_ids,
                                           .row_group_rows = 2048,
                                           .zstd_level = zstd_level};
    assert_int_equal(write_file(fixture, &what).row_count, row_count);
    return rows;
}

// Collects what a read delivers.
struct collected {
    kdb_value *values;
    size_t count;
    size_t capacity;
    uint32_t column_count;
    uint64_t fails_after; // values; 0: never
};

static kdb_status begin_collecting(void *self, struct kdb_ctx *ctx,
                                   const struct kdb_engine_column *columns, uint32_t column_count)
{
    (void)ctx;
    (void)columns;
    ((struct collected *)self)->column_count = column_count;
    return KDB_OK;
}

static kdb_status collect_rows(void *self, struct kdb_ctx *ctx, const kdb_value *values,
                               uint32_t row_count)
{
    struct collected *collected = self;
    for (size_t i = 0; i < (size_t)row_count * collected->column_count; i++) {
        kdb_value copy = kdb_value_copy(&ctx->arena, &values[i]);
        KDB_PUSH(&ctx->arena, collected->values, collected->count, collected->capacity, copy);
    }
    if (collected->fails_after > 0 && collected->count >= collected->fails_after)
        return kdb_fail(ctx, KDB_ERR_LIMIT_EXCEEDED, "the cache is full");
    return KDB_OK;
}

static const struct kdb_engine_sink_ops collect_ops = {begin_collecting, collect_rows};

static kdb_status read_file(struct engine_fixture *fixture, const struct kdb_parquet_read *what,
                            struct collected *collected)
{
    const struct kdb_engine_sink sink = {&collect_ops, collected};
    return kdb_parquet_read(fixture->connection, &fixture->ctx, what, &sink);
}

static void sample_parquet_columns(struct kdb_parquet_column *columns)
{
    for (uint32_t i = 0; i < SAMPLE_COLUMNS; i++)
        columns[i] = (struct kdb_parquet_column){.field_id = (int32_t)i + 1,
                                                 .name = sample_columns[i].name,
                                                 .type = sample_columns[i].type};
}

static void every_type_comes_back(void **state)
{
    struct engine_fixture *fixture = *state;
    struct kdb_parquet_column columns[SAMPLE_COLUMNS];
    sample_parquet_columns(columns);
    static const uint64_t counts[] = {0, 1, 2048, 5000};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct kdb_value_rows rows =
            write_sample(fixture, "types.parquet", counts[i], i % 2 ? 1 : 0);
        const struct kdb_parquet_read what = {.path = fixture->path,
                                              .columns = columns,
                                              .column_count = SAMPLE_COLUMNS,
                                              .row_count = UINT64_MAX};
        struct collected collected = {0};
        expect_ok(fixture, read_file(fixture, &what, &collected));
        assert_int_equal(collected.count, rows.row_count * SAMPLE_COLUMNS);
        for (size_t j = 0; j < collected.count; j++)
            expect_same(&collected.values[j], &rows.values[j]);
    }
}

static void ranges_are_read_in_order(void **state)
{
    struct engine_fixture *fixture = *state;
    struct kdb_value_rows rows = write_sample(fixture, "ranges.parquet", 5000, 1);
    struct kdb_parquet_column columns[SAMPLE_COLUMNS];
    sample_parquet_columns(columns);
    static const uint64_t ranges[][2] = {{0, 2048},    {2048, 2048}, {4096, 904}, {4096, 5000},
                                         {1000, 3000}, {4999, 1},    {5000, 7},   {7, 0}};
    const struct kdb_parquet_column two[] = {columns[6], columns[2]};
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        const struct kdb_parquet_read what = {.path = fixture->path,
                                              .columns = two,
                                              .column_count = 2,
                                              .first_row = ranges[i][0],
                                              .row_count = ranges[i][1]};
        struct collected collected = {0};
        expect_ok(fixture, read_file(fixture, &what, &collected));
        uint64_t end = ranges[i][0] + ranges[i][1] < 5000 ? ranges[i][0] + ranges[i][1] : 5000;
        assert_int_equal(collected.count, 2 * (end - ranges[i][0]));
        for (size_t j = 0; j < collected.count / 2; j++) {
            const kdb_value *row = &rows.values[(ranges[i][0] + j) * SAMPLE_COLUMNS];
            expect_same(&collected.values[2 * j], &row[6]);
            expect_same(&collected.values[2 * j + 1], &row[2]);
        }
    }
}

static void columns_are_found_by_field_id(void **state)
{
    struct engine_fixture *fixture = *state;
    struct kdb_value_rows rows = write_sample(fixture, "renamed.parquet", 10, 1);
    const kdb_value missing[] = {
        kdb_value_bytes(KDB_TEXT, KDB_LIT("it's")),
        kdb_value_decimal(-1250, 2),
        kdb_value_int(KDB_DATETIME, INT64_C(1777888999123456)),
        kdb_value_double(0.1),
        kdb_value_bytes(KDB_BYTES, KDB_LIT("\x00\xFF'")),
        kdb_value_null(KDB_INT),
    };
    const struct kdb_parquet_column columns[] = {
        {.field_id = 4, .name = KDB_LIT("int"), .type = KDB_TYPE(KDB_BIGINT)},
        {.field_id = 3, .name = KDB_LIT("file_row_number"), .type = KDB_TYPE(KDB_BIGINT)},
        {.field_id = 100, .name = KDB_LIT("a"), .type = KDB_TYPE(KDB_TEXT), .missing = &missing[0]},
        {.field_id = 101,
         .name = KDB_LIT("b"),
         .type = {.kind = KDB_DECIMAL, .precision = 10, .scale = 2},
         .missing = &missing[1]},
        {.field_id = 102,
         .name = KDB_LIT("c"),
         .type = KDB_TYPE(KDB_DATETIME),
         .missing = &missing[2]},
        {.field_id = 103,
         .name = KDB_LIT("d"),
         .type = KDB_TYPE(KDB_DOUBLE),
         .missing = &missing[3]},
        {.field_id = 104,
         .name = KDB_LIT("e"),
         .type = KDB_TYPE(KDB_BYTES),
         .missing = &missing[4]},
        {.field_id = 105, .name = KDB_LIT("f"), .type = KDB_TYPE(KDB_INT), .missing = &missing[5]},
        {.field_id = 106, .name = KDB_LIT("g"), .type = KDB_TYPE(KDB_UUID)},
    };
    const struct kdb_parquet_read what = {
        .path = fixture->path, .columns = columns, .column_count = 9, .row_count = 10};
    struct collected collected = {0};
    expect_ok(fixture, read_file(fixture, &what, &collected));
    assert_int_equal(collected.count, 90);
    for (size_t row = 0; row < 10; row++) {
        const kdb_value *values = &collected.values[row * 9];
        expect_same(&values[0], &rows.values[row * SAMPLE_COLUMNS + 3]);
        const kdb_value *narrow = &rows.values[row * SAMPLE_COLUMNS + 2]; // INT became BIGINT
        assert_int_equal(values[1].is_null, narrow->is_null);
        if (!narrow->is_null)
            assert_int_equal(values[1].integer, narrow->integer);
        for (size_t i = 0; i < 6; i++)
            expect_same(&values[2 + i], &missing[i]);
        assert_true(values[8].is_null);
    }
}

static const struct kdb_source_column table_columns[] = {
    {{"we'i\"rd, {x}", 12}, {.kind = KDB_BIGINT}},
    {{"_seq", 4}, {.kind = KDB_BIGINT}},
    {{"_updated", 8}, {.kind = KDB_TIMESTAMP}},
    {{"_deleted", 8}, {.kind = KDB_BOOLEAN}},
};
static const int32_t table_ids[] = {5, KDB_COLUMN_SEQ, KDB_COLUMN_UPDATED, KDB_COLUMN_DELETED};

// Rows of a table with system columns: key first + i, the given _seq.
static void write_table(struct engine_fixture *fixture, const char *name, int64_t first,
                        uint64_t row_count, int64_t seq)
{
    kdb_value *values = kdb_arena_array(&fixture->ctx.arena, row_count * 4, sizeof(*values));
    for (uint64_t i = 0; i < row_count; i++) {
        values[i * 4] = kdb_value_int(KDB_BIGINT, first + (int64_t)i);
        values[i * 4 + 1] = kdb_value_int(KDB_BIGINT, seq);
        values[i * 4 + 2] = kdb_value_int(KDB_TIMESTAMP, INT64_C(1777888999123000));
        values[i * 4 + 3] = kdb_value_bool(i % 2);
    }
    struct kdb_value_rows rows = {values, row_count, 4};
    static const struct kdb_parquet_pair pairs[] = {{{"kalamdb.table", 13}, {"app.messages", 12}},
                                                    {{"it's", 4}, {"a'b\"{}", 6}}};
    const struct kdb_parquet_write what = {.path = fixture_path(fixture, name),
                                           .source = kdb_value_rows_source(&rows, table_columns),
                                           .field_ids = table_ids,
                                           .row_group_rows = 2000,
                                           .zstd_level = 1,
                                           .pairs = pairs,
                                           .pair_count = 2};
    assert_int_equal(write_file(fixture, &what).row_count, row_count);
}

static void footers_tell_groups_fields_and_pairs(void **state)
{
    struct engine_fixture *fixture = *state;
    write_table(fixture, "footer.parquet", 0, 5000, 7);
    struct kdb_parquet_info info;
    expect_ok(fixture,
              kdb_parquet_read_info(fixture->connection, &fixture->ctx, fixture->path, &info));
    assert_int_equal(info.row_count, 5000);
    assert_int_equal(info.group_count, 3);
    assert_int_equal(info.groups[1].first_row, 2048);
    assert_int_equal(info.groups[1].row_count, 2048);
    assert_int_equal(info.groups[2].row_count, 904);
    assert_true(info.groups[2].size_bytes > 100);
    assert_int_equal(info.field_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(info.fields[i].field_id, table_ids[i]);
        assert_true(kdb_slice_equal(info.fields[i].name, table_columns[i].name));
    }
    assert_int_equal(info.pair_count, 2);
    assert_true(kdb_slice_equal(info.pairs[1].key, KDB_LIT("it's")));
    assert_true(kdb_slice_equal(info.pairs[1].value, KDB_LIT("a'b\"{}")));
    write_table(fixture, "footer.parquet", 0, 0, 7);
    expect_ok(fixture,
              kdb_parquet_read_info(fixture->connection, &fixture->ctx, fixture->path, &info));
    assert_int_equal(info.row_count, 0);
    assert_int_equal(info.field_count, 4);
}

// Other tools read these types: the names Parquet gives them.
static void other_tools_see_ordinary_types(void **state)
{
    struct engine_fixture *fixture = *state;
    write_table(fixture, "tools.parquet", 0, 3, 7);
    kdb_slice sql = kdb_arena_printf(
        &fixture->ctx.arena,
        "SELECT string_agg(name || ' ' || type || ' ' || coalesce(converted_type, '-'), ', ') "
        "FROM parquet_schema('%s') WHERE field_id IS NOT NULL",
        fixture->path);
    struct kdb_engine_result result = run_sql(fixture, sql.data);
    assert_true(kdb_slice_equal(result.values[0].bytes,
                                KDB_LIT("we'i\"rd, {x} INT64 INT_64, _seq INT64 INT_64, _updated "
                                        "INT64 TIMESTAMP_MILLIS, _deleted BOOLEAN -")));
}

static void statements_merge_hot_and_cold_rows(void **state)
{
    struct engine_fixture *fixture = *state;
    write_table(fixture, "cold-1.parquet", 0, 3000, 1);
    kdb_slice first = kdb_arena_copy(&fixture->ctx.arena, kdb_slice_cstr(fixture->path));
    write_table(fixture, "cold-2.parquet", 3000, 3000, 2);
    const kdb_slice paths[] = {first, kdb_slice_cstr(fixture->path)};
    const kdb_value missing = kdb_value_int(KDB_INT, 40);
    const struct kdb_parquet_column columns[] = {
        {.field_id = 5, .name = KDB_LIT("id"), .type = KDB_TYPE(KDB_BIGINT)},
        {.field_id = KDB_COLUMN_SEQ, .name = KDB_LIT("_seq"), .type = KDB_TYPE(KDB_BIGINT)},
        {.field_id = KDB_COLUMN_UPDATED,
         .name = KDB_LIT("_updated"),
         .type = KDB_TYPE(KDB_TIMESTAMP)},
        {.field_id = 9, .name = KDB_LIT("Added"), .type = KDB_TYPE(KDB_INT), .missing = &missing},
    };
    static const struct kdb_source_column hot_columns[] = {{{"id", 2}, {.kind = KDB_BIGINT}},
                                                           {{"_seq", 4}, {.kind = KDB_BIGINT}},
                                                           {{"Added", 5}, {.kind = KDB_INT}}};
    kdb_value hot[3 * 200];
    for (int64_t i = 0; i < 200; i++) { // every 50th key was changed after the flush
        hot[3 * i] = kdb_value_int(KDB_BIGINT, i * 50);
        hot[3 * i + 1] = kdb_value_int(KDB_BIGINT, 3);
        hot[3 * i + 2] = kdb_value_int(KDB_INT, 2);
    }
    struct kdb_value_rows rows = {hot, 200, 3};
    struct kdb_row_source source = kdb_value_rows_source(&rows, hot_columns);
    struct kdb_buf sql = {0};
    KDB_BUF_LIT(&sql, "WITH t AS (SELECT id, _seq, \"Added\" FROM kdb_rows(0) UNION ALL "
                      "SELECT id, _seq, \"Added\" FROM ");
    kdb_parquet_quote_files(&sql, paths, 2, columns, 4, 6000);
    KDB_BUF_LIT(&sql, " c ANTI JOIN kdb_rows(0) h ON c.id = h.id) "
                      "SELECT _seq, count(*), min(id), sum(\"Added\") FROM t WHERE id >= $1 "
                      "GROUP BY _seq ORDER BY _seq");
    const kdb_value param = kdb_value_int(KDB_BIGINT, 100);
    const struct kdb_engine_statement statement = {.sql = kdb_buf_view(&sql),
                                                   .params = &param,
                                                   .param_count = 1,
                                                   .sources = &source,
                                                   .source_count = 1};
    kdb_slice plan; // the hot keys are what is put into a hash table, not the cold rows
    expect_ok(fixture, kdb_engine_explain(fixture->connection, &fixture->ctx, &statement, &plan));
    assert_int_not_equal(kdb_slice_find(plan, KDB_LIT("Join Type: ANTI"), 0), SIZE_MAX);
    for (int round = 0; round < 2; round++) {
        struct kdb_engine_result result = run(fixture, &statement);
        static const int64_t expected[3][4] = {
            {1, 2900 - 58, 101, 40 * (2900 - 58)},
            {2, 3000 - 60, 3001, 40 * (3000 - 60)},
            {3, 198, 100, 396},
        };
        assert_int_equal(result.row_count, 3);
        for (int i = 0; i < 12; i++) {
            const kdb_value *value = &result.values[i];
            int64_t number = value->kind == KDB_DECIMAL ? (int64_t)value->decimal : value->integer;
            assert_int_equal(number, expected[i / 4][i % 4]);
        }
    }
    kdb_buf_deinit(&sql);
}

static kdb_status read_some(struct engine_fixture *fixture, const char *path)
{
    struct kdb_parquet_column columns[SAMPLE_COLUMNS];
    sample_parquet_columns(columns);
    const struct kdb_parquet_read what = {
        .path = path, .columns = columns, .column_count = SAMPLE_COLUMNS, .row_count = UINT64_MAX};
    struct collected collected = {0};
    return read_file(fixture, &what, &collected);
}

static void damaged_files_are_named(void **state)
{
    struct engine_fixture *fixture = *state;
    write_sample(fixture, "damaged.parquet", 100, 1);
    const char *path = fixture->path;
    assert_int_equal(truncate(path, 1000), 0);
    expect_failure(fixture, read_some(fixture, path), KDB_ERR_CORRUPT,
                   "segment file damaged.parquet cannot be read");
    assert_int_equal(truncate(path, 3), 0);
    assert_int_equal(read_some(fixture, path), KDB_ERR_CORRUPT);
    assert_null(strstr(fixture->ctx.error.message, fixture->folder));
    kdb_ctx_clear_error(&fixture->ctx);
    assert_int_equal(unlink(path), 0);
    expect_failure(fixture, read_some(fixture, path), KDB_ERR_CORRUPT,
                   "segment file damaged.parquet cannot be read");
    struct kdb_parquet_info info;
    expect_failure(fixture, kdb_parquet_read_info(fixture->connection, &fixture->ctx, path, &info),
                   KDB_ERR_CORRUPT, "segment file damaged.parquet cannot be read");
}

static void overwrite(const char *path, off_t at, const void *bytes, size_t len)
{
    int file = open(path, O_WRONLY);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, bytes, len, at), (ssize_t)len);
    close(file);
}

// Bytes changed anywhere: an error that says CORRUPT, or rows; never anything else.
static void changed_bytes_do_no_harm(void **state)
{
    struct engine_fixture *fixture = *state;
    uint64_t seed = 7;
    int failures = 0;
    for (int i = 0; i < 40; i++) {
        kdb_ctx_reset(&fixture->ctx);
        write_sample(fixture, "changed.parquet", 50, 1);
        struct stat about;
        assert_int_equal(stat(fixture->path, &about), 0);
        uint64_t bytes = kdb_random_next(&seed);
        overwrite(fixture->path, (off_t)(kdb_random_next(&seed) % (uint64_t)about.st_size), &bytes,
                  1 + (size_t)i % 8);
        kdb_status status = read_some(fixture, fixture->path);
        if (status != KDB_OK && status != KDB_ERR_CORRUPT)
            fail_msg("%s: %s", kdb_status_info(status)->name, fixture->ctx.error.message);
        failures += status != KDB_OK;
        kdb_ctx_clear_error(&fixture->ctx);
    }
    assert_true(failures > 10);
}

// Row groups are written and read by several threads, rows stay where they are.
static void many_threads_keep_the_order(void **state)
{
    skip_under_thread_sanitizer();
    struct engine_fixture *fixture = *state;
    struct kdb_engine *engine = fixture_engine(fixture->folder, 4);
    struct kdb_engine_connection *single = fixture->connection;
    expect_ok(fixture, kdb_engine_connect(engine, &fixture->ctx, &fixture->connection));
    write_table(fixture, "order.parquet", 0, 30000, 7);
    const struct kdb_parquet_column column = {
        .field_id = 5, .name = KDB_LIT("id"), .type = KDB_TYPE(KDB_BIGINT)};
    for (int i = 0; i < 2; i++) { // in one piece and streaming
        const struct kdb_parquet_read what = {.path = fixture->path,
                                              .columns = &column,
                                              .column_count = 1,
                                              .row_count = i == 0 ? 30000 : UINT64_MAX};
        struct collected collected = {0};
        expect_ok(fixture, read_file(fixture, &what, &collected));
        assert_int_equal(collected.count, 30000);
        for (size_t row = 0; row < 30000; row++)
            assert_int_equal(collected.values[row].integer, row);
    }
    kdb_engine_disconnect(fixture->connection);
    kdb_engine_destroy(engine);
    fixture->connection = single;
}

static void a_failing_sink_keeps_its_status(void **state)
{
    struct engine_fixture *fixture = *state;
    write_sample(fixture, "sink.parquet", 3000, 1);
    struct kdb_parquet_column columns[SAMPLE_COLUMNS];
    sample_parquet_columns(columns);
    const struct kdb_parquet_read what = {
        .path = fixture->path, .columns = columns, .column_count = 1, .row_count = UINT64_MAX};
    struct collected collected = {.fails_after = 100};
    expect_failure(fixture, read_file(fixture, &what, &collected), KDB_ERR_LIMIT_EXCEEDED,
                   "the cache is full");
}

static void a_full_disk_is_told(void **state)
{
    struct engine_fixture *fixture = *state;
    struct kdb_value_rows rows = sample_rows(&fixture->ctx.arena, 10);
    static const int32_t field_id = 1;
    struct kdb_parquet_write what = {.path = fixture_path(fixture, "no-folder/x.parquet"),
                                     .source = kdb_value_rows_source(&rows, sample_columns),
                                     .field_ids = &field_id};
    what.source.column_count = 1;
    struct kdb_parquet_written written;
    kdb_status status = kdb_parquet_write(fixture->connection, &fixture->ctx, &what, &written);
    assert_int_equal(status, KDB_ERR_IO);
    assert_null(strstr(fixture->ctx.error.message, fixture->folder));
    kdb_ctx_clear_error(&fixture->ctx);
    what.path = fixture_path(fixture, "full.parquet");
    assert_int_equal(symlink("/dev/full", what.path), 0);
    status = kdb_parquet_write(fixture->connection, &fixture->ctx, &what, &written);
    expect_failure(fixture, status, KDB_ERR_DISK_FULL, "No space left");
}

// DuckDB keeps the path of every file until the database is closed.
static void the_database_is_opened_anew_after_many_files(void **state)
{
    enum { FILES_KEPT = 3, FILES = 10 };
    struct engine_fixture *fixture = *state;
    const struct engine_fixture before = *fixture;
    const char *folder = fixture->folder;
    const struct kdb_engine_options options = {
        .read_dirs = &folder, .read_dir_count = 1, .files_kept = FILES_KEPT};
    fixture->engine = kdb_engine_create(&options);
    struct kdb_engine_connection *reader = NULL;
    expect_ok(fixture, kdb_engine_connect(fixture->engine, &fixture->ctx, &fixture->connection));
    expect_ok(fixture, kdb_engine_connect(fixture->engine, &fixture->ctx, &reader));
    for (int i = 1; i <= FILES; i++) {
        (void)write_sample(fixture, "many.parquet", 10, 0);
        assert_int_equal(kdb_engine_is_open(fixture->engine), i % FILES_KEPT != 0);
        struct kdb_parquet_info info;
        expect_ok(fixture, kdb_parquet_read_info(reader, &fixture->ctx, fixture->path, &info));
        assert_int_equal(info.row_count, 10);
    }
    kdb_engine_disconnect(reader);
    kdb_engine_disconnect(fixture->connection);
    kdb_engine_destroy(fixture->engine);
    fixture->engine = before.engine;
    fixture->connection = before.connection;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_type_comes_back, fixture_reset),
        cmocka_unit_test_setup(the_database_is_opened_anew_after_many_files, fixture_reset),
        cmocka_unit_test_setup(ranges_are_read_in_order, fixture_reset),
        cmocka_unit_test_setup(columns_are_found_by_field_id, fixture_reset),
        cmocka_unit_test_setup(footers_tell_groups_fields_and_pairs, fixture_reset),
        cmocka_unit_test_setup(other_tools_see_ordinary_types, fixture_reset),
        cmocka_unit_test_setup(statements_merge_hot_and_cold_rows, fixture_reset),
        cmocka_unit_test_setup(damaged_files_are_named, fixture_reset),
        cmocka_unit_test_setup(changed_bytes_do_no_harm, fixture_reset),
        cmocka_unit_test_setup(many_threads_keep_the_order, fixture_reset),
        cmocka_unit_test_setup(a_failing_sink_keeps_its_status, fixture_reset),
        cmocka_unit_test_setup(a_full_disk_is_told, fixture_reset),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
