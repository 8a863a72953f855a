// SPDX-License-Identifier: Apache-2.0
// Decimals: PostgreSQL's results where they fit 38 digits, an error where they do not.
#include "types/decimal.h"

#include <math.h>
#include <stdio.h>

#include "unit/types/random_value.h"
#include "unit/types/value_case.h"

#define ANY KDB_TYPE(KDB_DECIMAL)

static kdb_value number(struct value_case *c, const char *text)
{
    return parsed(c, ANY, text);
}

static void test_numbers_keep_their_written_scale(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"  1.50  ", "1.50"},
        {".5", "0.5"},
        {"5.", "5"},
        {"1e3", "1000"},
        {"1.5e-3", "0.0015"},
        {"1.50e1", "15.0"},
        {"+7", "7"},
        {"-0", "0"},
        {"-0.50", "-0.50"},
        {"0.00", "0.00"},
        {"00012.340", "12.340"},
        {"99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
        {"-0.99999999999999999999999999999999999999", "-0.99999999999999999999999999999999999999"},
        {"1e37", "10000000000000000000000000000000000000"},
        {"0e-99", "0.00000000000000000000000000000000000000"},
        {"18446744073709551616.10000000000000000001", "18446744073709551616.10000000000000000001"},
    };
    struct value_case c;
    case_init(&c);
    for (size_t i = 0; i + 1 < sizeof(pairs) / sizeof(pairs[0]); i++)
        expect_parsed(&c, ANY, pairs[i][0], pairs[i][1]);
    // The last one has 40 digits.
    expect_refused(&c, ANY, pairs[15][0], KDB_ERR_OUT_OF_RANGE,
                   "value overflows numeric format: more than 38 digits");
    case_deinit(&c);
}

static void test_numbers_are_rounded_to_their_column(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    expect_parsed(&c, DECIMAL(10, 2), "0.005", "0.01");
    expect_parsed(&c, DECIMAL(10, 2), "-0.005", "-0.01");
    expect_parsed(&c, DECIMAL(10, 2), "-0.004", "0.00");
    expect_parsed(&c, DECIMAL(10, 2), "-0.50", "-0.50");
    expect_parsed(&c, DECIMAL(10, 2), "3.1", "3.10");
    expect_parsed(&c, DECIMAL(4, 1), "99.995", "100.0");
    expect_parsed(&c, DECIMAL(3, 0), "6e-1", "1");
    expect_parsed(&c, DECIMAL(3, 0), "4e-1", "0");
    expect_parsed(&c, DECIMAL(3, 0), "9e-5", "0");
    expect_parsed(&c, DECIMAL(38, 0), "1e37", "10000000000000000000000000000000000000");
    expect_parsed(&c, DECIMAL(38, 38), "0.123456789012345678901234567890123456789",
                  "0.12345678901234567890123456789012345679");
    expect_refused(&c, DECIMAL(10, 2), "99999999.995", KDB_ERR_OUT_OF_RANGE,
                   "numeric field overflow: a field with precision 10, scale 2 must round to an "
                   "absolute value less than 10^8");
    expect_refused(&c, DECIMAL(2, 2), "-1", KDB_ERR_OUT_OF_RANGE,
                   "numeric field overflow: a field with precision 2, scale 2 must round to an "
                   "absolute value less than 1");
    expect_refused(&c, DECIMAL(5, 0), "1e999999999999999999999", KDB_ERR_OUT_OF_RANGE,
                   "numeric field overflow: a field with precision 5, scale 0 must round to an "
                   "absolute value less than 10^5");
    expect_parsed(&c, DECIMAL(5, 0), "1e-999999999999999999999", "0");
    case_deinit(&c);
}

static void test_what_is_no_number(void **state)
{
    (void)state;
    static const char *const texts[] = {"",      " ",   ".",    "-",     "e5",  "1e",  "1e+",
                                        "1.2.3", "1 2", "0x10", "1_000", "--1", "1,5", "abc"};
    struct value_case c;
    char message[100];
    case_init(&c);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        (void)snprintf(message, sizeof(message), "invalid input syntax for type numeric: \"%s\"",
                       texts[i]);
        expect_refused(&c, ANY, texts[i], KDB_ERR_INVALID_VALUE, message);
    }
    expect_refused(&c, ANY, "NaN", KDB_ERR_INVALID_VALUE,
                   "type numeric cannot hold NaN or infinity");
    expect_refused(&c, ANY, " -Infinity", KDB_ERR_INVALID_VALUE,
                   "type numeric cannot hold NaN or infinity");
    case_deinit(&c);
}

typedef kdb_status (*operation)(const kdb_value *a, struct kdb_ctx *ctx, const kdb_value *b,
                                kdb_value *ret_value);

static void expect_operation(struct value_case *c, operation run, const char *const texts[3])
{
    kdb_value a = number(c, texts[0]);
    kdb_value b = number(c, texts[1]);
    kdb_value result;
    if (run(&a, &c->ctx, &b, &result) != KDB_OK)
        fail_msg("%s, %s: %s", texts[0], texts[1], c->ctx.error.message);
    expect_text(c, &result, texts[2]);
}

