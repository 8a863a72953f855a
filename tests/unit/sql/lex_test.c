// SPDX-License-Identifier: Apache-2.0
// Tokens: where each ends, and what it stands for.
#include "sql/lex.h"
#include "sql/lex_priv.h"

#include <string.h>

#include "lib/test.h"

static struct kdb_arena arena;

static int setup(void **state)
{
    (void)state;
    kdb_arena_init(&arena, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kdb_arena_deinit(&arena);
    return 0;
}

struct expected {
    sql_token_kind kind;
    const char *source;
    const char *text; // NULL: the same
};

static void expect_tokens(const char *sql, const struct expected *tokens, size_t count)
{
    struct sql_lexer lexer = {kdb_slice_cstr(sql), 0, strlen(sql)};
    for (size_t i = 0; i < count; i++) {
        struct sql_token token = sql_lex(&lexer);
        if (token.kind != tokens[i].kind)
            fail_msg("%s: token %zu is of kind %d", sql, i, (int)token.kind);
        assert_slice_equal(sql_token_source(&lexer, token), tokens[i].source);
        const char *text = tokens[i].text ? tokens[i].text : tokens[i].source;
        assert_slice_equal(sql_token_text(&lexer, &arena, token), text);
    }
    assert_int_equal(sql_lex(&lexer).kind, SQL_TOKEN_END);
    assert_int_equal(sql_lex(&lexer).kind, SQL_TOKEN_END);
}

#define EXPECT(sql, ...)                                                                           \
    do {                                                                                           \
        const struct expected tokens[] = {__VA_ARGS__};                                            \
        expect_tokens((sql), tokens, sizeof(tokens) / sizeof(tokens[0]));                          \
    } while (0)

static void test_words(void **state)
{
    (void)state;
    EXPECT(" abc\tDeF _x$1 ÜB /* c */ a1 -- end", {SQL_TOKEN_WORD, "abc", NULL},
           {SQL_TOKEN_WORD, "DeF", "def"}, {SQL_TOKEN_WORD, "_x$1", NULL},
           {SQL_TOKEN_WORD, "ÜB", "Üb"}, {SQL_TOKEN_WORD, "a1", NULL});
    EXPECT("\"A b\" \"a\"\"b\" \"\" `q``r`", {SQL_TOKEN_QUOTED, "\"A b\"", "A b"},
           {SQL_TOKEN_QUOTED, "\"a\"\"b\"", "a\"b"}, {SQL_TOKEN_QUOTED, "\"\"", ""},
           {SQL_TOKEN_QUOTED, "`q``r`", "q`r"});
}

static void test_strings(void **state)
{
    (void)state;
    EXPECT("'a' '' 'it''s' '\"'", {SQL_TOKEN_STRING, "'a'", "a"}, {SQL_TOKEN_STRING, "''", ""},
           {SQL_TOKEN_STRING, "'it''s'", "it's"}, {SQL_TOKEN_STRING, "'\"'", "\""});
    EXPECT("$$a'b$$ $t$ $$ $t$ $1 $x", {SQL_TOKEN_STRING, "$$a'b$$", "a'b"},
           {SQL_TOKEN_STRING, "$t$ $$ $t$", " $$ "}, {SQL_TOKEN_PARAM, "$1", NULL},
           {SQL_TOKEN_CHAR, "$", NULL}, {SQL_TOKEN_WORD, "x", NULL});
    EXPECT("E'a\\'b' x'00' n'a' ae'a'", {SQL_TOKEN_ODD_STRING, "E'a\\'b'", NULL},
           {SQL_TOKEN_ODD_STRING, "x'00'", NULL}, {SQL_TOKEN_ODD_STRING, "n'a'", NULL},
           {SQL_TOKEN_WORD, "ae", NULL}, {SQL_TOKEN_STRING, "'a'", "a"});
}

static void test_numbers(void **state)
{
    (void)state;
    EXPECT("1 12.5 .5 1. 1e5 1E-5 1.5e+3", {SQL_TOKEN_NUMBER, "1", NULL},
           {SQL_TOKEN_NUMBER, "12.5", NULL}, {SQL_TOKEN_NUMBER, ".5", NULL},
           {SQL_TOKEN_NUMBER, "1.", NULL}, {SQL_TOKEN_NUMBER, "1e5", NULL},
           {SQL_TOKEN_NUMBER, "1E-5", NULL}, {SQL_TOKEN_NUMBER, "1.5e+3", NULL});
    EXPECT("1..2 5s 1e 1.2.3", {SQL_TOKEN_NUMBER, "1", NULL}, {SQL_TOKEN_CHAR, ".", NULL},
           {SQL_TOKEN_NUMBER, ".2", NULL}, {SQL_TOKEN_NUMBER, "5", NULL},
           {SQL_TOKEN_WORD, "s", NULL}, {SQL_TOKEN_NUMBER, "1", NULL}, {SQL_TOKEN_WORD, "e", NULL},
           {SQL_TOKEN_NUMBER, "1.2", NULL}, {SQL_TOKEN_NUMBER, ".3", NULL});
}

// As PostgreSQL cuts them: a + or - at the end belongs to the operand unless the operator has a
// sign of its own.
static void test_operators(void **state)
{
    (void)state;
    EXPECT("=- <>-- c\n *+- @- ->> ::- := => a.b(,)[];", {SQL_TOKEN_OPERATOR, "=", NULL},
           {SQL_TOKEN_OPERATOR, "-", NULL}, {SQL_TOKEN_OPERATOR, "<>", NULL},
           {SQL_TOKEN_OPERATOR, "*", NULL}, {SQL_TOKEN_OPERATOR, "+", NULL},
           {SQL_TOKEN_OPERATOR, "-", NULL}, {SQL_TOKEN_OPERATOR, "@-", NULL},
           {SQL_TOKEN_OPERATOR, "->>", NULL}, {SQL_TOKEN_OPERATOR, "::", NULL},
           {SQL_TOKEN_OPERATOR, "-", NULL}, {SQL_TOKEN_OPERATOR, ":=", NULL},
           {SQL_TOKEN_OPERATOR, "=>", NULL}, {SQL_TOKEN_WORD, "a", NULL},
           {SQL_TOKEN_CHAR, ".", NULL}, {SQL_TOKEN_WORD, "b", NULL}, {SQL_TOKEN_CHAR, "(", NULL},
           {SQL_TOKEN_CHAR, ",", NULL}, {SQL_TOKEN_CHAR, ")", NULL}, {SQL_TOKEN_CHAR, "[", NULL},
           {SQL_TOKEN_CHAR, "]", NULL}, {SQL_TOKEN_CHAR, ";", NULL});
    EXPECT("a/*b*/-/c", {SQL_TOKEN_WORD, "a", NULL}, {SQL_TOKEN_OPERATOR, "-/", NULL},
           {SQL_TOKEN_WORD, "c", NULL});
    EXPECT("{ \\ : }", {SQL_TOKEN_CHAR, "{", NULL}, {SQL_TOKEN_CHAR, "\\", NULL},
           {SQL_TOKEN_CHAR, ":", NULL}, {SQL_TOKEN_CHAR, "}", NULL});
}

static void test_what_is_not_closed_runs_to_the_end(void **state)
{
    (void)state;
    EXPECT("'abc", {SQL_TOKEN_STRING, "'abc", "ab"});
    EXPECT("'", {SQL_TOKEN_STRING, "'", ""});
    EXPECT("a /* b", {SQL_TOKEN_WORD, "a", NULL});
    EXPECT("$a$b", {SQL_TOKEN_STRING, "$a$b", ""});
}

static void test_comparing(void **state)
{
    (void)state;
    const char *sql = "select \"select\" = 'x'";
    struct sql_lexer lexer = {kdb_slice_cstr(sql), 0, strlen(sql)};
    struct sql_token word = sql_lex(&lexer);
    struct sql_token quoted = sql_lex(&lexer);
    struct sql_token sign = sql_lex(&lexer);
    assert_true(sql_token_is(&lexer, word, "SELECT"));
    assert_false(sql_token_is(&lexer, word, "SELECTS"));
    assert_false(sql_token_is(&lexer, quoted, "SELECT"));
    assert_true(sql_token_is_sign(&lexer, sign, "="));
    assert_false(sql_token_is_sign(&lexer, word, "select"));
}

// Only the part up to `end` is seen.
static void test_end(void **state)
{
    (void)state;
    struct sql_lexer lexer = {KDB_LIT("abc 'def' ghi"), 1, 7};
    assert_slice_equal(sql_token_source(&lexer, sql_lex(&lexer)), "bc");
    assert_slice_equal(sql_token_source(&lexer, sql_lex(&lexer)), "'de");
    assert_int_equal(sql_lex(&lexer).kind, SQL_TOKEN_END);
}

static void expect_blank(const char *text, size_t len, bool ends)
{
    const char *at = text;
    assert_int_equal(kdb_sql_skip_blank(&at, text + strlen(text)), ends);
    assert_int_equal(at - text, len);
}

static void test_blanks(void **state)
{
    (void)state;
    expect_blank("", 0, true);
    expect_blank("x", 0, true);
    expect_blank(" \t\r\n\fx", 5, true);
    expect_blank(" -- a /*\n\r--\n/* b /* c */ -- */ x", 32, true);
    expect_blank("-- a", 4, true);
    expect_blank(" /* a */ ", 9, true);
    expect_blank(" /* a */ /* b /* c */ x", 9, false);
    expect_blank("/*/", 0, false);
}

static void test_where_a_token_ends(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len; // 0: it does not end
    } cases[] = {{"ab c", 2}, {"'a''b'c", 6}, {"$a$b$$ $a$", 10}, {"$1;", 2}, {";;", 1},
                 {"<>(", 2},  {"\\a", 1},     {"1.5e3e", 5},      {"'a", 0},  {"\"a", 0},
                 {"`a", 0},   {"e'a\\'", 0},  {"$a$b$", 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text = cases[i].text;
        const char *behind = kdb_sql_skip_token(text, text + strlen(text));
        if (cases[i].len == 0)
            assert_null(behind);
        else
            assert_int_equal(behind - text, cases[i].len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blanks),
        cmocka_unit_test(test_where_a_token_ends),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_operators),
        cmocka_unit_test(test_what_is_not_closed_runs_to_the_end),
        cmocka_unit_test(test_comparing),
        cmocka_unit_test(test_end),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
