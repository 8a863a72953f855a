// SPDX-License-Identifier: Apache-2.0
// Writing segments and reading them back: every kind, every schema version, tombstones and NULLs,
// statistics that hold; and after any failure nothing is left.
#include "base/fault.h"
#include "base/utf8.h"
#include "engine/parquet.h"
#include "segment_fixture.h"
#include "segments/cold_priv.h"
#include "segments/segment_priv.h"
#include "unit/types/random_value.h"

// ---- what was written comes back ----

// Values that a Parquet file can carry: text must be UTF-8, JSON and FILE too.
static kdb_value writable_value(uint64_t *seed, struct kdb_arena *arena, kdb_type type)
{
    if (random_below(seed, 5) == 0)
        return kdb_value_null((kdb_kind)type.kind);
    kdb_value value = random_value(seed, arena, type);
    bool is_text = type.kind == KDB_TEXT || type.kind == KDB_JSON || type.kind == KDB_FILE;
    if (is_text) {
        static const char *const words[] = {
            "", "a", "ä", "日本", "o'neil", "\"", "aaaaaaaaaaaaaaaa"};
        struct kdb_buf text = {0};
        for (uint64_t i = random_below(seed, 9); i > 0; i--)
            kdb_buf_slice(&text, kdb_slice_cstr(words[random_below(seed, 7)]));
        value.bytes = kdb_arena_copy(arena, kdb_buf_view(&text));
        kdb_buf_deinit(&text);
    }
    return value;
}

// A key that grows with `index`, of the column's type where that has enough values.
static kdb_value growing_key(struct kdb_arena *arena, kdb_type type, int64_t index)
{
    switch ((int)type.kind) {
    case KDB_TEXT:
    case KDB_BYTES:
        return kdb_value_bytes((kdb_kind)type.kind,
                               kdb_arena_printf(arena, "k%08lld", (long long)index));
    case KDB_DOUBLE:
    case KDB_FLOAT:
        return (kdb_value){.real = (double)index - 100, .kind = type.kind};
    case KDB_DECIMAL:
        return kdb_value_decimal(index - 100, type.scale);
    case KDB_UUID: {
        kdb_value value = {.kind = KDB_UUID};
        for (int i = 0; i < 8; i++)
            value.uuid[8 + i] = (uint8_t)((uint64_t)index >> (56 - 8 * i));
        return value;
    }
    default:
        return kdb_value_int((kdb_kind)type.kind, index - 100);
    }
}

static const kdb_type key_types[] = {
    {.kind = KDB_BIGINT}, {.kind = KDB_TEXT},    {.kind = KDB_INT},
    {.kind = KDB_DOUBLE}, {.kind = KDB_UUID},    {.kind = KDB_DECIMAL, .precision = 12, .scale = 3},
    {.kind = KDB_BYTES},  {.kind = KDB_DATE},    {.kind = KDB_TIMESTAMP},
    {.kind = KDB_FLOAT},  {.kind = KDB_DATETIME}};

// Columns of random types behind a key.
static void random_columns(uint64_t *seed, uint32_t round, struct kdb_column *columns,
                           uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        columns[i] = (struct kdb_column){.id = (int32_t)i + 1, .type = random_type(seed)};
        if (i == 0) {
            columns[i].type = key_types[round % (sizeof(key_types) / sizeof(key_types[0]))];
            columns[i].is_not_null = true;
        }
    }
}

static void expect_same_value(const kdb_value *value, const kdb_value *expected)
{
    assert_int_equal(value->kind, expected->kind);
    assert_int_equal(value->is_null, expected->is_null);
    if (!value->is_null)
        assert_true(kdb_value_same(value, expected));
}