#define EXPECT(run, a, b, expected) expect_operation(&c, run, (const char *const[]){a, b, expected})

static void expect_overflow(struct value_case *c, operation run, const char *a_text,
                            const char *b_text)
{
    kdb_value a = number(c, a_text);
    kdb_value b = number(c, b_text);
    kdb_value result;
    expect_error(c, run(&a, &c->ctx, &b, &result), KDB_ERR_OUT_OF_RANGE,
                 "value overflows numeric format: more than 38 digits");
}

#define NINES38 "99999999999999999999999999999999999999"

static void test_arithmetic(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    EXPECT(kdb_decimal_add, "1.10", "2.205", "3.305");
    EXPECT(kdb_decimal_subtract, "1.10", "2.205", "-1.105");
    EXPECT(kdb_decimal_multiply, "1.10", "2.205", "2.42550");
    EXPECT(kdb_decimal_multiply, "-0.5", "0", "0.0");
    EXPECT(kdb_decimal_add, "-0.5", "0.50", "0.00");
    EXPECT(kdb_decimal_multiply, "10000000000000000000", "-9999999999999999999",
           "-99999999999999999990000000000000000000");
    EXPECT(kdb_decimal_multiply, "0.00000000000000000001", "0.00000000000000000005",
           "0.00000000000000000000000000000000000000");
    EXPECT(kdb_decimal_modulo, "7.5", "2", "1.5");
    EXPECT(kdb_decimal_modulo, "-7.5", "2", "-1.5");
    EXPECT(kdb_decimal_modulo, "7.5", "-2", "1.5");
    EXPECT(kdb_decimal_modulo, NINES38, "0.7", "0.3");
    EXPECT(kdb_decimal_modulo, "1.466296261098780084878740364802523", "27021091925421.8",
           "1.466296261098780084878740364802523");
    expect_overflow(&c, kdb_decimal_add, NINES38, "1");
    expect_overflow(&c, kdb_decimal_add, NINES38, "0.1");
    expect_overflow(&c, kdb_decimal_subtract, "-" NINES38, "1");
    expect_overflow(&c, kdb_decimal_multiply, NINES38, "2");
    expect_overflow(&c, kdb_decimal_multiply, "10000000000000000000", "10000000000000000000");
    kdb_value one = number(&c, "1");
    kdb_value zero = number(&c, "0.00");
    expect_error(&c, kdb_decimal_modulo(&one, &c.ctx, &zero, &one), KDB_ERR_DIVISION_BY_ZERO,
                 "division by zero");
    case_deinit(&c);
}

static void test_sums_and_products_undo(void **state)
{
    (void)state;
    struct value_case c;
    uint64_t seed = 3;
    case_init(&c);
    for (int round = 0; round < 5000; round++) {
        kdb_value a = kdb_value_decimal(random_scaled(&seed, 34), (int)random_below(&seed, 3));
        kdb_value b = kdb_value_decimal(random_scaled(&seed, 34), (int)random_below(&seed, 3));
        kdb_value sum;
        kdb_value back;
        assert_int_equal(kdb_decimal_add(&a, &c.ctx, &b, &sum), KDB_OK);
        assert_int_equal(kdb_decimal_subtract(&sum, &c.ctx, &b, &back), KDB_OK);
        assert_int_equal(kdb_value_compare(&a, &back), 0);
        assert_int_equal(kdb_value_hash(&a), kdb_value_hash(&back));
        b = kdb_value_decimal(random_scaled(&seed, 18), 0);
        a = kdb_value_decimal(random_scaled(&seed, 19), 4);
        assert_int_equal(kdb_decimal_multiply(&a, &c.ctx, &b, &sum), KDB_OK);
        assert_true(b.decimal == 0 ? sum.decimal == 0 : sum.decimal / b.decimal == a.decimal);
    }
    case_deinit(&c);
}

static void expect_round(struct value_case *c, const char *text, int scale, kdb_rounding rounding,
                         const char *expected)
{
    kdb_value value = number(c, text);
    kdb_value result;
    assert_int_equal(kdb_decimal_round(&value, &c->ctx, scale, rounding, &result), KDB_OK);
    expect_text(c, &result, expected);
}

