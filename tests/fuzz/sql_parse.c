// SPDX-License-Identifier: Apache-2.0
// Any bytes as statements; and what the plan cache relies on: another text of the same key has the
// same tree.
//
// From each cacheable statement that parses, a second text is made with other constants of the same
// form where the first tree leaves them open. It must get the same key and, but for the constants,
// the same tree.

// links: test_lib sql types base
#include "sql/parse.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/ast_dump.h"

static void require(bool is_right, const char *what, kdb_slice text)
{
    if (is_right)
        return;
    fprintf(stderr, "%s: %.*s\n", what, KDB_ARG(text));
    abort();
}

static bool is_fixed(const struct kdb_statement *statement, size_t index)
{
    for (size_t i = 0; i < statement->fixed_count; i++) {
        if (statement->fixed_literals[i] == (int)index)
            return true;
    }
    return false;
}

// A constant of this form that is not the one in the text; a number with a point stays as it is.
static kdb_slice other_constant(char form, kdb_slice text)
{
    if (form == 'i')
        return kdb_slice_equal(text, KDB_LIT("0")) ? KDB_LIT("71") : KDB_LIT("0");
    if (form == 'I')
        return KDB_LIT("3000000001");
    return form == 's' ? KDB_LIT("'other '''") : text;
}

static void replace_constants(const struct kdb_scanned *scanned,
                              const struct kdb_statement *statement, struct kdb_buf *out)
{
    size_t at = 0;
    for (size_t i = 0; i < scanned->literal_count; i++) {
        struct kdb_lifted lifted = scanned->literals[i];
        kdb_slice text = kdb_slice_of(scanned->text.data + lifted.start, lifted.len);
        kdb_buf_append(out, scanned->text.data + at, lifted.start - at);
        kdb_buf_slice(out, is_fixed(statement, i) ? text : other_constant(lifted.form, text));
        at = lifted.start + lifted.len;
    }
    kdb_buf_append(out, scanned->text.data + at, scanned->text.len - at);
}

static void check_twin(const struct kdb_scanned *scanned, const struct kdb_statement *statement,
                       struct kdb_ctx *ctx)
{
    struct kdb_buf text = {0};
    struct kdb_buf shape = {0};
    struct kdb_buf twin_shape = {0};
    struct kdb_scan scan;
    struct kdb_statement twin;
    replace_constants(scanned, statement, &text);
    kdb_slice twin_text = kdb_buf_view(&text);
    require(kdb_sql_scan(twin_text, ctx, &scan) == KDB_OK, "twin does not scan", twin_text);
    require(scan.count == 1 && kdb_slice_equal(scan.statements[0].key, scanned->key),
            "twin has another key", twin_text);
    require(kdb_sql_parse(&scan.statements[0], ctx, &twin) == KDB_OK, "twin does not parse",
            twin_text);
    test_dump_shape(statement, &shape);
    test_dump_shape(&twin, &twin_shape);
    require(kdb_slice_equal(kdb_buf_view(&shape), kdb_buf_view(&twin_shape)),
            "twin has another tree", twin_text);
    kdb_buf_deinit(&text);
    kdb_buf_deinit(&shape);
    kdb_buf_deinit(&twin_shape);
}

static void check_statement(const struct kdb_scanned *scanned, struct kdb_ctx *ctx)
{
    struct kdb_statement statement;
    kdb_ctx_clear_error(ctx);
    kdb_status status = kdb_sql_parse(scanned, ctx, &statement);
    if (status == KDB_OK) {
        require(kdb_slice_equal(statement.text, scanned->text), "another text", scanned->text);
        if (scanned->is_cacheable)
            check_twin(scanned, &statement, ctx);
        return;
    }
    bool is_expected = status == KDB_ERR_INVALID_SQL || status == KDB_ERR_INVALID_INPUT;
    require(is_expected && ctx->error.message[0] != '\0', "odd error", scanned->text);
    require(ctx->error.position >= 0 && (size_t)ctx->error.position <= scanned->text.len + 1,
            "error outside the text", scanned->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kdb_ctx ctx;
    struct kdb_scan scan;
    kdb_ctx_init(&ctx, 0);
    if (kdb_sql_scan(kdb_slice_of(data, size), &ctx, &scan) == KDB_OK) {
        for (size_t i = 0; i < scan.count; i++)
            check_statement(&scan.statements[i], &ctx);
    }
    kdb_ctx_deinit(&ctx);
    return 0;
}