// The values of a row as the newest schema sees them.
static void expect_same_row(const struct kdb_table *table, kdb_slice row, kdb_slice expected)
{
    const struct kdb_schema *row_schema = kdb_table_schema(table, kdb_row_schema_version(row));
    const struct kdb_schema *old_schema = kdb_table_schema(table, kdb_row_schema_version(expected));
    assert_non_null(row_schema);
    assert_int_equal(kdb_row_seq(row), kdb_row_seq(expected));
    assert_int_equal(kdb_row_is_deleted(row), kdb_row_is_deleted(expected));
    for (uint32_t i = 0; i < table->schema->column_count; i++) {
        kdb_value value;
        kdb_value was;
        kdb_row_get_column(row_schema, row, &table->schema->columns[i], &value);
        kdb_row_get_column(old_schema, expected, &table->schema->columns[i], &was);
        expect_same_value(&value, &was);
    }
}

// No value of the rows lies outside the statistics.
static void expect_true_stats(const struct kdb_table *table, const struct kdb_segment *segment,
                              const struct fixture_row *rows, size_t count)
{
    assert_int_equal(segment->stats_count, table->schema->column_count);
    for (uint32_t i = 0; i < segment->stats_count; i++) {
        const struct kdb_column_stats *stats = &segment->stats[i];
        int64_t nulls = 0;
        assert_int_equal(stats->column_id, table->schema->columns[i].id);
        for (size_t j = 0; j < count; j++) {
            kdb_value value;
            const struct kdb_schema *schema =
                kdb_table_schema(table, kdb_row_schema_version(rows[j].row));
            kdb_row_get_column(schema, rows[j].row, &table->schema->columns[i], &value);
            nulls += value.is_null;
            if (!value.is_null && stats->has_range) {
                assert_true(kdb_value_compare(&stats->min, &value) <= 0);
                assert_true(kdb_value_compare(&value, &stats->max) <= 0);
            }
        }
        assert_int_equal(stats->null_count, nulls);
        assert_false(stats->has_range && nulls == (int64_t)count);
    }
}

static void expect_rows(struct segment_fixture *fixture, const struct kdb_table *table,
                        const struct fixture_row *rows, size_t count)
{
    struct kdb_manifest *manifest = fixture_manifest(fixture, table, KDB_LIT("alice"));
    const struct kdb_cold_reader reader = fixture_reader(fixture, table, manifest);
    struct kdb_cold_scan *scan;
    const struct kdb_cold_range everything = {0};
    expect_ok(fixture, kdb_cold_scan_open(&reader, &fixture->ctx, &everything, &scan));
    for (size_t i = 0;; i++) {
        kdb_slice key;
        kdb_slice row;
        bool has_more;
        expect_ok(fixture, kdb_cold_scan_next(scan, &fixture->ctx, &key, &row, &has_more));
        assert_int_equal(has_more, i < count);
        if (!has_more)
            break;
        assert_true(kdb_slice_equal(key, rows[i].key));
        expect_same_row(table, row, rows[i].row);
    }
    kdb_cold_scan_close(scan);
    for (size_t i = 0; i < count; i += 1 + i / 4) {
        kdb_slice row;
        expect_ok(fixture, kdb_cold_get(&reader, &fixture->ctx, rows[i].key, &row));
        assert_non_null(row.data);
        expect_same_row(table, row, rows[i].row);
    }
    kdb_manifest_unref(manifest);
}

