// SPDX-License-Identifier: Apache-2.0
// Tables with columns as wide as their widest value, within reason.
#include "cli/cell_priv.h"
#include "cli/format_priv.h"

// A column is not padded beyond this: one long text must not make every line long. Longer values
// stick out, whole.
#define PADDED_WIDTH_MAX 120

#define BOLD  "\033[1m"
#define DIM   "\033[2m"
#define PLAIN "\033[0m"

struct column {
    enum cli_cell_kind kind;
    size_t width; // columns of the screen
};

struct table {
    struct cli_out *out;
    const struct kdb_result *result;
    struct column *columns;
    struct kdb_buf raw;     // text of the current cell
    struct kdb_buf visible; // the same as it is shown
};

// The current cell's text into table->visible; returns its width. A text that reads NULL gets
// quotes, so that it is not taken for one.
static size_t render(struct table *table, const struct kdb_json *cell, enum cli_cell_kind kind)
{
    kdb_buf_clear(&table->raw);
    kdb_buf_clear(&table->visible);
    if (cell->type == KDB_JSON_NULL) {
        KDB_BUF_LIT(&table->visible, "NULL");
        return 4;
    }
    cli_cell_write(cell, kind, &table->raw);
    kdb_slice text = kdb_buf_view(&table->raw);
    if (kdb_slice_equal(text, KDB_LIT("NULL")))
        text = KDB_LIT("\"NULL\"");
    return cli_put_visible(text, &table->visible);
}

static void put_repeated(struct kdb_buf *out, char c, size_t count)
{
    if (count == 0)
        return;
    char *at = kdb_buf_reserve(out, count);
    if (!at)
        return;
    memset(at, c, count);
    kdb_buf_advance(out, count);
}

// Puts table->visible into its column.
static void put_cell(struct table *table, uint32_t index, size_t width, const char *style)
{
    struct kdb_buf *out = &table->out->text;
    const struct column *column = &table->columns[index];
    size_t padding = column->width > width ? column->width - width : 0;
    bool is_right = column->kind == CLI_CELL_NUMBER;
    bool is_last = index + 1 == table->result->column_count;
    KDB_BUF_LIT(out, " ");
    put_repeated(out, ' ', is_right ? padding : 0);
    if (table->out->has_color && style)
        kdb_buf_slice(out, kdb_slice_cstr(style));
    kdb_buf_slice(out, kdb_buf_view(&table->visible));
    if (table->out->has_color && style)
        KDB_BUF_LIT(out, PLAIN);
    put_repeated(out, ' ', is_right || is_last ? 0 : padding);
    kdb_buf_slice(out, is_last ? KDB_LIT("\n") : KDB_LIT(" |"));
}

static void print_header(struct table *table)
{
    const struct kdb_result *result = table->result;
    for (uint32_t i = 0; i < result->column_count; i++) {
        kdb_buf_clear(&table->visible);
        size_t width = cli_put_visible(result->columns[i].name, &table->visible);
        put_cell(table, i, width, BOLD);
    }
    for (uint32_t i = 0; i < result->column_count; i++) {
        if (i > 0)
            kdb_buf_put(&table->out->text, '+');
        put_repeated(&table->out->text, '-', table->columns[i].width + 2);
    }
    kdb_buf_put(&table->out->text, '\n');
}

static void widen(struct column *column, size_t width)
{
    size_t kept = width < PADDED_WIDTH_MAX ? width : PADDED_WIDTH_MAX;
    if (column->width < kept)
        column->width = kept;
}

static void measure_row(struct table *table, const struct kdb_json *row)
{
    struct column *column = table->columns;
    for (const struct kdb_json *cell = row->first; cell; cell = cell->next, column++)
        widen(column, render(table, cell, column->kind));
}

static void print_row(struct table *table, const struct kdb_json *row)
{
    uint32_t index = 0;
    for (const struct kdb_json *cell = row->first; cell; cell = cell->next, index++) {
        size_t width = render(table, cell, table->columns[index].kind);
        put_cell(table, index, width, cell->type == KDB_JSON_NULL ? DIM : NULL);
    }
    cli_row_done(table->out);
}

// Hands every row to `use`, with the memory of one row.
static kdb_status each_row(struct table *table, struct kdb_ctx *ctx,
                           void (*use)(struct table *table, const struct kdb_json *row))
{
    struct kdb_ctx one;
    struct kdb_row_walk walk = kdb_result_rows(table->result);
    const struct kdb_json *row = NULL;
    kdb_status status;
    kdb_ctx_init(&one, 0);
    while ((status = kdb_row_walk_next(&walk, &one, &row)) == KDB_OK && row) {
        use(table, row);
        kdb_arena_reset(&one.arena);
        if (cli_may_go_on(table->out, ctx) != KDB_OK)
            break;
    }
    if (status != KDB_OK)
        status = kdb_fail(ctx, status, "%s", one.error.message);
    else
        status = ctx->error.status;
    kdb_ctx_deinit(&one);
    return status;
}

kdb_status cli_print_table(struct cli_out *out, struct kdb_ctx *ctx,
                           const struct kdb_result *result)
{
    struct table table = {.out = out, .result = result};
    table.columns = kdb_arena_array(&ctx->arena, result->column_count, sizeof(*table.columns));
    for (uint32_t i = 0; i < result->column_count; i++) {
        table.columns[i].kind = cli_cell_kind_of(result->columns[i].type);
        kdb_buf_clear(&table.visible);
        widen(&table.columns[i], cli_put_visible(result->columns[i].name, &table.visible));
    }
    kdb_status status = each_row(&table, ctx, measure_row);
    if (status == KDB_OK) {
        print_header(&table);
        status = each_row(&table, ctx, print_row);
    }
    if (status == KDB_OK)
        kdb_buf_printf(&out->text, "(%lld row%s)\n", (long long)result->row_count,
                       result->row_count == 1 ? "" : "s");
    kdb_buf_deinit(&table.raw);
    kdb_buf_deinit(&table.visible);
    return status;
}
