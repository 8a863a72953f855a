// SPDX-License-Identifier: Apache-2.0
// The scan: where statements end, which texts share a key, what is lifted, what is refused.
#include "sql/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/test.h"

static struct kdb_ctx ctx;

static int setup(void **state)
{
    (void)state;
    kdb_ctx_init(&ctx, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kdb_ctx_deinit(&ctx);
    return 0;
}

static struct kdb_scan scan_bytes(kdb_slice sql)
{
    struct kdb_scan scan = {0};
    kdb_ctx_clear_error(&ctx);
    if (kdb_sql_scan(sql, &ctx, &scan) != KDB_OK)
        fail_msg("%.*s: %s", KDB_ARG(sql), ctx.error.message);
    return scan;
}

static struct kdb_scan scan_text(const char *sql)
{
    return scan_bytes(kdb_slice_cstr(sql));
}

// The only statement of a text.
static const struct kdb_scanned *one(const char *sql)
{
    struct kdb_scan scan = scan_text(sql);
    if (scan.count != 1)
        fail_msg("%s: %zu statements", sql, scan.count);
    return &scan.statements[0];
}

static void expect_statements(const char *sql, const char *const *texts, size_t count)
{
    struct kdb_scan scan = scan_text(sql);
    assert_int_equal(scan.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_slice_equal(scan.statements[i].text, texts[i]);
        // The position is where the text stands.
        size_t offset = (size_t)(scan.statements[i].text.data - sql);
        assert_int_equal(scan.statements[i].position, offset + 1);
    }
}

#define EXPECT(sql, ...)                                                                           \
    do {                                                                                           \
        const char *const texts[] = {__VA_ARGS__};                                                 \
        expect_statements((sql), texts, sizeof(texts) / sizeof(texts[0]));                         \
    } while (0)

static void test_splits_at_semicolons(void **state)
{
    (void)state;
    EXPECT("SELECT 1", "SELECT 1");
    EXPECT("SELECT 1;", "SELECT 1");
    EXPECT(";; SELECT 1 ;\n; SELECT 2;;", "SELECT 1", "SELECT 2");
    EXPECT("  a  ;  b c  ", "a", "b c");
    EXPECT("a;b;c", "a", "b", "c");
}

static void test_semicolons_in_quotes_do_not_split(void **state)
{
    (void)state;
    EXPECT("a 'x;y'; b", "a 'x;y'", "b");
    EXPECT("a 'x'';y'; b", "a 'x'';y'", "b");
    EXPECT("a 'x\\'; b", "a 'x\\'", "b");
    EXPECT("a E'x\\';y'; b", "a E'x\\';y'", "b");
    EXPECT("a e'x''\\\\'; b", "a e'x''\\\\'", "b");
    EXPECT("a ae'x\\'; b", "a ae'x\\'", "b");
    EXPECT("a X'00'; b", "a X'00'", "b");
    EXPECT("a N'\\'; b", "a N'\\'", "b");
    EXPECT("a U&'\\'; b", "a U&'\\'", "b");
    EXPECT("a \"x;y\"; b", "a \"x;y\"", "b");
    EXPECT("a \"x\"\";y\"; b", "a \"x\"\";y\"", "b");
    EXPECT("a `x;y`; b", "a `x;y`", "b");
    EXPECT("a $$x;y'$$; b", "a $$x;y'$$", "b");
    EXPECT("a $tag$x;$$;$tag$; b", "a $tag$x;$$;$tag$", "b");
    EXPECT("a $1; b$2$; c$2$", "a $1", "b$2$", "c$2$");
    EXPECT("FILE(\"x;y\"); '{\"a\":\";--/*\"}'", "FILE(\"x;y\")", "'{\"a\":\";--/*\"}'");
}

static void test_comments_disappear(void **state)
{
    (void)state;
    EXPECT("-- one;\na -- two;\n; -- three\n b", "a", "b");
    EXPECT("/* ; */ a /* x */ b /* ; */; c", "a /* x */ b", "c");
    EXPECT("/* /* ; */ ; */ a; b", "a", "b");
    EXPECT("a /*/ ; */; b", "a", "b");
    EXPECT("a --;\r; b", "a", "b");
    EXPECT("a - -1; b", "a - -1", "b");
    EXPECT("a --", "a");
    EXPECT("'--' ; '/*'", "'--'", "'/*'");
}

static void test_execute_keeps_its_parentheses_together(void **state)
{
    (void)state;
    EXPECT("EXECUTE AS USER 'u' (a; b); c", "EXECUTE AS USER 'u' (a; b)", "c");
    EXPECT("execute as user u ((a;) b;); c", "execute as user u ((a;) b;)", "c");
    EXPECT("select (a; b)", "select (a", "b)");
    EXPECT("execute ); a", "execute )", "a");
}

static void expect_same_key(const char *a, const char *b)
{
    const struct kdb_scanned *first = one(a);
    const struct kdb_scanned *second = one(b);
    if (!kdb_slice_equal(first->key, second->key))
        fail_msg("%s and %s have the keys %.*s and %.*s", a, b, KDB_ARG(first->key),
                 KDB_ARG(second->key));
    assert_true(first->is_cacheable);
    assert_true(second->is_cacheable);
    assert_int_equal(first->literal_count, second->literal_count);
}

// Two texts that must not share a plan: different keys, or one of them is not cacheable.
static void expect_different_plan(const char *a, const char *b)
{
    const struct kdb_scanned *first = one(a);
    const struct kdb_scanned *second = one(b);
    if (first->is_cacheable && second->is_cacheable && kdb_slice_equal(first->key, second->key))
        fail_msg("%s and %s share the key %.*s", a, b, KDB_ARG(first->key));
}

static void test_keys_ignore_what_does_not_matter(void **state)
{
    (void)state;
    expect_same_key("SELECT a FROM t WHERE id = 1", "select A\n from T where  ID=234567");
    expect_same_key("SELECT 'a'", "SELECT 'it''s longer'");
    expect_same_key("SELECT a/* x */,b -- y", "SELECT a , b");
    expect_same_key("SELECT 2147483647", "SELECT 0");
    expect_same_key("SELECT 3000000000", "SELECT 9223372036854775807");
    expect_same_key("SELECT -3000000000", "SELECT - 9223372036854775807");
    expect_same_key("SELECT 1.50", "SELECT 9.25");
    expect_same_key("SELECT 0.5", "SELECT .5");
    expect_same_key("SELECT 1.5e3", "SELECT 2.5e3");
    expect_same_key("SELECT 1 ;", "SELECT 1");
    expect_same_key("SELECT \"A b\" FROM t", "SELECT \"A b\"  FROM  t");
    expect_same_key("SELECT a FROM t WHERE b IN (1, 2)", "SELECT a FROM t WHERE b IN(7,8)");
    expect_same_key("SELECT -1", "SELECT - /* x */ 1");
}

static void test_keys_tell_apart_what_differs(void **state)
{
    (void)state;
    expect_different_plan("SELECT a b", "SELECT ab");
    expect_different_plan("SELECT a", "SELECT \"a\"");
    expect_different_plan("SELECT \"a\"", "SELECT \"A\"");
    expect_different_plan("SELECT \"a b\"", "SELECT \"a\" \"b\"");
    expect_different_plan("SELECT \"a\"\"b\"", "SELECT \"a\" \"b\"");
    expect_different_plan("SELECT 1", "SELECT 3000000000");
    expect_different_plan("SELECT 1", "SELECT '1'");
    expect_different_plan("SELECT 1", "SELECT 1.0");
    expect_different_plan("SELECT 1", "SELECT $1");
    expect_different_plan("SELECT $1", "SELECT $2");
    expect_different_plan("SELECT 1.5", "SELECT 1.25");
    expect_different_plan("SELECT 1.5", "SELECT 10.5");
    expect_different_plan("SELECT 1.5e3", "SELECT 1.5e4");
    expect_different_plan("SELECT 1e3", "SELECT 1e-3");
    expect_different_plan("SELECT 15e1", "SELECT 1 e1");
    expect_different_plan("SELECT 9223372036854775808", "SELECT 9223372036854775807");
    expect_different_plan("SELECT a <= b", "SELECT a < = b");
    expect_different_plan("SELECT a -> b", "SELECT a - > b");
    expect_different_plan("SELECT a - -b", "SELECT a -b");
    expect_different_plan("SELECT 'a' 'b'", "SELECT 'a' b");
    expect_different_plan("SELECT true", "SELECT false");
    expect_different_plan("SELECT null", "SELECT 1");
    expect_different_plan("SELECT 1 2", "SELECT 12");
    expect_different_plan("SELECT 1.5.5", "SELECT 1.55");
    expect_different_plan("SELECT (1)", "SELECT 1");
    expect_different_plan("SELECT a.b", "SELECT a,b");
}

// The type of these depends on the minus before them, so their value stays in the key.
static void test_smallest_integers_are_not_lifted(void **state)
{
    (void)state;
    expect_different_plan("SELECT -2147483648", "SELECT -2147483649");
    expect_different_plan("SELECT -9223372036854775808", "SELECT -9223372036854775809");
    assert_int_equal(one("SELECT 2147483648")->literal_count, 0);
    assert_true(one("SELECT 2147483648")->is_cacheable);
}

static void test_odd_texts_are_not_cacheable(void **state)
{
    (void)state;
    const char *const odd[] = {
        "SELECT 'a' 'b'", "SELECT 'a'\n'b'", "SELECT E'a'",    "SELECT b'01'", "SELECT X'ff'",
        "SELECT n'a'",    "SELECT U&'a'",    "SELECT u&\"a\"", "SELECT $$a$$", "SELECT $x$a$x$",
        "SELECT `a`",     "SELECT 1a",       "SELECT 1$1",     "SELECT 1.5e",  "SELECT $1a",
        "SELECT $",       "SELECT \x01i",    "SELECT \x01s",   "SELECT {a}",   "SELECT a\\b",
        "SELECT\va",
    };
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        if (one(odd[i])->is_cacheable)
            fail_msg("%s is cacheable", odd[i]);
    }
    // Ids of users are read as they stand, by other rules than tokens.
    static const char *const ids[] = {"Bob", "bob-7", "bob--x\n", "7--x\n", "bob/**/", "-7",
                                      "a.b", "bo{b",  "7bob",     "b\x01b", "b$B"};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        char sql[64];
        (void)snprintf(sql, sizeof(sql), "Execute /**/ AS\nUser %s(SELECT 1)", ids[i]);
        if (one(sql)->is_cacheable)
            fail_msg("cacheable: %s", sql);
    }
    assert_true(one("EXECUTE AS USER bob (SELECT 1)")->is_cacheable);
    assert_true(one("EXECUTE AS USER b\xc3\xb6_7 (SELECT 1)")->is_cacheable);
    assert_true(one("EXECUTE AS USER 7(SELECT Bob)")->is_cacheable);
    assert_true(one("EXECUTE AS USER 'Bob-7' (SELECT 1)")->is_cacheable);
    assert_true(one("EXECUTE AS USER \"Bob-7\" (SELECT 1)")->is_cacheable);
    assert_true(one("SELECT u & 'a'")->is_cacheable);
    assert_true(one("SELECT bu&'a'")->is_cacheable);
    assert_true(one("SELECT e, 'a'")->is_cacheable);
    assert_true(one("SELECT ae'a'")->is_cacheable);
    assert_true(one("SELECT \"\x01i\"")->is_cacheable);
}