static void rows_of_every_kind_come_back(void **state)
{
    struct segment_fixture *fixture = *state;
    uint64_t seed = 20260504;
    for (uint32_t round = 0; round < 22; round++) {
        struct kdb_table *table = fixture_table(100 + round, "kinds");
        struct kdb_column columns[12];
        uint32_t column_count = 1 + (uint32_t)random_below(&seed, 12);
        random_columns(&seed, round, columns, column_count);
        const struct kdb_schema *schema = fixture_add_schema(table, columns, column_count);
        // Around the edges of batches and row groups.
        static const size_t counts[] = {1, 2, 100, 2047, 2048, 2049, 4096, 5000};
        size_t count = counts[round % 8];
        struct kdb_arena *arena = &table->arena;
        struct fixture_row *rows = kdb_arena_array(arena, count, sizeof(*rows));
        for (size_t i = 0; i < count; i++) {
            kdb_value *values = kdb_arena_array(arena, column_count, sizeof(*values));
            values[0] = growing_key(arena, columns[0].type, (int64_t)i * 3);
            for (uint32_t j = 1; j < column_count; j++)
                values[j] = writable_value(&seed, arena, columns[j].type);
            for (uint32_t j = 0; j < column_count; j++)
                values[j].scale = columns[j].type.scale;
            int64_t seq = kdb_snowflake_first_of_ms(1770000000000 + (int64_t)i) + 5;
            rows[i] =
                fixture_encode(fixture, arena, schema, values, seq, random_below(&seed, 6) == 0);
        }
        fixture_add_segment(fixture, table, KDB_LIT("alice"), rows, count);
        struct kdb_manifest *manifest = fixture_manifest(fixture, table, KDB_LIT("alice"));
        expect_true_stats(table, manifest->segments[0], rows, count);
        kdb_manifest_unref(manifest);
        expect_rows(fixture, table, rows, count);
        fixture_restart(fixture, 1U << 20);
        expect_rows(fixture, table, rows, count);
        kdb_table_unref(table);
    }
}

static void rows_of_older_schemas_are_converted(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_table(7, "versions");
    const struct kdb_column first[] = {{.id = 1, .type = {.kind = KDB_INT}, .is_not_null = true},
                                       {.id = 2, .type = {.kind = KDB_TEXT}},
                                       {.id = 3, .type = {.kind = KDB_INT}}};
    const struct kdb_column second[] = {
        {.id = 3, .type = {.kind = KDB_BIGINT}}, // widened, moved
        {.id = 1, .type = {.kind = KDB_BIGINT}, .is_not_null = true},
        {.id = 4, .name = KDB_LIT("file_row_number"), .type = {.kind = KDB_DOUBLE}}};
    const struct kdb_column third[] = {
        {.id = 1, .type = {.kind = KDB_BIGINT}, .is_not_null = true},
        {.id = 3, .type = {.kind = KDB_DECIMAL, .precision = 20, .scale = 2}}, // another kind
        {.id = 5,
         .type = {.kind = KDB_TEXT},
         .default_kind = KDB_DEFAULT_VALUE,
         .default_value = kdb_value_bytes(KDB_TEXT, KDB_LIT("it's new"))},
        {.id = 6, .type = {.kind = KDB_INT}, .default_kind = KDB_DEFAULT_SNOWFLAKE_ID}};
    const struct kdb_schema *v1 = fixture_add_schema(table, first, 3);
    struct kdb_schema *v2 = fixture_add_schema(table, second, 3);
    v2->key_index = 1;
    (void)fixture_add_schema(table, third, 4);
    struct kdb_arena *arena = &table->arena;
    const kdb_value old_values[] = {kdb_value_int(KDB_INT, 1),
                                    kdb_value_bytes(KDB_TEXT, KDB_LIT("gone")),
                                    kdb_value_int(KDB_INT, 42)};
    const kdb_value newer_values[] = {kdb_value_int(KDB_BIGINT, 43), kdb_value_int(KDB_BIGINT, 2),
                                      kdb_value_double(1.5)};
    const kdb_value newest_values[] = {kdb_value_int(KDB_BIGINT, 3), kdb_value_decimal(4425, 2),
                                       kdb_value_bytes(KDB_TEXT, KDB_LIT("written")),
                                       kdb_value_int(KDB_INT, 6)};
    struct fixture_row rows[] = {
        fixture_encode(fixture, arena, v1, old_values, 10, false),
        fixture_encode(fixture, arena, v2, newer_values, 11, true),
        fixture_encode(fixture, arena, table->schema, newest_values, 12, false)};
    // Keys are encoded by the newest type.
    for (int i = 0; i < 3; i++) {
        struct kdb_buf key = {0};
        kdb_key_i64(&key, i + 1);
        rows[i].key = kdb_arena_copy(arena, kdb_buf_view(&key));
        kdb_buf_deinit(&key);
    }
    fixture_add_segment(fixture, table, KDB_LIT("bob"), rows, 3);
    struct kdb_manifest *manifest = fixture_manifest(fixture, table, KDB_LIT("bob"));
    assert_int_equal(manifest->segments[0]->schema_version, 3);
    const struct kdb_cold_reader reader = fixture_reader(fixture, table, manifest);
    static const int64_t decimals[] = {4200, 4300, 4425};
    static const char *const texts[] = {"it's new", "it's new", "written"};
    for (int i = 0; i < 3; i++) {
        kdb_slice row;
        kdb_value value;
        expect_ok(fixture, kdb_cold_get(&reader, &fixture->ctx, rows[i].key, &row));
        assert_int_equal(kdb_row_schema_version(row), 3);
        kdb_row_get(table->schema, row, 1, &value);
        assert_true(value.decimal == decimals[i]);
        kdb_row_get(table->schema, row, 2, &value);
        assert_slice_equal(value.bytes, texts[i]);
        kdb_row_get(table->schema, row, 3, &value);
        assert_int_equal(value.is_null, i < 2);
        assert_int_equal(kdb_row_is_deleted(row), i == 1);
    }
    kdb_manifest_unref(manifest);
    kdb_table_unref(table);
}

