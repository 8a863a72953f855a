// SPDX-License-Identifier: Apache-2.0
// Floats: PostgreSQL's layout, the fewest digits, the nearest number, range errors.
#include "types/real_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "unit/types/value_case.h"

static void test_double_layout(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"1e15", "1e+15"},
        {"123456789012345.6", "123456789012345.6"},
        {"999999999999999", "999999999999999"},
        {"0.0001", "0.0001"},
        {"0.00012345", "0.00012345"},
        {"0.00001", "1e-05"},
        {"-0", "-0"},
        {"100", "100"},
        {"1e-7", "1e-07"},
        {"1.7976931348623157e308", "1.7976931348623157e+308"},
        {"5e-324", "5e-324"},
        {"1e20", "1e+20"},
        {"0.1", "0.1"},
        {"-1234.5", "-1234.5"},
        {" 1.5 ", "1.5"},
        {"+1.5", "1.5"},
        {".5", "0.5"},
        {"-.5e1", "-5"},
        {"5.", "5"},
        {"NaN", "NaN"},
        {"inf", "Infinity"},
        {"+Infinity", "Infinity"},
        {"-INF", "-Infinity"},
        {"2.2250738585072011e-308", "2.225073858507201e-308"},
    };
    struct value_case c;
    case_init(&c);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        expect_parsed(&c, KDB_TYPE(KDB_DOUBLE), pairs[i][0], pairs[i][1]);
    case_deinit(&c);
}

static void test_float_layout(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"100000", "100000"},
        {"1000000", "1e+06"},
        {"0.1", "0.1"},
        {"123456789", "1.2345679e+08"},
        {"3.4028235e38", "3.4028235e+38"},
        {"2e-44", "2e-44"},
        {"16777217", "1.6777216e+07"},
        {"0.0001", "0.0001"},
        {"1e-5", "1e-05"},
        {"1e-45", "1e-45"},
        {"nan", "NaN"},
        {"-infinity", "-Infinity"},
    };
    struct value_case c;
    case_init(&c);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        expect_parsed(&c, KDB_TYPE(KDB_FLOAT), pairs[i][0], pairs[i][1]);
    case_deinit(&c);
}

static void test_no_number_halfway_between_two(void **state)
{
    (void)state;
    // Read to even these would come back, but PostgreSQL does not print them.
    struct value_case c;
    case_init(&c);
    expect_parsed(&c, KDB_TYPE(KDB_DOUBLE), "1e23", "9.999999999999999e+22");
    expect_parsed(&c, KDB_TYPE(KDB_DOUBLE), "-36861671257090739", "-3.6861671257090736e+16");
    expect_parsed(&c, KDB_TYPE(KDB_DOUBLE), "9007199254740993", "9.007199254740992e+15");
    expect_parsed(&c, KDB_TYPE(KDB_DOUBLE), "9007199254740992", "9.007199254740992e+15");
    case_deinit(&c);
}

static void expect_number_refused(kdb_kind kind, const char *text, kdb_status status)
{
    struct value_case c;
    char message[200];
    case_init(&c);
    kdb_slice name = kdb_slice_cstr(kdb_kind_name(kind));
    if (status == KDB_ERR_INVALID_VALUE)
        (void)snprintf(message, sizeof(message), "invalid input syntax for type %.*s: \"%s\"",
                       KDB_ARG(name), text);
    else
        (void)snprintf(message, sizeof(message), "\"%s\" is out of range for type %.*s", text,
                       KDB_ARG(name));
    expect_refused(&c, KDB_TYPE((uint8_t)kind), text, status, message);
    case_deinit(&c);
}

static void test_what_is_no_float(void **state)
{
    (void)state;
    static const char *const texts[] = {"",    " ",        "x",    "1e",    "1.2.3", "0x10",
                                        "1_0", "--1",      "+-1",  "-",     ".",     ".e1",
                                        "1 2", "infinite", "-nan", "nan(1)"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        expect_number_refused(KDB_DOUBLE, texts[i], KDB_ERR_INVALID_VALUE);
        expect_number_refused(KDB_FLOAT, texts[i], KDB_ERR_INVALID_VALUE);
    }
    expect_number_refused(KDB_DOUBLE, "1e400", KDB_ERR_OUT_OF_RANGE);
    expect_number_refused(KDB_DOUBLE, "-1e400", KDB_ERR_OUT_OF_RANGE);
    expect_number_refused(KDB_DOUBLE, "1e-400", KDB_ERR_OUT_OF_RANGE);
    expect_number_refused(KDB_FLOAT, "1e39", KDB_ERR_OUT_OF_RANGE);
    expect_number_refused(KDB_FLOAT, "1e-46", KDB_ERR_OUT_OF_RANGE);
    expect_number_refused(KDB_FLOAT, "3.4028236e38", KDB_ERR_OUT_OF_RANGE);
    struct value_case c;
    case_init(&c);
    expect_parsed(&c, KDB_TYPE(KDB_DOUBLE), "0e-400", "0");
    expect_parsed(&c, KDB_TYPE(KDB_DOUBLE), "0.000e400", "0");
    case_deinit(&c);
}

static void test_doubles_read_back_bit_for_bit(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    for (uint64_t seed = 6, round = 0; round < 20000; round++) {
        uint64_t bits = kdb_random_next(&seed);
        double number;
        double read = 0;
        memcpy(&number, &bits, sizeof(number));
        if (round % 2)
            number = (double)(bits >> seed % 40);
        if (isnan(number))
            continue;
        kdb_buf_clear(&c.out);
        kdb_double_print(number, &c.out);
        assert_int_equal(kdb_real_parse(kdb_buf_view(&c.out), &c.ctx, KDB_DOUBLE, &read), KDB_OK);
        assert_memory_equal(&read, &number, sizeof(read));
    }
    case_deinit(&c);
}

static void test_floats_are_the_nearest(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    for (uint64_t seed = 7, round = 0; round < 20000; round++) {
        char text[64];
        uint32_t bits = (uint32_t)kdb_random_next(&seed);
        float number;
        double read = 0;
        memcpy(&number, &bits, sizeof(number));
        if (!isfinite(number))
            continue;
        kdb_buf_clear(&c.out);
        kdb_float_print(number, &c.out);
        assert_int_equal(kdb_real_parse(kdb_buf_view(&c.out), &c.ctx, KDB_FLOAT, &read), KDB_OK);
        assert_true((float)read == number);
        // Halfway to the next float and a little to either side: one rounding, as strtof does.
        double halfway = ((double)number + (double)nextafterf(number, INFINITY)) / 2;
        static const char *const tails[] = {"", "0000000000000000001", "9"};
        int len = snprintf(text, sizeof(text), "%.30f", halfway);
        if (len <= 0 || (size_t)len > 40 || fabs(halfway) < 1e-3)
            continue;
        (void)snprintf(text + len, sizeof(text) - (size_t)len, "%s", tails[round % 3]);
        assert_int_equal(kdb_real_parse(kdb_slice_cstr(text), &c.ctx, KDB_FLOAT, &read), KDB_OK);
        assert_true((float)read == strtof(text, NULL));
    }
    case_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_double_layout),
        cmocka_unit_test(test_float_layout),
        cmocka_unit_test(test_no_number_halfway_between_two),
        cmocka_unit_test(test_what_is_no_float),
        cmocka_unit_test(test_doubles_read_back_bit_for_bit),
        cmocka_unit_test(test_floats_are_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