static void expect_literal(const struct kdb_scanned *scanned, int index, char form,
                           const char *text)
{
    assert_true((size_t)index < scanned->literal_count);
    assert_int_equal(scanned->literals[index].form, form);
    assert_slice_equal(kdb_lifted_text(scanned, &ctx.arena, index), text);
}

static void test_literals_are_lifted_with_their_place(void **state)
{
    (void)state;
    const struct kdb_scanned *scanned =
        one("  INSERT INTO t VALUES (12, -3000000000, 1.50, 'it''s', '', .5, 1e3, 'ü', 007)");
    assert_int_equal(scanned->literal_count, 8);
    expect_literal(scanned, 0, 'i', "12");
    expect_literal(scanned, 1, 'I', "3000000000");
    expect_literal(scanned, 2, 'n', "1.50");
    expect_literal(scanned, 3, 's', "it's");
    expect_literal(scanned, 4, 's', "");
    expect_literal(scanned, 5, 'n', ".5");
    expect_literal(scanned, 6, 'n', "1e3");
    expect_literal(scanned, 7, 's', "ü");
    for (size_t i = 0; i < scanned->literal_count; i++) {
        struct kdb_lifted lifted = scanned->literals[i];
        assert_true(lifted.start + lifted.len <= scanned->text.len);
        char first = scanned->text.data[lifted.start];
        assert_true(first == '\'' || first == '.' || (first >= '0' && first <= '9'));
    }
    struct kdb_scan scan = scan_text("SELECT 1; SELECT 2, 3");
    assert_int_equal(scan.statements[0].literal_count, 1);
    assert_int_equal(scan.statements[1].literal_count, 2);
    expect_literal(&scan.statements[1], 1, 'i', "3");
}

