// SPDX-License-Identifier: Apache-2.0
// Rows and updates as the wire has them.
#include <math.h>
#include <stdio.h>

#include "base/json_read.h"
#include "unit/live/live_case.h"

// A query and what it is evaluated with.
struct reader {
    struct kdb_live_query *query;
    struct kdb_arena scratch;
    struct kdb_eval eval;
    struct kdb_buf out;
};

static void reader_open(struct reader *reader, const char *sql)
{
    *reader = (struct reader){.query = live_query(sql)};
    kdb_arena_init(&reader->scratch, (size_t)1 << 20);
    kdb_live_eval_init(reader->query, &bind_test.ctx, &reader->scratch, &reader->eval);
}

static void reader_close(struct reader *reader)
{
    kdb_buf_deinit(&reader->out);
    kdb_arena_deinit(&reader->scratch);
    kdb_live_query_unref(reader->query);
}

static void expect_out(struct reader *reader, const char *expected)
{
    kdb_buf_put(&reader->out, '\0');
    assert_string_equal(reader->out.data, expected);
    kdb_buf_clear(&reader->out);
}

static void expect_row(const char *sql, kdb_slice row, const char *expected)
{
    struct reader reader;
    reader_open(&reader, sql);
    assert_int_equal(kdb_live_write_row(reader.query, &reader.eval, row, kdb_row_seq(row),
                                        kdb_row_is_deleted(row), &reader.out),
                     KDB_OK);
    expect_out(&reader, expected);
    reader_close(&reader);
}

static void expect_update(const char *sql, kdb_slice old_row, kdb_slice new_row,
                          const char *expected)
{
    struct reader reader;
    reader_open(&reader, sql);
    assert_int_equal(
        kdb_live_write_update(reader.query, &reader.eval, old_row, new_row, &reader.out), KDB_OK);
    expect_out(&reader, expected);
    reader_close(&reader);
}

static void test_rows(void **state)
{
    (void)state;
    live_open(NULL);
    kdb_slice row = live_row(1, LIVE_NULL, "a \"b\"", 0.5, false);
    kdb_slice dead = live_row(1, 2, NULL, 0.5, true);
    expect_row("SELECT body, n, id FROM app.notes", row,
               "{\"body\":\"a \\\"b\\\"\",\"n\":null,\"id\":\"1\",\"_seq\":\"1\"}");
    expect_row("SELECT n + 1 AS more, id FROM app.notes", dead,
               "{\"more\":3,\"id\":\"1\",\"_seq\":\"2\"}");
    struct reader reader;
    reader_open(&reader, "SELECT * FROM app.notes");
    int64_t seq = kdb_snowflake_first_of_ms(INT64_C(1767225600123));
    assert_int_equal(kdb_live_write_row(reader.query, &reader.eval, dead, seq, true, &reader.out),
                     KDB_OK);
    char expected[256];
    (void)snprintf(expected, sizeof(expected),
                   "{\"id\":\"1\",\"n\":2,\"body\":null,\"f\":0.5,\"_seq\":\"%lld\","
                   "\"_updated\":1767225600123000,\"_deleted\":true}",
                   (long long)seq);
    expect_out(&reader, expected);
    reader_close(&reader);
    live_close();
}

// Behind what is there already: an object of its own.
static void test_rows_are_appended(void **state)
{
    (void)state;
    struct reader reader;
    live_open(NULL);
    kdb_slice row = live_row(1, 2, NULL, 0, false);
    reader_open(&reader, "SELECT n FROM app.notes");
    KDB_BUF_LIT(&reader.out, "[{},");
    assert_int_equal(kdb_live_write_row(reader.query, &reader.eval, row, 1, false, &reader.out),
                     KDB_OK);
    expect_out(&reader, "[{},{\"n\":2,\"_seq\":\"1\"}");
    reader_close(&reader);
    live_close();
}

