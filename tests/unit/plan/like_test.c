// SPDX-License-Identifier: Apache-2.0
// LIKE against PostgreSQL's answers, and the matcher against one that tries everything.
#include "base/like.h"

#include "base/random.h"
#include "base/utf8.h"
#include "call_file.h"

static void agrees_with_postgresql(void **state)
{
    (void)state;
    call_run_file("like.cases");
}

// By the definition: every way to share the text out among the pattern's characters. Patterns with
// a bad end are not asked about.
static bool matches(kdb_slice text, kdb_slice pattern, char escape)
{
    if (pattern.len == 0)
        return text.len == 0;
    if (escape && pattern.data[0] == escape)
        return pattern.len > 1 && text.len > 0 && text.data[0] == pattern.data[1] &&
               matches(kdb_slice_skip(text, 1), kdb_slice_skip(pattern, 2), escape);
    if (pattern.data[0] == '%') {
        for (size_t taken = 0; taken <= text.len;) {
            if (matches(kdb_slice_skip(text, taken), kdb_slice_skip(pattern, 1), escape))
                return true;
            if (taken == text.len)
                break;
            (void)kdb_utf8_next(text, &taken);
        }
        return false;
    }
    if (text.len == 0)
        return false;
    if (pattern.data[0] == '_') {
        size_t taken = 0;
        (void)kdb_utf8_next(text, &taken);
        return matches(kdb_slice_skip(text, taken), kdb_slice_skip(pattern, 1), escape);
    }
    return text.data[0] == pattern.data[0] &&
           matches(kdb_slice_skip(text, 1), kdb_slice_skip(pattern, 1), escape);
}

// Some pieces one after the other; returns the length.
static size_t compose(uint64_t *random, const char *const *pieces, size_t count, char *out)
{
    size_t len = 0;
    for (size_t left = kdb_random_next(random) % 9; left > 0; left--) {
        const char *piece = pieces[kdb_random_next(random) % count];
        memcpy(out + len, piece, strlen(piece));
        len += strlen(piece);
    }
    return len;
}

static void agrees_with_the_definition(void **state)
{
    static const char *const letters[] = {"a", "b", "é", "%", "\\"};
    static const char *const parts[] = {"a", "b", "é", "%", "_", "%%", "\\%", "\\\\", "\\a", "%_"};
    uint64_t random = 20240504;
    char text[64];
    char pattern[64];
    size_t yes = 0;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        kdb_slice in = {text, compose(&random, letters, 5, text)};
        kdb_slice like = {pattern, compose(&random, parts, 10, pattern)};
        bool expected = matches(in, like, '\\');
        kdb_like_result found = kdb_like_match(NULL, in, like, '\\');
        if (found != (expected ? KDB_LIKE_YES : KDB_LIKE_NO))
            fail_msg("'%.*s' LIKE '%.*s' is %d", KDB_ARG(in), KDB_ARG(like), found);
        yes += expected;
    }
    assert_true(yes > 10000);
}

static void a_bad_end_counts_only_when_it_is_reached(void **state)
{
    (void)state;
    assert_int_equal(kdb_like_match(NULL, KDB_LIT("abc"), KDB_LIT("ab\\"), '\\'),
                     KDB_LIKE_BAD_PATTERN);
    assert_int_equal(kdb_like_match(NULL, KDB_LIT("abc"), KDB_LIT("abc\\"), '\\'), KDB_LIKE_NO);
    assert_int_equal(kdb_like_match(NULL, KDB_LIT("abc"), KDB_LIT("x\\"), '\\'), KDB_LIKE_NO);
    assert_int_equal(kdb_like_match(NULL, KDB_LIT("abc"), KDB_LIT("%\\"), '\\'),
                     KDB_LIKE_BAD_PATTERN);
    assert_int_equal(kdb_like_match(NULL, KDB_LIT(""), KDB_LIT("%\\"), '\\'), KDB_LIKE_NO);
    assert_int_equal(kdb_like_match(NULL, KDB_LIT("a\\"), KDB_LIT("a\\"), '\0'), KDB_LIKE_YES);
    assert_int_equal(kdb_like_match(NULL, (kdb_slice){NULL, 0}, (kdb_slice){NULL, 0}, '\\'),
                     KDB_LIKE_YES);
    assert_int_equal(kdb_like_match(NULL, (kdb_slice){NULL, 0}, KDB_LIT("%"), '\\'), KDB_LIKE_YES);
    assert_int_equal(kdb_like_match(NULL, KDB_LIT("a"), (kdb_slice){NULL, 0}, '\\'), KDB_LIKE_NO);
}

// A thousand stars over a long text: work that doubled with each star would not end.
static void many_stars_do_not_explode(void **state)
{
    struct call_case test;
    (void)state;
    call_open(&test);
    char *pattern = kdb_arena_alloc(&test.ctx.arena, 2001);
    for (size_t i = 0; i < 1000; i++)
        memcpy(pattern + 2 * i, "%a", 2);
    pattern[2000] = 'b';
    char *text = kdb_arena_alloc(&test.ctx.arena, 5000);
    memset(text, 'a', 5000);
    assert_int_equal(
        kdb_like_match(NULL, (kdb_slice){text, 5000}, (kdb_slice){pattern, 2001}, '\\'),
        KDB_LIKE_NO);
    assert_int_equal(
        kdb_like_match(NULL, (kdb_slice){text, 5000}, (kdb_slice){pattern, 2000}, '\\'),
        KDB_LIKE_YES);
    call_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_postgresql),
        cmocka_unit_test(agrees_with_the_definition),
        cmocka_unit_test(a_bad_end_counts_only_when_it_is_reached),
        cmocka_unit_test(many_stars_do_not_explode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
