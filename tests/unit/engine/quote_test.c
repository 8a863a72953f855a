// SPDX-License-Identifier: Apache-2.0
// Names and values as text: whatever is quoted, DuckDB reads back exactly that.
#include "engine/quote.h"

#include <math.h>

#include "engine_fixture.h"
#include "sample_rows.h"

// Runs "SELECT <literal>" for a type and gives the value.
static kdb_value read_back(struct engine_fixture *fixture, kdb_type type, const kdb_value *value)
{
    struct kdb_buf sql = {0};
    KDB_BUF_LIT(&sql, "SELECT ");
    kdb_engine_quote_value(&sql, type, value);
    const struct kdb_engine_statement statement = {
        .sql = kdb_buf_view(&sql), .columns = &type, .column_count = 1, .is_one_shot = true};
    struct kdb_engine_result result = run(fixture, &statement);
    kdb_buf_deinit(&sql);
    assert_int_equal(result.row_count, 1);
    return result.values[0];
}

static void expect_back(struct engine_fixture *fixture, kdb_type type, kdb_value value)
{
    kdb_value back = read_back(fixture, type, &value);
    expect_same(&back, &value);
}

static void values_of_every_type_come_back(void **state)
{
    struct engine_fixture *fixture = *state;
    struct kdb_value_rows rows = sample_rows(&fixture->ctx.arena, 12);
    for (uint32_t i = 0; i < rows.row_count * SAMPLE_COLUMNS; i++)
        expect_back(fixture, sample_columns[i % SAMPLE_COLUMNS].type, rows.values[i]);
}

static void borders_come_back(void **state)
{
    struct engine_fixture *fixture = *state;
    static const struct {
        kdb_kind kind;
        int64_t numbers[6];
    } cases[] = {
        {KDB_SMALLINT, {INT16_MIN, INT16_MAX, 0, -1, 1, 10}},
        {KDB_INT, {INT32_MIN, INT32_MAX, 0, -1, 1, 10}},
        {KDB_BIGINT, {INT64_MIN, INT64_MAX, INT64_MIN + 1, -1, 1, 10}},
        {KDB_DATE, {-719162, -719163, 2932896, 2932897, 0, -800000}},
        {KDB_TIMESTAMP,
         {INT64_C(-62135596800000000), INT64_C(-62135596800000001), INT64_C(253402300799999999),
          INT64_C(253402300800000000), -1, INT64_C(-70000000000000000)}},
        {KDB_DATETIME,
         {INT64_C(-62135596800000000), INT64_C(-62135596800000001), INT64_C(253402300799999999),
          INT64_C(253402300800000000), -1, INT64_C(-70000000000000000)}},
        {KDB_TIME, {0, 1, INT64_C(86399999999), 1000000, 999999, INT64_C(43200000000)}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t j = 0; j < 6; j++)
            expect_back(fixture, KDB_TYPE((uint8_t)cases[i].kind),
                        kdb_value_int(cases[i].kind, cases[i].numbers[j]));
    }
}

static void numbers_come_back(void **state)
{
    struct engine_fixture *fixture = *state;
    static const double numbers[] = {0.1,    -0.0,     1e308,   5e-324, 1.7976931348623157e308,
                                     123.25, 1e22,     1e23,    NAN,    INFINITY,
                                     -1e-7,  0.333333, 2.5e-10, 1e15,   -INFINITY};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        kdb_value value = kdb_value_double(numbers[i]);
        kdb_value back = read_back(fixture, KDB_TYPE(KDB_DOUBLE), &value);
        assert_int_equal(signbit(back.real) && !isnan(back.real),
                         signbit(value.real) && !isnan(value.real));
        expect_same(&back, &value);
        value = (kdb_value){.real = (double)(float)numbers[i], .kind = KDB_FLOAT};
        expect_back(fixture, KDB_TYPE(KDB_FLOAT), value);
    }
    kdb_int128 most = 1;
    for (int i = 0; i < 38; i++)
        most *= 10;
    for (uint8_t scale = 0; scale <= 38; scale++) {
        const kdb_type type = {.kind = KDB_DECIMAL, .precision = 38, .scale = scale};
        expect_back(fixture, type, kdb_value_decimal(most - 1, scale));
        expect_back(fixture, type, kdb_value_decimal(-7, scale));
    }
}

