// SPDX-License-Identifier: Apache-2.0
// Digits of doubles and floats, and reading numbers: against strtod, at the ends of the range.
#include "base/double_text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "lib/test.h"

static void expect_digits(const struct kdb_digits *digits, const char *text, int exponent)
{
    assert_slice_equal(kdb_slice_of(digits->text, (size_t)digits->count), text);
    assert_int_equal(digits->exponent, exponent);
}

static void test_digits_are_the_shortest(void **state)
{
    (void)state;
    struct kdb_digits digits;
    kdb_double_digits(0.0, &digits);
    expect_digits(&digits, "0", 0);
    kdb_double_digits(-0.1, &digits);
    expect_digits(&digits, "1", -1);
    kdb_double_digits(0.1 + 0.2, &digits);
    expect_digits(&digits, "30000000000000004", -1);
    kdb_double_digits(1e23, &digits);
    expect_digits(&digits, "1", 23);
    kdb_double_digits(5e-324, &digits);
    expect_digits(&digits, "5", -324);
    kdb_double_digits(DBL_MAX, &digits);
    expect_digits(&digits, "17976931348623157", 308);
    kdb_double_digits(1200.0, &digits);
    expect_digits(&digits, "12", 3);
    kdb_float_digits(0.1f, &digits);
    expect_digits(&digits, "1", -1);
    kdb_float_digits(16777216.0f, &digits);
    expect_digits(&digits, "16777216", 7);
    kdb_float_digits(-FLT_MAX, &digits);
    expect_digits(&digits, "34028235", 38);
}

// No shorter decimal reads back: what "%.*e" with one digit less prints is another number.
static void test_no_shorter_text_reads_back(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int round = 0; round < 20000; round++) {
        uint64_t bits = kdb_random_next(&seed);
        double value;
        memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value))
            continue;
        struct kdb_digits digits;
        kdb_double_digits(value, &digits);
        char text[64];
        int len = snprintf(text, sizeof(text), "%.*se%d", digits.count, digits.text,
                           digits.exponent - digits.count + 1);
        assert_true(strtod(text, NULL) == fabs(value));
        double read = 0;
        assert_true(kdb_double_parse(kdb_slice_of(text, (size_t)len), &read));
        assert_true(read == fabs(value));
        if (digits.count == 1)
            continue;
        (void)snprintf(text, sizeof(text), "%.*e", digits.count - 2, fabs(value));
        assert_true(strtod(text, NULL) != fabs(value));
    }
}

static void expect_parse(const char *text, double expected)
{
    double value = 0;
    assert_true(kdb_double_parse(kdb_slice_cstr(text), &value));
    assert_memory_equal(&value, &expected, sizeof(value));
}

static void test_parse_reads_what_strtod_reads(void **state)
{
    (void)state;
    expect_parse("0", 0.0);
    expect_parse("-0", -0.0);
    expect_parse("1", 1.0);
    expect_parse("0.1", 0.1);
    expect_parse("-12.5e-1", -1.25);
    expect_parse("1E+2", 100.0);
    expect_parse("9007199254740993", 9007199254740992.0);
    expect_parse("2.2250738585072011e-308", strtod("2.2250738585072011e-308", NULL));
    expect_parse("4.9e-324", 5e-324);
    expect_parse("1.7976931348623157e308", DBL_MAX);
    expect_parse("100000000000000000000000000000000000000000000000000", 1e50);
    uint64_t seed = 5;
    for (int round = 0; round < 50000; round++) {
        char text[64];
        int exponent = (int)(kdb_random_next(&seed) % 700) - 350;
        (void)snprintf(text, sizeof(text), "%s%llu.%llue%d", round % 2 ? "-" : "",
                       (unsigned long long)(kdb_random_next(&seed) >> (round % 64)),
                       (unsigned long long)kdb_random_next(&seed), exponent);
        expect_parse(text, strtod(text, NULL));
    }
}

static void test_parse_beyond_the_range(void **state)
{
    (void)state;
    double infinity = (double)INFINITY;
    expect_parse("1e309", infinity);
    expect_parse("-1e309", -infinity);
    expect_parse("1e99999999999999999999", infinity);
    expect_parse("0.0001e999", infinity);
    expect_parse("1e-400", 0.0);
    expect_parse("-1e-400", -0.0);
    expect_parse("12345e-99999999999999999999", 0.0);
    expect_parse("0e999999", 0.0);
    char digits[500];
    memset(digits, '9', sizeof(digits));
    digits[sizeof(digits) - 1] = '\0';
    expect_parse(digits, infinity);
    // The written exponent alone says the opposite.
    memcpy(digits + 490, "e-9", 4);
    expect_parse(digits, infinity);
    memset(digits, '9', sizeof(digits));
    digits[sizeof(digits) - 1] = '\0';
    memset(digits, '0', sizeof(digits));
    digits[1] = '.';
    digits[sizeof(digits) - 2] = '7';
    digits[sizeof(digits) - 1] = '\0';
    expect_parse(digits, 0.0);
    memcpy(digits + sizeof(digits) - 5, "7e+9", 5);
    expect_parse(digits, 0.0);
}

static void test_parse_refuses(void **state)
{
    (void)state;
    static const char *const texts[] = {"",      "-",    "+1",   " 1",  "1 ",     "inf", "nan",
                                        "0x10",  "-inf", "1e",   "1e+", "abc",    "--1", ".5",
                                        "1.5.5", "1,5",  "1e5x", "-.5", "-nan(7)"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        double value = 42;
        if (kdb_double_parse(kdb_slice_cstr(texts[i]), &value))
            fail_msg("accepted %s", texts[i]);
        assert_true(value == 42);
    }
    double value = 42;
    assert_false(kdb_double_parse((kdb_slice){NULL, 0}, &value));
    // Only the slice's bytes count, not what follows them.
    assert_true(kdb_double_parse(kdb_slice_of("12345", 2), &value));
    assert_true(value == 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digits_are_the_shortest),
        cmocka_unit_test(test_no_shorter_text_reads_back),
        cmocka_unit_test(test_parse_reads_what_strtod_reads),
        cmocka_unit_test(test_parse_beyond_the_range),
        cmocka_unit_test(test_parse_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
