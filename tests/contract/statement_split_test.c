// SPDX-License-Identifier: Apache-2.0
// kalam cuts text into the statements that the server's scan finds in it.
// links: sql cli
#include "base/random.h"
#include "cli/split_priv.h"
#include "lib/test.h"
#include "sql/parse.h"

// Where the two could differ: quotes, comments, numbers before letters, brackets, keywords.
static const char *const pieces[] = {
    ";",  ";",       "'",   "''", "\"", "`",  "$$", "$a$", "$1",      "$", "e'",
    "E'", "x'",      "n'",  "\\", "--", "/*", "*/", "\n",  "\r",      " ", "(",
    ")",  "1",       "1.5", "1e", "..", "a",  "_e", "\t",  "execute", "-", "/",
    "é",  "EXECUTE", "u&",  "\v", ".5", "b",  "a$", "::",  "select"};

#define PIECE_COUNT (sizeof(pieces) / sizeof(pieces[0]))

static void compare(const char *text, size_t len, struct kdb_ctx *ctx)
{
    struct kdb_scan scan = {0};
    kdb_ctx_reset(ctx);
    if (kdb_sql_scan(kdb_slice_of(text, len), ctx, &scan) != KDB_OK)
        return; // refused whole: there is nothing to be cut
    kdb_slice rest = kdb_slice_of(text, len);
    for (size_t i = 0; i < scan.count; i++) {
        struct cli_piece piece;
        enum cli_split kind = cli_split(rest, true, &piece);
        if (scan.statements[i].text.data[0] == '\\')
            return; // a meta-command to us, an error to the server
        if (kind != CLI_SPLIT_STATEMENT || !kdb_slice_equal(piece.text, scan.statements[i].text))
            fail_msg("statement %zu of [%.*s]: kalam has [%.*s], the server [%.*s]", i + 1,
                     (int)len, text, KDB_ARG(piece.text), KDB_ARG(scan.statements[i].text));
        rest = kdb_slice_skip(rest, piece.used);
    }
    struct cli_piece piece;
    if (cli_split(rest, true, &piece) != CLI_SPLIT_END)
        fail_msg("behind the last of [%.*s] kalam has [%.*s]", (int)len, text, KDB_ARG(piece.text));
}

static void test_random_text(void **state)
{
    (void)state;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    uint64_t seed = 20240501;
    for (int round = 0; round < 100000; round++) {
        char text[200];
        size_t len = 0;
        for (size_t count = 1 + kdb_random_next(&seed) % 14; count > 0; count--) {
            const char *piece = pieces[kdb_random_next(&seed) % PIECE_COUNT];
            memcpy(text + len, piece, strlen(piece));
            len += strlen(piece);
        }
        compare(text, len, &ctx);
    }
    kdb_ctx_deinit(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