static void awkward_texts_come_back(void **state)
{
    struct engine_fixture *fixture = *state;
    static const kdb_slice texts[] = {
        {"", 0},         {"'", 1},          {"''", 2},     {"it's", 4},    {"\\'; --", 6},
        {"\"", 1},       {"a\0b", 3},       {"\0", 1},     {"\0\0'\0", 4}, {"$1 ?", 4},
        {"\xC3\xA4", 2}, {"line\nline", 9}, {"E'\\n'", 5}, {"$$x$$", 5},   {"/* */", 5},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        expect_back(fixture, KDB_TYPE(KDB_TEXT), kdb_value_bytes(KDB_TEXT, texts[i]));
        expect_back(fixture, KDB_TYPE(KDB_UNKNOWN), kdb_value_bytes(KDB_UNKNOWN, texts[i]));
        expect_back(fixture, KDB_TYPE(KDB_BYTES), kdb_value_bytes(KDB_BYTES, texts[i]));
    }
}

static void nulls_have_their_type(void **state)
{
    struct engine_fixture *fixture = *state;
    for (uint32_t i = 0; i < SAMPLE_COLUMNS; i++) {
        kdb_type type = sample_columns[i].type;
        expect_back(fixture, type, kdb_value_null((kdb_kind)type.kind));
    }
    struct kdb_buf text = {0};
    const kdb_value null = kdb_value_null(KDB_DECIMAL);
    kdb_engine_quote_value(&text, KDB_TYPE(KDB_DECIMAL), &null); // as many digits as the value has
    (void)run_sql(fixture, kdb_arena_printf(&fixture->ctx.arena, "SELECT 1.5 <> %.*s",
                                            KDB_ARG(kdb_buf_view(&text)))
                               .data);
    kdb_buf_deinit(&text);
}

static void identifiers_come_back(void **state)
{
    struct engine_fixture *fixture = *state;
    static const char *const names[] = {"a",  "select", "A b", "x\"y", "\"", "a.b",
                                        "at", "ü",      "'",   "\\",   "",   "$1"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct kdb_buf sql = {0};
        kdb_engine_quote_identifier(&sql, kdb_slice_cstr(names[i]));
        if (*names[i] == '\0') {
            assert_true(kdb_slice_equal(kdb_buf_view(&sql), KDB_LIT("\"\"")));
        } else {
            kdb_slice quoted = kdb_arena_copy(&fixture->ctx.arena, kdb_buf_view(&sql));
            kdb_slice text =
                kdb_arena_printf(&fixture->ctx.arena, "SELECT %.*s FROM (SELECT 7 AS %.*s)",
                                 KDB_ARG(quoted), KDB_ARG(quoted));
            struct kdb_engine_result result = run_sql(fixture, text.data);
            assert_int_equal(result.values[0].integer, 7);
            assert_true(kdb_slice_equal(result.columns[0].name, kdb_slice_cstr(names[i])));
        }
        kdb_buf_deinit(&sql);
    }
}

static void errors_end_the_statement_when_reached(void **state)
{
    struct engine_fixture *fixture = *state;
    for (unsigned status = 1; status < KDB_STATUS_COUNT; status++) {
        struct kdb_buf sql = {0};
        KDB_BUF_LIT(&sql, "SELECT CASE WHEN range = 2 THEN ");
        kdb_engine_quote_error(&sql, (kdb_status)status, KDB_LIT("it's wrong: /a/b 50%s"));
        KDB_BUF_LIT(&sql, " ELSE range END FROM range(3)");
        kdb_buf_put(&sql, '\0');
        expect_sql_failure(fixture, sql.data, (kdb_status)status, "it's wrong: /a/b 50%s");
        sql.data[sql.len - 3] = '2';
        assert_int_equal(run_sql(fixture, sql.data).row_count, 2);
        kdb_buf_deinit(&sql);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(values_of_every_type_come_back, fixture_reset),
        cmocka_unit_test_setup(borders_come_back, fixture_reset),
        cmocka_unit_test_setup(numbers_come_back, fixture_reset),
        cmocka_unit_test_setup(awkward_texts_come_back, fixture_reset),
        cmocka_unit_test_setup(nulls_have_their_type, fixture_reset),
        cmocka_unit_test_setup(identifiers_come_back, fixture_reset),
        cmocka_unit_test_setup(errors_end_the_statement_when_reached, fixture_reset),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
