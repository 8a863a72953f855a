// SPDX-License-Identifier: Apache-2.0
// The byte tables against what they must say of every byte.
#include "sql/chars_priv.h"

#include <string.h>

#include "lib/test.h"

static bool is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static void test_words(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        bool is_digit = c >= '0' && c <= '9';
        assert_int_equal(sql_is_word_start((char)c), is_letter(c));
        assert_int_equal(sql_is_word_byte((char)c), is_letter(c) || is_digit || c == '$');
        assert_int_equal(sql_is_digit((char)c), is_digit);
        if (sql_is_word_byte((char)c))
            assert_int_equal((char)sql_fold[c], sql_lower((char)c));
    }
    assert_int_equal(sql_lower('Z'), 'z');
    assert_int_equal(sql_lower('['), '[');
}

static sql_lead expected_lead(int c)
{
    static const struct {
        const char *bytes;
        sql_lead lead;
    } leads[] = {
        {" \t\n\r\f", SQL_LEAD_SPACE}, {"0123456789", SQL_LEAD_DIGIT},
        {"'", SQL_LEAD_QUOTE},         {"\"", SQL_LEAD_DOUBLE_QUOTE},
        {"`", SQL_LEAD_BACK_QUOTE},    {"$", SQL_LEAD_DOLLAR},
        {".", SQL_LEAD_DOT},           {"-", SQL_LEAD_MINUS},
        {"/", SQL_LEAD_SLASH},         {"+*<>=~!@#%^&|?:", SQL_LEAD_OPERATOR},
        {",[]", SQL_LEAD_PUNCTUATION}, {"(", SQL_LEAD_OPEN},
        {")", SQL_LEAD_CLOSE},         {";", SQL_LEAD_SEMICOLON},
    };
    if (is_letter(c))
        return SQL_LEAD_WORD;
    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
        if (c != 0 && strchr(leads[i].bytes, c))
            return leads[i].lead;
    }
    return SQL_LEAD_ODD;
}

static void test_leads(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        assert_int_equal(sql_lead_at(&byte), expected_lead(c));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_leads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