static void test_number_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        char form; // 0: not lifted
    } numbers[] = {
        {"0", 'i'},
        {"2147483647", 'i'},
        {"2147483648", 0},
        {"2147483649", 'I'},
        {"999999999999999999", 'I'},
        {"9223372036854775807", 'I'},
        {"9223372036854775808", 0},
        {"9223372036854775809", 'n'},
        {"99999999999999999999", 'n'},
        {"1.", 'n'},
        {"1.5", 'n'},
        {"1E5", 'n'},
        {"1e+5", 'n'},
        {"1e-99999", 0},
        {"1e1234567", 0},
        {"00", 0},
        {"01.5", 0},
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        char sql[64];
        (void)snprintf(sql, sizeof(sql), "SELECT %s", numbers[i].text);
        const struct kdb_scanned *scanned = one(sql);
        char form = scanned->literal_count == 1 ? scanned->literals[0].form : '\0';
        if (form != numbers[i].form)
            fail_msg("%s has the form %d", numbers[i].text, form);
    }
    // 1..2 is two numbers.
    const struct kdb_scanned *range = one("SELECT 1..2");
    expect_literal(range, 0, 'i', "1");
    expect_literal(range, 1, 'n', ".2");
}

static void test_first_word(void **state)
{
    (void)state;
    assert_slice_equal(one("/* x */ SeLeCt 1")->first_word, "select");
    assert_slice_equal(one("(SELECT 1)")->first_word, "");
    assert_slice_equal(one("\"select\" 1")->first_word, "");
    assert_slice_equal(one("BEGIN")->first_word, "begin");
}