static void test_updates_say_what_changed(void **state)
{
    (void)state;
    live_open(NULL);
    kdb_slice first = live_row(1, 5, "one", 0, false);
    kdb_slice second = live_row(1, LIVE_NULL, "one", 0, false); // n became null
    kdb_slice third = live_row(1, LIVE_NULL, "two", 0, false);  // n stays so
    const char *sql = "SELECT id, n, body FROM app.notes";
    expect_update(sql, first, second,
                  "\"rows\":[{\"id\":\"1\",\"n\":null,\"body\":\"one\",\"_seq\":\"2\"}],"
                  "\"old_values\":[{\"id\":\"1\",\"n\":5,\"_seq\":\"1\"}]");
    expect_update(sql, second, third,
                  "\"rows\":[{\"id\":\"1\",\"body\":\"two\",\"_seq\":\"3\"}],"
                  "\"old_values\":[{\"id\":\"1\",\"body\":\"one\",\"_seq\":\"2\"}]");
    expect_update(sql, third, first,
                  "\"rows\":[{\"id\":\"1\",\"n\":5,\"body\":\"one\",\"_seq\":\"1\"}],"
                  "\"old_values\":[{\"id\":\"1\",\"n\":null,\"body\":\"two\",\"_seq\":\"3\"}]");
    live_close();
}

// Whoever does not select the key is told it all the same: which row changed?
static void test_updates_carry_the_key(void **state)
{
    (void)state;
    live_open(NULL);
    kdb_slice first = live_row(1, 5, "one", 0, false);
    kdb_slice second = live_row(1, 7, "one", 0, false);
    expect_update("SELECT body FROM app.notes", first, second,
                  "\"rows\":[{\"id\":\"1\",\"body\":\"one\",\"_seq\":\"2\"}],"
                  "\"old_values\":[{\"id\":\"1\",\"_seq\":\"1\"}]");
    expect_update("SELECT n * 2 AS twice, id AS nr FROM app.notes", first, second,
                  "\"rows\":[{\"id\":\"1\",\"twice\":14,\"nr\":\"1\",\"_seq\":\"2\"}],"
                  "\"old_values\":[{\"id\":\"1\",\"twice\":10,\"_seq\":\"1\"}]");
    live_close();
}

static void test_which_rows_match(void **state)
{
    (void)state;
    struct reader reader;
    bool is_match = true;
    live_open(NULL);
    reader_open(&reader, "SELECT id FROM app.notes WHERE n > 3");
    assert_int_equal(kdb_live_matches(reader.query, &reader.eval, (kdb_slice){0}, &is_match),
                     KDB_OK);
    assert_false(is_match);
    const struct {
        int32_t n;
        bool is_deleted;
        bool is_match;
    } cases[] = {{4, false, true}, {3, false, false}, {LIVE_NULL, false, false}, {4, true, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kdb_slice row = live_row(1, cases[i].n, NULL, 0, cases[i].is_deleted);
        assert_int_equal(kdb_live_matches(reader.query, &reader.eval, row, &is_match), KDB_OK);
        assert_int_equal(is_match, cases[i].is_match);
    }
    reader_close(&reader);
    live_close();
}

static void test_what_cannot_be_told(void **state)
{
    (void)state;
    struct reader reader;
    bool is_match;
    live_open(NULL);
    reader_open(&reader, "SELECT f FROM app.notes WHERE 10 / n > 1");
    kdb_slice row = live_row(1, 1, NULL, NAN, false);
    assert_int_not_equal(kdb_live_write_row(reader.query, &reader.eval, row, 1, false, &reader.out),
                         KDB_OK);
    assert_non_null(strstr(bind_test.ctx.error.message, "NaN"));
    kdb_ctx_clear_error(&bind_test.ctx);
    row = live_row(1, 0, NULL, 0, false);
    assert_int_not_equal(kdb_live_matches(reader.query, &reader.eval, row, &is_match), KDB_OK);
    assert_false(is_match);
    kdb_ctx_clear_error(&bind_test.ctx);
    char strange[64];
    memcpy(strange, row.data, row.len);
    strange[4] = 99; // schema version
    assert_int_equal(
        kdb_live_matches(reader.query, &reader.eval, kdb_slice_of(strange, row.len), &is_match),
        KDB_ERR_CORRUPT);
    kdb_ctx_clear_error(&bind_test.ctx);
    assert_int_equal(kdb_live_matches(reader.query, &reader.eval, KDB_LIT("short"), &is_match),
                     KDB_ERR_CORRUPT);
    kdb_ctx_clear_error(&bind_test.ctx);
    reader_close(&reader);
    live_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_rows_are_appended),
        cmocka_unit_test(test_updates_say_what_changed),
        cmocka_unit_test(test_updates_carry_the_key),
        cmocka_unit_test(test_which_rows_match),
        cmocka_unit_test(test_what_cannot_be_told),
    };
    return cmocka_run_group_tests(tests, live_setup, bind_teardown);
}