static void test_rounding(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    expect_round(&c, "2.5", 0, KDB_ROUND_HALF_AWAY, "3");
    expect_round(&c, "-2.5", 0, KDB_ROUND_HALF_AWAY, "-3");
    expect_round(&c, "2.4999", 0, KDB_ROUND_HALF_AWAY, "2");
    expect_round(&c, "1234.567", -2, KDB_ROUND_HALF_AWAY, "1200");
    expect_round(&c, "1250", -2, KDB_ROUND_HALF_AWAY, "1300");
    expect_round(&c, "5e37", -38, KDB_ROUND_TO_ZERO, "0");
    expect_round(&c, "5", -40, KDB_ROUND_HALF_AWAY, "0");
    expect_round(&c, "1.5", 3, KDB_ROUND_HALF_AWAY, "1.500");
    expect_round(&c, "-1.99", 1, KDB_ROUND_TO_ZERO, "-1.9");
    expect_round(&c, "-1.5", 0, KDB_ROUND_DOWN, "-2");
    expect_round(&c, "1.5", 0, KDB_ROUND_DOWN, "1");
    expect_round(&c, "-1.5", 0, KDB_ROUND_UP, "-1");
    expect_round(&c, "1.2", 0, KDB_ROUND_UP, "2");
    expect_round(&c, "7", 0, KDB_ROUND_UP, "7");
    kdb_value value = number(&c, NINES38);
    expect_error(&c, kdb_decimal_round(&value, &c.ctx, -1, KDB_ROUND_HALF_AWAY, &value),
                 KDB_ERR_OUT_OF_RANGE, "value overflows numeric format: more than 38 digits");
    expect_error(&c, kdb_decimal_round(&value, &c.ctx, 1, KDB_ROUND_HALF_AWAY, &value),
                 KDB_ERR_OUT_OF_RANGE, "value overflows numeric format: more than 38 digits");
    case_deinit(&c);
}

static void test_comparison_across_scales(void **state)
{
    (void)state;
    static const char *const ascending[] = {
        "-" NINES38, "-10000000000000000000000000000000000000",
        "-2",        "-1.00000000000000000001",
        "-1",        "-0.00000000000000000000000000000000000001",
        "0",         "0.00000000000000000000000000000000000001",
        "0.1",       "0.11",
        "1",         "1.5",
        "2",         "10000000000000000000000000000000000000",
        NINES38};
    struct value_case c;
    case_init(&c);
    size_t count = sizeof(ascending) / sizeof(ascending[0]);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            kdb_value a = number(&c, ascending[i]);
            kdb_value b = number(&c, ascending[j]);
            int order = kdb_value_compare(&a, &b);
            assert_int_equal(order < 0 ? -1 : order > 0, i < j ? -1 : i > j);
        }
    }
    assert_int_equal(kdb_decimal_compare(100, 2, 1, 0), 0);
    assert_int_equal(kdb_decimal_compare(0, 38, 0, 0), 0);
    case_deinit(&c);
}

static void test_doubles(void **state)
{
    (void)state;
    struct value_case c;
    kdb_value value;
    case_init(&c);
    assert_true(kdb_decimal_to_double(1, 1) == 0.1);
    assert_true(kdb_decimal_to_double(-12345, 2) == -123.45);
    assert_true(kdb_decimal_to_double(kdb_decimal_power(38) - 1, 38) == 1.0);
    assert_true(kdb_decimal_to_double(kdb_decimal_power(37), 0) == 1e37);
    static const struct {
        double number;
        int digits;
        const char *expected;
    } cases[] = {{0.1, 15, "0.1"},
                 {-0.0, 15, "0"},
                 {1e20, 15, "100000000000000000000"},
                 {123456789012345678.0, 15, "123456789012346000"},
                 {1.0 / 3.0, 15, "0.333333333333333"},
                 {(double)0.1F, 6, "0.1"},
                 {(double)16777217.0F, 6, "16777200"},
                 {1e-30, 15, "0.000000000000000000000000000001"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(
            kdb_decimal_from_double(cases[i].number, &c.ctx, cases[i].digits, ANY, &value), KDB_OK);
        expect_text(&c, &value, cases[i].expected);
    }
    assert_int_equal(kdb_decimal_from_double(1.005, &c.ctx, 15, DECIMAL(10, 2), &value), KDB_OK);
    expect_text(&c, &value, "1.01");
    expect_error(&c, kdb_decimal_from_double((double)NAN, &c.ctx, 15, ANY, &value),
                 KDB_ERR_INVALID_VALUE, "type numeric cannot hold NaN or infinity");
    expect_error(&c, kdb_decimal_from_double(1e300, &c.ctx, 15, ANY, &value), KDB_ERR_OUT_OF_RANGE,
                 "value overflows numeric format: more than 38 digits");
    case_deinit(&c);
}

static void test_every_length_prints_as_it_reads(void **state)
{
    (void)state;
    struct value_case c;
    uint64_t seed = 9;
    case_init(&c);
    for (int round = 0; round < 5000; round++) {
        kdb_value value = kdb_value_decimal(random_scaled(&seed, KDB_DECIMAL_DIGITS),
                                            (int)random_below(&seed, KDB_DECIMAL_DIGITS + 1));
        kdb_buf_clear(&c.out);
        kdb_decimal_print(value.decimal, value.scale, &c.out);
        kdb_value read;
        assert_int_equal(kdb_decimal_parse(kdb_buf_view(&c.out), &c.ctx, ANY, &read), KDB_OK);
        assert_true(read.decimal == value.decimal);
        assert_int_equal(read.scale, value.scale);
    }
    case_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_keep_their_written_scale),
        cmocka_unit_test(test_numbers_are_rounded_to_their_column),
        cmocka_unit_test(test_what_is_no_number),
        cmocka_unit_test(test_arithmetic),
        cmocka_unit_test(test_sums_and_products_undo),
        cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_comparison_across_scales),
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_every_length_prints_as_it_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