static void expect_failure(kdb_slice sql, kdb_status status, const char *message, int position)
{
    struct kdb_scan scan;
    kdb_ctx_clear_error(&ctx);
    kdb_status got = kdb_sql_scan(sql, &ctx, &scan);
    if (got != status || strcmp(ctx.error.message, message) != 0)
        fail_msg("%.*s: %s", KDB_ARG(sql), ctx.error.message);
    assert_int_equal(ctx.error.position, position);
}

static void test_unterminated(void **state)
{
    (void)state;
    expect_failure(KDB_LIT("SELECT 'abc"), KDB_ERR_BATCH_PARSE, "unterminated quoted string", 8);
    expect_failure(KDB_LIT("SELECT 'ü', 'abc''"), KDB_ERR_BATCH_PARSE, "unterminated quoted string",
                   13);
    expect_failure(KDB_LIT("SELECT E'a\\'"), KDB_ERR_BATCH_PARSE, "unterminated quoted string", 9);
    expect_failure(KDB_LIT("SELECT E'a\\"), KDB_ERR_BATCH_PARSE, "unterminated quoted string", 9);
    expect_failure(KDB_LIT("SELECT \"abc"), KDB_ERR_BATCH_PARSE, "unterminated quoted identifier",
                   8);
    expect_failure(KDB_LIT("SELECT `"), KDB_ERR_BATCH_PARSE, "unterminated quoted identifier", 8);
    expect_failure(KDB_LIT("SELECT 1; a $x$ $y$"), KDB_ERR_BATCH_PARSE,
                   "unterminated dollar-quoted string", 13);
    expect_failure(KDB_LIT("a /* /* */"), KDB_ERR_BATCH_PARSE, "unterminated comment", 3);
    expect_failure(KDB_LIT("/*/"), KDB_ERR_BATCH_PARSE, "unterminated comment", 1);
}