static void what_cannot_be_converted_is_said(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_table(8, "bad");
    const struct kdb_column first[] = {{.id = 1, .type = {.kind = KDB_INT}, .is_not_null = true},
                                       {.id = 2, .type = {.kind = KDB_TEXT}}};
    const struct kdb_column second[] = {{.id = 1, .type = {.kind = KDB_INT}, .is_not_null = true},
                                        {.id = 2, .type = {.kind = KDB_INT}}};
    const struct kdb_schema *v1 = fixture_add_schema(table, first, 2);
    (void)fixture_add_schema(table, second, 2);
    const kdb_value values[] = {kdb_value_int(KDB_INT, 1),
                                kdb_value_bytes(KDB_TEXT, KDB_LIT("twelve"))};
    struct fixture_row row = fixture_encode(fixture, &table->arena, v1, values, 1, false);
    struct fixture_input input = {&row, 1, 0, SIZE_MAX};
    struct kdb_segment *segment = NULL;
    expect_failure(fixture, fixture_try_write(fixture, table, KDB_LIT("eve"), &input, &segment),
                   KDB_ERR_INVALID_VALUE, "column c2 cannot be converted");
    assert_null(segment);
    kdb_table_unref(table);
}

// ---- bounds of long text ----

static void long_text_has_bounds_too(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(9, "long");
    struct kdb_arena *arena = &table->arena;
    // 63 bytes, then a character of three: the cut goes through it.
    kdb_slice stem = kdb_arena_printf(arena, "%063d", 7);
    const kdb_slice texts[] = {kdb_arena_printf(arena, "%.*s日 one", KDB_ARG(stem)),
                               kdb_arena_printf(arena, "%.*s日 two", KDB_ARG(stem))};
    struct fixture_row rows[2];
    for (int i = 0; i < 2; i++) {
        const kdb_value values[] = {kdb_value_int(KDB_BIGINT, i),
                                    kdb_value_bytes(KDB_TEXT, texts[i]), kdb_value_null(KDB_INT)};
        rows[i] = fixture_encode(fixture, arena, table->schema, values, i + 1, false);
    }
    struct kdb_segment *segment = fixture_write(fixture, table, KDB_LIT("u"), rows, 2);
    expect_true_stats(table, segment, rows, 2);
    assert_true(segment->stats[1].has_range);
    assert_true(segment->stats[1].min.bytes.len <= KDB_STATS_BYTES_MAX);
    assert_true(kdb_utf8_is_valid(segment->stats[1].min.bytes));
    assert_true(kdb_utf8_is_valid(segment->stats[1].max.bytes));
    assert_true(kdb_slice_compare(segment->stats[1].max.bytes, texts[1]) > 0);
    assert_false(segment->stats[2].has_range);
    kdb_segment_unref(segment);
    kdb_table_unref(table);
}

// ---- nothing is left ----

