// SPDX-License-Identifier: Apache-2.0
// Cutting text into statements: what hides a semicolon, what is not complete, meta-commands.
#include "cli/split_priv.h"

#include "base/alloc.h"
#include "base/random.h"
#include "lib/test.h"

// Cuts a copy of exactly the text's size; `ret_piece` refers to `text`.
static enum cli_split cut(kdb_slice text, bool is_final, struct cli_piece *ret_piece)
{
    char *copy = kdb_alloc(text.len);
    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    enum cli_split kind = cli_split(kdb_slice_of(copy, text.len), is_final, ret_piece);
    if (ret_piece->text.data)
        ret_piece->text.data = text.data + (ret_piece->text.data - copy);
    kdb_free(copy);
    assert_true(ret_piece->start <= text.len && ret_piece->used <= text.len);
    return kind;
}

// The pieces of a whole text, each as "kind:text", joined by "|".
static void expect(const char *source, const char *wanted)
{
    char found[1000] = "";
    size_t len = 0;
    kdb_slice rest = kdb_slice_cstr(source);
    for (;;) {
        struct cli_piece piece;
        enum cli_split kind = cut(rest, true, &piece);
        assert_int_not_equal(kind, CLI_SPLIT_MORE);
        if (kind == CLI_SPLIT_END)
            break;
        assert_true(piece.used > 0 && len + piece.text.len + 4 < sizeof(found));
        if (len > 0)
            found[len++] = '|';
        if (kind == CLI_SPLIT_META)
            found[len++] = '@';
        memcpy(found + len, piece.text.data, piece.text.len);
        len += piece.text.len;
        found[len] = '\0';
        rest = kdb_slice_skip(rest, piece.used);
    }
    if (strcmp(found, wanted) != 0)
        fail_msg("[%s] gives [%s], not [%s]", source, found, wanted);
}

static void test_semicolons(void **state)
{
    (void)state;
    expect("", "");
    expect(" \n\t\f\r", "");
    expect(";;; ;", "");
    expect("select 1", "select 1");
    expect(" select 1 ; select 2;", "select 1|select 2");
    expect("a;;b", "a|b");
    expect("select (1;2)", "select (1|2)");
}

static void test_quotes(void **state)
{
    (void)state;
    expect("select 'a;b'; c", "select 'a;b'|c");
    expect("select 'it''s;'; c", "select 'it''s;'|c");
    expect("select \"a;\"\";\"; c", "select \"a;\"\";\"|c");
    expect("select `a;```; c", "select `a;```|c");
    expect("select 'a\\'; c", "select 'a\\'|c");
    expect("select E'a\\';'; c", "select E'a\\';'|c");
    expect("select e'\\\\'; c", "select e'\\\\'|c");
    expect("select ae'\\'; c", "select ae'\\'|c");
    expect("select 1e'\\';'; c", "select 1e'\\';'|c");
    expect("select 1e5'a\\'; c", "select 1e5'a\\'|c");
    expect("select x'\\'; c", "select x'\\'|c");
    expect("select '';'';a", "select ''|''|a");
}

static void test_dollar_quotes(void **state)
{
    (void)state;
    expect("select $$a;b$$; c", "select $$a;b$$|c");
    expect("select $t$a;$$;$t$; c", "select $t$a;$$;$t$|c");
    expect("select $1;$2", "select $1|$2");
    expect("select $1$;$1$; c", "select $1$|$1$|c");
    expect("select a$t$;$t$; c", "select a$t$|$t$; c");
    expect("select $ ; c", "select $|c");
}

static void test_comments(void **state)
{
    (void)state;
    expect("-- a; b\nselect 1; -- c; d", "select 1");
    expect("/* a; /* b; */ c; */ select 1", "select 1");
    expect("select /*;*/ 1 -- x;\n + 2; -- end", "select /*;*/ 1 -- x;\n + 2");
    expect("select 1 /* tail */ ; b", "select 1|b");
    expect("select '--'; b", "select '--'|b");
    expect("select 1 --x\r;b", "select 1|b");
    expect("a-/*;*/b;c", "a-/*;*/b|c");
}

static void test_what_does_not_end_is_left_to_the_server(void **state)
{
    (void)state;
    expect("select 'a; b", "select 'a; b");
    expect("select $$a; b", "select $$a; b");
    expect("select 1 /* a; b ", "select 1");
    expect("/* a; b", "/* a; b");
    expect("; -- c\n/* a", "/* a");
}

static void test_execute_as_user(void **state)
{
    (void)state;
    expect("EXECUTE AS USER 'a' (SELECT 1; SELECT (2);); b",
           "EXECUTE AS USER 'a' (SELECT 1; SELECT (2);)|b");
    expect("execute as user 'a' ) ; b", "execute as user 'a' )|b");
    expect("\"execute\" (a;b)", "\"execute\" (a|b)");
    expect("executed (a;b)", "executed (a|b)");
}