static void test_empty(void **state)
{
    (void)state;
    const char *message = "No SQL statements provided";
    expect_failure((kdb_slice){0}, KDB_ERR_EMPTY_SQL, message, 0);
    expect_failure(KDB_LIT(""), KDB_ERR_EMPTY_SQL, message, 0);
    expect_failure(KDB_LIT(" \n\t ;; "), KDB_ERR_EMPTY_SQL, message, 0);
    expect_failure(KDB_LIT("-- nothing\n/* at all */"), KDB_ERR_EMPTY_SQL, message, 0);
}

static void test_bytes_that_are_no_text(void **state)
{
    (void)state;
    expect_failure(KDB_LIT("SELECT 'ü\xff'"), KDB_ERR_INVALID_SQL,
                   "the SQL text is not valid UTF-8", 10);
    expect_failure(KDB_LIT("SELECT '\xc0\x80'"), KDB_ERR_INVALID_SQL,
                   "the SQL text is not valid UTF-8", 9);
    expect_failure(KDB_LIT("SELECT \xed\xa0\x80"), KDB_ERR_INVALID_SQL,
                   "the SQL text is not valid UTF-8", 8);
    expect_failure(KDB_LIT("SELECT 1\0, 2"), KDB_ERR_INVALID_SQL, "the SQL text has a NUL byte", 9);
    expect_failure(KDB_LIT("-- \0"), KDB_ERR_INVALID_SQL, "the SQL text has a NUL byte", 4);
}

// Short tokens make the key longer than the text: the buffer must grow, and every byte arrive.
static void test_key_grows(void **state)
{
    (void)state;
    enum { count = 20000 };
    size_t size = 3 * count;
    char *sql = malloc(size);
    assert_non_null(sql);
    for (size_t i = 0; i < count; i++)
        memcpy(sql + 3 * i, ".5 ", 3);
    struct kdb_scan scan = scan_bytes(kdb_slice_of(sql, size));
    const struct kdb_scanned *scanned = &scan.statements[0];
    assert_int_equal(scanned->literal_count, count);
    const char unit[] = "\x01n1.1 ";
    assert_int_equal(scanned->key.len, count * (sizeof(unit) - 1) - 1);
    for (size_t i = 0; i + 6 <= scanned->key.len; i += 6)
        assert_memory_equal(scanned->key.data + i, unit, 6);
    free(sql);
}

// A small seeded generator of texts: whatever it makes, statements tile the text in order.
static void test_statements_lie_in_order_inside_the_text(void **state)
{
    (void)state;
    static const char alphabet[] = "ab1.5'\"`$;-/*() \n,Ee\\&uU<=:?";
    uint64_t seed = 88172645463325252u;
    for (int round = 0; round < 20000; round++) {
        char text[40];
        size_t len = 0;
        while (len < sizeof(text)) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            text[len++] = alphabet[(seed >> 20) % (sizeof(alphabet) - 1)];
        }
        struct kdb_scan scan = {0};
        kdb_ctx_reset(&ctx);
        if (kdb_sql_scan(kdb_slice_of(text, len), &ctx, &scan) != KDB_OK)
            continue;
        const char *behind = text;
        for (size_t i = 0; i < scan.count; i++) {
            const struct kdb_scanned *scanned = &scan.statements[i];
            assert_true(scanned->text.data >= behind && scanned->text.len > 0);
            behind = scanned->text.data + scanned->text.len;
            assert_true(behind <= text + len);
            uint32_t at = 0;
            for (size_t k = 0; k < scanned->literal_count; k++) {
                assert_true(scanned->literals[k].start >= at);
                at = scanned->literals[k].start + scanned->literals[k].len;
                assert_true(at <= scanned->text.len);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_splits_at_semicolons),
        cmocka_unit_test(test_semicolons_in_quotes_do_not_split),
        cmocka_unit_test(test_comments_disappear),
        cmocka_unit_test(test_execute_keeps_its_parentheses_together),
        cmocka_unit_test(test_keys_ignore_what_does_not_matter),
        cmocka_unit_test(test_keys_tell_apart_what_differs),
        cmocka_unit_test(test_smallest_integers_are_not_lifted),
        cmocka_unit_test(test_odd_texts_are_not_cacheable),
        cmocka_unit_test(test_literals_are_lifted_with_their_place),
        cmocka_unit_test(test_number_forms),
        cmocka_unit_test(test_first_word),
        cmocka_unit_test(test_unterminated),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_key_grows),
        cmocka_unit_test(test_statements_lie_in_order_inside_the_text),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
