// SPDX-License-Identifier: Apache-2.0
// JSON cells: the exact form of every type on the wire.
#include "types/value.h"

#include <math.h>
#include <stdio.h>

#include "base/json_read.h"
#include "unit/types/random_value.h"
#include "unit/types/value_case.h"

static void expect_cell(struct value_case *c, const kdb_value *value, const char *expected)
{
    kdb_buf_clear(&c->out);
    assert_int_equal(kdb_value_write_json(value, &c->ctx, &c->out), KDB_OK);
    assert_slice_equal(kdb_buf_view(&c->out), expected);
}

static void expect_parsed_cell(struct value_case *c, kdb_type type, const char *text,
                               const char *expected)
{
    kdb_value value = parsed(c, type, text);
    expect_cell(c, &value, expected);
}

#define CELL(kind, text, expected) expect_parsed_cell(&c, KDB_TYPE(KDB_##kind), text, expected)

static void test_every_type(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    CELL(BOOLEAN, "yes", "true");
    CELL(BOOLEAN, "off", "false");
    CELL(SMALLINT, "-7", "-7");
    CELL(INT, "2147483647", "2147483647");
    CELL(BIGINT, "1", "\"1\"");
    CELL(BIGINT, "9007199254740993", "\"9007199254740993\"");
    CELL(BIGINT, "-9223372036854775808", "\"-9223372036854775808\"");
    CELL(FLOAT, "0.1", "0.10000000149011612");
    CELL(FLOAT, "1.5", "1.5");
    CELL(FLOAT, "3", "3.0");
    CELL(DOUBLE, "1.5", "1.5");
    CELL(DOUBLE, "100", "100.0");
    CELL(DOUBLE, "-0", "-0.0");
    CELL(DOUBLE, "0.1", "0.1");
    CELL(TEXT, "a\"b\n", "\"a\\\"b\\n\"");
    CELL(JSON, "{\"a\": 1}", "\"{\\\"a\\\": 1}\"");
    CELL(UUID, "6F1C0000-0000-4000-8000-0000000000FF", "\"6f1c0000-0000-4000-8000-0000000000ff\"");
    CELL(BYTES, "\\xdeadbe00", "[222,173,190,0]");
    CELL(BYTES, "\\x", "[]");
    CELL(BYTES, "\\x0a", "[10]");
    CELL(TIMESTAMP, "2026-05-04 10:00:00", "1777888800000000");
    CELL(TIMESTAMP, "1969-12-31 23:59:59.5", "-500000");
    CELL(DATETIME, "2026-05-04 12:00:00+02", "1777888800000000");
    CELL(DATE, "2026-05-04", "20577");
    CELL(TIME, "12:34:56", "45296000000");
    CELL(INTERVAL, "1 day 2 hours", "\"1 day 02:00:00\"");
    CELL(UNKNOWN, "x", "\"x\"");
    expect_parsed_cell(&c, DECIMAL(10, 2), "200.75", "\"200.75\"");
    expect_parsed_cell(&c, DECIMAL(10, 2), "-3.1", "\"-3.10\"");
    expect_parsed_cell(&c, DECIMAL(10, 2), "-0.50", "\"-0.50\"");
    expect_parsed_cell(&c, DECIMAL(10, 0), "12", "\"12\"");
    expect_parsed_cell(&c, (kdb_type){.kind = KDB_EMBEDDING, .dimension = 2}, "[0.5, 0.25]",
                       "[0.5,0.25]");
    expect_parsed_cell(&c, (kdb_type){.kind = KDB_EMBEDDING, .dimension = 1}, "[2]", "[2.0]");
    kdb_value file = kdb_value_bytes(KDB_FILE, KDB_LIT("{\"id\":1}"));
    expect_cell(&c, &file, "\"{\\\"id\\\":1}\"");
    case_deinit(&c);
}

static void test_every_null(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    for (int kind = 0; kind < KDB_KIND_COUNT; kind++) {
        kdb_value null = kdb_value_null((kdb_kind)kind);
        expect_cell(&c, &null, "null");
    }
    case_deinit(&c);
}

