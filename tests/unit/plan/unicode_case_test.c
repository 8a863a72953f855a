// SPDX-License-Identifier: Apache-2.0
// Case mappings, compared with the machine's C.UTF-8 where it has one.
#include <locale.h>
#include <wctype.h>

#include "base/utf8.h"
#include "call_case.h"
#include "plan/function_priv.h"

static void mappings_are_those_of_c_utf_8(void **state)
{
    locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
    (void)state;
    if (!locale)
        skip();
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        uint32_t lower = (uint32_t)towlower_l((wint_t)c, locale);
        uint32_t upper = (uint32_t)towupper_l((wint_t)c, locale);
        if (plan_char_lower(c) != lower || plan_char_upper(c) != upper)
            fail_msg("U+%04X: lower %04X for %04X, upper %04X for %04X", c, plan_char_lower(c),
                     lower, plan_char_upper(c), upper);
    }
    freelocale(locale);
}

static void well_known_letters_change(void **state)
{
    (void)state;
    assert_int_equal(plan_char_upper('z'), 'Z');
    assert_int_equal(plan_char_lower('@'), '@');
    assert_int_equal(plan_char_upper(0xE9), 0xC9);
    assert_int_equal(plan_char_upper(0xDF), 0xDF); // ß has no capital letter of its own here
    assert_int_equal(plan_char_lower(0x130), 'i');
    assert_int_equal(plan_char_lower(0x3A3), 0x3C3);
    assert_int_equal(plan_char_upper(0x1F600), 0x1F600);
}

static void texts_may_grow_and_hold_stray_bytes(void **state)
{
    struct call_case test;
    kdb_slice text;
    (void)state;
    call_open(&test);
    // U+0250 is two bytes, its capital U+2C6F three.
    assert_int_equal(plan_text_upper(&test.eval, KDB_LIT("\xC9\x90\xC9\x90"), &text), KDB_OK);
    assert_slice_equal(text, "\xE2\xB1\xAF\xE2\xB1\xAF");
    assert_int_equal(plan_text_lower(&test.eval, KDB_LIT("A\xFF\xFE"), &text), KDB_OK);
    assert_slice_equal(text, "a\xEF\xBF\xBD\xEF\xBF\xBD");
    assert_int_equal(plan_text_lower(&test.eval, (kdb_slice){NULL, 0}, &text), KDB_OK);
    assert_int_equal(text.len, 0);
    call_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mappings_are_those_of_c_utf_8),
        cmocka_unit_test(well_known_letters_change),
        cmocka_unit_test(texts_may_grow_and_hold_stray_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
