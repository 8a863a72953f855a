// SPDX-License-Identifier: Apache-2.0
// Scan, parse, dump, compare.
#include "lib/sql_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "lib/ast_dump.h"
#include "lib/test.h"

static struct kdb_ctx ctx;

int test_sql_setup(void **state)
{
    (void)state;
    kdb_ctx_init(&ctx, 0);
    return 0;
}

int test_sql_teardown(void **state)
{
    (void)state;
    kdb_ctx_deinit(&ctx);
    return 0;
}

struct kdb_ctx *test_sql_ctx(void)
{
    return &ctx;
}

const struct kdb_scanned *test_sql_scan(const char *sql)
{
    struct kdb_scan scan = {0};
    kdb_ctx_clear_error(&ctx);
    if (kdb_sql_scan(kdb_slice_cstr(sql), &ctx, &scan) != KDB_OK)
        fail_msg("%s: %s", sql, ctx.error.message);
    if (scan.count != 1)
        fail_msg("%s: %zu statements", sql, scan.count);
    return &scan.statements[0];
}

void test_sql_parse(const char *sql, struct kdb_statement *ret_statement)
{
    if (kdb_sql_parse(test_sql_scan(sql), &ctx, ret_statement) != KDB_OK)
        fail_msg("%s: %s at %d", sql, ctx.error.message, ctx.error.position);
}

void test_sql_trees(const struct test_tree *trees, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kdb_statement statement;
        struct kdb_buf buf = {0};
        kdb_ctx_reset(&ctx);
        test_sql_parse(trees[i].sql, &statement);
        test_dump_statement(&statement, &buf);
        if (!kdb_slice_equal(kdb_buf_view(&buf), kdb_slice_cstr(trees[i].tree)))
            fail_msg("%s\n gives    %.*s\n and not  %s", trees[i].sql, KDB_ARG(kdb_buf_view(&buf)),
                     trees[i].tree);
        kdb_buf_deinit(&buf);
    }
}

void test_sql_refused(const char *sql, kdb_status status, const char *message, int position)
{
    struct kdb_statement statement;
    const struct kdb_scanned *scanned = test_sql_scan(sql);
    kdb_status got = kdb_sql_parse(scanned, &ctx, &statement);
    if (got != status || ctx.error.status != status)
        fail_msg("%s: status %d: %s", sql, (int)got, ctx.error.message);
    if (strcmp(ctx.error.message, message) != 0 || ctx.error.position != position)
        fail_msg("%s\n gives    %s @%d\n and not  %s @%d", sql, ctx.error.message,
                 ctx.error.position, message, position);
}

void test_sql_refusals(const struct test_refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        kdb_ctx_reset(&ctx);
        test_sql_refused(refusals[i].sql, KDB_ERR_INVALID_SQL, refusals[i].message,
                         refusals[i].position);
    }
}

char *test_sql_repeat(const char *head, const char *part, size_t count, const char *tail)
{
    size_t head_len = strlen(head);
    size_t part_len = strlen(part);
    char *text = malloc(head_len + part_len * count + strlen(tail) + 1);
    assert_non_null(text);
    memcpy(text, head, head_len);
    for (size_t i = 0; i < count; i++)
        memcpy(text + head_len + i * part_len, part, part_len);
    memcpy(text + head_len + part_len * count, tail, strlen(tail) + 1);
    return text;
}
