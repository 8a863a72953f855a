// SPDX-License-Identifier: Apache-2.0
// Comma-separated values for other programs.
#include "cli/cell_priv.h"
#include "cli/format_priv.h"

static bool needs_quotes(kdb_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '"' || c == ',' || c == '\n' || c == '\r')
            return true;
    }
    return text.len == 0;
}

void cli_csv_field(struct kdb_buf *out, kdb_slice text)
{
    if (!needs_quotes(text)) {
        kdb_buf_slice(out, text);
        return;
    }
    kdb_buf_put(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"')
            kdb_buf_put(out, '"');
        kdb_buf_put(out, text.data[i]);
    }
    kdb_buf_put(out, '"');
}

static void put_row(struct cli_out *out, const struct kdb_result *result,
                    const struct kdb_json *row, struct kdb_buf *raw)
{
    const struct kdb_result_column *column = result->columns;
    for (const struct kdb_json *cell = row->first; cell; cell = cell->next, column++) {
        if (cell != row->first)
            kdb_buf_put(&out->text, ',');
        if (cell->type == KDB_JSON_NULL)
            continue;
        kdb_buf_clear(raw);
        cli_cell_write(cell, cli_cell_kind_of(column->type), raw);
        cli_csv_field(&out->text, kdb_buf_view(raw));
    }
    kdb_buf_put(&out->text, '\n');
    cli_row_done(out);
}

kdb_status cli_print_csv(struct cli_out *out, struct kdb_ctx *ctx, const struct kdb_result *result)
{
    for (uint32_t i = 0; i < result->column_count; i++) {
        if (i > 0)
            kdb_buf_put(&out->text, ',');
        cli_csv_field(&out->text, result->columns[i].name);
    }
    kdb_buf_put(&out->text, '\n');
    struct kdb_ctx one;
    struct kdb_buf raw = {0};
    struct kdb_row_walk walk = kdb_result_rows(result);
    const struct kdb_json *row = NULL;
    kdb_status status;
    kdb_ctx_init(&one, 0);
    while ((status = kdb_row_walk_next(&walk, &one, &row)) == KDB_OK && row) {
        put_row(out, result, row, &raw);
        kdb_arena_reset(&one.arena);
        if (cli_may_go_on(out, ctx) != KDB_OK)
            break;
    }
    if (status != KDB_OK)
        status = kdb_fail(ctx, status, "%s", one.error.message);
    else
        status = ctx->error.status;
    kdb_buf_deinit(&raw);
    kdb_ctx_deinit(&one);
    return status;
}