static void test_not_a_number_is_refused(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    const float numbers[] = {1.0F, INFINITY};
    kdb_value nan = kdb_value_double((double)NAN);
    kdb_value minus = kdb_value_double(-HUGE_VAL);
    kdb_value real = {.kind = KDB_FLOAT, .real = HUGE_VAL};
    kdb_value embedding = kdb_value_bytes(KDB_EMBEDDING, kdb_slice_of(numbers, sizeof(numbers)));
    KDB_BUF_LIT(&c.out, "[");
    expect_error(&c, kdb_value_write_json(&nan, &c.ctx, &c.out), KDB_ERR_INVALID_VALUE,
                 "the number NaN cannot be sent: JSON has no such value");
    expect_error(&c, kdb_value_write_json(&minus, &c.ctx, &c.out), KDB_ERR_INVALID_VALUE,
                 "the number -Infinity cannot be sent: JSON has no such value");
    expect_error(&c, kdb_value_write_json(&real, &c.ctx, &c.out), KDB_ERR_INVALID_VALUE,
                 "the number Infinity cannot be sent: JSON has no such value");
    expect_error(&c, kdb_value_write_json(&embedding, &c.ctx, &c.out), KDB_ERR_INVALID_VALUE,
                 "the number Infinity cannot be sent: JSON has no such value");
    assert_slice_equal(kdb_buf_view(&c.out), "[");
    case_deinit(&c);
}

static void test_every_byte(void **state)
{
    (void)state;
    struct value_case c;
    char bytes[256];
    char expected[256 * 4 + 2];
    size_t len = 0;
    case_init(&c);
    for (int i = 0; i < 256; i++) {
        bytes[i] = (char)i;
        len += (size_t)snprintf(expected + len, sizeof(expected) - len, "%c%d", i ? ',' : '[', i);
    }
    (void)snprintf(expected + len, sizeof(expected) - len, "]");
    kdb_value value = kdb_value_bytes(KDB_BYTES, kdb_slice_of(bytes, sizeof(bytes)));
    expect_cell(&c, &value, expected);
    case_deinit(&c);
}

static void test_cells_are_json(void **state)
{
    (void)state;
    static const struct kdb_json_limits limits = {.size_max = SIZE_MAX, .depth_max = 1};
    struct value_case c;
    case_init(&c);
    for (uint64_t seed = 1, round = 0; round < 5000; round++) {
        kdb_ctx_reset(&c.ctx);
        kdb_type type = random_type(&seed);
        kdb_value value = random_value(&seed, &c.ctx.arena, type);
        if (kdb_kind_is_variable(type.kind) && type.kind != KDB_BYTES && type.kind != KDB_EMBEDDING)
            continue; // random bytes are no UTF-8
        kdb_buf_clear(&c.out);
        if (kdb_value_write_json(&value, &c.ctx, &c.out) != KDB_OK) {
            assert_true(type.kind == KDB_DOUBLE && !isfinite(value.real));
            assert_int_equal(c.out.len, 0);
            continue;
        }
        const struct kdb_json *root = NULL;
        assert_int_equal(kdb_json_parse(&c.ctx, kdb_buf_view(&c.out), &limits, &root), KDB_OK);
        if (type.kind == KDB_DOUBLE) {
            double number = 1;
            assert_true(kdb_json_to_double(root, &number));
            assert_memory_equal(&number, &value.real, sizeof(number));
        }
    }
    case_deinit(&c);
}

static void test_a_full_buffer_drops_the_cell(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    struct kdb_buf out = {.limit = 5};
    kdb_value value = kdb_value_bytes(KDB_BYTES, KDB_LIT("abcdef"));
    assert_int_equal(kdb_value_write_json(&value, &c.ctx, &out), KDB_OK);
    assert_true(out.is_exceeded);
    kdb_buf_deinit(&out);
    case_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_every_null),
        cmocka_unit_test(test_not_a_number_is_refused),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_cells_are_json),
        cmocka_unit_test(test_a_full_buffer_drops_the_cell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