static struct fixture_row *many_rows(struct segment_fixture *fixture, struct kdb_table *table,
                                     size_t count)
{
    struct fixture_row *rows = kdb_arena_array(&table->arena, count, sizeof(*rows));
    for (size_t i = 0; i < count; i++)
        rows[i] =
            fixture_plain_row(fixture, &table->arena, table, (int64_t)i, (int64_t)i + 1, false);
    return rows;
}

static void expect_nothing_left(struct segment_fixture *fixture)
{
    struct stat about;
    kdb_slice carol = kdb_arena_printf(&fixture->ctx.arena, "%s/users/carol", fixture->folder);
    if (stat(carol.data, &about) == 0) {
        kdb_slice list = kdb_arena_printf(&fixture->ctx.arena, "find %s >&2", carol.data);
        (void)!system(list.data);
        fail_msg("something is left");
    }
}

static void failures_leave_nothing(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(10, "faults");
    struct fixture_row *rows = many_rows(fixture, table, 5000);
    static const char *const points[] = {"segment.written", "segment.synced", "segment.renamed"};
    for (size_t i = 0; i < 3; i++) {
        kdb_slice list = kdb_arena_printf(&fixture->ctx.arena, "%s:fail", points[i]);
        expect_ok(fixture, kdb_fault_set(&fixture->ctx, list));
        struct fixture_input input = {rows, 5000, 0, SIZE_MAX};
        struct kdb_segment *segment = NULL;
        expect_failure(fixture,
                       fixture_try_write(fixture, table, KDB_LIT("carol"), &input, &segment),
                       KDB_ERR_IO, points[i]);
        assert_null(segment);
        expect_nothing_left(fixture);
    }
    expect_ok(fixture, kdb_fault_set(&fixture->ctx, KDB_LIT("")));
    static const size_t failing[] = {0, 1, 2048, 4999, 5000};
    for (size_t i = 0; i < 5; i++) {
        struct fixture_input input = {rows, 5000, 0, failing[i]};
        struct kdb_segment *segment = NULL;
        expect_failure(fixture,
                       fixture_try_write(fixture, table, KDB_LIT("carol"), &input, &segment),
                       KDB_ERR_CANCELLED, "the input was told to fail");
        expect_nothing_left(fixture);
    }
    // A segment given back before a manifest lists it takes its file along.
    struct kdb_segment *segment = fixture_write(fixture, table, KDB_LIT("carol"), rows, 5000);
    struct stat about;
    assert_int_equal(stat(segment->path.data, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    kdb_segment_unref(segment);
    expect_nothing_left(fixture);
    kdb_table_unref(table);
}

static void rows_must_be_sound_and_in_order(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(11, "order");
    struct fixture_row *rows = many_rows(fixture, table, 3);
    struct kdb_segment *segment = NULL;
    const struct fixture_row turned[] = {rows[0], rows[2], rows[1]};
    const struct fixture_row twice[] = {rows[1], rows[1]};
    const struct fixture_row short_row[] = {{rows[0].key, KDB_LIT("short")}};
    const struct fixture_row cut[] = {
        {rows[0].key, kdb_slice_of(rows[0].row.data, rows[0].row.len - 1)}};
    char other_version[16] = {KDB_ROW_FORMAT, 0, 3, 0, 99};
    const struct fixture_row unknown[] = {{rows[0].key, kdb_slice_of(other_version, 16)}};
    const struct {
        const struct fixture_row *rows;
        size_t count;
        const char *text;
    } cases[] = {{turned, 3, "not in key order"},
                 {twice, 2, "not in key order"},
                 {short_row, 1, "damaged"},
                 {cut, 1, "damaged row"},
                 {unknown, 1, "unknown schema version"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture_input input = {cases[i].rows, cases[i].count, 0, SIZE_MAX};
        expect_failure(fixture,
                       fixture_try_write(fixture, table, KDB_LIT("carol"), &input, &segment),
                       KDB_ERR_CORRUPT, cases[i].text);
        expect_nothing_left(fixture);
    }
    struct fixture_input empty = {rows, 0, 0, SIZE_MAX};
    expect_ok(fixture, fixture_try_write(fixture, table, KDB_LIT("carol"), &empty, &segment));
    assert_null(segment);
    expect_nothing_left(fixture);
    kdb_table_unref(table);
}

static void a_folder_that_cannot_be_written_is_said(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(12, "blocked");
    struct fixture_row *rows = many_rows(fixture, table, 1);
    // A file where a folder must be.
    kdb_slice path = kdb_arena_printf(&fixture->ctx.arena, "%s/in-the-way", fixture->folder);
    FILE *file = fopen(path.data, "w");
    assert_non_null(file);
    (void)fclose(file);
    struct fixture_input input = {rows, 1, 0, SIZE_MAX};
    const struct kdb_segment_write what = {
        .table = table,
        .folder = kdb_arena_printf(&fixture->ctx.arena, "%s/folder", path.data),
        .number = 5,
        .input = {fixture_next, &input}};
    struct kdb_segment *segment = NULL;
    kdb_status status =
        kdb_segment_write(fixture->service, fixture->writer, &fixture->ctx, &what, &segment);
    assert_null(strstr(fixture->ctx.error.message, fixture->folder));
    expect_failure(fixture, status, KDB_ERR_IO, "cannot be made: Not a directory");
    kdb_table_unref(table);
}

// ---- for other tools ----

static void the_file_says_what_it_is(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = fixture_plain_table(13, "footer");
    struct fixture_row *rows = many_rows(fixture, table, 5000);
    struct kdb_segment *segment = fixture_write(fixture, table, KDB_LIT("o'neil"), rows, 5000);
    struct kdb_parquet_info info;
    expect_ok(fixture,
              kdb_parquet_read_info(fixture->reader, &fixture->ctx, segment->path.data, &info));
    assert_int_equal(info.row_count, 5000);
    assert_int_equal(info.group_count, segment->group_count);
    for (uint32_t i = 0; i < info.group_count; i++)
        assert_int_equal(info.groups[i].first_row, i * segment->group_rows);
    static const int32_t ids[] = {1, 2, 3, -1, -2, -3};
    static const char *const names[] = {"c1", "c2", "c3", "_seq", "_updated", "_deleted"};
    assert_int_equal(info.field_count, 6);
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(info.fields[i].field_id, ids[i]);
        assert_slice_equal(info.fields[i].name, names[i]);
    }
    unsigned found = 0;
    for (uint32_t i = 0; i < info.pair_count; i++) {
        found += kdb_slice_equal(info.pairs[i].key, KDB_LIT("kalamdb.table_id")) &&
                 kdb_slice_equal(info.pairs[i].value, KDB_LIT("13"));
        found += kdb_slice_equal(info.pairs[i].key, KDB_LIT("kalamdb.user")) &&
                 kdb_slice_equal(info.pairs[i].value, KDB_LIT("o%27neil"));
        found += kdb_slice_equal(info.pairs[i].key, KDB_LIT("kalamdb.table")) &&
                 kdb_slice_equal(info.pairs[i].value, KDB_LIT("app.footer"));
    }
    assert_int_equal(found, 3);
    kdb_segment_unref(segment);
    kdb_table_unref(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(rows_of_every_kind_come_back, fixture_reset),
        cmocka_unit_test_setup(rows_of_older_schemas_are_converted, fixture_reset),
        cmocka_unit_test_setup(what_cannot_be_converted_is_said, fixture_reset),
        cmocka_unit_test_setup(long_text_has_bounds_too, fixture_reset),
        cmocka_unit_test_setup(failures_leave_nothing, fixture_reset),
        cmocka_unit_test_setup(rows_must_be_sound_and_in_order, fixture_reset),
        cmocka_unit_test_setup(a_folder_that_cannot_be_written_is_said, fixture_reset),
        cmocka_unit_test_setup(the_file_says_what_it_is, fixture_reset),
    };
    return cmocka_run_group_tests(tests, fixture_open_with_engine, fixture_close);
}