static void test_meta_commands(void **state)
{
    (void)state;
    expect("\\dt", "@\\dt");
    expect("  \\d a.b ; \nselect 1;\\q\n x", "@\\d a.b ;|select 1|@\\q|x");
    expect("-- c\n\\i 'a file'\n", "@\\i 'a file'");
    expect("select 1 \\dt; x", "select 1 \\dt|x");
    struct cli_piece piece;
    assert_int_equal(cut(KDB_LIT("\\dt"), false, &piece), CLI_SPLIT_MORE);
    assert_int_equal(cut(KDB_LIT("\\dt\n"), false, &piece), CLI_SPLIT_META);
    assert_int_equal(piece.used, 4);
}

static void test_more_is_asked_for(void **state)
{
    (void)state;
    const char *open[] = {"select 1", "select ';", "/* ;", "$$;", "\"a;", "x (", "E'\\'"};
    struct cli_piece piece;
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        assert_int_equal(cut(kdb_slice_cstr(open[i]), false, &piece), CLI_SPLIT_MORE);
        assert_int_equal(piece.start, 0);
    }
    // What is behind us is not needed again, but a comment that is cut off may go on.
    assert_int_equal(cut(KDB_LIT("; -- c\n /* d */\n"), false, &piece), CLI_SPLIT_MORE);
    assert_int_equal(piece.start, 16);
    assert_int_equal(cut(KDB_LIT("; -- c"), false, &piece), CLI_SPLIT_MORE);
    assert_int_equal(piece.start, 0);
    assert_int_equal(cut(KDB_LIT("; sel"), false, &piece), CLI_SPLIT_MORE);
    assert_int_equal(piece.start, 2);
}

// Text that comes in parts is cut as the whole text is.
static void test_parts_give_the_same(void **state)
{
    (void)state;
    static const char signs[] = "a;'\"$e\\-/*()\n 1`x.";
    uint64_t seed = 99;
    for (int round = 0; round < 20000; round++) {
        char text[40];
        size_t len = 1 + kdb_random_next(&seed) % sizeof(text);
        for (size_t i = 0; i < len; i++)
            text[i] = signs[kdb_random_next(&seed) % (sizeof(signs) - 1)];
        size_t seen = kdb_random_next(&seed) % len;
        struct cli_piece whole;
        struct cli_piece part;
        enum cli_split whole_kind = cut(kdb_slice_of(text, len), true, &whole);
        enum cli_split kind = cut(kdb_slice_of(text, seen), false, &part);
        if (kind == CLI_SPLIT_MORE) {
            // Cutting on behind `start` gives what cutting from the beginning gives.
            struct cli_piece rest;
            enum cli_split rest_kind =
                cut(kdb_slice_of(text + part.start, len - part.start), true, &rest);
            if (rest_kind != whole_kind)
                fail_msg("[%.*s|%.*s] from %zu: %d, not %d", (int)seen, text, (int)(len - seen),
                         text + seen, part.start, (int)rest_kind, (int)whole_kind);
            assert_int_equal(rest.start + part.start, whole.start);
            assert_int_equal(rest.used + part.start, whole.used);
        } else {
            assert_int_equal(kind, whole_kind);
            assert_int_equal(part.used, whole.used);
            assert_true(kdb_slice_equal(part.text, whole.text));
        }
    }
}

static void test_tokens(void **state)
{
    (void)state;
    kdb_slice text = KDB_LIT(" -- c\n use\"a b\".x /**/ 1.5;");
    const char *tokens[] = {"use", "\"a b\"", ".", "x", "1.5", ";", "", ""};
    size_t at = 0;
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
        assert_slice_equal(cli_next_token(text, &at), tokens[i]);
    struct kdb_arena arena;
    kdb_arena_init(&arena, 0);
    assert_slice_equal(cli_name_text(KDB_LIT("\"A b\""), &arena), "A b");
    assert_slice_equal(cli_name_text(KDB_LIT("ApP_1"), &arena), "app_1");
    assert_slice_equal(cli_name_text((kdb_slice){0}, &arena), "");
    kdb_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_semicolons),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_dollar_quotes),
        cmocka_unit_test(test_comments),
        cmocka_unit_test(test_what_does_not_end_is_left_to_the_server),
        cmocka_unit_test(test_execute_as_user),
        cmocka_unit_test(test_meta_commands),
        cmocka_unit_test(test_more_is_asked_for),
        cmocka_unit_test(test_parts_give_the_same),
        cmocka_unit_test(test_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
