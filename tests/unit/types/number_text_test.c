// SPDX-License-Identifier: Apache-2.0
// The DECIMAL type of a written number: it holds the number without rounding it.
#include "types/number_text.h"

#include <stdio.h>

#include "base/random.h"
#include "types/decimal.h"
#include "unit/types/value_case.h"

static void expect_type(const char *text, int precision, int scale)
{
    kdb_type type;
    if (!kdb_decimal_type_of(kdb_slice_cstr(text), &type))
        fail_msg("%s", text);
    assert_int_equal(type.kind, KDB_DECIMAL);
    assert_int_equal(type.precision, precision);
    assert_int_equal(type.scale, scale);
}

static void test_digits_are_counted(void **state)
{
    (void)state;
    expect_type("1.50", 3, 2);
    expect_type("-1.50", 3, 2);
    expect_type("0", 1, 0);
    expect_type("000", 1, 0);
    expect_type("0.5", 1, 1);
    expect_type(".5", 1, 1);
    expect_type("5.", 1, 0);
    expect_type("1e3", 4, 0);
    expect_type("12.5e-3", 4, 4);
    expect_type("12345678901234567890123456789012345678", 38, 0);
}

static void test_what_has_no_type(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "-",
                                        ".",
                                        "x",
                                        "1x",
                                        "1e",
                                        "1e+",
                                        "1 ",
                                        "NaN",
                                        "1e40",
                                        "1e-40",
                                        "1e9999999999",
                                        "123456789012345678901234567890123456789"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        kdb_type type;
        if (kdb_decimal_type_of(kdb_slice_cstr(texts[i]), &type))
            fail_msg("%s", texts[i]);
    }
}

static void test_the_type_holds_the_number(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    for (uint64_t seed = 2, round = 0; round < 20000; round++) {
        char text[80];
        uint64_t whole = kdb_random_next(&seed) >> seed % 64;
        uint64_t fraction = kdb_random_next(&seed) >> seed % 64;
        (void)snprintf(text, sizeof(text), "%s%llu.%llue%d", round % 2 ? "-" : "",
                       (unsigned long long)whole, (unsigned long long)fraction,
                       (int)(seed % 9) - 4);
        kdb_type type;
        kdb_value exact;
        kdb_value typed;
        if (!kdb_decimal_type_of(kdb_slice_cstr(text), &type))
            continue;
        assert_int_equal(
            kdb_decimal_parse(kdb_slice_cstr(text), &c.ctx, KDB_TYPE(KDB_DECIMAL), &exact), KDB_OK);
        assert_int_equal(kdb_decimal_parse(kdb_slice_cstr(text), &c.ctx, type, &typed), KDB_OK);
        assert_true(exact.decimal == typed.decimal);
        assert_int_equal(exact.scale, typed.scale);
    }
    case_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digits_are_counted),
        cmocka_unit_test(test_what_has_no_type),
        cmocka_unit_test(test_the_type_holds_the_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
